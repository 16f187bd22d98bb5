/*
 * Keeping: loaded values own all that they lead to, give all of it back, and are never half there when memory ends; keyed
 * collections behave as a plain sorted map does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shop.acta.h"
#include "values.h"

/* An allocator that gives nothing after `left` blocks. */
typedef struct failing {
    uint64_t left;
} failing;

static void *
give_until_the_end(void *user, size_t size)
{
    failing *self = user;
    if (self->left == 0) return NULL;
    self->left--;
    return malloc(size);
}

static void
take_back(void *user, void *pointer, size_t size)
{
    (void)user, (void)size;
    free(pointer);
}

static bool
is_zero(const void *value, size_t size)
{
    const unsigned char *bytes = value;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) return false;
    }
    return true;
}

static acta_bytes
random_cart(values_random *random, acta_memory *memory)
{
    shop_Cart cart;
    values_fill(random, &shop_Cart_table, &cart, memory, 2);
    return values_write(&shop_Cart_table, &cart, memory);
}

/* The buffer is overwritten as soon as it is loaded: nothing of it may be needed. */
static void
a_loaded_value_needs_its_buffer_no_more(void **state)
{
    (void)state;
    values_random random = values_seed();

    for (int i = 0; i < 500; i++) {
        acta_memory *given = acta_memory_create(NULL), *memory = acta_memory_create(NULL);
        acta_bytes buffer = random_cart(&random, given);
        shop_Cart cart;
        assert_int_equal(shop_Cart_table.load(&cart, buffer, memory), ACTA_OK);
        acta_bytes kept = values_write(&shop_Cart_table, &cart, given);
        memset((uint8_t *)(uintptr_t)buffer.data, 0xee, buffer.size);
        assert_true(values_equal(kept, values_write(&shop_Cart_table, &cart, given)));

        /* What was loaded is what was written, with the collections in order: loading it again changes nothing. */
        shop_Cart again;
        assert_int_equal(shop_Cart_table.load(&again, kept, memory), ACTA_OK);
        assert_true(values_equal(kept, values_write(&shop_Cart_table, &again, given)));
        shop_Cart_table.clear(&again, memory);
        shop_Cart_table.clear(&cart, memory);
        assert_true(is_zero(&cart, sizeof cart));
        assert_int_equal(acta_memory_used(memory), 0);
        acta_memory_destroy(given);
        acta_memory_destroy(memory);
    }
}

static void
loading_is_all_or_nothing_when_memory_ends(void **state)
{
    (void)state;
    values_random random = values_seed();
    uint32_t failed = 0;

    for (int i = 0; i < 30; i++) {
        acta_memory *given = acta_memory_create(NULL);
        acta_bytes buffer = random_cart(&random, given);
        acta_status status = ACTA_NO_MEMORY;
        for (uint64_t blocks = 0; status != ACTA_OK; blocks++) {
            failing left = { blocks + 1 }; /* one for the memory itself */
            acta_memory *memory = acta_memory_create(&(acta_allocator){ give_until_the_end, take_back, &left });
            shop_Cart cart;
            status = shop_Cart_table.load(&cart, buffer, memory);
            if (status != ACTA_OK) {
                assert_int_equal(status, ACTA_NO_MEMORY);
                assert_true(is_zero(&cart, sizeof cart));
                failed++;
            } else {
                shop_Cart_table.clear(&cart, memory);
            }
            assert_int_equal(acta_memory_used(memory), 0);
            acta_memory_destroy(memory);
        }
        acta_memory_destroy(given);
    }
    assert_true(failed > 100);
}

/* The collection against an array that is searched from end to end. */
static void
a_collection_holds_what_a_plain_map_holds(void **state)
{
    (void)state;
    enum { KEYS = 40 };
    values_random random = values_seed();
    acta_memory *memory = acta_memory_create(NULL);
    shop_Cart cart = { 0 };
    uint32_t model[KEYS] = { 0 }; /* by key: the count; 0: not there */
    uint32_t model_count = 0;

    for (int i = 0; i < 20000; i++) {
        uint32_t number = (uint32_t)(values_next(&random) % KEYS);
        char key[16];
        snprintf(key, sizeof key, "%s%u", number % 2 == 0 ? "sku-" : "s", number);
        const shop_Line *found = shop_Cart_lines_find(&cart, S(key));
        assert_int_equal(found != NULL ? found->count : 0, model[number]);
        if (values_next(&random) % 2 == 0) {
            uint32_t count = 1 + (uint32_t)(values_next(&random) % 1000);
            const acta_str tags[] = { S(key), S("tag") };
            shop_Cart_lines_put(
                &cart, (shop_Line){ .sku = S(key), .count = count, .tags = { .data = tags, .count = 2 } }, memory);
            model_count += model[number] == 0;
            model[number] = count;
        } else {
            assert_int_equal(shop_Cart_lines_remove(&cart, S(key), memory), model[number] != 0);
            model_count -= model[number] != 0;
            model[number] = 0;
        }
        memset(key, '#', sizeof key); /* it was copied */
        assert_int_equal(shop_Cart_lines_count(&cart), model_count);
    }
    for (uint32_t i = 1; i < shop_Cart_lines_count(&cart); i++) {
        acta_str before = shop_Cart_lines_at(&cart, i - 1)->sku, after = shop_Cart_lines_at(&cart, i)->sku;
        size_t common = before.size < after.size ? before.size : after.size;
        int order = memcmp(before.data, after.data, common);
        assert_true(order < 0 || (order == 0 && before.size < after.size));
    }
    assert_null(shop_Cart_lines_at(&cart, shop_Cart_lines_count(&cart)));
    shop_Cart_table.clear(&cart, memory);
    assert_int_equal(acta_memory_used(memory), 0);
    acta_memory_destroy(memory);
}

static void
numbers_are_ordered_by_value(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    shop_Cart cart = { 0 };
    const int32_t places[] = { 7, -1, INT32_MAX, 0, INT32_MIN, -100 };

    for (size_t i = 0; i < 6; i++) {
        shop_Cart_slots_put(&cart, (shop_Slot){ .place = places[i] }, memory);
        shop_Cart_weights_put(&cart, (shop_Weight){ .grams = places[i] / 2.0 }, memory);
    }
    for (uint32_t i = 1; i < 6; i++) {
        assert_true(shop_Cart_slots_at(&cart, i - 1)->place < shop_Cart_slots_at(&cart, i)->place);
        assert_true(shop_Cart_weights_at(&cart, i - 1)->grams < shop_Cart_weights_at(&cart, i)->grams);
    }
    assert_non_null(shop_Cart_slots_find(&cart, INT32_MIN));
    assert_null(shop_Cart_slots_find(&cart, 1));
    assert_non_null(shop_Cart_weights_find(&cart, -0.5));
    acta_memory_destroy(memory);
}

/* As one changes an item: take it, change it, put it back. Its strings are views of the item that it replaces. */
static void
an_item_can_be_put_in_its_own_place(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    shop_Cart cart = { 0 };
    const acta_str tags[] = { S("red") };

    shop_Cart_lines_put(&cart, (shop_Line){ .sku = S("a"), .tags = { .data = tags, .count = 1 } }, memory);
    size_t used = acta_memory_used(memory);
    shop_Line line = *shop_Cart_lines_find(&cart, S("a"));
    line.count = 5;
    shop_Cart_lines_put(&cart, line, memory);
    const shop_Line *found = shop_Cart_lines_find(&cart, S("a"));
    assert_int_equal(found->count, 5);
    assert_true(acta_str_equal(acta_str_vector_at(found->tags, 0), S("red")));
    assert_int_equal(acta_memory_used(memory), used);
    acta_memory_destroy(memory);
}

/* A buffer from elsewhere may hold the items in any order. */
static void
loading_puts_a_collection_in_order(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    const shop_Line lines[] = { { .sku = S("c") }, { .sku = S("a") }, { .sku = S("d") }, { .sku = S("b") } };
    shop_Cart cart = { .lines = { .data = lines, .count = 4 } };

    acta_bytes buffer = values_write(&shop_Cart_table, &cart, memory);
    assert_int_equal(shop_Cart_table.load(&cart, buffer, memory), ACTA_OK);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(shop_Cart_lines_at(&cart, i)->sku.data[0], "abcd"[i]);
    assert_non_null(shop_Cart_lines_find(&cart, S("b")));
    acta_memory_destroy(memory);
}

static void
putting_without_memory_changes_nothing_and_is_remembered(void **state)
{
    (void)state;
    for (uint64_t blocks = 0; blocks < 12; blocks++) {
        failing left = { 1000 };
        acta_memory *memory = acta_memory_create(&(acta_allocator){ give_until_the_end, take_back, &left });
        shop_Cart cart = { 0 };
        char key[] = "k0";
        for (; key[1] < '4'; key[1]++)
            shop_Cart_lines_put(&cart, (shop_Line){ .sku = S(key), .count = 1 }, memory);
        size_t used = acta_memory_used(memory);
        const acta_str tags[] = { S("one"), S("two") };
        const shop_Line part = { .sku = S("part") };

        left.left = blocks;
        shop_Cart_lines_put(&cart,
            (shop_Line){
                .sku = S("new"), .tags = { .data = tags, .count = 2 }, .parts = { .data = &part, .count = 1 } },
            memory);
        bool failed = acta_memory_failed(memory);
        assert_int_equal(failed, blocks < 8); /* the item, its sku, two vectors, three strings; a larger array */
        assert_int_equal(shop_Cart_lines_count(&cart), failed ? 4 : 5);
        if (failed) assert_int_equal(acta_memory_used(memory), used);
        assert_non_null(shop_Cart_lines_find(&cart, S("k3")));
        acta_memory_destroy(memory);
    }
}

static void
vectors_and_nested_tables_are_assigned_as_copies(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    shop_Cart cart = { 0 };
    char text[] = "first";
    const acta_str tags[] = { S(text), S("second") };
    int64_t sums[] = { 1, 2, 3 };
    shop_Line line = { .sku = S(text), .count = 2 };

    shop_Cart_tags_assign(&cart, (acta_str_vector){ .data = tags, .count = 2 }, memory);
    shop_Cart_sums_assign(&cart, (acta_int64_vector){ .data = sums, .count = 3 }, memory);
    shop_Cart_last_assign(&cart, (shop_Line_ref){ .data = &line }, memory);
    memset(text, '#', sizeof text - 1);
    sums[2] = 0;
    assert_true(acta_str_equal(acta_str_vector_at(cart.tags, 0), S("first")));
    assert_int_equal(cart.sums.data[2], 3);
    assert_true(shop_Line_ref_get(cart.last, &line));
    assert_true(acta_str_equal(line.sku, S("first")));

    /* A part of the old value, and nothing at all. */
    shop_Cart_tags_assign(&cart, (acta_str_vector){ .data = cart.tags.data + 1, .count = 1 }, memory);
    assert_int_equal(cart.tags.count, 1);
    assert_true(acta_str_equal(acta_str_vector_at(cart.tags, 0), S("second")));
    shop_Cart_last_assign(&cart, (shop_Line_ref){ 0 }, memory);
    assert_false(shop_Line_ref_get(cart.last, &line));
    shop_Cart_table.clear(&cart, memory);
    assert_int_equal(acta_memory_used(memory), 0);
    acta_memory_destroy(memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loaded_value_needs_its_buffer_no_more),
        cmocka_unit_test(loading_is_all_or_nothing_when_memory_ends),
        cmocka_unit_test(a_collection_holds_what_a_plain_map_holds),
        cmocka_unit_test(numbers_are_ordered_by_value),
        cmocka_unit_test(an_item_can_be_put_in_its_own_place),
        cmocka_unit_test(loading_puts_a_collection_in_order),
        cmocka_unit_test(putting_without_memory_changes_nothing_and_is_remembered),
        cmocka_unit_test(vectors_and_nested_tables_are_assigned_as_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
