/*
 * Workers: a process for each core, which take the next seed from a counter that they share, until the seeds or the time are
 * at their end, or one of them has failed.
 *
 *     parent --fork--> worker: next seed -> run -> slot … -> end
 *        ^                                          |
 *        +---- looks now and then: progress, ends --+
 *
 * A worker that dies of a signal leaves in its slot the seed that it had in hand: that is a failure of this seed.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner.h"
#include "world.h"

enum { LOOK_MS = 10, LAST_SEED_MS_MAX = 20000, TERMINAL_MS = 200, LINE_MS = 10000 };

typedef struct slot {
    /* The parent reads these while the worker runs. relaxed: only for people, and after the worker's end, which orders all. */
    _Atomic uint64_t seed, seeds;
    /* After its end. */
    bool is_done;
    acti_outcome outcome;
} slot;

typedef struct crew {
    acti_work work;
    _Atomic uint64_t
        next;          /* seeds that were taken; relaxed: each number is given once, and nothing hangs on the order */
    _Atomic bool stop; /* relaxed: a worker may take one seed more */
    slot slots[];
} crew;

typedef struct worker {
    crew *crew;
    slot *slot;
    uint32_t child; /* 0: it has ended */
} worker;

/* -- progress -- */

void
acti_progress_begin(acti_progress *progress, FILE *out)
{
    *progress = (acti_progress){ .out = out };
    if (out == NULL) return;
    progress->is_terminal = isatty(fileno(out)) == 1;
    progress->begin_ms = progress->last_ms = acti_world_real_ms();
}

void
acti_progress_show(acti_progress *progress, uint64_t seeds)
{
    if (progress->out == NULL) return;
    uint64_t now_ms = acti_world_real_ms();
    if (now_ms - progress->last_ms < (progress->is_terminal ? TERMINAL_MS : LINE_MS)) return;
    progress->last_ms = now_ms;
    uint64_t elapsed_ms = now_ms - progress->begin_ms;
    fprintf(progress->out, "%s%" PRIu64 " seeds in %" PRIu64 " s, %" PRIu64 " a minute%s",
        progress->is_terminal ? "\r" : "", seeds, elapsed_ms / 1000, seeds * 60000 / (elapsed_ms + 1),
        progress->is_terminal ? "   " : "\n");
    fflush(progress->out);
}

void
acti_progress_end(acti_progress *progress)
{
    if (progress->out != NULL && progress->is_terminal) fprintf(progress->out, "\r%60s\r", "");
}

/* -- a worker -- */

static bool
is_over(const acti_work *work, uint64_t number)
{
    return number > work->to - work->from || (work->end_ms != 0 && acti_world_real_ms() >= work->end_ms);
}

static void
work_on(void *user)
{
    worker *w = user;
    crew *c = w->crew;
    acti_outcome *outcome = &w->slot->outcome;
    acti_seeder seeder;

    if (!acti_seeder_open(&seeder, c->work.scenario, true, c->work.twice_every)) return; /* noted as its end */
    while (!atomic_load_explicit(&c->stop, memory_order_relaxed)) {
        uint64_t number = atomic_fetch_add_explicit(&c->next, 1, memory_order_relaxed);
        if (is_over(&c->work, number)) break;
        uint64_t seed = c->work.from + number;
        atomic_store_explicit(&w->slot->seed, seed, memory_order_relaxed);
        acti_world_child_limit(ACTI_ATTEMPT_SECONDS_MAX);
        bool is_good = acti_seed_run(&seeder, seed, number, &outcome->failure);
        outcome->sums = seeder.sums;
        atomic_store_explicit(&w->slot->seeds, seeder.sums.seeds, memory_order_relaxed);
        if (is_good) continue;
        outcome->failed = true;
        outcome->seed = seed;
        atomic_store_explicit(&c->stop, true, memory_order_relaxed);
    }
    w->slot->is_done = true;
    acti_seeder_close(&seeder);
}

/* -- the parent -- */

static void
note_end(worker *w, const acti_world_child_end *end)
{
    acti_outcome *outcome = &w->slot->outcome;

    w->child = 0;
    if (w->slot->is_done) return;
    outcome->failed = true;
    outcome->seed = atomic_load_explicit(&w->slot->seed, memory_order_relaxed);
    acti_run_died(&outcome->failure, end);
    atomic_store_explicit(&w->crew->stop, true, memory_order_relaxed);
}

static uint64_t
seeds_so_far(const crew *c)
{
    uint64_t seeds = 0;

    for (uint32_t i = 0; i < c->work.processes; i++)
        seeds += atomic_load_explicit(&c->slots[i].seeds, memory_order_relaxed);
    return seeds;
}

/* How many still run. */
static uint32_t
look(worker *workers, uint32_t count)
{
    uint32_t running = 0;
    acti_world_child_end end;

    for (uint32_t i = 0; i < count; i++) {
        if (workers[i].child == 0) continue;
        if (acti_world_child_wait(workers[i].child, false, &end))
            note_end(&workers[i], &end);
        else
            running++;
    }
    return running;
}

/* One has failed: the others may end what they have in hand, but not for long. */
static void
dismiss(worker *workers, uint32_t count)
{
    acti_world_child_end end;

    for (uint32_t i = 0; i < count; i++) {
        if (workers[i].child == 0) continue;
        acti_world_child_kill(workers[i].child);
        (void)acti_world_child_wait(workers[i].child, true, &end);
        workers[i].child = 0;
    }
}

static void
oversee(crew *c, worker *workers)
{
    acti_progress progress;
    uint64_t stop_ms = 0;

    acti_progress_begin(&progress, c->work.progress);
    while (look(workers, c->work.processes) > 0) {
        if (atomic_load_explicit(&c->stop, memory_order_relaxed)) {
            if (stop_ms == 0) stop_ms = acti_world_real_ms();
            if (acti_world_real_ms() - stop_ms > LAST_SEED_MS_MAX) dismiss(workers, c->work.processes);
        }
        acti_world_sleep_ms(LOOK_MS);
        acti_progress_show(&progress, seeds_so_far(c));
    }
    acti_progress_end(&progress);
}

/* The sums of all, and of the failures that of the least seed. */
static void
gather(const crew *c, acti_outcome *outcome)
{
    acti_coverage_begin(&outcome->sums.coverage, c->work.scenario);
    for (uint32_t i = 0; i < c->work.processes; i++) {
        const acti_outcome *one = &c->slots[i].outcome;
        acti_sums_add(&outcome->sums, &one->sums);
        if (!one->failed || (outcome->failed && outcome->seed < one->seed)) continue;
        outcome->failed = true;
        outcome->seed = one->seed;
        outcome->failure = one->failure;
    }
}

static bool
hire(crew *c, worker *workers)
{
    bool has_any = false;

    for (uint32_t i = 0; i < c->work.processes; i++) {
        workers[i] = (worker){ .crew = c, .slot = &c->slots[i] };
        workers[i].child = acti_world_child_start(work_on, &workers[i]);
        has_any = has_any || workers[i].child != 0;
    }
    return has_any;
}

acta_status
acti_workers_run(const acti_work *work, acti_outcome *outcome, acta_error *error)
{
    size_t size = sizeof(crew) + work->processes * sizeof(slot);
    crew *c = acti_world_shared_alloc(size);
    worker *workers = calloc(work->processes, sizeof *workers);
    acta_status status = ACTA_OK;

    *outcome = (acti_outcome){ .failed = false };
    if (c == NULL || workers == NULL)
        status = acta_error_set(
            error, ACTA_NO_MEMORY, "cannot simulate: no memory for %" PRIu32 " processes", work->processes);
    else {
        c->work = *work;
        if (hire(c, workers)) {
            oversee(c, workers);
            gather(c, outcome);
        } else
            status = acta_error_set(error, ACTA_NO_MEMORY, "cannot simulate: the system gives no process");
    }
    free(workers);
    acti_world_shared_free(c, size);
    return status;
}

acta_status
acti_run_here(const acti_work *work, acti_outcome *outcome, acta_error *error)
{
    acti_progress progress;
    acti_seeder seeder;

    *outcome = (acti_outcome){ .failed = false };
    if (!acti_seeder_open(&seeder, work->scenario, false, work->twice_every))
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot simulate: no memory");
    acti_progress_begin(&progress, work->progress);
    for (uint64_t number = 0; !outcome->failed && !is_over(work, number); number++) {
        outcome->seed = work->from + number;
        outcome->failed = !acti_seed_run(&seeder, outcome->seed, number, &outcome->failure);
        acti_progress_show(&progress, number + 1);
    }
    acti_progress_end(&progress);
    outcome->sums = seeder.sums;
    acti_seeder_close(&seeder);
    return ACTA_OK;
}
