/*
 * Import: entries of another log, put into pages as they are. See acta/transfer.h.
 *
 *     entry --checked against what came before--> record --> page --> a batch of some MiB, synced, and the mark
 *     closing --opened as any other--> recovery makes index, names, types and tags from the log (as in rebuild.c)
 *
 * The index is taken away with the first batch: what is made of it later must not mix with what it had.
 */
#include <inttypes.h>
#include <stdio.h>

#include "acta/memory_engine.h"
#include "acta/operations.h"
#include "import.h"
#include "rebuild.h"
#include "stream_change.h"

/* -- what is known -- */

static uint64_t
key_of_name(acta_str name)
{
    const acta_bytes part = acta_str_bytes(name);
    const acta_digest digest = acta_digest_of(&part, 1);
    uint64_t key = acti_get_le64(digest.bytes);

    return key != 0 ? key : 1;
}

static bool
is_change(const acta_entry *entry)
{
    return entry->event.kind == ACTA_RECORD_EVENT &&
           acta_str_equal(entry->event.type, acta_str_of(ACTI_TYPE_OF_CHANGES));
}

/* The log continues with this entry, which was checked. */
static acta_status
learn(acta_import *import, const acta_recorded *event, const acti_change *change, acta_error *error)
{
    uint64_t name = key_of_name(event->stream);
    bool is_new = event->version == 1;

    import->recorded_at_us = event->recorded_at_us;
    if (!acti_sessions_set(&import->versions, event->stream_id, event->version) ||
        (is_new && (!acti_sessions_set(&import->name_of, event->stream_id, name) ||
                       !acti_sessions_set(&import->owner_of, name, event->stream_id))))
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory to import into '%s'", import->path);
    if (is_new && event->stream_id > import->stream_id_max) import->stream_id_max = event->stream_id;
    if (change->kind != ACTI_CHANGE_HARD_DELETED || change->stream_id == 0) return ACTA_OK;
    acti_sessions_forget(&import->owner_of, acti_sessions_last(&import->name_of, change->stream_id));
    return ACTA_OK;
}

/* -- checks -- */

static acta_status
check_place(const acta_import *import, const acta_recorded *event, acta_error *error)
{
    const acti_committer *committer = &import->store->committer;

    if (event->position != committer->position + 1)
        return acta_error_set(error, ACTA_INVALID, "position %" PRIu64 " was expected, not %" PRIu64,
            committer->position + 1, event->position);
    if (event->recorded_at_us < import->recorded_at_us)
        return acta_error_set(error, ACTA_INVALID,
            "it was recorded before the one ahead of it: %" PRIi64 " or later was expected, not %" PRIi64 " µs",
            import->recorded_at_us, event->recorded_at_us);
    return ACTA_OK;
}

static acta_status
check_stream(acta_import *import, const acta_recorded *event, acta_error *error)
{
    uint64_t version = acti_sessions_last(&import->versions, event->stream_id) + 1;
    uint64_t name = key_of_name(event->stream), owner = acti_sessions_last(&import->owner_of, name);

    if (event->version != version)
        return acta_error_set(error, ACTA_INVALID,
            "version %" PRIu64 " of stream id %" PRIu64 " was expected, not %" PRIu64, version, event->stream_id,
            event->version);
    if (version > 1 && acti_sessions_last(&import->name_of, event->stream_id) != name)
        return acta_error_set(error, ACTA_INVALID, "stream id %" PRIu64 " has another name than '" ACTA_FMT "'",
            event->stream_id, ACTA_ARG(event->stream));
    if (version == 1 && event->stream_id <= import->stream_id_max)
        return acta_error_set(error, ACTA_INVALID,
            "a new stream was expected to have an id behind %" PRIu64 ", not %" PRIu64, import->stream_id_max,
            event->stream_id);
    if (version == 1 && owner != 0)
        return acta_error_set(error, ACTA_INVALID,
            "the stream '" ACTA_FMT "' is there already, with the id %" PRIu64 ", and was not deleted",
            ACTA_ARG(event->stream), owner);
    return ACTA_OK;
}

static acta_status
check_names(const acta_recorded *event, acta_error *error)
{
    acta_status status = acti_stream_name_check(event->stream, error);

    if (status != ACTA_OK) return status;
    if (event->type.size == 0 || event->type.size > ACTA_TYPE_NAME_MAX || !acta_str_is_utf8(event->type))
        return acta_error_set(error, ACTA_INVALID, "an event type has 1 to %d bytes of UTF-8, not %zu",
            ACTA_TYPE_NAME_MAX, event->type.size);
    if (event->payload.size > ACTA_PAYLOAD_MAX || event->metadata.size > ACTA_PAYLOAD_MAX)
        return acta_error_set(error, ACTA_INVALID, "payload and metadata have at most %d bytes each", ACTA_PAYLOAD_MAX);
    return ACTA_OK;
}

static acta_status
check_tags(acta_bytes tags, acta_error *error)
{
    uint32_t count = 0;
    acta_str tag;

    while (acti_tag_next(&tags, &tag)) {
        if (++count > ACTA_TAG_COUNT_MAX || tag.size == 0 || !acta_str_is_utf8(tag)) break;
    }
    if (tags.size == 0 && count <= ACTA_TAG_COUNT_MAX) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID, "at most %d tags of 1 to %d bytes of UTF-8 were expected",
        ACTA_TAG_COUNT_MAX, ACTA_TAG_MAX);
}

/* What the store reads as its own must be what it wrote. */
static acta_status
check_own(const acta_import *import, const acta_entry *entry, acti_change *change_out, acta_error *error)
{
    const acta_recorded *event = &entry->event;
    bool is_of_changes = acta_str_equal(event->stream, acta_str_of(ACTI_STREAM_OF_CHANGES));

    *change_out = (acti_change){ .kind = ACTI_CHANGE_NONE };
    if (is_of_changes != acta_str_equal(event->type, acta_str_of(ACTI_TYPE_OF_CHANGES)))
        return acta_error_set(error, ACTA_INVALID, "only events '%s' lie in the stream '%s', and nowhere else",
            ACTI_TYPE_OF_CHANGES, ACTI_STREAM_OF_CHANGES);
    if (is_change(entry) &&
        (!acti_change_decode(event->payload, change_out) || change_out->stream_id > import->stream_id_max))
        return acta_error_set(error, ACTA_INVALID, "its payload is no change of a stream");
    return ACTA_OK;
}

static acta_status
check(acta_import *import, const acta_entry *entry, acti_change *change_out, acta_error *error)
{
    acta_status status = check_place(import, &entry->event, error);

    if (status == ACTA_OK) status = check_names(&entry->event, error);
    if (status == ACTA_OK) status = check_tags(entry->event.tags, error);
    if (status == ACTA_OK) status = check_stream(import, &entry->event, error);
    return status == ACTA_OK ? check_own(import, entry, change_out, error) : status;
}

/* -- writing -- */

/* The record in memory, names behind it; of a stub with the digest of what lay beside it as its metadata. */
static acta_status
prepare(acta_import *import, const acta_entry *entry, acta_error *error)
{
    const acta_allocator *allocator = &import->environment.allocator;
    const acta_recorded *from = &entry->event;
    static const acta_digest none;
    acta_str tags[ACTA_TAG_COUNT_MAX];
    bool is_stub = from->kind == ACTA_RECORD_STUB;
    acta_event event = { .type = from->type,
        .schema_hash = from->schema_hash,
        .metadata = from->metadata,
        .correlation_id = from->correlation_id,
        .causation_id = from->causation_id,
        .tags = tags };

    for (acta_bytes left = from->tags; !is_stub && acti_tag_next(&left, &tags[event.tag_count]);)
        event.tag_count++;
    if (is_stub) event.metadata = acta_bytes_from(NULL, 0);
    if (is_stub && memcmp(&entry->beside, &none, sizeof none) != 0)
        event.metadata = acta_bytes_from(entry->beside.bytes, sizeof entry->beside.bytes);
    size_t payload_size = is_stub ? 0 : from->payload.size, size = acti_record_size(from->stream, &event, payload_size);
    if (size > import->room_size) {
        if (import->room != NULL) allocator->free(allocator->user, import->room, import->room_size);
        import->room = allocator->alloc(allocator->user, size);
        import->room_size = import->room != NULL ? size : 0;
    }
    if (import->room == NULL || !acti_page_writer_reserve(&import->store->committer.page, size))
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for an event of %zu bytes", size);
    acti_record_prepare(import->room, from->stream, &event, payload_size);
    if (payload_size > 0) memcpy(import->room + ACTI_RECORD_HEADER, from->payload.data, payload_size);
    acti_record_digest(import->room);
    if (is_stub) import->room[ACTI_RECORD_AT_KIND] = ACTA_RECORD_STUB;
    if (is_stub) memcpy(import->room + ACTI_RECORD_AT_DIGEST, from->digest.bytes, ACTA_DIGEST_SIZE);
    return ACTA_OK;
}

/* The first of a type names it. */
static acta_status
type_id_of(acta_import *import, acta_str name, uint32_t *id_out, bool *is_new_out, acta_error *error)
{
    acti_types *types = &import->store->types;
    acti_type *type = acti_types_find(types, name);
    acta_status status = type == NULL ? acti_types_add(types, name, &type, error) : ACTA_OK;

    if (status != ACTA_OK) return status;
    *is_new_out = type->id == 0;
    if (*is_new_out) acti_types_assign(types, type);
    *id_out = type->id;
    return ACTA_OK;
}

acta_status
acti_import_write(acta_import *import, acta_error *error)
{
    acta_store *store = import->store;
    acti_key from = acti_index_key(0, 0), end = acti_index_end_key();

    if (import->count == 0 && store->engine->ops->batch_bytes(store->committer.batch) == 0) return ACTA_OK;
    acti_batch_close(store, import->count);
    if (!import->is_begun && import->count > 0) {
        store->engine->ops->batch_delete_range(
            store->committer.batch, ACTI_INDEX, acti_key_view(&from), acti_key_view(&end));
        store->engine->ops->batch_delete(store->committer.batch, ACTI_INDEX, acti_key_view(&end));
    }
    import->is_begun |= import->count > 0;
    import->count = 0;
    return acti_commit_own(store, error);
}

acta_status
acti_import_write_much(acta_import *import, acta_error *error)
{
    const acti_committer *committer = &import->store->committer;
    size_t bytes = import->store->engine->ops->batch_bytes(committer->batch) + committer->page.records_size;
    acta_status status = bytes < ACTI_REBUILD_BATCH_BYTES ? ACTA_OK : acti_import_write(import, error);

    import->has_failed |= status != ACTA_OK;
    return status;
}

static acta_status
put(acta_import *import, const acta_recorded *event, acta_error *error)
{
    acti_committer *committer = &import->store->committer;
    acti_place place = { .position = event->position,
        .stream_id = event->stream_id,
        .version = event->version,
        .recorded_at_us = event->recorded_at_us,
        .command_id = event->command_id };
    bool type_is_new = false;
    acta_status status = type_id_of(import, event->type, &place.type_id, &type_is_new, error);

    if (status != ACTA_OK) return status;
    place.names = event->version == 1 || type_is_new;
    acti_record_seal(import->room, &place);
    if (!acti_page_writer_fits(&committer->page, import->room)) acti_batch_put_page(import->store);
    acti_page_writer_add(&committer->page, import->room);
    committer->position = event->position;
    committer->recorded_at_us = event->recorded_at_us;
    import->count++;
    acti_import_put_outcome(import, event);
    return acti_import_write_much(import, error);
}

acta_status
acti_import_check_open(const acta_import *import, acta_error *error)
{
    if (import->has_failed)
        return acta_error_set(error, ACTA_IO, "an import that has failed can't go on; close it, and begin it again");
    if (import->has_ended)
        return acta_error_set(error, ACTA_INVALID, "all rows came, so nothing may be added; close the import");
    return ACTA_OK;
}

acta_status
acta_import_add(acta_import *import, const acta_entry *entry, acta_error *error)
{
    acti_change change;
    acta_status status = acti_import_check_open(import, error);

    if (status == ACTA_OK) status = check(import, entry, &change, error);
    if (status != ACTA_OK) return status;
    status = prepare(import, entry, error);
    if (status == ACTA_OK) status = put(import, &entry->event, error);
    if (status == ACTA_OK) status = learn(import, &entry->event, &change, error);
    import->has_failed = status != ACTA_OK;
    return status;
}

/* -- opening and closing -- */

static acta_status
open_store(acta_import *import, bool must_exist, acta_error *error)
{
    const acta_store_config config = { .path = import->path,
        .manual = true,
        .must_exist = must_exist,
        .memory_bytes = UINT64_C(128) << 20,
        .environment = &import->environment };
    return acti_store_open_to_import(&config, &import->store, error);
}

/* What the log has already. */
static acta_status
learn_log(acta_import *import, acta_error *error)
{
    acta_export *log;
    acta_entry entry;
    acti_change change;
    acta_status status = acta_export_open(import->store, 1, &log, error);

    if (status != ACTA_OK) return status;
    while ((status = acta_export_next(log, &entry, error)) == ACTA_OK) {
        change.kind = ACTI_CHANGE_NONE;
        if (is_change(&entry)) acti_change_decode(entry.event.payload, &change);
        status = learn(import, &entry.event, &change, error);
        if (status != ACTA_OK) break;
    }
    acta_export_close(log);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static void
free_import(acta_import *import)
{
    const acta_allocator allocator = import->environment.allocator;

    acti_sessions_deinit(&import->versions);
    acti_sessions_deinit(&import->name_of);
    acti_sessions_deinit(&import->owner_of);
    if (import->room != NULL) allocator.free(allocator.user, import->room, import->room_size);
    allocator.free(allocator.user, import, sizeof *import);
}

acta_status
acta_import_open(const char *path, const acta_environment *environment, acta_import **import_out, acta_error *error)
{
    const acta_environment own = acti_silent(environment);
    acta_import *import = own.allocator.alloc(own.allocator.user, sizeof *import);

    if (import == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to import");
    *import = (acta_import){ .environment = own, .begun_at_us = own.clock.wall_us(own.clock.user) };
    acti_sessions_init(&import->versions, &own.allocator, SIZE_MAX);
    acti_sessions_init(&import->name_of, &own.allocator, SIZE_MAX);
    acti_sessions_init(&import->owner_of, &own.allocator, SIZE_MAX);
    acta_status status = ACTA_OK;
    if ((size_t)snprintf(import->path, sizeof import->path, "%s", path) >= sizeof import->path)
        status = acta_error_set(error, ACTA_INVALID, "the path of the store is too long (%zu bytes)", strlen(path));
    if (status == ACTA_OK) status = open_store(import, false, error);
    if (status == ACTA_OK) status = acti_import_ask_rows(import, error);
    if (status == ACTA_OK) status = learn_log(import, error);
    if (status != ACTA_OK) {
        acta_store_close(import->store);
        free_import(import);
        return status;
    }
    *import_out = import;
    return ACTA_OK;
}

uint64_t
acta_import_position(const acta_import *import)
{
    return import->store->committer.position;
}

acta_status
acta_import_close(acta_import *import, acta_error *error)
{
    acta_status status = ACTA_OK;

    if (import == NULL) return ACTA_OK;
    const bool is_whole = !acta_import_awaits_rows(import);
    if (!import->has_failed) status = acti_import_write(import, error);
    acta_store_abandon(import->store);
    import->store = NULL;
    if (status == ACTA_OK) status = open_store(import, true, error);
    if (status == ACTA_OK && is_whole) status = acta_store_verify(import->store, NULL, NULL, NULL, error);
    acta_store_close(import->store);
    free_import(import);
    return status;
}
