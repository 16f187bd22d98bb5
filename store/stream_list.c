/*
 * Streams: which there are, in the order of their names, and what is known of one.
 *
 * The list is of the names as they were when it was opened; a stream whose events all lie behind the head of that moment
 * isn't in it.
 */
#include <inttypes.h>

#include "internal.h"

struct acta_stream_cursor {
    acta_store *store;
    uint64_t head;
    bool shows_all;
    acti_engine_iterator *iterator;
    char name[ACTA_STREAM_NAME_MAX];
};

/* The key behind all that begin with `size` bytes of `key`; its size, 0 when there is none. In place. */
static size_t
end_of_prefix(uint8_t *key, size_t size)
{
    while (size > 0 && key[size - 1] == UINT8_MAX)
        size--;
    if (size > 0) key[size - 1]++;
    return size;
}

static bool
comes_before(acta_str a, acta_str b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
    return order < 0 || (order == 0 && a.size < b.size);
}

static acta_status
open_names(acta_stream_cursor *cursor, acta_str prefix, acta_str after, acta_error *error)
{
    uint8_t from[ACTI_NAME_KEY_MAX + 1], to[ACTI_NAME_KEY_MAX] = { 0 };
    bool goes_on = after.size > 0 && !comes_before(after, prefix);
    size_t from_size = acti_name_key(from, goes_on ? after : prefix).size;
    size_t to_size = end_of_prefix(to, acti_name_key(to, prefix).size);

    if (goes_on) from[from_size++] = 0; /* the first key behind it */
    acti_range range = { .from = acta_bytes_from(from, from_size), .to = acta_bytes_from(to, to_size) };
    return cursor->store->engine->ops->iterator_open(
        cursor->store->engine, ACTI_STREAMS, &range, &cursor->iterator, error);
}

acta_status
acta_stream_cursor_open(
    acta_store *store, acta_str prefix, acta_str after, acta_stream_cursor **cursor_out, acta_error *error)
{
    const acta_allocator *allocator = &store->environment.allocator;

    if (prefix.size > ACTA_STREAM_NAME_MAX || after.size > ACTA_STREAM_NAME_MAX)
        return acta_error_set(error, ACTA_INVALID, "a stream's name has at most %d bytes, not %zu",
            ACTA_STREAM_NAME_MAX, prefix.size > after.size ? prefix.size : after.size);
    acta_stream_cursor *cursor = allocator->alloc(allocator->user, sizeof *cursor);
    if (cursor == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot list streams: there is no memory");
    cursor->store = store;
    cursor->head = acti_store_head(store); /* before the engine's view, which then holds at least this */
    cursor->shows_all = false;
    cursor->iterator = NULL;
    acta_status status = open_names(cursor, prefix, after, error);
    if (status != ACTA_OK) {
        acta_stream_cursor_close(cursor);
        return status;
    }
    *cursor_out = cursor;
    return ACTA_OK;
}

void
acta_stream_cursor_show_all(acta_stream_cursor *cursor)
{
    cursor->shows_all = true;
}

/* The name and id in an entry of the names. */
static acta_status
take_entry(acta_stream_cursor *cursor, acta_bytes key, acta_bytes value, acta_str *name_out, uint64_t *id_out,
    acta_error *error)
{
    if (key.size < 2 || key.size > ACTI_NAME_KEY_MAX || value.size != ACTI_ID_VALUE_SIZE)
        return acta_error_set(error, ACTA_CORRUPT, "a name of a stream is damaged: key of %zu and value of %zu bytes",
            key.size, value.size);
    memcpy(cursor->name, key.data + 1, key.size - 1);
    *name_out = acta_str_from(cursor->name, key.size - 1);
    *id_out = acti_get_be64(value.data);
    return ACTA_OK;
}

acta_status
acta_stream_cursor_next(acta_stream_cursor *cursor, acta_str *name_out, uint64_t *version_out, acta_error *error)
{
    acta_bytes key, value;
    acti_change deletion = { .kind = ACTI_CHANGE_NONE };
    uint64_t id = 0, version = 0;

    while (version == 0 || (!cursor->shows_all && (deletion.kind != ACTI_CHANGE_NONE || name_out->data[0] == '$'))) {
        acta_status status = cursor->store->engine->ops->iterator_next(cursor->iterator, &key, &value, error);
        if (status == ACTA_OK) status = take_entry(cursor, key, value, name_out, &id, error);
        if (status == ACTA_OK) status = acti_stream_version(cursor->store, id, cursor->head, &version, error);
        if (status == ACTA_OK) status = acti_change_read(cursor->store, 'm', id, &deletion, error);
        if (status != ACTA_OK) return status;
    }
    if (version_out != NULL) *version_out = version;
    return ACTA_OK;
}

void
acta_stream_cursor_close(acta_stream_cursor *cursor)
{
    if (cursor == NULL) return;
    const acta_allocator *allocator = &cursor->store->environment.allocator;

    cursor->store->engine->ops->iterator_close(cursor->iterator);
    allocator->free(allocator->user, cursor, sizeof *cursor);
}

acta_status
acta_store_stream_info(acta_store *store, acta_str stream, acta_stream_info *info_out, acta_error *error)
{
    uint64_t head = acti_store_head(store);
    acta_stream_info info = { 0 };
    acti_change deletion, limited;
    acta_status status = acti_stream_name_check(stream, error);

    if (status == ACTA_OK) status = acti_stream_id(store, stream, &info.id, error);
    if (status == ACTA_OK && info.id != 0) status = acti_stream_version(store, info.id, head, &info.version, error);
    if (status != ACTA_OK) return status;
    if (info.version == 0)
        return acta_error_set(error, ACTA_NOT_FOUND, "there is no stream '" ACTA_FMT "'", ACTA_ARG(stream));

    status = acti_stream_event(store, info.id, 1, &info.first_position, &info.created_at_us, error);
    if (status == ACTA_OK)
        status = acti_stream_event(store, info.id, info.version, &info.last_position, &info.changed_at_us, error);
    if (status == ACTA_OK) status = acti_first_visible(store, info.id, info.version, &info.first_version, error);
    if (status == ACTA_OK) status = acti_change_read(store, 'm', info.id, &deletion, error);
    if (status == ACTA_OK) status = acti_change_read(store, 'l', info.id, &limited, error);
    if (status != ACTA_OK) return status;
    info.deleted = deletion.kind == ACTI_CHANGE_SOFT_DELETED;
    info.limits = limited.limits;
    *info_out = info;
    return ACTA_OK;
}
