/*
 * Several schemas in one application: the ledger's and the desk's, which includes it. A process manager and a projection go by
 * events of both, and send commands to aggregates of both; the log keeps each schema under its own name.
 */
#include "desk.acta.h"
#include "fixture.h"

/* -- the desk -- */

static acta_verdict
note(const desk_Desk *desk, desk_Note command, acta_decision *decision)
{
    (void)desk;
    return desk_Noted_emit(decision,
        ACTA_INIT(desk_Noted, .desk_id = command.desk_id, .counter_id = command.counter_id, .text = command.text));
}

static acta_verdict
touch(const desk_Desk *desk, desk_Touch command, acta_decision *decision)
{
    (void)desk, (void)command;
    return acta_nothing(decision);
}

static void
noted(desk_Desk *desk, desk_Noted event, acta_memory *memory)
{
    (void)event, (void)memory;
    desk->notes++;
}

static const desk_Desk_aggregate desk_desk =
    DESK_DESK(.execute = { .Note = note, .Touch = touch }, .apply = { .Noted = noted });

static void
add_one(const desk_Clerks *clerks, desk_Noted event, acta_commands *commands)
{
    (void)clerks;
    ledger_Add_send(commands, ACTA_INIT(ledger_Add, .counter_id = event.counter_id, .amount = 1));
}

static void
count_note(desk_Clerks *clerks, desk_Noted event, acta_memory *memory)
{
    (void)event, (void)memory;
    clerks->notes++;
}

static void
note_two(const desk_Clerks *clerks, ledger_Added event, acta_commands *commands)
{
    (void)clerks;
    if (event.total != 2) return;
    desk_Note_send(commands, ACTA_INIT(desk_Note, .desk_id = S("clerk"), .text = S("two")));
}

static void
count_total(desk_Clerks *clerks, ledger_Added event, acta_memory *memory)
{
    (void)memory;
    clerks->total = event.total;
}

static const desk_Clerks_process_manager desk_clerks =
    DESK_CLERKS(.on = { .Noted = { .start = desk_Noted_counter_id, .handle = add_one, .apply = count_note },
                    .Added = { .go_on = ledger_Added_counter_id, .handle = note_two, .apply = count_total } });

static acta_status
row_of_note(void *user, desk_Noted event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    desk_CounterNote row = { .counter_id = event.counter_id };
    (void)user, (void)recorded;
    if (event.counter_id.size == 0) return ACTA_OK;

    acta_status status = desk_CounterNote_get(rows, event.counter_id, &row, error);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    row.counter_id = event.counter_id;
    row.notes++;
    row.text = event.text;
    return desk_CounterNote_put(rows, row, error);
}

static acta_status
row_of_addition(void *user, ledger_Added event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    desk_CounterNote row = { .counter_id = event.counter_id };
    (void)user, (void)recorded;

    acta_status status = desk_CounterNote_get(rows, event.counter_id, &row, error);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    row.counter_id = event.counter_id;
    row.total = event.total;
    return desk_CounterNote_put(rows, row, error);
}

static const desk_projection desk_rows =
    DESK_PROJECTION(.name = "notes", .on = { .Noted = row_of_note, .Added = row_of_addition });

/* -- the application -- */

static const acta_module both[] = { { .schema = &ledger_schema }, { .schema = &desk_schema }, { .schema = NULL } };
static const acta_aggregate *const all_aggregates[] = { &ledger_counter.base, &ledger_job.base, &desk_desk.base, NULL };
static const acta_process_manager *const managers[] = { &desk_clerks.base, NULL };
static const acta_projection *const projections[] = { &desk_rows.base, NULL };

static void
take_both(fixture *f)
{
    f->config.schema = NULL;
    f->config.modules = both;
    f->config.aggregates = all_aggregates;
    f->config.process_managers = managers;
    f->config.projections = projections;
}

static void
note_of(fixture *f, const char *counter, const char *text, const char *id)
{
    const acta_dispatch_options options = { .timeout_ms = 120000, .command_id = id_of(id) };

    MUST(f, desk_Note_dispatch(f->app,
                ACTA_INIT(desk_Note, .desk_id = S("d"), .counter_id = acta_str_of(counter), .text = acta_str_of(text)),
                &options, &f->error));
}

static void
expect_two_notes(fixture *f)
{
    desk_CounterNote row;
    desk_Desk desk;

    assert_int_equal(total_of(f, "a"), 2);
    assert_int_equal(version_of(f, "Desk-d"), 2);
    assert_int_equal(version_of(f, "Desk-clerk"), 1);
    MUST(f, desk_Desk_read(f->app, S("clerk"), &desk, f->scratch, &f->error));
    assert_int_equal(desk.notes, 1);
    MUST(f, desk_CounterNote_find(f->app, S("a"), &row, f->scratch, &f->error));
    assert_int_equal(row.notes, 2);
    assert_int_equal(row.total, 2);
    assert_true(acta_str_equal(row.text, S("again")));
}

/* A process manager of one schema leads aggregates of two, by events of two; so does a projection. */
static void
readers_span_the_schemas(void **state)
{
    fixture *f = FIXTURE(state);

    take_both(f);
    start(f);
    note_of(f, "a", "first", "1");
    settle(f);
    note_of(f, "a", "again", "2");
    settle(f);
    expect_two_notes(f);
    stop(f);
    start(f);
    expect_two_notes(f);
}

/* The process dies between any two steps: commands of either schema are found again in the outbox, and nothing is done twice. */
static void
commands_of_both_survive_a_crash_at_any_step(void **state)
{
    for (uint32_t steps = 0;; steps++) {
        fixture *f = FIXTURE(state);
        acta_disk *fresh = acta_disk_create(NULL);
        bool is_over = false;

        acta_disk_destroy(f->disk);
        f->disk = fresh;
        take_both(f);
        start(f);
        note_of(f, "a", "first", "1");
        settle(f);
        note_of(f, "a", "again", "2");
        for (uint32_t i = 0; i < steps && !is_over; i++)
            is_over = !acta_runtime_step(acta_app_runtime(f->app)) && !acta_store_step(acta_app_store(f->app));
        crash(f);
        start(f);
        settle(f);
        expect_two_notes(f);
        stop(f);
        if (is_over) return;
    }
}

/* -- what the log keeps -- */

typedef struct counted {
    uint32_t ledger, desk, others;
} counted;

static void
count_type(void *user, const acta_kept_type *type)
{
    counted *c = user;

    assert_int_equal(type->version, 1);
    assert_int_equal(type->number, 1);
    if (acta_str_equal(type->schema, S("ledger")) && strncmp(type->type.data, "ledger.", 7) == 0)
        c->ledger++;
    else if (acta_str_equal(type->schema, S("desk")) && acta_str_equal(type->type, S("desk.Noted")))
        c->desk++;
    else
        c->others++;
}

static void
expect_types(fixture *f, uint32_t ledger, uint32_t desk)
{
    counted c = { .ledger = 0 };

    MUST(f, acta_kept_types(acta_app_store(f->app), count_type, &c, &f->error));
    assert_int_equal(c.ledger, ledger);
    assert_int_equal(c.desk, desk);
    assert_int_equal(c.others, 0);
}

/* A log of one schema takes another one in; each is kept under its own name, and one without the other goes on, too. */
static void
each_schema_is_kept_under_its_own_name(void **state)
{
    fixture *f = FIXTURE(state);
    acta_kept_schema kept;

    start(f); /* the ledger's alone */
    add(f, "a", 1);
    expect_types(f, 3, 0);
    stop(f);

    take_both(f);
    start(f);
    assert_ptr_equal(acta_app_schema(f->app), &ledger_schema);
    assert_ptr_equal(acta_app_schema_at(f->app, 1), &desk_schema);
    assert_null(acta_app_schema_at(f->app, 2));
    note_of(f, "a", "first", "1");
    settle(f);
    assert_int_equal(total_of(f, "a"), 2);
    expect_types(f, 3, 1);
    MUST(f, acta_kept_schema_find(
                acta_app_store(f->app), S("desk.Noted"), desk_Noted_table.schema_hash, f->scratch, &kept, &f->error));
    assert_true(acta_str_equal(kept.name, S("desk")));
    assert_int_equal(kept.binary.size, desk_schema.binary.size);
    stop(f);

    f->config = (acta_app_config){ .name = "test",
        .schema = &ledger_schema,
        .aggregates = ledger_aggregates,
        .runtime = f->config.runtime,
        .store.memory_bytes = 16 << 20 };
    start(f);
    assert_int_equal(total_of(f, "a"), 2);
    add(f, "a", 1);
    expect_types(f, 3, 1);
}

/* One of them can't follow the log: nothing is kept of the other, either. */
static void
one_that_cannot_follow_refuses_all(void **state)
{
    fixture *f = FIXTURE(state);
    acta_schema changed = desk_schema, newer = ledger_schema;
    acta_bytes row;

    take_both(f);
    start(f);
    stop(f);
    newer.hash++; /* another one that says the same */
    changed.hash++;
    changed.binary = ledger_schema.binary; /* no event of the desk's is in it */
    const acta_module modules[] = { { .schema = &newer }, { .schema = &changed }, { .schema = NULL } };
    f->config.modules = modules;
    assert_int_equal(try_start(f), ACTA_SCHEMA_MISMATCH);
    assert_non_null(strstr(f->error.text, "another schema 'desk'"));
    assert_non_null(strstr(f->error.text, "desk.Noted"));
    f->config.modules = both;
    start(f);
    acta_status status = acta_store_get(
        acta_app_store(f->app), "schemas", acta_bytes_from("ledger\0\0\0\0\1", 11), f->scratch, &row, &f->error);
    assert_int_equal(status, ACTA_NOT_FOUND);
}

/* -- names -- */

static void
expect_refused(fixture *f, const char *first, const char *second)
{
    assert_int_equal(try_start(f), ACTA_INVALID);
    if (strstr(f->error.text, first) == NULL || strstr(f->error.text, second) == NULL) fail_msg("%s", f->error.text);
    take_both(f);
}

static void
what_collides_is_named(void **state)
{
    static const acta_module twice[] = { { &ledger_schema, NULL }, { &ledger_schema, NULL }, { NULL, NULL } };
    static const acta_module alone[] = { { &ledger_schema, NULL }, { NULL, NULL } };
    static acta_aggregate_code code;
    static acta_table state_table;
    fixture *f = FIXTURE(state);

    take_both(f);
    f->config.schema = &ledger_schema;
    expect_refused(f, ".modules", ".schema");
    f->config.modules = twice;
    expect_refused(f, "modules 0 and 1", "'ledger'");
    f->config.modules = alone;
    expect_refused(f, "aggregate Desk", "'desk'");
    static const acta_aggregate *const of_ledger[] = { &ledger_counter.base, &ledger_job.base, NULL };
    f->config.modules = alone;
    f->config.aggregates = of_ledger;
    expect_refused(f, "process manager Clerks", "'desk'");

    code = *desk_desk.base.code; /* a desk that is called as a counter */
    state_table = *code.state;
    code.name = "Counter";
    state_table.name = "desk.Counter";
    code.state = &state_table;
    desk_Desk_aggregate named = desk_desk;
    named.base.code = &code;
    const acta_aggregate *const colliding[] = { &ledger_counter.base, &named.base, NULL };
    f->config.aggregates = colliding;
    expect_refused(f, "'ledger.Counter'", "'desk.Counter'");
}

/* By JSON: the name alone where one schema has it; else which. */
static void
a_short_name_of_two_commands_is_refused(void **state)
{
    fixture *f = FIXTURE(state);

    take_both(f);
    start(f);
    MUST(f, acta_dispatch_json(f->app, S("Note"), S("{\"desk_id\":\"d\"}"), NULL, &f->error));
    MUST(f, acta_dispatch_json(f->app, S("desk.Touch"), S("{\"desk_id\":\"d\"}"), NULL, &f->error));
    MUST(f, acta_dispatch_json(f->app, S("ledger.Touch"), S("{\"counter_id\":\"a\"}"), NULL, &f->error));
    acta_status status = acta_dispatch_json(f->app, S("Touch"), S("{\"desk_id\":\"d\"}"), NULL, &f->error);
    assert_int_equal(status, ACTA_INVALID);
    assert_non_null(strstr(f->error.text, "'ledger.Touch' and 'desk.Touch'"));
    assert_null(acta_app_command(f->app, S("Touch")));
    assert_ptr_equal(acta_app_command(f->app, S("Note")), &desk_Note_table);
    assert_null(acta_app_table(f->app, S("Touch")));
    assert_ptr_equal(acta_app_table(f->app, S("desk.Touch")), &desk_Touch_table);
    assert_ptr_equal(acta_app_table(f->app, S("CounterRow")), &ledger_CounterRow_table);
    assert_null(acta_app_table(f->app, S("Nothing")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        threaded(readers_span_the_schemas),
        manual(each_schema_is_kept_under_its_own_name),
        manual(one_that_cannot_follow_refuses_all),
        manual(what_collides_is_named),
        manual(a_short_name_of_two_commands_is_refused),
    };
    const struct CMUnitTest in_memory[] = { manual(commands_of_both_survive_a_crash_at_any_step) };
    return run_on_engines("modules", tests) + run_on_memory("modules that crash", in_memory);
}
