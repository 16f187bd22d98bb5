/*
 * CQRS: between cqrs.c, which has the rows of writing, and cqrs_reads.c, which has those of reading.
 */
#ifndef BENCH_CQRS_H
#define BENCH_CQRS_H

#include "bank_chains.h"

enum { ACCOUNTS_DEFAULT = 10000, SAMPLE_MAX = 1 << 22 };

void cqrs_rehydrate_10k(const options *o);
void cqrs_rehydrate_100k(const options *o);
void cqrs_lag(const options *o);
void cqrs_live_aggregate(const options *o);

#endif
