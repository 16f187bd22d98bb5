/*
 * Keys of an event: whose order is kept. Most have one; an event of a process manager may go to many instances, and an old
 * event may have become several.
 *
 *     item --> kind's key, or keys --> each once, in the order found --> one piece of work each
 *                                                                            |
 *                                    the event is passed when all are done <-+
 */
#include "reader.h"

/* -- the list -- */

typedef struct one_key {
    acti_map_node node;
    char text[];
} one_key;

bool
acti_keys_add(acti_keys *keys, acta_str id)
{
    if (keys->count > 0 && acti_map_find(&keys->map, id) != NULL) return true;
    if (keys->count == keys->capacity) {
        uint32_t capacity = keys->capacity == 0 ? 8 : keys->capacity * 2;
        acta_str *grown = acta_memory_alloc(keys->memory, capacity * sizeof *grown);
        if (grown == NULL) return false;
        if (keys->count > 0) memcpy(grown, keys->list, keys->count * sizeof *grown);
        keys->list = grown;
        keys->capacity = capacity;
    }
    one_key *added = acta_memory_alloc(keys->memory, sizeof *added + id.size);
    if (added == NULL) return false;

    if (id.size > 0) memcpy(added->text, id.data, id.size);
    keys->list[keys->count] = acta_str_from(added->text, id.size);
    acti_map_add(&keys->map, &added->node, keys->list[keys->count]);
    keys->count++;
    return true;
}

static acta_status
add_keys_of(acti_reader_actor *r, const acti_item *item, acta_error *error)
{
    const acti_reader_kind *kind = r->reader->kind;
    if (kind->keys != NULL) return kind->keys(r, item, &r->keys, error);

    acta_str key = acti_reader_key(r, item);
    if (key.data == NULL || acti_keys_add(&r->keys, key)) return ACTA_OK;
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory to route an event");
}

acta_status
acti_keys_collect(acti_reader_actor *r, const acti_item *item, acta_error *error)
{
    acti_keys *keys = &r->keys;
    acti_reader *reader = r->reader;

    if (reader->keys_memory == NULL) reader->keys_memory = acta_memory_create(&r->app->environment.allocator);
    if (reader->keys_memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to route an event");
    acta_memory_clear(reader->keys_memory);
    *keys = (acti_keys){ .memory = reader->keys_memory, .allocator = acti_allocator_over(reader->keys_memory) };
    acti_map_init(&keys->map, &keys->allocator, r->app->hash_seed);
    if (acti_reader_has_keys(reader)) return acti_item_each(r, item, add_keys_of, error);
    if (acti_keys_add(keys, item->recorded.stream)) return ACTA_OK;
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory to route an event");
}

bool
acti_keys_find_aside(const acti_reader_actor *r, const acti_aside *aside, acta_str *key_out)
{
    for (uint32_t i = 0; i < r->keys.count; i++) {
        *key_out = r->keys.list[i];
        if (acti_aside_find(r, *key_out) == aside) return true;
    }
    return false;
}

/* -- events that go to several -- */

struct acti_split {
    acti_split *next;
    uint64_t position;
    uint32_t left; /* keys that are not done with it */
};

bool
acti_split_add(acti_reader_actor *r, uint64_t position, uint32_t count)
{
    acti_split *split = acta_alloc(r->self, sizeof *split);

    if (split == NULL) return false;
    *split = (acti_split){ .next = r->splits, .position = position, .left = count };
    r->splits = split;
    return true;
}

bool
acti_split_is_last(acti_reader_actor *r, uint64_t position, bool *was_split_out)
{
    acti_split **at = &r->splits;

    while (*at != NULL && (*at)->position != position)
        at = &(*at)->next;
    acti_split *split = *at;
    *was_split_out = split != NULL;
    if (split == NULL) return true;
    if (--split->left > 0) return false;
    *at = split->next;
    acta_free(r->self, split);
    return true;
}

void
acti_splits_forget(acti_reader_actor *r)
{
    while (r->splits != NULL) {
        acti_split *split = r->splits;
        r->splits = split->next;
        acta_free(r->self, split);
    }
}
