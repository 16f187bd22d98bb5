/*
 * What every benchmark needs: a clock, checks, and the one form of a result. Results go to stdout, a line each, and
 * nothing else does:
 *
 *     BENCH METRIC VALUE UNIT
 *     deposit_many rate 41234.10 per_second
 *
 * A number is printed only after what was counted has been checked.
 */
#ifndef BENCH_H
#define BENCH_H

#include <argp.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acta/status.h"

enum { BENCH_CHECK_FAILED = 3, BENCH_SECONDS_MAX = 3600 };

static inline uint64_t
bench_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static inline void
bench_report(const char *bench, const char *metric, double value, const char *unit)
{
    printf("%s %s %.2f %s\n", bench, metric, value, unit);
    fflush(stdout);
}

/* What must hold for the numbers to mean anything. */
#define bench_expect(condition)                                                                                        \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition);                              \
            exit(BENCH_CHECK_FAILED);                                                                                  \
        }                                                                                                              \
    } while (0)

/* A call that must succeed. */
#define bench_must(call, error)                                                                                        \
    do {                                                                                                               \
        if ((call) != ACTA_OK) {                                                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, (error)->text);                                         \
            exit(BENCH_CHECK_FAILED);                                                                                  \
        }                                                                                                              \
    } while (0)

/* The number that an option says; what is none from `min` to `max` ends the program with a word about it. */
static inline uint32_t
bench_number(const char *option, const char *text, uint32_t min, uint32_t max, struct argp_state *state)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (end == text || *end != '\0' || text[0] == '-' || number < min || number > max)
        argp_error(state, "%s '%s' is no number from %" PRIu32 " to %" PRIu32, option, text, min, max);
    return (uint32_t)number;
}

/*
 * Rows that are asked for by name: bits in the order of the array `rows`, whose elements begin with their names. None asked
 * for: all of them.
 */
#define bench_choose(chosen, rows, name, state)                                                                        \
    bench_choose_of((chosen), (const char *)(rows), sizeof(rows) / sizeof(rows)[0], sizeof(rows)[0], (name), (state))

static inline void
bench_choose_of(
    uint64_t *chosen, const char *rows, size_t count, size_t size, const char *name, struct argp_state *state)
{
    char names[1024] = "";

    for (size_t i = 0, used = 0; i < count; i++) {
        const char *row;
        memcpy(&row, rows + i * size, sizeof row);
        if (strcmp(row, name) == 0) {
            *chosen |= UINT64_C(1) << i;
            return;
        }
        if (used < sizeof names) used += (size_t)snprintf(names + used, sizeof names - used, " %s", row);
    }
    argp_error(state, "there is no row '%s'; one of:%s", name, names);
}

static inline bool
bench_is_chosen(uint64_t chosen, uint32_t row)
{
    return chosen == 0 || (chosen >> row & 1) != 0;
}

/* Random numbers that are the same in each run (xorshift64*). `state` is not 0. */
static inline uint64_t
bench_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static inline int
bench_compare(const void *a, const void *b)
{
    const uint64_t *x = (const uint64_t *)a, *y = (const uint64_t *)b;
    return (*x > *y) - (*x < *y);
}

/* Times of single calls; kept up to a bound, and then no more. */
typedef struct bench_samples {
    uint64_t *ns;
    size_t count, room;
} bench_samples;

static inline void
bench_samples_init(bench_samples *s, size_t room)
{
    s->ns = (uint64_t *)calloc(room, sizeof *s->ns);
    s->count = 0;
    s->room = room;
    bench_expect(s->ns != NULL);
}

static inline void
bench_samples_add(bench_samples *s, uint64_t ns)
{
    if (s->count < s->room) s->ns[s->count++] = ns;
}

/* The `per_mille`-th of 1,000, in µs. Sorts. */
static inline double
bench_samples_us(bench_samples *s, uint32_t per_mille)
{
    bench_expect(s->count > 0);
    qsort(s->ns, s->count, sizeof *s->ns, bench_compare);
    return (double)s->ns[(s->count - 1) * per_mille / 1000] / 1000;
}

/* A new, empty directory beside the others of this run; bench_remove takes it away with all that is in it. Writes the
 * path to `path`. */
void bench_make_directory(const char *parent, char *path, size_t size);
void bench_remove(const char *path);

#endif
