/*
 * Faults: what is known about a process that dies of SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT, on the way out.
 *
 * Acta never touches a signal by itself. A program that wants reports calls acta_fault_handlers_install once; from then
 * on a fault prints, before the process dies as it would have anyway, with its core dump:
 *
 *     acta: SIGSEGV (no memory at this address) at 0x10
 *     acta: actor 'teller' <1.5>, behaviour 'account', on worker 0 of runtime 'bank'
 *     acta: message 7 of 16 bytes, a call
 *     acta: in withdraw (bank+0x4711)
 *     acta:    account_call (bank+0x4900)
 *     acta:    …
 *     acta: the last events of runtime 'bank'
 *     …
 *
 * The report is made with nothing that a signal handler may not use: no heap, no lock, no stdio. Workers have a stack of
 * their own for it, so that an actor that ran out of stack is reported as well: "SIGSEGV (out of stack) at 0x…".
 */
#ifndef ACTA_FAULT_H
#define ACTA_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "acta/gen_server.h"
#include "acta/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ACTA_FAULT_EVENTS_DEFAULT = 64 };
#define ACTA_FAULT_NO_EVENTS UINT32_MAX

typedef struct acta_fault_options {
    int fd;               /* open for writing; where reports go; 0: stderr */
    uint32_t event_count; /* of the flight recorder, in a report; 0: 64; or ACTA_FAULT_NO_EVENTS */
    bool no_backtrace;
} acta_fault_options;

/*
 * Report faults from here on, of all threads and all runtimes of this process, those that exist and those to come.
 *   options  copied; NULL: all defaults
 * After a report the handler that was there before is called; if there was none, the default action is taken: the
 * process dies of the same signal. A handler that was there before and goes on (returns, or jumps) may do so.
 * The calling thread gets a stack for handlers (sigaltstack) unless it has one; other threads of the host's that want
 * one arrange for it themselves. A handler installed after this one is asked first, and sees faults before Acta does.
 * Threads: one at a time. Errors: ACTA_ALREADY_EXISTS they are installed; ACTA_NO_MEMORY; ACTA_IO the system refused;
 * nothing is installed then.
 */
ACTA_API acta_status acta_fault_handlers_install(const acta_fault_options *options, acta_error *error);

/*
 * Put back the handlers that were there before. A signal for which somebody else has installed a handler since keeps
 * that one; should it call ours, ours only calls the one before. Threads: one at a time; no thread may be in a fault.
 */
ACTA_API void acta_fault_handlers_remove(void);

/*
 * -- containment --
 *
 * An actor whose behaviour names its code in `contain_faults` is ended alone by a fault in that code: FAILED, "SIGSEGV
 * (no memory at this address) at 0x10", with a backtrace in its report; links, monitors and its supervisor are told as
 * after acta_fail, but neither terminate nor format is called, for its state is not to be trusted. Where no fault
 * handlers are installed, or the fault is not all the actor's own, the process dies as ever.
 *
 * All the actor's own: the fault is in the code that was named, and so is every call between it and the runtime's call of
 * the handler (init and terminate included). A fault in the C library or in Acta, whoever gave it the bad pointer, is
 * not, nor one in a function that either of them called back, for they might hold a lock.
 *
 * It can't give back what the actor had taken by then, locks and files and memory from malloc (memory from acta_alloc
 * is), nor undo what a stray pointer has overwritten before it hit nothing: it is for code that can't be trusted to be
 * right in a process that would rather run on than be right for sure. docs/crashes.md says more.
 *
 * The code is a shared object of the actor's own, which is not the one that Acta is in:
 *
 *     behaviour.contain_faults = acta_code_of((const void *)my_handle_cast);
 *
 * or a section of a program, into which each function of the actor is put:
 *
 *     ACTA_CODE_SECTION(my_actors);
 *     ACTA_IN_SECTION(my_actors) static acta_next my_handle_cast(…) …
 *     static const acta_behaviour mine = { …, .contain_faults = ACTA_CODE_OF_SECTION(my_actors) };
 *
 * acta_spawn answers ACTA_INVALID if code is named that has the runtime in it.
 */
#ifdef __cplusplus
#define ACTA_CODE_SECTION(name)                                                                                        \
    extern "C" __attribute__((visibility("hidden"))) const char __start_##name[], __stop_##name[]
#else
#define ACTA_CODE_SECTION(name)                                                                                        \
    extern __attribute__((visibility("hidden"))) const char __start_##name[], __stop_##name[]
#endif
#define ACTA_IN_SECTION(name) __attribute__((section(#name), noinline))
#define ACTA_CODE_OF_SECTION(name)                                                                                     \
    {                                                                                                                  \
        __start_##name, __stop_##name                                                                                  \
    }

/* The code of the program or shared object in which the address lies; both NULL if it lies in none. */
ACTA_API acta_code_range acta_code_of(const void *address);

#ifdef __cplusplus
}
#endif
#endif
