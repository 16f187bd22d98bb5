/*
 * Audit: every command that was dispatched, what became of it, when, and how long it took.
 *
 *     acta_app_config.audit.is_on
 *
 *     dispatched -> decided, with events  -> its record is in the transaction of its events: both are there, or none
 *                -> any other end         -> its record follows by itself, right after the answer
 *
 * Records are rows of a table of the store beside the log, by the time of the dispatch and the command's id; they go when
 * `retention_ms` have passed. So they are no events: nobody subscribes to them, and what they say may be forgotten while the
 * log stays. A process that dies may take records with it of commands that have changed nothing; never one of a command whose
 * events are there.
 *
 * A command's content is kept without what the schema calls (redacted), and with what it calls (personal) sealed: who is
 * forgotten is forgotten here too. Texts of rejections and metadata are kept as they are.
 */
#ifndef ACTA_AUDIT_H
#define ACTA_AUDIT_H

#include "acta/aggregate.h"
#include "acta/memory.h"
#include "acta/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_app acta_app;

typedef struct acta_audit_config {
    bool is_on;
    bool without_payload;  /* keep no content of commands */
    uint64_t retention_ms; /* 0: 30 days */
} acta_audit_config;

/* A command as it was, and its end. Views live until the next call of the cursor. */
typedef struct acta_audit_record {
    int64_t dispatched_at_us;
    acta_id command_id, correlation_id, causation_id;
    acta_str stream;         /* "Account-alice" */
    acta_str type;           /* "bank.Deposit" */
    const acta_table *table; /* of the application's schema; NULL: it has none of this type any more */
    acta_bytes payload; /* absent: it was not kept, or not in this version of the table. Redacted fields are absent,
                              * personal ones are opened, or say that they are forgotten (marks.h) */
    acta_bytes metadata;
    bool is_of_manager;  /* a process manager sent it, or set its deadline */
    bool is_of_schedule; /* its time had come (schedule.h) */
    bool has_own_id;     /* the caller gave the id, and its outcome was kept */

    acta_status status;
    uint32_t code;        /* of a rejection */
    acta_str where, text; /* of what wasn't ACTA_OK */
    uint64_t version;     /* of the stream, if known: behind the command's events, or what a rejection was decided on */
    uint32_t event_count; /* that it has led to; 0 also when it was answered with what had become of it before */
    uint32_t decisions;   /* how often it was decided; 0: it came to no decision, or was answered from before */
    uint64_t
        duration_us; /* from the dispatch to its decision, when it has events: without the sync; else to its answer */
} acta_audit_record;

typedef struct acta_audit_read {
    bool backward;          /* the newest first */
    int64_t from_us, to_us; /* dispatched at from_us or later, and before to_us; 0: any time */
    acta_str stream;        /* only of this one; absent: any. So with all that follow */
    acta_str type;
    acta_id correlation_id;
    bool failures; /* only what wasn't ACTA_OK */
} acta_audit_read;

typedef struct acta_audit_cursor acta_audit_cursor;

/*
 * Read records, as they are when it is opened; also when no more are written. It looks at all between from_us and to_us.
 *   read  NULL: all
 * Threads: any but an actor's; waits for the disk. A cursor is one thread's.
 * Errors: ACTA_NO_MEMORY, ACTA_IO, ACTA_INVALID a time before 0
 */
ACTA_API acta_status acta_audit_open(
    acta_app *app, const acta_audit_read *read, acta_audit_cursor **cursor_out, acta_error *error);

/* The next record. ACTA_NOT_FOUND at the end; ACTA_CORRUPT a record is none, or a personal field doesn't open: the next call
 * goes on behind it. */
ACTA_API acta_status acta_audit_next(acta_audit_cursor *cursor, acta_audit_record *record_out, acta_error *error);
ACTA_API void acta_audit_close(acta_audit_cursor *cursor); /* takes NULL */

#ifdef __cplusplus
}
#endif
#endif
