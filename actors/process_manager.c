/*
 * Process manager: the router. A reader whose keys are instances, and whose work is done by their actors.
 *
 *     event of instance X --> queue of X --one at a time--> actor "Transfers-X" --> done: ack
 *                                                                               --> failed: aside, as for all readers
 *     actor X dies otherwise than by its own will -> it is woken again, with backoff: its outbox may not be empty
 *
 * Where an instance was stopped is remembered until the checkpoint is durably behind it: what is delivered again from
 * before begins nothing. On opening, the instances with commands in their outbox are woken.
 */
#include "manager_router.h"

enum { TRIES_MAX = ACTI_TRIES_MAX };

/* -- events to instances -- */

static void
drop_event(acta_message *message)
{
    const acti_item *item = message->payload;
    acta_chunk_unref(item->chunk);
}

/* A copy of the item, for as long as the instance looks at it. Relaxed: this life's own count. */
static acta_message *
event_message(acti_reader_actor *r, const acti_item *item)
{
    acta_message *message = acta_message_create(r->app->runtime, ACTI_TAG_EVENT, item->size);
    if (message == NULL) return NULL;

    acti_item *copy = message->payload;
    acti_item_copy_into(item, copy);
    copy->life = atomic_load_explicit(&r->reader->lives, memory_order_relaxed);
    message->destroy = drop_event;
    return message;
}

/* Send the first event of the queue. */
static acta_status
send_first(acti_reader_actor *r, acti_busy *b, acta_error *error)
{
    acti_router *rt = r->kind_state;
    acta_pid pid;

    uint32_t timeout_ms = r->reader->given.manager->event_timeout_ms;
    acta_status status = acti_ticket_locate(r, acta_str_from(b->id, b->id_size), &pid, error);
    if (status != ACTA_OK) return status;
    if (timeout_ms == 0) timeout_ms = ACTA_INFINITE;
    status = acta_request(r->self, pid, event_message(r, b->first->item), timeout_ms, &b->request);
    if (status != ACTA_OK) return acta_error_set(error, status, "no memory to send an event");
    acti_map_add(&rt->busy_by_ref, &b->ref_node, acta_str_from(&b->request, sizeof b->request));
    return ACTA_OK;
}

static void
drop(acti_reader_actor *r, acti_queued *queued)
{
    acti_item_destroy(r->app, queued->item);
    acta_free(r->self, queued);
}

static void
pop(acti_reader_actor *r, acti_busy *b)
{
    acti_queued *first = b->first;

    b->first = first->next;
    if (b->first == NULL) b->last = NULL;
    drop(r, first);
}

static void
destroy_busy(acti_reader_actor *r, acti_busy *b)
{
    acti_router *rt = r->kind_state;

    while (b->first != NULL)
        pop(r, b);
    if (b->prev != NULL)
        b->prev->next = b->next;
    else
        rt->busy_first = b->next;
    if (b->next != NULL) b->next->prev = b->prev;
    acti_map_remove(&rt->busy_by_id, &b->node);
    acta_free(r->self, b);
}

/* Has the instance ended by its own will, at or behind the first event of its queue, since that was routed? */
static bool
is_behind_end(const acti_reader_actor *r, const acti_busy *b)
{
    return acti_ended_was_behind(r->kind_state, acta_str_from(b->id, b->id_size), b->first->item->recorded.position);
}

/* The first event of the queue is done, or has failed; the next one's turn. */
static void
conclude_first(acti_reader_actor *r, acti_busy *b, acti_work how, const acta_error *why)
{
    const acti_router *rt = r->kind_state;
    acta_str id = acta_str_from(b->id, b->id_size);
    acta_error behind;

    for (;;) {
        const acti_queued *first = b->first;
        if (how == ACTI_WORK_DONE && first->route == ACTA_ROUTE_STOP &&
            !acti_ended_remember(r, id, first->item->recorded.position))
            acta_fail(r->self, "process manager %s: no memory to remember that '" ACTA_FMT "' has ended",
                r->reader->name, ACTA_ARG(id));
        r->pending_count--;
        if (how == ACTI_WORK_DONE && rt->pending_first != NULL)
            acti_pending_done(r, id, first->item->recorded.position);
        acti_reader_worked(r, first->item, id, how, why);
        pop(r, b);
        b->tries = b->step = 0;
        if (r->store_refuses) return; /* those behind it wait for the next start, too */
        if (b->first == NULL) {
            destroy_busy(r, b);
            return;
        }
        why = &behind;
        how = is_behind_end(r, b) ? ACTI_WORK_DONE : ACTI_WORK_FAILED;
        if (how == ACTI_WORK_DONE) continue;
        if (acti_aside_find(r, id) != NULL)
            acta_error_set(&behind, ACTA_PARKED, "an earlier event of its key waits");
        else if (send_first(r, b, &behind) == ACTA_OK)
            return;
    }
}

static acti_busy *
create_busy(acti_reader_actor *r, acta_str id)
{
    acti_router *rt = r->kind_state;
    acti_busy *b = acta_alloc(r->self, sizeof *b + id.size);
    if (b == NULL) return NULL;

    b->id_size = id.size;
    memcpy(b->id, id.data, id.size);
    b->next = rt->busy_first;
    if (b->next != NULL) b->next->prev = b;
    rt->busy_first = b;
    acti_map_add(&rt->busy_by_id, &b->node, acta_str_from(b->id, b->id_size));
    return b;
}

static bool
enqueue(acti_reader_actor *r, acti_busy *b, const acti_item *item, acta_route route)
{
    acti_queued *q = acta_alloc(r->self, sizeof *q);
    if (q == NULL) return false;

    *q = (acti_queued){ .item = acti_item_copy(r->app, item), .route = route };
    if (q->item == NULL) {
        acta_free(r->self, q);
        return false;
    }
    if (b->last != NULL)
        b->last->next = q;
    else
        b->first = q;
    b->last = q;
    return true;
}

/* What an old event is to the instance `route_id`: what the first that it has become is, unless a later one ends it. */
static acta_status
route_one(acti_reader_actor *r, const acti_item *item, acta_error *error)
{
    acti_router *rt = r->kind_state;
    acti_routing routing;

    acta_status status = acti_route_event(
        r->reader->given.manager, item->event, item->recorded.payload, r->keys.memory, &routing, error);
    if (status != ACTA_OK) return status;
    acta_route route = acti_routing_find(&routing, rt->route_id, NULL);
    if (route != ACTA_ROUTE_NONE && (rt->route == ACTA_ROUTE_NONE || route == ACTA_ROUTE_STOP)) rt->route = route;
    return ACTA_OK;
}

static acti_work
route_event(acti_reader_actor *r, const acti_item *item, acta_str id, acta_error *error)
{
    acti_router *rt = r->kind_state;
    rt->route = ACTA_ROUTE_NONE;
    rt->route_id = id;
    if (item->old == 0)
        rt->route = acti_routing_find(&rt->routing, id, NULL);
    else if (acti_item_each(r, item, route_one, error) != ACTA_OK)
        return ACTI_WORK_FAILED;
    if (acti_ended_was_behind(rt, id, item->recorded.position)) {
        acti_pending_done(r, id, item->recorded.position);
        return ACTI_WORK_DONE;
    }

    acti_map_node *node = acti_map_find(&rt->busy_by_id, id);
    acti_busy *b = node != NULL ? ACTI_CONTAINER(node, acti_busy, node) : create_busy(r, id);
    bool is_first = b != NULL && b->first == NULL;
    if (b == NULL || !enqueue(r, b, item, rt->route)) {
        if (is_first) destroy_busy(r, b);
        /* Set aside now, it would be before those in the queue: the next life of this actor begins before all of them. */
        r->reader->handling = 0;
        if (b != NULL && !is_first)
            acta_fail(r->self, "process manager %s: no memory to route an event", r->reader->name);
        acta_error_set(error, ACTA_NO_MEMORY, "no memory to route an event");
        return ACTI_WORK_FAILED;
    }
    if (is_first && send_first(r, b, error) != ACTA_OK) {
        destroy_busy(r, b);
        return ACTI_WORK_FAILED;
    }
    return ACTI_WORK_PENDING;
}
/* -- what failed -- */

static acti_verdict
default_verdict(const acta_unhandled *failure)
{
    bool is_strict = failure->step == ACTA_STEP_INSTANCE &&
                     (failure->status == ACTA_ALREADY_EXISTS || failure->status == ACTA_NOT_FOUND);

    /* What a strict route refuses it refuses again. */
    return (acti_verdict){ .action = is_strict ? ACTI_VERDICT_PARK : ACTI_VERDICT_RETRY };
}

static acti_verdict
verdict_of(acta_unhandled_action action, const acta_unhandled_retry *retry)
{
    acti_verdict verdict = {
        .action = ACTI_VERDICT_RETRY, .delay_ms = retry->delay_ms, .kept = retry->kept, .is_decided = true
    };

    if (action == ACTA_UNHANDLED_SKIP) verdict.action = ACTI_VERDICT_SKIP;
    if (action == ACTA_UNHANDLED_PARK) verdict.action = ACTI_VERDICT_PARK;
    if (action == ACTA_UNHANDLED_STOP) verdict.action = ACTI_VERDICT_STOP;
    return verdict;
}

/* The event waits aside, and is tried as soon as the process manager goes on. */
static void
halt(acti_reader_actor *r, const acti_item *item, const acta_error *why)
{
    acta_error text;

    acta_error_set(&text, ACTA_FAILED, "at position %" PRIu64 ": %s", item->recorded.position, why->text);
    acti_reader_halt(r, text.text);
}

/* The user decides; a decision that failed this actor is not asked for again. */
static acti_verdict
event_failed(acti_reader_actor *r, const acti_item *item, acta_str key, uint32_t attempt, const acta_error *why)
{
    const acti_router *rt = r->kind_state;
    acti_reader *reader = r->reader;
    bool is_unrouted = key.data == item->recorded.stream.data;
    acta_unhandled_retry retry = { .kept = item->aside != NULL ? item->aside->kept : 0 };
    acta_unhandled_action action = ACTA_UNHANDLED_RETRY;
    const acta_unhandled failure = { .step = is_unrouted ? ACTA_STEP_ROUTE : rt->failed_step,
        .status = why->status,
        .text = why->text,
        .event = &item->recorded,
        .instance = is_unrouted ? acta_str_from("", 0) : key,
        .attempt = attempt };

    bool has_failed = reader->judging == item->recorded.position;
    reader->judging = has_failed ? 0 : item->recorded.position;
    bool is_decided =
        !has_failed && acti_manager_code_of(r)->event_error(reader->given.manager, &failure, &retry, &action);
    reader->judging = 0;
    acti_verdict verdict = is_decided ? verdict_of(action, &retry) : default_verdict(&failure);
    if (verdict.action == ACTI_VERDICT_STOP) halt(r, item, why);
    return verdict;
}

/* -- what comes back -- */

/* Where the instance was with the event that it could not work on. */
static acta_event_step
step_of(const acti_reader_actor *r, const acti_busy *b)
{
    const acti_ticket *ticket = acti_ticket_find(r, acta_str_from(b->id, b->id_size));
    /* Relaxed: written before the answer, or the end, that we have seen. */
    uint32_t step = ticket != NULL ? atomic_load_explicit(&ticket->step, memory_order_relaxed) : b->step;

    return step != 0 ? (acta_event_step)step : ACTA_STEP_INSTANCE;
}

/* It has the event in hand still, or waits for it to get through: who waits is told what for. */
static void
say_late(const acti_reader_actor *r, const acti_busy *b, acta_error *error)
{
    acti_ticket *ticket = acti_ticket_find(r, acta_str_from(b->id, b->id_size));
    char why[ACTI_REASON_MAX] = "";

    if (ticket != NULL) acti_ticket_describe(ticket, why, sizeof why);
    acta_error_set(error, ACTA_TIMEOUT,
        "instance '%.*s' has not done the event at position %" PRIu64 " within %" PRIu32 " ms: %s", (int)b->id_size,
        b->id, b->first->item->recorded.position, r->reader->given.manager->event_timeout_ms, why);
}

static acta_next
answered(acti_reader_actor *r, const acta_info *info)
{
    acti_router *rt = r->kind_state;
    acti_map_node *node = acti_map_find(&rt->busy_by_ref, acta_str_from(&info->ref, sizeof info->ref));
    acta_error error;
    if (node == NULL) return ACTA_NEXT;

    acti_busy *b = ACTI_CONTAINER(node, acti_busy, ref_node);
    acti_map_remove(&rt->busy_by_ref, node);
    acta_status status = info->status;
    if (status == ACTA_NOPROC && is_behind_end(r, b))
        status = ACTA_OK;
    else if (status == ACTA_NOPROC && ++b->tries < TRIES_MAX) {
        status = send_first(r, b, &error); /* it left: the next one */
        if (status == ACTA_OK) return ACTA_NEXT;
    } else if (status == ACTA_TIMEOUT && r->reader->given.manager->event_timeout_ms != 0)
        say_late(r, b, &error);
    else if (status != ACTA_OK && info->error != NULL)
        error = *info->error;
    else if (status != ACTA_OK)
        acta_error_set(&error, status, NULL);
    /* It could not read: that is this event's failure, unless the store takes no writes any more. */
    if (status == ACTA_IO && acta_store_health(r->app->store, NULL) == ACTA_OK) status = ACTA_FAILED;

    switch (status) {
    case ACTA_OK:
        conclude_first(r, b, ACTI_WORK_DONE, NULL);
        break;
    case ACTA_STOPPED: /* everything stops: it stays unacknowledged */
        break;
    case ACTA_READ_ONLY:
    case ACTA_IO:
    case ACTA_UNKNOWN_OUTCOME:
        acti_reader_refuse(r, error.text);
        break;
    default:
        rt->failed_step = status == ACTA_TIMEOUT ? ACTA_STEP_INSTANCE : step_of(r, b);
        conclude_first(r, b, ACTI_WORK_FAILED, &error);
        rt->failed_step = ACTA_STEP_INSTANCE;
        break;
    }
    return acti_reader_go_on(r);
}

/* It went by itself while the word to go on with its commands lay in its mailbox: it is said again, to the next one. */
static void
say_again(acti_reader_actor *r, acta_str id)
{
    acti_aside *aside = acti_aside_find(r, id);

    if (aside == NULL || !aside->by_commands || !aside->is_tried || acti_is_stopping(r->app)) return;
    ACTA_SOMETIMES(&r->app->environment, "manager.left.before.it.heard");
    aside->is_tried = false;
    acti_aside_due(r, aside);
}

/* An instance is gone. If it did not go by itself its outbox may have something in it: it is woken, with backoff. */
static acta_next
gone(acti_reader_actor *r, const acta_info *info)
{
    acti_router *rt = r->kind_state;
    acti_map_node *node = acti_map_find(&rt->tickets_by_monitor, acta_str_from(&info->ref, sizeof info->ref));
    acta_error error;
    if (node == NULL) return ACTA_NEXT;

    acti_ticket *ticket = ACTI_CONTAINER(node, acti_ticket, node);
    acta_str id = acta_str_from(ticket->id, ticket->id_size);
    acti_map_node *busy_node = acti_map_find(&rt->busy_by_id, id);
    if (busy_node != NULL) /* the answer comes behind this */
        ACTI_CONTAINER(busy_node, acti_busy, node)->step = atomic_load_explicit(&ticket->step, memory_order_relaxed);
    bool is_well = info->reason->kind == ACTA_EXIT_NORMAL || info->reason->kind == ACTA_EXIT_SHUTDOWN;
    /* Relaxed: who asks has an event that this actor has sent since. */
    if (!is_well) atomic_store_explicit(&r->reader->misses_ends, true, memory_order_relaxed);
    if (!is_well && !acti_is_stopping(r->app) && busy_node == NULL) {
        acta_error_set(&error, ACTA_FAILED, "the instance failed: %s", info->reason->text);
        if (acti_aside_crashed(r, id, r->worked_position, &error, &error) != ACTA_OK)
            acta_fail(r->self, "%s", error.text);
    }
    if (is_well) say_again(r, id);
    acti_map_remove(&rt->tickets_by_monitor, node);
    acti_reader_publish(r); /* that there is something to wait for, before its outbox counts no more */
    acti_ticket_destroy(r->reader, ticket);
    return acti_reader_go_on(r);
}

static acta_next
router_info(acti_reader_actor *r, const acta_info *info)
{
    if (info->kind == ACTA_INFO_REPLY) return answered(r, info);
    return info->kind == ACTA_INFO_DOWN ? gone(r, info) : ACTA_NEXT;
}

/* Its commands are tried again later, and an event waits behind them: that, and those behind it, hold up this instance alone.
 */
static void
set_queue_aside(acti_reader_actor *r, acta_str id, const char *reason)
{
    acti_router *rt = r->kind_state;
    acta_error why, behind;

    acti_map_node *node = acti_map_find(&rt->busy_by_id, id);
    if (node == NULL) return;
    acti_busy *b = ACTI_CONTAINER(node, acti_busy, node);
    acta_error_set(&why, ACTA_PARKED, "%s", reason);
    if (!acti_reader_hold(r, b->first->item, id, &why)) return;
    acta_error_set(&behind, ACTA_PARKED, "an earlier event of its key waits");
    while (b->first->next != NULL) {
        acti_queued *second = b->first->next;
        r->pending_count--;
        acti_reader_worked(
            r, second->item, id, ACTI_WORK_FAILED, &behind); /* may end this life, which drops the queue */
        b->first->next = second->next;
        drop(r, second);
    }
    b->last = b->first;
}

/* Where an instance is set aside for its commands: behind those of its events that are done, and before all that are not, for
 * a later life takes what comes again up to there for done. */
static uint64_t
mark_of(const acti_reader_actor *r, acta_str id)
{
    const acti_router *rt = r->kind_state;
    acti_map_node *node = acti_map_find(&rt->busy_by_id, id);

    if (node == NULL) return r->worked_position;
    return ACTI_CONTAINER(node, acti_busy, node)->first->item->recorded.position - 1;
}

static acta_next
router_cast(acti_reader_actor *r, acta_message *message)
{
    const acti_notice *notice = message->payload;
    acta_str id = acta_str_from(notice->id, notice->id_size);
    acta_status status = ACTA_OK;
    acta_error error, why;

    if (message->tag == ACTI_TAG_STUCK || message->tag == ACTI_TAG_TRIED_OUT) {
        acta_error_set(&why, ACTA_FAILED, "%s", notice->why);
        uint64_t position = notice->position != 0 ? notice->position : mark_of(r, id);
        status = acti_aside_stuck(r, id, position, message->tag == ACTI_TAG_TRIED_OUT, &why, &error);
    } else if (message->tag == ACTI_TAG_WAITING && r->subscription != NULL) /* else nothing was sent to it yet */
        set_queue_aside(r, id, notice->why);
    else if (message->tag == ACTI_TAG_UNSTUCK)
        status = acti_aside_unstuck(r, id, &error);
    else if (message->tag == ACTI_TAG_ENDED && r->subscription != NULL && /* else the note is read with the others */
             !acti_ended_remember(r, id, notice->position))
        status = acta_error_set(&error, ACTA_NO_MEMORY, "no memory to remember that an instance has ended");
    if (status != ACTA_OK) acta_fail(r->self, "%s", error.text);
    return acti_reader_go_on(r);
}
/* -- opening -- */

static acta_status
each_row(acti_reader_actor *r, const acti_table_name *table,
    acta_status (*see)(acti_reader_actor *r, acta_bytes key, acta_error *error), acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;

    acta_status status = acta_row_cursor_open(r->app->store, table->text, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    while (status == ACTA_OK) {
        status = acta_row_cursor_next(cursor, &key, &value, error);
        if (status == ACTA_OK) status = see(r, key, error);
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
see_outbox(acti_reader_actor *r, acta_bytes key, acta_error *error)
{
    return acti_ticket_wake(r, acta_str_from(key.data, key.size), error);
}

static acta_status
open_router(acti_reader_actor *r, acta_error *error)
{
    acti_router *rt = r->kind_state;
    const acta_allocator *allocator = &r->allocator;

    rt->tables = acti_manager_tables_of(r->reader->given.manager);
    rt->failed_step = ACTA_STEP_INSTANCE;
    acti_map_init(&rt->busy_by_id, allocator, r->app->hash_seed);
    acti_map_init(&rt->busy_by_ref, allocator, r->app->hash_seed);
    acti_map_init(&rt->tickets_by_monitor, allocator, r->app->hash_seed);
    acti_map_init(&rt->ended_by_id, allocator, r->app->hash_seed);
    acta_status status = ACTA_OK;
    for (acti_ticket *ticket = r->reader->tickets; ticket != NULL && status == ACTA_OK; ticket = ticket->next) {
        status = acta_monitor(r->self, ticket->pid, &ticket->monitor); /* from the life before */
        if (status == ACTA_OK) acti_ticket_watch(r, ticket);
    }
    if (status != ACTA_OK) return acta_error_set(error, status, "no memory to watch an instance");
    const acta_process_manager *manager = r->reader->given.manager;
    for (uint32_t event = 0; event < manager->code->event_count; event++)
        if (manager->code->associates(manager, event)) rt->associates = true;
    if (rt->associates) status = acti_pending_open(r, error);
    if (status == ACTA_OK) status = each_row(r, &rt->tables.ended, acti_ended_see, error);
    return status == ACTA_OK ? each_row(r, &rt->tables.outbox, see_outbox, error) : status;
}

static void
close_router(acti_reader_actor *r)
{
    acti_router *rt = r->kind_state;

    while (rt->busy_first != NULL)
        destroy_busy(r, rt->busy_first);
}

const acti_reader_kind acti_manager_kind = {
    .name = "process manager",
    .state_size = sizeof(acti_router),
    .open = open_router,
    .close = close_router,
    .keys = acti_manager_keys,
    .work = route_event,
    .failed = event_failed,
    .resume = acti_ticket_wake,
    .has_rows = acti_ended_has_rows,
    .fill = acti_ended_fill,
    .durable = acti_ended_durable,
    .look = acti_manager_look,
    .cast = router_cast,
    .info = router_info,
};
