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
 * their own for it, so that an actor that ran out of stack is reported as well.
 */
#ifndef ACTA_FAULT_H
#define ACTA_FAULT_H

#include <stdbool.h>
#include <stdint.h>

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

#ifdef __cplusplus
}
#endif
#endif
