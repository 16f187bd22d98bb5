/*
 * One random value of a table, through our code and the official library's:
 *
 *     official builder -> A -> our struct -> B -> official JSON -> official parser -> D -> our struct -> E
 *                               |  views, and a deep copy -> C
 *                               +-- field by field what flatc's accessors read from A and from B
 *
 * Both verifiers accept all of them, B = C = E to the byte, and A and B are the same JSON. Fails the test in hand.
 */
#ifndef ACTA_TESTS_OFFICIAL_ROUND_H
#define ACTA_TESTS_OFFICIAL_ROUND_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seed.h"
#include "acta/buffer.h"
#include "acta/file.h"
#include "official.h"

static inline random_source
seed(void)
{
    return (random_source){ seed_of_this_run() };
}

static inline void
both_accept(const official_table *table, acta_bytes buffer)
{
    acta_error error = { .text = "" };

    assert_true(table->accepts(buffer.data, buffer.size));
    if (table->ours->verify(buffer, &error) != ACTA_OK) fail_msg("%s", error.text);
}

static inline acta_bytes
written(const official_table *table, const void *value, acta_memory *memory)
{
    acta_memory_sink sink = acta_memory_sink_of(memory);
    acta_error error = { .text = "" };

    if (table->ours->write(value, &sink.sink, &error) != ACTA_OK) fail_msg("%s", error.text);
    both_accept(table, sink.bytes);
    return sink.bytes;
}

static inline void
assert_same_bytes(const official_table *table, acta_bytes a, acta_bytes b)
{
    if (a.size != b.size || memcmp(a.data, b.data, a.size) != 0) fail_msg("%s: other bytes", table->ours->name);
}

static inline void
assert_same_text(acta_str a, acta_str b)
{
    assert_true(a.size > 0);
    assert_string_equal(a.data, b.data);
}

/* Read, compare with flatc's accessors, write. */
static inline acta_bytes
read_and_written(const official_table *table, acta_bytes buffer, acta_memory *memory)
{
    void *value = acta_memory_alloc(memory, table->ours->struct_size);

    table->ours->read(buffer, value);
    if (table->same != NULL) assert_true(table->same(buffer.data, value));
    return written(table, value, memory);
}

/* As one's own value: its strings, vectors and tables in memory, not in the buffer. */
static inline acta_bytes
kept_and_written(const official_table *table, acta_bytes buffer, acta_memory *memory)
{
    void *value = acta_memory_alloc(memory, table->ours->struct_size);

    memset(value, 0, table->ours->struct_size);
    assert_int_equal(acta_table_load(table->ours, value, buffer, memory), ACTA_OK);
    acta_bytes bytes = written(table, value, memory);
    acta_table_clear(table->ours, value, memory);
    return bytes;
}

static inline void
through_json(const official_table *table, acta_bytes made, acta_bytes ours, bool by_api, acta_memory *memory)
{
    acta_error error = { .text = "" };
    acta_str text = official_print(table->ours, ours, memory), by_us;
    acta_bytes parsed;

    assert_same_text(official_print(table->ours, made, memory), text);
    parsed = official_parse(table->ours, text, memory);
    assert_non_null(parsed.data);
    both_accept(table, parsed);
    assert_same_bytes(table, read_and_written(table, parsed, memory), ours);

    if (!by_api) return; /* a parser is made for each call */
    assert_int_equal(acta_json_print(table->ours, ours, memory, &by_us, &error), ACTA_OK);
    if (acta_json_parse(table->ours, by_us, memory, &parsed, &error) != ACTA_OK) fail_msg("%s", error.text);
    assert_same_bytes(table, read_and_written(table, parsed, memory), ours);
}

/* With what stands around a buffer, both ways. */
static inline void
as_file(const official_table *table, acta_bytes ours, random_source *random, features *seen, acta_memory *memory)
{
    unsigned form = (unsigned)random_below(random, 4);
    acta_memory_sink sink = acta_memory_sink_of(memory);
    acta_error error = { .text = "" };
    void *value = acta_memory_alloc(memory, table->ours->struct_size);

    acta_bytes made = official_make_file(table->ours, form, random, seen, memory);
    assert_true(table->accepts_file(made.data, made.size, form));
    if (acta_file_verify(table->ours, made, form, &error) != ACTA_OK) fail_msg("%s", error.text);
    if (form & ACTA_FILE_SIZE) assert_int_equal(acta_file_size(made), made.size);
    table->ours->read(acta_file_buffer(made, form), value);
    written(table, value, memory);

    table->ours->read(ours, value);
    if (acta_file_write(table->ours, value, form, &sink.sink, &error) != ACTA_OK) fail_msg("%s", error.text);
    assert_true(table->accepts_file(sink.bytes.data, sink.bytes.size, form));
    assert_int_equal(acta_file_verify(table->ours, sink.bytes, form, &error), ACTA_OK);
    table->ours->read(acta_file_buffer(sink.bytes, form), value);
    assert_same_bytes(table, written(table, value, memory), ours);
}

static inline void
round_trip(const official_table *table, random_source *random, features *seen, bool by_api)
{
    acta_memory *memory = acta_memory_create(NULL);
    bool for_json = by_api || !random_one_in(random, 3);

    acta_bytes made = official_make(table->ours, random, for_json, seen, memory);
    both_accept(table, made);
    acta_bytes ours = read_and_written(table, made, memory);
    assert_same_bytes(table, read_and_written(table, ours, memory), ours);
    assert_same_bytes(table, kept_and_written(table, made, memory), ours);
    if (for_json) through_json(table, made, ours, by_api, memory);
    if (table->accepts_file != NULL) as_file(table, ours, random, seen, memory);
    acta_memory_destroy(memory);
}

#endif
