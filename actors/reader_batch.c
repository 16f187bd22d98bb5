/*
 * Batches of a reader: the transactions that it writes, and what is acknowledged with them.
 *
 *     plain          rows of "parked", what the kind has, the checkpoint: when something was set aside, and every
 *                    1,000 events or 1,000 ms. Events that were worked on are acknowledged without.
 *     transactional  rows and checkpoint, of a chunk of events, or of all that could be worked on while the batch before
 *                    was on its way; acknowledged when it is durable
 *
 * One batch is on its way at a time. A checkpoint never falls: that of a batch is at least the one before.
 */
#include "reader.h"

void
acti_batch_ack(acti_reader_actor *r, uint64_t position)
{
    if (acta_subscription_ack(r->subscription, position) != ACTA_OK)
        acta_fail(r->self, "reader '%s': position %" PRIu64 " is acknowledged out of turn", r->reader->name, position);
    if (!ACTA_PLANT("room_not_told")) r->may_have_more = true; /* there is room in the window */
    bool is_due = ++r->acked_count >= ACTA_CHECKPOINT_COUNT_DEFAULT;
    if (is_due || ACTA_SIM_CHANCE(&r->app->environment, "reader.checkpoint.each.event", 25))
        r->checkpoint_is_due = true;
}

void
acti_batch_done(acti_reader_actor *r, uint64_t position)
{
    if (!acti_positions_add(r->self, &r->done, position))
        acta_fail(r->self, "reader '%s': no memory for a position", r->reader->name);
}

/* Where this batch takes the checkpoint. */
static uint64_t
position_of(const acti_reader_actor *r)
{
    if (!r->reader->kind->transactional)
        return ACTA_PLANT("checkpoint_before_work") ? acta_subscription_looked(r->subscription)
                                                    : acta_subscription_passed(r->subscription);
    return r->reader->chunk != NULL ? r->worked_position : acta_subscription_looked(r->subscription);
}

static bool
kind_has_rows(const acti_reader_actor *r)
{
    const acti_reader_kind *kind = r->reader->kind;
    return kind->has_rows != NULL && kind->has_rows(r);
}

static bool
is_needed(const acti_reader_actor *r)
{
    if (r->row_count > 0 || r->done.count > 0 || r->orders != NULL) return true;
    return r->checkpoint_is_due && (position_of(r) > r->checkpoint || kind_has_rows(r));
}

static acta_transaction *
fill(acti_reader_actor *r, uint64_t position)
{
    acta_transaction *transaction = acta_transaction_create(r->app->store);
    if (transaction == NULL) return NULL;

    if (r->reader->kind->guard != NULL) r->reader->kind->guard(r, transaction);
    acti_aside_rows_fill(r, transaction);
    acti_orders_fill(r, transaction);
    if (r->reader->kind->fill != NULL) r->reader->kind->fill(r, transaction);
    if (ACTA_PLANT("rows_without_checkpoint") && r->reader->kind->transactional && r->number % 4 != 0)
        return transaction;
    if (position > r->checkpoint) acta_transaction_checkpoint(transaction, r->reader->name, position);
    return transaction;
}

static void
send_on_way(acti_reader_actor *r, uint64_t position)
{
    acti_positions done = r->done_on_way;
    acti_aside_row *rows = r->rows_on_way;
    uint32_t capacity = r->rows_on_way_capacity;

    r->is_on_way = true;
    acti_orders_send(r);
    if (r->reader->kind->sent != NULL) r->reader->kind->sent(r);
    r->checkpoint_on_way = position > r->checkpoint ? position : r->checkpoint;
    r->checkpoint_is_due = false;
    r->acked_count = 0;
    r->done_on_way = r->done;
    r->done = done; /* empty, with its memory */
    r->rows_on_way = r->rows;
    r->rows_on_way_count = r->row_count;
    r->rows_on_way_capacity = r->row_capacity;
    r->rows = rows;
    r->row_count = 0;
    r->row_capacity = capacity;
}

void
acti_batch_flush(acti_reader_actor *r)
{
    acta_error error;

    if (r->is_on_way || r->store_refuses || r->is_napping || r->reset_is_on_way || r->is_refused) return;
    if (!is_needed(r)) return;
    uint64_t position = position_of(r);
    ACTA_CRASH_POINT("reader_before_checkpoint");
    acta_status status = acti_submit_for(r->app, fill(r, position), acta_self_pid(r->self), r->number + 1, &error);
    switch (status) {
    case ACTA_OK:
        r->number++;
        send_on_way(r, position);
        return;
    case ACTA_READ_ONLY:
    case ACTA_STOPPED:
        acti_reader_refuse(r, error.text);
        return;
    default: /* it is still as it was, and is tried again */
        acti_reader_nap(r, error.text);
        return;
    }
}

/* What the batch was of. One that is transactional was of all up to its checkpoint. */
static void
acknowledge(acti_reader_actor *r)
{
    if (r->reader->kind->transactional && r->done_on_way.count > 0) {
        uint64_t position = r->done_on_way.values[r->done_on_way.count - 1];
        if (acta_subscription_ack_up_to(r->subscription, position) != ACTA_OK)
            acta_fail(
                r->self, "reader '%s': position %" PRIu64 " is acknowledged out of turn", r->reader->name, position);
        if (!ACTA_PLANT("room_not_told")) r->may_have_more = true; /* there is room in the window */
    } else
        for (uint32_t i = 0; i < r->done_on_way.count; i++)
            acti_batch_ack(r, r->done_on_way.values[i]);
    r->done_on_way.count = 0;
}

/* Its guard has refused the batch: other rows than those that it writes count now, or are about to. */
static void
begin_anew_later(acti_reader_actor *r)
{
    ACTA_SOMETIMES(&r->app->environment, "reader.guard.refused");
    r->is_on_way = false;
    r->is_refused = true;
    acti_orders_ask_again(r);
    acti_reader_nap(r, "its rows are being replaced by others");
}

/* Nothing of it was written, and the store takes others: there was no memory for it, or what its guard is about could not be
 * read. */
static bool
may_be_done_again(const acti_reader_actor *r, acta_status status)
{
    return status == ACTA_NO_MEMORY || (status == ACTA_IO && acta_store_health(r->app->store, NULL) == ACTA_OK);
}

void
acti_batch_committed(acti_reader_actor *r, const acti_committed *committed)
{
    if (committed->number != r->number || !r->is_on_way) return;
    if (may_be_done_again(r, committed->result.status)) /* by the next life */
        acta_fail(r->self, "reader '%s': %s", r->reader->name, committed->result.error.text);
    if (committed->result.status == ACTA_CONFLICT && r->reader->kind->guard != NULL) {
        begin_anew_later(r);
        return;
    }
    if (committed->result.status != ACTA_OK) {
        acti_reader_refuse(r, committed->result.error.text);
        return;
    }
    ACTA_CRASH_POINT("reader_after_checkpoint");
    r->is_on_way = false;
    r->naps = 0;
    r->checkpoint = r->checkpoint_on_way;
    ACTA_SOMETIMES(&r->app->environment, "reader.checkpoint.durable");
    acknowledge(r);
    acti_aside_rows_durable(r);
    acti_orders_durable(r);
    if (r->reader->kind->durable != NULL) r->reader->kind->durable(r);
}

void
acti_batch_set_tick(acti_reader_actor *r)
{
    acta_ref ref;

    if (r->tick_is_set || r->store_refuses) return;
    if (acta_subscription_passed(r->subscription) <= r->checkpoint && !kind_has_rows(r)) return;
    r->tick_is_set = acta_send_after(r->self, ACTA_CHECKPOINT_MS_DEFAULT, ACTI_ALARM_TICK, 0, &ref) == ACTA_OK;
}

void
acti_batch_tick(acti_reader_actor *r)
{
    r->tick_is_set = false;
    if (!ACTA_SIM_CHANCE(&r->app->environment, "reader.checkpoint.late", 50)) r->checkpoint_is_due = true;
}

void
acti_batch_last(acti_reader_actor *r)
{
    uint64_t position = acta_subscription_passed(r->subscription);
    acta_error error;

    /* What is on its way has a checkpoint of its own, ahead of what a transactional reader has passed. */
    if (ACTA_SIM_CHANCE(&r->app->environment, "reader.checkpoint.not.left", 25)) return;
    if (r->store_refuses || position <= r->checkpoint || (r->is_on_way && r->reader->kind->transactional)) return;
    acta_transaction *transaction = acta_transaction_create(r->app->store);
    if (transaction == NULL) return;
    if (r->reader->kind->guard != NULL) r->reader->kind->guard(r, transaction);
    acta_transaction_checkpoint(transaction, r->reader->name, position);
    acti_submit_transaction(r->app, transaction, NULL, NULL, NULL, &error);
}
