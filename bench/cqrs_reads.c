/*
 * CQRS, the rows of reading: rehydration, the lag of a handler, and the room of an aggregate in memory. See cqrs.c.
 */
#include "cqrs.h"

#include <string.h>
#include <unistd.h>

/* -- rehydration -- */

enum { REHYDRATE_TIMES = 5, LIVE_COUNT = 1000000, LIVE_COUNT_SHORT = 100000 };

static bank_Account_aggregate account_without_snapshots;
static const acta_aggregate *const without_snapshots[] = { &account_without_snapshots.base, NULL };

static void
take_no_snapshots(void)
{
    account_without_snapshots = bank_account;
    account_without_snapshots.base.snapshot_every = UINT32_MAX;
}

/* An account of so many events, on a log that is not waited for. */
static void
fill(bank_bench *b, uint32_t event_count)
{
    options unsynced = *b->options;
    const options *wanted = b->options;
    acta_error error;

    unsynced.is_unsynced = true;
    b->options = &unsynced;
    bank_bench_open(b);
    bank_bench_open_accounts(b);
    for (uint32_t i = 1; i < event_count; i++)
        bench_must(bank_Deposit_dispatch(b->app,
                       ACTA_INIT(bank_Deposit, .account_id = acta_str_of(b->ids[0]), .amount = 1), NULL, &error),
            &error);
    bank_bench_close(b);
    b->options = wanted;
}

static void
run_rehydrate(const options *o, const char *row, uint32_t event_count)
{
    bank_bench b;
    bench_samples samples;
    bank_Account account;
    acta_error error;

    take_no_snapshots();
    bank_bench_init(&b, o, 1);
    b.aggregates = without_snapshots;
    fill(&b, event_count);
    bench_samples_init(&samples, REHYDRATE_TIMES);
    for (int i = 0; i < REHYDRATE_TIMES; i++) {
        if (i > 0) bank_bench_close(&b);
        bank_bench_open(&b);
        uint64_t begun_ns = bench_now_ns();
        bench_must(bank_Account_read(b.app, acta_str_of(b.ids[0]), &account, NULL, &error), &error);
        bench_samples_add(&samples, bench_now_ns() - begun_ns);
        bench_expect(account.balance == BALANCE + (int64_t)event_count - 1);
    }
    bench_report(row, "ms", bench_samples_us(&samples, 500) / 1000, "ms");
    free(samples.ns);
    bank_bench_stop(&b);
}

void
cqrs_rehydrate_10k(const options *o)
{
    run_rehydrate(o, "rehydrate_10k", 10000);
}

void
cqrs_rehydrate_100k(const options *o)
{
    run_rehydrate(o, "rehydrate_100k", 100000);
}

/* -- lag -- */

typedef struct witness {
    bank_bench *bench;
    bench_samples samples;
    uint64_t seen;
} witness;

static acta_status
deposited(void *user, bank_MoneyDeposited event, const acta_recorded *recorded, acta_error *error)
{
    witness *w = user;
    struct timespec now;

    (void)event;
    (void)error;
    w->seen++;
    /* Relaxed: one sample more or less. */
    if (atomic_load_explicit(&w->bench->is_ending, memory_order_relaxed)) return ACTA_OK;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t behind_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - recorded->recorded_at_us;
    bench_samples_add(&w->samples, behind_us > 0 ? (uint64_t)behind_us * 1000 : 0);
    return ACTA_OK;
}

void
cqrs_lag(const options *o)
{
    enum { SETTLE_MS = 120000 };
    bank_bench b;
    acta_error error;
    witness w = { .bench = &b };
    const bank_event_handler handler =
        BANK_EVENT_HANDLER(.name = "witness", .user = &w, .on = { .MoneyDeposited = deposited });
    const acta_event_handler *const handlers[] = { &handler.base, NULL };

    bench_samples_init(&w.samples, SAMPLE_MAX);
    bank_bench_start(&b, o, o->account_count, handlers);
    bank_bench_open_accounts(&b);
    bank_bench_begin(&b, o->in_flight, next_deposit);
    double rate = bank_bench_measure(&b);
    bench_must(acta_app_settle(b.app, SETTLE_MS, &error), &error);
    bench_expect(w.seen == bank_bench_done_count(&b));
    bench_report("lag", "rate", rate, "per_second");
    bench_report("lag", "p50_ms", bench_samples_us(&w.samples, 500) / 1000, "ms");
    bench_report("lag", "p99_ms", bench_samples_us(&w.samples, 990) / 1000, "ms");
    free(w.samples.ns);
    bank_bench_stop(&b);
}

/* -- live aggregates -- */

static _Atomic int64_t taken_bytes;

static void *
counted_alloc(void *user, size_t size)
{
    (void)user;
    atomic_fetch_add_explicit(&taken_bytes, (int64_t)size, memory_order_relaxed); /* only a number, as below */
    return malloc(size);
}

static void
counted_free(void *user, void *pointer, size_t size)
{
    (void)user;
    atomic_fetch_sub_explicit(&taken_bytes, (int64_t)size, memory_order_relaxed);
    free(pointer);
}

static int64_t
resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    bench_expect(file != NULL && fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

/* Their accounts stand in the log; the app starts without any of them, and reads each once. */
void
cqrs_live_aggregate(const options *o)
{
    const acta_environment environment = { .allocator = { counted_alloc, counted_free, NULL } };
    options unsynced = *o;
    bank_bench b;
    bank_Account account;
    acta_error error;

    take_no_snapshots();
    account_without_snapshots.base.idle_timeout_ms = UINT32_MAX;
    unsynced.is_unsynced = true;
    bank_bench_init(&b, &unsynced, o->seconds > 1 ? LIVE_COUNT : LIVE_COUNT_SHORT);
    b.aggregates = without_snapshots;
    b.environment = &environment;
    bank_bench_open(&b);
    bank_bench_open_accounts(&b);
    bank_bench_close(&b);
    bank_bench_open(&b);
    int64_t taken_before = atomic_load(&taken_bytes), resident_before = resident_bytes();
    for (uint32_t i = 0; i < b.account_count; i++) {
        bench_must(bank_Account_read(b.app, acta_str_of(b.ids[i]), &account, NULL, &error), &error);
        bench_expect(account.balance == BALANCE);
    }
    double bytes = (double)(atomic_load(&taken_bytes) - taken_before) / b.account_count;
    double resident = (double)(resident_bytes() - resident_before) / b.account_count;
    bench_report("live_aggregate", "bytes", bytes, "B");
    bench_report("live_aggregate", "rss_bytes", resident, "B");
    bench_report("live_aggregate", "state_bytes", sizeof(bank_Account), "B");
    bank_bench_stop(&b);
}
