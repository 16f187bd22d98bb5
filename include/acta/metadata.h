/*
 * Metadata: what goes with the events of a command beside their content, such as who asked for it and from where.
 *
 *     acta_dispatch_options.metadata, middleware  ->  the command  ->  each of its events  ->  handlers, readers, cursors
 *
 * A list of names with a text each, in the order in which they were given; a name stands in it once. In an event's
 * acta_recorded.metadata it lies as text, a line each: "user:alice\nfrom:10.0.0.7\n". Metadata are no personal fields: they
 * are stored as they are, and nobody is forgotten in them.
 */
#ifndef ACTA_METADATA_H
#define ACTA_METADATA_H

#include <stdbool.h>

#include "acta/status.h"
#include "acta/str.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ACTA_METADATA_MAX = 16 << 10, /* bytes of all lines */
    ACTA_METADATA_NAME_MAX = 64   /* bytes of a name */
};

/*
 * One of them.
 *   name   1 to ACTA_METADATA_NAME_MAX of [A-Za-z0-9_.-]
 *   value  UTF-8 without control characters; may be empty
 */
typedef struct acta_metadata_entry {
    acta_str name, value;
} acta_metadata_entry;

/* The value of a name, as a view of `metadata`; absent: there is none. Bytes that are no such list have none. Threads: any. */
ACTA_API acta_str acta_metadata_find(acta_bytes metadata, acta_str name);

/* The next entry: begin with a copy of an event's metadata, which moves on. False at the end, and where it is no such list. */
ACTA_API bool acta_metadata_next(acta_bytes *metadata, acta_metadata_entry *entry_out);

#ifdef __cplusplus
}
#endif
#endif
