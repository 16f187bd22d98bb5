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
 * What it does with an event is in manager_event.c, with its commands in manager_outbox.c.
 */
#include "manager.h"
#include "schedule.h"
#include "span.h"

enum { FLUSH_MS = 100 };

acta_status
acti_instance_name(const acta_process_manager *manager, acta_str id, char *room, acta_str *name_out, acta_error *error)
{
    const char *manager_name = acti_manager_name(manager);
    size_t name_size = strlen(manager_name);

    if (id.size > ACTA_STREAM_NAME_MAX - name_size - 1)
        return acta_error_set(error, ACTA_INVALID,
            "process manager %s: an instance's id has %zu bytes, at most %zu are allowed", manager_name, id.size,
            ACTA_STREAM_NAME_MAX - name_size - 1);
    memcpy(room, manager_name, name_size);
    room[name_size] = '-';
    memcpy(room + name_size + 1, id.data, id.size);
    *name_out = acta_str_from(room, name_size + 1 + id.size);
    return ACTA_OK;
}

static void
end_span(acti_instance *i, acta_status status)
{
    const acti_item *item = i->ticket->event->payload;

    if (i->is_traced) acti_trace_event_end(i->reader, &item->recorded, &i->span, status);
    i->is_traced = false;
}

void
acti_instance_answer_event(acti_instance *i, acta_status status, const acta_error *error)
{
    if (i->ticket->event == NULL) return;
    end_span(i, status);
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

    if (message == NULL && tag == ACTI_TAG_WAITING) return; /* for want of memory all others wait, too */
    /* It waits to hear, and hears of one that failed: the next incarnation has another try. */
    if (message == NULL)
        acta_fail(i->self, "process manager %s: no memory for a notice", acti_manager_name(i->manager));
    acti_notice *notice = message->payload;
    notice->position = tag == ACTI_TAG_ENDED ? i->last_position : i->outbox.position;
    notice->id_size = i->id.size;
    memcpy(notice->id, i->id.data, i->id.size);
    snprintf(notice->why, sizeof notice->why, "%.*s", (int)sizeof notice->why - 1, why);
    acta_send(runtime, router, message);
}

/* -- reading its rows -- */

static acta_status
take_row(acti_instance *i, acta_bytes row, acta_error *error)
{
    const acta_table *table = i->code->state;
    acti_instance_head head;
    acta_bytes state;

    acta_status status = acti_instance_decode(row, &head, &state, error);
    if (status == ACTA_OK) status = table->verify(state, error);
    if (status == ACTA_OK) status = acti_personal_open(i->app, table, state, i->scratch, &state, error);
    if (status != ACTA_OK) return status;
    status = table->load(i->value, state, i->memory);
    if (status != ACTA_OK) return acta_error_set(error, status, "no memory for its state");
    i->is_ending = head.is_ending;
    i->last_position = head.last_position;
    for (size_t at = 0; at < head.associations.size; at += ACTA_ID_SIZE) {
        acta_id association;
        memcpy(association.bytes, head.associations.data + at, ACTA_ID_SIZE);
        if (!acti_associations_add(&i->associations, association))
            return acta_error_set(error, ACTA_NO_MEMORY, "no memory for its associations");
    }
    i->associations_stored = i->associations.count;
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
load_rows(acti_instance *i, acta_error *error)
{
    acta_bytes row;

    acta_status status =
        acta_store_get(i->app->store, i->tables.state.text, acta_str_bytes(i->id), i->scratch, &row, error);
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    i->exists = i->is_row_stored = true;
    status = load_outbox(i, error);
    if (status != ACTA_OK) return status;
    return take_row(i, i->outbox.holds_instance ? i->outbox.instance : row, error);
}

static acta_status
load(acti_instance *i, acta_error *error)
{
    i->forget_count = acti_forget_count(i->app); /* before anything is read */
    acta_status status = load_rows(i, error);

    i->outbox.instance = acta_bytes_from(NULL, 0);
    acta_memory_clear(i->scratch);
    if (status != ACTA_OK)
        return acta_error_prefix(error, status,
            "process manager %s, instance '" ACTA_FMT "': ", acti_manager_name(i->manager), ACTA_ARG(i->id));
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

void
acti_instance_forget(acti_instance *i)
{
    i->code->state->clear(i->value, i->memory);
    memset(i->value, 0, i->code->state->struct_size);
    i->exists = false;
    i->associations.count = i->associations_stored = 0;
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
acta_next
acti_instance_end(acti_instance *i, acta_status status, const acta_error *error)
{
    acti_instance_answer_event(i, status, error);
    if (is_to_be_woken(i)) acta_fail(i->self, "%s", error->text);
    return ACTA_STOP;
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

/* NULL: `error` says why. */
static acta_transaction *
make_flush(acti_instance *i, acta_error *error)
{
    acta_transaction *batch = acta_transaction_create(i->app->store);
    if (batch == NULL) {
        acta_error_set(error, ACTA_NO_MEMORY, "no memory for a batch");
        return NULL;
    }
    if (i->is_ending)
        acta_transaction_delete(batch, i->tables.state.text, acta_str_bytes(i->id));
    else if (i->outbox.holds_instance && acti_instance_put(i, batch, error) != ACTA_OK) {
        acta_transaction_destroy(batch);
        return NULL;
    }
    (void)acti_outbox_put(i, batch, NULL, NULL); /* there is nothing to encode */
    return batch;
}

/* The outbox is through, and no event is there to overwrite its row. If it can't be now, the next event, the next time or
 * the next start does it. */
static acta_next
flush(acti_instance *i)
{
    acta_error error;
    acta_transaction *batch = make_flush(i, &error);
    acta_status status = batch != NULL ? acti_instance_submit(i, batch, ACTI_STEP_FLUSH, &error) : error.status;

    if (status == ACTA_BUSY || status == ACTA_NO_MEMORY) set_flush(i);
    return ACTA_NEXT;
}

static acta_next
leave(acti_instance *i)
{
    char room[ACTA_STREAM_NAME_MAX];
    acta_str name = acta_str_of(NULL);

    /* Who comes now starts the next incarnation; who is in the mailbox is refused unseen, and comes again. */
    if (acti_instance_name(i->manager, i->id, room, &name, NULL) == ACTA_OK) acta_unregister(i->app->runtime, name);
    return ACTA_STOP;
}

/* Nothing is under way. Rows that should have gone with its end, and could not, are to go first. */
static bool
may_leave(const acti_instance *i)
{
    bool has_left_rows = i->phase == ACTI_INSTANCE_IDLE && i->is_ending && i->outbox.is_stored;

    if (i->phase != ACTI_INSTANCE_IDLE && i->phase != ACTI_INSTANCE_STUCK) return false;
    return !has_left_rows || acta_store_health(i->app->store, NULL) != ACTA_OK;
}

/* There are rows: read them again, behind what the life before may have on its way. */
static acta_next
read_behind(acti_instance *i)
{
    acta_error error;

    acti_instance_forget(i);
    acti_sent_clear(&i->outbox.commands);
    i->outbox.is_stored = i->outbox.holds_instance = i->is_row_stored = i->is_ending = false;
    acta_status status = acti_instance_submit(i, acta_transaction_create(i->app->store), ACTI_STEP_BARRIER, &error);
    return status == ACTA_OK ? ACTA_NEXT : acti_instance_end(i, status, &error);
}

/* Somebody was forgotten since the state was read, which may hold what he has been: once nothing is under way, it is read
 * again. */
static void
forget_with(acti_instance *i)
{
    bool at_rest = i->phase == ACTI_INSTANCE_IDLE && acti_outbox_is_through(&i->outbox) && !i->outbox.is_stored;
    if (!at_rest || !i->exists || i->is_ending || i->forget_count == acti_forget_count(i->app)) return;

    acti_instance_forget(i);
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
    return acta_send_after(i->self, acti_reader_backoff_ms(i->reader, ++i->attempts), ACTI_ALARM_RETRY, 0, &ref) ==
           ACTA_OK;
}

static acta_next
advance(acti_instance *i)
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
        if (status != ACTA_OK) return acti_instance_end(i, status, &error);
        if (i->exists && !i->is_behind && !ACTA_PLANT("not_read_behind")) return read_behind(i);
        i->is_behind = true;
        if (i->is_ending)
            acti_instance_notify(i, ACTI_TAG_ENDED, ""); /* the life before may have died before it said so */
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
            if (i->is_ending) acti_instance_forget(i);
            i->is_ending = false;
            next = acti_instance_handle(i);
        } else if (i->ticket->event != NULL)
            next = acti_instance_handle(i);
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

/* An event in hand has to wait until something is tried again: its router sets it aside, so that others go on. */
static void
say_waiting(acti_instance *i)
{
    bool waits = i->phase == ACTI_INSTANCE_BACKOFF || i->phase == ACTI_INSTANCE_COLD;
    char why[ACTI_REASON_MAX];

    if (!waits || i->ticket->event == NULL || acti_is_stopping(i->app)) return;
    acti_ticket_describe(i->ticket, why, sizeof why);
    acti_instance_notify(i, ACTI_TAG_WAITING, why);
}

static acta_next
go_on(acti_instance *i)
{
    acta_next next = advance(i);

    acti_instance_publish(i);
    if (next == ACTA_NEXT) say_waiting(i);
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
    acti_outbox_ask_late(i);
    if (i->step == ACTI_STEP_FLUSH) {
        i->outbox.is_stored = i->outbox.holds_instance = false;
        if (i->is_ending) i->is_row_stored = false;
        return go_on(i);
    }
    ACTA_CRASH_POINT("pm_after_batch");
    acti_outbox_take_next(i);
    if (i->outbox.commands.deadlines != NULL) acti_schedule_look(i->app);
    if (i->step == ACTI_STEP_OUTBOX && i->is_ending) i->is_row_stored = i->outbox.is_stored;
    if (i->step == ACTI_STEP_END) {
        acti_instance_forget(i);
        i->is_row_stored = i->is_ending = false;
        i->ended_position = i->last_position;
        acti_instance_notify(i, ACTI_TAG_ENDED, "");
    }
    if (i->step == ACTI_STEP_EVENT) {
        i->kept = 0;
        i->is_row_stored = !i->is_ending || i->outbox.commands.count > 0;
        if (i->is_ending) i->associations.count = 0;
        i->associations_stored = i->associations.count;
        acti_instance_answer_event(i, ACTA_OK, NULL); /* behind the count of open outboxes: see clerk.c */
    }
    return go_on(i);
}

static acta_next
committed(acti_instance *i, const acti_committed *what)
{
    if (what->number != i->number || i->phase != ACTI_INSTANCE_COMMITTING) return ACTA_NEXT;
    if (what->result.status == ACTA_OK) return batch_is_durable(i);
    if (what->result.status == ACTA_ALREADY_EXISTS && (i->step == ACTI_STEP_OUTBOX || i->step == ACTI_STEP_END)) {
        i->is_from_before = true; /* the command that was to be left out has been through: ask for its answer */
        i->phase = ACTI_INSTANCE_IDLE;
        return go_on(i);
    }
    return acti_instance_end(i, what->result.status, &what->result.error);
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
    i->associations.memory = i->memory;
    i->ticket = given->ticket;
    i->id = acta_str_from(i->ticket->id, i->ticket->id_size);
    /* All goes with the actor's memory, also when it is killed. */
    acta_allocator allocator = acti_allocator_over(i->memory);
    i->scratch = i->memory != NULL ? acta_memory_create(&allocator) : NULL;
    if (i->value == NULL || i->scratch == NULL || !acti_sent_init(&i->outbox.commands, &allocator) ||
        !acti_sent_init(&i->next_outbox.commands, &allocator))
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for an instance of %s", acti_manager_name(i->manager));
    i->idle_ms = i->manager->idle_timeout_ms != 0 ? i->manager->idle_timeout_ms : ACTI_INSTANCE_IDLE_DEFAULT;
    if (ACTA_SIM_CHANCE(&i->app->environment, "manager.passivated.early", 25)) i->idle_ms = 1;
    if (i->idle_ms != UINT32_MAX) acta_set_idle_timeout(self, i->idle_ms);
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
resume(acti_instance *i)
{
    bool may_have_left = i->ticket->event == NULL && may_leave(i);

    if (may_have_left && ACTA_SIM_CHANCE(&i->app->environment, "manager.leaves.unheard", 25)) return leave(i);
    i->report_wanted = true;
    bool is_unread = i->phase == ACTI_INSTANCE_COLD || !i->is_behind;
    if (is_unread) acti_outbox_count(i, true); /* until it knows: its word to go on counts no more after this turn */
    if (i->phase == ACTI_INSTANCE_STUCK) acti_outbox_retry(i);
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
        return resume(i);
    default:
        return ACTA_NEXT;
    }
}

static acta_next
idle_for_long(acti_instance *i)
{
    if (may_leave(i)) return leave(i);
    if (i->phase == ACTI_INSTANCE_IDLE) return flush(i);
    acti_look_later(i->app, i->self, i->idle_ms);
    return ACTA_NEXT;
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

    if (i->ticket->event != NULL) end_span(i, ACTA_FAILED); /* the event in hand */
    acti_ticket_give_back(i->ticket);                       /* the next incarnation begins with what is stored */
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
