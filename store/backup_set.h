/*
 * A set of backups, as files.
 *
 *     SET/acta.backups            says that it is one; locked by the one who adds to it
 *     SET/00000001/               a backup: a store's files, and acta.backup, the list of them with their sums
 *     SET/00000002/               the next: files that both have are one file with two names
 *     SET/unfinished/             the one being made
 */
#ifndef ACTI_BACKUP_SET_H
#define ACTI_BACKUP_SET_H

#include "acta/operations.h"

#include "files.h"

#define ACTI_BACKUP_LIST_FILE "acta.backup"

enum { ACTI_BACKUP_NAME_MAX = 96 };

typedef struct acti_backup_file {
    char name[ACTI_BACKUP_NAME_MAX];
    acti_file_sum sum;
} acti_backup_file;

/* A backup and its files. */
typedef struct acti_backup {
    acta_allocator allocator;
    acta_backup_info info;
    acti_backup_file *files;
    uint32_t count, room;
} acti_backup;

void acti_backup_init(acti_backup *backup, const acta_allocator *allocator);
void acti_backup_deinit(acti_backup *backup);
acta_status acti_backup_add_file(acti_backup *backup, const char *name, acti_file_sum sum, acta_error *error);
const acti_backup_file *acti_backup_find_file(const acti_backup *backup, const char *name); /* NULL: it hasn't it */

/* The list of a backup's files: into its directory, and from there. ACTA_NOT_FOUND: there is none. */
acta_status acti_backup_write(const acti_backup *backup, const char *path, acta_error *error);
acta_status acti_backup_read(acti_backup *backup, const char *path, acta_error *error);

bool acti_backup_set_is_one(const char *path);
/* The newest of a set whose number is less than `before`; ACTA_NOT_FOUND. ACTA_CORRUPT: its list
 * is damaged, and only its number is given. `backup` was made by init. */
acta_status acti_backup_set_before(const char *path, uint64_t before, acti_backup *backup, acta_error *error);
/* The directory of one of a set, in ACTI_PATH_MAX bytes. */
acta_status acti_backup_set_path(char *room, const char *set, uint64_t number, acta_error *error);

#define ACTI_BACKUP_SET_FILE   "acta.backups"
#define ACTI_BACKUP_UNFINISHED "unfinished"

#endif
