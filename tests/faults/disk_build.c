/*
 * A tree as a model makes it: for each file a content that the disk might hold, for each directory the names.
 */
#include "disk_nodes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

const char *const disk_model_names[DISK_MODEL_COUNT] = { "kept", "drop", "random", "zero", "garbage", "reorder" };

typedef struct building {
    disk_model model;
    uint64_t random;
} building;

static uint64_t
draw(building *b)
{
    b->random ^= b->random >> 12;
    b->random ^= b->random << 25;
    b->random ^= b->random >> 27;
    return b->random * UINT64_C(0x2545f4914f6cdd1d) >> 11;
}

/* -- contents -- */

static void
copy_content(content *to, const content *from)
{
    to->size = 0;
    disk_resize(to, from->size);
    if (from->size > 0) memcpy(to->bytes, from->bytes, from->size);
}

/* A beginning of what is pending; the last write of it may have arrived in part. */
static void
apply_beginning(building *b, const node *file, content *to)
{
    size_t count = draw(b) % (file->write_count + 1);

    for (size_t i = 0; i < count; i++)
        disk_apply_write(to, &file->writes[i]);
    if (count == file->write_count || file->writes[count].bytes == NULL) return;
    change_of_file part = file->writes[count];
    part.length = draw(b) % part.length;
    if (part.length > 0) disk_apply_write(to, &part);
}

/* Names and sizes are there; behind the durable end are zeros or anything, before it old and new bytes meet. */
static void
apply_sizes(building *b, const node *file, content *to)
{
    size_t durable_size = to->size;

    for (size_t i = 0; i < file->write_count; i++) {
        change_of_file change = file->writes[i];
        if (change.bytes != NULL && change.offset < durable_size) {
            if (change.offset + change.length > durable_size) change.length = durable_size - change.offset;
            if (b->model == DISK_GARBAGE) change.length = draw(b) % (change.length + 1);
            memcpy(to->bytes + change.offset, change.bytes, change.length);
        }
    }
    disk_resize(to, file->current.size);
    for (size_t i = durable_size; b->model == DISK_GARBAGE && i < to->size; i++)
        to->bytes[i] = (uint8_t)draw(b);
}

/* Each page as it was, or as it is. */
static void
apply_pages(building *b, const node *file, content *to)
{
    disk_resize(to, file->current.size);
    for (size_t at = 0; at < to->size; at += PAGE) {
        size_t size = to->size - at < PAGE ? to->size - at : PAGE;
        if (draw(b) % 2 == 0) memcpy(to->bytes + at, file->current.bytes + at, size);
    }
}

static void
write_file(const char *path, const content *from)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    size_t done = 0;

    while (fd >= 0 && done < from->size) {
        ssize_t written = write(fd, from->bytes + done, from->size - done);
        if (written <= 0) break;
        done += (size_t)written;
    }
    if (fd < 0 || done < from->size || close(fd) != 0) {
        perror(path);
        abort();
    }
}

static void
build_file(building *b, const node *file, const char *path)
{
    content made = { .bytes = NULL };

    if (b->model == DISK_KEPT || file->write_count == 0) {
        write_file(path, &file->current);
        return;
    }
    copy_content(&made, &file->durable);
    switch (b->model) {
    case DISK_RANDOM:
        apply_beginning(b, file, &made);
        break;
    case DISK_ZERO:
    case DISK_GARBAGE:
        apply_sizes(b, file, &made);
        break;
    case DISK_REORDER:
        apply_pages(b, file, &made);
        break;
    default:
        break;
    }
    write_file(path, &made);
    free(made.bytes);
}

/* -- directories -- */

/* A directory's changes arrive in their order: how many of them did? */
static size_t
arrived(building *b, const node *directory)
{
    switch (b->model) {
    case DISK_DROP:
        return 0;
    case DISK_RANDOM:
    case DISK_REORDER:
        return draw(b) % (directory->change_count + 1);
    default:
        return directory->change_count;
    }
}

static void
build_directory(building *b, const node *directory, const char *path)
{
    name_list names = { .list = NULL };
    size_t count = arrived(b, directory);

    disk_copy_names(&names, &directory->durable_names);
    for (size_t i = 0; i < count; i++)
        disk_apply_names(&names, &directory->changes[i]);
    for (size_t i = 0; i < names.count; i++) {
        char full[FAULT_PATH_SIZE * 2];
        snprintf(full, sizeof full, "%s/%s", path, names.list[i].text);
        if (!names.list[i].node->directory)
            build_file(b, names.list[i].node, full);
        else if (mkdir(full, 0777) == 0)
            build_directory(b, names.list[i].node, full);
        else {
            perror(full);
            abort();
        }
    }
    free(names.list);
}

void
disk_build(const disk *d, disk_model model, uint64_t seed, const char *root)
{
    building b = { .model = model, .random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1 };

    disk_remove_tree(root);
    build_directory(&b, d->root, root);
}

/* -- other ways to come by a tree -- */

uint64_t
disk_copy_live(disk *d, disk_journal *journal, uint64_t begin, uint64_t step, const char *directory, const char *root)
{
    name_list names = { .list = NULL };
    char path[FAULT_PATH_SIZE * 2];

    disk_replay(d, journal, begin);
    const node *from = disk_find(d, directory);
    if (from != NULL) disk_copy_names(&names, &from->names);
    snprintf(path, sizeof path, "%s/%s", root, directory);
    if (mkdir(path, 0777) != 0) {
        perror(path);
        abort();
    }
    for (size_t i = 0; i < names.count; i++) {
        disk_replay(d, journal, begin);
        snprintf(path, sizeof path, "%s/%s", directory, names.list[i].text);
        const node *file = disk_find(d, path);
        snprintf(path, sizeof path, "%s/%s/%s", root, directory, names.list[i].text);
        if (file != NULL && !file->directory) write_file(path, &file->current);
        begin += step;
    }
    free(names.list);
    return begin;
}

void
disk_flip_bit(const char *path, uint64_t bit)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat found;
    uint8_t byte;

    if (fd < 0 || fstat(fd, &found) != 0 || found.st_size == 0) abort();
    off_t at = (off_t)(bit / 8 % (uint64_t)found.st_size);
    if (pread(fd, &byte, 1, at) != 1) abort();
    byte ^= (uint8_t)(1 << bit % 8);
    if (pwrite(fd, &byte, 1, at) != 1) abort();
    close(fd);
}
