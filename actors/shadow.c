/*
 * Shadow replay of states: each stream folded by the code of today and by that of tomorrow.
 *
 *     ends equal --> the next stream
 *     ends differ --> once more, side by side, up to the first event behind which they do --> each field
 */
#include "acta/shadow.h"

#include "personal.h"
#include "time_travel.h"
#include "counters.h"

typedef struct shadow {
    acta_history *today, *tomorrow;
    const acti_aggregate *old, *new; /* the one in hand; old NULL: compared with snapshots */
    acta_memory *memory;             /* of the stream in hand */
    acta_shadow_see *see;
    void *user;
    acta_shadow_report *report;
    acta_shadow_difference difference;
    bool is_over; /* who sees wants no more */
} shadow;

static bool
tell(void *user, const acta_difference *difference)
{
    shadow *s = user;

    s->difference.difference = *difference;
    if (s->see != NULL && !s->see(s->user, &s->difference)) s->is_over = true;
    return !s->is_over;
}

/* The new code can't read the stream: that is what is told of it. */
static void
tell_error(shadow *s, const acti_travel *travel, const acta_error *error)
{
    s->report->differing++;
    s->difference.place = travel->place;
    s->difference.error = error;
    tell(s, &(acta_difference){ .path = { NULL, 0 } });
    s->difference.error = NULL;
}

static acta_status
tell_fields(shadow *s, acta_str before, acta_str after, acta_error *error)
{
    s->report->differing++;
    acta_status status = acti_text_diff(s->new->code->state, before, after, s->memory, tell, s, error);
    return status == ACTA_STOPPED ? ACTA_OK : status;
}

/* Of our memory, or of the store: then nothing can be said of the rest. */
static bool
ends_all(acta_status status)
{
    return status == ACTA_NO_MEMORY || status == ACTA_IO;
}

static acta_status
text_of(shadow *s, const acti_travel *travel, acta_str *text_out, acta_error *error)
{
    return acti_value_text(travel->fold.aggregate->code->state, travel->fold.value, NULL, s->memory, text_out, error);
}

/* -- with the code of today -- */

/* Both one event on. ACTA_NOT_FOUND: at the end. */
static acta_status
both_on(acti_travel *old, acti_travel *new, acta_recorded *event_out, acta_error *error)
{
    acta_status status = acti_travel_next(old, NULL, error);
    return status == ACTA_OK ? acti_travel_next(new, event_out, error) : status;
}

/* They differ at the end: from which event on? */
static acta_status
find_first(shadow *s, acti_travel *old, acti_travel *new, acta_error *error)
{
    acta_recorded event;
    acta_str before = { NULL, 0 }, after = { NULL, 0 };
    acta_status status;

    while ((status = both_on(old, new, &event, error)) == ACTA_OK) {
        acta_memory_clear(s->memory);
        status = text_of(s, old, &before, error);
        if (status == ACTA_OK) status = text_of(s, new, &after, error);
        if (status != ACTA_OK) return status;
        if (acta_str_equal(before, after)) continue;
        s->difference.place = new->place;
        s->difference.type = event.type;
        return tell_fields(s, before, after, error);
    }
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
begin_both(shadow *s, acta_str id, acta_point until, acti_travel *old, acti_travel *new, acta_error *error)
{
    acta_status status = acti_travel_begin(old, s->today, s->old->code->state, id, until, false, error);
    if (status != ACTA_OK) return status;

    status = acti_travel_begin(new, s->tomorrow, s->new->code->state, id, until, false, error);
    if (status != ACTA_OK) acti_travel_end(old);
    return status;
}

static acta_status
compare_ends(shadow *s, acti_travel *old, acti_travel *new, bool *differ_out, acta_error *error)
{
    acta_str before = { NULL, 0 }, after = { NULL, 0 };
    acta_status status = acti_travel_to_end(old, error);
    if (status != ACTA_OK) return status;

    status = acti_travel_to_end(new, error);
    s->report->events += new->place.version;
    if (status != ACTA_OK && !ends_all(status)) {
        tell_error(s, new, error);
        return ACTA_OK;
    }
    if (status == ACTA_OK) status = text_of(s, old, &before, error);
    if (status == ACTA_OK) status = text_of(s, new, &after, error);
    if (status == ACTA_OK) *differ_out = !acta_str_equal(before, after);
    return status;
}

static acta_status
compare_codes(shadow *s, acta_str id, uint64_t version, acta_error *error)
{
    acta_point until = acta_at_version(version); /* both the same, also while others append */
    acti_travel old, new;
    acta_error spare;
    bool differ = false;
    if (error == NULL) error = &spare;

    acta_status status = begin_both(s, id, until, &old, &new, error);
    if (status != ACTA_OK) return status;
    status = compare_ends(s, &old, &new, &differ, error);
    acti_travel_end(&old);
    acti_travel_end(&new);
    if (status != ACTA_OK || !differ) return status;
    status = begin_both(s, id, until, &old, &new, error);
    if (status != ACTA_OK) return status;
    status = find_first(s, &old, &new, error);
    acti_travel_end(&old);
    acti_travel_end(&new);
    return status;
}

/* -- with a snapshot -- */

/* Was it written for the new state's schema, whatever version was declared by then? */
static bool
is_of_schema(const acti_aggregate *aggregate, uint64_t hash)
{
    enum { VERSIONS_MAX = 1000 };
    acta_aggregate given = *aggregate->given;
    acti_aggregate as_then = { .given = &given, .code = aggregate->code };

    for (given.snapshot_version = 0; given.snapshot_version < VERSIONS_MAX; given.snapshot_version++)
        if (acti_snapshot_hash(&as_then) == hash) return true;
    return false;
}

/* The snapshot's state as text. ACTA_NOT_FOUND: there is none to compare with. */
static acta_status
snapshot_text(shadow *s, acta_str stream, uint64_t *version_out, acta_str *text_out, acta_error *error)
{
    const acta_app *app = s->tomorrow->app;
    const acta_table *table = s->new->code->state;
    acta_snapshot snapshot;

    acta_status status = acta_store_snapshot(app->store, stream, s->memory, &snapshot, error);
    if (status != ACTA_OK) return status;
    if (!is_of_schema(s->new, snapshot.schema_hash)) return ACTA_NOT_FOUND;
    if (table->verify(snapshot.state, NULL) != ACTA_OK) return ACTA_NOT_FOUND;
    status = acti_personal_open(app, table, snapshot.state, s->memory, &snapshot.state, error);
    if (status != ACTA_OK) return status;
    *version_out = snapshot.version;
    void *value = acta_memory_alloc(s->memory, table->struct_size);
    if (value == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a snapshot");
    table->read(snapshot.state, value);
    return acti_value_text(table, value, NULL, s->memory, text_out, error);
}

static acta_status
compare_snapshot(shadow *s, acta_str stream, acta_str id, acta_error *error)
{
    acta_str before = { NULL, 0 }, after = { NULL, 0 };
    uint64_t version;
    acti_travel new;
    acta_error spare;
    if (error == NULL) error = &spare;

    acta_status status = snapshot_text(s, stream, &version, &before, error);
    if (status == ACTA_OK)
        status = acti_travel_begin(&new, s->tomorrow, s->new->code->state, id, acta_at_version(version), false, error);
    if (status != ACTA_OK) return status;
    status = acti_travel_to_end(&new, error);
    s->report->events += new.place.version;
    s->difference.place = new.place;
    s->difference.type = acta_str_from(NULL, 0);
    if (status == ACTA_OK) status = text_of(s, &new, &after, error);
    if (status == ACTA_OK && !acta_str_equal(before, after))
        status = tell_fields(s, before, after, error);
    else if (status != ACTA_OK && status != ACTA_DELETED && !ends_all(status)) {
        tell_error(s, &new, error);
        status = ACTA_OK;
    }
    acti_travel_end(&new);
    return status;
}

/* -- all of them -- */

static acta_status
compare_stream(shadow *s, acta_str stream, uint64_t version, acta_error *error)
{
    size_t prefix = s->new->prefix.size;
    acta_str id = acta_str_from(stream.data + prefix, stream.size - prefix);

    acta_memory_clear(s->memory);
    s->difference.stream = stream;
    acta_status status =
        s->today != NULL ? compare_codes(s, id, version, error) : compare_snapshot(s, stream, id, error);
    if (status == ACTA_NOT_FOUND || status == ACTA_DELETED) {
        s->report->skipped++;
        return ACTA_OK;
    }
    if (status == ACTA_OK) s->report->streams++;
    return status;
}

static acta_status
compare_aggregate(shadow *s, acta_error *error)
{
    acta_stream_cursor *cursor;
    acta_str stream;
    uint64_t version;
    acta_status status =
        acta_stream_cursor_open(s->tomorrow->app->store, s->new->prefix, acta_str_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;

    while (!s->is_over && (status = acta_stream_cursor_next(cursor, &stream, &version, error)) == ACTA_OK) {
        if (stream.size == s->new->prefix.size) continue;
        status = compare_stream(s, stream, version, error);
        if (status != ACTA_OK) break;
    }
    acta_stream_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static const acti_aggregate *
aggregate_of_name(const acta_app *app, const char *name)
{
    for (uint32_t i = 0; i < app->aggregate_count; i++)
        if (strcmp(app->aggregates[i].code->name, name) == 0) return &app->aggregates[i];
    return NULL;
}

acta_status
acta_shadow_states(acta_history *today, acta_history *tomorrow, acta_shadow_see *see, void *user,
    acta_shadow_report *report_out, acta_error *error)
{
    ACTI_IN_CALL(today != NULL ? today->app : tomorrow->app);
    const acta_app *app = tomorrow->app;
    acta_shadow_report report = { .streams = 0 };
    shadow s = { .today = today, .tomorrow = tomorrow, .see = see, .user = user, .report = &report };
    acta_status status = ACTA_OK;

    s.memory = acta_memory_create(&app->environment.allocator);
    if (s.memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a shadow replay");
    for (uint32_t i = 0; i < app->aggregate_count && status == ACTA_OK && !s.is_over; i++) {
        s.new = &app->aggregates[i];
        s.old = today != NULL ? aggregate_of_name(today->app, s.new->code->name) : NULL;
        if (today == NULL || s.old != NULL) status = compare_aggregate(&s, error);
    }
    acta_memory_destroy(s.memory);
    if (report_out != NULL) *report_out = report;
    return status;
}
