/*
 * Keys: how what is stored is named inside the families. docs/format.md tells the same to people.
 *
 * Numbers in keys are big-endian, so that the order of bytes is the order of numbers; numbers in values little-endian.
 */
#ifndef ACTI_KEYS_H
#define ACTI_KEYS_H

#include <endian.h>
#include <string.h>

#include "acta/str.h"

static inline void
acti_put_be64(uint8_t *bytes, uint64_t value)
{
    value = htobe64(value);
    memcpy(bytes, &value, sizeof value);
}

static inline uint64_t
acti_get_be64(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return be64toh(value);
}

static inline void
acti_put_le16(uint8_t *bytes, uint16_t value)
{
    value = htole16(value);
    memcpy(bytes, &value, sizeof value);
}

static inline uint16_t
acti_get_le16(const uint8_t *bytes)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    return le16toh(value);
}

static inline void
acti_put_le32(uint8_t *bytes, uint32_t value)
{
    value = htole32(value);
    memcpy(bytes, &value, sizeof value);
}

static inline uint32_t
acti_get_le32(const uint8_t *bytes)
{
    uint32_t value;
    memcpy(&value, bytes, sizeof value);
    return le32toh(value);
}

static inline void
acti_put_le64(uint8_t *bytes, uint64_t value)
{
    value = htole64(value);
    memcpy(bytes, &value, sizeof value);
}

static inline uint64_t
acti_get_le64(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return le64toh(value);
}

/* A key of at most 16 bytes, or with a name behind a tag. */
typedef struct acti_key {
    uint8_t bytes[16];
    uint8_t size;
} acti_key;

static inline acta_bytes
acti_key_view(const acti_key *key)
{
    return acta_bytes_from(key->bytes, key->size);
}

/* log: position of the first record of a page */
static inline acti_key
acti_log_key(uint64_t position)
{
    acti_key key;
    acti_put_be64(key.bytes, position);
    key.size = 8;
    return key;
}

/* index: stream id, first version */
static inline acti_key
acti_index_key(uint64_t stream_id, uint64_t version)
{
    acti_key key;
    acti_put_be64(key.bytes, stream_id);
    acti_put_be64(key.bytes + 8, version);
    key.size = 16;
    return key;
}

/* index: how far it goes. Behind all streams. */
static inline acti_key
acti_index_end_key(void)
{
    return acti_index_key(UINT64_MAX, UINT64_MAX);
}

/* streams and types: 'i', id -> name. ('n', name -> id is made by acti_name_key, which needs room for the name.) */
static inline acti_key
acti_id_key(uint64_t id)
{
    acti_key key;
    key.bytes[0] = 'i';
    acti_put_be64(key.bytes + 1, id);
    key.size = 9;
    return key;
}

enum { ACTI_NAME_KEY_MAX = 1 + 512 };

/* `room` has ACTI_NAME_KEY_MAX bytes. */
static inline acta_bytes
acti_name_key(uint8_t *room, acta_str name)
{
    room[0] = 'n';
    if (name.size > 0) memcpy(room + 1, name.data, name.size);
    return acta_bytes_from(room, name.size + 1);
}

/* meta: 'b', number of the batch -> what it ended at */
static inline acti_key
acti_batch_key(uint64_t batch)
{
    acti_key key;
    key.bytes[0] = 'b';
    acti_put_be64(key.bytes + 1, batch);
    key.size = 9;
    return key;
}

#define ACTI_META_FORMAT   "format"   /* format version, store id, when it was made */
#define ACTI_META_VERIFIED "verified" /* position and batch up to which all was checked once */
#define ACTI_META_IMPORT   "import"   /* rows of an import have not all come: nothing may be written but by an import */
#define ACTI_META_SCHEMA   "schema:"  /* and a schema's name -> its hash */

enum {
    ACTI_FORMAT_VERSION = 2,           /* of a store that is made, or brought up to date */
    ACTI_FORMAT_VERSION_MAX = 3,       /* that can be read: 2, with copies by stream (by_stream.h) */
    ACTI_FORMAT_SIZE = 4 + 16 + 8 + 4, /* version, store id, created at, crc */
    ACTI_VERIFIED_SIZE = 8 + 8 + 4,    /* position, batch, crc */
    ACTI_BATCH_SIZE = 8 + 8 + 4 + 4,   /* last position, recorded at, events, crc */
    ACTI_ID_VALUE_SIZE = 8,            /* of a stream or a type */
    ACTI_CHECKPOINT_SIZE = 8 + 4,      /* position, crc */
};

#endif
