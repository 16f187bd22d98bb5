/*
 * Schedule: what its files share.
 *
 *     schedule.c        the calls; they ask the clerk
 *     schedule_clerk.c  one actor: all that changes rows of the application, one key at a time
 *     schedule_fire.c   … and runs what is due
 *     schedule_command.c  … through the middleware
 *     schedule_rows.c   rows
 *     schedule_manager.c  deadlines of process managers, written in an instance's own batches
 *
 * In the store:
 *
 *     schedule       row key               ->  the command, when, what became of its last run
 *     schedule.due   due | mark | row key  ->  nothing; there is one for each row that waits, and none for a parked one
 *
 *     row key   'a' key, or 'm' size of manager, manager, size of instance, instance, key
 *     mark      'a': 0; 'm': which event wrote it. With it no two rows of a key ever have the same place in schedule.due, so
 *               that whoever deletes a row he has worked on can ask for just that place to be there still
 *
 * Rows of the application are the clerk's alone. Those of process managers are written by their instances, and deleted (or
 * parked) by the clerk, on the condition that they are still what he has run.
 */
#ifndef ACTI_ACTORS_SCHEDULE_H
#define ACTI_ACTORS_SCHEDULE_H

#include "acta/schedule.h"

#include "command.h"
#include "manager.h"

#define ACTI_SCHEDULE_TABLE "schedule"
#define ACTI_DUE_TABLE      "schedule.due"

enum { ACTI_SCHEDULED_REASON_MAX = 255, ACTI_DUE_HEADER = 16 };

/* A row; what it points to is in whatever it was read into. */
typedef struct acti_scheduled {
    int64_t due_us;
    uint64_t mark;
    bool is_parked;
    bool stays;      /* 'm': when its instance is stopped */
    bool is_delayed; /* after_ms was given */
    bool park_rejected;
    acta_missed missed;
    uint64_t after_ms;
    int32_t utc_offset_min;
    uint32_t late_ms, retry_max, failures;
    int64_t last_us;
    uint64_t runs;
    acta_id correlation_id, causation_id; /* none: the command's own id; none */
    acti_trace_place place;               /* of the event, or of who has scheduled it */
    acta_str command, cron, reason;
    acta_bytes payload; /* sealed */
} acti_scheduled;

/* -- rows -- */

/* Keys, in `memory`; data NULL: no memory. */
acta_bytes acti_schedule_key(acta_str key, acta_memory *memory);
acta_bytes acti_deadline_key(acta_str manager, acta_str instance, acta_str key, acta_memory *memory);
/* False: it is no row's key. The application's: manager and instance are absent. */
bool acti_schedule_key_parse(acta_bytes row_key, acta_str *manager_out, acta_str *instance_out, acta_str *key_out);
acta_bytes acti_due_key(const acti_scheduled *row, acta_bytes row_key, acta_memory *memory);
bool acti_due_key_parse(acta_bytes due_key, int64_t *due_us_out, uint64_t *mark_out, acta_bytes *row_key_out);

acta_bytes acti_scheduled_encode(const acti_scheduled *row, acta_memory *memory); /* data NULL: no memory */
acta_status acti_scheduled_decode(acta_bytes value, acti_scheduled *row_out, acta_error *error);
/* ACTA_NOT_FOUND: there is none. */
acta_status acti_scheduled_read(
    acta_app *app, acta_bytes row_key, acta_memory *memory, acti_scheduled *row_out, acta_error *error);

/* Into a transaction: the row and its place among those due; and out of it. What has no memory makes the transaction fail. */
acta_status acti_scheduled_put(
    acta_transaction *t, acta_bytes row_key, const acti_scheduled *row, acta_memory *memory, acta_error *error);
acta_status acti_scheduled_delete(
    acta_transaction *t, acta_bytes row_key, const acti_scheduled *row, acta_memory *memory, acta_error *error);

/* The id of its command: of key, time and mark. */
acta_id acti_scheduled_command_id(acta_bytes row_key, int64_t due_us, uint64_t mark);

/* When the oldest is due that waits; INT64_MAX: none does. Outcomes since then are needed. INT64_MIN: it can't be read. */
int64_t acti_oldest_due_us(acta_app *app, acta_error *error);

/* -- deadlines that a handler has added to its commands -- */

typedef struct acti_deadline {
    struct acti_deadline *next;
    acta_str key;
    const acta_table *table; /* NULL: cancelled */
    acta_bytes payload;
    acta_deadline when;
} acti_deadline;

/* Does the store have any? Before the process managers begin. */
void acti_deadlines_find(acta_app *app);

/* -- the clerk -- */

/* What is asked of it; the message's payload, with the bytes of its views behind it. */
typedef struct acti_schedule_request {
    acta_str key;       /* absent, RESUME: all */
    acti_scheduled row; /* SCHEDULE: due_us is set but for cron; payload is open */
    bool replace;
} acti_schedule_request;

/* What it answers. */
typedef struct acti_schedule_answer {
    int64_t due_us;
    bool in_time;
} acti_schedule_answer;

acta_child_spec acti_schedule_spec(acta_app *app);
/* Commands of a clerk that is no more, for the middleware: nobody waits for their answers. */
void acti_schedule_conclude_all(acta_app *app);
/* Something may be due earlier than it knows. Lost, it is noticed with the next look. */
void acti_schedule_look(acta_app *app);

#endif
