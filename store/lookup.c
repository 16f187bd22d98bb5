/*
 * Lookup: where streams are, and what they are called.
 *
 *     name --ACTI_STREAMS 'n'--> id --index--> version, position        id --ACTI_STREAMS 'i'--> name
 *
 * A stream is as long as the head allows: what the engine holds behind it was not there when the reader looked.
 */
#include <inttypes.h>

#include "internal.h"
#include "log_reader.h"

/* -- where streams are -- */

static acta_status
id_value(acti_value *value, uint64_t *id_out, acta_str name, acta_error *error)
{
    if (value->bytes.size != ACTI_ID_VALUE_SIZE)
        return acta_error_set(error, ACTA_CORRUPT, "the id of stream '" ACTA_FMT "' is damaged: %zu bytes",
            ACTA_ARG(name), value->bytes.size);
    *id_out = acti_get_be64(value->bytes.data);
    return ACTA_OK;
}

acta_status
acti_stream_id(acta_store *store, acta_str stream, uint64_t *id_out, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    uint8_t room[ACTI_NAME_KEY_MAX];
    acti_value value;
    acta_status status = ops->get(store->engine, ACTI_STREAMS, acti_name_key(room, stream), &value, error);

    *id_out = 0;
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    status = id_value(&value, id_out, stream, error);
    ops->release(store->engine, &value);
    return status;
}

acta_status
acti_stream_last(acta_store *store, uint64_t stream_id, uint64_t head, acti_event_place *place_out, acta_error *error)
{
    return acti_index_last(store->engine, &store->index, stream_id, head, place_out, error);
}

acta_status
acti_stream_version(acta_store *store, uint64_t stream_id, uint64_t head, uint64_t *version_out, acta_error *error)
{
    acti_event_place last = { .version = 0 };
    acta_status status = acti_stream_last(store, stream_id, head, &last, error);

    if (status == ACTA_OK) *version_out = last.version;
    return status;
}

acta_status
acta_store_version(acta_store *store, acta_str stream, uint64_t *version_out, acta_error *error)
{
    uint64_t head = acti_store_head(store), id, version = 0;
    acta_status status = acti_stream_name_check(stream, error);

    if (status == ACTA_OK) status = acti_stream_id(store, stream, &id, error);
    if (status == ACTA_OK && id != 0) status = acti_stream_version(store, id, head, &version, error);
    if (status == ACTA_OK) *version_out = version;
    return status;
}

uint64_t
acta_store_head(const acta_store *store)
{
    return acti_store_head(store);
}

uint64_t
acta_store_outside_count(const acta_store *store)
{
    return atomic_load_explicit(&store->outside_count, memory_order_acquire); /* see publish, batch.c */
}

/* -- names of streams by id -- */

enum { NAME_SLOTS_FIRST = 16, NAME_SLOTS_MAX = 65536 };

void
acti_name_cache_init(acti_name_cache *cache, acta_store *store)
{
    *cache = (acti_name_cache){ .store = store };
}

static void
free_name(const acta_allocator *allocator, acti_cached_name *slot)
{
    if (slot->name != NULL) allocator->free(allocator->user, slot->name, slot->size);
    slot->name = NULL;
}

void
acti_name_cache_deinit(acti_name_cache *cache)
{
    const acta_allocator *allocator = &cache->store->environment.allocator;

    for (uint32_t i = 0; i < cache->slot_count; i++)
        free_name(allocator, &cache->slots[i]);
    if (cache->slots != NULL) allocator->free(allocator->user, cache->slots, cache->slot_count * sizeof *cache->slots);
    cache->slots = NULL;
    cache->slot_count = 0;
}

static acti_cached_name *
slot_of(const acti_name_cache *cache, uint64_t stream_id)
{
    return &cache->slots[stream_id & (cache->slot_count - 1)];
}

/* More slots, once as many were missed as there are. Without memory it stays as it is; false: there are none at all. */
static bool
make_room(acti_name_cache *cache)
{
    const acta_allocator *allocator = &cache->store->environment.allocator;
    uint32_t count = cache->slot_count == 0 ? NAME_SLOTS_FIRST : cache->slot_count * 4;

    if (cache->slot_count != 0 && (cache->miss_count++ < cache->slot_count || count > NAME_SLOTS_MAX)) return true;
    acti_cached_name *slots = allocator->alloc(allocator->user, count * sizeof *slots);
    if (slots == NULL) return cache->slot_count != 0;

    acti_name_cache old = *cache;
    memset(slots, 0, count * sizeof *slots);
    cache->slots = slots;
    cache->slot_count = count;
    cache->miss_count = 0;
    for (uint32_t i = 0; i < old.slot_count; i++) {
        if (old.slots[i].name != NULL) *slot_of(cache, old.slots[i].id) = old.slots[i];
    }
    if (old.slots != NULL) allocator->free(allocator->user, old.slots, old.slot_count * sizeof *old.slots);
    return true;
}

static acta_status
keep_name(acti_name_cache *cache, uint64_t stream_id, acta_bytes name, acta_error *error)
{
    const acta_allocator *allocator = &cache->store->environment.allocator;

    if (name.size == 0)
        return acta_error_set(error, ACTA_CORRUPT, "the name of stream id %" PRIu64 " is empty", stream_id);
    char *copy = make_room(cache) ? allocator->alloc(allocator->user, name.size) : NULL;
    if (copy == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot read the name of stream id %" PRIu64, stream_id);
    memcpy(copy, name.data, name.size);
    acti_cached_name *slot = slot_of(cache, stream_id);
    free_name(allocator, slot);
    *slot = (acti_cached_name){ .id = stream_id, .name = copy, .size = name.size };
    return ACTA_OK;
}

static acta_status
load_name(acti_name_cache *cache, uint64_t stream_id, acta_error *error)
{
    acta_store *store = cache->store;
    acti_key key = acti_id_key(stream_id);
    acti_value value;
    acta_status status = store->engine->ops->get(store->engine, ACTI_STREAMS, acti_key_view(&key), &value, error);

    if (status == ACTA_NOT_FOUND)
        return acta_error_set(error, ACTA_CORRUPT, "the name of stream id %" PRIu64 " is missing", stream_id);
    if (status != ACTA_OK) return status;
    status = keep_name(cache, stream_id, value.bytes, error);
    store->engine->ops->release(store->engine, &value);
    return status;
}

static bool
is_kept(const acti_name_cache *cache, uint64_t stream_id)
{
    const acti_cached_name *slot = cache->slot_count > 0 ? slot_of(cache, stream_id) : NULL;

    return slot != NULL && slot->name != NULL && slot->id == stream_id;
}

acta_status
acti_name_cache_learn(acti_name_cache *cache, const acti_record_view *view, acta_error *error)
{
    acta_str name = view->event.stream;

    if (name.data == NULL || is_kept(cache, view->event.stream_id)) return ACTA_OK;
    return keep_name(cache, view->event.stream_id, acta_str_bytes(name), error);
}

acta_status
acti_name_cache_get(acti_name_cache *cache, uint64_t stream_id, acta_str *name_out, acta_error *error)
{
    acta_status status = is_kept(cache, stream_id) ? ACTA_OK : load_name(cache, stream_id, error);

    if (status != ACTA_OK) return status;
    const acti_cached_name *slot = slot_of(cache, stream_id);
    *name_out = acta_str_from(slot->name, slot->size);
    return ACTA_OK;
}

/* -- by time -- */

/* When the event at a position was recorded. */
static acta_status
recorded_at(acta_store *store, uint64_t position, int64_t *us_out, acta_error *error)
{
    acti_log_reader reader;
    acti_record_view view;
    acta_status status = acti_log_read(store->engine, position, &reader, &view, error);

    if (status == ACTA_OK) *us_out = view.event.recorded_at_us;
    acti_log_reader_close(&reader);
    return status;
}

acta_status
acti_stream_event(
    acta_store *store, uint64_t stream_id, uint64_t version, uint64_t *position_out, int64_t *us_out, acta_error *error)
{
    acti_event_place place = { .position = 0 };
    acta_status status = acti_index_find(store->engine, &store->index, stream_id, version, &place, error);

    *position_out = place.position;
    if (status == ACTA_NOT_FOUND)
        return acta_error_set(
            error, ACTA_CORRUPT, "version %" PRIu64 " of stream id %" PRIu64 " has no index", version, stream_id);
    return status == ACTA_OK ? recorded_at(store, place.position, us_out, error) : status;
}

/* Times never fall along the log, nor along a stream: halve what is left until it is found. */
acta_status
acti_first_recorded_at(
    acta_store *store, uint64_t stream_id, uint64_t last, int64_t us, uint64_t *first_out, acta_error *error)
{
    uint64_t low = 1, high = last + 1; /* it is one of low to high */
    int64_t there_us = 0;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2, position;
        acta_status status = stream_id != 0 ? acti_stream_event(store, stream_id, middle, &position, &there_us, error)
                                            : recorded_at(store, middle, &there_us, error);
        if (status != ACTA_OK) return status;
        if (there_us < us)
            low = middle + 1;
        else
            high = middle;
    }
    *first_out = low;
    return ACTA_OK;
}
