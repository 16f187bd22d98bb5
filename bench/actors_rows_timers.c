/*
 * Rows of time.
 *
 *     timers    1,000,000 timers of 1 to 1,000 ms, armed as fast as it goes; late: handled minus due
 *     wakeups   how often the workers of a runtime wake up in which nothing is to be done
 *     exchange  an uncontended atomic exchange: the measure of the other rows
 *
 * A handler is not interrupted here, so the one that arms a million timers in one go would handle none meanwhile. It
 * arms a slice and sends itself a message for the next, as actors do that have much to do. What is handled in between is
 * in the time that arming takes.
 */
#include "actors.h"

#include <dirent.h>
#include <unistd.h>

/* -- timers -- */

enum { TIMERS = 1000000, SLICE = 1000, DELAY_MAX_MS = 1000, NS_PER_MS = 1000000 };

static struct {
    uint64_t started_ns, armed_ns;
    uint64_t *late_ns;
    uint32_t armed, fired;
    uint64_t random;
} timers;

static acta_next
sleeper_cast(acta_self *self, void *state, acta_message *message)
{
    (void)state;
    (void)message;
    if (timers.armed == 0) timers.started_ns = bench_now_ns();
    for (int i = 0; i < SLICE; i++, timers.armed++) {
        uint32_t delay_ms = (uint32_t)(actors_random(&timers.random) % DELAY_MAX_MS) + 1;
        uint64_t due_ns = bench_now_ns() + (uint64_t)delay_ms * NS_PER_MS;
        bench_expect(acta_send_after(self, delay_ms, 0, due_ns, NULL) == ACTA_OK);
    }
    if (timers.armed < TIMERS)
        actors_send(acta_self_pid(self), 0, NULL, 0);
    else
        timers.armed_ns = bench_now_ns();
    return ACTA_NEXT;
}

static acta_next
sleeper_info(acta_self *self, void *state, const acta_info *info)
{
    uint64_t now_ns = bench_now_ns();

    (void)self;
    (void)state;
    bench_expect(info->kind == ACTA_INFO_TIMER && now_ns >= info->user); /* never early */
    timers.late_ns[timers.fired++] = now_ns - info->user;
    if (timers.fired == TIMERS) actors_finished();
    return ACTA_NEXT;
}

static void
report_late(const char *metric, uint32_t per_mille)
{
    size_t place = (size_t)TIMERS * per_mille / 1000;
    bench_report("timers", metric, (double)timers.late_ns[place] / NS_PER_MS, "ms");
}

void
actors_timers(const actors_options *o)
{
    static const acta_behaviour behaviour = {
        .name = "sleeper", .handle_cast = sleeper_cast, .handle_info = sleeper_info
    };

    timers.random = UINT64_C(88172645463325252);
    timers.late_ns = calloc(TIMERS, sizeof *timers.late_ns);
    bench_expect(timers.late_ns != NULL);
    actors_start(o);
    actors_send(actors_spawn(&behaviour, NULL), 0, NULL, 0);
    actors_wait();
    actors_stop();
    bench_expect(timers.fired == TIMERS && timers.armed == TIMERS);
    qsort(timers.late_ns, TIMERS, sizeof *timers.late_ns, bench_compare);
    bench_report("timers", "arm", (double)(timers.armed_ns - timers.started_ns) / TIMERS, "ns");
    report_late("late_p50", 500);
    report_late("late_p99", 990);
    free(timers.late_ns);
}

/* -- wakeups -- */

static uint64_t
switches_of(const char *thread)
{
    static const char key[] = "voluntary_ctxt_switches:";
    char path[512], line[256];
    uint64_t count = 0;

    snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, key, sizeof key - 1) == 0) count = strtoull(line + sizeof key - 1, NULL, 10);
    fclose(file);
    return count;
}

/* How often threads other than this one have gone to sleep. */
static uint64_t
sleeps(void)
{
    DIR *tasks = opendir("/proc/self/task");
    uint64_t count = 0;

    bench_expect(tasks != NULL);
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != getpid()) count += switches_of(entry->d_name);
    closedir(tasks);
    return count;
}

static acta_next
nobody_cast(acta_self *self, void *state, acta_message *message)
{
    (void)self;
    (void)state;
    (void)message;
    actors_finished();
    return ACTA_NEXT;
}

void
actors_wakeups(const actors_options *o)
{
    static const acta_behaviour behaviour = { .name = "nobody", .handle_cast = nobody_cast };

    actors_start(o);
    acta_pid pid = actors_spawn(&behaviour, NULL);
    actors_send(pid, 0, NULL, 0);
    actors_wait();
    usleep(200000);
    uint64_t before = sleeps();
    sleep(o->seconds);
    uint64_t woken = sleeps() - before;
    actors_send(pid, 0, NULL, 0); /* it slept, and wakes up */
    actors_wait();
    actors_stop();
    bench_report("wakeups", "idle", (double)woken / o->seconds, "per_second");
}

/* -- exchange -- */

enum { EXCHANGES = 20000000 };

void
actors_exchange(const actors_options *o)
{
    static _Alignas(128) _Atomic uint64_t word;

    (void)o;
    uint64_t started_ns = bench_now_ns();
    for (uint64_t i = 0; i < EXCHANGES; i++)
        atomic_exchange_explicit(&word, i, memory_order_acq_rel);
    bench_report("exchange", "time", (double)(bench_now_ns() - started_ns) / EXCHANGES, "ns");
}
