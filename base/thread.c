/*
 * See acta/thread.h. A seam.
 */
#include "acta/thread.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>

static void
block_signals(sigset_t *before)
{
    sigset_t blocked;

    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGILL);
    sigdelset(&blocked, SIGPROF);
    pthread_sigmask(SIG_BLOCK, &blocked, before);
}

/* The default attributes: the host may have set a size of stacks there. */
static bool
create(pthread_t *thread_out, void *(*run)(void *), void *argument)
{
    pthread_attr_t attributes;
    size_t guard;

    if (pthread_getattr_default_np(&attributes) != 0) return false; /* no memory */
    bool is_small = pthread_attr_getguardsize(&attributes, &guard) != 0 || guard < ACTA_STACK_GUARD;
    if (is_small) pthread_attr_setguardsize(&attributes, ACTA_STACK_GUARD);
    bool started = pthread_create(thread_out, &attributes, run, argument) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

bool
acta_thread_start(pthread_t *thread_out, const char *name, void *(*run)(void *), void *argument)
{
    char short_name[16];
    sigset_t before;

    block_signals(&before);
    bool started = create(thread_out, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started) return false;
    snprintf(short_name, sizeof short_name, "%s", name);
    pthread_setname_np(*thread_out, short_name);
    return true;
}

void
acta_thread_pause(uint32_t ms)
{
    poll(NULL, 0, (int)ms);
}
