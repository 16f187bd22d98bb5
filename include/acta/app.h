/*
 * Application: aggregates, process managers, handlers and projections over one store, under one supervision tree.
 *
 *     const acta_app_config config = { .data_path = "bank-data", .schema = &bank_schema,
 *         .aggregates = aggregates, .process_managers = process_managers };
 *     acta_app_start(&config, &app, &error);
 *     bank_Deposit_dispatch(app, deposit, NULL, &error);      // on disk when it returns ACTA_OK
 *     acta_app_stop(app, 5000, NULL);
 */
#ifndef ACTA_APP_H
#define ACTA_APP_H

#include "acta/aggregate.h"
#include "acta/audit.h"
#include "acta/handler.h"
#include "acta/kept_schemas.h"
#include "acta/metadata.h"
#include "acta/middleware.h"
#include "acta/personal.h"
#include "acta/process_manager.h"
#include "acta/returned.h"
#include "acta/runtime.h"
#include "acta/schedule.h"
#include "acta/store.h"
#include "acta/supervisor.h"
#include "acta/upcast.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_app acta_app;
typedef struct acta_dispatch_options acta_dispatch_options;

/* A schema of an application that has several. */
typedef struct acta_module {
    const acta_schema *schema;
    const acta_upcasters *upcasters; /* from old versions of its events; NULL: there are none */
} acta_module;

typedef struct acta_app_config {
    const char *name;      /* in reports; default "acta" */
    const char *data_path; /* the store's directory; not needed with store.engine */
    const acta_schema *schema;
    const acta_aggregate *const *aggregates; /* each list ends with NULL; a NULL list is empty */
    const acta_process_manager *const *process_managers;
    const acta_event_handler *const *event_handlers;
    const acta_projection *const *projections;
    const acta_projection *const *inline_projections; /* their rows go with the events (projection_inline.h) */
    const acta_upcasters *upcasters; /* from old versions of events to those of `schema`; NULL: there are none */

    /* Several schemas in one log, instead of `schema` and `upcasters`; ends with one that is zeroed. Their namespaces differ, and so
     * do the names of aggregates and process managers in all of them. Each event is kept with its own schema's version. A handler,
     * projection or process manager of a schema that includes another one (actac) takes the events of both. */
    const acta_module *modules;

    /* Where the keys of personal fields live (personal.h); copied. NULL: in the file ACTA_KEY_FILE in `data_path`, which is
     * made when the schema has any. */
    const acta_key_service *keys;

    /* What becomes of events that event handlers, process managers and projections can't work on, where they don't say it.
     * Zeroed: backoff from 100 ms to 30 s, ten times, then parked. */
    acta_error_default on_handler_error;

    const acta_middleware *const *middleware; /* around every command, in this order (middleware.h) */

    /* What every dispatch does that doesn't say otherwise: timeout_ms, returning, wait_for (of acta_dispatch and _json), and
     * metadata, which are added to those of a command, also of a process manager's, that has none of the same name.
     * Nothing else may be set in it. NULL: nothing. */
    const acta_dispatch_options *dispatch_defaults;
    acta_audit_config audit; /* a record of every command (audit.h) */

    /* Dispatched and not yet answered; more are ACTA_BUSY. Soft by one a thread; those of process managers are counted, and
     * never refused. 0: 100,000. */
    uint32_t commands_max;

    /* Children of the program's own, in a supervisor under the application's: started last and stopped first. It is restarted
     * when it gives up, without a limit but with a backoff. Their init runs before acta_app_start returns. Not copied; from a
     * file: acta_tree_options (tree.h). NULL: none. */
    const acta_supervisor_options *tree;

    /* Outcomes of clients' command ids, and of process managers' commands that were asked for more than once. 0: 7 days */
    uint64_t command_id_retention_ms;
    uint32_t conflict_retry_max; /* 0: 10 */
    uint32_t rehydration_max;    /* instances that read their events at once; 0: 50 */
    uint32_t stage_every;        /* one command of so many has its stages timed (stages.h); 0: 64; UINT32_MAX: none */
    /* Of all live aggregates together, as far as they are counted: their states, and what an actor takes. Who was used least
     * recently is passivated when it is too much; those that work are not. 0: 1 GiB; UINT64_MAX: no limit. */
    uint64_t aggregate_memory_bytes;
    acta_store_config store;     /* path, environment, schema_* and manual are set from the fields above and below */
    acta_runtime_config runtime; /* manual here makes the store manual too */
    const acta_environment *environment;
} acta_app_config;

/*
 * Check the configuration, open the store, start the tree: readers resume where they were, unfinished process managers
 * go on. `schema`, `modules`, the lists and what they point to must outlive the app. An engine that is given (store.engine) is the
 * app's from here on, also when it doesn't start.
 *   A store whose directory can't be written (ACTA_READ_ONLY of acta_store_open) is opened to read, and the application starts
 * degraded, as with store.read_only, and says so in the log: acta_app_only_reads. Where no store is yet, there is nothing to read.
 * Errors: ACTA_INVALID, in words such as "aggregate Account: no apply for event MoneyDeposited; set
 *         .apply.MoneyDeposited, or bank_Account_ignore_MoneyDeposited"; those of acta_store_open.
 *         ACTA_SCHEMA_MISMATCH: the log was written by another schema of this name, and not all of it would read with
 *         the same meaning; the text names the table and the field, and what to do (schema.h: acta_schema_compare). One
 *         that only adds takes the old one's place, which the log keeps.
 */
ACTA_API acta_status acta_app_start(const acta_app_config *config, acta_app **app_out, acta_error *error);

/*
 * Stop taking commands, let what is under way end, stop the tree, close the store. Frees the app. Takes NULL.
 *
 * Calls of the application that other threads are in, of this header and of all others, reads and time travel among them, have
 * returned when this does. Commands that are under way have the time to be answered as ever, and `done` of the asynchronous ones
 * has been called. Who waits for something else (wait_for, acta_app_settle, an order to a reader) gets ACTA_STOPPED when the tree
 * has stopped, and a read goes on to its end: a function of the user's that one calls for each row or event keeps the stop
 * waiting, beyond timeout_ms. Calls that begin meanwhile get ACTA_STOPPED, or what they ask for; but none may begin unless it is
 * known to do so before this returns, for then there is nothing left to ask: threads that go on dispatching are joined first.
 * A gateway of the program's own is stopped before (it answers what it has begun); cursors, subscriptions and whatever else was
 * opened on acta_app_store or by acta_audit_open is closed before.
 *   timeout_ms  for commands, and then for the tree; ACTA_INFINITE: as long as they take
 * Threads: any, once; not from inside a function that a call of this application calls.
 * Errors: ACTA_TIMEOUT: something had to be killed; nothing acknowledged is lost by that. Stopped all the same.
 *         ACTA_CALLING_SELF: from inside an actor; nothing was done.
 */
ACTA_API acta_status acta_app_stop(acta_app *app, uint32_t timeout_ms, acta_error *error);

/* Manual apps in a simulation: the process dies here. Nothing more is written; all memory is freed. */
ACTA_API void acta_app_abandon(acta_app *app);

/* Wait until all readers have passed the head of the log, all outboxes are empty, no command is under way, and what is due by the
 * wall clock has run; not for what is due later.
 * ACTA_TIMEOUT names who is behind, and where; ACTA_PARKED when a reader has parked what it would have to wait for. */
ACTA_API acta_status acta_app_settle(acta_app *app, uint32_t timeout_ms, acta_error *error);

/*
 * Forget a subject for good, as acta_store_forget does (personal.h): the log tells of it, and the key is destroyed. From
 * then on everything that the application reads says "forgotten" in the personal fields of that subject (marks.h:
 * acta_is_forgotten): events, states, rows, commands in outboxes. An aggregate or process manager that runs takes up its
 * state anew before its next command or event.
 *   subject  what the field that (personal) names holds
 * Threads: any but an actor's; waits for the disk.
 * Errors: ACTA_NOT_FOUND nothing personal was ever written of it; ACTA_INVALID; those of acta_store_commit and of the key
 *         service: when the log tells of it already, the next start, or the next call, does the rest.
 */
ACTA_API acta_status acta_app_forget(
    acta_app *app, acta_str subject, const acta_forget_options *options, acta_error *error);

/*
 * Did it start degraded: with store.read_only, or over a directory that can't be written? Then states, rows, the past, the audit and
 * where readers are can be asked; commands are ACTA_READ_ONLY, readers stand still (ACTA_READER_STALLED), and nothing of the schedule
 * runs, until it is started again. A store that refuses writes since one failed is another matter: acta_store_health.
 * Threads: any.
 */
ACTA_API bool acta_app_only_reads(const acta_app *app);

ACTA_API const char *acta_app_name(const acta_app *app);
ACTA_API const acta_schema *acta_app_schema(const acta_app *app); /* the first, as it was given; NULL: it has none */
/* Each of them, from 0; NULL: there is none of that number. */
ACTA_API const acta_schema *acta_app_schema_at(const acta_app *app, uint32_t number);
/* A table of any of them, by its full name ("bank.Deposit"), or without the namespace where only one schema has such a one. NULL:
 * none. */
ACTA_API const acta_table *acta_app_table(const acta_app *app, acta_str name);
ACTA_API acta_store *acta_app_store(acta_app *app);
ACTA_API acta_runtime *acta_app_runtime(acta_app *app);
/* The application's supervisor, with all that it has started: acta_supervisor_list, acta_tree_dump. */
ACTA_API acta_pid acta_app_tree(const acta_app *app);

/* -- commands -- */

struct acta_dispatch_options {
    uint32_t timeout_ms;    /* for the whole call; 0: 5,000 */
    acta_id command_id;     /* none: made up, and no outcome is kept. With one, asking again gives the first answer */
    acta_id correlation_id; /* none: the command's id */
    acta_id causation_id;
    /* The event that it answers to, for those who dispatch in a handler. What of the above two is none is taken from it, and
     * the traceparent where `metadata` have none (traceparent.h). Used until the call returns; may be NULL. */
    const acta_recorded *cause;
    uint64_t expected_version; /* of the aggregate's stream; 0: any (a new one: ACTA_EXPECT_NEW) */
    const char *const
        *wait_for;         /* names of readers, ended by NULL, that must have passed its events before it returns */
    uint64_t *version_out; /* the stream's version after it; may be NULL. Not with acta_dispatch_async, as the next */
    uint64_t *position_out;

    /* Put with each of its events, and told to handlers (metadata.h). Not part of what makes two commands with one id the
     * same. */
    const acta_metadata_entry *metadata;
    uint32_t metadata_count;
    /* Without a trace in the above it may begin one, where a sink wants those (span.h): not this one. */
    bool begins_no_trace;

    uint32_t returning; /* acta_returning; for `returned_out`, or what the result of acta_dispatch_async brings */
    acta_returned *returned_out; /* written when the status is ACTA_OK, and when it is one of wait_for; may be NULL */
    acta_memory *memory; /* the caller's; needed for events and state. Not with acta_dispatch_async, as returned_out */
};
#define ACTA_EXPECT_NEW (UINT64_MAX - 2)

/*
 * Dispatch a command to its aggregate and wait until its events are on disk. Generated: bank_Deposit_dispatch(app,
 * value, options, error).
 *   command  a table of role COMMAND; value: its struct, which is encoded before this returns
 *   options  NULL: defaults
 * Threads: any but an actor's.
 * Returns ACTA_OK        its events are on disk (or it led to none)
 *         ACTA_REJECTED  by the aggregate; error->code and error->where say how
 *         ACTA_ALREADY_EXISTS  a field of the state that is (unique) would get a value that another one has; error->where
 *                        is the field, and nothing was stored
 *         ACTA_INVALID   identity missing or too long, a required field absent, aggregate not part of this app
 *         ACTA_TIMEOUT   it may still take effect; asking again with the same command_id tells.
 *                        With wait_for: it is stored, and the text says which reader is behind; ACTA_STOPPED likewise
 *         ACTA_BUSY      commands_max of them are under way; the aggregate's mailbox, or the store's queue, is full
 *         ACTA_COMMAND_ID_REUSED, ACTA_CONFLICT (expected_version, or conflict_retry_max tries), ACTA_FAILED,
 *         ACTA_READ_ONLY, ACTA_UNKNOWN_OUTCOME, ACTA_STOPPED, ACTA_PARKED
 *         What middleware responds, if there is any, instead of all of these but those of wait_for
 *         Where the text says "is stored": it is, and what was to be returned can't be read
 */
ACTA_API acta_status acta_dispatch(acta_app *app, const acta_table *command, const void *value,
    const acta_dispatch_options *options, acta_error *error);

typedef struct acta_dispatch_result {
    acta_status status;
    uint64_t version;
    uint64_t position; /* of its last event; 0: none */
    const acta_error *error;
    /* With ACTA_OK, as acta_dispatch has it in returned_out: versions and ids always, events and state by `returning`. It and
     * all that it points to is the library's, and gone when `done` returns: copy what is to stay (bytes of `payload`; of a
     * struct, its strings and vectors too). NULL with any other status. */
    const acta_returned *returned;
} acta_dispatch_result;

/* The same without waiting (wait_for is ACTA_INVALID here). `done`, which is never NULL, is called exactly once, on any
 * thread, also before this returns; must not block; may dispatch again. The result lives until it returns.
 * Where the text says "is stored" the command is, `version` and `position` are its own, and what was to be returned can't be:
 * asked again with the same command_id it may be. */
typedef void (*acta_dispatch_done)(void *user, const acta_dispatch_result *result);
ACTA_API void acta_dispatch_async(acta_app *app, const acta_table *command, const void *value,
    const acta_dispatch_options *options, acta_dispatch_done done, void *user);

/* Dispatch by name and JSON: "Deposit", {"account_id": "alice", "amount": 20}. Also ACTA_INVALID: no such command,
 * with the nearest name; what acta_json_parse finds. */
ACTA_API acta_status acta_dispatch_json(
    acta_app *app, acta_str command, acta_str json, const acta_dispatch_options *options, acta_error *error);

/* The same without waiting, as acta_dispatch_async: also what is wrong with name or JSON is told to `done`. Neither is used
 * any more when this returns. */
ACTA_API void acta_dispatch_json_async(acta_app *app, acta_str command, acta_str json,
    const acta_dispatch_options *options, acta_dispatch_done done, void *user);

/* The table of a command that the application takes, by its full name or without its namespace; NULL: there is none, or
 * several schemas have one. */
ACTA_API const acta_table *acta_app_command(const acta_app *app, acta_str name);

/* -- reading -- */

/*
 * The state of an aggregate, once all that it contains is durable. Generated: bank_Account_read(app, id, &account,
 * memory, error).
 *   state_out  the state's struct
 *   memory     where its strings and vectors are put; NULL: they are left absent
 * Errors: ACTA_NOT_FOUND: no events of this id; those of acta_dispatch.
 */
ACTA_API acta_status acta_aggregate_read(
    acta_app *app, const acta_table *state, acta_str id, void *state_out, acta_memory *memory, acta_error *error);

/* A row of a read model, and all rows with a prefix of the key. Generated: bank_AccountRow_find(app, key, &row, memory,
 * error). Rows are as of the projection's position, which may be behind the log. `each` stops when `visit` returns false;
 * the row's views live until it returns. */
ACTA_API acta_status acta_read_model_find(
    acta_app *app, const acta_table *row_table, acta_str key, void *row_out, acta_memory *memory, acta_error *error);
ACTA_API acta_status acta_read_model_each(acta_app *app, const acta_table *row_table, acta_str prefix,
    bool (*visit)(void *user, const void *row), void *user, acta_error *error);

/* Which rows by their key: zeroed, all. A page goes on with `after` the last key of the page before. */
typedef struct acta_key_range {
    acta_str prefix;   /* keys that begin with it; 0 to ACTA_KEY_MAX - 1 bytes, as each of these */
    acta_str from, to; /* at least, at most */
    acta_str after;    /* behind it; with backward, before it */
    bool backward;     /* from the last to the first */
} acta_key_range;

/*
 * Visit the rows of a range in the order of their keys' bytes, until `visit` returns false. As of one moment.
 *   range  borrowed; all that is said holds at once
 *   visit  gets a row whose views live until it returns
 * Errors: ACTA_INVALID it is no read model, or a key of the range is too long; ACTA_CORRUPT, ACTA_IO, ACTA_NO_MEMORY.
 * Threads: any.
 */
ACTA_API acta_status acta_read_model_range(acta_app *app, const acta_table *row_table, const acta_key_range *range,
    bool (*visit)(void *user, const void *row), void *user, acta_error *error);

/* -- old versions of events -- */

typedef acta_status acta_event_see(
    void *user, const acta_table *event, const acta_recorded *recorded, acta_error *error);

/*
 * For who reads the log himself, by subscription or cursor: an event as the schema has it now, which is itself or what its
 * upcasters make of it (upcast.h). Handlers, projections and process managers get it so without asking.
 *   see  called for each, in order, until one isn't ACTA_OK, which is returned. What it gets lives until it returns:
 *        bank_Deposited_read(recorded->payload, &deposited)
 * Errors: ACTA_SCHEMA_MISMATCH  no event of the schema, or of a version that the log doesn't know
 *         ACTA_CORRUPT, ACTA_NO_MEMORY, and what an upcaster returned
 * Threads: any.
 */
ACTA_API acta_status acta_app_upcast(
    acta_app *app, const acta_recorded *recorded, acta_event_see *see, void *user, acta_error *error);

/* -- looking in -- */

typedef enum acta_reader_state {
    ACTA_READER_CATCHING_UP,
    ACTA_READER_LIVE,
    ACTA_READER_RETRYING,
    ACTA_READER_STALLED, /* the store refuses writes, or too much is parked */
    ACTA_READER_STOPPED, /* by its error callback */
    ACTA_READER_PAUSED   /* by an operator: readers.h */
} acta_reader_state;
typedef struct acta_reader_info {
    const char *name;
    acta_reader_state state;
    uint64_t passed;    /* position */
    uint64_t head;      /* of the log: head - passed is how far it is behind */
    int64_t since_us;   /* of that state */
    uint64_t in_flight; /* events; a reset that is not through counts as one */
    uint64_t parked;    /* events */
    uint64_t retries;   /* attempts that failed */
    uint64_t
        handled; /* events since the start, one for each key that it goes to, and again when it is delivered again */
    char reason[192];   /* RETRYING, STALLED, STOPPED: why */
    bool is_rebuilding; /* acta_reader_rebuild (readers.h) is making its rows anew, … */
    uint64_t rebuilt;   /* … up to this position */
} acta_reader_info;

/* Up to `count_max` readers into `infos`, which may be NULL for none; returns how many there are, which stays the same while
 * the application runs. */
ACTA_API uint32_t acta_app_readers(acta_app *app, acta_reader_info *infos, uint32_t count_max);

typedef struct acta_aggregates_info {
    uint64_t live;    /* instances */
    uint64_t bytes;   /* that they take: what aggregate_memory_bytes limits */
    uint64_t evicted; /* told to go since the start, for want of room */
} acta_aggregates_info;

/* How many aggregates live, as of now. Threads: any. */
ACTA_API void acta_app_aggregates(const acta_app *app, acta_aggregates_info *info_out);

/*
 * For a trace (sys.h: acta_trace_event): what a message to an actor of an application is, "command Deposit", with a NUL, cut at
 * `size`. False: it is none of those that applications send. `message` must be in the hands of its actor.
 */
ACTA_API bool acta_app_describe_message(const char *behaviour, const acta_message *message, char *text, size_t size);

/* All settings and their defaults as lines "name value unit", for people and for a test; ends with NUL, cut at `size`.
 * Returns the full length. `config` may be NULL. */
ACTA_API size_t acta_config_dump(const acta_app_config *config, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
