/*
 * Audit: every command has one record that says what became of it; with its events, or not at all, whatever step the process
 * dies at. Nothing redacted is in it, personal fields are sealed, and it goes when its time has come.
 */
#include "acta/audit.h"

#include "fixture.h"

enum { RECORDS_MAX = 64 };

/* What a test looks at of a record. */
typedef struct seen {
    acta_status status;
    uint32_t code, events, decisions;
    uint64_t version, duration_us;
    int64_t at_us;
    bool is_of_manager, has_own_id;
    int64_t amount; /* of an Add */
    char type[32], text[64], where[32], user[32];
} seen;

static seen records[RECORDS_MAX];

static void
put_text(char *to, size_t size, acta_str text)
{
    snprintf(to, size, ACTA_FMT, ACTA_ARG(text));
}

static uint32_t
read_records(fixture *f, const acta_audit_read *read)
{
    acta_audit_cursor *cursor;
    acta_audit_record record;
    uint32_t count = 0;
    acta_status status;

    MUST(f, acta_audit_open(f->app, read, &cursor, &f->error));
    while ((status = acta_audit_next(cursor, &record, &f->error)) == ACTA_OK) {
        assert_true(count < RECORDS_MAX);
        seen *s = &records[count++];
        *s = (seen){ .status = record.status,
            .code = record.code,
            .events = record.event_count,
            .decisions = record.decisions,
            .version = record.version,
            .duration_us = record.duration_us,
            .at_us = record.dispatched_at_us,
            .is_of_manager = record.is_of_manager,
            .has_own_id = record.has_own_id };
        put_text(s->type, sizeof s->type, record.type);
        put_text(s->text, sizeof s->text, record.text);
        put_text(s->where, sizeof s->where, record.where);
        put_text(s->user, sizeof s->user, acta_metadata_find(record.metadata, S("user")));
        if (record.table == &ledger_Add_table && record.payload.data != NULL) {
            ledger_Add add;
            ledger_Add_read(record.payload, &add);
            s->amount = add.amount;
        }
    }
    assert_int_equal(status, ACTA_NOT_FOUND);
    acta_audit_close(cursor);
    return count;
}

static void
start_audited(fixture *f)
{
    f->config.audit.is_on = true;
    start(f);
}

static acta_status
touch(fixture *f, const acta_dispatch_options *options)
{
    f->now_ns += 1000000; /* so that records are in the order of the calls */
    return ledger_Touch_dispatch(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("a")), options, &f->error);
}

static acta_status
add_later(fixture *f, int64_t amount, const acta_dispatch_options *options)
{
    f->now_ns += 1000000;
    return add_with(f, "a", amount, options);
}

/* -- what is recorded -- */

static void
every_command_has_a_record_of_its_end(void **state)
{
    static const acta_metadata_entry alice[] = { { { "user", 4 }, { "alice", 5 } } };
    const acta_dispatch_options of_alice = { .metadata = alice, .metadata_count = 1 };
    const acta_dispatch_options once = { .command_id = id_of("once") };
    fixture *f = FIXTURE(state);

    start_audited(f);
    MUST(f, add_later(f, 60, &of_alice));
    assert_int_equal(add_later(f, 50, NULL), ACTA_REJECTED);
    MUST(f, touch(f, NULL));
    MUST(f, touch(f, &once));
    MUST(f, touch(f, &once)); /* answered from before */
    assert_int_equal(add_later(f, 1, &(acta_dispatch_options){ .expected_version = 7 }), ACTA_CONFLICT);
    f->now_ns += 1000000;
    assert_int_equal(
        ledger_Break_dispatch(f->app, ACTA_INIT(ledger_Break, .counter_id = S("a")), NULL, &f->error), ACTA_FAILED);
    run_all(f);

    for (int round = 0; round < 2; round++) {
        assert_int_equal(read_records(f, NULL), 7);
        assert_string_equal(records[0].type, "ledger.Add");
        assert_int_equal(records[0].status, ACTA_OK);
        assert_int_equal(records[0].events, 1);
        assert_int_equal(records[0].version, 1);
        assert_int_equal(records[0].decisions, 1);
        assert_int_equal(records[0].amount, 60);
        assert_string_equal(records[0].user, "alice");
        assert_false(records[0].has_own_id);
        assert_int_equal(records[1].status, ACTA_REJECTED);
        assert_int_equal(records[1].code, ledger_Rejection_too_much);
        assert_string_equal(records[1].where, "too_much");
        assert_string_equal(records[1].text, "the total is 60 of 100");
        assert_int_equal(records[1].events, 0);
        assert_string_equal(records[2].type, "ledger.Touch");
        assert_int_equal(records[2].status, ACTA_OK);
        assert_true(records[3].has_own_id);
        assert_int_equal(records[3].decisions, 1);
        assert_int_equal(records[4].status, ACTA_OK);
        assert_int_equal(records[4].decisions, 0);
        assert_int_equal(records[5].status, ACTA_CONFLICT);
        assert_int_equal(records[6].status, ACTA_FAILED);
        stop(f);
        f->config.audit.is_on = false; /* what is there can be read all the same */
        start(f);
    }
}

static void
records_are_read_by_what_one_looks_for(void **state)
{
    const acta_dispatch_options talk = { .correlation_id = id_of("talk") };
    fixture *f = FIXTURE(state);

    start_audited(f);
    MUST(f, add_later(f, 60, NULL));
    assert_int_equal(add_later(f, 50, &talk), ACTA_REJECTED);
    MUST(f, touch(f, &talk));
    f->now_ns += 1000000;
    add(f, "b", 5);
    run_all(f);
    assert_int_equal(read_records(f, NULL), 4);
    int64_t second_us = records[1].at_us, last_us = records[3].at_us;

    assert_int_equal(read_records(f, &(acta_audit_read){ .failures = true }), 1);
    assert_int_equal(read_records(f, &(acta_audit_read){ .stream = S("Counter-b") }), 1);
    assert_int_equal(records[0].amount, 5);
    assert_int_equal(read_records(f, &(acta_audit_read){ .type = S("ledger.Touch") }), 1);
    assert_int_equal(read_records(f, &(acta_audit_read){ .correlation_id = id_of("talk") }), 2);
    assert_int_equal(read_records(f, &(acta_audit_read){ .from_us = second_us, .to_us = last_us }), 2);
    assert_int_equal(records[0].amount, 50);
    assert_int_equal(read_records(f, &(acta_audit_read){ .backward = true }), 4);
    assert_int_equal(records[0].amount, 5);
    assert_int_equal(records[3].amount, 60);
    acta_audit_cursor *cursor;
    assert_int_equal(acta_audit_open(f->app, &(acta_audit_read){ .from_us = -1 }, &cursor, NULL), ACTA_INVALID);
}

static void
refuse_all(acta_passage *passage, void *user)
{
    (void)user;
    acta_passage_respond(passage, ACTA_REJECTED, 401, "unknown_user", "who is it?");
}

/* What middleware answers is what became of the command; commands of process managers are told as theirs. */
static void
what_middleware_answers_is_recorded(void **state)
{
    static const acta_middleware guard = { .name = "guard", .before = refuse_all };
    static const acta_middleware *const middleware[] = { &guard, NULL };
    static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
    fixture *f = FIXTURE(state);

    f->config.process_managers = managers;
    start_audited(f);
    MUST(f, start_job(f, "j", (const char *const[]){ "a" }, 1, 1));
    settle(f);
    run_all(f);
    assert_int_equal(read_records(f, NULL), 3);
    uint32_t of_managers = 0;
    for (int i = 0; i < 3; i++) {
        of_managers += records[i].is_of_manager;
        assert_int_equal(records[i].status, ACTA_OK);
        assert_int_equal(records[i].events, 1);
    }
    assert_int_equal(of_managers, 2);
    stop(f);

    f->config.middleware = middleware;
    f->now_ns += 1000000;
    start_audited(f);
    assert_int_equal(add_later(f, 1, NULL), ACTA_REJECTED);
    run_all(f);
    assert_int_equal(read_records(f, &(acta_audit_read){ .failures = true }), 1);
    assert_int_equal(records[0].code, 401);
    assert_int_equal(records[0].decisions, 0);
}

static void
the_content_may_be_left_out(void **state)
{
    fixture *f = FIXTURE(state);

    f->config.audit.without_payload = true;
    start_audited(f);
    add(f, "a", 7);
    assert_int_equal(read_records(f, NULL), 1);
    assert_int_equal(records[0].amount, 0);
    assert_int_equal(records[0].events, 1);
}

/* -- too late -- */

/* A command that is answered too late has one record, which says what became of it in the end. */
static void
a_timeout_has_one_record_of_what_became_of_it(void **state)
{
    fixture *f = FIXTURE(state);
    answer told = { .calls = 0 };

    start_audited(f);
    add_async(f, "a", 1, &(acta_dispatch_options){ .timeout_ms = 10 }, &told);
    run_actors(f); /* decided, and not written */
    f->now_ns += 20 * UINT64_C(1000000);
    run_actors(f);
    assert_int_equal(told.status, ACTA_TIMEOUT);
    run_all(f);
    assert_int_equal(fold_counter(f, "a"), 1);
    assert_int_equal(read_records(f, NULL), 1);
    assert_int_equal(records[0].status, ACTA_OK);
    assert_int_equal(records[0].events, 1);
}

/* -- crashes -- */

/* Whatever step the process dies at: as many records of commands with events as there are such commands, version by version. */
static void
a_record_is_there_with_its_events_or_not_at_all(void **state)
{
    fixture *f = FIXTURE(state);
    uint32_t cut = 0;

    for (uint32_t steps = 0; steps < 24; steps++) {
        answer told[3] = { { .calls = 0 } };
        uint64_t version = steps > 0 ? version_of(f, "Counter-a") : 0;
        if (f->app == NULL) start_audited(f);
        f->now_ns += 1000000;
        for (int i = 0; i < 3; i++)
            add_async(f, "a", i == 1 ? 1000 : 0, NULL, &told[i]); /* the second is rejected */
        for (uint32_t i = 0; i < steps % 12; i++)
            if (!acta_runtime_step(acta_app_runtime(f->app))) acta_store_step(acta_app_store(f->app));
        crash(f);
        f->now_ns += 1000000;
        start_audited(f);
        if (version_of(f, "Counter-a") == version) cut++;

        uint32_t count = read_records(f, NULL), accepted = 0;
        for (uint32_t i = 0; i < count; i++)
            accepted += records[i].events;
        assert_int_equal(accepted, version_of(f, "Counter-a"));
    }
    assert_true(cut > 0 && version_of(f, "Counter-a") > 0);
}

/* -- retention -- */

static void
records_go_when_their_time_has_come(void **state)
{
    fixture *f = FIXTURE(state);

    f->config.audit.retention_ms = 3600 * 1000;
    start_audited(f);
    add(f, "a", 1);
    pass_ms(f, 50 * 60 * 1000);
    add(f, "a", 2);
    assert_int_equal(read_records(f, NULL), 2);
    pass_ms(f, 15 * 60 * 1000);
    assert_int_equal(read_records(f, NULL), 1);
    assert_int_equal(records[0].amount, 2);
    pass_ms(f, 60 * 60 * 1000);
    assert_int_equal(read_records(f, NULL), 0);
    assert_int_equal(fold_counter(f, "a"), 3); /* the log stays */
}

static void
nothing_is_recorded_where_it_is_off(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    add(f, "a", 1);
    assert_int_equal(add_with(f, "a", 1000, NULL), ACTA_REJECTED);
    run_all(f);
    assert_int_equal(count_rows(f, "audit.commands"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(every_command_has_a_record_of_its_end),
        manual(records_are_read_by_what_one_looks_for),
        manual(what_middleware_answers_is_recorded),
        manual(the_content_may_be_left_out),
        manual(a_timeout_has_one_record_of_what_became_of_it),
        manual(a_record_is_there_with_its_events_or_not_at_all),
        manual(records_go_when_their_time_has_come),
        manual(nothing_is_recorded_where_it_is_off),
    };
    return run_on_memory("audit", tests);
}
