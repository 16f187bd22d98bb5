/*
 * What a warm dispatch takes from the application's allocator beyond the event itself (its record, which live readers share):
 * nothing. Counted step by step on one thread over the memory engine, so that the numbers are the same each time;
 * test_allocations_rocksdb.c does with threads.
 *
 * The events are of jobs, whose state has nothing that grows.
 */
#include "fixture.h"

enum { ROUNDS = 1000, PER_HUNDRED = 100 };

static _Atomic uint64_t taken; /* from the hook */

static void *
counting_alloc(void *user, size_t size)
{
    (void)user;
    atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed); /* a count */
    return malloc(size);
}

static void
plain_free(void *user, void *block, size_t size)
{
    (void)user;
    (void)size;
    free(block);
}

static void
count_in_hook(fixture *f)
{
    f->environment.allocator = (acta_allocator){ .alloc = counting_alloc, .free = plain_free };
}

/* -- one thread -- */

typedef acta_status (*dispatch)(fixture *f, uint32_t round, const acta_dispatch_options *options);

static acta_status
touch(fixture *f, uint32_t round, const acta_dispatch_options *options)
{
    (void)round;
    return ledger_Touch_dispatch(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("a")), options, &f->error);
}

/* It starts and ends in turns. */
static acta_status
turn(fixture *f, uint32_t round, const acta_dispatch_options *options)
{
    if (round % 2 == 1)
        return ledger_EndJob_dispatch(f->app, ACTA_INIT(ledger_EndJob, .job_id = S("a")), options, &f->error);
    return ledger_StartJob_dispatch(f->app, ACTA_INIT(ledger_StartJob, .job_id = S("a")), options, &f->error);
}

static acta_id
id_of_number(uint64_t number)
{
    acta_id id = { { 0xa1 } };

    memcpy(id.bytes + 8, &number, sizeof number);
    return id;
}

/* Allocations of so many dispatches to one warm aggregate; with an id each. */
static uint64_t
count_rounds(fixture *f, dispatch what, const acta_dispatch_options *given, bool with_ids)
{
    static uint64_t number;
    acta_dispatch_options options = { .timeout_ms = 0 };
    uint64_t before = 0;

    if (given != NULL) options = *given;
    for (uint32_t i = 0; i < 2 * ROUNDS; i++) {
        if (i == ROUNDS) before = taken; /* it is warm */
        if (with_ids) options.command_id = id_of_number(++number);
        MUST(f, what(f, i, &options));
    }
    return taken - before;
}

static void
report(const char *what, uint64_t count)
{
    print_message("allocations of a warm dispatch, %s: %.3f\n", what, (double)count / ROUNDS);
}

/* The rest: once in a while a table of the store's grows. */
static void
a_warm_dispatch_takes_nothing_but_its_event(void **state)
{
    fixture *f = FIXTURE(state);

    count_in_hook(f);
    start(f);
    uint64_t without = count_rounds(f, touch, NULL, false);
    report("without an event", without);
    assert_int_equal(without, 0);
    uint64_t with = count_rounds(f, turn, NULL, false);
    report("with one", with);
    assert_in_range(with, ROUNDS, ROUNDS + ROUNDS / PER_HUNDRED);
    without = count_rounds(f, touch, NULL, true);
    report("with an id and without an event", without);
    assert_in_range(without, 0, ROUNDS / PER_HUNDRED);
    with = count_rounds(f, turn, NULL, true);
    report("with an id and an event", with);
    assert_in_range(with, ROUNDS, ROUNDS + ROUNDS / PER_HUNDRED);
}

static acta_status
end_twice(fixture *f, uint32_t round, const acta_dispatch_options *options)
{
    (void)round;
    acta_status status = ledger_EndJob_dispatch(f->app, ACTA_INIT(ledger_EndJob, .job_id = S("b")), options, &f->error);
    return status == ACTA_REJECTED ? ACTA_OK : ACTA_FAILED;
}

static void
nor_does_a_rejection(void **state)
{
    fixture *f = FIXTURE(state);

    count_in_hook(f);
    start(f);
    uint64_t count = count_rounds(f, end_twice, NULL, false);
    report("rejected", count);
    assert_int_equal(count, 0);
}

/* Metadata, defaults, versions and ids that are returned, a bound, middleware, an audit: the same blocks, or such as are kept. */
static void
pass_by(acta_passage *passage, void *user)
{
    (void)passage;
    (void)user;
}

static void
nor_do_options(void **state)
{
    static const acta_metadata_entry metadata[] = { { { "user", 4 }, { "alice", 5 } },
        { { "from", 4 }, { "here", 4 } } };
    static const acta_dispatch_options defaults = { .metadata = metadata, .metadata_count = 1 };
    static const acta_middleware middleware = { .before = pass_by, .after = pass_by };
    static const acta_middleware *const all[] = { &middleware, NULL };
    fixture *f = FIXTURE(state);
    acta_returned returned;
    const acta_dispatch_options options = { .metadata = metadata, .metadata_count = 2, .returned_out = &returned };

    count_in_hook(f);
    f->config.dispatch_defaults = &defaults;
    f->config.commands_max = 10;
    f->config.middleware = all;
    f->config.audit.is_on = true;
    start(f);
    uint64_t count = count_rounds(f, turn, &options, true);
    report("with an id, an event, metadata, middleware and audit", count);
    assert_in_range(count, ROUNDS, ROUNDS + ROUNDS / PER_HUNDRED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(a_warm_dispatch_takes_nothing_but_its_event),
        manual(nor_does_a_rejection),
        manual(nor_do_options),
    };
    return run_on_memory("allocations", tests);
}
