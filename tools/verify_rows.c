/*
 * Verify the tables: each key belongs to a table, and the rows that the store itself writes are sound and tell nothing
 * that the log does not have.
 */
#include "verify.h"

#include <stdlib.h>

#include "acta/crc.h"

enum { TABLE_NAME_MAX = 64 };

static void
check_outcome(verify *v, const entry *e, size_t key_at)
{
    const uint8_t *row = e->value;

    v->outcomes++;
    if (e->key_size - key_at != 16 || e->value_size < 72 || e->value_size != (size_t)72 + row[5] + row[6] ||
        acta_crc32c(0, row + 4, e->value_size - 4) != little(row, 4))
        damaged(v, "outcomes: row %" PRIu64 " is damaged", v->outcomes);
    else if (little(row + 24, 8) > v->position)
        damaged(v, "outcomes: row %" PRIu64 " tells of position %" PRIu64 ", which the log does not have", v->outcomes,
            little(row + 24, 8));
}

/* The version that a stream of this name is at; 0: none. */
static uint64_t
version_of(verify *v, const uint8_t *name, size_t name_size)
{
    uint8_t key[1 + 512] = { 'n' };
    size_t size;
    uint64_t id = 0;

    if (name_size > 512) return 0;
    memcpy(key + 1, name, name_size);
    uint8_t *value = get(v, STREAMS, key, 1 + name_size, &size);
    if (value != NULL && size == 8) id = big(value);
    if (value != NULL) rocksdb_free(value);
    return id < v->streams.count ? v->streams.items[id].version : 0;
}

static void
check_snapshot(verify *v, const entry *e, size_t key_at)
{
    const uint8_t *row = e->value, *name = e->key + key_at;
    size_t name_size = e->key_size - key_at;

    v->snapshots++;
    if (e->value_size < 32 || little(row + 24, 8) != e->value_size - 32 ||
        acta_crc32c(acta_crc32c(0, name, name_size), row + 4, e->value_size - 4) != little(row, 4))
        damaged(v, "snapshots: that of '%.*s' is damaged", (int)name_size, name);
    else if (little(row + 8, 8) > version_of(v, name, name_size))
        damaged(v, "snapshots: that of '%.*s' is at version %" PRIu64 ", its stream at %" PRIu64, (int)name_size, name,
            little(row + 8, 8), version_of(v, name, name_size));
}

static void
check_checkpoint(verify *v, const entry *e, size_t key_at)
{
    const uint8_t *name = e->key + key_at;
    int name_size = (int)(e->key_size - key_at);

    v->checkpoints++;
    if (e->value_size != 12 || acta_crc32c(0, e->value, 8) != little(e->value + 8, 4))
        damaged(v, "checkpoints: that of '%.*s' is damaged", name_size, name);
    else if (little(e->value, 8) > v->position)
        damaged(v, "checkpoints: that of '%.*s' is at position %" PRIu64 ", which the log does not have", name_size,
            name, little(e->value, 8));
}

/* The records' own tags have their rows: here none may be too much. */
static void
check_tag(verify *v, const entry *e, size_t key_at)
{
    size_t size = e->key_size - key_at;

    v->tag_rows++;
    if (size < 10 || e->key[e->key_size - 9] != 0 || e->value_size != 0)
        damaged(v, "tags: row %" PRIu64 " is damaged", v->tag_rows);
    else if (big(e->key + e->key_size - 8) > v->position)
        damaged(v, "tags: '%.*s' leads to position %" PRIu64 ", which the log does not have", (int)size - 9,
            e->key + key_at, big(e->key + e->key_size - 8));
}

void
verify_tables(verify *v)
{
    rocksdb_iterator_t *iterator = scan(v, TABLES);
    char table[TABLE_NAME_MAX + 1] = "";
    entry e;

    for (rocksdb_iter_seek_to_first(iterator); entry_at(v, TABLES, iterator, &e); rocksdb_iter_next(iterator)) {
        const uint8_t *nul = memchr(e.key, '\0', e.key_size);
        if (nul == NULL || nul == e.key || nul - e.key > TABLE_NAME_MAX) {
            damaged(v, "tables: a row of no table (a key of %zu bytes)", e.key_size);
            continue;
        }
        size_t key_at = (size_t)(nul - e.key) + 1;
        if (strcmp(table, (const char *)e.key) != 0) {
            memcpy(table, e.key, key_at);
            v->tables++;
        }
        v->rows++;
        if (strcmp(table, "outcomes") == 0) check_outcome(v, &e, key_at);
        if (strcmp(table, "snapshots") == 0) check_snapshot(v, &e, key_at);
        if (strcmp(table, "checkpoints") == 0) check_checkpoint(v, &e, key_at);
        if (strcmp(table, "tags") == 0) check_tag(v, &e, key_at);
        if (strcmp(table, "schemas") == 0) check_schema(v, &e, key_at);
        if (strcmp(table, "types") == 0) check_type(v, &e, key_at);
    }
    rocksdb_iter_destroy(iterator);
    if (v->tag_rows > v->tags)
        damaged(v, "tags: %" PRIu64 " rows for %" PRIu64 " tags of events", v->tag_rows, v->tags);
}
