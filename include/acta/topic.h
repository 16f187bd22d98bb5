/*
 * Topics: groups of actors by name, and messages to all of a group (OTP's pg, Phoenix's PubSub), inside one runtime.
 *
 *     acta_topic_join(runtime, acta_str_of("prices"), acta_self_pid(self), &error);            // a member
 *     acta_topic_publish(runtime, acta_str_of("prices"), message, (acta_pid){ 0 }, &result);   // anybody
 *
 * A topic is there while it has members. An actor leaves all its topics when it ends, before anybody is told of its end.
 * Who has joined before a publish begins gets it, once; who has left before, or joins later, doesn't; who leaves while it
 * goes on may. What one publisher publishes to a topic reaches each member in that order; of two that publish at once, one
 * member may get the one first and another the other.
 *
 * Threads: any, in and outside actors. A publish takes a few members at a time, and holds no lock while it gives them the
 * message: joins, leaves and other publishes go on meanwhile. It costs its caller a send a member, and one allocation for
 * each 1,024 members, for what mailboxes are made of: 80 bytes a member. The payload isn't copied.
 */
#ifndef ACTA_TOPIC_H
#define ACTA_TOPIC_H

#include "acta/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ACTA_TOPIC_NAME_MAX = 512 }; /* bytes */

/*
 * Make an actor a member of a topic. One that is a member already stays one, once.
 *   topic  1 to ACTA_TOPIC_NAME_MAX bytes, any
 *   pid    the actor; need not be the caller
 * Errors: ACTA_NOPROC it isn't alive; ACTA_INVALID the name; ACTA_NO_MEMORY. After one it isn't a member by this call.
 */
ACTA_API acta_status acta_topic_join(acta_runtime *runtime, acta_str topic, acta_pid pid, acta_error *error);

/* Let an actor leave a topic. What was published before may still be in its mailbox, and what is being published now may
 * still come. ACTA_NOT_FOUND: it is no member. */
ACTA_API acta_status acta_topic_leave(acta_runtime *runtime, acta_str topic, acta_pid pid, acta_error *error);

/*
 * The members of a topic as of now, in no order, without those who leave while it looks; returns how many there are, 0 when
 * there is no such topic.
 *   pids_out  gets the first `room` of them; may be NULL when room is 0
 */
ACTA_API uint32_t acta_topic_members(acta_runtime *runtime, acta_str topic, acta_pid *pids_out, uint32_t room);

typedef struct acta_publish_result {
    uint32_t sent;    /* members whose mailbox took it */
    uint32_t refused; /* members whose mailbox was full, or for whom there was no memory: they miss it */
} acta_publish_result;

/*
 * Send a message to all members of a topic: each gets it as a cast with its tag, size and payload.
 *   message     owned by the call, whatever it returns. Its payload is shared by those who get it, who must not write to
 *               it; its `destroy` is called once, when the last of them is done with it. Shared bytes don't count against
 *               a mailbox's bound in bytes. Who keeps what it got for long keeps the payload, and the 80 bytes of each
 *               of the 1,024 members that were served with it: better copy it.
 *   except      a member that is to be left out, such as the publisher; {0}: none
 *   result_out  may be NULL
 * Errors: ACTA_NO_MEMORY nobody got it (also for a message of NULL). A topic without members is no error: nobody is told.
 */
ACTA_API acta_status acta_topic_publish(
    acta_runtime *runtime, acta_str topic, acta_message *message, acta_pid except, acta_publish_result *result_out);

#ifdef __cplusplus
}
#endif
#endif
