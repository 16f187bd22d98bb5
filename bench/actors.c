/*
 * bench actors: the runtime alone, in the rows that other actor runtimes are measured with (bench/peer/run.sh).
 */
#include "actors.h"

#include <argp.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS_MAX = 256, STOP_TIMEOUT_MS = 60000 };

actors_bench actors_row;

/* -- what rows share -- */

void
actors_start(const actors_options *options)
{
    acta_runtime_config config = { .name = "bench", .worker_count = options->threads };
    acta_error error;

    bench_expect(sem_init(&actors_row.done, 0, 0) == 0);
    bench_must(acta_runtime_create(&config, &actors_row.runtime, &error), &error);
}

void
actors_wait(void)
{
    while (sem_wait(&actors_row.done) != 0) {}
}

void
actors_finished(void)
{
    sem_post(&actors_row.done);
}

void
actors_stop(void)
{
    acta_runtime_stats stats;
    acta_error error;

    bench_must(acta_runtime_stop(actors_row.runtime, STOP_TIMEOUT_MS, &error), &error);
    acta_runtime_stats_read(actors_row.runtime, &stats);
    bench_expect(stats.sent == stats.handled + stats.dropped);
    bench_expect(stats.refused == 0 && stats.crashed == 0 && stats.alive == 0);
    acta_runtime_destroy(actors_row.runtime);
    sem_destroy(&actors_row.done);
}

static acta_pid
spawn(const acta_spawn_options *options)
{
    acta_error error;
    acta_pid pid;

    bench_must(acta_spawn(actors_row.runtime, options, &pid, &error), &error);
    return pid;
}

acta_pid
actors_spawn(const acta_behaviour *behaviour, const void *argument)
{
    return spawn(&(acta_spawn_options){ .behaviour = behaviour, .argument = argument });
}

acta_pid
actors_spawn_bounded(const acta_behaviour *behaviour, const void *argument, uint32_t count_max)
{
    fprintf(stderr, "%s: a mailbox of up to %u messages and 4 GiB\n", behaviour->name, count_max);
    return spawn(&(acta_spawn_options){ .behaviour = behaviour,
        .argument = argument,
        .mailbox_count_max = count_max,
        .mailbox_bytes_max = UINT32_MAX });
}

/* The value in kB of a line of /proc/self/status, in bytes. */
static uint64_t
status_bytes(const char *key)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    unsigned long kilobytes = 0;

    bench_expect(file != NULL);
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0) kilobytes = strtoul(line + strlen(key), NULL, 10);
    fclose(file);
    bench_expect(kilobytes > 0);
    return (uint64_t)kilobytes * 1024;
}

uint64_t
actors_resident(void)
{
    return status_bytes("VmRSS:");
}

uint64_t
actors_resident_peak(void)
{
    return status_bytes("VmHWM:");
}

void
actors_report_part(const char *bench, const char *metric, uint64_t *times, size_t count, uint32_t per_mille)
{
    bench_expect(count > 0);
    qsort(times, count, sizeof *times, bench_compare);
    size_t place = count * per_mille / 1000;
    bench_report(bench, metric, (double)times[place], "ns");
}

/* -- rows -- */

static const struct {
    const char *name;
    void (*run)(const actors_options *o);
} rows[] = {
    { "pingpong", actors_pingpong },
    { "ring", actors_ring },
    { "fanin", actors_fanin },
    { "big", actors_big },
    { "spawn", actors_spawn_burst },
    { "spawn_window", actors_spawn_window },
    { "idle", actors_idle },
    { "call", actors_call },
    { "call_queued", actors_call_queued },
    { "busy", actors_busy },
    { "publish", actors_publish },
    { "publish_sends", actors_publish_sends },
    { "timers", actors_timers },
    { "wakeups", actors_wakeups },
    { "exchange", actors_exchange },
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

/* In a process of its own: memory is measured, and no row warms another. */
static bool
run_row(uint32_t i, const actors_options *o)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();

    if (child == 0) {
        rows[i].run(o);
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "actors: row '%s' failed\n", rows[i].name);
        return false;
    }
    return true;
}

/* -- options -- */

typedef struct command_line {
    actors_options options;
    uint64_t chosen; /* rows; bench_choose */
} command_line;

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    command_line *line = state->input;

    switch (key) {
    case 't':
        line->options.threads = bench_number("--threads", argument, 1, THREADS_MAX, state);
        return 0;
    case 's':
        line->options.seconds = bench_number("--seconds", argument, 1, BENCH_SECONDS_MAX, state);
        return 0;
    case 'd':
        return 0;
    case ARGP_KEY_ARG:
        bench_choose(&line->chosen, rows, argument, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
main(int argc, char **argv)
{
    static const struct argp_option option_list[] = {
        { "threads", 't', "N", 0, "Workers of the runtime (default: 1)", 0 },
        { "seconds", 's', "N", 0, "How long the row wakeups looks (default: 3); the others count", 0 },
        { "data", 'd', "DIR", 0, "Taken as by the other benchmarks; nothing is written", 0 },
        { 0 },
    };
    const struct argp argp = { option_list, parse, "[ROW...]",
        "Actors without a store. Rows: pingpong, ring, fanin, big, spawn, spawn_window, idle, call, call_queued, busy, "
        "publish, publish_sends, timers, wakeups, and exchange, an uncontended atomic exchange (default: all).",
        NULL, NULL, NULL };
    command_line line = { .options = { .threads = 1, .seconds = 3 } };
    bool good = true;

    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &line);
    for (uint32_t i = 0; i < ROW_COUNT; i++)
        if (bench_is_chosen(line.chosen, i)) good = run_row(i, &line.options) && good;
    return good ? 0 : BENCH_CHECK_FAILED;
}
