/*
 * Blocks of small messages.
 *
 *     worker A: [magazine in use] [full one]  --full-->  [][][] magazines of all  --in need-->  worker B
 *                                                          |  ^
 *                                     too many, or all sleep  |  none is left
 *                                                          v  |
 *                                    chunks: [head | block 1 | block 2 | … ]     -> the allocator, when all are back
 *
 * A worker takes and frees blocks of its own, without a lock. It has two magazines, so that taking and freeing in turns
 * moves none (J. Bonwick, J. Adams, "Magazines and Vmem", USENIX 2001). Where one worker makes messages and another
 * frees them, full magazines go from this to that under one lock for some 256 blocks.
 *
 * What the magazines lack comes from chunks. Each chunk is as large as all before it that are in use, between 32 blocks
 * and 16 MiB; a large one prefers huge pages, because much of it is about to be touched. A block is made, by its first
 * user, only when the chunk has none that has come back. A chunk whose blocks are all back goes to the allocator.
 *
 * Threads that are no workers have pockets, some blocks without a lock: a thread that makes a question and frees its answer
 * finds the one in the place of the other. Beyond these they share a magazine, under the lock: what they free goes there,
 * and what they need comes from it, or from those of all, or from the allocator. For them a few magazines are left when
 * all workers sleep.
 *
 * Invariants: a block knows its place in its chunk, 0 is a block of the allocator's own (an outside thread's; when a
 * worker frees it, it goes on as the others do). The chunks with a block to give are in `open`, and none of those is
 * empty of used ones for longer than the lock is held.
 */
#include "parking.h"

typedef struct acti_chunk {
    alignas(ACTI_CACHE_LINE) acti_message *free; /* those that have come back; linked by `next` */
    struct acti_chunk *prev, *next;              /* among the open ones */
    uint32_t used, made, capacity;               /* blocks that are out, that were ever, and in all */
    uint32_t class;
} acti_chunk;
static_assert(sizeof(acti_chunk) == ACTI_CACHE_LINE, "a chunk's blocks begin at a cache line");

enum { CHUNK_BLOCKS_MIN = 32, CHUNK_BYTES_MAX = 16 << 20, MAGAZINES_LEFT = 4 /* when all workers sleep */ };

/* By class: bytes of payload; blocks of a magazine, some 20 KiB; magazines that all workers together leave, for each. */
static const uint32_t class_capacity[ACTI_SPARE_CLASSES] = { 16, 64, 256 };
static const uint32_t magazine_max[ACTI_SPARE_CLASSES] = { 256, 128, 64 };
static const uint32_t left_max[ACTI_SPARE_CLASSES] = { 80, 32, 16 };

static size_t
block_size(uint32_t class)
{
    return sizeof(acti_message) + class_capacity[class];
}

static void
furnish(acti_message *message, acta_runtime *runtime, uint32_t class, size_t size, uint32_t place)
{
    message->runtime = runtime;
    message->weight = (uint32_t)(size > ACTI_WEIGHT_MIN ? size : ACTI_WEIGHT_MIN);
    message->spare_class = class;
    message->place = place;
}

/* relaxed, all: a free block is one thread's, or under the lock. */
static acti_message *
after(acti_message *message)
{
    acti_node *next = atomic_load_explicit(&message->node.next, memory_order_relaxed);
    return next != NULL ? acti_message_at(next) : NULL;
}

static void
put_before(acti_message *message, acti_message *next)
{
    atomic_store_explicit(&message->node.next, next != NULL ? &next->node : NULL, memory_order_relaxed);
}

/* -- chunks, under the lock -- */

static size_t
chunk_size(const acti_chunk *chunk)
{
    return sizeof *chunk + chunk->capacity * block_size(chunk->class);
}

static acti_message *
block_at(acti_chunk *chunk, uint32_t place)
{
    return (acti_message *)(void *)((char *)(chunk + 1) + (place - 1) * block_size(chunk->class));
}

static acti_chunk *
chunk_of(acti_message *message)
{
    return (acti_chunk *)(void *)((char *)message - (message->place - 1) * block_size(message->spare_class)) - 1;
}

static bool
is_open(const acti_chunk *chunk)
{
    return chunk->free != NULL || chunk->made < chunk->capacity;
}

static void
enter(acti_blocks *blocks, acti_chunk *chunk)
{
    chunk->prev = NULL;
    chunk->next = blocks->open;
    if (blocks->open != NULL) blocks->open->prev = chunk;
    blocks->open = chunk;
}

static void
leave(acti_blocks *blocks, acti_chunk *chunk)
{
    if (chunk->next != NULL) chunk->next->prev = chunk->prev;
    if (chunk->prev != NULL)
        chunk->prev->next = chunk->next;
    else
        blocks->open = chunk->next;
}

/* What leaves the lock to be freed. */
typedef struct block_waste {
    acti_chunk *chunks;   /* linked by `next` */
    acti_message *blocks; /* of the allocator's own */
} block_waste;

static void
put_back(acti_blocks *blocks, acti_message *message, block_waste *waste)
{
    if (message->place == 0) {
        put_before(message, waste->blocks);
        waste->blocks = message;
        return;
    }
    acti_chunk *chunk = chunk_of(message);
    if (!is_open(chunk)) enter(blocks, chunk);
    put_before(message, chunk->free);
    chunk->free = message;
    blocks->used_count--;
    if (--chunk->used > 0) return;
    leave(blocks, chunk);
    chunk->next = waste->chunks;
    waste->chunks = chunk;
}

/* Without the lock. */
static void
dispose(acta_runtime *runtime, block_waste *waste)
{
    for (acti_message *message = waste->blocks, *next; message != NULL; message = next) {
        next = after(message);
        acti_free(runtime, message, block_size(message->spare_class));
    }
    for (acti_chunk *chunk = waste->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        acti_line_free(&runtime->environment.allocator, chunk, chunk_size(chunk));
    }
}

/* Without the lock. NULL: no memory. */
static acti_chunk *
make_chunk(acta_runtime *runtime, uint32_t class, uint64_t used_count)
{
    uint32_t most = (uint32_t)((CHUNK_BYTES_MAX - sizeof(acti_chunk)) / block_size(class));
    acti_chunk shape = { .class = class, .capacity = used_count < most ? (uint32_t)used_count : most };

    if (shape.capacity < CHUNK_BLOCKS_MIN) shape.capacity = CHUNK_BLOCKS_MIN;
    acti_chunk *chunk = acti_line_alloc(&runtime->environment.allocator, chunk_size(&shape));
    if (chunk == NULL) return NULL;
    if (chunk_size(&shape) >= 2 * ACTI_HUGE_PAGE) acti_memory_prefer_huge(chunk, chunk_size(&shape));
    *chunk = shape;
    return chunk;
}

/* -- magazines -- */

/* Blocks on their way to a magazine: those that have come back, and places of those that are to be made. */
typedef struct block_haul {
    acti_message *first;
    acti_chunk *chunk;
    uint32_t count, place, made_count;
} block_haul;

/* Under the lock, of an open chunk. */
static block_haul
haul_of(acti_blocks *blocks, acti_chunk *chunk)
{
    block_haul haul = { .chunk = chunk, .place = chunk->made + 1 };
    uint32_t max = magazine_max[chunk->class];

    while (haul.count < max && chunk->free != NULL) {
        acti_message *message = chunk->free;
        chunk->free = after(message);
        put_before(message, haul.first);
        haul.first = message;
        haul.count++;
    }
    haul.made_count = max - haul.count;
    if (haul.made_count > chunk->capacity - chunk->made) haul.made_count = chunk->capacity - chunk->made;
    haul.count += haul.made_count;
    chunk->made += haul.made_count;
    chunk->used += haul.count;
    blocks->used_count += haul.count;
    if (!is_open(chunk)) leave(blocks, chunk);
    return haul;
}

/* Without the lock: the first touch of a block may cost a page. The first place comes first. */
static acti_message *
unload(acta_runtime *runtime, block_haul *haul)
{
    uint32_t class = haul->chunk->class;

    for (uint32_t i = haul->made_count; i > 0; i--) {
        uint32_t place = haul->place + i - 1;
        acti_message *message = block_at(haul->chunk, place);
        furnish(message, runtime, class, block_size(class), place);
        put_before(message, haul->first);
        haul->first = message;
    }
    return haul->first;
}

static void
adopt(acti_worker *worker, uint32_t class, acti_message *first, uint32_t count)
{
    worker->spare[class] = &first->node;
    worker->spare_room[class] = magazine_max[class] - count;
}

/* Under the lock. */
static acti_message *
pop_magazine(acti_blocks *blocks)
{
    acti_message *first = blocks->magazines;

    if (first == NULL) return NULL;
    blocks->magazines = first->magazine.next;
    blocks->magazine_count--;
    return first;
}

/* -- threads that are no workers -- */

acti_message *
acti_pocket_take(acti_pockets *row)
{
    for (int i = 0; i < ACTI_POCKETS; i++) {
        /* relaxed: a look; the exchange decides. */
        if (atomic_load_explicit(&row->blocks[i], memory_order_relaxed) == NULL) continue;
        /* acquire: pairs with the release of who left it, whose last accesses to it are behind us. */
        acti_message *message = atomic_exchange_explicit(&row->blocks[i], NULL, memory_order_acquire);
        if (message != NULL) return message;
    }
    return NULL;
}

bool
acti_pocket_leave(acti_pockets *row, acti_message *message)
{
    for (int i = 0; i < ACTI_POCKETS; i++) {
        acti_message *expected = NULL;
        /* relaxed: as above. */
        if (atomic_load_explicit(&row->blocks[i], memory_order_relaxed) != NULL) continue;
        /* release: all that we did with it comes before what its next owner does. */
        if (atomic_compare_exchange_strong_explicit(
                &row->blocks[i], &expected, message, memory_order_release, memory_order_relaxed))
            return true;
    }
    return false;
}

static acti_pockets *
own_pockets(acti_blocks *blocks)
{
    return &blocks->pockets[acti_thread_hash() % ACTI_POCKET_ROWS];
}

/* A block that was one; NULL: there is none. */
static acti_message *
take_outside(acti_blocks *blocks)
{
    acti_message *pocketed = acti_pocket_take(own_pockets(blocks));
    if (ACTI_LIKELY(pocketed != NULL)) return pocketed;

    acti_mutex_lock(&blocks->lock);
    if (blocks->outside == NULL) {
        blocks->outside = pop_magazine(blocks);
        if (blocks->outside != NULL) blocks->outside_count = magazine_max[blocks->outside->spare_class];
    }
    acti_message *message = blocks->outside;
    if (message != NULL) {
        blocks->outside = after(message);
        blocks->outside_count--;
    }
    acti_mutex_unlock(&blocks->lock);
    return message;
}

acti_message *
acti_block_make(acta_runtime *runtime, uint32_t class, size_t size)
{
    acti_message *message = class < ACTI_SPARE_CLASSES ? take_outside(&runtime->blocks[class]) : NULL;
    if (message != NULL) return message;

    size_t whole = class < ACTI_SPARE_CLASSES ? block_size(class) : sizeof(acti_message) + size;
    if (whole < ACTI_WEIGHT_MIN && class == ACTI_SPARE_CLASSES) whole = ACTI_WEIGHT_MIN;
    message = acti_alloc(runtime, whole);
    if (message != NULL) furnish(message, runtime, class, whole, 0);
    return message;
}

bool
acti_spares_refill(acti_worker *worker, uint32_t class)
{
    acta_runtime *runtime = worker->context.runtime;
    acti_blocks *blocks = &runtime->blocks[class];
    acti_message *first = worker->spare_full[class];

    if (first != NULL) {
        worker->spare_full[class] = NULL;
        adopt(worker, class, first, magazine_max[class]);
        return true;
    }
    acti_mutex_lock(&blocks->lock);
    first = pop_magazine(blocks);
    if (first != NULL) {
        acti_mutex_unlock(&blocks->lock);
        adopt(worker, class, first, magazine_max[class]);
        return true;
    }
    if (blocks->open == NULL) {
        uint64_t used_count = blocks->used_count;
        acti_mutex_unlock(&blocks->lock);
        acti_chunk *chunk = make_chunk(runtime, class, used_count);
        if (chunk == NULL) return false;
        acti_mutex_lock(&blocks->lock);
        enter(blocks, chunk);
    }
    block_haul haul = haul_of(blocks, blocks->open);
    acti_mutex_unlock(&blocks->lock);
    adopt(worker, class, unload(runtime, &haul), haul.count);
    return true;
}

/* Under the lock: blocks to their chunks. */
static void
dissolve(acti_blocks *blocks, acti_message *first, block_waste *waste)
{
    for (acti_message *message = first, *next; message != NULL; message = next) {
        next = after(message);
        put_back(blocks, message, waste);
    }
}

/* Under the lock. */
static void
push_magazine(acti_blocks *blocks, acti_message *first)
{
    first->magazine.next = blocks->magazines;
    blocks->magazines = first;
    blocks->magazine_count++;
}

/* Under the lock. */
static void
put_outside(acti_blocks *blocks, acti_message *message)
{
    if (blocks->outside_count == magazine_max[message->spare_class]) {
        push_magazine(blocks, blocks->outside);
        blocks->outside = NULL;
        blocks->outside_count = 0;
    }
    put_before(message, blocks->outside);
    blocks->outside = message;
    blocks->outside_count++;
}

/* Under the lock: if there are too many, one goes. */
static void
limit_magazines(const acta_runtime *runtime, acti_blocks *blocks, uint32_t class, block_waste *waste)
{
    uint32_t workers = runtime->worker_count > 0 ? runtime->worker_count : 1; /* none: driven by hand */
    if (blocks->magazine_count > left_max[class] * workers) dissolve(blocks, pop_magazine(blocks), waste);
}

static void
give_magazine(acta_runtime *runtime, uint32_t class, acti_message *first)
{
    acti_blocks *blocks = &runtime->blocks[class];
    block_waste waste = { .chunks = NULL };

    acti_mutex_lock(&blocks->lock);
    push_magazine(blocks, first);
    limit_magazines(runtime, blocks, class, &waste);
    acti_mutex_unlock(&blocks->lock);
    dispose(runtime, &waste);
}

void
acti_spares_release(acti_worker *worker, acti_message *message)
{
    uint32_t class = message->spare_class;

    if (class == ACTI_SPARE_CLASSES) {
        acti_message_free(message);
        return;
    }
    if (worker->spare_full[class] != NULL) give_magazine(worker->context.runtime, class, worker->spare_full[class]);
    worker->spare_full[class] = acti_message_at(worker->spare[class]);
    put_before(message, NULL);
    adopt(worker, class, message, 1);
}

static __attribute__((noinline)) void
free_outside(acti_message *message)
{
    acta_runtime *runtime = message->runtime;
    uint32_t class = message->spare_class;
    acti_blocks *blocks = &runtime->blocks[class];
    block_waste waste = { .chunks = NULL };

    acti_mutex_lock(&blocks->lock);
    put_outside(blocks, message);
    limit_magazines(runtime, blocks, class, &waste);
    acti_mutex_unlock(&blocks->lock);
    dispose(runtime, &waste);
}

void
acti_message_free(acti_message *message)
{
    acta_runtime *runtime = message->runtime;
    uint32_t class = message->spare_class;

    if (ACTI_UNLIKELY(class >= ACTI_SPARE_CLASSES && message->place != 0)) {
        acti_part_free(message);
        return;
    }
    if (class >= ACTI_SPARE_CLASSES) {
        acti_free(runtime, message, message->weight);
        return;
    }
    if (ACTI_UNLIKELY(!acti_pocket_leave(own_pockets(&runtime->blocks[class]), message))) free_outside(message);
}

void
acti_spares_init(acti_worker *worker)
{
    for (int class = 0; class < ACTI_SPARE_CLASSES; class ++)
        worker->spare_room[class] = magazine_max[class];
}

/* False: there are no more than `left`. */
static bool
dissolve_one(acta_runtime *runtime, uint32_t class, uint32_t left)
{
    acti_blocks *blocks = &runtime->blocks[class];
    block_waste waste = { .chunks = NULL };

    acti_mutex_lock(&blocks->lock);
    bool is_any = blocks->magazine_count > left;
    if (is_any) dissolve(blocks, pop_magazine(blocks), &waste);
    acti_mutex_unlock(&blocks->lock);
    dispose(runtime, &waste);
    return is_any;
}

/* A magazine at a time, some µs, so that the worker may be woken between. False: there was none. */
bool
acti_blocks_trim(acta_runtime *runtime)
{
    bool was_any = false;

    for (uint32_t class = 0; class < ACTI_SPARE_CLASSES && !was_any; class ++)
        was_any = dissolve_one(runtime, class, MAGAZINES_LEFT);
    return was_any;
}

static void
empty_pockets(acti_blocks *blocks)
{
    for (int i = 0; i < ACTI_POCKET_ROWS; i++)
        for (acti_message *message; (message = acti_pocket_take(&blocks->pockets[i])) != NULL;)
            free_outside(message);
}

void
acti_blocks_free(acta_runtime *runtime)
{
    for (uint32_t class = 0; class < ACTI_SPARE_CLASSES; class ++) {
        acti_blocks *blocks = &runtime->blocks[class];
        block_waste waste = { .chunks = NULL };
        empty_pockets(blocks);
        while (dissolve_one(runtime, class, 0)) {}
        acti_mutex_lock(&blocks->lock);
        dissolve(blocks, blocks->outside, &waste);
        blocks->outside = NULL;
        blocks->outside_count = 0;
        acti_mutex_unlock(&blocks->lock);
        dispose(runtime, &waste);
    }
}

static bool
is_all_asleep(acta_runtime *runtime)
{
    /* seq_cst: as all looks at it; the worker that lay down last sees all. */
    return atomic_load_explicit(&runtime->idle, memory_order_seq_cst) / ACTI_PARKED >= runtime->worker_count;
}

/* The worker has nothing to do: it keeps a magazine, and the last one sees to those of all. False: that was all. */
bool
acti_spares_trim(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    for (uint32_t class = 0; class < ACTI_SPARE_CLASSES; class ++) {
        acti_message *full = worker->spare_full[class];
        worker->spare_full[class] = NULL;
        if (full != NULL) give_magazine(runtime, class, full);
    }
    return !ACTI_IS_SANITIZED && is_all_asleep(runtime) && acti_blocks_trim(runtime);
}

static void
free_list(acti_message *first)
{
    for (acti_message *message = first, *next; message != NULL; message = next) {
        next = after(message);
        acti_message_free(message);
    }
}

/* After the worker has ended. */
void
acti_spares_free(acti_worker *worker)
{
    for (int class = 0; class < ACTI_SPARE_CLASSES; class ++) {
        if (worker->spare[class] != NULL) free_list(acti_message_at(worker->spare[class]));
        free_list(worker->spare_full[class]);
        worker->spare[class] = NULL;
        worker->spare_full[class] = NULL;
    }
}
