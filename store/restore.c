/*
 * Restore: a new store from a backup, all of it or up to a position or a time.
 *
 *     a set --choose--> a backup --- all of it ---> its files, copied and summed up --\
 *                             \----- cut --------> rebuilt (rebuild.h) ----------------- verified --> renamed to PATH
 *
 * Whatever is made lies in PATH.unfinished until it was found whole.
 */
#include <inttypes.h>
#include <stdio.h>

#include "acta/personal.h"

#include "backup_set.h"
#include "rebuild.h"

typedef struct restoring {
    const acta_restore_config *config;
    acta_environment environment;
    acti_backup backup; /* its list, if it has one */
    bool has_list;
    char from[ACTI_PATH_MAX], to[ACTI_PATH_MAX];
    int lock; /* of a store that is no backup: nobody writes to it; -1: none */
    acta_restore_report report;
} restoring;

/* -- which backup -- */

static bool
is_enough(const acta_restore_config *config, const acta_backup_info *info)
{
    if (config->to_position != 0) return info->position >= config->to_position;
    return config->to_time_us == 0 || info->recorded_at_us >= config->to_time_us;
}

/* The oldest that is enough, for it has the least to be cut; without a wish the newest. */
static acta_status
choose_of_set(restoring *r, acta_error *error)
{
    const acta_restore_config *config = r->config;
    bool any = config->to_position == 0 && config->to_time_us == 0;
    uint64_t chosen = 0, newest = 0, newest_position = 0, before = UINT64_MAX;
    acta_status status;

    while ((status = acti_backup_set_before(config->backup, before, &r->backup, error)) == ACTA_OK) {
        before = r->backup.info.number;
        if (newest == 0) {
            newest = before;
            newest_position = r->backup.info.position;
        }
        if (is_enough(config, &r->backup.info)) chosen = before;
        if (any || !is_enough(config, &r->backup.info)) break;
    }
    if (status != ACTA_OK && (status != ACTA_NOT_FOUND || newest == 0)) return status;
    if (chosen == 0 && config->to_position != 0)
        return acta_error_set(error, ACTA_NOT_FOUND,
            "no backup in '%s' reaches position %" PRIu64 ": the newest ends at %" PRIu64, config->backup,
            config->to_position, newest_position);
    if (chosen == 0) chosen = newest; /* the time is behind all of them */
    r->has_list = true;
    status = acti_backup_set_before(config->backup, chosen + 1, &r->backup, error);
    return status == ACTA_OK ? acti_backup_set_path(r->from, config->backup, chosen, error) : status;
}

static acta_status
choose(restoring *r, acta_error *error)
{
    const char *path = r->config->backup;
    char mark[ACTI_PATH_MAX];
    acta_status status = ACTA_OK;

    if (!acti_path_is_directory(path)) return acta_error_set(error, ACTA_NOT_FOUND, "there is no backup in '%s'", path);
    if (acti_backup_set_is_one(path)) return choose_of_set(r, error);
    snprintf(r->from, sizeof r->from, "%s", path);
    status = acti_backup_read(&r->backup, path, error);
    r->has_list = status == ACTA_OK;
    if (status == ACTA_NOT_FOUND) status = acti_path_join(mark, path, ACTI_MARK_FILE, error);
    if (status != ACTA_OK || r->has_list) return status;
    if (!acti_path_exists(mark))
        return acta_error_set(error, ACTA_NOT_FOUND, "there is neither a set of backups nor a store in '%s'", path);
    return acti_file_lock(mark, "the store to restore from is in use", &r->lock, error);
}

/* -- all of it -- */

static acta_status
copy_file(restoring *r, const char *name, const acti_file_sum *expected, acta_error *error)
{
    char from[ACTI_PATH_MAX], to[ACTI_PATH_MAX];
    acti_file_sum sum;
    acta_status status = acti_path_join(from, r->from, name, error);

    if (status == ACTA_OK) status = acti_path_join(to, r->to, name, error);
    if (status == ACTA_OK) status = acti_file_copy(from, to, &sum, error);
    if (status != ACTA_OK || expected == NULL) return status;
    if (sum.size == expected->size && sum.crc == expected->crc) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT,
        "the file '%s' is not what was backed up: its sum is %08" PRIx32 ", it was %08" PRIx32, from, sum.crc,
        expected->crc);
}

/* Of a directory that is a store: its files, without what RocksDB makes anew, what isn't the store's, and the keys of
 * subjects, of which no copy is made. */
static acta_status
copy_found(void *user, const char *path, const char *name, acta_error *error)
{
    char full[ACTI_PATH_MAX];
    acta_status status = acti_path_join(full, path, name, error);

    bool is_left = strcmp(name, "LOCK") == 0 || strncmp(name, "LOG", 3) == 0 || strcmp(name, ACTA_KEY_FILE) == 0;
    if (status != ACTA_OK || is_left || acti_path_is_directory(full)) return status;
    return copy_file(user, name, NULL, error);
}

static acta_status
copy_files(restoring *r, acta_error *error)
{
    acta_status status = acti_directory_make(r->to, error);

    if (status == ACTA_OK && !r->has_list) status = acti_directory_each(r->from, copy_found, r, error);
    for (uint32_t i = 0; status == ACTA_OK && r->has_list && i < r->backup.count; i++)
        status = copy_file(r, r->backup.files[i].name, &r->backup.files[i].sum, error);
    return status == ACTA_OK ? acti_directory_sync_files(r->to, error) : status;
}

static acta_status
open_copy(const restoring *r, acta_store **to_out, acta_error *error)
{
    const acta_store_config config = { .path = r->to,
        .manual = true,
        .must_exist = true,
        .memory_bytes = UINT64_C(128) << 20,
        .environment = &r->environment };
    return acta_store_open(&config, to_out, error);
}

/* -- up to somewhere -- */

static acta_status
rebuild(restoring *r, acta_store *from, uint64_t last, acta_store **to_out, acta_error *error)
{
    acti_rebuild rebuild = { .from = from->engine,
        .path = r->to,
        .environment = &r->environment,
        .last = last,
        .keep_tables = r->config->keep_tables };
    acta_status status = acti_rebuild_run(&rebuild, to_out, error);

    r->report.is_cut = true;
    r->report.events_left_out = rebuild.left_out;
    r->report.rows_kept = rebuild.rows_kept;
    r->report.outcomes_dropped = rebuild.outcomes_dropped;
    r->report.snapshots_dropped = rebuild.snapshots_dropped;
    r->report.claims_dropped = rebuild.claims_dropped;
    r->report.table_rows_dropped = rebuild.table_rows_dropped;
    r->report.checkpoints_cut = rebuild.checkpoints_cut;
    return status;
}

/* The last position that is wanted. */
static acta_status
last_wanted(const restoring *r, acta_store *from, uint64_t *last_out, acta_error *error)
{
    uint64_t head = acta_store_head(from), first_behind;
    acta_status status = ACTA_OK;

    *last_out = head;
    if (r->config->to_position > head)
        return acta_error_set(error, ACTA_NOT_FOUND, "the backup '%s' ends at position %" PRIu64 ", before %" PRIu64,
            r->from, head, r->config->to_position);
    if (r->config->to_position != 0) *last_out = r->config->to_position;
    if (r->config->to_time_us == 0) return ACTA_OK;
    status = acti_first_recorded_at(from, 0, head, r->config->to_time_us + 1, &first_behind, error);
    if (status == ACTA_OK) *last_out = first_behind - 1;
    return status;
}

static acta_status
open_backup(const restoring *r, acta_store **from_out, acta_error *error)
{
    const acta_store_config config = {
        .path = r->from, .read_only = true, .memory_bytes = UINT64_C(64) << 20, .environment = &r->environment
    };
    acta_status status = acta_store_open(&config, from_out, error);

    if (status != ACTA_OK || (*from_out)->damage.status == ACTA_OK) return status;
    status = acta_error_set(
        error, ACTA_CORRUPT, "the backup '%.100s' is damaged: %.350s", r->from, (*from_out)->damage.text);
    acta_store_close(*from_out);
    return status;
}

/* Make the new store, and leave it open. */
static acta_status
make_store(restoring *r, acta_store **to_out, acta_error *error)
{
    acta_store *from;
    uint64_t last = 0;
    acta_status status = open_backup(r, &from, error);

    if (status != ACTA_OK) return status;
    status = last_wanted(r, from, &last, error);
    bool whole = last == acta_store_head(from);
    if (status == ACTA_OK && !whole) status = rebuild(r, from, last, to_out, error);
    acta_store_close(from);
    if (status != ACTA_OK || !whole) return status;
    status = copy_files(r, error);
    return status == ACTA_OK ? open_copy(r, to_out, error) : status;
}

/* -- the run -- */

acta_status
acti_new_store_place(const char *path, char *unfinished, acta_error *error)
{
    char parent[ACTI_PATH_MAX];
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        size--;
    if (snprintf(unfinished, ACTI_PATH_MAX, "%.*s.unfinished", (int)size, path) >= ACTI_PATH_MAX - 256)
        return acta_error_set(error, ACTA_INVALID, "the path of the new store is too long (%zu bytes)", size);
    acti_parent_of(path, parent, sizeof parent);
    if (!acti_path_exists(parent))
        return acta_error_set(error, ACTA_NOT_FOUND,
            "cannot make the store '%s': the directory '%s' does not exist; make it first", path, parent);
    if (acti_path_exists(path))
        return acta_error_set(
            error, ACTA_ALREADY_EXISTS, "cannot make the store '%s': it exists; name a new directory", path);
    if (acti_path_exists(unfinished))
        return acta_error_set(error, ACTA_ALREADY_EXISTS,
            "cannot make the store '%s': '%s' exists, left by one that was cut off; remove it first", path, unfinished);
    return ACTA_OK;
}

acta_status
acti_new_store_finish(acta_store *to, const char *unfinished, const char *path, acta_status status, acta_error *error)
{
    char place[ACTI_PATH_MAX];
    size_t size = strlen(path);

    if (to != NULL && status == ACTA_OK) status = acta_store_verify(to, NULL, NULL, NULL, error);
    acta_store_close(to);
    while (size > 1 && path[size - 1] == '/')
        size--;
    snprintf(place, sizeof place, "%.*s", (int)size, path);
    if (status == ACTA_OK) status = acti_directory_sync_files(unfinished, error);
    if (status == ACTA_OK) status = acti_rename(unfinished, place, error);
    if (status != ACTA_OK) acti_directory_remove(unfinished);
    if (status != ACTA_UNKNOWN_OUTCOME) return status;
    /* Of a commit to the new store; that is gone, so there is nothing unknown about it. */
    if (error != NULL) error->status = ACTA_IO;
    return ACTA_IO;
}

static acta_status
check_config(const acta_restore_config *config, acta_error *error)
{
    if (config->backup == NULL || config->backup[0] == '\0' || config->path == NULL || config->path[0] == '\0')
        return acta_error_set(error, ACTA_INVALID, "cannot restore: name a backup and the directory of the new store");
    if (strlen(config->backup) > ACTA_BACKUP_PATH_MAX - 16)
        return acta_error_set(
            error, ACTA_INVALID, "the path of the backup is too long (%zu bytes)", strlen(config->backup));
    if (config->to_position != 0 && config->to_time_us != 0)
        return acta_error_set(error, ACTA_INVALID, "cannot restore to a position and to a time: give one of the two");
    return ACTA_OK;
}

acta_status
acta_restore(const acta_restore_config *config, acta_restore_report *report_out, acta_error *error)
{
    restoring r = { .config = config, .environment = acti_silent(config->environment), .lock = -1 };
    acta_store *to = NULL;
    acta_status status = check_config(config, error);

    if (status == ACTA_OK) status = acti_new_store_place(config->path, r.to, error);
    if (status != ACTA_OK) return status;
    acti_backup_init(&r.backup, &r.environment.allocator);
    status = choose(&r, error);
    if (status == ACTA_OK) {
        status = make_store(&r, &to, error);
        r.report.position = to != NULL ? acta_store_head(to) : 0;
        status = acti_new_store_finish(to, r.to, config->path, status, error);
    }
    snprintf(r.report.backup, sizeof r.report.backup, "%.*s", (int)sizeof r.report.backup - 1, r.from);
    acti_file_unlock(r.lock);
    acti_backup_deinit(&r.backup);
    if (status == ACTA_OK && report_out != NULL) *report_out = r.report;
    return status;
}
