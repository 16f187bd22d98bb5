/*
 * After a restore that cut the log, or a repair: the rows of read models are gone, and the checkpoints of those who wrote them
 * are not.
 *
 *     table "checkpoints.cut"   name of a reader -> where the log was cut (8 bytes, little-endian)      put by the store
 *
 *     projection          begins with the log again; what it had passed comes as a replay, but for what was parked
 *     process manager     its rows, if they are there, fit the log (manager_cut.c); then as everybody else
 *     everybody else      goes on where the log was cut; what was to be a replay beyond that is no more
 *
 *     table "checkpoints.lost"  "repair" -> the last position that was kept      rows were lost, perhaps checkpoints
 *
 *     handler, process manager without a checkpoint    is paused: it would do again what it had done; an operator decides
 *     everybody else                                   begins anew, which does no harm
 *
 * One transaction a reader, at the start of the application, before any of them runs; its row there goes with it, and that of
 * what was lost after all.
 */
#include "manager.h"
#include "reader.h"
#include "reader_row.h"

static const char cuts[] = "checkpoints.cut", losses[] = "checkpoints.lost", loss[] = "repair";

/* What is kept of it, without what the log doesn't have any more. */
static acta_status
put_row_cut(acta_app *app, const char *name, uint64_t cut, acta_transaction *transaction, acta_memory *memory,
    acta_error *error)
{
    acti_reader_row row;
    uint32_t count = 0;

    acta_status status = acti_reader_row_get(app->store, name, memory, &row, error);
    if (status != ACTA_OK) return status;
    if (row.replay_until > cut) row.replay_until = cut;
    while (count < row.not_done_count && row.not_done[count] <= cut)
        count++; /* in order */
    row.not_done_count = count;
    if (acti_reader_row_put(transaction, name, &row, memory)) return ACTA_OK;
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for reader '%s'", name);
}

static acta_status
fill(acta_app *app, const acti_reader *reader, uint64_t cut, acta_transaction *transaction, acta_error *error)
{
    acta_memory *memory = acta_memory_create(&app->environment.allocator);
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for reader '%s'", reader->name);

    acta_status status;
    if (reader->kind == &acti_projection_kind) {
        status = acti_reader_note_replay(app->store, reader->name, transaction, memory, error);
        if (status == ACTA_OK) status = acti_reader_clear(app->store, reader->name, NULL, transaction, error);
    } else
        status = put_row_cut(app, reader->name, cut, transaction, memory, error);
    acta_transaction_delete(transaction, cuts, acta_str_bytes(acta_str_of(reader->name)));
    acta_memory_destroy(memory);
    return status;
}

static acta_status
settle(acta_app *app, const acti_reader *reader, uint64_t cut, acta_error *error)
{
    acta_status status = ACTA_OK;
    if (reader->kind == &acti_manager_kind) status = acti_manager_cut(app, reader->given.manager, cut, error);
    if (status != ACTA_OK) return status;

    acta_transaction *transaction = acta_transaction_create(app->store);
    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a transaction");
    status = fill(app, reader, cut, transaction, error);
    if (status != ACTA_OK) {
        acta_transaction_destroy(transaction);
        return status;
    }
    acta_log_event(&app->environment, ACTA_LOG_INFO, "reader.was_cut",
        ACTA_LOG_FIELDS(acta_log_text("reader", acta_str_of(reader->name)), acta_log_number("position", cut)),
        "reader '%s': the log was cut at position %" PRIu64 "%s", reader->name, cut,
        reader->kind == &acti_projection_kind ? "; its rows are made anew" : "");
    return acta_store_commit(app->store, transaction, NULL, error);
}

/* -- what may be lost -- */

static acta_status
fill_paused(acta_app *app, const acti_reader *reader, uint64_t end, acta_transaction *transaction, acta_error *error)
{
    acta_memory *memory = acta_memory_create(&app->environment.allocator);
    acti_reader_row row;
    char text[200];
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for reader '%s'", reader->name);

    acta_status status = acti_reader_row_get(app->store, reader->name, memory, &row, error);
    row.is_paused = true;
    if (row.replay_until < end) row.replay_until = end;
    if (status == ACTA_OK && !acti_reader_row_put(transaction, reader->name, &row, memory))
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for reader '%s'", reader->name);
    acta_memory_destroy(memory);
    if (status != ACTA_OK) return status;
    snprintf(text, sizeof text,
        "paused after a repair that lost rows: it has no checkpoint; resumed, it begins anew, up to position %" PRIu64
        " with a replay",
        end);
    acti_reader_note_put(transaction, reader->name, acti_wall_us(app), acti_new_id(app), text);
    return ACTA_OK;
}

static acta_status
pause_reader(acta_app *app, const acti_reader *reader, uint64_t end, acta_error *error)
{
    acta_transaction *transaction = acta_transaction_create(app->store);
    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a transaction");

    acta_status status = fill_paused(app, reader, end, transaction, error);
    if (status != ACTA_OK) {
        acta_transaction_destroy(transaction);
        return status;
    }
    acta_log_event(&app->environment, ACTA_LOG_WARNING, "reader.checkpoint_lost",
        ACTA_LOG_FIELDS(acta_log_text("reader", acta_str_of(reader->name)), acta_log_number("position", end)),
        "reader '%s' is paused: a repair has lost rows, and it has no checkpoint; resume it, and it begins anew",
        reader->name);
    return acta_store_commit(app->store, transaction, NULL, error);
}

static acta_status
pause_if_lost(acta_app *app, const acti_reader *reader, uint64_t end, acta_error *error)
{
    uint64_t checkpoint;
    if (reader->kind == &acti_projection_kind || reader->kind == &acti_database_kind) return ACTA_OK;

    acta_status status = acta_store_checkpoint(app->store, reader->name, &checkpoint, error);
    return status == ACTA_OK && checkpoint == 0 ? pause_reader(app, reader, end, error) : status;
}

static acta_status
forget_loss(acta_app *app, acta_error *error)
{
    acta_transaction *transaction = acta_transaction_create(app->store);
    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a transaction");

    acta_transaction_delete(transaction, losses, acta_str_bytes(acta_str_of(loss)));
    return acta_store_commit(app->store, transaction, NULL, error);
}

/* -- at the start -- */

static acta_status
look(acta_app *app, const char *table, const char *key, uint64_t *position_out, acta_error *error)
{
    acta_memory *memory = acta_memory_create(&app->environment.allocator);
    acta_bytes bytes;
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row of '%s'", table);

    acta_status status = acta_store_get(app->store, table, acta_str_bytes(acta_str_of(key)), memory, &bytes, error);
    *position_out = 0;
    for (size_t i = status == ACTA_OK ? bytes.size : 0; i-- > 0;)
        *position_out = *position_out << 8 | bytes.data[i];
    acta_memory_destroy(memory);
    return status;
}

static acta_status
join(acta_app *app, const acti_reader *reader, acta_error *error)
{
    uint64_t cut;
    acta_status status = look(app, cuts, reader->name, &cut, error);

    if (status == ACTA_OK) return settle(app, reader, cut, error);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acti_readers_join(acta_app *app, acta_error *error)
{
    uint64_t end;
    if (app->only_reads) return ACTA_OK;

    acta_status status = look(app, losses, loss, &end, error);
    bool may_have_lost = status == ACTA_OK;
    if (status == ACTA_NOT_FOUND) status = ACTA_OK;
    for (uint32_t i = 0; i < app->reader_count && status == ACTA_OK; i++) {
        if (may_have_lost) status = pause_if_lost(app, &app->readers[i], end, error);
        if (status == ACTA_OK) status = join(app, &app->readers[i], error);
    }
    return status == ACTA_OK && may_have_lost ? forget_loss(app, error) : status;
}
