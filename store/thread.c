/*
 * Threads of the store, by pthreads.
 */
#include "acta/thread.h"

#include "thread.h"

#include <assert.h>

void
acti_monitor_init(acti_monitor *monitor)
{
    pthread_mutex_init(&monitor->mutex, NULL);
    pthread_cond_init(&monitor->changed, NULL);
}

void
acti_monitor_deinit(acti_monitor *monitor)
{
    pthread_cond_destroy(&monitor->changed);
    pthread_mutex_destroy(&monitor->mutex);
}

void
acti_monitor_enter(acti_monitor *monitor)
{
    pthread_mutex_lock(&monitor->mutex);
}

void
acti_monitor_leave(acti_monitor *monitor)
{
    pthread_mutex_unlock(&monitor->mutex);
}

void
acti_monitor_wait(acti_monitor *monitor)
{
    pthread_cond_wait(&monitor->changed, &monitor->mutex);
}

void
acti_monitor_wait_ms(acti_monitor *monitor, uint64_t timeout_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + timeout_ms % 1000 * 1000000;
    until.tv_sec += (time_t)(timeout_ms / 1000 + ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    pthread_cond_clockwait(&monitor->changed, &monitor->mutex, CLOCK_MONOTONIC, &until);
}

void
acti_monitor_wake(acti_monitor *monitor)
{
    pthread_cond_broadcast(&monitor->changed);
}

static void *
run_thread(void *user)
{
    acti_store_thread *thread = user;

    thread->run(thread->user);
    return NULL;
}

bool
acti_store_thread_start(acti_store_thread *thread, const char *name, void (*run)(void *user), void *user)
{
    thread->run = run;
    thread->user = user;
    thread->running = acta_thread_start(&thread->thread, name, run_thread, thread);
    return thread->running;
}

void
acti_store_thread_join(acti_store_thread *thread)
{
    if (!thread->running) return;
    pthread_join(thread->thread, NULL);
    thread->running = false;
}

static_assert(sizeof(pthread_t) <= sizeof(uint64_t), "a thread's number fits");

uint64_t
acti_store_thread_self(void)
{
    return (uint64_t)pthread_self();
}
