/*
 * Recovery: what must be true of a store before it is written to.
 *
 *     log      1 … verified  …  end          contiguous, every record sound, versions of each stream without a gap
 *     batches      verified  …  last         contiguous; the last one ends where the log ends
 *     mark                      position and batch that the log must at least reach
 *     index       …  index end          at or behind the verified point; what is missing is made from the log, as is all
 *                                       of one that ends elsewhere
 *
 * RocksDB alone does not promise this: its recovery drops what is behind a damaged record of its write-ahead log, accepts
 * holes, and makes an empty log of a deleted one, all without a word. What lies before the verified point has left the
 * write-ahead log and is guarded by the checksums of its files.
 *
 * check looks while the engine is open for reading only, so that damage is found before anything is written over it.
 */
#include <assert.h>
#include <inttypes.h>

#include "acta/crc.h"

#include "internal.h"
#include "page_chain.h"

static acta_status
get_meta(acta_store *store, acta_str name, acti_value *value_out, acta_error *error)
{
    return store->engine->ops->get(store->engine, ACTI_META, acta_str_bytes(name), value_out, error);
}

static bool
sum_fits(acta_bytes value, size_t size)
{
    return value.size == size && acti_get_le32(value.data + size - 4) == acta_crc32c(0, value.data, size - 4);
}

bool
acti_recovery_is_made(acta_store *store)
{
    acti_value value;

    if (get_meta(store, acta_str_of(ACTI_META_FORMAT), &value, NULL) != ACTA_OK) return false;
    store->engine->ops->release(store->engine, &value);
    return true;
}

acta_status
acti_store_lacks_rows(acta_store *store, bool *lacks_out, acta_error *error)
{
    acti_value value;
    acta_status status = get_meta(store, acta_str_of(ACTI_META_IMPORT), &value, error);

    *lacks_out = status == ACTA_OK;
    if (status == ACTA_OK) store->engine->ops->release(store->engine, &value);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
check_format(acta_store *store, const acti_mark *mark, acta_error *error)
{
    acti_value value;
    acta_status status = get_meta(store, acta_str_of(ACTI_META_FORMAT), &value, error);

    if (status == ACTA_NOT_FOUND)
        return acta_error_set(error, ACTA_CORRUPT, "the store '%s' has lost its format record", store->path);
    if (status != ACTA_OK) return status;
    uint32_t version = value.bytes.size >= 4 ? acti_get_le32(value.bytes.data) : 0;
    if (version > ACTI_FORMAT_VERSION_MAX)
        status = acta_error_set(error, ACTA_UNSUPPORTED,
            "the store '%s' has format %" PRIu32 ", this program reads up to %d; use a newer one", store->path, version,
            ACTI_FORMAT_VERSION_MAX);
    else if (!sum_fits(value.bytes, ACTI_FORMAT_SIZE))
        status = acta_error_set(error, ACTA_CORRUPT, "the format record of the store '%s' is damaged", store->path);
    else if (memcmp(value.bytes.data + 4, mark->store_id, ACTI_STORE_ID_SIZE) != 0)
        status = acta_error_set(error, ACTA_CORRUPT,
            "the mark of the store '%s' belongs to another store; nothing was changed", store->path);
    else
        memcpy(store->store_id, value.bytes.data + 4, ACTI_STORE_ID_SIZE);
    store->recovered.format = store->format = version;
    if (status == ACTA_OK) store->recovered.made_at_us = (int64_t)acti_get_le64(value.bytes.data + 20);
    store->engine->ops->release(store->engine, &value);
    return status;
}

static acta_status
read_verified(acta_store *store, acta_error *error)
{
    acti_value value;
    acta_status status = get_meta(store, acta_str_of(ACTI_META_VERIFIED), &value, error);

    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    if (status == ACTA_NOT_FOUND || !sum_fits(value.bytes, ACTI_VERIFIED_SIZE))
        status = acta_error_set(error, ACTA_CORRUPT,
            "the store '%s' has lost the record of how far it was checked; nothing was changed", store->path);
    if (status == ACTA_OK) {
        store->recovered.verified_position = acti_get_le64(value.bytes.data);
        store->recovered.verified_batch = acti_get_le64(value.bytes.data + 8);
        store->engine->ops->release(store->engine, &value);
    }
    return status;
}

/* -- types -- */

static acta_status
load_type(acta_store *store, acta_bytes key, acta_bytes name, acta_error *error)
{
    acti_type *type;

    if (key.size != 9 || acti_get_be64(key.data + 1) != acti_types_count(&store->types))
        return acta_error_set(error, ACTA_CORRUPT, "the name of event type id %" PRIu32 " is missing in the store '%s'",
            acti_types_count(&store->types), store->path);
    acta_status status = acti_types_add(&store->types, acta_str_from(name.data, name.size), &type, error);
    if (status == ACTA_OK) acti_types_assign(&store->types, type);
    return status;
}

static acta_status
load_types(acta_store *store, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_key from = acti_id_key(acti_types_count(&store->types)); /* all, or those that came since */
    acti_range range = { .from = acti_key_view(&from), .to = acta_bytes_from((const uint8_t *)"j", 1) };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    acta_status status = ops->iterator_open(store->engine, ACTI_TYPES, &range, &iterator, error);

    if (status != ACTA_OK) return status;
    while ((status = ops->iterator_next(iterator, &key, &value, error)) == ACTA_OK) {
        status = load_type(store, key, value, error);
        if (status != ACTA_OK) break;
    }
    ops->iterator_close(iterator);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* -- the log behind the verified point -- */

enum { FIRST_VERSIONS_MAX = 1024 };

typedef struct scan {
    acta_store *store;
    acti_sessions versions; /* used as a map: stream id -> the last version seen */
    uint32_t firsts_left;   /* so many streams' first versions are still looked up */
    uint64_t position;      /* the last one seen */
    int64_t recorded_at_us;
    acti_page_chain chain;
} scan;

static acta_status
missing(const acta_store *store, uint64_t position, uint64_t found, acta_error *error)
{
    if (found == 0)
        return acta_error_set(error, ACTA_CORRUPT,
            "the log of '%s' is damaged: position %" PRIu64 " is missing; nothing was changed", store->path, position);
    return acta_error_set(error, ACTA_CORRUPT,
        "the log of '%s' is damaged: position %" PRIu64 " is missing (the next one is %" PRIu64
        "); nothing was changed",
        store->path, position, found);
}

/* The version of a stream's event that is the first of its stream behind the verified point. Each look costs a search in the
 * index; of what is chained, versions included, some of them are enough to tell an index that doesn't belong to the log. */
static acta_status
check_first_version(scan *s, const acta_recorded *event, acta_error *error)
{
    acti_event_place before;

    if (event->version == 1 || s->store->recovered.index_damaged || s->firsts_left == 0) return ACTA_OK;
    s->firsts_left--;
    acta_status status = acti_index_find(s->store->engine, NULL, event->stream_id, event->version - 1, &before, error);
    if (status == ACTA_OK && before.position < event->position) return ACTA_OK;
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    return acta_error_set(error, ACTA_CORRUPT,
        "the log of '%s' is damaged: position %" PRIu64 " is version %" PRIu64 " of stream id %" PRIu64
        ", and version %" PRIu64 " is missing; nothing was changed",
        s->store->path, event->position, event->version, event->stream_id, event->version - 1);
}

static acta_status
check_version(scan *s, const acta_recorded *event, acta_error *error)
{
    uint64_t last = acti_sessions_last(&s->versions, event->stream_id);
    acta_status status = ACTA_OK;

    if (last == 0)
        status = check_first_version(s, event, error);
    else if (event->version != last + 1)
        status = acta_error_set(error, ACTA_CORRUPT,
            "the log of '%s' is damaged: position %" PRIu64 " is version %" PRIu64 " of stream id %" PRIu64
            ", which was at %" PRIu64 "; nothing was changed",
            s->store->path, event->position, event->version, event->stream_id, last);
    if (status != ACTA_OK) return status;
    if (!acti_sessions_set(&s->versions, event->stream_id, event->version))
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot check the log of '%s'", s->store->path);
    return ACTA_OK;
}

/* Does the chain lead to what the page says? The first page that is looked at is believed, unless it is the log's first. */
static acta_status
check_chain(scan *s, const acti_page *page, acta_error *error)
{
    acta_error said;
    acta_status status = acti_page_chain_follow(&s->chain, page, &said);

    if (status == ACTA_OK) return ACTA_OK;
    return acta_error_set(
        error, status, "the log of '%s' is damaged: %s; nothing was changed", s->store->path, said.text);
}

static acta_status
check_record(scan *s, const acti_page *page, uint64_t position, acta_error *error)
{
    acti_record_view view;
    acta_status status = acti_page_record(page, position, &view, error);

    if (status == ACTA_OK && position > s->store->recovered.verified_position)
        status = check_version(s, &view.event, error);
    if (status == ACTA_OK && s->store->read_only && position > s->store->recovered.index_end)
        status = acti_recovery_note(s->store, &view, page->first, error);
    if (status == ACTA_OK) s->recorded_at_us = view.event.recorded_at_us;
    return status;
}

static acta_status
check_page(scan *s, acta_bytes key, acta_bytes value, bool is_first, acta_error *error)
{
    uint64_t position = s->position + 1;
    acti_page page;

    if (key.size != 8) return missing(s->store, position, 0, error);
    acta_status status = acti_page_open(key, value, &page, error);
    if (status != ACTA_OK) return status;
    bool follows = is_first ? page.first <= position && acti_page_last(&page) >= position : page.first == position;
    if (!follows) return missing(s->store, position, page.first, error);
    status = check_chain(s, &page, error);
    for (; status == ACTA_OK && position <= acti_page_last(&page); position++)
        status = check_record(s, &page, position, error);
    if (status == ACTA_OK) s->position = acti_page_last(&page);
    return status;
}

/* From the verified point, itself included, to the end. */
static acta_status
scan_log(acta_store *store, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    uint64_t first = store->recovered.verified_position > 0 ? store->recovered.verified_position : 1;
    acti_key from = acti_log_key(0), start = acti_log_key(first);
    acti_range range = { .from = acti_key_view(&from), .start = acti_key_view(&start), .scan = true };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    scan s = { .store = store, .position = first - 1, .firsts_left = FIRST_VERSIONS_MAX };
    acta_status status = ops->iterator_open(store->engine, ACTI_LOG, &range, &iterator, error);

    if (status != ACTA_OK) return status;
    acti_sessions_init(&s.versions, &store->environment.allocator, SIZE_MAX);
    acti_page_chain_init(&s.chain, &store->environment.allocator);
    for (bool is_first = true; (status = ops->iterator_next(iterator, &key, &value, error)) == ACTA_OK;
         is_first = false) {
        status = check_page(&s, key, value, is_first, error);
        if (status != ACTA_OK) break;
    }
    ops->iterator_close(iterator);
    acti_sessions_deinit(&s.versions);
    acti_page_chain_deinit(&s.chain);
    store->recovered.position = s.position;
    store->committer.recorded_at_us = s.recorded_at_us;
    store->committer.page.chain = s.chain.value;
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
check_batch(acta_store *store, acta_bytes key, acta_bytes value, uint64_t *position, acta_error *error)
{
    uint64_t batch = store->recovered.batch + 1;

    if (key.size != 9 || acti_get_be64(key.data + 1) != batch)
        return acta_error_set(error, ACTA_CORRUPT,
            "the store '%s' is damaged: batch %" PRIu64 " is missing; nothing was changed", store->path, batch);
    if (!sum_fits(value, ACTI_BATCH_SIZE) ||
        acti_get_le64(value.data) !=
            *position + (batch > store->recovered.verified_batch ? acti_get_le32(value.data + 16) : 0))
        return acta_error_set(error, ACTA_CORRUPT,
            "the store '%s' is damaged: the record of batch %" PRIu64 "; nothing was changed", store->path, batch);
    *position = acti_get_le64(value.data);
    int64_t recorded_at_us = (int64_t)acti_get_le64(value.data + 8);
    if (recorded_at_us > store->committer.recorded_at_us) store->committer.recorded_at_us = recorded_at_us;
    store->recovered.batch = batch;
    return ACTA_OK;
}

/* From the verified batch, itself included, to the last; each tells how many events it had. */
static acta_status
scan_batches(acta_store *store, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_key from = acti_batch_key(store->recovered.verified_batch);
    acti_range range = { .from = acti_key_view(&from), .to = acta_bytes_from((const uint8_t *)"c", 1) };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    uint64_t position = store->recovered.verified_position;
    acta_status status = ops->iterator_open(store->engine, ACTI_META, &range, &iterator, error);

    if (status != ACTA_OK) return status;
    store->recovered.batch = store->recovered.verified_batch - 1;
    while ((status = ops->iterator_next(iterator, &key, &value, error)) == ACTA_OK) {
        status = check_batch(store, key, value, &position, error);
        if (status != ACTA_OK) break;
    }
    ops->iterator_close(iterator);
    if (status != ACTA_NOT_FOUND) return status;
    if (store->recovered.batch < store->recovered.verified_batch)
        return acta_error_set(error, ACTA_CORRUPT,
            "the store '%s' is damaged: batch %" PRIu64 " is missing; nothing was changed", store->path,
            store->recovered.verified_batch);
    if (position == store->recovered.position) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT,
        "the store '%s' is damaged: its log ends at position %" PRIu64 ", its last batch at %" PRIu64
        "; nothing was changed",
        store->path, store->recovered.position, position);
}

static acta_status
check_mark(acta_store *store, const acti_mark *mark, acta_error *error)
{
    const acti_recovered *found = &store->recovered;

    if (mark->position > found->position)
        return acta_error_set(error, ACTA_CORRUPT,
            "the log of '%s' ends at position %" PRIu64 ", but it was durable up to %" PRIu64
            ": the first missing position is %" PRIu64
            "; nothing was changed; see it with `acta verify`, mend it with `acta repair`, or set .read_only to "
            "read what is there",
            store->path, found->position, mark->position, found->position + 1);
    if (found->verified_position > found->position) return missing(store, found->position + 1, 0, error);
    if (mark->batch > found->batch)
        return acta_error_set(error, ACTA_CORRUPT,
            "the store '%s' ends at batch %" PRIu64 ", but it was durable up to %" PRIu64
            ": the first missing batch is %" PRIu64
            "; nothing was changed; see it with `acta verify`, mend it with `acta repair`, or set .read_only to "
            "read what is there",
            store->path, found->batch, mark->batch, found->batch + 1);
    return ACTA_OK;
}

static acta_status
read_index_end(acta_store *store, acta_error *error)
{
    acti_key key = acti_index_end_key();
    acti_value value;
    acta_status status = store->engine->ops->get(store->engine, ACTI_INDEX, acti_key_view(&key), &value, error);

    store->recovered.index_end = 0;
    store->recovered.index_known = status == ACTA_OK;
    if (status == ACTA_NOT_FOUND)
        status = ACTA_OK;
    else if (status == ACTA_OK) {
        if (value.bytes.size == 8) store->recovered.index_end = acti_get_be64(value.bytes.data);
        store->engine->ops->release(store->engine, &value);
    }
    store->recovered.index_damaged = store->recovered.index_end < store->recovered.verified_position;
    return status;
}

static acta_status
find_next_stream_id(acta_store *store, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_key from = acti_id_key(0);
    acti_range range = {
        .from = acti_key_view(&from), .to = acta_bytes_from((const uint8_t *)"j", 1), .backward = true
    };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    acta_status status = ops->iterator_open(store->engine, ACTI_STREAMS, &range, &iterator, error);

    if (status != ACTA_OK) return status;
    status = ops->iterator_next(iterator, &key, &value, error);
    if (status == ACTA_OK && key.size == 9) store->committer.next_stream_id = acti_get_be64(key.data + 1) + 1;
    ops->iterator_close(iterator);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acti_recovery_check(acta_store *store, const acti_mark *mark, acta_error *error)
{
    acta_status status = check_format(store, mark, error), scanned;

    acti_index_tail_clear(&store->index);
    if (status == ACTA_OK) status = read_verified(store, error);
    if (status == ACTA_OK) status = read_index_end(store, error);
    if (status == ACTA_OK) status = load_types(store, error);
    if (status == ACTA_OK) status = find_next_stream_id(store, error);
    if (status != ACTA_OK) return status;

    scanned = scan_log(store, error);
    if (store->recovered.index_end > store->recovered.position) store->recovered.index_damaged = true;
    if (scanned != ACTA_OK) return scanned;
    /* The mark before the batches: a position is what a person can look for. */
    status = mark->position > store->recovered.position ? check_mark(store, mark, error) : ACTA_OK;
    if (status == ACTA_OK) status = scan_batches(store, error);
    if (status == ACTA_OK) status = check_mark(store, mark, error);
    if (mark->batch < store->recovered.batch) ACTA_SOMETIMES(&store->environment, "recovery.batch.without.mark");
    if (mark->batch == store->recovered.batch) ACTA_SOMETIMES(&store->environment, "recovery.mark.at.end");
    if (store->recovered.index_end < store->recovered.position)
        ACTA_SOMETIMES(&store->environment, "recovery.index.behind");
    store->committer.position = store->recovered.position;
    store->committer.batch_number = store->recovered.batch;
    return status;
}

/* -- making and closing -- */

void
acti_recovery_put_format(acta_store *store, int64_t made_at_us)
{
    uint8_t value[ACTI_FORMAT_SIZE];

    acti_put_le32(value, store->format);
    memcpy(value + 4, store->store_id, ACTI_STORE_ID_SIZE);
    acti_put_le64(value + 20, (uint64_t)made_at_us);
    acti_put_le32(value + 28, acta_crc32c(0, value, 28));
    store->engine->ops->batch_put(store->committer.batch, ACTI_META, acta_str_bytes(acta_str_of(ACTI_META_FORMAT)),
        acta_bytes_from(value, sizeof value));
    if (store->by_stream.data != NULL)
        store->engine->ops->batch_put(
            store->committer.batch, ACTI_META, acta_str_bytes(acta_str_of(ACTI_META_BY_STREAM)), store->by_stream);
}

acta_status
acti_recovery_create(acta_store *store, acta_error *error)
{
    acti_committer *committer = &store->committer;
    acta_status status = store->engine->ops->prepare(store->engine, error);

    /* A mark of batch 0 says that this is not a store yet: whatever else is there may be made anew. */
    if (committer->mark.turn == 0)
        store->environment.random.fill(
            store->environment.random.user, committer->mark.store_id, sizeof committer->mark.store_id);
    /* One whose making was interrupted keeps its id: what is there of it already may have it. */
    memcpy(store->store_id, committer->mark.store_id, ACTI_STORE_ID_SIZE);
    committer->mark.turn++;
    if (status == ACTA_OK) status = acti_mark_write(store->engine, &committer->mark, error);
    if (status == ACTA_OK) status = store->engine->ops->start(store->engine, ACTI_START_CREATE, error);
    if (status == ACTA_OK) status = acti_recovery_by_stream(store, error);
    if (status != ACTA_OK) return status;

    acti_recovery_put_format(store, store->environment.clock.wall_us(store->environment.clock.user));
    acti_index_put_end(store->engine, committer->batch, 0);
    acti_batch_close(store, 0);
    acti_batch_put_verified(store, 0, committer->batch_number);
    status = acti_commit_own(store, error);
    store->recovered.batch = store->recovered.verified_batch = committer->batch_number;
    return status;
}

static acta_status
keep_schema(acta_store *store, acta_bytes key, uint64_t hash, acta_error *error)
{
    uint8_t value[8];

    acti_put_le64(value, hash);
    store->engine->ops->batch_put(store->committer.batch, ACTI_META, key, acta_bytes_from(value, sizeof value));
    acti_batch_close(store, 0);
    return acti_commit_own(store, error);
}

acta_status
acti_recovery_schema(acta_store *store, const char *name, uint64_t hash, bool write, acta_error *error)
{
    uint8_t room[sizeof ACTI_META_SCHEMA + 128];
    acta_str schema = acta_str_of(name != NULL ? name : "");
    acti_value value;

    if (hash == 0) return ACTA_OK;
    if (schema.size > 128)
        return acta_error_set(
            error, ACTA_INVALID, "the name of the schema has %zu bytes, at most 128 are allowed", schema.size);
    memcpy(room, ACTI_META_SCHEMA, sizeof ACTI_META_SCHEMA - 1);
    if (schema.size > 0) memcpy(room + sizeof ACTI_META_SCHEMA - 1, schema.data, schema.size);
    acta_bytes key = acta_bytes_from(room, sizeof ACTI_META_SCHEMA - 1 + schema.size);

    acta_status status = get_meta(store, acta_str_from(key.data, key.size), &value, error);
    if (status == ACTA_NOT_FOUND) return write ? keep_schema(store, key, hash, error) : ACTA_OK;
    if (status != ACTA_OK) return status;
    uint64_t kept = value.bytes.size == 8 ? acti_get_le64(value.bytes.data) : 0;
    store->engine->ops->release(store->engine, &value);
    if (kept == hash) return ACTA_OK;
    return acta_error_set(error, ACTA_SCHEMA_MISMATCH,
        "the store '%s' was made by schema '" ACTA_FMT "' %016" PRIx64 ", this program has %016" PRIx64
        "; use the program that made it, or another directory",
        store->path, ACTA_ARG(schema), kept, hash);
}

acta_status
acti_recovery_close(acta_store *store, acta_error *error)
{
    acti_committer *committer = &store->committer;

    if (store->recovered.verified_batch == committer->batch_number) return ACTA_OK; /* nothing was written */
    store->engine->ops->batch_clear(committer->batch);
    acti_index_tail_put_all(&store->index, store->engine, committer->batch);
    acti_batch_close(store, 0);
    acti_batch_put_verified(store, committer->position, committer->batch_number);
    acta_status status = acti_commit_own(store, error);
    if (status == ACTA_OK) status = store->engine->ops->flush(store->engine, error);
    return status;
}
