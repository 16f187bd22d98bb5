/*
 * Copies: those of the index (by_stream.h) brought in line with the list of categories, which may be younger than the events.
 *
 *     index    | runs | runs + copies | runs | …  -->  of a category of the list: with copies; of another: without
 *
 * Entries are written anew where they lie, some in each transaction, under the scrubber's flag: a scrub meanwhile could make
 * stubs of what was just read, and take away copies before they are put. Entries that come meanwhile are put by the list.
 */
#include "acta/operations.h"

#include "internal.h"

enum { TRANSACTION_BYTES = 1 << 20 };

typedef struct aligning {
    acta_store *store;
    acti_by_stream *by_stream; /* one of its own: the store's belongs to whoever commits */
    acta_transaction *transaction;
    size_t bytes;         /* in the transaction */
    uint64_t put;         /* events of its entries */
    uint64_t left, count; /* events */
} aligning;

static acta_status
no_memory(const acta_store *store, acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "cannot copy events of '%s': there is no memory", store->path);
}

static acta_status
commit_some(aligning *a, acta_error *error)
{
    acta_transaction *t = a->transaction;

    if (t == NULL) return ACTA_OK;
    a->transaction = NULL; /* committing takes it */
    acta_status status = acta_store_commit(a->store, t, NULL, error);
    if (status == ACTA_OK) a->count += a->put;
    a->put = 0;
    a->bytes = 0;
    return status;
}

/* Put the entry anew. */
static acta_status
put_entry(aligning *a, acta_bytes key, acta_bytes value, uint64_t event_count, acta_error *error)
{
    acta_status status = a->bytes + value.size > TRANSACTION_BYTES ? commit_some(a, error) : ACTA_OK;

    if (status != ACTA_OK) return status;
    if (a->transaction == NULL) a->transaction = acta_transaction_create(a->store);
    if (a->transaction == NULL) return no_memory(a->store, error);
    uint8_t *room = acti_transaction_room(a->transaction, key.size + value.size);
    if (room == NULL) return ACTA_OK; /* the commit says so */
    memcpy(room, key.data, key.size);
    memcpy(room + key.size, value.data, value.size);
    acti_transaction_raw(
        a->transaction, ACTI_INDEX, acta_bytes_from(room, key.size), acta_bytes_from(room + key.size, value.size));
    a->bytes += value.size;
    a->put += event_count;
    a->left -= event_count < a->left ? event_count : a->left;
    return ACTA_OK;
}

/* The runs of an entry, as they were when it was put; 0: more than an entry has. */
static uint32_t
runs_of(acti_index_reader *entry, uint64_t stream_id, acti_run *runs, uint64_t *event_count_out)
{
    acti_event_place place;
    uint32_t count = 0;

    *event_count_out = 0;
    for (uint64_t v = entry->entry_version; acti_index_entry_event(entry, v, &place); v++, ++*event_count_out) {
        acti_run *last = count > 0 ? &runs[count - 1] : NULL;
        if (last != NULL && last->page == place.page && last->page + last->place + last->count == place.position) {
            last->count++;
            continue;
        }
        if (count == ACTI_INDEX_RUN_MAX) return 0;
        runs[count] = (acti_run){ .stream_id = stream_id,
            .version = v,
            .page = place.page,
            .place = (uint32_t)(place.position - place.page),
            .count = 1 };
        count++;
    }
    return count;
}

static acta_status
align_entry(aligning *a, acta_bytes key, acta_bytes value, acta_error *error)
{
    acti_run runs[ACTI_INDEX_RUN_MAX];
    uint8_t without[ACTI_INDEX_ENTRY_MAX];
    acti_index_reader entry;
    uint64_t event_count;
    acta_bytes with;
    acta_status status = acti_index_entry_open(&entry, key, value, error);

    if (status != ACTA_OK) return status;
    const uint64_t stream_id = acti_get_be64(key.data);
    if (acti_by_stream_keeps(a->by_stream, stream_id) == (entry.copies.count > 0)) return ACTA_OK;
    const uint32_t count = runs_of(&entry, stream_id, runs, &event_count);
    if (count == 0) return ACTA_OK;
    if (entry.copies.count > 0)
        return put_entry(a, key, acta_bytes_from(without, acti_index_encode(runs, count, without)), event_count, error);
    if (!acti_by_stream_entry(a->by_stream, runs, count, &with)) return ACTA_OK; /* what can't be copied */
    return put_entry(a, key, with, event_count, error);
}

static acta_status
align_all(aligning *a, acta_error *error)
{
    const acti_engine_ops *ops = a->store->engine->ops;
    acti_key from = acti_index_key(0, 0), end = acti_index_end_key();
    acti_range range = { .from = acti_key_view(&from), .to = acti_key_view(&end), .scan = true };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    acta_status status = ops->iterator_open(a->store->engine, ACTI_INDEX, &range, &iterator, error);

    if (status != ACTA_OK) return status;
    while (a->left > 0 && (status = ops->iterator_next(iterator, &key, &value, error)) == ACTA_OK) {
        status = align_entry(a, key, value, error);
        if (status != ACTA_OK) break;
    }
    ops->iterator_close(iterator);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acta_store_copy_by_stream(acta_store *store, uint64_t count_max, uint64_t *count_out, acta_error *error)
{
    aligning a = { .store = store, .left = count_max != 0 ? count_max : UINT64_MAX };

    *count_out = 0;
    if (store->format < ACTI_BY_STREAM_FORMAT) return ACTA_OK; /* no list, no copies */
    if (!acti_scrubbing_take(store, ACTI_SCRUBBER_CALL))
        return acta_error_set(error, ACTA_BUSY, "'%s' is being scrubbed by another thread", store->path);
    a.by_stream = acti_by_stream_create(&store->environment.allocator, store->engine, store->by_stream);
    acta_status status = a.by_stream != NULL ? align_all(&a, error) : no_memory(store, error);
    if (status == ACTA_OK) status = commit_some(&a, error);
    acta_transaction_destroy(a.transaction);
    acti_by_stream_destroy(a.by_stream);
    acti_scrubbing_give_back(store);
    *count_out = a.count;
    return status;
}
