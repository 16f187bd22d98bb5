/*
 * Reading from RocksDB: one key, many of them at once, and ranges in order. Every block's checksum is verified.
 *
 * An iterator lives in one piece with its bounds, which RocksDB borrows:
 *
 *     acti_engine_iterator | from | to | start
 *
 * Not here: opening, writing and closing (rocksdb.c).
 */
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "rocksdb.h"

enum {
    READAHEAD_BYTES = 2 << 20,
    GET_MANY_CHUNK = 128,
    TOGETHER_MIN = 16,  /* keys, below which an iterator costs more than it saves */
    TOGETHER_APART = 4, /* positions from one to the next, at most, on average */
    PART_KEYS = 8,      /* what one of the crew looks up at a time */
    PARTS_MAX = GET_MANY_CHUNK / PART_KEYS,
    COLD_KEY_NS = 20000,     /* a key that takes longer than this comes from the disk */
    COLD_KEY_CREW_NS = 10000 /* … with a crew; waking it takes some of that */
};

struct acti_engine_iterator {
    rocksdb_engine *engine;
    rocksdb_iterator_t *iterator;
    rocksdb_readoptions_t *options;
    bool backward;
    bool begun;
    size_t start_at, start_size; /* in `bounds` */
    uint8_t bounds[];            /* RocksDB borrows them */
};

acta_status
acti_rocksdb_get(acta_engine *base, acti_family family, acta_bytes key, acti_value *value_out, acta_error *error)
{
    rocksdb_engine *engine = engine_of(base);
    char *said = NULL;
    size_t size;
    rocksdb_pinnableslice_t *slice = rocksdb_get_pinned_cf(
        engine->db, engine->read_options, engine->families[family], (const char *)key.data, key.size, &said);

    if (said != NULL) return acti_rocksdb_failed(engine, "read", said, error);
    if (slice == NULL) return acta_error_set(error, ACTA_NOT_FOUND, NULL);
    const char *data = rocksdb_pinnableslice_value(slice, &size);
    *value_out = (acti_value){ .bytes = acta_bytes_from(data, size), .pin = slice };
    return ACTA_OK;
}

/* What is pinned costs an allocation also where there is nothing; a copy only where there is something. */
acta_status
acti_rocksdb_get_rare(acta_engine *base, acti_family family, acta_bytes key, acti_value *value_out, acta_error *error)
{
    rocksdb_engine *engine = engine_of(base);
    char *said = NULL;
    size_t size;
    char *copy = rocksdb_get_cf(
        engine->db, engine->read_options, engine->families[family], (const char *)key.data, key.size, &size, &said);

    if (said != NULL) return acti_rocksdb_failed(engine, "read", said, error);
    if (copy == NULL) return acta_error_set(error, ACTA_NOT_FOUND, NULL);
    *value_out = (acti_value){ .bytes = acta_bytes_from(copy, size), .pin = copy };
    return ACTA_OK;
}

void
acti_rocksdb_release(acta_engine *base, acti_value *value)
{
    (void)base;
    if (value->pin == (void *)(uintptr_t)value->bytes.data) /* a copy, or nothing: what is pinned lies elsewhere */
        rocksdb_free(value->pin);
    else if (value->pin != NULL)
        rocksdb_pinnableslice_destroy(value->pin);
    *value = (acti_value){ .pin = NULL };
}

acta_status
acti_rocksdb_iterator_open(acta_engine *base, acti_family family, const acti_range *range,
    acti_engine_iterator **iterator_out, acta_error *error)
{
    rocksdb_engine *engine = engine_of(base);
    acti_engine_iterator *iterator = malloc(sizeof *iterator + range->from.size + range->to.size + range->start.size);

    if (iterator == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read '%s'", engine->path);
    *iterator = (acti_engine_iterator){ .engine = engine,
        .backward = range->backward,
        .start_at = range->from.size + range->to.size,
        .start_size = range->start.size };
    atomic_fetch_add_explicit(&engine->iterator_count, 1, memory_order_relaxed); /* as open_to_read says */
    char *from = (char *)iterator->bounds, *to = from + range->from.size;
    if (range->from.size > 0) memcpy(from, range->from.data, range->from.size);
    if (range->to.size > 0) memcpy(to, range->to.data, range->to.size);
    if (range->start.size > 0) memcpy(to + range->to.size, range->start.data, range->start.size);

    iterator->options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_verify_checksums(iterator->options, 1);
    if (range->from.size > 0) rocksdb_readoptions_set_iterate_lower_bound(iterator->options, from, range->from.size);
    if (range->to.size > 0) rocksdb_readoptions_set_iterate_upper_bound(iterator->options, to, range->to.size);
    if (range->near_bytes > 0) rocksdb_readoptions_set_readahead_size(iterator->options, range->near_bytes);
    if (range->scan) {
        rocksdb_readoptions_set_readahead_size(iterator->options, READAHEAD_BYTES);
        rocksdb_readoptions_set_fill_cache(iterator->options, 0);
    }
    iterator->iterator = rocksdb_create_iterator_cf(engine->db, iterator->options, engine->families[family]);
    *iterator_out = iterator;
    return ACTA_OK;
}

/* To the last key at or before the start, or to the first there is. What couldn't be read is no reason to look further:
 * acti_rocksdb_iterator_next tells it. */
static void
seek_start(acti_engine_iterator *iterator)
{
    const char *start = (const char *)iterator->bounds + iterator->start_at;
    char *said = NULL;

    rocksdb_iter_seek_for_prev(iterator->iterator, start, iterator->start_size);
    if (rocksdb_iter_valid(iterator->iterator)) return;
    rocksdb_iter_get_error(iterator->iterator, &said);
    if (said == NULL) rocksdb_iter_seek_to_first(iterator->iterator);
    rocksdb_free(said);
}

static void
iterator_move(acti_engine_iterator *iterator)
{
    if (!iterator->begun && iterator->backward)
        rocksdb_iter_seek_to_last(iterator->iterator); /* within the bounds */
    else if (!iterator->begun && iterator->start_size > 0)
        seek_start(iterator);
    else if (!iterator->begun)
        rocksdb_iter_seek_to_first(iterator->iterator);
    else if (iterator->backward)
        rocksdb_iter_prev(iterator->iterator);
    else
        rocksdb_iter_next(iterator->iterator);
    iterator->begun = true;
}

acta_status
acti_rocksdb_iterator_next(
    acti_engine_iterator *iterator, acta_bytes *key_out, acta_bytes *value_out, acta_error *error)
{
    char *said = NULL;

    if (!iterator->begun || rocksdb_iter_valid(iterator->iterator)) iterator_move(iterator);
    if (!rocksdb_iter_valid(iterator->iterator)) {
        rocksdb_iter_get_error(iterator->iterator, &said);
        if (said != NULL) return acti_rocksdb_failed(iterator->engine, "read", said, error);
        return acta_error_set(error, ACTA_NOT_FOUND, NULL);
    }
    key_out->data = (const uint8_t *)rocksdb_iter_key(iterator->iterator, &key_out->size);
    value_out->data = (const uint8_t *)rocksdb_iter_value(iterator->iterator, &value_out->size);
    return ACTA_OK;
}

void
acti_rocksdb_iterator_close(acti_engine_iterator *iterator)
{
    if (iterator == NULL) return;
    rocksdb_iter_destroy(iterator->iterator);
    rocksdb_readoptions_destroy(iterator->options);
    atomic_fetch_sub_explicit(&iterator->engine->iterator_count, 1, memory_order_relaxed); /* as open_to_read says */
    free(iterator);
}

/* -- many keys -- */

static acta_status
get_chunk(rocksdb_engine *engine, acti_family family, const acta_bytes *keys, size_t count, acti_value *values_out,
    acta_error *error)
{
    const char *data[GET_MANY_CHUNK] = { NULL };
    size_t sizes[GET_MANY_CHUNK] = { 0 };
    rocksdb_pinnableslice_t *slices[GET_MANY_CHUNK];
    char *said[GET_MANY_CHUNK];
    acta_status status = ACTA_OK;

    for (size_t i = 0; i < count; i++) {
        data[i] = (const char *)keys[i].data;
        sizes[i] = keys[i].size;
    }
    rocksdb_batched_multi_get_cf(
        engine->db, engine->read_options, engine->families[family], count, data, sizes, slices, said, true);
    for (size_t i = 0; i < count; i++) {
        size_t size = 0;
        const char *value = slices[i] != NULL ? rocksdb_pinnableslice_value(slices[i], &size) : NULL;
        values_out[i] = (acti_value){ .bytes = acta_bytes_from(value, size), .pin = slices[i] };
        if (said[i] == NULL) continue;
        if (status == ACTA_OK)
            status = acti_rocksdb_failed(engine, "read", said[i], error);
        else
            rocksdb_free(said[i]);
    }
    return status;
}

/* A chunk that the crew looks up. */
typedef struct crew_job {
    rocksdb_engine *engine;
    acti_family family;
    const acta_bytes *keys;
    size_t count;
    acti_value *values_out;
    acta_status statuses[PARTS_MAX];
    acta_error errors[PARTS_MAX];
} crew_job;

static void
get_part(void *user, uint32_t part)
{
    crew_job *job = user;
    size_t at = (size_t)part * PART_KEYS, count = job->count - at < PART_KEYS ? job->count - at : PART_KEYS;

    job->statuses[part] =
        get_chunk(job->engine, job->family, job->keys + at, count, job->values_out + at, &job->errors[part]);
}

static acta_status
get_by_crew(rocksdb_engine *engine, acti_family family, const acta_bytes *keys, size_t count, acti_value *values_out,
    acta_error *error)
{
    crew_job job = { .engine = engine, .family = family, .keys = keys, .count = count, .values_out = values_out };
    const uint32_t part_count = (uint32_t)((count + PART_KEYS - 1) / PART_KEYS);

    acti_crew_run(&engine->crew, get_part, &job, part_count);
    for (uint32_t i = 0; i < part_count; i++) {
        if (job.statuses[i] == ACTA_OK) continue;
        if (error != NULL) *error = job.errors[i];
        return job.statuses[i];
    }
    return ACTA_OK;
}

/* Alone, or with the crew where the last look-up had to wait for the disk. */
static acta_status
get_apart(rocksdb_engine *engine, acti_family family, const acta_bytes *keys, size_t count, acti_value *values_out,
    acta_error *error)
{
    const acta_clock *clock = &engine->environment.clock;

    if (count < 2 * PART_KEYS) return get_chunk(engine, family, keys, count, values_out, error);
    /* Relaxed: a guess. */
    bool is_cold = atomic_load_explicit(&engine->is_cold, memory_order_relaxed);
    uint64_t begun_ns = clock->monotonic_ns(clock->user);
    acta_status status = is_cold ? get_by_crew(engine, family, keys, count, values_out, error)
                                 : get_chunk(engine, family, keys, count, values_out, error);
    uint64_t took_ns = clock->monotonic_ns(clock->user) - begun_ns;
    bool was_cold = took_ns > count * (is_cold ? COLD_KEY_CREW_NS : COLD_KEY_NS);
    if (was_cold != is_cold) atomic_store_explicit(&engine->is_cold, was_cold, memory_order_relaxed);
    return status;
}

/* Pages of a stream that was written nearly alone: to go on to the next one costs less than to search for it (rehydrate_10k
 * and rehydrate_100k of bench/cqrs). */
static bool
lie_together(acti_family family, const acta_bytes *keys, size_t count)
{
    if (family != ACTI_LOG || count < TOGETHER_MIN) return false;
    return acti_get_be64(keys[count - 1].data) - acti_get_be64(keys[0].data) < (uint64_t)count * TOGETHER_APART;
}

static acta_status
copy_value(acta_bytes value, acti_value *copy_out, acta_error *error)
{
    void *copy = malloc(value.size > 0 ? value.size : 1);

    if (copy == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read %zu bytes", value.size);
    if (value.size > 0) memcpy(copy, value.data, value.size);
    *copy_out = (acti_value){ .bytes = acta_bytes_from(copy, value.size), .pin = copy };
    return ACTA_OK;
}

/* As get_chunk does; the keys ascend. */
static acta_status
pass_chunk(acta_engine *base, acti_family family, const acta_bytes *keys, size_t count, acti_value *values_out,
    acta_error *error)
{
    const acti_range range = { .from = keys[0] };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    size_t at = 0;

    for (size_t i = 0; i < count; i++)
        values_out[i] = (acti_value){ .pin = NULL };
    acta_status status = acti_rocksdb_iterator_open(base, family, &range, &iterator, error);
    if (status != ACTA_OK) return status;
    while (at < count && status == ACTA_OK) {
        status = acti_rocksdb_iterator_next(iterator, &key, &value, error);
        if (status != ACTA_OK) break;
        uint64_t here = acti_get_be64(key.data);
        while (at < count && acti_get_be64(keys[at].data) < here)
            at++; /* there is none */
        if (at < count && acti_get_be64(keys[at].data) == here) status = copy_value(value, &values_out[at++], error);
    }
    acti_rocksdb_iterator_close(iterator);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acti_rocksdb_get_many(acta_engine *base, acti_family family, const acta_bytes *keys, size_t count,
    acti_value *values_out, acta_error *error)
{
    acta_status status = ACTA_OK;
    size_t done = 0;

    while (done < count && status == ACTA_OK) {
        size_t chunk = count - done < GET_MANY_CHUNK ? count - done : GET_MANY_CHUNK;
        status = lie_together(family, keys + done, chunk)
                     ? pass_chunk(base, family, keys + done, chunk, values_out + done, error)
                     : get_apart(engine_of(base), family, keys + done, chunk, values_out + done, error);
        done += chunk;
    }
    for (size_t i = 0; status != ACTA_OK && i < done; i++)
        acti_rocksdb_release(base, &values_out[i]);
    return status;
}
