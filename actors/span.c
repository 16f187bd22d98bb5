/*
 * Spans: begun, ended, told to the sink.
 *
 * They are timed by the monotonic clock. What the Unix epoch is behind is looked up now and then, not for each, so that spans
 * that are within each other stay so.
 */
#include "span.h"
#include "counters.h"
#include "trace_place.h"

enum { MILLION = 1000000, NAME_MAX = 256 };
#define LOOK_AGAIN_NS UINT64_C(10000000000) /* at the wall clock */

typedef struct acti_tracer {
    acta_span_sink sink;
    uint64_t recorded_below;    /* traces whose half of an id is below: UINT64_MAX: all */
    _Atomic int64_t offset_ns;  /* of the Unix epoch to the monotonic clock's */
    _Atomic uint64_t offset_at; /* when that was looked up */
} acti_tracer;

/* Acquire: the tracer as it was made; pairs with acta_app_tell_spans. */
static acti_tracer *
tracer_of(const acta_app *app)
{
    return atomic_load_explicit(&app->tracer, memory_order_acquire);
}

/* -- life -- */

static void
look_at_clocks(const acta_app *app, acti_tracer *tracer, uint64_t now_ns)
{
    int64_t wall_ns = acti_wall_us(app) * 1000;

    /* Relaxed, both: whoever finds an old one of the two is off by what the clocks have drifted in that time. */
    atomic_store_explicit(&tracer->offset_ns, wall_ns - (int64_t)now_ns, memory_order_relaxed);
    atomic_store_explicit(&tracer->offset_at, now_ns, memory_order_relaxed);
}

static acta_status
check_sink(const acta_span_sink *sink, acta_error *error)
{
    if (sink->ended == NULL) return acta_error_set(error, ACTA_INVALID, "a sink of spans lacks .ended");
    if (sink->roots_per_million <= MILLION || sink->roots_per_million == ACTA_SPAN_NO_ROOTS) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "roots_per_million is %" PRIu32 "; up to a million, or ACTA_SPAN_NO_ROOTS, are expected",
        sink->roots_per_million);
}

static uint64_t
limit_of(uint32_t per_million)
{
    if (per_million == 0 || per_million == MILLION) return UINT64_MAX;
    return per_million == ACTA_SPAN_NO_ROOTS ? 0 : UINT64_MAX / MILLION * per_million;
}

acta_status
acta_app_tell_spans(acta_app *app, const acta_span_sink *sink, acta_error *error)
{
    ACTI_IN_CALL(app);
    acti_tracer *none = NULL;
    acta_status status = check_sink(sink, error);
    if (status != ACTA_OK) return status;

    acti_tracer *tracer = acti_alloc(app, sizeof *tracer);
    if (tracer == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to trace application '%s'", app->name);
    tracer->sink = *sink;
    tracer->recorded_below = limit_of(sink->roots_per_million);
    atomic_init(&tracer->offset_ns, 0);
    atomic_init(&tracer->offset_at, 0);
    look_at_clocks(app, tracer, acti_now_ns(app));
    /* Release: all that it is; pairs with tracer_of. */
    if (atomic_compare_exchange_strong_explicit(
            &app->tracer, &none, tracer, memory_order_release, memory_order_relaxed))
        return ACTA_OK;
    acti_free(app, tracer, sizeof *tracer);
    return acta_error_set(error, ACTA_ALREADY_EXISTS, "application '%s' tells its spans to a sink already", app->name);
}

void
acti_tracer_close(acta_app *app, uint32_t timeout_ms)
{
    acti_tracer *tracer = tracer_of(app);

    if (tracer == NULL) return;
    if (tracer->sink.close != NULL) tracer->sink.close(tracer->sink.user, timeout_ms);
    acti_free(app, tracer, sizeof *tracer);
    atomic_store_explicit(&app->tracer, NULL, memory_order_relaxed); /* nobody else is left */
}

bool
acta_app_has_span_sink(const acta_app *app)
{
    return acti_is_traced(app);
}

void
acta_app_count_spans(const acta_app *app, acta_span_counters *counters_out)
{
    ACTI_IN_CALL(app);
    const acti_tracer *tracer = tracer_of(app);

    *counters_out = (acta_span_counters){ .spans = 0 };
    if (tracer != NULL && tracer->sink.count != NULL) tracer->sink.count(tracer->sink.user, counters_out);
}

/* -- which are wanted -- */

/* By the half of the id that W3C wants to be random, so that all who record the same share record the same traces. */
static bool
is_of_share(const acti_tracer *tracer, const uint8_t trace_id[16])
{
    uint64_t half = 0;

    for (int i = 8; i < 16; i++)
        half = half << 8 | trace_id[i];
    return tracer->recorded_below == UINT64_MAX || half < tracer->recorded_below;
}

/* Zeros are no id. */
static void
draw_id(const acta_app *app, uint8_t *id, size_t size)
{
    uint8_t any = 0;

    app->environment.random.fill(app->environment.random.user, id, size);
    for (size_t i = 0; i < size; i++)
        any |= id[i];
    if (any == 0) id[size - 1] = 1;
}

static bool
begin_root(const acta_app *app, const acti_tracer *tracer, acta_span *span)
{
    if (tracer->recorded_below == 0) return false;
    draw_id(app, span->here.trace_id, sizeof span->here.trace_id);
    return is_of_share(tracer, span->here.trace_id);
}

static bool
begin_child(const acti_tracer *tracer, const acta_traceparent *parent, acta_span *span)
{
    bool is_wanted = tracer->sink.ignores_parent ? is_of_share(tracer, parent->trace_id)
                                                 : (parent->flags & ACTA_TRACE_RECORDED) != 0;
    if (!is_wanted || !acta_traceparent_is_set(parent)) return false;
    span->here = *parent;
    memcpy(span->parent_id, parent->span_id, sizeof span->parent_id);
    return true;
}

bool
acta_span_begin(acta_app *app, const acta_traceparent *parent, acta_span *span_out)
{
    const acti_tracer *tracer = tracer_of(app);
    acta_span span = { .begun_ns = 0 };

    *span_out = span;
    if (tracer == NULL) return false;
    if (!(parent == NULL ? begin_root(app, tracer, &span) : begin_child(tracer, parent, &span))) return false;
    draw_id(app, span.here.span_id, sizeof span.here.span_id);
    span.here.flags |= ACTA_TRACE_RECORDED;
    span.begun_ns = acti_now_ns(app);
    *span_out = span;
    return true;
}

/* -- telling -- */

static void
tell(const acta_app *app, const acta_span *span, uint64_t ended_ns, const acta_span_about *about)
{
    acti_tracer *tracer = tracer_of(app);
    acta_span_record record = { .span = span, .about = about };

    /* Relaxed, both: see look_at_clocks. */
    uint64_t looked_ns = atomic_load_explicit(&tracer->offset_at, memory_order_relaxed);
    if (ended_ns > looked_ns + LOOK_AGAIN_NS) look_at_clocks(app, tracer, acti_now_ns(app));
    uint64_t offset_ns = (uint64_t)atomic_load_explicit(&tracer->offset_ns, memory_order_relaxed);
    record.begun_ns = span->begun_ns + offset_ns;
    record.ended_ns = (ended_ns > span->begun_ns ? ended_ns : span->begun_ns) + offset_ns;
    tracer->sink.ended(tracer->sink.user, &record);
}

void
acta_span_end(acta_app *app, const acta_span *span, const acta_span_about *about)
{
    tell(app, span, acti_now_ns(app), about);
}

/* -- commands -- */

bool
acti_trace_begin(acta_app *app, acta_traceparent *trace, bool may_be_root, acta_span *span_out)
{
    bool is_root = may_be_root && !acta_traceparent_is_set(trace);

    if (!acta_span_begin(app, is_root ? NULL : trace, span_out)) return false;
    *trace = span_out->here;
    return true;
}

void
acti_trace_attach(acti_command *command, const acta_span *span)
{
    acti_command_trace *trace = acti_spare_alloc(command->app, sizeof *trace);

    if (trace != NULL) *trace = (acti_command_trace){ .span = *span, .metadata = command->metadata };
    command->trace = trace;
}

void
acti_trace_free(acti_command *command)
{
    acti_spare_free(command->app, command->trace, sizeof *command->trace);
}

void
acti_trace_executes(const acti_command *command)
{
    acti_command_trace *trace = command->trace;

    trace->executes_ns = acti_now_ns(command->app);
    if (trace->taken_ns == 0) trace->taken_ns = trace->executes_ns;
}

void
acti_trace_executed(const acti_command *command, uint32_t event_count)
{
    command->trace->executed_ns = acti_now_ns(command->app);
    command->trace->event_count = event_count;
}

void
acti_trace_durable(const acti_command *command, const acta_commit_result *result)
{
    command->trace->durable_ns = result->durable_ns;
}

static void
tell_stage(const acti_command *command, const char *name, uint64_t begun_ns, uint64_t ended_ns, acta_str trace_state)
{
    const acta_span_about about = { .kind = ACTA_SPAN_INTERNAL, .name = acta_str_of(name), .trace_state = trace_state };
    acta_span stage = command->trace->span;

    if (begun_ns == 0 || ended_ns == 0) return;
    memcpy(stage.parent_id, stage.here.span_id, sizeof stage.parent_id);
    draw_id(command->app, stage.here.span_id, sizeof stage.here.span_id);
    stage.begun_ns = begun_ns;
    tell(command->app, &stage, ended_ns, &about);
}

/* What only a command has that its aggregate has answered. */
static uint32_t
add_answer(const acti_command *command, acta_status status, acta_str trace_state, acta_log_field *fields)
{
    const acti_command_trace *trace = command->trace;
    uint32_t count = 0;

    tell_stage(command, "queue", trace->span.begun_ns, trace->taken_ns, trace_state);
    tell_stage(command, "execute", trace->executes_ns, trace->executed_ns, trace_state);
    tell_stage(command, "commit", trace->durable_ns != 0 ? trace->executed_ns : 0, trace->durable_ns, trace_state);
    if (command->decisions > 1) fields[count++] = acta_log_number("acta.decisions", command->decisions);
    if (status != ACTA_OK) return count;
    fields[count++] = acta_log_number("acta.events", trace->executed_ns != 0 ? trace->event_count : 0);
    if (command->position != 0) fields[count++] = acta_log_number("acta.position", command->position);
    return count;
}

void
acti_trace_answered(const acti_command *command, acta_status status, bool by_aggregate)
{
    enum { FIELDS_MAX = 8 };
    acti_command_trace *trace = command->trace;
    const char *command_name = acti_command_table(command)->name;
    char name[NAME_MAX], room[ACTA_TRACESTATE_MAX];
    acta_log_field fields[FIELDS_MAX];
    uint32_t count = 0;
    if (trace->is_told) return;

    trace->is_told = true;
    uint64_t now_ns = acti_now_ns(command->app);
    const acti_trace_place place = acti_trace_place_of(trace->metadata, room);
    snprintf(name, sizeof name, "dispatch %s", command_name);
    fields[count++] = acta_log_text("acta.command", acta_str_of(command_name));
    fields[count++] = acta_log_text("acta.aggregate", acta_str_of(command->aggregate->code->name));
    fields[count++] = acta_log_text("acta.status", acta_str_of(acta_status_name(status)));
    if (by_aggregate && (status == ACTA_OK || status == ACTA_REJECTED))
        count += add_answer(command, status, place.state, fields + count);
    const acta_span_about about = { .kind = ACTA_SPAN_INTERNAL,
        .name = acta_str_of(name),
        .has_failed = status != ACTA_OK && status != ACTA_REJECTED,
        .fields = fields,
        .field_count = count,
        .trace_state = place.state };
    tell(command->app, &trace->span, now_ns, &about);
}

/* -- events -- */

bool
acti_trace_event_begin(const acti_reader *reader, const acta_recorded *recorded, acta_span *span_out)
{
    const acta_traceparent trace = acta_traceparent_of(recorded->metadata);

    if (!acta_traceparent_is_set(&trace) || acti_reader_is_replay(reader, recorded->position)) return false;
    return acta_span_begin(reader->app, &trace, span_out);
}

void
acti_trace_event_end(
    const acti_reader *reader, const acta_recorded *recorded, const acta_span *span, acta_status status)
{
    char name[NAME_MAX], room[ACTA_TRACESTATE_MAX];
    const acta_log_field fields[] = { acta_log_text("acta.reader", acta_str_of(reader->name)),
        acta_log_text("acta.event", recorded->type), acta_log_number("acta.position", recorded->position),
        acta_log_text("acta.status", acta_str_of(acta_status_name(status))) };

    snprintf(name, sizeof name, "%s " ACTA_FMT, reader->name, ACTA_ARG(recorded->type));
    const acta_span_about about = { .kind = ACTA_SPAN_CONSUMER,
        .name = acta_str_of(name),
        .has_failed = status != ACTA_OK,
        .fields = fields,
        .field_count = sizeof fields / sizeof fields[0],
        .trace_state = acti_trace_place_of(recorded->metadata, room).state };
    tell(reader->app, span, acti_now_ns(reader->app), &about);
}
