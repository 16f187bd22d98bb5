/*
 * Parked events of consumer groups: they are on disk first, hold back their key alone, and come again in order when they are
 * replayed. Time is virtual.
 */
#include "group_fixture.h"

/* A parked event is on disk before the checkpoint moves; later ones of its key park behind it; others go on. */
static void
parked_events_hold_back_their_key_alone(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t position;

    open_with_clock(f);
    acta_group *group = open_plain(f);
    acta_consumer *one = join(f, group);
    append_to(f, "aabab");
    assert_string_equal(take(f, one), "1 2 3 4 5");
    nack(one, 1, ACTA_NACK_PARK);
    ack(one, 3);
    ack(one, 5);
    assert_int_equal(info_of(group).passed, 0); /* its row isn't durable yet */
    step_all(f);
    assert_string_equal(parked(f), "a:1");
    assert_int_equal(info_of(group).passed, 1);
    assert_string_equal(take(f, one), "");
    step_all(f);
    assert_string_equal(parked(f), "a:1 a:2 a:4");
    assert_int_equal(info_of(group).passed, 5);
    append_to(f, "ab");
    assert_string_equal(take(f, one), "7");
    step_all(f);
    assert_string_equal(parked(f), "a:1 a:2 a:4 a:6");
    assert_int_equal(info_of(group).parked_count, 4);
    ack(one, 7);
    assert_int_equal(ACTA_OK, acta_group_checkpoint(group, &f->error));
    step_all(f);
    assert_int_equal(ACTA_OK, acta_store_checkpoint(f->store, "g", &position, &f->error));
    assert_int_equal(position, 7);
    acta_consumer_close(one);
    close_group(f, group);
}

/* After so many retries it is parked by itself; the row tells how often and why. */
static void
an_event_that_fails_too_often_is_parked(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_group_config config = {
        .subscription = { .name = "g" }, .retry_max = 2, .backoff_ms = 1, .park_alone = true
    };
    acta_parked_cursor *cursor;
    acta_parked row;

    open_with_clock(f);
    acta_group *group = open_group(f, &config);
    acta_consumer *one = join(f, group);
    append_to(f, "a");
    for (int round = 0; round < 3; round++) {
        pass_ms(10);
        assert_string_equal(take(f, one), "1");
        nack(one, 1, ACTA_NACK_RETRY);
    }
    step_all(f);
    assert_int_equal(ACTA_OK, acta_parked_cursor_open(f->store, "g", &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_parked_cursor_next(cursor, &row, &f->error));
    assert_int_equal(row.position, 1);
    assert_int_equal(row.attempts, 3);
    assert_int_equal(row.parked_at_us, virtual_us(NULL));
    assert_true(acta_str_equal(row.reason, S("it can't be read")));
    assert_int_equal(ACTA_NOT_FOUND, acta_parked_cursor_next(cursor, &row, &f->error));
    acta_parked_cursor_close(cursor);
    append_to(f, "a");
    assert_string_equal(take(f, one), "2"); /* park_alone */
    acta_consumer_close(one);
    close_group(f, group);
}

/* What is replayed comes in order, one of a key at a time; what is acknowledged leaves; what comes of the key meanwhile goes
 * behind, and when nothing is left the key is as any other. All of it after a restart too. */
static void
a_replay_delivers_what_is_parked_in_order(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t count;

    open_with_clock(f);
    for (int restart = 0; restart < 2; restart++) {
        acta_group *group = open_plain(f);
        acta_consumer *one = join(f, group);
        uint64_t base = acta_store_head(f->store);
        char text[64];
        append_to(f, "aab");
        assert_int_equal(ACTA_NOT_FOUND, acta_group_replay(group, (acta_str){ 0 }, NULL, &f->error));
        take(f, one);
        nack(one, base + 1, ACTA_NACK_PARK);
        nack(one, base + 3, ACTA_NACK_PARK);
        take(f, one);
        step_all(f);
        if (restart == 1) {
            acta_consumer_close(one);
            close_group(f, group);
            close_store(f);
            open_store_ok(f);
            group = open_plain(f);
            one = join(f, group);
        }
        assert_int_equal(info_of(group).parked_count, 3);
        assert_int_equal(ACTA_NOT_FOUND, acta_group_replay(group, S("c"), NULL, &f->error));
        assert_int_equal(ACTA_OK, acta_group_replay(group, S("a"), &count, &f->error));
        assert_int_equal(count, 2);
        snprintf(text, sizeof text, "%" PRIu64, base + 1);
        assert_string_equal(take(f, one), text);
        assert_int_equal(ACTA_IN_USE, acta_group_drop_parked(group, base + 1, &f->error));
        append_to(f, "a"); /* base + 4: behind it */
        assert_string_equal(take(f, one), "");
        ack(one, base + 1);
        assert_string_equal(take(f, one), ""); /* its row must be gone first */
        step_all(f);
        snprintf(text, sizeof text, "%" PRIu64, base + 2);
        assert_string_equal(take(f, one), text);
        ack(one, base + 2);
        step_all(f);
        snprintf(text, sizeof text, "%" PRIu64, base + 4);
        assert_string_equal(take(f, one), text);
        ack(one, base + 4);
        step_all(f);
        snprintf(text, sizeof text, "b:%" PRIu64, base + 3);
        assert_string_equal(parked(f), text);
        assert_int_equal(ACTA_OK, acta_group_drop_parked(group, base + 3, &f->error));
        assert_int_equal(ACTA_NOT_FOUND, acta_group_drop_parked(group, base + 3, &f->error));
        step_all(f);
        assert_string_equal(parked(f), "");
        append_to(f, "ab");
        snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64, base + 5, base + 6);
        assert_string_equal(take(f, one), text);
        assert_int_equal(ACTA_OK, acta_consumer_ack_up_to(one, base + 6));
        assert_int_equal(info_of(group).passed, base + 6);
        acta_consumer_close(one);
        close_group(f, group);
    }
}

/* One that fails in a replay stays parked, with the rest of its key behind it. */
static void
a_replay_that_fails_leaves_all_parked(void **state)
{
    fixture *f = FIXTURE(state);

    open_with_clock(f);
    acta_group *group = open_plain(f);
    acta_consumer *one = join(f, group);
    append_to(f, "aa");
    take(f, one);
    nack(one, 1, ACTA_NACK_PARK);
    take(f, one);
    step_all(f);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(ACTA_OK, acta_group_replay(group, S("a"), NULL, &f->error));
        assert_string_equal(take(f, one), "1");
        nack(one, 1, ACTA_NACK_PARK);
        step_all(f);
        assert_string_equal(take(f, one), "");
        assert_string_equal(parked(f), "a:1 a:2");
    }
    assert_int_equal(info_of(group).passed, 2);
    acta_consumer_close(one);
    close_group(f, group);
}

/* With as many parked as may be, nothing new is read, and it says so; room lets it go on. */
static void
too_many_parked_stall_the_group(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_group_config config = { .subscription = { .name = "g" }, .parked_count_max = 2 };

    open_with_clock(f);
    acta_group *group = open_group(f, &config);
    append_to(f, "abc");
    assert_string_equal(info_of(group).reason, "nobody consumes it");
    acta_consumer *one = join(f, group);
    take(f, one);
    nack(one, 1, ACTA_NACK_PARK);
    nack(one, 2, ACTA_NACK_PARK);
    ack(one, 3);
    step_all(f);
    append_to(f, "d");
    assert_string_equal(take(f, one), "");
    assert_int_equal(info_of(group).state, ACTA_SUBSCRIPTION_STALLED);
    assert_string_equal(info_of(group).reason, "2 events are parked, as many as may be");
    assert_int_equal(ACTA_OK, acta_group_drop_parked(group, 1, &f->error));
    assert_string_equal(take(f, one), "4");
    ack(one, 4);
    assert_string_equal(take(f, one), "");
    assert_int_equal(info_of(group).state, ACTA_SUBSCRIPTION_LIVE);
    acta_consumer_close(one);
    close_group(f, group);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_no_store(parked_events_hold_back_their_key_alone),
        on_no_store(an_event_that_fails_too_often_is_parked),
        on_no_store(a_replay_delivers_what_is_parked_in_order),
        on_no_store(a_replay_that_fails_leaves_all_parked),
        on_no_store(too_many_parked_stall_the_group),
    };
    return run_on_engines("parked events", tests);
}
