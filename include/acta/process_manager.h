/*
 * Process managers: events in, commands out, with a state of their own for each instance.
 *
 * For each event an instance, in this order: handle -> apply -> one batch on disk (state, position, the commands in an
 * outbox with derived ids) -> the commands, in order -> each outcome and the deletion from the outbox in one batch.
 * A crash anywhere between repeats nothing and loses nothing. An instance takes its next event when its outbox is empty.
 *
 * What a user fills in is generated (bank_Transfers_process_manager, BANK_TRANSFERS(…), bank_Withdraw_send).
 */
#ifndef ACTA_PROCESS_MANAGER_H
#define ACTA_PROCESS_MANAGER_H

#include "acta/handler.h"
#include "acta/id.h"
#include "acta/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- commands -- */

/* The commands that one event, or one failure, leads to. Lives while the handler runs. */
typedef struct acta_commands acta_commands;

/* Add a command; encoded before this returns. Sticky: after one that could not be encoded the whole event fails.
 * Generated code calls it: bank_Withdraw_send(commands, value). */
ACTA_API void acta_commands_add(acta_commands *commands, const acta_table *command, const void *value);

/* When a deadline comes.
 *   at_us     µs since the Unix epoch, UTC; 0: after_ms counts
 *   after_ms  from when the event was recorded that is handled
 *   stays     the instance's end doesn't cancel it */
typedef struct acta_deadline {
    int64_t at_us;
    uint64_t after_ms;
    bool stays;
} acta_deadline;

/*
 * Send a command later (schedule.h): the deadline is written in the batch of the event, with state and outbox, and runs once
 * for it. Sticky as acta_commands_add. Generated: bank_Remind_send_at(commands, key, value, at_us), _send_after.
 *   key  1 to ACTA_SCHEDULE_KEY_MAX bytes, of this instance alone; copied. One that there is already is replaced. Its run, if
 *        it is under way, is not called back
 * When an instance is stopped its deadlines go with it, in the same batch, but for those that stay.
 * In an error function: taken with ACTA_FAILURE_REPLACE alone. Rejections and failures are the schedule's: docs/schedule.md.
 */
ACTA_API void acta_commands_schedule(
    acta_commands *commands, acta_str key, const acta_table *command, const void *value, const acta_deadline *deadline);

/* Cancel a deadline of this instance, in the batch of the event; if there is none, nothing happens. One whose time has come by
 * then may run all the same: its aggregate decides. */
ACTA_API void acta_commands_cancel(acta_commands *commands, acta_str key);

/* The id of the instance that handles; a view that lives while the handler runs. */
ACTA_API acta_str acta_commands_instance(const acta_commands *commands);

/* -- routing -- */

typedef enum acta_route {
    ACTA_ROUTE_NONE = 0,     /* this event is not for this process manager */
    ACTA_ROUTE_START,        /* start the instance, or go on with it if it runs */
    ACTA_ROUTE_GO_ON,        /* go on with a running instance; ignored when there is none */
    ACTA_ROUTE_STOP,         /* handle, then end the instance; ignored when there is none */
    ACTA_ROUTE_START_STRICT, /* start the instance; an error of the event when it runs */
    ACTA_ROUTE_GO_ON_STRICT  /* go on with a running instance; an error of the event when there is none */
} acta_route;

/* Where one event goes: what a `.route` function fills in. Lives while that runs. It decides by the event's content alone:
 * the same event is routed again in its instances, and after a crash. Sticky: when there was no memory, the event fails. */
typedef struct acta_routing acta_routing;
struct acta_routing {
    /* acta_route_to, for generated code, which is linked without it where there is no application. */
    void (*to)(acta_routing *routing, acta_route how, acta_str id);
};

/*
 * To one instance; called several times: to several. Called again for the same: the first one counts.
 *   id  copied before this returns; empty: nothing is done, so that an absent field and an empty list are nobody
 */
ACTA_API void acta_route_to(acta_routing *routing, acta_route how, acta_str id);
/* To all that run: those that an earlier event has started, and none has stopped. Nothing can be started so: START counts
 * as GO_ON. It costs a look at each of them. */
ACTA_API void acta_route_to_all(acta_routing *routing, acta_route how);
/* To those that run and that an event before this one has associated with this value. START counts as GO_ON here, too. An
 * empty value is nobody. */
ACTA_API void acta_route_associated(acta_routing *routing, acta_route how, const char *name, acta_str value);

/* What one event associates the instances with that it goes to: an order's id, say, by which they are found from then on,
 * until they end. It is durable in the same batch as the instance's state. */
typedef struct acta_associations acta_associations;

enum { ACTA_ASSOCIATIONS_MAX = 1024 }; /* of an instance */

/*
 * For `.associate`, which decides by the event's content alone. Generated structs have one for each event.
 *   name   what kind of value it is, "order"; values of two names are two
 *   value  copied before this returns; empty: nothing is done
 */
ACTA_API void acta_associate(acta_associations *associations, const char *name, acta_str value);

/* -- errors of commands -- */

/* A command of the outbox that was not accepted. */
typedef struct acta_failure {
    acta_status status;    /* ACTA_REJECTED, ACTA_FAILED, ACTA_INVALID … */
    uint32_t code;         /* the rejection */
    const char *rejection; /* its name; "" when it is none */
    const char *text;
    const acta_table *command; /* which kind */
    acta_bytes payload;        /* and its content: bank_Deposit_read(failure->payload, &deposit) */
    uint32_t attempt;          /* 1: the first time, in this life of the instance */
    uint64_t kept;             /* what acta_commands_keep was given; 0: nothing */
} acta_failure;

typedef enum acta_failure_action {
    ACTA_FAILURE_RETRY = 1, /* dispatch it again: with backoff, or after acta_commands_delay */
    ACTA_FAILURE_SKIP,      /* leave it out, go on with the commands after it */
    ACTA_FAILURE_REPLACE,   /* leave it and those after it out; dispatch what was added to `commands` instead */
    ACTA_FAILURE_DISCARD,   /* leave it and those after it out */
    ACTA_FAILURE_PARK,      /* keep it, and try it no more before the next start; the instance's events wait */
    ACTA_FAILURE_STOP       /* leave it and those after it out, and end the instance */
} acta_failure_action;

/* For the error function. RETRY after so many ms, at least 1, instead of the usual backoff. */
ACTA_API void acta_commands_delay(acta_commands *commands, uint32_t ms);
/* … and a value of its own, which it finds in failure->kept from then on, until the instance's next event; also for the
 * commands that replace this one. It is kept in memory: a restart forgets it, as it does the number of attempts. */
ACTA_API void acta_commands_keep(acta_commands *commands, uint64_t value);

/* -- after a command -- */

/* A command that was accepted. */
typedef struct acta_accepted {
    const acta_table *command;
    acta_bytes payload;
    uint32_t index, count; /* which one of how many that the event, or the failure, led to */
} acta_accepted;

typedef enum acta_after_command {
    ACTA_AFTER_CONTINUE = 0,
    ACTA_AFTER_STOP /* leave the commands after it out, and end the instance */
} acta_after_command;

/* -- errors of events -- */

typedef enum acta_event_step {
    ACTA_STEP_ROUTE = 1, /* where it goes could not be found out: a field was damaged, `.route` failed */
    ACTA_STEP_HANDLE,
    ACTA_STEP_APPLY,
    ACTA_STEP_INSTANCE /* anything else: a strict route, a timeout, what it could not read or write */
} acta_event_step;

/* An event that an instance could not work on. */
typedef struct acta_unhandled {
    acta_event_step step;
    acta_status status; /* ACTA_FAILED, ACTA_ALREADY_EXISTS and ACTA_NOT_FOUND of strict routes, ACTA_TIMEOUT … */
    const char *text;
    const acta_recorded *event;
    acta_str instance; /* empty: of no one, as it was not routed */
    uint32_t attempt;  /* 1: the first time, in this life of the application */
} acta_unhandled;

typedef enum acta_unhandled_action {
    ACTA_UNHANDLED_RETRY =
        1,               /* with backoff, or after retry->delay_ms; the instance's other events wait, its peers don't */
    ACTA_UNHANDLED_SKIP, /* go on with the next event as if this one were for nobody */
    ACTA_UNHANDLED_PARK, /* keep it, and try it no more before the next start */
    ACTA_UNHANDLED_STOP  /* the whole process manager stands still until it is resumed (readers.h), or the next start */
} acta_unhandled_action;

typedef struct acta_unhandled_retry {
    uint32_t delay_ms; /* out; 0: the usual backoff */
    uint64_t kept;     /* in and out: a value of the function's own, kept in memory while this event is tried */
} acta_unhandled_retry;

typedef struct acta_process_manager acta_process_manager;

typedef struct acta_process_manager_code {
    const char *name; /* "Transfers" */
    const acta_table *state;
    const acta_table *const *events; /* all events of the schema; an index into it is an event's number */
    uint32_t event_count;
    /* Where an event goes. */
    void (*route)(const acta_process_manager *self, uint32_t event, acta_bytes buffer, acta_routing *routing);
    /* Does it associate? And with what. */
    bool (*associates)(const acta_process_manager *self, uint32_t event);
    void (*associate)(
        const acta_process_manager *self, uint32_t event, acta_bytes buffer, acta_associations *associations);
    /* Is the event routed at all? What is not is not even read from the log. */
    bool (*interested)(const acta_process_manager *self, uint32_t event);
    void (*handle)(const acta_process_manager *self, uint32_t event, const void *state, acta_bytes buffer,
        acta_commands *commands);
    void (*apply)(
        const acta_process_manager *self, uint32_t event, void *state, acta_bytes buffer, acta_memory *memory);
    /* False: the user gave none; then rejections are skipped and all else is retried. */
    bool (*error)(const acta_process_manager *self, const void *state, const acta_failure *failure,
        acta_commands *commands, acta_failure_action *action_out);
    /* False: the user gave none; then it is retried. Called on the router, not in the instance, which may have failed. */
    bool (*event_error)(const acta_process_manager *self, const acta_unhandled *failure, acta_unhandled_retry *retry,
        acta_unhandled_action *action_out);
    acta_after_command (*after_command)(
        const acta_process_manager *self, const void *state, const acta_accepted *accepted);
    const char *(*missing)(const acta_process_manager *self); /* as in acta_aggregate_code; "on: no event is routed" */
} acta_process_manager_code;

/* First member of each generated process manager struct. */
struct acta_process_manager {
    const acta_process_manager_code *code;
    const char *name; /* its position and its rows are kept under it; NULL: that of the table */
    uint32_t
        retry_max; /* of an event, or of a command that can't get through, before its instance is parked, or what `then`
                           says; 0: what the application's on_handler_error says */
    uint32_t idle_timeout_ms; /* an instance leaves memory after so long; 0: 60,000 */
    uint32_t
        event_timeout_ms; /* how long an instance may take for an event before that fails with ACTA_TIMEOUT; 0: any */
    acta_start_from start_from; /* only the first time that the name is seen */
    bool keep_story;            /* what becomes of each instance is kept for good: acta_manager_story */
    acta_failure_then then;     /* behind retry_max */
};

/* -- looking in -- */

typedef struct acta_app acta_app;

typedef enum acta_instance_phase {
    ACTA_INSTANCE_COLD = 0,   /* not in memory: nothing is to be done, or nothing can be */
    ACTA_INSTANCE_IDLE,       /* waits for events, or has one in its handler */
    ACTA_INSTANCE_COMMITTING, /* a batch is on its way to the disk */
    ACTA_INSTANCE_ASKING,     /* a command is not answered yet */
    ACTA_INSTANCE_BACKOFF,    /* a command has failed, and is dispatched again when its time comes */
    ACTA_INSTANCE_STUCK       /* a command can't get through: until the next start */
} acta_instance_phase;

/* An instance that runs, or that is to begin and can't. */
typedef struct acta_instance_info {
    acta_str id;
    acta_instance_phase phase;
    int64_t since_us;  /* wall clock: since when it is in this phase; 0: it is not in memory */
    uint64_t position; /* of the last event that it has done; 0: it has not begun */
    uint32_t commands,
        through;       /* that event's commands in the outbox, and how many of them are through; 0: none is left */
    acta_str command;  /* the kind of the one whose turn it is; empty: none */
    uint32_t attempts; /* of that one, in this life of the instance */
    uint32_t queued;   /* events that wait for their turn */
    uint64_t failed_position; /* of the first event that it could not work on; 0: none */
    uint32_t failed_attempts;
    bool is_parked;  /* … which is not tried any more before the next start */
    const char *why; /* what failed last, the command or the event; "": nothing */
} acta_instance_info;

/* What it gets lives until it returns. False: no more of them. */
typedef bool acta_instance_see(void *user, const acta_instance_info *info);

/*
 * The instances of a process manager that run, in the order of their ids; then those that could not begin.
 *   name    of the process manager: that of its table, or the one that it was given
 *   prefix  of their ids; empty: all
 *   see     called for each
 * What is stored is one view of the store; what is in memory is a little later. Threads: any but an actor's.
 * Errors: ACTA_INVALID the application has no process manager of this name; ACTA_TIMEOUT it was too busy to answer within
 *         5 s; ACTA_STOPPED, ACTA_CORRUPT, ACTA_IO, ACTA_NO_MEMORY
 */
ACTA_API acta_status acta_manager_instances(
    acta_app *app, const char *name, acta_str prefix, acta_instance_see *see, void *user, acta_error *error);

/* -- its story -- */

typedef enum acta_story_kind {
    ACTA_STORY_HANDLED = 1, /* an event: handled, applied, and what it has sent */
    ACTA_STORY_SKIPPED,     /* a command was left out */
    ACTA_STORY_REPLACED,    /* a command and those behind it were left out; what was sent instead, if anything */
    ACTA_STORY_ENDED        /* the instance has ended by its own will: .error or .after_command said so */
} acta_story_kind;

typedef enum acta_story_fate {
    ACTA_STORY_ACCEPTED, /* its aggregate has, or its middleware */
    ACTA_STORY_LEFT_OUT, /* a later step says why */
    ACTA_STORY_WAITS     /* it has no outcome yet, or a rejection that nothing was made of yet */
} acta_story_fate;

typedef struct acta_story_command {
    acta_id id;    /* of the command, by which its events are found in the log */
    acta_str type; /* "bank.Deposit" */
    acta_story_fate fate;
} acta_story_command;

/* One thing that has become of an instance. */
typedef struct acta_story_step {
    acta_story_kind kind;
    uint64_t position; /* of the event that it is about */
    int64_t at_us;     /* wall clock: when it was done */
    bool begins, ends; /* the instance */
    acta_str type;     /* HANDLED: the event's, as it was recorded */
    acta_str
        state; /* HANDLED: JSON of the state behind it, made again by `apply` as it is today; absent: not to be made
                        * again, as an event that it needs isn't there any more or was before the story began */
    const acta_story_command *commands; /* HANDLED, REPLACED: that were sent, in order */
    uint32_t command_count;
    uint32_t index; /* SKIPPED, REPLACED, ENDED: of the first command that was left out */
    acta_str why;   /* … and of which failure; empty: of none */
} acta_story_step;

/* What it gets lives until it returns. False: no more of them. */
typedef bool acta_story_see(void *user, const acta_story_step *step);

/*
 * All that has become of an instance, step by step, of all its lives: its state as events, as the row that it goes on with is
 * its snapshot. It is kept where the process manager says .keep_story, each step in the batch that makes it so, and stays when
 * the instance has ended. What it waits for now is acta_manager_instances' to tell.
 *   name  of the process manager: that of its table, or the one that it was given
 * Memory: the steps of the instance. Threads: any but an actor's.
 * Errors: ACTA_INVALID the application has no process manager of this name; ACTA_NOT_FOUND nothing is told of this id;
 *         ACTA_CORRUPT, ACTA_IO, ACTA_NO_MEMORY
 */
ACTA_API acta_status acta_manager_story(
    acta_app *app, const char *name, acta_str id, acta_story_see *see, void *user, acta_error *error);

/* "handled", "skipped" …; "?" for what is none. */
ACTA_API const char *acta_story_kind_name(acta_story_kind kind);

/* "idle", "backoff" …; "?" for what is none. */
ACTA_API const char *acta_instance_phase_name(acta_instance_phase phase);

#ifdef __cplusplus
}
#endif
#endif
