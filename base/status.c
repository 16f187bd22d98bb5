/*
 * Status and error: names, plain meanings, and the one way to fill an error.
 */
#include "acta/status.h"
#include "acta/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Indexed by status; the order is the enum's. */
static const struct {
    const char *name;
    const char *meaning;
} statuses[] = {
    [ACTA_OK] = { "ACTA_OK", "done" },
    [ACTA_INVALID] = { "ACTA_INVALID", "an argument is not what it must be" },
    [ACTA_NO_MEMORY] = { "ACTA_NO_MEMORY", "there is no memory" },
    [ACTA_TIMEOUT] = { "ACTA_TIMEOUT", "the deadline passed" },
    [ACTA_BUSY] = { "ACTA_BUSY", "a bounded queue is full, try again later" },
    [ACTA_NOT_FOUND] = { "ACTA_NOT_FOUND", "there is no such thing" },
    [ACTA_ALREADY_EXISTS] = { "ACTA_ALREADY_EXISTS", "it exists already" },
    [ACTA_CONFLICT] = { "ACTA_CONFLICT", "an expected version or a condition did not hold" },
    [ACTA_REJECTED] = { "ACTA_REJECTED", "the command was rejected" },
    [ACTA_COMMAND_ID_REUSED] = { "ACTA_COMMAND_ID_REUSED", "the command id was used before with another command" },
    [ACTA_PARKED] = { "ACTA_PARKED", "the reader waited for has parked this key" },
    [ACTA_NOPROC] = { "ACTA_NOPROC", "the actor is not alive" },
    [ACTA_FAILED] = { "ACTA_FAILED", "the actor failed while it handled the request" },
    [ACTA_CALLING_SELF] = { "ACTA_CALLING_SELF", "an actor can't wait from inside a handler" },
    [ACTA_STOPPED] = { "ACTA_STOPPED", "it is stopping or stopped" },
    [ACTA_IO] = { "ACTA_IO", "a read or a write failed" },
    [ACTA_CORRUPT] = { "ACTA_CORRUPT", "stored bytes are damaged" },
    [ACTA_READ_ONLY] = { "ACTA_READ_ONLY", "the store only reads" },
    [ACTA_IN_USE] = { "ACTA_IN_USE", "another process has it open" },
    [ACTA_SCHEMA_MISMATCH] = { "ACTA_SCHEMA_MISMATCH", "the store was made by another schema" },
    [ACTA_UNSUPPORTED] = { "ACTA_UNSUPPORTED", "this build can't do that" },
    [ACTA_UNKNOWN_OUTCOME] = { "ACTA_UNKNOWN_OUTCOME", "the write may or may not be stored" },
    [ACTA_IGNORE] = { "ACTA_IGNORE", "init decided not to start" },
    [ACTA_DELETED] = { "ACTA_DELETED", "the stream was deleted" },
};

static bool
is_known(acta_status status)
{
    return (unsigned)status < sizeof statuses / sizeof statuses[0];
}

const char *
acta_status_name(acta_status status)
{
    return is_known(status) ? statuses[status].name : "unknown status";
}

/* Names in a text may be anybody's: '?' for each byte of a control character but for tabs and line ends. */
static void
make_printable(char *text)
{
    size_t size = strlen(text);

    for (size_t at = 0; at < size; at++) {
        size_t control = acta_str_control(acta_str_from(text + at, size - at));
        if (text[at] != '\n' && text[at] != '\t') memset(text + at, '?', control);
    }
}

acta_status
acta_error_set(acta_error *error, acta_status status, const char *format, ...)
{
    if (error == NULL) return status;

    error->status = status;
    error->retriable = status == ACTA_TIMEOUT || status == ACTA_BUSY;
    error->code = 0;
    error->actual_version = 0;
    error->where[0] = '\0';

    if (format == NULL) { /* often said: that a key is not there */
        const char *meaning = is_known(status) ? statuses[status].meaning : "unknown status";
        memcpy(error->text, meaning, strlen(meaning) + 1);
        return status;
    }

    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    make_printable(error->text);
    return status;
}

acta_status
acta_error_prefix(acta_error *error, acta_status status, const char *format, ...)
{
    if (error == NULL) return status;

    char old[ACTA_ERROR_TEXT_MAX];
    memcpy(old, error->text, sizeof old);
    old[sizeof old - 1] = '\0';

    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);

    size_t used = length < 0 ? 0 : (size_t)length;
    if (used < sizeof error->text - 1) snprintf(error->text + used, sizeof error->text - used, "%s", old);
    make_printable(error->text);
    return status;
}
