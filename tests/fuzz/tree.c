/*
 * FZ-07: any text, taken for a supervision tree: refused with a reason and, where it is the text's fault, its place; or
 * a tree that prints as a text which loads to a tree that prints the same.
 */
#include "tree_behaviours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_come_round(const acta_tree *tree, acta_memory *memory)
{
    acta_str first, second;
    acta_tree *again;
    acta_error error;

    if (acta_tree_print(&tree_registry, acta_tree_options(tree), memory, &first, &error) != ACTA_OK) abort();
    if (acta_tree_load(&tree_registry, first, "again", &again, &error) != ACTA_OK) abort();
    if (acta_tree_print(&tree_registry, acta_tree_options(again), memory, &second, &error) != ACTA_OK) abort();
    if (!acta_str_equal(first, second)) abort();
    acta_tree_destroy(again);
}

static void
must_be_told(acta_status status, const acta_error *error, size_t size)
{
    unsigned line, column;

    if (status != ACTA_INVALID || error->text[0] == '\0') abort();
    if (size > ACTA_TREE_BYTES_MAX) return;
    if (sscanf(error->where, "fuzz:%u:%u", &line, &column) != 2 || line == 0 || column == 0) abort();
    if (strncmp(error->text, error->where, strlen(error->where)) != 0) abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_tree *tree;
    acta_error error;

    char *text = acta_memory_alloc(memory, size); /* no NUL behind it: the size counts */
    if (size > 0) memcpy(text, data, size);
    acta_status status = acta_tree_load(&tree_registry, acta_str_from(text, size), "fuzz", &tree, &error);
    if (status == ACTA_OK) {
        must_come_round(tree, memory);
        acta_tree_destroy(tree);
    } else
        must_be_told(status, &error, size);
    acta_memory_destroy(memory);
    return 0;
}
