/*
 * Claims: values of a scope that one owner has. A row for each: scope, NUL, value -> owner.
 *
 * A claim is a put of a row that must be absent (ACTI_CLAIM in apply.c), so that two can't have it, in one batch or in two.
 */
#include "internal.h"

enum { CLAIM_MAX = ACTA_KEY_MAX - ACTA_TABLE_NAME_MAX - 1 };

static acta_bytes
claim_key(uint8_t *room, const char *scope, acta_bytes value)
{
    size_t size = strlen(scope) + 1;

    memcpy(room, scope, size);
    memcpy(room + size, value.data, value.size);
    return acta_bytes_from(room, size + value.size);
}

static acta_status
check_value(const char *scope, acta_bytes value, acta_error *error)
{
    if (!acti_table_name_fits(scope))
        return acta_error_set(error, ACTA_INVALID, "'%.80s' is no scope of values: 1 to %d of [a-z0-9_.-] are expected",
            scope != NULL ? scope : "", ACTA_TABLE_NAME_MAX);
    if (value.size == 0 || value.size > CLAIM_MAX)
        return acta_error_set(
            error, ACTA_INVALID, "a value of '%s' has %zu bytes, 1 to %d are expected", scope, value.size, CLAIM_MAX);
    return ACTA_OK;
}

/* Conditions are about what was there before the transaction: two claims of one value in it have to be found here. */
static bool
claims_already(const acta_transaction *transaction, acta_bytes key)
{
    for (uint32_t i = 0; i < transaction->operation_count; i++) {
        const acti_operation *operation = &transaction->operations[i];
        if (operation->kind != ACTI_CLAIM || operation->key.size != sizeof ACTI_TABLE_CLAIMS + key.size) continue;
        if (memcmp(operation->key.data + sizeof ACTI_TABLE_CLAIMS, key.data, key.size) == 0) return true;
    }
    return false;
}

void
acta_transaction_claim(acta_transaction *transaction, const char *scope, acta_bytes value, acta_str owner)
{
    uint8_t room[ACTA_KEY_MAX];
    acta_error error;
    acta_status status = check_value(scope, value, &error);

    if (status != ACTA_OK) {
        acti_transaction_fail(transaction, status, "%s", error.text);
        return;
    }
    acta_bytes key = claim_key(room, scope, value);
    if (claims_already(transaction, key)) {
        acti_transaction_fail(transaction, ACTA_ALREADY_EXISTS, "a transaction claims one value of '%s' twice", scope);
        return;
    }
    acti_transaction_put_row(transaction, ACTI_TABLE_CLAIMS, key, acta_str_bytes(owner));
    if (transaction->status == ACTA_OK) transaction->operations[transaction->operation_count - 1].kind = ACTI_CLAIM;
}

void
acta_transaction_release(acta_transaction *transaction, const char *scope, acta_bytes value)
{
    uint8_t room[ACTA_KEY_MAX];
    acta_error error;
    acta_status status = check_value(scope, value, &error);

    if (status == ACTA_OK)
        acta_transaction_delete(transaction, ACTI_TABLE_CLAIMS, claim_key(room, scope, value));
    else
        acti_transaction_fail(transaction, status, "%s", error.text);
}

acta_status
acta_store_claimed_by(
    acta_store *store, const char *scope, acta_bytes value, acta_memory *memory, acta_str *owner_out, acta_error *error)
{
    uint8_t room[ACTA_KEY_MAX];
    acta_bytes owner;
    acta_status status = check_value(scope, value, error);

    if (status == ACTA_OK)
        status = acta_store_get(store, ACTI_TABLE_CLAIMS, claim_key(room, scope, value), memory, &owner, error);
    if (status == ACTA_OK) *owner_out = acta_str_from(owner.data, owner.size);
    return status;
}
