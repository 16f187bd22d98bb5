/*
 * Environment: the seams through which Acta touches the world. Clock, random, allocator and log are fields of the
 * object that uses them, so that a host can bring its own and the simulation can own them all.
 *
 * A seam that is all zero means the default. A seam's functions are called from any thread, at the same time, and must
 * not call back into Acta. Objects keep a copy of the struct; `user` must outlive them.
 */
#ifndef ACTA_ENVIRONMENT_H
#define ACTA_ENVIRONMENT_H

#include <stddef.h>
#include <stdint.h>

#include "acta/log.h"
#include "acta/status.h"
#include "acta/str.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Memory. Default: the C library's malloc and free (which jemalloc replaces in a program that links it).
 *   alloc    size > 0; aligned for any type; NULL when there is none; not zeroed
 *   free     pointer from alloc, with the size it was asked for; never NULL
 */
typedef struct acta_allocator {
    void *(*alloc)(void *user, size_t size);
    void (*free)(void *user, void *pointer, size_t size);
    void *user;
} acta_allocator;

/*
 * Time. Default: CLOCK_MONOTONIC and CLOCK_REALTIME.
 *   monotonic_ns  never falls; its origin means nothing
 *   wall_us       µs since the Unix epoch, UTC; may jump
 */
typedef struct acta_clock {
    uint64_t (*monotonic_ns)(void *user);
    int64_t (*wall_us)(void *user);
    void *user;
} acta_clock;

/* Random bytes for ids, jitter and hash seeds. Default: the kernel's, through getrandom. */
typedef struct acta_random {
    void (*fill)(void *user, void *bytes, size_t size);
    void *user;
} acta_random;

/*
 * Sites of a simulation (sites.h). Default: none, so that nothing unusual happens.
 *   chance   true: do the unusual at this site, which is active in `percent` of the seeds
 *   reached  the program has come to a place that a simulation must have seen
 */
typedef struct acta_sites {
    bool (*chance)(void *user, const char *site, uint32_t percent);
    void (*reached)(void *user, const char *what);
    void *user;
} acta_sites;

typedef struct acta_environment {
    acta_allocator allocator;
    acta_clock clock;
    acta_random random;
    acta_log log;
    acta_sites sites;
} acta_environment;

/* A copy of `environment` (may be NULL) with the default in place of each seam that is zero. */
ACTA_API acta_environment acta_environment_or_default(const acta_environment *environment);

/* printf into the log, as an event "message" without fields. `environment` has been through acta_environment_or_default. Lines
 * over ACTA_LOG_LINE_MAX bytes are cut. */
ACTA_API void acta_log_write(const acta_environment *environment, acta_log_level level, const char *format, ...)
    ACTA_PRINTF(3, 4);

/*
 * The same with a name and fields (log.h):
 *     acta_log_event(&environment, ACTA_LOG_WARNING, "mailer.late", ACTA_LOG_FIELDS(acta_log_number("queued", n)),
 *         "the mailer is %d mails behind", n);
 *   event   "area.what": a literal
 *   fields  field_count of them
 */
ACTA_API void acta_log_event(const acta_environment *environment, acta_log_level level, const char *event,
    const acta_log_field *fields, uint32_t field_count, const char *format, ...) ACTA_PRINTF(6, 7);

/* The fields of an acta_log_event, and how many they are. C only. */
#define ACTA_LOG_FIELDS(...)                                                                                           \
    (const acta_log_field[]){ __VA_ARGS__ },                                                                           \
        (uint32_t)(sizeof((const acta_log_field[]){ __VA_ARGS__ }) / sizeof(acta_log_field))

#ifdef __cplusplus
}
#endif
#endif
