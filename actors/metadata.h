/*
 * Metadata of commands: checked, merged and written as the lines that metadata.h tells of.
 */
#ifndef ACTI_ACTORS_METADATA_H
#define ACTI_ACTORS_METADATA_H

#include "acta/metadata.h"

#include "internal.h"
#include "trace_place.h"

enum { ACTI_OWN_TRACEPARENT, ACTI_OWN_TRACESTATE, ACTI_OWN_COUNT };

/* Entries of its own, and of two lists: `own` hides what the lists have of its names, and what `first` has what `second`
 * has. */
typedef struct acti_metadata_lists {
    acta_metadata_entry own[ACTI_OWN_COUNT]; /* value absent: there is none */
    const acta_metadata_entry *first, *second;
    uint32_t first_count, second_count;
} acti_metadata_lists;

/* Are these entries as they must be? ACTA_INVALID says which isn't. */
acta_status acti_metadata_check(const acta_metadata_entry *entries, uint32_t count, acta_error *error);

/* Bytes that the lines take, which were checked. */
size_t acti_metadata_size(const acti_metadata_lists *lists);
void acti_metadata_write(const acti_metadata_lists *lists, char *to);

/* The lines of `metadata` with one set, or another value, or none (absent), in `room` of at least their size and that of the
 * entry; returns how many bytes it is. */
size_t acti_metadata_set(acta_bytes metadata, const acta_metadata_entry *entry, char *room);
size_t acti_metadata_line_size(const acta_metadata_entry *entry);

/* Of a command that nobody dispatches: the application's, and its place in a trace; not that, where it finds no room. `room`:
 * ACTA_TRACEPARENT_SIZE + 1 bytes, which the lists are views of, as of the place's state. */
acti_metadata_lists acti_metadata_following(const acta_app *app, const acti_trace_place *place, char *room);

#endif
