/*
 * See invariants_fixture.h.
 */
#include "invariants_fixture.h"

void
note_found(void *user, const char *invariant, const char *text)
{
    fixture *f = user;
    (void)text;
    f->found = invariant;
}

void
must(const fixture *f, acta_status status)
{
    if (status != ACTA_OK) print_error("%s: %s\n", acta_status_name(status), f->error.text);
    assert_int_equal(status, ACTA_OK);
}

acta_app *
start_bank(fixture *f, acta_sim *sim)
{
    const acta_app_config config = { .schema = &bank_schema,
        .aggregates = bank_aggregates,
        .process_managers = bank_process_managers,
        .projections = bank_projections,
        .inline_projections = bank_inline_projections };
    acta_app *app;
    must(f, acta_sim_start(sim, &config, &app, &f->error));
    return app;
}

void
run_clients(fixture *f)
{
    while (!bank_clients_are_done(&f->clients))
        if (!bank_clients_act(&f->clients)) assert_true(acta_sim_step(f->sim));
    must(f, acta_app_settle(f->app, SETTLE_MS, &f->error));
}

int
setup_bank(void **state)
{
    fixture *f = test_calloc(1, sizeof *f);

    f->sim = acta_sim_create(SEED);
    assert_true(bank_clients_begin(&f->clients, f->sim, note_found, f));
    f->app = f->clients.app = start_bank(f, f->sim);
    f->store = acta_app_store(f->app);
    f->fold = bank_fold_create();
    f->auditor = bank_log_check_create();
    f->memory = acta_memory_create(NULL);
    run_clients(f);
    must(f, bank_fold_read(f->fold, f->store, 0, &f->error));
    must(f, bank_log_check_read(f->auditor, f->store, &f->error));
    *state = f;
    return 0;
}

int
teardown_bank(void **state)
{
    fixture *f = *state;
    bank_clients_destroy(&f->clients);
    bank_fold_destroy(f->fold);
    bank_log_check_destroy(f->auditor);
    acta_memory_destroy(f->memory);
    acta_sim_destroy(f->sim);
    test_free(f);
    return 0;
}

void
says(const fixture *f, acta_status status, const char *invariant)
{
    size_t size = strlen(invariant);
    if (status != ACTA_CORRUPT || strncmp(f->error.text, invariant, size) != 0 || f->error.text[size] != ':')
        fail_msg(
            "%s, '%s' instead of '%s: …'", acta_status_name(status), status != ACTA_OK ? f->error.text : "", invariant);
}

acta_bytes
encode(fixture *f, const acta_table *table, const void *value)
{
    acta_memory_sink sink = acta_memory_sink_of(f->memory);
    must(f, table->write(value, &sink.sink, &f->error));
    return sink.bytes;
}

const bank_stream *
first_stream(const fixture *f, bool is_account)
{
    for (uint32_t i = 0; i < bank_fold_stream_count(f->fold); i++) {
        const bank_stream *stream = bank_fold_stream_at(f->fold, i);
        if (stream->is_account == is_account && stream->version > 0) return stream;
    }
    fail_msg("the log has none");
    return NULL;
}

void
tell_fold(fixture *f, const char *stream, const acta_table *table, const void *value, acta_id command_id)
{
    const bank_stream *known = bank_fold_find(f->fold, acta_str_of(stream));
    must(f, bank_fold_event(f->fold,
                &(acta_recorded){ .position = bank_fold_position(f->fold) + 1,
                    .version = known != NULL ? known->version + 1 : 1,
                    .stream = acta_str_of(stream),
                    .type = acta_str_of(table->name),
                    .command_id = command_id,
                    .payload = encode(f, table, value) },
                &f->error));
}
