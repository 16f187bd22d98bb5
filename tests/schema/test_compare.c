/*
 * Evolution: what a new schema may change and what not. Each case is two schemas in text, made binary by flatc.
 *
 *     schema-compare FLATC
 */
#include "compare_cases.h"

#define EVENT "table E (event: \"A\") "

/* -- cases -- */

static void
what_may_change_may_change(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { EVENT "{ a:int; }", EVENT "{ a:int; }" },
        { EVENT "{ a:int; }", EVENT "{ a:int; b:string; c:[long]; }" },
        { EVENT "{ a:int; b:string; }", EVENT "{ a:int (deprecated); b:string; }" },
        { EVENT "{ a:int (deprecated); b:string; }", EVENT "{ a:int; b:string; }" },
        { EVENT "{ a:string (required); }", EVENT "{ a:string; }" },
        { EVENT "{ a:int; b:int; }", EVENT "{ b:int (id: 1); a:int (id: 0); }" },
        { "enum C:byte { x, y } " EVENT "{ c:C; }", "enum C:byte { x, y, z } " EVENT "{ c:C; }" },
        { EVENT "{ a:int; }", EVENT "{ a:int; } table F (event: \"A\") { b:string (required); }" },
        { "table L { n:int; } " EVENT "{ l:[L]; }", "table L { n:int; m:int; } " EVENT "{ l:[L]; }" },
        /* nothing in the log holds these */
        { EVENT "{ a:int; } table S (state) { n:int; }", EVENT "{ a:int; } table S (state) { n:string; }" },
        { EVENT "{ a:int; } table S (state) { n:int; }", EVENT "{ a:int; }" },
        { EVENT "{ a:int; } table D (command: \"A\") { n:int; }", EVENT "{ a:int; }" },
        { EVENT "{ a:int; } table P { n:int; }", EVENT "{ a:int; } table P { n:string; }" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(cases[i][0], cases[i][1], "");
}

static void
fields_stay_where_and_what_they_are(void **state)
{
    (void)state;
    expect(EVENT "{ a:int; b:int; }", EVENT "{ a:int; }", "t.E.b is gone: mark it (deprecated) instead\n");
    expect(EVENT "{ a:int; b:string; }", EVENT "{ b:string; }",
        "t.E.a has its place taken by 'b': add new fields at the end, and rather than rename one, add one and mark the "
        "old one (deprecated)\nt.E.b is gone: mark it (deprecated) instead\n");
    expect(EVENT "{ a:int; }", EVENT "{ amount:int; }",
        "t.E.a has its place taken by 'amount': add new fields at the end, and rather than rename one, add one and "
        "mark "
        "the old one (deprecated)\n");
    expect(EVENT "{ a:int; }", EVENT "{ a:long; }",
        "t.E.a was int and is long: add a field for the new, and mark this one (deprecated)\n");
    expect(EVENT "{ a:[int]; }", EVENT "{ a:[string]; }",
        "t.E.a was [int] and is [string]: add a field for the new, and mark this one (deprecated)\n");
    expect("table L { n:int; } table M { n:int; } " EVENT "{ l:[L]; }",
        "table L { n:int; } table M { n:int; } " EVENT "{ l:[M]; }",
        "t.E.l was [t.L] and is [t.M]: add a field for the new, and mark this one (deprecated)\n");
    expect(EVENT "{ a:int; }", EVENT "{ a:int; b:string (required); }",
        "t.E.b is new and required: those in the log don't have it; leave out (required)\n");
    expect(EVENT "{ a:string; }", EVENT "{ a:string (required); }",
        "t.E.a is required now: there may be some without it in the log; keep it as it was\n");
}

static void
defaults_stay(void **state)
{
    (void)state;
    expect(EVENT "{ a:int = 1; }", EVENT "{ a:int = 2; }",
        "t.E.a had the default 1 and has 2: what was left out would change; keep the default\n");
    expect(EVENT "{ a:double = 1.5; }", EVENT "{ a:double; }",
        "t.E.a had the default 1.5 and has 0: what was left out would change; keep the default\n");
    expect(EVENT "{ a:int = null; }", EVENT "{ a:int; }",
        "t.E.a was optional (= null): absent ones would read otherwise; keep it as it was\n");
    expect(EVENT "{ a:int; }", EVENT "{ a:int = null; }",
        "t.E.a is optional (= null) now: absent ones would read otherwise; keep it as it was\n");
}

static void
values_of_enums_stay(void **state)
{
    (void)state;
    expect("enum C:byte { x, y } " EVENT "{ c:C; }", "enum C:byte { x } " EVENT "{ c:C; }",
        "t.C.y = 1 is gone: what has it is in the log; keep the value\n");
    expect("enum C:byte { x, y } " EVENT "{ c:C; }", "enum C:byte { x, z } " EVENT "{ c:C; }",
        "t.C.y = 1 is named 'z' now: keep the name, and give the new one a number of its own\n");
    expect("enum C:byte { x, y } " EVENT "{ c:C; }", "enum C:short { x, y } " EVENT "{ c:C; }",
        "t.E.c was t.C of byte and is t.C of short: add a field for the new, and mark this one (deprecated)\n");
}

static void
what_the_log_holds_stays(void **state)
{
    (void)state;
    expect(EVENT "{ a:int; } table F (event: \"A\") { n:int; }", EVENT "{ a:int; }",
        "t.F is gone: buffers with it are in the log; keep it\n");
    expect(EVENT "{ a:int; }", "table E (event: \"B\") { a:int; }",
        "t.E was an event of 'A': its streams are named so; keep that\n");
    expect("struct P { x:int; } " EVENT "{ p:P; }", "struct P { x:int; y:int; } " EVENT "{ p:P; }",
        "t.P was a struct of 4 bytes with 1 fields, aligned to 4, and has 8 bytes with 2 fields, aligned to 4: structs "
        "can't change; make a new one\n");
    expect("table L { n:int; k:L; } " EVENT "{ l:L; }", "table L { n:string; k:L; } " EVENT "{ l:L; }",
        "t.L.n was int and is string: add a field for the new, and mark this one (deprecated)\n"); /* once */
    expect("table L { n:int (key); } table R (read_model) { l:[L]; }",
        "table L { n:int; } table R (read_model) { l:[L]; }",
        "t.L.n was the key: what is sorted by it is stored; keep it as it was\n");
}

static void
unions_keep_their_members(void **state)
{
    (void)state;
    expect("table L { n:int; } table M { n:int; } union U { L, M } " EVENT "{ u:U; }",
        "table L { n:int; } table M { n:int; } union U { M, L } " EVENT "{ u:U; }",
        "t.U.L = 1 is named 'M' now: keep the name, and give the new one a number of its own\n"
        "t.U.M = 2 is named 'L' now: keep the name, and give the new one a number of its own\n");
    expect("table L { n:int; } union U { L } " EVENT "{ u:U; }",
        "table L { n:string; } union U { L } " EVENT "{ u:U; }",
        "t.L.n was int and is string: add a field for the new, and mark this one (deprecated)\n");
}

#define SECOND "table E (event: \"A\", version: 2) "

/* An event whose version is raised may be another altogether; of what it holds, only what others hold too stays. */
static void
a_raised_version_may_change_all(void **state)
{
    (void)state;
    expect(EVENT "{ a:int; }", SECOND "{ b:string (required); }", "");
    expect(SECOND "{ a:int; }", "table E (event: \"A\", version: 3) { a:string; }", "");
    expect("table L { n:int; } " EVENT "{ l:L; }", "table L { n:string; } " SECOND "{ l:L; }", "");
    expect(SECOND "{ a:int; }", SECOND "{ a:int; b:int; }", "");
    expect(SECOND "{ a:int; }", SECOND "{ a:long; }",
        "t.E.a was int and is long: add a field for the new, and mark this one (deprecated)\n");
    expect("table L { n:int; } " EVENT "{ l:L; } table F (event: \"A\") { l:L; }",
        "table L { n:string; } " SECOND "{ l:L; } table F (event: \"A\") { l:L; }",
        "t.L.n was int and is string: add a field for the new, and mark this one (deprecated)\n");
    expect(EVENT "{ a:int; }", "table E (event: \"B\", version: 2) { a:int; }",
        "t.E was an event of 'A': its streams are named so; keep that\n");
}

static void
versions_only_rise(void **state)
{
    (void)state;
    expect("table E (event: \"A\", version: 3) { a:int; }", SECOND "{ a:int; }",
        "t.E was version 3 and is version 2: versions only rise; write (version: 3)\n");
    expect(SECOND "{ a:int; }", EVENT "{ a:int; }",
        "t.E was version 2 and is version 1: versions only rise; write (version: 2)\n");
}

static void
note_gone(void *user, const acta_schema_change *change)
{
    bool *is_gone = user;
    *is_gone = change->is_gone;
}

/* One table alone, whatever the rest of both schemas is. */
static void
one_table_is_compared_alone(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes before = binary_of(EVENT "{ a:int; } table F (event: \"A\") { n:int; }", "before", memory);
    acta_bytes after = binary_of(SECOND "{ a:int; b:int; }", "after", memory);
    acta_str e = { "t.E", 3 }, f = { "t.F", 3 };
    bool is_gone = false;
    acta_error error;

    assert_int_equal(acta_schema_compare_table(before, after, e, NULL, NULL, &error), ACTA_OK);
    assert_int_equal(acta_schema_compare_table(after, before, e, NULL, NULL, &error), ACTA_SCHEMA_MISMATCH);
    assert_string_equal(error.where, "t.E.b");
    assert_int_equal(acta_schema_compare_table(before, after, f, NULL, NULL, &error), ACTA_NOT_FOUND);
    assert_int_equal(acta_schema_compare(before, after, note_gone, &is_gone, &error), ACTA_SCHEMA_MISMATCH);
    assert_true(is_gone);
    acta_memory_destroy(memory);
}

/* Cut anywhere, or with any byte another: refused, or compared, and never read outside. */
static void
damaged_schemas_are_refused(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes whole = binary_of("table L { n:int; } enum C:byte { x } " EVENT "{ a:[L]; c:C; }", "whole", memory);
    size_t refused = 0;
    acta_error error;

    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *cut = malloc(size + 1);
        memcpy(cut, whole.data, size);
        acta_status as_old = acta_schema_compare(acta_bytes_from(cut, size), whole, NULL, NULL, &error);
        acta_status as_new = acta_schema_compare(whole, acta_bytes_from(cut, size), NULL, NULL, NULL);
        refused += as_old == ACTA_CORRUPT && as_new == ACTA_CORRUPT;
        assert_int_equal(as_old, as_new); /* what flatc writes behind all that we know may be missing */
        free(cut);
    }
    assert_true(refused > whole.size / 2);
    for (size_t i = 0; i < whole.size * 8; i++) {
        uint8_t *flipped = malloc(whole.size);
        memcpy(flipped, whole.data, whole.size);
        flipped[i / 8] ^= (uint8_t)(1 << i % 8);
        acta_schema_compare(acta_bytes_from(flipped, whole.size), whole, NULL, NULL, NULL);
        acta_schema_compare(whole, acta_bytes_from(flipped, whole.size), NULL, NULL, NULL);
        free(flipped);
    }
    assert_int_equal(
        acta_schema_compare(acta_bytes_from("no schema at all", 16), whole, NULL, NULL, &error), ACTA_CORRUPT);
    assert_string_equal(error.text, "the old schema is no binary schema of flatc");
    acta_memory_destroy(memory);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_change_may_change),
        cmocka_unit_test(fields_stay_where_and_what_they_are),
        cmocka_unit_test(defaults_stay),
        cmocka_unit_test(values_of_enums_stay),
        cmocka_unit_test(what_the_log_holds_stays),
        cmocka_unit_test(unions_keep_their_members),
        cmocka_unit_test(a_raised_version_may_change_all),
        cmocka_unit_test(versions_only_rise),
        cmocka_unit_test(one_table_is_compared_alone),
        cmocka_unit_test(damaged_schemas_are_refused),
    };
    begin_comparisons(argc, argv);
    return end_comparisons(cmocka_run_group_tests(tests, NULL, NULL));
}
