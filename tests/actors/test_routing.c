/*
 * Routing of process managers: an event reaches exactly the instances that it is for (started, going on, stopped; one,
 * several, all that run, those associated with a value), once each and in the order of the log, wherever the process dies.
 */
#include "trips.h"

static acta_str three[] = { { "a", 1 }, { "b", 1 }, { "c", 1 } };
#define STRINGS(array, n)                                                                                              \
    {                                                                                                                  \
        .data = (array), .count = (n)                                                                                  \
    }

static void
open_trip(fixture *f, const char *trip, int64_t number)
{
    TELL(f, .what = trips_What_open, .trip = acta_str_of(trip), .number = number);
}

static void
go(fixture *f, const char *trip, int64_t number)
{
    TELL(f, .what = trips_What_go, .trip = acta_str_of(trip), .number = number);
}

static void
close_trip(fixture *f, const char *trip, int64_t number)
{
    TELL(f, .what = trips_What_close, .trip = acta_str_of(trip), .number = number);
}

static void
book(fixture *f, const char *trip, const char *plate, int64_t number)
{
    TELL(f, .what = trips_What_book, .trip = acta_str_of(trip), .plate = acta_str_of(plate), .number = number);
}

static void
tell_plate(fixture *f, const char *plate, int64_t number)
{
    TELL(f, .what = trips_What_spread, .plate = acta_str_of(plate), .number = number);
}

static void
tell_all(fixture *f, bool ends, int64_t number)
{
    TELL(f, .what = trips_What_spread, .everyone = true, .ends = ends, .number = number);
}

/* -- one -- */

/* AP-37: started, gone on with, stopped; what is for nobody is for nobody. */
static void
an_event_starts_goes_on_with_or_stops_its_instance(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    go(f, "a", 1); /* nobody yet */
    open_trip(f, "a", 2);
    open_trip(f, "a", 3); /* starts, or goes on */
    go(f, "a", 4);
    go(f, "", 5);
    close_trip(f, "a", 6);
    go(f, "a", 7);
    close_trip(f, "a", 8);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "2 3 4 6");
    expect_no_trips(f);
}

/* AP-37: the strict forms are errors of the event: it is parked, with its reason, and what is behind it waits. */
static void
a_strict_route_is_an_error_when_it_finds_the_opposite(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    TELL(f, .what = trips_What_found, .trip = S("a"), .number = 1);
    TELL(f, .what = trips_What_must, .trip = S("a"), .number = 2);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 2");

    TELL(f, .what = trips_What_found, .trip = S("a"), .number = 3);
    go(f, "a", 4);
    assert_int_equal(acta_app_settle(f->app, SETTLE_MS, &f->error), ACTA_PARKED);
    assert_non_null(strstr(f->error.text, "instance 'a' is to be started, and runs already"));
    assert_string_equal(diary_of(f, "a"), "1 2");

    TELL(f, .what = trips_What_must, .trip = S("b"), .number = 5);
    assert_int_equal(acta_app_settle(f->app, SETTLE_MS, &f->error), ACTA_PARKED);
    assert_non_null(strstr(f->error.text, "instance 'b' is to go on, and doesn't run"));
    assert_int_equal(reader_info(f, "Trips").parked, 3);
    assert_string_equal(diary_of(f, "b"), "");
}

/* AP-37: a strict event that was done is no error when it is delivered again. */
static void
a_strict_route_that_is_delivered_again_is_no_error(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t position;

    start(f);
    TELL(f, .what = trips_What_found, .trip = S("a"), .number = 1);
    TELL(f, .what = trips_What_must, .trip = S("a"), .number = 2);
    close_trip(f, "a", 3);
    run_all(f);
    assert_string_equal(diary_of(f, "a"), "1 2 3");
    MUST(f, acta_store_checkpoint(acta_app_store(f->app), "Trips", &position, &f->error));
    assert_int_equal(position, 0);
    crash(f);
    start(f);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 2 3");
    expect_no_trips(f);
}

/* -- several -- */

/* AP-37: several ids for one event, decided by its content; an empty list, and empty ids in one, are nobody. */
static void
an_event_may_be_for_several_instances(void **state)
{
    fixture *f = FIXTURE(state);
    acta_str odd[] = { S("a"), S(""), S("b"), S("a") };

    start(f);
    for (int i = 0; i < 3; i++)
        open_trip(f, (const char *[]){ "a", "b", "c" }[i], 1);
    TELL(f, .what = trips_What_spread, .trips = STRINGS(three, 3), .number = 2);
    TELL(f, .what = trips_What_spread, .trips = STRINGS(three, 0), .number = 3);
    TELL(f, .what = trips_What_spread, .trips = STRINGS(odd, 4), .number = 4);
    TELL(f, .what = trips_What_spread, .trips = STRINGS(three, 3), .ends = true, .number = 5);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 2 4 5");
    assert_string_equal(diary_of(f, "b"), "1 2 4 5");
    assert_string_equal(diary_of(f, "c"), "1 2 5");
    assert_string_equal(diary_of(f, ""), "");
    expect_no_trips(f);
}

static void
an_event_for_all_reaches_those_that_run_at_its_place_in_the_log(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    tell_all(f, false, 1); /* there is nobody */
    open_trip(f, "a", 2);
    open_trip(f, "b", 3);
    tell_all(f, false, 4);
    close_trip(f, "a", 5);
    tell_all(f, false, 6);
    open_trip(f, "c", 7);
    open_trip(f, "a", 8);
    tell_all(f, true, 9);
    open_trip(f, "b", 10);
    close_trip(f, "b", 11);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "2 4 5 8 9");
    assert_string_equal(diary_of(f, "b"), "3 4 6 9 10 11");
    assert_string_equal(diary_of(f, "c"), "7 9");
    expect_no_trips(f);
}

/* Instances that left memory long ago are among all, and so are more than the window holds events. */
static void
an_event_for_all_reaches_hundreds_that_are_cold(void **state)
{
    enum { TRIPS = 300 };
    fixture *f = FIXTURE(state);
    char trip[16];

    start(f);
    for (int i = 0; i < TRIPS; i++) {
        snprintf(trip, sizeof trip, "t%d", i);
        open_trip(f, trip, 1);
    }
    settle(f);
    pass_ms(f, 61000);
    assert_int_equal(acta_whereis(acta_app_runtime(f->app), S("Trips-t7")).value, 0);
    tell_all(f, false, 2);
    tell_all(f, true, 3);
    settle(f);
    for (int i = 0; i < TRIPS; i++) {
        snprintf(trip, sizeof trip, "t%d", i);
        assert_string_equal(diary_of(f, trip), "1 2 3");
    }
    expect_no_trips(f);
}

/* -- associations -- */

static void
instances_are_found_by_what_their_events_associate_them_with(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    open_trip(f, "a", 1);
    open_trip(f, "b", 2);
    tell_plate(f, "X-1", 3); /* nobody's yet */
    book(f, "a", "X-1", 4);
    tell_plate(f, "X-1", 5);
    book(f, "b", "X-1", 6);
    book(f, "b", "Y-2", 7);
    tell_plate(f, "X-1", 8);
    tell_plate(f, "Y-2", 9);
    tell_plate(f, "", 10);
    run_all(f);
    assert_string_equal(diary_of(f, "a"), "1 4 5 8");
    assert_string_equal(diary_of(f, "b"), "2 6 7 8 9");
    assert_int_equal(count_rows(f, "pm.trips.trips.by"), 3);

    /* They are found after a restart; and not any more once they have ended, nor by who begins under the same id. */
    crash(f);
    start(f);
    settle(f);
    tell_plate(f, "X-1", 11);
    close_trip(f, "b", 12);
    open_trip(f, "b", 13);
    tell_plate(f, "Y-2", 14);
    tell_plate(f, "X-1", 15);
    close_trip(f, "a", 16);
    close_trip(f, "b", 17);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 4 5 8 11 15 16");
    assert_string_equal(diary_of(f, "b"), "2 6 7 8 9 11 12 13 17");
    expect_no_trips(f);
}

/* -- order, and crashes -- */

/* AP-46: events of one instance from many streams are handled in the order of the log. */
static void
events_of_one_instance_from_many_streams_keep_the_order_of_the_log(void **state)
{
    fixture *f = FIXTURE(state);
    char expected[512] = "0";
    size_t used = 1;

    start(f);
    open_trip(f, "a", 0);
    for (int i = 1; i <= 60; i++) {
        char road[16];
        snprintf(road, sizeof road, "r%d", i * 7 % 11);
        tell(f, road, ACTA_INIT(trips_Tell, .what = trips_What_go, .trip = S("a"), .number = i));
        used += (size_t)snprintf(expected + used, sizeof expected - used, " %d", i);
    }
    settle(f);
    assert_string_equal(diary_of(f, "a"), expected);
}

/* All forms, written while there is no process manager: the next start has all of it to do at once. */
static void
tell_a_story(fixture *f)
{
    const acta_process_manager *const *managers = f->config.process_managers;

    f->config.process_managers = NULL;
    start(f);
    open_trip(f, "a", 1);
    open_trip(f, "b", 2);
    TELL(f, .what = trips_What_spread, .trips = STRINGS(three, 3), .number = 3);
    book(f, "a", "X-1", 4);
    tell_plate(f, "X-1", 5);
    tell_all(f, false, 6);
    TELL(f, .what = trips_What_found, .trip = S("c"), .number = 7);
    tell_all(f, false, 8);
    close_trip(f, "a", 9);
    tell_plate(f, "X-1", 10);
    open_trip(f, "a", 11);
    tell_all(f, true, 12);
    TELL(f, .what = trips_What_spread, .trips = STRINGS(three, 3), .number = 13);
    stop(f);
    f->config.process_managers = managers;
}

static void
expect_the_story(fixture *f)
{
    assert_string_equal(diary_of(f, "a"), "1 3 4 5 6 8 9 11 12");
    assert_string_equal(diary_of(f, "b"), "2 3 6 8 12");
    assert_string_equal(diary_of(f, "c"), "7 8 12");
}

/*
 * AP-45: the process dies after each number of steps, turns of actors and phases of commits, from the first event on until the
 * last is done, and at once again a few steps later. Each event is a line in the diaries of those that it is for, once, and
 * in its place.
 */
static void
a_crash_between_every_two_steps_doubles_and_loses_nothing_in_any_form(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;
    uint32_t taken_most = 0;

    for (uint32_t steps = 0; !finished; steps++) {
        uint32_t taken = 0;
        tell_a_story(f);
        start(f);
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        crash(f);

        start(f);
        for (uint32_t i = 0; i < steps % 13; i++)
            step(f);
        crash(f);

        start(f);
        settle(f);
        expect_the_story(f);
        expect_no_trips(f);
        stop(f);
        acta_disk_destroy(f->disk);
        f->disk = acta_disk_create(NULL);
        assert_true(steps < 3000);
        taken_most = taken;
    }
    assert_true(taken_most > 100);
}

/* The router alone is killed after each number of steps: its instances go on with what they have in hand. */
static void
a_router_that_dies_between_any_two_steps_doubles_and_loses_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };
    bool finished = false;

    for (uint32_t steps = 0; !finished; steps += 3) {
        uint32_t taken = 0;
        tell_a_story(f);
        start(f);
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        acta_pid router = acta_whereis(acta_app_runtime(f->app), S("reader Trips"));
        if (router.value != 0) acta_exit(acta_app_runtime(f->app), (acta_pid){ 0 }, router, &reason);
        settle(f);
        expect_the_story(f);
        expect_no_trips(f);
        stop(f);
        acta_disk_destroy(f->disk);
        f->disk = acta_disk_create(NULL);
        assert_true(steps < 3000);
    }
}

/* -- names, and where they begin -- */

/* Two of one kind, under two names: each has its own place in the log, its own instances, and sends its own commands. */
static void
two_of_one_kind_have_names_and_rows_of_their_own(void **state)
{
    fixture *f = FIXTURE(state);
    trips_Trips_process_manager second = trips_manager;
    const acta_process_manager *const both[] = { &trips_manager.base, &second.base, NULL };

    second.name = "again";
    f->config.process_managers = both;
    start(f);
    open_trip(f, "a", 1);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 1");
    assert_int_equal(count_rows(f, "pm.trips.trips"), 1);
    assert_int_equal(count_rows(f, "pm.trips.trips.again"), 1);
    assert_int_equal(reader_info(f, "again").passed, reader_info(f, "Trips").passed);
    stop(f);
}

static void
one_that_begins_with_what_is_new_sees_nothing_of_before(void **state)
{
    fixture *f = FIXTURE(state);
    trips_Trips_process_manager late = trips_manager;
    const acta_process_manager *const late_managers[] = { &late.base, NULL };

    late.start_from = ACTA_FROM_CURRENT;
    f->config.process_managers = NULL;
    start(f);
    open_trip(f, "a", 1);
    settle(f);
    stop(f);
    f->config.process_managers = late_managers;
    start(f);
    settle(f);
    go(f, "a", 2);
    open_trip(f, "b", 3);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "");
    assert_string_equal(diary_of(f, "b"), "3");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_trips(an_event_starts_goes_on_with_or_stops_its_instance),
        on_trips(a_strict_route_is_an_error_when_it_finds_the_opposite),
        on_trips(a_strict_route_that_is_delivered_again_is_no_error),
        on_trips(an_event_may_be_for_several_instances),
        on_trips(an_event_for_all_reaches_those_that_run_at_its_place_in_the_log),
        on_trips(an_event_for_all_reaches_hundreds_that_are_cold),
        on_trips(instances_are_found_by_what_their_events_associate_them_with),
        on_trips(events_of_one_instance_from_many_streams_keep_the_order_of_the_log),
        on_trips(a_crash_between_every_two_steps_doubles_and_loses_nothing_in_any_form),
        on_trips(a_router_that_dies_between_any_two_steps_doubles_and_loses_nothing),
        on_trips(two_of_one_kind_have_names_and_rows_of_their_own),
        on_trips(one_that_begins_with_what_is_new_sees_nothing_of_before),
    };
    return run_on_memory("routing", tests);
}
