/*
 * JSON into unions, vectors of unions, structs, fixed arrays, buffers in buffers and FlexBuffers: in any order of members,
 * the same as flatc reads and writes, and what is wrong is named with the path of the field.
 *
 *     schema-json-unions FLATC pay.fbs
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
#include "pay.acta.h"
#include "values.h"

static char *flatc, *schema_file;

static acta_bytes
parsed(const acta_table *table, const char *json, acta_memory *memory)
{
    acta_bytes buffer = { NULL, 0 };
    acta_error error;

    if (acta_json_parse(table, S(json), memory, &buffer, &error) != ACTA_OK) fail_msg("%s: %s", json, error.text);
    return buffer;
}

static void
refuses(const char *json, const char *where, const char *expected)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes buffer = { NULL, 0 };
    acta_error error = { .text = "" };

    acta_status status = acta_json_parse(&pay_Bill_table, S(json), memory, &buffer, &error);
    if (strcmp(error.text, expected) != 0) fprintf(stderr, "of %s\n", json);
    assert_string_equal(error.text, expected);
    assert_string_equal(error.where, where);
    assert_int_equal(status, ACTA_INVALID);
    assert_null(buffer.data);
    assert_int_equal(acta_memory_used(memory), 0);
    assert_int_equal(acta_json_parse(&pay_Bill_table, S(json), memory, &buffer, NULL), ACTA_INVALID);
    acta_memory_destroy(memory);
}

/* -- what is read -- */

static void
prints(const char *json, const char *expected)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_error error;
    acta_str text;

    if (acta_json_print(&pay_Bill_table, parsed(&pay_Bill_table, json, memory), memory, &text, &error) != ACTA_OK)
        fail_msg("%s: %s", json, error.text);
    if (strstr(text.data, expected) == NULL) fail_msg("%s: %s", json, text.data);
    acta_memory_destroy(memory);
}

static void
a_union_is_read_wherever_its_type_stands(void **state)
{
    (void)state;
    static const char card[] = "\"payment_type\": \"Card\",\"payment\": {\"number\": \"7\",\"rights\": \"read share\",";

    prints("{\"payment_type\":\"Card\",\"payment\":{\"number\":\"7\",\"rights\":\"read share\"}}", card);
    prints("{\"payment\":{\"rights\":\"read share\",\"number\":\"7\"},\"payment_type\":\"Card\"}", card);
    prints("{\"payment_type\":1,\"payment\":{\"number\":\"7\",\"rights\":5}}", card);
    prints(
        "{\"payment_type\":\"note\",\"payment\":\"by post\"}", "\"payment_type\": \"note\",\"payment\": \"by post\"");
    prints("{\"payment_type\":\"Span\",\"payment\":{\"from\":1,\"to\":2,\"marks\":[1,2,3]}}",
        "\"payment\": {\"from\": 1,\"to\": 2,\"marks\": [1,2,3]}");
    prints("{\"payment_type\":\"NONE\"}", "\"payment_type\": \"NONE\"");
    /* the type of the one isn't taken for the other's */
    prints("{\"second_type\":\"Cash\",\"second\":{\"amount\":5},\"payment_type\":\"note\",\"payment\":\"x\"}",
        "\"payment_type\": \"note\",\"payment\": \"x\",\"second_type\": \"Cash\",\"second\": {\"amount\": 5,");
    prints("{\"second\":{\"amount\":5},\"payment\":\"x\",\"second_type\":\"Cash\",\"payment_type\":\"note\"}",
        "\"payment_type\": \"note\",\"payment\": \"x\",\"second_type\": \"Cash\",\"second\": {\"amount\": 5,");
    prints("{\"second_type\":\"Card\",\"second\":{\"fallback\":\"deep\",\"number\":\"1\",\"fallback_type\":\"note\"},"
           "\"payment_type\":\"note\",\"payment\":\"x\"}",
        "\"fallback_type\": \"note\",\"fallback\": \"deep\"");
}

static void
a_list_of_unions_is_read_wherever_its_types_stand(void **state)
{
    (void)state;
    static const char both[] =
        "\"parts_type\": [\"note\",\"Cash\",\"note\"],\"parts\": [\"a\",{\"amount\": 2,\"currency\": "
        "\"usd\"},\"b\"],\"more_type\": [\"Cash\"],\"more\": [{\"amount\": 3,";

    prints("{\"parts_type\":[\"note\",\"Cash\",\"note\"],\"parts\":[\"a\",{\"amount\":2,\"currency\":\"usd\"},\"b\"],"
           "\"more_type\":[\"Cash\"],\"more\":[{\"amount\":3}]}",
        both);
    prints("{\"more\":[{\"amount\":3}], \"parts\":[\"a\", {\"currency\":\"usd\",\"amount\":2}, \"b\"],\n"
           "\"parts_type\":[\"note\", 2, \"note\"] , \"more_type\" : [\"Cash\"]}",
        both);
    prints("{\"parts_type\":[],\"parts\":[]}", "\"parts_type\": [],\"parts\": []");
    prints("{\"parts\":[{\"fallback\":{\"amount\":9},\"number\":\"1\",\"fallback_type\":\"Cash\"}],\"parts_type\":["
           "\"Card\"]}",
        "\"fallback_type\": \"Cash\",\"fallback\": {\"amount\": 9,");
}

static void
bytes_are_read_as_what_they_hold(void **state)
{
    (void)state;
    prints("{\"letter\":{\"seal\":{\"amount\":1},\"text\":\"dear\",\"seal_type\":\"Cash\"}}",
        "\"letter\": {\"text\": \"dear\",\"seal_type\": \"Cash\",\"seal\": {\"amount\": 1,");
    prints("{\"extra\":{\"any\":[1,2.5,\"x\",null,{\"deep\":true}]}}",
        "\"any\": [ 1, 2.5, \"x\", null, { \"deep\": true } ]");
    prints("{\"limit\":-5,\"currency\":\"eur\"}", "\"limit\": -5,\"currency\": \"eur\"");
    prints("{\"limit\":null,\"currency\":null}", "\"limit\": null,\"currency\": null");
    prints("{\"rights\":\"write read\",\"many\":[\"usd\",0,\"eur\"],\"flags\":[true,false,1,0]}",
        "\"rights\": \"read write\",\"many\": [\"usd\",\"none\",\"eur\"],\"flags\": [true,false,true,false]");
}

/* -- what is refused -- */

static void
unions_without_their_other_half_are_refused(void **state)
{
    (void)state;
#define MEMBERS "one of Card, Cash, Span, note"
    refuses("{\"payment\":{\"number\":\"7\"}}", "payment",
        "line 1, column 12: payment needs its type: add 'payment_type', " MEMBERS);
    refuses("{\"payment_type\":\"Card\"}", "payment_type",
        "line 1, column 17: payment_type is \"Card\", but there is no 'payment'");
    refuses("{\"payment_type\":\"NONE\",\"payment\":{}}", "payment",
        "line 1, column 34: payment has a value, but payment_type says that there is none");
    refuses("{\"payment_type\":\"Visa\",\"payment\":{}}", "payment_type",
        "line 1, column 17: payment_type must be " MEMBERS ", not \"Visa\"");
    refuses("{\"payment_type\":9,\"payment\":{}}", "payment_type",
        "line 1, column 17: payment_type must be " MEMBERS ", not 9");
    refuses("{\"parts\":[\"a\"]}", "parts", "line 1, column 10: parts needs its type: add 'parts_type', " MEMBERS);
    refuses("{\"parts_type\":[\"note\"]}", "parts_type",
        "line 1, column 15: parts_type has 1 types, but there is no 'parts'");
    refuses("{\"parts_type\":[\"note\",\"note\"],\"parts\":[\"a\"]}", "parts",
        "line 1, column 39: parts has 1 values, and parts_type has 2: each value needs its type");
    refuses("{\"parts_type\":[\"note\",\"NONE\"],\"parts\":[\"a\",{}]}", "parts_type[1]",
        "line 1, column 23: parts_type[1] must be " MEMBERS ", not \"NONE\"");
    refuses("{\"parts_type\":[\"note\",200],\"parts\":[\"a\",{}]}", "parts_type[1]",
        "line 1, column 23: parts_type[1] must be " MEMBERS ", not 200");
}

static void
wrong_values_in_unions_are_named_with_their_path(void **state)
{
    (void)state;
    refuses("{\"payment\":{\"number\":5},\"payment_type\":\"Card\"}", "payment.number",
        "line 1, column 22: payment.number must be a string in quotes, not 5");
    refuses("{\"payment\":{\"rights\":\"read\"},\n\"payment_type\":\"Card\"}", "payment.number",
        "line 1, column 28: required field 'number' of pay.Card in payment is missing");
    refuses("{\"payment_type\":\"note\",\"payment\":{}}", "payment",
        "line 1, column 34: payment must be a string in quotes, as its type says, not {");
    refuses("{\"payment_type\":\"Cash\",\"payment\":\"ten\"}", "payment",
        "line 1, column 34: payment must be an object in { }, as its type says, not \"ten\"");
    refuses("{\"second\":{\"amount\":\"ten\"},\"payment\":\"x\",\"second_type\":\"Cash\",\"payment_type\":\"note\"}",
        "second.amount",
        "line 1, column 21: second.amount must be a whole number from -9223372036854775808 to 9223372036854775807, not "
        "\"ten\"");
    refuses("{\"parts_type\":[\"note\",\"Cash\"],\"parts\":[\"a\",{\"amuont\":1}]}", "parts[1].amuont",
        "line 1, column 45: unknown field 'amuont' of pay.Cash in parts[1]; it has amount, currency");
    refuses(
        "{\"parts\":[{\"number\":\"1\"},{\"number\":\"2\",\"fallback\":{\"amount\":true},\"fallback_type\":\"Cash\"}],"
        "\"parts_type\":[\"Card\",\"Card\"]}",
        "parts[1].fallback.amount",
        "line 1, column 61: parts[1].fallback.amount must be a whole number from -9223372036854775808 to "
        "9223372036854775807, not true");
    refuses("{\"lines\":[{\"sku\":\"a\"},{\"sku\":\"b\"},{\"count\":2}]}", "lines[2].sku",
        "line 1, column 46: required field 'sku' of pay.Line in lines[2] is missing");
}

static void
structs_arrays_and_buffers_are_named_with_their_path(void **state)
{
    (void)state;
    refuses("{\"span\":{\"from\":1,\"to\":2}}", "span",
        "line 1, column 9: field 'marks' of the struct pay.Span in span is missing: structs have all of them");
    refuses("{\"spans\":[{\"from\":1,\"to\":2,\"marks\":[1,2]}]}", "spans[0].marks",
        "line 1, column 36: spans[0].marks must have 3 items");
    refuses("{\"spans\":[{\"from\":1,\"to\":2,\"marks\":[1,2,999]}]}", "spans[0].marks[2]",
        "line 1, column 41: spans[0].marks[2] must be a whole number from 0 to 255, not 999");
    refuses(
        "{\"letter\":{\"text\":5}}", "letter.text", "line 1, column 19: letter.text must be a string in quotes, not 5");
    refuses("{\"lines\":[],\n\"letter\":{\n\"txet\":\"x\"}}", "letter.txet",
        "line 3, column 1: unknown field 'txet' of pay.Letter in letter; it has text, seal");
    refuses("{\"letter\":{\"text\":\"x\",\"seal_type\":\"Card\",\"seal\":{}}}", "letter.seal.number",
        "line 1, column 51: required field 'number' of pay.Card in letter.seal is missing");
    refuses("{\"letter\":[1,2,3]}", "letter", "line 1, column 11: letter must be an object in { }, not [");
    refuses("{\"lines\":[{\"sku\":\"a\",\"gift\":2}]}", "lines[0].gift",
        "line 1, column 29: lines[0].gift must be true or false, not 2");
    refuses("{\"flags\":[true,7]}", "flags[1]", "line 1, column 16: flags[1] must be true or false, not 7");
    refuses("{\"rights\":\"read wirte\"}", "rights",
        "line 1, column 11: rights must be a name of its enum, not \"read wirte\"");
    refuses("{\"many\":[\"eur\",\"chf\"]}", "many[1]",
        "line 1, column 16: many[1] must be a whole number from 0 to 255, not \"chf\"");
    refuses("{\"limit\":1.5}", "limit",
        "line 1, column 10: limit must be a whole number from -9223372036854775808 to 9223372036854775807, not 1.5");
}

/* -- any order -- */

typedef struct shuffler {
    values_random *random;
    acta_memory *memory;
} shuffler;

static const char *
behind(const char *at)
{
    int open = 0;

    do {
        if (*at == '"') {
            for (at++; *at != '"'; at++)
                at += *at == '\\';
            at++;
            continue;
        }
        open += (*at == '{') + (*at == '[') - (*at == '}') - (*at == ']');
        at++;
    } while (open > 0 || (*at != ',' && *at != '}' && *at != ']' && *at != '\0'));
    return at;
}

/* A value as our printer writes it, with the members of all objects in another order. */
static acta_str
shuffled(shuffler *s, const char *from, const char *to)
{
    enum { PART_MAX = 512 };
    acta_str parts[PART_MAX];
    char *out = acta_memory_alloc(s->memory, (size_t)(to - from) + 1);
    size_t count = 0, size = 1;

    memcpy(out, from, (size_t)(to - from));
    if ((*from != '{' && *from != '[') || to - from == 2) return acta_str_from(out, (size_t)(to - from));
    for (const char *at = from + 1; at < to - 1; at++) {
        const char *value = at, *end;
        while (*value == ' ')
            value++;
        at = value;
        if (*from == '{') value = strchr(value + 1, '"') + 2; /* our keys have no escapes */
        while (*value == ' ')
            value++;
        end = behind(value);
        acta_str inner = shuffled(s, value, end);
        char *part = acta_memory_alloc(s->memory, (size_t)(end - at) + 1);
        memcpy(part, at, (size_t)(value - at));
        memcpy(part + (value - at), inner.data, inner.size);
        assert_true(count < PART_MAX);
        parts[count++] = acta_str_from(part, (size_t)(end - at));
        at = end;
    }
    for (size_t i = count; *from == '{' && i > 1; i--) {
        size_t other = values_next(s->random) % i;
        acta_str part = parts[i - 1];
        parts[i - 1] = parts[other];
        parts[other] = part;
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0) out[size++] = ',';
        memcpy(out + size, parts[i].data, parts[i].size);
        size += parts[i].size;
    }
    out[size++] = *from == '{' ? '}' : ']';
    return acta_str_from(out, size);
}

static void
any_order_of_members_is_read_alike(void **state)
{
    (void)state;
    static const acta_table *const tables[] = { &kinds_Unions_table, &kinds_Circle_table, &kinds_Vectors_table,
        &kinds_All_table, &pay_Card_table };
    values_random random = { 0x9E3779B97F4A7C15 }; /* one seed: each run is the same */
    const char *seed = getenv("ACTA_TEST_SEED");
    size_t moved = 0;

    if (seed != NULL && strtoull(seed, NULL, 10) != 0) random.state = strtoull(seed, NULL, 10);
    for (uint32_t i = 0; i < 600; i++) {
        const acta_table *table = tables[i % 5];
        acta_memory *memory = acta_memory_create(NULL);
        void *value = acta_memory_alloc(memory, table->struct_size);
        acta_str text, again;
        acta_bytes buffer;
        acta_error error;

        values_fill(&random, table, value, memory, 3);
        if (acta_json_print(table, values_write(table, value, memory), memory, &text, &error) != ACTA_OK)
            fail_msg("%s", error.text);
        shuffler s = { &random, memory };
        acta_str other = shuffled(&s, text.data, text.data + text.size);
        moved += !acta_str_equal(other, text);
        if (acta_json_parse(table, other, memory, &buffer, &error) != ACTA_OK)
            fail_msg("%s\n" ACTA_FMT "\nof " ACTA_FMT, error.text, ACTA_ARG(other), ACTA_ARG(text));
        if (acta_json_print(table, buffer, memory, &again, &error) != ACTA_OK) fail_msg("%s", error.text);
        assert_string_equal(again.data, text.data);
        acta_memory_destroy(memory);
    }
    assert_true(moved > 300);
}

/* -- hostile text -- */

static const char whole[] =
    "{\"second\":{\"fallback\":{\"amount\":2},\"number\":\"a\\\"\",\"fallback_type\":\"Cash\"},\"second_type\":"
    "\"Card\","
    "\"parts\":[\"a\",{\"from\":1,\"to\":2,\"marks\":[1,2,3]}],\"parts_type\":[\"note\",\"Span\"],\"payment\":\"x\","
    "\"letter\":{\"text\":\"t\"},\"extra\":[1],\"payment_type\":\"note\"}";

static void
text_cut_anywhere_is_refused_without_reading_on(void **state)
{
    (void)state;
    acta_error error;

    for (size_t size = 0; size < sizeof whole; size++) {
        acta_memory *memory = acta_memory_create(NULL);
        acta_bytes buffer;
        const uint8_t *cut = values_guarded(acta_bytes_from(whole, size < sizeof whole - 1 ? size : sizeof whole - 1));
        acta_status status = acta_json_parse(&pay_Bill_table, acta_str_from(cut, size), memory, &buffer, &error);
        assert_int_equal(status, size < sizeof whole - 1 ? ACTA_INVALID : ACTA_OK);
        if (status != ACTA_OK) assert_true(strlen(error.text) > 10);
        acta_memory_destroy(memory);
    }
}

static void
text_with_any_byte_changed_is_read_or_refused(void **state)
{
    (void)state;
    static const char bytes[] = "{}[]:,\"\\ 0n\n";
    size_t read = 0, refused = 0;
    acta_error error;

    for (size_t at = 0; at + 1 < sizeof whole; at++) {
        for (size_t i = 0; i + 1 < sizeof bytes; i++) {
            acta_memory *memory = acta_memory_create(NULL);
            char changed[sizeof whole];
            acta_bytes buffer;

            memcpy(changed, whole, sizeof whole);
            changed[at] = bytes[i];
            const uint8_t *text = values_guarded(acta_bytes_from(changed, sizeof whole - 1));
            acta_status status =
                acta_json_parse(&pay_Bill_table, acta_str_from(text, sizeof whole - 1), memory, &buffer, &error);
            read += status == ACTA_OK;
            refused += status == ACTA_INVALID;
            acta_memory_destroy(memory);
        }
    }
    assert_int_equal(read + refused, (sizeof whole - 1) * (sizeof bytes - 1));
    assert_true(read > 50 && refused > 500);
}

/* A long list costs a walk or a few, and not one for each item; a deep text ends where buffers end. */
static void
long_and_deep_texts_are_walked_once(void **state)
{
    (void)state;
    enum { ITEMS = 20000, DEEP = 3000 };
    acta_memory *memory = acta_memory_create(NULL);
    char *text = acta_memory_alloc(memory, ITEMS * 16 + 100), *at = text;
    acta_bytes buffer;
    acta_error error;
    pay_Bill bill;

    at += sprintf(at, "{\"parts\":[\"x\"");
    for (int i = 1; i < ITEMS; i++)
        at += sprintf(at, ",\"x\"");
    at += sprintf(at, "],\"parts_type\":[4");
    for (int i = 1; i < ITEMS; i++)
        at += sprintf(at, ",4");
    sprintf(at, "]}");
    pay_Bill_decode(parsed(&pay_Bill_table, text, memory), &bill);
    assert_int_equal(bill.parts.count, ITEMS);
    at = text;
    for (int i = 0; i < DEEP; i++)
        at += sprintf(at, "{\"fallback\":");
    assert_int_equal(acta_json_parse(&pay_Card_table, S(text), memory, &buffer, &error), ACTA_INVALID);
    acta_memory_destroy(memory);
}

/* -- flatc itself -- */

static void
run(char *const arguments[])
{
    extern char **environ;
    int status;
    pid_t pid;

    assert_int_equal(posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void
put_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static acta_bytes
get_file(const char *path, acta_memory *memory)
{
    enum { SIZE_MAX_HERE = 1 << 16 };
    uint8_t *bytes = acta_memory_alloc(memory, SIZE_MAX_HERE);
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    size_t size = fread(bytes, 1, SIZE_MAX_HERE, file);
    fclose(file);
    unlink(path);
    return acta_bytes_from(bytes, size);
}

/* What flatc makes of our text is what we make of it. (`flatc --json` of this version refuses vectors of unions.) */
static void
flatc_reads_what_is_printed(void **state)
{
    (void)state;
    char directory[] = "/tmp/acta-json-XXXXXX", binary[64], text[64];
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes made;
    acta_error error;
    acta_str printed, theirs;

    assert_int_equal(
        acta_json_print(&pay_Bill_table, parsed(&pay_Bill_table, whole, memory), memory, &printed, &error), ACTA_OK);
    assert_non_null(mkdtemp(directory));
    snprintf(binary, sizeof binary, "%s/bill.bin", directory);
    snprintf(text, sizeof text, "%s/bill.json", directory);
    put_file(text, printed.data, printed.size);
    run((char *[]){ flatc, (char[]){ "--binary" }, (char[]){ "-o" }, directory, schema_file, text, NULL });
    made = get_file(binary, memory);
    assert_int_equal(pay_Bill_verify(made, &error), ACTA_OK);
    assert_int_equal(acta_json_print(&pay_Bill_table, made, memory, &theirs, &error), ACTA_OK);
    assert_string_equal(printed.data, theirs.data);
    unlink(text);
    rmdir(directory);
    acta_memory_destroy(memory);
}

/* -- by a schema alone -- */

static void
refuse_by_schema(const char *table, acta_str text, acta_status status, const char *said)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes buffer;
    acta_error error;

    assert_int_equal(acta_schema_parse(pay_Bill_table.schema->binary, S(table), text, memory, &buffer, &error), status);
    if (strstr(error.text, said) == NULL) fail_msg("'%s' without '%s'", error.text, said);
    acta_memory_destroy(memory);
}

static void
a_schema_alone_reads_what_has_no_unions(void **state)
{
    (void)state;
    const acta_str json = S("{\"sku\": \"12\\u00e9 \\\\u0000\"}");
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes buffer, binary = pay_Line_table.schema->binary;
    acta_str text;
    acta_error error;

    for (int i = 0; i < 2; i++) { /* the parser is kept */
        assert_int_equal(ACTA_OK, acta_schema_parse(binary, S("pay.Line"), json, memory, &buffer, &error));
        assert_int_equal(ACTA_OK, pay_Line_table.verify(buffer, &error));
        assert_int_equal(ACTA_OK, acta_json_print(&pay_Line_table, buffer, memory, &text, &error));
        assert_non_null(strstr(text.data, "\"sku\": \"12é \\\\u0000\",\"count\": 1"));
    }
    acta_memory_destroy(memory);
    refuse_by_schema("pay.Line", S("{\"suk\": \"12\"}"), ACTA_INVALID, "JSON of pay.Line: line 1, column ");
    refuse_by_schema("pay.Line", S("{\"sku\":\n 12,}"), ACTA_INVALID, "JSON of pay.Line: line 2, column ");
    refuse_by_schema("pay.Line", S("{}"), ACTA_INVALID, "required");
    refuse_by_schema("pay.Line", S("{\"sku\": \"1\\u00002\"}"), ACTA_INVALID, "there is a NUL in it");
    refuse_by_schema("pay.Line", acta_str_from("{}\0", 3), ACTA_INVALID, "there is a NUL in it");
    refuse_by_schema("pay.Line", acta_str_from(NULL, 0), ACTA_INVALID, "JSON of pay.Line");
    refuse_by_schema("pay.Bill", S("{}"), ACTA_UNSUPPORTED, "pay.Bill has a union");
    refuse_by_schema("pay.Nothing", S("{}"), ACTA_NOT_FOUND, "no table 'pay.Nothing'");
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_union_is_read_wherever_its_type_stands),
        cmocka_unit_test(a_list_of_unions_is_read_wherever_its_types_stand),
        cmocka_unit_test(bytes_are_read_as_what_they_hold),
        cmocka_unit_test(unions_without_their_other_half_are_refused),
        cmocka_unit_test(wrong_values_in_unions_are_named_with_their_path),
        cmocka_unit_test(structs_arrays_and_buffers_are_named_with_their_path),
        cmocka_unit_test(any_order_of_members_is_read_alike),
        cmocka_unit_test(text_cut_anywhere_is_refused_without_reading_on),
        cmocka_unit_test(text_with_any_byte_changed_is_read_or_refused),
        cmocka_unit_test(long_and_deep_texts_are_walked_once),
        cmocka_unit_test(flatc_reads_what_is_printed),
        cmocka_unit_test(a_schema_alone_reads_what_has_no_unions),
    };
    assert_int_equal(argc, 3);
    flatc = argv[1];
    schema_file = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
