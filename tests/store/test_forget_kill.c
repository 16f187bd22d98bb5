/*
 * Forgetting, by a process that is killed at each crash point on the way, one after the other: opening, the event, the key,
 * the claims. What follows is a start of the program, of a copy of the store by acta_restore with the keys as they were, and of a
 * backup that was made of what the dead process had left. In each of them either nothing has happened and all is readable,
 * or the log has the event and all of it is done.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acta/operations.h"
#include "acta/personal.h"
#include "fixture.h"

enum { PASSAGES_MAX = 200 };

#define CLAIMED "ida@example.org"

/* -- the child: opens the store and forgets -- */

static void
open_keys(const char *directory, acta_key_file **file_out, acta_key_service *keys_out)
{
    char path[400];
    acta_error error;

    snprintf(path, sizeof path, "%s/%s", directory, ACTA_KEY_FILE);
    if (acta_key_file_open(&(acta_key_file_config){ .path = path }, file_out, &error) != ACTA_OK) {
        fprintf(stderr, "%s\n", error.text);
        _exit(2);
    }
    *keys_out = acta_key_file_service(*file_out);
}

static int
run_child(const char *path)
{
    fixture f = { .config = { .memory_bytes = 1 << 20 } };
    acta_key_service keys;
    acta_key_file *file;

    snprintf(f.path, sizeof f.path, "%s", path);
    if (open_store(&f) != ACTA_OK) return 3;
    open_keys(path, &file, &keys);
    if (acta_store_forget(f.store, &keys, S("ida"), NULL, NULL, &f.error) != ACTA_OK) return 4;
    acta_key_file_close(file);
    acta_store_close(f.store);
    return 0;
}

/* -- the parent -- */

/* True: it was killed. */
static bool
forget_until(fixture *f, const char *point, uint32_t passage)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        char setting[80];
        snprintf(setting, sizeof setting, "%s:%u", point, passage);
        setenv("ACTA_CRASH_POINT", setting, 1);
        execl("/proc/self/exe", "store-forget-kill", f->path, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

/* A store where Ida and Per have keys, and Ida a claim; in a directory of its own. */
static void
make_store(fixture *f, uint32_t number)
{
    static const char row[] = "ida\0email\0" CLAIMED;
    char *slash = strrchr(f->path, '/');
    acta_key_service keys;
    acta_key_file *file;
    acta_key key;

    snprintf(slash, sizeof f->path - (size_t)(slash - f->path), "/data-%u", number);
    open_store_ok(f);
    append_ok(f, "Person-ida", "sealed");
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_claim(t, "email", B(CLAIMED), S("Person-ida"));
    acta_transaction_put(t, ACTA_PERSONAL_CLAIMS, acta_bytes_from(row, sizeof row - 1), B(""));
    assert_int_equal(commit(f, t, NULL), ACTA_OK);
    open_keys(f->path, &file, &keys);
    assert_int_equal(keys.get_or_make(keys.user, S("ida"), &key, &f->error), ACTA_OK);
    assert_int_equal(keys.get_or_make(keys.user, S("per"), &key, &f->error), ACTA_OK);
    acta_key_file_close(file);
    close_store(f);
}

static void
copy_keys(const char *from, const char *to)
{
    char path[400], bytes[4096];

    snprintf(path, sizeof path, "%s/%s", from, ACTA_KEY_FILE);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    snprintf(path, sizeof path, "%s/%s", to, ACTA_KEY_FILE);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* As a program starts on it; was it forgotten? */
static bool
start_on(fixture *f, const char *directory)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_key_service keys;
    acta_key_file *file;
    acta_store *store;
    acta_str owner;
    acta_key key;

    const acta_store_config config = { .path = directory, .must_exist = true, .memory_bytes = 1 << 20 };
    assert_int_equal(acta_store_open(&config, &store, &f->error), ACTA_OK);
    open_keys(directory, &file, &keys);
    assert_int_equal(acta_store_forget_unfinished(store, &keys, NULL, &f->error), ACTA_OK);

    uint64_t events = 0;
    acta_status status = acta_store_version(store, S("$audit"), &events, &f->error);
    assert_true(status == ACTA_OK || status == ACTA_NOT_FOUND);
    assert_true(events <= 1);
    acta_status key_is = keys.get(keys.user, S("ida"), &key, &f->error);
    acta_status claim_is = acta_store_claimed_by(store, "email", B(CLAIMED), memory, &owner, &f->error);
    assert_int_equal(key_is, events == 0 ? ACTA_OK : ACTA_DELETED);
    assert_int_equal(claim_is, events == 0 ? ACTA_OK : ACTA_NOT_FOUND);
    assert_int_equal(keys.get(keys.user, S("per"), &key, &f->error), ACTA_OK);
    acta_key_file_close(file);
    acta_store_close(store);
    acta_memory_destroy(memory);
    return events == 1;
}

/* A backup of what was left, and a store that acta_restore makes of it: with the keys as the dead process left them. */
static void
check_copies(fixture *f, bool *forgotten_out)
{
    char backup[300], restored[300];

    snprintf(backup, sizeof backup, "%s-backup", f->path);
    snprintf(restored, sizeof restored, "%s-restored", f->path);
    open_store_ok(f);
    assert_int_equal(acta_store_backup(f->store, backup, NULL, &f->error), ACTA_OK);
    close_store(f);
    const acta_restore_config config = { .backup = backup, .path = restored };
    assert_int_equal(acta_restore(&config, NULL, &f->error), ACTA_OK);
    copy_keys(f->path, backup);
    copy_keys(f->path, restored);
    *forgotten_out = start_on(f, backup);
    assert_int_equal(start_on(f, restored), *forgotten_out);
}

static void
killed_anywhere_all_or_nothing_is_forgotten(void **state)
{
    fixture *f = FIXTURE(state);
    uint32_t kills = 0, forgotten = 0;

    for (uint32_t passage = 1;; passage++) {
        assert_true(passage < PASSAGES_MAX);
        make_store(f, passage);
        bool was_killed = forget_until(f, "*", passage), in_copies;
        check_copies(f, &in_copies);
        bool is_forgotten = start_on(f, f->path);
        assert_int_equal(is_forgotten, in_copies);
        forgotten += is_forgotten;
        if (!was_killed) break;
        kills++;
    }
    print_message("%u kills, forgotten after %u of them\n", kills, forgotten - 1);
    assert_true(kills > 5 && forgotten > 2 && forgotten < kills);
}

static void
what_the_log_tells_is_finished(void **state)
{
    static const char *const points[] = { "forget_recorded", "forget_destroyed" };
    fixture *f = FIXTURE(state);

    for (uint32_t i = 0; i < 2; i++) {
        bool in_copies;
        make_store(f, i);
        assert_true(forget_until(f, points[i], 1));
        check_copies(f, &in_copies);
        assert_true(in_copies);
        assert_true(start_on(f, f->path));
    }
}

int
main(int argc, char **argv)
{
    if (argc == 2) return run_child(argv[1]);
    const struct CMUnitTest tests[] = { on_no_store(killed_anywhere_all_or_nothing_is_forgotten),
        on_no_store(what_the_log_tells_is_finished) };
    return run_on_rocksdb("forgetting, killed", tests);
}
