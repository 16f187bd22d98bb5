/*
 * Containment: which faults end their actor alone, and which end the process (contain_victim.c does both).
 */
#include "death.h"

#include <signal.h>
#include <sys/wait.h>

/* clang's ThreadSanitizer stores an atomic in a function of its own, with locks of its own held: a fault in there leaves
 * them held, and what any handler does next waits for them. With gcc's, version 12, the case is run. */
#if defined(__clang__) && defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STORES_UNDER_A_LOCK 1
#endif
#endif
#ifndef STORES_UNDER_A_LOCK
#define STORES_UNDER_A_LOCK 0
#endif

static char *victim; /* path */

static const death *
assert_lives_on(const char *way)
{
    const death *d = death_by(victim, way);
    if (!WIFEXITED(d->status) || WEXITSTATUS(d->status) != 0)
        fail_msg("it ended with status %#x, after it said:\n%s", (unsigned)d->status, d->text);
    return d;
}

static void
assert_dies(const char *way, const char *place)
{
    const death *d = death_by(victim, way);
    assert_died_of(d, SIGSEGV);
    ASSERT_SAID(d, "acta: SIGSEGV", "behaviour 'victim'", place, "acta: end of the report\n");
}

/* A thousand times, of four kinds, on one worker: each ends its actor alone, and leaves mask and stacks as they were. */
static void
a_fault_in_the_actors_own_code_ends_the_actor_alone(void **state)
{
    (void)state;
    const death *d = assert_lives_on("text");
    assert_null(strstr(d->text, "acta:"));
}

static void
a_fault_on_a_callers_thread_ends_the_actor_alone(void **state)
{
    (void)state;
    assert_lives_on("on_caller");
}

/* Failed, with the signal as the reason, and where it was; its state isn't formatted. */
static void
a_contained_fault_is_reported_as_a_failure(void **state)
{
    (void)state;
    const death *d = assert_lives_on("report");
    ASSERT_SAID(d, "actor 'victim' <", "failed: SIGSEGV (no memory at this address) at 0x10", "in a call of tag 1",
        " at touch_nowhere (contain_victim+0x", "victim_call (");
    assert_null(strstr(d->text, "contained_call"));
}

static void
an_init_that_faults_is_a_start_that_failed(void **state)
{
    (void)state;
    assert_lives_on("init");
}

static void
a_fault_in_terminate_is_contained(void **state)
{
    (void)state;
    assert_lives_on("terminate");
}

static void
a_supervisor_restarts_what_faulted(void **state)
{
    (void)state;
    assert_lives_on("restart");
}

static void
a_shared_object_can_be_the_code(void **state)
{
    (void)state;
    assert_lives_on("shared_object");
}

static void
code_with_the_runtime_in_it_is_refused(void **state)
{
    (void)state;
    assert_lives_on("whole_program");
}

static void
a_fault_in_the_c_library_is_not_contained(void **state)
{
    (void)state;
    assert_dies("copy", "victim_call (");
}

static void
a_fault_in_what_the_c_library_calls_back_is_not_contained(void **state)
{
    (void)state;
    assert_dies("sort", "compare_badly (");
}

static void
a_fault_in_code_that_was_not_named_is_not_contained(void **state)
{
    (void)state;
    assert_dies("call_out", "acta: in somebody_elses (");
}

/* The receiver's mailbox is cut there: nobody could use it any more. The only case whose fault is in an atomic store. */
static void
a_fault_between_exchange_and_link_is_not_contained(void **state)
{
    (void)state;
    if (STORES_UNDER_A_LOCK) skip();
    assert_dies("send", "send_behind_a_lost_message (");
}

static void
a_fault_in_the_allocator_is_not_contained(void **state)
{
    (void)state;
    assert_dies("create", "acta:    allocate (");
}

static void
a_fault_in_a_destructor_is_not_contained(void **state)
{
    (void)state;
    assert_dies("destroy", "acta:    destroy_badly (");
}

static void
a_signal_that_was_sent_is_not_contained(void **state)
{
    (void)state;
    assert_dies("raise", "acta: message ");
}

static void
nothing_is_contained_without_the_handlers(void **state)
{
    (void)state;
    const death *d = death_by(victim, "uninstalled");
    assert_died_of(d, SIGSEGV);
    assert_null(strstr(d->text, "acta:"));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_in_the_actors_own_code_ends_the_actor_alone),
        cmocka_unit_test(a_fault_on_a_callers_thread_ends_the_actor_alone),
        cmocka_unit_test(a_contained_fault_is_reported_as_a_failure),
        cmocka_unit_test(an_init_that_faults_is_a_start_that_failed),
        cmocka_unit_test(a_fault_in_terminate_is_contained),
        cmocka_unit_test(a_supervisor_restarts_what_faulted),
        cmocka_unit_test(a_shared_object_can_be_the_code),
        cmocka_unit_test(code_with_the_runtime_in_it_is_refused),
        cmocka_unit_test(a_fault_in_the_c_library_is_not_contained),
        cmocka_unit_test(a_fault_in_what_the_c_library_calls_back_is_not_contained),
        cmocka_unit_test(a_fault_in_code_that_was_not_named_is_not_contained),
        cmocka_unit_test(a_fault_between_exchange_and_link_is_not_contained),
        cmocka_unit_test(a_fault_in_the_allocator_is_not_contained),
        cmocka_unit_test(a_fault_in_a_destructor_is_not_contained),
        cmocka_unit_test(a_signal_that_was_sent_is_not_contained),
        cmocka_unit_test(nothing_is_contained_without_the_handlers),
    };

    if (argc != 2) {
        fprintf(stderr, "usage: %s CONTAIN-VICTIM\n", argv[0]);
        return 2;
    }
    victim = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
