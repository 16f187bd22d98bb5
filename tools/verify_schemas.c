/*
 * Verify the schemas that the log has kept, by which its events can be read without the programs that wrote them:
 *
 *     schemas    each row is sound, and a binary schema; of a name, the one that writes now has the highest number
 *     types      each leads to a schema that is there, and that has the type
 *     log        each event has a type here, where others of its namespace have one
 */
#include "verify.h"

#include <stdlib.h>

#include "acta/crc.h"
#include "acta/schema.h"

enum { SCHEMA = 24, TYPE = 16, KEY_MAX = 4096 + 64 };

/* -- of records -- */

void
see_type(verify *v, const record *rec)
{
    seen_types *seen = &v->seen;

    if (rec->stub || rec->schema_hash == 0) return;
    for (size_t i = 0, at = seen->last; i < seen->count; i++, at = at + 1 < seen->count ? at + 1 : 0) {
        seen_type *type = &seen->items[at];
        if (type->type_id != rec->type_id || type->schema_hash != rec->schema_hash) continue;
        type->events++;
        seen->last = at;
        return;
    }
    if (seen->count == seen->room) {
        size_t room = seen->room == 0 ? 64 : seen->room * 2;
        seen_type *items = realloc(seen->items, room * sizeof *items);
        if (items == NULL) {
            damaged(v, "position %" PRIu64 ": there is no memory to remember its type", rec->position);
            return;
        }
        seen->items = items;
        seen->room = room;
    }
    seen->last = seen->count++;
    seen->items[seen->last] =
        (seen_type){ .type_id = rec->type_id, .schema_hash = rec->schema_hash, .events = 1, .first = rec->position };
}

static const named *
name_of(const verify *v, const seen_type *type)
{
    return type->type_id < v->types.count && v->types.items[type->type_id].name != NULL ? &v->types.items[type->type_id]
                                                                                        : NULL;
}

/* -- schemas -- */

static bool
is_sealed(const uint8_t *row, size_t size, size_t header)
{
    return size >= header && row[4] == 1 && acta_crc32c(0, row + 4, size - 4) == little(row, 4);
}

/* The schema of that name and number, or without one the schema that writes now; to be freed. NULL: there is none. */
static uint8_t *
get_schema(verify *v, const uint8_t *name, size_t name_size, uint64_t number, size_t *size_out)
{
    uint8_t key[KEY_MAX] = "schemas", big_number[8];
    size_t size = sizeof "schemas";

    if (size + name_size + 5 > sizeof key) return NULL;
    memcpy(key + size, name, name_size);
    size += name_size;
    if (number != 0) {
        put_big(big_number, number);
        key[size] = 0;
        memcpy(key + size + 1, big_number + 4, 4);
        size += 5;
    }
    return get(v, TABLES, key, size, size_out);
}

/* One of before: the one that writes now is there, and has a higher number. */
static void
check_earlier(verify *v, const uint8_t *name, size_t name_size, uint64_t number)
{
    size_t size = 0;
    uint8_t *now = get_schema(v, name, name_size, 0, &size);

    if (now == NULL)
        damaged(v, "schemas: number %" PRIu64 " of '%.*s' is there, and none that writes now", number, (int)name_size,
            name);
    else if (size >= SCHEMA && little(now + 8, 4) <= number)
        damaged(v,
            "schemas: number %" PRIu64 " of '%.*s' comes before the one that writes now, which is number %" PRIu64,
            number, (int)name_size, name, little(now + 8, 4));
    if (now != NULL) rocksdb_free(now);
}

void
check_schema(verify *v, const entry *e, size_t key_at)
{
    const uint8_t *name = e->key + key_at, *row = e->value;
    size_t key_size = e->key_size - key_at;
    const uint8_t *nul = key_size > 0 ? memchr(name, 0, key_size) : NULL;
    size_t name_size = nul != NULL ? (size_t)(nul - name) : key_size;
    acta_error said;

    v->schemas++;
    bool key_fits = name_size > 0 && (nul == NULL || key_size == name_size + 5);
    if (!key_fits || !is_sealed(row, e->value_size, SCHEMA) || little(row + 8, 4) == 0) {
        damaged(v, "schemas: row %" PRIu64 " is damaged", v->schemas);
        return;
    }
    if (nul != NULL && memcmp(nul + 1, (uint8_t[]){ row[11], row[10], row[9], row[8] }, 4) != 0)
        damaged(v, "schemas: number %" PRIu64 " of '%.*s' lies under another number", little(row + 8, 4),
            (int)name_size, name);
    acta_bytes binary = acta_bytes_from(row + SCHEMA, e->value_size - SCHEMA);
    if (acta_schema_compare(binary, binary, NULL, NULL, &said) != ACTA_OK)
        damaged(
            v, "schemas: number %" PRIu64 " of '%.*s' is no binary schema", little(row + 8, 4), (int)name_size, name);
    if (nul != NULL) check_earlier(v, name, name_size, little(row + 8, 4));
}

/* -- types -- */

/* The schema of that number: the one that writes now, or one of before. NULL: it is missing. */
static uint8_t *
find_schema(verify *v, const uint8_t *name, size_t name_size, uint64_t number, size_t *size_out)
{
    uint8_t *row = get_schema(v, name, name_size, 0, size_out);

    if (row != NULL && *size_out >= SCHEMA && little(row + 8, 4) == number) return row;
    if (row != NULL) rocksdb_free(row);
    return get_schema(v, name, name_size, number, size_out);
}

static void
check_leads(verify *v, acta_str type, const entry *e, uint64_t number)
{
    const uint8_t *name = e->value + TYPE;
    int name_size = (int)(e->value_size - TYPE);
    size_t size = 0;
    acta_error said;
    uint8_t *row = find_schema(v, name, (size_t)name_size, number, &size);

    if (row == NULL) {
        damaged(v, "types: '" ACTA_FMT "' leads to schema %" PRIu64 " of '%.*s', which is missing", ACTA_ARG(type),
            number, name_size, name);
        return;
    }
    if (is_sealed(row, size, SCHEMA)) { /* else it was told already */
        acta_bytes binary = acta_bytes_from(row + SCHEMA, size - SCHEMA);
        if (acta_schema_compare_table(binary, binary, type, NULL, NULL, &said) == ACTA_NOT_FOUND)
            damaged(v, "types: schema %" PRIu64 " of '%.*s' has no '" ACTA_FMT "'", number, name_size, name,
                ACTA_ARG(type));
    }
    rocksdb_free(row);
}

static void
note_kept(verify *v, acta_str name, uint64_t schema_hash)
{
    for (size_t i = 0; i < v->seen.count; i++) {
        seen_type *seen = &v->seen.items[i];
        const named *type = name_of(v, seen);
        if (type != NULL && seen->schema_hash == schema_hash &&
            acta_str_equal(acta_str_from(type->name, type->name_size), name))
            seen->is_kept = true;
    }
}

void
check_type(verify *v, const entry *e, size_t key_at)
{
    const uint8_t *row = e->value;
    size_t size = e->key_size - key_at;

    v->schema_types++;
    if (size < 10 || e->key[e->key_size - 9] != 0 || !is_sealed(row, e->value_size, TYPE) || little(row + 8, 4) == 0 ||
        little(row + 5, 3) > little(row + 8, 4)) {
        damaged(v, "types: row %" PRIu64 " is damaged", v->schema_types);
        return;
    }
    acta_str type = acta_str_from((const char *)e->key + key_at, size - 9);
    note_kept(v, type, big(e->key + e->key_size - 8));
    check_leads(v, type, e, little(row + 8, 4));
    uint64_t first = little(row + 5, 3);
    if (first != 0 && first != little(row + 8, 4)) check_leads(v, type, e, first);
}

/* -- events without one -- */

/* Is there a row of a type whose name begins as this one's does, up to its last dot? */
static bool
namespace_is_kept(verify *v, const named *type)
{
    uint8_t from[KEY_MAX] = "types";
    size_t size = type->name_size;
    entry e;

    while (size > 0 && type->name[size - 1] != '.')
        size--;
    if (size == 0 || sizeof "types" + size > sizeof from) return false;
    memcpy(from + sizeof "types", type->name, size);
    size += sizeof "types";
    rocksdb_iterator_t *iterator = scan(v, TABLES);
    rocksdb_iter_seek(iterator, (const char *)from, size);
    bool found = entry_at(v, TABLES, iterator, &e) && e.key_size >= size && memcmp(e.key, from, size) == 0;
    rocksdb_iter_destroy(iterator);
    return found;
}

void
verify_schemas(verify *v)
{
    for (size_t i = 0; i < v->seen.count && v->schema_types > 0; i++) {
        const seen_type *seen = &v->seen.items[i];
        const named *type = name_of(v, seen);
        if (seen->is_kept || type == NULL || !namespace_is_kept(v, type)) continue;
        damaged(v,
            "position %" PRIu64 ": the log has kept no schema of '%s' with the hash %016" PRIx64 " (%" PRIu64
            " event%s)",
            seen->first, type->name, seen->schema_hash, seen->events, seen->events == 1 ? "" : "s");
    }
}
