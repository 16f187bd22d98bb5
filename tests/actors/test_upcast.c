/*
 * Upcasters, from end to end: a store that the first and the second program have written (purse_old.c, each a process of
 * its own) is gone on with by the third. What it knows of them is the same for all who read: aggregates, handlers,
 * projections, process managers, what was parked, and who reads the log himself.
 *
 *     position  stream   type, version      by        is to the third program
 *     1         a        Earned 1           first     Earned 10000
 *     2         b        Earned 1           first     Earned 5000
 *     3         a        Spent 1, "bread"   first     Spent 3000, by way of version 2
 *     4         a        Renamed 1          first     nothing
 *     5         a        Lent 1, to b       first     Moved 2000 of a, Owed 2000 of b
 *     6         b        Spent 1            first     Spent 500; parked by "picky"
 *     7         a        Spent 2, fee 1     second    Spent 1000, Charged 100
 *     8         b        Earned 1           second    Earned 100
 */
#include <spawn.h>
#include <sys/wait.h>

#include "acta/time_travel.h"
#include "fixture.h"

#include "purse.h"

enum { SEEN_MAX = 2048 };

static char seen[SEEN_MAX]; /* by the handler: one line an event */

static void
run_program(fixture *f, const char *variable)
{
    extern char **environ;
    char *program = getenv(variable);
    char *arguments[] = { program, f->path, NULL };
    int status;
    pid_t pid;

    assert_non_null(program);
    assert_int_equal(posix_spawn(&pid, program, NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void
see(const char *type, acta_str purse_id, int64_t hundredths, const acta_recorded *recorded)
{
    size_t used = strlen(seen);
    snprintf(seen + used, sizeof seen - used, "%" PRIu64 " %s " ACTA_FMT " %" PRId64 "\n", recorded->position, type,
        ACTA_ARG(purse_id), hundredths);
}

static acta_status
see_earned(void *user, purse_Earned event, const acta_recorded *recorded, acta_error *error)
{
    (void)user, (void)error;
    see("Earned", event.purse_id, event.hundredths, recorded);
    return ACTA_OK;
}

static acta_status
see_spent(void *user, purse_Spent event, const acta_recorded *recorded, acta_error *error)
{
    (void)user, (void)error;
    assert_true(acta_str_equal(recorded->type, S("purse.Spent")));
    see(event.kind == purse_Kind_travel ? "Spent on travel" : "Spent", event.purse_id, event.hundredths, recorded);
    return ACTA_OK;
}

static acta_status
see_charged(void *user, purse_Charged event, const acta_recorded *recorded, acta_error *error)
{
    (void)user, (void)error;
    see("Charged", event.purse_id, event.hundredths, recorded);
    return ACTA_OK;
}

static acta_status
see_moved(void *user, purse_Moved event, const acta_recorded *recorded, acta_error *error)
{
    (void)user, (void)error;
    see("Moved", event.purse_id, event.hundredths, recorded);
    return ACTA_OK;
}

static acta_status
see_owed(void *user, purse_Owed event, const acta_recorded *recorded, acta_error *error)
{
    (void)user, (void)error;
    see("Owed", event.purse_id, event.hundredths, recorded);
    return ACTA_OK;
}

static const purse_event_handler watcher = PURSE_EVENT_HANDLER(.name = "watcher",
    .on = { .Earned = see_earned, .Spent = see_spent, .Charged = see_charged, .Moved = see_moved, .Owed = see_owed });
static const purse_event_handler picky =
    PURSE_EVENT_HANDLER(.name = "picky", .on = { .Spent = see_spent }, .retry_max = 1);
static const acta_event_handler *const watchers[] = { &watcher.base, NULL };
static const acta_event_handler *const pickies[] = { &picky.base, NULL };
static const acta_projection *const projections[] = { &purse_rows.base, NULL };

/* The third program, over what the two before it have left. */
static void
set_third(fixture *f)
{
    f->config.schema = &purse_schema;
    f->config.aggregates = purse_aggregates;
    f->config.upcasters = &purse_upcasts.base;
    seen[0] = '\0';
    purse_hook = (purse_hooks){ .lent = NULL };
}

static void
begin(fixture *f)
{
    run_program(f, "ACTA_PURSE_V1");
    run_program(f, "ACTA_PURSE_V2");
    set_third(f);
}

static void
expect_purse(fixture *f, const char *id, int64_t hundredths, uint32_t events)
{
    purse_Purse state;

    MUST(f, purse_Purse_read(f->app, acta_str_of(id), &state, NULL, &f->error));
    assert_int_equal(state.hundredths, hundredths);
    assert_int_equal(state.events, events);
}

/* -- who reads -- */

/* AP-22: upcasting reaches aggregates; the snapshots of the old state are void, and new ones hold. */
static void
aggregates_are_made_of_what_old_events_have_become(void **state)
{
    fixture *f = FIXTURE(state);

    begin(f);
    start(f);
    expect_purse(f, "a", 10000 - 3000 - 2000 - 1000 - 100, 5);
    expect_purse(f, "b", 5000 - 500 + 100, 3);
    MUST(f, purse_Spend_dispatch(f->app, ACTA_INIT(purse_Spend, .purse_id = S("a"), .hundredths = 1), NULL, &f->error));
    expect_purse(f, "a", 3899, 6);
    stop(f);
    start(f); /* from a snapshot of the state as it is now */
    expect_purse(f, "a", 3899, 6);
}

/* The past of one that lies in three versions of the schema, as the program of today reads it. */
static void
the_past_is_read_as_old_events_have_become(void **state)
{
    static const int64_t at_version[] = { 10000, 7000, 7000, 5000, 3900 };
    static const uint64_t positions[] = { 1, 3, 4, 5, 7 };
    fixture *f = FIXTURE(state);
    purse_Purse purse;
    acta_change change;

    begin(f);
    start(f);
    acta_history *history = acta_app_history(f->app);
    for (uint64_t version = 1; version <= 5; version++) {
        MUST(f, purse_Purse_read_at(history, S("a"), acta_at_version(version), &purse, f->scratch, &f->error));
        assert_int_equal(purse.hundredths, at_version[version - 1]);
        MUST(f, purse_Purse_read_at(
                    history, S("a"), acta_at_position(positions[version - 1]), &purse, f->scratch, &f->error));
        assert_int_equal(purse.hundredths, at_version[version - 1]);
    }
    assert_int_equal(
        purse.events, 5); /* of its five one has become nothing, one two of which it ignores one, and one two */
    MUST(f, acta_aggregate_why(history, &purse_Purse_table, S("a"), S("hundredths"), acta_at_version(4), f->scratch,
                &change, &f->error));
    assert_int_equal(change.place.position, 5);
    assert_true(acta_str_equal(change.type, S("purse.Lent"))); /* as it was recorded */
    assert_true(acta_str_equal(change.before, S("7000")));
    assert_true(acta_str_equal(change.after, S("5000")));
}

/* AP-22: handlers see what the old events have become, in the log's order, under the old ones' positions. */
static void
handlers_see_what_old_events_have_become(void **state)
{
    fixture *f = FIXTURE(state);

    begin(f);
    f->config.event_handlers = watchers;
    start(f);
    settle(f);
    assert_string_equal(seen,
        "1 Earned a 10000\n2 Earned b 5000\n3 Spent on travel a 3000\n5 Moved a 2000\n"
        "5 Owed b 2000\n6 Spent b 500\n7 Spent on travel a 1000\n7 Charged a 100\n8 Earned b 100\n");
}

/* AP-22: projections write the rows of all that an old event has become with it. */
static void
projections_see_what_old_events_have_become(void **state)
{
    fixture *f = FIXTURE(state);
    purse_PurseRow row;

    begin(f);
    f->config.projections = projections;
    start(f);
    settle(f);
    MUST(f, purse_PurseRow_find(f->app, S("a"), &row, f->scratch, &f->error));
    assert_int_equal(row.hundredths, 3900);
    assert_int_equal(row.events, 5);
    MUST(f, purse_PurseRow_find(f->app, S("b"), &row, f->scratch, &f->error));
    assert_int_equal(row.hundredths, 5000 + 2000 - 500 + 100);
    assert_int_equal(row.events, 4);
}

/* AP-22: an inline projection's rows are, from its first start on, of what the old events of a stream have become. */
static void
inline_projections_begin_with_what_old_events_have_become(void **state)
{
    static purse_projection of_one_stream;
    static const acta_projection *const inlined[] = { &of_one_stream.base, NULL };
    fixture *f = FIXTURE(state);
    purse_PurseRow row;

    of_one_stream = purse_rows;
    of_one_stream.on.Owed = NULL; /* its row is that of another stream */
    begin(f);
    f->config.inline_projections = inlined;
    start(f);
    MUST(f, purse_PurseRow_find(f->app, S("b"), &row, f->scratch, &f->error));
    assert_int_equal(row.hundredths, 5000 - 500 + 100);
    assert_int_equal(row.events, 3);
    MUST(f, purse_Spend_dispatch(f->app, ACTA_INIT(purse_Spend, .purse_id = S("a"), .hundredths = 1), NULL, &f->error));
    MUST(f, purse_PurseRow_find(f->app, S("a"), &row, f->scratch, &f->error));
    assert_int_equal(row.hundredths, 3900 - 1);
    assert_int_equal(row.events, 5 + 1);
}

static void
expect_diary(fixture *f, const char *id, uint32_t notes, int64_t hundredths)
{
    purse_Diary diary;

    MUST(f, purse_Diary_read(f->app, acta_str_of(id), &diary, NULL, &f->error));
    assert_int_equal(diary.notes, notes);
    assert_int_equal(diary.hundredths, hundredths);
}

/* AP-22: process managers get all that an old event has become: several to one instance in one batch, and one old event
 * goes to several instances. Each once, also when everything starts again. */
static void
process_managers_see_what_old_events_have_become(void **state)
{
    fixture *f = FIXTURE(state);

    begin(f);
    f->config.process_managers = purse_process_managers;
    start(f);
    settle(f);
    expect_diary(f, "a", 5, 3900);
    expect_diary(f, "b", 4, 6600);
    stop(f);
    start(f);
    settle(f);
    expect_diary(f, "a", 5, 3900);
    expect_diary(f, "b", 4, 6600);
}

/* What the first program parked, the third can work on: as what it has become. */
static void
parked_events_are_upcast_too(void **state)
{
    fixture *f = FIXTURE(state);

    begin(f);
    f->config.event_handlers = pickies;
    start(f);
    settle(f);
    assert_int_equal(reader_info(f, "picky").parked, 0);
    assert_non_null(strstr(seen, "6 Spent b 500\n"));
    assert_int_equal(count_rows(f, "parked"), 0);
}

static acta_status
count_current(void *user, const acta_table *event, const acta_recorded *recorded, acta_error *error)
{
    uint32_t *counts = user;

    assert_true(acta_str_equal(recorded->type, acta_str_of(event->name)));
    assert_int_equal(event->verify(recorded->payload, error), ACTA_OK);
    counts[recorded->position]++;
    return ACTA_OK;
}

/* Cursors and subscriptions give the log as it is; acta_app_upcast what it has become. */
static void
who_reads_the_log_himself_can_upcast_too(void **state)
{
    static const uint32_t expected[] = { 0, 1, 1, 1, 0, 2, 1, 2, 1, 1 };
    fixture *f = FIXTURE(state);
    uint32_t counts[10] = { 0 };
    acta_recorded recorded;
    acta_cursor *cursor;

    begin(f);
    start(f);
    MUST(f, purse_Earn_dispatch(f->app, ACTA_INIT(purse_Earn, .purse_id = S("c"), .hundredths = 1), NULL, &f->error));
    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    while (acta_cursor_next(cursor, &recorded, &f->error) == ACTA_OK)
        MUST(f, acta_app_upcast(f->app, &recorded, count_current, counts, &f->error));
    acta_cursor_close(cursor);
    assert_memory_equal(counts, expected, sizeof counts);
}

/* -- what goes wrong -- */

static acta_status
fail_lent(const purse_v1_Lent *old, acta_upcast *out)
{
    const acta_recorded *recorded = acta_upcast_recorded(out);
    (void)old;

    assert_int_equal(recorded->position, 5);
    assert_true(acta_str_equal(recorded->type, S("purse.Lent")));
    purse_Owed_upcast(out, ACTA_INIT(purse_Owed, .hundredths = 1)); /* without what it requires: sticky */
    return purse_Moved_upcast(out, ACTA_INIT(purse_Moved, .purse_id = S("x")));
}

static acta_status
refuse_lent(const purse_v1_Lent *old, acta_upcast *out)
{
    (void)old, (void)out;
    return ACTA_FAILED;
}

static acta_status
go_in_circles(const purse_v1_Lent *old, acta_upcast *out)
{
    return purse_v1_Lent_upcast(out, *old);
}

static acta_status
add_a_state(const purse_v1_Lent *old, acta_upcast *out)
{
    purse_Purse value = { .hundredths = 1 };
    (void)old;
    return acta_upcast_add(out, &purse_Purse_table, &value);
}

/* The aggregate of the event can't be made, and its handler parks it; all others go on. */
static void
an_upcaster_that_fails_is_told_by_name(void **state)
{
    static const struct {
        acta_status (*lent)(const purse_v1_Lent *old, acta_upcast *out);
        const char *text;
    } cases[] = {
        { fail_lent, "position 5, version 1 of 'purse.Lent': cannot upcast to 'purse.Owed': " },
        { refuse_lent, "position 5, version 1 of 'purse.Lent': the upcaster of version 1 of 'purse.Lent' returned " },
        { go_in_circles, "they lead in a circle" },
        { add_a_state, "an upcaster added 'purse.Purse', which is no event of schema purse" },
    };
    fixture *f = FIXTURE(state);
    purse_Purse purse;

    begin(f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        purse_hook.lent = cases[i].lent;
        start(f);
        acta_status status = purse_Purse_read(f->app, S("a"), &purse, NULL, &f->error);
        assert_int_not_equal(status, ACTA_OK);
        if (strstr(f->error.text, cases[i].text) == NULL) fail_msg("said: %s", f->error.text);
        expect_purse(f, "b", 4600, 3);
        stop(f);
    }
}

static void
expect_refusal(fixture *f, acta_status expected, const char *text)
{
    assert_int_equal(try_start(f), expected);
    if (strstr(f->error.text, text) == NULL) fail_msg("said: %s\nnot: %s", f->error.text, text);
}

/* Before anything is started or written; the program that can goes on. */
static void
a_version_without_an_upcaster_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    purse_upcasters some = purse_upcasts;
    acta_upcasters_code fewer = purse_upcasters_code;

    begin(f);
    f->config.upcasters = &some.base;
    some.given.v2.Spent = NULL;
    expect_refusal(f, ACTA_INVALID, "no upcaster for v2.Spent; set .v2.Spent, to a function that adds nothing");
    some = purse_upcasts;
    some.base.code = &fewer;
    fewer.old_count--; /* without purse.v2.fbs */
    expect_refusal(f, ACTA_SCHEMA_MISMATCH,
        "the log has version 2 of 'purse.Spent', which is version 3 in this program: keep its table in purse.v2.fbs, "
        "give that to actac by --old, and set .upcasters with .v2.Spent");
    f->config.upcasters = NULL;
    expect_refusal(f, ACTA_SCHEMA_MISMATCH, "'purse.Lent' is gone: buffers with it are in the log; keep it");
    f->config.upcasters = &purse_upcasts.base;
    start(f);
    stop(f);
    f->config.upcasters = NULL; /* also when the log knows the schema already */
    expect_refusal(f, ACTA_SCHEMA_MISMATCH, "the log has version 1 of 'purse.");
    f->config.upcasters = &purse_upcasts.base;
    start(f);
    expect_purse(f, "b", 4600, 3);
}

/* The table that was kept is not what the log has of that version. */
static void
an_old_table_that_cannot_read_the_log_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_table *olds[8];
    acta_upcasters_code code = purse_upcasters_code;
    purse_upcasters wrong = purse_upcasts;
    acta_table spent = purse_v2_Spent_table;

    begin(f);
    memcpy(olds, code.old, code.old_count * sizeof *olds);
    spent.schema_hash++;
    spent.schema = &purse_v1_schema; /* without fee */
    assert_ptr_equal(olds[code.old_count - 1], &purse_v2_Spent_table);
    olds[code.old_count - 1] = &spent;
    code.old = olds;
    wrong.base.code = &code;
    f->config.upcasters = &wrong.base;
    expect_refusal(f, ACTA_SCHEMA_MISMATCH, "purse.v2.fbs can't read version 2 of 'purse.Spent' as the log has it: ");
    assert_non_null(strstr(f->error.text, "'purse.Spent.fee' has its place taken by 'line'"));
}

/* An event by a hash that the log doesn't know may be of any version: parked, not guessed. */
static void
an_unknown_version_is_not_guessed(void **state)
{
    fixture *f = FIXTURE(state);
    purse_Purse purse;

    begin(f);
    start(f);
    acta_transaction *transaction = acta_transaction_create(acta_app_store(f->app));
    acta_event event = { .type = S("purse.Spent"), .schema_hash = 1, .payload = acta_bytes_from("what?", 5) };
    acta_transaction_append(transaction, S("Purse-z"), ACTA_ANY_VERSION, &event, 1);
    commit(f, transaction);
    assert_int_equal(purse_Purse_read(f->app, S("z"), &purse, NULL, &f->error), ACTA_SCHEMA_MISMATCH);
    assert_non_null(strstr(f->error.text, "position 9 is 'purse.Spent' of a schema that the log has not kept"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        threaded(aggregates_are_made_of_what_old_events_have_become),
        threaded(the_past_is_read_as_old_events_have_become),
        threaded(handlers_see_what_old_events_have_become),
        threaded(projections_see_what_old_events_have_become),
        threaded(inline_projections_begin_with_what_old_events_have_become),
        threaded(process_managers_see_what_old_events_have_become),
        threaded(parked_events_are_upcast_too),
        threaded(who_reads_the_log_himself_can_upcast_too),
        threaded(an_upcaster_that_fails_is_told_by_name),
        threaded(a_version_without_an_upcaster_is_refused),
        threaded(an_old_table_that_cannot_read_the_log_is_refused),
        threaded(an_unknown_version_is_not_guessed),
    };
    return run_on_rocksdb("upcast", tests); /* where one program leaves its store to the next */
}
