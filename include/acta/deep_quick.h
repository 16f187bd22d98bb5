/*
 * Verifying without a call: what most buffers are, which is tables with all their fields, as acta writes them, that lead to
 * ASCII, to numbers, and to tables that lead to no others. actac writes a straight line for such a table (tools/actac/quick.c),
 * with where its fields lie as constants:
 *
 *     T_quick(buffer)              the buffer begins with a constant: the root, the vtable, and the way back to it
 *     T_is_quick(j, slot, seen)    a part of others: its vtable is a constant, or the one before it was that
 *
 * Nothing is called, so no register is saved. False tells nothing: acta/deep_verify.h is asked next, and acta_table_verify last.
 * So this may be stricter, and laxer only in how many offsets may lead to one short text. Generated code is the only caller.
 */
#ifndef ACTA_DEEP_QUICK_H
#define ACTA_DEEP_QUICK_H

#include "acta/deep_verify.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ACTI_QUICK_SHORT_MAX = 255 }; /* bytes of a text that may be one of many */

#define ACTI_QUICK_UNSEEN UINT64_MAX /* no vtable is there */

/* -- what is a constant -- */

/* The i-th word of `size` bytes, or what differs in it; the last word ends with them, and begins in the one before. */
ACTI_INLINE uint64_t
acti_quick_word(const uint8_t *at, const uint64_t *words, uint32_t size, uint32_t i)
{
    uint32_t begin = i * 8;

    if (begin >= size) return 0;
    if (begin + 8 > size) begin = size - 8;
    return acti_load_uint64(at + begin) ^ words[i];
}

/* Are `size` bytes at `at` those? They are even, four at least. */
ACTI_INLINE bool
acti_quick_same(const uint8_t *at, const uint64_t *words, uint32_t size)
{
    static_assert(ACTI_DEEP_HEAD_WORDS == 12, "a line each");
    if (size < 8) {
        uint32_t last = size == 6 ? acti_load_uint16(at + 4) : 0;
        return ((uint64_t)last << 32 | acti_load_uint32(at)) == words[0];
    }
    return (acti_quick_word(at, words, size, 0) | acti_quick_word(at, words, size, 1) |
               acti_quick_word(at, words, size, 2) | acti_quick_word(at, words, size, 3) |
               acti_quick_word(at, words, size, 4) | acti_quick_word(at, words, size, 5) |
               acti_quick_word(at, words, size, 6) | acti_quick_word(at, words, size, 7) |
               acti_quick_word(at, words, size, 8) | acti_quick_word(at, words, size, 9) |
               acti_quick_word(at, words, size, 10) | acti_quick_word(at, words, size, 11)) == 0;
}

/* The buffer begins with `head_size` bytes that are a constant; its table, and what else has a constant place, end at `end`. */
ACTI_INLINE bool
acti_quick_begin(acti_deep *d, acta_bytes buffer, const uint64_t *head, uint32_t head_size, uint32_t end)
{
    if (buffer.data == NULL || buffer.size - end >= ACTI_PLAIN_SIZE_MAX - end) return false;
    if (!acti_quick_same(buffer.data, head, head_size)) return false;
    acti_deep_open(d, buffer);
    return true;
}

/*
 * The table of `size` bytes to which the offset at `slot` leads, whose vtable is a constant. `seen` is where the last one of its
 * kind was.
 */
ACTI_INLINE bool
acti_quick_table(acti_judge *j, uint64_t slot, const uint64_t *vtable, uint32_t vtable_size, uint32_t size,
    bool is_wide, uint64_t *seen, uint64_t *at_out)
{
    uint32_t offset = acti_load_uint32(j->bytes + slot);
    uint64_t at = slot + offset;

    j->odd |= offset - 4; /* as acti_deep_follow */
    if (at + size - 5 > j->last || (is_wide && (at & 4) == 0)) return false;
    uint32_t place = (uint32_t)at - acti_load_uint32(j->bytes + at); /* may wrap around: then it is too large */
    *at_out = at;
    if (place == *seen) return true;
    if (place % 2 != 0 || place + (uint64_t)vtable_size > j->last + 5) return false;
    if (!acti_quick_same(j->bytes + place, vtable, vtable_size)) return false;
    *seen = place;
    return true;
}

/* -- what fields lead to -- */

/* The string at `at`, where five bytes are inside: is it ASCII without NUL, and a NUL behind it, and not longer than that? */
ACTI_INLINE bool
acti_quick_is_ascii(const acti_judge *j, uint64_t at, uint64_t length_max)
{
    uint64_t length = acti_load_uint32(j->bytes + at), end = at + length;

    if (end > j->last) return false;
    uint32_t bits = acti_deep_last_bits(j->bytes + end - 11); /* of fifteen, and their NUL */
    if (__builtin_expect(length < 16, 1)) return bits >= acti_deep_wanted[length];
    bits &= acti_deep_ascii_bits(j->bytes + at + 4);
    if (length < 32) return bits == 0xffff;
    if (length > length_max) return false;
    const uint8_t *text = j->bytes + at + 4, *last = text + length - 15;
    while ((text += 16) < last)
        bits &= acti_deep_ascii_bits(text);
    return bits == 0xffff;
}

/* Of any length: to be asked as often as a constant says. */
ACTI_INLINE bool
acti_quick_text(acti_judge *j, uint64_t slot)
{
    uint64_t at;

    return acti_deep_follow(j, slot, &at) && acti_quick_is_ascii(j, at, UINT32_MAX);
}

/* One of many, which may all lead to the same: no more work than a few offsets. */
ACTI_INLINE bool
acti_quick_short(acti_judge *j, uint64_t slot)
{
    uint64_t at;

    return acti_deep_follow(j, slot, &at) && acti_quick_is_ascii(j, at, ACTI_QUICK_SHORT_MAX);
}

ACTI_INLINE bool
acti_quick_numbers(acti_judge *j, uint64_t slot, uint32_t size)
{
    uint64_t at;

    return acti_deep_follow(j, slot, &at) && acti_deep_vector(j, at, size);
}

/* From `slot_out` to `end_out` stand the offsets of a vector at `at`, of which each is so much work. */
ACTI_INLINE bool
acti_quick_elements(acti_judge *j, uint64_t at, uint32_t work, uint64_t *slot_out, uint64_t *end_out)
{
    uint32_t count;

    if (!acti_deep_elements(j, at, slot_out, &count)) return false;
    *end_out = *slot_out + (uint64_t)count * 4;
    return acti_deep_work(j->whole, (uint64_t)count * work);
}

ACTI_INLINE bool
acti_quick_slots(acti_judge *j, uint64_t slot, uint32_t work, uint64_t *slot_out, uint64_t *end_out)
{
    uint64_t at;

    return acti_deep_follow(j, slot, &at) && acti_quick_elements(j, at, work, slot_out, end_out);
}

/* `work` of each; 0, when it is the only vector of many and so can't be too much. */
ACTI_INLINE bool
acti_quick_texts_at(acti_judge *j, uint64_t at, uint32_t work)
{
    uint64_t slot, end;

    if (!acti_quick_elements(j, at, work, &slot, &end)) return false;
    for (; slot != end; slot += 4) {
        uint32_t offset = acti_load_uint32(j->bytes + slot); /* zero may lead to an empty one: acti_deep_strings */
        j->odd |= offset;
        if (slot + offset > j->last || !acti_quick_is_ascii(j, slot + offset, ACTI_QUICK_SHORT_MAX)) return false;
    }
    return true;
}

ACTI_INLINE bool
acti_quick_texts(acti_judge *j, uint64_t slot, uint32_t work)
{
    uint64_t at;

    return acti_deep_follow(j, slot, &at) && acti_quick_texts_at(j, at, work);
}

/* What the first offset of a root leads to is written right behind the table: its place, too, is a constant, inside. */
ACTI_INLINE bool
acti_quick_leads_to(const acti_judge *j, uint32_t slot, uint32_t at)
{
    return acti_load_uint32(j->bytes + slot) == at - slot;
}

ACTI_INLINE bool
acti_quick_first_text(const acti_judge *j, uint32_t slot, uint32_t at)
{
    return acti_quick_leads_to(j, slot, at) && acti_quick_is_ascii(j, at, UINT32_MAX);
}

ACTI_INLINE bool
acti_quick_first_texts(acti_judge *j, uint32_t slot, uint32_t at, uint32_t work)
{
    return acti_quick_leads_to(j, slot, at) && acti_quick_texts_at(j, at, work);
}

/* Four of them, or fewer: 0 is none. */
ACTI_INLINE bool
acti_quick_text4(acti_judge *j, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    return acti_quick_text(j, a) && acti_quick_text(j, b) && (c == 0 || acti_quick_text(j, c)) &&
           (d == 0 || acti_quick_text(j, d));
}

/* -- a table -- */

/* T_quick; of which T_leads_well follows, as a body: is what the table leads to sound? */
#define ACTI_QUICK(T, head_size, end, ...)                                                                             \
    ACTI_INLINE bool T##_leads_well(acti_judge *j);                                                                    \
    ACTI_QUICK_BEGIN(T, head_size, end, T##_leads_well(&j), __VA_ARGS__)                                               \
    ACTI_INLINE bool T##_leads_well(acti_judge *j)

/* The same of one that leads nowhere. */
#define ACTI_QUICK_FLAT(T, head_size, end, ...)                                                                        \
    ACTI_QUICK_BEGIN(T, head_size, end, true, __VA_ARGS__)                                                             \
    static_assert(end > head_size, #T)

#define ACTI_QUICK_BEGIN(T, head_size, end, leads_well, ...)                                                           \
    ACTI_INLINE bool T##_quick(acta_bytes buffer)                                                                      \
    {                                                                                                                  \
        static const uint64_t head[ACTI_DEEP_HEAD_WORDS] = { __VA_ARGS__ };                                            \
        acti_deep d;                                                                                                   \
        if (!acti_quick_begin(&d, buffer, head, head_size, end)) return false;                                         \
        acti_judge j = acti_deep_enter(&d);                                                                            \
        return leads_well && acti_deep_is_even(j.odd);                                                                 \
    }

/* T_is_quick, of a table of `size` bytes; what follows is the same of what a table at `at` leads to. */
#define ACTI_QUICK_PART(T, vtable_size, size, is_wide, ...)                                                            \
    ACTI_INLINE bool T##_part_leads_well(acti_judge *j, uint64_t at);                                                  \
    ACTI_DEEP_INLINE bool T##_is_quick(acti_judge *j, uint64_t slot, uint64_t *seen)                                   \
    {                                                                                                                  \
        static const uint64_t vtable[ACTI_DEEP_HEAD_WORDS] = { __VA_ARGS__ };                                          \
        uint64_t at;                                                                                                   \
        return acti_quick_table(j, slot, vtable, vtable_size, size, is_wide, seen, &at) && T##_part_leads_well(j, at); \
    }                                                                                                                  \
    ACTI_INLINE bool T##_part_leads_well(acti_judge *j, uint64_t at)

/* In it: each table of a vector, of which each is so much work. */
#define ACTI_QUICK_EACH(T, place, work)                                                                                \
    do {                                                                                                               \
        uint64_t slot, end;                                                                                            \
        if (!acti_quick_slots(j, place, work, &slot, &end)) return false;                                              \
        for (; slot != end; slot += 4)                                                                                 \
            if (!T##_is_quick(j, slot, &T##_seen)) return false;                                                       \
    } while (0)

#ifdef __cplusplus
}
#endif
#endif
