/*
 * Writer: text that grows.
 *
 *     acta_writer text = { .allocator = &environment.allocator };
 *     acta_writer_format(&text, "{\"stream\":");
 *     acta_writer_json(&text, name);
 *     if (text.failed) ...                      looked at once, at the end
 *     acta_writer_clear(&text);
 *
 * Threads: one at a time.
 */
#ifndef ACTA_WRITER_H
#define ACTA_WRITER_H

#include <stdbool.h>

#include "acta/environment.h"
#include "acta/status.h"
#include "acta/str.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Zeros but for the allocator are an empty one. `data` has `size` bytes, and no NUL behind them. `size` may be set to less, to
 * begin anew in the same room. When there is no memory the text stays as it is from then on, and `failed` is set.
 */
typedef struct acta_writer {
    const acta_allocator *allocator; /* must outlive it */
    char *data;
    size_t size, room;
    bool failed;
} acta_writer;

ACTA_API void acta_writer_clear(acta_writer *writer); /* gives its memory back; it is empty then */
ACTA_API void acta_writer_add(acta_writer *writer, acta_str more);
ACTA_API void acta_writer_format(acta_writer *writer, const char *format, ...) ACTA_PRINTF(2, 3);
/* As a string of JSON, with its quotes; what is no UTF-8 becomes U+FFFD, and < > & are escaped, for the sake of pages. */
ACTA_API void acta_writer_json(acta_writer *writer, acta_str string);

#ifdef __cplusplus
}
#endif
#endif
