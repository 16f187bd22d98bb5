/*
 * Page writer: the page that the committer fills, record by record.
 *
 *     bytes   [ room for the front | types, offsets put here at the end -> ][ record | record | … ]
 *     core    [ head | types put here at the end ][ record as a stub | … ]
 *
 * Front and types are put right before the records once their number is known, so that nothing is moved.
 */
#include "acta/crc.h"

#include "chain.h"
#include "page_record.h"
#include "varint.h"

enum {
    TYPES_BYTES_MAX = ACTI_PAGE_TYPES_MAX * ACTI_PAGE_TYPE_SIZE,
    CORE_FRONT_MAX = ACTI_PAGE_CORE_HEAD + TYPES_BYTES_MAX,
    NAMES_BYTES_MAX = ACTI_PAGE_BYTES_MAX + ACTA_STREAM_NAME_MAX + ACTA_TYPE_NAME_MAX,
    CORE_ROOM = CORE_FRONT_MAX + ACTI_PAGE_RECORDS_MAX * ACTI_PAGE_RECORD_HEAD + NAMES_BYTES_MAX,
    ROOM_FIRST = ACTI_PAGE_FRONT_MAX + 2 * ACTI_PAGE_BYTES_MAX
};

uint8_t *
acti_page_put_head(uint8_t *to, const page_record *r)
{
    *to++ = r->flags;
    to = acti_put_varint(to, r->type_index);
    to = acti_put_varint(to, r->stream_id);
    to = acti_put_varint(to, r->version);
    if ((r->flags & RECORD_LATER) != 0) to = acti_put_varint(to, r->later_us);
    if ((r->flags & RECORD_CORRELATION) != 0) to = mempcpy(to, r->correlation_id.bytes, ACTA_ID_SIZE);
    if ((r->flags & RECORD_CAUSATION) != 0) to = mempcpy(to, r->causation_id.bytes, ACTA_ID_SIZE);
    if ((r->flags & RECORD_COMMAND) != 0) to = mempcpy(to, r->command_id.bytes, ACTA_ID_SIZE);
    if ((r->flags & RECORD_NAMES) == 0) return to;
    to = acti_put_varint(to, r->stream.size);
    to = acti_put_varint(to, r->type.size);
    to = mempcpy(to, r->stream.data, r->stream.size);
    return mempcpy(to, r->type.data, r->type.size);
}

uint8_t *
acti_page_put_core(uint8_t *to, const page_record *r, const acta_digest *payload, const acta_digest *beside)
{
    page_record stub = *r;

    stub.flags |= RECORD_STUB;
    to = acti_page_put_head(to, &stub);
    to = mempcpy(to, payload->bytes, ACTA_DIGEST_SIZE);
    if ((r->flags & RECORD_BESIDE) != 0) to = mempcpy(to, beside->bytes, ACTA_DIGEST_SIZE);
    return to;
}

uint32_t
acti_page_record_crc(uint64_t position, const uint8_t *record, size_t size)
{
    uint8_t place[8];

    acti_put_le64(place, position);
    return acta_crc32c(acta_crc32c(0, place, sizeof place), record + RECORD_CRC, size - RECORD_CRC);
}

void
acti_page_put_front(uint8_t *front, uint32_t count, uint32_t type_count, size_t records_size, uint64_t first,
    int64_t recorded_at_us, const acta_digest *chain)
{
    size_t size = ACTI_PAGE_HEADER + type_count * ACTI_PAGE_TYPE_SIZE + 2 * count;

    acti_put_le32(front + 4, (uint32_t)records_size);
    front[8] = ACTI_PAGE_FORMAT;
    front[9] = (uint8_t)type_count;
    acti_put_le16(front + 10, (uint16_t)count);
    acti_put_le32(front + 12, 0);
    acti_put_le64(front + 16, first);
    acti_put_le64(front + 24, (uint64_t)recorded_at_us);
    memcpy(front + 32, chain->bytes, ACTA_DIGEST_SIZE);
    acti_put_le32(front, acta_crc32c(0, front + 4, size - 4));
}

void
acti_page_put_core_head(uint8_t *core, uint64_t first, int64_t recorded_at_us, uint32_t count, uint32_t type_count)
{
    acti_put_le64(core, first);
    acti_put_le64(core + 8, (uint64_t)recorded_at_us);
    acti_put_le16(core + 16, (uint16_t)count);
    acti_put_le16(core + 18, (uint16_t)type_count);
}

/* -- the writer -- */

bool
acti_page_writer_init(acti_page_writer *writer, const acta_allocator *allocator)
{
    *writer = (acti_page_writer){ .allocator = *allocator };
    writer->core = allocator->alloc(allocator->user, CORE_ROOM);
    writer->core_size = CORE_FRONT_MAX;
    return writer->core != NULL && acti_page_writer_reserve(writer, 0);
}

void
acti_page_writer_deinit(acti_page_writer *writer)
{
    const acta_allocator *allocator = &writer->allocator;

    if (writer->core != NULL) allocator->free(allocator->user, writer->core, CORE_ROOM);
    if (writer->bytes != NULL) allocator->free(allocator->user, writer->bytes, writer->room);
    writer->core = writer->bytes = NULL;
}

bool
acti_page_writer_reserve(acti_page_writer *writer, size_t size)
{
    const acta_allocator *allocator = &writer->allocator;
    size_t needed = ROOM_FIRST + ACTI_PAGE_RECORD_HEAD + size;

    if (writer->room >= needed) return true;
    uint8_t *bytes = allocator->alloc(allocator->user, needed);
    if (bytes == NULL) return false;
    if (writer->bytes != NULL) {
        memcpy(bytes, writer->bytes, ACTI_PAGE_FRONT_MAX + writer->records_size);
        allocator->free(allocator->user, writer->bytes, writer->room);
    }
    writer->bytes = bytes;
    writer->room = needed;
    return true;
}

static size_t
names_size_of(const uint8_t *record)
{
    if ((acti_get_le16(record + ACTI_RECORD_AT_FLAGS) & ACTI_RECORD_NAMES) == 0) return 0;
    return (size_t)acti_get_le16(record + ACTI_RECORD_AT_STREAM_SIZE) +
           acti_get_le16(record + ACTI_RECORD_AT_TYPE_SIZE);
}

bool
acti_page_writer_fits(const acti_page_writer *writer, const uint8_t *record)
{
    size_t size = ACTI_PAGE_RECORD_HEAD + acti_record_body_size(record) + names_size_of(record);
    size_t bytes_max = writer->count < ACTI_PAGE_RECORDS_FEW ? ACTI_PAGE_BYTES_MAX : ACTI_PAGE_BYTES;

    if (writer->count == 0) return true;
    return writer->count < ACTI_PAGE_RECORDS_MAX && writer->type_count < ACTI_PAGE_TYPES_MAX &&
           writer->records_size + size <= bytes_max;
}

static uint32_t
type_index(acti_page_writer *writer, uint32_t id, uint64_t schema_hash)
{
    uint32_t i = 0;

    while (i < writer->type_count && (writer->types[i].id != id || writer->types[i].schema_hash != schema_hash))
        i++;
    if (i < writer->type_count) return i;
    writer->types[i].id = id;
    writer->types[i].schema_hash = schema_hash;
    writer->type_count++;
    return i;
}

static acta_id
id_at(const uint8_t *bytes)
{
    acta_id id;
    memcpy(id.bytes, bytes, sizeof id.bytes);
    return id;
}

static page_record
head_of(acti_page_writer *writer, const uint8_t *record)
{
    const char *names = (const char *)record + ACTI_RECORD_HEADER + acti_record_body_size(record);
    page_record r = {
        .type_index = type_index(
            writer, acti_get_le32(record + ACTI_RECORD_AT_TYPE_ID), acti_get_le64(record + ACTI_RECORD_AT_SCHEMA_HASH)),
        .stream_id = acti_get_le64(record + ACTI_RECORD_AT_STREAM_ID),
        .version = acti_get_le64(record + ACTI_RECORD_AT_VERSION),
        .later_us = acti_get_le64(record + ACTI_RECORD_AT_RECORDED_AT) - (uint64_t)writer->recorded_at_us,
        .correlation_id = id_at(record + ACTI_RECORD_AT_CORRELATION),
        .causation_id = id_at(record + ACTI_RECORD_AT_CAUSATION),
        .command_id = id_at(record + ACTI_RECORD_AT_COMMAND),
        .stream = acta_str_from(names, acti_get_le16(record + ACTI_RECORD_AT_STREAM_SIZE)),
    };

    r.type = acta_str_from(names + r.stream.size, acti_get_le16(record + ACTI_RECORD_AT_TYPE_SIZE));
    if (names_size_of(record) > 0) r.flags |= RECORD_NAMES;
    if (!acta_id_is_none(r.correlation_id)) r.flags |= RECORD_CORRELATION;
    if (!acta_id_is_none(r.causation_id)) r.flags |= RECORD_CAUSATION;
    if (!acta_id_is_none(r.command_id)) r.flags |= RECORD_COMMAND;
    if (acti_record_has_beside(record)) r.flags |= RECORD_BESIDE;
    if (record[ACTI_RECORD_AT_KIND] == ACTA_RECORD_STUB) r.flags |= RECORD_STUB;
    if (r.later_us != 0) r.flags |= RECORD_LATER;
    return r;
}

/* One that is imported has the digest of what lay beside it where an event has its metadata. */
static acta_digest
beside_of_stub(const uint8_t *record)
{
    acta_digest beside = { { 0 } };

    if (acti_record_has_beside(record)) memcpy(beside.bytes, record + ACTI_RECORD_HEADER, ACTA_DIGEST_SIZE);
    return beside;
}

static uint8_t *
put_event(uint8_t *to, const page_record *r, const uint8_t *record)
{
    size_t payload_size = acti_get_le32(record + ACTI_RECORD_AT_PAYLOAD_SIZE);
    size_t metadata_size = acti_get_le32(record + ACTI_RECORD_AT_METADATA_SIZE);
    size_t tags_size = acti_get_le16(record + ACTI_RECORD_AT_TAGS_SIZE);
    const uint8_t *body = record + ACTI_RECORD_HEADER;

    to = acti_page_put_head(to, r);
    if ((r->flags & RECORD_BESIDE) != 0) {
        to = acti_put_varint(to, metadata_size);
        to = acti_put_varint(to, tags_size);
        to = mempcpy(to, body + payload_size, metadata_size + tags_size);
    }
    return mempcpy(to, body, payload_size);
}

void
acti_page_writer_add(acti_page_writer *writer, const uint8_t *record)
{
    uint64_t position = acti_get_le64(record + ACTI_RECORD_AT_POSITION);
    uint8_t *begin = writer->bytes + ACTI_PAGE_FRONT_MAX + writer->records_size;
    bool is_stub = record[ACTI_RECORD_AT_KIND] == ACTA_RECORD_STUB;
    acta_digest digest, beside = is_stub ? beside_of_stub(record) : acti_record_beside(record);

    memcpy(digest.bytes, record + ACTI_RECORD_AT_DIGEST, ACTA_DIGEST_SIZE);
    if (writer->count == 0) {
        writer->first = position;
        writer->recorded_at_us = (int64_t)acti_get_le64(record + ACTI_RECORD_AT_RECORDED_AT);
    }
    page_record r = head_of(writer, record);
    uint8_t *to = is_stub ? acti_page_put_core(begin + RECORD_CRC, &r, &digest, &beside)
                          : put_event(begin + RECORD_CRC, &r, record);
    size_t size = (size_t)(to - begin);
    acti_put_le32(begin, acti_page_record_crc(position, begin, size));

    to = acti_page_put_core(writer->core + writer->core_size, &r, &digest, &beside);
    writer->core_size = (size_t)(to - writer->core);
    writer->offsets[writer->count++] = (uint16_t)writer->records_size;
    writer->records_size += size;
}

static uint8_t *
put_types(const acti_page_writer *writer, uint8_t *to)
{
    for (uint32_t i = 0; i < writer->type_count; i++, to += ACTI_PAGE_TYPE_SIZE) {
        acti_put_le32(to, writer->types[i].id);
        acti_put_le64(to + 4, writer->types[i].schema_hash);
    }
    return to;
}

acta_bytes
acti_page_writer_finish(acti_page_writer *writer)
{
    size_t types_size = writer->type_count * ACTI_PAGE_TYPE_SIZE;
    size_t front_size = ACTI_PAGE_HEADER + types_size + 2 * writer->count;
    uint8_t *core = writer->core + CORE_FRONT_MAX - types_size - ACTI_PAGE_CORE_HEAD;
    uint8_t *front = writer->bytes + ACTI_PAGE_FRONT_MAX - front_size;

    acti_page_put_core_head(core, writer->first, writer->recorded_at_us, writer->count, writer->type_count);
    put_types(writer, core + ACTI_PAGE_CORE_HEAD);
    acta_bytes whole_core = acta_bytes_from(core, writer->core_size - (size_t)(core - writer->core));
    writer->chain = acti_chain_next(&writer->chain, whole_core);

    uint8_t *to = put_types(writer, front + ACTI_PAGE_HEADER);
    for (uint32_t i = 0; i < writer->count; i++, to += 2)
        acti_put_le16(to, writer->offsets[i]);
    acti_page_put_front(front, writer->count, writer->type_count, writer->records_size, writer->first,
        writer->recorded_at_us, &writer->chain);

    acta_bytes page = acta_bytes_from(front, front_size + writer->records_size);
    writer->count = writer->type_count = 0;
    writer->records_size = 0;
    writer->core_size = CORE_FRONT_MAX;
    return page;
}
