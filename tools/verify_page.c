/*
 * Verify: records, out of pages of format 2 and wide records of format 1; and the chain over pages.
 */
#include "verify.h"

#include <stdlib.h>

#include "acta/crc.h"

enum {
    OLD_HEADER = 152,
    OLD_NAMES = 1,
    OLD_SCHEMA = 40,
    PAGE_HEADER = 64,
    TYPE_SIZE = 12,
    CORE_HEAD = 20,
    HEAD_MAX = 256, /* of a record, without its names */

    NAMES = 1,
    CORRELATION = 2,
    CAUSATION = 4,
    COMMAND = 8,
    STUB = 16,
    BESIDE = 32,
    LATER = 64
};

/* -- format 1 -- */

static record
decode_old(const uint8_t *r)
{
    record rec = {
        .stub = r[9] == 1,
        .names = (little(r + 10, 2) & OLD_NAMES) != 0,
        .type_id = r[9] == 1 ? little(r + 148, 4) : little(r + 12, 4),
        .schema_hash = r[9] == 1 ? 0 : little(r + OLD_SCHEMA, 8),
        .position = little(r + 16, 8),
        .page = little(r + 16, 8),
        .stream_id = little(r + 24, 8),
        .version = little(r + 32, 8),
        .recorded_at_us = (int64_t)little(r + 48, 8),
        .tags_size = r[9] == 1 ? 0 : little(r + 148, 2),
        .metadata_size = little(r + 136, 4),
        .payload_size = little(r + 140, 4),
        .stream_size = little(r + 144, 2),
        .type_size = little(r + 146, 2),
        .payload = r + OLD_HEADER,
    };

    rec.metadata = rec.payload + rec.payload_size;
    rec.tags = rec.metadata + rec.metadata_size;
    rec.stream = rec.tags + rec.tags_size;
    rec.type = rec.stream + rec.stream_size;
    return rec;
}

/* Are the bytes what they were? What is wrong is told; then nothing else of the record is believed. */
static bool
read_old(verify *v, uint64_t position, const uint8_t *r, size_t size, record *out)
{
    if (size < OLD_HEADER || r[8] != 1) {
        damaged(v, "position %" PRIu64 ": no record of format 1 (%zu bytes)", position, size);
        return false;
    }
    record rec = decode_old(r);
    size_t names_at = OLD_HEADER + rec.payload_size + rec.metadata_size + rec.tags_size;
    size_t names_size = rec.names ? rec.stream_size + rec.type_size : 0;
    if (size != names_at + names_size) {
        damaged(v, "position %" PRIu64 ": %zu bytes, its header says %zu", position, size, names_at + names_size);
        return false;
    }
    if (acta_crc32c(acta_crc32c(0, r + 4, OLD_HEADER - 4), r + names_at, names_size) != little(r, 4)) {
        damaged(v, "position %" PRIu64 ": the checksum of its header", position);
        return false;
    }
    if (acta_crc32c(0, r + OLD_HEADER, names_at - OLD_HEADER) != little(r + 4, 4)) {
        damaged(v, "position %" PRIu64 ": the checksum of its payload", position);
        return false;
    }
    acta_bytes payload = acta_bytes_from(rec.payload, rec.payload_size);
    acta_digest digest = acta_digest_of(&payload, 1);
    if (!rec.stub && memcmp(r + 104, digest.bytes, ACTA_DIGEST_SIZE) != 0) {
        damaged(v, "position %" PRIu64 ": the digest of its payload", position);
        return false;
    }
    if (rec.position != position) damaged(v, "position %" PRIu64 ": its header says %" PRIu64, position, rec.position);
    *out = rec;
    return true;
}

/* -- format 2 -- */

typedef struct page {
    const uint8_t *bytes, *types, *offsets, *records;
    size_t type_count, count, records_size;
    uint64_t first;
    int64_t recorded_at_us;
} page;

static bool
open_page(verify *v, uint64_t position, const uint8_t *bytes, size_t size, page *out)
{
    page p = { .bytes = bytes,
        .type_count = bytes[9],
        .count = little(bytes + 10, 2),
        .records_size = little(bytes + 4, 4),
        .first = little(bytes + 16, 8),
        .recorded_at_us = (int64_t)little(bytes + 24, 8) };
    size_t front = PAGE_HEADER + p.type_count * TYPE_SIZE + p.count * 2;

    if (p.count == 0 || size != front + p.records_size) {
        damaged(
            v, "position %" PRIu64 ": a page of %zu bytes, its front says %zu", position, size, front + p.records_size);
        return false;
    }
    if (acta_crc32c(0, bytes + 4, front - 4) != little(bytes, 4)) {
        damaged(v, "position %" PRIu64 ": the checksum of its page's front", position);
        return false;
    }
    if (p.first != position) damaged(v, "position %" PRIu64 ": its page says %" PRIu64, position, p.first);
    p.types = bytes + PAGE_HEADER;
    p.offsets = p.types + p.type_count * TYPE_SIZE;
    p.records = bytes + front;
    *out = p;
    return true;
}

/* A reader of one record's bytes; false in `fine` once they ended too early. */
typedef struct bytes_reader {
    const uint8_t *at, *end;
    bool fine;
} bytes_reader;

static const uint8_t *
take(bytes_reader *b, uint64_t size)
{
    const uint8_t *taken = b->at;

    if (!b->fine || (uint64_t)(b->end - b->at) < size) {
        b->fine = false;
        return b->end;
    }
    b->at += size;
    return taken;
}

uint64_t
take_number(const uint8_t **at, const uint8_t *end, bool *fine)
{
    uint64_t value = 0;

    for (int shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    *fine = false;
    return 0;
}

static uint64_t
number(bytes_reader *b)
{
    return take_number(&b->at, b->end, &b->fine);
}

/* What of a record is in its page's core too, up to its digests. */
static void
read_head(bytes_reader *b, const page *p, record *rec, uint8_t *flags_out, uint64_t *type_index_out)
{
    uint8_t flags = *take(b, 1);

    *type_index_out = number(b);
    rec->stream_id = number(b);
    rec->version = number(b);
    uint64_t later_us = (flags & LATER) != 0 ? number(b) : 0;
    b->fine = b->fine && later_us <= (uint64_t)INT64_MAX - (uint64_t)p->recorded_at_us; /* there is such a time */
    rec->recorded_at_us = (int64_t)((uint64_t)p->recorded_at_us + later_us);
    for (int id = CORRELATION; id <= COMMAND; id *= 2)
        if ((flags & id) != 0) take(b, 16);
    rec->names = (flags & NAMES) != 0;
    rec->stub = (flags & STUB) != 0;
    *flags_out = flags;
    if (!rec->names) return;
    rec->stream_size = number(b);
    rec->type_size = number(b);
    rec->stream = take(b, rec->stream_size);
    rec->type = take(b, rec->type_size);
}

static uint8_t *
append(uint8_t *to, const void *bytes, size_t size)
{
    memcpy(to, bytes, size);
    return to + size;
}

/* The record at `i`; and what the core has of it, which goes to `*core`. */
static bool
read_new(verify *v, const page *p, size_t i, record *out, uint8_t **core)
{
    uint64_t position = p->first + i, type_index;
    size_t from = little(p->offsets + 2 * i, 2);
    size_t to = i + 1 < p->count ? little(p->offsets + 2 * i + 2, 2) : p->records_size;
    uint8_t place[8], flags;

    if (to > p->records_size || from + 5 > to) {
        damaged(v, "position %" PRIu64 ": its place in its page", position);
        return false;
    }
    for (int k = 0; k < 8; k++)
        place[k] = (uint8_t)(position >> (8 * k));
    const uint8_t *bytes = p->records + from;
    if (acta_crc32c(acta_crc32c(0, place, 8), bytes + 4, to - from - 4) != little(bytes, 4)) {
        damaged(v, "position %" PRIu64 ": its checksum", position);
        return false;
    }
    bytes_reader b = { .at = bytes + 4, .end = p->records + to, .fine = true };
    record rec = { .position = position, .page = p->first };
    read_head(&b, p, &rec, &flags, &type_index);
    size_t head_size = (size_t)(b.at - bytes) - 4;
    acta_digest digest, beside = { { 0 } };
    const uint8_t *digests = b.at;
    if (rec.stub)
        take(&b, (flags & BESIDE) != 0 ? 64 : 32);
    else {
        if ((flags & BESIDE) != 0) {
            rec.metadata_size = number(&b);
            rec.tags_size = number(&b);
        }
        rec.metadata = take(&b, rec.metadata_size);
        rec.tags = take(&b, rec.tags_size);
        rec.payload_size = (size_t)(b.end - b.at);
        rec.payload = take(&b, rec.payload_size);
    }
    if (!b.fine || b.at != b.end || type_index >= p->type_count) {
        damaged(v, "position %" PRIu64 ": it makes no sense, though its checksum fits", position);
        return false;
    }
    rec.type_id = little(p->types + type_index * TYPE_SIZE, 4);
    rec.schema_hash = little(p->types + type_index * TYPE_SIZE + 4, 8);
    *out = rec;

    const acta_bytes payload = acta_bytes_from(rec.payload, rec.payload_size),
                     others[] = { acta_bytes_from(rec.metadata, rec.metadata_size),
                         acta_bytes_from(rec.tags, rec.tags_size) };
    **core = flags | STUB;
    *core = append(*core + 1, bytes + 5, head_size - 1);
    digest = acta_digest_of(&payload, 1);
    *core = append(*core, rec.stub ? digests : digest.bytes, 32);
    if ((flags & BESIDE) == 0) return true;
    if (!rec.stub) beside = acta_digest_of(others, 2);
    *core = append(*core, rec.stub ? digests + 32 : beside.bytes, 32);
    return true;
}

/* The chain goes on with a page, whose core is from `core` to `end`. */
static void
check_chain(verify *v, const page *p, const uint8_t *core, const uint8_t *end)
{
    acta_bytes parts[2] = { acta_bytes_from(core, (size_t)(end - core)) };
    acta_digest digest = acta_digest_of(parts, 1);

    parts[0] = acta_bytes_from(v->chain.bytes, 32);
    parts[1] = acta_bytes_from(digest.bytes, 32);
    digest = acta_digest_of(parts, 2);
    if (memcmp(digest.bytes, p->bytes + 32, 32) != 0)
        damaged(v, "positions %" PRIu64 " to %" PRIu64 ": the chain is broken", p->first, p->first + p->count - 1);
    memcpy(v->chain.bytes, p->bytes + 32, 32);
    v->is_chained = true;
}

static void
read_page(verify *v, const page *p, void (*take_record)(verify *v, const record *rec))
{
    uint8_t *core = malloc(CORE_HEAD + p->type_count * TYPE_SIZE + p->count * HEAD_MAX + p->records_size), *end = core;
    bool all_sound = core != NULL;

    if (core == NULL) {
        damaged(v, "position %" PRIu64 ": there is no memory to look at its page", p->first);
        return;
    }
    end = append(end, p->bytes + 16, 16); /* first position, recorded at */
    end = append(end, p->bytes + 10, 2);  /* how many */
    end = append(end, p->bytes + 9, 1);   /* of how many types, in 2 bytes */
    end = append(end, "", 1);
    end = append(end, p->types, p->type_count * TYPE_SIZE);
    for (size_t i = 0; i < p->count; i++) {
        record rec;
        if (read_new(v, p, i, &rec, &end))
            take_record(v, &rec);
        else
            all_sound = false;
    }
    if (all_sound)
        check_chain(v, p, core, end);
    else
        memcpy(v->chain.bytes, p->bytes + 32, 32);
    free(core);
}

uint64_t
read_records(
    verify *v, uint64_t position, const uint8_t *bytes, size_t size, void (*take_record)(verify *v, const record *rec))
{
    page p;
    record rec;

    if (size > 8 && bytes[8] > 2) {
        damaged(v, "position %" PRIu64 ": format %u, this program knows 1 and 2", position, bytes[8]);
        return position;
    }
    if (size < PAGE_HEADER || bytes[8] != 2) {
        if (read_old(v, position, bytes, size, &rec)) take_record(v, &rec);
        return position;
    }
    if (!open_page(v, position, bytes, size, &p)) return position;
    read_page(v, &p, take_record);
    return position + p.count - 1;
}
