/*
 * Files, whole: copied, linked, summed up, removed. See files.h. Nothing here follows a symbolic link where it writes, nor
 * writes over what is there.
 */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acta/crc.h"

enum { COPY_BYTES = 64 << 10, END_BYTES = 8 << 10 };

static void
say_nothing(void *user, acta_log_level level, acta_str line)
{
    (void)user;
    (void)level;
    (void)line;
}

acta_environment
acti_silent(const acta_environment *environment)
{
    acta_environment silent = acta_environment_or_default(environment);

    silent.log = (acta_log){ .write = say_nothing };
    return silent;
}

/* -- names -- */

acta_status
acti_path_join(char *room, const char *directory, const char *name, acta_error *error)
{
    if (snprintf(room, ACTI_PATH_MAX, "%s/%s", directory, name) < ACTI_PATH_MAX) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID, "the path of '%s' is too long (%zu bytes)", name, strlen(directory));
}

bool
acti_path_exists(const char *path)
{
    struct stat found;
    return lstat(path, &found) == 0;
}

bool
acti_path_is_directory(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

bool
acti_name_ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name), ending_size = strlen(ending);
    return size >= ending_size && strcmp(name + size - ending_size, ending) == 0;
}

/* -- directories -- */

acta_status
acti_directory_each(const char *path, acti_name_fn act, void *user, acta_error *error)
{
    DIR *directory = opendir(path);
    acta_status status = ACTA_OK;

    if (directory == NULL) return acti_file_failed("read the directory", path, "", error);
    for (struct dirent *entry; status == ACTA_OK && (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = act(user, path, entry->d_name, error);
    }
    closedir(directory);
    return status;
}

acta_status
acti_directory_make(const char *path, acta_error *error)
{
    char parent[ACTI_PATH_MAX];

    acti_parent_of(path, parent, sizeof parent);
    if (mkdir(path, ACTI_DIRECTORY_MODE) == 0) return acti_directory_sync(parent, error);
    if (errno == ENOENT)
        return acta_error_set(
            error, ACTA_NOT_FOUND, "cannot make '%s': the directory '%s' does not exist; make it first", path, parent);
    return acti_file_failed("make the directory", path, "", error);
}

static acta_status
sync_file(void *user, const char *path, const char *name, acta_error *error)
{
    char full[ACTI_PATH_MAX];
    acta_status status = acti_path_join(full, path, name, error);

    (void)user;
    if (status != ACTA_OK) return status;
    int fd = acti_file_open(full, O_RDONLY);
    if (fd < 0) return acti_file_failed("open", path, name, error);
    int failed = fsync(fd);
    close(fd);
    return failed != 0 ? acti_file_failed("sync", path, name, error) : ACTA_OK;
}

acta_status
acti_directory_sync_files(const char *path, acta_error *error)
{
    acta_status status = acti_directory_each(path, sync_file, NULL, error);
    return status == ACTA_OK ? acti_directory_sync(path, error) : status;
}

acta_status
acti_rename(const char *from, const char *to, acta_error *error)
{
    char parent[ACTI_PATH_MAX];

    if (rename(from, to) != 0) return acti_file_failed("rename to", to, "", error);
    acti_parent_of(to, parent, sizeof parent);
    return acti_directory_sync(parent, error);
}

static acta_status
remove_file(void *user, const char *path, const char *name, acta_error *error)
{
    const int *depth = user;
    int below = *depth + 1;
    char full[ACTI_PATH_MAX];

    if (acti_path_join(full, path, name, error) != ACTA_OK || unlink(full) == 0 || below > 1) return ACTA_OK;
    (void)acti_directory_each(full, remove_file, &below, error);
    (void)rmdir(full);
    return ACTA_OK;
}

void
acti_directory_remove(const char *path)
{
    acta_error ignored;
    int depth = 0;

    if (acti_directory_each(path, remove_file, &depth, &ignored) == ACTA_OK) (void)rmdir(path);
}

/* -- files -- */

static acta_status
sum_up(int fd, const char *path, acti_file_sum *sum, acta_error *error)
{
    uint8_t bytes[COPY_BYTES];
    ssize_t size;

    *sum = (acti_file_sum){ .size = 0 };
    while ((size = read(fd, bytes, sizeof bytes)) > 0) {
        sum->crc = acta_crc32c(sum->crc, bytes, (size_t)size);
        sum->size += (uint64_t)size;
    }
    return size < 0 ? acti_file_failed("read", path, "", error) : ACTA_OK;
}

acta_status
acti_file_sum_up(const char *path, acti_file_sum *sum_out, acta_error *error)
{
    int fd = acti_file_open(path, O_RDONLY);

    if (fd < 0) return acti_file_failed("open", path, "", error);
    acta_status status = sum_up(fd, path, sum_out, error);
    close(fd);
    return status;
}

static acta_status
write_all(int fd, const char *path, const uint8_t *bytes, size_t size, acta_error *error)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return acti_file_failed("write", path, "", error);
        bytes += written;
        size -= (size_t)written;
    }
    return ACTA_OK;
}

static acta_status
copy_bytes(int from_fd, const char *from, int to_fd, const char *to, acti_file_sum *sum, acta_error *error)
{
    uint8_t bytes[COPY_BYTES];
    acta_status status = ACTA_OK;
    ssize_t size;

    *sum = (acti_file_sum){ .size = 0 };
    while (status == ACTA_OK && (size = read(from_fd, bytes, sizeof bytes)) != 0) {
        if (size < 0) return acti_file_failed("read", from, "", error);
        sum->crc = acta_crc32c(sum->crc, bytes, (size_t)size);
        sum->size += (uint64_t)size;
        status = write_all(to_fd, to, bytes, (size_t)size, error);
    }
    if (status == ACTA_OK && fsync(to_fd) != 0) status = acti_file_failed("sync", to, "", error);
    return status;
}

/* What was written is read again, from the disk if the system lets go of what it holds. */
static acta_status
compare_sum(int fd, const char *path, const acti_file_sum *sum, acta_error *error)
{
    acti_file_sum found;

    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    if (lseek(fd, 0, SEEK_SET) != 0) return acti_file_failed("read", path, "", error);
    acta_status status = sum_up(fd, path, &found, error);
    if (status != ACTA_OK || (found.size == sum->size && found.crc == sum->crc)) return status;
    return acta_error_set(
        error, ACTA_CORRUPT, "the copy '%s' reads otherwise than it was written; don't trust that disk", path);
}

acta_status
acti_file_copy(const char *from, const char *to, acti_file_sum *sum_out, acta_error *error)
{
    int from_fd = acti_file_open(from, O_RDONLY);

    if (from_fd < 0) return acti_file_failed("open", from, "", error);
    int to_fd = acti_file_open(to, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW);
    acta_status status = to_fd < 0 ? acti_file_failed("make", to, "", error) : ACTA_OK;
    if (status == ACTA_OK) status = copy_bytes(from_fd, from, to_fd, to, sum_out, error);
    if (status == ACTA_OK) status = compare_sum(to_fd, to, sum_out, error);
    close(from_fd);
    if (to_fd >= 0) close(to_fd);
    return status;
}

void
acti_file_remove(const char *path)
{
    (void)unlink(path);
}

bool
acti_file_link(const char *from, const char *to)
{
    return link(from, to) == 0;
}

/* The last bytes of a file and its size; how many bytes, or -1. */
static ssize_t
read_end(const char *path, uint8_t *bytes, off_t *size_out)
{
    int fd = acti_file_open(path, O_RDONLY);
    struct stat found;
    ssize_t size = -1;

    if (fd < 0) return -1;
    if (fstat(fd, &found) == 0) {
        *size_out = found.st_size;
        size = pread(fd, bytes, END_BYTES, found.st_size > END_BYTES ? found.st_size - END_BYTES : 0);
    }
    close(fd);
    return size;
}

bool
acti_file_ends_same(const char *one, const char *other)
{
    uint8_t one_end[END_BYTES], other_end[END_BYTES];
    off_t one_size, other_size;
    ssize_t size = read_end(one, one_end, &one_size);

    return size > 0 && read_end(other, other_end, &other_size) == size && one_size == other_size &&
           memcmp(one_end, other_end, (size_t)size) == 0;
}

acta_status
acti_file_write(const char *path, const void *bytes, size_t size, acta_error *error)
{
    int fd = acti_file_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);

    if (fd < 0) return acti_file_failed("make", path, "", error);
    acta_status status = write_all(fd, path, bytes, size, error);
    if (status == ACTA_OK && fsync(fd) != 0) status = acti_file_failed("sync", path, "", error);
    close(fd);
    return status;
}

acta_status
acti_file_read(const char *path, const acta_allocator *allocator, char **bytes_out, size_t *size_out, acta_error *error)
{
    struct stat found;
    int fd = acti_file_open(path, O_RDONLY);

    if (fd < 0) return acti_file_failed("open", path, "", error);
    if (fstat(fd, &found) != 0) {
        acta_status status = acti_file_failed("look at", path, "", error);
        close(fd);
        return status;
    }
    char *bytes = allocator->alloc(allocator->user, (size_t)found.st_size + 1);
    ssize_t size = bytes != NULL ? read(fd, bytes, (size_t)found.st_size) : 0;
    close(fd);
    if (bytes == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read '%s'", path);
    if (size != found.st_size) {
        allocator->free(allocator->user, bytes, (size_t)found.st_size + 1);
        return acta_error_set(error, ACTA_IO, "cannot read '%s' to its end", path);
    }
    bytes[found.st_size] = '\0';
    *bytes_out = bytes;
    *size_out = (size_t)found.st_size;
    return ACTA_OK;
}

acta_status
acti_file_lock(const char *path, const char *why, int *lock_out, acta_error *error)
{
    int fd = acti_file_open(path, O_RDONLY | O_NOFOLLOW);

    if (fd < 0) return acti_file_failed("open", path, "", error);
    /* One against others of its kind; one against a store's writer, who has the mark locked (rocksdb_files.c). */
    struct flock whole = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        acta_status status =
            errno == EWOULDBLOCK || errno == EACCES
                ? acta_error_set(error, ACTA_IN_USE, "%s: '%s' is locked by this or another process", why, path)
                : acti_file_failed("lock", path, "", error);
        close(fd);
        return status;
    }
    *lock_out = fd;
    return ACTA_OK;
}

void
acti_file_unlock(int lock)
{
    if (lock >= 0) close(lock);
}
