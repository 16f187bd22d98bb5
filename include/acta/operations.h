/*
 * Operations: what keeps a store for years. Backups that build on each other, restoring one, checking everything, mending
 * what is damaged, giving back the room of removed events. docs/operations.md tells when to use what.
 *
 *     acta_store_backup_to(store, &(acta_backup_config){ .path = "backups", .keep_max = 7 }, NULL, &error);
 *     acta_restore(&(acta_restore_config){ .backup = "backups", .path = "data" }, NULL, &error);
 *
 * All of these wait for the disk: not from inside an actor.
 */
#ifndef ACTA_OPERATIONS_H
#define ACTA_OPERATIONS_H

#include "acta/store.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ACTA_BACKUP_PATH_MAX = 1024 }; /* bytes of the path of a set of backups */

/* -- verify -- */

typedef struct acta_verify_report {
    uint64_t position;      /* up to which the log was checked: the head when it began */
    uint64_t events, stubs; /* of it */
    uint64_t streams, types;
    uint64_t rows, outcomes, snapshots, checkpoints, tags;
    uint64_t copies;                /* of events that are kept by stream (acta_store_config) */
    uint64_t schemas, schema_types; /* that the log has kept (kept_schemas.h) */
    uint64_t
        events_without_schema; /* though it has kept some of other types of their namespace. No damage: they are whole, but
                                     * no program can tell what they say unless it has that very version of their schema */
    uint64_t damage_count;
} acta_verify_report;

/* One piece of damage; `position` 0: it isn't at one. `text` lives until it returns. Called on the verifying thread. */
typedef void (*acta_damage_found)(void *user, uint64_t position, const char *text);

/*
 * Check everything that a store holds, beside whoever reads and writes it: the sums and the digest of every record, that
 * positions, versions and times run on, each record against the index, names both ways, the store's own rows, and those of
 * the schemas that the log has kept. What is committed meanwhile is left for the next time. (`acta verify` is a second reader, which shares no code with this one.)
 *   found       called for each piece of damage; may be NULL
 *   report_out  filled also when there is damage; may be NULL
 * Threads: any, beside everything but close.
 * Errors: ACTA_CORRUPT there is damage: the text tells the first of it; ACTA_IO, ACTA_NO_MEMORY it wasn't checked to the end.
 */
ACTA_API acta_status acta_store_verify(
    acta_store *store, acta_damage_found found, void *user, acta_verify_report *report_out, acta_error *error);

/* -- backups -- */

typedef struct acta_backup_config {
    const char *path;  /* the set's directory; made when missing, its parent must exist */
    uint32_t keep_max; /* remove the oldest beyond so many; 0: keep all */
    bool check_all;    /* verify all of the new backup, not only what is new in it */
} acta_backup_config;

typedef struct acta_backup_info {
    uint64_t number;        /* 1, 2, 3 … */
    uint64_t position;      /* of its last event */
    int64_t recorded_at_us; /* when that was recorded; 0: it has none */
    int64_t taken_at_us;    /* when the backup was taken */
    uint64_t bytes;         /* of its files, shared ones included */
    uint64_t copied_bytes;  /* of those that were not in the backup before */
    uint32_t files, copied_files;
    char path[ACTA_BACKUP_PATH_MAX]; /* its own directory: a store as it stands */
} acta_backup_info;

/*
 * Add a backup to a set of them, while the store is in use. All that was acknowledged before the call is in it, whole
 * transactions only. Files that the backup before has too are shared with that one (hard links inside the set); nothing is
 * shared with the store, so the set may, and should, lie on another disk.
 *
 * A backup is checked before it counts: every file is read again, the whole is opened for reading, and what is new in its
 * log is checked. Until then it is called "unfinished", and the ones before are untouched; what a killed process left of
 * it is removed by the next backup.
 *   info_out  may be NULL
 * Threads: any, beside everything but close; one backup into a set at a time.
 * Errors: ACTA_INVALID the directory holds something else; ACTA_NOT_FOUND its parent doesn't exist; ACTA_IN_USE another
 *         backup into it is under way; ACTA_UNSUPPORTED an engine without files; ACTA_READ_ONLY; ACTA_CORRUPT the copy, and
 *         so the store or the disk of the set, is damaged; ACTA_IO. Nothing of the new backup is left after one.
 */
ACTA_API acta_status acta_store_backup_to(
    acta_store *store, const acta_backup_config *config, acta_backup_info *info_out, acta_error *error);

/*
 * The backups of a set, oldest first.
 *   infos      room for `room` of them; of more, the newest are given
 *   count_out  how many there are
 * Errors: ACTA_NOT_FOUND it is no set; ACTA_CORRUPT the list of a backup's files is damaged; ACTA_IO.
 */
ACTA_API acta_status acta_backup_list(
    const char *path, acta_backup_info *infos, uint32_t room, uint32_t *count_out, acta_error *error);

/* -- restore -- */

typedef struct acta_restore_config {
    const char *backup;   /* a set (the newest that is enough is taken), one of its backups, or any store not in use */
    const char *path;     /* of the new store: nothing is there yet; its parent is */
    uint64_t to_position; /* keep the events up to it; 0: all */
    int64_t to_time_us;   /* keep those recorded until then; 0: all; only one of the two may be given */
    /* Of a store that is cut, keep the rows of users' tables, which may be newer than its log; but for those of read models,
     * which are made of it. */
    bool keep_tables;
    const acta_environment *environment;
} acta_restore_config;

typedef struct acta_restore_report {
    uint64_t position; /* of the last event of the new store */
    bool is_cut;       /* events were left out */
    uint64_t events_left_out;
    uint64_t rows_kept;
    uint64_t outcomes_dropped, snapshots_dropped, claims_dropped, table_rows_dropped;
    uint64_t checkpoints_cut;               /* set back to the last event */
    char backup[ACTA_BACKUP_PATH_MAX + 32]; /* what it was made from */
} acta_restore_report;

/*
 * Make a new store from a backup, which is only read. Without a position or time, the new store is a copy: each file is
 * compared with the sum that was taken of it. Otherwise it has exactly the first events of the log, bit by bit, everything
 * that is made from the log (index, names, types, tags, deletions and limits) is made anew, and of the rows beside it:
 *   outcomes      of commands whose events, or whose time, lie behind the cut are dropped
 *   snapshots     newer than their stream, or of another stream of that name, are dropped
 *   checkpoints   behind the cut are set to it; parked events behind it are dropped
 *   claims        are kept; dropped when the owner is a stream that doesn't exist at the cut
 *   schemas       that the log has kept: those stay that its events name, and of them the oldest that have their types, so
 *                 that a program of then can go on with it. With keep_tables all of them stay
 *   readers       that operators have paused stay so, and what they said of them is kept
 *   read models   are dropped, with their indexes
 *   other tables  are dropped: nobody can tell what they held at the cut. With keep_tables they stay as they are in the backup
 * Each subscription that has a checkpoint gets a row of its name in the table "checkpoints.cut": the position of the cut, 8
 * bytes, little-endian. An application that starts makes the rows of its projections anew by that, and lets all else go on
 * behind the cut; who keeps rows beside a checkpoint of his own does so himself, and deletes the row.
 * What was already replaced by stubs stays so. The new store verifies whole before it gets its name ("PATH.unfinished" until
 * then), and one that is cut has an identity of its own.
 * Errors: ACTA_ALREADY_EXISTS something is at `path`; ACTA_NOT_FOUND no backup is there, or none reaches `to_position`;
 *         ACTA_CORRUPT the backup is damaged: nothing is made; ACTA_IN_USE; ACTA_INVALID; ACTA_IO.
 */
ACTA_API acta_status acta_restore(
    const acta_restore_config *config, acta_restore_report *report_out, acta_error *error);

/* -- repair -- */

typedef struct acta_repair_config {
    const char *path;   /* the damaged store, which is only read; not in use */
    const char *target; /* of the mended store: nothing is there yet. NULL: only say what would be done */
    const char *who;    /* for the record of it: a person or a program; NULL: "unknown" */
    const char *why;
    const acta_environment *environment;
} acta_repair_config;

typedef struct acta_repair_report {
    uint64_t kept;            /* the last position that is sound, all before it too */
    uint64_t lost;            /* how many positions behind it were there once, as far as that is known */
    uint64_t readable_behind; /* of these, how many can still be read; in the old store only */
    uint64_t durable;         /* how far the log had been durable; 0: not known */
    bool files_were_rebuilt;  /* the engine's list of files was damaged, and was made again from the files */
    uint64_t outcomes_dropped, snapshots_dropped, claims_dropped, checkpoints_cut, rows_kept;
    uint64_t table_rows_dropped; /* of read models, which are made anew, and what was set aside behind the end */
    bool rows_were_lost;         /* some rows can't be read; or there are none, and nothing tells whether there were */
    char damage[ACTA_ERROR_TEXT_MAX]; /* the first that was found */
} acta_repair_report;

/*
 * Make a sound store of a damaged one, in a new directory: the longest prefix of the log in which every record is sound, all
 * that is made from it, and the rows that fit (as acta_restore with keep_tables: read models are made anew by the next start of
 * their application, where events or rows were lost; which pauses the event handlers and process managers that have no checkpoint,
 * where rows were). Nothing is written to the damaged one. The new store begins with an event of type "$repaired" in the stream
 * "$audit", which tells who, when, why, what was kept and what was lost; it is part of the log like any other, so it can't be
 * taken out unnoticed.
 * Errors: ACTA_INVALID the store is sound: nothing to repair, nothing was made; ACTA_ALREADY_EXISTS; ACTA_NOT_FOUND;
 *         ACTA_IN_USE; ACTA_CORRUPT not even the log's beginning can be read; ACTA_IO.
 */
ACTA_API acta_status acta_repair(const acta_repair_config *config, acta_repair_report *report_out, acta_error *error);

/* -- compaction -- */

typedef struct acta_compaction_info {
    uint64_t dead_bytes;      /* of removed events, that the disk still holds, by what was removed */
    uint64_t ranges_waiting;  /* more than half dead, not compacted yet */
    uint64_t ranges_done;     /* since open */
    uint64_t reclaimed_bytes; /* since open, by what was dead in them */
    uint64_t merged_bytes;    /* since open, of small files that were written anew as larger ones */
    uint64_t failures;
} acta_compaction_info;

/*
 * How far it is. A store compacts by itself, on a thread of its own, what acta_store_scrub made dead: a range of 65,536
 * positions at a time, when more than half of it is dead and all of that has left the engine's memory, not faster than
 * compaction_bytes_per_second. A range takes as long as rewriting its files does; acta_store_scrub waits for it, commits and
 * reads go on. acta_store_close gives it up; it is begun anew after the next open. A store that is .manual compacts a range in
 * each acta_store_scrub instead. When no range is due, small files of the log are merged at the same pace: where rows change
 * faster than the log grows there would be many, each with a file descriptor of the process.
 * Threads: any, beside everything but close.
 */
ACTA_API void acta_store_compaction(acta_store *store, acta_compaction_info *info_out);

/*
 * Compact now the ranges of the log that are more than half dead, instead of leaving them to the store's thread
 * (which waits for what was removed to leave memory). Commits stand still while what is in memory is written to files.
 *   all        ranges with anything dead in them
 *   count_out  how many were compacted; may be NULL
 * Threads: any outside thread, beside everything but close. Errors: ACTA_BUSY it is being done; ACTA_READ_ONLY; ACTA_IO.
 */
ACTA_API acta_status acta_store_compact(acta_store *store, bool all, uint64_t *count_out, acta_error *error);

/* -- events that are kept by stream -- */

/*
 * Bring the copies of events in line with the categories that the store keeps by stream (store.h): events that were appended
 * before their category was named get copies, and those of categories that aren't named any more lose them. Each transaction
 * writes about 1 MiB of copies; commits and reads go on beside it. The newest events, which the index doesn't have yet, and
 * what can't be copied (docs/format.md) stay as they are.
 *   count_max  events whose copies are made or taken away at most, but for the rest of the entry that passes it; 0: all there are
 *   count_out  how many were; 0: there is nothing left
 * Threads: outside threads; waits for the disk, and for a range that is just compacted. Errors: ACTA_BUSY another thread scrubs,
 *          or is at it; those of a commit; ACTA_CORRUPT, ACTA_IO, ACTA_NO_MEMORY. What was done before an error stays so.
 */
ACTA_API acta_status acta_store_copy_by_stream(
    acta_store *store, uint64_t count_max, uint64_t *count_out, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
