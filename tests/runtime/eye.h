/*
 * What the tests of watched files share: an actor that watches what a test says, and counts what it is told.
 */
#ifndef ACTA_TESTS_RUNTIME_EYE_H
#define ACTA_TESTS_RUNTIME_EYE_H

#include "harness.h"

#include "acta/watch_fd.h"

typedef struct eye {
    harness *h;
    acta_pid pid;
    script s;
    acta_ref ref;
    _Atomic uint64_t events, lost;
    uint32_t ready;
    uint64_t fd;
    char text[ACTA_ERROR_TEXT_MAX];
    acta_next (*on_event)(acta_self *self, struct eye *e, const acta_info *info);
    int number, other;
    uint32_t interest;
    acta_status status;
    bool flag;
    uint64_t count;
} eye;

void open_eye(eye *e, harness *h);
void tell_eye(eye *e, void (*what)(acta_self *self, eye *e)); /* let the actor do it, and wait until it has */

/* In the actor: e->number for e->interest; unwatch sets the flag. */
void watch(acta_self *self, eye *e);
void unwatch(acta_self *self, eye *e);

void have_watch(eye *e, int fd, uint32_t interest); /* fails the test if it can't be had */
acta_status try_watch(eye *e, int fd, uint32_t interest);
void let_the_poller_pass(harness *h); /* after this, whatever was ready has been told */

void make_pipe(int ends[2]);
void put(int fd);
void close_both(const int ends[2]);

#endif
