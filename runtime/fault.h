/*
 * What fault.c, fault_report.c and contain.c share, and the stacks that threads of ours give to signal handlers.
 */
#ifndef ACTI_RUNTIME_FAULT_H
#define ACTI_RUNTIME_FAULT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acta/fault.h"

#include "safe_text.h"

/* A thread's stack for signal handlers: from its first word to its last. NULL memory: it has another, or goes without. */
typedef struct acti_signal_stack {
    void *memory;
    size_t size;
} acti_signal_stack;

void acti_signal_stack_enter(acti_signal_stack *stack);
void acti_signal_stack_leave(acti_signal_stack *stack);

/* Remember where this thread's own stack ends; for threads that acta_thread_start has started. */
void acti_stack_note(void);

/* Has this thread, one of those, run out of it at this address? In a signal handler too. */
bool acti_is_behind_stack(uintptr_t address);

/* fault_report.c: all that is known, to options->fd. `pc`: where it happened; 0: unknown. `sp`: the stack there. */
void acti_fault_report(
    const acta_fault_options *options, int signal, const siginfo_t *info, uintptr_t pc, const uintptr_t *sp);
const char *acti_signal_name(int signal);
void acti_text_fault(acti_text *text, int signal, const siginfo_t *info); /* "SIGSEGV (…) at 0x…" */

/* contain.c: end the actor alone, if that is safe. Then it doesn't return. `interrupted`: a handler's third argument. */
void acti_contain(int signal, const siginfo_t *info, void *interrupted, uintptr_t pc);
void acti_signal_mask_restore(const void *interrupted); /* as it was when the signal came */

#endif
