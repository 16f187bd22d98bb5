/*
 * Trips: the domain, and what tests do with it.
 */
#include "trips.h"

trips_hooks trips_hook;

void
trips_decide(acta_unhandled_action (*event_error)(const acta_unhandled *failure, acta_unhandled_retry *retry),
    acta_after_command (*after_command)(const acta_accepted *accepted))
{
    trips_hook.event_error = event_error;
    trips_hook.after_command = after_command;
}

/* -- roads -- */

static acta_verdict
told_more(acta_decision *d, const trips_Tell *t)
{
    switch (t->what) {
    case trips_What_close:
        return trips_Closed_emit(d, ACTA_INIT(trips_Closed, .trip = t->trip, .number = t->number));
    case trips_What_book:
        return trips_Booked_emit(d, ACTA_INIT(trips_Booked, .trip = t->trip, .plate = t->plate, .number = t->number));
    default:
        return trips_Spread_emit(d, ACTA_INIT(trips_Spread, .trips = t->trips, .plate = t->plate,
                                        .everyone = t->everyone, .ends = t->ends, .number = t->number));
    }
}

static acta_verdict
tell_it(const trips_Road *road, trips_Tell t, acta_decision *d)
{
    (void)road;
    switch (t.what) {
    case trips_What_open:
        return trips_Opened_emit(d, ACTA_INIT(trips_Opened, .trip = t.trip, .times = t.times, .number = t.number));
    case trips_What_found:
        return trips_Founded_emit(d, ACTA_INIT(trips_Founded, .trip = t.trip, .number = t.number));
    case trips_What_go:
        return trips_Went_emit(d, ACTA_INIT(trips_Went, .trip = t.trip, .times = t.times, .number = t.number));
    case trips_What_must:
        return trips_Had_emit(d, ACTA_INIT(trips_Had, .trip = t.trip, .number = t.number));
    default:
        return told_more(d, &t);
    }
}

static const trips_Road_aggregate road =
    TRIPS_ROAD(.execute = { .Tell = tell_it }, .apply = { .Opened = trips_Road_ignore_Opened,
                                                   .Founded = trips_Road_ignore_Founded,
                                                   .Went = trips_Road_ignore_Went,
                                                   .Had = trips_Road_ignore_Had,
                                                   .Closed = trips_Road_ignore_Closed,
                                                   .Booked = trips_Road_ignore_Booked,
                                                   .Spread = trips_Road_ignore_Spread });

/* -- diaries -- */

static acta_verdict
write_line(const trips_Diary *diary, trips_Write command, acta_decision *d)
{
    (void)diary;
    if (command.number < 0) return trips_reject(d, trips_Rejection_refused, "no line of %" PRId64, command.number);
    return trips_Written_emit(d, ACTA_INIT(trips_Written, .trip = command.trip, .number = command.number));
}

static void
written(trips_Diary *diary, trips_Written event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    diary->lines++;
}

static const trips_Diary_aggregate diary =
    TRIPS_DIARY(.execute = { .Write = write_line }, .apply = { .Written = written });

const acta_aggregate *const trips_aggregates[] = { &road.base, &diary.base, NULL };

/* -- the process manager -- */

/* `times` lines: NUMBER, NUMBER + 1 … */
static void
note(int64_t number, uint32_t times, acta_commands *commands)
{
    acta_str trip = acta_commands_instance(commands);

    if (trips_hook.on_handle != NULL) trips_hook.on_handle(number);
    for (uint32_t i = 0; i < times; i++)
        trips_Write_send(commands, ACTA_INIT(trips_Write, .trip = trip, .number = number + i));
}

static void
see(trips_Trips *trips, int64_t number)
{
    if (trips_hook.on_apply != NULL) trips_hook.on_apply(number);
    trips->seen++;
}

#define HANDLERS(Event, name, how_often)                                                                               \
    static void note_##name(const trips_Trips *trips, trips_##Event event, acta_commands *commands)                    \
    {                                                                                                                  \
        (void)trips;                                                                                                   \
        note(event.number, how_often, commands);                                                                       \
    }                                                                                                                  \
    static void see_##name(trips_Trips *trips, trips_##Event event, acta_memory *memory)                               \
    {                                                                                                                  \
        (void)memory;                                                                                                  \
        see(trips, event.number);                                                                                      \
    }

HANDLERS(Opened, opened, event.times > 0 ? event.times : 1)
HANDLERS(Founded, founded, 1)
HANDLERS(Went, went, event.times > 0 ? event.times : 1)
HANDLERS(Had, had, 1)
HANDLERS(Closed, closed, 1)
HANDLERS(Booked, booked, 1)
HANDLERS(Spread, spread, 1)

static void
route_spread(const trips_Spread *event, acta_routing *routing)
{
    acta_route how = event->ends ? ACTA_ROUTE_STOP : ACTA_ROUTE_GO_ON;

    if (trips_hook.on_route != NULL) trips_hook.on_route(event->number);
    for (uint32_t i = 0; i < event->trips.count; i++)
        acta_route_to(routing, how, acta_str_vector_at(event->trips, i));
    acta_route_associated(routing, how, "plate", event->plate);
    if (event->everyone) acta_route_to_all(routing, how);
}

static void
associate_plate(const trips_Booked *event, acta_associations *associations)
{
    acta_associate(associations, "plate", event->plate);
}

static acta_failure_action
on_failure(const trips_Trips *trips, const acta_failure *failure, acta_commands *commands)
{
    (void)trips;
    if (trips_hook.error != NULL) return trips_hook.error(failure, commands);
    return failure->status == ACTA_REJECTED ? ACTA_FAILURE_SKIP : ACTA_FAILURE_RETRY;
}

static acta_unhandled_action
on_event_failure(const acta_unhandled *failure, acta_unhandled_retry *retry)
{
    return trips_hook.event_error != NULL ? trips_hook.event_error(failure, retry) : ACTA_UNHANDLED_RETRY;
}

static acta_after_command
after_write(const trips_Trips *trips, const acta_accepted *accepted)
{
    (void)trips;
    return trips_hook.after_command != NULL ? trips_hook.after_command(accepted) : ACTA_AFTER_CONTINUE;
}

const trips_Trips_process_manager trips_manager =
    TRIPS_TRIPS(.on = { .Opened = { .start = trips_Opened_trip, .handle = note_opened, .apply = see_opened },
                    .Founded = { .start_strict = trips_Founded_trip, .handle = note_founded, .apply = see_founded },
                    .Went = { .go_on = trips_Went_trip, .handle = note_went, .apply = see_went },
                    .Had = { .go_on_strict = trips_Had_trip, .handle = note_had, .apply = see_had },
                    .Closed = { .stop = trips_Closed_trip, .handle = note_closed, .apply = see_closed },
                    .Booked = { .go_on = trips_Booked_trip,
                        .associate = associate_plate,
                        .handle = note_booked,
                        .apply = see_booked },
                    .Spread = { .route = route_spread, .handle = note_spread, .apply = see_spread } },
        .error = on_failure, .event_error = on_event_failure, .after_command = after_write, .retry_max = 3);

/* -- tests -- */

static const acta_process_manager *const managers[] = { &trips_manager.base, NULL };

int
set_up_trips(void **state)
{
    if (set_up_manual(state) != 0) return -1;
    fixture *f = *state;
    trips_hook = (trips_hooks){ .on_route = NULL };
    f->config.schema = &trips_schema;
    f->config.aggregates = trips_aggregates;
    f->config.process_managers = managers;
    f->config.command_id_retention_ms = 3600000;
    return 0;
}

void
tell(fixture *f, const char *road_id, trips_Tell what)
{
    what.road_id = acta_str_of(road_id);
    MUST(f, trips_Tell_dispatch(f->app, what, NULL, &f->error));
}

const char *
diary_of(fixture *f, const char *trip)
{
    static char texts[4][512];
    static uint32_t next;
    char *text = texts[next++ % 4];
    acta_read read = { .from = 1 };
    acta_cursor *cursor;
    acta_recorded event;
    trips_Written line;
    size_t used = 0;

    text[0] = '\0';
    MUST(f, acta_cursor_open(acta_app_store(f->app), &read, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        if (!acta_str_equal(event.type, acta_str_of(trips_Written_table.name))) continue;
        trips_Written_decode(event.payload, &line);
        if (!acta_str_equal(line.trip, acta_str_of(trip))) continue;
        used += (size_t)snprintf(text + used, 512 - used, used > 0 ? " %" PRId64 : "%" PRId64, line.number);
    }
    acta_cursor_close(cursor);
    return text;
}

enum { INSTANCE_HEADER = 24, HOLDING = 3, OUTBOX_HEADER = 56, HELD_HEADER = 8 }; /* of rows: manager_rows.c */

static acta_bytes
read_row(fixture *f, const char *table, const char *trip)
{
    acta_bytes row;

    acta_status status =
        acta_store_get(acta_app_store(f->app), table, acta_str_bytes(acta_str_of(trip)), f->scratch, &row, &f->error);
    if (status == ACTA_NOT_FOUND) return acta_bytes_from(NULL, 0);
    MUST(f, status);
    return row;
}

acta_bytes
row_of_trip(fixture *f, const char *trip)
{
    acta_bytes outbox = read_row(f, "pm.trips.trips.outbox", trip);
    uint64_t size;

    if (outbox.data == NULL || outbox.data[4] != HOLDING) return read_row(f, "pm.trips.trips", trip);
    assert_int_equal(outbox.data[5], 0); /* no place in a trace before it */
    memcpy(&size, outbox.data + OUTBOX_HEADER, sizeof size);
    return acta_bytes_from(outbox.data + OUTBOX_HEADER + HELD_HEADER, (size_t)size);
}

uint32_t
seen_by(fixture *f, const char *trip, uint64_t *position_out)
{
    acta_bytes row = row_of_trip(f, trip);
    trips_Trips trips;

    if (row.data == NULL) return 0;
    if (position_out != NULL) memcpy(position_out, row.data + 8, 8);
    trips_Trips_decode(acta_bytes_from(row.data + INSTANCE_HEADER, row.size - INSTANCE_HEADER), &trips);
    return trips.seen;
}

void
expect_no_trips(fixture *f)
{
    pass_ms(f, 5000);
    assert_int_equal(count_rows(f, "pm.trips.trips"), 0);
    assert_int_equal(count_rows(f, "pm.trips.trips.outbox"), 0);
    assert_int_equal(count_rows(f, "pm.trips.trips.ended"), 0);
    assert_int_equal(count_rows(f, "pm.trips.trips.by"), 0);
    assert_int_equal(count_rows(f, "parked"), 0);
    expect_no_outcomes(f);
}
