/*
 * Views: what is too long for the header.
 */
#include "acta/str.h"

/* Bytes that continue the sequence which `lead` begins; -1 if nothing can begin with it. */
static int
continuation_count(uint8_t lead)
{
    if (lead >= 0xc2 && lead <= 0xdf) /* C0 and C1 would be overlong */
        return 1;
    if (lead >= 0xe0 && lead <= 0xef) return 2;
    if (lead >= 0xf0 && lead <= 0xf4) return 3;
    return -1;
}

/* The second byte's range rules out overlong forms, surrogates and numbers beyond 10FFFF. */
static bool
second_byte_fits(uint8_t lead, uint8_t second)
{
    switch (lead) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return (second & 0xc0) == 0x80;
    }
}

bool
acta_str_is_utf8_from(acta_str s, size_t from)
{
    const uint8_t *bytes = (const uint8_t *)s.data;
    size_t i = from;

    while (i < s.size) {
        uint8_t lead = bytes[i];
        if (lead == 0) return false;
        if (lead < 0x80) {
            i++;
            continue;
        }
        int count = continuation_count(lead);
        if (count < 0 || (size_t)count >= s.size - i) return false;
        if (!second_byte_fits(lead, bytes[i + 1])) return false;
        for (int k = 2; k <= count; k++) {
            if ((bytes[i + (size_t)k] & 0xc0) != 0x80) return false;
        }
        i += (size_t)count + 1;
    }
    return true;
}

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t
acta_str_distance(acta_str a, acta_str b)
{
    size_t row[ACTA_STR_DISTANCE_BYTES_MAX + 1];

    if (a.size > ACTA_STR_DISTANCE_BYTES_MAX || b.size > ACTA_STR_DISTANCE_BYTES_MAX) return SIZE_MAX;
    for (size_t j = 0; j <= b.size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t changed = diagonal + (a.data[i - 1] != b.data[j - 1]);
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.size];
}

acta_str
acta_str_after_last(acta_str s, char c)
{
    size_t begin = s.size;

    while (begin > 0 && s.data[begin - 1] != c)
        begin--;
    return begin == 0 ? s : acta_str_from(s.data + begin, s.size - begin);
}

acta_nearest
acta_nearest_to(acta_str asked)
{
    return (acta_nearest){ .asked = asked, .distance = asked.size / 2 + 1 };
}

bool
acta_nearest_offer(acta_nearest *nearest, acta_str known)
{
    enum { BEGINNING_MIN = 3 };
    acta_str asked = nearest->asked;
    bool is_beginning =
        asked.size >= BEGINNING_MIN && known.size >= asked.size && memcmp(known.data, asked.data, asked.size) == 0;

    size_t distance = is_beginning ? 1 : acta_str_distance(asked, known);
    if (distance >= nearest->distance) return false;
    nearest->distance = distance;
    nearest->word = known;
    return true;
}
