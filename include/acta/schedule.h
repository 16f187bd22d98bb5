/*
 * Schedule: commands for later, once or again and again, as durable as events.
 *
 *     bank_Deposit_schedule(app, S("rent"), deposit, ACTA_CRON("0 6 1 * *"), NULL, &error);   // the first of each month
 *     bank_Remind_schedule(app, S("reminder-7"), remind, ACTA_AFTER(3600 * 1000), NULL, &error);
 *     acta_schedule_cancel(app, S("reminder-7"), &in_time, &error);
 *
 *     acta_schedule --> row (key, command, when) --its time--> dispatch --answer--> the row goes, or is put for the next time
 *                                                    ^  the command id is made of key and time: asked again after a
 *                                                    +- crash, the aggregate gives its first answer
 *
 * What is promised:
 *   - A command that was scheduled runs exactly once for each of its times, wherever the process dies; unless it is cancelled,
 *     or missed and to be skipped. It passes the application's middleware, and is audited, as what is dispatched does.
 *   - Never before its time by the application's wall clock. A clock that is set back repeats nothing.
 *   - One that has been cancelled in time never runs.
 *   - The same key twice is one: as long as the first is there, asking again for the same changes nothing. For a time that
 *     was given as such (.at_us) that holds for as long as outcomes of commands are kept (app.h: command_id_retention_ms).
 *
 * A rejection is an answer: the run is over, as is one that was accepted. What can't be answered is retried with backoff.
 * Then, or at once if it never could be, one that runs once is parked: its row stays, with the reason, until it is resumed
 * or cancelled; one that recurs goes on with its next time, and its row tells what became of the last.
 *
 * Aggregates can't schedule: they are pure. Process managers can, in the batch of their event: acta_commands_schedule
 * (process_manager.h). Those rows are listed here too.
 */
#ifndef ACTA_SCHEDULE_H
#define ACTA_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "acta/id.h"
#include "acta/schema.h"
#include "acta/status.h"
#include "acta/str.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_app acta_app;
typedef struct acta_recorded acta_recorded;

enum {
    ACTA_SCHEDULE_KEY_MAX = 200,        /* bytes */
    ACTA_SCHEDULE_CRON_MAX = 200,       /* bytes */
    ACTA_SCHEDULE_LATE_DEFAULT = 60000, /* ms */
    ACTA_SCHEDULE_RETRY_DEFAULT = 10,
    ACTA_SCHEDULE_LOOK_MS = 10000 /* a wall clock that jumps ahead is noticed after at most so long */
};

/* -- when -- */

/* At most one of them is set; none: at once.
 *   at_us     µs since the Unix epoch, UTC; not negative. A time that has passed: at once
 *   after_ms  from the call on, by the wall clock
 *   cron      a cron expression (acta_cron_parse) of at most ACTA_SCHEDULE_CRON_MAX bytes; copied */
typedef struct acta_when {
    int64_t at_us;
    uint64_t after_ms;
    const char *cron;
} acta_when;
#define ACTA_AT(us)     ACTA_INIT(acta_when, .at_us = (us))
#define ACTA_AFTER(ms)  ACTA_INIT(acta_when, .after_ms = (ms))
#define ACTA_CRON(text) ACTA_INIT(acta_when, .cron = (text))

/* What happens with times that have passed for longer than late_ms when the schedule comes to them: it was not running, or
 * the clock was set ahead. */
typedef enum acta_missed {
    ACTA_MISSED_ONCE = 0, /* all of them together run once */
    ACTA_MISSED_EACH,     /* each runs */
    ACTA_MISSED_SKIP      /* none runs; one that would have run once is gone */
} acta_missed;

/*
 *   utc_offset_min  cron: what the clock on the wall is ahead of UTC, -1,439 to 1,439 minutes: 60 for CET, -300 for EST
 *   missed, late_ms see acta_missed; late_ms 0: 60,000
 *   retry_max       tries of one run after the first; 0: 10
 *   replace         a row of this key is replaced; without, it is ACTA_ALREADY_EXISTS unless it is the same
 *   park_rejected   one that runs once and is rejected is parked, instead of being over
 *   correlation_id  of the command; none: that of `cause`, or the command's id
 *   cause           the event that it answers to, for those who schedule in a handler: its correlation and causation come from
 *                   it, and its trace unless `traceparent` is given. Used until the call returns; may be NULL
 *   traceparent     the trace that it goes on in (traceparent.h), as a header says it, and the tracestate to it. A text that is
 *   tracestate      none is nobody's trace; absent: see `cause`. One that recurs begins a trace with each run, whatever is given
 *   timeout_ms      for the call; 0: 5,000
 *   due_us_out      the first time; may be NULL
 */
typedef struct acta_schedule_options {
    int32_t utc_offset_min;
    acta_missed missed;
    uint32_t late_ms;
    uint32_t retry_max;
    bool replace;
    bool park_rejected;
    acta_id correlation_id;
    const acta_recorded *cause;
    acta_str traceparent, tracestate;
    uint32_t timeout_ms;
    int64_t *due_us_out;
} acta_schedule_options;

/*
 * Schedule a command, and wait until that is on disk. Generated: bank_Deposit_schedule(app, key, value, when, options, error).
 *   key      1 to ACTA_SCHEDULE_KEY_MAX bytes of UTF-8 without control characters; the application's own. Copied
 *   command  a table of role COMMAND, of an aggregate of this application; value: its struct, encoded before this returns
 *   options  NULL: defaults
 * Threads: any but an actor's.
 * Returns ACTA_OK              it is on disk, or was already
 *         ACTA_ALREADY_EXISTS  the key is taken: by another command, content or time (two delays are the same if they are as
 *                              long, whenever each began). Nothing has changed; .replace says that it is to
 *         ACTA_CONFLICT        .replace, and a run of the one before is under way: when that has ended it can be replaced
 *         ACTA_INVALID         key, command, when (error->where names the field of the cron expression) or an option
 *         ACTA_TIMEOUT, ACTA_FAILED, ACTA_NO_MEMORY  it may be scheduled all the same; asking again is safe
 *         ACTA_BUSY            10,000 calls are waiting already
         ACTA_STOPPED, and those of acta_store_commit: nothing has changed
 */
ACTA_API acta_status acta_schedule(acta_app *app, acta_str key, const acta_table *command, const void *value,
    acta_when when, const acta_schedule_options *options, acta_error *error);

/* What became of an asynchronous call. */
typedef struct acta_schedule_result {
    acta_status status;
    int64_t due_us; /* acta_schedule: the first time */
    bool in_time;   /* acta_schedule_cancel */
    const acta_error *error;
} acta_schedule_result;
typedef void (*acta_schedule_done)(void *user, const acta_schedule_result *result);

/* The same without waiting. `done` is called exactly once, on any thread, also before this returns; it must not block. */
ACTA_API void acta_schedule_async(acta_app *app, acta_str key, const acta_table *command, const void *value,
    acta_when when, const acta_schedule_options *options, acta_schedule_done done, void *user);

/*
 * Cancel what has a key, and wait until that is on disk.
 *   in_time_out  may be NULL. True: it never runs again. False: a run's time has come; it is under way, or through, and not
 *                called back. One that runs once is then left as it is, but for a parked one, which goes (it may have run
 *                before); one that recurs ends with that run
 * Errors: ACTA_NOT_FOUND  there is none: it has run, was cancelled, or never was
 *         ACTA_TIMEOUT, ACTA_FAILED  it may be cancelled all the same
 *         ACTA_INVALID, ACTA_STOPPED, ACTA_NO_MEMORY, and those of acta_store_commit
 * Threads: any but an actor's.
 */
ACTA_API acta_status acta_schedule_cancel(acta_app *app, acta_str key, bool *in_time_out, acta_error *error);
ACTA_API void acta_schedule_cancel_async(acta_app *app, acta_str key, acta_schedule_done done, void *user);

/*
 * Try parked ones again, under the same command ids.
 *   key  one of the application's; absent: all that are parked, those of process managers too
 * Errors: ACTA_NOT_FOUND  none of this key is parked; otherwise as acta_schedule_cancel. Threads: any but an actor's.
 */
ACTA_API acta_status acta_schedule_resume(acta_app *app, acta_str key, acta_error *error);

/* -- what is scheduled -- */

typedef enum acta_scheduled_state { ACTA_SCHEDULED_WAITING, ACTA_SCHEDULED_PARKED } acta_scheduled_state;

typedef struct acta_scheduled {
    acta_str key;
    /* What it is of: "bank.Transfers", or "bank.Transfers.NAME" of a process manager that was given a name, and its
     * instance; absent: the application's. */
    acta_str manager, instance;
    acta_str command;        /* "bank.Deposit" */
    const acta_table *table; /* NULL: this schema has no such command */
    acta_bytes payload;      /* bank_Deposit_read(scheduled->payload, &deposit); empty where table is NULL */
    acta_scheduled_state state;
    int64_t due_us; /* its next time; PARKED: the one that failed */
    acta_str cron;  /* absent: it runs once */
    int32_t utc_offset_min;
    acta_missed missed;
    int64_t last_us;   /* the time of its last run that has ended; 0: none has */
    uint64_t runs;     /* that were answered */
    uint32_t failures; /* runs in a row that were given up, or rejected */
    acta_str reason;   /* of the last of these */
} acta_scheduled;

/*
 * All that is scheduled, in the order of their keys, the application's first. A consistent view, as of now.
 *   prefix  of the keys of the application; absent: all, and those of process managers
 *   see     stops when it returns false; what it gets lives until it returns
 * Errors: ACTA_CORRUPT a row is damaged; ACTA_IO, ACTA_NO_MEMORY. Threads: any.
 */
ACTA_API acta_status acta_schedule_each(acta_app *app, acta_str prefix,
    bool (*see)(void *user, const acta_scheduled *scheduled), void *user, acta_error *error);

/* -- cron -- */

/* Which minutes an expression stands for: bit n for the number n. */
typedef struct acta_cron {
    uint64_t minutes;
    uint32_t hours, days, months; /* days 1 to 31, months 1 to 12 */
    uint32_t weekdays;            /* 0: Sunday */
    bool either_day;              /* the day of the month or that of the week is enough */
} acta_cron;

/*
 * Read an expression as cron does (crontab(5), of Paul Vixie):
 *
 *     minute 0-59   hour 0-23   day of month 1-31   month 1-12 or jan-dec   day of week 0-7 or sun-sat; 0 and 7 are Sunday
 *
 * each a list, by commas, of '*', a number, a range a-b, with a step if need be: '*' '/' n, a-b/n, a/n (from a to the end).
 * Names in any case. If both fields of days are restricted (neither begins with '*') one of them is enough. Or one of
 * @yearly @annually @monthly @weekly @daily @midnight @hourly.
 * Errors: ACTA_INVALID: the text names the field and the column, from 1; error->where is the field: "hour".
 */
ACTA_API acta_status acta_cron_parse(acta_str text, acta_cron *cron_out, acta_error *error);

/*
 * The first time behind `after_us` (µs since the Unix epoch) that the expression stands for, on a clock that is `utc_offset_min`
 * ahead of UTC. False: there is none in the next 400 years, or it is behind the year 9999.
 */
ACTA_API bool acta_cron_next(const acta_cron *cron, int32_t utc_offset_min, int64_t after_us, int64_t *next_us_out);

#ifdef __cplusplus
}
#endif
#endif
