/*
 * The router of a process manager: what its files share.
 *
 *     process_manager.c   events to instances, one at a time for each, and what comes back
 *     manager_ticket.c    the actors of instances
 *     manager_ended.c     where instances were stopped
 *     manager_keys.c      which instances an event may be for
 */
#ifndef ACTI_ACTORS_MANAGER_ROUTER_H
#define ACTI_ACTORS_MANAGER_ROUTER_H

#include "manager.h"

/* An event in the queue of its instance. */
typedef struct acti_queued {
    struct acti_queued *next;
    acti_item *item;
    acta_route route;
} acti_queued;

/* An instance that has events in work. */
typedef struct acti_busy {
    acti_map_node node;     /* by id */
    acti_map_node ref_node; /* by request, while one is out */
    struct acti_busy *prev, *next;
    acta_ref request;
    acti_queued *first, *last;
    uint32_t tries;
    uint32_t step; /* acta_event_step, of an instance that is gone */
    size_t id_size;
    char id[];
} acti_busy;

/* Where an instance was stopped. */
typedef struct acti_ended {
    acti_map_node node;      /* by id: the last one of it */
    struct acti_ended *next; /* in the order in which we heard */
    uint64_t position;
    bool is_in_map, is_going;
    size_t id_size;
    char id[];
} acti_ended;

/* An event that associates, and is not done by its instance yet: then a row tells. */
typedef struct acti_pending {
    struct acti_pending *next;
    acta_id association;
    uint64_t position;
    size_t id_size;
    char id[];
} acti_pending;

typedef struct acti_router {
    acti_manager_tables tables;
    acti_map busy_by_id, busy_by_ref, tickets_by_monitor, ended_by_id;
    acti_busy *busy_first;
    acti_ended *ended_first, *ended_last;
    acti_routing routing; /* of the event whose keys were asked for last */
    acta_route route;     /* how it goes to route_id, of an old event */
    acta_str route_id;
    acta_event_step failed_step;    /* of the event that is being concluded */
    bool associates;                /* any event does */
    acti_pending *pending_first;    /* newest first */
    acta_associations associations; /* of the event whose keys were asked for last */
} acti_router;

static inline const acta_process_manager_code *
acti_manager_code_of(const acti_reader_actor *r)
{
    return r->reader->given.manager->code;
}

/* manager_ticket.c */
/* Watch it: the router hears of its end. */
void acti_ticket_watch(acti_reader_actor *r, acti_ticket *ticket);
acti_ticket *acti_ticket_find(const acti_reader_actor *r, acta_str id); /* NULL: its actor doesn't run */
/* The instance's actor, started if need be. */
acta_status acti_ticket_locate(acti_reader_actor *r, acta_str id, acta_pid *pid_out, acta_error *error);
acta_status acti_ticket_wake(acti_reader_actor *r, acta_str id, acta_error *error); /* for its outbox */

/* manager_ended.c */
bool acti_ended_remember(acti_reader_actor *r, acta_str id, uint64_t position); /* false: no memory */
bool acti_ended_was_behind(const acti_router *rt, acta_str id, uint64_t position);
acta_status acti_ended_see(acti_reader_actor *r, acta_bytes key, acta_error *error); /* a note of the store */
/* Of acti_reader_kind. */
bool acti_ended_has_rows(const acti_reader_actor *r);
void acti_ended_fill(acti_reader_actor *r, acta_transaction *transaction);
void acti_ended_durable(acti_reader_actor *r);

/* manager_keys.c */
acta_status acti_manager_keys(acti_reader_actor *r, const acti_item *item, acti_keys *keys, acta_error *error);
/* The instance is done with the event, and with all before it. */
void acti_pending_done(acti_reader_actor *r, acta_str id, uint64_t position);
acta_status acti_pending_open(acti_reader_actor *r, acta_error *error); /* what is aside, and associates */

/* manager_look.c */
void acti_manager_look(acti_reader_actor *r, acta_from from, const acta_message *message); /* of acti_reader_kind */

#endif
