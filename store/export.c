/*
 * Export: the log's records one after the other, with the names that they leave out. See acta/transfer.h.
 */
#include "acta/transfer.h"

#include <inttypes.h>

#include "internal.h"
#include "log_reader.h"

struct acta_export {
    acta_store *store;
    acti_log_reader log;
    acti_name_cache names;
};

acta_status
acta_export_open(acta_store *store, uint64_t from, acta_export **export_out, acta_error *error)
{
    const acta_allocator *allocator = &store->environment.allocator;
    acta_export *export_ = allocator->alloc(allocator->user, sizeof *export_);

    if (export_ == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to read the log");
    *export_ = (acta_export){ .store = store };
    acti_name_cache_init(&export_->names, store);
    acta_status status = acti_log_reader_open(
        &export_->log, store->engine, from > 0 ? from : 1, acti_store_head(store), false, true, error);
    if (status != ACTA_OK) {
        allocator->free(allocator->user, export_, sizeof *export_);
        return status;
    }
    /* Relaxed: as in acta_cursor_open, for acta_store_refresh. */
    atomic_fetch_add_explicit(&store->cursor_count, 1, memory_order_relaxed);
    *export_out = export_;
    return ACTA_OK;
}

acta_status
acta_export_next(acta_export *export_, acta_entry *entry_out, acta_error *error)
{
    acti_record_view view;
    acta_status status = acti_log_reader_next(&export_->log, &view, error);

    if (status == ACTA_OK) status = acti_name_cache_learn(&export_->names, &view, error);
    if (status != ACTA_OK) return status;
    *entry_out = (acta_entry){ .event = view.event };
    entry_out->event.type = acti_types_name(&export_->store->types, view.type_id);
    if (entry_out->event.type.data == NULL)
        return acta_error_set(error, ACTA_CORRUPT,
            "the event at position %" PRIu64 " has type id %" PRIu32 ", which has no name", view.event.position,
            view.type_id);
    if (view.event.kind == ACTA_RECORD_STUB)
        entry_out->beside = acti_page_stub_beside(&export_->log.page, view.event.position);
    return acti_name_cache_get(&export_->names, view.event.stream_id, &entry_out->event.stream, error);
}

void
acta_export_close(acta_export *export_)
{
    if (export_ == NULL) return;
    const acta_allocator *allocator = &export_->store->environment.allocator;

    /* Relaxed: as above. */
    atomic_fetch_sub_explicit(&export_->store->cursor_count, 1, memory_order_relaxed);
    acti_log_reader_close(&export_->log);
    acti_name_cache_deinit(&export_->names);
    allocator->free(allocator->user, export_, sizeof *export_);
}
