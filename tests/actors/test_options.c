/*
 * What a dispatch is told and what it returns: metadata, ids from end to end, events and state, defaults of the application,
 * readers that are waited for, and how many commands may be under way.
 */
#include "acta/gen_server.h"
#include "acta/traceparent.h"
#include "fixture.h"

/* -- what is returned -- */

static void
expect_added(const acta_returned *returned, uint32_t index, uint64_t version, int64_t total)
{
    const acta_returned_event *event = &returned->events[index];
    const ledger_Added *added = event->value;

    assert_ptr_equal(event->table, &ledger_Added_table);
    assert_int_equal(event->version, version);
    assert_int_equal(added->total, total);
    assert_true(acta_str_equal(added->counter_id, S("a")));
    assert_int_equal(ledger_Added_table.verify(event->payload, NULL), ACTA_OK);
}

static acta_status
burst(fixture *f, uint32_t times, const acta_dispatch_options *options)
{
    return ledger_Burst_dispatch(
        f->app, ACTA_INIT(ledger_Burst, .counter_id = S("a"), .times = times), options, &f->error);
}

/* AP-16: nothing, version and ids, events, state, all; with causation and correlation. */
static void
a_command_returns_what_it_is_asked_for(void **state)
{
    fixture *f = FIXTURE(state);
    acta_returned returned;
    acta_dispatch_options options = {
        .returned_out = &returned, .correlation_id = id_of("talk"), .causation_id = id_of("cause")
    };

    start(f);
    MUST(f, burst(f, 2, NULL));
    MUST(f, burst(f, 2, &options));
    assert_int_equal(returned.version, 4);
    assert_int_equal(returned.position, 4);
    assert_int_equal(returned.decisions, 1);
    assert_true(acta_id_equal(returned.correlation_id, id_of("talk")));
    assert_true(acta_id_equal(returned.causation_id, id_of("cause")));
    assert_false(acta_id_is_none(returned.command_id)); /* made up */
    assert_int_equal(returned.event_count, 0);
    assert_null(returned.state);

    options.returning = ACTA_RETURN_EVENTS;
    options.memory = f->scratch;
    MUST(f, burst(f, 2, &options));
    assert_int_equal(returned.event_count, 2);
    expect_added(&returned, 0, 5, 5);
    expect_added(&returned, 1, 6, 6);
    assert_int_equal(returned.events[0].position, 5);
    assert_null(returned.state);

    options.returning = ACTA_RETURN_ALL;
    MUST(f, burst(f, 1, &options));
    assert_int_equal(returned.event_count, 1);
    const ledger_Counter *counter = returned.state;
    assert_int_equal(counter->total, 7);
    assert_true(acta_str_equal(counter->last_job, S("burst")));
    assert_int_equal(ledger_Counter_entries_find(counter, S("burst"))->amount, 7);

    /* AP-02: no events: the version is unchanged, and the state is that. */
    MUST(f, ledger_Touch_dispatch(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("a")), &options, &f->error));
    assert_int_equal(returned.version, 7);
    assert_int_equal(returned.position, 0);
    assert_int_equal(returned.event_count, 0);
    assert_int_equal(((const ledger_Counter *)returned.state)->total, 7);
    MUST(f, ledger_Touch_dispatch(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("new")), &options, &f->error));
    assert_int_equal(returned.version, 0);
    assert_null(returned.state);
}

/* The state is that of this command, also when others follow before its append is durable. */
static void
the_state_is_as_of_the_command(void **state)
{
    fixture *f = FIXTURE(state);
    acta_returned returned;
    answer later[3] = { { .calls = 0 } };
    const acta_dispatch_options options = {
        .returned_out = &returned, .returning = ACTA_RETURN_STATE, .memory = f->scratch
    };

    start(f);
    for (int i = 0; i < 3; i++)
        add_async(f, "a", 1, NULL, &later[i]); /* in the mailbox with it */
    MUST(f, add_with(f, "a", 10, &options));
    settle(f);
    assert_int_equal(((const ledger_Counter *)returned.state)->total, 13);
    assert_int_equal(returned.version, 4);
}

/* AP-16: asked again with its id it returns the same, after others, a restart and from another incarnation. */
static void
a_command_id_returns_the_same_events_and_state(void **state)
{
    fixture *f = FIXTURE(state);
    acta_returned returned;
    const acta_dispatch_options options = {
        .command_id = id_of("once"), .returned_out = &returned, .returning = ACTA_RETURN_ALL, .memory = f->scratch
    };

    start(f);
    add(f, "a", 5);
    MUST(f, burst(f, 2, &options));
    assert_int_equal(returned.decisions, 1);
    add(f, "a", 20);
    for (int round = 0; round < 2; round++) {
        MUST(f, burst(f, 2, &options));
        assert_int_equal(returned.decisions, 0);
        assert_int_equal(returned.version, 3);
        assert_int_equal(returned.position, 3);
        assert_int_equal(returned.event_count, 2);
        expect_added(&returned, 0, 2, 6);
        expect_added(&returned, 1, 3, 7);
        assert_int_equal(returned.events[1].position, 3);
        assert_int_equal(((const ledger_Counter *)returned.state)->total, 7);
        stop(f);
        start(f);
    }
    assert_int_equal(fold_counter(f, "a"), 27);
}

/* A decision that was void returns nothing: what is returned is what was written in the end. */
static void
what_is_returned_is_what_was_written_after_a_conflict(void **state)
{
    fixture *f = FIXTURE(state);
    acta_returned returned;
    const acta_dispatch_options options = {
        .returned_out = &returned, .returning = ACTA_RETURN_ALL, .memory = f->scratch
    };

    start(f);
    add(f, "a", 5);
    acta_transaction *foreign = foreign_add(f, "a", 10, 15);
    MUST(f, acta_store_submit(acta_app_store(f->app), foreign, NULL, NULL, &f->error)); /* ahead of the next append */
    MUST(f, burst(f, 1, &options));
    assert_int_equal(returned.version, 3);
    assert_int_equal(returned.decisions, 2);
    expect_added(&returned, 0, 3, 16);
    assert_int_equal(((const ledger_Counter *)returned.state)->total, 16);
}

static void
what_cannot_be_returned_is_refused_first(void **state)
{
    fixture *f = FIXTURE(state);
    acta_returned returned;
    answer told = { .calls = 0 };

    start(f);
    assert_int_equal(burst(f, 1, &(acta_dispatch_options){ .returned_out = &returned, .returning = ACTA_RETURN_STATE }),
        ACTA_INVALID);
    assert_int_equal(burst(f, 1, &(acta_dispatch_options){ .returned_out = &returned, .returning = 8 }), ACTA_INVALID);
    add_async(f, "a", 1, &(acta_dispatch_options){ .returned_out = &returned }, &told);
    assert_int_equal(told.status, ACTA_INVALID);
    assert_int_equal(version_of(f, "Counter-a"), 0);
}

/* -- metadata -- */

static const acta_metadata_entry alice[] = { { { "user", 4 }, { "alice", 5 } }, { { "note", 4 }, { "", 0 } } };

static char seen_by_handler[256];

static acta_status
see_added(void *user, ledger_Added event, const acta_recorded *recorded, acta_error *error)
{
    (void)user;
    (void)event;
    (void)error;
    snprintf(seen_by_handler, sizeof seen_by_handler, "%.*s", (int)recorded->metadata.size,
        (const char *)recorded->metadata.data);
    return ACTA_OK;
}

static const ledger_event_handler watching = LEDGER_EVENT_HANDLER(.name = "watch", .on = { .Added = see_added });
static const acta_event_handler *const handlers[] = { &watching.base, NULL };

/* AP-01: metadata of the command are those of each of its events, behind a restart too, and a handler gets them. */
static void
metadata_go_with_each_event(void **state)
{
    fixture *f = FIXTURE(state);
    acta_cursor *cursor;
    acta_recorded event;

    f->config.event_handlers = handlers;
    start(f);
    MUST(f, burst(f, 3, &(acta_dispatch_options){ .metadata = alice, .metadata_count = 2 }));
    settle(f);
    assert_string_equal(seen_by_handler, "user:alice\nnote:\n");
    stop(f);
    start(f);
    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .stream = S("Counter-a") }, &cursor, &f->error));
    for (int i = 0; i < 3; i++) {
        MUST(f, acta_cursor_next(cursor, &event, &f->error));
        acta_bytes rest = event.metadata;
        acta_metadata_entry entry;
        assert_true(acta_metadata_next(&rest, &entry));
        assert_true(acta_str_equal(entry.name, S("user")) && acta_str_equal(entry.value, S("alice")));
        assert_true(acta_metadata_next(&rest, &entry));
        assert_true(acta_str_equal(entry.name, S("note")) && entry.value.size == 0 && entry.value.data != NULL);
        assert_false(acta_metadata_next(&rest, &entry));
        assert_null(acta_metadata_find(event.metadata, S("us")).data);
    }
    acta_cursor_close(cursor);
}

static void
metadata_that_are_none_are_refused(void **state)
{
    fixture *f = FIXTURE(state);
    static char long_value[ACTA_METADATA_MAX + 2];
    const acta_metadata_entry wrong[][2] = { { { S(""), S("x") } }, { { S("a:b"), S("x") } }, { { S("a"), S("x\ny") } },
        { { S("a"), S("\xff") } }, { { S("a"), acta_str_from(long_value, ACTA_METADATA_MAX) } },
        { { S("a"), S("x") }, { S("a"), S("y") } } };

    memset(long_value, 'x', sizeof long_value);
    start(f);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint32_t count = wrong[i][1].name.data != NULL ? 2 : 1;
        assert_int_equal(
            burst(f, 1, &(acta_dispatch_options){ .metadata = wrong[i], .metadata_count = count }), ACTA_INVALID);
    }
    assert_int_equal(version_of(f, "Counter-a"), 0);
    acta_bytes none = acta_bytes_from((const uint8_t *)"\x01\x02", 2);
    assert_null(acta_metadata_find(none, S("a")).data);
}

/* -- ids from end to end -- */

typedef struct link {
    acta_id command_id, correlation_id, causation_id;
    uint64_t position;
    char type[64];
} link;

static uint32_t
read_links(fixture *f, link *links, uint32_t max)
{
    acta_cursor *cursor;
    acta_recorded event;
    uint32_t count = 0;

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        if (event.type.data[0] == '$' || count == max) continue;
        links[count] = (link){ .command_id = event.command_id,
            .correlation_id = event.correlation_id,
            .causation_id = event.causation_id,
            .position = event.position };
        snprintf(links[count].type, sizeof links[count].type, ACTA_FMT, ACTA_ARG(event.type));
        count++;
    }
    acta_cursor_close(cursor);
    return count;
}

static acta_id caused_by[16]; /* of the commands of process managers, as middleware sees them */
static acta_id commands_seen[16];
static uint32_t caused_count;

static void
note_cause(acta_passage *passage, void *user)
{
    (void)user;
    if (!acta_passage_is_of_manager(passage) || caused_count == 16) return;
    commands_seen[caused_count] = acta_passage_envelope(passage)->command_id;
    caused_by[caused_count++] = acta_passage_envelope(passage)->causation_id;
}

/* The id of an event, as what it causes names it: its position in the last eight bytes. */
static uint64_t
position_of(acta_id id)
{
    uint64_t position = 0;

    for (int i = 8; i < 16; i++)
        position = position << 8 | id.bytes[i];
    return position;
}

/* AP-18: made up where there is none, and handed on: command -> event -> the process manager's command -> its events. */
static void
ids_lead_from_a_command_to_the_last_event_of_its_saga(void **state)
{
    static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
    static const acta_middleware noting = { .name = "noting", .before = note_cause };
    static const acta_middleware *const middleware[] = { &noting, NULL };
    fixture *f = FIXTURE(state);
    link links[8];

    caused_count = 0;
    f->config.process_managers = managers;
    f->config.middleware = middleware;
    start(f);
    MUST(f, start_job(f, "j", (const char *const[]){ "a", "b" }, 2, 1)); /* no ids given */
    settle(f);
    assert_int_equal(read_links(f, links, 8), 4); /* JobStarted, Added, Added, JobEnded */
    assert_string_equal(links[0].type, "ledger.JobStarted");
    assert_string_equal(links[3].type, "ledger.JobEnded");
    assert_false(acta_id_is_none(links[0].correlation_id));
    assert_int_equal(caused_count, 3);
    for (uint32_t i = 0; i < 4; i++)
        assert_true(acta_id_equal(links[i].correlation_id, links[0].correlation_id));
    for (uint32_t i = 1; i < 4; i++) { /* each event was caused by the command, and that by the event before it */
        assert_true(acta_id_equal(links[i].causation_id, commands_seen[i - 1]));
        assert_true(acta_id_equal(links[i].command_id, commands_seen[i - 1]));
        uint64_t cause = position_of(caused_by[i - 1]);
        assert_int_equal(cause, i < 3 ? links[0].position : links[2].position);
    }
}

/* -- what a handler asks for -- */

static acta_app **answering_app;
static answer answered;

static acta_status
answer_to_added(void *user, ledger_Added event, const acta_recorded *recorded, acta_error *error)
{
    const acta_metadata_entry own = { S(ACTA_TRACEPARENT), S("of its own") };
    const acta_dispatch_options follows = { .cause = recorded };
    const acta_dispatch_options knows_better = { .cause = recorded,
        .correlation_id = id_of("talk"),
        .causation_id = id_of("me"),
        .metadata = &own,
        .metadata_count = 1 };
    (void)user;
    (void)error;

    if (!acta_str_equal(event.counter_id, S("first"))) return ACTA_OK;
    ledger_Add_dispatch_async(*answering_app, ACTA_INIT(ledger_Add, .counter_id = S("second"), .amount = 1), &follows,
        take_answer, &answered);
    ledger_Add_dispatch_async(*answering_app, ACTA_INIT(ledger_Add, .counter_id = S("third"), .amount = 1),
        &knows_better, take_answer, &answered);
    return ACTA_OK;
}

/* Correlation, causation and trace are those of the event that it names as its cause, but for what it says itself. */
static void
a_command_follows_the_event_that_it_names(void **state)
{
    static const ledger_event_handler answering =
        LEDGER_EVENT_HANDLER(.name = "answering", .on = { .Added = answer_to_added });
    static const acta_event_handler *const list[] = { &answering.base, NULL };
    const acta_metadata_entry trace = { S(ACTA_TRACEPARENT),
        S("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later") };
    fixture *f = FIXTURE(state);
    acta_cursor *cursor;
    acta_recorded event;
    link links[4];

    answered = (answer){ .calls = 0 };
    answering_app = &f->app;
    f->config.event_handlers = list;
    start(f);
    MUST(f, add_with(f, "first", 1, &(acta_dispatch_options){ .metadata = &trace, .metadata_count = 1 }));
    settle(f);
    assert_int_equal(read_links(f, links, 4), 3);
    assert_true(acta_id_equal(links[1].correlation_id, links[0].correlation_id));
    assert_true(acta_id_equal(links[2].correlation_id, id_of("talk")));
    assert_int_equal(answered.calls, 2);

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    for (int i = 0; i < 3; i++) {
        MUST(f, acta_cursor_next(cursor, &event, &f->error));
        acta_str written = acta_metadata_find(event.metadata, S(ACTA_TRACEPARENT));
        assert_true(acta_str_equal(
            written, i < 2 ? S("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01") : S("of its own")));
    }
    acta_cursor_close(cursor);
}

/* -- defaults -- */

static void
defaults_of_the_application_hold_where_nothing_else_is_said(void **state)
{
    static const char *const watch[] = { "watch", NULL };
    static const char *const nobody[] = { NULL };
    static const acta_metadata_entry of_app[] = { { { "node", 4 }, { "n1", 2 } }, { { "user", 4 }, { "system", 6 } } };
    static const acta_dispatch_options defaults = {
        .wait_for = watch, .metadata = of_app, .metadata_count = 2, .returning = ACTA_RETURN_EVENTS
    };
    static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
    fixture *f = FIXTURE(state);
    acta_returned returned;
    answer told = { .calls = 0 };

    f->config.event_handlers = handlers;
    f->config.process_managers = managers;
    f->config.dispatch_defaults = &defaults;
    start(f);
    MUST(f, burst(f, 1, NULL));
    assert_true(reader_info(f, "watch").passed >= 1); /* it was waited for */
    assert_string_equal(seen_by_handler, "node:n1\nuser:system\n");
    MUST(f, burst(f, 1,
                &(acta_dispatch_options){
                    .metadata = alice, .metadata_count = 2, .returned_out = &returned, .memory = f->scratch }));
    assert_string_equal(seen_by_handler, "user:alice\nnote:\nnode:n1\n");
    assert_int_equal(returned.event_count, 1);
    MUST(f, burst(f, 1, &(acta_dispatch_options){ .wait_for = nobody }));
    assert_true(reader_info(f, "watch").passed < 3);
    add_async(f, "a", 1, NULL, &told);
    settle(f);
    assert_int_equal(told.status, ACTA_OK);

    MUST(f, start_job(f, "j", (const char *const[]){ "b" }, 1, 1));
    settle(f);
    assert_string_equal(seen_by_handler, "node:n1\nuser:system\n"); /* Added, by the process manager's command */
}

static void
defaults_that_are_of_one_command_are_refused(void **state)
{
    static const char *const nobody_here[] = { "nobody", NULL };
    static const acta_metadata_entry bad[] = { { { "a b", 3 }, { "", 0 } } };
    const acta_dispatch_options wrong[] = { { .command_id = id_of("x") }, { .expected_version = 3 },
        { .wait_for = nobody_here }, { .metadata = bad, .metadata_count = 1 } };
    fixture *f = FIXTURE(state);

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        f->config.dispatch_defaults = &wrong[i];
        assert_int_equal(try_start(f), ACTA_INVALID);
        assert_null(f->app);
    }
}

/* -- waiting for readers -- */

static acta_status
refuse_added(void *user, ledger_Added event, const acta_recorded *recorded, acta_error *error)
{
    (void)user;
    (void)recorded;
    if (!acta_str_equal(event.counter_id, S("bad"))) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID, "it is bad");
}

static acta_status
see_ended(void *user, ledger_JobEnded event, const acta_recorded *recorded, acta_error *error)
{
    (void)user, (void)event, (void)recorded, (void)error;
    return ACTA_OK;
}

static const ledger_event_handler refusing =
    LEDGER_EVENT_HANDLER(.name = "refuse", .retry_max = 2, .on = { .Added = refuse_added });
static const ledger_event_handler not_interested =
    LEDGER_EVENT_HANDLER(.name = "other", .on = { .JobEnded = see_ended });

/* AP-20: one that skips the event counts as done; one that has parked it says so at once; a deadline says that it is stored;
 * and only those are waited for that are named. */
static void
a_dispatch_waits_for_the_readers_that_it_names(void **state)
{
    static const acta_event_handler *const all[] = { &refusing.base, &not_interested.base, NULL };
    static const char *const refuse[] = { "refuse", NULL };
    static const char *const other[] = { "other", NULL };
    fixture *f = FIXTURE(state);

    f->config.event_handlers = all;
    start(f);
    MUST(f, add_with(f, "bad", 1, &(acta_dispatch_options){ .wait_for = other }));
    assert_true(reader_info(f, "other").passed >= 1);

    /* retries take 100 ms and more */
    acta_status status = add_with(f, "bad", 1, &(acta_dispatch_options){ .wait_for = refuse, .timeout_ms = 10 });
    assert_int_equal(status, ACTA_TIMEOUT);
    assert_non_null(strstr(f->error.text, "the command is stored, but reader 'refuse' is at position"));
    assert_int_equal(fold_counter(f, "bad"), 2);

    while (reader_info(f, "refuse").parked == 0)
        step(f);
    uint64_t before_ns = f->now_ns;
    assert_int_equal(add_with(f, "bad", 1, &(acta_dispatch_options){ .wait_for = refuse }), ACTA_PARKED);
    assert_true(f->now_ns - before_ns < 100 * UINT64_C(1000000)); /* of a virtual clock: no retry was waited for */
    MUST(f, add_with(f, "good", 1, &(acta_dispatch_options){ .wait_for = refuse }));

    /* AP-02: without events there is nothing to wait for. */
    MUST(f, ledger_Touch_dispatch(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("bad")),
                &(acta_dispatch_options){ .wait_for = refuse }, &f->error));
}

static fixture *of_handler;
static acta_status told_inside, told_async;

static void
note_async(void *user, const acta_dispatch_result *result)
{
    (void)user;
    told_async = result->status;
}

static acta_status
dispatch_inside(void *user, ledger_JobEnded event, const acta_recorded *recorded, acta_error *error)
{
    static const char *const myself[] = { "inside", NULL };
    const acta_dispatch_options options = { .wait_for = myself };
    (void)user, (void)event, (void)recorded, (void)error;
    const ledger_Add add = ACTA_INIT(ledger_Add, .counter_id = S("inside"), .amount = 1);

    told_inside = ledger_Add_dispatch(of_handler->app, add, &options, NULL);
    ledger_Add_dispatch_async(of_handler->app, add, &options, note_async, NULL);
    return ACTA_OK;
}

static const ledger_event_handler inside =
    LEDGER_EVENT_HANDLER(.name = "inside", .on = { .JobEnded = dispatch_inside });

/* AP-20: a handler can't wait for itself: from inside an actor no dispatch waits, and it is told at once. */
static void
a_handler_cannot_wait_for_itself(void **state)
{
    static const acta_event_handler *const all[] = { &inside.base, NULL };
    fixture *f = FIXTURE(state);

    of_handler = f;
    told_inside = told_async = ACTA_OK;
    f->config.event_handlers = all;
    start(f);
    MUST(f, start_job(f, "j", (const char *const[]){ "a" }, 0, 1));
    MUST(f, ledger_EndJob_dispatch(f->app, ACTA_INIT(ledger_EndJob, .job_id = S("j")), NULL, &f->error));
    settle(f);
    assert_int_equal(told_inside, ACTA_CALLING_SELF);
    assert_int_equal(told_async, ACTA_INVALID);
    assert_int_equal(version_of(f, "Counter-inside"), 0);
}

/* -- how many at once -- */

/* One more than may be under way is told so at once, and comes through when others have. */
static void
more_commands_than_may_be_under_way_are_busy(void **state)
{
    fixture *f = FIXTURE(state);
    answer told[5] = { { .calls = 0 } };

    f->config.commands_max = 3;
    start(f);
    for (int i = 0; i < 5; i++)
        add_async(f, "a", 1, NULL, &told[i]);
    assert_int_equal(told[3].status, ACTA_BUSY);
    assert_non_null(strstr(told[3].text, "commands_max"));
    assert_int_equal(told[4].status, ACTA_BUSY);
    settle(f);
    for (int i = 0; i < 3; i++)
        assert_int_equal(told[i].status, ACTA_OK);
    assert_int_equal(fold_counter(f, "a"), 3);
    add(f, "a", 1);
    assert_int_equal(fold_counter(f, "a"), 4);
}

/* Those of process managers are never refused: nobody would be there to hear of it but they themselves. */
static void
commands_of_process_managers_are_not_refused_for_their_number(void **state)
{
    static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
    fixture *f = FIXTURE(state);
    answer told = { .calls = 0 };

    f->config.process_managers = managers;
    f->config.commands_max = 1;
    start(f);
    MUST(f, start_job(f, "j", (const char *const[]){ "a", "b" }, 2, 1));
    add_async(f, "c", 1, NULL, &told);
    settle(f);
    assert_int_equal(count_events(f, &ledger_JobEnded_table, "j"), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(a_command_returns_what_it_is_asked_for),
        manual(the_state_is_as_of_the_command),
        manual(a_command_id_returns_the_same_events_and_state),
        manual(what_is_returned_is_what_was_written_after_a_conflict),
        manual(what_cannot_be_returned_is_refused_first),
        manual(metadata_go_with_each_event),
        manual(metadata_that_are_none_are_refused),
        manual(ids_lead_from_a_command_to_the_last_event_of_its_saga),
        manual(a_command_follows_the_event_that_it_names),
        manual(defaults_of_the_application_hold_where_nothing_else_is_said),
        manual(defaults_that_are_of_one_command_are_refused),
        manual(a_dispatch_waits_for_the_readers_that_it_names),
        manual(a_handler_cannot_wait_for_itself),
        manual(more_commands_than_may_be_under_way_are_busy),
        manual(commands_of_process_managers_are_not_refused_for_their_number),
    };
    return run_on_engines("options", tests);
}
