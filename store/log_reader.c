/*
 * Log reader: an iterator over the pages of the log. See log_reader.h.
 */
#include "log_reader.h"

#include <inttypes.h>

acta_status
acti_log_reader_open(acti_log_reader *reader, acta_engine *engine, uint64_t first, uint64_t last, bool backward,
    bool scan, acta_error *error)
{
    acti_key from = acti_log_key(0), to = acti_log_key(last + 1), start = acti_log_key(first);
    acti_range range = { .from = acti_key_view(&from), .to = acti_key_view(&to), .backward = backward, .scan = scan };

    if (!backward) range.start = acti_key_view(&start); /* the page that has it may begin before it */
    *reader = (acti_log_reader){ .engine = engine, .next = backward ? last : first, .backward = backward };
    if (last < first) return ACTA_OK;
    reader->left = last - first + 1;
    return engine->ops->iterator_open(engine, ACTI_LOG, &range, &reader->iterator, error);
}

static bool
is_in_page(const acti_log_reader *reader)
{
    return reader->has_page && reader->next - reader->page.first < reader->page.count;
}

static acta_status
next_page(acti_log_reader *reader, acta_error *error)
{
    bool is_first = !reader->has_page;
    acta_bytes key, value;
    acta_status status = reader->engine->ops->iterator_next(reader->iterator, &key, &value, error);

    reader->has_page = false;
    if (status == ACTA_OK) status = acti_page_open(key, value, &reader->page, error);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    reader->has_page = status == ACTA_OK;
    bool fits = is_in_page(reader);
    /* Pages come one behind the other; only the first may be begun in its middle. */
    if (fits && !is_first)
        fits = reader->next == (reader->backward ? acti_page_last(&reader->page) : reader->page.first);
    if (fits) return ACTA_OK;
    reader->has_page = false;
    return acta_error_set(error, ACTA_CORRUPT, "the event at position %" PRIu64 " is missing", reader->next);
}

acta_status
acti_log_reader_next(acti_log_reader *reader, acti_record_view *view_out, acta_error *error)
{
    if (reader->left == 0) return acta_error_set(error, ACTA_NOT_FOUND, NULL);
    acta_status status = is_in_page(reader) ? ACTA_OK : next_page(reader, error);
    if (status == ACTA_OK) status = acti_page_record(&reader->page, reader->next, view_out, error);
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
