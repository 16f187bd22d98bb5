/*
 * Requests that are too much, cut off, or say two things (SEC-05), and clients that take slowly or go away (SEC-06).
 */
#include "http.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What bytes are answered, on a connection of their own; the client sends nothing more after them. */
static int
answered(fixture *f, const char *bytes, size_t size)
{
    int fd = connect_tcp(f);

    send_all(fd, bytes, size);
    shutdown(fd, SHUT_WR);
    receive(fd, &f->last);
    close(fd);
    return f->last.status;
}

#define ANSWERED(f, text) answered(f, text, sizeof(text) - 1)
#define POST_TO           "POST /commands/Deposit HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

static void
still_serves(fixture *f)
{
    assert_int_equal(get(f, "/health"), 200);
}

static void
a_body_too_large_is_told_so(void **state)
{
    fixture *f = FIXTURE(state);
    char *body = test_malloc(8192);

    f->options.body_bytes_max = 4096;
    serve(f);
    memset(body, ' ', 8191);
    body[8191] = '\0';
    assert_int_equal(post(f, "/commands/Deposit", body), 413);
    body_has(f, "a body may have 4096 bytes");
    assert_int_equal(ANSWERED(f, POST_TO "Content-Length: 99999999999999999999\r\n\r\n"), f->last.status);
    assert_true(f->last.status >= 400 || f->last.status == 0);
    body[4096] = '\0';
    assert_int_equal(post(f, "/commands/Deposit", body), 400); /* just as large as may be, and no JSON */
    test_free(body);
    still_serves(f);
}

/* In pieces nobody knows how much is to come. */
static void
a_body_in_chunks_has_the_same_limit(void **state)
{
    fixture *f = FIXTURE(state);
    static const char piece[] = "400\r\n";
    char kilobyte[1024];

    f->options.body_bytes_max = 4096;
    serve(f);
    memset(kilobyte, ' ', sizeof kilobyte);
    for (int pieces = 5; pieces <= 5000; pieces += 4995) {
        int fd = connect_tcp(f);
        send_text(fd, POST_TO "Transfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < pieces; i++) {
            send_text(fd, piece);
            send_all(fd, kilobyte, sizeof kilobyte);
            send_text(fd, "\r\n");
        }
        send_text(fd, "0\r\n\r\n");
        shutdown(fd, SHUT_WR);
        receive(fd, &f->last);
        close(fd);
        assert_int_equal(f->last.status, pieces == 5 ? 413 : 0); /* who doesn't stop is cut off */
    }
    still_serves(f);
}

static void
headers_too_large_are_refused(void **state)
{
    fixture *f = FIXTURE(state);
    char *request = test_calloc(1, 200000);
    static const int sizes[] = { 20000, 40000, 100000 };

    serve(f);
    int fits = snprintf(request, 200000, "GET /health HTTP/1.1\r\nHost: localhost\r\nX: %0*d\r\n\r\n", 12288, 0);
    assert_int_equal(answered(f, request, (size_t)fits), 200);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int size = snprintf(request, 200000, "GET /health HTTP/1.1\r\nHost: localhost\r\nX: %0*d\r\n\r\n", sizes[i], 0);
        int status = answered(f, request, (size_t)size);
        assert_true(status == 431 || status == 413 || status == 414 || status == 0);
        size = snprintf(request, 200000, "GET /%0*d HTTP/1.1\r\nHost: localhost\r\n\r\n", sizes[i], 0);
        status = answered(f, request, (size_t)size);
        assert_true(status == 431 || status == 413 || status == 414 || status == 0);
    }
    test_free(request);
    still_serves(f);
}

/* SEC-05: where its end is must not depend on who reads it. */
static void
a_request_that_says_two_things_is_nobodys(void **state)
{
    fixture *f = FIXTURE(state);
    static const char *const bad[] = {
        POST_TO "Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}",
        POST_TO "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        POST_TO "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        POST_TO "Host: elsewhere\r\nContent-Length: 2\r\n\r\n{}", POST_TO "Content-Length: -2\r\n\r\n{}",
        POST_TO "Content-Length: 2x\r\n\r\n{}", POST_TO "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        POST_TO "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n",
        "GET /health HTTP/1.1\r\n\r\n", /* no Host */
        "GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n", "GET\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", /* TLS where there is none */
    };

    f->options.idle_timeout_s = 1; /* for those that wait for more */
    serve(f);
    open_account(f, "alice", 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int status = answered(f, bad[i], strlen(bad[i]));
        if (status != 0 && status < 400) fail_msg("%s\nis answered %d", bad[i], status);
    }
    still_serves(f);
}

static void
a_path_is_its_path_however_it_is_written(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    assert_int_equal(
        ANSWERED(f, "GET http://localhost/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), 200);
    assert_int_equal(ANSWERED(f, "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n"), 200);
    assert_int_equal(ANSWERED(f, "HEAD /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), 200);
    assert_int_equal(f->last.body_size, 0);
    assert_int_equal(ANSWERED(f, "get /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), 405);
    assert_int_equal(get(f, "/"), 404);
    assert_int_equal(get(f, "/health/"), 404);
    assert_int_equal(get(f, "//health"), 404);
    assert_int_equal(get(f, "/%2e%2e/health"), 404);
    assert_int_equal(get(f, "/aggregates/Account/"), 404);
    assert_int_equal(ask(f, "DELETE", "/health", "", NULL), 405);
    head_has(f, "Allow: GET\r\n");
}

/* A request cut off after each of its bytes: whoever sent it is gone, and nothing has happened. */
static void
a_request_that_is_cut_off_does_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    static const char whole[] = POST_TO "Content-Length: 36\r\n\r\n{\"account_id\":\"alice\",\"amount\":1234}";
    uint64_t version;

    serve(f);
    open_account(f, "alice", 0);
    for (size_t size = 0; size < sizeof whole - 2; size++) {
        int fd = connect_tcp(f);
        send_all(fd, whole, size);
        close(fd);
    }
    still_serves(f);
    MUST(f, acta_store_version(acta_app_store(f->app), acta_str_of("Account-alice"), &version, &f->error));
    assert_int_equal(version, 1);
}

/* SEC-05: what is in a path or a header is nothing else in another spelling; what is no HTTP is not answered as if it were. */
static void
a_request_that_is_hardly_one_does_nothing(void **state)
{
    fixture *f = FIXTURE(state);
#define GET_PATH(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    static const struct {
        const char *bytes;
        int least, most; /* of the status; 0: no answer may come */
    } requests[] = {
        { GET_PATH("/aggregates/Account/%00"), 400, 400 },
        { GET_PATH("/aggregates/Account/a%c0%af"), 400, 400 }, /* '/' in too many bytes */
        { GET_PATH("/aggregates/Account/%ed%a0%80"), 400, 400 },
        { GET_PATH("/aggregates/Account/%2"), 400, 400 },
        { GET_PATH("/aggregates/Account/alice?at=%zz"), 400, 400 }, /* not as if it weren't there */
        { GET_PATH("/streams?count=1&prefix=%ff"), 400, 400 },
        { GET_PATH("/health?a=%00"), 400, 400 },
        { GET_PATH("/aggregates/Account/..%2f..%2fhealth"), 404, 404 },
        { GET_PATH("/aggregates/../health"), 404, 404 },
        { GET_PATH("health"), 0, 404 },
        { GET_PATH("*"), 0, 404 },
        { "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 0, 405 },
        { "GET /health HTTP/1.1\nHost: evil.example\n\n", 0, 421 }, /* lines that end in LF alone */
        { "GET /health HTTP/1.1\r\nHost: localhost\r\nHost : evil.example\r\n\r\n", 0, 400 },
        { "GET /health HTTP/1.1\r\nHost: evil.example\r\n Host: localhost\r\n\r\n", 0, 421 }, /* a line that goes on */
        { POST_TO "Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", 100, 400 },
        { POST_TO "Expect: 100-continue\r\n\r\n{}", 400, 400 }, /* no body, but something behind it */
        { POST_TO "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n{}", 400, 400 },
        { POST_TO "Expect: a-miracle\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", 0, 417 },
        { POST_TO "Transfer-Encoding: chunked\r\nTrailer: Host\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\nHost: "
                  "evil.example\r\n\r\n",
            0, 400 },
    };

    f->options.idle_timeout_s = 1;
    serve(f);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        int status = answered(f, requests[i].bytes, strlen(requests[i].bytes));
        if ((status != 0 && status < 400 && status != requests[i].least) || status < requests[i].least ||
            status > requests[i].most)
            fail_msg("%s\nis answered %d", requests[i].bytes, status);
    }
    assert_int_equal(acta_store_head(acta_app_store(f->app)), 0);
    still_serves(f);
}

/* -- SEC-01 -- */

/* SEC-01: what is no such command is refused with the field, where there is one, and nothing of it has happened. */
static void
a_body_that_is_no_command_does_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    static const struct {
        const char *body, *field;
    } bodies[] = {
        { "{\"account_id\":\"alice\",\"amount\":1e9999}", "amount" },
        { "{\"account_id\":\"alice\",\"amount\":9223372036854775808}", "amount" },
        { "{\"account_id\":\"alice\",\"amount\":18446744073709551616}", "amount" },
        { "{\"account_id\":\"alice\",\"amount\":-9223372036854775809}", "amount" },
        { "{\"account_id\":\"alice\",\"amount\":1.5}", "amount" },
        { "{\"account_id\":\"alice\",\"amount\":[1]}", "amount" },
        { "{\"account_id\":\"alice\",\"amount\":true}", "amount" },
        { "{\"account_id\":\"alice\",\"amount\":1,\"amount\":2}", "amount" },
        { "{\"account_id\":\"alice\",\"amount\":1,\"reason\":\"theft\"}", "reason" },
        { "{\"account_id\":\"alice\",\"amount\":1,\"note\":\"\\ud800\"}", "note" },
        { "{\"account_id\":\"alice\",\"amount\":1,\"note\":\"\\u0000\"}", "note" },
        { "{\"account_id\":\"alice\",\"amount\":1,\"note\":\"\xff\"}", "" },
        { "{\"account_id\":\"alice\",\"amount\":1,\"note\":\"\xc0\xaf\"}", "" },
        { "{\"account_id\":\"alice\",\"amount\":1,\"note\":5}", "note" },
        { "{\"account_id\":\"alice\",\"amuont\":1}", "amuont" },
        { "{\"amount\":1}", "account_id" },
        { "{\"account_id\":null,\"amount\":1}", "account_id" },
        { "{\"account_id\":\"alice\",\"amount\":1}{}", "" },
        { "", "" },
        { "null", "" },
        { "\xef\xbb\xbf\xef\xbb\xbf{\"account_id\":\"alice\",\"amount\":1}", "" },
        { "\xef\xbb{\"account_id\":\"alice\",\"amount\":1}", "" },
        { "{\xef\xbb\xbf\"account_id\":\"alice\",\"amount\":1}", "" },
        { "\xff\xfe{", "" },
        { "{\"account_id\":\"alice\",\"amount\":1.0}", "amount" },
        { "{\"account_id\":\"alice\",\"amount\":1,\"note\":\"\\udc00\\ud800\"}", "note" },
    };
    char field[64];

    serve(f);
    open_account(f, "alice", 0);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        int status = post(f, "/commands/Deposit", bodies[i].body);
        if (status != 400) fail_msg("%s\nis answered %d: %s", bodies[i].body, status, f->last.body);
        snprintf(field, sizeof field, "\"field\":\"%s\"", bodies[i].field);
        if (bodies[i].field[0] != '\0') body_has(f, field);
    }
    assert_int_equal(acta_store_head(acta_app_store(f->app)), 1);
    assert_int_equal(post(f, "/commands/Deposit", "{\"account_id\":\"alice\",\"amount\":9223372036854775807}"), 422);
    assert_int_equal(post(f, "/commands/Deposit", "{\"account_id\":\"alice\",\"amount\":\"x1\"}"), 400);
    assert_int_equal(post(f, "/commands/Deposit", "{\"account_id\":\"alice\",\"amount\":\"1\"}"), 200);
    /* A byte order mark is nothing that a sender may add, but who reads may pass it over (RFC 8259, 8.1). */
    assert_int_equal(post(f, "/commands/Deposit", "\xef\xbb\xbf{\"account_id\":\"alice\",\"amount\":1}"), 200);
}

/* SEC-01: a body that is a beginning of one, and one that is as deep as it is long. */
static void
a_body_that_is_half_one_does_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    char body[] = "{\"account_id\":\"alice\",\"amount\":1234,\"note\":\"\\u00e9\\n\"}", *deep = test_malloc(20001);

    serve(f);
    open_account(f, "alice", 0);
    for (size_t size = sizeof body - 1; size-- > 0;) {
        body[size] = '\0';
        assert_int_equal(post(f, "/commands/Deposit", body), 400);
    }
    memset(deep, '[', 10000);
    memset(deep + 10000, ']', 10000);
    deep[20000] = '\0';
    assert_int_equal(post(f, "/commands/Deposit", deep), 400);
    for (int i = 0; i < 10000; i++)
        memcpy(deep + i % 9995, "{\"a\":", 5);
    assert_int_equal(post(f, "/commands/Deposit", deep), 400);
    test_free(deep);
    assert_int_equal(acta_store_head(acta_app_store(f->app)), 1);
}

/* So many events of 51,500 bytes each. */
static void
fill_stream(fixture *f, int count)
{
    static char note[51500];
    const acta_dispatch_options patiently = { .timeout_ms = 60000 };
    const bank_Deposit deposit = { .account_id = acta_str_of("alice"),
        .amount = 1,
        .note = acta_str_from(memset(note, 'x', sizeof note), sizeof note) };

    open_account(f, "alice", 0);
    for (int i = 0; i < count; i++)
        MUST(f, bank_Deposit_dispatch(f->app, deposit, &patiently, &f->error));
}

/* SEC-06: who takes a little of a long answer again and again is not silent, and doesn't keep it for ever. A unix socket, for
 * it holds little of what isn't taken. */
static void
who_takes_an_answer_slowly_is_sent_away(void **state)
{
    fixture *f = FIXTURE(state);
    const struct timespec a_while = { .tv_nsec = 50000000 };
    enum { WHOLE = 2000000 };
    static char piece[20000]; /* five seconds for the whole, and two are allowed */
    ssize_t got, taken = 0;

    f->options.idle_timeout_s = 1;
    serve(f);
    fill_stream(f, 40);
    int fd = connect_unix(f);
    send_text(fd, "GET /streams/Account-alice?count=100 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (taken < WHOLE && (got = recv(fd, piece, sizeof piece, 0)) > 0) {
        taken += got;
        nanosleep(&a_while, NULL);
    }
    still_serves(f);
    close(fd);
    assert_in_range(taken, 1, WHOLE - 1);
}

/* Who asks and goes away before the answer. */
static void
who_has_gone_gets_no_answer_and_hurts_nobody(void **state)
{
    fixture *f = FIXTURE(state);
    static const char request[] = POST_TO "Content-Length: 33\r\n\r\n{\"account_id\":\"alice\",\"amount\":1}";

    serve(f);
    open_account(f, "alice", 0);
    for (int i = 0; i < 200; i++) {
        int fd = connect_tcp(f);
        send_text(fd, request);
        if (i % 2 == 0) { /* with a reset */
            const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }
        close(fd);
    }
    still_serves(f);
}

/* Several requests in one packet are answered one after the other, each by itself. */
static void
requests_in_a_row_are_answered_in_order(void **state)
{
    fixture *f = FIXTURE(state);
    static const char request[] = POST_TO "Content-Length: 33\r\n\r\n{\"account_id\":\"alice\",\"amount\":1}";
    static char bytes[65536];
    char many[sizeof request * 20] = "";

    serve(f);
    open_account(f, "alice", 0);
    for (int i = 0; i < 20; i++)
        strcat(many, request);
    int fd = connect_tcp(f);
    send_text(fd, many);
    shutdown(fd, SHUT_WR);
    size_t size = 0;
    ssize_t got;
    while ((got = recv(fd, bytes + size, sizeof bytes - 1 - size, 0)) > 0)
        size += (size_t)got;
    close(fd);
    bytes[size] = '\0';
    const char *at = bytes;
    for (int i = 0; i < 20; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "{\"version\":%d,\"position\":%d}", i + 2, i + 2);
        at = strstr(at, expected);
        assert_non_null(at);
    }
}

/* -- memory that runs out -- */

static atomic_int allocations_left = -1; /* then one fails; below zero: none */

static void *
alloc_or_fail(void *user, size_t size)
{
    (void)user;
    if (atomic_load(&allocations_left) >= 0 && atomic_fetch_sub(&allocations_left, 1) == 0) return NULL;
    return malloc(size);
}

static void
just_free(void *user, void *pointer, size_t size)
{
    (void)user, (void)size;
    free(pointer);
}

static int
set_up_failing(void **state)
{
    static const acta_environment environment = { .allocator = { .alloc = alloc_or_fail, .free = just_free } };

    return set_up_with(
        state, (acta_app_config){ .schema = &bank_schema, .aggregates = bank_aggregates, .environment = &environment });
}

/* At whichever allocation it runs out: the whole answer, or one that says so, or none. */
static void
without_memory_it_is_said_or_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    static char whole[ANSWER_MAX];
    int said = 0, answered = 0;

    serve(f);
    fill_stream(f, 3);
    assert_int_equal(get(f, "/streams/Account-alice?count=100&direction=forward"), 200);
    strcpy(whole, f->last.body);
    for (int n = 0; n < 1000 && answered < 3; n++) {
        atomic_store(&allocations_left, n);
        int status = get(f, "/streams/Account-alice?count=100&direction=forward");
        answered = status == 200 ? answered + 1 : 0;
        said += status == 503;
        if (status == 200 && strstr(f->last.body, "\"why\":\"no memory") == NULL)
            assert_string_equal(f->last.body, whole);
        if (status == 503) body_has(f, "memory");
        if (status == 503) head_has(f, "Content-Type: application/problem+json\r\n");
        if (status != 200 && status != 503) assert_int_equal(status, 0);
    }
    atomic_store(&allocations_left, -1);
    assert_in_range(said, 3, 900);
    still_serves(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_bank(a_body_too_large_is_told_so),
        with_bank(a_body_in_chunks_has_the_same_limit),
        with_bank(headers_too_large_are_refused),
        with_bank(a_request_that_says_two_things_is_nobodys),
        with_bank(a_path_is_its_path_however_it_is_written),
        with_bank(a_request_that_is_hardly_one_does_nothing),
        with_bank(a_body_that_is_no_command_does_nothing),
        with_bank(a_body_that_is_half_one_does_nothing),
        with_bank(a_request_that_is_cut_off_does_nothing),
        with_bank(who_takes_an_answer_slowly_is_sent_away),
        with_bank(who_has_gone_gets_no_answer_and_hurts_nobody),
        with_bank(requests_in_a_row_are_answered_in_order),
        cmocka_unit_test_setup_teardown(without_memory_it_is_said_or_nothing, set_up_failing, tear_down),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
