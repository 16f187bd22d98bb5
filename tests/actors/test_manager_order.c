/*
 * Process managers: what an instance remembers, in which order it does what, and that it holds up no other.
 */
#include "acta/readers.h"
#include "trips.h"

/* AP-38: the state goes through a restart, a crash, and a time out of memory, at every event. */
static void
its_state_survives_whatever_comes_between_two_events(void **state)
{
    enum { EVENTS = 9, IDLE_MS = 20 };
    static trips_Trips_process_manager hasty;
    static const acta_process_manager *const managers[] = { &hasty.base, NULL };
    fixture *f = FIXTURE(state);

    hasty = trips_manager;
    hasty.idle_timeout_ms = IDLE_MS;
    f->config.process_managers = managers;
    start(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1);
    for (uint32_t events = 1; events < EVENTS; events++) {
        settle(f);
        assert_int_equal(seen_by(f, "a", NULL), events);
        if (events % 3 == 0)
            pass_ms(f, 10 * IDLE_MS);
        else if (events % 3 == 1)
            stop(f);
        else
            crash(f);
        if (f->app == NULL) start(f);
        TELL(f, .what = trips_What_go, .trip = S("a"), .number = 1 + events);
    }
    settle(f);
    assert_int_equal(seen_by(f, "a", NULL), EVENTS);
    assert_string_equal(diary_of(f, "a"), "1 2 3 4 5 6 7 8 9");
}

static uint32_t refusals;

static acta_failure_action
wait_for_a_while(const acta_failure *failure, acta_commands *commands)
{
    (void)failure;
    refusals++;
    acta_commands_delay(commands, 60000);
    return ACTA_FAILURE_RETRY;
}

static bool
break_some(const acta_passage *passage)
{
    trips_Write line;

    if (acta_passage_command(passage) != &trips_Write_table || refusals >= 2) return false;
    trips_Write_read(acta_passage_payload(passage), &line);
    return line.number == 2;
}

static void
put_off(acta_passage *passage, void *user)
{
    (void)user;
    if (break_some(passage)) acta_passage_respond(passage, ACTA_BUSY, 0, NULL, "not yet");
}

/* AP-39: commands go in order, one behind the other; the next event of the instance waits until they are through. */
static void
the_next_event_waits_for_the_commands_of_this_one(void **state)
{
    static const acta_middleware busy = { .name = "busy", .before = put_off };
    static const acta_middleware *const middleware[] = { &busy, NULL };
    fixture *f = FIXTURE(state);

    refusals = 0;
    trips_hook.error = wait_for_a_while;
    f->config.middleware = middleware;
    start(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1, .times = 3);
    TELL(f, .what = trips_What_go, .trip = S("a"), .number = 7);
    TELL(f, .what = trips_What_open, .trip = S("b"), .number = 8);
    pass_ms(f, 59000);
    assert_string_equal(diary_of(f, "a"), "1");
    assert_string_equal(diary_of(f, "b"), "8");
    assert_int_equal(seen_by(f, "a", NULL), 1);
    pass_ms(f, 60000);
    assert_string_equal(diary_of(f, "a"), "1");
    pass_ms(f, 2000);
    assert_int_equal(refusals, 2);
    assert_string_equal(diary_of(f, "a"), "1 2 3 7");
    assert_int_equal(seen_by(f, "a", NULL), 2);
}

/* AP-39: state, position and outbox are one batch, which is on disk before the first of the commands has any effect. */
static void
state_position_and_outbox_come_before_the_first_command(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t position = 0, steps_with_outbox = 0;

    start(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1, .times = 3);
    while (version_of(f, "Diary-a") < 3) {
        assert_true(step(f));
        bool has_row = seen_by(f, "a", &position) == 1, has_outbox = count_rows(f, "pm.trips.trips.outbox") == 1;
        assert_true(has_row == has_outbox);
        assert_true(has_row || version_of(f, "Diary-a") == 0);
        if (has_row) assert_int_equal(position, 1);
        steps_with_outbox += has_outbox && version_of(f, "Diary-a") == 0;
    }
    assert_true(steps_with_outbox > 0);
}

/* AP-47: one of ten thousand instances waits with its command; of the others none does. */
static void
of_ten_thousand_instances_one_that_waits_holds_up_none(void **state)
{
    enum { INSTANCES = 10000, ROUND = 500, LAG_MAX_MS = 1000 };
    fixture *f = FIXTURE(state);
    char trip[16];

    trips_hook.error = wait_for_a_while;
    start(f);
    TELL(f, .what = trips_What_open, .trip = S("slow"), .number = -1);
    run_all(f);
    for (int k = 0; k < INSTANCES; k++) {
        snprintf(trip, sizeof trip, "t%d", k);
        TELL(f, .what = trips_What_open, .trip = acta_str_of(trip), .number = k);
        if (k % ROUND != ROUND - 1) continue;
        pass_ms(f, LAG_MAX_MS); /* the slow one waits for a minute */
        assert_int_equal(version_of(f, "Diary-t0"), 1);
        snprintf(trip, sizeof trip, "Diary-t%d", k);
        assert_int_equal(version_of(f, trip), 1);
    }
    for (int k = 0; k < INSTANCES; k++) {
        snprintf(trip, sizeof trip, "Diary-t%d", k);
        assert_int_equal(version_of(f, trip), 1);
    }
    assert_int_equal(seen_by(f, "slow", NULL), 1);
    assert_int_equal(version_of(f, "Diary-slow"), 0);
}

/* -- more events of one that waits than the window has room for -- */

enum { WINDOW = 256, MANY = WINDOW + 50 };

/* "slow" waits with its first command, and has MANY events behind it; "other" comes behind all of these. */
static void
let_one_wait(fixture *f)
{
    refusals = 0;
    trips_hook.error = wait_for_a_while;
    start(f);
    TELL(f, .what = trips_What_open, .trip = S("slow"), .number = -1);
    for (int64_t k = 1; k <= MANY; k++)
        TELL(f, .what = trips_What_go, .trip = S("slow"), .number = k);
    TELL(f, .what = trips_What_open, .trip = S("other"), .number = 7);
    pass_ms(f, 2000);
}

static acta_failure_action
leave_it_out(const acta_failure *failure, acta_commands *commands)
{
    (void)failure;
    (void)commands;
    return ACTA_FAILURE_SKIP;
}

/* Each of its MANY events was handled once, in order, and nothing is left aside. */
static void
expect_many_in_order(fixture *f)
{
    const acta_read read = { .from = 1, .stream = S("Diary-slow") };
    acta_cursor *cursor;
    acta_recorded event;
    trips_Written line;
    int64_t next = 1;

    MUST(f, acta_cursor_open(acta_app_store(f->app), &read, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        trips_Written_decode(event.payload, &line);
        assert_int_equal(line.number, next++);
    }
    acta_cursor_close(cursor);
    assert_int_equal(next, MANY + 1);
    assert_int_equal(count_rows(f, "parked"), 0);
}

/* AP-47: what waits behind commands that are tried again is set aside: durable, in order, and out of the others' way. */
static void
an_instance_that_tries_again_holds_up_its_own_events_alone(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t position;

    let_one_wait(f);
    assert_string_equal(diary_of(f, "other"), "7");
    assert_int_equal(version_of(f, "Diary-slow"), 0);
    assert_int_equal(count_rows(f, "parked"), MANY);
    const acta_reader_info info = reader_info(f, "Trips");
    assert_int_equal(info.passed, info.head);
    assert_int_equal(info.parked, 0); /* they will be tried */
    assert_int_equal(info.state, ACTA_READER_RETRYING);
    MUST(f, acta_store_checkpoint(acta_app_store(f->app), "Trips", &position, &f->error));
    assert_true(position > MANY);
    trips_hook.error = leave_it_out;
    settle(f);
    expect_many_in_order(f);
    assert_int_equal(seen_by(f, "slow", NULL), MANY + 1);
}

/* The same, and everything dies: the instance, the router, the process, all of them several times. */
static void
what_waits_behind_commands_outlives_whatever_dies(void **state)
{
    static const char *const names[] = { "Trips-slow", "reader Trips" };
    const acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };
    fixture *f = FIXTURE(state);

    let_one_wait(f);
    for (uint32_t round = 0; round < 12; round++) {
        TELL(f, .what = trips_What_open, .trip = S("other"), .number = 8 + round);
        for (uint32_t steps = 0; steps < 5 * round; steps++)
            step(f);
        acta_pid pid = acta_whereis(acta_app_runtime(f->app), acta_str_of(names[round % 2]));
        if (pid.value != 0) acta_exit(acta_app_runtime(f->app), (acta_pid){ 0 }, pid, &reason);
        if (round == 8) trips_hook.error = leave_it_out;
        if (round % 4 != 3) continue;
        crash(f);
        start(f);
    }
    settle(f);
    expect_many_in_order(f);
    assert_string_equal(diary_of(f, "other"), "7 8 9 10 11 12 13 14 15 16 17 18 19");
}

/* When the commands are given up all of it is parked; an operator's word has the commands tried again, then the events. */
static void
what_waits_behind_commands_is_parked_with_them(void **state)
{
    enum { TRIES_MS = 4 * 60000 };
    fixture *f = FIXTURE(state);
    uint64_t count = 0;

    let_one_wait(f);
    pass_ms(f, TRIES_MS);
    assert_int_equal(refusals, 4); /* retry_max is 3 */
    acta_reader_info info = reader_info(f, "Trips");
    assert_int_equal(info.parked, MANY + 1); /* with the event whose commands they are */
    assert_non_null(strstr(info.reason, "no line of -1"));
    assert_int_equal(acta_app_settle(f->app, 1000, &f->error), ACTA_PARKED);
    trips_hook.error = leave_it_out;
    MUST(f, acta_reader_replay(f->app, "Trips", NULL, NULL, &count, &f->error));
    assert_int_equal(count, MANY + 1);
    settle(f);
    expect_many_in_order(f);
}

/* -- no memory -- */

static uint64_t allocations, failing_allocation;

static void *
alloc_but_one(void *user, size_t size)
{
    (void)user;
    return ++allocations == failing_allocation ? NULL : malloc(size);
}

static void
free_any(void *user, void *block, size_t size)
{
    (void)user;
    (void)size;
    free(block);
}

/* An instance of this name opens with a command that is refused, and has QUEUED events behind it, all told beforehand. */
enum { QUEUED = 10 };

static void
tell_a_queue(fixture *f, const char *trip)
{
    const acta_process_manager *const *managers = f->config.process_managers;

    f->config.process_managers = NULL;
    start(f);
    TELL(f, .what = trips_What_open, .trip = acta_str_of(trip), .number = -1);
    for (int64_t k = 1; k <= QUEUED; k++)
        TELL(f, .what = trips_What_go, .trip = acta_str_of(trip), .number = k);
    stop(f);
    f->config.process_managers = managers;
}

/* Wherever memory fails once on its way aside, nothing of a queue is lost, doubled, or given back twice. */
static void
a_queue_goes_aside_whatever_finds_no_memory(void **state)
{
    fixture *f = FIXTURE(state);
    bool has_failed = true;
    char trip[16];

    f->environment.allocator = (acta_allocator){ .alloc = alloc_but_one, .free = free_any };
    for (uint64_t at = 1; has_failed; at++) {
        snprintf(trip, sizeof trip, "t%" PRIu64, at);
        tell_a_queue(f, trip);
        refusals = 0;
        trips_hook.error = wait_for_a_while;
        start(f);
        allocations = 0;
        failing_allocation = at;
        pass_ms(f, 30000);
        failing_allocation = 0;
        has_failed = allocations >= at;
        if (!has_failed) assert_int_equal(count_rows(f, "parked"), QUEUED);
        trips_hook.error = leave_it_out;
        pass_ms(f, 60000); /* until it is tried again: settle would look at each millisecond of it */
        settle(f);
        assert_string_equal(diary_of(f, trip), "1 2 3 4 5 6 7 8 9 10");
        assert_int_equal(count_rows(f, "parked"), 0);
        stop(f);
    }
    assert_true(refusals > 0);
}

static void
append_unknown(fixture *f)
{
    acta_transaction *t = acta_transaction_create(acta_app_store(f->app));
    const acta_event event = { .type = S("trips.Flown"), .schema_hash = 7, .payload = acta_bytes_from("xyz", 3) };

    acta_transaction_append(t, S("Road-road"), ACTA_ANY_VERSION, &event, 1);
    commit(f, t);
}

/* AP-48: what the schema doesn't know, and what was removed, is passed over; nothing waits behind it. */
static void
unknown_and_removed_events_are_passed_over(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_process_manager *const *managers = f->config.process_managers;

    f->config.process_managers = NULL;
    start(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1);
    tell(f, "gone", ACTA_INIT(trips_Tell, .what = trips_What_go, .trip = S("a"), .number = 2));
    append_unknown(f);
    acta_transaction *t = acta_transaction_create(acta_app_store(f->app));
    acta_transaction_delete_stream(t, S("Road-gone"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
    commit(f, t);
    uint64_t scrubbed;
    MUST(f, acta_store_scrub(acta_app_store(f->app), 0, &scrubbed, &f->error));
    assert_int_equal(scrubbed, 1);
    tell(f, "other", ACTA_INIT(trips_Tell, .what = trips_What_go, .trip = S("b"), .number = 3));
    stop(f);
    f->config.process_managers = managers;
    start(f);
    tell(f, "other", ACTA_INIT(trips_Tell, .what = trips_What_go, .trip = S("a"), .number = 4));
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 4");
    const acta_reader_info info = reader_info(f, "Trips");
    assert_int_equal(info.passed, info.head);
    assert_int_equal(info.parked, 0);
    assert_int_equal(info.retries, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { on_trips(its_state_survives_whatever_comes_between_two_events),
        on_trips(the_next_event_waits_for_the_commands_of_this_one),
        on_trips(state_position_and_outbox_come_before_the_first_command),
        on_trips(of_ten_thousand_instances_one_that_waits_holds_up_none),
        on_trips(an_instance_that_tries_again_holds_up_its_own_events_alone),
        on_trips(what_waits_behind_commands_outlives_whatever_dies),
        on_trips(what_waits_behind_commands_is_parked_with_them), on_trips(a_queue_goes_aside_whatever_finds_no_memory),
        on_trips(unknown_and_removed_events_are_passed_over) };

    return run_on_memory("manager order", tests);
}
