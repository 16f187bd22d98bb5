/*
 * What a warm dispatch takes from the application's allocator beyond the event itself (its record, which live readers share):
 * nothing. Counted step by step on one thread over the memory engine, so that the numbers are the same each time;
 * test_allocations_rocksdb.c does with threads.
 *
 * The events are of jobs, whose state has nothing that grows.
 */
#include "acta/readers.h"
#include "fixture.h"

enum { ROUNDS = 1000, PER_HUNDRED = 100 };

static _Atomic uint64_t taken;  /* from the hook */
static _Atomic uint64_t in_use; /* bytes */

static void *
counting_alloc(void *user, size_t size)
{
    (void)user;
    atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed); /* counts */
    atomic_fetch_add_explicit(&in_use, size, memory_order_relaxed);
    return malloc(size);
}

static void
plain_free(void *user, void *block, size_t size)
{
    (void)user;
    if (block != NULL) atomic_fetch_sub_explicit(&in_use, size, memory_order_relaxed);
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

/* -- what waits in vain -- */

/* Events that nobody handles, for the one reader is paused: bytes in use more after ROUNDS dispatches than after as many before,
 * which have warmed all that grows to a bound. */
static uint64_t
grown_with_a_paused_reader(fixture *f, const acta_dispatch_options *options)
{
    static const acta_projection *const projections[] = { &ledger_rows.base, NULL };
    const acta_status expected = options != NULL ? ACTA_TIMEOUT : ACTA_OK;
    uint64_t before = 0;

    f->config.projections = projections;
    start(f);
    MUST(f, acta_reader_pause(f->app, "rows", NULL, &f->error));
    for (uint32_t i = 0; i < 2 * ROUNDS; i++) {
        if (i == ROUNDS) before = in_use;
        assert_int_equal(add_with(f, "a", 0, options), expected);
    }
    uint64_t after = in_use;
    stop(f);
    return after > before ? after - before : 0;
}

/* AP-20: who waited too long for a reader is forgotten, however long that stands still: its place in the reader's list is given back. */
static void
waiting_in_vain_leaves_nothing(void **state)
{
    static const char *const rows[] = { "rows", NULL };
    const acta_dispatch_options waiting = { .wait_for = rows, .timeout_ms = 20 };
    fixture *f = FIXTURE(state);

    count_in_hook(f);
    uint64_t without = grown_with_a_paused_reader(f, NULL);
    acta_disk_destroy(f->disk);
    f->disk = acta_disk_create(NULL);
    uint64_t with = grown_with_a_paused_reader(f, &waiting);
    print_message(
        "bytes more in use after %d dispatches: %" PRIu64 ", and with wait_for %" PRIu64 "\n", ROUNDS, without, with);
    assert_in_range(with, 0, without + (uint64_t)ROUNDS * 8); /* a place alone takes more */
}

/* -- copies -- */

enum { PAYLOAD = 200000, DISPATCHES = 20 };

static _Atomic uint32_t big_copies, big_puts;

/* The linker leads each memcpy and memmove of this program and of our libraries here; RocksDB's own are its own. */
void *__real_memcpy(void *to, const void *from, size_t size);  /* NOLINT: the linker's names */
void *__real_memmove(void *to, const void *from, size_t size); /* NOLINT */
void *__wrap_memcpy(void *to, const void *from, size_t size);  /* NOLINT */
void *__wrap_memmove(void *to, const void *from, size_t size); /* NOLINT */

void *
__wrap_memcpy(void *to, const void *from, size_t size) /* NOLINT */
{
    if (size >= PAYLOAD) atomic_fetch_add_explicit(&big_copies, 1, memory_order_relaxed); /* a count */
    return __real_memcpy(to, from, size);
}

void *
__wrap_memmove(void *to, const void *from, size_t size) /* NOLINT */
{
    if (size >= PAYLOAD) atomic_fetch_add_explicit(&big_copies, 1, memory_order_relaxed); /* a count */
    return __real_memmove(to, from, size);
}

/* RocksDB copies what is put into its batch. Its own types don't matter here. */
void __real_rocksdb_writebatch_put_cf(void *batch, void *family, /* NOLINT */
    const char *key, size_t key_size, const char *value, size_t value_size);
void __wrap_rocksdb_writebatch_put_cf(void *batch, void *family, /* NOLINT */
    const char *key, size_t key_size, const char *value, size_t value_size);

void
__wrap_rocksdb_writebatch_put_cf(void *batch, void *family, /* NOLINT */
    const char *key, size_t key_size, const char *value, size_t value_size)
{
    if (value_size >= PAYLOAD) atomic_fetch_add_explicit(&big_puts, 1, memory_order_relaxed); /* a count */
    __real_rocksdb_writebatch_put_cf(batch, family, key, key_size, value, value_size);
}

static uint32_t jobs_seen;

static acta_status
see_job(void *user, ledger_JobStarted event, const acta_recorded *recorded, acta_error *error)
{
    (void)user, (void)recorded, (void)error;
    assert_int_equal(acta_str_vector_at(event.counters, 0).size, PAYLOAD);
    jobs_seen++;
    return ACTA_OK;
}

static const ledger_event_handler first_seeing = LEDGER_EVENT_HANDLER(.name = "first", .on = { .JobStarted = see_job });
static const ledger_event_handler second_seeing =
    LEDGER_EVENT_HANDLER(.name = "second", .on = { .JobStarted = see_job });

/* Copies of payloads while DISPATCHES commands of PAYLOAD bytes each are dispatched, stored, and handled by who is live. */
static uint32_t
copies_of(fixture *f, const acta_event_handler *const *handlers)
{
    static char text[PAYLOAD];
    acta_str counter = { text, sizeof text };

    memset(text, 'x', sizeof text);
    f->config.event_handlers = handlers;
    start(f);
    settle(f);
    uint32_t before = big_copies;
    for (uint32_t i = 0; i < DISPATCHES; i++) {
        char job[16];
        snprintf(job, sizeof job, "%u-%u", handlers != NULL, i);
        MUST(
            f, ledger_StartJob_dispatch(f->app,
                   ACTA_INIT(ledger_StartJob, .job_id = acta_str_of(job), .counters = { .data = &counter, .count = 1 }),
                   NULL, &f->error));
        settle(f);
    }
    uint32_t copies = big_copies - before;
    stop(f);
    return copies;
}

/* The bytes are made twice, for the command of what the user has, and for the event of that; and then they stay where they are, until
 * RocksDB's batch takes its copy. A reader that is live gets the same bytes, however many there are. */
static void
a_payload_is_made_and_not_copied_not_for_a_live_reader_either(void **state)
{
    static const acta_event_handler *const both[] = { &first_seeing.base, &second_seeing.base, NULL };
    enum { MADE = 2 };
    fixture *f = FIXTURE(state);

    big_puts = 0;
    uint32_t alone = copies_of(f, NULL);
    assert_int_equal(big_puts, DISPATCHES);
    jobs_seen = 0;
    uint32_t read = copies_of(f, both);
    print_message("copies of a payload, of %d dispatches: %u, and with two live readers %u\n", DISPATCHES, alone, read);
    assert_int_equal(jobs_seen, 4 * DISPATCHES); /* of both rounds */
    assert_int_equal(alone, DISPATCHES * MADE);
    assert_int_equal(read, alone);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(a_warm_dispatch_takes_nothing_but_its_event),
        manual(nor_does_a_rejection),
        manual(nor_do_options),
        manual(waiting_in_vain_leaves_nothing),
    };
    const struct CMUnitTest copying[] = { manual(a_payload_is_made_and_not_copied_not_for_a_live_reader_either) };
    return run_on_memory("allocations", tests) + run_on_rocksdb("copies", copying);
}
