/*
 * The schedule's clerk: one actor, the only one that changes rows of the application's keys. See schedule_clerk.h for the life
 * of a key.
 *
 * It knows the time of the next row that is due, and sleeps until then; but never longer than ACTA_SCHEDULE_LOOK_MS, for a wall
 * clock may jump. A life that isn't the application's first begins behind all that the one before submitted.
 *
 * Not here: the runs (schedule_fire.c), and their commands (schedule_command.c).
 */
#include "schedule_clerk.h"

enum { IDLE_MS = 60000, CALLS_MAX = 10000 };

/* -- slots -- */

acti_slot *
acti_slot_find(const acti_schedule_clerk *c, acta_bytes row_key)
{
    acti_map_node *node = acti_map_find(&c->slots, acta_str_from(row_key.data, row_key.size));
    return node != NULL ? ACTI_CONTAINER(node, acti_slot, node) : NULL;
}

acti_slot *
acti_slot_create(acti_schedule_clerk *c, acta_bytes row_key)
{
    acti_slot *slot = acta_alloc(c->self, sizeof *slot + row_key.size);
    if (slot == NULL) return NULL;

    uint8_t *key = (uint8_t *)(slot + 1);
    memcpy(key, row_key.data, row_key.size);
    *slot = (acti_slot){ .row_key = acta_bytes_from(key, row_key.size), .prev = c->last };
    if (c->last != NULL)
        c->last->next = slot;
    else
        c->first = slot;
    c->last = slot;
    acti_map_add(&c->slots, &slot->node, acta_str_from(key, row_key.size));
    return slot;
}

static void
slot_destroy(acti_schedule_clerk *c, acti_slot *slot)
{
    acti_map_remove(&c->slots, &slot->node);
    if (slot->prev != NULL)
        slot->prev->next = slot->next;
    else
        c->first = slot->next;
    if (slot->next != NULL)
        slot->next->prev = slot->prev;
    else
        c->last = slot->prev;
    acta_free(c->self, slot);
}

bool
acti_schedule_is_healthy(acti_schedule_clerk *c)
{
    if (acta_store_health(c->app->store, NULL) != ACTA_OK) c->is_over = true;
    return !c->is_over;
}

acta_status
acti_slot_submit(acti_schedule_clerk *c, acti_slot *slot, acta_transaction *t, acti_slot_phase phase, acta_error *error)
{
    acta_status status = acti_submit_for(c->app, t, acta_self_pid(c->self), c->number + 1, error);
    if (status != ACTA_OK) return status;

    slot->number = ++c->number; /* no other has it, whatever becomes of the slot */
    acti_slot_set_phase(c, slot, phase);
    return ACTA_OK;
}

/* -- answers -- */

static void
answer(acti_schedule_clerk *c, acti_asked *asked, acta_status status, const acti_schedule_answer *given,
    const acta_error *error)
{
    acta_message *reply = NULL;

    if (status == ACTA_OK) {
        reply = acta_message_create(c->app->runtime, asked->what, sizeof *given);
        if (reply != NULL)
            memcpy(reply->payload, given, sizeof *given);
        else
            status = ACTA_NO_MEMORY;
    }
    acta_reply(c->app->runtime, asked->from, status, reply, status != ACTA_OK ? error : NULL);
    acta_free(c->self, asked);
    c->calls--;
}

/* What is said about a key, for errors. */
static acta_status
say(acta_error *error, acta_status status, const acti_asked *asked, const char *what)
{
    return acta_error_set(error, status, "schedule '" ACTA_FMT "': %s", ACTA_ARG(asked->request.key), what);
}

/* -- what is next -- */

static void
publish_next(const acti_schedule_clerk *c, int64_t next_us)
{
    /* Release: the runs that were begun are counted before it is told that nothing else is due. */
    atomic_store_explicit(&c->app->schedule_next_us, next_us, memory_order_release);
}

void
acti_schedule_expect(acti_schedule_clerk *c, int64_t due_us)
{
    if (due_us >= c->next_us) return;
    c->next_us = due_us;
    publish_next(c, due_us);
}

/* -- requests -- */

/* May a command have been sent for this row's time? */
static bool
has_come(acti_schedule_clerk *c, const acti_slot *slot, const acti_scheduled *row)
{
    acta_outcome outcome;

    if (row->due_us <= acti_wall_us(c->app) || row->due_us <= acti_schedule_watermark(c->app)) return true;
    acta_id id = acti_scheduled_command_id(slot->row_key, row->due_us, row->mark);
    return acta_store_outcome(c->app->store, id, &outcome, NULL) !=
           ACTA_NOT_FOUND; /* if it can't be read, neither is known */
}

const acti_route *
acti_scheduled_route(const acta_app *app, acta_str command)
{
    for (uint32_t i = 0; i < app->route_count; i++)
        if (acta_str_equal(command, acta_str_of(app->routes_in_order[i].table->name))) return &app->routes_in_order[i];
    return NULL;
}

static bool
is_same(acti_schedule_clerk *c, const acti_scheduled *there, const acti_scheduled *asked)
{
    const acti_route *route = acti_scheduled_route(c->app, asked->command);
    acta_bytes payload;

    if (!acta_str_equal(there->command, asked->command) || !acta_str_equal(there->cron, asked->cron)) return false;
    if (there->is_delayed != asked->is_delayed || there->utc_offset_min != asked->utc_offset_min) return false;
    if (there->missed != asked->missed || there->late_ms != asked->late_ms || there->retry_max != asked->retry_max ||
        there->park_rejected != asked->park_rejected)
        return false;
    if (asked->is_delayed ? there->after_ms != asked->after_ms
                          : asked->cron.size == 0 && there->due_us != asked->due_us)
        return false;
    acta_status status = acti_personal_open(c->app, route->table, there->payload, c->scratch, &payload, NULL);
    return status == ACTA_OK && payload.size == asked->payload.size &&
           memcmp(payload.data, asked->payload.data, payload.size) == 0;
}

static acta_status
fill_schedule(acti_schedule_clerk *c, acti_slot *slot, const acti_scheduled *before, acti_scheduled *row,
    acta_transaction *t, acta_error *error)
{
    const acti_route *route = acti_scheduled_route(c->app, row->command);
    acta_cron cron;

    acta_status status = acti_personal_seal(c->app, route->table, row->payload, c->scratch, &row->payload, error);
    if (status == ACTA_OK && row->cron.size > 0) {
        status = acta_cron_parse(row->cron, &cron, error);
        if (status == ACTA_OK && !acta_cron_next(&cron, row->utc_offset_min, acti_wall_us(c->app), &row->due_us))
            status = acta_error_set(error, ACTA_INVALID, "the cron expression never comes");
    }
    if (status == ACTA_OK && before != NULL) {
        acta_bytes due_key = acti_due_key(before, slot->row_key, c->scratch);
        if (due_key.data == NULL) return acta_error_set(error, ACTA_NO_MEMORY, NULL);
        if (!before->is_parked) acta_transaction_delete(t, ACTI_DUE_TABLE, due_key);
    }
    return status == ACTA_OK ? acti_scheduled_put(t, slot->row_key, row, c->scratch, error) : status;
}

/* What is asked becomes a transaction. Not ACTA_OK: the answer; or *is_done, and nothing need be written. */
static acta_status
fill_request(
    acti_schedule_clerk *c, acti_slot *slot, acti_asked *asked, acta_transaction *t, bool *is_done, acta_error *error)
{
    acti_scheduled there, *row = &asked->request.row;
    acta_status status = acti_scheduled_read(c->app, slot->row_key, c->scratch, &there, error);
    bool is_there = status == ACTA_OK;
    if (!is_there && status != ACTA_NOT_FOUND) return status;

    *is_done = false;
    if (asked->what == ACTI_TAG_SCHEDULE) {
        if (is_there && is_same(c, &there, row)) {
            slot->answer.due_us = there.due_us;
            *is_done = true;
            return ACTA_OK;
        }
        if (is_there && !asked->request.replace)
            return say(error, ACTA_ALREADY_EXISTS, asked,
                "there is another one of this key; take another key, or ask for it to be replaced");
        if (is_there && !there.is_parked && has_come(c, slot, &there))
            return say(error, ACTA_CONFLICT, asked, "a run is under way, and can't be replaced; try later");
        status = fill_schedule(c, slot, is_there ? &there : NULL, row, t, error);
        slot->answer.due_us = row->due_us;
        return status;
    }
    if (asked->what == ACTI_TAG_CANCEL) {
        bool is_late = is_there && (there.is_parked || has_come(c, slot, &there));
        slot->answer.in_time = is_there && !is_late;
        *is_done = is_there ? is_late && !there.is_parked && there.cron.size == 0 : asked->has_waited;
        if (*is_done) return ACTA_OK;
        if (!is_there)
            return say(error, ACTA_NOT_FOUND, asked, "there is none: it has run, was cancelled, or never was");
        if (ACTA_PLANT("cancel_not_written")) return ACTA_OK;
        return acti_scheduled_delete(t, slot->row_key, &there, c->scratch, error);
    }
    if (!is_there || !there.is_parked) return say(error, ACTA_NOT_FOUND, asked, "none of this key is parked");
    there.is_parked = false;
    slot->answer.due_us = there.due_us;
    return acti_scheduled_put(t, slot->row_key, &there, c->scratch, error);
}

static void
take_request(acti_schedule_clerk *c, acti_slot *slot)
{
    acti_asked *asked = slot->first;
    acta_transaction *t = acta_transaction_create(c->app->store);
    acta_error error;
    bool is_done = false;

    slot->first = asked->next;
    if (slot->first == NULL) slot->last = NULL;
    slot->answer = (acti_schedule_answer){ .due_us = INT64_MAX };
    acta_status status = t != NULL ? fill_request(c, slot, asked, t, &is_done, &error)
                                   : acta_error_set(&error, ACTA_NO_MEMORY, "no memory for a row of the schedule");
    if (status == ACTA_OK && !is_done) {
        status = acti_slot_submit(c, slot, t, ACTI_SLOT_WRITING, &error);
        t = NULL;
    }
    acta_transaction_destroy(t);
    acta_memory_clear(c->scratch);
    if (status == ACTA_OK && !is_done) {
        slot->writing = asked;
        return;
    }
    answer(c, asked, status, &slot->answer, &error);
}

void
acti_slot_next(acti_schedule_clerk *c, acti_slot *slot)
{
    if (!c->is_begun) return;
    while (slot->first != NULL && (slot->phase == ACTI_SLOT_IDLE || slot->phase == ACTI_SLOT_BACKOFF))
        take_request(c, slot);
    if (slot->phase == ACTI_SLOT_IDLE) slot_destroy(c, slot);
}

static void
written(acti_schedule_clerk *c, acti_slot *slot, acta_status status, const acta_error *error)
{
    acti_asked *asked = slot->writing;

    slot->writing = NULL;
    if (status == ACTA_OK) acti_schedule_expect(c, slot->answer.due_us);
    if (slot->is_run) acti_run_ended(c, slot, ACTA_CONFLICT, NULL); /* what was to be tried again is gone */
    acti_slot_set_phase(c, slot, ACTI_SLOT_IDLE);
    answer(c, asked, status, &slot->answer, error);
    if (status != ACTA_OK) (void)acti_schedule_is_healthy(c);
    acti_slot_next(c, slot);
}

/* -- all that are parked -- */

static acta_status
fill_resume(acti_schedule_clerk *c, acta_transaction *t, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;
    acti_scheduled row;
    acta_status status =
        acta_row_cursor_open(c->app->store, ACTI_SCHEDULE_TABLE, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;

    while (status == ACTA_OK && (status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK) {
        status = acti_scheduled_decode(value, &row, error);
        if (status != ACTA_OK || !row.is_parked || acti_slot_find(c, key) != NULL) continue;
        row.is_parked = false;
        acta_transaction_expect_row(t, ACTI_SCHEDULE_TABLE, key, true);
        status = acti_scheduled_put(t, key, &row, c->scratch, error);
    }
    acta_row_cursor_close(cursor);
    acta_memory_clear(c->scratch);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* One such call at a time; takes what was asked. */
static void
resume_all(acti_schedule_clerk *c, acti_asked *asked)
{
    acti_schedule_answer none = { .due_us = 0 };
    acta_transaction *t = acta_transaction_create(c->app->store);
    acta_status status = ACTA_OK;
    acta_error error;

    if (t == NULL)
        status = acta_error_set(&error, ACTA_NO_MEMORY, "no memory to resume what is parked");
    else if (!c->is_begun || c->resuming != NULL)
        status =
            acta_error_set(&error, ACTA_BUSY, "the schedule is being started, or resumed by another call; try later");
    else
        status = fill_resume(c, t, &error);
    if (status == ACTA_OK) {
        status = acti_submit_for(c->app, t, acta_self_pid(c->self), c->number + 1, &error);
        t = NULL;
    }
    acta_transaction_destroy(t);
    if (status != ACTA_OK) {
        answer(c, asked, status, &none, &error);
        return;
    }
    c->resuming = asked;
    c->resume_number = ++c->number;
}

static void
resumed(acti_schedule_clerk *c, acta_status status, const acta_error *error)
{
    acti_schedule_answer none = { .due_us = 0 };

    acti_schedule_expect(c, INT64_MIN); /* they are due */
    answer(c, c->resuming, status, &none, error);
    c->resuming = NULL;
}

/* -- the time -- */

static bool
can_run(const acti_schedule_clerk *c)
{
    return c->is_begun && !c->is_over && !acti_is_stopping(c->app);
}

static uint64_t
wake_ns(const acti_schedule_clerk *c)
{
    uint64_t now_ns = acti_now_ns(c->app), sleep_ms = IDLE_MS;
    int64_t now_us = acti_wall_us(c->app);

    if (!can_run(c)) return now_ns + sleep_ms * 1000000;
    if (c->next_us != INT64_MAX) {
        sleep_ms = c->next_us > now_us ? ((uint64_t)(c->next_us - now_us) + 999) / 1000 : 0;
        if (sleep_ms > ACTA_SCHEDULE_LOOK_MS) sleep_ms = ACTA_SCHEDULE_LOOK_MS;
    }
    uint64_t wake = now_ns + sleep_ms * 1000000;
    for (const acti_slot *slot = c->waiting > 0 ? c->first : NULL; slot != NULL; slot = slot->next)
        if (slot->phase == ACTI_SLOT_BACKOFF && slot->retry_ns < wake) wake = slot->retry_ns;
    return wake;
}

static void
arm(acti_schedule_clerk *c)
{
    uint64_t at_ns = wake_ns(c);

    if (c->timer_ns != 0) acta_cancel_timer(c->self, c->timer);
    c->timer_ns = at_ns;
    /* Its next life has another try. */
    if (acta_send_at(c->self, at_ns, ACTI_ALARM_TICK, 0, &c->timer) != ACTA_OK)
        acta_fail(c->self, "schedule: no memory for a timer");
}

static int64_t
next_for_others(const acti_schedule_clerk *c)
{
    if (!c->is_begun || (can_run(c) && c->has_more)) return INT64_MIN;
    return can_run(c) ? c->next_us : INT64_MAX;
}

/* Look at what is due, if there is reason to; and sleep. */
static acta_next
go_on(acti_schedule_clerk *c)
{
    if (can_run(c)) acti_schedule_retry(c);
    bool is_due = c->next_us != INT64_MAX && c->next_us <= acti_wall_us(c->app);
    if (can_run(c) && (is_due || (c->has_more && acti_schedule_has_room(c, ACTI_FIRING_MAX / 2))))
        acti_schedule_scan(c);
    publish_next(c, next_for_others(c));
    arm(c);
    return ACTA_NEXT;
}

/* -- callbacks -- */

static acta_status
clerk_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    acti_schedule_clerk *c = state;

    c->app = *(acta_app *const *)argument;
    c->self = self;
    c->memory = acta_self_memory(self);
    c->next_us = INT64_MIN; /* look */
    c->allocator = acti_allocator_over(c->memory);
    c->scratch = c->memory != NULL ? acta_memory_create(&c->allocator) : NULL;
    if (c->scratch == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the schedule");
    acti_map_init(&c->slots, &c->allocator, c->app->hash_seed);
    /* Relaxed: a pid is a name; what it names is reached through the runtime's own order. So with its lives. */
    atomic_store_explicit(&c->app->schedule, acta_self_pid(self).value, memory_order_relaxed);
    c->is_begun = atomic_fetch_add_explicit(&c->app->schedule_lives, 1, memory_order_relaxed) == 0;
    if (!c->is_begun && acti_schedule_is_healthy(c)) {
        acta_status status =
            acti_submit_for(c->app, acta_transaction_create(c->app->store), acta_self_pid(self), 0, error);
        if (status != ACTA_OK) return status;
    }
    if (c->is_over) c->is_begun = true;
    acti_schedule_conclude_all(c->app);
    acti_deadlines_find(c->app);
    acta_continue(self);
    return ACTA_OK;
}

static acta_next
clerk_continue(acta_self *self, void *state)
{
    (void)self;
    return go_on(state);
}

/* Its views point behind it, wherever it lies. */
static void
rebase(acti_schedule_request *request)
{
    const uint8_t *at = (const uint8_t *)(request + 1);
    acta_str *const views[] = { &request->key, &request->row.command, &request->row.cron, &request->row.place.state };

    /* The payload first, for its alignment. */
    request->row.payload = acta_bytes_from(at, request->row.payload.size);
    at += request->row.payload.size;
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        if (views[i]->data != NULL) *views[i] = acta_str_from(at, views[i]->size);
        at += views[i]->size;
    }
}

static acta_next
refuse(acti_schedule_clerk *c, acta_from from, acta_status status)
{
    acta_reply(c->app->runtime, from, status, NULL, NULL);
    return ACTA_NEXT;
}

static acta_next
clerk_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    acti_schedule_clerk *c = state;
    if (c->calls >= CALLS_MAX) return refuse(c, from, ACTA_BUSY);
    acti_asked *asked = acta_alloc(self, sizeof *asked + message->size - sizeof asked->request);
    if (asked == NULL) return refuse(c, from, ACTA_NO_MEMORY);

    *asked = (acti_asked){ .from = from, .what = (acti_tag)message->tag };
    memcpy(&asked->request, message->payload, message->size);
    rebase(&asked->request);
    c->calls++;
    if (asked->what == ACTI_TAG_RESUME && asked->request.key.data == NULL) {
        resume_all(c, asked);
        return go_on(c);
    }
    acta_bytes row_key = acti_schedule_key(asked->request.key, c->scratch);
    acti_slot *slot = row_key.data != NULL ? acti_slot_find(c, row_key) : NULL;
    if (slot == NULL && row_key.data != NULL) slot = acti_slot_create(c, row_key);
    acta_memory_clear(c->scratch);
    if (slot == NULL) {
        c->calls--;
        acta_free(self, asked);
        return refuse(c, from, ACTA_NO_MEMORY);
    }
    asked->has_waited = slot->phase == ACTI_SLOT_ASKING || slot->phase == ACTI_SLOT_ENDING;
    if (slot->last != NULL)
        slot->last->next = asked;
    else
        slot->first = asked;
    slot->last = asked;
    acti_slot_next(c, slot);
    return go_on(c);
}

static void
committed(acti_schedule_clerk *c, const acti_committed *what)
{
    acta_status status = what->result.status;
    acti_slot *slot = c->first;

    if (what->number == 0) { /* the first of this life */
        c->is_begun = true;
        for (acti_slot *next; slot != NULL; slot = next) {
            next = slot->next;
            acti_slot_next(c, slot);
        }
        return;
    }
    if (c->resuming != NULL && c->resume_number == what->number) {
        resumed(c, status, &what->result.error);
        return;
    }
    while (slot != NULL && slot->number != what->number)
        slot = slot->next;
    if (slot == NULL) return;
    if (slot->phase == ACTI_SLOT_WRITING)
        written(c, slot, status, &what->result.error);
    else {
        acti_run_ended(c, slot, status, &what->result.error);
        acti_slot_next(c, slot);
    }
}

static acta_next
clerk_cast(acta_self *self, void *state, acta_message *message)
{
    acti_schedule_clerk *c = state;

    if (message->tag == ACTI_TAG_COMMITTED)
        committed(c, message->payload);
    else if (message->tag == ACTI_TAG_LOOK)
        c->next_us = INT64_MIN;
    else
        return acta_unhandled_cast(self, message);
    return go_on(c);
}

static acta_next
clerk_info(acta_self *self, void *state, const acta_info *info)
{
    acti_schedule_clerk *c = state;
    acti_slot *slot = c->first;
    (void)self;

    if (info->kind == ACTA_INFO_TIMER) {
        c->timer_ns = 0;
        c->next_us = INT64_MIN; /* look: the clock may have jumped, and word of one that is due may have been lost */
    }
    if (info->kind == ACTA_INFO_REPLY) {
        while (slot != NULL && !(slot->phase == ACTI_SLOT_ASKING && acta_ref_equal(slot->ref, info->ref)))
            slot = slot->next;
        if (slot != NULL) acti_run_answered(c, slot, info->status, info->error);
    }
    return go_on(c);
}

/* What it counted among the open outboxes, whatever its end. */
static void
clerk_release(void *state)
{
    acti_schedule_clerk *c = state;

    if (c->app == NULL) return;
    publish_next(c, INT64_MIN); /* its next life is to look */
    atomic_fetch_sub_explicit(&c->app->outboxes_open, c->firing, memory_order_release);
}

static const acta_behaviour schedule_behaviour = {
    .name = "schedule",
    .state_size = sizeof(acti_schedule_clerk),
    .init = clerk_init,
    .handle_call = clerk_call,
    .handle_cast = clerk_cast,
    .handle_info = clerk_info,
    .handle_continue = clerk_continue,
    .release = clerk_release,
};

acta_child_spec
acti_schedule_spec(acta_app *app)
{
    /* Word of what is committed must come; calls are bounded by the clerk itself. */
    return (acta_child_spec){ .id = "schedule",
        .start = { .behaviour = &schedule_behaviour,
            .argument = &app->self,
            .mailbox_count_max = UINT32_MAX,
            .mailbox_bytes_max = UINT32_MAX } };
}

void
acti_schedule_look(acta_app *app)
{
    acta_pid pid = { atomic_load_explicit(&app->schedule, memory_order_relaxed) };

    /* Release: as publish_next. The schedule may overwrite it before it has the message; then who asks meanwhile is told as
     * if he had asked earlier. */
    atomic_store_explicit(&app->schedule_next_us, INT64_MIN, memory_order_release);
    acta_send(app->runtime, pid, acta_message_create(app->runtime, ACTI_TAG_LOOK, 0));
}
