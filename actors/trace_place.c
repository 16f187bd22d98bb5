/*
 * Places in traces. In a row:
 *
 *     trace id (16)  span id (8)  flags (1)  0  size of the state (2)  0 0 0 0 | state
 */
#include "trace_place.h"

#include <string.h>

#include "acta/metadata.h"

enum { HEADER = 32, AT_SPAN = 16, AT_FLAGS = 24, AT_SIZE = 26 };

acti_trace_place
acti_trace_place_read(acta_str traceparent, acta_str tracestate, char *room)
{
    acti_trace_place place = { .state = { .data = NULL } };

    if (traceparent.data == NULL || !acta_traceparent_parse(traceparent, &place.parent)) return place;
    if (tracestate.data != NULL) place.state = acta_tracestate_read(tracestate, room);
    return place;
}

acti_trace_place
acti_trace_place_of(acta_bytes metadata, char *room)
{
    return acti_trace_place_read(acta_metadata_find(metadata, acta_str_of(ACTA_TRACEPARENT)),
        acta_metadata_find(metadata, acta_str_of(ACTA_TRACESTATE)), room);
}

void
acti_trace_place_keep(acti_trace_place *place, acta_memory *memory)
{
    char *copy = place->state.size > 0 ? acta_memory_alloc(memory, place->state.size) : NULL;

    if (copy != NULL) memcpy(copy, place->state.data, place->state.size);
    place->state = acta_str_from(copy, copy != NULL ? place->state.size : 0);
}

size_t
acti_trace_place_size(const acti_trace_place *place)
{
    return acta_traceparent_is_set(&place->parent) ? HEADER + place->state.size : 0;
}

void
acti_trace_place_put(const acti_trace_place *place, uint8_t *bytes)
{
    memset(bytes, 0, HEADER);
    memcpy(bytes, place->parent.trace_id, sizeof place->parent.trace_id);
    memcpy(bytes + AT_SPAN, place->parent.span_id, sizeof place->parent.span_id);
    bytes[AT_FLAGS] = place->parent.flags;
    bytes[AT_SIZE] = (uint8_t)place->state.size;
    bytes[AT_SIZE + 1] = (uint8_t)(place->state.size >> 8);
    if (place->state.size > 0) memcpy(bytes + HEADER, place->state.data, place->state.size);
}

bool
acti_trace_place_get(acta_bytes bytes, acti_trace_place *place_out)
{
    *place_out = (acti_trace_place){ .state = { .data = NULL } };
    if (bytes.size < HEADER) return false;
    size_t size = (size_t)bytes.data[AT_SIZE] | (size_t)bytes.data[AT_SIZE + 1] << 8;
    if (size > ACTA_TRACESTATE_MAX || size > bytes.size - HEADER) return false;
    memcpy(place_out->parent.trace_id, bytes.data, sizeof place_out->parent.trace_id);
    memcpy(place_out->parent.span_id, bytes.data + AT_SPAN, sizeof place_out->parent.span_id);
    place_out->parent.flags = bytes.data[AT_FLAGS];
    if (size > 0) place_out->state = acta_str_from(bytes.data + HEADER, size);
    return true;
}
