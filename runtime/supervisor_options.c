/*
 * What the specs and the options of a supervisor must be, and what stands for a zero in them.
 */
#include "supervisor_internal.h"

#include <stdarg.h>

static acta_status ACTA_PRINTF(4, 5)
    refuse(acta_error *error, acta_spec_error code, const char *field, const char *format, ...)
{
    char text[ACTA_ERROR_TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    acta_error_set(error, ACTA_INVALID, "%s", text);
    if (error == NULL) return ACTA_INVALID;
    error->code = (uint32_t)code;
    snprintf(error->where, sizeof error->where, "%s", field);
    return ACTA_INVALID;
}

/* -- specs -- */

static acta_status
check_start(const acta_child_spec *spec, acta_error *error)
{
    if (spec->start.behaviour == NULL && spec->type != ACTA_SUPERVISOR)
        return refuse(error, ACTA_SPEC_BEHAVIOUR, "start.behaviour", "child '%s': no behaviour to start", spec->id);
    if (spec->start.link != NULL || spec->start.monitor != NULL || spec->start.monitor_out != NULL)
        return refuse(error, ACTA_SPEC_LINK, "start.link", "child '%s': it is linked to its supervisor only", spec->id);
    if (spec->argument_size > 0 && spec->start.argument == NULL)
        return refuse(error, ACTA_SPEC_ARGUMENT, "argument_size", "child '%s': %zu bytes of no argument", spec->id,
            spec->argument_size);
    if (spec->argument_size > ACTI_ARGUMENT_MAX)
        return refuse(error, ACTA_SPEC_ARGUMENT, "argument_size",
            "child '%s': an argument of %zu bytes can't be copied, %d at most", spec->id, spec->argument_size,
            ACTI_ARGUMENT_MAX);
    return ACTA_OK;
}

static acta_status
check_shutdown(const acta_child_spec *spec, acta_error *error)
{
    if (spec->shutdown_ms > INT32_MAX && spec->shutdown_ms != ACTA_INFINITE)
        return refuse(error, ACTA_SPEC_SHUTDOWN, "shutdown_ms",
            "child '%s': shutdown_ms %u is neither 0 to %d nor ACTA_INFINITE", spec->id, spec->shutdown_ms, INT32_MAX);
    if (spec->brutal_kill && spec->shutdown_ms != 0)
        return refuse(error, ACTA_SPEC_SHUTDOWN, "brutal_kill",
            "child '%s': one that is killed at once has no shutdown_ms (%u)", spec->id, spec->shutdown_ms);
    return ACTA_OK;
}

static acta_status
check_significant(const acta_child_spec *spec, acta_auto_shutdown auto_shutdown, acta_error *error)
{
    if (!spec->significant) return ACTA_OK;
    if (spec->restart == ACTA_PERMANENT)
        return refuse(error, ACTA_SPEC_SIGNIFICANT, "significant",
            "child '%s': a permanent child can't be significant, for it never ends", spec->id);
    if (auto_shutdown == ACTA_AUTO_SHUTDOWN_NEVER)
        return refuse(error, ACTA_SPEC_SIGNIFICANT, "significant",
            "child '%s': significant means nothing where auto_shutdown is never", spec->id);
    return ACTA_OK;
}

acta_status
acti_spec_check(const acta_child_spec *spec, acta_auto_shutdown auto_shutdown, acta_error *error)
{
    if (spec->id == NULL || spec->id[0] == '\0') return refuse(error, ACTA_SPEC_ID, "id", "a child has no id");
    if ((unsigned)spec->restart > ACTA_TEMPORARY)
        return refuse(
            error, ACTA_SPEC_RESTART, "restart", "child '%s': %d is no kind of restart", spec->id, (int)spec->restart);
    if ((unsigned)spec->type > ACTA_SUPERVISOR)
        return refuse(error, ACTA_SPEC_TYPE, "type", "child '%s': %d is no type: worker or supervisor", spec->id,
            (int)spec->type);
    acta_status status = check_start(spec, error);
    if (status == ACTA_OK) status = check_shutdown(spec, error);
    if (status == ACTA_OK) status = check_significant(spec, auto_shutdown, error);
    return status;
}

acta_status
acti_spec_taken(const char *id, acta_error *error)
{
    return refuse(error, ACTA_SPEC_ID_TAKEN, "id", "two children have the id '%s'", id);
}

void
acti_spec_fill(acta_child_spec *spec)
{
    if (spec->start.behaviour == NULL) spec->start.behaviour = acta_supervisor_behaviour(); /* by its type */
    if (spec->start.behaviour == acta_supervisor_behaviour()) spec->type = ACTA_SUPERVISOR;
    if (spec->shutdown_ms != 0 || spec->brutal_kill) return;
    spec->shutdown_ms = spec->type == ACTA_SUPERVISOR ? ACTA_INFINITE : ACTA_SHUTDOWN_DEFAULT;
}

/* -- options -- */

static acta_backoff
fill_backoff(const acta_backoff *b)
{
    return (acta_backoff){
        .min_ms = b->min_ms != 0 ? b->min_ms : ACTA_BACKOFF_MIN_DEFAULT,
        .max_ms = b->max_ms != 0 ? b->max_ms : ACTA_BACKOFF_MAX_DEFAULT,
        .jitter_percent = b->jitter_percent != 0 ? b->jitter_percent : ACTA_BACKOFF_JITTER_DEFAULT,
        .first_at_once = b->first_at_once,
    };
}

static acta_status
check_backoff(const acta_backoff *given, acta_error *error)
{
    acta_backoff b = fill_backoff(given);

    if (b.min_ms > b.max_ms)
        return refuse(
            error, ACTA_FLAG_BACKOFF, "backoff", "backoff: min_ms %u is more than max_ms %u", b.min_ms, b.max_ms);
    if (b.jitter_percent > 100)
        return refuse(
            error, ACTA_FLAG_BACKOFF, "backoff", "backoff: jitter_percent %u is more than 100", b.jitter_percent);
    return ACTA_OK;
}

static acta_status
check_flags(const acta_supervisor_options *options, acta_error *error)
{
    uint32_t intensity = options->intensity;

    if ((unsigned)options->strategy > ACTA_SIMPLE_ONE_FOR_ONE)
        return refuse(error, ACTA_FLAG_STRATEGY, "strategy", "%d is no strategy", (int)options->strategy);
    if (intensity > ACTA_INTENSITY_MAX && intensity != ACTA_INTENSITY_NONE && intensity != ACTA_INTENSITY_UNLIMITED)
        return refuse(error, ACTA_FLAG_INTENSITY, "intensity",
            "intensity %u is over %d: ACTA_INTENSITY_UNLIMITED is any number", intensity, ACTA_INTENSITY_MAX);
    if (options->period_ms > INT32_MAX)
        return refuse(error, ACTA_FLAG_PERIOD, "period_ms", "period_ms %u is over %d", options->period_ms, INT32_MAX);
    if ((unsigned)options->auto_shutdown > ACTA_AUTO_SHUTDOWN_ALL)
        return refuse(
            error, ACTA_FLAG_AUTO_SHUTDOWN, "auto_shutdown", "%d is no auto_shutdown", (int)options->auto_shutdown);
    if (options->strategy == ACTA_SIMPLE_ONE_FOR_ONE && options->auto_shutdown != ACTA_AUTO_SHUTDOWN_NEVER)
        return refuse(error, ACTA_FLAG_AUTO_SHUTDOWN, "auto_shutdown",
            "a simple_one_for_one can't end with its children: auto_shutdown must be never");
    return check_backoff(&options->backoff, error);
}

acta_status
acti_options_check(const acta_supervisor_options *options, acta_error *error)
{
    if (options == NULL) return acta_error_set(error, ACTA_INVALID, "a supervisor needs its options as argument");
    acta_status status = check_flags(options, error);
    if (status != ACTA_OK) return status;
    if (options->child_count > 0 && options->children == NULL)
        return refuse(error, ACTA_FLAG_CHILDREN, "children", "%u children without a table", options->child_count);
    if (options->strategy == ACTA_SIMPLE_ONE_FOR_ONE && options->child_count != 1)
        return refuse(error, ACTA_FLAG_CHILDREN, "child_count",
            "a simple_one_for_one has exactly one spec, from which all children are made, not %u",
            options->child_count);
    for (uint32_t i = 0; i < options->child_count; i++) {
        status = acti_spec_check(&options->children[i], options->auto_shutdown, error);
        if (status != ACTA_OK) return status;
    }
    return ACTA_OK;
}

acta_status
acti_options_check_change(const acti_supervisor *s, const acta_supervisor_options *options, acta_error *error)
{
    acta_status status = acti_options_check(options, error);

    if (status != ACTA_OK) return status;
    if (acti_is_dynamic(s) != (options->strategy == ACTA_SIMPLE_ONE_FOR_ONE))
        return refuse(
            error, ACTA_FLAG_STRATEGY, "strategy", "a simple_one_for_one stays one, and others don't become one");
    for (uint32_t i = 0; i < options->child_count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(options->children[i].id, options->children[k].id) == 0)
                return acti_spec_taken(options->children[i].id, error);
        }
    }
    return ACTA_OK;
}

void
acti_options_take(acti_supervisor *s, const acta_supervisor_options *options)
{
    const acta_backoff *b = &options->backoff;

    s->has_backoff = b->min_ms != 0 || b->max_ms != 0 || b->jitter_percent != 0 || b->first_at_once;
    s->flags = (acta_supervisor_options){
        .strategy = options->strategy,
        .intensity = options->intensity != 0 ? options->intensity : ACTA_INTENSITY_DEFAULT,
        .period_ms = options->period_ms != 0 ? options->period_ms : ACTA_PERIOD_DEFAULT,
        .auto_shutdown = options->auto_shutdown,
    };
    if (s->has_backoff) s->flags.backoff = fill_backoff(b);
}
