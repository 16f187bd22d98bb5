/*
 * Subscriptions: every event once, in order, from catching up to live; checkpoints, windows, filters. Cases ES-27 to ES-34
 * of the catalogue.
 */
#include <pthread.h>
#include <sched.h>

#include "fixture.h"

static acta_subscription *
subscribe(fixture *f, const acta_subscription_config *config)
{
    acta_subscription *subscription;

    if (acta_subscription_open(f->store, config, &subscription, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    return subscription;
}

static acta_subscription *
subscribe_to_all(fixture *f, const char *name)
{
    acta_subscription_config config = { .name = name, .manual_checkpoint = true };
    return subscribe(f, &config);
}

/* The next chunk; asked again as long as it says that there is more. NULL: none now. */
static acta_chunk *
next(fixture *f, acta_subscription *subscription, uint32_t count_max)
{
    acta_chunk *chunk;
    bool more;

    do {
        if (acta_subscription_next(subscription, count_max, &chunk, &more, &f->error) != ACTA_OK)
            fail_msg("%s", f->error.text);
    } while (chunk == NULL && more);
    return chunk;
}

/* Take events until there are none, acknowledging each; they must be `first` to `last`. */
static void
expect_events(fixture *f, acta_subscription *subscription, uint64_t first, uint64_t last)
{
    acta_chunk *chunk;
    uint64_t position = first;

    while ((chunk = next(f, subscription, 100)) != NULL) {
        for (uint32_t i = 0; i < acta_chunk_count(chunk); i++) {
            assert_int_equal(acta_chunk_at(chunk, i)->position, position++);
            assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, acta_chunk_at(chunk, i)->position));
        }
        acta_chunk_unref(chunk);
    }
    assert_int_equal(position, last + 1);
    assert_int_equal(acta_subscription_passed(subscription), last);
    assert_int_equal(acta_subscription_looked(subscription), last);
}

static void
checkpoint(fixture *f, acta_subscription *subscription, const char *name)
{
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_checkpoint(t, name, acta_subscription_passed(subscription));
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}

/* ES-27: from the origin, from the head, from a checkpoint: the first event is 1, the next, the one behind it. */
static void
a_subscription_begins_where_it_should(void **state)
{
    fixture *f = FIXTURE(state);
    acta_subscription_config current = { .name = "current", .start = ACTA_START_CURRENT, .manual_checkpoint = true };

    append_many(f, "s", ACTA_ANY_VERSION, 10, NULL);
    acta_subscription *from_origin = subscribe_to_all(f, "origin"), *from_current = subscribe(f, &current);
    append_many(f, "s", ACTA_ANY_VERSION, 5, NULL);
    expect_events(f, from_origin, 1, 15);
    expect_events(f, from_current, 11, 15);
    assert_int_equal(acta_subscription_start(from_current), 10);
    checkpoint(f, from_origin, "origin");
    acta_subscription_close(from_origin);
    acta_subscription_close(from_current);

    append_many(f, "s", ACTA_ANY_VERSION, 5, NULL);
    from_origin = subscribe_to_all(f, "origin");
    from_current = subscribe(f, &current); /* seen before: it goes on from where it began, not from the head */
    expect_events(f, from_origin, 16, 20);
    expect_events(f, from_current, 11, 20);
    acta_subscription_close(from_origin);
    acta_subscription_close(from_current);
}

/* An event carries all of itself, from memory as from the engine. */
static void
an_event_is_the_same_from_memory_and_from_the_engine(void **state)
{
    fixture *f = FIXTURE(state);

    for (int round = 0; round < 2; round++) {
        acta_event event = { .type = S("bank.Opened"),
            .schema_hash = 7,
            .payload = B("payload"),
            .metadata = B("meta"),
            .correlation_id = acta_id_of(S("c")),
            .causation_id = acta_id_of(S("d")) };
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, S("account-1"), ACTA_ANY_VERSION, &event, 1);
        assert_int_equal(ACTA_OK, commit(f, t, NULL));
    }
    for (int round = 0; round < 2; round++) {
        acta_store_stats stats;
        acta_subscription *subscription = subscribe_to_all(f, "sub");
        acta_chunk *chunk = next(f, subscription, 10);
        assert_int_equal(acta_chunk_count(chunk), 2);
        for (uint32_t i = 0; i < 2; i++) {
            const acta_recorded *e = acta_chunk_at(chunk, i);
            assert_true(acta_str_equal(e->stream, S("account-1")));
            assert_true(acta_str_equal(e->type, S("bank.Opened")));
            assert_int_equal(e->version, i + 1);
            assert_int_equal(e->schema_hash, 7);
            assert_int_equal(e->payload.size, 7);
            assert_memory_equal(e->payload.data, "payload", 7);
            assert_int_equal((uintptr_t)e->payload.data % 8, 0);
            assert_memory_equal(e->metadata.data, "meta", 4);
            assert_true(acta_id_equal(e->correlation_id, acta_id_of(S("c"))));
            assert_true(e->replaying);
        }
        acta_store_stats_read(f->store, &stats);
        assert_int_equal(stats.tail_hits > 0, round == 0);
        assert_int_equal(stats.tail_misses > 0, round == 1);
        acta_subscription_close(subscription);
        acta_chunk_unref(chunk); /* outlives its subscription */
        close_store(f);
        open_store_ok(f); /* nothing is in memory then */
    }
}

/* ES-29: one of a name at a time. */
static void
a_name_is_taken_while_it_is_open(void **state)
{
    fixture *f = FIXTURE(state);
    acta_subscription_config config = { .name = "taken" };
    acta_subscription *first = subscribe(f, &config), *second;

    assert_int_equal(ACTA_ALREADY_EXISTS, acta_subscription_open(f->store, &config, &second, &f->error));
    assert_string_equal(f->error.text, "a subscription of the name 'taken' is open already");
    acta_subscription_close(first);
    acta_subscription_close(subscribe(f, &config));
    config.name = "";
    assert_int_equal(ACTA_INVALID, acta_subscription_open(f->store, &config, &second, NULL));
    acta_subscription_close(NULL);
}

/* ES-30: what was not acknowledged comes again after a restart, in order, behind the checkpoint. */
static void
unacknowledged_events_come_again(void **state)
{
    fixture *f = FIXTURE(state);

    append_many(f, "s", ACTA_ANY_VERSION, 10, NULL);
    acta_subscription *subscription = subscribe_to_all(f, "sub");
    acta_chunk *chunk = next(f, subscription, 10);
    for (uint64_t position = 1; position <= 4; position++)
        assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, position));
    assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, 6));
    acta_chunk_unref(chunk);
    assert_int_equal(acta_subscription_passed(subscription), 4);
    checkpoint(f, subscription, "sub");
    acta_subscription_close(subscription);
    close_store(f);
    open_store_ok(f);
    subscription = subscribe_to_all(f, "sub");
    expect_events(f, subscription, 5, 10);
    acta_subscription_close(subscription);
}

/* ES-31: out of order, never sent, twice, older: the checkpoint neither moves back nor past what is open. */
static void
acknowledgements_in_any_order_move_the_checkpoint_rightly(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t seed = test_seed();
    enum { N = 200 };

    append_many(f, "s", ACTA_ANY_VERSION, N + 10, NULL);
    acta_subscription_config config = { .name = "sub", .window = N };
    acta_subscription *subscription = subscribe(f, &config);
    assert_int_equal(ACTA_INVALID, acta_subscription_ack(subscription, 1)); /* not sent yet */
    acta_chunk *chunk = next(f, subscription, N);
    assert_int_equal(acta_chunk_count(chunk), N);
    acta_chunk_unref(chunk);

    uint64_t order[N];
    bool acked[N + 2] = { false };
    for (uint32_t i = 0; i < N; i++) {
        uint32_t at = (uint32_t)(next_random(&seed) % (i + 1));
        order[i] = order[at];
        order[at] = i + 1;
    }
    for (uint32_t i = 0; i < N; i++) {
        uint64_t lowest = 1;
        assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, order[i]));
        assert_int_equal(ACTA_INVALID, acta_subscription_ack(subscription, order[i]));
        assert_int_equal(ACTA_INVALID, acta_subscription_ack(subscription, N + 1));
        assert_int_equal(ACTA_INVALID, acta_subscription_ack(subscription, 0));
        acked[order[i]] = true;
        while (lowest <= N && acked[lowest])
            lowest++;
        assert_int_equal(acta_subscription_passed(subscription), lowest - 1);
    }
    acta_subscription_close(subscription);
}

/* ES-32: no more than the window in flight; each acknowledgement makes room. */
static void
no_more_than_the_window_is_in_flight(void **state)
{
    fixture *f = FIXTURE(state);
    acta_subscription_config config = { .name = "sub", .window = 3 };
    acta_subscription *subscription = subscribe(f, &config);
    acta_chunk *chunk;
    bool more;

    append_many(f, "s", ACTA_ANY_VERSION, 20, NULL);
    chunk = next(f, subscription, 100);
    assert_int_equal(acta_chunk_count(chunk), 3);
    acta_chunk_unref(chunk);
    for (uint64_t position = 1; position <= 17; position++) {
        assert_int_equal(ACTA_OK, acta_subscription_next(subscription, 100, &chunk, &more, NULL));
        assert_null(chunk);
        assert_false(more);
        assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, position));
        chunk = next(f, subscription, 100);
        assert_int_equal(acta_chunk_count(chunk), 1);
        assert_int_equal(acta_chunk_at(chunk, 0)->position, position + 3);
        acta_chunk_unref(chunk);
    }
    acta_subscription_close(subscription);
}

static void
append_typed(fixture *f, const char *type, uint32_t count)
{
    acta_event *events = calloc(count, sizeof *events);
    acta_transaction *t = acta_transaction_create(f->store);

    for (uint32_t i = 0; i < count; i++)
        events[i] = event_of(type, "x");
    acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, events, count);
    free(events);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}

/* ES-34: only what matches comes; the checkpoint passes over the rest, however much, and a type may be new. */
static void
a_filter_passes_over_the_rest(void **state)
{
    fixture *f = FIXTURE(state);
    acta_str wanted[] = { S("test.Wanted"), S("test.Later") };
    acta_subscription_config config = {
        .name = "sub", .filter = { .types = wanted, .type_count = 2 }, .manual_checkpoint = true
    };

    for (int round = 0; round < 2; round++) { /* from memory; after a restart from the engine */
        acta_subscription *subscription;
        acta_chunk *chunk;
        if (round == 0) {
            subscription = subscribe(f, &config);
            append_typed(f, "test.Other", 10000);
            append_typed(f, "test.Wanted", 1);
            append_typed(f, "test.Other", 20000);
            append_typed(f, "test.Later", 1); /* nobody knew this type when the subscription was opened */
            append_typed(f, "test.Other", 10000);
        } else {
            close_store(f);
            open_store_ok(f);
            subscription = subscribe(f, &config);
        }
        for (uint64_t position = 10001; position <= 30002; position += 20001) {
            chunk = next(f, subscription, 1);
            assert_non_null(chunk);
            assert_int_equal(acta_chunk_count(chunk), 1);
            assert_int_equal(acta_chunk_at(chunk, 0)->position, position);
            assert_int_equal(acta_subscription_passed(subscription), position - 1);
            assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, position));
            acta_chunk_unref(chunk);
        }
        assert_null(next(f, subscription, 10));
        assert_int_equal(acta_subscription_passed(subscription), 40002);
        acta_subscription_close(subscription);
    }
}

/* A filter of no types wants nothing; types without a list are refused. */
static void
a_filter_of_no_types_wants_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    acta_str none[1] = { S("") };
    acta_subscription_config config = { .name = "sub", .filter = { .types = none }, .manual_checkpoint = true };
    acta_subscription *subscription = subscribe(f, &config), *refused;

    append_many(f, "s", ACTA_ANY_VERSION, 5, NULL);
    assert_null(next(f, subscription, 10));
    assert_int_equal(acta_subscription_passed(subscription), 5);
    acta_subscription_close(subscription);
    config = (acta_subscription_config){ .name = "sub", .filter = { .type_count = 1 } };
    assert_int_equal(ACTA_INVALID, acta_subscription_open(f->store, &config, &refused, NULL));
}

static void
count_call(void *user)
{
    ++*(_Atomic uint32_t *)user;
}

/* ready comes once after next ran dry, not before there is something, and not again until next was called again. */
static void
ready_is_called_once_after_running_dry(void **state)
{
    fixture *f = FIXTURE(state);
    _Atomic uint32_t calls = 0;
    acta_subscription_config config = { .name = "sub", .ready = count_call, .user = &calls };
    acta_subscription *subscription = subscribe(f, &config);

    append_ok(f, "s", "x");
    step_all(f);
    assert_int_equal(calls, 0); /* it never ran dry */
    for (uint32_t round = 1; round <= 3; round++) {
        expect_events(f, subscription, 2 * round - 1, 2 * round - 1);
        put_row(f, "rows", "k", "v"); /* a commit without events is nothing to look at */
        step_all(f);
        assert_int_equal(calls, round - 1);
        append_ok(f, "s", "x");
        append_ok(f, "s", "x");
        step_all(f);
        assert_int_equal(calls, round);
        acta_chunk_unref(next(f, subscription, 1));
        assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, 2 * round));
    }
    acta_subscription_close(subscription);
}

/* -- from catching up to live -- */

typedef struct live_reader {
    fixture *f;
    pthread_mutex_t mutex;
    pthread_cond_t woken;
    bool ready;
} live_reader;

static void
wake_reader(void *user)
{
    live_reader *reader = user;

    pthread_mutex_lock(&reader->mutex);
    reader->ready = true;
    pthread_cond_signal(&reader->woken);
    pthread_mutex_unlock(&reader->mutex);
}

static void
await_ready(live_reader *reader)
{
    pthread_mutex_lock(&reader->mutex);
    while (!reader->ready)
        pthread_cond_wait(&reader->woken, &reader->mutex);
    reader->ready = false;
    pthread_mutex_unlock(&reader->mutex);
}

typedef struct load {
    fixture *f;
    uint64_t seed;
    uint32_t count;
} load;

static void *
run_load(void *user)
{
    load *l = user;
    acta_error error;

    for (uint32_t i = 0; i < l->count; i++) {
        acta_event event = event_of(i % 3 == 0 ? "test.Third" : "test.Happened", "x");
        acta_transaction *t = acta_transaction_create(l->f->store);
        acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
        if (next_random(&l->seed) % 4 == 0)
            acta_store_commit(l->f->store, t, NULL, &error);
        else
            acta_store_submit(l->f->store, t, NULL, NULL, &error);
    }
    return NULL;
}

/*
 * ES-33: a writer is at work; a subscriber catches up, goes live, and is stopped and opened again at random, at its
 * checkpoint. It sleeps only until ready, so a lost wake-up hangs the test. Every position comes, in order, and nothing
 * that was passed comes again.
 */
static void
catching_up_goes_live_without_gap_or_repeat(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t seed = test_seed(), position = 0;
    const uint32_t total = f->memory ? 20000 : 4000;
    live_reader reader = { .f = f, .mutex = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER };
    load l = { .f = f, .seed = seed, .count = total };
    pthread_t writer;
    uint32_t rounds = 0;

    close_store(f);
    f->config.tail_bytes_max = 64 << 10; /* so that the tail is often left behind */
    open_store_ok(f);
    assert_int_equal(0, pthread_create(&writer, NULL, run_load, &l));
    while (position < total) {
        acta_subscription_config config = { .name = "sub",
            .manual_checkpoint = true,
            .ready = wake_reader,
            .user = &reader,
            .window = (uint32_t)(next_random(&seed) % 300 + 1) };
        acta_subscription *subscription = subscribe(f, &config);
        uint64_t stop_at = position + next_random(&seed) % 500 + 1;
        reader.ready = false;
        assert_int_equal(acta_subscription_start(subscription), position);
        while (position < total && position < stop_at) {
            acta_chunk *chunk;
            bool more;
            uint32_t count_max = (uint32_t)(next_random(&seed) % 100 + 1);
            if (acta_subscription_next(subscription, count_max, &chunk, &more, &f->error) != ACTA_OK)
                fail_msg("%s", f->error.text);
            if (chunk == NULL && !more) await_ready(&reader);
            for (uint32_t i = 0; chunk != NULL && i < acta_chunk_count(chunk); i++) {
                assert_int_equal(acta_chunk_at(chunk, i)->position, ++position);
                assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, position));
            }
            acta_chunk_unref(chunk);
        }
        checkpoint(f, subscription, "sub");
        acta_subscription_close(subscription);
        rounds++;
    }
    pthread_join(writer, NULL);
    assert_true(rounds >= total / 600); /* each of 500 events at most, and of a chunk that goes beyond them */
    append_ok(f, "end", "x");
    assert_int_equal(acta_store_head(f->store), total + 1);
    close_store(f);
}

/* One event at a time, each written as soon as the reader has acknowledged the one before, while it runs dry: a wake-up
 * that is lost in between is never made good, and hangs the test. */
typedef struct ping_pong {
    fixture *f;
    _Atomic uint64_t acknowledged;
    uint64_t seed;
    uint32_t rounds;
} ping_pong;

static void *
run_ping(void *user)
{
    ping_pong *p = user;
    acta_error error;

    for (uint32_t i = 0; i < p->rounds; i++) {
        acta_event event = event_of("test.Happened", "x");
        acta_transaction *t = acta_transaction_create(p->f->store);
        acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
        if (acta_store_commit(p->f->store, t, NULL, &error) != ACTA_OK) break;
        while (p->acknowledged <= i)
            sched_yield();
    }
    return NULL;
}

static void
no_wake_up_is_lost_between_two_events(void **state)
{
    fixture *f = FIXTURE(state);
    live_reader reader = { .f = f, .mutex = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER };
    ping_pong p = { .f = f, .seed = test_seed(), .rounds = f->memory ? 10000 : 500 };
    acta_subscription_config config = { .name = "sub", .ready = wake_reader, .user = &reader };
    acta_subscription *subscription = subscribe(f, &config);
    pthread_t writer;

    assert_int_equal(0, pthread_create(&writer, NULL, run_ping, &p));
    for (uint64_t position = 0; position < p.rounds;) {
        acta_chunk *chunk;
        bool more;
        assert_int_equal(ACTA_OK, acta_subscription_next(subscription, 10, &chunk, &more, &f->error));
        if (chunk == NULL && !more) await_ready(&reader);
        if (chunk == NULL) continue;
        assert_int_equal(acta_chunk_count(chunk), 1);
        assert_int_equal(acta_chunk_at(chunk, 0)->position, ++position);
        assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, position));
        acta_chunk_unref(chunk);
        p.acknowledged = position;
        /* About as long as the writer takes, so that it commits just when this runs dry. */
        for (uint64_t wait = next_random(&p.seed) % 100000; wait > 0; wait--)
            atomic_signal_fence(memory_order_seq_cst);
    }
    pthread_join(writer, NULL);
    acta_subscription_close(subscription);
}

/* ES-32: several readers, one slow: each gets everything, in its own time. */
typedef struct reader_thread {
    live_reader live;
    const char *name;
    bool slow;
    uint64_t seen;
} reader_thread;

enum { ALL_READERS_TOTAL = 2000 };

static void *
run_reader(void *user)
{
    reader_thread *r = user;
    acta_subscription_config config = {
        .name = r->name, .ready = wake_reader, .user = &r->live, .window = r->slow ? 2 : 256
    };
    acta_subscription *subscription;
    acta_error error;

    if (acta_subscription_open(r->live.f->store, &config, &subscription, &error) != ACTA_OK) return NULL;
    while (r->seen < ALL_READERS_TOTAL) {
        acta_chunk *chunk;
        bool more;
        if (acta_subscription_next(subscription, 64, &chunk, &more, &error) != ACTA_OK) break;
        if (chunk == NULL && !more) await_ready(&r->live);
        for (uint32_t i = 0; chunk != NULL && i < acta_chunk_count(chunk); i++) {
            if (acta_chunk_at(chunk, i)->position != r->seen + 1) goto out;
            acta_subscription_ack(subscription, ++r->seen);
        }
        acta_chunk_unref(chunk);
    }
out:
    acta_subscription_close(subscription);
    return NULL;
}

static void
each_of_several_readers_gets_everything(void **state)
{
    fixture *f = FIXTURE(state);
    static const char *const names[] = { "a", "b", "c", "slow" };
    reader_thread readers[4];
    pthread_t threads[4], writer;
    load l = { .f = f, .seed = 1, .count = ALL_READERS_TOTAL };

    for (int i = 0; i < 4; i++) {
        readers[i] = (reader_thread){ .name = names[i], .slow = i == 3 };
        readers[i].live.f = f;
        pthread_mutex_init(&readers[i].live.mutex, NULL);
        pthread_cond_init(&readers[i].live.woken, NULL);
        assert_int_equal(0, pthread_create(&threads[i], NULL, run_reader, &readers[i]));
    }
    assert_int_equal(0, pthread_create(&writer, NULL, run_load, &l));
    pthread_join(writer, NULL);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readers[i].seen, ALL_READERS_TOTAL);
    }
}

/* A checkpoint is a row: it is there after a restart, and a name without one has 0. */
static void
a_checkpoint_is_durable(void **state)
{
    fixture *f = FIXTURE(state);
    acta_transaction *t = acta_transaction_create(f->store);
    uint64_t position;

    acta_transaction_checkpoint(t, "reader", 17);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    close_store(f);
    open_store_ok(f);
    assert_int_equal(ACTA_OK, acta_store_checkpoint(f->store, "reader", &position, &f->error));
    assert_int_equal(position, 17);
    assert_int_equal(ACTA_OK, acta_store_checkpoint(f->store, "other", &position, &f->error));
    assert_int_equal(position, 0);
    t = acta_transaction_create(f->store);
    acta_transaction_checkpoint(t, "", 1);
    assert_int_equal(ACTA_INVALID, commit(f, t, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(a_subscription_begins_where_it_should),
        on_store(an_event_is_the_same_from_memory_and_from_the_engine),
        on_store(a_name_is_taken_while_it_is_open),
        on_store(unacknowledged_events_come_again),
        on_store(acknowledgements_in_any_order_move_the_checkpoint_rightly),
        on_store(no_more_than_the_window_is_in_flight),
        on_store(a_filter_passes_over_the_rest),
        on_store(a_filter_of_no_types_wants_nothing),
        on_manual_store(ready_is_called_once_after_running_dry),
        on_store(catching_up_goes_live_without_gap_or_repeat),
        on_store(no_wake_up_is_lost_between_two_events),
        on_store(each_of_several_readers_gets_everything),
        on_store(a_checkpoint_is_durable),
    };
    return run_on_engines("subscription", tests);
}
