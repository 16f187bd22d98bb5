/*
 * An event in an instance of a process manager: handle, apply, and the batch of it.
 *
 *     event --> seen before? stopped behind it? --yes--> done
 *                        | no
 *                        v
 *                     handle --> commands --> apply --> state, last position, outbox: one batch
 *
 * An event that is not behind the instance's last position was done before, and is answered so. A stopped instance's rows
 * go; that it was stopped is remembered by the router (manager_ended.c), and looked up by an instance that is to begin
 * once its router has begun anew. An old event may have become several: all of them are one batch.
 */
#include "manager_story.h"
#include "span.h"

static const acti_item *
item_in_hand(const acti_instance *i)
{
    return i->ticket->event->payload;
}

/* -- its batch -- */

acta_status
acti_instance_make_row(acti_instance *i, acta_bytes *row_out, acta_error *error)
{
    const acta_table *table = i->code->state;
    acti_instance_head head = {
        .last_position = i->last_position, .schema_hash = table->schema_hash, .is_ending = i->is_ending
    };
    if (!i->is_ending)
        head.associations = acta_bytes_from(i->associations.ids, i->associations.count * sizeof(acta_id));
    acta_memory_sink sink = acta_memory_sink_of(i->scratch);
    acta_status status = acti_personal_write(i->app, table, i->value, i->scratch, &sink.sink, error);
    if (status != ACTA_OK) return status;

    *row_out = acti_instance_encode(&head, sink.bytes, i->scratch);
    if (row_out->data == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for an instance's row");
    return ACTA_OK;
}

acta_status
acti_instance_put(acti_instance *i, acta_transaction *batch, acta_error *error)
{
    acta_bytes row;

    acta_status status = acti_instance_make_row(i, &row, error);
    if (status == ACTA_OK) acta_transaction_put(batch, i->tables.state.text, acta_str_bytes(i->id), row);
    return status;
}

/* In the outbox's row, or in its own: the first of its rows is, and what is ending has nothing behind that. */
static acta_status
put_state(acti_instance *i, acta_transaction *batch, acta_error *error)
{
    bool in_outbox = i->is_row_stored && !i->is_ending && i->next_outbox.commands.count > 0;

    return in_outbox ? acti_instance_make_row(i, &i->next_outbox.instance, error) : acti_instance_put(i, batch, error);
}

/* Rows of what is new, or of none when it ends. */
static void
put_associations(const acti_instance *i, acta_transaction *batch, bool ends)
{
    uint8_t room[ACTI_ASSOCIATED_KEY_MAX];

    for (uint32_t k = 0; k < i->associations.count; k++) {
        acta_bytes key = acti_associated_key(i->associations.ids[k], i->id, room);
        if (!ends && k >= i->associations_stored && !ACTA_PLANT("association_not_stored"))
            acta_transaction_put(batch, i->tables.associated.text, key, acta_bytes_from(NULL, 0));
        else if (ends && k < i->associations_stored)
            acta_transaction_delete(batch, i->tables.associated.text, key);
    }
}

static void
put_note_of_end(const acti_instance *i, acta_transaction *batch)
{
    uint8_t room[ACTI_ENDED_KEY_MAX];

    if (ACTA_PLANT("end_not_remembered")) return;
    acta_transaction_put(
        batch, i->tables.ended.text, acti_ended_key(i->id, i->last_position, room), acta_bytes_from(NULL, 0));
}

void
acti_instance_put_end(const acti_instance *i, acta_transaction *batch)
{
    acta_transaction_delete(batch, i->tables.state.text, acta_str_bytes(i->id));
    put_associations(i, batch, true);
    put_note_of_end(i, batch);
}

/* State, position, associations, outbox, and the note that it was stopped. */
static acta_status
fill_event_batch(acti_instance *i, acta_transaction *batch, acta_error *error)
{
    bool goes_on = !i->is_ending || i->next_outbox.commands.count > 0;
    acta_status status = ACTA_OK;

    if (!i->is_row_stored) acta_transaction_expect_row(batch, i->tables.state.text, acta_str_bytes(i->id), false);
    if (goes_on)
        status = put_state(i, batch, error);
    else if (i->is_row_stored)
        acta_transaction_delete(batch, i->tables.state.text, acta_str_bytes(i->id));
    if (i->is_ending) put_note_of_end(i, batch);
    put_associations(i, batch, i->is_ending);
    if (status == ACTA_OK)
        status = acti_story_put_event(i, batch, &i->next_outbox, item_in_hand(i)->recorded.type, error);
    return status == ACTA_OK ? acti_outbox_put(i, batch, &i->next_outbox, error) : status;
}

/* -- an event -- */

static void
begin_outbox(acti_instance *i, const acta_recorded *recorded)
{
    acti_outbox *next = &i->next_outbox;
    char room[ACTA_TRACESTATE_MAX];

    acti_sent_clear(&next->commands);
    next->next = next->generation = 0;
    next->has_digests = false;
    next->instance = acta_bytes_from(NULL, 0);
    next->position = recorded->position;
    next->recorded_at_us = recorded->recorded_at_us;
    next->place = acti_trace_place_of(recorded->metadata, room);
    acti_trace_place_keep(&next->place, next->commands.memory);
    i->is_traced = acti_is_traced(i->app) && acti_trace_event_begin(i->reader, recorded, &i->span);
    if (i->is_traced) next->place.parent = i->span.here; /* what its commands are children of */
    next->correlation_id = acti_correlation_of(recorded);
}

static acta_next
submit_event(acti_instance *i)
{
    acta_transaction *batch = acta_transaction_create(i->app->store);
    acta_error error;
    acta_status status = ACTA_NO_MEMORY;

    if (batch != NULL) {
        status = fill_event_batch(i, batch, &error);
        if (status == ACTA_OK) {
            ACTA_CRASH_POINT("pm_after_handle");
            /* Before its outbox is there: a router that begins anew passes the event as soon as it sees that row. */
            if (i->next_outbox.commands.count > 0) acti_outbox_count(i, true);
            status = acti_instance_submit(i, batch, ACTI_STEP_EVENT, &error);
        } else
            acta_transaction_destroy(batch);
    } else
        acta_error_set(&error, status, "no memory for a batch");
    return status == ACTA_OK ? ACTA_NEXT : acti_instance_end(i, status, &error);
}

/* How the event goes to this instance. Not ACTA_OK: a strict route, and `error` says why not. */
static acta_status
route_here(acti_instance *i, uint32_t event, acta_bytes payload, acta_route *route_out, acta_error *error)
{
    acti_routing routing;

    acta_status status = acti_route_event(i->manager, event, payload, i->scratch, &routing, error);
    if (status != ACTA_OK) return status;
    acta_route route = acti_routing_find(&routing, i->id, &i->associations);
    *route_out = route;
    if (i->exists && route == ACTA_ROUTE_START_STRICT)
        return acta_error_set(
            error, ACTA_ALREADY_EXISTS, "instance '" ACTA_FMT "' is to be started, and runs already", ACTA_ARG(i->id));
    if (!i->exists && route == ACTA_ROUTE_GO_ON_STRICT)
        return acta_error_set(
            error, ACTA_NOT_FOUND, "instance '" ACTA_FMT "' is to go on, and doesn't run", ACTA_ARG(i->id));
    if (!i->exists && route != ACTA_ROUTE_START && route != ACTA_ROUTE_START_STRICT) *route_out = ACTA_ROUTE_NONE;
    return ACTA_OK;
}

static acta_status
associate(acti_instance *i, uint32_t event, acta_bytes payload, acta_error *error)
{
    uint32_t before = i->associations.count;
    if (!i->code->associates(i->manager, event)) return ACTA_OK;

    acta_status status = acti_associate_event(i->manager, event, payload, &i->associations, error);
    if (status != ACTA_OK) i->associations.count = before;
    return status;
}

/* For who hears that it failed. */
static void
is_at(const acti_instance *i, acta_event_step step)
{
    atomic_store_explicit(
        &i->ticket->step, (uint32_t)step, memory_order_relaxed); /* goes with the answer, or the end */
}

/* Handle and apply; nothing has changed when the commands fail. */
static acta_status
work_on(acti_instance *i, uint32_t event, acta_bytes payload, acta_route route, acta_error *error)
{
    acta_commands *commands = &i->next_outbox.commands;

    commands->instance = i->id;
    is_at(i, ACTA_STEP_HANDLE);
    const acta_recorded *recorded = &item_in_hand(i)->recorded;
    ACTA_PROBE4(handler, i->reader->name, recorded->position, recorded->type.data, recorded->type.size);
    i->code->handle(i->manager, event, i->value, payload, commands);
    ACTA_PROBE3(handler_done, i->reader->name, recorded->position, commands->status);
    if (commands->status != ACTA_OK) {
        *error = commands->error;
        return commands->status;
    }
    acta_status status = associate(i, event, payload, error);
    if (status != ACTA_OK) return status;
    is_at(i, ACTA_STEP_APPLY);
    i->code->apply(i->manager, event, i->value, payload, i->memory);
    if (acta_memory_failed(i->memory))
        acta_fail(i->self, "process manager %s: no memory for the state of '" ACTA_FMT "'",
            acti_manager_name(i->manager), ACTA_ARG(i->id));
    is_at(i, ACTA_STEP_INSTANCE);
    i->exists = true;
    i->is_ending = route == ACTA_ROUTE_STOP;
    i->last_position = item_in_hand(i)->recorded.position;
    return ACTA_OK;
}

static acta_next
handled(acti_instance *i, uint32_t count, acta_status status, const acta_error *error)
{
    if (status == ACTA_OK && count > 0) return submit_event(i);
    if (status != ACTA_OK && count > 0) return acti_instance_end(i, status, error);
    acti_instance_answer_event(i, status, status != ACTA_OK ? error : NULL);
    return ACTA_NEXT;
}

/* All of what an old event has become that is for this instance, in one batch; what follows its end isn't. */
static acta_next
handle_old_event(acti_instance *i)
{
    const acti_item *item = item_in_hand(i);
    acta_allocator allocator = acti_allocator_over(i->memory); /* goes with the actor */
    acti_upcasted upcasted;
    acta_error error;
    uint32_t count = 0, event;
    acta_route route;

    acta_status status = acti_upcast(i->app, &allocator, &item->recorded, item->old, &upcasted, &error);
    begin_outbox(i, &item->recorded);
    for (uint32_t k = 0; k < upcasted.count && status == ACTA_OK && (count == 0 || !i->is_ending); k++) {
        acta_bytes payload = upcasted.events[k].payload;
        if (!acti_names_find(&i->reader->names, acta_str_of(upcasted.events[k].table->name), &event)) continue;
        status = route_here(i, event, payload, &route, &error);
        if (status != ACTA_OK || route == ACTA_ROUTE_NONE) continue;
        status = work_on(i, event, payload, route, &error);
        if (status == ACTA_OK) count++;
    }
    acti_upcasted_deinit(&upcasted);
    return handled(i, count, status, &error);
}

/* Has the event begun a life of the instance that was stopped since? The router lets no such event through that it knows of;
 * but one that has begun anew doesn't know what was in hand of instances when it did, and none knows of the end of an
 * instance that was killed before it could tell, or that it woke for an outbox and not for an event.
 *
 * The note of the end goes once the checkpoint is behind it. Not while this event waits for its answer; but if the life of the
 * router that sent it is over, the next one may have passed it by that note. Nobody waits for the answer then, and what is
 * still to be done is sent again: so it begins nothing. */
static acta_status
was_stopped_behind(acti_instance *i, bool *yes_out, acta_error *error)
{
    /* Relaxed, both: what a router did, and its next life, is seen by whoever handles an event that it sent. */
    bool knows_all = atomic_load_explicit(&i->reader->lives, memory_order_relaxed) <= 1 &&
                     !atomic_load_explicit(&i->reader->misses_ends, memory_order_relaxed);
    /* What came before its own end was in hand, or on its way, when it ended. */
    *yes_out = !i->exists && item_in_hand(i)->recorded.position <= i->ended_position;
    if (*yes_out) return ACTA_OK;
    if (i->exists || knows_all || ACTA_PLANT("stopped_begins_again")) return ACTA_OK;
    acta_status status =
        acti_ended_behind(i->app, &i->tables, i->id, item_in_hand(i)->recorded.position, yes_out, error);
    /* Relaxed, and behind the look: who sees that the note has gone sees the life that let it go. */
    if (status == ACTA_OK && item_in_hand(i)->life != atomic_load_explicit(&i->reader->lives, memory_order_relaxed)) {
        ACTA_SOMETIMES(&i->app->environment, "manager.event.of.a.dead.router");
        *yes_out = true;
        return ACTA_OK;
    }
    if (*yes_out) ACTA_SOMETIMES(&i->app->environment, "manager.stopped.behind.event");
    return status;
}

acta_next
acti_instance_handle(acti_instance *i)
{
    const acti_item *item = item_in_hand(i);
    acta_error error;
    bool was_stopped;
    acta_route route;

    acta_memory_clear(i->scratch);
    is_at(i, ACTA_STEP_INSTANCE);

    if (i->exists && item->recorded.position <= i->last_position && !ACTA_PLANT("event_handled_twice")) {
        ACTA_SOMETIMES(&i->app->environment, "manager.event.seen.before");
        return handled(i, 0, ACTA_OK, NULL); /* before */
    }
    acta_status status = was_stopped_behind(i, &was_stopped, &error);
    if (status != ACTA_OK) return acti_instance_end(i, status, &error);
    if (was_stopped) return handled(i, 0, ACTA_OK, NULL);
    if (item->old != 0) return handle_old_event(i);
    status = route_here(i, item->event, item->recorded.payload, &route, &error);
    if (status != ACTA_OK || route == ACTA_ROUTE_NONE) return handled(i, 0, status, &error);
    begin_outbox(i, &item->recorded);
    status = work_on(i, item->event, item->recorded.payload, route, &error);
    return handled(i, status == ACTA_OK ? 1 : 0, status, &error);
}
