/*
 * See http.h.
 */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "scratch.h"

enum { PATIENCE_MS = 60000 };

/* -- the bank -- */

int
set_up_with(void **state, acta_app_config config)
{
    fixture *f = test_calloc(1, sizeof *f);

    *state = f;
    config.store.engine = acta_memory_engine(f->disk = acta_disk_create(NULL));
    assert_true(scratch_make(f->folder, "/tmp", "gateway"));
    snprintf(f->socket_path, sizeof f->socket_path, "%s/acta.sock", f->folder);
    MUST(f, acta_app_start(&config, &f->app, &f->error));
    return 0;
}

int
set_up(void **state)
{
    return set_up_with(state, (acta_app_config){ .schema = &bank_schema,
                                  .aggregates = bank_aggregates,
                                  .process_managers = bank_process_managers,
                                  .projections = bank_projections });
}

int
tear_down(void **state)
{
    fixture *f = *state;

    acta_gateway_stop(f->gateway);
    acta_app_stop(f->app, STOP_MS, NULL);
    acta_disk_destroy(f->disk);
    rmdir(f->folder);
    test_free(f);
    return 0;
}

void
serve(fixture *f)
{
    if (f->options.address == NULL) f->options.address = "127.0.0.1:0";
    if (f->options.socket_path == NULL) f->options.socket_path = f->socket_path;
    MUST(f, acta_gateway_start(f->app, &f->options, &f->gateway, &f->error));
}

void
open_account(fixture *f, const char *id, int balance)
{
    const bank_OpenAccount open = {
        .account_id = acta_str_of(id), .owner = acta_str_of("Ada"), .initial_balance = balance
    };
    const acta_dispatch_options patiently = { .timeout_ms = PATIENCE_MS };

    MUST(f, bank_OpenAccount_dispatch(f->app, open, &patiently, &f->error));
}

/* -- bytes -- */

int
connect_tcp(const fixture *f)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(acta_gateway_port(f->gateway)) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

int
connect_unix(const fixture *f)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(to.sun_path, sizeof to.sun_path, "%s", f->socket_path);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* What the other side doesn't take any more is not our fault. */
void
send_all(int fd, const void *bytes, size_t size)
{
    const char *from = bytes;

    while (size > 0) {
        ssize_t sent = send(fd, from, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return;
        from += sent;
        size -= (size_t)sent;
    }
}

void
send_text(int fd, const char *text)
{
    send_all(fd, text, strlen(text));
}

/* False: the connection has ended. */
static bool
receive_some(int fd, char *to, size_t room, size_t *size)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };

    if (room == 0) fail_msg("the answer is too long");
    if (poll(&ready, 1, PATIENCE_MS) != 1) fail_msg("no answer came");
    ssize_t got = recv(fd, to, room, 0);
    if (got <= 0) return false;
    *size += (size_t)got;
    return true;
}

static size_t
content_length(const char *head)
{
    const char *line = strcasestr(head, "\r\nContent-Length:");
    return line != NULL ? strtoul(line + 17, NULL, 10) : SIZE_MAX;
}

static char bytes[ANSWER_MAX + 8192];

/* Its size; behind it, up to `size_out`, is what has come of the body. 0: the connection has ended before. */
static size_t
take_head(int fd, answer *to, size_t *size_out)
{
    size_t size = 0;
    char *end = NULL;

    to->status = 0;
    to->head[0] = to->body[0] = '\0';
    to->body_size = 0;
    while (end == NULL) {
        if (!receive_some(fd, bytes + size, sizeof bytes - 1 - size, &size)) return 0;
        bytes[size] = '\0';
        end = strstr(bytes, "\r\n\r\n");
    }
    size_t head = (size_t)(end - bytes) + 4;
    assert_true(head < sizeof to->head);
    memcpy(to->head, bytes, head);
    to->head[head] = '\0';
    assert_int_equal(sscanf(to->head, "HTTP/1.%*d %d", &to->status), 1);
    *size_out = size;
    return head;
}

void
receive_head(int fd, answer *to)
{
    size_t size;

    take_head(fd, to, &size);
}

void
receive(int fd, answer *to)
{
    size_t size = 0, head = take_head(fd, to, &size);

    if (head == 0) return;
    size_t length = content_length(to->head);
    while (size - head < length && receive_some(fd, bytes + size, sizeof bytes - 1 - size, &size)) {}
    to->body_size = size - head < length ? size - head : length;
    memcpy(to->body, bytes + head, to->body_size);
    to->body[to->body_size] = '\0';
}

/* -- requests -- */

static int
ask_on(
    fixture *f, int fd, const char *host, const char *method, const char *path, const char *headers, const char *body)
{
    char lines[8192];

    int size = snprintf(
        lines, sizeof lines, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s", method, path, host, headers);
    assert_true(size > 0 && (size_t)size < sizeof lines);
    send_text(fd, lines);
    if (body != NULL) {
        snprintf(lines, sizeof lines, "Content-Length: %zu\r\n", strlen(body));
        send_text(fd, lines);
    }
    send_text(fd, "\r\n");
    if (body != NULL) send_text(fd, body);
    receive(fd, &f->last);
    close(fd);
    return f->last.status;
}

int
ask(fixture *f, const char *method, const char *path, const char *headers, const char *body)
{
    return ask_on(f, connect_tcp(f), "localhost", method, path, headers, body);
}

int
ask_as(fixture *f, const char *host, const char *path)
{
    return ask_on(f, connect_tcp(f), host, "GET", path, "", NULL);
}

int
ask_inside(fixture *f, const char *method, const char *path)
{
    bool posts = strcmp(method, "POST") == 0;
    return ask_on(f, connect_unix(f), "localhost", method, path, posts ? "Content-Type: application/json\r\n" : "",
        posts ? "{}" : NULL);
}

int
get(fixture *f, const char *path)
{
    return ask(f, "GET", path, "", NULL);
}

int
post(fixture *f, const char *path, const char *body)
{
    return ask(f, "POST", path, "Content-Type: application/json\r\n", body);
}

void
body_has(const fixture *f, const char *text)
{
    if (strstr(f->last.body, text) == NULL) fail_msg("'%s' is not in: %s", text, f->last.body);
}

void
head_has(const fixture *f, const char *text)
{
    if (strcasestr(f->last.head, text) == NULL) fail_msg("'%s' is not in: %s", text, f->last.head);
}

void
get_ready(fixture *f)
{
    while (get(f, "/ready") != 200)
        body_has(f, "a reader catches up");
}

void
get_until(fixture *f, const char *path, const char *text)
{
    const time_t patience_s = PATIENCE_MS / 1000, begun_s = time(NULL);

    do
        assert_int_equal(get(f, path), 200);
    while (strstr(f->last.body, text) == NULL && time(NULL) - begun_s < patience_s);
    body_has(f, text);
}
