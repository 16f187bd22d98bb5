/*
 * Trees: loading, and what belongs to a tree that was loaded. Printing: tree_print.c; a running one: tree_dump.c.
 *
 * A load takes two memories: nodes and what else is needed on the way go when it is through; options, specs, ids, names
 * and arguments are the tree's.
 */
#include "tree_internal.h"

struct acta_tree {
    acta_memory *memory; /* this struct too lies in it */
    acta_supervisor_options options;
};

bool
acti_tree_is_supervisor(const acta_child_spec *spec)
{
    const acta_behaviour *behaviour = spec->start.behaviour;
    return behaviour == acta_supervisor_behaviour() || (behaviour == NULL && spec->type == ACTA_SUPERVISOR);
}

static acta_status
load(acti_loader *loader, acta_str text, acta_supervisor_options *options)
{
    acti_yaml *root;

    if (text.size > ACTA_TREE_BYTES_MAX)
        return acta_error_set(
            loader->error, ACTA_INVALID, "%.200s: more than %d bytes", loader->file, ACTA_TREE_BYTES_MAX);
    acta_status status = acti_yaml_parse(loader, text, &root);
    return status == ACTA_OK ? acti_tree_top(loader, root, options) : status;
}

static acta_status
load_in(acta_memory *memory, acta_memory *scratch, const acta_tree_registry *registry, acta_str text, const char *file,
    acta_tree **tree_out, acta_error *error)
{
    acti_loader loader = {
        .registry = registry, .memory = memory, .scratch = scratch, .file = file != NULL ? file : "tree", .error = error
    };
    acta_tree *tree = acta_memory_alloc(memory, sizeof *tree);

    if (tree == NULL) return acti_tree_no_memory(&loader);
    tree->memory = memory;
    *tree_out = tree;
    return load(&loader, text, &tree->options);
}

acta_status
acta_tree_load(
    const acta_tree_registry *registry, acta_str text, const char *file, acta_tree **tree_out, acta_error *error)
{
    acta_tree *tree = NULL;

    acta_status status = acti_tree_check_registry(registry, error);
    if (status != ACTA_OK) return status;
    acta_memory *memory = acta_memory_create(registry->allocator);
    acta_memory *scratch = acta_memory_create(registry->allocator);
    if (memory == NULL || scratch == NULL)
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory to load a tree");
    else
        status = load_in(memory, scratch, registry, text, file, &tree, error);
    acta_memory_destroy(scratch);
    if (status != ACTA_OK) {
        acta_memory_destroy(memory);
        return status;
    }
    *tree_out = tree;
    return ACTA_OK;
}

acta_status
acta_tree_load_file(const acta_tree_registry *registry, const char *path, acta_tree **tree_out, acta_error *error)
{
    acta_str text;

    if (path == NULL) return acta_error_set(error, ACTA_INVALID, "a tree's file needs a path");
    acta_status status = acti_tree_check_registry(registry, error);
    if (status != ACTA_OK) return status;
    acta_memory *memory = acta_memory_create(registry->allocator);
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to read '%s'", path);
    status = acti_tree_read_file(path, memory, ACTA_TREE_BYTES_MAX, &text, error);
    if (status == ACTA_OK) status = acta_tree_load(registry, text, path, tree_out, error);
    acta_memory_destroy(memory);
    return status;
}

const acta_supervisor_options *
acta_tree_options(const acta_tree *tree)
{
    return &tree->options;
}

void
acta_tree_destroy(acta_tree *tree)
{
    if (tree != NULL) acta_memory_destroy(tree->memory);
}
