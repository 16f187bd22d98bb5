/*
 * Rebuild: a projection's rows are made anew from the log beside those that count, which go on answering and following.
 *
 *     begin --> events in batches: rows of the next version, how far they are  --head--> close --> the rest --> swap --> remove
 *                                                                                          |                     |
 *     the projection       follows, each batch guarded by "not closed" ------------------- refused --- naps --- begins anew
 *
 *     close     its projection writes no more from here on: where it stands can't move away
 *     swap      one transaction: the new rows count, the projection's position is theirs, what it had parked is done
 *     remove    the old rows, when nobody reads them any more
 *
 * Whatever ends the process leaves the old rows that count, and the new ones on their way, or the new ones and some old ones to
 * be removed. A rebuild that was broken off is taken up where it was by the next one of the same tables.
 *
 * Threads: the one that asks for it. It shares with the projection's reader only what is constant.
 */
#include "reader_rebuild.h"

#include <limits.h>

#include "acta/consumer_group.h"

#include "reader.h"
#include "reader_rebuild_row.h"
#include "reader_row.h"
#include "rows.h"
#include "counters.h"

enum {
    TAKE_MAX = 1024,
    BATCH_EVENTS_MAX = 65536,
    NAP_MS = 5,
    NAP_TIMEOUT_MS = 5000,
    NOTE_MAX = 2 * ACTA_OPERATOR_TEXT_MAX + 32
};

typedef struct rebuild {
    acta_app *app;
    acti_reader *reader; /* of the projection */
    const acta_table *const *row_tables;
    const acta_operator *op;
    acti_reader shadow; /* what the projection's functions are called for */
    acti_reader_actor actor;
    acta_rows rows;
    acta_memory *memory;
    acta_subscription *subscription;
    uint32_t number;      /* rebuilds before this one */
    uint32_t event_count; /* in the batch */
    bool is_closed;
    acti_rebuild_row row;
} rebuild;

static const char *
name_of(const rebuild *b)
{
    return b->reader->name;
}

static acta_status
commit(rebuild *b, acta_transaction *transaction, acta_error *error)
{
    return acta_store_commit(b->app->store, transaction, NULL, error);
}

static acta_status
begin_transaction(const rebuild *b, acta_transaction **transaction_out, acta_error *error)
{
    *transaction_out = acta_transaction_create(b->app->store);
    return *transaction_out != NULL ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, "no memory for a transaction");
}

/* Store the row as it is. */
static acta_status
commit_row(rebuild *b, acta_error *error)
{
    acta_transaction *transaction;
    acta_status status = begin_transaction(b, &transaction, error);
    if (status != ACTA_OK) return status;

    acti_rebuild_row_put(transaction, name_of(b), &b->row);
    return commit(b, transaction, error);
}

/* -- what is asked for -- */

static acta_status
check(const rebuild *b, acta_error *error)
{
    uint32_t count = 0;

    if (b->reader->kind == &acti_database_kind)
        return acta_error_set(error, ACTA_INVALID,
            "'%s' keeps its rows in a database of its own: make them anew by a projection of another name, into other "
            "tables",
            name_of(b));
    if (b->reader->kind != &acti_projection_kind)
        return acta_error_set(error, ACTA_INVALID, "'%s' is no projection: it has no rows", name_of(b));
    for (; b->row_tables != NULL && b->row_tables[count] != NULL; count++) {
        if (b->row_tables[count]->identity == NULL)
            return acta_error_set(
                error, ACTA_INVALID, "'%s' is no read model: it has no identity", b->row_tables[count]->name);
    }
    if (count > 0 && count <= ACTI_REBUILD_TABLES_MAX) return ACTA_OK;
    return acta_error_set(
        error, ACTA_INVALID, "a rebuild is of 1 to %d tables, and there are %" PRIu32, ACTI_REBUILD_TABLES_MAX, count);
}

/* The next version of each table. */
static acta_status
list_tables(rebuild *b, acti_rebuild_row *row_out, acta_error *error)
{
    acta_status status = ACTA_OK;

    *row_out = (acti_rebuild_row){ .state = ACTI_REBUILD_BUILDING };
    for (uint32_t i = 0; b->row_tables[i] != NULL && status == ACTA_OK; i++) {
        acti_rebuild_table *table = &row_out->tables[row_out->count++];
        acti_row_share *share;
        snprintf(table->name, sizeof table->name, "%s", b->row_tables[i]->name);
        table->schema_hash = b->row_tables[i]->schema_hash + b->row_tables[i]->mark_count;
        status = acti_row_share_of(b->app, b->row_tables[i], &share, error);
        if (status == ACTA_OK)
            status = acti_row_version_read(b->app->store, b->row_tables[i]->name, &table->version, error);
        table->version++;
    }
    return status;
}

static bool
is_same(const acti_rebuild_row *one, const acti_rebuild_row *other)
{
    if (one->count != other->count) return false;
    for (uint32_t i = 0; i < one->count; i++) {
        const acti_rebuild_table *a = &one->tables[i], *b = &other->tables[i];
        if (a->version != b->version || a->schema_hash != b->schema_hash || strcmp(a->name, b->name) != 0) return false;
    }
    return true;
}

/* Rows that count no more go, and then the note that they are to. */
static acta_status
clean(rebuild *b, acta_error *error)
{
    acta_status status = acti_rebuild_remove_rows(b->app, &b->row, error);

    b->row.state = ACTI_REBUILD_NONE;
    return status == ACTA_OK ? commit_row(b, error) : status;
}

static acta_status
give_up(rebuild *b, acta_error *error)
{
    b->row.state = ACTI_REBUILD_CLEANING;
    acta_status status = commit_row(b, error);
    return status == ACTA_OK ? clean(b, error) : status;
}

/* Where one that was broken off is, or at the log's beginning. */
static acta_status
take_up(rebuild *b, acta_error *error)
{
    acti_rebuild_row wanted = { .state = ACTI_REBUILD_NONE };
    acta_status status = acti_rebuild_number(b->app->store, name_of(b), &b->number, error);

    if (status == ACTA_OK) status = list_tables(b, &wanted, error);
    if (status == ACTA_OK) status = acti_rebuild_row_get(b->app->store, name_of(b), &b->row, error);
    if (status == ACTA_OK && b->row.state == ACTI_REBUILD_BUILDING && is_same(&b->row, &wanted)) return ACTA_OK;
    if (status == ACTA_OK && b->row.state != ACTI_REBUILD_NONE) status = give_up(b, error);
    if (status != ACTA_OK) return status;
    b->row = wanted;
    return commit_row(b, error);
}

/* -- working -- */

static acta_status
open_shadow(rebuild *b, acta_error *error)
{
    const acti_reader *reader = b->reader;
    const acta_allocator *allocator = &b->app->environment.allocator;

    b->shadow.app = b->app;
    b->shadow.kind = reader->kind;
    b->shadow.name = reader->name;
    b->shadow.given = reader->given;
    b->shadow.events = reader->events;
    b->shadow.event_count = reader->event_count;
    b->shadow.names = reader->names; /* nobody changes it */
    b->shadow.options = reader->options;
    b->shadow.replay_until = UINT64_MAX; /* all of it was handled before, or is by the projection itself */
    b->memory = acta_memory_create(allocator);
    b->shadow.rows_memory = acta_memory_create(allocator);
    b->shadow.rows_scratch = acta_memory_create(allocator);
    b->shadow.opened = acta_memory_create(allocator);
    if (b->memory == NULL || b->shadow.rows_memory == NULL || b->shadow.rows_scratch == NULL ||
        b->shadow.opened == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory to rebuild '%s'", reader->name);
    b->actor.reader = &b->shadow;
    b->actor.app = b->app;
    b->actor.kind_state = &b->rows;
    b->actor.allocator = acti_allocator_over(b->memory);
    b->rows.app = b->app;
    acti_row_cache_init(&b->rows.cache, b->app, NULL, b->shadow.rows_memory, b->shadow.rows_scratch);
    b->rows.cache.row_tables = b->row_tables;
    return ACTA_OK;
}

static void
close_shadow(rebuild *b)
{
    acta_subscription_close(b->subscription);
    acta_memory_destroy(b->memory);
    acta_memory_destroy(b->shadow.rows_memory);
    acta_memory_destroy(b->shadow.rows_scratch);
    acta_memory_destroy(b->shadow.opened);
}

static acta_str
str_of(const char *text)
{
    return text != NULL ? acta_str_of(text) : acta_str_from(NULL, 0);
}

static acta_status
open_log(rebuild *b, acta_error *error)
{
    static const acta_str no_types[1];
    const acti_reader *reader = b->reader;
    const acta_subscription_config config = { .start = ACTA_START_POSITION,
        .position = b->row.position,
        .filter = { .types = reader->type_count > 0 ? reader->types : no_types,
            .type_count = reader->type_count,
            .stream = str_of(reader->options->stream),
            .category = str_of(reader->options->category) },
        .window = TAKE_MAX };
    return acta_subscription_open(b->app->store, &config, &b->subscription, error);
}

static acta_status
project(rebuild *b, const acta_recorded *recorded, acta_error *error)
{
    acti_item item = { .recorded = *recorded };
    acti_upcasted upcasted = { .memory = NULL };
    acta_status status = ACTA_OK;
    if (!acti_item_identify(&b->shadow, &item)) return ACTA_OK; /* not asked for */

    item.recorded.replaying = true;
    if (item.old != 0)
        status = acti_upcast(b->app, &b->actor.allocator, &item.recorded, item.old, &upcasted, error);
    else
        status = acti_reader_open_item(&b->actor, &item, error);
    b->actor.upcasted = item.old != 0 ? &upcasted : NULL;
    if (status == ACTA_OK) {
        error->text[0] = '\0';
        status = acti_projection_project(&b->actor, &item, error);
        if (status != ACTA_OK && error->text[0] == '\0') acta_error_set(error, status, NULL);
    } else
        acti_row_cache_end_event(&b->rows.cache, false);
    b->actor.upcasted = NULL;
    acti_upcasted_deinit(&upcasted);
    if (status == ACTA_OK) return ACTA_OK;
    return acta_error_prefix(error, status, "the event at position %" PRIu64 ": ", recorded->position);
}

static void
publish(rebuild *b)
{
    /* Relaxed: a number for people. */
    atomic_store_explicit(&b->reader->rebuilt, b->row.position, memory_order_relaxed);
}

/* What is made goes, with how far it is. */
static acta_status
flush(rebuild *b, acta_error *error)
{
    acta_transaction *transaction;
    uint64_t looked = acta_subscription_looked(b->subscription);
    if (looked == b->row.position) return ACTA_OK;

    acta_status status = begin_transaction(b, &transaction, error);
    if (status != ACTA_OK) return status;
    b->row.position = looked;
    acti_row_cache_fill(&b->rows.cache, transaction);
    acti_rebuild_row_put(transaction, name_of(b), &b->row);
    ACTA_CRASH_POINT("rebuild_before_batch");
    status = commit(b, transaction, error);
    if (status != ACTA_OK) return status;
    acti_row_cache_sent(&b->rows.cache);
    acti_row_cache_durable(&b->rows.cache);
    b->event_count = 0;
    publish(b);
    return ACTA_OK;
}

/* Some events. *dry_out: there are none now. */
static acta_status
step(rebuild *b, bool *dry_out, acta_error *error)
{
    acta_chunk *chunk;
    bool more;

    acta_status status = acta_subscription_next(b->subscription, TAKE_MAX, &chunk, &more, error);
    if (status != ACTA_OK) return status;
    uint32_t count = chunk != NULL ? acta_chunk_count(chunk) : 0;
    *dry_out = chunk == NULL && !more;
    for (uint32_t i = 0; i < count && status == ACTA_OK; i++)
        status = project(b, acta_chunk_at(chunk, i), error);
    acta_chunk_unref(chunk);
    if (status != ACTA_OK) return status;
    b->event_count += count;
    if (count > 0) status = acta_subscription_ack_up_to(b->subscription, acta_subscription_looked(b->subscription));
    if (*dry_out || b->event_count >= BATCH_EVENTS_MAX || acti_row_cache_is_full(&b->rows.cache))
        status = flush(b, error);
    return status;
}

static acta_status
is_called_off(const rebuild *b, acta_error *error)
{
    /* Relaxed: a wish. */
    if (atomic_load_explicit(&b->reader->rebuild_is_called_off, memory_order_relaxed))
        return acta_error_set(error, ACTA_STOPPED, "the rebuild of '%s' was called off", name_of(b));
    if (acti_is_stopping(b->app) || atomic_load_explicit(&b->app->ends_rebuilds, memory_order_relaxed))
        return acta_error_set(
            error, ACTA_STOPPED, "the application stops, and the rebuild of '%s' with it", name_of(b));
    return ACTA_OK;
}

/* Up to the head, and at least to `position`. */
static acta_status
follow(rebuild *b, uint64_t position, acta_error *error)
{
    bool dry = false;
    acta_status status = ACTA_OK;

    while (status == ACTA_OK && (!dry || acta_subscription_looked(b->subscription) < position)) {
        status = is_called_off(b, error);
        if (status == ACTA_OK) status = step(b, &dry, error);
    }
    return status;
}

/* -- the end -- */

static acta_status
set_closed(rebuild *b, bool closed, acta_error *error)
{
    acta_transaction *transaction;
    acta_status status = begin_transaction(b, &transaction, error);
    if (status != ACTA_OK) return status;

    acti_rebuild_close(transaction, name_of(b), b->number, closed);
    ACTA_CRASH_POINT("rebuild_before_close");
    status = commit(b, transaction, error);
    if (status == ACTA_OK) b->is_closed = closed;
    return status;
}

/* What the projection has parked is in the new rows. */
static acta_status
unpark(rebuild *b, acta_transaction *transaction, acta_error *error)
{
    acta_parked_cursor *cursor;
    acta_parked parked;

    acta_status status = acta_parked_cursor_open(b->app->store, name_of(b), &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_parked_cursor_next(cursor, &parked, error)) == ACTA_OK)
        acta_transaction_unpark(transaction, name_of(b), parked.key, parked.position);
    acta_parked_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static void
put_note(rebuild *b, acta_transaction *transaction)
{
    char text[NOTE_MAX];
    const char *by = b->op != NULL && b->op->by != NULL ? b->op->by : "";
    const char *why = b->op != NULL && b->op->why != NULL ? b->op->why : "";

    snprintf(text, sizeof text, "rebuild%s%.*s%s%.*s", by[0] != '\0' ? " by " : "", ACTA_OPERATOR_TEXT_MAX - 1, by,
        why[0] != '\0' ? ": " : "", ACTA_OPERATOR_TEXT_MAX - 1, why);
    acti_reader_note_put(transaction, name_of(b), acti_wall_us(b->app), acti_new_id(b->app), text);
}

/* b->row becomes that of the old versions. */
static acta_status
swap(rebuild *b, acta_error *error)
{
    acta_transaction *transaction;
    acta_status status = begin_transaction(b, &transaction, error);
    if (status != ACTA_OK) return status;

    acti_rebuild_expect_closed(transaction, name_of(b), b->number);
    acti_rebuild_number_put(transaction, name_of(b), b->number + 1);
    acta_transaction_checkpoint(transaction, name_of(b), b->row.position);
    status = unpark(b, transaction, error);
    b->row.state = ACTI_REBUILD_CLEANING;
    for (uint32_t i = 0; i < b->row.count; i++)
        acti_row_version_put(transaction, b->row_tables[i], b->row.tables[i].version--);
    acti_rebuild_row_put(transaction, name_of(b), &b->row);
    put_note(b, transaction);
    if (status != ACTA_OK) {
        acta_transaction_destroy(transaction);
        return status;
    }
    ACTA_CRASH_POINT("rebuild_before_swap");
    status = commit(b, transaction, error);
    if (status != ACTA_OK) return status;
    ACTA_CRASH_POINT("rebuild_after_swap");
    b->is_closed = false; /* and those rows for ever */
    acti_row_versions_swap(b->app, b->row_tables);
    return ACTA_OK;
}

/* The projection's reader is to know it at once; what it can't be told its guard tells it. The rows before go; if that fails,
 * the next start of the application removes them. */
static acta_status
remove_old(rebuild *b, acta_error *error)
{
    acti_reader_tell_anew(b->reader);
    while (!acti_row_versions_left(b->app, b->row_tables)) {
        acta_status status = acti_clerk_ask(b->app, ACTI_TAG_NAP, NAP_MS, NAP_TIMEOUT_MS, NULL);
        if (status != ACTA_OK && status != ACTA_TIMEOUT) return ACTA_OK;
    }
    return clean(b, error);
}

static acta_status
finish(rebuild *b, acta_error *error)
{
    uint64_t checkpoint;
    acta_status status = set_closed(b, true, error);

    if (status == ACTA_OK) status = acta_store_checkpoint(b->app->store, name_of(b), &checkpoint, error);
    if (status == ACTA_OK) status = follow(b, checkpoint, error);
    if (status == ACTA_OK) status = swap(b, error);
    if (b->is_closed)
        set_closed(b, false, NULL); /* it goes on with the rows that it has; or the store takes no writes */
    return status == ACTA_OK ? remove_old(b, error) : status;
}

static acta_status
run(rebuild *b, acta_error *error)
{
    acta_status status = check(b, error);

    if (status == ACTA_OK) status = take_up(b, error);
    if (status == ACTA_OK) status = open_shadow(b, error);
    if (status == ACTA_OK) status = open_log(b, error);
    publish(b);
    if (status == ACTA_OK) status = follow(b, 0, error);
    if (status == ACTA_OK) status = finish(b, error);
    close_shadow(b);
    if (status != ACTA_OK) return acta_error_prefix(error, status, "'%s' is not rebuilt: ", name_of(b));
    return ACTA_OK;
}

/* -- what operators call -- */

static acta_status
find(acta_app *app, const char *name, acti_reader **reader_out, acta_error *error)
{
    for (uint32_t i = 0; i < app->reader_count; i++) {
        *reader_out = &app->readers[i];
        if (strcmp(app->readers[i].name, name) == 0) return ACTA_OK;
    }
    return acta_error_set(error, ACTA_NOT_FOUND, "application '%s' has no reader '%s'", app->name, name);
}

/* One at a time of a reader. Acquire: what the one before has left. */
static acta_status
hold(acta_app *app, acti_reader *reader, acta_error *error)
{
    if (atomic_exchange_explicit(&reader->is_rebuilding, true, memory_order_acquire))
        return acta_error_set(error, ACTA_BUSY, "'%s' is being rebuilt", reader->name);
    /* seq_cst, and then look: who stops the application sees us, or we see that. */
    atomic_fetch_add_explicit(&app->rebuilds_open, 1, memory_order_seq_cst);
    if (!atomic_load_explicit(&app->stopping, memory_order_seq_cst)) return ACTA_OK;
    atomic_fetch_sub_explicit(&app->rebuilds_open, 1, memory_order_release);
    return acta_error_set(error, ACTA_STOPPED, "application '%s' stops", app->name);
}

static void
let_go(acta_app *app, acti_reader *reader)
{
    atomic_store_explicit(&reader->rebuilt, 0, memory_order_relaxed); /* a number for people */
    atomic_store_explicit(&reader->rebuild_is_called_off, false, memory_order_relaxed);
    atomic_store_explicit(&reader->is_rebuilding, false, memory_order_release); /* to the next one */
    atomic_fetch_sub_explicit(&app->rebuilds_open, 1, memory_order_release);    /* nothing is touched any more */
}

acta_status
acta_reader_rebuild(
    acta_app *app, const char *name, const acta_table *const *row_tables, const acta_operator *op, acta_error *error)
{
    ACTI_IN_CALL(app);
    acta_error own = { .text = "" };
    acta_error *why = error != NULL ? error : &own;
    acti_reader *reader;

    acta_status status = find(app, name, &reader, why);
    if (status == ACTA_OK) status = hold(app, reader, why);
    if (status != ACTA_OK) return status;
    rebuild *b = acti_alloc(app, sizeof *b);
    if (b != NULL) {
        memset(b, 0, sizeof *b);
        b->app = app;
        b->reader = reader;
        b->row_tables = row_tables;
        b->op = op;
        status = run(b, why);
        acti_free(app, b, sizeof *b);
    } else
        status = acta_error_set(why, ACTA_NO_MEMORY, "no memory to rebuild '%s'", name);
    let_go(app, reader);
    return status;
}

/* Until nobody rebuilds it. */
static acta_status
call_off(acta_app *app, acti_reader *reader, uint64_t deadline_ns, acta_error *error)
{
    acta_status status;

    while ((status = hold(app, reader, error)) == ACTA_BUSY) {
        atomic_store_explicit(&reader->rebuild_is_called_off, true, memory_order_relaxed); /* a wish */
        uint32_t left_ms = acti_left_ms(app, deadline_ns);
        if (left_ms == 0) return acta_error_set(error, ACTA_TIMEOUT, "the rebuild of '%s' goes on", reader->name);
        acti_clerk_ask(app, ACTI_TAG_NAP, NAP_MS, left_ms, NULL);
    }
    return status;
}

acta_status
acta_reader_rebuild_cancel(acta_app *app, const char *name, const acta_operator *op, acta_error *error)
{
    ACTI_IN_CALL(app);
    uint32_t timeout_ms = op != NULL && op->timeout_ms != 0 ? op->timeout_ms : 5000;
    uint64_t deadline_ns = timeout_ms == ACTA_INFINITE ? UINT64_MAX : acti_now_ns(app) + timeout_ms * UINT64_C(1000000);
    acti_reader *reader;

    acta_status status = find(app, name, &reader, error);
    if (status == ACTA_OK) status = call_off(app, reader, deadline_ns, error);
    if (status != ACTA_OK) return status;
    rebuild *b = acti_alloc(app, sizeof *b);
    if (b == NULL) status = acta_error_set(error, ACTA_NO_MEMORY, "no memory to call off a rebuild");
    if (b != NULL) {
        memset(b, 0, sizeof *b);
        b->app = app;
        b->reader = reader;
        status = acti_rebuild_row_get(app->store, name, &b->row, error);
        if (status == ACTA_OK && b->row.state == ACTI_REBUILD_NONE)
            status = acta_error_set(error, ACTA_NOT_FOUND, "there is no rebuild of '%s'", name);
        if (status == ACTA_OK) status = give_up(b, error);
        acti_free(app, b, sizeof *b);
    }
    let_go(app, reader);
    return status;
}

/* -- at the start -- */

static acta_status
join(acta_app *app, const char *name, acti_rebuild_row *row, acta_error *error)
{
    acta_transaction *transaction = acta_transaction_create(app->store);
    uint32_t number;

    acta_status status = transaction != NULL ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, "no memory to start");
    if (status == ACTA_OK) status = acti_rebuild_row_get(app->store, name, row, error);
    if (status == ACTA_OK) status = acti_rebuild_number(app->store, name, &number, error);
    if (status == ACTA_OK && row->state == ACTI_REBUILD_CLEANING) {
        status = acti_rebuild_remove_rows(app, row, error);
        row->state = ACTI_REBUILD_NONE;
    }
    if (status != ACTA_OK) {
        acta_transaction_destroy(transaction);
        return status;
    }
    acti_rebuild_close(transaction, name, number, false);
    acti_rebuild_row_put(transaction, name, row);
    return acta_store_commit(app->store, transaction, NULL, error);
}

acta_status
acti_rebuilds_join(acta_app *app, acta_error *error)
{
    char name[ACTA_SUBSCRIPTION_NAME_MAX + 1] = "";
    acta_status status = ACTA_OK;
    if (app->only_reads) return ACTA_OK;

    acti_rebuild_row *row = acti_alloc(app, sizeof *row);
    if (row == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to start '%s'", app->name);
    while (status == ACTA_OK && (status = acti_rebuild_row_next(app->store, name, error)) == ACTA_OK)
        status = join(app, name, row, error);
    acti_free(app, row, sizeof *row);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}
