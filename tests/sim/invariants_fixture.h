/*
 * A bank that was run to its rest, for the tests that bend one thing in it and look whether an invariant says so.
 */
#ifndef SIM_INVARIANTS_FIXTURE_H
#define SIM_INVARIANTS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "acta/subscription.h"
#include "bank.h"
#include "sim_checks.h"
#include "sim_witness.h"
#include "simulation.h"

enum { SETTLE_MS = 600000, SEED = 7 };

typedef struct fixture {
    acta_sim *sim;
    acta_app *app;
    acta_store *store;
    bank_clients clients;
    bank_fold *fold;
    bank_log_check *auditor;
    acta_memory *memory;
    acta_error error;
    const char *found; /* by the clients */
} fixture;

/* Around each case. */
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup_bank, teardown_bank)
int setup_bank(void **state);
int teardown_bank(void **state);

/* What the clients call with what they find: into `found` of the fixture, their user. */
void note_found(void *user, const char *invariant, const char *text);
acta_app *start_bank(fixture *f, acta_sim *sim);
void run_clients(fixture *f); /* to their end, and until all is at rest */

void must(const fixture *f, acta_status status); /* be ACTA_OK */
/* ACTA_CORRUPT, and f->error begins with the invariant's name. */
void says(const fixture *f, acta_status status, const char *invariant);

acta_bytes encode(fixture *f, const acta_table *table, const void *value); /* in f->memory */
const bank_stream *first_stream(const fixture *f, bool is_account);        /* in the log; or a transfer */
/* An event that the application knows nothing of: only the readers of the log are told. */
void tell_fold(fixture *f, const char *stream, const acta_table *table, const void *value, acta_id command_id);

/* invariants_answers.c: cases of a group of their own; how many of them failed. */
int run_cases_of_answers(void);

#endif
