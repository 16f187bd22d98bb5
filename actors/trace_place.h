/*
 * Where commands and events are in a trace: the traceparent and the tracestate of their metadata, and the same in rows of the
 * store, so that what waits there goes on in its trace.
 */
#ifndef ACTI_ACTORS_TRACE_PLACE_H
#define ACTI_ACTORS_TRACE_PLACE_H

#include "acta/memory.h"
#include "acta/traceparent.h"

typedef struct acti_trace_place {
    acta_traceparent parent; /* not set: there is no trace, and no state */
    acta_str state;          /* as acta_tracestate_read leaves it; absent: none */
} acti_trace_place;

/* That of texts, and of an event's metadata; the state in `room` of ACTA_TRACESTATE_MAX bytes. A text that is none is as if it
 * weren't there. */
acti_trace_place acti_trace_place_read(acta_str traceparent, acta_str tracestate, char *room);
acti_trace_place acti_trace_place_of(acta_bytes metadata, char *room);

/* From now on its state is a copy in `memory`. Without memory the trace goes on without it. */
void acti_trace_place_keep(acti_trace_place *place, acta_memory *memory);

/* In a row: bytes that it takes, 0: none; written; and read. False: it is cut off. The state is a view of the bytes. */
size_t acti_trace_place_size(const acti_trace_place *place);
void acti_trace_place_put(const acti_trace_place *place, uint8_t *bytes);
bool acti_trace_place_get(acta_bytes bytes, acti_trace_place *place_out);

#endif
