/*
 * Verifying tables of any fields, and what they lead to, quickly: what acta/plain_verify.h is to tables of numbers and
 * strings at the root of a buffer, this is to all others, and to those within them.
 *
 *     table --> its vtable, which is mostly one that this thread has judged before for this kind of table: compared in
 *     |         words, it tells where each field lies and that all of them are inside and aligned
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
ACTA_API bool acta_deep_strings(acti_deep *d, uint32_t vector);
ACTA_API bool acta_deep_tables(const acta_table *item, acti_deep *d, uint32_t vector, uint32_t depth);
ACTA_API bool acta_deep_variant(const acta_union *of, acti_deep *d, uint8_t type, uint32_t slot, uint32_t depth);
ACTA_API bool acta_deep_variants(
    const acta_union *of, acti_deep *d, uint32_t types_slot, uint32_t slot, uint32_t depth);
ACTA_API bool acta_deep_verify(const acta_table *table, acta_bytes buffer);

/* Where the offset at `slot` leads, which is behind it; 0: not surely anywhere. Four bytes are inside there, and one more. */
ACTI_INLINE uint32_t
acti_deep_follow(const acti_deep *d, uint32_t slot)
{
    uint32_t offset = acti_load_uint32(d->bytes + slot);
    uint64_t before = (uint64_t)slot + (uint32_t)(offset - 1); /* zero leads far outside */

    return before < d->size - 5u && offset % 4 == 0 && slot % 4 == 0 ? slot + offset : 0;
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

/* The string at `at`, which has a table before it: sixteen bytes are there before the text's end. */
ACTI_INLINE bool
acti_deep_string(acti_deep *d, uint32_t at)
{
    const uint8_t *begin = d->bytes + at + 4;
    uint32_t length = acti_load_uint32(begin - 4);

    if (length > d->size - 5 - at || begin[length] != 0) return false;
    uint32_t left = d->work_left - length - ACTI_DEEP_WORK; /* below zero: larger than any can be */
    d->work_left = left;
    uint32_t odd = ~acti_deep_ascii_bits(begin + length - 16) & 0xffff;
    odd >>= length < 16 ? 16 - length : 0;
    for (uint32_t i = 0; i + 16 < length; i += 16)
        odd |= ~acti_deep_ascii_bits(begin + i) & 0xffff;
    return left <= ACTI_DEEP_WORK_MAX && (odd == 0 || acta_str_is_utf8_from(acta_str_from(begin, length), 0));
}

ACTI_INLINE bool
acti_deep_vector(const acti_deep *d, uint32_t at, uint32_t element_size)
{
    uint64_t count = acti_load_uint32(d->bytes + at);
    return count * element_size <= d->size - 4 - at;
}

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
        return acta_deep_strings(d, target);
    case ACTA_FIELD_TABLE_VECTOR:
        return acta_deep_tables(field->table, d, target, depth);
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
 * The table at `at`, to which an offset leads (so four bytes are there, and one more), at most `depth` deep. `fields` are the
 * table's own, and constant; `seen` is the thread's own, of this table.
 */
ACTI_INLINE bool
acta_deep_check(
    const acta_field *fields, uint32_t count, acti_deep_seen *seen, acti_deep *d, uint32_t at, uint32_t depth)
{
    d->work_left -= ACTI_DEEP_WORK;
    if (d->work_left > ACTI_DEEP_WORK_MAX) return false;
    const acti_deep_vtable *vtable = acti_deep_find(fields, count, seen, d, at);
    if (vtable == NULL) return false;
    uint16_t places[ACTI_DEEP_FIELDS_MAX], types[ACTI_DEEP_FIELDS_MAX]; /* a table within may forget this vtable */
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        bool is_union = fields[i].kind == ACTA_FIELD_UNION || fields[i].kind == ACTA_FIELD_UNION_VECTOR;
        places[i] = vtable->places[2 + fields[i].id];
        types[i] = is_union ? vtable->places[1 + fields[i].id] : 0;
    }
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        bool is_inside = fields[i].kind <= ACTA_FIELD_DOUBLE || fields[i].kind == ACTA_FIELD_STRUCT;
        if (!is_inside && !acti_deep_field(&fields[i], d, at, types[i], places[i], depth)) return false;
    }
    return true;
}

#ifdef __cplusplus
}
#endif
#endif
