/*
 * Schedule: the calls. What is asked is checked and encoded here, on the caller's thread; the clerk does the rest.
 */
#include "schedule_clerk.h"
#include "counters.h"

enum { DAY_MIN = 1440, PAUSE_MS = 1 };

/* -- what is asked -- */

static acta_status
check_key(acta_str key, acta_error *error)
{
    bool is_clean = key.size > 0 && key.size <= ACTA_SCHEDULE_KEY_MAX && acta_str_is_utf8(key);

    for (size_t i = 0; is_clean && i < key.size; i++)
        is_clean = (uint8_t)key.data[i] >= 0x20 && key.data[i] != 0x7f;
    if (is_clean) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "cannot schedule: a key must be 1 to %d bytes of UTF-8 without control characters, this one has %zu bytes",
        ACTA_SCHEDULE_KEY_MAX, key.size);
}

static acta_status
check_when(const acta_when *when, acta_error *error)
{
    acta_cron cron;

    if (when->at_us < 0) return acta_error_set(error, ACTA_INVALID, "cannot schedule: at_us is before 1970");
    if ((when->at_us != 0) + (when->after_ms != 0) + (when->cron != NULL) > 1)
        return acta_error_set(error, ACTA_INVALID, "cannot schedule: set one of at_us, after_ms and cron");
    if (when->cron == NULL) return ACTA_OK;
    if (strlen(when->cron) > ACTA_SCHEDULE_CRON_MAX)
        return acta_error_set(error, ACTA_INVALID,
            "cannot schedule: the cron expression has %zu bytes, at most %d are allowed", strlen(when->cron),
            ACTA_SCHEDULE_CRON_MAX);
    return acta_cron_parse(acta_str_of(when->cron), &cron, error);
}

static acta_status
check_options(const acta_schedule_options *options, acta_error *error)
{
    if (options->utc_offset_min <= -DAY_MIN || options->utc_offset_min >= DAY_MIN)
        return acta_error_set(error, ACTA_INVALID, "cannot schedule: utc_offset_min is %" PRId32 ", a day has %d",
            options->utc_offset_min, DAY_MIN);
    if (options->missed > ACTA_MISSED_SKIP)
        return acta_error_set(error, ACTA_INVALID, "cannot schedule: %d is no acta_missed", (int)options->missed);
    return ACTA_OK;
}

/* Behind now; INT64_MAX / 2 stands for all that is farther than anybody plans. */
static int64_t
time_after(const acta_app *app, uint64_t after_ms)
{
    int64_t now_us = acti_wall_us(app);
    uint64_t room_ms = (uint64_t)(INT64_MAX / 2 - now_us) / 1000;

    return after_ms < room_ms ? now_us + (int64_t)after_ms * 1000 : INT64_MAX / 2;
}

/* Where a run is to go on in a trace: nowhere, if it is one of many. */
static acti_trace_place
place_of(const acta_when *when, const acta_schedule_options *options, char *room)
{
    acti_trace_place none = { .state = { .data = NULL } };

    if (when->cron != NULL) return none;
    if (options->traceparent.data != NULL)
        return acti_trace_place_read(options->traceparent, options->tracestate, room);
    return options->cause != NULL ? acti_trace_place_of(options->cause->metadata, room) : none;
}

static acti_scheduled
row_of(const acta_app *app, const acta_table *command, acta_bytes payload, const acta_when *when,
    const acta_schedule_options *options)
{
    acti_scheduled row = { .is_delayed = when->cron == NULL && when->at_us == 0,
        .park_rejected = options->park_rejected,
        .missed = options->missed,
        .after_ms = when->after_ms,
        .utc_offset_min = options->utc_offset_min,
        .late_ms = options->late_ms != 0 ? options->late_ms : ACTA_SCHEDULE_LATE_DEFAULT,
        .retry_max = options->retry_max != 0 ? options->retry_max : ACTA_SCHEDULE_RETRY_DEFAULT,
        .correlation_id = options->correlation_id,
        .command = acta_str_of(command->name),
        .cron = acta_str_of(when->cron),
        .payload = payload };

    if (options->cause != NULL) row.causation_id = acti_event_id(options->cause->position);
    if (options->cause != NULL && acta_id_is_none(row.correlation_id))
        row.correlation_id = acti_correlation_of(options->cause);
    if (when->cron == NULL) row.due_us = row.is_delayed ? time_after(app, when->after_ms) : when->at_us;
    return row;
}

/* With the bytes of its views behind it; the clerk finds them in this order. NULL: no memory. */
static acta_message *
message_of(acta_app *app, acti_tag tag, const acti_schedule_request *request)
{
    acta_bytes parts[] = { request->row.payload, acta_str_bytes(request->key), acta_str_bytes(request->row.command),
        acta_str_bytes(request->row.cron), acta_str_bytes(request->row.place.state) };
    size_t size = sizeof *request;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        size += parts[i].size;
    acta_message *message = acta_message_create(app->runtime, tag, size);
    if (message == NULL) return NULL;

    uint8_t *at = message->payload;
    memcpy(at, request, sizeof *request);
    at += sizeof *request;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].size > 0) memcpy(at, parts[i].data, parts[i].size);
        at += parts[i].size;
    }
    return message;
}

/* A call in the making: its request, in a memory of its own. */
typedef struct schedule_call {
    acta_app *app;
    acti_tag tag;
    acta_memory *memory;
    acti_schedule_request request;
} schedule_call;

static acta_status
begin_call(schedule_call *call, acta_app *app, acti_tag tag, acta_str key, acta_error *error)
{
    *call = (schedule_call){ .app = app, .tag = tag, .request = { .key = key } };
    acta_status status = tag == ACTI_TAG_RESUME && key.data == NULL ? ACTA_OK : check_key(key, error);
    if (status == ACTA_OK && acti_is_stopping(app))
        status = acta_error_set(error, ACTA_STOPPED, "application '%s' is stopping", app->name);
    if (status != ACTA_OK) return status;
    call->memory = acta_memory_create(&app->environment.allocator);
    return call->memory != NULL ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, "no memory to schedule");
}

static acta_status
begin_schedule(schedule_call *call, acta_app *app, acta_str key, const acta_table *command, const void *value,
    const acta_when *when, const acta_schedule_options *options, acta_error *error)
{
    acta_status status = begin_call(call, app, ACTI_TAG_SCHEDULE, key, error);
    if (status == ACTA_OK) status = check_when(when, error);
    if (status == ACTA_OK) status = check_options(options, error);
    if (status != ACTA_OK) return status;
    const acti_route *route = acti_route_find(app, command);
    if (route == NULL)
        return acta_error_set(error, ACTA_INVALID, "cannot schedule '%s': it is no command of application '%s'",
            command->name, app->name);
    status = acti_identity_check(route->aggregate, command, command->identity(value), error);
    if (status != ACTA_OK) return status;

    acta_memory_sink sink = acta_memory_sink_of(call->memory);
    status = command->write(value, &sink.sink, error);
    if (status != ACTA_OK) return acta_error_prefix(error, status, "cannot schedule '%s': ", command->name);
    call->request.row = row_of(app, command, sink.bytes, when, options);
    char *room = acta_memory_alloc(call->memory, ACTA_TRACESTATE_MAX);
    if (room == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to schedule");
    call->request.row.place = place_of(when, options, room);
    call->request.replace = options->replace;
    return ACTA_OK;
}

static acta_pid
clerk_of(acta_app *app)
{
    return (acta_pid){ atomic_load_explicit(&app->schedule, memory_order_relaxed) };
}

/* -- and wait -- */

/* What the clerk didn't see is asked again; what it died of too, where asking again does no harm. */
static acta_status
ask_and_wait(schedule_call *call, uint32_t timeout_ms, acti_schedule_answer *answer_out, acta_error *error)
{
    acta_app *app = call->app;
    uint32_t left_ms = timeout_ms != 0 ? timeout_ms : ACTA_CALL_TIMEOUT_DEFAULT;
    uint64_t deadline_ns = left_ms == ACTA_INFINITE ? UINT64_MAX : acti_now_ns(app) + left_ms * UINT64_C(1000000);

    for (;;) {
        acta_message *reply = NULL, *request = message_of(app, call->tag, &call->request);
        acta_status status = acta_call(app->runtime, clerk_of(app), request, left_ms, &reply, error);
        if (status == ACTA_OK) {
            memcpy(answer_out, reply->payload, sizeof *answer_out);
            acta_message_destroy(reply);
            return ACTA_OK;
        }
        bool is_unseen = status == ACTA_NOPROC || (status == ACTA_FAILED && call->tag != ACTI_TAG_CANCEL);
        if (!is_unseen || !acta_is_alive(app->runtime, app->tree)) return status;
        left_ms = acti_left_ms(app, deadline_ns);
        if (left_ms == 0) return acta_error_set(error, ACTA_TIMEOUT, "the schedule was not there in time");
        status = acti_clerk_ask(app, ACTI_TAG_NAP, PAUSE_MS, left_ms, error);
        if (status != ACTA_OK) return status;
        left_ms = acti_left_ms(app, deadline_ns);
    }
}

static const acta_schedule_options plain_options;

acta_status
acta_schedule(acta_app *app, acta_str key, const acta_table *command, const void *value, acta_when when,
    const acta_schedule_options *options, acta_error *error)
{
    ACTI_IN_CALL(app);
    acti_schedule_answer answer = { .due_us = 0 };
    schedule_call call;
    if (options == NULL) options = &plain_options;

    acta_status status = begin_schedule(&call, app, key, command, value, &when, options, error);
    if (status == ACTA_OK) status = ask_and_wait(&call, options->timeout_ms, &answer, error);
    acta_memory_destroy(call.memory);
    if (status == ACTA_OK && options->due_us_out != NULL) *options->due_us_out = answer.due_us;
    return status;
}

static acta_status
ask_plainly(acta_app *app, acti_tag tag, acta_str key, acti_schedule_answer *answer_out, acta_error *error)
{
    schedule_call call;
    acta_status status = begin_call(&call, app, tag, key, error);

    if (status == ACTA_OK) status = ask_and_wait(&call, 0, answer_out, error);
    acta_memory_destroy(call.memory);
    return status;
}

acta_status
acta_schedule_cancel(acta_app *app, acta_str key, bool *in_time_out, acta_error *error)
{
    ACTI_IN_CALL(app);
    acti_schedule_answer answer = { .due_us = 0 };
    acta_status status = ask_plainly(app, ACTI_TAG_CANCEL, key, &answer, error);

    if (status == ACTA_OK && in_time_out != NULL) *in_time_out = answer.in_time;
    return status;
}

acta_status
acta_schedule_resume(acta_app *app, acta_str key, acta_error *error)
{
    ACTI_IN_CALL(app);
    acti_schedule_answer answer = { .due_us = 0 };

    return ask_plainly(app, ACTI_TAG_RESUME, key, &answer, error);
}

/* -- without waiting -- */

typedef struct schedule_asked {
    acta_app *app;
    acta_schedule_done done;
    void *user;
} schedule_asked;

static void
tell(acta_schedule_done done, void *user, acta_status status, const acta_error *error)
{
    done(user, &(acta_schedule_result){ .status = status, .error = error });
}

static void
asked(void *user, acta_status status, const acta_message *reply, const acta_error *error)
{
    schedule_asked a = *(schedule_asked *)user;
    acti_schedule_answer answer = { .due_us = 0 };
    acta_error unseen;

    acti_free(a.app, user, sizeof a);
    if (status == ACTA_OK) memcpy(&answer, reply->payload, sizeof answer);
    if (status == ACTA_NOPROC) {
        status = acta_error_set(&unseen, ACTA_BUSY, "the schedule is being started; try later");
        error = &unseen;
    }
    /* Relaxed: abandon comes from the one thread of a manual application. */
    if (atomic_load_explicit(&a.app->abandoned, memory_order_relaxed)) return;
    a.done(a.user, &(acta_schedule_result){ .status = status,
                       .due_us = answer.due_us,
                       .in_time = answer.in_time,
                       .error = status != ACTA_OK ? error : NULL });
}

static void
ask_async(schedule_call *call, uint32_t timeout_ms, acta_schedule_done done, void *user)
{
    schedule_asked *a = acti_alloc(call->app, sizeof *a);
    acta_error error;

    if (a == NULL) {
        tell(done, user, acta_error_set(&error, ACTA_NO_MEMORY, "no memory to schedule"), &error);
        return;
    }
    *a = (schedule_asked){ .app = call->app, .done = done, .user = user };
    acta_call_async(call->app->runtime, clerk_of(call->app), message_of(call->app, call->tag, &call->request),
        timeout_ms != 0 ? timeout_ms : ACTA_CALL_TIMEOUT_DEFAULT, asked, a);
}

void
acta_schedule_async(acta_app *app, acta_str key, const acta_table *command, const void *value, acta_when when,
    const acta_schedule_options *options, acta_schedule_done done, void *user)
{
    ACTI_IN_CALL(app);
    schedule_call call;
    acta_error error;
    if (options == NULL) options = &plain_options;

    acta_status status = begin_schedule(&call, app, key, command, value, &when, options, &error);
    if (status == ACTA_OK)
        ask_async(&call, options->timeout_ms, done, user);
    else
        tell(done, user, status, &error);
    acta_memory_destroy(call.memory);
}

void
acta_schedule_cancel_async(acta_app *app, acta_str key, acta_schedule_done done, void *user)
{
    ACTI_IN_CALL(app);
    schedule_call call;
    acta_error error;

    acta_status status = begin_call(&call, app, ACTI_TAG_CANCEL, key, &error);
    if (status == ACTA_OK)
        ask_async(&call, 0, done, user);
    else
        tell(done, user, status, &error);
    acta_memory_destroy(call.memory);
}

/* -- what is scheduled -- */

static acta_status
show(acta_app *app, acta_bytes row_key, acta_bytes value, acta_memory *memory,
    bool (*see)(void *user, const acta_scheduled *scheduled), void *user, bool *goes_on, acta_error *error)
{
    acta_str manager, instance, key;
    acti_scheduled row;

    if (!acti_schedule_key_parse(row_key, &manager, &instance, &key))
        return acta_error_set(error, ACTA_CORRUPT, "a row of the schedule has a damaged key");
    acta_status status = acti_scheduled_decode(value, &row, error);
    if (status != ACTA_OK) return status;
    const acti_route *route = acti_scheduled_route(app, row.command);
    acta_scheduled shown = { .key = key,
        .manager = manager,
        .instance = instance,
        .command = row.command,
        .table = route != NULL ? route->table : NULL,
        .state = row.is_parked ? ACTA_SCHEDULED_PARKED : ACTA_SCHEDULED_WAITING,
        .due_us = row.due_us,
        .cron = row.cron.size > 0 ? row.cron : acta_str_of(NULL),
        .utc_offset_min = row.utc_offset_min,
        .missed = row.missed,
        .last_us = row.last_us,
        .runs = row.runs,
        .failures = row.failures,
        .reason = row.reason };
    if (route != NULL) {
        uint8_t *aligned = acta_memory_alloc(memory, row.payload.size);
        if (aligned == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row of the schedule");
        memcpy(aligned, row.payload.data, row.payload.size);
        status = route->table->verify(acta_bytes_from(aligned, row.payload.size), error);
        if (status == ACTA_OK)
            status = acti_personal_open(
                app, route->table, acta_bytes_from(aligned, row.payload.size), memory, &shown.payload, error);
    }
    if (status == ACTA_OK) *goes_on = see(user, &shown);
    return status;
}

acta_status
acta_schedule_each(acta_app *app, acta_str prefix, bool (*see)(void *user, const acta_scheduled *scheduled), void *user,
    acta_error *error)
{
    ACTI_IN_CALL(app);
    acta_memory *memory = acta_memory_create(&app->environment.allocator);
    acta_row_cursor *cursor = NULL;
    acta_bytes key, value, from = acta_bytes_from(NULL, 0);
    bool goes_on = true;
    acta_status status = ACTA_OK;

    if (memory != NULL && prefix.size > 0) from = acti_schedule_key(prefix, memory);
    if (memory == NULL || (prefix.size > 0 && from.data == NULL))
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory to list the schedule");
    if (status == ACTA_OK) status = acta_row_cursor_open(app->store, ACTI_SCHEDULE_TABLE, from, &cursor, error);
    while (status == ACTA_OK && goes_on) {
        status = acta_row_cursor_next(cursor, &key, &value, error);
        if (status == ACTA_OK) status = show(app, key, value, memory, see, user, &goes_on, error);
        acta_memory_clear(memory);
    }
    acta_row_cursor_close(cursor);
    acta_memory_destroy(memory);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}
