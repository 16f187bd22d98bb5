/*
 * docs/trees.md tells the keys of a tree: those that the loader knows, in its order, and defaults that are in force when
 * a key is absent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tree_behaviours.h"
#include "tree_internal.h"

/* A table of the document, and what its keys stand in: `before` and `after` them in a whole text. */
typedef struct section {
    const char *heading;
    const acti_key *keys;
    const char *before, *after;
} section;

static const section sections[] = {
    { "## A supervisor\n", acti_tree_supervisor_keys, "{", "children: [{id: a, behaviour: worker}]}" },
    { "## A backoff\n", acti_tree_backoff_keys, "{backoff: {", "}}" },
    { "## A child\n", acti_tree_child_keys, "{children: [{", "id: a, behaviour: worker}]}" },
};

static char *
printed(const char *text, acta_memory *memory)
{
    acta_error error;
    acta_tree *tree;
    acta_str out;

    if (acta_tree_load(&tree_registry, acta_str_of(text), "keys", &tree, &error) != ACTA_OK) fail_msg("%s", error.text);
    assert_int_equal(acta_tree_print(&tree_registry, acta_tree_options(tree), memory, &out, &error), ACTA_OK);
    acta_tree_destroy(tree);
    return (char *)(uintptr_t)out.data;
}

/* Written or not, the default gives the same tree. */
static void
must_be_the_default(const section *s, const char *key, const char *value)
{
    acta_memory *memory = acta_memory_create(NULL);
    char with[256], without[256];

    snprintf(with, sizeof with, "%s%s: %s, %s", s->before, key, value, s->after);
    snprintf(without, sizeof without, "%s%s", s->before, s->after);
    assert_string_equal(printed(with, memory), printed(without, memory));
    acta_memory_destroy(memory);
}

/* "| `key` | type | `default` |": true. `value` is empty when there is no default. */
static bool
is_row(const char *line, char key[64], char value[64])
{
    char rest[1024], type[256], cell[256];

    if (sscanf(line, "| `%63[a-z_]` | %1023[^\n]", key, rest) != 2) return false;
    assert_int_equal(sscanf(rest, "%255[^|]| %255[^|]|", type, cell), 2);
    value[0] = '\0';
    if (sscanf(cell, "`%63[^`]`", value) != 1) assert_non_null(strstr(cell, "–"));
    return true;
}

static uint32_t
check_section(FILE *document, const section *s)
{
    char line[1024], key[64], value[64];
    uint32_t count = 0, defaults = 0;

    while (fgets(line, sizeof line, document) != NULL && strcmp(line, s->heading) != 0) {}
    assert_false(feof(document));
    while (fgets(line, sizeof line, document) != NULL) {
        if (!is_row(line, key, value)) {
            if (count > 0) break; /* the table's end */
            continue;
        }
        assert_non_null(s->keys[count].name);
        assert_string_equal(key, s->keys[count++].name);
        if (value[0] == '\0') continue;
        must_be_the_default(s, key, value);
        defaults++;
    }
    assert_null(s->keys[count].name);
    return defaults;
}

static void
the_document_tells_every_key_and_default(void **state)
{
    const char *path = getenv("ACTA_TREES_MD");
    uint32_t defaults = 0;

    (void)state;
    assert_non_null(path);
    FILE *document = fopen(path, "r");
    assert_non_null(document);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        defaults += check_section(document, &sections[i]);
    fclose(document);
    assert_int_equal(defaults, 4 + 4 + 6);
}

/* A default that isn't one is found: what the comparison is made of tells two values apart. */
static void
another_value_gives_another_tree(void **state)
{
    acta_memory *memory = acta_memory_create(NULL);

    (void)state;
    assert_string_not_equal(printed("{intensity: 3}", memory), printed("{intensity: 4}", memory));
    assert_string_not_equal(printed("{backoff: {}}", memory), printed("{}", memory));
    assert_string_not_equal(printed("{children: [{id: a, behaviour: worker, mailbox_count_max: 9999}]}", memory),
        printed("{children: [{id: a, behaviour: worker}]}", memory));
    assert_string_equal(printed("{children: [{id: a, supervisor: {}, shutdown: infinity}]}", memory),
        printed("{children: [{id: a, supervisor: {}}]}", memory));
    acta_memory_destroy(memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_tells_every_key_and_default),
        cmocka_unit_test(another_value_gives_another_tree),
    };
    return cmocka_run_group_tests_name("tree_keys", tests, NULL, NULL);
}
