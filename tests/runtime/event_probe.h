/*
 * What the tests of event managers share: a handler that writes down what it sees, and does on command what is wrong.
 */
#ifndef ACTA_TESTS_RUNTIME_EVENT_PROBE_H
#define ACTA_TESTS_RUNTIME_EVENT_PROBE_H

#include "harness.h"

#include "acta/gen_event.h"

enum { PLAIN = 1, FAIL_ON, REMOVE_ON, BAD_ON, ASK, ASK_LATER, ASK_FAIL, ASK_FAIL_ANSWERED, ASK_REMOVE, START_TIMER };
enum { INIT_OK, INIT_REFUSE, INIT_FAIL, TERMINATE_FAIL };

/* What a handler writes into, and how it begins. */
typedef struct slate {
    char seen[2000];
    char end[300];
    int init;
    int before; /* the old one's number, when swapped in */
    _Atomic uint64_t seen_count;
} slate;

typedef struct noter_argument {
    slate *to;
    int number;
} noter_argument;

extern const acta_gen_event_handler noting, silent; /* noting's argument: a noter_argument */

acta_pid start_manager(harness *h);
acta_gen_event_spec spec_of(slate *s, int number, const noter_argument *argument);
acta_status add(harness *h, acta_pid manager, slate *s, int number, acta_error *error);
acta_status remove_it(harness *h, acta_pid manager, int number);
acta_status swap(harness *h, acta_pid manager, int old, slate *s, int number, acta_error *error);
acta_status call_one(harness *h, acta_pid manager, int number, uint32_t tag, acta_error *error);
acta_message *event_for(harness *h, uint32_t tag, int number); /* its payload: for whom it is */

#endif
