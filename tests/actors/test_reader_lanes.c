/*
 * Lanes of event handlers: several events at once and batches, together, with the order of each key kept; by size and by
 * time; what becomes of a batch that fails, and of what waits behind a worker that ends. Driven step by step.
 */
#include "acta/gen_server.h"
#include "fixture.h"

enum { SEEN_MAX = 4000, BATCHES_MAX = 2000 };

typedef struct watcher {
    struct {
        uint64_t position, version;
        char counter[16];
        uint32_t worker;
    } seen[SEEN_MAX];
    uint32_t count;
    uint32_t batches[BATCHES_MAX]; /* how many events each had */
    uint32_t batch_count;
    uint64_t batch_ms[BATCHES_MAX];
    const char *failing, *breaking; /* counters */
    uint32_t failures;

    acta_event_answer answers[20];
    uint32_t asked, failed_count[20], attempts[20];
} watcher;

static watcher w;
static fixture *running;

static acta_status
look_at(watcher *to, const acta_batch_event *events, uint32_t count, acta_error *error)
{
    ledger_Added event;

    for (uint32_t i = 0; i < count; i++) {
        assert_ptr_equal(events[i].table, &ledger_Added_table);
        ledger_Added_read(events[i].payload, &event);
        bool breaks = to->breaking != NULL && acta_str_equal(event.counter_id, acta_str_of(to->breaking));
        bool fails = to->failing != NULL && acta_str_equal(event.counter_id, acta_str_of(to->failing));
        if (!breaks && !fails) continue;
        to->failures++;
        if (breaks) acta_fail(acta_self_here(), "a bug in the handler");
        return acta_error_set(error, ACTA_IO, "it can't be indexed");
    }
    return ACTA_OK;
}

static acta_status
handle_batch(
    void *user, const acta_handling *handling, const acta_batch_event *events, uint32_t count, acta_error *error)
{
    watcher *to = user;
    ledger_Added event;

    assert_true(to->batch_count < BATCHES_MAX && to->count + count <= SEEN_MAX);
    to->batch_ms[to->batch_count] = running->now_ns / 1000000;
    to->batches[to->batch_count++] = count;
    acta_status status = look_at(to, events, count, error);
    for (uint32_t i = 0; status == ACTA_OK && i < count; i++) {
        ledger_Added_read(events[i].payload, &event);
        to->seen[to->count].position = events[i].recorded->position;
        to->seen[to->count].version = events[i].recorded->version;
        to->seen[to->count].worker = handling->worker;
        snprintf(to->seen[to->count].counter, sizeof to->seen[0].counter, ACTA_FMT, ACTA_ARG(event.counter_id));
        to->count++;
    }
    return status;
}

/* The same for who is called with one at a time. */
static acta_status
watch(void *user, ledger_Added given, const acta_recorded *recorded, acta_error *error)
{
    acta_batch_event event = { .table = &ledger_Added_table, .payload = recorded->payload, .recorded = recorded };
    (void)given;

    return handle_batch(user, acta_handling_of(recorded), &event, 1, error);
}

static acta_event_answer
decide(void *user, acta_event_failure *failure)
{
    watcher *to = user;
    uint32_t i = to->asked++;

    assert_true(i < 20);
    to->failed_count[i] = failure->event_count;
    to->attempts[i] = failure->attempts;
    assert_int_equal(failure->events[0].position, failure->position);
    return to->answers[i];
}

static acta_reader_options options;
static ledger_event_handler watching;
static const acta_event_handler *const handlers[] = { &watching.base, NULL };

static int
set_up_watcher(void **state)
{
    int result = set_up_manual(state);

    memset(&w, 0, sizeof w);
    running = FIXTURE(state);
    options = (acta_reader_options){ .concurrency = 3, .batch_size = 4, .handle_batch = handle_batch };
    watching = (ledger_event_handler)LEDGER_EVENT_HANDLER(.name = "watch", .user = &w, .on = { .Added = watch },
        .retry_max = 2, .options = &options);
    return result;
}
#define watched(test) cmocka_unit_test_setup_teardown(test, set_up_watcher, tear_down)

static void
begin(fixture *f)
{
    f->config.event_handlers = handlers;
    start(f);
}

static void
add_some(fixture *f, uint32_t keys, uint32_t rounds)
{
    char counter[16];

    for (uint32_t i = 0; i < keys * rounds; i++) {
        snprintf(counter, sizeof counter, "k%u", i % keys);
        add(f, counter, 1);
    }
}

/* Each of versions 1 to `last`, in order; `once`: none of them again. In one lane. */
static void
expect_in_order(const char *counter, uint64_t last, bool once)
{
    uint32_t worker = UINT32_MAX;
    uint64_t next = 1;

    for (uint32_t i = 0; i < w.count; i++) {
        if (strcmp(w.seen[i].counter, counter) != 0) continue;
        if (worker != UINT32_MAX) assert_int_equal(w.seen[i].worker, worker);
        worker = w.seen[i].worker;
        assert_true(w.seen[i].version <= next);
        if (once) assert_int_equal(w.seen[i].version, next);
        if (w.seen[i].version == next) next++;
    }
    assert_int_equal(next, last + 1);
}

static uint32_t
workers_seen(void)
{
    uint32_t bits = 0, count = 0;

    for (uint32_t i = 0; i < w.count; i++)
        bits |= 1U << w.seen[i].worker;
    for (; bits != 0; bits &= bits - 1)
        count++;
    return count;
}

/* -- order -- */

/* AP-30: keys are worked on in parallel, in batches, each in its order and each event once. */
static void
lanes_keep_the_order_of_each_key(void **state)
{
    fixture *f = FIXTURE(state);
    char counter[16];

    f->config.event_handlers = NULL;
    start(f);
    add_some(f, 9, 12);
    stop(f);
    begin(f);
    settle(f);
    add_some(f, 9, 3);
    settle(f);
    for (uint32_t i = 0; i < 9; i++) {
        snprintf(counter, sizeof counter, "k%u", i);
        expect_in_order(counter, 15, true);
    }
    assert_int_equal(w.count, 135);
    assert_int_equal(workers_seen(), 3);
    assert_true(w.batch_count < 135); /* of more than one */
    for (uint32_t i = 0; i < w.batch_count; i++)
        assert_in_range(w.batches[i], 1, 4);
}

/* AP-30: the key may be a field; here it is the same as the stream, and one function for each event. AP-30: who waits for
 * a reader with lanes waits for its event. */
static void
lanes_by_a_field_may_be_waited_for(void **state)
{
    static const char *const wait_for[] = { "watch", NULL };
    const acta_dispatch_options waiting = { .wait_for = wait_for, .timeout_ms = 60000 };
    fixture *f = FIXTURE(state);

    options = (acta_reader_options){ .concurrency = 4, .partition_field = "counter_id" };
    begin(f);
    for (uint32_t i = 1; i <= 6; i++) {
        MUST(f, add_with(f, i % 2 ? "a" : "b", 1, &waiting));
        assert_int_equal(w.count, i); /* it has been seen when dispatch returns */
    }
    w.failing = "a";
    assert_int_equal(add_with(f, "a", 1, &waiting), ACTA_PARKED);
    MUST(f, add_with(f, "b", 1, &waiting));
    expect_in_order("a", 3, true);
    expect_in_order("b", 4, true);
}

static acta_str
by_nothing(void *user, const acta_recorded *recorded)
{
    (void)user;
    (void)recorded;
    return acta_str_of("all");
}

/* AP-30: the key may be a function: then what it says alike is one row. */
static void
lanes_by_a_function_keep_what_it_says_together(void **state)
{
    fixture *f = FIXTURE(state);

    options.partition = by_nothing;
    begin(f);
    add_some(f, 5, 6);
    settle(f);
    assert_int_equal(w.count, 30);
    assert_int_equal(workers_seen(), 1);
    for (uint32_t i = 1; i < w.count; i++)
        assert_true(w.seen[i].position > w.seen[i - 1].position);
}

/* -- batches -- */

/* AP-29: a batch goes when it is full, at once, and otherwise when its time has come. */
static void
a_batch_goes_by_size_or_by_time(void **state)
{
    fixture *f = FIXTURE(state);

    options.concurrency = 1;
    options.batch_timeout_ms = 500;
    begin(f);
    run_all(f);
    uint64_t begun_ms = f->now_ns / 1000000;
    for (int i = 0; i < 3; i++)
        add(f, "a", 1);
    run_all(f);
    assert_int_equal(w.batch_count, 0); /* it waits for more */
    pass_ms(f, 200);
    add(f, "a", 1);
    run_all(f);
    assert_int_equal(w.batch_count, 1); /* full: at once; its timer is cancelled */
    assert_int_equal(w.batches[0], 4);
    add(f, "a", 1);
    pass_ms(f, 400); /* when the old timer would have come */
    assert_int_equal(w.batch_count, 1);
    pass_ms(f, 200);
    assert_int_equal(w.batch_count, 2);
    assert_int_equal(w.batches[1], 1);
    assert_true(w.batch_ms[1] >= begun_ms + 700);
    pass_ms(f, 5000); /* nothing is there: nothing goes */
    assert_int_equal(w.batch_count, 2);
}

/* AP-29: of a batch that fails each event is tried alone, so that the bad one is parked and no other. */
static void
a_failed_batch_parks_only_what_it_failed_on(void **state)
{
    fixture *f = FIXTURE(state);

    options.concurrency = 1;
    f->config.event_handlers = NULL;
    start(f);
    add_some(f, 4, 3);
    stop(f);
    w.failing = "k2";
    begin(f);
    assert_int_equal(acta_app_settle(f->app, 600000, &f->error), ACTA_PARKED);
    assert_int_equal(reader_info(f, "watch").parked, 3);
    expect_in_order("k0", 3, true);
    expect_in_order("k1", 3, true);
    expect_in_order("k3", 3, true);
    expect_in_order("k2", 0, true);
    stop(f);
    w.failing = NULL;
    begin(f);
    settle(f);
    expect_in_order("k2", 3, true);
}

/* AP-29: with an error callback the batch is one: retried as a whole, skipped as a whole. */
static void
a_failed_batch_is_asked_for_as_a_whole(void **state)
{
    fixture *f = FIXTURE(state);

    options.concurrency = 1;
    options.error = decide;
    f->config.event_handlers = NULL;
    start(f);
    for (int i = 0; i < 4; i++)
        add(f, i == 2 ? "bad" : "a", 1);
    add(f, "a", 1);
    stop(f);
    w.failing = "bad";
    w.answers[0] = ACTA_EVENT_RETRY;
    w.answers[1] = ACTA_EVENT_RETRY_AFTER;
    w.answers[2] = ACTA_EVENT_SKIP;
    begin(f);
    settle(f);
    assert_int_equal(w.asked, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(w.failed_count[i], 4);
        assert_int_equal(w.attempts[i], i + 1);
    }
    assert_int_equal(w.count, 1); /* what came behind the batch */
    assert_int_equal(w.seen[0].position, 5);
    assert_int_equal(reader_info(f, "watch").passed, 5); /* a skip acknowledges all of it */
    assert_int_equal(count_rows(f, "parked"), 0);
}

/* AP-29, AP-30: a worker that ends in the middle: its batch comes again, and what waited behind it is not lost. */
static void
a_worker_that_ends_loses_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    char counter[16];

    f->config.event_handlers = NULL;
    start(f);
    add_some(f, 6, 8);
    stop(f);
    w.breaking = "k1";
    begin(f);
    assert_int_equal(acta_app_settle(f->app, 600000, &f->error), ACTA_PARKED);
    assert_int_equal(reader_info(f, "watch").parked, 8);
    assert_true(w.failures >= 3);
    for (uint32_t i = 0; i < 6; i++) {
        snprintf(counter, sizeof counter, "k%u", i);
        expect_in_order(counter, i == 1 ? 0 : 8, true);
    }
}

/* AP-31: whenever the application is stopped, or dies: what is in work is finished or comes again, and nothing is lost. */
static void
no_stop_and_no_crash_loses_an_event_in_a_lane(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    for (uint32_t steps = 0; !finished; steps += 7) {
        answer answers[12] = { { 0 } };
        char keys[3][16], stream[64];
        uint32_t taken = 0;
        memset(&w, 0, sizeof w);
        for (int i = 0; i < 3; i++)
            snprintf(keys[i], sizeof keys[i], "%c%u", 'a' + i, steps);
        w.failing = steps % 2 ? keys[0] : NULL;
        begin(f);
        for (int i = 0; i < 12; i++)
            add_async(f, keys[i % 3], 1, NULL, &answers[i]);
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        if (steps % 3 == 0)
            stop(f);
        else
            crash(f);
        w.failing = NULL;
        begin(f);
        settle(f);
        for (int i = 0; i < 3; i++) {
            snprintf(stream, sizeof stream, "Counter-%s", keys[i]);
            expect_in_order(keys[i], version_of(f, stream), false);
        }
        assert_int_equal(count_rows(f, "parked"), 0);
        stop(f);
        assert_true(steps < 4000);
    }
}

/* On threads: lanes beside each other, each key in its order. */
static void
lanes_on_threads_keep_the_order(void **state)
{
    fixture *f = FIXTURE(state);

    memset(&w, 0, sizeof w);
    running = f;
    options = (acta_reader_options){ .batch_size = 8, .handle_batch = handle_batch };
    watching = (ledger_event_handler)LEDGER_EVENT_HANDLER(.name = "watch", .user = &w, .on = { .Added = watch },
        .options = &options);
    begin(f);
    add_some(f, 4, 20);
    settle(f);
    assert_int_equal(w.count, 80);
    for (uint32_t i = 1; i < w.count; i++)
        assert_true(w.seen[i].position > w.seen[i - 1].position); /* one lane: in the order of the log */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        watched(lanes_keep_the_order_of_each_key),
        watched(lanes_by_a_field_may_be_waited_for),
        watched(lanes_by_a_function_keep_what_it_says_together),
        watched(a_batch_goes_by_size_or_by_time),
        watched(a_failed_batch_parks_only_what_it_failed_on),
        watched(a_failed_batch_is_asked_for_as_a_whole),
        watched(a_worker_that_ends_loses_nothing),
        watched(no_stop_and_no_crash_loses_an_event_in_a_lane),
        threaded(lanes_on_threads_keep_the_order),
    };
    return run_on_memory("lanes of event handlers", tests) > 0;
}
