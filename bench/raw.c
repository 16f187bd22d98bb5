/*
 * Raw: what RocksDB itself can do with a log of events, on this machine, now: the ceiling beside which the numbers of store.c
 * and bank.c are read. Two keys an event of 100 bytes (raw_log.h), batches of 1, 100 and 1,000, and 1,000 without sync.
 *
 * Not measured: encoding, checksums, waking of threads, and the mark, which a store syncs in a second thread meanwhile.
 *
 *     bench/raw [--seconds N] [--data DIR] [append_1] [append_100] [append_1000] [append_nosync]
 */
#include "bench.h"
#include "raw_log.h"

#include <argp.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS_DEFAULT = 5 };

typedef struct row {
    const char *name;
    uint32_t batch_size;
    bool wants_rate, sync;
} row;

static const row rows[] = {
    { "append_1", 1, false, true },
    { "append_100", 100, true, true },
    { "append_1000", 1000, true, true },
    { "append_nosync", 1000, true, false },
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

typedef struct options {
    uint32_t seconds;
    const char *data_path;
    uint64_t chosen; /* rows; bench_choose */
} options;

static void
run_row(const row *w, const options *o)
{
    raw_log_result result = raw_log_run(o->data_path, w->batch_size, w->sync, o->seconds);

    if (w->wants_rate) bench_report(w->name, "rate", result.rate, "per_second");
    bench_report(w->name, "p50_us", result.p50_us, "us");
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    options *o = state->input;

    switch (key) {
    case 's':
        o->seconds = bench_number("--seconds", argument, 1, BENCH_SECONDS_MAX, state);
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
        { "seconds", 's', "N", 0, "How long each row is measured (default: 5)", 0 },
        { "data", 'd', "DIR", 0, "Where the disk is that is measured (default: ./bench-data)", 0 },
        { 0 },
    };
    const struct argp argp = { option_list, parse, "[ROW...]",
        "Plain RocksDB as a log of events. Rows: append_1, append_100, append_1000, append_nosync (default: all).",
        NULL, NULL, NULL };
    options o = { .seconds = SECONDS_DEFAULT, .data_path = "bench-data" };

    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    for (uint32_t i = 0; i < ROW_COUNT; i++)
        if (bench_is_chosen(o.chosen, i)) run_row(&rows[i], &o);
    rmdir(o.data_path); /* if nobody else uses it */
    return 0;
}
