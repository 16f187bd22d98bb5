/*
 * Event managers: every handler gets every event in order while it is there; what one of them does wrong costs that one
 * only. The cases follow OTP's gen_event_SUITE.
 */
#include "event_probe.h"

/* Notify and sync_notify: to all, in the order they were added; sync_notify's answer comes after the last of them. */
static void
each_event_goes_to_all_handlers_in_the_order_they_were_added(void **state)
{
    (void)state;
    harness h;
    slate s = { .init = INIT_OK };

    harness_start(&h, 0);
    acta_pid manager = start_manager(&h);
    assert_int_equal(call_tag(&h, manager, PLAIN, 5000, NULL), ACTA_OK); /* no handlers: nothing to wait for */
    for (int i = 1; i <= 3; i++)
        assert_int_equal(add(&h, manager, &s, i, NULL), ACTA_OK);
    acta_gen_event_spec quiet = { .handler = &silent };
    assert_int_equal(acta_call(h.runtime, manager, acta_gen_event_add(h.runtime, &quiet), 5000, NULL, NULL), ACTA_OK);
    assert_int_equal(send_tag(&h, manager, PLAIN), ACTA_OK);
    assert_int_equal(call_tag(&h, manager, 55, 5000, NULL), ACTA_OK);
    assert_string_equal(s.seen, "+1 +2 +3 1:1 2:1 3:1 1:55 2:55 3:55 ");
    assert_int_equal(remove_it(&h, manager, 2), ACTA_OK);
    assert_int_equal(remove_it(&h, manager, 2), ACTA_NOT_FOUND);
    s.seen[0] = '\0';
    assert_int_equal(call_tag(&h, manager, PLAIN, 5000, NULL), ACTA_OK);
    assert_string_equal(s.seen, "1:1 3:1 ");
    assert_string_equal(s.end, "2 0 0 ");
    harness_stop(&h);
}

/* The same handler with the same id once only; with another id as often as one likes; without a handler not at all. */
static void
a_handler_is_added_once_under_each_id(void **state)
{
    (void)state;
    harness h;
    slate s = { .init = INIT_OK };
    acta_error error;
    acta_message *reply = NULL;
    acta_gen_event_spec nothing = { .handler = NULL };

    harness_start(&h, 0);
    acta_pid manager = start_manager(&h);
    assert_int_equal(add(&h, manager, &s, 1, &error), ACTA_OK);
    assert_int_equal(add(&h, manager, &s, 1, &error), ACTA_ALREADY_EXISTS);
    assert_string_equal(error.text, "handler 'noting' (id 1) is there already");
    assert_int_equal(
        acta_call(h.runtime, manager, acta_gen_event_add(h.runtime, &nothing), 5000, NULL, &error), ACTA_INVALID);
    assert_int_equal(add(&h, manager, &s, 2, &error), ACTA_OK);
    call_tag(&h, manager, PLAIN, 5000, NULL);
    assert_int_equal(acta_call(h.runtime, manager, acta_gen_event_which(h.runtime), 5000, &reply, &error), ACTA_OK);
    const acta_gen_event_entry *entries = reply->payload;
    assert_int_equal(reply->size, 2 * sizeof *entries);
    assert_ptr_equal(entries[0].handler, &noting);
    assert_int_equal(entries[0].id, 1);
    assert_int_equal(entries[1].id, 2);
    assert_int_equal(entries[1].event_count, 1);
    acta_message_destroy(reply);
    harness_stop(&h);
}

/* Init that refuses or fails: whoever adds it hears why, and it isn't there. */
static void
a_handler_whose_init_fails_is_not_added(void **state)
{
    (void)state;
    harness h;
    slate refusing = { .init = INIT_REFUSE }, failing = { .init = INIT_FAIL };
    acta_error error;

    harness_start(&h, 0);
    acta_pid manager = start_manager(&h);
    assert_int_equal(add(&h, manager, &refusing, 4, &error), ACTA_REJECTED);
    assert_string_equal(error.text, "no 4");
    assert_int_equal(add(&h, manager, &failing, 4, &error), ACTA_FAILED);
    assert_string_equal(error.text, "init of handler 'noting' failed: init broke");
    assert_int_equal(call_tag(&h, manager, PLAIN, 5000, NULL), ACTA_OK);
    assert_int_equal(atomic_load(&refusing.seen_count) + atomic_load(&failing.seen_count), 0);
    assert_true(acta_is_alive(h.runtime, manager));
    harness_stop(&h);
}

static void
keep_the_line(void *user, acta_log_level level, acta_str line)
{
    (void)level;
    snprintf(user, 1000, ACTA_FMT, ACTA_ARG(line));
}

/* acta_fail in a handler, a bad return value, a wish to go: the manager and the others go on, with that very event. */
static void
a_failing_handler_is_removed_alone(void **state)
{
    (void)state;
    harness h;
    slate s[3] = { { .init = INIT_OK }, { .init = INIT_OK }, { .init = TERMINATE_FAIL } };
    char line[1000] = "";

    harness_start(&h, 0);
    h.log = keep_the_line;
    h.log_user = line;
    acta_pid manager = start_manager(&h);
    for (int i = 0; i < 3; i++)
        assert_int_equal(add(&h, manager, &s[i], i + 1, NULL), ACTA_OK);
    assert_int_equal(acta_call(h.runtime, manager, event_for(&h, FAIL_ON, 1), 5000, NULL, NULL), ACTA_OK);
    assert_string_equal(s[0].end, "1 2 3 event broke 1");
    assert_non_null(strstr(line, "handler 'noting' (id 1) failed and is removed: event broke 1"));
    assert_int_equal(acta_call(h.runtime, manager, event_for(&h, BAD_ON, 2), 5000, NULL, NULL), ACTA_OK);
    assert_string_equal(s[1].end, "2 2 3 bad return value");
    assert_int_equal(acta_call(h.runtime, manager, event_for(&h, REMOVE_ON, 3), 5000, NULL, NULL), ACTA_OK);
    assert_string_equal(s[2].end, "3 0 0 ");
    assert_non_null(strstr(line, "terminate broke"));
    assert_string_equal(s[0].seen, "+1 1:2 -1 ");
    assert_string_equal(s[1].seen, "+2 2:2 2:4 -2 ");
    assert_string_equal(s[2].seen, "+3 3:2 3:4 3:3 -3 ");
    assert_true(acta_is_alive(h.runtime, manager));
    assert_int_equal(add(&h, manager, &s[0], 1, NULL), ACTA_OK); /* and may come back */
    harness_stop(&h);
}

typedef struct answer {
    _Atomic uint64_t count;
    acta_status status;
} answer;

static void
note_answer(void *user, acta_status status, const acta_message *reply, const acta_error *error)
{
    answer *a = user;

    (void)reply;
    (void)error;
    a->status = status;
    atomic_fetch_add(&a->count, 1);
}

/* A call reaches one handler; it answers now or later; one that fails answers by that, once. */
static void
a_call_reaches_one_handler_and_is_answered_once(void **state)
{
    (void)state;
    harness h;
    slate s = { .init = INIT_OK };
    acta_error error;
    acta_message *reply = NULL;
    answer late = { 0 };
    acta_runtime_stats stats;

    harness_start(&h, 0);
    acta_pid manager = start_manager(&h);
    for (int i = 1; i <= 4; i++)
        assert_int_equal(add(&h, manager, &s, i, NULL), ACTA_OK);
    s.seen[0] = '\0';
    acta_message *ask = acta_message_create(h.runtime, ASK, 0);
    assert_int_equal(
        acta_call(h.runtime, manager, acta_gen_event_to(h.runtime, &noting, 2, ask), 5000, &reply, &error), ACTA_OK);
    assert_int_equal(reply->tag, 2);
    acta_message_destroy(reply);
    ask = acta_message_create(h.runtime, ASK_LATER, 0);
    acta_call_async(
        h.runtime, manager, acta_gen_event_to(h.runtime, &noting, 3, ask), ACTA_INFINITE, note_answer, &late);
    harness_run(&h);
    assert_int_equal(atomic_load(&late.count), 0);
    assert_int_equal(call_one(&h, manager, 1, ASK_FAIL, &error), ACTA_FAILED);
    assert_string_equal(error.text, "handler 'noting' failed: call broke");
    assert_int_equal(call_one(&h, manager, 1, ASK, &error), ACTA_NOT_FOUND);
    assert_int_equal(call_one(&h, manager, 2, ASK_FAIL_ANSWERED, &error), ACTA_OK);
    assert_int_equal(call_one(&h, manager, 4, ASK_REMOVE, &error), ACTA_OK);
    assert_string_equal(s.seen, "2?5 3?6 1?7 -1 2?8 -2 4?9 -4 ");
    acta_gen_event_spec quiet = { .handler = &silent };
    acta_call(h.runtime, manager, acta_gen_event_add(h.runtime, &quiet), 5000, NULL, NULL);
    ask = acta_message_create(h.runtime, ASK, 0);
    assert_int_equal(
        acta_call(h.runtime, manager, acta_gen_event_to(h.runtime, &silent, 0, ask), 5000, NULL, &error), ACTA_INVALID);
    assert_null(acta_gen_event_to(h.runtime, &noting, 3, NULL));
    acta_runtime_stats_read(h.runtime, &stats);
    assert_int_equal(stats.late, 0);
    assert_int_equal(acta_stop(h.runtime, manager, NULL, 1000, NULL), ACTA_OK);
    assert_int_equal(late.status, ACTA_FAILED); /* the manager's end answers what a handler left open */
    harness_stop(&h);
}

/* The old one's terminate, then the new one's init, which sees the old state; the place in the order stays. */
static void
a_swap_hands_over_the_place_and_the_state(void **state)
{
    (void)state;
    harness h;
    slate s = { .init = INIT_OK }, refusing = { .init = INIT_REFUSE };
    acta_error error;

    harness_start(&h, 0);
    acta_pid manager = start_manager(&h);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(add(&h, manager, &s, i, NULL), ACTA_OK);
    s.seen[0] = '\0';
    assert_int_equal(swap(&h, manager, 2, &s, 3, &error), ACTA_ALREADY_EXISTS);
    assert_int_equal(swap(&h, manager, 2, &s, 7, &error), ACTA_OK);
    assert_int_equal(s.before, 2);
    assert_string_equal(s.end, "2 1 0 ");
    assert_int_equal(swap(&h, manager, 7, &s, 7, &error), ACTA_OK); /* by itself, under the same id */
    assert_int_equal(s.before, 7);
    call_tag(&h, manager, PLAIN, 5000, NULL);
    assert_string_equal(s.seen, "-2 +7 -7 +7 1:1 7:1 3:1 ");
    assert_int_equal(swap(&h, manager, 99, &s, 8, &error), ACTA_OK); /* nobody there: added */
    assert_int_equal(swap(&h, manager, 3, &refusing, 9, &error), ACTA_REJECTED);
    s.seen[0] = '\0';
    call_tag(&h, manager, PLAIN, 5000, NULL);
    assert_string_equal(s.seen, "1:1 7:1 8:1 "); /* both are gone */
    harness_stop(&h);
}

/* -- the manager -- */

/* Information, such as a timer of one of them, goes to all. */
static void
information_goes_to_all_handlers(void **state)
{
    (void)state;
    harness h;
    slate s = { .init = INIT_OK };

    harness_start(&h, 0);
    acta_pid manager = start_manager(&h);
    add(&h, manager, &s, 1, NULL);
    add(&h, manager, &s, 2, NULL);
    acta_call(h.runtime, manager, event_for(&h, START_TIMER, 1), 5000, NULL, NULL);
    s.seen[0] = '\0';
    harness_advance(&h, 20);
    assert_string_equal(s.seen, "1!2 2!2 ");
    harness_stop(&h);
}

/* A stop runs every terminate, in order; a kill runs none, and frees all the same. */
static void
the_managers_end_is_the_end_of_all_handlers(void **state)
{
    (void)state;
    harness h;
    slate s = { .init = INIT_OK }, killed = { .init = INIT_OK };

    harness_start(&h, 0);
    acta_pid manager = start_manager(&h);
    for (int i = 1; i <= 3; i++)
        add(&h, manager, &s, i, NULL);
    acta_exit(h.runtime, (acta_pid){ 0 }, manager, &(acta_exit_reason){ ACTA_EXIT_SHUTDOWN, "enough" });
    harness_run(&h);
    assert_false(acta_is_alive(h.runtime, manager));
    assert_string_equal(s.seen, "+1 +2 +3 -1 -2 -3 ");
    assert_string_equal(s.end, "3 4 1 enough");
    manager = start_manager(&h);
    add(&h, manager, &killed, 1, NULL);
    acta_exit(h.runtime, (acta_pid){ 0 }, manager, &(acta_exit_reason){ ACTA_EXIT_KILLED, "" });
    harness_run(&h);
    assert_string_equal(killed.seen, "+1 ");
    harness_stop(&h);
}

/* A manager that is spawned with handlers has them before its first event; if one can't be had, there is no manager. */
static void
a_manager_is_spawned_with_handlers_or_not_at_all(void **state)
{
    (void)state;
    harness h;
    slate s = { .init = INIT_OK }, refusing = { .init = INIT_REFUSE };
    noter_argument arguments[] = { { &s, 1 }, { &s, 2 }, { &refusing, 3 } };
    acta_gen_event_spec specs[3];
    acta_pid pid;
    acta_error error;

    for (int i = 0; i < 3; i++)
        specs[i] = spec_of(&s, i + 1, &arguments[i]);
    harness_start(&h, 0);
    acta_spawn_options options = { .behaviour = &acta_gen_event_manager,
        .argument = &(acta_gen_event_specs){ .specs = specs, .count = 3 } };
    assert_int_equal(acta_spawn(h.runtime, &options, &pid, &error), ACTA_REJECTED);
    assert_string_equal(error.text, "no 3");
    assert_string_equal(s.seen, "+1 +2 -1 -2 ");
    options.argument = &(acta_gen_event_specs){ .specs = specs, .count = 2 };
    assert_int_equal(acta_spawn(h.runtime, &options, &pid, &error), ACTA_OK);
    s.seen[0] = '\0';
    call_tag(&h, pid, PLAIN, 5000, NULL);
    assert_string_equal(s.seen, "1:1 2:1 ");
    harness_stop(&h);
}

static _Atomic uint64_t destroyed;

static void
count_destroyed(acta_message *message)
{
    (void)message;
    atomic_fetch_add(&destroyed, 1);
}

/* What is asked may also be sent, without an answer; what is asked and never handled, or asked of another actor, is freed
 * with the message that it carries; and no event is taken for it, whatever its tag and bytes. */
static void
what_is_asked_is_never_mistaken_nor_lost(void **state)
{
    (void)state;
    harness h;
    slate s = { .init = INIT_OK };
    noter_argument argument = { &s, 1 };
    acta_gen_event_spec spec = spec_of(&s, 1, &argument);
    script what = { .cast = NULL };

    harness_start(&h, 0);
    atomic_store(&destroyed, 0);
    acta_pid manager = start_manager(&h);
    acta_pid other = spawn(&h, &what);
    assert_int_equal(acta_send(h.runtime, manager, acta_gen_event_add(h.runtime, &spec)), ACTA_OK);
    assert_int_equal(acta_send(h.runtime, other, acta_gen_event_add(h.runtime, &spec)), ACTA_OK);
    for (uint32_t tag = 0; tag < 5; tag++) {
        acta_message *event = acta_message_create(h.runtime, tag, 200);
        memset(event->payload, 0xff, 200);
        event->destroy = count_destroyed;
        assert_int_equal(acta_send(h.runtime, manager, event), ACTA_OK);
    }
    acta_message *inner = acta_message_create(h.runtime, PLAIN, 0);
    inner->destroy = count_destroyed;
    acta_message_destroy(acta_gen_event_to(h.runtime, &noting, 1, inner));
    harness_run(&h);
    assert_string_equal(s.seen, "+1 1:0 1:1 1:2 1:3 1:4 ");
    assert_int_equal(atomic_load(&destroyed), 6);
    harness_stop(&h);
}

/* GS-31: the n-th allocation fails, for every n until none does: a handler is there, or it isn't and nothing is left. */
static void
memory_may_run_out_at_any_point(void **state)
{
    (void)state;
    bool is_through = false;

    for (int64_t n = 0; !is_through && n < 100; n++) {
        harness h;
        slate s = { .init = INIT_OK };

        harness_start(&h, 0);
        acta_pid manager = start_manager(&h);
        script what = { .cast = NULL };
        acta_pid pid = spawn(&h, &what);
        atomic_store(&h.allocs_left, n);
        noter_argument argument = { &s, 1 };
        acta_gen_event_spec spec = spec_of(&s, 1, &argument);
        spec.owner = pid;
        acta_status status = acta_call(h.runtime, manager, acta_gen_event_add(h.runtime, &spec), 5000, NULL, NULL);
        acta_status asked = acta_call(h.runtime, manager, acta_gen_event_which(h.runtime), 5000, NULL, NULL);
        atomic_store(&h.allocs_left, -1);
        is_through = status == ACTA_OK && asked == ACTA_OK;
        if (status != ACTA_OK) assert_int_equal(status, ACTA_NO_MEMORY);
        assert_int_equal(remove_it(&h, manager, 1), status == ACTA_OK ? ACTA_OK : ACTA_NOT_FOUND);
        harness_stop(&h);
    }
    assert_true(is_through);
}

/* Handlers come, fail and go on other threads' behalf while events pour in: a handler that stays sees every event. */
static void
the_one_that_stays_sees_every_event_while_others_come_fail_and_go(void **state)
{
    (void)state;
    enum { ROUNDS = 400 };
    harness h;
    static slate steady, changing;
    uint64_t events = 0;
    char line[1000];

    memset(&steady, 0, sizeof steady);
    memset(&changing, 0, sizeof changing);
    harness_start(&h, 2);
    h.log = keep_the_line;
    h.log_user = line;
    acta_pid manager = start_manager(&h);
    assert_int_equal(add(&h, manager, &steady, 1, NULL), ACTA_OK);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(add(&h, manager, &changing, 2, NULL), ACTA_OK);
        for (int k = 0; k < 5; k++, events++)
            assert_int_equal(send_tag(&h, manager, PLAIN), ACTA_OK);
        acta_send(h.runtime, manager, event_for(&h, i % 2 == 0 ? FAIL_ON : REMOVE_ON, 2));
        events++;
        assert_int_equal(call_tag(&h, manager, PLAIN, 20000, NULL), ACTA_OK);
        events++;
        assert_int_equal(atomic_load(&steady.seen_count), events);
        steady.seen[0] = changing.seen[0] = '\0'; /* nobody writes: the last event was handled */
    }
    assert_int_equal(atomic_load(&changing.seen_count), ROUNDS * 6);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_goes_to_all_handlers_in_the_order_they_were_added),
        cmocka_unit_test(a_handler_is_added_once_under_each_id),
        cmocka_unit_test(a_handler_whose_init_fails_is_not_added),
        cmocka_unit_test(a_failing_handler_is_removed_alone),
        cmocka_unit_test(a_call_reaches_one_handler_and_is_answered_once),
        cmocka_unit_test(a_swap_hands_over_the_place_and_the_state),
        cmocka_unit_test(information_goes_to_all_handlers),
        cmocka_unit_test(the_managers_end_is_the_end_of_all_handlers),
        cmocka_unit_test(a_manager_is_spawned_with_handlers_or_not_at_all),
        cmocka_unit_test(what_is_asked_is_never_mistaken_nor_lost),
        cmocka_unit_test(memory_may_run_out_at_any_point),
        cmocka_unit_test(the_one_that_stays_sees_every_event_while_others_come_fail_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
