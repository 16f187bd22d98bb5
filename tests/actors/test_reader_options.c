/*
 * Options of readers: where a name begins, which events it is told of, and what becomes of an event that fails, as its
 * error callback says. Driven step by step, under a clock of the test's own.
 */
#include "acta/gen_server.h"
#include "acta/readers.h"
#include "fixture.h"

enum { SEEN_MAX = 200, ASKED_MAX = 40 };

typedef struct watcher {
    uint64_t seen[SEEN_MAX]; /* positions */
    uint32_t count;
    const char *failing, *breaking; /* counters */
    bool breaking_all;
    uint64_t tried_ms[ASKED_MAX]; /* when one of these came */
    uint32_t tries;

    acta_event_answer answers[ASKED_MAX]; /* what the error callback says, one after the other */
    uint32_t asked, crash_at;             /* crash_at: in which call it ends its actor; 0: none */
    uint32_t attempts[ASKED_MAX];
    uint64_t noted[ASKED_MAX]; /* what its context held */
    bool crashed[ASKED_MAX];
    char text[ACTA_ERROR_TEXT_MAX];
    uint64_t position;
    uint32_t delay_ms;

    uint32_t inits, starts;
    uint32_t state_max;
} watcher;

static watcher w;
static fixture *running;

static acta_status
watch(void *user, ledger_Added event, const acta_recorded *recorded, acta_error *error)
{
    watcher *to = user;
    uint32_t *state = acta_handling_of(recorded)->state;
    bool breaks =
        to->breaking_all || (to->breaking != NULL && acta_str_equal(event.counter_id, acta_str_of(to->breaking)));
    bool fails = to->failing != NULL && acta_str_equal(event.counter_id, acta_str_of(to->failing));

    if ((breaks || fails) && to->tries < ASKED_MAX) to->tried_ms[to->tries++] = running->now_ns / 1000000;
    if (breaks) acta_fail(acta_self_here(), "a bug in the handler");
    if (fails) return acta_error_set(error, ACTA_IO, "the mail server is away");
    assert_true(to->count < SEEN_MAX);
    to->seen[to->count++] = recorded->position;
    if (state != NULL && ++*state > to->state_max) to->state_max = *state;
    return ACTA_OK;
}

static acta_event_answer
decide(void *user, acta_event_failure *failure)
{
    watcher *to = user;
    uint64_t *context = failure->context;
    assert_true(to->asked < ASKED_MAX);
    uint32_t i = to->asked++;

    to->attempts[i] = failure->attempts;
    to->noted[i] = *context;
    to->crashed[i] = failure->crashed;
    to->position = failure->position;
    snprintf(to->text, sizeof to->text, "%s", failure->error->text);
    *context += 10;
    if (to->asked == to->crash_at) acta_fail(acta_self_here(), "a bug in the callback");
    if (to->delay_ms != 0) failure->delay_ms = to->delay_ms;
    return to->answers[i];
}

static acta_status
init(void *user, const acta_handling *handling, acta_error *error)
{
    watcher *to = user;
    const uint32_t *state = handling->state;
    (void)error;

    assert_int_equal(*state, 0);
    to->inits++;
    return ACTA_OK;
}

static void
after_start(void *user, const acta_handling *handling)
{
    watcher *to = user;

    assert_string_equal(handling->name, "watch");
    assert_non_null(handling->app);
    to->starts++;
}

static acta_reader_options options;
static ledger_event_handler watching;
static ledger_event_handler other;
static const acta_event_handler *const handlers[] = { &watching.base, NULL };
static const acta_event_handler *const two_handlers[] = { &watching.base, &other.base, NULL };
static watcher of_other;

static int
set_up_watcher(void **state)
{
    int result = set_up_manual(state);

    memset(&w, 0, sizeof w);
    memset(&of_other, 0, sizeof of_other);
    running = FIXTURE(state);
    options = (acta_reader_options){ .error = decide,
        .backoff = { .first_ms = 50, .factor_percent = 300, .max_ms = 1000, .jitter_percent = ACTA_NO_JITTER } };
    watching = (ledger_event_handler)LEDGER_EVENT_HANDLER(.name = "watch", .user = &w, .on = { .Added = watch },
        .retry_max = 6, .options = &options);
    other = (ledger_event_handler)LEDGER_EVENT_HANDLER(.name = "other", .user = &of_other, .on = { .Added = watch });
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
three_events(fixture *f)
{
    f->config.event_handlers = NULL;
    start(f);
    for (int i = 0; i < 3; i++) {
        add(f, "a", 1);
        f->now_ns += UINT64_C(1000000000);
    }
    stop(f);
}

static void
expect_first(fixture *f, uint64_t position)
{
    settle(f);
    assert_int_equal(w.seen[0], position);
}

/* -- where it begins -- */

/* AP-24: a new name begins where start_from says; one that is known goes on, whatever it says then. */
static void
a_new_name_begins_behind_a_position(void **state)
{
    fixture *f = FIXTURE(state);

    three_events(f);
    watching.base.start_from = ACTA_FROM_POSITION;
    options.start_position = 2;
    begin(f);
    expect_first(f, 3);
    assert_int_equal(w.count, 1);
    stop(f);
    options.start_position = 0;
    watching.base.start_from = ACTA_FROM_ORIGIN;
    begin(f);
    add(f, "a", 1);
    settle(f);
    assert_int_equal(w.count, 2); /* it was seen before */
    assert_int_equal(w.seen[1], 4);
}

/* AP-24: … or with the first event of a time. */
static void
a_new_name_begins_at_a_time(void **state)
{
    fixture *f = FIXTURE(state);
    acta_read read = { .from = 2, .count_max = 1 };
    acta_recorded recorded;
    acta_cursor *cursor;

    three_events(f);
    f->config.event_handlers = NULL;
    start(f);
    MUST(f, acta_cursor_open(acta_app_store(f->app), &read, &cursor, &f->error));
    MUST(f, acta_cursor_next(cursor, &recorded, &f->error));
    options.start_time_us = recorded.recorded_at_us;
    acta_cursor_close(cursor);
    stop(f);
    watching.base.start_from = ACTA_FROM_TIME;
    begin(f);
    expect_first(f, 2);
    assert_int_equal(w.count, 2);
}

/* AP-35: a handler of one stream, or of a category, is told of nothing else; two handlers of one event are independent. */
static void
a_handler_of_a_stream_gets_only_its_stream(void **state)
{
    static const acta_reader_options jobs = { .category = "Job" };
    fixture *f = FIXTURE(state);

    options.stream = "Counter-b";
    other.base.options = &jobs;
    f->config.event_handlers = two_handlers;
    start(f);
    add(f, "a", 1);
    add(f, "b", 1);
    add(f, "a", 1);
    settle(f);
    assert_int_equal(w.count, 1);
    assert_int_equal(w.seen[0], 2);
    assert_int_equal(of_other.count, 0);
    assert_int_equal(reader_info(f, "watch").passed, 3); /* what isn't for it holds it up by nothing */
}

/* -- what fails -- */

/* AP-26: the callback is told how often, why, and what it noted before; retry now, after a delay, then skip. */
static void
the_error_callback_is_asked_each_time(void **state)
{
    fixture *f = FIXTURE(state);

    w.failing = "bad";
    w.answers[0] = ACTA_EVENT_RETRY;
    w.answers[1] = ACTA_EVENT_RETRY_AFTER;
    w.answers[2] = ACTA_EVENT_SKIP;
    w.delay_ms = 700;
    begin(f);
    add(f, "bad", 1);
    add(f, "good", 1);
    settle(f);
    assert_int_equal(w.asked, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(w.attempts[i], i + 1);
        assert_int_equal(w.noted[i], 10 * i);
        assert_false(w.crashed[i]);
    }
    assert_int_equal(w.tried_ms[1], w.tried_ms[0]); /* at once */
    assert_int_equal(w.tried_ms[2], w.tried_ms[1] + 700);
    assert_string_equal(w.text, "the mail server is away");
    assert_int_equal(w.position, 1);
    assert_int_equal(w.count, 1); /* the good one */
    assert_non_null(strstr(f->log, "reader 'watch' skips 1 events from position 1 after 3 attempts"));
    assert_int_equal(count_rows(f, "parked"), 0);

    w.answers[3] = ACTA_EVENT_PARK; /* another event: all from the beginning */
    add(f, "bad", 1);
    assert_int_equal(acta_app_settle(f->app, 60000, &f->error), ACTA_PARKED);
    assert_int_equal(w.attempts[3], 1);
    assert_int_equal(w.noted[3], 0);
    assert_int_equal(reader_info(f, "watch").parked, 1);
}

/* AP-26: stop ends the reader, visibly, and no other. AP-28: the next start tries that event again. */
static void
the_error_callback_may_stop_the_reader(void **state)
{
    fixture *f = FIXTURE(state);
    static const char *const wait_for[] = { "watch", NULL };
    const acta_dispatch_options waiting = { .wait_for = wait_for, .timeout_ms = 60000 };

    w.failing = "bad";
    w.answers[0] = ACTA_EVENT_STOP;
    f->config.event_handlers = two_handlers;
    start(f);
    add(f, "bad", 1);
    add(f, "good", 1);
    run_all(f);
    assert_int_equal(w.count, 0);
    assert_int_equal(of_other.count, 2);
    acta_reader_info info = reader_info(f, "watch");
    assert_int_equal(info.state, ACTA_READER_STOPPED);
    assert_string_equal(info.reason, "at position 1: the mail server is away");
    assert_int_equal(reader_info(f, "other").state, ACTA_READER_LIVE);
    assert_int_equal(add_with(f, "good", 1, &waiting), ACTA_PARKED);
    assert_string_equal(f->error.text, "reader 'watch' has stopped: at position 1: the mail server is away");
    pass_ms(f, 60000);
    assert_int_equal(w.tries, 1);
    stop(f);
    w.failing = NULL;
    start(f);
    settle(f);
    assert_int_equal(w.count, 3);
}

/* AP-26: what is no answer stops, and so does a callback that crashes. */
static void
an_error_callback_without_an_answer_stops_the_reader(void **state)
{
    fixture *f = FIXTURE(state);

    w.failing = "bad";
    w.answers[0] = (acta_event_answer)77;
    begin(f);
    add(f, "bad", 1);
    run_all(f);
    assert_int_equal(reader_info(f, "watch").state, ACTA_READER_STOPPED);
    assert_string_equal(
        reader_info(f, "watch").reason, "at position 1: the error callback gave no answer to: the mail server is away");
    stop(f);

    w.asked = 0;
    w.crash_at = 1;
    begin(f);
    run_all(f);
    pass_ms(f, 60000);
    assert_int_equal(w.asked, 1);
    assert_int_equal(reader_info(f, "watch").state, ACTA_READER_STOPPED);
}

/* AP-26: an event that ends its actor goes the same way, and the context is kept across the lives. */
static void
a_crash_goes_the_same_way_as_an_error(void **state)
{
    fixture *f = FIXTURE(state);

    w.breaking = "bad";
    w.answers[0] = ACTA_EVENT_RETRY;
    w.answers[1] = ACTA_EVENT_RETRY_AFTER;
    w.answers[2] = ACTA_EVENT_SKIP;
    begin(f);
    add(f, "bad", 1);
    add(f, "good", 1);
    settle(f);
    assert_int_equal(w.asked, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(w.attempts[i], i + 1);
        assert_int_equal(w.noted[i], 10 * i);
        assert_true(w.crashed[i]);
    }
    assert_int_equal(w.count, 1);
}

/* Two keys whose events end the actor: each is counted, though the other's end it in between. */
static void
two_keys_that_crash_are_both_parked(void **state)
{
    fixture *f = FIXTURE(state);

    options.error = NULL;
    watching.base.retry_max = 2;
    w.breaking_all = true;
    begin(f);
    add(f, "bad", 1);
    add(f, "worse", 1);
    assert_int_equal(acta_app_settle(f->app, 600000, &f->error), ACTA_PARKED);
    assert_int_equal(w.tries, 6);
    assert_int_equal(reader_info(f, "watch").parked, 2);
}

/* AP-27: the first delay, the growth and the cap, to the millisecond of the virtual clock; jitter stays in its bounds. */
static void
the_backoff_grows_to_its_cap(void **state)
{
    static const uint64_t delays[] = { 50, 150, 450, 1000, 1000, 1000 };
    fixture *f = FIXTURE(state);

    options.error = NULL;
    w.failing = "bad";
    begin(f);
    add(f, "bad", 1);
    assert_int_equal(acta_app_settle(f->app, 600000, &f->error), ACTA_PARKED);
    assert_int_equal(w.tries, 7);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(w.tried_ms[i + 1] - w.tried_ms[i], delays[i]);
    stop(f);

    w.tries = 0;
    options.backoff = (acta_retry_backoff){ .first_ms = 1000, .factor_percent = 100, .jitter_percent = 50 };
    begin(f);
    assert_int_equal(acta_app_settle(f->app, 600000, &f->error), ACTA_PARKED);
    assert_int_equal(w.tries, 7);
    for (uint32_t i = 0; i < 6; i++)
        assert_in_range(w.tried_ms[i + 1] - w.tried_ms[i], 500, 1500);
}

/* -- what the application says of all -- */

static acta_retry_backoff
every_50_ms(void)
{
    return (acta_retry_backoff){ .first_ms = 50, .factor_percent = 100, .jitter_percent = ACTA_NO_JITTER };
}

/* AP-26: who says nothing does what the application says, field by field; and what a reader says goes before. */
static void
the_application_says_what_failing_readers_do(void **state)
{
    fixture *f = FIXTURE(state);

    options = (acta_reader_options){ .then = ACTA_THEN_PARK };
    watching.base.retry_max = 1;
    w.failing = of_other.failing = "bad";
    f->config.on_handler_error =
        (acta_error_default){ .retry_max = 3, .backoff = every_50_ms(), .then = ACTA_THEN_STOP };
    f->config.event_handlers = two_handlers;
    start(f);
    add(f, "bad", 1);
    add(f, "good", 1);
    pass_ms(f, 100000);
    assert_int_equal(w.tries, 2); /* its own count and end, and the application's backoff */
    assert_int_equal(w.tried_ms[1] - w.tried_ms[0], 50);
    assert_int_equal(w.count, 1);
    assert_int_equal(reader_info(f, "watch").parked, 1);
    assert_int_equal(of_other.tries, 4);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(of_other.tried_ms[i + 1] - of_other.tried_ms[i], 50);
    acta_reader_info info = reader_info(f, "other");
    assert_int_equal(info.state, ACTA_READER_STOPPED);
    assert_string_equal(info.reason, "at position 1 after 4 attempts: the mail server is away");
    assert_int_equal(info.parked, 0);

    of_other.failing = NULL; /* it has stopped where it was, and loses nothing by that */
    uint32_t before = of_other.count;
    add(f, "bad", 1);
    pass_ms(f, 100000);
    assert_int_equal(of_other.count, before);
    MUST(f, acta_reader_resume(f->app, "other", NULL, &f->error));
    pass_ms(f, 100000);
    assert_int_equal(of_other.count, 3);
    assert_int_equal(reader_info(f, "other").state, ACTA_READER_LIVE);
}

/* AP-26: one function for all that have none of their own, with what the application gives it. */
static void
the_application_decides_for_readers_without_a_function(void **state)
{
    fixture *f = FIXTURE(state);
    watcher asked = { .answers = { ACTA_EVENT_RETRY, ACTA_EVENT_SKIP } };

    w.failing = of_other.failing = "bad";
    w.answers[0] = ACTA_EVENT_SKIP;
    f->config.on_handler_error = (acta_error_default){ .error = decide, .user = &asked };
    f->config.event_handlers = two_handlers;
    start(f);
    add(f, "bad", 1);
    settle(f);
    assert_int_equal(w.asked, 1);
    assert_int_equal(asked.asked, 2);
    assert_int_equal(of_other.asked, 0);
    assert_int_equal(of_other.tries, 2);
    assert_int_equal(asked.noted[1], 10);
}

/* -- state and life -- */

/* The state is kept from event to event, and begun anew with the actor. */
static void
a_handler_has_a_state_of_its_own(void **state)
{
    fixture *f = FIXTURE(state);

    options.state_size = sizeof(uint32_t);
    options.init = init;
    options.after_start = after_start;
    begin(f);
    for (int i = 0; i < 5; i++)
        add(f, "a", 1);
    settle(f);
    assert_int_equal(w.state_max, 5);
    assert_int_equal(w.inits, 1);
    assert_int_equal(w.starts, 1);
    w.breaking = "bad";
    w.answers[0] = ACTA_EVENT_SKIP;
    add(f, "bad", 1);
    add(f, "a", 1);
    settle(f);
    assert_int_equal(w.state_max, 5); /* the next life began with none */
    assert_int_equal(w.inits, 2);
}

/* -- what is refused -- */

static void
refuse(fixture *f, const char *text)
{
    f->config.event_handlers = handlers;
    assert_int_equal(try_start(f), ACTA_INVALID);
    assert_string_equal(f->error.text, text);
}

static void
options_that_cannot_be_are_refused(void **state)
{
    fixture *f = FIXTURE(state);

    options.partition_field = "nothing";
    refuse(f, "reader 'watch': 'ledger.Added' has no string 'nothing' to be partitioned by; take another field, or "
              ".partition");
    options.partition_field = "amount";
    refuse(f, "reader 'watch': 'ledger.Added' has no string 'amount' to be partitioned by; take another field, or "
              ".partition");
    options.partition_field = NULL;
    options.backoff.factor_percent = 99;
    refuse(f, "reader 'watch': backoff.factor_percent is 100 to 10000, jitter_percent 1 to 100, 0, or ACTA_NO_JITTER");
    options.backoff.factor_percent = 0;
    options.then = (acta_failure_then)3;
    refuse(f, "reader 'watch': then is 3; ACTA_THEN_… are expected");
    options.then = ACTA_THEN_DEFAULT;
    f->config.on_handler_error.backoff.jitter_percent = 101;
    refuse(
        f, "on_handler_error: backoff.factor_percent is 100 to 10000, jitter_percent 1 to 100, 0, or ACTA_NO_JITTER");
    f->config.on_handler_error.backoff.jitter_percent = 0;
    options.batch_size = 300;
    watching.base.window = 100;
    refuse(f, "event handler 'watch': batches of 300 events in a window of 100 are never full; raise the window, or "
              "leave it out");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        watched(a_new_name_begins_behind_a_position),
        watched(a_new_name_begins_at_a_time),
        watched(a_handler_of_a_stream_gets_only_its_stream),
        watched(the_error_callback_is_asked_each_time),
        watched(the_error_callback_may_stop_the_reader),
        watched(an_error_callback_without_an_answer_stops_the_reader),
        watched(a_crash_goes_the_same_way_as_an_error),
        watched(two_keys_that_crash_are_both_parked),
        watched(the_backoff_grows_to_its_cap),
        watched(the_application_says_what_failing_readers_do),
        watched(the_application_decides_for_readers_without_a_function),
        watched(a_handler_has_a_state_of_its_own),
        watched(options_that_cannot_be_are_refused),
    };
    return run_on_memory("options of readers", tests) > 0;
}
