/*
 * A set of backups, as files: what lies in it. See backup_set.h.
 *
 * acta.backup is text, one thing a line:
 *
 *     acta backup 1
 *     number 2
 *     position 5000
 *     recorded 1760000000000000
 *     taken 1760000001000000
 *     file 000012.sst 4096 89abcdef         name, size, CRC-32C; in any number
 *     end 01234567                          CRC-32C of all before it
 */
#include "backup_set.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "acta/crc.h"

/* -- a backup -- */

void
acti_backup_init(acti_backup *backup, const acta_allocator *allocator)
{
    *backup = (acti_backup){ .allocator = *allocator };
}

void
acti_backup_deinit(acti_backup *backup)
{
    if (backup->files != NULL)
        backup->allocator.free(backup->allocator.user, backup->files, backup->room * sizeof *backup->files);
    acti_backup_init(backup, &backup->allocator);
}

static bool
make_room(acti_backup *backup)
{
    uint32_t room = backup->room == 0 ? 64 : backup->room * 2;

    if (backup->count < backup->room) return true;
    acti_backup_file *files = backup->allocator.alloc(backup->allocator.user, room * sizeof *files);
    if (files == NULL) return false;
    if (backup->count > 0) memcpy(files, backup->files, backup->count * sizeof *files);
    if (backup->files != NULL)
        backup->allocator.free(backup->allocator.user, backup->files, backup->room * sizeof *files);
    backup->files = files;
    backup->room = room;
    return true;
}

acta_status
acti_backup_add_file(acti_backup *backup, const char *name, acti_file_sum sum, acta_error *error)
{
    /* Also of a list that somebody else has written: no name leads out of the directory. */
    bool is_name = name[0] != '\0' && name[0] != '.' && strpbrk(name, " /") == NULL;
    if (strlen(name) >= ACTI_BACKUP_NAME_MAX || !is_name)
        return acta_error_set(error, ACTA_INVALID, "'%.100s' is no name of a file of a store", name);
    if (!make_room(backup)) return acta_error_set(error, ACTA_NO_MEMORY, "there is no memory for a list of files");
    acti_backup_file *file = &backup->files[backup->count++];
    snprintf(file->name, sizeof file->name, "%s", name);
    file->sum = sum;
    backup->info.files++;
    backup->info.bytes += sum.size;
    return ACTA_OK;
}

const acti_backup_file *
acti_backup_find_file(const acti_backup *backup, const char *name)
{
    for (uint32_t i = 0; i < backup->count; i++) {
        if (strcmp(backup->files[i].name, name) == 0) return &backup->files[i];
    }
    return NULL;
}

/* -- its list of files -- */

enum { HEAD_SIZE = 512, LINE_SIZE = ACTI_BACKUP_NAME_MAX + 48 };

static size_t
write_text(const acti_backup *backup, char *text, size_t room)
{
    size_t size = (size_t)snprintf(text, room,
        "acta backup 1\nnumber %" PRIu64 "\nposition %" PRIu64 "\nrecorded %" PRId64 "\ntaken %" PRId64
        "\ncopied %" PRIu64 " %" PRIu32 "\n",
        backup->info.number, backup->info.position, backup->info.recorded_at_us, backup->info.taken_at_us,
        backup->info.copied_bytes, backup->info.copied_files);

    for (uint32_t i = 0; i < backup->count; i++)
        size += (size_t)snprintf(text + size, room - size, "file %s %" PRIu64 " %08" PRIx32 "\n", backup->files[i].name,
            backup->files[i].sum.size, backup->files[i].sum.crc);
    return size + (size_t)snprintf(text + size, room - size, "end %08" PRIx32 "\n", acta_crc32c(0, text, size));
}

acta_status
acti_backup_write(const acti_backup *backup, const char *path, acta_error *error)
{
    const acta_allocator *allocator = &backup->allocator;
    size_t room = HEAD_SIZE + (size_t)backup->count * LINE_SIZE;
    char full[ACTI_PATH_MAX], *text = allocator->alloc(allocator->user, room);

    if (text == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "there is no memory for a list of files");
    size_t size = write_text(backup, text, room);
    acta_status status = acti_path_join(full, path, ACTI_BACKUP_LIST_FILE, error);
    if (status == ACTA_OK) status = acti_file_write(full, text, size, error);
    allocator->free(allocator->user, text, room);
    return status;
}

/* One line; false: it is none of these. */
static bool
read_line(acti_backup *backup, const char *line, bool *ended)
{
    acta_backup_info *info = &backup->info;
    char name[ACTI_BACKUP_NAME_MAX];
    acti_file_sum sum;
    uint32_t crc;

    if (sscanf(line, "number %" SCNu64, &info->number) == 1 ||
        sscanf(line, "position %" SCNu64, &info->position) == 1 ||
        sscanf(line, "recorded %" SCNd64, &info->recorded_at_us) == 1 ||
        sscanf(line, "taken %" SCNd64, &info->taken_at_us) == 1 ||
        sscanf(line, "copied %" SCNu64 " %" SCNu32, &info->copied_bytes, &info->copied_files) == 2)
        return true;
    if (sscanf(line, "file %95s %" SCNu64 " %" SCNx32, name, &sum.size, &sum.crc) == 3)
        return acti_backup_add_file(backup, name, sum, NULL) == ACTA_OK;
    *ended = sscanf(line, "end %" SCNx32, &crc) == 1;
    return *ended;
}

static bool
read_text(acti_backup *backup, char *text, size_t size)
{
    enum { END_SIZE = sizeof "end 01234567\n" - 1 };
    char *line = text, *next;
    uint32_t crc;
    bool ended = false;

    if (size <= END_SIZE || sscanf(text + size - END_SIZE, "end %" SCNx32, &crc) != 1 ||
        crc != acta_crc32c(0, text, size - END_SIZE) || strncmp(text, "acta backup 1\n", 14) != 0)
        return false;
    for (line += 14; !ended && (next = strchr(line, '\n')) != NULL; line = next + 1) {
        *next = '\0';
        if (!read_line(backup, line, &ended)) return false;
    }
    return ended;
}

acta_status
acti_backup_read(acti_backup *backup, const char *path, acta_error *error)
{
    char full[ACTI_PATH_MAX], *text;
    size_t size;
    acta_status status = acti_path_join(full, path, ACTI_BACKUP_LIST_FILE, error);

    if (status == ACTA_OK && !acti_path_exists(full))
        return acta_error_set(
            error, ACTA_NOT_FOUND, "'%s' is no backup: it has no file '%s'", path, ACTI_BACKUP_LIST_FILE);
    if (status == ACTA_OK) status = acti_file_read(full, &backup->allocator, &text, &size, error);
    if (status != ACTA_OK) return status;
    bool is_sound = read_text(backup, text, size);
    backup->allocator.free(backup->allocator.user, text, size + 1);
    snprintf(backup->info.path, sizeof backup->info.path, "%s", path);
    if (is_sound) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT, "the list of the backup's files, '%s', is damaged", full);
}

/* -- the set -- */

bool
acti_backup_set_is_one(const char *path)
{
    char full[ACTI_PATH_MAX];
    return acti_path_join(full, path, ACTI_BACKUP_SET_FILE, NULL) == ACTA_OK && acti_path_exists(full);
}

acta_status
acti_backup_set_path(char *room, const char *set, uint64_t number, acta_error *error)
{
    char name[32];

    snprintf(name, sizeof name, "%08" PRIu64, number);
    return acti_path_join(room, set, name, error);
}

typedef struct search {
    uint64_t before, newest;
} search;

static acta_status
look_for_newest(void *user, const char *path, const char *name, acta_error *error)
{
    search *s = user;
    char full[ACTI_PATH_MAX], list[ACTI_PATH_MAX];
    uint64_t number = 0;

    if (strlen(name) < 8 || name[strspn(name, "0123456789")] != '\0') return ACTA_OK;
    if (sscanf(name, "%" SCNu64, &number) != 1 || number >= s->before || number <= s->newest) return ACTA_OK;
    acta_status status = acti_path_join(full, path, name, error);
    if (status == ACTA_OK) status = acti_path_join(list, full, ACTI_BACKUP_LIST_FILE, error);
    if (status == ACTA_OK && acti_path_exists(list)) s->newest = number;
    return status;
}

acta_status
acti_backup_set_before(const char *path, uint64_t before, acti_backup *backup, acta_error *error)
{
    search s = { .before = before };
    char full[ACTI_PATH_MAX];
    acta_allocator allocator = backup->allocator;
    acta_status status = acti_directory_each(path, look_for_newest, &s, error);

    if (status != ACTA_OK) return status;
    if (s.newest == 0) return acta_error_set(error, ACTA_NOT_FOUND, "the set '%s' has no backup", path);
    acti_backup_deinit(backup);
    acti_backup_init(backup, &allocator);
    status = acti_backup_set_path(full, path, s.newest, error);
    if (status == ACTA_OK) status = acti_backup_read(backup, full, error);
    if (status == ACTA_OK && backup->info.number != s.newest)
        status = acta_error_set(
            error, ACTA_CORRUPT, "the backup '%s' says that it is number %" PRIu64, full, backup->info.number);
    backup->info.number = s.newest;
    return status;
}

acta_status
acta_backup_list(const char *path, acta_backup_info *infos, uint32_t room, uint32_t *count_out, acta_error *error)
{
    acta_environment environment = acta_environment_or_default(NULL);
    acta_status status = ACTA_OK;
    uint64_t before = UINT64_MAX;
    acti_backup backup;
    uint32_t count = 0;

    if (path == NULL || !acti_backup_set_is_one(path))
        return acta_error_set(error, ACTA_NOT_FOUND, "'%s' is no set of backups: it has no file '%s'",
            path != NULL ? path : "", ACTI_BACKUP_SET_FILE);
    acti_backup_init(&backup, &environment.allocator);
    while ((status = acti_backup_set_before(path, before, &backup, error)) == ACTA_OK) {
        if (count < room) infos[count] = backup.info; /* newest first, as yet */
        count++;
        before = backup.info.number;
    }
    acti_backup_deinit(&backup);
    if (status != ACTA_NOT_FOUND) return status;
    uint32_t given = count < room ? count : room;
    for (uint32_t i = 0; i < given / 2; i++) {
        acta_backup_info other = infos[i];
        infos[i] = infos[given - 1 - i];
        infos[given - 1 - i] = other;
    }
    *count_out = count;
    return ACTA_OK;
}
