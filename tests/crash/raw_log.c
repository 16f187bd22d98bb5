/*
 * Reads pages of format 2 (docs/format.md): a front, and records of which each has a sum, some numbers of variable size, and,
 * with the first event of a stream or of a type, the names of both.
 */
#include "raw_log.h"

#include <inttypes.h>
#include <rocksdb/c.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

#include "acta/crc.h"

enum {
    FRONT = 64,
    TYPE = 12,
    ID = 16,
    FLAG_NAMES = 1,
    FLAG_STUB = 16,
    FLAG_BESIDE = 32,
    FLAG_LATER = 64,
    FAMILY_MAX = 16
};

/* What an id stands for. */
typedef struct name {
    uint64_t id;
    size_t size;
    char text[];
} name;

typedef struct reader {
    void *streams, *types; /* trees of names by id */
    bool (*take)(void *user, const acta_recorded *event);
    void *user;
} reader;

static uint64_t
number(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

static uint64_t
big_endian(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return value;
}

static int
compare_names(const void *a, const void *b)
{
    const name *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static bool
learn(void **tree, uint64_t id, acta_str text)
{
    name *n = malloc(sizeof *n + text.size);
    if (n == NULL) return false;
    n->id = id;
    n->size = text.size;
    memcpy(n->text, text.data, text.size);
    name **node = tsearch(n, tree, compare_names);
    if (node == NULL || *node != n) free(n);
    return node != NULL;
}

static acta_str
look_up(void *const *tree, uint64_t id)
{
    const name key = { .id = id };
    name *const *node = tfind(&key, tree, compare_names);
    return node != NULL ? acta_str_from((*node)->text, (*node)->size) : acta_str_of(NULL);
}

static acta_status
damaged(acta_error *error, uint64_t position, const char *what)
{
    return acta_error_set(error, ACTA_CORRUPT, "the record at key %" PRIu64 ": %s", position, what);
}

typedef struct bytes {
    const uint8_t *at, *end;
    bool ended; /* too early */
} bytes;

static const uint8_t *
take_bytes(bytes *b, size_t size)
{
    const uint8_t *taken = b->at;
    if ((size_t)(b->end - b->at) < size) {
        b->ended = true;
        return b->end;
    }
    b->at += size;
    return taken;
}

static uint64_t
varint(bytes *b)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && b->at < b->end; shift += 7) {
        uint8_t byte = *b->at++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return value;
    }
    b->ended = true;
    return 0;
}

static acta_status
read_record(reader *r, const uint8_t *page, uint64_t position, bytes b, acta_recorded *event, acta_error *error)
{
    uint8_t place[8];
    for (int i = 0; i < 8; i++)
        place[i] = (uint8_t)(position >> (8 * i));
    const uint8_t *begin = take_bytes(&b, 4);
    if (b.ended || b.at == b.end) return damaged(error, position, "shorter than its sum");
    if (acta_crc32c(acta_crc32c(0, place, 8), b.at, (size_t)(b.end - b.at)) != number(begin, 4))
        return damaged(error, position, "its sum");

    uint8_t flags = *take_bytes(&b, 1);
    uint64_t type_index = varint(&b), stream_id = varint(&b), version = varint(&b);
    uint64_t later = (flags & FLAG_LATER) != 0 ? varint(&b) : 0;
    for (int id = 2; id <= 8; id *= 2)
        if ((flags & id) != 0) take_bytes(&b, ID);
    if (type_index >= page[9]) return damaged(error, position, "a type that its page doesn't have");
    uint64_t type_id = number(page + FRONT + type_index * TYPE, 4);
    if ((flags & FLAG_NAMES) != 0) {
        size_t stream_size = varint(&b), type_size = varint(&b);
        acta_str stream = acta_str_from(take_bytes(&b, stream_size), stream_size);
        acta_str type = acta_str_from(take_bytes(&b, type_size), type_size);
        if (b.ended) return damaged(error, position, "names without an end");
        if (!learn(&r->streams, stream_id, stream) || !learn(&r->types, type_id, type))
            return acta_error_set(error, ACTA_NO_MEMORY, "no memory");
    }
    if ((flags & FLAG_STUB) == 0 && (flags & FLAG_BESIDE) != 0) {
        size_t metadata_size = varint(&b), tags_size = varint(&b);
        take_bytes(&b, metadata_size);
        take_bytes(&b, tags_size);
    }
    if (b.ended) return damaged(error, position, "not as long as it says");
    size_t payload_size = (flags & FLAG_STUB) == 0 ? (size_t)(b.end - b.at) : 0;
    *event = (acta_recorded){ .position = position,
        .version = version,
        .stream_id = stream_id,
        .stream = look_up(&r->streams, stream_id),
        .type = look_up(&r->types, type_id),
        .kind = (flags & FLAG_STUB) != 0 ? ACTA_RECORD_STUB : ACTA_RECORD_EVENT,
        .recorded_at_us = (int64_t)(number(page + 24, 8) + later),
        .payload = acta_bytes_from(b.at, payload_size) };
    if (event->stream.size == 0 || event->type.size == 0)
        return damaged(error, position, "no record before it tells its names");
    return ACTA_OK;
}

/* Hand on what is in a page; false in `more`: enough. */
static acta_status
read_page(reader *r, uint64_t key, acta_bytes page, bool *more, acta_error *error)
{
    const uint8_t *front = page.data;
    if (page.size < FRONT || front[8] != 2) return damaged(error, key, "no page of format 2");
    size_t count = number(front + 10, 2), records_size = number(front + 4, 4);
    size_t front_size = FRONT + front[9] * (size_t)TYPE + 2 * count;
    if (page.size != front_size + records_size) return damaged(error, key, "not as long as its front says");
    if (acta_crc32c(0, front + 4, front_size - 4) != number(front, 4)) return damaged(error, key, "its front's sum");
    if (number(front + 16, 8) != key) return damaged(error, key, "it says that it is another position");

    const uint8_t *offsets = front + front_size - 2 * count, *records = front + front_size;
    acta_status status = ACTA_OK;
    for (size_t i = 0; i < count && *more && status == ACTA_OK; i++) {
        size_t from = number(offsets + 2 * i, 2), to = i + 1 < count ? number(offsets + 2 * i + 2, 2) : records_size;
        acta_recorded event;
        if (from > to || to > records_size) return damaged(error, key + i, "its place in its page");
        bytes b = { .at = records + from, .end = records + to };
        status = read_record(r, front, key + i, b, &event, error);
        if (status == ACTA_OK) *more = r->take(r->user, &event);
    }
    return status;
}

static acta_status
read_family(reader *r, rocksdb_t *db, rocksdb_column_family_handle_t *family, acta_error *error)
{
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();
    rocksdb_iterator_t *iterator = rocksdb_create_iterator_cf(db, options, family);
    acta_status status = ACTA_OK;
    bool more = true;
    char *said = NULL;

    for (rocksdb_iter_seek_to_first(iterator); rocksdb_iter_valid(iterator); rocksdb_iter_next(iterator)) {
        size_t key_size, size;
        const uint8_t *key = (const uint8_t *)rocksdb_iter_key(iterator, &key_size);
        const char *value = rocksdb_iter_value(iterator, &size);
        if (key_size != 8)
            status = acta_error_set(error, ACTA_CORRUPT, "a key of the log with %zu bytes", key_size);
        else
            status = read_page(r, big_endian(key), acta_bytes_from(value, size), &more, error);
        if (status != ACTA_OK || !more) break;
    }
    rocksdb_iter_get_error(iterator, &said);
    if (said != NULL) status = acta_error_set(error, ACTA_IO, "cannot read the log: %s", said);
    rocksdb_free(said);
    rocksdb_iter_destroy(iterator);
    rocksdb_readoptions_destroy(options);
    return status;
}

static acta_status
read_families(reader *r, const char *path, char **names, size_t count, acta_error *error)
{
    rocksdb_options_t *options = rocksdb_options_create();
    const rocksdb_options_t *each[FAMILY_MAX];
    rocksdb_column_family_handle_t *families[FAMILY_MAX];
    acta_status status = ACTA_OK;
    char *said = NULL;

    for (size_t i = 0; i < count; i++)
        each[i] = options;
    rocksdb_t *db = rocksdb_open_for_read_only_column_families(
        options, path, (int)count, (const char *const *)names, each, families, 0, &said);
    if (said != NULL) {
        status = acta_error_set(error, ACTA_IO, "cannot open '%s': %s", path, said);
        rocksdb_free(said);
        rocksdb_options_destroy(options);
        return status;
    }
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], "log") == 0) status = read_family(r, db, families[i], error);
    for (size_t i = 0; i < count; i++)
        rocksdb_column_family_handle_destroy(families[i]);
    rocksdb_close(db);
    rocksdb_options_destroy(options);
    return status;
}

acta_status
raw_log_read(const char *path, bool (*take)(void *user, const acta_recorded *event), void *user, acta_error *error)
{
    reader r = { .take = take, .user = user };
    rocksdb_options_t *options = rocksdb_options_create();
    char *said = NULL;
    size_t count = 0;
    acta_status status;

    char **names = rocksdb_list_column_families(options, path, &count, &said);
    rocksdb_options_destroy(options);
    if (said != NULL) {
        status = acta_error_set(error, ACTA_IO, "cannot list what is in '%s': %s", path, said);
        rocksdb_free(said);
        return status;
    }
    if (count > FAMILY_MAX)
        status = acta_error_set(error, ACTA_CORRUPT, "%zu column families", count);
    else
        status = read_families(&r, path, names, count, error);
    rocksdb_list_column_families_destroy(names, count);
    tdestroy(r.streams, free);
    tdestroy(r.types, free);
    return status;
}
