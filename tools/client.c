/*
 * See client.h.
 *
 * "Connection: close" is asked for: an answer ends where its connection does. Content-Length and the last chunk tell whether
 * it is whole.
 */
#include "client.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "connect.h"

enum { TIMEOUT_DEFAULT_MS = 60000, ROOM_FIRST = 16 * 1024, ANSWER_MAX_DEFAULT = 64 * 1024 * 1024 };

typedef struct connection {
    const client_request *request;
    acta_memory *memory;
    acta_error *error;
    int fd;
    int64_t end_ms; /* when it takes too long */
    char *bytes;
    size_t size, room;
} connection;

int64_t
client_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* -- the connection -- */

static acta_status
wait_for(connection *c, short events)
{
    struct pollfd ready = { .fd = c->fd, .events = events };

    for (;;) {
        int64_t left = c->end_ms - client_now_ms();
        int count = left > 0 ? poll(&ready, 1, (int)left) : 0;
        if (count > 0) return ACTA_OK;
        if (count == 0)
            return acta_error_set(
                c->error, ACTA_TIMEOUT, "the program of '%s' didn't answer in time", c->request->directory);
        if (errno != EINTR) return acta_error_set(c->error, ACTA_IO, "poll: %s", strerror(errno));
    }
}

static acta_status
send_bytes(connection *c, const char *bytes, size_t size)
{
    while (size > 0) {
        acta_status status = wait_for(c, POLLOUT);
        if (status != ACTA_OK) return status;
        ssize_t sent = send(c->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return ACTA_OK; /* why is told by the answer */
        if (sent < 0) return acta_error_set(c->error, ACTA_IO, "the request can't be sent: %s", strerror(errno));
        bytes += sent;
        size -= (size_t)sent;
    }
    return ACTA_OK;
}

static acta_status
send_request(connection *c)
{
    static const char format[] = "%s %s HTTP/1.1\r\n%sConnection: close\r\n%s";
    const client_request *request = c->request;
    const char *headers = request->headers != NULL ? request->headers : "";
    char about_body[96] = "\r\n";
    const char *first;

    acta_status status = connect_headers(request->directory, c->memory, &first, c->error);
    if (status != ACTA_OK) return status;
    if (strcmp(request->method, "POST") == 0)
        snprintf(about_body, sizeof about_body, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
            request->body.size);
    size_t size = (size_t)snprintf(NULL, 0, format, request->method, request->path, first, headers);
    char *head = acta_memory_alloc(c->memory, size + sizeof about_body);
    if (head == NULL) return acta_error_set(c->error, ACTA_NO_MEMORY, NULL);
    sprintf(head, format, request->method, request->path, first, headers);
    strcpy(head + size, about_body);
    status = send_bytes(c, head, strlen(head));
    return status == ACTA_OK ? send_bytes(c, request->body.data, request->body.size) : status;
}

static acta_status
make_room(connection *c)
{
    size_t most = c->request->answer_max != 0 ? c->request->answer_max : ANSWER_MAX_DEFAULT;

    if (c->size < c->room) return ACTA_OK;
    if (c->size >= most)
        return acta_error_set(c->error, ACTA_CORRUPT, "the answer is longer than %zu bytes, which are the most", most);
    size_t room = c->room == 0 ? ROOM_FIRST : c->room * 2;
    if (room > most) room = most;
    char *bytes = acta_memory_alloc(c->memory, room);
    if (bytes == NULL) return acta_error_set(c->error, ACTA_NO_MEMORY, NULL);
    if (c->size > 0) memcpy(bytes, c->bytes, c->size);
    acta_memory_free(c->memory, c->bytes);
    c->bytes = bytes;
    c->room = room;
    return ACTA_OK;
}

static acta_status
receive(connection *c)
{
    for (;;) {
        acta_status status = make_room(c);
        if (status == ACTA_OK) status = wait_for(c, POLLIN);
        if (status != ACTA_OK) return status;
        ssize_t got = recv(c->fd, c->bytes + c->size, c->room - c->size, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno == ECONNRESET)) return ACTA_OK;
        if (got > 0) c->size += (size_t)got;
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return acta_error_set(c->error, ACTA_IO, "the answer can't be read: %s", strerror(errno));
    }
}

/* -- the answer -- */

/* The next line, without its end, of what is left; false: there is no whole one. */
static bool
next_line(acta_str *rest, acta_str *line_out)
{
    const char *end = rest->size > 0 ? memmem(rest->data, rest->size, "\r\n", 2) : NULL;

    if (end == NULL) return false;
    *line_out = acta_str_from(rest->data, (size_t)(end - rest->data));
    *rest = acta_str_from(end + 2, rest->size - line_out->size - 2);
    return true;
}

/* The value of the header, if the line is of that name. */
static bool
is_header(acta_str line, const char *name, acta_str *value_out)
{
    size_t size = strlen(name);

    if (line.size <= size || strncasecmp(line.data, name, size) != 0 || line.data[size] != ':') return false;
    *value_out = acta_str_from(line.data + size + 1, line.size - size - 1);
    while (value_out->size > 0 && value_out->data[0] == ' ')
        *value_out = acta_str_from(value_out->data + 1, value_out->size - 1);
    return true;
}

/* Digits alone, in the base; what doesn't fit is no number. */
static bool
read_size(acta_str text, unsigned base, size_t *size_out)
{
    *size_out = 0;
    for (size_t i = 0; i < text.size; i++) {
        int c = tolower((unsigned char)text.data[i]);
        unsigned digit = isdigit(c) ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : base;
        if (digit >= base || *size_out > (SIZE_MAX - digit) / base) return false;
        *size_out = *size_out * base + digit;
    }
    return text.size > 0;
}

/* The chunks become one piece, where they are. What stands behind a ';' in a chunk's line, and trailers, nobody wants. */
static bool
join_chunks(char *bytes, acta_str rest, acta_str *body_out)
{
    acta_str line;
    size_t joined = 0, size;

    while (next_line(&rest, &line)) {
        const char *extension = line.size > 0 ? memchr(line.data, ';', line.size) : NULL;
        if (extension != NULL) line.size = (size_t)(extension - line.data);
        if (!read_size(line, 16, &size)) return false;
        if (size == 0) {
            *body_out = acta_str_from(bytes, joined);
            return true;
        }
        if (rest.size < 2 || size > rest.size - 2 || memcmp(rest.data + size, "\r\n", 2) != 0) return false;
        memmove(bytes + joined, rest.data, size);
        joined += size;
        rest = acta_str_from(rest.data + size + 2, rest.size - size - 2);
    }
    return false;
}

static acta_status
is_cut_short(acta_error *error)
{
    return acta_error_set(error, ACTA_CORRUPT, "the answer was cut short: the program may have ended");
}

static acta_status
read_answer(connection *c, client_answer *out)
{
    acta_str rest = acta_str_from(c->bytes, c->size), line, value;
    size_t length = SIZE_MAX;
    bool is_chunked = false;

    if (c->size == 0) return is_cut_short(c->error);
    if (!next_line(&rest, &line) || line.size < 12 || strncmp(line.data, "HTTP/1.", 7) != 0 || line.data[8] != ' ')
        return acta_error_set(
            c->error, ACTA_CORRUPT, "what answers for '%s' speaks no HTTP/1.1", c->request->directory);
    size_t status;
    if (!read_size(acta_str_from(line.data + 9, 3), 10, &status))
        return acta_error_set(c->error, ACTA_CORRUPT, "the answer has no status");
    out->status = (unsigned)status;
    for (;;) {
        if (!next_line(&rest, &line)) return is_cut_short(c->error);
        if (line.size == 0) break;
        if (is_header(line, "Transfer-Encoding", &value)) is_chunked = acta_str_equal(value, acta_str_of("chunked"));
        if (is_header(line, "Content-Length", &value) && !read_size(value, 10, &length))
            return acta_error_set(c->error, ACTA_CORRUPT, "the answer's Content-Length is no number");
    }
    out->body = rest;
    if (is_chunked)
        return join_chunks(c->bytes + (rest.data - c->bytes), rest, &out->body) ? ACTA_OK : is_cut_short(c->error);
    if (length == SIZE_MAX) return ACTA_OK;
    if (rest.size < length) return is_cut_short(c->error);
    out->body.size = length;
    return ACTA_OK;
}

acta_status
client_ask(const client_request *request, acta_memory *memory, client_answer *out, acta_error *error)
{
    connection c = { .request = request, .memory = memory, .error = error, .fd = -1 };

    uint32_t timeout_ms = request->timeout_ms != 0 ? request->timeout_ms : TIMEOUT_DEFAULT_MS;
    c.end_ms = client_now_ms() + timeout_ms;
    acta_status status = connect_to(request->directory, timeout_ms, &c.fd, error);
    if (status == ACTA_OK) status = send_request(&c);
    if (status == ACTA_OK) status = receive(&c);
    if (c.fd >= 0) close(c.fd);
    return status == ACTA_OK ? read_answer(&c, out) : status;
}
