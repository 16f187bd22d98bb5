/*
 * Threads, locks and sleeping: the only raw calls of runtime/ stand behind this header, in thread.c.
 */
#ifndef ACTI_RUNTIME_THREAD_H
#define ACTI_RUNTIME_THREAD_H

#include <ck_pr.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef pthread_mutex_t acti_mutex;
typedef pthread_t acti_thread;

bool acti_mutex_init(acti_mutex *mutex);
void acti_mutex_deinit(acti_mutex *mutex);
void acti_mutex_lock(acti_mutex *mutex);
bool acti_mutex_try_lock(acti_mutex *mutex);
void acti_mutex_unlock(acti_mutex *mutex);

/* `name` is cut at 15 bytes. False: the system gave no thread. */
bool acti_thread_start(acti_thread *thread, const char *name, void *(*run)(void *), void *argument);
void acti_thread_join(acti_thread thread);
void acti_thread_yield(void);

/* Processor time that the thread has used; one that isn't joined. */
uint64_t acti_thread_cpu_ns(acti_thread thread);

/* Let every thread of this process that runs now pass a full memory barrier before this returns: some µs. The first to
 * be called is the other, which says whether the kernel can do it. */
bool acti_thread_barrier_begin(void);
void acti_thread_barrier(void);

enum { ACTI_HUGE_PAGE = 2 << 20 /* bytes; a hint is all that hangs on it */ };

/* A hint: whole huge pages within this memory may be had in one piece, at the first touch, instead of page by page. */
void acti_memory_prefer_huge(void *memory, size_t size);

/* Another one in the child of a fork. */
uint32_t acti_process_id(void);

/* Processors that this process may use; at most 256. */
uint32_t acti_processor_count(void);

/* A number that tends to differ between threads. */
uint32_t acti_thread_hash(void);

/* Sleep while *word == expected, at most timeout_ns (UINT64_MAX: no limit). May return early for no reason. */
void acti_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns);
/* Wake all that sleep on the word. Harmless when it is not waited on, or used for something else by now. */
void acti_futex_wake(_Atomic uint32_t *word);

/* The compiler, and it alone, keeps the accesses before this before those after it. */
static inline void
acti_keep_order(void)
{
    ck_pr_barrier();
}

/* One step of a short wait that will end by another core's doing: Concurrency Kit knows each processor's pause. */
static inline void
acti_pause(void)
{
    ck_pr_stall();
}

#endif
