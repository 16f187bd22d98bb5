/*
 * A whole application for tests: memory engine, manual, and a clock that stands still but for who waits.
 *
 *     advance: run all there is -> the clock to the next timer, while it is within the time -> … -> the clock to the end
 *     a call that waits: the driver's idle: a phase of a commit, or the clock to the next timer
 *
 * A commit that is to fail is one of the disk: the write that fails is not stored; the sync that fails may be; one that is slow
 * leaves the store alone until its time has come.
 */
#include <stdlib.h>

#include "acta/memory_engine.h"

#include "internal.h"
#include "test_support.h"

enum { FIRST_NS = 1000000000, STOP_MS = 60000, NAP_MS = 1, TURNS_MAX = 10000000 };
#define FIRST_US INT64_C(1700000000000000) /* 2023-11-14 22:13:20 UTC */

struct acta_test_app {
    acta_app_config config;
    acta_environment environment;
    acta_disk *disk;
    acta_disk_faults faults;
    acta_app *app;
    uint64_t now_ns, random;

    uint32_t left; /* writes until the one that is meant; 0: none is */
    acta_test_failure failure;
    uint32_t slow_ms;
    bool is_meant;    /* the batch in hand is */
    uint64_t slow_ns; /* until then the store stands still */
};

/* -- seams -- */

static uint64_t
monotonic_ns(void *user)
{
    const acta_test_app *t = user;
    return t->now_ns;
}

static int64_t
wall_us(void *user)
{
    const acta_test_app *t = user;
    return FIRST_US + (int64_t)((t->now_ns - FIRST_NS) / 1000);
}

/* Numbers that are the same in each run: xorshift (Marsaglia, 2003). */
static void
fill(void *user, void *bytes, size_t size)
{
    acta_test_app *t = user;

    for (size_t i = 0; i < size; i++) {
        t->random ^= t->random << 13;
        t->random ^= t->random >> 7;
        t->random ^= t->random << 17;
        ((uint8_t *)bytes)[i] = (uint8_t)t->random;
    }
}

/* -- commits that fail -- */

static bool
fails(void *user, acta_disk_op op)
{
    acta_test_app *t = user;

    if (op == ACTA_DISK_WRITE) {
        t->is_meant = t->left > 0 && --t->left == 0;
        if (t->is_meant && t->failure == ACTA_TEST_SLOW) t->slow_ns = t->now_ns + t->slow_ms * UINT64_C(1000000);
        return t->is_meant && t->failure == ACTA_TEST_FAILED;
    }
    return op == ACTA_DISK_SYNC && t->is_meant && t->failure == ACTA_TEST_UNKNOWN;
}

void
acta_test_app_fail_commit(acta_test_app *test, uint32_t n, acta_test_failure failure, uint32_t slow_ms)
{
    test->left = n;
    test->failure = failure;
    test->slow_ms = slow_ms;
    test->is_meant = false;
}

/* -- time -- */

static bool
step_store(acta_test_app *t)
{
    return t->now_ns >= t->slow_ns && acta_store_step(acta_app_store(t->app));
}

/* To the next time at which something is due, if that is within `limit_ns` from now. */
static bool
move_clock(acta_test_app *t, uint64_t limit_ns)
{
    uint64_t due_ns = acta_runtime_next_timer_ns(acta_app_runtime(t->app));

    if (t->slow_ns > t->now_ns && t->slow_ns < due_ns) due_ns = t->slow_ns;
    if (due_ns == UINT64_MAX || (due_ns > t->now_ns && due_ns - t->now_ns > limit_ns)) return false;
    if (due_ns > t->now_ns) t->now_ns = due_ns;
    return true;
}

static bool
idle(void *user)
{
    acta_test_app *t = user;

    if (t->app == NULL) return false;
    return step_store(t) || move_clock(t, UINT64_MAX);
}

static void
run_all(acta_test_app *t)
{
    for (uint32_t i = 0; i < TURNS_MAX; i++)
        if (!acta_runtime_step(acta_app_runtime(t->app)) && !step_store(t)) return;
}

void
acta_test_app_advance(acta_test_app *test, uint64_t ms)
{
    uint64_t until_ns = test->now_ns + ms * 1000000;
    if (test->app == NULL) return;

    run_all(test);
    while (move_clock(test, until_ns > test->now_ns ? until_ns - test->now_ns : 0))
        run_all(test);
    test->now_ns = until_ns;
    run_all(test);
}

/* -- life -- */

static acta_status
start(acta_test_app *t, acta_error *error)
{
    acta_app_config config = t->config;
    acta_app *app = NULL;

    acta_test_app_fail_commit(t, 0, ACTA_TEST_FAILED, 0);
    t->slow_ns = 0;
    config.data_path = NULL;
    config.store.engine = acta_memory_engine(t->disk);
    if (config.store.engine == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a test's engine");
    config.environment = &t->environment;
    config.runtime.manual = true;
    config.runtime.driver.idle = idle;
    config.runtime.driver.user = t;
    config.runtime.driver.choose = NULL;
    acta_status status = acta_app_start(&config, &app, error);
    t->app = status == ACTA_OK ? app : NULL;
    return status;
}

static void
destroy(acta_test_app *t)
{
    acta_allocator allocator = t->environment.allocator;

    acta_disk_destroy(t->disk);
    allocator.free(allocator.user, t, sizeof *t);
}

acta_status
acta_test_app_start(const acta_app_config *config, acta_test_app **test_out, acta_error *error)
{
    acta_environment environment = acta_environment_or_default(config->environment);
    acta_test_app *t = environment.allocator.alloc(environment.allocator.user, sizeof *t);
    if (t == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a test's application");

    *t = (acta_test_app){
        .config = *config, .environment = environment, .now_ns = FIRST_NS, .random = 88172645463325252u
    };
    t->environment.clock = (acta_clock){ .monotonic_ns = monotonic_ns, .wall_us = wall_us, .user = t };
    t->environment.random = (acta_random){ .fill = fill, .user = t };
    t->faults = (acta_disk_faults){ .fail = fails, .user = t };
    t->disk = acta_disk_create(&environment.allocator);
    acta_status status =
        t->disk != NULL ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, "no memory for a test's disk");
    if (status == ACTA_OK) {
        acta_disk_set_faults(t->disk, &t->faults);
        status = start(t, error);
    }
    if (status == ACTA_OK)
        *test_out = t;
    else
        destroy(t);
    return status;
}

acta_app *
acta_test_app_of(acta_test_app *test)
{
    return test->app;
}

int64_t
acta_test_app_now_us(const acta_test_app *test)
{
    return FIRST_US + (int64_t)((test->now_ns - FIRST_NS) / 1000);
}

acta_status
acta_test_app_restart(acta_test_app *test, acta_test_end end, acta_error *error)
{
    test->slow_ns = 0;
    if (test->app != NULL && end == ACTA_TEST_CRASH) {
        acta_app_abandon(test->app);
        acta_disk_crash(test->disk);
    } else if (test->app != NULL)
        (void)acta_app_stop(test->app, STOP_MS, NULL); /* what a store that failed can't end is like a crash */
    test->app = NULL;
    return start(test, error);
}

acta_status
acta_test_app_stop(acta_test_app *test, acta_error *error)
{
    if (test == NULL) return ACTA_OK;
    test->slow_ns = 0;
    acta_status status = acta_app_stop(test->app, STOP_MS, error);
    test->app = NULL;
    destroy(test);
    return status;
}

/* -- events -- */

static size_t
size_of(const acta_field *field)
{
    static const uint8_t sizes[] = { [ACTA_FIELD_BOOL] = sizeof(bool),
        [ACTA_FIELD_INT8] = 1,
        [ACTA_FIELD_UINT8] = 1,
        [ACTA_FIELD_INT16] = 2,
        [ACTA_FIELD_UINT16] = 2,
        [ACTA_FIELD_INT32] = 4,
        [ACTA_FIELD_UINT32] = 4,
        [ACTA_FIELD_INT64] = 8,
        [ACTA_FIELD_UINT64] = 8,
        [ACTA_FIELD_FLOAT] = 4,
        [ACTA_FIELD_DOUBLE] = 8 };

    if ((field->flags & ACTA_FIELD_ENUM) != 0) return sizeof(int);
    return field->kind <= ACTA_FIELD_DOUBLE ? sizes[field->kind] : 0;
}

static bool
is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0) return false;
    return true;
}

static bool
is_like(const acta_table *table, const uint8_t *value, const uint8_t *like)
{
    for (uint32_t i = 0; i < table->field_count; i++) {
        const acta_field *field = &table->fields[i];
        size_t size = size_of(field);
        if (field->kind == ACTA_FIELD_STRING) {
            acta_str wanted, there;
            memcpy(&wanted, like + field->offset, sizeof wanted);
            memcpy(&there, value + field->offset, sizeof there);
            if (wanted.data != NULL && !acta_str_equal(wanted, there)) return false;
        } else if (!is_zero(like + field->offset, size) &&
                   memcmp(like + field->offset, value + field->offset, size) != 0)
            return false;
    }
    return true;
}

typedef struct search {
    const acta_table *event;
    const void *like;
    uint8_t *value; /* room for the event's struct */
    uint64_t passed;
    acta_test_found found;
} search;

static acta_status
look_at(void *user, const acta_table *event, const acta_recorded *recorded, acta_error *error)
{
    search *s = user;
    (void)error;

    if (event != s->event || s->found.position != 0) return ACTA_OK;
    event->read(recorded->payload, s->value);
    if (!is_like(event, s->value, s->like)) return ACTA_OK;
    s->found = (acta_test_found){ .position = recorded->position,
        .version = recorded->version,
        .command_id = recorded->command_id,
        .correlation_id = recorded->correlation_id,
        .causation_id = recorded->causation_id };
    return ACTA_OK;
}

/* What has come to the log since. */
static acta_status
look_on(acta_app *app, search *s, acta_error *error)
{
    acta_recorded recorded;
    acta_cursor *cursor;

    acta_status status = acta_cursor_open(app->store, &(acta_read){ .from = s->passed + 1 }, &cursor, error);
    if (status != ACTA_OK) return status;
    while (s->found.position == 0 && (status = acta_cursor_next(cursor, &recorded, error)) == ACTA_OK) {
        s->passed = recorded.position;
        if (recorded.kind != ACTA_RECORD_EVENT) continue;
        status = acta_app_upcast(app, &recorded, look_at, s, error);
        if (status != ACTA_OK && status != ACTA_SCHEMA_MISMATCH) break; /* an event of somebody else */
    }
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND || status == ACTA_SCHEMA_MISMATCH ? ACTA_OK : status;
}

/* Until it is found or the time has passed. */
static acta_test_found
search_for(acta_app *app, const acta_table *event, const void *like, uint32_t ms, const char *file, int line)
{
    uint64_t deadline_ns = acti_now_ns(app) + ms * UINT64_C(1000000);
    search s = { .event = event, .like = like, .value = acti_alloc(app, event->struct_size) };
    acta_error error;
    acta_status status =
        s.value != NULL ? ACTA_OK : acta_error_set(&error, ACTA_NO_MEMORY, "no memory to look for an event");

    while (status == ACTA_OK) {
        bool is_late = acti_now_ns(app) >= deadline_ns;
        status = look_on(app, &s, &error);
        if (status != ACTA_OK || s.found.position != 0 || is_late) break;
        status = acti_clerk_ask(app, ACTI_TAG_NAP, NAP_MS, ACTA_INFINITE, &error);
    }
    if (status != ACTA_OK) acti_test_fail(file, line, "while looking for '%s': %s", event->name, error.text);
    acti_free(app, s.value, event->struct_size);
    return s.found;
}

acta_test_found
acta_test_wait_event(
    acta_app *app, const acta_table *event, const void *like, uint32_t timeout_ms, const char *file, int line)
{
    acta_test_found found = search_for(app, event, like, timeout_ms, file, line);

    if (found.position == 0)
        acti_test_fail(file, line,
            "expected an event '%s' like that within %" PRIu32 " ms; the log has %" PRIu64 " events", event->name,
            timeout_ms, acta_store_head(app->store));
    return found;
}

void
acta_test_refute_event(
    acta_app *app, const acta_table *event, const void *like, uint32_t for_ms, const char *file, int line)
{
    acta_test_found found = search_for(app, event, like, for_ms, file, line);

    if (found.position != 0)
        acti_test_fail(file, line, "expected no event '%s' like that, but there is one at position %" PRIu64,
            event->name, found.position);
}

void
acta_test_assert_correlated(acta_test_found a, acta_test_found b, const char *file, int line)
{
    char first[ACTA_ID_TEXT_SIZE], second[ACTA_ID_TEXT_SIZE];

    if (!acta_id_is_none(a.correlation_id) && acta_id_equal(a.correlation_id, b.correlation_id)) return;
    acti_test_fail(file, line,
        "expected one correlation id, but the event at position %" PRIu64 " has %s, and the one at %" PRIu64 " has %s",
        a.position, acta_id_format(a.correlation_id, first), b.position, acta_id_format(b.correlation_id, second));
}
