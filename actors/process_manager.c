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
#include "manager.h"

enum { TRIES_MAX = ACTI_TRIES_MAX, FORGET_AT_ONCE = 1000 };

/* An event in the queue of its instance. */
typedef struct queued {
    struct queued *next;
    acti_item *item;
    acta_route route;
} queued;

/* An instance that has events in work. */
typedef struct busy {
    acti_map_node node;     /* by id */
    acti_map_node ref_node; /* by request, while one is out */
    struct busy *prev, *next;
    acta_ref request;
    queued *first, *last;
    uint32_t tries;
    size_t id_size;
    char id[];
} busy;

/* Where an instance was stopped. */
typedef struct ended {
    acti_map_node node; /* by id: the last one of it */
    struct ended *next; /* in the order in which we heard */
    uint64_t position;
    bool is_in_map, is_going;
    size_t id_size;
    char id[];
} ended;

typedef struct router {
    acti_manager_tables tables;
    acti_map busy_by_id, busy_by_ref, tickets_by_monitor, ended_by_id;
    busy *busy_first;
    ended *ended_first, *ended_last;
    acta_route route;  /* of the event whose key was asked for last */
    acta_str route_id; /* whose route it is, of an old event */
} router;

static const acta_process_manager_code *
code_of(const acti_reader_actor *r)
{
    return r->reader->given.manager->code;
}

/* -- stopped instances -- */

static bool
remember_ended(acti_reader_actor *r, acta_str id, uint64_t position)
{
    router *rt = r->kind_state;
    ended *e = acta_alloc(r->self, sizeof *e + id.size);
    if (e == NULL) return false;

    e->position = position;
    e->id_size = id.size;
    memcpy(e->id, id.data, id.size);
    acti_map_node *older = acti_map_find(&rt->ended_by_id, id);
    if (older != NULL) {
        acti_map_remove(&rt->ended_by_id, older);
        ACTI_CONTAINER(older, ended, node)->is_in_map = false;
    }
    acti_map_add(&rt->ended_by_id, &e->node, acta_str_from(e->id, e->id_size));
    e->is_in_map = true;
    if (rt->ended_last != NULL)
        rt->ended_last->next = e;
    else
        rt->ended_first = e;
    rt->ended_last = e;
    return true;
}

static bool
was_ended_behind(const router *rt, acta_str id, uint64_t position)
{
    const acti_map_node *node = acti_map_find(&rt->ended_by_id, id);
    return node != NULL && ACTI_CONTAINER(node, ended, node)->position >= position;
}

static void
forget_ended(acti_reader_actor *r, ended *e)
{
    router *rt = r->kind_state;

    if (e->is_in_map) acti_map_remove(&rt->ended_by_id, &e->node);
    acta_free(r->self, e);
}

/* Behind the durable checkpoint nothing is delivered again. */
static bool
has_rows(const acti_reader_actor *r)
{
    const router *rt = r->kind_state;

    for (const ended *e = rt->ended_first; e != NULL; e = e->next)
        if (e->position <= r->checkpoint) return true;
    return false;
}

static void
fill(acti_reader_actor *r, acta_transaction *transaction)
{
    router *rt = r->kind_state;
    uint8_t room[ACTI_ENDED_KEY_MAX];
    uint32_t count = 0;

    for (ended *e = rt->ended_first; e != NULL; e = e->next) {
        e->is_going = e->position <= r->checkpoint && count < FORGET_AT_ONCE;
        if (!e->is_going) continue;
        count++;
        acta_transaction_delete(
            transaction, rt->tables.ended.text, acti_ended_key(acta_str_from(e->id, e->id_size), e->position, room));
    }
}

static void
filled(acti_reader_actor *r)
{
    router *rt = r->kind_state;
    ended *last = NULL;

    for (ended **at = &rt->ended_first; *at != NULL;) {
        ended *e = *at;
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

/* -- instances -- */

static acti_ticket *
create_ticket(acti_reader_actor *r, acta_str id, bool is_open)
{
    acti_ticket *ticket = acti_alloc(r->app, sizeof *ticket + id.size);
    if (ticket == NULL) return NULL;

    memset(ticket, 0, sizeof *ticket);
    ticket->app = r->app;
    /* Counted before it runs, and until it knows: what it finds in its outbox must not be overlooked. */
    ticket->is_counted = is_open;
    if (is_open) atomic_fetch_add_explicit(&r->app->outboxes_open, 1, memory_order_release);
    ticket->id_size = id.size;
    memcpy(ticket->id, id.data, id.size);
    ticket->next = r->reader->tickets;
    if (ticket->next != NULL) ticket->next->prev = ticket;
    r->reader->tickets = ticket;
    return ticket;
}

void
acti_ticket_destroy(acti_reader *reader, acti_ticket *ticket)
{
    acti_ticket_give_back(ticket);
    if (ticket->prev != NULL)
        ticket->prev->next = ticket->next;
    else
        reader->tickets = ticket->next;
    if (ticket->next != NULL) ticket->next->prev = ticket->prev;
    acti_free(ticket->app, ticket, sizeof *ticket + ticket->id_size);
}

static void
add_monitor(acti_reader_actor *r, acti_ticket *ticket)
{
    router *rt = r->kind_state;
    acti_map_add(&rt->tickets_by_monitor, &ticket->node, acta_str_from(&ticket->monitor, sizeof ticket->monitor));
}

/* The instance's actor, started if need be. All are started here, and each is watched to its end. is_open: there is, or
 * may be, something in its outbox. */
static acta_status
locate(acti_reader_actor *r, acta_str id, bool is_open, acta_pid *pid_out, acta_error *error)
{
    char room[ACTA_STREAM_NAME_MAX];
    acta_str name;

    acta_status status = acti_instance_name(code_of(r), id, room, &name, error);
    if (status != ACTA_OK) return status;
    *pid_out = acta_whereis(r->app->runtime, name);
    if (pid_out->value != 0) return ACTA_OK;
    acti_ticket *ticket = create_ticket(r, id, is_open);
    if (ticket == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to start an instance");

    acti_instance_argument argument = { .reader = r->reader, .ticket = ticket };
    acta_spawn_options options = { .behaviour = &acti_instance_behaviour,
        .mailbox_count_max = UINT32_MAX, /* what it wrote is told once */
        .argument = &argument,
        .name = name,
        .monitor = r->self,
        .monitor_out = &ticket->monitor };
    status = acta_spawn(r->app->runtime, &options, &ticket->pid, error);
    *pid_out = ticket->pid;
    if (status == ACTA_OK)
        add_monitor(r, ticket);
    else
        acti_ticket_destroy(r->reader, ticket);
    return status == ACTA_ALREADY_EXISTS ? ACTA_OK : status;
}

static acta_status
wake(acti_reader_actor *r, acta_str id, acta_error *error)
{
    acta_pid pid;
    acta_status status = locate(r, id, true, &pid, error);

    if (status == ACTA_OK)
        status = acta_send(r->app->runtime, pid, acta_message_create(r->app->runtime, ACTI_TAG_RESUME, 0));
    return status;
}

/* -- events to instances -- */

static void
drop_event(acta_message *message)
{
    const acti_item *item = message->payload;
    acta_chunk_unref(item->chunk);
}

/* A copy of the item, for as long as the instance looks at it. */
static acta_message *
event_message(acti_reader_actor *r, const acti_item *item)
{
    acta_message *message = acta_message_create(r->app->runtime, ACTI_TAG_EVENT, item->size);
    if (message == NULL) return NULL;

    acti_item_copy_into(item, message->payload);
    message->destroy = drop_event;
    return message;
}

/* Send the first event of the queue. */
static acta_status
send_first(acti_reader_actor *r, busy *b, acta_error *error)
{
    router *rt = r->kind_state;
    acta_pid pid;

    acta_status status = locate(r, acta_str_from(b->id, b->id_size), false, &pid, error);
    if (status != ACTA_OK) return status;
    status = acta_request(r->self, pid, event_message(r, b->first->item), ACTA_INFINITE, &b->request);
    if (status != ACTA_OK) return acta_error_set(error, status, "no memory to send an event");
    acti_map_add(&rt->busy_by_ref, &b->ref_node, acta_str_from(&b->request, sizeof b->request));
    return ACTA_OK;
}

static void
pop(acti_reader_actor *r, busy *b)
{
    queued *first = b->first;

    b->first = first->next;
    if (b->first == NULL) b->last = NULL;
    acti_item_destroy(r->app, first->item);
    acta_free(r->self, first);
}

static void
destroy_busy(acti_reader_actor *r, busy *b)
{
    router *rt = r->kind_state;

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

/* The first event of the queue is done, or has failed; the next one's turn. */
static void
conclude_first(acti_reader_actor *r, busy *b, acti_work how, const acta_error *why)
{
    acta_str id = acta_str_from(b->id, b->id_size);
    acta_error behind;

    for (;;) {
        const queued *first = b->first;
        if (how == ACTI_WORK_DONE && first->route == ACTA_ROUTE_STOP &&
            !remember_ended(r, id, first->item->recorded.position))
            acta_fail(r->self, "process manager %s: no memory to remember that '" ACTA_FMT "' has ended",
                r->reader->name, ACTA_ARG(id));
        r->pending_count--;
        acti_reader_worked(r, first->item, id, how, why);
        pop(r, b);
        b->tries = 0;
        if (b->first == NULL) {
            destroy_busy(r, b);
            return;
        }
        how = ACTI_WORK_FAILED;
        why = &behind;
        if (acti_aside_find(r, id) != NULL)
            acta_error_set(&behind, ACTA_PARKED, "an earlier event of its key waits");
        else if (send_first(r, b, &behind) == ACTA_OK)
            return;
    }
}

static busy *
create_busy(acti_reader_actor *r, acta_str id)
{
    router *rt = r->kind_state;
    busy *b = acta_alloc(r->self, sizeof *b + id.size);
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
enqueue(acti_reader_actor *r, busy *b, const acti_item *item, acta_route route)
{
    queued *q = acta_alloc(r->self, sizeof *q);
    if (q == NULL) return false;

    *q = (queued){ .item = acti_item_copy(r->app, item), .route = route };
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

static acta_str
instance_of(acti_reader_actor *r, const acti_item *item)
{
    router *rt = r->kind_state;
    acta_str id = { NULL, 0 };

    rt->route = code_of(r)->route(r->reader->given.manager, item->event, item->recorded.payload, &id);
    if (rt->route == ACTA_ROUTE_NONE || id.size == 0) return (acta_str){ NULL, 0 };
    return id;
}

/* What an old event is to the instance `route_id`: what the first that it has become is, unless a later one ends it. */
static acta_status
route_one(acti_reader_actor *r, const acti_item *item, acta_error *error)
{
    router *rt = r->kind_state;
    acta_str id = { NULL, 0 };
    (void)error;

    acta_route route = code_of(r)->route(r->reader->given.manager, item->event, item->recorded.payload, &id);
    if (route == ACTA_ROUTE_NONE || !acta_str_equal(id, rt->route_id)) return ACTA_OK;
    if (rt->route == ACTA_ROUTE_NONE || route == ACTA_ROUTE_STOP) rt->route = route;
    return ACTA_OK;
}

static acti_work
route_event(acti_reader_actor *r, const acti_item *item, acta_str id, acta_error *error)
{
    router *rt = r->kind_state;
    if (item->old != 0) {
        rt->route = ACTA_ROUTE_NONE;
        rt->route_id = id;
        acti_item_each(r, item, route_one, error); /* can't fail */
    }
    if (was_ended_behind(rt, id, item->recorded.position)) return ACTI_WORK_DONE;

    acti_map_node *node = acti_map_find(&rt->busy_by_id, id);
    busy *b = node != NULL ? ACTI_CONTAINER(node, busy, node) : create_busy(r, id);
    bool is_first = b != NULL && b->first == NULL;
    if (b == NULL || !enqueue(r, b, item, rt->route)) {
        if (is_first) destroy_busy(r, b);
        acta_error_set(error, ACTA_NO_MEMORY, "no memory to route an event");
        return ACTI_WORK_FAILED;
    }
    if (is_first && send_first(r, b, error) != ACTA_OK) {
        destroy_busy(r, b);
        return ACTI_WORK_FAILED;
    }
    return ACTI_WORK_PENDING;
}

/* -- what comes back -- */

static acta_next
answered(acti_reader_actor *r, const acta_info *info)
{
    router *rt = r->kind_state;
    acti_map_node *node = acti_map_find(&rt->busy_by_ref, acta_str_from(&info->ref, sizeof info->ref));
    acta_error error;
    if (node == NULL) return ACTA_NEXT;

    busy *b = ACTI_CONTAINER(node, busy, ref_node);
    acti_map_remove(&rt->busy_by_ref, node);
    acta_status status = info->status;
    if (status == ACTA_NOPROC && ++b->tries < TRIES_MAX)
        status = send_first(r, b, &error); /* it left: the next one */
    else if (status != ACTA_OK && info->error != NULL)
        error = *info->error;
    else if (status != ACTA_OK)
        acta_error_set(&error, status, NULL);
    if (info->status == ACTA_NOPROC && status == ACTA_OK) return ACTA_NEXT;
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
        conclude_first(r, b, ACTI_WORK_FAILED, &error);
        break;
    }
    return acti_reader_go_on(r);
}

/* An instance is gone. If it did not go by itself its outbox may have something in it: it is woken, with backoff. */
static acta_next
gone(acti_reader_actor *r, const acta_info *info)
{
    router *rt = r->kind_state;
    acti_map_node *node = acti_map_find(&rt->tickets_by_monitor, acta_str_from(&info->ref, sizeof info->ref));
    acta_error error;
    if (node == NULL) return ACTA_NEXT;

    acti_ticket *ticket = ACTI_CONTAINER(node, acti_ticket, node);
    acta_str id = acta_str_from(ticket->id, ticket->id_size);
    bool is_well = info->reason->kind == ACTA_EXIT_NORMAL || info->reason->kind == ACTA_EXIT_SHUTDOWN;
    if (!is_well && !acti_is_stopping(r->app) && acti_map_find(&rt->busy_by_id, id) == NULL) {
        acta_error_set(&error, ACTA_FAILED, "the instance failed: %s", info->reason->text);
        if (acti_aside_crashed(r, id, r->worked_position, &error, &error) != ACTA_OK)
            acta_fail(r->self, "%s", error.text);
    }
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

static acta_next
router_cast(acti_reader_actor *r, acta_message *message)
{
    const acti_notice *notice = message->payload;
    acta_str id = acta_str_from(notice->id, notice->id_size);
    acta_status status = ACTA_OK;
    acta_error error, why;

    if (message->tag == ACTI_TAG_STUCK) {
        acta_error_set(&why, ACTA_FAILED, "%s", notice->why);
        uint64_t position = notice->position != 0 ? notice->position : r->worked_position;
        status = acti_aside_stuck(r, id, position, &why, &error);
    } else if (message->tag == ACTI_TAG_UNSTUCK)
        status = acti_aside_unstuck(r, id, &error);
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
see_ended(acti_reader_actor *r, acta_bytes key, acta_error *error)
{
    acta_str id;
    uint64_t position;

    if (!acti_ended_parse(key, &id, &position))
        return acta_error_set(error, ACTA_CORRUPT, "process manager %s: a note of an end is damaged", r->reader->name);
    if (!remember_ended(r, id, position))
        return acta_error_set(error, ACTA_NO_MEMORY, "process manager %s: no memory for its ends", r->reader->name);
    return ACTA_OK;
}

static acta_status
see_outbox(acti_reader_actor *r, acta_bytes key, acta_error *error)
{
    return wake(r, acta_str_from(key.data, key.size), error);
}

static acta_status
open_router(acti_reader_actor *r, acta_error *error)
{
    router *rt = r->kind_state;
    const acta_allocator *allocator = &r->allocator;

    rt->tables = acti_manager_tables_of(r->reader->given.manager);
    acti_map_init(&rt->busy_by_id, allocator, r->app->hash_seed);
    acti_map_init(&rt->busy_by_ref, allocator, r->app->hash_seed);
    acti_map_init(&rt->tickets_by_monitor, allocator, r->app->hash_seed);
    acti_map_init(&rt->ended_by_id, allocator, r->app->hash_seed);
    acta_status status = ACTA_OK;
    for (acti_ticket *ticket = r->reader->tickets; ticket != NULL && status == ACTA_OK; ticket = ticket->next) {
        status = acta_monitor(r->self, ticket->pid, &ticket->monitor); /* from the life before */
        if (status == ACTA_OK) add_monitor(r, ticket);
    }
    if (status != ACTA_OK) return acta_error_set(error, status, "no memory to watch an instance");
    status = each_row(r, &rt->tables.ended, see_ended, error);
    return status == ACTA_OK ? each_row(r, &rt->tables.outbox, see_outbox, error) : status;
}

static void
close_router(acti_reader_actor *r)
{
    router *rt = r->kind_state;

    while (rt->busy_first != NULL)
        destroy_busy(r, rt->busy_first);
}

const acti_reader_kind acti_manager_kind = {
    .name = "process manager",
    .state_size = sizeof(router),
    .open = open_router,
    .close = close_router,
    .key = instance_of,
    .work = route_event,
    .resume = wake,
    .has_rows = has_rows,
    .fill = fill,
    .filled = filled,
    .cast = router_cast,
    .info = router_info,
};
