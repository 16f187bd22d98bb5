/*
 * Checks for any handler and any schema: an event given twice, a value written and read back.
 */
#include <stdlib.h>

#include "internal.h"
#include "test_support.h"

enum { DEPTH_MAX = 4, ELEMENTS_MAX = 4, TEXT_MAX = 12, ROUNDS = 16 };

/* -- events given twice -- */

typedef struct twice {
    const acta_event_handler *handler;
    uint64_t (*effects)(void *user);
    void *user;
    const char *file;
    int line;
    bool is_over;
} twice;

static bool
give(const twice *t, uint32_t number, const acta_recorded *recorded)
{
    acta_error error;
    acta_status status = t->handler->code->handle(t->handler, number, recorded->payload, recorded, &error);

    if (status != ACTA_OK)
        acti_test_fail(t->file, t->line, "handler '%s' fails with the event at position %" PRIu64 "%s: %s",
            t->handler->name, recorded->position, recorded->replaying ? ", given again" : "", error.text);
    return status == ACTA_OK;
}

static acta_status
give_twice(void *user, const acta_table *event, const acta_recorded *recorded, acta_error *error)
{
    const acta_event_handler_code *code = ((twice *)user)->handler->code;
    acta_recorded again = *recorded;
    twice *t = user;
    uint32_t number;
    (void)error;

    if (!acti_test_find(code->events, code->event_count, event, &number) || !code->interested(t->handler, number))
        return ACTA_OK;
    again.replaying = true;
    bool is_handled = give(t, number, recorded);
    uint64_t once = t->effects(t->user);
    is_handled = is_handled && give(t, number, &again);
    t->is_over = !is_handled;
    if (!is_handled || t->effects(t->user) == once) return ACTA_OK;
    acti_test_fail(t->file, t->line,
        "handler '%s': the event at position %" PRIu64 " ('%s'), given again, has effects of its own", t->handler->name,
        recorded->position, event->name);
    t->is_over = true;
    return ACTA_OK;
}

void
acta_test_handler_twice(acta_app *app, const acta_event_handler *handler, uint64_t (*effects)(void *user), void *user,
    const char *file, int line)
{
    twice t = { .handler = handler, .effects = effects, .user = user, .file = file, .line = line };
    acta_recorded recorded;
    acta_cursor *cursor;
    acta_error error;

    acta_status status = acta_cursor_open(app->store, &(acta_read){ .from = 1 }, &cursor, &error);
    if (status == ACTA_OK) {
        while (!t.is_over && (status = acta_cursor_next(cursor, &recorded, &error)) == ACTA_OK) {
            if (recorded.kind != ACTA_RECORD_EVENT) continue;
            status = acta_app_upcast(app, &recorded, give_twice, &t, &error);
            if (status != ACTA_OK && status != ACTA_SCHEMA_MISMATCH) break; /* an event of somebody else */
        }
        acta_cursor_close(cursor);
    }
    bool is_read = status == ACTA_OK || status == ACTA_NOT_FOUND || status == ACTA_SCHEMA_MISMATCH;
    if (!is_read) acti_test_fail(file, line, "the log can't be read: %s", error.text);
}

/* -- values written and read back -- */

typedef struct round_trip {
    acta_memory *memory;
    uint64_t random;
    const char *file;
    int line;
} round_trip;

/* Marsaglia, 2003: xorshift. */
static uint64_t
draw(round_trip *r)
{
    r->random ^= r->random << 13;
    r->random ^= r->random >> 7;
    r->random ^= r->random << 17;
    return r->random;
}

static acta_str
draw_text(round_trip *r)
{
    size_t size = draw(r) % TEXT_MAX;
    char *text = acta_memory_alloc(r->memory, size + 1);

    for (size_t i = 0; text != NULL && i < size; i++)
        text[i] = (char)(' ' + draw(r) % 95);
    return acta_str_from(text, text != NULL ? size : 0);
}

static size_t
put_number(round_trip *r, uint8_t kind, uint8_t *at)
{
    uint64_t bits = draw(r);
    float f = (float)(int16_t)bits;
    double d = (double)(int32_t)bits;

    switch ((acta_field_kind)kind) {
    case ACTA_FIELD_BOOL:
        *at = bits & 1;
        return 1;
    case ACTA_FIELD_FLOAT:
        memcpy(at, &f, sizeof f);
        return sizeof f;
    case ACTA_FIELD_DOUBLE:
        memcpy(at, &d, sizeof d);
        return sizeof d;
    case ACTA_FIELD_INT8:
    case ACTA_FIELD_UINT8:
        *at = (uint8_t)bits;
        return 1;
    case ACTA_FIELD_INT16:
    case ACTA_FIELD_UINT16:
        memcpy(at, &bits, 2);
        return 2;
    case ACTA_FIELD_INT32:
    case ACTA_FIELD_UINT32:
        memcpy(at, &bits, 4);
        return 4;
    default:
        memcpy(at, &bits, 8);
        return 8;
    }
}

static void
put_vector(round_trip *r, const acta_field *field, uint8_t *at)
{
    uint32_t count = (uint32_t)(draw(r) % ELEMENTS_MAX);
    acta_any_vector vector = { .count = count };
    uint8_t *data = acta_memory_alloc(r->memory, (count + (size_t)1) * sizeof(acta_str));
    if (data == NULL) return;

    vector.data = data;
    size_t size = field->kind == ACTA_FIELD_VECTOR ? put_number(r, field->element, data) : sizeof(acta_str);
    for (uint32_t i = 0; i < count; i++) {
        acta_str text = draw_text(r);
        if (field->kind == ACTA_FIELD_STRING_VECTOR)
            memcpy(data + i * size, &text, sizeof text);
        else
            (void)put_number(r, field->element, data + i * size);
    }
    memcpy(at, &vector, sizeof vector);
}

static bool fill(round_trip *r, const acta_table *table, uint8_t *value, int depth);

/* False: it must be there, and can't be drawn. */
static bool
fill_field(round_trip *r, const acta_field *field, uint8_t *value, int depth)
{
    bool is_required = (field->flags & ACTA_FIELD_REQUIRED) != 0;
    uint8_t *at = value + field->offset;

    if ((field->flags & ACTA_FIELD_OPTIONAL) != 0 && field->kind <= ACTA_FIELD_DOUBLE) {
        if (draw(r) % 2 == 0) return true;
        value[field->is_set] = true;
    }
    if ((field->flags & (ACTA_FIELD_NESTED | ACTA_FIELD_FLEX)) != 0) return !is_required;
    if (field->kind <= ACTA_FIELD_DOUBLE) {
        if ((field->flags & ACTA_FIELD_ENUM) == 0) (void)put_number(r, field->kind, at);
        return true;
    }
    if (field->kind == ACTA_FIELD_STRING) {
        acta_str text = draw_text(r);
        if (is_required || draw(r) % 4 > 0) memcpy(at, &text, sizeof text);
        return true;
    }
    if (field->kind == ACTA_FIELD_VECTOR || field->kind == ACTA_FIELD_STRING_VECTOR) {
        if (is_required || draw(r) % 4 > 0) put_vector(r, field, at);
        return true;
    }
    if (!is_required || field->kind == ACTA_FIELD_STRUCT) return true;
    if (field->kind != ACTA_FIELD_TABLE || depth == DEPTH_MAX) return false;
    uint8_t *nested = acta_memory_alloc(r->memory, field->table->struct_size);
    acta_any_ref ref = { .data = nested };
    if (nested == NULL || !fill(r, field->table, nested, depth + 1)) return false;
    memcpy(at, &ref, sizeof ref);
    return true;
}

static bool
fill(round_trip *r, const acta_table *table, uint8_t *value, int depth)
{
    for (uint32_t i = 0; i < table->field_count; i++)
        if (!fill_field(r, &table->fields[i], value, depth)) return false;
    return true;
}

/* Read, and written again; data NULL: it can't be, and that was said. */
static acta_bytes
again(round_trip *r, const acta_table *table, acta_bytes bytes)
{
    void *value = acta_memory_alloc(r->memory, table->struct_size);
    if (value == NULL) return acta_bytes_from(NULL, 0);

    table->read(bytes, value);
    return acti_test_encode(table, value, r->memory, r->file, r->line);
}

static void
compare(round_trip *r, const acta_table *table, acta_bytes first, acta_bytes second, const char *how)
{
    if (second.data == NULL) return;
    if (first.size == second.size && memcmp(first.data, second.data, first.size) == 0) return;
    acti_test_fail(r->file, r->line, "'%s' %s\n     is %s\n     when it is %s", table->name,
        acti_test_json(table, first, r->memory), acti_test_json(table, second, r->memory), how);
}

static void
go_round(round_trip *r, const acta_table *table)
{
    uint8_t *value = acta_memory_alloc(r->memory, table->struct_size);
    acta_bytes parsed;
    acta_error error;
    acta_str text;

    if (value == NULL || !fill(r, table, value, 0)) return;
    acta_bytes bytes = acti_test_encode(table, value, r->memory, r->file, r->line);
    if (bytes.data == NULL) return;
    compare(r, table, bytes, again(r, table, bytes), "read and written again");
    acta_status status = acta_json_print(table, bytes, r->memory, &text, &error);
    if (status == ACTA_OK) status = acta_json_parse(table, text, r->memory, &parsed, &error);
    if (status == ACTA_OK)
        compare(r, table, bytes, again(r, table, parsed), "printed as JSON and parsed");
    else
        acti_test_fail(r->file, r->line, "'%s' doesn't come back from JSON: %s", table->name, error.text);
}

void
acta_test_round_trip(const acta_schema *schema, uint64_t seed, const char *file, int line)
{
    round_trip r = { .memory = acta_memory_create(NULL), .random = seed | 1, .file = file, .line = line };

    for (uint32_t i = 0; r.memory != NULL && i < schema->table_count; i++) {
        if (schema->tables[i]->write == NULL) continue; /* a struct */
        for (int round = 0; round < ROUNDS; round++) {
            go_round(&r, schema->tables[i]);
            acta_memory_clear(r.memory);
        }
    }
    acta_memory_destroy(r.memory);
}
