/*
 * A running supervisor's flags and specs, changed: all of it or nothing.
 *
 * Every new spec is made a child of its own first, not in the list; when there is memory for all of them, those whose id
 * is known give their spec to the child of that id, and the others join the list.
 */
#include "supervisor_internal.h"

static void
destroy_all(acta_self *self, acti_child *made)
{
    for (acti_child *next; made != NULL; made = next) {
        next = made->next;
        acti_child_destroy(self, made);
    }
}

/* In their order, linked by `next`. False: no memory. */
static bool
make_all(acta_self *self, const acta_supervisor_options *options, acti_child **made_out)
{
    acti_child *made = NULL;

    for (uint32_t i = options->child_count; i-- > 0;) {
        acti_child *child = acti_child_create(self, &options->children[i]);
        if (child == NULL) {
            destroy_all(self, made);
            return false;
        }
        child->next = made;
        made = child;
    }
    *made_out = made;
    return true;
}

/* `made` goes. The old argument stays: the child, if it runs, may read it. */
static void
take_spec(acta_self *self, acti_child *child, acti_child *made)
{
    char *old_texts = child->texts;

    child->spec = made->spec;
    child->texts = made->texts;
    child->argument = made->argument;
    acta_free(self, old_texts);
    acta_free(self, made);
}

/* False: no memory, and nothing was changed. */
static bool
change_model(acta_self *self, acti_supervisor *s, const acta_child_spec *spec)
{
    const void *old = s->model->spec.start.argument;
    acti_child *made = acti_child_create(self, spec);

    if (made == NULL) return false;
    take_spec(self, s->model, made);
    for (acti_child *child = s->first; child != NULL; child = child->next) {
        const void *argument = child->spec.start.argument;
        size_t argument_size = child->spec.argument_size;
        child->spec = s->model->spec;
        if (argument == old) continue;
        child->spec.start.argument = argument; /* its own */
        child->spec.argument_size = argument_size;
    }
    return true;
}

/* False: no memory for the tables, which a list without children doesn't have; nothing was changed then. */
static bool
join(acta_self *self, acti_supervisor *s, acti_child *made)
{
    for (acti_child *next; made != NULL; made = next) {
        acti_child *child = acti_child_find(s, made->spec.id);
        next = made->next;
        if (child != NULL)
            take_spec(self, child, made);
        else if (!acti_child_add(self, s, made)) {
            made->next = next;
            destroy_all(self, made);
            return false;
        }
    }
    return true;
}

static bool
change_children(acta_self *self, acti_supervisor *s, const acta_supervisor_options *options)
{
    acti_child *made;

    return make_all(self, options, &made) && join(self, s, made);
}

acta_status
acti_supervisor_change(acta_self *self, acti_supervisor *s, const acta_supervisor_options *options, acta_error *error)
{
    acta_status status = acti_options_check_change(s, options, error);
    if (status != ACTA_OK) return status;
    if (s->group != ACTI_GROUP_NONE)
        return acta_error_set(error, ACTA_BUSY, "children are being restarted, try again later");
    bool is_done = acti_is_dynamic(s) ? change_model(self, s, options->children) : change_children(self, s, options);
    if (!is_done) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the new specs");
    acti_options_take(s, options);
    return ACTA_OK;
}
