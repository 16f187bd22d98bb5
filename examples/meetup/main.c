/*
 * A meetup is created, gets guests and a corrected title; then what happened, what it came to, and what is refused.
 *
 *     $ build/examples/meetup/meetup
 *
 * Run it again: nothing happens twice, for the meetup remembers. README.md shows what is printed.
 */
#include "meetup.h"

#include <inttypes.h>
#include <stdio.h>

static const acta_aggregate *const aggregates[] = { &meetup_meetup.base, NULL };

#define MEETUP_ID acta_str_of("ams-7")

static acta_status
create(acta_app *app, acta_error *error)
{
    return meetup_CreateMeetup_dispatch(app,
        ACTA_INIT(meetup_CreateMeetup, .meetup_id = MEETUP_ID, .title = acta_str_of("CQRS and Elixr"),
            .date = acta_str_of("2019-09-10")),
        NULL, error);
}

static acta_status
add(acta_app *app, const char *account_id, acta_error *error)
{
    return meetup_AddAttendee_dispatch(
        app, ACTA_INIT(meetup_AddAttendee, .meetup_id = MEETUP_ID, .account_id = acta_str_of(account_id)), NULL, error);
}

static acta_status
correct_title(acta_app *app, acta_error *error)
{
    return meetup_UpdateTitle_dispatch(app,
        ACTA_INIT(meetup_UpdateTitle, .meetup_id = MEETUP_ID, .title = acta_str_of("CQRS and Elixir")), NULL, error);
}

/* All that is stored, as JSON: acta_schema_find knows the table by its name. */
static acta_status
print_events(acta_app *app, acta_memory *memory, acta_error *error)
{
    const acta_read read = { .stream = acta_str_of("Meetup-ams-7") };
    acta_cursor *cursor;
    acta_recorded event;

    acta_status status = acta_cursor_open(acta_app_store(app), &read, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK) {
        acta_str json;
        status = acta_json_print(acta_schema_find(&meetup_schema, event.type), event.payload, memory, &json, error);
        if (status != ACTA_OK) break;
        printf("%" PRIu64 "  " ACTA_FMT "\n   " ACTA_FMT "\n", event.version, ACTA_ARG(event.type), ACTA_ARG(json));
    }
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status; /* there are no more */
}

static acta_status
print_state(acta_app *app, acta_memory *memory, acta_error *error)
{
    meetup_Meetup meetup;

    acta_status status = meetup_Meetup_read(app, MEETUP_ID, &meetup, memory, error);
    if (status == ACTA_OK)
        printf("so it is '" ACTA_FMT "' on " ACTA_FMT ", with %" PRIu32 " guests\n", ACTA_ARG(meetup.title),
            ACTA_ARG(meetup.date), meetup.attendees.count);
    return status;
}

static acta_status
run(acta_app *app, acta_memory *memory, acta_error *error)
{
    acta_status status = create(app, error);
    if (status == ACTA_REJECTED) status = ACTA_OK; /* by an earlier run */
    if (status == ACTA_OK) status = add(app, "ann", error);
    if (status == ACTA_OK) status = correct_title(app, error);
    if (status == ACTA_OK) status = add(app, "bob", error);
    if (status == ACTA_OK) status = print_events(app, memory, error);
    if (status == ACTA_OK) status = print_state(app, memory, error);
    if (status != ACTA_OK || create(app, error) != ACTA_REJECTED) return status;
    printf("once more? %s: %s\n", error->where, error->text);
    return ACTA_OK;
}

int
main(void)
{
    const acta_app_config config = { .data_path = "meetup-data", .schema = &meetup_schema, .aggregates = aggregates };
    acta_memory *memory = acta_memory_create(NULL); /* for strings that are read; all of it goes at the end */
    acta_error error;
    acta_app *app;

    acta_status status = acta_app_start(&config, &app, &error);
    if (status == ACTA_OK) {
        status = run(app, memory, &error);
        acta_app_stop(app, 5000, NULL);
    }
    if (status != ACTA_OK) fprintf(stderr, "meetup: %s\n", error.text);
    acta_memory_destroy(memory);
    return status != ACTA_OK;
}
