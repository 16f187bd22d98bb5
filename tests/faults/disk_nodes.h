/*
 * What disk.c and disk_build.c share: the tree of files and directories, each with what is durable of it and what is pending.
 */
#ifndef FAULTS_DISK_NODES_H
#define FAULTS_DISK_NODES_H

#include "disk.h"

enum { NAME_SIZE = 128 };

typedef struct node node;

typedef struct content {
    uint8_t *bytes;
    size_t size, room;
} content;

/* A write, or with bytes NULL a new size of the file: `offset`. */
typedef struct change_of_file {
    uint64_t offset, length;
    const uint8_t *bytes; /* in the journal */
} change_of_file;

typedef struct name {
    char text[NAME_SIZE];
    node *node;
} name;

typedef struct name_list {
    name *list;
    size_t count, room;
} name_list;

/* A name that goes, one that comes, or both at once. */
typedef struct change_of_names {
    char removed[NAME_SIZE];
    name added;
} change_of_names;

struct node {
    node *next; /* all there ever were */
    bool directory;
    uint64_t inode; /* 0: not seen yet in this journal */

    /* A file. */
    content durable, current;
    change_of_file *writes; /* behind the last sync */
    size_t write_count, write_room;

    /* A directory. */
    name_list durable_names, names;
    change_of_names *changes; /* behind the last sync */
    size_t change_count, change_room;
};

struct disk {
    node *all;
    node *root;
};

void disk_apply_write(content *to, const change_of_file *change);
void disk_resize(content *c, uint64_t size); /* new bytes are zeros */
void disk_apply_names(name_list *to, const change_of_names *change);
void disk_copy_names(name_list *to, const name_list *from);

/* What a path leads to now; NULL: nothing. */
node *disk_find(const disk *d, const char *path);

/* Room for one more of `size` bytes each. */
void *disk_grow(void *list, size_t count, size_t *room, size_t size);

#endif
