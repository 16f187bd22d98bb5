/*
 * The simulated disk: what it does to a mark that was being written, and to a store that it has no room for.
 */
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_manual_store(a_mark_that_is_old_torn_or_new_loses_nothing),
        on_manual_store(a_full_disk_refuses_and_loses_nothing),
    };
    return run_on_memory("disk", tests);
}
