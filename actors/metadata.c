/*
 * Metadata: lines "name:value\n". A name has no colon and a value no line's end, so nothing is ever escaped.
 */
#include "metadata.h"

#include <inttypes.h>
#include <string.h>

/* -- reading -- */

bool
acta_metadata_next(acta_bytes *metadata, acta_metadata_entry *entry_out)
{
    const char *at = (const char *)metadata->data;
    const char *end = metadata->size > 0 ? memchr(at, '\n', metadata->size) : NULL;
    const char *colon = end != NULL ? memchr(at, ':', (size_t)(end - at)) : NULL;
    if (colon == NULL) return false;

    entry_out->name = acta_str_from(at, (size_t)(colon - at));
    entry_out->value = acta_str_from(colon + 1, (size_t)(end - colon - 1));
    size_t size = (size_t)(end + 1 - at);
    *metadata = acta_bytes_from(metadata->data + size, metadata->size - size);
    return true;
}

acta_str
acta_metadata_find(acta_bytes metadata, acta_str name)
{
    acta_metadata_entry entry;

    while (acta_metadata_next(&metadata, &entry))
        if (acta_str_equal(entry.name, name)) return entry.value;
    return (acta_str){ .data = NULL };
}

/* -- what an entry must be -- */

static bool
is_name(acta_str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && c != '_' && c != '.' && c != '-') return false;
    }
    return name.size > 0 && name.size <= ACTA_METADATA_NAME_MAX;
}

static bool
is_value(acta_str value)
{
    for (size_t i = 0; i < value.size; i++)
        if ((unsigned char)value.data[i] < ' ' || value.data[i] == 0x7f) return false;
    return value.size <= ACTA_METADATA_MAX && acta_str_is_utf8(value);
}

acta_status
acti_metadata_check(const acta_metadata_entry *entries, uint32_t count, acta_error *error)
{
    size_t size = 0;

    for (uint32_t i = 0; i < count; i++) {
        const acta_metadata_entry *entry = &entries[i];
        if (!is_name(entry->name))
            return acta_error_set(error, ACTA_INVALID,
                "name %" PRIu32
                " of the metadata has %zu bytes, or others than letters, digits and _.-; at most %d are "
                "allowed",
                i + 1, entry->name.size, ACTA_METADATA_NAME_MAX);
        if (!is_value(entry->value))
            return acta_error_set(error, ACTA_INVALID,
                "'" ACTA_FMT "' of the metadata is no UTF-8 without control characters, or larger than %d bytes",
                ACTA_ARG(entry->name), ACTA_METADATA_MAX);
        for (uint32_t k = 0; k < i; k++)
            if (acta_str_equal(entries[k].name, entry->name))
                return acta_error_set(
                    error, ACTA_INVALID, "'" ACTA_FMT "' stands twice in the metadata", ACTA_ARG(entry->name));
        size += acti_metadata_line_size(entry);
    }
    if (size > ACTA_METADATA_MAX)
        return acta_error_set(
            error, ACTA_INVALID, "the metadata have %zu bytes, at most %d are allowed", size, ACTA_METADATA_MAX);
    return ACTA_OK;
}

/* -- writing -- */

size_t
acti_metadata_line_size(const acta_metadata_entry *entry)
{
    return entry->name.size + 1 + entry->value.size + 1;
}

static bool
has_own(const acti_metadata_lists *lists, int index)
{
    return lists->own[index].value.data != NULL;
}

static bool
is_own(const acti_metadata_lists *lists, acta_str name)
{
    for (int i = 0; i < ACTI_OWN_COUNT; i++)
        if (has_own(lists, i) && acta_str_equal(lists->own[i].name, name)) return true;
    return false;
}

/* An entry of the second list. */
static bool
is_hidden(const acti_metadata_lists *lists, acta_str name)
{
    if (is_own(lists, name)) return true;
    for (uint32_t i = 0; i < lists->first_count; i++)
        if (acta_str_equal(lists->first[i].name, name)) return true;
    return false;
}

size_t
acti_metadata_size(const acti_metadata_lists *lists)
{
    size_t size = 0;

    for (int i = 0; i < ACTI_OWN_COUNT; i++)
        if (has_own(lists, i)) size += acti_metadata_line_size(&lists->own[i]);
    for (uint32_t i = 0; i < lists->first_count; i++)
        if (!is_own(lists, lists->first[i].name)) size += acti_metadata_line_size(&lists->first[i]);
    for (uint32_t i = 0; i < lists->second_count; i++)
        if (!is_hidden(lists, lists->second[i].name)) size += acti_metadata_line_size(&lists->second[i]);
    return size;
}

static char *
put(char *to, const acta_metadata_entry *entry)
{
    memcpy(to, entry->name.data, entry->name.size);
    to += entry->name.size;
    *to++ = ':';
    if (entry->value.size > 0) memcpy(to, entry->value.data, entry->value.size);
    to += entry->value.size;
    *to++ = '\n';
    return to;
}

void
acti_metadata_write(const acti_metadata_lists *lists, char *to)
{
    for (int i = 0; i < ACTI_OWN_COUNT; i++)
        if (has_own(lists, i)) to = put(to, &lists->own[i]);
    for (uint32_t i = 0; i < lists->first_count; i++)
        if (!is_own(lists, lists->first[i].name)) to = put(to, &lists->first[i]);
    for (uint32_t i = 0; i < lists->second_count; i++)
        if (!is_hidden(lists, lists->second[i].name)) to = put(to, &lists->second[i]);
}

acti_metadata_lists
acti_metadata_following(const acta_app *app, const acti_trace_place *place, char *room)
{
    acti_metadata_lists lists = { .second = app->defaults.metadata, .second_count = app->defaults.metadata_count };

    if (!acta_traceparent_is_set(&place->parent)) return lists;
    lists.own[ACTI_OWN_TRACEPARENT] =
        (acta_metadata_entry){ acta_str_of(ACTA_TRACEPARENT), acta_traceparent_write(&place->parent, room) };
    lists.own[ACTI_OWN_TRACESTATE] = (acta_metadata_entry){ acta_str_of(ACTA_TRACESTATE), place->state };
    for (int i = ACTI_OWN_COUNT; i-- > 0 && acti_metadata_size(&lists) > ACTA_METADATA_MAX;)
        lists.own[i].value = acta_str_of(NULL);
    return lists;
}

size_t
acti_metadata_set(acta_bytes metadata, const acta_metadata_entry *entry, char *room)
{
    acta_metadata_entry other;
    char *to = room;

    while (acta_metadata_next(&metadata, &other))
        if (!acta_str_equal(other.name, entry->name)) to = put(to, &other);
    if (entry->value.data != NULL) to = put(to, entry);
    return (size_t)(to - room);
}
