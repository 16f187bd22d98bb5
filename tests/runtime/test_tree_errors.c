/*
 * Mistakes in a tree's text: each has its place, what is wrong, what was expected and the nearest known word.
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

typedef struct mistake {
    const char *text;
    const char *message; /* behind "tree.yaml:" */
} mistake;

static void
expect_mistake(const char *text, const char *message)
{
    char whole[ACTA_ERROR_TEXT_MAX], place[64];
    acta_tree *tree = NULL;
    acta_error error;
    unsigned line, column;

    snprintf(whole, sizeof whole, "tree.yaml:%s", message);
    assert_int_equal(sscanf(message, "%u:%u:", &line, &column), 2);
    snprintf(place, sizeof place, "tree.yaml:%u:%u", line, column);
    assert_int_equal(acta_tree_load(&tree_registry, acta_str_of(text), "tree.yaml", &tree, &error), ACTA_INVALID);
    assert_string_equal(error.text, whole);
    assert_string_equal(error.where, place);
    assert_null(tree);
}

#define EXPECT_MISTAKES(mistakes)                                                                                      \
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes)[0]; i++)                                                \
    expect_mistake((mistakes)[i].text, (mistakes)[i].message)

static const mistake no_yaml[] = {
    { "", "1:1: the text is empty; expected a supervisor" },
    { "# only a comment\n", "2:1: the text is empty; expected a supervisor" },
    { "children: [a: b\n",
        "2:1: no YAML: did not find expected ',' or ']', while parsing a flow sequence from line 1, column 11" },
    { "a: b: c\n", "1:5: no YAML: mapping values are not allowed in this context" },
    { "name: ok\n"
      "strategy: \xff\n",
        "2:11: no UTF-8 text: invalid leading UTF-8 octet" },
    { "name: \xc3\xa9\xc3\xa9\xff\n", "1:9: no UTF-8 text: invalid leading UTF-8 octet" },
    { "name: a\n"
      "---\n"
      "name: b\n",
        "2:1: a second document; a text tells one tree" },
    { "!!map {}", "1:1: the tag 'tag:yaml.org,2002:map' means nothing here" },
    { "? [a]\n"
      ": b\n",
        "1:3: a key must be a word" },
    { "- a\n", "1:1: a supervisor is a mapping of keys to values; this is a list" },
};

/* what is no YAML. */
static void
what_is_no_yaml_is_told_with_its_place(void **state)
{
    (void)state;
    EXPECT_MISTAKES(no_yaml);
}

static const mistake bad_flags[] = {
    { "strategy: one_for_al\n", "1:11: 'one_for_al' is not a strategy; did you mean 'one_for_all'?" },
    { "strategy: xyzzyx\n", "1:11: 'xyzzyx' is not a strategy; expected one of: one_for_one, one_for_all, "
                            "rest_for_one, simple_one_for_one" },
    { "strategy: [one_for_all]\n", "1:11: 'strategy' is a list; expected a strategy" },
    { "intensity: -1\n", "1:12: 'intensity' is '-1'; expected a whole number of 0 to 1000000, or 'unlimited'" },
    { "intensity: 1000001\n",
        "1:12: 'intensity' is '1000001'; expected a whole number of 0 to 1000000, or 'unlimited'" },
    { "intensity: unlimitd\n", "1:12: 'unlimitd' is not an intensity; did you mean 'unlimited'?" },
    { "intensity: '3'\n",
        "1:12: 'intensity' is a text in quotes; expected a whole number of 0 to 1000000, or 'unlimited'" },
    { "intensity: 03\n", "1:12: 'intensity' is '03'; expected a whole number of 0 to 1000000, or 'unlimited'" },
    { "intensity:\n"
      "name: a\n",
        "1:11: 'intensity' has no value; expected a whole number of 0 to 1000000, or 'unlimited'" },
    { "period_ms: 0\n", "1:12: 'period_ms' is '0'; expected 1 to 2147483647 ms, or a number with ms, s, min or h" },
    { "period_ms: -1\n", "1:12: 'period_ms' is '-1'; expected 1 to 2147483647 ms, or a number with ms, s, min or h" },
    { "period_ms: 5 s\n", "1:12: 'period_ms' is '5 s'; expected 1 to 2147483647 ms, or a number with ms, s, min or h" },
    { "period_ms: 600h\n",
        "1:12: 'period_ms' is '600h'; expected 1 to 2147483647 ms, or a number with ms, s, min or h" },
    { "auto_shutdown: any\n", "1:16: 'any' is not an auto_shutdown; did you mean 'any_significant'?" },
    { "backoff: 5\n", "1:10: 'backoff' is a mapping of keys to values; this is a single value" },
    { "backoff: {min: 5}\n", "1:11: 'backoff' has no 'min'; did you mean 'min_ms'?" },
    { "backoff: {min_ms: 10, max_ms: 5}\n", "1:10: a min_ms of 10 is more than a max_ms of 5" },
    { "backoff: {jitter_percent: 101}\n", "1:27: 'jitter_percent' is '101'; expected a whole number of 1 to 100" },
    { "strateggy: one_for_one\n", "1:1: a supervisor has no 'strateggy'; did you mean 'strategy'?" },
    { "workers: 1\n", "1:1: a supervisor has no 'workers'; expected one of: name, strategy, intensity, period_ms, "
                      "backoff, auto_shutdown, children" },
    { "name: a\n"
      "name: b\n",
        "2:1: 'name' is there twice; the first is in line 1" },
    { "name: ''\n", "1:7: 'name' has 0 bytes; expected a text of 1 to 512 bytes" },
    { "name: \"a\\0b\"\n", "1:7: 'name' has a NUL in it; expected a text of 1 to 512 bytes without" },
};

/* SUP-12: each bad flag of a supervisor has a message of its own. */
static void
each_bad_flag_has_its_own_message(void **state)
{
    (void)state;
    EXPECT_MISTAKES(bad_flags);
}

static const mistake bad_children[] = {
    { "children: x\n", "1:11: 'children' is a list, each child behind a dash; this is a single value" },
    { "children:\n", "1:10: 'children' is a list, each child behind a dash; this is empty" },
    { "children:\n"
      "  id: a\n",
        "2:3: 'children' is a list, each child behind a dash; this is a mapping" },
    { "children:\n"
      "  - x\n",
        "2:5: a child is a mapping of keys to values; this is a single value" },
    { "children:\n"
      "  - behaviour: worker\n",
        "2:5: a child needs an 'id'" },
    { "children:\n"
      "  - id: a\n",
        "2:5: child 'a' needs a 'behaviour', or a 'supervisor'" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "    supervisor: {}\n",
        "4:5: child 'a' has both a 'behaviour' (line 3) and a 'supervisor'" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "    restart: permanentt\n",
        "4:14: 'permanentt' is not a kind of restart; did you mean 'permanent'?" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "    shutdown: -5\n",
        "4:15: 'shutdown' is '-5'; expected 1 to 2147483647 ms, or a number with ms, s, min or h, 'infinity' or "
        "'brutal_kill'" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "    shutdown: brutal\n",
        "4:15: 'brutal' is not a shutdown; did you mean 'brutal_kill'?" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "    significant: maybe\n",
        "4:18: 'significant' is 'maybe'; expected true or false" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "    type: worker\n",
        "4:5: a child has no 'type'; expected one of: id, name, behaviour, arguments, supervisor, restart, shutdown, "
        "significant, mailbox_count_max, mailbox_bytes_max, overflow, init_timeout_ms" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "    overflow: drop_oldst\n",
        "4:15: 'drop_oldst' is not a policy of a full mailbox; did you mean 'drop_oldest'?" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "    overflow: block\n",
        "4:15: 'block' is not a policy of a full mailbox; expected one of: refuse, drop_newest, drop_oldest" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "    mailbox_count_max: 8000001\n",
        "4:24: 'mailbox_count_max' is '8000001'; expected a whole number of 1 to 8000000" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "  - id: b\n"
      "    behaviour: worker\n"
      "  - id: a\n"
      "    behaviour: worker\n",
        "6:9: the id 'a' is taken by the one in line 2" },
    { "name: shop\n"
      "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "    name: shop\n",
        "5:11: the name 'shop' is taken by the one in line 1" },
    { "children:\n"
      "  - id: a\n"
      "    supervisor:\n"
      "      name: b\n",
        "4:13: the name of a supervisor that is a child stands beside the child's id" },
    { "children:\n"
      "  - id: a\n"
      "    supervisor: {}\n"
      "    arguments: {}\n",
        "4:5: a supervisor has no 'arguments'; 'supervisor' has them all" },
};

/* SUP-11: each bad value of a child has a message of its own. */
static void
each_bad_value_of_a_child_has_its_own_message(void **state)
{
    (void)state;
    EXPECT_MISTAKES(bad_children);
}

static const mistake bad_significance[] = {
    { "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "    restart: transient\n"
      "    significant: true\n",
        "2:5: child 'a' can't be significant: its supervisor has an auto_shutdown of 'never'" },
    { "auto_shutdown: any_significant\n"
      "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "    significant: true\n",
        "5:5: child 'a' can't be significant: it is permanent; expected a restart of 'transient' or 'temporary'" },
    { "strategy: simple_one_for_one\n"
      "auto_shutdown: all_significant\n"
      "children: [{id: a, behaviour: worker}]\n",
        "2:16: simple_one_for_one has no auto_shutdown but 'never'" },
    { "strategy: simple_one_for_one\n",
        "1:1: simple_one_for_one has exactly one child, which others are made like; not 0" },
    { "strategy: simple_one_for_one\n"
      "children: [{id: a, behaviour: worker}, {id: b, behaviour: worker}]\n",
        "2:11: simple_one_for_one has exactly one child, which others are made like; not 2" },
};

/* SUP-50: significant children only where their end can count; SUP-13: simple_one_for_one has one template. */
static void
significance_that_cannot_count_is_refused(void **state)
{
    (void)state;
    EXPECT_MISTAKES(bad_significance);
}

static const mistake bad_behaviours[] = {
    { "children:\n"
      "  - id: a\n"
      "    behaviour: workr\n",
        "3:16: no behaviour 'workr' is registered; did you mean 'worker'?" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: database\n",
        "3:16: no behaviour 'database' is registered; expected one of: everything, ticker, worker" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: ticker\n",
        "2:5: behaviour 'ticker' needs the argument 'every_ms'" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: ticker\n"
      "    arguments: {}\n",
        "4:16: behaviour 'ticker' needs the argument 'every_ms'" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: ticker\n"
      "    arguments:\n"
      "      evry_ms: 5\n",
        "5:7: behaviour 'ticker' has no argument 'evry_ms'; did you mean 'every_ms'?" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: ticker\n"
      "    arguments: {every_ms: 0}\n",
        "4:27: 'every_ms' is '0'; expected 1 to 4294967295 ms, or a number with ms, s, min or h" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: ticker\n"
      "    arguments: {every_ms: 5, every_ms: 6}\n",
        "4:30: 'every_ms' is there twice; the first is in line 4" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: ticker\n"
      "    arguments: 5\n",
        "4:16: 'arguments' is a mapping of keys to values; this is a single value" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: worker\n"
      "    arguments: {size: 5}\n",
        "4:17: behaviour 'worker' has no argument 'size'" },
};

/* SUP-14: an unknown behaviour, a missing field, a bad argument. */
static void
an_unknown_behaviour_or_a_missing_field_is_told_with_its_place(void **state)
{
    (void)state;
    EXPECT_MISTAKES(bad_behaviours);
}

static const mistake cycles[] = {
    { "children: &c\n"
      "  - id: a\n"
      "    supervisor:\n"
      "      children: *c\n",
        "4:17: '*c' is a cycle: it stands within what it stands for, which begins in line 1" },
    { "&top\n"
      "children:\n"
      "  - id: a\n"
      "    supervisor: *top\n",
        "4:17: '*top' is a cycle: it stands within what it stands for, which begins in line 1" },
    { "children: *nowhere\n", "1:11: nothing before is called '&nowhere'" },
};

/* SUP-14: a cycle of aliases, and an alias of nothing. */
static void
a_cycle_is_refused_where_it_is_written(void **state)
{
    (void)state;
    EXPECT_MISTAKES(cycles);
}

static const mistake bad_arguments[] = {
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {flag: yes}\n",
        "4:23: 'flag' is 'yes'; expected true or false" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {tiny: 128}\n",
        "4:23: 'tiny' is '128'; expected a whole number of -128 to 127" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {tiny: -129}\n",
        "4:23: 'tiny' is '-129'; expected a whole number of -128 to 127" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {tiny: --1}\n",
        "4:23: 'tiny' is '--1'; expected a whole number of -128 to 127" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {small: 1}\n",
        "4:24: 'small' is '1'; expected a whole number of -5 to 0" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {wide: 9223372036854775808}\n",
        "4:23: 'wide' is '9223372036854775808'; expected a whole number of -9223372036854775808 to "
        "9223372036854775807" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {wide: -9223372036854775809}\n",
        "4:23: 'wide' is '-9223372036854775809'; expected a whole number of -9223372036854775808 to "
        "9223372036854775807" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {level: 10}\n",
        "4:24: 'level' is '10'; expected a whole number of 0 to 9" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {port: 0}\n",
        "4:23: 'port' is '0'; expected a whole number of 1 to 65535" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {port: 65536}\n",
        "4:23: 'port' is '65536'; expected a whole number of 1 to 65535" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {count: 4294967296}\n",
        "4:24: 'count' is '4294967296'; expected a whole number of 0 to 4294967295" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {bytes: 18446744073709551616}\n",
        "4:24: 'bytes' is '18446744073709551616'; expected a whole number of 0 to 18446744073709551615" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {bytes: 1.5}\n",
        "4:24: 'bytes' is '1.5'; expected a whole number of 0 to 18446744073709551615" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {bytes: 0x10}\n",
        "4:24: 'bytes' is '0x10'; expected a whole number of 0 to 18446744073709551615" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {pause_ms: 61s}\n",
        "4:27: 'pause_ms' is '61s'; expected 0 to 60000 ms, or a number with ms, s, min or h" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {keep_ms: 5124095576030432h}\n",
        "4:26: 'keep_ms' is '5124095576030432h'; expected 0 to 18446744073709551615 ms, or a number with ms, s, min or "
        "h" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {keep_ms: 1d}\n",
        "4:26: 'keep_ms' is '1d'; expected 0 to 18446744073709551615 ms, or a number with ms, s, min or h" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {label: abcdefghi}\n",
        "4:24: 'label' has 9 bytes; expected a text of 0 to 8 bytes" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {path: ''}\n",
        "4:23: 'path' has 0 bytes; expected a text of 1 to 1048576 bytes" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {path: ~}\n",
        "4:23: 'path' has no value; expected a text of 1 to 1048576 bytes" },
    { "children:\n"
      "  - id: a\n"
      "    behaviour: everything\n"
      "    arguments: {path: [a]}\n",
        "4:23: 'path' is a list; expected a text of 1 to 1048576 bytes" },
};

/* SUP-14: each kind of argument, outside of what it holds. */
static void
each_kind_of_argument_tells_its_range(void **state)
{
    (void)state;
    EXPECT_MISTAKES(bad_arguments);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_yaml_is_told_with_its_place),
        cmocka_unit_test(each_bad_flag_has_its_own_message),
        cmocka_unit_test(each_bad_value_of_a_child_has_its_own_message),
        cmocka_unit_test(significance_that_cannot_count_is_refused),
        cmocka_unit_test(an_unknown_behaviour_or_a_missing_field_is_told_with_its_place),
        cmocka_unit_test(a_cycle_is_refused_where_it_is_written),
        cmocka_unit_test(each_kind_of_argument_tells_its_range),
    };
    return cmocka_run_group_tests_name("tree_errors", tests, NULL, NULL);
}
