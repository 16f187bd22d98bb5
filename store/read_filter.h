/*
 * Read filter: which events a cursor gives. Kept by the cursor, a copy of what acta_read said.
 */
#ifndef ACTI_READ_FILTER_H
#define ACTI_READ_FILTER_H

#include <stdbool.h>

#include "acta/store.h"

typedef struct acti_read_filter {
    bool is_set;
    acta_str category, stream_prefix; /* views of `room`; absent: any */
    acta_id correlation_id;           /* zero: any */
    acta_str *types;                  /* in `room`; NULL: any */
    uint32_t type_count;
    acta_bytes tags; /* encoded, in `room`; empty: any */
    uint8_t *room;
    size_t room_size;
} acti_read_filter;

/* Copy what `read` asks for. ACTA_INVALID: too many types; ACTA_NO_MEMORY. */
acta_status acti_read_filter_init(
    acti_read_filter *filter, const acta_read *read, const acta_allocator *allocator, acta_error *error);
void acti_read_filter_deinit(acti_read_filter *filter, const acta_allocator *allocator); /* also one never made */

bool acti_read_filter_passes(const acti_read_filter *filter, const acta_recorded *event);

#endif
