/*
 * Traceparent: the place of something in a distributed trace, as W3C Trace Context writes it.
 *
 *     traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *                  version  trace id                    parent: a span  flags, 01: it is recorded
 *
 *     HTTP  ->  the command  ->  its events  ->  a process manager, or a handler that sets .cause  ->  their commands  ->  …
 *
 * It goes with commands and events as metadata (metadata.h) of the name "traceparent". The commands of a process manager, and
 * those of its deadlines, have that of the event that they answer to; acta_dispatch_options.cause does the same for others, and
 * acta_schedule_options.cause for what is to run later. Where spans are told (span.h) each command, and each step of a process
 * manager, has a span id of its own in it.
 *
 * Beside it goes a tracestate, if there is one: what others that the trace came through want to find again. Acta has none of
 * its own, and changes nothing in it.
 */
#ifndef ACTA_TRACEPARENT_H
#define ACTA_TRACEPARENT_H

#include <stdbool.h>

#include "acta/status.h"
#include "acta/str.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ACTA_TRACEPARENT "traceparent" /* the name among metadata */
#define ACTA_TRACESTATE  "tracestate"

enum {
    ACTA_TRACEPARENT_SIZE = 55, /* bytes of its text */
    ACTA_TRACESTATE_MAX = 512,  /* bytes that are kept of one */
    ACTA_TRACE_RECORDED = 1     /* a flag: whoever began the trace wants its spans */
};

/*
 * One of them.
 *   trace_id  16 bytes, which the whole trace has; zeros: there is none, and the rest means nothing
 *   span_id   8 bytes: what comes next is a child of that span
 *   flags     ACTA_TRACE_RECORDED, and what later versions may say
 */
typedef struct acta_traceparent {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t flags;
} acta_traceparent;

/* Is there one? */
static inline bool
acta_traceparent_is_set(const acta_traceparent *traceparent)
{
    for (int i = 0; i < 16; i++)
        if (traceparent->trace_id[i] != 0) return true;
    return false;
}

/*
 * Read one. Of a version later than 00 it is what 00 knows of it.
 *   text  what a header says
 * False: it is no traceparent, and `out` is none. Threads: any.
 */
ACTA_API bool acta_traceparent_parse(acta_str text, acta_traceparent *out);

/* That of an event's metadata; zeros: they have none, or it is no traceparent. Threads: any. */
ACTA_API acta_traceparent acta_traceparent_of(acta_bytes metadata);

/* Write one that is set, of version 00, into `room` of at least ACTA_TRACEPARENT_SIZE + 1 bytes; returns a view of it. Threads:
 * any. */
ACTA_API acta_str acta_traceparent_write(const acta_traceparent *traceparent, char *room);

/*
 * Read a tracestate: a list such as "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE".
 *   text  what a header says; of several, one behind the other with commas between them
 *   room  at least ACTA_TRACESTATE_MAX bytes, which are written
 * Returns a view of `room`: the same list without spaces around its entries, empty ones, and all but the first of a key; of one
 * that is longer than ACTA_TRACESTATE_MAX, entries of more than 128 bytes go first, and then others, from the end. Absent: it is
 * none, for an entry is no key=value as the standard writes them, or there are more than 32; or nothing is left of it.
 * Threads: any.
 */
ACTA_API acta_str acta_tracestate_read(acta_str text, char *room);

#ifdef __cplusplus
}
#endif
#endif
