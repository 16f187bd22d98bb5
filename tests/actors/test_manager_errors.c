/*
 * What fails in a process manager reaches its error functions, and what they say is done: of commands (retry, delay, skip,
 * discard, replace, park, stop), of events (in routing, in handle, in apply, too late: retry, delay, skip, park, stop), and
 * an instance may end after a command.
 */
#include "acta/gen_server.h"
#include "acta/readers.h"
#include "trips.h"

static void
open_trip(fixture *f, const char *trip, int64_t number, uint32_t times)
{
    TELL(f, .what = trips_What_open, .trip = acta_str_of(trip), .number = number, .times = times);
}

static void
go(fixture *f, const char *trip, int64_t number, uint32_t times)
{
    TELL(f, .what = trips_What_go, .trip = acta_str_of(trip), .number = number, .times = times);
}

static uint32_t
row_count(fixture *f, const char *suffix)
{
    char table[64];

    snprintf(table, sizeof table, "pm.trips.trips%s", suffix);
    return count_rows(f, table);
}

/* -- commands -- */

static struct {
    acta_failure_action action;
    uint32_t delay_ms, calls, attempts[8];
    uint64_t kept[8], now_ns[8];
    fixture *f;
} seen;

static acta_failure_action
do_as_wanted(const acta_failure *failure, acta_commands *commands)
{
    uint32_t i = seen.calls++;

    if (i >= 8) fail_msg("the error function is called again and again");
    seen.attempts[i] = failure->attempt;
    seen.kept[i] = failure->kept;
    seen.now_ns[i] = seen.f->now_ns;
    acta_commands_keep(commands, failure->kept + 7);
    if (seen.delay_ms != 0) acta_commands_delay(commands, seen.delay_ms);
    if (seen.action == ACTA_FAILURE_REPLACE) {
        trips_Write_send(commands, ACTA_INIT(trips_Write, .trip = acta_commands_instance(commands), .number = 100));
        if (i == 0)
            trips_Write_send(commands, ACTA_INIT(trips_Write, .trip = acta_commands_instance(commands), .number = -1));
    }
    return seen.action;
}

static void
want(fixture *f, acta_failure_action action)
{
    memset(&seen, 0, sizeof seen);
    seen.f = f;
    seen.action = action;
    trips_hook.error = do_as_wanted;
    start(f);
    open_trip(f, "a", 1, 1);
    go(f, "a", -2, 4); /* -2 and -1 are refused, 0 and 1 are not */
}

/* AP-40: retried, after the delay that was asked for, and with what was kept from one attempt to the next. */
static void
a_command_is_tried_again_after_the_delay_that_was_asked_for(void **state)
{
    fixture *f = FIXTURE(state);

    want(f, ACTA_FAILURE_RETRY);
    seen.delay_ms = 12345;
    seen.calls = 0;
    assert_int_equal(acta_app_settle(f->app, SETTLE_MS, &f->error), ACTA_PARKED);
    assert_int_equal(seen.calls, 4); /* retry_max is 3 */
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(seen.attempts[i], i + 1);
        assert_int_equal(seen.kept[i], 7 * i);
        if (i > 1) assert_int_equal(seen.now_ns[i] - seen.now_ns[i - 1], UINT64_C(12345000000));
    }
    assert_string_equal(diary_of(f, "a"), "1");
}

/* AP-40: this one is left out, and those behind it are dispatched. */
static void
a_command_is_left_out_and_those_behind_it_are_not(void **state)
{
    fixture *f = FIXTURE(state);

    want(f, ACTA_FAILURE_SKIP);
    go(f, "a", 9, 1);
    settle(f);
    assert_int_equal(seen.calls, 2);
    assert_string_equal(diary_of(f, "a"), "1 0 1 9");
    assert_int_equal(row_count(f, ""), 1);
}

/* AP-40: this one and all behind it are left out; the instance goes on. */
static void
a_command_is_left_out_with_all_behind_it(void **state)
{
    fixture *f = FIXTURE(state);

    want(f, ACTA_FAILURE_DISCARD);
    go(f, "a", 9, 1);
    settle(f);
    assert_int_equal(seen.calls, 1);
    assert_string_equal(diary_of(f, "a"), "1 9");
    crash(f);
    start(f);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 9");
    pass_ms(f, 5000);
    assert_int_equal(row_count(f, ".outbox"), 0);
}

/* AP-40: other commands in their place, of which one fails again; what was kept goes with them. */
static void
commands_are_replaced_by_others(void **state)
{
    fixture *f = FIXTURE(state);

    want(f, ACTA_FAILURE_REPLACE);
    settle(f);
    assert_int_equal(seen.calls, 2);
    assert_int_equal(seen.kept[1], 7);
    assert_int_equal(seen.attempts[1], 1);
    assert_string_equal(diary_of(f, "a"), "1 100 100");
}

/* AP-40: kept, and not tried any more before the next start. */
static void
a_command_is_parked_at_once(void **state)
{
    fixture *f = FIXTURE(state);

    want(f, ACTA_FAILURE_PARK);
    open_trip(f, "b", 5, 1);
    assert_int_equal(acta_app_settle(f->app, SETTLE_MS, &f->error), ACTA_PARKED);
    assert_non_null(strstr(f->error.text, "no line of -2"));
    assert_int_equal(seen.calls, 1);
    assert_string_equal(diary_of(f, "b"), "5");
    pass_ms(f, 5000);
    assert_int_equal(row_count(f, ".outbox"), 1);
    crash(f);
    seen.action = ACTA_FAILURE_SKIP;
    start(f);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 0 1");
}

/* AP-40, AP-42: the instance ends with its commands; what is for it comes behind its end, and its id may begin afresh. */
static void
an_instance_ends_by_its_error_function(void **state)
{
    fixture *f = FIXTURE(state);

    want(f, ACTA_FAILURE_STOP);
    TELL(f, .what = trips_What_book, .trip = S("a"), .plate = S("p"), .number = 8);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1");
    TELL(f, .what = trips_What_found, .trip = S("a"), .number = 9);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 9");
    TELL(f, .what = trips_What_close, .trip = S("a"), .number = 10);
    settle(f);
    expect_no_trips(f);
}

/* -- after a command -- */

static acta_after_command
stop_after_forty(const acta_accepted *accepted)
{
    trips_Write line;

    assert_ptr_equal(accepted->command, &trips_Write_table);
    trips_Write_decode(accepted->payload, &line);
    return line.number == 40 ? ACTA_AFTER_STOP : ACTA_AFTER_CONTINUE;
}

/* AP-42: ended behind its second command of four, the others are not dispatched; wherever the process dies. */
static void
an_instance_that_ends_after_a_command_ends_once(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_process_manager *const *managers = f->config.process_managers;
    bool finished = false;

    trips_hook.after_command = stop_after_forty;
    for (uint32_t steps = 0; !finished; steps++) {
        uint32_t taken = 0;
        f->config.process_managers = NULL;
        start(f);
        open_trip(f, "a", 1, 1);
        TELL(f, .what = trips_What_book, .trip = S("a"), .plate = S("p"), .number = 2);
        go(f, "a", 39, 4);
        go(f, "a", 50, 1);
        TELL(f, .what = trips_What_spread, .plate = S("p"), .number = 51);
        open_trip(f, "a", 60, 1);
        TELL(f, .what = trips_What_close, .trip = S("a"), .number = 61);
        stop(f);
        f->config.process_managers = managers;
        start(f);
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        crash(f);
        start(f);
        settle(f);
        assert_string_equal(diary_of(f, "a"), "1 2 39 40 60 61");
        expect_no_trips(f);
        stop(f);
        acta_disk_destroy(f->disk);
        f->disk = acta_disk_create(NULL);
        assert_true(steps < 3000);
    }
}

/* -- events -- */

static struct {
    acta_unhandled_action action;
    int64_t number; /* that fails */
    uint32_t failures_left, calls, attempts[8], delay_ms;
    uint64_t kept[8], now_ns[8];
    acta_event_step step;
    acta_status status;
    char text[192], instance[16];
    fixture *f;
} event_seen;

static void
fail_on(int64_t number)
{
    if (number != event_seen.number || event_seen.failures_left == 0) return;
    event_seen.failures_left--;
    acta_fail(acta_self_here(), "a bug about %" PRId64, number);
}

static acta_unhandled_action
say_of_event(const acta_unhandled *failure, acta_unhandled_retry *retry)
{
    uint32_t i = event_seen.calls++;

    if (i >= 8) fail_msg("the error function is called again and again");
    event_seen.attempts[i] = failure->attempt;
    event_seen.kept[i] = retry->kept;
    event_seen.now_ns[i] = event_seen.f->now_ns;
    event_seen.step = failure->step;
    event_seen.status = failure->status;
    snprintf(event_seen.text, sizeof event_seen.text, "%s", failure->text);
    snprintf(event_seen.instance, sizeof event_seen.instance, ACTA_FMT, ACTA_ARG(failure->instance));
    retry->kept += 3;
    retry->delay_ms = event_seen.delay_ms;
    return event_seen.action;
}

static void
want_of_event(fixture *f, acta_unhandled_action action, uint32_t failures)
{
    memset(&event_seen, 0, sizeof event_seen);
    event_seen.f = f;
    event_seen.action = action;
    event_seen.number = 2;
    event_seen.failures_left = failures;
    trips_hook.event_error = say_of_event;
}

static void
tell_three(fixture *f)
{
    acta_str both[] = { S("a"), S("b") };

    start(f);
    open_trip(f, "a", 1, 1);
    open_trip(f, "b", 1, 1);
    TELL(f, .what = trips_What_spread, .trips = { .data = both, .count = 2 }, .number = 2);
    go(f, "a", 3, 1);
    go(f, "b", 3, 1);
}

/* AP-41: a failure in handle reaches the function, with attempt and what it kept; the other instance has done the event. */
static void
an_error_in_handle_is_told_and_tried_again(void **state)
{
    fixture *f = FIXTURE(state);

    want_of_event(f, ACTA_UNHANDLED_RETRY, 3);
    event_seen.delay_ms = 4321;
    trips_hook.on_handle = fail_on;
    tell_three(f);
    settle(f);
    assert_int_equal(event_seen.calls, 3);
    assert_int_equal(event_seen.step, ACTA_STEP_HANDLE);
    assert_int_equal(event_seen.status, ACTA_FAILED);
    assert_non_null(strstr(event_seen.text, "a bug about 2"));
    assert_string_equal(diary_of(f, "a"), "1 2 3");
    assert_string_equal(diary_of(f, "b"), "1 2 3");
    assert_int_equal(count_rows(f, "parked"), 0);
}

/* AP-40, AP-41: the context of an event's function: attempts, delays, and a value of its own. */
static void
an_event_is_tried_again_after_the_delay_that_was_asked_for(void **state)
{
    fixture *f = FIXTURE(state);

    want_of_event(f, ACTA_UNHANDLED_RETRY, 3);
    event_seen.delay_ms = 4321;
    trips_hook.on_apply = fail_on;
    start(f);
    open_trip(f, "a", 1, 1);
    go(f, "a", 2, 1);
    settle(f);
    assert_int_equal(event_seen.calls, 3);
    assert_int_equal(event_seen.step, ACTA_STEP_APPLY);
    assert_string_equal(event_seen.instance, "a");
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(event_seen.attempts[i], i + 1);
        assert_int_equal(event_seen.kept[i], 3 * i);
        if (i > 0) assert_int_equal(event_seen.now_ns[i] - event_seen.now_ns[i - 1], UINT64_C(4321000000));
    }
    assert_string_equal(diary_of(f, "a"), "1 2");
}

/* AP-41: skipped in apply, and the next event is handled; also after a restart, which delivers all of them again. */
static void
an_event_that_fails_in_apply_can_be_skipped(void **state)
{
    fixture *f = FIXTURE(state);

    want_of_event(f, ACTA_UNHANDLED_SKIP, UINT32_MAX);
    trips_hook.on_apply = fail_on;
    tell_three(f);
    settle(f);
    assert_int_equal(event_seen.calls, 2); /* each of the two */
    assert_int_equal(event_seen.step, ACTA_STEP_APPLY);
    assert_string_equal(diary_of(f, "a"), "1 3");
    assert_string_equal(diary_of(f, "b"), "1 3");
    crash(f);
    start(f);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 3");
    assert_int_equal(count_rows(f, "parked"), 0);
}

/* AP-41: what fails in routing is of no instance yet; it is told so, tried again, and reaches all that it is for. */
static void
an_error_in_routing_is_told_and_tried_again(void **state)
{
    fixture *f = FIXTURE(state);

    want_of_event(f, ACTA_UNHANDLED_RETRY, 2);
    trips_hook.on_route = fail_on;
    start(f);
    open_trip(f, "a", 1, 1);
    open_trip(f, "b", 1, 1);
    acta_str both[] = { S("a"), S("b") };
    TELL(f, .what = trips_What_spread, .trips = { .data = both, .count = 2 }, .number = 2);
    settle(f);
    assert_int_equal(event_seen.calls, 2);
    assert_int_equal(event_seen.step, ACTA_STEP_ROUTE);
    assert_string_equal(event_seen.instance, "");
    assert_string_equal(diary_of(f, "a"), "1 2");
    assert_string_equal(diary_of(f, "b"), "1 2");
    go(f, "a", 3, 1);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 2 3");
    assert_int_equal(count_rows(f, "parked"), 0);
}

/* AP-41: what can't be routed can be skipped, and the router goes on. */
static void
an_event_that_fails_in_routing_can_be_skipped(void **state)
{
    fixture *f = FIXTURE(state);

    want_of_event(f, ACTA_UNHANDLED_SKIP, UINT32_MAX);
    trips_hook.on_route = fail_on;
    tell_three(f);
    settle(f);
    assert_int_equal(event_seen.calls, 1);
    assert_string_equal(diary_of(f, "a"), "1 3");
    assert_int_equal(count_rows(f, "parked"), 0);
}

/* AP-41: parked at once; the other instance goes on. */
static void
an_event_can_be_parked_at_once(void **state)
{
    fixture *f = FIXTURE(state);

    want_of_event(f, ACTA_UNHANDLED_PARK, 1);
    trips_hook.on_handle = fail_on;
    tell_three(f);
    assert_int_equal(acta_app_settle(f->app, SETTLE_MS, &f->error), ACTA_PARKED);
    assert_int_equal(event_seen.calls, 1);
    const char *a = diary_of(f, "a"), *b = diary_of(f, "b");
    assert_true((strcmp(a, "1") == 0) != (strcmp(b, "1") == 0));
    assert_true((strcmp(a, "1 2 3") == 0) != (strcmp(b, "1 2 3") == 0));
    crash(f);
    start(f);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 2 3");
    assert_string_equal(diary_of(f, "b"), "1 2 3");
}

/* An event of one instance has stopped them all, with the reason; nothing of another is begun. */
static void
stop_at_two(fixture *f)
{
    want_of_event(f, ACTA_UNHANDLED_STOP, 1);
    trips_hook.on_handle = fail_on;
    start(f);
    open_trip(f, "a", 1, 1);
    settle(f);
    go(f, "a", 2, 1);
    pass_ms(f, 1000);
    go(f, "a", 3, 1);
    open_trip(f, "b", 4, 1);
    assert_int_equal(acta_app_settle(f->app, 5000, &f->error), ACTA_TIMEOUT);
    assert_non_null(strstr(f->error.text, "a bug about 2"));
    assert_int_equal(reader_info(f, "Trips").state, ACTA_READER_STOPPED);
    assert_int_equal(event_seen.calls, 1);
    assert_string_equal(diary_of(f, "a"), "1");
    assert_string_equal(diary_of(f, "b"), "");
}

static void
expect_all_of_it(fixture *f)
{
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 2 3");
    assert_string_equal(diary_of(f, "b"), "4");
    assert_int_equal(count_rows(f, "parked"), 0);
}

/* AP-41: the whole process manager stands still until the next start; nothing is lost by that. */
static void
an_event_can_stop_the_whole_process_manager(void **state)
{
    fixture *f = FIXTURE(state);

    stop_at_two(f);
    crash(f);
    start(f);
    expect_all_of_it(f);
}

/* Or until an operator lets it go on: then that event is tried again, and the others come behind it. */
static void
a_process_manager_that_has_stopped_is_resumed(void **state)
{
    static const acta_operator anna = { .by = "anna", .why = "the bug is mended" };
    fixture *f = FIXTURE(state);

    stop_at_two(f);
    MUST(f, acta_reader_resume(f->app, "Trips", &anna, &f->error));
    expect_all_of_it(f);
    assert_int_equal(reader_info(f, "Trips").state, ACTA_READER_LIVE);
}

/* -- what the application says of all -- */

static acta_event_answer
skip_it(void *user, acta_event_failure *failure)
{
    uint32_t *calls = user;

    (*calls)++;
    assert_string_equal(failure->name, "Trips");
    return ACTA_EVENT_SKIP;
}

static trips_Trips_process_manager other_manager;
static const acta_process_manager *const other_managers[] = { &other_manager.base, NULL };

/* AP-41: without a function of its own an event of a process manager is the application's to decide on; with one it is not. */
static void
the_application_decides_on_events_of_a_process_manager(void **state)
{
    fixture *f = FIXTURE(state);
    uint32_t calls = 0;

    other_manager = trips_manager;
    other_manager.event_error = NULL;
    f->config.on_handler_error = (acta_error_default){ .error = skip_it, .user = &calls };
    want_of_event(f, ACTA_UNHANDLED_SKIP, 1);
    trips_hook.on_handle = fail_on;
    start(f);
    open_trip(f, "a", 1, 1);
    go(f, "a", 2, 1);
    go(f, "a", 3, 1);
    settle(f);
    assert_int_equal(calls, 0);
    assert_int_equal(event_seen.calls, 1);
    stop(f);
    f->config.process_managers = other_managers;
    event_seen.failures_left = 1;
    start(f);
    go(f, "a", 2, 1);
    go(f, "a", 4, 1);
    settle(f);
    assert_int_equal(calls, 1);
    assert_int_equal(event_seen.calls, 1);
    assert_string_equal(diary_of(f, "a"), "1 3 4");
}

/* AP-40: a command that can't get through stops the process manager, if that is said; parking one at once parks it alone. */
static void
a_command_that_was_tried_out_stops_the_process_manager(void **state)
{
    fixture *f = FIXTURE(state);

    other_manager = trips_manager;
    other_manager.then = ACTA_THEN_STOP;
    f->config.process_managers = other_managers;
    want(f, ACTA_FAILURE_PARK);
    open_trip(f, "b", 5, 1);
    assert_int_equal(acta_app_settle(f->app, SETTLE_MS, &f->error), ACTA_PARKED);
    assert_string_equal(diary_of(f, "b"), "5");
    crash(f);

    seen.calls = 0;
    seen.action = ACTA_FAILURE_RETRY;
    start(f);
    pass_ms(f, 100000);
    assert_int_equal(seen.calls, 4);
    acta_reader_info info = reader_info(f, "Trips");
    assert_int_equal(info.state, ACTA_READER_STOPPED);
    assert_non_null(strstr(info.reason, "no line of -2"));
    assert_int_equal(info.parked, 0);
    open_trip(f, "c", 6, 1);
    pass_ms(f, 100000);
    assert_string_equal(diary_of(f, "c"), "");
    seen.action = ACTA_FAILURE_SKIP;
    MUST(f, acta_reader_resume(f->app, "Trips", NULL, &f->error));
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 0 1");
    assert_string_equal(diary_of(f, "c"), "6");
}

/* -- too late -- */

/* AP-44: an instance whose commands don't get through is told of, with the reason, and not before its time. */
static void
an_event_that_takes_too_long_is_told_with_the_reason(void **state)
{
    fixture *f = FIXTURE(state);
    trips_Trips_process_manager timed = trips_manager;
    const acta_process_manager *const timed_managers[] = { &timed.base, NULL };

    timed.event_timeout_ms = 30000;
    timed.retry_max = 1000;
    f->config.process_managers = timed_managers;
    want_of_event(f, ACTA_UNHANDLED_PARK, 0);
    memset(&seen, 0, sizeof seen);
    seen.f = f;
    seen.action = ACTA_FAILURE_RETRY;
    seen.delay_ms = 10000;
    trips_hook.error = do_as_wanted;
    start(f);
    open_trip(f, "a", -1, 1); /* refused again and again */
    pass_ms(f, 5000);
    uint64_t sent_ns = f->now_ns;
    go(f, "a", 5, 1);
    open_trip(f, "b", 6, 1);
    pass_ms(f, 29000);
    assert_int_equal(event_seen.calls, 0);
    pass_ms(f, 2000);
    assert_int_equal(event_seen.calls, 1);
    assert_int_equal(event_seen.step, ACTA_STEP_INSTANCE);
    assert_int_equal(event_seen.status, ACTA_TIMEOUT);
    assert_string_equal(event_seen.instance, "a");
    assert_true(event_seen.now_ns[0] - sent_ns >= UINT64_C(30000000000));
    assert_non_null(strstr(event_seen.text, "has not done the event at position"));
    assert_non_null(strstr(event_seen.text, "command 1 of 1 has failed"));
    assert_non_null(strstr(event_seen.text, "no line of -1"));
    assert_string_equal(diary_of(f, "b"), "6");
    crash(f);
    seen.action = ACTA_FAILURE_SKIP;
    start(f);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "5");
}

/* AP-43: an instance that dies with the event in hand does not hold the router up. */
static void
an_instance_that_dies_is_not_waited_for(void **state)
{
    fixture *f = FIXTURE(state);
    acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };

    start(f);
    open_trip(f, "a", 1, 1);
    settle(f);
    TELL(f, .what = trips_What_go, .trip = S("a"), .number = 2);
    for (uint32_t i = 0; i < 40; i++) {
        acta_pid pid = acta_whereis(acta_app_runtime(f->app), S("Trips-a"));
        if (pid.value != 0) acta_exit(acta_app_runtime(f->app), (acta_pid){ 0 }, pid, &reason);
        if (!step(f)) break;
    }
    go(f, "b", 3, 1);
    open_trip(f, "b", 4, 1);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 2");
    assert_string_equal(diary_of(f, "b"), "4");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_trips(a_command_is_tried_again_after_the_delay_that_was_asked_for),
        on_trips(a_command_is_left_out_and_those_behind_it_are_not),
        on_trips(a_command_is_left_out_with_all_behind_it),
        on_trips(commands_are_replaced_by_others),
        on_trips(a_command_is_parked_at_once),
        on_trips(an_instance_ends_by_its_error_function),
        on_trips(an_instance_that_ends_after_a_command_ends_once),
        on_trips(an_error_in_handle_is_told_and_tried_again),
        on_trips(an_event_is_tried_again_after_the_delay_that_was_asked_for),
        on_trips(an_event_that_fails_in_apply_can_be_skipped),
        on_trips(an_error_in_routing_is_told_and_tried_again),
        on_trips(an_event_that_fails_in_routing_can_be_skipped),
        on_trips(an_event_can_be_parked_at_once),
        on_trips(an_event_can_stop_the_whole_process_manager),
        on_trips(a_process_manager_that_has_stopped_is_resumed),
        on_trips(the_application_decides_on_events_of_a_process_manager),
        on_trips(a_command_that_was_tried_out_stops_the_process_manager),
        on_trips(an_event_that_takes_too_long_is_told_with_the_reason),
        on_trips(an_instance_that_dies_is_not_waited_for),
    };
    return run_on_memory("errors of process managers", tests);
}
