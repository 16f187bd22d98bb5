/*
 * Crash attribution: what the report of a failed actor says about where it failed.
 */
#include "harness.h"

static char last_line[1200];
static uint32_t line_count;

static void
keep_line(void *user, acta_log_level level, acta_str line)
{
    (void)user;
    assert_int_equal(level, ACTA_LOG_ERROR);
    assert_true(line.size <= 1000);
    snprintf(last_line, sizeof last_line, ACTA_FMT, ACTA_ARG(line));
    line_count++;
}

static volatile bool is_broken = true; /* or compilers see that it never returns */

__attribute__((noinline)) static uint32_t
divide_by_nothing(acta_self *self)
{
    if (is_broken) acta_fail(self, "nothing to divide by");
    return 1;
}

__attribute__((noinline)) static uint32_t
a_rather_long_name_for_a_function_that_calls_itself_again_and_again(acta_self *self, uint32_t depth)
{
    if (depth == 0) return divide_by_nothing(self);
    uint32_t below = a_rather_long_name_for_a_function_that_calls_itself_again_and_again(self, depth - 1);
    __asm__ volatile("" : "+r"(below)); /* not a tail call */
    return below + depth;
}

__attribute__((noinline)) static void
check_the_impossible(acta_self *self)
{
    ACTA_CHECK(self, 1 + 1 == 3);
}

static acta_next
fail_somewhere(acta_self *self, void *state, acta_message *message)
{
    uint32_t result = 0;

    (void)state;
    if (message->tag == 0) return (acta_next)77;
    if (message->tag == 1)
        check_the_impossible(self);
    else
        result = a_rather_long_name_for_a_function_that_calls_itself_again_and_again(self, message->tag);
    return result == 0 ? ACTA_NEXT : ACTA_STOP;
}

static const acta_behaviour faulty = { .name = "faulty", .handle_cast = fail_somewhere };

static const char *
report_of(const uint32_t *tags, uint32_t count, bool no_backtrace)
{
    acta_environment environment = { .log = { .write = keep_line } };
    acta_runtime_config config = { .manual = true, .environment = &environment, .no_backtrace = no_backtrace };
    acta_runtime *runtime;
    acta_error error;
    acta_pid pid;

    line_count = 0;
    assert_int_equal(acta_runtime_create(&config, &runtime, &error), ACTA_OK);
    for (uint32_t i = 0; i < count; i++) {
        last_line[0] = '\0';
        assert_int_equal(acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &faulty }, &pid, &error), ACTA_OK);
        acta_send(runtime, pid, acta_message_create(runtime, tags[i], 0));
        while (acta_runtime_step(runtime)) {}
    }
    acta_runtime_destroy(runtime);
    assert_int_equal(line_count, count);
    return last_line;
}

/* The innermost first, then its callers up to the handler; nothing of the runtime. Also when the words were found before. */
static void
a_failure_is_reported_with_its_callers(void **state)
{
    (void)state;
    for (uint32_t repeat = 1; repeat <= 3; repeat++) {
        const char *line = report_of((uint32_t[]){ 2, 2, 2 }, repeat, false);
        const char *inner = strstr(line, "] at divide_by_nothing (test_runtime_crash+0x");
        assert_non_null(inner);
        const char *middle = strstr(inner, ") < a_rather_long_name_for_a_function_that_calls_itself_again");
        assert_non_null(middle);
        assert_non_null(strstr(middle, ") < fail_somewhere (test_runtime_crash+0x"));
        assert_null(strstr(line, "acta_fail"));
        assert_null(strstr(line, "acti_backtrace"));
        assert_null(strstr(line, "acta_runtime_step"));
    }
}

static void
a_failed_check_tells_file_line_and_condition(void **state)
{
    (void)state;
    const char *line = report_of((uint32_t[]){ 1 }, 1, false);
    assert_non_null(strstr(line, "test_crash.c:"));
    assert_non_null(strstr(line, "check failed: 1 + 1 == 3 ["));
    assert_non_null(strstr(line, "] at check_the_impossible ("));
}

static void
a_report_is_bounded(void **state)
{
    (void)state;
    const char *line = report_of((uint32_t[]){ 500 }, 1, false);
    assert_true(strlen(line) > 500);
    assert_true(strlen(line) < 1000);
}

static void
backtraces_can_be_off(void **state)
{
    (void)state;
    const char *line = report_of((uint32_t[]){ 2, 2 }, 2, true);
    const char *reason = strstr(line, "nothing to divide by");
    assert_non_null(reason);
    assert_null(strstr(reason, " at "));
}

/* It did not call acta_fail, and so was nowhere: not where another failed before it. */
static void
an_end_without_a_place_has_no_backtrace(void **state)
{
    (void)state;
    const char *line = report_of((uint32_t[]){ 2, 0 }, 2, false);
    assert_non_null(strstr(line, "bad return value"));
    assert_null(strstr(line, "divide_by_nothing"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_reported_with_its_callers),
        cmocka_unit_test(a_failed_check_tells_file_line_and_condition),
        cmocka_unit_test(a_report_is_bounded),
        cmocka_unit_test(backtraces_can_be_off),
        cmocka_unit_test(an_end_without_a_place_has_no_backtrace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
