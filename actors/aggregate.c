/*
 * Aggregate: the actor. Takes commands in the order they came, decides, appends, answers.
 *
 *     call --> kept: (command) (command) …  --one at a time, in READY-->  execute --> [apply, submit] | rejection | nothing
 *                 ^                                                                         |
 *                 +------------- those whose append failed, in their old places <-----------+
 *
 * An outside caller may run this actor's turn on its own thread; then a durable command takes no switch of threads.
 *
 * Not here: reading the state (aggregate_rehydrate.c), what is under way (aggregate_pipeline.c), ids (aggregate_ids.c), and
 * what it has only while it is at work (aggregate_work.c).
 */
#include "aggregate_actor.h"

#include "aggregate_marks.h"
#include "audit.h"
#include "counters.h"
#include "inline.h"
#include "returned.h"
#include "stages.h"

/* -- answers -- */

/* The state is void: nothing is decided on it any more. It is read again when all that is under way has ended. */
static void
break_state(acti_aggregate_actor *a)
{
    a->phase = ACTI_DRAINING;
    a->work->session = 0;
    acti_command_unref(a->work->last);
    a->work->last = NULL;
    acti_seen_ids_clear(a);
    acti_inline_forget(a);
}

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
        break_state(a);
        return;
    }
}

static void
answer_now(acti_command *command, acta_status status, const acta_error *error)
{
    acti_command_set_answer(command, status, 0, error);
    acti_command_answer(command);
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
        answer_now(command, ACTA_NO_MEMORY, NULL);
        return false;
    }
    acta_status status = acti_pipeline_submit(a, command, transaction, &error);
    if (status == ACTA_OK) {
        acti_command_id_seen(a, command);
        return true;
    }
    answer_now(command, status, &error);
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
        answer_now(command, ACTA_NO_MEMORY, NULL);
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
    if (a->phase == ACTI_READY) break_state(a);
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
    break_state(a); /* it contains events that will never be */
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
        answer_now(command, ACTA_NO_MEMORY, NULL);
        return false;
    }
    command->decisions++;
    decide(a, command);
    if (a->work->decision->status == ACTA_OK && a->work->decision->emitted_count > 0)
        conclude_with_events(a, command);
    else
        conclude_without_events(a, command);
    return true;
}

/* True: it was decided. */
static bool
run(acti_aggregate_actor *a, acti_command *command)
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
        break_state(a);
        return false;
    }
    return false;
}

/* The first that is kept. The user's lifespan is asked when the command is out of our hands: it may fail the actor. */
static void
run_first(acti_aggregate_actor *a)
{
    acti_command *command = acti_command_list_take(&a->work->kept);
    acta_envelope envelope = command->envelope;
    uint32_t number = command->number;

    a->work->executing = command; /* the list's reference: a handler that fails leaves it to terminate */
    bool is_decided = run(a, command);
    a->work->executing = NULL;
    acti_command_unref(command);
    if (is_decided) acti_lifespan_note(a, number, &envelope);
}

/* -- what failed -- */

static bool
may_succeed_again(acta_status status)
{
    return status == ACTA_CONFLICT || status == ACTA_ALREADY_EXISTS;
}

static void
answer_too_often(acti_aggregate_actor *a, acti_command *command)
{
    acta_error error;

    acta_error_set(&error, ACTA_CONFLICT,
        "'" ACTA_FMT "' was changed by another writer each of the %" PRIu32
        " times that the command was decided; try again",
        ACTA_ARG(a->stream), command->attempts);
    error.retriable = true;
    if (command->error != NULL) error.actual_version = command->error->actual_version;
    answer_now(command, ACTA_CONFLICT, &error);
}

/* A command whose append failed, or that waited with one that did. Takes the reference. */
static void
take_back(
    acti_aggregate_actor *a, acti_command *command, acta_status status, const acta_error *error, acti_command **hint)
{
    command->fresh = false; /* its twin may be what it failed on */
    if (!may_succeed_again(status))
        answer_now(command, status, error);
    else if (command->attempts > a->app->conflict_retry_max)
        answer_too_often(a, command);
    else {
        ACTA_SOMETIMES(&a->app->environment, "command.decided.again");
        acti_count(a->app, ACTI_COUNT_DECIDED_AGAIN);
        acti_command_list_insert(&a->work->kept, command, hint);
        return;
    }
    acti_command_unref(command);
}

static void
collect_failed(acti_aggregate_actor *a)
{
    acti_command *hint = NULL;
    acti_command *failed = acti_pipeline_take_failed(a->work->pipeline);
    if (failed == NULL) return;

    /* The first of a session failed on its own; those behind it only because of it. */
    if (a->phase == ACTI_READY) failed->attempts++;
    if (a->phase == ACTI_READY && may_succeed_again(failed->status)) acti_count(a->app, ACTI_COUNT_CONFLICTS);
    for (acti_command *command = failed, *next; command != NULL; command = next) {
        acta_status status = command->status;
        next = command->next;
        if (!may_succeed_again(status)) a->fatal = true;
        take_back(a, acti_command_ref(command), status, command->error, &hint);
        for (acti_command *waiter = command->rest, *after; waiter != NULL; waiter = after) {
            after = waiter->next;
            take_back(a, waiter, status, command->error, &hint);
        }
        command->rest = NULL;
        acti_command_unref(command); /* the completion's reference */
        acti_pipeline_leave(a->work->pipeline);
    }
    if (a->phase != ACTI_READY) return;
    if (ACTA_PLANT("state_kept_after_failure"))
        a->work->session = 0;
    else
        break_state(a);
}

/* -- steps -- */

static void
give_permit_back(acti_aggregate_actor *a)
{
    if (a->work->has_permit) acti_gate_release(a->app, acta_self_pid(a->self));
    a->work->has_permit = a->work->may_be_long = false;
}

static void
answer_kept(acti_aggregate_actor *a, acta_status status, const acta_error *error)
{
    for (acti_command *command; (command = acti_command_list_take(&a->work->kept)) != NULL;) {
        answer_now(command, status, error);
        acti_command_unref(command);
    }
}

static void
rehydrate_step(acti_aggregate_actor *a)
{
    acta_error error;
    bool done;
    acta_status status = acti_rehydrate(a, &done, &error);

    if (status != ACTA_OK) {
        give_permit_back(a);
        answer_kept(a, status, &error);
        a->phase = ACTI_COLD;
        return;
    }
    if (!done && !a->work->may_be_long) {
        if (acti_gate_ask(a->app, a->self, &a->work->permit_ref) == ACTA_OK)
            a->phase = ACTI_WAITING;
        else
            a->work->may_be_long = true; /* without a permit: better than never */
    }
    if (!done) return;
    give_permit_back(a);
    if (a->version > 0) acti_count(a->app, ACTI_COUNT_REHYDRATIONS);
    a->phase = ACTI_READY;
}

/* Somebody was forgotten since the state was begun, which may hold what he has been. */
static bool
knows_forgotten(const acti_aggregate_actor *a)
{
    return a->version > 0 && a->forget_count != acti_forget_count(a->app);
}

/* Has somebody else appended to the stream, as far as the store knows now? Then the state is read again. */
static bool
knows_outside(acti_aggregate_actor *a)
{
    uint64_t count = acta_store_outside_count(a->app->store), version;

    if (count == a->outside_count || ACTA_PLANT("others_not_seen")) return false;
    bool is_drained = acti_pipeline_count(a->work->pipeline) == 0;
    if (!is_drained && count == a->work->outside_looked) return false;
    if (acta_store_version(a->app->store, a->stream, &version, NULL) != ACTA_OK) return true;
    a->work->outside_looked = count;
    /* Events under way find out by themselves: they are refused. What is none may be durable already. */
    if (!is_drained) return version > a->version;
    if (version < a->version) {
        acta_log_event(&a->app->environment, ACTA_LOG_ERROR, "aggregate.stream_fell",
            ACTA_LOG_FIELDS(acta_log_text("stream", a->stream), acta_log_number("version", version),
                acta_log_number("expected", a->version)),
            "'" ACTA_FMT "' is at version %" PRIu64 " in the store, and was at %" PRIu64 " here: the aggregate stops",
            ACTA_ARG(a->stream), version, a->version);
        acta_set_exit_reason(a->self, ACTA_EXIT_FAILED, "its stream has fallen from version %" PRIu64 " to %" PRIu64,
            a->version, version);
        a->ends = true;
        return false;
    }
    a->outside_count = count;
    return version != a->version;
}

/* One step on. False: there is nothing to do until a message comes. */
static bool
step(acti_aggregate_actor *a)
{
    collect_failed(a);
    switch (a->phase) {
    case ACTI_COLD:
        if (a->work->kept.first == NULL) return false;
        a->phase = ACTI_REHYDRATING;
        return true;
    case ACTI_REHYDRATING:
        rehydrate_step(a);
        return true;
    case ACTI_READY:
        if (a->work->kept.first == NULL) return false;
        if (knows_outside(a)) {
            ACTA_SOMETIMES(&a->app->environment, "aggregate.saw.foreign.append");
            break_state(a);
            return true;
        }
        if (a->ends) return false;
        if (knows_forgotten(a) || ACTA_SIM_CHANCE(&a->app->environment, "aggregate.state.forgotten", 25)) {
            break_state(a);
            return true;
        }
        run_first(a);
        return true;
    case ACTI_DRAINING:
        if (!acti_pipeline_drained_or_wake(a->work->pipeline)) return false;
        collect_failed(a); /* of the last one that left */
        ACTA_SOMETIMES(&a->app->environment, "aggregate.read.again");
        acti_aggregate_forget_state(a);
        a->phase = ACTI_COLD;
        return true;
    case ACTI_WAITING:
        return false;
    }
    return false;
}

enum { STEPS_AT_ONCE = 4 }; /* a short rehydration and the command, without going through the scheduler */

static acta_next
go_on(acti_aggregate_actor *a)
{
    for (uint32_t i = 0; i < STEPS_AT_ONCE; i++) {
        if (!step(a)) {
            acti_budget_note(a);
            acti_lifespan_rest(a);
            return a->ends || (a->fatal && a->phase == ACTI_COLD) ? ACTA_STOP : ACTA_NEXT;
        }
        if (a->phase == ACTI_REHYDRATING && a->begun) break; /* there is more to read: others first */
    }
    return ACTA_NEXT_CONTINUE;
}

/* -- callbacks -- */

static acta_status
aggregate_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    acti_aggregate_actor *a = state;
    const acti_aggregate_argument *given = argument;
    char *stream = acti_alloc(given->app, given->stream.size);

    a->app = given->app;
    a->aggregate = given->aggregate;
    a->self = self;
    if (stream != NULL) {
        memcpy(stream, given->stream.data, given->stream.size);
        a->stream = acta_str_from(stream, given->stream.size);
    }
    if (stream == NULL || !acti_work_begin(a))
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for '" ACTA_FMT "'", ACTA_ARG(given->stream));
    acti_lifespan_begin(a);
    acti_budget_join(a);
    acti_count(a->app, ACTI_COUNT_STARTED);
    return ACTA_OK;
}

static acta_next
aggregate_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    acti_aggregate_actor *a = state;
    acti_command *command;
    (void)self;

    memcpy(&command, message->payload, sizeof command);
    command->from = from;
    command->handed_over = false;
    if (!acti_work_begin(a)) {
        answer_now(command, ACTA_NO_MEMORY, NULL);
        return ACTA_NEXT;
    }
    command->order = ++a->work->order;
    acti_command_list_append(&a->work->kept, acti_command_ref(command));
    if (ACTA_SIM_CHANCE(&a->app->environment, "aggregate.ends.before.command", 10)) return ACTA_STOP;
    return go_on(a);
}

static acta_next
aggregate_cast(acta_self *self, void *state, acta_message *message)
{
    acti_aggregate_actor *a = state;
    (void)self;

    if (message->tag == ACTI_TAG_PASSIVATE) {
        a->stops = true;
        acti_lifespan_rest(a);
        return ACTA_NEXT; /* it was not used */
    }
    if (!acti_work_begin(a)) return ACTA_STOP; /* it holds nothing, and the next one reads what this one can't */
    if (message->tag == ACTI_TAG_SNAPSHOT) acti_snapshot_take(a);
    if (message->tag == ACTI_TAG_STALE) {
        ACTA_SOMETIMES(&a->app->environment, "aggregate.told.stale");
        if (a->phase == ACTI_READY)
            break_state(a);
        else if (a->phase == ACTI_REHYDRATING || a->phase == ACTI_WAITING)
            acti_aggregate_forget_state(a); /* begins again */
    }
    return go_on(a);
}

static acta_next
aggregate_info(acta_self *self, void *state, const acta_info *info)
{
    acti_aggregate_actor *a = state;

    if (info->kind == ACTA_INFO_REPLY && a->phase == ACTI_WAITING && acta_ref_equal(info->ref, a->work->permit_ref)) {
        a->work->has_permit = info->status == ACTA_OK;
        a->work->may_be_long = true; /* a gate that is not there keeps nobody out */
        a->phase = ACTI_REHYDRATING;
        return go_on(a);
    }
    if (info->kind != ACTA_INFO_TIMEOUT) return ACTA_NEXT;
    if (a->work != NULL) {
        collect_failed(a);
        if (a->work->kept.first != NULL || !acti_pipeline_drained_or_wake(a->work->pipeline)) {
            acti_look_later(a->app, a->self, a->idle_ms);
            return go_on(a);
        }
    }
    if (acti_lifespan_goes_on(a)) return ACTA_NEXT;
    /* A command that comes now finds nobody under the name, and starts the next incarnation; one that is in the mailbox
     * is refused unseen, and its dispatcher does the same. */
    ACTA_SOMETIMES(&a->app->environment, "aggregate.passivated");
    acti_count(a->app, ACTI_COUNT_PASSIVATED);
    acta_unregister(acta_self_runtime(self), a->stream);
    return ACTA_STOP;
}

static acta_next
aggregate_continue(acta_self *self, void *state)
{
    (void)self;
    return go_on(state);
}

/* What was not executed is asked again. */
static void
aggregate_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    acti_aggregate_actor *a = state;
    (void)self;
    (void)reason;

    if (a->work == NULL) return;
    answer_kept(a, ACTA_NOPROC, NULL);
    give_permit_back(a);
}

/* The runtime has answered it, unless an append had it that failed: nobody else does any more. */
static void
let_go(acti_command *command)
{
    if (command != NULL && command->handed_over && !ACTA_PLANT("retry_dies_with_actor"))
        answer_now(command, ACTA_FAILED, NULL);
    acti_command_unref(command);
}

static void
let_work_go(acti_aggregate_actor *a)
{
    drop_transaction(a);
    acta_cursor_close(a->work->cursor);
    let_go(a->work->executing);
    for (acti_command *command; (command = acti_command_list_take(&a->work->kept)) != NULL;)
        let_go(command);
}

/* Nothing that is under way is lost, also when the actor was killed: the completions answer it. What a killed one had kept,
 * and what was in its hand when it failed, is answered: FAILED. */
static void
aggregate_release(void *state)
{
    acti_aggregate_actor *a = state;

    if (a->app == NULL) return;
    acti_budget_leave(a);
    if (a->work != NULL) let_work_go(a);
    acti_work_end(a);
    acta_memory_destroy(a->memory);
    acti_free(a->app, (void *)(uintptr_t)a->stream.data, a->stream.size);
}

const acta_behaviour acti_aggregate_behaviour = {
    .name = "aggregate",
    .state_size = sizeof(acti_aggregate_actor),
    .run_on_caller = true,
    .init = aggregate_init,
    .handle_call = aggregate_call,
    .handle_cast = aggregate_cast,
    .handle_info = aggregate_info,
    .handle_continue = aggregate_continue,
    .terminate = aggregate_terminate,
    .release = aggregate_release,
};

acta_status
acti_aggregate_locate(
    acta_app *app, const acti_aggregate *aggregate, acta_str stream, acta_pid *pid_out, acta_error *error)
{
    *pid_out = acta_whereis(app->runtime, stream);
    if (pid_out->value != 0) return ACTA_OK;

    acti_aggregate_argument argument = { .app = app, .aggregate = aggregate, .stream = stream };
    acta_spawn_options options = { .behaviour = &aggregate->behaviour, .argument = &argument, .name = stream };
    acta_status status = acta_spawn(app->runtime, &options, pid_out, error);
    return status == ACTA_ALREADY_EXISTS ? ACTA_OK : status; /* somebody was faster */
}
