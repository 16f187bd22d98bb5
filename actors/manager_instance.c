/*
 * Instance of a process manager: one actor, one event at a time.
 *
 *     event --> handle --> apply --> one batch: state, last position, outbox --durable--> answer the router
 *                                                                                             |
 *               next event <-- outbox empty <-- … <-- command 2 <-- command 1 <---------------+
 *
 * The outbox's row is not deleted at once when its commands are through: the next event's batch overwrites it, or a flush
 * does after a while. Until then a crash asks for the same commands again, under the same ids, and gets the same answers.
 *
 * A life that finds rows reads them again behind all that the life before submitted, which may have been killed with a batch on
 * its way: that batch forgets the outcomes of the commands that its old outbox would ask for again. One that finds none
 * writes its first only where there is none yet.
 *
 * An event that is not behind the instance's last position was done before, and is answered so. A stopped instance's rows
 * go; that it was stopped is remembered by the router (process_manager.c), and looked up by an instance that is to begin
 * once its router has begun anew.
 */
#include "manager.h"

enum { FLUSH_MS = 100 };

acta_status
acti_instance_name(
    const acta_process_manager_code *code, acta_str id, char *room, acta_str *name_out, acta_error *error)
{
    size_t name_size = strlen(code->name);

    if (id.size > ACTA_STREAM_NAME_MAX - name_size - 1)
        return acta_error_set(error, ACTA_INVALID,
            "process manager %s: an instance's id has %zu bytes, at most %zu are allowed", code->name, id.size,
            ACTA_STREAM_NAME_MAX - name_size - 1);
    memcpy(room, code->name, name_size);
    room[name_size] = '-';
    memcpy(room + name_size + 1, id.data, id.size);
    *name_out = acta_str_from(room, name_size + 1 + id.size);
    return ACTA_OK;
}

static const acti_item *
item_in_hand(const acti_instance *i)
{
    return i->ticket->event->payload;
}

void
acti_instance_answer_event(acti_instance *i, acta_status status, const acta_error *error)
{
    if (i->ticket->event == NULL) return;
    acta_reply(i->app->runtime, i->event_from, status, NULL, error);
    acta_message_destroy(i->ticket->event);
    i->ticket->event = i->ticket->later;
    i->event_from = i->ticket->later_from;
    i->ticket->later = NULL;
}

void
acti_instance_notify(acti_instance *i, acti_tag tag, const char *why)
{
    acta_runtime *runtime = i->app->runtime;
    acta_pid router = { atomic_load_explicit(&i->reader->pid, memory_order_relaxed) }; /* a name only */
    acta_message *message = acta_message_create(runtime, tag, sizeof(acti_notice));

    /* It waits to hear, and hears of one that failed: the next incarnation has another try. */
    if (message == NULL) acta_fail(i->self, "process manager %s: no memory for a notice", i->code->name);
    acti_notice *notice = message->payload;
    notice->position = i->outbox.position;
    notice->id_size = i->id.size;
    memcpy(notice->id, i->id.data, i->id.size);
    snprintf(notice->why, sizeof notice->why, "%.*s", (int)sizeof notice->why - 1, why);
    acta_send(runtime, router, message);
}

/* -- reading its rows -- */

static acta_status
load_state(acti_instance *i, acta_error *error)
{
    const acta_table *table = i->code->state;
    acti_instance_head head;
    acta_bytes row, state;

    acta_status status =
        acta_store_get(i->app->store, i->tables.state.text, acta_str_bytes(i->id), i->scratch, &row, error);
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status == ACTA_OK) status = acti_instance_decode(row, &head, &state, error);
    if (status == ACTA_OK) status = table->verify(state, error);
    if (status == ACTA_OK) status = acti_personal_open(i->app, table, state, i->scratch, &state, error);
    if (status == ACTA_OK) status = table->load(i->value, state, i->memory);
    if (status != ACTA_OK) return status;
    i->exists = i->is_row_stored = true;
    i->is_ending = head.is_ending;
    i->last_position = head.last_position;
    return ACTA_OK;
}

static acta_status
load_outbox(acti_instance *i, acta_error *error)
{
    acta_bytes row;
    acta_status status =
        acta_store_get(i->app->store, i->tables.outbox.text, acta_str_bytes(i->id), i->scratch, &row, error);

    if (status == ACTA_NOT_FOUND || ACTA_PLANT("outbox_not_read")) return ACTA_OK;
    if (status == ACTA_OK)
        status = acti_outbox_decode(i->app, row, i->code->state->schema, i->scratch, &i->outbox, error);
    if (status != ACTA_OK) return status;
    i->is_from_before = true;
    ACTA_SOMETIMES(&i->app->environment, "outbox.taken.up.again");
    return ACTA_OK;
}

static acta_status
load(acti_instance *i, acta_error *error)
{
    i->forget_count = acti_forget_count(i->app); /* before anything is read */
    acta_status status = load_state(i, error);

    if (status == ACTA_OK && i->exists) status = load_outbox(i, error);
    acta_memory_clear(i->scratch);
    if (status != ACTA_OK)
        return acta_error_prefix(
            error, status, "process manager %s, instance '" ACTA_FMT "': ", i->code->name, ACTA_ARG(i->id));
    acti_outbox_count(i, !acti_outbox_is_through(&i->outbox));
    i->phase = ACTI_INSTANCE_IDLE;
    return ACTA_OK;
}

/* -- batches -- */

acta_status
acti_instance_submit(acti_instance *i, acta_transaction *batch, acti_instance_step step, acta_error *error)
{
    acta_status status = acti_submit_for(i->app, batch, acta_self_pid(i->self), i->number + 1, error);

    acta_memory_clear(i->scratch);
    if (status != ACTA_OK) return status;
    i->number++;
    i->step = step;
    i->phase = ACTI_INSTANCE_COMMITTING;
    return ACTA_OK;
}

static acta_status
put_state(acti_instance *i, acta_transaction *batch, acta_error *error)
{
    const acta_table *table = i->code->state;
    acti_instance_head head = {
        .last_position = i->last_position, .schema_hash = table->schema_hash, .is_ending = i->is_ending
    };
    acta_memory_sink sink = acta_memory_sink_of(i->scratch);
    acta_status status = acti_personal_write(i->app, table, i->value, i->scratch, &sink.sink, error);
    if (status != ACTA_OK) return status;

    acta_bytes row = acti_instance_encode(&head, sink.bytes, i->scratch);
    if (row.data == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for an instance's row");
    acta_transaction_put(batch, i->tables.state.text, acta_str_bytes(i->id), row);
    return ACTA_OK;
}

/* State, position, outbox, and the note that it was stopped. */
static acta_status
fill_event_batch(acti_instance *i, acta_transaction *batch, acta_error *error)
{
    bool goes_on = !i->is_ending || i->next_outbox.commands.count > 0;
    uint8_t room[ACTI_ENDED_KEY_MAX];
    acta_status status = ACTA_OK;

    if (!i->is_row_stored) acta_transaction_expect_row(batch, i->tables.state.text, acta_str_bytes(i->id), false);
    if (goes_on)
        status = put_state(i, batch, error);
    else if (i->is_row_stored)
        acta_transaction_delete(batch, i->tables.state.text, acta_str_bytes(i->id));
    if (i->is_ending && !ACTA_PLANT("end_not_remembered"))
        acta_transaction_put(
            batch, i->tables.ended.text, acti_ended_key(i->id, i->last_position, room), acta_bytes_from(NULL, 0));
    return status == ACTA_OK ? acti_outbox_put(i, batch, &i->next_outbox, error) : status;
}

/* -- an event -- */

static void
begin_outbox(acti_instance *i, const acta_recorded *recorded)
{
    acti_outbox *next = &i->next_outbox;

    acti_sent_clear(&next->commands);
    next->next = next->generation = 0;
    next->position = recorded->position;
    next->recorded_at_us = recorded->recorded_at_us;
    next->correlation_id =
        acta_id_is_none(recorded->correlation_id) ? acti_event_id(recorded->position) : recorded->correlation_id;
}

static void
forget_state(acti_instance *i)
{
    i->code->state->clear(i->value, i->memory);
    memset(i->value, 0, i->code->state->struct_size);
    i->exists = false;
}

/* Nobody else sees to what is left of its outbox: the router, which is to wake the next incarnation for it. In a store that
 * takes no writes there is nothing to be woken for. */
static bool
is_to_be_woken(const acti_instance *i)
{
    if (i->report_wanted) return true; /* the router waits to hear that the outbox is through */
    bool is_owing = !acti_outbox_is_through(&i->outbox) || (i->is_ending && i->outbox.is_stored);
    return is_owing && acta_store_health(i->app->store, NULL) == ACTA_OK && !acti_is_stopping(i->app);
}

/* What is in memory is not what is stored, and never will be: end, so that the next incarnation reads what is. The router
 * wakes that one for an instance that failed. */
static acta_next
end_without_batch(acti_instance *i, acta_status status, const acta_error *error)
{
    acti_instance_answer_event(i, status, error);
    if (is_to_be_woken(i)) acta_fail(i->self, "%s", error->text);
    return ACTA_STOP;
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
            status = acti_instance_submit(i, batch, ACTI_STEP_EVENT, &error);
        } else
            acta_transaction_destroy(batch);
    } else
        acta_error_set(&error, status, "no memory for a batch");
    return status == ACTA_OK ? ACTA_NEXT : end_without_batch(i, status, &error);
}

/* Handle and apply; nothing has changed when the commands fail. */
static acta_status
work_on(acti_instance *i, uint32_t event, acta_bytes payload, acta_route route)
{
    acta_commands *commands = &i->next_outbox.commands;

    i->code->handle(i->manager, event, i->value, payload, commands);
    if (commands->status != ACTA_OK) return commands->status;
    i->code->apply(i->manager, event, i->value, payload, i->memory);
    if (acta_memory_failed(i->memory))
        acta_fail(
            i->self, "process manager %s: no memory for the state of '" ACTA_FMT "'", i->code->name, ACTA_ARG(i->id));
    i->exists = true;
    i->is_ending = route == ACTA_ROUTE_STOP;
    i->last_position = item_in_hand(i)->recorded.position;
    return ACTA_OK;
}

static acta_next
handled(acti_instance *i, uint32_t count, acta_status status, const acta_error *error)
{
    if (status == ACTA_OK && count > 0) return submit_event(i);
    if (status != ACTA_OK && count > 0) return end_without_batch(i, status, error);
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
    acta_str id;

    acta_status status = acti_upcast(i->app, &allocator, &item->recorded, item->old, &upcasted, &error);
    begin_outbox(i, &item->recorded);
    for (uint32_t k = 0; k < upcasted.count && status == ACTA_OK && (count == 0 || !i->is_ending); k++) {
        acta_bytes payload = upcasted.events[k].payload;
        if (!acti_names_find(&i->reader->names, acta_str_of(upcasted.events[k].table->name), &event)) continue;
        acta_route route = i->code->route(i->manager, event, payload, &id);
        if (route == ACTA_ROUTE_NONE || !acta_str_equal(id, i->id)) continue;
        if (!i->exists && route != ACTA_ROUTE_START) continue;
        status = work_on(i, event, payload, route);
        if (status == ACTA_OK)
            count++;
        else
            error = i->next_outbox.commands.error;
    }
    acti_upcasted_deinit(&upcasted);
    return handled(i, count, status, &error);
}

/* Has the event begun a life of the instance that was stopped since? The router lets no such event through that it knows of;
 * but one that has begun anew doesn't know what was in hand of instances when it did. */
static acta_status
was_stopped_behind(acti_instance *i, bool *yes_out, acta_error *error)
{
    *yes_out = false;
    /* Relaxed: a router's next life is seen by whoever handles an event that it sent. */
    bool knows_all = atomic_load_explicit(&i->reader->lives, memory_order_relaxed) <= 1;
    if (i->exists || knows_all || ACTA_PLANT("stopped_begins_again")) return ACTA_OK;
    acta_status status =
        acti_ended_behind(i->app, &i->tables, i->id, item_in_hand(i)->recorded.position, yes_out, error);
    if (*yes_out) ACTA_SOMETIMES(&i->app->environment, "manager.stopped.behind.event");
    return status;
}

static acta_next
handle_event(acti_instance *i)
{
    const acti_item *item = item_in_hand(i);
    acta_error error;
    bool was_stopped;
    acta_str id;

    if (i->exists && item->recorded.position <= i->last_position && !ACTA_PLANT("event_handled_twice")) {
        ACTA_SOMETIMES(&i->app->environment, "manager.event.seen.before");
        return handled(i, 0, ACTA_OK, NULL); /* before */
    }
    acta_status status = was_stopped_behind(i, &was_stopped, &error);
    if (status != ACTA_OK) return end_without_batch(i, status, &error);
    if (was_stopped) return handled(i, 0, ACTA_OK, NULL);
    if (item->old != 0) return handle_old_event(i);
    acta_route route = i->code->route(i->manager, item->event, item->recorded.payload, &id);
    if (!i->exists && route != ACTA_ROUTE_START) return handled(i, 0, ACTA_OK, NULL);
    begin_outbox(i, &item->recorded);
    status = work_on(i, item->event, item->recorded.payload, route);
    return handled(i, status == ACTA_OK ? 1 : 0, status, &i->next_outbox.commands.error);
}

/* -- steps -- */

static void
set_flush(acti_instance *i)
{
    acta_ref ref;

    if (i->flush_is_set || !i->outbox.is_stored) return;
    if (!i->is_ending && ACTA_SIM_CHANCE(&i->app->environment, "outbox.row.left", 25)) return;
    i->flush_is_set = acta_send_after(i->self, FLUSH_MS, ACTI_ALARM_FLUSH, 0, &ref) == ACTA_OK;
}

/* The outbox is through, and no event is there to overwrite its row. If it can't be now, the next event, the next time or
 * the next start does it. */
static acta_next
flush(acti_instance *i)
{
    acta_transaction *batch = acta_transaction_create(i->app->store);
    acta_error error;

    if (batch != NULL) {
        if (i->is_ending) acta_transaction_delete(batch, i->tables.state.text, acta_str_bytes(i->id));
        (void)acti_outbox_put(i, batch, NULL, NULL); /* there is nothing to encode */
    }
    acta_status status = acti_instance_submit(i, batch, ACTI_STEP_FLUSH, &error);
    if (status == ACTA_BUSY || status == ACTA_NO_MEMORY) set_flush(i);
    return ACTA_NEXT;
}

static acta_next
leave(acti_instance *i)
{
    char room[ACTA_STREAM_NAME_MAX];
    acta_str name = acta_str_of(NULL);

    /* Who comes now starts the next incarnation; who is in the mailbox is refused unseen, and comes again. */
    if (acti_instance_name(i->code, i->id, room, &name, NULL) == ACTA_OK) acta_unregister(i->app->runtime, name);
    return ACTA_STOP;
}

/* There are rows: read them again, behind what the life before may have on its way. */
static acta_next
read_behind(acti_instance *i)
{
    acta_error error;

    forget_state(i);
    acti_sent_clear(&i->outbox.commands);
    i->outbox.is_stored = i->is_row_stored = i->is_ending = false;
    acta_status status = acti_instance_submit(i, acta_transaction_create(i->app->store), ACTI_STEP_BARRIER, &error);
    return status == ACTA_OK ? ACTA_NEXT : end_without_batch(i, status, &error);
}

/* Somebody was forgotten since the state was read, which may hold what he has been: once nothing is under way, it is read
 * again. */
static void
forget_with(acti_instance *i)
{
    bool at_rest = i->phase == ACTI_INSTANCE_IDLE && acti_outbox_is_through(&i->outbox) && !i->outbox.is_stored;
    if (!at_rest || !i->exists || i->is_ending || i->forget_count == acti_forget_count(i->app)) return;

    forget_state(i);
    i->phase = ACTI_INSTANCE_COLD;
}

/* Its commands are to be sent, and its rows could not be read: that may pass. */
static bool
loads_later(acti_instance *i, acta_status status)
{
    acta_ref ref;

    if (!i->report_wanted || (status != ACTA_IO && status != ACTA_NO_MEMORY)) return false;
    if (i->attempts >= i->reader->retry_max) return false;
    ACTA_SOMETIMES(&i->app->environment, "manager.reads.later");
    return acta_send_after(i->self, acti_backoff_ms(i->app, ++i->attempts), ACTI_ALARM_RETRY, 0, &ref) == ACTA_OK;
}

static acta_next
go_on(acti_instance *i)
{
    acta_error error;
    acta_next next = ACTA_NEXT;

    forget_with(i);
    if (i->phase == ACTI_INSTANCE_COLD) {
        acta_status status = load(i, &error);
        if (status != ACTA_OK && loads_later(i, status)) return ACTA_NEXT;
        if (status != ACTA_OK && i->report_wanted) acti_instance_notify(i, ACTI_TAG_STUCK, error.text);
        if (status != ACTA_OK) i->report_wanted = false;
        i->attempts = 0;
        if (status != ACTA_OK) return end_without_batch(i, status, &error);
        if (i->exists && !i->is_behind && !ACTA_PLANT("not_read_behind")) return read_behind(i);
        i->is_behind = true;
    }
    while (i->phase == ACTI_INSTANCE_IDLE && next == ACTA_NEXT) {
        if (!acti_outbox_is_through(&i->outbox)) {
            acti_outbox_ask(i);
            continue;
        }
        if (i->report_wanted) acti_instance_notify(i, ACTI_TAG_UNSTUCK, "");
        i->report_wanted = false;
        if (i->is_ending && i->outbox.is_stored) return flush(i);
        if (i->is_ending || !i->exists) {
            if (i->ticket->event == NULL) return leave(i);
            if (i->is_ending) forget_state(i);
            i->is_ending = false;
            next = handle_event(i);
        } else if (i->ticket->event != NULL)
            next = handle_event(i);
        else {
            set_flush(i);
            return ACTA_NEXT;
        }
    }
    while (i->phase == ACTI_INSTANCE_STUCK && i->ticket->event != NULL) {
        acta_error_set(
            &error, ACTA_PARKED, "its commands of position %" PRIu64 " can't get through", i->outbox.position);
        acti_instance_answer_event(i, ACTA_PARKED, &error);
    }
    return next;
}

static acta_next
batch_is_durable(acti_instance *i)
{
    i->phase = ACTI_INSTANCE_IDLE;
    if (i->step == ACTI_STEP_BARRIER) {
        i->is_behind = true;
        i->phase = ACTI_INSTANCE_COLD;
        return go_on(i);
    }
    if (i->step == ACTI_STEP_FLUSH) {
        i->outbox.is_stored = false;
        if (i->is_ending) i->is_row_stored = false;
        return go_on(i);
    }
    ACTA_CRASH_POINT("pm_after_batch");
    acti_outbox_take_next(i);
    if (i->step == ACTI_STEP_EVENT) {
        i->is_row_stored = !i->is_ending || i->outbox.commands.count > 0;
        acti_instance_answer_event(i, ACTA_OK, NULL); /* behind the count of open outboxes: see clerk.c */
    }
    return go_on(i);
}

static acta_next
committed(acti_instance *i, const acti_committed *what)
{
    if (what->number != i->number || i->phase != ACTI_INSTANCE_COMMITTING) return ACTA_NEXT;
    if (what->result.status == ACTA_OK) return batch_is_durable(i);
    if (what->result.status == ACTA_ALREADY_EXISTS && i->step == ACTI_STEP_OUTBOX) {
        i->is_from_before = true; /* the command that was to be left out has been through: ask for its answer */
        i->phase = ACTI_INSTANCE_IDLE;
        return go_on(i);
    }
    return end_without_batch(i, what->result.status, &what->result.error);
}

/* -- callbacks -- */

static acta_status
instance_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    acti_instance *i = state;
    const acti_instance_argument *given = argument;
    i->reader = given->reader;
    i->app = i->reader->app;
    i->manager = i->reader->given.manager;
    i->code = i->manager->code;
    i->self = self;
    i->tables = acti_manager_tables_of(i->manager);
    i->value = acta_alloc(self, i->code->state->struct_size);
    i->memory = acta_self_memory(self);
    i->ticket = given->ticket;
    i->id = acta_str_from(i->ticket->id, i->ticket->id_size);
    /* All goes with the actor's memory, also when it is killed. */
    acta_allocator allocator = acti_allocator_over(i->memory);
    i->scratch = i->memory != NULL ? acta_memory_create(&allocator) : NULL;
    if (i->value == NULL || i->scratch == NULL || !acti_sent_init(&i->outbox.commands, &allocator) ||
        !acti_sent_init(&i->next_outbox.commands, &allocator))
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for an instance of %s", i->code->name);
    uint32_t idle_ms = i->manager->idle_timeout_ms != 0 ? i->manager->idle_timeout_ms : ACTI_INSTANCE_IDLE_DEFAULT;
    if (ACTA_SIM_CHANCE(&i->app->environment, "manager.passivated.early", 25)) idle_ms = 1;
    if (idle_ms != UINT32_MAX) acta_set_idle_timeout(self, idle_ms);
    return ACTA_OK;
}

/* The router waits for the answer to one event before it sends the next; but its next life knows of none. What is in hand
 * is done first, and answered to nobody: the same event, one before it, or the next one comes behind it. */
static acta_next
instance_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    acti_instance *i = state;
    acti_ticket *ticket = i->ticket;

    if (ticket->event == NULL) {
        ticket->event = acta_message_keep(self, message);
        i->event_from = from;
    } else {
        ACTA_SOMETIMES(&i->app->environment, "manager.event.behind.orphan");
        acta_message_destroy(ticket->later);
        ticket->later = acta_message_keep(self, message);
        ticket->later_from = from;
    }
    return go_on(i);
}

static acta_next
instance_cast(acta_self *self, void *state, acta_message *message)
{
    acti_instance *i = state;
    (void)self;

    switch (message->tag) {
    case ACTI_TAG_COMMITTED:
        return committed(i, message->payload);
    case ACTI_TAG_RESUME:
        i->report_wanted = true;
        if (i->phase == ACTI_INSTANCE_STUCK) acti_outbox_retry(i);
        return go_on(i);
    default:
        return ACTA_NEXT;
    }
}

/* Rows that should have gone with its end, and could not: once more. */
static acta_next
idle_for_long(acti_instance *i)
{
    if (i->phase != ACTI_INSTANCE_IDLE && i->phase != ACTI_INSTANCE_STUCK) return ACTA_NEXT;
    bool has_left_rows = i->phase == ACTI_INSTANCE_IDLE && i->is_ending && i->outbox.is_stored;
    return has_left_rows && acta_store_health(i->app->store, NULL) == ACTA_OK ? flush(i) : leave(i);
}

static acta_next
instance_info(acta_self *self, void *state, const acta_info *info)
{
    acti_instance *i = state;
    (void)self;

    switch (info->kind) {
    case ACTA_INFO_REPLY:
        if (i->phase != ACTI_INSTANCE_ASKING || !acta_ref_equal(info->ref, i->request)) return ACTA_NEXT;
        acti_outbox_answered(i, info->status, info->error);
        return go_on(i);
    case ACTA_INFO_TIMER:
        if (info->tag == ACTI_ALARM_RETRY && i->phase == ACTI_INSTANCE_BACKOFF) acti_outbox_retry(i);
        if (info->tag != ACTI_ALARM_FLUSH) return go_on(i);
        i->flush_is_set = false;
        if (i->phase == ACTI_INSTANCE_IDLE && i->outbox.is_stored && i->ticket->event == NULL) return flush(i);
        return go_on(i);
    case ACTA_INFO_TIMEOUT:
        return idle_for_long(i);
    default:
        return ACTA_NEXT;
    }
}

static void
instance_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    acti_instance *i = state;
    (void)self;
    (void)reason;

    acti_ticket_give_back(i->ticket); /* the next incarnation begins with what is stored */
}

const acta_behaviour acti_instance_behaviour = {
    .name = "process manager",
    .state_size = sizeof(acti_instance),
    .init = instance_init,
    .handle_call = instance_call,
    .handle_cast = instance_cast,
    .handle_info = instance_info,
    .terminate = instance_terminate,
};
