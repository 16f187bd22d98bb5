/*
 * Process managers whose rows know of events that the log has lost: what comes at the same positions is new.
 */
#include "acta/operations.h"
#include "trips.h"

enum { CUT = 4 };

/* Trip "a" has two events, and their lines are written: the log up to CUT. */
static void
begin(fixture *f)
{
    start(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1);
    settle(f);
    TELL(f, .what = trips_What_go, .trip = S("a"), .number = 2);
    settle(f);
    assert_int_equal(acta_store_head(acta_app_store(f->app)), CUT);
}

/* The log ends at CUT, and all rows are as they were. */
static void
lose_the_rest(fixture *f)
{
    char copy[sizeof f->path + 8];
    const acta_restore_config config = { .backup = f->path, .path = copy, .to_position = CUT, .keep_tables = true };

    stop(f);
    snprintf(copy, sizeof copy, "%s.cut", f->path);
    MUST(f, acta_restore(&config, NULL, &f->error));
    snprintf(f->path, sizeof f->path, "%.255s", copy);
    start(f);
}

static void
an_instance_sees_what_comes_where_lost_events_were(void **state)
{
    fixture *f = FIXTURE(state);

    begin(f);
    for (int64_t number = 3; number < 9; number++) {
        TELL(f, .what = trips_What_go, .trip = S("a"), .number = number);
        settle(f);
    }
    lose_the_rest(f);
    TELL(f, .what = trips_What_go, .trip = S("a"), .number = 20);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 2 8 20"); /* the last outbox is there, and its line was lost */
    assert_int_equal(seen_by(f, "a", NULL), 9);
    crash(f);
    start(f);
    TELL(f, .what = trips_What_go, .trip = S("a"), .number = 21);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 2 8 20 21");
}

static bool is_busy;

static void
put_off(acta_passage *passage, void *user)
{
    (void)user;
    if (is_busy && acta_passage_command(passage) == &trips_Write_table)
        acta_passage_respond(passage, ACTA_BUSY, 0, NULL, "not yet");
}

/* An outbox of a lost event goes out, and the commands of a new one at its position are not taken for those. */
static void
commands_of_a_lost_event_are_not_those_of_the_next_there(void **state)
{
    static const acta_middleware busy = { .name = "busy", .before = put_off };
    static const acta_middleware *const middleware[] = { &busy, NULL };
    fixture *f = FIXTURE(state);

    f->config.middleware = middleware;
    is_busy = false;
    begin(f);
    for (int k = 0; k < 3; k++)
        TELL(f, .what = trips_What_go, .trip = S("nobody"), .number = 1);
    is_busy = true;
    TELL(f, .what = trips_What_go, .trip = S("a"), .number = 3);
    uint64_t lost = acta_store_head(acta_app_store(f->app));
    while (seen_by(f, "a", NULL) < 3)
        assert_true(step(f));
    lose_the_rest(f);
    is_busy = false;
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 2 3");
    while (acta_store_head(acta_app_store(f->app)) + 1 < lost)
        TELL(f, .what = trips_What_go, .trip = S("nobody"), .number = 1);
    TELL(f, .what = trips_What_go, .trip = S("a"), .number = 4);
    assert_int_equal(acta_store_head(acta_app_store(f->app)), lost);
    settle(f);
    assert_string_equal(diary_of(f, "a"), "1 2 3 4");
}

static void
what_was_stopped_by_a_lost_event_begins_again(void **state)
{
    fixture *f = FIXTURE(state);

    begin(f);
    for (int k = 0; k < 6; k++)
        TELL(f, .what = trips_What_go, .trip = S("nobody"), .number = 1);
    TELL(f, .what = trips_What_close, .trip = S("a"), .number = 3);
    while (count_rows(f, "pm.trips.trips.ended") == 0)
        assert_true(step(f));
    lose_the_rest(f);
    assert_int_equal(count_rows(f, "pm.trips.trips.ended"), 1);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 5);
    settle(f);
    assert_int_equal(seen_by(f, "a", NULL), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_trips(an_instance_sees_what_comes_where_lost_events_were),
        on_trips(commands_of_a_lost_event_are_not_those_of_the_next_there),
        on_trips(what_was_stopped_by_a_lost_event_begins_again),
    };
    return run_on_rocksdb("manager cut", tests);
}
