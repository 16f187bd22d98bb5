/*
 * What must hold of a simulated bank: what it keeps. See sim_checks.h; answers are in sim_answers.c.
 */
#include "sim_checks.h"

#include "acta/subscription.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MANAGER_HEADER = 24, MANAGER_POSITION_AT = 8 };
/* The row of an outbox (docs/format.md): in format 3 an instance's row lies behind the header, and behind its size. */
enum { OUTBOX_FORMAT_AT = 4, OUTBOX_FLAGS_AT = 5, OUTBOX_HOLDING = 3, OUTBOX_HEADER = 56, HELD_HEADER = 8 };

static acta_str
text_or_none(const char *text)
{
    return acta_str_of(text != NULL ? text : "");
}

/* Absent and empty are one. */
static bool
is_text(acta_str field, const char *text)
{
    return acta_str_equal(acta_str_from(field.data, field.size), text_or_none(text));
}

/* -- rows -- */

typedef struct customer {
    const char *owner;
    uint32_t account_count, open_count;
    int64_t balance;
} customer;

typedef struct rows_check {
    const bank_fold *fold;
    uint64_t at; /* position */
    uint64_t row_count;
    customer *customers;
    uint32_t customer_count;
    char wrong[128]; /* the key of a row that is; "" */
} rows_check;

static bool
is_wrong(rows_check *rows, acta_str key)
{
    snprintf(rows->wrong, sizeof rows->wrong, ACTA_FMT, ACTA_ARG(key));
    return false;
}

static const bank_stream *
stream_at(const rows_check *rows, const char *prefix, acta_str id, const bank_moment **moment_out)
{
    char name[ACTA_STREAM_NAME_MAX + 16];
    int size = snprintf(name, sizeof name, "%s" ACTA_FMT, prefix, ACTA_ARG(id));
    if (size < 0 || (size_t)size >= sizeof name) return NULL;

    const bank_stream *stream = bank_fold_find(rows->fold, acta_str_from(name, (size_t)size));
    uint64_t version = stream != NULL ? bank_stream_version_at(stream, rows->at) : 0;
    if (version == 0) return NULL;
    *moment_out = &stream->moments[version];
    return stream;
}

static bool
visit_account(void *user, const void *value)
{
    rows_check *rows = user;
    const bank_AccountRow *row = value;
    const bank_moment *now;

    rows->row_count++;
    const bank_stream *stream = stream_at(rows, "Account-", row->account_id, &now);
    bool good =
        stream != NULL && row->balance == now->balance && row->open == now->open && is_text(row->owner, stream->owner);
    return good || is_wrong(rows, row->account_id);
}

static bank_Phase
phase_at(const bank_stream *transfer, const bank_moment *moment, uint64_t at)
{
    bool has_withdrawn = transfer->withdrawn_at != 0 && transfer->withdrawn_at <= at;
    return moment->phase == bank_Phase_requested && has_withdrawn ? bank_Phase_withdrawn : moment->phase;
}

static bool
visit_transfer(void *user, const void *value)
{
    rows_check *rows = user;
    const bank_TransferRow *row = value;
    const bank_moment *now;

    rows->row_count++;
    const bank_stream *stream = stream_at(rows, "Transfer-", row->transfer_id, &now);
    if (stream == NULL) return is_wrong(rows, row->transfer_id);
    bool has_failed = now->phase == bank_Phase_refunded || now->phase == bank_Phase_rejected;
    bool good = row->phase == phase_at(stream, now, rows->at) && row->amount == stream->amount &&
                is_text(row->source_id, stream->source_id) && is_text(row->target_id, stream->target_id) &&
                is_text(row->reason, has_failed ? stream->reason : NULL);
    return good || is_wrong(rows, row->transfer_id);
}

static customer *
customer_of(rows_check *rows, acta_str owner)
{
    for (uint32_t i = 0; i < rows->customer_count; i++)
        if (is_text(owner, rows->customers[i].owner)) return &rows->customers[i];
    return NULL;
}

static const char *
customer_status(const customer *c)
{
    if (c->open_count > 0) return c->balance > 0 ? "active" : "empty";
    return c->balance > 0 ? "owed" : "closed";
}

static bool
visit_customer(void *user, const void *value)
{
    rows_check *rows = user;
    const bank_CustomerRow *row = value;
    const customer *c = customer_of(rows, row->owner);

    rows->row_count++;
    bool good = c != NULL && row->account_count == c->account_count && row->open_count == c->open_count &&
                row->balance == c->balance && is_text(row->status, customer_status(c));
    return good || is_wrong(rows, row->owner);
}

/* How many streams of a kind there were; accounts are counted to their owners on the way. */
static uint64_t
count_streams(rows_check *rows, bool accounts)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < bank_fold_stream_count(rows->fold); i++) {
        const bank_stream *stream = bank_fold_stream_at(rows->fold, i);
        if (stream->is_account != accounts) continue;
        uint64_t version = bank_stream_version_at(stream, rows->at);
        if (version == 0) continue;
        count++;
        if (!accounts) continue;
        customer *c = customer_of(rows, text_or_none(stream->owner));
        if (c == NULL) {
            c = &rows->customers[rows->customer_count++];
            *c = (customer){ .owner = stream->owner };
        }
        c->account_count++;
        c->open_count += stream->moments[version].open;
        c->balance += stream->moments[version].balance;
    }
    return count;
}

static acta_status
check_table(acta_app *app, const acta_table *table, rows_check *rows, uint64_t expected,
    bool (*visit)(void *user, const void *row), acta_error *error)
{
    rows->row_count = 0;
    acta_status status = acta_read_model_each(app, table, acta_str_of(""), visit, rows, error);
    if (status != ACTA_OK) return status;
    if (rows->wrong[0] != '\0')
        return acta_error_set(error, ACTA_CORRUPT,
            "a row is not the fold of the log: the %s of '%s', at position %" PRIu64, table->name, rows->wrong,
            rows->at);
    if (rows->row_count == expected) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT,
        "a row is missing: there are %" PRIu64 " of %s, and by the log %" PRIu64 ", at position %" PRIu64,
        rows->row_count, table->name, expected, rows->at);
}

/* Where the rows of a projection are: its checkpoint is in one transaction with them. */
static acta_status
find_place(acta_app *app, const char *projection, bool is_at_rest, rows_check *rows, acta_error *error)
{
    uint64_t head = bank_fold_position(rows->fold);
    acta_status status = acta_store_checkpoint(acta_app_store(app), projection, &rows->at, error);

    if (status == ACTA_OK && rows->at > head)
        return acta_error_set(error, ACTA_CORRUPT,
            "a projection is ahead of the log: '%s' is at %" PRIu64 ", the log at %" PRIu64, projection, rows->at,
            head);
    if (is_at_rest) rows->at = head;
    return status;
}

static acta_status
check_account_rows(acta_app *app, rows_check *rows, acta_error *error)
{
    uint64_t expected = count_streams(rows, true);
    acta_status status = check_table(app, &bank_AccountRow_table, rows, expected, visit_account, error);

    if (status != ACTA_OK) return status;
    return check_table(app, &bank_CustomerRow_table, rows, rows->customer_count, visit_customer, error);
}

acta_status
bank_check_rows(acta_app *app, const bank_fold *fold, bool is_at_rest, acta_error *error)
{
    rows_check rows = { .fold = fold };
    rows.customers = calloc((size_t)bank_fold_stream_count(fold) + 1, sizeof *rows.customers);
    if (rows.customers == NULL) return acta_error_set(error, ACTA_NO_MEMORY, NULL);

    acta_status status = find_place(app, "accounts", is_at_rest, &rows, error);
    if (status == ACTA_OK) status = check_account_rows(app, &rows, error);
    if (status == ACTA_OK) status = find_place(app, "transfers", is_at_rest, &rows, error);
    if (status == ACTA_OK)
        status = check_table(app, &bank_TransferRow_table, &rows, count_streams(&rows, false), visit_transfer, error);
    free(rows.customers);
    return status;
}

/* Of the account's last event that came by a command; what others append has no command. */
static uint64_t
last_commanded(const bank_stream *stream)
{
    uint64_t version = stream->version;

    while (version > 0 && acta_id_is_none(stream->moments[version].command_id))
        version--;
    return version;
}

acta_status
bank_check_balances(acta_app *app, const bank_fold *fold, bool is_at_rest, acta_error *error)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_status status = memory != NULL ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, NULL);

    for (uint32_t i = 0; status == ACTA_OK && i < bank_fold_stream_count(fold); i++) {
        const bank_stream *stream = bank_fold_stream_at(fold, i);
        bank_BalanceRow row = { .version = 0 };
        if (!stream->is_account) continue;
        acta_memory_clear(memory);
        status = bank_BalanceRow_find(app, stream->id, &row, memory, error);
        if (status == ACTA_NOT_FOUND) status = ACTA_OK; /* version 0 */
        if (status != ACTA_OK) break;
        bool is_ahead = row.version > stream->version;
        bool is_of_log = row.version >= last_commanded(stream) && (!is_ahead || !is_at_rest);
        if (is_of_log && (row.version == 0 || is_ahead || row.balance == stream->moments[row.version].balance))
            continue;
        status = acta_error_set(error, ACTA_CORRUPT,
            "an inline row is not the fold of the log: that of '%s' is %" PRId64 " at version %" PRIu64
            ", the log's is %" PRId64 " at version %" PRIu64,
            stream->name, row.balance, row.version, stream->moments[stream->version].balance, stream->version);
    }
    acta_memory_destroy(memory);
    return status;
}

/* -- states and snapshots -- */

static bool
is_account_at(const bank_Account *state, const bank_stream *stream, const bank_moment *moment)
{
    return state->open == moment->open && state->closed == moment->closed && state->balance == moment->balance &&
           is_text(state->owner, stream->owner);
}

static bool
is_transfer_at(const bank_Transfer *state, const bank_stream *stream, const bank_moment *moment)
{
    bool has_failed = moment->phase == bank_Phase_refunded || moment->phase == bank_Phase_rejected;

    return state->phase == moment->phase && state->amount == stream->amount &&
           is_text(state->source_id, stream->source_id) && is_text(state->target_id, stream->target_id) &&
           is_text(state->reason, has_failed ? stream->reason : NULL);
}

static acta_status
check_snapshot(const bank_stream *stream, const acta_snapshot *snapshot, acta_error *error)
{
    const bank_moment *moment = &stream->moments[snapshot->version];
    const acta_table *table = stream->is_account ? &bank_Account_table : &bank_Transfer_table;
    acta_status status = table->verify(snapshot->state, error);
    if (status != ACTA_OK) return acta_error_prefix(error, ACTA_CORRUPT, "a snapshot is damaged: ");

    bank_Account account;
    bank_Transfer transfer;
    if (stream->is_account)
        table->read(snapshot->state, &account);
    else
        table->read(snapshot->state, &transfer);
    bool good =
        stream->is_account ? is_account_at(&account, stream, moment) : is_transfer_at(&transfer, stream, moment);
    if (good) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT, "a snapshot is not the fold of the log: that of '%s', version %" PRIu64,
        stream->name, snapshot->version);
}

acta_status
bank_check_snapshots(acta_store *store, const bank_fold *fold, acta_error *error)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_status status = memory != NULL ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, NULL);

    for (uint32_t i = 0; status == ACTA_OK && i < bank_fold_stream_count(fold); i++) {
        const bank_stream *stream = bank_fold_stream_at(fold, i);
        acta_snapshot snapshot;
        if (stream->version == 0) continue;
        acta_memory_clear(memory);
        status = acta_store_snapshot(store, acta_str_from(stream->name, stream->name_size), memory, &snapshot, error);
        if (status == ACTA_NOT_FOUND)
            status = ACTA_OK;
        else if (status == ACTA_OK && snapshot.version > stream->version)
            status = acta_error_set(error, ACTA_CORRUPT,
                "a snapshot is ahead of the log: that of '%s', version %" PRIu64 " of %" PRIu64, stream->name,
                snapshot.version, stream->version);
        else if (status == ACTA_OK)
            status = check_snapshot(stream, &snapshot, error);
    }
    acta_memory_destroy(memory);
    return status;
}

static acta_status
check_state(acta_app *app, const bank_stream *stream, acta_memory *memory, acta_error *error)
{
    const bank_moment *now = &stream->moments[stream->version];
    bank_Account account;
    bank_Transfer transfer;
    bool good = false;
    acta_status status;

    if (stream->is_account) {
        status = acta_aggregate_read(app, &bank_Account_table, stream->id, &account, memory, error);
        good = status == ACTA_OK && is_account_at(&account, stream, now);
    } else {
        status = acta_aggregate_read(app, &bank_Transfer_table, stream->id, &transfer, memory, error);
        good = status == ACTA_OK && is_transfer_at(&transfer, stream, now);
    }
    if (good || (status != ACTA_OK && status != ACTA_NOT_FOUND)) return status;
    return acta_error_set(error, ACTA_CORRUPT,
        "a state is not the fold of the log: that of '%s', version %" PRIu64 "%s", stream->name, stream->version,
        status == ACTA_NOT_FOUND ? ", which is said not to exist" : "");
}

acta_status
bank_check_states(acta_app *app, const bank_fold *fold, acta_error *error)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_status status = memory != NULL ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, NULL);

    for (uint32_t i = 0; status == ACTA_OK && i < bank_fold_stream_count(fold); i++) {
        const bank_stream *stream = bank_fold_stream_at(fold, i);
        acta_memory_clear(memory);
        if (stream->version > 0) status = check_state(app, stream, memory, error);
    }
    acta_memory_destroy(memory);
    return status;
}

acta_status
bank_check_read(
    const bank_stream *account, uint64_t head_before, uint64_t head_after, const bank_Account *state, acta_error *error)
{
    uint64_t from = bank_stream_version_at(account, head_before), to = bank_stream_version_at(account, head_after);

    for (uint64_t version = from; version <= to; version++)
        if (is_account_at(state, account, &account->moments[version])) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT,
        "a read is of no moment: '%s' was at version %" PRIu64 " to %" PRIu64 ", and no balance of %" PRId64,
        account->name, from, to, state->balance);
}

/* -- the process manager -- */

static uint64_t
read_le(const uint8_t *bytes)
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

/* `last`: the last event that the instance has taken. */
static bool
is_instance_at(const bank_Transfers *state, const bank_stream *transfer, uint64_t last)
{
    bool is_taken = last == transfer->requested_at || last == transfer->withdrawn_at || last == transfer->moved_at ||
                    last == transfer->ended_at;
    bool has_withdrawn = transfer->withdrawn_at != 0 && transfer->withdrawn_at <= last;

    return last != 0 && is_taken && state->phase == (has_withdrawn ? bank_Phase_withdrawn : bank_Phase_requested) &&
           state->amount == transfer->amount && is_text(state->source_id, transfer->source_id) &&
           is_text(state->target_id, transfer->target_id);
}

static acta_status
check_instance(const bank_fold *fold, acta_bytes key, acta_bytes value, acta_error *error)
{
    char name[ACTA_STREAM_NAME_MAX + 16];
    acta_bytes bytes = { value.data + MANAGER_HEADER, value.size - MANAGER_HEADER };
    int size = snprintf(name, sizeof name, "Transfer-%.*s", (int)key.size, (const char *)key.data);
    const bank_stream *transfer = bank_fold_find(fold, acta_str_from(name, (size_t)size));
    uint64_t last = read_le(value.data + MANAGER_POSITION_AT);
    bank_Transfers state;

    bool good = transfer != NULL && bank_Transfers_table.verify(bytes, NULL) == ACTA_OK;
    if (good) {
        bank_Transfers_table.read(bytes, &state);
        good = is_instance_at(&state, transfer, last);
    }
    if (good) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT,
        "an instance is not the fold of the log: that of '%s', whose last event is at %" PRIu64, name, last);
}

/* The row of the instance that an outbox's row holds while commands are open; size 0: it holds none. */
static acta_bytes
held_in(acta_bytes row)
{
    bool holds = row.size > OUTBOX_HEADER + HELD_HEADER && row.data[OUTBOX_FORMAT_AT] == OUTBOX_HOLDING;
    uint64_t size = holds && row.data[OUTBOX_FLAGS_AT] == 0 ? read_le(row.data + OUTBOX_HEADER) : 0;

    if (size < MANAGER_HEADER || size > row.size - OUTBOX_HEADER - HELD_HEADER) return acta_bytes_from(NULL, 0);
    return acta_bytes_from(row.data + OUTBOX_HEADER + HELD_HEADER, (size_t)size);
}

static acta_status
check_outboxes(acta_store *store, const bank_fold *fold, bool is_at_rest, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;

    acta_status status =
        acta_row_cursor_open(store, "pm.bank.transfers.outbox", acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK) {
        acta_bytes held = held_in(value);
        if (is_at_rest)
            status = acta_error_set(error, ACTA_CORRUPT, "a command is left in an outbox: in that of '%.*s'",
                (int)key.size, (const char *)key.data);
        else if (held.size > 0)
            status = check_instance(fold, key, held, error);
        if (status != ACTA_OK) break;
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
check_instances(acta_store *store, const bank_fold *fold, bool is_at_rest, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;

    acta_status status = acta_row_cursor_open(store, "pm.bank.transfers", acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK) {
        if (is_at_rest)
            status = acta_error_set(error, ACTA_CORRUPT, "a process manager has not ended: that of '%.*s'",
                (int)key.size, (const char *)key.data);
        else if (value.size < MANAGER_HEADER)
            status =
                acta_error_set(error, ACTA_CORRUPT, "an instance is not the fold of the log: its row is too short");
        else
            status = check_instance(fold, key, value, error);
        if (status != ACTA_OK) break;
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
bank_check_managers(acta_store *store, const bank_fold *fold, bool is_at_rest, acta_error *error)
{
    acta_status status = check_instances(store, fold, is_at_rest, error);

    return status == ACTA_OK ? check_outboxes(store, fold, is_at_rest, error) : status;
}

/* -- the runtime -- */

acta_status
bank_check_counters(const acta_runtime_stats *stats, bool is_at_rest, acta_error *error)
{
    uint64_t gone = stats->handled + stats->dropped;

    if (gone > stats->sent)
        return acta_error_set(error, ACTA_CORRUPT,
            "a message was handled twice: %" PRIu64 " were sent, %" PRIu64 " handled, %" PRIu64 " dropped", stats->sent,
            stats->handled, stats->dropped);
    if (is_at_rest && gone != stats->sent)
        return acta_error_set(error, ACTA_CORRUPT,
            "a message was lost: %" PRIu64 " were sent, %" PRIu64 " handled, %" PRIu64 " dropped", stats->sent,
            stats->handled, stats->dropped);
    if (stats->exited > stats->spawned)
        return acta_error_set(error, ACTA_CORRUPT, "an actor ended twice: %" PRIu64 " were spawned, %" PRIu64 " ended",
            stats->spawned, stats->exited);
    return ACTA_OK;
}
