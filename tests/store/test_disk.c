/*
 * The simulated disk: what it does to a mark that was being written, and to a store that it has no room for.
 */
#include "acta/operations.h"
#include "fixture.h"

typedef struct disk_plan {
    bool marks_fail;
    uint32_t full_writes; /* so many more find no room */
    uint32_t chosen;
} disk_plan;

static bool
fail_marks(void *user, acta_disk_op op)
{
    const disk_plan *plan = user;
    return plan->marks_fail && op == ACTA_DISK_MARK;
}

static bool
has_no_room(void *user)
{
    disk_plan *plan = user;

    if (plan->full_writes == 0) return false;
    plan->full_writes--;
    return true;
}

static uint32_t
choose(void *user, uint32_t count)
{
    const disk_plan *plan = user;
    return plan->chosen < count ? plan->chosen : count;
}

static void
follow(fixture *f, disk_plan *plan)
{
    acta_disk_faults faults = { .fail = fail_marks, .full = has_no_room, .choose = choose, .user = plan };
    acta_disk_set_faults(f->disk, &faults);
}

/* Power goes while a mark is written: the slot is as it was, torn, or new. The other one is whole, so that the store opens
 * with all that was acknowledged, and the next mark goes on. */
static void
a_mark_that_is_old_torn_or_new_loses_nothing(void **state)
{
    fixture *f = FIXTURE(state);

    for (uint32_t how = 0; how < 3; how++) {
        disk_plan plan = { .marks_fail = true, .chosen = how };
        append_ok(f, "a", "x");
        step_all(f);
        uint64_t count = count_stream(f, "a");
        follow(f, &plan);
        append_ok(f, "a", "y"); /* durable, without its mark */
        assert_int_equal(ACTA_UNKNOWN_OUTCOME, append(f, "a", ACTA_ANY_VERSION, "z"));
        crash_store(f);
        acta_disk_set_faults(f->disk, NULL);
        open_store_ok(f);
        assert_int_equal(count_stream(f, "a"), count + 2); /* the one of unknown outcome was synced */
        append_ok(f, "a", "w");
        crash_store(f);
        open_store_ok(f);
        assert_int_equal(count_stream(f, "a"), count + 3);
    }
}

/* No room: nothing was written, and the store says so; it reads on, and writes again once it was opened with room. */
static void
a_full_disk_refuses_and_loses_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    disk_plan plan = { .full_writes = 1 };

    append_ok(f, "a", "x");
    follow(f, &plan);
    assert_int_equal(ACTA_IO, append(f, "a", ACTA_ANY_VERSION, "y"));
    assert_non_null(strstr(f->error.text, "no space is left"));
    assert_int_equal(ACTA_READ_ONLY, append(f, "a", ACTA_ANY_VERSION, "y"));
    assert_int_equal(count_stream(f, "a"), 1);

    close_store(f);
    open_store_ok(f);
    append_ok(f, "a", "y");
    assert_int_equal(count_stream(f, "a"), 2);
    acta_disk_set_faults(f->disk, NULL);
}

/* The key of an entry is a number, found from the one before it or by the list: of each stream all are there, in order, though
 * they were written in turns, one or some at a time, past the numbers where a byte turns over, before and after a crash. */
static void
entries_lie_in_their_order_however_they_came(void **state)
{
    enum { STREAMS = 5, APPENDS = 2500 };
    fixture *f = FIXTURE(state);
    uint64_t seed = test_seed(), counts[STREAMS] = { 0 };

    for (uint32_t i = 0; i < APPENDS; i++) {
        char name[8];
        uint32_t stream = (uint32_t)(next_random(&seed) % STREAMS);
        uint32_t count = next_random(&seed) % 4 == 0 ? 1 + (uint32_t)(next_random(&seed) % 3) : 1;
        snprintf(name, sizeof name, "s-%u", stream);
        assert_int_equal(ACTA_OK, append_many(f, name, counts[stream], count, NULL));
        counts[stream] += count;
        if (i == APPENDS / 2) crash_store(f);
        if (i == APPENDS / 2) open_store_ok(f);
    }
    for (uint32_t i = 0; i < STREAMS; i++) {
        char name[8];
        snprintf(name, sizeof name, "s-%u", i);
        assert_int_equal(counts[i], count_stream(f, name));
        assert_true(counts[i] > 256);
    }
    assert_int_equal(ACTA_OK, acta_store_verify(f->store, NULL, NULL, NULL, &f->error));
}

static bool
count_reads(void *user, acta_disk_op op)
{
    uint32_t *count = user;

    *count += op == ACTA_DISK_READ;
    return false;
}

/* Each stream's first record says its name: who reads the whole log looks none up, however many there are. */
static void
reading_the_log_looks_up_no_names(void **state)
{
    enum { STREAMS = 300 };
    fixture *f = FIXTURE(state);
    uint32_t reads = 0;

    for (uint32_t i = 0; i < STREAMS; i++) {
        char name[16];
        snprintf(name, sizeof name, "stream-%u", i);
        append_ok(f, name, "x");
    }
    acta_disk_set_faults(f->disk, &(acta_disk_faults){ .fail = count_reads, .user = &reads });
    assert_int_equal(STREAMS, count_log(f));
    assert_in_range(reads, STREAMS, STREAMS + 10); /* a page each, as each was appended by itself */
    acta_disk_set_faults(f->disk, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_manual_store(a_mark_that_is_old_torn_or_new_loses_nothing),
        on_manual_store(a_full_disk_refuses_and_loses_nothing),
        on_manual_store(entries_lie_in_their_order_however_they_came),
        on_manual_store(reading_the_log_looks_up_no_names),
    };
    return run_on_memory("disk", tests);
}
