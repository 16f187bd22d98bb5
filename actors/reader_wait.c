/*
 * Waiting for readers: a dispatch with `wait_for` returns when they have passed the command's events, or tells that one of
 * them has parked what it would have to wait for.
 */
#include "reader.h"

enum { NAP_MS = 5 }; /* while a reader is between two lives */

typedef struct acti_wait {
    struct acti_wait *next;
    acta_from from;
    uint64_t position;
    uint64_t deadline_ns; /* from then on nobody waits */
    size_t stream_size;
    char stream[];
} acti_wait;

/* What the message holds. */
typedef struct wait_request {
    uint64_t position, deadline_ns;
    size_t stream_size;
    char stream[ACTA_STREAM_NAME_MAX];
} wait_request;

void
acti_waits_add(acti_reader_actor *r, acta_from from, const acta_message *message)
{
    const wait_request *request = message->payload;
    acti_wait *wait = acta_alloc(r->self, sizeof *wait + request->stream_size);

    if (wait == NULL) {
        acta_reply(r->app->runtime, from, ACTA_NO_MEMORY, NULL, NULL);
        return;
    }
    *wait = (acti_wait){ .next = r->waits,
        .from = from,
        .position = request->position,
        .deadline_ns = request->deadline_ns,
        .stream_size = request->stream_size };
    memcpy(wait->stream, request->stream, request->stream_size);
    r->waits = wait;
}

/* Does a parked key hold this event? A process manager's keys are no streams: there the position tells. */
static bool
is_parked(const acti_reader_actor *r, const acti_wait *wait)
{
    if (r->parked_count == 0) return false;
    const acti_aside *of_stream = acti_aside_find(r, acta_str_from(wait->stream, wait->stream_size));
    if (!acti_reader_has_keys(r->reader)) return of_stream != NULL && of_stream->is_parked;

    for (const acti_aside *aside = r->aside_first; aside != NULL; aside = aside->next) {
        for (uint32_t i = aside->first; aside->is_parked && i < aside->positions.count; i++)
            if (aside->positions.values[i] == wait->position) return true;
    }
    return false;
}

/* Is it aside, and still tried? Commands that an event of a process manager has led to are none of it. */
static bool
is_tried(const acti_reader_actor *r, const acti_wait *wait)
{
    if (!acti_reader_has_keys(r->reader)) {
        const acti_aside *aside = acti_aside_find(r, acta_str_from(wait->stream, wait->stream_size));
        return aside != NULL && !aside->is_parked;
    }
    for (const acti_aside *aside = r->aside_first; aside != NULL; aside = aside->next) {
        for (uint32_t i = aside->first + (aside->by_commands ? 1 : 0); i < aside->positions.count; i++)
            if (aside->positions.values[i] == wait->position) return true;
    }
    return false;
}

static bool
answer(const acti_reader_actor *r, const acti_wait *wait)
{
    acta_error error;

    if (is_parked(r, wait)) {
        acta_error_set(&error, ACTA_PARKED, "reader '%s' has parked the events of '%.*s'", r->reader->name,
            (int)wait->stream_size, wait->stream);
        acta_reply(r->app->runtime, wait->from, ACTA_PARKED, NULL, &error);
        return true;
    }
    if (r->is_halted) {
        char reason[ACTI_REASON_MAX];
        acti_reader_read_reason(r->reader, reason);
        acta_error_set(&error, ACTA_PARKED, "reader '%s' has stopped: %s", r->reader->name, reason);
        acta_reply(r->app->runtime, wait->from, ACTA_PARKED, NULL, &error);
        return true;
    }
    if (r->subscription == NULL ||
        (acta_subscription_passed(r->subscription) < wait->position && !ACTA_PLANT("wait_not_waited")))
        return false;
    if (is_tried(r, wait)) return false;
    acta_reply(r->app->runtime, wait->from, ACTA_OK, NULL, NULL);
    return true;
}

/* Who waited, and was told by its own clock that it is too late, is forgotten: a reader may stand still for long. */
void
acti_waits_answer(acti_reader_actor *r)
{
    uint64_t now_ns = r->waits != NULL ? acti_now_ns(r->app) : 0;

    for (acti_wait **at = &r->waits; *at != NULL;) {
        acti_wait *wait = *at;
        if (wait->deadline_ns > now_ns && !answer(r, wait)) {
            at = &wait->next;
            continue;
        }
        *at = wait->next;
        acta_free(r->self, wait);
    }
}

/* -- the dispatcher's side -- */

static const acti_reader *
find_reader(const acta_app *app, const char *name)
{
    for (uint32_t i = 0; i < app->reader_count; i++)
        if (strcmp(app->readers[i].name, name) == 0) return &app->readers[i];
    return NULL;
}

acta_status
acti_wait_for_check(const acta_app *app, const char *const *names, acta_error *error)
{
    for (; *names != NULL; names++) {
        if (find_reader(app, *names) == NULL)
            return acta_error_set(error, ACTA_INVALID,
                "cannot wait for '%s': application '%s' has no reader of that name", *names, app->name);
    }
    return ACTA_OK;
}

static acta_status
is_too_late(const acti_reader *reader, uint64_t position, acta_error *error)
{
    return acta_error_set(error, ACTA_TIMEOUT,
        "the command is stored, but reader '%s' is at position %" PRIu64 ", which is before its event at %" PRIu64,
        reader->name, atomic_load_explicit(&reader->passed, memory_order_relaxed), position);
}

static acta_status
is_stopped(const acta_app *app, const acti_reader *reader, uint64_t position, acta_error *error)
{
    return acta_error_set(error, ACTA_STOPPED,
        "the command is stored, but application '%s' was stopped before reader '%s' had passed its event at %" PRIu64,
        app->name, reader->name, position);
}

static acta_status
wait_for_one(
    acta_app *app, const acti_reader *reader, const wait_request *request, uint64_t deadline_ns, acta_error *error)
{
    for (;;) {
        uint32_t left_ms = acti_left_ms(app, deadline_ns);
        acta_pid pid = { atomic_load_explicit(&reader->pid, memory_order_relaxed) }; /* a name only */
        acta_message *message = acta_message_create(app->runtime, ACTI_TAG_WAIT, sizeof *request);
        if (message != NULL) memcpy(message->payload, request, sizeof *request);

        acta_status status = acta_call(app->runtime, pid, message, left_ms, NULL, error);
        if (status == ACTA_TIMEOUT) return is_too_late(reader, request->position, error);
        if (status == ACTA_STOPPED) return is_stopped(app, reader, request->position, error);
        if (status != ACTA_NOPROC && status != ACTA_FAILED) return status;
        if (left_ms == 0) return is_too_late(reader, request->position, error);
        acti_clerk_ask(app, ACTI_TAG_NAP, NAP_MS, left_ms, NULL); /* its supervisor starts it again */
    }
}

acta_status
acti_wait_for(acta_app *app, const char *const *names, acta_str stream, uint64_t position, uint64_t deadline_ns,
    acta_error *error)
{
    wait_request request = { .position = position, .deadline_ns = deadline_ns, .stream_size = stream.size };

    memcpy(request.stream, stream.data, stream.size);
    for (; *names != NULL; names++) {
        acta_status status = wait_for_one(app, find_reader(app, *names), &request, deadline_ns, error);
        if (status != ACTA_OK) return status;
    }
    return ACTA_OK;
}
