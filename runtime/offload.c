/*
 * Offload: a queue of jobs, and the few threads that run them.
 *
 *     actor --job--> queue --> thread: work(argument) --answer--> the actor's mailbox
 *                      |
 *                      +--> taken out again: cancelled, or the actor is gone
 *
 * The answer is that of a request: a call record (call.c) that is completed once, by the work's result, by its timeout,
 * by the queue that is full, or not at all because the actor gave it up. So a result that nobody waits for any more
 * finds a record that isn't pending, and is destroyed.
 *
 * Invariants
 *  - While a call's `job` points to a job, that job is in the queue; both change under the pool's lock only.
 *  - A thread is idle as long as it is in the stack of idle ones; whoever takes it from there gives it the token.
 *  - `acti_job.from` is constant; the record behind it is type-stable, so it can be looked at for ever.
 *
 * Manual runtimes have the queue, and no threads: acti_offload_step.
 */
#include "fault.h"
#include "internal.h"

struct acta_job {
    struct acta_job *prev, *next; /* in the queue */
    acta_runtime *runtime;
    acta_work work;
    acta_message *argument;
    acta_from from;
};

typedef struct pool_thread {
    struct acti_offload *pool;
    struct pool_thread *next_idle;
    _Atomic uint32_t token; /* a futex; 1: look again */
    acti_thread thread;
} pool_thread;

struct acti_offload {
    acta_runtime *runtime;
    acti_mutex lock;
    acta_job *first, *last;
    uint32_t queue_count, queue_max;
    pool_thread *threads, *idle;
    uint32_t thread_count, thread_max;
    bool is_ending;
    _Atomic uint32_t busy_count; /* jobs that threads have in hand */
    _Atomic uint32_t queue_look; /* queue_count, for those who don't hold the lock */
};

acta_status
acti_offload_create(acta_runtime *runtime, const acta_runtime_config *config)
{
    struct acti_offload *pool = acti_alloc(runtime, sizeof *pool);

    if (pool == NULL) return ACTA_NO_MEMORY;
    memset(pool, 0, sizeof *pool);
    pool->runtime = runtime;
    pool->queue_max = config->offload_queue_max != 0 ? config->offload_queue_max : ACTA_OFFLOAD_QUEUE_DEFAULT;
    if (!config->manual)
        pool->thread_max = config->offload_threads != 0 ? config->offload_threads : ACTA_OFFLOAD_THREADS_DEFAULT;
    pool->threads = pool->thread_max > 0 ? acti_alloc(runtime, pool->thread_max * sizeof *pool->threads) : NULL;
    if ((pool->thread_max > 0 && pool->threads == NULL) || !acti_mutex_init(&pool->lock)) {
        acti_free(runtime, pool->threads, pool->thread_max * sizeof *pool->threads);
        acti_free(runtime, pool, sizeof *pool);
        return ACTA_NO_MEMORY;
    }
    runtime->offload = pool;
    return ACTA_OK;
}

void
acti_offload_destroy(acta_runtime *runtime)
{
    struct acti_offload *pool = runtime->offload;

    if (pool == NULL) return;
    ACTI_ASSERT(pool->first == NULL); /* all who asked are gone, and what they asked for with them */
    acti_mutex_deinit(&pool->lock);
    acti_free(runtime, pool->threads, pool->thread_max * sizeof *pool->threads);
    acti_free(runtime, pool, sizeof *pool);
    runtime->offload = NULL;
}

/* -- the queue, under the lock -- */

static void
count_queue(struct acti_offload *pool, uint32_t count)
{
    pool->queue_count = count;
    atomic_store_explicit(&pool->queue_look, count, memory_order_relaxed); /* a hint; the lock decides */
}

static void
put_in(struct acti_offload *pool, acta_job *job)
{
    job->next = NULL;
    job->prev = pool->last;
    if (job->prev != NULL)
        job->prev->next = job;
    else
        pool->first = job;
    pool->last = job;
    count_queue(pool, pool->queue_count + 1);
}

static void
take_out(struct acti_offload *pool, acta_job *job)
{
    acti_call *call = (acti_call *)(uintptr_t)job->from.a;

    if (job->prev != NULL)
        job->prev->next = job->next;
    else
        pool->first = job->next;
    if (job->next != NULL)
        job->next->prev = job->prev;
    else
        pool->last = job->prev;
    count_queue(pool, pool->queue_count - 1);
    /* relaxed: written under the lock; without it, a look. Another job's, when the record has been used again since. */
    if (atomic_load_explicit(&call->job, memory_order_relaxed) == job)
        atomic_store_explicit(&call->job, NULL, memory_order_relaxed);
}

/* -- a job's way -- */

static void
free_job(acta_job *job)
{
    acti_free(job->runtime, job, sizeof *job);
}

static void
drop_job(acta_job *job)
{
    acta_message_destroy(job->argument);
    free_job(job);
}

acta_runtime *
acta_job_runtime(const acta_job *job)
{
    return job->runtime;
}

bool
acta_job_is_wanted(const acta_job *job)
{
    return acti_call_is_pending((const acti_call *)(uintptr_t)job->from.a, job->from.b);
}

static void
answer(acta_job *job, acta_status status, acta_message *result, const acta_error *error)
{
    if (acti_call_complete((acti_call *)(uintptr_t)job->from.a, job->from.b, status, result, error)) return;
    acti_count(job->runtime, ACTI_STAT_LATE);
    acta_message_destroy(result);
}

static void
run_job(acta_job *job)
{
    acta_runtime *runtime = job->runtime;
    acti_context *outer = acti_current;
    acti_context context = { .runtime = runtime }; /* of the runtime, and in no actor */
    acta_message *result = NULL;
    acta_error error;

    if (!acta_job_is_wanted(job)) {
        drop_job(job);
        return;
    }
    acti_count(runtime, ACTI_STAT_OFFLOADED);
    acta_error_set(&error, ACTA_FAILED, NULL);
    error.text[0] = '\0';
    acti_current = &context;
    acta_status status = job->work(job, job->argument, &result, &error);
    if (result != job->argument) acta_message_destroy(job->argument);
    if (status != ACTA_OK && error.text[0] == '\0') acta_error_set(&error, status, NULL);
    error.status = status;
    answer(job, status, result, &error);
    acti_current = outer;
    free_job(job);
}

static void
refuse_job(acta_job *job, acta_status status, const char *text)
{
    acta_error error;

    acti_count(job->runtime, ACTI_STAT_OFFLOADS_REFUSED);
    acta_error_set(&error, status, "%s", text);
    answer(job, status, NULL, &error);
    drop_job(job);
}

/* -- threads -- */

/* The next job; NULL: the pool ends. Sleeps in between. */
static acta_job *
next_job(struct acti_offload *pool, pool_thread *me)
{
    for (;;) {
        acti_mutex_lock(&pool->lock);
        acta_job *job = pool->first;
        bool is_ending = pool->is_ending;
        if (job != NULL) {
            take_out(pool, job);
            atomic_fetch_add_explicit(&pool->busy_count, 1, memory_order_relaxed); /* a stop looks after the lock */
        } else if (!is_ending) {
            atomic_store_explicit(&me->token, 0, memory_order_relaxed); /* nobody gives it before we are in the stack */
            me->next_idle = pool->idle;
            pool->idle = me;
        }
        acti_mutex_unlock(&pool->lock);
        if (job != NULL || is_ending) return job;
        /* acquire: pairs with rouse. */
        while (atomic_load_explicit(&me->token, memory_order_acquire) == 0)
            acti_futex_wait(&me->token, 0, UINT64_MAX);
    }
}

static void *
pool_main(void *argument)
{
    pool_thread *me = argument;
    struct acti_offload *pool = me->pool;
    acti_signal_stack signal_stack;
    acta_job *job;

    acti_stack_note();
    acti_signal_stack_enter(&signal_stack);
    while ((job = next_job(pool, me)) != NULL) {
        run_job(job);
        atomic_fetch_sub_explicit(&pool->busy_count, 1, memory_order_seq_cst); /* see acti_stop_look */
        acti_stop_look(pool->runtime);
    }
    acti_signal_stack_leave(&signal_stack);
    return NULL;
}

static pool_thread *
take_idle(struct acti_offload *pool)
{
    pool_thread *idle = pool->idle;

    if (idle != NULL) pool->idle = idle->next_idle;
    return idle;
}

static void
rouse(pool_thread *idle)
{
    /* release: after this the thread may sleep again, or end. The futex of one that has ended stays in place until the
     * pool goes. */
    atomic_store_explicit(&idle->token, 1, memory_order_release);
    acti_futex_wake(&idle->token);
}

/* Under the lock, so that threads are numbered as they are started. */
static bool
start_thread(struct acti_offload *pool)
{
    char name[32];
    pool_thread *thread = &pool->threads[pool->thread_count];

    *thread = (pool_thread){ .pool = pool };
    snprintf(name, sizeof name, "%.10s-o%u", pool->runtime->name, pool->thread_count);
    if (!acti_thread_start(&thread->thread, name, pool_main, thread)) return false;
    pool->thread_count++;
    return true;
}

static bool
provide_thread(struct acti_offload *pool, pool_thread **idle_out)
{
    *idle_out = take_idle(pool);
    if (*idle_out != NULL || pool->thread_max == 0) return true;
    if (pool->thread_count < pool->thread_max && start_thread(pool)) return true;
    return pool->thread_count > 0;
}

void
acti_offload_join(acta_runtime *runtime)
{
    struct acti_offload *pool = runtime->offload;
    pool_thread *idle;

    if (pool == NULL) return;
    acti_mutex_lock(&pool->lock);
    pool->is_ending = true;
    uint32_t count = pool->thread_count;
    acti_mutex_unlock(&pool->lock);
    do {
        acti_mutex_lock(&pool->lock);
        idle = take_idle(pool);
        acti_mutex_unlock(&pool->lock);
        if (idle != NULL) rouse(idle);
    } while (idle != NULL);
    for (uint32_t i = 0; i < count; i++)
        acti_thread_join(pool->threads[i].thread);
    pool->thread_count = 0;
    while (acti_offload_step(runtime)) {} /* what timed out in the queue */
}

_Atomic uint32_t *
acti_offload_busy_count(acta_runtime *runtime)
{
    return &runtime->offload->busy_count;
}

/* -- by hand -- */

bool
acti_offload_is_waiting(const acta_runtime *runtime)
{
    const struct acti_offload *pool = runtime->offload;
    return pool->thread_max == 0 && atomic_load_explicit(&pool->queue_look, memory_order_relaxed) > 0; /* a hint */
}

bool
acti_offload_step(acta_runtime *runtime)
{
    struct acti_offload *pool = runtime->offload;

    acti_mutex_lock(&pool->lock);
    acta_job *job = pool->first;
    if (job != NULL && ACTA_SIM_CHANCE(&runtime->environment, "offload.last.first", 50)) job = pool->last;
    if (job != NULL) take_out(pool, job);
    acti_mutex_unlock(&pool->lock);
    if (job == NULL) return false;
    run_job(job);
    return true;
}

/* -- what handlers call -- */

/* ACTA_OK: it is in the queue, and nobody's but the queue's. */
static acta_status
enqueue(struct acti_offload *pool, acti_call *call, acta_job *job)
{
    pool_thread *idle = NULL;
    acta_status status = ACTA_OK;

    acti_mutex_lock(&pool->lock);
    bool is_full = pool->queue_count >= pool->queue_max;
    if (is_full || ACTA_SIM_CHANCE(&pool->runtime->environment, "offload.queue.full", 25))
        status = ACTA_BUSY;
    else if (!provide_thread(pool, &idle))
        status = ACTA_IO;
    else {
        put_in(pool, job);
        atomic_store_explicit(&call->job, job, memory_order_relaxed); /* under the lock */
    }
    acti_mutex_unlock(&pool->lock);
    if (idle != NULL) rouse(idle);
    return status;
}

acta_status
acta_offload(acta_self *self, acta_work work, acta_message *argument, uint32_t timeout_ms, acta_ref *ref_out)
{
    acta_runtime *runtime = self->runtime;
    acta_job *job = acti_alloc(runtime, sizeof *job);
    acti_call *call = NULL;

    acti_bundle_flush_here(acti_current);
    if (job != NULL) {
        *job = (acta_job){ .runtime = runtime, .work = work, .argument = argument };
        call = acti_call_begin_request(self, timeout_ms, &job->from);
    }
    if (call == NULL) {
        acti_free(runtime, job, sizeof *job);
        acta_message_destroy(argument);
        return ACTA_NO_MEMORY;
    }
    if (ref_out != NULL) *ref_out = call->ref;
    acta_status status = enqueue(runtime->offload, call, job);
    if (status == ACTA_BUSY) refuse_job(job, status, "the queue of offloaded work is full, try again later");
    if (status == ACTA_IO) refuse_job(job, status, "the system gives no thread for offloaded work");
    return ACTA_OK;
}

/* True: the work was in the queue, and is gone. For an actor that has the request, and for its end. */
bool
acti_offload_withdraw(acti_call *call, uint64_t generation)
{
    struct acti_offload *pool = call->runtime->offload;

    /* relaxed: a look. It was set before by this actor; once NULL it stays so for this request. */
    if (atomic_load_explicit(&call->job, memory_order_relaxed) == NULL) return false;
    acti_mutex_lock(&pool->lock);
    acta_job *job = atomic_load_explicit(&call->job, memory_order_relaxed);
    if (job != NULL && job->from.b == generation)
        take_out(pool, job);
    else
        job = NULL; /* of another actor, to which the record has passed */
    acti_mutex_unlock(&pool->lock);
    if (job != NULL) drop_job(job);
    return job != NULL;
}

bool
acta_offload_cancel(acta_self *self, acta_ref ref)
{
    acti_ref_entry *entry = acti_ref_find(self, ref, ACTI_REF_REQUEST);

    if (entry == NULL) return false;
    acti_call *call = entry->object;
    uint64_t generation = entry->stamp;
    acti_ref_remove(self, ref);
    bool in_time = acti_offload_withdraw(call, generation);
    if (acti_call_abandon(call, generation)) acti_call_release(call); /* else the answer in the mailbox frees it */
    return in_time;
}
