/*
 * Disk: what a journal of the shim leaves on a disk, had the power gone at some point of it.
 *
 *     journal --replay up to operation n--> files and directories, each with what is durable and what is pending
 *             --build by a model----------> a directory tree that a disk might hold then
 *
 * A file's sync makes its contents durable, a directory's sync its names. What is pending may have reached the disk in any
 * way that a model stands for; what is durable never changes. A file that was there before is durable.
 */
#ifndef FAULTS_DISK_H
#define FAULTS_DISK_H

#include <stdint.h>

#include "shim.h"

typedef enum disk_model {
    DISK_KEPT,    /* all of it arrived: the process alone died */
    DISK_DROP,    /* nothing of it arrived */
    DISK_RANDOM,  /* a beginning of it, of each file and directory, cut within a write */
    DISK_ZERO,    /* sizes and names arrived; what was written behind the durable end is zeros */
    DISK_GARBAGE, /* the same with random bytes; what was written over is torn */
    DISK_REORDER, /* each page of 4 KiB by itself: later ones, and not earlier ones */
    DISK_MODEL_COUNT
} disk_model;

extern const char *const disk_model_names[DISK_MODEL_COUNT];

typedef struct disk disk;

/* A disk that holds what lies below `root` now, all of it durable; NULL as root: an empty one. */
disk *disk_create(const char *root);
void disk_destroy(disk *d);

/* Do the journal's entries up to operation `number`, from where the last replay of it ended. The journal must stay. */
typedef struct disk_journal {
    const uint8_t *bytes;
    size_t size;
    size_t at; /* replayed up to here */
} disk_journal;
void disk_replay(disk *d, disk_journal *journal, uint64_t number);
/* The next journal was made on a tree that was built anew: inodes have other numbers. */
void disk_forget_inodes(disk *d);

/* Write the tree that the model makes of it below `root`, which is emptied before. */
void disk_build(const disk *d, disk_model model, uint64_t seed, const char *root);

/* Copy `directory` to the same place below `root`, file by file: the names are those of operation `begin`, each file is as it
 * was `step` operations after the one before it, and missing if it was gone by then. Returns the operation of the last one. */
uint64_t disk_copy_live(
    disk *d, disk_journal *journal, uint64_t begin, uint64_t step, const char *directory, const char *root);

/* Flip the bit of that number, modulo the file's size. */
void disk_flip_bit(const char *path, uint64_t bit);

/* Remove what lies below. */
void disk_remove_tree(const char *path);

#endif
