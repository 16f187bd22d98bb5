/*
 * GET /sagas/{name}: the instances of a process manager that run, and why each waits. GET /schedule: what runs later.
 */
#include <string.h>

#include "internal.h"

enum { COUNT_DEFAULT = 1000, COUNT_MAX = 10000 };

typedef struct page {
    acti_json json;
    uint64_t count, count_max;
} page;

static bool
add_instance(void *user, const acta_instance_info *info)
{
    page *p = user;
    acti_json *json = &p->json;

    if (p->count++ == p->count_max) return false;
    acti_json_open(json, NULL, '{');
    acti_json_string(json, "id", info->id);
    acti_json_text(json, "phase", acta_instance_phase_name(info->phase));
    acti_json_time(json, "since", info->since_us);
    acti_json_number(json, "position", info->position);
    acti_json_number(json, "commands", info->commands);
    acti_json_number(json, "through", info->through);
    if (info->command.size != 0) acti_json_string(json, "command", info->command);
    acti_json_number(json, "attempts", info->attempts);
    acti_json_number(json, "queued", info->queued);
    if (info->failed_position != 0) acti_json_number(json, "failed_position", info->failed_position);
    acti_json_bool(json, "is_parked", info->is_parked);
    if (info->why[0] != '\0') acti_json_text(json, "why", info->why);
    acti_json_close(json, '}');
    return true;
}

/* A name that a URL can hold may be longer than any that there is. */
static const char *
part_text(acti_request *request, uint32_t index)
{
    char *text = acta_memory_alloc(request->memory, request->parts[index].size + 1);

    if (text == NULL) return "";
    memcpy(text, request->parts[index].data, request->parts[index].size);
    text[request->parts[index].size] = '\0';
    return text;
}

void
acti_get_sagas(acti_request *request)
{
    page p = { .json = acti_json_into(&request->text), .count_max = COUNT_DEFAULT };
    acta_error error;

    if (!acti_query_number(request, "count", 1, COUNT_MAX, &p.count_max)) return;
    acti_json_open(&p.json, NULL, '{');
    acti_json_string(&p.json, "name", request->parts[0]);
    acti_json_open(&p.json, "instances", '[');
    acta_status status = acta_manager_instances(request->gateway->app, part_text(request, 0),
        acta_str_of(acti_query(request, "prefix")), add_instance, &p, &error);
    acti_json_close(&p.json, ']');
    acti_json_bool(&p.json, "more", p.count > p.count_max);
    acti_json_close(&p.json, '}');
    if (status == ACTA_INVALID) status = error.status = ACTA_NOT_FOUND; /* the name is a part of the path */
    if (status != ACTA_OK) acti_problem(request, &error);
}

/* -- what is scheduled -- */

static bool
add_scheduled(void *user, const acta_scheduled *scheduled)
{
    page *p = user;
    acti_json *json = &p->json;

    if (p->count++ == p->count_max) return false;
    acti_json_open(json, NULL, '{');
    acti_json_string(json, "key", scheduled->key);
    if (scheduled->manager.size != 0) acti_json_string(json, "manager", scheduled->manager);
    if (scheduled->instance.size != 0) acti_json_string(json, "instance", scheduled->instance);
    acti_json_string(json, "command", scheduled->command);
    acti_json_text(json, "state", scheduled->state == ACTA_SCHEDULED_PARKED ? "parked" : "waiting");
    acti_json_time(json, "due", scheduled->due_us);
    if (scheduled->cron.size != 0) acti_json_string(json, "cron", scheduled->cron);
    acti_json_time(json, "last", scheduled->last_us);
    acti_json_number(json, "runs", scheduled->runs);
    acti_json_number(json, "failures", scheduled->failures);
    if (scheduled->reason.size != 0) acti_json_string(json, "why", scheduled->reason);
    acti_json_close(json, '}');
    return true;
}

void
acti_get_schedule(acti_request *request)
{
    page p = { .json = acti_json_into(&request->text), .count_max = COUNT_DEFAULT };
    acta_error error;

    if (!acti_query_number(request, "count", 1, COUNT_MAX, &p.count_max)) return;
    acti_json_open(&p.json, NULL, '{');
    acti_json_open(&p.json, "schedule", '[');
    acta_status status = acta_schedule_each(
        request->gateway->app, acta_str_of(acti_query(request, "prefix")), add_scheduled, &p, &error);
    acti_json_close(&p.json, ']');
    acti_json_bool(&p.json, "more", p.count > p.count_max);
    acti_json_close(&p.json, '}');
    if (status != ACTA_OK) acti_problem(request, &error);
}
