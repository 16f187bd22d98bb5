/*
 * The pool: blocks of all sizes lie apart, what is given back is taken again, and a reset gives all back at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pool.h"

enum { BLOCK_COUNT = 600, SIZE_MAX_TRIED = ACTI_POOL_MAX + 4096 };

typedef struct block {
    uint8_t *bytes;
    size_t size;
} block;

/* All around where one row of blocks ends and the next begins. */
static size_t
size_of(size_t number)
{
    size_t size = 1 + number * number * 7 % SIZE_MAX_TRIED;
    return number % 3 == 0 ? (size | 255) + number / 3 % 3 : size;
}

static void
take_all(acti_pool *pool, block *blocks)
{
    for (size_t i = 0; i < BLOCK_COUNT; i++) {
        blocks[i] = (block){ .size = size_of(i) };
        blocks[i].bytes = acti_pool_alloc(pool, blocks[i].size);
        assert_non_null(blocks[i].bytes);
        assert_int_equal((uintptr_t)blocks[i].bytes % ACTI_POOL_STEP, 0);
        memset(blocks[i].bytes, (int)(i & 0xff), blocks[i].size);
    }
}

static void
look_at_all(const block *blocks)
{
    for (size_t i = 0; i < BLOCK_COUNT; i++)
        for (size_t k = 0; k < blocks[i].size; k++)
            if (blocks[i].bytes[k] != (uint8_t)i) fail_msg("block %zu of %zu bytes: byte %zu", i, blocks[i].size, k);
}

static void
blocks_of_all_sizes_lie_apart(void **state)
{
    static block blocks[BLOCK_COUNT];
    acti_pool pool = { .at = NULL };
    (void)state;

    take_all(&pool, blocks);
    look_at_all(blocks);
    for (size_t i = 0; i < BLOCK_COUNT; i += 2) { /* and again, when every other one was another size */
        acti_pool_free(&pool, blocks[i].bytes, blocks[i].size);
        blocks[i].size = size_of(BLOCK_COUNT - i);
        blocks[i].bytes = acti_pool_alloc(&pool, blocks[i].size);
        memset(blocks[i].bytes, (int)(i & 0xff), blocks[i].size);
    }
    look_at_all(blocks);
    for (size_t i = 0; i < BLOCK_COUNT; i++)
        acti_pool_free(&pool, blocks[i].bytes, blocks[i].size);
    acti_pool_deinit(&pool);
}

/* The C library's own are not the pool's to reset: the largest. */
static void
a_reset_gives_all_back(void **state)
{
    static block blocks[BLOCK_COUNT];
    acti_pool pool = { .at = NULL };
    (void)state;

    for (int life = 0; life < 3; life++) {
        take_all(&pool, blocks);
        look_at_all(blocks);
        for (size_t i = 0; i < BLOCK_COUNT; i++)
            acti_pool_free(&pool, blocks[i].bytes, blocks[i].size);
        acti_pool_reset(&pool);
    }
    acti_pool_deinit(&pool);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_all_sizes_lie_apart),
        cmocka_unit_test(a_reset_gives_all_back),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
