/*
 * Read filter: which events a cursor gives. What costs least is looked at first. See read_filter.h.
 */
#include "read_filter.h"

#include <string.h>

#include "record.h"
#include "tags.h"

enum { TYPE_COUNT_MAX = 4096 };

static acta_str
keep(uint8_t **at, acta_str text)
{
    char *copy = (char *)*at;

    if (text.size == 0) return acta_str_of(NULL);
    memcpy(copy, text.data, text.size);
    *at += text.size;
    return acta_str_from(copy, text.size);
}

static size_t
size_of_texts(const acta_read *read)
{
    size_t size = read->category.size + read->stream_prefix.size + read->tag_count;

    for (uint32_t i = 0; i < read->type_count; i++)
        size += read->types[i].size;
    for (uint32_t i = 0; i < read->tag_count; i++)
        size += read->tags[i].size;
    return size;
}

acta_status
acti_read_filter_init(
    acti_read_filter *filter, const acta_read *read, const acta_allocator *allocator, acta_error *error)
{
    *filter = (acti_read_filter){ .correlation_id = read->correlation_id };
    filter->is_set = read->type_count > 0 || read->category.size > 0 || read->stream_prefix.size > 0 ||
                     !acta_id_is_none(read->correlation_id) || read->tag_count > 0;
    if (!filter->is_set) return ACTA_OK;
    if (read->type_count > TYPE_COUNT_MAX)
        return acta_error_set(
            error, ACTA_INVALID, "cannot read %u types at once; %d is the most", read->type_count, (int)TYPE_COUNT_MAX);

    acta_status status = acti_tags_check(read->tags, read->tag_count, error);
    if (status != ACTA_OK) return status;

    size_t types_size = read->type_count * sizeof(acta_str);
    filter->room_size = types_size + size_of_texts(read) + 1;
    filter->room = allocator->alloc(allocator->user, filter->room_size);
    if (filter->room == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read: there is no memory");

    uint8_t *at = filter->room + types_size;
    filter->types = (acta_str *)(void *)filter->room;
    filter->type_count = read->type_count;
    for (uint32_t i = 0; i < read->type_count; i++)
        filter->types[i] = keep(&at, read->types[i]);
    filter->category = keep(&at, read->category);
    filter->stream_prefix = keep(&at, read->stream_prefix);
    filter->tags = acti_tags_encode(at, read->tags, read->tag_count);
    return ACTA_OK;
}

void
acti_read_filter_deinit(acti_read_filter *filter, const acta_allocator *allocator)
{
    if (filter->room != NULL) allocator->free(allocator->user, filter->room, filter->room_size);
    filter->room = NULL;
}

static bool
is_wanted_type(const acti_read_filter *filter, acta_str type)
{
    for (uint32_t i = 0; i < filter->type_count; i++) {
        if (acta_str_equal(filter->types[i], type)) return true;
    }
    return filter->type_count == 0;
}

static bool
begins_with(acta_str text, acta_str prefix)
{
    return text.size >= prefix.size && (prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0);
}

/* A category is what stands before the first '-'. */
static bool
is_of_category(acta_str stream, acta_str category)
{
    const char *dash;

    if (category.size == 0) return true;
    dash = memchr(stream.data, '-', stream.size);
    return dash != NULL && acta_str_equal(acta_str_from(stream.data, (size_t)(dash - stream.data)), category);
}

bool
acti_read_filter_passes(const acti_read_filter *filter, const acta_recorded *event)
{
    if (!filter->is_set) return true;
    if (!acta_id_is_none(filter->correlation_id) && !acta_id_equal(filter->correlation_id, event->correlation_id))
        return false;
    return is_wanted_type(filter, event->type) && acti_tags_have(event->tags, filter->tags) &&
           begins_with(event->stream, filter->stream_prefix) && is_of_category(event->stream, filter->category);
}
