/*
 * Threads of the store: the only place of store/ that knows how the system spells them.
 */
#ifndef ACTI_STORE_THREAD_H
#define ACTI_STORE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A lock and a condition that goes with it. */
typedef struct acti_monitor {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} acti_monitor;

void acti_monitor_init(acti_monitor *monitor);
void acti_monitor_deinit(acti_monitor *monitor);
void acti_monitor_enter(acti_monitor *monitor);
void acti_monitor_leave(acti_monitor *monitor);
void acti_monitor_wait(acti_monitor *monitor);                         /* inside; may return early */
void acti_monitor_wait_ms(acti_monitor *monitor, uint64_t timeout_ms); /* the same, no longer than this */
void acti_monitor_wake(acti_monitor *monitor);                         /* all that wait */

typedef struct acti_store_thread {
    pthread_t thread;
    void (*run)(void *user);
    void *user;
    bool running;
} acti_store_thread;

/* False: the system gave no thread. `thread` must stay where it is until join. */
bool acti_store_thread_start(acti_store_thread *thread, const char *name, void (*run)(void *user), void *user);
void acti_store_thread_join(acti_store_thread *thread); /* one that was never started too */

/* A number that no two running threads share; never 0. */
uint64_t acti_store_thread_self(void);

#endif
