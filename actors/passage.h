/*
 * Passage: a command on its way through the application's middleware, and what its dispatcher does at both ends.
 */
#ifndef ACTI_ACTORS_PASSAGE_H
#define ACTI_ACTORS_PASSAGE_H

#include "acta/middleware.h"

#include "command.h"

/*
 * Run `before`, if there is any, on a command that is ready to go. True: on to the aggregate. False: it is answered: *status_out
 * and *error, which acti_passage_end is to be called with like any other answer.
 */
bool acti_passage_begin(acti_command *command, bool is_of_manager, acta_status *status_out, acta_error *error);

/*
 * The answer has come: run `after` or `failure`. Once for each that has begun; further calls do nothing. Returns what the
 * caller is to be told.
 *   status, error  the answer; *error is read unless status is ACTA_OK, and may be written
 */
acta_status acti_passage_end(acti_command *command, acta_status status, acta_error *error);

/* Is there anything to do between its answer and the caller? */
bool acti_command_wants_conclusion(const acti_command *command);
/* Do it: what the caller is to be told. Parameters as of acti_passage_end. */
acta_status acti_command_conclude(acti_command *command, acta_status status, acta_error *error);
/* Nobody waits for the answer any more, which has not come. Takes NULL. */
void acti_command_conclude_unanswered(acti_command *command);

void acti_passage_free(acti_command *command); /* with its command */

#endif
