/*
 * See collector.h.
 */
#include "collector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char taken[] = "200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/* False: the end has come. */
static bool
is_ready(const collector *c, int fd)
{
    struct pollfd both[] = { { .fd = fd, .events = POLLIN }, { .fd = c->end[0], .events = POLLIN } };

    while (poll(both, 2, -1) < 0) {}
    return both[1].revents == 0;
}

/* Up to and with the empty line, byte for byte. False: the connection has ended, or the test. */
static bool
take_head(const collector *c, int fd, char *head, size_t room)
{
    size_t size = 0;

    while (size < room - 1 && (size < 4 || memcmp(head + size - 4, "\r\n\r\n", 4) != 0)) {
        if (!is_ready(c, fd) || recv(fd, head + size, 1, 0) != 1) return false;
        size++;
    }
    head[size] = '\0';
    return true;
}

static char *
take_body(const collector *c, int fd, size_t size)
{
    char *body = calloc(1, size + 1);

    for (size_t got = 0; got < size;) {
        ssize_t more = is_ready(c, fd) ? recv(fd, body + got, size - got, 0) : 0;
        if (more <= 0) {
            free(body);
            return NULL;
        }
        got += (size_t)more;
    }
    return body;
}

static bool
take_request(collector *c, int fd)
{
    collector_request request;

    if (!take_head(c, fd, request.head, sizeof request.head)) return false;
    const char *length = strcasestr(request.head, "\r\nContent-Length:");
    request.body = take_body(c, fd, length != NULL ? strtoul(length + 17, NULL, 10) : 0);
    if (request.body == NULL) return false;
    pthread_mutex_lock(&c->lock);
    uint32_t number = c->count;
    if (number < REQUESTS_MAX)
        c->requests[c->count++] = request;
    else
        free(request.body);
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    if (c->is_silent) return true;
    bool is_told = number < sizeof c->answers / sizeof c->answers[0] && c->answers[number] != NULL;
    const char *answer = is_told ? c->answers[number] : taken;
    return answer[0] != '\0' && send(fd, "HTTP/1.1 ", 9, MSG_NOSIGNAL) == 9 &&
           send(fd, answer, strlen(answer), MSG_NOSIGNAL) == (ssize_t)strlen(answer);
}

static void *
run(void *argument)
{
    collector *c = argument;

    while (is_ready(c, c->fd)) {
        int fd = accept(c->fd, NULL, NULL);
        if (fd < 0) continue;
        while (take_request(c, fd)) {}
        close(fd);
    }
    return NULL;
}

void
collector_begin(collector *c)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t size = sizeof at;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    assert_int_equal(bind(c->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(c->fd, 8), 0);
    assert_int_equal(getsockname(c->fd, (struct sockaddr *)&at, &size), 0);
    c->port = ntohs(at.sin_port);
    assert_int_equal(pipe(c->end), 0);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    assert_int_equal(pthread_create(&c->thread, NULL, run, c), 0);
}

void
collector_await(collector *c, uint32_t count)
{
    struct timespec until;
    int failed = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    pthread_mutex_lock(&c->lock);
    while (c->count < count && failed == 0)
        failed = pthread_cond_clockwait(&c->changed, &c->lock, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&c->lock);
    assert_int_equal(failed, 0);
}

void
collector_end(collector *c)
{
    if (c->fd <= 0) return;
    close(c->end[1]);
    pthread_join(c->thread, NULL);
    close(c->end[0]);
    close(c->fd);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    c->fd = 0;
}

void
collector_free(collector *c)
{
    collector_end(c);
    for (uint32_t i = 0; i < c->count; i++)
        free(c->requests[i].body);
    c->count = 0;
}
