/*
 * Memory engine: the seam of engine.h over the simulated disk, which outlives it and can lose what was not synced.
 */
#include "memory.h"

#include <string.h>

typedef struct memory_engine {
    acta_engine engine;
    acta_disk *disk;
    bool read_only;
    bool holds;          /* the disk's `open` is ours */
    uint64_t power_cuts; /* of the disk, when it became ours */
} memory_engine;

static memory_engine *
engine_of(acta_engine *engine)
{
    return (memory_engine *)(void *)engine; /* its first field */
}

/* -- writing -- */

static acti_engine_batch *
batch_create(acta_engine *base)
{
    acta_disk *disk = engine_of(base)->disk;
    acti_engine_batch *batch = disk_alloc(disk, sizeof *batch);

    if (batch != NULL) *batch = (acti_engine_batch){ .allocator = disk->allocator };
    return batch;
}

/* Nothing lies in a log; some bytes, so that simulations move the verified point as real stores do. */
static uint64_t
unsettled_bytes_max(acta_engine *engine)
{
    (void)engine;
    return 16 << 10;
}

static acta_status
engine_write(acta_engine *base, acti_engine_batch *batch, acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;
    acta_status status = ACTA_OK;

    acti_monitor_enter(&disk->lock);
    unsynced *added = NULL;
    if (acti_disk_fails(disk, ACTA_DISK_WRITE))
        status = acta_error_set(error, ACTA_IO, "cannot write to the log: the simulated disk failed a write");
    else if (disk->faults.full != NULL && disk->faults.full(disk->faults.user))
        status = acta_error_set(error, ACTA_IO, "cannot write to the log: no space is left on the simulated disk");
    else if (batch->failed || (added = disk_alloc(disk, sizeof *added)) == NULL)
        status = acta_error_set(error, ACTA_IO, "cannot write to the log: there is no memory");
    else {
        *added = (unsynced){ .batch = acti_disk_batch_copy(batch) };
        if (added->batch == NULL) {
            disk_free(disk, added, sizeof *added);
            status = acta_error_set(error, ACTA_IO, "cannot write to the log: there is no memory");
        } else {
            acti_disk_push_unsynced(disk, added);
        }
    }
    acti_monitor_leave(&disk->lock);
    return status;
}

/* Asked without the lock: a sync that hangs holds up nobody who reads. */
static bool
sync_fails(acta_disk *disk)
{
    acti_monitor_enter(&disk->lock);
    const acta_disk_faults faults = disk->faults;
    acti_monitor_leave(&disk->lock);
    return faults.fail != NULL && faults.fail(faults.user, ACTA_DISK_SYNC);
}

static acta_status
engine_sync(acta_engine *base, bool durable, acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;
    acta_status status = ACTA_OK;
    bool failed = durable && sync_fails(disk);

    acti_monitor_enter(&disk->lock);
    if (failed)
        status =
            acta_error_set(error, ACTA_UNKNOWN_OUTCOME, "cannot write to the log: the simulated disk failed a sync");
    else if (!acti_disk_apply_written(disk))
        status = acta_error_set(error, ACTA_UNKNOWN_OUTCOME, "cannot write to the log: there is no memory");
    else
        acti_disk_make_durable(disk, durable ? 0 : UNSYNCED_MAX);
    acti_monitor_leave(&disk->lock);
    return status;
}

/* -- reading -- */

static acta_status
read_failed(acta_error *error)
{
    return acta_error_set(error, ACTA_IO, "cannot read: the simulated disk failed a read");
}

/* A copy of what `key` has; absent bytes: nothing. The lock is held. */
static acta_status
get_copy(acta_disk *disk, acti_family family, acta_bytes key, acti_value *value_out, acta_error *error)
{
    const node *found = acti_disk_find(disk, family, key);
    const version *v = found != NULL ? acti_disk_version_at(found, disk->visible) : NULL;

    *value_out = (acti_value){ .pin = NULL };
    if (acti_disk_fails(disk, ACTA_DISK_READ)) return read_failed(error);
    if (v == NULL) return ACTA_OK;
    version *copy = disk_alloc(disk, sizeof *copy + v->size);
    if (copy == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read: there is no memory");
    memcpy(copy, v, sizeof *v + v->size);
    *value_out = (acti_value){ .bytes = acta_bytes_from(copy->bytes, copy->size), .pin = copy };
    return ACTA_OK;
}

static acta_status
engine_get(acta_engine *base, acti_family family, acta_bytes key, acti_value *value_out, acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;

    acti_monitor_enter(&disk->lock);
    acta_status status = get_copy(disk, family, key, value_out, error);
    acti_monitor_leave(&disk->lock);
    if (status == ACTA_OK && value_out->pin == NULL) return acta_error_set(error, ACTA_NOT_FOUND, NULL);
    return status;
}

static void
engine_release(acta_engine *base, acti_value *value)
{
    version *copy = value->pin;

    if (copy != NULL) disk_free(engine_of(base)->disk, copy, sizeof *copy + copy->size);
    *value = (acti_value){ .pin = NULL };
}

static acta_status
engine_get_many(acta_engine *base, acti_family family, const acta_bytes *keys, size_t count, acti_value *values_out,
    acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;
    acta_status status = ACTA_OK;
    size_t done = 0;

    acti_monitor_enter(&disk->lock);
    for (; done < count && status == ACTA_OK; done++)
        status = get_copy(disk, family, keys[done], &values_out[done], error);
    acti_monitor_leave(&disk->lock);
    for (size_t i = 0; status != ACTA_OK && i < done; i++)
        engine_release(base, &values_out[i]);
    return status;
}

static acta_status
iterator_open(acta_engine *base, acti_family family, const acti_range *range, acti_engine_iterator **iterator_out,
    acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;
    acti_engine_iterator *iterator =
        disk_alloc(disk, sizeof *iterator + range->from.size + range->to.size + range->start.size);

    if (iterator == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read: there is no memory");
    *iterator = (acti_engine_iterator){
        .disk = disk,
        .family = family,
        .backward = range->backward,
        .from_size = range->from.size,
        .to_size = range->to.size,
        .start_size = range->start.size,
    };
    if (range->from.size > 0) memcpy(iterator->bounds, range->from.data, range->from.size);
    if (range->to.size > 0) memcpy(iterator->bounds + range->from.size, range->to.data, range->to.size);
    if (range->start.size > 0)
        memcpy(iterator->bounds + range->from.size + range->to.size, range->start.data, range->start.size);

    acti_monitor_enter(&disk->lock);
    iterator->sequence = disk->visible;
    iterator->next = disk->iterators;
    if (disk->iterators != NULL) disk->iterators->prev = iterator;
    disk->iterators = iterator;
    acti_monitor_leave(&disk->lock);
    *iterator_out = iterator;
    return ACTA_OK;
}

/* The last node before `key`, or before the end when it is empty; NULL: none. */
static const node *
last_before(const acta_disk *disk, acti_family family, acta_bytes key)
{
    node *before[LEVEL_MAX] = { disk->last[family][0] };

    if (key.size > 0) acti_disk_find_before(disk, family, key, before);
    return before[0] != disk->heads[family] ? before[0] : NULL;
}

/* The last node at or before the start that can be seen, or the first one there is. */
static const node *
find_start(const acti_engine_iterator *iterator, acta_bytes from)
{
    const acta_disk *disk = iterator->disk;
    acta_bytes start =
        acta_bytes_from(iterator->bounds + iterator->from_size + iterator->to_size, iterator->start_size);
    node *before[LEVEL_MAX];
    const node *at = acti_disk_find_before(disk, iterator->family, start, before);

    if (!acti_disk_has_key(at, start)) at = last_before(disk, iterator->family, start);
    while (at != NULL && acti_disk_compare(at->key, at->key_size, from.data, from.size) >= 0) {
        if (acti_disk_version_at(at, iterator->sequence) != NULL) return at;
        at = last_before(disk, iterator->family, acta_bytes_from(at->key, at->key_size));
    }
    return acti_disk_find_before(disk, iterator->family, from, before);
}

static const node *
iterator_step(acti_engine_iterator *iterator)
{
    acta_disk *disk = iterator->disk;
    acta_bytes from = acta_bytes_from(iterator->bounds, iterator->from_size);
    acta_bytes to = acta_bytes_from(iterator->bounds + iterator->from_size, iterator->to_size);
    node *before[LEVEL_MAX];

    if (!iterator->begun) {
        iterator->begun = true;
        if (iterator->start_size > 0) return find_start(iterator, from);
        return iterator->backward ? last_before(disk, iterator->family, to)
                                  : acti_disk_find_before(disk, iterator->family, from, before);
    }
    if (iterator->at == NULL) return NULL;
    if (!iterator->backward) return iterator->at->next[0];
    return last_before(disk, iterator->family, acta_bytes_from(iterator->at->key, iterator->at->key_size));
}

static bool
within(const acti_engine_iterator *iterator, const node *at)
{
    const uint8_t *from = iterator->bounds, *to = from + iterator->from_size;

    if (iterator->backward) return acti_disk_compare(at->key, at->key_size, from, iterator->from_size) >= 0;
    return iterator->to_size == 0 || acti_disk_compare(at->key, at->key_size, to, iterator->to_size) < 0;
}

static acta_status
iterator_next(acti_engine_iterator *iterator, acta_bytes *key_out, acta_bytes *value_out, acta_error *error)
{
    const version *v = NULL;

    acti_monitor_enter(&iterator->disk->lock);
    bool failed = acti_disk_fails(iterator->disk, ACTA_DISK_READ);
    while (!failed && v == NULL) {
        iterator->at = iterator_step(iterator);
        if (iterator->at != NULL && !within(iterator, iterator->at)) iterator->at = NULL;
        if (iterator->at == NULL) break;
        v = acti_disk_version_at(iterator->at, iterator->sequence);
    }
    if (v != NULL) {
        *key_out = acta_bytes_from(iterator->at->key, iterator->at->key_size);
        *value_out = acta_bytes_from(v->bytes, v->size);
    }
    acti_monitor_leave(&iterator->disk->lock);
    if (failed) return read_failed(error);
    return v != NULL ? ACTA_OK : acta_error_set(error, ACTA_NOT_FOUND, NULL);
}

static void
iterator_close(acti_engine_iterator *iterator)
{
    if (iterator == NULL) return;
    acta_disk *disk = iterator->disk;

    acti_monitor_enter(&disk->lock);
    if (iterator->prev != NULL)
        iterator->prev->next = iterator->next;
    else
        disk->iterators = iterator->next;
    if (iterator->next != NULL) iterator->next->prev = iterator->prev;
    acti_disk_settle(disk);
    acti_monitor_leave(&disk->lock);
    disk_free(disk, iterator, sizeof *iterator + iterator->from_size + iterator->to_size + iterator->start_size);
}

/* -- opening, marks -- */

static acta_status
keep_others_out(memory_engine *engine, acta_error *error)
{
    acta_disk *disk = engine->disk;
    acta_status status = ACTA_OK;

    acti_monitor_enter(&disk->lock);
    if (disk->open)
        status = acta_error_set(
            error, ACTA_IN_USE, "the simulated disk is open for writing in another store; close that one");
    else {
        engine->holds = disk->open = true;
        engine->power_cuts = disk->power_cuts;
        acti_disk_take_over(disk);
    }
    acti_monitor_leave(&disk->lock);
    return status;
}

static acta_status
engine_probe(acta_engine *base, const acti_engine_config *config, acti_found *found_out, acta_error *error)
{
    memory_engine *engine = engine_of(base);

    engine->read_only = config->read_only;
    acta_status status = engine->read_only ? ACTA_OK : keep_others_out(engine, error);
    acti_monitor_enter(&engine->disk->lock);
    bool holds_something = engine->disk->visible > 0;
    *found_out = holds_something ? ACTI_FOUND_STORE : engine->disk->prepared ? ACTI_FOUND_PLACE : ACTI_FOUND_NOTHING;
    acti_monitor_leave(&engine->disk->lock);
    return status;
}

static acta_status
engine_prepare(acta_engine *base, acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;

    (void)error;
    acti_monitor_enter(&disk->lock);
    disk->prepared = true;
    acti_monitor_leave(&disk->lock);
    return ACTA_OK;
}

static acta_status
engine_start(acta_engine *base, acti_start how, acta_error *error)
{
    (void)base;
    (void)how;
    (void)error;
    return ACTA_OK;
}

static acta_status
engine_flush(acta_engine *base, acta_error *error)
{
    (void)base;
    (void)error;
    return ACTA_OK;
}

static void
engine_close(acta_engine *base)
{
    memory_engine *engine = engine_of(base);
    acta_disk *disk = engine->disk;

    acti_monitor_enter(&disk->lock);
    if (engine->holds && engine->power_cuts == disk->power_cuts) disk->open = false;
    acti_monitor_leave(&disk->lock);
    disk_free(disk, engine, sizeof *engine);
}

static acta_status
mark_read(acta_engine *base, uint32_t slot, uint8_t *bytes_out, acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;

    acti_monitor_enter(&disk->lock);
    bool failed = acti_disk_fails(disk, ACTA_DISK_READ);
    memcpy(bytes_out, disk->marks[slot], ACTI_MARK_SIZE);
    acti_monitor_leave(&disk->lock);
    return failed ? read_failed(error) : ACTA_OK;
}

static acta_status
mark_write(acta_engine *base, uint32_t slot, const uint8_t *bytes, acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;

    acti_monitor_enter(&disk->lock);
    bool failed = acti_disk_fails(disk, ACTA_DISK_MARK);
    if (failed) {
        memcpy(disk->unsynced_mark, bytes, ACTI_MARK_SIZE);
        disk->unsynced_mark_slot = slot;
        disk->has_unsynced_mark = true;
    } else {
        memcpy(disk->marks[slot], bytes, ACTI_MARK_SIZE);
    }
    acti_monitor_leave(&disk->lock);
    return failed ? acta_error_set(error, ACTA_IO, "cannot write the mark: the simulated disk failed") : ACTA_OK;
}

acta_engine *
acta_memory_engine(acta_disk *disk)
{
    static const acti_engine_ops ops = {
        .probe = engine_probe,
        .prepare = engine_prepare,
        .start = engine_start,
        .close = engine_close,
        .flush = engine_flush,
        .batch_create = batch_create,
        .batch_destroy = acti_disk_batch_destroy,
        .batch_clear = acti_disk_batch_clear,
        .batch_put = acti_disk_batch_put,
        .batch_delete = acti_disk_batch_delete,
        .batch_delete_range = acti_disk_batch_delete_range,
        .batch_bytes = acti_disk_batch_bytes,
        .unsettled_bytes_max = unsettled_bytes_max,
        .write = engine_write,
        .sync = engine_sync,
        .get = engine_get,
        .get_many = engine_get_many,
        .release = engine_release,
        .iterator_open = iterator_open,
        .iterator_next = iterator_next,
        .iterator_close = iterator_close,
        .mark_read = mark_read,
        .mark_write = mark_write,
    };
    memory_engine *engine = disk_alloc(disk, sizeof *engine);

    if (engine != NULL) *engine = (memory_engine){ .engine = { .ops = &ops }, .disk = disk };
    return engine != NULL ? &engine->engine : NULL;
}
