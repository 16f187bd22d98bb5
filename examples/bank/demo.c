/*
 * A day at the bank. See demo.h.
 *
 *     clients (threads) --dispatch, and wait until it is on disk--> the bank --> log
 *     this thread       <------------- progress, and in the end the count ------- |
 *
 * What a client does next is a function of the seed and the item's number, whichever client takes it.
 */
#include "demo.h"

#include "bank.h"
#include "cli.h"
#include "log_check.h"
#include "progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    BALANCE = 10000,  /* that an account begins with */
    AMOUNT_MAX = 200, /* of a transfer that can be */
    AMOUNT_TOO_LARGE = 1000000000,
    CLOSED_PER_HUNDRED = 1, /* of all accounts, and at least one */
    TOO_LARGE_PER_MILLE = 30,
    TO_CLOSED_PER_MILLE = 20,
    TO_NOBODY_PER_MILLE = 20,
    TO_ONESELF_PER_MILLE = 10,
    BUSY_DELAY_MS = 1,
    WATCH_MS = 50,
    ID_SIZE = 32
};

typedef struct demo demo;

/* One thing for a client to do. */
typedef acta_status (*demo_work)(demo *d, uint32_t item, acta_error *error);

struct demo {
    acta_app *app;
    demo_config config;
    uint32_t closed_count; /* the last of the accounts */
    uint64_t head_before;
    bank_log_totals before;

    /* Shared by the clients. */
    demo_work work;
    uint32_t item_count;
    _Atomic uint32_t next_item;
    _Atomic uint32_t busy_clients;
    uint64_t *latencies_ns; /* a slot for each dispatch */
    _Atomic uint32_t latency_count;
    _Atomic uint64_t refused_count; /* commands that were rejected at once */
    _Atomic uint64_t accepted_count;
    _Atomic int64_t brought_in;
    pthread_mutex_t failure_lock;
    acta_error failure; /* the first; status ACTA_OK: none */

    /* This thread's. */
    bank_log_check *watch;
    progress progress;
};

/* -- choices -- */

/* The `index`-th random number of an item (splitmix64). */
static uint64_t
draw(const demo *d, uint32_t item, uint32_t index)
{
    uint64_t x = d->config.seed + UINT64_C(0x9e3779b97f4a7c15) * ((uint64_t)item * 8 + index + 1);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static acta_str
account_id(uint32_t number, char *text)
{
    int size = snprintf(text, ID_SIZE, "a%05" PRIu32, number + 1);
    return acta_str_from(text, (size_t)size);
}

static uint32_t
open_count(const demo *d)
{
    return d->config.account_count - d->closed_count;
}

typedef struct plan {
    char id[ID_SIZE], source[ID_SIZE], target[ID_SIZE];
    bank_RequestTransfer request;
} plan;

static void
plan_transfer(const demo *d, uint32_t item, plan *p)
{
    uint32_t kind = (uint32_t)(draw(d, item, 0) % 1000);
    uint32_t source = (uint32_t)(draw(d, item, 1) % open_count(d));
    uint32_t target = (uint32_t)(draw(d, item, 2) % open_count(d));

    /* The log's head makes the ids of a second run on the same log others. */
    snprintf(p->id, ID_SIZE, "t%" PRIu64 "-%05" PRIu32, d->head_before, item + 1);
    if (target == source) target = (source + 1) % open_count(d);
    p->request =
        ACTA_INIT(bank_RequestTransfer, .transfer_id = acta_str_of(p->id), .source_id = account_id(source, p->source),
            .target_id = account_id(target, p->target), .amount = 1 + (int64_t)(draw(d, item, 3) % AMOUNT_MAX));

    if (kind < TOO_LARGE_PER_MILLE) {
        p->request.amount = AMOUNT_TOO_LARGE;
    } else if ((kind -= TOO_LARGE_PER_MILLE) < TO_CLOSED_PER_MILLE) {
        p->request.target_id = account_id(open_count(d) + target % d->closed_count, p->target);
    } else if ((kind -= TO_CLOSED_PER_MILLE) < TO_NOBODY_PER_MILLE) {
        snprintf(p->target, ID_SIZE, "nobody-%" PRIu32, item);
        p->request.target_id = acta_str_of(p->target);
    } else if (kind - TO_NOBODY_PER_MILLE < TO_ONESELF_PER_MILLE) {
        p->request.target_id = p->request.source_id;
    }
}

/* -- clients -- */

/* Dispatch and wait; a full queue is waited out. A rejection is an answer like any other, and no failure. */
static acta_status
dispatch(demo *d, const acta_table *command, const void *value, uint64_t *position_out, acta_error *error)
{
    const struct timespec pause = { .tv_nsec = BUSY_DELAY_MS * 1000000L };
    const acta_dispatch_options options = { .timeout_ms = CLI_ANSWER_MS, .position_out = position_out };
    uint64_t begun_ns = cli_now_ns();
    acta_status status;

    *position_out = 0;
    while ((status = acta_dispatch(d->app, command, value, &options, error)) == ACTA_BUSY)
        nanosleep(&pause, NULL);
    uint32_t slot = atomic_fetch_add_explicit(&d->latency_count, 1, memory_order_relaxed); /* read after the join */
    d->latencies_ns[slot] = cli_now_ns() - begun_ns;
    if (status == ACTA_REJECTED) atomic_fetch_add_explicit(&d->refused_count, 1, memory_order_relaxed);
    return status;
}

static acta_status
open_account(demo *d, uint32_t item, acta_error *error)
{
    char id[ID_SIZE];
    uint64_t position;
    bool is_closed = item >= open_count(d);
    int64_t balance = is_closed ? 0 : BALANCE;

    acta_str account = account_id(item, id);
    const bank_OpenAccount open = ACTA_INIT(bank_OpenAccount, .account_id = account, .initial_balance = balance);
    acta_status status = dispatch(d, &bank_OpenAccount_table, &open, &position, error);
    if (status == ACTA_REJECTED) return ACTA_OK; /* an earlier run opened it */
    if (status == ACTA_OK) atomic_fetch_add_explicit(&d->brought_in, balance, memory_order_relaxed);
    if (status != ACTA_OK || !is_closed) return status;

    const bank_CloseAccount close = ACTA_INIT(bank_CloseAccount, .account_id = account);
    return dispatch(d, &bank_CloseAccount_table, &close, &position, error);
}

static acta_status
request_transfer(demo *d, uint32_t item, acta_error *error)
{
    plan p = { 0 };
    uint64_t position;

    plan_transfer(d, item, &p);
    acta_status status = dispatch(d, &bank_RequestTransfer_table, &p.request, &position, error);
    if (status == ACTA_OK) atomic_fetch_add_explicit(&d->accepted_count, 1, memory_order_relaxed);
    return status == ACTA_REJECTED ? ACTA_OK : status;
}

static void
fail(demo *d, const acta_error *error)
{
    pthread_mutex_lock(&d->failure_lock);
    if (d->failure.status == ACTA_OK) d->failure = *error;
    pthread_mutex_unlock(&d->failure_lock);
    atomic_store_explicit(&d->next_item, d->item_count, memory_order_relaxed); /* the others end too */
}

static void *
run_client(void *user)
{
    demo *d = user;
    acta_error error;

    for (;;) {
        uint32_t item = atomic_fetch_add_explicit(&d->next_item, 1, memory_order_relaxed);
        if (item >= d->item_count) break;
        if (d->work(d, item, &error) == ACTA_OK) continue;
        fail(d, &error);
        break;
    }
    atomic_fetch_sub_explicit(&d->busy_clients, 1, memory_order_relaxed); /* the join orders the rest */
    return NULL;
}

/* Let all clients work through the items; `show` is called now and then meanwhile. */
static acta_status
run_clients(demo *d, uint32_t item_count, demo_work work, void (*show)(demo *d), acta_error *error)
{
    const struct timespec pause = { .tv_nsec = WATCH_MS * 1000000L };
    pthread_t *threads = calloc(d->config.client_count, sizeof *threads);
    uint32_t count = 0;

    if (threads == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot start the clients: no memory");
    d->work = work;
    d->item_count = item_count;
    atomic_store(&d->next_item, 0);
    atomic_store(&d->busy_clients, d->config.client_count);
    for (; count < d->config.client_count; count++) {
        if (pthread_create(&threads[count], NULL, run_client, d) == 0) continue;
        acta_error_set(&d->failure, ACTA_IO, "cannot start client %" PRIu32 "; try fewer with --clients", count + 1);
        atomic_store(&d->next_item, item_count);
        atomic_fetch_sub(&d->busy_clients, d->config.client_count - count);
        break;
    }
    while (atomic_load(&d->busy_clients) > 0) {
        show(d);
        nanosleep(&pause, NULL);
    }
    for (uint32_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    if (d->failure.status != ACTA_OK && error != NULL) *error = d->failure;
    return d->failure.status;
}

/* -- watching -- */

static void
show_items(demo *d)
{
    progress_show(&d->progress, atomic_load_explicit(&d->next_item, memory_order_relaxed));
}

/* A transfer is done when it has ended, not when it was requested: as the log tells. */
static uint64_t
ended_count(const demo *d)
{
    const bank_log_totals *now = bank_log_check_totals(d->watch);
    uint64_t ended = now->completed + now->refunded + now->rejected;
    ended -= d->before.completed + d->before.refunded + d->before.rejected;
    return ended + atomic_load_explicit(&d->refused_count, memory_order_relaxed);
}

static void
show_transfers(demo *d)
{
    bank_log_check_read(
        d->watch, acta_app_store(d->app), NULL); /* a broken rule is found again, and told, at the end */
    progress_show(&d->progress, ended_count(d));
}

static void
show_settling(void *user, uint64_t passed, uint64_t head)
{
    (void)passed;
    (void)head;
    show_transfers(user);
}

/* -- the day -- */

static acta_status
open_accounts(demo *d, acta_error *error)
{
    progress_begin(&d->progress, "accounts", d->config.account_count, "");
    acta_status status = run_clients(d, d->config.account_count, open_account, show_items, error);
    progress_end(&d->progress, atomic_load(&d->next_item));
    return status;
}

static acta_status
make_transfers(demo *d, acta_error *error)
{
    atomic_store(&d->refused_count, 0);
    progress_begin(&d->progress, "transfers", d->config.transfer_count, "");
    acta_status status = run_clients(d, d->config.transfer_count, request_transfer, show_transfers, error);
    if (status == ACTA_OK) status = cli_settle(d->app, show_settling, d, error);
    progress_end(&d->progress, ended_count(d));
    return status;
}

static int
compare_numbers(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void
tell_latencies(demo *d, demo_result *result)
{
    uint32_t count = atomic_load(&d->latency_count);

    qsort(d->latencies_ns, count, sizeof d->latencies_ns[0], compare_numbers);
    result->p50_ns = d->latencies_ns[count / 2];
    result->p99_ns = d->latencies_ns[count - 1 - count / 100];
    result->max_ns = d->latencies_ns[count - 1];
}

/* Count all again, with an auditor who has seen nothing yet. */
static acta_status
audit(demo *d, uint64_t refused_openings, demo_result *result, acta_error *error)
{
    bank_log_check *auditor = bank_log_check_create();
    if (auditor == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot count the money: no memory");

    acta_status status = bank_log_check_read(auditor, acta_app_store(d->app), error);
    const bank_log_totals *after = bank_log_check_totals(auditor);
    uint64_t refused = atomic_load(&d->refused_count);
    uint64_t failed = after->rejected - d->before.rejected;
    result->events = after->events - d->before.events;
    result->completed = after->completed - d->before.completed;
    result->refunded = after->refunded - d->before.refunded;
    result->rejected = failed + refused;
    result->money_before = d->before.brought_in + atomic_load(&d->brought_in);
    result->money_after = after->on_accounts;
    /* Each event is one command's; a transfer that failed or was refunded had one more, which was refused. */
    result->commands = result->events + refused_openings + refused + failed + result->refunded;

    uint64_t accepted = atomic_load(&d->accepted_count), requested = after->requested - d->before.requested;
    uint64_t ended = result->completed + result->refunded + failed;
    if (status == ACTA_OK && (accepted != requested || ended != requested))
        status = acta_error_set(error, ACTA_CORRUPT,
            "clients were told of %" PRIu64 " transfers requested; the log has %" PRIu64 ", of which %" PRIu64
            " have ended",
            accepted, requested, ended);
    bank_log_check_destroy(auditor);
    return status;
}

static acta_status
run_day(demo *d, demo_result *result, acta_error *error)
{
    acta_status status = cli_settle(d->app, NULL, NULL, error); /* what an earlier run left */
    if (status == ACTA_OK) status = bank_log_check_read(d->watch, acta_app_store(d->app), error);
    if (status != ACTA_OK) return status;
    d->before = *bank_log_check_totals(d->watch);
    d->head_before = acta_store_head(acta_app_store(d->app));

    uint64_t begun_ns = cli_now_ns();
    status = open_accounts(d, error);
    uint64_t refused_openings = atomic_load(&d->refused_count);
    if (status == ACTA_OK) status = make_transfers(d, error);
    if (status != ACTA_OK) return status;
    result->elapsed_ns = cli_now_ns() - begun_ns;
    tell_latencies(d, result);
    return audit(d, refused_openings, result, error);
}

acta_status
demo_run(acta_app *app, const demo_config *config, demo_result *result_out, acta_error *error)
{
    uint32_t closed_count = config->account_count * CLOSED_PER_HUNDRED / 100;
    demo *d = calloc(1, sizeof *d);
    if (d == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot run the demo: no memory");

    acta_status status;
    d->app = app;
    d->config = *config;
    d->closed_count = closed_count > 0 ? closed_count : 1;
    pthread_mutex_init(&d->failure_lock, NULL);
    d->watch = bank_log_check_create();
    d->latencies_ns =
        calloc((size_t)config->account_count + d->closed_count + config->transfer_count, sizeof *d->latencies_ns);
    *result_out = (demo_result){ 0 };
    if (d->watch == NULL || d->latencies_ns == NULL)
        status = acta_error_set(error, ACTA_NO_MEMORY, "cannot run the demo: no memory");
    else
        status = run_day(d, result_out, error);

    bank_log_check_destroy(d->watch);
    free(d->latencies_ns);
    pthread_mutex_destroy(&d->failure_lock);
    free(d);
    return status;
}
