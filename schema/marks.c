/*
 * Marks: a value on its way into a buffer, with what is marked in it changed.
 *
 *     struct --copy--> struct --change marked fields--> [nested tables the same way] --table->write--> buffer
 *
 * Only what leads to a mark is copied: a table without them is written as it is.
 */
#include "acta/marks.h"

#include "internal.h"

bool
acta_is_forgotten_bytes(const void *data, size_t count)
{
    return data != NULL && count == sizeof ACTA_FORGOTTEN_TEXT - 1 && memcmp(data, ACTA_FORGOTTEN_TEXT, count) == 0;
}

bool
acta_is_forgotten(acta_str value)
{
    return acta_is_forgotten_bytes(value.data, value.size);
}

/* Tables may lead back to themselves: as deep as buffers go, and no deeper. */
static bool
is_marked(const acta_table *table, unsigned what, uint32_t depth)
{
    for (uint32_t i = 0; i < table->mark_count; i++) {
        const acta_mark *mark = &table->marks[i];
        if ((mark->what & what) != 0) return true;
        if ((mark->what & ACTA_MARK_HOLDS) == 0 || mark->table == table || depth == 0) continue;
        if (is_marked(mark->table, what, depth - 1)) return true;
    }
    return false;
}

bool
acta_table_is_marked(const acta_table *table, unsigned what)
{
    enum { TABLES_DEEP = 8 }; /* more are never written by hand, and a wrong yes costs no more than a copy */

    return is_marked(table, what, TABLES_DEEP);
}

typedef struct marker {
    unsigned what;
    acta_mark_change *change;
    void *user;
    acta_memory *memory;
    uint32_t depth;
    acta_error *error;
} marker;

static acta_status
no_memory(const marker *m, const acta_table *table)
{
    return acta_error_set(m->error, ACTA_NO_MEMORY, "no memory for a '%s'", table->name);
}

/* -- single fields -- */

static acta_status
change_text(marker *m, const acta_table *table, const acta_mark *mark, acta_str subject, acta_str *text)
{
    acta_bytes value = acta_str_bytes(*text);
    if (text->data == NULL) return ACTA_OK;

    acta_status status = m->change(m->user, table, mark, subject, &value, m->memory, m->error);
    if (status == ACTA_OK) *text = acta_str_from(value.data, value.size);
    return status;
}

static acta_status
change_bytes(marker *m, const acta_table *table, const acta_mark *mark, acta_str subject, void *field)
{
    acta_any_vector vector;
    memcpy(&vector, field, sizeof vector);
    acta_bytes value = acta_bytes_from(vector.data, vector.count);
    if (vector.data == NULL) return ACTA_OK;

    acta_status status = m->change(m->user, table, mark, subject, &value, m->memory, m->error);
    if (status != ACTA_OK) return status;
    if (value.size > ACTA_BUFFER_SIZE_MAX)
        return acta_error_set(m->error, ACTA_INVALID, "field %s of %s is larger than 64 MiB", mark->field, table->name);
    vector = (acta_any_vector){ .data = value.data, .count = (uint32_t)value.size };
    memcpy(field, &vector, sizeof vector);
    return ACTA_OK;
}

static acta_status
change_texts(marker *m, const acta_table *table, const acta_mark *mark, acta_str subject, void *field)
{
    acta_str_vector texts;
    memcpy(&texts, field, sizeof texts);
    if (texts.count == 0) return ACTA_OK;

    acta_str *changed = acta_memory_alloc(m->memory, texts.count * sizeof *changed);
    if (changed == NULL) return no_memory(m, table);
    for (uint32_t i = 0; i < texts.count; i++) {
        changed[i] = acta_str_vector_at(texts, i);
        acta_status status = change_text(m, table, mark, subject, &changed[i]);
        if (status != ACTA_OK) return status;
    }
    texts = (acta_str_vector){ .data = changed, .count = texts.count };
    memcpy(field, &texts, sizeof texts);
    return ACTA_OK;
}

/* -- tables -- */

static acta_status change_all(marker *m, const acta_table *table, void *value);

static acta_status
change_nested(marker *m, const acta_mark *mark, void *field)
{
    acta_any_ref ref;
    memcpy(&ref, field, sizeof ref);
    if (ref.data == NULL && ref.encoded == NULL) return ACTA_OK;

    void *item = acta_memory_alloc(m->memory, mark->table->struct_size);
    if (item == NULL) return no_memory(m, mark->table);
    acta_table_ref_get(mark->table, &ref, item);
    ref = (acta_any_ref){ .data = item };
    memcpy(field, &ref, sizeof ref);
    return change_all(m, mark->table, item);
}

static acta_status
change_items(marker *m, const acta_mark *mark, void *field)
{
    size_t size = mark->table->struct_size;
    acta_status status = ACTA_OK;
    acta_any_vector vector;
    memcpy(&vector, field, sizeof vector);
    if (vector.count == 0) return ACTA_OK;

    char *items = acta_memory_alloc(m->memory, vector.count * size);
    if (items == NULL) return no_memory(m, mark->table);
    for (uint32_t i = 0; i < vector.count && status == ACTA_OK; i++) {
        acta_table_vector_at(mark->table, &vector, i, items + i * size);
        status = change_all(m, mark->table, items + i * size);
    }
    vector = (acta_any_vector){ .data = items, .count = vector.count };
    memcpy(field, &vector, sizeof vector);
    return status;
}

static acta_status
change_field(marker *m, const acta_table *table, const acta_mark *mark, acta_str subject, void *field)
{
    if ((mark->what & ACTA_MARK_HOLDS) != 0 && acta_table_is_marked(mark->table, m->what))
        return mark->kind == ACTA_FIELD_TABLE ? change_nested(m, mark, field) : change_items(m, mark, field);
    if ((mark->what & m->what) == 0) return ACTA_OK;
    if (mark->kind == ACTA_FIELD_STRING) return change_text(m, table, mark, subject, field);
    return mark->kind == ACTA_FIELD_VECTOR ? change_bytes(m, table, mark, subject, field)
                                           : change_texts(m, table, mark, subject, field);
}

static acta_status
change_all(marker *m, const acta_table *table, void *value)
{
    acta_status status = ACTA_OK;

    if (m->depth == ACTA_BUFFER_DEPTH_MAX)
        return acta_error_set(m->error, ACTA_INVALID, "tables of %s are nested more than 64 deep", table->name);
    m->depth++;
    for (uint32_t i = 0; i < table->mark_count && status == ACTA_OK; i++) {
        const acta_mark *mark = &table->marks[i];
        acta_str subject = { NULL, 0 };
        if ((mark->what & ACTA_MARK_PERSONAL) != 0)
            subject = *(const acta_str *)(const void *)((const char *)value + mark->subject_offset);
        status = change_field(m, table, mark, subject, (char *)value + mark->offset);
    }
    m->depth--;
    return status;
}

acta_status
acta_marks_write(const acta_table *table, const void *value, unsigned what, acta_mark_change *change, void *user,
    acta_memory *memory, acta_sink *sink, acta_error *error)
{
    marker m = { .what = what, .change = change, .user = user, .memory = memory, .error = error };
    max_align_t copy[ACTA_STRUCT_SIZE_MAX / sizeof(max_align_t)];

    if (!acta_table_is_marked(table, what)) return table->write(value, sink, error);
    memcpy(copy, value, table->struct_size);
    acta_status status = change_all(&m, table, copy);
    return status == ACTA_OK ? table->write(copy, sink, error) : status;
}

acta_status
acta_marks_rewrite(const acta_table *table, acta_bytes buffer, unsigned what, acta_mark_change *change, void *user,
    acta_memory *memory, acta_bytes *buffer_out, acta_error *error)
{
    marker m = { .what = what, .change = change, .user = user, .memory = memory, .error = error };
    max_align_t value[ACTA_STRUCT_SIZE_MAX / sizeof(max_align_t)];
    acta_memory_sink sink = acta_memory_sink_of(memory);

    *buffer_out = buffer;
    if (!acta_table_is_marked(table, what)) return ACTA_OK;
    table->read(buffer, value);
    acta_status status = change_all(&m, table, value);
    if (status == ACTA_OK) status = table->write(value, &sink.sink, error);
    if (status == ACTA_OK) *buffer_out = sink.bytes;
    return status;
}

/* -- for people -- */

static acta_status
show(void *user, const acta_table *table, const acta_mark *mark, acta_str subject, acta_bytes *value_out,
    acta_memory *memory, acta_error *error)
{
    static const char shown[] = ACTI_REDACTED_SHOWN, forgotten[] = ACTI_FORGOTTEN_SHOWN;
    (void)user, (void)table, (void)subject, (void)memory, (void)error;

    if (acta_is_forgotten_bytes(value_out->data, value_out->size))
        *value_out = acta_bytes_from(forgotten, sizeof forgotten - 1);
    else if (mark->kind == ACTA_FIELD_VECTOR)
        *value_out = acta_bytes_from(NULL, 0); /* bytes would print as numbers */
    else
        *value_out = acta_bytes_from(shown, sizeof shown - 1);
    return ACTA_OK;
}

acta_status
acta_json_print_redacted(
    const acta_table *table, acta_bytes buffer, acta_memory *memory, acta_str *text_out, acta_error *error)
{
    acta_bytes shown;
    acta_status status =
        acta_marks_rewrite(table, buffer, ACTA_MARK_PERSONAL | ACTA_MARK_REDACTED, show, NULL, memory, &shown, error);

    return status == ACTA_OK ? acta_json_print(table, shown, memory, text_out, error) : status;
}
