/*
 * What the tests of the store share.
 */
#include "fixture.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acta/crc.h"
#include "scratch.h"
#include "seed.h"

/*
 * The engines that the contract suite runs on. One that is to be tested too gets a line here, and nothing else:
 *   engine  what a store of the fixture is opened on; NULL: RocksDB at f->path
 *   crash   the process dies and the power goes: what was not durable is lost; the store is closed, and can be opened again
 */
typedef struct test_engine {
    const char *name;
    bool memory; /* on f->disk: what tests of the simulated disk need */
    acta_engine *(*engine)(fixture *f);
    void (*crash)(fixture *f);
} test_engine;

static acta_engine *
memory_engine(fixture *f)
{
    return acta_memory_engine(f->disk);
}

static void
crash_memory(fixture *f)
{
    assert_true(f->config.manual);
    acta_disk_crash(f->disk);
    acta_store_abandon(f->store);
}

static void
crash_files(fixture *f)
{
    char copy[300];

    snprintf(copy, sizeof copy, "%s.copy", f->path);
    copy_tree(f->path, copy);
    if (f->config.manual)
        acta_store_abandon(f->store);
    else
        acta_store_close(f->store);
    remove_tree(f->path);
    assert_int_equal(0, rename(copy, f->path));
}

static const test_engine engines[] = {
    { .name = "memory", .memory = true, .engine = memory_engine, .crash = crash_memory },
    { .name = "rocksdb", .crash = crash_files },
};

static const test_engine *group_engine = &engines[1]; /* tests without a group are about files */

/* -- stores -- */

acta_status
open_store(fixture *f)
{
    assert_null(f->store);
    f->config.engine = group_engine->engine != NULL ? group_engine->engine(f) : NULL;
    f->config.path = f->config.engine != NULL ? NULL : f->path;
    memset(&f->error, 0, sizeof f->error);
    acta_status status = acta_store_open(&f->config, &f->store, &f->error);
    if (status != ACTA_OK) f->store = NULL;
    return status;
}

static bool
waits_for_mark(acta_status status, const acta_error *error)
{
    if (status != ACTA_BUSY || strstr(error->text, "is not durable yet") == NULL) return false;
    usleep(1000);
    return true;
}

acta_status
open_beside(const acta_store_config *config, acta_store **store_out, acta_error *error)
{
    acta_status status;

    do
        status = acta_store_open(config, store_out, error);
    while (waits_for_mark(status, error));
    return status;
}

acta_status
refresh(acta_store *reader, acta_error *error)
{
    acta_status status;

    do
        status = acta_store_refresh(reader, error);
    while (waits_for_mark(status, error));
    return status;
}

void
open_store_ok(fixture *f)
{
    if (open_store(f) != ACTA_OK) fail_msg("%s", f->error.text);
}

void
close_store(fixture *f)
{
    acta_store_close(f->store);
    f->store = NULL;
}

void
crash_store(fixture *f)
{
    group_engine->crash(f);
    f->store = NULL;
}

static int
make(void **state, bool manual, bool open)
{
    fixture *f = calloc(1, sizeof *f);
    char directory[SCRATCH_PATH_MAX];

    f->memory = group_engine->memory;
    f->config.manual = manual;
    f->config.memory_bytes = 16 << 20;
    if (!scratch_make(directory, "/tmp", "store")) return -1;
    snprintf(f->path, sizeof f->path, "%s/data", directory);
    f->disk = acta_disk_create(NULL);
    *state = f;
    reset_answers();
    if (open && open_store(f) != ACTA_OK) {
        fprintf(stderr, "%s\n", f->error.text);
        return -1;
    }
    return 0;
}

int
set_up(void **state)
{
    return make(state, false, true);
}

int
set_up_manual(void **state)
{
    return make(state, true, true);
}

int
set_up_closed(void **state)
{
    return make(state, false, false);
}

int
tear_down(void **state)
{
    fixture *f = *state;
    char *slash = strrchr(f->path, '/');

    acta_disk_set_faults(f->disk, NULL); /* they lay on the test's stack */
    acta_store_close(f->store);
    acta_disk_destroy(f->disk);
    *slash = '\0';
    remove_tree(f->path);
    free(f);
    return 0;
}

int
run_on_engines_(const char *name, const struct CMUnitTest *tests, size_t count, bool memory, bool rocksdb)
{
    const char *only = getenv("ACTA_TEST_ENGINE");
    int failures = 0;

    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        char group[128];
        if (!memory && engines[i].engine != NULL) continue; /* tests of RocksDB's files */
        if (!rocksdb && !engines[i].memory) continue;       /* tests of the simulated disk */
        if (only != NULL && strcmp(only, engines[i].name) != 0) continue;
        group_engine = &engines[i];
        snprintf(group, sizeof group, "%s on %s", name, group_engine->name);
        failures += _cmocka_run_group_tests(group, tests, count, NULL, NULL);
    }
    return failures;
}

uint64_t
test_seed(void)
{
    return seed_of_this_run();
}

uint64_t
next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d) >> 11;
}

/* -- appending -- */

acta_event
event_of(const char *type, const char *payload)
{
    return (acta_event){ .type = acta_str_of(type), .payload = acta_str_bytes(acta_str_of(payload)) };
}

acta_status
commit(fixture *f, acta_transaction *transaction, acta_commit_result *result)
{
    memset(&f->error, 0, sizeof f->error);
    return acta_store_commit(f->store, transaction, result, &f->error);
}

acta_status
append(fixture *f, const char *stream, uint64_t expected, const char *payload)
{
    acta_event event = event_of("test.Happened", payload);
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_append(t, acta_str_of(stream), expected, &event, 1);
    return commit(f, t, NULL);
}

void
append_ok(fixture *f, const char *stream, const char *payload)
{
    if (append(f, stream, ACTA_ANY_VERSION, payload) != ACTA_OK) fail_msg("%s", f->error.text);
}

acta_status
append_many(fixture *f, const char *stream, uint64_t expected, uint32_t count, acta_commit_result *result)
{
    acta_event *events = calloc(count, sizeof *events);
    acta_transaction *t = acta_transaction_create(f->store);

    for (uint32_t i = 0; i < count; i++)
        events[i] = event_of("test.Happened", "many");
    acta_transaction_append(t, acta_str_of(stream), expected, events, count);
    free(events);
    return commit(f, t, result);
}

acta_status
put_row(fixture *f, const char *table, const char *key, const char *value)
{
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_put(t, table, acta_str_bytes(acta_str_of(key)), acta_str_bytes(acta_str_of(value)));
    return commit(f, t, NULL);
}

static _Atomic uint32_t answer_count;

void
reset_answers(void)
{
    answer_count = 0;
}

void
take_answer(void *user, const acta_commit_result *result)
{
    answer *a = user;

    a->status = result->status;
    a->first_position = result->first_position;
    a->last_position = result->last_position;
    a->version = result->version;
    a->actual_version = result->status == ACTA_CONFLICT ? result->error.actual_version : 0;
    a->order = ++answer_count;
    if (result->status != ACTA_OK) memcpy(a->text, result->error.text, sizeof a->text);
    a->calls++;
}

void
step_all(fixture *f)
{
    while (acta_store_step(f->store))
        continue;
}

/* -- reading -- */

uint64_t
count_log(fixture *f)
{
    acta_read all = { .count_max = 0 };
    acta_cursor *cursor;
    acta_recorded event;
    acta_status status;
    uint64_t position = 0;
    enum { STREAMS = 4096 };
    static uint64_t versions[STREAMS];
    memset(versions, 0, sizeof versions);

    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &all, &cursor, &f->error));
    while ((status = acta_cursor_next(cursor, &event, &f->error)) == ACTA_OK) {
        assert_int_equal(event.position, ++position);
        if (event.stream_id < STREAMS) assert_int_equal(event.version, ++versions[event.stream_id]);
    }
    if (status != ACTA_NOT_FOUND) fail_msg("%s", f->error.text);
    acta_cursor_close(cursor);
    return position;
}

uint64_t
count_stream(fixture *f, const char *stream)
{
    acta_read read = { .stream = acta_str_of(stream) };
    acta_cursor *cursor;
    acta_recorded event;
    uint64_t version = 0;
    acta_status status = acta_cursor_open(f->store, &read, &cursor, &f->error);

    if (status == ACTA_NOT_FOUND) return 0;
    assert_int_equal(ACTA_OK, status);
    while ((status = acta_cursor_next(cursor, &event, &f->error)) == ACTA_OK)
        assert_int_equal(event.version, ++version);
    if (status != ACTA_NOT_FOUND) fail_msg("%s", f->error.text);
    acta_cursor_close(cursor);
    return version;
}

uint64_t
version_of(fixture *f, const char *stream)
{
    uint64_t version;

    assert_int_equal(ACTA_OK, acta_store_version(f->store, acta_str_of(stream), &version, &f->error));
    return version;
}

bool
has_row(fixture *f, const char *table, const char *key)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes value;
    acta_status status = acta_store_get(f->store, table, acta_str_bytes(acta_str_of(key)), memory, &value, &f->error);

    acta_memory_destroy(memory);
    if (status != ACTA_NOT_FOUND) assert_int_equal(ACTA_OK, status);
    return status == ACTA_OK;
}

/* -- files -- */

static int
remove_one(const char *path, const struct stat *found, int kind, struct FTW *where)
{
    (void)found;
    (void)kind;
    (void)where;
    return remove(path);
}

char *
beside(const fixture *f, const char *ending, char *room, size_t size)
{
    int length = snprintf(room, size, "%s%s", f->path, ending);
    assert_true(length > 0 && (size_t)length < size);
    return room;
}

void
remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* NULL: it isn't there, or it changes. */
static uint8_t *
try_read(const char *path, size_t *size_out)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    fseek(file, 0, SEEK_END);
    *size_out = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size_out + 1);
    bool whole = bytes != NULL && fread(bytes, 1, *size_out, file) == *size_out;
    fclose(file);
    if (whole) return bytes;
    free(bytes);
    return NULL;
}

uint8_t *
read_file(const char *path, size_t *size_out)
{
    uint8_t *bytes = try_read(path, size_out);
    assert_non_null(bytes);
    return bytes;
}

void
write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(size, fwrite(bytes, 1, size, file));
    assert_int_equal(0, fclose(file));
}

/* Names, sizes and times of change of what lies there. */
static uint64_t
listing(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    uint64_t sum = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        char file[600];
        struct stat found;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] == '.' || stat(file, &found) != 0) continue;
        uint64_t about[] = { (uint64_t)found.st_size, (uint64_t)found.st_mtim.tv_sec, (uint64_t)found.st_mtim.tv_nsec };
        uint32_t crc = acta_crc32c(0, entry->d_name, strlen(entry->d_name));
        sum += (uint64_t)acta_crc32c(crc, about, sizeof about) << 16 | 1; /* in whatever order they are listed */
    }
    closedir(directory);
    return sum;
}

/* False: a file went away meanwhile. */
static bool
copy_once(const char *from, const char *to)
{
    DIR *directory = opendir(from);
    struct dirent *entry;
    bool all = true;

    assert_non_null(directory);
    assert_int_equal(0, mkdir(to, 0777));
    while (all && (entry = readdir(directory)) != NULL) {
        char source[600], target[600];
        size_t size;
        if (entry->d_name[0] == '.') continue;
        snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
        snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
        uint8_t *bytes = try_read(source, &size);
        all = bytes != NULL;
        if (all) write_file(target, bytes, size);
        free(bytes);
    }
    closedir(directory);
    return all;
}

/* A store that is open may flush and delete in the background: so it is copied until nothing has moved meanwhile. */
void
copy_tree(const char *from, const char *to)
{
    for (int tries = 0; tries < 1000; tries++) {
        uint64_t before = listing(from);
        if (copy_once(from, to) && listing(from) == before) return;
        remove_tree(to);
        usleep(1000);
    }
    fail_msg("'%s' doesn't come to rest", from);
}

bool
find_file(const char *path, const char *ending, char *name_out, size_t size)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    bool found = false;

    assert_non_null(directory);
    name_out[0] = '\0';
    while ((entry = readdir(directory)) != NULL) {
        size_t length = strlen(entry->d_name), ending_length = strlen(ending);
        if (length < ending_length || strcmp(entry->d_name + length - ending_length, ending) != 0) continue;
        if (found && strcmp(entry->d_name, name_out) < 0) continue;
        snprintf(name_out, size, "%s", entry->d_name);
        found = true;
    }
    closedir(directory);
    return found;
}
