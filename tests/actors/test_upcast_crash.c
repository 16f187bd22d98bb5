/*
 * Upcasters and crashes: the log that two programs have left (test_upcast.c says what is in it) is read by the third, which
 * dies after any number of steps, and once more. Whatever it was at, in a recovery, between two events that one old one has
 * become, before a checkpoint: afterwards nothing is missing, and nothing counts twice.
 *
 * The log is copied from what the programs wrote, event by event and with the schemas that it has kept, so that it lies on
 * both engines and each life begins with a fresh one.
 */
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#include "purse.h"

enum { EVENTS = 8, ROWS_MAX = 16, POSITIONS = 16, STRIDE_ON_DISK = 23 };

/* -- the log of before -- */

typedef struct old_row {
    const char *table;
    acta_bytes key, value;
} old_row;

static struct {
    acta_memory *memory;
    acta_event events[EVENTS];
    acta_str streams[EVENTS];
    old_row rows[ROWS_MAX];
    uint32_t event_count, row_count;
} old;

static void
run_program(const char *variable, char *path)
{
    extern char **environ;
    char *program = getenv(variable), *arguments[] = { program, path, NULL };
    int status;
    pid_t pid;

    assert_non_null(program);
    assert_int_equal(posix_spawn(&pid, program, NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static acta_bytes
keep(acta_bytes bytes)
{
    uint8_t *copy = acta_memory_alloc(old.memory, bytes.size + 1);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.size);
    return acta_bytes_from(copy, bytes.size);
}

static acta_str
keep_str(acta_str text)
{
    acta_bytes bytes = keep(acta_str_bytes(text));
    return acta_str_from(bytes.data, bytes.size);
}

static void
keep_events(fixture *f, acta_store *store)
{
    acta_cursor *cursor;
    acta_recorded event;

    MUST(f, acta_cursor_open(store, &(acta_read){ .from = 1 }, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        assert_true(old.event_count < EVENTS);
        old.streams[old.event_count] = keep_str(event.stream);
        old.events[old.event_count++] = (acta_event){
            .type = keep_str(event.type), .schema_hash = event.schema_hash, .payload = keep(event.payload)
        };
    }
    acta_cursor_close(cursor);
    assert_int_equal(old.event_count, EVENTS);
}

static void
keep_rows(fixture *f, acta_store *store, const char *table)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;

    MUST(f, acta_row_cursor_open(store, table, acta_bytes_from(NULL, 0), &cursor, &f->error));
    while (acta_row_cursor_next(cursor, &key, &value, &f->error) == ACTA_OK) {
        assert_true(old.row_count < ROWS_MAX);
        old.rows[old.row_count++] = (old_row){ .table = table, .key = keep(key), .value = keep(value) };
    }
    acta_row_cursor_close(cursor);
}

static int
make_old(void)
{
    void *made;
    acta_store *store;
    if (set_up(&made) != 0) return -1;
    fixture *f = made;

    old.memory = acta_memory_create(NULL);
    run_program("ACTA_PURSE_V1", f->path);
    run_program("ACTA_PURSE_V2", f->path);
    MUST(f, acta_store_open(&(acta_store_config){ .path = f->path, .must_exist = true }, &store, &f->error));
    keep_events(f, store);
    keep_rows(f, store, "schemas");
    keep_rows(f, store, "types");
    acta_store_close(store);
    return tear_down(&made);
}

/* A fresh store that holds it. */
static void
begin(fixture *f)
{
    static uint32_t number;
    acta_store_config config = { .manual = true };
    acta_store *store;

    if (f->memory) {
        acta_disk_destroy(f->disk);
        f->disk = acta_disk_create(NULL);
        config.engine = acta_memory_engine(f->disk);
    } else {
        char *slash = strrchr(f->path, '/');
        snprintf(slash, sizeof f->path - (size_t)(slash - f->path), "/data-%u", ++number);
        config.path = f->path;
    }
    MUST(f, acta_store_open(&config, &store, &f->error));
    acta_transaction *t = acta_transaction_create(store);
    for (uint32_t i = 0; i < old.event_count; i++)
        acta_transaction_append(t, old.streams[i], ACTA_ANY_VERSION, &old.events[i], 1);
    for (uint32_t i = 0; i < old.row_count; i++)
        acta_transaction_put(t, old.rows[i].table, old.rows[i].key, old.rows[i].value);
    MUST(f, acta_store_commit(store, t, NULL, &f->error));
    acta_store_close(store);
}

/* -- who watches -- */

typedef enum what { EARNED, SPENT, CHARGED, MOVED, OWED, WHATS } what;

static struct {
    uint32_t times[POSITIONS][WHATS]; /* that the handler saw it, by position */
    bool refuses;                     /* what b has spent */
} seen;

static acta_status
see(what which, const acta_recorded *recorded, acta_error *error)
{
    assert_true(recorded->position < POSITIONS);
    if (seen.refuses && recorded->position == 6) return acta_error_set(error, ACTA_FAILED, "not of b");
    seen.times[recorded->position][which]++;
    return ACTA_OK;
}

#define SEE(name, event_type, which)                                                                                   \
    static acta_status name(void *user, event_type event, const acta_recorded *recorded, acta_error *error)            \
    {                                                                                                                  \
        (void)user, (void)event;                                                                                       \
        return see(which, recorded, error);                                                                            \
    }
SEE(see_earned, purse_Earned, EARNED)
SEE(see_spent, purse_Spent, SPENT)
SEE(see_charged, purse_Charged, CHARGED)
SEE(see_moved, purse_Moved, MOVED)
SEE(see_owed, purse_Owed, OWED)

static const purse_event_handler watcher = PURSE_EVENT_HANDLER(.name = "watcher",
    .on = { .Earned = see_earned, .Spent = see_spent, .Charged = see_charged, .Moved = see_moved, .Owed = see_owed },
    .retry_max = 1);
static const acta_event_handler *const watchers[] = { &watcher.base, NULL };
static const acta_projection *const projections[] = { &purse_rows.base, NULL };

static void
set_third(fixture *f)
{
    f->config.schema = &purse_schema;
    f->config.aggregates = purse_aggregates;
    f->config.upcasters = &purse_upcasts.base;
    purse_hook = (purse_hooks){ .lent = NULL };
    memset(&seen, 0, sizeof seen);
}

/* Each is there; more than once only for who sees at least once, and no oftener than there were lives. */
static void
expect_seen(uint32_t lives)
{
    static const uint8_t expected[POSITIONS][WHATS] = { [1][EARNED] = 1,
        [2][EARNED] = 1,
        [3][SPENT] = 1,
        [5][MOVED] = 1,
        [5][OWED] = 1,
        [6][SPENT] = 1,
        [7][SPENT] = 1,
        [7][CHARGED] = 1,
        [8][EARNED] = 1 };

    for (uint32_t p = 0; p < POSITIONS; p++)
        for (uint32_t w = 0; w < WHATS; w++) {
            assert_true(seen.times[p][w] >= expected[p][w]);
            assert_true(seen.times[p][w] <= expected[p][w] * lives);
        }
}

static void
expect_row(fixture *f, const char *id, int64_t hundredths, uint32_t events)
{
    purse_PurseRow row;

    MUST(f, purse_PurseRow_find(f->app, acta_str_of(id), &row, f->scratch, &f->error));
    assert_int_equal(row.hundredths, hundredths);
    assert_int_equal(row.events, events);
}

static void
expect_diary(fixture *f, const char *id, uint32_t notes, int64_t hundredths)
{
    purse_Diary state;

    MUST(f, purse_Diary_read(f->app, acta_str_of(id), &state, NULL, &f->error));
    assert_int_equal(state.notes, notes);
    assert_int_equal(state.hundredths, hundredths);
}

static void
expect_purse(fixture *f, const char *id, int64_t hundredths, uint32_t events)
{
    purse_Purse state;

    MUST(f, purse_Purse_read(f->app, acta_str_of(id), &state, NULL, &f->error));
    assert_int_equal(state.hundredths, hundredths);
    assert_int_equal(state.events, events);
}

/* False: it came to rest before. */
static bool
take_steps(fixture *f, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!step(f)) return false;
    return true;
}

static uint32_t
stride(const fixture *f)
{
    return f->memory ? 1 : STRIDE_ON_DISK;
}

/* -- proofs -- */

/* AP-22: a handler, a projection and process managers, each dying twice anywhere on its way through the old events. */
static void
readers_that_die_anywhere_skip_and_double_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    bool interrupted = true;
    uint32_t deaths = 0;

    for (uint32_t steps = 0; interrupted; steps += stride(f), deaths++) {
        begin(f);
        set_third(f);
        f->config.event_handlers = watchers;
        f->config.projections = projections;
        f->config.process_managers = purse_process_managers;
        start(f);
        interrupted = take_steps(f, steps);
        crash(f);
        start(f);
        take_steps(f, steps * 7 % 31);
        crash(f);
        start(f);
        run_all(f);
        expect_seen(3);
        expect_row(f, "a", 3900, 5);
        expect_row(f, "b", 6600, 4);
        expect_diary(f, "a", 5, 3900);
        expect_diary(f, "b", 4, 6600);
        expect_purse(f, "a", 3900, 5);
        assert_int_equal(count_rows(f, "parked"), 0);
        crash(f);
    }
    print_message("%u deaths\n", deaths);
    assert_true(deaths > 5);
}

/* An event that is parked as what it has become, in a life that ends anywhere: the next one takes it up. */
static void
what_was_parked_before_a_crash_is_upcast_after_it(void **state)
{
    fixture *f = FIXTURE(state);
    bool interrupted = true;
    uint32_t were_parked = 0;

    for (uint32_t steps = 0; interrupted; steps += stride(f)) {
        begin(f);
        set_third(f);
        f->config.event_handlers = watchers;
        seen.refuses = true;
        start(f);
        interrupted = take_steps(f, steps);
        crash(f);
        start(f);
        were_parked += count_rows(f, "parked");
        seen.refuses = false;
        run_all(f);
        while (reader_info(f, "watcher").parked != 0 && step(f)) {}
        run_all(f);
        expect_seen(2);
        assert_int_equal(count_rows(f, "parked"), 0);
        crash(f);
    }
    assert_true(were_parked > 0);
}

/* A command on an aggregate whose state is made of old events, with a snapshot of it: in a life that ends anywhere; asked
 * again under its id, it has happened once, and the state from the snapshot is the one from the events. */
static void
states_and_snapshots_of_old_events_outlive_a_crash(void **state)
{
    fixture *f = FIXTURE(state);
    bool interrupted = true;
    uint32_t had_happened = 0;

    for (uint32_t steps = 0; interrupted; steps += stride(f)) {
        const acta_dispatch_options options = { .command_id = id_of("spend") };
        answer first = { .calls = 0 };
        begin(f);
        set_third(f);
        start(f);
        purse_Spend command = ACTA_INIT(purse_Spend, .purse_id = S("a"), .hundredths = 1);
        purse_Spend_dispatch_async(f->app, command, &options, take_answer, &first);
        interrupted = take_steps(f, steps);
        bool was_answered = first.calls != 0;
        crash(f);
        start(f);
        uint64_t version = version_of(f, "Purse-a");
        assert_true(version == 5 || version == 6);
        if (was_answered) assert_int_equal(version, 6);
        had_happened += version == 6;
        MUST(f, purse_Spend_dispatch(f->app, command, &options, &f->error));
        expect_purse(f, "a", 3899, 6);
        run_all(f); /* the snapshot too */
        crash(f);
        start(f);
        expect_purse(f, "a", 3899, 6);
        expect_purse(f, "b", 4600, 3);
        crash(f);
    }
    assert_true(had_happened > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(readers_that_die_anywhere_skip_and_double_nothing),
        manual(what_was_parked_before_a_crash_is_upcast_after_it),
        manual(states_and_snapshots_of_old_events_outlive_a_crash),
    };
    if (make_old() != 0) return 1;
    int failures = run_on_engines("upcast crash", tests);
    acta_memory_destroy(old.memory);
    return failures;
}
