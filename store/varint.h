/*
 * Varint: a number in as few bytes as it needs, seven bits each, the lowest first; all but the last have the top bit set.
 */
#ifndef ACTI_VARINT_H
#define ACTI_VARINT_H

#include <stdbool.h>
#include <stdint.h>

enum { ACTI_VARINT_MAX = 10 };

static inline uint8_t *
acti_put_varint(uint8_t *to, uint64_t value)
{
    while (value >= 0x80) {
        *to++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *to++ = (uint8_t)value;
    return to;
}

/* The number at `*at`, which moves behind it. False: it has no end before `end`, or is none. */
static inline bool
acti_get_varint(const uint8_t **at, const uint8_t *end, uint64_t *value_out)
{
    const uint8_t *next = *at;
    uint64_t value = 0;

    for (int shift = 0; next < end && shift < 64; shift += 7) {
        uint8_t byte = *next++;
        if (shift == 63 && byte > 1) return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *at = next;
            *value_out = value;
            return true;
        }
    }
    return false;
}

#endif
