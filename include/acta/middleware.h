/*
 * Middleware: functions of the application around every command.
 *
 *     dispatch --> before 1 --> before 2 --> aggregate --+
 *                                                        |  status ACTA_OK: after
 *     caller  <--  after 1 <--  after 2  <---------------+  any other:      failure
 *              or failure 1  or failure 2
 *
 *     static void check_user(acta_passage *passage, void *user)
 *     {
 *         if (acta_metadata_find(acta_passage_metadata(passage), S("user")).size == 0)
 *             acta_passage_respond(passage, ACTA_REJECTED, 401, "unknown_user", "who are you?");
 *     }
 *     static const acta_middleware users = { .name = "users", .before = check_user };
 *     static const acta_middleware *const middleware[] = { &users, NULL };      // acta_app_config.middleware
 *
 * `before` runs in the order of the list, the other two in the opposite order. Each whose `before` was reached, also when it
 * has none, gets exactly one of `after` and `failure`, by the status as it is at that moment; those behind one that has
 * responded in `before` get nothing, and nor does the aggregate.
 *
 * What passes: every command that was encoded, of acta_dispatch, _async and _json, those of process managers and those of the
 * schedule; each further attempt of one of the latter two is a passage of its own. What could not become a command (no identity, a required
 * field absent, not part of the application, the application is stopping or busy) has passed nobody. An actor of an aggregate
 * that fails, a deadline and a full disk all end in `failure`. An application that is abandoned calls nobody, and where a
 * process manager's actor, or the schedule's, ends before the answer has come, `failure` says ACTA_STOPPED, whatever becomes of
 * the command.
 *
 * Threads: `before` runs on the thread that dispatches, the others on it too or, of acta_dispatch_async, on whichever thread
 * brings the answer; those of a process manager in its turn, those of the schedule in its one actor's. Several commands pass at the same time. None may wait, dispatch
 * and wait, or be called while the caller holds a lock that they take.
 */
#ifndef ACTA_MIDDLEWARE_H
#define ACTA_MIDDLEWARE_H

#include "acta/aggregate.h"
#include "acta/metadata.h"
#include "acta/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A command on its way through all of them; lives from the first `before` until the last `after` or `failure` returns. */
typedef struct acta_passage acta_passage;

typedef void acta_middleware_function(acta_passage *passage, void *user);

typedef struct acta_middleware {
    const char *name;                 /* in messages */
    acta_middleware_function *before; /* each may be NULL */
    acta_middleware_function *after;
    acta_middleware_function *failure;
    void *user;
} acta_middleware;

/* -- the command: the same in all three -- */

ACTA_API const acta_table *acta_passage_command(const acta_passage *passage);
/* Encoded: bank_Deposit_read(acta_passage_payload(passage), &deposit). Lives as long as the passage. */
ACTA_API acta_bytes acta_passage_payload(const acta_passage *passage);
ACTA_API acta_str acta_passage_stream(const acta_passage *passage); /* "Account-alice" */
ACTA_API const acta_envelope *acta_passage_envelope(const acta_passage *passage);
ACTA_API acta_bytes acta_passage_metadata(const acta_passage *passage); /* metadata.h reads them */
ACTA_API bool acta_passage_is_of_manager(
    const acta_passage *passage); /* a process manager has sent it, or set its deadline */
ACTA_API bool acta_passage_is_of_schedule(const acta_passage *passage); /* its time has come (schedule.h) */

/* -- changing it, in `before` alone -- */

/*
 * Give the events of the command a metadatum, or another value of one; an absent value takes it away.
 * Errors: ACTA_INVALID not in `before`, or what metadata.h doesn't allow; ACTA_NO_MEMORY. Nothing has changed after one.
 */
ACTA_API acta_status acta_passage_set_metadata(acta_passage *passage, acta_str name, acta_str value, acta_error *error);

/*
 * Other ids. A command id makes the command one that has been given an id: its outcome is kept (acta_dispatch_options).
 *   ids   none: as it was
 * Errors: ACTA_INVALID not in `before`; another command id for a command of a process manager or of the schedule, which know it by its own.
 */
ACTA_API acta_status acta_passage_set_ids(
    acta_passage *passage, acta_id command_id, acta_id correlation_id, acta_id causation_id, acta_error *error);

/* -- the answer -- */

/* As it is so far: ACTA_OK in `before` unless it was responded. */
ACTA_API acta_status acta_passage_status(const acta_passage *passage);
ACTA_API const acta_error *acta_passage_error(const acta_passage *passage); /* NULL: the status is ACTA_OK */
ACTA_API uint64_t acta_passage_version(const acta_passage *passage);        /* of the stream; 0: not known, or none */
ACTA_API uint64_t acta_passage_position(const acta_passage *passage);       /* of its last event; 0: none */

/*
 * Answer the command, or answer it otherwise. In `before` it goes no further: no other `before`, no aggregate, and no outcome
 * is kept. Later it changes what the caller is told and not what was stored, and which of the two functions those get that
 * come after this one.
 *   status  ACTA_OK too. For a command of a process manager or of the schedule that is: it is through; ACTA_NOPROC is taken as ACTA_FAILED
 *   code, where  as in acta_error: of ACTA_REJECTED its code and name; 0 and NULL for none
 */
ACTA_API void acta_passage_respond(acta_passage *passage, acta_status status, uint32_t code, const char *where,
    const char *format, ...) ACTA_PRINTF(5, 6);

/* -- from `before` to `after` -- */

/*
 * Keep something for those that come later: a copy of `size` bytes under a name, which takes the place of the one before.
 * Errors: ACTA_NO_MEMORY
 */
ACTA_API acta_status acta_passage_assign(
    acta_passage *passage, const char *name, const void *value, size_t size, acta_error *error);

/* What was kept, aligned for any type; NULL: nothing of this name. Lives until it is assigned anew, or the passage ends. */
ACTA_API const void *acta_passage_assigned(const acta_passage *passage, const char *name);

#ifdef __cplusplus
}
#endif
#endif
