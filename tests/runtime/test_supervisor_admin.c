/*
 * Children at run time: started, terminated, restarted, deleted, listed and counted, from outside and from inside
 * actors; and dynamic children, which are known by pid.
 */
#include "nursery.h"

#define RUNTIME n->h.runtime

static acta_child_counts
counts_of(nursery *n)
{
    acta_child_counts counts;

    assert_int_equal(acta_supervisor_count(RUNTIME, n->pid, &counts, NULL), ACTA_OK);
    return counts;
}

/* A supervisor whose child b waits for its restart. */
static nursery *
with_b_waiting(acta_strategy strategy)
{
    nursery *n = plant(3);

    n->options.strategy = strategy;
    n->options.intensity = ACTA_INTENSITY_UNLIMITED;
    n->options.backoff = (acta_backoff){ .min_ms = 1000 };
    must_grow(n);
    order(n, "b", DIE);
    assert_int_equal(state_of(n, "b"), ACTA_CHILD_RESTARTING);
    n->d.text[0] = '\0';
    return n;
}

/* SUP-16: an id that runs: ALREADY_EXISTS with its pid; that is stopped: without one; neither is disturbed. */
static void
starting_a_known_id_tells_what_it_is(void **state)
{
    (void)state;
    nursery *n = plant(2);
    acta_started started = { .info = 1 };
    acta_error error;

    must_grow(n);
    assert_int_equal(acta_supervisor_start_child(RUNTIME, n->pid, &n->specs[0], &started, &error), ACTA_ALREADY_EXISTS);
    assert_true(acta_pid_equal(started.pid, pid_of(n, "a")));
    assert_string_equal(error.text, "there is a child 'a' already, which runs");
    assert_int_equal(error.actual_version, 0);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "a", NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_start_child(RUNTIME, n->pid, &n->specs[0], &started, &error), ACTA_ALREADY_EXISTS);
    assert_int_equal(started.pid.value, 0);
    assert_string_equal(error.text, "there is a child 'a' already, which is stopped");
    assert_int_equal(acta_supervisor_start_child(RUNTIME, n->pid, &n->specs[1], NULL, NULL), ACTA_ALREADY_EXISTS);
    expect_diary(n, "-a ");
    uproot(n);
}

/* SUP-17: terminate stops and keeps the spec; again: OK; unknown: NOT_FOUND; a temporary one is forgotten. */
static void
terminate_stops_a_child_and_keeps_its_spec(void **state)
{
    (void)state;
    nursery *n = plant(3);
    acta_error error;
    acta_pid pid;

    n->specs[2].restart = ACTA_TEMPORARY;
    n->workers[0].habit = LINGERS;
    n->workers[0].linger_ms = 100;
    must_grow(n);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "b", NULL), ACTA_OK);
    expect_diary(n, "-b ");
    assert_int_equal(state_of(n, "b"), ACTA_CHILD_STOPPED);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "b", NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "x", &error), ACTA_NOT_FOUND);
    assert_string_equal(error.text, "there is no child 'x'");
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "c", NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_child(RUNTIME, n->pid, "c", &pid, NULL), ACTA_NOT_FOUND);
    assert_int_equal(counts_of(n).specs, 2);
    assert_int_equal(n->reports, 0);
    uproot(n);
}

/* SUP-18: restart of a stopped child: a new pid; of one that runs or waits: CONFLICT with its state; of an unknown one:
 * NOT_FOUND; of one that can't start: its error, and it stays stopped. */
static void
restart_starts_only_what_is_stopped(void **state)
{
    (void)state;
    nursery *n = with_b_waiting(ACTA_ONE_FOR_ONE);
    acta_pid old = pid_of(n, "a");
    acta_started started;
    acta_error error;

    assert_int_equal(acta_supervisor_restart_child(RUNTIME, n->pid, "a", NULL, &error), ACTA_CONFLICT);
    assert_int_equal(error.code, ACTA_CHILD_RUNNING);
    assert_int_equal(acta_supervisor_restart_child(RUNTIME, n->pid, "b", NULL, &error), ACTA_CONFLICT);
    assert_int_equal(error.code, ACTA_CHILD_RESTARTING);
    assert_int_equal(acta_supervisor_restart_child(RUNTIME, n->pid, "x", NULL, NULL), ACTA_NOT_FOUND);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "a", NULL), ACTA_OK);
    n->workers[0].refusals = 1;
    assert_int_equal(acta_supervisor_restart_child(RUNTIME, n->pid, "a", NULL, NULL), ACTA_IN_USE);
    assert_int_equal(state_of(n, "a"), ACTA_CHILD_STOPPED);
    assert_int_equal(acta_supervisor_restart_child(RUNTIME, n->pid, "a", &started, NULL), ACTA_OK);
    assert_true(acta_pid_equal(started.pid, pid_of(n, "a")));
    assert_false(acta_pid_equal(started.pid, old));
    uproot(n);
}

/* SUP-19: delete of a child that runs or waits: CONFLICT with its state; of a stopped one: gone, and its id free. */
static void
delete_forgets_only_what_is_stopped(void **state)
{
    (void)state;
    nursery *n = with_b_waiting(ACTA_ONE_FOR_ONE);
    acta_error error;
    acta_pid pid;

    assert_int_equal(acta_supervisor_delete_child(RUNTIME, n->pid, "a", &error), ACTA_CONFLICT);
    assert_int_equal(error.code, ACTA_CHILD_RUNNING);
    assert_int_equal(acta_supervisor_delete_child(RUNTIME, n->pid, "b", &error), ACTA_CONFLICT);
    assert_int_equal(error.code, ACTA_CHILD_RESTARTING);
    assert_int_equal(acta_supervisor_delete_child(RUNTIME, n->pid, "x", NULL), ACTA_NOT_FOUND);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "b", NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_delete_child(RUNTIME, n->pid, "b", NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_child(RUNTIME, n->pid, "b", &pid, NULL), ACTA_NOT_FOUND);
    harness_advance(&n->h, 10000);
    assert_false(is_up(n, "b"));
    assert_int_equal(acta_supervisor_start_child(RUNTIME, n->pid, &n->specs[1], NULL, NULL), ACTA_OK);
    uproot(n);
}

/* SUP-20: dynamic children: by id everything is refused; terminate by pid stops one; a past pid is OK; somebody else's
 * is NOT_FOUND, and stays alive. */
static void
dynamic_children_are_known_by_pid(void **state)
{
    (void)state;
    nursery *n = plant(1);
    acta_started started;
    const acta_child_list *list;

    n->options.strategy = ACTA_SIMPLE_ONE_FOR_ONE;
    n->specs[0].start.name = (acta_str){ 0 };
    must_grow(n);
    expect_diary(n, ""); /* the spec alone starts nobody */
    assert_int_equal(acta_supervisor_start_dynamic(RUNTIME, n->pid, NULL, 0, &started, NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_start_dynamic(RUNTIME, n->pid, &n->scripts[1], 0, NULL, NULL), ACTA_OK);
    expect_diary(n, "+a +b ");
    assert_int_equal(acta_supervisor_start_child(RUNTIME, n->pid, &n->specs[2], NULL, NULL), ACTA_INVALID);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "a", NULL), ACTA_INVALID);
    assert_int_equal(acta_supervisor_restart_child(RUNTIME, n->pid, "a", NULL, NULL), ACTA_INVALID);
    assert_int_equal(acta_supervisor_delete_child(RUNTIME, n->pid, "a", NULL), ACTA_INVALID);
    assert_int_equal(acta_supervisor_terminate_pid(RUNTIME, n->pid, started.pid, NULL), ACTA_OK);
    assert_false(acta_is_alive(RUNTIME, started.pid));
    assert_int_equal(acta_supervisor_terminate_pid(RUNTIME, n->pid, started.pid, NULL), ACTA_OK);
    acta_pid stranger = spawn(&n->h, &n->scripts[2]);
    assert_int_equal(acta_supervisor_terminate_pid(RUNTIME, n->pid, stranger, NULL), ACTA_NOT_FOUND);
    assert_true(acta_is_alive(RUNTIME, stranger));
    assert_int_equal(acta_supervisor_list(RUNTIME, n->pid, &list, NULL), ACTA_OK);
    assert_int_equal(list->count, 1);
    assert_ptr_equal(list->children[0].spec.start.argument, &n->scripts[1]);
    assert_string_equal(list->dynamic->id, "a");
    assert_ptr_equal(list->dynamic->start.argument, &n->scripts[0]);
    acta_child_list_destroy(list);
    uproot(n);

    n = plant(1); /* and with ids, a pid will do as well */
    must_grow(n);
    assert_int_equal(acta_supervisor_start_dynamic(RUNTIME, n->pid, NULL, 0, NULL, NULL), ACTA_INVALID);
    assert_int_equal(acta_supervisor_terminate_pid(RUNTIME, n->pid, pid_of(n, "a"), NULL), ACTA_OK);
    assert_int_equal(state_of(n, "a"), ACTA_CHILD_STOPPED);
    uproot(n);
}

/* SUP-21: counts and list agree with what was started, after 1,000 and 2,000 dynamic children, and after their ends. */
static void
counts_and_list_are_right_under_churn(void **state)
{
    (void)state;
    static acta_pid pids[2000];
    nursery *n = plant(1);
    const acta_child_list *list;

    n->options.strategy = ACTA_SIMPLE_ONE_FOR_ONE;
    n->specs[0].start.name = (acta_str){ 0 };
    n->specs[0].restart = ACTA_TEMPORARY;
    must_grow(n);
    for (uint32_t i = 0; i < 2000; i++) {
        acta_started started;
        assert_int_equal(acta_supervisor_start_dynamic(RUNTIME, n->pid, NULL, 0, &started, NULL), ACTA_OK);
        pids[i] = started.pid;
        if (i != 999 && i != 1999) continue;
        acta_child_counts counts = counts_of(n);
        assert_int_equal(counts.specs, 1);
        assert_int_equal(counts.active, i + 1);
        assert_int_equal(counts.workers, i + 1);
        assert_int_equal(counts.supervisors, 0);
        assert_int_equal(acta_supervisor_list(RUNTIME, n->pid, &list, NULL), ACTA_OK);
        assert_int_equal(list->count, i + 1);
        for (uint32_t k = 0; k <= i; k++)
            assert_true(acta_pid_equal(list->children[k].pid, pids[k]));
        acta_child_list_destroy(list);
    }
    for (uint32_t i = 0; i < 2000; i++)
        acta_exit(RUNTIME, (acta_pid){ 0 }, pids[i], &(acta_exit_reason){ .kind = ACTA_EXIT_KILLED });
    harness_run(&n->h);
    assert_int_equal(counts_of(n).active + counts_of(n).workers, 0);
    uproot(n);
}

/* SUP-22: a child that waits for its restart isn't active, and is still a worker. */
static void
a_child_in_a_restart_loop_counts_as_worker_and_not_as_active(void **state)
{
    (void)state;
    nursery *n = with_b_waiting(ACTA_ONE_FOR_ONE);
    acta_child_counts counts = counts_of(n);

    assert_int_equal(counts.specs, 3);
    assert_int_equal(counts.active, 2);
    assert_int_equal(counts.workers, 3);
    uproot(n);
}

/* SUP-23: every call on a supervisor that is dead, or was never there, is NOPROC at once. */
static void
all_calls_on_a_dead_supervisor_are_noproc(void **state)
{
    (void)state;
    nursery *n = plant(1);
    const acta_child_list *list;
    acta_supervisor_options flags;
    acta_child_counts counts;
    acta_pid pid;

    must_grow(n);
    tell(n, n->pid, ACTA_EXIT_KILLED);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(acta_supervisor_start_child(RUNTIME, n->pid, &n->specs[0], NULL, NULL), ACTA_NOPROC);
        assert_int_equal(acta_supervisor_start_dynamic(RUNTIME, n->pid, NULL, 0, NULL, NULL), ACTA_NOPROC);
        assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "a", NULL), ACTA_NOPROC);
        assert_int_equal(acta_supervisor_terminate_pid(RUNTIME, n->pid, n->pid, NULL), ACTA_NOPROC);
        assert_int_equal(acta_supervisor_restart_child(RUNTIME, n->pid, "a", NULL, NULL), ACTA_NOPROC);
        assert_int_equal(acta_supervisor_delete_child(RUNTIME, n->pid, "a", NULL), ACTA_NOPROC);
        assert_int_equal(acta_supervisor_child(RUNTIME, n->pid, "a", &pid, NULL), ACTA_NOPROC);
        assert_int_equal(acta_supervisor_count(RUNTIME, n->pid, &counts, NULL), ACTA_NOPROC);
        assert_int_equal(acta_supervisor_list(RUNTIME, n->pid, &list, NULL), ACTA_NOPROC);
        assert_int_equal(acta_supervisor_find(RUNTIME, n->pid, "a", &list, NULL), ACTA_NOPROC);
        assert_int_equal(acta_supervisor_flags(RUNTIME, n->pid, &flags, NULL), ACTA_NOPROC);
        n->pid = (acta_pid){ 123456789 };
    }
    uproot(n);
}

/* -- from inside -- */

typedef struct asker {
    acta_supervisor_question question;
    const char *id;
    const acta_child_spec *spec;
    acta_status called, answered;
    acta_started started;
    uint32_t answers;
} asker;

static acta_next
asker_cast(acta_self *self, void *user, acta_message *message)
{
    asker *a = user;
    acta_runtime *runtime = acta_self_runtime(self);
    acta_pid supervisor = the_nursery.pid;
    acta_ref ref;

    (void)message;
    a->called = acta_supervisor_terminate_child(runtime, supervisor, a->id, NULL);
    acta_message *request = a->spec != NULL ? acta_supervisor_ask_start(runtime, a->spec)
                                            : acta_supervisor_ask(runtime, a->question, a->id);
    assert_int_equal(acta_request(self, supervisor, request, ACTA_INFINITE, &ref), ACTA_OK);
    return ACTA_NEXT;
}

static acta_next
asker_info(acta_self *self, void *user, const acta_info *info)
{
    asker *a = user;

    (void)self;
    a->answered = info->status;
    if (info->message != NULL && info->message->size == sizeof a->started)
        memcpy(&a->started, info->message->payload, sizeof a->started);
    a->answers++;
    return ACTA_NEXT;
}

/* A child "x", as the youngest, that asks. */
static nursery *
with_asker(asker *a, script *what)
{
    nursery *n = plant(2);

    *what = (script){ .cast = asker_cast, .info = asker_info, .user = a };
    n->specs[2] =
        (acta_child_spec){ .id = "x", .start = { .behaviour = &scripted, .argument = what, .name = acta_str_of("x") } };
    n->options.child_count = 3;
    must_grow(n);
    return n;
}

/* SUP-59: a child asks its own supervisor for its own end, a sibling's, or a start: calls are refused at once, requests
 * are answered, unless the asker is gone by then; nothing hangs. */
static void
a_child_asks_its_own_supervisor_without_a_deadlock(void **state)
{
    (void)state;
    asker a = { .question = ACTA_ASK_TERMINATE, .id = "x" };
    script what;
    nursery *n = with_asker(&a, &what);

    order(n, "x", 0);
    assert_int_equal(a.called, ACTA_CALLING_SELF);
    assert_false(is_up(n, "x")); /* and its answer had nobody to go to */
    assert_int_equal(a.answers, 0);
    assert_int_equal(state_of(n, "x"), ACTA_CHILD_STOPPED);

    assert_int_equal(acta_supervisor_restart_child(RUNTIME, n->pid, "x", NULL, NULL), ACTA_OK);
    a = (asker){ .question = ACTA_ASK_TERMINATE, .id = "a", .answered = ACTA_BUSY };
    order(n, "x", 0);
    assert_int_equal(a.answers, 1);
    assert_int_equal(a.answered, ACTA_OK);
    assert_false(is_up(n, "a"));

    a = (asker){ .question = ACTA_ASK_RESTART, .id = "a" };
    order(n, "x", 0);
    assert_int_equal(a.answered, ACTA_OK);
    assert_true(acta_pid_equal(a.started.pid, pid_of(n, "a")));

    a = (asker){ .spec = &n->specs[3] };
    order(n, "x", 0);
    assert_true(acta_pid_equal(a.started.pid, pid_of(n, "d")));
    a = (asker){ .spec = &n->specs[3] };
    order(n, "x", 0);
    assert_int_equal(a.answered, ACTA_ALREADY_EXISTS);
    assert_true(acta_pid_equal(a.started.pid, pid_of(n, "d")));
    a = (asker){ .question = ACTA_ASK_DELETE, .id = "a" };
    order(n, "x", 0);
    assert_int_equal(a.answered, ACTA_CONFLICT);
    uproot(n);
}

/* SUP-59: a child tells its supervisor to end: the tree goes, the child with it. */
static acta_next
end_the_tree(acta_self *self, void *user, acta_message *message)
{
    (void)user;
    (void)message;
    acta_exit(
        acta_self_runtime(self), (acta_pid){ 0 }, the_nursery.pid, &(acta_exit_reason){ .kind = ACTA_EXIT_SHUTDOWN });
    return ACTA_NEXT;
}

static void
a_child_ends_its_own_tree_without_a_deadlock(void **state)
{
    (void)state;
    asker a = { .answers = 0 };
    script what;
    nursery *n = with_asker(&a, &what);

    what.cast = end_the_tree;
    order(n, "x", 0);
    expect_diary(n, "-b -a ");
    assert_int_equal(alive_count(n), 0);
    uproot(n);
}

/* Requests of any form: refused, never believed. */
static void
nonsense_is_refused(void **state)
{
    (void)state;
    nursery *n = plant(1);

    must_grow(n);
    for (uint32_t tag = 0x5f5a0000; tag < 0x5f5a0104; tag++) {
        acta_status status = acta_call(RUNTIME, n->pid, acta_message_create(RUNTIME, tag, 0), 100, NULL, NULL);
        assert_int_equal(status, ACTA_INVALID);
        acta_message *odd = acta_message_create(RUNTIME, tag, 3);
        memset(odd->payload, 0xff, 3);
        assert_int_equal(acta_call(RUNTIME, n->pid, odd, 100, NULL, NULL), ACTA_INVALID);
    }
    for (uint32_t tag = 0x5f5b0000; tag < 0x5f5b0003; tag++) {
        acta_message *odd = acta_message_create(RUNTIME, tag, 8);
        memset(odd->payload, 0xff, 8);
        assert_int_equal(acta_send(RUNTIME, n->pid, odd), ACTA_OK);
        send_tag(&n->h, n->pid, tag);
    }
    harness_run(&n->h);
    assert_true(is_up(n, "a"));
    uproot(n);
}

/* While a group is being restarted a start and a restart wait until it is through, a delete and a list don't. */
static void
starts_wait_for_a_group_restart(void **state)
{
    (void)state;
    asker add = { .answered = ACTA_BUSY }, again = { .question = ACTA_ASK_RESTART, .id = "c", .answered = ACTA_BUSY };
    script add_script = { .cast = asker_cast, .info = asker_info, .user = &add };
    script again_script = { .cast = asker_cast, .info = asker_info, .user = &again };
    nursery *n = with_b_waiting(ACTA_ONE_FOR_ALL);

    add.spec = &n->specs[3];
    add.id = "unknown";
    acta_pid adder = spawn(&n->h, &add_script), restarter = spawn(&n->h, &again_script);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "c", NULL), ACTA_OK);
    send_tag(&n->h, adder, 0);
    send_tag(&n->h, restarter, 0);
    harness_run(&n->h);
    assert_int_equal(add.answers + again.answers, 0);
    assert_int_equal(counts_of(n).specs, 3);
    harness_advance(&n->h, 1300);
    assert_int_equal(add.answered, ACTA_OK);
    assert_int_equal(again.answered, ACTA_OK);
    expect_diary(n, "+a +b +d +c "); /* c was terminated, so the group went without it */
    uproot(n);
    expect_diary(n, "-d -c -b -a ");
}

/* A supervisor that ends answers the starts that waited. */
static void
starts_that_wait_are_refused_by_a_stop(void **state)
{
    (void)state;
    asker add = { .id = "unknown" };
    script add_script = { .cast = asker_cast, .info = asker_info, .user = &add };
    nursery *n = with_b_waiting(ACTA_REST_FOR_ONE);

    add.spec = &n->specs[3];
    acta_pid adder = spawn(&n->h, &add_script);
    send_tag(&n->h, adder, 0);
    harness_run(&n->h);
    assert_int_equal(add.answers, 0);
    tell(n, n->pid, ACTA_EXIT_SHUTDOWN);
    assert_int_equal(add.answered, ACTA_STOPPED);
    uproot(n);
}

/* SUP-55: new specs are added and not started, those not named stay, changed ones count from the next start on; flags
 * count at once. */
static void
flags_and_specs_change_without_a_start_or_an_end(void **state)
{
    (void)state;
    nursery *n = plant(2);
    acta_supervisor_options flags, changed = { .strategy = ACTA_ONE_FOR_ALL, .intensity = 7, .child_count = 2 };
    acta_child_spec specs[] = { n->specs[1], n->specs[2] };

    must_grow(n);
    acta_pid a = pid_of(n, "a"), b = pid_of(n, "b");
    specs[0].start.argument = &n->scripts[3]; /* from now on b is d */
    changed.children = specs;
    assert_int_equal(acta_supervisor_change(RUNTIME, n->pid, &changed, NULL), ACTA_OK);
    expect_diary(n, "");
    assert_true(acta_pid_equal(pid_of(n, "a"), a) && acta_pid_equal(pid_of(n, "b"), b));
    assert_int_equal(state_of(n, "c"), ACTA_CHILD_STOPPED);
    assert_int_equal(acta_supervisor_flags(RUNTIME, n->pid, &flags, NULL), ACTA_OK);
    assert_int_equal(flags.strategy, ACTA_ONE_FOR_ALL);
    assert_int_equal(flags.intensity, 7);
    assert_int_equal(flags.child_count, 3);
    assert_int_equal(acta_supervisor_restart_child(RUNTIME, n->pid, "c", NULL, NULL), ACTA_OK);
    order(n, "b", DIE);
    expect_diary(n, "+c -b -c -a +a +d +c ");
    uproot(n);
}

/* SUP-55: a child that waits alone joins the group of the new strategy, and is started once. */
static void
a_child_that_waits_joins_the_group_of_a_new_strategy(void **state)
{
    (void)state;
    nursery *n = with_b_waiting(ACTA_ONE_FOR_ONE);

    n->options.strategy = ACTA_ONE_FOR_ALL;
    n->options.backoff.min_ms = 5000;
    assert_int_equal(acta_supervisor_change(RUNTIME, n->pid, &n->options, NULL), ACTA_OK);
    harness_advance(&n->h, 500);
    order(n, "c", DIE);
    expect_diary(n, "-c -a ");
    harness_advance(&n->h, 3000);
    expect_diary(n, "");
    harness_advance(&n->h, 4000);
    expect_diary(n, "+a +b +c ");
    uproot(n);
}

/* SUP-55: bad flags and specs are refused with their code, and everything is as it was. */
static void
a_bad_change_changes_nothing(void **state)
{
    (void)state;
    nursery *n = plant(2);
    acta_supervisor_options flags, changed = { .intensity = 9, .children = &n->specs[1], .child_count = 2 };
    acta_error error;

    must_grow(n);
    n->specs[2].restart = (acta_restart)9;
    assert_int_equal(acta_supervisor_change(RUNTIME, n->pid, &changed, &error), ACTA_INVALID);
    assert_int_equal(error.code, ACTA_SPEC_RESTART);
    n->specs[2] = n->specs[1];
    assert_int_equal(acta_supervisor_change(RUNTIME, n->pid, &changed, &error), ACTA_INVALID);
    assert_int_equal(error.code, ACTA_SPEC_ID_TAKEN);
    changed.strategy = ACTA_SIMPLE_ONE_FOR_ONE;
    changed.child_count = 1;
    assert_int_equal(acta_supervisor_change(RUNTIME, n->pid, &changed, &error), ACTA_INVALID);
    assert_int_equal(error.code, ACTA_FLAG_STRATEGY);
    changed.strategy = ACTA_ONE_FOR_ONE;
    changed.period_ms = (uint32_t)-1;
    assert_int_equal(acta_supervisor_change(RUNTIME, n->pid, &changed, &error), ACTA_INVALID);
    assert_int_equal(error.code, ACTA_FLAG_PERIOD);
    assert_int_equal(acta_supervisor_flags(RUNTIME, n->pid, &flags, NULL), ACTA_OK);
    assert_int_equal(flags.intensity, 3);
    assert_int_equal(flags.child_count, 2);
    order(n, "a", DIE);
    expect_diary(n, "-a +a ");
    uproot(n);

    n = with_b_waiting(ACTA_ONE_FOR_ALL);
    changed = (acta_supervisor_options){ .children = n->specs, .child_count = 1 };
    assert_int_equal(acta_supervisor_change(RUNTIME, n->pid, &changed, &error), ACTA_BUSY);
    uproot(n);
}

/* SUP-55: the spec of a simple_one_for_one counts for the next start of each child; arguments of their own stay. */
static void
a_changed_dynamic_spec_counts_from_the_next_start(void **state)
{
    (void)state;
    nursery *n = plant(1);
    acta_started one, other;

    n->options.strategy = ACTA_SIMPLE_ONE_FOR_ONE;
    n->specs[0].start.name = n->specs[1].start.name = (acta_str){ 0 };
    must_grow(n);
    assert_int_equal(acta_supervisor_start_dynamic(RUNTIME, n->pid, NULL, 0, &one, NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_start_dynamic(RUNTIME, n->pid, &n->scripts[2], 0, &other, NULL), ACTA_OK);
    n->options.children = &n->specs[1];
    assert_int_equal(acta_supervisor_change(RUNTIME, n->pid, &n->options, NULL), ACTA_OK);
    n->d.text[0] = '\0';
    send_tag(&n->h, one.pid, DIE);
    send_tag(&n->h, other.pid, DIE);
    harness_run(&n->h);
    assert_int_equal(acta_supervisor_start_dynamic(RUNTIME, n->pid, NULL, 0, NULL, NULL), ACTA_OK);
    expect_diary(n, "-a -c +b +c +b ");
    uproot(n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starting_a_known_id_tells_what_it_is),
        cmocka_unit_test(terminate_stops_a_child_and_keeps_its_spec),
        cmocka_unit_test(restart_starts_only_what_is_stopped),
        cmocka_unit_test(delete_forgets_only_what_is_stopped),
        cmocka_unit_test(dynamic_children_are_known_by_pid),
        cmocka_unit_test(counts_and_list_are_right_under_churn),
        cmocka_unit_test(a_child_in_a_restart_loop_counts_as_worker_and_not_as_active),
        cmocka_unit_test(all_calls_on_a_dead_supervisor_are_noproc),
        cmocka_unit_test(a_child_asks_its_own_supervisor_without_a_deadlock),
        cmocka_unit_test(a_child_ends_its_own_tree_without_a_deadlock),
        cmocka_unit_test(flags_and_specs_change_without_a_start_or_an_end),
        cmocka_unit_test(a_child_that_waits_joins_the_group_of_a_new_strategy),
        cmocka_unit_test(a_bad_change_changes_nothing),
        cmocka_unit_test(a_changed_dynamic_spec_counts_from_the_next_start),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(starts_wait_for_a_group_restart),
        cmocka_unit_test(starts_that_wait_are_refused_by_a_stop),
    };
    return cmocka_run_group_tests_name("supervisor_admin", tests, NULL, NULL);
}
