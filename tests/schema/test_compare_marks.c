/*
 * Evolution: attributes, structs, unions and what else `flatc --conform` lets through. Each case says whether it goes, and
 * if not, what is said: the table, the field, and the way on.
 *
 *     schema-compare_marks FLATC
 */
#include "compare_cases.h"

#define EVENT   "table E (event: \"A\") "
#define COMMAND "table D (command: \"A\") "
#define ROW     "table R (read_model) "

static void
bytes_hold_what_they_held(void **state)
{
    (void)state;
    expect(EVENT "{ a:[ubyte]; }", EVENT "{ a:[ubyte] (flexbuffer); }",
        "t.E.a is to hold a FlexBuffer: bytes in the log may be none; add a field for it, and mark this one "
        "(deprecated)\n");
    expect(EVENT "{ a:[ubyte] (flexbuffer); }", EVENT "{ a:[ubyte]; }", "");
    expect("table L { n:int; } " EVENT "{ a:[ubyte]; }",
        "table L { n:int; } " EVENT "{ a:[ubyte] (nested_flatbuffer: \"L\"); }",
        "t.E.a is to hold a buffer of 'L': bytes in the log may be none; add a field for it, and mark this one "
        "(deprecated)\n");
    expect("table L { n:int; } " EVENT "{ a:[ubyte] (nested_flatbuffer: \"L\"); }",
        "table L { n:int; } " EVENT "{ a:[ubyte]; }", "");
    expect("table L { n:int; } table M { n:int; } " EVENT "{ a:[ubyte] (nested_flatbuffer: \"L\"); }",
        "table L { n:int; } table M { n:int; } " EVENT "{ a:[ubyte] (nested_flatbuffer: \"M\"); }",
        "t.E.a held a buffer of 't.L' and is to hold one of 't.M': add a field for the new, and mark this one "
        "(deprecated)\n");
    expect("table L { n:int; } " EVENT "{ a:[ubyte] (nested_flatbuffer: \"L\"); }",
        "table L { n:string; } " EVENT "{ a:[ubyte] (nested_flatbuffer: \"t.L\"); }",
        "t.L.n was int and is string: add a field for the new, and mark this one (deprecated)\n");
    expect("namespace o; table L { n:int; } namespace o.p; table E (event: \"A\") { a:[ubyte] (nested_flatbuffer: "
           "\"L\"); }",
        "namespace o; table L { m:int; } namespace o.p; table E (event: \"A\") { a:[ubyte] (nested_flatbuffer: \"L\"); "
        "}",
        "o.L.n has its place taken by 'm': add new fields at the end, and rather than rename one, add one and mark the "
        "old one (deprecated)\n");
}

static void
what_is_sealed_stays_sealed(void **state)
{
    (void)state;
    expect(EVENT "{ who:string (required); name:string; }",
        EVENT "{ who:string (required); name:string (personal: \"who\"); }", "");
    expect(EVENT "{ who:string (required); name:string (personal: \"who\"); }",
        EVENT "{ who:string (required); name:string; }",
        "t.E.name was personal: it is stored sealed, and would be read so; keep (personal: \"who\")\n");
    expect(EVENT "{ who:string (required); by:string (required); name:string (personal: \"who\"); }",
        EVENT "{ who:string (required); by:string (required); name:string (personal: \"by\"); }",
        "t.E.name was about 'who' and is about 'by': it is sealed with that one's key; keep (personal: \"who\")\n");
    expect("table L { who:string; name:string (personal: \"who\"); } " ROW "{ id:string (identity, required); l:[L]; }",
        "table L { who:string; name:string; } " ROW "{ id:string (identity, required); l:[L]; }",
        "t.L.name was personal: it is stored sealed, and would be read so; keep (personal: \"who\")\n");
    /* a state is made again */
    expect(EVENT "{ a:int; } table S (state) { who:string; name:string (personal: \"who\", unique); }",
        EVENT "{ a:int; } table S (state) { who:string; name:string; }", "");
}

static void
tags_keep_their_names(void **state)
{
    (void)state;
    expect(EVENT "{ a:string; }", EVENT "{ a:string (tag); }", "");
    expect(EVENT "{ a:string (tag); }", EVENT "{ a:string; }", "");
    expect(EVENT "{ a:string (tag); }", EVENT "{ a:string (tag: \"a\"); }", "");
    expect(EVENT "{ a:string (tag: \"one\"); }", EVENT "{ a:string (tag: \"other\"); }",
        "t.E.a had the tag 'one' and has 'other': what is in the log is found by the old one; keep it, or give the new "
        "one to a field of its own\n");
    expect(EVENT "{ a:string (tag); }", EVENT "{ a:string (tag: \"other\"); }",
        "t.E.a had the tag 'a' and has 'other': what is in the log is found by the old one; keep it, or give the new "
        "one to a field of its own\n");
}

static void
identities_are_for_ever(void **state)
{
    (void)state;
    expect(ROW "{ a:string (identity, required); b:string (required); }",
        ROW "{ a:string (required); b:string (identity, required); }",
        "t.R.a was the identity: rows are kept by it; make a new read model\n");
    expect(COMMAND "{ a:string (identity, required); b:string (required); }",
        COMMAND "{ a:string (required); b:string (identity, required); }",
        "t.D.a was the identity: what waits in an outbox goes by it; make a new command\n");
    expect(COMMAND "{ a:string (identity, required); }", "table D (command: \"B\") { a:string (identity, required); }",
        "t.D was a command of 'A': what waits in an outbox would go elsewhere; make a new command\n");
}

/* The streams of an aggregate are named once for all of its commands, whichever says so. */
static void
streams_keep_their_prefix(void **state)
{
    (void)state;
    expect(COMMAND "{ a:string (identity: \"a/\", required); }", COMMAND "{ a:string (identity: \"b/\", required); }",
        "A had streams named 'a/…' and is to have 'b/…': those in the log keep their names; write (identity: "
        "\"a/\")\n");
    expect(COMMAND "{ a:string (identity, required); }", COMMAND "{ a:string (identity: \"b/\", required); }",
        "A had streams named 'A-…' and is to have 'b/…': those in the log keep their names; write (identity: "
        "\"A-\")\n");
    expect(COMMAND
        "{ a:string (identity: \"a/\", required); } table F (command: \"A\") { a:string (identity, required); }",
        COMMAND "{ a:string (identity, required); } table F (command: \"A\") { a:string (identity, required); }",
        "A had streams named 'a/…' and is to have 'A-…': those in the log keep their names; write (identity: "
        "\"a/\")\n");
    expect(COMMAND "{ a:string (identity, required); }", COMMAND "{ a:string (identity: \"A-\", required); }", "");
    expect(COMMAND
        "{ a:string (identity: \"a/\", required); } table F (command: \"A\") { a:string (identity, required); }",
        "table F (command: \"A\") { a:string (identity: \"a/\", required); }", "");
    expect(
        COMMAND "{ a:string (identity: \"a/\", required); }", EVENT "{ a:int; }", ""); /* no such aggregate any more */
}

static void
what_is_only_shown_or_asked_may_change(void **state)
{
    (void)state;
    expect(EVENT "{ a:string; }", EVENT "{ a:string (redacted); }", "");
    expect(EVENT "{ a:string (redacted); }", EVENT "{ a:string; }", "");
    expect(ROW "{ a:string (identity, required); b:string; }",
        ROW "{ a:string (identity, required); b:string (index); }", "");
    expect(ROW "{ a:string (identity, required); b:string (index); }",
        ROW "{ a:string (identity, required); b:string; }", "");
    expect(EVENT "{ a:int; } file_identifier \"ABCD\"; root_type E;", EVENT "{ a:int; } file_identifier \"EFGH\";", "");
    expect(EVENT "{ a:[float]; }", EVENT "{ a:[float] (force_align: 16); }", "");
    expect(EVENT "{ a:[float] (force_align: 16); }", EVENT "{ a:[float]; }", "");
}

static void
rejections_keep_their_numbers(void **state)
{
    (void)state;
    expect("enum J:ushort (rejection) { one = 1, two } " EVENT "{ a:int; }",
        "enum J:ushort (rejection) { one = 1, two, three } " EVENT "{ a:int; }", "");
    expect("enum J:ushort (rejection) { one = 1, two } " EVENT "{ a:int; }",
        "enum J:ushort (rejection) { two = 1, one } " EVENT "{ a:int; }",
        "t.J.one = 1 is named 'two' now: keep the name, and give the new one a number of its own\n"
        "t.J.two = 2 is named 'one' now: keep the name, and give the new one a number of its own\n");
    expect("enum J:ushort (rejection) { one = 1, two } " EVENT "{ a:int; }",
        "enum K:ushort (rejection) { one = 1 } " EVENT "{ a:int; }",
        "t.J.two = 2 is gone: what has it is in the log; keep the value\n");
    expect("enum J:ushort (rejection) { one = 1 } " EVENT "{ a:int; }", EVENT "{ a:int; }",
        "t.J is gone: outcomes that are kept have its values; keep it\n");
}

static void
structs_are_what_they_were(void **state)
{
    (void)state;
    expect("struct P { x:int; y:int; } " EVENT "{ p:P; }", "struct P { y:int; x:int; } " EVENT "{ p:P; }",
        "t.P.x has its place taken by 'y': structs can't change; make a new one\n"
        "t.P.y has its place taken by 'x': structs can't change; make a new one\n");
    expect("struct P { x:int; y:int; } " EVENT "{ p:[P]; }", "struct P { x:int; y:float; } " EVENT "{ p:[P]; }",
        "t.P.y was int and is float: structs can't change; make a new one\n");
    expect("struct P { x:int; y:int; } " EVENT "{ p:P; }",
        "struct P (force_align: 8) { x:int; y:int; } " EVENT "{ p:P; }",
        "t.P was a struct of 8 bytes with 2 fields, aligned to 4, and has 8 bytes with 2 fields, aligned to 8: structs "
        "can't change; make a new one\n");
    expect("struct P { x:[int:2]; } " EVENT "{ p:P; }", "struct P { x:[int:3]; } " EVENT "{ p:P; }",
        "t.P was a struct of 8 bytes with 1 fields, aligned to 4, and has 12 bytes with 1 fields, aligned to 4: "
        "structs "
        "can't change; make a new one\n"
        "t.P.x was [int:2] and is [int:3]: structs can't change; make a new one\n");
    expect("struct P { x:int; } " EVENT "{ p:P; }", "table P { x:int; } " EVENT "{ p:P; }",
        "t.P was a struct and is a table: make a new one\n");
    expect("struct Q { z:int; } struct P { q:Q; } " EVENT "{ p:P; }",
        "struct Q { z:uint; } struct P { q:Q; } " EVENT "{ p:P; }",
        "t.Q.z was int and is uint: structs can't change; make a new one\n");
}

static void
members_of_unions_stay(void **state)
{
    (void)state;
    static const char tables[] = "table L { n:int; } table M { n:int; } struct P { x:int; } ";
    char before[512], after[512];
    static const char *const cases[][3] = {
        { "union U { L, M }", "union U { L, M, P }", "" },
        { "union U { L, M }", "union U { L }", "t.U.M = 2 is gone: what has it is in the log; keep the value\n" },
        { "union U { L }", "union U { one:L }",
            "t.U.L = 1 is named 'one' now: keep the name, and give the new one a number of its own\n" },
        { "union U { one:L }", "union U { one:M }",
            "t.U.one was t.L and is t.M: add a field for the new, and mark this one (deprecated)\n" },
        { "union U { one:L }", "union U { one:string }",
            "t.U.one was t.L and is string: add a field for the new, and mark this one (deprecated)\n" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(before, sizeof before, "%s%s " EVENT "{ u:U; v:[U]; }", tables, cases[i][0]);
        snprintf(after, sizeof after, "%s%s " EVENT "{ u:U; v:[U]; }", tables, cases[i][1]);
        expect(before, after, cases[i][2]);
    }
}

static void
flags_and_values_of_enums_stay(void **state)
{
    (void)state;
    expect("enum C:ubyte (bit_flags) { x, y } " EVENT "{ c:C; }", "enum C:ubyte { x, y } " EVENT "{ c:C = y; }",
        "t.C.x = 1 is named 'y' now: keep the name, and give the new one a number of its own\n"
        "t.C.y = 2 is gone: what has it is in the log; keep the value\n"
        "t.E.c had the default 0 and has 1: what was left out would change; keep the default\n");
    expect("enum C:ubyte (bit_flags) { x, y } " EVENT "{ c:C; }",
        "enum C:ubyte (bit_flags) { x, y, z } " EVENT "{ c:C; }", "");
    expect("enum C:ubyte { x = 1, y = 2 } " EVENT "{ c:[C]; }", "enum C:ubyte { x = 1, y = 3 } " EVENT "{ c:[C]; }",
        "t.C.y = 2 is gone: what has it is in the log; keep the value\n");
    expect("enum C:ubyte { x = 1, y = 2 } " EVENT "{ c:C = x; }", "enum C:ubyte { x = 1, y = 2 } " EVENT "{ c:C = y; }",
        "t.E.c had the default 1 and has 2: what was left out would change; keep the default\n");
    expect("enum C:ubyte { x, y } " EVENT "{ c:C; }", EVENT "{ c:ubyte; }",
        "t.E.c was t.C of ubyte and is ubyte: add a field for the new, and mark this one (deprecated)\n");
}

static void
fields_keep_their_ids_and_what_was_required_of_them(void **state)
{
    (void)state;
    expect(EVENT "{ a:int (id: 0); b:int (id: 1); }", EVENT "{ a:int (id: 1); b:int (id: 0); }",
        "t.E.a has its place taken by 'b': add new fields at the end, and rather than rename one, add one and mark the "
        "old one (deprecated)\n"
        "t.E.b has its place taken by 'a': add new fields at the end, and rather than rename one, add one and mark the "
        "old one (deprecated)\n");
    expect("table L { k:string (key); n:int; } " EVENT "{ l:[L]; }",
        "table L { k:string; n:int (key); } " EVENT "{ l:[L]; }",
        "t.L.k was the key: what is sorted by it is stored; keep it as it was\n"
        "t.L.n is the key now: what is sorted by it is stored; keep it as it was\n");
    expect("table L { n:int; } " EVENT "{ l:L; }", "table L { n:int; s:string (required); } " EVENT "{ l:L; }",
        "t.L.s is new and required: those in the log don't have it; leave out (required)\n");
    expect(EVENT "{ a:string; b:int; }", EVENT "{ a:long (deprecated); b:int; }",
        "t.E.a was string and is long: add a field for the new, and mark this one (deprecated)\n");
    expect("namespace u; " EVENT "{ a:int; }", "namespace v; " EVENT "{ a:int; }",
        "u.E is gone: buffers with it are in the log; keep it\n");
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_hold_what_they_held),
        cmocka_unit_test(what_is_sealed_stays_sealed),
        cmocka_unit_test(tags_keep_their_names),
        cmocka_unit_test(identities_are_for_ever),
        cmocka_unit_test(streams_keep_their_prefix),
        cmocka_unit_test(what_is_only_shown_or_asked_may_change),
        cmocka_unit_test(rejections_keep_their_numbers),
        cmocka_unit_test(structs_are_what_they_were),
        cmocka_unit_test(members_of_unions_stay),
        cmocka_unit_test(flags_and_values_of_enums_stay),
        cmocka_unit_test(fields_keep_their_ids_and_what_was_required_of_them),
    };
    begin_comparisons(argc, argv);
    return end_comparisons(cmocka_run_group_tests(tests, NULL, NULL));
}
