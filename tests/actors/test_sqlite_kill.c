/*
 * A process that projects into SQLite is killed between any two steps of its transaction: in a function of the projection,
 * before the commit, behind it. What it leaves is looked at by this one: rows are the fold of the log up to the position that
 * the file says, exactly; and in the end all of the log.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counters_db.h"
#include "fixture.h"

enum { EVENTS = 40, COUNTERS = 4 };

/* -- the child -- */

static struct {
    char place; /* 'f' in a function, 'c' before a commit, 'w' behind one, '-' nowhere */
    int left;
} killing;

static void
pass(char place)
{
    if (place == killing.place && --killing.left == 0) raise(SIGKILL);
}

static acta_status
in_function(acta_rows *rows, const ledger_Added *event, acta_error *error)
{
    (void)rows;
    (void)event;
    (void)error;
    pass('f');
    return ACTA_OK;
}

static int
before_commit(void *user)
{
    (void)user;
    pass('c');
    return 0;
}

static int
behind_commit(void *user, sqlite3 *db, const char *name, int pages)
{
    (void)user;
    pass('w');
    return pages > 1000 ? sqlite3_wal_checkpoint(db, name) : SQLITE_OK;
}

static void
set_hooks(sqlite3 *db)
{
    sqlite3_commit_hook(db, before_commit, NULL);
    sqlite3_wal_hook(db, behind_commit, NULL);
}

/* Dispatch from where the log ends, and be killed on the way. */
static int
run_child(const char *data, const char *file, const char *place)
{
    acta_sqlite database = ACTA_SQLITE(.path = file, .prepare = counters_prepare);
    ledger_projection projection = counters_projection;
    const acta_projection *const projections[] = { &projection.base, NULL };
    acta_app_config config = {
        .data_path = data, .schema = &ledger_schema, .aggregates = ledger_aggregates, .projections = projections
    };
    acta_error error;
    acta_app *app;

    killing.place = place[0];
    killing.left = atoi(place + 1);
    counters_hook = (counters_hooks){ .opened = set_hooks, .added = in_function };
    projection.database = &database.base;
    projection.window = 5;
    config.store.memory_bytes = 16 << 20;
    acta_status status = acta_app_start(&config, &app, &error);
    for (uint64_t i = status == ACTA_OK ? acta_store_head(acta_app_store(app)) : EVENTS; i < EVENTS; i++) {
        char id[8];
        snprintf(id, sizeof id, "c%u", (unsigned)(i % COUNTERS));
        ledger_Add command = { .counter_id = acta_str_of(id), .amount = (int64_t)(i % 3) };
        if (status == ACTA_OK) status = ledger_Add_dispatch(app, command, &patiently, &error);
    }
    if (status == ACTA_OK) status = acta_app_settle(app, SETTLE_MS, &error);
    if (status == ACTA_OK) status = acta_app_stop(app, STOP_MS, &error);
    if (status != ACTA_OK) fprintf(stderr, "%s\n", error.text);
    return status != ACTA_OK;
}

/* -- the observer -- */

static bool
is_killed(const char *data, const char *file, const char *place)
{
    int status;
    pid_t child = fork(); /* a program of its own: threads do not survive it */

    if (child == 0) {
        execl("/proc/self/exe", "child", "child", data, file, place, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(child, waitpid(child, &status, 0));
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return true;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return false;
}

static int64_t
expect_exact(fixture *f, const char *file)
{
    acta_store_config config = { .path = f->path, .memory_bytes = 16 << 20 };
    acta_read read = { .from = 1 };
    counters_row folded[COUNTERS] = { { 0 } };
    acta_recorded recorded;
    acta_cursor *cursor;
    acta_store *store;
    sqlite3 *db;

    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    int64_t position = counters_position(db, "counters");
    MUST(f, acta_store_open(&config, &store, &f->error));
    MUST(f, acta_cursor_open(store, &read, &cursor, &f->error));
    assert_true(position <= (int64_t)acta_store_head(store));
    while (acta_cursor_next(cursor, &recorded, &f->error) == ACTA_OK && (int64_t)recorded.position <= position) {
        ledger_Added event;
        ledger_Added_decode(recorded.payload, &event);
        counters_row *row = &folded[event.counter_id.data[1] - '0'];
        row->total += event.amount;
        row->additions++;
    }
    acta_cursor_close(cursor);
    acta_store_close(store);
    for (int i = 0; i < COUNTERS; i++) {
        char id[8];
        snprintf(id, sizeof id, "c%d", i);
        counters_row row = counters_find(db, id);
        assert_int_equal(row.total, folded[i].total);
        assert_int_equal(row.additions, folded[i].additions);
    }
    sqlite3_close(db);
    return position;
}

/* AP-33: by SIGKILL, over RocksDB and a file. */
static void
rows_and_position_survive_a_kill_together(void **state)
{
    static const char *const places[] = { "f1", "c2", "w2", "f7", "c2", "-" };
    fixture *f = FIXTURE(state);
    char file[300];
    uint32_t kills = 0;

    snprintf(file, sizeof file, "%.*s/counters.db", (int)(strrchr(f->path, '/') - f->path), f->path);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (is_killed(f->path, file, places[i])) kills++;
        int64_t position = expect_exact(f, file);
        if (places[i][0] == '-') assert_int_equal(position, EVENTS);
    }
    assert_int_equal(kills, sizeof places / sizeof places[0] - 1);
}

int
main(int count, char **arguments)
{
    if (count == 5 && strcmp(arguments[1], "child") == 0) return run_child(arguments[2], arguments[3], arguments[4]);
    const struct CMUnitTest tests[] = { threaded(rows_and_position_survive_a_kill_together) };
    return run_on_rocksdb("projections into SQLite, killed", tests);
}
