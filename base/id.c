/*
 * Ids and digests, by libsodium's BLAKE2b.
 */
#include "acta/id.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include <sodium.h>

static_assert(crypto_generichash_BYTES_MIN <= ACTA_ID_SIZE, "an id is a short digest");
static_assert(crypto_generichash_BYTES_MAX >= ACTA_DIGEST_SIZE, "a digest is one call");

/* libsodium chooses the fastest code for this processor, once a process; before that it is right, but slower. */
static pthread_once_t sodium_chosen = PTHREAD_ONCE_INIT;

static void
choose_sodium(void)
{
    int done = sodium_init();
    (void)done; /* a failure leaves the portable code in place */
}

static void
put_le64(uint8_t *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

acta_id
acta_id_of(acta_str name)
{
    acta_id id;

    pthread_once(&sodium_chosen, choose_sodium);
    crypto_generichash(id.bytes, sizeof id.bytes, (const unsigned char *)name.data, name.size, NULL, 0);
    return id;
}

acta_id
acta_id_random(const acta_random *random)
{
    acta_id id;

    random->fill(random->user, id.bytes, sizeof id.bytes);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x40);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

bool
acta_id_is_none(acta_id id)
{
    static const acta_id none;
    return memcmp(&id, &none, sizeof id) == 0;
}

bool
acta_id_equal(acta_id a, acta_id b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Is there a dash before this byte? 8-4-4-4-12 digits. */
static bool
dash_before(size_t index)
{
    return index == 4 || index == 6 || index == 8 || index == 10;
}

const char *
acta_id_format(acta_id id, char *text)
{
    static const char digits[] = "0123456789abcdef";
    char *next = text;

    for (size_t i = 0; i < sizeof id.bytes; i++) {
        if (dash_before(i)) *next++ = '-';
        *next++ = digits[id.bytes[i] >> 4];
        *next++ = digits[id.bytes[i] & 15];
    }
    *next = '\0';
    return text;
}

static int
digit_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool
parse_bytes(const char *next, acta_id *id)
{
    for (size_t i = 0; i < sizeof id->bytes; i++) {
        if (dash_before(i) && *next++ != '-') return false;
        int high = digit_value(next[0]);
        int low = digit_value(next[1]);
        if (high < 0 || low < 0) return false;
        id->bytes[i] = (uint8_t)(high << 4 | low);
        next += 2;
    }
    return true;
}

acta_status
acta_id_parse(acta_str text, acta_id *id_out, acta_error *error)
{
    acta_id id;

    if (text.size != ACTA_ID_TEXT_SIZE - 1 || !parse_bytes(text.data, &id))
        return acta_error_set(error, ACTA_INVALID, "cannot read id '%.*s': expected 8-4-4-4-12 hexadecimal digits",
            text.size > 64 ? 64 : (int)text.size, text.data != NULL ? text.data : "");
    *id_out = id;
    return ACTA_OK;
}

/* Bytes on their way into a digest. Few at a time would cost as much as hashing them. */
typedef struct intake {
    crypto_generichash_state state;
    uint8_t waiting[256];
    size_t count;
} intake;

static void
take_in(intake *in, const uint8_t *bytes, size_t size)
{
    if (size > sizeof in->waiting - in->count) {
        crypto_generichash_update(&in->state, in->waiting, in->count);
        in->count = 0;
    }
    if (size > sizeof in->waiting) {
        crypto_generichash_update(&in->state, bytes, size);
        return;
    }
    if (size > 0) memcpy(in->waiting + in->count, bytes, size);
    in->count += size;
}

acta_digest
acta_digest_of(const acta_bytes *parts, size_t count)
{
    acta_digest digest;
    intake in;

    pthread_once(&sodium_chosen, choose_sodium);
    crypto_generichash_init(&in.state, NULL, 0, sizeof digest.bytes);
    in.count = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t length[8];
        put_le64(length, parts[i].size);
        take_in(&in, length, sizeof length);
        take_in(&in, parts[i].data, parts[i].size);
    }
    crypto_generichash_update(&in.state, in.waiting, in.count);
    crypto_generichash_final(&in.state, digest.bytes, sizeof digest.bytes);
    return digest;
}
