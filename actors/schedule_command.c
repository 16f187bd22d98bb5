/*
 * The command of a run: made of its row, led through the application's middleware, and sent to its aggregate. Its end comes to
 * the middleware and into the audit, whatever becomes of the clerk.
 *
 *     row --create--> command --before--> aggregate --answer--> after or failure, audit record --> the run's end
 *                        |
 *                        +-- in the application's list while it is under way. A clerk that was killed concludes nothing: its
 *                            next life does, or the end of the application
 */
#include "counters.h"
#include "metadata.h"
#include "passage.h"
#include "schedule_clerk.h"
#include "span.h"

struct acti_under_way {
    acti_under_way *prev, *next;
    acti_command *command;
};

/* Of the row's content: the command, but for who it is. */
static acta_status
encode(acti_schedule_clerk *c, const acti_route *route, const acti_scheduled *row, acti_command **command_out,
    acta_error *error)
{
    char room[ACTA_TRACEPARENT_SIZE + 1];
    acti_trace_place place = row->place;
    /* What nothing has led to may begin a trace, and so may each run of one that recurs. */
    bool may_be_root = acta_id_is_none(row->causation_id) || row->cron.size > 0;
    acta_span span;
    bool is_traced = acti_is_traced(c->app) && acti_trace_begin(c->app, &place.parent, may_be_root, &span);
    const acti_metadata_lists metadata = acti_metadata_following(c->app, &place, room);
    acta_bytes stored = row->payload;
    const acta_table *table = route->table;
    uint8_t *aligned = acta_memory_alloc(c->scratch, stored.size);
    void *value = acta_memory_alloc(c->scratch, table->struct_size);
    if (aligned == NULL || value == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a '%s'", table->name);

    memcpy(aligned, stored.data, stored.size);
    acta_bytes payload = acta_bytes_from(aligned, stored.size);
    acta_status status = table->verify(payload, error);
    if (status == ACTA_OK) status = acti_personal_open(c->app, table, payload, c->scratch, &payload, error);
    if (status != ACTA_OK) return status;
    table->read(payload, value);
    acta_str identity = table->identity(value);
    status = acti_identity_check(route->aggregate, table, identity, error);
    if (status != ACTA_OK) return status;

    acti_command *command =
        acti_command_create(c->app, route->aggregate, identity, payload.size, acti_metadata_size(&metadata));
    if (command == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a '%s'", table->name);
    memcpy(command->bytes, payload.data, payload.size);
    acti_metadata_write(&metadata, (char *)(uintptr_t)command->metadata.data);
    command->number = route->number;
    if (is_traced) acti_trace_attach(command, &span);
    *command_out = command;
    return ACTA_OK;
}

static void
fill_envelope(acti_command *command, const acti_slot *slot, const acti_scheduled *row)
{
    acta_id id = acti_scheduled_command_id(
        slot->row_key, slot->due_us, slot->mark + (ACTA_PLANT("schedule_new_ids") ? acti_now_ns(command->app) : 0));

    command->recorded = true;
    command->is_of_schedule = true;
    if (command->app->audit.is_on) command->begun_ns = acti_now_ns(command->app);
    command->envelope = (acta_envelope){ .command_id = id,
        .correlation_id = acta_id_is_none(row->correlation_id) ? id : row->correlation_id,
        .causation_id = row->causation_id,
        .dispatched_at_us = acti_wall_us(command->app) };
}

/* -- those under way -- */

static acti_under_way *
keep(acta_app *app, acti_command *command)
{
    acti_under_way *kept = acti_alloc(app, sizeof *kept);
    if (kept == NULL) return NULL;

    *kept = (acti_under_way){ .next = app->scheduled, .command = command };
    if (kept->next != NULL) kept->next->prev = kept;
    app->scheduled = kept;
    return kept;
}

static void
let_go(acta_app *app, acti_under_way *kept)
{
    if (kept->prev != NULL)
        kept->prev->next = kept->next;
    else
        app->scheduled = kept->next;
    if (kept->next != NULL) kept->next->prev = kept->prev;
    acti_command_unref(kept->command);
    acti_free(app, kept, sizeof *kept);
}

void
acti_schedule_conclude_all(acta_app *app)
{
    while (app->scheduled != NULL) {
        acti_command_conclude_unanswered(app->scheduled->command);
        let_go(app, app->scheduled);
    }
}

/* -- a run's -- */

acta_status
acti_run_create(acti_schedule_clerk *c, acti_slot *slot, const acti_scheduled *row, acta_error *error)
{
    const acti_route *route = acti_scheduled_route(c->app, row->command);
    acti_command *command = NULL;
    if (route == NULL)
        return acta_error_set(error, ACTA_INVALID, "'" ACTA_FMT "' is no command of application '%s'",
            ACTA_ARG(row->command), c->app->name);

    acta_status status = encode(c, route, row, &command, error);
    if (status != ACTA_OK) return status;
    fill_envelope(command, slot, row);
    status = acti_command_digest(command, error);
    if (status == ACTA_OK) slot->under_way = keep(c->app, command);
    if (status == ACTA_OK && slot->under_way != NULL) return ACTA_OK;
    acti_command_unref(command);
    return status != ACTA_OK ? status
                             : acta_error_set(error, ACTA_NO_MEMORY, "no memory for a '%s'", route->table->name);
}

bool
acti_run_begin(acti_slot *slot, acta_status *status_out, acta_error *error)
{
    acta_str manager = acta_str_of(NULL), instance, key;

    (void)acti_schedule_key_parse(slot->row_key, &manager, &instance, &key);
    acti_count(slot->under_way->command->app, ACTI_COUNT_SCHEDULE_COMMANDS);
    return acti_passage_begin(slot->under_way->command, manager.data != NULL, status_out, error);
}

acta_status
acti_run_send(acti_schedule_clerk *c, acti_slot *slot, acta_error *error)
{
    acti_command *command = slot->under_way->command;
    acta_pid pid;
    acta_status status = acti_aggregate_locate(c->app, command->aggregate, command->stream, &pid, error);
    if (status != ACTA_OK) return status;

    if (slot->due_us > acti_schedule_watermark(c->app))
        atomic_store_explicit(&c->app->schedule_sent_us, slot->due_us, memory_order_relaxed);
    status = acta_request(c->self, pid, acti_command_message(command), ACTA_CALL_TIMEOUT_DEFAULT, &slot->ref);
    if (status == ACTA_OK) acti_slot_set_phase(c, slot, ACTI_SLOT_ASKING);
    return status == ACTA_OK ? ACTA_OK : acta_error_set(error, status, "no memory to send a command");
}

acta_status
acti_run_conclude(acti_slot *slot, acta_status status, acta_error *error)
{
    acti_under_way *under_way = slot->under_way;
    acta_app *app = under_way->command->app;

    slot->under_way = NULL;
    status = acti_command_conclude(under_way->command, status, error);
    let_go(app, under_way);
    return status;
}
