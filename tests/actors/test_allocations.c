/*
 * What a warm dispatch takes from the application's allocator: counted over many of them, on the memory engine, step by step on
 * one thread, so that the numbers are the same each time.
 */
#include "fixture.h"

enum { ROUNDS = 1000, WITHOUT_EVENT = 2, WITH_EVENT = 7 };

static uint64_t taken;

static void *
counting_alloc(void *user, size_t size)
{
    (void)user;
    taken++;
    return malloc(size);
}

static void
plain_free(void *user, void *block, size_t size)
{
    (void)user;
    (void)size;
    free(block);
}

/* Allocations of so many dispatches to one warm counter. */
static uint64_t
count_dispatches(fixture *f, const acta_dispatch_options *options, const ledger_Touch *touch)
{
    uint64_t before = taken;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        if (touch != NULL)
            MUST(f, ledger_Touch_dispatch(f->app, *touch, options, &f->error));
        else
            MUST(f, add_with(f, "a", 0, options));
    }
    return taken - before;
}

static void
start_counting(fixture *f)
{
    f->environment.allocator = (acta_allocator){ .alloc = counting_alloc, .free = plain_free };
    start(f);
    for (uint32_t i = 0; i < 100; i++)
        add(f, "a", 0);
}

/* The command and its message; with an event also what a manual application remembers of its transaction, the transaction, and
 * what the engine keeps of it; and now and then a table that grows. */
static void
a_warm_dispatch_takes_two_blocks_and_five_for_its_event(void **state)
{
    fixture *f = FIXTURE(state);
    const ledger_Touch touch = ACTA_INIT(ledger_Touch, .counter_id = S("a"));

    start_counting(f);
    uint64_t without = count_dispatches(f, NULL, &touch), with = count_dispatches(f, NULL, NULL);
    print_message("allocations of a warm dispatch: %.2f without an event, %.2f with one\n", (double)without / ROUNDS,
        (double)with / ROUNDS);
    assert_true(without > 0 && with > without);
    assert_true(without <= WITHOUT_EVENT * ROUNDS + ROUNDS / 5);
    assert_true(with <= WITH_EVENT * ROUNDS + ROUNDS / 5);
}

/* Metadata, defaults, versions and ids that are returned, a bound: they lie in blocks that are there anyway. */
static void
options_allocate_nothing(void **state)
{
    static const acta_metadata_entry metadata[] = { { { "user", 4 }, { "alice", 5 } },
        { { "from", 4 }, { "here", 4 } } };
    static const acta_dispatch_options defaults = { .metadata = metadata, .metadata_count = 1 };
    fixture *f = FIXTURE(state);
    acta_returned returned;
    const acta_dispatch_options options = { .metadata = metadata, .metadata_count = 2, .returned_out = &returned };

    start_counting(f);
    uint64_t plain = count_dispatches(f, NULL, NULL);
    stop(f);
    f->config.dispatch_defaults = &defaults;
    f->config.commands_max = 10;
    start_counting(f);
    uint64_t with_options = count_dispatches(f, &options, NULL);
    print_message(
        "allocations of %d dispatches: %" PRIu64 " plain, %" PRIu64 " with options\n", ROUNDS, plain, with_options);
    /* a page of the engine's more, here and there, for the bytes of the metadata */
    assert_true(with_options <= plain + plain / 50);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(a_warm_dispatch_takes_two_blocks_and_five_for_its_event),
        manual(options_allocate_nothing),
    };
    return run_on_memory("allocations", tests);
}
