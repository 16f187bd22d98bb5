/*
 * GET /handlers, and what an operator does with them: POST /handlers/{name}/pause?why=... and so on. By whom it was done is
 * noted: whose token it came with or, where there are none, ?by=.
 */
#include <string.h>

#include "acta/readers.h"

#include "internal.h"

enum { TABLES_MAX = 64 };

const char *
acti_reader_state_name(acta_reader_state state)
{
    static const char *const names[] = { [ACTA_READER_CATCHING_UP] = "catching_up",
        [ACTA_READER_LIVE] = "live",
        [ACTA_READER_RETRYING] = "retrying",
        [ACTA_READER_STALLED] = "stalled",
        [ACTA_READER_STOPPED] = "stopped",
        [ACTA_READER_PAUSED] = "paused" };
    return names[state];
}

static void
add_reader(acti_json *json, const acta_reader_info *info)
{
    acti_json_open(json, NULL, '{');
    acti_json_text(json, "name", info->name);
    acti_json_text(json, "state", acti_reader_state_name(info->state));
    acti_json_time(json, "since", info->since_us);
    acti_json_number(json, "passed", info->passed);
    acti_json_number(json, "head", info->head);
    acti_json_number(json, "behind", info->head > info->passed ? info->head - info->passed : 0);
    acti_json_number(json, "in_flight", info->in_flight);
    acti_json_number(json, "parked", info->parked);
    acti_json_number(json, "retries", info->retries);
    if (info->is_rebuilding) acti_json_number(json, "rebuilt", info->rebuilt);
    if (info->reason[0] != '\0') acti_json_text(json, "why", info->reason);
    acti_json_close(json, '}');
}

const acta_reader_info *
acti_readers_list(acti_request *request, uint32_t *count_out)
{
    acta_app *app = request->gateway->app;
    uint32_t count = acta_app_readers(app, NULL, 0); /* stays the same while it runs */
    acta_reader_info *infos = acta_memory_alloc(request->memory, count * sizeof *infos);

    *count_out = count;
    if (infos != NULL)
        acta_app_readers(app, infos, count);
    else
        acti_problem_http(request, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for this request");
    return infos;
}

void
acti_json_readers(acti_json *json, const acta_reader_info *infos, uint32_t count)
{
    acti_json_open(json, "handlers", '[');
    for (uint32_t i = 0; i < count; i++)
        add_reader(json, &infos[i]);
    acti_json_close(json, ']');
}

void
acti_get_handlers(acti_request *request)
{
    acti_json json = acti_json_into(&request->text);
    uint32_t count;
    const acta_reader_info *infos = acti_readers_list(request, &count);

    if (infos == NULL) return;
    acti_json_open(&json, NULL, '{');
    acti_json_readers(&json, infos, count);
    acti_json_close(&json, '}');
}

/* -- what is parked -- */

static bool
add_parked(void *user, const acta_parked *parked, const acta_recorded *recorded)
{
    acti_json *json = user;

    acti_json_open(json, NULL, '{');
    acti_json_number(json, "position", parked->position);
    acti_json_string(json, "key", parked->key);
    if (recorded != NULL) {
        acti_json_string(json, "stream", recorded->stream);
        acti_json_string(json, "type", recorded->type);
        acti_json_time(json, "recorded_at", recorded->recorded_at_us);
    }
    acti_json_number(json, "attempts", parked->attempts);
    acti_json_time(json, "parked_at", parked->parked_at_us);
    acti_json_string(json, "why", parked->reason);
    acti_json_close(json, '}');
    return json->text->size < (1 << 20);
}

/* The name with its NUL; NULL: there is no such reader, and the request is refused. */
static const char *
reader_name(acti_request *request)
{
    uint32_t count;
    const acta_reader_info *infos = acti_readers_list(request, &count);

    if (infos == NULL) return NULL;
    for (uint32_t i = 0; i < count; i++)
        if (acta_str_equal(acta_str_of(infos[i].name), request->parts[0])) return infos[i].name;
    acti_problem_http(request, MHD_HTTP_NOT_FOUND, "the application has no handler '%.*s'",
        request->parts[0].size > 64 ? 64 : (int)request->parts[0].size, request->parts[0].data);
    return NULL;
}

void
acti_get_parked(acti_request *request)
{
    const char *name = reader_name(request);
    acti_json json = acti_json_into(&request->text);
    acta_error error;

    if (name == NULL) return;
    acti_json_open(&json, NULL, '{');
    acti_json_text(&json, "name", name);
    acti_json_open(&json, "parked", '[');
    acta_status status = acta_reader_parked(acta_app_store(request->gateway->app), name, add_parked, &json, &error);
    acti_json_close(&json, ']');
    acti_json_close(&json, '}');
    if (status != ACTA_OK) acti_problem(request, &error);
}

/* -- orders -- */

typedef struct order {
    acti_request *request;
    const char *name;
    acta_operator by;
    uint64_t position; /* 0: none was given */
    acta_str key;
    const acta_table *tables[TABLES_MAX + 1]; /* read models; the last one NULL */
    bool has_no_tables;                       /* and that was said */
} order;

static void
answer_done(const order *o)
{
    acti_json json = acti_json_into(&o->request->text);

    acti_json_open(&json, NULL, '{');
    acti_json_text(&json, "name", o->name);
    acti_json_close(&json, '}');
}

static acta_status
pause_reader(order *o, acta_error *error)
{
    return acta_reader_pause(o->request->gateway->app, o->name, &o->by, error);
}

static acta_status
resume_reader(order *o, acta_error *error)
{
    return acta_reader_resume(o->request->gateway->app, o->name, &o->by, error);
}

static acta_status
replay(order *o, acta_error *error)
{
    const acta_parked_choice choice = { .key = o->key, .position = o->position };
    return acta_reader_replay(o->request->gateway->app, o->name, &choice, &o->by, NULL, error);
}

static acta_status
skip(order *o, acta_error *error)
{
    if (o->position == 0) return acta_error_set(error, ACTA_INVALID, "which event? expected ?position=4711");
    return acta_reader_skip(o->request->gateway->app, o->name, o->position, &o->by, error);
}

static acta_status
reset(order *o, acta_error *error)
{
    if (o->tables[0] == NULL && !o->has_no_tables) /* rows that stay would be made twice */
        return acta_error_set(error, ACTA_INVALID,
            "which read models does it write? expected ?tables=bank.AccountRow,... or, of an event handler, "
            "?tables=none");
    return acta_reader_reset_live(o->request->gateway->app, o->name, o->tables, &o->by, error);
}

static acta_status
cancel_rebuild(order *o, acta_error *error)
{
    return acta_reader_rebuild_cancel(o->request->gateway->app, o->name, &o->by, error);
}

static const struct {
    const char *name;
    acta_status (*run)(order *o, acta_error *error);
} orders[] = {
    { "pause", pause_reader },
    { "resume", resume_reader },
    { "replay", replay },
    { "skip", skip },
    { "reset", reset },
    { "cancel-rebuild", cancel_rebuild },
};
enum { ORDER_COUNT = sizeof orders / sizeof orders[0] };

/* "bank.AccountRow,bank.TransferRow". False: the request is refused. */
static bool
read_tables(order *o)
{
    acta_str left = acta_str_of(acti_query(o->request, "tables"));
    uint32_t count = 0;

    o->has_no_tables = acta_str_equal(left, acta_str_of("none"));
    while (left.size > 0 && !o->has_no_tables) {
        const char *comma = memchr(left.data, ',', left.size);
        acta_str name = acta_str_from(left.data, comma != NULL ? (size_t)(comma - left.data) : left.size);
        if (count == TABLES_MAX) {
            acti_problem_field(o->request, "tables", "at most %d read models are expected", TABLES_MAX);
            return false;
        }
        o->tables[count] = acti_find_table(o->request, name, ACTA_TABLE_READ_MODEL, "read model");
        if (o->tables[count++] == NULL) return false;
        left = comma != NULL ? acta_str_from(comma + 1, left.size - name.size - 1) : acta_str_from(NULL, 0);
    }
    return true;
}

/* What all orders have. False: the request is refused. */
static bool
read_order(order *o, acti_request *request)
{
    *o = (order){ .request = request, .name = reader_name(request) };
    if (o->name == NULL || !acti_query_number(request, "position", 1, UINT64_MAX, &o->position)) return false;
    o->key = acta_str_of(acti_query(request, "key"));
    o->by.by = request->who[0] != '\0' ? request->who : acti_query(request, "by");
    o->by.why = acti_query(request, "why");
    return read_tables(o);
}

void
acti_post_rebuild(acti_request *request)
{
    acta_error error;
    order o;

    if (!read_order(&o, request)) return;
    if (o.tables[0] == NULL)
        acti_problem_field(request, "tables", "which read models does it write? expected tables=bank.AccountRow,...");
    else if (acta_reader_rebuild(request->gateway->app, o.name, o.tables, &o.by, &error) == ACTA_OK)
        answer_done(&o);
    else
        acti_problem(request, &error);
}

void
acti_post_handler(acti_request *request)
{
    acta_error error;
    order o;

    if (!read_order(&o, request)) return;
    for (uint32_t i = 0; i < ORDER_COUNT; i++) {
        if (!acta_str_equal(request->parts[1], acta_str_of(orders[i].name))) continue;
        if (orders[i].run(&o, &error) == ACTA_OK)
            answer_done(&o);
        else
            acti_problem(request, &error);
        return;
    }
    acti_problem_http(request, MHD_HTTP_NOT_FOUND,
        "there is no such order; there are pause, resume, replay, skip, reset, rebuild and cancel-rebuild");
}
