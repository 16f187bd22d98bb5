/*
 * Verifying plain tables (acta/plain.h) of which some fields are absent, without a loop over their fields; those with all of
 * them are any table's case (acta/deep_verify.h). Two ways, the quicker one first:
 *
 *     it begins as the last  [root | vtable | table's first four bytes] are what a buffer of this table began with that
 *     one did                this thread has found to be sound: then so is this one
 *     any others             the vtable, eight places at a time as one vector, against what is a constant but for the
 *                            table's size and place
 *
 * and then the strings, sixteen bytes at a time. Only what is certain is answered here: anything else, sound or not, goes to
 * acta_table_verify, which decides and has the words. So this may be stricter than it, and never laxer.
 *
 * The vectors are those of GCC and Clang, which every machine of theirs has, at least as pairs of words.
 */
#ifndef ACTA_PLAIN_VERIFY_H
#define ACTA_PLAIN_VERIFY_H

#include <string.h>

#include "acta/plain.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int8_t acti_bytes16 __attribute__((vector_size(16)));
typedef int16_t acti_places8 __attribute__((vector_size(16)));

/* What is known of a table before its strings are looked at. All places are counted from the buffer's begin. */
typedef struct acti_plain_place {
    const uint8_t *bytes, *vtable;
    uint32_t size, table, table_size, vtable_size;
} acti_plain_place;

/* -- strings -- */

/* Sums up what must not be in a table's strings. */
typedef struct acti_plain_texts {
    acti_bytes16 ascii; /* all bits, as long as all was ASCII without NUL */
    uint32_t unaligned; /* low bits of their places */
} acti_plain_texts;

/* Are they above 0? All bits of each that is. */
ACTI_INLINE acti_bytes16
acti_plain_are_ascii(const uint8_t *at)
{
    const acti_bytes16 zero = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    acti_bytes16 text;

    memcpy(&text, at, sizeof text);
    return text > zero;
}

/* All bits of those of 16 bytes that are before the last `size`. */
ACTI_INLINE acti_bytes16
acti_plain_before(uint32_t size)
{
    static const int8_t rows[32] = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 };
    acti_bytes16 before;

    memcpy(&before, rows + (size < 16 ? size : 16), sizeof before);
    return before;
}

/* The string that the offset at `at` leads to; it must lie behind its table. */
ACTI_INLINE bool
acti_plain_string(const acti_plain_place *p, uint32_t at, acti_plain_texts *sum)
{
    uint32_t behind = (p->table + p->table_size + 3) & ~3u, room = p->size - 5 - behind;
    uint32_t place = at + acti_load_uint32(p->bytes + at) - behind; /* may wrap around: then it is too large */

    if (p->size < behind + 5 || place > room) return false;
    const uint8_t *begin = p->bytes + behind + place + 4;
    uint32_t length = acti_load_uint32(begin - 4);
    if (length > room - place || begin[length] != 0) return false;
    for (uint32_t i = 0; i + 16 < length; i += 16)
        sum->ascii &= acti_plain_are_ascii(begin + i);
    /* The last 16, which may begin before the text, but inside the buffer: a table is before any string of it. */
    sum->ascii &= acti_plain_are_ascii(begin + length - 16) | acti_plain_before(length);
    sum->unaligned |= place;
    return true;
}

/* Where a field lies in its table; 0: it is absent. */
ACTI_INLINE uint32_t
acti_plain_offset(const acti_plain_place *p, const acta_field *field)
{
    uint32_t entry = 4 + 2 * (uint32_t)field->id;
    return entry < p->vtable_size ? acti_load_uint16(p->vtable + entry) : 0;
}

/* All of them, of which some may not be ASCII. */
ACTI_INLINE bool
acti_plain_are_utf8(const acta_field *fields, uint32_t count, const acti_plain_place *p)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t offset = fields[i].kind == ACTA_FIELD_STRING ? acti_plain_offset(p, &fields[i]) : 0;
        if (offset == 0) continue;
        const uint8_t *at = p->bytes + p->table + offset;
        at += acti_load_uint32(at);
        if (!acta_str_is_utf8_from(acta_str_from(at + 4, acti_load_uint32(at)), 0)) return false;
    }
    return true;
}

/* The places are known to be good. */
ACTI_INLINE bool
acti_plain_strings(const acta_field *fields, uint32_t count, const acti_plain_place *p)
{
    acti_plain_texts sum = { { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 }, 0 };

    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        if (fields[i].kind != ACTA_FIELD_STRING) continue;
        uint32_t offset = acti_plain_offset(p, &fields[i]);
        if (offset == 0 ? (fields[i].flags & ACTA_FIELD_REQUIRED) != 0 : !acti_plain_string(p, p->table + offset, &sum))
            return false;
    }
    uint64_t words[2];
    memcpy(words, &sum.ascii, sizeof words);
    if (sum.unaligned % 4 != 0) return false;
    return (words[0] & words[1]) == UINT64_MAX || acti_plain_are_utf8(fields, count, p);
}

ACTI_INLINE uint32_t
acti_plain_vtable_size(const acta_field *fields, uint32_t count) /* with all fields */
{
    uint32_t size = 4;

    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++)
        if (size < 6 + 2 * (uint32_t)fields[i].id) size = 6 + 2 * (uint32_t)fields[i].id;
    return size;
}

/* -- any other table -- */

enum { ACTI_PLAIN_TOO_FAR = 0xc000 }; /* bits of a place, or of a size, that is judged elsewhere */

/* True: surely a table. It goes by the size of the table that the vtable tells, which a buffer need not keep to. */
ACTI_INLINE bool
acti_plain_place_of(acta_bytes buffer, acti_plain_place *p)
{
    p->bytes = buffer.data;
    p->size = (uint32_t)buffer.size;
    if (p->bytes == NULL || buffer.size < 16 || buffer.size > ACTI_PLAIN_SIZE_MAX) return false;
    p->table = acti_load_uint32(p->bytes);
    if (p->table - 4 > p->size - 9) return false;
    uint32_t vtable = p->table - acti_load_uint32(p->bytes + p->table); /* may wrap around: then it is too large */
    if (vtable > p->size - 5) return false;
    p->vtable = p->bytes + vtable;
    p->vtable_size = acti_load_uint16(p->vtable);
    p->table_size = acti_load_uint16(p->vtable + 2);
    return p->table % 4 == 0 && (vtable | p->vtable_size) % 2 == 0 && p->vtable_size <= p->size - vtable &&
           p->table_size <= p->size - p->table;
}

enum { ACTI_PLAIN_PLACES_MAX = 2 * ACTA_PLAIN_FIELDS_MAX }; /* of a vtable that is judged here */

/* What is wanted of the fields' places, by their ids. */
typedef struct acti_plain_wanted {
    int16_t entries[ACTI_PLAIN_PLACES_MAX]; /* where the places are in the vtable */
    int16_t widths[ACTI_PLAIN_PLACES_MAX];
    int16_t
        zeros[ACTI_PLAIN_PLACES_MAX];    /* bits that mustn't be set: low ones, and those of a place too far for this */
    int16_t wide[ACTI_PLAIN_PLACES_MAX]; /* all bits of those of eight bytes */
} acti_plain_wanted;

ACTI_INLINE void
acti_plain_want(const acta_field *fields, uint32_t count, acti_plain_wanted *w)
{
    memset(w, 0, sizeof *w);
    ACTI_UNROLL
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id = fields[i].id, width = acti_plain_size(fields[i].kind);
        if (id >= ACTI_PLAIN_PLACES_MAX) continue;
        w->entries[id] = (int16_t)(4 + 2 * id);
        w->widths[id] = (int16_t)width;
        w->zeros[id] = (int16_t)(ACTI_PLAIN_TOO_FAR | (width - 1));
        w->wide[id] = width == 8 ? -1 : 0;
    }
}

ACTI_INLINE acti_places8
acti_plain_eight(const int16_t *numbers)
{
    acti_places8 eight;

    memcpy(&eight, numbers, sizeof eight);
    return eight;
}

ACTI_INLINE acti_places8
acti_plain_all(uint32_t number)
{
    int16_t n = (int16_t)number;
    acti_places8 all = { n, n, n, n, n, n, n, n };
    return all;
}

/*
 * No field ends behind the table, and each is aligned: the place of one of eight bytes has the low bits of the table's. The
 * vtable is read up to where its last eight fields may end. Numbers are below 2^14 where they are compared: the quick
 * comparison is that of signed ones.
 */
ACTI_INLINE bool
acti_plain_is_sound(const acta_field *fields, uint32_t count, const acti_plain_place *p)
{
    uint32_t last = acti_plain_vtable_size(fields, count) / 2 - 3, begin = (uint32_t)(p->vtable - p->bytes) + 4;
    acti_places8 none = acti_plain_all(0), odd = none, size = acti_plain_all(p->table_size);
    acti_places8 table = acti_plain_all(p->table & 4), known = acti_plain_all(p->vtable_size);

    acti_plain_wanted want;

    if (last >= ACTI_PLAIN_PLACES_MAX || begin + (last / 8 + 1) * 16 > p->size) return false;
    if (((p->vtable_size | p->table_size) & (uint32_t)ACTI_PLAIN_TOO_FAR) != 0) return false;
    acti_plain_want(fields, count, &want);
    ACTI_UNROLL
    for (uint32_t i = 0; i <= last; i += 8) {
        acti_places8 places;
        memcpy(&places, p->vtable + 4 + (size_t)i * 2, sizeof places);
        places &= known > acti_plain_eight(want.entries + i);
        acti_places8 unaligned = places ^ (table & acti_plain_eight(want.wide + i));
        acti_places8 outside = places > size - acti_plain_eight(want.widths + i);
        odd |= ((unaligned & acti_plain_eight(want.zeros + i)) | outside) & ~(places == none);
    }
    uint64_t words[2];
    memcpy(words, &odd, sizeof words);
    return (words[0] | words[1]) == 0;
}

/* -- a table that begins as one before it -- */

/*
 * How the last table of a type began, of those that were judged by their vtable: of buffers with the same fields all is the
 * same up to the table's own first four bytes, as long as the vtable is before the table. One for each thread and table.
 */
enum { ACTI_PLAIN_HEAD_WORDS = 12 };
typedef struct acti_plain_seen {
    uint32_t reach; /* where that table ended */
    uint32_t table, table_size, vtable, vtable_size;
    uint64_t last; /* the eight bytes that end with those four */
    uint64_t words[ACTI_PLAIN_HEAD_WORDS];
} acti_plain_seen;

/* None yet: no buffer reaches there. */
#define ACTI_PLAIN_UNSEEN                                                                                              \
    {                                                                                                                  \
        UINT32_MAX, 0, 0, 0, 0, 0,                                                                                     \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

ACTI_INLINE bool
acti_plain_is_seen(const acti_plain_seen *seen, acta_bytes buffer, acti_plain_place *p)
{
    if (buffer.size - seen->reach >= ACTI_PLAIN_SIZE_MAX || buffer.data == NULL) return false;
    size_t end = (size_t)seen->table - 4;
    if (acti_load_uint64(buffer.data + end) != seen->last) return false;
    for (size_t at = 0; at < end; at += 8)
        if (acti_load_uint64(buffer.data + at) != acti_load_uint64((const uint8_t *)seen->words + at)) return false;
    p->bytes = buffer.data;
    p->vtable = buffer.data + seen->vtable;
    p->size = (uint32_t)buffer.size;
    p->table = seen->table;
    p->table_size = seen->table_size;
    p->vtable_size = seen->vtable_size;
    return true;
}

ACTI_INLINE void
acti_plain_see(acti_plain_seen *seen, const acti_plain_place *p)
{
    uint32_t vtable = (uint32_t)(p->vtable - p->bytes);

    if (vtable + p->vtable_size > p->table || p->table_size < 4 || p->table > sizeof seen->words) return;
    memcpy(seen->words, p->bytes, p->table);
    seen->last = acti_load_uint64(p->bytes + p->table - 4);
    seen->reach = p->table + p->table_size;
    seen->table = p->table;
    seen->table_size = p->table_size;
    seen->vtable = vtable;
    seen->vtable_size = p->vtable_size;
}

/* -- both -- */

/*
 * One function for each way, so that a quick one has nothing to save for the others. `fields` are the table's own, and
 * constant; `seen` is the thread's own, of this table. False: not surely sound, so the next one is to be asked.
 */
ACTI_INLINE bool
acta_plain_verify_seen(const acta_field *fields, uint32_t count, const acti_plain_seen *seen, acta_bytes buffer)
{
    acti_plain_place p;

    return acti_plain_is_seen(seen, buffer, &p) && acti_plain_strings(fields, count, &p);
}

ACTI_INLINE bool
acta_plain_verify_any(const acta_field *fields, uint32_t count, acti_plain_seen *seen, acta_bytes buffer)
{
    acti_plain_place p;

    if (!acti_plain_place_of(buffer, &p) || !acti_plain_is_sound(fields, count, &p)) return false;
    acti_plain_see(seen, &p);
    return acti_plain_strings(fields, count, &p);
}

#ifdef __cplusplus
}
#endif
#endif
