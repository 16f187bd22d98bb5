/*
 * A node into a child's spec: a worker with its behaviour and arguments, or a supervisor.
 */
#include "tree_internal.h"

enum { MAILBOX_COUNT_MAX = 8000000 }; /* as acta_spawn_options has it */

const acti_word acti_tree_restarts[] = { { "permanent", ACTA_PERMANENT }, { "transient", ACTA_TRANSIENT },
    { "temporary", ACTA_TEMPORARY }, { NULL, 0 } };

const acti_word acti_tree_overflows[] = { { "refuse", ACTA_OVERFLOW_REFUSE },
    { "drop_newest", ACTA_OVERFLOW_DROP_NEWEST }, { "drop_oldest", ACTA_OVERFLOW_DROP_OLDEST }, { NULL, 0 } };

typedef struct child_form {
    acta_child_spec *spec;
    const acta_tree_behaviour *entry;
} child_form;

static acta_status
read_id(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    child_form *form = into;
    acta_str id;

    acta_status status = acti_tree_text(loader, key, node, 1, ACTA_TREE_ID_MAX, &id);
    if (status == ACTA_OK) form->spec->id = id.data;
    return status;
}

static acta_status
read_behaviour(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    child_form *form = into;
    acta_str name;

    acta_status status = acti_tree_text(loader, key, node, 1, ACTA_TREE_ID_MAX, &name);
    if (status == ACTA_OK) status = acti_tree_entry(loader, node, name, &form->entry);
    if (status == ACTA_OK) form->spec->start.behaviour = form->entry->behaviour;
    return status;
}

static acta_status
read_name(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    child_form *form = into;
    return acti_tree_name(loader, key, node, &form->spec->start.name);
}

static acta_status
read_restart(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    child_form *form = into;
    int value;

    acta_status status = acti_tree_word(loader, key, node, "a kind of restart", acti_tree_restarts, &value);
    if (status == ACTA_OK) form->spec->restart = (acta_restart)value;
    return status;
}

/* Milliseconds, or a word for what has none. */
static acta_status
read_shutdown(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    static const acti_word words[] = { { "infinity", false }, { "brutal_kill", true }, { NULL, 0 } };
    child_form *form = into;
    int is_brutal;

    if (!acti_yaml_is_word(node))
        return acti_tree_ms(loader, key, node, ", 'infinity' or 'brutal_kill'", &form->spec->shutdown_ms);
    acta_status status = acti_tree_word(loader, key, node, "a shutdown", words, &is_brutal);
    if (status != ACTA_OK) return status;
    form->spec->brutal_kill = is_brutal;
    if (!is_brutal) form->spec->shutdown_ms = ACTA_INFINITE;
    return ACTA_OK;
}

static acta_status
read_significant(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    child_form *form = into;
    return acti_tree_bool(loader, key, node, &form->spec->significant);
}

static acta_status
read_mailbox_count(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    child_form *form = into;
    return acti_tree_uint32(loader, key, node, 1, MAILBOX_COUNT_MAX, &form->spec->start.mailbox_count_max);
}

static acta_status
read_mailbox_bytes(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    child_form *form = into;
    return acti_tree_uint32(loader, key, node, 1, UINT32_MAX, &form->spec->start.mailbox_bytes_max);
}

static acta_status
read_overflow(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    child_form *form = into;
    int value;

    acta_status status = acti_tree_word(loader, key, node, "a policy of a full mailbox", acti_tree_overflows, &value);
    if (status == ACTA_OK) form->spec->start.overflow = (acta_overflow)value;
    return status;
}

static acta_status
read_init_timeout(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    child_form *form = into;
    return acti_tree_ms(loader, key, node, "", &form->spec->start.init_timeout_ms);
}

enum { KEY_ID, KEY_NAME, KEY_BEHAVIOUR, KEY_ARGUMENTS, KEY_SUPERVISOR, KEY_RESTART, KEY_SHUTDOWN, KEY_SIGNIFICANT };
const acti_key acti_tree_child_keys[] = {
    [KEY_ID] = { "id", read_id },
    [KEY_NAME] = { "name", read_name },
    [KEY_BEHAVIOUR] = { "behaviour", read_behaviour },
    [KEY_ARGUMENTS] = { "arguments", NULL },
    [KEY_SUPERVISOR] = { "supervisor", NULL },
    [KEY_RESTART] = { "restart", read_restart },
    [KEY_SHUTDOWN] = { "shutdown", read_shutdown },
    [KEY_SIGNIFICANT] = { "significant", read_significant },
    { "mailbox_count_max", read_mailbox_count },
    { "mailbox_bytes_max", read_mailbox_bytes },
    { "overflow", read_overflow },
    { "init_timeout_ms", read_init_timeout },
    { NULL, NULL },
};

/* -- what must hold between them -- */

static acta_status
read_supervisor(acti_loader *loader, const acti_yaml **seen, acta_child_spec *spec)
{
    acta_supervisor_options *options = acta_memory_alloc(loader->memory, sizeof *options);

    if (options == NULL) return acti_tree_no_memory(loader);
    if (seen[KEY_ARGUMENTS] != NULL)
        return acti_tree_refuse(
            loader, seen[KEY_ARGUMENTS], "a supervisor has no 'arguments'; 'supervisor' has them all");
    spec->type = ACTA_SUPERVISOR;
    spec->start.behaviour = acta_supervisor_behaviour();
    spec->start.argument = options;
    return acti_tree_supervisor(loader, seen[KEY_SUPERVISOR]->value, options);
}

static acta_status
check_keys(acti_loader *loader, const acti_yaml *node, const acti_yaml **seen, const acta_child_spec *spec)
{
    if (seen[KEY_ID] == NULL) return acti_tree_refuse(loader, node, "a child needs an 'id'");
    if (seen[KEY_BEHAVIOUR] == NULL && seen[KEY_SUPERVISOR] == NULL)
        return acti_tree_refuse(loader, node, "child '%.60s' needs a 'behaviour', or a 'supervisor'", spec->id);
    if (seen[KEY_BEHAVIOUR] != NULL && seen[KEY_SUPERVISOR] != NULL)
        return acti_tree_refuse(loader, seen[KEY_SUPERVISOR],
            "child '%.60s' has both a 'behaviour' (line %u) and a 'supervisor'", spec->id, seen[KEY_BEHAVIOUR]->line);
    if (spec->significant && spec->restart == ACTA_PERMANENT)
        return acti_tree_refuse(loader, seen[KEY_SIGNIFICANT],
            "child '%.60s' can't be significant: it is permanent; expected a restart of 'transient' or 'temporary'",
            spec->id);
    return ACTA_OK;
}

acta_status
acti_tree_child(acti_loader *loader, const acti_yaml *node, acta_child_spec *spec, acti_mark *id_out)
{
    const acti_yaml *seen[ACTI_TREE_KEYS_MAX];
    child_form form = { .spec = spec };

    acta_status status = acti_tree_mapping(loader, "a child", node, acti_tree_child_keys, &form, seen);
    if (status == ACTA_OK) status = check_keys(loader, node, seen, spec);
    if (status != ACTA_OK) return status;
    *id_out = (acti_mark){ .text = acta_str_of(spec->id), .at = seen[KEY_ID]->value };
    if (seen[KEY_SUPERVISOR] != NULL) return read_supervisor(loader, seen, spec);
    const acti_yaml *arguments = seen[KEY_ARGUMENTS] != NULL ? seen[KEY_ARGUMENTS]->value : NULL;
    return acti_tree_argument(loader, form.entry, node, arguments, &spec->start.argument);
}
