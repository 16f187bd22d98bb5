/*
 * What bounds a tree's text: depth, children, bytes, anchors; files that can't be read, registries that can't be right,
 * and memory that runs out at each step.
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

/* -- limits -- */

/* `before`, then `count` times `again`, then `after`; to be freed. */
static char *
repeated(const char *before, size_t count, const char *again, const char *after)
{
    size_t unit = strlen(again), used = strlen(before);
    char *text = malloc(used + count * unit + strlen(after) + 1);

    assert_non_null(text);
    memcpy(text, before, used);
    for (size_t i = 0; i < count; i++, used += unit)
        memcpy(text + used, again, unit);
    memcpy(text + used, after, strlen(after) + 1);
    return text;
}

static acta_status
load(const char *text, acta_error *error)
{
    acta_tree *tree = NULL;

    acta_status status = acta_tree_load(&tree_registry, acta_str_of(text), "tree.yaml", &tree, error);
    acta_tree_destroy(tree);
    return status;
}

/* Supervisors may stand as deep as it says, and no deeper, whether written so or by aliases. */
static void
depth_is_bounded(void **state)
{
    const char *opening = "{children: [{id: a, supervisor: ";
    const char *closing = "}]}";
    acta_error error;

    (void)state;
    for (size_t deeper = 0; deeper < 3; deeper++) {
        size_t levels = ACTA_TREE_DEPTH_MAX - 1 + deeper;
        char *head = repeated("", levels, opening, "{}");
        char *text = repeated(head, levels, closing, "");
        assert_int_equal(load(text, &error), deeper == 0 ? ACTA_OK : ACTA_INVALID);
        if (deeper > 0) assert_non_null(strstr(error.text, ": supervisors may stand 32 deep in one another"));
        free(text);
        free(head);
    }
    char *brackets = repeated("", 100000, "[", "");
    assert_int_equal(load(brackets, &error), ACTA_INVALID);
    assert_non_null(strstr(error.text, ": nested too deeply"));
    free(brackets);
}

/* Aliases count as often as they are used: nine levels of ten would be a thousand million children. */
static void
children_are_bounded_by_what_aliases_stand_for(void **state)
{
    char text[4000] = "children:\n  - {id: w, supervisor: &l0 {children: [{id: x, behaviour: worker}]}}\n";
    acta_error error;

    (void)state;
    for (int level = 1; level <= 9; level++) {
        size_t used = strlen(text);
        used += (size_t)snprintf(
            text + used, sizeof text - used, "  - {id: l%d, supervisor: &l%d {children: [", level, level);
        for (int i = 0; i < 10; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "{id: c%d, supervisor: *l%d},", i, level - 1);
        snprintf(text + used, sizeof text - used, "]}}\n");
    }
    assert_int_equal(load(text, &error), ACTA_INVALID);
    assert_non_null(strstr(error.text, ": more than 10000 children in all"));
}

static void
the_number_of_children_and_bytes_is_bounded(void **state)
{
    char *text = repeated("children:\n", ACTA_TREE_CHILDREN_MAX + 1, "- {id: a, behaviour: worker}\n", "");
    acta_error error;

    (void)state;
    assert_int_equal(load(text, &error), ACTA_INVALID);
    assert_string_equal(error.text, "tree.yaml:2:1: more than 10000 children in all");
    free(text);
    text = repeated("", ACTA_TREE_BYTES_MAX, " ", "");
    assert_int_equal(load(text, &error), ACTA_INVALID); /* allowed, and empty */
    assert_string_equal(error.text, "tree.yaml:2:1: the text is empty; expected a supervisor");
    free(text);
    text = repeated("", ACTA_TREE_BYTES_MAX + 1, " ", "");
    assert_int_equal(load(text, &error), ACTA_INVALID);
    assert_string_equal(error.text, "tree.yaml: more than 1048576 bytes");
    free(text);
    text = repeated("children:\n", 1001, "- &a 1\n", "");
    assert_int_equal(load(text, &error), ACTA_INVALID);
    assert_string_equal(error.text, "tree.yaml:1002:3: more than 1000 anchors");
    free(text);
}

/* -- files -- */

static void
a_file_that_cannot_be_read_is_told(void **state)
{
    acta_tree *tree = NULL;
    acta_error error;

    (void)state;
    assert_int_equal(acta_tree_load_file(&tree_registry, "no/such/tree.yaml", &tree, &error), ACTA_IO);
    assert_string_equal(error.text, "cannot open 'no/such/tree.yaml': No such file or directory");
    assert_int_equal(acta_tree_load_file(&tree_registry, "/", &tree, &error), ACTA_IO);
    assert_string_equal(error.text, "cannot read '/': Is a directory");
    assert_int_equal(acta_tree_load_file(&tree_registry, "/dev/zero", &tree, &error), ACTA_INVALID);
    assert_string_equal(error.text, "/dev/zero: more than 1048576 bytes");
    assert_int_equal(acta_tree_load_file(&tree_registry, NULL, &tree, &error), ACTA_INVALID);
    assert_null(tree);
}

/* -- registries -- */

static void
expect_bad_registry(acta_tree_registry registry, const char *message)
{
    acta_tree *tree = NULL;
    acta_error error;

    assert_int_equal(acta_tree_load(&registry, acta_str_of("{}"), NULL, &tree, &error), ACTA_INVALID);
    assert_string_equal(error.text, message);
    assert_null(tree);
}

static void
expect_bad_field(acta_tree_field field, const char *message)
{
    acta_tree_field fields[] = { { "first", ACTA_TREE_BOOL, 0, sizeof(bool), false, 0, 0 }, field };
    acta_tree_behaviour entry = { "b", &worker_behaviour, 16, fields, 2 };

    expect_bad_registry((acta_tree_registry){ &entry, 1, NULL }, message);
}

/* A registry is the program's own: what is wrong with it is told before any text is read. */
static void
a_bad_registry_is_refused(void **state)
{
    acta_tree_behaviour twice[] = { { "a", &worker_behaviour, 0, NULL, 0 }, { "a", &ticker_behaviour, 0, NULL, 0 } };
    acta_tree_behaviour same[] = { { "a", &worker_behaviour, 0, NULL, 0 }, { "b", &worker_behaviour, 0, NULL, 0 } };
    acta_tree_behaviour absent = { "a", NULL, 0, NULL, 0 };
    acta_tree_behaviour supervisor = { "a", acta_supervisor_behaviour(), 0, NULL, 0 };
    acta_error error;

    (void)state;
    assert_int_equal(acta_tree_load(NULL, acta_str_of("{}"), NULL, &(acta_tree *){ NULL }, &error), ACTA_INVALID);
    expect_bad_registry((acta_tree_registry){ twice, 2, NULL }, "the registry has 'a' twice");
    expect_bad_registry((acta_tree_registry){ same, 2, NULL }, "the registry has 'b' twice");
    expect_bad_registry(
        (acta_tree_registry){ &absent, 1, NULL }, "entry 0 of the registry has no behaviour, or no name");
    expect_bad_registry(
        (acta_tree_registry){ &supervisor, 1, NULL }, "'a' is the supervisor's behaviour, which needs no entry");
    expect_bad_field((acta_tree_field){ "", ACTA_TREE_BOOL, 1, 1, false, 0, 0 }, "behaviour 'b': field 1 has no name");
    expect_bad_field(
        (acta_tree_field){ "first", ACTA_TREE_BOOL, 1, 1, false, 0, 0 }, "behaviour 'b': two fields 'first'");
    expect_bad_field((acta_tree_field){ "x", ACTA_TREE_UINT, 0, 3, false, 0, 0 },
        "behaviour 'b': field 'x' of 3 bytes can't be of type 3");
    expect_bad_field((acta_tree_field){ "x", ACTA_TREE_DURATION, 0, 2, false, 0, 0 },
        "behaviour 'b': field 'x' of 2 bytes can't be of type 4");
    expect_bad_field((acta_tree_field){ "x", ACTA_TREE_UINT, 12, 8, false, 0, 0 },
        "behaviour 'b': field 'x' lies outside of argument_size 16");
    expect_bad_field((acta_tree_field){ "x", ACTA_TREE_UINT, 0, 8, false, 5, 4 },
        "behaviour 'b': field 'x' has a min above its max");
    expect_bad_field(
        (acta_tree_field){ "x", ACTA_TREE_UINT, 0, 8, false, -5, 4 }, "behaviour 'b': field 'x' has a bound below 0");
}

/* -- memory -- */

typedef struct rationed {
    int64_t left, taken;
} rationed;

static void *
ration(void *user, size_t size)
{
    rationed *r = user;

    if (r->left-- <= 0) return NULL;
    r->taken++;
    return malloc(size);
}

static void
give_back(void *user, void *pointer, size_t size)
{
    rationed *r = user;
    (void)size;

    r->taken--;
    free(pointer);
}

/* Whichever allocation fails, the load says so and leaves nothing behind. */
static void
a_load_without_memory_leaves_nothing_behind(void **state)
{
    const char *text =
        "name: top\nchildren:\n  - {id: a, behaviour: everything, name: n, arguments: {path: /x, count: 5}}\n"
        "  - {id: b, supervisor: &s {children: [{id: c, behaviour: worker}]}}\n"
        "  - {id: d, supervisor: *s}\n";
    rationed r = { 0, 0 };
    acta_allocator allocator = { ration, give_back, &r };
    acta_tree_registry registry = tree_registry;
    acta_status status = ACTA_NO_MEMORY;
    acta_tree *tree = NULL;
    acta_error error;
    int64_t n = 0;

    (void)state;
    registry.allocator = &allocator;
    for (; status == ACTA_NO_MEMORY; n++) {
        r.left = n;
        status = acta_tree_load(&registry, acta_str_of(text), NULL, &tree, &error);
        if (status == ACTA_NO_MEMORY) assert_int_equal(r.taken, 0);
    }
    assert_int_equal(status, ACTA_OK);
    assert_true(n > 20);
    acta_tree_destroy(tree);
    assert_int_equal(r.taken, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(children_are_bounded_by_what_aliases_stand_for),
        cmocka_unit_test(the_number_of_children_and_bytes_is_bounded),
        cmocka_unit_test(a_file_that_cannot_be_read_is_told),
        cmocka_unit_test(a_bad_registry_is_refused),
        cmocka_unit_test(a_load_without_memory_leaves_nothing_behind),
    };
    return cmocka_run_group_tests_name("tree_limits", tests, NULL, NULL);
}
