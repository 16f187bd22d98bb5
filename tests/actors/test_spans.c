/*
 * Spans: what a sink is told of. All that a command leads to is one trace, each span below the one that asked for it; what nobody
 * wants is not told; and none has what commands and events hold.
 */
#include "jobs.h"

#include <pthread.h>

#include "acta/readers.h"
#include "acta/schedule.h"
#include "acta/span.h"

#define TRACE_ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SAMPLED  "00-" TRACE_ID "-00f067aa0ba902b7-01"
#define PASSED   "00-" TRACE_ID "-00f067aa0ba902b7-00"

enum { SPANS_MAX = 1024, FIELDS_SIZE = 400 };

typedef struct told_span {
    acta_span span;
    acta_span_kind kind;
    char name[128], fields[FIELDS_SIZE];
    bool has_failed;
    uint64_t begun_ns, ended_ns;
} told_span;

typedef struct told {
    told_span spans[SPANS_MAX];
    uint32_t count, closed;
    uint32_t timeout_ms; /* that it was closed with */
} told;

static told seen;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of it, where there are several threads */

static void
take_span(void *user, const acta_span_record *record)
{
    told *all = user;
    pthread_mutex_lock(&lock);
    assert_true(all->count < SPANS_MAX);
    told_span *to = &all->spans[all->count++];
    size_t size = 0;

    *to = (told_span){ .span = *record->span,
        .kind = record->about->kind,
        .has_failed = record->about->has_failed,
        .begun_ns = record->begun_ns,
        .ended_ns = record->ended_ns };
    snprintf(to->name, sizeof to->name, ACTA_FMT, ACTA_ARG(record->about->name));
    for (uint32_t i = 0; i < record->about->field_count; i++) {
        const acta_log_field *field = &record->about->fields[i];
        char *at = to->fields + size;
        if (field->kind == ACTA_LOG_TEXT)
            size += (size_t)snprintf(at, FIELDS_SIZE - size, "%s=" ACTA_FMT ";", field->name, ACTA_ARG(field->text));
        else
            size += (size_t)snprintf(at, FIELDS_SIZE - size, "%s=%" PRIu64 ";", field->name, field->number);
        assert_true(size < FIELDS_SIZE);
    }
    pthread_mutex_unlock(&lock);
}

static void
take_close(void *user, uint32_t timeout_ms)
{
    told *all = user;
    all->closed++;
    all->timeout_ms = timeout_ms;
}

static void
take_count(void *user, acta_span_counters *counters_out)
{
    counters_out->spans = ((const told *)user)->count;
}

static const acta_span_sink sink = { .ended = take_span, .close = take_close, .count = take_count, .user = &seen };

static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
static const acta_projection *const projections[] = { &ledger_rows.base, NULL };

static void
start_traced(fixture *f, const acta_span_sink *to)
{
    f->config.process_managers = managers;
    f->config.projections = projections;
    f->config.command_id_retention_ms = 3600000;
    start(f);
    MUST(f, acta_app_tell_spans(f->app, to, &f->error));
}

static int
set_up_spans(void **state)
{
    seen.count = seen.closed = 0;
    return set_up_manual(state);
}

#define spans(test) cmocka_unit_test_setup_teardown(test, set_up_spans, tear_down)

/* -- looking -- */

static uint32_t
count_named(const char *name)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < seen.count; i++)
        count += strcmp(seen.spans[i].name, name) == 0;
    return count;
}

static const told_span *
only(const char *name)
{
    const told_span *found = NULL;

    assert_int_equal(count_named(name), 1);
    for (uint32_t i = 0; i < seen.count; i++)
        if (strcmp(seen.spans[i].name, name) == 0) found = &seen.spans[i];
    assert_non_null(found);
    return found;
}

static bool
has(const told_span *span, const char *field)
{
    return strstr(span->fields, field) != NULL;
}

static const told_span *
parent_of(const told_span *span)
{
    for (uint32_t i = 0; i < seen.count; i++)
        if (memcmp(seen.spans[i].span.here.span_id, span->span.parent_id, 8) == 0) return &seen.spans[i];
    return NULL;
}

static void
is_below(const told_span *span, const char *parent)
{
    const told_span *above = parent_of(span);

    if (above == NULL || strcmp(above->name, parent) != 0)
        fail_msg("%s is below %s, not %s", span->name, above != NULL ? above->name : "nothing", parent);
}

static void
all_named_are_below(const char *name, const char *parent)
{
    assert_true(count_named(name) > 0);
    for (uint32_t i = 0; i < seen.count; i++)
        if (strcmp(seen.spans[i].name, name) == 0) is_below(&seen.spans[i], parent);
}

/* Each has an id of its own. */
static void
ids_differ(void)
{
    for (uint32_t i = 0; i < seen.count; i++)
        for (uint32_t k = 0; k < i; k++)
            assert_memory_not_equal(seen.spans[i].span.here.span_id, seen.spans[k].span.here.span_id, 8);
}

/* The traces of all events, into a text; "" for one that has none. */
static uint32_t
read_traces(fixture *f, acta_traceparent *traces, uint32_t count_max)
{
    acta_cursor *cursor;
    acta_recorded event;
    uint32_t count = 0;

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        if (event.type.data[0] == '$') continue;
        assert_true(count < count_max);
        traces[count++] = acta_traceparent_of(event.metadata);
    }
    acta_cursor_close(cursor);
    return count;
}

static acta_status
start_job_in(fixture *f, const char *trace, const acta_dispatch_options *given)
{
    const acta_metadata_entry entry = { S(ACTA_TRACEPARENT), acta_str_of(trace) };
    acta_dispatch_options options = given != NULL ? *given : (acta_dispatch_options){ .timeout_ms = 0 };
    acta_str names[] = { S("kurt-4711"), S("kuni-4711") };

    if (trace != NULL) options.metadata = &entry;
    if (trace != NULL) options.metadata_count = 1;
    return ledger_StartJob_dispatch(f->app,
        ACTA_INIT(ledger_StartJob, .job_id = S("job-4711"), .counters = { .data = names, .count = 2 }, .amount = 1),
        &options, &f->error);
}

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

/* -- the tracestate -- */

static void
expect_state(const char *text, const char *expected)
{
    char room[ACTA_TRACESTATE_MAX];
    acta_str state = acta_tracestate_read(acta_str_of(text), room);

    if (expected == NULL ? state.data == NULL : acta_str_equal(state, acta_str_of(expected))) return;
    fail_msg("'%s' is '" ACTA_FMT "', not '%s'", text, ACTA_ARG(state), expected != NULL ? expected : "none");
}

static void
a_tracestate_is_a_list_of_keys_and_values(void **state)
{
    static const char *const none[] = { "", ",", " , ", "a", "=b", "a=", "a= ", "a =b", "A=b", "_a=b", "@a=b",
        "a\x7f=b", "a=b=c", "a=\xc3\xa4", "a=b\n", "a=b,c", "a=b;c=d=e" };
    static const char *const whole[] = { "a=b", "a=b,c=d", "0a@sys=x y!;", "a_-*/@0= b",
        "rojo=00f067aa0ba902b7,congo=t61" };
    (void)state;

    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        expect_state(none[i], NULL);
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        expect_state(whole[i], whole[i]);
    expect_state(" a=b\t,,\t c=d ,", "a=b,c=d");
    expect_state("a=1,b=2,a=3", "a=1,b=2");
}

/* Of each length around the limit; and what is long goes before what is last. */
static void
a_tracestate_is_cut_between_entries(void **state)
{
    char text[4096], expected[4096], value[300];
    size_t size = 0;
    (void)state;

    memset(value, 'v', sizeof value);
    for (int i = 0; i < 32; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%sk%02d=%.12s", i > 0 ? "," : "", i, value);
    assert_int_equal(size, 32 * 17 - 1);
    snprintf(expected, sizeof expected, "%.*s", 30 * 17 - 1, text); /* 509 */
    expect_state(text, expected);
    snprintf(text + size, sizeof text - size, ",k99=v"); /* 33 of them */
    expect_state(text, NULL);
    snprintf(text, sizeof text, "a=%.127s,b=%.126s,c=%.126s,d=%.126s", value, value, value, value);
    snprintf(expected, sizeof expected, "b=%.126s,c=%.126s,d=%.126s", value, value, value);
    expect_state(text, expected);
    snprintf(text, sizeof text, "a=%.256s,b=%.251s", value, value); /* 512 */
    expect_state(text, text);
    snprintf(text, sizeof text, "a=%.256s,b=%.252s", value, value);
    snprintf(expected, sizeof expected, "a=%.256s", value);
    expect_state(text, expected);
    snprintf(text, sizeof text, "a=%.257s", value);
    expect_state(text, NULL);
}

/* It has room among the metadata, or isn't there; a trace has to be. */
static void
a_tracestate_goes_on_where_there_is_room(void **state)
{
    static char long_text[ACTA_METADATA_MAX];
    fixture *f = FIXTURE(state);
    acta_recorded event;
    acta_cursor *cursor;
    const acta_recorded cause = { .position = 7,
        .metadata = acta_str_bytes(S("traceparent:" SAMPLED "\ntracestate:a=b\n")) };
    const acta_recorded broken = { .position = 7,
        .metadata = acta_str_bytes(S("traceparent:" SAMPLED "\ntracestate:ab\n")) };
    acta_metadata_entry note = { S("note"), acta_str_from(long_text, sizeof long_text - 6 - 68) };

    memset(long_text, 'x', sizeof long_text);
    start_traced(f, &sink);
    MUST(f, add_with(f, "a", 1, &(acta_dispatch_options){ .cause = &cause }));
    MUST(f, add_with(f, "a", 1, &(acta_dispatch_options){ .cause = &broken }));
    MUST(f, add_with(f, "a", 1, &(acta_dispatch_options){ .cause = &cause, .metadata = &note, .metadata_count = 1 }));
    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    for (int i = 0; i < 3; i++) {
        MUST(f, acta_cursor_next(cursor, &event, &f->error));
        const acta_traceparent trace = acta_traceparent_of(event.metadata);
        assert_true(acta_traceparent_is_set(&trace));
        acta_str kept = acta_metadata_find(event.metadata, S(ACTA_TRACESTATE));
        assert_true(acta_str_equal(kept, i == 0 ? S("a=b") : acta_str_of(NULL)));
    }
    acta_cursor_close(cursor);
    stop(f);
}

/* -- the schedule -- */

static void
schedule_add(fixture *f, const char *key, acta_when when, const acta_schedule_options *options)
{
    MUST(f, ledger_Add_schedule(f->app, acta_str_of(key),
                ACTA_INIT(ledger_Add, .counter_id = S("c"), .amount = 1, .job_id = acta_str_of(key)), when, options,
                &f->error));
}

/* The metadata of the event that a scheduled command has led to. */
static acta_recorded
find_added(fixture *f, const char *key, char *metadata, size_t size)
{
    acta_cursor *cursor;
    acta_recorded event, found = { .position = 0 };
    ledger_Added added;

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        if (!acta_str_equal(event.type, acta_str_of(ledger_Added_table.name))) continue;
        ledger_Added_table.read(event.payload, &added);
        if (!acta_str_equal(added.job_id, acta_str_of(key))) continue;
        found = event;
        assert_in_range(event.metadata.size, 0, size);
        if (event.metadata.size > 0) memcpy(metadata, event.metadata.data, event.metadata.size);
        found.metadata = acta_bytes_from(metadata, event.metadata.size);
    }
    acta_cursor_close(cursor);
    assert_true(found.position > 0);
    return found;
}

/* Through a crash, which the row must outlive. */
static void
what_is_scheduled_goes_on_in_the_trace_that_it_is_given(void **state)
{
    static const char *const keys[] = { "given", "caused", "apart" };
    fixture *f = FIXTURE(state);
    acta_traceparent client;
    char metadata[512];
    const acta_recorded cause = { .position = 7,
        .correlation_id = { { 9 } },
        .metadata = acta_str_bytes(S("traceparent:" PASSED "\ntracestate:a=b\n")) };
    const acta_schedule_options options[] = { { .traceparent = S(SAMPLED), .tracestate = S("a=b") },
        { .cause = &cause }, { .cause = &cause, .traceparent = S("none") } };

    assert_true(acta_traceparent_parse(S(SAMPLED), &client));
    start_traced(f, &sink);
    for (size_t i = 0; i < 3; i++)
        schedule_add(f, keys[i], ACTA_AFTER(1000), &options[i]);
    settle(f);
    assert_int_equal(seen.count, 0);
    crash(f);
    start_traced(f, &sink);
    pass_ms(f, 1000);
    settle(f);
    for (size_t i = 0; i < 3; i++) {
        acta_recorded event = find_added(f, keys[i], metadata, sizeof metadata);
        const acta_traceparent trace = acta_traceparent_of(event.metadata);
        assert_int_equal(memcmp(trace.trace_id, client.trace_id, 16) == 0, i < 2);
        acta_str kept = acta_metadata_find(event.metadata, S(ACTA_TRACESTATE));
        assert_true(acta_str_equal(kept, i < 2 ? S("a=b") : acta_str_of(NULL)));
        if (i > 0) assert_true(acta_id_equal(event.correlation_id, cause.correlation_id));
    }
    /* One is recorded, as its trace is; the others' is not. */
    assert_memory_equal(only("dispatch ledger.Add")->span.parent_id, client.span_id, 8);
    assert_int_equal(count_named("execute"), 1);
    all_named_are_below("rows ledger.Added", "dispatch ledger.Add");
    stop(f);
}

/* Each run, that nothing has led to; and one that recurs, whatever it was given. */
static void
a_run_of_the_schedule_begins_a_trace(void **state)
{
    enum { RUNS = 4 };
    fixture *f = FIXTURE(state);
    acta_traceparent traces[RUNS], client;
    const acta_recorded cause = { .position = 7, .metadata = acta_str_bytes(S("traceparent:" SAMPLED "\n")) };

    assert_true(acta_traceparent_parse(S(SAMPLED), &client));
    start_traced(f, &sink);
    schedule_add(f, "once", ACTA_AFTER(1000), NULL);
    schedule_add(f, "hourly", ACTA_CRON("@hourly"), &(acta_schedule_options){ .cause = &cause });
    for (int i = 0; i < RUNS - 1; i++)
        pass_ms(f, 3600000);
    settle(f);
    assert_int_equal(read_traces(f, traces, RUNS), RUNS);
    assert_int_equal(count_named("dispatch ledger.Add"), RUNS);
    for (int i = 0; i < RUNS; i++) {
        assert_true(acta_traceparent_is_set(&traces[i]));
        assert_memory_not_equal(traces[i].trace_id, client.trace_id, 16);
        for (int k = 0; k < i; k++)
            assert_memory_not_equal(traces[i].trace_id, traces[k].trace_id, 16);
    }
    all_named_are_below("rows ledger.Added", "dispatch ledger.Add");
    stop(f);
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
        cmocka_unit_test(a_tracestate_is_a_list_of_keys_and_values),
        cmocka_unit_test(a_tracestate_is_cut_between_entries),
        spans(a_tracestate_goes_on_where_there_is_room),
        spans(what_is_scheduled_goes_on_in_the_trace_that_it_is_given),
        spans(a_run_of_the_schedule_begins_a_trace),
        threaded(each_command_is_told_once_whoever_waits),
    };
    return run_on_memory("spans", tests);
}
