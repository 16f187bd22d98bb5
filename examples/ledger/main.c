/*
 * A ledger on the store alone: no actors, no schema. Accounts are streams, a booking is two events in one transaction.
 *
 *     $ build/examples/ledger/ledger
 *     booked 30.00 from cash to rent
 *     booked 12.50 from cash to food
 *     invoice 4711 was booked before: this value of 'invoices' is taken by 'Account-rent'
 *     two wrote to Account-cash at once: stream 'Account-cash' is at version 2, version 1 was expected
 *     cash -42.50 in 2 bookings
 *     food 12.50 in 1 booking
 *     rent 30.00 in 1 booking
 *     what was tagged month:2026-11: 2 events
 *     statement of November: rent 30.00, food 12.50
 *     copied up to position 6
 *
 * It makes ./ledger-data and ./ledger-copy, and says so when they are there. docs/store.md goes through it step by step.
 */
#include "acta/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- writing -- */

/* Amounts are cents, as text, so that the log can be read by eye. */
typedef struct entry {
    char account[64], payload[32];
    acta_event event;
} entry;

static void
make_entry(entry *e, const char *account, int64_t cents, const acta_str *tags, uint32_t tag_count)
{
    snprintf(e->account, sizeof e->account, "Account-%s", account);
    snprintf(e->payload, sizeof e->payload, "%" PRId64, cents);
    memset(&e->event, 0, sizeof e->event);
    e->event.type = acta_str_of("ledger.Booked");
    e->event.payload = acta_str_bytes(acta_str_of(e->payload));
    e->event.tags = tags;
    e->event.tag_count = tag_count;
}

/* Both sides and the claim of the invoice's number: all of it or nothing. */
static acta_status
book(acta_store *store, const char *from, const char *to, int64_t cents, const char *invoice, acta_error *error)
{
    const acta_str month = acta_str_of("month:2026-11");
    acta_transaction *t = acta_transaction_create(store);
    entry debit, credit;

    if (t == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot book %s", invoice);
    make_entry(&debit, from, -cents, NULL, 0);
    make_entry(&credit, to, cents, &month, 1);
    acta_transaction_append(t, acta_str_of(debit.account), ACTA_ANY_VERSION, &debit.event, 1);
    acta_transaction_append(t, acta_str_of(credit.account), ACTA_ANY_VERSION, &credit.event, 1);
    acta_transaction_claim(t, "invoices", acta_str_bytes(acta_str_of(invoice)), acta_str_of(credit.account));

    acta_status status = acta_store_commit(store, t, NULL, error); /* on disk when it returns ACTA_OK */
    if (status == ACTA_OK) printf("booked %" PRId64 ".%02d from %s to %s\n", cents / 100, (int)(cents % 100), from, to);
    if (status != ACTA_ALREADY_EXISTS) return status;
    printf("invoice %s was booked before: %s\n", invoice, error->text);
    return ACTA_OK;
}

/* Who decided on what he had read says at which version; whoever was faster is not overwritten. */
static acta_status
close_account(acta_store *store, const char *account, uint64_t version_read, acta_error *error)
{
    const acta_event closed = { .type = acta_str_of("ledger.Closed") };
    acta_transaction *t = acta_transaction_create(store);

    if (t == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot close %s", account);
    acta_transaction_append(t, acta_str_of(account), version_read, &closed, 1);
    acta_status status = acta_store_commit(store, t, NULL, error);
    if (status != ACTA_CONFLICT) return status;
    printf("two wrote to %s at once: %s\n", account, error->text);
    return ACTA_OK;
}

/* A stream of links: the events of others, in an order of its own. */
static acta_status
make_statement(acta_store *store, acta_error *error)
{
    const uint64_t positions[] = { 2, 4 };
    acta_transaction *t = acta_transaction_create(store);

    if (t == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot make the statement");
    acta_transaction_link(t, acta_str_of("Statement-2026-11"), ACTA_NO_STREAM, positions, 2);
    return acta_store_commit(store, t, NULL, error);
}

/* -- reading -- */

/* Views live until the cursor moves: what is to stay is copied. */
static int64_t
cents_of(const acta_recorded *event)
{
    char text[32];
    snprintf(text, sizeof text, "%.*s", (int)event->payload.size, (const char *)event->payload.data);
    return strtoll(text, NULL, 10);
}

static acta_status
print_balance(acta_store *store, acta_str stream, acta_error *error)
{
    const acta_read read = { .stream = stream };
    int64_t balance = 0;
    uint64_t count = 0;
    acta_cursor *cursor;
    acta_recorded event;
    acta_status status = acta_cursor_open(store, &read, &cursor, error);

    if (status != ACTA_OK) return status;
    for (; (status = acta_cursor_next(cursor, &event, error)) == ACTA_OK; count++)
        balance += cents_of(&event);
    acta_cursor_close(cursor);
    if (status != ACTA_NOT_FOUND) return status; /* which is the end */
    const int64_t cents = balance < 0 ? -balance : balance;
    printf("%.*s %s%" PRId64 ".%02d in %" PRIu64 " booking%s\n", (int)stream.size - 8, stream.data + 8,
        balance < 0 ? "-" : "", cents / 100, (int)(cents % 100), count, count == 1 ? "" : "s");
    return ACTA_OK;
}

static acta_status
print_balances(acta_store *store, acta_error *error)
{
    acta_stream_cursor *streams;
    acta_str name;
    acta_status status = acta_stream_cursor_open(store, acta_str_of("Account-"), acta_str_of(NULL), &streams, error);

    if (status != ACTA_OK) return status;
    while ((status = acta_stream_cursor_next(streams, &name, NULL, error)) == ACTA_OK) {
        status = print_balance(store, name, error);
        if (status != ACTA_OK) break;
    }
    acta_stream_cursor_close(streams);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
print_tagged(acta_store *store, const char *text, acta_error *error)
{
    const acta_str tag = acta_str_of(text);
    const acta_read read = { .tags = &tag, .tag_count = 1 };
    uint64_t count = 0;
    acta_cursor *cursor;
    acta_recorded event;
    acta_status status = acta_cursor_open(store, &read, &cursor, error);

    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK)
        count++;
    acta_cursor_close(cursor);
    if (status == ACTA_NOT_FOUND) printf("what was tagged %s: %" PRIu64 " events\n", text, count);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
print_statement(acta_store *store, acta_error *error)
{
    const acta_read read = { .stream = acta_str_of("Statement-2026-11") };
    const char *between = "statement of November: ";
    acta_cursor *cursor;
    acta_recorded event;
    acta_status status = acta_cursor_open(store, &read, &cursor, error);

    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK) {
        int64_t cents = cents_of(&event);
        printf("%s%.*s %" PRId64 ".%02d", between, (int)event.stream.size - 8, event.stream.data + 8, cents / 100,
            (int)(cents % 100));
        between = ", ";
    }
    printf("\n");
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
copy(acta_store *store, acta_error *error)
{
    uint64_t position;
    acta_status status = acta_store_backup(store, "ledger-copy", &position, error);
    if (status == ACTA_OK) printf("copied up to position %" PRIu64 "\n", position);
    return status;
}

static acta_status
keep_books(acta_store *store, acta_error *error)
{
    acta_status status = book(store, "cash", "rent", 3000, "4711", error);
    if (status == ACTA_OK) status = book(store, "cash", "food", 1250, "4712", error);
    if (status == ACTA_OK) status = book(store, "cash", "rent", 3000, "4711", error);
    if (status == ACTA_OK) status = close_account(store, "Account-cash", 1, error);
    if (status == ACTA_OK) status = print_balances(store, error);
    if (status == ACTA_OK) status = print_tagged(store, "month:2026-11", error);
    if (status == ACTA_OK) status = make_statement(store, error);
    if (status == ACTA_OK) status = print_statement(store, error);
    if (status == ACTA_OK) status = copy(store, error);
    return status;
}

int
main(void)
{
    const acta_store_config config = { .path = "ledger-data" };
    acta_error error;
    acta_store *store;

    acta_status status = acta_store_open(&config, &store, &error);
    if (status == ACTA_OK && acta_store_head(store) > 0) {
        status = acta_error_set(&error, ACTA_ALREADY_EXISTS,
            "the books are kept already: remove ledger-data and ledger-copy to begin again");
        acta_store_close(store);
    } else if (status == ACTA_OK) {
        status = keep_books(store, &error);
        acta_store_close(store);
    }
    if (status != ACTA_OK) fprintf(stderr, "ledger: %s\n", error.text);
    return status != ACTA_OK;
}
