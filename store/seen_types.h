/*
 * Seen types: which types of events, in which versions of their schema, a part of the log has. One thread at a time.
 */
#ifndef ACTI_SEEN_TYPES_H
#define ACTI_SEEN_TYPES_H

#include "record.h"

typedef struct acti_seen_type {
    uint32_t type_id;
    uint64_t schema_hash;
    uint64_t events, first; /* how many, and the position of the first */
    bool is_kept;           /* for who compares them with what the log has kept */
} acti_seen_type;

typedef struct acti_seen_types {
    acta_allocator allocator;
    acti_seen_type *items; /* in the order of id and hash */
    size_t count, room, last;
} acti_seen_types;

void acti_seen_types_init(acti_seen_types *seen, const acta_allocator *allocator);
void acti_seen_types_deinit(acti_seen_types *seen);
/* A record of the log. What has no schema, or is a stub, counts as nothing. False: no memory. */
bool acti_seen_types_add(acti_seen_types *seen, const acti_record_view *view);
acti_seen_type *acti_seen_types_find(
    acti_seen_types *seen, uint32_t type_id, uint64_t schema_hash); /* NULL: not seen */

#endif
