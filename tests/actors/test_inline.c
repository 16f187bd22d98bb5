/*
 * Inline projections: rows are written with the events of their stream, each event once, wherever the process dies and whoever
 * else writes; and what was there before they were is in them from the start on.
 */
#include "acta/index.h"
#include "acta/projection_inline.h"
#include "fixture.h"

static const acta_projection *const counters_inline[] = { &ledger_rows.base, NULL };
static const char *const names[] = { "a", "b", "c" };

static void
start_inline(fixture *f)
{
    f->config.inline_projections = counters_inline;
    start(f);
}

/* Of all amounts in its stream; the totals that others write need not be right. */
static int64_t
sum_of(fixture *f, const char *stream)
{
    const acta_read read = { .from = 1, .stream = acta_str_of(stream) };
    acta_cursor *cursor;
    acta_recorded event;
    ledger_Added added;
    int64_t sum = 0;

    MUST(f, acta_cursor_open(acta_app_store(f->app), &read, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        ledger_Added_decode(event.payload, &added);
        sum += added.amount;
    }
    acta_cursor_close(cursor);
    return sum;
}

/* The counter's row is the fold of its stream; now, whatever is under way. */
static void
expect_row(fixture *f, const char *counter)
{
    char stream[32];
    ledger_CounterRow row;

    snprintf(stream, sizeof stream, "Counter-%s", counter);
    uint64_t version = version_of(f, stream);
    acta_status status = ledger_CounterRow_find(f->app, acta_str_of(counter), &row, f->scratch, &f->error);
    if (version == 0) {
        assert_int_equal(status, ACTA_NOT_FOUND);
        return;
    }
    MUST(f, status);
    assert_int_equal(row.additions, version); /* all of its events are additions */
    assert_int_equal(row.total, sum_of(f, stream));
}

static void
expect_rows(fixture *f)
{
    for (uint32_t i = 0; i < 3; i++)
        expect_row(f, names[i]);
}

static void
add_foreign(fixture *f, const char *counter, int64_t amount)
{
    commit(f, foreign_add(f, counter, amount, fold_counter(f, counter) + amount));
}

/* -- with the answer -- */

static acta_status
is_being_written(const ledger_Added *event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)event, (void)rows, (void)error;
    assert_int_equal(recorded->position, 0);
    assert_int_equal(recorded->stream_id, 0);
    assert_int_equal(recorded->recorded_at_us, 0);
    assert_true(recorded->version > 0);
    return ACTA_OK;
}

static void
rows_are_there_with_the_answer(void **state)
{
    fixture *f = FIXTURE(state);
    answer answers[5] = { { 0 } };

    ledger_hook.on_row = is_being_written;
    start_inline(f);
    add(f, "a", 3);
    expect_row(f, "a");
    MUST(f, ledger_Burst_dispatch(f->app, ACTA_INIT(ledger_Burst, .counter_id = S("a"), .times = 4), NULL, &f->error));
    expect_row(f, "a");
    for (int i = 0; i < 5; i++)
        add_async(f, i % 2 ? "a" : "b", 1, NULL, &answers[i]); /* decided while those before are under way */
    run_all(f);
    expect_rows(f);
    assert_int_equal(add_with(f, "a", 1000, NULL), ACTA_REJECTED);
    expect_row(f, "a");
    pass_ms(f, 120000); /* it leaves memory, and reads its row again */
    add(f, "a", 1);
    expect_row(f, "a");
}

static void
end_job(fixture *f, const char *job, const char *reason)
{
    MUST(f, ledger_EndJob_dispatch(f->app,
                ACTA_INIT(ledger_EndJob, .job_id = acta_str_of(job), .reason = acta_str_of(reason)), NULL, &f->error));
}

/* Two of them over two aggregates; index entries go and come with their rows. */
static void
indexes_follow_rows_that_change_and_go(void **state)
{
    static const acta_projection *const both[] = { &ledger_rows.base, &ledger_job_rows.base, NULL };
    fixture *f = FIXTURE(state);
    ledger_JobRow row;

    f->config.schema = &ledger_schema;
    f->config.inline_projections = both;
    start(f);
    MUST(f, start_job(f, "j", (const char *const[]){ "c" }, 1, 5));
    MUST(f, start_job(f, "k", (const char *const[]){ "c" }, 1, 6));
    end_job(f, "j", "done");
    MUST(f, acta_read_model_check(f->app, &ledger_JobRow_table, &f->error));
    MUST(f, ledger_JobRow_find(f->app, S("j"), &row, f->scratch, &f->error));
    assert_true(acta_str_equal(row.reason, S("done")));
    end_job(f, "k", "gone");
    assert_int_equal(ledger_JobRow_find(f->app, S("k"), &row, f->scratch, &f->error), ACTA_NOT_FOUND);
    MUST(f, acta_read_model_check(f->app, &ledger_JobRow_table, &f->error));
}

/* -- what fails -- */

static acta_status
refuse_seven(const ledger_Added *event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)recorded, (void)rows;
    return event->amount != 7 ? ACTA_OK : acta_error_set(error, ACTA_FAILED, "seven is too much");
}

static void
an_error_is_the_commands_answer_and_nothing_is_stored(void **state)
{
    fixture *f = FIXTURE(state);
    answer before = { 0 }, refused = { 0 }, after = { 0 };

    ledger_hook.on_row = refuse_seven;
    start_inline(f);
    add(f, "a", 1);
    add_async(f, "a", 1, NULL, &before);
    add_async(f, "a", 7, NULL, &refused);
    add_async(f, "a", 2, NULL, &after);
    run_all(f);
    assert_int_equal(before.status, ACTA_OK);
    assert_int_equal(refused.status, ACTA_FAILED);
    assert_non_null(strstr(refused.text, "inline projection 'rows', 'Counter-a' at version 3: seven is too much"));
    assert_int_equal(after.status, ACTA_OK);
    assert_int_equal(fold_counter(f, "a"), 4);
    expect_row(f, "a");
}

static const char *tried;

static acta_status
touch_another(const ledger_Added *event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    ledger_CounterRow row = { .counter_id = S("z") };
    (void)event, (void)recorded;

    if (strcmp(tried, "get") == 0) return ledger_CounterRow_get(rows, S("z"), &row, error);
    if (strcmp(tried, "remove") == 0) return ledger_CounterRow_remove(rows, S("z"), error);
    return ledger_CounterRow_put(rows, row, error);
}

static void
rows_of_other_keys_are_refused(void **state)
{
    static const char *const ways[] = { "get", "put", "remove" };
    fixture *f = FIXTURE(state);

    ledger_hook.on_row = touch_another;
    start_inline(f);
    for (int i = 0; i < 3; i++) {
        tried = ways[i];
        assert_int_equal(add_with(f, "a", 1, NULL), ACTA_INVALID);
        assert_non_null(
            strstr(f->error.text, "the row of its aggregate's identity, 'a', and no 'ledger.CounterRow' of 'z'"));
        assert_int_equal(version_of(f, "Counter-a"), 0);
    }
}

/* Whoever is second is refused: another inline one with the command, or at the start; any other as its events come. */
static void
a_table_of_two_is_refused(void **state)
{
    static ledger_projection again;
    static const acta_projection *const others[] = { &again.base, NULL };
    static const acta_projection *const both[] = { &ledger_rows.base, &again.base, NULL };
    static const char why[] = "the rows of 'ledger.CounterRow' are those of projection 'rows'";
    fixture *f = FIXTURE(state);

    again = ledger_rows;
    again.name = "again";
    f->config.inline_projections = both;
    start(f);
    assert_int_equal(add_with(f, "a", 1, NULL), ACTA_INVALID);
    assert_non_null(strstr(f->error.text, "inline projection 'again', 'Counter-a' at version 1: "));
    assert_non_null(strstr(f->error.text, why));
    assert_int_equal(version_of(f, "Counter-a"), 0);
    stop(f);
    again.retry_max = 1;
    f->config.projections = others;
    start_inline(f);
    add(f, "a", 1);
    pass_ms(f, 120000);
    expect_row(f, "a");
    assert_int_equal(reader_info(f, "again").parked, 1);
    assert_non_null(strstr(reader_info(f, "again").reason, why));
}

static void
what_is_none_is_refused_at_the_start(void **state)
{
    static ledger_projection given;
    static const acta_projection *const one[] = { &given.base, NULL };
    static const acta_aggregate *const jobs_alone[] = { &ledger_job.base, NULL };
    fixture *f = FIXTURE(state);

    f->config.inline_projections = one;
    given = ledger_rows;
    given.name = NULL;
    assert_int_equal(try_start(f), ACTA_INVALID);
    assert_non_null(strstr(f->error.text, "an inline projection has no name"));
    given = ledger_rows;
    given.window = 10;
    assert_int_equal(try_start(f), ACTA_INVALID);
    assert_non_null(strstr(f->error.text, "it has no database, options, window or retry_max"));
    given = ledger_rows;
    f->config.projections = counters_inline;
    assert_int_equal(try_start(f), ACTA_INVALID);
    assert_non_null(strstr(f->error.text, "'rows'"));
    f->config.projections = NULL;
    f->config.aggregates = jobs_alone;
    assert_int_equal(try_start(f), ACTA_INVALID);
    assert_non_null(strstr(f->error.text, "wants 'ledger.Added', which no aggregate"));
}

/* -- others who write -- */

static uint32_t foreign_left;

static void
write_before_some_tries(const ledger_Add *command)
{
    fixture *f = ledger_hook.user;
    (void)command;

    if (foreign_left == 0) return;
    foreign_left--;
    MUST(f,
        acta_store_submit(acta_app_store(f->app), foreign_add(f, "a", 0, fold_counter(f, "a")), NULL, NULL, &f->error));
}

/* Decided again behind what others wrote, which is in the rows, too. */
static void
a_conflict_costs_no_event_of_the_rows(void **state)
{
    fixture *f = FIXTURE(state);
    answer a = { 0 };

    start_inline(f);
    add(f, "a", 5);
    foreign_left = 3;
    ledger_hook.before_add = write_before_some_tries;
    ledger_hook.user = f;
    add_async(f, "a", 2, NULL, &a);
    run_all(f);
    assert_int_equal(a.status, ACTA_OK);
    assert_int_equal(version_of(f, "Counter-a"), 5);
    expect_row(f, "a");
}

/* With the stream's next command, or the next start. */
static void
events_of_others_are_in_the_rows_with_the_next_command_or_start(void **state)
{
    fixture *f = FIXTURE(state);

    start_inline(f);
    add(f, "a", 1);
    add_foreign(f, "a", 5);
    add_foreign(f, "b", 6);
    add(f, "a", 2);
    expect_row(f, "a");
    stop(f);
    start_inline(f);
    expect_rows(f);
}

/* -- what was there before -- */

static void
streams_that_were_there_before_have_rows_from_the_start_on(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    for (int i = 0; i < 30; i++)
        add(f, names[i % 2], i % 4);
    stop(f);
    start_inline(f);
    expect_rows(f);
    add(f, "a", 1);
    add(f, "c", 1);
    expect_rows(f);
    stop(f);
    f->config.inline_projections = NULL; /* a program without it, for a while */
    start(f);
    add(f, "b", 2);
    add(f, "c", 2);
    stop(f);
    start_inline(f);
    expect_rows(f);
}

/* More than one batch of the start's. */
static void
a_long_log_is_caught_up_with_in_batches(void **state)
{
    enum { TIMES = 2500 };
    fixture *f = FIXTURE(state);

    start(f);
    for (int i = 0; i < 2; i++)
        MUST(f, ledger_Burst_dispatch(f->app,
                    ACTA_INIT(ledger_Burst, .counter_id = acta_str_of(names[i]), .times = TIMES), NULL, &f->error));
    stop(f);
    start_inline(f);
    expect_rows(f);
}

static void
a_start_that_fails_names_the_event_and_the_next_goes_on(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    add(f, "a", 1);
    add(f, "a", 7);
    stop(f);
    ledger_hook.on_row = refuse_seven;
    f->config.inline_projections = counters_inline;
    assert_int_equal(try_start(f), ACTA_FAILED);
    assert_non_null(strstr(f->error.text, "inline projection 'rows', 'Counter-a' at version 2: seven is too much"));
    ledger_hook.on_row = NULL;
    start_inline(f);
    expect_rows(f);
}

static void
a_stream_that_was_deleted_and_is_written_again_begins_its_row_anew(void **state)
{
    fixture *f = FIXTURE(state);

    start_inline(f);
    for (int i = 0; i < 5; i++)
        add(f, "a", 1);
    acta_transaction *t = acta_transaction_create(acta_app_store(f->app));
    acta_transaction_delete_stream(t, S("Counter-a"), ACTA_STREAM_EXISTS, ACTA_DELETE_HARD);
    commit(f, t);
    stop(f);
    start_inline(f);
    add(f, "a", 9);
    assert_int_equal(version_of(f, "Counter-a"), 1);
    expect_row(f, "a");
}

static acta_status
count_twice(void *user, ledger_Added event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    ledger_CounterRow row = { .counter_id = event.counter_id };
    (void)user, (void)recorded;

    acta_status status = ledger_CounterRow_get(rows, event.counter_id, &row, error);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    row.counter_id = event.counter_id;
    row.additions += 2;
    return ledger_CounterRow_put(rows, row, error);
}

static void
one_that_was_reset_makes_its_rows_in_its_new_way(void **state)
{
    static const ledger_projection changed = LEDGER_PROJECTION(.name = "rows", .on = { .Added = count_twice });
    static const acta_projection *const changed_inline[] = { &changed.base, NULL };
    static const acta_table *const tables[] = { &ledger_CounterRow_table, NULL };
    static const acta_table *const no_rows[] = { &ledger_Added_table, NULL };
    fixture *f = FIXTURE(state);
    char long_name[200];
    ledger_CounterRow row;

    start_inline(f);
    for (int i = 0; i < 3; i++)
        add(f, "a", 1);
    assert_int_equal(acta_inline_reset(acta_app_store(f->app), "rows", no_rows, &f->error), ACTA_INVALID);
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(acta_inline_reset(acta_app_store(f->app), long_name, tables, &f->error), ACTA_INVALID);
    stop(f);
    f->config.inline_projections = NULL;
    start(f);
    MUST(f, acta_inline_reset(acta_app_store(f->app), "rows", tables, &f->error)); /* nothing uses them now */
    assert_int_equal(count_rows(f, "inline.notes"), 0);
    stop(f);
    f->config.inline_projections = changed_inline;
    start(f);
    MUST(f, ledger_CounterRow_find(f->app, S("a"), &row, f->scratch, &f->error));
    assert_int_equal(row.additions, 6);
    assert_int_equal(row.total, 0);
}

/* -- crashes -- */

/* Between any two steps, of commands, of a foreign append, of the start: rows are the fold of the log, at once. */
static void
rows_are_the_fold_wherever_the_process_dies(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    for (uint32_t steps = 0; !finished; steps++) {
        uint32_t taken = 0;
        answer answers[6] = { { 0 } };
        start_inline(f);
        expect_rows(f);
        for (int i = 0; i < 6; i++)
            add_async(f, names[i % 2], 1, NULL, &answers[i]);
        while (taken < steps && step(f))
            taken++;
        if (steps % 3 == 0)
            MUST(f, acta_store_submit(acta_app_store(f->app), foreign_add(f, "b", 1, 1), NULL, NULL, &f->error));
        for (uint32_t i = 0; i < steps % 5; i++)
            step(f);
        finished = taken < steps;
        crash(f);
        assert_true(steps < 300);
    }
    start_inline(f);
    expect_rows(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(rows_are_there_with_the_answer),
        manual(indexes_follow_rows_that_change_and_go),
        manual(an_error_is_the_commands_answer_and_nothing_is_stored),
        manual(rows_of_other_keys_are_refused),
        manual(a_table_of_two_is_refused),
        manual(what_is_none_is_refused_at_the_start),
        manual(a_conflict_costs_no_event_of_the_rows),
        manual(events_of_others_are_in_the_rows_with_the_next_command_or_start),
        manual(streams_that_were_there_before_have_rows_from_the_start_on),
        manual(a_long_log_is_caught_up_with_in_batches),
        manual(a_start_that_fails_names_the_event_and_the_next_goes_on),
        manual(a_stream_that_was_deleted_and_is_written_again_begins_its_row_anew),
        manual(one_that_was_reset_makes_its_rows_in_its_new_way),
        manual(rows_are_the_fold_wherever_the_process_dies),
    };
    return run_on_memory("inline projections", tests);
}
