/*
 * Shim: what lies between a store and its disk in these tests. A library for LD_PRELOAD that sees every call on files below
 * one directory, does to some of them what rules say, and keeps a journal of what it let through.
 *
 *     test process --fork--> child: store, RocksDB --calls--> shim --> libc
 *            \------------------ fault_page ----------------/
 *
 * The page is shared memory: the test writes rules before (or while) a child runs, and reads the journal when it is dead. From
 * a journal disk.c makes what a disk might hold had the power gone at any point of it.
 *
 * Not seen: what libc does inside itself (opendir, fwrite to a file opened by fopen), memory-mapped writes, raw system calls.
 * RocksDB does none of these to files that matter, as a store sets it up.
 */
#ifndef FAULTS_SHIM_H
#define FAULTS_SHIM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum fault_op {
    FAULT_OPEN,
    FAULT_READ,
    FAULT_CLOSE,
    FAULT_FIRST_JOURNALED,                /* what follows changes a disk, or what of it is durable */
    FAULT_CREATE = FAULT_FIRST_JOURNALED, /* an open that makes the file */
    FAULT_WRITE,
    FAULT_TRUNCATE,
    FAULT_ALLOCATE,
    FAULT_SYNC, /* fsync and fdatasync of a file */
    FAULT_SYNC_DIRECTORY,
    FAULT_RENAME,
    FAULT_LINK,
    FAULT_UNLINK,
    FAULT_MKDIR,
    FAULT_RMDIR,
    FAULT_NOTE, /* no call: the child says where it is */
    FAULT_OP_COUNT
} fault_op;

#define FAULT_BIT(op) (1u << (op))

enum {
    FAULT_RULES = 48,
    FAULT_PATTERN_SIZE = 64,
    FAULT_PATH_SIZE = 256,
    FAULT_TEXT_SIZE = 600,
    FAULT_JOURNAL_SIZE = 64 << 20,
    FAULT_ENDED = 86 /* exit status of a child that `end_at` ended */
};

#define FAULT_FOR_EVER UINT64_MAX

typedef struct fault_rule {
    uint32_t ops;                     /* FAULT_BIT of each that it is about; 0: no rule */
    char pattern[FAULT_PATTERN_SIZE]; /* of the path below root, as a shell's; '*' matches '/' too */
    uint64_t skip, times;             /* lets so many pass, then acts on so many */
    int error;                        /* errno of the failure; 0: it doesn't fail */
    uint32_t size_max;                /* writes and reads at most so many bytes of it; 0: all */
    uint32_t delay_us;                /* before it is done */
    _Atomic bool hangs;               /* it isn't done before this is false again */
    bool lie;                         /* it says that it was done, and does nothing */
    _Atomic uint64_t fitting;         /* calls that it was about */
    _Atomic uint64_t acted;           /* calls that it acted on */
} fault_rule;

/* An entry is followed by its path, for RENAME and LINK by the new path, each with its zero, and by the bytes written. Its
 * whole size is a multiple of 8. */
typedef struct fault_entry {
    uint32_t size; /* with all that follows */
    uint16_t op;
    uint16_t paths_size;
    uint64_t number; /* of its operation, 1, 2, 3 …; a note has that of the one before it */
    uint64_t inode;
    uint64_t offset; /* TRUNCATE: the new size; NOTE: what */
    uint64_t length; /* bytes written; NOTE: of what number */
} fault_entry;

typedef struct fault_page {
    _Atomic bool armed;         /* nothing is seen while false */
    char root[FAULT_PATH_SIZE]; /* only paths below it; no '/' at its end */
    fault_rule rules[FAULT_RULES];
    bool has_journal;
    bool
        skips_syncs; /* they are journaled, not done, and no room is asked for: for speed, the machine is not to lose power */
    uint64_t end_at; /* the process ends before this operation; 0: never */

    uint64_t op_count; /* those of the journal, notes not among them */
    bool overflowed;
    char text[FAULT_TEXT_SIZE]; /* the child's last words */
    uint64_t found[4];          /* what it found, for whoever wants to know */
    size_t journal_size;
    uint8_t journal[FAULT_JOURNAL_SIZE];
} fault_page;

typedef void fault_attach_function(fault_page *page);
typedef void fault_note_function(uint64_t what, uint64_t number);

/* Of the shim; a test finds them by dlsym. */
fault_attach_function fault_attach;
fault_note_function fault_note;

/* Between the two files of the shim. */
void fault_journal_enter(void); /* an operation begins; others wait until it is written down */
void fault_journal_leave(void);
void fault_journal_add(fault_op op, uint64_t inode, uint64_t offset, uint64_t length, const char *path,
    const char *new_path, const void *bytes);
fault_page *fault_page_now(void); /* NULL: nothing is to be seen */

#endif
