/*
 * A running tree as options, by asking each supervisor once, top down; then printed as any other.
 *
 *     flags, list of children  --ask-->  options, specs  --each child that is a supervisor and runs-->  the same again
 *
 * What a supervisor has on its own (its flags, the children that came and went) is only known to itself; so one that
 * doesn't run is told as what it would be started with. The lists that the specs point into are held until the text is
 * made. How a child is stands in a remark behind its id, which a load passes over.
 */
#include "internal.h"
#include "tree_internal.h"

typedef struct held {
    struct held *next;
    const acta_child_list *list;
} held;

typedef struct dump {
    acta_runtime *runtime;
    acta_memory *memory; /* of the options */
    held *lists;
    const acti_tree_remarks *remarks;
    acta_error *error;
} dump;

static acta_status
no_memory(dump *d)
{
    return acta_error_set(d->error, ACTA_NO_MEMORY, "no memory to dump a tree");
}

static acta_status
hold_list(dump *d, acta_pid supervisor, const acta_child_list **list_out)
{
    held *h = acta_memory_alloc(d->memory, sizeof *h);

    if (h == NULL) return no_memory(d);
    acta_status status = acta_supervisor_list(d->runtime, supervisor, list_out, d->error);
    if (status != ACTA_OK) return status;
    *h = (held){ .next = d->lists, .list = *list_out };
    d->lists = h;
    return ACTA_OK;
}

/* -- remarks -- */

/* Words for `count` children at `children`; they are there, but say nothing yet. NULL: no memory. */
static const char **
add_remarks(dump *d, const acta_child_spec *children, uint32_t count)
{
    acti_tree_remarks *r = acta_memory_alloc(d->memory, sizeof *r);
    const char **words = acta_memory_alloc(d->memory, (count + 1) * sizeof *words);

    if (r == NULL || words == NULL) return NULL;
    *r = (acti_tree_remarks){ .next = d->remarks, .children = children, .words = words };
    d->remarks = r;
    return words;
}

static const char *
word_of(acta_child_state state)
{
    return state == ACTA_CHILD_RUNNING ? "running" : state == ACTA_CHILD_RESTARTING ? "restarting" : "stopped";
}

/* Of the spec of a simple_one_for_one: how many there are like it. */
static acta_status
remark_dynamic(dump *d, const acta_child_list *list)
{
    enum { ROOM = 64 };
    const char **words = add_remarks(d, list->dynamic, 1);
    char *text = acta_memory_alloc(d->memory, ROOM);
    uint32_t running = 0;

    if (words == NULL || text == NULL) return no_memory(d);
    for (uint32_t i = 0; i < list->count; i++)
        running += list->children[i].state == ACTA_CHILD_RUNNING;
    if (running == list->count)
        snprintf(text, ROOM, "%u running", running);
    else
        snprintf(text, ROOM, "%u running, %u restarting", running, list->count - running);
    words[0] = text;
    return ACTA_OK;
}

/* -- reading -- */

static acta_status read_supervisor(
    dump *d, acta_pid supervisor, uint32_t depth, const acta_supervisor_options **options_out);

/* A supervisor's options in place of what it was started with, if it runs. */
static acta_status
read_child(dump *d, const acta_child_info *info, uint32_t depth, acta_child_spec *spec)
{
    const acta_supervisor_options *options;

    *spec = info->spec;
    if (!acti_tree_is_supervisor(spec) || info->pid.value == 0) return ACTA_OK;
    acta_status status = read_supervisor(d, info->pid, depth, &options);
    if (status == ACTA_NOPROC || status == ACTA_STOPPED || status == ACTA_FAILED)
        return ACTA_OK; /* it has just ended */
    if (status == ACTA_OK) spec->start.argument = options;
    return status;
}

/* A temporary child's argument, if it was copied, goes once it has started; without, the child can't be told. */
static bool
can_be_told(const acta_child_spec *spec)
{
    return spec->argument_size == 0 || spec->start.argument != NULL;
}

static acta_status
read_children(dump *d, const acta_child_list *list, uint32_t depth, acta_supervisor_options *options)
{
    acta_child_spec *specs = acta_memory_alloc(d->memory, (list->count + 1) * sizeof *specs);
    const char **remarks = specs != NULL ? add_remarks(d, specs, list->count) : NULL;
    uint32_t count = 0;

    if (remarks == NULL) return no_memory(d);
    for (uint32_t i = 0; i < list->count; i++) {
        if (!can_be_told(&list->children[i].spec)) continue;
        remarks[count] = word_of(list->children[i].state);
        acta_status status = read_child(d, &list->children[i], depth, &specs[count++]);
        if (status != ACTA_OK) return status;
    }
    options->children = specs;
    options->child_count = count;
    return ACTA_OK;
}

static acta_status
read_supervisor(dump *d, acta_pid supervisor, uint32_t depth, const acta_supervisor_options **options_out)
{
    acta_supervisor_options *options = acta_memory_alloc(d->memory, sizeof *options);
    const acta_child_list *list;

    if (options == NULL) return no_memory(d);
    if (depth == ACTA_TREE_DEPTH_MAX)
        return acta_error_set(d->error, ACTA_INVALID, "the tree has more than %d levels", ACTA_TREE_DEPTH_MAX);
    acta_status status = acta_supervisor_flags(d->runtime, supervisor, options, d->error);
    if (status == ACTA_OK) status = hold_list(d, supervisor, &list);
    if (status != ACTA_OK) return status;
    *options_out = options;
    if (list->dynamic == NULL) return read_children(d, list, depth + 1, options);
    options->children = list->dynamic;
    options->child_count = 1;
    return remark_dynamic(d, list);
}

/* The name that the top is registered by; absent when it has none, or has ended. */
static acta_status
read_name(dump *d, acta_pid supervisor, acta_str *name_out)
{
    acti_actor *actor = acti_actor_alive(d->runtime, supervisor);
    char *name = acta_memory_alloc(d->memory, ACTI_NAME_MAX);

    if (name == NULL) return no_memory(d);
    size_t size = actor != NULL ? acti_name_copy(actor, name) : 0;
    bool is_its_own = acti_actor_alive(d->runtime, supervisor) != NULL; /* or the slot has a new owner, with its name */
    if (size > 0 && is_its_own) *name_out = acta_str_from(name, size);
    return ACTA_OK;
}

static acta_status
dump_in(dump *d, const acta_tree_registry *registry, acta_pid supervisor, acta_memory *memory, acta_str *text_out)
{
    const acta_supervisor_options *options;

    acta_status status = read_supervisor(d, supervisor, 0, &options);
    if (status != ACTA_OK) return status;
    acta_supervisor_options top = *options;
    status = read_name(d, supervisor, &top.name);
    return status == ACTA_OK ? acti_tree_print(registry, &top, d->remarks, memory, text_out, d->error) : status;
}

acta_status
acta_tree_dump(const acta_tree_registry *registry, acta_runtime *runtime, acta_pid supervisor, acta_memory *memory,
    acta_str *text_out, acta_error *error)
{
    acta_error own = { .status = ACTA_OK };
    dump d = { .runtime = runtime, .error = error != NULL ? error : &own };

    acta_status status = acti_tree_check_registry(registry, d.error);
    if (status != ACTA_OK) return status;
    d.memory = acta_memory_create(registry->allocator);
    if (d.memory == NULL) return no_memory(&d);
    status = dump_in(&d, registry, supervisor, memory, text_out);
    for (const held *h = d.lists; h != NULL; h = h->next)
        acta_child_list_destroy(h->list);
    acta_memory_destroy(d.memory);
    return status;
}
