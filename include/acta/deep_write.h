/*
 * Writing tables of any fields, and what they lead to, quickly: what acta_plain_write is to tables of numbers and strings
 * at the root of a buffer, this is to all others, and to those within them.
 *
 *     value --T_table.put--> [    | vtable | table | strings, vectors, tables it leads to … ]   bytes of the caller's stack
 *                            [root, once all is there]                                  --> the sink, in the exact size
 *
 * Each table's code is a straight line for its fields, because they are a constant there. It goes once from front to back,
 * in the order of schema/write.c, so that the bytes are the same. Only what is certain is written here: whatever is odd,
 * rare, or has no room there goes to acta_table_write, which decides and has the words. Generated code is the only caller.
 */
#ifndef ACTA_DEEP_WRITE_H
#define ACTA_DEEP_WRITE_H

#include <string.h>

#include "acta/deep_verify.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ACTI_PEN_VTABLES = 8, /* the newest that are kept, to be used again; as in schema/write.c */
    ACTI_PEN_SPARE = 96   /* bytes behind the room: of any vtable, and of gaps, which are cleared by the word */
};

typedef struct acti_pen_vtable {
    const acta_table *table;
    uint32_t fields, at; /* which fields are there; its place */
} acti_pen_vtable;

/* A buffer that is being written. */
typedef struct acti_pen {
    uint8_t *out; /* aligned to 8 */
    uint32_t at, room;
    uint32_t vtable_count; /* ever written */
    acti_pen_vtable vtables[ACTI_PEN_VTABLES];
} acti_pen;

/* What is rarer, or longer, than to stand in each table's code; schema/deep_write.c. The place, or 0: not surely right. */
ACTA_API uint32_t acta_deep_put_strings(acti_pen *p, const uint8_t *vector);
ACTA_API uint32_t acta_deep_put_tables(const acta_table *item, acti_pen *p, const uint8_t *vector, uint32_t depth);
ACTA_API uint32_t acta_deep_put_structs(const acta_field *field, acti_pen *p, const uint8_t *vector);
ACTA_API uint32_t acta_deep_put_variant(const acta_union *of, acti_pen *p, const uint8_t *any, uint32_t depth);
ACTA_API bool acta_deep_put_struct(const acta_table *table, const uint8_t *value, uint8_t *out);
ACTA_API acta_status acta_deep_write(const acta_table *table, const void *value, acta_sink *sink, acta_error *error);

/* Move on, over zeroes, so that what comes `before` bytes later is aligned, to a power of two up to 8. */
ACTI_INLINE void
acti_pen_align(acti_pen *p, uint32_t before, uint32_t alignment)
{
    memset(p->out + p->at, 0, 8);
    p->at += -(p->at + before) & (alignment - 1);
}

ACTI_INLINE bool
acti_pen_has_room(const acti_pen *p, size_t size)
{
    return size <= p->room && p->at <= p->room - (uint32_t)size;
}

ACTI_INLINE uint32_t
acti_pen_string(acti_pen *p, acta_str s)
{
    if (!acti_pen_has_room(p, s.size) || !acta_str_is_utf8(s)) return 0;
    acti_pen_align(p, 0, 4);
    uint32_t at = p->at;
    acti_plain_put(p->out + at, s.size, 4);
    acti_plain_copy(p->out + at + 4, s.data, s.size);
    p->out[at + 4 + s.size] = 0;
    p->at = at + 5 + (uint32_t)s.size;
    return at;
}

ACTI_INLINE uint32_t
acti_pen_numbers(acti_pen *p, const acta_field *field, const uint8_t *view)
{
    uint32_t element = acti_plain_size(field->element), alignment = element > 4 ? element : 4;
    acta_any_vector vector;

    memcpy(&vector, view, sizeof vector);
    size_t size = (size_t)vector.count * element;
    bool is_odd = (field->flags & (ACTA_FIELD_NESTED | ACTA_FIELD_FLEX)) != 0 || field->alignment > alignment;
    if (vector.data == NULL || is_odd || !acti_pen_has_room(p, size)) return 0;
    acti_pen_align(p, 4, alignment);
    uint32_t at = p->at;
    acti_plain_put(p->out + at, vector.count, 4);
    acti_plain_copy(p->out + at + 4, (const char *)vector.data, size);
    p->at = at + 4 + (uint32_t)size;
    return at;
}

/* Is it there? A number's bits go into the plan. */
ACTI_INLINE bool
acti_deep_is_there(const acta_field *field, const uint8_t *value, uint64_t *bits, bool *fits)
{
    const uint8_t *at = value + field->offset;
    acta_any_ref ref;
    int32_t type;

    *bits = 0;
    if ((field->flags & ACTA_FIELD_OPTIONAL) != 0 && value[field->is_set] == 0) return false;
    if (field->kind <= ACTA_FIELD_DOUBLE) {
        *bits = acti_plain_bits(field, value, fits);
        return (field->flags & ACTA_FIELD_OPTIONAL) != 0 || *bits != field->absent;
    }
    if (field->kind == ACTA_FIELD_STRUCT) return true;
    if (field->kind == ACTA_FIELD_UNION) {
        memcpy(&type, at, sizeof type);
        return type != 0;
    }
    memcpy(&ref, at, sizeof ref); /* a vector begins as a ref does, and a string with its data */
    return ref.data != NULL || (field->kind != ACTA_FIELD_STRING && ref.encoded != NULL);
}

/* False: something is missing, or doesn't fit. */
ACTI_INLINE bool
acti_deep_plan_fields(const acta_field *fields, uint32_t count, const uint8_t *value, acti_deep_plan *plan)
{
    bool fits = true;

    plan->vtable_size = 4;
    plan->fields = 0;
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        bool there = acti_deep_is_there(&fields[i], value, &plan->bits[i], &fits);
        if (!there && (fields[i].flags & ACTA_FIELD_REQUIRED) != 0) return false;
        uint32_t end = 6 + 2 * (uint32_t)fields[i].id;
        plan->offsets[i] = there;
        plan->fields |= (uint32_t)there << i;
        plan->vtable_size = there && end > plan->vtable_size ? end : plan->vtable_size;
    }
    return fits;
}

/* The vtable's place: of an earlier one that is equal, or of a new one. */
ACTI_INLINE uint32_t
acti_pen_describe(
    acti_pen *p, const acta_table *table, const acta_field *fields, uint32_t count, const acti_deep_plan *plan)
{
    uint32_t kept = p->vtable_count < ACTI_PEN_VTABLES ? p->vtable_count : (uint32_t)ACTI_PEN_VTABLES;

    for (uint32_t i = 0; i < kept; i++)
        if (p->vtables[i].table == table && p->vtables[i].fields == plan->fields) return p->vtables[i].at;
    acti_pen_align(p, 0, 2);
    uint32_t at = p->at;
    acti_pen_vtable *known = &p->vtables[p->vtable_count++ % ACTI_PEN_VTABLES];
    known->table = table;
    known->fields = plan->fields;
    known->at = at;
    p->at += plan->vtable_size;

    uint8_t *out = p->out + at;
    for (uint32_t i = 0; i < plan->vtable_size; i += 8) /* places of absent fields, and of those that are no more */
        acti_plain_put(out + i, 0, 8);
    acti_plain_put(out, plan->vtable_size, 2);
    acti_plain_put(out + 2, plan->table_size, 2);
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        if ((plan->fields >> i & 1) == 0) continue;
        uint8_t *entry = out + 4 + 2 * (uint32_t)fields[i].id;
        acti_plain_put(entry, plan->offsets[i], 2);
        if (acti_deep_is_union(&fields[i])) acti_plain_put(entry - 2, plan->types[i], 2);
    }
    return at;
}

/* What a field leads to; 0: not surely right. */
ACTI_DEEP_INLINE uint32_t
acti_deep_put_target(const acta_field *field, acti_pen *p, const uint8_t *at, uint32_t depth)
{
    acta_any_ref ref;
    acta_str text;

    switch (field->kind) {
    case ACTA_FIELD_STRING:
        memcpy(&text, at, sizeof text);
        return acti_pen_string(p, text);
    case ACTA_FIELD_TABLE:
        memcpy(&ref, at, sizeof ref);
        return ref.data != NULL && field->table->put != NULL ? field->table->put(p, ref.data, depth - 1) : 0;
    case ACTA_FIELD_VECTOR:
        return acti_pen_numbers(p, field, at);
    case ACTA_FIELD_STRING_VECTOR:
        return acta_deep_put_strings(p, at);
    case ACTA_FIELD_TABLE_VECTOR:
        return acta_deep_put_tables(field->table, p, at, depth);
    case ACTA_FIELD_STRUCT_VECTOR:
        return acta_deep_put_structs(field, p, at);
    case ACTA_FIELD_UNION:
        return acta_deep_put_variant(field->variants, p, at, depth);
    default:
        return 0;
    }
}

/* The table's own bytes; false: an enum in a struct doesn't fit. */
ACTI_INLINE bool
acti_deep_put_inside(
    const acta_field *fields, uint32_t count, const uint8_t *value, const acti_deep_plan *plan, uint8_t *table)
{
    bool fits = true;

    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        if ((plan->fields >> i & 1) == 0) continue;
        if (fields[i].kind == ACTA_FIELD_UNION) table[plan->types[i]] = value[fields[i].offset];
        if (fields[i].kind == ACTA_FIELD_STRUCT)
            fits &= acta_deep_put_struct(fields[i].table, value + fields[i].offset, table + plan->offsets[i]);
        if (fields[i].kind <= ACTA_FIELD_DOUBLE)
            acti_plain_put(table + plan->offsets[i], plan->bits[i], acti_plain_size(fields[i].kind));
    }
    return fits;
}

/*
 * A table, at most `depth` deep; its place, or 0: not surely right. `fields` are the table's own, and constant.
 */
ACTI_INLINE uint32_t
acta_deep_put(
    const acta_table *table, const acta_field *fields, uint32_t count, acti_pen *p, const void *from, uint32_t depth)
{
    const uint8_t *value = (const uint8_t *)from;
    acti_deep_plan plan;

    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++)
        if (acti_deep_alignment(&fields[i]) > 8 || fields[i].kind == ACTA_FIELD_UNION_VECTOR) return 0;
    if (depth == 0 || !acti_deep_plan_fields(fields, count, value, &plan)) return 0;
    acti_deep_lay_out(fields, count, &plan);
    if (!acti_pen_has_room(p, plan.table_size)) return 0;
    uint32_t vtable = acti_pen_describe(p, table, fields, count, &plan);
    acti_pen_align(p, plan.is_wide ? 4 : 0, plan.is_wide ? 8 : 4);
    uint32_t at = p->at;
    p->at += plan.table_size;
    acti_plain_put(p->out + at, at - vtable, 4);
    if (!acti_deep_put_inside(fields, count, value, &plan, p->out + at)) return 0;
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        if (fields[i].kind <= ACTA_FIELD_DOUBLE || fields[i].kind == ACTA_FIELD_STRUCT) continue;
        if ((plan.fields >> i & 1) == 0) continue;
        uint32_t slot = at + plan.offsets[i];
        uint32_t target = acti_deep_put_target(&fields[i], p, value + fields[i].offset, depth);
        if (target == 0) return 0;
        acti_plain_put(p->out + slot, target - slot, 4);
    }
    return at;
}

#ifdef __cplusplus
}
#endif
#endif
