/*
 * Watchdog: a thread that looks at the workers now and then, for one that is in the same handler as before.
 *
 *     all parked: asleep without limit  <--->  a look every 4 ms, up to 64 ms when nothing changes
 *
 * A look compares, for each worker, its count of turns, the actor that it runs and the actor's task (which counts
 * messages) with the look before. A worker for which all are the same, a look later, is stuck:
 *  - the actor in its LIFO slot, which nobody was told of, goes to the injection queue;
 *  - when there is work to do and no other worker to do it, a spare worker is lent: at once if the handler sleeps, and
 *    after a while if it computes, because then a spare takes the processor from somebody;
 *  - when its handler is over the limit, it is reported, once.
 * A spare is a worker like the others as long as it is lent: it steals the stuck worker's ring, keeps the time, parks. It
 * is recalled when fewer workers are stuck than spares are lent, gives its queue back, and sleeps.
 *
 * What it costs where the work is done: a store a turn (acti_worker.running), a store a message (acta_self.task), and a
 * look at one flag when a worker is woken.
 *
 * Reading an actor that isn't ours, for a report: actors.c.
 *
 * No worker runs an init of an outside thread's spawn. Such a thread enters it into a list for as long as it takes, and
 * wakes the watchdog if that sleeps without limit; the looks at the list are as those at the workers.
 *
 * Manual and host-driven runtimes have no watchdog: whoever steps them knows how long a step takes.
 */
#include "actors.h"
#include "bundle.h"
#include "run_queue.h"

enum {
    LOOK_MS = 4,
    LOOK_MS_MAX = 64,
    INITS_AT_ONCE = 8, /* reported in one look */
    COMPUTES_MS = 50,  /* a handler that computes may do so for so long before a spare takes its share */
    NS_PER_MS = 1000000,
    WORDS_MAX = 96
};

/* A worker, as it was seen. */
typedef struct sight {
    uint64_t turn_count, task, cpu_ns, since_ns;
    acti_actor *actor; /* NULL: in no turn */
    uint32_t generation;
    bool is_stuck, is_reported;
} sight;

typedef struct view {
    uint64_t now_ns;
    uint32_t stuck_count;  /* in the same task as at the look before */
    uint32_t helped_count; /* of those, for which a spare is worth while */
    bool is_changed;
} view;

struct acti_watchdog {
    acta_runtime *runtime;
    acti_thread thread;
    bool is_started;
    _Atomic bool is_ending;
    _Atomic uint32_t signal; /* a futex: counts wakes */

    acti_mutex init_lock;
    acti_outside_init *inits; /* under init_lock, as the next */
    bool is_asleep_for_inits; /* until one begins */

    /* Its thread. */
    uint64_t limit_ns; /* of a handler */
    uint32_t pause_ms, lent_count;
    sight sights[]; /* by worker, with the spares */
};

static size_t
size_of(const acta_runtime *runtime)
{
    return sizeof(struct acti_watchdog) + runtime->worker_max * sizeof(sight);
}

/* -- spares, as they see themselves -- */

/* Of what is left in our queue others have to take care. */
static void
give_queue_away(acti_worker *worker)
{
    acti_actor *actor;

    while ((actor = acti_lifo_take(worker)) != NULL || (actor = acti_ring_pop(worker)) != NULL)
        acti_inject(actor);
}

bool
acti_spare_rest(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    atomic_store_explicit(&worker->running, NULL, memory_order_relaxed); /* the watchdog need not look */
    give_queue_away(worker);
    /* acquire: pairs with lend. */
    while (atomic_load_explicit(&worker->must_rest, memory_order_acquire) != 0) {
        /* seq_cst: read after the flag of the ending is set, before we sleep; see acti_workers_join. */
        if (atomic_load_explicit(&runtime->is_ending, memory_order_seq_cst)) return false;
        acti_futex_wait(&worker->must_rest, 1, UINT64_MAX);
    }
    return !atomic_load_explicit(&runtime->is_ending, memory_order_seq_cst);
}

/* -- lending -- */

static acti_worker *
spare_at(struct acti_watchdog *dog, uint32_t number)
{
    return &dog->runtime->workers[dog->runtime->worker_count + number];
}

static bool
lend(struct acti_watchdog *dog)
{
    acta_runtime *runtime = dog->runtime;

    if (dog->lent_count == runtime->worker_max - runtime->worker_count) return false;
    acti_worker *spare = spare_at(dog, dog->lent_count);
    /* relaxed: after the start of the runtime only we change it. */
    bool is_new = spare->index == atomic_load_explicit(&runtime->worker_started_count, memory_order_relaxed);
    if (is_new && !acti_worker_start(spare)) return false;
    dog->lent_count++;
    /* release: pairs with acti_spare_rest. */
    atomic_store_explicit(&spare->must_rest, 0, memory_order_release);
    acti_futex_wake(&spare->must_rest);
    acti_count(runtime, ACTI_STAT_LENT);
    return true;
}

static void
recall(struct acti_watchdog *dog)
{
    acti_worker *spare = spare_at(dog, --dog->lent_count);

    /* release: it sees it at the latest under idle_lock, before it sleeps, or we find it parked there. */
    atomic_store_explicit(&spare->must_rest, 1, memory_order_release);
    acti_worker_rouse(spare);
}

/* -- looking -- */

/* True: the worker is in the same task as at the look before. */
static bool
look_at(acti_worker *worker, acti_actor *actor, sight *seen, uint64_t now_ns)
{
    /* relaxed: a look at numbers that change; those that don't are settled. */
    uint64_t turn_count = atomic_load_explicit(&worker->turn_count, memory_order_relaxed);
    uint64_t task = atomic_load_explicit(&actor->task, memory_order_relaxed);
    uint64_t life = atomic_load_explicit(&actor->life, memory_order_relaxed);

    if (seen->actor == actor && seen->turn_count == turn_count && seen->task == task &&
        seen->generation == acti_life_generation(life))
        return true;
    *seen = (sight){ .turn_count = turn_count,
        .task = task,
        .cpu_ns = acti_thread_cpu_ns(worker->thread),
        .since_ns = now_ns,
        .actor = actor,
        .generation = acti_life_generation(life) };
    return false;
}

/* What is in its bundle and the actor in its LIFO slot would wait for the handler's end. */
static void
save_lifo(acti_worker *worker)
{
    acti_actor *receiver = acti_bundle_steal(worker);
    acti_actor *actor = acti_lifo_steal(worker);

    if (receiver != NULL) acti_inject(receiver);
    if (actor != NULL) acti_inject(actor);
}

/* It sleeps, or computes for long: then another thread may have its processor, or a share of it. */
static bool
is_help_due(acti_worker *worker, const sight *seen, uint64_t now_ns)
{
    uint64_t elapsed_ns = now_ns - seen->since_ns;

    return elapsed_ns >= COMPUTES_MS * (uint64_t)NS_PER_MS ||
           acti_thread_cpu_ns(worker->thread) - seen->cpu_ns < elapsed_ns / 2;
}

/* -- reporting -- */

/* What can be said of the actor without its owner. False: it is another's slot by now. */
static bool
copy_names(acta_runtime *runtime, acti_actor *actor, uint32_t generation, const char **behaviour_out, char *name)
{
    uint64_t life;

    acti_mutex_lock(&runtime->actor_lock);
    const acta_behaviour *behaviour = acti_behaviour_in_life(actor, &life);
    bool is_same = behaviour != NULL && acti_life_generation(life) == generation;
    if (is_same) *behaviour_out = behaviour->name;
    if (is_same) name[acti_name_copy(actor, name)] = '\0';
    acti_mutex_unlock(&runtime->actor_lock);
    return is_same;
}

/* Of one whose init is run now: "the init of 'worker' <1.7>". */
static void
describe_init(acta_runtime *runtime, uint32_t index, char *words)
{
    acti_actor *actor = acti_actor_slot(runtime, index);
    uint64_t life;

    snprintf(words, WORDS_MAX, "a spawn"); /* if it is over by now */
    acti_mutex_lock(&runtime->actor_lock);
    const acta_behaviour *behaviour = acti_behaviour_in_life(actor, &life);
    if (behaviour != NULL)
        snprintf(words, WORDS_MAX, "the init of '%.50s' <%u.%u>", behaviour->name, acti_life_generation(life), index);
    acti_mutex_unlock(&runtime->actor_lock);
}

static void
describe_task(acta_runtime *runtime, uint64_t task, char *words)
{
    static const char *const infos[] = { "DOWN", "EXIT", "TIMER", "REPLY", "TIMEOUT", "FD" };
    uint32_t what = acti_task_what(task), tag = (uint32_t)task;

    if (what == ACTI_TASK_CAST)
        snprintf(words, WORDS_MAX, "handle_cast (message %u)", tag);
    else if (what == ACTI_TASK_CALL)
        snprintf(words, WORDS_MAX, "handle_call (message %u)", tag);
    else if (what == ACTI_TASK_CONTINUE)
        snprintf(words, WORDS_MAX, "handle_continue");
    else if (what == ACTI_TASK_TERMINATE)
        snprintf(words, WORDS_MAX, "terminate");
    else if (what == ACTI_TASK_HIBERNATE)
        snprintf(words, WORDS_MAX, "hibernate");
    else if (what == ACTI_TASK_OWN_INIT)
        snprintf(words, WORDS_MAX, "its init, on a thread outside of the runtime,");
    else if (what == ACTI_TASK_INIT)
        describe_init(runtime, tag, words);
    else if (what >= ACTI_TASK_INFO && what - ACTI_TASK_INFO < sizeof infos / sizeof infos[0])
        snprintf(words, WORDS_MAX, "handle_info (%s %u)", infos[what - ACTI_TASK_INFO], tag);
    else
        snprintf(words, WORDS_MAX, "a handler");
}

static void
report(acta_runtime *runtime, const sight *seen, uint64_t now_ns)
{
    acti_actor *actor = seen->actor;
    uint64_t elapsed_ns = now_ns - seen->since_ns;
    char words[WORDS_MAX], name[ACTI_NAME_MAX + 1];
    const char *behaviour;

    if (!copy_names(runtime, actor, seen->generation, &behaviour, name)) return;
    describe_task(runtime, seen->task, words);
    acti_count(runtime, ACTI_STAT_SLOW);
    acti_record(runtime, ACTA_FLIGHT_SLOW, acti_pid_make(actor->index, seen->generation), behaviour,
        (uint32_t)seen->task, elapsed_ns);
    acta_log_event(&runtime->environment, ACTA_LOG_WARNING, "actor.slow",
        ACTA_LOG_FIELDS(acta_log_text("actor", acta_str_of(behaviour)), acta_log_number("generation", seen->generation),
            acta_log_number("index", actor->index), acta_log_text("name", acta_str_of(name)),
            acta_log_text("doing", acta_str_of(words)), acta_log_number("ms", elapsed_ns / NS_PER_MS)),
        "actor '%s' <%u.%u>%s%s%s has been in %s for %u ms", behaviour, seen->generation, actor->index,
        name[0] != '\0' ? " named '" : "", name, name[0] != '\0' ? "'" : "", words, (unsigned)(elapsed_ns / NS_PER_MS));
}

/* -- inits on outside threads -- */

void
acti_watchdog_init_begins(acti_actor *actor, acti_outside_init *init)
{
    struct acti_watchdog *dog = actor->runtime->watchdog;

    *init = (acti_outside_init){ .actor = actor, .generation = actor->generation };
    acti_mutex_lock(&dog->init_lock);
    init->next = dog->inits;
    if (dog->inits != NULL) dog->inits->prev = init;
    dog->inits = init;
    bool must_wake = dog->is_asleep_for_inits;
    dog->is_asleep_for_inits = false;
    acti_mutex_unlock(&dog->init_lock);
    if (must_wake) acti_watchdog_wake(actor->runtime);
}

void
acti_watchdog_init_ends(acta_runtime *runtime, acti_outside_init *init)
{
    struct acti_watchdog *dog = runtime->watchdog;

    acti_mutex_lock(&dog->init_lock);
    if (init->prev != NULL)
        init->prev->next = init->next;
    else
        dog->inits = init->next;
    if (init->next != NULL) init->next->prev = init->prev;
    acti_mutex_unlock(&dog->init_lock);
}

/* Those that are over the limit now: noted as reported. */
static uint32_t
take_slow_inits(struct acti_watchdog *dog, uint64_t now_ns, sight slow[INITS_AT_ONCE])
{
    uint32_t count = 0;

    acti_mutex_lock(&dog->init_lock);
    for (acti_outside_init *init = dog->inits; init != NULL && count < INITS_AT_ONCE; init = init->next) {
        if (init->since_ns == 0) init->since_ns = now_ns;
        if (init->is_reported || now_ns - init->since_ns < dog->limit_ns) continue;
        init->is_reported = true;
        slow[count++] = (sight){ .actor = init->actor,
            .generation = init->generation,
            .since_ns = init->since_ns,
            .task = (uint64_t)ACTI_TASK_OWN_INIT << 32 };
    }
    acti_mutex_unlock(&dog->init_lock);
    return count;
}

static void
look_at_inits(struct acti_watchdog *dog, uint64_t now_ns)
{
    sight slow[INITS_AT_ONCE];
    uint32_t count = take_slow_inits(dog, now_ns, slow);

    for (uint32_t i = 0; i < count; i++)
        report(dog->runtime, &slow[i], now_ns);
}

/* False: there is an init that may have to be reported. */
static bool
lie_down_for_inits(struct acti_watchdog *dog)
{
    bool is_right = true;

    acti_mutex_lock(&dog->init_lock);
    for (const acti_outside_init *init = dog->inits; init != NULL && dog->limit_ns != UINT64_MAX; init = init->next)
        is_right &= init->is_reported;
    dog->is_asleep_for_inits = is_right && dog->limit_ns != UINT64_MAX;
    acti_mutex_unlock(&dog->init_lock);
    return is_right;
}

/* -- deciding -- */

static void
look(struct acti_watchdog *dog, view *v)
{
    acta_runtime *runtime = dog->runtime;

    uint32_t count = atomic_load_explicit(&runtime->worker_started_count, memory_order_relaxed); /* ours to change */

    for (uint32_t i = 0; i < count; i++) {
        acti_worker *worker = &runtime->workers[i];
        sight *seen = &dog->sights[i];
        /* acquire: pairs with the release in work, so that the actor is one that is made. */
        acti_actor *actor = atomic_load_explicit(&worker->running, memory_order_acquire);
        if (actor == NULL) {
            v->is_changed |= seen->actor != NULL;
            seen->actor = NULL;
            continue;
        }
        if (!look_at(worker, actor, seen, v->now_ns)) {
            v->is_changed = true;
            continue;
        }
        v->stuck_count++;
        save_lifo(worker);
        if (is_help_due(worker, seen, v->now_ns)) v->helped_count++;
        if (seen->is_reported || v->now_ns - seen->since_ns < dog->limit_ns) continue;
        seen->is_reported = true;
        report(runtime, seen, v->now_ns);
    }
}

static void
share_out(struct acti_watchdog *dog, view *v)
{
    acta_runtime *runtime = dog->runtime;

    if (dog->lent_count > v->stuck_count) {
        recall(dog);
        v->is_changed = true;
    } else if (v->helped_count > dog->lent_count && acti_is_work_left(runtime, v->now_ns) && lend(dog))
        v->is_changed = true;
}

/* Until the next look. Who wakes a worker ends a sleep that is longer than usual. */
static void
sleep_a_while(struct acti_watchdog *dog, const view *v, uint32_t seen)
{
    bool is_idle = v->stuck_count == 0 && !v->is_changed;

    dog->pause_ms = v->is_changed || is_idle ? LOOK_MS : dog->pause_ms * 2;
    if (dog->pause_ms > LOOK_MS_MAX) dog->pause_ms = LOOK_MS_MAX;
    bool is_deep = (is_idle || dog->pause_ms > LOOK_MS) && acti_watchdog_lie_down(dog->runtime, is_idle);
    bool is_endless = is_idle && is_deep && lie_down_for_inits(dog);
    uint64_t pause_ns = is_endless ? UINT64_MAX : dog->pause_ms * (uint64_t)NS_PER_MS;
    acti_futex_wait(&dog->signal, seen, pause_ns);
}

static void *
watchdog_main(void *argument)
{
    struct acti_watchdog *dog = argument;

    for (;;) {
        /* acquire: pairs with acti_watchdog_wake. Read before the look, so that a wake after it is no sleep. */
        uint32_t seen = atomic_load_explicit(&dog->signal, memory_order_acquire);
        if (atomic_load_explicit(&dog->is_ending, memory_order_relaxed)) return NULL; /* set before the signal */
        view v = { .now_ns = acti_now_ns(dog->runtime) };
        look(dog, &v);
        look_at_inits(dog, v.now_ns);
        share_out(dog, &v);
        sleep_a_while(dog, &v, seen);
    }
}

void
acti_watchdog_wake(acta_runtime *runtime)
{
    struct acti_watchdog *dog = runtime->watchdog;

    atomic_fetch_add_explicit(&dog->signal, 1, memory_order_release); /* after what it is to find */
    acti_futex_wake(&dog->signal);
}

/* -- beginning and end -- */

acta_status
acti_watchdog_start(acta_runtime *runtime, uint32_t limit_ms, acta_error *error)
{
    char name[32];

    if (limit_ms == ACTA_INFINITE && runtime->worker_max == runtime->worker_count) return ACTA_OK;
    struct acti_watchdog *dog = acti_alloc(runtime, size_of(runtime));
    if (dog == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a runtime");
    memset(dog, 0, size_of(runtime));
    if (!acti_mutex_init(&dog->init_lock)) {
        acti_free(runtime, dog, size_of(runtime));
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a runtime");
    }
    dog->runtime = runtime;
    dog->limit_ns = limit_ms == ACTA_INFINITE ? UINT64_MAX : limit_ms * (uint64_t)NS_PER_MS;
    runtime->watchdog = dog;
    snprintf(name, sizeof name, "%.9s-watch", runtime->name);
    dog->is_started = acti_thread_start(&dog->thread, name, watchdog_main, dog);
    return dog->is_started ? ACTA_OK : acta_error_set(error, ACTA_IO, "cannot start the watchdog's thread");
}

/* No spare is lent or recalled afterwards. */
void
acti_watchdog_join(acta_runtime *runtime)
{
    struct acti_watchdog *dog = runtime->watchdog;

    if (dog == NULL || !dog->is_started) return;
    atomic_store_explicit(&dog->is_ending, true, memory_order_relaxed); /* published by the wake */
    acti_watchdog_wake(runtime);
    acti_thread_join(dog->thread);
    dog->is_started = false;
}

void
acti_watchdog_destroy(acta_runtime *runtime)
{
    if (runtime->watchdog == NULL) return;
    acti_mutex_deinit(&runtime->watchdog->init_lock);
    acti_free(runtime, runtime->watchdog, size_of(runtime));
    runtime->watchdog = NULL;
}
