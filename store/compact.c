/*
 * Compaction: which ranges, and when. See compact.h.
 *
 * A range may be compacted when nothing of it is in the engine's memory, for RocksDB would have to write that out, in the
 * middle of the commits, and a flush of two reasons aborts it. In the background that is so when the verified point has moved
 * on since; on request what is in memory is written out first, by the one who commits, while nobody else can.
 */
#include "compact.h"

#include <inttypes.h>

#include "acta/crc.h"
#include "acta/operations.h"

#include "internal.h"

#define RETRY_NS  UINT64_C(1000000000) /* not sooner after a failure */
#define NS_PER_MS 1000000

typedef struct dead_range {
    uint64_t range, bytes;
    uint64_t head;    /* of the log when its last stub was put */
    uint64_t opening; /* and which opening of the store that was in */
} dead_range;

/* -- rows -- */

static acti_key
dead_key(uint64_t range)
{
    acti_key key = acti_batch_key(range);
    key.bytes[0] = 'd';
    return key;
}

static bool
dead_decode(acta_bytes key, acta_bytes value, dead_range *out)
{
    if (key.size != 9 || value.size != ACTI_DEAD_SIZE ||
        acti_get_le32(value.data + 24) != acta_crc32c(0, value.data, 24))
        return false;
    *out = (dead_range){ .range = acti_get_be64(key.data + 1),
        .bytes = acti_get_le64(value.data),
        .head = acti_get_le64(value.data + 8),
        .opening = acti_get_le64(value.data + 16) };
    return true;
}

static acta_status
dead_read(acta_store *store, uint64_t range, dead_range *out, acta_error *error)
{
    acti_key key = dead_key(range);
    acti_value value;
    acta_status status = store->engine->ops->get(store->engine, ACTI_META, acti_key_view(&key), &value, error);

    *out = (dead_range){ .range = range };
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    (void)dead_decode(
        acti_key_view(&key), value.bytes, out); /* a damaged one begins anew: it is a guess of what to do */
    store->engine->ops->release(store->engine, &value);
    return ACTA_OK;
}

/* The next row behind `after`, or from the first; ACTA_NOT_FOUND at the end. */
static acta_status
dead_next(acta_store *store, uint64_t from_range, dead_range *out, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_key from = dead_key(from_range);
    acti_range range = { .from = acti_key_view(&from), .to = acta_bytes_from((const uint8_t *)"e", 1) };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    acta_status status = ops->iterator_open(store->engine, ACTI_META, &range, &iterator, error);

    if (status != ACTA_OK) return status;
    do
        status = ops->iterator_next(iterator, &key, &value, error);
    while (status == ACTA_OK && !dead_decode(key, value, out));
    ops->iterator_close(iterator);
    return status;
}

acta_status
acti_dead_flush(acta_store *store, acta_transaction *t, acta_error *error)
{
    acti_compaction *c = &store->compaction;
    acti_key key = dead_key(c->range);
    dead_range dead;

    if (c->bytes == 0) return ACTA_OK;
    acta_status status = dead_read(store, c->range, &dead, error);
    uint8_t *room = status == ACTA_OK ? acti_transaction_room(t, 16 + ACTI_DEAD_SIZE) : NULL;
    if (room != NULL) {
        memcpy(room, key.bytes, key.size);
        acti_put_le64(room + 16, dead.bytes + c->bytes);
        acti_put_le64(room + 24, acti_store_head(store));
        acti_put_le64(room + 32, c->opening);
        acti_put_le32(room + 40, acta_crc32c(0, room + 16, 24));
        acti_transaction_raw(t, ACTI_META, acta_bytes_from(room, key.size), acta_bytes_from(room + 16, ACTI_DEAD_SIZE));
    }
    c->bytes = 0;
    return status;
}

acta_status
acti_dead_add(acta_store *store, acta_transaction *t, uint64_t position, uint64_t bytes, acta_error *error)
{
    acti_compaction *c = &store->compaction;
    acta_status status = ACTA_OK;

    if (c->bytes > 0 && c->range != position >> ACTI_RANGE_BITS) status = acti_dead_flush(store, t, error);
    c->range = position >> ACTI_RANGE_BITS;
    c->bytes += bytes;
    return status;
}

static acta_status
forget(acta_store *store, uint64_t range, acta_error *error)
{
    acta_transaction *t = acta_transaction_create(store);
    acti_key key = dead_key(range);

    if (t == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot compact: there is no memory");
    acti_transaction_raw(t, ACTI_META, acti_key_view(&key), acta_bytes_from(NULL, 0));
    return acta_store_commit(store, t, NULL, error);
}

/* -- a range -- */

/* Keys of a family that have nothing in memory, and whose compaction takes all files of the range. The index's files are
 * compacted together, whatever the range (RocksDB: universal); nothing ever lies at stream 0. */
typedef struct key_range {
    acti_family family;
    acti_key from, to;
} key_range;

static key_range
keys_of(uint64_t range, uint64_t settled)
{
    uint64_t first = range << ACTI_RANGE_BITS, end = (range + 1) << ACTI_RANGE_BITS;

    if (range == ACTI_DEAD_COPIES)
        return (key_range){ .family = ACTI_INDEX, .from = acti_index_key(0, 0), .to = acti_index_key(0, 1) };
    if (end > settled + 1) end = settled + 1;
    return (key_range){ .family = ACTI_LOG, .from = acti_log_key(first), .to = acti_log_key(end - 1) };
}

/* The range up to `settled`, behind which records may still be in memory. */
static acta_status
compact_range(acta_store *store, const dead_range *dead, uint64_t settled, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    key_range keys = keys_of(dead->range, settled);
    acta_status status = ACTA_OK;

    if (ops->compact != NULL && memcmp(keys.from.bytes, keys.to.bytes, keys.from.size) <= 0)
        status = ops->compact(store->engine, keys.family, acti_key_view(&keys.from), acti_key_view(&keys.to), error);
    /* Relaxed: the engine gave the range up behind this, if it did, and has said so under its own lock. */
    if (atomic_load_explicit(&store->compaction.stopping, memory_order_relaxed)) return ACTA_OK; /* its row stays */
    if (status == ACTA_OK) status = forget(store, dead->range, error);
    /* Relaxed: counts for people. */
    if (status == ACTA_OK) {
        atomic_fetch_add_explicit(&store->compaction.done, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&store->compaction.reclaimed, dead->bytes, memory_order_relaxed);
    } else {
        atomic_fetch_add_explicit(&store->compaction.failures, 1, memory_order_relaxed);
    }
    return status;
}

/* What the engine has of a range on its disk, with what is dead; 0: it can't tell. */
static uint64_t
bytes_of(acta_store *store, uint64_t range)
{
    const acti_engine_ops *ops = store->engine->ops;
    bool is_copies = range == ACTI_DEAD_COPIES;
    acti_key from = is_copies ? acti_index_key(0, 0) : acti_log_key(range << ACTI_RANGE_BITS),
             to = is_copies ? acti_index_end_key() : acti_log_key((range + 1) << ACTI_RANGE_BITS);

    if (ops->bytes_of == NULL) return 0;
    return ops->bytes_of(store->engine, is_copies ? ACTI_INDEX : ACTI_LOG, acti_key_view(&from), acti_key_view(&to));
}

static bool
is_half_dead(acta_store *store, const dead_range *dead)
{
    return dead->bytes > bytes_of(store, dead->range) / 2;
}

/* -- in the background -- */

static acta_status
verified_position(acta_store *store, uint64_t *position_out, acta_error *error)
{
    acti_value value;
    acta_status status = store->engine->ops->get(
        store->engine, ACTI_META, acta_str_bytes(acta_str_of(ACTI_META_VERIFIED)), &value, error);

    *position_out = 0;
    if (status != ACTA_OK) return status;
    if (value.bytes.size >= 8) *position_out = acti_get_le64(value.bytes.data);
    store->engine->ops->release(store->engine, &value);
    return ACTA_OK;
}

/* One that is due; how far its records have left memory. ACTA_NOT_FOUND: none is; *unsettled_out: one will be. */
static acta_status
find_due(acta_store *store, dead_range *dead, uint64_t *settled, bool *unsettled_out, acta_error *error)
{
    uint64_t verified;
    acta_status status = verified_position(store, &verified, error);

    *unsettled_out = false;
    for (uint64_t from = 0; status == ACTA_OK; from = dead->range + 1) {
        status = dead_next(store, from, dead, error);
        if (status != ACTA_OK) break;
        bool of_before = dead->opening != store->compaction.opening;
        *settled = of_before && store->opened_at > verified ? store->opened_at : verified;
        if (!is_half_dead(store, dead)) continue;
        if (of_before || verified > dead->head) return ACTA_OK;
        *unsettled_out = true;
    }
    return status;
}

/* Has every stub left memory? */
static bool
is_all_settled(acta_store *store)
{
    uint64_t verified;
    dead_range dead;
    acta_error ignored;
    if (verified_position(store, &verified, &ignored) != ACTA_OK) return false;

    acta_status status = dead_next(store, 0, &dead, &ignored);
    while (status == ACTA_OK) {
        if (dead.opening == store->compaction.opening && verified <= dead.head) return false;
        status = dead_next(store, dead.range + 1, &dead, &ignored);
    }
    return status == ACTA_NOT_FOUND;
}

/* What is due: a range, or else small files. *bytes_out: what it writes anew; 0: nothing was. */
static acti_dead_state
compact_next(acta_store *store, uint64_t *bytes_out, acta_status *status_out, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    uint64_t settled = 0;
    bool unsettled;
    dead_range dead = { .range = 0 };

    *status_out = ACTA_OK;
    if (find_due(store, &dead, &settled, &unsettled, error) == ACTA_OK) {
        *bytes_out = bytes_of(store, dead.range);
        *status_out = compact_range(store, &dead, settled, error);
        return ACTI_DEAD_PACED;
    }
    if (unsettled) return ACTI_DEAD_UNSETTLED;
    *bytes_out = 0;
    if (ops->merge == NULL || !is_all_settled(store)) return ACTI_DEAD_NONE;
    *status_out = ops->merge(store->engine, ACTI_LOG, bytes_out, error);
    if (*status_out == ACTA_OK) /* relaxed: a count for people */
        atomic_fetch_add_explicit(&store->compaction.merged, *bytes_out, memory_order_relaxed);
    return *bytes_out > 0 || *status_out != ACTA_OK ? ACTI_DEAD_PACED : ACTI_DEAD_NONE;
}

bool
acti_dead_any(acta_store *store)
{
    dead_range dead;
    acta_error ignored;

    return dead_next(store, 0, &dead, &ignored) == ACTA_OK;
}

/* What a range of so many bytes uses up, after its end; a failure, some time at least. */
static uint64_t
pace_ns(const acti_compaction *c, uint64_t bytes, acta_status status)
{
    double ns = (double)bytes * 1e9 / (double)c->bytes_per_second;

    return status != ACTA_OK && ns < RETRY_NS ? RETRY_NS : (uint64_t)ns;
}

acti_dead_state
acti_compact_some(acta_store *store, uint64_t *wait_ms_out)
{
    acti_compaction *c = &store->compaction;
    const acta_clock *clock = &store->environment.clock;
    uint64_t bytes, now_ns = clock->monotonic_ns(clock->user);
    acta_status status;
    acta_error error;

    if (c->bytes_per_second == 0) return ACTI_DEAD_NONE;
    if (now_ns >= c->next_ns) {
        acti_dead_state state = compact_next(store, &bytes, &status, &error);
        if (state != ACTI_DEAD_PACED) return state;
        if (status != ACTA_OK)
            acta_log_event(&store->environment, ACTA_LOG_WARNING, "store.compaction_failed",
                ACTA_LOG_FIELDS(
                    acta_log_text("store", acta_str_of(store->path)), acta_log_text("error", acta_str_of(error.text))),
                "compacting '%s': %s", store->path, error.text);
        now_ns = clock->monotonic_ns(clock->user);
        c->next_ns = now_ns + pace_ns(c, bytes, status);
    }
    *wait_ms_out = (c->next_ns - now_ns) / NS_PER_MS + 1;
    return ACTI_DEAD_PACED;
}

/* -- on request -- */

typedef struct settling {
    acta_store *store;
    acti_monitor monitor;
    bool done;
    uint64_t settled;
    acta_status status;
    acta_error error;
} settling;

/* Of whoever commits, between two batches: nothing is written meanwhile. */
static void
write_out(void *user, const acta_commit_result *result)
{
    settling *s = user;
    acta_store *store = s->store;

    acti_monitor_enter(&s->monitor);
    s->status = result->status;
    s->settled = store->committer.position;
    if (result->status != ACTA_OK)
        s->error = result->error;
    else if (store->engine->ops->write_out != NULL)
        s->status = store->engine->ops->write_out(store->engine, &s->error);
    s->done = true;
    acti_monitor_wake(&s->monitor);
    acti_monitor_leave(&s->monitor);
}

/* All that is committed has left the engine's memory, up to position *settled. */
static acta_status
settle(acta_store *store, uint64_t *settled, acta_error *error)
{
    settling s = { .store = store };
    acta_transaction *t = acta_transaction_create(store);

    if (t == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot compact: there is no memory");
    acti_monitor_init(&s.monitor);
    acta_status status = acta_store_submit(store, t, write_out, &s, error);
    while (status == ACTA_OK && store->manual && !s.done && acta_store_step(store))
        continue;
    acti_monitor_enter(&s.monitor);
    while (status == ACTA_OK && !s.done)
        acti_monitor_wait(&s.monitor);
    acti_monitor_leave(&s.monitor);
    acti_monitor_deinit(&s.monitor);
    if (status == ACTA_OK && s.status != ACTA_OK) {
        status = s.status;
        if (error != NULL) *error = s.error;
    }
    *settled = s.settled;
    return status;
}

static acta_status
compact_all(acta_store *store, bool all, uint64_t *count, acta_error *error)
{
    uint64_t settled = 0, from = 0;
    dead_range dead;
    acta_status status = settle(store, &settled, error);

    while (status == ACTA_OK) {
        status = dead_next(store, from, &dead, error);
        if (status != ACTA_OK) break;
        from = dead.range + 1;
        if (!all && !is_half_dead(store, &dead)) continue;
        status = compact_range(store, &dead, settled, error);
        *count += status == ACTA_OK;
    }
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acta_store_compact(acta_store *store, bool all, uint64_t *count_out, acta_error *error)
{
    uint64_t count = 0;
    acta_status status = acta_store_health(store, error);

    if (status != ACTA_OK) return status;
    if (!acti_scrubbing_take(store, ACTI_SCRUBBER_CALL))
        return acta_error_set(error, ACTA_BUSY, "'%s' is being scrubbed or compacted by another thread", store->path);
    status = compact_all(store, all, &count, error);
    acti_scrubbing_give_back(store);
    if (count_out != NULL) *count_out = count;
    return status;
}

void
acta_store_compaction(acta_store *store, acta_compaction_info *info_out)
{
    acti_compaction *c = &store->compaction;
    dead_range dead;
    acta_error ignored;

    /* Relaxed: counts for people, each alone. */
    *info_out = (acta_compaction_info){ .ranges_done = atomic_load_explicit(&c->done, memory_order_relaxed),
        .reclaimed_bytes = atomic_load_explicit(&c->reclaimed, memory_order_relaxed),
        .merged_bytes = atomic_load_explicit(&c->merged, memory_order_relaxed),
        .failures = atomic_load_explicit(&c->failures, memory_order_relaxed) };
    for (uint64_t from = 0; dead_next(store, from, &dead, &ignored) == ACTA_OK; from = dead.range + 1) {
        info_out->dead_bytes += dead.bytes;
        info_out->ranges_waiting += is_half_dead(store, &dead);
    }
}
