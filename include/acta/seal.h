/*
 * Sealing: bytes that only the holder of a key can read, and nobody can change or move unseen. XChaCha20-Poly1305 by
 * libsodium (RFC 8439's construction with a nonce of 24 bytes: draft-irtf-cfrg-xchacha-03).
 *
 *     sealed = nonce (24) | ciphertext (as long as the plain bytes) | tag (16)
 *
 * The nonce is a keyed hash of 24 random bytes, the context and the plain bytes. So even where a random source repeats
 * itself (one that a host brings, a machine that was copied while it ran) a nonce is only ever used again for the same
 * bytes in the same context, which gives away that they are the same and nothing else.
 */
#ifndef ACTA_SEAL_H
#define ACTA_SEAL_H

#include <stdbool.h>

#include "acta/environment.h"
#include "acta/id.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ACTA_KEY_SIZE = 32, ACTA_SEAL_OVERHEAD = 40 /* bytes that sealing adds */ };

typedef struct acta_key {
    uint8_t bytes[ACTA_KEY_SIZE];
} acta_key;

/* A fresh key. */
ACTA_API acta_key acta_key_random(const acta_random *random);

/* Overwrite a key that isn't needed any more; not left out by a compiler. */
ACTA_API void acta_key_wipe(acta_key *key);

/*
 * Seal `plain`.
 *   context     what it is and where it belongs; not stored, and needed again to open it
 *   sealed_out  room for plain.size + ACTA_SEAL_OVERHEAD bytes, all of which are written
 * Threads: any.
 */
ACTA_API void acta_seal(
    const acta_key *key, acta_bytes context, acta_bytes plain, const acta_random *random, uint8_t *sealed_out);

/*
 * Open what was sealed.
 *   plain_out  room for sealed.size - ACTA_SEAL_OVERHEAD bytes
 * False: too short, or another key, another context, or changed since; nothing is told apart, and what plain_out holds is
 * of no use. Threads: any.
 */
ACTA_API bool acta_unseal(const acta_key *key, acta_bytes context, acta_bytes sealed, uint8_t *plain_out);

/* BLAKE2b with a key: whoever hasn't the key can't tell what it was made of. For finding equal values. */
ACTA_API acta_digest acta_keyed_digest_of(const acta_key *key, acta_bytes bytes);

/* Bytes as text, 4 characters for 3 bytes, of [A-Za-z0-9_-] (RFC 4648's URL alphabet, without padding). */
ACTA_API size_t acta_text_size(size_t bytes_size); /* of the text */
/* `text_out` has room for acta_text_size(bytes.size) + 1; ends with NUL. */
ACTA_API void acta_text_of(acta_bytes bytes, char *text_out);
/* `bytes_out` has room for text.size bytes. False: it is no such text. */
ACTA_API bool acta_text_parse(acta_str text, uint8_t *bytes_out, size_t *size_out);

#ifdef __cplusplus
}
#endif
#endif
