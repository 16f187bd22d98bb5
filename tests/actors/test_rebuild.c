/*
 * Rebuilds: a projection's rows are made anew while it goes on, and count from one moment on; wherever the process dies they
 * are all the old ones, or all the new ones.
 *
 * The second program makes another sum than the first: twice the amounts. So each row tells who has made it.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acta/operations.h"
#include "acta/readers.h"

#include "fixture.h"

static const acta_table *const row_tables[] = { &ledger_CounterRow_table, NULL };
static const acta_operator anna = { .by = "anna", .why = "twice as much" };

static int64_t factor;
static const char *failing;                     /* counter whose events fail */
static void (*on_event)(const ledger_Added *e); /* of the rebuild alone; NULL: nothing */
static _Thread_local bool is_rebuilding;

static acta_status
add_times(void *user, ledger_Added event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    ledger_CounterRow row = { .counter_id = event.counter_id };
    (void)user;
    (void)recorded;

    if (is_rebuilding && on_event != NULL) on_event(&event);
    if (failing != NULL && acta_str_equal(event.counter_id, acta_str_of(failing)))
        return acta_error_set(error, ACTA_INVALID, "it is full moon");
    acta_status status = ledger_CounterRow_get(rows, event.counter_id, &row, error);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    row.counter_id = event.counter_id;
    row.additions++;
    row.total += factor * event.amount;
    return ledger_CounterRow_put(rows, row, error);
}

static const ledger_projection sums = LEDGER_PROJECTION(.name = "sums", .on = { .Added = add_times }, .retry_max = 1);
static const acta_projection *const projections[] = { &sums.base, NULL };

static uint32_t handled, handled_anew; /* events; of them those that said they are no replay */

static acta_status
handle(void *user, ledger_Added event, const acta_recorded *recorded, acta_error *error)
{
    (void)user, (void)event, (void)error;
    handled++;
    handled_anew += !acta_handling_of(recorded)->is_replay;
    return ACTA_OK;
}

static const ledger_event_handler handler = LEDGER_EVENT_HANDLER(.name = "handler", .on = { .Added = handle });
static const acta_event_handler *const handlers[] = { &handler.base, NULL };

static void
start_as(fixture *f, int64_t program)
{
    factor = program;
    f->config.projections = projections;
    start(f);
}

static int
set_up_quiet(void **state)
{
    failing = NULL;
    on_event = NULL;
    is_rebuilding = false;
    return set_up_manual(state);
}
#define quiet(test) cmocka_unit_test_setup_teardown(test, set_up_quiet, tear_down)

static acta_status
rebuild(fixture *f)
{
    is_rebuilding = true;
    acta_status status = acta_reader_rebuild(f->app, "sums", row_tables, &anna, &f->error);
    is_rebuilding = false;
    return status;
}

static int64_t
row_total(fixture *f, const char *counter)
{
    ledger_CounterRow row = { .total = 0 };
    acta_status status = ledger_CounterRow_find(f->app, acta_str_of(counter), &row, NULL, &f->error);

    if (status != ACTA_NOT_FOUND) MUST(f, status);
    return row.total;
}

/* -- after a restore -- */

/* The log as it was at `position`, in the place of the store. */
static void
restore_to(fixture *f, uint64_t position)
{
    char copy[sizeof f->path + 8];
    const acta_restore_config config = { .backup = f->path, .path = copy, .to_position = position };

    snprintf(copy, sizeof copy, "%s.%" PRIu64, f->path, position);
    MUST(f, acta_restore(&config, NULL, &f->error));
    snprintf(f->path, sizeof f->path, "%.255s", copy);
}

static void
start_both(fixture *f)
{
    handled = handled_anew = 0;
    f->config.event_handlers = handlers;
    start_as(f, 1);
}

/* Rows that a restore has dropped are made anew by the next start; what isn't rows isn't done again, and all go on. */
static void
a_log_that_was_cut_has_its_rows_again(void **state)
{
    fixture *f = FIXTURE(state);

    start_both(f);
    for (int i = 0; i < 10; i++)
        add(f, i % 2 == 0 ? "a" : "b", 1 + i);
    failing = "bad";
    add(f, "bad", 3); /* at position 11 */
    pass_ms(f, 5000);
    assert_int_equal(reader_info(f, "sums").parked, 1);
    for (int i = 0; i < 10; i++)
        add(f, "a", 1);
    pass_ms(f, 5000);
    MUST(f, acta_reader_pause(f->app, "handler", &anna, &f->error));
    stop(f);
    failing = NULL;

    restore_to(f, 15);
    for (int life = 0; life < 3; life++) { /* once, and not at each start */
        start_both(f);
        pass_ms(f, 5000);
        assert_true(reader_info(f, "handler").state == ACTA_READER_PAUSED);
        assert_int_equal(row_total(f, "a"), fold_counter(f, "a"));
        assert_int_equal(row_total(f, "b"), fold_counter(f, "b"));
        assert_int_equal(row_total(f, "bad"), 3);
        assert_int_equal(count_rows(f, "parked"), 0);
        assert_int_equal(handled, 0);
        if (life == 1) add(f, "b", 1);
        stop(f);
    }
}

/* A handler that was going through all events once more does so up to the cut; what is new behind it is no replay. */
static void
a_replay_ends_where_the_log_was_cut(void **state)
{
    fixture *f = FIXTURE(state);

    start_both(f);
    for (int i = 0; i < 10; i++)
        add(f, "a", 1);
    settle(f);
    assert_int_equal(handled_anew, 10);
    stop(f);
    start_both(f);
    MUST(f, acta_reader_pause(f->app, "handler", &anna, &f->error));
    MUST(f, acta_reader_reset_live(f->app, "handler", NULL, &anna, &f->error));
    stop(f);

    restore_to(f, 6);
    start_both(f);
    MUST(f, acta_reader_resume(f->app, "handler", &anna, &f->error));
    for (int i = 0; i < 4; i++)
        add(f, "b", 1); /* at 7 to 10 */
    settle(f);
    assert_int_equal(handled, 10);
    assert_int_equal(handled_anew, 4);
    assert_int_equal(row_total(f, "a"), 6);
}

/* -- step by step -- */

static fixture *stepped;
static uint32_t events_seen;

/* Between any two events of the rebuild all else goes on, and the rows of before answer. */
static void
go_on_beside(const ledger_Added *event)
{
    static answer answers[64];
    (void)event;

    is_rebuilding = false;
    if (events_seen < 10) {
        answers[events_seen].calls = 0;
        add_async(stepped, "busy", 1, NULL, &answers[events_seen]);
    }
    for (uint32_t i = 0; i < events_seen % 9; i++)
        step(stepped);
    events_seen++;
    assert_int_equal(row_total(stepped, "quiet"), 6);
    const acta_reader_info info = reader_info(stepped, "sums");
    assert_true(info.is_rebuilding);
    is_rebuilding = true;
}

static bool
note_is(void *user, const acta_reader_note *note)
{
    (void)user;
    assert_true(acta_str_equal(note->text, S("rebuild by anna: twice as much")));
    return true;
}

static void
new_rows_count_when_they_have_caught_up(void **state)
{
    static const char *const wait_for[] = { "sums", NULL };
    fixture *f = FIXTURE(state);

    start_as(f, 1);
    for (int i = 0; i < 3; i++)
        add(f, "quiet", 2);
    add(f, "busy", 5);
    settle(f);
    stop(f);

    start_as(f, 2);
    stepped = f;
    events_seen = 0;
    on_event = go_on_beside;
    MUST(f, rebuild(f));
    assert_true(events_seen > 10); /* what came meanwhile, too */
    on_event = NULL;
    assert_int_equal(row_total(f, "quiet"), 12);
    settle(f);
    assert_int_equal(row_total(f, "busy"), 2 * fold_counter(f, "busy"));
    assert_int_equal(count_rows(f, "rm.ledger.counterrow"), 0);
    assert_int_equal(count_rows(f, "rm.ledger.counterrow-1"), 2);
    assert_false(reader_info(f, "sums").is_rebuilding);
    MUST(f, acta_reader_audit(acta_app_store(f->app), "sums", note_is, NULL, &f->error));

    MUST(f, add_with(f, "quiet", 1, &(acta_dispatch_options){ .wait_for = wait_for }));
    assert_int_equal(row_total(f, "quiet"), 14);
    crash(f);
    start_as(f, 3);
    add(f, "quiet", 1);
    settle(f);
    assert_int_equal(row_total(f, "quiet"), 17);
    MUST(f, rebuild(f));
    settle(f);
    assert_int_equal(row_total(f, "quiet"), 24);
    assert_int_equal(row_total(f, "busy"), 3 * fold_counter(f, "busy"));
    assert_int_equal(count_rows(f, "rm.ledger.counterrow-1"), 0);
    assert_int_equal(count_rows(f, "rm.ledger.counterrow-2"), 2);
    assert_int_equal(count_rows(f, "rebuilds"), 3); /* how many there were, and which rows are closed */
}

static void
a_rebuild_that_fails_leaves_the_rows_and_is_taken_up(void **state)
{
    fixture *f = FIXTURE(state);

    start_as(f, 1);
    add(f, "a", 1);
    add(f, "bad", 1);
    settle(f);
    stop(f);
    start_as(f, 2);
    failing = "bad";
    assert_int_equal(rebuild(f), ACTA_INVALID);
    assert_string_equal(f->error.text, "'sums' is not rebuilt: the event at position 2: it is full moon");
    assert_int_equal(row_total(f, "a"), 1);
    add(f, "a", 1); /* it goes on, on the rows that it has */
    settle(f);
    assert_int_equal(row_total(f, "a"), 3);
    crash(f);

    start_as(f, 2);
    failing = NULL;
    MUST(f, rebuild(f));
    settle(f);
    assert_int_equal(row_total(f, "a"), 4);
    assert_int_equal(row_total(f, "bad"), 2);
    add(f, "a", 1);
    settle(f);
    assert_int_equal(row_total(f, "a"), 6);
}

/* What was parked is in the new rows, and doesn't come again. */
static void
what_was_parked_is_made_good(void **state)
{
    fixture *f = FIXTURE(state);

    start_as(f, 1);
    failing = "bad";
    add(f, "bad", 3);
    add(f, "a", 1);
    pass_ms(f, 5000);
    assert_int_equal(reader_info(f, "sums").parked, 1);
    failing = NULL;
    MUST(f, rebuild(f));
    settle(f);
    assert_int_equal(count_rows(f, "parked"), 0);
    assert_int_equal(reader_info(f, "sums").parked, 0);
    assert_int_equal(row_total(f, "bad"), 3);
    add(f, "bad", 1);
    settle(f);
    assert_int_equal(row_total(f, "bad"), 4);
}

static void
call_it_off(const ledger_Added *event)
{
    const acta_operator at_once = { .timeout_ms = 1 };
    acta_error error;
    (void)event;

    is_rebuilding = false;
    assert_int_equal(acta_reader_rebuild(stepped->app, "sums", row_tables, NULL, &error), ACTA_BUSY);
    assert_string_equal(error.text, "'sums' is being rebuilt");
    assert_int_equal(acta_reader_rebuild_cancel(stepped->app, "sums", &at_once, &error), ACTA_TIMEOUT);
    on_event = NULL;
    is_rebuilding = true;
}

static void
a_rebuild_is_called_off(void **state)
{
    fixture *f = FIXTURE(state);

    start_as(f, 1);
    for (int i = 0; i < 4; i++)
        add(f, i % 2 ? "a" : "b", 1);
    settle(f);
    factor = 2;
    assert_int_equal(acta_reader_rebuild_cancel(f->app, "sums", NULL, &f->error), ACTA_NOT_FOUND);
    stepped = f;
    on_event = call_it_off;
    assert_int_equal(rebuild(f), ACTA_STOPPED);
    assert_string_equal(f->error.text, "'sums' is not rebuilt: the rebuild of 'sums' was called off");
    MUST(f, acta_reader_rebuild_cancel(f->app, "sums", NULL, &f->error));
    assert_int_equal(acta_reader_rebuild_cancel(f->app, "sums", NULL, &f->error), ACTA_NOT_FOUND);
    assert_int_equal(count_rows(f, "rm.ledger.counterrow-1"), 0);
    assert_int_equal(count_rows(f, "rebuilds"), 0);
    assert_int_equal(row_total(f, "a"), 2);
    MUST(f, rebuild(f));
    settle(f);
    assert_int_equal(row_total(f, "a"), 4);
}

static void
what_cannot_be_rebuilt_is_refused(void **state)
{
    static const acta_table *const none[] = { NULL }, *const others[] = { &ledger_JobRow_table, NULL },
                                   *const events[] = { &ledger_Added_table, NULL };
    fixture *f = FIXTURE(state);

    f->config.event_handlers = handlers;
    start_as(f, 1);
    add(f, "a", 1);
    settle(f);
    assert_int_equal(acta_reader_rebuild(f->app, "nobody", row_tables, NULL, &f->error), ACTA_NOT_FOUND);
    assert_int_equal(acta_reader_rebuild_cancel(f->app, "nobody", NULL, &f->error), ACTA_NOT_FOUND);
    assert_int_equal(acta_reader_rebuild(f->app, "handler", row_tables, NULL, &f->error), ACTA_INVALID);
    assert_string_equal(f->error.text, "'handler' is not rebuilt: 'handler' is no projection: it has no rows");
    assert_int_equal(acta_reader_rebuild(f->app, "sums", none, NULL, &f->error), ACTA_INVALID);
    assert_int_equal(acta_reader_rebuild(f->app, "sums", NULL, NULL, &f->error), ACTA_INVALID);
    assert_int_equal(acta_reader_rebuild(f->app, "sums", events, NULL, &f->error), ACTA_INVALID);
    assert_int_equal(acta_reader_rebuild(f->app, "sums", others, NULL, &f->error), ACTA_INVALID);
    assert_string_equal(f->error.text, "'sums' is not rebuilt: the event at position 1: it writes 'ledger.CounterRow', "
                                       "which is none of the tables that are rebuilt");
    MUST(f, acta_reader_rebuild_cancel(f->app, "sums", NULL, &f->error));
    assert_int_equal(row_total(f, "a"), 1);
}

/* A reset afterwards is one of the rows that count. */
static void
rebuilt_rows_are_reset(void **state)
{
    fixture *f = FIXTURE(state);

    start_as(f, 1);
    add(f, "a", 1);
    settle(f);
    MUST(f, rebuild(f));
    settle(f);
    factor = 2;
    MUST(f, acta_reader_reset_live(f->app, "sums", row_tables, &anna, &f->error));
    settle(f);
    assert_int_equal(row_total(f, "a"), 2);
    assert_int_equal(count_rows(f, "rm.ledger.counterrow-1"), 1);
}

/* -- processes that are killed -- */

enum { COUNTERS = 4, EVENTS = 24 };

static int
run_child(const char *data)
{
    acta_app_config config = {
        .data_path = data, .schema = &ledger_schema, .aggregates = ledger_aggregates, .projections = projections
    };
    acta_error error;
    acta_app *app;

    factor = 2;
    config.store.memory_bytes = 16 << 20;
    acta_status status = acta_app_start(&config, &app, &error);
    if (status == ACTA_OK) status = acta_reader_rebuild(app, "sums", row_tables, NULL, &error);
    if (status == ACTA_OK) status = acta_app_settle(app, SETTLE_MS, &error);
    if (status == ACTA_OK) status = acta_app_stop(app, STOP_MS, &error);
    if (status != ACTA_OK) fprintf(stderr, "%s\n", error.text);
    return status != ACTA_OK;
}

static bool
is_killed(const char *data, const char *point)
{
    int status;
    pid_t child = fork(); /* a program of its own: threads do not survive it */

    if (child == 0) {
        if (point != NULL) setenv("ACTA_CRASH_POINT", point, 1);
        execl("/proc/self/exe", "child", "child", data, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(child, waitpid(child, &status, 0));
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return false;
}

/* All rows are of one program. Which? */
static int64_t
program_of_rows(fixture *f)
{
    int64_t program = 0;

    for (int i = 0; i < COUNTERS; i++) {
        char id[8];
        snprintf(id, sizeof id, "c%d", i);
        int64_t total = row_total(f, id), sum = fold_counter(f, id);
        assert_int_equal(total % sum, 0);
        if (i > 0) assert_int_equal(total / sum, program);
        program = total / sum;
    }
    return program;
}

static void
rows_are_of_one_program_wherever_the_process_dies(void **state)
{
    static const char *const points[] = { "rebuild_before_batch:1", "rebuild_before_close:1", "rebuild_before_swap:1",
        "*:9", "*:23", "*:41", "rebuild_after_swap:1" };
    fixture *f = FIXTURE(state);
    uint32_t kills = 0;

    failing = NULL;
    on_event = NULL;
    start_as(f, 1);
    for (int i = 0; i < EVENTS; i++) {
        char id[8];
        snprintf(id, sizeof id, "c%d", i % COUNTERS);
        add(f, id, 1 + i % 3);
    }
    settle(f);
    stop(f);
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        if (is_killed(f->path, points[i])) kills++;
        start_as(f, 2);
        settle(f);
        int64_t program = program_of_rows(f);
        assert_true(program == 1 || program == 2);
        if (strcmp(points[i], "rebuild_before_swap:1") == 0 && kills == i + 1) assert_int_equal(program, 1);
        if (strcmp(points[i], "rebuild_after_swap:1") == 0) assert_int_equal(program, 2);
        stop(f);
    }
#ifdef ACTA_CRASH_POINTS
    assert_true(kills >= 4);
#endif
    assert_false(is_killed(f->path, NULL));
    start_as(f, 2);
    settle(f);
    assert_int_equal(program_of_rows(f), 2);
    assert_int_equal(count_rows(f, "rm.ledger.counterrow"), 0);
}

/* -- with threads -- */

enum { BUSY_ADDS = 60 };

static void *
add_beside(void *user)
{
    static const char *const wait_for[] = { "sums", NULL };
    fixture *f = user;
    acta_dispatch_options options = patiently;

    options.wait_for = wait_for;
    for (int i = 0; i < BUSY_ADDS; i++) {
        ledger_Add command = { .counter_id = S("busy"), .amount = 1 };
        acta_error error;
        acta_status status = ledger_Add_dispatch(f->app, command, &options, &error);
        if (status != ACTA_OK) return (void *)(uintptr_t) "a command failed";
    }
    return NULL;
}

static void
rows_are_rebuilt_under_load(void **state)
{
    fixture *f = FIXTURE(state);
    pthread_t thread;
    void *failed;

    failing = NULL;
    on_event = NULL;
    start_as(f, 1);
    for (int i = 0; i < 20; i++)
        add(f, "busy", 1);
    settle(f);
    stop(f);
    start_as(f, 2);
    assert_int_equal(pthread_create(&thread, NULL, add_beside, f), 0);
    for (int i = 0; i < 3; i++)
        MUST(f, rebuild(f));
    assert_int_equal(pthread_join(thread, &failed), 0);
    if (failed != NULL) fail_msg("%s", (const char *)failed);
    settle(f);
    assert_int_equal(row_total(f, "busy"), 2 * (20 + BUSY_ADDS));
}

int
main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "child") == 0) return run_child(arguments[2]);
    const struct CMUnitTest tests[] = {
        quiet(new_rows_count_when_they_have_caught_up),
        quiet(a_rebuild_that_fails_leaves_the_rows_and_is_taken_up),
        quiet(what_was_parked_is_made_good),
        quiet(a_rebuild_is_called_off),
        quiet(what_cannot_be_rebuilt_is_refused),
        quiet(rebuilt_rows_are_reset),
        threaded(rows_are_rebuilt_under_load),
    };
    const struct CMUnitTest of_files[] = {
        threaded(rows_are_of_one_program_wherever_the_process_dies),
        quiet(a_log_that_was_cut_has_its_rows_again),
        quiet(a_replay_ends_where_the_log_was_cut),
    };
    return run_on_engines("rebuilds", tests) + run_on_rocksdb("rebuilds, of files", of_files);
}
