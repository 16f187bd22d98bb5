/*
 * Where a running program is asked: a store's directory, whose socket it is, or http://HOST:PORT.
 */
#ifndef TOOLS_CONNECT_H
#define TOOLS_CONNECT_H

#include "acta/memory.h"
#include "acta/str.h"

/* Is it an address, and no directory? */
bool connect_is_address(const char *where);

/*
 * Connect to it.
 *
 *   fd_out   the caller's to close; -1 after an error that came before there was one
 * Errors: ACTA_NOT_FOUND there is no such directory or host, or nobody serves it; ACTA_INVALID it is too long, or no such
 *         address; ACTA_TIMEOUT; ACTA_IO. Each in a sentence for people.
 */
acta_status connect_to(const char *where, uint32_t timeout_ms, int *fd_out, acta_error *error);

/* The lines Host and, for an address and with a token, Authorization; in the memory. Errors: ACTA_IO, ACTA_INVALID the token is
 * none; ACTA_NO_MEMORY. */
acta_status connect_headers(const char *where, acta_memory *memory, const char **headers_out, acta_error *error);

#endif
