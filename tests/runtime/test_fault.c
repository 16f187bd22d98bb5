/*
 * Fault handlers: a program dies in many ways (fault_victim.c), of the signal it would have died of, and what it says
 * on the way names the actor, the message, the place and what happened before.
 */
#include "harness.h"

#include <signal.h>
#include <sys/wait.h>

#include "acta/fault.h"

#include "death.h"

static char *victim; /* path */

static void
a_fault_in_a_handler_is_reported(void **state)
{
    (void)state;
    const death *d = death_by(victim, "segv");
    assert_died_of(d, SIGSEGV);
    ASSERT_SAID(d, "acta: SIGSEGV (no memory at this address) at 0x10\n",
        "acta: actor 'till 1' <1.0>, behaviour 'teller', on worker ", " of runtime 'bank'\n",
        "acta: message 7 of 12 bytes, a call\n", "acta: in touch_nowhere (fault_victim+0x", "acta:    die (",
        "acta:    victim_call (", "acta: the last events of runtime 'bank'\n", "spawn    <1.0> 'teller'\n",
        "acta: end of the report\n");
    assert_null(strstr(d->text, "on_fault"));
}

static void
each_signal_is_reported_and_died_of(void **state)
{
    (void)state;
    static const struct {
        const char *way, *words;
        int signal;
    } cases[] = {
        { "fpe", "acta: SIGFPE (division by zero) at 0x", SIGFPE },
        { "bus", "acta: SIGBUS (nothing behind this address) at 0x", SIGBUS },
        { "ill", "acta: SIGILL (no such instruction) at 0x", SIGILL },
        { "abort", "acta: SIGABRT\n", SIGABRT },
        { "sent", "acta: SIGSEGV (sent by a process)\n", SIGSEGV },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const death *d = death_by(victim, cases[i].way);
        assert_died_of(d, cases[i].signal);
        ASSERT_SAID(d, cases[i].words, "acta: actor 'till 1' <1.0>", "victim_call (", "acta: end of the report\n");
    }
}

/* The handler's own stack: there is none left of the worker's. What a sanitizer calls in each step may be what runs out. */
static void
an_actor_out_of_stack_is_reported(void **state)
{
    (void)state;
    const death *d = death_by(victim, "overflow");
    assert_died_of(d, SIGSEGV);
    ASSERT_SAID(d, "acta: SIGSEGV (out of stack) at 0x", "acta: actor 'till 1' <1.0>", "acta: in ", "recurse (",
        "acta:    recurse (", "acta: end of the report\n");
}

/* Steps of 32 KiB touch one page in eight, and must not come down beyond the guard, in another thread's stack. */
static void
large_frames_do_not_step_over_the_guard(void **state)
{
    (void)state;
    const death *d = death_by(victim, "stride");
    assert_died_of(d, SIGSEGV);
    ASSERT_SAID(d, "acta: SIGSEGV (out of stack) at 0x", "acta: actor 'till 1' <1.0>", "acta: in ", "stride (",
        "acta:    stride (", "acta: end of the report\n");
}

static void
a_call_to_nowhere_is_reported_with_its_caller(void **state)
{
    (void)state;
    const death *d = death_by(victim, "call");
    assert_died_of(d, SIGSEGV);
    ASSERT_SAID(d, "acta: SIGSEGV (no memory at this address) at 0x0\n", "acta: in ? (0x0)\n", "acta:    die (",
        "acta: end of the report\n");
}

static void
faults_without_a_message_tell_where_the_actor_was(void **state)
{
    (void)state;
    const death *d = death_by(victim, "init");
    assert_died_of(d, SIGSEGV);
    ASSERT_SAID(d, "behaviour 'teller', on an outside thread", "acta: no message: it starts\n", "victim_init (");
    d = death_by(victim, "info");
    assert_died_of(d, SIGSEGV);
    ASSERT_SAID(d, "acta: no message: handle_info of TIMER\n", "victim_info (");
    d = death_by(victim, "terminate");
    assert_died_of(d, SIGSEGV);
    ASSERT_SAID(d, "behaviour 'teller', on worker", "acta: no message: it ends\n", "victim_terminate (");
}

static void
a_fault_outside_of_actors_is_reported(void **state)
{
    (void)state;
    const death *d = death_by(victim, "outside");
    assert_died_of(d, SIGSEGV);
    ASSERT_SAID(
        d, "acta: SIGSEGV", "acta: in no actor\n", "acta: in touch_nowhere (", "main (", "acta: end of the report\n");
}

/* Out of stack, on a thread of the pool: it has one for handlers too. */
static void
a_fault_in_offloaded_work_is_reported(void **state)
{
    (void)state;
    const death *d = death_by(victim, "offload");
    assert_died_of(d, SIGSEGV);
    ASSERT_SAID(d, "acta: SIGSEGV (out of stack) at 0x", "acta: in no actor, on a thread of a runtime\n", "recurse (",
        "acta: the last events of runtime 'bank'\n", "acta: end of the report\n");
}

/* A behaviour whose name can't be read: what was known before is out, and the process dies all the same. */
static void
a_fault_in_the_report_ends_it(void **state)
{
    (void)state;
    const death *d = death_by(victim, "nested");
    assert_died_of(d, SIGSEGV);
    ASSERT_SAID(d, "acta: SIGSEGV (no memory at this address) at 0x10\n");
    assert_null(strstr(d->text, "end of the report"));
}

static void
nothing_is_reported_unless_it_is_asked_for(void **state)
{
    (void)state;
    const death *d = death_by(victim, "silent");
    assert_died_of(d, SIGSEGV);
    assert_null(strstr(d->text, "acta:"));
}

static void
nothing_is_reported_after_the_handlers_are_removed(void **state)
{
    (void)state;
    const death *d = death_by(victim, "removed");
    assert_died_of(d, SIGSEGV);
    assert_null(strstr(d->text, "acta:"));
}

static void
an_earlier_handler_is_called_after_the_report(void **state)
{
    (void)state;
    const death *d = death_by(victim, "chain");
    assert_true(WIFEXITED(d->status));
    assert_int_equal(WEXITSTATUS(d->status), 42);
    ASSERT_SAID(d, "acta: SIGSEGV", "acta: end of the report\n", "earlier handler\n");
}

static void
an_earlier_handler_may_go_on(void **state)
{
    (void)state;
    const death *d = death_by(victim, "retreat");
    assert_true(WIFEXITED(d->status));
    assert_int_equal(WEXITSTATUS(d->status), 0);
    ASSERT_SAID(d, "acta: SIGSEGV", "acta: end of the report\n", "acta: SIGSEGV", "acta: end of the report\n");
}

/* Two actors on two workers: one report after the other, or only one of them. */
static void
reports_of_two_threads_do_not_mix(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        const death *d = death_by(victim, "both");
        assert_died_of(d, SIGSEGV);
        const char *end = strstr(d->text, "acta: end of the report\n");
        const char *second = strstr(strstr(d->text, "acta: SIGSEGV") + 1, "acta: SIGSEGV");
        assert_non_null(end);
        assert_true(second == NULL || second > end);
    }
}

static void
handlers_are_installed_once(void **state)
{
    (void)state;
    acta_error error;
    assert_int_equal(acta_fault_handlers_install(NULL, &error), ACTA_OK);
    assert_int_equal(acta_fault_handlers_install(NULL, &error), ACTA_ALREADY_EXISTS);
    acta_fault_handlers_remove();
    assert_int_equal(acta_fault_handlers_install(NULL, &error), ACTA_OK);
    acta_fault_handlers_remove();
}

static void
somebody_elses_handler(int signal)
{
    (void)signal;
}

/* What was there before is back; what somebody else has put there since stays. */
static void
removing_puts_back_what_was_there(void **state)
{
    (void)state;
    struct sigaction before, after, others = { .sa_handler = somebody_elses_handler };

    sigaction(SIGBUS, NULL, &before);
    assert_int_equal(acta_fault_handlers_install(NULL, NULL), ACTA_OK);
    sigaction(SIGILL, &others, NULL);
    acta_fault_handlers_remove();
    sigaction(SIGBUS, NULL, &after);
    assert_ptr_equal(before.sa_handler, after.sa_handler);
    sigaction(SIGILL, NULL, &after);
    assert_ptr_equal(after.sa_handler, somebody_elses_handler);
    signal(SIGILL, SIG_DFL);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_in_a_handler_is_reported),
        cmocka_unit_test(each_signal_is_reported_and_died_of),
        cmocka_unit_test(an_actor_out_of_stack_is_reported),
        cmocka_unit_test(large_frames_do_not_step_over_the_guard),
        cmocka_unit_test(a_call_to_nowhere_is_reported_with_its_caller),
        cmocka_unit_test(faults_without_a_message_tell_where_the_actor_was),
        cmocka_unit_test(a_fault_outside_of_actors_is_reported),
        cmocka_unit_test(a_fault_in_offloaded_work_is_reported),
        cmocka_unit_test(a_fault_in_the_report_ends_it),
        cmocka_unit_test(nothing_is_reported_unless_it_is_asked_for),
        cmocka_unit_test(nothing_is_reported_after_the_handlers_are_removed),
        cmocka_unit_test(an_earlier_handler_is_called_after_the_report),
        cmocka_unit_test(an_earlier_handler_may_go_on),
        cmocka_unit_test(reports_of_two_threads_do_not_mix),
        cmocka_unit_test(handlers_are_installed_once),
        cmocka_unit_test(removing_puts_back_what_was_there),
    };

    if (argc != 2) {
        fprintf(stderr, "usage: %s FAULT-VICTIM\n", argv[0]);
        return 2;
    }
    victim = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
