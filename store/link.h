/*
 * Links: an event of one stream that stands for an event of another.
 *
 *     "$link"    [position | stream id | version of the original]     24 bytes, little-endian (docs/format.md)
 *
 * A link never points at a link: what one points at is linked instead. So reading follows one step at most.
 */
#ifndef ACTI_LINK_H
#define ACTI_LINK_H

#include "acta/store.h"

#define ACTI_TYPE_OF_LINKS "$link"

enum { ACTI_LINK_SIZE = 24 };

typedef struct acti_link {
    uint64_t position, stream_id, version; /* of the original */
} acti_link;

/* False: the event is no link. */
bool acti_link_decode(const acta_recorded *event, acti_link *link_out);

/* Can the original be read as an event of its own stream? ACTA_NOT_FOUND: its stream is deleted for good, or it lies behind
 * the stream's limits; ACTA_DELETED: its stream is softly deleted. `error` says so. */
acta_status acti_link_check(acta_store *store, const acti_link *link, acta_error *error);

#endif
