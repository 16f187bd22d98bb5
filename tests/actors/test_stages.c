/*
 * Stages: every command that is timed is counted once in each stage that it went through, with the time that the clock
 * says, and the histogram's buckets have neither gap nor overlap.
 */
#include "fixture.h"

#include "acta/stages.h"

static uint64_t
counted(fixture *f, acta_stage stage)
{
    acta_stage_times times[ACTA_STAGE_COUNT];

    acta_app_stages(f->app, times);
    return times[stage].count;
}

static void
start_timing(fixture *f, uint32_t every)
{
    f->config.stage_every = every;
    start(f);
}

/* Those that led to events, whether somebody waits for them or not. */
static void
each_command_is_counted_in_each_stage(void **state)
{
    fixture *f = FIXTURE(state);
    answer a = { 0 };

    start_timing(f, 1);
    for (int i = 0; i < 5; i++)
        add(f, "a", 1);
    add_async(f, "b", 1, NULL, &a);
    run_all(f);
    assert_int_equal(a.calls, 1);
    for (int stage = 0; stage < ACTA_STAGE_COUNT; stage++)
        assert_int_equal(counted(f, (acta_stage)stage), 6);
    stop(f);
}

static void
a_rejected_command_is_counted_until_it_was_decided(void **state)
{
    fixture *f = FIXTURE(state);

    start_timing(f, 1);
    assert_int_equal(add_with(f, "a", 1000, NULL), ACTA_REJECTED);
    for (int stage = 0; stage < ACTA_STAGE_COUNT; stage++)
        assert_int_equal(counted(f, (acta_stage)stage), stage <= ACTA_STAGE_ENCODE);
    stop(f);
}

static void
none_is_timed_when_none_is_wanted(void **state)
{
    fixture *f = FIXTURE(state);

    start_timing(f, UINT32_MAX);
    for (int i = 0; i < 50; i++)
        add(f, "a", 1);
    for (int stage = 0; stage < ACTA_STAGE_COUNT; stage++)
        assert_int_equal(counted(f, (acta_stage)stage), 0);
    stop(f);
}

/* Of 2,000 commands at 2,000 moments, about one in 64: the clock's steps are the same, and still not all are chosen. */
static void
about_as_many_are_timed_as_wanted(void **state)
{
    fixture *f = FIXTURE(state);

    start_timing(f, 0);
    for (int i = 0; i < 2000; i++) {
        pass_ms(f, 1);
        add(f, "a", i % 2 == 0 ? 1 : -1);
    }
    uint64_t count = counted(f, ACTA_STAGE_WHOLE);
    assert_in_range(count, 2000 / 64 / 2, 2000 / 64 * 2);
    stop(f);
}

/* The command waits in the mailbox, and its append for the committer, as long as the clock says. */
static void
the_stages_take_what_the_clock_says(void **state)
{
    fixture *f = FIXTURE(state);
    acta_stage_times times[ACTA_STAGE_COUNT];
    answer a = { 0 };

    start_timing(f, 1);
    add_async(f, "a", 1, NULL, &a);
    f->now_ns += 3000;
    run_actors(f);
    f->now_ns += 50000;
    run_all(f);
    acta_app_stages(f->app, times);
    assert_int_equal(times[ACTA_STAGE_QUEUE].sum_ns, 3000);
    assert_int_equal(times[ACTA_STAGE_WAIT].sum_ns, 50000);
    assert_int_equal(times[ACTA_STAGE_WHOLE].sum_ns, 53000);
    assert_in_range(acta_stage_part_ns(&times[ACTA_STAGE_WHOLE], 500), 53000, 53000 + 53000 / 8);
    stop(f);
}

static void
buckets_rise_by_an_eighth_at_most(void **state)
{
    uint64_t before = 0;

    (void)state;
    assert_int_equal(acta_stage_bucket_ns(0), 0);
    for (uint32_t i = 1; i < ACTA_STAGE_BUCKETS; i++) {
        uint64_t longest = acta_stage_bucket_ns(i);
        assert_true(longest > before);
        assert_true(before < 8 || longest - before <= (before + 1) / 8);
        before = longest;
    }
    assert_true(before >= UINT64_C(15) * 60 * 1000000000);
    assert_int_equal(acta_stage_bucket_ns(ACTA_STAGE_BUCKETS), 0);
}

static void
a_part_is_the_bucket_that_holds_it(void **state)
{
    acta_stage_times times = { 0 };

    (void)state;
    assert_int_equal(acta_stage_part_ns(&times, 500), 0);
    times.buckets[5] = 900;
    times.buckets[100] = 99;
    times.buckets[200] = 1;
    times.count = 1000;
    assert_int_equal(acta_stage_part_ns(&times, 0), acta_stage_bucket_ns(5));
    assert_int_equal(acta_stage_part_ns(&times, 500), acta_stage_bucket_ns(5));
    assert_int_equal(acta_stage_part_ns(&times, 900), acta_stage_bucket_ns(5));
    assert_int_equal(acta_stage_part_ns(&times, 901), acta_stage_bucket_ns(100));
    assert_int_equal(acta_stage_part_ns(&times, 1000), acta_stage_bucket_ns(200));
    assert_string_equal(acta_stage_name(ACTA_STAGE_SYNC), "sync");
    assert_string_equal(acta_stage_name(ACTA_STAGE_COUNT), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(each_command_is_counted_in_each_stage),
        manual(a_rejected_command_is_counted_until_it_was_decided),
        manual(none_is_timed_when_none_is_wanted),
        manual(about_as_many_are_timed_as_wanted),
        manual(the_stages_take_what_the_clock_says),
        cmocka_unit_test(buckets_rise_by_an_eighth_at_most),
        cmocka_unit_test(a_part_is_the_bucket_that_holds_it),
    };
    return run_on_memory("stages", tests);
}
