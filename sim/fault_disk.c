/*
 * Faults of the disk.
 *
 *     write, sync, mark, read -> the power is gone?  no room?  an error now?  -> fails
 *     crash -> how many of the unsynced batches are there after all: a prefix, as an engine's log leaves one (engine.h)
 *     a phase of a commit -> the disk is at it until …; the committer waits, all else goes on
 *
 * Of a batch that was cut in the middle nothing is left, since its sum doesn't fit: that is the prefix before it. A mark that
 * was being written is old, torn or new (memory_disk.c).
 */
#include "faults.h"

#include <inttypes.h>

enum {
    ERROR_OPS_MAX = 4096,
    READ_ERROR_OPS_MAX = 65536,
    FULL_WRITES_MAX = 512, /* between two times without room */
    FULL_FOR_MAX = 12,     /* writes that find none */
    SLOW_PHASES_MAX = 256,
    SLOW_MS_MAX = 4000,
    SPREAD = 6
};

/* From once in `max` operations to often. */
static void
begin(acta_sim *sim, acti_countdown *countdown, uint32_t max)
{
    acti_countdown_begin(sim, countdown, max >> acta_sim_choose(sim, ACTA_SIM_FAULTS, SPREAD));
}

void
acti_fault_disk_draw(acta_sim *sim)
{
    acti_faults *faults = acti_sim_faults(sim);

    if ((faults->kinds & ACTA_SIM_FAULT_DISK_ERROR) != 0) {
        begin(sim, &faults->write_error, ERROR_OPS_MAX);
        begin(sim, &faults->sync_error, ERROR_OPS_MAX);
        begin(sim, &faults->mark_error, ERROR_OPS_MAX);
        begin(sim, &faults->read_error, READ_ERROR_OPS_MAX);
    }
    if ((faults->kinds & ACTA_SIM_FAULT_DISK_FULL) != 0) begin(sim, &faults->full, FULL_WRITES_MAX);
    if ((faults->kinds & ACTA_SIM_FAULT_DISK_SLOW) != 0) begin(sim, &faults->slow, SLOW_PHASES_MAX);
}

/* In the middle of a start: from here on nothing reaches the disk, and the process dies when it is back in the driver. */
static bool
power_goes(acta_sim *sim, const char *operation)
{
    acti_faults *faults = acti_sim_faults(sim);

    if (faults->power_is_gone) return true;
    if (!faults->is_starting || faults->crashes_left == 0) return false;
    if (!acti_countdown_tick(sim, &faults->start_crash, ACTA_SIM_FAULT_CRASH)) return false;
    faults->crashes_left--;
    faults->power_is_gone = true;
    acti_fault_tell(sim, ACTA_SIM_FAULT_CRASH,
        "the power goes in the middle of a start, at %s: nothing reaches the disk", operation);
    return true;
}

bool
acti_fault_disk_is_full(acta_sim *sim)
{
    acti_faults *faults = acti_sim_faults(sim);

    if (faults->full_writes == 0) {
        if (!acti_countdown_tick(sim, &faults->full, ACTA_SIM_FAULT_DISK_FULL)) return false;
        faults->full_writes = 1 + acta_sim_choose(sim, ACTA_SIM_FAULTS, FULL_FOR_MAX);
    } else
        acti_fault_count(sim, ACTA_SIM_FAULT_DISK_FULL);
    faults->full_writes--;
    acti_fault_tell(sim, ACTA_SIM_FAULT_DISK_FULL, "a write finds no room (ENOSPC), and so will %" PRIu32 " more",
        faults->full_writes);
    return true;
}

static acti_countdown *
countdown_of(acti_faults *faults, acta_disk_op op)
{
    switch (op) {
    case ACTA_DISK_WRITE:
        return &faults->write_error;
    case ACTA_DISK_SYNC:
        return &faults->sync_error;
    case ACTA_DISK_MARK:
        return &faults->mark_error;
    default:
        return &faults->read_error;
    }
}

bool
acti_fault_disk_fails(acta_sim *sim, acta_disk_op op)
{
    static const char *const operations[] = { [ACTA_DISK_WRITE] = "a write of a batch",
        [ACTA_DISK_SYNC] = "a sync of what was written",
        [ACTA_DISK_MARK] = "a write of the mark",
        [ACTA_DISK_READ] = "a read" };

    if (power_goes(sim, operations[op])) return true;
    if (!acti_countdown_tick(sim, countdown_of(acti_sim_faults(sim), op), ACTA_SIM_FAULT_DISK_ERROR)) return false;
    acti_fault_tell(sim, ACTA_SIM_FAULT_DISK_ERROR, "%s fails (EIO)%s", operations[op],
        op == ACTA_DISK_SYNC ? ": it may be on the disk or not" : "");
    return true;
}

/* Without a fault of the disk a crash loses all that was not synced; what a sync has failed on may be there. */
uint32_t
acti_fault_disk_survivors(acta_sim *sim, uint32_t count)
{
    acti_faults *faults = acti_sim_faults(sim);
    uint32_t some = ACTA_SIM_FAULT_DISK_LOSS | ACTA_SIM_FAULT_DISK_ERROR;

    if (faults->is_drawn && (faults->kinds & some) == 0) return 0;
    uint32_t chosen = acta_sim_choose(sim, ACTA_SIM_FAULTS, count + 1);
    if (chosen == 0) return 0;
    bool is_loss = (faults->kinds & ACTA_SIM_FAULT_DISK_LOSS) != 0;
    if (is_loss) acti_fault_count(sim, ACTA_SIM_FAULT_DISK_LOSS);
    acti_fault_tell(sim, is_loss ? ACTA_SIM_FAULT_DISK_LOSS : ACTA_SIM_FAULT_DISK_ERROR,
        "of %" PRIu32 " batches that were not synced %" PRIu32 " are there after all", count, chosen);
    return chosen;
}

void
acti_fault_disk_works(acta_sim *sim)
{
    acti_faults *faults = acti_sim_faults(sim);

    if (!acti_countdown_tick(sim, &faults->slow, ACTA_SIM_FAULT_DISK_SLOW)) return;
    acti_fault_disk_takes(sim, acta_sim_choose(sim, ACTA_SIM_FAULTS, SLOW_MS_MAX + 1));
}

void
acti_fault_disk_takes(acta_sim *sim, uint64_t ms)
{
    acti_sim_faults(sim)->disk_until_ns = acta_sim_now_ns(sim) + ms * 1000000;
    acti_fault_tell(sim, ACTA_SIM_FAULT_DISK_SLOW, "the disk is at work for %" PRIu64 " ms", ms);
}

uint64_t
acti_fault_disk_until_ns(acta_sim *sim)
{
    uint64_t until_ns = acti_sim_faults(sim)->disk_until_ns;
    return until_ns > acta_sim_now_ns(sim) ? until_ns : 0;
}
