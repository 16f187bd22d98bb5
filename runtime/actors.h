/*
 * Looking at an actor that isn't ours. internal.h comes with it.
 */
#ifndef ACTI_RUNTIME_ACTORS_H
#define ACTI_RUNTIME_ACTORS_H

#include "internal.h"

/* The behaviour in the life that *life_out tells; NULL: it isn't alive. Under actor_lock, and valid as long as that is held;
 * its name, which is the user's, as long as the runtime. */
const acta_behaviour *acti_behaviour_in_life(const acti_actor *actor, uint64_t *life_out);

#endif
