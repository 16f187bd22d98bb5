/*
 * Orders that make rows anew: reset, rebuild, and calling one off; and a rebuild that is under way when the application stops.
 */
#include "http.h"

#include <ftw.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "scratch.h"

#define BOTH "tables=bank.AccountRow,bank.CustomerRow"

static void
expect_balance(fixture *f, int balance)
{
    char text[64];

    assert_int_equal(get(f, "/read-models/bank.AccountRow?key=alice"), 200);
    snprintf(text, sizeof text, "\"balance\": %d", balance);
    body_has(f, text);
}

/* Until the row has it: the reader goes on by itself. */
static void
await_balance(fixture *f, int balance)
{
    char text[64];
    int status;

    snprintf(text, sizeof text, "\"balance\": %d", balance);
    do
        status = get(f, "/read-models/bank.AccountRow?key=alice");
    while (status == 404 || (status == 200 && strstr(f->last.body, text) == NULL));
    assert_int_equal(status, 200);
}

static void
rows_are_rebuilt_by_order(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    open_account(f, "alice", 17);
    await_balance(f, 17);
    assert_int_equal(
        ask(f, "POST", "/handlers/accounts/rebuild?" BOTH, "Content-Type: application/json\r\n", "{}"), 403);
    assert_int_equal(ask_inside(f, "POST", "/handlers/accounts/rebuild?" BOTH "&by=anna&why=another+way"), 200);
    assert_string_equal(f->last.body, "{\"name\":\"accounts\"}");
    expect_balance(f, 17);
    assert_int_equal(ask_inside(f, "POST", "/handlers/accounts/cancel-rebuild"), 404);
    assert_int_equal(get(f, "/handlers"), 200);
    assert_null(strstr(f->last.body, "\"rebuilt\""));
}

static void
rows_are_reset_by_order(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    open_account(f, "alice", 17);
    await_balance(f, 17);
    assert_int_equal(ask_inside(f, "POST", "/handlers/accounts/reset?" BOTH), 200);
    await_balance(f, 17); /* once, and not twice */
}

static void
what_is_made_anew_must_be_told(void **state)
{
    fixture *f = FIXTURE(state);
    char path[2048] = "/handlers/accounts/reset?tables=bank.AccountRow";

    serve(f);
    assert_int_equal(ask_inside(f, "POST", "/handlers/accounts/rebuild"), 400);
    body_has(f, "which read models does it write? expected tables=bank.AccountRow,...");
    assert_int_equal(ask_inside(f, "POST", "/handlers/accounts/reset"), 400);
    body_has(f, "?tables=none");
    assert_int_equal(ask_inside(f, "POST", "/handlers/accounts/rebuild?tables=bank.AccountRow,bank.Row"), 404);
    body_has(f, "the schema has no read model 'bank.Row'");
    assert_int_equal(ask_inside(f, "POST", "/handlers/accounts/rebuild?tables=bank.Account"), 404);
    assert_int_equal(ask_inside(f, "POST", "/handlers/nobody/rebuild?" BOTH), 404);
    body_has(f, "no handler 'nobody'");
    assert_int_equal(ask_inside(f, "POST", "/handlers/Transfers/rebuild?" BOTH), 400);
    for (int i = 0; i < 64; i++)
        strcat(path, ",bank.AccountRow");
    assert_int_equal(ask_inside(f, "POST", path), 400);
    body_has(f, "at most 64 read models are expected");
}

/* -- the application stops -- */

enum { EVENTS = 3000 };

static sem_t has_begun, may_go_on;
static _Atomic bool is_rebuild; /* from when on the function is called by one, too */
static _Atomic uint32_t rebuilt_count;

/* Slowly, so that a whole rebuild takes three seconds. */
static acta_status
deposited_slowly(
    void *user, bank_MoneyDeposited event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    const struct timespec a_while = { .tv_nsec = 1000000 };

    (void)user, (void)recorded;
    if (atomic_load(&is_rebuild)) {
        if (atomic_fetch_add(&rebuilt_count, 1) == 0) {
            sem_post(&has_begun);
            sem_wait(&may_go_on);
        }
        nanosleep(&a_while, NULL);
    }
    return bank_AccountRow_put(rows, ACTA_INIT(bank_AccountRow, .account_id = event.account_id), error);
}

static const bank_projection slow = {
    .base = { .code = &bank_projection_code, .name = "slow" },
    .on = { .MoneyDeposited = deposited_slowly },
};

static void
ignore(void *user, const acta_dispatch_result *result)
{
    (void)user, (void)result;
}

static void *
order_rebuild(void *argument)
{
    ask_inside(argument, "POST", "/handlers/slow/rebuild?tables=bank.AccountRow");
    return NULL;
}

static void
quiet(void *user, acta_log_level level, acta_str line)
{
    (void)user, (void)level, (void)line;
}

/* A second bank, with a directory, so that it has a socket of its own accord, which it closes when it is told to stop. */
static acta_app *
start_slow_bank(fixture *f, const char *path)
{
    static const acta_projection *const projections[] = { &slow.base, NULL };
    const acta_environment environment = { .log = { .write = quiet } };
    const acta_app_config config = { .schema = &bank_schema,
        .aggregates = bank_aggregates,
        .projections = projections,
        .data_path = path,
        .environment = &environment };
    acta_app *app;

    unsetenv("ACTA_GATEWAY");
    MUST(f, acta_app_start(&config, &app, &f->error));
    snprintf(f->socket_path, sizeof f->socket_path, "%.80s/acta.sock", path);
    return app;
}

static void
a_rebuild_ends_when_the_application_stops(void **state)
{
    fixture *f = FIXTURE(state);
    const bank_Deposit deposit = { .account_id = acta_str_of("alice"), .amount = 1 };
    char path[112];
    pthread_t thread;

    sem_init(&has_begun, 0, 0);
    sem_init(&may_go_on, 0, 0);
    snprintf(path, sizeof path, "%s/data", f->folder);
    acta_app *app = start_slow_bank(f, path);
    MUST(f,
        bank_OpenAccount_dispatch(app, ACTA_INIT(bank_OpenAccount, .account_id = deposit.account_id), NULL, &f->error));
    for (int i = 0; i < EVENTS; i++)
        bank_Deposit_dispatch_async(app, deposit, NULL, ignore, NULL);
    MUST(f, acta_app_settle(app, STOP_MS, &f->error));
    atomic_store(&is_rebuild, true);
    assert_int_equal(0, pthread_create(&thread, NULL, order_rebuild, f));
    sem_wait(&has_begun);
    sem_post(&may_go_on);
    MUST(f, acta_app_stop(app, STOP_MS, &f->error));
    pthread_join(thread, NULL);
    assert_in_range(f->last.status, 500, 599);
    body_has(f, "the application stops, and the rebuild of 'slow' with it");
    assert_true(atomic_load(&rebuilt_count) < EVENTS);
    nftw(path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    sem_destroy(&has_begun);
    sem_destroy(&may_go_on);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_bank(rows_are_rebuilt_by_order),
        with_bank(rows_are_reset_by_order),
        with_bank(what_is_made_anew_must_be_told),
        with_bank(a_rebuild_ends_when_the_application_stops),
    };
    return cmocka_run_group_tests_name("orders", tests, NULL, NULL);
}
