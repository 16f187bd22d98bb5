/*
 * Outbox of an instance: its commands, one after the other, each until it is through.
 *
 *     ask --> accepted                       -> the next one
 *         --> refused or failed -> error()   -> RETRY    with backoff; after retry_max the instance is stuck
 *                                            -> SKIP     a batch: the row without it -> the next one
 *                                            -> REPLACE  a batch: a row of other commands -> the first of them
 *
 * Every command has an id made of manager, instance, event, generation and index, so that asking again is harmless: the
 * aggregate answers from the stored outcome. The outcome of a command that was asked for once is deleted with the row. One
 * that was asked for again without an answer (it came too late, or the life that wanted it was killed) has an asking that may
 * still wait in some mailbox, and would be new there if nobody remembered it: its outcome stays until the retention's end.
 *
 * A command that is left out although nobody knows what became of it (no answer in time, its aggregate failed) might still
 * take effect. So the batch that leaves it out writes an outcome under its id: if there is one already, the batch fails,
 * and the command was through; if not, the command is refused whenever it comes. Such an outcome stays as well.
 */
#include "counters.h"
#include "manager_story.h"
#include "metadata.h"
#include "passage.h"
#include "span.h"

enum { ID_POSITION_BYTES = 6 };

static const char *const left_out_text = "left out by its process manager";

void
acti_outbox_count(acti_instance *i, bool open)
{
    if (i->ticket->is_counted == open) return;
    i->ticket->is_counted = open;
    /* Release: what the outbox led to is before the count that settle reads. */
    atomic_fetch_add_explicit(&i->app->outboxes_open, open ? 1 : -1, memory_order_release);
}

void
acti_ticket_give_back(acti_ticket *ticket)
{
    if (ticket->is_counted) atomic_fetch_sub_explicit(&ticket->app->outboxes_open, 1, memory_order_release);
    ticket->is_counted = false;
    acti_command_conclude_unanswered(ticket->command);
    acti_command_unref(ticket->command);
    ticket->command = NULL;
    acta_message_destroy(ticket->event);
    acta_message_destroy(ticket->later);
    ticket->event = ticket->later = NULL;
}

static void
put_be(uint8_t *bytes, uint64_t value, int size)
{
    for (int k = 0; k < size; k++)
        bytes[k] = (uint8_t)(value >> (8 * (size - 1 - k)));
}

/* A digest behind the event's position, so that outcomes of a time lie side by side: the store writes, and forgets, what is
 * next to what it wrote last. */
acta_id
acti_outbox_command_id(const acti_instance *i, const acti_outbox *outbox, uint32_t index)
{
    uint8_t place[16];
    acta_id id;

    put_be(place, outbox->position, 8);
    put_be(place + 8, index, 4);
    put_be(place + 12, outbox->generation + (ACTA_PLANT("outbox_new_ids") && i->is_from_before), 4);
    acta_bytes parts[] = { acta_str_bytes(acta_str_of(i->code->state->name)), acta_str_bytes(i->id),
        acta_bytes_from(place, sizeof place), acta_str_bytes(acta_str_of(i->manager->name)) };
    acta_digest digest = acta_digest_of(parts, i->manager->name != NULL ? 4 : 3);
    memcpy(id.bytes, digest.bytes, sizeof id.bytes);
    if (!outbox->has_digests) put_be(id.bytes, outbox->position, ID_POSITION_BYTES);
    return id;
}

/* -- rows -- */

static void
forget_outcome(acti_instance *i, acta_transaction *batch, uint32_t index)
{
    const acta_commands *commands = &i->outbox.commands;

    if (index >= commands->count) return;
    if (commands->sent[index].outcome_stays && !ACTA_PLANT("asked_before_forgotten")) return;
    acta_transaction_forget_outcome(batch, acti_outbox_command_id(i, &i->outbox, index));
}

acta_status
acti_outbox_put(acti_instance *i, acta_transaction *batch, const acti_outbox *next, acta_error *error)
{
    acta_bytes key = acta_str_bytes(i->id), row;

    for (uint32_t k = 0; k < i->outbox.next; k++)
        forget_outcome(i, batch, k);
    acta_status deadlines = next != NULL ? acti_deadlines_put(i, batch, next, error) : ACTA_OK;
    if (deadlines != ACTA_OK) return deadlines;
    if (next != NULL && !acti_outbox_is_through(next)) {
        acta_status status = acti_outbox_encode(i->app, next, i->scratch, &row, error);
        if (status != ACTA_OK) return status;
        acta_transaction_put(batch, i->tables.outbox.text, key, row);
    } else if (i->outbox.is_stored && !ACTA_PLANT("outbox_row_stays"))
        acta_transaction_delete(batch, i->tables.outbox.text, key);
    return ACTA_OK;
}

void
acti_outbox_take_next(acti_instance *i)
{
    acti_outbox before = i->outbox;

    i->outbox = i->next_outbox;
    i->outbox.is_stored = !acti_outbox_is_through(&i->outbox);
    i->outbox.holds_instance = i->outbox.is_stored && i->outbox.instance.data != NULL;
    i->outbox.instance = acta_bytes_from(NULL, 0);
    acti_sent_clear(&before.commands);
    i->next_outbox = (acti_outbox){ .commands = before.commands };
    i->is_from_before = false;
    i->attempts = i->tries = 0;
    acti_outbox_count(i, i->outbox.is_stored);
}

/* -- what failed -- */

static void
wait_before_retry(acti_instance *i, uint32_t delay_ms)
{
    acta_ref ref;

    i->phase = ACTI_INSTANCE_BACKOFF;
    if (acta_send_after(i->self, delay_ms, ACTI_ALARM_RETRY, 0, &ref) != ACTA_OK)
        acta_fail(i->self, "process manager %s: no memory for a timer", acti_manager_name(i->manager));
}

static void
get_stuck(acti_instance *i, acti_tag how, const acta_error *error)
{
    acti_ticket_say(i->ticket, error->text);
    i->phase = ACTI_INSTANCE_STUCK;
    acti_outbox_count(i, false);
    acti_instance_notify(i, how, error->text);
}

static void
retry_later(acti_instance *i, const acta_error *error, uint32_t delay_ms)
{
    acti_ticket_say(i->ticket, error->text);
    atomic_fetch_add_explicit(&i->reader->retries, 1, memory_order_relaxed); /* a count for people */
    acti_count(i->app, ACTI_COUNT_MANAGER_RETRIES);
    if (i->attempts > i->reader->retry_max)
        get_stuck(i, ACTI_TAG_TRIED_OUT, error);
    else
        wait_before_retry(i, delay_ms != 0 ? delay_ms : acti_reader_backoff_ms(i->reader, i->attempts));
}

void
acti_outbox_retry(acti_instance *i)
{
    if (i->phase == ACTI_INSTANCE_STUCK) i->attempts = 0;
    acti_outbox_count(i, !acti_outbox_is_through(&i->outbox));
    i->phase = ACTI_INSTANCE_IDLE;
}

/* Has the command been answered, for good? Otherwise it may be under way still. */
static bool
is_final(acta_status status)
{
    return status == ACTA_REJECTED || status == ACTA_COMMAND_ID_REUSED;
}

static void
put_fence(acti_instance *i, acta_transaction *batch, uint32_t index)
{
    acta_outcome fence = { .status = ACTA_REJECTED };

    fence.command_digest = i->ticket->command->digest;
    snprintf(fence.text, sizeof fence.text, "%s", left_out_text);
    acta_transaction_outcome(batch, acti_outbox_command_id(i, &i->outbox, index), &fence);
}

/* The instance's row, that the outbox's row held: into the next one, or into its own place where there is none. What is
 * ending, and has no more commands, is gone with it. */
static acta_status
carry_instance(acti_instance *i, acta_transaction *batch, acta_error *error)
{
    bool is_last = acti_outbox_is_through(&i->next_outbox);

    i->next_outbox.instance = acta_bytes_from(NULL, 0);
    if (i->is_ending && is_last) acta_transaction_delete(batch, i->tables.state.text, acta_str_bytes(i->id));
    if (i->is_ending || !i->outbox.holds_instance) return ACTA_OK;
    return is_last ? acti_instance_put(i, batch, error) : acti_instance_make_row(i, &i->next_outbox.instance, error);
}

/* next_outbox is what is to come instead; if that has another generation, nobody asks for the outcome of the command that
 * failed any more. False: no batch is on its way. */
static bool
submit_next(acti_instance *i, bool fence, acta_story_kind kind, const char *why)
{
    acta_transaction *batch = acta_transaction_create(i->app->store);
    acta_error error;

    if (batch == NULL) return false;
    if (fence) put_fence(i, batch, i->outbox.next);
    if (!fence && kind == ACTA_STORY_REPLACED) forget_outcome(i, batch, i->outbox.next);
    if (carry_instance(i, batch, &error) != ACTA_OK || acti_outbox_put(i, batch, &i->next_outbox, &error) != ACTA_OK ||
        acti_story_put_commands(i, batch, kind, i->outbox.next, why, &error) != ACTA_OK) {
        acta_transaction_destroy(batch);
        return false;
    }
    return acti_instance_submit(i, batch, ACTI_STEP_OUTBOX, &error) == ACTA_OK;
}

static void
copy_place(const acti_instance *i, acti_outbox *next)
{
    next->position = i->outbox.position;
    next->recorded_at_us = i->outbox.recorded_at_us;
    next->correlation_id = i->outbox.correlation_id;
    next->place = i->outbox.place;
    acti_trace_place_keep(&next->place, next->commands.memory);
    next->has_digests = i->outbox.has_digests;
}

/* The same commands, behind the one that failed. */
static bool
skip(acti_instance *i, bool fence, const char *why)
{
    acti_outbox *next = &i->next_outbox;

    acti_sent_clear(&next->commands);
    copy_place(i, next);
    next->generation = i->outbox.generation;
    next->next = i->outbox.next + 1;
    for (uint32_t k = 0; k < i->outbox.commands.count; k++) {
        const acti_sent *sent = &i->outbox.commands.sent[k];
        if (!acti_sent_add(&next->commands, sent->table, sent->payload)) return false;
        next->commands.sent[k].outcome_stays = sent->outcome_stays;
    }
    return submit_next(i, fence, ACTA_STORY_SKIPPED, why);
}

/* No more commands, and no more instance. */
static bool
end_here(acti_instance *i, bool fence, const char *why)
{
    acta_transaction *batch = acta_transaction_create(i->app->store);
    acta_error error;
    if (batch == NULL) return false;

    acti_sent_clear(&i->next_outbox.commands);
    copy_place(i, &i->next_outbox);
    i->next_outbox.next = 0;
    if (fence)
        put_fence(i, batch, i->outbox.next);
    else
        forget_outcome(i, batch, i->outbox.next);
    acti_instance_put_end(i, batch);
    if (acti_deadlines_end(i, batch, &error) != ACTA_OK ||
        acti_story_put_commands(i, batch, ACTA_STORY_ENDED, i->outbox.next, why, &error) != ACTA_OK) {
        acta_transaction_destroy(batch);
        return false;
    }
    (void)acti_outbox_put(i, batch, NULL, NULL); /* there is nothing to encode */
    return acti_instance_submit(i, batch, ACTI_STEP_END, &error) == ACTA_OK;
}

/* What error() added to next_outbox. */
static bool
replace(acti_instance *i, bool fence, const char *why)
{
    acti_outbox *next = &i->next_outbox;

    copy_place(i, next);
    next->generation = i->outbox.generation + 1;
    next->next = 0;
    return submit_next(i, fence, ACTA_STORY_REPLACED, why);
}

static acta_failure_action
choose_action(acti_instance *i, acta_status status, const acta_error *error)
{
    const acti_sent *sent = &i->outbox.commands.sent[i->outbox.next];
    acta_failure failure = { .status = status,
        .code = status == ACTA_REJECTED ? error->code : 0,
        .rejection = status == ACTA_REJECTED ? error->where : "",
        .text = error->text,
        .command = sent->table,
        .payload = sent->payload,
        .attempt = i->attempts,
        .kept = i->kept };
    acta_failure_action action = ACTA_FAILURE_RETRY;
    acta_commands *commands = &i->next_outbox.commands;

    acti_sent_clear(commands);
    commands->instance = i->id;
    commands->kept = i->kept;
    if (!i->code->error(i->manager, i->value, &failure, commands, &action))
        return status == ACTA_REJECTED ? ACTA_FAILURE_SKIP : ACTA_FAILURE_RETRY;
    i->kept = commands->kept;
    if (action != ACTA_FAILURE_REPLACE || i->next_outbox.commands.status == ACTA_OK) return action;
    acta_log_event(&i->app->environment, ACTA_LOG_ERROR, "manager.no_replacement",
        ACTA_LOG_FIELDS(acta_log_text("manager", acta_str_of(acti_manager_name(i->manager))),
            acta_log_text("instance", i->id), acta_log_text("command", acta_str_of(sent->table->name)),
            acta_log_number("position", i->outbox.position), acta_log_id("correlation", i->outbox.correlation_id.bytes),
            acta_log_text("error", acta_str_of(i->next_outbox.commands.error.text))),
        "process manager %s: what was to replace '%s' can't be sent: %s", acti_manager_name(i->manager),
        sent->table->name, i->next_outbox.commands.error.text);
    return ACTA_FAILURE_RETRY;
}

static void
has_failed(acti_instance *i, acta_status status, const acta_error *error)
{
    bool was_sent = i->ticket->command != NULL;
    bool fence = was_sent && !is_final(status);
    bool is_on_way = false, is_parked = false;

    i->attempts++;
    if (fence) i->outbox.commands.sent[i->outbox.next].outcome_stays = true;
    ACTA_SOMETIMES(&i->app->environment, "outbox.command.failed");
    /* What could not even be made is no answer that a handler should decide on, but for one that never can be. */
    bool is_decidable = was_sent || status == ACTA_INVALID;
    acta_failure_action action = is_decidable ? choose_action(i, status, error) : ACTA_FAILURE_RETRY;
    uint32_t delay_ms = is_decidable ? i->next_outbox.commands.delay_ms : 0;
    switch (action) {
    case ACTA_FAILURE_SKIP:
        is_on_way = skip(i, fence, error->text);
        break;
    case ACTA_FAILURE_REPLACE:
        is_on_way = replace(i, fence, error->text);
        break;
    case ACTA_FAILURE_DISCARD:
        acti_sent_clear(&i->next_outbox.commands);
        is_on_way = replace(i, fence, error->text);
        break;
    case ACTA_FAILURE_STOP:
        is_on_way = end_here(i, fence, error->text);
        break;
    case ACTA_FAILURE_PARK:
        is_parked = true;
        break;
    case ACTA_FAILURE_RETRY:
        break;
    }
    acti_command_unref(i->ticket->command);
    i->ticket->command = NULL;
    if (is_parked)
        get_stuck(i, ACTI_TAG_STUCK, error);
    else if (!is_on_way)
        retry_later(i, error, delay_ms);
}

/* -- asking -- */

static acta_status
create_command(acti_instance *i, uint32_t index, acti_command **command_out, acta_error *error)
{
    const acti_sent *sent = &i->outbox.commands.sent[index];
    char room[ACTA_TRACEPARENT_SIZE + 1];
    acti_trace_place place = i->outbox.place;
    acta_span span;
    bool is_traced = acti_is_traced(i->app) && acti_trace_begin(i->app, &place.parent, false, &span);
    const acti_metadata_lists metadata = acti_metadata_following(i->app, &place, room);
    const acti_route *route = acti_route_find(i->app, sent->table);
    if (route == NULL)
        return acta_error_set(
            error, ACTA_INVALID, "'%s' has no aggregate in application '%s'", sent->table->name, i->app->name);

    void *value = acta_memory_alloc(i->scratch, sent->table->struct_size);
    if (value == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a '%s'", sent->table->name);
    sent->table->read(sent->payload, value);
    acta_str identity = sent->table->identity(value);
    acta_status status = acti_identity_check(route->aggregate, sent->table, identity, error);
    if (status != ACTA_OK) return status;
    acti_command *command =
        acti_command_create(i->app, route->aggregate, identity, sent->payload.size, acti_metadata_size(&metadata));
    if (command == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a '%s'", sent->table->name);

    memcpy(command->bytes, sent->payload.data, sent->payload.size);
    acti_metadata_write(&metadata, (char *)(uintptr_t)command->metadata.data);
    command->number = route->number;
    if (is_traced) acti_trace_attach(command, &span);
    command->recorded = true;
    if (i->app->audit.is_on) command->begun_ns = acti_now_ns(i->app);
    command->fresh = !i->is_from_before && i->attempts == 0;
    command->envelope = (acta_envelope){ .command_id = acti_outbox_command_id(i, &i->outbox, index),
        .correlation_id = i->outbox.correlation_id,
        .causation_id = acti_event_id(i->outbox.position),
        .dispatched_at_us = acti_wall_us(i->app) };
    status = acti_command_digest(command, error);
    if (status == ACTA_OK)
        *command_out = command;
    else
        acti_command_unref(command);
    return status;
}

static void is_through(acti_instance *i);

/* It didn't come to its aggregate; its middleware may say what becomes of that. */
static void
was_not_taken(acti_instance *i, acta_status status, acta_error *error)
{
    status = acti_command_conclude(i->ticket->command, status, error);
    if (status == ACTA_OK)
        is_through(i);
    else
        has_failed(i, status, error);
}

/* Send the command in hand to its aggregate. */
static void
send_command(acti_instance *i)
{
    acti_command *command = i->ticket->command;
    acta_error error;
    acta_pid pid;

    acta_status status = acti_aggregate_locate(i->app, command->aggregate, command->stream, &pid, &error);
    if (status == ACTA_OK) {
        i->phase = ACTI_INSTANCE_ASKING;
        status = acta_request(i->self, pid, acti_command_message(command), ACTA_CALL_TIMEOUT_DEFAULT, &i->request);
        if (status != ACTA_OK) acta_error_set(&error, status, "no memory to send a command");
    }
    if (status != ACTA_OK) was_not_taken(i, status, &error);
}

void
acti_outbox_ask(acti_instance *i)
{
    acta_error error;

    if (acti_is_stopping(i->app)) {
        i->phase = ACTI_INSTANCE_BACKOFF; /* the next start asks */
        return;
    }
    if (i->outbox.next > 0) ACTA_CRASH_POINT("pm_between_commands");
    acti_count(i->app, ACTI_COUNT_MANAGER_COMMANDS);
    acta_status status = create_command(i, i->outbox.next, &i->ticket->command, &error);
    acta_memory_clear(i->scratch);
    if (status != ACTA_OK)
        has_failed(i, status, &error);
    else if (acti_passage_begin(i->ticket->command, true, &status, &error))
        send_command(i);
    else
        was_not_taken(i, status, &error);
}

static void
ask_again(acti_instance *i)
{
    acta_error error;

    ACTA_SOMETIMES(&i->app->environment, "outbox.command.unseen");
    if (++i->tries < ACTI_TRIES_MAX) {
        i->ticket->command->fresh = false;
        send_command(i);
        return;
    }
    acta_error_set(&error, ACTA_BUSY, "'" ACTA_FMT "' ended again and again before it saw the command",
        ACTA_ARG(i->ticket->command->stream));
    was_not_taken(i, ACTA_BUSY, &error);
}

/* Asked again under the same id, it gets the same answer. */
static void
answer_lost(acti_instance *i)
{
    acti_command_unref(i->ticket->command);
    i->ticket->command = NULL;
    i->is_from_before = true;
    i->phase = ACTI_INSTANCE_IDLE;
}

/* As the asking of an earlier life, or one that took too long: new to an aggregate that doesn't look its outcome up. */
static void
ask_late(acti_instance *i, uint32_t index)
{
    acti_command *command;
    acta_ref ref;
    acta_pid pid;

    acta_status status = create_command(i, index, &command, NULL);
    acta_memory_clear(i->scratch);
    if (status != ACTA_OK) return;
    command->fresh = true;
    /* Nobody keeps the reference: its answer is dropped when it comes. */
    if (acti_aggregate_locate(i->app, command->aggregate, command->stream, &pid, NULL) == ACTA_OK)
        (void)acta_request(i->self, pid, acti_command_message(command), ACTA_CALL_TIMEOUT_DEFAULT, &ref);
    acti_command_unref(command);
}

/* Its last command was asked for by this life, and perhaps by another; of those before it nobody knows that. */
void
acti_outbox_ask_late(acti_instance *i)
{
    const acta_commands *commands = &i->outbox.commands;

    if (commands->count == 0 || i->outbox.next != commands->count) return;
    if (!commands->sent[commands->count - 1].outcome_stays) return;
    if (ACTA_SIM_CHANCE(&i->app->environment, "outbox.asking.late", 25)) ask_late(i, commands->count - 1);
}

static bool
stops_after(const acti_instance *i)
{
    const acti_outbox *outbox = &i->outbox;
    const acti_sent *sent = &outbox->commands.sent[outbox->next];
    const acta_accepted accepted = {
        .command = sent->table, .payload = sent->payload, .index = outbox->next, .count = outbox->commands.count
    };

    return i->code->after_command(i->manager, i->value, &accepted) == ACTA_AFTER_STOP;
}

static void
is_through(acti_instance *i)
{
    bool stops = stops_after(i);

    ACTA_CRASH_POINT("pm_after_outcome");
    i->outbox.next++;
    if (stops && !end_here(i, false, "")) { /* asked again later, it is decided again */
        i->outbox.next--;
        answer_lost(i);
        return;
    }
    acti_command_unref(i->ticket->command);
    i->ticket->command = NULL;
    i->attempts = i->tries = 0;
    if (stops) return;
    i->phase = ACTI_INSTANCE_IDLE;
    if (acti_outbox_is_through(&i->outbox)) acti_outbox_count(i, false);
}

/* Of a store that takes writes: its aggregate could not read. That is no answer that a handler should decide on. False: the
 * store takes none. */
static bool
could_not_read(acti_instance *i, const acta_error *given)
{
    acta_error error;

    if (acta_store_health(i->app->store, NULL) != ACTA_OK) return false;
    if (given != NULL)
        error = *given;
    else
        acta_error_set(&error, ACTA_IO, NULL);
    ACTA_SOMETIMES(&i->app->environment, "outbox.asks.after.read.error");
    acti_command_unref(i->ticket->command);
    i->ticket->command = NULL;
    i->attempts++;
    retry_later(i, &error, 0);
    return true;
}

void
acti_outbox_answered(acti_instance *i, acta_status status, const acta_error *given)
{
    acta_error error;

    if (status != ACTA_NOPROC && acti_command_wants_conclusion(i->ticket->command)) {
        if (given != NULL)
            error = *given;
        else if (status != ACTA_OK)
            acta_error_set(&error, status, NULL);
        status = acti_command_conclude(i->ticket->command, status, &error);
        given = given != NULL && status != ACTA_OK ? &error : NULL;
    }
    switch (status) {
    case ACTA_OK:
        if (ACTA_SIM_CHANCE(&i->app->environment, "outbox.answer.lost", 25))
            answer_lost(i);
        else
            is_through(i);
        return;
    case ACTA_NOPROC: /* it was not executed, and nobody else will */
        ask_again(i);
        return;
    case ACTA_IO:
        if (could_not_read(i, given)) return;
        /* fall through */
    case ACTA_STOPPED:
    case ACTA_READ_ONLY:
    case ACTA_UNKNOWN_OUTCOME: /* nothing can be written before the next start, which asks again */
        acti_command_unref(i->ticket->command);
        i->ticket->command = NULL;
        i->phase = ACTI_INSTANCE_BACKOFF;
        return;
    default:
        if (given == NULL && status == ACTA_REJECTED)
            status = ACTA_NO_MEMORY; /* for its code, which says how to go on */
        if (given != NULL)
            error = *given;
        else
            acta_error_set(&error, status, NULL);
        has_failed(i, status, &error);
        return;
    }
}
