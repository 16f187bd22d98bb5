/*
 * The auditor finds what is wrong: each rule of the log is broken once, by events that nobody but a defect would write.
 */
#include "bank.h"
#include "log_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "auditing.h"

static const char *const streams[AUDITED_STREAMS] = { "Account-A", "Account-B", "Transfer-t", "Transfer-u" };

static int
setup(void **state)
{
    return set_up_audit(state, bank_log_check_create(), streams);
}

static void
open_both(audit_fixture *f)
{
    FINE("Account-A", bank_AccountOpened, .account_id = S("A"), .initial_balance = 100);
    FINE("Account-B", bank_AccountOpened, .account_id = S("B"), .initial_balance = 0);
}

static void
request(audit_fixture *f)
{
    open_both(f);
    FINE("Transfer-t", bank_TransferRequested, .transfer_id = S("t"), .source_id = S("A"), .target_id = S("B"),
        .amount = 80);
}

static void
withdraw(audit_fixture *f)
{
    request(f);
    FINE("Account-A", bank_MoneyWithdrawn, .account_id = S("A"), .amount = 80, .balance = 20, .transfer_id = S("t"));
}

static void
deposit(audit_fixture *f)
{
    withdraw(f);
    FINE("Account-B", bank_MoneyDeposited, .account_id = S("B"), .amount = 80, .balance = 80,
        .reason = bank_Reason_transfer, .transfer_id = S("t"));
}

static void
give_back(audit_fixture *f)
{
    withdraw(f);
    FINE("Account-A", bank_MoneyDeposited, .account_id = S("A"), .amount = 80, .balance = 100,
        .reason = bank_Reason_refund, .transfer_id = S("t"));
}

static void
a_whole_transfer_is_fine(void **state)
{
    audit_fixture *f = *state;
    deposit(f);
    assert_int_equal(bank_log_check_totals(f->auditor)->on_the_way, 0);
    FINE("Transfer-t", bank_TransferCompleted, .transfer_id = S("t"));
    FINE("Account-A", bank_MoneyDeposited, .account_id = S("A"), .amount = 5, .balance = 25);
    FINE("Account-A", bank_MoneyWithdrawn, .account_id = S("A"), .amount = 25, .balance = 0);
    FINE("Account-A", bank_AccountClosed, .account_id = S("A"));

    const bank_log_totals *totals = bank_log_check_totals(f->auditor);
    assert_int_equal(totals->events, 9);
    assert_int_equal(totals->completed, 1);
    assert_int_equal(totals->brought_in, 80);
    assert_int_equal(totals->on_accounts, 80);
    assert_int_equal(bank_log_check_phase(f->auditor, S("t")), BANK_LOG_COMPLETED);
    assert_int_equal(bank_log_check_balance(f->auditor, S("B")), 80);
    assert_int_equal(bank_log_check_balance(f->auditor, S("nobody")), -1);
}

static void
a_refund_and_a_rejection_are_fine(void **state)
{
    audit_fixture *f = *state;
    give_back(f);
    FINE("Transfer-t", bank_TransferFailed, .transfer_id = S("t"), .refunded = true);
    FINE("Transfer-u", bank_TransferRequested, .transfer_id = S("u"), .source_id = S("B"), .target_id = S("A"),
        .amount = 1);
    FINE("Transfer-u", bank_TransferFailed, .transfer_id = S("u"));
    assert_int_equal(bank_log_check_totals(f->auditor)->refunded, 1);
    assert_int_equal(bank_log_check_totals(f->auditor)->rejected, 1);
}

static void
money_on_the_way_is_counted(void **state)
{
    audit_fixture *f = *state;
    withdraw(f);
    assert_int_equal(bank_log_check_totals(f->auditor)->on_the_way, 80);
    assert_int_equal(bank_log_check_totals(f->auditor)->on_accounts, 20);
    assert_int_equal(bank_log_check_totals(f->auditor)->brought_in, 100);
}

static void
a_gap_of_positions_is_found(void **state)
{
    audit_fixture *f = *state;
    open_both(f);
    f->next.position++;
    WRONG("a position is not the one after", "Account-A", bank_AccountClosed, .account_id = S("A"));
}

static void
a_gap_of_versions_is_found(void **state)
{
    audit_fixture *f = *state;
    open_both(f);
    f->versions[0]++;
    WRONG("a version is not the one after", "Account-A", bank_MoneyDeposited, .account_id = S("A"), .amount = 1,
        .balance = 101);
}

static void
a_time_that_falls_is_found(void **state)
{
    audit_fixture *f = *state;
    open_both(f);
    f->next.recorded_at_us = 0;
    WRONG("an event is older than the one before", "Account-A", bank_MoneyDeposited, .account_id = S("A"), .amount = 1,
        .balance = 101);
}

static void
damage_goes_on_being_told(void **state)
{
    audit_fixture *f = *state;
    a_gap_of_positions_is_found(state);
    assert_int_equal(
        PUT("Account-A", bank_MoneyDeposited, .account_id = S("A"), .amount = 1, .balance = 101), ACTA_CORRUPT);
}

static void
a_payload_of_another_type_is_found(void **state)
{
    audit_fixture *f = *state;
    f->next = (acta_recorded){ .position = 1,
        .version = 1,
        .stream = S("Account-A"),
        .type = S("bank.AccountOpened"),
        .payload = acta_bytes_from("damaged", 7) };
    assert_int_equal(bank_log_check_event(f->auditor, &f->next, &f->error), ACTA_CORRUPT);
}

static void
an_unknown_type_is_found(void **state)
{
    audit_fixture *f = *state;
    f->next = (acta_recorded){ .position = 1, .version = 1, .stream = S("Account-A"), .type = S("bank.Nothing") };
    assert_int_equal(bank_log_check_event(f->auditor, &f->next, &f->error), ACTA_CORRUPT);
}

static void
a_removed_event_is_found(void **state)
{
    audit_fixture *f = *state;
    f->next.kind = ACTA_RECORD_STUB;
    WRONG("removed", "Account-A", bank_AccountOpened, .account_id = S("A"));
}

static void
an_event_in_a_foreign_stream_is_found(void **state)
{
    audit_fixture *f = *state;
    WRONG("another account's", "Account-A", bank_AccountOpened, .account_id = S("B"));
}

static void
a_second_opening_is_found(void **state)
{
    audit_fixture *f = *state;
    open_both(f);
    WRONG("opened twice", "Account-A", bank_AccountOpened, .account_id = S("A"));
}

static void
a_wrong_balance_is_found(void **state)
{
    audit_fixture *f = *state;
    open_both(f);
    WRONG("not the one before and the amount", "Account-A", bank_MoneyDeposited, .account_id = S("A"), .amount = 1,
        .balance = 100);
}

static void
a_balance_below_zero_is_found(void **state)
{
    audit_fixture *f = *state;
    open_both(f);
    WRONG("falls below 0", "Account-A", bank_MoneyWithdrawn, .account_id = S("A"), .amount = 101, .balance = -1);
}

static void
money_for_a_closed_account_is_found(void **state)
{
    audit_fixture *f = *state;
    open_both(f);
    FINE("Account-B", bank_AccountClosed, .account_id = S("B"));
    WRONG("that is closed", "Account-B", bank_MoneyDeposited, .account_id = S("B"), .amount = 1, .balance = 1);
}

static void
closing_with_money_is_found(void **state)
{
    audit_fixture *f = *state;
    open_both(f);
    WRONG("closed with money", "Account-A", bank_AccountClosed, .account_id = S("A"));
}

static void
a_withdrawal_that_nobody_requested_is_found(void **state)
{
    audit_fixture *f = *state;
    open_both(f);
    WRONG("nobody requested", "Account-A", bank_MoneyWithdrawn, .account_id = S("A"), .amount = 80, .balance = 20,
        .transfer_id = S("t"));
}

static void
a_second_withdrawal_is_found(void **state)
{
    audit_fixture *f = *state;
    withdraw(f);
    FINE("Account-A", bank_MoneyDeposited, .account_id = S("A"), .amount = 80, .balance = 100);
    WRONG("goes twice", "Account-A", bank_MoneyWithdrawn, .account_id = S("A"), .amount = 80, .balance = 20,
        .transfer_id = S("t"));
}

static void
a_second_deposit_is_found(void **state)
{
    audit_fixture *f = *state;
    deposit(f);
    WRONG("none on the way", "Account-B", bank_MoneyDeposited, .account_id = S("B"), .amount = 80, .balance = 160,
        .reason = bank_Reason_transfer, .transfer_id = S("t"));
}

static void
a_refund_after_the_deposit_is_found(void **state)
{
    audit_fixture *f = *state;
    deposit(f);
    WRONG("none on the way", "Account-A", bank_MoneyDeposited, .account_id = S("A"), .amount = 80, .balance = 100,
        .reason = bank_Reason_refund, .transfer_id = S("t"));
}

static void
another_amount_is_found(void **state)
{
    audit_fixture *f = *state;
    withdraw(f);
    WRONG("another amount", "Account-B", bank_MoneyDeposited, .account_id = S("B"), .amount = 79, .balance = 79,
        .reason = bank_Reason_transfer, .transfer_id = S("t"));
}

static void
a_transfer_to_a_third_account_is_found(void **state)
{
    audit_fixture *f = *state;
    withdraw(f);
    WRONG("another's account", "Account-A", bank_MoneyDeposited, .account_id = S("A"), .amount = 80, .balance = 100,
        .reason = bank_Reason_transfer, .transfer_id = S("t"));
}

static void
a_completion_without_the_money_is_found(void **state)
{
    audit_fixture *f = *state;
    withdraw(f);
    WRONG("not at its target", "Transfer-t", bank_TransferCompleted, .transfer_id = S("t"));
}

static void
a_refund_is_no_completion(void **state)
{
    audit_fixture *f = *state;
    give_back(f);
    WRONG("not at its target", "Transfer-t", bank_TransferCompleted, .transfer_id = S("t"));
}

static void
a_refund_that_did_not_happen_is_found(void **state)
{
    audit_fixture *f = *state;
    withdraw(f);
    WRONG("not back at its source", "Transfer-t", bank_TransferFailed, .transfer_id = S("t"), .refunded = true);
}

static void
a_rejection_that_kept_the_money_is_found(void **state)
{
    audit_fixture *f = *state;
    withdraw(f);
    WRONG("has moved money", "Transfer-t", bank_TransferFailed, .transfer_id = S("t"));
}

static void
a_second_end_is_found(void **state)
{
    audit_fixture *f = *state;
    deposit(f);
    FINE("Transfer-t", bank_TransferCompleted, .transfer_id = S("t"));
    WRONG("not at its target", "Transfer-t", bank_TransferCompleted, .transfer_id = S("t"));
}

static void
more_money_than_can_be_counted_is_found(void **state)
{
    audit_fixture *f = *state;
    FINE("Account-A", bank_AccountOpened, .account_id = S("A"), .initial_balance = INT64_MAX);
    WRONG(
        "more money than can be counted", "Account-B", bank_AccountOpened, .account_id = S("B"), .initial_balance = 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tear_down_audit)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_transfer_is_fine),
        TEST(a_refund_and_a_rejection_are_fine),
        TEST(money_on_the_way_is_counted),
        TEST(a_gap_of_positions_is_found),
        TEST(a_gap_of_versions_is_found),
        TEST(a_time_that_falls_is_found),
        TEST(damage_goes_on_being_told),
        TEST(a_payload_of_another_type_is_found),
        TEST(an_unknown_type_is_found),
        TEST(a_removed_event_is_found),
        TEST(an_event_in_a_foreign_stream_is_found),
        TEST(a_second_opening_is_found),
        TEST(a_wrong_balance_is_found),
        TEST(a_balance_below_zero_is_found),
        TEST(money_for_a_closed_account_is_found),
        TEST(closing_with_money_is_found),
        TEST(a_withdrawal_that_nobody_requested_is_found),
        TEST(a_second_withdrawal_is_found),
        TEST(a_second_deposit_is_found),
        TEST(a_refund_after_the_deposit_is_found),
        TEST(another_amount_is_found),
        TEST(a_transfer_to_a_third_account_is_found),
        TEST(a_completion_without_the_money_is_found),
        TEST(a_refund_is_no_completion),
        TEST(a_refund_that_did_not_happen_is_found),
        TEST(a_rejection_that_kept_the_money_is_found),
        TEST(a_second_end_is_found),
        TEST(more_money_than_can_be_counted_is_found),
    };
    return cmocka_run_group_tests_name("log check", tests, NULL, NULL);
}
