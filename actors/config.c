/*
 * Configuration, printed: each setting with the value that is in force, one a line: "name value unit".
 *
 * The defaults are what docs/configuration.md says; a test compares the two.
 */
#include <stdarg.h>

#include "internal.h"

typedef struct printer {
    char *text;
    size_t size, used; /* used goes on beyond size: the full length */
} printer;

static void print(printer *p, const char *format, ...) ACTA_PRINTF(2, 3);

static void
print(printer *p, const char *format, ...)
{
    va_list arguments;
    size_t at = p->used < p->size ? p->used : p->size;

    va_start(arguments, format);
    int length = vsnprintf(p->size > 0 ? p->text + at : NULL, p->size - at, format, arguments);
    va_end(arguments);
    if (length > 0) p->used += (size_t)length;
}

static void
print_number(printer *p, const char *name, uint64_t given, uint64_t if_zero, const char *unit)
{
    uint64_t value = given != 0 ? given : if_zero;

    if (value == UINT32_MAX || value == UINT64_MAX)
        print(p, "%s none %s\n", name, unit);
    else
        print(p, "%s %" PRIu64 " %s\n", name, value, unit);
}

size_t
acta_config_dump(const acta_app_config *config, char *text, size_t size)
{
    static const acta_app_config defaults;
    printer p = { .text = text, .size = size };
    if (config == NULL) config = &defaults;

    print_number(&p, "mailbox_count_max", 0, ACTA_MAILBOX_COUNT_DEFAULT, "messages");
    print_number(&p, "mailbox_bytes_max", 0, ACTA_MAILBOX_BYTES_DEFAULT, "bytes");
    print_number(&p, "budget", config->runtime.budget, ACTA_BUDGET_DEFAULT, "messages");
    print_number(&p, "call_timeout_ms", 0, ACTA_CALL_TIMEOUT_DEFAULT, "ms");
    print_number(&p, "intensity", 0, ACTA_INTENSITY_DEFAULT, "restarts");
    print_number(&p, "period_ms", 0, ACTA_PERIOD_DEFAULT, "ms");
    print_number(&p, "backoff_min_ms", 0, ACTA_BACKOFF_MIN_DEFAULT, "ms");
    print_number(&p, "backoff_max_ms", 0, ACTA_BACKOFF_MAX_DEFAULT, "ms");
    print_number(&p, "backoff_jitter", 0, ACTA_BACKOFF_JITTER_DEFAULT, "percent");
    print_number(&p, "shutdown_ms", 0, ACTA_SHUTDOWN_DEFAULT, "ms");
    print_number(&p, "window", 0, ACTA_WINDOW_DEFAULT, "events");
    print_number(&p, "checkpoint_count", 0, ACTA_CHECKPOINT_COUNT_DEFAULT, "events");
    print_number(&p, "checkpoint_ms", 0, ACTA_CHECKPOINT_MS_DEFAULT, "ms");
    print_number(&p, "parked_count_max", 0, ACTI_PARKED_COUNT_MAX, "events");
    print_number(&p, "aggregate_idle_ms", 0, ACTI_AGGREGATE_IDLE_DEFAULT, "ms");
    print_number(&p, "snapshot_every", 0, ACTI_SNAPSHOT_EVERY_DEFAULT, "events");
    print_number(&p, "command_id_retention_ms", config->command_id_retention_ms, ACTI_RETENTION_DEFAULT_MS, "ms");
    print_number(&p, "conflict_retry_max", config->conflict_retry_max, ACTI_CONFLICT_RETRY_DEFAULT, "tries");
    print_number(&p, "rehydration_max", config->rehydration_max, ACTI_REHYDRATION_DEFAULT, "instances");
    print_number(&p, "store_memory_bytes", config->store.memory_bytes, UINT64_C(256) << 20, "bytes");
    return p.used;
}
