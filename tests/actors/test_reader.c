/*
 * Readers: event handlers see each event, in the order of each stream; what they can't work on is tried again, then
 * parked, and holds up nobody else. Driven step by step.
 */
#include "acta/gen_server.h"
#include "fixture.h"

/* -- a handler that notes what it sees -- */

enum { SEEN_MAX = 4000 };

typedef struct seen {
    uint64_t position, version;
    char counter[24];
    bool replaying;
} seen;

typedef struct watcher {
    seen all[SEEN_MAX];
    uint32_t count;
    const char *failing; /* counter whose events it can't work on; NULL: none */
    uint64_t failing_from;
    const char *breaking; /* counter whose events make the actor fail */
    bool failing_all;
    uint32_t failures;
} watcher;

static watcher w;

static acta_status
watch(void *user, ledger_Added event, const acta_recorded *recorded, acta_error *error)
{
    watcher *to = user;

    if (to->breaking != NULL && acta_str_equal(event.counter_id, acta_str_of(to->breaking))) {
        to->failures++;
        acta_fail(acta_self_here(), "a bug in the handler");
    }
    if (to->failing_all) return acta_error_set(error, ACTA_IO, "nothing works");
    if (to->failing != NULL && acta_str_equal(event.counter_id, acta_str_of(to->failing)) &&
        recorded->version >= to->failing_from) {
        to->failures++;
        return acta_error_set(error, ACTA_IO, "the mail server is away");
    }
    assert_true(to->count < SEEN_MAX);
    seen *s = &to->all[to->count++];
    s->position = recorded->position;
    s->version = recorded->version;
    s->replaying = recorded->replaying;
    snprintf(s->counter, sizeof s->counter, ACTA_FMT, ACTA_ARG(event.counter_id));
    return ACTA_OK;
}

static const ledger_event_handler watching =
    LEDGER_EVENT_HANDLER(.name = "watch", .user = &w, .on = { .Added = watch }, .retry_max = 3);
static const ledger_event_handler watching_from_now =
    LEDGER_EVENT_HANDLER(.name = "from now", .user = &w, .on = { .Added = watch }, .start_from = ACTA_FROM_CURRENT);
static const acta_event_handler *const handlers[] = { &watching.base, NULL };
static const acta_event_handler *const handlers_from_now[] = { &watching_from_now.base, NULL };

static void
start_watching(fixture *f)
{
    f->config.event_handlers = handlers;
    start(f);
}

/* How often an event of this counter and version was seen. */
static uint32_t
times_seen(const char *counter, uint64_t version)
{
    uint32_t times = 0;

    for (uint32_t i = 0; i < w.count; i++)
        times += strcmp(w.all[i].counter, counter) == 0 && w.all[i].version == version;
    return times;
}

/* Each of versions 1 to `last` was seen, and none for the first time before the one in front of it. */
static void
expect_in_order(const char *counter, uint64_t last)
{
    uint64_t next = 1;

    for (uint32_t i = 0; i < w.count; i++) {
        if (strcmp(w.all[i].counter, counter) != 0) continue;
        assert_true(w.all[i].version <= next);
        if (w.all[i].version == next) next++;
    }
    assert_int_equal(next, last + 1);
}

static int
set_up_watcher(void **state)
{
    memset(&w, 0, sizeof w);
    return set_up_manual(state);
}
#define watched(test) cmocka_unit_test_setup_teardown(test, set_up_watcher, tear_down)

/* -- following the log -- */

static void
a_handler_sees_what_was_and_what_comes_once(void **state)
{
    fixture *f = FIXTURE(state);

    f->config.event_handlers = NULL;
    start(f);
    for (int i = 0; i < 30; i++)
        add(f, i % 2 ? "a" : "b", 1);
    MUST(f, start_job(f, "j", NULL, 0, 0)); /* not asked for */
    stop(f);
    start_watching(f);
    settle(f);
    assert_int_equal(w.count, 30);
    for (int i = 0; i < 30; i++)
        add(f, i % 2 ? "a" : "b", 1);
    settle(f);
    assert_int_equal(w.count, 60);
    for (uint32_t i = 0; i < 60; i++) {
        if (i > 0) assert_true(w.all[i].position > w.all[i - 1].position);
        assert_int_equal(w.all[i].replaying, i < 30); /* what was there when it opened may have been seen before */
    }
    expect_in_order("a", 30);
    expect_in_order("b", 30);

    acta_reader_info info = reader_info(f, "watch");
    assert_int_equal(info.state, ACTA_READER_LIVE);
    assert_int_equal(info.passed, acta_store_head(acta_app_store(f->app)));
    assert_int_equal(info.in_flight, 0);
    assert_int_equal(info.parked, 0);
}

/* AP-25: position survives: none again after a stop, at most those behind the checkpoint after a crash. */
static void
a_handler_goes_on_where_it_stopped(void **state)
{
    fixture *f = FIXTURE(state);

    start_watching(f);
    for (int i = 0; i < 10; i++)
        add(f, "a", 1);
    settle(f);
    stop(f);
    start_watching(f);
    add(f, "a", 1);
    settle(f);
    assert_int_equal(w.count, 11); /* none again: the stop left a checkpoint */
    crash(f);                      /* a crash doesn't */
    start_watching(f);
    settle(f);
    expect_in_order("a", 11);
    assert_true(w.count <= 12);
}

/* AP-24: from the current position, the first time alone. */
static void
a_handler_from_the_current_position_misses_what_was(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    add(f, "a", 1);
    add(f, "a", 1);
    stop(f);
    f->config.event_handlers = handlers_from_now;
    start(f);
    run_all(f);
    add(f, "a", 1);
    settle(f);
    assert_int_equal(w.count, 1);
    assert_int_equal(w.all[0].version, 3);
    stop(f);
    start(f); /* the second time it goes on where it was */
    add(f, "a", 1);
    settle(f);
    assert_int_equal(w.count, 2);
}

/* The checkpoint is written after 1,000 ms of quiet, and after 1,000 events of noise. */
static void
the_checkpoint_follows_by_time_and_by_count(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t position;

    start_watching(f);
    add(f, "a", 1);
    run_all(f);
    MUST(f, acta_store_checkpoint(acta_app_store(f->app), "watch", &position, &f->error));
    assert_int_equal(position, 0);
    pass_ms(f, 1100);
    MUST(f, acta_store_checkpoint(acta_app_store(f->app), "watch", &position, &f->error));
    assert_int_equal(position, 1);
    MUST(f,
        ledger_Burst_dispatch(f->app, ACTA_INIT(ledger_Burst, .counter_id = S("b"), .times = 1500), NULL, &f->error));
    run_all(f); /* no time passes */
    MUST(f, acta_store_checkpoint(acta_app_store(f->app), "watch", &position, &f->error));
    assert_true(position >= 1001);
}

/* -- what fails -- */

static void
a_failed_event_is_tried_again_and_others_go_on(void **state)
{
    fixture *f = FIXTURE(state);

    start_watching(f);
    add(f, "bad", 1);
    add(f, "good", 1);
    settle(f);
    w.failing = "bad";
    for (int i = 0; i < 5; i++) {
        add(f, "bad", 1);
        add(f, "good", 1);
    }
    run_all(f);
    expect_in_order("good", 6);
    assert_int_equal(times_seen("bad", 2), 0);
    acta_reader_info info = reader_info(f, "watch");
    assert_int_equal(info.state, ACTA_READER_RETRYING);
    assert_string_equal(info.reason, "the mail server is away");
    assert_int_equal(info.parked, 0);
    assert_true(info.retries > 0);
    assert_int_equal(w.failures, 1);
    pass_ms(f, 130); /* the first delay is 100 ms, and 20 % */
    assert_int_equal(w.failures, 2);
    pass_ms(f, 100); /* the second is twice as long */
    assert_int_equal(w.failures, 2);

    w.failing = NULL;
    settle(f);
    expect_in_order("bad", 6);
    expect_in_order("good", 6);
    assert_int_equal(w.count, 12);
    assert_int_equal(count_rows(f, "parked"), 0);
    assert_int_equal(reader_info(f, "watch").state, ACTA_READER_LIVE);
}

/* AP-28: without an error callback: backoff, then parked, visibly; other keys go on. */
static void
an_event_that_fails_too_often_is_parked_with_those_behind_it(void **state)
{
    fixture *f = FIXTURE(state);

    w.failing = "bad";
    start_watching(f);
    for (int i = 0; i < 3; i++) {
        add(f, "bad", 1);
        add(f, "good", 1);
    }
    assert_int_equal(acta_app_settle(f->app, 60000, &f->error), ACTA_PARKED);
    assert_string_equal(
        f->error.text, "reader 'watch' has parked 3 events that it could not work on: the mail server is away");
    assert_int_equal(w.failures, 4); /* once, and three times again */
    expect_in_order("good", 3);
    assert_int_equal(count_rows(f, "parked"), 3);
    assert_int_equal(reader_info(f, "watch").parked, 3);
    assert_non_null(strstr(f->log, "reader 'watch' parks 'Counter-bad' at position 1 after 4 attempts"));

    add(f, "bad", 1); /* goes behind them, without being tried */
    add(f, "good", 1);
    assert_int_equal(acta_app_settle(f->app, 60000, &f->error), ACTA_PARKED);
    assert_int_equal(w.failures, 4);
    assert_int_equal(reader_info(f, "watch").parked, 4);
    expect_in_order("good", 4);

    stop(f); /* the next start tries again, and this time it is well */
    w.failing = NULL;
    start_watching(f);
    settle(f);
    expect_in_order("bad", 4);
    assert_int_equal(w.count, 8);
    assert_int_equal(count_rows(f, "parked"), 0);
    assert_int_equal(reader_info(f, "watch").parked, 0);
}

static void
who_waits_for_a_parked_key_hears_of_it(void **state)
{
    static const char *const wait_for[] = { "watch", NULL };
    static const char *const wait_for_nobody[] = { "nobody", NULL };
    fixture *f = FIXTURE(state);
    const acta_dispatch_options options = { .wait_for = wait_for, .timeout_ms = 60000 };
    answer a = { 0 };

    start_watching(f);
    MUST(f, add_with(f, "good", 1, &options));
    assert_int_equal(w.count, 1); /* it has been seen when dispatch returns */
    w.failing = "bad";
    assert_int_equal(add_with(f, "bad", 1, &options), ACTA_PARKED);
    assert_string_equal(f->error.text, "reader 'watch' has parked the events of 'Counter-bad'");
    assert_int_equal(add_with(f, "bad", 1, &options), ACTA_PARKED);
    MUST(f, add_with(f, "good", 1, &options));
    assert_int_equal(version_of(f, "Counter-bad"), 2); /* stored all the same */
    assert_int_equal(add_with(f, "good", 1, &(acta_dispatch_options){ .wait_for = wait_for_nobody }), ACTA_INVALID);
    assert_string_equal(f->error.text, "cannot wait for 'nobody': application 'test' has no reader of that name");
    assert_int_equal(version_of(f, "Counter-good"), 2);
    add_async(f, "good", 1, &options, &a);
    assert_int_equal(a.status, ACTA_INVALID);
}

static void
who_waits_for_a_reader_that_is_behind_is_told_in_time(void **state)
{
    static const char *const wait_for[] = { "watch", NULL };
    fixture *f = FIXTURE(state);

    start_watching(f);
    settle(f);
    w.failing = "bad";
    assert_int_equal(
        add_with(f, "bad", 1, &(acta_dispatch_options){ .wait_for = wait_for, .timeout_ms = 50 }), ACTA_TIMEOUT);
    assert_non_null(strstr(f->error.text, "the command is stored, but reader 'watch' is at position"));
}

/* AP-36: A handler that fails its actor: the reader comes back, and that counts as a failure of the event. */
static void
a_handler_that_fails_its_actor_parks_that_event_alone(void **state)
{
    fixture *f = FIXTURE(state);

    w.breaking = "bad";
    start_watching(f);
    add(f, "good", 1);
    add(f, "bad", 1);
    add(f, "good", 1);
    assert_int_equal(acta_app_settle(f->app, 600000, &f->error), ACTA_PARKED);
    assert_int_equal(w.failures, 4);
    expect_in_order("good", 2);
    assert_int_equal(reader_info(f, "watch").parked, 1);
    assert_string_equal(reader_info(f, "watch").reason, "it made reader 'watch' fail");
    w.breaking = NULL;
    stop(f);
    start_watching(f);
    settle(f);
    expect_in_order("bad", 1);
}

/* A record that is no buffer of its type reaches no handler. */
static void
an_event_that_is_damaged_is_parked(void **state)
{
    fixture *f = FIXTURE(state);
    uint8_t nonsense[] = { 1, 2, 3, 4 };
    acta_event event = {
        .type = S("ledger.Added"), .schema_hash = 1, .payload = acta_bytes_from(nonsense, sizeof nonsense)
    };

    start_watching(f);
    acta_transaction *transaction = acta_transaction_create(acta_app_store(f->app));
    acta_transaction_append(transaction, S("Counter-odd"), ACTA_ANY_VERSION, &event, 1);
    commit(f, transaction);
    add(f, "good", 1);
    assert_int_equal(acta_app_settle(f->app, 600000, &f->error), ACTA_PARKED);
    assert_non_null(strstr(f->error.text, "position 1, 'ledger.Added': "));
    assert_int_equal(w.count, 1);
}

/*
 * The process dies at each step, while events fail, are set aside and tried again. Whatever the step: order is kept for each
 * key, none is lost, and in the end nothing is parked.
 */
static void
no_crash_loses_an_event_that_was_set_aside(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    for (uint32_t steps = 0; !finished; steps += 3) {
        uint32_t taken = 0;
        answer answers[6] = { { 0 } };
        char bad[16], good[16];
        snprintf(bad, sizeof bad, "bad%u", steps);
        snprintf(good, sizeof good, "good%u", steps);
        memset(&w, 0, sizeof w);
        w.failing = bad;
        w.failing_from = 2;
        start_watching(f);
        for (int i = 0; i < 6; i++)
            add_async(f, i % 2 ? bad : good, 1, NULL, &answers[i]);
        while (taken < steps && step(f)) {
            taken++;
            if (w.failures == 2) w.failing_from = 3; /* the second event goes through, the third doesn't yet */
        }
        finished = taken < steps;
        crash(f);
        w.failing = NULL;
        start_watching(f);
        settle(f);
        char stream[32];
        snprintf(stream, sizeof stream, "Counter-%s", bad);
        expect_in_order(bad, version_of(f, stream));
        snprintf(stream, sizeof stream, "Counter-%s", good);
        expect_in_order(good, version_of(f, stream));
        assert_int_equal(count_rows(f, "parked"), 0);
        stop(f);
        assert_true(steps < 3000);
    }
}

/* AP-31: The same with an orderly stop, while the rows of some are on their way and others still wait for theirs. */
static void
no_stop_loses_an_event_that_was_set_aside(void **state)
{
    enum { MANY = 30 };
    fixture *f = FIXTURE(state);

    for (uint32_t turns = 0; turns < 24; turns++) {
        char ids[MANY][24];
        answer answers[MANY] = { { 0 } };
        memset(&w, 0, sizeof w);
        w.failing_all = true;
        start_watching(f);
        settle(f);
        for (int i = 0; i < MANY; i++) {
            snprintf(ids[i], sizeof ids[i], "k%u-%d", turns, i);
            add_async(f, ids[i], 1, NULL, &answers[i]);
        }
        run_actors(f);
        while (reader_info(f, "watch").in_flight == 0) /* until it has begun */
            assert_true(step(f));
        for (uint32_t i = 0; i < turns; i++)
            acta_runtime_step(acta_app_runtime(f->app)); /* nothing becomes durable meanwhile */
        stop(f);
        w.failing_all = false;
        start_watching(f);
        settle(f);
        for (int i = 0; i < MANY; i++)
            expect_in_order(ids[i], 1);
        stop(f);
    }
}

static void
a_reader_with_too_much_parked_stands_still_and_says_so(void **state)
{
    enum { MANY = 10100 };
    fixture *f = FIXTURE(state);

    if (!f->memory) skip(); /* the same rows, and slower */
    w.failing = "bad";
    start_watching(f);
    for (int i = 0; i < 2; i++)
        MUST(f, ledger_Burst_dispatch(
                    f->app, ACTA_INIT(ledger_Burst, .counter_id = S("bad"), .times = MANY / 2), NULL, &f->error));
    add(f, "good", 1);
    assert_int_equal(acta_app_settle(f->app, 600000, &f->error), ACTA_TIMEOUT);
    acta_reader_info info = reader_info(f, "watch");
    assert_int_equal(info.state, ACTA_READER_STALLED);
    assert_true(info.parked >= 10000 && info.parked < MANY);
    assert_int_equal(w.count, 0);
    stop(f);
    w.failing = "none";
    start_watching(f);
    f->now_ns += 1;
    for (int i = 0; i < 40000 && w.count < SEEN_MAX - 10; i++)
        step(f);
    assert_true(w.count > 1000); /* it goes on as soon as there is room */
}

/* -- a clerk that dies -- */

static struct {
    acta_pid pid;
    bool dies_next; /* as soon as there is nothing to do but to wait */
} clerk;

static uint32_t
note_clerk(void *user, uint32_t count)
{
    const fixture *f = user;
    acta_ready ready;

    for (uint32_t i = 0; i < count && f->app != NULL; i++)
        if (acta_runtime_ready(acta_app_runtime(f->app), i, &ready) && strcmp(ready.behaviour->name, "clerk") == 0)
            clerk.pid = ready.pid;
    return 0;
}

static void
kill_clerk(fixture *f)
{
    acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };

    assert_true(acta_is_alive(acta_app_runtime(f->app), clerk.pid));
    acta_exit(acta_app_runtime(f->app), (acta_pid){ 0 }, clerk.pid, &reason);
}

static bool
idle_or_kill(void *user)
{
    fixture *f = user;

    if (clerk.dies_next && f->app != NULL) {
        clerk.dies_next = false;
        kill_clerk(f);
        return true;
    }
    return driver_idle(user);
}

/* Whoever waits for rest doesn't hear of it: neither of a death before the question, nor of one while it waits. */
static void
who_settles_outlives_the_clerk(void **state)
{
    fixture *f = FIXTURE(state);
    answer a = { 0 };

    clerk.dies_next = false;
    f->config.runtime.driver = (acta_driver){ .choose = note_clerk, .idle = idle_or_kill, .user = f };
    start(f);
    pass_ms(f, 2 * 60000); /* its own alarm */
    kill_clerk(f);
    settle(f);
    kill_clerk(f); /* the next one: it comes back after a while, not at once */
    settle(f);
    add_async(f, "a", 1, NULL, &a);
    clerk.dies_next = true;
    settle(f);
    assert_false(clerk.dies_next);
    assert_int_equal(atomic_load(&a.calls), 1);
    assert_int_equal(a.status, ACTA_OK);
    kill_clerk(f);
    stop(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        watched(a_handler_sees_what_was_and_what_comes_once),
        watched(a_handler_goes_on_where_it_stopped),
        watched(a_handler_from_the_current_position_misses_what_was),
        watched(the_checkpoint_follows_by_time_and_by_count),
        watched(a_failed_event_is_tried_again_and_others_go_on),
        watched(an_event_that_fails_too_often_is_parked_with_those_behind_it),
        watched(who_waits_for_a_parked_key_hears_of_it),
        watched(who_waits_for_a_reader_that_is_behind_is_told_in_time),
        watched(a_handler_that_fails_its_actor_parks_that_event_alone),
        watched(an_event_that_is_damaged_is_parked),
        watched(no_crash_loses_an_event_that_was_set_aside),
        watched(no_stop_loses_an_event_that_was_set_aside),
        watched(a_reader_with_too_much_parked_stands_still_and_says_so),
        manual(who_settles_outlives_the_clerk),
    };
    return run_on_engines("readers", tests);
}
