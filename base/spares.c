/*
 * Spares: a stack for each class of sizes, under a lock of its own.
 *
 * Nobody waits long for a lock: it is held for some ten instructions, and whoever finds it taken a hundred times goes to the
 * allocator instead. A thread that is put to sleep with a lock in its hands so holds up nobody.
 *
 * A block has the same size whether it comes from the stack or from the allocator, so that it may go back to either.
 */
#include "acta/spares.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

enum { CACHE_LINE = 64, UNIT = 64, CLASS_COUNT = 12, CLASS_NONE = CLASS_COUNT, LOOKS = 100 };

static const uint32_t class_size[CLASS_COUNT] = { 64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096 };

typedef struct spare {
    struct spare *next;
} spare;

typedef struct stack {
    alignas(CACHE_LINE) _Atomic bool is_taken;
    uint32_t count;
    spare *first;
} stack;

struct acta_spares {
    stack stacks[CLASS_COUNT];
    acta_allocator allocator;
    size_t bytes_max;
    void *block;                       /* that it lies in */
    uint8_t class_of[4096 / UNIT + 1]; /* by units, rounded up */
};

/* An allocator aligns for any plain type; the stacks stand on cache lines of their own. */
enum { BLOCK_SIZE = sizeof(acta_spares) + CACHE_LINE };

acta_spares *
acta_spares_create(const acta_allocator *allocator, size_t bytes_max)
{
    acta_environment given = { .allocator = { .alloc = NULL } };
    if (allocator != NULL) given.allocator = *allocator;
    acta_allocator chosen = acta_environment_or_default(&given).allocator;
    uint8_t *block = chosen.alloc(chosen.user, BLOCK_SIZE);

    if (block == NULL) return NULL;
    acta_spares *spares = (acta_spares *)(void *)(block + (CACHE_LINE - (uintptr_t)block % CACHE_LINE) % CACHE_LINE);
    memset(spares, 0, sizeof *spares);
    spares->allocator = chosen;
    spares->bytes_max = IS_SANITIZED ? 0 : bytes_max;
    spares->block = block;
    for (uint32_t units = 0, class = 0; units < sizeof spares->class_of; units++) {
        if (units * UNIT > class_size[class]) class ++;
        spares->class_of[units] = (uint8_t) class;
    }
    return spares;
}

void
acta_spares_destroy(acta_spares *spares)
{
    if (spares == NULL) return;
    acta_allocator allocator = spares->allocator;

    for (uint32_t class = 0; class < CLASS_COUNT; class ++) {
        for (spare *at = spares->stacks[class].first, *next; at != NULL; at = next) {
            next = at->next;
            allocator.free(allocator.user, at, class_size[class]);
        }
    }
    allocator.free(allocator.user, spares->block, BLOCK_SIZE);
}

/* The processor is told that we wait for another. */
static void
breathe(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* False: others are at it. */
static bool
try_lock(stack *s)
{
    for (int i = 0; i < LOOKS; i++) {
        /* Relaxed: a look, so that only one that may succeed takes the line. Acquire: the stack as its last holder left it. */
        if (!atomic_load_explicit(&s->is_taken, memory_order_relaxed) &&
            !atomic_exchange_explicit(&s->is_taken, true, memory_order_acquire))
            return true;
        breathe();
    }
    return false;
}

static void
unlock(stack *s)
{
    atomic_store_explicit(&s->is_taken, false, memory_order_release); /* publishes the stack */
}

static uint32_t
class_of(const acta_spares *spares, size_t size)
{
    if (size > class_size[CLASS_COUNT - 1] || spares->bytes_max == 0) return CLASS_NONE;
    return spares->class_of[(size + UNIT - 1) / UNIT];
}

void *
acta_spares_alloc(acta_spares *spares, size_t size)
{
    uint32_t class = class_of(spares, size);
    spare *first = NULL;

    if (class == CLASS_NONE) return spares->allocator.alloc(spares->allocator.user, size);
    stack *s = &spares->stacks[class];
    if (try_lock(s)) {
        first = s->first;
        if (first != NULL) {
            s->first = first->next;
            s->count--;
        }
        unlock(s);
    }
    return first != NULL ? first : spares->allocator.alloc(spares->allocator.user, class_size[class]);
}

void
acta_spares_free(acta_spares *spares, void *block, size_t size)
{
    uint32_t class = class_of(spares, size);
    bool is_kept = false;

    if (block == NULL) return;
    if (class == CLASS_NONE) {
        spares->allocator.free(spares->allocator.user, block, size);
        return;
    }
    stack *s = &spares->stacks[class];
    if (try_lock(s)) {
        is_kept = (s->count + (size_t)1) * class_size[class] <= spares->bytes_max;
        if (is_kept) {
            spare *added = block;
            added->next = s->first;
            s->first = added;
            s->count++;
        }
        unlock(s);
    }
    if (!is_kept) spares->allocator.free(spares->allocator.user, block, class_size[class]);
}

static void *
alloc_spare(void *user, size_t size)
{
    return acta_spares_alloc(user, size);
}

static void
free_spare(void *user, void *block, size_t size)
{
    acta_spares_free(user, block, size);
}

acta_allocator
acta_spares_allocator(acta_spares *spares)
{
    return (acta_allocator){ .alloc = alloc_spare, .free = free_spare, .user = spares };
}
