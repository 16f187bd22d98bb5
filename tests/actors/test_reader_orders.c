/*
 * Orders of operators to readers of a running application: pause and resume, replay and skip what is parked, reset; each
 * durable and noted when it is answered, and whole or not at all when the process dies in between. Driven step by step.
 */
#include "acta/readers.h"

#include "fixture.h"

enum { SEEN_MAX = 400 };

typedef struct watcher {
    struct {
        uint64_t position;
        bool is_replay;
    } seen[SEEN_MAX];
    uint32_t count;
    const char *failing;
    bool refuses_reset;
    uint32_t resets;
} watcher;

static watcher w;

static acta_status
watch(void *user, ledger_Added event, const acta_recorded *recorded, acta_error *error)
{
    watcher *to = user;

    if (to->failing != NULL && acta_str_equal(event.counter_id, acta_str_of(to->failing)))
        return acta_error_set(error, ACTA_IO, "the mail server is away");
    assert_true(to->count < SEEN_MAX);
    to->seen[to->count].is_replay = acta_handling_of(recorded)->is_replay;
    to->seen[to->count++].position = recorded->position;
    return ACTA_OK;
}

static acta_status
before_reset(void *user, const acta_handling *handling, acta_error *error)
{
    watcher *to = user;
    (void)handling;

    to->resets++;
    return to->refuses_reset ? acta_error_set(error, ACTA_REJECTED, "not now") : ACTA_OK;
}

/* -- a projection, whose rows are what the log says -- */

static acta_status
project(void *user, ledger_Added event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    ledger_CounterRow row = { .counter_id = event.counter_id };
    (void)user;
    (void)recorded;

    acta_status status = ledger_CounterRow_get(rows, event.counter_id, &row, error);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    row.counter_id = event.counter_id;
    row.additions++;
    row.total += event.amount;
    return ledger_CounterRow_put(rows, row, error);
}

static acta_reader_options options;
static ledger_event_handler watching;
static const ledger_projection projecting = LEDGER_PROJECTION(.name = "rows", .on = { .Added = project });
static const acta_event_handler *const handlers[] = { &watching.base, NULL };
static const acta_projection *const projections[] = { &projecting.base, NULL };
static const acta_table *const row_tables[] = { &ledger_CounterRow_table, NULL };
static const acta_operator anna = { .by = "anna", .why = "a test", .timeout_ms = 600000 };

/* The driver says that there is nothing to do any more after so many phases of the store or timers: a call is left there. */
static struct {
    bool counts;
    uint32_t left;
} cut;

static bool
idle_until_cut(void *user)
{
    if (cut.counts && cut.left-- == 0) {
        cut.left = 0;
        return false;
    }
    return driver_idle(user);
}

static int
set_up_watcher(void **state)
{
    int result = set_up_manual(state);

    memset(&w, 0, sizeof w);
    memset(&cut, 0, sizeof cut);
    options = (acta_reader_options){ .before_reset = before_reset };
    watching = (ledger_event_handler)LEDGER_EVENT_HANDLER(.name = "watch", .user = &w, .on = { .Added = watch },
        .retry_max = 1, .options = &options);
    return result;
}
#define watched(test) cmocka_unit_test_setup_teardown(test, set_up_watcher, tear_down)

static void
begin(fixture *f)
{
    f->config.event_handlers = handlers;
    f->config.projections = projections;
    f->config.runtime.driver = (acta_driver){ .idle = idle_until_cut, .user = f };
    start(f);
}

static void
expect_parked(fixture *f, uint64_t count)
{
    acta_status status = acta_app_settle(f->app, 600000, &f->error);

    assert_int_equal(status, count > 0 ? ACTA_PARKED : ACTA_OK);
    assert_int_equal(reader_info(f, "watch").parked, count);
    assert_int_equal(count_rows(f, "parked"), count);
}

static bool
take_note(void *user, const acta_reader_note *note)
{
    char *text = user;
    size_t size = strlen(text);

    snprintf(text + size, LOG_MAX - size, ACTA_FMT ";", ACTA_ARG(note->text));
    return true;
}

static void
expect_notes(fixture *f, const char *expected)
{
    char text[LOG_MAX] = "";

    MUST(f, acta_reader_audit(acta_app_store(f->app), "watch", take_note, text, &f->error));
    assert_string_equal(text, expected);
}

static bool
take_parked(void *user, const acta_parked *parked, const acta_recorded *recorded)
{
    char *text = user;
    size_t size = strlen(text);

    assert_int_equal(parked->position, recorded->position);
    snprintf(text + size, LOG_MAX - size, "%" PRIu64 " " ACTA_FMT ";", parked->position, ACTA_ARG(recorded->stream));
    return true;
}

/* -- pause -- */

/* A reader that is paused begins nothing, stays so across a start, and goes on when it is resumed. */
static void
a_paused_reader_waits_until_it_is_resumed(void **state)
{
    fixture *f = FIXTURE(state);

    begin(f);
    add(f, "a", 1);
    settle(f);
    MUST(f, acta_reader_pause(f->app, "watch", &anna, &f->error));
    add(f, "a", 1);
    run_all(f);
    pass_ms(f, 10000);
    assert_int_equal(w.count, 1);
    acta_reader_info info = reader_info(f, "watch");
    assert_int_equal(info.state, ACTA_READER_PAUSED);
    assert_int_equal(info.head - info.passed, 1);
    assert_true(info.since_us > 0);
    assert_int_equal(reader_info(f, "rows").passed, 2); /* nobody else */
    crash(f);
    begin(f);
    run_all(f);
    assert_int_equal(reader_info(f, "watch").state, ACTA_READER_PAUSED);
    w.count = 0;
    MUST(f, acta_reader_resume(f->app, "watch", &anna, &f->error));
    settle(f);
    assert_true(w.count >= 1);
    assert_int_equal(w.seen[w.count - 1].position, 2);
    expect_notes(f, "pause by anna: a test;resume by anna: a test;");
    assert_int_equal(acta_reader_pause(f->app, "nobody", &anna, &f->error), ACTA_NOT_FOUND);
    assert_string_equal(f->error.text, "application 'test' has no reader 'nobody'");
}

/* -- what is parked -- */

/* Parked events are seen, tried again one, by key or all, and given up, in the order of their key. */
static void
what_is_parked_is_replayed_or_skipped(void **state)
{
    fixture *f = FIXTURE(state);
    char text[LOG_MAX] = "";
    uint64_t count = 0;

    w.failing = "bad";
    begin(f);
    for (int i = 0; i < 4; i++)
        add(f, "bad", 1);
    add(f, "good", 1);
    expect_parked(f, 4);
    MUST(f, acta_reader_parked(acta_app_store(f->app), "watch", take_parked, text, &f->error));
    assert_string_equal(text, "1 Counter-bad;2 Counter-bad;3 Counter-bad;4 Counter-bad;");

    MUST(f, acta_reader_replay(f->app, "watch", NULL, &anna, &count, &f->error)); /* it fails once more */
    assert_int_equal(count, 4);
    expect_parked(f, 4);
    assert_int_equal(acta_reader_skip(f->app, "watch", 2, &anna, &f->error), ACTA_INVALID);
    assert_string_equal(
        f->error.text, "the event at position 2 waits behind that at 1 of its key 'Counter-bad': begin with that");
    assert_int_equal(acta_reader_skip(f->app, "watch", 5, &anna, &f->error), ACTA_NOT_FOUND);
    MUST(f, acta_reader_skip(f->app, "watch", 1, &anna, &f->error));
    expect_parked(f, 3); /* the next of its key was tried, and failed */
    w.failing = NULL;
    MUST(f, acta_reader_replay(f->app, "watch", &(acta_parked_choice){ .position = 2 }, &anna, &count, &f->error));
    assert_int_equal(count, 1);
    expect_parked(f, 2); /* that one alone */
    assert_int_equal(w.seen[w.count - 1].position, 2);
    MUST(f, acta_reader_replay(
                f->app, "watch", &(acta_parked_choice){ .key = S("Counter-bad") }, &anna, &count, &f->error));
    assert_int_equal(count, 2);
    expect_parked(f, 0);
    assert_int_equal(w.count, 4); /* all but the first */
    assert_int_equal(w.seen[3].position, 4);
    assert_int_equal(acta_reader_replay(f->app, "watch", NULL, &anna, &count, &f->error), ACTA_NOT_FOUND);
    expect_notes(f,
        "replay by anna: a test;skip position 1 by anna: a test;replay position 2 by anna: a test;replay by "
        "anna: a test;");
}

/* -- reset -- */

/* AP-32: while it runs a handler is set back to nothing: all comes again, and says that it does; what had been parked, and
 * what is new, is told of for the first time. */
static void
a_running_handler_is_reset(void **state)
{
    fixture *f = FIXTURE(state);

    w.failing = "bad";
    begin(f);
    add(f, "good", 1);
    add(f, "bad", 1);
    add(f, "good", 1);
    expect_parked(f, 1);
    w.refuses_reset = true;
    assert_int_equal(acta_reader_reset_live(f->app, "watch", NULL, &anna, &f->error), ACTA_REJECTED);
    assert_string_equal(f->error.text, "not now");
    w.refuses_reset = false;
    w.failing = NULL;
    w.count = 0;
    MUST(f, acta_reader_reset_live(f->app, "watch", NULL, &anna, &f->error));
    add(f, "good", 1);
    settle(f);
    assert_int_equal(w.resets, 2);
    assert_int_equal(w.count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(w.seen[i].position, i + 1);
        assert_int_equal(w.seen[i].is_replay, i == 0 || i == 2);
    }
    expect_parked(f, 0);
    expect_notes(f, "reset by anna: a test;");
}

/* Those that wait for room in the window while a reset waits for its turn are told of when the reset comes to nothing. */
static void
a_reset_that_is_refused_leaves_the_reader_at_work(void **state)
{
    enum { STEPS_MAX = 40 };
    fixture *f = FIXTURE(state);

    w.failing = "bad";
    w.refuses_reset = true;
    watching.base.window = 1;
    begin(f);
    add(f, "bad", 1);
    expect_parked(f, 1); /* and those of its key behind it, without being tried */
    for (uint32_t steps = 0; steps < STEPS_MAX; steps++) {
        answer answers[3] = { { 0 } };
        add_async(f, "bad", 1, NULL, &answers[0]);
        add_async(f, "good", 1, NULL, &answers[1]);
        add_async(f, "good", 1, NULL, &answers[2]);
        for (uint32_t i = 0; i < steps; i++)
            step(f);
        assert_int_equal(acta_reader_reset_live(f->app, "watch", NULL, &anna, &f->error), ACTA_REJECTED);
        run_all(f); /* no timer is needed for that */
        assert_int_equal(w.count, 2 * (steps + 1));
        expect_parked(f, steps + 2);
    }
}

/* AP-32: with a batch under way, and rows: they are made again, and are what the log says. */
static void
a_running_projection_is_reset(void **state)
{
    fixture *f = FIXTURE(state);
    answer answers[20] = { { 0 } };
    ledger_CounterRow row;

    begin(f);
    for (int i = 0; i < 20; i++)
        add_async(f, i % 2 ? "a" : "b", 1, NULL, &answers[i]);
    for (int i = 0; i < 25; i++)
        step(f);
    MUST(f, acta_reader_reset_live(f->app, "rows", row_tables, &anna, &f->error));
    settle(f);
    MUST(f, ledger_CounterRow_find(f->app, S("a"), &row, f->scratch, &f->error));
    assert_int_equal(row.additions, 10);
    assert_int_equal(row.total, fold_counter(f, "a"));
}

/* The process dies at each phase of an order: it was carried out and noted, or neither; nothing is lost or done twice. */
static void
no_crash_leaves_an_order_half_done(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    for (uint32_t phases = 0; !finished; phases++) {
        ledger_CounterRow row;
        char text[LOG_MAX] = "";
        memset(&w, 0, sizeof w);
        w.failing = "bad";
        begin(f);
        add(f, "bad", 1);
        add(f, "good", 1);
        assert_int_equal(acta_app_settle(f->app, 600000, &f->error), ACTA_PARKED);
        w.failing = NULL;
        cut.counts = true;
        cut.left = phases;
        acta_status replayed = acta_reader_replay(f->app, "watch", NULL, &anna, NULL, &f->error);
        acta_status reset = acta_reader_reset_live(f->app, "rows", row_tables, &anna, &f->error);
        finished = replayed == ACTA_OK && reset == ACTA_OK;
        cut.counts = false;
        crash(f);
        begin(f);
        settle(f);
        assert_int_equal(count_rows(f, "parked"), 0);
        bool was_seen = false;
        for (uint32_t i = 0; i < w.count; i++)
            was_seen = was_seen || w.seen[i].position == acta_store_head(acta_app_store(f->app)) - 1;
        assert_true(was_seen);
        MUST(f, ledger_CounterRow_find(f->app, S("bad"), &row, f->scratch, &f->error));
        assert_int_equal(row.total, fold_counter(f, "bad"));
        assert_int_equal(row.additions, version_of(f, "Counter-bad"));
        MUST(f, acta_reader_audit(acta_app_store(f->app), "rows", take_note, text, &f->error));
        if (reset == ACTA_OK) assert_non_null(strstr(text, "reset by anna"));
        stop(f);
        assert_true(phases < 500);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        watched(a_paused_reader_waits_until_it_is_resumed),
        watched(what_is_parked_is_replayed_or_skipped),
        watched(a_running_handler_is_reset),
        watched(a_reset_that_is_refused_leaves_the_reader_at_work),
        watched(a_running_projection_is_reset),
        watched(no_crash_leaves_an_order_half_done),
    };
    return run_on_memory("orders of operators", tests) > 0;
}
