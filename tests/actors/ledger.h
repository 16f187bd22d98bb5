/*
 * The domain that the tests run: ledger.fbs with its functions, and hooks to make them do wrong.
 */
#ifndef TESTS_ACTORS_LEDGER_H
#define TESTS_ACTORS_LEDGER_H

#include "ledger.acta.h"

enum { LEDGER_TOTAL_MAX = 100 };

extern const ledger_Counter_aggregate ledger_counter;
extern const ledger_Job_aggregate ledger_job;
extern const ledger_Jobs_process_manager ledger_jobs;
extern const ledger_Jobs_process_manager ledger_jobs_without_error; /* no error function */
extern const ledger_projection ledger_rows;                         /* of counters */
extern const ledger_projection ledger_job_rows; /* of jobs; the row of one that ends since it is "gone" goes */
extern const acta_aggregate *const ledger_aggregates[];

/* What a test wants otherwise; all zero: nothing. Set by one thread while nothing runs. */
typedef struct ledger_hooks {
    void *user; /* for the functions below */
    /* Called in each decision of Add, before it decides. */
    void (*before_add)(const ledger_Add *command);
    /* What the process manager does about a failure; NULL: a rejection is replaced by EndJob, all else is retried. */
    acta_failure_action (*error)(const ledger_Jobs *jobs, const acta_failure *failure, acta_commands *commands);
    /* Called when the process manager handles the start of a job. */
    void (*on_job)(const ledger_JobStarted *event, acta_commands *commands);
    /* Called when it handles an addition. */
    void (*on_added)(const ledger_Added *event, acta_commands *commands);
    /* What the projection returns for an event; NULL: ACTA_OK. */
    acta_status (*on_row)(const ledger_Added *event, const acta_recorded *recorded, acta_rows *rows, acta_error *error);
} ledger_hooks;
extern ledger_hooks ledger_hook;

#endif
