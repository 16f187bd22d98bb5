/*
 * Changes of a stream that are no events of it: deleted, restored, limited.
 *
 *     "$streams"        [$stream: 1 soft deleted | 2 hard deleted | 3 restored | 4 limited | 5 metadata]     the log tells each of them
 *     ACTI_STREAMS      m, id -> deleted, and how      l, id -> limits      s, id -> the version up to which stubs lie
 *
 * Each is recorded as an event in a stream of the store's own, so that readers of the whole log see it and the rows can be
 * made again. Where a row and an event of it meet, they have the same 48 bytes (docs/format.md).
 */
#ifndef ACTI_STREAM_CHANGE_H
#define ACTI_STREAM_CHANGE_H

#include "acta/store.h"

#include "keys.h"
#include "names.h"

#define ACTI_STREAM_OF_CHANGES "$streams"
#define ACTI_TYPE_OF_CHANGES   "$stream"

typedef enum acti_change_kind {
    ACTI_CHANGE_NONE = 0,
    ACTI_CHANGE_SOFT_DELETED = 1,
    ACTI_CHANGE_HARD_DELETED = 2,
    ACTI_CHANGE_RESTORED = 3,
    ACTI_CHANGE_LIMITED = 4,
    ACTI_CHANGE_METADATA = 5
} acti_change_kind;

typedef struct acti_change {
    acti_change_kind kind;
    uint64_t stream_id;
    uint64_t version;          /* of the stream when it was changed */
    acta_stream_limits limits; /* LIMITED */
    uint64_t metadata_version; /* METADATA: which this is */
    uint64_t name_size;        /* METADATA: of the stream's name, behind which they lie */
} acti_change;

enum {
    ACTI_CHANGE_SIZE = 48,                       /* in the event, before the stream's name */
    ACTI_CHANGE_ROW_SIZE = ACTI_CHANGE_SIZE + 4, /* with its sum */
    ACTI_SCRUBBED_SIZE = 8 + 4
};

/* streams: 'm' deleted, 'l' limits, 's' how far it was scrubbed, 'd' metadata */
static inline acti_key
acti_change_key(char what, uint64_t stream_id)
{
    acti_key key = acti_id_key(stream_id);
    key.bytes[0] = (uint8_t)what;
    return key;
}

void acti_change_encode(const acti_change *change, uint8_t *bytes);
/* False: it is none. */
bool acti_change_decode(acta_bytes bytes, acti_change *change_out);

/* What the row 'm' or 'l' of a stream says; kind NONE when there is none. */
acta_status acti_change_read(
    acta_store *store, char what, uint64_t stream_id, acti_change *change_out, acta_error *error);

/* The first version of a stream that its limits leave; `last` + 1 when they leave none. */
acta_status acti_first_visible(
    acta_store *store, uint64_t stream_id, uint64_t last, uint64_t *first_out, acta_error *error);

/* Ask for a change in a transaction; `more` goes behind the name in its event. Keeps what is wrong with the name. */
void acti_change_ask(acta_transaction *transaction, acta_str stream, uint64_t expected_version,
    const acti_change *change, acta_bytes more);

/* Put a change's rows into the batch under way. Whoever holds the role. */
void acti_change_put_rows(acta_store *store, const acti_change *change);

/* stream_metadata.c; whoever holds the role */
/* Know which version a stream's metadata are at. */
acta_status acti_stream_metadata_version(acta_store *store, acti_stream *stream, acta_error *error);
/* Put the row of a METADATA change; `payload` is its event's. */
void acti_stream_metadata_put(acta_store *store, const acti_change *change, acta_bytes payload);

#endif
