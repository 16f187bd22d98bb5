/*
 * A supervisor's children as a list that can be given away: one message, in which everything points into itself.
 *
 *     payload: acta_child_list | acta_child_info … | spec of a simple_one_for_one | arguments that were copied, each
 *              aligned for any type | ids and names
 */
#include "supervisor_internal.h"

#include <stdalign.h>

/* Where the next argument and the next text go. */
typedef struct places {
    char *arguments;
    char *texts;
} places;

static size_t
aligned(size_t size)
{
    return (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
}

static size_t
texts_size(const acta_child_spec *spec)
{
    return strlen(spec->id) + 1 + spec->start.name.size;
}

static void
put_spec(acta_child_spec *out, const acta_child_spec *spec, places *at)
{
    size_t id_size = strlen(spec->id) + 1;

    *out = *spec;
    out->id = memcpy(at->texts, spec->id, id_size);
    at->texts += id_size;
    out->start.monitor_out = NULL;
    out->start.info_out = NULL;
    if (spec->argument_size > 0 && spec->start.argument != NULL) {
        out->start.argument = memcpy(at->arguments, spec->start.argument, spec->argument_size);
        at->arguments += aligned(spec->argument_size);
    }
    if (spec->start.name.size == 0) return;
    out->start.name.data = memcpy(at->texts, spec->start.name.data, spec->start.name.size);
    at->texts += spec->start.name.size;
}

static void
put_info(acta_child_info *out, const acti_child *child, places *at)
{
    out->pid = child->pid;
    out->state = child->pid.value != 0 ? ACTA_CHILD_RUNNING : child->waits ? ACTA_CHILD_RESTARTING : ACTA_CHILD_STOPPED;
    put_spec(&out->spec, &child->spec, at);
}

/* What a list has room for. */
typedef struct extent {
    uint32_t count;
    size_t arguments, texts;
} extent;

static void
count_spec(extent *e, const acta_child_spec *spec)
{
    e->texts += texts_size(spec);
    if (spec->argument_size > 0 && spec->start.argument != NULL) e->arguments += aligned(spec->argument_size);
}

static extent
measure(const acti_supervisor *s, const acti_child *only)
{
    extent e = { .count = only != NULL ? 1 : s->child_count };

    if (s->model != NULL) count_spec(&e, &s->model->spec);
    if (only != NULL) count_spec(&e, &only->spec);
    for (const acti_child *child = only == NULL ? s->first : NULL; child != NULL; child = child->next)
        count_spec(&e, &child->spec);
    return e;
}

static size_t
head_size(const acti_supervisor *s, uint32_t count)
{
    size_t size = sizeof(acta_child_list) + count * sizeof(acta_child_info);
    return aligned(size + (s->model != NULL ? sizeof(acta_child_spec) : 0));
}

static void
fill(acta_message *message, const acti_supervisor *s, const acti_child *only, const extent *e)
{
    acta_child_list *list = message->payload;
    acta_child_info *infos = (acta_child_info *)(list + 1);
    acta_child_spec *dynamic = (acta_child_spec *)(infos + e->count);
    places at = { .arguments = (char *)message->payload + head_size(s, e->count) };

    at.texts = at.arguments + e->arguments;
    *list = (acta_child_list){ .count = e->count, .children = infos };
    if (s->model != NULL) {
        put_spec(dynamic, &s->model->spec, &at);
        list->dynamic = dynamic;
    }
    if (only != NULL) {
        put_info(infos, only, &at);
        return;
    }
    for (const acti_child *child = s->first; child != NULL; child = child->next)
        put_info(infos++, child, &at);
}

/* All children, or only one. NULL: no memory. */
acta_message *
acti_list_make(acta_runtime *runtime, const acti_supervisor *s, const acti_child *only)
{
    extent e = measure(s, only);
    acta_message *message =
        acta_message_create(runtime, ACTI_ASK_ANSWER, head_size(s, e.count) + e.arguments + e.texts);

    if (message != NULL) fill(message, s, only, &e);
    return message;
}

void
acta_child_list_destroy(const acta_child_list *list)
{
    if (list != NULL) acta_message_destroy(&ACTI_CONTAINER((uintptr_t)list, acti_message, payload)->body);
}
