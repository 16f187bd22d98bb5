/*
 * What is verified without a call (acta/deep_quick.h): a table with all its fields that leads to texts, numbers and tables
 * that lead to no others. It is sound whenever that says so, harmed in each way, in front of a guard page; and that does
 * say so of what is sound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "leaves.acta.c" /* whether the quickest way is taken can't be told from outside */
#include "official.h"
#include "values.h"

static int
set_up(void **state)
{
    *state = acta_memory_create(NULL);
    return *state == NULL;
}

static int
tear_down(void **state)
{
    acta_memory_destroy(*state);
    return 0;
}

/* All fields are there. */
typedef struct content {
    kinds_Label label;
    kinds_inner_Note notes[3];
    leaves_Span span;
    kinds_inner_Deep deeps[2];
    double reals[3];
    acta_str words[3];
    leaves_All all;
} content;

/* `number` of what there may be many of; `text` in all places. */
static void
fill(content *c, uint32_t number, acta_str text)
{
    *c = (content){ .label = { .text = text, .at = { true, { 5, 6 } } },
        .span = { 1, 2 },
        .deeps = { { kinds_Ability_fly, { 1, 2 } }, { kinds_Ability_dig, { 3, 4 } } },
        .reals = { 0.5, 1.5, 2.5 },
        .words = { text, S(""), text } };
    for (uint32_t i = 0; i < 3; i++)
        c->notes[i] = (kinds_inner_Note){ .text = text, .count = { true, (int16_t)i } };
    c->all = (leaves_All){ .title = text,
        .label = { .data = &c->label },
        .notes = { .data = c->notes, .count = number },
        .point = { true, { 8, 9 } },
        .any = { .type = leaves_Any_plain, .plain = text },
        .words = { .data = c->words, .count = number },
        .reals = { .data = c->reals, .count = number },
        .deeps = { .data = c->deeps, .count = 1 + number / 2 },
        .count = 9,
        .flag = true };
    if (number % 3 == 0) c->all.any = (leaves_Any){ .type = leaves_Any_Span, .Span = { .data = &c->span } };
    if (number % 3 == 1) c->all.any = (leaves_Any){ .type = leaves_Any_note, .note = { .data = &c->notes[0] } };
}

/* What is judged without a call is sound, and what is judged otherwise is judged as described. */
static void
judge(const uint8_t *bytes, size_t size, uint32_t *quick, uint32_t *refused)
{
    acta_bytes buffer = acta_bytes_from(values_guarded(acta_bytes_from(bytes, size)), size);
    acta_error error;
    acta_status status = acta_table_verify(&leaves_All_table, buffer, &error);

    assert_int_equal(leaves_All_verify(buffer, NULL), status);
    if (status == ACTA_OK) assert_true(official_accepts_leaves(buffer.data, size));
    if (status != ACTA_OK) (*refused)++;
    if (!leaves_All_quick(buffer)) return;
    assert_int_equal(status, ACTA_OK);
    (*quick)++;
}

static void
leaves_are_judged_without_a_call(void **state)
{
    static const size_t lengths[] = { 0, 7, 15, 16, 31, 32, 40 };
    static const uint32_t others[] = { 0, 1, 2, 4, 6, 8, 12, 16, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffc,
        UINT32_MAX };
    uint32_t quick = 0, refused = 0;
    content c;

    for (uint32_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        fill(&c, i % 4, acta_str_from("a text of some length, of which a part is taken", lengths[i]));
        acta_bytes sound = values_write(&leaves_All_table, &c.all, *state);
        uint8_t copy[1024];
        assert_true(sound.size <= sizeof copy);
        assert_true(leaves_All_quick(sound));
        memcpy(copy, sound.data, sound.size);
        for (size_t bit = 0; bit < sound.size * 8; bit++) {
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            judge(copy, sound.size, &quick, &refused);
            copy[bit / 8] = sound.data[bit / 8];
        }
        for (size_t at = 0; at + 4 <= sound.size; at += 2) {
            for (uint32_t k = 0; k < sizeof others / sizeof others[0]; k++) {
                memcpy(copy + at, &others[k], 4);
                judge(copy, sound.size, &quick, &refused);
            }
            memcpy(copy + at, sound.data + at, 4);
        }
        for (size_t size = 0; size < sound.size; size++)
            judge(sound.data, size, &quick, &refused);
    }
    assert_true(quick > 1000 && refused > 1000);
}

/* Letters that aren't ASCII, texts that are too long to be one of many, fields that aren't there: others judge them. */
static void
other_tables_are_left_to_others(void **state)
{
    static char letters[300];
    memset(letters, 'x', sizeof letters);
    acta_str long_one = acta_str_from(letters, 300), umlaut = S("Z\xc3\xbcrich"), other = acta_str_from(letters, 255);
    content c;

    for (uint32_t i = 0; i < 8; i++) {
        fill(&c, 1, S("text"));
        if (i == 1) c.all.title = long_one;
        if (i == 2) c.words[0] = c.notes[0].text = other;
        if (i == 3) c.all.title = umlaut;
        if (i == 4) c.label.text = long_one;
        if (i == 5) c.words[0] = umlaut;
        if (i == 6) c.all.flag = false;
        if (i == 7) c.label.at.is_set = false;
        acta_bytes bytes = values_write(&leaves_All_table, &c.all, *state);
        assert_int_equal(leaves_All_quick(bytes), i < 3);
        assert_int_equal(leaves_All_verify(bytes, NULL), ACTA_OK);
        assert_true(official_accepts_leaves(bytes.data, bytes.size));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(leaves_are_judged_without_a_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_tables_are_left_to_others, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("tables that lead to leaves", tests, NULL, NULL);
}
