/*
 * Worker: the actor that handles the events of one lane, a batch at a time.
 *
 *     batch --> old events upcast --> handle_batch(all)  or  on.X(each) until one fails --> answer
 */
#include "handler_lanes.h"
#include "span.h"

typedef struct worker {
    const acti_reader *reader;
    acta_self *self;
    acta_allocator allocator;
    acta_handling handling;
    acta_memory *memory; /* of the batch in hand; cleared with the next */
} worker;

/* The events of a batch, as the schema has them now. */
typedef struct event_list {
    acta_batch_event *events;
    acti_handled *handled; /* where events[i].recorded points */
    uint32_t *numbers;     /* among the reader's events */
    uint32_t count, capacity;
} event_list;

static acta_status
no_memory(acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a batch of events");
}

static bool
grow(worker *w, event_list *list)
{
    uint32_t capacity = list->capacity * 2 + 8;
    event_list wider = *list;

    wider.capacity = capacity;
    wider.events = acta_memory_alloc(w->memory, capacity * sizeof *wider.events);
    wider.handled = acta_memory_alloc(w->memory, capacity * sizeof *wider.handled);
    wider.numbers = acta_memory_alloc(w->memory, capacity * sizeof *wider.numbers);
    if (wider.events == NULL || wider.handled == NULL || wider.numbers == NULL) return false;
    for (uint32_t i = 0; list->handled != NULL && i < list->count; i++) {
        wider.handled[i] = list->handled[i];
        wider.events[i] = list->events[i];
        wider.events[i].recorded = &wider.handled[i].recorded;
        wider.numbers[i] = list->numbers[i];
    }
    *list = wider;
    return true;
}

static acta_status
add(worker *w, event_list *list, const acta_recorded *recorded, uint32_t number, acta_error *error)
{
    bool is_full = list->handled == NULL || list->count == list->capacity;
    if (is_full && !grow(w, list)) return no_memory(error);
    acti_handled *handled = &list->handled[list->count];
    handled->recorded = *recorded;
    handled->handling = w->handling;
    handled->handling.is_replay = acti_reader_is_replay(w->reader, recorded->position);
    list->events[list->count] = (acta_batch_event){
        .table = w->reader->events[number], .payload = recorded->payload, .recorded = &handled->recorded
    };
    list->numbers[list->count++] = number;
    return ACTA_OK;
}

/* What an old event has become; what of it this handler doesn't know it is not told of. */
static acta_status
add_old(worker *w, event_list *list, const acti_item *item, acti_upcasted *upcasted, acta_error *error)
{
    acta_status status = acti_upcast(w->reader->app, &w->allocator, &item->recorded, item->old, upcasted, error);

    for (uint32_t i = 0; status == ACTA_OK && i < upcasted->count; i++) {
        acta_recorded recorded = acti_upcast_recorded(&item->recorded, &upcasted->events[i]);
        uint32_t number;
        if (acti_names_find(&w->reader->names, recorded.type, &number)) status = add(w, list, &recorded, number, error);
    }
    return status;
}

/* A span for each event, in the trace that it is of, all as long as the batch. */
static void
trace_all(const acti_reader *reader, const event_list *list, uint64_t begun_ns, acta_status status)
{
    acta_span span;

    for (uint32_t i = 0; i < list->count; i++) {
        const acta_recorded *recorded = list->events[i].recorded;
        if (!acti_trace_event_begin(reader, recorded, &span)) continue;
        span.begun_ns = begun_ns;
        acti_trace_event_end(reader, recorded, &span, status);
    }
}

static acta_status
handle_all(worker *w, const event_list *list, acta_error *error)
{
    const acti_reader *reader = w->reader;
    acta_status status = ACTA_OK;

    if (list->count == 0) return ACTA_OK;
    w->handling.is_replay = list->handled[0].handling.is_replay;
    if (reader->options->handle_batch != NULL) {
        const acta_recorded *first = list->events[0].recorded;
        uint64_t begun_ns = acti_is_traced(reader->app) ? acti_now_ns(reader->app) : 0;
        ACTA_PROBE4(handler, reader->name, first->position, first->type.data, first->type.size);
        status = reader->options->handle_batch(acti_user_of(reader), &w->handling, list->events, list->count, error);
        ACTA_PROBE3(handler_done, reader->name, first->position, status);
        if (begun_ns != 0) trace_all(reader, list, begun_ns, status);
        if (status != ACTA_OK && error->text[0] == '\0')
            acta_error_set(error, status, "handler '%s' returned %s", reader->name, acta_status_name(status));
        return status;
    }
    for (uint32_t i = 0; status == ACTA_OK && i < list->count; i++)
        status = acti_handle_one(reader, &w->handling, list->numbers[i], &list->handled[i].recorded, error);
    return status;
}

static acta_status
handle_again(worker *w, event_list *list, acta_error *error)
{
    for (uint32_t i = 0; i < list->count; i++)
        list->handled[i].recorded.replaying = true;
    return handle_all(w, list, error);
}

static acta_status
handle(worker *w, const acti_lane_batch *batch, acta_error *error)
{
    event_list list = { .events = NULL };
    acta_status status = ACTA_OK;

    error->text[0] = '\0';
    acta_memory_clear(w->memory);
    w->handling.attempts = batch->attempts;
    acti_upcasted *upcasted = acta_memory_alloc(w->memory, batch->count * sizeof *upcasted);
    if (upcasted == NULL) return no_memory(error);
    memset(upcasted, 0, batch->count * sizeof *upcasted);
    for (uint32_t i = 0; status == ACTA_OK && i < batch->count; i++) {
        const acti_item *item = batch->items[i];
        if (item->old != 0)
            status = add_old(w, &list, item, &upcasted[i], error);
        else
            status = add(w, &list, &item->recorded, item->event, error);
    }
    if (status == ACTA_OK) status = handle_all(w, &list, error);
    if (status == ACTA_OK && ACTA_SIM_CHANCE(&w->reader->app->environment, "lane.told.twice", 25))
        status = handle_again(w, &list, error);
    for (uint32_t i = 0; i < batch->count; i++)
        acti_upcasted_deinit(&upcasted[i]);
    return status;
}

/* -- callbacks -- */

static acta_status
worker_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    const acti_worker_argument *given = argument;
    const acta_reader_options *options = given->reader->options;
    worker *w = state;
    acta_memory *memory = acta_self_memory(self);
    void *own = options->state_size > 0 ? acta_alloc(self, options->state_size) : NULL;

    if (memory == NULL || (options->state_size > 0 && own == NULL)) return no_memory(error);
    w->reader = given->reader;
    w->self = self;
    w->allocator = acti_allocator_over(memory);
    w->memory = acta_memory_create(&w->allocator);
    w->handling = acti_handling_of_reader(given->reader, given->number, own);
    if (w->memory == NULL) return no_memory(error);
    return options->init != NULL ? options->init(acti_user_of(w->reader), &w->handling, error) : ACTA_OK;
}

static acta_next
worker_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    worker *w = state;
    acta_error error;
    (void)self;

    acta_status status = handle(w, message->payload, &error);
    /* What it answered is the user's: none of the ways in which no answer comes. */
    acta_reply(w->reader->app->runtime, from, status == ACTA_OK ? ACTA_OK : ACTA_REJECTED, NULL, &error);
    return ACTA_NEXT;
}

const acta_behaviour acti_worker_behaviour = {
    .name = "event handler's worker",
    .state_size = sizeof(worker),
    .init = worker_init,
    .handle_call = worker_call,
};
