/*
 * Projections into a database: at every step, whatever fails and wherever the process dies, its rows are the fold of the log
 * up to its bookmark, exactly; what failed is in them once in the end; and a database of another log is refused.
 */
#include "fixture.h"
#include "vault.h"

static vault v;
static ledger_projection projection;
static const acta_projection *const projections[] = { &projection.base, NULL };

static void
start_projecting(fixture *f)
{
    f->config.projections = projections;
    start(f);
}

static int
set_up_vault(void **state)
{
    vault_init(&v);
    projection = vault_projection;
    projection.database = &v.database;
    return set_up_manual(state);
}
#define with_vault(test) cmocka_unit_test_setup_teardown(test, set_up_vault, tear_down)

typedef struct sums {
    int64_t total;
    uint32_t additions;
} sums;

/* What the log says of a counter, up to a position. */
static sums
fold(fixture *f, const char *id, uint64_t position)
{
    acta_read read = { .from = 1 };
    acta_recorded recorded;
    acta_cursor *cursor;
    sums s = { 0 };

    MUST(f, acta_cursor_open(acta_app_store(f->app), &read, &cursor, &f->error));
    while (acta_cursor_next(cursor, &recorded, &f->error) == ACTA_OK && recorded.position <= position) {
        ledger_Added event;
        if (!acta_str_equal(recorded.type, acta_str_of(ledger_Added_table.name))) continue;
        ledger_Added_decode(recorded.payload, &event);
        if (!acta_str_equal(event.counter_id, acta_str_of(id))) continue;
        s.total += event.amount;
        s.additions++;
    }
    acta_cursor_close(cursor);
    return s;
}

static void
expect_counter(fixture *f, const char *id)
{
    sums s = fold(f, id, v.rows.bookmark.position);
    vault_counter counter = vault_find(&v, id);

    assert_int_equal(counter.total, s.total);
    assert_int_equal(counter.additions, s.additions);
}

static void
expect_exact(fixture *f)
{
    assert_true(v.rows.bookmark.position <= acta_store_head(acta_app_store(f->app)));
    expect_counter(f, "a");
    expect_counter(f, "b");
}

static void
expect_all(fixture *f)
{
    assert_int_equal(v.rows.bookmark.position, acta_store_head(acta_app_store(f->app)));
    expect_exact(f);
    expect_counter(f, "bad");
    assert_int_equal(count_rows(f, "parked"), 0);
}

static void
rows_follow_the_log(void **state)
{
    fixture *f = FIXTURE(state);

    start_projecting(f);
    for (int i = 0; i < 40; i++) {
        add(f, i % 3 ? "a" : "b", i % 2);
        expect_exact(f);
    }
    settle(f);
    expect_all(f);
    assert_int_equal(v.opened, 1);
    stop(f);
    assert_int_equal(v.closed, 1);
    start_projecting(f);
    add(f, "a", 1);
    settle(f);
    expect_all(f);
}

static void
a_dispatch_that_waits_for_the_database_finds_the_rows(void **state)
{
    static const char *const wait_for[] = { "vault", NULL };
    fixture *f = FIXTURE(state);

    start_projecting(f);
    for (int i = 1; i <= 20; i++) {
        MUST(f, add_with(f, "a", 1, &(acta_dispatch_options){ .wait_for = wait_for }));
        assert_int_equal(vault_find(&v, "a").total, i);
    }
}

/* AP-33: the process dies between any two steps, twice; rows and bookmark are of one transaction, and go on from there. */
static void
rows_are_the_fold_wherever_the_process_dies(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    projection.window = 3; /* several batches */
    for (uint32_t steps = 0; !finished; steps++) {
        answer answers[8] = { { 0 } };
        start_projecting(f);
        for (int i = 0; i < 8; i++)
            add_async(f, i % 2 ? "a" : "b", 0, NULL, &answers[i]);
        v.lost = steps % 3 == 0;
        v.full = steps % 5 == 0;
        uint32_t taken = 0;
        for (; taken < steps && step(f); taken++)
            expect_exact(f);
        finished = taken < steps;
        crash(f);
        start_projecting(f);
        for (uint32_t i = 0; i < steps % 11; i++) {
            step(f);
            expect_exact(f);
        }
        crash(f);
        start_projecting(f);
        settle(f);
        expect_all(f);
        stop(f);
        assert_true(steps < 1000);
    }
}

/* AP-34: a database that is down is asked again with backoff; how far it is behind is seen; then it goes on, once. */
static void
a_database_that_is_down_is_waited_for(void **state)
{
    fixture *f = FIXTURE(state);

    v.down = 5;
    start_projecting(f);
    add(f, "a", 1);
    run_all(f);
    assert_int_equal(reader_info(f, "vault").state, ACTA_READER_RETRYING);
    assert_string_equal(reader_info(f, "vault").reason, "the vault is locked");
    settle(f);
    expect_all(f);
    assert_int_equal(v.down, 0);

    v.full = 6;
    for (int i = 0; i < 10; i++)
        add(f, "b", 1);
    run_all(f);
    acta_reader_info info = reader_info(f, "vault");
    assert_int_equal(info.state, ACTA_READER_RETRYING);
    assert_string_equal(info.reason, "the vault is full");
    assert_true(info.passed < acta_store_head(acta_app_store(f->app)));
    assert_true(info.in_flight > 0);
    assert_int_equal(vault_find(&v, "b").total, 0);
    settle(f);
    expect_all(f);
    assert_int_equal(v.full, 0);
    assert_int_equal(vault_find(&v, "b").additions, 10);
    assert_int_equal(reader_info(f, "vault").state, ACTA_READER_LIVE);
}

/* AP-34: what a commit came to is asked of the bookmark, not guessed. */
static void
a_commit_that_seemed_to_fail_is_not_done_again(void **state)
{
    fixture *f = FIXTURE(state);

    start_projecting(f);
    for (int i = 0; i < 30; i++) {
        v.lost = i % 4;
        add(f, "a", 1);
        settle(f);
        expect_all(f);
    }
    assert_true(v.opened > 20);
}

/* The transaction of a batch with an event that fails leaves nothing; the others are done without it, and it once, later. */
static void
an_event_that_fails_is_set_aside_and_done_once(void **state)
{
    fixture *f = FIXTURE(state);
    answer answers[12] = { { 0 } };

    v.bad = 3;
    start_projecting(f);
    for (int i = 0; i < 12; i++)
        add_async(f, i % 3 == 0 ? "bad" : "a", 1, NULL, &answers[i]);
    run_all(f);
    expect_counter(f, "a");
    assert_int_equal(vault_find(&v, "a").additions, 8);
    assert_int_equal(vault_find(&v, "bad").additions, 0);
    assert_int_equal(count_rows(f, "parked"), 4);
    settle(f);
    expect_all(f);
    assert_int_equal(v.rows.bookmark.late_count, 4);
}

/* Whatever fails when a batch comes again, an event is set aside only when all before it is in the rows. */
static void
events_of_a_stream_keep_their_order_through_failures(void **state)
{
    fixture *f = FIXTURE(state);
    answer answers[9] = { { 0 } };

    v.good = 2;
    v.bad = 2;
    start_projecting(f);
    for (int i = 0; i < 9; i++)
        add_async(f, i % 3 ? "bad" : "a", 1, NULL, &answers[i]);
    settle(f);
    expect_all(f);
    assert_int_equal(v.rows.order_count, 6);
    for (uint32_t i = 1; i < v.rows.order_count; i++)
        assert_true(v.rows.order[i - 1] < v.rows.order[i]);
}

static void
what_failed_is_done_once_wherever_the_process_dies(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    for (uint32_t steps = 0; !finished; steps++) {
        uint32_t taken = 0;
        answer answers[6] = { { 0 } };
        v.bad = 2;
        start_projecting(f);
        for (int i = 0; i < 6; i++)
            add_async(f, i % 2 ? "bad" : "a", 0, NULL, &answers[i]);
        v.lost = steps % 2;
        v.good = steps % 3;
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        crash(f);
        v.bad = v.good = 0;
        start_projecting(f);
        settle(f);
        expect_all(f);
        stop(f);
        assert_true(steps < 2000);
    }
    assert_true(v.rows.bookmark.late_count > 0);
}

static void
who_writes_beside_it_makes_it_begin_anew(void **state)
{
    fixture *f = FIXTURE(state);

    start_projecting(f);
    for (int i = 0; i < 10; i++) {
        v.moved = i % 2;
        add(f, "a", 1);
        pass_ms(f, 40000);
        settle(f);
        expect_all(f);
    }
    acta_runtime_stats stats;
    acta_runtime_stats_read(acta_app_runtime(f->app), &stats);
    assert_int_equal(stats.restarted, 5);
}

/* A database that fell back catches up from where it is, whatever the log remembers. */
static void
an_older_database_catches_up(void **state)
{
    fixture *f = FIXTURE(state);
    vault_rows old;

    start_projecting(f);
    for (int i = 0; i < 10; i++)
        add(f, "a", 1);
    settle(f);
    old = v.rows;
    for (int i = 0; i < 10; i++)
        add(f, "b", 1);
    pass_ms(f, 5000);
    stop(f);
    v.rows = old;
    start_projecting(f);
    settle(f);
    expect_all(f);
    stop(f);
    v.rows = (vault_rows){ .bookmark = { 0 } };
    start_projecting(f);
    settle(f);
    expect_all(f);
    assert_int_equal(vault_find(&v, "b").additions, 10);
}

/* A new database begins with the log, also when events are parked; and does them all. */
static void
a_new_database_takes_up_what_was_parked(void **state)
{
    fixture *f = FIXTURE(state);

    projection.retry_max = 1;
    v.bad = UINT32_MAX;
    start_projecting(f);
    for (int i = 0; i < 9; i++)
        add(f, i % 3 == 0 ? "bad" : "a", 1);
    pass_ms(f, 40000);
    assert_int_equal(count_rows(f, "parked"), 3);
    assert_int_equal(reader_info(f, "vault").parked, 3);
    stop(f);
    v.rows = (vault_rows){ .bookmark = { 0 } };
    v.bad = 0;
    start_projecting(f);
    settle(f);
    expect_all(f);
    assert_int_equal(vault_find(&v, "bad").additions, 3);
}

static void
expect_refused(fixture *f, const char *why)
{
    start_projecting(f);
    run_all(f);
    acta_reader_info info = reader_info(f, "vault");
    assert_int_equal(info.state, ACTA_READER_STALLED);
    if (strstr(info.reason, why) == NULL) fail_msg("'%s' is not in: %s", why, info.reason);
    stop(f);
}

static void
a_database_of_another_log_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    uint32_t applied;

    start_projecting(f);
    for (int i = 0; i < 5; i++)
        add(f, "a", 1);
    settle(f);
    expect_all(f);
    stop(f);
    vault_rows right = v.rows;
    applied = v.applied;

    v.rows.bookmark.position += 100;
    expect_refused(f, "and the log ends at 5: it belongs to another log, or the log was restored from a backup");
    v.rows = right;
    v.rows.bookmark.mark.bytes[3] ^= 1;
    expect_refused(f, "its database belongs to another log: at position 5 it has seen another event");
    v.rows = right;
    assert_int_equal(v.applied, applied);
    start_projecting(f);
    add(f, "a", 1);
    settle(f);
    expect_all(f);
}

/* An event that was made good late would never come again: the database must not be older than that. */
static void
a_database_from_before_a_late_event_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    vault_rows old;

    v.bad = 1;
    start_projecting(f);
    add(f, "bad", 1);
    add(f, "a", 1);
    run_all(f);
    old = v.rows;
    assert_int_equal(old.bookmark.position, 2);
    settle(f);
    expect_all(f);
    stop(f);
    v.rows = old;
    expect_refused(f, "its database is an old one: 1 events were made good late since");
}

/* Events that nobody wants move the bookmark, but not each by itself. */
static void
a_bookmark_moves_past_events_that_are_not_wanted(void **state)
{
    fixture *f = FIXTURE(state);

    start_projecting(f);
    add(f, "a", 1);
    settle(f);
    for (int i = 0; i < 101; i++) {
        acta_event events[100];
        acta_transaction *transaction = acta_transaction_create(acta_app_store(f->app));
        for (int j = 0; j < 100; j++)
            events[j] = (acta_event){ .type = acta_str_of("other"), .payload = { NULL, 0 } };
        acta_transaction_append(transaction, acta_str_of("other"), ACTA_ANY_VERSION, events, 100);
        commit(f, transaction);
        if (i == 50) {
            pass_ms(f, 3000);
            assert_int_equal(v.skipped, 0);
        }
    }
    pass_ms(f, 3000);
    assert_int_equal(v.skipped, 1);
    assert_int_equal(v.rows.bookmark.position, 10101);
    assert_int_equal(v.rows.bookmark.event, 1);
    stop(f);
    start_projecting(f);
    add(f, "a", 1);
    settle(f);
    expect_counter(f, "a");
}

/* Rows of the store are not for a projection into a database: each has one place for its position. */
static acta_status
put_a_row(void *user, ledger_Added event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    ledger_CounterRow row = { .counter_id = event.counter_id };
    (void)user;
    (void)recorded;

    assert_ptr_equal(acta_rows_database(rows), &v.database);
    assert_int_equal(ledger_CounterRow_get(rows, event.counter_id, &row, error), ACTA_INVALID);
    assert_int_equal(ledger_CounterRow_remove(rows, event.counter_id, error), ACTA_INVALID);
    return ledger_CounterRow_put(rows, row, error);
}

static void
rows_of_the_store_are_refused_there(void **state)
{
    fixture *f = FIXTURE(state);

    projection.on.Added = put_a_row;
    projection.retry_max = 1;
    start_projecting(f);
    add(f, "a", 1);
    pass_ms(f, 5000);
    acta_reader_info info = reader_info(f, "vault");
    assert_int_equal(info.parked, 1);
    assert_string_equal(info.reason, "'ledger.CounterRow' is a row of the store, and this projection writes into a "
                                     "database; make it another projection");
}

static void
a_database_without_its_functions_is_refused_at_start(void **state)
{
    static const acta_database nothing = { .code = NULL };
    fixture *f = FIXTURE(state);

    projection.database = &nothing;
    f->config.projections = projections;
    assert_int_equal(try_start(f), ACTA_INVALID);
    assert_string_equal(
        f->error.text, "the database of projection 'vault' lacks a function; set .code with .open, .apply and .close");
}

/* The actor is killed while its work is under way, or before: the next life waits for that, and goes on from the bookmark. */
static void
rows_are_right_whenever_the_reader_is_killed(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t random = test_seed();
    acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };
    answer answers[10] = { { 0 } };

    projection.window = 4;
    start_projecting(f);
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 10; i++)
            add_async(f, i % 2 ? "a" : i % 4 ? "b" : "bad", 0, NULL, &answers[i]);
        v.bad = round % 7 == 0;
        v.lost = round % 5 == 0;
        for (uint64_t i = next_random(&random) % 40; i > 0; i--)
            step(f);
        if (round % 2 == 0) {
            acta_pid pid = acta_whereis(acta_app_runtime(f->app), S("reader vault"));
            acta_exit(acta_app_runtime(f->app), (acta_pid){ 0 }, pid, &reason);
        }
        for (uint64_t i = next_random(&random) % 40; i > 0; i--)
            step(f);
        expect_exact(f);
    }
    v.bad = 0;
    settle(f);
    expect_all(f);
    acta_runtime_stats stats;
    acta_runtime_stats_read(acta_app_runtime(f->app), &stats);
    assert_true(stats.restarted >= 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_vault(rows_follow_the_log),
        with_vault(a_dispatch_that_waits_for_the_database_finds_the_rows),
        with_vault(rows_are_the_fold_wherever_the_process_dies),
        with_vault(a_database_that_is_down_is_waited_for),
        with_vault(a_commit_that_seemed_to_fail_is_not_done_again),
        with_vault(an_event_that_fails_is_set_aside_and_done_once),
        with_vault(events_of_a_stream_keep_their_order_through_failures),
        with_vault(what_failed_is_done_once_wherever_the_process_dies),
        with_vault(who_writes_beside_it_makes_it_begin_anew),
        with_vault(an_older_database_catches_up),
        with_vault(a_new_database_takes_up_what_was_parked),
        with_vault(a_database_of_another_log_is_refused),
        with_vault(a_database_from_before_a_late_event_is_refused),
        with_vault(a_bookmark_moves_past_events_that_are_not_wanted),
        with_vault(rows_of_the_store_are_refused_there),
        with_vault(a_database_without_its_functions_is_refused_at_start),
        with_vault(rows_are_right_whenever_the_reader_is_killed),
    };
    return run_on_memory("projections into a database", tests);
}
