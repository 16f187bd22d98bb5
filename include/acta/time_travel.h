/*
 * Time travel: what an aggregate was, what changed, and which command did it. All of it is read from the log: nothing has to
 * be prepared, and nothing is written.
 *
 *     acta_history *history = acta_app_history(app);
 *     bank_Account_read_at(history, id, acta_at_time(last_of_june_us), &account, memory, &error);
 *     acta_aggregate_diff(history, &bank_Account_table, id, acta_at_version(3), acta_at_end(), print, NULL, &error);
 *     acta_aggregate_why(history, &bank_Account_table, id, S("balance"), acta_at_end(), memory, &change, &error);
 *
 * Events are read as the application reads them: upcasters lead on old versions, personal fields are opened (and say
 * "forgotten" of who was), a snapshot is the beginning where one lies before the point. What is in memory at a time is the
 * state, a second one for a difference, and one event, however long the stream is.
 *
 * Threads: any, several at once; they wait for the disk, so not from inside an actor, whose worker would wait too.
 * docs/time-travel.md has an example of each.
 */
#ifndef ACTA_TIME_TRAVEL_H
#define ACTA_TIME_TRAVEL_H

#include "acta/app.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A store with the schema and the aggregates that its events are read by. */
typedef struct acta_history acta_history;

/* That of a running application; lives as long as it does. Sees what is durable. */
ACTA_API acta_history *acta_app_history(acta_app *app);

/*
 * That of a store which is opened only to be looked at, beside the program that writes it or without one: read_only is set,
 * nothing is started, nothing is written. Of `config` count data_path, store, schema, aggregates, upcasters, keys,
 * environment; all that it points to must outlive the history. An engine that is given is the history's from here on.
 * Errors: those of acta_app_start
 */
ACTA_API acta_status acta_history_open(const acta_app_config *config, acta_history **history_out, acta_error *error);

/* Takes NULL. Of an application's own, it does nothing. */
ACTA_API void acta_history_close(acta_history *history);

/* For acta_store_refresh, and to read events beside. */
ACTA_API acta_store *acta_history_store(acta_history *history);

/* -- points -- */

/* Where in the past of an aggregate; made by the functions below. */
typedef struct acta_point {
    uint64_t version;  /* at most; UINT64_MAX: any */
    uint64_t position; /* at most */
    int64_t time_us;   /* recorded then, or earlier */
} acta_point;

static inline acta_point
acta_at_end(void)
{
    acta_point point = { UINT64_MAX, UINT64_MAX, INT64_MAX };
    return point;
}

/* After this version of its stream; 0: before the first. One that isn't there yet is as the end. */
static inline acta_point
acta_at_version(uint64_t version)
{
    acta_point point = { version, UINT64_MAX, INT64_MAX };
    return point;
}

/* After this position of the whole log: what all aggregates were at one moment. */
static inline acta_point
acta_at_position(uint64_t position)
{
    acta_point point = { UINT64_MAX, position, INT64_MAX };
    return point;
}

/* At this time: µs since the Unix epoch, UTC. */
static inline acta_point
acta_at_time(int64_t time_us)
{
    acta_point point = { UINT64_MAX, UINT64_MAX, time_us };
    return point;
}

/* The newest event that a state contains. */
typedef struct acta_place {
    uint64_t version, position;
    int64_t recorded_at_us;
} acta_place;

/* -- states -- */

/*
 * The state of an aggregate at a point. Generated: bank_Account_read_at(history, id, at, &account, memory, error).
 *   state      a table of role STATE
 *   state_out  its struct
 *   memory     where its strings and vectors are put; NULL: they are left absent
 *   place_out  what it contains; may be NULL
 * Errors: ACTA_NOT_FOUND  it had no events by then
 *         ACTA_DELETED    events that it rests on were removed, by a limit of the stream or for good, and no snapshot that
 *                         lies before the point covers them; or the stream is softly deleted
 *         ACTA_SCHEMA_MISMATCH, ACTA_CORRUPT  an event can't be read: the text names stream, version and type
 *         ACTA_INVALID    the aggregate isn't one of this history, or the identity is none
 *         ACTA_IO, ACTA_NO_MEMORY
 */
ACTA_API acta_status acta_aggregate_read_at(acta_history *history, const acta_table *state, acta_str id, acta_point at,
    void *state_out, acta_memory *memory, acta_place *place_out, acta_error *error);

/* The same as JSON on one line (schema.h: acta_schema_print). `redacted`: what is (redacted) or (personal) is hidden. */
ACTA_API acta_status acta_aggregate_json_at(acta_history *history, const acta_table *state, acta_str id, acta_point at,
    bool redacted, acta_memory *memory, acta_str *text_out, acta_error *error);

/* -- differences -- */

/*
 * One thing that is other. Values are JSON, as acta_schema_print writes them; absent (data NULL): it wasn't there.
 *   path  "balance", "address.city", "lines[3]"; in vectors of what has a (key), by key: lines["A-17"].count
 */
typedef struct acta_difference {
    acta_str path;
    acta_str before, after;
} acta_difference;

/* What it gets lives until it returns. False: no more of them. */
typedef bool acta_difference_see(void *user, const acta_difference *difference);

/*
 * What of an aggregate's state is other at `to` than at `from`, field by field in the schema's order. A point before the first
 * event stands for the empty state.
 * Errors: as acta_aggregate_read_at; ACTA_NOT_FOUND: it had no events at either point
 */
ACTA_API acta_status acta_aggregate_diff(acta_history *history, const acta_table *state, acta_str id, acta_point from,
    acta_point to, acta_difference_see *see, void *user, acta_error *error);

/* The same of any two values of one table, such as two states.
 * Errors: ACTA_INVALID one of them can't be written (schema.h: write); ACTA_NO_MEMORY */
ACTA_API acta_status acta_value_diff(const acta_table *table, const void *before, const void *after,
    acta_difference_see *see, void *user, acta_error *error);

/* Is something at this path of a difference, or in it, (redacted) or (personal) in the schema? Who shows differences to people
 * hides the values then. */
ACTA_API bool acta_path_is_hidden(const acta_table *state, acta_str path);

/* -- why -- */

/* An event that changed a field, and what led to it. */
typedef struct acta_change {
    acta_place place;
    acta_str type;          /* of the event: "bank.MoneyWithdrawn" */
    acta_id command_id;     /* of the command; when its outcome isn't kept, its causation */
    acta_id correlation_id; /* of the whole conversation */
    acta_id causation_id;
    acta_str before, after; /* the field's value, as in a difference */
} acta_change;

/*
 * Which event last changed a field, up to a point.
 *   path        as in a difference; a whole vector or table too: "lines", lines["A-17"]. Keys may stand without quotes
 *   memory      for what change_out points to
 * Errors: as acta_aggregate_read_at; ACTA_NOT_FOUND: nothing has changed it so far; ACTA_INVALID: the state has no such field
 */
ACTA_API acta_status acta_aggregate_why(acta_history *history, const acta_table *state, acta_str id, acta_str path,
    acta_point at, acta_memory *memory, acta_change *change_out, acta_error *error);

/*
 * The same for the event that last changed a field to a value: who made it that.
 *   value  as in a difference; a text also without its quotes
 * Errors: ACTA_NOT_FOUND: nothing has changed it to that so far
 */
ACTA_API acta_status acta_aggregate_why_value(acta_history *history, const acta_table *state, acta_str id,
    acta_str path, acta_str value, acta_point at, acta_memory *memory, acta_change *change_out, acta_error *error);

/*
 * Event by event: `see` is called for each up to a point, with the state behind it, which lives until it returns. False: no
 * more of them. `recorded` is as the log has it, also where upcasters led on from it.
 * Errors: as acta_aggregate_read_at; what was seen before stays seen
 */
typedef bool acta_history_see(void *user, const acta_recorded *recorded, const void *state);
ACTA_API acta_status acta_aggregate_replay(acta_history *history, const acta_table *state, acta_str id, acta_point at,
    acta_history_see *see, void *user, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
