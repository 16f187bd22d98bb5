/*
 * The newest of the index, in memory, by itself: whatever a stream got, each of its versions is found, in an entry that says
 * where it lies; the last one that isn't behind a given head too; and a stream that got very much is gone through in few steps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "index_tail.h"

enum { STREAMS = 50, RUNS = 40000, FIRST_VERSION = 7, PAGE_MAX = 256, HOT = 1 };

typedef struct placed {
    uint64_t page;
    uint32_t place;
} placed;

typedef struct model {
    acti_index_tail tail;
    uint64_t random, position;
    uint64_t counts[STREAMS];
    placed places[STREAMS][RUNS * 4]; /* of version FIRST_VERSION + i */
} model;

static uint64_t
next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void
add_run(model *m, uint64_t stream, uint64_t page, uint32_t place, uint32_t count)
{
    const acti_run run = {
        .stream_id = stream, .version = FIRST_VERSION + m->counts[stream], .page = page, .place = place, .count = count
    };

    assert_true(acti_index_tail_reserve(&m->tail, 1));
    acti_index_tail_add(&m->tail, &run);
    for (uint32_t i = 0; i < count; i++)
        m->places[stream][m->counts[stream]++] = (placed){ .page = page, .place = place + i };
    m->position = page + place + count - 1;
}

/* Every second run is of the hot stream; pages are full or not, and may lie far apart. */
static void
fill(model *m)
{
    acta_environment environment = acta_environment_or_default(NULL);
    uint64_t page = UINT64_C(1) << 40;
    uint32_t place = 0;

    m->random = 88172645463325252;
    acti_index_tail_init(&m->tail, &environment.allocator, SIZE_MAX);
    for (int i = 0; i < RUNS; i++) {
        uint64_t number = next_random(&m->random);
        uint32_t count = (uint32_t)(number >> 8) % 4 + 1;
        if (place + count > PAGE_MAX || number % 5 == 0) {
            page += place + ((number >> 16) % 1000 == 0 ? UINT64_C(1) << 24 : 0);
            place = 0;
        }
        add_run(m, number % 2 == 0 ? HOT : (number >> 32) % STREAMS, page, place, count);
        place += count;
    }
}

/* The engine that an entry is read from: none. */
static placed
place_in_entry(model *m, uint64_t stream, uint64_t version, bool backward)
{
    acti_index_reader reader;
    acti_event_place place = { .version = 0 };
    acta_error error;

    acti_index_reader_init(&reader, NULL, &m->tail, stream, backward ? FIRST_VERSION : version,
        backward ? version : FIRST_VERSION + m->counts[stream] - 1, backward);
    assert_int_equal(ACTA_OK, acti_index_reader_next(&reader, &place, &error));
    assert_int_equal(place.version, version);
    acti_index_reader_deinit(&reader);
    return (placed){ .page = place.page, .place = (uint32_t)(place.position - place.page) };
}

static void
each_version_is_found_where_it_was_put(void **state)
{
    model *m = *state;

    for (uint64_t stream = 0; stream < STREAMS; stream++) {
        for (uint64_t i = 0; i < m->counts[stream]; i += stream == HOT ? 7 : 1) {
            placed found = place_in_entry(m, stream, FIRST_VERSION + i, i % 2 == 0);
            assert_int_equal(found.page, m->places[stream][i].page);
            assert_int_equal(found.place, m->places[stream][i].place);
        }
    }
}

static void
a_version_that_it_does_not_have_is_not_found(void **state)
{
    model *m = *state;
    uint8_t entry[ACTI_INDEX_ENTRY_MAX];
    uint64_t first;
    size_t size;

    assert_false(acti_index_tail_entry(&m->tail, HOT, FIRST_VERSION - 1, false, &first, entry, &size));
    assert_false(acti_index_tail_entry(&m->tail, HOT, FIRST_VERSION + m->counts[HOT], false, &first, entry, &size));
    assert_false(acti_index_tail_entry(&m->tail, STREAMS, FIRST_VERSION, false, &first, entry, &size));
}

static void
the_last_version_before_a_head_is_found(void **state)
{
    model *m = *state;
    acti_event_place place;

    for (uint64_t i = m->counts[HOT]; i-- > m->counts[HOT] - 500;) {
        uint64_t position = m->places[HOT][i].page + m->places[HOT][i].place;
        assert_true(acti_index_tail_last(&m->tail, HOT, position, &place));
        assert_int_equal(place.version, FIRST_VERSION + i);
        assert_int_equal(place.position, position);
    }
    assert_false(acti_index_tail_last(&m->tail, HOT, 1, &place));
}

/* Steps as find_chunk goes them; by the older ones alone it would be hundreds. */
static void
a_stream_with_many_runs_is_gone_through_in_few_steps(void **state)
{
    model *m = *state;
    const acti_tail_stream *stream = m->tail.young.first;
    uint32_t steps_most = 0, doublings = 0;

    while (stream->id != HOT)
        stream = stream->next;
    uint32_t chunk_count = stream->last->number;
    assert_true(chunk_count > 200);
    while (chunk_count >> doublings > 0)
        doublings++;
    for (const acti_tail_chunk *wanted = stream->first; wanted != NULL; wanted = wanted->newer) {
        const acti_tail_chunk *at = stream->last;
        uint32_t steps = 0;
        for (; at->version > wanted->version; steps++)
            at = at->jump != NULL && at->jump->version > wanted->version ? at->jump : at->older;
        assert_ptr_equal(at, wanted);
        if (steps > steps_most) steps_most = steps;
    }
    assert_true(steps_most <= 3 * doublings);
}

/* -- writing out -- */

/* A batch that only counts. */
struct acti_engine_batch {
    size_t bytes;
    uint32_t entries;
};

static void
count_entry(acti_engine_batch *batch, acti_family family, acta_bytes key, acta_bytes value)
{
    (void)family, (void)key, (void)value;
    batch->bytes += 8192; /* as large as with copies */
    batch->entries++;
}

static size_t
bytes_counted(const acti_engine_batch *batch)
{
    return batch->bytes;
}

static void
take_one(acti_index_tail *tail, uint64_t stream, uint64_t page, uint64_t logged_bytes)
{
    acti_run run = { .stream_id = stream, .version = 1, .page = page, .count = 1 };

    assert_true(acti_index_tail_reserve(tail, 1));
    acti_index_tail_take(tail, &(acti_runs){ .runs = &run, .count = 1 }, logged_bytes);
}

/* Large entries go along with batches that are as large, a few with each, and what is put fills no generation. */
static void
what_is_put_does_not_count_as_logged(void **state)
{
    enum { COUNT = 100, LOGGED = 10000, MOST = (2 * LOGGED + (32 << 10)) / 8192 + 2 };
    static const acti_engine_ops ops = { .batch_put = count_entry, .batch_bytes = bytes_counted };
    acta_engine engine = { .ops = &ops };
    acta_environment environment = acta_environment_or_default(NULL);
    acti_index_tail tail;
    uint32_t entries = 0;
    (void)state;

    acti_index_tail_init(&tail, &environment.allocator, SIZE_MAX);
    tail.logged_bytes_max = COUNT * LOGGED;
    for (uint64_t i = 1; i <= COUNT; i++)
        take_one(&tail, i, i, LOGGED);
    assert_int_equal(tail.old.event_count, COUNT);
    for (uint64_t i = 1; i < COUNT; i++) {
        acti_engine_batch batch = { .bytes = LOGGED };
        acti_index_tail_put(&tail, &engine, &batch, UINT64_MAX);
        assert_true(batch.entries <= MOST);
        entries += batch.entries;
        take_one(&tail, COUNT + i, COUNT + i, batch.bytes);
        assert_int_equal(tail.young.event_count, i);
    }
    assert_int_equal(entries, COUNT + 1); /* and the index's end */
    assert_int_equal(tail.old.event_count, 0);
    assert_int_equal(tail.reached, COUNT);
    acti_index_tail_deinit(&tail);
}

static int
set_up(void **state)
{
    model *m = test_calloc(1, sizeof *m);

    fill(m);
    *state = m;
    return 0;
}

static int
tear_down(void **state)
{
    model *m = *state;

    acti_index_tail_deinit(&m->tail);
    test_free(m);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_version_is_found_where_it_was_put),
        cmocka_unit_test(a_version_that_it_does_not_have_is_not_found),
        cmocka_unit_test(the_last_version_before_a_head_is_found),
        cmocka_unit_test(a_stream_with_many_runs_is_gone_through_in_few_steps),
        cmocka_unit_test(what_is_put_does_not_count_as_logged),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
