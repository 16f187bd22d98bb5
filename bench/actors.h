/*
 * What the rows of the actor benchmark share: a runtime for each row, spawning and sending that must succeed, and the
 * end of a row, which finds every message accounted for.
 *
 * The rows are those that Erlang, Go, CAF and others are measured with beside us, by the same definitions; each is
 * described where it is written. A row runs in a process of its own, so that its memory is its own.
 */
#ifndef BENCH_ACTORS_H
#define BENCH_ACTORS_H

#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#include "acta/gen_server.h"
#include "bench.h"

typedef struct actors_options {
    uint32_t threads; /* workers */
    uint32_t seconds; /* how long the row `wakeups` looks */
} actors_options;

typedef struct actors_bench {
    acta_runtime *runtime;
    sem_t done; /* posted by the actor that sees the row's end */
} actors_bench;

/* The row that runs: behaviours have no other way to it. */
extern actors_bench actors_row;

void actors_start(const actors_options *options);
/* Wait for the actor that calls actors_finished. */
void actors_wait(void);
void actors_finished(void);
/* Stop; what was sent must have been handled or dropped, and all actors must be gone. */
void actors_stop(void);

/* A live actor; `count_max` as in acta_spawn_options, and then no bound in bytes either. Says so on stderr. */
acta_pid actors_spawn_bounded(const acta_behaviour *behaviour, const void *argument, uint32_t count_max);
acta_pid actors_spawn(const acta_behaviour *behaviour, const void *argument);

/* Resident memory, in bytes: now, and at most so far. */
uint64_t actors_resident(void);
uint64_t actors_resident_peak(void);

/* Times in ns as "BENCH METRIC V ns" for a part in `of` of `times`, which get sorted. */
void actors_report_part(const char *bench, const char *metric, uint64_t *times, size_t count, uint32_t per_mille);

/* Send a payload that fits into a pointer's size or a few. */
static inline void
actors_send(acta_pid to, uint32_t tag, const void *payload, size_t size)
{
    acta_message *message = acta_message_create(actors_row.runtime, tag, size);
    if (message != NULL && size > 0) memcpy(message->payload, payload, size);
    acta_status status = acta_send(actors_row.runtime, to, message);
    if (status != ACTA_OK) fprintf(stderr, "a message with tag %" PRIu32 ": %s\n", tag, acta_status_name(status));
    bench_expect(status == ACTA_OK);
}

static inline void
actors_send_number(acta_pid to, uint32_t tag, uint64_t number)
{
    actors_send(to, tag, &number, sizeof number);
}

/* The generator that the peers use (xorshift64). */
static inline uint64_t
actors_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}
#define ACTORS_SEED(number) (((uint64_t)(number) + 1) * UINT64_C(0x9e3779b97f4a7c15))

void actors_pingpong(const actors_options *o);
void actors_ring(const actors_options *o);
void actors_fanin(const actors_options *o);
void actors_big(const actors_options *o);
void actors_spawn_burst(const actors_options *o);
void actors_spawn_window(const actors_options *o);
void actors_idle(const actors_options *o);
void actors_call(const actors_options *o);
void actors_call_queued(const actors_options *o);
void actors_busy(const actors_options *o);
void actors_publish(const actors_options *o);
void actors_publish_sends(const actors_options *o);
void actors_timers(const actors_options *o);
void actors_wakeups(const actors_options *o);
void actors_exchange(const actors_options *o);

#endif
