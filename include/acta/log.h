/*
 * Log: what Acta tells its host, as a line for people and as fields for programs. docs/logging.md lists the events.
 *
 *     acta_log_event --> acta_log.write    the line
 *                    --> acta_log.record   the same, with level, area, name of the event, and names with values
 *
 *     acta_log_limit *limit;               each event at most a hundred times a second, and told how often it was left out
 *     acta_log_json json = { .fd = fd };   as lines of JSON
 *     const acta_log lines = acta_log_json_hook(&json);
 *     acta_log_limit_create(&lines, NULL, &limit, &error);
 *     environment.log = acta_log_limit_hook(limit);
 */
#ifndef ACTA_LOG_H
#define ACTA_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "acta/status.h"
#include "acta/str.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum acta_log_level { ACTA_LOG_ERROR, ACTA_LOG_WARNING, ACTA_LOG_INFO, ACTA_LOG_DEBUG } acta_log_level;

enum { ACTA_LOG_LINE_MAX = 1000 }; /* bytes of a line; longer ones are cut */

/* "error", "warning", "info", "debug". */
ACTA_API const char *acta_log_level_name(acta_log_level level);

typedef enum acta_log_kind { ACTA_LOG_TEXT, ACTA_LOG_NUMBER, ACTA_LOG_ID } acta_log_kind;

/* A name with a value, of which the kind says which it is. Names are letters, digits and '_'. */
typedef struct acta_log_field {
    const char *name;
    acta_log_kind kind;
    acta_str text;
    uint64_t number;
    const uint8_t *id; /* 16 bytes, as those of an acta_id */
} acta_log_field;

/* What is told: views that live until the hook returns. */
typedef struct acta_log_record {
    acta_log_level level;
    const char *event; /* "reader.parks"; docs/logging.md lists them. Of acta_log_write: "message" */
    acta_str area;     /* what stands before the dot; of "message", empty */
    acta_str line;
    const acta_log_field *fields;
    uint32_t field_count;
    uint64_t left_out; /* so often the event was left out before this, by an acta_log_limit */
} acta_log_record;

/*
 * Where it goes. Default, when both functions are NULL: lines of warnings and errors to stderr, behind "acta: ".
 *   write   one line, without a line end, and with blanks for control characters; may be NULL
 *   record  the same with fields; may be NULL. When both are set, both are called
 */
typedef struct acta_log {
    void (*write)(void *user, acta_log_level level, acta_str line);
    void *user;
    void (*record)(void *user, const acta_log_record *record);
} acta_log;

/* What a record is made of. Threads: any. */
static inline acta_log_field
acta_log_text(const char *name, acta_str text)
{
    acta_log_field field = { name, ACTA_LOG_TEXT, text, 0, NULL };
    return field;
}

static inline acta_log_field
acta_log_number(const char *name, uint64_t number)
{
    acta_log_field field = { name, ACTA_LOG_NUMBER, { NULL, 0 }, number, NULL };
    return field;
}

static inline acta_log_field
acta_log_id(const char *name, const uint8_t *id)
{
    acta_log_field field = { name, ACTA_LOG_ID, { NULL, 0 }, 0, id };
    return field;
}

/* Give a record to a hook: to `record`, and its line to `write`, as far as they are there. Threads: any. */
ACTA_API void acta_log_pass(const acta_log *log, const acta_log_record *record);

/* -- not too often -- */

typedef struct acta_log_limit acta_log_limit;

typedef struct acta_log_limit_config {
    uint32_t per_second;                        /* records of one event in a second; 0: 100 */
    const struct acta_environment *environment; /* memory and clock; NULL: the defaults */
} acta_log_limit_config;

/*
 * A hook before a hook: lets each event through `per_second` times in a second; the first one behind that says how many were
 * left out, in `left_out` and in the line. What is still to be told is told when the limit is destroyed.
 *   to      where it goes; copied
 *   config  NULL: defaults
 * Errors: ACTA_INVALID `to` has no function, ACTA_NO_MEMORY. Nothing is left behind.
 * Threads: any; the hook, too, which calls `to` on the thread that logs, and without a lock.
 */
ACTA_API acta_status acta_log_limit_create(
    const acta_log *to, const acta_log_limit_config *config, acta_log_limit **limit_out, acta_error *error);

/* Tells what is still to be told, and frees it; nobody uses its hook any more. Takes NULL. */
ACTA_API void acta_log_limit_destroy(acta_log_limit *limit);

/* For acta_environment.log. */
ACTA_API acta_log acta_log_limit_hook(acta_log_limit *limit);

/* -- as lines of JSON -- */

/*
 * Where they go, and which. Zeros but for `fd` are the defaults.
 *   fd         open for writing; the program's, also its end. One write a line, so that those of several threads don't run
 *              into each other; what can't be written is lost, and counted
 *   with_info  also info
 *   with_debug also debug
 */
typedef struct acta_log_json {
    int fd;
    bool with_info, with_debug;
    uint64_t lost; /* atomic: lines that could not be written */
} acta_log_json;

/*
 * A hook that writes each record as a line:
 *     {"time":"2026-04-01T12:00:00.000000Z","level":"error","area":"reader","event":"reader.parks","message":"…",
 *      "reader":"balances","position":17}
 * `left_out` is there when it isn't 0. The time is the system's. `json` must outlive its users. Bytes that are no UTF-8 are
 * written as U+FFFD; a line longer than 8 KiB loses its last fields.
 */
ACTA_API acta_log acta_log_json_hook(acta_log_json *json);

#ifdef __cplusplus
}
#endif
#endif
