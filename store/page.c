/*
 * Page: reading what page_writer.c wrote, and putting stubs into it.
 */
#include "page.h"

#include <inttypes.h>

#include "acta/crc.h"

#include "chain.h"
#include "page_record.h"
#include "varint.h"

/* -- the front -- */

static acta_status
damaged(uint64_t position, const char *what, acta_error *error)
{
    return acta_error_set(error, ACTA_CORRUPT, "the event at position %" PRIu64 " is damaged: %s", position, what);
}

/* A record of format 1: a page of its own. */
static acta_status
open_old(acti_page *page, acta_error *error)
{
    if (page->value.size < ACTI_RECORD_HEADER) return damaged(page->first, "less than a header", error);
    page->is_old = true;
    page->count = 1;
    page->recorded_at_us = (int64_t)acti_get_le64(page->bytes + ACTI_RECORD_AT_RECORDED_AT);
    return ACTA_OK;
}

acta_status
acti_page_open(acta_bytes key, acta_bytes value, acti_page *page_out, acta_error *error)
{
    if (key.size != 8) return acta_error_set(error, ACTA_CORRUPT, "a key of the log has %zu bytes", key.size);
    acti_page page = { .bytes = value.data, .first = acti_get_be64(key.data), .value = value };
    const uint8_t *bytes = value.data;

    if (value.size < ACTI_PAGE_HEADER) return damaged(page.first, "less than a header", error);
    uint32_t format = bytes[8];
    if (format > ACTI_PAGE_FORMAT)
        return acta_error_set(error, ACTA_UNSUPPORTED,
            "the event at position %" PRIu64 " has record format %u, this program reads up to %d", page.first, format,
            ACTI_PAGE_FORMAT);
    if (format < ACTI_PAGE_FORMAT) {
        acta_status status = open_old(&page, error);
        *page_out = page;
        return status;
    }

    page.type_count = bytes[9];
    page.count = acti_get_le16(bytes + 10);
    page.records_size = acti_get_le32(bytes + 4);
    page.recorded_at_us = (int64_t)acti_get_le64(bytes + 24);
    size_t front_size = ACTI_PAGE_HEADER + page.type_count * ACTI_PAGE_TYPE_SIZE + 2 * page.count;
    if (page.count == 0 || page.count > ACTI_PAGE_RECORDS_MAX || value.size < front_size ||
        value.size - front_size != page.records_size)
        return damaged(page.first, "its page is not as long as it says", error);
    if (acta_crc32c(0, bytes + 4, front_size - 4) != acti_get_le32(bytes))
        return damaged(page.first, "the checksum of its page's front", error);
    if (acti_get_le64(bytes + 16) != page.first)
        return acta_error_set(error, ACTA_CORRUPT,
            "the event at position %" PRIu64 " is damaged: it says that it is at %" PRIu64, page.first,
            acti_get_le64(bytes + 16));
    page.types = bytes + ACTI_PAGE_HEADER;
    page.offsets = page.types + page.type_count * ACTI_PAGE_TYPE_SIZE;
    page.records = bytes + front_size;
    *page_out = page;
    return ACTA_OK;
}

acta_digest
acti_page_chain_value(const acti_page *page)
{
    acta_digest chain = { { 0 } };

    if (!page->is_old) memcpy(chain.bytes, page->bytes + 32, ACTA_DIGEST_SIZE);
    return chain;
}

/* -- records -- */

/* A record, taken apart. */
typedef struct parts {
    page_record head;
    acta_bytes payload, metadata, tags;
    acta_digest payload_digest, beside_digest; /* of a stub */
    int64_t recorded_at_us;
} parts;

static bool
take(const uint8_t **at, const uint8_t *end, size_t size, acta_bytes *out)
{
    if ((size_t)(end - *at) < size) return false;
    *out = acta_bytes_from(*at, size);
    *at += size;
    return true;
}

static bool
take_id(const uint8_t **at, const uint8_t *end, acta_id *id_out)
{
    acta_bytes bytes;

    if (!take(at, end, ACTA_ID_SIZE, &bytes)) return false;
    memcpy(id_out->bytes, bytes.data, ACTA_ID_SIZE);
    return true;
}

static bool
take_digest(const uint8_t **at, const uint8_t *end, acta_digest *digest_out)
{
    acta_bytes bytes;

    if (!take(at, end, ACTA_DIGEST_SIZE, &bytes)) return false;
    memcpy(digest_out->bytes, bytes.data, ACTA_DIGEST_SIZE);
    return true;
}

static bool
take_names(const uint8_t **at, const uint8_t *end, page_record *r)
{
    uint64_t stream_size, type_size;
    acta_bytes stream, type;

    if (!acti_get_varint(at, end, &stream_size) || !acti_get_varint(at, end, &type_size) ||
        stream_size > ACTA_STREAM_NAME_MAX || type_size > ACTA_TYPE_NAME_MAX || !take(at, end, stream_size, &stream) ||
        !take(at, end, type_size, &type))
        return false;
    r->stream = acta_str_from(stream.data, stream.size);
    r->type = acta_str_from(type.data, type.size);
    return true;
}

static bool
take_head(const uint8_t **at, const uint8_t *end, page_record *r)
{
    uint64_t type_index;

    if (*at == end || (**at & RECORD_UNKNOWN) != 0) return false;
    r->flags = *(*at)++;
    if (!acti_get_varint(at, end, &type_index) || !acti_get_varint(at, end, &r->stream_id) ||
        !acti_get_varint(at, end, &r->version) || type_index > UINT8_MAX)
        return false;
    r->type_index = (uint32_t)type_index;
    if ((r->flags & RECORD_LATER) != 0 && !acti_get_varint(at, end, &r->later_us)) return false;
    if ((r->flags & RECORD_CORRELATION) != 0 && !take_id(at, end, &r->correlation_id)) return false;
    if ((r->flags & RECORD_CAUSATION) != 0 && !take_id(at, end, &r->causation_id)) return false;
    if ((r->flags & RECORD_COMMAND) != 0 && !take_id(at, end, &r->command_id)) return false;
    return (r->flags & RECORD_NAMES) == 0 || take_names(at, end, r);
}

/* The time that lies `later_us` after a page's own; false: no such time. In unsigned numbers, which any sum fits. */
static bool
time_after(int64_t page_us, uint64_t later_us, int64_t *time_out_us)
{
    if (later_us > (uint64_t)INT64_MAX - (uint64_t)page_us) return false;
    *time_out_us = (int64_t)((uint64_t)page_us + later_us);
    return true;
}

/* What a stub ends with. */
static bool
take_digests(const uint8_t **at, const uint8_t *end, parts *p)
{
    return take_digest(at, end, &p->payload_digest) &&
           ((p->head.flags & RECORD_BESIDE) == 0 || take_digest(at, end, &p->beside_digest));
}

static bool
take_apart(const uint8_t *at, const uint8_t *end, parts *p)
{
    uint64_t metadata_size = 0, tags_size = 0;
    bool has_beside;

    memset(p, 0, sizeof *p);
    if (!take_head(&at, end, &p->head)) return false;
    has_beside = (p->head.flags & RECORD_BESIDE) != 0;
    if ((p->head.flags & RECORD_STUB) != 0)
        return take_digest(&at, end, &p->payload_digest) && (!has_beside || take_digest(&at, end, &p->beside_digest)) &&
               at == end;
    if (has_beside && (!acti_get_varint(&at, end, &metadata_size) || !acti_get_varint(&at, end, &tags_size) ||
                          !take(&at, end, metadata_size, &p->metadata) || !take(&at, end, tags_size, &p->tags)))
        return false;
    return take(&at, end, (size_t)(end - at), &p->payload);
}

/* The bytes of the record at `i`, if the offsets make sense. */
static bool
record_bytes(const acti_page *page, uint32_t i, acta_bytes *bytes_out)
{
    size_t from = acti_get_le16(page->offsets + 2 * i);
    size_t to = i + 1 < page->count ? acti_get_le16(page->offsets + 2 * (i + 1)) : page->records_size;

    if (to > page->records_size || from + RECORD_CRC > to) return false;
    *bytes_out = acta_bytes_from(page->records + from, to - from);
    return true;
}

static acta_status
read_parts(const acti_page *page, uint32_t i, parts *p, acta_error *error)
{
    uint64_t position = page->first + i;
    acta_bytes bytes;

    if (!record_bytes(page, i, &bytes)) return damaged(position, "its place in its page", error);
    if (acti_page_record_crc(position, bytes.data, bytes.size) != acti_get_le32(bytes.data))
        return damaged(position, "its checksum", error);
    if (!take_apart(bytes.data + RECORD_CRC, bytes.data + bytes.size, p) || p->head.type_index >= page->type_count ||
        !time_after(page->recorded_at_us, p->head.later_us, &p->recorded_at_us))
        return damaged(position, "it makes no sense, though its checksum fits", error);
    return ACTA_OK;
}

/* `type` has ACTI_PAGE_TYPE_SIZE bytes. */
static void
view_of(const parts *p, uint64_t position, const uint8_t *type, int64_t recorded_at_us, acti_record_view *view_out)
{
    view_out->type_id = acti_get_le32(type);
    view_out->event = (acta_recorded){
        .position = position,
        .version = p->head.version,
        .stream_id = p->head.stream_id,
        .stream = p->head.stream,
        .type = p->head.type,
        .schema_hash = acti_get_le64(type + 4),
        .kind = (p->head.flags & RECORD_STUB) != 0 ? ACTA_RECORD_STUB : ACTA_RECORD_EVENT,
        .recorded_at_us = recorded_at_us,
        .command_id = p->head.command_id,
        .correlation_id = p->head.correlation_id,
        .causation_id = p->head.causation_id,
        .digest = p->payload_digest,
        .payload = p->payload,
        .metadata = p->metadata,
        .tags = p->tags,
    };
}

static const uint8_t *
type_of(const acti_page *page, const parts *p)
{
    return page->types + p->head.type_index * ACTI_PAGE_TYPE_SIZE;
}

acta_status
acti_page_record(const acti_page *page, uint64_t position, acti_record_view *view_out, acta_error *error)
{
    parts p;

    if (page->is_old) return acti_record_read(page->value, position, view_out, error);
    acta_status status = read_parts(page, (uint32_t)(position - page->first), &p, error);
    if (status != ACTA_OK) return status;
    view_of(&p, position, type_of(page, &p), p.recorded_at_us, view_out);
    return ACTA_OK;
}

acta_digest
acti_page_stub_beside(const acti_page *page, uint64_t position)
{
    parts p = { .payload = { NULL, 0 } };
    acta_error ignored;

    if (page->is_old || read_parts(page, (uint32_t)(position - page->first), &p, &ignored) != ACTA_OK)
        memset(&p.beside_digest, 0, sizeof p.beside_digest);
    return p.beside_digest;
}

/* -- one record, away from its page -- */

/* A record whose parts were read. False: it is a stub. */
static bool
piece_of(const acti_page *page, uint32_t i, const parts *p, acti_page_piece *piece_out)
{
    piece_out->record.data = NULL;
    if ((p->head.flags & RECORD_STUB) != 0 || !record_bytes(page, i, &piece_out->record)) return false;
    piece_out->type = type_of(page, p);
    piece_out->recorded_at_us = p->recorded_at_us;
    return true;
}

bool
acti_page_take(const acti_page *page, uint64_t position, acti_page_piece *piece_out)
{
    uint32_t i = (uint32_t)(position - page->first);
    acta_error ignored;
    parts p;

    if (page->is_old || i >= page->count || read_parts(page, i, &p, &ignored) != ACTA_OK) return false;
    return piece_of(page, i, &p, piece_out);
}

acta_status
acti_page_record_piece(
    const acti_page *page, uint64_t position, acti_record_view *view_out, acti_page_piece *piece_out, acta_error *error)
{
    uint32_t i = (uint32_t)(position - page->first);
    parts p;

    piece_out->record.data = NULL;
    if (page->is_old) return acti_record_read(page->value, position, view_out, error);
    acta_status status = read_parts(page, i, &p, error);
    if (status != ACTA_OK) return status;
    view_of(&p, position, type_of(page, &p), p.recorded_at_us, view_out);
    piece_of(page, i, &p, piece_out);
    return ACTA_OK;
}

acta_status
acti_page_piece_read(const acti_page_piece *piece, uint64_t position, acti_record_view *view_out, acta_error *error)
{
    acta_bytes bytes = piece->record;
    parts p;

    if (bytes.size < RECORD_CRC || acti_page_record_crc(position, bytes.data, bytes.size) != acti_get_le32(bytes.data))
        return damaged(position, "the checksum of its copy by stream", error);
    if (!take_apart(bytes.data + RECORD_CRC, bytes.data + bytes.size, &p))
        return damaged(position, "its copy by stream makes no sense, though its checksum fits", error);
    view_of(&p, position, piece->type, piece->recorded_at_us, view_out);
    return ACTA_OK;
}

/* -- cores and stubs -- */

/* A record as it would be in a core, its digests made where they aren't stored. */
static uint8_t *
put_core(uint8_t *to, const parts *p)
{
    if ((p->head.flags & RECORD_STUB) != 0)
        return acti_page_put_core(to, &p->head, &p->payload_digest, &p->beside_digest);
    acta_digest payload = acta_digest_of(&p->payload, 1), beside = { { 0 } };
    if ((p->head.flags & RECORD_BESIDE) != 0) beside = acti_beside_digest(p->metadata, p->tags);
    return acti_page_put_core(to, &p->head, &payload, &beside);
}

size_t
acti_page_core_size(const acti_page *page)
{
    return ACTI_PAGE_CORE_HEAD + page->type_count * ACTI_PAGE_TYPE_SIZE + (size_t)page->count * ACTI_PAGE_RECORD_HEAD +
           page->records_size;
}

acta_status
acti_page_core(const acti_page *page, uint8_t *room, size_t *size_out, acta_error *error)
{
    uint8_t *to = room + ACTI_PAGE_CORE_HEAD;
    acta_status status = ACTA_OK;
    parts p;

    acti_page_put_core_head(room, page->first, page->recorded_at_us, page->count, page->type_count);
    to = mempcpy(to, page->types, page->type_count * ACTI_PAGE_TYPE_SIZE);
    for (uint32_t i = 0; i < page->count && status == ACTA_OK; i++) {
        status = read_parts(page, i, &p, error);
        if (status == ACTA_OK) to = put_core(to, &p);
    }
    *size_out = (size_t)(to - room);
    return status;
}

acta_status
acti_page_chain_on(
    const acti_page *page, const acta_digest *before, uint8_t *room, acta_digest *chain_out, acta_error *error)
{
    size_t size;
    acta_status status = acti_page_core(page, room, &size, error);

    if (status == ACTA_OK) *chain_out = acti_chain_next(before, acta_bytes_from(room, size));
    return status;
}

bool
acti_core_open(acta_bytes bytes, acti_core *core_out)
{
    if (bytes.size < ACTI_PAGE_CORE_HEAD) return false;
    acti_core core = { .first = acti_get_le64(bytes.data),
        .recorded_at_us = (int64_t)acti_get_le64(bytes.data + 8),
        .left = acti_get_le16(bytes.data + 16),
        .type_count = acti_get_le16(bytes.data + 18),
        .types = bytes.data + ACTI_PAGE_CORE_HEAD,
        .end = bytes.data + bytes.size };
    core.next = core.first;
    if (core.left == 0 || (size_t)(core.end - core.types) < (size_t)core.type_count * ACTI_PAGE_TYPE_SIZE) return false;
    core.at = core.types + (size_t)core.type_count * ACTI_PAGE_TYPE_SIZE;
    *core_out = core;
    return true;
}

bool
acti_core_next(acti_core *core, acta_chained *event_out)
{
    parts p = { .payload = { NULL, 0 } };

    if (!take_head(&core->at, core->end, &p.head) || (p.head.flags & RECORD_STUB) == 0 ||
        p.head.type_index >= core->type_count || !take_digests(&core->at, core->end, &p) ||
        !time_after(core->recorded_at_us, p.head.later_us, &p.recorded_at_us))
        return false;
    const uint8_t *type = core->types + (size_t)p.head.type_index * ACTI_PAGE_TYPE_SIZE;
    *event_out = (acta_chained){ .position = core->next++,
        .stream_id = p.head.stream_id,
        .version = p.head.version,
        .type_id = acti_get_le32(type),
        .schema_hash = acti_get_le64(type + 4),
        .recorded_at_us = p.recorded_at_us,
        .command_id = p.head.command_id,
        .correlation_id = p.head.correlation_id,
        .causation_id = p.head.causation_id,
        .stream = p.head.stream,
        .type = p.head.type,
        .payload = p.payload_digest,
        .beside = p.beside_digest };
    return --core->left > 0 || core->at == core->end;
}

static bool
is_dead(const uint64_t *dead, uint32_t i)
{
    return (dead[i / 64] >> (i % 64) & 1) != 0;
}

size_t
acti_page_stubs_size(const acti_page *page, uint32_t count)
{
    if (page->is_old) return acti_record_stub_size(page->bytes);
    return page->value.size + (size_t)count * 2 * ACTA_DIGEST_SIZE;
}

acta_status
acti_page_make_stubs(const acti_page *page, const uint64_t *dead, uint8_t *room, size_t *size_out, acta_error *error)
{
    acta_status status = ACTA_OK;
    acta_bytes bytes;
    parts p;

    if (page->is_old) {
        *size_out = acti_record_stub_size(page->bytes);
        acti_record_make_stub(page->bytes, room);
        return ACTA_OK;
    }
    uint8_t *records = room + (page->records - page->bytes), *to = records;
    memcpy(room, page->bytes, (size_t)(page->records - page->bytes));
    for (uint32_t i = 0; i < page->count && status == ACTA_OK; i++) {
        uint8_t *begin = to;
        acti_put_le16(room + (page->offsets - page->bytes) + 2 * (size_t)i, (uint16_t)(begin - records));
        status = read_parts(page, i, &p, error);
        if (status != ACTA_OK) break;
        if (is_dead(dead, i)) {
            to = put_core(begin + RECORD_CRC, &p);
            acti_put_le32(begin, acti_page_record_crc(page->first + i, begin, (size_t)(to - begin)));
        } else if (record_bytes(page, i, &bytes)) {
            to = mempcpy(to, bytes.data, bytes.size);
        }
    }
    acta_digest chain = acti_page_chain_value(page);
    acti_page_put_front(
        room, page->count, page->type_count, (size_t)(to - records), page->first, page->recorded_at_us, &chain);
    *size_out = (size_t)(to - room);
    return status;
}

acta_status
acti_page_cut(const acti_page *page, uint32_t count, const acta_digest *before, uint8_t *room, uint8_t *core,
    size_t *size_out, acta_error *error)
{
    size_t types_size = page->type_count * ACTI_PAGE_TYPE_SIZE;
    size_t records_size = count < page->count ? acti_get_le16(page->offsets + 2 * count) : page->records_size;
    uint8_t *offsets = room + ACTI_PAGE_HEADER + types_size, *records = offsets + 2 * (size_t)count;
    acti_key key = acti_log_key(page->first);
    acta_digest chain = *before;
    acti_page cut;

    memcpy(room + ACTI_PAGE_HEADER, page->types, types_size);
    memcpy(offsets, page->offsets, 2 * (size_t)count);
    memcpy(records, page->records, records_size);
    *size_out = (size_t)(records - room) + records_size;
    acti_page_put_front(room, count, page->type_count, records_size, page->first, page->recorded_at_us, &chain);
    acta_status status = acti_page_open(acti_key_view(&key), acta_bytes_from(room, *size_out), &cut, error);
    if (status == ACTA_OK) status = acti_page_chain_on(&cut, before, core, &chain, error);
    acti_page_put_front(room, count, page->type_count, records_size, page->first, page->recorded_at_us, &chain);
    return status;
}
