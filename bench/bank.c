/*
 * Bank: durable commands of the example bank, over RocksDB. Rows:
 *
 *     deposit_many    deposits to --accounts accounts (10,000), --in-flight at a time (256)         rate
 *     deposit_one     the same to one account                                                       rate
 *     deposit_alone   one deposit after the other, each awaited, from one outside thread            p50_us, p99_us
 *     transfer        transfers through the process manager, --in-flight at a time, each counted
 *                     when it has ended                                                             rate
 *
 * Measured: from acta_dispatch until the answer, which comes when the events are on disk. Deposits run in an app of
 * aggregates alone; transfers with the process manager and a handler that tells of each end.
 * Not measured: opening the accounts, and a second of warming up.
 *
 * In flight are chains: each answer dispatches the chain's next command. With --clients N it is N threads instead, each
 * of which waits for its answer. Before a number is printed the auditor has read the whole log: each deposit that was
 * acknowledged is in it, and the money is what it must be.
 *
 *     bench/bank [--accounts N] [--in-flight N] [--clients N] [--skew uniform|zipf] [--no-sync]
 *                [--engine rocksdb|memory] [--seconds N] [--data DIR] [ROW...]
 */
#include "bank_chains.h"

#include <argp.h>
#include <string.h>
#include <unistd.h>

enum {
    ACCOUNTS_DEFAULT = 10000,
    IN_FLIGHT_DEFAULT = 256,
    SECONDS_DEFAULT = 5,
    COUNT_MAX = 10000000,
    SAMPLE_MAX = 1 << 22
};

/* -- rows -- */

static void
run_deposits(const options *o, const char *name, uint32_t account_count)
{
    bank_bench b;

    bank_bench_start(&b, o, account_count, NULL);
    bank_bench_open_accounts(&b);
    if (o->client_count > 0)
        bank_bench_begin(&b, o->client_count, start_client);
    else
        bank_bench_begin(&b, o->in_flight, next_deposit);
    double rate = bank_bench_measure(&b);
    bank_bench_check_deposits(&b, bank_bench_done_count(&b));
    bench_report(name, "rate", rate, "per_second");
    bank_bench_stop(&b);
}

static void
deposit_many(const options *o)
{
    run_deposits(o, "deposit_many", o->account_count > 0 ? o->account_count : ACCOUNTS_DEFAULT);
}

static void
deposit_one(const options *o)
{
    run_deposits(o, "deposit_one", 1);
}

static void
deposit_alone(const options *o)
{
    bank_bench b;
    bench_samples samples;
    acta_error error;
    uint64_t count = 0, warm_count = 200;

    bank_bench_start(&b, o, 1, NULL);
    bank_bench_open_accounts(&b);
    bench_samples_init(&samples, SAMPLE_MAX);
    uint64_t end_ns = 0, before_ns, now_ns = bench_now_ns();
    do {
        if (count == warm_count) end_ns = now_ns + (uint64_t)o->seconds * UINT64_C(1000000000);
        before_ns = now_ns;
        const bank_Deposit deposit = ACTA_INIT(bank_Deposit, .account_id = acta_str_of(b.ids[0]), .amount = 1);
        bench_must(bank_Deposit_dispatch(b.app, deposit, NULL, &error), &error);
        now_ns = bench_now_ns();
        if (count++ >= warm_count) bench_samples_add(&samples, now_ns - before_ns);
    } while (end_ns == 0 || now_ns < end_ns);
    bank_bench_check_deposits(&b, count);
    bench_report("deposit_alone", "p50_us", bench_samples_us(&samples, 500), "us");
    bench_report("deposit_alone", "p99_us", bench_samples_us(&samples, 990), "us");
    free(samples.ns);
    bank_bench_stop(&b);
}

static void
transfer(const options *o)
{
    bench_report("transfer", "rate", bank_bench_transfers(o), "per_second");
}

static const struct {
    const char *name;
    void (*run)(const options *o);
} rows[] = {
    { "deposit_many", deposit_many },
    { "deposit_one", deposit_one },
    { "deposit_alone", deposit_alone },
    { "transfer", transfer },
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

/* -- options -- */

/* Is it the first word, rather than the second? */
static bool
parse_word(const char *what, const char *text, const char *first, const char *second, struct argp_state *state)
{
    if (strcmp(text, first) != 0 && strcmp(text, second) != 0)
        argp_error(state, "%s '%s' is neither %s nor %s", what, text, first, second);
    return strcmp(text, first) == 0;
}

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
    case 'c':
        o->client_count = bench_number("--clients", argument, 1, IN_FLIGHT_MAX, state);
        return 0;
    case 's':
        o->seconds = bench_number("--seconds", argument, 1, COUNT_MAX, state);
        return 0;
    case 'k':
        o->is_zipf = parse_word("--skew", argument, "zipf", "uniform", state);
        return 0;
    case 'e':
        o->is_memory = parse_word("--engine", argument, "memory", "rocksdb", state);
        return 0;
    case 'n':
        o->is_unsynced = true;
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
        { "accounts", 'a', "N", 0, "Accounts (default: 10,000; transfers: 1,000)", 0 },
        { "in-flight", 'i', "N", 0, "Commands that wait for their answers at a time (default: 256)", 0 },
        { "clients", 'c', "N", 0, "Deposits: that many threads, each with one in flight, instead", 0 },
        { "seconds", 's', "N", 0, "How long each row is measured (default: 5)", 0 },
        { "skew", 'k', "uniform|zipf", 0, "How accounts are chosen (default: uniform)", 0 },
        { "engine", 'e', "rocksdb|memory", 0, "Where the log lies (default: rocksdb)", 0 },
        { "no-sync", 'n', NULL, 0, "Answer before the disk has it: not durable", 0 },
        { "data", 'd', "DIR", 0, "Where the disk is that is measured (default: ./bench-data)", 0 },
        { 0 },
    };
    const struct argp argp = { option_list, parse, "[ROW...]",
        "Durable commands of the example bank. Rows: deposit_many, deposit_one, deposit_alone, transfer (default: "
        "all).",
        NULL, NULL, NULL };
    options o = { .in_flight = IN_FLIGHT_DEFAULT, .seconds = SECONDS_DEFAULT, .data_path = "bench-data" };

    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    for (uint32_t i = 0; i < ROW_COUNT; i++)
        if (bench_is_chosen(o.chosen, i)) rows[i].run(&o);
    rmdir(o.data_path); /* if nobody else uses it */
    return 0;
}
