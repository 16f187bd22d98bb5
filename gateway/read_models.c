/*
 * GET /read-models: which there are. GET /read-models/{name}: rows of one,
 *
 *     ?key=alice                                one row
 *     ?from=a&to=m  ?prefix=a                   rows by their keys
 *     ?index=owner&value=ada  ?index=balance&from=100&to=200    rows by an index
 *
 * a page at a time: ?count=, ?direction=backward, ?after= what the page before has as its `next`.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "acta/buffer.h"
#include "acta/index.h"
#include "acta/marks.h"

#include "internal.h"

enum { COUNT_DEFAULT = 100, COUNT_MAX = 1000, PAGE_BYTES_MAX = 16 << 20 };

/* -- what there is -- */

static const char *
key_name(const acta_table *table)
{
    /* The identity of a table is found by asking for it: of a row with a mark in each of its strings. */
    uint64_t room[ACTA_STRUCT_SIZE_MAX / sizeof(uint64_t)] = { 0 };
    unsigned char *row = (unsigned char *)room;

    for (uint32_t i = 0; i < table->field_count; i++) {
        const acta_field *field = &table->fields[i];
        if (field->kind != ACTA_FIELD_STRING) continue;
        const acta_str mark = acta_str_from(field->name, strlen(field->name));
        memcpy(row + field->offset, &mark, sizeof mark);
        if (table->identity(row).data == field->name) return field->name;
    }
    return NULL;
}

static const acta_field *
field_of(const acta_table *table, const char *name, uint32_t *number_out)
{
    for (uint32_t i = 0; i < table->field_count; i++) {
        if (strcmp(table->fields[i].name, name) != 0) continue;
        *number_out = i;
        return &table->fields[i];
    }
    return NULL;
}

static const acta_mark *
index_mark(const acta_table *table, const char *name)
{
    for (uint32_t i = 0; i < table->mark_count; i++)
        if ((table->marks[i].what & ACTA_MARK_INDEX) != 0 && strcmp(table->marks[i].field, name) == 0)
            return &table->marks[i];
    return NULL;
}

static void
add_read_model(acti_json *json, const acta_table *table)
{
    acti_json_open(json, NULL, '{');
    acti_json_text(json, "name", table->name);
    acti_json_text(json, "key", key_name(table));
    acti_json_open(json, "indexes", '[');
    for (uint32_t i = 0; i < table->mark_count; i++)
        if ((table->marks[i].what & ACTA_MARK_INDEX) != 0) acti_json_text(json, NULL, table->marks[i].field);
    acti_json_close(json, ']');
    acti_json_close(json, '}');
}

static void
add_read_models(acti_json *json, const acta_schema *schema)
{
    for (uint32_t i = 0; i < schema->table_count; i++)
        if (schema->tables[i]->role == ACTA_TABLE_READ_MODEL) add_read_model(json, schema->tables[i]);
}

void
acti_get_read_models(acti_request *request)
{
    acti_json json = acti_json_into(&request->text);
    const acta_schema *schema;

    acti_json_open(&json, NULL, '{');
    acti_json_open(&json, "read_models", '[');
    for (uint32_t i = 0; (schema = acta_app_schema_at(request->gateway->app, i)) != NULL; i++)
        add_read_models(&json, schema);
    acti_json_close(&json, ']');
    acti_json_close(&json, '}');
}

/* -- a row as JSON -- */

static acta_status
print_row(
    const acta_table *table, const void *row, bool redacted, acta_memory *memory, acta_str *text_out, acta_error *error)
{
    acta_memory_sink sink = acta_memory_sink_of(memory);

    acta_status status = table->write(row, &sink.sink, error);
    if (status != ACTA_OK) return status;
    return (redacted ? acta_schema_print_redacted : acta_schema_print)(
        table->schema->binary, acta_str_of(table->name), sink.bytes, memory, text_out, error);
}

static void
answer_row(acti_request *request, const acta_table *table, acta_str key, bool redacted)
{
    acti_json json = acti_json_into(&request->text);
    acta_error error;
    acta_str text;

    void *row = acta_memory_alloc(request->memory, table->struct_size);
    acta_status status = row != NULL ? ACTA_OK : acta_error_set(&error, ACTA_NO_MEMORY, "no memory for this request");
    if (status == ACTA_OK)
        status = acta_read_model_find(request->gateway->app, table, key, row, request->memory, &error);
    if (status == ACTA_OK) status = print_row(table, row, redacted, request->memory, &text, &error);
    if (status != ACTA_OK) {
        if (status == ACTA_INVALID && error.where[0] == '\0') strcpy(error.where, "key");
        acti_problem(request, &error);
        return;
    }
    acti_json_open(&json, NULL, '{');
    acti_json_text(&json, "name", table->name);
    acti_json_raw(&json, "row", text);
    acti_json_close(&json, '}');
}

/* -- pages -- */

typedef struct page {
    acti_request *request;
    const acta_table *table;
    acta_memory *memory; /* for one row */
    acti_json json;
    uint64_t count, count_max;
    acta_str last; /* its key */
    bool redacted, has_more;
    acta_index_cursor *cursor; /* NULL: by key */
    acta_index_cursor at;      /* behind the last row that is on the page */
    acta_status status;
    acta_error error;
} page;

static bool
add_row(void *user, const void *row)
{
    page *p = user;
    acta_str text;

    if (p->count == p->count_max || p->request->text.size > PAGE_BYTES_MAX) {
        p->has_more = true;
        return false;
    }
    acta_memory_clear(p->memory);
    p->status = print_row(p->table, row, p->redacted, p->memory, &text, &p->error);
    if (p->status != ACTA_OK) return false;
    acti_json_raw(&p->json, NULL, text);
    p->count++;
    if (p->cursor != NULL)
        p->at = *p->cursor; /* of this row: it is set before the visit */
    else
        acta_str_assign(&p->last, p->table->identity(row), p->request->memory);
    return true;
}

static void
add_next(page *p)
{
    char hex[2 * ACTA_KEY_MAX + 1];

    if (!p->has_more) return;
    if (p->cursor == NULL) {
        acti_json_string(&p->json, "next", p->last);
        return;
    }
    for (uint32_t i = 0; i < p->at.size; i++) {
        static const char digits[] = "0123456789abcdef";
        hex[2 * i] = digits[p->at.key[i] >> 4];
        hex[2 * i + 1] = digits[p->at.key[i] & 15];
    }
    acti_json_string(&p->json, "next", acta_str_from(hex, 2 * (size_t)p->at.size));
}

static bool
read_cursor(acti_request *request, acta_index_cursor *cursor)
{
    const char *text = acti_query(request, "after");
    size_t size = text != NULL ? strlen(text) : 0;

    cursor->size = (uint32_t)(size / 2);
    if (size % 2 == 0 && size / 2 <= ACTA_KEY_MAX && (size == 0 || strspn(text, "0123456789abcdef") == size)) {
        for (size_t i = 0; i < size / 2; i++) {
            char two[3] = { text[2 * i], text[2 * i + 1], '\0' };
            cursor->key[i] = (uint8_t)strtoul(two, NULL, 16);
        }
        return true;
    }
    acti_problem_field(request, "after", "after: expected what the page before has as its next");
    return false;
}

static bool
read_direction(acti_request *request, bool *backward_out)
{
    const char *text = acti_query(request, "direction");

    *backward_out = text != NULL && strcmp(text, "backward") == 0;
    if (text == NULL || *backward_out || strcmp(text, "forward") == 0) return true;
    acti_problem_field(request, "direction", "direction: expected forward or backward");
    return false;
}

/* True: there is a number, or no such parameter; false: it is refused. */
static bool
read_integer(acti_request *request, const char *name, bool *has_out, int64_t *value_out)
{
    const char *text = acti_query(request, name);
    char *end;

    *has_out = text != NULL;
    if (text == NULL) return true;
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        *value_out = text[0] == 't';
        return true;
    }
    errno = 0;
    *value_out = strtoll(text, &end, 10);
    if (errno == 0 && *end == '\0' && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) && end != text)
        return true;
    acti_problem_field(request, name, "%s: '%.40s' is no whole number, true or false", name, text);
    return false;
}

/* -- by index -- */

static void
read_by_number(page *p, uint32_t field, bool backward)
{
    acti_request *request = p->request;
    acta_number_range range = { .backward = backward, .cursor = p->cursor };
    bool has_value;
    int64_t value;

    if (!read_integer(request, "value", &has_value, &value) ||
        !read_integer(request, "from", &range.has_from, &range.from) ||
        !read_integer(request, "to", &range.has_to, &range.to)) {
        p->status = ACTA_UNSUPPORTED; /* which is said already */
        return;
    }
    if (has_value) {
        range.has_from = range.has_to = true;
        range.from = range.to = value;
    }
    acta_status status =
        acta_read_model_by_number(request->gateway->app, p->table, field, &range, add_row, p, &p->error);
    if (p->status == ACTA_OK) p->status = status;
}

static void
read_by_str(page *p, uint32_t field, bool backward)
{
    acti_request *request = p->request;
    const acta_str_range range = { .equal = acta_str_of(acti_query(request, "value")),
        .prefix = acta_str_of(acti_query(request, "prefix")),
        .from = acta_str_of(acti_query(request, "from")),
        .to = acta_str_of(acti_query(request, "to")),
        .backward = backward,
        .cursor = p->cursor };
    acta_status status = acta_read_model_by_str(request->gateway->app, p->table, field, &range, add_row, p, &p->error);
    if (p->status == ACTA_OK) p->status = status;
}

static void
read_by_key(page *p, bool backward)
{
    acti_request *request = p->request;
    const acta_key_range range = { .prefix = acta_str_of(acti_query(request, "prefix")),
        .from = acta_str_of(acti_query(request, "from")),
        .to = acta_str_of(acti_query(request, "to")),
        .after = acta_str_of(acti_query(request, "after")),
        .backward = backward };
    acta_status status = acta_read_model_range(request->gateway->app, p->table, &range, add_row, p, &p->error);
    if (p->status == ACTA_OK) p->status = status;
}

static void
read_by_index(page *p, const char *name, bool backward)
{
    const acta_mark *mark = index_mark(p->table, name);
    uint32_t number;

    p->status = ACTA_UNSUPPORTED; /* said already, if it stays so */
    if (mark == NULL || field_of(p->table, name, &number) == NULL) {
        acti_problem_field(p->request, "index", "index: '%.64s' has no index '%.64s'", p->table->name, name);
        return;
    }
    if (!read_cursor(p->request, p->cursor)) return;
    p->status = ACTA_OK;
    if (mark->kind == ACTA_FIELD_STRING)
        read_by_str(p, number, backward);
    else
        read_by_number(p, number, backward);
}

static void
answer_page(page *p)
{
    acti_request *request = p->request;
    const char *index = acti_query(request, "index");
    bool backward;

    if (!read_direction(request, &backward) || !acti_query_number(request, "count", 1, COUNT_MAX, &p->count_max))
        return;
    acti_json_open(&p->json, NULL, '{');
    acti_json_text(&p->json, "name", p->table->name);
    acti_json_open(&p->json, "rows", '[');
    if (index == NULL) {
        p->cursor = NULL;
        read_by_key(p, backward);
    } else {
        read_by_index(p, index, backward);
    }
    if (p->status == ACTA_UNSUPPORTED) return;
    acti_json_close(&p->json, ']');
    add_next(p);
    acti_json_close(&p->json, '}');
    if (p->status != ACTA_OK) acti_problem(request, &p->error);
}

void
acti_get_read_model(acti_request *request)
{
    const acta_table *table = acti_find_table(request, request->parts[0], ACTA_TABLE_READ_MODEL, "read model");
    const char *key = acti_query(request, "key");
    bool redacted = acti_query(request, "show_redacted") == NULL;

    if (table == NULL) return;
    if (key != NULL) {
        answer_row(request, table, acta_str_of(key), redacted);
        return;
    }
    page *p = acta_memory_alloc(request->memory, sizeof *p);
    acta_index_cursor *cursor = acta_memory_alloc(request->memory, sizeof *cursor);
    acta_memory *memory = acta_memory_create(&request->gateway->environment.allocator);
    if (p != NULL && cursor != NULL && memory != NULL) {
        p->request = request;
        p->table = table;
        p->memory = memory;
        p->json = acti_json_into(&request->text);
        p->count_max = COUNT_DEFAULT;
        p->redacted = redacted;
        p->cursor = cursor;
        answer_page(p);
    } else {
        acti_problem_http(request, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for this request");
    }
    acta_memory_destroy(memory);
}
