/*
 * Spans on their way: what a collector gets is OTLP/JSON, whole, and once; what it doesn't want is tried again or counted as
 * dropped; and no application waits for it.
 */
#include "traced_bank.h"

#include <time.h>

#define TRACE_ID "4bf92f3577b34da6a3ce929d0e0e4736"

static bool
is_of(acta_str text, size_t size, const char *letters)
{
    for (size_t i = 0; i < text.size; i++)
        if (strchr(letters, text.data[i]) == NULL) return false;
    return text.size == size || (size == 0 && text.size > 0);
}

static uint64_t
number_in(const json_value *span, const char *key)
{
    acta_str text = json_text(span, key);
    char digits[32];

    assert_int_equal(json_member(span, key)->kind, JSON_STRING); /* 64 bits */
    assert_true(is_of(text, 0, "0123456789"));
    snprintf(digits, sizeof digits, ACTA_FMT, ACTA_ARG(text));
    return strtoull(digits, NULL, 10);
}

/* -- the form -- */

/* https://opentelemetry.io/docs/specs/otlp/: ids in small hexadecimal, kinds as numbers, times and integers as strings. */
static void
spans_come_as_otlp_has_them(void **state)
{
    static const acta_otlp_pair headers[] = { { "api-key", "abc def" }, { "X-Empty", "" } };
    static const acta_otlp_pair attributes[] = { { "deployment.environment", "t\xc3\xa4st \"1\"" } };
    fixture *f = FIXTURE(state);
    came all;
    char head[64];

    f->options.headers = headers;
    f->options.header_count = 2;
    f->options.attributes = attributes;
    f->options.attribute_count = 1;
    send_spans(f);
    const acta_metadata_entry trace = { S(ACTA_TRACEPARENT), S("00-" TRACE_ID "-00f067aa0ba902b7-01") };
    const bank_OpenAccount open = { .account_id = S("al-4711"), .owner = S("Ada-4711"), .initial_balance = 5 };
    const acta_dispatch_options options = { .timeout_ms = STOP_MS, .metadata = &trace, .metadata_count = 1 };
    MUST(f, bank_OpenAccount_dispatch(f->app, open, &options, &f->error));
    stop(f);

    snprintf(head, sizeof head, "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", f->collector.port);
    assert_int_equal(strncmp(f->collector.requests[0].head, head, strlen(head)), 0);
    assert_non_null(strstr(f->collector.requests[0].head, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(f->collector.requests[0].head, "\r\napi-key: abc def\r\n"));
    assert_non_null(strstr(f->collector.requests[0].head, "\r\nX-Empty:"));
    const json_value *of_all = read_body(f, f->collector.requests[0].body);
    const json_value *resource = json_member(of_all, "resource");
    assert_true(acta_str_equal(attribute(resource, "service.name", "stringValue"), S("bank")));
    assert_true(acta_str_equal(attribute(resource, "deployment.environment", "stringValue"), S("t\xc3\xa4st \"1\"")));
    assert_int_equal(attribute(resource, "service.instance.id", "stringValue").size, 36);
    assert_true(acta_str_equal(json_text(json_member(only_item(of_all, "scopeSpans"), "scope"), "name"), S("acta")));

    read_spans(f, &all);
    assert_int_equal(all.count, 4);
    for (uint32_t i = 0; i < all.count; i++) {
        const json_value *span = all.spans[i];
        assert_true(acta_str_equal(json_text(span, "traceId"), S(TRACE_ID)));
        assert_true(is_of(json_text(span, "spanId"), 16, "0123456789abcdef"));
        assert_true(is_of(json_text(span, "parentSpanId"), 16, "0123456789abcdef"));
        assert_int_equal(json_number(span, "kind"), ACTA_SPAN_INTERNAL);
        assert_true(number_in(span, "endTimeUnixNano") >= number_in(span, "startTimeUnixNano"));
        assert_true(number_in(span, "startTimeUnixNano") > UINT64_C(1600000000000000000));
        assert_null(json_member(span, "status"));
        assert_null(json_member(span, "traceState"));
    }
    const json_value *dispatch = named(&all, "dispatch bank.OpenAccount");
    assert_true(acta_str_equal(json_text(dispatch, "parentSpanId"), S("00f067aa0ba902b7")));
    assert_true(acta_str_equal(attribute(dispatch, "acta.command", "stringValue"), S("bank.OpenAccount")));
    assert_true(acta_str_equal(attribute(dispatch, "acta.events", "intValue"), S("1")));
    for (uint32_t i = 0; i < f->collector.count; i++)
        assert_null(strstr(f->collector.requests[i].body, "4711")); /* what is anybody's */
}

/* Those of the command, of its stages, of process managers and of what they ask for. A quote may be in a value. */
static void
a_tracestate_is_told_with_every_span(void **state)
{
    const acta_metadata_entry trace[] = { { S(ACTA_TRACEPARENT), S("00-" TRACE_ID "-00f067aa0ba902b7-01") },
        { S(ACTA_TRACESTATE), S("rojo=1,congo=a\"b") } };
    const acta_dispatch_options options = { .timeout_ms = STOP_MS, .metadata = trace, .metadata_count = 2 };
    const bank_RequestTransfer request = {
        .transfer_id = S("t"), .source_id = S("alice"), .target_id = S("bob"), .amount = 80
    };
    fixture *f = FIXTURE(state);
    came all;

    open_account(f, "alice", 100);
    open_account(f, "bob", 0);
    send_spans(f);
    MUST(f, bank_RequestTransfer_dispatch(f->app, request, &options, &f->error));
    MUST(f, acta_app_settle(f->app, STOP_MS, &f->error));
    stop(f);
    read_spans(f, &all);
    assert_int_equal(count_named(&all, "commit"), 4);
    assert_int_equal(count_named(&all, "Transfers bank.MoneyDeposited"), 1);
    for (uint32_t i = 0; i < all.count; i++)
        assert_true(acta_str_equal(json_text(all.spans[i], "traceState"), S("rojo=1,congo=a\"b")));
}

/* A transfer begins a trace; withdrawal, deposit and end are in it, each below the one that asked for it. */
static void
a_transfer_is_one_tree(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_dispatch_options patiently = { .timeout_ms = STOP_MS };
    came all;

    open_account(f, "alice", 100);
    open_account(f, "bob", 0);
    send_spans(f);
    const bank_RequestTransfer request = {
        .transfer_id = S("t"), .source_id = S("alice"), .target_id = S("bob"), .amount = 80
    };
    MUST(f, bank_RequestTransfer_dispatch(f->app, request, &patiently, &f->error));
    MUST(f, acta_app_settle(f->app, STOP_MS, &f->error));
    stop(f);
    read_spans(f, &all);
    const json_value *root = named(&all, "dispatch bank.RequestTransfer");
    assert_null(json_member(root, "parentSpanId"));
    for (uint32_t i = 0; i < all.count; i++) {
        assert_true(acta_str_equal(json_text(all.spans[i], "traceId"), json_text(root, "traceId")));
        if (all.spans[i] != root) assert_non_null(parent_of(&all, all.spans[i]));
    }
    static const char *const below[][2] = { { "Transfers bank.TransferRequested", "dispatch bank.RequestTransfer" },
        { "dispatch bank.Withdraw", "Transfers bank.TransferRequested" },
        { "Transfers bank.MoneyWithdrawn", "dispatch bank.Withdraw" },
        { "dispatch bank.Deposit", "Transfers bank.MoneyWithdrawn" },
        { "Transfers bank.MoneyDeposited", "dispatch bank.Deposit" } };
    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++)
        assert_ptr_equal(parent_of(&all, named(&all, below[i][0])), named(&all, below[i][1]));
    assert_int_equal(json_number(named(&all, "Transfers bank.TransferRequested"), "kind"), ACTA_SPAN_CONSUMER);
    assert_int_equal(count_named(&all, "commit"), 4);
    assert_int_equal(f->told_dropped, 0);
}

static void
a_failure_is_told_as_an_error(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_dispatch_options impossible = { .timeout_ms = STOP_MS, .expected_version = 17 };
    const bank_Deposit deposit = { .account_id = S("alice"), .amount = 1 };
    came all;

    send_spans(f);
    assert_int_equal(bank_Deposit_dispatch(f->app, deposit, &impossible, &f->error), ACTA_CONFLICT);
    stop(f);
    read_spans(f, &all);
    assert_int_equal(json_number(json_member(named(&all, "dispatch bank.Deposit"), "status"), "code"), 2);
}

/* -- what is tried again -- */

#define ANSWER(status) status "\r\nContent-Length: 0\r\n\r\n"

static void
what_may_pass_is_tried_again(void **state)
{
    fixture *f = FIXTURE(state);
    came all;

    f->options.batch_max = 4;
    f->options.delay_ms = STOP_MS; /* a whole batch, or none */
    f->collector.answers[0] = ANSWER("503 Service Unavailable");
    f->collector.answers[1] = ANSWER("429 Too Many Requests");
    f->collector.answers[2] = ANSWER("502 Bad Gateway");
    f->collector.answers[3] = ANSWER("504 Gateway Timeout");
    send_spans(f);
    open_account(f, "alice", 1);
    acta_span_counters counters = await_all(f);
    assert_int_equal(counters.spans, 4);
    assert_int_equal(counters.sent, 4);
    assert_int_equal(counters.retries, 4);
    stop(f);
    assert_int_equal(f->collector.count, 5);
    for (uint32_t i = 1; i < 5; i++)
        assert_string_equal(f->collector.requests[i].body, f->collector.requests[0].body);
    f->collector.count = 1;
    read_spans(f, &all);
    assert_int_equal(all.count, 4);
    f->collector.count = 5;
}

/* It asks for a second; the backoff alone is a few ms. */
static void
nobody_asks_again_before_the_collector_wants(void **state)
{
    fixture *f = FIXTURE(state);
    struct timespec begun, ended;

    f->collector.answers[0] = "503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
    f->options.batch_max = 4;
    f->options.delay_ms = STOP_MS;
    send_spans(f);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    open_account(f, "alice", 1);
    acta_span_counters counters = await_all(f);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    assert_int_equal(counters.sent, 4);
    assert_int_equal(counters.retries, 1);
    assert_true((ended.tv_sec - begun.tv_sec) * 1000 + (ended.tv_nsec - begun.tv_nsec) / 1000000 >= 999);
    stop(f);
}

/* A request that the collector takes, and the connection breaks before its answer: it can't be told apart from one that is lost. */
static void
a_connection_that_breaks_is_made_again(void **state)
{
    fixture *f = FIXTURE(state);

    f->collector.answers[0] = ""; /* the connection ends */
    f->options.batch_max = 4;
    f->options.delay_ms = STOP_MS;
    send_spans(f);
    open_account(f, "alice", 1);
    acta_span_counters counters = await_all(f);
    assert_int_equal(counters.sent, 4);
    assert_int_equal(counters.retries, 1);
    stop(f);
    assert_int_equal(f->collector.count, 2);
}

static void
what_is_refused_is_dropped_and_told(void **state)
{
    fixture *f = FIXTURE(state);

    f->options.batch_max = 4;
    f->options.delay_ms = STOP_MS;
    f->collector.answers[0] = ANSWER("400 Bad Request");
    send_spans(f);
    open_account(f, "alice", 1);
    acta_span_counters counters = await_all(f);
    assert_int_equal(counters.dropped, 4);
    assert_int_equal(counters.retries, 0);
    stop(f);
    assert_int_equal(f->collector.count, 1);
    assert_int_equal(f->told_dropped, 4);
    assert_non_null(strstr(f->why, "the collector answered 400"));
}

static void
what_a_collector_rejects_of_a_batch_is_dropped(void **state)
{
    fixture *f = FIXTURE(state);

    f->options.batch_max = 4;
    f->options.delay_ms = STOP_MS;
    f->collector.answers[0] = "200 OK\r\nContent-Length: 42\r\n\r\n{\"partialSuccess\":{\"rejectedSpans\" : \"3\"}}";
    send_spans(f);
    open_account(f, "alice", 1);
    acta_span_counters counters = await_all(f);
    assert_int_equal(counters.dropped, 3);
    assert_int_equal(counters.sent, 1);
    stop(f);
    assert_int_equal(f->told_dropped, 3);
}

static void
nobody_who_listens_is_given_up(void **state)
{
    fixture *f = FIXTURE(state);

    f->options.attempts_max = 2;
    f->options.batch_max = 4;
    f->options.delay_ms = STOP_MS;
    send_spans(f);
    collector_end(&f->collector); /* its port is nobody's now */
    open_account(f, "alice", 1);
    acta_span_counters counters = await_all(f);
    assert_int_equal(counters.dropped, 4);
    assert_int_equal(counters.retries, 1);
    stop(f);
    assert_int_equal(f->told_dropped, 4);
}

/* -- a collector that stands still -- */

/* Commands go on; what finds no room is counted; and the application's end doesn't wait for more than it may. */
static void
nobody_waits_for_a_collector_that_stands_still(void **state)
{
    fixture *f = FIXTURE(state);
    char id[16];

    f->collector.is_silent = true;
    f->options.queue_max = 8;
    f->options.batch_max = 4;
    f->options.flush_ms = 50;
    send_spans(f);
    for (int i = 0; i < 30; i++) {
        snprintf(id, sizeof id, "a%d", i);
        open_account(f, id, 1);
    }
    collector_await(&f->collector, 1);
    acta_span_counters counters = counters_of(f);
    assert_int_equal(counters.spans, 120);
    assert_int_equal(counters.sent, 0);
    assert_in_range(counters.dropped, 120 - 8 - 4, 120 - 8);
    stop(f);
    assert_int_equal(f->told_dropped, 120);
}

/* Enough time, and nobody who listens: a batch that fails at the end takes those behind it along. */
static void
the_end_is_not_put_off_by_attempts(void **state)
{
    fixture *f = FIXTURE(state);

    f->options.delay_ms = STOP_MS;
    f->options.flush_ms = STOP_MS;
    f->collector.answers[0] = ANSWER("503 Service Unavailable");
    send_spans(f);
    open_account(f, "alice", 1);
    stop(f);
    assert_int_equal(f->collector.count, 1);
    assert_int_equal(f->told_dropped, 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_bank(spans_come_as_otlp_has_them),
        with_bank(a_tracestate_is_told_with_every_span),
        with_bank(a_transfer_is_one_tree),
        with_bank(a_failure_is_told_as_an_error),
        with_bank(what_may_pass_is_tried_again),
        with_bank(nobody_asks_again_before_the_collector_wants),
        with_bank(a_connection_that_breaks_is_made_again),
        with_bank(what_is_refused_is_dropped_and_told),
        with_bank(what_a_collector_rejects_of_a_batch_is_dropped),
        with_bank(nobody_who_listens_is_given_up),
        with_bank(nobody_waits_for_a_collector_that_stands_still),
        with_bank(the_end_is_not_put_off_by_attempts),
    };
    return cmocka_run_group_tests_name("spans to a collector", tests, NULL, NULL);
}
