/*
 * The directory of a store on RocksDB: what lies in it, whose it is, and the file of the two mark slots, which is locked by
 * the one who writes. All file calls of store/ are here.
 */
#include "rocksdb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The mark file while it is made: under its own name it is always whole. */
#define NEW_MARK_FILE ACTI_MARK_FILE ".new"

acta_status
acti_file_failed(const char *what, const char *path, const char *file, acta_error *error)
{
    int code = errno;
    acta_status status = code == EROFS || code == EACCES || code == EPERM ? ACTA_READ_ONLY : ACTA_IO;
    return acta_error_set(
        error, status, "cannot %s '%s%s%s': %s", what, path, file[0] != '\0' ? "/" : "", file, strerror(code));
}

int
acti_file_open(const char *path, int flags)
{
    int fd;

    do
        fd = open(path, flags | O_CLOEXEC, 0666);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* -- looking at the directory -- */

typedef struct listing {
    bool current, mark, store_files;
    char foreign[64]; /* the first file that is none of RocksDB's or ours */
} listing;

static bool
ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name), ending_size = strlen(ending);
    return size >= ending_size && strcmp(name + size - ending_size, ending) == 0;
}

static bool
is_info_file(const char *name)
{
    return strncmp(name, "LOG", 3) == 0 || strcmp(name, "LOCK") == 0 || strcmp(name, "lost+found") == 0 ||
           strcmp(name, NEW_MARK_FILE) == 0;
}

static bool
is_store_file(const char *name)
{
    return ends_with(name, ".sst") || ends_with(name, ".log") || strncmp(name, "MANIFEST-", 9) == 0 ||
           strncmp(name, "OPTIONS-", 8) == 0 || strcmp(name, "IDENTITY") == 0 || ends_with(name, ".dbtmp");
}

static acta_status
list_directory(const char *path, listing *found, acta_error *error)
{
    DIR *directory = opendir(path);
    struct dirent *entry;

    if (directory == NULL) return acti_file_failed("open directory", path, "", error);
    *found = (listing){ .foreign = "" };
    while ((entry = readdir(directory)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        if (strcmp(name, "CURRENT") == 0)
            found->current = true;
        else if (strcmp(name, ACTI_MARK_FILE) == 0)
            found->mark = true;
        else if (is_store_file(name))
            found->store_files = true;
        else if (!is_info_file(name) && found->foreign[0] == '\0')
            snprintf(found->foreign, sizeof found->foreign, "%.60s", name);
    }
    closedir(directory);
    return ACTA_OK;
}

/* A directory that holds something: is it ours? */
static acta_status
judge(const rocksdb_engine *engine, const listing *found, acti_found *found_out, acta_error *error)
{
    const char *path = engine->path;

    if (!found->current && !found->store_files && !found->mark) {
        if (found->foreign[0] != '\0')
            return acta_error_set(error, ACTA_INVALID,
                "'%s' is no store: it holds '%s'; give an empty or a new directory", path, found->foreign);
        *found_out = ACTI_FOUND_NOTHING;
        return ACTA_OK;
    }
    if (!found->mark) {
        if (found->current && !acti_rocksdb_is_ours(path))
            return acta_error_set(error, ACTA_INVALID,
                "'%s' is a store of another kind: a RocksDB database that Acta did not make", path);
        return acta_error_set(error, ACTA_CORRUPT,
            "the store '%s' has no file '%s', so nothing says how far its log must reach; nothing was changed", path,
            ACTI_MARK_FILE);
    }
    *found_out = found->current ? ACTI_FOUND_STORE : found->store_files ? ACTI_FOUND_REMAINS : ACTI_FOUND_PLACE;
    return ACTA_OK;
}

static acta_status
in_use(const rocksdb_engine *engine, acta_error *error)
{
    return acta_error_set(error, ACTA_IN_USE,
        "the store '%s' is open for writing in this or another process; end that one first, or set .read_only to read "
        "beside it",
        engine->path);
}

/* Open the mark file and, to write, keep all others out. */
static acta_status
open_mark_file(rocksdb_engine *engine, const char *file, int flags, acta_error *error)
{
    char path[4096];

    if (snprintf(path, sizeof path, "%s/%s", engine->path, file) >= (int)sizeof path)
        return acta_error_set(
            error, ACTA_INVALID, "the path of the store is too long (%zu bytes)", strlen(engine->path));
    engine->mark_fd = acti_file_open(path, flags);
    if (engine->mark_fd < 0) return acti_file_failed("open", engine->path, file, error);
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    if (engine->read_only || fcntl(engine->mark_fd, F_OFD_SETLK, &whole) == 0) return ACTA_OK;
    if (errno != EAGAIN && errno != EACCES) return acti_file_failed("lock", engine->path, file, error);
    return in_use(engine, error);
}

/* Of the file descriptor, not of the process: also between two stores of one process, and asked for without taking it. */
static acta_status
has_writer(const rocksdb_engine *engine, bool *writer_out, acta_error *error)
{
    struct flock whole = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

    if (fcntl(engine->mark_fd, F_OFD_GETLK, &whole) != 0)
        return acti_file_failed("look at the lock of", engine->path, ACTI_MARK_FILE, error);
    *writer_out = whole.l_type != F_UNLCK;
    return ACTA_OK;
}

static acta_status
sync_file(const rocksdb_engine *engine, const char *name, acta_error *error)
{
    char path[4096];

    if (snprintf(path, sizeof path, "%s/%s", engine->path, name) >= (int)sizeof path)
        return acta_error_set(
            error, ACTA_INVALID, "the path of the store is too long (%zu bytes)", strlen(engine->path));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return ACTA_OK; /* a writer came, and is done with it */
    if (fd < 0) return acti_file_failed("open", engine->path, name, error);
    acta_status status = fdatasync(fd) != 0 ? acti_file_failed("sync", engine->path, name, error) : ACTA_OK;
    close(fd);
    return status;
}

/* What a writer that was killed had written, and not synced, may be seen: it is to stay. */
acta_status
acti_rocksdb_settle(acta_engine *base, bool *writer_out, acta_error *error)
{
    const rocksdb_engine *engine = engine_of(base);
    acta_status status = has_writer(engine, writer_out, error);
    struct dirent *entry;

    if (status != ACTA_OK || *writer_out) return status;
    DIR *directory = opendir(engine->path);
    if (directory == NULL) return acti_file_failed("open directory", engine->path, "", error);
    while (status == ACTA_OK && (entry = readdir(directory)) != NULL) {
        if (ends_with(entry->d_name, ".log")) status = sync_file(engine, entry->d_name, error);
    }
    closedir(directory);
    return status == ACTA_OK ? acti_directory_sync(engine->path, error) : status;
}

acta_status
acti_rocksdb_probe(acta_engine *base, const acti_engine_config *config, acti_found *found_out, acta_error *error)
{
    rocksdb_engine *engine = engine_of(base);
    struct stat stat_of_path;
    listing found;

    engine->environment = config->environment;
    engine->memory_bytes = config->memory_bytes;
    engine->read_only = config->read_only;
    engine->path = strdup(config->path);
    if (engine->path == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot open store '%s'", config->path);

    if (stat(engine->path, &stat_of_path) != 0) {
        if (errno != ENOENT) return acti_file_failed("look at", engine->path, "", error);
        *found_out = ACTI_FOUND_NOTHING;
        return ACTA_OK;
    }
    if (!S_ISDIR(stat_of_path.st_mode))
        return acta_error_set(
            error, ACTA_INVALID, "cannot open store '%s': it is a file, a directory is expected", engine->path);

    acta_status status = list_directory(engine->path, &found, error);
    if (status == ACTA_OK) status = judge(engine, &found, found_out, error);
    if (status != ACTA_OK || *found_out == ACTI_FOUND_NOTHING) return status;
    if (!engine->read_only && access(engine->path, W_OK) != 0)
        return acta_error_set(error, ACTA_READ_ONLY,
            "the directory '%s' can't be written to (%s); make it writable, or set .read_only to read the store",
            engine->path, strerror(errno));
    return open_mark_file(engine, ACTI_MARK_FILE, engine->read_only ? O_RDONLY : O_RDWR, error);
}

acta_status
acti_directory_sync(const char *path, acta_error *error)
{
    int fd = acti_file_open(path, O_RDONLY | O_DIRECTORY);

    if (fd < 0) return acti_file_failed("open directory", path, "", error);
    int failed = fsync(fd);
    close(fd);
    return failed != 0 ? acti_file_failed("sync directory", path, "", error) : ACTA_OK;
}

void
acti_parent_of(const char *path, char *parent, size_t size)
{
    size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0)
        snprintf(parent, size, ".");
    else
        snprintf(parent, size, "%.*s", (int)length, path);
}

static acta_status
make_directory(const rocksdb_engine *engine, acta_error *error)
{
    char parent[4096];

    if (mkdir(engine->path, ACTI_DIRECTORY_MODE) != 0) {
        if (errno == EEXIST) return ACTA_OK;
        acti_parent_of(engine->path, parent, sizeof parent);
        if (errno == ENOENT)
            return acta_error_set(error, ACTA_NOT_FOUND,
                "cannot make store '%s': the directory '%s' does not exist; make it first", engine->path, parent);
        return acti_file_failed("make directory", engine->path, "", error);
    }
    acti_parent_of(engine->path, parent, sizeof parent);
    return acti_directory_sync(parent, error);
}

/* All of it; a signal, or a disk that takes less at once, is no failure. False: errno says why. */
static bool
write_at(int fd, const uint8_t *bytes, size_t size, off_t offset)
{
    while (size > 0) {
        ssize_t written = pwrite(fd, bytes, size, offset);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        size -= (size_t)written;
        offset += written;
    }
    return true;
}

/* Real zeros, so that later writes change no metadata and their sync stays cheap. A power cut may leave anything of a file
 * that is not synced yet: so it gets its name afterwards. */
static acta_status
make_mark_file(rocksdb_engine *engine, acta_error *error)
{
    static const uint8_t zeros[ACTI_MARK_SLOT_COUNT * ACTI_MARK_SLOT_SPACING];
    char path[4096], new_path[4096];

    acta_status status = open_mark_file(engine, NEW_MARK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW, error);
    if (status != ACTA_OK) return status;
    snprintf(path, sizeof path, "%s/%s", engine->path, ACTI_MARK_FILE); /* shorter than the one that was opened */
    snprintf(new_path, sizeof new_path, "%s/%s", engine->path, NEW_MARK_FILE);
    if (access(path, F_OK) == 0) return in_use(engine, error); /* somebody was faster */
    if (!write_at(engine->mark_fd, zeros, sizeof zeros, 0) || fsync(engine->mark_fd) != 0)
        return acti_file_failed("write", engine->path, NEW_MARK_FILE, error);
    if (rename(new_path, path) != 0) return acti_file_failed("rename", engine->path, NEW_MARK_FILE, error);
    return ACTA_OK;
}

acta_status
acti_rocksdb_prepare(acta_engine *base, acta_error *error)
{
    rocksdb_engine *engine = engine_of(base);

    acta_status status = make_directory(engine, error);
    if (status == ACTA_OK && access(engine->path, W_OK) != 0)
        status = acta_error_set(error, ACTA_READ_ONLY,
            "cannot make a store in '%s': the directory can't be written to (%s)", engine->path, strerror(errno));
    if (status == ACTA_OK && engine->mark_fd < 0) status = make_mark_file(engine, error);
    return status == ACTA_OK ? acti_directory_sync(engine->path, error) : status;
}

/* -- marks -- */

acta_status
acti_rocksdb_mark_read(acta_engine *base, uint32_t slot, uint8_t *bytes_out, acta_error *error)
{
    const rocksdb_engine *engine = engine_of(base);
    off_t begin = (off_t)slot * ACTI_MARK_SLOT_SPACING;
    size_t done = 0;

    while (done < ACTI_MARK_SIZE) {
        ssize_t size = pread(engine->mark_fd, bytes_out + done, ACTI_MARK_SIZE - done, begin + (off_t)done);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return acti_file_failed("read", engine->path, ACTI_MARK_FILE, error);
        if (size == 0) break;
        done += (size_t)size;
    }
    memset(bytes_out + done, 0, ACTI_MARK_SIZE - done); /* a file cut short */
    return ACTA_OK;
}

acta_status
acti_rocksdb_mark_write(acta_engine *base, uint32_t slot, const uint8_t *bytes, acta_error *error)
{
    const rocksdb_engine *engine = engine_of(base);

    if (!write_at(engine->mark_fd, bytes, ACTI_MARK_SIZE, (off_t)slot * ACTI_MARK_SLOT_SPACING) ||
        fdatasync(engine->mark_fd) != 0)
        return acti_file_failed("write", engine->path, ACTI_MARK_FILE, error);
    return ACTA_OK;
}

void
acti_rocksdb_mark_close(rocksdb_engine *engine)
{
    if (engine->mark_fd >= 0) close(engine->mark_fd);
    engine->mark_fd = -1;
}

void
acti_rocksdb_unlock(const rocksdb_engine *engine)
{
    char path[4096];

    /* POSIX: a process loses its locks on a file when it closes any descriptor of it. */
    if (snprintf(path, sizeof path, "%s/LOCK", engine->path) >= (int)sizeof path) return;
    int fd = acti_file_open(path, O_RDONLY);
    if (fd >= 0) close(fd);
}
