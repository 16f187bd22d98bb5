/*
 * The bank under load. See bank_chains.h.
 *
 * A chain is run by whichever thread has its answer, so by one at a time; the hand-over in acta_dispatch_async and in
 * the log orders what it counts.
 */
#include "bank_chains.h"

#include <math.h>
#include <string.h>

enum { STOP_MS = 60000 };
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
bank_bench_start(bank_bench *b, const options *o, uint32_t account_count, const acta_event_handler *const *handlers)
{
    *b = (bank_bench){ .options = o, .account_count = account_count };
    pthread_mutex_init(&b->lock, NULL);
    sem_init(&b->ended, 0, 0);
    make_accounts(b);

    acta_app_config config = { .data_path = b->path,
        .schema = &bank_schema,
        .aggregates = bank_aggregates,
        .store = { .unsafe_no_sync = b->options->is_unsynced } };
    acta_error error;

    if (handlers != NULL) {
        config.process_managers = bank_process_managers;
        config.event_handlers = handlers;
    }
    if (b->options->is_memory) {
        b->disk = acta_disk_create(NULL);
        bench_expect(b->disk != NULL);
        config.store.engine = acta_memory_engine(b->disk);
        config.data_path = NULL;
    } else {
        bench_make_directory(b->options->data_path, b->path, sizeof b->path);
    }
    bench_must(acta_app_start(&config, &b->app, &error), &error);
}

void
bank_bench_stop(bank_bench *b)
{
    acta_error error;

    bench_must(acta_app_stop(b->app, STOP_MS, &error), &error);
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
