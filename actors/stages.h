/*
 * Stages of commands, as they are timed. acta/stages.h says what they are.
 *
 * A command that is not timed costs a multiplication. One that is has `submitted_ns`, and `durable_ns` from then on.
 */
#ifndef ACTI_ACTORS_STAGES_H
#define ACTI_ACTORS_STAGES_H

#include "acta/stages.h"

#include "command.h"

typedef struct acti_stages acti_stages;

/* NULL: no memory. `every`: as in acta_app_config. */
acti_stages *acti_stages_create(const acta_allocator *allocator, uint32_t every);
void acti_stages_destroy(const acta_allocator *allocator, acti_stages *stages); /* takes NULL */

/* Is this command timed? The same answer each time. */
bool acti_stages_choose(const acti_command *command);

void acti_stages_add(acta_app *app, acta_stage stage, uint64_t ns);

/* Its append is durable, but nobody was told. */
void acti_stages_durable(acti_command *command, const acta_commit_result *result);
/* Whoever dispatched it has its answer. */
void acti_stages_answered(const acti_command *command);

#endif
