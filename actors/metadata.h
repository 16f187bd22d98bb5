/*
 * Metadata of commands: checked, merged and written as the lines that metadata.h tells of.
 */
#ifndef ACTI_ACTORS_METADATA_H
#define ACTI_ACTORS_METADATA_H

#include "acta/metadata.h"

/* Entries of two lists: what `first` has of a name hides what `second` has of it. */
typedef struct acti_metadata_lists {
    const acta_metadata_entry *first, *second;
    uint32_t first_count, second_count;
} acti_metadata_lists;

/* Are these entries as they must be? ACTA_INVALID says which isn't. */
acta_status acti_metadata_check(const acta_metadata_entry *entries, uint32_t count, acta_error *error);

/* Bytes that the lines of both lists take, which were checked. */
size_t acti_metadata_size(const acti_metadata_lists *lists);
void acti_metadata_write(const acti_metadata_lists *lists, char *to);

/* The lines of `metadata` with one set, or another value, or none (absent), in `room` of at least their size and that of the
 * entry; returns how many bytes it is. */
size_t acti_metadata_set(acta_bytes metadata, const acta_metadata_entry *entry, char *room);
size_t acti_metadata_line_size(const acta_metadata_entry *entry);

#endif
