/*
 * Rebuild: the log. See rebuild.h.
 *
 * The new store gets the pages as they are, byte for byte, but for the one in which the log is cut, in batches of its own,
 * and neither index nor names: opening it finds an index that ends before the log and makes all that follows from the log, as
 * after any crash. Nothing here knows how.
 */
#include "rebuild.h"

#include <inttypes.h>

#include "acta/memory_engine.h"

typedef struct copying {
    acti_rebuild *rebuild;
    acta_store *to; /* NULL: only look */
    uint32_t count; /* records in the batch under way */
    bool has_no_memory;
    acta_digest chain; /* behind the last page taken */
} copying;

static acta_status
write_batch(copying *c, acta_error *error)
{
    acta_store *to = c->to;
    acti_key index_end = acti_index_end_key();

    if (c->count == 0) return ACTA_OK;
    acti_batch_close(to, c->count);
    to->engine->ops->batch_delete(to->committer.batch, ACTI_INDEX, acti_key_view(&index_end)); /* it has none yet */
    c->count = 0;
    return acti_commit_own(to, error);
}

/* The first `count` records of a page, as a page. */
static acta_status
put_cut(copying *c, const acti_page *page, uint32_t count, acta_error *error)
{
    const acta_allocator *allocator = &c->to->environment.allocator;
    size_t room_size = page->value.size + acti_page_core_size(page), size;
    uint8_t *room = allocator->alloc(allocator->user, room_size);
    acti_key key = acti_log_key(page->first);

    if (room == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot copy the log: no memory for %zu bytes", room_size);
    acta_status status = acti_page_cut(page, count, &c->chain, room, room + page->value.size, &size, error);
    if (status == ACTA_OK)
        c->to->engine->ops->batch_put(
            c->to->committer.batch, ACTI_LOG, acti_key_view(&key), acta_bytes_from(room, size));
    allocator->free(allocator->user, room, room_size);
    return status;
}

static acta_status
copy_page(copying *c, const acti_page *page, uint32_t count, int64_t recorded_at_us, acta_error *error)
{
    acti_key key = acti_log_key(page->first);
    acta_status status = ACTA_OK;

    if (count == 0) return ACTA_OK;
    c->rebuild->position = c->rebuild->last_seen = page->first + count - 1;
    c->rebuild->recorded_at_us = recorded_at_us;
    if (c->to == NULL) return ACTA_OK;
    if (count < page->count)
        status = put_cut(c, page, count, error);
    else
        c->to->engine->ops->batch_put(c->to->committer.batch, ACTI_LOG, acti_key_view(&key), page->value);
    c->chain = acti_page_chain_value(page);
    c->to->committer.position = c->rebuild->position;
    c->to->committer.recorded_at_us = recorded_at_us;
    c->count += count;
    if (status != ACTA_OK) return status;
    return c->to->engine->ops->batch_bytes(c->to->committer.batch) < ACTI_REBUILD_BATCH_BYTES ? ACTA_OK
                                                                                              : write_batch(c, error);
}

/* Is this the page behind the last record taken? */
static acta_status
check_page(const copying *c, acta_bytes key, acta_bytes value, acti_page *page_out, acta_error *error)
{
    uint64_t position = c->rebuild->position + 1, found = key.size == 8 ? acti_get_be64(key.data) : 0;

    if (found != position)
        return acta_error_set(
            error, ACTA_CORRUPT, "position %" PRIu64 " is missing (the next one is %" PRIu64 ")", position, found);
    return acti_page_open(key, value, page_out, error);
}

/* What isn't taken is counted, as far as it can be read: the records of a page from `first` on. */
static void
leave_out(acti_rebuild *rebuild, acta_bytes key, acta_bytes value, uint32_t first)
{
    acti_record_view view;
    acta_error ignored;
    acti_page page = { .count = 0 };

    if (key.size == 8 && acti_get_be64(key.data) > rebuild->last_seen) rebuild->last_seen = acti_get_be64(key.data);
    if (acti_page_open(key, value, &page, &ignored) != ACTA_OK) return;
    if (acti_page_last(&page) > rebuild->last_seen) rebuild->last_seen = acti_page_last(&page);
    for (uint32_t i = first; i < page.count; i++) {
        if (acti_page_record(&page, page.first + i, &view, &ignored) != ACTA_OK) continue;
        rebuild->left_out++;
        if (view.event.recorded_at_us < rebuild->left_out_from_us)
            rebuild->left_out_from_us = view.event.recorded_at_us;
    }
}

/* How many records of a page are wanted, and sound. */
static uint32_t
count_sound(copying *c, const acti_page *page, int64_t *recorded_at_us, acta_error *damage)
{
    acti_rebuild *rebuild = c->rebuild;
    acti_record_view view;
    uint32_t count = 0;

    while (count < page->count && page->first + count <= rebuild->last) {
        if (acti_page_record(page, page->first + count, &view, damage) != ACTA_OK) break;
        if (c->to != NULL && !acti_seen_types_add(&rebuild->seen, &view)) c->has_no_memory = true;
        *recorded_at_us = view.event.recorded_at_us;
        count++;
    }
    return count;
}

/* Take of a page what is wanted. Damage: *damage says so. */
static acta_status
take_page(copying *c, acta_bytes key, acta_bytes value, acta_error *damage, acta_error *error)
{
    int64_t recorded_at_us = 0;
    uint32_t count = 0;
    acti_page page = { .count = 0 };
    acta_status status = ACTA_OK;

    if (check_page(c, key, value, &page, damage) == ACTA_OK) {
        damage->status = ACTA_OK;
        count = count_sound(c, &page, &recorded_at_us, damage);
        if (c->has_no_memory) return acta_error_set(error, ACTA_NO_MEMORY, "cannot copy the log: no memory");
        status = copy_page(c, &page, count, recorded_at_us, error);
    }
    leave_out(c->rebuild, key, value, count);
    return status;
}

/* An entry of the log: taken as far as it is wanted and sound, the rest left out. */
static acta_status
take_entry(copying *c, acta_bytes key, acta_bytes value, acta_error *error)
{
    acti_rebuild *rebuild = c->rebuild;

    if (rebuild->position >= rebuild->last || rebuild->damage.status != ACTA_OK) {
        leave_out(rebuild, key, value, 0);
        return ACTA_OK;
    }
    acta_status status = take_page(c, key, value, &rebuild->damage, error), damage = rebuild->damage.status;
    if (status != ACTA_OK || damage == ACTA_OK || (damage == ACTA_CORRUPT && rebuild->to_damage)) return status;
    if (error != NULL) *error = rebuild->damage;
    return damage;
}

/* All of the log. What the engine can't read is damage too; what is behind it may be there, and isn't looked for. */
static acta_status
take_records(copying *c, acti_engine_iterator *iterator, acta_error *error)
{
    acti_rebuild *rebuild = c->rebuild;
    acta_bytes key, value;
    acta_error said;

    for (;;) {
        acta_status status = rebuild->from->ops->iterator_next(iterator, &key, &value, &said);
        if (status == ACTA_NOT_FOUND) return ACTA_OK;
        if (status != ACTA_OK && rebuild->to_damage) {
            if (rebuild->damage.status == ACTA_OK) rebuild->damage = said;
            return ACTA_OK;
        }
        if (status == ACTA_OK) status = take_entry(c, key, value, &said);
        if (status != ACTA_OK) {
            if (error != NULL) *error = said;
            return status;
        }
    }
}

/* Which categories are kept by stream: opening the new store makes their copies. Where there is damage it goes without. */
static acta_status
copy_list(const acti_rebuild *rebuild, acta_store *to, acta_error *error)
{
    const acta_allocator *allocator = &to->environment.allocator;
    acta_bytes list;
    acta_status status = acti_by_stream_list(rebuild->from, allocator, &list, error);

    if (status == ACTA_OK && list.data != NULL)
        to->engine->ops->batch_put(
            to->committer.batch, ACTI_META, acta_str_bytes(acta_str_of(ACTI_META_BY_STREAM)), list);
    acti_by_stream_list_free(allocator, list);
    return rebuild->to_damage ? ACTA_OK : status;
}

acta_status
acti_rebuild_log(acti_rebuild *rebuild, acta_store *to, acta_error *error)
{
    const acti_engine_ops *ops = rebuild->from->ops;
    acti_key first = acti_log_key(1);
    acti_range range = { .from = acti_key_view(&first), .scan = true };
    copying c = { .rebuild = rebuild, .to = to };
    acti_engine_iterator *iterator;

    rebuild->position = rebuild->left_out = rebuild->last_seen = 0;
    rebuild->left_out_from_us = INT64_MAX;
    rebuild->damage.status = ACTA_OK;
    acta_status status = ops->iterator_open(rebuild->from, ACTI_LOG, &range, &iterator, error);
    if (status != ACTA_OK) return status;
    if (to != NULL) status = copy_list(rebuild, to, error);
    if (status == ACTA_OK) status = take_records(&c, iterator, error);
    ops->iterator_close(iterator);
    return status == ACTA_OK && to != NULL ? write_batch(&c, error) : status;
}

/* -- the run -- */

static acta_status
open_target(const acti_rebuild *rebuild, bool must_exist, acta_store **to_out, acta_error *error)
{
    const acta_store_config config = { .path = rebuild->path,
        .manual = true,
        .must_exist = must_exist,
        .memory_bytes = UINT64_C(128) << 20,
        .environment = rebuild->environment };
    return acta_store_open(&config, to_out, error);
}

acta_status
acti_rebuild_run(acti_rebuild *rebuild, acta_store **to_out, acta_error *error)
{
    acta_store *to;
    acta_status status = open_target(rebuild, false, &to, error);

    if (status != ACTA_OK) return status;
    acti_seen_types_init(&rebuild->seen, &to->environment.allocator);
    status = acti_rebuild_log(rebuild, to, error);
    acta_store_abandon(to);
    if (status == ACTA_OK) status = open_target(rebuild, true, &to, error);
    if (status == ACTA_OK) {
        status = acti_rebuild_rows(rebuild, to, error);
        if (status == ACTA_OK)
            *to_out = to;
        else
            acta_store_abandon(to);
    }
    acti_seen_types_deinit(&rebuild->seen);
    return status;
}
