/*
 * The parts of a buffer that is being judged, for acta/deep_verify.h: following an offset, strings, vectors. All places are
 * counted from the buffer's begin, in 64 bits: no sum of two of its numbers wraps around.
 */
#ifndef ACTA_DEEP_JUDGE_H
#define ACTA_DEEP_JUDGE_H

#include "acta/plain_verify.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ACTI_DEEP_WORK = 16, /* of a table, and of each thing that it, or a vector, leads to */
    ACTI_DEEP_SHORT = 32 /* bytes of a string that is no more work than the offset to it; below */
};
#ifdef __SSE2__
typedef char acti_chars16 __attribute__((vector_size(16)));
#endif
typedef uint8_t acti_ubytes16 __attribute__((vector_size(16)));

/* A buffer that is being judged. */
typedef struct acti_deep {
    const uint8_t *bytes;
    uint32_t size;
    uint64_t work_left; /* parts may overlap: enough for any buffer in which no two do */
    uint32_t odd;       /* of all offsets: see acti_deep_follow; to be asked at the end */
} acti_deep;

/* The same, in the registers of one function, which gives `odd` back with acti_deep_leave. */
typedef struct acti_judge {
    const uint8_t *bytes;
    uint64_t size;
    uint64_t last; /* where four bytes are inside, and one more; so a string may end there but for these */
    uint32_t odd;
    acti_deep *whole;
} acti_judge;

ACTI_INLINE acti_judge
acti_deep_enter(acti_deep *d)
{
    acti_judge j;

    j.bytes = d->bytes;
    j.size = d->size;
    j.last = j.size - 5;
    j.odd = 0;
    j.whole = d;
    return j;
}

ACTI_INLINE void
acti_deep_leave(const acti_judge *j)
{
    j->whole->odd |= j->odd;
}

/* False: it is more than is left. */
ACTI_INLINE bool
acti_deep_work(acti_deep *d, uint64_t work)
{
    if (work > d->work_left) return false;
    d->work_left -= work;
    return true;
}

/*
 * Where the offset at `slot` leads, which is not before it; false: not inside. Four bytes are inside there, and one more. That
 * the offset is zero, or leads to where nothing is aligned to 4, sets a bit that acti_deep_is_even wants at the end: until
 * then what is read is inside all the same.
 */
ACTI_INLINE bool
acti_deep_follow(acti_judge *j, uint64_t slot, uint64_t *target_out)
{
    uint32_t offset = acti_load_uint32(j->bytes + slot);

    j->odd |= offset - 4;
    *target_out = slot + offset;
    return slot + offset <= j->last;
}

ACTI_INLINE bool
acti_deep_is_even(uint32_t odd)
{
    return (odd & 0x80000003) == 0;
}

/* -- strings -- */

/* A bit for each of sixteen bytes that is above 0, ASCII without NUL, and for the last one, if it is the NUL: it becomes the
 * only number above 0x7e when 0x7f is added to it. */
ACTI_INLINE uint32_t
acti_deep_bits(const uint8_t *at, int8_t plus, int8_t above)
{
    const acti_bytes16 add = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, plus };
    const acti_bytes16 than = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, above };
    acti_bytes16 text;

    memcpy(&text, at, sizeof text);
    text = (acti_bytes16)((acti_ubytes16)text + (acti_ubytes16)add) > than;
#ifdef __SSE2__
    return (uint32_t)__builtin_ia32_pmovmskb128((acti_chars16)text);
#else
    uint64_t words[2];
    memcpy(words, &text, sizeof words);
    /* One bit of each byte, gathered in the uppermost: no two of the sums meet. */
    uint64_t low = ((words[0] & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080)) >> 56;
    uint64_t high = ((words[1] & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080)) >> 56;
    return (uint32_t)(low | high << 8);
#endif
}

ACTI_INLINE uint32_t
acti_deep_ascii_bits(const uint8_t *at)
{
    return acti_deep_bits(at, 0, 0);
}

ACTI_INLINE uint32_t
acti_deep_last_bits(const uint8_t *at)
{
    return acti_deep_bits(at, 0x7f, 0x7e);
}

/* By the length of a text: the bits of it and of its NUL, as the uppermost of sixteen. Other bits of a number that has them
 * all only make it larger, and a number without one of them is smaller. */
static const uint32_t acti_deep_wanted[16] = { 0x8000, 0xc000, 0xe000, 0xf000, 0xf800, 0xfc00, 0xfe00, 0xff00, 0xff80,
    0xffc0, 0xffe0, 0xfff0, 0xfff8, 0xfffc, 0xfffe, 0xffff };

/* Is the string, whose length stands there, UTF-8 without NUL, and a NUL behind it? schema/deep.c */
ACTA_API bool acta_deep_is_text(const uint8_t *string);

/* The string at `at`, where five bytes are inside: sixteen are there before the text's end (acti_deep_begin). */
ACTI_INLINE bool
acti_deep_string(acti_judge *j, uint64_t at)
{
    uint64_t length = acti_load_uint32(j->bytes + at), end = at + length;

    if (end > j->last) return false;
    const uint8_t *last = j->bytes + end - 11;
    if (__builtin_expect(length < 16, 1))
        return acti_deep_last_bits(last) >= acti_deep_wanted[length] || acta_deep_is_text(j->bytes + at);
    if (length >= ACTI_DEEP_SHORT && !acti_deep_work(j->whole, length)) return false;
    if (length < ACTI_DEEP_SHORT && (acti_deep_last_bits(last) & acti_deep_ascii_bits(j->bytes + at + 4)) == 0xffff)
        return true;
    return acta_deep_is_text(j->bytes + at);
}

/* Are so many elements inside? */
ACTI_INLINE bool
acti_deep_vector(const acti_judge *j, uint64_t at, uint64_t element_size)
{
    uint64_t count = acti_load_uint32(j->bytes + at);
    return at + count * element_size - 1 <= j->last;
}

/* The elements of a vector of offsets; false: not all of them are inside. */
ACTI_INLINE bool
acti_deep_elements(const acti_judge *j, uint64_t at, uint64_t *slot_out, uint32_t *count_out)
{
    *slot_out = at + 4;
    *count_out = acti_load_uint32(j->bytes + at);
    return acti_deep_vector(j, at, 4);
}

ACTI_INLINE bool
acti_deep_strings(acti_judge *j, uint64_t at)
{
    uint64_t slot;
    uint32_t count;

    if (!acti_deep_elements(j, at, &slot, &count)) return false;
    if (!acti_deep_work(j->whole, (uint64_t)count * ACTI_DEEP_WORK)) return false;
    for (uint64_t end = slot + 4 * (uint64_t)count; slot != end; slot += 4) {
        uint32_t offset =
            acti_load_uint32(j->bytes + slot); /* zero may lead to an empty one, as the official verifier has it */
        j->odd |= offset;
        if (slot + offset > j->last || !acti_deep_string(j, slot + offset)) return false;
    }
    return true;
}

#ifdef __cplusplus
}
#endif
#endif
