/*
 * Everything at once, and then a stop: outside threads send and call, actors spawn, set timers, offload, watch a file,
 * block and fail. The stop comes at a random moment, in time; afterwards every message, argument and result was
 * destroyed once, no thread is left, and senders are told.
 *
 *     ACTA_STORM_ROUNDS=1000 test_runtime_storm      as often as the environment says; or 40 times ACTA_STRESS
 */
#include "harness.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "acta/offload.h"
#include "acta/watch_fd.h"

enum { SENDERS = 16, ACTORS = 12, ROUNDS = 40, ROUNDS_MIN = 5, ROUNDS_MAX = 2000 };

typedef struct storm {
    harness h;
    script s, child;
    acta_pid pids[ACTORS];
    int fd;
    _Atomic uint64_t made, destroyed, refused, seed, jobs_begun, jobs_ended;
    _Atomic uint64_t children, timers, answers, events;
} storm;

typedef struct cargo {
    storm *st;
} cargo;

static void
count_destroyed(acta_message *m)
{
    cargo c;
    memcpy(&c, m->payload, sizeof c);
    atomic_fetch_add(&c.st->destroyed, 1);
}

static acta_message *
make_cargo(storm *st, uint32_t tag)
{
    acta_message *m = acta_message_create(st->h.runtime, tag, sizeof(cargo));
    memcpy(m->payload, &(cargo){ st }, sizeof(cargo));
    m->destroy = count_destroyed;
    atomic_fetch_add(&st->made, 1);
    return m;
}

static uint32_t
chance(storm *st, uint32_t bound)
{
    uint64_t seed = atomic_fetch_add(&st->seed, 0x1234567);
    return draw(&seed, bound);
}

static acta_status
job(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    cargo c;
    (void)job;
    (void)error;

    memcpy(&c, argument->payload, sizeof c);
    atomic_fetch_add(&c.st->jobs_begun, 1);
    if (chance(c.st, 4) == 0) sleep_ms(chance(c.st, 4));
    *result_out = chance(c.st, 2) == 0 ? argument : make_cargo(c.st, 0);
    atomic_fetch_add(&c.st->jobs_ended, 1);
    return chance(c.st, 5) == 0 ? ACTA_FAILED : ACTA_OK;
}

static acta_next
live_a_little(acta_self *self, void *user, acta_message *message)
{
    storm *st = user;
    (void)self;
    atomic_fetch_add(&st->children, 1);
    return message->tag % 2 == 0 ? ACTA_STOP : ACTA_NEXT;
}

static void
have_child(acta_self *self, storm *st)
{
    acta_pid pid = { 0 };
    acta_spawn_options options = { .behaviour = &scripted, .argument = &st->child };

    if (chance(st, 2) == 0) options.monitor = self;
    if (acta_spawn(st->h.runtime, &options, &pid, NULL) != ACTA_OK) return;
    acta_send(st->h.runtime, pid, make_cargo(st, chance(st, 4)));
    if (chance(st, 4) == 0) acta_send(st->h.runtime, pid, make_cargo(st, 0));
}

static acta_next
do_something(acta_self *self, void *user, acta_message *message)
{
    storm *st = user;
    acta_ref ref;
    (void)message;

    switch (chance(st, 40)) {
    case 0:
    case 1:
    case 2:
        have_child(self, st);
        break;
    case 3:
    case 4:
    case 5:
        acta_send_after(self, chance(st, 4), 1, 0, &ref);
        break;
    case 6:
    case 7:
    case 8:
        if (acta_offload(self, job, make_cargo(st, 0), chance(st, 2) == 0 ? 2 : 5000, &ref) == ACTA_OK &&
            chance(st, 8) == 0)
            acta_offload_cancel(self, ref);
        break;
    case 9:
    case 10:
        acta_watch_fd(self, st->fd, ACTA_FD_READABLE, NULL, NULL);
        break;
    case 11:
    case 12:
        acta_request(self, st->pids[chance(st, ACTORS)], make_cargo(st, 0), chance(st, 5), &ref);
        break;
    case 13:
        if (chance(st, 20) == 0) sleep_ms(12); /* long enough for a spare */
        break;
    case 14:
        acta_message_destroy(acta_message_keep(self, message));
        break;
    case 15:
        if (chance(st, 40) == 0) acta_fail(self, "by chance");
        break;
    default:
        acta_send(st->h.runtime, st->pids[chance(st, ACTORS)], make_cargo(st, 0));
    }
    return ACTA_NEXT;
}

static acta_next
answer_maybe(acta_self *self, void *user, acta_from from, acta_message *message)
{
    storm *st = user;
    (void)message;
    if (chance(st, 3) != 0) acta_reply(acta_self_runtime(self), from, ACTA_OK, make_cargo(st, 0), NULL);
    return ACTA_NEXT;
}

static acta_next
be_told(acta_self *self, void *user, const acta_info *info)
{
    storm *st = user;
    uint64_t bytes;

    switch (info->kind) {
    case ACTA_INFO_TIMER:
        atomic_fetch_add(&st->timers, 1);
        acta_send_after(self, chance(st, 3), 1, 0, NULL);
        break;
    case ACTA_INFO_REPLY:
        atomic_fetch_add(&st->answers, 1);
        break;
    case ACTA_INFO_FD:
        atomic_fetch_add(&st->events, 1);
        if (read(st->fd, &bytes, sizeof bytes) < 0) {} /* another was faster */
        break;
    default:
        break;
    }
    return ACTA_NEXT;
}

/* Sends until it is told that there is nobody, or that it is over. */
static void *
send_until_told(void *argument)
{
    storm *st = argument;
    uint64_t one = 1;

    for (;;) {
        acta_status status = ACTA_OK;
        switch (chance(st, 100)) {
        case 0:
            status =
                acta_call(st->h.runtime, st->pids[chance(st, ACTORS)], make_cargo(st, 0), chance(st, 5), NULL, NULL);
            break;
        case 1:
            if (write(st->fd, &one, sizeof one) < 0) {} /* full */
            break;
        default:
            status = acta_send(st->h.runtime, st->pids[chance(st, ACTORS)], make_cargo(st, 0));
        }
        if (status == ACTA_BUSY) sleep_ms(1);
        if (status == ACTA_STOPPED) break;
    }
    atomic_fetch_add(&st->refused, 1);
    return NULL;
}

enum { KINDS = 8, SURE_KINDS = 6 };
static uint64_t sums[KINDS]; /* over the rounds: the storm is one only if each of them came */

static void
one_round(uint64_t seed)
{
    pthread_t senders[SENDERS];
    acta_error error;
    storm st = { .s = { .cast = do_something, .call = answer_maybe, .info = be_told },
        .child = { .cast = live_a_little } };

    st.s.user = st.child.user = &st;
    atomic_store(&st.seed, seed);
    st.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    harness_start_with(&st.h, (acta_runtime_config){ .name = "storm",
                                  .worker_count = 1 + draw(&seed, 4),
                                  .offload_threads = 1 + draw(&seed, 3),
                                  .offload_queue_max = 20,
                                  .spare_workers = 2,
                                  .handler_limit_ms = 5 });
    for (int i = 0; i < ACTORS; i++)
        st.pids[i] = spawn(&st.h, &st.s);
    for (int i = 0; i < SENDERS; i++)
        pthread_create(&senders[i], NULL, send_until_told, &st);
    sleep_ms(draw(&seed, 25));
    uint64_t begin_ns = real_now_ns();
    acta_status status = acta_runtime_stop(st.h.runtime, 60000, &error);
    uint64_t took_ns = real_now_ns() - begin_ns;
    if (status != ACTA_OK) fail_msg("after %llu ms: %s", (unsigned long long)took_ns / 1000000, error.text);
    await_threads("storm-", 0);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i], NULL); /* each was told */
    assert_int_equal(atomic_load(&st.refused), SENDERS);
    assert_int_equal(atomic_load(&st.jobs_begun), atomic_load(&st.jobs_ended));
    acta_runtime_stats stats;
    acta_runtime_stats_read(st.h.runtime, &stats);
    sums[0] += stats.handled;
    sums[1] += atomic_load(&st.children);
    sums[2] += atomic_load(&st.timers);
    sums[3] += atomic_load(&st.answers);
    sums[4] += atomic_load(&st.jobs_ended);
    sums[5] += atomic_load(&st.events);
    sums[6] += stats.lent;
    sums[7] += stats.crashed;
    harness_stop(&st.h); /* sent == handled + dropped, spawned == exited, all memory back */
    assert_int_equal(atomic_load(&st.made), atomic_load(&st.destroyed));
    close(st.fd);
}

/* As many rounds as it takes on a machine that hardly ever lets us run. */
static bool
is_storm(int rounds)
{
    bool has_all = rounds >= ROUNDS_MIN;

    for (int i = 0; i < SURE_KINDS; i++)
        has_all = has_all && sums[i] > 0;
    return has_all || rounds >= ROUNDS_MAX;
}

/* SCH-09, SCH-15: in time, every destructor ran, no thread is left, senders are told. */
static void
a_stop_in_the_middle_of_everything(void **state)
{
    const char *asked = getenv("ACTA_STORM_ROUNDS");
    uint64_t seed = test_seed();
    int rounds = asked != NULL ? atoi(asked) : (int)scaled(ROUNDS);
    (void)state;

    uint64_t end_ns =
        rounds != ROUNDS ? UINT64_MAX : real_now_ns() + UINT64_C(15000000000); /* on a slow machine: fewer */
    for (int i = 0; (i < rounds && real_now_ns() < end_ns) || (asked == NULL && !is_storm(i)); i++) {
        print_message("round %d, seed %llu\n", i, (unsigned long long)seed);
        one_round(seed);
        seed += 0x9e3779b97f4a7c15u;
    }
    static const char *const kinds[] = { "messages", "children", "timers", "answers", "jobs", "events", "spares lent",
        "crashes" };
    for (int i = 0; i < KINDS; i++) {
        print_message("%s: %llu\n", kinds[i], (unsigned long long)sums[i]);
    }
    for (int i = 0; i < SURE_KINDS && asked == NULL; i++)
        assert_true(sums[i] > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_in_the_middle_of_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
