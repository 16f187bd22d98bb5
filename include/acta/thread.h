/*
 * Threads of the library's own: what is the same for all of them, whichever floor they work for. Not for users.
 */
#ifndef ACTA_THREAD_H
#define ACTA_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "acta/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Bytes below a thread's stack that nobody may touch. The C library's usual one is a page: a frame that is larger steps over
 * it into whatever lies below, which is as often as not another thread's stack. This is as much as the kernel keeps free
 * below the stack of a program's first thread (stack_guard_gap). It takes addresses, and no memory.
 */
enum { ACTA_STACK_GUARD = 1 << 20 };

/*
 * Start a thread with the process's default attributes and a guard of ACTA_STACK_GUARD bytes, or the default's if that is
 * larger. The host's signals are the host's: it blocks all but those that a fault raises, and SIGPROF.
 *   name  cut at 15 bytes, and copied
 * False: the system gave no thread. Threads: any.
 */
ACTA_API bool acta_thread_start(pthread_t *thread_out, const char *name, void *(*run)(void *argument), void *argument);

/* Let some time go by. */
ACTA_API void acta_thread_pause(uint32_t ms);

#ifdef __cplusplus
}
#endif
#endif
