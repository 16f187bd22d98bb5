/*
 * The application as a whole: several in one process, a tree of the program's own beside its readers, one over a store that
 * takes no writes, and a stop that lets end what is under way.
 */
#include "acta/gen_server.h"
#include "acta/tree.h"
#include "fixture.h"

/* -- several -- */

/* AP-50: two applications in one process, with the same names in all: no command, event or state of one is the other's. */
static void
two_applications_of_the_same_names_know_nothing_of_each_other(void **state)
{
    static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
    static const acta_projection *const projections[] = { &ledger_rows.base, NULL };
    fixture *f = FIXTURE(state);
    acta_disk *disk = acta_disk_create(NULL);
    acta_app *first, *second;
    ledger_CounterRow row;

    f->config.process_managers = managers;
    f->config.projections = projections;
    start(f);
    first = f->app;
    acta_app_config config = f->config;
    config.environment = &f->environment;
    config.data_path = NULL;
    config.store.engine = acta_memory_engine(disk);
    MUST(f, acta_app_start(&config, &second, &f->error));

    add(f, "a", 5);
    MUST(f, start_job(f, "j", (const char *const[]){ "a" }, 1, 1));
    settle(f);
    f->app = second;
    assert_int_equal(version_of(f, "Counter-a"), 0);
    assert_int_equal(total_of(f, "a"), 0);
    MUST(f,
        ledger_Add_dispatch(second, ACTA_INIT(ledger_Add, .counter_id = S("a"), .amount = 50), &patiently, &f->error));
    settle(f);
    assert_int_equal(total_of(f, "a"), 50);
    assert_int_equal(count_events(f, &ledger_JobEnded_table, NULL), 0);
    MUST(f, ledger_CounterRow_find(second, S("a"), &row, f->scratch, &f->error));
    assert_int_equal(row.total, 50);
    MUST(f, acta_app_stop(second, STOP_MS, &f->error));

    f->app = first; /* and the other's end is nothing to it */
    assert_int_equal(total_of(f, "a"), 6);
    assert_int_equal(count_events(f, &ledger_JobEnded_table, NULL), 1);
    MUST(f, ledger_CounterRow_find(first, S("a"), &row, f->scratch, &f->error));
    assert_int_equal(row.total, 6);
    add(f, "a", 1);
    stop(f);
    acta_disk_destroy(disk);
}

/* -- a tree of the program's own -- */

static _Atomic uint32_t begun, ended;

static acta_status
worker_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    (void)self, (void)state, (void)argument, (void)error;
    atomic_fetch_add(&begun, 1);
    return ACTA_OK;
}

static acta_next
worker_cast(acta_self *self, void *state, acta_message *message)
{
    (void)state, (void)message;
    acta_fail(self, "as it was told");
}

static void
worker_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    (void)self, (void)state, (void)reason;
    atomic_fetch_add(&ended, 1);
}

static const acta_behaviour worker = {
    .name = "worker", .init = worker_init, .handle_cast = worker_cast, .terminate = worker_terminate
};

/* Its children run under the application, come back when they fail, take nothing of it with them, and end with it. */
static void
a_tree_of_the_program_runs_under_the_application(void **state)
{
    static const char text[] = "strategy: one_for_one\n"
                               "intensity: 1\n"
                               "children:\n"
                               "  - { id: first, name: first, behaviour: worker }\n"
                               "  - { id: second, behaviour: worker }\n";
    static const acta_tree_behaviour behaviours[] = { { .behaviour = &worker } };
    const acta_tree_registry registry = { .behaviours = behaviours, .behaviour_count = 1 };
    fixture *f = FIXTURE(state);
    acta_tree *tree;

    atomic_store(&begun, 0);
    atomic_store(&ended, 0);
    MUST(f, acta_tree_load(&registry, S(text), "tree.yaml", &tree, &f->error));
    f->config.tree = acta_tree_options(tree);
    start(f);
    assert_int_equal(atomic_load(&begun), 2);
    for (uint32_t i = 0; i < 4; i++) { /* more often than its own supervisor bears */
        acta_pid pid;
        while ((pid = acta_whereis(acta_app_runtime(f->app), S("first"))).value == 0)
            step(f);
        acta_send(acta_app_runtime(f->app), pid, acta_message_create(acta_app_runtime(f->app), 1, 0));
        while (acta_is_alive(acta_app_runtime(f->app), pid))
            step(f);
        add(f, "a", 1);
    }
    while (acta_whereis(acta_app_runtime(f->app), S("first")).value == 0)
        step(f);
    assert_true(atomic_load(&begun) >= 2 + 4);
    assert_int_equal(fold_counter(f, "a"), 4);
    assert_true(acta_is_alive(acta_app_runtime(f->app), acta_app_tree(f->app)));
    stop(f);
    assert_int_equal(atomic_load(&begun), atomic_load(&ended));
    acta_tree_destroy(tree);
}

/* -- a store that takes no writes -- */

/* What is there can be read; commands are told, and readers say why they stand. */
static void
over_a_store_that_is_read_only_all_can_be_read_and_nothing_written(void **state)
{
    static const acta_projection *const projections[] = { &ledger_rows.base, NULL };
    fixture *f = FIXTURE(state);
    ledger_CounterRow row;

    f->config.projections = projections;
    start(f);
    add(f, "a", 5);
    settle(f);
    stop(f);
    f->config.projections = NULL;
    start(f);
    add(f, "a", 6); /* which the projection has not seen */
    stop(f);

    f->config.projections = projections;
    f->config.store.read_only = true;
    start(f);
    assert_int_equal(total_of(f, "a"), 11);
    MUST(f, ledger_CounterRow_find(f->app, S("a"), &row, f->scratch, &f->error));
    assert_int_equal(row.total, 5);
    assert_int_equal(add_with(f, "a", 1, NULL), ACTA_READ_ONLY);
    assert_non_null(strstr(f->error.text, "read"));
    assert_int_equal(add_with(f, "b", 1, NULL), ACTA_READ_ONLY);
    assert_int_equal(total_of(f, "a"), 11);
    run_all(f);
    acta_reader_info info = reader_info(f, "rows");
    assert_int_equal(info.state, ACTA_READER_STALLED);
    assert_string_not_equal(info.reason, "");
    stop(f);

    f->config.store.read_only = false; /* and goes on when it may */
    start(f);
    settle(f);
    MUST(f, ledger_CounterRow_find(f->app, S("a"), &row, f->scratch, &f->error));
    assert_int_equal(row.total, 11);
    add(f, "a", 1);
    assert_int_equal(fold_counter(f, "a"), 12);
}

/* -- stopping -- */

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        threaded(two_applications_of_the_same_names_know_nothing_of_each_other),
        manual(a_tree_of_the_program_runs_under_the_application),
        manual(over_a_store_that_is_read_only_all_can_be_read_and_nothing_written),
        manual(a_stop_drains_and_takes_no_more),
    };
    return run_on_engines("app", tests);
}
