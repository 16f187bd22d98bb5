/*
 * Shadow replay of commands: each as the audit has it, decided once more by the code of tomorrow, on the state that it was
 * decided on.
 *
 *     record --> state at its version, folded by the new apply --new execute--> what it would lead to
 *                events behind that version, or the rejection ---------------> what it has led to      equal, or told
 */
#include "acta/shadow.h"

#include "decision.h"
#include "personal.h"
#include "time_travel.h"

typedef struct replay {
    acta_history *history;
    const acta_app *app;
    acta_memory *memory; /* of the command in hand */
    acta_shadow_decision_see *see;
    void *user;
    acta_shadow_commands_report *report;
    bool is_over;

    /* The command in hand. */
    acta_audit_record record;
    const acti_route *route;
    uint64_t version; /* that it was decided on */
} replay;

static acta_status
no_memory(acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory to replay a command");
}

/* -- what it leads to, as text -- */

/* `text` and a line behind it. Data NULL: no memory. */
static acta_str
add_line(replay *r, acta_str text, const char *what, acta_str more)
{
    size_t size = text.size + (text.size > 0) + strlen(what) + 1 + more.size;
    char *line = acta_memory_alloc(r->memory, size + 1);
    if (line == NULL) return acta_str_from(NULL, 0);

    snprintf(
        line, size + 1, ACTA_FMT "%s%s " ACTA_FMT, ACTA_ARG(text), text.size > 0 ? "\n" : "", what, ACTA_ARG(more));
    return acta_str_from(line, size);
}

static acta_status
add_event(replay *r, const acta_table *table, acta_bytes payload, bool is_stored, acta_str *text, acta_error *error)
{
    void *value = acta_memory_alloc(r->memory, table->struct_size);
    acta_str json;
    if (value == NULL) return no_memory(error);

    acta_status status = table->verify(payload, error);
    if (status == ACTA_OK && is_stored) status = acti_personal_open(r->app, table, payload, r->memory, &payload, error);
    if (status != ACTA_OK) return status;
    table->read(payload, value);
    status = acti_value_text(table, value, NULL, r->memory, &json, error);
    if (status != ACTA_OK) return status;
    *text = add_line(r, *text, table->name, json);
    return text->data != NULL ? ACTA_OK : no_memory(error);
}

/* ACTA_NOT_FOUND: its events can't be read as events of today any more. */
static acta_status
text_of_record(replay *r, acta_str *text, acta_error *error)
{
    const acta_audit_record *record = &r->record;
    acta_recorded event;
    acta_cursor *cursor;
    uint32_t number, found = 0;

    *text = acta_str_of("");
    if (record->status == ACTA_REJECTED) {
        *text = add_line(r, *text, "rejected:", record->where);
        return text->data != NULL ? ACTA_OK : no_memory(error);
    }
    if (record->event_count == 0) return ACTA_OK;
    const acta_read read = { .stream = record->stream, .from = r->version + 1, .count_max = record->event_count };
    acta_status status = acta_cursor_open(r->app->store, &read, &cursor, error);
    if (status != ACTA_OK) return status;
    while (status == ACTA_OK && (status = acta_cursor_next(cursor, &event, error)) == ACTA_OK) {
        bool is_of_now = event.kind != ACTA_RECORD_STUB && acti_old_of(r->app, &event) == 0 &&
                         acti_names_find(&r->route->aggregate->events, event.type, &number);
        if (!is_of_now) break;
        found++;
        status = add_event(r, r->route->aggregate->code->events[number], event.payload, true, text, error);
    }
    acta_cursor_close(cursor);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    return found == record->event_count ? ACTA_OK : ACTA_NOT_FOUND;
}

static uint8_t *
reserve(acta_decision *decision, const acta_table *event, size_t size)
{
    const replay *r = decision->user;
    (void)event;
    return acta_memory_alloc(r->memory, size);
}

static acta_status
text_of_decision(replay *r, const acta_decision *decision, acta_str *text, acta_error *error)
{
    const acta_aggregate_code *code = r->route->aggregate->code;
    acta_status status = ACTA_OK;

    *text = acta_str_of("");
    if (decision->status != ACTA_OK) {
        const char *what = decision->status == ACTA_REJECTED ? "rejected:" : "failed:";
        const char *why = decision->status == ACTA_REJECTED ? decision->error.where : decision->error.text;
        *text = add_line(r, *text, what, acta_str_of(why));
        return text->data != NULL ? ACTA_OK : no_memory(error);
    }
    for (uint32_t k = 0; k < decision->emitted_count && status == ACTA_OK; k++) {
        const acti_emitted *emitted = &decision->emitted[k];
        status = add_event(r, code->events[emitted->number], emitted->payload, false, text, error);
    }
    return status;
}

static acta_status
decide(replay *r, const void *state, acta_str *text, acta_error *error)
{
    const acta_aggregate *aggregate = r->route->aggregate->given;
    const acta_envelope envelope = { .command_id = r->record.command_id,
        .correlation_id = r->record.correlation_id,
        .causation_id = r->record.causation_id,
        .dispatched_at_us = r->record.dispatched_at_us };
    acta_decision decision = { .reserve = reserve, .user = r, .allocator = &r->app->environment.allocator };

    acti_decision_begin(&decision, aggregate, r->route->number, state, &envelope);
    aggregate->code->execute(aggregate, r->route->number, state, r->record.payload, &decision);
    acti_decision_end(&decision);
    acta_status status = text_of_decision(r, &decision, text, error);
    acti_decision_deinit(&decision);
    return status;
}

/* ACTA_NOT_FOUND: its state can't be made again. */
static acta_status
decide_again(replay *r, acta_str *text, acta_error *error)
{
    const acti_aggregate *aggregate = r->route->aggregate;
    const acta_table *table = aggregate->code->state;
    acta_str id =
        acta_str_from(r->record.stream.data + aggregate->prefix.size, r->record.stream.size - aggregate->prefix.size);
    acti_travel travel;

    if (r->version == 0) {
        void *empty = acta_memory_alloc(r->memory, table->struct_size);
        if (empty == NULL) return no_memory(error);
        memset(empty, 0, table->struct_size);
        return decide(r, empty, text, error);
    }
    acta_status status = acti_travel_begin(&travel, r->history, table, id, acta_at_version(r->version), false, error);
    if (status != ACTA_OK) return status;
    status = acti_travel_to_end(&travel, error);
    if (status == ACTA_OK && travel.place.version != r->version) status = ACTA_NOT_FOUND;
    if (status == ACTA_OK) status = decide(r, travel.fold.value, text, error);
    acti_travel_end(&travel);
    return status;
}

/* -- each -- */

/* Was it decided, on a state and with a content that are known? */
static bool
can_replay(const replay *r)
{
    const acta_audit_record *record = &r->record;

    if (record->payload.data == NULL || record->decisions == 0 || r->route == NULL) return false;
    if (record->status != ACTA_OK && record->status != ACTA_REJECTED) return false;
    if (acta_table_is_marked(record->table, ACTA_MARK_REDACTED)) return false;
    return record->version >= record->event_count && record->stream.size > r->route->aggregate->prefix.size;
}

static bool
ends_all(acta_status status)
{
    return status == ACTA_NO_MEMORY || status == ACTA_IO;
}

static acta_status
compare(replay *r, acta_error *error)
{
    acta_str before, after;
    acta_status status = text_of_record(r, &before, error);

    if (status == ACTA_OK) status = decide_again(r, &after, error);
    if (ends_all(status)) return status;
    if (status != ACTA_OK) {
        r->report->skipped++;
        return ACTA_OK;
    }
    r->report->commands++;
    if (acta_str_equal(before, after)) return ACTA_OK;
    r->report->differing++;
    const acta_shadow_decision difference = { .stream = r->record.stream,
        .command = r->record.type,
        .command_id = r->record.command_id,
        .dispatched_at_us = r->record.dispatched_at_us,
        .version = r->version,
        .before = before,
        .after = after };
    r->is_over = r->see != NULL && !r->see(r->user, &difference);
    return ACTA_OK;
}

static acta_status
replay_all(replay *r, acta_audit_cursor *cursor, acta_error *error)
{
    acta_status status = ACTA_OK;

    while (!r->is_over && (status = acta_audit_next(cursor, &r->record, error)) == ACTA_OK) {
        acta_memory_clear(r->memory);
        r->route = r->record.table != NULL ? acti_route_find(r->app, r->record.table) : NULL;
        r->version = r->record.version - r->record.event_count;
        if (can_replay(r))
            status = compare(r, error);
        else
            r->report->skipped++;
        if (status != ACTA_OK) return status;
    }
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acta_shadow_commands(acta_history *tomorrow, const acta_audit_read *which, acta_shadow_decision_see *see, void *user,
    acta_shadow_commands_report *report_out, acta_error *error)
{
    acta_shadow_commands_report report = { .commands = 0 };
    replay r = { .history = tomorrow, .app = tomorrow->app, .see = see, .user = user, .report = &report };
    acta_audit_cursor *cursor = NULL;
    acta_error spare;
    if (error == NULL) error = &spare;

    r.memory = acta_memory_create(&r.app->environment.allocator);
    if (r.memory == NULL) return no_memory(error);
    acta_status status = acta_audit_open(tomorrow->app, which, &cursor, error);
    if (status == ACTA_OK) status = replay_all(&r, cursor, error);
    acta_audit_close(cursor);
    acta_memory_destroy(r.memory);
    if (report_out != NULL) *report_out = report;
    return status;
}
