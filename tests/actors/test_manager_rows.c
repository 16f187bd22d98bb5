/*
 * Process managers: which row holds what an instance goes on with. While commands are open that is the outbox's; it comes
 * through a crash, goes where the outbox goes, and a store of before is gone on with.
 */
#include "acta/crc.h"
#include "acta/readers.h"
#include "trips.h"

#define STATE_TABLE  "pm.trips.trips"
#define OUTBOX_TABLE "pm.trips.trips.outbox"

static acta_failure_action action;

static acta_failure_action
do_as_said(const acta_failure *failure, acta_commands *commands)
{
    trips_Write line;

    trips_Write_read(failure->payload, &line);
    if (line.number == -1) return ACTA_FAILURE_PARK;
    if (action == ACTA_FAILURE_REPLACE)
        trips_Write_send(commands, ACTA_INIT(trips_Write, .trip = acta_commands_instance(commands), .number = -1));
    return action;
}

/* "a" has handled two events; the commands of the second are NUMBER, NUMBER + 1 …: those below zero are refused. */
static void
handle_two(fixture *f, acta_failure_action then, int64_t number, uint32_t times)
{
    action = then;
    trips_hook.error = do_as_said;
    start(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1);
    settle(f);
    TELL(f, .what = trips_What_go, .trip = S("a"), .number = number, .times = times);
}

static void
expect_parked(fixture *f)
{
    assert_int_equal(acta_app_settle(f->app, SETTLE_MS, &f->error), ACTA_PARKED);
}

/* It goes on from the state of two events, whatever its rows were. */
static void
expect_third(fixture *f, const char *diary)
{
    trips_hook.error = NULL;
    crash(f);
    start(f);
    TELL(f, .what = trips_What_go, .trip = S("a"), .number = 7);
    settle(f);
    assert_int_equal(seen_by(f, "a", NULL), 3);
    assert_string_equal(diary_of(f, "a"), diary);
    pass_ms(f, 5000); /* the outbox's row has gone */
    assert_int_equal(count_rows(f, OUTBOX_TABLE), 0);
    assert_int_equal(seen_by(f, "a", NULL), 3);
}

static acta_bytes
read_row(fixture *f, const char *table)
{
    acta_bytes row;

    MUST(f, acta_store_get(acta_app_store(f->app), table, acta_str_bytes(S("a")), f->scratch, &row, &f->error));
    return row;
}

static uint64_t
position_of(acta_bytes row)
{
    uint64_t position;

    memcpy(&position, row.data + 8, sizeof position);
    return position;
}

static bool
take_position(void *user, const acta_instance_info *info)
{
    *(uint64_t *)user = info->position;
    return true;
}

/* One row for an event; a program of before refuses it by its format. */
static void
an_open_outbox_holds_the_instance(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t position = 0, seen_position = 0;

    handle_two(f, ACTA_FAILURE_PARK, -2, 1);
    expect_parked(f);
    assert_int_equal(read_row(f, OUTBOX_TABLE).data[4], 3);
    assert_int_equal(seen_by(f, "a", &position), 2);
    assert_true(position_of(read_row(f, STATE_TABLE)) < position);
    MUST(f, acta_manager_instances(f->app, "Trips", S(""), take_position, &seen_position, &f->error));
    assert_int_equal(seen_position, position);
    expect_third(f, "1 7");
}

/* What is left of the commands goes with the instance's row; other commands in their place do as well. */
static void
a_row_of_other_commands_holds_it_too(void **state)
{
    static const acta_failure_action actions[] = { ACTA_FAILURE_SKIP, ACTA_FAILURE_REPLACE };
    fixture *f = FIXTURE(state);

    for (int k = 0; k < 2; k++) {
        handle_two(f, actions[k], -2, 2); /* -2: left out, or replaced by -1; -1 is parked */
        expect_parked(f);
        assert_int_equal(read_row(f, OUTBOX_TABLE).data[4], 3);
        assert_int_equal(seen_by(f, "a", NULL), 2);
        expect_third(f, k == 0 ? "1 7" : "1 7 1 7");
        TELL(f, .what = trips_What_close, .trip = S("a"), .number = -1);
        settle(f);
        expect_no_trips(f);
        stop(f);
    }
}

/* Nothing is left of the commands: the batch that says so writes the instance's own row. */
static void
without_an_outbox_its_own_row_holds_it(void **state)
{
    static const acta_failure_action actions[] = { ACTA_FAILURE_SKIP, ACTA_FAILURE_DISCARD };
    fixture *f = FIXTURE(state);

    for (int k = 0; k < 2; k++) {
        handle_two(f, actions[k], -2, 1);
        settle(f);
        assert_int_equal(count_rows(f, OUTBOX_TABLE), 0);
        assert_int_equal(seen_by(f, "a", NULL), 2);
        expect_third(f, k == 0 ? "1 7" : "1 7 0 1 7");
        TELL(f, .what = trips_What_close, .trip = S("a"), .number = 0);
        settle(f);
        expect_no_trips(f);
        stop(f);
    }
}

/* The row of an outbox of before: format 2, and no instance in it. */
static void
make_rows_old(fixture *f)
{
    enum { HEADER = 56, HELD_HEADER = 8 };
    acta_bytes row = read_row(f, OUTBOX_TABLE), held = row_of_trip(f, "a");
    size_t left_out = HELD_HEADER + held.size, size = row.size - left_out;
    uint8_t *bytes = acta_memory_alloc(f->scratch, size);
    acta_transaction *transaction = acta_transaction_create(acta_app_store(f->app));

    assert_non_null(bytes);
    memcpy(bytes, row.data, HEADER);
    memcpy(bytes + HEADER, row.data + HEADER + left_out, size - HEADER);
    bytes[4] = 2;
    uint32_t crc = acta_crc32c(0, bytes + 4, size - 4);
    for (int k = 0; k < 4; k++)
        bytes[k] = (uint8_t)(crc >> (8 * k));
    acta_transaction_put(transaction, STATE_TABLE, acta_str_bytes(S("a")), held);
    acta_transaction_put(transaction, OUTBOX_TABLE, acta_str_bytes(S("a")), acta_bytes_from(bytes, size));
    commit(f, transaction);
}

/* A store of a program of before, whose instances have a row of their own beside that of their outbox. */
static void
rows_of_before_are_gone_on_with(void **state)
{
    fixture *f = FIXTURE(state);

    handle_two(f, ACTA_FAILURE_PARK, -1, 3); /* -1 waits, and is left out by the next life; 0 and 1 come behind it */
    expect_parked(f);
    make_rows_old(f);
    expect_third(f, "1 0 1 7");
}

/* The last command of an ending instance is left out: nothing else is to come that would take its row away. */
static void
an_end_whose_last_command_is_left_out_leaves_no_row(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1);
    TELL(f, .what = trips_What_close, .trip = S("a"), .number = -2);
    settle(f);
    expect_no_trips(f);
    TELL(f, .what = trips_What_found, .trip = S("a"), .number = 9); /* its id may begin afresh */
    settle(f);
    assert_int_equal(seen_by(f, "a", NULL), 1);
    assert_string_equal(diary_of(f, "a"), "1 9");
}

int
main(void)
{
    const struct CMUnitTest tests[] = { on_trips(an_open_outbox_holds_the_instance),
        on_trips(a_row_of_other_commands_holds_it_too), on_trips(without_an_outbox_its_own_row_holds_it),
        on_trips(rows_of_before_are_gone_on_with), on_trips(an_end_whose_last_command_is_left_out_leaves_no_row) };

    return run_on_memory("manager rows", tests);
}
