/*
 * Strips: what was read of streams, kept for the next reader. By itself: what is kept is found, within its bound, the oldest
 * going first, and nothing that was read before events were removed. And below a store: whatever was read before, from wherever,
 * a stream reads as the log has it.
 */
#include <pthread.h>

#include "fixture.h"

#include "strips.h"

enum { N = ACTI_STRIP_EVENTS, RECORD = 40 };

/* -- by itself -- */

typedef struct counted {
    acta_allocator inner;
    size_t bytes; /* allocated now */
    bool fail;
} counted;

static void *
counted_alloc(void *user, size_t size)
{
    counted *c = user;
    void *room = c->fail ? NULL : c->inner.alloc(c->inner.user, size);
    if (room != NULL) c->bytes += size;
    return room;
}

static void
counted_free(void *user, void *room, size_t size)
{
    counted *c = user;
    c->bytes -= size;
    c->inner.free(c->inner.user, room, size);
}

typedef struct alone {
    counted counted;
    acta_allocator allocator;
    acti_strips strips;
} alone;

static void
begin_alone(alone *a, uint64_t bytes_max)
{
    a->counted = (counted){ .inner = acta_environment_or_default(NULL).allocator };
    a->allocator = (acta_allocator){ .alloc = counted_alloc, .free = counted_free, .user = &a->counted };
    acti_strips_init(&a->strips, &a->allocator, bytes_max);
}

static void
end_alone(alone *a)
{
    acti_strips_deinit(&a->strips);
    assert_int_equal(a->counted.bytes, 0);
}

/* Version v of a stream is at position 1000 stream + v, and its record is full of a byte of both. */
static void
keep(alone *a, uint64_t stream, uint64_t first, uint64_t turn)
{
    static uint8_t records[N][RECORD], types[N][ACTI_PAGE_TYPE_SIZE];
    uint64_t positions[N];
    acti_page_piece pieces[N];

    for (uint32_t i = 0; i < N; i++) {
        size_t size = 1 + (first + i) % RECORD;
        memset(records[i], (int)(stream * 7 + first + i), RECORD);
        memset(types[i], (int)i, sizeof types[i]);
        positions[i] = 1000 * stream + first + i;
        pieces[i] = (acti_page_piece){
            .record = acta_bytes_from(records[i], size), .type = types[i], .recorded_at_us = (int64_t)(first + i)
        };
    }
    acti_strips_keep(&a->strips, stream, first, positions, pieces, turn);
}

static bool
is_found(alone *a, uint64_t stream, uint64_t version)
{
    uint64_t turn, first = acti_strip_first(version);
    acti_strip *strip = acti_strips_find(&a->strips, stream, version, &turn);

    if (strip == NULL) return false;
    for (uint32_t i = 0; i < N; i++) {
        acti_page_piece piece = acti_strip_at(strip, first + i);
        assert_int_equal(strip->positions[i], 1000 * stream + first + i);
        assert_int_equal(piece.recorded_at_us, first + i);
        assert_int_equal(piece.type[3], i);
        assert_int_equal(piece.record.size, 1 + (first + i) % RECORD);
        assert_int_equal(piece.record.data[piece.record.size - 1], (uint8_t)(stream * 7 + first + i));
    }
    acti_strip_unref(strip);
    return true;
}

static void
what_is_kept_is_found(void **state)
{
    alone a;
    (void)state;

    begin_alone(&a, 1 << 20);
    assert_false(is_found(&a, 1, 1));
    for (uint64_t stream = 1; stream <= 5; stream++)
        keep(&a, stream, 1 + N * stream, 0);
    keep(&a, 3, 1 + N * 3, 0); /* once more: another reader was as far */
    for (uint64_t stream = 1; stream <= 5; stream++) {
        assert_true(is_found(&a, stream, 1 + N * stream));
        assert_true(is_found(&a, stream, N + N * stream));
        assert_false(is_found(&a, stream, N * stream));
        assert_false(is_found(&a, stream, 1 + N + N * stream));
        assert_false(is_found(&a, stream + 5, 1 + N * stream));
    }
    end_alone(&a);
}

static void
the_oldest_goes_first(void **state)
{
    alone a;
    (void)state;

    begin_alone(&a, 64 << 10);
    for (uint64_t stream = 1; stream <= 1000; stream++) {
        keep(&a, stream, 1, 0);
        assert_true(is_found(&a, stream, 1));
        assert_true(is_found(&a, 1, 1)); /* in use all the time */
        assert_true(a.strips.bytes <= a.strips.bytes_max);
        assert_true(a.counted.bytes <= a.strips.bytes_max + 4096);
    }
    assert_false(is_found(&a, 2, 1));
    assert_true(is_found(&a, 999, 1));
    end_alone(&a);
}

static void
one_that_is_held_outlives_what_is_kept(void **state)
{
    alone a;
    uint64_t turn;
    (void)state;

    begin_alone(&a, 1 << 20);
    keep(&a, 1, 1, 0);
    acti_strip *held = acti_strips_find(&a.strips, 1, 5, &turn);
    acti_strips_clear(&a.strips);
    assert_false(is_found(&a, 1, 5));
    assert_int_equal(held->positions[4], 1005);
    acti_strip_unref(held);
    end_alone(&a);
}

/* Who began to read before events were removed may have read them. */
static void
nothing_from_before_a_removal_is_kept(void **state)
{
    alone a;
    uint64_t before, after;
    (void)state;

    begin_alone(&a, 1 << 20);
    assert_null(acti_strips_find(&a.strips, 1, 1, &before));
    acti_strips_clear(&a.strips);
    keep(&a, 1, 1, before);
    assert_null(acti_strips_find(&a.strips, 1, 1, &after));
    keep(&a, 1, 1, after);
    assert_true(is_found(&a, 1, 1));
    end_alone(&a);
}

static void
without_memory_or_room_nothing_is_kept(void **state)
{
    alone a;
    (void)state;

    begin_alone(&a, 1 << 20);
    a.counted.fail = true;
    keep(&a, 1, 1, 0);
    assert_false(is_found(&a, 1, 1));
    a.counted.fail = false;
    keep(&a, 1, 1, 0);
    assert_true(is_found(&a, 1, 1));
    end_alone(&a);
    begin_alone(&a, 100);
    keep(&a, 1, 1, 0);
    assert_false(is_found(&a, 1, 1));
    end_alone(&a);
}

/* -- below a store -- */

enum { LENGTH = 5 * N + 17, STREAMS = 3, WORKERS = 4, ROUNDS = 60 };
static const char *const streams[STREAMS] = { "a", "b", "c" };

static void
append_each(fixture *f, uint64_t from, uint64_t to)
{
    for (uint64_t version = from; version <= to; version++) {
        acta_transaction *t = acta_transaction_create(f->store);
        for (int i = 0; i < STREAMS; i++) {
            char payload[64];
            snprintf(payload, sizeof payload, "%s %" PRIu64, streams[i], version);
            acta_event event = event_of(version % 2 == 0 ? "test.Even" : "test.Odd", payload);
            acta_transaction_append(t, acta_str_of(streams[i]), version - 1, &event, 1);
        }
        assert_int_equal(ACTA_OK, commit(f, t, NULL));
    }
}

/* Returns whether it is what it should be: other threads than the test's can't fail it. */
static bool
reads_well(acta_store *store, int stream, uint64_t first, uint64_t last, bool backward)
{
    acta_read read = { .stream = acta_str_of(streams[stream]),
        .direction = backward ? ACTA_BACKWARD : ACTA_FORWARD,
        .from = backward ? last : first,
        .count_max = last - first + 1 };
    acta_cursor *cursor;
    acta_recorded event;
    acta_error error;
    bool well = acta_cursor_open(store, &read, &cursor, &error) == ACTA_OK;

    if (!well) return false;
    for (uint64_t i = 0; i < read.count_max && well; i++) {
        uint64_t version = backward ? last - i : first + i;
        char payload[64];
        size_t size = (size_t)snprintf(payload, sizeof payload, "%s %" PRIu64, streams[stream], version);
        well = acta_cursor_next(cursor, &event, &error) == ACTA_OK && event.version == version &&
               event.position == STREAMS * (version - 1) + (uint64_t)stream + 1 && event.payload.size == size &&
               memcmp(event.payload.data, payload, size) == 0 &&
               acta_str_equal(event.type, version % 2 == 0 ? S("test.Even") : S("test.Odd"));
    }
    well = well && acta_cursor_next(cursor, &event, &error) == ACTA_NOT_FOUND;
    acta_cursor_close(cursor);
    return well;
}

/* ES-18, ES-19: whatever part of a stream was read before, every part of it reads the same. */
static void
a_stream_reads_the_same_again(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t random = test_seed();

    append_each(f, 1, LENGTH);
    for (int round = 0; round < 300; round++) {
        uint64_t first = 1 + next_random(&random) % LENGTH, last = first + next_random(&random) % (LENGTH - first + 1);
        int stream = (int)(next_random(&random) % STREAMS);
        if (round % 10 == 0) first = 1, last = LENGTH;
        assert_true(reads_well(f->store, stream, first, last, next_random(&random) % 2 == 0));
    }
    append_each(f, LENGTH + 1, LENGTH + N); /* behind what was read */
    for (int stream = 0; stream < STREAMS; stream++) {
        assert_true(reads_well(f->store, stream, 1, LENGTH + N, false));
        assert_true(reads_well(f->store, stream, 1, LENGTH + N, true));
    }
}

static uint64_t
first_version(fixture *f, const char *stream)
{
    acta_read read = { .stream = acta_str_of(stream) };
    acta_cursor *cursor;
    acta_recorded event;

    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &f->error));
    acta_cursor_close(cursor);
    return event.version;
}

/* ES-46: removed events are not read from memory, nor is what lies behind them touched. */
static void
a_removal_leaves_nothing_behind(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t count;

    append_each(f, 1, LENGTH);
    assert_true(reads_well(f->store, 0, 1, LENGTH, false));
    assert_true(reads_well(f->store, 1, 1, LENGTH, false));
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_limit_stream(t, S("a"), &(acta_stream_limits){ .count_max = 10 });
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    assert_int_equal(first_version(f, "a"), LENGTH - 9);
    assert_int_equal(ACTA_OK, acta_store_scrub(f->store, 0, &count, &f->error));
    assert_int_equal(count, LENGTH - 10);
    assert_int_equal(first_version(f, "a"), LENGTH - 9);
    assert_true(reads_well(f->store, 0, LENGTH - 9, LENGTH, true));
    assert_true(reads_well(f->store, 1, 1, LENGTH, true));
}

typedef struct worker {
    acta_store *store;
    uint64_t random;
    bool well;
} worker;

static void *
read_many(void *user)
{
    worker *w = user;

    for (int round = 0; round < ROUNDS && w->well; round++) {
        uint64_t first = 1 + next_random(&w->random) % LENGTH;
        w->well = reads_well(w->store, (int)(next_random(&w->random) % 2), first, LENGTH, round % 2 == 0);
    }
    return NULL;
}

/* ES-21: several threads read and keep the same streams, while others' events are removed. */
static void
readers_share_what_they_read(void **state)
{
    fixture *f = FIXTURE(state);
    worker workers[WORKERS];
    pthread_t threads[WORKERS];
    uint64_t count;

    append_each(f, 1, LENGTH);
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (worker){ .store = f->store, .random = test_seed() + (uint64_t)i, .well = true };
        assert_int_equal(0, pthread_create(&threads[i], NULL, read_many, &workers[i]));
    }
    for (uint64_t left = LENGTH - 1; left > 40; left -= 40) {
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_limit_stream(t, S("c"), &(acta_stream_limits){ .count_max = left });
        assert_int_equal(ACTA_OK, commit(f, t, NULL));
        assert_int_equal(ACTA_OK, acta_store_scrub(f->store, 0, &count, &f->error));
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
        assert_true(workers[i].well);
    }
}

int
main(void)
{
    const struct CMUnitTest parts[] = {
        cmocka_unit_test(what_is_kept_is_found),
        cmocka_unit_test(the_oldest_goes_first),
        cmocka_unit_test(one_that_is_held_outlives_what_is_kept),
        cmocka_unit_test(nothing_from_before_a_removal_is_kept),
        cmocka_unit_test(without_memory_or_room_nothing_is_kept),
    };
    const struct CMUnitTest tests[] = {
        on_store(a_stream_reads_the_same_again),
        on_store(a_removal_leaves_nothing_behind),
        on_store(readers_share_what_they_read),
    };
    int failed = cmocka_run_group_tests_name("strips alone", parts, NULL, NULL);
    return failed + run_on_engines("strips below a store", tests);
}
