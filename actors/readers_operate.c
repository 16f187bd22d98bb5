/*
 * Operators' side of orders: a call to the reader's actor, again when that is between two lives.
 */
#include "reader_orders.h"
#include "counters.h"

enum { TIMEOUT_DEFAULT_MS = 5000, NAP_MS = 5 };

static void
copy_text(char *to, const char *from)
{
    snprintf(to, ACTA_OPERATOR_TEXT_MAX, "%.*s", ACTA_OPERATOR_TEXT_MAX - 1, from != NULL ? from : "");
}

static acti_reader *
find(acta_app *app, const char *name)
{
    for (uint32_t i = 0; i < app->reader_count; i++)
        if (strcmp(app->readers[i].name, name) == 0) return &app->readers[i];
    return NULL;
}

static acta_status
ask_once(const acti_reader *reader, const acti_order_request *request, uint64_t deadline_ns, uint64_t *count_out,
    acta_error *error)
{
    acta_app *app = reader->app;
    acta_pid pid = { atomic_load_explicit(&reader->pid, memory_order_relaxed) }; /* a name only */
    acta_message *message = acta_message_create(app->runtime, ACTI_TAG_ORDER, sizeof *request);
    acta_message *reply = NULL;

    if (message != NULL) memcpy(message->payload, request, sizeof *request);
    acta_status status = acta_call(app->runtime, pid, message, acti_left_ms(app, deadline_ns), &reply, error);
    if (status == ACTA_OK && reply != NULL && count_out != NULL) memcpy(count_out, reply->payload, sizeof *count_out);
    acta_message_destroy(reply);
    return status;
}

/* An order of which a life that has ended since may have carried out a part: then there is nothing left to do. */
static bool
is_done_by_now(const acti_order_request *request, acta_status status)
{
    bool is_of_asides = request->kind == ACTI_ORDER_REPLAY || request->kind == ACTI_ORDER_SKIP;
    return is_of_asides && status == ACTA_NOT_FOUND;
}

static acta_status
give(acta_app *app, const char *name, acti_order_request *request, const acta_operator *op, uint64_t *count_out,
    acta_error *error)
{
    ACTI_IN_CALL(app);
    uint32_t timeout_ms = op != NULL && op->timeout_ms != 0 ? op->timeout_ms : TIMEOUT_DEFAULT_MS;
    uint64_t deadline_ns = timeout_ms == ACTA_INFINITE ? UINT64_MAX : acti_now_ns(app) + timeout_ms * UINT64_C(1000000);
    const acti_reader *reader = find(app, name);
    bool has_failed = false;
    if (reader == NULL)
        return acta_error_set(error, ACTA_NOT_FOUND, "application '%s' has no reader '%s'", app->name, name);

    copy_text(request->by, op != NULL ? op->by : NULL);
    copy_text(request->why, op != NULL ? op->why : NULL);
    for (;;) {
        acta_status status = ask_once(reader, request, deadline_ns, count_out, error);
        if (has_failed && is_done_by_now(request, status)) return ACTA_OK;
        if (status != ACTA_NOPROC && status != ACTA_FAILED) return status;
        has_failed = has_failed || status == ACTA_FAILED;
        uint32_t left_ms = acti_left_ms(app, deadline_ns);
        if (left_ms == 0) return acta_error_set(error, ACTA_TIMEOUT, "reader '%s' was not there in time", name);
        acta_status nap = acti_clerk_ask(app, ACTI_TAG_NAP, NAP_MS, left_ms, NULL); /* its supervisor starts it again */
        if (nap != ACTA_OK && nap != ACTA_TIMEOUT) return acta_error_set(error, nap, "reader '%s' isn't there", name);
    }
}

acta_status
acta_reader_pause(acta_app *app, const char *name, const acta_operator *op, acta_error *error)
{
    return give(app, name, &(acti_order_request){ .kind = ACTI_ORDER_PAUSE }, op, NULL, error);
}

acta_status
acta_reader_resume(acta_app *app, const char *name, const acta_operator *op, acta_error *error)
{
    return give(app, name, &(acti_order_request){ .kind = ACTI_ORDER_RESUME }, op, NULL, error);
}

acta_status
acta_reader_replay(acta_app *app, const char *name, const acta_parked_choice *choice, const acta_operator *op,
    uint64_t *count_out, acta_error *error)
{
    acti_order_request request = { .kind = ACTI_ORDER_REPLAY };

    if (choice != NULL && choice->key.size > sizeof request.key)
        return acta_error_set(
            error, ACTA_INVALID, "a key of %zu bytes, at most %d are parked", choice->key.size, ACTI_PARKED_KEY_MAX);
    if (choice != NULL) {
        request.position = choice->position;
        request.key_size = choice->key.size;
        if (choice->key.size > 0) memcpy(request.key, choice->key.data, choice->key.size);
    }
    return give(app, name, &request, op, count_out, error);
}

acta_status
acta_reader_skip(acta_app *app, const char *name, uint64_t position, const acta_operator *op, acta_error *error)
{
    if (position == 0) return acta_error_set(error, ACTA_INVALID, "there is no event at position 0");
    return give(app, name, &(acti_order_request){ .kind = ACTI_ORDER_SKIP, .position = position }, op, NULL, error);
}

acta_status
acta_reader_reset_live(
    acta_app *app, const char *name, const acta_table *const *row_tables, const acta_operator *op, acta_error *error)
{
    return give(
        app, name, &(acti_order_request){ .kind = ACTI_ORDER_RESET, .row_tables = row_tables }, op, NULL, error);
}

void
acti_reader_tell_anew(acti_reader *reader)
{
    give(reader->app, reader->name, &(acti_order_request){ .kind = ACTI_ORDER_ANEW }, NULL, NULL, NULL);
}
