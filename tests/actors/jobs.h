/*
 * Jobs that a process manager leads: what the tests of its way, of its crashes and of its failures share.
 */
#ifndef TESTS_ACTORS_JOBS_H
#define TESTS_ACTORS_JOBS_H

#include "fixture.h"

#define STATE_TABLE  "pm.ledger.jobs"
#define OUTBOX_TABLE "pm.ledger.jobs.outbox"
#define ENDED_TABLE  "pm.ledger.jobs.ended"

extern const char *const counters[3];
extern uint32_t broken_tries; /* how many additions to c2 fail yet, by break_some_tries */

/* Steps between two deaths. Opening files takes its time: there not every step, but the phases of a commit are all met. */
uint32_t stride(const fixture *f);
void start_managing(fixture *f);
void start_job_ok(fixture *f, const char *job, uint32_t count, int64_t amount); /* with a traceparent */
void expect_traces(fixture *f); /* all events are those of jobs, and have it, and it once */
/* The job has added to each of its counters once, and has ended once. */
void expect_done(fixture *f, const char *job, uint32_t additions);
/* Nothing is left of instances that have ended, once the checkpoint is behind them. */
void expect_no_rows(fixture *f);
void break_some_tries(const ledger_Add *command); /* for ledger_hook.before_add */

#endif
