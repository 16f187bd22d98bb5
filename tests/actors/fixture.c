/*
 * What the tests of actors/ share.
 */
#include "fixture.h"

#include <ftw.h>
#include <sched.h>
#include <unistd.h>

#include "scratch.h"
#include "seed.h"

enum { STEP_MAX = 1000000, FIRST_NS = 1000000000 };

static bool group_is_memory;
static _Atomic uint32_t answer_count;

/* -- seams -- */

static uint64_t
virtual_ns(void *user)
{
    const fixture *f = user;
    return f->now_ns;
}

static int64_t
virtual_us(void *user)
{
    const fixture *f = user;
    return INT64_C(1700000000000000) + (int64_t)(f->now_ns / 1000);
}

static void
fill_virtually(void *user, void *bytes, size_t size)
{
    fixture *f = user;
    uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)next_random(&f->random);
}

/* Threads write lines at the same time: the text is a ring without a lock, and only manual tests search it. */
static void
keep_log(void *user, acta_log_level level, acta_str line)
{
    fixture *f = user;
    size_t used = strlen(f->log);
    (void)level;

    if (getenv("ACTA_TEST_LOG") != NULL) fprintf(stderr, "log: " ACTA_FMT "\n", ACTA_ARG(line));
    if (f->config.runtime.manual && used + line.size + 2 < sizeof f->log)
        snprintf(f->log + used, sizeof f->log - used, ACTA_FMT "\n", ACTA_ARG(line));
}

/* -- life -- */

static int
remove_entry(const char *path, const struct stat *s, int flag, struct FTW *ftw)
{
    (void)s;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static int
make(void **state, bool is_manual)
{
    fixture *f = calloc(1, sizeof *f);
    char directory[SCRATCH_PATH_MAX];

    if (!scratch_make(directory, "/tmp", "actors")) return -1;
    snprintf(f->path, sizeof f->path, "%s/data", directory);
    f->memory = group_is_memory;
    f->disk = acta_disk_create(NULL);
    f->scratch = acta_memory_create(NULL);
    f->now_ns = FIRST_NS;
    f->random = 88172645463325252u;
    f->environment.log = (acta_log){ .write = keep_log, .user = f };
    f->config = (acta_app_config){ .name = "test", .schema = &ledger_schema, .aggregates = ledger_aggregates };
    f->config.store.memory_bytes = 16 << 20;
    f->config.runtime.manual = is_manual;
    if (is_manual) {
        f->config.runtime.driver = (acta_driver){ .idle = driver_idle, .user = f };
        f->environment.clock = (acta_clock){ .monotonic_ns = virtual_ns, .wall_us = virtual_us, .user = f };
        f->environment.random = (acta_random){ .fill = fill_virtually, .user = f };
    }
    ledger_hook = (ledger_hooks){ .error = NULL };
    atomic_store(&answer_count, 0);
    *state = f;
    return 0;
}

int
set_up(void **state)
{
    return make(state, false);
}

int
set_up_manual(void **state)
{
    return make(state, true);
}

int
tear_down(void **state)
{
    fixture *f = *state;
    char *slash = strrchr(f->path, '/');

    acta_disk_set_faults(f->disk, NULL); /* they lay on the test's stack */
    if (f->app != NULL) acta_app_stop(f->app, STOP_MS, NULL);
    acta_disk_destroy(f->disk);
    acta_memory_destroy(f->scratch);
    *slash = '\0';
    nftw(f->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

int
run_on_engines_(const char *name, const struct CMUnitTest *tests, size_t count, bool memory, bool rocksdb)
{
    const char *only = getenv("ACTA_TEST_ENGINE");
    int failures = 0;

    for (int engine = memory ? 0 : 1; engine < (rocksdb ? 2 : 1); engine++) {
        char group[128];
        group_is_memory = engine == 0;
        if (only != NULL && strcmp(only, group_is_memory ? "memory" : "rocksdb") != 0) continue;
        snprintf(group, sizeof group, "%s on %s", name, group_is_memory ? "memory" : "rocksdb");
        failures += _cmocka_run_group_tests(group, tests, count, NULL, NULL);
    }
    return failures;
}

acta_status
try_start(fixture *f)
{
    acta_app_config config = f->config;

    assert_null(f->app);
    config.environment = &f->environment;
    if (f->memory)
        config.store.engine = acta_memory_engine(f->disk);
    else
        config.data_path = f->path;
    return acta_app_start(&config, &f->app, &f->error);
}

void
start(fixture *f)
{
    MUST(f, try_start(f));
}

void
stop(fixture *f)
{
    MUST(f, acta_app_stop(f->app, STOP_MS, &f->error));
    f->app = NULL;
}

void
crash(fixture *f)
{
    acta_app_abandon(f->app);
    f->app = NULL;
    acta_disk_crash(f->disk);
}

void
settle(fixture *f)
{
    MUST(f, acta_app_settle(f->app, SETTLE_MS, &f->error));
}

/* -- steps -- */

static bool
move_clock(fixture *f, uint64_t limit_ns)
{
    uint64_t due_ns = acta_runtime_next_timer_ns(acta_app_runtime(f->app));

    if (due_ns == UINT64_MAX || (due_ns > f->now_ns && due_ns - f->now_ns > limit_ns)) return false;
    if (due_ns > f->now_ns) f->now_ns = due_ns;
    return true;
}

bool
driver_idle(void *user)
{
    fixture *f = user;

    if (f->app == NULL) return false;
    return acta_store_step(acta_app_store(f->app)) || move_clock(f, UINT64_MAX);
}

bool
step(fixture *f)
{
    enum { SOON_MS = 40000 }; /* longer than any backoff, shorter than idle times and the clerk's minute */

    if (acta_runtime_step(acta_app_runtime(f->app))) return true;
    if (acta_store_step(acta_app_store(f->app))) return true;
    return move_clock(f, SOON_MS * UINT64_C(1000000));
}

bool
run_actors(fixture *f)
{
    bool ran = false;

    while (acta_runtime_step(acta_app_runtime(f->app)))
        ran = true;
    return ran;
}

void
run_all(fixture *f)
{
    for (uint32_t i = 0; i < STEP_MAX; i++)
        if (!acta_runtime_step(acta_app_runtime(f->app)) && !acta_store_step(acta_app_store(f->app))) return;
    fail_msg("it never comes to rest");
}

void
pass_ms(fixture *f, uint64_t ms)
{
    uint64_t until_ns = f->now_ns + ms * 1000000;

    run_all(f);
    while (move_clock(f, until_ns > f->now_ns ? until_ns - f->now_ns : 0))
        run_all(f);
    f->now_ns = until_ns;
    run_all(f);
}

/* -- commands -- */

acta_id
id_of(const char *name)
{
    return acta_id_of(acta_str_of(name));
}

const acta_dispatch_options patiently = { .timeout_ms = 120000 };

static ledger_Add
add_of(const char *counter, int64_t amount)
{
    return ACTA_INIT(ledger_Add, .counter_id = acta_str_of(counter), .amount = amount);
}

acta_status
add_with(fixture *f, const char *counter, int64_t amount, const acta_dispatch_options *options)
{
    if (options == NULL && !f->config.runtime.manual) options = &patiently;
    return ledger_Add_dispatch(f->app, add_of(counter, amount), options, &f->error);
}

void
add(fixture *f, const char *counter, int64_t amount)
{
    MUST(f, add_with(f, counter, amount, NULL));
}

acta_status
start_job(fixture *f, const char *job, const char *const *counters, uint32_t count, int64_t amount)
{
    acta_str names[16];

    for (uint32_t i = 0; i < count; i++)
        names[i] = acta_str_of(counters[i]);
    return ledger_StartJob_dispatch(f->app,
        ACTA_INIT(ledger_StartJob, .job_id = acta_str_of(job), .counters = { .data = names, .count = count },
            .amount = amount),
        NULL, &f->error);
}

void
take_answer(void *user, const acta_dispatch_result *result)
{
    answer *a = user;

    a->status = result->status;
    a->version = result->version;
    a->position = result->position;
    a->code = result->error != NULL ? result->error->code : 0;
    snprintf(a->text, sizeof a->text, "%s", result->error != NULL ? result->error->text : "");
    a->order = atomic_fetch_add(&answer_count, 1) + 1;
    atomic_fetch_add(&a->calls, 1);
}

void
add_async(fixture *f, const char *counter, int64_t amount, const acta_dispatch_options *options, answer *to)
{
    if (options == NULL && !f->config.runtime.manual) options = &patiently;
    ledger_Add_dispatch_async(f->app, add_of(counter, amount), options, take_answer, to);
}

void
await(fixture *f, const answer *a)
{
    (void)f;
    while (atomic_load(&a->calls) == 0)
        sched_yield();
}

/* -- what is there -- */

int64_t
total_of(fixture *f, const char *counter)
{
    ledger_Counter state = { .total = 0 };
    acta_status status = ledger_Counter_read(f->app, acta_str_of(counter), &state, NULL, &f->error);

    if (status != ACTA_NOT_FOUND) MUST(f, status);
    return state.total;
}

uint64_t
version_of(fixture *f, const char *stream)
{
    uint64_t version = 0;

    MUST(f, acta_store_version(acta_app_store(f->app), acta_str_of(stream), &version, &f->error));
    return version;
}

int64_t
fold_counter(fixture *f, const char *counter)
{
    char stream[128];
    acta_cursor *cursor;
    acta_recorded event;
    int64_t sum = 0;
    uint64_t version = 0;

    snprintf(stream, sizeof stream, "Counter-%s", counter);
    acta_read read = { .stream = acta_str_of(stream) };
    acta_status status = acta_cursor_open(acta_app_store(f->app), &read, &cursor, &f->error);
    if (status == ACTA_NOT_FOUND) return 0;
    MUST(f, status);
    while ((status = acta_cursor_next(cursor, &event, &f->error)) == ACTA_OK) {
        ledger_Added added;
        ledger_Added_decode(event.payload, &added);
        sum += added.amount;
        assert_int_equal(added.total, sum);
        assert_int_equal(event.version, ++version);
    }
    assert_int_equal(status, ACTA_NOT_FOUND);
    acta_cursor_close(cursor);
    return sum;
}

static bool
is_of_job(const acta_recorded *event, const acta_table *type, const char *job)
{
    ledger_Added added;
    ledger_JobStarted started;
    ledger_JobEnded ended;
    acta_str name = { NULL, 0 };

    if (!acta_str_equal(event->type, acta_str_of(type->name))) return false;
    if (job == NULL) return true;
    if (type == &ledger_Added_table) {
        ledger_Added_decode(event->payload, &added);
        name = added.job_id;
    } else if (type == &ledger_JobStarted_table) {
        ledger_JobStarted_decode(event->payload, &started);
        name = started.job_id;
    } else {
        ledger_JobEnded_decode(event->payload, &ended);
        name = ended.job_id;
    }
    return acta_str_equal(name, acta_str_of(job));
}

uint32_t
count_events(fixture *f, const acta_table *type, const char *job)
{
    acta_cursor *cursor;
    acta_recorded event;
    acta_status status;
    uint64_t position = 0;
    uint32_t count = 0;

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 0 }, &cursor, &f->error));
    while ((status = acta_cursor_next(cursor, &event, &f->error)) == ACTA_OK) {
        assert_int_equal(event.position, ++position);
        count += is_of_job(&event, type, job);
    }
    assert_int_equal(status, ACTA_NOT_FOUND);
    acta_cursor_close(cursor);
    return count;
}

uint32_t
count_rows(fixture *f, const char *table)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;
    uint32_t count = 0;

    MUST(f, acta_row_cursor_open(acta_app_store(f->app), table, acta_bytes_from(NULL, 0), &cursor, &f->error));
    while (acta_row_cursor_next(cursor, &key, &value, &f->error) == ACTA_OK)
        count++;
    acta_row_cursor_close(cursor);
    return count;
}

void
expect_no_outcomes(fixture *f)
{
    if (count_rows(f, "outcomes") > 0) pass_ms(f, f->config.command_id_retention_ms + 2 * 60000);
    assert_int_equal(count_rows(f, "outcomes"), 0);
}

acta_reader_info
reader_info(fixture *f, const char *name)
{
    acta_reader_info infos[8];
    uint32_t count = acta_app_readers(f->app, infos, 8);

    for (uint32_t i = 0; i < count && i < 8; i++)
        if (strcmp(infos[i].name, name) == 0) return infos[i];
    fail_msg("there is no reader '%s'", name);
    return infos[0];
}

acta_transaction *
foreign_add(fixture *f, const char *counter, int64_t amount, int64_t total)
{
    char stream[128];
    ledger_Added added = { .counter_id = acta_str_of(counter), .amount = amount, .total = total };
    acta_memory_sink sink = acta_memory_sink_of(f->scratch);
    acta_transaction *transaction = acta_transaction_create(acta_app_store(f->app));

    snprintf(stream, sizeof stream, "Counter-%s", counter);
    MUST(f, ledger_Added_write(&added, &sink.sink, &f->error));
    acta_event event = { .type = acta_str_of(ledger_Added_table.name),
        .schema_hash = ledger_Added_table.schema_hash,
        .payload = sink.bytes };
    acta_transaction_append(transaction, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
    return transaction;
}

void
commit(fixture *f, acta_transaction *transaction)
{
    MUST(f, acta_store_commit(acta_app_store(f->app), transaction, NULL, &f->error));
}

static const char *contested;

static void
write_before_each_try(const ledger_Add *command)
{
    fixture *f = ledger_hook.user;
    acta_error error;
    (void)command;

    MUST(f, acta_store_submit(acta_app_store(f->app), foreign_add(f, contested, 0, 0), NULL, NULL, &error));
}

void
add_against_others(fixture *f, const char *counter, answer *to)
{
    contested = counter;
    ledger_hook.before_add = write_before_each_try;
    ledger_hook.user = f;
    add_async(f, counter, 1, NULL, to);
    run_all(f);
    ledger_hook.before_add = NULL;
}

uint64_t
test_seed(void)
{
    return seed_of_this_run();
}

uint64_t
next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d) >> 11;
}
