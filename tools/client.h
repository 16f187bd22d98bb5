/*
 * One HTTP request to the program that has a store open, over the unix socket that its gateway serves in the store's
 * directory (docs/http.md). Each request has a connection of its own.
 */
#ifndef TOOLS_CLIENT_H
#define TOOLS_CLIENT_H

#include "acta/memory.h"
#include "acta/str.h"

typedef struct client_request {
    const char *directory; /* of the store */
    const char *method;    /* "GET" or "POST" */
    const char *path;      /* from its '/' on, with the query, encoded */
    const char *headers;   /* whole lines, each with "\r\n"; NULL: none */
    acta_str body;         /* JSON; sent with POST alone */
    uint32_t timeout_ms;   /* for all of it; 0: 60,000 */
    size_t answer_max;     /* bytes, head and all; 0: 64 MiB */
} client_request;

typedef struct client_answer {
    unsigned status;
    acta_str body; /* in the memory */
} client_answer;

/*
 * Ask, and wait for the whole answer, whatever its status.
 *
 *   memory   for the answer, also after a failure
 * Errors: ACTA_NOT_FOUND there is no such directory, or nobody serves it; ACTA_INVALID the socket's path is too long;
 *         ACTA_TIMEOUT; ACTA_IO the connection broke; ACTA_CORRUPT the answer is no HTTP, cut short or too long;
 *         ACTA_NO_MEMORY. Each in a sentence for people.
 */
acta_status client_ask(
    const client_request *request, acta_memory *memory, client_answer *answer_out, acta_error *error);

int64_t client_now_ms(void); /* of a clock that only goes forward */

/* A segment of a path, or a value of a query: all but letters, digits and "-._~" as %XX. NULL: no memory. */
const char *client_encode(acta_str text, acta_memory *memory);

#endif
