/*
 * Tags: an index of events by tag, beside that by stream.
 *
 *     ACTI_TABLES    "tags" 0 tag 0 position -> nothing       a row for each tag of each event, put with the event
 *
 * The record of an event has its tags too, so that the rows can be made again from the log.
 */
#ifndef ACTI_TAGS_H
#define ACTI_TAGS_H

#include "engine.h"
#include "keys.h"

enum {
    ACTI_TAG_KEY_MAX = sizeof "tags" + ACTA_TAG_MAX + 1 + 8,
    ACTI_TAGS_MAX = ACTA_TAG_COUNT_MAX * (ACTA_TAG_MAX + 1) /* bytes of encoded tags */
};

/* A record with tags in the batch under way. */
typedef struct acti_tagged {
    uint64_t position;
    uint64_t bloom; /* of its tags */
    acta_bytes tags;
} acti_tagged;

typedef struct acti_tagged_batch {
    acti_tagged *entries;
    uint32_t count, room;
} acti_tagged_batch;

/* The key of a tag's row, in `room` of ACTI_TAG_KEY_MAX bytes. */
acta_bytes acti_tag_key(uint8_t *room, acta_str tag, uint64_t position);
/* The position in such a key; 0: it is none. */
uint64_t acti_tag_position(acta_bytes key);

/* Are these tags? ACTA_INVALID. */
acta_status acti_tags_check(const acta_str *tags, uint32_t count, acta_error *error);
/* Tags as a record has them, in `room` of ACTI_TAGS_MAX bytes. */
acta_bytes acti_tags_encode(uint8_t *room, const acta_str *tags, uint32_t count);

/*
 * Iterate over the rows of one of some tags, the one with the fewest as far as a look shows, between two positions,
 * inclusive.
 */
acta_status acti_tags_open(acta_store *store, acta_bytes tags, uint64_t first, uint64_t last, bool backward,
    acti_engine_iterator **iterator_out, acta_error *error);

/* Whoever holds the role: the rows of a record that is put into the batch, after make_room. */
void acti_tags_deinit(acta_store *store);
bool acti_tags_make_room(acta_store *store, uint32_t count); /* false: no memory */
void acti_tags_put(acta_store *store, acta_bytes tags, uint64_t position);
/* The first position behind `after` that has all of these tags; 0: none. */
acta_status acti_tags_find(
    acta_store *store, acta_bytes tags, uint64_t after, uint64_t *position_out, acta_error *error);

#endif
