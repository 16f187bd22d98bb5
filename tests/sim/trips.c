/*
 * Process managers in all forms of routing under simulation: roads tell of trips (started, gone on with, stopped, strictly or
 * not, several at once, all that run, those of a plate; some end by their own will), while processes die, actors are killed
 * and disks fail. In the second scenario what fails may also be parked or stop all, and an operator pauses, resumes, and has tried
 * again what is parked.
 *
 *     each road:  tell -> tell -> …          (several at once; what is told is drawn)
 *     at rest:    each trip's diary is what a fold of the log says: a line for each event that was for it, once, in its order;
 *                 and instances, associations and outboxes are those that the fold says run
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acta/app.h"
#include "acta/readers.h"
#include "acta/simulate.h"

#include "scenarios.h"
#include "trips.acta.h"

/* The domain: tests/actors/trips.c. */
extern const acta_aggregate *const trips_aggregates[];
extern const trips_Trips_process_manager trips_manager;
void trips_decide(acta_unhandled_action (*event_error)(const acta_unhandled *failure, acta_unhandled_retry *retry),
    acta_after_command (*after_command)(const acta_accepted *accepted));

enum { ROAD_MAX = 4, TELL_MAX = 12, TRIP_COUNT = 4, PLATE_COUNT = 3, LINES_MAX = ROAD_MAX * TELL_MAX * 4 };
enum { ORDER_MAX = 6, ORDER_PER_MILLE = 40, STAYS_PER_MILLE = 900, DECIDED_PER_MILLE = 200 };

static const char *const trip_names[TRIP_COUNT] = { "t0", "t1", "t2", "t3" };
static const char *const plate_names[PLATE_COUNT] = { "p0", "p1", "p2" };

typedef struct one_road {
    char id[16];
    uint32_t number, count, done;
    bool in_flight;
    trips_Tell tells[TELL_MAX];
    acta_str lists[TELL_MAX][2];
    struct trips_run *run;
} one_road;

typedef struct trips_run {
    acta_sim *sim;
    uint32_t count, next, orders;
    bool has_operator;
    bool stands; /* the operator has paused the process manager, or its error callback has stopped it */
    one_road roads[ROAD_MAX];
} trips_run;

static trips_run *running; /* whose error callback is asked */

static bool
is_done(const void *state)
{
    const trips_run *run = state;

    if (run->stands) return false;
    for (uint32_t i = 0; i < run->count; i++)
        if (run->roads[i].in_flight || run->roads[i].done != run->roads[i].count) return false;
    return true;
}

/* A strict route that finds the opposite is left out; all else is tried until it gets through, or an operator is asked for. */
static acta_unhandled_action
leave_out_strict(const acta_unhandled *failure, acta_unhandled_retry *retry)
{
    (void)retry;
    if (failure->status == ACTA_ALREADY_EXISTS || failure->status == ACTA_NOT_FOUND) return ACTA_UNHANDLED_SKIP;
    if (!running->has_operator || is_done(running)) return ACTA_UNHANDLED_RETRY;
    if (!acta_sim_chance(running->sim, ACTA_SIM_WORKLOAD, DECIDED_PER_MILLE)) return ACTA_UNHANDLED_RETRY;
    if (acta_sim_choose(running->sim, ACTA_SIM_WORKLOAD, 2) == 0) return ACTA_UNHANDLED_PARK;
    running->stands = true;
    return ACTA_UNHANDLED_STOP;
}

/* Some lines of a diary are its last: the instance ends after the command that wrote it. */
static bool
is_last_line(int64_t number)
{
    return number % 7 == 5;
}

static acta_after_command
end_with_last_line(const acta_accepted *accepted)
{
    trips_Write line;

    trips_Write_decode(accepted->payload, &line);
    return is_last_line(line.number) ? ACTA_AFTER_STOP : ACTA_AFTER_CONTINUE;
}

static const acta_operator anna = { .by = "anna", .why = "the simulation" };
static const acta_process_manager *const managers[] = { &trips_manager.base, NULL };
static const acta_app_config config = { .name = "trips",
    .schema = &trips_schema,
    .aggregates = trips_aggregates,
    .process_managers = managers,
    .command_id_retention_ms = UINT64_C(10) * 365 * 24 * 3600 * 1000 };

/* -- the script -- */

static trips_Tell
draw(acta_sim *sim, acta_str *list)
{
    trips_Tell tell = { .what = (trips_What)acta_sim_choose(sim, ACTA_SIM_WORKLOAD, 7) };
    uint32_t trip = acta_sim_choose(sim, ACTA_SIM_WORKLOAD, TRIP_COUNT);
    uint32_t plate = acta_sim_choose(sim, ACTA_SIM_WORKLOAD, PLATE_COUNT);

    tell.trip = acta_str_of(trip_names[trip]);
    if (tell.what == trips_What_book) tell.plate = acta_str_of(plate_names[plate]);
    if (tell.what != trips_What_spread) return tell;
    tell.ends = acta_sim_choose(sim, ACTA_SIM_WORKLOAD, 4) == 3;
    switch (acta_sim_choose(sim, ACTA_SIM_WORKLOAD, 3)) {
    case 0:
        tell.plate = acta_str_of(plate_names[plate]);
        break;
    case 1:
        tell.everyone = true;
        break;
    default:
        list[0] = tell.trip;
        list[1] = acta_str_of(trip_names[(trip + 1 + plate) % TRIP_COUNT]);
        break;
    }
    return tell;
}

static void
begin(acta_sim *sim, void *state)
{
    trips_run *run = state;

    trips_decide(leave_out_strict, end_with_last_line);
    run->sim = sim;
    running = run;
    run->count = 1 + acta_sim_choose(sim, ACTA_SIM_WORKLOAD, ROAD_MAX);
    for (uint32_t i = 0; i < run->count; i++) {
        one_road *road = &run->roads[i];
        road->number = i;
        road->run = run;
        road->count = 1 + acta_sim_choose(sim, ACTA_SIM_WORKLOAD, TELL_MAX);
        snprintf(road->id, sizeof road->id, "r%" PRIu32, i);
        for (uint32_t k = 0; k < road->count; k++) {
            road->tells[k] = draw(sim, road->lists[k]);
            road->tells[k].number = 1 + (int64_t)i * TELL_MAX + k;
        }
    }
}

static void
answered(void *user, const acta_dispatch_result *result)
{
    one_road *road = user;

    road->in_flight = false;
    if (result->status == ACTA_OK) road->done++;
    acta_sim_note(road->run->sim, &result->status, sizeof result->status);
}

static void
ask(one_road *road, acta_app *app)
{
    char name[40];
    trips_Tell tell = road->tells[road->done];

    snprintf(name, sizeof name, "trips-%" PRIu32 "-%" PRIu32, road->number, road->done);
    acta_dispatch_options options = { .command_id = acta_id_of(acta_str_of(name)) };
    road->in_flight = true;
    tell.road_id = acta_str_of(road->id);
    if (road->lists[road->done][0].size > 0) {
        tell.trips.data = road->lists[road->done];
        tell.trips.count = 2;
    }
    acta_dispatch_async(app, &trips_Tell_table, &tell, &options, answered, road);
}

/* An operator pauses the process manager, or has all tried again that is parked. What was answered by an error may have been
 * carried out. */
static acta_status
give_order(trips_run *run, acta_app *app, const char *name)
{
    acta_error error;

    run->orders++;
    if (acta_sim_choose(run->sim, ACTA_SIM_WORKLOAD, 2) == 0)
        return acta_reader_replay(app, name, NULL, &anna, NULL, &error);
    run->stands = true;
    return acta_reader_pause(app, name, &anna, &error);
}

/* False: an operator has nothing to say now. */
static bool
order(trips_run *run, acta_app *app)
{
    const char *name = "Trips";
    acta_error error;
    acta_status status;
    uint32_t stays = run->stands ? STAYS_PER_MILLE : 0, orders = run->orders < ORDER_MAX ? ORDER_PER_MILLE : 0;

    if (acta_sim_chance(run->sim, ACTA_SIM_WORKLOAD, stays)) return false;
    if (!run->stands && !acta_sim_chance(run->sim, ACTA_SIM_WORKLOAD, orders)) return false;
    if (run->stands) {
        run->stands = false; /* it may be stopped again before that has its answer */
        status = acta_reader_resume(app, name, &anna, &error);
        if (status != ACTA_OK) run->stands = true;
    } else
        status = give_order(run, app, name);
    acta_sim_note(run->sim, &status, sizeof status);
    return true;
}

static bool
act(acta_sim *sim, void *state, acta_app *app)
{
    trips_run *run = state;
    (void)sim;

    if (run->has_operator && order(run, app)) return true;
    for (uint32_t i = 0; i < run->count; i++) {
        one_road *road = &run->roads[(run->next + i) % run->count];
        if (road->in_flight || road->done == road->count) continue;
        run->next = (run->next + i + 1) % run->count;
        ask(road, app);
        return true;
    }
    return false;
}

static void
crashed(acta_sim *sim, void *state)
{
    trips_run *run = state;
    (void)sim;

    for (uint32_t i = 0; i < run->count; i++)
        run->roads[i].in_flight = false;
}

/* -- what must hold -- */

/* A trip as the log has it so far. */
typedef struct one_trip {
    bool runs, has_plate[PLATE_COUNT];
    int64_t due[LINES_MAX]; /* lines of its diary */
    uint32_t due_count, written;
} one_trip;

static uint32_t
index_of(const char *const *names, uint32_t count, acta_str name)
{
    uint32_t i = 0;

    while (i < count && !acta_str_equal(acta_str_of(names[i]), name))
        i++;
    return i;
}

/* An event that this trip handles. */
static void
handle(one_trip *trip, int64_t number, bool ends)
{
    if (trip->due_count < LINES_MAX) trip->due[trip->due_count++] = number;
    trip->runs = !ends && !is_last_line(number);
    if (!trip->runs) memset(trip->has_plate, 0, sizeof trip->has_plate);
}

typedef enum form { START, START_STRICT, GO_ON, STOP } form;

static void
handle_one(one_trip *trips, acta_str name, int64_t number, form how)
{
    uint32_t i = index_of(trip_names, TRIP_COUNT, name);
    if (i == TRIP_COUNT) return;

    bool is_for_it = trips[i].runs ? how != START_STRICT : how == START || how == START_STRICT;
    if (is_for_it) handle(&trips[i], number, how == STOP);
}

static void
handle_spread(one_trip *trips, const trips_Spread *event)
{
    uint32_t plate = index_of(plate_names, PLATE_COUNT, event->plate);

    for (uint32_t i = 0; i < TRIP_COUNT; i++) {
        bool is_for_it = event->everyone || (plate < PLATE_COUNT && trips[i].has_plate[plate]);
        for (uint32_t k = 0; k < event->trips.count; k++)
            if (acta_str_equal(acta_str_vector_at(event->trips, k), acta_str_of(trip_names[i]))) is_for_it = true;
        if (is_for_it && trips[i].runs) handle(&trips[i], event->number, event->ends);
    }
}

static void
handle_booked(one_trip *trips, const trips_Booked *event)
{
    uint32_t plate = index_of(plate_names, PLATE_COUNT, event->plate);
    uint32_t i = index_of(trip_names, TRIP_COUNT, event->trip);

    handle_one(trips, event->trip, event->number, GO_ON);
    if (i < TRIP_COUNT && plate < PLATE_COUNT && trips[i].runs) trips[i].has_plate[plate] = true;
}

#define IF_IT_IS(Event, action)                                                                                        \
    if (acta_str_equal(record->type, acta_str_of(trips_##Event##_table.name))) {                                       \
        trips_##Event event;                                                                                           \
        trips_##Event##_decode(record->payload, &event);                                                               \
        action;                                                                                                        \
    }

/* Of the log's events, in its order; lines of diaries in a second pass. */
static void
fold_event(one_trip *trips, const acta_recorded *record)
{
    IF_IT_IS(Opened, handle_one(trips, event.trip, event.number, START))
    IF_IT_IS(Founded, handle_one(trips, event.trip, event.number, START_STRICT))
    IF_IT_IS(Went, handle_one(trips, event.trip, event.number, GO_ON))
    IF_IT_IS(Had, handle_one(trips, event.trip, event.number, GO_ON))
    IF_IT_IS(Closed, handle_one(trips, event.trip, event.number, STOP))
    IF_IT_IS(Booked, handle_booked(trips, &event))
    IF_IT_IS(Spread, handle_spread(trips, &event))
}

static acta_status
check_line(one_trip *trips, const acta_recorded *record, acta_error *error)
{
    trips_Written line;
    if (!acta_str_equal(record->type, acta_str_of(trips_Written_table.name))) return ACTA_OK;

    trips_Written_decode(record->payload, &line);
    uint32_t i = index_of(trip_names, TRIP_COUNT, line.trip);
    if (i == TRIP_COUNT)
        return acta_error_set(error, ACTA_CORRUPT, "a diary of nobody: '" ACTA_FMT "'", ACTA_ARG(line.trip));
    one_trip *trip = &trips[i];
    int64_t due = trip->written < trip->due_count ? trip->due[trip->written] : 0;
    trip->written++;
    if (line.number == due) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT,
        "a diary is not what happened: line %" PRIu32 " of '%s' is %" PRId64 " and not %" PRId64, trip->written,
        trip_names[i], line.number, due);
}

static acta_status
each_event(acta_store *store, one_trip *trips, bool is_second, acta_error *error)
{
    const acta_read all = { .from = 1 };
    acta_recorded record;
    acta_cursor *cursor;

    acta_status status = acta_cursor_open(store, &all, &cursor, error);
    if (status != ACTA_OK) return status;
    while (status == ACTA_OK) {
        status = acta_cursor_next(cursor, &record, error);
        if (status != ACTA_OK) break;
        if (is_second)
            status = check_line(trips, &record, error);
        else
            fold_event(trips, &record);
    }
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* may_linger: the row of an instance that has ended goes a moment later than the last of its commands is through. */
static acta_status
check_rows(acta_store *store, const char *table, uint32_t wanted, bool may_linger, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;
    uint32_t count = 0;

    acta_status status = acta_row_cursor_open(store, table, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK)
        count++;
    acta_row_cursor_close(cursor);
    if (status != ACTA_NOT_FOUND) return status;
    if (count == wanted || (may_linger && count > wanted)) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT, "rows are not those of the fold: '%s' has %" PRIu32 " and not %" PRIu32,
        table, count, wanted);
}

static acta_status
check(acta_sim *sim, void *state, acta_app *app, acta_error *error)
{
    one_trip *trips = calloc(TRIP_COUNT, sizeof *trips);
    acta_store *store = acta_app_store(app);
    uint32_t alive = 0, plates = 0;
    (void)sim;
    (void)state;

    if (trips == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to check");
    acta_status status = each_event(store, trips, false, error);
    if (status == ACTA_OK) status = each_event(store, trips, true, error);
    for (uint32_t i = 0; i < TRIP_COUNT && status == ACTA_OK; i++) {
        alive += trips[i].runs;
        for (uint32_t k = 0; k < PLATE_COUNT; k++)
            plates += trips[i].has_plate[k];
        if (trips[i].written != trips[i].due_count)
            status = acta_error_set(error, ACTA_CORRUPT, "lines are missing: '%s' has %" PRIu32 " of %" PRIu32,
                trip_names[i], trips[i].written, trips[i].due_count);
    }
    free(trips);
    if (status == ACTA_OK) status = check_rows(store, "pm.trips.trips", alive, true, error);
    if (status == ACTA_OK) status = check_rows(store, "pm.trips.trips.by", plates, false, error);
    return status == ACTA_OK ? check_rows(store, "parked", 0, false, error) : status;
}

static void
begin_with_operator(acta_sim *sim, void *state)
{
    trips_run *run = state;

    begin(sim, state);
    run->has_operator = true;
}

const acta_scenario trips_scenario = { .name = "trips",
    .summary = "process managers in all forms of routing",
    .app = &config,
    .state_size = sizeof(trips_run),
    .begin = begin,
    .act = act,
    .is_done = is_done,
    .crashed = crashed,
    .check = check };

const acta_scenario operator_scenario = { .name = "operator",
    .summary = "the same with an operator, and what fails may stop all",
    .app = &config,
    .state_size = sizeof(trips_run),
    .begin = begin_with_operator,
    .act = act,
    .is_done = is_done,
    .crashed = crashed,
    .check = check };
