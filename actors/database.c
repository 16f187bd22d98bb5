/*
 * Projections into a database, as a kind of reader: which events are in its rows, and what to do when it fails.
 *
 *     begin:  open, its bookmark --> must be of this log --> what is parked behind it is forgotten, the checkpoint is set to it
 *     then:   events --> batch --> job --DONE---> passed
 *                          ^         +---EVENT--> all before it first; then it is set aside, and what is behind it goes on
 *                          +---------+---AGAIN--> after a while
 *
 * The store's checkpoint is a note, for who looks at the log; the bookmark is what counts. So the order is: an event's row of
 * "parked" is durable before a bookmark goes past it; an event that was set aside is in the database, and says so
 * (bookmark.late), before its row goes. One that was made good late is counted in the table "late" too, with its row of
 * "parked": a database that has counted less has lost it.
 */
#include "database.h"

#include "acta/consumer_group.h"

enum {
    SKIP_MAX = 10000 /* events that nobody wants, before the bookmark moves for their sake alone */
};

typedef enum phase {
    PHASE_CLOSED,  /* nothing is begun */
    PHASE_OPENING, /* a job */
    PHASE_MARKING, /* the transaction that brings the store to where the bookmark is */
    PHASE_OPEN,
    PHASE_APPLYING /* a job */
} phase;

typedef struct database_reader {
    phase phase;
    acta_ref job;
    bool is_ready;       /* the batch waits to be applied, again */
    uint64_t late_count; /* as the store has it */
} database_reader;

static acti_database *
database_of(const acti_reader_actor *r)
{
    return r->reader->database;
}

/* -- the store's side of late events -- */

static void
put_late_count(acta_transaction *transaction, const char *name, uint64_t count)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(count >> (56 - 8 * i));
    acta_transaction_put(transaction, "late", acta_str_bytes(acta_str_of(name)), acta_bytes_from(bytes, sizeof bytes));
}

static acta_status
read_late_count(const acti_reader_actor *r, uint64_t *count_out, acta_error *error)
{
    acta_memory *memory = acta_memory_create(&r->app->environment.allocator);
    acta_bytes bytes;

    *count_out = 0;
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row");
    acta_status status =
        acta_store_get(r->app->store, "late", acta_str_bytes(acta_str_of(r->reader->name)), memory, &bytes, error);
    for (size_t i = 0; status == ACTA_OK && i < bytes.size; i++)
        *count_out = *count_out << 8 | bytes.data[i];
    acta_memory_destroy(memory);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* -- is it a database of this log? -- */

static acta_status
read_event(const acti_reader_actor *r, uint64_t position, acta_id *mark_out, bool *is_there_out, acta_error *error)
{
    acta_read read = { .from = position, .count_max = 1 };
    acta_recorded recorded;
    acta_cursor *cursor;

    acta_status status = acta_cursor_open(r->app->store, &read, &cursor, error);
    if (status != ACTA_OK) return status;
    status = acta_cursor_next(cursor, &recorded, error);
    *is_there_out = status == ACTA_OK && recorded.position == position && recorded.kind == ACTA_RECORD_EVENT;
    if (*is_there_out) *mark_out = acti_bookmark_mark(&recorded);
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* ACTA_CONFLICT: it isn't. */
static acta_status
check_bookmark(acti_reader_actor *r, acta_error *error)
{
    database_reader *d = r->kind_state;
    const acta_bookmark *bookmark = &database_of(r)->bookmark;
    uint64_t head = acta_store_head(r->app->store);
    bool is_there = false;
    acta_id mark;

    if (bookmark->position > head)
        return acta_error_set(error, ACTA_CONFLICT,
            "its database is at position %" PRIu64 ", and the log ends at %" PRIu64
            ": it belongs to another log, or the log was restored from a backup; restore the database from the same "
            "time, "
            "or make it anew",
            bookmark->position, head);
    acta_status status = read_late_count(r, &d->late_count, error);
    if (status == ACTA_OK && bookmark->event != 0) status = read_event(r, bookmark->event, &mark, &is_there, error);
    if (status != ACTA_OK) return status;
    if (is_there && memcmp(&mark, &bookmark->mark, sizeof mark) != 0)
        return acta_error_set(error, ACTA_CONFLICT,
            "its database belongs to another log: at position %" PRIu64
            " it has seen another event than the one there; restore the database of this log, or make it anew",
            bookmark->event);
    if (bookmark->position > 0 && bookmark->late_count < d->late_count)
        return acta_error_set(error, ACTA_CONFLICT,
            "its database is an old one: %" PRIu64
            " events were made good late since, and it would never see them again; "
            "restore a newer one, or make it anew",
            d->late_count - bookmark->late_count);
    return ACTA_OK;
}

/* -- beginning -- */

/* What is parked up to the bookmark is still to be done; but the one that has just been. */
static acta_status
forget_parked(acti_reader_actor *r, acta_transaction *transaction, acta_error *error)
{
    const acta_bookmark *bookmark = &database_of(r)->bookmark;
    database_reader *d = r->kind_state;
    bool is_late_done = bookmark->late_count > d->late_count;
    acta_parked_cursor *cursor;
    acta_parked row;

    acta_status status = acta_parked_cursor_open(r->app->store, r->reader->name, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_parked_cursor_next(cursor, &row, error)) == ACTA_OK)
        if (row.position > bookmark->position || (is_late_done && row.position == bookmark->late))
            acta_transaction_unpark(transaction, r->reader->name, row.key, row.position);
    acta_parked_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
begin_marking(acti_reader_actor *r, acta_error *error)
{
    const acta_bookmark *bookmark = &database_of(r)->bookmark;
    database_reader *d = r->kind_state;
    acta_transaction *transaction = acta_transaction_create(r->app->store);
    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to begin");

    acta_status status = forget_parked(r, transaction, error);
    if (status != ACTA_OK) {
        acta_transaction_destroy(transaction);
        return status;
    }
    d->late_count = bookmark->late_count;
    put_late_count(transaction, r->reader->name, d->late_count);
    acta_transaction_checkpoint(transaction, r->reader->name, bookmark->position);
    status = acti_reader_submit_barrier(r, transaction, error);
    if (status == ACTA_OK) d->phase = PHASE_MARKING;
    return status;
}

static void
opened(acti_reader_actor *r)
{
    database_reader *d = r->kind_state;
    acti_database *database = database_of(r);
    acta_error error;

    d->phase = PHASE_CLOSED;
    if (database->outcome != ACTI_DATABASE_DONE) {
        acti_reader_nap(r, database->error.text);
        return;
    }
    r->naps = 0;
    acta_status status = check_bookmark(r, &error);
    if (status == ACTA_OK) status = begin_marking(r, &error);
    switch (status) {
    case ACTA_OK:
        return;
    case ACTA_CONFLICT:
    case ACTA_READ_ONLY:
    case ACTA_STOPPED:
        acti_reader_refuse(r, error.text);
        return;
    default:
        acti_reader_nap(r, error.text);
        return;
    }
}

static void
begin_opening(acti_reader_actor *r)
{
    database_reader *d = r->kind_state;
    acti_database *database = database_of(r);
    acta_error error;

    /* Acquire: what a job of the last life has left. */
    if (atomic_load_explicit(&database->is_busy, memory_order_acquire)) {
        acti_reader_nap(r, "work of its last life is still under way in its database");
        return;
    }
    acti_batch_clear(&database->batch);
    d->is_ready = false;
    if (acti_database_open_begin(r, database, &d->job, &error) == ACTA_OK)
        d->phase = PHASE_OPENING;
    else
        acti_reader_nap(r, error.text);
}

/* Called when all that was submitted before is durable. */
static bool
start(acti_reader_actor *r)
{
    database_reader *d = r->kind_state;

    if (d->phase == PHASE_MARKING) d->phase = PHASE_OPEN;
    return d->phase == PHASE_OPEN;
}

/* -- batches -- */

static acti_work
add_to_batch(acti_reader_actor *r, const acti_item *item, acta_str key, acta_error *error)
{
    acta_status status = acti_batch_add(r, &database_of(r)->batch, item, key, error);
    return status == ACTA_OK ? ACTI_WORK_PENDING : ACTI_WORK_FAILED;
}

static bool
is_full(const acti_reader_actor *r)
{
    const database_reader *d = r->kind_state;
    const acta_batch *batch = &database_of(r)->batch;

    if (d->phase != PHASE_OPEN || d->is_ready || batch->is_late) return true;
    return batch->item_count > 0 && r->reader->chunk == NULL; /* a chunk, a batch */
}

/* Where the log is passed when the batch is in the rows. */
static uint64_t
position_after(const acti_reader_actor *r, const acta_batch *batch)
{
    if (batch->limit < batch->item_count) return batch->items[batch->limit - 1].item->recorded.position;
    return r->reader->chunk != NULL ? r->worked_position : acta_subscription_looked(r->subscription);
}

static void
mark_after(acti_reader_actor *r, acta_batch *batch)
{
    const database_reader *d = r->kind_state;
    const acti_item *last = NULL;

    batch->after = batch->before;
    for (uint32_t i = batch->first; i < batch->limit; i++) {
        const acti_batch_item *at = &batch->items[i];
        if (at->is_out) continue;
        if (at->item->aside != NULL) {
            batch->after.late = at->item->recorded.position;
            batch->after.late_count = d->late_count + 1;
        } else
            last = at->item;
    }
    uint64_t position = position_after(r, batch);
    if (position > batch->after.position) batch->after.position = position;
    if (last == NULL) return;
    batch->after.event = last->recorded.position;
    batch->after.mark = acti_bookmark_mark(&last->recorded);
}

static bool
is_skip_due(const acti_reader_actor *r)
{
    if (!r->checkpoint_is_due || r->reader->chunk != NULL) return false;
    return acta_subscription_looked(r->subscription) > database_of(r)->bookmark.position + SKIP_MAX;
}

static bool
rows_are_on_way(const acti_reader_actor *r)
{
    return r->row_count > 0 || r->rows_on_way_count > 0;
}

static void
begin_applying(acti_reader_actor *r)
{
    database_reader *d = r->kind_state;
    acti_database *database = database_of(r);
    acta_batch *batch = &database->batch;
    acta_error error;

    if (!d->is_ready) batch->limit = batch->item_count;
    d->is_ready = true;
    if (rows_are_on_way(r)) return; /* an event that is set aside must be durably so before the bookmark passes it */
    batch->before = database->bookmark;
    mark_after(r, batch);
    if (acti_database_apply_begin(r, database, &d->job, &error) == ACTA_OK) {
        d->phase = PHASE_APPLYING;
        d->is_ready = false;
    } else
        acti_reader_nap(r, error.text);
}

static void
conclude(acti_reader_actor *r, const acti_batch_item *at, acti_work how, const acta_error *why)
{
    r->pending_count--;
    acti_reader_worked(r, at->item, at->key, how, why);
}

/* The items before `limit` are through, in one way or the other; what is left comes next. */
static void
go_behind(acti_reader_actor *r, uint32_t limit)
{
    database_reader *d = r->kind_state;
    acta_batch *batch = &database_of(r)->batch;

    while (limit < batch->item_count && batch->items[limit].is_out)
        limit++;
    d->is_ready = limit < batch->item_count;
    if (!d->is_ready) {
        acti_batch_clear(batch);
        return;
    }
    batch->first = limit;
    batch->limit = batch->item_count;
}

static void
batch_is_done(acti_reader_actor *r)
{
    database_reader *d = r->kind_state;
    const acta_batch *batch = &database_of(r)->batch;

    ACTA_CRASH_POINT("database_before_pass");
    ACTA_SOMETIMES(&r->app->environment, "database.batch.done");
    r->naps = 0;
    d->late_count = database_of(r)->bookmark.late_count;
    for (uint32_t i = batch->first; i < batch->limit; i++)
        if (!batch->items[i].is_out) conclude(r, &batch->items[i], ACTI_WORK_DONE, NULL);
    go_behind(r, batch->limit);
}

/* The event that is to blame goes out, and all behind it that must wait for it. */
static void
take_out(acti_reader_actor *r, uint32_t first)
{
    acti_database *database = database_of(r);
    acta_batch *batch = &database->batch;
    acti_batch_item *failed = &batch->items[first];
    acta_error behind;

    ACTA_SOMETIMES(&r->app->environment, "database.event.failed");
    failed->is_out = true;
    conclude(r, failed, ACTI_WORK_FAILED, &database->error);
    acta_error_set(&behind, ACTA_PARKED, "an earlier event of its key waits");
    for (uint32_t i = first + 1; i < batch->item_count; i++) {
        acti_batch_item *at = &batch->items[i];
        if (at->is_out || at->item->aside != NULL || !acta_str_equal(at->key, failed->key)) continue;
        at->is_out = true;
        conclude(r, at, ACTI_WORK_FAILED, &behind);
    }
    go_behind(r, first + 1);
}

/* All before the event that failed goes first: only then it may be set aside, for its key's order. */
static void
event_has_failed(acti_reader_actor *r)
{
    database_reader *d = r->kind_state;
    acta_batch *batch = &database_of(r)->batch;
    uint32_t item = batch->events[batch->failed].item;

    if (item == batch->first) {
        take_out(r, item);
        return;
    }
    batch->limit = item;
    d->is_ready = true;
}

static void
applied(acti_reader_actor *r)
{
    database_reader *d = r->kind_state;
    acti_database *database = database_of(r);
    acta_batch *batch = &database->batch;

    d->phase = PHASE_OPEN;
    switch (database->outcome) {
    case ACTI_DATABASE_DONE:
        batch_is_done(r);
        return;
    case ACTI_DATABASE_EVENT:
        event_has_failed(r);
        return;
    case ACTI_DATABASE_AGAIN:
        ACTA_SOMETIMES(&r->app->environment, "database.again");
        d->is_ready = true;
        acti_reader_nap(r, database->error.text);
        return;
    case ACTI_DATABASE_ELSEWHERE:
        acta_fail(r->self,
            "reader '%s': somebody else has written into its database, which was at position %" PRIu64
            " and is at %" PRIu64,
            r->reader->name, batch->before.position, database->bookmark.position);
    }
}

/* Whatever is to be begun now. */
static void
go_on(acti_reader_actor *r)
{
    database_reader *d = r->kind_state;
    const acta_batch *batch = &database_of(r)->batch;

    if (d->phase == PHASE_CLOSED) begin_opening(r);
    if (d->phase != PHASE_OPEN || r->subscription == NULL) return;
    bool is_whole = batch->item_count > 0 && (r->reader->chunk == NULL || batch->is_late);
    if (d->is_ready || is_whole || is_skip_due(r)) begin_applying(r);
}

/* With the rows of "parked": one may go that belongs to an event made good late. */
static void
fill(acti_reader_actor *r, acta_transaction *transaction)
{
    const database_reader *d = r->kind_state;

    if (r->row_count > 0) put_late_count(transaction, r->reader->name, d->late_count);
}

static acta_next
on_info(acti_reader_actor *r, const acta_info *info)
{
    database_reader *d = r->kind_state;
    phase phase_before = d->phase;

    if (info->kind != ACTA_INFO_REPLY || info->ref.value != d->job.value) return ACTA_NEXT;
    /* The database is ours from here on; but when nothing was done it has been since the message went. */
    if (info->message != NULL) acta_message_destroy(acta_message_keep(r->self, info->message));
    if (info->status != ACTA_OK) {
        d->phase = phase_before == PHASE_OPENING ? PHASE_CLOSED : PHASE_OPEN;
        d->is_ready = phase_before == PHASE_APPLYING;
        acti_reader_nap(r, info->error->text);
    } else if (phase_before == PHASE_OPENING)
        opened(r);
    else
        applied(r);
    return acti_reader_go_on(r);
}

const acti_reader_kind acti_database_kind = {
    .name = "projection",
    .state_size = sizeof(database_reader),
    .whole_window = true,
    .start = start,
    .work = add_to_batch,
    .is_full = is_full,
    .go_on = go_on,
    .fill = fill,
    .info = on_info,
};
