/*
 * Consumer groups: one key's events to one consumer, in order; giving back and retrying; who may join; what a consumer or the
 * whole process leaves when it dies. Time is virtual. Parking and replaying: test_group_parked.c.
 */
#include "group_fixture.h"

/* ES-37: one key's events go to one consumer, in order, as long as it has any; then whoever asks has the next. */
static void
events_of_one_key_go_to_one_consumer_in_order(void **state)
{
    fixture *f = FIXTURE(state);

    open_with_clock(f);
    acta_group *group = open_plain(f);
    acta_consumer *one = join(f, group), *two = join(f, group);
    append_to(f, "aabbaab");
    assert_string_equal(take_some(f, one, 1), "1");
    assert_string_equal(take(f, two), "3 4 7");
    assert_string_equal(take(f, one), "2 5 6");
    append_to(f, "ab");
    assert_string_equal(take(f, two), "9");
    assert_int_equal(ACTA_OK, acta_consumer_ack_up_to(one, 6));
    assert_string_equal(take(f, two), "8"); /* a is free now */
    assert_int_equal(info_of(group).member_count, 2);
    acta_consumer_close(one);
    acta_consumer_close(two);
    close_group(f, group);
}

/* ES-37, ES-39: a consumer dies: what it had goes to another, in order, and the dead one's acknowledgement of it counts no more. */
static void
what_a_dead_consumer_had_goes_to_another(void **state)
{
    fixture *f = FIXTURE(state);

    open_with_clock(f);
    acta_group *group = open_plain(f);
    acta_consumer *one = join(f, group), *two = join(f, group);
    append_to(f, "aabab");
    assert_string_equal(take(f, one), "1 2 3 4 5");
    assert_int_equal(ACTA_INVALID, acta_consumer_ack(two, 1)); /* not in its hands */
    ack(one, 2);
    ack(one, 3);
    assert_int_equal(ACTA_INVALID, acta_consumer_ack(one, 3));
    assert_string_equal(take(f, two), "");
    acta_consumer_close(one);
    assert_string_equal(take(f, two), "1 4 5");
    assert_int_equal(info_of(group).passed, 0);
    assert_int_equal(ACTA_INVALID, acta_consumer_ack_many(two, (uint64_t[]){ 1, 4, 6 }, 3)); /* none of them */
    assert_int_equal(info_of(group).passed, 0);
    assert_int_equal(ACTA_OK, acta_consumer_ack_many(two, (uint64_t[]){ 4, 1, 5 }, 3));
    assert_int_equal(info_of(group).passed, 5);
    acta_consumer_close(two);
    close_group(f, group);
}

/* ES-29: the number of consumers is exact, and a group with one isn't closed. */
static void
no_more_consumers_join_than_are_allowed(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_group_config config = { .subscription = { .name = "g" }, .consumer_count_max = 2 };
    acta_consumer *third;
    acta_group *second;

    open_with_clock(f);
    acta_group *group = open_group(f, &config);
    acta_consumer *one = join(f, group), *two = join(f, group);
    assert_int_equal(ACTA_BUSY, acta_consumer_open(group, &(acta_consumer_config){ 0 }, &third, &f->error));
    assert_string_equal(f->error.text, "group 'g' has 2 consumers already: no more are allowed");
    assert_int_equal(ACTA_ALREADY_EXISTS, acta_group_open(f->store, &config, &second, &f->error));
    acta_consumer_close(one);
    one = join(f, group);
    assert_int_equal(ACTA_IN_USE, acta_group_close(group, &f->error));
    acta_consumer_close(one);
    acta_consumer_close(two);
    close_group(f, group);
    close_group(f, open_group(f, &config)); /* its holder is gone: the next one gets the name */
}

/* Given back for a retry it comes again after the backoff, and takes later ones of its key along; other keys go on. */
static void
a_retry_waits_and_keeps_the_order_of_its_key(void **state)
{
    fixture *f = FIXTURE(state);

    open_with_clock(f);
    acta_group *group = open_plain(f);
    acta_consumer *one = join(f, group);
    append_to(f, "aaba");
    assert_string_equal(take(f, one), "1 2 3 4");
    ack(one, 1);
    nack(one, 2, ACTA_NACK_RETRY);
    assert_int_equal(ACTA_INVALID, acta_consumer_ack(one, 4)); /* it was taken back with 2 */
    assert_string_equal(take(f, one), "");
    assert_in_range(acta_group_due_in_ms(group), 99, 101);
    append_to(f, "ab");
    assert_string_equal(take(f, one), "6");
    pass_ms(101);
    assert_int_equal(acta_group_due_in_ms(group), 0);
    assert_string_equal(take(f, one), "2 4 5");
    assert_int_equal(acta_consumer_attempts(one, 2), 1);
    assert_int_equal(acta_consumer_attempts(one, 4), 0);
    nack(one, 2, ACTA_NACK_RETRY);
    pass_ms(101);
    assert_string_equal(take(f, one), ""); /* the second time it takes twice as long */
    pass_ms(100);
    assert_string_equal(take(f, one), "2 4 5");
    assert_int_equal(ACTA_OK, acta_consumer_ack_up_to(one, 6));
    assert_int_equal(info_of(group).passed, 6);
    acta_consumer_close(one);
    close_group(f, group);
}

/* Skipped is done with; stopped stands still until it is resumed, and tells why and since when. */
static void
a_consumer_skips_or_stops(void **state)
{
    fixture *f = FIXTURE(state);
    acta_chunk *chunk;
    bool more;

    open_with_clock(f);
    acta_group *group = open_plain(f);
    acta_consumer *one = join(f, group), *two = join(f, group);
    append_to(f, "aab");
    assert_string_equal(take(f, one), "1 2 3");
    nack(one, 1, ACTA_NACK_SKIP);
    assert_int_equal(info_of(group).passed, 1);
    int64_t stopped_us = virtual_us(NULL);
    nack(one, 2, ACTA_NACK_STOP);
    pass_ms(500);
    assert_int_equal(ACTA_STOPPED, acta_consumer_next(two, 10, &chunk, &more, &f->error));
    acta_subscription_info info = info_of(group);
    assert_int_equal(info.state, ACTA_SUBSCRIPTION_STALLED);
    assert_int_equal(info.since_us, stopped_us);
    assert_string_equal(info.reason, "stopped by a consumer at position 2: it can't be read");
    acta_group_resume(group);
    assert_string_equal(take(f, two), "2");
    ack(two, 2);
    ack(one, 3);
    assert_int_equal(info_of(group).passed, 3);
    assert_int_equal(ACTA_INVALID, acta_consumer_nack(one, 3, ACTA_NACK_PARK, S("late")));
    acta_consumer_close(one);
    acta_consumer_close(two);
    close_group(f, group);
}

static acta_str
by_payload(void *user, const acta_recorded *event)
{
    (void)user;
    return acta_str_from(event->payload.data, event->payload.size);
}

/* The key may be anything of the event; without one there is no order to keep. */
static void
a_partition_says_what_belongs_together(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_group_config config = { .subscription = { .name = "g" }, .partition = by_payload };

    open_with_clock(f);
    acta_group *group = open_group(f, &config);
    acta_consumer *one = join(f, group), *two = join(f, group);
    const char *const payloads[] = { "x", "y", "x", "", "" };
    for (int i = 0; i < 5; i++)
        append_ok(f, "s", payloads[i]);
    assert_string_equal(take_some(f, one, 1), "1");
    assert_string_equal(take_some(f, two, 2), "2 4");
    assert_string_equal(take(f, one), "3 5");
    acta_consumer_close(one);
    acta_consumer_close(two);
    close_group(f, group);
}

typedef struct calls {
    uint32_t count;
} calls;

static void
count_call(void *user)
{
    ((calls *)user)->count++;
}

/* A consumer that found nothing is called when there is something: an event, a key that was freed, one that another left. */
static void
a_consumer_is_called_when_there_is_something(void **state)
{
    fixture *f = FIXTURE(state);
    calls of[2] = { { 0 }, { 0 } };
    acta_consumer *c[2];

    open_with_clock(f);
    acta_group *group = open_plain(f);
    for (int i = 0; i < 2; i++) {
        const acta_consumer_config config = { .ready = count_call, .user = &of[i] };
        assert_int_equal(ACTA_OK, acta_consumer_open(group, &config, &c[i], &f->error));
        assert_string_equal(take(f, c[i]), "");
    }
    append_to(f, "aa");
    assert_int_equal(of[0].count, 1);
    assert_int_equal(of[1].count, 1);
    assert_string_equal(take_some(f, c[0], 1), "1");
    assert_string_equal(take(f, c[1]), "");
    ack(c[0], 1);
    assert_int_equal(of[1].count, 2);
    assert_string_equal(take(f, c[1]), "2");
    assert_string_equal(take(f, c[0]), "");
    acta_consumer_close(c[1]);
    assert_int_equal(of[0].count, 2);
    assert_string_equal(take(f, c[0]), "2");
    acta_consumer_close(c[0]);
    close_group(f, group);
}

typedef struct asking {
    fixture *f;
    acta_consumer *consumer;
    char taken[64];
} asking;

static void
ask_at_once(void *user, const acta_commit_result *result)
{
    asking *a = user;

    assert_int_equal(ACTA_OK, result->status);
    snprintf(a->taken, sizeof a->taken, "%s", take(a->f, a->consumer));
}

/* Whoever was answered that an event is there, and asks, gets it: though nobody has been called yet. */
static void
what_was_acknowledged_is_there_for_who_asks(void **state)
{
    fixture *f = FIXTURE(state);
    asking a = { .f = f };
    acta_event event = event_of("test.Happened", "x");

    open_with_clock(f);
    acta_group *group = open_plain(f);
    a.consumer = join(f, group);
    assert_string_equal(take(f, a.consumer), "");
    for (int i = 0; i < 2; i++) {
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, S("a"), ACTA_ANY_VERSION, &event, 1);
        assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, ask_at_once, &a, &f->error));
        step_all(f);
        assert_string_equal(a.taken, i == 0 ? "1" : "2");
        assert_string_equal(take(f, a.consumer), "");
    }
    acta_consumer_close(a.consumer);
    close_group(f, group);
}

/*
 * ES-36, ES-37: the process dies after every number of commits: whatever is parked is parked once, what was acknowledged
 * behind the checkpoint comes again, nothing is lost: each event is either behind the checkpoint or comes, or is parked.
 */
static void
a_crash_loses_neither_events_nor_what_is_parked(void **state)
{
    fixture *f = FIXTURE(state);
    enum { EVENTS = 12 };

    for (int steps = 0; steps < 24; steps += f->memory ? 1 : 5) {
        bool seen[EVENTS + 1] = { false };
        uint64_t passed;
        acta_disk_destroy(f->disk);
        f->disk = acta_disk_create(NULL);
        if (!f->memory) remove_tree(f->path);
        open_with_clock(f);
        append_to(f, "abcabcabcabc");
        acta_group *group = open_plain(f);
        acta_consumer *one = join(f, group);
        take(f, one);
        nack(one, 1, ACTA_NACK_PARK); /* 4, 7 and 10 go behind it */
        for (uint64_t position = 2; position <= EVENTS; position++)
            if (position % 3 != 1) ack(one, position);
        for (int i = 0; i < steps; i++) {
            acta_store_step(f->store);
            take(f, one);
            if (i % 4 == 3) acta_group_checkpoint(group, NULL);
        }
        acta_consumer_close(one);
        close_group(f, group);
        crash_store(f);

        open_store_ok(f);
        assert_int_equal(ACTA_OK, acta_store_checkpoint(f->store, "g", &passed, &f->error));
        for (uint64_t position = 1; position <= passed; position++)
            seen[position] =
                position % 3 != 1; /* what was acknowledged may be behind it; what was parked has its row */
        group = open_plain(f);
        one = join(f, group);
        acta_parked_cursor *cursor;
        acta_parked row;
        assert_int_equal(ACTA_OK, acta_parked_cursor_open(f->store, "g", &cursor, &f->error));
        while (acta_parked_cursor_next(cursor, &row, &f->error) == ACTA_OK) {
            assert_int_equal(row.position % 3, 1);
            seen[row.position] = true;
        }
        acta_parked_cursor_close(cursor);
        for (bool more = true; more;) {
            acta_chunk *chunk;
            assert_int_equal(ACTA_OK, acta_consumer_next(one, 100, &chunk, &more, &f->error));
            for (uint32_t i = 0; chunk != NULL && i < acta_chunk_count(chunk); i++)
                seen[acta_chunk_at(chunk, i)->position] = true;
            acta_chunk_unref(chunk);
        }
        step_all(f);
        assert_int_equal(ACTA_OK, acta_parked_cursor_open(f->store, "g", &cursor, &f->error));
        while (acta_parked_cursor_next(cursor, &row, &f->error) == ACTA_OK)
            seen[row.position] = true;
        acta_parked_cursor_close(cursor);
        for (uint64_t position = 1; position <= EVENTS; position++)
            if (!seen[position]) fail_msg("%d steps: position %" PRIu64 " is lost", steps, position);
        acta_consumer_close(one);
        close_group(f, group);
        close_store(f);
    }
    f->config.environment = NULL;
}

/*
 * At random, from a seed: consumers come, go, acknowledge, give back, and the whole group restarts. Each event is delivered
 * until it is settled; of a key nothing is acknowledged before what comes before it.
 */
static void
random_consumers_settle_everything_in_order(void **state)
{
    fixture *f = FIXTURE(state);
    enum { EVENTS = 400, KEYS = 5, CONSUMERS = 4 };
    uint64_t seed = test_seed();
    uint64_t last_acked[KEYS] = { 0 };
    bool settled[EVENTS + 1] = { false };
    acta_consumer *consumers[CONSUMERS] = { NULL };
    const acta_group_config config = {
        .subscription = { .name = "g", .window = 40 }, .retry_max = 1000, .backoff_ms = 1
    };
    uint32_t left = EVENTS, appended = 0;

    open_with_clock(f);
    acta_group *group = open_group(f, &config);
    for (uint32_t round = 0; left > 0; round++) {
        uint32_t who = (uint32_t)(next_random(&seed) % CONSUMERS);
        assert_true(round < 200000);
        pass_ms(1);
        if (appended < EVENTS && next_random(&seed) % 3 == 0) {
            append_ok(f, (char[]){ (char)('a' + next_random(&seed) % KEYS), '\0' }, "x");
            appended++;
        }
        if (consumers[who] == NULL) {
            consumers[who] = join(f, group);
            continue;
        }
        if (next_random(&seed) % 20 == 0) {
            acta_consumer_close(consumers[who]);
            consumers[who] = NULL;
            continue;
        }
        acta_chunk *chunk;
        bool more;
        assert_int_equal(ACTA_OK, acta_consumer_next(consumers[who], 5, &chunk, &more, &f->error));
        for (uint32_t i = 0; chunk != NULL && i < acta_chunk_count(chunk); i++) {
            const acta_recorded *event = acta_chunk_at(chunk, i);
            uint32_t key = (uint32_t)(event->stream.data[0] - 'a');
            switch (next_random(&seed) % 6) {
            case 0:
                acta_consumer_nack(consumers[who], event->position, ACTA_NACK_RETRY, S("again"));
                break;
            case 1:
                acta_consumer_close(consumers[who]);
                consumers[who] = NULL;
                break;
            default:
                if (acta_consumer_ack(consumers[who], event->position) != ACTA_OK) break; /* taken back */
                assert_false(settled[event->position]);
                assert_true(event->position > last_acked[key]);
                last_acked[key] = event->position;
                settled[event->position] = true;
                left--;
            }
            if (consumers[who] == NULL) break;
        }
        acta_chunk_unref(chunk);
    }
    assert_int_equal(info_of(group).passed, EVENTS);
    for (uint32_t i = 0; i < CONSUMERS; i++)
        acta_consumer_close(consumers[i]);
    close_group(f, group);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_no_store(events_of_one_key_go_to_one_consumer_in_order),
        on_no_store(what_a_dead_consumer_had_goes_to_another),
        on_no_store(no_more_consumers_join_than_are_allowed),
        on_no_store(a_retry_waits_and_keeps_the_order_of_its_key),
        on_no_store(a_consumer_skips_or_stops),
        on_no_store(a_partition_says_what_belongs_together),
        on_no_store(a_consumer_is_called_when_there_is_something),
        on_no_store(what_was_acknowledged_is_there_for_who_asks),
        on_no_store(a_crash_loses_neither_events_nor_what_is_parked),
        on_no_store(random_consumers_settle_everything_in_order),
    };
    return run_on_engines("consumer group", tests);
}
