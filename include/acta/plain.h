/*
 * Reading any table, and plain tables: those of numbers, enums and strings alone, as most commands and events are. What
 * schema/ does for any table by its description, this does for a plain one in code that the compiler unrolls: the
 * description is a constant, so each loop over it becomes a straight line for just these fields. Generated code is the
 * only caller.
 *
 *     T_decode               of any table, in the header: a line a field, each an acta_view_…; what a caller doesn't use
 *                            costs nothing
 *     T_table.write          acta_plain_write, and where it sees anything odd, acta_table_write, which decides; the
 *                            bytes are the same
 *     T_table.verify         acta_plain_verify, likewise (acta/plain_verify.h)
 *
 * Only what is certain is answered here, so there is one place for each error. tests/schema/test_plain.c holds the two
 * against each other.
 */
#ifndef ACTA_PLAIN_H
#define ACTA_PLAIN_H

#include <string.h>

#include "acta/buffer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All of it is in each table's code, and unrolled; but of that clang's sanitizers make so much that it takes a minute a file. */
#if defined(__clang__)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ACTI_IN_LINES 0
#endif
#endif
#ifndef ACTI_IN_LINES
#define ACTI_IN_LINES 1
#endif

#if !ACTI_IN_LINES
#define ACTI_INLINE static inline
#define ACTI_UNROLL
#else
#define ACTI_INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define ACTI_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ACTI_UNROLL _Pragma("GCC unroll 32")
#endif
#endif

enum {
    ACTA_PLAIN_FIELDS_MAX = 32, /* of a table that is unrolled; actac goes by it */
    ACTI_PLAIN_SIZE_MAX =
        1 << 20 /* bytes of a buffer that plain_verify.h judges, and of a string that is written here */
};

/* -- reading a verified buffer -- */

/* A table in a verified buffer. */
typedef struct acta_view {
    const uint8_t *table, *vtable;
    uint32_t vtable_size;
} acta_view;

#define ACTI_LOAD_AS(type, name)                                                                                       \
    ACTI_INLINE type acti_load_##name(const uint8_t *at)                                                               \
    {                                                                                                                  \
        type value;                                                                                                    \
        memcpy(&value, at, sizeof value);                                                                              \
        return value;                                                                                                  \
    }
ACTI_LOAD_AS(int8_t, int8)
ACTI_LOAD_AS(uint8_t, uint8)
ACTI_LOAD_AS(int16_t, int16)
ACTI_LOAD_AS(uint16_t, uint16)
ACTI_LOAD_AS(int32_t, int32)
ACTI_LOAD_AS(uint32_t, uint32)
ACTI_LOAD_AS(int64_t, int64)
ACTI_LOAD_AS(uint64_t, uint64)
ACTI_LOAD_AS(float, float)
ACTI_LOAD_AS(double, double)
#undef ACTI_LOAD_AS

ACTI_INLINE acta_view
acti_view_at(const uint8_t *table)
{
    acta_view v;

    v.table = table;
    v.vtable = table - acti_load_int32(table);
    v.vtable_size = acti_load_uint16(v.vtable);
    return v;
}

/* The table that `buffer` begins with. */
ACTI_INLINE acta_view
acta_view_of(acta_bytes buffer)
{
    return acti_view_at(buffer.data + acti_load_uint32(buffer.data));
}

/* The table at this index of a vector of them. */
ACTI_INLINE acta_view
acti_view_item(const uint8_t *elements, uint32_t index)
{
    const uint8_t *slot = elements + (size_t)index * 4;
    return acti_view_at(slot + acti_load_uint32(slot));
}

/* Where the field with this id lies; NULL: it is absent. */
ACTI_INLINE const uint8_t *
acti_view_slot(acta_view v, uint32_t id)
{
    uint32_t entry = 4 + 2 * id;
    uint32_t offset = entry < v.vtable_size ? acti_load_uint16(v.vtable + entry) : 0;

    return offset != 0 ? v.table + offset : NULL;
}

/* What the field's offset leads to; NULL: it is absent. */
ACTI_INLINE const uint8_t *
acti_view_target(acta_view v, uint32_t id)
{
    const uint8_t *slot = acti_view_slot(v, id);
    return slot != NULL ? slot + acti_load_uint32(slot) : NULL;
}

/* acta_view_int64(view, id, absent), and so on: the number, or what an absent one stands for. */
#define ACTI_VIEW_NUMBER(type, name)                                                                                   \
    ACTI_INLINE type acta_view_##name(acta_view v, uint32_t id, type absent)                                           \
    {                                                                                                                  \
        const uint8_t *slot = acti_view_slot(v, id);                                                                   \
        return slot != NULL ? acti_load_##name(slot) : absent;                                                         \
    }
ACTI_VIEW_NUMBER(int8_t, int8)
ACTI_VIEW_NUMBER(uint8_t, uint8)
ACTI_VIEW_NUMBER(int16_t, int16)
ACTI_VIEW_NUMBER(uint16_t, uint16)
ACTI_VIEW_NUMBER(int32_t, int32)
ACTI_VIEW_NUMBER(uint32_t, uint32)
ACTI_VIEW_NUMBER(int64_t, int64)
ACTI_VIEW_NUMBER(uint64_t, uint64)
ACTI_VIEW_NUMBER(float, float)
ACTI_VIEW_NUMBER(double, double)
#undef ACTI_VIEW_NUMBER

ACTI_INLINE bool
acta_view_bool(acta_view v, uint32_t id, bool absent)
{
    return acta_view_uint8(v, id, absent) != 0;
}

/* Reals that no constant of C stands for, by their bits. */
ACTI_INLINE float
acti_float_of(uint32_t bits)
{
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

ACTI_INLINE double
acti_double_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* Absent: NULL and 0. */
ACTI_INLINE acta_str
acta_view_str(acta_view v, uint32_t id)
{
    const uint8_t *at = acti_view_target(v, id);
    return at != NULL ? acta_str_from(at + 4, acti_load_uint32(at)) : acta_str_from(NULL, 0);
}

ACTI_INLINE acta_str_vector
acta_view_str_vector(acta_view v, uint32_t id)
{
    acta_str_vector vector = { NULL, NULL, 0, 0 };
    const uint8_t *at = acti_view_target(v, id);

    if (at == NULL) return vector;
    vector.encoded = at + 4;
    vector.count = acti_load_uint32(at);
    return vector;
}

/* acta_view_int64_vector(view, id), and so on: the numbers where they lie. */
#define ACTI_VIEW_VECTOR(name)                                                                                         \
    ACTI_INLINE acta_##name##_vector acta_view_##name##_vector(acta_view v, uint32_t id)                               \
    {                                                                                                                  \
        acta_##name##_vector vector = { NULL, NULL, 0, 0 };                                                            \
        const uint8_t *at = acti_view_target(v, id);                                                                   \
        if (at == NULL) return vector;                                                                                 \
        vector.data = (const acta_unaligned_##name *)(const void *)(at + 4);                                           \
        vector.count = acti_load_uint32(at);                                                                           \
        return vector;                                                                                                 \
    }
ACTI_VIEW_VECTOR(int8)
ACTI_VIEW_VECTOR(uint8)
ACTI_VIEW_VECTOR(int16)
ACTI_VIEW_VECTOR(uint16)
ACTI_VIEW_VECTOR(int32)
ACTI_VIEW_VECTOR(uint32)
ACTI_VIEW_VECTOR(int64)
ACTI_VIEW_VECTOR(uint64)
ACTI_VIEW_VECTOR(float)
ACTI_VIEW_VECTOR(double)
#undef ACTI_VIEW_VECTOR

/*
 * One of a union. `known` and `strings` have a bit for each of its types below 64, and for those of them that are strings;
 * bit 0 of `known`: it has others. A type that isn't known is none.
 */
ACTI_INLINE acta_any_union
acti_union_of(const acta_union *of, uint64_t known, uint64_t strings, uint32_t type, const uint8_t *target)
{
    acta_any_union any = { 0, { { NULL, NULL } } };
    bool has_gaps = (known & (known + 2)) != 0; /* else 1, 2, … */

    if ((known & 1) != 0 && type >= 64) return acta_union_view(of, (uint8_t)type, target);
    if (has_gaps ? type == 0 || type >= 64 || (known >> type & 1) == 0
                 : type - 1 >= (uint32_t)__builtin_popcountll(known))
        return any;
    any.type = (int32_t)type;
    if ((strings >> type & 1) != 0)
        any.string = acta_str_from(target + 4, acti_load_uint32(target));
    else
        any.ref.encoded = target;
    return any;
}

/* Its type has the place before its own: where there is room for the one in the vtable, there is for both. */
ACTI_INLINE acta_any_union
acti_view_union(acta_view v, uint32_t id, const acta_union *of, uint64_t known, uint64_t strings)
{
    const acta_any_union none = { 0, { { NULL, NULL } } };
    uint32_t entry = 4 + 2 * id;

    if (entry >= v.vtable_size) return none;
    uint32_t type_place = acti_load_uint16(v.vtable + entry - 2), place = acti_load_uint16(v.vtable + entry);
    if (type_place == 0 || place == 0) return none;
    const uint8_t *slot = v.table + place;
    return acti_union_of(of, known, strings, v.table[type_place], slot + acti_load_uint32(slot));
}

/* -- what verifying and writing share -- */

ACTI_INLINE uint32_t
acti_plain_size(uint8_t kind) /* of a field in its table */
{
    switch (kind) {
    case ACTA_FIELD_BOOL:
    case ACTA_FIELD_INT8:
    case ACTA_FIELD_UINT8:
        return 1;
    case ACTA_FIELD_INT16:
    case ACTA_FIELD_UINT16:
        return 2;
    case ACTA_FIELD_INT64:
    case ACTA_FIELD_UINT64:
    case ACTA_FIELD_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

/* -- writing -- */

/* A number's bits as in the buffer, the rest zero; an enum that its type can't hold spoils `fits`. */
ACTI_INLINE uint64_t
acti_plain_bits(const acta_field *field, const uint8_t *value, bool *fits)
{
    const uint8_t *at = value + field->offset;
    uint32_t width = acti_plain_size(field->kind);

    if ((field->flags & ACTA_FIELD_ENUM) != 0 && field->kind != ACTA_FIELD_BOOL) {
        int32_t number = acti_load_int32(at);
        if (field->kind == ACTA_FIELD_INT8) *fits = *fits && number == (int8_t)number;
        if (field->kind == ACTA_FIELD_UINT8) *fits = *fits && number == (uint8_t)number;
        if (field->kind == ACTA_FIELD_INT16) *fits = *fits && number == (int16_t)number;
        if (field->kind == ACTA_FIELD_UINT16) *fits = *fits && number == (uint16_t)number;
        return (uint64_t)(int64_t)number & UINT64_MAX >> (64 - 8 * width);
    }
    switch (width) {
    case 1:
        return acti_load_uint8(at);
    case 2:
        return acti_load_uint16(at);
    case 4:
        return acti_load_uint32(at);
    default:
        return acti_load_uint64(at);
    }
}

ACTI_INLINE void
acti_plain_put(uint8_t *to, uint64_t bits, uint32_t width)
{
    switch (width) {
    case 1:
        *to = (uint8_t)bits;
        break;
    case 2:
        memcpy(to, &bits, 2);
        break;
    case 4:
        memcpy(to, &bits, 4);
        break;
    default:
        memcpy(to, &bits, 8);
    }
}

/* Short ones without a call, in words that may overlap. */
ACTI_INLINE void
acti_plain_copy(uint8_t *to, const char *from, size_t size)
{
    uint64_t word, last;

    if (size > 32) {
        memcpy(to, from, size);
    } else if (size >= 8) {
        memcpy(&last, from + size - 8, 8);
        for (size_t i = 0; i + 8 < size; i += 8) {
            memcpy(&word, from + i, 8);
            memcpy(to + i, &word, 8);
        }
        memcpy(to + size - 8, &last, 8);
    } else {
        for (size_t i = 0; i < size; i++)
            to[i] = (uint8_t)from[i];
    }
}

/* Where a plain table's parts will lie in its buffer; 0 for what is absent. */
typedef struct acti_plain_plan {
    uint64_t bits[ACTA_PLAIN_FIELDS_MAX];
    uint32_t offsets[ACTA_PLAIN_FIELDS_MAX]; /* in the table */
    uint32_t vtable_size, table, table_size;
} acti_plain_plan;

/* False: something is missing, or doesn't fit. */
ACTI_INLINE bool
acti_plain_read(const acta_field *fields, uint32_t count, const uint8_t *value, acti_plain_plan *p)
{
    bool fits = true;

    p->vtable_size = 4;
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        bool there;
        if (fields[i].kind == ACTA_FIELD_STRING) {
            acta_str s;
            memcpy(&s, value + fields[i].offset, sizeof s);
            there = s.data != NULL;
            if (there ? (s.size > ACTI_PLAIN_SIZE_MAX || !acta_str_is_utf8(s))
                      : (fields[i].flags & ACTA_FIELD_REQUIRED) != 0)
                return false;
        } else {
            p->bits[i] = acti_plain_bits(&fields[i], value, &fits);
            there = p->bits[i] != fields[i].absent;
        }
        p->offsets[i] = there;
        uint32_t end = 6 + 2 * (uint32_t)fields[i].id;
        p->vtable_size = there && end > p->vtable_size ? end : p->vtable_size;
    }
    return fits;
}

/* Wide fields first, so that there are no gaps between them. */
ACTI_INLINE void
acti_plain_lay_out(const acta_field *fields, uint32_t count, acti_plain_plan *p)
{
    uint32_t end = 4;

    ACTI_UNROLL
    for (uint32_t shift = 0; shift < 4; shift++) {
        uint32_t width = 8u >> shift;
        ACTI_UNROLL
        for (uint32_t i = 0; i < count; i++) {
            if (acti_plain_size(fields[i].kind) != width) continue;
            uint32_t bytes = p->offsets[i] * width;
            p->offsets[i] *= end;
            end += bytes;
        }
        if (width == 8) { /* with wide ones the place behind the table's first four bytes is aligned to 8 */
            uint32_t at = 4 + p->vtable_size;
            p->table = end != 4 ? ((at + 4 + 7) & ~7u) - 4 : (at + 3) & ~3u;
        }
    }
    p->table_size = end;
}

ACTI_INLINE uint32_t
acti_plain_whole(const acta_field *fields, uint32_t count, const uint8_t *value, const acti_plain_plan *p)
{
    uint32_t end = p->table + p->table_size;

    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        if (fields[i].kind != ACTA_FIELD_STRING || p->offsets[i] == 0) continue;
        acta_str s;
        memcpy(&s, value + fields[i].offset, sizeof s);
        end = ((end + 3) & ~3u) + 5 + (uint32_t)s.size;
    }
    return end;
}

/* What lies between parts is zero; the parts themselves are all written. */
ACTI_INLINE void
acti_plain_fill(const acta_field *fields, uint32_t count, const uint8_t *value, const acti_plain_plan *p, uint8_t *out)
{
    uint32_t end = p->table + p->table_size;

    acti_plain_put(out, p->table, 4);
    acti_plain_put(out + 4, p->vtable_size, 2);
    acti_plain_put(out + 6, p->table_size, 2);
    for (uint32_t at = 8; at < p->table; at += 4) /* the vtable may have places of fields that are no more */
        acti_plain_put(out + at, 0, 4);
    acti_plain_put(out + p->table, p->table - 4, 4);
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        uint32_t entry = 4 + 2 * (uint32_t)fields[i].id;
        if (p->offsets[i] == 0) continue;
        acti_plain_put(out + 4 + entry, p->offsets[i], 2);
        uint8_t *slot = out + p->table + p->offsets[i];
        if (fields[i].kind != ACTA_FIELD_STRING) {
            acti_plain_put(slot, p->bits[i], acti_plain_size(fields[i].kind));
            continue;
        }
        acta_str s;
        memcpy(&s, value + fields[i].offset, sizeof s);
        for (; end % 4 != 0; end++)
            out[end] = 0;
        acti_plain_put(slot, end - p->table - p->offsets[i], 4);
        acti_plain_put(out + end, s.size, 4);
        acti_plain_copy(out + end + 4, s.data, s.size);
        end += 4 + (uint32_t)s.size;
        out[end++] = 0;
    }
}

/* `fields` are the table's own, and constant. */
ACTI_INLINE acta_status
acta_plain_write(const acta_table *table, const acta_field *fields, uint32_t count, const void *value, acta_sink *sink,
    acta_error *error)
{
    acti_plain_plan p;
    const uint8_t *from = (const uint8_t *)value;

    if (!acti_plain_read(fields, count, from, &p)) return acta_table_write(table, value, sink, error);
    acti_plain_lay_out(fields, count, &p);
    size_t size = acti_plain_whole(fields, count, from, &p);
    uint8_t *out = sink->reserve(sink, size);
    if (out == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a %s of %zu bytes", table->name, size);
    acti_plain_fill(fields, count, from, &p, out);
    return ACTA_OK;
}

#ifdef __cplusplus
}
#endif
#endif
