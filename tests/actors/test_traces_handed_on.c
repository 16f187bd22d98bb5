/*
 * Traces that are handed on: the tracestate beside them, and the schedule that they go through.
 */
#include "told_spans.h"

#include "acta/schedule.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tracestate_is_a_list_of_keys_and_values),
        cmocka_unit_test(a_tracestate_is_cut_between_entries),
        spans(a_tracestate_goes_on_where_there_is_room),
        spans(what_is_scheduled_goes_on_in_the_trace_that_it_is_given),
        spans(a_run_of_the_schedule_begins_a_trace),
    };
    return run_on_memory("traces handed on", tests);
}
