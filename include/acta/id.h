/*
 * Ids and digests: 16 bytes that name a command, a correlation, a cause; 32 bytes that stand for a payload.
 */
#ifndef ACTA_ID_H
#define ACTA_ID_H

#include <stdint.h>

#include "acta/environment.h"
#include "acta/str.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ACTA_ID_SIZE = 16, ACTA_ID_TEXT_SIZE = 37, ACTA_DIGEST_SIZE = 32 };

/* All zero: no id. */
typedef struct acta_id {
    uint8_t bytes[ACTA_ID_SIZE];
} acta_id;

typedef struct acta_digest {
    uint8_t bytes[ACTA_DIGEST_SIZE];
} acta_digest;

/* An id from the user's own name for the thing ("payment-17"): equal names give equal ids. BLAKE2b, 16 bytes. */
ACTA_API acta_id acta_id_of(acta_str name);

/* A fresh random id (UUID version 4). */
ACTA_API acta_id acta_id_random(const acta_random *random);

ACTA_API bool acta_id_is_none(acta_id id);
ACTA_API bool acta_id_equal(acta_id a, acta_id b);

/* The id as 8-4-4-4-12 hexadecimal digits and a NUL; `text` has ACTA_ID_TEXT_SIZE bytes. Returns `text`. */
ACTA_API const char *acta_id_format(acta_id id, char *text);

/* Read what acta_id_format wrote. ACTA_INVALID otherwise; `id_out` is written on success only. */
ACTA_API acta_status acta_id_parse(acta_str text, acta_id *id_out, acta_error *error);

/* BLAKE2b of 32 bytes over the parts one after the other, each preceded by its length (so that parts can't run into
 * each other). `parts` may be NULL when count is 0. */
ACTA_API acta_digest acta_digest_of(const acta_bytes *parts, size_t count);

#ifdef __cplusplus
}
#endif
#endif
