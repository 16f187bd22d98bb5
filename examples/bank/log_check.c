/*
 * The auditor. See log_check.h for the rules; what is of any log stands in examples/audit/.
 *
 *     event -> rule of its type -> entry of its stream (and of the transfer that it names) -> totals
 */
#include "log_check.h"

#include "audit.h"
#include "bank.acta.h"

typedef struct entry {
    audit_stream stream;

    /* An account. */
    bool opened, closed;
    int64_t balance;

    /* A transfer. */
    bank_log_phase phase;
    struct entry *source, *target;
    int64_t amount;
} entry;

struct bank_log_check {
    audit audit;
    bank_log_totals totals;
};

/* -- accounts -- */

/* Everything else is a part of what was brought in: when that can be counted, all of it can. */
static bool
bring_in(bank_log_check *check, int64_t amount)
{
    return !__builtin_add_overflow(check->totals.brought_in, amount, &check->totals.brought_in);
}

static const char *
take_opened(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    bank_log_check *check = (bank_log_check *)auditor;
    entry *e = (entry *)stream;
    bank_AccountOpened event;
    bank_AccountOpened_read(payload, &event);
    if (!audit_is_named(&e->stream, "Account-", event.account_id)) return "the event is another account's";
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
    entry *transfer = audit_entry(&check->audit, "Transfer-", event->transfer_id);
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
take_deposited(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    bank_log_check *check = (bank_log_check *)auditor;
    entry *e = (entry *)stream;
    bank_MoneyDeposited event;
    bank_MoneyDeposited_read(payload, &event);
    if (!audit_is_named(&e->stream, "Account-", event.account_id)) return "the event is another account's";
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
    entry *transfer = audit_entry(&check->audit, "Transfer-", event->transfer_id);
    if (transfer == NULL) return "no memory";
    if (transfer->phase != BANK_LOG_REQUESTED) return "money goes twice, or for a transfer that nobody requested";
    if (event->amount != transfer->amount) return "money goes for a transfer, in another amount";
    if (e != transfer->source) return "money goes for a transfer, from another's account";

    transfer->phase = BANK_LOG_WITHDRAWN;
    check->totals.on_the_way += event->amount;
    return NULL;
}

static const char *
take_withdrawn(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    bank_log_check *check = (bank_log_check *)auditor;
    entry *e = (entry *)stream;
    bank_MoneyWithdrawn event;
    bank_MoneyWithdrawn_read(payload, &event);
    if (!audit_is_named(&e->stream, "Account-", event.account_id)) return "the event is another account's";
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
take_closed(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    (void)auditor;
    entry *e = (entry *)stream;
    bank_AccountClosed event;
    bank_AccountClosed_read(payload, &event);
    if (!audit_is_named(&e->stream, "Account-", event.account_id)) return "the event is another account's";
    if (!e->opened || e->closed) return "an account is closed that is not open";
    if (e->balance != 0) return "an account is closed with money in it";
    e->closed = true;
    return NULL;
}

/* -- transfers -- */

static const char *
take_requested(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    bank_log_check *check = (bank_log_check *)auditor;
    entry *e = (entry *)stream;
    bank_TransferRequested event;
    bank_TransferRequested_read(payload, &event);
    if (!audit_is_named(&e->stream, "Transfer-", event.transfer_id)) return "the event is another transfer's";
    if (e->phase != BANK_LOG_UNKNOWN) return "the transfer is requested twice";
    if (event.amount <= 0) return "the amount is not positive";
    e->source = audit_entry(&check->audit, "Account-", event.source_id);
    e->target = audit_entry(&check->audit, "Account-", event.target_id);
    if (e->source == NULL || e->target == NULL) return "no memory";
    if (e->source == e->target) return "the transfer is one to oneself";

    e->amount = event.amount;
    e->phase = BANK_LOG_REQUESTED;
    check->totals.requested++;
    return NULL;
}

static const char *
take_completed(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    bank_log_check *check = (bank_log_check *)auditor;
    entry *e = (entry *)stream;
    bank_TransferCompleted event;
    bank_TransferCompleted_read(payload, &event);
    if (!audit_is_named(&e->stream, "Transfer-", event.transfer_id)) return "the event is another transfer's";
    if (e->phase != BANK_LOG_DEPOSITED) return "a transfer is completed whose money is not at its target";
    e->phase = BANK_LOG_COMPLETED;
    check->totals.completed++;
    return NULL;
}

static const char *
take_failed(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    bank_log_check *check = (bank_log_check *)auditor;
    entry *e = (entry *)stream;
    bank_TransferFailed event;
    bank_TransferFailed_read(payload, &event);
    if (!audit_is_named(&e->stream, "Transfer-", event.transfer_id)) return "the event is another transfer's";
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

static const audit_rule rules[] = {
    { &bank_AccountOpened_table, take_opened },
    { &bank_MoneyDeposited_table, take_deposited },
    { &bank_MoneyWithdrawn_table, take_withdrawn },
    { &bank_AccountClosed_table, take_closed },
    { &bank_TransferRequested_table, take_requested },
    { &bank_TransferCompleted_table, take_completed },
    { &bank_TransferFailed_table, take_failed },
};

static const char *
count_event(audit *auditor)
{
    bank_log_totals *totals = &((bank_log_check *)auditor)->totals;
    totals->events++;
    if (totals->brought_in != totals->on_accounts + totals->on_the_way)
        return "what was brought in is not what is there";
    return NULL;
}

static const audit_domain domain = {
    .entry_size = sizeof(entry),
    .rules = rules,
    .rule_count = sizeof rules / sizeof rules[0],
    .taken = count_event,
};

acta_status
bank_log_check_event(bank_log_check *check, const acta_recorded *event, acta_error *error)
{
    return audit_event(&check->audit, event, error);
}

acta_status
bank_log_check_read(bank_log_check *check, acta_store *store, acta_error *error)
{
    return audit_read(&check->audit, store, error);
}

const bank_log_totals *
bank_log_check_totals(const bank_log_check *check)
{
    return &check->totals;
}

bank_log_phase
bank_log_check_phase(const bank_log_check *check, acta_str transfer_id)
{
    const entry *e = audit_find(&check->audit, "Transfer-", transfer_id);
    return e != NULL ? e->phase : BANK_LOG_UNKNOWN;
}

int64_t
bank_log_check_balance(const bank_log_check *check, acta_str account_id)
{
    const entry *e = audit_find(&check->audit, "Account-", account_id);
    return e != NULL && e->opened ? e->balance : -1;
}

bank_log_check *
bank_log_check_create(void)
{
    return audit_create(&domain, sizeof(bank_log_check));
}

void
bank_log_check_destroy(bank_log_check *check)
{
    audit_destroy(check);
}
