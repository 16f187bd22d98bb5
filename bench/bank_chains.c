/*
 * The bank under load. See bank_chains.h.
 *
 * A chain is run by whichever thread has its answer, so by one at a time; the hand-over in acta_dispatch_async and in
 * the log orders what it counts.
 */
#include "bank_chains.h"
#include "log_check.h"

#include <math.h>
#include <string.h>

enum { STOP_MS = 60000, SETTLE_MS = 60000, WARM_MS = 1000, TRANSFER_ACCOUNTS = 1000 };
#define ZIPF_EXPONENT 0.99 /* as YCSB has it: the first of 10,000 accounts gets a tenth of all */

/* -- which account -- */

static void
make_accounts(bank_bench *b)
{
    double sum = 0;

    b->ids = calloc(b->account_count, sizeof *b->ids);
    bench_expect(b->ids != NULL);
    for (uint32_t i = 0; i < b->account_count; i++)
        snprintf(b->ids[i], ID_SIZE, "a%07" PRIu32, i);
    if (!b->options->is_zipf) return;
    b->zipf = calloc(b->account_count, sizeof *b->zipf);
    bench_expect(b->zipf != NULL);
    for (uint32_t i = 0; i < b->account_count; i++)
        b->zipf[i] = sum += 1 / pow(i + 1, ZIPF_EXPONENT);
    for (uint32_t i = 0; i < b->account_count; i++)
        b->zipf[i] /= sum;
}

static uint32_t
choose_account(chain *c)
{
    const bank_bench *b = c->bench;
    uint64_t random = bench_random(&c->random);
    uint32_t low = 0, high = b->account_count - 1;

    if (b->zipf == NULL) return (uint32_t)((random >> 32) * b->account_count >> 32);
    double wanted = (double)(random >> 11) / (double)(UINT64_C(1) << 53);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (b->zipf[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* -- the app -- */

void
bank_bench_init(bank_bench *b, const options *o, uint32_t account_count)
{
    *b = (bank_bench){ .options = o, .account_count = account_count };
    pthread_mutex_init(&b->lock, NULL);
    sem_init(&b->ended, 0, 0);
    make_accounts(b);
    if (o->is_memory) {
        b->disk = acta_disk_create(NULL);
        bench_expect(b->disk != NULL);
    } else {
        bench_make_directory(o->data_path, b->path, sizeof b->path);
    }
}

void
bank_bench_open(bank_bench *b)
{
    const acta_app_config config = { .data_path = b->disk == NULL ? b->path : NULL,
        .schema = &bank_schema,
        .aggregates = b->aggregates != NULL ? b->aggregates : bank_aggregates,
        .process_managers = b->leads_transfers ? bank_process_managers : NULL,
        .event_handlers = b->handlers,
        .environment = b->environment,
        .store = { .unsafe_no_sync = b->options->is_unsynced,
            .engine = b->disk != NULL ? acta_memory_engine(b->disk) : NULL } };
    acta_error error;

    bench_must(acta_app_start(&config, &b->app, &error), &error);
}

void
bank_bench_start(bank_bench *b, const options *o, uint32_t account_count, const acta_event_handler *const *handlers)
{
    bank_bench_init(b, o, account_count);
    b->handlers = handlers;
    b->leads_transfers = handlers != NULL;
    bank_bench_open(b);
}

void
bank_bench_close(bank_bench *b)
{
    acta_error error;

    bench_must(acta_app_stop(b->app, STOP_MS, &error), &error);
}

void
bank_bench_stop(bank_bench *b)
{
    bank_bench_close(b);
    if (b->disk != NULL)
        acta_disk_destroy(b->disk);
    else
        bench_remove(b->path);
    sem_destroy(&b->ended);
    pthread_mutex_destroy(&b->lock);
    free(b->chains);
    free(b->zipf);
    free(b->ids);
}

/* -- chains -- */

static void
end_chain(bank_bench *b)
{
    /* acq_rel: the one that ends last has seen what all others counted. */
    if (atomic_fetch_sub_explicit(&b->running_count, 1, memory_order_acq_rel) == 1) sem_post(&b->ended);
}

static void
fail(bank_bench *b, const acta_error *error)
{
    pthread_mutex_lock(&b->lock);
    if (b->failure.status == ACTA_OK) b->failure = *error;
    pthread_mutex_unlock(&b->lock);
    atomic_store_explicit(&b->is_ending, true, memory_order_relaxed);
}

/* Relaxed: a chain that sees it late only does one more. */
static bool
is_ending(const bank_bench *b)
{
    return atomic_load_explicit(&b->is_ending, memory_order_relaxed);
}

/* Not one instruction: only the chain's own thread of the moment writes it. */
static void
count_one(chain *c)
{
    uint64_t count = atomic_load_explicit(&c->done_count, memory_order_relaxed);
    atomic_store_explicit(&c->done_count, count + 1, memory_order_relaxed);
}

static void
deposit_answered(void *user, const acta_dispatch_result *result)
{
    chain *c = user;

    if (result->status == ACTA_OK)
        count_one(c);
    else
        fail(c->bench, result->error);
    c->bench->next(c);
}

void
next_deposit(chain *c)
{
    bank_bench *b = c->bench;

    if (is_ending(b)) {
        end_chain(b);
        return;
    }
    bank_Deposit_dispatch_async(b->app,
        ACTA_INIT(bank_Deposit, .account_id = acta_str_of(b->ids[choose_account(c)]), .amount = 1), NULL,
        deposit_answered, c);
}

static void
next_opening(chain *c)
{
    bank_bench *b = c->bench;
    uint32_t number = c->number + (uint32_t)atomic_load_explicit(&c->done_count, memory_order_relaxed) * b->chain_count;

    if (number >= b->account_count || is_ending(b)) {
        end_chain(b);
        return;
    }
    bank_OpenAccount_dispatch_async(b->app,
        ACTA_INIT(bank_OpenAccount, .account_id = acta_str_of(b->ids[number]), .initial_balance = BALANCE), NULL,
        deposit_answered, c);
}

static void
transfer_answered(void *user, const acta_dispatch_result *result)
{
    chain *c = user;

    if (result->status == ACTA_OK) return; /* it goes on when the transfer has ended */
    fail(c->bench, result->error);
    end_chain(c->bench);
}

void
next_transfer(chain *c)
{
    bank_bench *b = c->bench;
    char id[32];

    if (is_ending(b)) {
        end_chain(b);
        return;
    }
    uint32_t source = choose_account(c), target = choose_account(c);
    if (source == target) target = (source + 1) % b->account_count;
    snprintf(id, sizeof id, "%" PRIu32 "-%" PRIu32, c->number, c->transfer_number++);
    bank_RequestTransfer_dispatch_async(b->app,
        ACTA_INIT(bank_RequestTransfer, .transfer_id = acta_str_of(id), .source_id = acta_str_of(b->ids[source]),
            .target_id = acta_str_of(b->ids[target]), .amount = 1),
        NULL, transfer_answered, c);
}

/* Ids are "CHAIN-NUMBER". */
void
bank_bench_transfer_ended(bank_bench *b, acta_str transfer_id)
{
    char id[32];

    snprintf(id, sizeof id, ACTA_FMT, ACTA_ARG(transfer_id));
    chain *c = &b->chains[strtoul(id, NULL, 10)];
    count_one(c);
    b->next(c);
}

static void *
run_client(void *user)
{
    chain *c = user;
    bank_bench *b = c->bench;
    acta_error error;

    while (!is_ending(b)) {
        const bank_Deposit deposit =
            ACTA_INIT(bank_Deposit, .account_id = acta_str_of(b->ids[choose_account(c)]), .amount = 1);
        if (bank_Deposit_dispatch(b->app, deposit, NULL, &error) == ACTA_OK)
            count_one(c);
        else
            fail(b, &error);
    }
    end_chain(b);
    return NULL;
}

/* Begin `count` chains of commands. */
void
bank_bench_begin(bank_bench *b, uint32_t count, void (*next)(chain *c))
{
    free(b->chains);
    b->chains = calloc(count, sizeof *b->chains);
    bench_expect(b->chains != NULL);
    b->chain_count = count;
    b->next = next;
    atomic_store(&b->is_ending, false);
    atomic_store(&b->running_count, count);
    for (uint32_t i = 0; i < count; i++) {
        chain *c = &b->chains[i];
        c->bench = b;
        c->random = UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
        c->number = i;
    }
    for (uint32_t i = 0; i < count; i++)
        next(&b->chains[i]);
}

void
start_client(chain *c)
{
    pthread_t thread;
    bench_expect(pthread_create(&thread, NULL, run_client, c) == 0);
    pthread_detach(thread);
}

void
bank_bench_await_end(bank_bench *b)
{
    while (sem_wait(&b->ended) != 0)
        continue;
    bench_must(b->failure.status, &b->failure);
}

uint64_t
bank_bench_done_count(const bank_bench *b)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < b->chain_count; i++)
        sum += atomic_load_explicit(&b->chains[i].done_count, memory_order_relaxed); /* each is only a number */
    return sum;
}

void
bank_bench_open_accounts(bank_bench *b)
{
    uint32_t in_flight = b->options->in_flight < b->account_count ? b->options->in_flight : b->account_count;

    bank_bench_begin(b, in_flight, next_opening);
    bank_bench_await_end(b);
    bench_expect(bank_bench_done_count(b) == b->account_count);
}

/* -- measuring -- */

static void
pause_ms(uint64_t ms)
{
    const struct timespec pause = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };
    nanosleep(&pause, NULL);
}

static uint64_t
done_of(const bank_bench *b, const _Atomic uint64_t *done)
{
    return done != NULL ? atomic_load_explicit(done, memory_order_relaxed) : bank_bench_done_count(b); /* a number */
}

double
bank_bench_measure_of(bank_bench *b, const _Atomic uint64_t *done)
{
    pause_ms(WARM_MS);
    uint64_t done_before = done_of(b, done), begun_ns = bench_now_ns();
    pause_ms((uint64_t)b->options->seconds * 1000);
    uint64_t count = done_of(b, done) - done_before, elapsed_ns = bench_now_ns() - begun_ns;
    atomic_store_explicit(&b->is_ending, true, memory_order_relaxed);
    bank_bench_await_end(b);
    return (double)count / ((double)elapsed_ns / 1e9);
}

double
bank_bench_measure(bank_bench *b)
{
    return bank_bench_measure_of(b, NULL);
}

void
bank_bench_check_deposits(bank_bench *b, uint64_t deposit_count)
{
    acta_error error;
    bank_log_check *check = bank_log_check_create();

    bench_expect(check != NULL);
    bench_must(bank_log_check_read(check, acta_app_store(b->app), &error), &error);
    const bank_log_totals *totals = bank_log_check_totals(check);
    bench_expect(totals->events == b->account_count + deposit_count);
    bench_expect(totals->on_accounts == (int64_t)b->account_count * BALANCE + (int64_t)deposit_count);
    bank_log_check_destroy(check);
}

/* -- transfers -- */

static acta_status
transfer_completed(void *user, bank_TransferCompleted event, const acta_recorded *recorded, acta_error *error)
{
    (void)recorded;
    (void)error;
    bank_bench_transfer_ended(user, event.transfer_id);
    return ACTA_OK;
}

static acta_status
transfer_failed(void *user, bank_TransferFailed event, const acta_recorded *recorded, acta_error *error)
{
    (void)recorded;
    (void)error;
    bank_bench_transfer_ended(user, event.transfer_id);
    return ACTA_OK;
}

static void
check_transfers(bank_bench *b, uint64_t transfer_count)
{
    acta_error error;
    bank_log_check *check = bank_log_check_create();

    bench_expect(check != NULL);
    bench_must(bank_log_check_read(check, acta_app_store(b->app), &error), &error);
    const bank_log_totals *totals = bank_log_check_totals(check);
    bench_expect(totals->requested == transfer_count);
    bench_expect(totals->completed == transfer_count);
    bench_expect(totals->on_the_way == 0);
    bench_expect(totals->on_accounts == (int64_t)b->account_count * BALANCE);
    bank_log_check_destroy(check);
}

double
bank_bench_transfers(const options *o)
{
    bank_bench b;
    acta_error error;
    uint64_t requested = 0;
    const bank_event_handler ends = BANK_EVENT_HANDLER(.name = "ends", .user = &b, .window = IN_FLIGHT_MAX,
        .on = { .TransferCompleted = transfer_completed, .TransferFailed = transfer_failed });
    const acta_event_handler *const handlers[] = { &ends.base, NULL };

    bank_bench_start(&b, o, o->account_count > 0 ? o->account_count : TRANSFER_ACCOUNTS, handlers);
    bank_bench_open_accounts(&b);
    bank_bench_begin(&b, o->in_flight, next_transfer);
    double rate = bank_bench_measure(&b);
    bench_must(acta_app_settle(b.app, SETTLE_MS, &error), &error);
    for (uint32_t i = 0; i < b.chain_count; i++)
        requested += b.chains[i].transfer_number;
    bench_expect(requested == bank_bench_done_count(&b));
    check_transfers(&b, requested);
    bank_bench_stop(&b);
    return rate;
}
