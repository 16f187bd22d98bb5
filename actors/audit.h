/*
 * Audit: records of commands, written where their events are, or by themselves.
 */
#ifndef ACTI_ACTORS_AUDIT_H
#define ACTI_ACTORS_AUDIT_H

#include "acta/audit.h"

#include "command.h"

/* Into the transaction of a command that was decided, whose answer is set. Sets is_audited. Does nothing where audits are off. */
bool acti_audit_put(acta_transaction *transaction, acti_command *command, uint32_t event_count);

/*
 * The command has got its answer: if no transaction of its own has a record, one is written now, which nobody waits for.
 *   is_answered  false: it may still be under way, and then have a record of its own, which stays
 */
void acti_audit_answered(acti_command *command, bool is_answered, acta_status status, const acta_error *error);

/* Let at most `count_max` records go that are older than retention; for periodic calls. */
acta_status acti_audit_expire(acta_app *app, uint32_t count_max, uint32_t *count_out, acta_error *error);

#endif
