/*
 * Maps: chained buckets, doubled when there are as many nodes as buckets.
 */
#include "map.h"

enum { FIRST_BUCKETS = 16 };

/* Multiply and fold: each bit of the product depends on all bits of both. */
static uint64_t
mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t
hash_of(acta_str key, uint64_t seed)
{
    uint64_t hash = seed ^ (key.size * UINT64_C(0x9e3779b97f4a7c15)), word;
    size_t at = 0;

    for (; key.size - at >= sizeof word; at += sizeof word) {
        memcpy(&word, key.data + at, sizeof word);
        hash = mix(hash ^ word, UINT64_C(0xa0761d6478bd642f));
    }
    word = 0;
    if (key.size > at) memcpy(&word, key.data + at, key.size - at);
    return mix(hash ^ word, UINT64_C(0xe7037ed1a0b428db));
}

void
acti_map_init(acti_map *map, const acta_allocator *allocator, uint64_t seed)
{
    *map = (acti_map){ .allocator = allocator, .seed = seed };
}

void
acti_map_deinit(acti_map *map)
{
    if (map->buckets != NULL)
        map->allocator->free(map->allocator->user, map->buckets, map->bucket_count * sizeof(acti_map_node *));
    map->buckets = NULL;
    map->bucket_count = map->count = 0;
    map->only = NULL;
}

static acti_map_node **
bucket_of(const acti_map *map, uint64_t hash)
{
    acti_map *mutable_map = (acti_map *)(uintptr_t)map;
    return map->buckets != NULL ? &map->buckets[hash & (map->bucket_count - 1)] : &mutable_map->only;
}

acti_map_node *
acti_map_find(const acti_map *map, acta_str key)
{
    if (map->count == 0) return NULL;
    uint64_t hash = hash_of(key, map->seed);

    for (acti_map_node *node = *bucket_of(map, hash); node != NULL; node = node->chain) {
        if (node->hash == hash && acta_str_equal(node->key, key)) return node;
    }
    return NULL;
}

static void
move_chain(acti_map *map, acti_map_node *node)
{
    while (node != NULL) {
        acti_map_node *next = node->chain;
        acti_map_node **bucket = &map->buckets[node->hash & (map->bucket_count - 1)];
        node->chain = *bucket;
        *bucket = node;
        node = next;
    }
}

static void
grow(acti_map *map)
{
    uint32_t count = map->bucket_count == 0 ? FIRST_BUCKETS : map->bucket_count * 2;
    acti_map_node **buckets = map->allocator->alloc(map->allocator->user, count * sizeof *buckets);
    if (buckets == NULL) return;

    acti_map old = *map;
    memset(buckets, 0, count * sizeof *buckets);
    map->buckets = buckets;
    map->bucket_count = count;
    map->only = NULL;
    move_chain(map, old.only);
    for (uint32_t i = 0; i < old.bucket_count; i++)
        move_chain(map, old.buckets[i]);
    if (old.buckets != NULL)
        map->allocator->free(map->allocator->user, old.buckets, old.bucket_count * sizeof *old.buckets);
}

void
acti_map_add(acti_map *map, acti_map_node *node, acta_str key)
{
    if (map->count >= map->bucket_count && map->bucket_count < UINT32_C(1) << 30) grow(map);
    node->key = key;
    node->hash = hash_of(key, map->seed);
    acti_map_node **bucket = bucket_of(map, node->hash);
    node->chain = *bucket;
    *bucket = node;
    map->count++;
}

void
acti_map_remove(acti_map *map, acti_map_node *node)
{
    acti_map_node **at = bucket_of(map, node->hash);

    while (*at != node)
        at = &(*at)->chain;
    *at = node->chain;
    map->count--;
}

/* -- names -- */

bool
acti_names_init(acti_names *names, const acta_allocator *allocator, const acta_table *const *tables, uint32_t count)
{
    *names = (acti_names){ .count = count };
    acti_map_init(&names->map, allocator, 0); /* the schema's own names: nobody chooses chains */
    if (count == 0) return true;
    names->names = allocator->alloc(allocator->user, count * sizeof *names->names);
    if (names->names == NULL) return false;
    for (uint32_t i = 0; i < count; i++) {
        names->names[i].index = i;
        acti_map_add(&names->map, &names->names[i].node, acta_str_of(tables[i]->name));
    }
    return true;
}

void
acti_names_deinit(acti_names *names)
{
    const acta_allocator *allocator = names->map.allocator;

    if (names->names != NULL) allocator->free(allocator->user, names->names, names->count * sizeof *names->names);
    if (allocator != NULL) acti_map_deinit(&names->map);
    names->names = NULL;
}

bool
acti_names_find(const acti_names *names, acta_str name, uint32_t *index_out)
{
    const acti_map_node *node = acti_map_find(&names->map, name);

    if (node == NULL) return false;
    *index_out = ACTI_CONTAINER(node, acti_name, node)->index;
    return true;
}
