/*
 * Seen types: see seen_types.h. There are few of them, and mostly it is the one that came last.
 */
#include "seen_types.h"

void
acti_seen_types_init(acti_seen_types *seen, const acta_allocator *allocator)
{
    *seen = (acti_seen_types){ .allocator = *allocator };
}

void
acti_seen_types_deinit(acti_seen_types *seen)
{
    if (seen->items != NULL) seen->allocator.free(seen->allocator.user, seen->items, seen->room * sizeof *seen->items);
    *seen = (acti_seen_types){ .allocator = seen->allocator };
}

static bool
is_before(const acti_seen_type *type, uint32_t type_id, uint64_t schema_hash)
{
    return type->type_id < type_id || (type->type_id == type_id && type->schema_hash < schema_hash);
}

/* Where it is, or would be. */
static size_t
place_of(const acti_seen_types *seen, uint32_t type_id, uint64_t schema_hash)
{
    size_t from = 0, to = seen->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (is_before(&seen->items[middle], type_id, schema_hash))
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool
is_at(const acti_seen_types *seen, size_t place, uint32_t type_id, uint64_t schema_hash)
{
    return place < seen->count && seen->items[place].type_id == type_id &&
           seen->items[place].schema_hash == schema_hash;
}

acti_seen_type *
acti_seen_types_find(acti_seen_types *seen, uint32_t type_id, uint64_t schema_hash)
{
    size_t place = is_at(seen, seen->last, type_id, schema_hash) ? seen->last : place_of(seen, type_id, schema_hash);

    if (!is_at(seen, place, type_id, schema_hash)) return NULL;
    seen->last = place;
    return &seen->items[place];
}

static bool
grow(acti_seen_types *seen)
{
    const acta_allocator *allocator = &seen->allocator;
    size_t room = seen->room == 0 ? 64 : seen->room * 2;
    acti_seen_type *items = allocator->alloc(allocator->user, room * sizeof *items);

    if (items == NULL) return false;
    if (seen->items != NULL) {
        memcpy(items, seen->items, seen->count * sizeof *items);
        allocator->free(allocator->user, seen->items, seen->room * sizeof *seen->items);
    }
    seen->items = items;
    seen->room = room;
    return true;
}

bool
acti_seen_types_add(acti_seen_types *seen, const acti_record_view *view)
{
    uint64_t hash = view->event.schema_hash;

    if (hash == 0 || view->event.kind == ACTA_RECORD_STUB) return true;
    acti_seen_type *type = acti_seen_types_find(seen, view->type_id, hash);
    if (type != NULL) {
        type->events++;
        return true;
    }
    if (seen->count == seen->room && !grow(seen)) return false;
    size_t place = place_of(seen, view->type_id, hash);
    memmove(seen->items + place + 1, seen->items + place, (seen->count - place) * sizeof *seen->items);
    seen->items[place] =
        (acti_seen_type){ .type_id = view->type_id, .schema_hash = hash, .events = 1, .first = view->event.position };
    seen->count++;
    return true;
}
