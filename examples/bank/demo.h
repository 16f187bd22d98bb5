/*
 * A day at the bank: accounts opened, transfers requested by many clients at once, some of them impossible, and in the
 * end the money counted again from the log alone.
 */
#ifndef BANK_DEMO_H
#define BANK_DEMO_H

#include "acta/app.h"

typedef struct demo_config {
    uint32_t account_count, transfer_count, client_count;
    uint64_t seed;
} demo_config;

typedef struct demo_result {
    uint64_t commands; /* by clients and by the process manager */
    uint64_t events;
    uint64_t completed, refunded, rejected; /* of this run's transfers; together they are all of them */
    uint64_t elapsed_ns;                    /* from the first command until nothing was left to do */
    uint64_t p50_ns, p99_ns, max_ns;        /* of a client's dispatch: until its events are on disk */
    int64_t money_before;                   /* what was there, and what this run brought in, as the clients know it */
    int64_t money_after;                    /* on all accounts, counted from the log alone */
} demo_result;

/*
 * Run it on an app that is started, whatever is in its log already. Progress goes to stderr.
 * Errors: those of dispatch; ACTA_CORRUPT: the log breaks a rule of the bank (log_check.h), or does not tell of all
 * that the clients have been answered. A difference of the money is no error here, but the caller's to judge.
 */
acta_status demo_run(acta_app *app, const demo_config *config, demo_result *result_out, acta_error *error);

#endif
