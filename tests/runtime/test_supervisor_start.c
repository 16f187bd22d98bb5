/*
 * Starting supervisors and their children: what init may say, what is left when a start fails, what specs and options
 * are refused and with which code, and what stands for a zero in them.
 */
#include "nursery.h"

/* -- an actor that starts something, linked and monitored, and notes what it hears of it -- */

typedef struct starter {
    const acta_spawn_options *spawn;          /* what it spawns, or */
    const acta_supervisor_options *supervise; /* what it starts */
    acta_status status;
    acta_error error;
    uint32_t heard; /* EXIT, DOWN */
} starter;

static acta_status
starter_init(acta_self *self, void *user, acta_error *error)
{
    (void)user;
    (void)error;
    acta_trap_exit(self, true);
    return ACTA_OK;
}

static acta_next
starter_cast(acta_self *self, void *user, acta_message *message)
{
    starter *s = user;
    acta_pid pid;

    (void)message;
    if (s->spawn != NULL) {
        acta_spawn_options options = *s->spawn;
        options.link = options.monitor = self;
        s->status = acta_spawn(acta_self_runtime(self), &options, &pid, &s->error);
    } else {
        acta_supervisor_options options = *s->supervise;
        options.link = self;
        s->status = acta_supervisor_start(acta_self_runtime(self), &options, &pid, &s->error);
    }
    return ACTA_NEXT;
}

static acta_next
starter_info(acta_self *self, void *user, const acta_info *info)
{
    starter *s = user;
    (void)self;
    (void)info;
    s->heard++;
    return ACTA_NEXT;
}

static void
start_from_inside(nursery *n, starter *s)
{
    script what = { .init = starter_init, .cast = starter_cast, .info = starter_info, .user = s };
    acta_pid pid = spawn(&n->h, &what);

    send_tag(&n->h, pid, 0);
    harness_run(&n->h);
    tell(n, pid, ACTA_EXIT_KILLED);
}

/* SUP-01: no children: starts, counts are 0/0/0/0, ends with SHUTDOWN when told. */
static void
a_supervisor_without_children_counts_none_and_ends_when_told(void **state)
{
    (void)state;
    nursery *n = plant(0);
    acta_child_counts counts;

    must_grow(n);
    assert_int_equal(acta_supervisor_count(n->h.runtime, n->pid, &counts, NULL), ACTA_OK);
    assert_int_equal(counts.specs + counts.active + counts.supervisors + counts.workers, 0);
    tell(n, n->pid, ACTA_EXIT_SHUTDOWN);
    assert_false(acta_is_alive(n->h.runtime, n->pid));
    uproot(n);
}

/* SUP-02: init gives ACTA_IGNORE: so does the spawn; no signal reaches the starter, the name is free at once. */
static void
an_init_that_ignores_leaves_nothing(void **state)
{
    (void)state;
    nursery *n = plant(1);

    n->workers[0].ignores = true;
    starter s = { .spawn = &n->specs[0].start };
    start_from_inside(n, &s);
    assert_int_equal(s.status, ACTA_IGNORE);
    assert_int_equal(s.heard, 0);
    assert_false(is_up(n, "a"));
    n->workers[0].ignores = false;
    start_from_inside(n, &s);
    assert_int_equal(s.status, ACTA_OK);
    uproot(n);
}

/* SUP-03: a supervisor whose options are nonsense, or whose first child fails: an error with the reason, no exit signal
 * to the starter, nothing registered. */
static void
a_start_that_fails_tells_only_its_caller(void **state)
{
    (void)state;
    nursery *n = plant(1);

    n->options.name = acta_str_of("top");
    n->workers[0].refusals = FOR_EVER;
    starter s = { .supervise = &n->options };
    start_from_inside(n, &s);
    assert_int_equal(s.status, ACTA_IN_USE);
    assert_string_equal(s.error.text, "child 'a': the port is taken");
    n->options.strategy = (acta_strategy)77;
    start_from_inside(n, &s);
    assert_int_equal(s.status, ACTA_INVALID);
    assert_int_equal(s.heard, 0);
    assert_false(is_up(n, "top"));
    assert_false(is_up(n, "a"));
    uproot(n);
}

/* SUP-04: children start in order, each after the init of the one before; every init sees all earlier ones alive. */
static void
children_start_in_order_each_after_the_init_before(void **state)
{
    (void)state;
    nursery *n = plant(5);

    assert_int_equal(grow(n, NULL), ACTA_OK);
    expect_diary(n, "+a +b +c +d +e ");
    uproot(n);
    expect_diary(n, "-e -d -c -b -a ");
}

/* SUP-05: the third of five fails: the second and the first are stopped, each with its own patience, the last two are
 * never started, and the error says who and why. */
static void
a_child_that_fails_to_start_rolls_back_those_before_it(void **state)
{
    (void)state;
    nursery *n = plant(5);
    acta_error error;

    n->workers[2].refusals = FOR_EVER;
    n->workers[0].habit = STAYS; /* killed after its time */
    n->specs[0].shutdown_ms = 300;
    n->workers[1].habit = LINGERS;
    n->workers[1].linger_ms = 200;
    starter s = { .supervise = &n->options };
    start_from_inside(n, &s); /* an actor doesn't wait */
    assert_int_equal(s.status, ACTA_IN_USE);
    assert_string_equal(s.error.text, "child 'c': the port is taken");
    expect_diary(n, "+a +b !c ");
    harness_advance(&n->h, 199);
    assert_true(is_up(n, "b"));
    harness_advance(&n->h, 1);
    expect_diary(n, "-b ");
    harness_advance(&n->h, 299);
    assert_true(is_up(n, "a"));
    harness_advance(&n->h, 1);
    assert_int_equal(alive_count(n), 0);
    assert_int_equal(n->workers[3].start_count + n->workers[4].start_count, 0);

    n->workers[0].habit = n->workers[1].habit = GOES; /* an outside thread waits until all have ended */
    assert_int_equal(acta_supervisor_start(n->h.runtime, &n->options, &n->pid, &error), ACTA_IN_USE);
    expect_diary(n, "+a +b !c -b -a ");
    assert_int_equal(alive_count(n), 0);
    uproot(n);
}

/* SUP-06: a child whose init ignores: a permanent or transient spec is kept without a pid, a temporary one and a
 * dynamic child aren't; the same for static children and for those added later. */
static void
a_child_that_ignores_keeps_its_spec_unless_it_is_temporary_or_dynamic(void **state)
{
    (void)state;
    for (int later = 0; later < 2; later++) {
        for (int restart = ACTA_PERMANENT; restart <= ACTA_TEMPORARY; restart++) {
            nursery *n = plant(later ? 1 : 2);
            acta_child_counts counts;
            acta_started started = { .pid = { 9 } };

            n->workers[1].ignores = true;
            n->specs[1].restart = (acta_restart)restart;
            must_grow(n);
            if (later) {
                assert_int_equal(
                    acta_supervisor_start_child(n->h.runtime, n->pid, &n->specs[1], &started, NULL), ACTA_OK);
                assert_int_equal(started.pid.value, 0);
            }
            assert_int_equal(acta_supervisor_count(n->h.runtime, n->pid, &counts, NULL), ACTA_OK);
            assert_int_equal(counts.active, 1);
            assert_int_equal(counts.specs, restart == ACTA_TEMPORARY ? 1 : 2);
            if (restart != ACTA_TEMPORARY) assert_int_equal(state_of(n, "b"), ACTA_CHILD_STOPPED);
            uproot(n);
        }
    }
    nursery *n = plant(1);
    acta_started started = { .pid = { 9 } };
    acta_child_counts counts;
    n->options.strategy = ACTA_SIMPLE_ONE_FOR_ONE;
    n->workers[0].ignores = true;
    must_grow(n);
    assert_int_equal(acta_supervisor_start_dynamic(n->h.runtime, n->pid, NULL, 0, &started, NULL), ACTA_OK);
    assert_int_equal(started.pid.value, 0);
    assert_int_equal(acta_supervisor_count(n->h.runtime, n->pid, &counts, NULL), ACTA_OK);
    assert_int_equal(counts.active + counts.workers, 0);
    uproot(n);
}

/* SUP-07: init fails when a child is added: the error comes back, no spec is kept, the supervisor lives. */
static void
adding_a_child_that_fails_keeps_nothing(void **state)
{
    (void)state;
    nursery *n = plant(1);
    acta_error error;
    acta_pid pid;

    must_grow(n);
    n->workers[1].refusals = FOR_EVER;
    assert_int_equal(acta_supervisor_start_child(n->h.runtime, n->pid, &n->specs[1], NULL, &error), ACTA_IN_USE);
    assert_string_equal(error.text, "child 'b': the port is taken");
    n->workers[1].refusals = 0;
    n->workers[1].fails_init = true;
    assert_int_equal(acta_supervisor_start_child(n->h.runtime, n->pid, &n->specs[1], NULL, &error), ACTA_FAILED);
    assert_int_equal(acta_supervisor_child(n->h.runtime, n->pid, "b", &pid, NULL), ACTA_NOT_FOUND);
    assert_true(acta_is_alive(n->h.runtime, n->pid));
    uproot(n);
}

/* SUP-08: what init says of itself is given by start and restart calls; an automatic restart drops it. */
static void
start_information_comes_back_from_start_and_restart_calls(void **state)
{
    (void)state;
    nursery *n = plant(0);
    acta_started started;

    must_grow(n);
    n->workers[0].info = UINT64_C(0xfedcba9876543210);
    assert_int_equal(acta_supervisor_start_child(n->h.runtime, n->pid, &n->specs[0], &started, NULL), ACTA_OK);
    assert_true(started.info == UINT64_C(0xfedcba9876543210));
    n->workers[0].info = 2;
    order(n, "a", DIE);
    assert_true(is_up(n, "a"));
    assert_int_equal(acta_supervisor_terminate_child(n->h.runtime, n->pid, "a", NULL), ACTA_OK);
    n->workers[0].info = 3;
    assert_int_equal(acta_supervisor_restart_child(n->h.runtime, n->pid, "a", &started, NULL), ACTA_OK);
    assert_int_equal(started.info, 3);
    assert_true(acta_pid_equal(started.pid, pid_of(n, "a")));
    n->workers[1].info = 0;
    assert_int_equal(acta_supervisor_start_child(n->h.runtime, n->pid, &n->specs[1], &started, NULL), ACTA_OK);
    assert_int_equal(started.info, 0);
    uproot(n);
}

/* SUP-10: a spec of zeros is read back with its defaults; a supervisor child's shutdown is infinite; an unknown id is not
 * found. */
static void
defaults_are_filled_in_and_read_back(void **state)
{
    (void)state;
    nursery *n = plant(2);
    acta_supervisor_options inner = { .strategy = ACTA_REST_FOR_ONE }, flags;
    const acta_child_list *list;

    n->specs[1] =
        (acta_child_spec){ .id = "inner", .start = { .behaviour = acta_supervisor_behaviour(), .argument = &inner } };
    must_grow(n);
    assert_int_equal(acta_supervisor_list(n->h.runtime, n->pid, &list, NULL), ACTA_OK);
    assert_int_equal(list->count, 2);
    assert_null(list->dynamic);
    const acta_child_spec *a = &list->children[0].spec, *b = &list->children[1].spec;
    acta_pid inner_pid = list->children[1].pid;
    assert_string_equal(a->id, "a");
    assert_ptr_not_equal(a->id, n->specs[0].id);
    assert_true(acta_str_equal(a->start.name, acta_str_of("a")));
    assert_ptr_equal(a->start.argument, &n->scripts[0]);
    assert_int_equal(a->restart, ACTA_PERMANENT);
    assert_int_equal(a->type, ACTA_WORKER);
    assert_int_equal(a->shutdown_ms, 5000);
    assert_false(a->significant || a->brutal_kill);
    assert_string_equal(b->id, "inner");
    assert_ptr_equal(b->start.behaviour, acta_supervisor_behaviour());
    assert_ptr_equal(b->start.argument, &inner);
    assert_int_equal(b->type, ACTA_SUPERVISOR);
    assert_true(b->shutdown_ms == ACTA_INFINITE);
    acta_child_list_destroy(list);
    assert_int_equal(acta_supervisor_find(n->h.runtime, n->pid, "x", &list, NULL), ACTA_NOT_FOUND);

    assert_int_equal(acta_supervisor_flags(n->h.runtime, n->pid, &flags, NULL), ACTA_OK);
    assert_int_equal(flags.strategy, ACTA_ONE_FOR_ONE);
    assert_int_equal(flags.intensity, 3);
    assert_int_equal(flags.period_ms, 5000);
    assert_int_equal(flags.child_count, 2);
    assert_int_equal(flags.auto_shutdown, ACTA_AUTO_SHUTDOWN_NEVER);
    assert_int_equal(acta_supervisor_flags(n->h.runtime, inner_pid, &flags, NULL), ACTA_OK);
    assert_int_equal(flags.strategy, ACTA_REST_FOR_ONE);
    acta_child_list_destroy(NULL);
    uproot(n);
}

static void
expect_refusal(nursery *n, acta_spec_error code, const char *field)
{
    acta_error error;

    assert_int_equal(grow(n, &error), ACTA_INVALID);
    assert_int_equal(error.code, code);
    assert_string_equal(error.where, field);
}

/* SUP-11: bad specs, each refused with its own code and field, at the start and when added. */
static void
bad_specs_are_refused_each_with_its_own_code(void **state)
{
    (void)state;
    static const struct {
        acta_spec_error code;
        const char *field;
    } cases[] = { { ACTA_SPEC_ID, "id" }, { ACTA_SPEC_ID, "id" }, { ACTA_SPEC_BEHAVIOUR, "start.behaviour" },
        { ACTA_SPEC_RESTART, "restart" }, { ACTA_SPEC_SHUTDOWN, "shutdown_ms" }, { ACTA_SPEC_SHUTDOWN, "brutal_kill" },
        { ACTA_SPEC_TYPE, "type" }, { ACTA_SPEC_SIGNIFICANT, "significant" }, { ACTA_SPEC_LINK, "start.link" },
        { ACTA_SPEC_ARGUMENT, "argument_size" }, { ACTA_SPEC_ARGUMENT, "argument_size" } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nursery *n = plant(2);
        acta_error error;
        acta_ref ref;
        acta_child_spec *spec = &n->specs[1];

        switch (i) {
        case 0:
            spec->id = NULL;
            break;
        case 1:
            spec->id = "";
            break;
        case 2:
            spec->start.behaviour = NULL;
            break;
        case 3:
            spec->restart = (acta_restart)3;
            break;
        case 4:
            spec->shutdown_ms = (uint32_t)-5;
            break;
        case 5:
            spec->brutal_kill = true;
            spec->shutdown_ms = 10;
            break;
        case 6:
            spec->type = (acta_child_type)2;
            break;
        case 7:
            spec->significant = true;
            break; /* permanent, and auto_shutdown is never */
        case 8:
            spec->start.monitor_out = &ref;
            break;
        case 9:
            spec->start.argument = NULL;
            spec->argument_size = 8;
            break;
        default:
            spec->argument_size = (size_t)1 << 40;
            break;
        }
        expect_refusal(n, cases[i].code, cases[i].field);
        expect_diary(n, ""); /* nothing was started */
        n->options.child_count = 1;
        must_grow(n);
        assert_int_equal(acta_supervisor_start_child(n->h.runtime, n->pid, spec, NULL, &error), ACTA_INVALID);
        assert_int_equal(error.code, cases[i].code);
        uproot(n);
    }
    nursery *n = plant(3);
    n->specs[2].id = "a";
    expect_refusal(n, ACTA_SPEC_ID_TAKEN, "id");
    expect_diary(n, "");
    uproot(n);
}

/* SUP-11: every combination of good values is accepted, and read back as it was given. */
static void
all_good_specs_are_accepted(void **state)
{
    (void)state;
    static const uint32_t shutdowns[] = { 0, 1, INT32_MAX, ACTA_INFINITE };
    nursery *n = plant(0);
    int count = 0;

    n->options.auto_shutdown = ACTA_AUTO_SHUTDOWN_ANY;
    must_grow(n);
    for (int i = 0; i < 3 * 5 * 2 * 2 * 2; i++) {
        acta_child_spec spec = n->specs[0];
        const acta_child_list *list;
        spec.restart = (acta_restart)(i % 3);
        int shutdown = i / 3 % 5;
        if (shutdown < 4)
            spec.shutdown_ms = shutdowns[shutdown];
        else
            spec.brutal_kill = true;
        spec.type = (acta_child_type)(i / 15 % 2);
        spec.significant = i / 30 % 2 != 0;
        /* A temporary child's copy goes with its init, and scripted actors go on reading theirs. */
        if (i / 60 != 0 && spec.restart != ACTA_TEMPORARY) spec.argument_size = sizeof(script);
        if (spec.significant && spec.restart == ACTA_PERMANENT) continue;
        assert_int_equal(acta_supervisor_start_child(n->h.runtime, n->pid, &spec, NULL, NULL), ACTA_OK);
        assert_int_equal(acta_supervisor_find(n->h.runtime, n->pid, "a", &list, NULL), ACTA_OK);
        const acta_child_spec *read = &list->children[0].spec;
        assert_int_equal(read->restart, spec.restart);
        assert_int_equal(read->type, spec.type);
        assert_int_equal(read->significant, spec.significant);
        assert_int_equal(read->brutal_kill, spec.brutal_kill);
        if (spec.shutdown_ms != 0) assert_true(read->shutdown_ms == spec.shutdown_ms);
        if (spec.argument_size != 0 && spec.restart == ACTA_TEMPORARY)
            assert_null(read->start.argument); /* gone, as it isn't started again */
        else if (spec.argument_size != 0) {
            assert_ptr_not_equal(read->start.argument, spec.start.argument);
            assert_memory_equal(read->start.argument, spec.start.argument, spec.argument_size);
        }
        acta_child_list_destroy(list);
        assert_int_equal(acta_supervisor_terminate_child(n->h.runtime, n->pid, "a", NULL), ACTA_OK);
        if (spec.restart != ACTA_TEMPORARY)
            assert_int_equal(acta_supervisor_delete_child(n->h.runtime, n->pid, "a", NULL), ACTA_OK);
        count++;
    }
    assert_int_equal(count, 100);
    uproot(n);
}

/* SUP-12: bad flags, each with its own code. SUP-13: simple_one_for_one with no spec, or with two. SUP-50: with an
 * auto_shutdown. */
static void
bad_flags_are_refused_each_with_its_own_code(void **state)
{
    (void)state;
    for (int i = 0; i < 11; i++) {
        nursery *n = plant(1);
        acta_supervisor_options *o = &n->options;
        acta_spec_error code = ACTA_FLAG_STRATEGY;
        const char *field = "strategy";

        switch (i) {
        case 0:
            o->strategy = (acta_strategy)4;
            break;
        case 1:
            o->strategy = (acta_strategy)-1;
            break;
        case 2:
            o->intensity = ACTA_INTENSITY_MAX + 1;
            code = ACTA_FLAG_INTENSITY;
            field = "intensity";
            break;
        case 3:
            o->intensity = (uint32_t)-3;
            code = ACTA_FLAG_INTENSITY;
            field = "intensity";
            break;
        case 4:
            o->period_ms = (uint32_t)-1;
            code = ACTA_FLAG_PERIOD;
            field = "period_ms";
            break;
        case 5:
            o->auto_shutdown = (acta_auto_shutdown)3;
            code = ACTA_FLAG_AUTO_SHUTDOWN;
            field = "auto_shutdown";
            break;
        case 6:
            o->backoff.jitter_percent = 101;
            code = ACTA_FLAG_BACKOFF;
            field = "backoff";
            break;
        case 7:
            o->children = NULL;
            code = ACTA_FLAG_CHILDREN;
            field = "children";
            break;
        case 8:
            o->strategy = ACTA_SIMPLE_ONE_FOR_ONE;
            o->child_count = 0;
            code = ACTA_FLAG_CHILDREN;
            field = "child_count";
            break;
        case 9:
            o->strategy = ACTA_SIMPLE_ONE_FOR_ONE;
            o->child_count = 2;
            code = ACTA_FLAG_CHILDREN;
            field = "child_count";
            break;
        default:
            o->strategy = ACTA_SIMPLE_ONE_FOR_ONE;
            o->auto_shutdown = ACTA_AUTO_SHUTDOWN_ANY;
            code = ACTA_FLAG_AUTO_SHUTDOWN;
            field = "auto_shutdown";
            break;
        }
        expect_refusal(n, code, field);
        expect_diary(n, "");
        uproot(n);
    }
}

/* SUP-15: a second supervisor of a taken name gets the holder's pid and disturbs nobody; a child that finds its name
 * taken fails to start, and the holder, which is none of the supervisor's, stays as it is. */
static void
a_taken_name_gives_its_holder_and_leaves_it_alone(void **state)
{
    (void)state;
    nursery *n = plant(1);
    acta_pid second = { 0 };
    acta_started started = { .info = 9 };

    n->options.name = acta_str_of("top");
    must_grow(n);
    assert_int_equal(acta_supervisor_start(n->h.runtime, &n->options, &second, NULL), ACTA_ALREADY_EXISTS);
    assert_true(acta_pid_equal(second, n->pid));
    expect_diary(n, "");

    acta_pid stranger = spawn_named(&n->h, &n->scripts[1], "b");
    assert_int_equal(
        acta_supervisor_start_child(n->h.runtime, n->pid, &n->specs[1], &started, NULL), ACTA_ALREADY_EXISTS);
    assert_true(acta_pid_equal(started.pid, stranger));
    tell(n, n->pid, ACTA_EXIT_SHUTDOWN);
    assert_false(is_up(n, "a"));
    assert_true(acta_is_alive(n->h.runtime, stranger));
    uproot(n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_supervisor_without_children_counts_none_and_ends_when_told),
        cmocka_unit_test(an_init_that_ignores_leaves_nothing),
        cmocka_unit_test(a_start_that_fails_tells_only_its_caller),
        cmocka_unit_test(children_start_in_order_each_after_the_init_before),
        cmocka_unit_test(a_child_that_fails_to_start_rolls_back_those_before_it),
        cmocka_unit_test(a_child_that_ignores_keeps_its_spec_unless_it_is_temporary_or_dynamic),
        cmocka_unit_test(adding_a_child_that_fails_keeps_nothing),
        cmocka_unit_test(start_information_comes_back_from_start_and_restart_calls),
        cmocka_unit_test(defaults_are_filled_in_and_read_back),
        cmocka_unit_test(bad_specs_are_refused_each_with_its_own_code),
        cmocka_unit_test(all_good_specs_are_accepted),
        cmocka_unit_test(bad_flags_are_refused_each_with_its_own_code),
        cmocka_unit_test(a_taken_name_gives_its_holder_and_leaves_it_alone),
    };
    return cmocka_run_group_tests_name("supervisor_start", tests, NULL, NULL);
}
