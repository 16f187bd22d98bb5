/*
 * What the tests of system messages share: a server that keeps its sums in the test's ledger and writes down what it sees.
 */
#ifndef ACTA_TESTS_RUNTIME_LEDGER_PROBE_H
#define ACTA_TESTS_RUNTIME_LEDGER_PROBE_H

#include "harness.h"

#include "acta/sys.h"

enum { ADD = 1, GET, TIMER, ASK, WATCH, FAIL_IN_TERMINATE, TRAP, SLEEP, GO_ON };

typedef struct ledger {
    uint64_t sum;
    uint32_t trace[64], trace_count;
    bool fails_in_terminate;
    _Atomic bool may_wake; /* from SLEEP */
    uint64_t terminated;
    acta_exit_reason why;
    acta_pid other;
    acta_status answer;
    _Atomic uint64_t answers;
} ledger;

extern const acta_behaviour open_book, private_book, idle_book; /* argument: the ledger */

/* Clears the ledger. */
acta_pid open_a(harness *h, const acta_behaviour *behaviour, ledger *l);
void expect_trace(const ledger *l, const uint32_t *expected, uint32_t count);

#endif
