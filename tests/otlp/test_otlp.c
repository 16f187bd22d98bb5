/*
 * Spans on their way: what a collector gets is OTLP/JSON, whole, and once; what it doesn't want is tried again or counted as
 * dropped; and no application waits for it.
 */
#include "collector.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ftw.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "acta/memory_engine.h"
#include "acta/otlp.h"
#include "acta/span.h"
#include "bank.h"
#include "json.h"
#include "scratch.h"

enum { STOP_MS = 120000, SPANS_MAX = 256 };

#define S(text)  acta_str_of(text)
#define TRACE_ID "4bf92f3577b34da6a3ce929d0e0e4736"

typedef struct fixture {
    acta_disk *disk;
    acta_app *app;
    acta_environment environment;
    acta_otlp_options options;
    collector collector;
    char url[128];
    acta_memory *memory;
    acta_error error;
    _Atomic uint64_t told_dropped; /* spans, by the log */
    char why[256];                 /* … the newest of it */
} fixture;

#define FIXTURE(state) ((fixture *)*(state))
#define MUST(f, call)                                                                                                  \
    do {                                                                                                               \
        if ((call) != ACTA_OK) fail_msg("%s", (f)->error.text);                                                        \
    } while (0)

/* -- the bank -- */

static void
take_record(void *user, const acta_log_record *record)
{
    fixture *f = user;

    if (strcmp(record->event, "otlp.dropped") != 0) return;
    f->told_dropped += record->fields[0].number;
    snprintf(f->why, sizeof f->why, ACTA_FMT, ACTA_ARG(record->line));
}

static int
set_up(void **state)
{
    fixture *f = test_calloc(1, sizeof *f);

    *state = f;
    f->memory = acta_memory_create(NULL);
    f->environment.log = (acta_log){ .record = take_record, .user = f };
    const acta_app_config config = { .name = "bank",
        .schema = &bank_schema,
        .aggregates = bank_aggregates,
        .process_managers = bank_process_managers,
        .environment = &f->environment,
        .store = { .engine = acta_memory_engine(f->disk = acta_disk_create(NULL)) } };
    MUST(f, acta_app_start(&config, &f->app, &f->error));
    return 0;
}

static void
stop(fixture *f)
{
    MUST(f, acta_app_stop(f->app, STOP_MS, &f->error));
    f->app = NULL;
}

static int
tear_down(void **state)
{
    fixture *f = *state;

    acta_app_stop(f->app, STOP_MS, NULL);
    collector_free(&f->collector);
    acta_disk_destroy(f->disk);
    acta_memory_destroy(f->memory);
    test_free(f);
    return 0;
}

#define with_bank(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* A collector, and spans that are sent at once. */
static void
send_spans(fixture *f)
{
    collector_begin(&f->collector);
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u/v1/traces", f->collector.port);
    f->options.url = f->url;
    if (f->options.delay_ms == 0) f->options.delay_ms = 1;
    f->options.retry_first_ms = 1;
    f->options.timeout_ms = STOP_MS;
    MUST(f, acta_otlp_start(f->app, &f->options, &f->error));
}

static void
open_account(fixture *f, const char *id, int balance)
{
    const acta_dispatch_options patiently = { .timeout_ms = STOP_MS };
    const bank_OpenAccount open = { .account_id = S(id), .owner = S("Ada"), .initial_balance = balance };

    MUST(f, bank_OpenAccount_dispatch(f->app, open, &patiently, &f->error));
}

static acta_span_counters
counters_of(const fixture *f)
{
    acta_span_counters counters;

    acta_app_count_spans(f->app, &counters);
    return counters;
}

/* Until nothing waits any more. */
static acta_span_counters
await_all(const fixture *f)
{
    struct timespec begun, now;

    clock_gettime(CLOCK_MONOTONIC, &begun);
    do {
        acta_span_counters counters = counters_of(f);
        if (counters.spans > 0 && counters.sent + counters.dropped == counters.spans) return counters;
        sched_yield();
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - begun.tv_sec < PATIENCE_MS / 1000);
    fail_msg("spans still wait after a minute");
    return counters_of(f);
}

/* -- what came -- */

typedef struct came {
    const json_value *spans[SPANS_MAX];
    uint32_t count;
} came;

static const json_value *
only_item(const json_value *object, const char *key)
{
    const json_value *array = json_member(object, key);

    assert_non_null(array);
    assert_int_equal(array->kind, JSON_ARRAY);
    assert_non_null(array->first);
    assert_null(array->first->next);
    return array->first;
}

/* The value of an attribute, which is of this kind; "" when there is none. */
static acta_str
attribute(const json_value *object, const char *name, const char *kind)
{
    const json_value *list = json_member(object, "attributes");

    for (const json_value *a = list != NULL ? list->first : NULL; a != NULL; a = a->next) {
        if (!acta_str_equal(json_text(a, "key"), S(name))) continue;
        const json_value *value = json_member(json_member(a, "value"), kind);
        assert_non_null(value);
        assert_int_equal(value->kind, JSON_STRING);
        return value->text;
    }
    return S("");
}

static const json_value *
read_body(fixture *f, const char *body)
{
    const json_value *all;

    if (json_read(S(body), f->memory, &all, &f->error) != ACTA_OK) fail_msg("%s: %s", f->error.text, body);
    return only_item(all, "resourceSpans");
}

/* All spans of all requests. */
static void
read_spans(fixture *f, came *all)
{
    all->count = 0;
    for (uint32_t i = 0; i < f->collector.count; i++) {
        const json_value *scope = only_item(read_body(f, f->collector.requests[i].body), "scopeSpans");
        for (const json_value *span = json_member(scope, "spans")->first; span != NULL; span = span->next) {
            assert_true(all->count < SPANS_MAX);
            all->spans[all->count++] = span;
        }
    }
}

static uint32_t
count_named(const came *all, const char *name)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < all->count; i++)
        count += acta_str_equal(json_text(all->spans[i], "name"), S(name));
    return count;
}

static const json_value *
named(const came *all, const char *name)
{
    assert_int_equal(count_named(all, name), 1);
    for (uint32_t i = 0; i < all->count; i++)
        if (acta_str_equal(json_text(all->spans[i], "name"), S(name))) return all->spans[i];
    return NULL;
}

static const json_value *
parent_of(const came *all, const json_value *span)
{
    for (uint32_t i = 0; i < all->count; i++)
        if (acta_str_equal(json_text(all->spans[i], "spanId"), json_text(span, "parentSpanId"))) return all->spans[i];
    return NULL;
}

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

/* -- options -- */

static void
options_that_cannot_be_are_refused(void **state)
{
    static const acta_otlp_pair no_header[] = { { "a key", "x" } }, two_lines[] = { { "key", "secret\r\nX: y" } };
    static const struct {
        acta_otlp_options options;
        const char *why;
    } wrong[] = { { { .url = NULL }, "no endpoint" }, { { .url = "localhost" }, "the endpoint is no URL" },
        { { .url = "ftp://127.0.0.1/" }, "the endpoint is no URL" },
        { { .url = "http://ann:secret@127.0.0.1/" }, "has a user's name" },
        { { .url = "http://127.0.0.1/", .headers = no_header, .header_count = 1 }, "header 1 ('a key') is none" },
        { { .url = "http://127.0.0.1/", .headers = two_lines, .header_count = 1 }, "header 1 ('key') is none" },
        { { .url = "http://127.0.0.1/", .queue_max = 10, .batch_max = 11 }, "a batch of 11 spans" },
        { { .url = "http://127.0.0.1/", .queue_max = 2000000 }, "queue_max is 2000000" },
        { { .url = "http://127.0.0.1/", .roots_per_million = 1000001 }, "roots_per_million is 1000001" } };
    fixture *f = FIXTURE(state);

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(acta_otlp_start(f->app, &wrong[i].options, &f->error), ACTA_INVALID);
        if (strstr(f->error.text, wrong[i].why) == NULL) fail_msg("'%s' is not in: %s", wrong[i].why, f->error.text);
        assert_null(strstr(f->error.text, "secret"));
        assert_false(acta_app_has_span_sink(f->app));
    }
    send_spans(f);
    assert_int_equal(acta_otlp_start(f->app, &f->options, &f->error), ACTA_ALREADY_EXISTS);
}

/* -- the environment -- */

static const char *const names[] = { "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_TRACES_EXPORTER", "OTEL_SDK_DISABLED" };

static int
set_up_environment(void **state)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    return set_up(state);
}

#define in_environment(test) cmocka_unit_test_setup_teardown(test, set_up_environment, tear_down)

/* Another bank, which has a directory. */
static acta_status
start_another(fixture *f, const char *folder)
{
    const acta_app_config config = {
        .data_path = folder, .schema = &bank_schema, .aggregates = bank_aggregates, .environment = &f->environment
    };

    acta_app_stop(f->app, STOP_MS, NULL);
    f->app = NULL;
    return acta_app_start(&config, &f->app, &f->error);
}

static void
a_program_sends_without_a_line(void **state)
{
    fixture *f = FIXTURE(state);
    char folder[96], url[64];
    came all;

    assert_true(scratch_make(folder, "/tmp", "otlp"));
    collector_begin(&f->collector);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", f->collector.port);
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url, 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key = a%20b%2C , other=c", 1);
    setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=purse,service.version=1.2", 1);
    setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio", 1);
    setenv("OTEL_TRACES_SAMPLER_ARG", "1.0", 1);
    MUST(f, start_another(f, folder));
    open_account(f, "alice", 1);
    stop(f);
    assert_int_equal(f->collector.count, 1);
    assert_int_equal(strncmp(f->collector.requests[0].head, "POST /v1/traces ", 16), 0);
    assert_non_null(strstr(f->collector.requests[0].head, "\r\napi-key: a b,\r\n"));
    assert_non_null(strstr(f->collector.requests[0].head, "\r\nother: c\r\n"));
    const json_value *resource = json_member(read_body(f, f->collector.requests[0].body), "resource");
    assert_true(acta_str_equal(attribute(resource, "service.name", "stringValue"), S("purse")));
    assert_true(acta_str_equal(attribute(resource, "service.version", "stringValue"), S("1.2")));
    read_spans(f, &all);
    named(&all, "dispatch bank.OpenAccount");
    nftw(folder, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Who has asked for it gets it, or learns why not. */
static void
an_environment_that_cannot_be_stops_the_start(void **state)
{
    static const struct {
        const char *name, *value, *why;
    } wrong[] = { { "OTEL_EXPORTER_OTLP_HEADERS", "secret", "entry 1 is no NAME=VALUE" },
        { "OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "'10s' is no whole number" },
        { "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "'grpc' is not spoken" },
        { "OTEL_TRACES_SAMPLER", "sometimes", "'sometimes' is not known" },
        { "OTEL_TRACES_EXPORTER", "zipkin", "'zipkin' is not known" },
        { "OTEL_TRACES_SAMPLER_ARG", "1.5", "'1.5' is no number from 0 to 1" } };
    fixture *f = FIXTURE(state);
    char folder[96];

    assert_true(scratch_make(folder, "/tmp", "otlp"));
    setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/v1/traces", 1);
    setenv("OTEL_TRACES_SAMPLER", "traceidratio", 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *before = getenv(wrong[i].name);
        setenv(wrong[i].name, wrong[i].value, 1);
        assert_int_equal(start_another(f, folder), ACTA_INVALID);
        if (strstr(f->error.text, wrong[i].why) == NULL) fail_msg("'%s' is not in: %s", wrong[i].why, f->error.text);
        assert_null(strstr(f->error.text, "secret"));
        unsetenv(wrong[i].name);
        if (before != NULL) setenv("OTEL_TRACES_SAMPLER", "traceidratio", 1);
    }
    setenv("OTEL_SDK_DISABLED", "true", 1);
    MUST(f, start_another(f, folder));
    assert_false(acta_app_has_span_sink(f->app));
    stop(f);
    nftw(folder, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
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
        with_bank(options_that_cannot_be_are_refused),
        in_environment(a_program_sends_without_a_line),
        in_environment(an_environment_that_cannot_be_stops_the_start),
    };
    return cmocka_run_group_tests_name("spans to a collector", tests, NULL, NULL);
}
