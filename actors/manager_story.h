/*
 * The story of an instance: what its files share.
 *
 *     manager_event.c, manager_outbox.c --batch--> rows (manager_story_rows.c) --> acta_manager_story (manager_story.c), which
 *                                                                                  applies the events again
 */
#ifndef ACTI_ACTORS_MANAGER_STORY_H
#define ACTI_ACTORS_MANAGER_STORY_H

#include "manager.h"

/* What is told by one row. */
typedef struct acti_story_row {
    acta_story_kind kind;
    bool begins, ends;
    uint64_t position;
    uint32_t generation; /* of the commands that it is about */
    int64_t at_us;
    uint32_t index;               /* of the command that it is about, or of the first that is left out */
    uint32_t count;               /* of those that were sent */
    acta_story_command *commands; /* read */
    acta_str type, why;
} acti_story_row;

/* Into the batch of an event that was handled; of `outbox`, its commands. Nothing where no story is kept. */
acta_status acti_story_put_event(
    const acti_instance *i, acta_transaction *batch, const acti_outbox *outbox, acta_str type, acta_error *error);
/* Into the batch that leaves commands out: SKIPPED, REPLACED (by next_outbox), ENDED. */
acta_status acti_story_put_commands(const acti_instance *i, acta_transaction *batch, acta_story_kind kind,
    uint32_t index, const char *why, acta_error *error);

acta_bytes acti_story_prefix(acta_str id, acta_memory *memory); /* data NULL: no memory */
bool acti_story_is_of(acta_bytes key, acta_str id);
/* Into `memory`. */
acta_status acti_story_decode(
    acta_bytes key, acta_bytes value, acta_memory *memory, acti_story_row *row_out, acta_error *error);

#endif
