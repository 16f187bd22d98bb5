/*
 * The account, given events, when a command: no store, no threads. Every rejection, and every edge of the numbers.
 */
#include "bank.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acta/test.h"

static void
open_with(int64_t balance)
{
    ACTA_GIVEN(&bank_account, bank_AccountOpened, .account_id = S("A"), .owner = S("ann"), .initial_balance = balance);
}

static void
close_empty(void)
{
    open_with(0);
    ACTA_GIVEN(&bank_account, bank_AccountClosed, .account_id = S("A"));
}

static void
opening_tells_owner_and_balance(void **state)
{
    (void)state;
    ACTA_WHEN(&bank_account, bank_OpenAccount, .account_id = S("A"), .owner = S("ann"), .initial_balance = 100);
    ACTA_THEN(&bank_account, bank_AccountOpened, .account_id = S("A"), .owner = S("ann"), .initial_balance = 100);
    ACTA_THEN_NOTHING(&bank_account);
}

static void
an_account_without_an_owner_is_its_own(void **state)
{
    (void)state;
    ACTA_WHEN(&bank_account, bank_OpenAccount, .account_id = S("A"));
    ACTA_THEN(&bank_account, bank_AccountOpened, .account_id = S("A"), .owner = S("A"));
}

static void
opening_twice_is_rejected(void **state)
{
    (void)state;
    open_with(100);
    ACTA_WHEN(&bank_account, bank_OpenAccount, .account_id = S("A"), .initial_balance = 100);
    ACTA_THEN_REJECTED(&bank_account, "account_already_open");
}

static void
opening_what_was_closed_is_rejected(void **state)
{
    (void)state;
    close_empty();
    ACTA_WHEN(&bank_account, bank_OpenAccount, .account_id = S("A"));
    ACTA_THEN_REJECTED(&bank_account, "account_already_open");
}

static void
opening_with_less_than_nothing_is_rejected(void **state)
{
    (void)state;
    ACTA_WHEN(&bank_account, bank_OpenAccount, .account_id = S("A"), .initial_balance = -1);
    ACTA_THEN_REJECTED(&bank_account, "amount_not_positive");
    ACTA_WHEN(&bank_account, bank_OpenAccount, .account_id = S("A"), .initial_balance = INT64_MIN);
    ACTA_THEN_REJECTED(&bank_account, "amount_not_positive");
}

static void
opening_holds_to_the_largest_balance(void **state)
{
    (void)state;
    ACTA_WHEN(&bank_account, bank_OpenAccount, .account_id = S("A"), .initial_balance = BANK_BALANCE_MAX);
    ACTA_THEN(
        &bank_account, bank_AccountOpened, .account_id = S("A"), .owner = S("A"), .initial_balance = BANK_BALANCE_MAX);
    ACTA_WHEN(&bank_account, bank_OpenAccount, .account_id = S("B"), .initial_balance = BANK_BALANCE_MAX + 1);
    ACTA_THEN_REJECTED(&bank_account, "balance_too_large");
}

static void
a_deposit_adds(void **state)
{
    (void)state;
    open_with(100);
    ACTA_WHEN(&bank_account, bank_Deposit, .account_id = S("A"), .amount = 20);
    ACTA_THEN(&bank_account, bank_MoneyDeposited, .account_id = S("A"), .amount = 20, .balance = 120);
    ACTA_THEN_NOTHING(&bank_account);
}

static void
a_deposit_keeps_reason_transfer_and_note(void **state)
{
    (void)state;
    open_with(0);
    ACTA_WHEN(&bank_account, bank_Deposit, .account_id = S("A"), .amount = 1, .reason = bank_Reason_refund,
        .transfer_id = S("t"), .note = S("why"));
    ACTA_THEN(&bank_account, bank_MoneyDeposited, .account_id = S("A"), .amount = 1, .balance = 1,
        .reason = bank_Reason_refund, .transfer_id = S("t"), .note = S("why"));
}

static void
a_deposit_of_nothing_or_less_is_rejected(void **state)
{
    static const int64_t amounts[] = { 0, -1, INT64_MIN };
    (void)state;
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        open_with(100);
        ACTA_WHEN(&bank_account, bank_Deposit, .account_id = S("A"), .amount = amounts[i]);
        ACTA_THEN_REJECTED(&bank_account, "amount_not_positive");
    }
}

static void
a_deposit_to_an_account_that_is_not_open_is_rejected(void **state)
{
    (void)state;
    ACTA_WHEN(&bank_account, bank_Deposit, .account_id = S("A"), .amount = 1);
    ACTA_THEN_REJECTED(&bank_account, "account_not_open");
    close_empty();
    ACTA_WHEN(&bank_account, bank_Deposit, .account_id = S("A"), .amount = 1, .reason = bank_Reason_transfer);
    ACTA_THEN_REJECTED(&bank_account, "account_not_open");
}

static void
a_deposit_that_would_overflow_is_rejected(void **state)
{
    (void)state;
    open_with(100);
    ACTA_WHEN(&bank_account, bank_Deposit, .account_id = S("A"), .amount = INT64_MAX);
    ACTA_THEN_REJECTED(&bank_account, "balance_too_large");
    open_with(BANK_BALANCE_MAX);
    ACTA_WHEN(&bank_account, bank_Deposit, .account_id = S("A"), .amount = 1);
    ACTA_THEN_REJECTED(&bank_account, "balance_too_large");
    open_with(BANK_BALANCE_MAX - 1);
    ACTA_WHEN(&bank_account, bank_Deposit, .account_id = S("A"), .amount = 1);
    ACTA_THEN(&bank_account, bank_MoneyDeposited, .account_id = S("A"), .amount = 1, .balance = BANK_BALANCE_MAX);
}

/* Money on its way back always finds a home: a closed one, and one that is full. */
static void
a_refund_is_taken_where_a_deposit_is_not(void **state)
{
    (void)state;
    close_empty();
    ACTA_WHEN(&bank_account, bank_Deposit, .account_id = S("A"), .amount = 5, .reason = bank_Reason_refund);
    ACTA_THEN(&bank_account, bank_MoneyDeposited, .account_id = S("A"), .amount = 5, .balance = 5,
        .reason = bank_Reason_refund);
    open_with(BANK_BALANCE_MAX);
    ACTA_WHEN(&bank_account, bank_Deposit, .account_id = S("A"), .amount = 5, .reason = bank_Reason_refund);
    ACTA_THEN(&bank_account, bank_MoneyDeposited, .account_id = S("A"), .amount = 5, .balance = BANK_BALANCE_MAX + 5,
        .reason = bank_Reason_refund);
}

static void
a_refund_has_limits_too(void **state)
{
    (void)state;
    ACTA_WHEN(&bank_account, bank_Deposit, .account_id = S("A"), .amount = 5, .reason = bank_Reason_refund);
    ACTA_THEN_REJECTED(&bank_account, "account_not_open");
    open_with(1);
    ACTA_WHEN(&bank_account, bank_Deposit, .account_id = S("A"), .amount = INT64_MAX, .reason = bank_Reason_refund);
    ACTA_THEN_REJECTED(&bank_account, "balance_too_large");
    open_with(0);
    ACTA_WHEN(&bank_account, bank_Deposit, .account_id = S("A"), .amount = 0, .reason = bank_Reason_refund);
    ACTA_THEN_REJECTED(&bank_account, "amount_not_positive");
}

static void
a_withdrawal_takes(void **state)
{
    (void)state;
    open_with(100);
    ACTA_WHEN(&bank_account, bank_Withdraw, .account_id = S("A"), .amount = 80, .transfer_id = S("t"));
    ACTA_THEN(
        &bank_account, bank_MoneyWithdrawn, .account_id = S("A"), .amount = 80, .balance = 20, .transfer_id = S("t"));
    ACTA_THEN_NOTHING(&bank_account);
}

static void
a_withdrawal_of_all_leaves_nothing(void **state)
{
    (void)state;
    open_with(100);
    ACTA_WHEN(&bank_account, bank_Withdraw, .account_id = S("A"), .amount = 100);
    ACTA_THEN(&bank_account, bank_MoneyWithdrawn, .account_id = S("A"), .amount = 100, .balance = 0);
}

static void
a_withdrawal_beyond_the_balance_is_rejected(void **state)
{
    (void)state;
    open_with(100);
    ACTA_WHEN(&bank_account, bank_Withdraw, .account_id = S("A"), .amount = 101);
    ACTA_THEN_REJECTED(&bank_account, "insufficient_funds");
    open_with(100);
    ACTA_WHEN(&bank_account, bank_Withdraw, .account_id = S("A"), .amount = INT64_MAX);
    ACTA_THEN_REJECTED(&bank_account, "insufficient_funds");
}

static void
a_withdrawal_of_nothing_or_less_is_rejected(void **state)
{
    static const int64_t amounts[] = { 0, -1, INT64_MIN };
    (void)state;
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        open_with(100);
        ACTA_WHEN(&bank_account, bank_Withdraw, .account_id = S("A"), .amount = amounts[i]);
        ACTA_THEN_REJECTED(&bank_account, "amount_not_positive");
    }
}

static void
a_withdrawal_from_an_account_that_is_not_open_is_rejected(void **state)
{
    (void)state;
    ACTA_WHEN(&bank_account, bank_Withdraw, .account_id = S("A"), .amount = 1);
    ACTA_THEN_REJECTED(&bank_account, "account_not_open");
    close_empty();
    ACTA_WHEN(&bank_account, bank_Withdraw, .account_id = S("A"), .amount = 1);
    ACTA_THEN_REJECTED(&bank_account, "account_not_open");
}

static void
the_balance_is_what_the_events_made_it(void **state)
{
    (void)state;
    open_with(100);
    ACTA_GIVEN(&bank_account, bank_MoneyDeposited, .account_id = S("A"), .amount = 50, .balance = 150);
    ACTA_GIVEN(&bank_account, bank_MoneyWithdrawn, .account_id = S("A"), .amount = 30, .balance = 120);
    ACTA_WHEN(&bank_account, bank_Withdraw, .account_id = S("A"), .amount = 121);
    ACTA_THEN_REJECTED(&bank_account, "insufficient_funds");
}

static void
an_empty_account_closes(void **state)
{
    (void)state;
    open_with(0);
    ACTA_WHEN(&bank_account, bank_CloseAccount, .account_id = S("A"));
    ACTA_THEN(&bank_account, bank_AccountClosed, .account_id = S("A"));
    ACTA_THEN_NOTHING(&bank_account);
}

static void
an_account_with_money_does_not_close(void **state)
{
    (void)state;
    open_with(1);
    ACTA_WHEN(&bank_account, bank_CloseAccount, .account_id = S("A"));
    ACTA_THEN_REJECTED(&bank_account, "account_not_empty");
}

static void
what_is_not_open_does_not_close(void **state)
{
    (void)state;
    ACTA_WHEN(&bank_account, bank_CloseAccount, .account_id = S("A"));
    ACTA_THEN_REJECTED(&bank_account, "account_not_open");
    close_empty();
    ACTA_WHEN(&bank_account, bank_CloseAccount, .account_id = S("A"));
    ACTA_THEN_REJECTED(&bank_account, "account_not_open");
}

static void
fail_here(const char *message, const char *file, int line)
{
    print_error("%s\n", message);
    _fail(file, line);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_tells_owner_and_balance),
        cmocka_unit_test(an_account_without_an_owner_is_its_own),
        cmocka_unit_test(opening_twice_is_rejected),
        cmocka_unit_test(opening_what_was_closed_is_rejected),
        cmocka_unit_test(opening_with_less_than_nothing_is_rejected),
        cmocka_unit_test(opening_holds_to_the_largest_balance),
        cmocka_unit_test(a_deposit_adds),
        cmocka_unit_test(a_deposit_keeps_reason_transfer_and_note),
        cmocka_unit_test(a_deposit_of_nothing_or_less_is_rejected),
        cmocka_unit_test(a_deposit_to_an_account_that_is_not_open_is_rejected),
        cmocka_unit_test(a_deposit_that_would_overflow_is_rejected),
        cmocka_unit_test(a_refund_is_taken_where_a_deposit_is_not),
        cmocka_unit_test(a_refund_has_limits_too),
        cmocka_unit_test(a_withdrawal_takes),
        cmocka_unit_test(a_withdrawal_of_all_leaves_nothing),
        cmocka_unit_test(a_withdrawal_beyond_the_balance_is_rejected),
        cmocka_unit_test(a_withdrawal_of_nothing_or_less_is_rejected),
        cmocka_unit_test(a_withdrawal_from_an_account_that_is_not_open_is_rejected),
        cmocka_unit_test(the_balance_is_what_the_events_made_it),
        cmocka_unit_test(an_empty_account_closes),
        cmocka_unit_test(an_account_with_money_does_not_close),
        cmocka_unit_test(what_is_not_open_does_not_close),
    };
    acta_test_on_failure(fail_here);
    return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
