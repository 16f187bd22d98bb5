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
    acti_engine_iterator *rows; /* while there may be more of them; NULL: not begun, or at the end */
    bool is_behind_tags;        /* rows come in two parts: tables before "tags", and those behind it */
    bool has_no_rows;           /* any more */
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

/* The part before the tags, or the one behind them. */
static acta_status
open_rows(acta_export *export_, acta_error *error)
{
    acta_store *store = export_->store;
    acti_range range = { .from = acta_bytes_from((const uint8_t *)"", 0), .scan = true };
    const acta_bytes tags = acta_bytes_from((const uint8_t *)ACTI_TABLE_TAGS "\0", sizeof ACTI_TABLE_TAGS),
                     behind = acta_str_bytes(acta_str_of(ACTI_TABLE_TAGS "\x01"));

    *(export_->is_behind_tags ? &range.from : &range.to) = export_->is_behind_tags ? behind : tags;
    return store->engine->ops->iterator_open(store->engine, ACTI_TABLES, &range, &export_->rows, error);
}

static void
close_rows(acta_export *export_)
{
    if (export_->rows != NULL) export_->store->engine->ops->iterator_close(export_->rows);
    export_->rows = NULL;
}

acta_status
acta_export_next_row(acta_export *export_, acta_table_row *row_out, acta_error *error)
{
    acta_status status = ACTA_OK;
    acta_bytes key;

    if (!export_->store->read_only)
        return acta_error_set(error, ACTA_INVALID,
            "rows of '%s' don't stand still while it may be written; open it read_only", export_->store->path);
    while (!export_->has_no_rows) {
        if (export_->rows == NULL) status = open_rows(export_, error);
        if (status == ACTA_OK)
            status = export_->store->engine->ops->iterator_next(export_->rows, &key, &row_out->value, error);
        if (status != ACTA_NOT_FOUND) break;
        close_rows(export_);
        export_->has_no_rows = export_->is_behind_tags;
        export_->is_behind_tags = true;
        status = ACTA_OK;
    }
    if (export_->has_no_rows) return ACTA_NOT_FOUND;
    if (status != ACTA_OK) return status;
    const uint8_t *nul = memchr(key.data, '\0', key.size);
    if (nul == NULL)
        return acta_error_set(error, ACTA_CORRUPT, "a row of no table lies among those of '%s'", export_->store->path);
    row_out->table = acta_str_from((const char *)key.data, (size_t)(nul - key.data));
    row_out->key = acta_bytes_from(nul + 1, (size_t)(key.data + key.size - nul - 1));
    return ACTA_OK;
}

void
acta_export_close(acta_export *export_)
{
    if (export_ == NULL) return;
    const acta_allocator *allocator = &export_->store->environment.allocator;

    /* Relaxed: as above. */
    atomic_fetch_sub_explicit(&export_->store->cursor_count, 1, memory_order_relaxed);
    close_rows(export_);
    acti_log_reader_close(&export_->log);
    acti_name_cache_deinit(&export_->names);
    allocator->free(allocator->user, export_, sizeof *export_);
}
