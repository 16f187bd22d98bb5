/*
 * Many requests at once: sent to many actors, their answers taken in the order they come, each with the label that it
 * was sent with, by one deadline for all.
 *
 *     acta_request_group *group;                                       // on a thread outside of actors
 *     acta_request_group_create(runtime, &group, &error);
 *     for (uint64_t i = 0; i < count; i++)
 *         acta_request_group_send(group, shards[i], acta_message_create(runtime, QUERY, 0), i);
 *     acta_request_group_set_deadline(group, 200, ACTA_REQUESTS_ABANDON);
 *     acta_request_answer answer;
 *     while (acta_request_group_wait(group, ACTA_INFINITE, &answer, &error) == ACTA_OK) {
 *         if (answer.status == ACTA_OK) use(answer.label, answer.reply);
 *         acta_message_destroy(answer.reply);
 *     }
 *     acta_request_group_destroy(group);
 *
 * An actor, which never waits, has acta_requests: the answers come to its handle_info, where acta_requests_take tells
 * which they are.
 */
#ifndef ACTA_REQUEST_H
#define ACTA_REQUEST_H

#include "acta/gen_server.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes, at the deadline, of those that have not been answered. */
typedef enum acta_requests_deadline {
    ACTA_REQUESTS_ABANDON = 0, /* they leave the collection; a reply that comes later is dropped and counted as late */
    ACTA_REQUESTS_KEEP         /* they stay, and there is no deadline any more: wait again, or set another */
} acta_requests_deadline;

/* -- outside of actors -- */

typedef struct acta_request_group acta_request_group;

typedef struct acta_request_answer {
    uint64_t label;
    acta_status
        status; /* what the server answered; ACTA_NOPROC, ACTA_FAILED, ACTA_BUSY, ACTA_STOPPED as in acta_call */
    acta_message *reply; /* the caller's, to be destroyed; NULL: there is none */
    acta_error error;    /* when status isn't ACTA_OK */
} acta_request_answer;

/* A new, empty group. One thread at a time may use it; it must be destroyed before the runtime. ACTA_NO_MEMORY. */
ACTA_API acta_status acta_request_group_create(
    acta_runtime *runtime, acta_request_group **group_out, acta_error *error);

/* Abandon what is left and free the group, with the answers that nobody took. Takes NULL. */
ACTA_API void acta_request_group_destroy(acta_request_group *group);

/*
 * Send one request. Owns `request`, whatever it returns. Fails with ACTA_NO_MEMORY only, and then nothing comes: what
 * can't be delivered comes as an answer of its own, so that one bad address loses none of the others.
 *   label  any number; need not be unique
 */
ACTA_API acta_status acta_request_group_send(
    acta_request_group *group, acta_pid to, acta_message *request, uint64_t label);

/* One deadline for all that the group has and will have, `timeout_ms` from now; ACTA_INFINITE: none. It is looked at by
 * acta_request_group_wait. */
ACTA_API void acta_request_group_set_deadline(
    acta_request_group *group, uint32_t timeout_ms, acta_requests_deadline then);

/*
 * The next answer, in the order they came. An answer that is there is given though the deadline has passed.
 *   timeout_ms  for this call only; ACTA_INFINITE: until the group's deadline
 *   answer_out  written on ACTA_OK only
 * Errors: ACTA_NOT_FOUND nothing is left to wait for; ACTA_TIMEOUT this call's time, which changes nothing, or the
 *         group's deadline, after which the rest was dealt with as the deadline said; ACTA_CALLING_SELF inside an actor.
 */
ACTA_API acta_status acta_request_group_wait(
    acta_request_group *group, uint32_t timeout_ms, acta_request_answer *answer_out, acta_error *error);

/* Requests that have no answer yet, and answers that nobody took. */
ACTA_API uint32_t acta_request_group_count(const acta_request_group *group);

/* Give up all that is left, with the answers that nobody took. The group is empty, and can be used again. */
ACTA_API void acta_request_group_abandon(acta_request_group *group);

/* -- inside an actor -- */

/* Give up one request of this actor: no ACTA_INFO_REPLY of it is seen from here on. True: it had no answer yet. */
ACTA_API bool acta_request_abandon(acta_self *self, acta_ref ref);

typedef struct acta_requests acta_requests;

/* A new, empty collection in the actor's memory: it ends with the actor. NULL: no memory. */
ACTA_API acta_requests *acta_requests_create(acta_self *self);

/* Abandon what is left and free the collection. Takes NULL. */
ACTA_API void acta_requests_destroy(acta_self *self, acta_requests *requests);

/* acta_request into the collection, without a timeout of its own. ACTA_NO_MEMORY: nothing was sent, nothing comes. */
ACTA_API acta_status acta_requests_send(
    acta_self *self, acta_requests *requests, acta_pid to, acta_message *request, uint64_t label);

/* Put a request that is under way (acta_request, acta_request_stop) into the collection. ACTA_ALREADY_EXISTS: it is in it;
 * ACTA_NOT_FOUND: there is no such request, or it has been answered; ACTA_NO_MEMORY. */
ACTA_API acta_status acta_requests_add(acta_self *self, acta_requests *requests, acta_ref ref, uint64_t label);

/* One deadline for all in it, `timeout_ms` from now, in place of an earlier one; ACTA_INFINITE: none. ACTA_NO_MEMORY. */
ACTA_API acta_status acta_requests_set_deadline(
    acta_self *self, acta_requests *requests, uint32_t timeout_ms, acta_requests_deadline then);

typedef enum acta_requests_event {
    ACTA_REQUESTS_OTHER = 0, /* the information isn't this collection's */
    ACTA_REQUESTS_ANSWER,    /* one of its requests is answered: status, message and error are in `info` */
    ACTA_REQUESTS_TIMEOUT    /* its deadline has passed; the rest was dealt with as the deadline said */
} acta_requests_event;

/* In handle_info, first thing: is this the collection's? An answered request leaves it.
 *   label_out  written with ACTA_REQUESTS_ANSWER */
ACTA_API acta_requests_event acta_requests_take(
    acta_self *self, acta_requests *requests, const acta_info *info, uint64_t *label_out);

/* How many have not been answered. */
ACTA_API uint32_t acta_requests_count(const acta_requests *requests);

/* Give up all that is left, and the deadline. */
ACTA_API void acta_requests_abandon(acta_self *self, acta_requests *requests);

#ifdef __cplusplus
}
#endif
#endif
