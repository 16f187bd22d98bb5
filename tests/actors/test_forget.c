/*
 * Forgetting, proven from outside: no file of the store or of a backup holds what was forgotten or its key, the log and its
 * chain are what they were, and commands that run at the same time leave nothing readable behind.
 */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acta/chain.h"
#include "acta/operations.h"
#include "people.h"

enum { FILE_MAX = 16 << 20 };

static const char *const secrets[] = { "Ida Larsen", "ida@example.org", "larsen@example.org" };
enum { SECRET_COUNT = sizeof secrets / sizeof secrets[0] };

/* -- files -- */

typedef struct search {
    const void *what;
    size_t size;
    const char *except; /* a file that isn't looked at; NULL: none */
    uint32_t found, looked_at;
    bool has_missed; /* a file that went away: the store is at work */
} search;

static void
look_at(search *s, const char *path)
{
    FILE *file = fopen(path, "rb");
    s->has_missed |= file == NULL;
    if (file == NULL) return;
    char *bytes = malloc(FILE_MAX);
    size_t have = fread(bytes, 1, FILE_MAX, file);

    assert_true(have < FILE_MAX);
    if (memmem(bytes, have, s->what, s->size) != NULL) {
        print_message("found in %s\n", path);
        s->found++;
    }
    s->looked_at++;
    free(bytes);
    fclose(file);
}

static void
look_through(search *s, const char *path)
{
    DIR *directory = opendir(path);

    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char full[1024];
        struct stat about;
        bool is_other = s->except != NULL && strcmp(entry->d_name, s->except) == 0;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || is_other) continue;
        snprintf(full, sizeof full, "%.500s/%s", path, entry->d_name);
        if (stat(full, &about) != 0)
            s->has_missed = true;
        else if (S_ISDIR(about.st_mode))
            look_through(s, full);
        else
            look_at(s, full);
    }
    closedir(directory);
}

static uint32_t
files_with(const char *path, const void *what, size_t size, const char *except)
{
    search s;

    do {
        s = (search){ .what = what, .size = size, .except = except };
        look_through(&s, path);
    } while (s.has_missed);
    assert_true(s.looked_at > 3);
    return s.found;
}

/* -- the key of somebody, by looking into the file -- */

static acta_key
key_of(fixture *f, const char *subject)
{
    char path[512];
    acta_key_file *file;
    acta_key key;

    snprintf(path, sizeof path, "%s/%s", f->path, ACTA_KEY_FILE);
    MUST(f, acta_key_file_open(&(acta_key_file_config){ .path = path, .read_only = true }, &file, &f->error));
    acta_key_service service = acta_key_file_service(file);
    MUST(f, service.get(service.user, acta_str_of(subject), &key, &f->error));
    acta_key_file_close(file);
    return key;
}

/* -- proofs -- */

/* All files are searched: the directory of the store, a copy of it, a set of backups, before and after; what was there was
 * only ever sealed, and its key in one file alone, until it was destroyed there. */
static void
no_file_holds_what_was_forgotten(void **state)
{
    fixture *f = FIXTURE(state);
    char copy[512], set[512], from[600], to[700];
    if (f->memory) return; /* it has no files */

    snprintf(copy, sizeof copy, "%.*s/copy", (int)(strrchr(f->path, '/') - f->path), f->path);
    snprintf(set, sizeof set, "%.*s/set", (int)(strrchr(f->path, '/') - f->path), f->path);
    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    MUST(f, people_register(f, "per", "Per Hansen", "per@example.org"));
    for (int i = 0; i < 8; i++)
        MUST(f, people_change_email(f, "ida", "larsen@example.org"));
    settle(f);
    acta_key key = key_of(f, "ida");
    MUST(f, acta_store_backup(acta_app_store(f->app), copy, NULL, &f->error));
    MUST(f, acta_store_backup_to(acta_app_store(f->app), &(acta_backup_config){ .path = set }, NULL, &f->error));
    assert_int_equal(files_with(f->path, key.bytes, sizeof key.bytes, NULL), 1);
    assert_int_equal(files_with(f->path, key.bytes, sizeof key.bytes, ACTA_KEY_FILE), 0);
    assert_int_equal(files_with(copy, key.bytes, sizeof key.bytes, NULL), 0);
    assert_int_equal(files_with(set, key.bytes, sizeof key.bytes, NULL), 0);

    MUST(f, acta_app_forget(f->app, S("ida"), NULL, &f->error));
    for (int life = 0; life < 2; life++) {
        assert_int_equal(files_with(f->path, key.bytes, sizeof key.bytes, NULL), 0);
        for (size_t i = 0; i < SECRET_COUNT; i++) {
            assert_int_equal(files_with(f->path, secrets[i], strlen(secrets[i]), NULL), 0);
            assert_int_equal(files_with(copy, secrets[i], strlen(secrets[i]), NULL), 0);
            assert_int_equal(files_with(set, secrets[i], strlen(secrets[i]), NULL), 0);
        }
        assert_true(files_with(f->path, "person-ida", 10, NULL) > 0); /* the search does find what is there */
        stop(f);
        start(f);
    }
    stop(f);
    snprintf(from, sizeof from, "%s-restored", copy);
    MUST(f, acta_restore(&(acta_restore_config){ .backup = f->path, .path = from }, NULL, &f->error));
    snprintf(to, sizeof to, "%s/%s", from, ACTA_KEY_FILE);
    assert_int_equal(access(to, F_OK), -1); /* a copy of the store by ourselves is without them, too */

    /* The copy opens as a store; with the keys as they are now, Ida is forgotten in it, and Per is not. */
    snprintf(from, sizeof from, "%s/%s", f->path, ACTA_KEY_FILE);
    snprintf(to, sizeof to, "%s/%s", copy, ACTA_KEY_FILE);
    assert_int_equal(rename(from, to), 0);
    snprintf(f->path, sizeof f->path, "%.255s", copy);
    start(f);
    assert_true(acta_is_forgotten(person(f, "ida").name));
    assert_true(acta_str_equal(person(f, "per").name, S("Per Hansen")));
}

/* The keys are their owner's alone. */
static void
others_cannot_read_the_keys(void **state)
{
    fixture *f = FIXTURE(state);
    char path[512];
    struct stat about;
    if (f->memory) return;

    start(f);
    snprintf(path, sizeof path, "%s/%s", f->path, ACTA_KEY_FILE);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

/* A copy of the keys that was made before, and is put back after, doesn't bring anybody back. */
static void
keys_from_before_bring_nobody_back(void **state)
{
    fixture *f = FIXTURE(state);
    char path[512], kept[600];
    if (f->memory) return;

    snprintf(path, sizeof path, "%s/%s", f->path, ACTA_KEY_FILE);
    snprintf(kept, sizeof kept, "%s.kept", path);
    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    settle(f);
    acta_key key = key_of(f, "ida");
    FILE *now = fopen(path, "rb"), *copy = fopen(kept, "wb");
    char bytes[4096];
    size_t size = fread(bytes, 1, sizeof bytes, now);
    assert_int_equal(fwrite(bytes, 1, size, copy), size);
    fclose(now);
    fclose(copy);
    MUST(f, acta_app_forget(f->app, S("ida"), NULL, &f->error));
    stop(f);
    assert_int_equal(rename(kept, path), 0);
    assert_int_equal(files_with(f->path, key.bytes, sizeof key.bytes, NULL), 1);
    start(f);
    assert_true(acta_is_forgotten(person(f, "ida").name));
    assert_int_equal(files_with(f->path, key.bytes, sizeof key.bytes, NULL), 0);
}

/* Not a bit of what was recorded changes: the chain's value of before is still the log's, and all of it verifies. */
static void
the_log_and_its_chain_stay_as_they_were(void **state)
{
    fixture *f = FIXTURE(state);
    acta_chain_head before, after;
    acta_verify_report report;

    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    MUST(f, people_change_email(f, "ida", "larsen@example.org"));
    settle(f);
    MUST(f, acta_store_chain_head(acta_app_store(f->app), 0, &before, &f->error));
    MUST(f, acta_app_forget(f->app, S("ida"), NULL, &f->error));
    MUST(f, people_change_email(f, "ida", "larsen@example.org"));
    MUST(f, acta_store_chain_head(acta_app_store(f->app), before.position, &after, &f->error));
    assert_int_equal(after.position, before.position);
    assert_memory_equal(&after.value, &before.value, sizeof after.value);
    MUST(f, acta_store_verify(acta_app_store(f->app), NULL, NULL, &report, &f->error));
    stop(f);
    start(f);
    MUST(f, acta_store_verify(acta_app_store(f->app), NULL, NULL, &report, &f->error));
    assert_int_equal(person(f, "ida").changes, 2);
}

/* What `acta` prints, on either way out; its exit status. */
static int
run_acta(const char *arguments, char *printed, size_t size)
{
    char line[1200];

    snprintf(line, sizeof line, "'%s' %s 2>&1", getenv("ACTA_COMMAND"), arguments);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    printed[fread(printed, 1, size - 1, pipe)] = '\0';
    return pclose(pipe);
}

/* The command forgets in a store that isn't in use, once; and says what it can't. */
static void
the_command_forgets_too(void **state)
{
    fixture *f = FIXTURE(state);
    char arguments[700], printed[1024];
    if (f->memory || getenv("ACTA_COMMAND") == NULL) return;

    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    settle(f);
    stop(f);
    snprintf(arguments, sizeof arguments, "forget nobody '%s'", f->path);
    assert_int_not_equal(run_acta(arguments, printed, sizeof printed), 0);
    assert_string_equal(printed, "acta: there is no personal data of 'nobody': no key was ever made for it\n");
    snprintf(arguments, sizeof arguments, "forget ida '%s' --keys /nowhere", f->path);
    assert_int_not_equal(run_acta(arguments, printed, sizeof printed), 0);
    snprintf(arguments, sizeof arguments, "forget ida '%s' --who Kari --why 'she asked'", f->path);
    assert_int_equal(run_acta(arguments, printed, sizeof printed), 0);
    assert_non_null(strstr(printed, "forgot 'ida': its key is destroyed; position "));
    assert_int_equal(run_acta(arguments, printed, sizeof printed), 0);
    assert_string_equal(printed, "'ida' had been forgotten before\n");
    snprintf(arguments, sizeof arguments, "verify '%s'", f->path);
    assert_int_equal(run_acta(arguments, printed, sizeof printed), 0);
    start(f);
    assert_true(acta_is_forgotten(person(f, "ida").name));
    assert_int_equal(version_of(f, "$audit"), 1);
}

/* -- at the same time -- */

typedef struct writer {
    fixture *f;
    pthread_t thread;
    uint32_t number, count, failures;
    _Atomic bool *stop;
} writer;

static void *
write_on(void *user)
{
    writer *w = user;
    acta_error error;
    char email[64];

    while (!atomic_load(w->stop) || w->count < 3) {
        snprintf(email, sizeof email, "secret-%u-%u@example.org", w->number, w->count++);
        acta_status status = people_ChangeEmail_dispatch(w->f->app,
            ACTA_INIT(people_ChangeEmail, .person_id = S("ida"), .email = acta_str_of(email)), &patiently, &error);
        w->failures += status != ACTA_OK;
    }
    return NULL;
}

/* Commands before, while and after: each is answered, no event holds anything readable, and whoever reads afterwards sees
 * forgotten and nothing else. */
static void
commands_that_run_meanwhile_leave_nothing_behind(void **state)
{
    enum { WRITERS = 3 };
    fixture *f = FIXTURE(state);
    _Atomic bool stopping = false;
    writer writers[WRITERS];
    acta_cursor *cursor;
    acta_recorded event;
    acta_status status;
    uint32_t events = 0, written = 0;

    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    for (uint32_t i = 0; i < WRITERS; i++) {
        writers[i] = (writer){ .f = f, .number = i, .stop = &stopping };
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_on, &writers[i]), 0);
    }
    while (version_of(f, "person-ida") < 10)
        sched_yield();
    MUST(f, acta_app_forget(f->app, S("ida"), NULL, &f->error));
    assert_true(acta_is_forgotten(person(f, "ida").email));
    assert_true(acta_is_forgotten(person(f, "ida").name));
    atomic_store(&stopping, true);
    for (uint32_t i = 0; i < WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        written += writers[i].count;
        assert_int_equal(writers[i].failures, 0);
    }
    settle(f);
    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .stream = S("person-ida") }, &cursor, &f->error));
    while ((status = acta_cursor_next(cursor, &event, &f->error)) == ACTA_OK) {
        assert_null(memmem(event.payload.data, event.payload.size, "secret-", 7));
        events++;
    }
    acta_cursor_close(cursor);
    assert_int_equal(events, written + 1);
    stop(f);
    start(f);
    people_Person ida = person(f, "ida");
    assert_true(acta_is_forgotten(ida.email));
    assert_int_equal(ida.changes, written);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        people(no_file_holds_what_was_forgotten),
        people(others_cannot_read_the_keys),
        people(keys_from_before_bring_nobody_back),
        people(the_log_and_its_chain_stay_as_they_were),
        people(the_command_forgets_too),
        people(commands_that_run_meanwhile_leave_nothing_behind),
    };

    return run_on_engines("forget", tests);
}
