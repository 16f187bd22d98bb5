/*
 * Page: some records that were committed together, as they lie in the log: one key, the position of the first of them.
 *
 *     | crc | size | format, counts | first position | recorded at | chain |   the front
 *     | types: id, schema hash … | offsets of the records …                |
 *     | record | record | record …                                          |
 *
 *     record   | crc | flags | type, stream, version … as varints | ids | names | metadata | tags | payload |
 *     stub     | crc | flags | type, stream, version … as varints | ids | names | digests |
 *
 * docs/format.md has it to the byte. Each record has a sum of its own, over its position too, so that one can be read alone.
 * A page of format 1 is one record with its wide header (record.h), read as a page of one.
 *
 * What of a page is chained (chain.h) is its core: what would be left if all its records were stubs.
 */
#ifndef ACTI_PAGE_H
#define ACTI_PAGE_H

#include "acta/chain.h"

#include "record.h"

enum {
    ACTI_PAGE_FORMAT = 2,
    ACTI_PAGE_HEADER = 64,
    ACTI_PAGE_TYPE_SIZE = 4 + 8,
    ACTI_PAGE_RECORDS_MAX = 256,
    ACTI_PAGE_TYPES_MAX = 64,
    ACTI_PAGE_FRONT_MAX = ACTI_PAGE_HEADER + ACTI_PAGE_TYPES_MAX * ACTI_PAGE_TYPE_SIZE + 2 * ACTI_PAGE_RECORDS_MAX,
    ACTI_PAGE_BYTES = 4 << 10,      /* of records, unless they are few */
    ACTI_PAGE_BYTES_MAX = 16 << 10, /* of few records; a larger one has a page for itself */
    ACTI_PAGE_RECORDS_FEW = 16,
    ACTI_PAGE_RECORD_HEAD = 256, /* a record without names, metadata, tags and payload is smaller */
    ACTI_PAGE_CORE_HEAD = 8 + 8 + 4
};

/* -- reading -- */

/* A page that was found sound but for its records. Views of its bytes. */
typedef struct acti_page {
    const uint8_t *bytes;
    uint64_t first; /* position */
    uint32_t count, type_count;
    const uint8_t *types, *offsets, *records;
    size_t records_size;
    int64_t recorded_at_us;
    bool is_old; /* of format 1 */
    acta_bytes value;
} acti_page;

/* Look at a value of the log. ACTA_CORRUPT names position and damage; ACTA_UNSUPPORTED a newer format. */
acta_status acti_page_open(acta_bytes key, acta_bytes value, acti_page *page_out, acta_error *error);

static inline uint64_t
acti_page_last(const acti_page *page)
{
    return page->first + page->count - 1;
}

/* The record at a position, which is one of the page's; checked. Views of the page. */
acta_status acti_page_record(const acti_page *page, uint64_t position, acti_record_view *view_out, acta_error *error);

/* Of a stub at a position of the page: the digest of what lay beside its event; zeros: nothing did. */
acta_digest acti_page_stub_beside(const acti_page *page, uint64_t position);

/* A record as it lies in its page, and what of it stands in the page's front. Views. */
typedef struct acti_page_piece {
    acta_bytes record;
    const uint8_t *type; /* ACTI_PAGE_TYPE_SIZE bytes */
    int64_t recorded_at_us;
} acti_page_piece;

/* acti_page_record, and the record as it lies there; of a stub and of format 1 its record.data is NULL. */
acta_status acti_page_record_piece(const acti_page *page, uint64_t position, acti_record_view *view_out,
    acti_page_piece *piece_out, acta_error *error);

/* Of an event. False: it is a stub, of format 1, damaged, or not of this page. */
bool acti_page_take(const acti_page *page, uint64_t position, acti_page_piece *piece_out);
/* The same as acti_page_record says, of a piece that lies elsewhere. */
acta_status acti_page_piece_read(
    const acti_page_piece *piece, uint64_t position, acti_record_view *view_out, acta_error *error);

/* The chain's value behind the page. */
acta_digest acti_page_chain_value(const acti_page *page);

/* What follows from a page and the value before it; reads all of its records. `room` has acti_page_core_size bytes. */
size_t acti_page_core_size(const acti_page *page);
acta_status acti_page_chain_on(
    const acti_page *page, const acta_digest *before, uint8_t *room, acta_digest *chain_out, acta_error *error);
/* The core itself; returns its size. */
acta_status acti_page_core(const acti_page *page, uint8_t *room, size_t *size_out, acta_error *error);

/* A core, read again. */
typedef struct acti_core {
    uint64_t first, next;
    int64_t recorded_at_us;
    uint32_t left, type_count; /* records that come yet; types */
    const uint8_t *types, *at, *end;
} acti_core;
bool acti_core_open(acta_bytes bytes, acti_core *core_out); /* false: it is none */
/* While some are left. False: it makes no sense. */
bool acti_core_next(acti_core *core, acta_chained *event_out);

/* -- rewriting -- */

/* The same page with stubs in the place of some records: bit i of `dead` stands for the i-th. `room` has
 * acti_page_stubs_size bytes, for as many stubs; *size_out is what was used. */
size_t acti_page_stubs_size(const acti_page *page, uint32_t count);
acta_status acti_page_make_stubs(
    const acti_page *page, const uint64_t *dead, uint8_t *room, size_t *size_out, acta_error *error);

/* The page as it would be had only its first `count` records been written, behind a page whose chain is `before`. `room` has
 * the page's size, `core` acti_page_core_size bytes. */
acta_status acti_page_cut(const acti_page *page, uint32_t count, const acta_digest *before, uint8_t *room,
    uint8_t *core, size_t *size_out, acta_error *error);

/* -- writing -- */

typedef struct acti_page_writer {
    acta_allocator allocator;
    uint8_t *bytes; /* room for the front, and the records */
    size_t room;    /* of bytes */
    uint8_t *core;  /* room for the core of any page */
    size_t records_size, core_size;
    uint32_t count, type_count;
    uint64_t first;
    int64_t recorded_at_us;
    acta_digest chain; /* behind the page finished last */
    struct {
        uint32_t id;
        uint64_t schema_hash;
    } types[ACTI_PAGE_TYPES_MAX];
    uint16_t offsets[ACTI_PAGE_RECORDS_MAX];
} acti_page_writer;

bool acti_page_writer_init(acti_page_writer *writer, const acta_allocator *allocator); /* false: no memory */
void acti_page_writer_deinit(acti_page_writer *writer);
/* Room for a record of `size` bytes in memory, whatever the page holds; false: no memory. */
bool acti_page_writer_reserve(acti_page_writer *writer, size_t size);
/* Does a record (sealed, in memory) fit into the page that is being filled? An empty page takes any. */
bool acti_page_writer_fits(const acti_page_writer *writer, const uint8_t *record);
void acti_page_writer_add(acti_page_writer *writer, const uint8_t *record);
/* The page, until the next add; moves the chain on, and begins an empty one. Not for an empty page. */
acta_bytes acti_page_writer_finish(acti_page_writer *writer);

#endif
