/*
 * Backup of the RocksDB engine: its checkpoint, and our mark beside it.
 *
 *     PATH.unfinished     RocksDB's files: tables linked, its log copied      1 checkpoint
 *     PATH.unfinished     acta.mark                                           2 mark, and all synced
 *     PATH                                                                    3 renamed: now it is a store
 *
 * RocksDB is told not to flush for it (a log of any size is copied instead): version 7.8 aborts by an assertion when
 * flushes of two reasons meet under atomic_flush.
 */
#include "rocksdb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

/* Do `act` for each file of a directory, until one fails. */
static acta_status
each_file(
    const char *path, acta_status (*act)(const char *path, const char *name, acta_error *error), acta_error *error)
{
    DIR *directory = opendir(path);
    acta_status status = ACTA_OK;

    if (directory == NULL) return acti_file_failed("read the directory", path, "", error);
    for (struct dirent *entry; status == ACTA_OK && (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = act(path, entry->d_name, error);
    }
    closedir(directory);
    return status;
}

static acta_status
sync_file(const char *path, const char *name, acta_error *error)
{
    char full[PATH_SIZE];

    snprintf(full, sizeof full, "%s/%s", path, name);
    int fd = open(full, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return acti_file_failed("open", path, name, error);
    int failed = fsync(fd);
    close(fd);
    return failed != 0 ? acti_file_failed("sync", path, name, error) : ACTA_OK;
}

static acta_status
remove_file(const char *path, const char *name, acta_error *error)
{
    char full[PATH_SIZE];

    snprintf(full, sizeof full, "%s/%s", path, name);
    return unlink(full) != 0 ? acti_file_failed("remove", path, name, error) : ACTA_OK;
}

/* What was made until something failed. What can't be removed is left: the next backup names it. */
static void
remove_unfinished(const char *path)
{
    acta_error ignored;

    if (each_file(path, remove_file, &ignored) == ACTA_OK) (void)rmdir(path);
}

static acta_status
write_mark(const char *path, uint32_t slot, const uint8_t *bytes, acta_error *error)
{
    uint8_t file[ACTI_MARK_SLOT_COUNT * ACTI_MARK_SLOT_SPACING] = { 0 };
    char full[PATH_SIZE];

    memcpy(file + (size_t)slot * ACTI_MARK_SLOT_SPACING, bytes, ACTI_MARK_SIZE);
    snprintf(full, sizeof full, "%s/%s", path, ACTI_MARK_FILE);
    int fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return acti_file_failed("make", path, ACTI_MARK_FILE, error);
    bool failed = write(fd, file, sizeof file) != (ssize_t)sizeof file;
    acta_status status = failed ? acti_file_failed("write", path, ACTI_MARK_FILE, error) : ACTA_OK;
    close(fd);
    return status;
}

static acta_status
make_checkpoint(rocksdb_engine *engine, const char *path, acta_error *error)
{
    char *said = NULL;
    rocksdb_checkpoint_t *checkpoint = rocksdb_checkpoint_object_create(engine->db, &said);

    if (said != NULL) return acti_rocksdb_failed(engine, "back up the store", said, error);
    rocksdb_checkpoint_create(checkpoint, path, UINT64_MAX, &said);
    rocksdb_checkpoint_object_destroy(checkpoint);
    return said != NULL ? acti_rocksdb_failed(engine, "back up the store", said, error) : ACTA_OK;
}

static acta_status
check_free(const char *path, const char *hint, acta_error *error)
{
    struct stat found;

    if (lstat(path, &found) == 0)
        return acta_error_set(error, ACTA_ALREADY_EXISTS, "cannot back up to '%s': it exists%s", path, hint);
    return errno == ENOENT ? ACTA_OK : acti_file_failed("look at", path, "", error);
}

static acta_status
check_place(const char *path, const char *unfinished, const char *parent, acta_error *error)
{
    struct stat found;

    if (stat(parent, &found) != 0 && errno == ENOENT)
        return acta_error_set(error, ACTA_NOT_FOUND,
            "cannot back up to '%s': the directory '%s' does not exist; make it first", path, parent);
    acta_status status = check_free(path, "; name a new directory", error);
    if (status == ACTA_OK)
        status = check_free(unfinished, ", left by a backup that was cut off; remove it first", error);
    return status;
}

acta_status
acti_rocksdb_backup(acta_engine *base, const char *path, uint32_t slot, const uint8_t *bytes, acta_error *error)
{
    rocksdb_engine *engine = engine_of(base);
    char unfinished[PATH_SIZE - 256], parent[PATH_SIZE];
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        size--;
    if (snprintf(unfinished, sizeof unfinished, "%.*s.unfinished", (int)size, path) >= (int)sizeof unfinished)
        return acta_error_set(error, ACTA_INVALID, "the path of the backup is too long (%zu bytes)", size);
    acti_parent_of(path, parent, sizeof parent);

    acta_status status = check_place(path, unfinished, parent, error);
    if (status != ACTA_OK) return status;
    status = make_checkpoint(engine, unfinished, error);
    if (status == ACTA_OK) status = write_mark(unfinished, slot, bytes, error);
    if (status == ACTA_OK) status = each_file(unfinished, sync_file, error);
    if (status == ACTA_OK) status = acti_directory_sync(unfinished, error);
    if (status == ACTA_OK && rename(unfinished, path) != 0) status = acti_file_failed("rename to", path, "", error);
    if (status != ACTA_OK) {
        remove_unfinished(unfinished);
        return status;
    }
    status = acti_directory_sync(parent, error);
    if (status != ACTA_OK) remove_unfinished(path);
    return status;
}
