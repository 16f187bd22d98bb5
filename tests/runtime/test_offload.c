/*
 * Offloaded work: its answer comes exactly once, whatever happens; what it was given and what it gave are destroyed
 * exactly once; nothing runs that was given up in time.
 */
#include "harness.h"

#include <pthread.h>
#include <unistd.h>

#include "acta/offload.h"

enum { JOB_MAX = 64 };

/* What a test and its work share. Work number n waits at gate n (if it is closed) before it goes on. */
typedef struct bench {
    harness h;
    _Atomic uint64_t begun, ended, unwanted, made, destroyed;
    _Atomic uint64_t answers, statuses[32];
    _Atomic bool gate_closed;
    uint32_t timeout_ms, count;
    acta_ref refs[JOB_MAX];
    uint32_t seen[JOB_MAX];
    pthread_t handler_thread;
    _Atomic(pthread_t) work_thread;
    acta_work work;
    char text[ACTA_ERROR_TEXT_MAX];
    acta_next after; /* what handle_info returns */
    bool (*then)(struct bench *b, acta_self *self);
} bench;

typedef struct load {
    bench *b;
    uint64_t number;
} load;

static void
count_destroyed(acta_message *m)
{
    load l;
    memcpy(&l, m->payload, sizeof l);
    atomic_fetch_add(&l.b->destroyed, 1);
}

static acta_message *
make_load(bench *b, uint64_t number)
{
    load l = { b, number };
    acta_message *m = acta_message_create(b->h.runtime, 1, sizeof l);
    if (m == NULL) return NULL;
    memcpy(m->payload, &l, sizeof l);
    m->destroy = count_destroyed;
    atomic_fetch_add(&b->made, 1);
    return m;
}

static load
load_of(const acta_message *m)
{
    load l;
    memcpy(&l, m->payload, sizeof l);
    return l;
}

/* Doubles the number in a new message. */
static acta_status
double_it(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    load l = load_of(argument);
    (void)error;

    atomic_store(&l.b->work_thread, pthread_self());
    atomic_fetch_add(&l.b->begun, 1);
    while (atomic_load(&l.b->gate_closed) && acta_job_is_wanted(job))
        sleep_ms(1);
    if (!acta_job_is_wanted(job)) atomic_fetch_add(&l.b->unwanted, 1);
    assert_ptr_equal(acta_job_runtime(job), l.b->h.runtime);
    *result_out = make_load(l.b, 2 * l.number);
    atomic_fetch_add(&l.b->ended, 1);
    return ACTA_OK;
}

static acta_status
fail_it(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    (void)job;
    (void)result_out;
    return acta_error_set(error, ACTA_NOT_FOUND, "no file %u", (unsigned)load_of(argument).number);
}

static acta_status
fail_without_words(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    (void)job;
    (void)argument;
    (void)result_out;
    (void)error;
    return ACTA_IO;
}

/* Waits at the gate, and until nobody wants it any more. */
static acta_status
wait_at_the_gate(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    bench *b = load_of(argument).b;
    (void)error;

    atomic_fetch_add(&b->begun, 1);
    while (atomic_load(&b->gate_closed) || acta_job_is_wanted(job))
        sleep_ms(1);
    *result_out = make_load(b, 0);
    return ACTA_OK;
}

static acta_status
send_back(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    (void)job;
    (void)error;
    *result_out = argument;
    return ACTA_OK;
}

/* The tag says how many; 0: all. */
static acta_next
ask_all(acta_self *self, void *user, acta_message *message)
{
    bench *b = user;
    uint32_t count = message->tag != 0 ? message->tag : b->count;

    b->handler_thread = pthread_self();
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(acta_offload(self, b->work, make_load(b, i), b->timeout_ms, &b->refs[i]), ACTA_OK);
    if (message->tag == 0 && b->then != NULL && !b->then(b, self)) return ACTA_STOP;
    return ACTA_NEXT;
}

static acta_next
take_answer(acta_self *self, void *user, const acta_info *info)
{
    bench *b = user;
    (void)self;

    assert_int_equal(info->kind, ACTA_INFO_REPLY);
    for (uint32_t i = 0; i < b->count; i++) {
        if (!acta_ref_equal(info->ref, b->refs[i])) continue;
        b->seen[i]++;
        if (info->message != NULL && b->work == double_it) assert_int_equal(load_of(info->message).number, 2 * i);
        if (info->message != NULL && b->work == send_back) assert_int_equal(load_of(info->message).number, i);
    }
    if (info->status != ACTA_OK) {
        assert_int_equal(info->error->status, info->status);
        snprintf(b->text, sizeof b->text, "%s", info->error->text);
    }
    atomic_fetch_add(&b->statuses[info->status], 1);
    atomic_fetch_add(&b->answers, 1);
    if (b->after == 0) acta_fail(self, "with the answer in hand");
    return b->after;
}

static script
bench_script(bench *b)
{
    return (script){ .cast = ask_all, .info = take_answer, .user = b };
}

static void
start_bench(bench *b, uint32_t count, acta_work work, acta_runtime_config config)
{
    memset(b, 0, sizeof *b);
    harness_start_with(&b->h, config);
    b->count = count;
    b->work = work;
    b->timeout_ms = ACTA_INFINITE;
    b->after = ACTA_NEXT;
}

static void
stop_bench(bench *b)
{
    harness_stop(&b->h);
    assert_int_equal(atomic_load(&b->destroyed), atomic_load(&b->made));
}

static void
each_answer_comes_once_and_from_another_thread(void **state)
{
    bench b;
    (void)state;

    start_bench(&b, JOB_MAX, double_it, (acta_runtime_config){ .worker_count = 2 });
    script s = bench_script(&b);
    acta_pid pid = spawn(&b.h, &s);
    send_tag(&b.h, pid, 0);
    await_count(&b.h, &b.answers, JOB_MAX);
    for (uint32_t i = 0; i < JOB_MAX; i++)
        assert_int_equal(b.seen[i], 1);
    assert_false(pthread_equal(b.handler_thread, atomic_load(&b.work_thread)));
    acta_runtime_stats stats;
    acta_runtime_stats_read(b.h.runtime, &stats);
    assert_int_equal(stats.offloaded, JOB_MAX);
    assert_int_equal(stats.offloads_refused, 0);
    stop_bench(&b);
    assert_int_equal(atomic_load(&b.answers), JOB_MAX);
}

/* No thread while nothing is offloaded; never more than were allowed. */
static void
threads_are_started_when_there_is_work_for_them(void **state)
{
    bench b;
    (void)state;

    start_bench(&b, 10, double_it, (acta_runtime_config){ .worker_count = 1, .offload_threads = 3 });
    script s = bench_script(&b);
    acta_pid pid = spawn(&b.h, &s);
    await_threads("acta-o", 0);
    atomic_store(&b.gate_closed, true);
    send_tag(&b.h, pid, 0);
    await_count(&b.h, &b.begun, 3);
    await_threads("acta-o", 3);
    assert_int_equal(atomic_load(&b.begun), 3);
    atomic_store(&b.gate_closed, false);
    await_count(&b.h, &b.answers, 10);
    await_threads("acta-o", 3);
    stop_bench(&b);
}

static void
a_status_comes_with_its_words(void **state)
{
    bench b;
    (void)state;

    start_bench(&b, 8, fail_it, (acta_runtime_config){ .manual = true });
    script s = bench_script(&b);
    send_tag(&b.h, spawn(&b.h, &s), 0);
    harness_run(&b.h);
    assert_int_equal(atomic_load(&b.statuses[ACTA_NOT_FOUND]), 8);
    assert_string_equal(b.text, "no file 7");
    stop_bench(&b);

    start_bench(&b, 1, fail_without_words, (acta_runtime_config){ .manual = true });
    send_tag(&b.h, spawn(&b.h, &s), 0);
    harness_run(&b.h);
    assert_int_equal(atomic_load(&b.statuses[ACTA_IO]), 1);
    assert_true(b.text[0] != '\0');
    stop_bench(&b);
}

static void
work_may_send_its_argument_back(void **state)
{
    bench b;
    (void)state;

    start_bench(&b, JOB_MAX, send_back, (acta_runtime_config){ .worker_count = 2 });
    script s = bench_script(&b);
    send_tag(&b.h, spawn(&b.h, &s), 0);
    await_count(&b.h, &b.answers, JOB_MAX);
    assert_int_equal(atomic_load(&b.made), JOB_MAX);
    stop_bench(&b);
}

/* Two run, five wait, the rest are refused; those that were taken are done. */
static void
what_the_queue_has_no_room_for_is_refused_as_an_answer(void **state)
{
    bench b;
    (void)state;

    start_bench(
        &b, 20, double_it, (acta_runtime_config){ .worker_count = 1, .offload_threads = 1, .offload_queue_max = 5 });
    script s = bench_script(&b);
    atomic_store(&b.gate_closed, true);
    send_tag(&b.h, spawn(&b.h, &s), 0);
    await_count(&b.h, &b.statuses[ACTA_BUSY], 14); /* 5 or 6 were taken: the thread may have had one by then */
    atomic_store(&b.gate_closed, false);
    await_count(&b.h, &b.answers, 20);
    acta_runtime_stats stats;
    acta_runtime_stats_read(b.h.runtime, &stats);
    assert_int_equal(stats.offloads_refused, atomic_load(&b.statuses[ACTA_BUSY]));
    assert_int_equal(stats.offloaded, atomic_load(&b.statuses[ACTA_OK]));
    assert_in_range(stats.offloaded, 5, 6);
    stop_bench(&b);
}

static bool
cancel_all(bench *b, acta_self *self)
{
    while (atomic_load(&b->begun) < 1)
        sleep_ms(1);
    for (uint32_t i = 1; i < b->count; i++)
        assert_true(acta_offload_cancel(self, b->refs[i]));
    assert_false(acta_offload_cancel(self, b->refs[0])); /* it runs */
    for (uint32_t i = 0; i < b->count; i++)
        assert_false(acta_offload_cancel(self, b->refs[i]));
    return true;
}

static void
cancelled_work_does_not_begin_and_is_not_answered(void **state)
{
    bench b;
    (void)state;

    start_bench(&b, 10, double_it, (acta_runtime_config){ .worker_count = 1, .offload_threads = 1 });
    script s = bench_script(&b);
    b.then = cancel_all;
    atomic_store(&b.gate_closed, true);
    acta_pid pid = spawn(&b.h, &s);
    send_tag(&b.h, pid, 0);
    await_count(&b.h, &b.ended, 1); /* it saw that nobody wants it */
    atomic_store(&b.gate_closed, false);
    send_tag(&b.h, pid, 1);
    await_count(&b.h, &b.answers, 1);
    stop_bench(&b);
    assert_int_equal(atomic_load(&b.begun), 2);
    assert_int_equal(atomic_load(&b.unwanted), 1);
    assert_int_equal(atomic_load(&b.answers), 1);
}

static bool
let_one_begin(bench *b, acta_self *self)
{
    (void)self;
    while (atomic_load(&b->begun) < 1)
        sleep_ms(1);
    return false;
}

static void
the_end_of_the_actor_gives_up_its_work(void **state)
{
    bench b;
    (void)state;

    start_bench(&b, 10, wait_at_the_gate, (acta_runtime_config){ .worker_count = 2, .offload_threads = 1 });
    script s = bench_script(&b);
    b.then = let_one_begin;
    atomic_store(&b.gate_closed, true);
    acta_pid pid = spawn(&b.h, &s);
    send_tag(&b.h, pid, 0);
    await_dead(&b.h, pid);
    await_count(&b.h, &b.destroyed, 9); /* what had not begun never will */
    atomic_store(&b.gate_closed, false);
    await_count(&b.h, &b.destroyed, 11); /* ten arguments and a result */
    assert_int_equal(atomic_load(&b.begun), 1);
    assert_int_equal(atomic_load(&b.answers), 0);
    stop_bench(&b);
}

static void
an_answer_in_hand_is_destroyed_when_its_handler_fails(void **state)
{
    bench b;
    (void)state;

    start_bench(&b, 5, double_it, (acta_runtime_config){ .manual = true });
    script s = bench_script(&b);
    b.after = 0; /* fails */
    acta_pid pid = spawn(&b.h, &s);
    send_tag(&b.h, pid, 0);
    harness_run(&b.h);
    assert_false(acta_is_alive(b.h.runtime, pid));
    assert_int_equal(atomic_load(&b.answers), 1);
    stop_bench(&b);
}

/* How many of three had begun by then. */
static uint64_t
let_time_out(uint32_t timeout_ms)
{
    bench b;
    acta_runtime_stats stats;

    start_bench(&b, 3, wait_at_the_gate, (acta_runtime_config){ .worker_count = 1, .offload_threads = 1 });
    script s = bench_script(&b);
    b.timeout_ms = timeout_ms;
    atomic_store(&b.gate_closed, true);
    send_tag(&b.h, spawn(&b.h, &s), 0);
    await_count(&b.h, &b.statuses[ACTA_TIMEOUT], 3);
    atomic_store(&b.gate_closed, false);
    acta_runtime_stop(b.h.runtime, 60000, NULL);
    acta_runtime_stats_read(b.h.runtime, &stats);
    uint64_t begun = atomic_load(&b.begun);
    assert_int_equal(stats.late, begun);
    assert_int_equal(atomic_load(&b.made), 3 + begun); /* three arguments, and a result of what had begun */
    stop_bench(&b);
    assert_int_equal(atomic_load(&b.answers), 3);
    return begun;
}

/* The one that runs, and those behind it. Where the thread comes too late for the first, they get more time. */
static void
work_that_takes_too_long_is_answered_by_the_clock(void **state)
{
    uint64_t begun = 0;
    (void)state;

    for (uint32_t timeout_ms = 20; begun == 0 && timeout_ms < 60000; timeout_ms *= 4)
        begun = let_time_out(timeout_ms);
    assert_int_equal(begun, 1);
}

static acta_status
call_back(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    bench *b = load_of(argument).b;
    acta_pid pid = acta_whereis(b->h.runtime, acta_str_of("echo"));

    assert_null(acta_self_here());
    assert_int_equal(acta_runtime_stop(b->h.runtime, 1, NULL), ACTA_CALLING_SELF);
    return acta_call(acta_job_runtime(job), pid, acta_message_create(b->h.runtime, 1, 0), 60000, result_out, error);
}

static void
work_may_call_actors_and_may_not_stop_the_runtime(void **state)
{
    static const script echo = { .user = NULL };
    (void)state;

    for (uint32_t manual = 0; manual < 2; manual++) {
        bench b;
        start_bench(&b, 4, call_back, (acta_runtime_config){ .worker_count = 1, .manual = manual != 0 });
        script s = bench_script(&b);
        spawn_named(&b.h, &echo, "echo");
        send_tag(&b.h, spawn(&b.h, &s), 0);
        await_count(&b.h, &b.statuses[ACTA_OK], 4);
        stop_bench(&b);
    }
}

static uint32_t
choose_last(void *user, uint32_t count)
{
    (void)user;
    return count - 1;
}

/* In a manual runtime work is a choice of the driver's: behind all actors, or before them. */
static void
by_hand_work_runs_when_the_driver_says_so(void **state)
{
    bench b;
    (void)state;

    for (int last = 0; last < 2; last++) {
        start_bench(&b, 2, double_it,
            (acta_runtime_config){ .manual = true, .driver = { .choose = last != 0 ? choose_last : NULL } });
        script s = bench_script(&b);
        acta_pid pid = spawn(&b.h, &s);
        static const script other = { .user = NULL };
        harness_run(&b.h);
        send_tag(&b.h, pid, 0);
        acta_runtime_step(b.h.runtime);
        send_tag(&b.h, spawn(&b.h, &other), 0);
        assert_int_equal(atomic_load(&b.begun), 0);
        acta_runtime_step(b.h.runtime);
        assert_int_equal(atomic_load(&b.begun), last);
        harness_run(&b.h);
        assert_int_equal(atomic_load(&b.answers), 2);
        assert_true(pthread_equal(atomic_load(&b.work_thread), pthread_self()));
        stop_bench(&b);
    }
}

static acta_status
sleep_long(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    bench *b = load_of(argument).b;
    (void)error;

    atomic_fetch_add(&b->begun, 1);
    while (acta_job_is_wanted(job)) /* the actor's end, by the stop */
        sleep_ms(1);
    for (int i = 0; i < 300; i++) /* the stopping thread has its turns too, and so its deadline, however slow all is */
        sleep_ms(1);
    *result_out = make_load(b, 0);
    atomic_fetch_add(&b->ended, 1);
    return ACTA_OK;
}

/* SCH-09: what has begun is waited for, what has not never does, and the stop says that it took longer. */
static void
a_stop_waits_for_work_that_has_begun(void **state)
{
    bench b;
    acta_error error;
    (void)state;

    start_bench(&b, 8, sleep_long, (acta_runtime_config){ .worker_count = 1, .offload_threads = 2 });
    script s = bench_script(&b);
    send_tag(&b.h, spawn(&b.h, &s), 0);
    await_count(&b.h, &b.begun, 2);
    assert_int_equal(acta_runtime_stop(b.h.runtime, 10, &error), ACTA_TIMEOUT);
    assert_int_equal(atomic_load(&b.ended), 2);
    assert_int_equal(atomic_load(&b.begun), 2);
    stop_bench(&b);
    assert_int_equal(atomic_load(&b.answers), 0);
}

static void
offload_once(acta_self *self, void *user)
{
    bench *b = user;
    acta_ref ref = { 77 };

    for (int64_t n = 0;; n++) {
        acta_message *m = make_load(b, 1);
        atomic_store(&b->h.allocs_left, n);
        acta_status status = acta_offload(self, double_it, m, 5000, &ref);
        atomic_store(&b->h.allocs_left, -1);
        if (status == ACTA_OK) break;
        assert_int_equal(status, ACTA_NO_MEMORY);
        assert_int_equal(atomic_load(&b->destroyed), atomic_load(&b->made));
        assert_int_equal(ref.value, 77);
        assert_true(n < 100);
    }
}

/* GS-31: without memory nothing is begun, and what was given is destroyed. */
static void
without_memory_nothing_is_offloaded(void **state)
{
    bench b;
    (void)state;

    start_bench(&b, 1, double_it, (acta_runtime_config){ .manual = true });
    inside(&b.h, offload_once, &b);
    stop_bench(&b);
}

/* From here on the system gives no thread: nobody has room for such a stack. */
static void
refuse_threads(pthread_attr_t *before)
{
    pthread_attr_t huge;

    pthread_getattr_default_np(before);
    pthread_attr_init(&huge);
    pthread_attr_setstacksize(&huge, (size_t)1 << 56);
    assert_int_equal(pthread_setattr_default_np(&huge), 0);
    pthread_attr_destroy(&huge);
}

static void
allow_threads(pthread_attr_t *before)
{
    pthread_setattr_default_np(before);
    pthread_attr_destroy(before);
}

static void
without_a_thread_the_answer_says_so(void **state)
{
    pthread_attr_t before;
    acta_error error;
    bench b;
    (void)state;

    if (HARNESS_SANITIZED) skip(); /* they take their threads another way */
    start_bench(&b, 3, double_it, (acta_runtime_config){ .worker_count = 1 });
    script s = bench_script(&b);
    acta_pid pid = spawn(&b.h, &s);
    refuse_threads(&before);
    send_tag(&b.h, pid, 0);
    await_count(&b.h, &b.statuses[ACTA_IO], 3);
    acta_runtime *other;
    assert_int_equal(acta_runtime_create(NULL, &other, &error), ACTA_IO);
    allow_threads(&before);
    send_tag(&b.h, pid, 0);
    await_count(&b.h, &b.statuses[ACTA_OK], 3);
    stop_bench(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_comes_once_and_from_another_thread),
        cmocka_unit_test(threads_are_started_when_there_is_work_for_them),
        cmocka_unit_test(a_status_comes_with_its_words),
        cmocka_unit_test(work_may_send_its_argument_back),
        cmocka_unit_test(what_the_queue_has_no_room_for_is_refused_as_an_answer),
        cmocka_unit_test(cancelled_work_does_not_begin_and_is_not_answered),
        cmocka_unit_test(the_end_of_the_actor_gives_up_its_work),
        cmocka_unit_test(an_answer_in_hand_is_destroyed_when_its_handler_fails),
        cmocka_unit_test(work_that_takes_too_long_is_answered_by_the_clock),
        cmocka_unit_test(work_may_call_actors_and_may_not_stop_the_runtime),
        cmocka_unit_test(by_hand_work_runs_when_the_driver_says_so),
        cmocka_unit_test(a_stop_waits_for_work_that_has_begun),
        cmocka_unit_test(without_memory_nothing_is_offloaded),
        cmocka_unit_test(without_a_thread_the_answer_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
