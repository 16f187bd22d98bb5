/*
 * Log reader: an iterator over the family of the log. See log_reader.h.
 */
#include "log_reader.h"

#include <inttypes.h>

acta_status
acti_log_reader_open(acti_log_reader *reader, acta_engine *engine, uint64_t first, uint64_t last, bool backward,
    bool scan, acta_error *error)
{
    acti_key from = acti_log_key(first), to = acti_log_key(last + 1);
    acti_range range = { .from = acti_key_view(&from), .to = acti_key_view(&to), .backward = backward, .scan = scan };

    *reader = (acti_log_reader){ .engine = engine, .next = backward ? last : first, .backward = backward };
    if (last < first) return ACTA_OK;
    reader->left = last - first + 1;
    return engine->ops->iterator_open(engine, ACTI_LOG, &range, &reader->iterator, error);
}

acta_status
acti_log_reader_next(acti_log_reader *reader, acti_record_view *view_out, acta_error *error)
{
    acta_bytes key, value;

    if (reader->left == 0) return acta_error_set(error, ACTA_NOT_FOUND, NULL);
    acta_status status = reader->engine->ops->iterator_next(reader->iterator, &key, &value, error);
    if (status == ACTA_NOT_FOUND || (status == ACTA_OK && (key.size != 8 || acti_get_be64(key.data) != reader->next)))
        return acta_error_set(error, ACTA_CORRUPT, "the event at position %" PRIu64 " is missing", reader->next);
    if (status == ACTA_OK) status = acti_record_read(value, reader->next, view_out, error);
    if (status != ACTA_OK) return status;
    reader->next = reader->backward ? reader->next - 1 : reader->next + 1;
    reader->left--;
    return ACTA_OK;
}

void
acti_log_reader_close(acti_log_reader *reader)
{
    if (reader->engine != NULL) reader->engine->ops->iterator_close(reader->iterator);
    reader->iterator = NULL;
    reader->left = 0;
}

acta_status
acti_log_read(
    acta_engine *engine, uint64_t position, acti_log_reader *reader, acti_record_view *view_out, acta_error *error)
{
    acta_status status = acti_log_reader_open(reader, engine, position, position, false, false, error);
    return status == ACTA_OK ? acti_log_reader_next(reader, view_out, error) : status;
}
