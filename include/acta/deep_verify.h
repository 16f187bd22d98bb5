/*
 * Verifying tables of any fields, and what they lead to, quickly: what acta/plain_verify.h is to tables of numbers and
 * strings at the root of a buffer, this is to all others, and to those within them.
 *
 *     table --> its vtable, which is mostly the one of a table with all its fields, a constant; or one that this thread
 *     |         has judged before for this kind of table. Compared in words, it tells where each field lies and that all
 *     |         of them are inside and aligned
 *     +-> strings, vectors, tables, unions: a straight line for each field, because the fields are a constant here
 *
 * Two vtables of each kind of table are remembered, per thread. All places are counted from the buffer's begin. Only what
 * is certain is answered: whatever is odd makes the whole buffer a case for acta_table_verify, which decides and has the
 * words. So this may be stricter than it, and never laxer. Generated code is the only caller.
 */
#ifndef ACTA_DEEP_VERIFY_H
#define ACTA_DEEP_VERIFY_H

#include <assert.h>
#include <string.h>

#include "acta/plain_verify.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ACTI_DEEP_FIELDS_MAX = ACTA_PLAIN_FIELDS_MAX,      /* of a table that is judged here; actac goes by it */
    ACTI_DEEP_IDS_MAX = ACTI_DEEP_FIELDS_MAX + 2,      /* and their ids are below this */
    ACTI_DEEP_WORDS = (4 + 2 * ACTI_DEEP_IDS_MAX) / 8, /* of such a vtable */
    ACTI_DEEP_VTABLES = 2,
    ACTI_DEEP_WORK = 16, /* of a table, a string besides its bytes, or an element */
    ACTI_DEEP_WORK_MAX = 8 * ACTI_PLAIN_SIZE_MAX + 1024
};
#ifdef __SSE2__
typedef char acti_chars16 __attribute__((vector_size(16)));
#endif
static_assert((4 + 2 * ACTI_DEEP_IDS_MAX) % 8 == 0, "whole words");

/* In each table's code; but a sanitizer makes so much of it that compilers are slow. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ACTI_DEEP_INLINE static __attribute__((noinline, unused))
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ACTI_DEEP_INLINE static __attribute__((noinline, unused))
#endif
#endif
#ifndef ACTI_DEEP_INLINE
#define ACTI_DEEP_INLINE ACTI_INLINE
#endif

/* A buffer that is being judged. */
typedef struct acti_deep {
    const uint8_t *bytes;
    uint32_t size;
    uint32_t work_left; /* parts may overlap: enough for any buffer in which no two do */
    uint32_t unaligned; /* low bits of all offsets to what is aligned to 4: to be asked at the end */
} acti_deep;

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

/* Where the offset at `slot` leads, which is behind it; 0: not surely anywhere. Four bytes are inside there, and one more. */
ACTI_INLINE uint32_t
acti_deep_follow(acti_deep *d, uint32_t slot)
{
    uint32_t offset = acti_load_uint32(d->bytes + slot);
    uint64_t before = (uint64_t)slot + (uint32_t)(offset - 1); /* zero leads far outside */

    d->unaligned |= offset;
    return before < d->size - 5u ? slot + offset : 0;
}

/* A bit for each of sixteen bytes that is above 0: ASCII without NUL. */
ACTI_INLINE uint32_t
acti_deep_ascii_bits(const uint8_t *at)
{
    acti_bytes16 ascii = acti_plain_are_ascii(at);
#ifdef __SSE2__
    return (uint32_t)__builtin_ia32_pmovmskb128((acti_chars16)ascii);
#else
    uint64_t words[2];
    memcpy(words, &ascii, sizeof words);
    /* One bit of each byte, gathered in the uppermost: no two of the sums meet. */
    uint64_t low = ((words[0] & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080)) >> 56;
    uint64_t high = ((words[1] & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080)) >> 56;
    return (uint32_t)(low | high << 8);
#endif
}

/* Are all of them ASCII without NUL? There are more than 16. */
ACTI_INLINE bool
acti_deep_is_ascii(const uint8_t *begin, uint32_t length)
{
    uint32_t bits = acti_deep_ascii_bits(begin + length - 16);

    for (uint32_t i = 0; i + 16 < length; i += 16)
        bits &= acti_deep_ascii_bits(begin + i);
    return bits == 0xffff;
}

/*
 * The string at `at`: sixteen bytes are there before the text's end (acti_deep_begin). A short one is no more work than the
 * offset to it, which its table or vector has counted.
 */
ACTI_INLINE bool
acti_deep_string(acti_deep *d, uint32_t at)
{
    const uint8_t *begin = d->bytes + at + 4;
    uint32_t length = acti_load_uint32(begin - 4);

    if (length > d->size - 5 - at || begin[length] != 0) return false;
    if (length <= 16) {
        uint32_t odd = (acti_deep_ascii_bits(begin + length - 16) ^ 0xffff) >> (16 - length);
        return odd == 0 || acta_str_is_utf8_from(acta_str_from(begin, length), 0);
    }
    d->work_left -= length;
    if (d->work_left > ACTI_DEEP_WORK_MAX) return false;
    return acti_deep_is_ascii(begin, length) || acta_str_is_utf8_from(acta_str_from(begin, length), 0);
}

ACTI_INLINE bool
acti_deep_vector(const acti_deep *d, uint32_t at, uint32_t element_size)
{
    uint64_t count = acti_load_uint32(d->bytes + at);
    return count * element_size <= d->size - 4 - at;
}

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

/* -- a table with all its fields -- */

enum { ACTI_DEEP_HEAD_WORDS = ACTI_DEEP_WORDS + 1 };

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

/* Lays out such a table, and compares its vtable with what acta writes for it: a constant. */
ACTI_INLINE bool
acti_deep_is_whole(const acta_field *fields, uint32_t count, const acti_deep *d, uint32_t at, acti_deep_plan *whole)
{
    uint64_t head[ACTI_DEEP_HEAD_WORDS] = { 0 };
    uint32_t size = acti_plain_vtable_size(fields, count);

    whole->fields = UINT32_MAX;
    acti_deep_lay_out(fields, count, whole);
    head[0] = size | (uint64_t)whole->table_size << 16;
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        uint32_t entry = 4 + 2 * (uint32_t)fields[i].id, type = entry - 2;
        head[entry / 8] |= (uint64_t)whole->offsets[i] << entry % 8 * 8;
        if (acti_deep_is_union(&fields[i])) head[type / 8] |= (uint64_t)whole->types[i] << type % 8 * 8;
    }

    uint32_t vtable = at - acti_load_uint32(d->bytes + at); /* may wrap around: then it is too large */
    if (d->size < size || vtable > d->size - size || whole->table_size > d->size - at) return false;
    const uint8_t *from = d->bytes + vtable;
    uint64_t different = (vtable & 1) | (whole->is_wide ? (at & 7) ^ 4 : 0);
    ACTI_UNROLL
    for (uint32_t i = 0; i < ACTI_DEEP_HEAD_WORDS; i++) {
        uint32_t begin = i * 8, left = begin < size ? size - begin : 0;
        if (left >= 8) different |= acti_load_uint64(from + begin) ^ head[i];
        if (left < 8 && (left & 4) != 0) different |= acti_load_uint32(from + begin) ^ (uint32_t)head[i];
        if (left < 8 && (left & 2) != 0)
            different |= (uint64_t)acti_load_uint16(from + begin + (left & 4)) ^ (uint16_t)(head[i] >> (left & 4) * 8);
    }
    return different == 0;
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

/* The elements of a vector of offsets, which are so much work; false: not all of them are inside, or they are too many. */
ACTI_INLINE bool
acti_deep_enter(acti_deep *d, uint32_t vector, uint32_t *count_out)
{
    uint32_t count = acti_load_uint32(d->bytes + vector);

    *count_out = count;
    if (count > d->work_left / ACTI_DEEP_WORK || !acti_deep_vector(d, vector, 4)) return false;
    d->work_left -= count * ACTI_DEEP_WORK;
    return true;
}

ACTI_INLINE bool
acti_deep_strings(acti_deep *d, uint32_t vector)
{
    uint32_t count;

    if (!acti_deep_enter(d, vector, &count)) return false;
    for (uint32_t slot = vector + 4, end = slot + 4 * count; slot != end; slot += 4) {
        uint32_t target = acti_deep_follow(d, slot);
        if (target == 0 || !acti_deep_string(d, target)) return false;
    }
    return true;
}

ACTI_INLINE bool
acti_deep_tables(const acta_table *item, acti_deep *d, uint32_t vector, uint32_t depth)
{
    uint32_t count;

    if (item->check == NULL || depth <= 1 || !acti_deep_enter(d, vector, &count)) return false;
    for (uint32_t slot = vector + 4, end = slot + 4 * count; slot != end; slot += 4) {
        uint32_t target = acti_deep_follow(d, slot);
        if (target == 0 || !item->check(d, target, depth - 1)) return false;
    }
    return true;
}

ACTI_DEEP_INLINE bool
acti_deep_field(const acta_field *field, acti_deep *d, uint32_t at, uint32_t type, uint32_t place, uint32_t depth)
{
    if (field->kind == ACTA_FIELD_UNION || field->kind == ACTA_FIELD_UNION_VECTOR) {
        if (type == 0 && place == 0) return true;
        if (type == 0 || (place == 0 && (field->kind == ACTA_FIELD_UNION_VECTOR || d->bytes[at + type] != 0)))
            return false;
        if (field->kind == ACTA_FIELD_UNION_VECTOR)
            return acta_deep_variants(field->variants, d, at + type, at + place, depth);
        return place == 0 || acta_deep_variant(field->variants, d, d->bytes[at + type], at + place, depth);
    }
    if (place == 0) return true;
    uint32_t target = acti_deep_follow(d, at + place);
    if (target == 0) return false;
    switch (field->kind) {
    case ACTA_FIELD_STRING:
        return acti_deep_string(d, target);
    case ACTA_FIELD_TABLE:
        return depth > 1 && field->table->check != NULL && field->table->check(d, target, depth - 1);
    case ACTA_FIELD_STRING_VECTOR:
        return acti_deep_strings(d, target);
    case ACTA_FIELD_TABLE_VECTOR:
        return acti_deep_tables(field->table, d, target, depth);
    case ACTA_FIELD_STRUCT_VECTOR:
        return acti_deep_vector(d, target, field->table->inline_size);
    case ACTA_FIELD_VECTOR:
        return (field->flags & (ACTA_FIELD_NESTED | ACTA_FIELD_FLEX)) == 0 &&
               acti_deep_vector(d, target, acti_plain_size(field->element));
    default:
        return false;
    }
}

/*
 * The table at `at`, to which an offset leads (so four bytes are there, and one more), at most `depth` deep: one function for
 * one with all its fields, and one for any. `fields` are the table's own, and constant; `seen` is the thread's own, of
 * this table.
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
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        bool is_inside = fields[i].kind <= ACTA_FIELD_DOUBLE || fields[i].kind == ACTA_FIELD_STRUCT;
        if (!is_inside && !acti_deep_field(&fields[i], d, at, types[i], places[i], depth)) return false;
    }
    return true;
}

/* What a table with all its fields leads to. */
ACTI_INLINE bool
acti_deep_check_targets(
    const acta_field *fields, uint32_t count, const acti_deep_plan *whole, acti_deep *d, uint32_t at, uint32_t depth)
{
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        bool is_inside = fields[i].kind <= ACTA_FIELD_DOUBLE || fields[i].kind == ACTA_FIELD_STRUCT;
        uint32_t type = acti_deep_is_union(&fields[i]) ? whole->types[i] : 0;
        if (!is_inside && !acti_deep_field(&fields[i], d, at, type, whole->offsets[i], depth)) return false;
    }
    return true;
}

/* `any`: what is asked when not all fields are there. */
ACTI_INLINE bool
acta_deep_check(const acta_field *fields, uint32_t count, bool (*any)(acti_deep *d, uint32_t at, uint32_t depth),
    acti_deep *d, uint32_t at, uint32_t depth)
{
    acti_deep_plan whole;

    d->work_left -= ACTI_DEEP_WORK;
    if (d->work_left > ACTI_DEEP_WORK_MAX) return false;
    if (!acti_deep_is_constant(fields, count) || !acti_deep_is_whole(fields, count, d, at, &whole))
        return any(d, at, depth);
    return acti_deep_check_targets(fields, count, &whole, d, at, depth);
}

/* The place of the root; 0: not surely anywhere. It is behind eight bytes, as acta writes it with its vtable: so there are
 * sixteen before the text of any string, also where an offset isn't aligned, which is told at the end. */
ACTI_INLINE uint32_t
acti_deep_begin(acti_deep *d, acta_bytes buffer)
{
    if (buffer.data == NULL || buffer.size - 16 > ACTI_PLAIN_SIZE_MAX - 16) return 0;
    d->bytes = buffer.data;
    d->size = (uint32_t)buffer.size;
    d->work_left = 8 * d->size + 1024; /* at most ACTI_DEEP_WORK_MAX */
    d->unaligned = 0;
    uint32_t root = acti_deep_follow(d, 0);
    return root >= 8 && root % 4 == 0 ? root : 0;
}

/* Is this surely a sound buffer, of a table with all its fields? */
ACTI_INLINE bool
acta_deep_verify_whole(const acta_field *fields, uint32_t count, acta_bytes buffer)
{
    acti_deep_plan whole;
    acti_deep d;
    uint32_t root = acti_deep_is_constant(fields, count) ? acti_deep_begin(&d, buffer) : 0;

    return root != 0 && acti_deep_is_whole(fields, count, &d, root, &whole) &&
           acti_deep_check_targets(fields, count, &whole, &d, root, ACTA_BUFFER_DEPTH_MAX) && d.unaligned % 4 == 0;
}

#ifdef __cplusplus
}
#endif
#endif
