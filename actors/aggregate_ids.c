/*
 * Command ids: the same id again gets the first answer, whatever became of the caller, the actor or the process.
 *
 *     under way here   -> wait for it (the twin), unless the payload is another one
 *     outcome stored   -> that is the answer, unless the payload is another one; it may be of a batch that is being
 *                         committed, and so goes out behind all that was submitted before
 *     neither          -> execute; the outcome is written in the same transaction as the events, and the committer
 *                         refuses it if another one came first (a twin of an earlier incarnation)
 */
#include "aggregate_actor.h"

enum { SWEEP_FIRST = 32 };

typedef struct acti_seen_id {
    acti_map_node node;
    struct acti_seen_id *next;
    acti_command *command; /* a reference */
} seen_id;

void
acti_seen_ids_init(acti_aggregate_actor *a)
{
    acti_map_init(&a->work->ids.map, &a->app->warm, a->app->hash_seed);
    a->work->ids.sweep_at = SWEEP_FIRST;
}

static void
seen_free(acti_aggregate_actor *a, seen_id *seen)
{
    acti_map_remove(&a->work->ids.map, &seen->node);
    acti_command_unref(seen->command);
    acti_spare_free(a->app, seen, sizeof *seen);
}

void
acti_seen_ids_clear(acti_aggregate_actor *a)
{
    for (seen_id *seen = a->work->ids.first, *next; seen != NULL; seen = next) {
        next = seen->next;
        seen_free(a, seen);
    }
    a->work->ids.first = NULL;
}

/* Let those go whose append has ended: their outcome is stored, or they are executed again. */
static void
sweep(acti_aggregate_actor *a)
{
    seen_id **at = &a->work->ids.first;

    while (*at != NULL) {
        seen_id *seen = *at;
        if (acti_pipeline_has_ended(seen->command)) {
            *at = seen->next;
            seen_free(a, seen);
        } else
            at = &seen->next;
    }
    a->work->ids.sweep_at = a->work->ids.map.count * 2 > SWEEP_FIRST ? a->work->ids.map.count * 2 : SWEEP_FIRST;
}

acta_status
acti_command_digest(acti_command *command, acta_error *error)
{
    const acta_table *table = command->aggregate->code->commands[command->number];
    acta_bytes parts[] = { acta_str_bytes(command->stream), acta_str_bytes(acta_str_of(table->name)),
        command->payload };
    acta_memory *memory = NULL;
    acta_status status = ACTA_OK;

    /* The digest is kept: nothing of it may depend on what can be forgotten, nor tell of it. */
    if (acta_table_is_marked(table, ACTA_MARK_PERSONAL)) {
        memory = acta_memory_create(&command->app->warm);
        status = memory != NULL ? acti_personal_omit(table, command->payload, memory, &parts[2], error)
                                : acta_error_set(error, ACTA_NO_MEMORY, "no memory for a '%s'", table->name);
    }
    if (status == ACTA_OK) command->digest = acta_digest_of(parts, 3);
    acta_memory_destroy(memory);
    return status;
}

static acta_str
key_of(const acti_command *command)
{
    return acta_str_from(command->envelope.command_id.bytes, ACTA_ID_SIZE);
}

static bool
is_same_command(const acta_digest *a, const acta_digest *b)
{
    return memcmp(a, b, sizeof *a) == 0 || ACTA_PLANT("digest_ignored");
}

/* An outcome that an import has made of events knows no digest. */
static bool
is_of_command(const acta_outcome *outcome, const acti_command *command)
{
    static const acta_digest unknown;
    return is_same_command(&outcome->command_digest, &command->digest) ||
           memcmp(&outcome->command_digest, &unknown, sizeof unknown) == 0;
}

static void
set_reused(acti_command *command)
{
    char id[ACTA_ID_TEXT_SIZE];
    acta_error error;

    acta_error_set(&error, ACTA_COMMAND_ID_REUSED,
        "command id %s was used before, with another command or other content; give each command an id of its own",
        acta_id_format(command->envelope.command_id, id));
    acti_command_set_answer(command, ACTA_COMMAND_ID_REUSED, 0, &error);
}

static acti_id_verdict
join_twin(acti_aggregate_actor *a, acti_command *twin, acti_command *command)
{
    if (is_same_command(&twin->digest, &command->digest)) {
        acti_command_set_answer(command, ACTA_OK, 0, NULL);
        command->twin = true;
    } else
        set_reused(command);

    switch (acti_pipeline_attach_to(a, twin, command)) {
    case ACTI_ATTACHED:
        ACTA_SOMETIMES(&a->app->environment, "command.joined.twin");
        return ACTI_ID_ATTACHED;
    case ACTI_DURABLE:
        if (command->twin) {
            acti_command_set_answer(command, twin->status, twin->version, twin->error);
            command->position = twin->position;
        }
        return ACTI_ID_ANSWERED;
    case ACTI_BROKEN:
        break;
    }
    return ACTI_ID_BROKEN;
}

/* The answer is set. It goes out behind an empty transaction, that is behind what is being committed: rows can be read a moment
 * before the batch that has them is through. */
static acti_id_verdict
answer_behind_commits(acti_aggregate_actor *a, acti_command *command)
{
    acta_transaction *barrier = acta_transaction_create(a->app->store);
    acta_error error;

    acta_status status = barrier != NULL ? acti_pipeline_submit(a, command, barrier, &error)
                                         : acta_error_set(&error, ACTA_NO_MEMORY, "no memory to answer a command");
    if (status == ACTA_OK) return ACTI_ID_ATTACHED;
    acti_command_set_answer(command, status, 0, &error);
    return ACTI_ID_ANSWERED;
}

static acti_id_verdict
use_stored(acti_aggregate_actor *a, acti_command *command)
{
    acta_outcome outcome;
    acta_error error;
    acta_status status = acta_store_outcome(a->app->store, command->envelope.command_id, &outcome, &error);

    if (status == ACTA_NOT_FOUND || ACTA_PLANT("outcome_ignored")) return ACTI_ID_NEW;
    ACTA_SOMETIMES(&a->app->environment, "command.answered.from.store");
    if (status != ACTA_OK) {
        acti_command_set_answer(command, status, 0, &error);
        return ACTI_ID_ANSWERED;
    }
    if (is_of_command(&outcome, command))
        acti_command_answer_from(command, &outcome);
    else
        set_reused(command);
    /* A store that takes no more has nothing on its way. */
    bool may_be_ahead = acta_store_health(a->app->store, NULL) == ACTA_OK && !ACTA_PLANT("repeated_answer_ahead");
    return may_be_ahead ? answer_behind_commits(a, command) : ACTI_ID_ANSWERED;
}

acti_id_verdict
acti_command_id_check(acti_aggregate_actor *a, acti_command *command)
{
    command->twin = false;
    if (ACTA_SIM_CHANCE(&a->app->environment, "command.looked.up", 25)) command->fresh = false;
    if (!command->recorded) return ACTI_ID_NEW;
    if (a->work->ids.first != NULL) {
        if (acti_pipeline_count(a->work->pipeline) == 0) acti_seen_ids_clear(a);
        acti_map_node *node = acti_map_find(&a->work->ids.map, key_of(command));
        if (node != NULL) return join_twin(a, ACTI_CONTAINER(node, seen_id, node)->command, command);
    }
    return command->fresh ? ACTI_ID_NEW : use_stored(a, command);
}

void
acti_command_id_seen(acti_aggregate_actor *a, acti_command *command)
{
    /* A fresh one has no twin: who derived its id waits for this answer. Should there be one all the same, or no memory
     * here, the committer refuses the second. */
    if (!command->recorded || command->fresh) return;
    if (a->work->ids.map.count >= a->work->ids.sweep_at) sweep(a);
    seen_id *seen = acti_spare_alloc(a->app, sizeof *seen);
    if (seen == NULL) return;

    seen->command = acti_command_ref(command);
    seen->next = a->work->ids.first;
    a->work->ids.first = seen;
    acti_map_add(&a->work->ids.map, &seen->node, key_of(command));
}
