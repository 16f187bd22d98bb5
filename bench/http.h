/*
 * Rows of bench/http.
 */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include <stdint.h>

/* Clients that follow events, while they come for so long. Ends the process when one of them misses one. */
void bench_http_events(uint32_t seconds);

#endif
