/*
 * Orders: what operators tell a reader that runs.
 *
 *     order --> carried out in memory --> its note, and what is kept of the reader, in the next batch --durable--> answer
 *
 *     reset --> begin nothing --> nothing is on its way --> before_reset --> one transaction: checkpoint, parked, rows go
 *                                                                            --durable--> begin anew, answer
 *
 * A life that ends has not answered: who asked asks again, and an order that was carried out already finds nothing to do.
 */
#include "reader_orders.h"

#include "row_index.h"

enum { TEXT_MAX = 2 * ACTA_OPERATOR_TEXT_MAX + 96 };

struct acti_order {
    struct acti_order *next;
    acti_order_kind kind;
    acta_from from;
    uint64_t count; /* the answer */
    const acta_table *const *row_tables;
    char text[TEXT_MAX];
};

static const char *const verbs[] = { "pause", "resume", "replay", "skip", "reset", "" };

static void
answer(acti_reader_actor *r, acti_order *order, acta_status status, const acta_error *error)
{
    acta_message *payload = NULL;

    if (status == ACTA_OK) {
        payload = acta_message_create(r->app->runtime, ACTI_TAG_ORDER, sizeof order->count);
        if (payload != NULL) memcpy(payload->payload, &order->count, sizeof order->count);
    }
    acta_reply(r->app->runtime, order->from, status, payload, error);
    acta_free(r->self, order);
}

static void
reply(acti_reader_actor *r, acta_from from, acta_status status, const acta_error *error)
{
    acta_reply(r->app->runtime, from, status, NULL, error);
}

/* -- carrying out -- */

static acta_status
choose(acti_aside *aside, const acti_order_request *request, bool *is_chosen_out, acta_error *error)
{
    uint64_t first = aside->positions.values[aside->first];
    bool is_behind = false;

    *is_chosen_out = request->key_size == 0 || acta_str_equal(acta_str_from(request->key, request->key_size),
                                                   acta_str_from(aside->key, aside->key_size));
    if (request->position == 0 || !*is_chosen_out) return ACTA_OK;
    *is_chosen_out = first == request->position;
    for (uint32_t i = aside->first + 1; i < aside->positions.count; i++)
        is_behind = is_behind || aside->positions.values[i] == request->position;
    if (!is_behind) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "the event at position %" PRIu64 " waits behind that at %" PRIu64 " of its key '%.*s': begin with that",
        request->position, first, (int)aside->key_size, aside->key);
}

static acta_status
not_found(const acti_reader_actor *r, const acti_order_request *request, acta_error *error)
{
    if (request->position != 0)
        return acta_error_set(error, ACTA_NOT_FOUND, "reader '%s' has no event at position %" PRIu64 " aside",
            r->reader->name, request->position);
    return acta_error_set(error, ACTA_NOT_FOUND, "reader '%s' has nothing of that aside", r->reader->name);
}

static acta_status
replay(acti_reader_actor *r, const acti_order_request *request, uint64_t *count_out, acta_error *error)
{
    bool is_any = false, is_chosen;

    for (acti_aside *aside = r->aside_first; aside != NULL; aside = aside->next) {
        acta_status status = choose(aside, request, &is_chosen, error);
        if (status != ACTA_OK) return status;
        if (!is_chosen || aside->is_leaving) continue;
        is_any = true;
        *count_out += request->position != 0 ? 1 : aside->positions.count - aside->first;
        acti_aside_replay(r, aside, request->position != 0);
    }
    return is_any ? ACTA_OK : not_found(r, request, error);
}

static acta_status
skip(acti_reader_actor *r, const acti_order_request *request, acta_error *error)
{
    bool is_any = false, is_chosen;

    for (acti_aside *aside = r->aside_first; aside != NULL; aside = aside->next) {
        acta_status status = choose(aside, request, &is_chosen, error);
        if (status != ACTA_OK) return status;
        if (!is_chosen) continue;
        if (aside->by_commands)
            return acta_error_set(error, ACTA_INVALID,
                "what is aside at position %" PRIu64 " is commands of a process manager", request->position);
        if (aside->is_tried || aside->is_leaving)
            return acta_error_set(
                error, ACTA_BUSY, "the event at position %" PRIu64 " is being tried right now", request->position);
        status = acti_aside_done(r, aside, error);
        if (status != ACTA_OK) return status;
        is_any = true;
    }
    return is_any ? ACTA_OK : not_found(r, request, error);
}

static acta_status
order_reset(acti_reader_actor *r, acti_order *order, acta_error *error)
{
    if (r->reader->kind == &acti_manager_kind)
        return acta_error_set(
            error, ACTA_INVALID, "'%s' is a process manager: what its commands did stays done", r->reader->name);
    if (r->reader->kind == &acti_database_kind)
        return acta_error_set(error, ACTA_INVALID,
            "'%s' keeps its rows in a database of its own, which has to be emptied with its position", r->reader->name);
    if (r->reset != NULL) return acta_error_set(error, ACTA_BUSY, "reader '%s' is being reset", r->reader->name);
    r->reset = order;
    return ACTA_OK;
}

static acta_status
carry_out(acti_reader_actor *r, acti_order *order, const acti_order_request *request, acta_error *error)
{
    switch (request->kind) {
    case ACTI_ORDER_PAUSE:
        r->is_paused = true;
        return ACTA_OK;
    case ACTI_ORDER_RESUME:
        r->is_paused = r->is_halted = false;
        return ACTA_OK;
    case ACTI_ORDER_REPLAY:
        return replay(r, request, &order->count, error);
    case ACTI_ORDER_SKIP:
        order->count = 1;
        return skip(r, request, error);
    case ACTI_ORDER_RESET:
        return order_reset(r, order, error);
    case ACTI_ORDER_ANEW:
        break;
    }
    return acta_error_set(error, ACTA_INVALID, "no such order");
}

static void
describe(acti_order *order, const acti_order_request *request)
{
    char what[48] = "";

    if (request->position != 0) snprintf(what, sizeof what, " position %" PRIu64, request->position);
    snprintf(order->text, sizeof order->text, "%s%s%s%s%s%s", verbs[request->kind], what,
        request->by[0] != '\0' ? " by " : "", request->by, request->why[0] != '\0' ? ": " : "", request->why);
}

/* Nothing is kept of it, nor noted. NOPROC: not now, it is asked again. */
static void
take_anew(acti_reader_actor *r, acta_from from)
{
    bool is_busy = r->subscription == NULL || r->is_on_way || r->reset_is_on_way;

    if (!is_busy && !r->store_refuses) {
        r->is_napping = false;
        acti_reader_begin_anew(r);
    }
    reply(r, from, r->store_refuses ? ACTA_READ_ONLY : is_busy ? ACTA_NOPROC : ACTA_OK, NULL);
}

void
acti_orders_take(acti_reader_actor *r, acta_from from, const acta_message *message)
{
    const acti_order_request *request = message->payload;
    acta_error error;
    if (request->kind == ACTI_ORDER_ANEW) {
        take_anew(r, from);
        return;
    }

    acti_order *order = acta_alloc(r->self, sizeof *order);
    if (order == NULL || r->subscription == NULL || r->store_refuses) {
        acta_status why = order == NULL ? ACTA_NO_MEMORY : r->store_refuses ? ACTA_READ_ONLY : ACTA_NOPROC;
        acta_free(r->self, order);
        reply(r, from, why, NULL); /* NOPROC: it has not begun yet, and is asked again */
        return;
    }
    *order = (acti_order){ .kind = request->kind, .from = from, .row_tables = request->row_tables };
    describe(order, request);
    acta_status status = carry_out(r, order, request, &error);
    if (status != ACTA_OK) {
        acta_free(r->self, order);
        reply(r, from, status, &error);
        return;
    }
    acta_log_event(&r->app->environment, ACTA_LOG_INFO, "reader.ordered",
        ACTA_LOG_FIELDS(acta_log_text("reader", acta_str_of(r->reader->name))), "reader '%s': %s", r->reader->name,
        order->text);
    if (r->reset == order) return;
    acti_order **at = &r->orders;
    while (*at != NULL)
        at = &(*at)->next;
    *at = order;
}

/* -- with the batch -- */

static void
put_note(acti_reader_actor *r, acta_transaction *transaction, const acti_order *order)
{
    acti_reader_note_put(transaction, r->reader->name, acti_wall_us(r->app), acti_new_id(r->app), order->text);
}

/* NULL memory: there was none. */
static acta_status
put_row(acti_reader_actor *r, acta_transaction *transaction, const acti_reader_row *row)
{
    acta_memory *memory = acta_memory_create(&r->allocator);
    bool is_put = memory != NULL && acti_reader_row_put(transaction, r->reader->name, row, memory);

    acta_memory_destroy(memory);
    return is_put ? ACTA_OK : ACTA_NO_MEMORY;
}

void
acti_orders_fill(acti_reader_actor *r, acta_transaction *transaction)
{
    const acti_reader *reader = r->reader;
    const acti_reader_row row = { .is_paused = r->is_paused,
        .replay_until = reader->replay_until,
        .not_done = reader->replay_not_done,
        .not_done_count = reader->replay_not_done_count };
    bool is_changed = false;

    for (const acti_order *order = r->orders; order != NULL; order = order->next) {
        put_note(r, transaction, order);
        is_changed = is_changed || order->kind == ACTI_ORDER_PAUSE || order->kind == ACTI_ORDER_RESUME;
    }
    if (is_changed && put_row(r, transaction, &row) != ACTA_OK) {
        acta_transaction_destroy(transaction); /* nobody else has it yet */
        acta_fail(r->self, "reader '%s': no memory for an order", reader->name);
    }
}

void
acti_orders_send(acti_reader_actor *r)
{
    r->orders_on_way = r->orders;
    r->orders = NULL;
}

void
acti_orders_durable(acti_reader_actor *r)
{
    for (acti_order *order; (order = r->orders_on_way) != NULL;) {
        r->orders_on_way = order->next;
        answer(r, order, ACTA_OK, NULL);
    }
}

void
acti_orders_ask_again(acti_reader_actor *r)
{
    for (acti_order *order; (order = r->orders_on_way) != NULL;) {
        r->orders_on_way = order->next;
        answer(r, order, ACTA_NOPROC, NULL);
    }
}

void
acti_orders_refuse(acti_reader_actor *r)
{
    acta_error error;

    acta_error_set(&error, ACTA_READ_ONLY, "reader '%s': the store takes no writes any more", r->reader->name);
    for (acti_order *order; (order = r->orders) != NULL;) {
        r->orders = order->next;
        answer(r, order, ACTA_READ_ONLY, &error);
    }
    for (acti_order *order; (order = r->orders_on_way) != NULL;) {
        r->orders_on_way = order->next;
        answer(r, order, ACTA_UNKNOWN_OUTCOME, &error);
    }
    if (r->reset != NULL) answer(r, r->reset, r->reset_is_on_way ? ACTA_UNKNOWN_OUTCOME : ACTA_READ_ONLY, &error);
    r->reset = NULL;
}

bool
acti_orders_leave_paused(const acti_reader_actor *r, bool is_paused)
{
    const acti_order *const lists[] = { r->orders_on_way, r->orders };

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (const acti_order *order = lists[i]; order != NULL; order = order->next)
            if (order->kind == ACTI_ORDER_PAUSE || order->kind == ACTI_ORDER_RESUME)
                is_paused = order->kind == ACTI_ORDER_PAUSE;
    return is_paused;
}

/* -- reset -- */

/* What has not been handled of all that was passed: what is aside, and what was still to come of a reset before. */
static acta_status
list_not_done(acti_reader_actor *r, acti_reader_row *row, acta_memory *memory)
{
    const acti_reader *reader = r->reader;
    uint64_t passed = acta_subscription_passed(r->subscription);
    size_t room = (size_t)r->aside_count + reader->replay_not_done_count + 1;

    row->not_done = acta_memory_alloc(memory, room * sizeof *row->not_done);
    if (row->not_done == NULL) return ACTA_NO_MEMORY;
    for (const acti_aside *aside = r->aside_first; aside != NULL; aside = aside->next)
        for (uint32_t i = aside->first; i < aside->positions.count; i++)
            row->not_done[row->not_done_count++] = aside->positions.values[i];
    for (uint32_t i = 0; i < reader->replay_not_done_count; i++)
        if (reader->replay_not_done[i] > passed) row->not_done[row->not_done_count++] = reader->replay_not_done[i];
    acti_positions_sort(row->not_done, row->not_done_count);
    row->replay_until = passed > reader->replay_until ? passed : reader->replay_until;
    return ACTA_OK;
}

static acta_status
fill_reset(acti_reader_actor *r, acta_transaction *transaction, const acti_order *order, acta_error *error)
{
    const char *name = r->reader->name;
    acti_reader_row row = { .is_paused = r->is_paused };
    acta_memory *memory = acta_memory_create(&r->allocator);

    acta_status status = memory != NULL ? list_not_done(r, &row, memory) : ACTA_NO_MEMORY;
    if (status == ACTA_OK && !acti_reader_row_put(transaction, name, &row, memory)) status = ACTA_NO_MEMORY;
    if (status != ACTA_OK) acta_error_set(error, status, "no memory to reset reader '%s'", name);
    if (status == ACTA_OK) status = acti_reader_clear(r->app->store, name, order->row_tables, transaction, error);
    for (const acti_aside *aside = r->aside_first; aside != NULL; aside = aside->next)
        for (uint32_t i = aside->first; i < aside->positions.count; i++)
            acta_transaction_unpark(
                transaction, name, acta_str_from(aside->key, aside->key_size), aside->positions.values[i]);
    if (status == ACTA_OK) put_note(r, transaction, order);
    acta_memory_destroy(memory);
    return status;
}

/* The reader was told to begin nothing more; that is over. */
static bool
give_up_reset(acti_reader_actor *r, acta_status status, const acta_error *error)
{
    acti_order *order = r->reset;

    ACTA_SOMETIMES(&r->app->environment, "reader.reset.given.up");
    r->reset = NULL;
    answer(r, order, status, error);
    return true;
}

bool
acti_reset_go_on(acti_reader_actor *r)
{
    const acti_reader_kind *kind = r->reader->kind;
    acta_error error = { .text = "" };

    if (r->reset == NULL || r->reset_is_on_way || r->is_on_way || r->is_napping || r->store_refuses) return false;
    if (r->is_refused) return false;
    if (kind->is_idle != NULL && !kind->is_idle(r)) return false;
    acta_status status = kind->before_reset != NULL ? kind->before_reset(r, &error) : ACTA_OK;
    if (status != ACTA_OK) return give_up_reset(r, status, &error);
    acta_transaction *transaction = acta_transaction_create(r->app->store);
    status = transaction != NULL ? fill_reset(r, transaction, r->reset, &error)
                                 : acta_error_set(&error, ACTA_NO_MEMORY, "no memory to set a reader back");
    if (status != ACTA_OK) {
        acta_transaction_destroy(transaction);
        return give_up_reset(r, status, &error);
    }
    if (kind->guard != NULL) kind->guard(r, transaction);
    ACTA_CRASH_POINT("reader_before_reset");
    status = acti_submit_for(r->app, transaction, acta_self_pid(r->self), r->number + 1, &error);
    if (status != ACTA_OK) return give_up_reset(r, status, &error);
    r->number++;
    r->reset_is_on_way = true;
    return false;
}

bool
acti_reset_committed(acti_reader_actor *r, const acti_committed *committed)
{
    if (!r->reset_is_on_way || committed->number != r->number) return false;
    acti_order *order = r->reset;

    r->reset_is_on_way = false;
    r->reset = NULL;
    if (committed->result.status == ACTA_CONFLICT && r->reader->kind->guard != NULL) {
        acti_reader_begin_anew(r);
        answer(r, order, ACTA_NOPROC, NULL); /* it is asked again */
        return true;
    }
    if (committed->result.status == ACTA_OK) {
        ACTA_SOMETIMES(&r->app->environment, "reader.reset.durable");
        ACTA_CRASH_POINT("reader_after_reset");
        acti_reader_begin_anew(r);
    }
    answer(r, order, committed->result.status, &committed->result.error);
    return true;
}
