/*
 * The exporter of spans from inside.
 *
 *     exporter.c   start, stop; the queue, and the thread that empties it     attach.c   the process's environment
 *     encode.c     spans as JSON                                              post.c     a request, by libcurl
 */
#ifndef OTLP_INTERNAL_H
#define OTLP_INTERNAL_H

#include <pthread.h>

#include "acta/otlp.h"
#include "acta/span.h"
#include "acta/writer.h"

/* -- spans that wait: copies, a block each -- */

typedef struct acti_kept_span {
    struct acti_kept_span *next;
    size_t size; /* of the block */
    acta_span_record record;
    acta_span span;
    acta_span_about about;
    acta_log_field fields[]; /* and behind them their texts */
} acti_kept_span;

/* The JSON of all of them. `resource`: that of its attributes. */
void acti_otlp_encode(acta_writer *to, acta_str resource, const acti_kept_span *first);
/* {"key":"service.name","value":{"stringValue":"bank"}}, behind a comma when it isn't the first. */
void acti_otlp_attribute(acta_writer *to, const char *name, acta_str value);

/* -- a request -- */

typedef enum acti_post_verdict { ACTI_POST_TAKEN, ACTI_POST_AGAIN, ACTI_POST_REFUSED } acti_post_verdict;

typedef struct acti_post_result {
    acti_post_verdict verdict;
    uint64_t rejected;       /* TAKEN: spans that the collector doesn't want */
    uint32_t retry_after_ms; /* AGAIN: at least; 0: it doesn't say */
    char why[192];           /* but TAKEN, where none is rejected */
} acti_post_result;

typedef struct acti_post acti_post; /* one connection */

acta_status acti_post_create(
    const acta_environment *environment, const acta_otlp_options *options, acti_post **post_out, acta_error *error);
void acti_post_destroy(acti_post *post); /* takes NULL */
/* `left_ms` is asked again and again while it goes on: how long it may still take. */
void acti_post_send(
    acti_post *post, acta_str body, uint32_t (*left_ms)(void *user), void *user, acti_post_result *result_out);
void acti_post_wake(acti_post *post); /* any thread: left_ms may say something else now */

#endif
