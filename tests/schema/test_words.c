/*
 * What is verified without a call (acta/deep_quick.h), of a table whose first offset leads to texts: they lie at a constant
 * place. The same as test_leaves.c of other tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "values.h"
#include "words.acta.c" /* whether the quickest way is taken can't be told from outside */

/* The vector lies behind the table; the buffer is cut and harmed at each place. */
static void
first_texts_lie_behind_their_table(void **state)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_str texts[] = { S("one"), S(""), S("a text of more than sixteen bytes") };
    words_All all = { .count = 7, .words = { .data = texts, .count = 3 }, .title = S("title"), .flag = true };
    acta_bytes sound = values_write(&words_All_table, &all, memory);
    uint32_t quick = 0;

    assert_true(words_All_quick(sound));
    for (size_t bit = 0; bit <= sound.size * 8; bit++) {
        size_t size = bit % 16 == 15 ? bit / 8 : sound.size;
        uint8_t *bytes = values_guarded(acta_bytes_from(sound.data, size));
        if (bit / 8 < size) bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        acta_status status = acta_table_verify(&words_All_table, acta_bytes_from(bytes, size), NULL);
        assert_int_equal(words_All_verify(acta_bytes_from(bytes, size), NULL), status);
        if (!words_All_quick(acta_bytes_from(bytes, size))) continue;
        assert_int_equal(status, ACTA_OK);
        quick++;
    }
    assert_true(quick > 100); /* letters that are other letters */
    (void)state;
    acta_memory_destroy(memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_texts_lie_behind_their_table),
    };
    return cmocka_run_group_tests_name("texts at a constant place", tests, NULL, NULL);
}
