/*
 * Fuzz: any bytes, read as a record of the log. A damaged disk may hand over anything; reading it never reaches outside
 * the bytes, and what is found sound is sound: its views lie inside, and it reads the same again.
 *
 * Checksums would hide everything behind them, so every other input gets right ones.
 */
#include "acta/crc.h"
#include "record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put_u32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t
get_u32(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

/* Make the checksums fit, as far as the sizes in the header lead. */
static void
mend_checksums(uint8_t *bytes, size_t size)
{
    if (size < ACTI_RECORD_HEADER) return;
    size_t rest = size - ACTI_RECORD_HEADER;
    size_t payload = get_u32(bytes + ACTI_RECORD_AT_PAYLOAD_SIZE);
    size_t metadata = get_u32(bytes + ACTI_RECORD_AT_METADATA_SIZE);
    if (payload > rest || metadata > rest - payload) return;

    size_t body = payload + metadata;
    put_u32(bytes + ACTI_RECORD_AT_PAYLOAD_CRC, acta_crc32c(0, bytes + ACTI_RECORD_HEADER, body));
    uint32_t crc = acta_crc32c(0, bytes + 4, ACTI_RECORD_HEADER - 4);
    crc = acta_crc32c(crc, bytes + ACTI_RECORD_HEADER + body, rest - body);
    put_u32(bytes + ACTI_RECORD_AT_HEADER_CRC, crc);
}

static void
must_lie_inside(const void *part, size_t part_size, const uint8_t *bytes, size_t size)
{
    const uint8_t *at = part;
    if (part_size == 0) return;
    if (at < bytes || at > bytes + size || part_size > (size_t)(bytes + size - at)) abort();
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

    uint8_t *bytes = malloc(size > 0 ? size : 1); /* its own block: the sanitizer sees a byte too far */
    if (bytes == NULL) return 0;
    memcpy(bytes, data, size);
    if (mend) mend_checksums(bytes, size);

    acti_record_view view;
    acta_error error;
    acta_status status = acti_record_read(acta_bytes_from(bytes, size), position, &view, &error);
    if (status == ACTA_OK) {
        must_lie_inside(view.event.payload.data, view.event.payload.size, bytes, size);
        must_lie_inside(view.event.metadata.data, view.event.metadata.size, bytes, size);
        must_lie_inside(view.event.stream.data, view.event.stream.size, bytes, size);
        must_lie_inside(view.event.type.data, view.event.type.size, bytes, size);
        if (view.event.position != position) abort();
    } else if (status != ACTA_CORRUPT && status != ACTA_UNSUPPORTED) {
        abort();
    }
    free(bytes);
    return 0;
}
