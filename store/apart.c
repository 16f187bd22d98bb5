/*
 * Apart: see apart.h.
 *
 * The answer comes through a pipe, whole or not at all, so that a host that ignores SIGCHLD, or waits for all of its children
 * itself, takes nothing from us but the number of the signal.
 */
#include "apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* An ended child is to say nothing, leave no core, and run none of the host's handlers. */
static void
be_a_child(void)
{
    static const int deadly[] = { SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE };
    const struct sigaction by_default = { .sa_handler = SIG_DFL };
    const struct rlimit none = { 0, 0 };
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

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

acta_status
acti_run_apart(const char *what, acta_status (*act)(void *user, acta_error *error), void *user, acta_error *error)
{
    int ends[2];
    acta_error said;

    if (pipe2(ends, O_CLOEXEC) != 0) return not_made(what, error);
    pid_t child = fork();
    if (child == 0) act_and_answer(ends[1], act, user);
    close(ends[1]);
    bool answered = child > 0 && read_answer(ends[0], &said);
    close(ends[0]);
    if (child < 0) return not_made(what, error);
    int by_signal = wait_for(child);
    if (!answered && by_signal == 0)
        return acta_error_set(error, ACTA_IO, "%s: the process that did it ended without an answer", what);
    if (!answered)
        return acta_error_set(error, ACTA_IO,
            "%s: the process that did it was ended (signal %d), and nothing is left of it", what, by_signal);
    if (said.status != ACTA_OK && error != NULL) *error = said;
    return said.status;
}
