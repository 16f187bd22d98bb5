/*
 * OTLP: spans of an application (span.h), sent to a collector of OpenTelemetry as OTLP/JSON over HTTP. A library of its own
 * (libacta-otlp, over libcurl).
 *
 *     application --span--> queue --batch, as JSON--> POST http://127.0.0.1:4318/v1/traces
 *                             |                          | 429, 502, 503, 504, no connection: again, with backoff
 *                             +-- full: dropped          +-- anything else, or too often: dropped
 *
 * A program needs no line of code for it: when the library is linked in, or lies beside libacta, every application over a store's
 * directory sends its spans to where the environment of the process says, by the names that OpenTelemetry has given:
 *
 *     OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318    "/v1/traces" comes behind it. Neither this nor the next: no spans
 *     OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=                  the whole URL
 *     OTEL_EXPORTER_OTLP_HEADERS=api-key=abc,tenant=a%20b  with each request; also _TRACES_HEADERS
 *     OTEL_EXPORTER_OTLP_TIMEOUT=10000                     ms of a request; also _TRACES_TIMEOUT
 *     OTEL_EXPORTER_OTLP_CERTIFICATE=/etc/ca.pem           who is trusted, over https; also _TRACES_CERTIFICATE
 *     OTEL_EXPORTER_OTLP_PROTOCOL=http/json                nothing else is spoken; also _TRACES_PROTOCOL
 *     OTEL_SERVICE_NAME=bank                               else service.name of the next, else the application's name
 *     OTEL_RESOURCE_ATTRIBUTES=service.version=1.2         with all spans
 *     OTEL_TRACES_SAMPLER=parentbased_traceidratio         always_on, always_off, traceidratio, or these behind parentbased_
 *     OTEL_TRACES_SAMPLER_ARG=0.01                         … the share, from 0 to 1
 *     OTEL_BSP_MAX_QUEUE_SIZE=, _MAX_EXPORT_BATCH_SIZE=, _SCHEDULE_DELAY=    acta_otlp_options: queue_max, batch_max, delay_ms
 *     OTEL_TRACES_EXPORTER=none, OTEL_SDK_DISABLED=true    no spans
 */
#ifndef ACTA_OTLP_H
#define ACTA_OTLP_H

#include "acta/app.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A header, or an attribute of the resource. */
typedef struct acta_otlp_pair {
    const char *name, *value;
} acta_otlp_pair;

/* All is copied. */
typedef struct acta_otlp_options {
    const char *url; /* "http://127.0.0.1:4318/v1/traces", or https; without a user's name in it */
    const acta_otlp_pair *headers;
    uint32_t header_count;
    const char *service_name; /* NULL: the application's */
    const acta_otlp_pair *attributes;
    uint32_t attribute_count;
    const char *ca_path;        /* PEM: who is trusted over https; NULL: whom the system trusts */
    uint32_t timeout_ms;        /* of a request; 0: 10,000 */
    uint32_t queue_max;         /* spans that wait; 0: 16,384 */
    uint32_t batch_max;         /* spans of a request, at most queue_max; 0: 512 */
    uint32_t delay_ms;          /* that a span waits for others; 0: 5,000 */
    uint32_t attempts_max;      /* of a batch; 0: 5 */
    uint32_t retry_first_ms;    /* before the second one, doubled up to 30 s, give or take a fifth; 0: 1,000 */
    uint32_t flush_ms;          /* for what is left when the application stops; 0: 5,000 */
    uint32_t roots_per_million; /* acta_span_sink has these two */
    bool ignores_parent;
} acta_otlp_options;

/*
 * Send the spans of `app` from now on, until it has stopped. What is left then is sent within flush_ms, and within what
 * acta_app_stop has left of its time; a batch is tried once then. Spans are counted in acta_app_count_spans; dropped ones are told
 * in the log, at most once in ten seconds.
 * Errors: ACTA_INVALID         an option is not what it must be, or libcurl can't take the URL
 *         ACTA_ALREADY_EXISTS  the application has a sink of spans
 *         ACTA_IO              ca_path can't be read, there are no more threads, or libcurl doesn't start
 *         ACTA_NO_MEMORY
 * Threads: any but an actor's. Nothing is left behind after an error. Whether anybody listens is not asked.
 */
ACTA_API acta_status acta_otlp_start(acta_app *app, const acta_otlp_options *options, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
