/*
 * Feed: what a subscription reads by. It has no place of its own: it is asked for what comes behind a position.
 *
 *     behind `looked` ---> the newest records in memory reach back so far?      yes: references to them     (tail.h)
 *                     \--> one stream's events, or those of some tags?          by their index, read alone  (read.c)
 *                      \-> otherwise: a block, shared with every other reader                               (blocks.h)
 *
 * The filter is looked at here, so that what is passed over costs no window. Stubs of removed events are passed over.
 * Threads: one at a time.
 */
#ifndef ACTI_FEED_H
#define ACTI_FEED_H

#include "acta/subscription.h"

#include "read_filter.h"

enum { ACTI_FEED_KNOWN = 256 }; /* a power of two */

/* A type whose answer is known, by the address of its name, which the store keeps as long as it is open. */
typedef struct acti_known_type {
    const char *name;
    bool wanted;
} acti_known_type;

typedef struct acti_feed {
    acta_store *store;
    bool all;                /* nothing is asked for but types */
    acti_read_filter filter; /* all but types and stream */
    acta_str stream;         /* exactly this one; absent: any */
    acta_read indexed;       /* tag_count > 0: found by the index of tags */
    acta_str *tags;

    bool typed;
    acta_str *types;
    uint32_t type_count;
    acti_known_type *known;

    uint8_t *room; /* of texts */
    size_t room_size;

    /* By an index: where it is. NULL: not begun. */
    acta_cursor *cursor;
    uint64_t cursor_behind, cursor_head;
} acti_feed;

/* Copies what the filter says. ACTA_INVALID; ACTA_NO_MEMORY. deinit takes one half made, or zeroed. */
acta_status acti_feed_init(
    acti_feed *feed, acta_store *store, const acta_subscription_filter *filter, acta_error *error);
void acti_feed_deinit(acti_feed *feed);

/*
 * Some events behind position `looked`, which is less than `head`: 1 to `count_max`, or none (*chunk_out NULL). *looked_out
 * says how far it came; up to there nothing else is wanted. ACTA_DELETED: the stream is soft deleted, for now. After an
 * error nothing was read.
 */
acta_status acti_feed_read(acti_feed *feed, uint64_t looked, uint64_t head, uint32_t count_max, acta_chunk **chunk_out,
    uint64_t *looked_out, acta_error *error);

#endif
