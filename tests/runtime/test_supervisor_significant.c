/*
 * Significant children and auto_shutdown; and the reports of supervisors.
 */
#include "nursery.h"

#define RUNTIME n->h.runtime

static nursery *
plant_significant(acta_auto_shutdown how, acta_restart restart)
{
    nursery *n = plant(4);

    n->options.auto_shutdown = how;
    n->specs[1].significant = n->specs[2].significant = true;
    n->specs[1].restart = n->specs[2].restart = restart;
    n->specs[3].restart = ACTA_TRANSIENT;
    return n;
}

/* SUP-50: significant where auto_shutdown is never, or of a permanent child: refused at the start and when added.
 * (Dynamic with an auto_shutdown: test_supervisor_start.) */
static void
significant_children_are_refused_where_they_mean_nothing(void **state)
{
    (void)state;
    acta_error error;
    nursery *n = plant(1);

    must_grow(n);
    n->specs[1].significant = true;
    n->specs[1].restart = ACTA_TRANSIENT;
    assert_int_equal(acta_supervisor_start_child(RUNTIME, n->pid, &n->specs[1], NULL, &error), ACTA_INVALID);
    assert_int_equal(error.code, ACTA_SPEC_SIGNIFICANT);
    n->options.children = &n->specs[1];
    assert_int_equal(acta_supervisor_start(RUNTIME, &n->options, &n->pid, &error), ACTA_INVALID);
    assert_int_equal(error.code, ACTA_SPEC_SIGNIFICANT);
    uproot(n);

    n = plant_significant(ACTA_AUTO_SHUTDOWN_ANY, ACTA_PERMANENT);
    assert_int_equal(grow(n, &error), ACTA_INVALID);
    assert_int_equal(error.code, ACTA_SPEC_SIGNIFICANT);
    n->options.child_count = 1;
    must_grow(n);
    assert_int_equal(acta_supervisor_start_child(RUNTIME, n->pid, &n->specs[1], NULL, &error), ACTA_INVALID);
    assert_int_equal(error.code, ACTA_SPEC_SIGNIFICANT);
    uproot(n);
}

/* SUP-51: any: a significant transient's good end, or any end of a significant temporary, stops the siblings in reverse
 * and ends the supervisor; a transient's failure is just a restart. */
static void
any_significant_end_ends_the_supervisor(void **state)
{
    (void)state;
    static const uint32_t tags[] = { GO, LEAVE, DIE };
    for (int restart = ACTA_TRANSIENT; restart <= ACTA_TEMPORARY; restart++) {
        for (int i = 0; i < 3; i++) {
            nursery *n = plant_significant(ACTA_AUTO_SHUTDOWN_ANY, (acta_restart)restart);
            must_grow(n);
            order(n, "b", tags[i]);
            bool is_restart = restart == ACTA_TRANSIENT && tags[i] == DIE;
            expect_diary(n, is_restart ? "-b +b " : "-b -d -c -a ");
            assert_int_equal(acta_is_alive(RUNTIME, n->pid), is_restart);
            uproot(n);
        }
    }
}

/* SUP-52: all: the first end does nothing, the last ends the supervisor. One that waits for its restart still counts. */
static void
the_last_significant_end_ends_the_supervisor(void **state)
{
    (void)state;
    for (int restart = ACTA_TRANSIENT; restart <= ACTA_TEMPORARY; restart++) {
        nursery *n = plant_significant(ACTA_AUTO_SHUTDOWN_ALL, (acta_restart)restart);
        must_grow(n);
        order(n, "c", GO);
        expect_diary(n, "-c ");
        order(n, "b", GO);
        expect_diary(n, "-b -d -a ");
        assert_false(acta_is_alive(RUNTIME, n->pid));
        uproot(n);
    }
    nursery *n = plant_significant(ACTA_AUTO_SHUTDOWN_ALL, ACTA_TRANSIENT);
    n->options.backoff = (acta_backoff){ .min_ms = 100 };
    must_grow(n);
    order(n, "c", DIE);
    order(n, "b", GO);
    assert_true(acta_is_alive(RUNTIME, n->pid));
    harness_advance(&n->h, 200);
    order(n, "c", GO);
    assert_false(acta_is_alive(RUNTIME, n->pid));
    uproot(n);
}

/* SUP-53: ended by a terminate, or as the bystander of a sibling's restart, it doesn't trigger; a child that isn't
 * significant never does. */
static void
other_ends_trigger_nothing(void **state)
{
    (void)state;
    for (int how = ACTA_AUTO_SHUTDOWN_ANY; how <= ACTA_AUTO_SHUTDOWN_ALL; how++) {
        for (int restart = ACTA_TRANSIENT; restart <= ACTA_TEMPORARY; restart++) {
            nursery *n = plant_significant((acta_auto_shutdown)how, (acta_restart)restart);
            n->options.strategy = ACTA_ONE_FOR_ALL;
            must_grow(n);
            order(n, "d", GO);
            assert_true(is_up(n, "a"));
            assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "b", NULL), ACTA_OK);
            assert_true(is_up(n, "a"));
            order(n, "a", DIE);
            expect_diary(n, restart == ACTA_TEMPORARY ? "-d -b -a -c +a +d " : "-d -b -a -c +a +b +c +d ");
            assert_true(acta_is_alive(RUNTIME, n->pid));
            uproot(n);
        }
    }
}

/* SUP-54: an automatic shutdown goes on through two levels when the inner supervisor is significant itself, and stops
 * there when it isn't. */
static void
an_auto_shutdown_goes_up_where_the_supervisor_is_significant(void **state)
{
    (void)state;
    for (int significant = 0; significant < 2; significant++) {
        nursery *n = plant_significant(ACTA_AUTO_SHUTDOWN_ANY, ACTA_TRANSIENT);
        acta_supervisor_options inner = {
            .children = &n->specs[1], .child_count = 2, .auto_shutdown = ACTA_AUTO_SHUTDOWN_ANY
        };
        acta_child_spec top[] = { n->specs[0],
            { .id = "inner",
                .start = { .behaviour = acta_supervisor_behaviour(), .argument = &inner },
                .restart = ACTA_TRANSIENT,
                .significant = significant != 0 } };
        n->options.children = top;
        n->options.child_count = 2;
        must_grow(n);
        order(n, "b", GO);
        expect_diary(n, significant ? "-b -c -a " : "-b -c ");
        assert_int_equal(acta_is_alive(RUNTIME, n->pid), !significant);
        if (!significant) assert_int_equal(state_of(n, "inner"), ACTA_CHILD_STOPPED);
        uproot(n);
    }
}

/* -- reports -- */

static const char *
last_line(nursery *n)
{
    size_t size = strlen(n->log);

    assert_true(size > 0 && n->log[size - 1] == '\n');
    n->log[size - 1] = '\0';
    const char *line = strrchr(n->log, '\n');
    return line != NULL ? line + 1 : n->log;
}

/* SUP-56: each restart, each failed start of one and each escalation is one report, with supervisor, child and reason. */
static void
each_restart_and_escalation_is_one_report(void **state)
{
    (void)state;
    nursery *n = plant(1);
    char expected[400], who[100];

    n->options.name = acta_str_of("top");
    n->options.intensity = 2;
    must_grow(n);
    assert_int_equal(n->reports, 0);
    acta_pid old = pid_of(n, "a");
    snprintf(
        who, sizeof who, "supervisor 'top' <%u.%u>: child 'a'", (uint32_t)(n->pid.value >> 32), (uint32_t)n->pid.value);
    n->workers[0].refusals = 1;
    order(n, "a", DIE);
    assert_int_equal(n->reports, 2);
    snprintf(expected, sizeof expected, "%s <%u.%u> ended (failed: told to die): it is restarted\n", who,
        (uint32_t)(old.value >> 32), (uint32_t)old.value);
    assert_non_null(strstr(n->log, expected));
    snprintf(expected, sizeof expected, "%s <%u.%u> can't be restarted: child 'a': the port is taken", who,
        (uint32_t)(old.value >> 32), (uint32_t)old.value);
    assert_string_equal(last_line(n), expected);
    old = pid_of(n, "a");
    n->log[0] = '\0';
    finish(n, "a", ACTA_EXIT_KILLED);
    assert_int_equal(n->reports, 3);
    snprintf(expected, sizeof expected,
        "%s <%u.%u> ended once more than 2 times in 5000 ms, the supervisor gives up; the last time: killed", who,
        (uint32_t)(old.value >> 32), (uint32_t)old.value);
    assert_string_equal(last_line(n), expected);
    uproot(n);

    n = plant(2); /* good ends are no news */
    n->specs[0].restart = ACTA_TRANSIENT;
    n->specs[1].restart = ACTA_TEMPORARY;
    must_grow(n);
    order(n, "a", GO);
    order(n, "b", DIE);
    tell(n, n->pid, ACTA_EXIT_SHUTDOWN);
    assert_int_equal(n->reports, 0);
    uproot(n);
}

/* SUP-56: a reason of a megabyte is cut; newlines and control bytes of reason and id are escaped: a report is one line. */
static char *long_text;

static acta_next
die_at_length(acta_self *self, void *user, acta_message *message)
{
    (void)user;
    (void)message;
    acta_fail(self, "%s", long_text);
}

static void
a_report_is_one_line_of_bounded_length(void **state)
{
    (void)state;
    nursery *n = plant(1);
    static char id[3000];

    long_text = malloc(1 << 20);
    memset(long_text, 'x', (1 << 20) - 1);
    memcpy(long_text, "a\nb\r\x1b[31m", 9);
    long_text[(1 << 20) - 1] = '\0';
    memset(id, '\n', sizeof id - 1);
    n->specs[0].id = id;
    n->options.intensity = ACTA_INTENSITY_NONE;
    n->scripts[0].cast = die_at_length;
    must_grow(n);
    order(n, "a", DIE);
    free(long_text);
    assert_int_equal(n->reports, 1);
    const char *line = last_line(n);
    assert_memory_equal(line, "supervisor <", 12);
    assert_true(strlen(line) < 900);
    assert_non_null(strstr(line, "child '\\n\\n\\n"));
    assert_non_null(strstr(line, "the last time: a\\nb\\x0d\\x1b[31mxxx"));
    for (const char *byte = line; *byte != '\0'; byte++)
        assert_true((unsigned char)*byte >= 32);
    uproot(n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(significant_children_are_refused_where_they_mean_nothing),
        cmocka_unit_test(any_significant_end_ends_the_supervisor),
        cmocka_unit_test(the_last_significant_end_ends_the_supervisor),
        cmocka_unit_test(other_ends_trigger_nothing),
        cmocka_unit_test(an_auto_shutdown_goes_up_where_the_supervisor_is_significant),
        cmocka_unit_test(each_restart_and_escalation_is_one_report),
        cmocka_unit_test(a_report_is_one_line_of_bounded_length),
    };
    return cmocka_run_group_tests_name("supervisor_significant", tests, NULL, NULL);
}
