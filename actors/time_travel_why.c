/*
 * Why: the last event that changed a field.
 *
 *     snapshot --event--event*--event--| point     * changed it last: found, unless there is none behind the snapshot;
 *     first ----event*--event----------| snapshot    then the events up to there are read
 *
 * Of each state only the field's own part is written down and compared, in one of two memories in turn.
 */
#include "time_travel.h"
#include "counters.h"

typedef struct finder {
    const acta_table *table;
    const acta_field *field;
    acta_str path;
    acta_str wanted;       /* only changes to this value; absent: to any */
    acta_memory *texts[2]; /* of the value now, and of the one before, in turn */
    uint32_t turn;
    acta_str now;
    acta_memory *memory; /* the caller's */
    acta_change *change; /* version 0: none so far */
} finder;

static acta_status
look(finder *f, const void *value, acta_str *text_out, acta_error *error)
{
    acta_memory *memory = f->texts[f->turn ^= 1];
    acta_str text;

    acta_memory_clear(memory);
    acta_status status = acti_value_text(f->table, value, f->field, memory, &text, error);
    if (status == ACTA_OK) *text_out = acti_text_at(f->table, text, f->path);
    return status;
}

static bool
is_same(acta_str a, acta_str b)
{
    return (a.data == NULL) == (b.data == NULL) && acta_str_equal(a, b);
}

static bool
is_wanted(const finder *f, acta_str value)
{
    return f->wanted.data == NULL || (value.data != NULL && acti_text_is(value, f->wanted));
}

/* It is kept, in place of the one before. */
static acta_status
note_change(finder *f, const acta_recorded *event, acta_str before, acta_str after, acta_error *error)
{
    acta_change *change = f->change;

    acta_str_assign(&change->type, event->type, f->memory);
    acta_str_assign(&change->before, before, f->memory);
    acta_str_assign(&change->after, after, f->memory);
    change->place = (acta_place){ event->version, event->position, event->recorded_at_us };
    change->command_id = acta_id_is_none(event->command_id) ? event->causation_id : event->command_id;
    change->correlation_id = event->correlation_id;
    change->causation_id = event->causation_id;
    if (!acta_memory_failed(f->memory)) return ACTA_OK;
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for what changed '" ACTA_FMT "'", ACTA_ARG(f->path));
}

static acta_status
go_on(finder *f, acti_travel *travel, acta_error *error)
{
    acta_recorded event;
    acta_str before, after;
    acta_status status = look(f, travel->fold.value, &before, error);

    while (status == ACTA_OK) {
        status = acti_travel_next(travel, &event, error);
        if (status == ACTA_OK) status = look(f, travel->fold.value, &after, error);
        if (status == ACTA_OK && !is_same(before, after) && is_wanted(f, after))
            status = note_change(f, &event, before, after, error);
        before = after;
    }
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* All events up to the point, from the snapshot or from the first; `began_at` tells which. */
static acta_status
search(finder *f, acta_history *history, acta_str id, acta_point at, bool from_snapshot, uint64_t *began_at,
    acta_error *error)
{
    acti_travel travel;
    acta_status status = acti_travel_begin(&travel, history, f->table, id, at, from_snapshot, error);
    if (status != ACTA_OK) return status;

    *began_at = travel.place.version;
    status = go_on(f, &travel, error);
    if (status == ACTA_OK && travel.place.version == 0)
        status = acta_error_set(error, ACTA_NOT_FOUND, "there is no '" ACTA_FMT "': it has no events up to that point",
            ACTA_ARG(travel.fold.stream));
    acti_travel_end(&travel);
    return status;
}

static acta_status
find(finder *f, acta_history *history, acta_str id, acta_point at, acta_error *error)
{
    uint64_t began_at;
    acta_status status = search(f, history, id, at, true, &began_at, error);

    if (status == ACTA_OK && f->change->place.version == 0 && began_at > 0) {
        if (at.version > began_at) at.version = began_at;
        status = search(f, history, id, at, false, &began_at, error);
    }
    if (status != ACTA_OK || f->change->place.version != 0) return status;
    if (f->wanted.data != NULL)
        return acta_error_set(error, ACTA_NOT_FOUND,
            "nothing has changed '" ACTA_FMT "' of '" ACTA_FMT "' to " ACTA_FMT " up to that point", ACTA_ARG(f->path),
            ACTA_ARG(id), ACTA_ARG(f->wanted));
    return acta_error_set(error, ACTA_NOT_FOUND,
        "nothing has changed '" ACTA_FMT "' of '" ACTA_FMT "' up to that point", ACTA_ARG(f->path), ACTA_ARG(id));
}

acta_status
acta_aggregate_why(acta_history *history, const acta_table *state, acta_str id, acta_str path, acta_point at,
    acta_memory *memory, acta_change *change_out, acta_error *error)
{
    return acta_aggregate_why_value(history, state, id, path, acta_str_from(NULL, 0), at, memory, change_out, error);
}

acta_status
acta_aggregate_why_value(acta_history *history, const acta_table *state, acta_str id, acta_str path, acta_str value,
    acta_point at, acta_memory *memory, acta_change *change_out, acta_error *error)
{
    ACTI_IN_CALL(history->app);
    const acta_allocator *allocator = &history->app->environment.allocator;
    finder f = { .table = state, .path = path, .wanted = value, .memory = memory, .change = change_out };

    *change_out = (acta_change){ .type = { NULL, 0 } };
    acta_status status = acti_path_field(state, path, &f.field, error);
    if (status != ACTA_OK) return status;
    f.texts[0] = acta_memory_create(allocator);
    f.texts[1] = acta_memory_create(allocator);
    if (f.texts[0] != NULL && f.texts[1] != NULL)
        status = find(&f, history, id, at, error);
    else
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory to look for '" ACTA_FMT "'", ACTA_ARG(path));
    acta_memory_destroy(f.texts[0]);
    acta_memory_destroy(f.texts[1]);
    return status;
}
