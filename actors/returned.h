/*
 * What a command returns: kept with it by its aggregate in the turn that decides it, given to the caller when it is durable.
 */
#ifndef ACTI_ACTORS_RETURNED_H
#define ACTI_ACTORS_RETURNED_H

#include "command.h"
#include "decision.h"

/* Keep what was decided, if the command wants it. ACTA_NO_MEMORY: nothing is kept. */
acta_status acti_command_keep_events(acti_command *command, const acta_decision *decision, acta_error *error);
acta_status acti_command_keep_state(acti_command *command, const void *state, acta_error *error);
/* Nothing is returned: it is decided anew, or goes. */
void acti_command_forget_returned(acti_command *command);

/* Give it to the caller, who waits no more: what was kept, or, of a command that was answered with what had become of it
 * before, what the log has. The events' memory is the caller's. */
acta_status acti_command_return(
    const acti_command *command, acta_memory *memory, acta_returned *returned_out, acta_error *error);

#endif
