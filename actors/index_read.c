/*
 * Walks along an index: its entries between two bounds, and of each the row as it is now.
 *
 *     range --bounds--> entries --key--> row --its entry is still this?--> visit
 *
 * Entries and rows are read one after the other, and a projection may write between: a row that has another value by then
 * has another entry, and is left out here.
 */
#include <inttypes.h>

#include "acta/index.h"

#include "personal.h"
#include "row_index.h"
#include "counters.h"

/* Entries from `low` up to `high`; empty: no bound. */
typedef struct bounds {
    uint8_t low_room[ACTA_KEY_MAX], high_room[ACTA_KEY_MAX];
    acta_bytes low, high;
    bool is_empty;
} bounds;

typedef struct walk {
    acta_app *app;
    const acta_table *row_table;
    acti_row_lease lease; /* of the version that is read; share NULL: none yet */
    acti_table_name rows; /* its table in the store */
    const acta_field *field;
    acta_index_cursor *cursor;
    bool (*visit)(void *user, const void *row);
    void *user;
    acta_memory *memory;
    acta_bytes entry;
    bool is_over; /* visit has said so */
} walk;

/* -- bounds -- */

static int
compare_bytes(acta_bytes one, acta_bytes other)
{
    size_t size = one.size < other.size ? one.size : other.size;
    int order = size > 0 ? memcmp(one.data, other.data, size) : 0;

    return order != 0 ? order : (one.size > other.size) - (one.size < other.size);
}

static void
raise_low(bounds *b, acta_bytes low)
{
    if (compare_bytes(low, b->low) <= 0) return;
    memcpy(b->low_room, low.data, low.size);
    b->low = acta_bytes_from(b->low_room, low.size);
}

static void
lower_high(bounds *b, acta_bytes high)
{
    if (b->high.size > 0 && compare_bytes(high, b->high) >= 0) return;
    memcpy(b->high_room, high.data, high.size);
    b->high = acta_bytes_from(b->high_room, high.size);
}

/* `value`, and one byte behind it. False: longer than any entry's. */
static bool
with_end(uint8_t *room, acta_str value, uint8_t end, acta_bytes *out)
{
    if (value.size + 1 > ACTI_INDEX_KEY_MAX) return false;
    memcpy(room, value.data, value.size);
    room[value.size] = end;
    *out = acta_bytes_from(room, value.size + 1);
    return true;
}

/* Strings end with a zero byte, and the next value of any begins behind that. */
static void
bound_values(bounds *b, acta_str from, acta_str to)
{
    uint8_t room[ACTA_KEY_MAX];
    acta_bytes bound;

    if (from.data != NULL && with_end(room, from, 0, &bound))
        raise_low(b, bound);
    else if (from.data != NULL)
        b->is_empty = true; /* nothing as long is in an index, and nothing above is looked for */
    if (to.data != NULL && with_end(room, to, 1, &bound)) lower_high(b, bound);
}

static void
bound_prefix(bounds *b, acta_str prefix)
{
    uint8_t room[ACTA_KEY_MAX];

    if (prefix.size == 0) return;
    if (prefix.size > ACTI_INDEX_KEY_MAX) {
        b->is_empty = true;
        return;
    }
    memcpy(room, prefix.data, prefix.size);
    raise_low(b, acta_bytes_from(room, prefix.size));
    room[prefix.size - 1]++; /* no byte of UTF-8 is 0xff */
    lower_high(b, acta_bytes_from(room, prefix.size));
}

static void
bound_numbers(bounds *b, const acta_number_range *range)
{
    uint8_t room[8];

    if (range->has_from) {
        acti_index_put_number(room, range->from);
        raise_low(b, acta_bytes_from(room, sizeof room));
    }
    if (range->has_to && range->to < INT64_MAX) {
        acti_index_put_number(room, range->to + 1);
        lower_high(b, acta_bytes_from(room, sizeof room));
    }
}

/* Behind, or before, the row that was visited last. */
static void
bound_cursor(bounds *b, const acta_index_cursor *cursor, bool backward)
{
    uint8_t room[ACTA_KEY_MAX];

    if (cursor == NULL || cursor->size == 0) return;
    memcpy(room, cursor->key, cursor->size);
    room[cursor->size] = 0;
    if (backward)
        lower_high(b, acta_bytes_from(room, cursor->size));
    else
        raise_low(b, acta_bytes_from(room, cursor->size + 1));
}

/* -- rows -- */

static acta_status
visit_row(walk *w, acta_str key, void *row, acta_error *error)
{
    uint8_t room[ACTI_INDEX_KEY_MAX];
    acta_bytes bytes;

    acta_status status = acti_row_read(w->app, w->row_table, w->rows.text, key, w->memory, &bytes, error);
    if (status == ACTA_NOT_FOUND) return ACTA_OK; /* gone meanwhile */
    if (status != ACTA_OK) return status;
    w->row_table->read(bytes, row);
    if (compare_bytes(acti_index_entry(w->field, row, key, room), w->entry) != 0) return ACTA_OK;
    status = acti_personal_open(w->app, w->row_table, bytes, w->memory, &bytes, error);
    if (status != ACTA_OK)
        return acta_error_prefix(error, status, "the '%s' of '" ACTA_FMT "': ", w->row_table->name, ACTA_ARG(key));
    w->row_table->read(bytes, row);
    if (w->cursor != NULL) {
        w->cursor->size = (uint32_t)w->entry.size;
        memcpy(w->cursor->key, w->entry.data, w->entry.size);
    }
    w->is_over = !w->visit(w->user, row);
    return ACTA_OK;
}

static acta_status
walk_entries(walk *w, acta_row_cursor *entries, void *row, acta_error *error)
{
    acta_bytes value;

    while (!w->is_over) {
        acta_status status = acta_row_cursor_next(entries, &w->entry, &value, error);
        if (status == ACTA_NOT_FOUND) return ACTA_OK;
        if (status != ACTA_OK) return status;
        size_t begin = acti_index_key_begin(w->field, w->entry);
        if (begin == 0 || w->entry.size > ACTI_INDEX_KEY_MAX)
            return acta_error_set(
                error, ACTA_CORRUPT, "the index of '%s.%s' is damaged", w->row_table->name, w->field->name);
        acta_memory_clear(w->memory);
        status = visit_row(w, acta_str_from(w->entry.data + begin, w->entry.size - begin), row, error);
        if (status != ACTA_OK) return status;
    }
    return ACTA_OK;
}

static acta_status
walk_between(walk *w, const bounds *b, bool backward, acta_error *error)
{
    acti_table_name table = acti_index_table(w->row_table, w->field, w->lease.version);
    max_align_t row[ACTA_STRUCT_SIZE_MAX / sizeof(max_align_t)];
    acta_row_cursor *entries;

    if (b->is_empty || (b->high.size > 0 && compare_bytes(b->low, b->high) >= 0)) return ACTA_OK;
    acta_status status =
        acta_row_cursor_open_range(w->app->store, table.text, b->low, b->high, backward, &entries, error);
    if (status != ACTA_OK) return status;
    status = walk_entries(w, entries, row, error);
    acta_row_cursor_close(entries);
    return status;
}

/* `number`: of the field. */
static acta_status
begin_walk(walk *w, uint32_t number, bool is_string, acta_error *error)
{
    w->memory = acta_memory_create(&w->app->environment.allocator);
    if (w->memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row");
    acta_status status = acti_index_find_made(w->app, w->row_table, number, w->memory, error);
    if (status != ACTA_OK) return status;
    w->field = &w->row_table->fields[number];
    status = acti_row_lease_take(w->app, w->row_table, &w->lease, error);
    if (status != ACTA_OK) return status;
    w->rows = acti_rows_table(w->row_table->name, w->lease.version);
    if ((w->field->kind == ACTA_FIELD_STRING) != is_string)
        return acta_error_set(
            error, ACTA_INVALID, "'%s.%s' is %s string", w->row_table->name, w->field->name, is_string ? "no" : "a");
    if (w->cursor != NULL && w->cursor->size > ACTI_INDEX_KEY_MAX)
        return acta_error_set(
            error, ACTA_INVALID, "the cursor is none of an index: it has %" PRIu32 " bytes", w->cursor->size);
    return ACTA_OK;
}

static void
end_walk(walk *w)
{
    if (w->lease.share != NULL) acti_row_lease_end(&w->lease);
    acta_memory_destroy(w->memory);
}

acta_status
acta_read_model_by_str(acta_app *app, const acta_table *row_table, uint32_t field, const acta_str_range *range,
    bool (*visit)(void *user, const void *row), void *user, acta_error *error)
{
    ACTI_IN_CALL(app);
    static const acta_str_range all;
    const acta_str_range *given = range != NULL ? range : &all;
    walk w = { .app = app, .row_table = row_table, .cursor = given->cursor, .visit = visit, .user = user };
    bounds b;

    b.low = b.high = acta_bytes_from(NULL, 0);
    b.is_empty = false;
    acta_status status = begin_walk(&w, field, true, error);
    if (status == ACTA_OK) {
        bound_values(&b, given->equal, given->equal);
        bound_values(&b, given->from, given->to);
        bound_prefix(&b, given->prefix);
        bound_cursor(&b, given->cursor, given->backward);
        status = walk_between(&w, &b, given->backward, error);
    }
    end_walk(&w);
    return status;
}

acta_status
acta_read_model_by_number(acta_app *app, const acta_table *row_table, uint32_t field, const acta_number_range *range,
    bool (*visit)(void *user, const void *row), void *user, acta_error *error)
{
    ACTI_IN_CALL(app);
    static const acta_number_range all;
    const acta_number_range *given = range != NULL ? range : &all;
    walk w = { .app = app, .row_table = row_table, .cursor = given->cursor, .visit = visit, .user = user };
    bounds b;

    b.low = b.high = acta_bytes_from(NULL, 0);
    b.is_empty = false;
    acta_status status = begin_walk(&w, field, false, error);
    if (status == ACTA_OK) {
        bound_numbers(&b, given);
        bound_cursor(&b, given->cursor, given->backward);
        status = walk_between(&w, &b, given->backward, error);
    }
    end_walk(&w);
    return status;
}

/* -- checking -- */

/* Each row has its entry: counted, and looked for. */
static acta_status
check_rows(const walk *w, uint64_t *count_out, acta_error *error)
{
    acti_table_name index = acti_index_table(w->row_table, w->field, w->lease.version);
    max_align_t row[ACTA_STRUCT_SIZE_MAX / sizeof(max_align_t)];
    uint8_t room[ACTI_INDEX_KEY_MAX];
    acta_row_cursor *cursor;
    acta_bytes key, bytes, value;

    *count_out = 0;
    acta_status status = acta_row_cursor_open(w->app->store, w->rows.text, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &key, &bytes, error)) == ACTA_OK) {
        acta_str name = acta_str_from(key.data, key.size);
        status = w->row_table->verify(bytes, error);
        if (status != ACTA_OK) break;
        w->row_table->read(bytes, row);
        acta_bytes entry = acti_index_entry(w->field, row, name, room);
        if (entry.size == 0) continue;
        ++*count_out;
        acta_memory_clear(w->memory);
        status = acta_store_get(w->app->store, index.text, entry, w->memory, &value, error);
        if (status == ACTA_NOT_FOUND)
            status = acta_error_set(error, ACTA_CORRUPT, "the '%s' of '" ACTA_FMT "' isn't in the index of its %s",
                w->row_table->name, ACTA_ARG(name), w->field->name);
        if (status != ACTA_OK) break;
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
count_entries(const walk *w, uint64_t *count_out, acta_error *error)
{
    acti_table_name index = acti_index_table(w->row_table, w->field, w->lease.version);
    acta_row_cursor *cursor;
    acta_bytes key, value;

    *count_out = 0;
    acta_status status = acta_row_cursor_open(w->app->store, index.text, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK)
        ++*count_out;
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* As many entries as rows that have one, and each row has its own: then none is without its row. */
static acta_status
check_field(acta_app *app, const acta_table *row_table, uint32_t number, acta_error *error)
{
    uint64_t rows = 0, entries = 0;
    walk w = { .app = app, .row_table = row_table };

    acta_status status = begin_walk(&w, number, row_table->fields[number].kind == ACTA_FIELD_STRING, error);
    if (status == ACTA_OK) status = check_rows(&w, &rows, error);
    if (status == ACTA_OK) status = count_entries(&w, &entries, error);
    end_walk(&w);
    if (status != ACTA_OK || rows == entries) return status;
    return acta_error_set(error, ACTA_CORRUPT,
        "the index of '%s.%s' has %" PRIu64 " entries for %" PRIu64 " rows: some have no row", row_table->name,
        row_table->fields[number].name, entries, rows);
}

acta_status
acta_read_model_check(acta_app *app, const acta_table *row_table, acta_error *error)
{
    ACTI_IN_CALL(app);
    acta_status status = ACTA_OK;
    if (row_table->role != ACTA_TABLE_READ_MODEL || row_table->identity == NULL)
        return acta_error_set(error, ACTA_INVALID, "'%s' is no read model", row_table->name);

    for (uint32_t i = 0; i < row_table->field_count && status == ACTA_OK; i++) {
        for (uint32_t k = 0; k < row_table->mark_count && status == ACTA_OK; k++) {
            const acta_mark *mark = &row_table->marks[k];
            if ((mark->what & ACTA_MARK_INDEX) != 0 && mark->id == row_table->fields[i].id)
                status = check_field(app, row_table, i, error);
        }
    }
    return status;
}
