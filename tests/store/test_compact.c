/*
 * Compaction: what removed events took is given back, by counted bytes of files; a store that is compacted has lost nothing.
 * Case ES-46: limits are honoured before and after the physical removal.
 */
#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acta/operations.h"

#include "fixture.h"

enum { EVENTS = 2000, PAYLOAD = 1000 };

typedef struct files {
    uint32_t count;
    uint64_t bytes;
} files;

/* A kind of files in the store's directory. */
static files
look_at(const fixture *f, const char *ending)
{
    DIR *directory = opendir(f->path);
    files found = { .count = 0 };

    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char path[700];
        struct stat file;
        size_t size = strlen(entry->d_name), ending_size = strlen(ending);
        if (size < ending_size || strcmp(entry->d_name + size - ending_size, ending) != 0) continue;
        snprintf(path, sizeof path, "%s/%s", f->path, entry->d_name);
        if (stat(path, &file) != 0) continue;
        found.bytes += (uint64_t)file.st_size;
        found.count++;
    }
    closedir(directory);
    return found;
}

static uint64_t
bytes_of(const fixture *f, const char *ending)
{
    return look_at(f, ending).bytes;
}

/* Random bytes, so that nothing is won by packing them. */
static void
append_random(fixture *f, const char *stream, uint32_t count)
{
    static uint8_t payload[PAYLOAD];
    uint64_t seed = 88172645463325252u;

    while (count > 0) {
        acta_transaction *t = acta_transaction_create(f->store);
        for (int i = 0; i < 50 && count > 0; i++, count--) {
            acta_event event = { .type = S("test.Random"), .payload = acta_bytes_from(payload, sizeof payload) };
            for (size_t at = 0; at < sizeof payload; at++)
                payload[at] = (uint8_t)next_random(&seed);
            acta_transaction_append(t, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
        }
        assert_int_equal(ACTA_OK, commit(f, t, NULL));
    }
}

static void
keep_newest(fixture *f, const char *stream, uint64_t count)
{
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_limit_stream(t, acta_str_of(stream), &(acta_stream_limits){ .count_max = count });
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}

static uint64_t
scrub(fixture *f)
{
    uint64_t count = 0;
    if (acta_store_scrub(f->store, 0, &count, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    return count;
}

static acta_compaction_info
info_of(fixture *f)
{
    acta_compaction_info info;
    acta_store_compaction(f->store, &info);
    return info;
}

/* How many events of a stream can be read; of one with limits the first isn't version 1. */
static uint64_t
readable(fixture *f, const char *stream)
{
    acta_cursor *cursor;
    acta_recorded event;
    uint64_t count = 0;

    assert_int_equal(
        ACTA_OK, acta_cursor_open(f->store, &(acta_read){ .stream = acta_str_of(stream) }, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        assert_int_equal(event.payload.size, PAYLOAD);
        count++;
    }
    acta_cursor_close(cursor);
    return count;
}

static void
expect_all_there(fixture *f)
{
    if (acta_store_verify(f->store, NULL, NULL, NULL, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    assert_int_equal(readable(f, "kept"), 10);
    assert_int_equal(readable(f, "many"), 100);
    assert_int_equal(count_log(f), acta_store_head(f->store));
}

/* ES-46: what is behind a limit can't be read before, when it is a stub, and when it is gone from the files. */
static void
a_range_that_died_is_given_back_on_request(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t count;

    append_random(f, "kept", 10);
    append_random(f, "many", EVENTS);
    keep_newest(f, "many", 100);
    assert_int_equal(readable(f, "many"), 100);
    close_store(f); /* what is written lies in files */
    uint64_t before = f->memory ? 0 : bytes_of(f, ".sst");
    open_store_ok(f);
    assert_int_equal(scrub(f), EVENTS - 100);
    expect_all_there(f);
    acta_compaction_info info = info_of(f);
    assert_true(info.dead_bytes > (uint64_t)(EVENTS - 100) * PAYLOAD * 9 / 10);
    assert_int_equal(info.ranges_waiting, 1);

    if (acta_store_compact(f->store, false, &count, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    assert_int_equal(count, 1);
    expect_all_there(f);
    assert_int_equal(info_of(f).dead_bytes, 0);
    assert_int_equal(info_of(f).ranges_done, 1);
    assert_int_equal(info_of(f).reclaimed_bytes, info.dead_bytes);
    close_store(f);
    open_store_ok(f); /* files that are of no use any more are gone */
    expect_all_there(f);
    if (!f->memory) assert_true(bytes_of(f, ".sst") < before / 4);
    assert_int_equal(ACTA_OK, acta_store_compact(f->store, true, &count, &f->error));
    assert_int_equal(count, 0);
}

/* What is less than half dead waits, but isn't forgotten, not even by a restart. */
static void
a_range_that_is_mostly_alive_waits(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t count;

    append_random(f, "kept", 10);
    append_random(f, "alive", EVENTS);
    append_random(f, "many", 300);
    keep_newest(f, "many", 100);
    close_store(f);
    open_store_ok(f);
    assert_int_equal(scrub(f), 200);
    uint64_t dead = info_of(f).dead_bytes;
    assert_true(dead > 100 * PAYLOAD);
    assert_int_equal(info_of(f).ranges_waiting, 0);
    assert_int_equal(ACTA_OK, acta_store_compact(f->store, false, &count, &f->error));
    assert_int_equal(count, 0);
    close_store(f);
    open_store_ok(f);
    assert_int_equal(info_of(f).dead_bytes, dead);
    assert_int_equal(ACTA_OK, acta_store_compact(f->store, true, &count, &f->error));
    assert_int_equal(count, 1);
    expect_all_there(f);
}

/* Without threads a scrub compacts what has left memory: after a restart that is all there was; not when it is switched off. */
static void
scrubbing_compacts_what_has_left_memory(void **state)
{
    fixture *f = FIXTURE(state);

    append_random(f, "kept", 10);
    append_random(f, "many", EVENTS);
    keep_newest(f, "many", 100);
    close_store(f);
    f->config.manual = true;
    open_store_ok(f);
    scrub(f);
    scrub(f);
    assert_int_equal(info_of(f).ranges_done, 0); /* the stubs are in memory */
    close_store(f);
    f->config.no_compaction = true;
    open_store_ok(f);
    scrub(f);
    assert_int_equal(info_of(f).ranges_done, 0);
    close_store(f);
    f->config.no_compaction = false;
    uint64_t before = bytes_of(f, ".sst");
    open_store_ok(f);
    scrub(f);
    assert_int_equal(info_of(f).ranges_done, 1);
    expect_all_there(f);
    close_store(f);
    open_store_ok(f);
    assert_true(bytes_of(f, ".sst") < before / 4);
    expect_all_there(f);
}

/* A range a call, and no more bytes than the rate allows. */
static void
the_rate_of_compaction_is_kept(void **state)
{
    fixture *f = FIXTURE(state);

    append_random(f, "kept", 10);
    append_random(f, "many", EVENTS);
    keep_newest(f, "many", 100);
    close_store(f);
    f->config.manual = true;
    open_store_ok(f);
    scrub(f);
    close_store(f);
    f->config.compaction_bytes_per_second = 1; /* the first one uses up days */
    open_store_ok(f);
    scrub(f);
    assert_int_equal(info_of(f).ranges_done, 1);
    append_random(f, "many", 200);
    scrub(f);
    assert_int_equal(info_of(f).ranges_done, 1);
    assert_true(info_of(f).dead_bytes > 0);
}

/* -- in the background -- */

static void
wait_for_ranges(fixture *f, uint64_t count)
{
    while (info_of(f).ranges_done < count) /* the test's own time limit ends this, if nothing else does */
        usleep(2000);
}

/* A range that is dead, and whose stubs have left memory; the store is closed. */
static void
leave_a_dead_range(fixture *f)
{
    append_random(f, "kept", 10);
    append_random(f, "many", EVENTS);
    keep_newest(f, "many", 100);
    close_store(f);
    f->config.no_compaction = true;
    open_store_ok(f);
    assert_int_equal(scrub(f), EVENTS - 100);
    close_store(f);
    f->config.no_compaction = false;
}

/* Nobody calls anything: what died is given back by a thread of the store, when it was opened. */
static void
a_store_compacts_by_itself(void **state)
{
    fixture *f = FIXTURE(state);

    leave_a_dead_range(f);
    uint64_t before = bytes_of(f, ".sst");
    open_store_ok(f);
    wait_for_ranges(f, 1);
    assert_int_equal(info_of(f).failures, 0);
    assert_int_equal(info_of(f).dead_bytes, 0);
    expect_all_there(f);
    close_store(f);
    open_store_ok(f);
    assert_true(bytes_of(f, ".sst") < before / 4);
    expect_all_there(f);
}

static void
put_large_row(fixture *f, int number)
{
    static uint8_t value[512 << 10];
    char key[16];
    acta_transaction *t = acta_transaction_create(f->store);

    snprintf(key, sizeof key, "%d", number);
    acta_transaction_put(t, "rows", acta_str_bytes(acta_str_of(key)), acta_bytes_from(value, sizeof value));
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}

/* And while it stays open: stubs leave memory as it is written to, and the range they are of is compacted then. */
static void
a_store_that_stays_open_compacts_what_leaves_memory(void **state)
{
    fixture *f = FIXTURE(state);

    close_store(f);
    f->config.memory_bytes = 1 << 20; /* the verified point follows within 16 MiB */
    open_store_ok(f);
    append_random(f, "kept", 10);
    append_random(f, "many", EVENTS);
    keep_newest(f, "many", 100);
    assert_int_equal(scrub(f), EVENTS - 100);
    append_random(f, "more", 1);
    for (int i = 0; i < 80; i++) /* 40 MiB that are no events: the range stays as it is */
        put_large_row(f, i);
    wait_for_ranges(f, 1);
    expect_all_there(f);
}

enum { FLUSHES = 150 };

/* Rows fill their write buffer again and again, and each time the few new events make a file of their own. */
static uint32_t
files_after_rows(fixture *f, bool no_compaction)
{
    close_store(f);
    f->config.memory_bytes = 1 << 20; /* write buffers of 1 MiB */
    f->config.no_compaction = no_compaction;
    open_store_ok(f);
    for (int i = 0; i < FLUSHES; i++) {
        append_random(f, "kept", 2);
        put_large_row(f, 0);
        put_large_row(f, 1);
    }
    return look_at(f, ".sst").count;
}

static void
small_files_of_the_log_are_merged(void **state)
{
    fixture *f = FIXTURE(state);

    uint32_t alone = files_after_rows(f, true);
    assert_int_equal(info_of(f).merged_bytes, 0);
    assert_true(alone > FLUSHES / 2);
    (void)files_after_rows(f, false);
    while (look_at(f, ".sst").count > alone * 2 / 3) { /* the test's own time limit ends this, if nothing else does */
        put_large_row(f, 0);
        usleep(2000);
    }
    assert_true(info_of(f).merged_bytes >= (uint64_t)32 * PAYLOAD);
    assert_int_equal(info_of(f).failures, 0);
    close_store(f);
    open_store_ok(f);
    if (acta_store_verify(f->store, NULL, NULL, NULL, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    assert_int_equal(readable(f, "kept"), 4 * FLUSHES);
    assert_int_equal(count_log(f), acta_store_head(f->store));
}

/* Closing doesn't wait for the pace, nor for a range; what wasn't done is done after a later open, and nothing is lost. */
static void
closing_stops_compaction(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t done = 0;

    leave_a_dead_range(f);
    for (int i = 0; i < 8; i++) {
        open_store_ok(f);
        if (i % 2 == 1) usleep(500 * (unsigned)i);
        append_ok(f, "kept-beside", "x");
        done += info_of(f).ranges_done;
        close_store(f);
    }
    assert_true(done <= 1);
    open_store_ok(f);
    while (info_of(f).dead_bytes > 0)
        usleep(2000);
    expect_all_there(f);
    close_store(f);
    f->config.compaction_bytes_per_second = 1; /* the next range would come after days */
    open_store_ok(f);
    append_random(f, "many", 200);
    scrub(f);
    close_store(f);
    open_store_ok(f);
    scrub(f);
    wait_for_ranges(f, 1);
    append_random(f, "many", 200);
    scrub(f);
    assert_int_equal(info_of(f).ranges_done, 1);
    assert_true(info_of(f).dead_bytes > 0);
    close_store(f);
    open_store_ok(f);
    expect_all_there(f);
}

static void *
scrub_again_and_again(void *user)
{
    fixture *f = user;
    acta_error error;

    for (int i = 0; i < 40; i++) {
        uint64_t count;
        acta_status status = acta_store_scrub(f->store, 64, &count, &error);
        if (status != ACTA_OK && status != ACTA_BUSY) return user;
        status = acta_store_compact(f->store, true, &count, &error);
        if (status != ACTA_OK && status != ACTA_BUSY) return user;
    }
    return NULL;
}

/* Appends, scrubs and compactions on request, beside the store's own: each piece of it holds. */
static void
compaction_goes_on_beside_all_else(void **state)
{
    fixture *f = FIXTURE(state);
    pthread_t threads[2];
    void *failed;

    leave_a_dead_range(f);
    open_store_ok(f);
    for (int i = 0; i < 2; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, scrub_again_and_again, f));
    for (int i = 0; i < 40; i++)
        append_random(f, "many", 60);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    scrub(f);
    wait_for_ranges(f, 1); /* the store's own thread may be in the middle of it */
    assert_int_equal(info_of(f).failures, 0);
    expect_all_there(f);
    close_store(f);
    open_store_ok(f);
    expect_all_there(f);
}

static void
a_store_that_only_reads_is_not_compacted(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t count;

    append_ok(f, "a", "x");
    close_store(f);
    f->config.read_only = true;
    open_store_ok(f);
    assert_int_equal(ACTA_READ_ONLY, acta_store_compact(f->store, true, &count, &f->error));
}

/* Half of the files that the process may open are the store's, however many it has. */
static void
more_files_than_may_be_open(void **state)
{
    fixture *f = FIXTURE(state);
    struct rlimit usual, few;

    assert_int_equal(0, getrlimit(RLIMIT_NOFILE, &usual));
    few = usual;
    few.rlim_cur = 2 * FLUSHES / 3;
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &few));
    uint32_t count = files_after_rows(f, true);
    bool can_read = readable(f, "kept") == 2 * FLUSHES;
    acta_status health = acta_store_health(f->store, &f->error);
    assert_int_equal(0, setrlimit(RLIMIT_NOFILE, &usual));
    if (health != ACTA_OK) fail_msg("%s", f->error.text);
    assert_true(can_read);
    assert_true(count > few.rlim_cur);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(a_range_that_died_is_given_back_on_request),
        on_store(a_store_that_only_reads_is_not_compacted),
        on_store(compaction_goes_on_beside_all_else),
    };
    const struct CMUnitTest with_files[] = {
        on_store(a_range_that_is_mostly_alive_waits),
        on_store(scrubbing_compacts_what_has_left_memory),
        on_store(the_rate_of_compaction_is_kept),
        on_store(a_store_compacts_by_itself),
        on_store(a_store_that_stays_open_compacts_what_leaves_memory),
        on_store(small_files_of_the_log_are_merged),
        on_store(more_files_than_may_be_open),
        on_store(closing_stops_compaction),
    };
    return run_on_engines("compact", tests) + run_on_rocksdb("compact", with_files);
}
