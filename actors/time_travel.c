/*
 * Time travel: the state of an aggregate at a point of its past.
 *
 *     snapshot (if it lies before the point) --event--event--event--| point
 *
 * A snapshot is dated by its event's record, which keeps position and time also when the event itself is gone.
 */
#include "time_travel.h"

#include "command.h"
#include "personal.h"
#include "counters.h"

acta_history *
acta_app_history(acta_app *app)
{
    return &app->history;
}

acta_status
acta_history_open(const acta_app_config *config, acta_history **history_out, acta_error *error)
{
    acta_app *app;
    acta_status status = acti_app_look(config, &app, error);

    if (status == ACTA_OK) *history_out = &app->history;
    return status;
}

void
acta_history_close(acta_history *history)
{
    if (history != NULL && history->app->runtime == NULL) acti_app_look_end(history->app);
}

acta_store *
acta_history_store(acta_history *history)
{
    return history->app->store;
}

/* -- on the way -- */

static bool
is_before(const acta_recorded *event, const acta_point *until)
{
    return (event->version <= until->version || (ACTA_PLANT("past_too_far") && event->version == until->version + 1)) &&
           event->position <= until->position && event->recorded_at_us <= until->time_us;
}

static acta_status
no_memory(acta_str id, acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the past of '" ACTA_FMT "'", ACTA_ARG(id));
}

static acta_status
set_not_found(const acti_travel *travel, acta_error *error)
{
    return acta_error_set(error, ACTA_NOT_FOUND, "there is no '" ACTA_FMT "': it has no events%s",
        ACTA_ARG(travel->fold.stream),
        travel->until.version == UINT64_MAX && travel->until.position == UINT64_MAX &&
                travel->until.time_us == INT64_MAX
            ? ""
            : " up to that point");
}

static acta_status
name_stream(acti_travel *travel, acta_error *error)
{
    const acti_aggregate *aggregate = travel->fold.aggregate;
    size_t size = aggregate->prefix.size + travel->id.size;
    char *name = acta_memory_alloc(travel->fold.memory, size);
    if (name == NULL) return no_memory(travel->id, error);

    memcpy(name, aggregate->prefix.data, aggregate->prefix.size);
    memcpy(name + aggregate->prefix.size, travel->id.data, travel->id.size);
    travel->fold.stream = acta_str_from(name, size);
    return ACTA_OK;
}

/* The record of the version that the state is at. ACTA_NOT_FOUND: it can't be read any more. */
static acta_status
date_snapshot(const acti_travel *travel, acta_recorded *event_out, acta_error *error)
{
    const acta_read read = {
        .stream = travel->fold.stream, .from = travel->fold.version, .count_max = 1, .links = true
    };
    acta_cursor *cursor;
    acta_status status = acta_cursor_open(travel->fold.app->store, &read, &cursor, error);
    if (status != ACTA_OK) return status;

    status = acta_cursor_next(cursor, event_out, error);
    if (status == ACTA_OK && event_out->version != travel->fold.version) status = ACTA_NOT_FOUND;
    acta_cursor_close(cursor);
    return status;
}

/* All that is at or before the snapshot is hidden by a limit: then only the end of the stream can be told from it. */
static bool
is_at_end(const acti_travel *travel, acta_recorded *event_out)
{
    acta_stream_info info;

    if (acta_store_stream_info(travel->fold.app->store, travel->fold.stream, &info, NULL) != ACTA_OK) return false;
    if (info.version != travel->fold.version) return false;
    event_out->version = info.version;
    event_out->position = info.last_position;
    event_out->recorded_at_us = info.changed_at_us;
    return true;
}

static acta_status
take_snapshot(acti_travel *travel, acta_error *error)
{
    acta_memory *scratch = acta_memory_create(&travel->fold.app->environment.allocator);
    acta_recorded event = { .version = 0 };
    bool taken = false;
    if (scratch == NULL) return no_memory(travel->id, error);

    acta_status status = acti_fold_snapshot(&travel->fold, scratch, &taken, error);
    acta_memory_destroy(scratch);
    if (status != ACTA_OK || !taken) return status;
    status = date_snapshot(travel, &event, error);
    bool is_dated = status == ACTA_OK || (status == ACTA_NOT_FOUND && is_at_end(travel, &event));
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    if (is_dated && is_before(&event, &travel->until))
        travel->place = (acta_place){ event.version, event.position, event.recorded_at_us };
    else
        acti_fold_clear(&travel->fold);
    return ACTA_OK;
}

static acta_status
begin(acti_travel *travel, bool from_snapshot, acta_error *error)
{
    acti_fold *fold = &travel->fold;
    acta_status status = name_stream(travel, error);
    if (status != ACTA_OK) return status;

    fold->value = acta_memory_alloc(fold->memory, fold->aggregate->code->state->struct_size);
    if (fold->value == NULL) return no_memory(travel->id, error);
    if (from_snapshot && fold->aggregate->snapshot_every != UINT32_MAX) status = take_snapshot(travel, error);
    if (status != ACTA_OK) return status;
    const acta_read read = { .stream = fold->stream, .from = fold->version + 1 };
    return acta_cursor_open(fold->app->store, &read, &travel->cursor, error);
}

acta_status
acti_travel_begin(acti_travel *travel, acta_history *history, const acta_table *state, acta_str id, acta_point until,
    bool from_snapshot, acta_error *error)
{
    const acta_app *app = history->app;
    const acti_aggregate *aggregate = acti_aggregate_of_state(app, state);
    if (aggregate == NULL)
        return acta_error_set(error, ACTA_INVALID, "cannot read '%s': its aggregate is not part of application '%s'",
            state->name, app->name);

    acta_status status = acti_identity_check(aggregate, state, id, error);
    if (status != ACTA_OK) return status;
    acta_memory *memory = acta_memory_create(&app->environment.allocator);
    if (memory == NULL) return no_memory(id, error);
    *travel =
        (acti_travel){ .fold = { .app = app, .aggregate = aggregate, .memory = memory }, .until = until, .id = id };
    status = begin(travel, from_snapshot, error);
    if (status == ACTA_NOT_FOUND) set_not_found(travel, error);
    if (status != ACTA_OK) acti_travel_end(travel);
    return status;
}

void
acti_travel_end(acti_travel *travel)
{
    acta_cursor_close(travel->cursor);
    acta_memory_destroy(travel->fold.memory);
}

/* Nothing can be read from the next version on up to the point. Was there something? */
static acta_status
tell_gap(const acti_travel *travel, acta_error *error)
{
    const acti_fold *fold = &travel->fold;
    acta_stream_info info;
    acta_status status = acta_store_stream_info(fold->app->store, fold->stream, &info, error);
    if (status != ACTA_OK) return status;

    bool had_begun = travel->until.version > fold->version && travel->until.position >= info.first_position &&
                     travel->until.time_us >= info.created_at_us;
    if (!had_begun || info.version <= fold->version) return ACTA_NOT_FOUND;
    return acta_error_set(error, ACTA_DELETED,
        "the past of '" ACTA_FMT "' can't be told: events of it from version %" PRIu64
        " on were removed, and no snapshot before that point covers them",
        ACTA_ARG(fold->stream), fold->version + 1);
}

acta_status
acti_travel_next(acti_travel *travel, acta_recorded *event_out, acta_error *error)
{
    acti_fold *fold = &travel->fold;
    acta_recorded event;
    acta_status status = acta_cursor_next(travel->cursor, &event, error);

    if (status == ACTA_NOT_FOUND && travel->place.version == 0) return tell_gap(travel, error);
    if (status != ACTA_OK) return status;
    bool is_gap = event.kind == ACTA_RECORD_STUB || event.version > fold->version + 1;
    if (is_gap && (travel->place.version == 0 || is_before(&event, &travel->until))) return tell_gap(travel, error);
    if (!is_before(&event, &travel->until)) return ACTA_NOT_FOUND;
    status = acti_fold_event(fold, &event, error);
    if (status != ACTA_OK) return status;
    travel->place = (acta_place){ event.version, event.position, event.recorded_at_us };
    if (event_out != NULL) *event_out = event;
    return ACTA_OK;
}

acta_status
acti_travel_to_end(acti_travel *travel, acta_error *error)
{
    acta_status status;

    while ((status = acti_travel_next(travel, NULL, error)) == ACTA_OK) {}
    if (status != ACTA_NOT_FOUND) return status;
    return travel->place.version != 0 ? ACTA_OK : set_not_found(travel, error);
}

/* -- states -- */

static acta_status
copy_out(const acta_table *table, const void *value, void *state_out, acta_memory *memory, acta_error *error)
{
    if (memory == NULL) {
        memcpy(state_out, value, table->struct_size);
        acti_value_forget_views(table, state_out);
        return ACTA_OK;
    }
    acta_memory_sink sink = acta_memory_sink_of(memory);
    acta_status status = table->write(value, &sink.sink, error);
    if (status == ACTA_OK) table->read(sink.bytes, state_out);
    return status;
}

acta_status
acta_aggregate_read_at(acta_history *history, const acta_table *state, acta_str id, acta_point at, void *state_out,
    acta_memory *memory, acta_place *place_out, acta_error *error)
{
    ACTI_IN_CALL(history->app);
    acti_travel travel;
    acta_status status = acti_travel_begin(&travel, history, state, id, at, true, error);
    if (status != ACTA_OK) return status;

    status = acti_travel_to_end(&travel, error);
    if (status == ACTA_OK) status = copy_out(state, travel.fold.value, state_out, memory, error);
    if (status == ACTA_OK && place_out != NULL) *place_out = travel.place;
    acti_travel_end(&travel);
    return status;
}

acta_status
acta_aggregate_json_at(acta_history *history, const acta_table *state, acta_str id, acta_point at, bool redacted,
    acta_memory *memory, acta_str *text_out, acta_error *error)
{
    ACTI_IN_CALL(history->app);
    acti_travel travel;
    acta_status status = acti_travel_begin(&travel, history, state, id, at, true, error);
    if (status != ACTA_OK) return status;

    acta_memory_sink sink = acta_memory_sink_of(travel.fold.memory);
    status = acti_travel_to_end(&travel, error);
    if (status == ACTA_OK) status = state->write(travel.fold.value, &sink.sink, error);
    if (status == ACTA_OK)
        status = (redacted ? acta_schema_print_redacted : acta_schema_print)(
            state->schema->binary, acta_str_of(state->name), sink.bytes, memory, text_out, error);
    acti_travel_end(&travel);
    return status;
}

acta_status
acta_aggregate_replay(acta_history *history, const acta_table *state, acta_str id, acta_point at, acta_history_see *see,
    void *user, acta_error *error)
{
    ACTI_IN_CALL(history->app);
    acti_travel travel;
    acta_recorded event;
    acta_status status = acti_travel_begin(&travel, history, state, id, at, false, error);
    if (status != ACTA_OK) return status;

    while ((status = acti_travel_next(&travel, &event, error)) == ACTA_OK)
        if (!see(user, &event, travel.fold.value)) break;
    if (status == ACTA_NOT_FOUND) status = travel.place.version != 0 ? ACTA_OK : set_not_found(&travel, error);
    acti_travel_end(&travel);
    return status;
}
