/*
 * FZ-04: a binary schema that was harmed, as a damaged log may hand it over. Whatever reads one by itself (the comparison of
 * two, the text of its tables, the OpenAPI document, printing what lies in the log) says that it is none, or goes on with it;
 * nothing is read outside of it.
 *
 * The input is edits to a sound schema, or, one time in eight, the schema itself.
 *
 *     [which schema, which mode: 1] [which table: 1] [place: 2, kind: 1, number: 4] …
 */
#include <stdlib.h>
#include <string.h>

#include "club.acta.h"
#include "json.h"
#include "kinds.acta.h"
#include "parts.acta.h"

enum { HEAD = 2, EDIT = 7, RAW_IN = 8, SCHEMAS = 3, TABLES_MAX = 64 };

static const acta_schema *const schemas[SCHEMAS] = { &club_schema, &parts_schema, &kinds_schema };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_be_one_of(acta_status status, acta_status first, acta_status second, const acta_error *error)
{
    if (status == ACTA_OK) return;
    if (status != first && status != second) abort();
    if (error->status != status || error->text[0] == '\0') abort();
}

static void
count_change(void *user, const acta_schema_change *change)
{
    if (change->text == NULL || change->text[0] == '\0' || change->table.size == 0) abort();
    ++*(uint32_t *)user;
}

static void
must_be_a_verdict(acta_status status, uint32_t changes, const acta_error *error)
{
    must_be_one_of(status, ACTA_SCHEMA_MISMATCH, ACTA_CORRUPT, error);
    if (status == ACTA_SCHEMA_MISMATCH && (changes == 0 || error->where[0] == '\0')) abort();
    if (status == ACTA_OK && changes != 0) abort();
}

static void
must_compare(acta_bytes before, acta_bytes after, const char *table)
{
    uint32_t changes = 0;
    acta_error error;
    acta_status status = acta_schema_compare(before, after, count_change, &changes, &error);

    must_be_a_verdict(status, changes, &error);
    changes = 0;
    status = acta_schema_compare_table(before, after, acta_str_of(table), count_change, &changes, &error);
    if (status != ACTA_NOT_FOUND) must_be_a_verdict(status, changes, &error);
}

/* JSON by the official library, as an import from another store has it. */
static void
must_parse(const char *table, acta_bytes harmed, acta_memory *memory)
{
    acta_bytes buffer;
    acta_error error;
    acta_status status = acta_schema_parse(harmed, acta_str_of(table), acta_str_of("{}"), memory, &buffer, &error);

    if (status == ACTA_INVALID && error.text[0] != '\0') return; /* a field is required */
    must_be_one_of(status, ACTA_NOT_FOUND, ACTA_UNSUPPORTED, &error);
}

static void
must_be_an_object(acta_bytes binary, acta_memory *memory)
{
    const json_value *value;
    acta_str text;
    acta_error error;
    acta_status status = acta_schema_openapi(binary, memory, &text, &error);

    must_be_one_of(status, ACTA_CORRUPT, ACTA_CORRUPT, &error);
    if (status != ACTA_OK) return;
    if (json_read(text, memory, &value, &error) != ACTA_OK || value->kind != JSON_OBJECT) abort();
}

/* A buffer of the table with nothing in it, made once; no data where a field is required. */
static acta_bytes
sample_of(uint32_t schema, uint32_t table)
{
    static acta_bytes samples[SCHEMAS][TABLES_MAX];
    static bool is_made[SCHEMAS][TABLES_MAX];
    static acta_memory *memory;
    acta_error error;

    if (memory == NULL) memory = acta_memory_create(NULL);
    if (!is_made[schema][table])
        (void)acta_json_parse(
            schemas[schema]->tables[table], acta_str_of("{}"), memory, &samples[schema][table], &error);
    is_made[schema][table] = true;
    return samples[schema][table];
}

/* A buffer of the schema as it was is printed by the one that was harmed. */
static void
must_print(uint32_t schema, uint32_t table, acta_bytes harmed, acta_memory *memory)
{
    acta_str name = acta_str_of(schemas[schema]->tables[table]->name), text;
    acta_bytes sample = sample_of(schema, table);
    acta_error error;

    acta_status status = acta_schema_text(harmed, name, memory, &text, &error);
    must_be_one_of(status, ACTA_NOT_FOUND, ACTA_CORRUPT, &error);
    if (sample.data == NULL) return;
    status = acta_schema_print(harmed, name, sample, memory, &text, &error);
    must_be_one_of(status, ACTA_NOT_FOUND, ACTA_CORRUPT, &error);
    status = acta_schema_print_redacted(harmed, name, sample, memory, &text, &error);
    must_be_one_of(status, ACTA_NOT_FOUND, ACTA_CORRUPT, &error);
}

static uint32_t
number_at(const uint8_t *at, size_t size)
{
    uint32_t number = 0;
    memcpy(&number, at, size);
    return number;
}

/* A bit, two bytes, four, or a copy of four that lie elsewhere. */
static void
edit(uint8_t *bytes, size_t size, const uint8_t *how)
{
    uint32_t number = number_at(how + 3, 4);
    size_t at = number_at(how, 2) % (size - 4), from = number % (size - 4);

    switch (how[2] % 4) {
    case 0:
        bytes[at] ^= (uint8_t)(1u << number % 8);
        return;
    case 1:
        memcpy(bytes + at, &number, 2);
        return;
    case 2:
        memcpy(bytes + (at & ~(size_t)3), &number, 4);
        return;
    default:
        memmove(bytes + (at & ~(size_t)3), bytes + (from & ~(size_t)3), 4);
    }
}

/* In a block of its own size: the sanitizer sees a byte too far. */
static acta_bytes
schema_of(acta_bytes sound, const uint8_t *data, size_t size)
{
    bool is_raw = data[0] % RAW_IN == RAW_IN - 1;
    acta_bytes from = is_raw ? acta_bytes_from(data + HEAD, size - HEAD) : sound;
    uint8_t *bytes = malloc(from.size > 0 ? from.size : 1);

    if (bytes == NULL) abort();
    memcpy(bytes, from.data, from.size);
    for (size_t at = HEAD; !is_raw && at + EDIT <= size; at += EDIT)
        edit(bytes, from.size, data + at);
    return acta_bytes_from(bytes, from.size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD) return 0;
    uint32_t number = data[0] / RAW_IN % SCHEMAS;
    const acta_schema *schema = schemas[number];
    if (schema->table_count > TABLES_MAX) abort();
    acta_bytes harmed = schema_of(schema->binary, data, size);
    acta_memory *memory = acta_memory_create(NULL);
    uint32_t table = data[1] % schema->table_count;
    const char *name = schema->tables[table]->name;

    must_compare(schema->binary, harmed, name);
    must_compare(harmed, schema->binary, name);
    must_compare(harmed, harmed, name);
    must_be_an_object(harmed, memory);
    must_print(number, table, harmed, memory);
    must_parse(name, harmed, memory);
    acta_memory_destroy(memory);
    free((void *)(uintptr_t)harmed.data);
    return 0;
}
