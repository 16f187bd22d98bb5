/*
 * Event handlers: the user's function for each event, at least once, in the order of each key.
 *
 * Here those that are called where the reader runs; those with lanes (several at once, batches) are handler_lanes.c.
 */
#include "span.h"

/* -- a call -- */

const acta_handling *
acta_handling_of(const acta_recorded *recorded)
{
    const acti_handled *handled = (const acti_handled *)(const void *)recorded;
    return &handled->handling;
}

acta_handling
acti_handling_of_reader(const acti_reader *reader, uint32_t worker, void *state)
{
    return (acta_handling){ .app = reader->app, .name = reader->name, .state = state, .worker = worker };
}

acta_status
acti_handle_one(const acti_reader *reader, const acta_handling *handling, uint32_t event, const acta_recorded *recorded,
    acta_error *error)
{
    const acta_event_handler *handler = reader->given.handler;
    acti_handled handled = { .recorded = *recorded, .handling = *handling };

    handled.handling.is_replay = acti_reader_is_replay(reader, recorded->position);
    acta_span span;
    bool is_traced = acti_is_traced(reader->app) && acti_trace_event_begin(reader, recorded, &span);
    ACTA_PROBE4(handler, handler->name, recorded->position, recorded->type.data, recorded->type.size);
    acta_status status = handler->code->handle(handler, event, recorded->payload, &handled.recorded, error);
    ACTA_PROBE3(handler_done, handler->name, recorded->position, status);
    if (is_traced) acti_trace_event_end(reader, recorded, &span, status);
    if (status != ACTA_OK && error->text[0] == '\0')
        acta_error_set(error, status, "handler '%s' returned %s", handler->name, acta_status_name(status));
    return status;
}

/* -- where the reader runs -- */

typedef struct direct {
    acta_handling handling;
} direct;

static acta_status
open_direct(acti_reader_actor *r, acta_error *error)
{
    const acta_reader_options *options = r->reader->options;
    direct *d = r->kind_state;
    void *state = options->state_size > 0 ? acta_alloc(r->self, options->state_size) : NULL;
    acta_status status = ACTA_OK;

    if (options->state_size > 0 && state == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the state of a handler");
    acta_free(r->self, d->handling.state); /* of before a reset */
    d->handling = acti_handling_of_reader(r->reader, 0, state);
    if (options->init != NULL) status = options->init(acti_user_of(r->reader), &d->handling, error);
    if (status == ACTA_OK && options->after_start != NULL) options->after_start(acti_user_of(r->reader), &d->handling);
    return status;
}

static acta_status
handle_one(acti_reader_actor *r, const acti_item *item, acta_error *error)
{
    direct *d = r->kind_state;

    d->handling.attempts = item->aside != NULL ? item->aside->attempts : 0;
    return acti_handle_one(r->reader, &d->handling, item->event, &item->recorded, error);
}

static acti_work
handle(acti_reader_actor *r, const acti_item *item, acta_str key, acta_error *error)
{
    (void)key;

    error->text[0] = '\0';
    acta_status status = acti_item_each(r, item, handle_one, error);
    if (status == ACTA_OK && ACTA_SIM_CHANCE(&r->app->environment, "handler.told.twice", 25)) {
        acti_item again = *item;
        again.recorded.replaying = true;
        status = acti_item_each(r, &again, handle_one, error);
    }
    return status == ACTA_OK ? ACTI_WORK_DONE : ACTI_WORK_FAILED;
}

static acta_status
before_reset(acti_reader_actor *r, acta_error *error)
{
    const direct *d = r->kind_state;
    const acta_reader_options *options = r->reader->options;

    if (options->before_reset == NULL) return ACTA_OK;
    return options->before_reset(acti_user_of(r->reader), &d->handling, error);
}

const acti_reader_kind acti_handler_kind = {
    .name = "event handler",
    .state_size = sizeof(direct),
    .open = open_direct,
    .work = handle,
    .before_reset = before_reset,
};
