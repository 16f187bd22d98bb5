/*
 * State machines: the bound of what is postponed, information, system messages, memory that runs out, and threads.
 */
#include "statem_probe.h"

/* Beyond the bound a request is answered with BUSY and a cast dropped; both are counted, and there is one line. What was
 * postponed before is not touched. */
static void
beyond_its_bound_an_event_is_refused_and_counted(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = walk };
    answer a = { 0 };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &narrow, &p);
    for (int i = 0; i < 5; i++)
        cast(&h, pid, &p, LATER);
    ask(&h, pid, &p, QUESTION, &a);
    cast(&h, pid, &p, POKE);
    harness_run(&h);
    assert_int_equal(a.status, ACTA_BUSY);
    assert_int_equal(p.counts.postponed, 3);
    assert_int_equal(p.counts.refused, 3);
    assert_true(p.counts.postponed_bytes >= 3 * sizeof(probe *));
    assert_int_equal(atomic_load(&h.log_lines), 1);
    p.seen[0] = '\0';
    cast(&h, pid, &p, TO_B);
    cast(&h, pid, &p, POKE);
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast101 b:cast103 b:cast103 b:cast103 b:cast111 ");
    assert_int_equal(p.counts.postponed_bytes, 0);
    assert_int_equal(atomic_load(&p.destroyed), 9);

    probe q = { .step = walk };
    pid = start(&h, &narrow_bytes, &q);
    acta_send(h.runtime, pid, acta_message_create(h.runtime, LATER, 2000));
    cast(&h, pid, &q, LATER);
    cast(&h, pid, &q, POKE);
    harness_run(&h);
    assert_int_equal(q.counts.postponed, 1);
    assert_int_equal(q.counts.refused, 1);
    harness_stop(&h);
}

static acta_transition
watch_others(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    acta_ref ref;

    if (event->type == ACTA_STATEM_INFO && state == A) acta_statem_postpone(self);
    if (event->type == ACTA_STATEM_INFO && state == B) {
        if (event->info->kind == ACTA_INFO_DOWN) {
            assert_int_equal(event->info->reason->kind, ACTA_EXIT_FAILED);
            assert_string_equal(event->info->reason->text, "broken");
        }
        if (event->info->kind == ACTA_INFO_REPLY && p->count++ == 0)
            assert_int_equal(event->info->message->tag, ANSWER);
        if (event->info->kind == ACTA_INFO_REPLY && p->count == 2) {
            assert_int_equal(event->info->status, ACTA_FAILED);
            assert_non_null(strstr(event->info->error->text, "broken"));
        }
        if (event->info->kind == ACTA_INFO_TIMER) {
            assert_int_equal(event->info->tag, 33);
            assert_int_equal(event->info->user, 44);
        }
    }
    if (event->tag == TO_B) return acta_statem_next(B);
    if (event->type == ACTA_STATEM_CAST && event->tag == POKE) {
        acta_runtime *runtime = acta_self_runtime(self);
        assert_int_equal(acta_monitor(self, p->other, &ref), ACTA_OK);
        acta_request(self, p->other, acta_message_create(runtime, ANSWER, 0), 1000, &ref);
        acta_request(self, p->other, acta_message_create(runtime, BREAK, 0), 1000, &ref);
        acta_send_after(self, 5, 33, 44, &ref);
    }
    return acta_statem_keep();
}

static acta_next
reply_or_break(acta_self *self, void *user, acta_from from, acta_message *message)
{
    acta_runtime *runtime = acta_self_runtime(self);

    (void)user;
    if (message->tag == BREAK) acta_fail(self, "broken");
    acta_reply(runtime, from, ACTA_OK, acta_message_create(runtime, ANSWER, 0), NULL);
    return ACTA_NEXT;
}

/* Information can be postponed, too: it comes again with its reason, its reply, its error, its timer's words. */
static void
postponed_information_comes_again_whole(void **state)
{
    (void)state;
    harness h;
    script s = { .call = reply_or_break };

    harness_start(&h, 0);
    probe p = { .step = watch_others, .other = spawn(&h, &s) };
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, POKE);
    harness_advance(&h, 10);
    assert_string_equal(p.seen, "a:cast111 a:info3 a:info3 a:info0 a:info2 ");
    cast(&h, pid, &p, TO_B);
    p.seen[0] = '\0';
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast101 b:info3 b:info3 b:info0 b:info2 ");
    assert_true(acta_is_alive(h.runtime, pid));
    assert_int_equal(p.count, 2);
    harness_stop(&h);
}

/* Suspended between a change and the retry it makes: the queue waits with the mailbox. The state is shown by its name. */
static void
a_suspended_machine_retries_when_it_is_resumed(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = walk, .count = 5 };
    char text[100];

    harness_start_with(&h, (acta_runtime_config){ .manual = true, .budget = 1 });
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, LATER);
    harness_run(&h);
    assert_int_equal(acta_sys_state(h.runtime, pid, text, sizeof text, 1000, NULL), ACTA_OK);
    assert_string_equal(text, "a; (1 postponed) count=5");
    assert_int_equal(acta_sys_suspend(h.runtime, pid, 1000, NULL), ACTA_OK);
    cast(&h, pid, &p, TO_B);
    cast(&h, pid, &p, NOTE);
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast103 ");
    assert_int_equal(acta_sys_resume(h.runtime, pid, 1000, NULL), ACTA_OK);
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast103 a:cast101 b:cast103 b:cast106 ");
    harness_stop(&h);
}

static acta_transition
do_it_all(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    if (event->type == ACTA_STATEM_CAST && state == A && event->tag == LATER) acta_statem_postpone(self);
    if (event->type == ACTA_STATEM_CAST && state == A && event->tag == TO_B) {
        acta_message *own = counted(acta_self_runtime(self), p, 1);
        if (own != NULL) p->count++;
        acta_statem_next_event(self, own);
        for (uint32_t name = 0; name < 6; name++)
            acta_statem_set_timeout(self, name, 10, 0);
        acta_statem_set_state_timeout(self, 5, 0);
        return acta_statem_next(B);
    }
    return acta_statem_keep();
}

/* GS-31: the n-th allocation fails, for every n until none does: the spawn fails, or the machine; nothing leaks. */
static void
memory_may_run_out_at_any_point(void **state)
{
    (void)state;
    bool is_through = false;

    for (int64_t n = 0; !is_through && n < 200; n++) {
        harness h;
        probe p = { .step = do_it_all };
        probe *given = &p;
        acta_pid pid;
        acta_error error;
        uint64_t made = 0;

        harness_start(&h, 0);
        atomic_store(&h.allocs_left, n);
        acta_status status =
            acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &plain.base, .argument = &given }, &pid, &error);
        if (status == ACTA_OK) {
            static const uint32_t tags[] = { LATER, TO_B, NOTE };
            for (int i = 0; i < 3; i++) {
                acta_message *message = counted(h.runtime, &p, tags[i]);
                made += message != NULL;
                acta_send(h.runtime, pid, message);
            }
            harness_run(&h);
            is_through = acta_is_alive(h.runtime, pid) && strstr(p.seen, "b:cast106") != NULL;
        } else
            assert_int_equal(status, ACTA_NO_MEMORY);
        atomic_store(&h.allocs_left, -1);
        harness_stop(&h);
        assert_int_equal(atomic_load(&p.destroyed), made + p.count);
    }
    assert_true(is_through);
}

static acta_transition
flip(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    acta_runtime *runtime = acta_self_runtime(self);

    switch (event->type) {
    case ACTA_STATEM_CALL:
        if (state == A)
            acta_statem_postpone(self);
        else
            acta_reply(runtime, event->from, ACTA_OK, NULL, NULL);
        break;
    case ACTA_STATEM_CAST:
        p->count++;
        acta_statem_set_state_timeout(self, 1 + p->count % 3, 0);
        return acta_statem_next((state + 1) % 2);
    case ACTA_STATEM_STATE_TIMEOUT:
        return acta_statem_next(B);
    default:
        break;
    }
    p->seen[0] = '\0';
    return acta_statem_keep();
}

/* Callers and casters on other threads, timers ringing, states changing: each call is answered once, and all is freed. */
static void
calls_from_many_threads_are_all_answered_while_the_state_changes(void **state)
{
    (void)state;
    enum { CALLS = 3000 };
    harness h;
    static probe p;
    static answer answers[CALLS];
    _Atomic uint64_t *last = &answers[CALLS - 1].count;

    memset(&p, 0, sizeof p);
    memset(answers, 0, sizeof answers);
    p.step = flip;
    harness_start(&h, 2);
    acta_pid pid = start(&h, &plain, &p);
    for (int i = 0; i < CALLS; i++) {
        acta_call_async(h.runtime, pid, acta_message_create(h.runtime, 0, 0), ACTA_INFINITE, note_answer, &answers[i]);
        if (i % 3 == 0) cast(&h, pid, &p, NOTE);
        if (i % 500 == 0) await_count(&h, &answers[i].count, 1);
    }
    await_count(&h, last, 1);
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(atomic_load(&answers[i].count), 1);
        assert_true(answers[i].status == ACTA_OK || answers[i].status == ACTA_BUSY);
    }
    harness_stop(&h);
    assert_int_equal(atomic_load(&p.destroyed), (CALLS + 2) / 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beyond_its_bound_an_event_is_refused_and_counted),
        cmocka_unit_test(postponed_information_comes_again_whole),
        cmocka_unit_test(a_suspended_machine_retries_when_it_is_resumed),
        cmocka_unit_test(memory_may_run_out_at_any_point),
        cmocka_unit_test(calls_from_many_threads_are_all_answered_while_the_state_changes),
    };
    return cmocka_run_group_tests_name("gen_statem_bounds", tests, NULL, NULL);
}
