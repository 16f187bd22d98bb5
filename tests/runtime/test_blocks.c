/*
 * Blocks of small messages: never two owners, handed from worker to worker, and back to the allocator once they aren't
 * used. The workers are only the part that keeps blocks; the shipped functions run on them directly, since a sanitized
 * runtime gives each message a block of its own.
 */
#include "harness.h"

#include "internal.h"

enum { THREADS = 3, ROUNDS = 400, HAND_MAX = 2000, TABLE = 4096, SEED = 20261121 };

typedef struct fixture {
    acta_runtime *runtime;
    acti_worker *workers;
    _Atomic int64_t live; /* bytes that the allocator has given */
    _Atomic uint32_t given;
    _Atomic bool is_empty;                /* there is no memory */
    _Atomic(acti_message *) table[TABLE]; /* blocks on their way to other threads */
} fixture;

static void *
counted_alloc(void *user, size_t size)
{
    fixture *f = user;

    if (atomic_load(&f->is_empty)) return NULL;
    void *block = malloc(size);
    assert_non_null(block);
    atomic_fetch_add(&f->live, (int64_t)size);
    atomic_fetch_add(&f->given, 1);
    return block;
}

static void
counted_free(void *user, void *block, size_t size)
{
    atomic_fetch_sub(&((fixture *)user)->live, (int64_t)size);
    free(block);
}

static void
open_fixture(fixture *f)
{
    memset(f, 0, sizeof *f);
    f->runtime = aligned_alloc(ACTI_CACHE_LINE, sizeof *f->runtime);
    f->workers = aligned_alloc(ACTI_CACHE_LINE, THREADS * sizeof *f->workers);
    assert_true(f->runtime != NULL && f->workers != NULL);
    memset(f->runtime, 0, sizeof *f->runtime);
    memset(f->workers, 0, THREADS * sizeof *f->workers);
    f->runtime->environment.allocator = (acta_allocator){ counted_alloc, counted_free, f };
    f->runtime->worker_count = 1; /* as few magazines are left as can be */
    for (int class = 0; class < ACTI_SPARE_CLASSES; class ++)
        assert_true(acti_mutex_init(&f->runtime->blocks[class].lock));
    for (int i = 0; i < THREADS; i++) {
        f->workers[i].context.runtime = f->runtime;
        f->workers[i].context.worker = &f->workers[i];
        acti_spares_init(&f->workers[i]);
    }
}

/* All that was given must be back. */
static void
close_fixture(fixture *f)
{
    for (int i = 0; i < THREADS; i++)
        acti_spares_free(&f->workers[i]);
    acti_blocks_free(f->runtime);
    assert_int_equal(atomic_load(&f->live), 0);
    for (int class = 0; class < ACTI_SPARE_CLASSES; class ++)
        acti_mutex_deinit(&f->runtime->blocks[class].lock);
    free(f->workers);
    free(f->runtime);
}

/* As acta_message_create does it; NULL: no memory. */
static acti_message *
take(acti_worker *worker, uint32_t class)
{
    if (worker->spare[class] == NULL && !acti_spares_refill(worker, class)) return NULL;
    acti_node *node = worker->spare[class];
    worker->spare[class] = atomic_load_explicit(&node->next, memory_order_relaxed);
    worker->spare_room[class]++;
    acti_message *message = acti_message_at(node);
    assert_true(message->spare_class == class && message->runtime == worker->context.runtime);
    return message;
}

static void
give(acti_worker *worker, acti_message *message)
{
    acti_message_release_here(&worker->context, message);
}

static void
what_one_frees_another_takes(void **state)
{
    static acti_message *blocks[20000];
    fixture f;

    (void)state;
    open_fixture(&f);
    for (int round = 0; round < 10; round++) {
        if (round == 1) atomic_store(&f.is_empty, true); /* from here on with what there is */
        for (size_t i = 0; i < 20000; i++) {
            blocks[i] = take(&f.workers[0], 0);
            assert_non_null(blocks[i]);
            memset(blocks[i]->payload, round, 16);
        }
        for (size_t i = 0; i < 20000; i++)
            give(&f.workers[1], blocks[i]);
    }
    atomic_store(&f.is_empty, false);
    assert_in_range(atomic_load(&f.given), 8, 16); /* chunks, each as large as all before */
    close_fixture(&f);
}

static void
what_is_too_many_goes_back_while_all_work(void **state)
{
    enum { MANY = 200000 };
    acti_message **blocks = calloc(MANY, sizeof(acti_message *));
    fixture f;

    (void)state;
    assert_non_null(blocks);
    open_fixture(&f);
    for (uint32_t class = 0; class < ACTI_SPARE_CLASSES; class ++) {
        for (size_t i = 0; i < MANY; i++)
            assert_non_null(blocks[i] = take(&f.workers[0], class));
        int64_t most = atomic_load(&f.live);
        assert_true(most >= (int64_t)MANY * 96);
        for (size_t i = 0; i < MANY; i++)
            give(&f.workers[0], blocks[i]);
        assert_true(atomic_load(&f.live) < most);
    }
    free(blocks);
    close_fixture(&f);
}

/* One that stays away keeps its chunk; the rest of the chunk is used again. */
static void
a_block_that_stays_keeps_others_from_nothing(void **state)
{
    static acti_message *blocks[40000], *kept[50];
    fixture f;
    int64_t most = 0;

    (void)state;
    open_fixture(&f);
    for (size_t round = 0; round < 50; round++) {
        for (size_t i = 0; i < 40000; i++)
            assert_non_null(blocks[i] = take(&f.workers[0], 0));
        kept[round] = blocks[round * 777];
        for (size_t i = 0; i < 40000; i++)
            if (blocks[i] != kept[round]) acti_message_free(blocks[i]);
        if (round == 1) most = atomic_load(&f.live);
    }
    assert_true(atomic_load(&f.live) <= 2 * most);
    for (size_t round = 0; round < 50; round++)
        acti_message_free(kept[round]);
    close_fixture(&f);
}

static void
without_memory_there_is_no_block_and_nothing_is_lost(void **state)
{
    fixture f;

    (void)state;
    open_fixture(&f);
    atomic_store(&f.is_empty, true);
    for (uint32_t class = 0; class < ACTI_SPARE_CLASSES; class ++)
        assert_null(take(&f.workers[0], class));
    atomic_store(&f.is_empty, false);
    acti_message *message = take(&f.workers[0], 1);
    assert_non_null(message);
    give(&f.workers[2], message);
    close_fixture(&f);
}

typedef struct mover {
    fixture *f;
    uint64_t index, random;
    uint64_t taken;
} mover;

/* What lies in a place of the table is another's, or nobody's: with its mark. */
static void
swap_with_table(mover *m, acti_message **hand)
{
    size_t at = draw(&m->random, TABLE);

    /* acq_rel: the other's writes to the block come with it. */
    *hand = atomic_exchange_explicit(&m->f->table[at], *hand, memory_order_acq_rel);
}

static void *
move_blocks(void *argument)
{
    mover *m = argument;
    acti_worker *worker = &m->f->workers[m->index];
    static _Thread_local acti_message *hand[HAND_MAX];

    for (int round = 0; round < ROUNDS; round++) {
        uint32_t class = (uint32_t)(draw(&m->random, ACTI_SPARE_CLASSES));
        size_t count = draw(&m->random, HAND_MAX);
        for (size_t i = 0; i < count; i++) {
            hand[i] = draw(&m->random, 8) == 0 ? acti_block_make(m->f->runtime, class, 0) : take(worker, class);
            m->taken++;
            memcpy(hand[i]->payload, &hand[i], sizeof hand[i]); /* a plain write: two owners would race */
            swap_with_table(m, &hand[i]);
        }
        for (size_t i = 0; i < count; i++) {
            acti_message *mark;
            if (hand[i] == NULL) continue;
            memcpy(&mark, hand[i]->payload, sizeof mark);
            assert_ptr_equal(mark, hand[i]);
            memset(hand[i]->payload, 0, sizeof mark);
            if (draw(&m->random, 16) == 0)
                acti_message_free(hand[i]);
            else
                give(worker, hand[i]);
        }
        acti_spares_trim(worker);
        acti_blocks_trim(m->f->runtime);
    }
    return NULL;
}

static void
no_block_has_two_owners(void **state)
{
    fixture f;
    mover movers[THREADS];
    acti_thread threads[THREADS];

    (void)state;
    print_message("seed %d\n", SEED);
    open_fixture(&f);
    for (uint64_t i = 0; i < THREADS; i++) {
        movers[i] = (mover){ .f = &f, .index = i, .random = SEED + i };
        assert_true(acti_thread_start(&threads[i], "mover", move_blocks, &movers[i]));
    }
    uint64_t taken = 0;
    for (int i = 0; i < THREADS; i++) {
        acti_thread_join(threads[i]);
        taken += movers[i].taken;
    }
    assert_true(taken > ROUNDS * THREADS);
    for (size_t i = 0; i < TABLE; i++)
        if (f.table[i] != NULL) acti_message_free(f.table[i]);
    close_fixture(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_frees_another_takes),
        cmocka_unit_test(what_is_too_many_goes_back_while_all_work),
        cmocka_unit_test(a_block_that_stays_keeps_others_from_nothing),
        cmocka_unit_test(without_memory_there_is_no_block_and_nothing_is_lost),
        cmocka_unit_test(no_block_has_two_owners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
