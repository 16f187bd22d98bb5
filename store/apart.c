/*
 * Apart: see apart.h.
 *
 * The answer comes through a pipe, whole or not at all, so that a host that ignores SIGCHLD, or waits for all of its children
 * itself, takes nothing from us but the number of the signal.
 *
 * A lock that another thread held at the moment of the fork is held in the child for ever: those of a library that has
 * threads of its own are not ours to take before. A child that uses no processor for a while stands at one; it is ended, and
 * another one is made, at another moment.
 */
#include "apart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOKS = 10 /* while it stands still, before it is ended */, TRIES_MAX = 5 };

/* An ended child is to say nothing, leave no core, and run none of the host's handlers. */
static void
be_a_child(void)
{
    static const int deadly[] = { SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE };
    const struct sigaction by_default = { .sa_handler = SIG_DFL };
    const struct rlimit none = { 0, 0 };
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody is left who waits for it */
    (void)setrlimit(RLIMIT_CORE, &none);
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
        (void)sigaction(deadly[i], &by_default, NULL);
    if (nowhere >= 0) (void)dup2(nowhere, STDERR_FILENO);
}

_Noreturn static void
act_and_answer(int to, acta_status (*act)(void *user, acta_error *error), void *user)
{
    acta_error said;

    be_a_child();
    memset(&said, 0, sizeof said);
    said.status = act(user, &said);
    _exit(write(to, &said, sizeof said) == (ssize_t)sizeof said ? 0 : 1); /* it fits into the pipe */
}

static bool
read_answer(int from, acta_error *said_out)
{
    uint8_t *to = (uint8_t *)said_out;
    size_t have = 0;

    while (have < sizeof *said_out) {
        ssize_t size = read(from, to + have, sizeof *said_out - have);
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return false;
        have += (size_t)size;
    }
    return true;
}

/* The signal that ended it; 0: none, or nobody knows. */
static int
wait_for(pid_t child)
{
    int how = 0;

    while (waitpid(child, &how, 0) < 0) {
        if (errno != EINTR) return 0;
    }
    return WIFSIGNALED(how) ? WTERMSIG(how) : 0;
}

static acta_status
not_made(const char *what, acta_error *error)
{
    return acta_error_set(error, ACTA_IO, "%s: there is no process for it: %s", what, strerror(errno));
}

/* Of the processor, in ns; 0: nobody knows. */
static uint64_t
used_by(pid_t child)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(child, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
    return (uint64_t)used.tv_sec * UINT64_C(1000000000) + (uint64_t)used.tv_nsec;
}

/* Until it has answered, or ended. False: it stands still. */
static bool
moves(pid_t child, int from, uint32_t still_ms)
{
    struct pollfd answer = { .fd = from, .events = POLLIN };
    uint64_t before = 0;

    for (uint32_t still = 0; still < LOOKS;) {
        if (poll(&answer, 1, (int)(still_ms / LOOKS)) > 0) return true;
        uint64_t used = used_by(child);
        still = used == before ? still + 1 : 0;
        before = used;
    }
    return false;
}

/* True: it stood still, and nothing was said. */
static bool
try_apart(const char *what, acta_status (*act)(void *user, acta_error *error), void *user, uint32_t still_ms,
    acta_status *status_out, acta_error *error)
{
    int ends[2];
    acta_error said;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        *status_out = not_made(what, error);
        return false;
    }
    pid_t child = fork();
    if (child == 0) act_and_answer(ends[1], act, user);
    close(ends[1]);
    if (child < 0) {
        *status_out = not_made(what, error);
        close(ends[0]);
        return false;
    }
    bool is_still = !moves(child, ends[0], still_ms);
    if (is_still) (void)kill(child, SIGKILL);
    bool answered = !is_still && read_answer(ends[0], &said);
    close(ends[0]);
    int by_signal = wait_for(child);
    if (answered) {
        if (said.status != ACTA_OK && error != NULL) *error = said;
        *status_out = said.status;
    } else if (by_signal == 0)
        *status_out = acta_error_set(error, ACTA_IO, "%s: the process that did it ended without an answer", what);
    else
        *status_out = acta_error_set(error, ACTA_IO,
            "%s: the process that did it was ended (signal %d), and nothing is left of it", what, by_signal);
    return is_still;
}

acta_status
acti_run_apart_within(const char *what, acta_status (*act)(void *user, acta_error *error), void *user,
    uint32_t still_ms, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (int tries = 0; tries < TRIES_MAX; tries++)
        if (!try_apart(what, act, user, still_ms, &status, error)) return status;
    return acta_error_set(error, ACTA_IO, "%s: the process that was to do it stood still, %d times", what, TRIES_MAX);
}

acta_status
acti_run_apart(const char *what, acta_status (*act)(void *user, acta_error *error), void *user, acta_error *error)
{
    return acti_run_apart_within(what, act, user, ACTI_APART_STILL_MS, error);
}
