/*
 * Items: events on their way through a reader. Most share the chunk that they came in; one that was read alone carries its
 * bytes behind it.
 */
#include <stdlib.h>

#include "reader.h"

static uint8_t *
put_bytes(uint8_t *to, const void *bytes, size_t size)
{
    if (size > 0) memcpy(to, bytes, size);
    return to + size;
}

static size_t
size_of(const acti_item *item)
{
    const acta_recorded *r = &item->recorded;

    if (item->chunk != NULL) return sizeof *item;
    return sizeof *item + r->payload.size + r->metadata.size + r->tags.size + r->stream.size + r->type.size +
           r->link_stream.size;
}

void
acti_item_copy_into(const acti_item *item, void *room)
{
    const acta_recorded *r = &item->recorded;
    acti_item *copy = room;

    *copy = *item;
    copy->size = size_of(item);
    if (item->chunk != NULL) {
        acta_chunk_ref(item->chunk);
        return;
    }
    uint8_t *at = copy->bytes;
    copy->recorded.payload.data = at;
    at = put_bytes(at, r->payload.data, r->payload.size);
    copy->recorded.metadata.data = at;
    at = put_bytes(at, r->metadata.data, r->metadata.size);
    copy->recorded.tags.data = at;
    at = put_bytes(at, r->tags.data, r->tags.size);
    copy->recorded.link_stream.data = (const char *)at;
    at = put_bytes(at, r->link_stream.data, r->link_stream.size);
    copy->recorded.stream.data = (const char *)at;
    at = put_bytes(at, r->stream.data, r->stream.size);
    copy->recorded.type.data = (const char *)at;
    put_bytes(at, r->type.data, r->type.size);
}

acti_item *
acti_item_copy(const acta_app *app, const acti_item *item)
{
    acti_item *copy = acti_alloc(app, size_of(item));

    if (copy != NULL) acti_item_copy_into(item, copy);
    return copy;
}

void
acti_item_destroy(const acta_app *app, acti_item *item)
{
    if (item == NULL) return;
    acta_chunk_unref(item->chunk);
    acti_free(app, item, item->size);
}

/* -- what it is -- */

bool
acti_item_identify(const acti_reader *reader, acti_item *item)
{
    bool is_named = acti_names_find(&reader->names, item->recorded.type, &item->event);

    if (is_named && reader->events[item->event]->schema_hash == item->recorded.schema_hash) return true;
    item->old = acti_old_of(reader->app, &item->recorded);
    return is_named || item->old != 0;
}

acta_status
acti_item_each(acti_reader_actor *r, const acti_item *item, acti_item_see *see, acta_error *error)
{
    acta_status status = ACTA_OK;
    if (item->old == 0) return see(r, item, error);

    for (uint32_t i = 0; i < r->upcasted->count && status == ACTA_OK; i++) {
        acti_item one = *item;
        one.old = 0;
        one.recorded = acti_upcast_recorded(&item->recorded, &r->upcasted->events[i]);
        if (acti_names_find(&r->reader->names, one.recorded.type, &one.event)) status = see(r, &one, error);
    }
    return status;
}

/* -- positions -- */

bool
acti_positions_add(acta_self *self, acti_positions *positions, uint64_t position)
{
    if (positions->count == positions->capacity) {
        uint32_t capacity = positions->capacity == 0 ? 8 : positions->capacity * 2;
        uint64_t *grown = acta_alloc(self, capacity * sizeof *grown);
        if (grown == NULL) return false;
        if (positions->count > 0) memcpy(grown, positions->values, positions->count * sizeof *grown);
        acta_free(self, positions->values);
        positions->values = grown;
        positions->capacity = capacity;
    }
    positions->values[positions->count++] = position;
    return true;
}

static int
compare_positions(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

void
acti_positions_sort(uint64_t *positions, uint32_t count)
{
    if (count > 1) qsort(positions, count, sizeof *positions, compare_positions);
}

void
acti_positions_deinit(acta_self *self, acti_positions *positions)
{
    acta_free(self, positions->values);
    *positions = (acti_positions){ .values = NULL };
}
