/*
 * Reading as of an older head, in white-box: whoever reads while a batch is on its way to be seen knows a head that lies before
 * what the index has. For each head there ever was, a stream ends where it ended then, and a version that came later isn't
 * there: from memory, from the engine, and where both have a part of a stream.
 */
#include "fixture.h"

#include "internal.h"

enum { STREAMS = 3, ROUNDS = 60, BATCH_MAX = 30, HEADS_MAX = ROUNDS * BATCH_MAX };

typedef struct model {
    uint64_t head;
    uint64_t ends[STREAMS][HEADS_MAX + 1];      /* version that a stream was at, by head */
    uint64_t positions[STREAMS][HEADS_MAX + 1]; /* by version */
} model;

static acta_str
name_of(char *room, uint32_t stream)
{
    snprintf(room, 16, "stream-%u", stream);
    return acta_str_of(room);
}

/* A commit of several events, in runs: an entry of the index has many of them, and a head may cut each. */
static void
append_runs(fixture *f, model *m, uint64_t *random)
{
    uint64_t count = 1 + next_random(random) % BATCH_MAX;
    acta_event event = event_of("test.Happened", "x");
    uint32_t stream = 0;
    char room[16];
    acta_transaction *t = acta_transaction_create(f->store);

    for (uint64_t i = 0; i < count; i++) {
        if (next_random(random) % 3 == 0) stream = (uint32_t)(next_random(random) % STREAMS);
        acta_transaction_append(t, name_of(room, stream), ACTA_ANY_VERSION, &event, 1);
        m->head++;
        for (uint32_t s = 0; s < STREAMS; s++)
            m->ends[s][m->head] = m->ends[s][m->head - 1] + (s == stream);
        m->positions[stream][m->ends[stream][m->head]] = m->head;
    }
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}

static void
expect_ends(fixture *f, const model *m)
{
    char room[16];

    for (uint32_t s = 0; s < STREAMS; s++) {
        uint64_t id;
        assert_int_equal(ACTA_OK, acti_stream_id(f->store, name_of(room, s), &id, &f->error));
        for (uint64_t head = 0; head <= m->head; head++) {
            acti_event_place last;
            uint64_t version, expected = m->ends[s][head];
            if (id == 0) continue;
            assert_int_equal(ACTA_OK, acti_stream_last(f->store, id, head, &last, &f->error));
            assert_int_equal(last.version, expected);
            if (expected > 0) assert_int_equal(last.position, m->positions[s][expected]);
            assert_int_equal(ACTA_OK, acti_stream_version(f->store, id, head, &version, &f->error));
            assert_int_equal(version, expected);
        }
    }
}

/* While all is in memory, and while some has gone to the engine; after a crash, when it was made again; after a close. */
static void
a_stream_ends_where_it_ended_at_each_head(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t random = test_seed();
    model *m = calloc(1, sizeof *m);

    assert_non_null(m);
    for (int round = 0; round < ROUNDS; round++) {
        append_runs(f, m, &random);
        if (round % 20 == 9) expect_ends(f, m);
        if (round == ROUNDS / 3 || round == 2 * ROUNDS / 3) {
            if (round == ROUNDS / 3)
                close_store(f);
            else
                crash_store(f);
            open_store_ok(f);
            expect_ends(f, m);
        }
    }
    expect_ends(f, m);
    close_store(f);
    open_store_ok(f);
    expect_ends(f, m);
    free(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { on_manual_store(a_stream_ends_where_it_ended_at_each_head) };
    return run_on_engines("old head", tests);
}
