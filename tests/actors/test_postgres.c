/*
 * Projections into PostgreSQL, over a server of the test's own: rows and position in one transaction, whatever the server does
 * and wherever the process dies. Skipped, and says so, where the server is not installed.
 */
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acta/projection_postgres.h"
#include "fixture.h"

enum { SKIPPED = 77, PATIENCE_MS = 300000 };

/* -- the server: in a folder of its own, on a socket there -- */

static char folder[64], programs[200], conninfo[200];
static pid_t server;

/* As root it would not run: then as the user that its package has made. */
static pid_t
run_program(const char *program, const char *const *arguments)
{
    const char *all[24] = { "setpriv", "--pdeathsig=QUIT" };
    char path[300];
    size_t count = 2;

    snprintf(path, sizeof path, "%s/%s", programs, program);
    if (getuid() == 0) {
        all[count++] = "--reuid=postgres";
        all[count++] = "--regid=postgres";
        all[count++] = "--clear-groups";
    }
    for (all[count++] = path; *arguments != NULL; arguments++)
        all[count++] = *arguments;
    pid_t child = fork();
    if (child != 0) return child;
    if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL) _exit(126);
    execvp(all[0], (char *const *)(uintptr_t)all);
    _exit(127);
}

static bool
start_server(void)
{
    char data[100];
    snprintf(data, sizeof data, "%s/data", folder);
    const char *const arguments[] = { "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c",
        "autovacuum=off", "-c", "shared_buffers=16MB", NULL };

    server = run_program("postgres", arguments);
    for (int i = 0; PQping(conninfo) != PQPING_OK; i++) {
        if (i == PATIENCE_MS / 10 || waitpid(server, NULL, WNOHANG) != 0) return false;
        usleep(10000);
    }
    return true;
}

static void
stop_server(void)
{
    if (server == 0) return;
    kill(server, SIGQUIT); /* at once: connections break */
    waitpid(server, NULL, 0);
    server = 0;
}

static bool
find_programs(void)
{
    glob_t found;
    bool is_there = glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0;

    if (is_there) snprintf(programs, sizeof programs, "%.*s", (int)(strlen(found.gl_pathv[0]) - 7), found.gl_pathv[0]);
    globfree(&found);
    return is_there && (getuid() != 0 || getpwnam("postgres") != NULL);
}

static int
set_up_server(void)
{
    char data[100];
    int status;

    snprintf(folder, sizeof folder, "/tmp/acta-postgres-XXXXXX");
    if (mkdtemp(folder) == NULL) return -1;
    if (getuid() == 0 && chown(folder, getpwnam("postgres")->pw_uid, getpwnam("postgres")->pw_gid) != 0) return -1;
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(conninfo, sizeof conninfo, "host=%s user=postgres dbname=postgres", folder);
    const char *const arguments[] = { "-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "--no-locale", "-E",
        "UTF8", NULL };
    waitpid(run_program("initdb", arguments), &status, 0);
    if (status != 0) return -1;
    return start_server() ? 0 : -1;
}

static int
tear_down_server(void)
{
    char command[100];

    stop_server();
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* -- the projection -- */

static acta_postgres database;
static ledger_projection projection;
static const acta_projection *const projections[] = { &projection.base, NULL };
static PGconn *outside;
static uint32_t failures;

static acta_status
make_tables(void *user, PGconn *pg, acta_error *error)
{
    (void)user;
    return acta_postgres_execute(pg,
        "CREATE TABLE IF NOT EXISTS counters (id text PRIMARY KEY, total bigint NOT NULL, additions bigint NOT NULL)",
        error);
}

static acta_status
added(void *user, ledger_Added event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    const acta_postgres_value values[] = { acta_postgres_text(event.counter_id), acta_postgres_bigint(event.amount) };
    (void)user;
    (void)recorded;

    assert_non_null(acta_postgres_of(rows));
    acta_status status = acta_postgres_run(rows,
        "INSERT INTO counters VALUES ($1, $2, 1) ON CONFLICT (id) DO UPDATE "
        "SET total = counters.total + EXCLUDED.total, additions = counters.additions + 1",
        values, 2, error);
    if (status != ACTA_OK || !acta_str_equal(event.counter_id, S("bad")) || failures == 0) return status;
    failures--;
    if (failures % 2 == 0) return acta_error_set(error, ACTA_INVALID, "it is full moon");
    return acta_postgres_run(rows, "INSERT INTO counters VALUES ('bad', 0, 0)", NULL, 0, error);
}

/* The first column of the first row; 0: there is none. */
static int64_t
number_of(const char *sql)
{
    PGresult *result = PQexec(outside, sql);
    int64_t number = PQntuples(result) > 0 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;

    PQclear(result);
    return number;
}

static int64_t
number_about(const char *column, const char *id)
{
    char sql[120];

    snprintf(sql, sizeof sql, "SELECT %s FROM counters WHERE id = '%s'", column, id);
    return number_of(sql);
}

static int64_t
position(void)
{
    return number_of("SELECT position FROM acta_positions WHERE name = 'counters'");
}

static int
set_up_database(void **state)
{
    database = (acta_postgres)ACTA_POSTGRES(.connection = conninfo, .prepare = make_tables);
    projection = (ledger_projection)LEDGER_PROJECTION(.name = "counters", .on = { .Added = added });
    projection.database = &database.base;
    failures = 0;
    outside = PQconnectdb(conninfo);
    PQclear(PQexec(outside, "DROP TABLE IF EXISTS counters, acta_positions"));
    return set_up_manual(state);
}

static int
tear_down_database(void **state)
{
    int status = tear_down(state);

    PQfinish(outside);
    return status;
}
#define with_database(test) cmocka_unit_test_setup_teardown(test, set_up_database, tear_down_database)

/* A connection that was closed is gone some time later; the clock of these tests is none that it would keep to. */
static void
start_projecting(fixture *f)
{
    for (int i = 0; number_of("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") > 0; i++) {
        if (i == PATIENCE_MS / 10) fail_msg("the last connection has never gone");
        usleep(10000);
    }
    f->config.projections = projections;
    start(f);
}

static void
expect_exact(fixture *f)
{
    static const char *const ids[] = { "a", "b", "bad" };
    int64_t limit = position();

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        acta_read read = { .from = 1 };
        acta_recorded recorded;
        acta_cursor *cursor;
        int64_t total = 0, additions = 0;
        MUST(f, acta_cursor_open(acta_app_store(f->app), &read, &cursor, &f->error));
        while (acta_cursor_next(cursor, &recorded, &f->error) == ACTA_OK && (int64_t)recorded.position <= limit) {
            ledger_Added event;
            ledger_Added_decode(recorded.payload, &event);
            if (!acta_str_equal(event.counter_id, acta_str_of(ids[i]))) continue;
            total += event.amount;
            additions++;
        }
        acta_cursor_close(cursor);
        assert_int_equal(number_about("total", ids[i]), total);
        assert_int_equal(number_about("additions", ids[i]), additions);
    }
}

static void
expect_all(fixture *f)
{
    assert_int_equal(position(), acta_store_head(acta_app_store(f->app)));
    expect_exact(f);
    assert_int_equal(count_rows(f, "parked"), 0);
}

static void
rows_are_in_the_database(void **state)
{
    static const char *const wait_for[] = { "counters", NULL };
    fixture *f = FIXTURE(state);

    start_projecting(f);
    for (int i = 1; i <= 5; i++) {
        MUST(f, add_with(f, "a", 2, &(acta_dispatch_options){ .wait_for = wait_for }));
        assert_int_equal(number_about("total", "a"), 2 * i);
    }
    stop(f);
    start_projecting(f);
    add(f, "b", -1);
    settle(f);
    expect_all(f);
}

/* AP-33: the application dies between steps; the database has the fold up to its position. */
static void
rows_are_the_fold_wherever_the_process_dies(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    projection.window = 3;
    for (uint32_t steps = 0; !finished; steps += 9) {
        answer answers[8] = { { 0 } };
        start_projecting(f);
        for (int i = 0; i < 8; i++)
            add_async(f, i % 2 ? "a" : "b", 0, NULL, &answers[i]);
        uint32_t taken = 0;
        while (taken < steps && step(f))
            taken++;
        expect_exact(f);
        finished = taken < steps;
        crash(f);
        assert_true(steps < 1000);
    }
    start_projecting(f);
    settle(f);
    expect_all(f);
}

/* AP-34: the server goes, is waited for, and comes. */
static void
a_server_that_is_down_is_waited_for(void **state)
{
    fixture *f = FIXTURE(state);

    start_projecting(f);
    add(f, "a", 1);
    settle(f);
    stop_server();
    for (int i = 0; i < 5; i++)
        add(f, "a", 1);
    pass_ms(f, 1000);
    acta_reader_info info = reader_info(f, "counters");
    assert_int_equal(info.state, ACTA_READER_RETRYING);
    assert_int_equal(info.parked, 0);
    assert_true(info.passed < acta_store_head(acta_app_store(f->app)));
    assert_true(start_server());
    PQfinish(outside);
    outside = PQconnectdb(conninfo);
    settle(f);
    expect_all(f);
    assert_int_equal(number_about("additions", "a"), 6);
}

static void
an_event_that_fails_is_set_aside_and_done_once(void **state)
{
    fixture *f = FIXTURE(state);
    answer answers[12] = { { 0 } };

    failures = 4;
    start_projecting(f);
    for (int i = 0; i < 12; i++)
        add_async(f, i % 3 == 0 ? "bad" : "a", 1, NULL, &answers[i]);
    run_all(f);
    assert_int_equal(number_about("additions", "a"), 8);
    assert_int_equal(number_about("additions", "bad"), 0);
    assert_int_equal(count_rows(f, "parked"), 4);
    settle(f);
    expect_all(f);
    assert_int_equal(number_about("additions", "bad"), 4);
}

/* Who comes second waits; a position that was moved all the same is noticed. */
static void
one_connection_projects_at_a_time(void **state)
{
    static const char *const lock = "SELECT pg_advisory_lock(hashtextextended('acta projection counters', 0))";
    fixture *f = FIXTURE(state);

    f->config.projections = projections;
    PQclear(PQexec(outside, lock));
    start(f);
    add(f, "a", 1);
    pass_ms(f, 1000);
    assert_int_equal(reader_info(f, "counters").state, ACTA_READER_RETRYING);
    assert_non_null(strstr(reader_info(f, "counters").reason, "another connection projects 'counters'"));
    PQclear(PQexec(outside, "SELECT pg_advisory_unlock_all()"));
    settle(f);
    expect_all(f);
}

static void
run_outside(const char *sql)
{
    PGresult *result = PQexec(outside, sql);

    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s\n%s", sql, PQerrorMessage(outside));
    PQclear(result);
}

/* ES-42: the connection is cut, and its lock goes to another program, which moves on. Who had it delivers nothing before it
 * has the lock again, and nothing twice. */
static void
who_has_lost_the_lock_delivers_nothing(void **state)
{
    fixture *f = FIXTURE(state);

    start_projecting(f);
    add(f, "a", 1);
    settle(f);
    run_outside("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
    run_outside(
        "SELECT pg_advisory_lock(hashtextextended('acta projection counters', 0))"); /* waits for the old holder */
    for (int i = 0; i < 3; i++)
        add(f, "a", 1);
    pass_ms(f, 1000);
    assert_int_equal(reader_info(f, "counters").state, ACTA_READER_RETRYING);
    assert_int_equal(number_about("additions", "a"), 1);
    assert_int_equal(position(), 1);
    run_outside("BEGIN; UPDATE counters SET total = total + 1, additions = additions + 1 WHERE id = 'a'; "
                "UPDATE acta_positions SET position = position + 1 WHERE name = 'counters'; COMMIT");
    pass_ms(f, 1000);
    assert_int_equal(number_about("additions", "a"), 2);
    run_outside("SELECT pg_advisory_unlock_all()");
    settle(f);
    expect_all(f);
    assert_int_equal(number_about("additions", "a"), 4);
    assert_int_equal(reader_info(f, "counters").parked, 0);
}

/* SEC-09: what clients call their things, and what a projection is called, is a value wherever it comes. */
static void
names_are_no_sql(void **state)
{
    static const char *const ids[] = { "'; DROP TABLE counters; --", "a' OR '1'='1", "%", "_", "\\", "$1", "\"", "a b",
        "\xc3\xa9\xe2\x82\xac", "{a,b}", "E'\\x41'" };
    enum { IDS = sizeof ids / sizeof ids[0] };
    static const char *const name = "c'; DROP TABLE acta_positions; --\"%_\\$1";
    fixture *f = FIXTURE(state);

    projection.base.name = name;
    start_projecting(f);
    for (int turn = 0; turn < 2; turn++)
        for (int i = 0; i < IDS; i++)
            add(f, ids[i], i + 1);
    settle(f);
    assert_int_equal(number_of("SELECT count(*) FROM counters"), IDS);
    assert_int_equal(number_of("SELECT sum(additions) FROM counters"), 2 * IDS);
    for (int i = 0; i < IDS; i++) {
        PGresult *result =
            PQexecParams(outside, "SELECT total FROM counters WHERE id = $1", 1, NULL, &ids[i], NULL, NULL, 0);
        assert_int_equal(PQntuples(result), 1);
        assert_int_equal(strtoll(PQgetvalue(result, 0, 0), NULL, 10), 2 * (i + 1));
        PQclear(result);
    }
    PGresult *result =
        PQexecParams(outside, "SELECT position FROM acta_positions WHERE name = $1", 1, NULL, &name, NULL, NULL, 0);
    assert_int_equal(PQntuples(result), 1);
    assert_int_equal(strtoll(PQgetvalue(result, 0, 0), NULL, 10), 2 * IDS);
    PQclear(result);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_database(rows_are_in_the_database),
        with_database(rows_are_the_fold_wherever_the_process_dies),
        with_database(a_server_that_is_down_is_waited_for),
        with_database(an_event_that_fails_is_set_aside_and_done_once),
        with_database(one_connection_projects_at_a_time),
        with_database(who_has_lost_the_lock_delivers_nothing),
        with_database(names_are_no_sql),
    };

    if (!find_programs()) {
        puts(
            "SKIPPED: no PostgreSQL server is installed here (package postgresql): projections into it are NOT tested");
        return SKIPPED;
    }
    if (set_up_server() != 0) {
        tear_down_server();
        fputs("no server could be set up\n", stderr);
        return 1;
    }
    int failed = run_on_memory("projections into PostgreSQL", tests);
    return tear_down_server() != 0 || failed != 0;
}
