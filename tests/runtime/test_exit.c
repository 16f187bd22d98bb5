/*
 * Ends: links, monitors, trapping, kill, failures in every callback; told exactly once, with the right reason.
 */
#include "harness.h"

typedef struct told {
    _Atomic uint64_t downs, exits, casts, terminated;
    acta_exit_reason last;
    acta_ref last_ref;
    acta_pid last_pid;
    uint32_t trace[32];
    uint32_t trace_count;
} told;

static acta_next
note_info(acta_self *self, void *user, const acta_info *info)
{
    told *t = user;

    (void)self;
    if (info->kind == ACTA_INFO_DOWN) atomic_fetch_add(&t->downs, 1);
    if (info->kind == ACTA_INFO_EXIT) atomic_fetch_add(&t->exits, 1);
    if (info->reason != NULL) t->last = *info->reason;
    t->last_ref = info->ref;
    t->last_pid = info->pid;
    if (t->trace_count < 32) t->trace[t->trace_count++] = 1000 + (uint32_t)info->kind;
    return ACTA_NEXT;
}

enum { END_FAIL = 1, END_NORMAL, END_BAD, END_SHUTDOWN, NOTHING };

static acta_next
end_somehow(acta_self *self, void *user, acta_message *message)
{
    told *t = user;

    if (t != NULL) {
        atomic_fetch_add(&t->casts, 1);
        if (t->trace_count < 32) t->trace[t->trace_count++] = message->tag;
    }
    switch (message->tag) {
    case END_FAIL:
        acta_fail(self, "because %s", "so");
    case END_NORMAL:
        return ACTA_STOP;
    case END_BAD:
        return (acta_next)77;
    case END_SHUTDOWN:
        acta_set_exit_reason(self, ACTA_EXIT_SHUTDOWN, "done for today");
        return ACTA_STOP;
    default:
        return ACTA_NEXT;
    }
}

static void
note_terminate(acta_self *self, void *user, const acta_exit_reason *reason)
{
    told *t = user;

    (void)self;
    t->last = *reason;
    atomic_fetch_add(&t->terminated, 1);
}

/* A watcher that does on command, as a handler, what a test asks. */
enum { LINK = 100, UNLINK, MONITOR, DEMONITOR, TRAP, UNTRAP };
typedef struct watcher {
    told told;
    acta_pid target;
    acta_ref ref;
} watcher;

static acta_next
watch(acta_self *self, void *user, acta_message *message)
{
    watcher *w = user;

    switch (message->tag) {
    case LINK:
        acta_link(self, w->target);
        return ACTA_NEXT;
    case UNLINK:
        acta_unlink(self, w->target);
        return ACTA_NEXT;
    case MONITOR:
        acta_monitor(self, w->target, &w->ref);
        return ACTA_NEXT;
    case DEMONITOR:
        acta_demonitor(self, w->ref);
        return ACTA_NEXT;
    case TRAP:
        acta_trap_exit(self, true);
        return ACTA_NEXT;
    case UNTRAP:
        acta_trap_exit(self, false);
        return ACTA_NEXT;
    default:
        return end_somehow(self, &w->told, message);
    }
}

static acta_next
watch_info(acta_self *self, void *user, const acta_info *info)
{
    return note_info(self, &((watcher *)user)->told, info);
}

static script
watching(watcher *w)
{
    memset(w, 0, sizeof *w);
    return (script){ .cast = watch, .info = watch_info, .user = w };
}

static void
tell(harness *h, acta_pid pid, uint32_t tag)
{
    assert_int_equal(send_tag(h, pid, tag), ACTA_OK);
    harness_run(h);
}

/* GS-22: exactly one DOWN, with the real reason; NOPROC when the target was gone before. */
static void
a_monitor_tells_each_kind_of_end_once(void **state)
{
    (void)state;
    static const struct {
        uint32_t tag;
        acta_exit_kind kind;
        const char *text;
    } ends[] = { { END_FAIL, ACTA_EXIT_FAILED, "because so" }, { END_NORMAL, ACTA_EXIT_NORMAL, "" },
        { END_BAD, ACTA_EXIT_FAILED, "bad return value" }, { END_SHUTDOWN, ACTA_EXIT_SHUTDOWN, "done for today" } };
    harness h;
    watcher w;
    script watching_script = watching(&w), ending = { .cast = end_somehow };

    harness_start(&h, 0);
    acta_pid watcher_pid = spawn(&h, &watching_script);
    for (uint64_t i = 0; i < 4; i++) {
        w.target = spawn(&h, &ending);
        tell(&h, watcher_pid, MONITOR);
        tell(&h, w.target, ends[i].tag);
        assert_int_equal(atomic_load(&w.told.downs), i + 1);
        assert_int_equal(w.told.last.kind, ends[i].kind);
        assert_string_equal(w.told.last.text, ends[i].text);
        assert_true(acta_ref_equal(w.told.last_ref, w.ref));
        assert_true(acta_pid_equal(w.told.last_pid, w.target));
    }
    tell(&h, watcher_pid, MONITOR); /* of one that is dead already */
    assert_int_equal(atomic_load(&w.told.downs), 5);
    assert_int_equal(w.told.last.kind, ACTA_EXIT_NOPROC);
    assert_int_equal(atomic_load(&w.told.exits), 0);
    harness_stop(&h);
}

/* GS-22: also when the DOWN is under way. */
static void
a_monitor_that_was_given_up_tells_nothing(void **state)
{
    (void)state;
    harness h;
    watcher w;
    script watching_script = watching(&w), ending = { .cast = end_somehow };

    harness_start(&h, 0);
    acta_pid watcher_pid = spawn(&h, &watching_script);
    w.target = spawn(&h, &ending);
    tell(&h, watcher_pid, MONITOR);
    tell(&h, watcher_pid, DEMONITOR);
    tell(&h, watcher_pid, DEMONITOR); /* twice is harmless */
    tell(&h, w.target, END_FAIL);
    assert_int_equal(atomic_load(&w.told.downs), 0);

    /* given up while the DOWN is under way already */
    w.target = spawn(&h, &ending);
    tell(&h, watcher_pid, MONITOR);
    send_tag(&h, w.target, END_FAIL);
    send_tag(&h, watcher_pid, DEMONITOR);
    harness_run(&h);
    assert_int_equal(atomic_load(&w.told.downs), 0);
    harness_stop(&h);
}

/* GS-21: an exit ends the linked one, a normal one doesn't; linking twice is one link. */
static void
a_linked_actor_falls_with_the_other_unless_it_ended_well(void **state)
{
    (void)state;
    static const struct {
        uint32_t tag;
        bool falls;
    } ends[] = { { END_FAIL, true }, { END_NORMAL, false }, { END_SHUTDOWN, true } };

    for (int i = 0; i < 3; i++) {
        harness h;
        watcher w;
        script watching_script = watching(&w), ending = { .cast = end_somehow };

        watching_script.terminate = note_terminate; /* its user begins with `told` */
        harness_start(&h, 0);
        acta_pid pid = spawn(&h, &watching_script);
        w.target = spawn(&h, &ending);
        tell(&h, pid, LINK);
        tell(&h, pid, LINK); /* twice is one link */
        tell(&h, w.target, ends[i].tag);
        assert_int_equal(acta_is_alive(h.runtime, pid), !ends[i].falls);
        assert_int_equal(atomic_load(&w.told.terminated), ends[i].falls);
        if (ends[i].tag == END_FAIL) assert_string_equal(w.told.last.text, "because so");
        harness_stop(&h);
    }
}

/* GS-21: the one that was linked to falls, too. */
static void
the_link_holds_in_both_directions(void **state)
{
    (void)state;
    harness h;
    watcher w;
    script watching_script = watching(&w), ending = { .cast = end_somehow };

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &watching_script);
    w.target = spawn(&h, &ending);
    tell(&h, pid, LINK);
    tell(&h, pid, END_FAIL);
    assert_false(acta_is_alive(h.runtime, w.target));
    harness_stop(&h);
}

/* GS-21: one that traps is told of each end. */
static void
trapping_turns_exits_into_messages_and_normal_ones_too(void **state)
{
    (void)state;
    harness h;
    watcher w;
    script watching_script = watching(&w), ending = { .cast = end_somehow };

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &watching_script);
    tell(&h, pid, TRAP);
    for (uint64_t i = 0; i < 2; i++) {
        w.target = spawn(&h, &ending);
        tell(&h, pid, LINK);
        tell(&h, w.target, i == 0 ? END_NORMAL : END_FAIL);
        assert_int_equal(atomic_load(&w.told.exits), i + 1);
        assert_int_equal(w.told.last.kind, i == 0 ? ACTA_EXIT_NORMAL : ACTA_EXIT_FAILED);
        assert_true(acta_pid_equal(w.told.last_pid, w.target));
    }
    tell(&h, pid, LINK); /* to the dead */
    assert_int_equal(w.told.last.kind, ACTA_EXIT_NOPROC);
    assert_int_equal(atomic_load(&w.told.exits), 3);
    tell(&h, pid, UNTRAP);
    tell(&h, pid, LINK);
    assert_false(acta_is_alive(h.runtime, pid));
    harness_stop(&h);
}

/* GS-21: after an unlink no exit is seen, not even one under way. */
static void
unlinked_means_untold_even_when_it_is_under_way(void **state)
{
    (void)state;
    harness h;
    watcher w;
    script watching_script = watching(&w), ending = { .cast = end_somehow };

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &watching_script);
    w.target = spawn(&h, &ending);
    tell(&h, pid, LINK);
    tell(&h, pid, UNLINK);
    tell(&h, w.target, END_FAIL);
    assert_true(acta_is_alive(h.runtime, pid));

    w.target = spawn(&h, &ending);
    tell(&h, pid, LINK);
    send_tag(&h, pid, NOTHING); /* ready before the other one ends */
    send_tag(&h, pid, UNLINK);
    send_tag(&h, w.target, END_FAIL);
    harness_run(&h);
    assert_true(acta_is_alive(h.runtime, pid));
    assert_false(acta_is_alive(h.runtime, w.target));

    w.target = spawn(&h, &ending);
    for (int i = 0; i < 5; i++) { /* made and undone and made again, all in one go: the last word counts */
        send_tag(&h, pid, LINK);
        send_tag(&h, pid, UNLINK);
    }
    send_tag(&h, pid, LINK);
    harness_run(&h);
    tell(&h, w.target, END_FAIL);
    assert_false(acta_is_alive(h.runtime, pid));
    harness_stop(&h);
}

/* GS-21: both link to each other in the same moment: one link, which one unlink dissolves for both. */
static void
linking_from_both_sides_is_one_link(void **state)
{
    (void)state;
    for (int who = 0; who < 2; who++) {
        harness h;
        watcher a, b;
        script sa = watching(&a), sb = watching(&b);

        harness_start(&h, 0);
        acta_pid pa = spawn(&h, &sa), pb = spawn(&h, &sb);
        a.target = pb;
        b.target = pa;
        send_tag(&h, pa, LINK);
        send_tag(&h, pb, LINK);
        harness_run(&h);
        tell(&h, who == 0 ? pa : pb, UNLINK);
        tell(&h, pa, END_FAIL);
        assert_true(acta_is_alive(h.runtime, pb));
        harness_stop(&h);
    }
}

/* GS-23: m1, the exit, m2: a trapping actor finds them in this order; in one that doesn't trap the exit comes first. */
static void
an_exit_keeps_its_place_only_when_it_is_trapped(void **state)
{
    (void)state;
    static const acta_exit_reason asked = { .kind = ACTA_EXIT_FAILED, .text = "asked to" };

    for (int traps = 0; traps < 2; traps++) {
        harness h;
        watcher w;
        script s = watching(&w);

        s.terminate = note_terminate;
        harness_start(&h, 0);
        acta_pid pid = spawn(&h, &s);
        if (traps) tell(&h, pid, TRAP);
        send_tag(&h, pid, NOTHING);
        acta_exit(h.runtime, (acta_pid){ 0 }, pid, &asked);
        send_tag(&h, pid, NOTHING);
        harness_run(&h);
        if (traps) {
            const uint32_t order[] = { NOTHING, 1000 + ACTA_INFO_EXIT, NOTHING };
            assert_int_equal(w.told.trace_count, 3);
            assert_memory_equal(w.told.trace, order, sizeof order);
        } else {
            assert_int_equal(w.told.trace_count, 0);
            assert_string_equal(w.told.last.text, "asked to");
            assert_int_equal(atomic_load(&w.told.terminated), 1);
        }
        assert_int_equal(acta_is_alive(h.runtime, pid), traps);
        harness_stop(&h);
    }
}

static void
a_normal_exit_that_is_asked_for_does_nothing(void **state)
{
    (void)state;
    harness h;
    script s = { .cast = end_somehow };
    static const acta_exit_reason normal = { .kind = ACTA_EXIT_NORMAL };

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &s);
    acta_exit(h.runtime, (acta_pid){ 0 }, pid, &normal);
    tell(&h, pid, NOTHING);
    assert_true(acta_is_alive(h.runtime, pid));
    acta_exit(h.runtime, (acta_pid){ 0 }, (acta_pid){ 99 }, &normal);
    harness_stop(&h);
}

/* GS-21, GS-24: kill can't be trapped, runs no terminate; what waits isn't handled; linked ones may trap it. */
static void
kill_comes_before_everything(void **state)
{
    (void)state;
    harness h;
    watcher w, bystander;
    script s = watching(&w), b = watching(&bystander);
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };

    s.terminate = note_terminate;
    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &s), linked = spawn(&h, &b);
    tell(&h, pid, TRAP);
    tell(&h, linked, TRAP);
    bystander.target = pid;
    tell(&h, linked, LINK);
    for (int i = 0; i < 5; i++)
        send_tag(&h, pid, NOTHING);
    acta_exit(h.runtime, (acta_pid){ 0 }, pid, &kill);
    acta_exit(h.runtime, (acta_pid){ 0 }, pid, &kill);
    harness_run(&h);
    assert_false(acta_is_alive(h.runtime, pid));
    assert_int_equal(atomic_load(&w.told.casts), 0);
    assert_int_equal(atomic_load(&w.told.terminated), 0);
    assert_int_equal(atomic_load(&bystander.told.exits), 1);
    assert_int_equal(bystander.told.last.kind, ACTA_EXIT_KILLED);
    harness_stop(&h);
}

/* -- continue -- */

static acta_next
go_on_three_times(acta_self *self, void *user)
{
    told *t = user;
    (void)self;
    t->trace[t->trace_count++] = 500;
    return t->trace_count < 4 ? ACTA_NEXT_CONTINUE : ACTA_NEXT;
}

static acta_next
go_on_first(acta_self *self, void *user, acta_message *message)
{
    told *t = user;
    (void)self;
    t->trace[t->trace_count++] = message->tag;
    return message->tag == 1 ? ACTA_NEXT_CONTINUE : ACTA_NEXT;
}

/* GS-13: before what is in the mailbox already. */
static void
continue_comes_before_any_message(void **state)
{
    (void)state;
    harness h;
    told t = { .trace_count = 0 };
    script s = { .cast = go_on_first, .go_on = go_on_three_times, .user = &t };

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &s);
    send_tag(&h, pid, 1);
    send_tag(&h, pid, 2);
    harness_run(&h);
    const uint32_t order[] = { 1, 500, 500, 500, 2 };
    assert_int_equal(t.trace_count, 5);
    assert_memory_equal(t.trace, order, sizeof order);
    harness_stop(&h);
}

/* Many links of one actor: the hash is used, and all are told, in the order they were made. */
static void
link_to_all(acta_self *self, void *user)
{
    acta_pid *pids = user;
    for (int i = 0; i < 1000; i++)
        ACTA_CHECK(self, acta_link(self, pids[i]) == ACTA_OK);
    for (int i = 0; i < 1000; i += 3)
        acta_unlink(self, pids[i]);
    acta_fail(self, "with all of mine");
}

static acta_next
link_then_fail(acta_self *self, void *user, acta_message *message)
{
    (void)message;
    link_to_all(self, user);
    return ACTA_NEXT;
}

static void
an_actor_with_a_thousand_links_takes_all_of_them_along(void **state)
{
    (void)state;
    harness h;
    static acta_pid pids[1000];
    script linking = { .cast = link_then_fail, .user = pids }, plain = { .user = NULL };

    harness_start(&h, 0);
    for (int i = 0; i < 1000; i++)
        pids[i] = spawn(&h, &plain);
    tell(&h, spawn(&h, &linking), 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(acta_is_alive(h.runtime, pids[i]), i % 3 == 0);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_monitor_tells_each_kind_of_end_once),
        cmocka_unit_test(a_monitor_that_was_given_up_tells_nothing),
        cmocka_unit_test(a_linked_actor_falls_with_the_other_unless_it_ended_well),
        cmocka_unit_test(the_link_holds_in_both_directions),
        cmocka_unit_test(trapping_turns_exits_into_messages_and_normal_ones_too),
        cmocka_unit_test(unlinked_means_untold_even_when_it_is_under_way),
        cmocka_unit_test(linking_from_both_sides_is_one_link),
        cmocka_unit_test(an_exit_keeps_its_place_only_when_it_is_trapped),
        cmocka_unit_test(a_normal_exit_that_is_asked_for_does_nothing),
        cmocka_unit_test(kill_comes_before_everything),
        cmocka_unit_test(continue_comes_before_any_message),
        cmocka_unit_test(an_actor_with_a_thousand_links_takes_all_of_them_along),
    };
    return cmocka_run_group_tests_name("exit", tests, NULL, NULL);
}
