/*
 * Status and error: every function that can fail returns an acta_status, and fills an acta_error if it is given one.
 *
 * A status is what a program decides by; the text of an error is what a person reads. Texts say first what failed,
 * quote the subject, say what was expected and, where there is one, the way on. They start in lower case and have no
 * full stop.
 */
#ifndef ACTA_STATUS_H
#define ACTA_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__GNUC__)
#define ACTA_API               __attribute__((visibility("default")))
#define ACTA_PRINTF(form, arg) __attribute__((format(printf, form, arg)))
#define ACTA_NORETURN          __attribute__((noreturn))
#else
#error "acta needs GCC or Clang"
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum acta_status {
    ACTA_OK = 0,
    ACTA_INVALID,           /* an argument, a configuration or input is not what it must be; asking again won't help */
    ACTA_NO_MEMORY,         /* the allocator gave nothing */
    ACTA_TIMEOUT,           /* the deadline passed; what was asked for may still happen */
    ACTA_BUSY,              /* a bounded queue is full; nothing happened, try later */
    ACTA_NOT_FOUND,         /* no such stream, row, name, aggregate */
    ACTA_ALREADY_EXISTS,    /* the name, subscription or row is taken */
    ACTA_CONFLICT,          /* an expected version or a condition did not hold; nothing was written */
    ACTA_REJECTED,          /* the aggregate rejected the command; `code` is the rejection */
    ACTA_COMMAND_ID_REUSED, /* the command id was used before, with another command or payload */
    ACTA_PARKED,            /* the reader waited for has parked this key */
    ACTA_NOPROC,            /* the actor is not alive (any more) */
    ACTA_FAILED,            /* the actor failed while it handled the request */
    ACTA_CALLING_SELF,      /* an actor called itself and would have waited for ever */
    ACTA_STOPPED,           /* the runtime, store or application is stopping or stopped */
    ACTA_IO,                /* the operating system or the engine failed a read or a write */
    ACTA_CORRUPT,           /* stored bytes are damaged: a checksum, a gap, a missing record */
    ACTA_READ_ONLY,         /* the store only reads: opened so, or after a failed write */
    ACTA_IN_USE,            /* another process has the store open */
    ACTA_SCHEMA_MISMATCH,   /* the store was made by another schema */
    ACTA_UNSUPPORTED,       /* a newer format, or something that this build can't do */
    ACTA_UNKNOWN_OUTCOME,   /* the write may or may not be stored; the store refuses writes from now on */
    ACTA_IGNORE,            /* init decided not to start; no process is left */
    ACTA_DELETED            /* the stream was deleted, and may be restored */
} acta_status;

enum { ACTA_ERROR_TEXT_MAX = 512, ACTA_ERROR_WHERE_MAX = 64 };

/*
 * The detail of a failure. Owned by the caller, usually on its stack; needs no initialisation and no cleaning up.
 * Written only when a call fails.
 */
typedef struct acta_error {
    acta_status status;
    bool retriable;          /* the same call may succeed later */
    uint32_t code;           /* ACTA_REJECTED: the value of the schema's rejection enum; a supervisor's: as said
                                         there; else 0 */
    uint64_t actual_version; /* ACTA_CONFLICT: the version that the stream is at; else 0 */
    char where[ACTA_ERROR_WHERE_MAX]; /* ACTA_REJECTED: the rejection's name; input: file:line:column or field; or "" */
    char text[ACTA_ERROR_TEXT_MAX];   /* a sentence, cut at the end if it is longer */
} acta_error;

/*
 * The name of a status as it is spelled in C, such as "ACTA_CONFLICT"; "unknown status" for any other number.
 * Threads: any. The text is static.
 */
ACTA_API const char *acta_status_name(acta_status status);

/*
 * Fill `error`, if it isn't NULL, and return `status`, so that a failure is one line: return acta_error_set(…).
 *
 *   error   may be NULL; all fields are written; retriable is true for TIMEOUT and BUSY
 *   status  not ACTA_OK
 *   format  printf's; NULL for the status's plain meaning. Control characters of what it gives, but tabs and line ends, become
 *           '?', for a text may have names that came from outside, and end on a terminal
 */
ACTA_API acta_status acta_error_set(acta_error *error, acta_status status, const char *format, ...) ACTA_PRINTF(3, 4);

/* Put text in front of error->text ("cannot open store: " + …); returns error's status. `error` may be NULL. */
ACTA_API acta_status acta_error_prefix(acta_error *error, acta_status status, const char *format, ...)
    ACTA_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
