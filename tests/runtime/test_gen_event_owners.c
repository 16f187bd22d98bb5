/*
 * Owners of event managers' handlers: whoever added one as its owner hears of its end, and takes it along. The cases follow
 * OTP's gen_event_SUITE.
 */
#include "event_probe.h"

#include "acta/sys.h"

enum { GONE = 900, OWN, DIE };

typedef struct owner {
    char heard[1000];
    _Atomic uint64_t heard_count;
    acta_pid manager;
    slate *to;
    acta_status added;
} owner;

static acta_next
owner_cast(acta_self *self, void *user, acta_message *message)
{
    owner *o = user;
    acta_ref ref;

    if (message->tag == GONE) {
        const acta_gen_event_gone *gone = message->payload;
        size_t used = strlen(o->heard);
        assert_true(acta_pid_equal(gone->manager, o->manager));
        assert_ptr_equal(gone->handler, &noting);
        snprintf(o->heard + used, sizeof o->heard - used, "%llu,%d,%d,%s ", (unsigned long long)gone->id,
            (int)gone->cause, (int)gone->reason.kind, gone->reason.text);
        atomic_fetch_add(&o->heard_count, 1);
    } else if (message->tag == OWN) { /* from inside: by a request */
        int number;
        memcpy(&number, message->payload, sizeof number);
        noter_argument argument = { o->to, number };
        acta_gen_event_spec spec = spec_of(o->to, number, &argument);
        spec.owner = acta_self_pid(self);
        spec.tag = GONE;
        acta_runtime *runtime = acta_self_runtime(self);
        assert_int_equal(acta_request(self, o->manager, acta_gen_event_add(runtime, &spec), 1000, &ref), ACTA_OK);
    } else if (message->tag == DIE)
        acta_fail(self, "owner broke");
    return ACTA_NEXT;
}

static acta_next
owner_info(acta_self *self, void *user, const acta_info *info)
{
    owner *o = user;

    (void)self;
    if (info->kind == ACTA_INFO_REPLY) o->added = info->status;
    return ACTA_NEXT;
}

/* Whoever adds a handler as its owner hears of every end of it, with the cause, but not of the one it is the cause of. */
static void
an_owner_is_told_of_every_end_of_its_handler(void **state)
{
    (void)state;
    harness h;
    slate s = { .init = INIT_OK };

    harness_start(&h, 0);
    owner o = { .manager = start_manager(&h), .to = &s, .added = ACTA_TIMEOUT };
    script what = { .cast = owner_cast, .info = owner_info, .user = &o };
    acta_pid pid = spawn(&h, &what);
    for (int i = 1; i <= 5; i++)
        acta_send(h.runtime, pid, event_for(&h, OWN, i));
    harness_run(&h);
    assert_int_equal(o.added, ACTA_OK);
    call_tag(&h, o.manager, PLAIN, 5000, NULL);
    assert_int_equal(remove_it(&h, o.manager, 1), ACTA_OK);
    acta_call(h.runtime, o.manager, event_for(&h, FAIL_ON, 2), 5000, NULL, NULL);
    assert_int_equal(swap(&h, o.manager, 3, &s, 8, NULL), ACTA_OK);
    acta_call(h.runtime, o.manager, event_for(&h, REMOVE_ON, 4), 5000, NULL, NULL);
    assert_int_equal(
        acta_stop(h.runtime, o.manager, &(acta_exit_reason){ ACTA_EXIT_SHUTDOWN, "" }, 1000, NULL), ACTA_OK);
    harness_run(&h);
    assert_string_equal(o.heard, "1,0,0, 2,2,3,event broke 2 3,1,0, 4,0,0, 5,4,1, ");
    harness_stop(&h);
}

/* The owner's end takes its handlers with it, in order, and no others; an owner that is dead already, too. */
static void
a_handler_goes_with_its_owner(void **state)
{
    (void)state;
    harness h;
    slate s = { .init = INIT_OK }, other = { .init = INIT_OK };

    harness_start(&h, 0);
    owner o = { .manager = start_manager(&h), .to = &s };
    script what = { .cast = owner_cast, .info = owner_info, .user = &o };
    acta_pid pid = spawn(&h, &what);
    assert_int_equal(add(&h, o.manager, &other, 9, NULL), ACTA_OK);
    acta_send(h.runtime, pid, event_for(&h, OWN, 1));
    acta_send(h.runtime, pid, event_for(&h, OWN, 2));
    harness_run(&h);
    send_tag(&h, pid, DIE);
    harness_run(&h);
    assert_string_equal(s.seen, "+1 +2 -1 -2 ");
    assert_string_equal(s.end, "2 3 3 owner broke");

    noter_argument argument = { &s, 3 };
    acta_gen_event_spec spec = spec_of(&s, 3, &argument);
    spec.owner = pid;
    assert_int_equal(acta_call(h.runtime, o.manager, acta_gen_event_add(h.runtime, &spec), 5000, NULL, NULL), ACTA_OK);
    harness_run(&h);
    assert_string_equal(s.end, "3 3 4 ");
    spec.owner = o.manager;
    assert_int_equal(
        acta_call(h.runtime, o.manager, acta_gen_event_add(h.runtime, &spec), 5000, NULL, NULL), ACTA_INVALID);
    call_tag(&h, o.manager, PLAIN, 5000, NULL);
    assert_string_equal(other.seen, "+9 9:1 "); /* and hasn't heard of the owner's end */
    harness_stop(&h);
}

/* A full mailbox takes the news all the same, in its place behind what is in it, without memory too; the bound is kept for
 * all others before and after. */
static void
an_owner_with_a_full_mailbox_is_told_all_the_same(void **state)
{
    (void)state;
    harness h;
    slate s = { .init = INIT_OK };
    owner o = { .to = &s };
    script what = { .cast = owner_cast, .info = owner_info, .user = &o };
    acta_pid pid;

    harness_start(&h, 0);
    o.manager = start_manager(&h);
    acta_spawn_options options = { .behaviour = &scripted, .argument = &what, .mailbox_count_max = 1 };
    assert_int_equal(acta_spawn(h.runtime, &options, &pid, NULL), ACTA_OK);
    for (int i = 1; i <= 2; i++) {
        acta_send(h.runtime, pid, event_for(&h, OWN, i));
        harness_run(&h);
    }
    assert_int_equal(acta_sys_suspend(h.runtime, pid, 1000, NULL), ACTA_OK);
    assert_int_equal(send_tag(&h, pid, PLAIN), ACTA_OK);
    assert_int_equal(send_tag(&h, pid, PLAIN), ACTA_BUSY);
    acta_message *removal = acta_gen_event_remove(h.runtime, &noting, 1);
    atomic_store(&h.allocs_left, 0);
    assert_int_equal(acta_send(h.runtime, o.manager, removal), ACTA_OK);
    harness_run(&h);
    atomic_store(&h.allocs_left, -1);
    assert_int_equal(remove_it(&h, o.manager, 2), ACTA_OK);
    assert_int_equal(send_tag(&h, pid, PLAIN), ACTA_BUSY);
    assert_string_equal(o.heard, "");
    assert_int_equal(acta_sys_resume(h.runtime, pid, 1000, NULL), ACTA_OK);
    harness_run(&h);
    assert_string_equal(o.heard, "1,0,0, 2,0,0, ");
    assert_int_equal(send_tag(&h, pid, PLAIN), ACTA_OK);
    harness_stop(&h);
}

/* A manager that is killed runs no terminate; the owners are told, and what was made for that isn't lost. */
static void
an_owner_is_told_of_the_managers_kill(void **state)
{
    (void)state;
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    harness h;
    slate s = { .init = INIT_OK };

    harness_start(&h, 0);
    owner o = { .manager = start_manager(&h), .to = &s };
    script what = { .cast = owner_cast, .info = owner_info, .user = &o };
    acta_pid pid = spawn(&h, &what);
    for (int i = 1; i <= 2; i++)
        acta_send(h.runtime, pid, event_for(&h, OWN, i));
    harness_run(&h);
    acta_exit(h.runtime, (acta_pid){ 0 }, o.manager, &kill);
    harness_run(&h);
    assert_string_equal(s.seen, "+1 +2 ");
    char expected[64];
    snprintf(expected, sizeof expected, "1,%d,%d, 2,%d,%d, ", ACTA_GEN_EVENT_STOPPED, ACTA_EXIT_KILLED,
        ACTA_GEN_EVENT_STOPPED, ACTA_EXIT_KILLED);
    assert_string_equal(o.heard, expected);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_owner_is_told_of_every_end_of_its_handler),
        cmocka_unit_test(a_handler_goes_with_its_owner),
        cmocka_unit_test(an_owner_with_a_full_mailbox_is_told_all_the_same),
        cmocka_unit_test(an_owner_is_told_of_the_managers_kill),
    };
    return cmocka_run_group_tests_name("gen_event_owners", tests, NULL, NULL);
}
