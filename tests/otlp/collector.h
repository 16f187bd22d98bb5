/*
 * A collector of OpenTelemetry in the test itself: takes requests on a port of its own, answers as it is told, and keeps what
 * they said.
 */
#ifndef TESTS_OTLP_COLLECTOR_H
#define TESTS_OTLP_COLLECTOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { REQUESTS_MAX = 64, PATIENCE_MS = 60000 };

typedef struct collector_request {
    char head[4096];
    char *body;
} collector_request;

typedef struct collector {
    int fd, end[2]; /* a pipe: closed, it ends */
    uint16_t port;
    pthread_t thread;

    /* Set before it is asked. */
    const char *answers
        [8]; /* to the first requests, from the status line to the body; "": the connection ends; NULL, or behind them: 200, {} */
    bool is_silent; /* it takes a request, and never answers */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    collector_request requests[REQUESTS_MAX];
    uint32_t count;
} collector;

void collector_begin(collector *c);
void collector_await(collector *c, uint32_t count); /* so many requests have come; fails after a minute */
void collector_end(collector *c);                   /* what it has kept stays */
void collector_free(collector *c);

#endif
