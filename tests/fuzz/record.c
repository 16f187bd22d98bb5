/*
 * FZ-01: any bytes, read as a page of the log, or as a record of format 1. A damaged disk may hand over anything; reading it
 * never reaches outside the bytes, what is found sound is sound: its views lie inside, its core and its stubs can be made,
 * and stubs leave the core as it was.
 *
 * Checksums would hide everything behind them, so every other input gets right ones.
 */
#include "acta/crc.h"
#include "page.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Make the checksums fit, as far as the sizes in a header of format 1 lead. */
static void
mend_old(uint8_t *bytes, size_t size)
{
    if (size < ACTI_RECORD_HEADER) return;
    size_t rest = size - ACTI_RECORD_HEADER;
    size_t payload = acti_get_le32(bytes + ACTI_RECORD_AT_PAYLOAD_SIZE);
    size_t metadata = acti_get_le32(bytes + ACTI_RECORD_AT_METADATA_SIZE);
    if (payload > rest || metadata > rest - payload) return;

    size_t body = payload + metadata;
    acti_put_le32(bytes + ACTI_RECORD_AT_PAYLOAD_CRC, acta_crc32c(0, bytes + ACTI_RECORD_HEADER, body));
    uint32_t crc = acta_crc32c(0, bytes + 4, ACTI_RECORD_HEADER - 4);
    crc = acta_crc32c(crc, bytes + ACTI_RECORD_HEADER + body, rest - body);
    acti_put_le32(bytes + ACTI_RECORD_AT_HEADER_CRC, crc);
}

/* The same for a page: its front's, and its records', as far as the offsets lead. */
static void
mend_page(uint8_t *bytes, size_t size, uint64_t position)
{
    if (size < ACTI_PAGE_HEADER) return;
    size_t count = acti_get_le16(bytes + 10), front = ACTI_PAGE_HEADER + bytes[9] * ACTI_PAGE_TYPE_SIZE + 2 * count;
    if (front > size) return;
    acti_put_le32(bytes + 4, (uint32_t)(size - front));
    acti_put_le64(bytes + 16, position);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *offset = bytes + front - 2 * (count - i);
        size_t from = acti_get_le16(offset), to = i + 1 < count ? acti_get_le16(offset + 2) : size - front;
        uint8_t place[8];
        if (from + 4 > to || to > size - front) continue;
        acti_put_le64(place, position + i);
        uint8_t *record = bytes + front + from;
        acti_put_le32(record, acta_crc32c(acta_crc32c(0, place, sizeof place), record + 4, to - from - 4));
    }
    acti_put_le32(bytes, acta_crc32c(0, bytes + 4, front - 4));
}

static void
must_lie_inside(const void *part, size_t part_size, const uint8_t *bytes, size_t size)
{
    const uint8_t *at = part;
    if (part_size == 0) return;
    if (at < bytes || at > bytes + size || part_size > (size_t)(bytes + size - at)) abort();
}

static void
must_be_damage(acta_status status)
{
    if (status != ACTA_OK && status != ACTA_CORRUPT && status != ACTA_UNSUPPORTED) abort();
}

/* True: all of its records are sound. */
static bool
read_records(const acti_page *page, const uint8_t *bytes, size_t size)
{
    bool all = true;

    for (uint64_t position = page->first; position <= acti_page_last(page); position++) {
        acti_record_view view;
        acta_error error;
        acta_status status = acti_page_record(page, position, &view, &error);
        must_be_damage(status);
        all = all && status == ACTA_OK;
        if (status != ACTA_OK) continue;
        must_lie_inside(view.event.payload.data, view.event.payload.size, bytes, size);
        must_lie_inside(view.event.metadata.data, view.event.metadata.size, bytes, size);
        must_lie_inside(view.event.tags.data, view.event.tags.size, bytes, size);
        must_lie_inside(view.event.stream.data, view.event.stream.size, bytes, size);
        must_lie_inside(view.event.type.data, view.event.type.size, bytes, size);
        if (view.event.position != position) abort();
    }
    return all;
}

static void
put_stubs(const acti_page *page, acta_bytes key)
{
    static uint64_t every[UINT16_MAX / 64 + 1];
    size_t size, core_size, stubs_core_size;
    acti_page stubs;
    acta_error error;

    if (page->is_old || page->count > ACTI_PAGE_RECORDS_MAX) return;
    memset(every, 0xff, sizeof every);
    uint8_t *room = malloc(acti_page_stubs_size(page, page->count)), *core = malloc(acti_page_core_size(page));
    if (room == NULL || core == NULL) abort();
    if (acti_page_make_stubs(page, every, room, &size, &error) != ACTA_OK) abort();
    if (acti_page_core(page, core, &core_size, &error) != ACTA_OK) abort();
    if (acti_page_open(key, acta_bytes_from(room, size), &stubs, &error) != ACTA_OK) abort();
    uint8_t *stubs_core = malloc(acti_page_core_size(&stubs));
    if (stubs_core == NULL || acti_page_core(&stubs, stubs_core, &stubs_core_size, &error) != ACTA_OK) abort();
    if (stubs_core_size != core_size || memcmp(stubs_core, core, core_size) != 0) abort();
    free(room);
    free(core);
    free(stubs_core);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 9) return 0;
    bool mend = data[0] & 1;
    uint64_t position;
    memcpy(&position, data + 1, sizeof position);
    data += 9;
    size -= 9;
    if (position == 0 || position > UINT64_MAX - UINT16_MAX) return 0; /* a log is shorter */

    uint8_t *bytes = malloc(size > 0 ? size : 1); /* its own block: the sanitizer sees a byte too far */
    if (bytes == NULL) return 0;
    memcpy(bytes, data, size);
    if (mend && size > 8 && bytes[8] == ACTI_PAGE_FORMAT)
        mend_page(bytes, size, position);
    else if (mend)
        mend_old(bytes, size);

    acti_key log_key = acti_log_key(position);
    acti_page page;
    acta_error error;
    acta_status status = acti_page_open(acti_key_view(&log_key), acta_bytes_from(bytes, size), &page, &error);
    must_be_damage(status);
    if (status == ACTA_OK && read_records(&page, bytes, size)) put_stubs(&page, acti_key_view(&log_key));
    free(bytes);
    return 0;
}
