/*
 * Time travel: what its files share.
 *
 *     time_travel.c       states at a point; event by event
 *     time_travel_diff.c  two states as JSON, side by side; a path in one
 *     time_travel_why.c   which event changed a field
 */
#ifndef ACTI_ACTORS_TIME_TRAVEL_H
#define ACTI_ACTORS_TIME_TRAVEL_H

#include "acta/time_travel.h"

#include "fold.h"

/* An aggregate on its way through its past. */
typedef struct acti_travel {
    acti_fold fold;
    acta_point until;
    acta_place place; /* of the newest event in the state; all zero: none */
    acta_cursor *cursor;
    acta_str id;
} acti_travel;

/* Begin before the first event, or, with `from_snapshot`, behind the newest snapshot that lies before `until`. To be ended,
 * unless it fails. ACTA_NOT_FOUND: there is no such stream. */
acta_status acti_travel_begin(acti_travel *travel, acta_history *history, const acta_table *state, acta_str id,
    acta_point until, bool from_snapshot, acta_error *error);
/* One event on. ACTA_NOT_FOUND: there is none up to `until`; `event_out` may be NULL and lives until the next call. */
acta_status acti_travel_next(acti_travel *travel, acta_recorded *event_out, acta_error *error);
/* All events up to `until`. ACTA_NOT_FOUND: the state is that before the first. */
acta_status acti_travel_to_end(acti_travel *travel, acta_error *error);
void acti_travel_end(acti_travel *travel);

/* A value as JSON in `memory`. `only`: this field alone, and what the table requires; NULL: all. */
acta_status acti_value_text(const acta_table *table, const void *value, const acta_field *only, acta_memory *memory,
    acta_str *text_out, acta_error *error);

/* Two texts of one table: see each difference. ACTA_STOPPED: `see` wanted no more. */
acta_status acti_text_diff(const acta_table *table, acta_str before, acta_str after, acta_memory *memory,
    acta_difference_see *see, void *user, acta_error *error);

/* What stands at a path of a text of the table; absent: nothing. */
acta_str acti_text_at(const acta_table *table, acta_str text, acta_str path);
/* Is a text of JSON what was written: as it is, or a string without its quotes? */
bool acti_text_is(acta_str text, acta_str written);
/* The field that a path begins with. ACTA_INVALID: there is none, or the path is none. */
acta_status acti_path_field(const acta_table *table, acta_str path, const acta_field **field_out, acta_error *error);

#endif
