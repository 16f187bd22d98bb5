/*
 * Read models from outside: one row, or all of a range of keys.
 */
#include "rows.h"

#include "personal.h"
#include "counters.h"

acti_table_name
acti_rows_table(const char *row_table, uint32_t version)
{
    char suffix[12] = "";

    if (version > 0) snprintf(suffix, sizeof suffix, "-%" PRIu32, version);
    return acti_table_name_of("rm.", row_table, suffix);
}

acta_status
acti_row_key_check(const acta_table *row_table, acta_str key, acta_error *error)
{
    if (row_table->identity == NULL)
        return acta_error_set(error, ACTA_INVALID, "'%s' is no read model: it has no identity", row_table->name);
    if (key.size == 0 || key.size > ACTA_KEY_MAX)
        return acta_error_set(error, ACTA_INVALID, "the key of a '%s' has %zu bytes, 1 to %d are expected",
            row_table->name, key.size, ACTA_KEY_MAX);
    return ACTA_OK;
}

static acta_status
verify(const acta_table *row_table, acta_str key, acta_bytes bytes, acta_error *error)
{
    acta_status status = row_table->verify(bytes, error);
    if (status != ACTA_OK)
        acta_error_prefix(error, status, "the '%s' of '" ACTA_FMT "': ", row_table->name, ACTA_ARG(key));
    return status;
}

static acta_status
open_row(const acta_app *app, const acta_table *row_table, acta_str key, acta_memory *memory, acta_bytes *bytes,
    acta_error *error)
{
    acta_status status = acti_personal_open(app, row_table, *bytes, memory, bytes, error);
    if (status != ACTA_OK)
        acta_error_prefix(error, status, "the '%s' of '" ACTA_FMT "': ", row_table->name, ACTA_ARG(key));
    return status;
}

acta_status
acti_row_read(const acta_app *app, const acta_table *row_table, const char *table, acta_str key, acta_memory *memory,
    acta_bytes *bytes_out, acta_error *error)
{
    acta_status status = acta_store_get(app->store, table, acta_str_bytes(key), memory, bytes_out, error);
    return status == ACTA_OK ? verify(row_table, key, *bytes_out, error) : status;
}

static acta_status
find(acta_app *app, const acta_table *row_table, acta_str key, acta_memory *memory, acta_bytes *bytes_out,
    acta_error *error)
{
    acti_row_lease lease;
    acta_status status = acti_row_lease_take(app, row_table, &lease, error);
    if (status != ACTA_OK) return status;

    acti_table_name table = acti_rows_table(row_table->name, lease.version);
    status = acti_row_read(app, row_table, table.text, key, memory, bytes_out, error);
    acti_row_lease_end(&lease);
    return status;
}

acta_status
acta_read_model_find(
    acta_app *app, const acta_table *row_table, acta_str key, void *row_out, acta_memory *memory, acta_error *error)
{
    ACTI_IN_CALL(app);
    acta_status status = acti_row_key_check(row_table, key, error);
    if (status != ACTA_OK) return status;

    acta_memory *own = memory == NULL ? acta_memory_create(&app->environment.allocator) : NULL;
    if (memory == NULL && own == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row");
    acta_bytes bytes;
    acta_memory *room = memory != NULL ? memory : own;
    status = find(app, row_table, key, room, &bytes, error);
    if (status == ACTA_NOT_FOUND)
        acta_error_set(error, status, "there is no '%s' of '" ACTA_FMT "'", row_table->name, ACTA_ARG(key));
    if (status == ACTA_OK) status = open_row(app, row_table, key, room, &bytes, error);
    if (status == ACTA_OK) row_table->read(bytes, row_out);
    if (status == ACTA_OK && own != NULL) acti_value_forget_views(row_table, row_out);
    acta_memory_destroy(own);
    return status;
}

/* `memory`: for rows that are opened. */
static acta_status
visit_rows(const acta_app *app, const acta_table *row_table, acta_row_cursor *cursor, acta_memory *memory, void *row,
    bool (*visit)(void *user, const void *row), void *user, acta_error *error)
{
    acta_bytes key, bytes;

    for (;;) {
        acta_status status = acta_row_cursor_next(cursor, &key, &bytes, error);
        if (status == ACTA_NOT_FOUND) return ACTA_OK;
        acta_str name = acta_str_from(key.data, key.size);
        acta_memory_clear(memory);
        if (status == ACTA_OK) status = verify(row_table, name, bytes, error);
        if (status == ACTA_OK) status = open_row(app, row_table, name, memory, &bytes, error);
        if (status != ACTA_OK) return status;
        row_table->read(bytes, row);
        if (!visit(user, row)) return ACTA_OK;
    }
}

/* -- ranges of keys -- */

/* From `low` up to `high`, which isn't among them; empty: open. */
typedef struct key_bounds {
    uint8_t low[ACTA_KEY_MAX + 1], high[ACTA_KEY_MAX + 1];
    size_t low_size, high_size;
    bool is_empty;
} key_bounds;

static int
compare(acta_bytes a, acta_bytes b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size != 0 ? memcmp(a.data, b.data, size) : 0;

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* The least that is greater than a key is the key and a zero. */
static void
raise_low(key_bounds *b, acta_str key, bool is_behind)
{
    uint8_t bytes[ACTA_KEY_MAX + 1];

    if (key.size == 0) return;
    memcpy(bytes, key.data, key.size);
    bytes[key.size] = 0;
    size_t size = key.size + is_behind;
    if (compare(acta_bytes_from(bytes, size), acta_bytes_from(b->low, b->low_size)) <= 0) return;
    memcpy(b->low, bytes, size);
    b->low_size = size;
}

static void
lower_high(key_bounds *b, const uint8_t *bytes, size_t size)
{
    if (b->high_size != 0 && compare(acta_bytes_from(bytes, size), acta_bytes_from(b->high, b->high_size)) >= 0) return;
    memcpy(b->high, bytes, size);
    b->high_size = size;
}

static void
lower_to_key(key_bounds *b, acta_str key, bool is_included)
{
    uint8_t bytes[ACTA_KEY_MAX + 1];

    if (key.size == 0) return;
    memcpy(bytes, key.data, key.size);
    bytes[key.size] = 0;
    lower_high(b, bytes, key.size + is_included);
}

/* The least that is greater than all that begins with a prefix: its last byte that isn't 255, and one more. */
static void
lower_to_prefix(key_bounds *b, acta_str prefix)
{
    uint8_t bytes[ACTA_KEY_MAX];
    size_t size = prefix.size;

    if (size == 0) return;
    memcpy(bytes, prefix.data, size);
    while (size > 0 && bytes[size - 1] == UINT8_MAX)
        size--;
    if (size == 0) return;
    bytes[size - 1]++;
    lower_high(b, bytes, size);
}

static acta_status
bound_keys(const acta_key_range *range, key_bounds *b, acta_error *error)
{
    const acta_str keys[] = { range->prefix, range->from, range->to, range->after };

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i].size > ACTA_KEY_MAX)
            return acta_error_set(error, ACTA_INVALID, "keys have at most %d bytes", ACTA_KEY_MAX);
    b->low_size = b->high_size = 0;
    raise_low(b, range->prefix, false);
    raise_low(b, range->from, false);
    lower_to_prefix(b, range->prefix);
    lower_to_key(b, range->to, true);
    if (range->backward)
        lower_to_key(b, range->after, false);
    else
        raise_low(b, range->after, true);
    b->is_empty =
        b->high_size != 0 && compare(acta_bytes_from(b->low, b->low_size), acta_bytes_from(b->high, b->high_size)) >= 0;
    if (b->low_size > ACTA_KEY_MAX || b->high_size > ACTA_KEY_MAX)
        return acta_error_set(error, ACTA_INVALID, "keys have at most %d bytes here", ACTA_KEY_MAX - 1);
    return ACTA_OK;
}

acta_status
acta_read_model_range(acta_app *app, const acta_table *row_table, const acta_key_range *range,
    bool (*visit)(void *user, const void *row), void *user, acta_error *error)
{
    ACTI_IN_CALL(app);
    acti_row_lease lease;
    acta_row_cursor *cursor;
    key_bounds b;
    if (row_table->identity == NULL)
        return acta_error_set(error, ACTA_INVALID, "'%s' is no read model: it has no identity", row_table->name);

    acta_status status = bound_keys(range, &b, error);
    if (status != ACTA_OK || b.is_empty) return status;
    status = acti_row_lease_take(app, row_table, &lease, error);
    if (status != ACTA_OK) return status;
    acti_table_name table = acti_rows_table(row_table->name, lease.version);
    status = acta_row_cursor_open_range(app->store, table.text, acta_bytes_from(b.low, b.low_size),
        acta_bytes_from(b.high, b.high_size), range->backward, &cursor, error);
    acti_row_lease_end(&lease); /* the cursor sees its moment */
    if (status != ACTA_OK) return status;
    void *row = acti_alloc(app, row_table->struct_size);
    acta_memory *memory = acta_memory_create(&app->environment.allocator);
    if (row != NULL && memory != NULL)
        status = visit_rows(app, row_table, cursor, memory, row, visit, user, error);
    else
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row");
    acta_memory_destroy(memory);
    acti_free(app, row, row_table->struct_size);
    acta_row_cursor_close(cursor);
    return status;
}

acta_status
acta_read_model_each(acta_app *app, const acta_table *row_table, acta_str prefix,
    bool (*visit)(void *user, const void *row), void *user, acta_error *error)
{
    const acta_key_range range = { .prefix = prefix };
    return acta_read_model_range(app, row_table, &range, visit, user, error);
}
