/*
 * The story of an instance: what it has handled and sent, what became of that, and the state behind each event; each step once,
 * wherever the process dies.
 */
#include "trips.h"

enum { STEPS_MAX = 64, TEXT_MAX = 512 };

/* A step as a line: "handled 1 trips.Opened {…}: Write accepted, Write left out". */
static char lines[STEPS_MAX][TEXT_MAX];
static uint32_t line_count, line_max;
static acta_story_step last;

static trips_Trips_process_manager teller;
static const acta_process_manager *const tellers[] = { &teller.base, NULL };

static const char *const fates[] = { "accepted", "left out", "waits" };

static bool
take_step(void *user, const acta_story_step *step)
{
    char *line = lines[line_count++];
    int size = snprintf(line, TEXT_MAX, "%s%s%s %" PRIu64, acta_story_kind_name(step->kind),
        step->begins ? " begins" : "", step->ends ? " ends" : "", step->position);
    (void)user;

    if (step->kind == ACTA_STORY_HANDLED)
        size += snprintf(line + size, TEXT_MAX - (size_t)size, " " ACTA_FMT " " ACTA_FMT, ACTA_ARG(step->type),
            ACTA_ARG(step->state));
    else
        size += snprintf(
            line + size, TEXT_MAX - (size_t)size, " %" PRIu32 " '" ACTA_FMT "'", step->index, ACTA_ARG(step->why));
    for (uint32_t k = 0; k < step->command_count; k++)
        size += snprintf(line + size, TEXT_MAX - (size_t)size, "%s " ACTA_FMT " %s", k == 0 ? ":" : ",",
            ACTA_ARG(step->commands[k].type), fates[step->commands[k].fate]);
    last = *step;
    return line_count < line_max;
}

static uint32_t
story_of(fixture *f, const char *trip)
{
    line_count = 0;
    line_max = STEPS_MAX;
    MUST(f, acta_manager_story(f->app, "Trips", acta_str_of(trip), take_step, NULL, &f->error));
    return line_count;
}

static void
start_telling(fixture *f)
{
    teller = trips_manager;
    teller.keep_story = true;
    f->config.process_managers = tellers;
    start(f);
}

static void
it_tells_what_was_handled_and_sent(void **state)
{
    fixture *f = FIXTURE(state);

    start_telling(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1, .times = 2);
    settle(f);
    TELL(f, .what = trips_What_open, .trip = S("ab"), .number = 7);
    TELL(f, .what = trips_What_go, .trip = S("a"), .number = 3);
    TELL(f, .what = trips_What_close, .trip = S("a"), .number = 4);
    settle(f);
    for (int lives = 0; lives < 2; lives++) {
        assert_int_equal(story_of(f, "a"), 3);
        assert_string_equal(
            lines[0], "handled begins 1 trips.Opened {\"seen\": 1}: trips.Write accepted, trips.Write accepted");
        assert_memory_equal(lines[1], "handled ", 8);
        assert_non_null(strstr(lines[1], " trips.Went {\"seen\": 2}: trips.Write accepted"));
        assert_memory_equal(lines[2], "handled ends ", 13);
        assert_non_null(strstr(lines[2], " trips.Closed {\"seen\": 3}: trips.Write accepted"));
        assert_true(last.at_us > 0);
        stop(f);
        start(f);
    }
    assert_int_equal(acta_manager_story(f->app, "Trips", S("b"), take_step, NULL, &f->error), ACTA_NOT_FOUND);
    assert_int_equal(acta_manager_story(f->app, "Tripes", S("a"), take_step, NULL, &f->error), ACTA_INVALID);
    line_count = 0;
    line_max = 2;
    MUST(f, acta_manager_story(f->app, "Trips", S("a"), take_step, NULL, &f->error));
    assert_int_equal(line_count, 2); /* and no more, as it was told */
}

/* The id of a command that was sent is that of the events that it led to. */
static acta_id sent;

static bool
take_id(void *user, const acta_story_step *step)
{
    (void)user;
    if (step->command_count > 0) sent = step->commands[0].id;
    return true;
}

static void
a_commands_id_leads_to_its_events(void **state)
{
    fixture *f = FIXTURE(state);
    acta_cursor *cursor;
    acta_recorded event;

    start_telling(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1);
    settle(f);
    MUST(f, acta_manager_story(f->app, "Trips", S("a"), take_id, NULL, &f->error));
    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .stream = S("Diary-a") }, &cursor, &f->error));
    MUST(f, acta_cursor_next(cursor, &event, &f->error));
    assert_true(acta_id_equal(event.command_id, sent));
    acta_cursor_close(cursor);
}

/* -- what fails -- */

static acta_failure_action action;

static acta_failure_action
do_the_action(const acta_failure *failure, acta_commands *commands)
{
    (void)failure;
    if (action == ACTA_FAILURE_REPLACE)
        trips_Write_send(commands, ACTA_INIT(trips_Write, .trip = acta_commands_instance(commands), .number = 50));
    if (action == ACTA_FAILURE_RETRY) acta_commands_delay(commands, 3600000);
    return action;
}

/* -1 is refused, 0 and 1 are not. */
static void
refuse_the_first_of_three(fixture *f, acta_failure_action what)
{
    action = what;
    trips_hook.error = do_the_action;
    start_telling(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = -1, .times = 3);
    pass_ms(f, 1000);
    (void)story_of(f, "a");
}

static void
it_tells_what_was_left_out_and_why(void **state)
{
    fixture *f = FIXTURE(state);

    refuse_the_first_of_three(f, ACTA_FAILURE_SKIP);
    assert_int_equal(line_count, 2);
    assert_string_equal(lines[0],
        "handled begins 1 trips.Opened {\"seen\": 1}: trips.Write left out, trips.Write accepted, "
        "trips.Write accepted");
    assert_string_equal(lines[1], "skipped 1 0 'no line of -1'");
}

static void
it_tells_what_came_instead(void **state)
{
    fixture *f = FIXTURE(state);

    refuse_the_first_of_three(f, ACTA_FAILURE_REPLACE);
    assert_int_equal(line_count, 2);
    assert_string_equal(lines[0],
        "handled begins 1 trips.Opened {\"seen\": 1}: trips.Write left out, trips.Write left out, "
        "trips.Write left out");
    assert_string_equal(lines[1], "replaced 1 0 'no line of -1': trips.Write accepted");
}

static void
it_tells_of_an_end_by_its_own_will(void **state)
{
    fixture *f = FIXTURE(state);

    refuse_the_first_of_three(f, ACTA_FAILURE_STOP);
    assert_int_equal(line_count, 2);
    assert_string_equal(lines[1], "ended ends 1 0 'no line of -1'");
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 5);
    settle(f);
    assert_int_equal(story_of(f, "a"), 3); /* its next life is part of it */
    assert_memory_equal(lines[2], "handled begins ", 15);
    assert_non_null(strstr(lines[2], "{\"seen\": 1}"));
}

static void
it_tells_what_waits(void **state)
{
    fixture *f = FIXTURE(state);

    refuse_the_first_of_three(f, ACTA_FAILURE_RETRY);
    assert_int_equal(line_count, 1);
    assert_string_equal(lines[0],
        "handled begins 1 trips.Opened {\"seen\": 1}: trips.Write waits, trips.Write waits, trips.Write waits");
}

static acta_after_command
stop_after_the_second(const acta_accepted *accepted)
{
    return accepted->index == 1 ? ACTA_AFTER_STOP : ACTA_AFTER_CONTINUE;
}

static void
it_tells_what_was_not_asked_for_any_more(void **state)
{
    fixture *f = FIXTURE(state);

    trips_hook.after_command = stop_after_the_second;
    start_telling(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1, .times = 3);
    settle(f);
    assert_int_equal(story_of(f, "a"), 2);
    assert_string_equal(lines[0],
        "handled begins 1 trips.Opened {\"seen\": 1}: trips.Write accepted, trips.Write accepted, "
        "trips.Write left out");
    assert_string_equal(lines[1], "ended ends 1 2 ''");
}

/* -- where it ends -- */

/* What was before it began to be kept is not told, and no state is made up for it. */
static void
no_state_is_made_up_for_what_was_before(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1);
    settle(f);
    assert_int_equal(acta_manager_story(f->app, "Trips", S("a"), take_step, NULL, &f->error), ACTA_NOT_FOUND);
    stop(f);
    start_telling(f);
    TELL(f, .what = trips_What_go, .trip = S("a"), .number = 2);
    settle(f);
    assert_int_equal(story_of(f, "a"), 1);
    assert_non_null(strstr(lines[0], "trips.Went : trips.Write accepted"));
}

static void
a_damaged_row_is_told_as_such(void **state)
{
    fixture *f = FIXTURE(state);
    acta_bytes key, value;
    acta_row_cursor *cursor;

    start_telling(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1);
    settle(f);
    acta_transaction *t = acta_transaction_create(acta_app_store(f->app));
    MUST(f, acta_row_cursor_open(
                acta_app_store(f->app), "pm.trips.trips.story", acta_bytes_from(NULL, 0), &cursor, &f->error));
    MUST(f, acta_row_cursor_next(cursor, &key, &value, &f->error));
    acta_transaction_put(t, "pm.trips.trips.story", key, acta_bytes_from(value.data, value.size - 1));
    acta_row_cursor_close(cursor);
    commit(f, t);
    assert_int_equal(acta_manager_story(f->app, "Trips", S("a"), take_step, NULL, &f->error), ACTA_CORRUPT);
}

/* The process dies after each number of steps: each event is told once, with the state that the row has. */
static void
a_crash_anywhere_tells_each_step_once(void **state)
{
    fixture *f = FIXTURE(state);
    bool is_through = false;

    trips_hook.error = do_the_action;
    action = ACTA_FAILURE_SKIP;
    for (int steps = 0; !is_through; steps++) {
        char trip[16];
        snprintf(trip, sizeof trip, "t%d", steps);
        if (f->app == NULL) start_telling(f);
        TELL(f, .what = trips_What_open, .trip = acta_str_of(trip), .number = -1, .times = 2);
        TELL(f, .what = trips_What_close, .trip = acta_str_of(trip), .number = 4);
        int k = 0;
        while (k < steps && step(f))
            k++;
        is_through = k < steps || steps > 300;
        crash(f);
        start_telling(f);
        settle(f);
        assert_int_equal(story_of(f, trip), 3);
        assert_non_null(strstr(lines[0], "trips.Opened {\"seen\": 1}: trips.Write left out, trips.Write accepted"));
        assert_non_null(strstr(lines[1], "skipped "));
        assert_non_null(strstr(lines[2], "trips.Closed {\"seen\": 2}: trips.Write accepted"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { on_trips(it_tells_what_was_handled_and_sent),
        on_trips(a_commands_id_leads_to_its_events), on_trips(it_tells_what_was_left_out_and_why),
        on_trips(it_tells_what_came_instead), on_trips(it_tells_of_an_end_by_its_own_will),
        on_trips(it_tells_what_waits), on_trips(it_tells_what_was_not_asked_for_any_more),
        on_trips(no_state_is_made_up_for_what_was_before), on_trips(a_damaged_row_is_told_as_such),
        on_trips(a_crash_anywhere_tells_each_step_once) };

    return run_on_memory("manager story", tests);
}
