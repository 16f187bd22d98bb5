/*
 * Looking in, and orders to handlers: what the log holds, where each handler is, what runs later.
 */
#include "acta/sys.h"

#include "http.h"

#include <unistd.h>

static void
deposits(fixture *f, int count)
{
    const acta_dispatch_options patiently = { .timeout_ms = 60000 };

    for (int i = 0; i < count; i++) {
        const bank_Deposit deposit = { .account_id = acta_str_of("alice"), .amount = i + 1 };
        MUST(f, bank_Deposit_dispatch(f->app, deposit, &patiently, &f->error));
    }
}

static void
a_stream_is_read_in_pages(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    open_account(f, "alice", 1);
    deposits(f, 9);
    assert_int_equal(get(f, "/streams/Account-alice?count=4"), 200);
    body_has(f, "{\"stream\":\"Account-alice\",\"events\":[{\"position\":1,\"stream\":\"Account-alice\",\"version\":1,"
                "\"type\":\"bank.AccountOpened\",\"recorded_at\":\"");
    body_has(f, "\"version\":4,");
    assert_null(strstr(f->last.body, "\"version\":5,"));
    body_has(f, "],\"next\":5}");
    assert_int_equal(get(f, "/streams/Account-alice?count=6&from=5"), 200);
    body_has(f, "\"version\":10,");
    assert_null(strstr(f->last.body, "\"next\""));
    assert_int_equal(get(f, "/streams/Account-alice?count=2&direction=backward"), 200);
    body_has(f, "\"version\":10,");
    body_has(f, "],\"next\":8}");
    body_has(f, "\"payload\":{\"account_id\":");
    assert_int_equal(get(f, "/streams/Account-bob"), 404);
    assert_int_equal(get(f, "/streams/Account-alice?direction=up"), 400);
    assert_int_equal(get(f, "/streams/Account-alice?count=1001"), 400);
}

static void
all_is_read_in_pages_too(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t seen = 0;
    char path[64] = "/streams/$all?count=3";

    serve(f);
    open_account(f, "alice", 1);
    deposits(f, 9);
    for (int page = 0; page < 20; page++) {
        assert_int_equal(get(f, path), 200);
        for (const char *at = f->last.body; (at = strstr(at, "{\"position\":")) != NULL; at++)
            assert_int_equal(strtoull(at + 12, NULL, 10), ++seen); /* no position is missing, none twice */
        const char *next = strstr(f->last.body, "\"next\":");
        if (next == NULL) break;
        snprintf(path, sizeof path, "/streams/%%24all?count=3&from=%llu", strtoull(next + 7, NULL, 10));
    }
    assert_int_equal(seen, acta_store_head(acta_app_store(f->app)));
}

static void
names_of_streams_come_by_prefix(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    open_account(f, "alice", 1);
    open_account(f, "bob", 1);
    open_account(f, "carol", 1);
    assert_int_equal(get(f, "/streams?prefix=Account-&count=2"), 200);
    assert_string_equal(f->last.body,
        "{\"streams\":[{\"name\":\"Account-alice\",\"version\":1},{\"name\":\"Account-bob\","
        "\"version\":1}],\"next\":\"Account-bob\"}");
    assert_int_equal(get(f, "/streams?prefix=Account-&count=2&after=Account-bob"), 200);
    assert_string_equal(f->last.body, "{\"streams\":[{\"name\":\"Account-carol\",\"version\":1}]}");
    assert_int_equal(get(f, "/streams?prefix=Nothing"), 200);
    assert_string_equal(f->last.body, "{\"streams\":[]}");
}

static void
handlers_are_paused_and_go_on(void **state)
{
    fixture *f = FIXTURE(state);
    char path[160], text[160];
    const char *name = bank_account_rows.base.name;

    serve(f);
    open_account(f, "alice", 1);
    assert_int_equal(get(f, "/handlers"), 200);
    snprintf(text, sizeof text, "{\"name\":\"%s\",\"state\":\"", name);
    body_has(f, text);
    snprintf(path, sizeof path, "/handlers/%s/pause?by=anna&why=a%%20test", name);
    assert_int_equal(post(f, path, "{}"), 403); /* nobody's token */
    assert_int_equal(ask_inside(f, "POST", path), 200);
    assert_int_equal(get(f, "/handlers"), 200);
    snprintf(text, sizeof text, "{\"name\":\"%s\",\"state\":\"paused\"", name);
    body_has(f, text);
    snprintf(path, sizeof path, "/handlers/%s/resume", name);
    assert_int_equal(ask_inside(f, "POST", path), 200);
    assert_int_equal(ask_inside(f, "POST", "/handlers/nobody/pause"), 404);
    body_has(f, "no handler 'nobody'");
    snprintf(path, sizeof path, "/handlers/%s/dance", name);
    assert_int_equal(ask_inside(f, "POST", path), 404);
    snprintf(path, sizeof path, "/handlers/%s/skip", name);
    assert_int_equal(ask_inside(f, "POST", path), 400);
    snprintf(path, sizeof path, "/handlers/%s/skip?position=1", name);
    assert_int_equal(ask_inside(f, "POST", path), 404);
    snprintf(path, sizeof path, "/handlers/%s/parked", name);
    assert_int_equal(get(f, path), 200);
    snprintf(text, sizeof text, "{\"name\":\"%s\",\"parked\":[]}", name);
    assert_string_equal(f->last.body, text);
}

static void
sagas_and_schedule_are_listed(void **state)
{
    fixture *f = FIXTURE(state);
    const bank_Deposit deposit = { .account_id = acta_str_of("alice"), .amount = 1 };

    serve(f);
    assert_int_equal(get(f, "/sagas/Transfers"), 200);
    body_has(f, "\"instances\":[],\"more\":false}");
    assert_int_equal(get(f, "/sagas/Nothing"), 404);
    MUST(f, acta_schedule(
                f->app, acta_str_of("wages"), &bank_Deposit_table, &deposit, ACTA_AFTER(3600000), NULL, &f->error));
    assert_int_equal(get(f, "/schedule"), 200);
    body_has(f, "{\"schedule\":[{\"key\":\"wages\",\"command\":\"bank.Deposit\",\"state\":\"waiting\",\"due\":\"");
}

/* Each child once, page by page; supervisors among them have pages of their own, others have none. */
static void
the_tree_is_walked(void **state)
{
    fixture *f = FIXTURE(state);
    char path[96] = "/tree?count=1", worker[32] = "";
    uint32_t pages = 0;

    serve(f);
    open_account(f, "alice", 1);
    assert_int_equal(get(f, "/tree"), 200);
    unsigned long count = strtoul(strstr(f->last.body, "\"count\":") + 8, NULL, 10);
    assert_true(count >= 3);
    body_has(f, "\"state\":\"running\"");
    body_has(f, "\"queued\":");
    for (const char *next; pages < 100; pages++) {
        assert_int_equal(get(f, path), 200);
        const char *child = strstr(f->last.body, "{\"id\":");
        assert_non_null(child);
        assert_null(strstr(child + 1, "{\"id\":"));
        if (strstr(child, "\"is_supervisor\":false") != NULL)
            assert_int_equal(sscanf(strstr(child, "\"pid\":\"") + 7, "%31[0-9]", worker), 1);
        next = strstr(f->last.body, "\"next\":");
        if (next == NULL) break;
        snprintf(path, sizeof path, "/tree?count=1&from=%lu", strtoul(next + 7, NULL, 10));
    }
    assert_int_equal(pages + 1, count);
    assert_int_equal(get(f, "/tree?from=100000"), 200);
    body_has(f, "\"children\":[]}");
    snprintf(path, sizeof path, "/tree/%llu", (unsigned long long)acta_app_tree(f->app).value);
    assert_int_equal(get(f, path), 200);
    snprintf(path, sizeof path, "/tree/%s", worker);
    assert_int_equal(get(f, path), 404);
    body_has(f, "the actor of this pid is no supervisor");
    assert_int_equal(get(f, "/tree/18446744073709551615"), 404);
    assert_int_equal(get(f, "/tree/0"), 404);
    assert_int_equal(get(f, "/tree/x"), 400);
    body_has(f, "\"field\":\"pid\"");
}

/* -- all actors -- */

enum { RESIDENTS = 100000, PASSERS = 40 };

static acta_next
keep_still(acta_self *self, void *state, acta_message *message)
{
    (void)self;
    (void)state;
    (void)message;
    return ACTA_NEXT;
}

static const acta_behaviour resident = { .name = "resident", .handle_cast = keep_still };
static const acta_behaviour passer = { .name = "passer", .handle_cast = keep_still };

static acta_pid
bring(fixture *f, const acta_behaviour *behaviour)
{
    acta_pid pid = { 0 };

    MUST(f, acta_spawn(acta_app_runtime(f->app), &(acta_spawn_options){ .behaviour = behaviour }, &pid, &f->error));
    return pid;
}

/* Notes the actors of a page; how many there are. */
static uint32_t
note_page(const fixture *f, uint8_t *seen, uint32_t places)
{
    static const char key[] = "\"pid\":\"";
    uint32_t count = 0;

    for (const char *at = f->last.body; (at = strstr(at, key)) != NULL; count++) {
        at += sizeof key - 1;
        uint32_t place = (uint32_t)strtoull(at, NULL, 10);
        assert_true(place < places);
        assert_int_equal(seen[place]++, 0); /* nobody twice */
    }
    return count;
}

/* A hundred thousand, page by page, while others come and go: who lives throughout is there once. */
static void
all_actors_are_paged(void **state)
{
    fixture *f = FIXTURE(state);
    acta_pid *residents = calloc(RESIDENTS, sizeof *residents), passers[PASSERS];
    uint8_t *seen = calloc(2 * RESIDENTS, 1);
    uint64_t pages = 0, next = 0;
    char path[64];

    assert_true(residents != NULL && seen != NULL);
    serve(f);
    for (uint32_t i = 0; i < PASSERS; i++)
        passers[i] = bring(f, &passer);
    for (uint32_t i = 0; i < RESIDENTS; i++)
        residents[i] = bring(f, &resident);
    do {
        snprintf(path, sizeof path, "/actors?count=1000&after=%llu", (unsigned long long)next);
        assert_int_equal(get(f, path), 200);
        const char *more = strstr(f->last.body, "\"next\":");
        uint32_t count = note_page(f, seen, 2 * RESIDENTS);
        assert_true(count == 1000 || more == NULL);
        next = more != NULL ? strtoull(more + 7, NULL, 10) : 0;
        acta_pid *passing = &passers[pages++ % PASSERS];
        MUST(f, acta_stop(acta_app_runtime(f->app), *passing, NULL, STOP_MS, &f->error));
        *passing = bring(f, &passer);
    } while (next != 0);
    assert_true(pages > RESIDENTS / 1000);
    for (uint32_t i = 0; i < RESIDENTS; i++)
        assert_int_equal(seen[(uint32_t)residents[i].value], 1);
    free(residents);
    free(seen);
}

static void
actors_are_told_as_they_stand(void **state)
{
    fixture *f = FIXTURE(state);
    char text[96];

    serve(f);
    acta_pid pid = bring(f, &resident);
    assert_int_equal(get(f, "/actors?behaviour=resident"), 200);
    snprintf(text, sizeof text, "{\"actors\":[{\"pid\":\"%llu\",\"name\":null,\"behaviour\":\"resident\",",
        (unsigned long long)pid.value);
    body_has(f, text);
    body_has(f, "\"is_supervisor\":false,\"state\":\"waiting\",\"queued\":0,\"queued_peak\":0,\"queued_max\":10000,");
    assert_null(strstr(f->last.body, "next"));
    assert_int_equal(get(f, "/actors?behaviour=nobody"), 200);
    assert_string_equal(f->last.body, "{\"actors\":[]}");
    assert_int_equal(get(f, "/actors?count=1"), 200);
    body_has(f, "\"next\":");
    assert_int_equal(get(f, "/actors?count=1001"), 400);
    assert_int_equal(get(f, "/actors?after=x"), 400);
}

static void
what_waits_is_told_longest_first(void **state)
{
    fixture *f = FIXTURE(state);
    acta_pid longer = { 0 };

    serve(f);
    open_account(f, "alice", 1);
    acta_runtime *runtime = acta_app_runtime(f->app);
    for (uint32_t i = 1; i <= 3; i++) { /* held still with i messages each */
        acta_pid pid = bring(f, &resident);
        longer = pid;
        MUST(f, acta_sys_suspend(runtime, pid, STOP_MS, &f->error));
        for (uint32_t n = 0; n < i; n++)
            assert_int_equal(acta_send(runtime, pid, acta_message_create(runtime, 1, i == 1 ? 4096 : 0)), ACTA_OK);
    }
    assert_int_equal(get(f, "/queues?count=2"), 200);
    body_has(f, "{\"committer\":{\"head\":");
    body_has(f, "\"actors\":{\"alive\":");
    body_has(f, "\"handlers\":[{\"name\":\"");
    char text[64];
    snprintf(text, sizeof text, "\"mailboxes\":[{\"pid\":\"%llu\"", (unsigned long long)longer.value);
    body_has(f, text);
    const char *third = strstr(f->last.body, "\"queued\":3,"), *second = strstr(f->last.body, "\"queued\":2,");
    assert_true(third != NULL && second != NULL && third < second);
    assert_null(strstr(second + 1, "\"pid\""));
    assert_int_equal(get(f, "/queues?count=1&by=queued_bytes"), 200);
    assert_non_null(strstr(strstr(f->last.body, "\"mailboxes\""), "\"queued\":1,"));
    assert_int_equal(get(f, "/queues?by=queued_peak"), 200);
    assert_int_equal(get(f, "/queues?by=age"), 400);
    body_has(f, "expected queued, queued_peak or queued_bytes");
    assert_int_equal(get(f, "/queues?count=0"), 400);
}

static void
start_anew(fixture *f, acta_app_config config)
{
    MUST(f, acta_app_stop(f->app, STOP_MS, &f->error));
    f->app = NULL;
    config.store.engine = acta_memory_engine(f->disk);
    MUST(f, acta_app_start(&config, &f->app, &f->error));
}

/* Whoever starts programs leaves it be; whoever sends commands sends them elsewhere; and all can be looked at. */
static void
one_that_only_reads_says_so(void **state)
{
    fixture *f = FIXTURE(state);
    acta_app_config config = { .schema = &bank_schema,
        .aggregates = bank_aggregates,
        .process_managers = bank_process_managers,
        .projections = bank_projections };
    const acta_app_config without_readers = { .schema = &bank_schema, .aggregates = bank_aggregates };

    start_anew(f, without_readers); /* so that they have what to read, and may not write it down */
    open_account(f, "alice", 7);
    config.store.read_only = true;
    start_anew(f, config);
    serve(f);
    assert_int_equal(get(f, "/health"), 200);
    assert_string_equal(f->last.body, "{\"status\":\"degraded\",\"why\":\"the store was opened to read only\"}");
    assert_int_equal(get(f, "/ready"), 503);
    assert_string_equal(f->last.body, "{\"status\":\"failing\",\"why\":\"the store was opened to read only\"}");
    assert_int_equal(get(f, "/aggregates/Account/alice"), 200);
    body_has(f, "\"balance\": 7");
    get_until(f, "/handlers", "stalled");
    assert_int_equal(post(f, "/commands/Deposit", "{\"account_id\":\"alice\",\"amount\":1}"), 503);
    body_has(f, "read_only");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_bank(a_stream_is_read_in_pages),
        with_bank(all_is_read_in_pages_too),
        with_bank(names_of_streams_come_by_prefix),
        with_bank(handlers_are_paused_and_go_on),
        with_bank(sagas_and_schedule_are_listed),
        with_bank(the_tree_is_walked),
        with_bank(all_actors_are_paged),
        with_bank(actors_are_told_as_they_stand),
        with_bank(what_waits_is_told_longest_first),
        with_bank(one_that_only_reads_says_so),
    };
    return cmocka_run_group_tests_name("looking in", tests, NULL, NULL);
}
