/*
 * What the acta command asks a running program with: HTTP over a unix socket, against a server that answers as it is told to,
 * and the reader of JSON.
 */
#include "client.h"
#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "scratch.h"

typedef struct fixture {
    char folder[SCRATCH_PATH_MAX], socket_path[108];
    acta_memory *memory;
    int listener;
    const char *says; /* NULL: nothing, and the connection stays until the client goes */
    char asked[4096];
    pthread_t server;
    client_answer answer;
    acta_error error;
} fixture;

static int
set_up(void **state)
{
    fixture *f = *state = test_calloc(1, sizeof *f);
    struct sockaddr_un at = { .sun_family = AF_UNIX };

    f->memory = acta_memory_create(NULL);
    assert_true(scratch_make(f->folder, "/tmp", "client"));
    snprintf(f->socket_path, sizeof f->socket_path, "%s/acta.sock", f->folder);
    strcpy(at.sun_path, f->socket_path);
    f->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(f->listener, 1), 0);
    return 0;
}

static int
tear_down(void **state)
{
    fixture *f = *state;

    close(f->listener);
    unlink(f->socket_path);
    rmdir(f->folder);
    acta_memory_destroy(f->memory);
    test_free(f);
    return 0;
}

static void *
serve_one(void *user)
{
    fixture *f = user;
    int fd = accept(f->listener, NULL, NULL);
    size_t size = 0;
    ssize_t got;

    /* the whole request has come when its body, "{}", or the empty line behind its head has */
    while ((got = recv(fd, f->asked + size, sizeof f->asked - 1 - size, 0)) > 0) {
        size += (size_t)got;
        const char *end = strstr(f->asked, "\r\n\r\n");
        if (f->says != NULL && end != NULL && (f->asked[0] == 'G' || strcmp(end + 4, "{}") == 0)) break;
    }
    if (f->says != NULL) send(fd, f->says, strlen(f->says), MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static acta_status
ask(fixture *f, const char *says, client_request request)
{
    f->says = says;
    memset(f->asked, 0, sizeof f->asked);
    request.directory = f->folder;
    if (request.method == NULL) request.method = "GET";
    request.path = "/a%20b?c=d";
    assert_int_equal(pthread_create(&f->server, NULL, serve_one, f), 0);
    acta_status status = client_ask(&request, f->memory, &f->answer, &f->error);
    pthread_join(f->server, NULL);
    return status;
}

static void
assert_body(const fixture *f, const char *body)
{
    assert_int_equal(f->answer.body.size, strlen(body));
    assert_memory_equal(f->answer.body.data, body, strlen(body));
}

static void
assert_says(const fixture *f, const char *part)
{
    if (strstr(f->error.text, part) == NULL) fail_msg("'%s' is not in: %s", part, f->error.text);
}

/* -- HTTP -- */

static void
an_answer_by_its_length_is_read(void **state)
{
    fixture *f = *state;

    assert_int_equal(
        ask(f, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello and more", (client_request){ 0 }), ACTA_OK);
    assert_int_equal(f->answer.status, 200);
    assert_body(f, "hello");
    assert_non_null(strstr(f->asked, "GET /a%20b?c=d HTTP/1.1\r\n"));
    assert_non_null(strstr(f->asked, "Connection: close\r\n"));
    assert_null(strstr(f->asked, "Content-Length"));
}

static void
an_answer_in_chunks_is_read(void **state)
{
    fixture *f = *state;
    static const char says[] = "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "5\r\nhello\r\nA;x=y\r\n, you all.\r\n0\r\n\r\n";

    assert_int_equal(ask(f, says, (client_request){ 0 }), ACTA_OK);
    assert_int_equal(f->answer.status, 404);
    assert_body(f, "hello, you all.");
}

static void
an_answer_up_to_its_end_is_read(void **state)
{
    fixture *f = *state;

    assert_int_equal(ask(f, "HTTP/1.1 200 OK\r\n\r\nhello", (client_request){ 0 }), ACTA_OK);
    assert_body(f, "hello");
}

static void
a_body_and_headers_are_sent(void **state)
{
    fixture *f = *state;
    const client_request post = { .method = "POST", .headers = "X-A: b\r\n", .body = acta_str_of("{}") };

    assert_int_equal(ask(f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", post), ACTA_OK);
    assert_body(f, "");
    assert_non_null(strstr(f->asked, "POST /a%20b?c=d HTTP/1.1\r\n"));
    assert_non_null(strstr(f->asked, "\r\nX-A: b\r\n"));
    assert_non_null(strstr(f->asked, "\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"));
}

static void
what_is_no_whole_answer_is_told(void **state)
{
    fixture *f = *state;
    static const char *const cut[] = { "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\nhello\r\n0\r\n\r\n" };

    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        assert_int_equal(ask(f, cut[i], (client_request){ 0 }), ACTA_CORRUPT);
        assert_says(f, "the answer was cut short");
    }
    assert_int_equal(ask(f, "SSH-2.0-OpenSSH_9.2\r\n", (client_request){ 0 }), ACTA_CORRUPT);
    assert_says(f, "speaks no HTTP/1.1");
    assert_int_equal(ask(f, "HTTP/1.1 2x0 OK\r\n\r\n", (client_request){ 0 }), ACTA_CORRUPT);
    assert_says(f, "has no status");
    assert_int_equal(ask(f, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", (client_request){ 0 }), ACTA_CORRUPT);
    assert_says(f, "Content-Length is no number");
}

static void
an_answer_has_a_longest(void **state)
{
    fixture *f = *state;

    assert_int_equal(
        ask(f, "HTTP/1.1 200 OK\r\n\r\nhello", (client_request){ .answer_max = 25 }), ACTA_OK); /* 24 bytes */
    assert_int_equal(ask(f, "HTTP/1.1 200 OK\r\n\r\nhello", (client_request){ .answer_max = 20 }), ACTA_CORRUPT);
    assert_says(f, "longer than 20 bytes");
}

static void
no_answer_in_time_is_told(void **state)
{
    fixture *f = *state;

    assert_int_equal(ask(f, NULL, (client_request){ .timeout_ms = 50 }), ACTA_TIMEOUT);
    assert_says(f, "didn't answer in time");
}

static void
nobody_there_is_told(void **state)
{
    fixture *f = *state;
    char far[256];
    client_request request = { .directory = f->folder, .method = "GET", .path = "/" };

    close(f->listener); /* its socket stays, as a killed program's does */
    f->listener = -1;
    assert_int_equal(client_ask(&request, f->memory, &f->answer, &f->error), ACTA_NOT_FOUND);
    assert_says(f, "open, or it serves nothing (ACTA_GATEWAY=off)");
    unlink(f->socket_path);
    assert_int_equal(client_ask(&request, f->memory, &f->answer, &f->error), ACTA_NOT_FOUND);
    assert_says(f, "no program has '/tmp/acta-client");
    request.directory = "/nothing/there";
    assert_int_equal(client_ask(&request, f->memory, &f->answer, &f->error), ACTA_NOT_FOUND);
    assert_says(f, "there is no directory '/nothing/there'");
    memset(far, 'a', sizeof far);
    far[sizeof far - 1] = '\0';
    request.directory = far;
    assert_int_equal(client_ask(&request, f->memory, &f->answer, &f->error), ACTA_INVALID);
    assert_says(f, "too long for a socket");
}

static void
what_stands_in_a_path_is_encoded(void **state)
{
    fixture *f = *state;

    client_path path = client_path_begin(f->memory, "/a");
    char expected[2048] = "/a/%25/a%2Fb%20%C3%BC%26%3D%3F%25-._~Z9?q=&count=17";

    client_path_segment(&path, acta_str_of("%"));
    client_path_segment(&path, acta_str_of("a/b ü&=?%-._~Z9"));
    client_path_query(&path, "not", NULL);
    client_path_query(&path, "q", "");
    client_path_number(&path, "count", 17);
    for (int i = 0; i < 100; i++) { /* longer than what it begins with */
        client_path_query(&path, "r", "\r\n");
        strcat(expected, "&r=%0D%0A");
    }
    assert_string_equal(client_path_end(&path), expected);
}

/* -- addresses -- */

static void *
serve_tcp(void *user)
{
    fixture *f = user;
    int fd = accept(f->listener, NULL, NULL);
    size_t size = 0;
    ssize_t got;

    while (strstr(f->asked, "\r\n\r\n") == NULL && (got = recv(fd, f->asked + size, sizeof f->asked - 1 - size, 0)) > 0)
        size += (size_t)got;
    send(fd, f->says, strlen(f->says), MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

/* Asked at a port of this machine; NULL: it isn't served, for the token is none. */
static acta_status
ask_far(fixture *f, const char *says, const char *behind)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    char where[64];
    const client_request request = { .directory = where, .method = "GET", .path = "/" };

    close(f->listener);
    f->listener = socket(AF_INET, SOCK_STREAM, 0);
    f->says = says;
    memset(f->asked, 0, sizeof f->asked);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(f->listener, 1), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&at, &size), 0);
    snprintf(where, sizeof where, "http://127.0.0.1:%u%s", ntohs(at.sin_port), behind);
    if (says != NULL) assert_int_equal(pthread_create(&f->server, NULL, serve_tcp, f), 0);
    acta_status status = client_ask(&request, f->memory, &f->answer, &f->error);
    if (says != NULL) pthread_join(f->server, NULL);
    return status;
}

static void
an_address_is_asked_with_a_token(void **state)
{
    fixture *f = *state;
    static const char says[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    char path[256];

    unsetenv("ACTA_TOKEN");
    unsetenv("ACTA_TOKEN_FILE");
    assert_int_equal(ask_far(f, says, "/"), ACTA_OK);
    assert_body(f, "hello");
    assert_non_null(strstr(f->asked, "\r\nHost: 127.0.0.1:"));
    assert_null(strstr(f->asked, "Authorization"));
    snprintf(path, sizeof path, "%s/token", f->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("of-a-file-it-is\n", file);
    fclose(file);
    setenv("ACTA_TOKEN_FILE", path, 1);
    for (mode_t others = 0644; others != 0; others = others == 0644 ? 0640 : others == 0640 ? 0604 : 0) {
        chmod(path, others);
        assert_int_equal(ask_far(f, NULL, ""), ACTA_INVALID);
        assert_says(f, "others may read the token in '");
        assert_says(f, "type: chmod 600 '");
    }
    chmod(path, 0600);
    assert_int_equal(ask_far(f, says, ""), ACTA_OK);
    assert_non_null(strstr(f->asked, "\r\nAuthorization: Bearer of-a-file-it-is\r\n"));
    setenv("ACTA_TOKEN", "of-the-environment", 1);
    assert_int_equal(ask_far(f, says, ""), ACTA_OK);
    assert_non_null(strstr(f->asked, "\r\nAuthorization: Bearer of-the-environment\r\n"));
    setenv("ACTA_TOKEN", "two\r\nlines", 1);
    assert_int_equal(ask_far(f, NULL, ""), ACTA_INVALID);
    assert_says(f, "ACTA_TOKEN: a token has up to 256 visible ASCII characters");
    unsetenv("ACTA_TOKEN");
    unlink(path);
    assert_int_equal(ask_far(f, NULL, ""), ACTA_IO);
    assert_says(f, "/token' can't be read: No such file or directory");
    unsetenv("ACTA_TOKEN_FILE");
}

static void
what_is_no_address_is_told(void **state)
{
    fixture *f = *state;
    static const char *const bad[] = { "https://127.0.0.1:80", "http://", "http://127.0.0.1",
        "http://127.0.0.1:", "http://127.0.0.1:x", "http://127.0.0.1:70000", "http://127.0.0.1:123456", "http://:80",
        "http://[]:80", "http://[::1:80", "http://a@b:80", "http://127.0.0.1:80/streams", "http://127.0.0.1:80//" };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const client_request request = { .directory = bad[i], .method = "GET", .path = "/" };
        if (client_ask(&request, f->memory, &f->answer, &f->error) != ACTA_INVALID) fail_msg("%s is one", bad[i]);
        assert_says(f, bad[i]);
    }
    const client_request nobody = { .directory = "http://127.0.0.1:1", .method = "GET", .path = "/" };
    assert_int_equal(client_ask(&nobody, f->memory, &f->answer, &f->error), ACTA_NOT_FOUND);
    assert_says(f, "nobody listens on 'http://127.0.0.1:1'");
}

/* -- JSON -- */

static void
json_is_read(void **state)
{
    fixture *f = *state;
    const json_value *value;
    static const char text[] =
        " {\"a\":[{\"n\":-1.5e+3, "
        "\"t\":\"x\\u00fc\\ud83d\\ude00\\n\\\"\\/\"},[],true],\"b\":null,\"c\":\"null\",\"d\":{}} ";

    assert_int_equal(json_read(acta_str_of(text), f->memory, &value, &f->error), ACTA_OK);
    const json_value *items = json_member(value, "a");
    assert_int_equal(items->kind, JSON_ARRAY);
    assert_true(acta_str_equal(json_text(items->first, "n"), acta_str_of("-1.5e+3")));
    assert_true(acta_str_equal(json_text(items->first, "t"), acta_str_of("xü😀\n\"/")));
    assert_int_equal(items->first->next->kind, JSON_ARRAY);
    assert_null(items->first->next->first);
    assert_true(acta_str_equal(items->first->next->next->raw, acta_str_of("true")));
    assert_null(items->first->next->next->next);
    assert_true(acta_str_equal(json_text(value, "b"), acta_str_of("")));
    assert_true(acta_str_equal(json_text(value, "c"), acta_str_of("null")));
    assert_true(acta_str_equal(json_member(value, "d")->raw, acta_str_of("{}")));
    assert_null(json_member(value, "e"));
    assert_null(json_member(items, "a"));
}

static void
what_is_no_json_is_refused(void **state)
{
    fixture *f = *state;
    const json_value *value;
    static const char *const texts[] = { "", " ", "{", "[", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}",
        "tru", "nul", "01", "-", "1.", "1e", "+1", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\n\"", "1 2", "[]]", "\"\xff\"", "<html>" };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (json_read(acta_str_of(texts[i]), f->memory, &value, &f->error) != ACTA_CORRUPT)
            fail_msg("'%s' was read", texts[i]);
    assert_int_equal(json_read(acta_str_of("{\"a\" 1}"), f->memory, &value, &f->error), ACTA_CORRUPT);
    assert_says(f, "':' expected at byte 5");
}

static void
json_has_a_greatest_depth(void **state)
{
    fixture *f = *state;
    char text[2 * JSON_DEPTH_MAX + 2];
    const json_value *value;

    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    assert_int_equal(json_read(acta_str_from(text, (size_t)2 * JSON_DEPTH_MAX), f->memory, &value, &f->error), ACTA_OK);
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_int_equal(json_read(acta_str_from(text, sizeof text), f->memory, &value, &f->error), ACTA_CORRUPT);
    assert_says(f, "less deep");
}

#define with_server(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_server(an_answer_by_its_length_is_read),
        with_server(an_answer_in_chunks_is_read),
        with_server(an_answer_up_to_its_end_is_read),
        with_server(a_body_and_headers_are_sent),
        with_server(what_is_no_whole_answer_is_told),
        with_server(an_answer_has_a_longest),
        with_server(no_answer_in_time_is_told),
        with_server(nobody_there_is_told),
        with_server(what_stands_in_a_path_is_encoded),
        with_server(an_address_is_asked_with_a_token),
        with_server(what_is_no_address_is_told),
        with_server(json_is_read),
        with_server(what_is_no_json_is_refused),
        with_server(json_has_a_greatest_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
