/*
 * What an operator does with the readers of a running application: look, pause, let go on, try again what is parked, give
 * up an event, begin all over again.
 *
 *     acta_reader_pause(app, "mailer", &(acta_operator){ .by = "anna", .why = "mails go to the wrong list" }, &error);
 *     acta_reader_skip(app, "mailer", 4711, &op, &error);            // the event that it is stuck at
 *     acta_reader_replay(app, "mailer", NULL, &op, &count, &error);  // all that is parked, key by key, in order
 *
 * Each order is durable when it returns ACTA_OK, and noted in the same transaction (acta_reader_audit), so that a crash
 * leaves both or neither. State, position and lag of all: acta_app_readers (app.h). docs/readers.md.
 *
 * Threads: any but an actor's. They wait until the reader has come to it and the disk has it.
 * Errors of all orders: ACTA_NOT_FOUND the application has no such reader; ACTA_TIMEOUT it may still take effect, asking
 * again tells; ACTA_READ_ONLY, ACTA_UNKNOWN_OUTCOME the store takes no writes any more; ACTA_STOPPED; ACTA_NO_MEMORY.
 */
#ifndef ACTA_READERS_H
#define ACTA_READERS_H

#include "acta/app.h"
#include "acta/consumer_group.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ACTA_OPERATOR_TEXT_MAX = 96 }; /* bytes of `by` and of `why`, with the NUL; the rest is cut */

/* Who gives an order, for the notes. NULL instead: nobody says. */
typedef struct acta_operator {
    const char *by, *why; /* NULL: "" */
    uint32_t timeout_ms;  /* 0: 5,000 */
} acta_operator;

/* Begin nothing any more; what is under way ends. It stays so across starts, until it is resumed. Twice is once. */
ACTA_API acta_status acta_reader_pause(acta_app *app, const char *name, const acta_operator *op, acta_error *error);

/* Go on: after a pause, or after an error callback has stopped it: then the event comes again that it stopped at. */
ACTA_API acta_status acta_reader_resume(acta_app *app, const char *name, const acta_operator *op, acta_error *error);

/* What of all that is aside. Both empty: everything. */
typedef struct acta_parked_choice {
    acta_str key;      /* the events of this key: of a stream, an instance, what `partition` says */
    uint64_t position; /* this event alone, which must be the first of its key; its later ones stay parked */
} acta_parked_choice;

/*
 * Try again what is parked, or waits for another try: each key its first event, and when that is done the next. What fails
 * again is parked again (or what the error callback says).
 *   choice     NULL: everything
 *   count_out  how many events are aside of the keys that are tried; may be NULL
 * Errors: ACTA_NOT_FOUND nothing of it is aside; ACTA_INVALID an earlier event of its key is aside: the text names it.
 */
ACTA_API acta_status acta_reader_replay(acta_app *app, const char *name, const acta_parked_choice *choice,
    const acta_operator *op, uint64_t *count_out, acta_error *error);

/*
 * Give up the event at `position`, which is parked, waits for another try, or is where the reader has stopped: it counts as
 * done, and the next one of its key is tried. Its record stays in the log.
 * Errors: ACTA_NOT_FOUND it is not aside; ACTA_BUSY it is being tried right now; ACTA_INVALID an earlier event of its key is
 *         aside, or it is commands of a process manager that are stuck: those are its own business.
 */
ACTA_API acta_status acta_reader_skip(
    acta_app *app, const char *name, uint64_t position, const acta_operator *op, acta_error *error);

/*
 * Set an event handler or a projection back to nothing while the application runs, as acta_reader_reset (handler.h) does
 * for a stopped one: what is under way ends, before_reset is asked, then checkpoint, parked events and rows go in one
 * transaction, and it begins anew where its start_from says. Events that it had handled come with
 * acta_handling.is_replay.
 *   row_tables  as of acta_reader_reset
 * Errors: ACTA_INVALID a process manager, which can't be reset, or a projection into a database; too many rows for one
 *         transaction; what before_reset returned. Then nothing has changed, and it goes on.
 */
ACTA_API acta_status acta_reader_reset_live(
    acta_app *app, const char *name, const acta_table *const *row_tables, const acta_operator *op, acta_error *error);

/*
 * Make a projection's rows in the store anew, from the log's beginning, beside those that there are, which go on answering and
 * following meanwhile. When the new ones have caught up they count, all of them from one moment on and in one transaction with
 * the projection's position; who waits for the projection (wait_for) finds no row go back. Then the old ones are removed. For
 * rows that are made in another way from now on.
 *
 * The projection's functions are called on the calling thread, and at the same time by its reader: they must bear that. An
 * event that fails ends the rebuild; what the reader has parked comes again, too. How far it is: acta_app_readers. It waits as
 * long as it takes, op->timeout_ms says nothing. Whatever ends it before the new rows count, the old ones go on as they were;
 * what is made so far stays, and the next call with the same tables goes on there, also after a restart, until it is called off.
 *   row_tables  the read models that it writes, the last one NULL, 1 to 64; none that another projection writes, too
 *   op          for the note
 * Threads: any but an actor's. acta_app_stop waits for it, and it ends soon then.
 * Errors: those of all orders, and ACTA_INVALID: it is no projection, or one into a database, or it writes a table that is not
 *         among these; ACTA_BUSY: it is being rebuilt; ACTA_STOPPED: called off; what the projection's function has returned for
 *         an event, whose position the text tells; those of acta_store_commit. After ACTA_UNKNOWN_OUTCOME the next start of the
 *         application tells which rows count: the old ones, or the new ones.
 */
ACTA_API acta_status acta_reader_rebuild(
    acta_app *app, const char *name, const acta_table *const *row_tables, const acta_operator *op, acta_error *error);

/*
 * Call off a rebuild, under way or broken off, and remove what it has made. The rows that count stay.
 * Threads: any but an actor's. Errors: those of all orders, and ACTA_NOT_FOUND: there is none, or its rows count already.
 */
ACTA_API acta_status acta_reader_rebuild_cancel(
    acta_app *app, const char *name, const acta_operator *op, acta_error *error);

/* An event that is aside, and its record. What it gets lives until it returns; false: that is enough. */
typedef bool acta_parked_see(void *user, const acta_parked *parked, const acta_recorded *recorded);

/*
 * What a reader has aside, by key and position, as of now; whether it runs or not.
 *   recorded of `see` is NULL when the record is gone, or can't be read
 * Threads: any. Errors: those of acta_parked_cursor_open and _next.
 */
ACTA_API acta_status acta_reader_parked(
    acta_store *store, const char *name, acta_parked_see *see, void *user, acta_error *error);

/* One order that was carried out. */
typedef struct acta_reader_note {
    const char *name; /* the reader's */
    int64_t at_us;
    acta_str text; /* "skip position 4711 by anna: a mail to nobody" */
} acta_reader_note;
typedef bool acta_reader_note_see(void *user, const acta_reader_note *note);

/* The orders that were given to a reader, oldest first. Threads: any. Errors: those of acta_row_cursor_open and _next. */
ACTA_API acta_status acta_reader_audit(
    acta_store *store, const char *name, acta_reader_note_see *see, void *user, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
