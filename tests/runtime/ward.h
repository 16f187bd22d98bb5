/*
 * What the tests of the watchdog share: a runtime whose handlers block, compute or take a while, as they are told, until
 * a gate opens; a crowd of quick actors beside them; and what was logged.
 */
#ifndef ACTA_TESTS_RUNTIME_WARD_H
#define ACTA_TESTS_RUNTIME_WARD_H

#include <pthread.h>

#include "harness.h"

enum { CROWD = 100, WORKERS_MAX = 8 };
enum { BLOCK = 1, COMPUTE, SHORT, WAKE_ALL };

typedef struct ward {
    harness h;
    script s, quick;
    acta_pid crowd[CROWD];
    acta_pid blocked[WORKERS_MAX];
    _Atomic uint64_t begun, woken, ended, timers;
    _Atomic bool gate_closed;
    uint64_t last_ended_ns, longest_ns; /* of SHORT handlers of one actor */
    uint32_t short_ms;
    pthread_mutex_t lock;
    char lines[20][400];
    uint32_t line_count;
} ward;

void open_ward(ward *w, acta_runtime_config config);
void close_ward(ward *w); /* opens the gate */

/* `count` actors in a handler that doesn't return until the gate opens. */
void block_workers(ward *w, uint32_t count, uint32_t tag);

/* In a handler: until the gate opens, or for so long that the test has failed. */
void wait_at_gate(ward *w, bool computes);

/* A SHORT handler has ended; the longest time between two ends is kept. */
void note_end(ward *w);
acta_next be_timed(acta_self *self, void *user, const acta_info *info); /* an info handler that counts */

/* Others may have been held up by the machine, and reported, before: what is awaited and counted is a line's words. */
uint32_t lines_with(ward *w, const char *words);
void await_lines(ward *w, const char *words, uint32_t least);
void await_line(ward *w, const char *words);
acta_runtime_stats stats_of(ward *w);

#endif
