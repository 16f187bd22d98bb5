/*
 * Views: a string or bytes that somebody else owns.
 *
 * A view is two words, passed by value. It says nothing about lifetime: the function that gives it out does.
 * Strings are UTF-8 and need no NUL at the end. An absent string has data == NULL; an empty one has not.
 */
#ifndef ACTA_STR_H
#define ACTA_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "acta/status.h"

/* A value of a struct type, in C and in C++20: ACTA_INIT(bank_Withdraw, .amount = 80). */
#ifdef __cplusplus
#define ACTA_INIT(type, ...)                                                                                           \
    type                                                                                                               \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#else
#define ACTA_INIT(type, ...) ((type){ __VA_ARGS__ })
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_str {
    const char *data;
    size_t size; /* bytes */
} acta_str;

typedef struct acta_bytes {
    const uint8_t *data;
    size_t size;
} acta_bytes;

/* printf("%s of " ACTA_FMT, what, ACTA_ARG(name)) */
#define ACTA_FMT    "%.*s"
#define ACTA_ARG(s) (int)(s).size, (s).data != NULL ? (s).data : ""

/* A view of a C string, which must outlive it; of NULL: the absent string. */
static inline acta_str
acta_str_of(const char *text)
{
    acta_str s;
    s.data = text;
    s.size = text != NULL ? strlen(text) : 0;
    return s;
}

static inline acta_str
acta_str_from(const void *data, size_t size)
{
    acta_str s;
    s.data = (const char *)data;
    s.size = size;
    return s;
}

static inline acta_bytes
acta_bytes_from(const void *data, size_t size)
{
    acta_bytes b;
    b.data = (const uint8_t *)data;
    b.size = size;
    return b;
}

/* The bytes of a string, uncopied. */
static inline acta_bytes
acta_str_bytes(acta_str s)
{
    return acta_bytes_from(s.data, s.size);
}

/* The same bytes? Absent and empty are equal here. */
static inline bool
acta_str_equal(acta_str a, acta_str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Bytes of the control character that it begins with, by which a terminal may do anything: 1 of U+0000 to U+001F and U+007F, 2 of
 * U+0080 to U+009F. 0: it begins with none, or is empty. Threads: any. */
static inline size_t
acta_str_control(acta_str s)
{
    const uint8_t *bytes = (const uint8_t *)s.data;

    if (s.size == 0) return 0;
    if (bytes[0] < 0x20 || bytes[0] == 0x7f) return 1;
    return s.size > 1 && bytes[0] == 0xc2 && bytes[1] >= 0x80 && bytes[1] < 0xa0 ? 2 : 0;
}

/* The same of what begins at byte `from` (at most s.size), where a sequence begins. */
ACTA_API bool acta_str_is_utf8_from(acta_str s, size_t from);

/* Are these eight bytes ASCII without NUL? Then none has its highest bit set, neither as it is nor with one taken off. */
static inline bool
acti_is_ascii_word(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return ((word | (word - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080)) == 0;
}

/* Is it valid UTF-8 without NUL? (Overlong forms and surrogates are not.) Most texts are ASCII, which is seen here, eight
 * bytes at a time; the last eight may reach back. */
static inline bool
acta_str_is_utf8(acta_str s)
{
    size_t i = 0;

    while (s.size - i >= 8 && acti_is_ascii_word(s.data + i))
        i += 8;
    if (i == s.size || (i > 0 && s.size - i < 8 && acti_is_ascii_word(s.data + s.size - 8))) return true;
    while (i < s.size && (signed char)s.data[i] > 0)
        i++;
    return i == s.size || acta_str_is_utf8_from(s, i);
}

/* Has one of these eight bytes its highest bit set, or is it a control character? Of bytes from 0x20 to 0x7e none has the highest
 * bit once 0x20 is taken off or 1 is added; what is borrowed or carried comes from a byte that is seen itself. */
static inline bool
acti_is_odd_word(const char *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return ((word | (word - 0x20 * ones) | (word + ones)) & 0x80 * ones) != 0;
}

/* Is it UTF-8 without U+0000 to U+001F and U+007F? Names are, and are looked at eight bytes at a time; the last eight may reach
 * back. Threads: any. */
static inline bool
acti_str_is_name(acta_str s)
{
    size_t i = 0;

    while (s.size - i >= 8 && !acti_is_odd_word(s.data + i))
        i += 8;
    if (i == s.size || (i > 0 && s.size - i < 8 && !acti_is_odd_word(s.data + s.size - 8))) return true;
    for (; i < s.size; i++)
        if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f) return false;
    return acta_str_is_utf8(s);
}

/*
 * How many bytes must be put in, left out or changed to make one of the other (Levenshtein's distance, by the row that
 * Wagner and Fischer keep): for the nearest known word in a message. Above ACTA_STR_DISTANCE_BYTES_MAX bytes of either
 * it is SIZE_MAX. Time is a.size * b.size.
 */
enum { ACTA_STR_DISTANCE_BYTES_MAX = 64 };
ACTA_API size_t acta_str_distance(acta_str a, acta_str b);

/* What stands behind the last `c`; all of it if it has none: "Deposit" of "bank.Deposit". A view of `s`. */
ACTA_API acta_str acta_str_after_last(acta_str s, char c);

/*
 * The known word that was meant, for a message. One is near if at most half of what was asked for would have to change
 * (acta_str_distance), or if it begins with that, of three bytes at least.
 *
 *     acta_nearest nearest = acta_nearest_to(asked);
 *     for (...) acta_nearest_offer(&nearest, known);     true: none before was as near
 *     if (nearest.word.data != NULL) ... "did you mean"
 *
 * word is a view of the one that was offered.
 */
typedef struct acta_nearest {
    acta_str asked, word;
    size_t distance;
} acta_nearest;

ACTA_API acta_nearest acta_nearest_to(acta_str asked);
ACTA_API bool acta_nearest_offer(acta_nearest *nearest, acta_str known);

#ifdef __cplusplus
}
#endif
#endif
