/*
 * The official library's word on a buffer, for C.
 */
#ifndef ACTA_TESTS_OFFICIAL_H
#define ACTA_TESTS_OFFICIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tables: shop.Line, Weight, Numbers, Everything, Nothing, OpenCart, LineAdded, Cart; all of kinds.fbs and parts.fbs. */
bool official_accepts(const char *table, const uint8_t *bytes, size_t size);
bool official_accepts_leaves(const uint8_t *bytes, size_t size); /* leaves.All */

#ifdef __cplusplus
}
#endif
#endif
