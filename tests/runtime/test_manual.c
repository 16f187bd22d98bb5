/*
 * Manual runtimes: one thread, and everything that happens follows from the driver's choices and the clock.
 */
#include "harness.h"

enum { ACTOR_COUNT = 12, TRACE_MAX = 20000 };

/* Actors that talk to each other, ask each other, set timers, fail and are restarted; who did what when is the trace. */
typedef struct world {
    harness h;
    uint64_t choices, workload;
    uint64_t trace[TRACE_MAX];
    uint32_t trace_count;
    script scripts[ACTOR_COUNT];
    struct soul {
        struct world *w;
        uint32_t number;
    } souls[ACTOR_COUNT];
} world;

static void
trace(world *w, uint32_t who, uint32_t what, uint64_t detail)
{
    if (w->trace_count < TRACE_MAX)
        w->trace[w->trace_count++] = (uint64_t)who << 56 | (uint64_t)what << 48 | (detail & 0xffffffffffffu);
}

static acta_pid
somebody(world *w)
{
    char name[16];
    snprintf(name, sizeof name, "soul-%u", draw(&w->workload, ACTOR_COUNT));
    return acta_whereis(w->h.runtime, acta_str_of(name));
}

static void
live(acta_self *self, struct soul *s)
{
    world *w = s->w;
    acta_ref ref;

    switch (draw(&w->workload, 8)) {
    case 0:
    case 1:
    case 2:
        acta_send(w->h.runtime, somebody(w), acta_message_create(w->h.runtime, draw(&w->workload, 100), 0));
        break;
    case 3:
        acta_request(self, somebody(w), acta_message_create(w->h.runtime, draw(&w->workload, 100), 0),
            draw(&w->workload, 50), &ref);
        break;
    case 4:
    case 5:
        acta_send_after(self, draw(&w->workload, 100), 1, 2, &ref);
        break;
    case 6:
        acta_monitor(self, somebody(w), &ref);
        break;
    default:
        if (draw(&w->workload, 20) == 0) acta_fail(self, "by chance");
    }
}

static acta_next
soul_cast(acta_self *self, void *user, acta_message *message)
{
    struct soul *s = user;
    trace(s->w, s->number, 1, message->tag);
    live(self, s);
    return ACTA_NEXT;
}

static acta_next
soul_call(acta_self *self, void *user, acta_from from, acta_message *message)
{
    struct soul *s = user;
    trace(s->w, s->number, 2, message->tag);
    if (message->tag % 3 != 0) acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

static acta_next
soul_info(acta_self *self, void *user, const acta_info *info)
{
    struct soul *s = user;
    trace(s->w, s->number, 3 + (uint32_t)info->kind, info->ref.value ^ (uint64_t)info->status << 40);
    live(self, s);
    return ACTA_NEXT;
}

static uint32_t
choose(void *user, uint32_t count)
{
    world *w = user;
    return draw(&w->choices, count);
}

static uint64_t
run_world(world *w, uint64_t choices, uint64_t workload)
{
    acta_child_spec specs[ACTOR_COUNT];
    char names[ACTOR_COUNT][16];
    acta_pid pid = { 0 };
    uint64_t hash = 0;

    memset(w, 0, sizeof *w);
    w->choices = choices;
    w->workload = workload;
    harness_start_with(
        &w->h, (acta_runtime_config){ .manual = true, .budget = 3, .driver = { .choose = choose, .user = w } });
    for (uint32_t i = 0; i < ACTOR_COUNT; i++) {
        snprintf(names[i], sizeof names[i], "soul-%u", i);
        w->souls[i] = (struct soul){ w, i };
        w->scripts[i] = (script){ .cast = soul_cast, .call = soul_call, .info = soul_info, .user = &w->souls[i] };
        specs[i] = (acta_child_spec){ .id = names[i],
            .start = { .behaviour = &scripted, .argument = &w->scripts[i], .name = acta_str_of(names[i]) } };
    }
    assert_int_equal(
        acta_supervisor_start(w->h.runtime,
            &(acta_supervisor_options){
                .children = specs, .child_count = ACTOR_COUNT, .intensity = UINT32_MAX, .backoff = { .min_ms = 5 } },
            &pid, NULL),
        ACTA_OK);
    for (int i = 0; i < 300; i++) {
        acta_send(w->h.runtime, somebody(w), acta_message_create(w->h.runtime, 7, 0));
        for (int k = 0; k < 3; k++)
            acta_runtime_step(w->h.runtime);
        if (i % 5 == 0) atomic_fetch_add(&w->h.now_ns, UINT64_C(3000000));
    }
    harness_stop(&w->h);
    for (uint32_t i = 0; i < w->trace_count; i++)
        hash = (hash ^ w->trace[i]) * 0x100000001b3u;
    assert_true(w->trace_count > 300);
    return hash;
}

static void
the_same_choices_give_the_same_history_and_others_another(void **state)
{
    (void)state;
    static world w;
    uint64_t hashes[20];
    int different = 0;

    for (uint64_t seed = 0; seed < 20; seed++)
        hashes[seed] = run_world(&w, seed, 1);
    void *shift[50]; /* another layout of the heap */
    for (int i = 0; i < 50; i++)
        shift[i] = malloc((size_t)i * 173 + 1);
    for (uint64_t seed = 0; seed < 20; seed++)
        assert_true(hashes[seed] == run_world(&w, seed, 1));
    for (int i = 0; i < 50; i++)
        free(shift[i]);
    for (int i = 1; i < 20; i++)
        different += hashes[i] != hashes[0];
    assert_true(different > 15);
}

/* -- the driver's hooks -- */

typedef struct outside_work {
    harness h;
    acta_from from;
    int idle_calls;
    bool answers;
} outside_work;

static acta_next
defer(acta_self *self, void *user, acta_from from, acta_message *message)
{
    (void)self;
    (void)message;
    ((outside_work *)user)->from = from;
    return ACTA_NEXT;
}

static bool
idle(void *user)
{
    outside_work *o = user;

    if (++o->idle_calls < 3) return true;
    if (!o->answers) return false;
    acta_reply(o->h.runtime, o->from, ACTA_OK, NULL, NULL);
    return true;
}

static void
a_waiting_call_lets_the_driver_work_and_ends_when_it_has_nothing_to_do(void **state)
{
    (void)state;
    for (int answers = 0; answers < 2; answers++) {
        outside_work o = { .answers = answers != 0 };
        script s = { .call = defer, .user = &o };
        harness_start_with(&o.h, (acta_runtime_config){ .manual = true, .driver = { .idle = idle, .user = &o } });
        acta_pid pid = spawn(&o.h, &s);
        assert_int_equal(call_tag(&o.h, pid, 0, 5000, NULL), answers ? ACTA_OK : ACTA_TIMEOUT);
        assert_int_equal(o.idle_calls, 3);
        o.answers = false;
        harness_stop(&o.h);
    }
}

static acta_next
note_tag(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    uint32_t *order = user;
    order[order[0]++ + 1] = message->tag;
    return ACTA_NEXT;
}

static uint32_t
choose_last(void *user, uint32_t count)
{
    (void)user;
    return count - 1;
}

static void
the_driver_chooses_among_the_ready_in_the_order_they_became_so(void **state)
{
    (void)state;
    for (int last = 0; last < 2; last++) {
        harness h;
        uint32_t order[8] = { 0 };
        script s = { .cast = note_tag, .user = order };
        harness_start_with(
            &h, (acta_runtime_config){ .manual = true, .driver = { .choose = last ? choose_last : NULL } });
        acta_pid pids[4];
        for (int i = 0; i < 4; i++)
            pids[i] = spawn(&h, &s);
        for (uint32_t i = 0; i < 4; i++)
            send_tag(&h, pids[i], 10 + i);
        assert_true(acta_runtime_step(h.runtime));
        assert_int_equal(order[0], 1); /* one actor a step */
        harness_run(&h);
        assert_false(acta_runtime_step(h.runtime));
        const uint32_t first[] = { 10, 11, 12, 13 }, other[] = { 13, 12, 11, 10 };
        assert_memory_equal(order + 1, last ? other : first, sizeof first);
        harness_stop(&h);
    }
}

static void
the_budget_bounds_a_turn(void **state)
{
    (void)state;
    harness h;
    uint32_t order[32] = { 0 };
    script s = { .cast = note_tag, .user = order };

    harness_start_with(&h, (acta_runtime_config){ .manual = true, .budget = 4 });
    acta_pid a = spawn(&h, &s), b = spawn(&h, &s);
    for (uint32_t i = 0; i < 6; i++) {
        send_tag(&h, a, 100 + i);
        send_tag(&h, b, 200 + i);
    }
    harness_run(&h);
    const uint32_t expected[] = { 100, 101, 102, 103, 200, 201, 202, 203, 104, 105, 204, 205 };
    assert_memory_equal(order + 1, expected, sizeof expected);
    harness_stop(&h);
}

static void
wrong_numbers_in_the_configuration_are_refused(void **state)
{
    (void)state;
    acta_runtime *runtime = NULL;
    acta_error error;

    assert_int_equal(
        acta_runtime_create(&(acta_runtime_config){ .worker_count = 257 }, &runtime, &error), ACTA_INVALID);
    assert_int_equal(
        acta_runtime_create(&(acta_runtime_config){ .actor_count_max = UINT32_MAX }, &runtime, &error), ACTA_INVALID);
    assert_null(runtime);
    acta_runtime_destroy(NULL);
}

static void
the_number_of_actors_is_bounded(void **state)
{
    (void)state;
    harness h;
    script s = { .user = NULL };
    acta_pid pid = { 0 };
    acta_error error;
    static const acta_exit_reason shutdown = { .kind = ACTA_EXIT_SHUTDOWN };

    harness_start_with(&h, (acta_runtime_config){ .manual = true, .actor_count_max = 100 });
    for (int i = 0; i < 100; i++)
        pid = spawn(&h, &s);
    acta_spawn_options options = { .behaviour = &scripted, .argument = &s };
    assert_int_equal(acta_spawn(h.runtime, &options, &pid, &error), ACTA_BUSY);
    assert_string_equal(error.text, "cannot spawn 'scripted': 100 actors is the limit");
    acta_exit(h.runtime, (acta_pid){ 0 }, pid, &shutdown);
    harness_run(&h);
    assert_int_equal(acta_spawn(h.runtime, &options, &pid, &error), ACTA_OK);
    assert_int_equal(acta_spawn(h.runtime, &(acta_spawn_options){ .argument = &s }, &pid, &error), ACTA_INVALID);
    harness_stop(&h);
}

/* -- as if the process had died -- */

static acta_next
count_cast(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    (void)message;
    ++*(uint32_t *)user;
    return ACTA_NEXT;
}

static acta_next
count_info(acta_self *self, void *user, const acta_info *info)
{
    (void)self;
    (void)info;
    ++*(uint32_t *)user;
    return ACTA_NEXT;
}

static void
count_end(acta_self *self, void *user, const acta_exit_reason *reason)
{
    (void)self;
    (void)reason;
    ++*(uint32_t *)user;
}

static acta_status
watch_all(acta_self *self, void *user, acta_error *error)
{
    acta_ref ref;
    (void)user;
    (void)error;
    acta_trap_exit(self, true);
    for (uint32_t i = 0; i < 3; i++) {
        char name[] = { (char)('a' + i), '\0' };
        acta_pid pid = acta_whereis(acta_self_runtime(self), acta_str_of(name));
        if (pid.value == 0) continue;
        assert_int_equal(acta_monitor(self, pid, &ref), ACTA_OK);
        assert_int_equal(acta_link(self, pid), ACTA_OK);
    }
    return ACTA_OK;
}

static void
an_abandoned_runtime_runs_no_handler_any_more(void **state)
{
    (void)state;
    harness h;
    uint32_t seen = 0;
    script s = { .init = watch_all, .cast = count_cast, .info = count_info, .terminate = count_end, .user = &seen };

    harness_start(&h, 0);
    spawn_named(&h, &s, "a");
    spawn_named(&h, &s, "b");
    acta_pid last = spawn_named(&h, &s, "c");
    harness_run(&h);
    for (int i = 0; i < 5; i++)
        assert_int_equal(send_tag(&h, last, 1), ACTA_OK);
    acta_runtime_abandon(h.runtime);
    assert_int_equal(seen, 0);
    assert_false(acta_is_alive(h.runtime, last));
    acta_runtime_abandon(h.runtime); /* again: nothing to do */
    harness_stop(&h);                /* all messages and all memory are accounted for */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_choices_give_the_same_history_and_others_another),
        cmocka_unit_test(a_waiting_call_lets_the_driver_work_and_ends_when_it_has_nothing_to_do),
        cmocka_unit_test(the_driver_chooses_among_the_ready_in_the_order_they_became_so),
        cmocka_unit_test(the_budget_bounds_a_turn),
        cmocka_unit_test(wrong_numbers_in_the_configuration_are_refused),
        cmocka_unit_test(the_number_of_actors_is_bounded),
        cmocka_unit_test(an_abandoned_runtime_runs_no_handler_any_more),
    };
    return cmocka_run_group_tests_name("manual", tests, NULL, NULL);
}
