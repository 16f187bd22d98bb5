/*
 * Subscriptions from catching up to live: each interleaving of a writer's steps and a reader's forced in turn, threads that
 * run callbacks beside a writer, many readers of one log, and what reading costs.
 */
#include <pthread.h>
#include <sched.h>

#include "fixture.h"

#include "acta/consumer_group.h"

static uint64_t now_ns = 1000000000;

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
    return (int64_t)(now_ns / 1000);
}

/* Memory in use, as the store's allocator sees it. */
static _Atomic size_t bytes_in_use;

static void *
counting_alloc(void *user, size_t size)
{
    (void)user;
    bytes_in_use += size;
    return malloc(size);
}

static void
counting_free(void *user, void *pointer, size_t size)
{
    (void)user;
    bytes_in_use -= size;
    free(pointer);
}

static acta_subscription *
subscribe(fixture *f, const acta_subscription_config *config)
{
    acta_subscription *subscription;

    if (acta_subscription_open(f->store, config, &subscription, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    return subscription;
}

static void
set_flag(void *user)
{
    *(_Atomic bool *)user = true;
}

/* -- each interleaving -- */

typedef struct reader {
    acta_subscription *subscription;
    _Atomic bool ready;
    bool dry;
    uint64_t last;       /* position */
    uint64_t checkpoint; /* durable, as seen last */
} reader;

static void
reader_step(fixture *f, reader *r)
{
    acta_chunk *chunk;
    bool more;

    now_ns += 2000000; /* so that the checkpoint is due in each of its states */
    if (r->dry && !r->ready) return;
    r->ready = false;
    assert_int_equal(ACTA_OK, acta_subscription_next(r->subscription, 2, &chunk, &more, &f->error));
    r->dry = chunk == NULL && !more;
    for (uint32_t i = 0; chunk != NULL && i < acta_chunk_count(chunk); i++) {
        assert_int_equal(acta_chunk_at(chunk, i)->position, ++r->last);
        assert_int_equal(ACTA_OK, acta_subscription_ack(r->subscription, r->last));
    }
    acta_chunk_unref(chunk);
}

static void
check_checkpoint(fixture *f, reader *r)
{
    uint64_t position;

    assert_int_equal(ACTA_OK, acta_store_checkpoint(f->store, "sub", &position, &f->error));
    assert_in_range(position, r->checkpoint, r->last); /* neither back, nor past what was acknowledged */
    r->checkpoint = position;
}

enum { WRITER_STEPS = 9, READER_STEPS = 5, STEPS = WRITER_STEPS + READER_STEPS };

/* Bit i of `order`: step i is the reader's. The writer appends three events and then steps the store, phase by phase. */
static void
interleave(fixture *f, reader *r, uint32_t order)
{
    uint32_t written = 0;

    for (uint32_t i = 0; i < STEPS; i++) {
        if ((order >> i & 1) != 0) {
            reader_step(f, r);
            continue;
        }
        if (written++ % 5 == 0) {
            acta_event events[3] = { event_of("t", "x"), event_of("t", "x"), event_of("t", "x") };
            acta_transaction *t = acta_transaction_create(f->store);
            acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, events, 3);
            assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, NULL, NULL, &f->error));
        } else
            acta_store_step(f->store);
        check_checkpoint(f, r);
    }
    step_all(f);
    while (!r->dry || r->ready) /* it calls only when it was called: a wake-up that was lost shows here */
        reader_step(f, r);
    step_all(f);
    assert_int_equal(r->last, acta_store_head(f->store));
    check_checkpoint(f, r);
}

/*
 * ES-33: every order of 9 steps of a writer and 5 of a reader, beginning behind, at, and before the head, from memory and
 * from the engine, with the checkpoint's time come in each state: every position once, in order, none forgotten; the
 * checkpoint neither falls nor goes past what was acknowledged, and the next one of the name begins there.
 */
static void
every_interleaving_gives_every_position_once(void **state)
{
    fixture *f = FIXTURE(state);
    static acta_environment environment = { .clock = { .monotonic_ns = virtual_ns, .wall_us = virtual_us } };
    uint32_t runs = 0;

    f->config.manual = true;
    f->config.environment = &environment;
    for (int tail = 0; tail < 2; tail++) {
        reader r = { .last = 0 };
        f->config.tail_bytes_max = tail == 0 ? 1 : 0; /* nothing is kept in memory; the default */
        acta_disk_destroy(f->disk);
        f->disk = acta_disk_create(NULL);
        remove_tree(f->path);
        open_store_ok(f);
        for (uint32_t order = 0; order < 1u << STEPS; order++) {
            if (__builtin_popcount(order) != READER_STEPS || (!f->memory && order % 97 != 0)) continue;
            const acta_subscription_config config = {
                .name = "sub", .window = 3, .checkpoint_ms = 1, .ready = set_flag, .user = &r.ready
            };
            if (runs++ % 3 == 0 || r.subscription == NULL) { /* a new one begins behind the events of this round */
                acta_subscription_close(r.subscription);
                append_ok(f, "s", "x");
                r.subscription = subscribe(f, &config);
                assert_int_equal(acta_subscription_start(r.subscription), r.last);
                r.dry = false;
                r.ready = false;
            }
            interleave(f, &r, order);
        }
        acta_subscription_close(r.subscription);
        close_store(f);
    }
    assert_true(runs > (f->memory ? 4000 : 20));
}

/* -- threads -- */

enum { LISTENERS = 3 };

typedef struct listener {
    fixture *f;
    acta_subscription *subscription;
    pthread_t thread;
    acta_status status;
    uint64_t last, stop_at;
    bool out_of_order;
} listener;

static acta_status
on_events(void *user, const acta_recorded *events, uint32_t count)
{
    listener *l = user;

    for (uint32_t i = 0; i < count; i++)
        l->out_of_order |= events[i].position != ++l->last;
    if (l->last >= l->stop_at) acta_subscription_stop(l->subscription);
    return ACTA_OK;
}

static void *
run_listener(void *user)
{
    listener *l = user;
    const acta_subscriber subscriber = { .events = on_events, .user = l };
    acta_error error;

    l->status = acta_subscription_run(l->subscription, &subscriber, &error);
    return NULL;
}

/* ES-33, ES-38: callbacks on threads of their own beside a writer: every position once, in order, and each ends when it is
 * told to. */
static void
callbacks_on_threads_get_every_position_once(void **state)
{
    fixture *f = FIXTURE(state);
    const uint64_t total = f->memory ? 20000 : 1000;
    listener l[LISTENERS];

    close_store(f);
    f->config.tail_bytes_max = 16 << 10; /* so that the tail is often left behind */
    open_store_ok(f);
    for (int i = 0; i < LISTENERS; i++) {
        const acta_subscription_config config = { .window = i == 0 ? 5 : 2000 };
        l[i] = (listener){ .f = f, .subscription = subscribe(f, &config), .stop_at = i == 2 ? UINT64_MAX : total };
        assert_int_equal(0, pthread_create(&l[i].thread, NULL, run_listener, &l[i]));
    }
    for (uint64_t i = 0; i < total; i += 10)
        assert_int_equal(ACTA_OK, append_many(f, "s", ACTA_ANY_VERSION, 10, NULL));
    for (int i = 0; i < LISTENERS; i++) {
        if (i == 2) acta_subscription_stop(l[i].subscription); /* wherever it is */
        pthread_join(l[i].thread, NULL);
        assert_int_equal(l[i].status, ACTA_OK);
        assert_false(l[i].out_of_order);
        if (i != 2) assert_int_equal(l[i].last, total);
        acta_subscription_close(l[i].subscription);
    }
}

typedef struct worker {
    acta_consumer *consumer;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t woken;
    bool ready, ends;
    _Atomic uint64_t *left;
    _Atomic uint8_t *settled; /* by position */
} worker;

static void
wake_worker(void *user)
{
    worker *w = user;

    pthread_mutex_lock(&w->mutex);
    w->ready = true;
    pthread_cond_signal(&w->woken);
    pthread_mutex_unlock(&w->mutex);
}

static void *
run_worker(void *user)
{
    worker *w = user;
    acta_error error;

    for (bool ends = false; !ends;) {
        acta_chunk *chunk;
        bool more;
        if (acta_consumer_next(w->consumer, 16, &chunk, &more, &error) != ACTA_OK) break;
        for (uint32_t i = 0; chunk != NULL && i < acta_chunk_count(chunk); i++) {
            uint64_t position = acta_chunk_at(chunk, i)->position;
            if (acta_consumer_ack(w->consumer, position) != ACTA_OK) continue;
            w->settled[position]++;
            --*w->left;
        }
        acta_chunk_unref(chunk);
        pthread_mutex_lock(&w->mutex);
        while (chunk == NULL && !more && !w->ready && !w->ends)
            pthread_cond_wait(&w->woken, &w->mutex);
        w->ready = false;
        ends = w->ends;
        pthread_mutex_unlock(&w->mutex);
    }
    return NULL;
}

/* ES-37: consumers on threads share a group beside a writer: each event is settled once, by one of them. They sleep until
 * they are called, so a lost wake-up hangs the test. */
static void
consumers_on_threads_share_every_event(void **state)
{
    fixture *f = FIXTURE(state);
    enum { WORKERS = 3 };
    const uint64_t total = f->memory ? 6000 : 600;
    _Atomic uint64_t left = total;
    _Atomic uint8_t *settled = calloc(total + 1, sizeof *settled);
    worker w[WORKERS];
    acta_group *group;

    assert_int_equal(
        ACTA_OK, acta_group_open(f->store, &(acta_group_config){ .subscription = { .name = "g", .window = 64 } },
                     &group, &f->error));
    for (int i = 0; i < WORKERS; i++) {
        const acta_consumer_config config = { .ready = wake_worker, .user = &w[i] };
        w[i] = (worker){ .left = &left, .settled = settled };
        pthread_mutex_init(&w[i].mutex, NULL);
        pthread_cond_init(&w[i].woken, NULL);
        assert_int_equal(ACTA_OK, acta_consumer_open(group, &config, &w[i].consumer, &f->error));
        assert_int_equal(0, pthread_create(&w[i].thread, NULL, run_worker, &w[i]));
    }
    for (uint64_t i = 0; i < total; i += 3) {
        const char *const streams[] = { "a", "b", "c", "d", "e" };
        assert_int_equal(ACTA_OK, append_many(f, streams[i % 5], ACTA_ANY_VERSION, 3, NULL));
    }
    while (left > 0)
        sched_yield();
    for (int i = 0; i < WORKERS; i++) {
        pthread_mutex_lock(&w[i].mutex);
        w[i].ends = true;
        pthread_cond_signal(&w[i].woken);
        pthread_mutex_unlock(&w[i].mutex);
        pthread_join(w[i].thread, NULL);
        acta_consumer_close(w[i].consumer);
    }
    for (uint64_t position = 1; position <= total; position++)
        assert_int_equal(settled[position], 1);
    acta_subscription_info info;
    acta_group_read_info(group, &info);
    assert_int_equal(info.passed, total);
    assert_int_equal(ACTA_OK, acta_group_close(group, &f->error));
    free((void *)settled);
}

/* -- many -- */

static uint64_t
read_all(fixture *f, acta_subscription *subscription, uint32_t count_max, bool acknowledge)
{
    uint64_t count = 0;
    bool more = true;

    while (more) {
        acta_chunk *chunk;
        if (acta_subscription_next(subscription, count_max, &chunk, &more, &f->error) != ACTA_OK)
            fail_msg("%s", f->error.text);
        if (chunk == NULL) continue;
        more = true;
        count += acta_chunk_count(chunk);
        uint64_t last = acta_chunk_at(chunk, acta_chunk_count(chunk) - 1)->position;
        if (acknowledge) assert_int_equal(ACTA_OK, acta_subscription_ack_up_to(subscription, last));
        acta_chunk_unref(chunk);
    }
    return count;
}

static uint64_t
engine_reads(fixture *f)
{
    acta_store_stats stats;

    acta_store_stats_read(f->store, &stats);
    return stats.tail_misses;
}

/* Two subscribers that catch up cost one read of the engine, also with windows of their own; those that are live cost none. */
static void
two_subscribers_cost_one_read(void **state)
{
    fixture *f = FIXTURE(state);
    enum { COUNT = 10000 };

    assert_int_equal(ACTA_OK, append_many(f, "s", ACTA_ANY_VERSION, COUNT, NULL));
    close_store(f);
    f->config.memory_bytes = 256 << 20;
    open_store_ok(f); /* nothing is in memory then */
    acta_subscription *one = subscribe(f, &(acta_subscription_config){ 0 });
    acta_subscription *two = subscribe(f, &(acta_subscription_config){ .window = 37 });
    assert_int_equal(engine_reads(f), 0);
    assert_int_equal(read_all(f, one, 200, true), COUNT);
    uint64_t reads = engine_reads(f);
    assert_in_range(reads, 1, COUNT / 500);
    assert_int_equal(read_all(f, two, 100, true), COUNT);
    assert_int_equal(engine_reads(f), reads);
    append_ok(f, "s", "x");
    assert_int_equal(read_all(f, one, 200, true), 1);
    assert_int_equal(read_all(f, two, 200, true), 1);
    assert_int_equal(engine_reads(f), reads);
    acta_subscription_close(one);
    acta_subscription_close(two);
}

/* What is shared isn't given out any more when events of it were removed. */
static void
removed_events_are_not_read_from_what_is_shared(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t count;

    assert_int_equal(ACTA_OK, append_many(f, "s", ACTA_ANY_VERSION, 100, NULL));
    close_store(f);
    open_store_ok(f);
    acta_subscription *one = subscribe(f, &(acta_subscription_config){ 0 });
    assert_int_equal(read_all(f, one, 10, true), 100);
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_delete_stream(t, S("s"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    assert_int_equal(ACTA_OK, acta_store_scrub(f->store, 0, &count, &f->error));
    assert_int_equal(count, 100);
    acta_subscription *two = subscribe(f, &(acta_subscription_config){ 0 });
    assert_int_equal(read_all(f, two, 200, true), 1); /* the deletion itself */
    acta_subscription_close(one);
    acta_subscription_close(two);
}

/* ES-40, ES-32: a thousand subscriptions on the whole log: each gets all, but for one that never acknowledges: it has its
 * window, says that it stands still, and costs nothing more, however much is written. */
static void
a_thousand_get_everything_and_one_only_its_window(void **state)
{
    fixture *f = FIXTURE(state);
    enum { COUNT = 1000, ROUNDS = 20, WINDOW = 10 };
    static acta_environment environment = { .allocator = { .alloc = counting_alloc, .free = counting_free } };
    static acta_subscription *all[COUNT];
    static _Atomic bool ready[COUNT];
    static uint64_t counts[COUNT];
    acta_subscription_info info;
    size_t before = 0;

    f->config.manual = true;
    f->config.environment = &environment;
    f->config.tail_bytes_max = 64 << 10;
    open_store_ok(f);
    for (int i = 0; i < COUNT; i++) {
        const acta_subscription_config config = { .window = WINDOW, .ready = set_flag, .user = &ready[i] };
        all[i] = subscribe(f, &config);
        counts[i] = 0;
        assert_int_equal(read_all(f, all[i], 100, true), 0);
        ready[i] = false;
    }
    for (int round = 1; round <= ROUNDS; round++) {
        assert_int_equal(ACTA_OK, append_many(f, "s", ACTA_ANY_VERSION, WINDOW, NULL));
        step_all(f);
        for (int i = 0; i < COUNT; i++) {
            if (i > 0 || round == 1) assert_true(ready[i]); /* the first has no room, and isn't called */
            if (!ready[i]) continue;
            ready[i] = false;
            counts[i] += read_all(f, all[i], 100, i > 0);
        }
        if (round == ROUNDS / 2) before = bytes_in_use;
    }
    assert_int_equal(engine_reads(f), 0); /* all of it from memory */
    enum { KEPT_BYTES = 264 << 10 };      /* of a generation of the index tail, for the next one */
    assert_true(bytes_in_use < before + (128 << 10) + KEPT_BYTES);
    acta_subscription_read_info(all[0], &info);
    assert_int_equal(info.state, ACTA_SUBSCRIPTION_STALLED);
    assert_int_equal(info.in_flight, WINDOW);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(counts[i], i == 0 ? WINDOW : WINDOW * ROUNDS);
        acta_subscription_close(all[i]);
    }
    close_store(f);
    assert_int_equal(bytes_in_use, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_no_store(every_interleaving_gives_every_position_once),
        on_store(callbacks_on_threads_get_every_position_once),
        on_store(consumers_on_threads_share_every_event),
        on_store(two_subscribers_cost_one_read),
        on_store(removed_events_are_not_read_from_what_is_shared),
        on_no_store(a_thousand_get_everything_and_one_only_its_window),
    };
    return run_on_engines("subscription live", tests);
}
