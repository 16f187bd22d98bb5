/*
 * Rows of a transaction: puts, deletes and conditions, and what the store itself keeps as rows: outcomes, snapshots and
 * checkpoints.
 *
 * Not here: events, and the memory that all of it lies in (transaction.c).
 */
#include "internal.h"
#include "transaction.h"

static bool
fits_in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

bool
acti_table_name_fits(const char *table)
{
    size_t size = 0;

    if (table == NULL) return false;
    while (size <= ACTA_TABLE_NAME_MAX && fits_in_name(table[size]))
        size++;
    return size > 0 && size <= ACTA_TABLE_NAME_MAX && table[size] == '\0';
}

acta_bytes
acti_row_key(uint8_t *room, const char *table, acta_bytes key)
{
    size_t table_size = strlen(table) + 1;

    memcpy(room, table, table_size);
    if (key.size > 0) memcpy(room + table_size, key.data, key.size);
    return acta_bytes_from(room, table_size + key.size);
}

bool
acti_row_is_of(acta_bytes key, const char *table)
{
    size_t size = strlen(table) + 1;
    return key.size >= size && memcmp(key.data, table, size) == 0;
}

static bool
is_own_table(const char *table)
{
    return strcmp(table, ACTI_TABLE_OUTCOMES) == 0 || strcmp(table, ACTI_TABLE_SNAPSHOTS) == 0 ||
           strcmp(table, ACTI_TABLE_CHECKPOINTS) == 0 || strcmp(table, ACTI_TABLE_TAGS) == 0 ||
           strcmp(table, ACTI_TABLE_CLAIMS) == 0 || strcmp(table, ACTI_TABLE_PARKED) == 0;
}

static acti_operation *
row_add(acta_transaction *transaction, acti_operation_kind kind, const char *table, acta_bytes key)
{
    if (transaction->status != ACTA_OK) return NULL;
    if (!acti_table_name_fits(table)) {
        acti_transaction_fail(transaction, ACTA_INVALID,
            "'%.80s' is no name of a table: 1 to %d of [a-z0-9_.-] are expected", table != NULL ? table : "",
            ACTA_TABLE_NAME_MAX);
        return NULL;
    }
    if (key.size > ACTA_KEY_MAX) {
        acti_transaction_fail(transaction, ACTA_INVALID, "a key of table '%s' has %zu bytes, at most %d are allowed",
            table, key.size, ACTA_KEY_MAX);
        return NULL;
    }

    size_t size = strlen(table) + 1 + key.size;
    uint8_t *room = acti_transaction_charge(transaction, size) ? acti_transaction_room(transaction, size) : NULL;
    acti_operation *operation = room != NULL ? acti_transaction_operation(transaction, kind) : NULL;
    if (operation != NULL) operation->key = acti_row_key(room, table, key);
    return operation;
}

void
acti_transaction_put_row(acta_transaction *transaction, const char *table, acta_bytes key, acta_bytes value)
{
    if (value.size > ACTA_PAYLOAD_MAX) {
        acti_transaction_fail(transaction, ACTA_INVALID, "a row of table '%.80s' has %zu bytes, at most %d are allowed",
            table != NULL ? table : "", value.size, ACTA_PAYLOAD_MAX);
        return;
    }
    if (transaction->status != ACTA_OK || !acti_transaction_charge(transaction, value.size)) return;

    uint8_t *copy = acti_transaction_room(transaction, value.size);
    acti_operation *operation = copy != NULL ? row_add(transaction, ACTI_PUT, table, key) : NULL;
    if (operation == NULL) return;
    if (value.size > 0) memcpy(copy, value.data, value.size);
    operation->value = acta_bytes_from(copy, value.size);
}

void
acta_transaction_put(acta_transaction *transaction, const char *table, acta_bytes key, acta_bytes value)
{
    if (table != NULL && is_own_table(table)) {
        acti_transaction_fail(transaction, ACTA_INVALID, "rows of table '%s' are written by the store alone", table);
        return;
    }
    acti_transaction_put_row(transaction, table, key, value);
}

void
acta_transaction_delete(acta_transaction *transaction, const char *table, acta_bytes key)
{
    row_add(transaction, ACTI_DELETE, table, key);
}

void
acta_transaction_expect_row(acta_transaction *transaction, const char *table, acta_bytes key, bool present)
{
    row_add(transaction, present ? ACTI_EXPECT_PRESENT : ACTI_EXPECT_ABSENT, table, key);
}

void
acta_transaction_expect_no_tagged(acta_transaction *transaction, const acta_str *tags, uint32_t count, uint64_t after)
{
    uint8_t room[ACTI_TAGS_MAX];
    acta_error error;
    acta_status status = count > 0 ? acti_tags_check(tags, count, &error)
                                   : acta_error_set(&error, ACTA_INVALID, "a condition on tags needs one at least");

    if (status != ACTA_OK) {
        acti_transaction_fail(transaction, status, "%s", error.text);
        return;
    }
    acta_bytes encoded = acti_tags_encode(room, tags, count);
    uint8_t *copy =
        acti_transaction_charge(transaction, encoded.size) ? acti_transaction_room(transaction, encoded.size) : NULL;
    acti_operation *operation = copy != NULL ? acti_transaction_operation(transaction, ACTI_EXPECT_NO_TAGGED) : NULL;
    if (operation == NULL) return;
    memcpy(copy, encoded.data, encoded.size);
    operation->value = acta_bytes_from(copy, encoded.size);
    operation->expected_version = after;
}

/* -- outcomes, snapshots, checkpoints: rows that the store knows -- */

void
acta_transaction_outcome(acta_transaction *transaction, acta_id command_id, const acta_outcome *outcome)
{
    acta_bytes key = acta_bytes_from(command_id.bytes, ACTA_ID_SIZE);
    uint8_t value[ACTI_OUTCOME_SIZE_MAX];

    if (acta_id_is_none(command_id)) {
        acti_transaction_fail(transaction, ACTA_INVALID, "an outcome needs a command id");
        return;
    }
    acti_transaction_put_row(
        transaction, ACTI_TABLE_OUTCOMES, key, acta_bytes_from(value, acti_outcome_encode(outcome, value)));
    if (transaction->status != ACTA_OK) return;
    transaction->operations[transaction->operation_count - 1].kind = ACTI_OUTCOME;
    transaction->command_id = command_id;
}

void
acta_transaction_forget_outcome(acta_transaction *transaction, acta_id command_id)
{
    acta_transaction_delete(transaction, ACTI_TABLE_OUTCOMES, acta_bytes_from(command_id.bytes, ACTA_ID_SIZE));
}

void
acta_transaction_snapshot(acta_transaction *transaction, acta_str stream, const acta_snapshot *snapshot)
{
    acta_error error;
    acta_status status = acti_stream_name_check_own(stream, &error);
    uint8_t *value = NULL;

    if (status != ACTA_OK)
        acti_transaction_fail(transaction, status, "%s", error.text);
    else if (snapshot->state.size > ACTA_PAYLOAD_MAX - ACTI_SNAPSHOT_HEADER)
        acti_transaction_fail(transaction, ACTA_INVALID,
            "the snapshot of '" ACTA_FMT "' has %zu bytes, at most %d are allowed", ACTA_ARG(stream),
            snapshot->state.size, ACTA_PAYLOAD_MAX - ACTI_SNAPSHOT_HEADER);
    else
        value = acti_transaction_room(transaction, ACTI_SNAPSHOT_HEADER + snapshot->state.size);
    if (value == NULL || transaction->status != ACTA_OK) return;

    size_t size = acti_snapshot_encode(stream, snapshot, value);
    if (!acti_transaction_charge(transaction, size)) return;
    acti_operation *operation = row_add(transaction, ACTI_PUT, ACTI_TABLE_SNAPSHOTS, acta_str_bytes(stream));
    if (operation != NULL) operation->value = acta_bytes_from(value, size);
}

void
acta_transaction_checkpoint(acta_transaction *transaction, const char *name, uint64_t position)
{
    uint8_t value[ACTI_CHECKPOINT_SIZE];
    size_t size = name != NULL ? strlen(name) : 0;

    if (size == 0 || size > ACTI_SUBSCRIPTION_NAME_MAX) {
        acti_transaction_fail(transaction, ACTA_INVALID,
            "the name of a subscription has %zu bytes, 1 to %d are expected", size, ACTI_SUBSCRIPTION_NAME_MAX);
        return;
    }
    acti_checkpoint_encode(position, value);
    acti_transaction_put_row(
        transaction, ACTI_TABLE_CHECKPOINTS, acta_bytes_from(name, size), acta_bytes_from(value, sizeof value));
}
