/*
 * The bank's invariants can fail: a bank is run to its rest, where all of them hold, and then one thing is bent, behind its
 * back or in what its clients remember. Each time the invariant that is there for it must say so, by its name.
 */
#include "invariants_fixture.h"

static void
everything_holds_of_a_bank_at_rest(void **state)
{
    fixture *f = *state;

    must(f, bank_check_ended(f->auditor, f->fold, &f->error));
    must(f, bank_check_once(&f->clients, f->fold, &f->error));
    must(f, bank_check_answers(&f->clients, f->fold, &f->error));
    must(f, bank_check_rows(f->app, f->fold, true, &f->error));
    must(f, bank_check_rows(f->app, f->fold, false, &f->error));
    must(f, bank_check_snapshots(f->store, f->fold, &f->error));
    must(f, bank_check_managers(f->store, f->fold, true, &f->error));
    must(f, bank_check_states(f->app, f->fold, &f->error));
    assert_null(f->found);
}

/* -- what is kept -- */

static void
commit(fixture *f, acta_transaction *transaction)
{
    must(f, acta_store_commit(f->store, transaction, NULL, &f->error));
}

static void
put(fixture *f, const char *table, const char *key, acta_bytes value)
{
    acta_transaction *transaction = acta_transaction_create(f->store);
    acta_transaction_put(transaction, table, acta_str_bytes(acta_str_of(key)), value);
    commit(f, transaction);
}

static void
a_changed_inline_row_is_found(void **state)
{
    fixture *f = *state;
    const bank_stream *stream = first_stream(f, true);
    bank_BalanceRow row;

    must(f, bank_check_balances(f->app, f->fold, true, &f->error));
    must(f, bank_BalanceRow_find(f->app, stream->id, &row, f->memory, &f->error));
    row.balance++;
    put(f, "rm.bank.balancerow", stream->id.data, encode(f, &bank_BalanceRow_table, &row));
    says(f, bank_check_balances(f->app, f->fold, false, &f->error), "an inline row is not the fold of the log");
    row.balance--;
    row.version++;
    put(f, "rm.bank.balancerow", stream->id.data, encode(f, &bank_BalanceRow_table, &row));
    says(f, bank_check_balances(f->app, f->fold, true, &f->error), "an inline row is not the fold of the log");
}

static void
a_changed_row_of_an_account_is_found(void **state)
{
    fixture *f = *state;
    const bank_stream *stream = first_stream(f, true);
    bank_AccountRow row;

    must(f, bank_AccountRow_find(f->app, stream->id, &row, f->memory, &f->error));
    row.balance++;
    put(f, "rm.bank.accountrow", stream->id.data, encode(f, &bank_AccountRow_table, &row));
    says(f, bank_check_rows(f->app, f->fold, true, &f->error), "a row is not the fold of the log");
}

static void
a_changed_row_of_a_customer_is_found(void **state)
{
    fixture *f = *state;
    bank_CustomerRow row;

    must(f, bank_CustomerRow_find(f->app, acta_str_of("ada"), &row, f->memory, &f->error));
    row.open_count++;
    put(f, "rm.bank.customerrow", "ada", encode(f, &bank_CustomerRow_table, &row));
    says(f, bank_check_rows(f->app, f->fold, true, &f->error), "a row is not the fold of the log");
}

static void
a_changed_row_of_a_transfer_is_found(void **state)
{
    fixture *f = *state;
    const bank_stream *stream = first_stream(f, false);
    bank_TransferRow row;

    must(f, bank_TransferRow_find(f->app, stream->id, &row, f->memory, &f->error));
    row.phase = bank_Phase_withdrawn;
    put(f, "rm.bank.transferrow", stream->id.data, encode(f, &bank_TransferRow_table, &row));
    says(f, bank_check_rows(f->app, f->fold, true, &f->error), "a row is not the fold of the log");
}

static void
a_row_too_few_is_found(void **state)
{
    fixture *f = *state;
    acta_transaction *transaction = acta_transaction_create(f->store);

    acta_transaction_delete(transaction, "rm.bank.accountrow", acta_str_bytes(first_stream(f, true)->id));
    commit(f, transaction);
    says(f, bank_check_rows(f->app, f->fold, true, &f->error), "a row is missing");
}

static void
rows_that_are_not_at_their_checkpoint_are_found(void **state)
{
    fixture *f = *state;
    acta_transaction *transaction = acta_transaction_create(f->store);

    acta_transaction_checkpoint(transaction, "accounts", 1);
    commit(f, transaction);
    assert_int_not_equal(bank_check_rows(f->app, f->fold, false, &f->error), ACTA_OK);

    transaction = acta_transaction_create(f->store);
    acta_transaction_checkpoint(transaction, "accounts", bank_fold_position(f->fold) + 1);
    commit(f, transaction);
    says(f, bank_check_rows(f->app, f->fold, false, &f->error), "a projection is ahead of the log");
}

static void
put_snapshot(fixture *f, const bank_stream *stream, uint64_t version, acta_bytes bytes)
{
    acta_transaction *transaction = acta_transaction_create(f->store);
    acta_transaction_snapshot(transaction, acta_str_of(stream->name),
        &(acta_snapshot){ .version = version, .schema_hash = bank_Account_table.schema_hash, .state = bytes });
    commit(f, transaction);
}

static void
a_snapshot_of_another_version_is_found(void **state)
{
    fixture *f = *state;
    const bank_stream *stream = first_stream(f, true);
    bank_Account account = {
        .owner = acta_str_of(stream->owner), .open = stream->moments[1].open, .balance = stream->moments[1].balance
    };

    put_snapshot(f, stream, 1, encode(f, &bank_Account_table, &account));
    must(f, bank_check_snapshots(f->store, f->fold, &f->error));
    account.balance++;
    put_snapshot(f, stream, 1, encode(f, &bank_Account_table, &account));
    says(f, bank_check_snapshots(f->store, f->fold, &f->error), "a snapshot is not the fold of the log");
    put_snapshot(f, stream, 1, acta_bytes_from("nonsense", 8));
    says(f, bank_check_snapshots(f->store, f->fold, &f->error), "a snapshot is damaged");
}

static void
a_snapshot_of_what_is_not_in_the_log_is_found(void **state)
{
    fixture *f = *state;
    const bank_Account account = { .open = true };
    bank_fold *shorter = bank_fold_create();
    const bank_stream *stream = first_stream(f, true);

    assert_true(stream->version > 1);
    must(f, bank_fold_read(shorter, f->store, stream->moments[1].position, &f->error));
    put_snapshot(f, stream, 2, encode(f, &bank_Account_table, &account));
    says(f, bank_check_snapshots(f->store, shorter, &f->error), "a snapshot is ahead of the log");
    bank_fold_destroy(shorter);
}

static void
an_instance_or_an_outbox_that_is_left_is_found(void **state)
{
    fixture *f = *state;
    const uint8_t short_row[8] = { 0 };
    uint8_t row[256] = { 0 }, outbox[320] = { 0 };
    const bank_stream *stream = first_stream(f, false);
    const bank_Transfers instance = { .source_id = acta_str_of(stream->source_id),
        .target_id = acta_str_of(stream->target_id),
        .amount = stream->amount,
        .phase = bank_Phase_requested };
    acta_bytes bytes = encode(f, &bank_Transfers_table, &instance);

    put(f, "pm.bank.transfers", "transfer-x", acta_bytes_from(short_row, sizeof short_row));
    says(f, bank_check_managers(f->store, f->fold, true, &f->error), "a process manager has not ended");
    says(f, bank_check_managers(f->store, f->fold, false, &f->error), "an instance is not the fold of the log");
    acta_transaction *transaction = acta_transaction_create(f->store);
    acta_transaction_delete(transaction, "pm.bank.transfers", acta_str_bytes(acta_str_of("transfer-x")));
    commit(f, transaction);

    /* The row of an instance: its last position at 8, its state from 24 on. */
    memcpy(row + 8, &stream->requested_at, 8);
    memcpy(row + 24, bytes.data, bytes.size);
    put(f, "pm.bank.transfers", stream->id.data, acta_bytes_from(row, 24 + bytes.size));
    must(f, bank_check_managers(f->store, f->fold, false, &f->error));
    row[8]++; /* at another event */
    put(f, "pm.bank.transfers", stream->id.data, acta_bytes_from(row, 24 + bytes.size));
    says(f, bank_check_managers(f->store, f->fold, false, &f->error), "an instance is not the fold of the log");

    transaction = acta_transaction_create(f->store);
    acta_transaction_delete(transaction, "pm.bank.transfers", acta_str_bytes(stream->id));
    commit(f, transaction);

    /* The same in the row of its outbox: format 3 at 4, the held row's size at 56. */
    const uint64_t held_size = 24 + bytes.size;
    outbox[4] = 3;
    memcpy(outbox + 56, &held_size, sizeof held_size);
    memcpy(outbox + 64, row, held_size);
    put(f, "pm.bank.transfers.outbox", stream->id.data, acta_bytes_from(outbox, 64 + held_size));
    says(f, bank_check_managers(f->store, f->fold, false, &f->error), "an instance is not the fold of the log");
    outbox[64 + 8]--;
    put(f, "pm.bank.transfers.outbox", stream->id.data, acta_bytes_from(outbox, 64 + held_size));
    must(f, bank_check_managers(f->store, f->fold, false, &f->error));
    put(f, "pm.bank.transfers.outbox", "transfer-x", acta_bytes_from(short_row, sizeof short_row));
    says(f, bank_check_managers(f->store, f->fold, true, &f->error), "a command is left in an outbox");
}

static void
a_state_that_misses_an_event_is_found(void **state)
{
    fixture *f = *state;
    const bank_stream *stream = first_stream(f, true);
    const bank_MoneyDeposited event = { .account_id = stream->id, .amount = 5, .balance = 5 };

    tell_fold(f, stream->name, &bank_MoneyDeposited_table, &event, acta_id_of(acta_str_of("new")));
    says(f, bank_check_states(f->app, f->fold, &f->error), "a state is not the fold of the log");
}

static void
a_state_that_is_not_there_is_found(void **state)
{
    fixture *f = *state;
    const bank_AccountOpened event = { .account_id = acta_str_of("nobody") };

    tell_fold(f, "Account-nobody", &bank_AccountOpened_table, &event, acta_id_of(acta_str_of("new")));
    says(f, bank_check_states(f->app, f->fold, &f->error), "a state is not the fold of the log");
}

static void
a_read_of_a_time_before_is_found(void **state)
{
    fixture *f = *state;
    const bank_stream *stream = first_stream(f, true);
    bank_Account account = { .owner = acta_str_of(stream->owner), .open = true, .balance = stream->moments[1].balance };
    uint64_t first = stream->moments[1].position;

    must(f, bank_check_read(stream, first, first, &account, &f->error));
    account.balance++;
    says(f, bank_check_read(stream, first, first, &account, &f->error), "a read is of no moment");
}

static void
a_transfer_without_an_end_is_found(void **state)
{
    fixture *f = *state;
    const bank_TransferRequested event = {
        .transfer_id = acta_str_of("x"), .source_id = acta_str_of("a"), .target_id = acta_str_of("b"), .amount = 1
    };

    tell_fold(f, "Transfer-x", &bank_TransferRequested_table, &event, acta_id_of(acta_str_of("new")));
    says(f, bank_check_ended(f->auditor, f->fold, &f->error), "a requested transfer has not ended");
}

/* -- the runtime, handlers -- */

static void
messages_and_actors_that_do_not_add_up_are_found(void **state)
{
    fixture *f = *state;
    acta_runtime_stats stats = { .sent = 10, .handled = 8, .dropped = 2, .spawned = 3, .exited = 3 };

    must(f, bank_check_counters(&stats, true, &f->error));
    stats.handled = 7;
    must(f, bank_check_counters(&stats, false, &f->error));
    says(f, bank_check_counters(&stats, true, &f->error), "a message was lost");
    stats.handled = 9;
    says(f, bank_check_counters(&stats, false, &f->error), "a message was handled twice");
    stats.handled = 8;
    stats.exited = 4;
    says(f, bank_check_counters(&stats, false, &f->error), "an actor ended twice");
}

/* What a handler is told of the log: `position`, as it is there. */
static acta_status
show(fixture *f, bank_witness *witness, uint64_t position, bool replaying)
{
    acta_cursor *cursor;
    acta_recorded event;

    must(f, acta_cursor_open(f->store, &(acta_read){ .from = position }, &cursor, &f->error));
    must(f, acta_cursor_next(cursor, &event, &f->error));
    event.replaying = replaying;
    acta_status status = bank_witness_see(witness, &event, &f->error);
    acta_cursor_close(cursor);
    return status;
}

static void
what_a_handler_is_told_wrongly_is_found(void **state)
{
    fixture *f = *state;
    uint64_t head = bank_fold_position(f->fold);
    bank_witness witness;

    assert_true(bank_witness_begin(&witness, "w", NULL, 0));
    for (uint64_t position = 1; position < head; position++)
        must(f, show(f, &witness, position, false));
    says(f, bank_witness_check(&witness, f->fold, &f->error), "a handler was not told of an event");
    must(f, show(f, &witness, head, false));
    must(f, show(f, &witness, 1, true));
    must(f, bank_witness_check(&witness, f->fold, &f->error));
    witness.digests[0]++;
    says(f, bank_witness_check(&witness, f->fold, &f->error), "a handler was told what the log does not have");
    must(f, show(f, &witness, 1, true));
    says(f, bank_witness_check(&witness, f->fold, &f->error), "a handler was told something else before");
    bank_witness_destroy(&witness);

    assert_true(bank_witness_begin(&witness, "w", NULL, 0));
    must(f, show(f, &witness, 1, false));
    must(f, show(f, &witness, 1, false));
    says(f, bank_witness_check(&witness, f->fold, &f->error), "a handler is told twice and not told that");
    bank_witness_destroy(&witness);

    const bank_stream *stream = first_stream(f, true);
    assert_true(bank_witness_begin(&witness, "w", NULL, 0));
    must(f, show(f, &witness, stream->moments[2].position, false));
    says(f, bank_witness_check(&witness, f->fold, &f->error), "a handler is told before what comes before");
    bank_witness_destroy(&witness);
}

/* -- the scenario: what it looks at itself -- */

typedef struct scene {
    acta_sim *sims[2];
    acta_app *apps[2];
    void *state;
} scene;

static void
open_one_account(fixture *f, acta_app *app, int64_t balance)
{
    const bank_OpenAccount command = { .account_id = acta_str_of("a"), .initial_balance = balance };
    must(f, bank_OpenAccount_dispatch(app, command, NULL, &f->error));
    must(f, acta_app_settle(app, SETTLE_MS, &f->error));
}

/* Two banks, of which the scenario takes the second for the first after a crash. */
static scene
begin_scene(fixture *f)
{
    scene s = { .state = test_calloc(1, bank_scenario.state_size) };

    for (int i = 0; i < 2; i++) {
        s.sims[i] = acta_sim_create(SEED);
        if (i == 0) bank_scenario.begin(s.sims[0], s.state);
        must(f, acta_sim_start(s.sims[i], bank_scenario.app, &s.apps[i], &f->error));
    }
    open_one_account(f, s.apps[0], 100);
    bank_scenario.started(s.sims[0], s.state, s.apps[0]);
    must(f, bank_scenario.check_step(s.sims[0], s.state, s.apps[0], &f->error));
    return s;
}

static void
end_scene(scene *s)
{
    acta_sim_destroy(s->sims[0]);
    acta_sim_destroy(s->sims[1]);
    bank_scenario.end(NULL, s->state);
    test_free(s->state);
}

static void
a_log_that_lost_its_end_is_found(void **state)
{
    fixture *f = *state;
    scene s = begin_scene(f);

    bank_scenario.started(s.sims[1], s.state, s.apps[1]);
    says(f, bank_scenario.check_step(s.sims[1], s.state, s.apps[1], &f->error), "the end of the log is lost");
    end_scene(&s);
}

static void
a_log_that_was_written_anew_is_found(void **state)
{
    fixture *f = *state;
    scene s = begin_scene(f);

    open_one_account(f, s.apps[1], 200);
    bank_scenario.started(s.sims[1], s.state, s.apps[1]);
    says(f, bank_scenario.check(s.sims[1], s.state, s.apps[1], &f->error), "the log has changed");
    end_scene(&s);
}

static void
a_log_that_breaks_a_rule_is_found_by_the_name_of_the_rule(void **state)
{
    fixture *f = *state;
    scene s = begin_scene(f);
    acta_store *store = acta_app_store(s.apps[0]);
    acta_transaction *transaction = acta_transaction_create(store);
    const bank_MoneyWithdrawn event = { .account_id = acta_str_of("a"), .amount = 101, .balance = -1 };

    acta_transaction_append(transaction, acta_str_of("Account-a"), 1,
        &(acta_event){ .type = acta_str_of(bank_MoneyWithdrawn_table.name),
            .schema_hash = bank_MoneyWithdrawn_table.schema_hash,
            .payload = encode(f, &bank_MoneyWithdrawn_table, &event) },
        1);
    must(f, acta_store_commit(store, transaction, NULL, &f->error));
    says(f, bank_scenario.check_step(s.sims[0], s.state, s.apps[0], &f->error), "the balance falls below 0");
    end_scene(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(everything_holds_of_a_bank_at_rest),
        CASE(a_changed_inline_row_is_found),
        CASE(a_changed_row_of_an_account_is_found),
        CASE(a_changed_row_of_a_customer_is_found),
        CASE(a_changed_row_of_a_transfer_is_found),
        CASE(a_row_too_few_is_found),
        CASE(rows_that_are_not_at_their_checkpoint_are_found),
        CASE(a_snapshot_of_another_version_is_found),
        CASE(a_snapshot_of_what_is_not_in_the_log_is_found),
        CASE(an_instance_or_an_outbox_that_is_left_is_found),
        CASE(a_state_that_misses_an_event_is_found),
        CASE(a_state_that_is_not_there_is_found),
        CASE(a_read_of_a_time_before_is_found),
        CASE(a_transfer_without_an_end_is_found),
        CASE(messages_and_actors_that_do_not_add_up_are_found),
        CASE(what_a_handler_is_told_wrongly_is_found),
        CASE(a_log_that_lost_its_end_is_found),
        CASE(a_log_that_was_written_anew_is_found),
        CASE(a_log_that_breaks_a_rule_is_found_by_the_name_of_the_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) + run_cases_of_answers();
}
