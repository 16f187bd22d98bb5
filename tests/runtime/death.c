/*
 * See death.h.
 */
#include "death.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/* The sanitizers have handlers of their own, from before ours, and end the process by exit(). */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

const death *
death_by(const char *program, const char *way)
{
    static death d;
    extern char **environ;
    char *arguments[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)way, NULL };
    posix_spawn_file_actions_t actions;
    size_t size = 0;
    ssize_t count;
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    assert_int_equal(posix_spawn(&pid, program, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    while (size < sizeof d.text - 1 && (count = read(ends[0], d.text + size, sizeof d.text - 1 - size)) > 0)
        size += (size_t)count;
    d.text[size] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &d.status, 0), pid);
    return &d;
}

void
assert_died_of(const death *d, int signal)
{
    if (IS_SANITIZED && WIFEXITED(d->status) && WEXITSTATUS(d->status) != 0) return;
    if (!WIFSIGNALED(d->status) || WTERMSIG(d->status) != signal)
        fail_msg("it ended with status %#x, after it said:\n%s", (unsigned)d->status, d->text);
}

void
assert_said(const death *d, const char *const *words)
{
    const char *at = d->text;

    for (; *words != NULL; words++) {
        const char *found = strstr(at, *words);
        if (found == NULL) fail_msg("it did not say '%s' where it should have, but:\n%s", *words, d->text);
        at = found + strlen(*words);
    }
}
