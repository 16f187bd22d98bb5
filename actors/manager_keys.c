/*
 * Which instances an event may be for. Ids are those that it names. "All", and "those associated with a value", are sets that
 * the events before it still change, for they are worked on meanwhile; so what is sent to is at least
 *
 *     all          rows of instances + those with events in work + those with events aside
 *     associated   rows of the association + events in work, or aside, that associate with it
 *
 * and each of these decides at its turn whether it is one (manager_event.c). What comes again after a crash finds more, or
 * fewer: those that began behind the event say that it is not behind them, and those that are gone had it done.
 */
#include "manager_router.h"

static acta_status
no_memory(acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory to route an event");
}

/* -- events that associate, and are not done -- */

static bool
remember(acti_reader_actor *r, acta_str id, acta_id association, uint64_t position)
{
    acti_router *rt = r->kind_state;
    for (const acti_pending *p = rt->pending_first; p != NULL; p = p->next) {
        bool is_same = p->position == position && acta_id_equal(p->association, association);
        if (is_same && acta_str_equal(acta_str_from(p->id, p->id_size), id)) return true;
    }
    acti_pending *p = acta_alloc(r->self, sizeof *p + id.size);
    if (p == NULL) return false;

    p->association = association;
    p->position = position;
    p->id_size = id.size;
    memcpy(p->id, id.data, id.size);
    p->next = rt->pending_first;
    rt->pending_first = p;
    return true;
}

void
acti_pending_done(acti_reader_actor *r, acta_str id, uint64_t position)
{
    acti_router *rt = r->kind_state;

    for (acti_pending **at = &rt->pending_first; *at != NULL;) {
        acti_pending *p = *at;
        if (p->position > position || !acta_str_equal(acta_str_from(p->id, p->id_size), id)) {
            at = &p->next;
            continue;
        }
        *at = p->next;
        acta_free(r->self, p);
    }
}

static acta_status
remember_all(acti_reader_actor *r, const acti_item *item, const acti_keys *keys, acta_error *error)
{
    acti_router *rt = r->kind_state;
    const acta_process_manager *manager = r->reader->given.manager;
    if (!manager->code->associates(manager, item->event)) return ACTA_OK;

    rt->associations = (acta_associations){ .memory = keys->memory };
    acta_status status = acti_associate_event(manager, item->event, item->recorded.payload, &rt->associations, error);
    for (uint32_t a = 0; status == ACTA_OK && a < rt->associations.count; a++) {
        for (uint32_t k = 0; k < keys->count; k++)
            if (!remember(r, keys->list[k], rt->associations.ids[a], item->recorded.position)) return no_memory(error);
    }
    return status;
}

acta_status
acti_pending_open(acti_reader_actor *r, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (const acti_aside *aside = r->aside_first; aside != NULL; aside = aside->next) {
        /* What is aside by commands is no event that is not done; its position may be 0, where there is none. */
        uint32_t first = aside->first + (aside->by_commands ? 1 : 0);
        for (uint32_t i = first; i < aside->positions.count && status == ACTA_OK; i++) {
            acti_item *item = NULL;
            acta_error why;
            status = acti_aside_read(r, NULL, aside->positions.values[i], &item, error);
            /* One that can't be read is no association, and is tried again by itself. */
            if (status == ACTA_OK && item->old == 0 && acti_reader_open_item(r, item, &why) == ACTA_OK)
                status = acti_keys_collect(r, item, error);
            acti_item_destroy(r->app, item);
        }
    }
    return status;
}

/* -- sets -- */

static acta_status
add_rows(acti_reader_actor *r, const acti_table_name *table, acta_bytes prefix, acti_keys *keys, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;

    acta_status status = acta_row_cursor_open(r->app->store, table->text, prefix, &cursor, error);
    if (status != ACTA_OK) return status;
    while (status == ACTA_OK) {
        status = acta_row_cursor_next(cursor, &key, &value, error);
        if (status != ACTA_OK || key.size < prefix.size) break;
        if (prefix.size > 0 && memcmp(key.data, prefix.data, prefix.size) != 0) break;
        if (!acti_keys_add(keys, acta_str_from(key.data + prefix.size, key.size - prefix.size)))
            status = no_memory(error);
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
add_all(acti_reader_actor *r, acti_keys *keys, acta_error *error)
{
    const acti_router *rt = r->kind_state;

    acta_status status = add_rows(r, &rt->tables.state, acta_bytes_from(NULL, 0), keys, error);
    for (const acti_busy *b = rt->busy_first; b != NULL && status == ACTA_OK; b = b->next)
        if (!acti_keys_add(keys, acta_str_from(b->id, b->id_size))) status = no_memory(error);
    for (const acti_aside *aside = r->aside_first; aside != NULL && status == ACTA_OK; aside = aside->next)
        if (!acti_keys_add(keys, acta_str_from(aside->key, aside->key_size))) status = no_memory(error);
    return status;
}

static acta_status
add_associated(acti_reader_actor *r, acta_id association, acti_keys *keys, acta_error *error)
{
    const acti_router *rt = r->kind_state;

    acta_status status =
        add_rows(r, &rt->tables.associated, acta_bytes_from(association.bytes, sizeof association.bytes), keys, error);
    for (const acti_pending *p = rt->pending_first; p != NULL && status == ACTA_OK; p = p->next) {
        if (!acta_id_equal(p->association, association)) continue;
        if (!acti_keys_add(keys, acta_str_from(p->id, p->id_size))) status = no_memory(error);
    }
    return status;
}

acta_status
acti_manager_keys(acti_reader_actor *r, const acti_item *item, acti_keys *keys, acta_error *error)
{
    acti_router *rt = r->kind_state;
    const acta_process_manager *manager = r->reader->given.manager;

    acta_status status =
        acti_route_event(manager, item->event, item->recorded.payload, keys->memory, &rt->routing, error);
    for (uint32_t k = 0; k < rt->routing.count && status == ACTA_OK; k++) {
        const acti_target *target = &rt->routing.targets[k];
        if (target->kind == ACTI_TARGET_ALL)
            status = add_all(r, keys, error);
        else if (target->kind == ACTI_TARGET_ASSOCIATED)
            status = add_associated(r, target->associated, keys, error);
        else if (!acti_keys_add(keys, target->id))
            status = no_memory(error);
    }
    return status == ACTA_OK && rt->associates ? remember_all(r, item, keys, error) : status;
}
