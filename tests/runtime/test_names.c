/*
 * Names: at most one owner at any time, free before anybody is told of the owner's end, found among tens of thousands.
 */
#include "harness.h"

#include <pthread.h>
#include <sched.h>

static const acta_exit_reason shutdown_reason = { .kind = ACTA_EXIT_SHUTDOWN };

static void
a_name_is_found_until_it_is_given_up(void **state)
{
    (void)state;
    harness h;
    script s = { .user = NULL };
    acta_error error;

    harness_start(&h, 0);
    acta_pid a = spawn_named(&h, &s, "a"), b = spawn(&h, &s);
    assert_true(acta_pid_equal(acta_whereis(h.runtime, acta_str_of("a")), a));
    assert_int_equal(acta_whereis(h.runtime, acta_str_of("A")).value, 0);
    assert_int_equal(acta_register(h.runtime, acta_str_of("a"), b, &error), ACTA_ALREADY_EXISTS);
    assert_string_equal(error.text, "cannot register 'a': the name is taken");
    assert_int_equal(acta_register(h.runtime, acta_str_of("second"), a, &error), ACTA_ALREADY_EXISTS);
    assert_string_equal(error.text, "cannot register 'second': the actor has a name already");
    assert_int_equal(acta_unregister(h.runtime, acta_str_of("a")), ACTA_OK);
    assert_int_equal(acta_unregister(h.runtime, acta_str_of("a")), ACTA_NOT_FOUND);
    assert_int_equal(acta_register(h.runtime, acta_str_of("a"), b, &error), ACTA_OK);
    assert_true(acta_pid_equal(acta_whereis(h.runtime, acta_str_of("a")), b));
    acta_exit(h.runtime, (acta_pid){ 0 }, b, &shutdown_reason);
    harness_run(&h);
    assert_int_equal(acta_whereis(h.runtime, acta_str_of("a")).value, 0);
    assert_int_equal(acta_register(h.runtime, acta_str_of("a"), b, &error), ACTA_NOPROC);
    harness_stop(&h);
}

static void
names_have_1_to_512_bytes_of_any_kind(void **state)
{
    (void)state;
    harness h;
    script s = { .user = NULL };
    char longest[513];
    acta_pid pid = { 0 };
    acta_error error;

    memset(longest, 0, sizeof longest);
    harness_start(&h, 0);
    pid = spawn(&h, &s);
    assert_int_equal(acta_register(h.runtime, acta_str_from(longest, 513), pid, &error), ACTA_INVALID);
    assert_int_equal(acta_register(h.runtime, acta_str_of(""), pid, &error), ACTA_INVALID);
    for (size_t size = 1; size <= 512; size++) {
        acta_str name = acta_str_from(longest, size); /* all zeros: told apart by their length */
        assert_int_equal(acta_whereis(h.runtime, name).value, 0);
        assert_int_equal(acta_register(h.runtime, name, pid, &error), ACTA_OK);
        assert_true(acta_pid_equal(acta_whereis(h.runtime, name), pid));
        assert_int_equal(acta_unregister(h.runtime, name), ACTA_OK);
    }
    assert_int_equal(
        acta_spawn(h.runtime,
            &(acta_spawn_options){ .behaviour = &scripted, .argument = &s, .name = acta_str_from(longest, 513) }, &pid,
            &error),
        ACTA_INVALID);
    harness_stop(&h);
}

/* Against a model, through growth and many removals. */
static void
twenty_thousand_names_come_and_go(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    harness h;
    script s = { .user = NULL };
    static acta_pid pids[COUNT];
    uint64_t seed = 99;
    char name[32];

    printf("seed %llu\n", (unsigned long long)seed);
    memset(pids, 0, sizeof pids);
    harness_start(&h, 0);
    for (int i = 0; i < 4 * COUNT; i++) {
        uint32_t at = draw(&seed, COUNT);
        snprintf(name, sizeof name, "account-%u", at);
        assert_true(acta_pid_equal(acta_whereis(h.runtime, acta_str_of(name)), pids[at]));
        if (pids[at].value == 0) {
            pids[at] = spawn_named(&h, &s, name);
        } else {
            acta_exit(h.runtime, (acta_pid){ 0 }, pids[at], &shutdown_reason);
            harness_run(&h);
            pids[at] = (acta_pid){ 0 };
        }
    }
    for (uint32_t at = 0; at < COUNT; at++) {
        snprintf(name, sizeof name, "account-%u", at);
        assert_true(acta_pid_equal(acta_whereis(h.runtime, acta_str_of(name)), pids[at]));
    }
    harness_stop(&h);
}

/* -- races -- */

enum { THREAD_COUNT = 8, NAME_COUNT = 4, WIN_COUNT = 3000 };

typedef struct contest {
    harness *h;
    script *what;
    _Atomic uint64_t *owners; /* of each name: how many inits believe to own it */
    _Atomic uint64_t *doubles, *wins;
    uint64_t seed;
} contest;

typedef struct owned {
    _Atomic uint64_t owners[NAME_COUNT];
    _Atomic uint64_t doubles, wins;
} owned;

static const char *const contested[NAME_COUNT] = { "north", "east", "south", "west" };

static acta_next
own_and_stop(acta_self *self, void *user, acta_message *message)
{
    owned *o = user;
    (void)self;
    /* alive, and so the only owner: nobody may be in here for the same name */
    if (atomic_fetch_add(&o->owners[message->tag], 1) != 0) atomic_fetch_add(&o->doubles, 1);
    atomic_fetch_sub(&o->owners[message->tag], 1);
    return ACTA_STOP;
}

static void *
compete(void *argument)
{
    contest *c = argument;

    for (int i = 0; atomic_load(c->wins) < WIN_COUNT; i++) {
        uint32_t at = draw(&c->seed, NAME_COUNT);
        acta_str name = acta_str_of(contested[at]);
        acta_pid pid = { 0 };
        acta_status status = acta_spawn(c->h->runtime,
            &(acta_spawn_options){ .behaviour = &scripted, .argument = c->what, .name = name }, &pid, NULL);
        if (status == ACTA_OK) {
            atomic_fetch_add(c->wins, 1);
            send_tag(c->h, pid, at);
        } else if (status != ACTA_ALREADY_EXISTS || pid.value == 0)
            abort();
        acta_pid there = acta_whereis(c->h->runtime, name);
        if (status == ACTA_OK && i % 7 == 0 && !acta_pid_equal(there, pid) && acta_is_alive(c->h->runtime, pid))
            abort();
    }
    return NULL;
}

/* GS-25: of all who start under one name one wins. */
static void
of_racing_spawns_one_wins_and_the_others_learn_who(void **state)
{
    (void)state;
    harness h;
    static owned o;
    script s = { .cast = own_and_stop, .user = &o };
    contest contests[THREAD_COUNT];
    pthread_t threads[THREAD_COUNT];

    memset(&o, 0, sizeof o);
    harness_start(&h, 2);
    for (int i = 0; i < THREAD_COUNT; i++) {
        contests[i] = (contest){ &h, &s, o.owners, &o.doubles, &o.wins, (uint64_t)i };
        assert_int_equal(pthread_create(&threads[i], NULL, compete, &contests[i]), 0);
    }
    for (int i = 0; i < THREAD_COUNT; i++)
        pthread_join(threads[i], NULL);
    harness_stop(&h);
    assert_int_equal(atomic_load(&o.doubles), 0);
}

/* The watcher looks the name up when it is told, and registers it for itself. */
typedef struct heir {
    acta_pid owner;
    _Atomic uint64_t inherited, failed;
} heir;

static acta_next
inherit(acta_self *self, void *user, const acta_info *info)
{
    heir *he = user;
    acta_runtime *runtime = acta_self_runtime(self);
    acta_str name = acta_str_of("throne");

    if (info->kind != ACTA_INFO_DOWN) return ACTA_NEXT;
    if (acta_whereis(runtime, name).value != 0 || acta_register(runtime, name, acta_self_pid(self), NULL) != ACTA_OK ||
        acta_unregister(runtime, name) != ACTA_OK)
        atomic_fetch_add(&he->failed, 1);
    atomic_fetch_add(&he->inherited, 1);
    return ACTA_NEXT;
}

static acta_next
watch_owner(acta_self *self, void *user, acta_from from, acta_message *message)
{
    heir *he = user;
    acta_ref ref;
    (void)message;
    acta_monitor(self, he->owner, &ref);
    acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

/* GS-25: who is told of the end finds the name free. */
static void
a_name_is_free_before_the_end_is_told(void **state)
{
    (void)state;
    harness h;
    static heir he;
    script watcher = { .call = watch_owner, .info = inherit, .user = &he }, s = { .user = NULL };

    memset(&he, 0, sizeof he);
    harness_start(&h, 2);
    acta_pid watching = spawn(&h, &watcher);
    for (uint64_t i = 0; i < 2000; i++) {
        he.owner = spawn_named(&h, &s, "throne");
        assert_int_equal(call_tag(&h, watching, 0, 60000, NULL), ACTA_OK);
        acta_exit(h.runtime, (acta_pid){ 0 }, he.owner, &shutdown_reason);
        await_count(&h, &he.inherited, i + 1);
    }
    assert_int_equal(atomic_load(&he.failed), 0);
    harness_stop(&h);
}

/* What comes by the name while init runs waits until it is done. */
typedef struct slow_start {
    harness *h;
    _Atomic uint64_t started, early, late;
} slow_start;

static acta_status
start_slowly(acta_self *self, void *user, acta_error *error)
{
    slow_start *s = user;
    (void)self;
    (void)error;
    acta_pid pid = acta_whereis(s->h->runtime, acta_str_of("slow"));
    for (uint32_t i = 0; i < 10; i++)
        send_tag(s->h, pid, i);
    sleep_ms(5);
    atomic_store(&s->started, 1);
    return ACTA_OK;
}

static acta_next
after_start(acta_self *self, void *user, acta_message *message)
{
    slow_start *s = user;
    (void)self;
    (void)message;
    atomic_fetch_add(atomic_load(&s->started) ? &s->late : &s->early, 1);
    return ACTA_NEXT;
}

static void
messages_wait_until_init_is_done(void **state)
{
    (void)state;
    harness h;
    slow_start slow = { .h = &h };
    script s = { .init = start_slowly, .cast = after_start, .user = &slow };

    harness_start(&h, 2);
    spawn_named(&h, &s, "slow");
    await_count(&h, &slow.late, 10);
    assert_int_equal(atomic_load(&slow.early), 0);
    harness_stop(&h);
}

/* -- one owner at any time -- */

enum { RACERS = 16, CONTESTED = 4 };
enum { RACE_ROUNDS = HARNESS_SANITIZED ? 300 : 3000 }; /* times ACTA_STRESS */

typedef struct rivalry {
    harness *h;
    _Atomic int64_t owners[CONTESTED]; /* who knows that it owns the name */
    _Atomic uint64_t taken, lost, wrong;
} rivalry;

typedef struct rival {
    rivalry *c;
    uint64_t seed;
} rival;

static void
lose_owner(rivalry *c, uint32_t which)
{
    if (atomic_fetch_sub(&c->owners[which], 1) != 1) atomic_fetch_add(&c->wrong, 1);
}

static void *
contend(void *argument)
{
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    static const script idle = { .user = NULL };
    static const char *const names[CONTESTED] = { "north", "east", "south", "west" };
    rival *me = argument;
    rivalry *c = me->c;
    acta_runtime *runtime = c->h->runtime;
    acta_pid mine = spawn(c->h, &idle);

    for (uint64_t round = 0; round < scaled(RACE_ROUNDS); round++) {
        uint32_t which = draw(&me->seed, CONTESTED);
        acta_str name = acta_str_of(names[which]);
        acta_status status = acta_register(runtime, name, mine, NULL);
        if (status != ACTA_OK) {
            acta_pid there = acta_whereis(runtime, name);
            if (acta_pid_equal(there, mine)) atomic_fetch_add(&c->wrong, 1);
            atomic_fetch_add(&c->lost, 1);
            continue;
        }
        if (atomic_fetch_add(&c->owners[which], 1) != 0) atomic_fetch_add(&c->wrong, 1);
        atomic_fetch_add(&c->taken, 1);
        if (!acta_pid_equal(acta_whereis(runtime, name), mine)) atomic_fetch_add(&c->wrong, 1);
        lose_owner(c, which); /* said before it is done: the next owner can't be early */
        if (draw(&me->seed, 2) == 0) {
            acta_unregister(runtime, name);
            continue;
        }
        acta_pid dead = mine;
        acta_exit(runtime, (acta_pid){ 0 }, dead, &kill);
        while (acta_is_alive(runtime, dead))
            sched_yield();
        mine = spawn(c->h, &idle);
    }
    acta_exit(runtime, (acta_pid){ 0 }, mine, &kill);
    return NULL;
}

/* GS-25: 16 threads register, unregister, look up and die over four names: never two owners, and never one of the dead. Some
 * ten seconds of it with ACTA_STRESS=20. */
static void
a_contested_name_has_one_owner_at_any_time(void **state)
{
    (void)state;
    harness h;
    rivalry c = { .h = &h };
    rival rivals[RACERS];
    pthread_t threads[RACERS];

    harness_start(&h, 2);
    for (int i = 0; i < RACERS; i++) {
        rivals[i] = (rival){ &c, 500 + (uint64_t)i };
        pthread_create(&threads[i], NULL, contend, &rivals[i]);
    }
    for (int i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&c.wrong), 0);
    assert_true(atomic_load(&c.taken) > 0);
    assert_int_equal(atomic_load(&c.taken) + atomic_load(&c.lost), RACERS * scaled(RACE_ROUNDS));
    harness_stop(&h);
}

/* -- a name service of the user's -- */

typedef struct service {
    harness *h;
    char name[32];
    acta_pid pid;
    uint32_t registered, unregistered;
    bool refuses, fails;
    bool found_in_init, told_before_it_was_free;
    uint64_t downs;
} service;

static acta_status
service_register(void *user, acta_str name, acta_pid pid, acta_pid *holder_out)
{
    service *s = user;

    if (s->fails) acta_fail(acta_self_here(), "out of order");
    if (s->refuses) return ACTA_REJECTED;
    if (s->pid.value != 0) {
        *holder_out = s->pid;
        return ACTA_ALREADY_EXISTS;
    }
    snprintf(s->name, sizeof s->name, ACTA_FMT, ACTA_ARG(name));
    s->pid = pid;
    s->registered++;
    return ACTA_OK;
}

static void
service_unregister(void *user, acta_str name, acta_pid pid)
{
    service *s = user;

    assert_true(acta_pid_equal(pid, s->pid));
    assert_int_equal(name.size, strlen(s->name));
    s->pid.value = 0;
    s->unregistered++;
    if (s->fails) acta_fail(acta_self_here(), "still out of order");
}

static acta_pid
service_whereis(void *user, acta_str name)
{
    service *s = user;
    bool same = name.size == strlen(s->name) && memcmp(name.data, s->name, name.size) == 0;

    return same ? s->pid : (acta_pid){ 0 };
}

static acta_status
look_for_oneself(acta_self *self, void *user, acta_error *error)
{
    service *s = user;

    s->found_in_init = acta_pid_equal(service_whereis(s, acta_str_of("far")), acta_self_pid(self));
    return s->refuses ? acta_error_set(error, ACTA_BUSY, "not now") : ACTA_OK;
}

static acta_next
note_the_end(acta_self *self, void *user, const acta_info *info)
{
    service *s = user;

    (void)self;
    if (info->kind != ACTA_INFO_DOWN) return ACTA_NEXT;
    s->downs++;
    s->told_before_it_was_free |= s->pid.value != 0;
    return ACTA_NEXT;
}

static acta_next
watch_the_far(acta_self *self, void *user, acta_message *message)
{
    acta_ref ref;

    (void)message;
    assert_int_equal(acta_monitor(self, ((service *)user)->pid, &ref), ACTA_OK);
    return ACTA_NEXT;
}

/* GS-01: a name by callback is there before init, free before the end is told, and given back once by each start. */
static void
a_name_may_lie_with_a_service_of_the_user_s(void **state)
{
    (void)state;
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    harness h;
    service s = { .h = &h };
    acta_name_service via = { service_register, service_unregister, service_whereis, &s };
    script far = { .init = look_for_oneself, .user = &s };
    script watcher = { .cast = watch_the_far, .info = note_the_end, .user = &s };
    acta_spawn_options options = { .behaviour = &scripted, .argument = &far, .name = acta_str_of("far"), .via = &via };
    acta_pid pid = { 0 }, second = { 0 };
    acta_error error;

    harness_start(&h, 0);
    acta_pid watching = spawn(&h, &watcher);
    assert_int_equal(acta_spawn(h.runtime, &options, &pid, &error), ACTA_OK);
    assert_true(s.found_in_init);
    assert_int_equal(acta_whereis(h.runtime, acta_str_of("far")).value, 0); /* not the runtime's */
    assert_int_equal(acta_spawn(h.runtime, &options, &second, &error), ACTA_ALREADY_EXISTS);
    assert_true(acta_pid_equal(second, pid));
    s.name[0] = 'F'; /* whereis doesn't find it: the same by way of register */
    assert_int_equal(acta_spawn(h.runtime, &options, &second, &error), ACTA_ALREADY_EXISTS);
    s.name[0] = 'f';
    send_tag(&h, watching, 1);
    harness_run(&h);
    acta_exit(h.runtime, (acta_pid){ 0 }, pid, &kill);
    harness_run(&h);
    assert_int_equal(s.downs, 1);
    assert_false(s.told_before_it_was_free);
    assert_int_equal(s.unregistered, 1);

    s.refuses = true; /* by the service */
    assert_int_equal(acta_spawn(h.runtime, &options, &pid, &error), ACTA_REJECTED);
    assert_string_equal(error.text, "the name service did not take 'far'");
    assert_int_equal(s.unregistered, 1);
    s.refuses = false;
    s.fails = true; /* it fails, in registering and in unregistering */
    assert_int_equal(acta_spawn(h.runtime, &options, &pid, &error), ACTA_FAILED);
    s.fails = false;
    assert_int_equal(acta_spawn(h.runtime, &options, &pid, &error), ACTA_OK);
    s.fails = true;
    assert_int_equal(acta_stop(h.runtime, pid, NULL, 1000, &error), ACTA_OK);
    assert_int_equal(atomic_load(&h.log_lines), 1);
    assert_int_equal(s.registered, s.unregistered);
    options.name = (acta_str){ NULL, 0 };
    assert_int_equal(acta_spawn(h.runtime, &options, &pid, &error), ACTA_INVALID);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_found_until_it_is_given_up),
        cmocka_unit_test(names_have_1_to_512_bytes_of_any_kind),
        cmocka_unit_test(twenty_thousand_names_come_and_go),
        cmocka_unit_test(of_racing_spawns_one_wins_and_the_others_learn_who),
        cmocka_unit_test(a_name_is_free_before_the_end_is_told),
        cmocka_unit_test(messages_wait_until_init_is_done),
        cmocka_unit_test(a_contested_name_has_one_owner_at_any_time),
        cmocka_unit_test(a_name_may_lie_with_a_service_of_the_user_s),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
