/*
 * Reads records of format 1 (docs/format.md): a header of 152 bytes, payload, metadata, and, with the first event of a
 * stream or of a type, the names of both.
 */
#include "raw_log.h"

#include <inttypes.h>
#include <rocksdb/c.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

#include "acta/crc.h"

enum {
    AT_HEADER_CRC = 0,
    AT_PAYLOAD_CRC = 4,
    AT_FORMAT = 8,
    AT_KIND = 9,
    AT_FLAGS = 10,
    AT_TYPE_ID = 12,
    AT_POSITION = 16,
    AT_STREAM_ID = 24,
    AT_VERSION = 32,
    AT_RECORDED_AT = 48,
    AT_METADATA_SIZE = 136,
    AT_PAYLOAD_SIZE = 140,
    AT_STREAM_SIZE = 144,
    AT_TYPE_SIZE = 146,
    HEADER_SIZE = 152,
    FLAG_NAMES = 1,
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

static acta_status
read_record(reader *r, uint64_t key, acta_bytes record, acta_recorded *event, acta_error *error)
{
    const uint8_t *bytes = record.data;
    if (record.size < HEADER_SIZE) return damaged(error, key, "shorter than a header");
    if (bytes[AT_FORMAT] != 1) return damaged(error, key, "not of format 1");

    size_t payload_size = number(bytes + AT_PAYLOAD_SIZE, 4), metadata_size = number(bytes + AT_METADATA_SIZE, 4);
    size_t stream_size = number(bytes + AT_STREAM_SIZE, 2), type_size = number(bytes + AT_TYPE_SIZE, 2);
    bool has_names = (number(bytes + AT_FLAGS, 2) & FLAG_NAMES) != 0;
    size_t names_at = HEADER_SIZE + payload_size + metadata_size, names_size = has_names ? stream_size + type_size : 0;
    if (record.size != names_at + names_size) return damaged(error, key, "not as long as its header says");

    uint32_t crc = acta_crc32c(0, bytes + AT_PAYLOAD_CRC, HEADER_SIZE - AT_PAYLOAD_CRC);
    if (acta_crc32c(crc, bytes + names_at, names_size) != number(bytes + AT_HEADER_CRC, 4))
        return damaged(error, key, "the header's checksum");
    if (acta_crc32c(0, bytes + HEADER_SIZE, payload_size + metadata_size) != number(bytes + AT_PAYLOAD_CRC, 4))
        return damaged(error, key, "the payload's checksum");

    uint64_t stream_id = number(bytes + AT_STREAM_ID, 8), type_id = number(bytes + AT_TYPE_ID, 4);
    const char *names = (const char *)bytes + names_at;
    if (has_names && (!learn(&r->streams, stream_id, acta_str_from(names, stream_size)) ||
                         !learn(&r->types, type_id, acta_str_from(names + stream_size, type_size))))
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory");
    *event = (acta_recorded){ .position = number(bytes + AT_POSITION, 8),
        .version = number(bytes + AT_VERSION, 8),
        .stream_id = stream_id,
        .stream = look_up(&r->streams, stream_id),
        .type = look_up(&r->types, type_id),
        .kind = (acta_record_kind)bytes[AT_KIND],
        .recorded_at_us = (int64_t)number(bytes + AT_RECORDED_AT, 8),
        .payload = acta_bytes_from(bytes + HEADER_SIZE, payload_size) };
    if (event->position != key) return damaged(error, key, "it says that it is another position");
    if (event->stream.size == 0 || event->type.size == 0)
        return damaged(error, key, "no record before it tells its names");
    return ACTA_OK;
}

static acta_status
read_family(reader *r, rocksdb_t *db, rocksdb_column_family_handle_t *family, acta_error *error)
{
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();
    rocksdb_iterator_t *iterator = rocksdb_create_iterator_cf(db, options, family);
    acta_status status = ACTA_OK;
    acta_recorded event;
    char *said = NULL;

    for (rocksdb_iter_seek_to_first(iterator); rocksdb_iter_valid(iterator); rocksdb_iter_next(iterator)) {
        size_t key_size, size;
        const uint8_t *key = (const uint8_t *)rocksdb_iter_key(iterator, &key_size);
        const char *value = rocksdb_iter_value(iterator, &size);
        if (key_size != 8)
            status = acta_error_set(error, ACTA_CORRUPT, "a key of the log with %zu bytes", key_size);
        else
            status = read_record(r, big_endian(key), acta_bytes_from(value, size), &event, error);
        if (status != ACTA_OK || !r->take(r->user, &event)) break;
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
