/*
 * The auditor: counts the bank's money again, from the log alone. It believes no balance that it is told, and knows
 * nothing of aggregates and process managers but the events that they left.
 *
 *     bank_log_check *check = bank_log_check_create();
 *     bank_log_check_read(check, store, &error);        // again and again while the log grows, or once at the end
 *     bank_log_check_totals(check)->on_accounts …
 */
#ifndef BANK_LOG_CHECK_H
#define BANK_LOG_CHECK_H

#include "acta/store.h"

typedef struct bank_log_check bank_log_check;

typedef struct bank_log_totals {
    uint64_t events;
    uint64_t accounts;
    uint64_t requested; /* transfers; those below are parts of them */
    uint64_t completed;
    uint64_t refunded;
    uint64_t rejected;
    int64_t brought_in;  /* initial balances and deposits from outside, less what was taken out */
    int64_t on_accounts; /* sum of the balances */
    int64_t on_the_way;  /* taken from a source, and not yet at its target or back */
} bank_log_totals;

/* NULL: no memory. */
bank_log_check *bank_log_check_create(void);
void bank_log_check_destroy(bank_log_check *check); /* takes NULL */

/*
 * Take the log's next event.
 * Errors: ACTA_CORRUPT: it breaks a rule, which the text begins with; it names position and stream. All that follow fail with the same.
 *   - positions 1, 2, 3 …, versions 1, 2, 3 … of each stream, no time that falls
 *   - an account is opened once and first, closed once, empty; no balance below 0; each balance is the one before, and
 *     the amount
 *   - a transfer's events are a word of: requested (withdrawn (deposited completed | given back refunded) | rejected),
 *     each once, with the accounts and the amount that were requested
 *   - brought in == on accounts + on the way
 */
acta_status bank_log_check_event(bank_log_check *check, const acta_recorded *event, acta_error *error);

/* Take all events of the store that are new since the last call. Also errors of the cursor. */
acta_status bank_log_check_read(bank_log_check *check, acta_store *store, acta_error *error);

const bank_log_totals *bank_log_check_totals(const bank_log_check *check);

/* How a transfer stands. */
typedef enum bank_log_phase {
    BANK_LOG_UNKNOWN,
    BANK_LOG_REQUESTED,
    BANK_LOG_WITHDRAWN,
    BANK_LOG_DEPOSITED,
    BANK_LOG_GIVEN_BACK,
    BANK_LOG_COMPLETED,
    BANK_LOG_REFUNDED,
    BANK_LOG_REJECTED
} bank_log_phase;
bank_log_phase bank_log_check_phase(const bank_log_check *check, acta_str transfer_id);

/* Of an account; -1 when it was never opened. */
int64_t bank_log_check_balance(const bank_log_check *check, acta_str account_id);

#endif
