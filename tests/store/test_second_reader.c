/*
 * A second reader: a store that is opened read-only beside one that is being written, in the same process on each engine,
 * and in another process on files. ES-53 of the catalogue, in its reading half.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

/* A second store over the fixture's, to read. */
static acta_status
open_reader(fixture *f, acta_store **reader_out)
{
    const acta_store_config config = { .path = f->memory ? NULL : f->path,
        .engine = f->memory ? acta_memory_engine(f->disk) : NULL,
        .read_only = true,
        .manual = f->config.manual,
        .memory_bytes = 4 << 20 };
    return open_beside(&config, reader_out, &f->error);
}

static uint64_t
count_all(fixture *f, acta_store *store)
{
    fixture of_reader = { .memory = f->memory, .store = store };
    return count_log(&of_reader);
}

static acta_status
append_to_reader(acta_store *reader, acta_error *error)
{
    acta_event event = event_of("test.Happened", "x");
    acta_transaction *t = acta_transaction_create(reader);
    acta_transaction_append(t, S("a"), ACTA_ANY_VERSION, &event, 1);
    return acta_store_commit(reader, t, NULL, error);
}

/* ES-53: the reader shows what was there when it looked, and more after a refresh; new streams, types and rows too. */
static void
a_reader_sees_more_after_a_refresh(void **state)
{
    fixture *f = FIXTURE(state);
    acta_store *reader;
    uint64_t version;
    acta_error error;

    append_ok(f, "a", "x");
    assert_int_equal(ACTA_OK, open_reader(f, &reader));
    assert_int_equal(ACTA_READ_ONLY, append_to_reader(reader, &error));
    assert_int_equal(ACTA_READ_ONLY, acta_store_health(reader, NULL));
    for (uint32_t i = 1; i < 8; i++) {
        char type[16];
        snprintf(type, sizeof type, "test.Type%u", i);
        acta_event event = event_of(type, "y");
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, S("new"), ACTA_ANY_VERSION, &event, 1);
        acta_transaction_put(t, "rows", B("key"), acta_bytes_from((const uint8_t *)type, strlen(type)));
        assert_int_equal(ACTA_OK, commit(f, t, NULL));

        assert_int_equal(acta_store_head(reader), i);
        assert_int_equal(count_all(f, reader), i);
        assert_int_equal(ACTA_OK, refresh(reader, &error));
        assert_int_equal(acta_store_head(reader), i + 1);
        assert_int_equal(count_all(f, reader), i + 1);
        assert_int_equal(ACTA_OK, acta_store_version(reader, S("new"), &version, &error));
        assert_int_equal(version, i);
        acta_memory *memory = acta_memory_create(NULL);
        acta_bytes value;
        assert_int_equal(ACTA_OK, acta_store_get(reader, "rows", B("key"), memory, &value, &error));
        assert_memory_equal(value.data, type, value.size);
        acta_memory_destroy(memory);
    }
    assert_int_equal(ACTA_OK, acta_store_refresh(f->store, &error)); /* of one that writes: nothing to do */
    close_store(f);                                                  /* the writer goes, and comes again */
    assert_int_equal(ACTA_OK, refresh(reader, &error));
    open_store_ok(f);
    append_ok(f, "a", "z");
    assert_int_equal(ACTA_OK, refresh(reader, &error));
    assert_int_equal(acta_store_head(reader), 9);
    acta_store_close(reader);
}

/* ES-53: what was written and is not known to be durable is not shown: the reader waits for it, and then says so. */
static void
what_may_not_be_durable_is_not_shown(void **state)
{
    fixture *f = FIXTURE(state);
    acta_event event = event_of("test.Happened", "x");
    acta_store *reader;
    acta_error error;
    static answer a;
    a = (answer){ .calls = 0 };

    append_ok(f, "a", "x");
    step_all(f);
    assert_int_equal(ACTA_OK, open_reader(f, &reader));
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_append(t, S("a"), ACTA_ANY_VERSION, &event, 1);
    assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, take_answer, &a, NULL));
    assert_true(acta_store_step(f->store)); /* written */
    assert_int_equal(ACTA_OK, acta_store_refresh(reader, &error));
    assert_int_equal(acta_store_head(reader), 1);
    assert_true(acta_store_step(f->store)); /* synced; nothing outside of the log says so yet */
    acta_status status = acta_store_refresh(reader, &error);
    if (f->memory) { /* it shows nothing else but what is durable */
        assert_int_equal(status, ACTA_OK);
        assert_int_equal(acta_store_head(reader), 2);
    } else {
        assert_int_equal(status, ACTA_BUSY);
        assert_non_null(strstr(error.text, "is not durable yet"));
        assert_int_equal(acta_store_head(reader), 1);
        assert_int_equal(count_all(f, reader), 1);
    }
    step_all(f);
    assert_int_equal(a.calls, 1);
    assert_int_equal(ACTA_OK, acta_store_refresh(reader, &error));
    assert_int_equal(acta_store_head(reader), 2);
    acta_store_close(reader);
}

static void
count_call(void *user)
{
    ++*(uint32_t *)user;
}

/* A subscription that has nothing left is told of what a refresh brought; a cursor that is open holds the view. */
static void
subscriptions_go_on_after_a_refresh(void **state)
{
    fixture *f = FIXTURE(state);
    uint32_t calls = 0;
    const acta_subscription_config config = { .name = "beside", .ready = count_call, .user = &calls };
    const acta_read all = { .count_max = 0 };
    acta_subscription *subscription;
    acta_cursor *cursor;
    acta_store *reader;
    acta_chunk *chunk;
    acta_recorded event;
    bool more;

    append_many(f, "a", ACTA_NO_STREAM, 3, NULL);
    assert_int_equal(ACTA_OK, open_reader(f, &reader));
    assert_int_equal(ACTA_OK, acta_subscription_open(reader, &config, &subscription, &f->error));
    for (uint64_t expected = 3; expected <= 6; expected += 3) {
        do {
            assert_int_equal(ACTA_OK, acta_subscription_next(subscription, 16, &chunk, &more, &f->error));
            acta_chunk_unref(chunk);
        } while (more || acta_subscription_looked(subscription) < expected);
        assert_int_equal(acta_subscription_looked(subscription), expected);
        append_many(f, "a", ACTA_ANY_VERSION, 3, NULL);
        assert_int_equal(ACTA_OK, refresh(reader, &f->error));
        assert_int_equal(calls, expected / 3);
    }
    acta_subscription_close(subscription);

    assert_int_equal(ACTA_OK, acta_cursor_open(reader, &all, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &f->error));
    if (!f->memory) {
        assert_int_equal(ACTA_BUSY, refresh(reader, &f->error));
        assert_non_null(strstr(f->error.text, "while a cursor is open"));
    }
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &f->error)); /* it isn't disturbed */
    acta_cursor_close(cursor);
    acta_store_close(reader);
}

/* Whose files are taken away and replaced by another store's is told so. */
static void
another_store_in_its_place_is_noticed(void **state)
{
    fixture *f = FIXTURE(state);
    acta_store *reader;

    append_many(f, "a", ACTA_NO_STREAM, 3, NULL);
    assert_int_equal(ACTA_OK, open_reader(f, &reader));
    close_store(f);
    remove_tree(f->path);
    open_store_ok(f);
    append_many(f, "a", ACTA_NO_STREAM, 5, NULL);
    assert_int_equal(ACTA_CORRUPT, refresh(reader, &f->error));
    acta_store_close(reader);
}

/* -- another process -- */

typedef struct shared {
    _Atomic uint64_t acknowledged; /* position */
    _Atomic bool stop;
} shared;

enum { PAYLOAD = 700 };

/* Transactions of 1 to 5 events, each of which says how many there are, with a row that says where they end. Small buffers,
 * so that files come and go all the time. */
static void
run_child(fixture *f, shared *s)
{
    char payload[PAYLOAD + 1];
    acta_event events[5];

    memset(payload, 'p', PAYLOAD);
    payload[PAYLOAD] = '\0';
    f->config.memory_bytes = 1 << 20;
    if (open_store(f) != ACTA_OK) _exit(1);
    for (uint32_t i = 0; !s->stop; i++) {
        uint32_t count = i % 5 + 1;
        acta_commit_result result;
        payload[0] = (char)('0' + count);
        for (uint32_t k = 0; k < count; k++)
            events[k] = event_of("test.Happened", payload);
        uint64_t last = s->acknowledged + count;
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, i % 2 == 0 ? S("even") : S("odd"), ACTA_ANY_VERSION, events, count);
        acta_transaction_put(t, "rows", B("last"), acta_bytes_from((const uint8_t *)&last, sizeof last));
        if (commit(f, t, &result) != ACTA_OK || result.last_position != last) _exit(2);
        s->acknowledged = last;
    }
    pause(); /* until it is killed */
    _exit(3);
}

/* All of a view: contiguous, whole transactions, and the row of the very last one. */
static void
expect_whole_view(fixture *f, acta_store *reader)
{
    const acta_read all = { .count_max = 0 };
    const uint64_t head = acta_store_head(reader);
    uint64_t position = 0, row = 0, left = 0;
    acta_memory *memory = acta_memory_create(NULL);
    acta_cursor *cursor;
    acta_recorded event;
    acta_bytes value;
    acta_status status;

    assert_int_equal(ACTA_OK, acta_cursor_open(reader, &all, &cursor, &f->error));
    while ((status = acta_cursor_next(cursor, &event, &f->error)) == ACTA_OK) {
        assert_int_equal(event.position, ++position);
        assert_int_equal(event.payload.size, PAYLOAD);
        if (left == 0) left = (uint64_t)(event.payload.data[0] - '0');
        left--;
    }
    if (status != ACTA_NOT_FOUND) fail_msg("%s", f->error.text);
    acta_cursor_close(cursor);
    assert_int_equal(position, head);
    assert_int_equal(left, 0);
    status = acta_store_get(reader, "rows", B("last"), memory, &value, &f->error);
    if (status == ACTA_OK) memcpy(&row, value.data, sizeof row);
    assert_int_equal(status, head > 0 ? ACTA_OK : ACTA_NOT_FOUND);
    assert_int_equal(row, head);
    acta_memory_destroy(memory);
}

static uint32_t
rounds(void)
{
    const char *given = getenv("ACTA_READER_ROUNDS");
    return given != NULL ? (uint32_t)atoi(given) : 30;
}

/* ES-53, ES-21: another process reads while one writes at full speed: prefixes only, all that was acknowledged before it
 * looked, events and rows of one moment; after the writer was killed too, and the way is then free. */
static void
another_process_reads_a_live_store(void **state)
{
    fixture *f = FIXTURE(state);
    shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    acta_store *reader = NULL;
    uint64_t before = 0;

    assert_true(s != MAP_FAILED);
    pid_t child = fork();
    if (child == 0) run_child(f, s);
    while (s->acknowledged == 0)
        assert_int_equal(0, waitpid(child, NULL, WNOHANG));
    for (uint32_t i = 0; i < rounds(); i++) {
        uint64_t acknowledged = s->acknowledged;
        acta_status status = ACTA_OK;
        if (i % 10 == 0) {
            acta_store_close(reader);
            status = open_reader(f, &reader);
        } else {
            status = refresh(reader, &f->error);
        }
        if (status != ACTA_OK) fail_msg("round %u: %s", i, f->error.text);
        assert_true(acta_store_head(reader) >= acknowledged);
        assert_true(acta_store_head(reader) >= before);
        before = acta_store_head(reader);
        expect_whole_view(f, reader);
    }
    s->stop = true;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(ACTA_OK, refresh(reader, &f->error));
    assert_true(acta_store_head(reader) >= s->acknowledged);
    expect_whole_view(f, reader);
    open_store_ok(f); /* nobody is in the way, the reader neither */
    assert_int_equal(acta_store_head(f->store), acta_store_head(reader));
    acta_store_close(reader);
    munmap(s, sizeof *s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(a_reader_sees_more_after_a_refresh),
        on_manual_store(what_may_not_be_durable_is_not_shown),
        on_store(subscriptions_go_on_after_a_refresh),
    };
    const struct CMUnitTest files[] = {
        on_no_store(
            another_process_reads_a_live_store), /* first: a child of one in which RocksDB has begun its threads has none */
        on_store(another_store_in_its_place_is_noticed),
    };
    int failed = run_on_rocksdb("another process", files);
    return failed + run_on_engines("second reader", tests);
}
