/*
 * What the tests of gateway/ share: the bank over the memory engine behind a gateway, and a client that sends bytes as they
 * are, right or wrong.
 */
#ifndef TESTS_GATEWAY_HTTP_H
#define TESTS_GATEWAY_HTTP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acta/gateway.h"
#include "acta/memory_engine.h"
#include "bank.h"

enum { ANSWER_MAX = 1024 * 1024, STOP_MS = 120000 };

typedef struct answer {
    int status; /* 0: the connection was closed without one */
    char head[8192];
    char body[ANSWER_MAX];
    size_t body_size;
} answer;

typedef struct fixture {
    acta_disk *disk;
    acta_app *app;
    acta_gateway *gateway;
    acta_gateway_options options;
    char folder[96], socket_path[108];
    acta_error error;
    answer last;
} fixture;

#define FIXTURE(state) ((fixture *)*(state))
#define MUST(f, call)                                                                                                  \
    do {                                                                                                               \
        if ((call) != ACTA_OK) fail_msg("%s", (f)->error.text);                                                        \
    } while (0)

int set_up_with(void **state, acta_app_config config); /* another application than the bank */
int set_up(void **state);                              /* the bank runs; no gateway */
int tear_down(void **state);
#define with_bank(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* A gateway by f->options; on a free TCP port of 127.0.0.1 and the unix socket if they say nothing. */
void serve(fixture *f);

int connect_tcp(const fixture *f);
int connect_unix(const fixture *f);
void send_all(int fd, const void *bytes, size_t size);
void send_text(int fd, const char *text);
/* One answer, by Content-Length or to the end of the connection. Waits up to a minute. */
void receive(int fd, answer *to);
void receive_head(int fd, answer *to); /* of one that doesn't end: without its body */

/* One request on a connection of its own, over TCP; `headers` are whole lines, "" none. f->last is the answer; its status. */
int ask(fixture *f, const char *method, const char *path, const char *headers, const char *body);
int get(fixture *f, const char *path);
int ask_as(fixture *f, const char *host, const char *path);       /* GET with another Host */
int ask_inside(fixture *f, const char *method, const char *path); /* by the unix socket; a POST with "{}" */
int post(fixture *f, const char *path, const char *body);
/* Does the body, or the head, of the last answer have this text? Fails and shows it when it doesn't. */
void body_has(const fixture *f, const char *text);
void head_has(const fixture *f, const char *text);
/* GET /ready, again and again, until it is: readers catch up in their own time. Fails and shows the body if that isn't why. */
void get_ready(fixture *f);
/* GET, again and again, until the body has this text: for what readers' threads bring about in their own time. Fails and
 * shows the body after a minute. */
void get_until(fixture *f, const char *path, const char *text);

void open_account(fixture *f, const char *id, int balance);

#endif
