/*
 * CRC32C (Castagnoli): the checksum of records, marks and messages on disk.
 */
#ifndef ACTA_CRC_H
#define ACTA_CRC_H

#include <stddef.h>
#include <stdint.h>

#include "acta/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The checksum of `size` bytes, going on from `crc`: acta_crc32c(acta_crc32c(0, a, m), b, n) is that of a and b
 * together. Of "123456789", from 0: 0xE3069283. Uses the processor's instruction where it has one.
 *   crc   0 to begin, or what an earlier call returned
 *   data  may be NULL when size is 0
 * Threads: any.
 */
ACTA_API uint32_t acta_crc32c(uint32_t crc, const void *data, size_t size);

#ifdef __cplusplus
}
#endif
#endif
