/*
 * Requests that are too much, cut off, or say two things (SEC-05), and clients that are slow or go away (SEC-06).
 */
#include "http.h"

#include <sys/socket.h>
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
    static const int sizes[] = { 40000, 100000 };

    serve(f);
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

/* SEC-06 */
static void
who_says_nothing_is_sent_away_and_others_are_served(void **state)
{
    fixture *f = FIXTURE(state);
    enum { MANY = 200 };
    int idle[MANY];

    f->options.idle_timeout_s = 1;
    serve(f);
    for (int i = 0; i < MANY; i++) {
        idle[i] = connect_tcp(f);
        send_text(idle[i], "GET /hea");
    }
    still_serves(f);
    for (int i = 0; i < MANY; i++) {
        receive(idle[i], &f->last); /* the end, or that it took too long */
        assert_true(f->last.status == 0 || f->last.status == 408);
        close(idle[i]);
    }
    still_serves(f);
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_bank(a_body_too_large_is_told_so),
        with_bank(a_body_in_chunks_has_the_same_limit),
        with_bank(headers_too_large_are_refused),
        with_bank(a_request_that_says_two_things_is_nobodys),
        with_bank(a_path_is_its_path_however_it_is_written),
        with_bank(a_request_that_is_cut_off_does_nothing),
        with_bank(who_says_nothing_is_sent_away_and_others_are_served),
        with_bank(who_has_gone_gets_no_answer_and_hurts_nobody),
        with_bank(requests_in_a_row_are_answered_in_order),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
