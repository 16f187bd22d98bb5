/*
 * Records: reading them, and whether a write-ahead log has one twice. See rocksdb_records.h.
 *
 * A record of a write-ahead log begins with the number of its first change (8 bytes) and how many there are (4). The numbers
 * rise by that count from one record to the next, over all logs of a store. RocksDB looks at no record behind the first that
 * isn't sound, and neither does this.
 */
#include "rocksdb_records.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acta/crc.h"

#include "keys.h"
#include "rocksdb.h"

enum { BLOCK_SIZE = 32768, HEADER_SIZE = 7, WHOLE = 1, FIRST, MIDDLE, LAST, BATCH_HEADER_SIZE = 12, LOGS_MAX = 4096 };

acta_status
acti_records_open(acti_records *records, const char *path, acta_error *error)
{
    *records = (acti_records){ .fd = acti_file_open(path, O_RDONLY), .path = path, .block = malloc(BLOCK_SIZE) };
    if (records->fd < 0) {
        acta_status status = acti_file_failed("open", path, "", error);
        acti_records_close(records);
        return status;
    }
    if (records->block != NULL) return ACTA_OK;
    acti_records_close(records);
    return acta_error_set(error, ACTA_NO_MEMORY, "cannot read '%s': there is no memory", path);
}

void
acti_records_close(acti_records *records)
{
    if (records->fd >= 0) close(records->fd);
    free(records->block);
    free(records->record);
    *records = (acti_records){ .fd = -1 };
}

static acta_status
read_block(acti_records *records, acta_error *error)
{
    size_t done = 0;

    records->begin += records->block_size;
    while (done < BLOCK_SIZE) {
        ssize_t size = pread(records->fd, records->block + done, BLOCK_SIZE - done, (off_t)(records->begin + done));
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return acti_file_failed("read", records->path, "", error);
        if (size == 0) break;
        done += (size_t)size;
    }
    records->block_size = done;
    records->at = 0;
    return ACTA_OK;
}

/* The next part, with its header; ACTA_NOT_FOUND: nothing sound comes. */
static acta_status
next_part(acti_records *records, const uint8_t **part_out, size_t *size_out, acta_error *error)
{
    if (records->at + HEADER_SIZE > BLOCK_SIZE || records->block_size == 0) {
        acta_status status = read_block(records, error);
        if (status != ACTA_OK) return status;
    }
    const uint8_t *part = records->block + records->at;
    size_t left = records->block_size - records->at;
    if (left < HEADER_SIZE) return ACTA_NOT_FOUND;

    size_t size = (size_t)part[4] | (size_t)part[5] << 8;
    if (part[6] < WHOLE || part[6] > LAST || size > left - HEADER_SIZE) return ACTA_NOT_FOUND;
    uint32_t sum = acta_crc32c(0, part + 6, size + 1);
    if (acti_get_le32(part) != ((sum >> 15) | (sum << 17)) + 0xa282ead8u) return ACTA_NOT_FOUND;
    records->at += HEADER_SIZE + size;
    *part_out = part;
    *size_out = size;
    return ACTA_OK;
}

static acta_status
take_part(acti_records *records, const uint8_t *bytes, size_t size, acta_error *error)
{
    if (records->size + size > records->room) {
        size_t room = 2 * (records->size + size);
        uint8_t *larger = realloc(records->record, room);
        if (larger == NULL)
            return acta_error_set(
                error, ACTA_NO_MEMORY, "cannot read '%s': no memory for %zu bytes", records->path, room);
        records->record = larger;
        records->room = room;
    }
    if (size > 0) memcpy(records->record + records->size, bytes, size);
    records->size += size;
    return ACTA_OK;
}

acta_status
acti_records_next(acti_records *records, acta_bytes *record_out, acta_error *error)
{
    const uint8_t *part = NULL;
    size_t size = 0;
    bool begun = false;

    records->size = 0;
    for (;;) {
        acta_status status = next_part(records, &part, &size, error);
        if (status != ACTA_OK) return status;
        if ((part[6] == WHOLE || part[6] == FIRST) == begun) return ACTA_NOT_FOUND;
        if (!begun) records->offset = records->begin + records->at - size - HEADER_SIZE;
        begun = true;
        status = take_part(records, part + HEADER_SIZE, size, error);
        if (status != ACTA_OK) return status;
        if (part[6] == WHOLE || part[6] == LAST) break;
    }
    *record_out = acta_bytes_from(records->record, records->size);
    return ACTA_OK;
}

/* -- write-ahead logs -- */

typedef struct logs {
    uint64_t numbers[LOGS_MAX];
    size_t count;
    bool cut;
    uint64_t next; /* the least number that the next record may have */
} logs;

static acta_status
add_log(void *user, const char *path, const char *name, acta_error *error)
{
    logs *l = user;
    char *end;
    uint64_t number = strtoull(name, &end, 10);

    (void)path;
    (void)error;
    if (end == name || strcmp(end, ".log") != 0 || l->count == LOGS_MAX) return ACTA_OK;
    l->numbers[l->count++] = number;
    return ACTA_OK;
}

static int
compare_numbers(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* ACTA_CORRUPT: the record at records->offset was there before. */
static acta_status
check_records(logs *l, acti_records *records, const char *path, acta_error *error)
{
    acta_bytes record;
    acta_status status;

    while ((status = acti_records_next(records, &record, error)) == ACTA_OK) {
        if (record.size < BATCH_HEADER_SIZE) return ACTA_OK; /* RocksDB calls it damage */
        uint64_t first = acti_get_le64(record.data);
        if (first < l->next)
            return acta_error_set(error, ACTA_CORRUPT,
                "the log of RocksDB '%s' is damaged: the record at byte %" PRIu64
                " is one that came before (change %" PRIu64 ", at least %" PRIu64
                " was expected); nothing was changed; mend it with `acta repair`",
                path, records->offset, first, l->next);
        l->next = first + acti_get_le32(record.data + 8);
    }
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
check_log(logs *l, const char *directory, uint64_t number, acta_error *error)
{
    char name[32], path[ACTI_PATH_MAX];
    acti_records records;

    snprintf(name, sizeof name, "%06" PRIu64 ".log", number);
    acta_status status = acti_path_join(path, directory, name, error);
    if (status != ACTA_OK || !acti_path_exists(path)) return status; /* a writer has just removed it */
    status = acti_records_open(&records, path, error);
    if (status != ACTA_OK) return acti_path_exists(path) ? status : ACTA_OK;
    status = check_records(l, &records, path, error);
    bool cut = status == ACTA_CORRUPT && l->cut;
    uint64_t offset = records.offset;
    acti_records_close(&records);
    if (!cut) return status;
    return truncate(path, (off_t)offset) == 0 ? ACTA_OK : acti_file_failed("cut", path, "", error);
}

static acta_status
check_logs(const char *path, bool cut, acta_error *error)
{
    logs *l = calloc(1, sizeof *l);

    if (l == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot look at '%s': there is no memory", path);
    l->cut = cut;
    acta_status status = acti_directory_each(path, add_log, l, error);
    qsort(l->numbers, l->count, sizeof l->numbers[0], compare_numbers);
    for (size_t i = 0; i < l->count && status == ACTA_OK; i++)
        status = check_log(l, path, l->numbers[i], error);
    free(l);
    return status;
}

acta_status
acti_rocksdb_check_logs(const char *path, acta_error *error)
{
    return check_logs(path, false, error);
}

acta_status
acti_rocksdb_cut_logs(const char *path, acta_error *error)
{
    return check_logs(path, true, error);
}
