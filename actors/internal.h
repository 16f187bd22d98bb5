/*
 * What the files of actors/ share: the application, and the ways between its parts.
 *
 *     dispatch --command--> aggregate --transaction--> store --events--> reader --> handler
 *         ^                  (an actor an instance)                       |   \---> projection -> rows
 *         |                                                               v
 *         +--------------------------- commands --------------- process manager (an actor an instance)
 *
 *     app.c, validate.c       start and stop; what a configuration must be
 *     modules.c, schemas.c    the schemas of the application, and those of the log
 *     dispatch*.c, command.c  the way of a command to its aggregate and back
 *     aggregate*.c, decision.c, gate.c     an instance of an aggregate: rehydrate, execute, pipeline
 *     fold.c, time_travel*.c  events into a state, now and at any point of the past
 *     reader*.c               one mechanism for all that follows the log; handler.c, projection.c, process_manager.c
 *     personal.c              personal fields: sealed on their way to the store, opened on their way back
 *     stages.c                where the time of commands goes
 *     span.c                 spans of commands and events
 *     inline.c                projections in the aggregate's turn
 *     counters.c              how much was done
 *     schedule*.c, cron.c     commands for later
 *     clerk.c                 waits for the application to settle; lets old outcomes go
 */
#ifndef ACTI_ACTORS_INTERNAL_H
#define ACTI_ACTORS_INTERNAL_H

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "acta/app.h"
#include "acta/buffer.h"
#include "acta/crash_point.h"
#include "acta/plant.h"
#include "acta/crc.h"
#include "acta/gen_server.h"
#include "acta/personal.h"
#include "acta/probe.h"
#include "acta/sites.h"
#include "acta/spares.h"
#include "acta/subscription.h"
#include "acta/supervisor.h"
#include "acta/time_travel.h"

#include "map.h"

#define ACTI_ASSERT(condition) assert(condition)

enum {
    ACTI_CONFLICT_RETRY_DEFAULT = 10,
    ACTI_REHYDRATION_DEFAULT = 50,
    ACTI_AUDIT_DEFAULT_DAYS = 30,
    ACTI_COMMANDS_DEFAULT = 100000,          /* under way at once */
    ACTI_SNAPSHOT_EVERY_DEFAULT = 1000,      /* events */
    ACTI_AGGREGATE_IDLE_DEFAULT = 60000,     /* ms */
    ACTI_INSTANCE_IDLE_DEFAULT = 60000,      /* ms */
    ACTI_LOOK_AGAIN_MS = 1000,               /* of an actor that waits for what is under way */
    ACTI_DATABASE_WINDOW_DEFAULT = 4096,     /* events of a batch into a database, at most */
    ACTI_PROJECTION_WINDOW_DEFAULT = 131072, /* of the batch into the store's own rows, and of the one on its way */
    ACTI_PROJECTION_MEMORY = 16 << 20,       /* of the rows that a projection keeps in hand */
    ACTI_RETRY_FIRST_MS = 100,               /* before an event is tried again, where the options say nothing */
    ACTI_RETRY_FACTOR_PERCENT = 200,
    ACTI_RETRY_MAX_MS = 30000,
    ACTI_RETRY_JITTER_PERCENT = 20,
    ACTI_RETRY_DEFAULT = 10,                 /* of an event or a command, before it is parked */
    ACTI_AGGREGATE_MEMORY_DEFAULT = 1 << 30, /* bytes */
    ACTI_PARKED_COUNT_MAX = 10000,           /* events of a reader, then it stalls */
    ACTI_SPARES_BYTES = 512 << 10,           /* of each class of sizes */
    ACTI_RETENTION_DEFAULT_MS = 7 * 24 * 3600 * 1000,
    ACTI_TRIES_MAX = 1000 /* to find an aggregate alive, one right after the other */
};
#define ACTI_AUDIT_DEFAULT_MS (ACTI_AUDIT_DEFAULT_DAYS * UINT64_C(24) * 3600 * 1000)
static_assert(ACTI_RETENTION_DEFAULT_MS == 604800000, "seven days fit");

/* What actors of an application send each other. */
typedef enum acti_tag {
    ACTI_TAG_COMMAND = 1, /* to an aggregate: acti_command * */
    ACTI_TAG_WAKE,        /* to an aggregate: look at what failed, or has drained */
    ACTI_TAG_STALE,       /* to an aggregate: an append that it can't know of has become durable */
    ACTI_TAG_PASSIVATE,   /* to an aggregate: there is no room for you */
    ACTI_TAG_SNAPSHOT,    /* to an aggregate: write the one that is due */
    ACTI_TAG_PERMIT,      /* to the gate: ask; RELEASE gives back */
    ACTI_TAG_RELEASE,
    ACTI_TAG_SETTLE, /* to the clerk */
    ACTI_TAG_DRAIN,
    ACTI_TAG_NAP,
    ACTI_TAG_BEGIN,     /* to a reader: open the subscription */
    ACTI_TAG_READY,     /* to a reader: events may be there */
    ACTI_TAG_COMMITTED, /* to a reader or an instance of a process manager: acta_commit_result */
    ACTI_TAG_WAIT,      /* to a reader: answer when it has passed a position */
    ACTI_TAG_ORDER,     /* to a reader, from an operator: acti_order_request */
    ACTI_TAG_EVENT,     /* to an instance of a process manager: acti_item */
    ACTI_TAG_RESUME,    /* to an instance of a process manager: go on with what is in the outbox */
    ACTI_TAG_WAITING,   /* to a reader, from an instance: an event waits behind its commands, which are tried again */
    ACTI_TAG_STUCK,     /* to a reader, from an instance: its commands can't get through … */
    ACTI_TAG_TRIED_OUT, /* … for they were tried as often as they may be … */
    ACTI_TAG_UNSTUCK,   /* … and have got through after all */
    ACTI_TAG_SCHEDULE,  /* to the schedule: acti_schedule_request */
    ACTI_TAG_CANCEL,
    ACTI_TAG_LOOK,  /* to the schedule: something may be due */
    ACTI_TAG_ENDED, /* to a reader, from an instance: it has ended by its own will */
    ACTI_TAG_WATCH  /* to a reader, a call: what its instances are doing */
} acti_tag;

/* Timers. */
typedef enum acti_alarm {
    ACTI_ALARM_TICK = 1, /* the clerk's, a reader's checkpoint */
    ACTI_ALARM_RETRY,
    ACTI_ALARM_FLUSH,
    ACTI_ALARM_NAP
} acti_alarm;

/* An aggregate of the configuration. */
typedef struct acti_aggregate {
    const acta_aggregate *given;
    const acta_aggregate_code *code;
    acta_str prefix;
    uint32_t snapshot_every; /* UINT32_MAX: never */
    uint32_t idle_timeout_ms;
    bool has_inline;          /* an inline projection wants events of it */
    acti_names events;        /* full name -> index in code->events */
    acta_behaviour behaviour; /* of its instances, whose state ends with that of the user */
} acti_aggregate;

/* Where commands of one table go; in the application's map, by the table. */
typedef struct acti_route {
    acti_map_node node;
    const acta_table *table; /* what the key's bytes are */
    const acti_aggregate *aggregate;
    uint32_t number; /* in code->commands */
} acti_route;

typedef struct acti_reader acti_reader;
typedef struct acti_stages acti_stages;
typedef struct acti_counters acti_counters;
typedef struct acti_submit acti_submit;

struct acta_history { /* time_travel.h */
    acta_app *app;
};

/* A schema of the application. */
typedef struct acti_module {
    const acta_schema *schema;
    const acta_upcasters *upcasters; /* NULL: none */
    uint32_t old_first;              /* the number of its first old version among those of all */
} acti_module;

enum { ACTI_ATTACHED_MAX = 8 };

/* What was started with the application: attachments.c. */
typedef struct acti_attachment_life {
    const struct acta_attachment *attachment;
    void *handle;
} acti_attachment_life;

struct acta_app {
    /* Constant after the start. */
    acta_app *self; /* what actors get as their argument points here */
    acta_environment environment;
    char *name;
    acta_runtime *runtime;
    acta_store *store;
    acti_module *modules;
    uint32_t module_count;    /* 0: it has no schema */
    uint32_t old_count;       /* old versions of events, of all modules */
    acti_map olds;            /* types of the log that are not what a schema has now: upcast.c */
    acta_memory *olds_memory; /* of their nodes */
    bool manual, only_reads;
    uint32_t conflict_retry_max, rehydration_max;
    uint64_t retention_ms, aggregate_memory_bytes;
    acta_audit_config audit;
    int64_t commands_max;
    const acta_middleware *const *middleware;
    uint32_t middleware_count;
    acta_dispatch_options defaults; /* of every dispatch */
    uint64_t id_base, hash_seed;
    acti_aggregate *aggregates;
    uint32_t aggregate_count;
    struct acti_inline *inlines; /* inline.h */
    uint32_t inline_count;
    uint64_t inline_outside; /* acta_store_outside_count, when their rows were those of the log */
    acti_route *routes_in_order;
    uint32_t route_count;
    acti_map routes;
    acti_reader *readers;
    uint32_t reader_count;
    acta_key_service keys; /* of subjects; all NULL: there are none */
    acta_key_file *key_file;
    acta_pid tree; /* its supervisor */
    acti_stages *stages;
    acti_counters *counters;
    acta_spares *spares; /* commands and what goes with them */
    acta_allocator warm; /* of the spares */
    acta_history history;
    acti_attachment_life attached[ACTI_ATTACHED_MAX];
    uint32_t attached_count;
    struct acti_under_way *scheduled;     /* schedule_command.c: the clerk's, or its next life's */
    _Atomic(struct acti_tracer *) tracer; /* span.h; NULL: nobody is told of spans. Once set, it stays */

    /* Any thread. */
    _Atomic uint64_t gate, clerk; /* pids; 0: between two lives */
    _Atomic uint64_t schedule;    /* pid of the latest life */
    _Atomic uint32_t schedule_lives;
    _Atomic int64_t schedule_sent_us; /* see schedule_clerk.h */
    _Atomic int64_t schedule_next_us; /* when the next is due that isn't under way; INT64_MIN: it is to be looked */
    _Atomic bool has_deadlines;       /* of process managers, in the schedule */
    _Atomic bool has_table_deadlines; /* … some under the name of a table alone (schedule_manager.c) */
    _Atomic uint64_t id_count;
    _Atomic int64_t commands_open; /* created, and not yet answered */
    _Atomic int64_t outboxes_open; /* instances of process managers that have commands to dispatch */
    _Atomic bool stopping, abandoned;
    _Atomic uint64_t forget_count;
    _Atomic uint64_t audits_lost;                /* records that could not be written */
    _Atomic(struct acti_row_share *) row_shares; /* row_version.h */
    _Atomic uint32_t row_swaps;                  /* odd: while versions of rows change */
    _Atomic uint32_t rebuilds_open;              /* threads that rebuild a projection */
    _Atomic bool ends_rebuilds;                  /* it will stop as soon as its attachments have */

    /* Aggregates that live: aggregate_budget.c. */
    struct {
        _Atomic uint64_t bytes, count, evicted;
        _Atomic bool is_taken;                     /* the lock of the list */
        struct acti_aggregate_actor *first, *last; /* used longest ago, and just now */
    } live;

    /* Manual apps, one thread: submitted and not completed. */
    acti_submit *submits;
};

/* Has the application begun to stop? Relaxed: a hint; who misses it is stopped by the runtime. */
static inline bool
acti_is_stopping(const acta_app *app)
{
    return atomic_load_explicit(&app->stopping, memory_order_relaxed);
}

static inline void *
acti_alloc(const acta_app *app, size_t size)
{
    return app->environment.allocator.alloc(app->environment.allocator.user, size);
}

static inline void
acti_free(const acta_app *app, void *block, size_t size)
{
    if (block != NULL) app->environment.allocator.free(app->environment.allocator.user, block, size);
}

/* The same of what is taken and given back once for each command. */
static inline void *
acti_spare_alloc(const acta_app *app, size_t size)
{
    return acta_spares_alloc(app->spares, size);
}

static inline void
acti_spare_free(const acta_app *app, void *block, size_t size)
{
    acta_spares_free(app->spares, block, size);
}

static inline uint64_t
acti_now_ns(const acta_app *app)
{
    return app->environment.clock.monotonic_ns(app->environment.clock.user);
}

/* An actor was idle for `idle_ms`, and can't end yet. What it waits for wakes it, so that there is no need to look again
 * after each of a few ms; but a wake may be lost for want of memory. */
static inline void
acti_look_later(const acta_app *app, acta_self *self, uint32_t idle_ms)
{
    if (idle_ms >= ACTI_LOOK_AGAIN_MS) return;
    acta_set_idle_deadline(self, acti_now_ns(app) + ACTI_LOOK_AGAIN_MS * UINT64_C(1000000));
}

static inline int64_t
acti_wall_us(const acta_app *app)
{
    return app->environment.clock.wall_us(app->environment.clock.user);
}

/* ms left until `deadline_ns`, rounded up; 0: it has passed. ACTA_INFINITE for UINT64_MAX. */
uint32_t acti_left_ms(const acta_app *app, uint64_t deadline_ns);

/* An id that nobody else has: the application's random half and a running number. */
acta_id acti_new_id(acta_app *app);

/* The id of an event, as what it causes names it: its position. */
acta_id acti_event_id(uint64_t position);
acta_id acti_correlation_of(const acta_recorded *event); /* of what answers to it: its own, or else its id */

/* Delay before the k-th try again (1, 2, …): 100 ms doubling to 30 s, +- 20 %. */
uint32_t acti_backoff_ms(const acta_app *app, uint32_t attempt);

/* Submit; `done` may be NULL. In manual apps `drop` is called instead of `done` when the application is abandoned; both
 * must not block. Errors: those of acta_store_submit; then neither is called. */
acta_status acti_submit_transaction(acta_app *app, acta_transaction *transaction, acta_commit_done done,
    void (*drop)(void *user), void *user, acta_error *error);
void acti_submits_drop(acta_app *app);

/* Submit, and get an ACTI_TAG_COMMITTED with acti_committed in the mailbox of `pid`, and nothing else. */
typedef struct acti_committed {
    uint64_t number; /* the caller's */
    acta_commit_result result;
} acti_committed;
acta_status acti_submit_for(
    acta_app *app, acta_transaction *transaction, acta_pid pid, uint64_t number, acta_error *error);

/* app.c: an application of which only the store is opened, to be read; `runtime` is NULL. Its end frees it. */
acta_status acti_app_look(const acta_app_config *config, acta_app **app_out, acta_error *error);
void acti_app_look_end(acta_app *app);

/* The name that everything of a process manager goes by. */
static inline const char *
acti_manager_name(const acta_process_manager *manager)
{
    return manager->name != NULL ? manager->name : manager->code->name;
}

/* validate.c */
acta_status acti_config_check(const acta_app_config *config, acta_error *error);
acta_status acti_aggregates_create(acta_app *app, const acta_app_config *config, acta_error *error);
void acti_aggregates_destroy(acta_app *app);
const acti_route *acti_route_find(const acta_app *app, const acta_table *command); /* NULL: not part of this app */
/* The aggregate whose state `table` is; NULL: none. */
const acti_aggregate *acti_aggregate_of_state(const acta_app *app, const acta_table *state);

/* modules.c */
acta_status acti_modules_check(const acta_app_config *config, acta_error *error);
acta_status acti_modules_create(acta_app *app, const acta_app_config *config, acta_error *error);
void acti_modules_destroy(acta_app *app);
/* Of an old version, by its number: whose it is, and its table. */
const acti_module *acti_module_of_old(const acta_app *app, uint32_t number);
const acta_table *acti_old_at(const acta_app *app, uint32_t number);

/* The name of a table of the store for `kind` and a table of the schema: "rm.bank.accountrow". */
typedef struct acti_table_name {
    char text[ACTA_TABLE_NAME_MAX + 1];
} acti_table_name;
acti_table_name acti_table_name_of(const char *kind, const char *name, const char *suffix);

/* An allocator over a memory, for what is to go with it. */
acta_allocator acti_allocator_over(acta_memory *memory);

/* Set the strings and vectors of a struct to absent: of a value whose buffer goes away. */
void acti_value_forget_views(const acta_table *table, void *value);
/* The same of all but one field, and those that can't be absent. */
void acti_value_keep_only(const acta_table *table, void *value, const acta_field *only);

/* upcast.c: old versions of events. Which one an event of the log is: 1 + its number among those of the upcasters; 0: it is
 * none; ACTI_OLD_UNKNOWN: nothing says which version it is. To be asked when the hash is not that of the schema's table. */
#define ACTI_OLD_UNKNOWN UINT32_MAX
uint32_t acti_old_of(const acta_app *app, const acta_recorded *recorded);
/* A type, as the log has it by this hash, has this version; constant after the start. ACTA_SCHEMA_MISMATCH: the program can't
 * read that version. */
acta_status acti_olds_add(
    acta_app *app, const acti_module *module, acta_str type, uint64_t hash, uint32_t version, acta_error *error);
/* The number of a version among those of all modules; false: there is none. */
bool acti_old_find(const acta_app *app, acta_str type, uint32_t version, uint32_t *number_out);
void acti_olds_destroy(acta_app *app);

/* What an old event has become: events of the schema. */
typedef struct acti_upcast_event {
    const acta_table *table;
    acta_bytes payload;
} acti_upcast_event;
typedef struct acti_upcasted {
    acta_memory *memory; /* of all of it */
    acti_upcast_event *events;
    uint32_t count;
} acti_upcasted;
/* `allocator`: of the actor that asks, for the memory of what comes out and for what a failing upcaster leaves. Nothing is to
 * be given back after an error; deinit takes what is zero, or an error has left, too. */
acta_status acti_upcast(const acta_app *app, const acta_allocator *allocator, const acta_recorded *recorded,
    uint32_t old, acti_upcasted *upcasted_out, acta_error *error);
void acti_upcasted_deinit(acti_upcasted *upcasted);
/* The event as it would lie in the log. */
acta_recorded acti_upcast_recorded(const acta_recorded *old, const acti_upcast_event *event);

/* schemas.c: the application's schemas become the log's, all of them, or are refused because one can't follow that. */
acta_status acti_schemas_join(acta_app *app, const acta_app_config *config, acta_error *error);

/* gate.c: how many instances read many events at once. A permit comes as the reply to a request; it is given back by
 * its holder, or by its end. */
acta_child_spec acti_gate_spec(acta_app *app);
acta_status acti_gate_ask(acta_app *app, acta_self *self, acta_ref *ref_out);
void acti_gate_release(acta_app *app, acta_pid holder);

/* clerk.c */
acta_child_spec acti_clerk_spec(acta_app *app);
/* Ask it from an outside thread: SETTLE, DRAIN, or NAP for `nap_ms`. While it is being started again this waits for it;
 * ACTA_NOPROC: there is no tree that could start it. */
acta_status acti_clerk_ask(acta_app *app, acti_tag what, uint32_t nap_ms, uint32_t timeout_ms, acta_error *error);
/* Has everything come to rest? ACTA_TIMEOUT: not yet, and `error` says who is behind; ACTA_PARKED. */
acta_status acti_app_settled(acta_app *app, acta_error *error);

/* -- attachments.c: what starts with the application; after an error all that has started is in app->attached -- */

acta_status acti_attachments_start(acta_app *app, const char *data_path, acta_error *error);
void acti_attachments_stop(acta_app *app);

#endif
