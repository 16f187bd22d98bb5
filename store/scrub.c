/*
 * Scrub: events that nobody can read any more become stubs, and their copies by stream go.
 *
 *     rows m (deleted for good), l (limits)  -->  versions [scrubbed, dead)  -->  pages with stubs in their place, in one
 *     transaction of at most CHUNK, with the row s: scrubbed up to there
 *
 * In a store that may have copies (by_stream.h) the row s comes with a second transaction, which writes the entries of the
 * index that have some of the dead ones anew, without copies. Entries that are put behind the first one see stubs, so they
 * get none; if the second one never comes, the row hasn't moved, and it is all done again.
 *
 * A record's place, times, ids and digests stay, so that positions, versions and the chain run on. Pages change in no other
 * way, so what was read here is what is there when the transaction commits.
 */
#include <inttypes.h>

#include "acta/crc.h"

#include "internal.h"

enum { CHUNK = 512 };

typedef struct scrub {
    acta_store *store;
    uint64_t left;  /* events that may still be replaced */
    uint64_t count; /* that were */
} scrub;

/* -- how far a stream was scrubbed -- */

acta_status
acti_scrubbed_version(acta_store *store, uint64_t stream_id, uint64_t *version_out, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_key key = acti_change_key('s', stream_id);
    acti_value value;
    acta_status status = ops->get(store->engine, ACTI_STREAMS, acti_key_view(&key), &value, error);

    *version_out = 0;
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    if (value.bytes.size == ACTI_SCRUBBED_SIZE &&
        acti_get_le32(value.bytes.data + 8) == acta_crc32c(0, value.bytes.data, 8))
        *version_out = acti_get_le64(value.bytes.data);
    else
        status =
            acta_error_set(error, ACTA_CORRUPT, "how far stream id %" PRIu64 " was scrubbed is damaged", stream_id);
    ops->release(store->engine, &value);
    return status;
}

static acta_bytes
copy_key(acta_transaction *t, const acti_key *key)
{
    uint8_t *room = acti_transaction_room(t, key->size);

    if (room != NULL) memcpy(room, key->bytes, key->size);
    return acta_bytes_from(room, key->size);
}

static void
put_scrubbed(acta_transaction *t, uint64_t stream_id, uint64_t version)
{
    acti_key key = acti_change_key('s', stream_id);
    uint8_t *value = acti_transaction_room(t, ACTI_SCRUBBED_SIZE);

    if (value == NULL) return;
    acti_put_le64(value, version);
    acti_put_le32(value + 8, acta_crc32c(0, value, 8));
    acti_transaction_raw(t, ACTI_STREAMS, copy_key(t, &key), acta_bytes_from(value, ACTI_SCRUBBED_SIZE));
}

static void
delete_rows(acta_transaction *t, uint64_t stream_id)
{
    for (const char *what = "mls"; *what != '\0'; what++) {
        acti_key key = acti_change_key(*what, stream_id);
        acti_transaction_raw(t, ACTI_STREAMS, copy_key(t, &key), acta_bytes_from(NULL, 0));
    }
}

/* -- one stream -- */

static void
delete_tags(acta_transaction *t, acta_bytes tags, uint64_t position)
{
    acta_str tag;

    while (acti_tag_next(&tags, &tag)) {
        uint8_t *room = acti_transaction_room(t, ACTI_TAG_KEY_MAX);
        if (room != NULL)
            acti_transaction_raw(t, ACTI_TABLES, acti_tag_key(room, tag, position), acta_bytes_from(NULL, 0));
    }
}

/* Records of one page that are to go. */
typedef struct dead_records {
    uint64_t page;
    uint64_t bits[ACTI_PAGE_RECORDS_MAX / 64];
    uint32_t count;
} dead_records;

static acta_status
delete_tags_of(acta_transaction *t, const acti_page *page, const dead_records *dead, acta_error *error)
{
    acta_status status = ACTA_OK;
    acti_record_view view;

    for (uint32_t i = 0; i < page->count && status == ACTA_OK; i++) {
        if ((dead->bits[i / 64] >> (i % 64) & 1) == 0) continue;
        status = acti_page_record(page, page->first + i, &view, error);
        if (status == ACTA_OK) delete_tags(t, view.event.tags, page->first + i);
    }
    return status;
}

/* Write the page anew with stubs in their place, and begin without any. */
static acta_status
put_stubs(acta_store *store, acta_transaction *t, dead_records *dead, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_key key = acti_log_key(dead->page);
    acti_value value;
    acti_page page;
    size_t size;

    if (dead->count == 0) return ACTA_OK;
    acta_status status = ops->get(store->engine, ACTI_LOG, acti_key_view(&key), &value, error);
    if (status == ACTA_NOT_FOUND)
        return acta_error_set(error, ACTA_CORRUPT, "the event at position %" PRIu64 " is missing", dead->page);
    if (status != ACTA_OK) return status;
    status = acti_page_open(acti_key_view(&key), value.bytes, &page, error);
    if (status == ACTA_OK) status = delete_tags_of(t, &page, dead, error);
    uint8_t *room = status == ACTA_OK ? acti_transaction_room(t, acti_page_stubs_size(&page, dead->count)) : NULL;
    if (room != NULL) status = acti_page_make_stubs(&page, dead->bits, room, &size, error);
    if (room != NULL && status == ACTA_OK) {
        acti_transaction_raw(t, ACTI_LOG, copy_key(t, &key), acta_bytes_from(room, size));
        status = acti_dead_add(store, t, dead->page, page.value.size > size ? page.value.size - size : 0, error);
    }
    ops->release(store->engine, &value);
    memset(dead, 0, sizeof *dead);
    return status;
}

/* Put stubs over the records of versions `from` up to, and without, `end`. */
static acta_status
put_stubs_of(acta_store *store, acta_transaction *t, uint64_t stream_id, uint64_t from, uint64_t end, acta_error *error)
{
    acti_index_reader reader;
    acti_event_place place;
    dead_records dead = { .count = 0 };
    acta_status status = ACTA_OK;

    acti_index_reader_init(&reader, store->engine, &store->index, stream_id, from, end - 1, false);
    for (uint64_t version = from; version < end && status == ACTA_OK; version++) {
        status = acti_index_reader_next(&reader, &place, error);
        if (status == ACTA_NOT_FOUND || (status == ACTA_OK && place.version != version))
            status = acta_error_set(
                error, ACTA_CORRUPT, "version %" PRIu64 " of stream id %" PRIu64 " has no index", version, stream_id);
        if (status == ACTA_OK && dead.count > 0 && dead.page != place.page) status = put_stubs(store, t, &dead, error);
        uint64_t i = place.position - place.page;
        if (status != ACTA_OK || i >= ACTI_PAGE_RECORDS_MAX) continue;
        dead.page = place.page;
        dead.bits[i / 64] |= UINT64_C(1) << (i % 64);
        dead.count++;
    }
    acti_index_reader_deinit(&reader);
    if (status == ACTA_OK) status = put_stubs(store, t, &dead, error);
    if (status == ACTA_OK) status = acti_dead_flush(store, t, error);
    store->compaction.bytes = 0; /* after an error: nothing of it will be */
    return status;
}

/* -- copies by stream -- */

static acta_status
strip_entry(acta_store *store, acta_transaction *t, acta_bytes key, acta_bytes value, acta_error *error)
{
    acta_bytes runs;

    if (!acti_index_runs_of(key, value, &runs)) return ACTA_OK; /* it has none */
    uint8_t *room = acti_transaction_room(t, key.size + 1 + runs.size);
    if (room == NULL) return ACTA_OK; /* the commit says so */
    memcpy(room, key.data, key.size);
    room[key.size] = ACTI_INDEX_FORMAT;
    memcpy(room + key.size + 1, runs.data, runs.size);
    acti_transaction_raw(
        t, ACTI_INDEX, acta_bytes_from(room, key.size), acta_bytes_from(room + key.size, 1 + runs.size));
    return acti_dead_add(store, t, ACTI_DEAD_COPIES << ACTI_RANGE_BITS, value.size - 1 - runs.size, error);
}

/* No entry that has an event of these versions has copies any more. What the index tail has gets none. */
static acta_status
strip_copies(acta_store *store, acta_transaction *t, uint64_t stream_id, uint64_t from, uint64_t end, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_key low = acti_index_key(stream_id, 1), high = acti_index_key(stream_id, end),
             start = acti_index_key(stream_id, from);
    acti_range range = { .from = acti_key_view(&low), .to = acti_key_view(&high), .start = acti_key_view(&start) };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    acta_status status = ops->iterator_open(store->engine, ACTI_INDEX, &range, &iterator, error);

    if (status != ACTA_OK) return status;
    while (status == ACTA_OK && (status = ops->iterator_next(iterator, &key, &value, error)) == ACTA_OK)
        status = strip_entry(store, t, key, value, error);
    ops->iterator_close(iterator);
    if (status == ACTA_NOT_FOUND) status = acti_dead_flush(store, t, error);
    store->compaction.bytes = 0; /* after an error: nothing of it will be */
    return status;
}

/* The stubs are on their way first; then another transaction, for their copies. */
static acta_status
commit_stubs(
    acta_store *store, acta_transaction **t, uint64_t stream_id, uint64_t from, uint64_t end, acta_error *error)
{
    acta_status status = acta_store_commit(store, *t, NULL, error);

    *t = status == ACTA_OK ? acta_transaction_create(store) : NULL;
    if (status != ACTA_OK) return status;
    if (*t == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot scrub: there is no memory");
    return strip_copies(store, *t, stream_id, from, end, error);
}

/* Replace versions from `from` up to, and without, `dead`; as many as one transaction takes. */
static acta_status
scrub_some(scrub *s, uint64_t stream_id, uint64_t from, uint64_t dead, bool forget, acta_error *error)
{
    acta_transaction *t = acta_transaction_create(s->store);
    acta_status status = ACTA_OK;
    uint64_t end = dead;

    if (t == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot scrub: there is no memory");
    if (end - from > CHUNK) end = from + CHUNK;
    if (end - from > s->left) end = from + s->left;
    if (from < end) status = put_stubs_of(s->store, t, stream_id, from, end, error);
    if (from < end && status == ACTA_OK && s->store->format >= ACTI_BY_STREAM_FORMAT)
        status = commit_stubs(s->store, &t, stream_id, from, end, error);
    if (status != ACTA_OK) {
        acta_transaction_destroy(t);
        return status;
    }
    if (forget && end == dead)
        delete_rows(t, stream_id);
    else
        put_scrubbed(t, stream_id, end);
    status = acta_store_commit(s->store, t, NULL, error);
    if (status != ACTA_OK) return status;
    s->count += end - from;
    s->left -= end - from;
    return ACTA_OK;
}

static acta_status
scrub_stream(scrub *s, const acti_change *change, acta_error *error)
{
    bool is_gone = change->kind == ACTI_CHANGE_HARD_DELETED;
    uint64_t scrubbed, last = change->version, dead = change->version + 1;
    acta_status status = acti_scrubbed_version(s->store, change->stream_id, &scrubbed, error);

    if (status == ACTA_OK && !is_gone)
        status = acti_stream_version(s->store, change->stream_id, acti_store_head(s->store), &last, error);
    if (status == ACTA_OK && !is_gone) status = acti_first_visible(s->store, change->stream_id, last, &dead, error);
    if (scrubbed == 0) scrubbed = 1;
    while (status == ACTA_OK && s->left > 0 && (scrubbed < dead || is_gone)) {
        uint64_t before = s->count;
        status = scrub_some(s, change->stream_id, scrubbed, dead > scrubbed ? dead : scrubbed, is_gone, error);
        scrubbed += s->count - before;
        if (is_gone && scrubbed >= dead) break;
    }
    return status;
}

/* -- all streams -- */

/* The next row of that kind behind a stream's; ACTA_NOT_FOUND at the end. */
static acta_status
next_change(acta_store *store, char what, uint64_t after_id, acti_change *change_out, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_key from = acti_change_key(what, after_id + 1), to = acti_change_key((char)(what + 1), 0);
    acti_range range = { .from = acti_key_view(&from), .to = acti_key_view(&to) };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    acta_status status = ops->iterator_open(store->engine, ACTI_STREAMS, &range, &iterator, error);

    if (status != ACTA_OK) return status;
    status = ops->iterator_next(iterator, &key, &value, error);
    uint64_t stream_id = status == ACTA_OK && key.size == 9 ? acti_get_be64(key.data + 1) : 0;
    ops->iterator_close(iterator);
    if (status != ACTA_OK) return status;
    status = acti_change_read(store, what, stream_id, change_out, error);
    if (status == ACTA_OK && change_out->kind == ACTI_CHANGE_NONE) change_out->stream_id = stream_id; /* just gone */
    return status;
}

static acta_status
scrub_all(scrub *s, char what, acta_error *error)
{
    acti_change change = { .stream_id = 0 };
    acta_status status = ACTA_OK;

    while (status == ACTA_OK && s->left > 0) {
        status = next_change(s->store, what, change.stream_id, &change, error);
        bool is_wanted = change.kind == ACTI_CHANGE_HARD_DELETED || change.kind == ACTI_CHANGE_LIMITED;
        if (status == ACTA_OK && is_wanted) status = scrub_stream(s, &change, error);
    }
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acta_store_scrub(acta_store *store, uint64_t count_max, uint64_t *count_out, acta_error *error)
{
    scrub s = { .store = store, .left = count_max != 0 ? count_max : UINT64_MAX };
    uint64_t wait_ms;

    *count_out = 0;
    /* A flag, and no lock: a commit runs others' completions. */
    if (!acti_scrubbing_take(store, ACTI_SCRUBBER_CALL))
        return acta_error_set(error, ACTA_BUSY, "'%s' is being scrubbed by another thread", store->path);
    acta_status status = scrub_all(&s, 'm', error);
    if (status == ACTA_OK) status = scrub_all(&s, 'l', error);
    if (status == ACTA_OK && store->manual) acti_compact_some(store, &wait_ms);
    acti_scrubbing_give_back(store);
    if (status == ACTA_OK) acti_compactor_wake(store);
    *count_out = s.count;
    return status;
}
