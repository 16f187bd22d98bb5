/*
 * The shim's journal: what was done to the disk, in the order in which it was done. One operation at a time: an entry is
 * written under the same lock under which its call is made.
 */
#include "shim.h"

#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static fault_page *attached;

__attribute__((visibility("default"))) void
fault_attach(fault_page *page)
{
    attached = page;
}

fault_page *
fault_page_now(void)
{
    /* Acquire: the rules were written before. */
    if (attached == NULL || !atomic_load_explicit(&attached->armed, memory_order_acquire)) return NULL;
    return attached;
}

void
fault_journal_enter(void)
{
    pthread_mutex_lock(&lock);
    attached->op_count++;
    if (attached->op_count == attached->end_at) syscall(SYS_exit_group, FAULT_ENDED); /* nothing more is done */
}

void
fault_journal_leave(void)
{
    pthread_mutex_unlock(&lock);
}

static uint8_t *
put(uint8_t *to, const void *bytes, size_t size)
{
    memcpy(to, bytes, size);
    return to + size;
}

void
fault_journal_add(fault_op op, uint64_t inode, uint64_t offset, uint64_t length, const char *path, const char *new_path,
    const void *bytes)
{
    size_t path_size = strlen(path) + 1, new_size = new_path != NULL ? strlen(new_path) + 1 : 0;
    size_t bytes_size = bytes != NULL ? length : 0;
    size_t size = (sizeof(fault_entry) + path_size + new_size + bytes_size + 7) & ~(size_t)7;
    fault_entry entry = { .size = (uint32_t)size,
        .op = (uint16_t)op,
        .paths_size = (uint16_t)(path_size + new_size),
        .number = attached->op_count,
        .inode = inode,
        .offset = offset,
        .length = length };

    if (!attached->has_journal) return;
    if (size > sizeof attached->journal - attached->journal_size) {
        attached->overflowed = true;
        return;
    }
    uint8_t *to = put(attached->journal + attached->journal_size, &entry, sizeof entry);
    to = put(to, path, path_size);
    if (new_path != NULL) to = put(to, new_path, new_size);
    if (bytes != NULL) put(to, bytes, bytes_size);
    attached->journal_size += size;
}

__attribute__((visibility("default"))) void
fault_note(uint64_t what, uint64_t number)
{
    if (fault_page_now() == NULL) return;
    pthread_mutex_lock(&lock);
    fault_journal_add(FAULT_NOTE, 0, what, number, "", NULL, NULL);
    pthread_mutex_unlock(&lock);
}
