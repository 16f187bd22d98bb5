/*
 * Files: what backup, restore and repair do with whole files and directories, each call durable when it returns.
 */
#ifndef ACTI_FILES_H
#define ACTI_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acta/environment.h"

#define ACTI_MARK_FILE "acta.mark" /* of every store */

enum { ACTI_PATH_MAX = 4096 };

/* The environment, but that it says nothing: what is found is in the errors and reports. */
acta_environment acti_silent(const acta_environment *environment);

/* errno, as a status of ours: cannot WHAT 'PATH/FILE': … */
acta_status acti_file_failed(const char *what, const char *path, const char *file, acta_error *error);

/* Of each that is made: what is in a log is its owner's alone. The files in it are RocksDB's for the most part, which have what the
 * process's umask leaves: so whoever opens the directory to others opens all of it. */
enum { ACTI_DIRECTORY_MODE = 0700 };

int acti_file_open(const char *path, int flags);                  /* open, made again after a signal; closed on exec */
void acti_parent_of(const char *path, char *parent, size_t size); /* the directory that `path` lies in */
acta_status acti_directory_sync(const char *path, acta_error *error);

/* A file's size, and the CRC-32C of its bytes. */
typedef struct acti_file_sum {
    uint64_t size;
    uint32_t crc;
} acti_file_sum;

/* DIRECTORY/NAME into `room` of ACTI_PATH_MAX bytes. ACTA_INVALID: too long. */
acta_status acti_path_join(char *room, const char *directory, const char *name, acta_error *error);
bool acti_path_exists(const char *path); /* of whatever kind, a dangling link too */
bool acti_path_is_directory(const char *path);
bool acti_name_ends_with(const char *name, const char *ending);

/* Do `act` for each name in a directory but "." and "..", until one fails. */
typedef acta_status (*acti_name_fn)(void *user, const char *path, const char *name, acta_error *error);
acta_status acti_directory_each(const char *path, acti_name_fn act, void *user, acta_error *error);
acta_status acti_directory_make(const char *path, acta_error *error); /* its parent is synced too; it must be new */
acta_status acti_directory_sync_files(const char *path, acta_error *error);   /* every file in it, and the directory */
acta_status acti_rename(const char *from, const char *to, acta_error *error); /* the parent of `to` is synced too */
/* What is in it, and itself, two levels deep; what can't be removed is left. */
void acti_directory_remove(const char *path);

/* Sum a file up. */
acta_status acti_file_sum_up(const char *path, acti_file_sum *sum_out, acta_error *error);
/* Copy a file to where nothing is, sync it, and read it again: ACTA_CORRUPT when that gives other bytes. */
acta_status acti_file_copy(const char *from, const char *to, acti_file_sum *sum_out, acta_error *error);
void acti_file_remove(const char *path); /* if it can be */
/* Give a file a second name; false: this file system can't. */
bool acti_file_link(const char *from, const char *to);
/* Are both of one size, and their last bytes equal? A sorted file ends with the identity of the session that wrote it and
 * its number there, so that two which are equal there are the same file. */
bool acti_file_ends_same(const char *one, const char *other);
acta_status acti_file_write(
    const char *path, const void *bytes, size_t size, acta_error *error); /* to where nothing is */
/* All of a file, with a zero behind it; to be freed with its size + 1. */
acta_status acti_file_read(
    const char *path, const acta_allocator *allocator, char **bytes_out, size_t *size_out, acta_error *error);
/* Take the lock of a file that is there: a descriptor for acti_file_unlock. ACTA_IN_USE, and `why`. */
acta_status acti_file_lock(const char *path, const char *why, int *lock_out, acta_error *error);
void acti_file_unlock(int lock);

#endif
