/*
 * The story of an instance, told: its rows in order, what became of each command, and the state behind each event, which is
 * made again by `apply`.
 *
 *     rows --> steps, in memory --outbox row, outcomes--> fates
 *                               --events of the log-----> states
 */
#include "manager_story.h"

#include "manager_router.h"
#include "time_travel.h"
#include "counters.h"

typedef struct story {
    acta_app *app;
    const acti_reader *reader;
    const acta_process_manager_code *code;
    acti_manager_tables tables;
    acta_str id;
    acta_memory *memory; /* of all of it */
    acti_story_row *rows;
    uint32_t count, capacity;

    /* The state, as far as it can be made again. */
    bool is_known;
    bool has_ended; /* by the event in hand */
    acta_memory *state_memory;
    void *value;
    acta_associations associations;
} story;

static acta_status
no_memory(acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a story");
}

/* -- rows -- */

static acti_story_row *
add_row(story *s)
{
    if (s->count == s->capacity) {
        uint32_t capacity = s->capacity == 0 ? 16 : 2 * s->capacity;
        acti_story_row *grown = acta_memory_alloc(s->memory, capacity * sizeof *grown);
        if (grown == NULL) return NULL;
        if (s->count > 0) memcpy(grown, s->rows, s->count * sizeof *grown);
        s->rows = grown;
        s->capacity = capacity;
    }
    return &s->rows[s->count++];
}

static acta_status
read_rows(story *s, acta_error *error)
{
    acta_bytes key, value, prefix = acti_story_prefix(s->id, s->memory);
    acta_row_cursor *cursor;
    if (prefix.data == NULL) return no_memory(error);

    acta_status status = acta_row_cursor_open(s->app->store, s->tables.story.text, prefix, &cursor, error);
    if (status != ACTA_OK) return status;
    while (status == ACTA_OK && (status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK) {
        if (!acti_story_is_of(key, s->id)) continue;
        acti_story_row *row = add_row(s);
        status = row != NULL ? acti_story_decode(key, value, s->memory, row, error) : no_memory(error);
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* -- what became of the commands -- */

/* The commands that a row is about. */
static acti_story_row *
row_of_commands(const story *s, uint64_t position, uint32_t generation)
{
    for (uint32_t k = 0; k < s->count; k++) {
        acti_story_row *row = &s->rows[k];
        if (row->position != position) continue;
        if (row->kind == ACTA_STORY_HANDLED && generation == 0) return row;
        if (row->kind == ACTA_STORY_REPLACED && row->generation + 1 == generation) return row;
    }
    return NULL;
}

static void
leave_out(const story *s, const acti_story_row *row)
{
    acti_story_row *of = row_of_commands(s, row->position, row->generation);
    if (of == NULL) return;

    uint32_t end = row->kind == ACTA_STORY_SKIPPED ? row->index + 1 : of->count;
    for (uint32_t k = row->index; k < end && k < of->count; k++)
        of->commands[k].fate = ACTA_STORY_LEFT_OUT;
}

/* Those of the outbox that have no outcome yet. */
static acta_status
find_open(story *s, acta_error *error)
{
    acta_outcome outcome;
    acti_outbox outbox = { .next = 0 };
    acta_bytes value;
    acta_allocator allocator = acti_allocator_over(s->memory);
    acta_status status =
        acta_store_get(s->app->store, s->tables.outbox.text, acta_str_bytes(s->id), s->memory, &value, error);
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    if (!acti_sent_init(&outbox.commands, &allocator)) return no_memory(error);

    status = acti_outbox_decode(s->app, value, s->code->state->schema, s->memory, &outbox, error);
    acti_story_row *of = row_of_commands(s, outbox.position, outbox.generation);
    for (uint32_t k = outbox.next; status == ACTA_OK && of != NULL && k < of->count; k++) {
        status = acta_store_outcome(s->app->store, of->commands[k].id, &outcome, error);
        if (status == ACTA_NOT_FOUND || (status == ACTA_OK && outcome.status != ACTA_OK))
            of->commands[k].fate = ACTA_STORY_WAITS;
        if (status == ACTA_NOT_FOUND) status = ACTA_OK;
    }
    acti_sent_deinit(&outbox.commands);
    return status;
}

/* -- states -- */

static acta_status
apply_one(story *s, uint32_t number, acta_bytes payload, acta_error *error)
{
    const acta_table *table = s->code->events[number];
    const acta_process_manager *manager = s->reader->given.manager;
    acti_routing routing;

    acta_status status = table->verify(payload, error);
    if (status == ACTA_OK) status = acti_personal_open(s->app, table, payload, s->memory, &payload, error);
    if (status == ACTA_OK) status = acti_route_event(manager, number, payload, s->memory, &routing, error);
    if (status != ACTA_OK) return status;
    acta_route route = acti_routing_find(&routing, s->id, &s->associations);
    if (route == ACTA_ROUTE_NONE) return ACTA_OK;
    s->has_ended = route == ACTA_ROUTE_STOP;
    if (s->code->associates(manager, number))
        status = acti_associate_event(manager, number, payload, &s->associations, error);
    if (status != ACTA_OK) return status;
    s->code->apply(manager, number, s->value, payload, s->state_memory);
    return acta_memory_failed(s->state_memory) ? no_memory(error) : ACTA_OK;
}

static acta_status
apply_old(story *s, const acta_recorded *event, uint32_t old, acta_error *error)
{
    acti_upcasted upcasted;
    uint32_t number;
    acta_status status = acti_upcast(s->app, &s->app->environment.allocator, event, old, &upcasted, error);

    for (uint32_t k = 0; k < upcasted.count && status == ACTA_OK && !s->has_ended; k++)
        if (acti_names_find(&s->reader->names, acta_str_of(upcasted.events[k].table->name), &number))
            status = apply_one(s, number, upcasted.events[k].payload, error);
    acti_upcasted_deinit(&upcasted);
    return status;
}

static acta_status
apply_event(story *s, const acta_recorded *event, acta_error *error)
{
    acti_item item = { .recorded = *event };

    if (event->kind == ACTA_RECORD_STUB || !acti_item_identify(s->reader, &item)) return ACTA_DELETED;
    s->has_ended = false;
    if (item.old != 0) return apply_old(s, event, item.old, error);
    return apply_one(s, item.event, event->payload, error);
}

static void
begin_state(story *s)
{
    s->code->state->clear(s->value, s->state_memory);
    memset(s->value, 0, s->code->state->struct_size);
    s->associations.count = 0;
    s->is_known = true;
}

/* Behind the event of a row, as JSON; absent: it can't be made again. */
static acta_status
state_behind(story *s, const acti_story_row *row, acta_str *text_out, acta_error *error)
{
    acta_recorded event;
    acta_cursor *cursor;

    *text_out = acta_str_of(NULL);
    if (row->begins) begin_state(s);
    if (!s->is_known) return ACTA_OK;
    acta_status status =
        acta_cursor_open(s->app->store, &(acta_read){ .from = row->position, .count_max = 1 }, &cursor, error);
    if (status != ACTA_OK) return status;
    status = acta_cursor_next(cursor, &event, error);
    if (status == ACTA_OK) status = event.position == row->position ? apply_event(s, &event, error) : ACTA_DELETED;
    acta_cursor_close(cursor);
    if (status == ACTA_NO_MEMORY || status == ACTA_IO) return status;
    s->is_known = status == ACTA_OK;
    if (status != ACTA_OK) return ACTA_OK;
    return acti_value_text(s->code->state, s->value, NULL, s->memory, text_out, error);
}

/* -- telling -- */

static acta_status
tell_all(story *s, acta_story_see *see, void *user, acta_error *error)
{
    bool goes_on = true;
    acta_status status = ACTA_OK;

    for (uint32_t k = 0; k < s->count && status == ACTA_OK && goes_on; k++) {
        const acti_story_row *row = &s->rows[k];
        acta_story_step step = { .kind = row->kind,
            .position = row->position,
            .at_us = row->at_us,
            .begins = row->begins,
            .ends = row->ends,
            .type = row->type,
            .commands = row->commands,
            .command_count = row->count,
            .index = row->index,
            .why = row->why };
        if (row->kind == ACTA_STORY_HANDLED) status = state_behind(s, row, &step.state, error);
        if (status == ACTA_OK) goes_on = see(user, &step);
    }
    return status;
}

static acta_status
tell(story *s, acta_story_see *see, void *user, acta_error *error)
{
    acta_status status = read_rows(s, error);

    if (status == ACTA_OK && s->count == 0)
        status = acta_error_set(error, ACTA_NOT_FOUND, "nothing is told of instance '" ACTA_FMT "'", ACTA_ARG(s->id));
    for (uint32_t k = 0; status == ACTA_OK && k < s->count; k++)
        if (s->rows[k].kind != ACTA_STORY_HANDLED) leave_out(s, &s->rows[k]);
    if (status == ACTA_OK) status = find_open(s, error);
    return status == ACTA_OK ? tell_all(s, see, user, error) : status;
}

acta_status
acta_manager_story(acta_app *app, const char *name, acta_str id, acta_story_see *see, void *user, acta_error *error)
{
    ACTI_IN_CALL(app);
    story s = { .app = app, .reader = acti_manager_find(app, name), .id = id };
    if (s.reader == NULL)
        return acta_error_set(error, ACTA_INVALID, "application '%s' has no process manager '%s'", app->name, name);

    s.code = s.reader->given.manager->code;
    s.tables = acti_manager_tables_of(s.reader->given.manager);
    s.memory = acta_memory_create(&app->environment.allocator);
    s.state_memory = acta_memory_create(&app->environment.allocator);
    if (s.memory != NULL) s.value = acta_memory_alloc(s.memory, s.code->state->struct_size);
    acta_status status = ACTA_OK;
    if (s.value == NULL || s.state_memory == NULL)
        status = no_memory(error);
    else {
        memset(s.value, 0, s.code->state->struct_size);
        s.associations.memory = s.memory;
        status = tell(&s, see, user, error);
    }
    acta_memory_destroy(s.state_memory);
    acta_memory_destroy(s.memory);
    return status;
}

const char *
acta_story_kind_name(acta_story_kind kind)
{
    static const char *const names[] = { "?", "handled", "skipped", "replaced", "ended" };
    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "?";
}
