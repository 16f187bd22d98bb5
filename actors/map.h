/*
 * Maps: from bytes to something, by nodes that live in the something.
 *
 * Adding never fails: when there is no memory for more buckets the chains grow longer. Nothing is ever looked at in the
 * order of the buckets, so that a run doesn't depend on hashes.
 */
#ifndef ACTI_ACTORS_MAP_H
#define ACTI_ACTORS_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "acta/environment.h"
#include "acta/schema.h"
#include "acta/str.h"

typedef struct acti_map_node {
    struct acti_map_node *chain;
    uint64_t hash;
    acta_str key; /* lies in whatever holds the node */
} acti_map_node;

typedef struct acti_map {
    const acta_allocator *allocator;
    uint64_t seed;
    acti_map_node **buckets; /* NULL: `only` is the one there is */
    uint32_t bucket_count;   /* a power of two, or 0 */
    uint32_t count;
    acti_map_node *only;
} acti_map;

#define ACTI_CONTAINER(pointer, type, member) ((type *)(void *)((char *)(uintptr_t)(pointer)-offsetof(type, member)))

/* `seed` keeps those who choose keys from choosing chains. */
void acti_map_init(acti_map *map, const acta_allocator *allocator, uint64_t seed);
void acti_map_deinit(acti_map *map);                             /* the buckets alone */
acti_map_node *acti_map_find(const acti_map *map, acta_str key); /* NULL: there is none */
void acti_map_add(acti_map *map, acti_map_node *node, acta_str key);
void acti_map_remove(acti_map *map, acti_map_node *node);

/* Names of tables -> index in an array. */
typedef struct acti_name {
    acti_map_node node;
    uint32_t index;
} acti_name;

typedef struct acti_names {
    acti_map map;
    acti_name *names;
    uint32_t count;
} acti_names;

/* False: no memory. `tables` must outlive it. */
bool acti_names_init(
    acti_names *names, const acta_allocator *allocator, const acta_table *const *tables, uint32_t count);
void acti_names_deinit(acti_names *names);
bool acti_names_find(const acti_names *names, acta_str name, uint32_t *index_out);

#endif
