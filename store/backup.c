/*
 * Backup: a copy of the store, from under everybody's hands.
 *
 *     mark as wanted now  -->  the engine copies what is durable  -->  the copy gets that mark
 *
 * The mark is taken first: what it says was durable by then, so the copy reaches at least as far, and opening it proves
 * that nothing before was lost on the way. What was committed meanwhile may be in the copy too.
 */
#include "internal.h"

/* How far the store has been synced. */
static acti_mark
mark_of_now(acta_store *store)
{
    acti_monitor_enter(&store->marker.monitor);
    acti_mark mark = store->manual ? store->committer.mark : store->marker.wanted;
    acti_monitor_leave(&store->marker.monitor);
    return mark;
}

acta_status
acta_store_backup(acta_store *store, const char *path, uint64_t *position_out, acta_error *error)
{
    uint8_t bytes[ACTI_MARK_SIZE];

    if (path == NULL || path[0] == '\0')
        return acta_error_set(error, ACTA_INVALID, "cannot back up '%s': no directory was named", store->path);
    if (store->engine->ops->backup == NULL)
        return acta_error_set(error, ACTA_UNSUPPORTED, "cannot back up '%s': its engine has no files", store->path);
    if (store->read_only)
        return acta_error_set(error, ACTA_READ_ONLY,
            "cannot back up '%s': it is open for reading only; back it up where it is written to, or copy the "
            "directory while nobody writes",
            store->path);

    acti_mark mark = mark_of_now(store);
    uint32_t slot = acti_mark_encode(&mark, bytes);
    acta_status status = store->engine->ops->backup(store->engine, path, slot, bytes, error);
    if (status == ACTA_OK && position_out != NULL) *position_out = mark.position;
    return status;
}
