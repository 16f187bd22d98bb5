/*
 * GET /tree, GET /tree/{pid}: the actors that a supervisor has, in the order in which they were started, a page at a time:
 * how each stands, and what waits for it. A supervisor among them has a page of its own by its pid.
 *
 * Actors are asked, and each may be at something long: what has not answered by the request's deadline is listed without
 * its numbers.
 */
#include <string.h>

#include "acta/supervisor.h"
#include "acta/sys.h"

#include "internal.h"

enum { COUNT_DEFAULT = 100, COUNT_MAX = 1000, SUPERVISOR_MS = 2000, ACTORS_MS = 2000, ACTOR_MS = 100 };

static void
add_numbers(acti_json *json, const acta_sys_info *info)
{
    acti_json_number(json, "queued", info->queued_count);
    acti_json_number(json, "queued_bytes", info->queued_bytes);
    acti_json_number(json, "memory_bytes", info->memory_used);
    acti_json_bool(json, "is_suspended", info->is_suspended);
}

static void
add_child(acti_json *json, acta_runtime *runtime, const acta_child_info *child, uint64_t deadline_ns)
{
    static const char *const states[] = {
        [ACTA_CHILD_STOPPED] = "stopped", [ACTA_CHILD_RUNNING] = "running", [ACTA_CHILD_RESTARTING] = "restarting"
    };
    bool is_supervisor = child->spec.start.behaviour == acta_supervisor_behaviour();
    acta_sys_info info;

    acti_json_open(json, NULL, '{');
    acti_json_text(json, "id", child->spec.id);
    acti_json_pid(json, "pid", child->pid);
    acti_json_text(json, "state", states[child->state]);
    acti_json_text(json, "behaviour", child->spec.start.behaviour->name);
    acti_json_bool(json, "is_supervisor", is_supervisor);
    if (child->pid.value != 0 && acta_runtime_now_ns(runtime) < deadline_ns &&
        acta_sys_info_read(runtime, child->pid, ACTOR_MS, &info, NULL) == ACTA_OK)
        add_numbers(json, &info);
    acti_json_close(json, '}');
}

/* Only a supervisor is asked for its children: any other actor might never answer. */
static acta_status
list_children(acta_runtime *runtime, acta_pid pid, acta_message **reply_out, acta_error *error)
{
    acta_sys_info info;

    acta_status status = acta_sys_info_read(runtime, pid, SUPERVISOR_MS, &info, error);
    if (status == ACTA_OK && strcmp(info.behaviour, acta_supervisor_behaviour()->name) != 0)
        return acta_error_set(error, ACTA_NOT_FOUND, "the actor of this pid is no supervisor");
    if (status == ACTA_OK)
        status =
            acta_call(runtime, pid, acta_supervisor_ask(runtime, ACTA_ASK_LIST, NULL), SUPERVISOR_MS, reply_out, error);
    if (status == ACTA_NOPROC) return acta_error_set(error, ACTA_NOT_FOUND, "there is no actor of this pid");
    return status;
}

static void
answer_children(acti_request *request, acta_pid pid, const acta_child_list *list, uint64_t first, uint64_t count)
{
    acta_runtime *runtime = acta_app_runtime(request->gateway->app);
    uint64_t deadline_ns = acta_runtime_now_ns(runtime) + ACTORS_MS * UINT64_C(1000000);
    uint64_t last = first < list->count ? first : list->count;
    acti_json json = acti_json_into(&request->text);

    acti_json_open(&json, NULL, '{');
    acti_json_pid(&json, "supervisor", pid);
    acti_json_number(&json, "count", list->count);
    acti_json_open(&json, "children", '[');
    for (uint64_t end = list->count - last < count ? list->count : last + count; last < end; last++)
        add_child(&json, runtime, &list->children[last], deadline_ns);
    acti_json_close(&json, ']');
    if (last < list->count) acti_json_number(&json, "next", last);
    acti_json_close(&json, '}');
}

static bool
read_pid(acti_request *request, acta_pid *pid_out)
{
    acta_str text = request->parts[0];
    uint64_t value = 0;

    *pid_out = acta_app_tree(request->gateway->app);
    if (text.data == NULL) return true;
    for (size_t i = 0; i < text.size; i++) {
        if (text.size > 20 || text.data[i] < '0' || text.data[i] > '9') {
            acti_problem_field(request, "pid", "a pid is a number, as this path tells those of its children");
            return false;
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    pid_out->value = value;
    return true;
}

void
acti_get_tree(acti_request *request)
{
    uint64_t count = COUNT_DEFAULT, first = 0;
    acta_message *reply = NULL;
    acta_error error;
    acta_pid pid;

    if (!read_pid(request, &pid) || !acti_query_number(request, "count", 1, COUNT_MAX, &count) ||
        !acti_query_number(request, "from", 0, UINT32_MAX, &first))
        return;
    if (list_children(acta_app_runtime(request->gateway->app), pid, &reply, &error) != ACTA_OK) {
        acti_problem(request, &error);
        return;
    }
    answer_children(request, pid, reply->payload, first, count);
    acta_message_destroy(reply);
}
