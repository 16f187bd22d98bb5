/*
 * Projections: whatever fails, and wherever the process dies, rows are the fold of the log up to their position.
 */
#include "acta/gen_server.h"
#include "fixture.h"

static const acta_projection *const projections[] = { &ledger_rows.base, NULL };

static void
start_projecting(fixture *f)
{
    f->config.projections = projections;
    start(f);
}

static ledger_CounterRow
row_of(fixture *f, const char *counter)
{
    ledger_CounterRow row = { .total = 0 };
    acta_status status = ledger_CounterRow_find(f->app, acta_str_of(counter), &row, NULL, &f->error);

    if (status != ACTA_NOT_FOUND) MUST(f, status);
    return row;
}

/* The row is the fold of the stream. */
static void
expect_row(fixture *f, const char *counter)
{
    char stream[64];
    ledger_CounterRow row = row_of(f, counter);

    snprintf(stream, sizeof stream, "Counter-%s", counter);
    assert_int_equal(row.total, fold_counter(f, counter));
    assert_int_equal(row.additions, version_of(f, stream));
}

static bool
count_row(void *user, const ledger_CounterRow *row)
{
    uint32_t *count = user;

    assert_true(row->additions > 0);
    return ++*count < 3;
}

static void
rows_follow_the_log_and_are_found(void **state)
{
    fixture *f = FIXTURE(state);
    ledger_CounterRow row;
    uint32_t count = 0;

    start_projecting(f);
    for (int i = 0; i < 60; i++) {
        char id[8];
        snprintf(id, sizeof id, "c%d", i % 6);
        add(f, id, i % 3);
    }
    settle(f);
    for (int i = 0; i < 6; i++) {
        char id[8];
        snprintf(id, sizeof id, "c%d", i);
        expect_row(f, id);
    }
    MUST(f, ledger_CounterRow_find(f->app, S("c1"), &row, f->scratch, &f->error));
    assert_true(acta_str_equal(row.counter_id, S("c1")));
    MUST(f, ledger_CounterRow_find(f->app, S("c1"), &row, NULL, &f->error));
    assert_null(row.counter_id.data);
    assert_int_equal(ledger_CounterRow_find(f->app, S("none"), &row, NULL, &f->error), ACTA_NOT_FOUND);
    assert_string_equal(f->error.text, "there is no 'ledger.CounterRow' of 'none'");
    assert_int_equal(ledger_CounterRow_find(f->app, S(""), &row, NULL, &f->error), ACTA_INVALID);
    MUST(f, ledger_CounterRow_each(f->app, S("c"), count_row, &count, &f->error));
    assert_int_equal(count, 3); /* it was told to stop there */
    count = 0;
    MUST(f, ledger_CounterRow_each(f->app, S("c5"), count_row, &count, &f->error));
    assert_int_equal(count, 1);
}

typedef struct keys_seen {
    char text[64];
    uint32_t stop_at; /* 0: at no row */
} keys_seen;

static bool
note_key(void *user, const void *row)
{
    keys_seen *seen = user;

    strncat(seen->text, ((const ledger_CounterRow *)row)->counter_id.data,
        ((const ledger_CounterRow *)row)->counter_id.size);
    return seen->stop_at == 0 || --seen->stop_at != 0;
}

static void
expect_range(fixture *f, acta_key_range range, const char *expected)
{
    keys_seen seen = { .text = "" };

    MUST(f, acta_read_model_range(f->app, &ledger_CounterRow_table, &range, note_key, &seen, &f->error));
    assert_string_equal(seen.text, expected);
}

static void
rows_are_visited_by_ranges_of_keys(void **state)
{
    static const char *const ids[] = { "a", "ab", "b", "ba", "c", "\xC3\xBF" };
    static const uint8_t all_ones[] = { 0xC3, 0xBF };
    fixture *f = FIXTURE(state);
    char *long_key = test_calloc(1, ACTA_KEY_MAX + 1);

    start_projecting(f);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        add(f, ids[i], 1);
    settle(f);
    expect_range(f, (acta_key_range){ 0 }, "aabbbac\xC3\xBF");
    expect_range(f, (acta_key_range){ .backward = true },
        "\xC3\xBF"
        "cbababa");
    expect_range(f, (acta_key_range){ .prefix = S("a") }, "aab");
    expect_range(f, (acta_key_range){ .prefix = acta_str_from((const char *)all_ones, 2) }, "\xC3\xBF");
    expect_range(f, (acta_key_range){ .from = S("ab"), .to = S("b") }, "abb"); /* both are included */
    expect_range(f, (acta_key_range){ .from = S("aa"), .to = S("bb"), .prefix = S("b") }, "bba");
    expect_range(f, (acta_key_range){ .from = S("c"), .to = S("b") }, "");
    expect_range(f, (acta_key_range){ .after = S("a") }, "abbbac\xC3\xBF"); /* "ab" is behind "a" */
    expect_range(f, (acta_key_range){ .after = S("b"), .backward = true }, "aba");
    expect_range(f, (acta_key_range){ .after = S("b"), .backward = true, .from = S("ab") }, "ab");
    memset(long_key, 'x', ACTA_KEY_MAX);
    const acta_key_range too_long = { .to = acta_str_from(long_key, ACTA_KEY_MAX) };
    keys_seen seen = { .text = "" };
    assert_int_equal(
        acta_read_model_range(f->app, &ledger_CounterRow_table, &too_long, note_key, &seen, &f->error), ACTA_INVALID);
    const acta_key_range all = { .backward = true };
    seen.stop_at = 2;
    MUST(f, acta_read_model_range(f->app, &ledger_CounterRow_table, &all, note_key, &seen, &f->error));
    assert_string_equal(seen.text, "\xC3\xBF"
                                   "c");
    assert_int_equal(
        acta_read_model_range(f->app, &ledger_Counter_table, &all, note_key, &seen, &f->error), ACTA_INVALID);
    test_free(long_key);
}

static void
a_dispatch_that_waits_for_the_rows_finds_them(void **state)
{
    static const char *const wait_for[] = { "rows", NULL };
    fixture *f = FIXTURE(state);

    start_projecting(f);
    for (int i = 1; i <= 20; i++) {
        MUST(f, add_with(f, "a", 1, &(acta_dispatch_options){ .wait_for = wait_for }));
        assert_int_equal(row_of(f, "a").total, i);
    }
}

/* Catching up, more than a window of events is there at once: batches follow each other without a pause. */
static void
rows_are_right_when_there_is_much_to_catch_up(void **state)
{
    fixture *f = FIXTURE(state);
    ledger_projection narrow = ledger_rows;
    const acta_projection *const narrow_projections[] = { &narrow.base, NULL };

    narrow.window = 4;
    f->config.projections = NULL;
    start(f);
    for (int i = 0; i < 50; i++)
        add(f, i % 3 ? "a" : "b", 1);
    stop(f);
    f->config.projections = narrow_projections;
    start(f);
    settle(f);
    expect_row(f, "a");
    expect_row(f, "b");
}

static void
rows_are_right_wherever_the_process_dies(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    for (uint32_t steps = 0; !finished; steps++) {
        uint32_t taken = 0;
        answer answers[4] = { { 0 } };
        start_projecting(f);
        for (int i = 0; i < 4; i++)
            add_async(f, i % 2 ? "a" : "b", 1, NULL, &answers[i]);
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        crash(f);
        start_projecting(f);
        run_all(f);
        for (uint32_t i = 0; i < steps % 7; i++)
            step(f);
        crash(f);
        start_projecting(f);
        settle(f);
        expect_row(f, "a");
        expect_row(f, "b");
        stop(f);
        assert_true(steps < 300);
    }
}

static uint32_t failures;

static acta_status
fail_for_bad(const ledger_Added *event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)recorded;
    (void)rows;
    if (!acta_str_equal(event->counter_id, S("bad")) || failures == 0) return ACTA_OK;
    failures--;
    return acta_error_set(error, ACTA_INVALID, "it is full moon");
}

/* What a failed event wrote is not kept; the others of its batch are, and later it is done once. */
static void
a_failed_event_leaves_no_rows_and_comes_again(void **state)
{
    fixture *f = FIXTURE(state);
    answer answers[12] = { { 0 } };

    failures = 3;
    ledger_hook.on_row = fail_for_bad;
    start_projecting(f);
    for (int i = 0; i < 12; i++)
        add_async(f, i % 3 == 0 ? "bad" : "good", 1, NULL, &answers[i]);
    run_all(f);
    expect_row(f, "good");
    assert_int_equal(row_of(f, "bad").total, 0);
    assert_int_equal(reader_info(f, "rows").state, ACTA_READER_RETRYING);
    settle(f);
    expect_row(f, "bad");
    expect_row(f, "good");
    assert_int_equal(count_rows(f, "parked"), 0);
}

static void
failed_events_are_done_once_wherever_the_process_dies(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    ledger_hook.on_row = fail_for_bad;
    for (uint32_t steps = 0; !finished; steps += 2) {
        uint32_t taken = 0;
        answer answers[6] = { { 0 } };
        failures = 2;
        start_projecting(f);
        for (int i = 0; i < 6; i++)
            add_async(f, i % 2 ? "bad" : "good", 1, NULL, &answers[i]);
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        crash(f);
        failures = 0;
        start_projecting(f);
        settle(f);
        expect_row(f, "bad");
        expect_row(f, "good");
        assert_int_equal(count_rows(f, "parked"), 0);
        stop(f);
        assert_true(steps < 1000);
    }
}

static uint32_t fails_of_actor;

static acta_status
fail_the_actor(const ledger_Added *event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)event;
    (void)rows;
    (void)error;
    if (fails_of_actor > 0 && recorded->position % 3 == 0) {
        fails_of_actor--;
        acta_fail(acta_self_here(), "a bug in the projection");
    }
    return ACTA_OK;
}

/* Actors and committer in any order. */
static void
random_steps(fixture *f, uint64_t *random)
{
    uint32_t steps = (uint32_t)(next_random(random) % 40);

    for (uint32_t i = 0; i < steps; i++) {
        if (next_random(random) % 2 == 0)
            acta_runtime_step(acta_app_runtime(f->app));
        else
            acta_store_step(acta_app_store(f->app));
    }
}

/* A life of the reader that ends in the middle of a batch, or with one on its way, leaves nothing to be done twice. */
static void
rows_are_right_whenever_the_reader_fails(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t random = test_seed();
    acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };
    answer answers[10] = { { 0 } }; /* of all rounds: a command may outlive its own */

    ledger_hook.on_row = fail_the_actor;
    start_projecting(f);
    for (int round = 0; round < 400; round++) {
        fails_of_actor = round % 3 == 0;
        for (int i = 0; i < 10; i++)
            add_async(f, i % 2 ? "a" : "b", 0, NULL, &answers[i]);
        random_steps(f, &random);
        if (round % 3 == 1) {
            acta_pid pid = acta_whereis(acta_app_runtime(f->app), S("reader rows"));
            acta_exit(acta_app_runtime(f->app), (acta_pid){ 0 }, pid, &reason);
        }
        random_steps(f, &random);
        if (round % 4 == 0) pass_ms(f, 31000); /* longer than a supervisor waits */
    }
    fails_of_actor = 0;
    settle(f);
    expect_row(f, "a");
    expect_row(f, "b");
    acta_runtime_stats stats;
    acta_runtime_stats_read(acta_app_runtime(f->app), &stats);
    assert_true(stats.restarted >= 20); /* it did fail, and was killed */
}

/* Within one batch what was written before is seen: a row that was put, one that was removed. */
static acta_status
remove_and_look(const ledger_Added *event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    ledger_CounterRow row;
    acta_status status = ledger_CounterRow_get(rows, event->counter_id, &row, error);

    assert_int_equal(status, ACTA_OK); /* it was put by this very event */
    assert_true(row.additions >= 1);
    if (event->amount != -1) return ACTA_OK;
    status = ledger_CounterRow_remove(rows, event->counter_id, error);
    assert_int_equal(status, ACTA_OK);
    status = ledger_CounterRow_get(rows, event->counter_id, &row, error);
    assert_int_equal(status, ACTA_NOT_FOUND);
    (void)recorded;
    return ACTA_OK;
}

static void
rows_see_what_their_batch_wrote(void **state)
{
    static const int64_t amounts[] = { 5, 6, -1, 7, 8, -1, 9 };
    fixture *f = FIXTURE(state);
    answer answers[7] = { { 0 } };

    ledger_hook.on_row = remove_and_look;
    start_projecting(f);
    for (int i = 0; i < 7; i++)
        add_async(f, "a", amounts[i], NULL, &answers[i]);
    settle(f);
    assert_int_equal(row_of(f, "a").total, 9);
    assert_int_equal(row_of(f, "a").additions, 1);
    add(f, "a", -1);
    settle(f);
    assert_int_equal(count_rows(f, "rm.ledger.counterrow"), 0);
}

/* -- back to nothing -- */

static acta_status
reset(fixture *f, const acta_table *const *row_tables)
{
    acta_store_config config = { .manual = true, .environment = &f->environment };
    acta_store *store;

    if (f->memory)
        config.engine = acta_memory_engine(f->disk);
    else
        config.path = f->path;
    MUST(f, acta_store_open(&config, &store, &f->error));
    acta_status status = acta_reader_reset(store, "rows", row_tables, &f->error);
    acta_store_close(store);
    return status;
}

/* Rows, checkpoint and what was set aside go together: a key that stayed parked would cover the events before it. */
static void
a_reset_projection_makes_its_rows_again(void **state)
{
    static const acta_table *const row_tables[] = { &ledger_CounterRow_table, NULL };
    static const acta_table *const no_row_tables[] = { &ledger_CounterRow_table, &ledger_Added_table, NULL };
    fixture *f = FIXTURE(state);

    start_projecting(f);
    ledger_hook.on_row = fail_for_bad;
    failures = 0;
    for (int i = 0; i < 9; i++)
        add(f, i % 3 == 0 ? "bad" : "good", 1);
    settle(f);
    failures = UINT32_MAX;
    add(f, "bad", 1);
    add(f, "good", 1);
    pass_ms(f, 2000);
    assert_int_equal(count_rows(f, "parked"), 1);
    stop(f);

    assert_int_equal(reset(f, no_row_tables), ACTA_INVALID);
    assert_string_equal(
        f->error.text, "reader 'rows' is not reset: 'ledger.Added' is no read model: it has no identity");
    f->config.projections = NULL;
    start(f); /* nothing has changed */
    assert_int_equal(count_rows(f, "parked"), 1);
    assert_int_equal(row_of(f, "bad").additions, 3);
    stop(f);

    MUST(f, reset(f, row_tables));
    start(f);
    assert_int_equal(count_rows(f, "parked"), 0);
    assert_int_equal(count_rows(f, "checkpoints"), 0);
    assert_int_equal(count_rows(f, "rm.ledger.counterrow"), 0);
    stop(f);

    failures = 0;
    start_projecting(f);
    settle(f);
    expect_row(f, "bad");
    expect_row(f, "good");
    assert_int_equal(row_of(f, "bad").additions, 4);
    stop(f);
    MUST(f, reset(f, NULL)); /* rows are left as they are by one that has none */
    start(f);
    settle(f);
    assert_int_equal(row_of(f, "bad").additions, 8);
}

static int64_t seen;

static acta_status
look_at_flag(const ledger_Added *event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    ledger_CounterRow flag = { .total = 0 };
    (void)event;
    (void)recorded;

    acta_status status = ledger_CounterRow_get(rows, S("the flag"), &flag, error);
    seen = flag.total;
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
put_flag(void *user, ledger_Added event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    const ledger_CounterRow flag = { .counter_id = S("the flag"), .total = event.amount, .additions = 1 };
    (void)user;
    (void)recorded;
    return acta_str_equal(event.counter_id, S("flag")) ? ledger_CounterRow_put(rows, flag, error) : ACTA_OK;
}

/* A row that is kept in hand from batch to batch is not what the store has when another projection writes it. */
static void
rows_that_another_projection_writes_are_seen(void **state)
{
    static const ledger_projection flags = LEDGER_PROJECTION(.name = "flags", .on = { .Added = put_flag });
    static const acta_projection *const both[] = { &ledger_rows.base, &flags.base, NULL };
    fixture *f = FIXTURE(state);

    seen = 0;
    ledger_hook.on_row = look_at_flag;
    f->config.projections = both;
    start(f);
    for (int i = 1; i <= 12; i++) {
        add(f, "flag", i);
        settle(f);
        add(f, "a", 1);
        settle(f);
        assert_int_equal(seen, i);
    }
    expect_row(f, "a");
}

/* A row is put, read and put again by one event: what was read stays readable. */
static acta_status
put_twice(const ledger_Added *event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    ledger_CounterRow row, again;
    (void)recorded;

    acta_status status = ledger_CounterRow_get(rows, event->counter_id, &row, error);
    if (status == ACTA_OK) status = ledger_CounterRow_remove(rows, event->counter_id, error);
    if (status == ACTA_OK && ledger_CounterRow_get(rows, event->counter_id, &again, error) != ACTA_NOT_FOUND)
        return acta_error_set(error, ACTA_FAILED, "a removed row is there");
    for (int i = 0; i < 3 && status == ACTA_OK; i++) {
        status = ledger_CounterRow_put(rows, row, error);
        if (status == ACTA_OK) status = ledger_CounterRow_get(rows, event->counter_id, &again, error);
    }
    return status == ACTA_OK && !acta_str_equal(row.counter_id, event->counter_id)
               ? acta_error_set(error, ACTA_FAILED, "what was read has changed")
               : status;
}

static void
a_row_may_be_put_and_removed_again_and_again(void **state)
{
    fixture *f = FIXTURE(state);

    ledger_hook.on_row = put_twice;
    start_projecting(f);
    for (int i = 0; i < 12; i++)
        add(f, i % 2 ? "a" : "a-counter-with-a-name-that-is-longer-than-others", 1);
    settle(f);
    assert_int_equal(count_rows(f, "parked"), 0);
    expect_row(f, "a");
    expect_row(f, "a-counter-with-a-name-that-is-longer-than-others");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(rows_that_another_projection_writes_are_seen),
        manual(a_row_may_be_put_and_removed_again_and_again),
        manual(rows_follow_the_log_and_are_found),
        manual(rows_are_visited_by_ranges_of_keys),
        manual(a_dispatch_that_waits_for_the_rows_finds_them),
        manual(rows_see_what_their_batch_wrote),
        manual(rows_are_right_when_there_is_much_to_catch_up),
        manual(rows_are_right_wherever_the_process_dies),
        manual(a_failed_event_leaves_no_rows_and_comes_again),
        manual(failed_events_are_done_once_wherever_the_process_dies),
        manual(rows_are_right_whenever_the_reader_fails),
        manual(a_reset_projection_makes_its_rows_again),
    };
    return run_on_engines("projections", tests);
}
