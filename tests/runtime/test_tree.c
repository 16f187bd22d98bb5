/*
 * Trees there and back: a text and a table in C give the same running tree, what runs prints as a text that gives the
 * same again, also after its children were added, ended, stopped and forgotten.
 */
#include "harness.h"
#include "tree_behaviours.h"

static const char text[] = "name: shop\n"
                           "strategy: rest_for_one\n"
                           "intensity: 7\n"
                           "period_ms: 2s\n"
                           "auto_shutdown: any_significant\n"
                           "children:\n"
                           "  - id: clock\n"
                           "    name: clock\n"
                           "    behaviour: ticker\n"
                           "    arguments: { every_ms: 250 }\n"
                           "    shutdown: 70\n"
                           "  - id: workers\n"
                           "    supervisor:\n"
                           "      intensity: 0\n"
                           "      backoff: { max_ms: 1min }\n"
                           "      children:\n"
                           "        - { id: first, behaviour: worker, restart: transient, shutdown: brutal_kill,\n"
                           "            mailbox_count_max: 1, overflow: drop_newest, init_timeout_ms: 5s }\n"
                           "        - id: all\n"
                           "          behaviour: everything\n"
                           "          arguments: { flag: true, small: -5, port: 80, path: \"/x y\" }\n"
                           "  - id: readers\n"
                           "    restart: transient\n"
                           "    significant: true\n"
                           "    shutdown: 10min\n"
                           "    supervisor:\n"
                           "      strategy: simple_one_for_one\n"
                           "      intensity: unlimited\n"
                           "      children: [{ id: reader, behaviour: worker, restart: temporary }]\n";

/* The same, as a static table. */
static const ticker_options quarter = { .every_ms = 250 };
static const everything all_of_it = { .flag = true, .small = -5, .port = 80, .path = "/x y" };
static const acta_child_spec worker_specs[] = {
    { .id = "first",
        .start = { .behaviour = &worker_behaviour,
            .mailbox_count_max = 1,
            .overflow = ACTA_OVERFLOW_DROP_NEWEST,
            .init_timeout_ms = 5000 },
        .restart = ACTA_TRANSIENT,
        .brutal_kill = true },
    { .id = "all", .start = { .behaviour = &everything_behaviour, .argument = &all_of_it } },
};
static const acta_supervisor_options workers = {
    .intensity = ACTA_INTENSITY_NONE, .backoff = { .max_ms = 60000 }, .children = worker_specs, .child_count = 2
};
static const acta_child_spec reader_specs[] = {
    { .id = "reader", .start = { .behaviour = &worker_behaviour }, .restart = ACTA_TEMPORARY },
};
static const acta_supervisor_options readers = { .strategy = ACTA_SIMPLE_ONE_FOR_ONE,
    .intensity = ACTA_INTENSITY_UNLIMITED,
    .children = reader_specs,
    .child_count = 1 };
static const acta_child_spec shop_specs[] = {
    { .id = "clock",
        .start = { .behaviour = &ticker_behaviour, .argument = &quarter, .name = { "clock", 5 } },
        .shutdown_ms = 70 },
    { .id = "workers", .type = ACTA_SUPERVISOR, .start = { .argument = &workers } },
    { .id = "readers",
        .type = ACTA_SUPERVISOR,
        .start = { .argument = &readers },
        .restart = ACTA_TRANSIENT,
        .significant = true,
        .shutdown_ms = 600000 },
};
static const acta_supervisor_options shop = { .name = { "shop", 4 },
    .strategy = ACTA_REST_FOR_ONE,
    .intensity = 7,
    .period_ms = 2000,
    .auto_shutdown = ACTA_AUTO_SHUTDOWN_ANY,
    .children = shop_specs,
    .child_count = 3 };

typedef struct garden {
    harness h;
    acta_memory *memory; /* of what was printed */
    acta_tree *trees[4]; /* that were started */
    uint32_t tree_count;
    acta_pid pid; /* the top that was started last */
} garden;

static void
open_garden(garden *g)
{
    memset(g, 0, sizeof *g);
    g->memory = acta_memory_create(NULL);
    assert_non_null(g->memory);
    harness_start(&g->h, 0);
}

static void
close_garden(garden *g)
{
    harness_stop(&g->h);
    for (uint32_t i = 0; i < g->tree_count; i++)
        acta_tree_destroy(g->trees[i]);
    acta_memory_destroy(g->memory);
}

static void
start(garden *g, const acta_supervisor_options *options)
{
    acta_error error;

    if (acta_supervisor_start(g->h.runtime, options, &g->pid, &error) != ACTA_OK) fail_msg("%s", error.text);
    harness_run(&g->h);
}

static void
plant(garden *g, const char *yaml)
{
    acta_tree **tree = &g->trees[g->tree_count++];
    acta_error error;

    if (acta_tree_load(&tree_registry, acta_str_of(yaml), "planted", tree, &error) != ACTA_OK)
        fail_msg("%s", error.text);
    start(g, acta_tree_options(*tree));
}

/* End the tree that runs, and free its names. */
static void
fell(garden *g)
{
    acta_exit(g->h.runtime, (acta_pid){ 0 }, g->pid, &(acta_exit_reason){ .kind = ACTA_EXIT_SHUTDOWN });
    harness_run(&g->h);
    assert_false(acta_is_alive(g->h.runtime, g->pid));
}

/* With what is said of the children. */
static const char *
remarked(garden *g)
{
    acta_error error;
    acta_str dump;

    if (acta_tree_dump(&tree_registry, g->h.runtime, g->pid, g->memory, &dump, &error) != ACTA_OK)
        fail_msg("%s", error.text);
    assert_int_equal(strlen(dump.data), dump.size);
    return dump.data;
}

/* Without that. */
static const char *
dumped(garden *g)
{
    char *dump = (char *)(uintptr_t)remarked(g), *to = dump;

    for (const char *from = dump; *from != '\0'; from++) {
        if (strncmp(from, " # ", 3) == 0) from += strcspn(from, "\n");
        *to++ = *from;
    }
    *to = '\0';
    return dump;
}

/* What runs is dumped, felled, planted by its dump and dumped again: the same. Returns it. */
static const char *
comes_round(garden *g)
{
    const char *planted = remarked(g), *first = dumped(g);

    fell(g);
    plant(g, planted);
    assert_string_equal(dumped(g), first);
    return first;
}

static acta_pid
child(garden *g, acta_pid supervisor, const char *id)
{
    acta_pid pid = { 0 };

    assert_int_equal(acta_supervisor_child(g->h.runtime, supervisor, id, &pid, NULL), ACTA_OK);
    return pid;
}

static void
end(garden *g, acta_pid pid, acta_exit_kind kind)
{
    acta_exit(g->h.runtime, (acta_pid){ 0 }, pid, &(acta_exit_reason){ .kind = kind });
    harness_run(&g->h);
}

/* SUP-14: the same table from a configuration file gives the same tree: printed, running and in each of its values. */
static void
a_text_and_a_table_give_the_same_tree(void **state)
{
    acta_str printed_text, printed_table;
    acta_error error;
    garden g;

    (void)state;
    open_garden(&g);
    plant(&g, text);
    const char *from_text = dumped(&g);
    assert_int_equal(
        acta_tree_print(&tree_registry, acta_tree_options(g.trees[0]), g.memory, &printed_text, &error), ACTA_OK);
    assert_int_equal(acta_tree_print(&tree_registry, &shop, g.memory, &printed_table, &error), ACTA_OK);
    assert_string_equal(printed_text.data, printed_table.data);
    assert_string_equal(printed_text.data, from_text);
    fell(&g);
    start(&g, &shop);
    assert_string_equal(dumped(&g), from_text);

    const acta_supervisor_options *o = acta_tree_options(g.trees[0]);
    const ticker_options *ticker = o->children[0].start.argument;
    const acta_supervisor_options *inner = o->children[1].start.argument;
    const everything *all = inner->children[1].start.argument;
    assert_int_equal(ticker->every_ms, 250);
    assert_int_equal(o->children[1].shutdown_ms, 0); /* a supervisor's default */
    assert_true(o->children[2].shutdown_ms == 600000);
    assert_true(inner->intensity == ACTA_INTENSITY_NONE);
    assert_int_equal(inner->backoff.max_ms, 60000);
    assert_true(all->flag && all->small == -5 && all->port == 80 && all->count == 0 && all->label == NULL);
    assert_string_equal(all->path, "/x y");
    assert_int_equal(inner->children[0].start.overflow, ACTA_OVERFLOW_DROP_NEWEST);
    assert_non_null(strstr(from_text, "          mailbox_count_max: 1\n          overflow: drop_newest\n"
                                      "          init_timeout_ms: 5000\n"));

    acta_pid first = child(&g, child(&g, g.pid, "workers"), "first"); /* and in force */
    acta_runtime_stats stats;
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_tag(&g.h, first, 1), ACTA_OK);
    acta_runtime_stats_read(g.h.runtime, &stats);
    assert_int_equal(stats.shed, 2);
    close_garden(&g);
}

/* Load, dump, load, dump: the second is the first. */
static void
a_dump_can_be_loaded_again(void **state)
{
    garden g;

    (void)state;
    open_garden(&g);
    plant(&g, text);
    const char *first = comes_round(&g);
    assert_non_null(strstr(first, "name: shop\nstrategy: rest_for_one\nintensity: 7\nperiod_ms: 2000\n"
                                  "auto_shutdown: any_significant\nchildren:\n  - id: clock\n    name: clock\n"));
    assert_non_null(strstr(first, "      strategy: simple_one_for_one\n      intensity: unlimited\n"));
    close_garden(&g);
}

/* Children added at run time are in the dump, in the supervisor that they were added to, with their arguments. */
static void
children_that_were_added_are_in_the_dump(void **state)
{
    ticker_options argument = { .every_ms = 33 };
    acta_child_spec late = { .id = "late: one",
        .start = { .behaviour = &ticker_behaviour, .argument = &argument, .name = acta_str_of("no") },
        .argument_size = sizeof argument,
        .restart = ACTA_TRANSIENT };
    garden g;

    (void)state;
    open_garden(&g);
    plant(&g, text);
    acta_pid inner = child(&g, g.pid, "workers");
    assert_int_equal(acta_supervisor_start_child(g.h.runtime, inner, &late, NULL, NULL), ACTA_OK);
    argument.every_ms = 0; /* the supervisor has its own */
    assert_non_null(strstr(comes_round(&g), "        - id: \"late: one\"\n"
                                            "          name: \"no\"\n"
                                            "          behaviour: ticker\n"
                                            "          arguments:\n"
                                            "            every_ms: 33\n"
                                            "          restart: transient\n"));
    assert_int_not_equal(child(&g, child(&g, g.pid, "workers"), "late: one").value, 0);
    close_garden(&g);
}

/* What was restarted, terminated or waits for its restart is a part of the tree; what was deleted is not. */
static void
children_that_ended_are_in_the_dump_until_they_are_deleted(void **state)
{
    garden g;

    (void)state;
    open_garden(&g);
    plant(&g, text);
    const char *first = dumped(&g);
    acta_pid clock = child(&g, g.pid, "clock");
    end(&g, clock, ACTA_EXIT_KILLED); /* rest_for_one: restarts all */
    assert_false(acta_is_alive(g.h.runtime, clock));
    assert_int_not_equal(child(&g, g.pid, "clock").value, 0);
    assert_string_equal(comes_round(&g), first);

    assert_int_equal(acta_supervisor_terminate_child(g.h.runtime, g.pid, "clock", NULL), ACTA_OK);
    assert_int_equal(child(&g, g.pid, "clock").value, 0);
    assert_string_equal(dumped(&g), first);
    assert_int_equal(acta_supervisor_terminate_child(g.h.runtime, g.pid, "workers", NULL), ACTA_OK);
    assert_string_equal(comes_round(&g), first); /* a supervisor that is stopped is told by what would start it */

    assert_int_equal(acta_supervisor_terminate_child(g.h.runtime, g.pid, "clock", NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_delete_child(g.h.runtime, g.pid, "clock", NULL), ACTA_OK);
    const char *without = comes_round(&g);
    assert_null(strstr(without, "clock"));
    assert_non_null(strstr(without, "workers"));
    close_garden(&g);
}

static void
a_child_that_waits_for_its_restart_is_in_the_dump(void **state)
{
    garden g;

    (void)state;
    open_garden(&g);
    plant(&g, "backoff: { min_ms: 1h, max_ms: 2h }\nchildren: [{ id: a, behaviour: worker }]\n");
    const char *first = dumped(&g);
    end(&g, child(&g, g.pid, "a"), ACTA_EXIT_KILLED);
    assert_int_equal(child(&g, g.pid, "a").value, 0);
    assert_string_equal(comes_round(&g), first);
    close_garden(&g);
}

static void
expect_remarks(garden *g, const char *const *lines)
{
    const char *dump = remarked(g);
    size_t count = 0, found = 0;

    for (const char *at = dump; (at = strstr(at, " # ")) != NULL; at++)
        found++;
    for (; lines[count] != NULL; count++)
        if (strstr(dump, lines[count]) == NULL) fail_msg("there is no '%s' in\n%s", lines[count], dump);
    assert_int_equal(found, count);
}
#define EXPECT_REMARKS(garden, ...) expect_remarks(garden, (const char *const[]){ __VA_ARGS__, NULL })

/* How a child is stands behind its id: running, waiting for its restart, stopped; of what is below a supervisor that doesn't
 * run nothing is said; of dynamic children it is their number. */
static void
a_dump_says_how_each_child_is(void **state)
{
    acta_started one, other;
    garden g;

    (void)state;
    open_garden(&g);
    plant(&g, text);
    EXPECT_REMARKS(&g, "- id: clock # running\n", "- id: workers # running\n", "- id: first # running\n",
        "- id: all # running\n", "- id: readers # running\n", "- id: reader # 0 running\n");
    acta_pid readers_pid = child(&g, g.pid, "readers"), workers_pid = child(&g, g.pid, "workers");
    assert_int_equal(acta_supervisor_start_dynamic(g.h.runtime, readers_pid, NULL, 0, &one, NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_start_dynamic(g.h.runtime, readers_pid, NULL, 0, &other, NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_terminate_child(g.h.runtime, workers_pid, "first", NULL), ACTA_OK);
    EXPECT_REMARKS(&g, "- id: clock # running\n", "- id: workers # running\n", "- id: first # stopped\n",
        "- id: all # running\n", "- id: readers # running\n", "- id: reader # 2 running\n");
    assert_int_equal(acta_supervisor_terminate_child(g.h.runtime, g.pid, "workers", NULL), ACTA_OK);
    EXPECT_REMARKS(&g, "- id: clock # running\n", "- id: workers # stopped\n", "- id: readers # running\n",
        "- id: reader # 2 running\n");
    fell(&g);

    plant(&g, "backoff: { min_ms: 1h, max_ms: 2h }\nchildren: [{ id: \"a #1\", behaviour: worker }]\n");
    end(&g, child(&g, g.pid, "a #1"), ACTA_EXIT_KILLED);
    EXPECT_REMARKS(&g, "- id: \"a #1\" # restarting\n");
    fell(&g);

    plant(&g, "strategy: simple_one_for_one\nbackoff: { min_ms: 1h, max_ms: 2h }\n"
              "children: [{ id: a, behaviour: worker }]\n");
    for (int i = 0; i < 3; i++)
        assert_int_equal(acta_supervisor_start_dynamic(g.h.runtime, g.pid, NULL, 0, &one, NULL), ACTA_OK);
    end(&g, one.pid, ACTA_EXIT_KILLED);
    EXPECT_REMARKS(&g, "- id: a # 2 running, 1 restarting\n");
    close_garden(&g);
}

/* Dynamic children, and temporary ones whose copied argument is gone, can't be told and are left out. */
static void
children_that_cannot_be_told_are_left_out(void **state)
{
    ticker_options argument = { .every_ms = 33 };
    acta_child_spec passing = { .id = "passing",
        .start = { .behaviour = &ticker_behaviour, .argument = &argument },
        .argument_size = sizeof argument,
        .restart = ACTA_TEMPORARY };
    acta_started started;
    garden g;

    (void)state;
    open_garden(&g);
    plant(&g, text);
    const char *first = dumped(&g);
    acta_pid dynamic = child(&g, g.pid, "readers");
    assert_int_equal(acta_supervisor_start_dynamic(g.h.runtime, dynamic, NULL, 0, &started, NULL), ACTA_OK);
    assert_true(acta_is_alive(g.h.runtime, started.pid));
    assert_int_equal(acta_supervisor_start_child(g.h.runtime, g.pid, &passing, NULL, NULL), ACTA_OK);
    assert_string_equal(comes_round(&g), first);
    close_garden(&g);
}

static void
expect_no_print(const acta_supervisor_options *options, const char *message)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_str printed = { 0 };
    acta_error error;

    assert_int_equal(acta_tree_print(&tree_registry, options, memory, &printed, &error), ACTA_INVALID);
    assert_string_equal(error.text, message);
    assert_null(printed.data);
    assert_int_equal(acta_memory_used(memory), 0);
    acta_memory_destroy(memory);
}

/* What can't be loaded again isn't printed; the message tells what it is. */
static void
what_cannot_be_loaded_is_not_printed(void **state)
{
    static const acta_behaviour stranger = { .name = "stranger" };
    static const ticker_options never = { .every_ms = 0 };
    acta_child_spec specs[2] = { { .id = "a", .start = { .behaviour = &stranger } },
        { .id = "a", .start = { .behaviour = &worker_behaviour } } };
    acta_supervisor_options options = { .children = specs, .child_count = 1 };
    acta_supervisor_options ring = { .children = specs, .child_count = 1 };

    (void)state;
    expect_no_print(&options, "child 'a': its behaviour 'stranger' is not in the registry");
    specs[0].start.behaviour = &worker_behaviour;
    options.child_count = 2;
    expect_no_print(&options, "the tree can't be told as text: printed:9:9: the id 'a' is taken by the one in line 5");
    options.child_count = 1;
    specs[0].id = "\xff";
    expect_no_print(&options, "the id '\xff' is no UTF-8, which YAML must be");
    specs[0].id = "a";
    specs[0].restart = (acta_restart)9;
    expect_no_print(&options,
        "the tree can't be told as text: printed:7:14: '9' is not a kind of restart; expected one "
        "of: permanent, transient, temporary");
    specs[0].restart = ACTA_PERMANENT;
    specs[0].start = (acta_spawn_options){ .behaviour = &ticker_behaviour, .argument = &never };
    expect_no_print(&options,
        "the tree can't be told as text: printed:8:17: 'every_ms' is '0'; expected 1 to 4294967295 "
        "ms, or a number with ms, s, min or h");
    specs[0].type = ACTA_SUPERVISOR;
    specs[0].start = (acta_spawn_options){ .argument = &ring };
    expect_no_print(&ring, "the tree has more than 32 levels or 10000 children");
    specs[0].start = (acta_spawn_options){ 0 };
    expect_no_print(&options, "a supervisor has no options");
}

/* SUP-14: of a text with a mistake nothing is started; of a tree whose last child fails to start nothing is left. */
static void
nothing_is_left_of_a_tree_that_cannot_start(void **state)
{
    acta_runtime_stats stats;
    acta_tree *tree = NULL;
    acta_pid pid = { 0 };
    acta_error error;
    garden g;

    (void)state;
    open_garden(&g);
    assert_int_equal(
        acta_tree_load(&tree_registry, acta_str_of("children: [{id: a, behaviour: worker}, {id: b, behaviour: wrker}]"),
            NULL, &tree, &error),
        ACTA_INVALID);
    acta_runtime_stats_read(g.h.runtime, &stats);
    assert_int_equal(stats.spawned, 0);

    script occupier = { 0 };
    acta_pid holder = spawn_named(&g.h, &occupier, "clock");
    assert_int_equal(
        acta_tree_load(&tree_registry, acta_str_of(text), NULL, &g.trees[g.tree_count++], &error), ACTA_OK);
    assert_int_equal(
        acta_supervisor_start(g.h.runtime, acta_tree_options(g.trees[0]), &pid, &error), ACTA_ALREADY_EXISTS);
    assert_non_null(strstr(error.text, "child 'clock'"));
    harness_run(&g.h);
    acta_runtime_stats_read(g.h.runtime, &stats);
    assert_int_equal(stats.alive, 1);
    end(&g, holder, ACTA_EXIT_KILLED);
    close_garden(&g);
}

static acta_next
answer_anything(acta_self *self, void *user, acta_from from, acta_message *message)
{
    (void)user;
    bool is_short = message->size % 2 != 0;
    acta_message *reply = is_short ? acta_message_create(acta_self_runtime(self), 7, 3) : NULL;
    acta_reply(acta_self_runtime(self), from, ACTA_OK, reply, NULL);
    return ACTA_NEXT;
}

/* An actor that is no supervisor may answer whatever it is asked: with nothing, or with what is none of a supervisor's
 * answers. */
static void
a_dump_of_another_actor_is_refused(void **state)
{
    script oracle = { .call = answer_anything };
    const acta_child_list *list = NULL;
    acta_pid pid = { 0 };
    acta_error error;
    acta_str dump;
    garden g;

    (void)state;
    open_garden(&g);
    acta_pid other = spawn(&g.h, &oracle);
    assert_int_equal(acta_tree_dump(&tree_registry, g.h.runtime, other, g.memory, &dump, &error), ACTA_INVALID);
    assert_string_equal(error.text, "the actor that was asked is no supervisor");
    assert_int_equal(acta_supervisor_list(g.h.runtime, other, &list, &error), ACTA_INVALID);
    assert_int_equal(acta_supervisor_child(g.h.runtime, other, "a", &pid, &error), ACTA_INVALID);
    assert_int_equal(acta_supervisor_child(g.h.runtime, other, "ab", &pid, &error), ACTA_INVALID);
    assert_null(list);
    end(&g, other, ACTA_EXIT_KILLED);
    close_garden(&g);
}

static void
a_dump_of_nobody_is_refused(void **state)
{
    acta_error error;
    acta_str dump;
    garden g;

    (void)state;
    open_garden(&g);
    plant(&g, "{}");
    assert_string_equal(comes_round(&g), "strategy: one_for_one\nintensity: 3\nperiod_ms: 5000\n");
    fell(&g);
    assert_int_equal(acta_tree_dump(&tree_registry, g.h.runtime, g.pid, g.memory, &dump, &error), ACTA_NOPROC);
    assert_int_equal(acta_tree_dump(NULL, g.h.runtime, g.pid, g.memory, &dump, &error), ACTA_INVALID);
    close_garden(&g);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_and_a_table_give_the_same_tree),
        cmocka_unit_test(a_dump_can_be_loaded_again),
        cmocka_unit_test(children_that_were_added_are_in_the_dump),
        cmocka_unit_test(children_that_ended_are_in_the_dump_until_they_are_deleted),
        cmocka_unit_test(a_child_that_waits_for_its_restart_is_in_the_dump),
        cmocka_unit_test(a_dump_says_how_each_child_is),
        cmocka_unit_test(children_that_cannot_be_told_are_left_out),
        cmocka_unit_test(what_cannot_be_loaded_is_not_printed),
        cmocka_unit_test(nothing_is_left_of_a_tree_that_cannot_start),
        cmocka_unit_test(a_dump_of_another_actor_is_refused),
        cmocka_unit_test(a_dump_of_nobody_is_refused),
    };
    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
