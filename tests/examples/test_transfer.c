/*
 * The transfer, given events, when a command: what may be asked for, and that it ends once.
 */
#include "bank.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acta/test.h"

static void
request(void)
{
    ACTA_GIVEN(&bank_transfer, bank_TransferRequested, .transfer_id = S("t"), .source_id = S("A"), .target_id = S("B"),
        .amount = 80);
}

static void
complete(void)
{
    request();
    ACTA_GIVEN(&bank_transfer, bank_TransferCompleted, .transfer_id = S("t"));
}

static void
fail_with(bool refunded)
{
    request();
    ACTA_GIVEN(&bank_transfer, bank_TransferFailed, .transfer_id = S("t"), .refunded = refunded, .reason = S("why"));
}

static void
a_request_is_recorded(void **state)
{
    (void)state;
    ACTA_WHEN(&bank_transfer, bank_RequestTransfer, .transfer_id = S("t"), .source_id = S("A"), .target_id = S("B"),
        .amount = 80);
    ACTA_THEN(&bank_transfer, bank_TransferRequested, .transfer_id = S("t"), .source_id = S("A"), .target_id = S("B"),
        .amount = 80);
    ACTA_THEN_NOTHING(&bank_transfer);
}

static void
the_same_request_again_changes_nothing(void **state)
{
    (void)state;
    request();
    ACTA_WHEN(&bank_transfer, bank_RequestTransfer, .transfer_id = S("t"), .source_id = S("A"), .target_id = S("B"),
        .amount = 80);
    ACTA_THEN_NOTHING(&bank_transfer);
    complete();
    ACTA_WHEN(&bank_transfer, bank_RequestTransfer, .transfer_id = S("t"), .source_id = S("A"), .target_id = S("B"),
        .amount = 80);
    ACTA_THEN_NOTHING(&bank_transfer);
}

static void
another_request_of_the_same_id_is_rejected(void **state)
{
    (void)state;
    request();
    ACTA_WHEN(&bank_transfer, bank_RequestTransfer, .transfer_id = S("t"), .source_id = S("A"), .target_id = S("B"),
        .amount = 81);
    ACTA_THEN_REJECTED(&bank_transfer, "transfer_already_requested");
    request();
    ACTA_WHEN(&bank_transfer, bank_RequestTransfer, .transfer_id = S("t"), .source_id = S("B"), .target_id = S("A"),
        .amount = 80);
    ACTA_THEN_REJECTED(&bank_transfer, "transfer_already_requested");
}

static void
a_request_of_nothing_or_less_is_rejected(void **state)
{
    static const int64_t amounts[] = { 0, -1, INT64_MIN };
    (void)state;
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        ACTA_WHEN(&bank_transfer, bank_RequestTransfer, .transfer_id = S("t"), .source_id = S("A"), .target_id = S("B"),
            .amount = amounts[i]);
        ACTA_THEN_REJECTED(&bank_transfer, "amount_not_positive");
    }
}

static void
a_request_to_oneself_is_rejected(void **state)
{
    (void)state;
    ACTA_WHEN(&bank_transfer, bank_RequestTransfer, .transfer_id = S("t"), .source_id = S("A"), .target_id = S("A"),
        .amount = 1);
    ACTA_THEN_REJECTED(&bank_transfer, "same_account");
}

static void
a_requested_transfer_completes(void **state)
{
    (void)state;
    request();
    ACTA_WHEN(&bank_transfer, bank_CompleteTransfer, .transfer_id = S("t"));
    ACTA_THEN(&bank_transfer, bank_TransferCompleted, .transfer_id = S("t"));
    ACTA_THEN_NOTHING(&bank_transfer);
}

static void
a_requested_transfer_fails_with_its_reason(void **state)
{
    (void)state;
    request();
    ACTA_WHEN(&bank_transfer, bank_FailTransfer, .transfer_id = S("t"), .refunded = true, .reason = S("why"));
    ACTA_THEN(&bank_transfer, bank_TransferFailed, .transfer_id = S("t"), .refunded = true, .reason = S("why"));
    request();
    ACTA_WHEN(&bank_transfer, bank_FailTransfer, .transfer_id = S("t"), .reason = S("why"));
    ACTA_THEN(&bank_transfer, bank_TransferFailed, .transfer_id = S("t"), .refunded = false, .reason = S("why"));
}

static void
the_same_end_again_changes_nothing(void **state)
{
    (void)state;
    complete();
    ACTA_WHEN(&bank_transfer, bank_CompleteTransfer, .transfer_id = S("t"));
    ACTA_THEN_NOTHING(&bank_transfer);
    fail_with(true);
    ACTA_WHEN(&bank_transfer, bank_FailTransfer, .transfer_id = S("t"), .refunded = true);
    ACTA_THEN_NOTHING(&bank_transfer);
    fail_with(false);
    ACTA_WHEN(&bank_transfer, bank_FailTransfer, .transfer_id = S("t"));
    ACTA_THEN_NOTHING(&bank_transfer);
}

/* A refund is not a completion, nor is it a rejection. */
static void
another_end_is_rejected(void **state)
{
    (void)state;
    complete();
    ACTA_WHEN(&bank_transfer, bank_FailTransfer, .transfer_id = S("t"), .refunded = true);
    ACTA_THEN_REJECTED(&bank_transfer, "transfer_already_ended");
    fail_with(true);
    ACTA_WHEN(&bank_transfer, bank_CompleteTransfer, .transfer_id = S("t"));
    ACTA_THEN_REJECTED(&bank_transfer, "transfer_already_ended");
    fail_with(true);
    ACTA_WHEN(&bank_transfer, bank_FailTransfer, .transfer_id = S("t"));
    ACTA_THEN_REJECTED(&bank_transfer, "transfer_already_ended");
    fail_with(false);
    ACTA_WHEN(&bank_transfer, bank_CompleteTransfer, .transfer_id = S("t"));
    ACTA_THEN_REJECTED(&bank_transfer, "transfer_already_ended");
}

static void
what_nobody_requested_does_not_end(void **state)
{
    (void)state;
    ACTA_WHEN(&bank_transfer, bank_CompleteTransfer, .transfer_id = S("t"));
    ACTA_THEN_REJECTED(&bank_transfer, "transfer_not_requested");
    ACTA_WHEN(&bank_transfer, bank_FailTransfer, .transfer_id = S("t"));
    ACTA_THEN_REJECTED(&bank_transfer, "transfer_not_requested");
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
        cmocka_unit_test(a_request_is_recorded),
        cmocka_unit_test(the_same_request_again_changes_nothing),
        cmocka_unit_test(another_request_of_the_same_id_is_rejected),
        cmocka_unit_test(a_request_of_nothing_or_less_is_rejected),
        cmocka_unit_test(a_request_to_oneself_is_rejected),
        cmocka_unit_test(a_requested_transfer_completes),
        cmocka_unit_test(a_requested_transfer_fails_with_its_reason),
        cmocka_unit_test(the_same_end_again_changes_nothing),
        cmocka_unit_test(another_end_is_rejected),
        cmocka_unit_test(what_nobody_requested_does_not_end),
    };
    acta_test_on_failure(fail_here);
    return cmocka_run_group_tests_name("transfer", tests, NULL, NULL);
}
