/*
 * Sealing, by libsodium. See seal.h. libsodium's own random source is never used: randomness comes through the seam.
 */
#include "acta/seal.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

enum {
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES
};

static_assert(ACTA_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "a key of ours is one of libsodium");
static_assert(ACTA_SEAL_OVERHEAD == NONCE_SIZE + TAG_SIZE, "nonce and tag are all that is added");
static_assert(
    crypto_generichash_BYTES_MIN <= NONCE_SIZE && crypto_generichash_BYTES_MAX >= NONCE_SIZE, "a nonce is one hash");

acta_key
acta_key_random(const acta_random *random)
{
    acta_key key;

    random->fill(random->user, key.bytes, sizeof key.bytes);
    return key;
}

void
acta_key_wipe(acta_key *key)
{
    sodium_memzero(key->bytes, sizeof key->bytes);
}

/* Behind a prefix of its own, so that no nonce is ever a digest of acta_keyed_digest_of; lengths keep the parts apart. */
static void
make_nonce(const acta_key *key, acta_bytes context, acta_bytes plain, const acta_random *random, uint8_t *nonce_out)
{
    static const unsigned char prefix[] = "acta nonce";
    crypto_generichash_state state;
    uint8_t fresh[NONCE_SIZE];
    uint64_t context_size = context.size;

    random->fill(random->user, fresh, sizeof fresh);
    crypto_generichash_init(&state, key->bytes, sizeof key->bytes, NONCE_SIZE);
    crypto_generichash_update(&state, prefix, sizeof prefix);
    crypto_generichash_update(&state, fresh, sizeof fresh);
    crypto_generichash_update(&state, (const unsigned char *)&context_size, sizeof context_size);
    crypto_generichash_update(&state, context.data, context.size);
    crypto_generichash_update(&state, plain.data, plain.size);
    crypto_generichash_final(&state, nonce_out, NONCE_SIZE);
    sodium_memzero(&state, sizeof state);
}

void
acta_seal(const acta_key *key, acta_bytes context, acta_bytes plain, const acta_random *random, uint8_t *sealed_out)
{
    make_nonce(key, context, plain, random, sealed_out);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed_out + NONCE_SIZE, NULL, plain.data, plain.size, context.data,
        context.size, NULL, sealed_out, key->bytes);
}

bool
acta_unseal(const acta_key *key, acta_bytes context, acta_bytes sealed, uint8_t *plain_out)
{
    if (sealed.size < ACTA_SEAL_OVERHEAD) return false;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(plain_out, NULL, NULL, sealed.data + NONCE_SIZE,
               sealed.size - NONCE_SIZE, context.data, context.size, sealed.data, key->bytes) == 0;
}

acta_digest
acta_keyed_digest_of(const acta_key *key, acta_bytes bytes)
{
    acta_digest digest;

    crypto_generichash(digest.bytes, sizeof digest.bytes, bytes.data, bytes.size, key->bytes, sizeof key->bytes);
    return digest;
}

/* -- as text -- */

enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

size_t
acta_text_size(size_t bytes_size)
{
    return sodium_base64_encoded_len(bytes_size, VARIANT) - 1;
}

void
acta_text_of(acta_bytes bytes, char *text_out)
{
    sodium_bin2base64(text_out, acta_text_size(bytes.size) + 1, bytes.data, bytes.size, VARIANT);
}

bool
acta_text_parse(acta_str text, uint8_t *bytes_out, size_t *size_out)
{
    const char *end;

    if (text.size == 0) {
        *size_out = 0;
        return true;
    }
    return sodium_base642bin(bytes_out, text.size, text.data, text.size, NULL, size_out, &end, VARIANT) == 0 &&
           end == text.data + text.size;
}
