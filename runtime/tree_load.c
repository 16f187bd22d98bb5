/*
 * Nodes into options: the keys of a supervisor, and what must hold between them and their children.
 *
 *     supervisor: { strategy, …, children: [ child, … ] }       child: { id, behaviour, arguments, … }
 *                         ^                                     or   { id, supervisor: { … }, … }
 *                         +-------------------------------------------------------+
 *
 * What a supervisor would refuse at its start is refused here, where the place is known; what only the start can know
 * (a name that is taken by another actor, an init that fails) is left to it. A child alone: tree_child.c.
 */
#include "tree_internal.h"

#include <stdlib.h>

const acti_word acti_tree_strategies[] = { { "one_for_one", ACTA_ONE_FOR_ONE }, { "one_for_all", ACTA_ONE_FOR_ALL },
    { "rest_for_one", ACTA_REST_FOR_ONE }, { "simple_one_for_one", ACTA_SIMPLE_ONE_FOR_ONE }, { NULL, 0 } };
const acti_word acti_tree_auto_shutdowns[] = { { "never", ACTA_AUTO_SHUTDOWN_NEVER },
    { "any_significant", ACTA_AUTO_SHUTDOWN_ANY }, { "all_significant", ACTA_AUTO_SHUTDOWN_ALL }, { NULL, 0 } };

/* -- what is there twice -- */

static int
compare_marks(const void *left, const void *right)
{
    const acti_mark *a = left, *b = right;
    size_t shorter = a->text.size < b->text.size ? a->text.size : b->text.size;

    int order = shorter > 0 ? memcmp(a->text.data, b->text.data, shorter) : 0;
    if (order != 0) return order;
    if (a->text.size != b->text.size) return a->text.size < b->text.size ? -1 : 1;
    return a->at->line != b->at->line ? (a->at->line < b->at->line ? -1 : 1) : 0;
}

static acta_status
refuse_twice(acti_loader *loader, const char *what, acti_mark *marks, size_t count)
{
    if (count > 1) qsort(marks, count, sizeof *marks, compare_marks);
    for (size_t i = 1; i < count; i++) {
        if (!acta_str_equal(marks[i - 1].text, marks[i].text)) continue;
        return acti_tree_refuse(loader, marks[i].at, "%s '%.60s' is taken by the one in line %u", what,
            marks[i].text.data, marks[i - 1].at->line);
    }
    return ACTA_OK;
}

acta_status
acti_tree_name(acti_loader *loader, const char *key, const acti_yaml *node, acta_str *name_out)
{
    if (loader->name_count == loader->name_capacity) {
        size_t wider = loader->name_capacity == 0 ? 16 : loader->name_capacity * 2;
        acti_mark *grown = acta_memory_alloc(loader->scratch, wider * sizeof *grown);
        if (grown == NULL) return acti_tree_no_memory(loader);
        if (loader->name_count > 0) memcpy(grown, loader->names, loader->name_count * sizeof *grown);
        acta_memory_free(loader->scratch, loader->names);
        loader->names = grown;
        loader->name_capacity = wider;
    }
    acta_status status = acti_tree_text(loader, key, node, 1, ACTI_TREE_NAME_MAX, name_out);
    if (status == ACTA_OK) loader->names[loader->name_count++] = (acti_mark){ .text = *name_out, .at = node };
    return status;
}

/* -- the keys of a supervisor -- */

static acta_status
read_name(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    acta_supervisor_options *options = into;

    if (loader->depth > 1)
        return acti_tree_refuse(loader, node, "the name of a supervisor that is a child stands beside the child's id");
    return acti_tree_name(loader, key, node, &options->name);
}

static acta_status
read_strategy(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    acta_supervisor_options *options = into;
    int value;

    acta_status status = acti_tree_word(loader, key, node, "a strategy", acti_tree_strategies, &value);
    if (status == ACTA_OK) options->strategy = (acta_strategy)value;
    return status;
}

static acta_status
read_intensity(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    static const acti_word words[] = { { "unlimited", 0 }, { NULL, 0 } };
    acta_supervisor_options *options = into;
    uint64_t value;
    int word;

    if (acti_yaml_is_word(node)) {
        options->intensity = ACTA_INTENSITY_UNLIMITED;
        return acti_tree_word(loader, key, node, "an intensity", words, &word);
    }
    acta_status status = acti_tree_uint(loader, key, node, 0, ACTA_INTENSITY_MAX, ", or 'unlimited'", &value);
    if (status == ACTA_OK) options->intensity = value != 0 ? (uint32_t)value : ACTA_INTENSITY_NONE;
    return status;
}

static acta_status
read_period(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    acta_supervisor_options *options = into;
    return acti_tree_ms(loader, key, node, "", &options->period_ms);
}

static acta_status
read_auto_shutdown(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    acta_supervisor_options *options = into;
    int value;

    acta_status status = acti_tree_word(loader, key, node, "an auto_shutdown", acti_tree_auto_shutdowns, &value);
    if (status == ACTA_OK) options->auto_shutdown = (acta_auto_shutdown)value;
    return status;
}

static acta_status
read_backoff_min(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    acta_backoff *backoff = into;
    return acti_tree_ms(loader, key, node, "", &backoff->min_ms);
}

static acta_status
read_backoff_max(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    acta_backoff *backoff = into;
    return acti_tree_ms(loader, key, node, "", &backoff->max_ms);
}

static acta_status
read_jitter(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    acta_backoff *backoff = into;
    return acti_tree_uint32(loader, key, node, 1, 100, &backoff->jitter_percent);
}

static acta_status
read_first_at_once(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    acta_backoff *backoff = into;
    return acti_tree_bool(loader, key, node, &backoff->first_at_once);
}

const acti_key acti_tree_backoff_keys[] = { { "min_ms", read_backoff_min }, { "max_ms", read_backoff_max },
    { "jitter_percent", read_jitter }, { "first_at_once", read_first_at_once }, { NULL, NULL } };

/* The keys that are absent get their defaults here, as a backoff that is all zero would mean none. */
static acta_status
read_backoff(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    acta_supervisor_options *options = into;
    acta_backoff backoff = { .min_ms = ACTA_BACKOFF_MIN_DEFAULT,
        .max_ms = ACTA_BACKOFF_MAX_DEFAULT,
        .jitter_percent = ACTA_BACKOFF_JITTER_DEFAULT };
    const acti_yaml *seen[ACTI_TREE_KEYS_MAX];
    (void)key;

    acta_status status = acti_tree_mapping(loader, "'backoff'", node, acti_tree_backoff_keys, &backoff, seen);
    if (status != ACTA_OK) return status;
    if (backoff.min_ms > backoff.max_ms)
        return acti_tree_refuse(
            loader, node, "a min_ms of %u is more than a max_ms of %u", backoff.min_ms, backoff.max_ms);
    options->backoff = backoff;
    return ACTA_OK;
}

static acta_status
read_children(acti_loader *loader, const char *key, const acti_yaml *node, void *into)
{
    const acti_yaml *list = acti_yaml_follow(node);
    acta_supervisor_options *options = into;
    acta_status status = ACTA_OK;
    uint32_t i = 0;
    (void)key;

    if (list->kind != ACTI_YAML_LIST)
        return acti_tree_refuse(loader, node, "'children' is a list, each child behind a dash; this is %s",
            list->kind == ACTI_YAML_MAPPING ? "a mapping"
            : list->text.size == 0          ? "empty"
                                            : "a single value");
    if (list->count > ACTA_TREE_CHILDREN_MAX - loader->child_count)
        return acti_tree_refuse(loader, node, "more than %d children in all", ACTA_TREE_CHILDREN_MAX);
    loader->child_count += list->count;
    acta_child_spec *specs = acta_memory_alloc(loader->memory, list->count * sizeof *specs);
    acti_mark *ids = acta_memory_alloc(loader->scratch, list->count * sizeof *ids);
    if (specs == NULL || ids == NULL) return acti_tree_no_memory(loader);
    for (const acti_yaml *child = list->first; child != NULL && status == ACTA_OK; child = child->next, i++)
        status = acti_tree_child(loader, child, &specs[i], &ids[i]);
    if (status == ACTA_OK) status = refuse_twice(loader, "the id", ids, list->count);
    options->children = specs;
    options->child_count = list->count;
    return status;
}

enum { KEY_NAME, KEY_STRATEGY, KEY_INTENSITY, KEY_PERIOD, KEY_BACKOFF, KEY_AUTO_SHUTDOWN, KEY_CHILDREN };
const acti_key acti_tree_supervisor_keys[] = {
    [KEY_NAME] = { "name", read_name },
    [KEY_STRATEGY] = { "strategy", read_strategy },
    [KEY_INTENSITY] = { "intensity", read_intensity },
    [KEY_PERIOD] = { "period_ms", read_period },
    [KEY_BACKOFF] = { "backoff", read_backoff },
    [KEY_AUTO_SHUTDOWN] = { "auto_shutdown", read_auto_shutdown },
    [KEY_CHILDREN] = { "children", read_children },
    { NULL, NULL },
};

/* -- what must hold between them -- */

/* The child's node, for its place. */
static const acti_yaml *
child_node(const acti_yaml *children_key, uint32_t index)
{
    const acti_yaml *child = acti_yaml_follow(children_key->value)->first;

    while (index-- > 0)
        child = child->next;
    return child;
}

static acta_status
check_dynamic(acti_loader *loader, const acti_yaml *at, const acta_supervisor_options *options, const acti_yaml **seen)
{
    if (options->auto_shutdown != ACTA_AUTO_SHUTDOWN_NEVER)
        return acti_tree_refuse(
            loader, seen[KEY_AUTO_SHUTDOWN]->value, "simple_one_for_one has no auto_shutdown but 'never'");
    if (options->child_count == 1) return ACTA_OK;
    if (seen[KEY_CHILDREN] != NULL) at = seen[KEY_CHILDREN]->value;
    return acti_tree_refuse(loader, at, "simple_one_for_one has exactly one child, which others are made like; not %u",
        options->child_count);
}

static acta_status
check_significant(acti_loader *loader, const acta_supervisor_options *options, const acti_yaml **seen)
{
    if (options->auto_shutdown != ACTA_AUTO_SHUTDOWN_NEVER) return ACTA_OK;
    for (uint32_t i = 0; i < options->child_count; i++) {
        if (!options->children[i].significant) continue;
        return acti_tree_refuse(loader, child_node(seen[KEY_CHILDREN], i),
            "child '%.60s' can't be significant: its supervisor has an auto_shutdown of 'never'",
            options->children[i].id);
    }
    return ACTA_OK;
}

acta_status
acti_tree_supervisor(acti_loader *loader, const acti_yaml *node, acta_supervisor_options *options)
{
    const acti_yaml *seen[ACTI_TREE_KEYS_MAX];

    if (loader->depth == ACTA_TREE_DEPTH_MAX)
        return acti_tree_refuse(loader, node, "supervisors may stand %d deep in one another", ACTA_TREE_DEPTH_MAX);
    loader->depth++;
    acta_status status = acti_tree_mapping(loader, "a supervisor", node, acti_tree_supervisor_keys, options, seen);
    loader->depth--;
    if (status != ACTA_OK) return status;
    if (options->strategy == ACTA_SIMPLE_ONE_FOR_ONE) {
        status = check_dynamic(loader, node, options, seen);
        if (status != ACTA_OK) return status;
    }
    return check_significant(loader, options, seen);
}

acta_status
acti_tree_top(acti_loader *loader, const acti_yaml *node, acta_supervisor_options *options)
{
    acta_status status = acti_tree_supervisor(loader, node, options);

    if (status != ACTA_OK) return status;
    return refuse_twice(loader, "the name", loader->names, loader->name_count);
}
