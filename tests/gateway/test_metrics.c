/*
 * /metrics: OpenMetrics to the letter, and numbers that are those of the application.
 */
#include <time.h>

#include "http.h"

#include <ctype.h>

/* -- the format, as OpenMetrics 1.0 has it -- */

static const char *
name_end(const char *at)
{
    while (isalnum((unsigned char)*at) || *at == '_' || *at == ':')
        at++;
    return at;
}

/* {a="b",c="d"}; NULL: it is none. */
static const char *
labels_end(const char *at)
{
    if (*at != '{') return at;
    do {
        const char *end = name_end(++at);
        if (end == at || end[0] != '=' || end[1] != '"') return NULL;
        for (at = end + 2; *at != '"'; at++) {
            if (*at == '\0' || *at == '\n') return NULL;
            if (*at == '\\' && strchr("n\"\\", *++at) == NULL) return NULL;
        }
        at++;
    } while (*at == ',');
    return *at == '}' ? at + 1 : NULL;
}

static void
is_sample(const char *line, const char *family, const char *type)
{
    const char *end = name_end(line), *suffix = line + strlen(family);
    char *rest;

    if (strncmp(line, family, strlen(family)) != 0) fail_msg("not of %s: %s", family, line);
    if (strcmp(type, "counter") == 0) assert_int_equal(strncmp(suffix, "_total", 6), 0);
    if (strcmp(type, "gauge") == 0) assert_ptr_equal(suffix, end);
    end = labels_end(end);
    if (end == NULL || *end != ' ') fail_msg("no sample: %s", line);
    strtod(end + 1, &rest);
    if (rest == end + 1 || *rest != '\0') fail_msg("no number: %s", line);
}

static void
is_open_metrics(fixture *f)
{
    char *line = f->last.body, family[128] = "", type[300] = "";
    bool has_ended = false;

    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        char what[8], rest[300];
        *end = '\0';
        assert_false(has_ended);
        if (strcmp(line, "# EOF") == 0) {
            has_ended = true;
        } else if (line[0] == '#') {
            char name[128];
            assert_int_equal(sscanf(line, "# %7s %127s %299[^\n]", what, name, rest), 3);
            if (strcmp(what, "TYPE") == 0) {
                assert_string_not_equal(name, family);
                snprintf(family, sizeof family, "%s", name);
                snprintf(type, sizeof type, "%s", rest);
            } else {
                assert_true(strcmp(what, "HELP") == 0 || strcmp(what, "UNIT") == 0);
                assert_string_equal(name, family);
            }
            if (strcmp(what, "UNIT") == 0)
                assert_string_equal(name + strlen(name) - strlen(rest), rest); /* the name ends with it */
        } else {
            is_sample(line, family, type);
        }
        *end = '\n';
    }
    assert_true(has_ended);
    assert_int_equal(*line, '\0');
}

static double
value_of(const fixture *f, const char *sample)
{
    char text[256];

    snprintf(text, sizeof text, "\n%s ", sample);
    const char *at = strstr(f->last.body, text);
    if (at == NULL) fail_msg("'%s' is not in: %s", sample, f->last.body);
    return strtod(at + strlen(text), NULL);
}

static void
read_metrics(fixture *f)
{
    assert_int_equal(get(f, "/metrics"), 200);
    head_has(f, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n");
    is_open_metrics(f);
}

static void
numbers_are_those_of_the_application(void **state)
{
    fixture *f = FIXTURE(state);
    acta_runtime_stats before;

    serve(f);
    open_account(f, "alice", 1);
    open_account(f, "bob", 1);
    assert_int_equal(post(f, "/commands/Withdraw", "{\"account_id\":\"bob\",\"amount\":500}"), 422);
    MUST(f, acta_app_settle(f->app, 60000, &f->error));
    acta_runtime_stats_read(acta_app_runtime(f->app), &before);
    read_metrics(f);
    assert_true(value_of(f, "acta_store_head") == 2);
    assert_true(value_of(f, "acta_store_writable") == 1);
    assert_true(value_of(f, "acta_store_events_total") == 2);
    assert_true(value_of(f, "acta_actors_spawned_total") >= (double)before.spawned);
    assert_true(value_of(f, "acta_messages_sent_total") >= (double)before.sent);
    assert_true(value_of(f, "acta_reader_passed{reader=\"accounts\"}") == 2);
    assert_true(value_of(f, "acta_reader_behind{reader=\"accounts\"}") == 0);
    assert_true(value_of(f, "acta_reader_state{reader=\"accounts\",acta_reader_state=\"live\"}") == 1);
    assert_true(value_of(f, "acta_reader_state{reader=\"accounts\",acta_reader_state=\"stalled\"}") == 0);
    assert_true(value_of(f, "acta_reader_events_total{reader=\"accounts\"}") >= 2);
    assert_true(value_of(f, "acta_commands_dispatched_total") == 3);
    assert_true(value_of(f, "acta_commands_answered_total{status=\"ok\"}") == 2);
    assert_true(value_of(f, "acta_commands_answered_total{status=\"rejected\"}") == 1);
    assert_true(value_of(f, "acta_commands_open") == 0);
    assert_true(value_of(f, "acta_aggregates_live") == 2);
    /* the one before may just be leaving */
    for (uint32_t i = 0; i < 60000 && value_of(f, "acta_gateway_requests") != 1; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
        read_metrics(f);
    }
    assert_true(value_of(f, "acta_gateway_requests") == 1); /* this one */
    assert_true(value_of(f, "acta_gateway_event_clients") == 0);
}

/* What is deleted is dead, or given back already. */
static void
room_of_deleted_events_is_told(void **state)
{
    fixture *f = FIXTURE(state);
    acta_store *store = acta_app_store(f->app);
    uint64_t count;

    serve(f);
    open_account(f, "alice", 1);
    read_metrics(f);
    assert_true(value_of(f, "acta_store_dead_bytes") == 0);
    acta_transaction *deletion = acta_transaction_create(store);
    acta_transaction_delete_stream(deletion, acta_str_of("Account-alice"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
    MUST(f, acta_store_commit(store, deletion, NULL, &f->error));
    MUST(f, acta_store_scrub(store, 100, &count, &f->error));
    assert_true(count > 0);
    do
        read_metrics(f);
    while (value_of(f, "acta_store_dead_bytes") + value_of(f, "acta_store_reclaimed_bytes_total") == 0);
    assert_true(value_of(f, "acta_store_merged_bytes_total") == 0);
    assert_true(value_of(f, "acta_store_compaction_failures_total") == 0);
}

/* Each bucket holds those before it, and the last one all. */
static void
times_of_commands_are_a_histogram(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_dispatch_options patiently = { .timeout_ms = 60000 };
    double last = 0, last_bound = 0;
    int buckets = 0;

    serve(f);
    open_account(f, "alice", 1);
    for (double count = 0; count < 4; count = value_of(f, "acta_command_seconds_count{stage=\"whole\"}")) {
        for (int i = 0; i < 100; i++) {
            const bank_Deposit deposit = { .account_id = acta_str_of("alice"), .amount = 1 };
            MUST(f, bank_Deposit_dispatch(f->app, deposit, &patiently, &f->error));
        }
        read_metrics(f); /* one of some is timed */
    }
    assert_true(value_of(f, "acta_command_seconds_sum{stage=\"whole\"}") > 0);
    static const char mark[] = "acta_command_seconds_bucket{stage=\"whole\",le=\"";
    for (const char *at = f->last.body; (at = strstr(at, mark)) != NULL; buckets++) {
        char *rest;
        at += sizeof mark - 1;
        double bound = strtod(at, &rest), value = strtod(rest + 3, NULL);
        assert_true(bound > last_bound && value >= last);
        last_bound = bound;
        last = value;
    }
    assert_true(buckets > 20);
    assert_true(last == value_of(f, "acta_command_seconds_count{stage=\"whole\"}"));
}

enum { MANY = 300 };

static bank_projection many[MANY];

static int
set_up_with_many(void **state)
{
    static const acta_projection *projections[MANY + 1];
    static char names[MANY][16];

    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "rows-%d", i + 1);
        many[i] = (bank_projection)BANK_PROJECTION(.name = names[i]);
        projections[i] = &many[i].base;
    }
    return set_up_with(
        state, (acta_app_config){ .schema = &bank_schema, .aggregates = bank_aggregates, .projections = projections });
}

/* However many there are: each is listed, counted, and found by its name. */
static void
no_reader_is_left_out(void **state)
{
    fixture *f = FIXTURE(state);
    uint32_t count = 0;

    serve(f);
    get_ready(f);
    read_metrics(f);
    for (int i = 0; i < MANY; i++) {
        char sample[80];
        snprintf(sample, sizeof sample, "acta_reader_state{reader=\"rows-%d\",acta_reader_state=\"live\"}", i + 1);
        assert_true(value_of(f, sample) == 1);
    }
    assert_int_equal(get(f, "/handlers"), 200);
    for (const char *at = f->last.body; (at = strstr(at, "{\"name\":\"rows-")) != NULL; at++)
        count++;
    assert_int_equal(count, MANY);
    assert_int_equal(get(f, "/handlers/rows-300/parked"), 200);
    assert_int_equal(get(f, "/handlers/rows-301/parked"), 404);
}

static size_t
count_lines(const fixture *f)
{
    size_t lines = 0;

    for (const char *c = f->last.body; *c != '\0'; c++)
        lines += *c == '\n' && strncmp(c + 1, "acta_command_seconds_bucket", 27) != 0; /* which grow to a bound */
    return lines;
}

/* SEC-10: what a client makes up, ids, names, paths, is in no label: there are as many samples as before. */
static void
clients_make_no_labels(void **state)
{
    fixture *f = FIXTURE(state);
    char path[128], body[128];

    serve(f);
    open_account(f, "alice", 1);
    get_ready(f);
    post(f, "/commands/NoSuch", "{}"); /* each status once */
    post(f, "/commands/Deposit", "{}");
    post(f, "/commands/Deposit", "{\"account_id\":\"nobody\",\"amount\":1}");
    read_metrics(f);
    size_t before = count_lines(f);
    for (int i = 0; i < 50; i++) {
        snprintf(body, sizeof body, "{\"account_id\":\"made-up-%d\\\"\",\"amount\":1}", i);
        assert_int_equal(post(f, "/commands/OpenAccount", body), 400); /* it has no amount */
        assert_int_equal(post(f, "/commands/Deposit", body), 422);
        snprintf(path, sizeof path, "/commands/MadeUp%d", i);
        assert_int_equal(post(f, path, body), 404);
        snprintf(path, sizeof path, "/made-up/%d", i);
        assert_int_equal(get(f, path), 404);
    }
    open_account(f, "made-up", 1);
    read_metrics(f);
    assert_null(strcasestr(f->last.body, "made-up"));
    assert_null(strcasestr(f->last.body, "madeup"));
    assert_int_equal(count_lines(f), before);
}

static bank_projection odd = BANK_PROJECTION(.name = "a \"b\" \\c");

static int
set_up_with_odd_name(void **state)
{
    static const acta_projection *const projections[] = { &odd.base, NULL };

    return set_up_with(
        state, (acta_app_config){ .schema = &bank_schema, .aggregates = bank_aggregates, .projections = projections });
}

/* SEC-09: a name ends its label nowhere but at its end. */
static void
a_name_in_a_label_is_one(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    read_metrics(f);
    body_has(f, "acta_reader_passed{reader=\"a \\\"b\\\" \\\\c\"} 0\n");
}

static void
a_token_is_needed_where_there_are_any(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_gateway_token token = { .name = "grafana", .access = ACTA_GATEWAY_READ, .secret = "0123456789abcdef" };

    f->options.tokens = &token;
    f->options.token_count = 1;
    serve(f);
    assert_int_equal(get(f, "/metrics"), 401);
    assert_int_equal(ask(f, "GET", "/metrics", "Authorization: Bearer 0123456789abcdef\r\n", NULL), 200);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_bank(numbers_are_those_of_the_application),
        with_bank(room_of_deleted_events_is_told),
        with_bank(times_of_commands_are_a_histogram),
        cmocka_unit_test_setup_teardown(no_reader_is_left_out, set_up_with_many, tear_down),
        with_bank(clients_make_no_labels),
        cmocka_unit_test_setup_teardown(a_name_in_a_label_is_one, set_up_with_odd_name, tear_down),
        with_bank(a_token_is_needed_where_there_are_any),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
