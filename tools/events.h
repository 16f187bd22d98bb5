/*
 * Events of a store for people, or as JSON, by the schemas that the log has kept.
 */
#ifndef TOOLS_EVENTS_H
#define TOOLS_EVENTS_H

#include "acta/store.h"

typedef struct event_style {
    bool as_json;   /* an object a line */
    bool shows_all; /* (redacted) fields as they are, and personal ones sealed, instead of *** */
} event_style;

/* To stdout; whether that can be written is the caller's to see. The memory is cleared. */
void event_print(acta_store *store, const acta_recorded *event, const event_style *style, acta_memory *memory);

/* All that a cursor has yet. ACTA_IO: stdout can't be written, and `error` doesn't say so; else as acta_cursor_next. */
acta_status events_print(
    acta_store *store, acta_cursor *cursor, const event_style *style, acta_memory *memory, acta_error *error);

/* To stdout, as a JSON string; the text is UTF-8. */
void put_string(acta_str text);

/* "2026-11-21T10:30:00.000000Z", in `text`, which is returned. */
const char *time_text(int64_t at_us, char *text, size_t size);

#endif
