/*
 * Apart: a child's answer comes back, whatever it is; a child that is ended costs its parent nothing but that.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "apart.h"

static int touched;

static acta_status
succeed(void *user, acta_error *error)
{
    (void)error;
    touched = *(int *)user;
    return touched == 7 ? ACTA_OK : ACTA_INVALID;
}

static acta_status
fail_with_text(void *user, acta_error *error)
{
    (void)user;
    return acta_error_set(error, ACTA_CORRUPT, "the third of them is damaged");
}

static acta_status
end_by_signal(void *user, acta_error *error)
{
    (void)error;
    (void)raise(*(int *)user);
    return ACTA_OK;
}

static acta_status
end_without_a_word(void *user, acta_error *error)
{
    (void)user;
    (void)error;
    _exit(0);
}

static void
an_answer_comes_back(void **state)
{
    int seven = 7;
    acta_error error = { .text = "untouched" };
    (void)state;

    assert_int_equal(ACTA_OK, acti_run_apart("counting", succeed, &seven, &error));
    assert_string_equal(error.text, "untouched");
    assert_int_equal(touched, 0); /* in the child alone */
    assert_int_equal(ACTA_CORRUPT, acti_run_apart("counting", fail_with_text, NULL, &error));
    assert_string_equal(error.text, "the third of them is damaged");
    assert_int_equal(ACTA_CORRUPT, acti_run_apart("counting", fail_with_text, NULL, NULL));
}

static void
a_child_that_is_ended_is_an_error(void **state)
{
    static int signals[] = { SIGABRT, SIGKILL, SIGSEGV };
    acta_error error;
    (void)state;

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        assert_int_equal(ACTA_IO, acti_run_apart("counting", end_by_signal, &signals[i], &error));
        assert_ptr_equal(error.text, strstr(error.text, "counting: the process that did it was ended (signal "));
        assert_int_equal(
            strtol(error.text + strlen("counting: the process that did it was ended (signal "), NULL, 10), signals[i]);
    }
    assert_int_equal(ACTA_IO, acti_run_apart("counting", end_without_a_word, NULL, &error));
}

/* A host that ignores its children's ends gets answers all the same. */
static void
a_host_that_ignores_sigchld_gets_answers(void **state)
{
    int seven = 7, abort_it = SIGABRT;
    acta_error error;
    (void)state;

    void (*before)(int) = signal(SIGCHLD, SIG_IGN);
    assert_int_equal(ACTA_OK, acti_run_apart("counting", succeed, &seven, &error));
    assert_int_equal(ACTA_IO, acti_run_apart("counting", end_by_signal, &abort_it, &error));
    (void)signal(SIGCHLD, before);
}

/* Shared with the children. */
typedef struct beginnings {
    int count, stuck;
} beginnings;

static acta_status
stand_still(void *user, acta_error *error)
{
    beginnings *b = user;

    (void)error;
    if (b->count++ < b->stuck)
        for (;;)
            pause();
    return ACTA_OK;
}

/* ThreadSanitizer gives each child a thread of its own, which goes on using the processor while the child stands still. */
#if defined(__SANITIZE_THREAD__)
#define CHILD_IS_NEVER_STILL true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CHILD_IS_NEVER_STILL true
#endif
#endif
#ifndef CHILD_IS_NEVER_STILL
#define CHILD_IS_NEVER_STILL false
#endif

/* As one that stands at a lock which a thread of its parent's held. */
static void
a_child_that_stands_still_is_begun_anew(void **state)
{
    enum { STILL_MS = 100 };
    acta_error error;
    (void)state;

    if (CHILD_IS_NEVER_STILL) skip();
    beginnings *b = mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(b, MAP_FAILED);
    *b = (beginnings){ .stuck = 1 };
    assert_int_equal(ACTA_OK, acti_run_apart_within("counting", stand_still, b, STILL_MS, &error));
    assert_in_range(b->count, 2, 5);
    *b = (beginnings){ .stuck = 1000 };
    assert_int_equal(ACTA_IO, acti_run_apart_within("counting", stand_still, b, STILL_MS, &error));
    assert_string_equal(error.text, "counting: the process that was to do it stood still, 5 times");
    munmap(b, sizeof *b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_back),
        cmocka_unit_test(a_child_that_is_ended_is_an_error),
        cmocka_unit_test(a_host_that_ignores_sigchld_gets_answers),
        cmocka_unit_test(a_child_that_stands_still_is_begun_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
