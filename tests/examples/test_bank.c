/*
 * The bank as a whole, with its process manager, its read models and real threads, over the memory engine: each way
 * that a transfer can go, a restart on the same disk, and many transfers at once.
 */
#include "bank.h"
#include "log_check.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "acta/memory_engine.h"
#include "acta/schedule.h"
#include "acta/test.h"

enum { SETTLE_MS = 120000, STOP_MS = 120000 };

/* Longer than a crowded machine takes for any command. */
static const acta_dispatch_options patiently = { .timeout_ms = 120000 };

typedef struct fixture {
    acta_disk *disk;
    acta_app *app;
    acta_memory *memory;
    acta_error error;
} fixture;

#define MUST(f, call)                                                                                                  \
    do {                                                                                                               \
        if ((call) != ACTA_OK) fail_msg("%s", (f)->error.text);                                                        \
    } while (0)

static void
start(fixture *f)
{
    const acta_app_config config = { .schema = &bank_schema,
        .aggregates = bank_aggregates,
        .process_managers = bank_process_managers,
        .projections = bank_projections,
        .store = { .engine = acta_memory_engine(f->disk) } };
    MUST(f, acta_app_start(&config, &f->app, &f->error));
}

static void
stop(fixture *f)
{
    MUST(f, acta_app_stop(f->app, STOP_MS, &f->error));
    f->app = NULL;
}

static int
setup(void **state)
{
    fixture *f = test_calloc(1, sizeof *f);
    f->disk = acta_disk_create(NULL);
    f->memory = acta_memory_create(NULL);
    *state = f;
    start(f);
    return 0;
}

static int
teardown(void **state)
{
    fixture *f = *state;
    if (f->app != NULL) acta_app_stop(f->app, STOP_MS, NULL);
    acta_disk_destroy(f->disk);
    acta_memory_destroy(f->memory);
    test_free(f);
    return 0;
}

/* -- what the tests do -- */

static void
open_account(fixture *f, const char *id, int64_t balance)
{
    MUST(f, bank_OpenAccount_dispatch(f->app,
                ACTA_INIT(bank_OpenAccount, .account_id = S(id), .owner = S("ann"), .initial_balance = balance),
                &patiently, &f->error));
}

static void
close_account(fixture *f, const char *id)
{
    MUST(f,
        bank_CloseAccount_dispatch(f->app, ACTA_INIT(bank_CloseAccount, .account_id = S(id)), &patiently, &f->error));
}

static void
request(fixture *f, const char *id, const char *source, const char *target, int64_t amount)
{
    MUST(f, bank_RequestTransfer_dispatch(f->app,
                ACTA_INIT(bank_RequestTransfer, .transfer_id = S(id), .source_id = S(source), .target_id = S(target),
                    .amount = amount),
                &patiently, &f->error));
}

static void
settle(fixture *f)
{
    MUST(f, acta_app_settle(f->app, SETTLE_MS, &f->error));
}

static int64_t
balance_of(fixture *f, const char *id)
{
    bank_Account account;
    MUST(f, bank_Account_read(f->app, S(id), &account, NULL, &f->error));
    return account.balance;
}

static void
assert_ended(fixture *f, const char *id, bank_Phase phase, const char *reason)
{
    bank_Transfer transfer = { 0 };
    MUST(f, bank_Transfer_read(f->app, S(id), &transfer, f->memory, &f->error));
    assert_string_equal(bank_Phase_name(transfer.phase), bank_Phase_name(phase));
    if (!acta_str_equal(transfer.reason, S(reason)))
        fail_msg("'" ACTA_FMT "' instead of '%s'", ACTA_ARG(transfer.reason), reason);
}

/* The auditor has read the whole log and found nothing wrong; so much money is there. */
static void
assert_log_is_sound(fixture *f, int64_t money)
{
    bank_log_check *check = bank_log_check_create();
    MUST(f, bank_log_check_read(check, acta_app_store(f->app), &f->error));
    const bank_log_totals *totals = bank_log_check_totals(check);
    assert_int_equal(totals->on_accounts, money);
    assert_int_equal(totals->on_the_way, 0);
    assert_int_equal(totals->requested, totals->completed + totals->refunded + totals->rejected);
    bank_log_check_destroy(check);
}

/* -- each way that a transfer can go -- */

static void
a_transfer_moves_the_money(void **state)
{
    fixture *f = *state;
    open_account(f, "A", 100);
    open_account(f, "B", 0);
    request(f, "t", "A", "B", 80);
    settle(f);
    assert_int_equal(balance_of(f, "A"), 20);
    assert_int_equal(balance_of(f, "B"), 80);
    assert_ended(f, "t", bank_Phase_completed, "");
    assert_log_is_sound(f, 100);
}

static void
a_transfer_beyond_the_balance_moves_nothing(void **state)
{
    fixture *f = *state;
    open_account(f, "A", 100);
    open_account(f, "B", 0);
    request(f, "t", "A", "B", 101);
    settle(f);
    assert_int_equal(balance_of(f, "A"), 100);
    assert_ended(f, "t", bank_Phase_rejected, "insufficient_funds: the balance is 100");
    assert_log_is_sound(f, 100);
}

static void
a_transfer_to_nobody_is_refunded(void **state)
{
    fixture *f = *state;
    open_account(f, "A", 100);
    request(f, "t", "A", "nobody", 80);
    settle(f);
    assert_int_equal(balance_of(f, "A"), 100);
    assert_ended(f, "t", bank_Phase_refunded, "account_not_open: there is no account 'nobody'");
    assert_log_is_sound(f, 100);
}

static void
a_transfer_to_a_closed_account_is_refunded(void **state)
{
    fixture *f = *state;
    open_account(f, "A", 100);
    open_account(f, "B", 0);
    close_account(f, "B");
    request(f, "t", "A", "B", 100);
    settle(f);
    assert_int_equal(balance_of(f, "A"), 100);
    assert_ended(f, "t", bank_Phase_refunded, "account_not_open: account 'B' is closed");
    assert_log_is_sound(f, 100);
}

static void
a_transfer_to_a_full_account_is_refunded(void **state)
{
    fixture *f = *state;
    open_account(f, "A", 100);
    open_account(f, "B", BANK_BALANCE_MAX);
    request(f, "t", "A", "B", 1);
    settle(f);
    assert_int_equal(balance_of(f, "A"), 100);
    assert_int_equal(balance_of(f, "B"), BANK_BALANCE_MAX);
    assert_log_is_sound(f, 100 + BANK_BALANCE_MAX);
}

static void
a_transfer_from_nobody_is_rejected(void **state)
{
    fixture *f = *state;
    open_account(f, "B", 0);
    request(f, "t", "nobody", "B", 1);
    settle(f);
    assert_ended(f, "t", bank_Phase_rejected, "account_not_open: there is no account 'nobody'");
    assert_log_is_sound(f, 0);
}

/* A name that no account can have is refused by dispatch itself, not by an account: it ends the same way. */
static void
a_transfer_to_an_impossible_name_is_refunded(void **state)
{
    fixture *f = *state;
    bank_Transfer transfer;
    open_account(f, "A", 100);
    request(f, "t", "A", "no\nname", 80);
    request(f, "u", "no\nname", "A", 80);
    settle(f);
    assert_int_equal(balance_of(f, "A"), 100);
    MUST(f, bank_Transfer_read(f->app, S("t"), &transfer, NULL, &f->error));
    assert_int_equal(transfer.phase, bank_Phase_refunded);
    MUST(f, bank_Transfer_read(f->app, S("u"), &transfer, NULL, &f->error));
    assert_int_equal(transfer.phase, bank_Phase_rejected);
    assert_log_is_sound(f, 100);
}

/* The text of a long name is cut somewhere on its way; never within a character, which would be no text at all. */
static void
a_long_name_of_wide_characters_is_refunded(void **state)
{
    fixture *f = *state;
    char name[400];
    bank_Transfer transfer;

    for (int first = 0; first < 3; first++) {
        char id[8];
        size_t size = 0;
        for (int i = 0; i < first; i++)
            name[size++] = 'x';
        while (size + 3 < sizeof name)
            size += (size_t)snprintf(name + size, 4, "€");
        snprintf(id, sizeof id, "%d", first);
        open_account(f, id, 10);
        request(f, id, id, name, 10);
        settle(f);
        MUST(f, bank_Transfer_read(f->app, S(id), &transfer, NULL, &f->error));
        assert_int_equal(transfer.phase, bank_Phase_refunded);
        assert_int_equal(balance_of(f, id), 10);
    }
}

static void
the_same_request_again_moves_nothing_more(void **state)
{
    fixture *f = *state;
    open_account(f, "A", 100);
    open_account(f, "B", 0);
    request(f, "t", "A", "B", 30);
    settle(f);
    request(f, "t", "A", "B", 30);
    settle(f);
    assert_int_equal(balance_of(f, "B"), 30);
    assert_log_is_sound(f, 100);
}

/* An outsider names a transfer that has ended in a deposit of his own: nobody is told of another end. */
static void
money_that_only_names_a_transfer_ends_none(void **state)
{
    fixture *f = *state;
    open_account(f, "A", 100);
    open_account(f, "B", 0);
    request(f, "t", "A", "nobody", 30);
    settle(f);
    MUST(f, bank_Deposit_dispatch(f->app,
                ACTA_INIT(bank_Deposit, .account_id = S("B"), .amount = 30, .reason = bank_Reason_transfer,
                    .transfer_id = S("t")),
                NULL, &f->error));
    settle(f);
    bank_Transfer transfer;
    MUST(f, bank_Transfer_read(f->app, S("t"), &transfer, NULL, &f->error));
    assert_int_equal(transfer.phase, bank_Phase_refunded);
}

/* -- a restart -- */

static void
a_restart_remembers_and_does_nothing_twice(void **state)
{
    fixture *f = *state;
    open_account(f, "A", 100);
    open_account(f, "B", 0);
    request(f, "t", "A", "B", 30);
    settle(f);
    stop(f);
    start(f);
    settle(f);
    assert_int_equal(balance_of(f, "A"), 70);
    assert_int_equal(balance_of(f, "B"), 30);
    assert_int_equal(acta_store_head(acta_app_store(f->app)), 6);
    assert_log_is_sound(f, 100);
}

static void
a_restart_finishes_what_was_begun(void **state)
{
    fixture *f = *state;
    char id[16];

    open_account(f, "A", 100);
    open_account(f, "B", 0);
    for (int i = 0; i < 50; i++) {
        snprintf(id, sizeof id, "t%d", i);
        request(f, id, "A", i % 5 == 0 ? "nobody" : "B", 1);
    }
    stop(f); /* some are under way */
    start(f);
    settle(f);
    assert_int_equal(balance_of(f, "A"), 60);
    assert_int_equal(balance_of(f, "B"), 40);
    assert_log_is_sound(f, 100);
}

/* -- read models -- */

static void
rows_tell_accounts_customers_and_transfers(void **state)
{
    fixture *f = *state;
    bank_AccountRow account = { 0 };
    bank_CustomerRow customer = { 0 };
    bank_TransferRow transfer = { 0 };

    open_account(f, "A", 100);
    open_account(f, "B", 0);
    close_account(f, "B");
    request(f, "t", "A", "B", 30);
    settle(f);
    MUST(f, bank_AccountRow_find(f->app, S("A"), &account, f->memory, &f->error));
    assert_int_equal(account.balance, 100);
    assert_true(account.open);
    MUST(f, bank_CustomerRow_find(f->app, S("ann"), &customer, f->memory, &f->error));
    assert_int_equal(customer.account_count, 2);
    assert_int_equal(customer.open_count, 1);
    assert_int_equal(customer.balance, 100);
    assert_true(acta_str_equal(customer.status, S("active")));
    MUST(f, bank_TransferRow_find(f->app, S("t"), &transfer, f->memory, &f->error));
    assert_int_equal(transfer.phase, bank_Phase_refunded);
    assert_true(acta_str_equal(transfer.target_id, S("B")));
    assert_int_equal(bank_AccountRow_find(f->app, S("nobody"), &account, NULL, &f->error), ACTA_NOT_FOUND);
}

static bool
sum_balance(void *user, const bank_AccountRow *row)
{
    int64_t *sum = user;
    *sum += row->balance;
    return true;
}

/* -- many at once -- */

typedef struct counter {
    _Atomic uint32_t left;
    _Atomic uint32_t failed;
} counter;

static void
answered(void *user, const acta_dispatch_result *result)
{
    counter *c = user;
    if (result->status != ACTA_OK) c->failed++;
    c->left--;
}

/* Transfers in a ring, each account giving and taking all the time: what one account has is what the log says. */
static void
many_transfers_at_once_keep_the_money(void **state)
{
    enum { ACCOUNTS = 20, TRANSFERS = 400 };
    fixture *f = *state;
    counter c = { .left = TRANSFERS };
    char id[16], source[16], target[16];
    int64_t sum = 0;

    for (int i = 0; i < ACCOUNTS; i++) {
        snprintf(id, sizeof id, "a%d", i);
        open_account(f, id, 50);
    }
    for (int i = 0; i < TRANSFERS; i++) {
        snprintf(id, sizeof id, "t%d", i);
        snprintf(source, sizeof source, "a%d", i % ACCOUNTS);
        snprintf(target, sizeof target, "a%d", i % 10 == 0 ? ACCOUNTS : (i * 7 + 3) % ACCOUNTS);
        if (strcmp(source, target) == 0) snprintf(target, sizeof target, "nobody");
        bank_RequestTransfer_dispatch_async(f->app,
            ACTA_INIT(bank_RequestTransfer, .transfer_id = S(id), .source_id = S(source), .target_id = S(target),
                .amount = 1 + i % 40),
            &patiently, answered, &c);
    }
    while (c.left > 0)
        sched_yield();
    settle(f);
    assert_int_equal(c.failed, 0);
    assert_log_is_sound(f, ACCOUNTS * 50);
    MUST(f, bank_AccountRow_each(f->app, S(""), sum_balance, &sum, &f->error));
    assert_int_equal(sum, ACCOUNTS * 50);
}

/* A standing order, under a clock of the test's: each month once, also when nothing ran at its time. */
static void
a_standing_order_is_paid_in_each_month(void **state)
{
    const acta_app_config config = {
        .schema = &bank_schema, .aggregates = bank_aggregates, .process_managers = bank_process_managers
    };
    const uint64_t day_ms = UINT64_C(24) * 3600 * 1000;
    acta_test_app *test;
    acta_error error;
    bank_Account alice;
    (void)state;

    if (acta_test_app_start(&config, &test, &error) != ACTA_OK) fail_msg("%s", error.text);
    acta_app *app = acta_test_app_of(test);
    assert_int_equal(
        bank_OpenAccount_dispatch(app, ACTA_INIT(bank_OpenAccount, .account_id = S("alice")), NULL, &error), ACTA_OK);
    assert_int_equal(
        bank_Deposit_schedule(app, S("salary"), ACTA_INIT(bank_Deposit, .account_id = S("alice"), .amount = 2000),
            ACTA_CRON("0 6 1 * *"), NULL, &error),
        ACTA_OK);
    acta_test_app_advance(test, 31 * day_ms);
    assert_int_equal(acta_test_app_restart(test, ACTA_TEST_CRASH, &error), ACTA_OK);
    acta_test_app_advance(test, (365 - 31) * day_ms);
    app = acta_test_app_of(test);
    assert_int_equal(bank_Account_read(app, S("alice"), &alice, NULL, &error), ACTA_OK);
    assert_int_equal(alice.balance, 12 * 2000);
    assert_int_equal(acta_test_app_stop(test, &error), ACTA_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_transfer_moves_the_money),
        TEST(a_transfer_beyond_the_balance_moves_nothing),
        TEST(a_transfer_to_nobody_is_refunded),
        TEST(a_transfer_to_a_closed_account_is_refunded),
        TEST(a_transfer_to_a_full_account_is_refunded),
        TEST(a_transfer_from_nobody_is_rejected),
        TEST(a_transfer_to_an_impossible_name_is_refunded),
        TEST(a_long_name_of_wide_characters_is_refunded),
        TEST(the_same_request_again_moves_nothing_more),
        TEST(money_that_only_names_a_transfer_ends_none),
        TEST(a_restart_remembers_and_does_nothing_twice),
        TEST(a_restart_finishes_what_was_begun),
        TEST(rows_tell_accounts_customers_and_transfers),
        TEST(many_transfers_at_once_keep_the_money),
        cmocka_unit_test(a_standing_order_is_paid_in_each_month),
    };
    return cmocka_run_group_tests_name("bank", tests, NULL, NULL);
}
