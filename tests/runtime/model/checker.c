/*
 * Exploring: executions one after the other, each a path through the tree of decisions, depth first.
 *
 *     nodes[0] - nodes[1] - ... - nodes[depth]      at each node: which thread goes on, and which value its load gives
 *        `- other branch to be taken (backtrack), branches taken (done), branches that would repeat (asleep)
 *
 * A branch is worth taking only where two steps of different threads touch the same word, one of them writing, and
 * nothing orders the one before the other: when a step is run, the last such step before it gets its thread as another
 * branch (dynamic partial-order reduction). A thread that was tried at a node sleeps in the later branches there until
 * a step comes that its own next step depends on (sleep sets).
 */
#include "checker.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct node {
    uint32_t enabled, backtrack, done, asleep; /* threads, as bits */
    int chosen;
    uint32_t choice, choice_count;
    step s;
    uint32_t number; /* among the steps of its thread, from 1 */
    uint32_t before; /* the step before it on the same object, plus 1; 0: none */
    clock_vector order;
} node;

thread threads[MODEL_THREAD_MAX];
uint32_t thread_count;
int running = -1;
const model_case *exploring;

static node nodes[STEP_MAX];
static uint32_t depth, replay_length;
static bool is_starting, is_pruned;
void **thread_local_variable;
static uint64_t slept_ns;
static model_result result;

static struct {
    const volatile void *mutex;
    int owner;
} locks[64];
static uint32_t lock_count;

static int *
owner_of(const volatile void *mutex)
{
    for (uint32_t i = 0; i < lock_count; i++)
        if (locks[i].mutex == mutex) return &locks[i].owner;
    if (lock_count == 64) abort();
    locks[lock_count].mutex = mutex;
    locks[lock_count].owner = -1;
    return &locks[lock_count++].owner;
}

/* -- which steps depend on each other -- */

static bool
has_object(const step *s)
{
    return s->kind != STEP_SLEEP && s->kind != STEP_PAUSE;
}

static bool
writes(const step *s)
{
    return s->kind != STEP_LOAD && s->kind != STEP_WAIT && s->kind != STEP_JOIN;
}

static bool
are_dependent(const step *a, const step *b)
{
    return has_object(a) && has_object(b) && a->object == b->object && (writes(a) || writes(b));
}

/* Could the later one have come first? */
static bool
may_swap(const step *before, const step *after)
{
    if (after->kind == STEP_UNLOCK || after->kind == STEP_JOIN) return false;
    return !(before->kind == STEP_UNLOCK && after->kind == STEP_LOCK);
}

static bool
is_enabled(const thread *t)
{
    switch (t->next.kind) {
    case STEP_LOCK:
        return *owner_of(t->next.object) < 0;
    case STEP_SLEEP:
        return t->is_woken || t->next.value != UINT64_MAX;
    case STEP_PAUSE:
        return memory_version(t->read_last) != t->read_version;
    case STEP_JOIN:
        return threads[t->next.target].is_done;
    default:
        return true;
    }
}

static uint32_t
enabled_threads(void)
{
    uint32_t enabled = 0, pausing = 0;

    for (uint32_t i = 0; i < thread_count; i++) {
        if (threads[i].is_done) continue;
        if (is_enabled(&threads[i])) enabled |= 1u << i;
        if (threads[i].next.kind == STEP_PAUSE) pausing |= 1u << i;
    }
    return enabled != 0 ? enabled : pausing; /* a short wait for nothing: it goes on when all others stand */
}

static void
look_for_race(int c, const node *now)
{
    for (uint32_t i = now->before; i > 0; i = nodes[i - 1].before) {
        node *n = &nodes[i - 1];
        if (n->chosen == c || !are_dependent(&n->s, &now->s) || !may_swap(&n->s, &now->s) ||
            n->number <= threads[c].order.at[n->chosen])
            continue;
        n->backtrack |= (n->enabled >> c & 1) != 0 ? 1u << c : n->enabled;
        return;
    }
}

static uint32_t
still_asleep(const node *n)
{
    uint32_t asleep = (n->asleep | n->done) & ~(1u << n->chosen), left = 0;

    for (uint32_t i = 0; i < thread_count; i++)
        if ((asleep >> i & 1) != 0 && !are_dependent(&threads[i].next, &n->s)) left |= 1u << i;
    return left;
}

/* -- one decision -- */

/* False: the execution ends here. */
static bool
make_node(node *n)
{
    uint32_t asleep = depth > 0 ? still_asleep(&nodes[depth - 1]) : 0;

    *n = (node){ .enabled = enabled_threads(), .asleep = asleep };
    uint32_t candidates = n->enabled & ~asleep;
    if (candidates == 0) {
        is_pruned = n->enabled != 0;
        return false;
    }
    int last = depth > 0 ? nodes[depth - 1].chosen : 0;
    n->chosen = (candidates >> last & 1) != 0 ? last : __builtin_ctz(candidates);
    n->backtrack = 1u << n->chosen;
    return true;
}

static void
order_step(node *n, thread *t)
{
    look_for_race(n->chosen, n);
    n->order = t->order;
    for (uint32_t i = n->before; i > 0; i = nodes[i - 1].before)
        if (are_dependent(&nodes[i - 1].s, &n->s)) clock_join(&n->order, &nodes[i - 1].order);
    n->order.at[n->chosen] = n->number;
}

/* The thread that goes on; -1: none. */
static int
choose(void)
{
    if (depth == STEP_MAX) {
        model_fail("more than %d steps: an endless loop", STEP_MAX);
        return -1;
    }
    node *n = &nodes[depth];
    if (depth >= replay_length && !make_node(n)) return -1;
    thread *t = &threads[n->chosen];
    n->s = t->next;
    if (n->choice_count == 0) n->choice_count = memory_choices(t, &n->s);
    n->number = ++t->step_count;
    n->before = has_object(&n->s) ? memory_last_step(n->s.object, depth + 1) : 0;
    if (depth + 1 >= replay_length) order_step(n, t);
    t->order = n->order;
    depth++;
    return n->chosen;
}

static void
hand_over(int to)
{
    if (thread_local_variable != NULL && running >= 0) threads[running].local = *thread_local_variable;
    running = to;
    if (thread_local_variable != NULL) *thread_local_variable = to >= 0 ? threads[to].local : NULL;
    fibre_switch(to);
}

static void
wake_all(const volatile void *object)
{
    for (uint32_t i = 0; i < thread_count; i++) {
        thread *t = &threads[i];
        if (t->is_done || t->next.kind != STEP_SLEEP || t->next.object != object) continue;
        t->is_woken = true;
        clock_join(&t->order, &threads[running].order);
    }
}

static void
perform(thread *t, step *s, uint32_t choice)
{
    t->memory.at[running]++;
    switch (s->kind) {
    case STEP_TRY_LOCK:
        s->ok = *owner_of(s->object) < 0;
        if (!s->ok) break;
        /* fall through */
    case STEP_LOCK:
        *owner_of(s->object) = running;
        memory_acquire(t, s->object);
        break;
    case STEP_UNLOCK:
        if (*owner_of(s->object) != running) model_fail("unlocked by a thread that has not locked it");
        *owner_of(s->object) = -1;
        memory_release(t, s->object);
        break;
    case STEP_WAKE:
        wake_all(s->object);
        break;
    case STEP_PAUSE:
        t->is_fresh = true;
        break;
    case STEP_JOIN:
        clock_join(&t->memory, &threads[s->target].memory);
        break;
    case STEP_END:
        t->is_done = true;
        break;
    case STEP_SLEEP:
        if (!t->is_woken) slept_ns += s->value; /* all of its time */
        t->is_woken = false;
        break;
    default:
        memory_perform(t, s, choice);
    }
}

/* In a thread: its next step, when its turn comes. */
static void
take_step(step *s)
{
    thread *t = &threads[running];
    int me = running;
    t->next = *s;
    if (is_starting)
        hand_over(-1);
    else {
        int to = choose();
        if (to != me) hand_over(to);
    }
    node *n = &nodes[depth - 1];
    perform(t, s, n->choice);
    t->memory.at[me]++; /* plain accesses from here on aren't in what the step has released */
    n->s = *s;
    result.steps++;
}

static void
run_thread(uint32_t index)
{
    threads[index].run(threads[index].argument);
    take_step(&(step){ .kind = STEP_END, .object = &threads[index] });
    hand_over(choose());
}

/* -- what the seam calls -- */

/* Outside of the threads (a case's begin and end) there is nobody else, and no step. */
static void
run_step(step *s)
{
    if (running < 0)
        memory_perform_outside(s);
    else if (!memory_plant(s))
        take_step(s);
}

uint64_t
model_load(const volatile void *object, size_t size, memory_order order, model_site site)
{
    step s = { .kind = STEP_LOAD, .object = object, .size = size, .order = order, .site = site };

    run_step(&s);
    return s.result;
}

void
model_store(volatile void *object, size_t size, uint64_t value, memory_order order, model_site site)
{
    step s = { .kind = STEP_STORE, .object = object, .size = size, .value = value, .order = order, .site = site };

    run_step(&s);
}

uint64_t
model_change(
    volatile void *object, size_t size, model_update update, uint64_t value, memory_order order, model_site site)
{
    step s = { .kind = STEP_CHANGE,
        .object = object,
        .size = size,
        .update = update,
        .value = value,
        .order = order,
        .site = site };

    run_step(&s);
    return s.result;
}

bool
model_compare_exchange(volatile void *object, size_t size, void *expected, uint64_t desired, memory_order order,
    memory_order failure, model_site site)
{
    step s = { .kind = STEP_COMPARE,
        .object = object,
        .size = size,
        .expected = expected,
        .value = desired,
        .order = order,
        .failure = failure,
        .site = site };

    run_step(&s);
    return s.ok;
}

static bool
on_object(step_kind kind, const volatile void *object, const char *text)
{
    step s = { .kind = kind, .object = object, .site = { "", "", text, 0 } };

    if (running < 0) return true;
    take_step(&s);
    return s.ok;
}

bool
acti_mutex_init(acti_mutex *mutex)
{
    (void)mutex;
    return true;
}

void
acti_mutex_deinit(acti_mutex *mutex)
{
    (void)mutex;
}

void
acti_mutex_lock(acti_mutex *mutex)
{
    on_object(STEP_LOCK, mutex, "lock");
}

bool
acti_mutex_try_lock(acti_mutex *mutex)
{
    return on_object(STEP_TRY_LOCK, mutex, "try to lock");
}

void
acti_mutex_unlock(acti_mutex *mutex)
{
    on_object(STEP_UNLOCK, mutex, "unlock");
}

void
acti_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    step look = {
        .kind = STEP_WAIT, .object = word, .size = sizeof *word, .value = expected, .site = { "", "", "futex wait", 0 }
    };
    step sleep = { .kind = STEP_SLEEP, .object = word, .value = timeout_ns, .site = { "", "", "asleep", 0 } };

    take_step(&look);
    if (look.ok) take_step(&sleep);
}

void
acti_futex_wake(_Atomic uint32_t *word)
{
    on_object(STEP_WAKE, word, "futex wake");
}

void
model_pause(void)
{
    if (running >= 0) on_object(STEP_PAUSE, threads[running].read_last, "pause");
}

void
acti_thread_yield(void)
{
    model_pause();
}

bool
acti_thread_barrier_begin(void)
{
    return true;
}

/* All that others have stored is seen from here on. */
void
acti_thread_barrier(void)
{
    if (running >= 0) threads[running].is_fresh = true;
}

typedef void *(*thread_main)(void *);
static thread_main mains[MODEL_THREAD_MAX];

static void
run_main(void *argument)
{
    mains[running](argument);
}

/* Only in a case's begin: threads are there from the start. */
bool
acti_thread_start(acti_thread *started, const char *name, void *(*run)(void *), void *argument)
{
    *started = thread_count;
    mains[thread_count] = run;
    model_thread(name, run_main, argument, true);
    return true;
}

void
acti_thread_join(acti_thread target)
{
    step s = {
        .kind = STEP_JOIN, .object = &threads[target], .target = (uint32_t)target, .site = { "", "", "join", 0 }
    };
    if (running >= 0) take_step(&s);
}

uint32_t
acti_processor_count(void)
{
    return 2;
}

uint32_t
acti_thread_hash(void)
{
    return (uint32_t)(running + 1);
}

/* -- the case's side -- */

uint32_t
model_thread(const char *name, void (*run)(void *argument), void *argument, bool is_daemon)
{
    assert(thread_count < MODEL_THREAD_MAX);
    threads[thread_count++] = (thread){ .name = name, .run = run, .argument = argument, .is_daemon = is_daemon };
    return thread_count - 1;
}

uint64_t
model_slept_ns(void)
{
    return slept_ns;
}

void
model_thread_local(void **variable)
{
    thread_local_variable = variable;
}

void
model_fail(const char *format, ...)
{
    va_list arguments;

    if (!result.failed) {
        va_start(arguments, format);
        vsnprintf(result.failure, sizeof result.failure, format, arguments);
        va_end(arguments);
        result.failed = true;
    }
    if (running >= 0) hand_over(-1); /* and never back */
}

/* -- a whole execution, and the next -- */

static void
check_end(void)
{
    if (result.failed || is_pruned) return;
    for (uint32_t i = 0; i < thread_count; i++) {
        if (threads[i].is_done || threads[i].is_daemon) continue;
        model_fail("'%s' waits for ever (%s)", threads[i].name, threads[i].next.site.text);
        return;
    }
    if (exploring->end != NULL) exploring->end();
}

static void
run_once(void)
{
    depth = thread_count = lock_count = 0;
    slept_ns = 0;
    is_pruned = false;
    memory_forget();
    exploring->begin();
    is_starting = true;
    for (uint32_t i = 0; i < thread_count; i++) {
        fibre_start(i, run_thread);
        threads[i].memory.at[i] = 1;
        hand_over((int)i);
    }
    is_starting = false;
    if (!result.failed) {
        int first = choose();
        if (first >= 0) hand_over(first);
    }
    running = -1;
    check_end();
}

/* To the deepest node with something left to try. False: there is none. */
static bool
step_back(void)
{
    while (depth > 0) {
        node *n = &nodes[depth - 1];
        if (n->choice + 1 < n->choice_count) {
            n->choice++;
            replay_length = depth;
            return true;
        }
        n->done |= 1u << n->chosen;
        uint32_t left = n->backtrack & ~n->done & ~n->asleep;
        if (left != 0) {
            n->chosen = __builtin_ctz(left);
            n->choice = n->choice_count = 0;
            replay_length = depth;
            return true;
        }
        depth--;
    }
    return false;
}

static char *
format_trace(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL) return NULL;
    for (uint32_t i = 0; i < depth; i++) {
        const node *n = &nodes[i];
        const step *s = &n->s;
        const char *file = strrchr(s->site.file != NULL ? s->site.file : "", '/');
        fprintf(out, "%4u  %-10s %-58s", i + 1, threads[n->chosen].name, s->site.text != NULL ? s->site.text : "ends");
        if (s->kind == STEP_LOAD || s->kind == STEP_CHANGE) fprintf(out, " -> %#llx", (unsigned long long)s->result);
        if (s->kind == STEP_STORE) fprintf(out, " := %#llx", (unsigned long long)s->value);
        if (s->kind == STEP_COMPARE || s->kind == STEP_WAIT) fprintf(out, " -> %s", s->ok ? "yes" : "no");
        if (n->choice > 0) fprintf(out, " (%u stores old)", n->choice);
        if (file != NULL) fprintf(out, "  %s %s:%d", s->site.function, file + 1, s->site.line);
        fputc('\n', out);
    }
    fclose(out);
    return text;
}

model_result
model_explore(const model_case *c)
{
    const char *stress = getenv("ACTA_STRESS");
    uint64_t factor = stress != NULL && atoi(stress) > 0 ? (uint64_t)atoi(stress) : 1;
    uint64_t most = c->part != 0 ? c->part * factor : UINT64_MAX;

    exploring = c;
    result = (model_result){ .is_complete = false };
    replay_length = 0;
    do {
        run_once();
        if (is_pruned)
            result.pruned++;
        else
            result.interleavings++;
        if (result.failed) result.trace = format_trace();
    } while (!result.failed && result.interleavings + result.pruned < most && step_back());
    result.is_complete = result.failed || depth == 0;
    printf("%s: %llu interleavings, %llu pruned, %llu steps%s%s\n", c->name, (unsigned long long)result.interleavings,
        (unsigned long long)result.pruned, (unsigned long long)result.steps, result.failed ? ": " : "",
        result.failed        ? result.failure
        : result.is_complete ? ""
                             : ": not all");
    return result;
}

/* An assertion of the shipped code. */
void
__assert_fail(const char *assertion, const char *file, unsigned line, const char *function)
{
    model_fail("assertion '%s' at %s:%u in %s", assertion, file, line, function);
    abort();
}
