/*
 * Consumer group: entries and keys, and the order among them.
 */
#include "group_parts.h"

/* FNV-1a. */
static uint64_t
hash_of(acta_str text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (uint8_t)text.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* -- keys -- */

static acti_group_key *
key_create(acta_group *group, acta_str text, uint64_t hash)
{
    const acta_allocator *allocator = &group->store->environment.allocator;
    acti_group_key *key = allocator->alloc(allocator->user, sizeof *key + text.size);

    if (key == NULL) return NULL;
    memset(key, 0, sizeof *key);
    key->hash = hash;
    key->size = text.size;
    key->is_none = text.size == 0;
    if (text.size > 0) memcpy(key->text, text.data, text.size);
    acti_group_key **bucket = &group->keys[hash % ACTI_GROUP_BUCKETS];
    key->bucket_next = *bucket;
    *bucket = key;
    return key;
}

acti_group_key *
acti_group_key_get(acta_group *group, acta_str text, bool create)
{
    char digest[ACTA_ID_TEXT_SIZE];

    if (text.size > ACTA_PARKED_KEY_MAX) text = acta_str_of(acta_id_format(acta_id_of(text), digest));
    uint64_t hash = hash_of(text);
    for (acti_group_key *key = group->keys[hash % ACTI_GROUP_BUCKETS]; key != NULL; key = key->bucket_next) {
        if (key->hash == hash && acta_str_equal(acta_str_from(key->text, key->size), text)) return key;
    }
    return create ? key_create(group, text, hash) : NULL;
}

void
acti_group_key_let_go(acta_group *group, acti_group_key *key)
{
    const acta_allocator *allocator = &group->store->environment.allocator;
    acti_group_key **at = &group->keys[key->hash % ACTI_GROUP_BUCKETS];

    if (key->first != NULL || key->parked_count > 0) return;
    while (*at != key)
        at = &(*at)->bucket_next;
    *at = key->bucket_next;
    if (key->in_list) {
        if (key->prev != NULL)
            key->prev->next = key->next;
        else
            group->parked_first = key->next;
        if (key->next != NULL) key->next->prev = key->prev;
    }
    if (key->parked != NULL) allocator->free(allocator->user, key->parked, key->parked_room * sizeof *key->parked);
    allocator->free(allocator->user, key, sizeof *key + key->size);
}

static void
list_key(acta_group *group, acti_group_key *key)
{
    if (key->in_list) return;
    key->in_list = true;
    key->prev = NULL;
    key->next = group->parked_first;
    if (key->next != NULL) key->next->prev = key;
    group->parked_first = key;
}

static uint32_t
parked_index(const acti_group_key *key, uint64_t position)
{
    uint32_t i = key->parked_count;

    while (i > 0 && key->parked[i - 1] >= position)
        i--;
    return i;
}

bool
acti_group_key_has_parked(const acti_group_key *key, uint64_t position)
{
    uint32_t at = parked_index(key, position);
    return at < key->parked_count && key->parked[at] == position;
}

bool
acti_group_key_add_parked(acta_group *group, acti_group_key *key, uint64_t position)
{
    const acta_allocator *allocator = &group->store->environment.allocator;
    uint32_t at = parked_index(key, position);

    if (at < key->parked_count && key->parked[at] == position) return true;
    if (key->parked_count == key->parked_room) {
        uint32_t room = key->parked_room == 0 ? 4 : key->parked_room * 2;
        uint64_t *grown = allocator->alloc(allocator->user, room * sizeof *grown);
        if (grown == NULL) return false;
        if (key->parked != NULL) {
            memcpy(grown, key->parked, key->parked_count * sizeof *grown);
            allocator->free(allocator->user, key->parked, key->parked_room * sizeof *grown);
        }
        key->parked = grown;
        key->parked_room = room;
    }
    memmove(key->parked + at + 1, key->parked + at, (key->parked_count - at) * sizeof *key->parked);
    key->parked[at] = position;
    key->parked_count++;
    group->parked_count++;
    list_key(group, key);
    return true;
}

void
acti_group_key_remove_parked(acta_group *group, acti_group_key *key, uint64_t position)
{
    uint32_t at = parked_index(key, position);

    if (at == key->parked_count || key->parked[at] != position) return;
    key->parked_count--;
    group->parked_count--;
    memmove(key->parked + at, key->parked + at + 1, (key->parked_count - at) * sizeof *key->parked);
    if (key->parked_count == 0) key->replaying = false;
}

/* -- entries -- */

acti_group_entry *
acti_group_find(const acta_group *group, uint64_t position)
{
    acti_group_entry *entry = group->entries[position % ACTI_GROUP_BUCKETS];

    while (entry != NULL && entry->event->position != position)
        entry = entry->bucket_next;
    return entry;
}

/* Almost always at the end. */
void
acti_group_wait(acta_group *group, acti_group_entry *entry)
{
    acti_group_entry *before = group->last;

    while (before != NULL && before->event->position > entry->event->position)
        before = before->prev;
    entry->prev = before;
    entry->next = before != NULL ? before->next : group->first;
    if (before != NULL)
        before->next = entry;
    else
        group->first = entry;
    if (entry->next != NULL)
        entry->next->prev = entry;
    else
        group->last = entry;
}

void
acti_group_unwait(acta_group *group, acti_group_entry *entry)
{
    if (entry->prev != NULL)
        entry->prev->next = entry->next;
    else
        group->first = entry->next;
    if (entry->next != NULL)
        entry->next->prev = entry->prev;
    else
        group->last = entry->prev;
    entry->prev = entry->next = NULL;
}

static void
join_key(acti_group_entry *entry, acti_group_key *key)
{
    acti_group_entry *before = key->last;

    while (before != NULL && before->event->position > entry->event->position)
        before = before->key_prev;
    entry->key = key;
    entry->key_prev = before;
    entry->key_next = before != NULL ? before->key_next : key->first;
    if (before != NULL)
        before->key_next = entry;
    else
        key->first = entry;
    if (entry->key_next != NULL)
        entry->key_next->key_prev = entry;
    else
        key->last = entry;
}

static void
leave_key(acti_group_entry *entry)
{
    acti_group_key *key = entry->key;

    if (entry->key_prev != NULL)
        entry->key_prev->key_next = entry->key_next;
    else
        key->first = entry->key_next;
    if (entry->key_next != NULL)
        entry->key_next->key_prev = entry->key_prev;
    else
        key->last = entry->key_prev;
}

acti_group_entry *
acti_group_entry_add(acta_group *group, acta_str key_text, acta_chunk *chunk, const acta_recorded *event)
{
    const acta_allocator *allocator = &group->store->environment.allocator;
    acti_group_key *key = acti_group_key_get(group, key_text, true);
    acti_group_entry *entry = key != NULL ? allocator->alloc(allocator->user, sizeof *entry) : NULL;

    if (entry == NULL) {
        if (key != NULL) acti_group_key_let_go(group, key);
        return NULL;
    }
    *entry = (acti_group_entry){ .chunk = acta_chunk_ref(chunk), .event = event };
    acti_group_entry **bucket = &group->entries[event->position % ACTI_GROUP_BUCKETS];
    entry->bucket_next = *bucket;
    *bucket = entry;
    join_key(entry, key);
    acti_group_wait(group, entry);
    return entry;
}

void
acti_group_detach(acti_group_entry *entry)
{
    entry->holder->in_hands--;
    entry->holder = NULL;
    if (--entry->key->sent_count == 0) entry->key->holder = NULL;
}

void
acti_group_entry_free(acta_group *group, acti_group_entry *entry)
{
    const acta_allocator *allocator = &group->store->environment.allocator;
    acti_group_entry **at = &group->entries[entry->event->position % ACTI_GROUP_BUCKETS];
    acti_group_key *key = entry->key;

    while (*at != entry)
        at = &(*at)->bucket_next;
    *at = entry->bucket_next;
    if (entry->holder != NULL)
        acti_group_detach(entry);
    else if (!entry->on_way)
        acti_group_unwait(group, entry);
    leave_key(entry);
    acta_chunk_unref(entry->chunk);
    if (entry->reason != NULL) allocator->free(allocator->user, entry->reason, ACTA_PARKED_REASON_MAX);
    allocator->free(allocator->user, entry, sizeof *entry);
    acti_group_key_let_go(group, key);
}

bool
acti_group_is_first(const acti_group_entry *entry)
{
    const acti_group_entry *before = entry->key_prev;
    return entry->key->is_none || before == NULL || before->holder != NULL;
}

void
acti_group_take(acti_group_entry *entry, acta_consumer *consumer)
{
    acti_group_unwait(consumer->group, entry);
    entry->holder = entry->key->holder = consumer;
    entry->due_ns = 0;
    entry->key->sent_count++;
    consumer->in_hands++;
}

static void
give_back(acta_group *group, acti_group_entry *entry)
{
    acti_group_detach(entry);
    acti_group_wait(group, entry);
}

void
acti_group_recall(acta_group *group, acti_group_entry *entry)
{
    acti_group_entry *next = entry->key->is_none ? NULL : entry->key_next;

    give_back(group, entry);
    for (; next != NULL && next->holder != NULL; next = next->key_next)
        give_back(group, next);
}

bool
acti_group_set_reason(acta_group *group, acti_group_entry *entry, acta_str reason)
{
    const acta_allocator *allocator = &group->store->environment.allocator;
    size_t size = reason.size < ACTA_PARKED_REASON_MAX ? reason.size : ACTA_PARKED_REASON_MAX - 1;

    if (entry->reason == NULL) entry->reason = allocator->alloc(allocator->user, ACTA_PARKED_REASON_MAX);
    if (entry->reason == NULL) return false;
    if (size > 0) memcpy(entry->reason, reason.data, size);
    entry->reason[size] = '\0';
    return true;
}
