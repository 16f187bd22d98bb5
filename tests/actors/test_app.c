/*
 * The application as a whole: several in one process, a tree of the program's own beside its readers, and one over a store that
 * takes no writes.
 */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acta/gen_server.h"
#include "acta/readers.h"
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

static const acta_projection *const row_projections[] = { &ledger_rows.base, NULL };
static const acta_process_manager *const job_managers[] = { &ledger_jobs.base, NULL };

/* Two additions, of which the readers have seen one, and one that is to be made in a minute. */
static void
leave_a_store(fixture *f)
{
    f->config.projections = row_projections;
    f->config.process_managers = job_managers;
    start(f);
    add(f, "a", 5);
    settle(f);
    stop(f);
    f->config.projections = NULL;
    f->config.process_managers = NULL;
    start(f);
    add(f, "a", 6);
    MUST(f, ledger_Add_schedule(f->app, S("later"), ACTA_INIT(ledger_Add, .counter_id = S("a"), .amount = 1),
                ACTA_AFTER(60000), NULL, &f->error));
    stop(f);
    f->config.projections = row_projections;
    f->config.process_managers = job_managers;
}

/* All questions have an answer, every command is told, and readers are where they were. NULL; or what is otherwise. */
static const char *
what_is_wrong_with_a_degraded_one(fixture *f)
{
    acta_reader_info infos[2];
    ledger_CounterRow row;
    ledger_Counter then;

    if (!acta_app_only_reads(f->app)) return "it doesn't say that it only reads";
    if (strstr(f->log, "starts degraded") == NULL) return "the log says nothing";
    if (total_of(f, "a") != 11) return "the state is another";
    if (ledger_CounterRow_find(f->app, S("a"), &row, f->scratch, &f->error) != ACTA_OK) return f->error.text;
    if (row.total != 5) return "the row is another";
    acta_status status =
        ledger_Counter_read_at(acta_app_history(f->app), S("a"), acta_at_version(1), &then, f->scratch, &f->error);
    if (status != ACTA_OK || then.total != 5) return "the past is another";
    if (add_with(f, "a", 1, NULL) != ACTA_READ_ONLY || strstr(f->error.text, "read-only") == NULL) return f->error.text;
    if (add_with(f, "b", 1, NULL) != ACTA_READ_ONLY) return f->error.text;
    if (total_of(f, "a") != 11) return "a command that was refused has changed the state";
    pass_ms(f, 120000); /* what is due does not run */
    if (total_of(f, "a") != 11) return "the schedule ran";
    if (acta_app_readers(f->app, infos, 2) != 2) return "there are other readers";
    for (uint32_t i = 0; i < 2; i++) {
        if (infos[i].state != ACTA_READER_STALLED || infos[i].reason[0] == '\0') return "a reader says no reason";
        uint64_t seen = strcmp(infos[i].name, "rows") == 0 ? 1 : 2; /* nothing of the second is the process manager's */
        if (infos[i].passed != seen || infos[i].head != 2) return "a reader is elsewhere";
    }
    return NULL;
}

static void
expect_it_goes_on(fixture *f)
{
    ledger_CounterRow row;

    start(f);
    assert_false(acta_app_only_reads(f->app));
    pass_ms(f, 60000);
    settle(f);
    MUST(f, ledger_CounterRow_find(f->app, S("a"), &row, f->scratch, &f->error));
    assert_int_equal(row.total, 12);
    assert_int_equal(fold_counter(f, "a"), 12);
}

static void
over_a_store_that_is_read_only_all_can_be_read_and_nothing_written(void **state)
{
    fixture *f = FIXTURE(state);

    leave_a_store(f);
    f->config.store.read_only = true;
    start(f);
    const char *wrong = what_is_wrong_with_a_degraded_one(f);
    if (wrong != NULL) fail_msg("%s", wrong);
    stop(f);
    f->config.store.read_only = false;
    expect_it_goes_on(f);
}

enum { NOBODY_IS_THERE = 9 };

/* As somebody who isn't root, whom the modes of directories don't bind. */
static int
live_in_an_unwritable_directory(fixture *f)
{
    if (getuid() == 0 && setuid(65534) != 0) return NOBODY_IS_THERE;
    const char *wrong = try_start(f) == ACTA_OK ? what_is_wrong_with_a_degraded_one(f) : f->error.text;
    if (wrong == NULL && strstr(f->log, "can't be written to") == NULL) wrong = "the log doesn't say why";
    if (wrong == NULL && acta_app_stop(f->app, STOP_MS, &f->error) != ACTA_OK) wrong = f->error.text;
    f->app = NULL;
    strcpy(strrchr(f->path, '/'), "/none"); /* there is nothing to read here */
    if (wrong == NULL && try_start(f) == ACTA_OK) wrong = "it started without a store";
    if (wrong != NULL) fprintf(stderr, "%s\n", wrong);
    return wrong == NULL ? 0 : 1;
}

/* Nobody has said that it is to read only; but it can't be written. */
static void
over_a_directory_that_cant_be_written_it_starts_degraded(void **state)
{
    fixture *f = FIXTURE(state);
    char parent[256];
    int status;

    mode_t before = umask(022);
    leave_a_store(f);
    umask(before);
    strcpy(parent, f->path);
    *strrchr(parent, '/') = '\0';
    assert_int_equal(0, chmod(parent, 0755));
    assert_int_equal(0, chmod(f->path, 0555));
    pid_t child = fork();
    if (child == 0) _exit(live_in_an_unwritable_directory(f));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(0, chmod(f->path, 0755));
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NOBODY_IS_THERE) skip(); /* a namespace with root alone */
    assert_int_equal(WEXITSTATUS(status), 0);
    expect_it_goes_on(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        threaded(two_applications_of_the_same_names_know_nothing_of_each_other),
        manual(a_tree_of_the_program_runs_under_the_application),
        manual(over_a_store_that_is_read_only_all_can_be_read_and_nothing_written),
    };
    const struct CMUnitTest on_disk[] = {
        manual(over_a_directory_that_cant_be_written_it_starts_degraded),
    };
    return run_on_engines("app", tests) + run_on_rocksdb("app in a directory", on_disk);
}
