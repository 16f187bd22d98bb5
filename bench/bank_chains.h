/*
 * The bank under load: an app, its accounts, and chains of commands. Between bank.c, which has the rows, and
 * bank_chains.c.
 */
#ifndef BENCH_BANK_CHAINS_H
#define BENCH_BANK_CHAINS_H

#include "bank.h"
#include "bench.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "acta/memory_engine.h"

enum { IN_FLIGHT_MAX = 8192, BALANCE = 1000000 /* that an account begins with */, ID_SIZE = 16, PATH_SIZE = 512 };

typedef struct options {
    uint32_t account_count; /* 0: the row's default */
    uint32_t in_flight;
    uint32_t client_count; /* 0: chains */
    uint32_t seconds;
    bool is_zipf, is_unsynced, is_memory;
    const char *data_path;
    uint64_t chosen; /* rows; bench_choose */
} options;

typedef struct bank_bench bank_bench;

/* One command after the other. */
typedef struct chain {
    bank_bench *bench;
    uint64_t random;
    _Atomic uint64_t done_count; /* by one thread at a time, read by any */
    uint32_t number;
    uint32_t transfer_number; /* transfers: of this chain */
} chain;

struct bank_bench {
    const options *options;
    char path[PATH_SIZE];
    acta_disk *disk;
    acta_app *app;
    uint32_t account_count;
    char (*ids)[ID_SIZE];
    const acta_aggregate *const *aggregates; /* NULL: the bank's */
    const acta_event_handler *const *handlers;
    bool leads_transfers;
    const acta_environment *environment;
    double *zipf; /* cumulated; NULL: uniform */

    void (*next)(chain *c);
    chain *chains;
    uint32_t chain_count;
    _Atomic bool is_ending;
    _Atomic uint32_t running_count;
    sem_t ended; /* the last chain has */
    pthread_mutex_t lock;
    acta_error failure;
};

/* Start an app over a new, empty log. With `handlers` it leads transfers, too. */
void bank_bench_start(
    bank_bench *b, const options *o, uint32_t account_count, const acta_event_handler *const *handlers);

/* Stop it, and remove its log. */
void bank_bench_stop(bank_bench *b);

/* The same in parts: take what `b` says of options, accounts, aggregates, handlers and environment; start the app on the
 * log that is there, or on a new one; stop it, and leave the log. */
void bank_bench_init(bank_bench *b, const options *o, uint32_t account_count);
void bank_bench_open(bank_bench *b);
void bank_bench_close(bank_bench *b);

/* Open all accounts. */
void bank_bench_open_accounts(bank_bench *b);

/* Begin `count` chains of commands. `next` dispatches a chain's next command, or ends the chain. */
void bank_bench_begin(bank_bench *b, uint32_t count, void (*next)(chain *c));
void next_deposit(chain *c);
void next_transfer(chain *c);
void start_client(chain *c); /* a thread that deposits, and waits for each answer */

/* A transfer has ended: its chain goes on. */
void bank_bench_transfer_ended(bank_bench *b, acta_str transfer_id);

/* Wait until all chains have ended: each does so at its next command when is_ending is set. */
void bank_bench_await_end(bank_bench *b);

/* Let the chains run, warm up for a second, and tell the rate of what they do in `options->seconds`; then end them. */
double bank_bench_measure(bank_bench *b);
/* The same of what counts itself. */
double bank_bench_measure_of(bank_bench *b, const _Atomic uint64_t *done);

/* The log has each of so many deposits, and the money is there. */
void bank_bench_check_deposits(bank_bench *b, uint64_t deposit_count);

/* Transfers through the process manager, each counted when it has ended, and found in the log: the rate. */
double bank_bench_transfers(const options *o);

/* Commands, or transfers, that were done. Exact when the chains have ended; while they run one or two may be missing. */
uint64_t bank_bench_done_count(const bank_bench *b);

#endif
