/*
 * Text that grows, in a memory: what a schema or a buffer is printed into.
 */
#ifndef ACTA_SCHEMA_PRINTED_H
#define ACTA_SCHEMA_PRINTED_H

#include "internal.h"

/* { .memory = … } is an empty one. After a failure all is ignored that is put into it. */
typedef struct acti_printed {
    acta_memory *memory;
    size_t limit; /* bytes; 0: none */
    char *data;   /* in `memory` */
    size_t used, room;
    bool has_no_memory, is_over_limit;
} acti_printed;

static inline bool
acti_printed_has_failed(const acti_printed *text)
{
    return text->has_no_memory || text->is_over_limit;
}

void acti_printed_put(acti_printed *text, const char *data, size_t size);
void acti_printed_format(acti_printed *text, const char *format, ...) ACTA_PRINTF(2, 3); /* at most 1023 bytes of it */

/* As JSON: a string with quotes, and the shortest number that reads as the same one. */
void acti_printed_json_string(acti_printed *text, acta_str string);
void acti_printed_json_real(acti_printed *text, double real, bool is_single);

/* With a NUL behind it; absent after a failure. */
acta_str acti_printed_end(acti_printed *text);

#endif
