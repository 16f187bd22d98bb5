/*
 * Aggregate: a command is executed on the state.
 *
 *     read ----------------------------------------------------------------> answered with what is under way
 *     id seen before --> its answer, or its twin's
 *     execute --> events --> applied --> rows, claims --> one transaction --> under way, the answer with it
 *             \-> none, or rejected --> its outcome, if it has an id -------> the same
 *
 * An answer that was computed from the state leaves when all that the state contains is durable.
 *
 * Not here: which command is next, and what becomes of those whose append failed (aggregate.c).
 */
#include "aggregate_actor.h"

#include "aggregate_marks.h"
#include "audit.h"
#include "counters.h"
#include "inline.h"
#include "returned.h"
#include "span.h"
#include "stages.h"

/* -- answers -- */

static void
keep_first(acti_aggregate_actor *a, acti_command *command)
{
    acti_command *hint = NULL;
    acti_command_list_insert(&a->work->kept, acti_command_ref(command), &hint);
}

/* An answer that was computed from the state, and that no append of its own carries. */
static void
answer_when_durable(acti_aggregate_actor *a, acti_command *command)
{
    switch (acti_pipeline_attach(a, command)) {
    case ACTI_ATTACHED:
        ACTA_SOMETIMES(&a->app->environment, "answer.waited.for.append");
        return;
    case ACTI_DURABLE:
        acti_command_answer(command);
        return;
    case ACTI_BROKEN:
        keep_first(a, command);
        acti_aggregate_break_state(a);
        return;
    }
}

/* -- reading -- */

static void
read_state(acti_aggregate_actor *a, acti_command *command)
{
    acta_error error;
    acta_status status = ACTA_OK;

    acti_command_forget_returned(command); /* of an answer that was void */
    if (a->version == 0)
        status =
            acta_error_set(&error, ACTA_NOT_FOUND, "there is no '" ACTA_FMT "': it has no events", ACTA_ARG(a->stream));
    else
        status = acti_command_keep_state(command, a->value, &error);
    acti_command_set_answer(command, status, a->version, &error);
    answer_when_durable(a, command);
}

/* -- executing -- */

static acta_event
event_of(const acti_aggregate_actor *a, const acta_table *table)
{
    const acta_envelope *envelope = &a->work->executing->envelope;

    return (acta_event){ .type = acta_str_of(table->name),
        .schema_hash = table->schema_hash,
        .correlation_id = envelope->correlation_id,
        .causation_id = envelope->command_id,
        .metadata = a->work->executing->metadata,
        .tags = a->work->tags,
        .tag_count = a->work->tag_count };
}

static uint8_t *
reserve_event(acta_decision *decision, const acta_table *table, size_t size)
{
    acti_aggregate_actor *a = decision->user;

    if (a->work->transaction == NULL) a->work->transaction = acta_transaction_create(a->app->store);
    if (a->work->transaction == NULL) return NULL;
    acta_event event = event_of(a, table);
    return acta_transaction_reserve(a->work->transaction, a->stream, a->version, &event, size);
}

/* What is personal in it is sealed on the way, and its tags are made. */
static acta_status
write_sealed(acti_aggregate_actor *a, const acta_table *table, const void *value, acta_error *error)
{
    acta_decision *decision = a->work->decision;

    a->work->tag_count = 0;
    if (table->mark_count == 0) return table->write(value, &decision->sink, error);

    acta_memory *memory = acti_personal_memory(&a->work->personal, a->memory);
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to seal a '%s'", table->name);
    acta_status status = acti_event_tags(table, value, memory, &a->work->tags, &a->work->tag_count, error);
    if (status == ACTA_OK) status = acti_personal_write(a->app, table, value, memory, &decision->sink, error);
    a->work->tag_count = 0;
    return status;
}

static acta_status
write_event(acta_decision *decision, const acta_table *table, const void *value, acta_error *error)
{
    acti_aggregate_actor *a = decision->user;
    if (!a->work->is_timed) return write_sealed(a, table, value, error);

    uint64_t begun_ns = acti_now_ns(a->app);
    acta_status status = write_sealed(a, table, value, error);
    a->work->encoding_ns += acti_now_ns(a->app) - begun_ns;
    return status;
}

/* For acta_state_after. */
static acta_status
open_event(
    acta_decision *decision, const acta_table *table, acta_bytes *payload, acta_memory *memory, acta_error *error)
{
    acti_aggregate_actor *a = decision->user;

    if (!acta_table_is_marked(table, ACTA_MARK_PERSONAL)) return ACTA_OK;
    return acti_personal_open(a->app, table, *payload, memory, payload, error);
}

static bool
is_expected_version(const acti_aggregate_actor *a, const acti_command *command)
{
    if (command->expected_version == 0) return true;
    return a->version == (command->expected_version == ACTA_EXPECT_NEW ? 0 : command->expected_version);
}

static void
answer_conflict(acti_aggregate_actor *a, acti_command *command)
{
    acta_error error;

    if (command->expected_version == ACTA_EXPECT_NEW)
        acta_error_set(&error, ACTA_CONFLICT, "'" ACTA_FMT "' is at version %" PRIu64 ", and was expected to be new",
            ACTA_ARG(a->stream), a->version);
    else
        acta_error_set(&error, ACTA_CONFLICT, "'" ACTA_FMT "' is at version %" PRIu64 ", %" PRIu64 " was expected",
            ACTA_ARG(a->stream), a->version, command->expected_version);
    error.actual_version = a->version;
    acti_command_set_answer(command, ACTA_CONFLICT, a->version, &error);
    answer_when_durable(a, command);
}

static void
drop_transaction(acti_aggregate_actor *a)
{
    acta_transaction_destroy(a->work->transaction);
    a->work->transaction = NULL;
}

/* Submit the transaction in hand; the answer is set. True: it is on its way. */
static bool
submit_in_hand(acti_aggregate_actor *a, acti_command *command)
{
    acta_transaction *transaction = a->work->transaction;
    acta_error error;

    a->work->transaction = NULL;
    if (a->work->is_timed) command->submitted_ns = acti_now_ns(a->app);
    if (command->recorded && !ACTA_PLANT("outcome_not_written")) {
        acta_outcome outcome = acti_command_outcome(command);
        acta_transaction_outcome(transaction, command->envelope.command_id, &outcome);
    }
    if (!acti_audit_put(transaction, command, a->work->decision->emitted_count)) {
        acta_transaction_destroy(transaction);
        acti_command_answer_with(command, ACTA_NO_MEMORY, NULL);
        return false;
    }
    acta_status status = acti_pipeline_submit(a, command, transaction, &error);
    if (status == ACTA_OK) {
        acti_command_id_seen(a, command);
        return true;
    }
    acti_command_answer_with(command, status, &error);
    return false;
}

/* What the command is to return, as it was decided and as the state is now. */
static acta_status
keep_returned(acti_aggregate_actor *a, acti_command *command, acta_error *error)
{
    if (command->returning == ACTA_RETURN_VERSION) return ACTA_OK;
    acta_status status = acti_command_keep_events(command, a->work->decision, error);
    bool is_wanted = (command->returning & ACTA_RETURN_STATE) != 0 && a->version + a->work->decision->emitted_count > 0;
    return status == ACTA_OK && is_wanted ? acti_command_keep_state(command, a->value, error) : status;
}

/* Rejected, or no events. With an id of its own the outcome is written, in the place that it was decided at. */
static void
conclude_without_events(acti_aggregate_actor *a, acti_command *command)
{
    drop_transaction(a);
    if (a->work->decision->status == ACTA_OK)
        a->work->decision->status = keep_returned(a, command, &a->work->decision->error);
    acti_command_set_answer(command, a->work->decision->status, a->version, &a->work->decision->error);
    bool is_outcome = command->status == ACTA_OK || command->status == ACTA_REJECTED;
    if (!command->recorded || !is_outcome) {
        answer_when_durable(a, command);
        return;
    }
    a->work->transaction = acta_transaction_create(a->app->store);
    if (a->work->transaction == NULL) {
        acti_command_answer_with(command, ACTA_NO_MEMORY, NULL);
        return;
    }
    acta_transaction_append(a->work->transaction, a->stream, a->version, NULL, 0);
    submit_in_hand(a, command);
}

/* Its events can't be: the state that has them is void. */
static void
answer_refused(acti_aggregate_actor *a, acti_command *command, acta_status status, const acta_error *error)
{
    drop_transaction(a);
    acti_command_set_answer(command, status, a->version, error);
    answer_when_durable(a, command);
    if (a->phase == ACTI_READY) acti_aggregate_break_state(a);
}

static void
conclude_with_events(acti_aggregate_actor *a, acti_command *command)
{
    uint64_t version_before = a->version;
    acti_unique before;
    acta_error error;

    acta_status status = acti_unique_take(a, &before, &error);
    if (status != ACTA_OK) {
        acti_unique_free(&before);
        answer_refused(a, command, status, &error);
        return;
    }

    uint64_t begun_ns = a->work->is_timed ? acti_now_ns(a->app) : 0;
    /* Applied before it is submitted: an event that apply fails on is never written. */
    for (uint32_t i = 0; i < a->work->decision->emitted_count; i++) {
        const acti_emitted *emitted = &a->work->decision->emitted[i];
        if (acti_aggregate_apply(a, emitted->number, emitted->payload, &error) == ACTA_OK) continue;
        acti_unique_free(&before);
        acta_fail(a->self, "%s", error.text);
    }
    if (a->work->is_timed) acti_stages_add(a->app, ACTA_STAGE_APPLY, acti_now_ns(a->app) - begun_ns);
    status = acti_unique_claim(a, &before, &error);
    acti_unique_free(&before);
    if (status == ACTA_OK) status = acti_inline_put(a, &error);
    if (status == ACTA_OK) status = keep_returned(a, command, &error);
    if (status != ACTA_OK) {
        answer_refused(a, command, status, &error);
        return;
    }
    a->version += a->work->decision->emitted_count;
    acti_command_set_answer(command, ACTA_OK, a->version, NULL);
    acti_snapshot_note(a, command, version_before);
    if (submit_in_hand(a, command)) return;
    acti_aggregate_break_state(a); /* it contains events that will never be */
}

static bool
make_decision(acti_aggregate_actor *a)
{
    if (a->work->decision != NULL) return true;
    a->work->decision = acti_spare_alloc(a->app, sizeof *a->work->decision);
    if (a->work->decision == NULL) return false;
    *a->work->decision = (acta_decision){
        .reserve = reserve_event, .write = write_event, .open = open_event, .user = a, .allocator = &a->app->warm
    };
    return true;
}

/* Call the user's function; what it leads to is in the decision. */
static void
decide(acti_aggregate_actor *a, acti_command *command)
{
    const acta_aggregate_code *code = a->aggregate->code;
    uint64_t begun_ns = 0;

    a->work->is_timed = acti_stages_choose(command);
    if (a->work->is_timed) {
        begun_ns = acti_now_ns(a->app);
        a->work->encoding_ns = 0;
        if (command->attempts == 0) acti_stages_add(a->app, ACTA_STAGE_QUEUE, begun_ns - command->begun_ns);
    }
    acti_decision_begin(a->work->decision, a->aggregate->given, command->number, a->value, &command->envelope);
    ACTA_PROBE4(execute, a->stream.data, a->stream.size, code->commands[command->number]->name, a->version);
    code->execute(a->aggregate->given, command->number, a->value, command->payload, a->work->decision);
    ACTA_PROBE3(execute_done, a->stream.data, a->stream.size, a->work->decision->emitted_count);
    acti_decision_end(a->work->decision);
    if (!a->work->is_timed) return;
    acti_stages_add(a->app, ACTA_STAGE_EXECUTE, acti_now_ns(a->app) - begun_ns - a->work->encoding_ns);
    acti_stages_add(a->app, ACTA_STAGE_ENCODE, a->work->encoding_ns);
}

/* True: it was decided. */
static bool
execute(acti_aggregate_actor *a, acti_command *command)
{
    if (!is_expected_version(a, command)) {
        answer_conflict(a, command);
        return false;
    }
    if (!make_decision(a)) {
        acti_command_answer_with(command, ACTA_NO_MEMORY, NULL);
        return false;
    }
    command->decisions++;
    if (command->trace != NULL) acti_trace_executes(command);
    decide(a, command);
    if (command->trace != NULL) acti_trace_executed(command, a->work->decision->emitted_count);
    if (a->work->decision->status == ACTA_OK && a->work->decision->emitted_count > 0)
        conclude_with_events(a, command);
    else
        conclude_without_events(a, command);
    return true;
}

bool
acti_aggregate_execute(acti_aggregate_actor *a, acti_command *command)
{
    if (command->ask == ACTI_ASK_READ) {
        read_state(a, command);
        return false;
    }
    acti_command_forget_returned(command); /* of a decision that was void */
    command->is_audited = false;
    switch (acti_command_id_check(a, command)) {
    case ACTI_ID_NEW:
        return execute(a, command);
    case ACTI_ID_ANSWERED:
        acti_count(a->app, ACTI_COUNT_REPEATED);
        acti_command_answer(command);
        return false;
    case ACTI_ID_ATTACHED:
        acti_count(a->app, ACTI_COUNT_REPEATED);
        return false;
    case ACTI_ID_BROKEN:
        keep_first(a, command);
        acti_aggregate_break_state(a);
        return false;
    }
    return false;
}
