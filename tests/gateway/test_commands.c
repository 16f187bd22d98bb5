/*
 * Commands and states over HTTP: what is answered, and when.
 */
#include "http.h"

#include <pthread.h>
#include <unistd.h>

#include "acta/span.h"

static void
a_command_has_taken_effect_when_it_is_answered(void **state)
{
    fixture *f = FIXTURE(state);
    bank_Account account;
    acta_memory *memory = acta_memory_create(NULL);

    serve(f);
    assert_int_equal(
        post(f, "/commands/OpenAccount?timeout_ms=60000", "{\"account_id\":\"alice\",\"initial_balance\":100}"), 200);
    assert_string_equal(f->last.body, "{\"version\":1,\"position\":1}");
    head_has(f, "ETag: \"1\"");
    head_has(f, "Content-Type: application/json\r\n");
    MUST(f, bank_Account_read(f->app, acta_str_of("alice"), &account, memory, &f->error));
    assert_int_equal(account.balance, 100);
    acta_memory_destroy(memory);
}

static void
a_rejection_tells_its_name_and_code(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    open_account(f, "alice", 5);
    assert_int_equal(post(f, "/commands/Withdraw", "{\"account_id\":\"alice\",\"amount\":7}"), 422);
    head_has(f, "Content-Type: application/problem+json");
    body_has(f, "\"title\":\"rejected\",\"status\":422,");
    body_has(f, "\"rejection\":\"insufficient_funds\",\"code\":4,\"retriable\":false}");
}

static void
bad_json_is_refused_with_its_place(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    assert_int_equal(post(f, "/commands/Deposit", "{\"account_id\":\"alice\",\"amuont\":7}"), 400);
    body_has(f, "\"title\":\"invalid\"");
    body_has(f, "amuont");
    assert_int_equal(post(f, "/commands/Deposit", "{\"account_id\":\"alice\",\"amount\":"), 400);
    assert_int_equal(post(f, "/commands/Deposit", "{\"amount\":7}"), 400);
    body_has(f, "\"field\":\"account_id\"");
    assert_int_equal(post(f, "/commands/Deposit", ""), 400);
}

static void
an_unknown_command_is_not_found_and_the_nearest_told(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    assert_int_equal(post(f, "/commands/Depsit", "{}"), 404);
    body_has(f, "\"status\":404");
    body_has(f, "did you mean 'Deposit'?");
    assert_int_equal(post(f, "/commands/MoneyDeposited", "{}"), 404);
    body_has(f, "is an event, not a command");
}

static void
a_key_makes_the_same_answer_of_a_repeated_command(void **state)
{
    fixture *f = FIXTURE(state);
    static const char headers[] = "Content-Type: application/json\r\nIdempotency-Key: \"payment-17\"\r\n";

    serve(f);
    open_account(f, "alice", 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(f, "POST", "/commands/Deposit", headers, "{\"account_id\":\"alice\",\"amount\":7}"), 200);
        assert_string_equal(f->last.body, "{\"version\":2,\"position\":2}");
    }
    assert_int_equal(ask(f, "POST", "/commands/Deposit", headers, "{\"account_id\":\"alice\",\"amount\":8}"), 422);
    body_has(f, "\"title\":\"command_id_reused\"");
    assert_int_equal(
        ask(f, "POST", "/commands/Deposit", "Content-Type: application/json\r\nIdempotency-Key: \r\n", "{}"), 400);
}

static void
an_expected_version_must_hold(void **state)
{
    fixture *f = FIXTURE(state);
    static const char at_1[] = "Content-Type: application/json\r\nIf-Match: \"1\"\r\n";
    static const char at_none[] = "Content-Type: application/json\r\nIf-None-Match: *\r\n";
    static const char at_word[] = "Content-Type: application/json\r\nIf-Match: one\r\n";
    static const char deposit[] = "{\"account_id\":\"alice\",\"amount\":7}";

    serve(f);
    open_account(f, "alice", 0);
    assert_int_equal(ask(f, "POST", "/commands/Deposit", at_1, deposit), 200);
    assert_int_equal(ask(f, "POST", "/commands/Deposit", at_1, deposit), 412);
    body_has(f, "\"title\":\"conflict\",\"status\":412");
    body_has(f, "\"actual_version\":2");
    assert_int_equal(ask(f, "POST", "/commands/OpenAccount", at_none, "{\"account_id\":\"alice\"}"), 409);
    assert_int_equal(ask(f, "POST", "/commands/OpenAccount", at_none, "{\"account_id\":\"bob\"}"), 200);
    assert_int_equal(ask(f, "POST", "/commands/Deposit", at_word, deposit), 400);
}

static void
an_answer_can_wait_for_readers(void **state)
{
    fixture *f = FIXTURE(state);
    bank_AccountRow row;
    acta_memory *memory = acta_memory_create(NULL);
    char path[128];

    serve(f);
    snprintf(path, sizeof path, "/commands/OpenAccount?timeout_ms=60000&wait_for=%s", bank_account_rows.base.name);
    for (int i = 0; i < 20; i++) {
        char body[64], id[16];
        snprintf(id, sizeof id, "a%d", i);
        snprintf(body, sizeof body, "{\"account_id\":\"%s\",\"initial_balance\":%d}", id, i);
        assert_int_equal(post(f, path, body), 200);
        MUST(f, bank_AccountRow_find(f->app, acta_str_of(id), &row, memory, &f->error));
        assert_int_equal(row.balance, i);
    }
    assert_int_equal(post(f, "/commands/OpenAccount?wait_for=nobody", "{\"account_id\":\"z\"}"), 400);
    body_has(f, "nobody");
    acta_memory_destroy(memory);
}

static void
bad_numbers_of_a_query_are_refused(void **state)
{
    fixture *f = FIXTURE(state);
    static const char *const bad[] = { "0", "-1", "60001", "1e3", "", "18446744073709551616" };

    serve(f);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char path[96];
        snprintf(path, sizeof path, "/commands/Deposit?timeout_ms=%s", bad[i]);
        assert_int_equal(post(f, path, "{\"account_id\":\"alice\"}"), 400);
        body_has(f, "timeout_ms");
    }
}

static void
a_state_is_told_as_it_is_and_as_it_was(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    open_account(f, "alice", 100);
    assert_int_equal(post(f, "/commands/Deposit", "{\"account_id\":\"alice\",\"amount\":20}"), 200);
    assert_int_equal(get(f, "/aggregates/Account/alice"), 200);
    body_has(f, "{\"type\":\"bank.Account\",\"id\":\"alice\",\"version\":2,\"position\":2,\"recorded_at\":\"");
    body_has(f, "\"balance\": 120");
    head_has(f, "ETag: \"2\"");
    assert_int_equal(get(f, "/aggregates/Account/alice?at=1"), 200);
    body_has(f, "\"version\":1");
    body_has(f, "\"balance\": 100");
    assert_int_equal(get(f, "/aggregates/Account/alice?at=position:1"), 200);
    body_has(f, "\"balance\": 100");
    assert_int_equal(get(f, "/aggregates/Account/alice?at=2999-01-01T00:00:00Z"), 200);
    body_has(f, "\"balance\": 120");
    assert_int_equal(get(f, "/aggregates/Account/alice?at=1999-01-01T00:00:00.5Z"), 404);
    assert_int_equal(get(f, "/aggregates/Account/alice?at=2999-01-01T00:00:00.123456789Z"), 200);
    assert_int_equal(get(f, "/aggregates/Account/alice?at=2999-02-31T00:00:00Z"), 400);
    assert_int_equal(get(f, "/aggregates/Account/alice?at=2999-01-01T00:00:00.Z"), 400);
    assert_int_equal(get(f, "/aggregates/Account/alice?at=yesterday"), 400);
    assert_int_equal(get(f, "/aggregates/Account/bob"), 404);
    assert_int_equal(get(f, "/aggregates/Acount/alice"), 404);
    assert_int_equal(get(f, "/aggregates/Deposit/alice"), 404);
}

static void
what_changed_is_told_and_why(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    open_account(f, "alice", 100);
    assert_int_equal(post(f, "/commands/Deposit", "{\"account_id\":\"alice\",\"amount\":20}"), 200);
    assert_int_equal(post(f, "/commands/Deposit", "{\"account_id\":\"alice\",\"amount\":30}"), 200);
    assert_int_equal(get(f, "/aggregates/Account/alice/diff?from=1&to=2"), 200);
    body_has(f, "{\"type\":\"bank.Account\",\"id\":\"alice\",\"differences\":[{\"path\":\"balance\",\"before\":100,"
                "\"after\":120}]}");
    assert_int_equal(get(f, "/aggregates/Account/alice/diff?from=position:2"), 200);
    body_has(f, "\"before\":120,\"after\":150}");
    assert_int_equal(get(f, "/aggregates/Account/alice/diff"), 200);
    body_has(f, "{\"path\":\"balance\",\"before\":0,\"after\":150}");
    assert_int_equal(get(f, "/aggregates/Account/alice/diff?from=3"), 200);
    body_has(f, "\"differences\":[]");
    assert_int_equal(get(f, "/aggregates/Account/bob/diff"), 404);
    assert_int_equal(get(f, "/aggregates/Acount/alice/diff"), 404);
    assert_int_equal(get(f, "/aggregates/Account/alice/diff?from=x"), 400);

    assert_int_equal(get(f, "/aggregates/Account/alice/why?field=balance"), 200);
    body_has(f, "\"field\":\"balance\",\"version\":3,\"position\":3,\"recorded_at\":\"");
    body_has(f, "\"event\":\"bank.MoneyDeposited\",\"command_id\":\"");
    body_has(f, "\"before\":120,\"after\":150}");
    assert_int_equal(get(f, "/aggregates/Account/alice/why?field=balance&value=120"), 200);
    body_has(f, "\"version\":2,");
    assert_int_equal(get(f, "/aggregates/Account/alice/why?field=balance&at=1"), 200);
    body_has(f, "\"event\":\"bank.AccountOpened\"");
    assert_int_equal(get(f, "/aggregates/Account/alice/why?field=balance&value=7"), 404);
    body_has(f, "nothing has changed 'balance' of 'alice' to 7 up to that point");
    assert_int_equal(get(f, "/aggregates/Account/alice/why?field=colour"), 400);
    assert_int_equal(get(f, "/aggregates/Account/alice/why"), 400);
    body_has(f, "field: expected a path such as balance");
    assert_int_equal(get(f, "/aggregates/Account/bob/why?field=balance"), 404);
}

static void
a_part_of_a_path_may_hold_anything_that_is_text(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    open_account(f, "a/b%?\"<script>\xC3\xA9", 3);
    assert_int_equal(get(f, "/aggregates/Account/a%2Fb%25%3F%22%3Cscript%3E%C3%A9"), 200);
    body_has(f, "\"id\":\"a/b%?\\\"\\u003cscript\\u003e\xC3\xA9\"");
    assert_int_equal(get(f, "/aggregates/Account/a%00b"), 400);
    assert_int_equal(get(f, "/aggregates/Account/a%C0%AF"), 400); /* overlong */
    assert_int_equal(get(f, "/aggregates/Account/a%2"), 400);
    assert_int_equal(get(f, "/aggregates/Account/..%2f..%2fetc"), 404);
}

static void
many_are_answered_on_one_connection(void **state)
{
    fixture *f = FIXTURE(state);
    static const char body[] = "{\"account_id\":\"alice\",\"amount\":1}";
    char request[256];

    serve(f);
    open_account(f, "alice", 0);
    int fd = connect_unix(f);
    snprintf(request, sizeof request,
        "POST /commands/Deposit HTTP/1.1\r\nHost: acta\r\nContent-Type: application/json\r\nContent-Length: "
        "%zu\r\n\r\n%s",
        strlen(body), body);
    for (int i = 0; i < 200; i++) {
        char expected[64];
        send_text(fd, request);
        receive(fd, &f->last);
        assert_int_equal(f->last.status, 200);
        snprintf(expected, sizeof expected, "{\"version\":%d,\"position\":%d}", i + 2, i + 2);
        assert_string_equal(f->last.body, expected);
    }
    close(fd);
}

/* The trace is the correlation of the events, and goes with them; what is none is as if it weren't there. */
static void
a_trace_goes_with_the_events(void **state)
{
    fixture *f = FIXTURE(state);
    static const char trace[] = "4bf92f3577b34da6a3ce929d0e0e4736";
    static const struct {
        const char *value;
        bool is_trace;
    } headers[] = {
        { "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true },
        { "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later", true }, /* a later version */
        { "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later", false },
        { "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false },
        { "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false },
        { "00-00000000000000000000000000000000-00f067aa0ba902b7-01", false },
        { "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false },
        { "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01", false },
        { "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false },
        { "", false },
    };

    serve(f);
    open_account(f, "alice", 0);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        char lines[256], path[64];
        for (int waits = 0; waits < 2; waits++) {
            snprintf(lines, sizeof lines, "Content-Type: application/json\r\ntraceparent: %s\r\n", headers[i].value);
            assert_int_equal(ask(f, "POST", waits ? "/commands/Deposit?wait_for=accounts" : "/commands/Deposit", lines,
                                 "{\"account_id\":\"alice\",\"amount\":1}"),
                200);
            snprintf(path, sizeof path, "/streams/Account-alice?from=%zu&count=1", 2 + 2 * i + (size_t)waits);
            assert_int_equal(get(f, path), 200);
            if (!headers[i].is_trace) {
                assert_null(strstr(f->last.body, "4bf92f35-77b3"));
                assert_null(strstr(f->last.body, "traceparent"));
                continue;
            }
            body_has(f, "\"correlation_id\":\"4bf92f35-77b3-4da6-a3ce-929d0e0e4736\"");
            body_has(f, "\"metadata\":[{\"name\":\"traceparent\",\"value\":\"");
            body_has(f, trace);
            body_has(f, "-00f067aa0ba902b7-01\"}]");
        }
    }
}

/* Beside a trace, in one header or several; what is none is as if it weren't there. */
static void
a_tracestate_goes_with_its_trace(void **state)
{
#define PARENT "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
    static const struct {
        const char *lines, *kept;
    } cases[] = { { PARENT "tracestate: a=1 , b=2\r\n", "a=1,b=2" },
        { PARENT "tracestate: a=1\r\nTracestate: b=2\r\ntracestate: \r\n", "a=1,b=2" },
        { PARENT "tracestate: a=1\r\ntracestate: A=2\r\n", NULL }, { PARENT "tracestate: \xc3\xa4=1\r\n", NULL },
        { "tracestate: a=1\r\n", NULL }, { "traceparent: 00-none\r\ntracestate: a=1\r\n", NULL } };
    fixture *f = FIXTURE(state);
    char lines[512], expected[128], path[64];

    serve(f);
    open_account(f, "alice", 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(lines, sizeof lines, "Content-Type: application/json\r\n%s", cases[i].lines);
        assert_int_equal(ask(f, "POST", "/commands/Deposit", lines, "{\"account_id\":\"alice\",\"amount\":1}"), 200);
        snprintf(path, sizeof path, "/streams/Account-alice?from=%zu&count=1", 2 + i);
        assert_int_equal(get(f, path), 200);
        snprintf(expected, sizeof expected, "{\"name\":\"tracestate\",\"value\":\"%s\"}", cases[i].kept);
        if (cases[i].kept != NULL) body_has(f, expected);
        if (cases[i].kept == NULL) assert_null(strstr(f->last.body, "tracestate"));
    }
}

/* Request, withdrawal, deposit and end: all of a transfer, each asked for by another one. */
static void
a_trace_goes_through_a_whole_transfer(void **state)
{
    static const char *const events[] = { "Transfer-t?from=1", "Account-alice?from=2", "Account-bob?from=2",
        "Transfer-t?from=2" };
    fixture *f = FIXTURE(state);
    char path[64];

    serve(f);
    open_account(f, "alice", 100);
    open_account(f, "bob", 0);
    assert_int_equal(ask(f, "POST", "/commands/RequestTransfer",
                         "Content-Type: application/json\r\n" PARENT "tracestate: rojo=1,congo=2\r\n",
                         "{\"transfer_id\":\"t\",\"source_id\":\"alice\",\"target_id\":\"bob\",\"amount\":80}"),
        200);
    MUST(f, acta_app_settle(f->app, STOP_MS, &f->error));
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        snprintf(path, sizeof path, "/streams/%s&count=1", events[i]);
        assert_int_equal(get(f, path), 200);
        body_has(f, "\"correlation_id\":\"4bf92f35-77b3-4da6-a3ce-929d0e0e4736\"");
        body_has(f, "\"metadata\":[{\"name\":\"traceparent\",\"value\":"
                    "\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"},"
                    "{\"name\":\"tracestate\",\"value\":\"rojo=1,congo=2\"}]");
    }
#undef PARENT
}

/* -- spans -- */

enum { SPANS_MAX = 64 };

static struct {
    pthread_mutex_t lock;
    struct {
        acta_span span;
        acta_span_kind kind;
        bool has_failed;
        char name[128], trace_state[ACTA_TRACESTATE_MAX + 1];
        uint64_t status;
    } spans[SPANS_MAX];
    uint32_t count;
} told = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
take_span(void *user, const acta_span_record *record)
{
    const acta_span_about *about = record->about;
    (void)user;

    pthread_mutex_lock(&told.lock);
    assert_true(told.count < SPANS_MAX);
    told.spans[told.count].span = *record->span;
    told.spans[told.count].kind = about->kind;
    told.spans[told.count].has_failed = about->has_failed;
    snprintf(told.spans[told.count].name, sizeof told.spans[0].name, ACTA_FMT, ACTA_ARG(about->name));
    snprintf(
        told.spans[told.count].trace_state, sizeof told.spans[0].trace_state, ACTA_FMT, ACTA_ARG(about->trace_state));
    for (uint32_t i = 0; i < about->field_count; i++)
        if (strcmp(about->fields[i].name, "http.response.status_code") == 0)
            told.spans[told.count].status = about->fields[i].number;
    told.count++;
    pthread_mutex_unlock(&told.lock);
}

/* Nothing runs any more. The only one of this name. */
static uint32_t
span_named(const char *name)
{
    uint32_t found = SPANS_MAX;

    for (uint32_t i = 0; i < told.count; i++) {
        if (strcmp(told.spans[i].name, name) != 0) continue;
        assert_int_equal(found, SPANS_MAX);
        found = i;
    }
    if (found == SPANS_MAX) fail_msg("there is no span '%s'", name);
    return found;
}

/* Who only looks begins no trace; a command does, and its request's span is above that of its dispatch. */
static void
a_request_is_the_first_span_of_its_trace(void **state)
{
    static const acta_span_sink sink = { .ended = take_span };
    static const char json[] = "Content-Type: application/json\r\n";
    static const uint8_t none[8];
    fixture *f = FIXTURE(state);
    char id[64] = "\"correlation_id\":\"";

    told.count = 0;
    serve(f);
    MUST(f, acta_app_tell_spans(f->app, &sink, &f->error));
    assert_int_equal(get(f, "/health"), 200);
    assert_int_equal(
        ask(f, "POST", "/commands/OpenAccount", json, "{\"account_id\":\"al\",\"owner\":\"A\",\"initial_balance\":1}"),
        200);
    assert_int_equal(get(f, "/streams/Account-al"), 200);
    acta_gateway_stop(f->gateway); /* all have ended */
    f->gateway = NULL;
    uint32_t request = span_named("POST /commands/{name}"), dispatch = span_named("dispatch bank.OpenAccount");
    assert_memory_equal(told.spans[request].span.parent_id, none, 8);
    assert_string_equal(told.spans[request].trace_state, "");
    assert_int_equal(told.spans[request].kind, ACTA_SPAN_SERVER);
    assert_int_equal(told.spans[request].status, 200);
    assert_memory_equal(told.spans[dispatch].span.parent_id, told.spans[request].span.here.span_id, 8);
    assert_memory_equal(told.spans[dispatch].span.here.trace_id, told.spans[request].span.here.trace_id, 16);
    for (uint32_t i = 0; i < told.count; i++)
        assert_true(strncmp(told.spans[i].name, "GET", 3) != 0);
    for (int i = 0; i < 16; i++) /* the trace is the correlation */
        snprintf(id + strlen(id), 4, "%02x%s", told.spans[request].span.here.trace_id[i],
            i == 3 || i == 5 || i == 7 || i == 9 ? "-" : "");
    body_has(f, id);
}

/* Any request, when whoever asks has a trace that is recorded. A refusal is the client's fault, and no failure. */
static void
a_request_has_a_span_in_the_trace_of_its_client(void **state)
{
    static const char recorded[] = "Content-Type: application/json\r\n"
                                   "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
                                   "tracestate: rojo=1\r\ntracestate: congo=2\r\n";
    static const char passed[] = "Content-Type: application/json\r\n"
                                 "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00\r\n";
    static const uint8_t client[8] = { 0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7 };
    const acta_span_sink sink = { .ended = take_span, .roots_per_million = ACTA_SPAN_NO_ROOTS };
    fixture *f = FIXTURE(state);

    told.count = 0;
    serve(f);
    MUST(f, acta_app_tell_spans(f->app, &sink, &f->error));
    assert_int_equal(ask(f, "GET", "/aggregates/Account/nobody", recorded, ""), 404);
    assert_int_equal(ask(f, "POST", "/commands/Depositt", recorded, "{}"), 404);
    assert_int_equal(ask(f, "POST", "/commands/Deposit", passed, "{\"account_id\":\"al\",\"amount\":1}"), 422);
    assert_int_equal(post(f, "/commands/Deposit", "{\"account_id\":\"al\",\"amount\":1}"), 422);
    acta_gateway_stop(f->gateway);
    f->gateway = NULL;
    assert_int_equal(told.count, 2);
    uint32_t state_asked = span_named("GET /aggregates/{type}/{id}"), unknown = span_named("POST /commands/{name}");
    assert_memory_equal(told.spans[state_asked].span.parent_id, client, 8);
    assert_memory_equal(told.spans[unknown].span.parent_id, client, 8);
    assert_string_equal(told.spans[state_asked].trace_state, "rojo=1,congo=2");
    assert_string_equal(told.spans[unknown].trace_state, "rojo=1,congo=2");
    assert_int_equal(told.spans[state_asked].status, 404);
    assert_false(told.spans[unknown].has_failed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_bank(a_command_has_taken_effect_when_it_is_answered),
        with_bank(a_rejection_tells_its_name_and_code),
        with_bank(bad_json_is_refused_with_its_place),
        with_bank(an_unknown_command_is_not_found_and_the_nearest_told),
        with_bank(a_key_makes_the_same_answer_of_a_repeated_command),
        with_bank(an_expected_version_must_hold),
        with_bank(an_answer_can_wait_for_readers),
        with_bank(bad_numbers_of_a_query_are_refused),
        with_bank(a_state_is_told_as_it_is_and_as_it_was),
        with_bank(what_changed_is_told_and_why),
        with_bank(a_part_of_a_path_may_hold_anything_that_is_text),
        with_bank(many_are_answered_on_one_connection),
        with_bank(a_trace_goes_with_the_events),
        with_bank(a_tracestate_goes_with_its_trace),
        with_bank(a_trace_goes_through_a_whole_transfer),
        with_bank(a_request_is_the_first_span_of_its_trace),
        with_bank(a_request_has_a_span_in_the_trace_of_its_client),
    };
    return cmocka_run_group_tests_name("commands over HTTP", tests, NULL, NULL);
}
