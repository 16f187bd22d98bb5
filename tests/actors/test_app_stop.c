/*
 * Stopping an application: what is under way ends, and nothing new begins.
 */
#include <pthread.h>
#include <time.h>

#include "acta/gen_server.h"
#include "acta/readers.h"
#include "fixture.h"

static const acta_projection *const row_projections[] = { &ledger_rows.base, NULL };

typedef struct during {
    fixture *f;
    answer first, next;
} during;

static void
dispatch_another(void *user, const acta_dispatch_result *result)
{
    during *d = user;

    take_answer(&d->first, result);
    add_async(d->f, "b", 1, NULL, &d->next);
}

/* A stop lets those under way end, and takes no others meanwhile. */
static void
a_stop_drains_and_takes_no_more(void **state)
{
    fixture *f = FIXTURE(state);
    during d = { .f = f };

    start(f);
    ledger_Add_dispatch_async(
        f->app, ACTA_INIT(ledger_Add, .counter_id = S("a"), .amount = 1), NULL, dispatch_another, &d);
    stop(f);
    assert_int_equal(d.first.calls, 1);
    assert_int_equal(d.first.status, ACTA_OK);
    assert_int_equal(d.next.calls, 1);
    assert_int_equal(d.next.status, ACTA_STOPPED);
    assert_non_null(strstr(d.next.text, "is stopping"));
    start(f);
    assert_int_equal(fold_counter(f, "a"), 1);
    assert_int_equal(version_of(f, "Counter-b"), 0);
}

/* Threads that are in a call of the application when it is stopped; what they are in calls one of these. */
static struct {
    _Atomic uint32_t entered;
    _Atomic bool stop_begins, has_stopped, was_early;
} door;

/* Time enough for a stop that doesn't wait for us, and none that a right one hangs on. */
static void
stand_in_the_door(void)
{
    const struct timespec pause = { .tv_nsec = 1000000 };

    atomic_fetch_add(&door.entered, 1);
    while (!atomic_load(&door.stop_begins))
        nanosleep(&pause, NULL);
    for (uint32_t i = 0; i < 30 && !atomic_load(&door.has_stopped); i++)
        nanosleep(&pause, NULL);
    if (atomic_load(&door.has_stopped)) atomic_store(&door.was_early, true);
}

static void
stop_when_entered(fixture *f, uint32_t count)
{
    const struct timespec pause = { .tv_nsec = 1000000 };

    while (atomic_load(&door.entered) < count)
        nanosleep(&pause, NULL);
    atomic_store(&door.stop_begins, true);
    stop(f);
    atomic_store(&door.has_stopped, true);
}

static void
linger(acta_passage *passage, void *user)
{
    (void)passage, (void)user;
    stand_in_the_door();
}

typedef struct guest {
    fixture *f;
    acta_app *app;
    acta_memory *memory;
    acta_returned returned;
    acta_status status;
    acta_error error;
} guest;

static bool
see_row(void *user, const void *row)
{
    (void)user, (void)row;
    stand_in_the_door();
    return true;
}

static bool
see_event(void *user, const acta_recorded *event, const void *value)
{
    (void)user, (void)event, (void)value;
    stand_in_the_door();
    return true;
}

static void
be_done(void *user, const acta_dispatch_result *result)
{
    guest *g = user;
    stand_in_the_door();
    g->status = result->status;
}

static void *
dispatch_and_wait(void *user)
{
    static const char *const names[] = { "rows", NULL };
    guest *g = user;
    const acta_dispatch_options options = { .timeout_ms = ACTA_INFINITE,
        .returning = ACTA_RETURN_ALL,
        .returned_out = &g->returned,
        .memory = g->memory,
        .wait_for = names };

    g->status =
        ledger_Add_dispatch(g->app, ACTA_INIT(ledger_Add, .counter_id = S("a"), .amount = 5), &options, &g->error);
    return NULL;
}

static void *
dispatch_async(void *user)
{
    guest *g = user;
    ledger_Add_dispatch_async(g->app, ACTA_INIT(ledger_Add, .counter_id = S("a"), .amount = 5), &patiently, be_done, g);
    return NULL;
}

static void *
read_rows(void *user)
{
    guest *g = user;
    g->status =
        acta_read_model_each(g->app, &ledger_CounterRow_table, acta_str_from(NULL, 0), see_row, NULL, &g->error);
    return NULL;
}

static void *
look_back(void *user)
{
    guest *g = user;
    g->status = acta_aggregate_replay(
        acta_app_history(g->app), &ledger_Counter_table, S("a"), acta_at_end(), see_event, NULL, &g->error);
    return NULL;
}

static void
stop_during(fixture *f, void *(*call)(void *), guest *g)
{
    pthread_t thread;

    memset(&door, 0, sizeof door);
    *g = (guest){ .f = f, .app = f->app, .memory = f->scratch, .status = ACTA_FAILED };
    assert_int_equal(0, pthread_create(&thread, NULL, call, g));
    stop_when_entered(f, 1);
    pthread_join(thread, NULL);
    assert_false(atomic_load(&door.was_early));
}

/* A command that is answered, its middleware that isn't through, and a reader that stands still. */
static void
a_stop_waits_for_a_command_that_waits(void **state)
{
    static const acta_middleware lingering = { .name = "lingering", .after = linger };
    static const acta_middleware *const middleware[] = { &lingering, NULL };
    fixture *f = FIXTURE(state);
    guest g;

    f->config.projections = row_projections;
    f->config.middleware = middleware;
    start(f);
    MUST(f, acta_reader_pause(f->app, "rows", NULL, &f->error));
    stop_during(f, dispatch_and_wait, &g);
    assert_int_equal(g.status, ACTA_STOPPED);
    assert_non_null(strstr(g.error.text, "is stored"));
    assert_int_equal(g.returned.event_count, 1);
    f->config.middleware = NULL;
    start(f);
    assert_int_equal(fold_counter(f, "a"), 5);
}

static void
a_stop_waits_for_what_is_done_with_an_answer(void **state)
{
    fixture *f = FIXTURE(state);
    guest g;

    start(f);
    stop_during(f, dispatch_async, &g);
    assert_int_equal(g.status, ACTA_OK);
}

static void
a_stop_waits_for_those_who_read(void **state)
{
    fixture *f = FIXTURE(state);
    guest g;

    f->config.projections = row_projections;
    start(f);
    add(f, "a", 5);
    settle(f);
    stop_during(f, read_rows, &g);
    assert_int_equal(g.status, ACTA_OK);
    start(f);
    stop_during(f, look_back, &g);
    assert_int_equal(g.status, ACTA_OK);
}

static void
enter(acta_passage *passage, void *user)
{
    (void)passage, (void)user;
    atomic_fetch_add(&door.entered, 1);
}

static void *
dispatch_one(void *user)
{
    guest *g = user;
    const acta_dispatch_options options = {
        .timeout_ms = ACTA_INFINITE, .returning = ACTA_RETURN_ALL, .returned_out = &g->returned, .memory = g->memory
    };

    g->status =
        ledger_Add_dispatch(g->app, ACTA_INIT(ledger_Add, .counter_id = S("a"), .amount = 1), &options, &g->error);
    return NULL;
}

/* Whatever has come as far as its middleware is answered, and its answer is read before all goes. */
static void
commands_of_many_threads_end_before_a_stop_does(void **state)
{
    enum { GUESTS = 8 };
    static const acta_middleware entering = { .name = "entering", .before = enter };
    static const acta_middleware *const middleware[] = { &entering, NULL };
    fixture *f = FIXTURE(state);
    pthread_t threads[GUESTS];
    guest guests[GUESTS];

    f->config.middleware = middleware;
    for (uint32_t round = 0; round < 4; round++) {
        start(f);
        memset(&door, 0, sizeof door);
        for (uint32_t i = 0; i < GUESTS; i++) {
            guests[i] = (guest){ .f = f, .app = f->app, .memory = acta_memory_create(NULL) };
            assert_int_equal(0, pthread_create(&threads[i], NULL, dispatch_one, &guests[i]));
        }
        stop_when_entered(f, GUESTS);
        for (uint32_t i = 0; i < GUESTS; i++) {
            pthread_join(threads[i], NULL);
            if (guests[i].status != ACTA_OK) fail_msg("%s", guests[i].error.text);
            assert_int_equal(guests[i].returned.event_count, 1);
            acta_memory_destroy(guests[i].memory);
        }
    }
    f->config.middleware = NULL;
    start(f);
    assert_int_equal(fold_counter(f, "a"), 4 * GUESTS);
}

/* From inside, it is refused, and nothing has ended. */
static acta_status stop_status;

static acta_next
stopper_cast(acta_self *self, void *state, acta_message *message)
{
    acta_app *app;

    (void)self, (void)state;
    memcpy(&app, message->payload, sizeof app);
    stop_status = acta_app_stop(app, STOP_MS, NULL);
    return ACTA_STOP;
}

static void
an_actor_cant_stop_what_it_runs_in(void **state)
{
    static const acta_behaviour stopper = { .name = "stopper", .handle_cast = stopper_cast };
    fixture *f = FIXTURE(state);
    acta_pid pid;

    start(f);
    acta_runtime *runtime = acta_app_runtime(f->app);
    MUST(f, acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &stopper }, &pid, &f->error));
    acta_message *message = acta_message_create(runtime, 1, sizeof f->app);
    memcpy(message->payload, &f->app, sizeof f->app);
    stop_status = ACTA_OK;
    assert_int_equal(acta_send(runtime, pid, message), ACTA_OK);
    while (acta_is_alive(runtime, pid))
        step(f);
    assert_int_equal(stop_status, ACTA_CALLING_SELF);
    add(f, "a", 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(a_stop_drains_and_takes_no_more),
        threaded(a_stop_waits_for_a_command_that_waits),
        threaded(a_stop_waits_for_what_is_done_with_an_answer),
        threaded(a_stop_waits_for_those_who_read),
        threaded(commands_of_many_threads_end_before_a_stop_does),
        manual(an_actor_cant_stop_what_it_runs_in),
    };
    return run_on_engines("stopping an application", tests);
}
