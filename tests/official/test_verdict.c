/*
 * Our verifier accepts what the one that flatc generates accepts, but for what verdict.h names: of buffers of the official
 * builder and of ours, for tables of the random schemas, harmed in each way, in front of a guard page. What is accepted is
 * read, kept and written without leaving the bytes.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "seed.h"
#include "acta/buffer.h"
#include "acta/deep_verify.h"
#include "acta/file.h"
#include "official.h"
#include "verdict.h"

enum { ROOM = 1 << 20, BUFFERS = 640, FLIPS = 300, WORDS = 120, SPLICES = 120, CUTS = 60 };

typedef struct bench {
    random_source random;
    uint8_t *end; /* of the room: the guard page */
    uint64_t counts[VERDICTS];
} bench;

static int
set_up(void **state)
{
    static bench b;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    b.random.state = seed_of_this_run();
    uint8_t *room = mmap(NULL, ROOM + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED || mprotect(room + ROOM, page, PROT_NONE) != 0) return -1;
    b.end = room + ROOM;
    *state = &b;
    return 0;
}

static uint64_t
below(bench *b, uint64_t bound)
{
    return random_below(&b->random, bound);
}

/* The bytes, with nothing behind them that can be read. */
static uint8_t *
guarded(bench *b, acta_bytes bytes)
{
    assert_true(bytes.size <= ROOM);
    uint8_t *at = b->end - bytes.size;
    if (bytes.size > 0) memcpy(at, bytes.data, bytes.size);
    return at;
}

static void
use(const acta_table *table, acta_bytes buffer)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_memory_sink sink = acta_memory_sink_of(memory);
    void *value = acta_memory_alloc(memory, table->struct_size);
    acta_error error;

    table->read(buffer, value);
    if (table->write(value, &sink.sink, &error) == ACTA_OK)
        assert_int_equal(table->verify(sink.bytes, &error), ACTA_OK);
    memset(value, 0, table->struct_size);
    assert_int_equal(acta_table_load(table, value, buffer, memory), ACTA_OK);
    acta_table_clear(table, value, memory);
    acta_memory_destroy(memory);
}

static void
judge(bench *b, const official_table *table, const uint8_t *bytes, size_t size)
{
    acta_error error = { .text = "" };
    verdict found = verdict_of(table, acta_bytes_from(bytes, size), &error);

    b->counts[found]++;
    if (found > VERDICT_OURS_IS_STRICTER) fail_msg("%s: verdict %d, '%s'", table->ours->name, (int)found, error.text);
    if (found == VERDICT_BOTH_ACCEPT && below(b, 4) == 0) use(table->ours, acta_bytes_from(bytes, size));
}

/* A file, harmed in the same ways: what stands around its buffer counts too. */
static void
harmed_files_are_judged_alike(void **state)
{
    bench *b = *state;
    uint64_t accepted = 0, refused = 0;

    for (uint64_t i = 0; i < BUFFERS; i++) {
        acta_memory *memory = acta_memory_create(NULL);
        const official_table *table = official_dice(i);
        features seen = { .counts = { 0 } };
        unsigned form = (unsigned)(1 + i % 3);
        acta_bytes file = official_make_file(table->ours, form, &b->random, &seen, memory);
        for (uint64_t k = 0; k < CUTS; k++) {
            uint8_t *bytes = guarded(b, file);
            size_t at = below(b, k % 2 == 0 && file.size > 16 ? 16 : file.size);
            bytes[at] ^= (uint8_t)(1u << below(b, 8));
            acta_error error = { .text = "" };
            bool ours = acta_file_verify(table->ours, acta_bytes_from(bytes, file.size), form, &error) == ACTA_OK;
            bool official = table->accepts_file(bytes, file.size, form);
            bool is_text = strstr(error.text, " is not UTF-8 without NUL") != NULL;
            if (ours != official && !(is_text && official)) fail_msg("%s: '%s'", table->ours->name, error.text);
            accepted += ours;
            refused += !ours;
        }
        acta_memory_destroy(memory);
    }
    printf("accepted %" PRIu64 ", refused %" PRIu64 "\n", accepted, refused);
    assert_true(accepted > 1000 && refused > 1000);
}

/* A sound buffer, by the official builder or by us. */
static acta_bytes
sound_buffer(bench *b, const official_table *table, acta_memory *memory)
{
    features seen = { .counts = { 0 } };
    acta_memory_sink sink = acta_memory_sink_of(memory);
    acta_error error;

    acta_bytes made = official_make(table->ours, &b->random, false, &seen, memory);
    if (below(b, 2) == 0) return made;
    void *value = acta_memory_alloc(memory, table->ours->struct_size);
    table->ours->read(made, value);
    assert_int_equal(table->ours->write(value, &sink.sink, &error), ACTA_OK);
    return sink.bytes;
}

typedef void harm(bench *b, const official_table *table, acta_bytes sound);

static void
harm_buffers(bench *b, harm *what)
{
    memset(b->counts, 0, sizeof b->counts);
    for (uint64_t i = 0; i < BUFFERS; i++) {
        acta_memory *memory = acta_memory_create(NULL);
        const official_table *table = official_dice(i);
        what(b, table, sound_buffer(b, table, memory));
        acta_memory_destroy(memory);
    }
    printf("accepted %" PRIu64 ", refused %" PRIu64 ", refused by us alone, on purpose %" PRIu64 "\n",
        b->counts[VERDICT_BOTH_ACCEPT], b->counts[VERDICT_BOTH_REFUSE], b->counts[VERDICT_OURS_IS_STRICTER]);
    assert_true(b->counts[VERDICT_BOTH_REFUSE] > 1000);
}

static void
flip(bench *b, const official_table *table, acta_bytes sound)
{
    uint8_t *bytes = guarded(b, sound);
    uint64_t bits = sound.size * 8;

    for (uint64_t i = 0; i < FLIPS && i < bits; i++) {
        uint64_t bit = bits <= FLIPS ? i : below(b, bits);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        judge(b, table, bytes, sound.size);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void
flipped_bits_are_judged_alike(void **state)
{
    harm_buffers(*state, flip);
}

/* Numbers where offsets, lengths and vtables may be: near ones, far ones, the largest. */
static void
change_words(bench *b, const official_table *table, acta_bytes sound)
{
    static const uint32_t words[] = { 0, 1, 2, 4, 8, 12, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe,
        0xfffffff0 };

    for (uint64_t i = 0; i < WORDS; i++) {
        uint8_t *bytes = guarded(b, sound);
        for (uint64_t changes = 1 + below(b, 3); changes > 0; changes--) {
            uint32_t word = words[below(b, sizeof words / sizeof words[0])];
            if (below(b, 2) == 0) word = (uint32_t)below(b, sound.size);
            size_t size = below(b, 2) == 0 ? 2 : 4, at = below(b, sound.size - size + 1);
            memcpy(bytes + at - at % size, &word, size);
        }
        judge(b, table, bytes, sound.size);
    }
}

static void
changed_words_are_judged_alike(void **state)
{
    harm_buffers(*state, change_words);
}

/* A part of the buffer over another part of it. */
static void
splice(bench *b, const official_table *table, acta_bytes sound)
{
    for (uint64_t i = 0; i < SPLICES; i++) {
        uint8_t *bytes = guarded(b, sound);
        for (uint64_t changes = 1 + below(b, 3); changes > 0; changes--) {
            size_t length = 1 + below(b, sound.size < 64 ? sound.size : 64);
            size_t from = below(b, sound.size - length + 1), to = below(b, sound.size - length + 1);
            if (below(b, 2) == 0) from -= from % 4, to -= to % 4;
            memmove(bytes + to, bytes + from, length);
        }
        judge(b, table, bytes, sound.size);
    }
}

static void
spliced_buffers_are_judged_alike(void **state)
{
    harm_buffers(*state, splice);
}

/* Its begin alone, at any length, and something lost or put in between. */
static void
cut(bench *b, const official_table *table, acta_bytes sound)
{
    for (uint64_t i = 0; i < CUTS; i++) {
        size_t size = sound.size <= CUTS ? i % sound.size : below(b, sound.size);
        judge(b, table, guarded(b, acta_bytes_from(sound.data, size)), size);

        uint8_t *bytes = guarded(b, sound); /* the end moves to the front of where it was, and nothing is left behind */
        size_t lost = 1 + below(b, size + 1 < 32 ? size + 1 : 32), at = below(b, sound.size - (lost - 1));
        if (lost > at) lost = at;
        memmove(bytes + lost, bytes, at - lost);
        judge(b, table, bytes + lost, sound.size - lost);
    }
}

static void
cut_buffers_are_judged_alike(void **state)
{
    harm_buffers(*state, cut);
}

/* One table's buffer, taken for each other's. */
static void
mistake(bench *b, const official_table *table, acta_bytes sound)
{
    (void)table;
    uint8_t *bytes = guarded(b, sound);
    for (size_t i = 0; i < official_dice_count(); i++)
        judge(b, official_dice(i), bytes, sound.size);
}

static void
buffers_of_other_tables_are_judged_alike(void **state)
{
    harm_buffers(*state, mistake);
}

/* The quick way (acta/deep_verify.h) is taken: it need not, so the other tests would pass without it. */
static void
sound_buffers_are_known_at_once(void **state)
{
    bench *b = *state;
    uint64_t quick = 0, all = 0;

    for (uint64_t i = 0; i < BUFFERS; i++) {
        acta_memory *memory = acta_memory_create(NULL);
        const official_table *table = official_dice(i);
        acta_bytes sound = sound_buffer(b, table, memory);
        all += table->ours->check != NULL;
        quick += acta_deep_verify(table->ours, sound);
        acta_memory_destroy(memory);
    }
    printf("%" PRIu64 " of %" PRIu64 "\n", quick, all); /* the others have buffers in them, or larger tables */
    assert_true(all > BUFFERS / 2 && quick > all / 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_buffers_are_known_at_once),
        cmocka_unit_test(flipped_bits_are_judged_alike),
        cmocka_unit_test(changed_words_are_judged_alike),
        cmocka_unit_test(spliced_buffers_are_judged_alike),
        cmocka_unit_test(cut_buffers_are_judged_alike),
        cmocka_unit_test(buffers_of_other_tables_are_judged_alike),
        cmocka_unit_test(harmed_files_are_judged_alike),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
