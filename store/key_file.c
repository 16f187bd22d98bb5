/*
 * Key file: the keys of subjects, 128 bytes each, one after the other behind a head of the same size.
 *
 *     head     "ACTAKEYS" | 8 format, 1 | 16 zero | 32 digest key | 64 common key | 96 zero | 124 crc of 0 to 123
 *     entry    crc of 4 to 127 | 4 state, 1 a key, 2 forgotten | 5 zero | 32 digest of the subject | 64 key | 96 zero
 *
 * An entry lies within one sector, and is written whole before its key is handed out, and synced before what the key seals
 * is written: by the store that commits it (acta_store_sync_keys), for all keys since the last time at once. To destroy a
 * key is to write its entry anew, without it, and to sync it. So a crash leaves each entry as it was or as it was to become;
 * only the last ones, which were being added, may be missing, cut short or zero: nothing on disk is sealed with their keys,
 * and the next ones take their places.
 *
 * Keys are read from the file whenever they are asked for: a program that only reads sees at once what another destroyed,
 * and none lies about in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acta/crc.h"
#include "acta/crash_point.h"

#include "files.h"
#include "key_index.h"
#include "keys.h"
#include "thread.h"

enum {
    ENTRY_SIZE = 128,
    FORMAT = 1,
    AT_FORMAT = 8,
    AT_DIGEST_KEY = 32,
    AT_COMMON_KEY = 64,
    AT_HEAD_CRC = 124,
    AT_STATE = 4,
    AT_DIGEST = 32,
    AT_KEY = 64,
    STATE_KEY = 1,
    STATE_FORGOTTEN = 2,
    OWNER_ALONE = 0600
};

static const char magic[8] = { 'A', 'C', 'T', 'A', 'K', 'E', 'Y', 'S' };

struct acta_key_file {
    acta_environment environment;
    acti_monitor lock; /* of all below */
    int fd;
    bool read_only, is_cut; /* behind the last entry there is nothing */
    acta_key digest_key, common;
    acti_key_index index;
    char path[ACTI_PATH_MAX];

    _Atomic bool has_unsynced; /* entries were written since the last sync */
    _Atomic bool has_failed;   /* a sync did: what is on disk is not known, nor made so by another one */
};

/* -- bytes -- */

static acta_status
read_entry(const acta_key_file *file, uint64_t number, uint8_t *bytes, size_t *size_out, acta_error *error)
{
    size_t done = 0;

    *size_out = 0;
    while (done < ENTRY_SIZE) {
        ssize_t size = pread(file->fd, bytes + done, ENTRY_SIZE - done, (off_t)(number * ENTRY_SIZE + done));
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return acti_file_failed("read", file->path, "", error);
        if (size == 0) break;
        done += (size_t)size;
    }
    *size_out = done;
    return ACTA_OK;
}

static acta_status
write_entry(const acta_key_file *file, uint64_t number, const uint8_t *bytes, acta_error *error)
{
    size_t done = 0;

    while (done < ENTRY_SIZE) {
        ssize_t size = pwrite(file->fd, bytes + done, ENTRY_SIZE - done, (off_t)(number * ENTRY_SIZE + done));
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return acti_file_failed("write", file->path, "", error);
        done += (size_t)size;
    }
    return ACTA_OK;
}

static acta_status
write_durably(const acta_key_file *file, uint64_t number, const uint8_t *bytes, acta_error *error)
{
    acta_status status = write_entry(file, number, bytes, error);
    if (status != ACTA_OK) return status;
    return fdatasync(file->fd) == 0 ? ACTA_OK : acti_file_failed("sync", file->path, "", error);
}

static bool
is_entry(const uint8_t *bytes)
{
    bool has_state = bytes[AT_STATE] == STATE_KEY || bytes[AT_STATE] == STATE_FORGOTTEN;
    return has_state && acti_get_le32(bytes) == acta_crc32c(0, bytes + 4, ENTRY_SIZE - 4);
}

static bool
is_zero(const uint8_t *bytes)
{
    for (int i = 0; i < ENTRY_SIZE; i++)
        if (bytes[i] != 0) return false;
    return true;
}

static void
make_entry(const acta_digest *digest, const acta_key *key, uint8_t *bytes)
{
    memset(bytes, 0, ENTRY_SIZE);
    bytes[AT_STATE] = key != NULL ? STATE_KEY : STATE_FORGOTTEN;
    memcpy(bytes + AT_DIGEST, digest->bytes, sizeof digest->bytes);
    if (key != NULL) memcpy(bytes + AT_KEY, key->bytes, sizeof key->bytes);
    acti_put_le32(bytes, acta_crc32c(0, bytes + 4, ENTRY_SIZE - 4));
}

/* -- opening -- */

static acta_status
make_head(acta_key_file *file, acta_error *error)
{
    uint8_t bytes[ENTRY_SIZE] = { 0 };
    char parent[ACTI_PATH_MAX];

    file->digest_key = acta_key_random(&file->environment.random);
    file->common = acta_key_random(&file->environment.random);
    memcpy(bytes, magic, sizeof magic);
    bytes[AT_FORMAT] = FORMAT;
    memcpy(bytes + AT_DIGEST_KEY, file->digest_key.bytes, ACTA_KEY_SIZE);
    memcpy(bytes + AT_COMMON_KEY, file->common.bytes, ACTA_KEY_SIZE);
    acti_put_le32(bytes + AT_HEAD_CRC, acta_crc32c(0, bytes, AT_HEAD_CRC));
    acta_status status = write_durably(file, 0, bytes, error);
    acti_parent_of(file->path, parent, sizeof parent);
    return status == ACTA_OK ? acti_directory_sync(parent, error) : status;
}

static acta_status
read_head(acta_key_file *file, acta_error *error)
{
    uint8_t bytes[ENTRY_SIZE];
    struct stat found;
    size_t size;

    if (fstat(file->fd, &found) != 0) return acti_file_failed("look at", file->path, "", error);
    acta_status status = read_entry(file, 0, bytes, &size, error);
    if (status != ACTA_OK) return status;
    bool is_ours = size == ENTRY_SIZE && memcmp(bytes, magic, sizeof magic) == 0;
    if (is_ours && bytes[AT_FORMAT] > FORMAT)
        return acta_error_set(error, ACTA_UNSUPPORTED, "the keys in '%s' have format %u; this program knows up to %d",
            file->path, bytes[AT_FORMAT], FORMAT);
    if (is_ours && acti_get_le32(bytes + AT_HEAD_CRC) == acta_crc32c(0, bytes, AT_HEAD_CRC)) {
        memcpy(file->digest_key.bytes, bytes + AT_DIGEST_KEY, ACTA_KEY_SIZE);
        memcpy(file->common.bytes, bytes + AT_COMMON_KEY, ACTA_KEY_SIZE);
        return ACTA_OK;
    }
    /* Not finished when it was made: no key was ever handed out. */
    if (found.st_size <= ENTRY_SIZE && !file->read_only) return make_head(file, error);
    return acta_error_set(error, ACTA_CORRUPT,
        "'%s' is no file of keys, or its beginning is damaged; bring back a copy of it", file->path);
}

/* Entries behind those that are known. */
static acta_status
read_entries(acta_key_file *file, acta_error *error)
{
    uint8_t bytes[ENTRY_SIZE];
    acta_status status = ACTA_OK;
    size_t size;

    for (;;) {
        uint64_t number = (uint64_t)file->index.count + 1;
        status = read_entry(file, number, bytes, &size, error);
        if (status != ACTA_OK || size < ENTRY_SIZE) return status;
        if (is_zero(bytes)) return ACTA_OK; /* it was never finished */
        if (!is_entry(bytes))
            return acta_error_set(error, ACTA_CORRUPT,
                "entry %" PRIu64 " of the keys in '%s' is damaged; bring back a copy of the file", number, file->path);
        acta_digest digest;
        memcpy(digest.bytes, bytes + AT_DIGEST, sizeof digest.bytes);
        if (!acti_key_index_reserve(&file->index))
            return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the keys in '%s'", file->path);
        acti_key_index_add(&file->index, &digest);
    }
}

static acta_status
open_file(acta_key_file *file, acta_error *error)
{
    int flags = file->read_only ? O_RDONLY : O_RDWR | O_CREAT;

    do
        file->fd = open(file->path, flags | O_CLOEXEC, OWNER_ALONE);
    while (file->fd < 0 && errno == EINTR);
    if (file->fd < 0 && errno == ENOENT)
        return acta_error_set(error, ACTA_NOT_FOUND, "there are no keys in '%s'", file->path);
    if (file->fd < 0) return acti_file_failed("open", file->path, "", error);
    if (!file->read_only && flock(file->fd, LOCK_EX | LOCK_NB) != 0)
        return acta_error_set(error, ACTA_IN_USE, "the keys in '%s' are in use by another program", file->path);
    acta_status status = read_head(file, error);
    return status == ACTA_OK ? read_entries(file, error) : status;
}

acta_status
acta_key_file_open(const acta_key_file_config *config, acta_key_file **file_out, acta_error *error)
{
    acta_environment environment = acta_environment_or_default(config->environment);
    const acta_allocator *allocator = &environment.allocator;

    if (config->path == NULL || config->path[0] == '\0' || strlen(config->path) >= ACTI_PATH_MAX)
        return acta_error_set(error, ACTA_INVALID, "cannot open keys: no path was given, or one that is too long");
    acta_key_file *file = allocator->alloc(allocator->user, sizeof *file);
    if (file == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the keys in '%s'", config->path);
    memset(file, 0, sizeof *file);
    file->environment = environment;
    file->fd = -1;
    file->read_only = config->read_only;
    memcpy(file->path, config->path, strlen(config->path) + 1);
    acti_monitor_init(&file->lock);
    acti_key_index_init(&file->index, allocator);
    acta_status status = open_file(file, error);
    if (status != ACTA_OK) {
        acta_key_file_close(file);
        return status;
    }
    *file_out = file;
    return ACTA_OK;
}

void
acta_key_file_close(acta_key_file *file)
{
    if (file == NULL) return;
    acta_allocator allocator = file->environment.allocator;

    if (file->fd >= 0) close(file->fd);
    acti_key_index_deinit(&file->index);
    acti_monitor_deinit(&file->lock);
    acta_key_wipe(&file->digest_key);
    acta_key_wipe(&file->common);
    allocator.free(allocator.user, file, sizeof *file);
}

/* -- the service; all inside the lock -- */

static acta_status
find(acta_key_file *file, const acta_digest *digest, acta_str subject, acta_key *key_out, acta_error *error)
{
    uint8_t bytes[ENTRY_SIZE];
    acta_status status = ACTA_OK;
    size_t size;

    uint32_t slot = acti_key_index_find(&file->index, digest);
    if (slot == ACTI_KEY_NO_SLOT && file->read_only) { /* whoever writes may have added some */
        status = read_entries(file, error);
        slot = acti_key_index_find(&file->index, digest);
    }
    if (status != ACTA_OK) return status;
    if (slot == ACTI_KEY_NO_SLOT)
        return acta_error_set(
            error, ACTA_NOT_FOUND, "'%s' has no key of subject '" ACTA_FMT "'", file->path, ACTA_ARG(subject));
    status = read_entry(file, (uint64_t)slot + 1, bytes, &size, error);
    if (status != ACTA_OK) return status;
    if (size < ENTRY_SIZE || !is_entry(bytes) || memcmp(bytes + AT_DIGEST, digest->bytes, sizeof digest->bytes) != 0)
        return acta_error_set(
            error, ACTA_CORRUPT, "entry %" PRIu32 " of the keys in '%s' is damaged", slot + 1, file->path);
    if (bytes[AT_STATE] == STATE_FORGOTTEN)
        return acta_error_set(error, ACTA_DELETED, "subject '" ACTA_FMT "' was forgotten", ACTA_ARG(subject));
    memcpy(key_out->bytes, bytes + AT_KEY, ACTA_KEY_SIZE);
    return ACTA_OK;
}

/* Before the first that is added: of entries that were never synced one may be missing, and those behind it be there. They
 * are nobody's, and must not be found when the gap is closed. */
static acta_status
cut_rest(acta_key_file *file, acta_error *error)
{
    off_t size = ((off_t)file->index.count + 1) * ENTRY_SIZE;
    struct stat found;
    if (file->is_cut) return ACTA_OK;

    if (fstat(file->fd, &found) != 0) return acti_file_failed("look at", file->path, "", error);
    file->is_cut = found.st_size <= size || (ftruncate(file->fd, size) == 0 && fsync(file->fd) == 0);
    return file->is_cut ? ACTA_OK : acti_file_failed("cut", file->path, "", error);
}

/* `key`: NULL for one that was forgotten. */
static acta_status
add(acta_key_file *file, const acta_digest *digest, const acta_key *key, acta_error *error)
{
    uint8_t bytes[ENTRY_SIZE];

    if (file->read_only)
        return acta_error_set(error, ACTA_READ_ONLY, "the keys in '%s' were opened to read only", file->path);
    if (!acti_key_index_reserve(&file->index))
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the keys in '%s'", file->path);
    acta_status status = cut_rest(file, error);
    if (status != ACTA_OK) return status;
    make_entry(digest, key, bytes);
    uint64_t number = (uint64_t)file->index.count + 1;
    status = key != NULL ? write_entry(file, number, bytes, error) : write_durably(file, number, bytes, error);
    if (status != ACTA_OK) return status;
    /* Release: the entry is written; pairs with sync_entries. */
    if (key != NULL) atomic_store_explicit(&file->has_unsynced, true, memory_order_release);
    acti_key_index_add(&file->index, digest);
    return ACTA_OK;
}

static acta_status
get(void *user, acta_str subject, acta_key *key_out, acta_error *error)
{
    acta_key_file *file = user;
    acta_digest digest = acta_keyed_digest_of(&file->digest_key, acta_str_bytes(subject));

    acti_monitor_enter(&file->lock);
    acta_status status = find(file, &digest, subject, key_out, error);
    acti_monitor_leave(&file->lock);
    return status;
}

static acta_status
get_or_make(void *user, acta_str subject, acta_key *key_out, acta_error *error)
{
    acta_key_file *file = user;
    acta_status status = acti_subject_check(subject, error);
    acta_digest digest = acta_keyed_digest_of(&file->digest_key, acta_str_bytes(subject));
    if (status != ACTA_OK) return status;

    acti_monitor_enter(&file->lock);
    status = find(file, &digest, subject, key_out, error);
    if (status == ACTA_NOT_FOUND) {
        *key_out = acta_key_random(&file->environment.random);
        status = add(file, &digest, key_out, error);
    }
    acti_monitor_leave(&file->lock);
    return status;
}

static acta_status
overwrite(acta_key_file *file, const acta_digest *digest, acta_error *error)
{
    uint8_t bytes[ENTRY_SIZE];

    if (file->read_only)
        return acta_error_set(error, ACTA_READ_ONLY, "the keys in '%s' were opened to read only", file->path);
    make_entry(digest, NULL, bytes);
    return write_durably(file, (uint64_t)acti_key_index_find(&file->index, digest) + 1, bytes, error);
}

static acta_status
destroy(void *user, acta_str subject, acta_error *error)
{
    acta_key_file *file = user;
    acta_status status = acti_subject_check(subject, error);
    acta_digest digest = acta_keyed_digest_of(&file->digest_key, acta_str_bytes(subject));
    acta_key key;
    if (status != ACTA_OK) return status;

    acti_monitor_enter(&file->lock);
    status = find(file, &digest, subject, &key, error);
    if (status == ACTA_OK)
        status = overwrite(file, &digest, error);
    else if (status == ACTA_NOT_FOUND)
        status = add(file, &digest, NULL, error);
    else if (status == ACTA_DELETED)
        status = ACTA_OK;
    acti_monitor_leave(&file->lock);
    acta_key_wipe(&key);
    return status;
}

static acta_status
common(void *user, acta_key *key_out, acta_error *error)
{
    const acta_key_file *file = user;
    (void)error;

    *key_out = file->common;
    return ACTA_OK;
}

/* Outside the lock: who only reads or adds doesn't wait for the disk. */
static acta_status
sync_entries(void *user, acta_error *error)
{
    acta_key_file *file = user;

    /* Relaxed: only whoever commits calls this, and that role is handed on with what was done in it. */
    if (atomic_load_explicit(&file->has_failed, memory_order_relaxed))
        return acta_error_set(error, ACTA_IO, "the keys in '%s' could not be synced before", file->path);
    /* Acquire: see add. */
    if (!atomic_exchange_explicit(&file->has_unsynced, false, memory_order_acquire)) return ACTA_OK;
    ACTA_CRASH_POINT("before_key_sync");
    if (fdatasync(file->fd) == 0) return ACTA_OK;
    atomic_store_explicit(&file->has_failed, true, memory_order_relaxed); /* as above */
    return acti_file_failed("sync", file->path, "", error);
}

acta_key_service
acta_key_file_service(acta_key_file *file)
{
    return (acta_key_service){
        .get_or_make = get_or_make, .get = get, .destroy = destroy, .common = common, .sync = sync_entries, .user = file
    };
}
