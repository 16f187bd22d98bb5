/*
 * Indexes of read models. Each is a table of its own with a row for each row that has a value, and nothing in it:
 *
 *     ri.bank.accountrow.owner     "ada" 0 "acc-17"             a string, its end, the row's key
 *     ri.bank.accountrow.balance   80 00 00 00 00 00 00 64 "…"  a number that sorts by its bytes, the row's key
 *
 * A string holds no zero byte, so that the order of the keys is that of the values. Which of them were made for the rows
 * that are there, the table `indexes` says: the row "bank.AccountRow" 0 "owner". It is written behind the last entry when an
 * index is made, and goes when the schema has no such index any more: one that comes back is made anew.
 */
#include "row_index.h"

#include "acta/index.h"

enum { BUILD_ROWS_MAX = 1000, NUMBER_SIZE = 8 };

static const char made_table[] = "indexes";

/* -- values as bytes -- */

static const acta_field *
field_of(const acta_table *row_table, const acta_mark *mark)
{
    for (uint32_t i = 0; i < row_table->field_count; i++) {
        if (row_table->fields[i].id == mark->id) return &row_table->fields[i];
    }
    return NULL;
}

static const acta_mark *
mark_of(const acta_table *row_table, const acta_field *field)
{
    for (uint32_t i = 0; i < row_table->mark_count; i++) {
        const acta_mark *mark = &row_table->marks[i];
        if (mark->id == field->id && (mark->what & ACTA_MARK_INDEX) != 0) return mark;
    }
    return NULL;
}

bool
acti_has_index(const acta_table *row_table)
{
    for (uint32_t i = 0; i < row_table->mark_count; i++) {
        if ((row_table->marks[i].what & ACTA_MARK_INDEX) != 0) return true;
    }
    return false;
}

/* Of a field that actac lets be indexed; enums are ints in the struct. */
static int64_t
number_in(const acta_field *field, const void *row)
{
    const char *at = (const char *)row + field->offset;
    int64_t wide;
    int32_t whole;
    uint32_t whole_unsigned;
    int16_t half;
    uint16_t half_unsigned;

    if ((field->flags & ACTA_FIELD_ENUM) != 0) {
        memcpy(&whole, at, sizeof whole);
        return whole;
    }
    switch (field->kind) {
    case ACTA_FIELD_INT64:
        memcpy(&wide, at, sizeof wide);
        return wide;
    case ACTA_FIELD_INT32:
        memcpy(&whole, at, sizeof whole);
        return whole;
    case ACTA_FIELD_UINT32:
        memcpy(&whole_unsigned, at, sizeof whole_unsigned);
        return whole_unsigned;
    case ACTA_FIELD_INT16:
        memcpy(&half, at, sizeof half);
        return half;
    case ACTA_FIELD_UINT16:
        memcpy(&half_unsigned, at, sizeof half_unsigned);
        return half_unsigned;
    case ACTA_FIELD_INT8:
        return *(const int8_t *)at;
    default:
        return *(const uint8_t *)at;
    }
}

/* The sign turned, and the highest byte first. */
void
acti_index_put_number(uint8_t *to, int64_t number)
{
    uint64_t sortable = (uint64_t)number ^ UINT64_C(1) << 63;

    for (int i = 0; i < NUMBER_SIZE; i++)
        to[i] = (uint8_t)(sortable >> (56 - 8 * i));
}

/* Bytes before the row's key, in `room`; 0: it has no value. More than the room has: only the count. */
static size_t
put_value(const acta_field *field, const void *row, uint8_t *room)
{
    if (field->kind != ACTA_FIELD_STRING) {
        acti_index_put_number(room, number_in(field, row));
        return NUMBER_SIZE;
    }
    const acta_str *text = (const acta_str *)(const void *)((const char *)row + field->offset);
    if (text->data == NULL) return 0;
    if (text->size < ACTI_INDEX_KEY_MAX) {
        memcpy(room, text->data, text->size);
        room[text->size] = 0;
    }
    return text->size + 1;
}

/* Entries of rows that were checked fit. */
acta_bytes
acti_index_entry(const acta_field *field, const void *row, acta_str key, uint8_t *room)
{
    size_t size = put_value(field, row, room);
    if (size == 0 || size + key.size > ACTI_INDEX_KEY_MAX) return acta_bytes_from(NULL, 0);

    memcpy(room + size, key.data, key.size);
    return acta_bytes_from(room, size + key.size);
}

size_t
acti_index_key_begin(const acta_field *field, acta_bytes entry)
{
    if (field->kind != ACTA_FIELD_STRING) return entry.size > NUMBER_SIZE ? NUMBER_SIZE : 0;
    const uint8_t *end = memchr(entry.data, 0, entry.size);
    size_t begin = end != NULL ? (size_t)(end - entry.data) + 1 : 0;
    return begin < entry.size ? begin : 0;
}

acti_table_name
acti_index_table(const acta_table *row_table, const acta_field *field, uint32_t version)
{
    char name[2 * ACTA_TYPE_NAME_MAX + 2], suffix[12] = "";

    snprintf(name, sizeof name, "%s.%s", row_table->name, field->name);
    if (version > 0) snprintf(suffix, sizeof suffix, "-%" PRIu32, version);
    return acti_table_name_of("ri.", name, suffix);
}

/* -- with the row -- */

acta_status
acti_index_check_row(const acta_table *row_table, const void *row, acta_str key, acta_error *error)
{
    uint8_t room[ACTI_INDEX_KEY_MAX];

    for (uint32_t i = 0; i < row_table->mark_count; i++) {
        const acta_mark *mark = &row_table->marks[i];
        const acta_field *field = (mark->what & ACTA_MARK_INDEX) != 0 ? field_of(row_table, mark) : NULL;
        size_t size = field != NULL ? put_value(field, row, room) : 0;
        if (size + key.size <= ACTI_INDEX_KEY_MAX || size == 0) continue;
        acta_error_set(error, ACTA_INVALID,
            "field %s of '%s' has an index, and is too long for one: %zu bytes with the key, at most %d are allowed",
            field->name, row_table->name, size + key.size, ACTI_INDEX_KEY_MAX);
        if (error != NULL) snprintf(error->where, sizeof error->where, "%s", field->name);
        return ACTA_INVALID;
    }
    return ACTA_OK;
}

/* `before`, `after`: the row, or NULL. */
static void
put_entries(acta_transaction *transaction, const acta_table *row_table, uint32_t version, acta_str key,
    const void *before, const void *after)
{
    uint8_t old_room[ACTI_INDEX_KEY_MAX], new_room[ACTI_INDEX_KEY_MAX];

    for (uint32_t i = 0; i < row_table->mark_count; i++) {
        if ((row_table->marks[i].what & ACTA_MARK_INDEX) == 0) continue;
        const acta_field *field = field_of(row_table, &row_table->marks[i]);
        acta_bytes was = { NULL, 0 }, is = { NULL, 0 };
        if (field == NULL) continue;
        if (before != NULL) was = acti_index_entry(field, before, key, old_room);
        if (after != NULL) is = acti_index_entry(field, after, key, new_room);
        bool is_same = was.size == is.size && (was.size == 0 || memcmp(was.data, is.data, is.size) == 0);
        acti_table_name table = acti_index_table(row_table, field, version);
        if (!is_same && was.size > 0) acta_transaction_delete(transaction, table.text, was);
        if (!is_same && is.size > 0) acta_transaction_put(transaction, table.text, is, acta_bytes_from("", 0));
    }
}

void
acti_index_fill(acta_transaction *transaction, const acta_table *row_table, uint32_t version, acta_str key,
    acta_bytes before, acta_bytes after)
{
    max_align_t old_row[ACTA_STRUCT_SIZE_MAX / sizeof(max_align_t)],
        new_row[ACTA_STRUCT_SIZE_MAX / sizeof(max_align_t)];

    if (before.data != NULL) row_table->read(before, old_row);
    if (after.data != NULL) row_table->read(after, new_row);
    put_entries(transaction, row_table, version, key, before.data != NULL ? old_row : NULL,
        after.data != NULL ? new_row : NULL);
}

/* -- making them -- */

static acta_bytes
made_key(const acta_table *row_table, const acta_field *field, uint8_t *room)
{
    size_t size = strlen(row_table->name) + 1, field_size = strlen(field->name);

    memcpy(room, row_table->name, size);
    memcpy(room + size, field->name, field_size);
    return acta_bytes_from(room, size + field_size);
}

/* ACTA_NOT_FOUND: not made. */
static acta_status
find_made(acta_app *app, const acta_table *row_table, const acta_field *field, acta_memory *memory, acta_error *error)
{
    uint8_t room[2 * ACTA_TYPE_NAME_MAX + 2];
    acta_bytes value;
    return acta_store_get(app->store, made_table, made_key(row_table, field, room), memory, &value, error);
}

static acta_status
commit(acta_store *store, acta_transaction **transaction, acta_error *error)
{
    acta_transaction *full = *transaction;
    *transaction = NULL; /* committing takes it */
    return acta_store_commit(store, full, NULL, error);
}

static acta_status
begin(acta_store *store, acta_transaction **transaction_out, acta_error *error)
{
    *transaction_out = acta_transaction_create(store);
    return *transaction_out != NULL ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, "no memory for an index");
}

/* What a build does with each row of a table. */
typedef void row_add(acta_transaction *transaction, const char *table, const char *index, const acta_table *row_table,
    const acta_field *field, acta_bytes key, acta_bytes value);

static void
add_deletion(acta_transaction *transaction, const char *table, const char *index, const acta_table *row_table,
    const acta_field *field, acta_bytes key, acta_bytes value)
{
    (void)index, (void)row_table, (void)field, (void)value;
    acta_transaction_delete(transaction, table, key);
}

static void
add_entry(acta_transaction *transaction, const char *table, const char *index, const acta_table *row_table,
    const acta_field *field, acta_bytes key, acta_bytes value)
{
    max_align_t row[ACTA_STRUCT_SIZE_MAX / sizeof(max_align_t)];
    uint8_t room[ACTI_INDEX_KEY_MAX];
    (void)table;

    row_table->read(value, row);
    acta_bytes entry = acti_index_entry(field, row, acta_str_from(key.data, key.size), room);
    if (entry.size > 0) acta_transaction_put(transaction, index, entry, acta_bytes_from("", 0));
}

/* In as many transactions as it takes; until the last one the index counts as not made. */
static acta_status
each_row(acta_app *app, const char *table, const char *index, const acta_table *row_table, const acta_field *field,
    row_add *add, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;
    acta_transaction *transaction = NULL;

    acta_status status = acta_row_cursor_open(app->store, table, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    status = begin(app->store, &transaction, error);
    for (uint32_t count = 1; status == ACTA_OK; count++) {
        status = acta_row_cursor_next(cursor, &key, &value, error);
        if (status == ACTA_OK && add == add_entry) status = row_table->verify(value, error);
        if (status == ACTA_OK) add(transaction, table, index, row_table, field, key, value);
        if (status != ACTA_OK || count % BUILD_ROWS_MAX != 0) continue;
        status = commit(app->store, &transaction, error);
        if (status == ACTA_OK) status = begin(app->store, &transaction, error);
    }
    acta_row_cursor_close(cursor);
    if (status == ACTA_NOT_FOUND) return commit(app->store, &transaction, error);
    acta_transaction_destroy(transaction);
    return status;
}

static acta_status
make_index(acta_app *app, const acta_table *row_table, const acta_field *field, acta_error *error)
{
    uint8_t room[2 * ACTA_TYPE_NAME_MAX + 2];
    acta_transaction *transaction;
    uint32_t version;

    acta_status status = acti_row_version_read(app->store, row_table->name, &version, error);
    if (status != ACTA_OK) return status;
    acti_table_name rows = acti_rows_table(row_table->name, version);
    acti_table_name index = acti_index_table(row_table, field, version);
    status = each_row(app, index.text, index.text, row_table, field, add_deletion, error);
    if (status == ACTA_OK) status = each_row(app, rows.text, index.text, row_table, field, add_entry, error);
    if (status == ACTA_OK) status = begin(app->store, &transaction, error);
    if (status != ACTA_OK)
        return acta_error_prefix(error, status, "the index of '%s.%s' can't be made: ", row_table->name, field->name);
    acta_transaction_put(transaction, made_table, made_key(row_table, field, room), acta_bytes_from("\1", 1));
    return acta_store_commit(app->store, transaction, NULL, error);
}

static acta_status
join_table(acta_app *app, const acta_table *row_table, acta_memory *memory, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (uint32_t i = 0; i < row_table->mark_count && status == ACTA_OK; i++) {
        if ((row_table->marks[i].what & ACTA_MARK_INDEX) == 0) continue;
        const acta_field *field = field_of(row_table, &row_table->marks[i]);
        if (field == NULL) continue;
        status = find_made(app, row_table, field, memory, error);
        if (status == ACTA_NOT_FOUND) status = make_index(app, row_table, field, error);
    }
    return status;
}

/* Does the schema, whose namespace the name has, know this index no more? */
static bool
is_given_up_by(const acta_schema *schema, acta_bytes made)
{
    const uint8_t *end = memchr(made.data, 0, made.size);
    size_t size = end != NULL ? (size_t)(end - made.data) : made.size, space = strlen(schema->name);
    acta_str name = acta_str_from(made.data, size);

    if (end == NULL || size <= space || memcmp(made.data, schema->name, space) != 0 || made.data[space] != '.')
        return false;
    const acta_table *table = acta_schema_find(schema, name);
    acta_str field = acta_str_from(end + 1, made.size - size - 1);
    for (uint32_t i = 0; table != NULL && i < table->mark_count; i++) {
        if ((table->marks[i].what & ACTA_MARK_INDEX) != 0 && acta_str_equal(acta_str_of(table->marks[i].field), field))
            return false;
    }
    return true;
}

static bool
is_given_up(const acta_app *app, acta_bytes made)
{
    for (uint32_t i = 0; i < app->module_count; i++)
        if (is_given_up_by(app->modules[i].schema, made)) return true;
    return false;
}

/* Nobody writes to it from here on, so it isn't made any more. Its entries go when it is made again. */
static acta_status
drop_given_up(acta_app *app, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_transaction *transaction = NULL;
    acta_bytes key, value;
    bool has_some = false;

    acta_status status = acta_row_cursor_open(app->store, made_table, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    status = begin(app->store, &transaction, error);
    while (status == ACTA_OK && (status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK) {
        if (!is_given_up(app, key)) continue;
        acta_transaction_delete(transaction, made_table, key);
        has_some = true;
    }
    acta_row_cursor_close(cursor);
    if (status == ACTA_NOT_FOUND && has_some) return commit(app->store, &transaction, error);
    acta_transaction_destroy(transaction);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
join_schema(acta_app *app, const acta_schema *schema, acta_memory *memory, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (uint32_t i = 0; i < schema->table_count && status == ACTA_OK; i++)
        if (schema->tables[i]->role == ACTA_TABLE_READ_MODEL)
            status = join_table(app, schema->tables[i], memory, error);
    return status;
}

acta_status
acti_indexes_join(acta_app *app, acta_error *error)
{
    if (app->module_count == 0 || app->only_reads) return ACTA_OK;
    acta_memory *memory = acta_memory_create(&app->environment.allocator);
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for indexes");

    acta_status status = drop_given_up(app, error);
    for (uint32_t i = 0; i < app->module_count && status == ACTA_OK; i++)
        status = join_schema(app, app->modules[i].schema, memory, error);
    acta_memory_destroy(memory);
    return status;
}

acta_status
acti_index_find_made(
    acta_app *app, const acta_table *row_table, uint32_t number, acta_memory *memory, acta_error *error)
{
    const acta_field *field = number < row_table->field_count ? &row_table->fields[number] : NULL;

    if (field == NULL || mark_of(row_table, field) == NULL)
        return acta_error_set(error, ACTA_INVALID, "'%s%s%s' has no index; write (index)", row_table->name,
            field != NULL ? "." : "", field != NULL ? field->name : "");
    acta_status status = find_made(app, row_table, field, memory, error);
    if (status != ACTA_NOT_FOUND) return status;
    return acta_error_set(error, ACTA_INVALID,
        "the index of '%s.%s' wasn't made: start the application with .schema, and not to read only", row_table->name,
        field->name);
}

/* -- clearing -- */

static acta_status
clear_table(acta_store *store, const char *table, acta_transaction *transaction, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;

    acta_status status = acta_row_cursor_open(store, table, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK)
        acta_transaction_delete(transaction, table, key);
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acti_read_model_clear(acta_store *store, const acta_table *row_table, acta_transaction *transaction, acta_error *error)
{
    if (row_table->identity == NULL)
        return acta_error_set(error, ACTA_INVALID, "'%s' is no read model: it has no identity", row_table->name);
    uint32_t version;
    acta_status status = acti_row_version_read(store, row_table->name, &version, error);
    if (status != ACTA_OK) return status;
    status = clear_table(store, acti_rows_table(row_table->name, version).text, transaction, error);

    for (uint32_t i = 0; i < row_table->mark_count && status == ACTA_OK; i++) {
        const acta_field *field = field_of(row_table, &row_table->marks[i]);
        if ((row_table->marks[i].what & ACTA_MARK_INDEX) == 0 || field == NULL) continue;
        status = clear_table(store, acti_index_table(row_table, field, version).text, transaction, error);
    }
    return status;
}
