/*
 * Settings: what is in force, as lines "name value unit". docs/configuration.md tells the same; a test compares them.
 */
#include "internal.h"

#include "acta/offload.h"
#include "acta/stages.h"

enum { STORE_MEMORY_DEFAULT = 256 << 20 };

typedef struct setting {
    const char *name;
    uint64_t value;
    const char *unit;
} setting;

static uint64_t
or_default(uint64_t value, uint64_t instead)
{
    return value != 0 ? value : instead;
}

static uint64_t
jitter_of(const acta_retry_backoff *backoff)
{
    if (backoff->jitter_percent == ACTA_NO_JITTER) return 0;
    return or_default((uint64_t)backoff->jitter_percent, ACTI_RETRY_JITTER_PERCENT);
}

size_t
acta_config_dump(const acta_app_config *config, char *text, size_t size)
{
    static const acta_app_config defaults;
    size_t length = 0;
    if (config == NULL) config = &defaults;
    const acta_error_default *otherwise = &config->on_handler_error;

    const setting settings[] = {
        { "mailbox_count_max", ACTA_MAILBOX_COUNT_DEFAULT, "messages" },
        { "mailbox_bytes_max", ACTA_MAILBOX_BYTES_DEFAULT, "bytes" },
        { "budget", or_default(config->runtime.budget, ACTA_BUDGET_DEFAULT), "messages" },
        { "call_timeout_ms", ACTA_CALL_TIMEOUT_DEFAULT, "ms" },
        { "handler_limit_ms", or_default(config->runtime.handler_limit_ms, ACTA_HANDLER_LIMIT_DEFAULT), "ms" },
        { "spare_workers", or_default(config->runtime.spare_workers, ACTA_SPARE_WORKERS_DEFAULT), "threads" },
        { "offload_threads", or_default(config->runtime.offload_threads, ACTA_OFFLOAD_THREADS_DEFAULT), "threads" },
        { "offload_queue_max", or_default(config->runtime.offload_queue_max, ACTA_OFFLOAD_QUEUE_DEFAULT), "jobs" },
        { "intensity", ACTA_INTENSITY_DEFAULT, "restarts" },
        { "period_ms", ACTA_PERIOD_DEFAULT, "ms" },
        { "backoff_min_ms", ACTA_BACKOFF_MIN_DEFAULT, "ms" },
        { "backoff_max_ms", ACTA_BACKOFF_MAX_DEFAULT, "ms" },
        { "backoff_jitter", ACTA_BACKOFF_JITTER_DEFAULT, "percent" },
        { "shutdown_ms", ACTA_SHUTDOWN_DEFAULT, "ms" },
        { "window", ACTA_WINDOW_DEFAULT, "events" },
        { "database_window", ACTI_DATABASE_WINDOW_DEFAULT, "events" },
        { "projection_window", ACTI_PROJECTION_WINDOW_DEFAULT, "events" },
        { "projection_memory_bytes", ACTI_PROJECTION_MEMORY, "bytes" },
        { "retry_max", or_default(otherwise->retry_max, ACTI_RETRY_DEFAULT), "tries" },
        { "retry_first_ms", or_default(otherwise->backoff.first_ms, ACTI_RETRY_FIRST_MS), "ms" },
        { "retry_factor", or_default(otherwise->backoff.factor_percent, ACTI_RETRY_FACTOR_PERCENT), "percent" },
        { "retry_max_ms", or_default(otherwise->backoff.max_ms, ACTI_RETRY_MAX_MS), "ms" },
        { "retry_jitter", jitter_of(&otherwise->backoff), "percent" },
        { "concurrency", 1, "lanes" },
        { "batch_size", 1, "events" },
        { "checkpoint_count", ACTA_CHECKPOINT_COUNT_DEFAULT, "events" },
        { "checkpoint_ms", ACTA_CHECKPOINT_MS_DEFAULT, "ms" },
        { "parked_count_max", ACTI_PARKED_COUNT_MAX, "events" },
        { "aggregate_idle_ms", ACTI_AGGREGATE_IDLE_DEFAULT, "ms" },
        { "aggregate_memory_bytes", or_default(config->aggregate_memory_bytes, ACTI_AGGREGATE_MEMORY_DEFAULT),
            "bytes" },
        { "instance_idle_ms", ACTI_INSTANCE_IDLE_DEFAULT, "ms" },
        { "snapshot_every", ACTI_SNAPSHOT_EVERY_DEFAULT, "events" },
        { "command_id_retention_ms", or_default(config->command_id_retention_ms, ACTI_RETENTION_DEFAULT_MS), "ms" },
        { "audit_retention_ms", or_default(config->audit.retention_ms, ACTI_AUDIT_DEFAULT_MS), "ms" },
        { "commands_max", or_default(config->commands_max, ACTI_COMMANDS_DEFAULT), "commands" },
        { "conflict_retry_max", or_default(config->conflict_retry_max, ACTI_CONFLICT_RETRY_DEFAULT), "tries" },
        { "rehydration_max", or_default(config->rehydration_max, ACTI_REHYDRATION_DEFAULT), "instances" },
        { "stage_every", or_default(config->stage_every, ACTA_STAGE_EVERY_DEFAULT), "commands" },
        { "store_memory_bytes", or_default(config->store.memory_bytes, STORE_MEMORY_DEFAULT), "bytes" },
    };

    if (size > 0) text[0] = '\0';
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        const setting *s = &settings[i];
        int written = snprintf(length < size ? text + length : NULL, length < size ? size - length : 0,
            "%s %" PRIu64 " %s\n", s->name, s->value, s->unit);
        if (written > 0) length += (size_t)written;
    }
    return length;
}
