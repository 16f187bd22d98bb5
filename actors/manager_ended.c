/*
 * Where instances of a process manager were stopped: what is delivered again from before that begins nothing.
 *
 *     a stop is done --> remembered here, and noted in the store by the instance's own batch
 *     the checkpoint is durably behind it --> nothing of before is delivered any more: the note goes, with a later batch
 *
 * A router's next life reads the notes.
 */
#include "manager_router.h"

enum { FORGET_AT_ONCE = 1000 };

bool
acti_ended_remember(acti_reader_actor *r, acta_str id, uint64_t position)
{
    acti_router *rt = r->kind_state;
    acti_ended *e = acta_alloc(r->self, sizeof *e + id.size);
    if (e == NULL) return false;

    e->position = position;
    e->id_size = id.size;
    memcpy(e->id, id.data, id.size);
    acti_map_node *other = acti_map_find(&rt->ended_by_id, id);
    e->is_in_map = other == NULL || ACTI_CONTAINER(other, acti_ended, node)->position < position;
    if (e->is_in_map && other != NULL) {
        acti_map_remove(&rt->ended_by_id, other);
        ACTI_CONTAINER(other, acti_ended, node)->is_in_map = false;
    }
    if (e->is_in_map) acti_map_add(&rt->ended_by_id, &e->node, acta_str_from(e->id, e->id_size));
    if (rt->ended_last != NULL)
        rt->ended_last->next = e;
    else
        rt->ended_first = e;
    rt->ended_last = e;
    return true;
}

bool
acti_ended_was_behind(const acti_router *rt, acta_str id, uint64_t position)
{
    const acti_map_node *node = acti_map_find(&rt->ended_by_id, id);
    return node != NULL && ACTI_CONTAINER(node, acti_ended, node)->position >= position;
}

static void
forget_ended(acti_reader_actor *r, acti_ended *e)
{
    acti_router *rt = r->kind_state;

    if (e->is_in_map) acti_map_remove(&rt->ended_by_id, &e->node);
    acta_free(r->self, e);
}

/* Behind the durable checkpoint nothing is delivered again; but for what is set aside, which may have been done after all. */
static bool
may_go(const acti_reader_actor *r, const acti_ended *e)
{
    if (e->position > r->checkpoint) return false;
    const acti_aside *aside = acti_aside_find(r, acta_str_from(e->id, e->id_size));
    return aside == NULL || acti_aside_first(aside) > e->position;
}

bool
acti_ended_has_rows(const acti_reader_actor *r)
{
    const acti_router *rt = r->kind_state;

    for (const acti_ended *e = rt->ended_first; e != NULL; e = e->next)
        if (may_go(r, e)) return true;
    return false;
}

void
acti_ended_fill(acti_reader_actor *r, acta_transaction *transaction)
{
    acti_router *rt = r->kind_state;
    uint8_t room[ACTI_ENDED_KEY_MAX];
    uint32_t count = 0;

    for (acti_ended *e = rt->ended_first; e != NULL; e = e->next) {
        e->is_going = count < FORGET_AT_ONCE && may_go(r, e);
        if (!e->is_going) continue;
        count++;
        acta_transaction_delete(
            transaction, rt->tables.ended.text, acti_ended_key(acta_str_from(e->id, e->id_size), e->position, room));
    }
}

void
acti_ended_durable(acti_reader_actor *r)
{
    acti_router *rt = r->kind_state;
    acti_ended *last = NULL;

    for (acti_ended **at = &rt->ended_first; *at != NULL;) {
        acti_ended *e = *at;
        if (!e->is_going) {
            last = e;
            at = &e->next;
            continue;
        }
        *at = e->next;
        forget_ended(r, e);
    }
    rt->ended_last = last;
}

acta_status
acti_ended_see(acti_reader_actor *r, acta_bytes key, acta_error *error)
{
    acta_str id;
    uint64_t position;

    if (!acti_ended_parse(key, &id, &position))
        return acta_error_set(error, ACTA_CORRUPT, "process manager %s: a note of an end is damaged", r->reader->name);
    if (!acti_ended_remember(r, id, position))
        return acta_error_set(error, ACTA_NO_MEMORY, "process manager %s: no memory for its ends", r->reader->name);
    return ACTA_OK;
}
