/*
 * Clerk: waits on behalf of callers for what nobody tells of, and lets old outcomes go.
 *
 *     settle   all readers have passed the head, no outbox has anything in it, no command is under way
 *     drain    no command is under way
 *     nap      a while
 *
 * While somebody waits it looks every millisecond; otherwise it wakes once a minute. Outcomes of commands are kept for
 * `retention_ms`, and as long as an outbox, or what is due in the schedule, that may ask for them again is older.
 */
#include "reader.h"

#include "audit.h"
#include "manager.h"
#include "schedule.h"

enum {
    LOOK_MS = 1,
    EXPIRE_EVERY_MS = 60000,
    EXPIRE_AT_ONCE = 1000 /* outcomes; when there are more, the rest follows after LOOK_MS */
};

typedef struct waiting {
    struct waiting *next;
    acti_tag what; /* SETTLE, DRAIN, NAP */
    acta_from from;
    uint64_t until_ns; /* NAP */
} waiting;

typedef struct clerk {
    acta_app *app;
    waiting *first;
    bool is_looking; /* a timer is set */
} clerk;

/* -- is it settled? -- */

static bool
reader_is_behind(const acti_reader *reader, uint64_t head)
{
    /* Acquire: what the reader has done is before what it says about itself. */
    return atomic_load_explicit(&reader->passed, memory_order_acquire) < head ||
           atomic_load_explicit(&reader->in_flight, memory_order_acquire) > 0;
}

/* Is something due that was not begun? */
static bool
is_due(const acta_app *app)
{
    /* Acquire: a run that was begun is counted by then. */
    return atomic_load_explicit(&app->schedule_next_us, memory_order_acquire) <= acti_wall_us(app);
}

static bool
is_at_work(const acta_app *app)
{
    return is_due(app) || atomic_load_explicit(&app->outboxes_open, memory_order_acquire) > 0 ||
           atomic_load_explicit(&app->commands_open, memory_order_acquire) > 0;
}

static const acti_reader *
reader_behind(const acta_app *app, uint64_t head)
{
    for (uint32_t i = 0; i < app->reader_count; i++)
        if (reader_is_behind(&app->readers[i], head)) return &app->readers[i];
    return NULL;
}

static const acti_reader *
reader_with_parked(const acta_app *app)
{
    for (uint32_t i = 0; i < app->reader_count; i++)
        if (atomic_load_explicit(&app->readers[i].parked, memory_order_relaxed) > 0) return &app->readers[i];
    return NULL;
}

/*
 * Work goes from a command to the log, from the log to a reader, from there to an outbox and back to a command, and each
 * stage has it before the one before lets it go. Looked at one after the other a stage may be passed unseen; but not
 * without the head moving, or an outbox being open at the second look.
 */
static bool
is_at_rest(const acta_app *app)
{
    uint64_t head = acta_store_head(app->store);

    return !is_at_work(app) && reader_behind(app, head) == NULL && !is_at_work(app) &&
           acta_store_head(app->store) == head;
}

static acta_status
say_who_is_behind(acta_app *app, acta_error *error)
{
    uint64_t head = acta_store_head(app->store);
    const acti_reader *behind = reader_behind(app, head);

    if (behind != NULL) {
        char reason[sizeof behind->reason];
        acti_reader_read_reason(behind, reason);
        return acta_error_set(error, ACTA_TIMEOUT,
            "not settled in time: reader '%s' is at position %" PRIu64 " of %" PRIu64 " with %" PRIu64
            " events in work%s%s",
            behind->name, atomic_load_explicit(&behind->passed, memory_order_relaxed), head,
            atomic_load_explicit(&behind->in_flight, memory_order_relaxed), reason[0] != '\0' ? ": " : "", reason);
    }
    return acta_error_set(error, ACTA_TIMEOUT,
        "not settled in time: %" PRId64 " commands are under way, %" PRId64
        " process managers and runs of the schedule have commands to send%s",
        atomic_load_explicit(&app->commands_open, memory_order_relaxed),
        atomic_load_explicit(&app->outboxes_open, memory_order_relaxed),
        is_due(app) ? ", and the schedule has not begun all that is due" : "");
}

acta_status
acti_app_settled(acta_app *app, acta_error *error)
{
    acta_status status = acta_store_health(app->store, error);
    if (status != ACTA_OK) return status; /* what is left to do can't be written */
    if (!is_at_rest(app)) return say_who_is_behind(app, error);
    const acti_reader *reader = reader_with_parked(app);
    if (reader == NULL) return ACTA_OK;

    char reason[sizeof reader->reason];
    acti_reader_read_reason(reader, reason);
    return acta_error_set(error, ACTA_PARKED, "reader '%s' has parked %" PRIu64 " events that it could not work on%s%s",
        reader->name, atomic_load_explicit(&reader->parked, memory_order_relaxed), reason[0] != '\0' ? ": " : "",
        reason);
}

/* -- waiting -- */

/* False: it goes on waiting. */
static bool
answer(clerk *c, const waiting *w)
{
    acta_error error;
    acta_status status = ACTA_OK;

    switch (w->what) {
    case ACTI_TAG_SETTLE:
        status = acti_app_settled(c->app, &error);
        if (status == ACTA_TIMEOUT && is_due(c->app)) acti_schedule_look(c->app); /* the wall clock may have jumped */
        if (status == ACTA_TIMEOUT) return false;
        break;
    case ACTI_TAG_DRAIN:
        if (atomic_load_explicit(&c->app->commands_open, memory_order_acquire) > 0) return false;
        break;
    default:
        if (acti_now_ns(c->app) < w->until_ns) return false;
        break;
    }
    acta_reply(c->app->runtime, w->from, status, NULL, &error);
    return true;
}

static void
look(clerk *c, acta_self *self)
{
    acta_ref ref;

    for (waiting **at = &c->first; *at != NULL;) {
        waiting *w = *at;
        if (!answer(c, w)) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        acta_free(self, w);
    }
    if (c->first != NULL && !c->is_looking)
        c->is_looking = acta_send_after(self, LOOK_MS, ACTI_ALARM_RETRY, 0, &ref) == ACTA_OK;
}

/* -- old outcomes -- */

static void
expire(clerk *c, acta_self *self)
{
    acta_app *app = c->app;
    int64_t before_us = acti_wall_us(app) - (int64_t)(app->retention_ms * 1000);
    acta_error error;
    acta_ref ref;
    uint32_t count = 0, audit_count = 0;

    int64_t outbox_us = acti_oldest_outbox_us(app, &error);
    if (outbox_us < before_us) before_us = outbox_us;
    int64_t due_us = acti_oldest_due_us(app, &error);
    if (due_us < before_us) before_us = due_us;
    acta_status status = acta_store_health(app->store, &error);
    if (status == ACTA_OK) status = acta_store_expire_outcomes(app->store, before_us, EXPIRE_AT_ONCE, &count, &error);
    if (status != ACTA_OK && status != ACTA_BUSY)
        acta_log_event(&app->environment, ACTA_LOG_WARNING, "clerk.outcomes_kept",
            ACTA_LOG_FIELDS(acta_log_text("error", acta_str_of(error.text))), "old outcomes of commands are kept: %s",
            error.text);
    status = status == ACTA_OK ? acti_audit_expire(app, EXPIRE_AT_ONCE, &audit_count, &error) : ACTA_OK;
    if (status != ACTA_OK && status != ACTA_BUSY)
        acta_log_event(&app->environment, ACTA_LOG_WARNING, "clerk.audit_kept",
            ACTA_LOG_FIELDS(acta_log_text("error", acta_str_of(error.text))), "old audit records are kept: %s",
            error.text);
    if (audit_count > count) count = audit_count;
    acta_send_after(self, count == EXPIRE_AT_ONCE ? LOOK_MS : EXPIRE_EVERY_MS, ACTI_ALARM_TICK, 0, &ref);
}

/* -- callbacks -- */

static acta_status
clerk_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    clerk *c = state;
    acta_ref ref;

    c->app = *(acta_app *const *)argument;
    /* Relaxed: a pid is a name; what it names is reached through the runtime's own order. */
    atomic_store_explicit(&c->app->clerk, acta_self_pid(self).value, memory_order_relaxed);
    acta_status status = acta_send_after(self, EXPIRE_EVERY_MS, ACTI_ALARM_TICK, 0, &ref);
    return status == ACTA_OK ? ACTA_OK : acta_error_set(error, status, NULL);
}

static acta_next
clerk_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    clerk *c = state;
    waiting *w = acta_alloc(self, sizeof *w);
    uint32_t nap_ms = 0;

    if (w == NULL) {
        acta_reply(c->app->runtime, from, ACTA_NO_MEMORY, NULL, NULL);
        return ACTA_NEXT;
    }
    if (message->size == sizeof nap_ms) memcpy(&nap_ms, message->payload, sizeof nap_ms);
    *w = (waiting){ .what = (acti_tag)message->tag,
        .from = from,
        .next = c->first,
        .until_ns = acti_now_ns(c->app) + nap_ms * UINT64_C(1000000) };
    c->first = w;
    look(c, self);
    return ACTA_NEXT;
}

static acta_next
clerk_info(acta_self *self, void *state, const acta_info *info)
{
    clerk *c = state;

    if (info->kind != ACTA_INFO_TIMER) return ACTA_NEXT;
    if (info->tag == ACTI_ALARM_TICK) {
        expire(c, self);
        return ACTA_NEXT;
    }
    c->is_looking = false;
    look(c, self);
    return ACTA_NEXT;
}

static const acta_behaviour clerk_behaviour = {
    .name = "clerk",
    .state_size = sizeof(clerk),
    .init = clerk_init,
    .handle_call = clerk_call,
    .handle_info = clerk_info,
};

acta_child_spec
acti_clerk_spec(acta_app *app)
{
    return (acta_child_spec){ .id = "clerk", .start = { .behaviour = &clerk_behaviour, .argument = &app->self } };
}

/* -- asking it -- */

/* A pause without the clerk: an actor that answers when its timer comes. Whoever asks later finds nobody: a pause, too. */
typedef struct clerk_pause {
    acta_from from;
    bool is_asked;
} clerk_pause;

static acta_status
pause_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    acta_ref ref;

    (void)state;
    (void)argument;
    acta_status status = acta_send_after(self, LOOK_MS, ACTI_ALARM_TICK, 0, &ref);
    return status == ACTA_OK ? ACTA_OK : acta_error_set(error, status, NULL);
}

static acta_next
pause_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    (void)self;
    (void)message;
    *(clerk_pause *)state = (clerk_pause){ .from = from, .is_asked = true };
    return ACTA_NEXT;
}

static acta_next
pause_info(acta_self *self, void *state, const acta_info *info)
{
    const clerk_pause *p = state;

    if (info->kind != ACTA_INFO_TIMER) return ACTA_NEXT;
    if (p->is_asked) acta_reply(acta_self_runtime(self), p->from, ACTA_OK, NULL, NULL);
    return ACTA_STOP;
}

static const acta_behaviour pause_behaviour = {
    .name = "pause",
    .state_size = sizeof(clerk_pause),
    .init = pause_init,
    .handle_call = pause_call,
    .handle_info = pause_info,
};

/* Not OK: there is no use in asking again. */
static acta_status
pause_a_while(acta_app *app, acta_error *error)
{
    acta_pid pid;

    acta_status status = acta_spawn(app->runtime, &(acta_spawn_options){ .behaviour = &pause_behaviour }, &pid, error);
    if (status != ACTA_OK) return status;
    status = acta_call(app->runtime, pid, acta_message_create(app->runtime, 0, 0), ACTA_INFINITE, NULL, error);
    return status == ACTA_NOPROC || status == ACTA_FAILED ? ACTA_OK : status;
}

static acta_status
ask_once(acta_app *app, acti_tag what, uint32_t nap_ms, uint32_t timeout_ms, acta_error *error)
{
    acta_pid pid = { atomic_load_explicit(&app->clerk, memory_order_relaxed) };
    acta_message *message = acta_message_create(app->runtime, what, what == ACTI_TAG_NAP ? sizeof nap_ms : 0);

    if (message != NULL && what == ACTI_TAG_NAP) memcpy(message->payload, &nap_ms, sizeof nap_ms);
    return acta_call(app->runtime, pid, message, timeout_ms, NULL, error);
}

acta_status
acti_clerk_ask(acta_app *app, acti_tag what, uint32_t nap_ms, uint32_t timeout_ms, acta_error *error)
{
    uint64_t deadline_ns = timeout_ms == ACTA_INFINITE ? UINT64_MAX : acti_now_ns(app) + timeout_ms * UINT64_C(1000000);

    for (;;) {
        acta_status status = ask_once(app, what, nap_ms, timeout_ms, error);
        if (status == ACTA_BUSY && what == ACTI_TAG_NAP) return pause_a_while(app, error); /* its mailbox is full */
        if (status != ACTA_NOPROC && status != ACTA_FAILED) return status;
        /* Its supervisor starts it again, if there is one. */
        if (!acta_is_alive(app->runtime, app->tree)) return status;
        timeout_ms = acti_left_ms(app, deadline_ns);
        if (timeout_ms == 0) return acta_error_set(error, ACTA_TIMEOUT, "the clerk was not there in time");
        status = pause_a_while(app, error);
        if (status != ACTA_OK) return status;
    }
}
