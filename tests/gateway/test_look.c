/*
 * Looking in, and orders to handlers: what the log holds, where each handler is, what runs later.
 */
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
    };
    return cmocka_run_group_tests_name("looking in", tests, NULL, NULL);
}
