/*
 * Recovery of what is made from the log: the index by stream, names, rows of tags, what is known of changed streams.
 *
 *     log      1 … index end  …  end        behind the index's end, and behind the verified point, all is put again
 *
 * The index ends behind its log whenever the store was not closed: what is missing was in memory (index_tail.h). One that ends
 * before the verified point, or behind the log, is damaged, and made again as a whole.
 *
 * The first record of a stream and of a type name both, and each record has its tags, so nothing but the log is needed. What
 * is put is what was there, so that doing it twice changes nothing.
 */
#include <inttypes.h>

#include "internal.h"
#include "log_reader.h"

enum {
    REPAIR_CHUNK = 10000,       /* keys put in one batch, or all entries that were noted */
    COPIED_BYTES_MAX = 16 << 20 /* of the log, behind the index: copying them must not make opening slow */
};

/* What is in the batch goes to the disk, if it is much, or `all`. */
static acta_status
flush_repair(acta_store *store, uint32_t *count, bool all, acta_error *error)
{
    if (*count == 0 || (!all && *count < REPAIR_CHUNK)) return ACTA_OK;
    *count = 0;
    acti_batch_close(store, 0);
    return acti_commit_own(store, error);
}

/* Put a name both ways, if it isn't there. */
static acta_status
restore_name(acta_store *store, acti_family family, acta_str name, uint64_t id, uint32_t *count, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    uint8_t room[ACTI_NAME_KEY_MAX], bytes[ACTI_ID_VALUE_SIZE];
    acti_key id_key = acti_id_key(id);
    acti_value value;
    acta_status status = ops->get(store->engine, family, acti_name_key(room, name), &value, error);

    if (status == ACTA_OK) ops->release(store->engine, &value);
    if (status != ACTA_NOT_FOUND) return status;
    acti_put_be64(bytes, id);
    ops->batch_put(store->committer.batch, family, acti_name_key(room, name), acta_bytes_from(bytes, sizeof bytes));
    ops->batch_put(store->committer.batch, family, acti_key_view(&id_key), acta_str_bytes(name));
    *count += 2;
    return ACTA_OK;
}

/* A stream's name, both ways, whatever was there: of two streams of one name the later one has it. */
static void
put_stream_name(acta_store *store, acta_str name, uint64_t id, uint32_t *count)
{
    uint8_t room[ACTI_NAME_KEY_MAX], bytes[ACTI_ID_VALUE_SIZE];
    acti_key id_key = acti_id_key(id);

    acti_put_be64(bytes, id);
    store->engine->ops->batch_put(
        store->committer.batch, ACTI_STREAMS, acti_name_key(room, name), acta_bytes_from(bytes, sizeof bytes));
    store->engine->ops->batch_put(store->committer.batch, ACTI_STREAMS, acti_key_view(&id_key), acta_str_bytes(name));
    *count += 2;
}

/* What a change of a stream did: its rows, and the name of one that was deleted for good. */
static void
restore_change(acta_store *store, const acti_record_view *view, uint32_t *count)
{
    acta_bytes payload = view->event.payload;
    acta_str type = view->event.type.data != NULL ? view->event.type : acti_types_name(&store->types, view->type_id);
    uint8_t room[ACTI_NAME_KEY_MAX];
    acti_change change;

    if (!acta_str_equal(type, acta_str_of(ACTI_TYPE_OF_CHANGES))) return;
    if (!acti_change_decode(payload, &change) || change.stream_id == 0) return;
    acti_change_put_rows(store, &change);
    if (change.kind == ACTI_CHANGE_METADATA) acti_stream_metadata_put(store, &change, payload);
    if (change.kind == ACTI_CHANGE_HARD_DELETED)
        store->engine->ops->batch_delete(store->committer.batch, ACTI_STREAMS,
            acti_name_key(room, acta_str_from(payload.data + ACTI_CHANGE_SIZE, payload.size - ACTI_CHANGE_SIZE)));
    *count += 2;
}

acta_status
acti_recovery_note(acta_store *store, const acti_record_view *view, uint64_t page, acta_error *error)
{
    const acti_run run = { .stream_id = view->event.stream_id,
        .version = view->event.version,
        .page = page,
        .place = (uint32_t)(view->event.position - page),
        .count = 1 };

    if (!acti_index_tail_reserve(&store->index, 1))
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot make the index of '%s' again", store->path);
    acti_index_tail_add(&store->index, &run);
    return ACTA_OK;
}

/* All that was noted goes into the batch. Names by which streams are kept are looked up where the engine has them. */
static acta_status
put_noted(acta_store *store, uint32_t *count, acta_error *error)
{
    acta_status status = store->index.by_stream != NULL ? flush_repair(store, count, true, error) : ACTA_OK;

    if (status != ACTA_OK) return status;
    acti_index_tail_put_all(&store->index, store->engine, store->committer.batch);
    acti_index_tail_clear(&store->index); /* nobody reads yet */
    *count = REPAIR_CHUNK;
    return ACTA_OK;
}

/* An index that goes on where it ended is put at once, so that its entries are cut as those that were being written: it is no
 * more than what was in memory then. One that is made as a whole is put bit by bit. */
static acta_status
put_entry(acta_store *store, const acti_record_view *view, uint64_t page, uint32_t *count, acta_error *error)
{
    bool is_whole = !store->recovered.index_known || store->recovered.index_damaged;
    acta_status status = acti_recovery_note(store, view, page, error);

    acti_tags_put(store, view->event.tags, view->event.position);
    *count += view->event.tags.size > 0;
    if (status == ACTA_OK && is_whole && acti_index_tail_is_full(&store->index))
        status = put_noted(store, count, error);
    return status;
}

static acta_status
restore_entry(acta_store *store, const acti_record_view *view, uint64_t page, uint32_t *count, acta_error *error)
{
    acta_status status = ACTA_OK;

    if (view->event.position > store->recovered.index_end) status = put_entry(store, view, page, count, error);
    if (status != ACTA_OK) return status;
    restore_change(store, view, count);
    if (view->event.stream.data == NULL) return ACTA_OK;
    if (view->event.version == 1) put_stream_name(store, view->event.stream, view->event.stream_id, count);
    if (view->type_id == acti_types_count(&store->types)) {
        acti_type *type;
        status = acti_types_add(&store->types, view->event.type, &type, error);
        if (status == ACTA_OK) acti_types_assign(&store->types, type);
        if (status == ACTA_OK) status = restore_name(store, ACTI_TYPES, view->event.type, view->type_id, count, error);
    }
    if (view->event.stream_id >= store->committer.next_stream_id)
        store->committer.next_stream_id = view->event.stream_id + 1;
    return status;
}

/* Make index entries and names again, for all events behind `after`. */
static acta_status
extend_indexes(acta_store *store, uint64_t after, uint32_t *count, acta_error *error)
{
    acti_log_reader reader;
    acti_record_view view;
    acta_status status = acti_log_reader_open(&reader, store->engine, after + 1 + ACTA_PLANT("index_begins_late"),
        store->recovered.position, false, true, error);

    if (status != ACTA_OK) return status;
    while ((status = acti_log_reader_next(&reader, &view, error)) == ACTA_OK) {
        status = restore_entry(store, &view, reader.page.first, count, error);
        if (status == ACTA_OK) status = flush_repair(store, count, false, error);
        if (status != ACTA_OK) break;
    }
    acti_log_reader_close(&reader);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* Nothing that it has is believed. */
static void
drop_index(acta_store *store, uint32_t *count)
{
    acti_key from = acti_index_key(0, 0), end = acti_index_end_key();

    acta_log_event(&store->environment, ACTA_LOG_WARNING, "store.index_made_again",
        ACTA_LOG_FIELDS(acta_log_text("store", acta_str_of(store->path)),
            acta_log_number("index_end", store->recovered.index_end),
            acta_log_number("position", store->recovered.position)),
        "the index of store '%s' ended at position %" PRIu64 ", its log at %" PRIu64
        ", and all was checked up to %" PRIu64 "; it is made again",
        store->path, store->recovered.index_end, store->recovered.position, store->recovered.verified_position);
    store->engine->ops->batch_delete_range(
        store->committer.batch, ACTI_INDEX, acti_key_view(&from), acti_key_view(&end));
    acti_index_put_end(store->engine, store->committer.batch, 0);
    store->recovered.index_end = 0;
    ++*count;
}

static bool
bytes_equal(acta_bytes a, acta_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* From here on the list is `list`, which the store takes. */
static acta_status
take_list(acta_store *store, acta_bytes list, acta_error *error)
{
    acti_index_tail *index = &store->index;

    store->by_stream = list;
    if (list.data == NULL) return ACTA_OK;
    store->format = ACTI_BY_STREAM_FORMAT;
    if (list.size == ACTI_BY_STREAM_LIST_CRC) return ACTA_OK; /* of no categories */
    index->by_stream = acti_by_stream_create(&store->environment.allocator, store->engine, list);
    if (index->by_stream == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot open store '%s': there is no memory", store->path);
    if (index->logged_bytes_max > COPIED_BYTES_MAX) index->logged_bytes_max = COPIED_BYTES_MAX;
    return ACTA_OK;
}

acta_status
acti_recovery_by_stream(acta_store *store, acta_error *error)
{
    const acta_allocator *allocator = &store->environment.allocator;
    acta_bytes had, wanted;
    acta_status status = acti_by_stream_list(store->engine, allocator, &had, error);

    if (store->format < ACTI_FORMAT_VERSION) store->format = ACTI_FORMAT_VERSION;
    if (status != ACTA_OK || store->keep_by_stream == NULL)
        return status == ACTA_OK ? take_list(store, had, error) : status;
    status = acti_by_stream_encode(store->keep_by_stream, allocator, &wanted, error);
    bool was_none = had.data == NULL, is_none = wanted.size == ACTI_BY_STREAM_LIST_CRC;
    store->recovered.list_changed = status == ACTA_OK && !bytes_equal(had, wanted) && !(was_none && is_none);
    acti_by_stream_list_free(allocator, had);
    if (status == ACTA_OK && was_none && is_none) acti_by_stream_list_free(allocator, wanted);
    return status != ACTA_OK || (was_none && is_none) ? status : take_list(store, wanted, error);
}

acta_status
acti_recovery_repair(acta_store *store, acta_error *error)
{
    const acti_recovered *found = &store->recovered;
    uint32_t count = 0;
    acta_status status = acti_recovery_by_stream(store, error);

    if (status != ACTA_OK) return status;
    bool is_newest = found->format == store->format && !found->list_changed;
    store->index.reached = found->position;
    if (found->verified_position == found->position && found->verified_batch == found->batch &&
        found->index_end == found->position && is_newest)
        return ACTA_OK; /* closed cleanly */

    ACTA_CRASH_POINT("in_recovery");
    if (!is_newest) { /* ahead of what only such a store may have */
        acti_recovery_put_format(store, found->made_at_us);
        count++;
    }
    if (found->index_damaged) drop_index(store, &count);
    uint64_t after = found->index_end < found->verified_position ? found->index_end : found->verified_position;
    if (after < found->position) status = extend_indexes(store, after, &count, error);
    if (status == ACTA_OK && found->index_end != found->position) status = put_noted(store, &count, error);
    if (status == ACTA_OK) status = flush_repair(store, &count, true, error);
    if (status != ACTA_OK) return status;

    ACTA_CRASH_POINT("in_recovery");
    acti_batch_close(store, 0);
    acti_batch_put_verified(store, store->committer.position, store->committer.batch_number);
    status = acti_commit_own(store, error);
    store->recovered.verified_position = store->committer.position;
    store->recovered.verified_batch = store->committer.batch_number;
    if (status == ACTA_OK && found->format != store->format)
        acta_log_event(&store->environment, ACTA_LOG_INFO, "store.format_raised",
            ACTA_LOG_FIELDS(acta_log_text("store", acta_str_of(store->path)), acta_log_number("format", store->format)),
            "the store '%s' had format %" PRIu32 ", it has %" PRIu32
            " from now on: an older program can't open it any more",
            store->path, found->format, store->format);
    return status;
}
