/*
 * What the tests of the runtime share: an actor whose handlers a test writes in place, a clock that a test turns, and
 * an allocator that counts.
 */
#ifndef ACTA_TESTS_RUNTIME_HARNESS_H
#define ACTA_TESTS_RUNTIME_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acta/supervisor.h"

/* Under a sanitizer, whose frames are larger, and which has its own ways with threads. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HARNESS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HARNESS_SANITIZED true
#endif
#endif
#ifndef HARNESS_SANITIZED
#define HARNESS_SANITIZED false
#endif

/* A running runtime; the test fails if it can't be had. workers 0: manual. */
typedef struct harness {
    acta_runtime *runtime;
    acta_environment environment;
    _Atomic uint64_t now_ns;       /* manual: the clock */
    _Atomic int64_t wall_jump_us;  /* manual: how far the wall clock is off */
    _Atomic int64_t blocks, bytes; /* taken and not given back */
    _Atomic int64_t allocs_left;   /* until there is none; -1: any number; -2 - n: n go well, and one fails */
    _Atomic uint64_t log_lines;
    uint64_t random;
    uint32_t (*choose)(void *user, uint32_t count);
    void (*log)(void *user, acta_log_level level, acta_str line); /* NULL: lines are counted only */
    void *log_user;
} harness;

void harness_start(harness *h, uint32_t workers);
void harness_start_with(harness *h, acta_runtime_config config);
void harness_stop(harness *h);                 /* stops, checks that all messages and all memory are accounted for */
void harness_run(harness *h);                  /* manual: until nothing is ready */
void harness_advance(harness *h, uint64_t ms); /* manual: run, and let time pass from timer to timer */

uint64_t real_now_ns(void);
void sleep_ms(unsigned ms);

/* An actor made of functions that get what the test gave as argument. */
typedef struct script {
    acta_status (*init)(acta_self *self, void *user, acta_error *error);
    acta_next (*call)(acta_self *self, void *user, acta_from from, acta_message *message);
    acta_next (*cast)(acta_self *self, void *user, acta_message *message);
    acta_next (*info)(acta_self *self, void *user, const acta_info *info);
    acta_next (*go_on)(acta_self *self, void *user);
    void (*terminate)(acta_self *self, void *user, const acta_exit_reason *reason);
    void *user;
} script;

extern const acta_behaviour scripted;           /* argument: a script, which must outlive the actor */
extern const acta_behaviour scripted_on_caller; /* the same, with run_on_caller */
extern const acta_behaviour scripted_idle_50;   /* the same, with an idle timeout of 50 ms */

acta_pid spawn(harness *h, const script *what);
acta_pid spawn_named(harness *h, const script *what, const char *name);

/* Run a function inside a fresh actor, and wait until it is through. */
void inside(harness *h, void (*what)(acta_self *self, void *user), void *user);

acta_status send_tag(harness *h, acta_pid to, uint32_t tag);
acta_status call_tag(harness *h, acta_pid to, uint32_t tag, uint32_t timeout_ms, acta_error *error);

/* Wait until *value is at least `least`; fails the test after 60 s without a change. Manual runtimes: runs them. */
void await_count(harness *h, _Atomic uint64_t *value, uint64_t least);
void await_dead(harness *h, acta_pid pid);

/* Wait until all threads whose name begins with `prefix` have slept through 300 ms, as nobody does who polls: not one of
 * them was given the processor. Fails the test after 60 s without. How many threads they are. */
uint32_t await_quiet(const char *prefix);

/* Wait until as many threads have a name that begins with `prefix`: a thread gets its name a moment after it has begun,
 * and the kernel lists it a moment longer than a join takes. Fails the test after 60 s. */
void await_threads(const char *prefix, uint32_t count);

/* The number, times ACTA_STRESS of the environment: for tests that get better with more. */
uint64_t scaled(uint64_t normal);

/* What a test that draws at random begins with: see tests/seed.h. */
uint64_t test_seed(void);

/* A pseudo-random number in 0 to bound-1 from *state. */
uint32_t draw(uint64_t *state, uint32_t bound);

#endif
