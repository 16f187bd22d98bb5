/*
 * System messages sent by actors: what outside threads wait for, an actor is told.
 */
#include "harness.h"

#include "acta/request.h"
#include "acta/sys.h"

/* -- one that is looked into: counts, and says how far it is -- */

typedef struct counter {
    uint64_t count;
    _Atomic bool gate_closed;
    _Atomic uint64_t entered;
} counter;

typedef struct counter_state {
    counter *counter; /* the test's */
} counter_state;

enum { ADD = 1, WAIT };

static acta_status
counter_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    (void)self;
    (void)error;
    ((counter_state *)state)->counter = (counter *)(uintptr_t)argument;
    return ACTA_OK;
}

static acta_next
counter_cast(acta_self *self, void *state, acta_message *message)
{
    counter *c = ((counter_state *)state)->counter;

    (void)self;
    c->count++;
    atomic_fetch_add(&c->entered, 1);
    while (message->tag == WAIT && atomic_load(&c->gate_closed))
        sleep_ms(1);
    return ACTA_NEXT;
}

static void
counter_format(acta_self *self, const void *state, acta_format_use use, char *text, size_t size)
{
    (void)self;
    (void)use;
    snprintf(text, size, "count=%llu", (unsigned long long)((const counter_state *)state)->counter->count);
}

#define COUNTING                                                                                                       \
    .name = "counter", .state_size = sizeof(counter_state), .init = counter_init, .handle_cast = counter_cast,         \
    .format = counter_format
static const acta_behaviour open_counter = { COUNTING };
static const acta_behaviour secret_counter = { COUNTING, .is_private = true };

static acta_pid
start_counter(harness *h, const acta_behaviour *behaviour, counter *c)
{
    acta_pid pid = { 0 };

    assert_int_equal(
        acta_spawn(h->runtime, &(acta_spawn_options){ .behaviour = behaviour, .argument = c }, &pid, NULL), ACTA_OK);
    return pid;
}

/* -- one that looks: its message's tag says how, and it notes what it is told -- */

enum { SUSPEND = 1, RESUME, STATE, INFO, COUNT, COUNT_OFF, TRACE, TRACE_OFF, KINDS };

typedef struct inspector {
    acta_pid target;
    uint32_t timeout_ms;
    acta_status asked, answer;
    acta_ref ref;
    _Atomic uint64_t answers, traced;
    char text[100], error[ACTA_ERROR_TEXT_MAX];
    size_t size;
    acta_sys_info info;
    uint32_t kinds; /* a bit for each acta_trace_kind that the sink has seen */
} inspector;

static void
note_event(void *user, const acta_trace_event *event)
{
    inspector *i = user;
    i->kinds |= 1u << event->kind;
    atomic_fetch_add(&i->traced, 1);
}

static acta_next
inspect(acta_self *self, void *user, acta_message *message)
{
    inspector *i = user;
    acta_pid to = i->target;

    switch (message->tag) {
    case SUSPEND:
        i->asked = acta_sys_request_suspend(self, to, i->timeout_ms, &i->ref);
        break;
    case RESUME:
        i->asked = acta_sys_request_resume(self, to, i->timeout_ms, &i->ref);
        break;
    case STATE:
        i->asked = acta_sys_request_state(self, to, sizeof i->text, i->timeout_ms, &i->ref);
        break;
    case INFO:
        i->asked = acta_sys_request_info(self, to, i->timeout_ms, &i->ref);
        break;
    case COUNT:
    case COUNT_OFF:
        i->asked = acta_sys_request_count(self, to, message->tag == COUNT, i->timeout_ms, &i->ref);
        break;
    case TRACE:
        i->asked = acta_sys_request_trace(self, to, note_event, i, i->timeout_ms, &i->ref);
        break;
    case TRACE_OFF:
        i->asked = acta_sys_request_trace_off(self, to, i->timeout_ms, &i->ref);
        break;
    default:
        break;
    }
    return ACTA_NEXT;
}

static acta_next
be_told(acta_self *self, void *user, const acta_info *info)
{
    inspector *i = user;

    (void)self;
    assert_int_equal(info->kind, ACTA_INFO_REPLY);
    assert_true(acta_ref_equal(info->ref, i->ref));
    i->answer = info->status;
    i->size = info->message != NULL ? info->message->size : 0;
    if (info->status != ACTA_OK && info->error != NULL) snprintf(i->error, sizeof i->error, "%s", info->error->text);
    if (i->size == sizeof i->text) memcpy(i->text, info->message->payload, sizeof i->text);
    if (i->size == sizeof i->info) memcpy(&i->info, info->message->payload, sizeof i->info);
    atomic_fetch_add(&i->answers, 1);
    return ACTA_NEXT;
}

/* Manual: asks, and runs until it has been answered. */
static acta_status
ask(harness *h, inspector *i, acta_pid asker, uint32_t tag)
{
    uint64_t before = atomic_load(&i->answers);

    send_tag(h, asker, tag);
    harness_run(h);
    assert_int_equal(atomic_load(&i->answers), before + (i->asked == ACTA_OK));
    return i->asked == ACTA_OK ? i->answer : i->asked;
}

static script
script_of(inspector *i)
{
    return (script){ .cast = inspect, .info = be_told, .user = i };
}

static void
an_actor_holds_another_still_and_looks_into_it(void **state)
{
    (void)state;
    harness h;
    counter c = { .count = 0 };
    inspector i = { .timeout_ms = 60000 };
    script s = script_of(&i);

    harness_start(&h, 0);
    acta_pid asker = spawn(&h, &s), pid = i.target = start_counter(&h, &open_counter, &c);
    send_tag(&h, pid, ADD);
    assert_int_equal(ask(&h, &i, asker, SUSPEND), ACTA_OK);
    for (int k = 0; k < 3; k++)
        send_tag(&h, pid, ADD);
    assert_int_equal(ask(&h, &i, asker, STATE), ACTA_OK);
    assert_string_equal(i.text, "count=1");
    assert_int_equal(ask(&h, &i, asker, INFO), ACTA_OK);
    assert_true(i.info.is_suspended);
    assert_int_equal(i.info.waiting_count, 3);
    assert_string_equal(i.info.behaviour, "counter");
    assert_int_equal(ask(&h, &i, asker, RESUME), ACTA_OK);
    assert_int_equal(i.size, 0);
    assert_int_equal(ask(&h, &i, asker, STATE), ACTA_OK);
    assert_string_equal(i.text, "count=4");
    harness_stop(&h);
}

static void
an_actor_counts_and_traces_another(void **state)
{
    (void)state;
    harness h;
    counter c = { .count = 0 };
    inspector i = { .timeout_ms = 60000 };
    script s = script_of(&i);

    harness_start(&h, 0);
    acta_pid asker = spawn(&h, &s), pid = i.target = start_counter(&h, &open_counter, &c);
    assert_int_equal(ask(&h, &i, asker, COUNT), ACTA_OK);
    assert_int_equal(ask(&h, &i, asker, TRACE), ACTA_OK);
    send_tag(&h, pid, ADD);
    send_tag(&h, pid, ADD);
    assert_int_equal(ask(&h, &i, asker, INFO), ACTA_OK);
    assert_true(i.info.is_counted && i.info.is_traced);
    assert_int_equal(i.info.cast_count, 2);
    assert_int_equal(atomic_load(&i.traced), 2);
    assert_int_equal(i.kinds, 1u << ACTA_TRACE_CAST);
    assert_int_equal(ask(&h, &i, asker, TRACE_OFF), ACTA_OK);
    assert_int_equal(ask(&h, &i, asker, COUNT_OFF), ACTA_OK);
    send_tag(&h, pid, ADD);
    assert_int_equal(ask(&h, &i, asker, INFO), ACTA_OK);
    assert_false(i.info.is_counted || i.info.is_traced);
    assert_int_equal(atomic_load(&i.traced), 2);
    harness_stop(&h);
}

static acta_next
ask_badly(acta_self *self, void *user, acta_message *message)
{
    inspector *i = user;
    acta_ref ref;

    (void)message;
    assert_int_equal(acta_sys_request_state(self, i->target, 0, 1000, &ref), ACTA_INVALID);
    assert_int_equal(acta_sys_request_state(self, i->target, ACTA_SYS_STATE_MAX + 1, 1000, &ref), ACTA_INVALID);
    i->asked = ACTA_INVALID;
    return ACTA_NEXT;
}

static void
what_can_not_be_had_is_told_with_its_reason(void **state)
{
    (void)state;
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    harness h;
    counter c = { .count = 0 };
    inspector i = { .timeout_ms = 60000 };
    script s = script_of(&i), bad = { .cast = ask_badly, .info = be_told, .user = &i };

    harness_start(&h, 0);
    acta_pid asker = spawn(&h, &s), pid = i.target = start_counter(&h, &secret_counter, &c);
    assert_int_equal(ask(&h, &i, asker, STATE), ACTA_UNSUPPORTED);
    assert_string_equal(i.error, "actor 'counter' is private");
    assert_int_equal(ask(&h, &i, asker, TRACE), ACTA_UNSUPPORTED);
    assert_int_equal(ask(&h, &i, spawn(&h, &bad), 0), ACTA_INVALID);
    acta_exit(h.runtime, (acta_pid){ 0 }, pid, &kill);
    harness_run(&h);
    for (uint32_t tag = SUSPEND; tag < KINDS; tag++)
        assert_int_equal(ask(&h, &i, asker, tag), ACTA_NOPROC);
    harness_stop(&h);
}

/* One that ended before it came to the question; and one that ends while it is suspended. */
static void
an_end_answers_what_was_not_come_to(void **state)
{
    (void)state;
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    harness h;
    counter c = { .count = 0 };
    inspector i = { .timeout_ms = 60000 };
    script s = script_of(&i);

    harness_start(&h, 2);
    acta_pid asker = spawn(&h, &s), pid = i.target = start_counter(&h, &open_counter, &c);
    atomic_store(&c.gate_closed, true);
    send_tag(&h, pid, WAIT);
    await_count(&h, &c.entered, 1);
    send_tag(&h, asker, STATE);
    assert_int_equal(call_tag(&h, asker, 0, 60000, NULL), ACTA_OK); /* has asked */
    assert_int_equal(atomic_load(&i.answers), 0);
    acta_exit(h.runtime, (acta_pid){ 0 }, pid, &kill);
    atomic_store(&c.gate_closed, false);
    await_count(&h, &i.answers, 1);
    assert_int_equal(i.answer, ACTA_NOPROC);
    harness_stop(&h);
}

/* While the other is in a handler: the asker goes on with its messages, and is told at its deadline. */
static void
an_actor_that_asks_a_busy_one_is_not_held_up(void **state)
{
    (void)state;
    harness h;
    counter c = { .count = 0 };
    inspector i = { .timeout_ms = 1 };
    script s = script_of(&i);

    harness_start(&h, 2);
    acta_pid asker = spawn(&h, &s), pid = i.target = start_counter(&h, &open_counter, &c);
    atomic_store(&c.gate_closed, true);
    send_tag(&h, pid, WAIT);
    await_count(&h, &c.entered, 1);
    send_tag(&h, asker, SUSPEND);
    assert_int_equal(call_tag(&h, asker, 0, 60000, NULL), ACTA_OK);
    await_count(&h, &i.answers, 1);
    assert_int_equal(i.answer, ACTA_TIMEOUT);
    atomic_store(&c.gate_closed, false);
    acta_sys_info info = { .behaviour = NULL }; /* what was asked for has happened all the same */
    assert_int_equal(acta_sys_info_read(h.runtime, pid, 20000, &info, NULL), ACTA_OK);
    assert_true(info.is_suspended);
    assert_int_equal(atomic_load(&i.answers), 1);
    harness_stop(&h);
}

static void
one_that_suspends_itself_hears_of_it_when_it_is_resumed(void **state)
{
    (void)state;
    harness h;
    inspector i = { .timeout_ms = ACTA_INFINITE };
    script s = script_of(&i);

    harness_start(&h, 0);
    acta_pid asker = i.target = spawn(&h, &s);
    send_tag(&h, asker, SUSPEND);
    harness_run(&h);
    assert_int_equal(atomic_load(&i.answers), 0);
    assert_int_equal(acta_sys_resume(h.runtime, asker, 1000, NULL), ACTA_OK);
    harness_run(&h);
    assert_int_equal(atomic_load(&i.answers), 1);
    assert_int_equal(i.answer, ACTA_OK);
    harness_stop(&h);
}

/* GS-31: at the n-th allocation: the request says so and nothing comes, or the answer does; and both actors go on. */
static void
a_question_without_memory_is_asked_whole_or_not_at_all(void **state)
{
    (void)state;
    int refused = 0, unanswered = 0, done = 0;

    for (uint32_t tag = SUSPEND; tag < KINDS; tag++) {
        for (int n = 0; n < 10; n++) {
            harness h;
            counter c = { .count = 0 };
            inspector i = { .timeout_ms = 60000 };
            script s = script_of(&i);

            harness_start(&h, 0);
            acta_pid asker = spawn(&h, &s), pid = i.target = start_counter(&h, &open_counter, &c);
            acta_message *message = acta_message_create(h.runtime, tag, 0);
            atomic_store(&h.allocs_left, n);
            assert_int_equal(acta_send(h.runtime, asker, message), ACTA_OK);
            harness_run(&h);
            atomic_store(&h.allocs_left, -1);
            assert_int_equal(atomic_load(&i.answers), i.asked == ACTA_OK);
            refused += i.asked == ACTA_NO_MEMORY;
            unanswered += i.asked == ACTA_OK && i.answer == ACTA_NO_MEMORY;
            done += i.asked == ACTA_OK && i.answer == ACTA_OK;
            assert_int_equal(acta_sys_resume(h.runtime, pid, 1000, NULL), ACTA_OK);
            assert_int_equal(send_tag(&h, pid, ADD), ACTA_OK);
            harness_run(&h);
            assert_int_equal(c.count, 1);
            harness_stop(&h);
        }
    }
    assert_true(refused > 0 && unanswered > 0 && done > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_actor_holds_another_still_and_looks_into_it),
        cmocka_unit_test(an_actor_counts_and_traces_another),
        cmocka_unit_test(what_can_not_be_had_is_told_with_its_reason),
        cmocka_unit_test(an_end_answers_what_was_not_come_to),
        cmocka_unit_test(an_actor_that_asks_a_busy_one_is_not_held_up),
        cmocka_unit_test(one_that_suspends_itself_hears_of_it_when_it_is_resumed),
        cmocka_unit_test(a_question_without_memory_is_asked_whole_or_not_at_all),
    };
    return cmocka_run_group_tests_name("sys_request", tests, NULL, NULL);
}
