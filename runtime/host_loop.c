/*
 * Driven by a host: a runtime without workers, whose host calls acta_run_once when acta_runtime_fd is readable.
 *
 *     host's loop --readable--> acta_run_once: what is ready, up to a bound --> asleep again
 *          ^                                                                      |
 *          |   the set of watched files (watch_fd.c), a timer, and the wake <-----+-- sends of other threads
 *
 * The fd is that set, so that whatever is to be done makes it readable. Other threads write the wake only when the host
 * is about to sleep or asleep: `is_waiting`. Who makes work queues it first and then looks at the flag; the host sets
 * the flag first and then looks at what is queued. So one of them sees the other.
 *
 * Which thread is the host's: the one that ran it last. Waiting there (acta_call, acta_runtime_stop) runs the runtime;
 * on other threads it sleeps until the host has.
 *
 * Invariant: outside of acta_run_once the fd is readable, or nothing is ready, and the timer is set to the wheel's next.
 */
#include "fds.h"

enum { TURNS_DEFAULT = 1000 };

struct acti_host_loop {
    struct acti_fds *fds;
    uint64_t armed_ns;        /* what the timer is set to; the host's thread only */
    _Atomic uintptr_t thread; /* the host's */
    alignas(ACTI_CACHE_LINE) _Atomic bool is_waiting;
};

/* An address that no two living threads share. */
static uintptr_t
this_thread(void)
{
    return (uintptr_t)&acti_current;
}

acta_status
acti_host_create(acta_runtime *runtime, acta_error *error)
{
    struct acti_host_loop *host = acti_line_alloc(&runtime->environment.allocator, sizeof *host);

    if (host == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a runtime");
    memset(host, 0, sizeof *host);
    host->fds = runtime->fds;
    host->armed_ns = UINT64_MAX;
    atomic_init(&host->thread, this_thread());
    atomic_init(&host->is_waiting, true);
    runtime->host_loop = host;
    return acti_fds_open(runtime, true, error);
}

void
acti_host_destroy(acta_runtime *runtime)
{
    acti_line_free(&runtime->environment.allocator, runtime->host_loop, sizeof *runtime->host_loop);
    runtime->host_loop = NULL;
}

void
acti_host_wake(acta_runtime *runtime)
{
    struct acti_host_loop *host = runtime->host_loop;

    /* seq_cst, both: after what the host is to find, as the host's store is before it looks. One waker writes. */
    if (!atomic_load_explicit(&host->is_waiting, memory_order_seq_cst)) return;
    if (atomic_exchange_explicit(&host->is_waiting, false, memory_order_seq_cst)) acti_poll_wake(&host->fds->poll);
}

/* From here on whoever makes work wakes us. What there is already does, too. */
static void
get_ready_to_wait(acta_runtime *runtime)
{
    struct acti_host_loop *host = runtime->host_loop;

    atomic_store_explicit(&host->is_waiting, true, memory_order_seq_cst); /* see acti_host_wake */
    if (acti_ready_count(runtime) > 0) acti_host_wake(runtime);
    /* seq_cst: after the flag, as acti_notify_timer's look at the flag is after the wheel's store. */
    uint64_t next_ns = atomic_load_explicit(&runtime->wheel.next_ns, memory_order_seq_cst);
    if (next_ns == host->armed_ns) return;
    host->armed_ns = next_ns;
    if (next_ns != UINT64_MAX) {
        uint64_t now_ns = acti_now_ns(runtime);
        next_ns = next_ns > now_ns ? next_ns - now_ns : 0;
    }
    acti_poll_set_timer(&host->fds->poll, next_ns);
}

static void
be_awake(acta_runtime *runtime)
{
    struct acti_host_loop *host = runtime->host_loop;

    /* relaxed: a waker that still sees it set writes a wake too many. */
    atomic_store_explicit(&host->is_waiting, false, memory_order_relaxed);
    /* relaxed: read by that thread, and by others that are not it whatever they read. */
    atomic_store_explicit(&host->thread, this_thread(), memory_order_relaxed);
}

/* The timer has rung: what it is set to next is to be written again. */
void
acti_host_timer_rang(acta_runtime *runtime)
{
    struct acti_host_loop *host = runtime->host_loop;

    acti_poll_set_timer(&host->fds->poll, UINT64_MAX);
    host->armed_ns = UINT64_MAX;
}

bool
acti_host_is_here(const acta_runtime *runtime)
{
    const struct acti_host_loop *host = runtime->host_loop;

    return host != NULL &&
           atomic_load_explicit(&host->thread, memory_order_relaxed) == this_thread(); /* see be_awake */
}

void
acti_host_take_over(acta_runtime *runtime)
{
    if (runtime->host_loop != NULL) be_awake(runtime);
}

void
acti_host_let_go(acta_runtime *runtime)
{
    if (runtime->host_loop != NULL) get_ready_to_wait(runtime);
}

void
acti_host_sleep(acta_runtime *runtime, _Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
    uint64_t left_ns = UINT64_MAX;

    get_ready_to_wait(runtime);
    if (deadline_ns != UINT64_MAX) {
        uint64_t now_ns = acti_now_ns(runtime);
        left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    }
    /* seq_cst: after the flag; who changes the word looks at the flag after that. */
    if (atomic_load_explicit(word, memory_order_seq_cst) == expected)
        acti_poll_sleep(&runtime->host_loop->fds->poll, left_ns);
    be_awake(runtime);
}

int
acta_runtime_fd(const acta_runtime *runtime)
{
    return runtime->host_loop != NULL ? runtime->host_loop->fds->poll.set_fd : -1;
}

uint32_t
acta_run_once(acta_runtime *runtime, uint32_t turn_max)
{
    uint32_t count = 0;

    if (runtime->host_loop == NULL || acti_context_here(runtime) != NULL) return 0;
    if (turn_max == 0) turn_max = TURNS_DEFAULT;
    be_awake(runtime);
    acti_fds_poll(runtime);
    while (count < turn_max && acta_runtime_step(runtime))
        count++;
    get_ready_to_wait(runtime);
    return count;
}
