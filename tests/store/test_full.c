/*
 * A disk that is really full: a small tmpfs in a mount namespace of this process. The distribution's RocksDB may abort a
 * process there (an assertion of its info log); a store must not. Case CR-05 of the catalogue. Skipped where the system
 * allows no namespaces, which the log says.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acta/operations.h"

#include "fixture.h"

enum { EVENT_SIZE = 4000, BACKED_UP = 1500 /* events: 6 MB */ };

static bool have_namespace;

static void
write_line(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t written = write(fd, line, strlen(line));
    (void)written; /* the mount below tells */
    close(fd);
}

static void
enter_namespace(void)
{
    char map[64];
    unsigned uid = getuid(), gid = getgid();
    int flags = CLONE_NEWNS | (uid != 0 ? CLONE_NEWUSER : 0);

    if (unshare(flags) != 0) return;
    if (uid != 0) {
        write_line("/proc/self/setgroups", "deny");
        snprintf(map, sizeof map, "0 %u 1", uid);
        write_line("/proc/self/uid_map", map);
        snprintf(map, sizeof map, "0 %u 1", gid);
        write_line("/proc/self/gid_map", map);
    }
    have_namespace = mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* Bytes that can't be compressed, told by the event's number. */
static void
fill_payload(uint64_t number, uint8_t *bytes)
{
    uint64_t state = number * 2654435761u + 1;

    for (int i = 0; i < EVENT_SIZE; i += 8) {
        uint64_t word = next_random(&state);
        memcpy(bytes + i, &word, 8);
    }
}

static acta_status
append_number(fixture *f, uint64_t number)
{
    uint8_t bytes[EVENT_SIZE];
    fill_payload(number, bytes);
    acta_event event = { .type = S("test.Number"), .payload = acta_bytes_from(bytes, sizeof bytes) };
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
    return commit(f, t, NULL);
}

static void
expect_numbers(fixture *f, uint64_t acknowledged)
{
    acta_read all = { .count_max = 0 };
    acta_cursor *cursor;
    acta_recorded event;
    uint64_t count = 0;

    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &all, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        uint8_t bytes[EVENT_SIZE];
        fill_payload(++count, bytes);
        assert_int_equal(event.payload.size, EVENT_SIZE);
        assert_memory_equal(event.payload.data, bytes, EVENT_SIZE);
    }
    acta_cursor_close(cursor);
    assert_in_range(count, acknowledged, acknowledged + 1); /* the one whose outcome is unknown */
}

static void
run_full(fixture *f, uint64_t memory_bytes, unsigned size_mib)
{
    char mounted[256], options[32];
    uint64_t acknowledged = 0;
    acta_status status;

    strcpy(mounted, f->path);
    assert_int_equal(0, mkdir(mounted, 0777));
    snprintf(options, sizeof options, "size=%um", size_mib);
    assert_int_equal(0, mount("tmpfs", mounted, "tmpfs", 0, options));
    strcat(f->path, "/data");
    f->config.memory_bytes = memory_bytes;
    open_store_ok(f);
    while ((status = append_number(f, acknowledged + 1)) == ACTA_OK && acknowledged < 100000)
        acknowledged++;

    assert_int_equal(ACTA_UNKNOWN_OUTCOME, status);
    assert_non_null(strstr(f->error.text, "No space left on device"));
    assert_int_equal(ACTA_READ_ONLY, append_number(f, 0));
    assert_int_equal(ACTA_UNKNOWN_OUTCOME, acta_store_health(f->store, &f->error));
    expect_numbers(f, acknowledged); /* reads go on */
    close_store(f);

    f->config.read_only = true; /* and so they do after a restart on the full disk */
    open_store_ok(f);
    expect_numbers(f, acknowledged);
    close_store(f);
    f->config.read_only = false;

    assert_int_equal(0, mount("tmpfs", mounted, "tmpfs", MS_REMOUNT, "size=256m"));
    open_store_ok(f);
    expect_numbers(f, acknowledged);
    assert_int_equal(ACTA_OK, append_number(f, acta_store_head(f->store) + 1));
    close_store(f);
    assert_int_equal(0, umount(mounted));
    strcpy(f->path, mounted);
    assert_int_equal(0, rmdir(mounted));
}

/* The log hits the end first, or a sorted file that is just being written: by how much memory the store may use. */
static void
a_full_disk_stops_writes_and_loses_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    static const unsigned sizes_mib[] = { 4, 10, 20 };

    if (!have_namespace) skip();
    for (size_t i = 0; i < sizeof sizes_mib / sizeof sizes_mib[0]; i++) {
        run_full(f, 1 << 20, sizes_mib[i]);
        run_full(f, 16 << 20, sizes_mib[i]);
    }
}

/* A small disk, away from the store's. */
static void
mount_small(const fixture *f, char *mounted, size_t size, unsigned size_mib)
{
    char options[32];

    snprintf(mounted, size, "%s.small", f->path);
    snprintf(options, sizeof options, "size=%um", size_mib);
    assert_int_equal(0, mkdir(mounted, 0777));
    assert_int_equal(0, mount("tmpfs", mounted, "tmpfs", 0, options));
}

static void
unmount_small(const char *mounted)
{
    assert_int_equal(0, umount(mounted));
    assert_int_equal(0, rmdir(mounted));
}

static void
make_room(const char *mounted)
{
    assert_int_equal(0, mount("tmpfs", mounted, "tmpfs", MS_REMOUNT, "size=256m"));
}

static void
expect_no_room(acta_status status, const acta_error *error)
{
    assert_int_equal(status, ACTA_IO);
    if (strstr(error->text, "No space left on device") == NULL) fail_msg("%s", error->text);
}

static void
fill_store(fixture *f)
{
    f->config.unsafe_no_sync = true; /* of this test's own store, which stays open */
    open_store_ok(f);
    for (uint64_t number = 1; number <= BACKED_UP; number++)
        assert_int_equal(ACTA_OK, append_number(f, number));
}

/* A store that was made of what was copied has all of it. */
static void
expect_copy(fixture *f, const char *path)
{
    fixture copy = *f;

    copy.config = (acta_store_config){ .path = path, .must_exist = true };
    if (acta_store_open(&copy.config, &copy.store, &copy.error) != ACTA_OK) fail_msg("%s", copy.error.text);
    assert_int_equal(acta_store_head(copy.store), BACKED_UP);
    expect_numbers(&copy, BACKED_UP);
    if (acta_store_verify(copy.store, NULL, NULL, NULL, &copy.error) != ACTA_OK) fail_msg("%s", copy.error.text);
    acta_store_close(copy.store);
}

static acta_status
back_up(fixture *f, const char *mounted)
{
    char set[300];
    acta_backup_info info;

    snprintf(set, sizeof set, "%s/set", mounted);
    return acta_store_backup_to(f->store, &(acta_backup_config){ .path = set }, &info, &f->error);
}

/* CR-05: the disk that a backup goes to is full: no backup, and no harm to the store; with room there is one. */
static void
a_backup_to_a_full_disk_harms_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    static const unsigned sizes_mib[] = { 1, 3, 5 };
    char mounted[280], set[300], restored[300];
    acta_backup_info infos[4];
    acta_restore_report report;
    uint32_t count;

    if (!have_namespace) skip();
    fill_store(f);
    for (size_t i = 0; i < sizeof sizes_mib / sizeof sizes_mib[0]; i++) {
        mount_small(f, mounted, sizeof mounted, sizes_mib[i]);
        snprintf(set, sizeof set, "%s/set", mounted);
        snprintf(restored, sizeof restored, "%s/restored", mounted);
        expect_no_room(back_up(f, mounted), &f->error);
        count = 0;
        if (acta_backup_list(set, infos, 4, &count, &f->error) == ACTA_OK) assert_int_equal(count, 0);
        assert_int_equal(ACTA_OK, acta_store_health(f->store, &f->error));
        expect_numbers(f, BACKED_UP);
        make_room(mounted);
        if (back_up(f, mounted) != ACTA_OK) fail_msg("%s", f->error.text);
        assert_int_equal(
            ACTA_OK, acta_restore(&(acta_restore_config){ .backup = set, .path = restored }, &report, &f->error));
        expect_copy(f, restored);
        unmount_small(mounted);
    }
    assert_int_equal(ACTA_OK, append_number(f, BACKED_UP + 1));
}

/* CR-05: so is the disk that a store is restored to, as a whole or cut: no store is there under its name until there is room. */
static void
restoring_to_a_full_disk_leaves_no_store(void **state)
{
    fixture *f = FIXTURE(state);
    static const unsigned sizes_mib[] = { 1, 3, 5 };
    char mounted[280], set[300], restored[300];
    acta_restore_report report;

    if (!have_namespace) skip();
    fill_store(f);
    snprintf(set, sizeof set, "%s.set", f->path);
    acta_backup_info info;
    assert_int_equal(ACTA_OK, acta_store_backup_to(f->store, &(acta_backup_config){ .path = set }, &info, &f->error));
    for (size_t i = 0; i < 2 * sizeof sizes_mib / sizeof sizes_mib[0]; i++) {
        mount_small(f, mounted, sizeof mounted, sizes_mib[i / 2]);
        snprintf(restored, sizeof restored, "%s/restored", mounted);
        const acta_restore_config config = {
            .backup = set, .path = restored, .to_position = i % 2 == 0 ? 0 : BACKED_UP - 1
        };
        expect_no_room(acta_restore(&config, &report, &f->error), &f->error);
        assert_int_equal(-1, access(restored, F_OK));
        make_room(mounted);
        if (acta_restore(&config, &report, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
        assert_int_equal(report.position, i % 2 == 0 ? BACKED_UP : BACKED_UP - 1);
        if (i % 2 == 0) expect_copy(f, restored);
        unmount_small(mounted);
    }
    remove_tree(set);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_no_store(a_full_disk_stops_writes_and_loses_nothing),
        on_no_store(a_backup_to_a_full_disk_harms_nothing),
        on_no_store(restoring_to_a_full_disk_leaves_no_store),
    };

    enter_namespace();
    if (!have_namespace) fputs("full disk: the system allows no namespaces, so no tmpfs is filled here\n", stderr);
    return run_on_rocksdb("full disk", tests);
}
