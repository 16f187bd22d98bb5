/*
 * See jobs.h.
 */
#include "jobs.h"

#include "acta/gen_server.h"
#include "acta/traceparent.h"

static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
const char *const counters[] = { "c1", "c2", "c3" };

uint32_t
stride(const fixture *f)
{
    return f->memory ? 1 : 5;
}

void
start_managing(fixture *f)
{
    f->config.process_managers = managers;
    if (f->config.command_id_retention_ms == 0) f->config.command_id_retention_ms = 3600000;
    start(f);
}

#define STATE "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

void
start_job_ok(fixture *f, const char *job, uint32_t count, int64_t amount)
{
    const acta_metadata_entry trace[] = { { S(ACTA_TRACEPARENT), S(TRACE) }, { S(ACTA_TRACESTATE), S(STATE) } };
    acta_str names[3];

    for (uint32_t i = 0; i < count; i++)
        names[i] = acta_str_of(counters[i]);
    MUST(f, ledger_StartJob_dispatch(f->app,
                ACTA_INIT(ledger_StartJob, .job_id = acta_str_of(job), .counters = { .data = names, .count = count },
                    .amount = amount),
                &(acta_dispatch_options){ .metadata = trace, .metadata_count = 2 }, &f->error));
}

void
expect_traces(fixture *f)
{
    acta_cursor *cursor;
    acta_recorded event;
    uint32_t count = 0;

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        if (event.type.data[0] == '$') continue;
        assert_true(acta_str_equal(acta_str_from((const char *)event.metadata.data, event.metadata.size),
            S(ACTA_TRACEPARENT ":" TRACE "\n" ACTA_TRACESTATE ":" STATE "\n")));
        count++;
    }
    acta_cursor_close(cursor);
    assert_true(count > 0);
}

void
expect_done(fixture *f, const char *job, uint32_t additions)
{
    assert_int_equal(count_events(f, &ledger_JobStarted_table, job), 1);
    assert_int_equal(count_events(f, &ledger_Added_table, job), additions);
    assert_int_equal(count_events(f, &ledger_JobEnded_table, job), 1);
}

void
expect_no_rows(fixture *f)
{
    pass_ms(f, 5000);
    assert_int_equal(count_rows(f, STATE_TABLE), 0);
    assert_int_equal(count_rows(f, OUTBOX_TABLE), 0);
    assert_int_equal(count_rows(f, ENDED_TABLE), 0);
    assert_int_equal(count_rows(f, "parked"), 0);
    expect_no_outcomes(f);
}

uint32_t broken_tries;

void
break_some_tries(const ledger_Add *command)
{
    if (!acta_str_equal(command->counter_id, S("c2")) || broken_tries == 0) return;
    broken_tries--;
    acta_fail(acta_self_here(), "a bug that passes");
}
