/*
 * Flight recorder: the last events of a runtime, always on, to be read after (or before) something went wrong.
 *
 * Each worker has a ring of fixed-size records, and all outside threads together have one more. A writer never waits
 * and overwrites the oldest; a runtime that does nothing records nothing. The rings are read while they are written:
 * a record that is just being overwritten is recognised by its sequence number, and left out.
 *
 *     acta_recorder_print(runtime, STDERR_FILENO, 20);
 *
 *        5.000312871  w0   spawn    <1.7> 'session' by <1.2>
 *        5.000318114  w1   fail     <1.7> 'session' at message 3
 *        5.000319020  w1   exit     <1.7> 'session' failed
 *        5.000325766  w1   restart  <2.7> 'session' by <1.2>
 *
 * In memory, and so in a core dump, a recorder is one block, at a multiple of 64 bytes, numbers in the machine's order
 * (what a reader of images relies on; all of it is 8-byte words or parts of them):
 *
 *     0  char[16] "ACTA-RECORDER-1\n"           64  two anchors of u64 ns, u64 ticks
 *    16  u32 size of this header: 128           96  u64 which anchor is the newer: 0 or 1
 *    20  u32 size of a record: 64              104  char[24] the runtime's name
 *    24  u32 rings; the last is the outside's
 *    28  u32 records a ring, a power of two
 *    32  u64 size of the whole block
 *    40  u64 1: ticks are nanoseconds
 *    48  u64 ns, u64 ticks: the first anchor
 *
 *     each ring:    0  u64 records written so far; number n is in place n modulo the records a ring
 *                   8  u64 records left out: their place was in use by a writer that had been overtaken
 *                  16  48 bytes of the writer's own
 *     each record:  0  u64 2 n + 2 once it is complete; odd while it is written
 *                   8  u64 ticks
 *                  16  u64 pid
 *                  24  u32 tag, u32 kind
 *                  32  u64 detail
 *                  40  char[24] the behaviour's name, cut, ended by 0 if it is shorter
 *
 * The block of each running runtime (up to 64 of them) is in the exported table `acta_recorder_blocks`; without symbols,
 * it is found by its first 16 bytes, which are wiped when a runtime is destroyed.
 */
#ifndef ACTA_RECORDER_H
#define ACTA_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acta/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum acta_flight_kind {
    ACTA_FLIGHT_SPAWN = 1, /* `pid` started; detail: the pid of the spawner, 0 for an outside thread */
    ACTA_FLIGHT_REFUSE,    /* the init of `pid` failed; detail: the status */
    ACTA_FLIGHT_FAIL,      /* `pid` failed; tag: the message in its hands; detail: 1 when there is such a message */
    ACTA_FLIGHT_EXIT,      /* `pid` is gone; detail: the acta_exit_kind */
    ACTA_FLIGHT_RESTART,   /* `pid` is a restarted child; detail: the pid of its supervisor */
    ACTA_FLIGHT_TURN,      /* `pid` begins a turn; only with acta_runtime_config.record_turns */
    ACTA_FLIGHT_SLOW,      /* `pid` has been in one turn for long; detail: ns so far */
    ACTA_FLIGHT_TIMERS,    /* a storm of timers; detail: how many were due at once */
    ACTA_FLIGHT_FAULT      /* a fault of `pid` was contained (fault.h); detail: the faulting address; tag: the signal */
} acta_flight_kind;

enum {
    ACTA_RECORDER_COUNT_DEFAULT = 1024, /* records a worker */
    ACTA_RECORDER_COUNT_MAX = 1 << 20,
    ACTA_FLIGHT_NAME_MAX = 24,
    ACTA_TIMER_STORM_COUNT = 1000 /* timers due at once that are worth a record */
};
#define ACTA_RECORDER_OFF     UINT32_MAX /* for acta_runtime_config.recorder_count: no recorder */
#define ACTA_RECORDER_OUTSIDE UINT32_MAX /* acta_flight_record.worker: a thread that is no worker */

typedef struct acta_flight_record {
    uint64_t time_ns; /* of the runtime's monotonic clock */
    acta_pid pid;     /* {0}: of no actor */
    acta_flight_kind kind;
    uint32_t tag;
    uint64_t detail;
    uint32_t worker;                          /* index, or ACTA_RECORDER_OUTSIDE */
    char behaviour[ACTA_FLIGHT_NAME_MAX + 1]; /* its name, cut; "" for none */
} acta_flight_record;

/* False: no more. */
typedef bool (*acta_flight_visit)(void *user, const acta_flight_record *record);

/*
 * Give the newest records to `visit`, in the order of time, oldest first.
 *   last   at most so many; 0: all that there are
 *   visit  called on this thread; may use the runtime
 * Returns how many were given. Threads: any, in and outside actors; the writers are not stopped, and what they overwrite
 * meanwhile is left out.
 */
ACTA_API uint64_t acta_recorder_read(const acta_runtime *runtime, uint32_t last, acta_flight_visit visit, void *user);

/*
 * Write the newest records to a file, a line each, as above. Async-signal-safe.
 *   fd    open for writing
 *   last  as in acta_recorder_read
 * Returns how many were written.
 */
ACTA_API uint64_t acta_recorder_print(const acta_runtime *runtime, int fd, uint32_t last);

/*
 * Look for a recorder in memory, for instance in a core dump that is mapped, in `size` bytes from the offset `from` on.
 * What looks like one, and isn't whole, is passed over.
 *   bytes       of any alignment
 *   offset_out  where it begins; written when one is found
 *   size_out    how long it is
 */
ACTA_API bool acta_recorder_find(const void *bytes, size_t size, size_t from, size_t *offset_out, size_t *size_out);

/* As acta_recorder_read and acta_recorder_print, from a copy of what acta_recorder_find found, at a multiple of 64. */
ACTA_API uint64_t acta_recorder_read_image(const void *image, uint32_t last, acta_flight_visit visit, void *user);
ACTA_API uint64_t acta_recorder_print_image(const void *image, int fd, uint32_t last);

#ifdef __cplusplus
}
#endif
#endif
