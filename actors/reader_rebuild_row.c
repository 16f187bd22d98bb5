/*
 * What the store keeps of rebuilds, and rows that count no more.
 */
#include "reader_rebuild_row.h"

#include "reader_rebuild.h"
#include "row_index.h"
#include "row_version.h"

enum {
    FORMAT = 1,
    HEAD_SIZE = 1 + 1 + 8 + 4,
    KEY_MAX = 1 + ACTA_SUBSCRIPTION_NAME_MAX + 1 + 4,
    REMOVE_ROWS_MAX = 1000
};

static const char rebuilds[] = "rebuilds";

static uint8_t *
put_little(uint8_t *to, uint64_t number, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        *to++ = (uint8_t)(number >> (8 * i));
    return to;
}

static uint64_t
get_little(const uint8_t *from, uint32_t size)
{
    uint64_t number = 0;

    for (uint32_t i = size; i-- > 0;)
        number = number << 8 | from[i];
    return number;
}

static acta_bytes
key_of(char kind, const char *name, uint8_t *room)
{
    size_t size = strlen(name);

    room[0] = (uint8_t)kind;
    memcpy(room + 1, name, size);
    return acta_bytes_from(room, 1 + size);
}

static acta_bytes
closed_key(const char *name, uint32_t number, uint8_t *room)
{
    acta_bytes key = key_of('c', name, room);

    room[key.size] = 0;
    put_little(room + key.size + 1, number, 4);
    return acta_bytes_from(room, key.size + 5);
}

/* -- the one under way -- */

static acta_status
is_damaged(const char *name, acta_error *error)
{
    return acta_error_set(error, ACTA_CORRUPT, "what is kept of the rebuild of '%s' is damaged", name);
}

static acta_status
decode(const char *name, acta_bytes bytes, acti_rebuild_row *row, acta_error *error)
{
    if (bytes.size < HEAD_SIZE || bytes.data[0] != FORMAT) return is_damaged(name, error);
    row->state = (acti_rebuild_state)bytes.data[1];
    row->position = get_little(bytes.data + 2, 8);
    row->count = (uint32_t)get_little(bytes.data + 10, 4);
    if (row->state > ACTI_REBUILD_CLEANING || row->count > ACTI_REBUILD_TABLES_MAX) return is_damaged(name, error);

    const uint8_t *at = bytes.data + HEAD_SIZE, *limit = bytes.data + bytes.size;
    for (uint32_t i = 0; i < row->count; i++) {
        acti_rebuild_table *table = &row->tables[i];
        const uint8_t *end = limit - at > 12 ? memchr(at + 12, 0, (size_t)(limit - at - 12)) : NULL;
        if (end == NULL || (size_t)(end - at - 12) >= sizeof table->name) return is_damaged(name, error);
        table->version = (uint32_t)get_little(at, 4);
        table->schema_hash = get_little(at + 4, 8);
        memcpy(table->name, at + 12, (size_t)(end - at - 12) + 1);
        at = end + 1;
    }
    return at == limit ? ACTA_OK : is_damaged(name, error);
}

acta_status
acti_rebuild_row_get(acta_store *store, const char *name, acti_rebuild_row *row_out, acta_error *error)
{
    acta_memory *memory = acta_memory_create(&(acta_allocator){ .alloc = NULL });
    uint8_t room[KEY_MAX];
    acta_bytes bytes;
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row");

    *row_out = (acti_rebuild_row){ .state = ACTI_REBUILD_NONE };
    acta_status status = acta_store_get(store, rebuilds, key_of('r', name, room), memory, &bytes, error);
    if (status == ACTA_OK) status = decode(name, bytes, row_out, error);
    acta_memory_destroy(memory);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

void
acti_rebuild_row_put(acta_transaction *transaction, const char *name, const acti_rebuild_row *row)
{
    uint8_t room[KEY_MAX], bytes[HEAD_SIZE + ACTI_REBUILD_TABLES_MAX * (12 + ACTA_TYPE_NAME_MAX + 1)], *to = bytes;
    acta_bytes key = key_of('r', name, room);

    if (row->state == ACTI_REBUILD_NONE) {
        acta_transaction_delete(transaction, rebuilds, key);
        return;
    }
    *to++ = FORMAT;
    *to++ = (uint8_t)row->state;
    to = put_little(to, row->position, 8);
    to = put_little(to, row->count, 4);
    for (uint32_t i = 0; i < row->count; i++) {
        size_t size = strlen(row->tables[i].name) + 1;
        to = put_little(to, row->tables[i].version, 4);
        to = put_little(to, row->tables[i].schema_hash, 8);
        memcpy(to, row->tables[i].name, size);
        to += size;
    }
    acta_transaction_put(transaction, rebuilds, key, acta_bytes_from(bytes, (size_t)(to - bytes)));
}

acta_status
acti_rebuild_row_next(acta_store *store, char *after, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;
    acta_str last = acta_str_of(after);

    acta_status status = acta_row_cursor_open(store, rebuilds, acta_bytes_from("r", 1), &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK) {
        size_t size = key.size - 1;
        if (size > ACTA_SUBSCRIPTION_NAME_MAX) continue;
        size_t common = size < last.size ? size : last.size;
        int order = common > 0 ? memcmp(key.data + 1, last.data, common) : 0;
        if (order < 0 || (order == 0 && size <= last.size)) continue;
        memcpy(after, key.data + 1, size);
        after[size] = '\0';
        break;
    }
    acta_row_cursor_close(cursor);
    return status;
}

/* -- numbers, and what is closed -- */

acta_status
acti_rebuild_number(acta_store *store, const char *name, uint32_t *number_out, acta_error *error)
{
    acta_memory *memory = acta_memory_create(&(acta_allocator){ .alloc = NULL });
    uint8_t room[KEY_MAX];
    acta_bytes bytes;
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row");

    *number_out = 0;
    acta_status status = acta_store_get(store, rebuilds, key_of('n', name, room), memory, &bytes, error);
    if (status == ACTA_OK && bytes.size != 4) status = is_damaged(name, error);
    if (status == ACTA_OK) *number_out = (uint32_t)get_little(bytes.data, 4);
    acta_memory_destroy(memory);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

void
acti_rebuild_number_put(acta_transaction *transaction, const char *name, uint32_t number)
{
    uint8_t room[KEY_MAX], bytes[4];

    put_little(bytes, number, 4);
    acta_transaction_put(transaction, rebuilds, key_of('n', name, room), acta_bytes_from(bytes, sizeof bytes));
}

void
acti_rebuild_close(acta_transaction *transaction, const char *name, uint32_t number, bool closed)
{
    uint8_t room[KEY_MAX];
    acta_bytes key = closed_key(name, number, room);

    if (closed)
        acta_transaction_put(transaction, rebuilds, key, acta_bytes_from("", 0));
    else
        acta_transaction_delete(transaction, rebuilds, key);
}

void
acti_rebuild_expect_closed(acta_transaction *transaction, const char *name, uint32_t number)
{
    uint8_t room[KEY_MAX];
    acta_transaction_expect_row(transaction, rebuilds, closed_key(name, number, room), true);
}

void
acti_rebuild_guard(acta_transaction *transaction, const char *name, uint32_t number)
{
    uint8_t room[KEY_MAX];
    acta_transaction_expect_row(transaction, rebuilds, closed_key(name, number, room), false);
}

/* -- rows that count no more -- */

/* Some rows of a table go; *more_out: there may be others. */
static acta_status
remove_some(acta_app *app, const char *table, bool *more_out, acta_error *error)
{
    acta_transaction *transaction = acta_transaction_create(app->store);
    acta_row_cursor *cursor;
    acta_bytes key, value;
    uint32_t count = 0;
    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to remove rows");

    acta_status status = acta_row_cursor_open(app->store, table, acta_bytes_from(NULL, 0), &cursor, error);
    if (status == ACTA_OK) {
        while (count < REMOVE_ROWS_MAX && (status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK) {
            acta_transaction_delete(transaction, table, key);
            count++;
        }
        acta_row_cursor_close(cursor);
    }
    *more_out = status == ACTA_OK;
    if (status == ACTA_NOT_FOUND) status = ACTA_OK;
    if (status == ACTA_OK && count > 0) return acta_store_commit(app->store, transaction, NULL, error);
    acta_transaction_destroy(transaction);
    return status;
}

static acta_status
remove_all(acta_app *app, const char *table, acta_error *error)
{
    bool more = true;
    acta_status status = ACTA_OK;

    while (more && status == ACTA_OK)
        status = remove_some(app, table, &more, error);
    return status;
}

acta_status
acti_rebuild_remove_rows(acta_app *app, const acti_rebuild_row *row, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (uint32_t i = 0; i < row->count && status == ACTA_OK; i++) {
        acta_str name = acta_str_of(row->tables[i].name);
        const acta_table *table = acta_app_table(app, name);
        uint32_t version = row->tables[i].version, counts;
        status = acti_row_version_read(app->store, row->tables[i].name, &counts, error);
        if (status == ACTA_OK && version == counts) continue;
        if (status == ACTA_OK) status = remove_all(app, acti_rows_table(row->tables[i].name, version).text, error);
        for (uint32_t k = 0; table != NULL && k < table->field_count && status == ACTA_OK; k++)
            status = remove_all(app, acti_index_table(table, &table->fields[k], version).text, error);
    }
    return status;
}
