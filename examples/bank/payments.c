/*
 * Payments of a pain.001 as transfers. See payments.h.
 *
 *     payment -- RequestTransfer --> … --> completed                     executed
 *        |              |               +--> rejected, refunded          rejected: what the transfer says
 *        | a bad value  | refused at once
 *        +--------------+-------------------------------------------->  rejected
 */
#include "payments.h"

#include "bank.h"
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>

enum { TRANSFER_ID_MAX = PAIN_TEXT_MAX + 16 };

static acta_str
transfer_id_of(const pain_file *file, uint32_t index, char *text)
{
    int size = snprintf(text, TRANSFER_ID_MAX, "%s/%" PRIu32, file->message_id, index + 1);
    return acta_str_from(text, (size_t)size);
}

/* A rejection of ours as a reason of ISO 20022. */
static const char *
code_of(const char *rejection)
{
    static const struct {
        const char *rejection, *code;
    } codes[] = {
        { "insufficient_funds", "AM04" },
        { "account_not_open", "AC01" },
        { "amount_not_positive", "AM12" },
        { "balance_too_large", "AM02" },
        { "transfer_already_requested", "AM05" },
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strncmp(rejection, codes[i].rejection, strlen(codes[i].rejection)) == 0) return codes[i].code;
    return "MS03"; /* a reason that has no code */
}

static acta_status
request(acta_app *app, const pain_file *file, uint32_t index, acta_error *error)
{
    pain_payment *payment = &file->payments[index];
    char id[TRANSFER_ID_MAX], name[TRANSFER_ID_MAX + 16];

    acta_str transfer_id = transfer_id_of(file, index, id);
    snprintf(name, sizeof name, "load payment %s", id);
    const acta_dispatch_options options = { .timeout_ms = CLI_ANSWER_MS, .command_id = acta_id_of(acta_str_of(name)) };
    acta_status status = bank_RequestTransfer_dispatch(app,
        ACTA_INIT(bank_RequestTransfer, .transfer_id = transfer_id, .source_id = acta_str_of(payment->debtor),
            .target_id = acta_str_of(payment->creditor), .amount = payment->amount),
        &options, error);
    if (status == ACTA_COMMAND_ID_REUSED)
        pain_reject(payment, "AM05", "message '%s' was sent before, with other payments", file->message_id);
    else if (status == ACTA_REJECTED)
        pain_reject(payment, code_of(error->where), "%s", error->text);
    else if (status == ACTA_INVALID) /* no account can have such a name */
        pain_reject(payment, "AC01", "%s", error->text);
    else
        return status;
    return ACTA_OK;
}

static acta_status
note_end(acta_app *app, const pain_file *file, uint32_t index, acta_error *error)
{
    pain_payment *payment = &file->payments[index];
    acta_memory *memory = acta_memory_create(NULL);
    bank_Transfer transfer;
    char id[TRANSFER_ID_MAX];

    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory");
    acta_status status = bank_Transfer_read(app, transfer_id_of(file, index, id), &transfer, memory, error);
    if (status == ACTA_OK && transfer.phase != bank_Phase_completed) {
        char reason[ACTA_ERROR_TEXT_MAX];
        snprintf(reason, sizeof reason, ACTA_FMT, ACTA_ARG(transfer.reason));
        pain_reject(payment, code_of(reason), "%s", reason);
    }
    acta_memory_destroy(memory);
    return status;
}

acta_status
payments_execute(acta_app *app, pain_file *file, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (uint32_t i = 0; status == ACTA_OK && i < file->payment_count; i++)
        if (file->payments[i].code[0] == '\0') status = request(app, file, i, error);
    if (status == ACTA_OK) status = cli_settle(app, NULL, NULL, error);
    for (uint32_t i = 0; status == ACTA_OK && i < file->payment_count; i++)
        if (file->payments[i].code[0] == '\0') status = note_end(app, file, i, error);
    return status;
}
