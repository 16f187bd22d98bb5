/*
 * Gateway: an application as seen and ordered about over HTTP, as JSON that its schema types. A library of its own
 * (libacta-gateway, over libmicrohttpd). docs/http.md has every path.
 *
 * A program needs no line of code for it: when the library is linked in, or lies beside libacta, every application over a
 * store's directory is served on the unix socket "acta.sock" in that directory, for its own user alone; that is what the
 * command `acta` talks to. The environment of the process says more:
 *
 *     ACTA_GATEWAY=off                  no gateway at all
 *     ACTA_HTTP=127.0.0.1:8080          listen on TCP as well; port 0: any free one, which the log tells
 *     ACTA_HTTP_TOKENS=/etc/bank.tokens who may do what: see acta_gateway_token
 *     ACTA_HTTP_HOSTS=bank.example      further names in Host that are answered, with commas between
 *     ACTA_HTTP_CERTIFICATE=, _KEY=     files in PEM form: TLS; the key's for its owner alone to read
 *     ACTA_HTTP_CONNECTIONS=1200        how many connections there may be at once
 *     ACTA_HTTP_EVENT_CLIENTS=1000      how many may follow events at once
 *
 * What may be done without a token: over the unix socket all, since only the user who runs the program can open it; over
 * TCP on a loopback address everything but operators' orders; any other address is refused without tokens.
 */
#ifndef ACTA_GATEWAY_H
#define ACTA_GATEWAY_H

#include "acta/app.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What one may do; each includes those before it. */
typedef enum acta_gateway_access {
    ACTA_GATEWAY_NOTHING = 0,
    ACTA_GATEWAY_READ,     /* look at everything */
    ACTA_GATEWAY_DISPATCH, /* commands */
    ACTA_GATEWAY_OPERATE   /* orders to readers, to the schedule, forget, backup */
} acta_gateway_access;

/*
 * "Authorization: Bearer SECRET". In a file of tokens a line each, "NAME ACCESS SECRET [UNTIL]", for instance
 *
 *     grafana  read     Xk3vJ0sQ9bW2
 *     anna     operate  p8Yt6LrC4nZq  2027-01-31T00:00:00Z
 *
 * with ACCESS read, dispatch or operate; empty lines and such that begin with # are left out. The file must be readable by
 * its owner alone.
 */
typedef struct acta_gateway_token {
    const char *name; /* in logs and in the notes of orders; never the secret */
    acta_gateway_access access;
    const char *secret; /* from 12 bytes to 256, visible ASCII */
    int64_t until_us;   /* µs since the Unix epoch; 0: for ever */
} acta_gateway_token;

enum { ACTA_GATEWAY_SECRET_MIN = 12, ACTA_GATEWAY_SECRET_MAX = 256 };

/* All is copied. */
typedef struct acta_gateway_options {
    const char *socket_path; /* of the unix socket, at most 107 bytes; NULL: none */
    const char *address;     /* "127.0.0.1:8080", "[::1]:0", "0.0.0.0:443"; NULL: no TCP */
    const acta_gateway_token *tokens;
    uint32_t token_count;
    const char *const *hosts; /* beside the address, "localhost" and loopback addresses; ended by NULL; NULL: none */
    /* PEM; both or none. Over TCP only. The key's file is for its owner alone to read; of root's, a group may. */
    const char *certificate_path, *key_path;
    uint32_t body_bytes_max;  /* of a request; 0: 1 MiB */
    uint32_t connections_max; /* 0: 1,200, or what the limit of open files leaves */
    /* A connection that says nothing, or takes nothing, for so long is closed, and one whose next request isn't whole after twice
     * as long, or that takes longer than that for each 2 MiB of an answer (but for streams of events); 0: 30. */
    uint32_t idle_timeout_s;
    uint32_t workers;           /* threads for what waits for the disk; 0: 2 */
    uint32_t event_clients_max; /* who follow events at once; 0: 1,000 */
} acta_gateway_options;

typedef struct acta_gateway acta_gateway;

/*
 * Serve `app`, which must outlive the gateway. A program that configures by code sets ACTA_GATEWAY=off, or does both: each
 * gateway is for itself.
 * Errors: ACTA_INVALID   an address, a token, a certificate or a path is not what it must be; another address than a
 *                        loopback one, and no tokens; others may read the private key
 *         ACTA_IN_USE    somebody listens there
 *         ACTA_IO        it can't listen, or not read a file; the text says why
 *         ACTA_NO_MEMORY
 * Threads: any but an actor's. Nothing is left behind after an error.
 */
ACTA_API acta_status acta_gateway_start(
    acta_app *app, const acta_gateway_options *options, acta_gateway **gateway_out, acta_error *error);

/* The TCP port that it listens on; 0: none. */
ACTA_API uint16_t acta_gateway_port(const acta_gateway *gateway);

/* Answer what is under way, close all connections, remove the socket. Takes NULL. Before acta_app_stop. */
ACTA_API void acta_gateway_stop(acta_gateway *gateway);

#ifdef __cplusplus
}
#endif
#endif
