/*
 * Owned memory: all of it goes back, with the sizes that were asked for, whatever order; strings of a state; and what
 * happens when there is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acta/memory.h"

/* An allocator that counts, fills fresh memory with rubbish, and may give nothing after a while. */
typedef struct ledger {
    size_t bytes, blocks;
    int left; /* allocations until there is no memory; negative: any number */
} ledger;

static void *
ledger_alloc(void *user, size_t size)
{
    ledger *l = user;

    if (l->left == 0) return NULL;
    if (l->left > 0) l->left--;
    l->bytes += size;
    l->blocks++;
    return memset(malloc(size), 0xa5, size);
}

static void
ledger_free(void *user, void *pointer, size_t size)
{
    ledger *l = user;

    l->bytes -= size;
    l->blocks--;
    free(pointer);
}

static acta_memory *
memory_over(ledger *l)
{
    acta_allocator allocator = { ledger_alloc, ledger_free, l };
    acta_memory *memory = acta_memory_create(&allocator);

    assert_non_null(memory);
    return memory;
}

static void
blocks_are_zeroed_aligned_and_all_go_back(void **state)
{
    (void)state;
    ledger l = { .left = -1 };
    acta_memory *memory = memory_over(&l);

    assert_true(acta_memory_is_empty(memory));
    void *nothing = acta_memory_alloc(memory, 0);
    assert_false(acta_memory_is_empty(memory));
    acta_memory_free(memory, nothing);
    assert_true(acta_memory_is_empty(memory));
    for (size_t size = 0; size < 200; size++) {
        unsigned char *block = acta_memory_alloc(memory, size);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(block[i], 0);
    }
    assert_int_equal(acta_memory_used(memory), 199 * 200 / 2);
    acta_memory_clear(memory);
    assert_int_equal(acta_memory_used(memory), 0);
    assert_int_equal(l.blocks, 1);
    assert_non_null(acta_memory_alloc(memory, 5));
    acta_memory_destroy(memory);
    assert_int_equal(l.blocks, 0);
    assert_int_equal(l.bytes, 0);
    acta_memory_destroy(NULL);
}

/* Against a model: a row of blocks, of which one at random is given back, or a new one taken. */
static void
giving_back_in_any_order_keeps_the_rest(void **state)
{
    (void)state;
    unsigned seed = 20240607;
    ledger l = { .left = -1 };
    acta_memory *memory = memory_over(&l);
    unsigned char *blocks[64] = { NULL };
    size_t sizes[64] = { 0 }, used = 0;

    printf("seed %u\n", seed);
    srand(seed);
    for (int i = 0; i < 20000; i++) {
        int at = rand() % 64;
        if (blocks[at] != NULL) {
            for (size_t k = 0; k < sizes[at]; k++)
                assert_int_equal(blocks[at][k], (unsigned char)at);
            acta_memory_free(memory, blocks[at]);
            blocks[at] = NULL;
            used -= sizes[at];
        } else {
            sizes[at] = (size_t)(rand() % 100);
            blocks[at] = acta_memory_alloc(memory, sizes[at]);
            memset(blocks[at], at, sizes[at]);
            used += sizes[at];
        }
        assert_int_equal(acta_memory_used(memory), used);
    }
    acta_memory_free(memory, NULL);
    acta_memory_destroy(memory);
    assert_int_equal(l.bytes, 0);
}

static void
a_string_field_keeps_its_own_copy(void **state)
{
    (void)state;
    ledger l = { .left = -1 };
    acta_memory *memory = memory_over(&l);
    acta_str field = { NULL, 0 };
    char text[] = "alice";

    acta_str_assign(&field, acta_str_of(text), memory);
    memset(text, 'x', 5);
    assert_true(acta_str_equal(field, acta_str_of("alice")));
    acta_str_assign(&field, acta_str_of("clara"), memory); /* the same size */
    assert_true(acta_str_equal(field, acta_str_of("clara")));
    acta_str_assign(&field, acta_str_of("bob"), memory);
    assert_true(acta_str_equal(field, acta_str_of("bob")));
    assert_int_equal(acta_memory_used(memory), 3);
    acta_str_assign(&field, acta_str_of(""), memory);
    assert_non_null(field.data);
    assert_int_equal(field.size, 0);
    acta_str_assign(&field, acta_str_of(NULL), memory);
    assert_null(field.data);
    assert_int_equal(l.blocks, 1);
    acta_memory_destroy(memory);
}

static void
a_view_of_the_field_itself_may_be_assigned_to_it(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    acta_str field = { NULL, 0 };

    acta_str_assign(&field, acta_str_of("abcdef"), memory);
    acta_str_assign(&field, field, memory);
    assert_true(acta_str_equal(field, acta_str_of("abcdef")));
    acta_str_assign(&field, acta_str_from(field.data + 2, 3), memory);
    assert_true(acta_str_equal(field, acta_str_of("cde")));
    acta_memory_destroy(memory);
}

static void
without_memory_nothing_is_half_done(void **state)
{
    (void)state;
    ledger l = { .left = 0 };
    acta_allocator allocator = { ledger_alloc, ledger_free, &l };

    assert_null(acta_memory_create(&allocator));
    l.left = 2;
    acta_memory *memory = acta_memory_create(&allocator);
    acta_str field = { NULL, 0 };
    acta_str_assign(&field, acta_str_of("abc"), memory);
    assert_false(acta_memory_failed(memory));
    acta_str_assign(&field, acta_str_of("abcd"), memory);
    assert_null(field.data);
    assert_true(acta_memory_failed(memory));
    assert_null(acta_memory_alloc(memory, SIZE_MAX));
    acta_memory_forgive(memory);
    assert_false(acta_memory_failed(memory));
    assert_null(acta_memory_alloc(memory, SIZE_MAX));
    assert_true(acta_memory_failed(memory));
    acta_memory_clear(memory);
    assert_false(acta_memory_failed(memory));
    acta_memory_destroy(memory);
    assert_int_equal(l.bytes, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_aligned_and_all_go_back),
        cmocka_unit_test(giving_back_in_any_order_keeps_the_rest),
        cmocka_unit_test(a_string_field_keeps_its_own_copy),
        cmocka_unit_test(a_view_of_the_field_itself_may_be_assigned_to_it),
        cmocka_unit_test(without_memory_nothing_is_half_done),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
