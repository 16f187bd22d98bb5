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
    if (field->kind == ACTA_FIELD_UNION_VECTOR) return sizeof(acta_any_union);
    return acti_has_items(field) ? field->table->struct_size : sizeof(acta_str);
}

static size_t
field_size(const acta_field *field)
{
    if (field->kind == ACTA_FIELD_STRING) return sizeof(acta_str);
    if (field->kind == ACTA_FIELD_UNION) return sizeof(acta_any_union);
    if (field->kind == ACTA_FIELD_UNION_VECTOR) return sizeof(acta_any_union_vector);
    return field->kind == ACTA_FIELD_TABLE ? sizeof(acta_any_ref) : sizeof(acta_any_vector);
}

/* A block of ours, which the views call const. */
static void *
block_of(const void *data)
{
    return (void *)(uintptr_t)data;
}

/* -- giving back -- */

static void
clear_union(const acta_union *of, acta_any_union *any, acta_memory *memory)
{
    const acta_union_member *member = acti_member_of(of, any->type);

    if (member != NULL && member->table != NULL && any->ref.data != NULL)
        acta_table_clear(member->table, block_of(any->ref.data), memory);
    acta_memory_free(memory, block_of(any->ref.data)); /* a string begins as a ref does */
    *any = (acta_any_union){ 0 };
}

static void
clear_element(const acta_field *field, void *element, acta_memory *memory)
{
    if (field->kind == ACTA_FIELD_TABLE_VECTOR)
        acta_table_clear(field->table, element, memory);
    else if (field->kind == ACTA_FIELD_UNION_VECTOR)
        clear_union(field->variants, element, memory);
    else
        acta_memory_free(memory, block_of(((acta_str *)element)->data));
}

void
acti_field_clear(const acta_field *field, void *value, acta_memory *memory)
{
    if (acti_is_inline(field)) return;
    if (field->kind == ACTA_FIELD_UNION) {
        clear_union(field->variants, acti_field_of(field, value), memory);
        return;
    }
    const void *data = acti_ref_in(field, value).data; /* first member of all others */
    if (data != NULL && field->kind == ACTA_FIELD_TABLE) acta_table_clear(field->table, block_of(data), memory);
    bool holds = field->kind == ACTA_FIELD_TABLE_VECTOR || field->kind == ACTA_FIELD_STRING_VECTOR ||
                 field->kind == ACTA_FIELD_UNION_VECTOR;
    if (data != NULL && holds) {
        acta_any_vector vector = acti_vector_in(field, value);
        for (uint32_t i = 0; i < vector.count; i++)
            clear_element(field, (char *)block_of(data) + i * element_size(field), memory);
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

/* A table or struct that a view leads to, in a block of its own. */
static bool
own_ref(const acta_table *of, acta_any_ref *ref, acta_memory *memory)
{
    acta_any_ref view = *ref;

    *ref = (acta_any_ref){ 0 };
    if (view.data == NULL && view.encoded == NULL) return true;
    void *copy = acta_memory_alloc(memory, of->struct_size);
    if (copy == NULL) return false;
    acta_table_ref_get(of, &view, copy);
    if (!acti_value_own(of, copy, memory)) {
        acta_memory_free(memory, copy);
        return false;
    }
    ref->data = copy;
    return true;
}

static bool
own_union(const acta_union *of, acta_any_union *any, acta_memory *memory)
{
    const acta_union_member *member = acti_member_of(of, any->type);
    bool owned = true;

    if (member == NULL)
        *any = (acta_any_union){ 0 };
    else if (member->table != NULL)
        owned = own_ref(member->table, &any->ref, memory);
    else
        owned = own_string(&any->string, memory);
    if (!owned) *any = (acta_any_union){ 0 };
    return owned;
}

/* The elements' views, put into `elements`, become copies. False: none of them is owned. `vector` is the view. */
static bool
own_elements(const acta_field *field, const void *view, char *elements, acta_memory *memory)
{
    acta_any_vector vector;
    bool owned = true;

    memcpy(&vector, view, sizeof vector);
    for (uint32_t i = 0; i < vector.count && owned; i++) {
        void *element = elements + i * element_size(field);
        if (field->kind == ACTA_FIELD_UNION_VECTOR) {
            acta_union_vector_at(field->variants, view, i, element);
            owned = own_union(field->variants, element, memory);
        } else if (acti_has_items(field)) {
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
    acta_any_union_vector view = { .data = vector.data, .encoded = vector.encoded, .count = vector.count };
    size_t size = (size_t)vector.count * element_size(field);

    if (vector.data == NULL && vector.encoded == NULL) return true;
    char *elements = acta_memory_alloc(memory, size);
    if (field->kind == ACTA_FIELD_UNION_VECTOR) view = acti_union_vector_in(field, value);
    memset(acti_field_of(field, value), 0, field_size(field));
    if (elements == NULL) return false;
    copy.data = elements;
    acti_vector_set(field, value, copy);

    if (field->kind == ACTA_FIELD_VECTOR) {
        if (size != 0) memcpy(elements, vector.data, size);
        return true;
    }
    if (own_elements(field, &view, elements, memory) &&
        (!acti_has_items(field) || acti_collection_sort(field->table, elements, copy.count, memory)))
        return true;
    acti_field_clear(field, value, memory); /* elements that weren't reached are zero */
    return false;
}

static bool
own_nested(const acta_field *field, void *value, acta_memory *memory)
{
    acta_any_ref ref = acti_ref_in(field, value);
    bool owned = own_ref(field->table, &ref, memory);

    acti_ref_set(field, value, ref);
    return owned;
}

static bool
own_field(const acta_field *field, void *value, acta_memory *memory)
{
    bool owned = false;

    if (field->kind == ACTA_FIELD_STRING)
        owned = own_string(acti_field_of(field, value), memory);
    else if (field->kind == ACTA_FIELD_TABLE)
        owned = own_nested(field, value, memory);
    else if (field->kind == ACTA_FIELD_UNION)
        owned = own_union(field->variants, acti_field_of(field, value), memory);
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
    acta_field apart = *field;          /* the field alone, where it is no part of a struct */
    acta_any_union_vector copy = { 0 }; /* the largest of all */

    apart.offset = 0;
    memcpy(&copy, view, field_size(field));
    if (!own_field(&apart, &copy, memory)) return;
    acti_field_clear(field, value, memory); /* only now: the view may be a part of it */
    memcpy(acti_field_of(field, value), &copy, field_size(field));
}
