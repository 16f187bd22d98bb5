/*
 * CQRS: the framework under load, beside the disk and the store that it stands on, in the same run. Rows:
 *
 *     raw_write             plain RocksDB, one event a synced write (raw_log.h)                     p50_us
 *     append_256            the store alone: transactions of one event, 256 at a time               rate
 *     dispatch_many         commands to --accounts accounts (10,000), --in-flight at a time (256)   rate, stages
 *     dispatch_one          the same to one account                                                 rate, stages
 *     dispatch_alone        one blocking dispatch after the other                                   p50_us, p99_us
 *     dispatch_alone_async  the same by callback                                                    p50_us, p99_us
 *     transfer              transfers through the process manager: 4 commands and 4 events each     rate
 *     dispatch_memory       dispatch_many over the memory engine, without durability                rate
 *     rehydrate_10k, _100k  the first read of an account of so many events, without snapshot        ms
 *     lag                   how far behind an event handler is while dispatch_many runs             p50_ms, p99_ms
 *     live_aggregate        what a million accounts in memory take each                             bytes, rss_bytes
 *
 * Every answer comes after its sync, but where a row says otherwise. Before a rate is printed the auditor has read the
 * whole log: each command that was acknowledged is in it, once.
 *
 *     bench/cqrs [--accounts N] [--in-flight N] [--seconds N] [--data DIR] [ROW...]
 */
#include "cqrs.h"
#include "raw_log.h"

#include "acta/stages.h"

#include <argp.h>
#include <string.h>
#include <unistd.h>

enum { IN_FLIGHT_DEFAULT = 256, SECONDS_DEFAULT = 5, COUNT_MAX = 10000000, WARM_COUNT = 200, PAYLOAD = 100 };

/* -- what it stands on -- */

static void
raw_write(const options *o)
{
    bench_report("raw_write", "p50_us", raw_log_run(o->data_path, 1, true, o->seconds).p50_us, "us");
}

typedef struct appender {
    bank_bench *bench;
    uint64_t random;
    _Atomic uint64_t *done;
} appender;

static void append_next(appender *a);

static void
appended(void *user, const acta_commit_result *result)
{
    appender *a = user;

    bench_must(result->status, &result->error);
    atomic_fetch_add_explicit(a->done, 1, memory_order_relaxed); /* only a number */
    append_next(a);
}

static void
append_next(appender *a)
{
    bank_bench *b = a->bench;
    acta_store *store = acta_app_store(b->app);
    uint64_t payload[PAYLOAD / 8 + 1];
    acta_event event = { .type = acta_str_of("bench.Happened"), .payload = acta_bytes_from(payload, PAYLOAD) };
    char name[32];
    acta_error error;

    /* Relaxed: one more is appended, or not. */
    if (atomic_load_explicit(&b->is_ending, memory_order_relaxed)) {
        if (atomic_fetch_sub_explicit(&b->running_count, 1, memory_order_acq_rel) == 1) sem_post(&b->ended);
        return;
    }
    for (size_t i = 0; i < sizeof payload / sizeof payload[0]; i++)
        payload[i] = bench_random(&a->random);
    int length = snprintf(name, sizeof name, "Bench-%" PRIu64, bench_random(&a->random) % b->account_count);
    acta_transaction *transaction = acta_transaction_create(store);
    bench_expect(transaction != NULL);
    acta_transaction_append(transaction, acta_str_from(name, (size_t)length), ACTA_ANY_VERSION, &event, 1);
    bench_must(acta_store_submit(store, transaction, appended, a, &error), &error);
}

static void
append_256(const options *o)
{
    bank_bench b;
    _Atomic uint64_t done = 0;
    appender *appenders = calloc(o->in_flight, sizeof *appenders);

    bench_expect(appenders != NULL);
    bank_bench_start(&b, o, ACCOUNTS_DEFAULT, NULL);
    atomic_store(&b.running_count, o->in_flight);
    for (uint32_t i = 0; i < o->in_flight; i++) {
        appenders[i] = (appender){ .bench = &b, .random = UINT64_C(0x9e3779b97f4a7c15) * (i + 1), .done = &done };
        append_next(&appenders[i]);
    }
    bench_report("append_256", "rate", bank_bench_measure_of(&b, &done), "per_second");
    bench_expect(acta_store_head(acta_app_store(b.app)) >= atomic_load(&done));
    bank_bench_stop(&b);
    free(appenders);
}

/* -- commands -- */

/* Half of all commands, and all but one in a hundred, stay below these in each stage. */
static void
report_stages(const char *row, const acta_app *app)
{
    acta_stage_times times[ACTA_STAGE_COUNT];
    char metric[64];

    acta_app_stages(app, times);
    for (int stage = 0; stage < ACTA_STAGE_COUNT; stage++) {
        snprintf(metric, sizeof metric, "%s_p50_us", acta_stage_name((acta_stage)stage));
        bench_report(row, metric, (double)acta_stage_part_ns(&times[stage], 500) / 1000, "us");
        snprintf(metric, sizeof metric, "%s_p99_us", acta_stage_name((acta_stage)stage));
        bench_report(row, metric, (double)acta_stage_part_ns(&times[stage], 990) / 1000, "us");
    }
}

static void
run_dispatch(const options *o, const char *row, uint32_t account_count)
{
    bank_bench b;

    bank_bench_start(&b, o, account_count, NULL);
    bank_bench_open_accounts(&b);
    bank_bench_begin(&b, o->in_flight, next_deposit);
    double rate = bank_bench_measure(&b);
    bank_bench_check_deposits(&b, bank_bench_done_count(&b));
    bench_report(row, "rate", rate, "per_second");
    report_stages(row, b.app);
    bank_bench_stop(&b);
}

static void
dispatch_many(const options *o)
{
    run_dispatch(o, "dispatch_many", o->account_count);
}

static void
dispatch_one(const options *o)
{
    run_dispatch(o, "dispatch_one", 1);
}

static void
dispatch_memory(const options *o)
{
    options in_memory = *o;

    in_memory.is_memory = in_memory.is_unsynced = true;
    run_dispatch(&in_memory, "dispatch_memory", o->account_count);
}

static void
deposit_and_wait(bank_bench *b)
{
    acta_error error;

    bench_must(bank_Deposit_dispatch(
                   b->app, ACTA_INIT(bank_Deposit, .account_id = acta_str_of(b->ids[0]), .amount = 1), NULL, &error),
        &error);
}

static void
post_answer(void *user, const acta_dispatch_result *result)
{
    bench_must(result->status, result->error);
    sem_post(user);
}

static void
deposit_and_be_called(bank_bench *b)
{
    bank_Deposit_dispatch_async(b->app, ACTA_INIT(bank_Deposit, .account_id = acta_str_of(b->ids[0]), .amount = 1),
        NULL, post_answer, &b->ended);
    while (sem_wait(&b->ended) != 0)
        continue;
}

static void
run_alone(const options *o, const char *row, void (*deposit)(bank_bench *b))
{
    bank_bench b;
    bench_samples samples;
    uint64_t count = 0, end_ns = 0, before_ns, now_ns = bench_now_ns();

    bank_bench_start(&b, o, 1, NULL);
    bank_bench_open_accounts(&b);
    bench_samples_init(&samples, SAMPLE_MAX);
    do {
        if (count == WARM_COUNT) end_ns = now_ns + (uint64_t)o->seconds * UINT64_C(1000000000);
        before_ns = now_ns;
        deposit(&b);
        now_ns = bench_now_ns();
        if (count++ >= WARM_COUNT) bench_samples_add(&samples, now_ns - before_ns);
    } while (end_ns == 0 || now_ns < end_ns);
    bank_bench_check_deposits(&b, count);
    bench_report(row, "p50_us", bench_samples_us(&samples, 500), "us");
    bench_report(row, "p99_us", bench_samples_us(&samples, 990), "us");
    free(samples.ns);
    bank_bench_stop(&b);
}

static void
dispatch_alone(const options *o)
{
    run_alone(o, "dispatch_alone", deposit_and_wait);
}

static void
dispatch_alone_async(const options *o)
{
    run_alone(o, "dispatch_alone_async", deposit_and_be_called);
}

static void
transfer(const options *o)
{
    options with_accounts = *o;

    with_accounts.account_count = 0; /* the row's own */
    bench_report("transfer", "rate", bank_bench_transfers(&with_accounts), "per_second");
}

static const struct {
    const char *name;
    void (*run)(const options *o);
} rows[] = {
    { "raw_write", raw_write },
    { "append_256", append_256 },
    { "dispatch_many", dispatch_many },
    { "dispatch_one", dispatch_one },
    { "dispatch_alone", dispatch_alone },
    { "dispatch_alone_async", dispatch_alone_async },
    { "transfer", transfer },
    { "dispatch_memory", dispatch_memory },
    { "rehydrate_10k", cqrs_rehydrate_10k },
    { "rehydrate_100k", cqrs_rehydrate_100k },
    { "lag", cqrs_lag },
    { "live_aggregate", cqrs_live_aggregate },
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

/* -- options -- */

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    options *o = state->input;

    switch (key) {
    case 'a':
        o->account_count = bench_number("--accounts", argument, 1, COUNT_MAX, state);
        return 0;
    case 'i':
        o->in_flight = bench_number("--in-flight", argument, 1, IN_FLIGHT_MAX, state);
        return 0;
    case 's':
        o->seconds = bench_number("--seconds", argument, 1, COUNT_MAX, state);
        return 0;
    case 'd':
        o->data_path = argument;
        return 0;
    case ARGP_KEY_ARG:
        bench_choose(&o->chosen, rows, argument, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
main(int argc, char **argv)
{
    static const struct argp_option option_list[] = {
        { "accounts", 'a', "N", 0, "Accounts of dispatch_many, dispatch_memory and lag (default: 10,000)", 0 },
        { "in-flight", 'i', "N", 0, "Commands that wait for their answers at a time (default: 256)", 0 },
        { "seconds", 's', "N", 0, "How long each row is measured (default: 5)", 0 },
        { "data", 'd', "DIR", 0, "Where the disk is that is measured (default: ./bench-data)", 0 },
        { 0 },
    };
    const struct argp argp = { option_list, parse, "[ROW...]",
        "The framework under load. Rows (default: all): raw_write append_256 dispatch_many dispatch_one dispatch_alone "
        "dispatch_alone_async transfer dispatch_memory rehydrate_10k rehydrate_100k lag live_aggregate",
        NULL, NULL, NULL };
    options o = { .account_count = ACCOUNTS_DEFAULT,
        .in_flight = IN_FLIGHT_DEFAULT,
        .seconds = SECONDS_DEFAULT,
        .data_path = "bench-data" };

    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    for (uint32_t i = 0; i < ROW_COUNT; i++)
        if (bench_is_chosen(o.chosen, i)) rows[i].run(&o);
    rmdir(o.data_path); /* if nobody else uses it */
    return 0;
}
