/*
 * Threads, locks and sleeping. A seam: no other file of runtime/ calls the system for these.
 */
#include "acta/thread.h"

#include "thread.h"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

bool
acti_mutex_init(acti_mutex *mutex)
{
    return pthread_mutex_init(mutex, NULL) == 0;
}

void
acti_mutex_deinit(acti_mutex *mutex)
{
    pthread_mutex_destroy(mutex);
}

void
acti_mutex_lock(acti_mutex *mutex)
{
    pthread_mutex_lock(mutex);
}

bool
acti_mutex_try_lock(acti_mutex *mutex)
{
    return pthread_mutex_trylock(mutex) == 0;
}

void
acti_mutex_unlock(acti_mutex *mutex)
{
    pthread_mutex_unlock(mutex);
}

bool
acti_thread_start(acti_thread *thread, const char *name, void *(*run)(void *), void *argument)
{
    return acta_thread_start(thread, name, run, argument);
}

void
acti_thread_join(acti_thread thread)
{
    pthread_join(thread, NULL);
}

void
acti_thread_yield(void)
{
    sched_yield();
}

uint64_t
acti_thread_cpu_ns(acti_thread thread)
{
    struct timespec used;
    clockid_t clock;

    if (pthread_getcpuclockid(thread, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

bool
acti_thread_barrier_begin(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void
acti_thread_barrier(void)
{
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

void
acti_memory_prefer_huge(void *memory, size_t size)
{
    uintptr_t begin = ((uintptr_t)memory + ACTI_HUGE_PAGE - 1) / ACTI_HUGE_PAGE * ACTI_HUGE_PAGE;
    uintptr_t end = ((uintptr_t)memory + size) / ACTI_HUGE_PAGE * ACTI_HUGE_PAGE;

    if (begin < end) madvise((unsigned char *)memory + (begin - (uintptr_t)memory), end - begin, MADV_HUGEPAGE);
}

uint32_t
acti_process_id(void)
{
    return (uint32_t)getpid();
}

uint32_t
acti_processor_count(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count > 256 ? 256 : (uint32_t)count;
}

uint32_t
acti_thread_hash(void)
{
    uint64_t self = (uint64_t)(uintptr_t)pthread_self(); /* an address: its low bits are the same for all threads */
    return (uint32_t)((self >> 12) * 0x9e3779b97f4a7c15u >> 40);
}

void
acti_futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    struct timespec timeout = { .tv_sec = (time_t)(timeout_ns / 1000000000u),
        .tv_nsec = (long)(timeout_ns % 1000000000u) };

    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout_ns == UINT64_MAX ? NULL : &timeout, NULL, 0);
}

void
acti_futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
