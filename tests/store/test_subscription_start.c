/*
 * Subscriptions: where they begin, what they are given, how they acknowledge, when the checkpoint is written, how they stand,
 * and what is left of them. Time is virtual.
 */
#include "fixture.h"

#include "acta/consumer_group.h"

static uint64_t now_ns;

static uint64_t
virtual_ns(void *user)
{
    (void)user;
    return now_ns;
}

static int64_t
virtual_us(void *user)
{
    (void)user;
    return (int64_t)(now_ns / 1000) + 1700000000000000;
}

static void
pass_ms(uint64_t ms)
{
    now_ns += ms * 1000000;
}

static void
open_with_clock(fixture *f, bool manual)
{
    static acta_environment environment;

    environment = (acta_environment){ .clock = { .monotonic_ns = virtual_ns, .wall_us = virtual_us } };
    now_ns = 1000000000;
    f->config.manual = manual;
    f->config.environment = &environment;
    open_store_ok(f);
}

static acta_subscription *
subscribe(fixture *f, const acta_subscription_config *config)
{
    acta_subscription *subscription;

    if (acta_subscription_open(f->store, config, &subscription, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    return subscription;
}

/* Take what there is, without acknowledging; positions as a text: "1 2 5". */
static const char *
take(fixture *f, acta_subscription *subscription)
{
    static char text[4096];
    size_t at = 0;
    bool more = true;

    text[0] = '\0';
    while (more) {
        acta_chunk *chunk;
        if (acta_subscription_next(subscription, 7, &chunk, &more, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
        for (uint32_t i = 0; chunk != NULL && i < acta_chunk_count(chunk); i++)
            at += (size_t)snprintf(
                text + at, sizeof text - at, "%s%" PRIu64, at > 0 ? " " : "", acta_chunk_at(chunk, i)->position);
        more = more || chunk != NULL;
        acta_chunk_unref(chunk);
    }
    return text;
}

static void
append_to(fixture *f, const char *streams)
{
    for (; *streams != '\0'; streams++)
        append_ok(f, (char[]){ *streams, '\0' }, "x");
}

static uint64_t
checkpoint_of(fixture *f, const char *name)
{
    uint64_t position;

    step_all(f);
    assert_int_equal(ACTA_OK, acta_store_checkpoint(f->store, name, &position, &f->error));
    return position;
}

/* ES-27: behind position p the first is p + 1; from a time the first recorded then or later; beyond the log is refused; a
 * start counts the first time only. */
static void
it_begins_behind_a_position_or_at_a_time(void **state)
{
    fixture *f = FIXTURE(state);
    acta_subscription_config config = { .name = "p", .start = ACTA_START_POSITION, .position = 3 };
    acta_subscription *refused;

    open_with_clock(f, true);
    for (int i = 0; i < 6; i++) {
        pass_ms(10);
        append_to(f, "a"); /* position n at n * 10 ms */
    }
    acta_subscription *by_position = subscribe(f, &config);
    assert_string_equal(take(f, by_position), "4 5 6");
    acta_subscription_close(by_position);
    step_all(f);
    config.position = 5;
    by_position = subscribe(f, &config);
    assert_string_equal(take(f, by_position), "4 5 6"); /* nothing was acknowledged */
    acta_subscription_close(by_position);

    config = (acta_subscription_config){ .start = ACTA_START_TIME };
    static const struct {
        int ms;
        const char *positions;
    } times[] = { { 0, "1 2 3 4 5 6" }, { 20, "2 3 4 5 6" }, { 21, "3 4 5 6" }, { 60, "6" }, { 61, "" } };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        config.time_us = 1700000000000000 + 1000000 + times[i].ms * 1000;
        acta_subscription *by_time = subscribe(f, &config);
        assert_string_equal(take(f, by_time), times[i].positions);
        acta_subscription_close(by_time);
    }
    config = (acta_subscription_config){ .name = "q", .start = ACTA_START_POSITION, .position = 7 };
    assert_int_equal(ACTA_INVALID, acta_subscription_open(f->store, &config, &refused, &f->error));
    config.start = (acta_start)9;
    assert_int_equal(ACTA_INVALID, acta_subscription_open(f->store, &config, &refused, &f->error));
    config = (acta_subscription_config){ .window = ACTA_WINDOW_MAX + 1 };
    assert_int_equal(ACTA_INVALID, acta_subscription_open(f->store, &config, &refused, &f->error));
}

/* ES-26: transient: what comes after it began, of its stream alone; several of them; nothing is left of it. */
static void
a_transient_one_leaves_nothing_behind(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_subscription_config config = { .start = ACTA_START_CURRENT, .filter = { .stream = S("a") } };
    acta_subscription_info info = { .name = "" };

    open_with_clock(f, true);
    append_to(f, "ab");
    acta_subscription *one = subscribe(f, &config), *two = subscribe(f, &config);
    append_to(f, "baab");
    assert_string_equal(take(f, one), "4 5");
    assert_int_equal(ACTA_OK, acta_subscription_ack_up_to(one, 6));
    assert_int_equal(acta_subscription_passed(one), 6);
    assert_string_equal(take(f, two), "4 5");
    assert_int_equal(ACTA_INVALID, acta_subscription_checkpoint(one, &f->error));
    acta_subscription_close(one);
    acta_subscription_close(two);
    assert_int_equal(ACTA_NOT_FOUND, acta_store_subscription_next(f->store, "", &info, &f->error));
}

/* ES-34: by stream, its beginning, category, correlation, tags, types, and all together; from memory and from the engine;
 * the checkpoint passes over what isn't asked for. */
static void
a_filter_gives_what_matches(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_str of_type[] = { S("test.B") }, red[] = { S("red") }, red_big[] = { S("red"), S("big") };

    open_with_clock(f, true);
    for (int i = 0; i < 3; i++) {
        const char *const streams[] = { "Account-1", "Account-2", "Order-1" };
        for (int s = 0; s < 3; s++) { /* 3 i + s + 1 */
            acta_event event = event_of(i == 1 ? "test.B" : "test.A", "x");
            acta_transaction *t = acta_transaction_create(f->store);
            if (i == 2) event.correlation_id = acta_id_of(S("c"));
            event.tags = red_big;
            event.tag_count = (uint32_t)s;
            acta_transaction_append(t, acta_str_of(streams[s]), ACTA_ANY_VERSION, &event, 1);
            assert_int_equal(ACTA_OK, commit(f, t, NULL));
        }
    }
    const struct {
        acta_subscription_filter filter;
        const char *positions;
    } cases[] = {
        { { .stream = S("Account-1") }, "1 4 7" },
        { { .stream = S("Account-3") }, "" },
        { { .stream_prefix = S("Account-") }, "1 2 4 5 7 8" },
        { { .category = S("Order") }, "3 6 9" },
        { { .correlation_id = acta_id_of(S("c")) }, "7 8 9" },
        { { .types = of_type, .type_count = 1 }, "4 5 6" },
        { { .types = of_type }, "" },
        { { .tags = red, .tag_count = 1 }, "2 3 5 6 8 9" },
        { { .tags = red_big, .tag_count = 2 }, "3 6 9" },
        { { .tags = red, .tag_count = 1, .stream = S("Account-2"), .types = of_type, .type_count = 1 }, "5" },
        { { .category = S("Account"), .types = of_type, .type_count = 1 }, "4 5" },
    };
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            acta_subscription *subscription =
                subscribe(f, &(acta_subscription_config){ .filter = cases[i].filter, .window = 20 });
            assert_string_equal(take(f, subscription), cases[i].positions);
            assert_int_equal(acta_subscription_looked(subscription), 9);
            assert_int_equal(ACTA_OK, acta_subscription_ack_up_to(subscription, 9));
            assert_int_equal(acta_subscription_passed(subscription), 9);
            acta_subscription_close(subscription);
        }
        close_store(f);
        open_store_ok(f);
    }
}

/* ES-34: the last hundred thousand don't match, and the checkpoint is behind them. */
static void
the_checkpoint_passes_over_what_does_not_match(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_subscription_config config = { .name = "sub", .filter = { .category = S("Nothing") } };
    enum { COUNT = 100000 };

    open_with_clock(f, true);
    assert_int_equal(ACTA_OK, append_many(f, "s-1", ACTA_ANY_VERSION, COUNT, NULL));
    for (int round = 0; round < 2; round++) {
        acta_subscription *subscription = subscribe(f, &config);
        assert_int_equal(acta_subscription_start(subscription), round == 0 ? 0 : COUNT);
        assert_string_equal(take(f, subscription), "");
        acta_subscription_close(subscription);
        assert_int_equal(checkpoint_of(f, "sub"), COUNT);
        close_store(f);
        open_store_ok(f);
    }
}

/* ES-35, ES-46: what was removed from the log, or is hidden by a stream's limits, is passed over, and isn't looked at again
 * after a restart. */
static void
gaps_are_passed_over(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_subscription_config all = { .name = "all", .window = 1000 };
    const acta_subscription_config of_stream = { .filter = { .stream = S("b") } };
    uint64_t count;

    open_with_clock(f, true);
    for (int i = 0; i < 50; i++)
        append_to(f, "ab");
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_delete_stream(t, S("a"), ACTA_ANY_VERSION, ACTA_DELETE_HARD); /* position 101 tells so */
    acta_transaction_limit_stream(t, S("b"), &(acta_stream_limits){ .count_max = 2 });
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    close_store(f);
    open_store_ok(f);
    acta_subscription *limited = subscribe(f, &of_stream);
    assert_string_equal(take(f, limited), "98 100");
    acta_subscription_close(limited);
    assert_int_equal(ACTA_OK, acta_store_scrub(f->store, 0, &count, &f->error));
    assert_int_equal(count, 98);
    acta_subscription *subscription = subscribe(f, &all);
    assert_string_equal(take(f, subscription), "98 100 101 102");
    assert_int_equal(ACTA_OK, acta_subscription_ack_up_to(subscription, 102));
    acta_subscription_close(subscription);
    assert_int_equal(checkpoint_of(f, "all"), 102);
}

/* A stream that is soft deleted stalls its subscription until it is restored; then nothing is missing. */
static void
a_deleted_stream_stalls_until_it_is_restored(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_subscription_config config = { .filter = { .stream = S("a") } };
    acta_subscription_info info;

    open_with_clock(f, true);
    append_to(f, "aab");
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_delete_stream(t, S("a"), ACTA_ANY_VERSION, ACTA_DELETE_SOFT);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    close_store(f);
    open_store_ok(f);
    acta_subscription *subscription = subscribe(f, &config);
    assert_string_equal(take(f, subscription), "");
    acta_subscription_read_info(subscription, &info);
    assert_int_equal(info.state, ACTA_SUBSCRIPTION_STALLED);
    assert_non_null(strstr(info.reason, "stream 'a' is deleted"));
    t = acta_transaction_create(f->store);
    acta_transaction_restore_stream(t, S("a"));
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    append_to(f, "a");
    assert_string_equal(take(f, subscription), "1 2 6");
    acta_subscription_read_info(subscription, &info);
    assert_int_equal(info.state, ACTA_SUBSCRIPTION_LIVE);
    acta_subscription_close(subscription);
}

/* ES-31: many at once, or all up to one; what isn't in flight is refused, and then nothing is done. */
static void
many_are_acknowledged_at_once(void **state)
{
    fixture *f = FIXTURE(state);

    open_with_clock(f, true);
    append_to(f, "aaaaaaaaaa");
    acta_subscription *subscription = subscribe(f, &(acta_subscription_config){ .window = 8 });
    assert_string_equal(take(f, subscription), "1 2 3 4 5 6 7 8");
    assert_int_equal(ACTA_INVALID, acta_subscription_ack_many(subscription, (uint64_t[]){ 1, 2, 9 }, 3));
    assert_int_equal(acta_subscription_passed(subscription), 0);
    assert_int_equal(ACTA_OK, acta_subscription_ack_many(subscription, (uint64_t[]){ 4, 2, 1, 2 }, 4));
    assert_int_equal(acta_subscription_passed(subscription), 2);
    assert_int_equal(ACTA_INVALID, acta_subscription_ack_up_to(subscription, 9)); /* nobody has seen it */
    assert_int_equal(ACTA_OK, acta_subscription_ack_up_to(subscription, 6));
    assert_int_equal(acta_subscription_passed(subscription), 6);
    assert_int_equal(ACTA_OK, acta_subscription_ack_up_to(subscription, 3)); /* older: nothing moves back */
    assert_int_equal(acta_subscription_passed(subscription), 6);
    assert_int_equal(ACTA_INVALID, acta_subscription_ack(subscription, 5));
    assert_string_equal(take(f, subscription), "9 10");
    acta_subscription_close(subscription);
}

/* ES-36: after so many events; after so long; when it is closed; when it is asked for. What a crash repeats is bounded by it. */
static void
the_checkpoint_is_written_by_count_by_time_and_at_the_end(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_subscription_config config = { .name = "sub", .checkpoint_count = 5, .checkpoint_ms = 100 };

    open_with_clock(f, true);
    for (int i = 0; i < 30; i++)
        append_to(f, "a");
    acta_subscription *subscription = subscribe(f, &config);
    take(f, subscription);
    assert_int_equal(ACTA_OK, acta_subscription_ack_up_to(subscription, 4));
    assert_int_equal(checkpoint_of(f, "sub"), 0);
    assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, 5));
    assert_int_equal(checkpoint_of(f, "sub"), 5);
    assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, 6));
    take(f, subscription);
    assert_int_equal(checkpoint_of(f, "sub"), 5);
    pass_ms(100);
    take(f, subscription);
    assert_int_equal(checkpoint_of(f, "sub"), 6);
    assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, 8)); /* 7 is in flight: nothing new */
    assert_int_equal(ACTA_OK, acta_subscription_checkpoint(subscription, &f->error));
    assert_int_equal(checkpoint_of(f, "sub"), 6);
    assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, 7));
    assert_int_equal(ACTA_OK, acta_subscription_checkpoint(subscription, &f->error));
    assert_int_equal(checkpoint_of(f, "sub"), 8);
    assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, 9));
    acta_subscription_close(subscription);
    assert_int_equal(checkpoint_of(f, "sub"), 9);

    subscription = subscribe(f, &config);
    assert_int_equal(acta_subscription_start(subscription), 9);
    take(f, subscription);
    for (uint64_t position = 10; position <= 18; position++)
        assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, position));
    step_all(f);
    acta_subscription *lost = subscription;
    acta_subscription_close(lost); /* its last checkpoint is only on its way */
    crash_store(f);
    open_store_ok(f);
    subscription = subscribe(f, &config);
    assert_string_equal(take(f, subscription), "15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30");
    acta_subscription_close(subscription);
}

/* How it stands, and since when: catching up, live, a full window. By its name too, open or closed. */
static void
it_tells_how_it_stands_and_since_when(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_subscription_config config = { .name = "sub", .window = 3 };
    acta_subscription_info info;

    open_with_clock(f, true);
    append_to(f, "aaaa");
    pass_ms(5);
    int64_t opened_us = virtual_us(NULL);
    acta_subscription *subscription = subscribe(f, &config);
    acta_subscription_read_info(subscription, &info);
    assert_string_equal(info.name, "sub");
    assert_int_equal(info.state, ACTA_SUBSCRIPTION_CATCHING_UP);
    assert_int_equal(info.since_us, opened_us);
    pass_ms(5);
    int64_t full_us = virtual_us(NULL);
    take(f, subscription);
    pass_ms(5);
    assert_int_equal(ACTA_OK, acta_store_subscription_info(f->store, "sub", &info, &f->error));
    assert_int_equal(info.state, ACTA_SUBSCRIPTION_STALLED);
    assert_int_equal(info.since_us, full_us);
    assert_string_equal(info.reason, "3 events from position 1 on are not acknowledged: the window is full");
    assert_int_equal(info.in_flight, 3);
    assert_int_equal(info.head, 4);
    assert_int_equal(info.looked, 3);
    assert_int_equal(ACTA_OK, acta_subscription_ack_up_to(subscription, 3));
    int64_t live_us = virtual_us(NULL);
    take(f, subscription);
    pass_ms(5);
    acta_subscription_read_info(subscription, &info);
    assert_int_equal(info.state, ACTA_SUBSCRIPTION_LIVE);
    assert_int_equal(info.since_us, live_us);
    assert_string_equal(info.reason, "");
    assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, 4));
    acta_subscription_close(subscription);
    step_all(f);
    assert_int_equal(ACTA_OK, acta_store_subscription_info(f->store, "sub", &info, &f->error));
    assert_int_equal(info.state, ACTA_SUBSCRIPTION_CLOSED);
    assert_int_equal(info.checkpoint, 4);
    assert_int_equal(ACTA_NOT_FOUND, acta_store_subscription_info(f->store, "other", &info, &f->error));
    assert_int_equal(ACTA_INVALID, acta_store_subscription_info(f->store, "", &info, &f->error));
}

/* All that there are are listed in order, open or closed; ES-38: a deleted one is gone with what it parked, and the next of
 * its name starts afresh; an open one isn't deleted. */
static void
subscriptions_are_listed_and_deleted(void **state)
{
    fixture *f = FIXTURE(state);
    acta_subscription_info info = { .name = "" };
    char names[1024] = "";
    const acta_parked row = { .key = S("a"), .position = 1, .reason = S("why") };
    uint64_t count;

    open_with_clock(f, true);
    append_to(f, "aa");
    static const char *const opened[] = { "b", "a", "c" };
    acta_subscription *open = NULL;
    for (int i = 0; i < 3; i++) {
        acta_subscription *subscription = subscribe(f, &(acta_subscription_config){ .name = opened[i] });
        take(f, subscription);
        assert_int_equal(ACTA_OK, acta_subscription_ack_up_to(subscription, 2));
        if (i == 2)
            open = subscription;
        else
            acta_subscription_close(subscription);
    }
    acta_subscription *only_open = subscribe(f, &(acta_subscription_config){ .name = "aa", .manual_checkpoint = true });
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_park(t, "b", &row);
    acta_transaction_park(t, "bb", &row);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    while (acta_store_subscription_next(f->store, info.name, &info, &f->error) == ACTA_OK)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s:%d:%" PRIu64 " ", info.name, info.state,
            info.parked_count);
    assert_string_equal(names, "a:0:0 aa:1:0 b:0:1 c:2:0 ");
    assert_int_equal(ACTA_IN_USE, acta_store_delete_subscription(f->store, "c", &f->error));
    assert_string_equal(f->error.text, "subscription 'c' is open: close it to delete it");
    assert_int_equal(ACTA_NOT_FOUND, acta_store_delete_subscription(f->store, "d", &f->error));
    assert_int_equal(ACTA_OK, acta_store_delete_subscription(f->store, "b", &f->error));
    assert_int_equal(ACTA_NOT_FOUND, acta_store_delete_subscription(f->store, "b", &f->error));
    assert_int_equal(ACTA_OK, acta_store_parked_count(f->store, "b", &count, &f->error));
    assert_int_equal(count, 0);
    assert_int_equal(ACTA_OK, acta_store_parked_count(f->store, "bb", &count, &f->error));
    assert_int_equal(count, 1);
    acta_subscription *again = subscribe(f, &(acta_subscription_config){ .name = "b" });
    assert_string_equal(take(f, again), "1 2");
    acta_subscription_close(again);
    acta_subscription_close(open);
    acta_subscription_close(only_open);
}

/* What its last holder acknowledged is on disk before the next one of the name begins; a store that refuses writes is told. */
static void
the_next_holder_begins_where_the_last_one_ended(void **state)
{
    fixture *f = FIXTURE(state);

    open_with_clock(f, true);
    append_to(f, "aaaa");
    for (uint64_t position = 1; position <= 4; position++) {
        acta_subscription *subscription = subscribe(f, &(acta_subscription_config){ .name = "sub", .window = 1 });
        assert_int_equal(acta_subscription_start(subscription), position - 1);
        take(f, subscription);
        assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, position));
        acta_subscription_close(subscription); /* without a step of the store in between */
    }
}

/* -- callbacks -- */

typedef struct listener {
    acta_subscription *subscription;
    uint64_t last, stop_at, fail_at;
    uint32_t subscribed;
} listener;

static void
on_subscribed(void *user, const acta_subscription *subscription)
{
    listener *l = user;
    (void)subscription;

    assert_int_equal(l->last, 0);
    l->subscribed++;
}

static acta_status
on_events(void *user, const acta_recorded *events, uint32_t count)
{
    listener *l = user;

    for (uint32_t i = 0; i < count; i++) {
        if (events[i].position == l->fail_at) return ACTA_FAILED;
        assert_int_equal(events[i].position, ++l->last);
    }
    if (l->last >= l->stop_at) acta_subscription_stop(l->subscription);
    return ACTA_OK;
}

/* ES-28, ES-38: told that it is subscribed once, before the first event; nothing comes after it was stopped; what was refused
 * comes again. */
static void
callbacks_run_until_they_are_stopped(void **state)
{
    fixture *f = FIXTURE(state);
    listener l = { .stop_at = 10, .fail_at = UINT64_MAX };
    const acta_subscriber subscriber = { .subscribed = on_subscribed, .events = on_events, .user = &l };
    const acta_subscription_config config = { .name = "sub", .window = 5 };

    open_with_clock(f, true);
    for (int i = 0; i < 12; i++)
        append_to(f, "a");
    l.subscription = subscribe(f, &config);
    assert_int_equal(ACTA_OK, acta_subscription_run(l.subscription, &subscriber, &f->error));
    assert_int_equal(l.last, 10);
    assert_int_equal(l.subscribed, 1);
    acta_subscription_close(l.subscription);

    l = (listener){ .stop_at = UINT64_MAX, .fail_at = 12 };
    l.subscription = subscribe(f, &config);
    l.last = 10;
    const acta_subscriber only_events = { .events = on_events, .user = &l };
    assert_int_equal(ACTA_FAILED, acta_subscription_run(l.subscription, &only_events, &f->error));
    assert_int_equal(ACTA_INVALID, acta_subscription_run(l.subscription, &only_events, &f->error));
    acta_subscription_close(l.subscription);
    l = (listener){ .stop_at = UINT64_MAX, .fail_at = UINT64_MAX, .last = 10 };
    l.subscription = subscribe(f, &config);
    assert_int_equal(
        ACTA_OK, acta_subscription_run(l.subscription, &only_events, &f->error)); /* until nothing is left */
    assert_int_equal(l.last, 12);
    assert_int_equal(checkpoint_of(f, "sub"), 10); /* neither count nor time has come */
    acta_subscription_close(l.subscription);
    assert_int_equal(checkpoint_of(f, "sub"), 12);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_no_store(it_begins_behind_a_position_or_at_a_time),
        on_no_store(a_transient_one_leaves_nothing_behind),
        on_no_store(a_filter_gives_what_matches),
        on_no_store(the_checkpoint_passes_over_what_does_not_match),
        on_no_store(gaps_are_passed_over),
        on_no_store(a_deleted_stream_stalls_until_it_is_restored),
        on_no_store(many_are_acknowledged_at_once),
        on_no_store(the_checkpoint_is_written_by_count_by_time_and_at_the_end),
        on_no_store(it_tells_how_it_stands_and_since_when),
        on_no_store(subscriptions_are_listed_and_deleted),
        on_no_store(the_next_holder_begins_where_the_last_one_ended),
        on_no_store(callbacks_run_until_they_are_stopped),
    };
    return run_on_engines("subscription start", tests);
}
