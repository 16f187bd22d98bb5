/*
 * The runtime as an object: made, stepped, stopped, destroyed, counted.
 *
 * A stop goes in this order: no new actors; root supervisors one after the other, the youngest first, which stop their
 * trees; all other actors; at the deadline whatever is left is killed; the workers run dry and end. An actor that is in
 * a handler is never torn down from outside: a handler that doesn't return keeps the stop waiting.
 */
#include "living.h"
#include "topic.h"

enum { ANSWER_SPINS = 1000 /* some 10 µs, less than to sleep and be woken */ };
enum { STOP_TIMEOUT_DEFAULT = 5000, ACTOR_COUNT_MAX_DEFAULT = 1 << 24, ACTOR_COUNT_MAX_MAX = 1 << 29 };

/* -- creating -- */

static acta_status
check_config(const acta_runtime_config *config, acta_error *error)
{
    if (config->manual && config->host_driven)
        return acta_error_set(
            error, ACTA_INVALID, "cannot create a runtime that is manual and host_driven: choose one");
    if (config->worker_count > ACTI_WORKER_MAX)
        return acta_error_set(error, ACTA_INVALID,
            "cannot create a runtime with %u workers: 1 to %d, or 0 for one a "
            "processor",
            config->worker_count, ACTI_WORKER_MAX);
    if (config->offload_threads > ACTI_OFFLOAD_THREADS_MAX)
        return acta_error_set(error, ACTA_INVALID,
            "cannot create a runtime with %u threads for offloaded work: 1 to %d", config->offload_threads,
            ACTI_OFFLOAD_THREADS_MAX);
    if (config->actor_count_max > ACTOR_COUNT_MAX_MAX)
        return acta_error_set(error, ACTA_INVALID, "cannot create a runtime for %u actors: at most %d",
            config->actor_count_max, ACTOR_COUNT_MAX_MAX);
    if (config->recorder_count > ACTA_RECORDER_COUNT_MAX && config->recorder_count != ACTA_RECORDER_OFF)
        return acta_error_set(error, ACTA_INVALID,
            "cannot create a runtime that records %u events a worker: at most %d, or ACTA_RECORDER_OFF",
            config->recorder_count, ACTA_RECORDER_COUNT_MAX);
    return ACTA_OK;
}

static acti_mutex *
lock_at(acta_runtime *runtime, int i)
{
    acti_mutex *const locks[] = { &runtime->actor_lock, &runtime->call_lock, &runtime->inject_lock, &runtime->idle_lock,
        &runtime->stop_lock, &runtime->exit_lock, &runtime->trace_lock, &runtime->blocks[0].lock,
        &runtime->blocks[1].lock, &runtime->blocks[2].lock };
    return i < (int)(sizeof locks / sizeof locks[0]) ? locks[i] : NULL;
}

static acta_runtime *
make_runtime(const acta_environment *environment)
{
    acta_runtime *runtime = acti_line_alloc(&environment->allocator, sizeof *runtime);
    int i = 0;

    if (runtime == NULL) return NULL;
    memset(runtime, 0, sizeof *runtime);
    runtime->environment = *environment;
    runtime->process_id = acti_process_id();
    while (lock_at(runtime, i) != NULL && acti_mutex_init(lock_at(runtime, i)))
        i++;
    if (lock_at(runtime, i) == NULL && acti_wheel_init(runtime) == ACTA_OK) return runtime;
    while (i-- > 0)
        acti_mutex_deinit(lock_at(runtime, i));
    acti_line_free(&environment->allocator, runtime, sizeof *runtime);
    return NULL;
}

static bool
start_recorder(acta_runtime *runtime, const acta_runtime_config *config)
{
    bool is_own_clock = config->environment != NULL && config->environment->clock.monotonic_ns != NULL;
    return acti_recorder_create(runtime, config->recorder_count, is_own_clock);
}

static uint32_t
spare_count(uint32_t worker_count, uint32_t asked)
{
    uint32_t room = ACTI_WORKER_MAX - worker_count;

    if (asked == 0) asked = ACTA_SPARE_WORKERS_DEFAULT;
    if (asked == ACTA_NO_SPARE_WORKERS) return 0;
    return asked < room ? asked : room;
}

static bool
furnish(acta_runtime *runtime, const acta_runtime_config *config)
{
    const char *name = config->name != NULL ? config->name : "acta";
    uint32_t actor_count_max = config->actor_count_max != 0 ? config->actor_count_max : ACTOR_COUNT_MAX_DEFAULT;

    runtime->is_manual = config->manual || config->host_driven;
    runtime->answer_spins = acti_processor_count() > 1 ? ANSWER_SPINS : 0;
    runtime->has_barrier = !runtime->is_manual && acti_thread_barrier_begin();
    runtime->driver = config->driver;
    runtime->budget = config->budget != 0 ? config->budget : ACTA_BUDGET_DEFAULT;
    acti_table_init(&runtime->actors, ACTI_SLOT_SIZE, actor_count_max);
    acti_table_init(&runtime->calls, sizeof(acti_call), UINT32_MAX / 4);
    runtime->name_size = (uint32_t)strlen(name) + 1;
    runtime->name = acti_alloc(runtime, runtime->name_size);
    if (runtime->name == NULL || acti_registry_create(runtime) != ACTA_OK) return false;
    if (acti_topics_init(runtime) != ACTA_OK) return false;
    if (acti_offload_create(runtime, config) != ACTA_OK || acti_fds_create(runtime) != ACTA_OK) return false;
    memcpy(runtime->name, name, runtime->name_size);
    runtime->record_turns = config->record_turns;
    runtime->no_backtrace = config->no_backtrace;
    runtime->dead_letters = config->dead_letters;
    if (runtime->is_manual) return start_recorder(runtime, config);

    runtime->worker_count = config->worker_count != 0 ? config->worker_count : acti_processor_count();
    runtime->worker_max = runtime->worker_count + spare_count(runtime->worker_count, config->spare_workers);
    size_t size = runtime->worker_max * sizeof(acti_worker);
    runtime->workers = acti_line_alloc(&runtime->environment.allocator, size);
    if (runtime->workers != NULL) memset(runtime->workers, 0, size);
    runtime->sleepers = acti_alloc(runtime, runtime->worker_max * sizeof(acti_worker *));
    if (runtime->workers == NULL || runtime->sleepers == NULL) return false;
    return start_recorder(runtime, config);
}

static void
free_runtime(acta_runtime *runtime)
{
    acti_recorder_destroy(runtime);
    acti_topics_deinit(runtime);
    acti_registry_destroy(runtime);
    acti_offload_destroy(runtime);
    acti_host_destroy(runtime);
    acti_fds_destroy(runtime);
    acti_actors_deinit(runtime);
    acti_watchdog_destroy(runtime);
    for (uint32_t i = 0; i < runtime->worker_max && runtime->workers != NULL; i++)
        acti_spares_free(&runtime->workers[i]);
    acti_blocks_free(runtime);
    acti_table_deinit(&runtime->calls, &runtime->environment.allocator);
    acti_wheel_deinit(runtime);
    acta_allocator allocator = runtime->environment.allocator;
    acti_line_free(&allocator, runtime->workers, runtime->worker_max * sizeof(acti_worker));
    acti_free(runtime, runtime->sleepers, runtime->worker_max * sizeof(acti_worker *));
    acti_free(runtime, runtime->ready, runtime->ready_capacity * sizeof(acti_actor *));
    acti_free(runtime, runtime->roots, runtime->root_capacity * sizeof *runtime->roots);
    acti_free(runtime, runtime->name, runtime->name_size);
    for (int i = 0; lock_at(runtime, i) != NULL; i++)
        acti_mutex_deinit(lock_at(runtime, i));
    acti_line_free(&allocator, runtime, sizeof *runtime);
}

static uint32_t
limit_ms(const acta_runtime_config *config)
{
    return config->handler_limit_ms != 0 ? config->handler_limit_ms : ACTA_HANDLER_LIMIT_DEFAULT;
}

acta_status
acta_runtime_create(const acta_runtime_config *config, acta_runtime **runtime_out, acta_error *error)
{
    static const acta_runtime_config defaults = { .name = NULL };
    if (config == NULL) config = &defaults;

    acta_status status = check_config(config, error);
    if (status != ACTA_OK) return status;
    acta_environment environment = acta_environment_or_default(config->environment);
    acta_runtime *runtime = make_runtime(&environment);
    if (runtime == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a runtime");
    if (!furnish(runtime, config)) {
        free_runtime(runtime);
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a runtime");
    }
    if (config->host_driven) status = acti_host_create(runtime, error);
    if (!runtime->is_manual) status = acti_workers_start(runtime, error);
    if (status == ACTA_OK && !runtime->is_manual) status = acti_watchdog_start(runtime, limit_ms(config), error);
    if (status != ACTA_OK) {
        acti_workers_join(runtime);
        free_runtime(runtime);
        return status;
    }
    *runtime_out = runtime;
    return ACTA_OK;
}

uint64_t
acta_runtime_now_ns(const acta_runtime *runtime)
{
    return acti_now_ns(runtime);
}

const acta_environment *
acta_runtime_environment(const acta_runtime *runtime)
{
    return &runtime->environment;
}

/* -- by hand -- */

static uint32_t
choose(acta_runtime *runtime, uint32_t count)
{
    uint32_t chosen = runtime->driver.choose != NULL ? runtime->driver.choose(runtime->driver.user, count) : 0;
    return chosen < count ? chosen : 0;
}

static acti_actor *
take_ready(acta_runtime *runtime, uint32_t chosen)
{
    acti_mutex_lock(&runtime->inject_lock);
    acti_actor *actor = runtime->ready[acti_ready_place(runtime, chosen)];
    for (uint32_t i = chosen; i > 0; i--) /* the ones before it move up: the order stays */
        runtime->ready[acti_ready_place(runtime, i)] = runtime->ready[acti_ready_place(runtime, i - 1)];
    runtime->ready_first = acti_ready_place(runtime, 1);
    runtime->ready_count--;
    acti_mutex_unlock(&runtime->inject_lock);
    return actor;
}

bool
acta_runtime_ready(const acta_runtime *runtime, uint32_t index, acta_ready *ready_out)
{
    if (!runtime->is_manual || index >= runtime->ready_count) return false; /* the one thread of a manual runtime */
    const acti_actor *actor = runtime->ready[acti_ready_place(runtime, index)];

    *ready_out = (acta_ready){ .pid = acti_pid_of(actor), .behaviour = actor->behaviour };
    return true;
}

static void
run_here(acta_runtime *runtime, acti_actor *actor)
{
    acti_context *outer = acti_current;
    acti_context context;

    acti_context_init(&context, runtime, NULL);
    acti_current = &context;
    acti_turn_guarded(&context, actor);
    acti_current = outer;
}

static bool
fire_due(acta_runtime *runtime)
{
    /* relaxed: nobody else turns this wheel. */
    uint64_t next_ns = atomic_load_explicit(&runtime->wheel.next_ns, memory_order_relaxed);
    if (next_ns == UINT64_MAX) return false;
    uint64_t now_ns = acti_now_ns(runtime);
    return now_ns >= next_ns && acti_wheel_run(runtime, now_ns);
}

bool
acta_runtime_step(acta_runtime *runtime)
{
    if (!runtime->is_manual) return false;
    bool fired = fire_due(runtime);
    uint32_t count = acti_ready_count(runtime);
    uint32_t job_count = acti_offload_is_waiting(runtime) ? 1 : 0; /* one choice more */
    if (count + job_count == 0) return acti_fds_poll(runtime) || fired;
    uint32_t chosen = choose(runtime, count + job_count);
    if (chosen == count) return acti_offload_step(runtime) || fired;
    run_here(runtime, take_ready(runtime, chosen));
    return true;
}

bool
acta_runtime_has_work(const acta_runtime *runtime)
{
    return runtime->is_manual && acti_offload_is_waiting(runtime);
}

uint64_t
acta_runtime_next_timer_ns(const acta_runtime *runtime)
{
    return acti_wheel_next_exact_ns((acta_runtime *)(uintptr_t)runtime);
}

/* -- stopping -- */

/* Root supervisors without memory for the list are stopped with the other actors. */
void
acti_root_add(acta_runtime *runtime, acta_pid pid)
{
    acti_mutex_lock(&runtime->exit_lock);
    if (runtime->root_count < runtime->root_capacity ||
        acti_array_grow(runtime, (void **)&runtime->roots, &runtime->root_capacity, 8, sizeof *runtime->roots))
        runtime->roots[runtime->root_count++] = pid;
    acti_mutex_unlock(&runtime->exit_lock);
}

void
acti_root_remove(acta_runtime *runtime, acta_pid pid)
{
    acti_mutex_lock(&runtime->exit_lock);
    for (uint32_t i = 0; i < runtime->root_count; i++) {
        if (!acta_pid_equal(runtime->roots[i], pid)) continue;
        memmove(&runtime->roots[i], &runtime->roots[i + 1], (runtime->root_count - i - 1) * sizeof *runtime->roots);
        runtime->root_count--;
        break;
    }
    acti_mutex_unlock(&runtime->exit_lock);
}

void
acti_stop_look(acta_runtime *runtime)
{
    /* seq_cst, both: what changed is before, and a stop that waits has read the signal before it looked. */
    if (!atomic_load_explicit(&runtime->is_stopping, memory_order_seq_cst)) return;
    atomic_fetch_add_explicit(&runtime->exit_signal, 1, memory_order_seq_cst);
    bool sleeps_nobody = runtime->is_manual && runtime->host_loop == NULL; /* who waits for exits takes the steps */
    if (!sleeps_nobody) acti_futex_wake(&runtime->exit_signal);
    if (runtime->host_loop != NULL) acti_host_wake(runtime);
}

/* The last word of an actor's end. */
void
acti_exit_announce(acta_runtime *runtime)
{
    acti_living_alive(runtime, acti_worker_here(runtime), UINT32_MAX);
    acti_stop_look(runtime);
}

/* Wait for some actor's end. False: the deadline, or nothing will ever happen (a manual runtime that stands still). */
static bool
wait_for_exit(acta_runtime *runtime, uint32_t seen, uint64_t deadline_ns)
{
    uint64_t now_ns = acti_now_ns(runtime);

    if (now_ns >= deadline_ns) return false;
    if (runtime->host_loop != NULL) {
        if (!acta_runtime_step(runtime)) acti_host_sleep(runtime, &runtime->exit_signal, seen, deadline_ns);
        return true;
    }
    if (runtime->is_manual)
        return acta_runtime_step(runtime) ||
               (runtime->driver.idle != NULL && runtime->driver.idle(runtime->driver.user));
    acti_futex_wait(&runtime->exit_signal, seen, deadline_ns == UINT64_MAX ? UINT64_MAX : deadline_ns - now_ns);
    return true;
}

static uint32_t
exit_signal(acta_runtime *runtime)
{
    /* seq_cst: read before the state that is waited for is looked at; see acti_exit_announce. */
    return atomic_load_explicit(&runtime->exit_signal, memory_order_seq_cst);
}

static bool
take_youngest_root(acta_runtime *runtime, acta_pid *pid_out)
{
    acti_mutex_lock(&runtime->exit_lock);
    bool found = runtime->root_count > 0;
    if (found) *pid_out = runtime->roots[--runtime->root_count];
    acti_mutex_unlock(&runtime->exit_lock);
    return found;
}

static void
stop_roots(acta_runtime *runtime, uint64_t deadline_ns)
{
    static const acta_exit_reason shutdown = { .kind = ACTA_EXIT_SHUTDOWN };
    acta_pid pid;

    while (take_youngest_root(runtime, &pid)) {
        acti_exit_or_kill(runtime, (acta_pid){ 0 }, pid, &shutdown);
        for (;;) {
            uint32_t seen = exit_signal(runtime);
            if (!acta_is_alive(runtime, pid)) break;
            if (!wait_for_exit(runtime, seen, deadline_ns)) return;
        }
    }
}

static void
tell_all(acta_runtime *runtime, acta_exit_kind kind)
{
    /* acquire: pairs with acti_table_publish. */
    uint32_t high = atomic_load_explicit(&runtime->actors.high, memory_order_acquire);
    acta_exit_reason reason = { .kind = kind };

    for (uint32_t i = 0; i < high; i++) {
        acti_actor *actor = acti_actor_slot(runtime, i);
        /* relaxed: acta_exit looks again. */
        uint64_t life = atomic_load_explicit(&actor->life, memory_order_relaxed);
        if ((life & ACTI_ALIVE) != 0)
            acti_exit_or_kill(runtime, (acta_pid){ 0 }, acti_pid_make(i, acti_life_generation(life)), &reason);
    }
}

static uint32_t
offload_busy_count(acta_runtime *runtime)
{
    return atomic_load_explicit(acti_offload_busy_count(runtime), memory_order_seq_cst); /* see acti_stop_look */
}

/* Wait until there are none. False: the deadline. */
static bool
wait_for_none(acta_runtime *runtime, uint32_t (*count)(acta_runtime *runtime), uint64_t deadline_ns)
{
    for (;;) {
        uint32_t seen = exit_signal(runtime);
        if (count(runtime) == 0) return true;
        if (!wait_for_exit(runtime, seen, deadline_ns)) return false;
    }
}

/* What became ready after the workers had gone: late messages for the dead. */
static void
run_dry(acta_runtime *runtime)
{
    acti_actor *actor;

    if (runtime->is_manual) {
        while (acta_runtime_step(runtime)) {}
        return;
    }
    while ((actor = acti_inject_take(runtime)) != NULL)
        run_here(runtime, actor);
}

static acta_status
stop_now(acta_runtime *runtime, uint32_t timeout_ms, acta_error *error)
{
    uint64_t deadline_ns =
        timeout_ms == ACTA_INFINITE ? UINT64_MAX : acti_now_ns(runtime) + timeout_ms * UINT64_C(1000000);
    acta_status status = ACTA_OK;

    acti_living_begin_stop(runtime);
    stop_roots(runtime, deadline_ns);
    wait_for_none(runtime, acti_living_starting_sum, deadline_ns);
    tell_all(runtime, ACTA_EXIT_SHUTDOWN);
    if (!wait_for_none(runtime, acti_living_alive_sum, deadline_ns)) {
        uint32_t left = acti_living_alive_sum(runtime);
        status = acta_error_set(error, ACTA_TIMEOUT, "%u actors did not stop in time and were killed", left);
        wait_for_none(runtime, acti_living_starting_sum, UINT64_MAX);
        tell_all(runtime, ACTA_EXIT_KILLED);
        wait_for_none(runtime, acti_living_alive_sum, UINT64_MAX);
    }
    if (!wait_for_none(runtime, offload_busy_count, deadline_ns) && status == ACTA_OK)
        status = acta_error_set(error, ACTA_TIMEOUT, "offloaded work did not end in time and was waited for");
    acti_offload_join(runtime);
    acti_fds_join(runtime);
    acti_watchdog_join(runtime);
    if (!runtime->is_manual) acti_workers_join(runtime);
    run_dry(runtime);
    return status;
}

bool
acta_runtime_is_inside(const acta_runtime *runtime)
{
    return acti_context_here(runtime) != NULL;
}

acta_status
acta_runtime_stop(acta_runtime *runtime, uint32_t timeout_ms, acta_error *error)
{
    acti_context *here = acti_context_here(runtime);

    if (here != NULL)
        return acta_error_set(error, ACTA_CALLING_SELF, "cannot stop the runtime from inside one of its actors");
    if (runtime->process_id != acti_process_id())
        return acta_error_set(error, ACTA_STOPPED,
            "cannot stop the runtime of process %u in a fork of it: its threads are not here", runtime->process_id);
    acti_mutex_lock(&runtime->stop_lock);
    if (!runtime->is_stopped) {
        acti_host_take_over(runtime);
        runtime->stop_status = stop_now(runtime, timeout_ms, error);
        runtime->is_stopped = true;
    } else if (runtime->stop_status != ACTA_OK)
        acta_error_set(error, runtime->stop_status, "actors did not stop in time and were killed");
    acta_status status = runtime->stop_status;
    acti_mutex_unlock(&runtime->stop_lock);
    return status;
}

void
acta_runtime_abandon(acta_runtime *runtime)
{
    ACTI_ASSERT(runtime->is_manual && acti_context_here(runtime) == NULL);
    acti_mutex_lock(&runtime->stop_lock);
    if (!runtime->is_stopped) {
        tell_all(runtime, ACTA_EXIT_KILLED); /* before anybody's next turn: no handler sees an end */
        runtime->stop_status = stop_now(runtime, ACTA_INFINITE, NULL);
        runtime->is_stopped = true;
    }
    acti_mutex_unlock(&runtime->stop_lock);
}

void
acta_runtime_destroy(acta_runtime *runtime)
{
    if (runtime == NULL || runtime->process_id != acti_process_id()) return;
    acta_runtime_stop(runtime, STOP_TIMEOUT_DEFAULT, NULL);
    run_dry(runtime); /* what a thread sent that was late for the stop */
    free_runtime(runtime);
}

/* -- counting -- */

static uint64_t
sum(const acta_runtime *runtime, int which)
{
    uint64_t total = 0;

    /* relaxed: counters; a reader of a running runtime gets each as of some moment. */
    for (uint32_t i = 0; i < runtime->worker_max; i++)
        total += atomic_load_explicit(&runtime->workers[i].stats.values[which], memory_order_relaxed);
    for (int i = 0; i < ACTI_STAT_SHARD_COUNT; i++)
        total += atomic_load_explicit(&runtime->shards[i].values[which], memory_order_relaxed);
    return total;
}

void
acta_runtime_stats_read(const acta_runtime *runtime, acta_runtime_stats *stats_out)
{
    *stats_out = (acta_runtime_stats){
        .exited = sum(runtime, ACTI_STAT_EXITED),
        .handled = sum(runtime, ACTI_STAT_HANDLED),
        .dropped = sum(runtime, ACTI_STAT_DROPPED),
        .refused = sum(runtime, ACTI_STAT_REFUSED),
        .shed = sum(runtime, ACTI_STAT_SHED),
        .noproc = sum(runtime, ACTI_STAT_NOPROC),
        .late = sum(runtime, ACTI_STAT_LATE),
        .unhandled = sum(runtime, ACTI_STAT_UNHANDLED),
        .crashed = sum(runtime, ACTI_STAT_CRASHED),
        .restarted = sum(runtime, ACTI_STAT_RESTARTED),
        .offloaded = sum(runtime, ACTI_STAT_OFFLOADED),
        .offloads_refused = sum(runtime, ACTI_STAT_OFFLOADS_REFUSED),
        .slow = sum(runtime, ACTI_STAT_SLOW),
        .lent = sum(runtime, ACTI_STAT_LENT),
        .sent = sum(runtime, ACTI_STAT_SENT),
        .spawned = sum(runtime, ACTI_STAT_SPAWNED),
    };
    uint64_t exited = stats_out->exited;
    stats_out->alive = stats_out->spawned > exited ? stats_out->spawned - exited : 0;
}
