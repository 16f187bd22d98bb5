/*
 * Offload: blocking work for an actor, on threads that may block.
 *
 * A handler must not block: it would hold up its worker. What has to (a file, a resolver, a database's client, a long
 * computation) is a function that a small pool of threads runs; its result comes back to the actor as the answer to a
 * request.
 *
 *     static acta_status
 *     resolve(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
 *     {
 *         struct addrinfo *found;
 *         if (getaddrinfo(argument->payload, NULL, NULL, &found) != 0)
 *             return acta_error_set(error, ACTA_NOT_FOUND, "cannot resolve '%s'", (char *)argument->payload);
 *         *result_out = address_message(acta_job_runtime(job), found);
 *         freeaddrinfo(found);
 *         return ACTA_OK;
 *     }
 *
 *     acta_offload(self, resolve, name, 5000, &state->lookup);          in a handler
 *     … ACTA_INFO_REPLY with ref == state->lookup, status, message …    in handle_info, later
 *
 * The pool has runtime_config.offload_threads threads (default 4), each started when there is work and no idle one;
 * none while nothing is offloaded. They sleep while there is nothing to do. Work that all threads are too busy for waits
 * in a queue of runtime_config.offload_queue_max (default 1,024), first come, first served. In a manual runtime
 * acta_runtime_step runs the work, as one more choice of the driver's behind the ready actors, so that a simulation
 * repeats itself.
 */
#ifndef ACTA_OFFLOAD_H
#define ACTA_OFFLOAD_H

#include "acta/gen_server.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ACTA_OFFLOAD_THREADS_DEFAULT = 4, ACTA_OFFLOAD_QUEUE_DEFAULT = 1024 };

typedef struct acta_job acta_job; /* one run of a piece of work, seen from inside */

/*
 * The work. Runs on a thread of the pool, never on two at once for one acta_offload, and may block.
 *   argument    what acta_offload was given; NULL if it was NULL. Borrowed until the work returns, unless it is made the
 *               result
 *   result_out  NULL at first; set it to a message for the actor, or to `argument` to send that back. May stay NULL
 *   error       goes to the actor with a status other than ACTA_OK; never NULL
 * It is outside of all actors: it may call acta_send, acta_call, acta_call_async, acta_spawn (without link and monitor),
 * acta_reply, acta_message_create; and nothing that takes an acta_self, and not acta_runtime_stop or _destroy. It shares
 * nothing with its actor but the argument: the actor may be gone by now.
 * A stop of the runtime waits for work that has begun, so long work asks acta_job_is_wanted now and then.
 */
typedef acta_status (*acta_work)(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error);

/*
 * Have work done. Exactly one ACTA_INFO_REPLY with *ref_out comes, whatever happens, unless the actor ends or calls
 * acta_offload_cancel before:
 *   status of the work    with its result (message, may be NULL) and, unless it is ACTA_OK, its error
 *   ACTA_BUSY             the queue is full: nothing was done, try later
 *   ACTA_TIMEOUT          no result came in time; work that had not begun never will, a later result is destroyed
 *   ACTA_IO               there is no thread, and the system gives none
 *
 *   argument    owned by the work from here on, whatever this returns; NULL: none. Destroyed once, on any thread: after
 *               the work, or as soon as it is clear that the work will not run
 *   timeout_ms  from now to the result; ACTA_INFINITE for none
 *   ref_out     may be NULL
 * Threads: a handler of `self`. Blocks: never.
 * Errors: ACTA_NO_MEMORY, in which case no answer comes.
 */
ACTA_API acta_status acta_offload(
    acta_self *self, acta_work work, acta_message *argument, uint32_t timeout_ms, acta_ref *ref_out);

/*
 * Give work up. No answer comes for `ref` afterwards, not even one that is in the mailbox.
 * True: the work had not begun, and never will. False: it runs or has run, or `ref` is unknown; its result is destroyed.
 */
ACTA_API bool acta_offload_cancel(acta_self *self, acta_ref ref);

ACTA_API acta_runtime *acta_job_runtime(const acta_job *job);

/* False once nobody waits for the result: the actor ended or cancelled, or the time is over. Cheap. */
ACTA_API bool acta_job_is_wanted(const acta_job *job);

#ifdef __cplusplus
}
#endif
#endif
