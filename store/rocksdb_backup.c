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

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static acta_status
write_mark(const char *path, uint32_t slot, const uint8_t *bytes, acta_error *error)
{
    uint8_t file[ACTI_MARK_SLOT_COUNT * ACTI_MARK_SLOT_SPACING] = { 0 };
    char full[ACTI_PATH_MAX];
    acta_status status = acti_path_join(full, path, ACTI_MARK_FILE, error);

    memcpy(file + (size_t)slot * ACTI_MARK_SLOT_SPACING, bytes, ACTI_MARK_SIZE);
    return status == ACTA_OK ? acti_file_write(full, file, sizeof file, error) : status;
}

/* A file that RocksDB wanted to copy and isn't there is no damage: it lives without its options file, a copy of it doesn't. */
static acta_status
copying_failed(const rocksdb_engine *engine, char *said, acta_error *error)
{
    bool is_io = strncmp(said, "IO error", 8) == 0;
    acta_status status = acti_rocksdb_failed(engine, "back up the store", said, error);

    if (is_io && error != NULL) error->status = ACTA_IO;
    return is_io ? ACTA_IO : status;
}

static acta_status
make_checkpoint(rocksdb_engine *engine, const char *path, acta_error *error)
{
    char *said = NULL;
    rocksdb_checkpoint_t *checkpoint = rocksdb_checkpoint_object_create(engine->db, &said);

    if (said != NULL) return acti_rocksdb_failed(engine, "back up the store", said, error);
    rocksdb_checkpoint_create(checkpoint, path, UINT64_MAX, &said);
    rocksdb_checkpoint_object_destroy(checkpoint);
    if (said != NULL) return copying_failed(engine, said, error);
    /* RocksDB makes it as the process's umask wants it. */
    return chmod(path, ACTI_DIRECTORY_MODE) == 0 ? ACTA_OK : acti_file_failed("change the mode of", path, "", error);
}

static acta_status
check_free(const char *path, const char *hint, acta_error *error)
{
    if (!acti_path_exists(path)) return ACTA_OK;
    return acta_error_set(error, ACTA_ALREADY_EXISTS, "cannot back up to '%s': it exists%s", path, hint);
}

static acta_status
check_place(const char *path, const char *unfinished, const char *parent, acta_error *error)
{
    if (!acti_path_exists(parent))
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
    char unfinished[ACTI_PATH_MAX - 256], parent[ACTI_PATH_MAX];
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
    if (status == ACTA_OK) status = acti_directory_sync_files(unfinished, error);
    if (status == ACTA_OK && rename(unfinished, path) != 0) status = acti_file_failed("rename to", path, "", error);
    if (status != ACTA_OK) {
        acti_directory_remove(unfinished);
        return status;
    }
    status = acti_directory_sync(parent, error);
    if (status != ACTA_OK) acti_directory_remove(path);
    return status;
}
