/*
 * Traced bank: a bank in memory whose spans go to a collector in the test, and how tests look at what came there.
 */
#ifndef TESTS_OTLP_TRACED_BANK_H
#define TESTS_OTLP_TRACED_BANK_H

#include "collector.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acta/memory_engine.h"
#include "acta/otlp.h"
#include "acta/span.h"
#include "bank.h"
#include "json.h"

enum { STOP_MS = 120000, SPANS_MAX = 256 };

#define S(text) acta_str_of(text)

typedef struct fixture {
    acta_disk *disk;
    acta_app *app;
    acta_environment environment;
    acta_otlp_options options;
    collector collector;
    char url[128];
    acta_memory *memory;
    acta_error error;
    _Atomic uint64_t told_dropped; /* spans, by the log */
    char why[256];                 /* … the newest of it */
} fixture;

#define FIXTURE(state) ((fixture *)*(state))
#define MUST(f, call)                                                                                                  \
    do {                                                                                                               \
        if ((call) != ACTA_OK) fail_msg("%s", (f)->error.text);                                                        \
    } while (0)

int set_up(void **state); /* the bank runs, and nobody is told of its spans */
int tear_down(void **state);
#define with_bank(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
void stop(fixture *f);

void send_spans(fixture *f); /* a collector, and spans that are sent at once */
void open_account(fixture *f, const char *id, int balance);
acta_span_counters counters_of(const fixture *f);
acta_span_counters await_all(const fixture *f); /* until nothing waits any more */

/* -- what came -- */

typedef struct came {
    const json_value *spans[SPANS_MAX];
    uint32_t count;
} came;

const json_value *read_body(fixture *f, const char *body); /* its only resourceSpans */
void read_spans(fixture *f, came *all);                    /* of all requests */
uint32_t count_named(const came *all, const char *name);
const json_value *named(const came *all, const char *name); /* the one of that name */
const json_value *parent_of(const came *all, const json_value *span);

const json_value *only_item(const json_value *object, const char *key);
/* The value of an attribute, which is of this kind; "" when there is none. */
acta_str attribute(const json_value *object, const char *name, const char *kind);

#endif
