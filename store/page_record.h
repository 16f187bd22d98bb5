/*
 * What page.c and page_writer.c share: how a record begins.
 */
#ifndef ACTI_PAGE_RECORD_H
#define ACTI_PAGE_RECORD_H

#include "page.h"

enum {
    RECORD_NAMES = 1,
    RECORD_CORRELATION = 2,
    RECORD_CAUSATION = 4,
    RECORD_COMMAND = 8,
    RECORD_STUB = 16,
    RECORD_BESIDE = 32, /* metadata or tags, or, in a stub, the digest of what they were */
    RECORD_LATER = 64,  /* recorded later than the page's first */
    RECORD_UNKNOWN = 128,
    RECORD_CRC = 4
};

/* What stands at the beginning of a record, in any form. */
typedef struct page_record {
    uint8_t flags;
    uint32_t type_index;
    uint64_t stream_id, version, later_us;
    acta_id correlation_id, causation_id, command_id;
    acta_str stream, type; /* with NAMES */
} page_record;

/* Write it behind the crc; returns where it ends. Names are not in it. */
uint8_t *acti_page_put_head(uint8_t *to, const page_record *r);
/* Write what is left of a record in a core: head, names, digests. */
uint8_t *acti_page_put_core(uint8_t *to, const page_record *r, const acta_digest *payload, const acta_digest *beside);

/* The sum of a record: over its position, and its bytes behind the sum. */
uint32_t acti_page_record_crc(uint64_t position, const uint8_t *record, size_t size);

/* The front of a page whose offsets and types are written: everything before them, and its sum. */
void acti_page_put_front(uint8_t *front, uint32_t count, uint32_t type_count, size_t records_size, uint64_t first,
    int64_t recorded_at_us, const acta_digest *chain);
void acti_page_put_core_head(
    uint8_t *core, uint64_t first, int64_t recorded_at_us, uint32_t count, uint32_t type_count);

#endif
