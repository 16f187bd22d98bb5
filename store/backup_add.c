/*
 * Adding a backup to a set, while the store is in use.
 *
 *     STORE/backup.stage     the engine's copy: tables linked, its log copied       1 all of one moment
 *     SET/unfinished         from there what is new, from the backup before the rest   2 summed up, read again
 *     SET/unfinished         opened for reading, its log checked                       3
 *     SET/0000000N           renamed: now it is one                                    4
 *
 * What fails, or is killed, leaves the stage or "unfinished" behind at most; the next one removes both.
 */
#include <inttypes.h>
#include <stdio.h>

#include "backup_set.h"
#include "internal.h"

#define STAGE "backup.stage"

typedef struct adding {
    acta_store *store;
    const acta_backup_config *config;
    char stage[ACTI_PATH_MAX], unfinished[ACTI_PATH_MAX];
    acti_backup before, now;
} adding;

/* -- the places -- */

static void
clear_stage(const acta_store *store)
{
    char path[ACTI_PATH_MAX];

    if (acti_path_join(path, store->path, STAGE, NULL) == ACTA_OK) acti_directory_remove(path);
    if (acti_path_join(path, store->path, STAGE ".unfinished", NULL) == ACTA_OK) acti_directory_remove(path);
}

void
acti_backup_clear(acta_store *store)
{
    if (store->engine->ops->backup != NULL) clear_stage(store);
}

static acta_status
found_something(void *user, const char *path, const char *name, acta_error *error)
{
    (void)user;
    if (strcmp(name, "lost+found") == 0) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "cannot back up to '%s': it is no set of backups, and holds '%.100s'; name an empty or a new directory", path,
        name);
}

static acta_status
prepare_set(const char *path, int *lock_out, acta_error *error)
{
    static const char says[] =
        "Backups of a store of Acta: `acta backups` lists them, `acta restore` brings one back.\n";
    char full[ACTI_PATH_MAX];
    acta_status status = acti_path_join(full, path, ACTI_BACKUP_SET_FILE, error);

    if (status == ACTA_OK && !acti_path_exists(path)) status = acti_directory_make(path, error);
    if (status == ACTA_OK && !acti_path_is_directory(path))
        return acta_error_set(error, ACTA_INVALID, "cannot back up to '%s': it is a file", path);
    if (status == ACTA_OK && !acti_path_exists(full)) {
        status = acti_directory_each(path, found_something, NULL, error);
        if (status == ACTA_OK) status = acti_file_write(full, says, sizeof says - 1, error);
        if (status == ACTA_OK) status = acti_directory_sync_files(path, error);
    }
    return status == ACTA_OK ? acti_file_lock(full, "another backup is under way", lock_out, error) : status;
}

/* -- copying -- */

/* Share a file with the backup before, if it has the same one. */
static bool
share_file(adding *a, const char *name, const char *from, const char *to, acti_file_sum *sum, acta_error *error)
{
    const acti_backup_file *old = acti_backup_find_file(&a->before, name);
    char old_path[ACTI_PATH_MAX];

    if (old == NULL || acti_path_join(old_path, a->before.info.path, name, error) != ACTA_OK) return false;
    if (acti_name_ends_with(name, ".sst")) {
        if (!acti_file_ends_same(from, old_path)) return false;
    } else if (acti_file_sum_up(from, sum, error) != ACTA_OK || sum->size != old->sum.size ||
               sum->crc != old->sum.crc) {
        return false;
    }
    *sum = old->sum;
    return acti_file_link(old_path, to);
}

static acta_status
bring_file(void *user, const char *path, const char *name, acta_error *error)
{
    adding *a = user;
    char from[ACTI_PATH_MAX], to[ACTI_PATH_MAX];
    acti_file_sum sum;
    acta_status status = acti_path_join(from, path, name, error);

    if (status == ACTA_OK) status = acti_path_join(to, a->unfinished, name, error);
    if (status != ACTA_OK) return status;
    ACTA_CRASH_POINT("in_backup");
    bool shared = share_file(a, name, from, to, &sum, error);
    if (!shared) status = acti_file_copy(from, to, &sum, error);
    if (status == ACTA_OK) status = acti_backup_add_file(&a->now, name, sum, error);
    if (status == ACTA_OK && !shared) {
        a->now.info.copied_files++;
        a->now.info.copied_bytes += sum.size;
    }
    return status;
}

/* -- checking -- */

static acta_status
last_recorded(acta_store *store, int64_t *us_out, acta_error *error)
{
    acta_recorded event;
    acta_cursor *cursor;
    acta_status status =
        acta_cursor_open(store, &(acta_read){ .direction = ACTA_BACKWARD, .count_max = 1 }, &cursor, error);

    if (status != ACTA_OK) return status;
    status = acta_cursor_next(cursor, &event, error);
    *us_out = status == ACTA_OK ? event.recorded_at_us : 0;
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* Open the copy as a store would be, only to read: its log is contiguous from the verified point on, and reaches the mark. */
static acta_status
check_copy(adding *a, acta_error *error)
{
    acta_environment silent = acti_silent(&a->store->environment);
    const acta_store_config config = {
        .path = a->unfinished, .read_only = true, .memory_bytes = UINT64_C(32) << 20, .environment = &silent
    };
    acta_store *copy;
    acta_status status = acta_store_open(&config, &copy, error);

    if (status != ACTA_OK) return status;
    a->now.info.position = acta_store_head(copy);
    if (copy->damage.status != ACTA_OK)
        status = acta_error_set(error, ACTA_CORRUPT, "the new backup is damaged: %.400s", copy->damage.text);
    if (status == ACTA_OK) status = last_recorded(copy, &a->now.info.recorded_at_us, error);
    if (status == ACTA_OK && a->config->check_all) status = acta_store_verify(copy, NULL, NULL, NULL, error);
    acta_store_close(copy);
    return status;
}

/* -- the run -- */

static acta_status
make_backup(adding *a, acta_error *error)
{
    const acta_clock *clock = &a->store->environment.clock;
    char path[ACTI_PATH_MAX];

    clear_stage(a->store);
    acti_directory_remove(a->unfinished);
    a->now.info.taken_at_us = clock->wall_us(clock->user);
    acta_status status = acta_store_backup(a->store, a->stage, NULL, error);
    if (status == ACTA_OK) status = acti_directory_make(a->unfinished, error);
    if (status == ACTA_OK) status = acti_directory_each(a->stage, bring_file, a, error);
    if (status == ACTA_OK) status = check_copy(a, error);
    ACTA_CRASH_POINT("in_backup");
    if (status == ACTA_OK) status = acti_backup_write(&a->now, a->unfinished, error);
    if (status == ACTA_OK) status = acti_directory_sync(a->unfinished, error);
    if (status == ACTA_OK) status = acti_backup_set_path(path, a->config->path, a->now.info.number, error);
    if (status == ACTA_OK) status = acti_rename(a->unfinished, path, error);
    ACTA_CRASH_POINT("in_backup");
    if (status == ACTA_OK) snprintf(a->now.info.path, sizeof a->now.info.path, "%.*s", ACTA_BACKUP_PATH_MAX - 1, path);
    clear_stage(a->store);
    if (status != ACTA_OK) acti_directory_remove(a->unfinished);
    return status;
}

/* The newest `keep_max` stay. One that can't be removed whole loses its list first, and is none any more. */
static void
remove_oldest(const acta_backup_config *config, uint64_t newest, const acta_allocator *allocator)
{
    uint64_t before = newest + 1;
    acti_backup backup;
    acta_error ignored;

    acti_backup_init(&backup, allocator);
    for (uint32_t kept = 0; acti_backup_set_before(config->path, before, &backup, &ignored) == ACTA_OK; kept++) {
        before = backup.info.number;
        if (kept < config->keep_max) continue;
        char list[ACTI_PATH_MAX];
        if (acti_path_join(list, backup.info.path, ACTI_BACKUP_LIST_FILE, NULL) == ACTA_OK) acti_file_remove(list);
        acti_directory_remove(backup.info.path);
    }
    acti_backup_deinit(&backup);
}

static acta_status
check_config(const acta_store *store, const acta_backup_config *config, acta_error *error)
{
    if (config->path == NULL || config->path[0] == '\0')
        return acta_error_set(error, ACTA_INVALID, "cannot back up '%s': no directory was named", store->path);
    if (strlen(config->path) > ACTA_BACKUP_PATH_MAX - 16)
        return acta_error_set(
            error, ACTA_INVALID, "the path of the backups is too long (%zu bytes)", strlen(config->path));
    if (store->engine->ops->backup == NULL)
        return acta_error_set(error, ACTA_UNSUPPORTED, "cannot back up '%s': its engine has no files", store->path);
    return ACTA_OK;
}

acta_status
acta_store_backup_to(acta_store *store, const acta_backup_config *config, acta_backup_info *info_out, acta_error *error)
{
    adding a = { .store = store, .config = config };
    int lock = -1;
    acta_status status = check_config(store, config, error);

    if (status == ACTA_OK) status = acti_path_join(a.stage, store->path, STAGE, error);
    if (status == ACTA_OK) status = acti_path_join(a.unfinished, config->path, ACTI_BACKUP_UNFINISHED, error);
    if (status == ACTA_OK) status = prepare_set(config->path, &lock, error);
    if (status != ACTA_OK) return status;
    acti_backup_init(&a.before, &store->environment.allocator);
    acti_backup_init(&a.now, &store->environment.allocator);
    status = acti_backup_set_before(config->path, UINT64_MAX, &a.before, error);
    a.now.info.number = a.before.info.number + 1;
    if (status == ACTA_CORRUPT) acti_backup_deinit(&a.before); /* nothing is shared with that one */
    if (status == ACTA_NOT_FOUND || status == ACTA_CORRUPT) status = ACTA_OK;
    if (status == ACTA_OK) status = make_backup(&a, error);
    if (status == ACTA_OK && config->keep_max > 0)
        remove_oldest(config, a.now.info.number, &store->environment.allocator);
    if (status == ACTA_OK && info_out != NULL) *info_out = a.now.info;
    acti_backup_deinit(&a.before);
    acti_backup_deinit(&a.now);
    acti_file_unlock(lock);
    return status;
}
