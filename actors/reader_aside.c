/*
 * Aside: events that a reader could not work on, so that all others go on.
 *
 *     table "parked": reader, key, position -> why                          (acta/consumer_group.h)
 *
 *     key K:  [p3: failed] [p7] [p9] …     p3 is tried again with backoff, `retry_max` times, then K is parked; p7 and p9
 *                                          wait behind it, whatever comes of K goes behind them
 *
 * A row is durable before its event is acknowledged, and is deleted in the transaction that holds what the event led to.
 * At the start of an application each key is tried again; a later life of the actor goes on where the one before was. With ACTI_PARKED_COUNT_MAX events aside the reader stalls.
 */
#include "acta/consumer_group.h"

#include "reader.h"

/* -- rows -- */

void
acti_aside_rows_fill(acti_reader_actor *r, acta_transaction *transaction)
{
    const acta_clock *clock = &r->app->environment.clock;

    for (uint32_t i = 0; i < r->row_count; i++) {
        const acti_aside_row *row = &r->rows[i];
        const acta_parked parked = { .key = acta_str_from(row->aside->key, row->aside->key_size),
            .position = row->position,
            .attempts = row->aside->attempts,
            .parked_at_us = clock->wall_us(clock->user),
            .reason = acta_str_of(row->aside->reason),
            .mark = row->by_commands };
        if (row->put)
            acta_transaction_park(transaction, r->reader->name, &parked);
        else
            acta_transaction_unpark(transaction, r->reader->name, parked.key, row->position);
    }
}

static acta_status
add_row(acti_reader_actor *r, acti_aside *aside, uint64_t position, bool put, bool by_commands, acta_error *error)
{
    if (r->row_count == r->row_capacity) {
        uint32_t capacity = r->row_capacity == 0 ? 8 : r->row_capacity * 2;
        acti_aside_row *grown = acta_alloc(r->self, capacity * sizeof *grown);
        if (grown == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to set an event aside");
        if (r->row_count > 0) memcpy(grown, r->rows, r->row_count * sizeof *grown);
        acta_free(r->self, r->rows);
        r->rows = grown;
        r->row_capacity = capacity;
    }
    r->rows[r->row_count++] =
        (acti_aside_row){ .aside = aside, .position = position, .put = put, .by_commands = by_commands };
    return ACTA_OK;
}

/* -- keys -- */

/* What is too long for a row is known by its digest. */
static acta_str
short_key(acta_str key, char *text)
{
    if (key.size <= ACTI_PARKED_KEY_MAX - ACTA_ID_TEXT_SIZE) return key;
    return acta_str_of(acta_id_format(acta_id_of(key), text));
}

acti_aside *
acti_aside_find(const acti_reader_actor *r, acta_str key)
{
    char text[ACTA_ID_TEXT_SIZE];
    if (r->aside_first == NULL) return NULL;

    acti_map_node *node = acti_map_find(&r->asides, short_key(key, text));
    return node != NULL ? ACTI_CONTAINER(node, acti_aside, node) : NULL;
}

static uint32_t
left_of(const acti_aside *aside)
{
    return aside->positions.count - aside->first;
}

static acti_aside *
create(acti_reader_actor *r, acta_str key)
{
    acti_aside *aside = acta_alloc(r->self, sizeof *aside + key.size);
    if (aside == NULL) return NULL;

    aside->key_size = key.size;
    memcpy(aside->key, key.data, key.size);
    aside->prev = r->aside_last;
    if (aside->prev != NULL)
        aside->prev->next = aside;
    else
        r->aside_first = aside;
    r->aside_last = aside;
    acti_map_add(&r->asides, &aside->node, acta_str_from(aside->key, key.size));
    r->trying_count++;
    return aside;
}

/* A timer that has fired is nothing to cancel. */
static void
forget_timer(acti_reader_actor *r, acti_aside *aside)
{
    if (aside->timer.value != 0) acta_cancel_timer(r->self, aside->timer);
    aside->timer = (acta_ref){ 0 };
}

/* It may still wait to be tried, or for the time of it: what its key owed got through in another way. */
static void
call_off(acti_reader_actor *r, acti_aside *aside)
{
    acti_aside *before = NULL;

    forget_timer(r, aside);
    if (!aside->is_due) return;
    for (acti_aside *due = r->due_first; due != aside; due = due->next_due)
        before = due;
    if (before != NULL)
        before->next_due = aside->next_due;
    else
        r->due_first = aside->next_due;
    if (r->due_last == aside) r->due_last = before;
}

static void
destroy(acti_reader_actor *r, acti_aside *aside)
{
    call_off(r, aside);
    if (aside->prev != NULL)
        aside->prev->next = aside->next;
    else
        r->aside_first = aside->next;
    if (aside->next != NULL)
        aside->next->prev = aside->prev;
    else
        r->aside_last = aside->prev;
    acti_map_remove(&r->asides, &aside->node);
    if (aside->is_parked)
        r->parked_count -= left_of(aside);
    else
        r->trying_count--;
    r->aside_count -= left_of(aside);
    acti_positions_deinit(r->self, &aside->positions);
    acta_free(r->self, aside);
}

static void
set_parked(acti_reader_actor *r, acti_aside *aside, bool parked)
{
    if (aside->is_parked == parked) return;
    aside->is_parked = parked;
    r->trying_count += parked ? UINT32_MAX : 1; /* one less, one more */
    r->parked_count += parked ? left_of(aside) : -left_of(aside);
}

static acta_status
add_position(acti_reader_actor *r, acti_aside *aside, uint64_t position, acta_error *error)
{
    if (!acti_positions_add(r->self, &aside->positions, position))
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory to set an event aside");
    r->aside_count++;
    if (aside->is_parked) r->parked_count++;
    return ACTA_OK;
}

/* -- trying again -- */

void
acti_aside_due(acti_reader_actor *r, acti_aside *aside)
{
    forget_timer(r, aside);
    if (aside->is_due || aside->is_tried || aside->is_parked) return;
    aside->is_due = true;
    aside->next_due = NULL;
    if (r->due_last != NULL)
        r->due_last->next_due = aside;
    else
        r->due_first = aside;
    r->due_last = aside;
}

acti_aside *
acti_aside_take_due(acti_reader_actor *r)
{
    acti_aside *aside;

    while ((aside = r->due_first) != NULL) {
        r->due_first = aside->next_due;
        if (r->due_first == NULL) r->due_last = NULL;
        aside->is_due = false;
        if (aside->is_parked || aside->is_leaving) continue; /* meanwhile */
        aside->is_tried = true;
        return aside;
    }
    return NULL;
}

static void
park(acti_reader_actor *r, acti_aside *aside)
{
    set_parked(r, aside, true);
    acti_tried_keep(r->reader, aside);
    acti_reader_set_reason(r->reader, aside->reason);
    acta_log_event(&r->app->environment, ACTA_LOG_ERROR, "reader.parks",
        ACTA_LOG_FIELDS(acta_log_text("reader", acta_str_of(r->reader->name)),
            acta_log_text("key", acta_str_from(aside->key, aside->key_size)),
            acta_log_number("position", aside->positions.values[aside->first]),
            acta_log_number("attempts", aside->attempts), acta_log_text("error", acta_str_of(aside->reason))),
        "reader '%s' parks '%.*s' at position %" PRIu64 " after %" PRIu32 " attempts: %s", r->reader->name,
        (int)aside->key_size, aside->key, aside->positions.values[aside->first], aside->attempts, aside->reason);
}

static void
try_later(acti_reader_actor *r, acti_aside *aside, uint32_t delay_ms)
{
    forget_timer(r, aside);
    if (acta_send_after(r->self, delay_ms, ACTI_ALARM_RETRY, (uint64_t)(uintptr_t)aside, &aside->timer) != ACTA_OK)
        park(r, aside);
}

/* It was tried as often as it may be. */
static void
give_up(acti_reader_actor *r, acti_aside *aside)
{
    acta_error text;

    if (!r->reader->stops) {
        park(r, aside);
        return;
    }
    acta_error_set(&text, ACTA_FAILED, "at position %" PRIu64 " after %" PRIu32 " attempts: %s",
        acti_aside_first(aside), aside->attempts, aside->reason);
    acti_reader_halt(r, text.text);
    acti_aside_due(r, aside); /* as soon as it goes on */
}

static void
set_reason(acti_aside *aside, const acta_error *why)
{
    snprintf(aside->reason, sizeof aside->reason, "%.*s", (int)sizeof aside->reason - 1, why->text);
}

/* What the reader's error callback makes of it. */
static void
ask(acti_reader_actor *r, acti_aside *aside, acti_tried *tried, const acta_error *why)
{
    uint64_t nothing[ACTA_FAILURE_CONTEXT_SIZE / 8] = { 0 };
    acta_error error;
    acta_event_failure failure = { .position = aside->positions.values[aside->first],
        .events = r->failing != NULL ? &r->failing->recorded : NULL,
        .event_count = 1,
        .attempts = aside->attempts,
        .crashed = r->has_crashed,
        .context = tried != NULL ? tried->context : nothing,
        .delay_ms = acti_reader_backoff_ms(r->reader, aside->attempts) };

    switch (acti_failure_ask(r, &failure, why)) {
    case ACTA_EVENT_RETRY:
        acti_aside_due(r, aside);
        break;
    case ACTA_EVENT_RETRY_AFTER:
        try_later(r, aside, failure.delay_ms);
        break;
    case ACTA_EVENT_SKIP:
        if (acti_aside_done(r, aside, &error) != ACTA_OK) acta_fail(r->self, "%s", error.text);
        break;
    case ACTA_EVENT_PARK:
        park(r, aside);
        break;
    case ACTA_EVENT_STOP:
        acti_aside_due(r, aside); /* as soon as it goes on */
        break;
    }
}

static void
count_failure(acti_reader_actor *r, acti_aside *aside, const acta_error *why)
{
    set_reason(aside, why);
    acti_reader_retried(r, aside->reason);
    aside->attempts++;
    acti_tried *tried = acti_tried_keep(r->reader, aside);
    aside->kept = r->verdict.kept;
    if (r->is_parking || r->verdict.action == ACTI_VERDICT_PARK)
        park(r, aside);
    else if (r->is_halted) /* with others: as soon as it goes on */
        acti_aside_due(r, aside);
    else if (r->reader->error != NULL && !aside->by_commands && !r->verdict.is_decided)
        ask(r, aside, tried, why);
    else if (aside->attempts > r->reader->retry_max)
        give_up(r, aside);
    else
        try_later(r, aside,
            r->verdict.delay_ms != 0 ? r->verdict.delay_ms : acti_reader_backoff_ms(r->reader, aside->attempts));
    r->verdict = (acti_verdict){ .action = ACTI_VERDICT_RETRY };
}

void
acti_aside_failed(acti_reader_actor *r, acti_aside *aside, const acta_error *why)
{
    aside->is_tried = false;
    count_failure(r, aside, why);
}

acta_status
acti_aside_done(acti_reader_actor *r, acti_aside *aside, acta_error *error)
{
    if (aside->is_leaving) return ACTA_OK;
    aside->is_leaving = true;
    return add_row(r, aside, aside->positions.values[aside->first], false, false, error);
}

acta_status
acti_aside_read(acti_reader_actor *r, acti_aside *aside, uint64_t position, acti_item **item_out, acta_error *error)
{
    acta_read read = { .from = position, .count_max = 1 };
    acti_item item = { .aside = aside };
    acta_cursor *cursor;

    acta_status status = acta_cursor_open(r->app->store, &read, &cursor, error);
    if (status != ACTA_OK) return status;
    status = acta_cursor_next(cursor, &item.recorded, error);
    if (status == ACTA_OK && item.recorded.position != position)
        status = acta_error_set(error, ACTA_CORRUPT, "the event at position %" PRIu64 " is missing", position);
    if (status == ACTA_OK && !acti_item_identify(r->reader, &item))
        status = acta_error_set(error, ACTA_SCHEMA_MISMATCH,
            "position %" PRIu64 " is '" ACTA_FMT "', which is not in this schema", position,
            ACTA_ARG(item.recorded.type));
    if (status == ACTA_OK) {
        item.recorded.replaying = true;
        *item_out = acti_item_copy(r->app, &item);
        if (*item_out == NULL) status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for an event");
    }
    acta_cursor_close(cursor);
    return status;
}

/* What lives before knew of its first event. True: it was parked. */
static bool
recall(const acti_reader_actor *r, acti_aside *aside)
{
    const acti_tried *tried = acti_tried_find(r->reader, aside);
    if (tried == NULL) return false;

    aside->attempts = tried->attempts;
    return tried->is_parked;
}

/* -- setting aside -- */

bool
acti_aside_covers(const acti_aside *aside, uint64_t position)
{
    return position <= aside->positions.values[aside->positions.count - 1];
}

/* The aside of a key, with this event as its last. */
static acta_status
append(acti_reader_actor *r, acta_str key, uint64_t position, bool by_commands, const acta_error *why,
    acti_aside **aside_out, acta_error *error)
{
    char text[ACTA_ID_TEXT_SIZE];
    acti_aside *aside = acti_aside_find(r, key);
    bool is_first = aside == NULL;

    if (is_first) aside = create(r, short_key(key, text));
    if (aside == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to set an event aside");
    if (is_first) {
        aside->by_commands = by_commands;
        set_reason(aside, why);
    }
    *aside_out = aside;
    acta_status status = add_position(r, aside, position, error);
    if (status == ACTA_OK && is_first) recall(r, aside);
    return status == ACTA_OK ? add_row(r, aside, position, true, by_commands, error) : status;
}

bool
acti_aside_was(const acti_reader_actor *r, acta_str key, uint64_t position)
{
    char text[ACTA_ID_TEXT_SIZE];
    return r->reader->tried_first != NULL && acti_tried_find_at(r->reader, short_key(key, text), position) != NULL;
}

acta_status
acti_aside_add(acti_reader_actor *r, acta_str key, uint64_t position, const acta_error *why, acta_error *error)
{
    acti_aside *aside = NULL;

    acta_status status = append(r, key, position, false, why, &aside, error);
    if (status != ACTA_OK || left_of(aside) > 1) return status;
    if (!r->is_again)
        count_failure(r, aside, why);
    else if (recall(r, aside))
        park(r, aside);
    else
        try_later(r, aside, acti_reader_backoff_ms(r->reader, aside->attempts));
    return ACTA_OK;
}

/* Once what is leaving has left. */
static void
owe(acti_aside *aside, uint64_t position)
{
    if (!aside->is_owed) aside->owed_position = position;
    aside->is_owed = true;
}

acta_status
acti_aside_hold(acti_reader_actor *r, acta_str key, uint64_t position, const acta_error *why, acti_aside **aside_out,
    acta_error *error)
{
    acta_status status = append(r, key, position, false, why, aside_out, error);

    if (status == ACTA_OK) (*aside_out)->is_tried = true;
    if (status == ACTA_OK && ACTA_PLANT("held_not_stored")) r->row_count--;
    return status;
}

/* The first event is in the hands of its owner, who can't begin with it: before it there are commands to get through. */
static acta_status
put_commands_first(acti_reader_actor *r, acti_aside *aside, uint64_t position, acta_error *error)
{
    acta_status status = add_position(r, aside, position, error);
    if (status != ACTA_OK) return status;

    uint64_t *first = &aside->positions.values[aside->first];
    memmove(first + 1, first, (left_of(aside) - 1) * sizeof *first);
    *first = position;
    aside->by_commands = true;
    aside->attempts = 0;
    aside->kept = 0;
    ACTA_SOMETIMES(&r->app->environment, "aside.commands.get.in.front");
    return add_row(r, aside, position, true, true, error);
}

acta_status
acti_aside_stuck(
    acti_reader_actor *r, acta_str key, uint64_t position, bool is_tried_out, const acta_error *why, acta_error *error)
{
    acti_aside *aside = acti_aside_find(r, key);
    acta_status status = ACTA_OK;

    if (aside == NULL) status = append(r, key, position, true, why, &aside, error);
    if (status != ACTA_OK) return status;
    if (aside->is_leaving) {
        owe(aside, position);
        return ACTA_OK;
    }
    if (!aside->by_commands && aside->is_tried && position < acti_aside_first(aside))
        status = put_commands_first(r, aside, position, error);
    if (status != ACTA_OK) return status;
    if (!aside->by_commands) return ACTA_OK; /* an event of it has failed on its own, and is tried on its own */
    aside->is_tried = false;
    set_reason(aside, why);
    if (is_tried_out)
        give_up(r, aside);
    else
        park(r, aside);
    return ACTA_OK;
}

acta_status
acti_aside_unstuck(acti_reader_actor *r, acta_str key, acta_error *error)
{
    acti_aside *aside = acti_aside_find(r, key);

    if (aside == NULL) return ACTA_OK;
    if (aside->by_commands) return acti_aside_done(r, aside, error);
    if (!aside->is_parked) return ACTA_OK;
    set_parked(r, aside, false); /* what it failed on may have gone */
    aside->attempts = 0;
    acti_aside_due(r, aside);
    return ACTA_OK;
}

acta_status
acti_aside_crashed(acti_reader_actor *r, acta_str key, uint64_t position, const acta_error *why, acta_error *error)
{
    acti_aside *aside = acti_aside_find(r, key);
    acta_status status = ACTA_OK;

    if (aside != NULL) {
        if (aside->is_leaving)
            owe(aside, position);
        else if (aside->by_commands && aside->is_tried)
            acti_aside_failed(r, aside, why);
        return ACTA_OK;
    }
    status = append(r, key, position, true, why, &aside, error);
    if (status == ACTA_OK) count_failure(r, aside, why);
    return status;
}

/* Whose commands were stuck, or who failed, while what was aside of it was leaving: it is to be woken after all. */
static void
pay_owed(acti_reader_actor *r, acti_aside *aside)
{
    acta_error error, why;

    ACTA_SOMETIMES(&r->app->environment, "aside.failed.while.leaving");
    aside->by_commands = true;
    acta_error_set(&why, ACTA_FAILED, "it failed again");
    acta_status status = add_position(r, aside, aside->owed_position, &error);
    if (status == ACTA_OK) status = add_row(r, aside, aside->owed_position, true, true, &error);
    if (status != ACTA_OK) acta_fail(r->self, "%s", error.text);
    count_failure(r, aside, &why);
}

void
acti_aside_replay(acti_reader_actor *r, acti_aside *aside, bool alone)
{
    set_parked(r, aside, false);
    acti_tried_keep(r->reader, aside);
    aside->is_single = alone;
    acti_aside_due(r, aside);
}

void
acti_asides_forget(acti_reader_actor *r)
{
    while (r->aside_first != NULL) {
        acti_tried_forget(r->reader, r->aside_first);
        destroy(r, r->aside_first);
    }
    r->row_count = r->rows_on_way_count = 0;
}

/* The first event of a key is durably through: the next one's turn, which wakes whom it goes to. */
static void
go_on_behind(acti_reader_actor *r, acti_aside *aside)
{
    bool is_owed = aside->is_owed, is_single = aside->is_single;

    acti_tried_forget(r->reader, aside);
    set_parked(r, aside, false);
    aside->first++;
    r->aside_count--;
    aside->is_tried = aside->by_commands = aside->is_leaving = aside->is_owed = false;
    aside->is_single = false;
    aside->attempts = 0;
    aside->kept = 0;
    if (left_of(aside) > 0 && is_single)
        set_parked(r, aside, true);
    else if (left_of(aside) > 0)
        acti_aside_due(r, aside);
    else if (is_owed)
        pay_owed(r, aside);
    else
        destroy(r, aside);
}

void
acti_aside_rows_durable(acti_reader_actor *r)
{
    for (uint32_t i = 0; i < r->rows_on_way_count; i++)
        if (!r->rows_on_way[i].put) go_on_behind(r, r->rows_on_way[i].aside);
    r->rows_on_way_count = 0;
}

/* -- from before -- */

static acta_status
take_row(acti_reader_actor *r, const acta_parked *row, acta_error *error)
{
    acti_aside *aside = acti_aside_find(r, row->key);
    bool is_first = aside == NULL;

    if (is_first) aside = create(r, row->key);
    if (aside == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for what is set aside");
    if (is_first) {
        aside->by_commands = row->mark != 0;
        snprintf(aside->reason, sizeof aside->reason, ACTA_FMT, ACTA_ARG(row->reason));
    }
    acta_status status = add_position(r, aside, row->position, error);
    if (status != ACTA_OK || !is_first) return status;
    bool was_parked = recall(r, aside);
    set_parked(r, aside, was_parked && !aside->by_commands);
    if (aside->attempts > 0 && !aside->is_parked && row->position != r->crashed_at)
        try_later(r, aside, acti_reader_backoff_ms(r->reader, aside->attempts));
    else
        acti_aside_due(r, aside);
    return ACTA_OK;
}

acta_status
acti_asides_open(acti_reader_actor *r, acta_error *error)
{
    acta_parked_cursor *cursor = NULL;
    acta_parked row;

    acta_status status = acta_parked_cursor_open(r->app->store, r->reader->name, &cursor, error);
    while (status == ACTA_OK) {
        status = acta_parked_cursor_next(cursor, &row, error);
        if (status == ACTA_OK) status = take_row(r, &row, error);
    }
    acta_parked_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}
