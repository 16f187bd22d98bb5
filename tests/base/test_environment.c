/*
 * Environment: defaults stand in for what is zero, and for nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "acta/environment.h"

static uint64_t
stopped_clock(void *user)
{
    return *(uint64_t *)user;
}

typedef struct last_line {
    acta_log_level level;
    size_t size;
    char text[2000];
} last_line;

static void
remember_line(void *user, acta_log_level level, acta_str line)
{
    last_line *last = user;

    last->level = level;
    last->size = line.size;
    memcpy(last->text, line.data, line.size);
    last->text[line.size] = '\0';
}

static void
each_seam_that_is_zero_gets_its_default(void **state)
{
    (void)state;
    uint64_t now = 42;
    acta_environment given = { .clock = { .monotonic_ns = stopped_clock, .user = &now } };
    acta_environment e = acta_environment_or_default(&given);

    assert_int_equal(e.clock.monotonic_ns(e.clock.user), 42);
    void *block = e.allocator.alloc(e.allocator.user, 10);
    assert_non_null(block);
    e.allocator.free(e.allocator.user, block, 10);
    assert_non_null(e.log.write);
}

static void
the_default_clock_never_falls_and_randomness_differs(void **state)
{
    (void)state;
    acta_environment e = acta_environment_or_default(NULL);
    uint64_t before = e.clock.monotonic_ns(e.clock.user);
    uint8_t a[16] = { 0 }, b[16] = { 0 };

    for (int i = 0; i < 1000; i++) {
        uint64_t now = e.clock.monotonic_ns(e.clock.user);
        assert_true(now >= before);
        before = now;
    }
    assert_true(e.clock.wall_us(e.clock.user) > INT64_C(1500000000000000));
    e.random.fill(e.random.user, a, sizeof a);
    e.random.fill(e.random.user, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void
a_log_line_is_formatted_and_a_long_one_cut(void **state)
{
    (void)state;
    last_line last;
    acta_environment given = { .log = { .write = remember_line, .user = &last } };
    acta_environment e = acta_environment_or_default(&given);
    char long_text[1500];

    acta_log_write(&e, ACTA_LOG_INFO, "%s %d", "seven", 7);
    assert_string_equal(last.text, "seven 7");
    assert_int_equal(last.level, ACTA_LOG_INFO);
    memset(long_text, 'y', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    acta_log_write(&e, ACTA_LOG_ERROR, "%s", long_text);
    assert_int_equal(last.size, 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_seam_that_is_zero_gets_its_default),
        cmocka_unit_test(the_default_clock_never_falls_and_randomness_differs),
        cmocka_unit_test(a_log_line_is_formatted_and_a_long_one_cut),
    };
    return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
