/*
 * Sealing: opens with its key and its context and with nothing else; a nonce is never used for two texts, even when the
 * random source repeats itself; the construction is libsodium's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "acta/seal.h"

enum { TEXT_MAX = 300, ROOM = TEXT_MAX + ACTA_SEAL_OVERHEAD };

static void
repeat(void *user, void *bytes, size_t size)
{
    (void)user;
    memset(bytes, 7, size);
}

static const acta_random repeating = { .fill = repeat };

static acta_bytes
bytes_of(const char *text)
{
    return acta_bytes_from(text, strlen(text));
}

static void
what_is_sealed_opens_again(void **state)
{
    acta_random random = acta_environment_or_default(NULL).random;
    acta_key key = acta_key_random(&random);
    uint8_t text[TEXT_MAX], sealed[ROOM], opened[TEXT_MAX];
    (void)state;

    for (size_t size = 0; size <= TEXT_MAX; size++) {
        memset(text, (int)size, sizeof text);
        acta_seal(&key, bytes_of("place"), acta_bytes_from(text, size), &random, sealed);
        assert_true(acta_unseal(&key, bytes_of("place"), acta_bytes_from(sealed, size + ACTA_SEAL_OVERHEAD), opened));
        assert_memory_equal(opened, text, size);
    }
}

/* Each bit of it matters, and key, context and length do. */
static void
nothing_else_opens(void **state)
{
    acta_random random = acta_environment_or_default(NULL).random;
    acta_key key = acta_key_random(&random), other = acta_key_random(&random);
    acta_bytes text = bytes_of("a name");
    uint8_t sealed[ROOM], opened[ROOM];
    size_t size = text.size + ACTA_SEAL_OVERHEAD;
    (void)state;

    acta_seal(&key, bytes_of("place"), text, &random, sealed);
    for (size_t bit = 0; bit < size * 8; bit++) {
        sealed[bit / 8] = (uint8_t)(sealed[bit / 8] ^ 1 << bit % 8);
        assert_false(acta_unseal(&key, bytes_of("place"), acta_bytes_from(sealed, size), opened));
        sealed[bit / 8] = (uint8_t)(sealed[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_false(acta_unseal(&key, bytes_of("place"), acta_bytes_from(sealed, cut), opened));
    assert_false(acta_unseal(&other, bytes_of("place"), acta_bytes_from(sealed, size), opened));
    assert_false(acta_unseal(&key, bytes_of("places"), acta_bytes_from(sealed, size), opened));
    assert_false(acta_unseal(&key, bytes_of(""), acta_bytes_from(sealed, size), opened));
    assert_true(acta_unseal(&key, bytes_of("place"), acta_bytes_from(sealed, size), opened));
}

/* With a source that gives the same bytes for ever, nonces differ as soon as text, context or key do. */
static void
a_repeating_source_repeats_no_nonce(void **state)
{
    acta_key key = acta_key_random(&repeating), other = key;
    uint8_t a[ROOM], b[ROOM];
    (void)state;

    other.bytes[0] ^= 1;
    acta_seal(&key, bytes_of("place"), bytes_of("one"), &repeating, a);
    acta_seal(&key, bytes_of("place"), bytes_of("two"), &repeating, b);
    assert_memory_not_equal(a, b, 24);
    acta_seal(&key, bytes_of("elsewhere"), bytes_of("one"), &repeating, b);
    assert_memory_not_equal(a, b, 24);
    acta_seal(&key, bytes_of("plac"), bytes_of("eone"), &repeating, b);
    assert_memory_not_equal(a, b, 24);
    acta_seal(&other, bytes_of("place"), bytes_of("one"), &repeating, b);
    assert_memory_not_equal(a, b, 24);
    acta_seal(&key, bytes_of("place"), bytes_of("one"), &repeating, b);
    assert_memory_equal(a, b, 3 + ACTA_SEAL_OVERHEAD); /* the same of the same: a simulation is the same each time */
}

/* Whoever has libsodium and the key can open it without us. */
static void
it_is_xchacha20_poly1305(void **state)
{
    acta_key key = acta_key_random(&repeating);
    uint8_t sealed[ROOM], opened[ROOM];
    unsigned long long size;
    (void)state;

    acta_seal(&key, bytes_of("place"), bytes_of("a name"), &repeating, sealed);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt(opened, &size, NULL, sealed + 24,
                         6 + ACTA_SEAL_OVERHEAD - 24, (const unsigned char *)"place", 5, sealed, key.bytes),
        0);
    assert_int_equal(size, 6);
    assert_memory_equal(opened, "a name", 6);
}

static void
bytes_as_text_come_back(void **state)
{
    uint8_t bytes[64], back[128];
    char text[128];
    size_t size;
    (void)state;

    for (size_t count = 0; count <= sizeof bytes; count++) {
        for (size_t i = 0; i < count; i++)
            bytes[i] = (uint8_t)(i * 37 + count);
        acta_text_of(acta_bytes_from(bytes, count), text);
        assert_int_equal(strlen(text), acta_text_size(count));
        assert_int_equal(
            strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), strlen(text));
        assert_true(acta_text_parse(acta_str_of(text), back, &size));
        assert_int_equal(size, count);
        assert_memory_equal(back, bytes, count);
    }
    assert_false(acta_text_parse(acta_str_of("ab=="), back, &size));
    assert_false(acta_text_parse(acta_str_of("ab cd"), back, &size));
    assert_false(acta_text_parse(acta_str_of("a"), back, &size));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_again),
        cmocka_unit_test(nothing_else_opens),
        cmocka_unit_test(a_repeating_source_repeats_no_nonce),
        cmocka_unit_test(it_is_xchacha20_poly1305),
        cmocka_unit_test(bytes_as_text_come_back),
    };

    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
