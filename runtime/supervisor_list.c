/*
 * A supervisor's children as a list that can be given away: one message, in which everything points into itself.
 *
 *     payload: acta_child_list | acta_child_info … | spec of a simple_one_for_one | ids and names
 */
#include "supervisor_internal.h"

static size_t
texts_size(const acta_child_spec *spec)
{
    return strlen(spec->id) + 1 + spec->start.name.size;
}

static void
put_spec(acta_child_spec *out, const acta_child_spec *spec, char **texts)
{
    size_t id_size = strlen(spec->id) + 1;

    *out = *spec;
    out->id = memcpy(*texts, spec->id, id_size);
    *texts += id_size;
    out->start.monitor_out = NULL;
    out->start.info_out = NULL;
    if (out->argument_size > 0) out->start.argument = NULL; /* the supervisor's own copy */
    if (spec->start.name.size == 0) return;
    out->start.name.data = memcpy(*texts, spec->start.name.data, spec->start.name.size);
    *texts += spec->start.name.size;
}

static void
put_info(acta_child_info *out, const acti_child *child, char **texts)
{
    out->pid = child->pid;
    out->state = child->pid.value != 0 ? ACTA_CHILD_RUNNING : child->waits ? ACTA_CHILD_RESTARTING : ACTA_CHILD_STOPPED;
    put_spec(&out->spec, &child->spec, texts);
}

static void
fill(acta_message *message, const acti_supervisor *s, const acti_child *only, uint32_t count)
{
    acta_child_list *list = message->payload;
    acta_child_info *infos = (acta_child_info *)(list + 1);
    acta_child_spec *dynamic = (acta_child_spec *)(infos + count);
    char *texts = (char *)(s->model != NULL ? dynamic + 1 : dynamic);

    *list = (acta_child_list){ .count = count, .children = infos };
    if (s->model != NULL) {
        put_spec(dynamic, &s->model->spec, &texts);
        list->dynamic = dynamic;
    }
    if (only != NULL) {
        put_info(infos, only, &texts);
        return;
    }
    for (const acti_child *child = s->first; child != NULL; child = child->next)
        put_info(infos++, child, &texts);
}

/* All children, or only one. NULL: no memory. */
acta_message *
acti_list_make(acta_runtime *runtime, const acti_supervisor *s, const acti_child *only)
{
    uint32_t count = only != NULL ? 1 : s->child_count;
    size_t size = sizeof(acta_child_list) + count * sizeof(acta_child_info);

    if (s->model != NULL) size += sizeof(acta_child_spec) + texts_size(&s->model->spec);
    if (only != NULL) size += texts_size(&only->spec);
    for (const acti_child *child = only == NULL ? s->first : NULL; child != NULL; child = child->next)
        size += texts_size(&child->spec);
    acta_message *message = acta_message_create(runtime, 0, size);
    if (message != NULL) fill(message, s, only, count);
    return message;
}

void
acta_child_list_destroy(const acta_child_list *list)
{
    if (list != NULL) acta_message_destroy(&ACTI_CONTAINER((uintptr_t)list, acti_message, payload)->body);
}
