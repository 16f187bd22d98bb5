/*
 * Trips: trips.fbs with its functions, and hooks to make them do wrong. Each event that an instance handles is a line in its
 * diary, so that what was handled, and in which order, is in the log.
 */
#ifndef TESTS_ACTORS_TRIPS_H
#define TESTS_ACTORS_TRIPS_H

#include "fixture.h"
#include "trips.acta.h"

extern const trips_Trips_process_manager trips_manager;
extern const acta_aggregate *const trips_aggregates[];

/* What a test wants otherwise; all zero: nothing. Set by one thread while nothing runs. */
typedef struct trips_hooks {
    /* Called with the event's number before the rest of the function. */
    void (*on_route)(int64_t number);
    void (*on_handle)(int64_t number);
    void (*on_apply)(int64_t number);
    acta_failure_action (*error)(const acta_failure *failure, acta_commands *commands);
    acta_unhandled_action (*event_error)(const acta_unhandled *failure, acta_unhandled_retry *retry);
    acta_after_command (*after_command)(const acta_accepted *accepted);
} trips_hooks;
extern trips_hooks trips_hook;
/* Set these two. */
void trips_decide(acta_unhandled_action (*event_error)(const acta_unhandled *failure, acta_unhandled_retry *retry),
    acta_after_command (*after_command)(const acta_accepted *accepted));

int set_up_trips(void **state); /* manual; trips_manager alone; the app is not started */
#define on_trips(test) cmocka_unit_test_setup_teardown(test, set_up_trips, tear_down)

/* Tell something, on a road. */
void tell(fixture *f, const char *road, trips_Tell what);
#define TELL(f, ...) tell(f, "road", ACTA_INIT(trips_Tell, __VA_ARGS__))
/* The numbers in a trip's diary in the order of the log, "1 2 5"; in a buffer of the caller's next call but three. */
const char *diary_of(fixture *f, const char *trip);
/* The row that an instance would go on with: its outbox's, where that holds one. data NULL: there is none. */
acta_bytes row_of_trip(fixture *f, const char *trip);
/* How many events that row has seen; 0: there is none. */
uint32_t seen_by(fixture *f, const char *trip, uint64_t *position_out);
/* Nothing is left of any instance. */
void expect_no_trips(fixture *f);

#endif
