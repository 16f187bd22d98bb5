/*
 * What a turn does when an actor, or what it was given, comes to its end. The owner's, all of it. internal.h comes with it.
 */
#ifndef ACTI_RUNTIME_END_H
#define ACTI_RUNTIME_END_H

#include "internal.h"

/* Call terminate, unless it is killed, and end. */
void acti_terminate(acti_actor *actor, const acta_exit_reason *reason);

/* A handler returned something other than ACTA_NEXT. False: the actor is gone. */
bool acti_obey_word(acti_actor *actor, acta_next next);

/* A handler has returned. False: the actor is gone. */
static inline bool
acti_obey(acti_actor *actor, acta_next next)
{
    return ACTI_LIKELY(next == ACTA_NEXT) || acti_obey_word(actor, next);
}

/* Without terminate: it was called, or must not be. */
void acti_end(acti_actor *actor, const acta_exit_reason *reason);

/* The turn of a slot without an actor: what came late is dropped, and the slot is idle, listed as free if it wasn't. */
void acti_finish_free(acti_actor *actor);

/* A node that nobody will handle: counted, answered, its memory let go of. */
void acti_drop_node(acti_actor *actor, acti_node *node);

/* The message that the handler had, unless the handler has kept it. */
void acti_drop_in_hand(acti_actor *actor);

#endif
