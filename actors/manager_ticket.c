/*
 * Tickets: the router's side of the actors of instances. Each is started here, and watched to its end.
 *
 *     id --> running? --yes--> its pid
 *                     --no---> a ticket --> its actor, named "Transfers-ID", monitored
 *
 * A ticket outlives its actor, so that what a killed one has in hand is given back.
 */
#include "manager_router.h"

static acti_ticket *
create_ticket(acti_reader_actor *r, acta_str id)
{
    acti_ticket *ticket = acti_alloc(r->app, sizeof *ticket + id.size);
    if (ticket == NULL) return NULL;

    memset(ticket, 0, sizeof *ticket);
    ticket->app = r->app;
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

acti_ticket *
acti_ticket_find(const acti_reader_actor *r, acta_str id)
{
    for (acti_ticket *ticket = r->reader->tickets; ticket != NULL; ticket = ticket->next)
        if (acta_str_equal(acta_str_from(ticket->id, ticket->id_size), id)) return ticket;
    return NULL;
}

void
acti_ticket_watch(acti_reader_actor *r, acti_ticket *ticket)
{
    acti_router *rt = r->kind_state;
    acti_map_add(&rt->tickets_by_monitor, &ticket->node, acta_str_from(&ticket->monitor, sizeof ticket->monitor));
}

/* The instance's actor, started if need be. All are started here, and each is watched to its end. */
acta_status
acti_ticket_locate(acti_reader_actor *r, acta_str id, acta_pid *pid_out, acta_error *error)
{
    char room[ACTA_STREAM_NAME_MAX];
    acta_str name;

    acta_status status = acti_instance_name(r->reader->given.manager, id, room, &name, error);
    if (status != ACTA_OK) return status;
    *pid_out = acta_whereis(r->app->runtime, name);
    if (pid_out->value != 0) return ACTA_OK;
    acti_ticket *ticket = create_ticket(r, id);
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
        acti_ticket_watch(r, ticket);
    else
        acti_ticket_destroy(r->reader, ticket);
    return status == ACTA_ALREADY_EXISTS ? ACTA_OK : status;
}

static void
resume_is_heard(acta_message *message)
{
    acta_app *app;

    memcpy(&app, message->payload, sizeof app);
    /* Release: by now the instance has counted what it found. */
    atomic_fetch_sub_explicit(&app->outboxes_open, 1, memory_order_release);
}

/* Counted as an open outbox until it is heard, by whatever life of the instance: the router may pass the event meanwhile that
 * the outbox is of. */
static acta_message *
create_resume(acta_app *app)
{
    acta_message *message = acta_message_create(app->runtime, ACTI_TAG_RESUME, sizeof app);
    if (message == NULL) return NULL;

    memcpy(message->payload, &app, sizeof app);
    message->destroy = resume_is_heard;
    /* Release: before the router passes anything; see clerk.c. */
    atomic_fetch_add_explicit(&app->outboxes_open, 1, memory_order_release);
    return message;
}

acta_status
acti_ticket_wake(acti_reader_actor *r, acta_str id, acta_error *error)
{
    acta_pid pid;
    acta_status status = acti_ticket_locate(r, id, &pid, error);

    /* It may end before an event that this router sends to a new instance, and is heard of after it. */
    atomic_store_explicit(&r->reader->misses_ends, true, memory_order_relaxed);
    if (status == ACTA_OK) status = acta_send(r->app->runtime, pid, create_resume(r->app));
    return status;
}
