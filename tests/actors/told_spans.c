/*
 * Told spans. See told_spans.h.
 */
#include "told_spans.h"

#include <pthread.h>

told seen;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of it, where there are several threads */

static void
take_span(void *user, const acta_span_record *record)
{
    told *all = user;
    pthread_mutex_lock(&lock);
    assert_true(all->count < SPANS_MAX);
    told_span *to = &all->spans[all->count++];
    size_t size = 0;

    *to = (told_span){ .span = *record->span,
        .kind = record->about->kind,
        .has_failed = record->about->has_failed,
        .begun_ns = record->begun_ns,
        .ended_ns = record->ended_ns };
    snprintf(to->name, sizeof to->name, ACTA_FMT, ACTA_ARG(record->about->name));
    for (uint32_t i = 0; i < record->about->field_count; i++) {
        const acta_log_field *field = &record->about->fields[i];
        char *at = to->fields + size;
        if (field->kind == ACTA_LOG_TEXT)
            size += (size_t)snprintf(at, FIELDS_SIZE - size, "%s=" ACTA_FMT ";", field->name, ACTA_ARG(field->text));
        else
            size += (size_t)snprintf(at, FIELDS_SIZE - size, "%s=%" PRIu64 ";", field->name, field->number);
        assert_true(size < FIELDS_SIZE);
    }
    pthread_mutex_unlock(&lock);
}

static void
take_close(void *user, uint32_t timeout_ms)
{
    told *all = user;
    all->closed++;
    all->timeout_ms = timeout_ms;
}

static void
take_count(void *user, acta_span_counters *counters_out)
{
    counters_out->spans = ((const told *)user)->count;
}

const acta_span_sink sink = { .ended = take_span, .close = take_close, .count = take_count, .user = &seen };

static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
static const acta_projection *const projections[] = { &ledger_rows.base, NULL };

void
start_traced(fixture *f, const acta_span_sink *to)
{
    f->config.process_managers = managers;
    f->config.projections = projections;
    f->config.command_id_retention_ms = 3600000;
    start(f);
    MUST(f, acta_app_tell_spans(f->app, to, &f->error));
}

int
set_up_spans(void **state)
{
    seen.count = seen.closed = 0;
    return set_up_manual(state);
}

/* -- looking -- */

uint32_t
count_named(const char *name)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < seen.count; i++)
        count += strcmp(seen.spans[i].name, name) == 0;
    return count;
}

const told_span *
only(const char *name)
{
    const told_span *found = NULL;

    assert_int_equal(count_named(name), 1);
    for (uint32_t i = 0; i < seen.count; i++)
        if (strcmp(seen.spans[i].name, name) == 0) found = &seen.spans[i];
    assert_non_null(found);
    return found;
}

bool
has(const told_span *span, const char *field)
{
    return strstr(span->fields, field) != NULL;
}

const told_span *
parent_of(const told_span *span)
{
    for (uint32_t i = 0; i < seen.count; i++)
        if (memcmp(seen.spans[i].span.here.span_id, span->span.parent_id, 8) == 0) return &seen.spans[i];
    return NULL;
}

void
is_below(const told_span *span, const char *parent)
{
    const told_span *above = parent_of(span);

    if (above == NULL || strcmp(above->name, parent) != 0)
        fail_msg("%s is below %s, not %s", span->name, above != NULL ? above->name : "nothing", parent);
}

void
all_named_are_below(const char *name, const char *parent)
{
    assert_true(count_named(name) > 0);
    for (uint32_t i = 0; i < seen.count; i++)
        if (strcmp(seen.spans[i].name, name) == 0) is_below(&seen.spans[i], parent);
}

void
ids_differ(void)
{
    for (uint32_t i = 0; i < seen.count; i++)
        for (uint32_t k = 0; k < i; k++)
            assert_memory_not_equal(seen.spans[i].span.here.span_id, seen.spans[k].span.here.span_id, 8);
}

uint32_t
read_traces(fixture *f, acta_traceparent *traces, uint32_t count_max)
{
    acta_cursor *cursor;
    acta_recorded event;
    uint32_t count = 0;

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        if (event.type.data[0] == '$') continue;
        assert_true(count < count_max);
        traces[count++] = acta_traceparent_of(event.metadata);
    }
    acta_cursor_close(cursor);
    return count;
}

acta_status
start_job_in(fixture *f, const char *trace, const acta_dispatch_options *given)
{
    const acta_metadata_entry entry = { S(ACTA_TRACEPARENT), acta_str_of(trace) };
    acta_dispatch_options options = given != NULL ? *given : (acta_dispatch_options){ .timeout_ms = 0 };
    acta_str names[] = { S("kurt-4711"), S("kuni-4711") };

    if (trace != NULL) options.metadata = &entry;
    if (trace != NULL) options.metadata_count = 1;
    return ledger_StartJob_dispatch(f->app,
        ACTA_INIT(ledger_StartJob, .job_id = S("job-4711"), .counters = { .data = names, .count = 2 }, .amount = 1),
        &options, &f->error);
}
