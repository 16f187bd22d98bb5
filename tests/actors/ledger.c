/*
 * The domain that the tests run.
 */
#include "ledger.h"

#include <inttypes.h>

#include "acta/gen_server.h"

ledger_hooks ledger_hook;

/* -- counters -- */

static acta_verdict
emit_added(const ledger_Counter *counter, acta_str id, int64_t amount, int64_t total, acta_str job, acta_decision *d)
{
    (void)counter;
    return ledger_Added_emit(
        d, ACTA_INIT(ledger_Added, .counter_id = id, .amount = amount, .total = total, .job_id = job));
}

static acta_verdict
add(const ledger_Counter *counter, ledger_Add command, acta_decision *decision)
{
    if (ledger_hook.before_add != NULL) ledger_hook.before_add(&command);
    if (counter->total + command.amount > LEDGER_TOTAL_MAX)
        return ledger_reject(
            decision, ledger_Rejection_too_much, "the total is %" PRId64 " of %d", counter->total, LEDGER_TOTAL_MAX);
    return emit_added(
        counter, command.counter_id, command.amount, counter->total + command.amount, command.job_id, decision);
}

static acta_verdict
burst(const ledger_Counter *counter, ledger_Burst command, acta_decision *decision)
{
    acta_verdict verdict = acta_nothing(decision);

    for (uint32_t i = 0; i < command.times; i++)
        verdict = emit_added(counter, command.counter_id, 1, counter->total + 1 + i, acta_str_of("burst"), decision);
    return verdict;
}

static acta_verdict
touch(const ledger_Counter *counter, ledger_Touch command, acta_decision *decision)
{
    (void)counter;
    (void)command;
    return acta_nothing(decision);
}

static acta_verdict
break_down(const ledger_Counter *counter, ledger_Break command, acta_decision *decision)
{
    (void)counter;
    emit_added(counter, command.counter_id, 1000, 1000, acta_str_of("broken"), decision);
    acta_fail(acta_self_here(), "a bug in the decision about '" ACTA_FMT "'", ACTA_ARG(command.counter_id));
}

static acta_verdict
spoil(const ledger_Counter *counter, ledger_Spoil command, acta_decision *decision)
{
    emit_added(counter, command.counter_id, 1, counter->total + 1, acta_str_of("spoilt"), decision);
    return ledger_Added_emit(decision, ACTA_INIT(ledger_Added, .amount = 1)); /* counter_id is required */
}

static void
added(ledger_Counter *counter, ledger_Added event, acta_memory *memory)
{
    acta_str name = event.job_id.size > 0 ? event.job_id : acta_str_of("-");
    const ledger_Entry *entry = ledger_Counter_entries_find(counter, name);
    int64_t before = entry != NULL ? entry->amount : 0;

    counter->total = event.total;
    acta_str_assign(&counter->last_job, event.job_id, memory);
    ledger_Counter_entries_put(counter, ACTA_INIT(ledger_Entry, .name = name, .amount = before + event.amount), memory);
}

const ledger_Counter_aggregate ledger_counter =
    LEDGER_COUNTER(.execute = { .Add = add, .Burst = burst, .Touch = touch, .Break = break_down, .Spoil = spoil },
        .apply = { .Added = added });

/* -- jobs -- */

static acta_verdict
start_job(const ledger_Job *job, ledger_StartJob command, acta_decision *decision)
{
    if (job->is_running) return acta_nothing(decision);
    return ledger_JobStarted_emit(decision,
        ACTA_INIT(ledger_JobStarted, .job_id = command.job_id, .counters = command.counters, .amount = command.amount));
}

static acta_verdict
end_job(const ledger_Job *job, ledger_EndJob command, acta_decision *decision)
{
    if (job->runs == 0) return ledger_reject(decision, ledger_Rejection_not_started, "it was never started");
    if (!job->is_running) return ledger_reject(decision, ledger_Rejection_already_ended, "it has ended");
    return ledger_JobEnded_emit(
        decision, ACTA_INIT(ledger_JobEnded, .job_id = command.job_id, .reason = command.reason));
}

static void
job_started(ledger_Job *job, ledger_JobStarted event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    job->runs++;
    job->is_running = true;
}

static void
job_ended(ledger_Job *job, ledger_JobEnded event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    job->is_running = false;
}

const ledger_Job_aggregate ledger_job = LEDGER_JOB(.execute = { .StartJob = start_job, .EndJob = end_job },
    .apply = { .JobStarted = job_started, .JobEnded = job_ended });

const acta_aggregate *const ledger_aggregates[] = { &ledger_counter.base, &ledger_job.base, NULL };

/* -- the process manager -- */

static void
add_to_each(const ledger_Jobs *jobs, ledger_JobStarted event, acta_commands *commands)
{
    (void)jobs;
    if (ledger_hook.on_job != NULL) ledger_hook.on_job(&event, commands);
    for (uint32_t i = 0; i < event.counters.count; i++)
        ledger_Add_send(commands, ACTA_INIT(ledger_Add, .counter_id = acta_str_vector_at(event.counters, i),
                                      .amount = event.amount, .job_id = event.job_id));
}

static void
started(ledger_Jobs *jobs, ledger_JobStarted event, acta_memory *memory)
{
    (void)memory;
    jobs->wanted = event.counters.count;
    jobs->seen = 0;
}

static void
end_with_the_last(const ledger_Jobs *jobs, ledger_Added event, acta_commands *commands)
{
    if (ledger_hook.on_added != NULL) ledger_hook.on_added(&event, commands);
    if (jobs->seen + 1 == jobs->wanted)
        ledger_EndJob_send(commands, ACTA_INIT(ledger_EndJob, .job_id = event.job_id, .reason = acta_str_of("done")));
}

static void
count(ledger_Jobs *jobs, ledger_Added event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    jobs->seen++;
}

static acta_failure_action
end_or_retry(const ledger_Jobs *jobs, const acta_failure *failure, acta_commands *commands)
{
    ledger_Add refused;

    if (ledger_hook.error != NULL) return ledger_hook.error(jobs, failure, commands);
    if (failure->status != ACTA_REJECTED) return ACTA_FAILURE_RETRY;
    if (failure->command != &ledger_Add_table) return ACTA_FAILURE_SKIP;
    ledger_Add_decode(failure->payload, &refused);
    ledger_EndJob_send(
        commands, ACTA_INIT(ledger_EndJob, .job_id = refused.job_id, .reason = acta_str_of(failure->rejection)));
    return ACTA_FAILURE_REPLACE;
}

#define ON_JOBS                                                                                                        \
    .on = { .JobStarted = { .start = ledger_JobStarted_job_id, .handle = add_to_each, .apply = started },              \
        .Added = { .go_on = ledger_Added_job_id, .handle = end_with_the_last, .apply = count },                        \
        .JobEnded = { .stop = ledger_JobEnded_job_id } }

const ledger_Jobs_process_manager ledger_jobs = LEDGER_JOBS(ON_JOBS, .error = end_or_retry, .retry_max = 3);
const ledger_Jobs_process_manager ledger_jobs_without_error = LEDGER_JOBS(ON_JOBS, .retry_max = 3);

/* -- the read models -- */

static acta_status
row_added(void *user, ledger_Added event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    ledger_CounterRow row = { .counter_id = event.counter_id };
    (void)user;

    acta_status status = ledger_CounterRow_get(rows, event.counter_id, &row, error);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    row.counter_id = event.counter_id;
    row.total += event.amount;
    row.additions++;
    status = ledger_CounterRow_put(rows, row, error);
    if (status == ACTA_OK && ledger_hook.on_row != NULL) status = ledger_hook.on_row(&event, recorded, rows, error);
    return status;
}

static acta_status
row_job_started(void *user, ledger_JobStarted event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user, (void)recorded;
    return ledger_JobRow_put(
        rows, ACTA_INIT(ledger_JobRow, .job_id = event.job_id, .amount = event.amount, .is_running = true), error);
}

/* "gone": the row goes. */
static acta_status
row_job_ended(void *user, ledger_JobEnded event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    ledger_JobRow row;
    (void)user, (void)recorded;

    if (acta_str_equal(event.reason, acta_str_of("gone"))) return ledger_JobRow_remove(rows, event.job_id, error);
    acta_status status = ledger_JobRow_get(rows, event.job_id, &row, error);
    row.reason = event.reason;
    row.is_running = false;
    return status == ACTA_OK ? ledger_JobRow_put(rows, row, error) : status;
}

const ledger_projection ledger_rows = LEDGER_PROJECTION(.name = "rows", .on = { .Added = row_added });
const ledger_projection ledger_job_rows =
    LEDGER_PROJECTION(.name = "jobs", .on = { .JobStarted = row_job_started, .JobEnded = row_job_ended });
