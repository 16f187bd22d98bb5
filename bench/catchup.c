/*
 * Catching up: how fast a projection that begins with the log makes its rows.
 *
 *     bench/catchup [--data DIR] [--seconds N] [ROW...]
 *
 *   catchup_own       the store's own read model, 10,000 rows that are written again and again
 *   catchup_distinct  … each event a row of its own
 *   catchup_sqlite    a file of SQLite, 10,000 rows (where SQLite is)
 *
 * The log has 200,000 events for each of --seconds (default 5), is written before and not counted, and lies in the system's
 * cache. Time runs from the start of the application until the projection has passed the head of the log. The sum of all rows is
 * compared with the log's.
 */
#include <argp.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acta/app.h"
#include "bank.acta.h"
#include "bench.h"

#ifdef BENCH_SQLITE
#include <sqlite3.h>

#include "acta/projection_sqlite.h"
#endif

enum { ACCOUNTS = 10000, PER_SECOND = 200000, PER_TRANSACTION = 500, SECONDS_DEFAULT = 5, PATH_SIZE = 512 };

typedef struct options {
    uint32_t seconds;
    const char *data_path;
    uint64_t chosen; /* rows; bench_choose */
} options;

typedef struct run {
    char path[PATH_SIZE], file[PATH_SIZE + 16];
    uint64_t event_count;
    bool is_distinct;
    int64_t sum;        /* of all amounts */
    uint64_t row_count; /* that were found */
    int64_t found;      /* their sum */
} run;

/* -- the log -- */

static void
account_of(const run *r, uint64_t number, char *text, size_t size)
{
    snprintf(text, size, "account-%09" PRIu64, r->is_distinct ? number : number % ACCOUNTS);
}

static void
append(acta_transaction *transaction, run *r, uint64_t number, acta_memory *memory)
{
    char id[32], stream[48];
    acta_memory_sink sink = acta_memory_sink_of(memory);
    acta_error error;

    account_of(r, number, id, sizeof id);
    snprintf(stream, sizeof stream, "Account-%s", id);
    const bank_MoneyDeposited deposited = { .account_id = acta_str_of(id), .amount = (int64_t)(number % 7) + 1 };
    bench_must(bank_MoneyDeposited_write(&deposited, &sink.sink, &error), &error);
    const acta_event event = { .type = acta_str_of(bank_MoneyDeposited_table.name),
        .schema_hash = bank_MoneyDeposited_table.schema_hash,
        .payload = sink.bytes };
    acta_transaction_append(transaction, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
    r->sum += deposited.amount;
}

static acta_app *
start(const run *r, const acta_projection *const *projections)
{
    const acta_app_config config = { .data_path = r->path, .schema = &bank_schema, .projections = projections };
    acta_error error;
    acta_app *app;

    bench_must(acta_app_start(&config, &app, &error), &error);
    return app;
}

static void
write_log(run *r)
{
    acta_app *app = start(r, NULL); /* the log knows the schema */
    acta_memory *memory = acta_memory_create(NULL);
    acta_error error;

    for (uint64_t number = 0; number < r->event_count;) {
        acta_transaction *transaction = acta_transaction_create(acta_app_store(app));
        for (uint32_t i = 0; i < PER_TRANSACTION && number < r->event_count; i++)
            append(transaction, r, number++, memory);
        bench_must(acta_store_commit(acta_app_store(app), transaction, NULL, &error), &error);
        acta_memory_clear(memory);
    }
    acta_memory_destroy(memory);
    bench_must(acta_app_stop(app, 60000, &error), &error);
}

/* -- catching up -- */

static void
catch_up(run *r, const char *row, const acta_projection *projection)
{
    const acta_projection *const projections[] = { projection, NULL };
    const struct timespec pause = { .tv_nsec = 1000000 };
    acta_reader_info info;
    acta_error error;

    uint64_t begun_ns = bench_now_ns();
    acta_app *app = start(r, projections);
    while (acta_app_readers(app, &info, 1) == 1 && info.passed < r->event_count)
        nanosleep(&pause, NULL);
    double seconds = (double)(bench_now_ns() - begun_ns) / 1e9;
    bench_expect(info.parked == 0);
    bench_must(acta_app_stop(app, 60000, &error), &error);
    bench_report(row, "rate", (double)r->event_count / seconds, "per_second");
}

static int
remove_entry(const char *path, const struct stat *s, int flag, struct FTW *ftw)
{
    (void)s;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void
begin(run *r, const options *o, const char *row, bool is_distinct)
{
    *r = (run){ .event_count = (uint64_t)o->seconds * PER_SECOND, .is_distinct = is_distinct };
    mkdir(o->data_path, 0777);
    snprintf(r->path, sizeof r->path, "%s/%s-%d", o->data_path, row, (int)getpid());
    snprintf(r->file, sizeof r->file, "%s/rows.db", r->path);
    write_log(r);
}

static void
end(const run *r)
{
    bench_expect(r->found == r->sum);
    bench_expect(r->row_count == (r->is_distinct ? r->event_count : ACCOUNTS));
    nftw(r->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* -- the store's own read model -- */

static acta_status
add_to_row(void *user, bank_MoneyDeposited event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    bank_AccountRow row = { .balance = 0 };
    (void)user;
    (void)recorded;

    acta_status status = bank_AccountRow_get(rows, event.account_id, &row, error);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    row.account_id = event.account_id;
    row.balance += event.amount;
    return bank_AccountRow_put(rows, row, error);
}

static bool
take_row(void *user, const bank_AccountRow *row)
{
    run *r = user;

    r->row_count++;
    r->found += row->balance;
    return true;
}

static void
run_own(const options *o, const char *row, bool is_distinct)
{
    const bank_projection projection = BANK_PROJECTION(.name = "catchup", .on = { .MoneyDeposited = add_to_row });
    acta_error error;
    run r;

    begin(&r, o, row, is_distinct);
    catch_up(&r, row, &projection.base);
    acta_app *app = start(&r, NULL);
    bench_must(bank_AccountRow_each(app, acta_str_of(""), take_row, &r, &error), &error);
    bench_must(acta_app_stop(app, 60000, &error), &error);
    end(&r);
}

static void
catchup_own(const options *o)
{
    run_own(o, "catchup_own", false);
}

static void
catchup_distinct(const options *o)
{
    run_own(o, "catchup_distinct", true);
}

/* -- SQLite -- */

#ifdef BENCH_SQLITE

static acta_status
make_tables(void *user, sqlite3 *db, acta_error *error)
{
    (void)user;
    return acta_sqlite_execute(
        db, "CREATE TABLE IF NOT EXISTS balances (id TEXT PRIMARY KEY, balance INTEGER) WITHOUT ROWID", error);
}

static acta_status
add_in_sqlite(void *user, bank_MoneyDeposited event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    sqlite3_stmt *add;
    (void)user;
    (void)recorded;

    acta_status status = acta_sqlite_statement(rows,
        "INSERT INTO balances VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET balance = balance + ?2", &add, error);
    if (status != ACTA_OK) return status;
    sqlite3_bind_text(add, 1, event.account_id.data, (int)event.account_id.size, SQLITE_STATIC);
    sqlite3_bind_int64(add, 2, event.amount);
    return acta_sqlite_run(add, error);
}

static void
catchup_sqlite(const options *o)
{
    bank_projection projection = BANK_PROJECTION(.name = "catchup", .on = { .MoneyDeposited = add_in_sqlite });
    acta_sqlite database = ACTA_SQLITE(.prepare = make_tables);
    sqlite3_stmt *sums = NULL;
    sqlite3 *db = NULL;
    run r;

    begin(&r, o, "catchup_sqlite", false);
    database.path = r.file;
    projection.database = &database.base;
    catch_up(&r, "catchup_sqlite", &projection.base);
    bench_expect(sqlite3_open(r.file, &db) == SQLITE_OK);
    bench_expect(sqlite3_prepare_v2(db, "SELECT count(*), sum(balance) FROM balances", -1, &sums, NULL) == SQLITE_OK);
    bench_expect(sqlite3_step(sums) == SQLITE_ROW);
    r.row_count = (uint64_t)sqlite3_column_int64(sums, 0);
    r.found = sqlite3_column_int64(sums, 1);
    sqlite3_finalize(sums);
    sqlite3_close(db);
    end(&r);
}

#endif

/* -- what is asked for -- */

static const struct {
    const char *name;
    void (*run)(const options *o);
} rows[] = {
    { "catchup_own", catchup_own },
    { "catchup_distinct", catchup_distinct },
#ifdef BENCH_SQLITE
    { "catchup_sqlite", catchup_sqlite },
#endif
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static error_t
parse(int key, char *value, struct argp_state *state)
{
    options *o = state->input;

    switch (key) {
    case 's':
        o->seconds = bench_number("--seconds", value, 1, BENCH_SECONDS_MAX, state);
        return 0;
    case 'd':
        o->data_path = value;
        return 0;
    case ARGP_KEY_ARG:
        bench_choose(&o->chosen, rows, value, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
main(int argc, char **argv)
{
    static const struct argp_option option_list[] = {
        { "seconds", 's', "N", 0, "200,000 events of the log for each (default: 5)", 0 },
        { "data", 'd', "DIR", 0, "Where the disk is that is measured (default: ./bench-data)", 0 },
        { 0 },
    };
    const struct argp argp = { option_list, parse, "[ROW...]",
        "Projections that catch up. Rows (default: all): catchup_own catchup_distinct catchup_sqlite", NULL, NULL,
        NULL };
    options o = { .seconds = SECONDS_DEFAULT, .data_path = "bench-data" };

    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    for (uint32_t i = 0; i < ROW_COUNT; i++)
        if (bench_is_chosen(o.chosen, i)) rows[i].run(&o);
    rmdir(o.data_path); /* if nobody else uses it */
    return 0;
}
