/*
 * Spares: what is given back is there again, up to the bound; every block is as large as was asked for, and all goes back to
 * the allocator, with the sizes that it was asked for; several threads at once.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acta/spares.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif
#else
enum { IS_SANITIZED = 0 };
#endif

/* An allocator that counts, and may give nothing. */
typedef struct ledger {
    _Atomic int64_t bytes, blocks;
    _Atomic uint64_t taken;
    bool is_empty;
} ledger;

static void *
ledger_alloc(void *user, size_t size)
{
    ledger *l = user;

    if (l->is_empty) return NULL;
    atomic_fetch_add(&l->bytes, (int64_t)size);
    atomic_fetch_add(&l->blocks, 1);
    atomic_fetch_add(&l->taken, 1);
    return memset(malloc(size), 0xa5, size);
}

static void
ledger_free(void *user, void *pointer, size_t size)
{
    ledger *l = user;

    atomic_fetch_sub(&l->bytes, (int64_t)size);
    atomic_fetch_sub(&l->blocks, 1);
    free(pointer);
}

static acta_spares *
spares_over(ledger *l, size_t bytes_max)
{
    acta_spares *spares = acta_spares_create(&(acta_allocator){ ledger_alloc, ledger_free, l }, bytes_max);

    assert_non_null(spares);
    return spares;
}

static void
blocks_of_any_size_are_whole_and_all_go_back(void **state)
{
    enum { SIZE_MAX_TRIED = 5000, STEP = 7 };
    static void *blocks[SIZE_MAX_TRIED / STEP + 1];
    ledger l = { .bytes = 0 };
    acta_spares *spares = spares_over(&l, 1 << 20);
    (void)state;

    for (int round = 0; round < 3; round++) {
        uint32_t count = 0;
        for (size_t size = 1; size <= SIZE_MAX_TRIED; size += STEP) {
            blocks[count] = acta_spares_alloc(spares, size);
            assert_non_null(blocks[count]);
            assert_int_equal((uintptr_t)blocks[count] % _Alignof(max_align_t), 0);
            memset(blocks[count], (int)count, size);
            count++;
        }
        for (size_t size = 1, i = 0; size <= SIZE_MAX_TRIED; size += STEP, i++) {
            const uint8_t *bytes = blocks[i];
            assert_int_equal(bytes[0], (uint8_t)i); /* no two of them share a byte */
            assert_int_equal(bytes[size - 1], (uint8_t)i);
            acta_spares_free(spares, blocks[i], size);
        }
    }
    acta_spares_free(spares, NULL, 10);
    acta_spares_destroy(spares);
    acta_spares_destroy(NULL);
    assert_int_equal(l.bytes, 0);
    assert_int_equal(l.blocks, 0);
}

static void
what_came_back_is_given_again(void **state)
{
    ledger l = { .bytes = 0 };
    acta_spares *spares = spares_over(&l, 1 << 20);
    acta_allocator allocator = acta_spares_allocator(spares);
    (void)state;

    void *first = allocator.alloc(allocator.user, 100);
    allocator.free(allocator.user, first, 100);
    uint64_t before = l.taken;
    for (size_t size = 65; size <= 128; size++) { /* of one class */
        void *again = acta_spares_alloc(spares, size);
        acta_spares_free(spares, again, size);
    }
    assert_int_equal(l.taken - before, IS_SANITIZED ? 64 : 0);
    void *large = acta_spares_alloc(spares, 4097);
    acta_spares_free(spares, large, 4097);
    large = acta_spares_alloc(spares, 4097);
    acta_spares_free(spares, large, 4097);
    assert_int_equal(l.taken - before, IS_SANITIZED ? 66 : 2);
    acta_spares_destroy(spares);
    assert_int_equal(l.blocks, 0);
}

static void
no_more_is_kept_than_may_be(void **state)
{
    enum { BLOCKS = 100, SIZE = 1024, BYTES_MAX = 10 * SIZE };
    void *blocks[BLOCKS];
    ledger l = { .bytes = 0 };
    acta_spares *spares = spares_over(&l, BYTES_MAX), *none = spares_over(&l, 0);
    int64_t before = l.bytes;
    (void)state;

    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = acta_spares_alloc(spares, SIZE);
    for (int i = 0; i < BLOCKS; i++)
        acta_spares_free(spares, blocks[i], SIZE);
    assert_int_equal(l.bytes - before, IS_SANITIZED ? 0 : BYTES_MAX);
    acta_spares_free(none, acta_spares_alloc(none, SIZE), SIZE);
    assert_int_equal(l.bytes - before, IS_SANITIZED ? 0 : BYTES_MAX);
    acta_spares_destroy(none);
    acta_spares_destroy(spares);
    assert_int_equal(l.bytes, 0);
}

static void
without_memory_there_is_what_was_kept(void **state)
{
    ledger l = { .bytes = 0 };
    acta_spares *spares = spares_over(&l, 1 << 20);
    (void)state;

    acta_spares_free(spares, acta_spares_alloc(spares, 64), 64);
    l.is_empty = true;
    void *kept = acta_spares_alloc(spares, 64);
    assert_true((kept != NULL) == !IS_SANITIZED);
    assert_null(acta_spares_alloc(spares, 64));
    assert_null(acta_spares_alloc(spares, 1 << 20));
    assert_null(acta_spares_create(&(acta_allocator){ ledger_alloc, ledger_free, &l }, 100));
    acta_spares_free(spares, kept, 64);
    acta_spares_destroy(spares);
    assert_int_equal(l.blocks, 0);
}

enum { THREADS = 4, ROUNDS = 20000, HELD = 8 };

static void *
take_and_give(void *user)
{
    acta_spares *spares = user;
    uint64_t *held[HELD] = { NULL };
    size_t sizes[HELD] = { 0 };

    for (uint64_t i = 0; i < ROUNDS; i++) {
        uint32_t at = (uint32_t)(i * 5 % HELD);
        if (held[at] != NULL) {
            if (*held[at] != (uint64_t)(uintptr_t)&held[at]) abort(); /* somebody else has it too */
            acta_spares_free(spares, held[at], sizes[at]);
        }
        sizes[at] = 8 + i % 300;
        held[at] = acta_spares_alloc(spares, sizes[at]);
        *held[at] = (uint64_t)(uintptr_t)&held[at];
    }
    for (int at = 0; at < HELD; at++)
        acta_spares_free(spares, held[at], sizes[at]);
    return NULL;
}

static void
threads_share_them(void **state)
{
    ledger l = { .bytes = 0 };
    acta_spares *spares = spares_over(&l, 2000);
    pthread_t threads[THREADS];
    (void)state;

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, spares), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    acta_spares_destroy(spares);
    assert_int_equal(l.blocks, 0);
    assert_int_equal(l.bytes, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_any_size_are_whole_and_all_go_back),
        cmocka_unit_test(what_came_back_is_given_again),
        cmocka_unit_test(no_more_is_kept_than_may_be),
        cmocka_unit_test(without_memory_there_is_what_was_kept),
        cmocka_unit_test(threads_share_them),
    };
    return cmocka_run_group_tests_name("spares", tests, NULL, NULL);
}
