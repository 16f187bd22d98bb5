/*
 * Verifying tables of any fields, and what they lead to, quickly: a straight line for each table, because its fields are a
 * constant in its code.
 *
 *     buffer --> table    one that acta wrote, with all its fields, begins with a constant: the root, the vtable, and the
 *                |        way back to it. Compared in words, it tells where each field lies
 *                +-> strings, vectors, and tables, one or many of a kind in one go:
 *                       table --> its vtable, which is mostly that of the one before it, and else that of a table with all
 *                                 its fields, or one that this thread has judged before for this kind of table
 *
 * Two vtables of each kind of table are remembered, per thread. All places are counted from the buffer's begin. Only what
 * is certain is answered: whatever is odd makes the whole buffer a case for acta_table_verify, which decides and has the
 * words. So this may be stricter than it, and never laxer. Generated code is the only caller.
 */
#ifndef ACTA_DEEP_VERIFY_H
#define ACTA_DEEP_VERIFY_H

#include <assert.h>
#include <string.h>

#include "acta/deep_judge.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ACTI_DEEP_FIELDS_MAX = ACTA_PLAIN_FIELDS_MAX,      /* of a table that is judged here; actac goes by it */
    ACTI_DEEP_IDS_MAX = ACTI_DEEP_FIELDS_MAX + 2,      /* and their ids are below this */
    ACTI_DEEP_WORDS = (4 + 2 * ACTI_DEEP_IDS_MAX) / 8, /* of such a vtable */
    ACTI_DEEP_VTABLES = 2
};
static_assert((4 + 2 * ACTI_DEEP_IDS_MAX) % 8 == 0, "whole words");

/* In each table's code, too; gcc is slow at no more than this. */
#if ACTI_IN_LINES && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ACTI_DEEP_INLINE ACTI_INLINE
#else
#define ACTI_DEEP_INLINE static __attribute__((noinline, unused))
#endif

/* A vtable that was found to be sound, for tables that lie as the one did for which it was. */
typedef struct acti_deep_vtable {
    union {
        uint64_t words[ACTI_DEEP_WORDS]; /* of the vtable; zero behind its end */
        uint16_t places[ACTI_DEEP_WORDS * 4];
    };
    uint64_t masks[ACTI_DEEP_WORDS]; /* all bits of what belongs to it */
    uint32_t reach;                  /* where the last of the fields ends, from the table's begin */
    uint32_t low_bits, low_mask;     /* of the table's place: so that all fields are aligned */
} acti_deep_vtable;

typedef struct acti_deep_seen {
    acti_deep_vtable vtables[ACTI_DEEP_VTABLES];
    uint32_t next; /* to be replaced */
} acti_deep_seen;

/* None yet: no table of four bytes or more reaches there. */
#define ACTI_DEEP_UNSEEN                                                                                               \
    {                                                                                                                  \
        .vtables = { { .reach = UINT32_MAX }, { .reach = UINT32_MAX } }                                                \
    }

/* Judge a vtable that isn't known, of a table at `at`, and remember it; NULL: not surely sound. schema/deep.c */
ACTA_API const acti_deep_vtable *acta_deep_learn(
    const acta_field *fields, uint32_t count, acti_deep_seen *seen, const acti_deep *d, uint32_t at, uint32_t vtable);

/* What is rarer, or longer, than to stand in each table's code; schema/deep.c. */
ACTA_API bool acta_deep_variant(const acta_union *of, acti_deep *d, uint8_t type, uint32_t slot, uint32_t depth);
ACTA_API bool acta_deep_variants(
    const acta_union *of, acti_deep *d, uint32_t types_slot, uint32_t slot, uint32_t depth);
ACTA_API bool acta_deep_verify(const acta_table *table, acta_bytes buffer);

/* -- where the fields of a table lie, as acta writes it -- */

/* What of a table is there, and where in it. */
typedef struct acti_deep_plan {
    uint64_t bits[ACTI_DEEP_FIELDS_MAX];    /* of numbers */
    uint32_t offsets[ACTI_DEEP_FIELDS_MAX]; /* in the table; 0: absent */
    uint32_t types[ACTI_DEEP_FIELDS_MAX];   /* of unions: the same for their types */
    uint32_t fields, vtable_size, table_size;
    bool is_wide; /* it has a field that is aligned to 8 */
} acti_deep_plan;

ACTI_INLINE bool
acti_deep_is_union(const acta_field *field)
{
    return field->kind == ACTA_FIELD_UNION || field->kind == ACTA_FIELD_UNION_VECTOR;
}

/* Of a field in its table; a power of two. */
ACTI_INLINE uint32_t
acti_deep_alignment(const acta_field *field)
{
    return field->kind == ACTA_FIELD_STRUCT ? field->table->alignment : acti_plain_size(field->kind);
}

/* Wide fields first; a union's type counts with what is as wide as it. */
ACTI_INLINE void
acti_deep_lay_out(const acta_field *fields, uint32_t count, acti_deep_plan *plan)
{
    uint32_t end = 4;

    ACTI_UNROLL
    for (uint32_t shift = 0; shift < 4; shift++) {
        uint32_t width = 8u >> shift;
        ACTI_UNROLL
        for (uint32_t i = 0; i < count; i++) {
            uint32_t there = plan->fields >> i & 1;
            uint32_t type_size = fields[i].kind == ACTA_FIELD_UNION ? 1 : 4;
            if (acti_deep_alignment(&fields[i]) == width) {
                uint32_t size = fields[i].kind == ACTA_FIELD_STRUCT ? fields[i].table->inline_size : width;
                plan->offsets[i] = there * end;
                end += there * size;
            }
            if (acti_deep_is_union(&fields[i]) && type_size == width) {
                plan->types[i] = there * end;
                end += there * width;
            }
        }
        if (width == 8) plan->is_wide = end != 4;
    }
    plan->table_size = end;
}

/* -- a table with all its fields, as acta writes it -- */

enum { ACTI_DEEP_HEAD_WORDS = ACTI_DEEP_WORDS + 3 };

/* What is the same in each buffer that begins with it, and where in that its parts are. */
typedef struct acti_deep_head {
    uint64_t words[ACTI_DEEP_HEAD_WORDS]; /* the root's offset, the vtable, and the table's first four bytes */
    uint32_t vtable_size, table;
} acti_deep_head;

/* Can the place of each field be told when this is compiled? A struct of another file's has its description there. */
ACTI_INLINE bool
acti_deep_is_constant(const acta_field *fields, uint32_t count)
{
    bool is_constant = true;

    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++)
        if (fields[i].kind == ACTA_FIELD_STRUCT)
            is_constant = is_constant && __builtin_constant_p(fields[i].table->alignment) &&
                          __builtin_constant_p(fields[i].table->inline_size) && fields[i].table->alignment <= 8;
    return is_constant;
}

ACTI_INLINE void
acti_deep_put_word(acti_deep_head *head, uint32_t at, uint64_t bits)
{
    head->words[at / 8] |= bits << at % 8 * 8;
}

/* Of a table with all its fields, into what is zero; the compiler does it. */
ACTI_INLINE void
acti_deep_lay_out_whole(const acta_field *fields, uint32_t count, acti_deep_plan *whole, acti_deep_head *head)
{
    whole->fields = UINT32_MAX;
    acti_deep_lay_out(fields, count, whole);
    head->vtable_size = acti_plain_vtable_size(fields, count);
    uint32_t end = 4 + head->vtable_size;
    head->table = whole->is_wide ? ((end + 4 + 7) & ~7u) - 4 : (end + 3) & ~3u;
    acti_deep_put_word(head, 0, head->table);
    acti_deep_put_word(head, 4, head->vtable_size | (uint64_t)whole->table_size << 16);
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        uint32_t entry = 8 + 2 * (uint32_t)fields[i].id;
        acti_deep_put_word(head, entry, whole->offsets[i]);
        if (acti_deep_is_union(&fields[i])) acti_deep_put_word(head, entry - 2, whole->types[i]);
    }
    acti_deep_put_word(head, head->table, head->table - 4);
}

/* Bytes from `begin` to `end` of the head, both even, that are others at `at`. */
ACTI_INLINE uint64_t
acti_deep_differ(const acti_deep_head *head, uint32_t begin, uint32_t end, const uint8_t *at)
{
    uint64_t different = 0;

    ACTI_UNROLL
    for (uint32_t i = 0; i < ACTI_DEEP_HEAD_WORDS; i++) {
        uint32_t from = begin + i * 8, left = from < end ? end - from : 0, shift = from % 8 * 8;
        if (left == 0) continue;
        uint64_t word = head->words[from / 8] >> shift;
        if (shift != 0 && from / 8 + 1 < ACTI_DEEP_HEAD_WORDS) word |= head->words[from / 8 + 1] << (64 - shift);
        if (left >= 8) different |= acti_load_uint64(at + (size_t)i * 8) ^ word;
        if (left < 8 && (left & 4) != 0) different |= acti_load_uint32(at + (size_t)i * 8) ^ (uint32_t)word;
        if (left < 8 && (left & 2) != 0)
            different |=
                (uint64_t)acti_load_uint16(at + (size_t)i * 8 + (left & 4)) ^ (uint16_t)(word >> (left & 4) * 8);
    }
    return different;
}

/* -- any table -- */

/* Words of the vtable in which fields of this table may be. */
ACTI_INLINE uint32_t
acti_deep_words(const acta_field *fields, uint32_t count)
{
    uint32_t size = acti_plain_vtable_size(fields, count);
    return (size + 7) / 8;
}

/* The vtable of the table at `at`, if it is known or can be. */
ACTI_INLINE const acti_deep_vtable *
acti_deep_find(const acta_field *fields, uint32_t count, acti_deep_seen *seen, const acti_deep *d, uint32_t at)
{
    uint32_t words = acti_deep_words(fields, count);
    uint32_t vtable = at - acti_load_uint32(d->bytes + at); /* may wrap around: then it is too large */

    if ((uint64_t)vtable + words * 8u >= d->size) return NULL;
    ACTI_UNROLL
    for (uint32_t k = 0; k < ACTI_DEEP_VTABLES; k++) {
        const acti_deep_vtable *known = &seen->vtables[k];
        uint64_t different = ((at ^ known->low_bits) & known->low_mask) | (vtable & 1);
        ACTI_UNROLL
        for (uint32_t i = 0; i < words; i++)
            different |= (acti_load_uint64(d->bytes + vtable + (size_t)i * 8) ^ known->words[i]) & known->masks[i];
        if (different == 0 && known->reach <= d->size - at) return known;
    }
    return acta_deep_learn(fields, count, seen, d, at, vtable);
}

/* Is it surely the vtable of a table with all its fields? */
ACTI_INLINE bool
acti_deep_is_whole(const acti_deep_head *head, const acti_judge *j, uint32_t vtable)
{
    if ((uint64_t)vtable + head->vtable_size > j->size || (vtable & 1) != 0) return false;
    return acti_deep_differ(head, 4, 4 + head->vtable_size, j->bytes + vtable) == 0;
}

/* -- what fields lead to -- */

ACTI_INLINE bool
acti_deep_is_inside(const acta_field *field)
{
    return field->kind <= ACTA_FIELD_DOUBLE || field->kind == ACTA_FIELD_STRUCT;
}

/* Of a table, besides what vectors in it are. */
ACTI_INLINE uint32_t
acti_deep_work_of(const acta_field *fields, uint32_t count)
{
    uint32_t work = ACTI_DEEP_WORK;

    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++)
        work += acti_deep_is_inside(&fields[i]) ? 0 : ACTI_DEEP_WORK;
    return work;
}

/* All types 1, 2, … of tables: then a look-up is a straight line. Constant, or false. */
ACTI_INLINE bool
acti_deep_has_tables(const acta_union *of)
{
    bool has_tables = of->member_count <= ACTI_DEEP_FIELDS_MAX;

    ACTI_UNROLL
    for (uint32_t i = 0; i < ACTI_DEEP_FIELDS_MAX; i++) {
        if (i >= of->member_count) continue;
        const acta_union_member *member = &of->members[i];
        has_tables = has_tables && member->number == i + 1 && member->table != NULL && member->table->inline_size == 0;
    }
    return __builtin_constant_p(has_tables) && has_tables;
}

ACTI_INLINE bool
acti_deep_variant(const acta_union *of, acti_judge *j, uint32_t type, uint64_t slot, uint32_t depth)
{
    if (!acti_deep_has_tables(of)) return acta_deep_variant(of, j->whole, (uint8_t)type, (uint32_t)slot, depth);
    if (type - 1 >= of->member_count) return false;
    const acta_table *table = of->members[type - 1].table;
    return table->check != NULL && table->check(j->whole, (uint32_t)slot, 1, depth - 1);
}

/* Of a table at `at`: what the field at `place` in it leads to, or of a union what has this type there. */
ACTI_DEEP_INLINE bool
acti_deep_field(const acta_field *field, acti_judge *j, uint64_t at, uint32_t type, uint32_t place, uint32_t depth)
{
    uint64_t target, slot;
    uint32_t count;

    if (field->kind == ACTA_FIELD_UNION || field->kind == ACTA_FIELD_UNION_VECTOR) {
        if (type == 0 && place == 0) return true;
        if (type == 0 || (place == 0 && (field->kind == ACTA_FIELD_UNION_VECTOR || j->bytes[at + type] != 0)))
            return false;
        if (field->kind == ACTA_FIELD_UNION_VECTOR)
            return acta_deep_variants(field->variants, j->whole, (uint32_t)at + type, (uint32_t)at + place, depth);
        return place == 0 || acti_deep_variant(field->variants, j, j->bytes[at + type], at + place, depth);
    }
    if (place == 0) return true;
    if (field->kind == ACTA_FIELD_TABLE)
        return field->table->check != NULL && field->table->check(j->whole, (uint32_t)at + place, 1, depth - 1);
    if (!acti_deep_follow(j, at + place, &target)) return false;
    switch (field->kind) {
    case ACTA_FIELD_STRING:
        return acti_deep_string(j, target);
    case ACTA_FIELD_STRING_VECTOR:
        return acti_deep_strings(j, target);
    case ACTA_FIELD_TABLE_VECTOR:
        return acti_deep_elements(j, target, &slot, &count) && field->table->check != NULL &&
               field->table->check(j->whole, (uint32_t)slot, count, depth - 1);
    case ACTA_FIELD_STRUCT_VECTOR:
        return acti_deep_vector(j, target, field->table->inline_size);
    case ACTA_FIELD_VECTOR:
        return (field->flags & (ACTA_FIELD_NESTED | ACTA_FIELD_FLEX)) == 0 &&
               acti_deep_vector(j, target, acti_plain_size(field->element));
    default:
        return false;
    }
}

/*
 * The table at `at`, to which an offset leads (so four bytes are there, and one more), whose fields may be absent. `fields` are
 * the table's own, and constant; `seen` is the thread's own, of this table.
 */
ACTI_INLINE bool
acta_deep_check_any(
    const acta_field *fields, uint32_t count, acti_deep_seen *seen, acti_deep *d, uint32_t at, uint32_t depth)
{
    const acti_deep_vtable *vtable = acti_deep_find(fields, count, seen, d, at);
    if (vtable == NULL) return false;
    uint16_t places[ACTI_DEEP_FIELDS_MAX], types[ACTI_DEEP_FIELDS_MAX]; /* a table within may forget this vtable */
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        places[i] = vtable->places[2 + fields[i].id];
        types[i] = acti_deep_is_union(&fields[i]) ? vtable->places[1 + fields[i].id] : 0;
    }
    acti_judge j = acti_deep_enter(d);
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++)
        if (!acti_deep_is_inside(&fields[i]) && !acti_deep_field(&fields[i], &j, at, types[i], places[i], depth))
            return false;
    acti_deep_leave(&j);
    return true;
}

/* What a table with all its fields leads to. */
ACTI_INLINE bool
acti_deep_check_targets(
    const acta_field *fields, uint32_t count, const acti_deep_plan *whole, acti_judge *j, uint64_t at, uint32_t depth)
{
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        uint32_t type = acti_deep_is_union(&fields[i]) ? whole->types[i] : 0;
        if (!acti_deep_is_inside(&fields[i]) && !acti_deep_field(&fields[i], j, at, type, whole->offsets[i], depth))
            return false;
    }
    return true;
}

/*
 * Tables to which the offsets at `slot` lead, `number` of them, at most `depth` deep: a loop for those with all their fields, and
 * `any` for others. Tables that lie beside each other mostly share their vtable: it is compared once.
 */
ACTI_INLINE bool
acta_deep_check(const acta_field *fields, uint32_t count, bool (*any)(acti_deep *d, uint32_t at, uint32_t depth),
    acti_deep *d, uint32_t slot, uint32_t number, uint32_t depth)
{
    acti_deep_plan whole;
    acti_deep_head head = { { 0 }, 0, 0 };
    acti_judge j = acti_deep_enter(d);
    uint64_t target, known = UINT64_MAX; /* the place of a vtable of those with all their fields */
    bool is_constant = acti_deep_is_constant(fields, count);

    if (depth == 0 || !acti_deep_work(d, (uint64_t)number * acti_deep_work_of(fields, count))) return false;
    if (is_constant) acti_deep_lay_out_whole(fields, count, &whole, &head);
    for (uint64_t at = slot, end = at + 4 * (uint64_t)number; at != end; at += 4) {
        if (!acti_deep_follow(&j, at, &target)) return false;
        uint32_t vtable = (uint32_t)target - acti_load_uint32(j.bytes + target); /* may wrap around */
        bool is_whole = is_constant && (vtable == known || acti_deep_is_whole(&head, &j, vtable));
        if (!is_whole || target + whole.table_size > j.size) {
            if (!any(d, (uint32_t)target, depth)) return false;
            continue;
        }
        known = vtable;
        if (whole.is_wide && (target & 4) == 0) return false;
        if (!acti_deep_check_targets(fields, count, &whole, &j, target, depth)) return false;
    }
    acti_deep_leave(&j);
    return true;
}

ACTI_INLINE void
acti_deep_open(acti_deep *d, acta_bytes buffer)
{
    d->bytes = buffer.data;
    d->size = (uint32_t)buffer.size;
    d->work_left = 8 * (uint64_t)d->size + 1024;
    d->odd = 0;
}

/* False: not surely anything. The root is behind eight bytes, as acta writes it with its vtable: so there are sixteen before
 * the end of any string's text, also where an offset isn't aligned, which is told at the end. */
ACTI_INLINE bool
acti_deep_begin(acti_deep *d, acta_bytes buffer)
{
    if (buffer.data == NULL || buffer.size - 16 > ACTI_PLAIN_SIZE_MAX - 16) return false;
    acti_deep_open(d, buffer);
    return acti_load_uint32(buffer.data) >= 8;
}

/* Is this surely a sound buffer, of a table with all its fields, as acta writes it? */
ACTI_INLINE bool
acta_deep_verify_whole(const acta_field *fields, uint32_t count, acta_bytes buffer)
{
    acti_deep_plan whole;
    acti_deep_head head = { { 0 }, 0, 0 };
    acti_deep d;

    if (!acti_deep_is_constant(fields, count)) return false;
    acti_deep_lay_out_whole(fields, count, &whole, &head);
    if (buffer.data == NULL || buffer.size - (head.table + whole.table_size) >= ACTI_PLAIN_SIZE_MAX) return false;
    if (acti_deep_differ(&head, 0, head.table + 4, buffer.data) != 0) return false;
    acti_deep_open(&d, buffer);
    acti_judge j = acti_deep_enter(&d);
    return acti_deep_check_targets(fields, count, &whole, &j, head.table, ACTA_BUFFER_DEPTH_MAX) &&
           acti_deep_is_even(d.odd | j.odd);
}

#ifdef __cplusplus
}
#endif
#endif
