/*
 * Limit of a log: how often each event was told in the second that it is in. Events are few, and their names are literals: a
 * table that is searched from its beginning. One that finds no room in it is not limited.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "acta/environment.h"

enum { EVENTS_MAX = 96, PER_SECOND_DEFAULT = 100, NS_PER_S = 1000000000 };

typedef struct event_count {
    const char *event;
    acta_log_level level;
    uint64_t begun_ns; /* its second */
    uint64_t told, left_out;
} event_count;

struct acta_log_limit {
    acta_log to;
    acta_environment environment;
    uint32_t per_second;
    atomic_flag lock; /* of the table, for a few instructions; nobody is called under it */
    event_count events[EVENTS_MAX];
    uint32_t count;
};

/* Under the lock; NULL: no room. */
static event_count *
find(acta_log_limit *limit, const char *event)
{
    for (uint32_t i = 0; i < limit->count; i++)
        if (strcmp(limit->events[i].event, event) == 0) return &limit->events[i];
    if (limit->count == EVENTS_MAX) return NULL;
    limit->events[limit->count] = (event_count){ .event = event };
    return &limit->events[limit->count++];
}

/* May it be told? And how many were not, before it. */
static bool
note(acta_log_limit *limit, const acta_log_record *record, uint64_t now_ns, uint64_t *left_out)
{
    bool is_told = true;

    *left_out = 0;
    /* Acquire: the table as whoever had the lock before has left it; pairs with the release below. */
    while (atomic_flag_test_and_set_explicit(&limit->lock, memory_order_acquire)) {}
    event_count *e = find(limit, record->event);
    if (e != NULL) {
        e->level = record->level;
        if (e->told == 0 || now_ns - e->begun_ns >= NS_PER_S) {
            *left_out = e->left_out;
            e->begun_ns = now_ns;
            e->told = e->left_out = 0;
        }
        is_told = e->told < limit->per_second;
        if (is_told)
            e->told++;
        else
            e->left_out++;
    }
    atomic_flag_clear_explicit(&limit->lock, memory_order_release);
    return is_told;
}

static void
pass(void *user, const acta_log_record *given)
{
    acta_log_limit *limit = user;
    const acta_clock *clock = &limit->environment.clock;
    char text[ACTA_LOG_LINE_MAX + 64];
    acta_log_record record = *given;

    if (!note(limit, given, clock->monotonic_ns(clock->user), &record.left_out)) return;
    if (record.left_out > 0) {
        int length = snprintf(text, sizeof text, ACTA_FMT " (%" PRIu64 " more of these were left out)",
            ACTA_ARG(given->line), record.left_out);
        if (length > 0 && (size_t)length < sizeof text) record.line = acta_str_from(text, (size_t)length);
    }
    acta_log_pass(&limit->to, &record);
}

acta_status
acta_log_limit_create(
    const acta_log *to, const acta_log_limit_config *config, acta_log_limit **limit_out, acta_error *error)
{
    const acta_environment environment = acta_environment_or_default(config != NULL ? config->environment : NULL);
    const acta_allocator *allocator = &environment.allocator;

    if (to->write == NULL && to->record == NULL)
        return acta_error_set(error, ACTA_INVALID, "a limit of a log that goes nowhere; set .write or .record");
    acta_log_limit *limit = allocator->alloc(allocator->user, sizeof *limit);
    if (limit == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the limit of a log");
    *limit = (acta_log_limit){ .to = *to, .environment = environment, .lock = ATOMIC_FLAG_INIT };
    limit->per_second = config != NULL && config->per_second != 0 ? config->per_second : PER_SECOND_DEFAULT;
    *limit_out = limit;
    return ACTA_OK;
}

static void
tell_rest(const acta_log_limit *limit, const event_count *e)
{
    acta_log_record record = { .level = e->level, .event = e->event, .left_out = e->left_out };
    const char *dot = strchr(e->event, '.');
    char text[256];

    int length = snprintf(text, sizeof text, "%" PRIu64 " more of '%s' were left out", e->left_out, e->event);
    record.line = acta_str_from(text, length > 0 && (size_t)length < sizeof text ? (size_t)length : 0);
    record.area = acta_str_from(e->event, dot != NULL ? (size_t)(dot - e->event) : 0);
    acta_log_pass(&limit->to, &record);
}

void
acta_log_limit_destroy(acta_log_limit *limit)
{
    if (limit == NULL) return;
    for (uint32_t i = 0; i < limit->count; i++)
        if (limit->events[i].left_out > 0) tell_rest(limit, &limit->events[i]);
    acta_allocator allocator = limit->environment.allocator;
    allocator.free(allocator.user, limit, sizeof *limit);
}

acta_log
acta_log_limit_hook(acta_log_limit *limit)
{
    return (acta_log){ .user = limit, .record = pass };
}
