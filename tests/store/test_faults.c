/*
 * Faults of the disk and of memory, on the simulated disk: power cuts between any two phases, failing writes, syncs and
 * marks, an allocator that runs out. Cases CR-02, CR-04, CR-06, CR-10 of the catalogue.
 */
#include "failing_allocator.h"
#include "fixture.h"

/* -- a disk that fails when told -- */

typedef struct faults {
    acta_disk_op op;
    uint32_t skip;  /* operations of that kind that still work */
    uint32_t times; /* then so many fail; UINT32_MAX: for ever */
    uint32_t survivors;
    uint32_t failed;
} faults;

static bool
fail_operation(void *user, acta_disk_op op)
{
    faults *f = user;

    if (op != f->op || f->times == 0) return false;
    if (f->skip > 0) {
        f->skip--;
        return false;
    }
    if (f->times != UINT32_MAX) f->times--;
    f->failed++;
    return true;
}

static uint32_t
choose_survivors(void *user, uint32_t count)
{
    const faults *f = user;
    return f->survivors < count ? f->survivors : count;
}

static void
set_faults(fixture *f, faults *with)
{
    acta_disk_faults hooks = { .fail = fail_operation, .choose = choose_survivors, .user = with };
    acta_disk_set_faults(f->disk, &hooks);
}

static void
submit(fixture *f, const char *stream, uint64_t expected, answer *a)
{
    acta_event event = event_of("test.Happened", "x");
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_append(t, acta_str_of(stream), expected, &event, 1);
    acta_transaction_put(t, "versions", acta_str_bytes(acta_str_of(stream)), B("there"));
    assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, take_answer, a, &f->error));
}

/* A failed sync: nobody knows. What was in the batch is told so, all later is refused, reads go on, health says why. */
static void
a_failed_sync_has_an_unknown_outcome(void **state)
{
    fixture *f = FIXTURE(state);
    faults with = { .op = ACTA_DISK_SYNC, .times = UINT32_MAX };
    answer answers[4];
    memset(answers, 0, sizeof answers);

    for (uint32_t survivors = 0; survivors < 2; survivors++) {
        uint64_t before = acta_store_head(f->store);
        acta_store_stats stats_before, stats;
        with.survivors = survivors;
        with.failed = 0;
        set_faults(f, &with);
        append_many(f, "checks", ACTA_ANY_VERSION, 0, NULL); /* writes nothing: fails nothing */
        assert_int_equal(ACTA_OK, acta_store_health(f->store, &f->error));
        acta_store_stats_read(f->store, &stats_before);

        submit(f, "a", ACTA_ANY_VERSION, &answers[0]);
        submit(f, "b", ACTA_ANY_VERSION, &answers[1]);
        submit(f, "c", 1000, &answers[2]); /* a conflict, but with what? */
        step_all(f);
        assert_int_equal(ACTA_UNKNOWN_OUTCOME, answers[0].status);
        assert_int_equal(ACTA_UNKNOWN_OUTCOME, answers[1].status);
        assert_int_equal(ACTA_READ_ONLY, answers[2].status);
        assert_non_null(strstr(answers[0].text, "refuses writes since one failed: cannot write to the log"));
        assert_int_equal(ACTA_READ_ONLY, append(f, "a", ACTA_ANY_VERSION, "later"));
        assert_int_equal(ACTA_UNKNOWN_OUTCOME, acta_store_health(f->store, &f->error));
        assert_int_equal(with.failed, 1); /* and never tried again */
        acta_store_stats_read(f->store, &stats);
        assert_int_equal(stats.syncs, stats_before.syncs + 1);
        assert_int_equal(acta_store_head(f->store), before);
        assert_int_equal(count_log(f), before);

        acta_disk_set_faults(f->disk, NULL);
        with.times = 0;
        set_faults(f, &with); /* choose goes on deciding */
        close_store(f);
        open_store_ok(f);
        with.times = UINT32_MAX;
        uint64_t after = acta_store_head(f->store);
        assert_int_equal(after, before + 2 * survivors); /* the whole batch, or nothing of it */
        assert_int_equal(count_log(f), after);
        assert_int_equal(has_row(f, "versions", "a"), survivors > 0);
        acta_disk_set_faults(f->disk, NULL);
        append_ok(f, "d", "x");
        assert_int_equal(acta_store_head(f->store), after + 1);
    }
}

/* A failed write is certain: nothing is there; the store refuses all the same. */
static void
a_failed_write_leaves_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    faults with = { .op = ACTA_DISK_WRITE, .skip = 1, .times = 1 };

    set_faults(f, &with);
    append_ok(f, "a", "x");
    assert_int_equal(ACTA_IO, append(f, "a", ACTA_ANY_VERSION, "y"));
    assert_int_equal(ACTA_READ_ONLY, append(f, "a", ACTA_ANY_VERSION, "z"));
    assert_int_equal(ACTA_IO, acta_store_health(f->store, &f->error));
    assert_int_equal(count_stream(f, "a"), 1);
    close_store(f);
    open_store_ok(f);
    assert_int_equal(count_stream(f, "a"), 1);
    append_ok(f, "a", "z");
}

/* A mark that can't be written: what was acknowledged stands, the next batch is unknown, and the store refuses. */
static void
a_failed_mark_stops_the_store(void **state)
{
    fixture *f = FIXTURE(state);
    faults with = { .op = ACTA_DISK_MARK, .times = UINT32_MAX };

    append_ok(f, "a", "x");
    step_all(f);
    set_faults(f, &with);
    append_ok(f, "a", "y"); /* its own mark comes later */
    assert_int_equal(ACTA_UNKNOWN_OUTCOME, append(f, "a", ACTA_ANY_VERSION, "z"));
    assert_int_equal(ACTA_READ_ONLY, append(f, "a", ACTA_ANY_VERSION, "z"));
    assert_non_null(strstr(f->error.text, "cannot write the mark"));
    assert_int_equal(count_stream(f, "a"), 3); /* unknown: it is there, as its rows are */
    acta_disk_set_faults(f->disk, NULL);
    crash_store(f);
    open_store_ok(f);
    assert_int_equal(count_stream(f, "a"), 3);
}

/* -- power cuts between any two phases -- */

enum { STREAMS = 3 };

/*
 * Run a workload of small batches on a manual store for `steps` phases, cut the power, let `survivors` unsynced batches
 * live, and open again, cutting the power once more after `steps` operations of the next life if `twice`. Whatever was
 * acknowledged must be there; what is there must be whole and in order. Returns false when the workload ended before.
 */
static bool
cut_after(fixture *f, uint32_t steps, uint32_t survivors)
{
    faults with = { .survivors = survivors };
    answer answers[40];
    uint32_t submitted = 0, acknowledged = 0;
    bool cut = false;
    memset(answers, 0, sizeof answers);

    set_faults(f, &with);
    while (submitted < 40 && !cut) {
        for (uint32_t k = 0; k < 1 + submitted % 3 && submitted < 40; k++, submitted++) {
            char stream[8];
            snprintf(stream, sizeof stream, "s%u", submitted % STREAMS);
            submit(f, stream, ACTA_ANY_VERSION, &answers[submitted]);
        }
        while (!cut && acta_store_step(f->store))
            cut = --steps == 0;
    }
    for (uint32_t i = 0; i < submitted; i++) {
        assert_true(answers[i].calls <= 1);
        if (answers[i].calls == 0) continue;
        assert_int_equal(ACTA_OK, answers[i].status);
        assert_int_equal(i, acknowledged); /* in order */
        acknowledged++;
    }
    crash_store(f);
    open_store_ok(f);
    acta_disk_set_faults(f->disk, NULL);
    uint64_t head = acta_store_head(f->store), sum = 0;
    assert_true(head >= acknowledged && head <= submitted);
    assert_int_equal(count_log(f), head);
    for (uint32_t i = 0; i < STREAMS; i++) {
        char stream[8];
        snprintf(stream, sizeof stream, "s%u", i);
        assert_int_equal(count_stream(f, stream), version_of(f, stream));
        assert_int_equal(has_row(f, "versions", stream), version_of(f, stream) > 0);
        sum += version_of(f, stream);
    }
    assert_int_equal(sum, head);
    append_ok(f, "goes-on", "x");
    assert_int_equal(acta_store_head(f->store), head + 1);
    return cut;
}

/* CR-02: at every phase of the whole workload, with nothing and with everything unsynced surviving. */
static void
nothing_acknowledged_is_lost_at_any_cut(void **state)
{
    fixture *f = FIXTURE(state);
    uint32_t cuts = 0;

    for (uint32_t survivors = 0; survivors < 2; survivors++) {
        for (uint32_t steps = 1;; steps++) {
            close_store(f);
            acta_disk_destroy(f->disk);
            f->disk = acta_disk_create(NULL);
            open_store_ok(f);
            if (!cut_after(f, steps, survivors)) break;
            cuts++;
        }
    }
    assert_true(cuts > 100);
}

/* The same with the power cut again and again inside the next opening: every write of recovery and of the new store. */
static void
a_cut_in_recovery_is_recovered_from(void **state)
{
    fixture *f = FIXTURE(state);
    static const acta_disk_op ops[] = { ACTA_DISK_WRITE, ACTA_DISK_SYNC, ACTA_DISK_MARK };
    uint32_t failures = 0;

    for (size_t op = 0; op < 3; op++) {
        for (uint32_t skip = 0; skip < 6; skip++) {
            for (uint32_t survivors = 0; survivors < 2; survivors++) {
                faults with = { .op = ops[op], .skip = skip, .times = 1, .survivors = survivors };
                answer a = { .calls = 0 };
                uint64_t head;
                for (int i = 0; i < 3; i++)
                    append_ok(f, "s", "x");
                head = acta_store_head(f->store);
                submit(f, "s", ACTA_ANY_VERSION, &a); /* left behind somewhere */
                acta_store_step(f->store);
                crash_store(f);

                set_faults(f, &with);
                acta_status status = open_store(f);
                if (status != ACTA_OK) { /* the process gives up; the next one finds the disk in order */
                    assert_true(status == ACTA_IO || status == ACTA_UNKNOWN_OUTCOME);
                    acta_disk_crash(f->disk);
                    acta_disk_set_faults(f->disk, NULL);
                    open_store_ok(f);
                    failures++;
                }
                acta_disk_set_faults(f->disk, NULL);
                assert_in_range(acta_store_head(f->store), head, head + 1);
                assert_int_equal(count_log(f), acta_store_head(f->store));
            }
        }
    }
    assert_true(failures > 0);
}

/* And inside the making of a new store: it is either there or can be made again. */
static void
a_cut_while_a_store_is_made_leaves_no_half_store(void **state)
{
    fixture *f = FIXTURE(state);
    static const acta_disk_op ops[] = { ACTA_DISK_WRITE, ACTA_DISK_SYNC, ACTA_DISK_MARK };

    for (size_t op = 0; op < 3; op++) {
        for (uint32_t skip = 0; skip < 3; skip++) {
            for (uint32_t survivors = 0; survivors < 2; survivors++) {
                faults with = { .op = ops[op], .skip = skip, .times = 1, .survivors = survivors };
                close_store(f);
                acta_disk_destroy(f->disk);
                f->disk = acta_disk_create(NULL);
                set_faults(f, &with);
                if (open_store(f) != ACTA_OK) {
                    acta_disk_crash(f->disk);
                    acta_disk_set_faults(f->disk, NULL);
                    open_store_ok(f);
                }
                acta_disk_set_faults(f->disk, NULL);
                append_ok(f, "s", "x");
                assert_int_equal(count_log(f), 1);
            }
        }
    }
}

/* CR-04, the test of the tests above: a store that acknowledges before its sync loses acknowledged events. */
static void
without_syncs_acknowledged_events_are_lost(void **state)
{
    fixture *f = FIXTURE(state);

    close_store(f);
    f->config.unsafe_no_sync = true;
    open_store_ok(f);
    for (int i = 0; i < 10; i++)
        append_ok(f, "s", "x");
    assert_int_equal(count_log(f), 10);
    crash_store(f);
    open_store_ok(f);
    assert_int_equal(count_log(f), 0); /* had they been synced, this would be 10 */
}

/* Without syncs the disk writes back what is old by itself, so that what it keeps for a crash doesn't grow for ever. */
static void
without_syncs_old_events_are_written_back(void **state)
{
    enum { SIZE = 256 << 10, COUNT = 100, LOST_MAX = (16 << 20) / SIZE };
    fixture *f = FIXTURE(state);
    char *payload = calloc(1, SIZE);

    close_store(f);
    f->config.unsafe_no_sync = true;
    open_store_ok(f);
    memset(payload, 'x', SIZE - 1);
    for (int i = 0; i < COUNT; i++)
        append_ok(f, "s", payload);
    free(payload);
    crash_store(f);
    open_store_ok(f);
    assert_in_range(count_log(f), COUNT - LOST_MAX, COUNT - 1);
}

/* A process that ends without a power cut loses nothing that was visible, synced or not. */
static void
a_kill_without_a_power_cut_loses_nothing_visible(void **state)
{
    fixture *f = FIXTURE(state);

    close_store(f);
    f->config.unsafe_no_sync = true;
    open_store_ok(f);
    append_ok(f, "s", "x");
    acta_store_abandon(f->store);
    f->store = NULL;
    open_store_ok(f);
    assert_int_equal(count_log(f), 1);
}

/* Equal contents have equal hashes, whatever the way to them; different ones have different. */
static void
the_hash_of_a_disk_tells_contents_apart(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t hashes[3];

    append_ok(f, "s", "x");
    step_all(f);
    hashes[0] = acta_disk_hash(f->disk);
    assert_int_equal(acta_disk_hash(f->disk), hashes[0]);
    answer a = { .calls = 0 };
    submit(f, "s", ACTA_ANY_VERSION, &a);
    acta_store_step(f->store); /* written, not durable */
    assert_int_equal(acta_disk_hash(f->disk), hashes[0]);
    acta_store_step(f->store);
    hashes[1] = acta_disk_hash(f->disk);
    assert_true(hashes[1] != hashes[0]);
    step_all(f);
    hashes[2] = acta_disk_hash(f->disk);
    assert_true(hashes[2] != hashes[1]); /* the mark */
}

/* ES-53 for the simulated disk: one writer at a time; readers beside it. */
static void
a_disk_has_one_writer(void **state)
{
    fixture *f = FIXTURE(state);
    acta_store_config config = { .engine = acta_memory_engine(f->disk), .manual = true };
    acta_store *second;
    acta_error error;

    append_ok(f, "s", "x");
    assert_int_equal(ACTA_IN_USE, acta_store_open(&config, &second, &error));
    config.engine = acta_memory_engine(f->disk);
    config.read_only = true;
    assert_int_equal(ACTA_OK, acta_store_open(&config, &second, &error));
    assert_int_equal(acta_store_head(second), 1);
    acta_store_close(second);
    append_ok(f, "s", "y");
}

/* -- memory that runs out -- */

static void
expect_clean(acta_status status)
{
    if (status == ACTA_OK || status == ACTA_NO_MEMORY || status == ACTA_READ_ONLY || status == ACTA_NOT_FOUND ||
        status == ACTA_IO || status == ACTA_UNKNOWN_OUTCOME)
        return;
    fail_msg("%s", acta_status_name(status));
}

/* A little of everything; returns how many events were acknowledged. */
static uint32_t
use_store(acta_store *store)
{
    acta_error error;
    uint32_t acknowledged = 0;
    acta_subscription_config config = { .name = "sub", .manual_checkpoint = true };
    acta_subscription *subscription = NULL;
    acta_outcome outcome = { .status = ACTA_OK };
    acta_status status = acta_subscription_open(store, &config, &subscription, &error);
    expect_clean(status);

    for (uint32_t i = 0; i < 5; i++) {
        char type[16];
        acta_transaction *t = acta_transaction_create(store);
        if (t == NULL) continue;
        snprintf(type, sizeof type, "test.T%u", i);
        acta_event events[2] = { event_of(type, "one"), event_of("test.Other", "two") };
        acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, events, 2);
        acta_transaction_outcome(t, acta_id_of(acta_str_of(type)), &outcome);
        acta_transaction_put(t, "rows", B("k"), B("v"));
        acta_transaction_session(t, 1, acknowledged / 2 + 1);
        status = acta_store_commit(store, t, NULL, &error);
        if (status != ACTA_CONFLICT) expect_clean(status);
        if (status == ACTA_OK) acknowledged += 2;
    }
    acta_read read = { .stream = S("s"), .direction = ACTA_BACKWARD };
    acta_cursor *cursor;
    acta_recorded event;
    status = acta_cursor_open(store, &read, &cursor, &error);
    expect_clean(status);
    if (status == ACTA_OK) {
        while ((status = acta_cursor_next(cursor, &event, &error)) == ACTA_OK)
            continue;
        expect_clean(status);
        acta_cursor_close(cursor);
    }
    for (int i = 0; subscription != NULL && i < 5; i++) {
        acta_chunk *chunk;
        bool more;
        status = acta_subscription_next(subscription, 3, &chunk, &more, &error);
        expect_clean(status);
        if (status == ACTA_OK) acta_chunk_unref(chunk);
    }
    acta_subscription_close(subscription);
    return acknowledged;
}

/* CR-10: the n-th allocation fails, once or from then on, for every n: clean answers, nothing acknowledged lost, no leak. */
static void
memory_may_run_out_at_any_allocation(void **state)
{
    fixture *f = FIXTURE(state);
    bool reached = true;
    uint64_t n = 0;

    for (int only_once = 0; only_once < 2; only_once++) {
        for (n = 0, reached = true; reached; n++) {
            failing_allocator failing = { .left = n, .only_once = only_once == 1 }, sound = { .left = UINT64_MAX };
            acta_environment environment = { .allocator = { alloc_or_fail, free_counted, &failing },
                .log = { .write = log_nothing } };
            acta_allocator disk_allocator = { alloc_or_fail, free_counted, &sound };
            acta_disk *disk = acta_disk_create(&disk_allocator);
            acta_store_config config = {
                .engine = acta_memory_engine(disk), .manual = true, .environment = &environment
            };
            acta_store *store;
            acta_error error;
            uint32_t acknowledged = 0;

            acta_status status = acta_store_open(&config, &store, &error);
            expect_clean(status);
            if (status == ACTA_OK) {
                acknowledged = use_store(store);
                acta_store_close(store);
            }
            reached = failing.failed > 0;
            assert_int_equal(failing.live, 0);

            failing.left = UINT64_MAX;
            config.engine = acta_memory_engine(disk);
            assert_int_equal(ACTA_OK, acta_store_open(&config, &store, &error));
            assert_true(acta_store_head(store) >= acknowledged);
            assert_true(acta_store_head(store) % 2 == 0);
            fixture again = { .store = store };
            assert_int_equal(count_log(&again), acta_store_head(store));
            acta_store_close(store);
            acta_disk_destroy(disk);
            assert_int_equal(sound.live, 0);
        }
        assert_true(n > 30);
    }
    (void)f;
}

/* The same for the disk's own memory: it is then a disk that fails. */
static void
a_disk_without_memory_is_a_disk_that_fails(void **state)
{
    bool reached = true;
    uint64_t n;
    (void)state;

    for (n = 0; reached; n++) {
        failing_allocator failing = { .left = n };
        acta_allocator allocator = { alloc_or_fail, free_counted, &failing };
        acta_environment environment = { .log = { .write = log_nothing } };
        acta_disk *disk = acta_disk_create(&allocator);
        acta_error error;
        acta_store *store;
        uint32_t acknowledged = 0;

        acta_engine *engine = disk != NULL ? acta_memory_engine(disk) : NULL;
        if (engine != NULL) {
            acta_store_config config = { .engine = engine, .manual = true, .environment = &environment };
            acta_status status = acta_store_open(&config, &store, &error);
            expect_clean(status);
            if (status == ACTA_OK) {
                acknowledged = use_store(store);
                acta_store_close(store);
            }
        }
        reached = failing.failed > 0;
        failing.left = UINT64_MAX;
        if (disk != NULL) {
            acta_store_config config = { .engine = acta_memory_engine(disk), .manual = true };
            assert_int_equal(ACTA_OK, acta_store_open(&config, &store, &error));
            assert_true(acta_store_head(store) >= acknowledged);
            fixture again = { .store = store };
            assert_int_equal(count_log(&again), acta_store_head(store));
            acta_store_close(store);
        }
        acta_disk_destroy(disk);
        assert_int_equal(failing.live, 0);
    }
    assert_true(n > 50);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_manual_store(a_failed_sync_has_an_unknown_outcome),
        on_manual_store(a_failed_write_leaves_nothing),
        on_manual_store(a_failed_mark_stops_the_store),
        on_manual_store(nothing_acknowledged_is_lost_at_any_cut),
        on_manual_store(a_cut_in_recovery_is_recovered_from),
        on_manual_store(a_cut_while_a_store_is_made_leaves_no_half_store),
        on_manual_store(without_syncs_acknowledged_events_are_lost),
        on_manual_store(without_syncs_old_events_are_written_back),
        on_manual_store(a_kill_without_a_power_cut_loses_nothing_visible),
        on_manual_store(the_hash_of_a_disk_tells_contents_apart),
        on_manual_store(a_disk_has_one_writer),
        on_no_store(memory_may_run_out_at_any_allocation),
        on_no_store(a_disk_without_memory_is_a_disk_that_fails),
    };
    return run_on_memory("faults", tests);
}
