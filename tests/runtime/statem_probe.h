/*
 * What the tests of state machines share: a machine of three states, whose one step function is the test's, and which
 * writes down what it sees.
 */
#ifndef ACTA_TESTS_RUNTIME_STATEM_PROBE_H
#define ACTA_TESTS_RUNTIME_STATEM_PROBE_H

#include "harness.h"

#include "acta/gen_statem.h"
#include "acta/sys.h"

enum { A, B, C };
enum { TO_A = 100, TO_B, TO_C, LATER, QUESTION, ANSWER, NOTE, END, BREAK, KEEP, AGAIN, POKE };

typedef struct probe probe;
typedef acta_transition (*probe_step)(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event);
struct probe {
    probe_step step;
    acta_status (*init)(acta_self *self, probe *p, uint32_t *state_out, acta_error *error);
    char seen[4000]; /* "a:cast101 b:enter0 …" */
    char end[300];   /* what terminate saw */
    _Atomic uint64_t destroyed;
    _Atomic uint64_t handled;
    acta_from from;
    acta_message *kept;
    uint32_t count;
    acta_pid other;
    acta_statem_counts counts;
};

extern const acta_statem plain, entering, narrow, narrow_bytes; /* narrow: postpones at most 3; 1,000 bytes */

/* The function of state A. */
acta_transition in_a(acta_self *self, void *data, const acta_statem_event *event);

acta_pid start(harness *h, const acta_statem *what, probe *p);

/* A message whose destructor is counted. */
acta_message *counted(acta_runtime *runtime, probe *p, uint32_t tag);
void cast(harness *h, acta_pid pid, probe *p, uint32_t tag);

typedef struct answer {
    _Atomic uint64_t count;
    acta_status status;
    uint32_t tag;
    char text[ACTA_ERROR_TEXT_MAX];
} answer;

void note_answer(void *user, acta_status status, const acta_message *reply, const acta_error *error);
void ask(harness *h, acta_pid pid, probe *p, uint32_t tag, answer *a);

/* A step: goes where it is told to; postpones LATER and QUESTION while in A; answers QUESTION elsewhere. */
acta_transition walk(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event);

#endif
