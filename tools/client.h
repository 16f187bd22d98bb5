/*
 * One HTTP request to the program that has a store open, over the unix socket that its gateway serves in the store's
 * directory, or over TCP (docs/http.md). Each request has a connection of its own.
 */
#ifndef TOOLS_CLIENT_H
#define TOOLS_CLIENT_H

#include "acta/memory.h"
#include "acta/str.h"

typedef struct client_request {
    const char *directory; /* of the store, or "http://HOST:PORT": see connect.h */
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
 * Errors: ACTA_NOT_FOUND there is no such directory or host, or nobody serves it; ACTA_INVALID it is no place to ask;
 *         ACTA_TIMEOUT; ACTA_IO the connection broke; ACTA_CORRUPT the answer is no HTTP, cut short or too long;
 *         ACTA_NO_MEMORY. Each in a sentence for people.
 */
acta_status client_ask(
    const client_request *request, acta_memory *memory, client_answer *answer_out, acta_error *error);

int64_t client_now_ms(void); /* of a clock that only goes forward */

/*
 * A path, piece by piece. What is put in as a segment or as a value is encoded: all but letters, digits and "-._~" as %XX.
 *
 *     client_path path = client_path_begin(memory, "/aggregates");
 *     client_path_segment(&path, type);           /aggregates/Account
 *     client_path_query(&path, "at", line->at);   /aggregates/Account?at=17; a value of NULL: nothing
 */
typedef struct client_path {
    acta_memory *memory;
    char *text;
    size_t size, room;
    bool has_query, failed;
} client_path;

client_path client_path_begin(acta_memory *memory, const char *first); /* as it is, without a query */
void client_path_segment(client_path *path, acta_str segment);
void client_path_query(client_path *path, const char *name, const char *value);
void client_path_number(client_path *path, const char *name, uint64_t value);
const char *client_path_end(client_path *path); /* in the memory; NULL: there is none */

#endif
