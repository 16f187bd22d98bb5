/*
 * A process that writes is killed at each named crash point of the store, again and again, in recovery too. What it was
 * told is stored must be there, in order and whole; an observer, this process, keeps what was told. Cases CR-01 and CR-02
 * of the catalogue, for the store alone. Ends with a histogram; an empty bucket fails.
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

static const char *const points[] = { "before_write", "between_write_and_sync", "after_sync_before_reply",
    "before_mark", "after_mark", "recovery_begun", "in_recovery" };
enum { POINT_COUNT = sizeof points / sizeof points[0], WINDOW = 8, STREAMS = 5 };

/* -- the child: tells each number once it is stored -- */

static int told;

static void
tell(void *user, const acta_commit_result *result)
{
    uint64_t number = (uint64_t)(uintptr_t)user;

    if (result->status != ACTA_OK || write(told, &number, sizeof number) != (ssize_t)sizeof number) _exit(3);
}

static void
submit_number(fixture *f, uint64_t number)
{
    char stream[16], key[24];
    acta_event event = { .type = S("test.Number"), .payload = acta_bytes_from(&number, sizeof number) };
    acta_transaction *t = acta_transaction_create(f->store);

    snprintf(stream, sizeof stream, "s%u", (unsigned)(number % STREAMS));
    snprintf(key, sizeof key, "%020" PRIu64, number);
    acta_transaction_append(t, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
    acta_transaction_put(t, "numbers", acta_str_bytes(acta_str_of(key)), B("there"));
    if (acta_store_submit(f->store, t, tell, (void *)(uintptr_t)number, &f->error) != ACTA_OK) _exit(4);
}

/* A program of its own: threads of RocksDB do not survive a fork. */
static int
run_child(const char *path, int pipe_to_parent)
{
    /* So little that entries of the index are written all the time. */
    fixture f = { .config = { .memory_bytes = 1 << 20 } };

    snprintf(f.path, sizeof f.path, "%s", path);
    told = pipe_to_parent;
    if (open_store(&f) != ACTA_OK) {
        fprintf(stderr, "%s\n", f.error.text);
        return 2;
    }
    uint64_t number = acta_store_head(f.store);
    for (int i = 0; i < 400; i++) {
        submit_number(&f, ++number);
        if (i % WINDOW != WINDOW - 1) continue;
        number++; /* one that is waited for */
        if (append(&f, "waits", ACTA_ANY_VERSION, "x") != ACTA_OK) return 5;
    }
    acta_store_close(f.store);
    return 0;
}

/* -- the observer -- */

/* Run a child until it dies; the highest number that it was told is stored. */
static uint64_t
run_and_observe(fixture *f, const char *point, uint32_t passage, bool *killed)
{
    int ends[2], status;
    uint64_t number, highest = 0;

    assert_int_equal(0, pipe(ends));
    pid_t child = fork();
    if (child == 0) {
        char setting[80], number_of_pipe[16];
        snprintf(setting, sizeof setting, "%s:%u", point, passage);
        snprintf(number_of_pipe, sizeof number_of_pipe, "%d", ends[1]);
        setenv("ACTA_CRASH_POINT", setting, 1);
        close(ends[0]);
        execl("/proc/self/exe", "store-kill", f->path, number_of_pipe, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    while (read(ends[0], &number, sizeof number) == (ssize_t)sizeof number) {
        assert_true(number > highest);
        highest = number;
    }
    close(ends[0]);
    waitpid(child, &status, 0);
    *killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!*killed) assert_int_equal(WEXITSTATUS(status), 0);
    return highest;
}

/* Everything up to `acknowledged` is there, and what is there is whole. */
static void
check_store(fixture *f, uint64_t acknowledged)
{
    acta_read all = { .count_max = 0 };
    acta_cursor *cursor;
    acta_recorded event;

    open_store_ok(f);
    uint64_t head = acta_store_head(f->store);
    assert_true(head >= acknowledged);
    assert_int_equal(count_log(f), head);
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &all, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        char key[24];
        uint64_t number;
        if (!acta_str_equal(event.type, S("test.Number"))) continue;
        memcpy(&number, event.payload.data, sizeof number);
        assert_int_equal(number, event.position);
        snprintf(key, sizeof key, "%020" PRIu64, number);
        assert_true(has_row(f, "numbers", key));
    }
    acta_cursor_close(cursor);
    for (unsigned i = 0; i < STREAMS; i++) {
        char stream[16];
        snprintf(stream, sizeof stream, "s%u", i);
        assert_int_equal(count_stream(f, stream), version_of(f, stream));
    }
    close_store(f);
}

static void
nothing_acknowledged_is_lost_at_any_point(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t seed = test_seed(), acknowledged = 0;
    uint32_t kills[POINT_COUNT] = { 0 };

    for (uint32_t round = 0; round < 4; round++) {
        for (uint32_t i = 0; i < POINT_COUNT; i++) {
            bool killed;
            bool in_recovery = strstr(points[i], "recovery") != NULL;
            uint32_t passage = in_recovery ? 1 : (uint32_t)(next_random(&seed) % 40 + 1);
            if (in_recovery) { /* leave it something to recover from */
                uint64_t told_before = run_and_observe(f, "after_mark", 5, &killed);
                if (told_before > acknowledged) acknowledged = told_before;
            }
            uint64_t highest = run_and_observe(f, points[i], passage, &killed);
            kills[i] += killed;
            if (highest > acknowledged) acknowledged = highest;
            if (round % 2 == 1) check_store(f, acknowledged);
        }
    }
    check_store(f, acknowledged);
    for (uint32_t i = 0; i < POINT_COUNT; i++) {
        print_message("%-26s %u kills\n", points[i], kills[i]);
        assert_true(kills[i] > 0);
    }
}

int
main(int argc, char **argv)
{
    if (argc == 3) return run_child(argv[1], atoi(argv[2]));
    const struct CMUnitTest tests[] = { on_no_store(nothing_acknowledged_is_lost_at_any_point) };
    return run_on_rocksdb("kill", tests);
}
