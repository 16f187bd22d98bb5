/*
 * Until when the next request of a connection must be whole: twice the idle timeout after the connection began, or its last
 * request ended; and until when its answer must have been taken: as long, for each 2 MiB of it. libmicrohttpd closes connections
 * that say nothing and take nothing; one that does so a byte now and then would stay for ever, keep others out, and the memory
 * of its answer.
 *
 *     began, or a request ended, or an answer is ready -> into the list
 *     a request is whole, or the connection ended -> out of it
 *
 * The first in the list is the first that is due. It is shut down, not closed: the rest is libmicrohttpd's, which sees an end of
 * what is sent. That tells of each end before it closes the socket.
 */
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "internal.h"

static const uint64_t second_ns = UINT64_C(1000000000);
static const size_t answer_part = 2 * 1024 * 1024;

struct acti_waiting {
    struct acti_waiting *next, *previous;
    int fd;
    uint64_t due_ns;
    bool is_listed;
};

struct acti_deadlines {
    acta_gateway *gateway;
    uint64_t patience_ns;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    acti_waiting *first, *last;
    uint64_t wakes_ns; /* when the thread looks again by itself; UINT64_MAX: it doesn't */
    bool is_running, stopping;
    pthread_t thread;
};

static uint64_t
now_ns(const acti_deadlines *deadlines)
{
    const acta_clock *clock = &deadlines->gateway->environment.clock;
    return clock->monotonic_ns(clock->user);
}

/* -- the list, under the lock -- */

static void
take_out(acti_deadlines *deadlines, acti_waiting *w)
{
    if (!w->is_listed) return;
    *(w->previous != NULL ? &w->previous->next : &deadlines->first) = w->next;
    *(w->next != NULL ? &w->next->previous : &deadlines->last) = w->previous;
    w->is_listed = false;
}

/* Behind all that are due before it: at the end, but for those few that take long answers. */
static void
put_in(acti_deadlines *deadlines, acti_waiting *w, uint64_t patience_ns)
{
    take_out(deadlines, w);
    w->due_ns = now_ns(deadlines) + patience_ns;
    w->previous = deadlines->last;
    while (w->previous != NULL && w->previous->due_ns > w->due_ns)
        w->previous = w->previous->previous;
    w->next = w->previous != NULL ? w->previous->next : deadlines->first;
    *(w->previous != NULL ? &w->previous->next : &deadlines->first) = w;
    *(w->next != NULL ? &w->next->previous : &deadlines->last) = w;
    w->is_listed = true;
}

/* -- connections -- */

acti_waiting *
acti_deadline_begin(acti_deadlines *deadlines, int fd)
{
    const acta_allocator *allocator = &deadlines->gateway->environment.allocator;
    acti_waiting *w = allocator->alloc(allocator->user, sizeof *w);

    if (w == NULL) return NULL;
    *w = (acti_waiting){ .fd = fd };
    acti_deadline_set(deadlines, w, 0);
    return w;
}

void
acti_deadline_set(acti_deadlines *deadlines, acti_waiting *w, size_t answer_size)
{
    if (w == NULL) return;
    pthread_mutex_lock(&deadlines->lock);
    put_in(deadlines, w, deadlines->patience_ns * (1 + answer_size / answer_part));
    bool is_early = w->due_ns < deadlines->wakes_ns;
    pthread_mutex_unlock(&deadlines->lock);
    if (is_early) pthread_cond_signal(&deadlines->changed);
}

void
acti_deadline_clear(acti_deadlines *deadlines, acti_waiting *w)
{
    if (w == NULL) return;
    pthread_mutex_lock(&deadlines->lock);
    take_out(deadlines, w);
    pthread_mutex_unlock(&deadlines->lock);
}

void
acti_deadline_end(acti_deadlines *deadlines, acti_waiting *w)
{
    const acta_allocator *allocator = &deadlines->gateway->environment.allocator;

    if (w == NULL) return;
    acti_deadline_clear(deadlines, w);
    allocator->free(allocator->user, w, sizeof *w);
}

/* -- the thread -- */

static void
end_those_due(acti_deadlines *deadlines)
{
    uint64_t now = now_ns(deadlines);

    while (deadlines->first != NULL && deadlines->first->due_ns <= now) {
        acti_waiting *w = deadlines->first;
        take_out(deadlines, w);
        shutdown(w->fd, SHUT_RDWR);
    }
}

/* Until the first is due, or there is one. */
static void
wait(acti_deadlines *deadlines)
{
    struct timespec until;

    deadlines->wakes_ns = deadlines->first != NULL ? deadlines->first->due_ns : UINT64_MAX;
    if (deadlines->first == NULL) {
        pthread_cond_wait(&deadlines->changed, &deadlines->lock);
        return;
    }
    uint64_t now = now_ns(deadlines), due = deadlines->first->due_ns;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + (due > now ? due - now : 0);
    until.tv_sec += (time_t)(ns / second_ns);
    until.tv_nsec = (long)(ns % second_ns);
    pthread_cond_clockwait(&deadlines->changed, &deadlines->lock, CLOCK_MONOTONIC, &until);
}

static void *
watch(void *user)
{
    acti_deadlines *deadlines = user;

    pthread_mutex_lock(&deadlines->lock);
    while (!deadlines->stopping) {
        end_those_due(deadlines);
        wait(deadlines);
    }
    pthread_mutex_unlock(&deadlines->lock);
    return NULL;
}

acti_deadlines *
acti_deadlines_create(acta_gateway *gateway, uint32_t idle_s)
{
    const acta_allocator *allocator = &gateway->environment.allocator;
    acti_deadlines *deadlines = allocator->alloc(allocator->user, sizeof *deadlines);

    if (deadlines == NULL) return NULL;
    *deadlines = (acti_deadlines){ .gateway = gateway, .patience_ns = 2 * idle_s * second_ns };
    pthread_mutex_init(&deadlines->lock, NULL);
    pthread_cond_init(&deadlines->changed, NULL);
    deadlines->is_running = acta_thread_start(&deadlines->thread, "acta-deadlines", watch, deadlines);
    if (deadlines->is_running) return deadlines;
    acti_deadlines_destroy(deadlines);
    return NULL;
}

void
acti_deadlines_destroy(acti_deadlines *deadlines)
{
    if (deadlines == NULL) return;
    const acta_allocator *allocator = &deadlines->gateway->environment.allocator;

    pthread_mutex_lock(&deadlines->lock);
    deadlines->stopping = true;
    pthread_mutex_unlock(&deadlines->lock);
    pthread_cond_signal(&deadlines->changed);
    if (deadlines->is_running) pthread_join(deadlines->thread, NULL);
    pthread_cond_destroy(&deadlines->changed);
    pthread_mutex_destroy(&deadlines->lock);
    allocator->free(allocator->user, deadlines, sizeof *deadlines);
}
