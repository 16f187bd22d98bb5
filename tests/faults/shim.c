/*
 * The shim's calls: each is libc's, with a look at the rules before it and an entry in the journal behind it.
 *
 *     call -> below the root? -> rules: fail, shorten, wait, lie -> libc, under the journal's lock -> entry
 *
 * A call that fails leaves no entry. A sync that lies, or fails, makes nothing durable.
 */
#undef _FILE_OFFSET_BITS /* the names without 64 are meant as they stand */
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#undef fread_unlocked /* a macro too, where it is optimised */

#define PUBLIC __attribute__((visibility("default")))

/* libc's function of that name, found when it is first wanted: allocators open files before any constructor runs. */
#define REAL(name) (__extension__((__typeof__(&name))find_real(&slot_of_##name, #name)))
#define SLOT(name) static _Atomic(void *) slot_of_##name

static void *
find_real(_Atomic(void *) *slot, const char *name)
{
    /* Relaxed: whoever looks finds the same. */
    void *found = atomic_load_explicit(slot, memory_order_relaxed);

    if (found != NULL) return found;
    found = dlsym(RTLD_NEXT, name);
    atomic_store_explicit(slot, found, memory_order_relaxed);
    return found;
}

SLOT(openat);
SLOT(close);
SLOT(read);
SLOT(pread);
SLOT(fread_unlocked);
SLOT(write);
SLOT(pwrite);
SLOT(fsync);
SLOT(fdatasync);
SLOT(sync_file_range);
SLOT(ftruncate);
SLOT(truncate);
SLOT(fallocate);
SLOT(posix_fallocate);
SLOT(rename);
SLOT(link);
SLOT(unlink);
SLOT(mkdir);
SLOT(rmdir);

/* -- which files -- */

enum { FILES_MAX = 4096 };

typedef struct watched {
    _Atomic bool used;
    bool directory;
    uint64_t inode;
    char path[FAULT_PATH_SIZE]; /* below the root */
} watched;

static watched files[FILES_MAX]; /* by descriptor */

/* The path below the root; NULL: it isn't. The root itself is ".". */
static const char *
below_root(const char *path)
{
    const fault_page *page = fault_page_now();
    if (page == NULL || path == NULL) return NULL;

    size_t size = strlen(page->root);
    if (size == 0 || strncmp(path, page->root, size) != 0) return NULL;
    if (path[size] == '\0') return ".";
    if (path[size] != '/' || strlen(path + size + 1) >= FAULT_PATH_SIZE) return NULL;
    return path[size + 1] != '\0' ? path + size + 1 : ".";
}

static watched *
watched_of(int fd)
{
    if (fd < 0 || fd >= FILES_MAX || fault_page_now() == NULL) return NULL;
    /* Acquire: what was opened by another thread. */
    return atomic_load_explicit(&files[fd].used, memory_order_acquire) ? &files[fd] : NULL;
}

static void
watch(int fd, const char *path, const struct stat *found)
{
    if (fd >= FILES_MAX) return;
    files[fd].directory = S_ISDIR(found->st_mode);
    files[fd].inode = found->st_ino;
    snprintf(files[fd].path, sizeof files[fd].path, "%s", path);
    atomic_store_explicit(&files[fd].used, true, memory_order_release);
}

/* -- rules -- */

typedef struct verdict {
    int error;
    bool lie;
    size_t size_max;
} verdict;

static void
wait_us(uint32_t us)
{
    struct timespec left = { .tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000 };

    while (nanosleep(&left, &left) != 0)
        continue;
}

static bool
acts(fault_rule *rule, fault_op op, const char *path)
{
    if ((rule->ops & FAULT_BIT(op)) == 0 || fnmatch(rule->pattern, path, 0) != 0) return false;
    /* Relaxed: only that each call has its own number. */
    uint64_t number = atomic_fetch_add_explicit(&rule->fitting, 1, memory_order_relaxed);
    if (number < rule->skip || number - rule->skip >= rule->times) return false;
    atomic_fetch_add_explicit(&rule->acted, 1, memory_order_relaxed);
    return true;
}

static verdict
judge(fault_op op, const char *path)
{
    fault_page *page = fault_page_now();
    verdict v = { .size_max = SIZE_MAX };

    for (int i = 0; page != NULL && i < FAULT_RULES; i++) {
        fault_rule *rule = &page->rules[i];
        if (!acts(rule, op, path)) continue;
        if (rule->delay_us > 0) wait_us(rule->delay_us);
        while (atomic_load(&rule->hangs))
            wait_us(1000);
        if (rule->error != 0) v.error = rule->error;
        if (rule->size_max > 0) v.size_max = rule->size_max;
        v.lie = v.lie || rule->lie;
    }
    return v;
}

static int
fail(int error)
{
    errno = error;
    return -1;
}

/* -- opening and closing -- */

static int
open_watched(int at, const char *path, int flags, mode_t mode)
{
    const char *below = path[0] == '/' || at == AT_FDCWD ? below_root(path) : NULL;
    struct stat found;

    if (below == NULL) {
        int fd = REAL(openat)(at, path, flags, mode);
        if (fd >= 0 && fd < FILES_MAX) atomic_store_explicit(&files[fd].used, false, memory_order_relaxed);
        return fd;
    }
    bool is_new = (flags & O_CREAT) != 0 && stat(path, &found) != 0;
    verdict v = judge(is_new ? FAULT_CREATE : FAULT_OPEN, below);
    if (v.error != 0) return fail(v.error);

    bool is_change = is_new || ((flags & O_TRUNC) != 0 && (flags & O_ACCMODE) != O_RDONLY);
    if (is_change) fault_journal_enter();
    int fd = REAL(openat)(at, path, flags, mode);
    bool is_open = fd >= 0 && fstat(fd, &found) == 0;
    if (is_open && is_new) fault_journal_add(FAULT_CREATE, found.st_ino, 0, 0, below, NULL, NULL);
    if (is_open && is_change && !is_new) fault_journal_add(FAULT_TRUNCATE, found.st_ino, 0, 0, below, NULL, NULL);
    if (is_open) watch(fd, below, &found);
    if (is_change) fault_journal_leave();
    return fd;
}

static mode_t
mode_of(int flags, va_list rest)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

PUBLIC int
open(const char *path, int flags, ...)
{
    va_list rest;

    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_watched(AT_FDCWD, path, flags, mode);
}

PUBLIC int
openat(int at, const char *path, int flags, ...)
{
    va_list rest;

    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_watched(at, path, flags, mode);
}

PUBLIC int
close(int fd)
{
    watched *file = watched_of(fd);
    verdict v = file != NULL ? judge(FAULT_CLOSE, file->path) : (verdict){ .error = 0 };

    if (file != NULL) atomic_store_explicit(&file->used, false, memory_order_relaxed);
    int result = REAL(close)(fd);
    return v.error != 0 ? fail(v.error) : result;
}

/* -- reading -- */

static size_t
shorter(size_t size, const verdict *v)
{
    return size < v->size_max ? size : v->size_max;
}

PUBLIC ssize_t
read(int fd, void *bytes, size_t size)
{
    const watched *file = watched_of(fd);
    verdict v = file != NULL ? judge(FAULT_READ, file->path) : (verdict){ .size_max = SIZE_MAX };

    return v.error != 0 ? fail(v.error) : REAL(read)(fd, bytes, shorter(size, &v));
}

PUBLIC ssize_t
pread(int fd, void *bytes, size_t size, off_t offset)
{
    const watched *file = watched_of(fd);
    verdict v = file != NULL ? judge(FAULT_READ, file->path) : (verdict){ .size_max = SIZE_MAX };

    return v.error != 0 ? fail(v.error) : REAL(pread)(fd, bytes, shorter(size, &v), offset);
}

/* By which RocksDB reads its logs. */
PUBLIC size_t
fread_unlocked(void *bytes, size_t size, size_t count, FILE *stream)
{
    const watched *file = watched_of(fileno(stream));
    verdict v = file != NULL ? judge(FAULT_READ, file->path) : (verdict){ .size_max = SIZE_MAX };

    if (v.error == 0) return REAL(fread_unlocked)(bytes, size, count, stream);
    stream->_flags |= 0x20; /* glibc's _IO_ERR_SEEN: ferror tells it */
    errno = v.error;
    return 0;
}

/* -- writing -- */

static ssize_t
write_watched(const watched *file, int fd, const void *bytes, size_t size, off_t offset)
{
    verdict v = judge(FAULT_WRITE, file->path);

    if (v.error != 0) return fail(v.error);
    size = shorter(size, &v);
    if (v.lie) return (ssize_t)size;
    fault_journal_enter();
    ssize_t done = offset < 0 ? REAL(write)(fd, bytes, size) : REAL(pwrite)(fd, bytes, size, offset);
    if (done > 0 && offset < 0) offset = lseek(fd, 0, SEEK_CUR) - done;
    if (done > 0)
        fault_journal_add(FAULT_WRITE, file->inode, (uint64_t)offset, (uint64_t)done, file->path, NULL, bytes);
    fault_journal_leave();
    return done;
}

PUBLIC ssize_t
write(int fd, const void *bytes, size_t size)
{
    const watched *file = watched_of(fd);

    return file != NULL ? write_watched(file, fd, bytes, size, -1) : REAL(write)(fd, bytes, size);
}

PUBLIC ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    const watched *file = watched_of(fd);

    return file != NULL ? write_watched(file, fd, bytes, size, offset) : REAL(pwrite)(fd, bytes, size, offset);
}

static int
sync_watched(const watched *file, int fd)
{
    fault_op op = file->directory ? FAULT_SYNC_DIRECTORY : FAULT_SYNC;
    verdict v = judge(op, file->path);

    if (v.error != 0) return fail(v.error);
    if (v.lie) return 0;
    fault_journal_enter();
    int result = fault_page_now()->skips_syncs ? 0 : REAL(fsync)(fd);
    if (result == 0) fault_journal_add(op, file->inode, 0, 0, file->path, NULL, NULL);
    fault_journal_leave();
    return result;
}

PUBLIC int
fsync(int fd)
{
    const watched *file = watched_of(fd);
    return file != NULL ? sync_watched(file, fd) : REAL(fsync)(fd);
}

PUBLIC int
fdatasync(int fd)
{
    const watched *file = watched_of(fd);
    return file != NULL ? sync_watched(file, fd) : REAL(fdatasync)(fd);
}

/* Makes nothing durable: no metadata, and the disk keeps its cache. */
PUBLIC int
sync_file_range(int fd, off64_t offset, off64_t size, unsigned flags)
{
    return watched_of(fd) != NULL ? 0 : REAL(sync_file_range)(fd, offset, size, flags);
}

PUBLIC int
ftruncate(int fd, off_t size)
{
    const watched *file = watched_of(fd);
    if (file == NULL) return REAL(ftruncate)(fd, size);

    verdict v = judge(FAULT_TRUNCATE, file->path);
    if (v.error != 0) return fail(v.error);
    if (v.lie) return 0;
    fault_journal_enter();
    int result = REAL(ftruncate)(fd, size);
    if (result == 0) fault_journal_add(FAULT_TRUNCATE, file->inode, (uint64_t)size, 0, file->path, NULL, NULL);
    fault_journal_leave();
    return result;
}

PUBLIC int
truncate(const char *path, off_t size)
{
    if (below_root(path) == NULL) return REAL(truncate)(path, size);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    int result = ftruncate(fd, size), error = errno;
    close(fd);
    return result != 0 ? fail(error) : 0;
}

/* Room without a change of size changes nothing that a power cut could show; RocksDB asks for no other. */
PUBLIC int
fallocate(int fd, int mode, off_t offset, off_t size)
{
    const watched *file = watched_of(fd);
    verdict v = file != NULL ? judge(FAULT_ALLOCATE, file->path) : (verdict){ .error = 0 };

    if (v.error != 0) return fail(v.error);
    if (file != NULL && (mode & FALLOC_FL_KEEP_SIZE) == 0) return fail(EOPNOTSUPP); /* the caller writes instead */
    if (file != NULL && fault_page_now()->skips_syncs) return 0;
    return REAL(fallocate)(fd, mode, offset, size);
}

PUBLIC int
posix_fallocate(int fd, off_t offset, off_t size)
{
    return watched_of(fd) != NULL ? EOPNOTSUPP : REAL(posix_fallocate)(fd, offset, size);
}

/* -- directories -- */

typedef int path_call(const char *path);

static int
change_path(fault_op op, const char *path, const char *below, path_call *call)
{
    struct stat found = { .st_ino = 0 };
    verdict v = judge(op, below);

    if (v.error != 0) return fail(v.error);
    if (v.lie) return 0;
    fault_journal_enter();
    if (op != FAULT_MKDIR) (void)stat(path, &found);
    int result = call(path), error = errno;
    if (op == FAULT_MKDIR) (void)stat(path, &found);
    if (result == 0) fault_journal_add(op, found.st_ino, 0, 0, below, NULL, NULL);
    fault_journal_leave();
    errno = error;
    return result;
}

static int
change_two_paths(fault_op op, const char *from, const char *to, int (*call)(const char *from, const char *to))
{
    const char *below = below_root(from), *new_below = below_root(to);
    if (below == NULL || new_below == NULL) return call(from, to);

    verdict v = judge(op, new_below);
    if (v.error != 0) return fail(v.error);
    if (v.lie) return 0;
    fault_journal_enter();
    int result = call(from, to), error = errno;
    if (result == 0) fault_journal_add(op, 0, 0, 0, below, new_below, NULL);
    fault_journal_leave();
    errno = error;
    return result;
}

PUBLIC int
rename(const char *from, const char *to)
{
    return change_two_paths(FAULT_RENAME, from, to, REAL(rename));
}

PUBLIC int
link(const char *from, const char *to)
{
    return change_two_paths(FAULT_LINK, from, to, REAL(link));
}

PUBLIC int
unlink(const char *path)
{
    const char *below = below_root(path);
    return below != NULL ? change_path(FAULT_UNLINK, path, below, REAL(unlink)) : REAL(unlink)(path);
}

static int
make_directory(const char *path)
{
    return REAL(mkdir)(path, 0777);
}

PUBLIC int
mkdir(const char *path, mode_t mode)
{
    const char *below = below_root(path);
    return below != NULL ? change_path(FAULT_MKDIR, path, below, make_directory) : REAL(mkdir)(path, mode);
}

PUBLIC int
rmdir(const char *path)
{
    const char *below = below_root(path);
    return below != NULL ? change_path(FAULT_RMDIR, path, below, REAL(rmdir)) : REAL(rmdir)(path);
}

/* -- the same by their other names -- */

#define ALIAS(name) __attribute__((visibility("default"), alias(name)))

ALIAS("open") int open64(const char *path, int flags, ...);
ALIAS("openat") int openat64(int at, const char *path, int flags, ...);
ALIAS("pread") ssize_t pread64(int fd, void *bytes, size_t size, off64_t offset);
ALIAS("pwrite") ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset);
ALIAS("ftruncate") int ftruncate64(int fd, off64_t size);
ALIAS("fallocate") int fallocate64(int fd, int mode, off64_t offset, off64_t size);
ALIAS("posix_fallocate") int posix_fallocate64(int fd, off64_t offset, off64_t size);
