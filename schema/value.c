/*
 * Keeping: values that live on, whose strings and vectors are their own.
 *
 * A field of an owned value is absent, or leads to blocks of its memory and of nobody else's. acti_value_own makes a
 * struct of views into that, in place: what can't be copied becomes absent, and then all is given back, so that a value
 * is never half its own.
 */
#include "internal.h"

static size_t
element_size(const acta_field *field)
{
    if (field->kind == ACTA_FIELD_VECTOR) return acti_inline_size(field->element);
    return acti_has_items(field) ? field->table->struct_size : sizeof(acta_str);
}

static size_t
field_size(const acta_field *field)
{
    if (field->kind == ACTA_FIELD_STRING) return sizeof(acta_str);
    return field->kind == ACTA_FIELD_TABLE ? sizeof(acta_any_ref) : sizeof(acta_any_vector);
}

/* A block of ours, which the views call const. */
static void *
block_of(const void *data)
{
    return (void *)(uintptr_t)data;
}

/* -- giving back -- */

void
acti_field_clear(const acta_field *field, void *value, acta_memory *memory)
{
    const void *data = acti_ref_in(field, value).data; /* first member of every kind */

    if (acti_is_inline(field)) return;
    if (data != NULL && field->kind == ACTA_FIELD_TABLE) acta_table_clear(field->table, block_of(data), memory);
    bool holds = field->kind == ACTA_FIELD_TABLE_VECTOR || field->kind == ACTA_FIELD_STRING_VECTOR;
    if (data != NULL && holds) {
        acta_any_vector vector = acti_vector_in(field, value);
        for (uint32_t i = 0; i < vector.count; i++) {
            char *element = (char *)block_of(data) + i * element_size(field);
            if (field->kind == ACTA_FIELD_TABLE_VECTOR)
                acta_table_clear(field->table, element, memory);
            else
                acta_memory_free(memory, block_of(((acta_str *)(void *)element)->data));
        }
    }
    acta_memory_free(memory, block_of(data));
    memset(acti_field_of(field, value), 0, field_size(field));
}

void
acta_table_clear(const acta_table *table, void *value, acta_memory *memory)
{
    for (uint32_t i = 0; i < table->field_count; i++) {
        if (!acti_is_inline(&table->fields[i])) acti_field_clear(&table->fields[i], value, memory);
    }
    memset(value, 0, table->struct_size);
}

/* -- taking -- */

static bool
own_string(acta_str *s, acta_memory *memory)
{
    acta_str copy = { NULL, 0 };

    if (s->data != NULL) {
        acta_str_assign(&copy, *s, memory);
        if (copy.data == NULL) return false;
    }
    *s = copy;
    return true;
}

/* The elements' views, put into `elements`, become copies. False: none of them is owned. */
static bool
own_elements(const acta_field *field, acta_any_vector vector, char *elements, acta_memory *memory)
{
    bool owned = true;
    uint32_t i;

    for (i = 0; i < vector.count && owned; i++) {
        void *element = elements + i * element_size(field);
        if (acti_has_items(field)) {
            acta_table_vector_at(field->table, &vector, i, element);
            owned = acti_value_own(field->table, element, memory);
        } else {
            acta_str_vector strings;
            memcpy(&strings, &vector, sizeof strings);
            *(acta_str *)element = acta_str_vector_at(strings, i);
            owned = own_string(element, memory);
            if (!owned) *(acta_str *)element = acta_str_from(NULL, 0);
        }
    }
    return owned;
}

static bool
own_vector(const acta_field *field, void *value, acta_memory *memory)
{
    acta_any_vector vector = acti_vector_in(field, value), copy = { .count = vector.count, .capacity = vector.count };
    size_t size = (size_t)vector.count * element_size(field);

    if (vector.data == NULL && vector.encoded == NULL) return true;
    char *elements = acta_memory_alloc(memory, size);
    acti_vector_set(field, value, (acta_any_vector){ 0 });
    if (elements == NULL) return false;
    copy.data = elements;
    acti_vector_set(field, value, copy);

    if (field->kind == ACTA_FIELD_VECTOR) {
        if (size != 0) memcpy(elements, vector.data, size);
        return true;
    }
    if (own_elements(field, vector, elements, memory) &&
        (!acti_has_items(field) || acti_collection_sort(field->table, elements, copy.count, memory)))
        return true;
    acti_field_clear(field, value, memory); /* elements that weren't reached are zero */
    return false;
}

static bool
own_nested(const acta_field *field, void *value, acta_memory *memory)
{
    acta_any_ref ref = acti_ref_in(field, value);

    if (ref.data == NULL && ref.encoded == NULL) return true;
    void *copy = acta_memory_alloc(memory, field->table->struct_size);
    acti_ref_set(field, value, (acta_any_ref){ 0 });
    if (copy == NULL) return false;
    acta_table_ref_get(field->table, &ref, copy);
    if (!acti_value_own(field->table, copy, memory)) {
        acta_memory_free(memory, copy);
        return false;
    }
    acti_ref_set(field, value, (acta_any_ref){ .data = copy });
    return true;
}

static bool
own_field(const acta_field *field, void *value, acta_memory *memory)
{
    bool owned = false;

    if (field->kind == ACTA_FIELD_STRING)
        owned = own_string(acti_field_of(field, value), memory);
    else if (field->kind == ACTA_FIELD_TABLE)
        owned = own_nested(field, value, memory);
    else
        owned = own_vector(field, value, memory);
    if (!owned) memset(acti_field_of(field, value), 0, field_size(field));
    return owned;
}

bool
acti_value_own(const acta_table *table, void *value, acta_memory *memory)
{
    bool owned = true;

    for (uint32_t i = 0; i < table->field_count; i++) {
        const acta_field *field = &table->fields[i];
        if (acti_is_inline(field)) continue;
        if (owned)
            owned = own_field(field, value, memory);
        else
            memset(acti_field_of(field, value), 0, field_size(field)); /* still a view: not ours to give back */
    }
    if (!owned) acta_table_clear(table, value, memory);
    return owned;
}

acta_status
acta_table_load(const acta_table *table, void *value, acta_bytes buffer, acta_memory *memory)
{
    acta_table_read(table, buffer, value);
    return acti_value_own(table, value, memory) ? ACTA_OK : ACTA_NO_MEMORY;
}

void
acta_field_assign(const acta_table *table, uint32_t field_index, void *value, const void *view, acta_memory *memory)
{
    const acta_field *field = &table->fields[field_index];
    acta_field apart = *field; /* the field alone, where it is no part of a struct */
    acta_any_vector copy = { 0 };

    apart.offset = 0;
    memcpy(&copy, view, field_size(field));
    if (!own_field(&apart, &copy, memory)) return;
    acti_field_clear(field, value, memory); /* only now: the view may be a part of it */
    memcpy(acti_field_of(field, value), &copy, field_size(field));
}
