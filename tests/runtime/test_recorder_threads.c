/*
 * The flight recorder is read while workers and outside threads write it: each record is whole, or isn't there.
 */
#include "harness.h"

#include <pthread.h>

#include "acta/recorder.h"

enum { SPAWNERS = 4, ROUNDS = 3000 };

static acta_behaviour letters[SPAWNERS];
static _Atomic uint64_t spawner_pids[SPAWNERS];
static _Atomic uint64_t finished;

static acta_status
end_at_once(acta_self *self, void *user, acta_error *error)
{
    (void)user;
    (void)error;
    acta_exit(acta_self_runtime(self), acta_self_pid(self), acta_self_pid(self),
        &(acta_exit_reason){ .kind = ACTA_EXIT_SHUTDOWN });
    return ACTA_OK;
}

static const script brief = { .init = end_at_once };

static acta_next
spawn_letters(acta_self *self, void *user, acta_message *message)
{
    uint32_t which = (uint32_t)(uintptr_t)user;
    acta_pid pid;

    atomic_store(&spawner_pids[which], acta_self_pid(self).value);
    acta_spawn(
        acta_self_runtime(self), &(acta_spawn_options){ .behaviour = &letters[which], .argument = &brief }, &pid, NULL);
    if (message->tag < ROUNDS)
        acta_send(acta_self_runtime(self), acta_self_pid(self),
            acta_message_create(acta_self_runtime(self), message->tag + 1, 0));
    else
        atomic_fetch_add(&finished, 1);
    return ACTA_NEXT;
}

/* All of a name is of one letter; and a spawn by the spawner of a letter is of that letter. */
static bool
check_record(void *user, const acta_flight_record *r)
{
    uint64_t *seen = user;

    if (r->kind < ACTA_FLIGHT_SPAWN || r->kind > ACTA_FLIGHT_FAULT) fail_msg("a record of kind %d", (int)r->kind);
    if (strcmp(r->behaviour, "scripted") == 0) return true;
    assert_int_equal(strlen(r->behaviour), ACTA_FLIGHT_NAME_MAX);
    assert_int_equal(strspn(r->behaviour, (char[]){ r->behaviour[0], 0 }), ACTA_FLIGHT_NAME_MAX);
    for (int i = 0; i < SPAWNERS; i++) {
        if (r->kind == ACTA_FLIGHT_SPAWN && r->detail != 0 && r->detail == atomic_load(&spawner_pids[i]))
            assert_int_equal(r->behaviour[0], 'a' + i);
    }
    if (r->kind == ACTA_FLIGHT_EXIT) assert_int_equal(r->detail, ACTA_EXIT_SHUTDOWN);
    ++*seen;
    return true;
}

static void *
spawn_outside(void *user)
{
    harness *h = user;
    acta_pid pid;

    for (int i = 0; i < ROUNDS; i++)
        acta_spawn(
            h->runtime, &(acta_spawn_options){ .behaviour = &letters[i % SPAWNERS], .argument = &brief }, &pid, NULL);
    atomic_fetch_add(&finished, 1);
    return NULL;
}

/* Rings of 16 records, written by three workers and two outside threads, read all the while. */
static void
records_are_read_whole_while_they_are_written(void **state)
{
    (void)state;
    static const char names[SPAWNERS][ACTA_FLIGHT_NAME_MAX + 1] = { "aaaaaaaaaaaaaaaaaaaaaaaa",
        "bbbbbbbbbbbbbbbbbbbbbbbb", "cccccccccccccccccccccccc", "dddddddddddddddddddddddd" };
    script spawners[SPAWNERS];
    pthread_t threads[2];
    uint64_t seen = 0;
    harness h;

    atomic_store(&finished, 0);
    harness_start_with(&h, (acta_runtime_config){ .worker_count = 3, .recorder_count = 16 });
    for (uint32_t i = 0; i < SPAWNERS; i++) {
        letters[i] = scripted;
        letters[i].name = names[i];
        spawners[i] = (script){ .cast = spawn_letters, .user = (void *)(uintptr_t)i };
        send_tag(&h, spawn(&h, &spawners[i]), 1);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, spawn_outside, &h), 0);
    while (atomic_load(&finished) < SPAWNERS + 2)
        acta_recorder_read(h.runtime, 0, check_record, &seen);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    acta_recorder_read(h.runtime, 0, check_record, &seen);
    assert_true(seen > 0);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_read_whole_while_they_are_written),
    };
    return cmocka_run_group_tests_name("recorder_threads", tests, NULL, NULL);
}
