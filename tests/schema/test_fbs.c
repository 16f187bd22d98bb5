/*
 * A binary schema back as text: what flatc makes of the text again is the same, table by table, for every kind of the
 * language; and of damaged ones nothing is believed.
 *
 *     schema-fbs FLATC
 */
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "acta/schema.h"

#include "kinds.acta.h"
#include "shop.acta.h"

enum { BINARY_MAX = 1 << 17 };

static char *flatc;
static char directory[] = "/tmp/acta-fbs-XXXXXX";

static acta_bytes
binary_of(acta_str text, acta_memory *memory)
{
    extern char **environ;
    char source[64], binary[64];
    int status;
    pid_t pid;

    snprintf(source, sizeof source, "%s/text.fbs", directory);
    snprintf(binary, sizeof binary, "%s/text.bfbs", directory);
    FILE *file = fopen(source, "w");
    assert_non_null(file);
    fprintf(file, ACTA_FMT, ACTA_ARG(text));
    assert_int_equal(fclose(file), 0);
    char *arguments[] = { flatc, (char[]){ "--binary" }, (char[]){ "--schema" }, (char[]){ "--bfbs-comments" },
        (char[]){ "--bfbs-builtins" }, (char[]){ "-o" }, directory, source, NULL };
    assert_int_equal(posix_spawn(&pid, flatc, NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0) fail_msg("flatc refuses: " ACTA_FMT, ACTA_ARG(text));

    uint8_t *bytes = acta_memory_alloc(memory, BINARY_MAX);
    file = fopen(binary, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, BINARY_MAX, file);
    fclose(file);
    unlink(source);
    unlink(binary);
    return acta_bytes_from(bytes, size);
}

static void
expect_same(acta_bytes before, acta_bytes after, acta_str table)
{
    acta_error error;

    if (acta_schema_compare_table(before, after, table, NULL, NULL, &error) != ACTA_OK)
        fail_msg(ACTA_FMT ": %s", ACTA_ARG(table), error.text);
}

static void
expect_tables_as_text(const acta_schema *schema)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_str text, again;
    acta_error error;

    for (uint32_t i = 0; i < schema->table_count; i++) {
        acta_str table = acta_str_of(schema->tables[i]->name);
        assert_int_equal(acta_schema_text(schema->binary, table, memory, &text, &error), ACTA_OK);
        assert_int_equal(text.data[text.size], '\0');
        acta_bytes made = binary_of(text, memory);
        expect_same(schema->binary, made, table);
        expect_same(made, schema->binary, table);
        assert_int_equal(acta_schema_text(made, table, memory, &again, &error), ACTA_OK);
        assert_string_equal(again.data, text.data); /* attributes and comments too */
        acta_memory_clear(memory);
    }
    acta_memory_destroy(memory);
}

static void
text_makes_the_same_tables_again(void **state)
{
    (void)state;

    assert_true(kinds_schema.table_count > 5 && shop_schema.table_count > 10);
    expect_tables_as_text(&kinds_schema);
    expect_tables_as_text(&shop_schema);
}

static void
text_reads_as_it_was_written(void **state)
{
    (void)state;
    static const char written[] = "attribute \"event\";\n"
                                  "attribute \"version\";\n"
                                  "attribute \"tag\";\n"
                                  "\nnamespace t;\n\n"
                                  "enum Kind : ubyte {\n    food = 1,\n    /// By rail.\n    travel = 3\n}\n"
                                  "\n/// What was paid.\n"
                                  "table Paid (event: \"Purse\", version: 2) {\n"
                                  "    purse_id:string (required, tag);\n"
                                  "    /// In cents.\n"
                                  "    amount:long = -5;\n"
                                  "    kind:t.Kind = travel;\n"
                                  "    rate:double = 0.5;\n"
                                  "    maybe:int = null;\n"
                                  "}\n";
    acta_memory *memory = acta_memory_create(NULL);
    acta_error error;
    acta_str text;

    acta_bytes binary = binary_of(acta_str_of(written), memory);
    assert_int_equal(acta_schema_text(binary, acta_str_of("t.Paid"), memory, &text, &error), ACTA_OK);
    assert_string_equal(text.data, written);
    assert_int_equal(acta_schema_text(binary, acta_str_of("t.Got"), memory, &text, &error), ACTA_NOT_FOUND);
    assert_string_equal(error.text, "the schema has no table 't.Got'");
    acta_memory_destroy(memory);
}

/* What acta's own attributes don't allow in events, others may have. */
static void
openapi_has_all_kinds(void **state)
{
    (void)state;
    static const char written[] = "namespace t;\n"
                                  "enum Flags : ubyte (bit_flags) { a, b }\n"
                                  "struct Two { pair:[short:2]; }\n"
                                  "table A { x:float; }\n"
                                  "union U { A, Other: A }\n"
                                  "/// Says \"so\".\n"
                                  "table T { u:U; flags:Flags; old:int (deprecated); two:Two; real:double = null;\n"
                                  "  bytes:[ubyte] (nested_flatbuffer: \"A\"); words:[string] (required); n:ulong; }\n";
    static const char expected[] =
        "{\"t.A\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"x\":{\"anyOf\":[{\"type\":"
        "\"number\"},{\"type\":\"string\",\"enum\":[\"nan\",\"inf\",\"-inf\"]}]}}},"
        "\"t.T\":{\"description\":\"Says "
        "\\\"so\\\".\",\"type\":\"object\",\"additionalProperties\":false,\"required\":["
        "\"words\"],\"properties\":{\"u_type\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]},\"u\":{"
        "\"$ref\":\"#/components/schemas/t.U\"},\"flags\":{\"$ref\":\"#/components/schemas/"
        "t.Flags\"},\"two\":{\"$ref\":"
        "\"#/components/schemas/t.Two\"},\"real\":{\"anyOf\":[{\"anyOf\":[{\"type\":\"number\"},{\"type\":\"string\","
        "\"enum\":[\"nan\",\"inf\",\"-inf\"]}]},{\"type\":\"integer\",\"nullable\":true,\"enum\":[null]}]},\"bytes\":{}"
        ","
        "\"words\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"n\":{\"type\":\"integer\",\"minimum\":0,"
        "\"maximum\":18446744073709551615}}},"
        "\"t.Two\":{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"pair\"],\"properties\":{"
        "\"pair\":{"
        "\"type\":\"array\",\"items\":{\"type\":\"integer\",\"minimum\":-32768,\"maximum\":32767},\"minItems\":2,"
        "\"maxItems\":2}}},"
        "\"t.Flags\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]},"
        "\"t.U\":{\"anyOf\":[{\"$ref\":\"#/components/schemas/t.A\"},{\"$ref\":\"#/components/schemas/t.A\"}]}}";
    acta_memory *memory = acta_memory_create(NULL);
    acta_error error;
    acta_str text;

    acta_bytes binary = binary_of(acta_str_of(written), memory);
    assert_int_equal(acta_schema_openapi(binary, memory, &text, &error), ACTA_OK);
    assert_string_equal(text.data, expected);
    acta_memory_destroy(memory);
}

static void
damaged_schemas_are_refused_or_written(void **state)
{
    (void)state;
    const acta_bytes whole = shop_schema.binary;
    acta_memory *memory = acta_memory_create(NULL);
    acta_str table = acta_str_of(shop_schema.tables[0]->name), text;
    size_t refused = 0;
    acta_error error;

    for (size_t at = 0; at < whole.size; at += 7) {
        uint8_t *damaged = malloc(whole.size); /* ends where the schema does, for sanitizers */
        memcpy(damaged, whole.data, whole.size);
        memset(damaged + at, 0xff, whole.size - at < 3 ? whole.size - at : 3);
        refused += acta_schema_text(acta_bytes_from(damaged, whole.size), table, memory, &text, &error) != ACTA_OK;
        refused += acta_schema_text(acta_bytes_from(damaged, at), table, memory, &text, &error) == ACTA_CORRUPT;
        refused += acta_schema_openapi(acta_bytes_from(damaged, at), memory, &text, &error) == ACTA_CORRUPT;
        acta_schema_openapi(
            acta_bytes_from(damaged, whole.size), memory, &text, &error); /* either: nothing is read outside */
        free(damaged);
        acta_memory_clear(memory);
    }
    assert_true(refused > 2 * (whole.size / 7));
    acta_memory_destroy(memory);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_makes_the_same_tables_again),
        cmocka_unit_test(text_reads_as_it_was_written),
        cmocka_unit_test(openapi_has_all_kinds),
        cmocka_unit_test(damaged_schemas_are_refused_or_written),
    };
    assert_int_equal(argc, 2);
    flatc = argv[1];
    assert_non_null(mkdtemp(directory));
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return result;
}
