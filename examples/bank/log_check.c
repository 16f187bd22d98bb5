/*
 * The auditor. See log_check.h for the rules.
 *
 *     event -> rule of its type -> entry of its stream (and of the transfer that it names) -> totals
 *
 * Entries lie in a tree by stream name; names are copied, everything else is counted. Used by one thread.
 */
#include "log_check.h"

#include "bank.acta.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct stream_entry {
    char *stream;
    size_t stream_size;
    uint64_t version;

    /* An account. */
    bool opened, closed;
    int64_t balance;

    /* A transfer. */
    bank_log_phase phase;
    struct stream_entry *source, *target;
    int64_t amount;
} entry;

struct bank_log_check {
    void *entries; /* tsearch's */
    bank_log_totals totals;
    uint64_t position;
    int64_t recorded_at_us;
    acta_error broken; /* status ACTA_OK: nothing is */
    const char *broken_rule;
};

typedef struct rule {
    const acta_table *table;
    const char *(*take)(bank_log_check *check, entry *e, acta_bytes payload); /* NULL, or what is wrong */
} rule;

static int
compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    size_t size = x->stream_size < y->stream_size ? x->stream_size : y->stream_size;
    int order = memcmp(x->stream, y->stream, size);
    return order != 0 ? order : (x->stream_size > y->stream_size) - (x->stream_size < y->stream_size);
}

static void
free_entry(void *node)
{
    entry *e = node;
    free(e->stream);
    free(e);
}

static entry *
find(const bank_log_check *check, const char *prefix, acta_str id)
{
    char stream[ACTA_STREAM_NAME_MAX + 16];
    size_t prefix_size = strlen(prefix);
    if (prefix_size + id.size > sizeof stream) return NULL;

    memcpy(stream, prefix, prefix_size);
    if (id.size > 0) memcpy(stream + prefix_size, id.data, id.size);
    const entry key = { .stream = stream, .stream_size = prefix_size + id.size };
    entry *const *node = tfind(&key, &check->entries, compare_entries);
    return node != NULL ? *node : NULL;
}

/* The entry of the stream prefix + name, made when it is missing; NULL: no memory. */
static entry *
entry_of(bank_log_check *check, const char *prefix, acta_str name)
{
    entry *known = find(check, prefix, name);
    if (known != NULL) return known;

    size_t prefix_size = strlen(prefix);
    entry *e = calloc(1, sizeof *e);
    if (e == NULL) return NULL;
    e->stream_size = prefix_size + name.size;
    e->stream = malloc(e->stream_size + 1);
    if (e->stream == NULL) goto none;
    memcpy(e->stream, prefix, prefix_size);
    if (name.size > 0) memcpy(e->stream + prefix_size, name.data, name.size);

    if (tsearch(e, &check->entries, compare_entries) == NULL) goto none;
    return e;

none:
    free_entry(e);
    return NULL;
}

/* Is this the entry of the id that its own event tells? */
static bool
is_named(const entry *e, const char *prefix, acta_str id)
{
    size_t prefix_size = strlen(prefix);
    return e->stream_size == prefix_size + id.size && memcmp(e->stream, prefix, prefix_size) == 0 &&
           memcmp(e->stream + prefix_size, id.data, id.size) == 0;
}

/* -- accounts -- */

/* Everything else is a part of what was brought in: when that can be counted, all of it can. */
static bool
bring_in(bank_log_check *check, int64_t amount)
{
    return !__builtin_add_overflow(check->totals.brought_in, amount, &check->totals.brought_in);
}

static const char *
take_opened(bank_log_check *check, entry *e, acta_bytes payload)
{
    bank_AccountOpened event;
    bank_AccountOpened_read(payload, &event);
    if (!is_named(e, "Account-", event.account_id)) return "the event is another account's";
    if (e->opened) return "the account is opened twice";
    if (event.initial_balance < 0) return "the account begins with less than nothing";

    if (!bring_in(check, event.initial_balance)) return "there is more money than can be counted";

    e->opened = true;
    e->balance = event.initial_balance;
    check->totals.accounts++;
    check->totals.on_accounts += event.initial_balance;
    return NULL;
}

static const char *
take_deposit_of_transfer(bank_log_check *check, entry *e, const bank_MoneyDeposited *event)
{
    entry *transfer = entry_of(check, "Transfer-", event->transfer_id);
    if (transfer == NULL) return "no memory";
    if (transfer->phase != BANK_LOG_WITHDRAWN) return "money of a transfer that has none on the way";
    if (event->amount != transfer->amount) return "money of a transfer, in another amount";
    if (event->reason == bank_Reason_deposit) return "money of a transfer that is called a deposit from outside";

    bool is_refund = event->reason == bank_Reason_refund;
    if (e != (is_refund ? transfer->source : transfer->target)) return "money of a transfer to another's account";
    transfer->phase = is_refund ? BANK_LOG_GIVEN_BACK : BANK_LOG_DEPOSITED;
    check->totals.on_the_way -= event->amount;
    return NULL;
}

static const char *
take_deposited(bank_log_check *check, entry *e, acta_bytes payload)
{
    bank_MoneyDeposited event;
    bank_MoneyDeposited_read(payload, &event);
    if (!is_named(e, "Account-", event.account_id)) return "the event is another account's";
    if (!e->opened) return "money comes to an account that was never opened";
    if (e->closed && event.reason != bank_Reason_refund) return "money comes to an account that is closed";
    if (event.amount <= 0) return "the amount is not positive";
    if (event.amount > INT64_MAX - e->balance) return "the balance overflows";
    if (event.balance != e->balance + event.amount) return "the balance is not the one before and the amount";

    if (event.transfer_id.size > 0) {
        const char *wrong = take_deposit_of_transfer(check, e, &event);
        if (wrong != NULL) return wrong;
    } else if (!bring_in(check, event.amount)) {
        return "there is more money than can be counted";
    }
    e->balance = event.balance;
    check->totals.on_accounts += event.amount;
    return NULL;
}

static const char *
take_withdrawal_of_transfer(bank_log_check *check, const entry *e, const bank_MoneyWithdrawn *event)
{
    entry *transfer = entry_of(check, "Transfer-", event->transfer_id);
    if (transfer == NULL) return "no memory";
    if (transfer->phase != BANK_LOG_REQUESTED) return "money goes twice, or for a transfer that nobody requested";
    if (event->amount != transfer->amount) return "money goes for a transfer, in another amount";
    if (e != transfer->source) return "money goes for a transfer, from another's account";

    transfer->phase = BANK_LOG_WITHDRAWN;
    check->totals.on_the_way += event->amount;
    return NULL;
}

static const char *
take_withdrawn(bank_log_check *check, entry *e, acta_bytes payload)
{
    bank_MoneyWithdrawn event;
    bank_MoneyWithdrawn_read(payload, &event);
    if (!is_named(e, "Account-", event.account_id)) return "the event is another account's";
    if (!e->opened || e->closed) return "money goes from an account that is not open";
    if (event.amount <= 0) return "the amount is not positive";
    if (event.amount > e->balance) return "the balance falls below 0";
    if (event.balance != e->balance - event.amount) return "the balance is not the one before less the amount";

    if (event.transfer_id.size > 0) {
        const char *wrong = take_withdrawal_of_transfer(check, e, &event);
        if (wrong != NULL) return wrong;
    } else {
        check->totals.brought_in -= event.amount;
    }
    e->balance = event.balance;
    check->totals.on_accounts -= event.amount;
    return NULL;
}

static const char *
take_closed(bank_log_check *check, entry *e, acta_bytes payload)
{
    (void)check;
    bank_AccountClosed event;
    bank_AccountClosed_read(payload, &event);
    if (!is_named(e, "Account-", event.account_id)) return "the event is another account's";
    if (!e->opened || e->closed) return "an account is closed that is not open";
    if (e->balance != 0) return "an account is closed with money in it";
    e->closed = true;
    return NULL;
}

/* -- transfers -- */

static const char *
take_requested(bank_log_check *check, entry *e, acta_bytes payload)
{
    bank_TransferRequested event;
    bank_TransferRequested_read(payload, &event);
    if (!is_named(e, "Transfer-", event.transfer_id)) return "the event is another transfer's";
    if (e->phase != BANK_LOG_UNKNOWN) return "the transfer is requested twice";
    if (event.amount <= 0) return "the amount is not positive";
    e->source = entry_of(check, "Account-", event.source_id);
    e->target = entry_of(check, "Account-", event.target_id);
    if (e->source == NULL || e->target == NULL) return "no memory";
    if (e->source == e->target) return "the transfer is one to oneself";

    e->amount = event.amount;
    e->phase = BANK_LOG_REQUESTED;
    check->totals.requested++;
    return NULL;
}

static const char *
take_completed(bank_log_check *check, entry *e, acta_bytes payload)
{
    bank_TransferCompleted event;
    bank_TransferCompleted_read(payload, &event);
    if (!is_named(e, "Transfer-", event.transfer_id)) return "the event is another transfer's";
    if (e->phase != BANK_LOG_DEPOSITED) return "a transfer is completed whose money is not at its target";
    e->phase = BANK_LOG_COMPLETED;
    check->totals.completed++;
    return NULL;
}

static const char *
take_failed(bank_log_check *check, entry *e, acta_bytes payload)
{
    bank_TransferFailed event;
    bank_TransferFailed_read(payload, &event);
    if (!is_named(e, "Transfer-", event.transfer_id)) return "the event is another transfer's";
    if (event.refunded) {
        if (e->phase != BANK_LOG_GIVEN_BACK) return "a transfer is refunded whose money is not back at its source";
        e->phase = BANK_LOG_REFUNDED;
        check->totals.refunded++;
        return NULL;
    }
    if (e->phase != BANK_LOG_REQUESTED) return "a transfer is rejected that has moved money";
    e->phase = BANK_LOG_REJECTED;
    check->totals.rejected++;
    return NULL;
}

static const rule rules[] = {
    { &bank_AccountOpened_table, take_opened },
    { &bank_MoneyDeposited_table, take_deposited },
    { &bank_MoneyWithdrawn_table, take_withdrawn },
    { &bank_AccountClosed_table, take_closed },
    { &bank_TransferRequested_table, take_requested },
    { &bank_TransferCompleted_table, take_completed },
    { &bank_TransferFailed_table, take_failed },
};

static const rule *
rule_of(acta_str type)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (acta_str_equal(type, acta_str_of(rules[i].table->name))) return &rules[i];
    return NULL;
}

/* -- the log -- */

static const char *
take(bank_log_check *check, const acta_recorded *event, acta_error *error)
{
    if (event->position != check->position + 1) return "it is not the position after the one before";
    check->position = event->position;
    if (event->recorded_at_us < check->recorded_at_us) return "it is older than the event before";
    check->recorded_at_us = event->recorded_at_us;
    if (event->kind != ACTA_RECORD_EVENT) return "its content was removed";

    const rule *r = rule_of(event->type);
    if (r == NULL) return "the bank knows no event of this type";
    if (r->table->verify(event->payload, error) != ACTA_OK) return error->text;
    entry *e = entry_of(check, "", event->stream);
    if (e == NULL) return "no memory";
    if (event->version != e->version + 1) return "it is not the version after the one before";
    e->version = event->version;

    const char *wrong = r->take(check, e, event->payload);
    if (wrong != NULL) return wrong;
    check->totals.events++;
    if (check->totals.brought_in != check->totals.on_accounts + check->totals.on_the_way)
        return "what was brought in is not what is there";
    return NULL;
}

acta_status
bank_log_check_event(bank_log_check *check, const acta_recorded *event, acta_error *error)
{
    acta_error detail = { .status = ACTA_OK };

    if (check->broken.status == ACTA_OK) {
        const char *wrong = take(check, event, &detail);
        if (wrong == NULL) return ACTA_OK;
        check->broken_rule = wrong == detail.text ? "an event of the log is damaged" : wrong;
        acta_error_set(&check->broken, ACTA_CORRUPT,
            "position %" PRIu64 ", stream '" ACTA_FMT "', version %" PRIu64 ", " ACTA_FMT ": %s", event->position,
            ACTA_ARG(event->stream), event->version, ACTA_ARG(event->type), wrong);
    }
    if (error != NULL) *error = check->broken;
    return check->broken.status;
}

acta_status
bank_log_check_read(bank_log_check *check, acta_store *store, acta_error *error)
{
    acta_cursor *cursor;
    acta_recorded event;

    acta_status status = acta_cursor_open(store, &(acta_read){ .from = check->position + 1 }, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK)
        if ((status = bank_log_check_event(check, &event, error)) != ACTA_OK) break;
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

const char *
bank_log_check_broken(const bank_log_check *check)
{
    return check->broken_rule;
}

const bank_log_totals *
bank_log_check_totals(const bank_log_check *check)
{
    return &check->totals;
}

bank_log_phase
bank_log_check_phase(const bank_log_check *check, acta_str transfer_id)
{
    const entry *e = find(check, "Transfer-", transfer_id);
    return e != NULL ? e->phase : BANK_LOG_UNKNOWN;
}

int64_t
bank_log_check_balance(const bank_log_check *check, acta_str account_id)
{
    const entry *e = find(check, "Account-", account_id);
    return e != NULL && e->opened ? e->balance : -1;
}

bank_log_check *
bank_log_check_create(void)
{
    return calloc(1, sizeof(bank_log_check));
}

void
bank_log_check_destroy(bank_log_check *check)
{
    if (check == NULL) return;
    tdestroy(check->entries, free_entry);
    free(check);
}
