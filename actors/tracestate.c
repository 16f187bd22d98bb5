/*
 * Tracestate: read. https://www.w3.org/TR/trace-context/#tracestate-header
 *
 *     entry  key=value
 *     key    1 to 256 of a-z 0-9 _ - * / @, a letter or digit first: what both levels of the standard allow
 *     value  1 to 256 printable bytes of ASCII but for , and =; the last one is no space
 */
#include <string.h>

#include "acta/traceparent.h"

enum { ENTRIES_MAX = 32, PART_MAX = 256, LONG_ENTRY = 128 };

typedef struct entries {
    acta_str list[ENTRIES_MAX];
    size_t count;
    size_t size; /* of all, with commas between them */
} entries;

static acta_str
trim(acta_str text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = acta_str_from(text.data + 1, text.size - 1);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* -- one entry, without spaces around it -- */

static bool
is_key(acta_str key)
{
    for (size_t i = 0; i < key.size; i++) {
        char c = key.data[i];
        bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_alphanumeric && (i == 0 || c == '\0' || strchr("_-*/@", c) == NULL)) return false;
    }
    return key.size > 0 && key.size <= PART_MAX;
}

static bool
is_value(acta_str value)
{
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] < ' ' || value.data[i] > '~' || value.data[i] == '=') return false;
    return value.size > 0 && value.size <= PART_MAX;
}

static acta_str
key_of(acta_str entry)
{
    const char *sign = memchr(entry.data, '=', entry.size);
    return acta_str_from(entry.data, sign != NULL ? (size_t)(sign - entry.data) : 0);
}

static bool
is_entry(acta_str entry)
{
    acta_str key = key_of(entry);

    return is_key(key) && is_value(acta_str_from(entry.data + key.size + 1, entry.size - key.size - 1));
}

/* -- all of them -- */

static bool
has_key(const entries *all, acta_str key)
{
    for (size_t i = 0; i < all->count; i++)
        if (acta_str_equal(key_of(all->list[i]), key)) return true;
    return false;
}

/* The first of a key is the newest. */
static bool
add(entries *all, acta_str entry, size_t *seen)
{
    if (entry.size == 0) return true;
    if (++*seen > ENTRIES_MAX || !is_entry(entry)) return false;
    if (has_key(all, key_of(entry))) return true;
    all->size += entry.size + (all->count > 0);
    all->list[all->count++] = entry;
    return true;
}

static bool
read_all(acta_str text, entries *all)
{
    size_t seen = 0;

    for (;;) {
        const char *comma = text.size > 0 ? memchr(text.data, ',', text.size) : NULL;
        size_t size = comma != NULL ? (size_t)(comma - text.data) : text.size;
        if (!add(all, trim(acta_str_from(text.data, size)), &seen)) return false;
        if (comma == NULL) return true;
        text = acta_str_from(comma + 1, text.size - size - 1);
    }
}

static void
drop(entries *all, size_t index)
{
    all->size -= all->list[index].size + (all->count > 1);
    all->count--;
    memmove(&all->list[index], &all->list[index + 1], (all->count - index) * sizeof all->list[0]);
}

/* Until it fits: entries of more than so many bytes, from the end. */
static void
shorten(entries *all, size_t size)
{
    for (size_t i = all->count; i-- > 0 && all->size > ACTA_TRACESTATE_MAX;)
        if (all->list[i].size > size) drop(all, i);
}

acta_str
acta_tracestate_read(acta_str text, char *room)
{
    entries all = { .count = 0 };
    char *to = room;

    if (!read_all(text, &all)) return acta_str_of(NULL);
    shorten(&all, LONG_ENTRY);
    shorten(&all, 0);
    for (size_t i = 0; i < all.count; i++) {
        if (i > 0) *to++ = ',';
        memcpy(to, all.list[i].data, all.list[i].size);
        to += all.list[i].size;
    }
    return all.count > 0 ? acta_str_from(room, (size_t)(to - room)) : acta_str_of(NULL);
}
