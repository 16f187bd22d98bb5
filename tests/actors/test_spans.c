/*
 * Spans: what a sink is told of. All that a command leads to is one trace, each span below the one that asked for it; what nobody
 * wants is not told; and none has what commands and events hold.
 */
#include "told_spans.h"

#include <pthread.h>

#include "acta/readers.h"

/* -- one trace -- */

/* JobStarted -> two Add -> Added -> EndJob -> JobEnded, in the trace that the client began. */
static void
what_a_command_leads_to_is_one_trace(void **state)
{
    fixture *f = FIXTURE(state);
    acta_traceparent client, traces[8];

    assert_true(acta_traceparent_parse(S(SAMPLED), &client));
    start_traced(f, &sink);
    MUST(f, start_job_in(f, SAMPLED, NULL));
    settle(f);
    for (uint32_t i = 0; i < seen.count; i++) {
        assert_memory_equal(seen.spans[i].span.here.trace_id, client.trace_id, 16);
        assert_true(seen.spans[i].ended_ns >= seen.spans[i].begun_ns);
        assert_false(seen.spans[i].has_failed);
        assert_null(strstr(seen.spans[i].name, "4711"));
        assert_null(strstr(seen.spans[i].fields, "4711"));
    }
    ids_differ();
    assert_memory_equal(only("dispatch ledger.StartJob")->span.parent_id, client.span_id, 8);
    is_below(only("Jobs ledger.JobStarted"), "dispatch ledger.StartJob");
    assert_int_equal(count_named("dispatch ledger.Add"), 2);
    all_named_are_below("dispatch ledger.Add", "Jobs ledger.JobStarted");
    all_named_are_below("Jobs ledger.Added", "dispatch ledger.Add");
    all_named_are_below("rows ledger.Added", "dispatch ledger.Add");
    is_below(only("dispatch ledger.EndJob"), "Jobs ledger.Added");
    assert_int_equal(count_named("queue"), 4);
    assert_int_equal(count_named("execute"), 4);
    assert_int_equal(count_named("commit"), 4);
    assert_true(
        has(only("dispatch ledger.EndJob"), "acta.aggregate=Job;acta.status=ACTA_OK;acta.events=1;acta.position="));
    assert_true(has(only("Jobs ledger.JobStarted"), "acta.reader=Jobs;acta.event=ledger.JobStarted;acta.position="));
    /* The events carry the spans of their commands. */
    assert_int_equal(read_traces(f, traces, 8), 4);
    assert_memory_equal(traces[0].span_id, only("dispatch ledger.StartJob")->span.here.span_id, 8);
    assert_memory_equal(traces[3].span_id, only("dispatch ledger.EndJob")->span.here.span_id, 8);
    assert_int_equal(traces[3].flags, ACTA_TRACE_RECORDED);
    stop(f);
    assert_int_equal(seen.closed, 1);
    assert_in_range(seen.timeout_ms, 1, STOP_MS);
}

/* Whatever the step is at which the process dies: the next life goes on in the same trace, and spans that are told are below those
 * that were, or that went with it. */
static void
a_crash_breaks_no_trace(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    for (uint32_t steps = 0; !finished; steps += 3 * stride(f)) {
        acta_traceparent traces[SPANS_MAX];
        uint32_t taken = 0, begun;
        char job[16];
        snprintf(job, sizeof job, "j%u", steps);
        seen.count = 0;
        start_traced(f, &sink);
        begun = read_traces(f, traces, SPANS_MAX);
        start_job_ok(f, job, 2, 0);
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        crash(f);
        start_traced(f, &sink);
        settle(f);
        expect_done(f, job, 2);
        uint32_t count = read_traces(f, traces, SPANS_MAX);
        assert_int_equal(count, begun + 4);
        for (uint32_t i = begun + 1; i < count; i++)
            assert_memory_equal(traces[i].trace_id, traces[begun].trace_id, 16);
        stop(f);
    }
}

/* Where the time went, by the clock. */
static void
stages_are_as_long_as_the_clock_says(void **state)
{
    fixture *f = FIXTURE(state);
    answer a = { 0 };
    const acta_metadata_entry trace = { S(ACTA_TRACEPARENT), S(SAMPLED) };

    start_traced(f, &sink);
    add_async(f, "a", 1, &(acta_dispatch_options){ .metadata = &trace, .metadata_count = 1 }, &a);
    f->now_ns += 3000;
    run_actors(f);
    f->now_ns += 50000;
    run_all(f);
    assert_int_equal(a.calls, 1);
    const told_span *whole = only("dispatch ledger.Add"), *queue = only("queue"), *commit = only("commit");
    assert_int_equal(queue->ended_ns - queue->begun_ns, 3000);
    assert_int_equal(commit->ended_ns - commit->begun_ns, 50000);
    assert_int_equal(whole->ended_ns - whole->begun_ns, 53000);
    assert_int_equal(queue->begun_ns, whole->begun_ns);
    assert_int_equal(only("execute")->begun_ns, queue->ended_ns);
    is_below(queue, "dispatch ledger.Add");
    stop(f);
}

/* -- what is not wanted -- */

static void
a_trace_that_is_not_recorded_is_handed_on_and_not_told(void **state)
{
    fixture *f = FIXTURE(state);
    acta_traceparent client, traces[8];

    assert_true(acta_traceparent_parse(S(PASSED), &client));
    start_traced(f, &sink);
    MUST(f, start_job_in(f, PASSED, NULL));
    settle(f);
    assert_int_equal(seen.count, 0);
    assert_int_equal(read_traces(f, traces, 8), 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_memory_equal(&traces[i], &client, sizeof client);
    stop(f);
}

/* Without a sink all is as the client has sent it; one that comes later is told of what is worked on later. */
static void
nobody_is_told_without_a_sink(void **state)
{
    fixture *f = FIXTURE(state);
    acta_span_counters done;
    acta_span span;

    start_managing(f);
    assert_false(acta_app_has_span_sink(f->app));
    assert_false(acta_span_begin(f->app, NULL, &span));
    start_job_ok(f, "j", 2, 1);
    settle(f);
    expect_traces(f);
    acta_app_count_spans(f->app, &done);
    assert_int_equal(done.spans, 0);
    stop(f);
    assert_int_equal(seen.count + seen.closed, 0);
}

static void
traces_begin_here_as_often_as_the_sink_wants(void **state)
{
    fixture *f = FIXTURE(state);
    acta_span_sink some = sink;
    acta_traceparent traces[600];
    uint32_t traced = 0;

    some.roots_per_million = 500000;
    start_traced(f, &some);
    for (int i = 0; i < 150; i++)
        add(f, "a", i % 2 == 0 ? 1 : -1);
    uint32_t count = read_traces(f, traces, 600);
    for (uint32_t i = 0; i < count; i++)
        traced += acta_traceparent_is_set(&traces[i]);
    assert_int_equal(count, 150);
    assert_in_range(traced, 30, 120);
    assert_int_equal(count_named("dispatch ledger.Add"), traced);
    seen.count = 0;
    for (int i = 0; i < 20; i++)
        MUST(f, add_with(f, "a", 0, &(acta_dispatch_options){ .begins_no_trace = true }));
    settle(f);
    assert_int_equal(count_named("dispatch ledger.Add"), 0);
    stop(f);
}

static void
none_begins_here_where_none_is_wanted(void **state)
{
    fixture *f = FIXTURE(state);
    acta_span_sink none = sink;

    none.roots_per_million = ACTA_SPAN_NO_ROOTS;
    start_traced(f, &none);
    MUST(f, start_job_in(f, NULL, NULL));
    settle(f);
    assert_int_equal(seen.count, 0);
    MUST(f, add_with(f, "a", 1,
                &(acta_dispatch_options){
                    .metadata = &(acta_metadata_entry){ S(ACTA_TRACEPARENT), S(SAMPLED) }, .metadata_count = 1 }));
    assert_int_equal(count_named("dispatch ledger.Add"), 1);
    stop(f);
}

/* By the trace's id alone: the same for whoever else records this share. */
static void
a_sink_may_ignore_what_others_decided(void **state)
{
    static const struct {
        const char *trace;
        bool is_told;
    } cases[] = { { "00-" TRACE_ID "-00f067aa0ba902b7-01", false }, { "00-4bf92f3577b34da6"
                                                                      "33ce929d0e0e4736"
                                                                      "-00f067aa0ba902b7-00",
                                                                        true } };
    fixture *f = FIXTURE(state);
    acta_span_sink quarter = sink;

    quarter.roots_per_million = 250000;
    quarter.ignores_parent = true;
    start_traced(f, &quarter);
    for (size_t i = 0; i < 2; i++) {
        const acta_metadata_entry trace = { S(ACTA_TRACEPARENT), acta_str_of(cases[i].trace) };
        seen.count = 0;
        MUST(f, add_with(f, "a", 1, &(acta_dispatch_options){ .metadata = &trace, .metadata_count = 1 }));
        assert_int_equal(count_named("dispatch ledger.Add"), cases[i].is_told);
    }
    stop(f);
}

/* -- what failed -- */

static uint32_t failures;

static acta_status
fail_once(const ledger_Added *event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)event, (void)recorded, (void)rows;
    return failures++ == 0 ? acta_error_set(error, ACTA_IO, "kurt-4711 can't be written") : ACTA_OK;
}

static void
an_event_that_failed_has_a_span_for_each_attempt(void **state)
{
    fixture *f = FIXTURE(state);
    uint32_t failed = 0;

    failures = 0;
    ledger_hook.on_row = fail_once;
    start_traced(f, &sink);
    add(f, "a", 1);
    settle(f);
    ledger_hook.on_row = NULL;
    assert_int_equal(count_named("rows ledger.Added"), 2);
    for (uint32_t i = 0; i < seen.count; i++) {
        failed += seen.spans[i].has_failed;
        if (seen.spans[i].has_failed) assert_true(has(&seen.spans[i], "acta.status=ACTA_IO;"));
        assert_null(strstr(seen.spans[i].fields, "4711"));
    }
    assert_int_equal(failed, 1);
    stop(f);
}

static void
a_rejection_is_no_failure_and_all_else_is(void **state)
{
    fixture *f = FIXTURE(state);

    start_traced(f, &sink);
    assert_int_equal(add_with(f, "a", LEDGER_TOTAL_MAX + 1, NULL), ACTA_REJECTED);
    const told_span *rejected = only("dispatch ledger.Add");
    assert_false(rejected->has_failed);
    assert_true(has(rejected, "acta.status=ACTA_REJECTED;"));
    assert_int_equal(count_named("execute"), 1);
    assert_int_equal(count_named("commit"), 0);
    seen.count = 0;
    assert_int_equal(add_with(f, "a", 1, &(acta_dispatch_options){ .expected_version = 7 }), ACTA_CONFLICT);
    assert_true(only("dispatch ledger.Add")->has_failed);
    assert_int_equal(seen.count, 1);
    stop(f);
}

/* -- again -- */

/* What was told when it happened is not told when rows are made again of old events. */
static void
what_is_made_again_is_not_told(void **state)
{
    static const acta_table *const tables[] = { &ledger_CounterRow_table, NULL };
    fixture *f = FIXTURE(state);
    ledger_CounterRow row;

    start_traced(f, &sink);
    for (int i = 0; i < 5; i++)
        add(f, "a", 1);
    settle(f);
    assert_int_equal(count_named("rows ledger.Added"), 5);
    MUST(f, acta_reader_rebuild(f->app, "rows", tables, NULL, &f->error));
    settle(f);
    MUST(f, acta_reader_reset_live(f->app, "rows", tables, NULL, &f->error));
    settle(f);
    MUST(f, ledger_CounterRow_find(f->app, S("a"), &row, NULL, &f->error));
    assert_int_equal(row.total, 5);
    assert_int_equal(count_named("rows ledger.Added"), 5);
    add(f, "a", 1);
    settle(f);
    assert_int_equal(count_named("rows ledger.Added"), 6);
    stop(f);
}

/* -- a trace that begins here -- */

/* One is no reason to refuse what has no room for it. */
static void
metadata_without_room_for_a_trace_go_without(void **state)
{
    static char long_text[ACTA_METADATA_MAX];
    fixture *f = FIXTURE(state);
    acta_traceparent trace;

    memset(long_text, 'x', sizeof long_text);
    const acta_metadata_entry entry = { S("note"), acta_str_from(long_text, sizeof long_text - 10) };
    start_traced(f, &sink);
    MUST(f, add_with(f, "a", 1, &(acta_dispatch_options){ .metadata = &entry, .metadata_count = 1 }));
    assert_int_equal(read_traces(f, &trace, 1), 1);
    assert_false(acta_traceparent_is_set(&trace));
    assert_int_equal(count_named("dispatch ledger.Add"), 1);
    stop(f);
}

/* A handler's own work, around a mail for instance. */
static void
a_program_has_spans_of_its_own(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_traceparent nobodys = { .flags = 0 };
    const acta_span_about about = { .kind = ACTA_SPAN_CLIENT, .name = S("mail") };
    acta_span_counters done;
    acta_span outer, inner;

    start_traced(f, &sink);
    assert_false(acta_span_begin(f->app, &nobodys, &outer));
    assert_true(acta_span_begin(f->app, NULL, &outer));
    assert_true(acta_span_begin(f->app, &outer.here, &inner));
    f->now_ns += 700;
    acta_span_end(f->app, &inner, &about);
    assert_int_equal(only("mail")->ended_ns - only("mail")->begun_ns, 700);
    assert_memory_equal(only("mail")->span.parent_id, outer.here.span_id, 8);
    assert_memory_equal(only("mail")->span.here.trace_id, outer.here.trace_id, 16);
    acta_app_count_spans(f->app, &done);
    assert_int_equal(done.spans, 1);
    stop(f);
}

static void
a_sink_must_be_one(void **state)
{
    fixture *f = FIXTURE(state);
    acta_span_sink wrong = sink;

    start_traced(f, &sink);
    assert_int_equal(acta_app_tell_spans(f->app, &sink, &f->error), ACTA_ALREADY_EXISTS);
    wrong.ended = NULL;
    assert_int_equal(acta_app_tell_spans(f->app, &wrong, &f->error), ACTA_INVALID);
    wrong = sink;
    wrong.roots_per_million = 1000001;
    assert_int_equal(acta_app_tell_spans(f->app, &wrong, &f->error), ACTA_INVALID);
    assert_int_equal(seen.closed, 0);
    stop(f);
    assert_int_equal(seen.closed, 1);
}

/* -- threads -- */

enum { THREADS = 4, EACH = 20 };

/* Every other one doesn't wait for as long as it takes: its aggregate may be at it when its span is told. */
static void *
add_some(void *argument)
{
    fixture *f = argument;

    for (int i = 0; i < EACH; i++) {
        acta_error error;
        const acta_dispatch_options hastily = { .timeout_ms = 1 };
        acta_status status =
            ledger_Add_dispatch(f->app, ACTA_INIT(ledger_Add, .counter_id = S("a"), .amount = i % 4 < 2 ? 1 : -1),
                i % 2 == 0 ? &patiently : &hastily, &error);
        assert_true(status == ACTA_OK || (status == ACTA_TIMEOUT && i % 2 == 1) || status == ACTA_REJECTED);
    }
    return NULL;
}

static void
each_command_is_told_once_whoever_waits(void **state)
{
    fixture *f = FIXTURE(state);
    pthread_t threads[THREADS];

    seen.count = seen.closed = 0;
    start_traced(f, &sink);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_some, f), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    settle(f);
    stop(f);
    assert_int_equal(count_named("dispatch ledger.Add"), THREADS * EACH);
    assert_true(count_named("commit") > 0);
    for (uint32_t i = 0; i < seen.count; i++)
        if (strcmp(seen.spans[i].name, "commit") == 0) is_below(&seen.spans[i], "dispatch ledger.Add");
    ids_differ();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        spans(what_a_command_leads_to_is_one_trace),
        spans(a_crash_breaks_no_trace),
        spans(stages_are_as_long_as_the_clock_says),
        spans(a_trace_that_is_not_recorded_is_handed_on_and_not_told),
        spans(nobody_is_told_without_a_sink),
        spans(traces_begin_here_as_often_as_the_sink_wants),
        spans(none_begins_here_where_none_is_wanted),
        spans(a_sink_may_ignore_what_others_decided),
        spans(an_event_that_failed_has_a_span_for_each_attempt),
        spans(a_rejection_is_no_failure_and_all_else_is),
        spans(what_is_made_again_is_not_told),
        spans(metadata_without_room_for_a_trace_go_without),
        spans(a_program_has_spans_of_its_own),
        spans(a_sink_must_be_one),
        threaded(each_command_is_told_once_whoever_waits),
    };
    return run_on_memory("spans", tests);
}
