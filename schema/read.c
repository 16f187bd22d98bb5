/*
 * Reading: a struct of views from a verified buffer. Copies numbers, never strings or vectors.
 *
 * Nothing is checked here; verify.c did, or we wrote the buffer ourselves.
 */
#include "internal.h"

static acta_str
string_at(const uint8_t *string)
{
    return acta_str_from(string + 4, acti_load_uint32(string));
}

void
acti_read_number(const acta_field *field, const uint8_t *at, void *out)
{
    uint64_t bits = field->absent;
    const uint8_t *from = at != NULL ? at : (const uint8_t *)&bits; /* little-endian: its first bytes */
    int32_t number;

    if (field->flags & ACTA_FIELD_ENUM) {
        switch (field->kind) {
        case ACTA_FIELD_BOOL:
        case ACTA_FIELD_UINT8:
            number = from[0];
            break;
        case ACTA_FIELD_INT8:
            number = (int8_t)from[0];
            break;
        case ACTA_FIELD_INT16:
            number = (int16_t)acti_load_uint16(from);
            break;
        case ACTA_FIELD_UINT16:
            number = acti_load_uint16(from);
            break;
        default:
            number = acti_load_int32(from);
        }
        memcpy(out, &number, sizeof number);
        return;
    }

    switch (acti_inline_size(field->kind)) {
    case 1:
        if (field->kind == ACTA_FIELD_BOOL)
            *(bool *)out = from[0] != 0;
        else
            memcpy(out, from, 1);
        break;
    case 2:
        memcpy(out, from, 2);
        break;
    case 4:
        memcpy(out, from, 4);
        break;
    default:
        memcpy(out, from, 8);
    }
}

static void
read_struct(const acta_table *table, const uint8_t *at, void *value_out)
{
    for (uint32_t i = 0; i < table->field_count; i++) {
        const acta_field *field = &table->fields[i];
        const uint8_t *from = at + field->id;
        char *to = acti_field_of(field, value_out);
        for (uint32_t left = field->length != 0 ? field->length : 1; left > 0; left--) {
            if (field->kind == ACTA_FIELD_STRUCT)
                read_struct(field->table, from, to);
            else
                acti_read_number(field, from, to);
            from += acti_field_size(field);
            to += acti_c_size(field);
        }
    }
}

static void
read_inline(const acta_field *field, const uint8_t *at, void *value_out)
{
    void *out = acti_field_of(field, value_out);

    if (field->flags & ACTA_FIELD_OPTIONAL) *(bool *)((char *)value_out + field->is_set) = at != NULL;
    if (field->kind != ACTA_FIELD_STRUCT)
        acti_read_number(field, at, out);
    else if (at != NULL)
        read_struct(field->table, at, out);
    else
        memset(out, 0, field->table->struct_size);
}

/* A type that we don't know, or without a value, is none. */
acta_any_union
acta_union_view(const acta_union *of, uint8_t type, const uint8_t *target)
{
    const acta_union_member *member = acti_member_of(of, type);
    acta_any_union view = { 0 };

    if (member == NULL || target == NULL) return view;
    view.type = type;
    if (member->table != NULL)
        view.ref.encoded = target;
    else
        view.string = string_at(target);
    return view;
}

static void
read_union(const acta_field *field, const uint8_t *at, const uint8_t *target, void *out)
{
    const uint8_t *type = acti_slot(at, (uint16_t)(field->id - 1));

    if (field->kind == ACTA_FIELD_UNION) {
        acta_any_union view = acta_union_view(field->variants, type != NULL ? *type : 0, target);
        memcpy(out, &view, sizeof view);
        return;
    }
    acta_any_union_vector vector = { 0 };
    if (type != NULL && target != NULL) {
        vector.encoded = target + 4;
        vector.types = acti_follow(type) + 4;
        vector.count = acti_load_uint32(target);
    }
    memcpy(out, &vector, sizeof vector);
}

void
acti_read_table(const acta_table *table, const uint8_t *at, void *value_out)
{
    const uint8_t *vtable = at - acti_load_int32(at);
    size_t vtable_size = acti_load_uint16(vtable);

    for (uint32_t i = 0; i < table->field_count; i++) {
        const acta_field *field = &table->fields[i];
        size_t entry = 4 + 2 * (size_t)field->id;
        uint16_t offset = entry < vtable_size ? acti_load_uint16(vtable + entry) : 0;
        const uint8_t *slot = offset != 0 ? at + offset : NULL;
        void *out = acti_field_of(field, value_out);

        if (acti_is_inline(field)) {
            read_inline(field, slot, value_out);
            continue;
        }
        const uint8_t *target = slot != NULL ? acti_follow(slot) : NULL;
        if (field->kind == ACTA_FIELD_STRING) {
            *(acta_str *)out = target != NULL ? string_at(target) : acta_str_from(NULL, 0);
        } else if (field->kind == ACTA_FIELD_TABLE) {
            acti_ref_set(field, value_out, (acta_any_ref){ .encoded = target });
        } else if (acti_is_union(field)) {
            read_union(field, at, target, out);
        } else {
            acta_any_vector vector = { 0 };
            if (target != NULL) vector.count = acti_load_uint32(target);
            if (target != NULL && field->kind == ACTA_FIELD_VECTOR) vector.data = target + 4;
            if (target != NULL && field->kind != ACTA_FIELD_VECTOR) vector.encoded = target + 4;
            acti_vector_set(field, value_out, vector);
        }
    }
}

void
acti_read_object(const acta_table *table, const uint8_t *at, void *value_out)
{
    if (acti_is_struct(table))
        read_struct(table, at, value_out);
    else
        acti_read_table(table, at, value_out);
}

void
acta_table_read(const acta_table *table, acta_bytes buffer, void *value_out)
{
    acti_read_table(table, acti_follow(buffer.data), value_out);
}

bool
acta_table_vector_at(const acta_table *item, const void *vector_view, uint32_t index, void *value_out)
{
    acta_any_vector vector;

    memcpy(&vector, vector_view, sizeof vector);
    if (index < vector.count && vector.data != NULL) {
        memcpy(value_out, (const char *)vector.data + (size_t)index * item->struct_size, item->struct_size);
        return true;
    }
    if (index < vector.count && vector.encoded != NULL) {
        acti_read_object(item, acti_item_at(item, vector.encoded, index), value_out);
        return true;
    }
    memset(value_out, 0, item->struct_size);
    return false;
}

bool
acta_union_vector_at(const acta_union *of, const void *vector_view, uint32_t index, void *value_out)
{
    acta_any_union_vector vector;
    acta_any_union view = { 0 };

    memcpy(&vector, vector_view, sizeof vector);
    bool found = index < vector.count && (vector.data != NULL || vector.encoded != NULL);
    if (found && vector.data != NULL)
        memcpy(&view, (const char *)vector.data + index * sizeof view, sizeof view);
    else if (found)
        view = acta_union_view(of, vector.types[index], acti_follow(vector.encoded + (size_t)index * 4));
    memcpy(value_out, &view, sizeof view);
    return found;
}

bool
acta_table_ref_get(const acta_table *item, const void *ref_view, void *value_out)
{
    acta_any_ref ref;

    memcpy(&ref, ref_view, sizeof ref);
    if (ref.data != NULL)
        memcpy(value_out, ref.data, item->struct_size);
    else if (ref.encoded != NULL)
        acti_read_object(item, ref.encoded, value_out);
    else
        memset(value_out, 0, item->struct_size);
    return ref.data != NULL || ref.encoded != NULL;
}
