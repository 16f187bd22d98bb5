/*
 * The memory engine: a store without files, over a simulated disk that outlives it.
 *
 *     acta_disk *disk = acta_disk_create(NULL);
 *     config.engine = acta_memory_engine(disk);     … open, write, close or crash, open again on the same disk …
 *
 * The disk keeps what was synced, and separately what was written and not yet synced; acta_disk_crash decides what of
 * the latter survives. For tests, simulation, and stores that need not outlive the program.
 */
#ifndef ACTA_MEMORY_ENGINE_H
#define ACTA_MEMORY_ENGINE_H

#include "acta/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_disk acta_disk;

typedef enum acta_disk_op { ACTA_DISK_WRITE, ACTA_DISK_SYNC, ACTA_DISK_READ, ACTA_DISK_MARK } acta_disk_op;

/*
 * What the disk does wrong. All fields may be NULL.
 *   fail    true: this operation fails with ACTA_IO (a failed sync may have happened all the same)
 *   full    true: this write finds no room, and fails with ACTA_IO
 *   choose  how much of `count` unsynced batches survives a crash, 0 to count; NULL: none do. Also, of a mark whose write
 *           failed: 0 the slot is as it was, 1 torn, 2 new
 */
typedef struct acta_disk_faults {
    bool (*fail)(void *user, acta_disk_op op);
    bool (*full)(void *user);
    uint32_t (*choose)(void *user, uint32_t count);
    void *user;
} acta_disk_faults;

ACTA_API acta_disk *acta_disk_create(const acta_allocator *allocator); /* NULL: no memory */
ACTA_API void acta_disk_destroy(acta_disk *disk);                      /* takes NULL; no store may be open on it */
ACTA_API void acta_disk_set_faults(acta_disk *disk, const acta_disk_faults *faults);

/* The power goes: unsynced batches and marks are lost, but for what faults.choose lets live. Of a store that never syncs
 * (unsafe_no_sync) only the newest 16 MiB can be lost: what is older is written back, as a system does with its files.
 * The store that was open on the disk must be abandoned with acta_store_abandon, before or after. */
ACTA_API void acta_disk_crash(acta_disk *disk);

/* A hash over all that is durable, equal for equal contents. */
ACTA_API uint64_t acta_disk_hash(const acta_disk *disk);

/* An engine over `disk`, to be given to one acta_store_open. NULL: no memory. */
ACTA_API acta_engine *acta_memory_engine(acta_disk *disk);

/* Drop a manual store without a last commit, sync or mark, as a crash of its process would: nothing is written, no
 * completion is called; frees all of it. */
ACTA_API void acta_store_abandon(acta_store *store);

#ifdef __cplusplus
}
#endif
#endif
