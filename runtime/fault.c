/*
 * Fault handlers: catch, report, pass on.
 *
 *     fault -> ours -> report, one thread at a time -> the handler from before -> back to the program, if it returns
 *                                                   -> none: default action, and the fault happens again
 *
 * All state is the process's, as signal handlers are. A fault within a report ends the report: what there is of it is
 * out, and the process dies of the first fault's signal, or of the second's.
 *
 * The handlers leave the signal mask as it is (SA_NODEFER, nothing added), so that the handler of a host that jumps out
 * of ours leaves nothing to put back. Where one of somebody else's calls ours, that may be otherwise; contain.c looks.
 *
 * A seam: signals, and the memory of the stacks they are handled on.
 */
#include "fault.h"

#include "acta/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

enum { SIGNAL_COUNT = 5, STACK_SIZE = 64 << 10 };

static const int signals[SIGNAL_COUNT] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
static struct sigaction before[SIGNAL_COUNT]; /* what was there, in the same order; constant while installed */
static acta_fault_options options;
static _Atomic bool is_installed;
static _Atomic uintptr_t reporter; /* the thread that reports; 0: none */
static acti_signal_stack installer_stack;
static _Thread_local uintptr_t stack_end; /* the lowest byte of it; 0: not known */

/* -- stacks -- */

/* Room for the processor's registers, which grow, and for a report; below it a page that none may touch. */
void
acti_signal_stack_enter(acti_signal_stack *stack)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    stack_t old;

    *stack = (acti_signal_stack){ .memory = NULL };
    if (sigaltstack(NULL, &old) != 0 || (old.ss_flags & SS_DISABLE) == 0) return;
    size_t usable = (STACK_SIZE + getauxval(AT_MINSIGSTKSZ) + page - 1) / page * page;
    char *memory = mmap(NULL, usable + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    stack_t mine = { .ss_sp = memory + page, .ss_size = usable };
    if (mprotect(memory + page, usable, PROT_READ | PROT_WRITE) != 0 || sigaltstack(&mine, NULL) != 0) {
        munmap(memory, usable + page);
        return;
    }
    *stack = (acti_signal_stack){ .memory = memory, .size = usable + page };
}

void
acti_signal_stack_leave(acti_signal_stack *stack)
{
    stack_t none = { .ss_flags = SS_DISABLE };

    if (stack->memory == NULL) return;
    sigaltstack(&none, NULL);
    munmap(stack->memory, stack->size);
    stack->memory = NULL;
}

void
acti_stack_note(void)
{
    pthread_attr_t attributes;
    void *lowest;
    size_t size;

    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return; /* no memory: a report says less */
    if (pthread_attr_getstack(&attributes, &lowest, &size) == 0) stack_end = (uintptr_t)lowest;
    pthread_attr_destroy(&attributes);
}

bool
acti_is_behind_stack(uintptr_t address)
{
    return address < stack_end && address >= stack_end - ACTA_STACK_GUARD;
}

/* -- in the handler -- */

static uintptr_t
thread_here(void)
{
    return (uintptr_t)pthread_self();
}

static void
place_of(const ucontext_t *context, uintptr_t *pc_out, const uintptr_t **sp_out)
{
#if defined(__x86_64__)
    *pc_out = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    *sp_out = (const uintptr_t *)(uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    *pc_out = (uintptr_t)context->uc_mcontext.pc;
    *sp_out = NULL; /* a return address isn't on the stack */
#else
    (void)context;
    *pc_out = 0;
    *sp_out = NULL;
#endif
}

void
acti_signal_mask_restore(const void *interrupted)
{
    const ucontext_t *context = interrupted;

    pthread_sigmask(SIG_SETMASK, &context->uc_sigmask, NULL);
}

/* False: this thread is in a report already. Another's is waited for: the process may be gone by its end. */
static bool
begin_report(void)
{
    static const struct timespec pause = { .tv_nsec = 1000000 };
    uintptr_t mine = thread_here(), holder = 0;

    /* relaxed: guards the order of lines, and no data. */
    while (!atomic_compare_exchange_strong_explicit(
        &reporter, &holder, mine, memory_order_relaxed, memory_order_relaxed)) {
        if (holder == mine) return false;
        holder = 0;
        nanosleep(&pause, NULL);
    }
    return true;
}

static void
end_report(void)
{
    uintptr_t mine = thread_here();

    atomic_compare_exchange_strong_explicit(
        &reporter, &mine, 0, memory_order_relaxed, memory_order_relaxed); /* as above */
}

/* Die as if nobody had been there. A fault happens again on return; what was sent is sent again. */
static void
take_default_action(int signal, const siginfo_t *info)
{
    struct sigaction action = { .sa_handler = SIG_DFL };

    sigaction(signal, &action, NULL);
    if (info->si_code <= 0 || signal == SIGABRT) raise(signal);
}

static void
call_before(const struct sigaction *action, int signal, siginfo_t *info, void *context)
{
    sigset_t mask;

    pthread_sigmask(SIG_BLOCK, &action->sa_mask, &mask);
    if ((action->sa_flags & SA_SIGINFO) != 0)
        action->sa_sigaction(signal, info, context);
    else
        action->sa_handler(signal);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static void
pass_on(int signal, siginfo_t *info, void *context)
{
    const struct sigaction *action = NULL;

    for (int i = 0; i < SIGNAL_COUNT; i++)
        if (signals[i] == signal) action = &before[i];
    bool is_handler = action != NULL && ((action->sa_flags & SA_SIGINFO) != 0 ||
                                            (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN));
    if (is_handler) {
        end_report(); /* it may jump away */
        call_before(action, signal, info, context);
        return;
    }
    if (action != NULL && action->sa_handler == SIG_IGN && info->si_code <= 0) {
        end_report();
        return;
    }
    take_default_action(signal, info);
}

static void
on_fault(int signal, siginfo_t *info, void *context)
{
    int saved_errno = errno;
    uintptr_t pc;
    const uintptr_t *sp;

    place_of(context, &pc, &sp);
    /* acquire: pairs with the install; after a removal we only pass on. */
    if (atomic_load_explicit(&is_installed, memory_order_acquire)) {
        acti_contain(signal, info, context, pc);
        if (!begin_report()) {
            take_default_action(signal, info);
            return;
        }
        acti_fault_report(&options, signal, info, pc, sp);
    }
    pass_on(signal, info, context);
    errno = saved_errno;
}

/* -- installing -- */

static void
put_back(int count)
{
    struct sigaction current;

    for (int i = 0; i < count; i++) {
        if (sigaction(signals[i], NULL, &current) != 0) continue;
        if ((current.sa_flags & SA_SIGINFO) != 0 && current.sa_sigaction == on_fault)
            sigaction(signals[i], &before[i], NULL);
    }
}

acta_status
acta_fault_handlers_install(const acta_fault_options *given, acta_error *error)
{
    static const acta_fault_options defaults = { .fd = 0 };
    struct sigaction action = { .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

    if (atomic_load_explicit(&is_installed, memory_order_acquire))
        return acta_error_set(error, ACTA_ALREADY_EXISTS, "cannot install fault handlers: they are installed");
    options = given != NULL ? *given : defaults;
    if (options.fd == 0) options.fd = STDERR_FILENO;
    if (options.event_count == 0) options.event_count = ACTA_FAULT_EVENTS_DEFAULT;
    action.sa_sigaction = on_fault;
    for (int i = 0; i < SIGNAL_COUNT; i++) /* first all, so that `before` is constant from the first handler on */
        sigaction(signals[i], NULL, &before[i]);
    acti_signal_stack_enter(&installer_stack);
    atomic_store_explicit(&is_installed, true, memory_order_release); /* the options; pairs with on_fault */
    for (int i = 0; i < SIGNAL_COUNT; i++) {
        if (sigaction(signals[i], &action, NULL) == 0) continue;
        acta_error_set(
            error, ACTA_IO, "cannot install a handler of %s: %s", acti_signal_name(signals[i]), strerror(errno));
        put_back(i);
        atomic_store_explicit(&is_installed, false, memory_order_release);
        return ACTA_IO;
    }
    return ACTA_OK;
}

void
acta_fault_handlers_remove(void)
{
    if (!atomic_load_explicit(&is_installed, memory_order_acquire)) return;
    put_back(SIGNAL_COUNT);
    atomic_store_explicit(&is_installed, false, memory_order_release);
}
