/*
 * GS-31: each public operation alone, without memory at its n-th allocation, for every n up to the one where none fails:
 * a status, nothing half done, nothing lost; and the runtime, with all who live in it, works on.
 */
#include "harness.h"

#include <unistd.h>

#include "acta/gen_event.h"
#include "acta/offload.h"
#include "acta/request.h"
#include "acta/sys.h"
#include "acta/topic.h"
#include "acta/watch_fd.h"

/* Who is there: made anew for each try. */
typedef struct field {
    harness h;
    acta_pid hand;   /* in whose turn operations of actors run */
    acta_pid other;  /* the one that they concern */
    acta_pid spare;  /* one that they may end */
    acta_pid top;    /* a supervisor: children "a" runs, "b" is stopped */
    acta_pid crew;   /* a simple_one_for_one */
    acta_pid member; /* of crew */
    acta_pid manager;
    acta_ref monitor, timer;
    acta_requests *requests;
    acta_from asked; /* a call that waits for hand's answer */
    int ends[2];
    acta_status (*run)(acta_self *self, struct field *f);
    acta_status status;
} field;
#define RUNTIME f->h.runtime

static acta_pid holder; /* of the name that a service of ours keeps */
static const script plain = { .user = NULL };
static const acta_exit_reason shutdown_it = { .kind = ACTA_EXIT_SHUTDOWN };
static const acta_gen_event_handler listener = { .name = "listener", .state_size = 8 };
static const acta_child_spec specs[] = { { .id = "a", .start = { .behaviour = &scripted, .argument = &plain } },
    { .id = "b", .start = { .behaviour = &scripted, .argument = &plain } },
    { .id = "c", .start = { .behaviour = &scripted, .argument = &plain } } };

static acta_next
do_it(acta_self *self, void *user, acta_message *message)
{
    field *f = user;

    if (message->tag == 1) f->status = f->run(self, f);
    return ACTA_NEXT;
}

enum { PREPARE = 2, WAIT_FOR_ME };

static acta_next
prepare_or_answer(acta_self *self, void *user, acta_from from, acta_message *message)
{
    field *f = user;

    if (message->tag == WAIT_FOR_ME) {
        f->asked = from;
        return ACTA_NEXT;
    }
    if (message->tag == PREPARE) {
        assert_int_equal(acta_monitor(self, f->spare, &f->monitor), ACTA_OK);
        assert_int_equal(acta_send_after(self, 1000000, 0, 0, &f->timer), ACTA_OK);
        f->requests = acta_requests_create(self);
        assert_non_null(f->requests);
    }
    acta_reply(RUNTIME, from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

static void
forget(void *user, acta_status status, const acta_message *reply, const acta_error *error)
{
    (void)user;
    (void)status;
    (void)reply;
    (void)error;
}

static void
enclose(field *f, script *hand)
{
    acta_started started;
    acta_pid pid = { 0 };

    *hand = (script){ .cast = do_it, .call = prepare_or_answer, .user = f };
    harness_start(&f->h, 0);
    f->hand = spawn(&f->h, hand);
    f->other = spawn_named(&f->h, &plain, "other");
    f->spare = spawn(&f->h, &plain);
    assert_int_equal(acta_supervisor_start(
                         RUNTIME, &(acta_supervisor_options){ .children = specs, .child_count = 2 }, &f->top, NULL),
        ACTA_OK);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, f->top, "b", NULL), ACTA_OK);
    assert_int_equal(
        acta_supervisor_start(RUNTIME,
            &(acta_supervisor_options){ .strategy = ACTA_SIMPLE_ONE_FOR_ONE, .children = specs, .child_count = 1 },
            &f->crew, NULL),
        ACTA_OK);
    assert_int_equal(acta_supervisor_start_dynamic(RUNTIME, f->crew, NULL, 0, &started, NULL), ACTA_OK);
    f->member = started.pid;
    assert_int_equal(
        acta_spawn(RUNTIME, &(acta_spawn_options){ .behaviour = &acta_gen_event_manager }, &pid, NULL), ACTA_OK);
    f->manager = pid;
    assert_int_equal(acta_topic_join(RUNTIME, acta_str_of("news"), f->other, NULL), ACTA_OK);
    assert_int_equal(call_tag(&f->h, f->hand, PREPARE, 1000, NULL), ACTA_OK);
    acta_call_async(RUNTIME, f->hand, acta_message_create(RUNTIME, WAIT_FOR_ME, 0), ACTA_INFINITE, forget, NULL);
    harness_run(&f->h);
    assert_int_equal(pipe(f->ends), 0);
}

/* All go on, and give back all that they had. */
static void
must_be_whole(field *f)
{
    acta_child_counts counts;

    harness_advance(&f->h, 20000); /* longer than any shutdown */
    assert_int_equal(call_tag(&f->h, f->hand, 0, 1000, NULL), ACTA_OK);
    assert_int_equal(call_tag(&f->h, f->other, 0, 1000, NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_count(RUNTIME, f->top, &counts, NULL), ACTA_OK);
    assert_in_range(counts.specs, 1, 3);
    assert_true(counts.active <= counts.specs);
    assert_int_equal(acta_supervisor_count(RUNTIME, f->crew, &counts, NULL), ACTA_OK);
    assert_int_equal(call_tag(&f->h, f->manager, 9, 1000, NULL), ACTA_OK);
    assert_true(acta_pid_equal(acta_whereis(RUNTIME, acta_str_of("other")), f->other));
    assert_int_equal(holder.value, 0); /* who had it has ended */
    harness_stop(&f->h);
    close(f->ends[0]);
    close(f->ends[1]);
}

/* -- from outside -- */

static acta_message *
text(field *f)
{
    return acta_message_create(RUNTIME, 7, 300);
}

#define OPERATION(name) static acta_status name(acta_self *self, field *f)
#define UNUSED_SELF     (void)self

OPERATION(send)
{
    UNUSED_SELF;
    return acta_send(RUNTIME, f->other, text(f));
}
OPERATION(send_and_wait)
{
    UNUSED_SELF;
    return acta_send_wait(RUNTIME, f->other, text(f), 10, NULL);
}
OPERATION(call)
{
    UNUSED_SELF;
    return acta_call(RUNTIME, f->other, text(f), 10, NULL, NULL);
}
OPERATION(stop)
{
    UNUSED_SELF;
    return acta_stop(RUNTIME, f->spare, NULL, 10, NULL);
}
OPERATION(enroll)
{
    UNUSED_SELF;
    return acta_register(RUNTIME, acta_str_of("spare"), f->spare, NULL);
}
OPERATION(suspend)
{
    UNUSED_SELF;
    return acta_sys_suspend(RUNTIME, f->spare, 10, NULL);
}
OPERATION(count_it)
{
    UNUSED_SELF;
    return acta_sys_count(RUNTIME, f->spare, true, 10, NULL);
}
OPERATION(trace_it)
{
    UNUSED_SELF;
    return acta_sys_trace(RUNTIME, f->spare, NULL, NULL, 10, NULL);
}
OPERATION(join)
{
    UNUSED_SELF;
    return acta_topic_join(RUNTIME, acta_str_of("more"), f->spare, NULL);
}
OPERATION(publish)
{
    UNUSED_SELF;
    return acta_topic_publish(RUNTIME, acta_str_of("news"), text(f), f->hand, NULL);
}

OPERATION(call_without_waiting)
{
    UNUSED_SELF;
    acta_call_async(RUNTIME, f->other, text(f), 10, forget, NULL); /* is answered in any case */
    return ACTA_OK;
}

OPERATION(ask_to_end)
{
    UNUSED_SELF;
    acta_exit(RUNTIME, (acta_pid){ 0 }, f->spare, &shutdown_it);
    return ACTA_OK;
}

OPERATION(look_into)
{
    UNUSED_SELF;
    acta_sys_info info;
    return acta_sys_info_read(RUNTIME, f->other, 10, &info, NULL);
}

OPERATION(spawn_with_a_name)
{
    UNUSED_SELF;
    acta_pid pid = { 0 };
    acta_status status = acta_spawn(RUNTIME,
        &(acta_spawn_options){ .behaviour = &scripted_idle_50, .argument = &plain, .name = acta_str_of("new") }, &pid,
        NULL);
    assert_int_equal(pid.value != 0, status == ACTA_OK);
    assert_true(acta_pid_equal(acta_whereis(RUNTIME, acta_str_of("new")), pid));
    return status;
}

/* -- a name that lies with a service -- */

static acta_status
take_name(void *user, acta_str name, acta_pid pid, acta_pid *holder_out)
{
    (void)user;
    (void)name;
    *holder_out = holder;
    if (holder.value != 0) return ACTA_ALREADY_EXISTS;
    holder = pid;
    return ACTA_OK;
}

static void
give_name_back(void *user, acta_str name, acta_pid pid)
{
    (void)user;
    (void)name;
    assert_true(acta_pid_equal(holder, pid));
    holder.value = 0;
}

static acta_pid
who_has_it(void *user, acta_str name)
{
    (void)user;
    (void)name;
    return holder;
}

static const acta_name_service service = { take_name, give_name_back, who_has_it, NULL };

static acta_status
take_some(acta_self *self, void *user, acta_error *error)
{
    (void)user;
    return acta_alloc(self, 100) != NULL ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, "no memory");
}

static acta_status
spawn_via(field *f, acta_self *tied_to)
{
    static const script taking = { .init = take_some };
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    acta_pid pid = { 0 };
    acta_ref ref;

    acta_status status = acta_spawn(RUNTIME,
        &(acta_spawn_options){ .behaviour = &scripted,
            .argument = &taking,
            .name = acta_str_of("far"),
            .via = &service,
            .monitor = tied_to,
            .monitor_out = &ref },
        &pid, NULL);
    assert_int_equal(holder.value, pid.value); /* 0: nobody has it, or has it still */
    if (status == ACTA_OK) acta_exit(RUNTIME, (acta_pid){ 0 }, pid, &kill);
    return status;
}

OPERATION(spawn_with_a_services_name)
{
    UNUSED_SELF;
    return spawn_via(f, NULL);
}
OPERATION(spawn_tied_with_a_services_name)
{
    return spawn_via(f, self);
}

OPERATION(ask_a_group)
{
    UNUSED_SELF;
    acta_request_group *group = NULL;
    acta_request_answer answer = { .status = ACTA_OK };
    acta_status status = acta_request_group_create(RUNTIME, &group, NULL);
    for (uint64_t i = 0; i < 3 && status == ACTA_OK; i++)
        status = acta_request_group_send(group, f->other, text(f), i);
    for (int i = 0; i < 3 && status == ACTA_OK; i++) {
        status = acta_request_group_wait(group, 10, &answer, NULL);
        if (status == ACTA_OK) acta_message_destroy(answer.reply);
    }
    acta_request_group_destroy(group);
    return status;
}

/* -- supervisors -- */

OPERATION(start_child)
{
    UNUSED_SELF;
    return acta_supervisor_start_child(RUNTIME, f->top, &specs[2], NULL, NULL);
}
OPERATION(start_dynamic)
{
    UNUSED_SELF;
    return acta_supervisor_start_dynamic(RUNTIME, f->crew, NULL, 0, NULL, NULL);
}
OPERATION(terminate_child)
{
    UNUSED_SELF;
    return acta_supervisor_terminate_child(RUNTIME, f->top, "a", NULL);
}
OPERATION(terminate_pid)
{
    UNUSED_SELF;
    return acta_supervisor_terminate_pid(RUNTIME, f->crew, f->member, NULL);
}
OPERATION(restart_child)
{
    UNUSED_SELF;
    return acta_supervisor_restart_child(RUNTIME, f->top, "b", NULL, NULL);
}
OPERATION(delete_child)
{
    UNUSED_SELF;
    return acta_supervisor_delete_child(RUNTIME, f->top, "b", NULL);
}

OPERATION(list_children)
{
    UNUSED_SELF;
    const acta_child_list *list = NULL;
    acta_status status = acta_supervisor_list(RUNTIME, f->top, &list, NULL);
    if (status == ACTA_OK) assert_int_equal(list->count, 2);
    if (status == ACTA_OK) acta_child_list_destroy(list);
    return status;
}

OPERATION(find_child)
{
    UNUSED_SELF;
    const acta_child_list *list = NULL;
    acta_status status = acta_supervisor_find(RUNTIME, f->top, "a", &list, NULL);
    if (status == ACTA_OK) acta_child_list_destroy(list);
    return status;
}

OPERATION(change_supervisor)
{
    UNUSED_SELF;
    acta_supervisor_options options = { .intensity = 5, .children = specs, .child_count = 3 },
                            flags = { .intensity = 0 };
    acta_status status = acta_supervisor_change(RUNTIME, f->top, &options, NULL);
    int64_t left = atomic_exchange(&f->h.allocs_left, -1);
    assert_int_equal(acta_supervisor_flags(RUNTIME, f->top, &flags, NULL), ACTA_OK);
    assert_int_equal(flags.intensity, status == ACTA_OK ? 5 : 3);
    assert_int_equal(flags.child_count, status == ACTA_OK ? 3 : 2);
    atomic_store(&f->h.allocs_left, left);
    return status;
}

/* -- event managers -- */

OPERATION(add_handler)
{
    UNUSED_SELF;
    acta_gen_event_spec spec = { .handler = &listener, .owner = f->other };
    return acta_call(RUNTIME, f->manager, acta_gen_event_add(RUNTIME, &spec), 10, NULL, NULL);
}

OPERATION(which_handlers)
{
    UNUSED_SELF;
    acta_message *reply = NULL;
    acta_status status = acta_call(RUNTIME, f->manager, acta_gen_event_which(RUNTIME), 10, &reply, NULL);
    acta_message_destroy(reply);
    return status;
}

/* -- inside an actor -- */

OPERATION(alloc)
{
    (void)f;
    return acta_alloc(self, 1000) != NULL ? ACTA_OK : ACTA_NO_MEMORY;
}
OPERATION(make_link)
{
    return acta_link(self, f->other);
}
OPERATION(make_monitor)
{
    acta_ref ref;
    return acta_monitor(self, f->other, &ref);
}
OPERATION(send_later)
{
    acta_ref ref;
    (void)f;
    return acta_send_after(self, 5, 0, 0, &ref);
}
OPERATION(send_at)
{
    acta_ref ref;
    return acta_send_at(self, acta_runtime_now_ns(RUNTIME) + 5, 0, 0, &ref);
}
OPERATION(send_often)
{
    acta_ref ref;
    (void)f;
    return acta_send_interval(self, 5, 0, 0, &ref);
}
OPERATION(request_it)
{
    acta_ref ref;
    return acta_request(self, f->other, text(f), 10, &ref);
}
OPERATION(request_stop)
{
    acta_ref ref;
    return acta_request_stop(self, f->spare, NULL, 10, &ref);
}
OPERATION(request_room)
{
    acta_ref ref;
    return acta_request_room(self, f->other, 10, &ref);
}
OPERATION(make_requests)
{
    (void)f;
    return acta_requests_create(self) != NULL ? ACTA_OK : ACTA_NO_MEMORY;
}
OPERATION(send_requests)
{
    return acta_requests_send(self, f->requests, f->other, text(f), 1);
}
OPERATION(limit_requests)
{
    return acta_requests_set_deadline(self, f->requests, 10, ACTA_REQUESTS_ABANDON);
}
OPERATION(watch)
{
    acta_ref ref;
    return acta_watch_fd(self, f->ends[0], ACTA_FD_READABLE, &ref, NULL);
}

OPERATION(let_go)
{
    acta_unlink(self, f->other);
    acta_demonitor(self, f->monitor);
    acta_cancel_timer(self, f->timer);
    acta_hibernate(self);
    return ACTA_OK;
}

OPERATION(hand_it_over)
{
    acta_hand_over(self, f->asked);
    acta_reply(RUNTIME, f->asked, ACTA_OK, text(f), NULL);
    return ACTA_OK;
}

OPERATION(spawn_tied)
{
    acta_pid pid = { 0 };
    acta_ref ref;
    return acta_spawn(RUNTIME,
        &(acta_spawn_options){
            .behaviour = &scripted, .argument = &plain, .link = self, .monitor = self, .monitor_out = &ref },
        &pid, NULL);
}

static acta_status
no_work(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    (void)job;
    (void)error;
    *result_out = argument;
    return ACTA_OK;
}

OPERATION(offload)
{
    acta_ref ref;
    return acta_offload(self, no_work, text(f), 1000, &ref);
}

typedef struct operation {
    const char *name;
    acta_status (*run)(acta_self *self, field *f);
} operation;

#define OF(name)                                                                                                       \
    {                                                                                                                  \
#name, name                                                                                                    \
    }
static const operation outside[] = { OF(send), OF(send_and_wait), OF(call), OF(stop), OF(enroll), OF(suspend),
    OF(count_it), OF(trace_it), OF(join), OF(publish), OF(call_without_waiting), OF(ask_to_end), OF(look_into),
    OF(spawn_with_a_name), OF(spawn_with_a_services_name), OF(ask_a_group), OF(start_child), OF(start_dynamic),
    OF(terminate_child), OF(terminate_pid), OF(restart_child), OF(delete_child), OF(list_children), OF(find_child),
    OF(change_supervisor), OF(add_handler), OF(which_handlers) };
static const operation in_a_turn[] = { OF(alloc), OF(make_link), OF(make_monitor), OF(send_later), OF(send_at),
    OF(send_often), OF(request_it), OF(request_stop), OF(request_room), OF(make_requests), OF(send_requests),
    OF(limit_requests), OF(watch), OF(let_go), OF(hand_it_over), OF(spawn_tied), OF(spawn_tied_with_a_services_name),
    OF(offload), OF(send), OF(enroll), OF(join), OF(publish) };

/* True: it was through before the memory was. */
static bool
try_it(const operation *o, bool is_in_a_turn, int n, uint32_t *failures)
{
    script hand;
    static field f;

    f = (field){ .run = o->run, .status = ACTA_OK };
    enclose(&f, &hand);
    acta_message *order = acta_message_create(f.h.runtime, 1, 0);
    atomic_store(&f.h.allocs_left, n);
    if (is_in_a_turn) {
        assert_int_equal(acta_send(f.h.runtime, f.hand, order), ACTA_OK);
        harness_run(&f.h);
    } else {
        f.status = o->run(NULL, &f);
        acta_message_destroy(order);
        harness_run(&f.h);
    }
    bool is_through = atomic_exchange(&f.h.allocs_left, -1) > 0;
    if (f.status != ACTA_OK && f.status != ACTA_NO_MEMORY)
        fail_msg("%s, without memory at allocation %d: %s", o->name, n, acta_status_name(f.status));
    *failures += f.status != ACTA_OK;
    if (is_through && f.status != ACTA_OK) fail_msg("%s: no memory, and there is some", o->name);
    must_be_whole(&f);
    return is_through;
}

static void
try_all(const operation *operations, size_t count, bool is_in_a_turn)
{
    uint32_t failing = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t failures = 0;
        int n = 0;
        while (!try_it(&operations[i], is_in_a_turn, n, &failures))
            if (++n == 300) fail_msg("%s takes memory for ever", operations[i].name);
        failing += failures > 0;
    }
    assert_true(failing > count / 2); /* some find their memory made already, some have nobody to tell */
}

/* GS-31: what outside threads may do, the administration of supervisors and event managers too. */
static void
operations_from_outside_fail_whole_or_not_at_all(void **state)
{
    (void)state;
    try_all(outside, sizeof outside / sizeof outside[0], false);
}

/* GS-31: what handlers may do. */
static void
operations_in_a_turn_fail_whole_or_not_at_all(void **state)
{
    (void)state;
    try_all(in_a_turn, sizeof in_a_turn / sizeof in_a_turn[0], true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_from_outside_fail_whole_or_not_at_all),
        cmocka_unit_test(operations_in_a_turn_fail_whole_or_not_at_all),
    };
    return cmocka_run_group_tests_name("no_memory_each", tests, NULL, NULL);
}
