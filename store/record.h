/*
 * Record: one event as it lies in the log family. Format version 1 (docs/format.md):
 *
 *      0                            152
 *     +----------------------------+---------+----------+------+-------------+-----------+
 *     | header                     | payload | metadata | tags | stream name | type name |
 *     +----------------------------+---------+----------+------+-------------+-----------+
 *       header crc: bytes 4 to 151, and the names                the names only with
 *       payload crc: payload, metadata, tags                     ACTI_RECORD_NAMES
 *
 * The writer of the event fills all that it knows (acti_record_prepare); whoever commits adds the place in the log, and
 * these very bytes go into the batch (acti_record_seal). The names are stored with the first record of a stream and of a
 * type, so that the log alone is enough to make every index again.
 */
#ifndef ACTI_RECORD_H
#define ACTI_RECORD_H

#include "acta/store.h"

#include "keys.h"

enum {
    ACTI_RECORD_AT_HEADER_CRC = 0,
    ACTI_RECORD_AT_PAYLOAD_CRC = 4,
    ACTI_RECORD_AT_FORMAT = 8,
    ACTI_RECORD_AT_KIND = 9,
    ACTI_RECORD_AT_FLAGS = 10,
    ACTI_RECORD_AT_TYPE_ID = 12,
    ACTI_RECORD_AT_POSITION = 16,
    ACTI_RECORD_AT_STREAM_ID = 24,
    ACTI_RECORD_AT_VERSION = 32,
    ACTI_RECORD_AT_SCHEMA_HASH = 40,
    ACTI_RECORD_AT_RECORDED_AT = 48,
    ACTI_RECORD_AT_CORRELATION = 56,
    ACTI_RECORD_AT_CAUSATION = 72,
    ACTI_RECORD_AT_COMMAND = 88,
    ACTI_RECORD_AT_DIGEST = 104,
    ACTI_RECORD_AT_METADATA_SIZE = 136,
    ACTI_RECORD_AT_PAYLOAD_SIZE = 140,
    ACTI_RECORD_AT_STREAM_SIZE = 144,
    ACTI_RECORD_AT_TYPE_SIZE = 146,
    ACTI_RECORD_AT_TAGS_SIZE = 148,    /* an event: 16 bits, then 16 of zero */
    ACTI_RECORD_AT_STUBBED_TYPE = 148, /* a stub: the type id that it had */
    ACTI_RECORD_HEADER = 152,

    ACTI_RECORD_FORMAT = 1,
    ACTI_RECORD_NAMES = 1 /* flag: the names follow */
};

/* Where in the log an event comes to lie: the part of its record that only the committer knows. */
typedef struct acti_place {
    uint64_t position;
    uint64_t stream_id;
    uint64_t version;
    uint32_t type_id;
    int64_t recorded_at_us;
    acta_id command_id;
    bool names; /* store the names too */
} acti_place;

/* A record, read back and found sound. Views of its bytes; stream and type are absent unless the names are there. */
typedef struct acti_record_view {
    acta_recorded event;
    uint32_t type_id; /* a stub: that of the event it replaced */
} acti_record_view;

/* Bytes of a record in memory, names included. */
size_t acti_record_size(acta_str stream, const acta_event *event, size_t payload_size);

/* What lies between header and names: payload, metadata, tags. */
static inline size_t
acti_record_body_size(const uint8_t *bytes)
{
    size_t tags = bytes[ACTI_RECORD_AT_KIND] == ACTA_RECORD_STUB ? 0 : acti_get_le16(bytes + ACTI_RECORD_AT_TAGS_SIZE);
    return (size_t)acti_get_le32(bytes + ACTI_RECORD_AT_PAYLOAD_SIZE) +
           acti_get_le32(bytes + ACTI_RECORD_AT_METADATA_SIZE) + tags;
}

/* The tags of an event; each is a byte of size, and that many bytes. */
acta_bytes acti_record_tags(const uint8_t *bytes);
/* The next tag of `*tags`, which moves on; false at the end, or where they are damaged. */
bool acti_tag_next(acta_bytes *tags, acta_str *tag_out);
/* Are all of some tags among others? */
bool acti_tags_have(acta_bytes tags, acta_bytes wanted);

/* Write everything but the payload, its digest and its crc, and the place. */
void acti_record_prepare(uint8_t *bytes, acta_str stream, const acta_event *event, size_t payload_size);

/* The payload is there: write its digest, and that of what lies beside it. */
void acti_record_digest(uint8_t *bytes);

/* Write the place. */
void acti_record_seal(uint8_t *bytes, const acti_place *place);

/* Has it metadata or tags? The digest of both; zeros when it hasn't. */
bool acti_record_has_beside(const uint8_t *bytes);
acta_digest acti_record_beside(const uint8_t *bytes);
acta_digest acti_beside_digest(acta_bytes metadata, acta_bytes tags);

/* What is left of a sound record when its event is removed; a stub gives itself. */
size_t acti_record_stub_size(const uint8_t *bytes);
void acti_record_make_stub(const uint8_t *bytes, uint8_t *stub);

/* Read a record. `position` is the one it was found at. ACTA_CORRUPT names position and damage; ACTA_UNSUPPORTED. */
acta_status acti_record_read(acta_bytes bytes, uint64_t position, acti_record_view *view_out, acta_error *error);

/* Copy what a record holds to `room`, of acti_record_copy_size bytes, aligned for its payload's sake; the view is of the
 * copy from then on, and has no names. */
size_t acti_record_copy_size(const acti_record_view *view);
void acti_record_copy(acti_record_view *view, uint8_t *room);

/* The same for a record in memory, sealed, with its names behind it: nothing to check. */
acta_recorded acti_record_in_memory(const uint8_t *bytes);

#endif
