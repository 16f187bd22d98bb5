/*
 * Runs: what is due is sent to its aggregate, and its row goes, is parked, or is put for its next time.
 *
 *     due --too late, and to be skipped--------------------------------------------------+
 *      |                                                                                 v
 *      +--> ask --accepted, rejected, can never be, given up--> a batch: the row of this time goes; its next, if it recurs
 *            ^--not answered: backoff--+
 *
 * The command's id is made of key, time and mark, and its outcome stays until the row's time is through (clerk.c): a crash
 * between the answer and the batch asks again, and gets the same answer. The batch is refused when the row isn't any more
 * what was run; then whoever wrote the new one has decided.
 */
#include "schedule_clerk.h"

/* How a run ends. */
typedef enum run_end { RUN_DONE, RUN_REJECTED, RUN_REFUSED, RUN_GIVEN_UP, RUN_SKIPPED } run_end;

static void
begin_run(acti_schedule_clerk *c, acti_slot *slot, int64_t due_us, uint64_t mark)
{
    slot->is_run = true;
    slot->due_us = due_us;
    slot->mark = mark;
    slot->attempts = 0;
    c->firing++;
    /* Release: what led here is before the count that settle reads. */
    atomic_fetch_add_explicit(&c->app->outboxes_open, 1, memory_order_release);
}

static void
end_run(acti_schedule_clerk *c, acti_slot *slot)
{
    slot->is_run = false;
    acti_slot_set_phase(c, slot, ACTI_SLOT_IDLE);
    c->firing--;
    atomic_fetch_sub_explicit(&c->app->outboxes_open, 1, memory_order_release);
}

/* Ask again later, under the same id. */
static void
wait_a_while(acti_schedule_clerk *c, acti_slot *slot)
{
    uint32_t delay_ms = acti_backoff_ms(c->app, slot->attempts > 0 ? slot->attempts : 1);

    acti_slot_set_phase(c, slot, ACTI_SLOT_BACKOFF);
    slot->retry_ns = acti_now_ns(c->app) + delay_ms * UINT64_C(1000000);
}

/* The row, if it is still the one that is run; false: it isn't, or can't be read (`status_out`). */
static bool
read_row(acti_schedule_clerk *c, const acti_slot *slot, acti_scheduled *row, acta_status *status_out, acta_error *error)
{
    *status_out = acti_scheduled_read(c->app, slot->row_key, c->scratch, row, error);
    return *status_out == ACTA_OK && !row->is_parked && row->due_us == slot->due_us && row->mark == slot->mark;
}

/* -- the end -- */

/* When one that recurs is due next; false: it never is. */
static bool
next_time(acti_schedule_clerk *c, const acti_scheduled *row, int64_t *next_us_out)
{
    int64_t now_us = acti_wall_us(c->app), behind_us = row->due_us;
    acta_cron cron;

    if (row->missed == ACTA_MISSED_SKIP) now_us -= row->late_ms * INT64_C(1000); /* so late they still run */
    if (row->missed != ACTA_MISSED_EACH && now_us > behind_us) behind_us = now_us;
    return acta_cron_parse(row->cron, &cron, NULL) == ACTA_OK &&
           acta_cron_next(&cron, row->utc_offset_min, behind_us, next_us_out);
}

static void
tell(const acti_schedule_clerk *c, const acti_slot *slot, run_end end, const acti_scheduled *row, const char *what)
{
    static const char *const words[] = { [RUN_REJECTED] = "was rejected",
        [RUN_REFUSED] = "can't be run",
        [RUN_GIVEN_UP] = "got no answer, and is given up",
        [RUN_SKIPPED] = "was missed, and is skipped" };
    acta_str manager, instance, key = acta_str_of("");

    if (end == RUN_DONE) return;
    (void)acti_schedule_key_parse(slot->row_key, &manager, &instance, &key);
    acta_log_event(&c->app->environment, end == RUN_REJECTED || end == RUN_SKIPPED ? ACTA_LOG_INFO : ACTA_LOG_WARNING,
        "schedule.not_run",
        ACTA_LOG_FIELDS(acta_log_text("key", key), acta_log_text("command", row->command),
            acta_log_id("correlation", row->correlation_id.bytes), acta_log_text("error", row->reason)),
        "schedule '" ACTA_FMT "': " ACTA_FMT " %s%s: " ACTA_FMT, ACTA_ARG(key), ACTA_ARG(row->command), words[end],
        what, ACTA_ARG(row->reason));
}

static acta_status
fill_end(
    acti_schedule_clerk *c, acti_slot *slot, run_end end, acti_scheduled *row, acta_transaction *t, acta_error *error)
{
    acta_bytes due_key = acti_due_key(row, slot->row_key, c->scratch);
    if (due_key.data == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row of the schedule");

    acta_transaction_expect_row(t, ACTI_DUE_TABLE, due_key, true);
    acta_transaction_delete(t, ACTI_DUE_TABLE, due_key);
    slot->next_us = INT64_MAX;
    if (end == RUN_DONE || end == RUN_REJECTED) row->runs++;
    row->failures = end == RUN_DONE ? 0 : row->failures + (end != RUN_SKIPPED);
    row->last_us = row->due_us;
    if (row->cron.size > 0 && next_time(c, row, &slot->next_us)) {
        row->due_us = slot->next_us;
        return acti_scheduled_put(t, slot->row_key, row, c->scratch, error);
    }
    row->is_parked = end == RUN_REFUSED || end == RUN_GIVEN_UP || (end == RUN_REJECTED && row->park_rejected);
    if (row->is_parked) return acti_scheduled_put(t, slot->row_key, row, c->scratch, error);
    acta_transaction_delete(t, ACTI_SCHEDULE_TABLE, slot->row_key);
    return ACTA_OK;
}

/* The run is through, and its row is to say so. If it can't now, the command is asked for again: the answer is the same. */
static void
finish(acti_schedule_clerk *c, acti_slot *slot, run_end end, const char *reason)
{
    acta_transaction *t = acta_transaction_create(c->app->store);
    acti_scheduled row;
    acta_error error;
    acta_status status;
    size_t size = strlen(reason);

    ACTA_CRASH_POINT("schedule_after_answer");
    bool is_there = read_row(c, slot, &row, &status, &error);
    if (is_there && end != RUN_DONE)
        row.reason = acta_str_from(reason, size < ACTI_SCHEDULED_REASON_MAX ? size : ACTI_SCHEDULED_REASON_MAX);
    if (is_there && t != NULL) {
        status = fill_end(c, slot, end, &row, t, &error);
        if (status == ACTA_OK) {
            tell(c, slot, end, &row, row.is_parked ? "; it is parked" : "");
            status = acti_slot_submit(c, slot, t, ACTI_SLOT_ENDING, &error);
            t = NULL;
        }
    }
    acta_transaction_destroy(t);
    acta_memory_clear(c->scratch);
    if (slot->phase == ACTI_SLOT_ENDING) return;
    if (!is_there && (status == ACTA_OK || status == ACTA_NOT_FOUND))
        end_run(c, slot); /* somebody else has decided */
    else
        wait_a_while(c, slot);
}

void
acti_run_ended(acti_schedule_clerk *c, acti_slot *slot, acta_status status, const acta_error *error)
{
    (void)error;
    if (status == ACTA_OK) {
        acti_schedule_expect(c, slot->next_us);
        end_run(c, slot);
    } else if (status == ACTA_CONFLICT) {
        acti_schedule_expect(c, INT64_MIN); /* look at what it is now */
        end_run(c, slot);
    } else {
        (void)acti_schedule_is_healthy(c);
        wait_a_while(c, slot);
    }
}

/* -- asking -- */

/* Will it be the same whenever it is asked again? */
static bool
is_for_good(acta_status status)
{
    return status == ACTA_INVALID || status == ACTA_COMMAND_ID_REUSED || status == ACTA_SCHEMA_MISMATCH ||
           status == ACTA_UNSUPPORTED || status == ACTA_CORRUPT;
}

static void
has_failed(acti_schedule_clerk *c, acti_slot *slot, acta_status status, const acta_error *error)
{
    if (is_for_good(status))
        finish(c, slot, RUN_REFUSED, error->text);
    else if (++slot->attempts > slot->retry_max)
        finish(c, slot, RUN_GIVEN_UP, error->text);
    else
        wait_a_while(c, slot);
}

/* The command has its answer, if the middleware leaves it so. */
static void
conclude(acti_schedule_clerk *c, acti_slot *slot, acta_status status, acta_error *error)
{
    status = acti_run_conclude(slot, status, error);
    if (status == ACTA_OK)
        finish(c, slot, RUN_DONE, "");
    else if (status == ACTA_REJECTED)
        finish(c, slot, RUN_REJECTED, error->where);
    else if (acti_schedule_is_healthy(c) && status != ACTA_STOPPED)
        has_failed(c, slot, status, error);
    else
        wait_a_while(c, slot); /* in a store that takes no writes nothing is to be asked for: the next start does */
}

static void
send_run(acti_schedule_clerk *c, acti_slot *slot)
{
    acta_error error;
    acta_status status = acti_run_send(c, slot, &error);

    if (status != ACTA_OK) conclude(c, slot, status, &error);
}

static void
ask(acti_schedule_clerk *c, acti_slot *slot)
{
    acti_scheduled row;
    acta_error error;
    acta_status status;

    if (!read_row(c, slot, &row, &status, &error)) {
        acta_memory_clear(c->scratch);
        if (status == ACTA_OK || status == ACTA_NOT_FOUND)
            end_run(c, slot); /* somebody else has decided */
        else
            wait_a_while(c, slot);
        return;
    }
    slot->retry_max = row.retry_max;
    slot->tries = 0;
    bool is_skipped = row.missed == ACTA_MISSED_SKIP || ACTA_PLANT("missed_dropped");
    if (is_skipped && slot->attempts == 0 && acti_wall_us(c->app) - row.due_us > row.late_ms * INT64_C(1000)) {
        finish(c, slot, RUN_SKIPPED, "its time had passed");
        return;
    }
    status = acti_run_create(c, slot, &row, &error);
    acta_memory_clear(c->scratch);
    if (status != ACTA_OK)
        has_failed(c, slot, status, &error);
    else if (acti_run_begin(slot, &status, &error))
        send_run(c, slot);
    else
        conclude(c, slot, status, &error);
}

void
acti_run_answered(acti_schedule_clerk *c, acti_slot *slot, acta_status status, const acta_error *given)
{
    acta_error error;

    if (given != NULL)
        error = *given;
    else if (status != ACTA_OK)
        acta_error_set(&error, status, NULL);
    if (status == ACTA_REJECTED && given == NULL) status = ACTA_NO_MEMORY; /* for its code */
    if (status != ACTA_NOPROC)
        conclude(c, slot, status, &error);
    else if (++slot->tries < ACTI_TRIES_MAX) /* it ended before it saw the command */
        send_run(c, slot);
    else
        conclude(
            c, slot, acta_error_set(&error, ACTA_BUSY, "its aggregate ended again and again before it saw it"), &error);
    acti_slot_next(c, slot);
}

/* -- what is due -- */

static void
begin(acti_schedule_clerk *c, acta_bytes row_key, int64_t due_us, uint64_t mark)
{
    acti_slot *slot = acti_slot_create(c, row_key);
    if (slot == NULL) {
        c->has_more = true;
        return;
    }
    begin_run(c, slot, due_us, mark);
    ask(c, slot);
    acti_slot_next(c, slot);
}

static acta_status
scan(acti_schedule_clerk *c, acta_row_cursor *cursor, acta_error *error)
{
    int64_t now_us = acti_wall_us(c->app), due_us;
    acta_bytes key, value, row_key;
    acta_status status;
    uint64_t mark;

    while ((status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK) {
        if (!acti_due_key_parse(key, &due_us, &mark, &row_key))
            return acta_error_set(error, ACTA_CORRUPT, "what is due has a damaged key");
        if (due_us > now_us) {
            c->next_us = due_us;
            return ACTA_OK;
        }
        if (acti_slot_find(c, row_key) != NULL) continue; /* it is under work, and looked at again when that is done */
        if (!acti_schedule_has_room(c, ACTI_FIRING_MAX)) {
            c->has_more = true;
            return ACTA_OK;
        }
        begin(c, row_key, due_us, mark);
    }
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

void
acti_schedule_scan(acti_schedule_clerk *c)
{
    acta_row_cursor *cursor;
    acta_error error;

    c->has_more = false;
    c->next_us = INT64_MAX;
    acta_status status = acta_row_cursor_open(c->app->store, ACTI_DUE_TABLE, acta_bytes_from(NULL, 0), &cursor, &error);
    if (status == ACTA_OK) {
        status = scan(c, cursor, &error);
        acta_row_cursor_close(cursor);
    }
    if (status == ACTA_OK) {
        /* No memory for a slot: nobody's end tells when there is some. */
        if (c->has_more && c->firing == c->waiting) c->next_us = acti_wall_us(c->app) + INT64_C(1000000);
        return;
    }
    acta_log_event(&c->app->environment, ACTA_LOG_WARNING, "schedule.unreadable",
        ACTA_LOG_FIELDS(acta_log_text("error", acta_str_of(error.text))), "schedule: what is due can't be read: %s",
        error.text);
    c->next_us = acti_wall_us(c->app) + ACTA_SCHEDULE_LOOK_MS * INT64_C(1000);
}

void
acti_schedule_retry(acti_schedule_clerk *c)
{
    uint64_t now_ns = acti_now_ns(c->app);

    for (acti_slot *slot = c->first, *next; slot != NULL; slot = next) {
        next = slot->next;
        if (slot->phase != ACTI_SLOT_BACKOFF || slot->retry_ns > now_ns) continue;
        ask(c, slot);
        acti_slot_next(c, slot);
    }
}
