/*
 * Meetup: the smallest aggregate of which anything can be said.
 *
 *     (none) -- CreateMeetup --> created -- UpdateTitle, AddAttendee --> …
 *
 * Above, what decides: a command and the state lead to events, or to a rejection. Below, what folds: an event and the state
 * lead to the next state. Neither knows of a store, a clock or a network.
 */
#include "meetup.h"

static acta_verdict
reject_unknown(acta_str meetup_id, acta_decision *decision)
{
    return meetup_reject(
        decision, meetup_Rejection_unknown_meetup, "there is no meetup '" ACTA_FMT "'", ACTA_ARG(meetup_id));
}

static acta_verdict
create(const meetup_Meetup *meetup, meetup_CreateMeetup command, acta_decision *decision)
{
    if (meetup->date.size > 0)
        return meetup_reject(decision, meetup_Rejection_already_exists, "meetup '" ACTA_FMT "' exists already",
            ACTA_ARG(command.meetup_id));
    return meetup_MeetupCreated_emit(decision,
        ACTA_INIT(meetup_MeetupCreated, .meetup_id = command.meetup_id, .title = command.title, .date = command.date));
}

/* The title that it has already, or a guest who is on the list: nothing happens, and nobody need be told. */
static acta_verdict
update_title(const meetup_Meetup *meetup, meetup_UpdateTitle command, acta_decision *decision)
{
    if (meetup->date.size == 0) return reject_unknown(command.meetup_id, decision);
    if (acta_str_equal(meetup->title, command.title)) return acta_nothing(decision);
    return meetup_TitleUpdated_emit(
        decision, ACTA_INIT(meetup_TitleUpdated, .meetup_id = command.meetup_id, .title = command.title));
}

static acta_verdict
add_attendee(const meetup_Meetup *meetup, meetup_AddAttendee command, acta_decision *decision)
{
    if (meetup->date.size == 0) return reject_unknown(command.meetup_id, decision);
    if (meetup_Meetup_attendees_find(meetup, command.account_id) != NULL) return acta_nothing(decision);
    return meetup_AttendeeAdded_emit(
        decision, ACTA_INIT(meetup_AttendeeAdded, .meetup_id = command.meetup_id, .account_id = command.account_id));
}

static void
created(meetup_Meetup *meetup, meetup_MeetupCreated event, acta_memory *memory)
{
    acta_str_assign(&meetup->title, event.title, memory);
    acta_str_assign(&meetup->date, event.date, memory);
}

static void
title_updated(meetup_Meetup *meetup, meetup_TitleUpdated event, acta_memory *memory)
{
    acta_str_assign(&meetup->title, event.title, memory);
}

static void
attendee_added(meetup_Meetup *meetup, meetup_AttendeeAdded event, acta_memory *memory)
{
    meetup_Meetup_attendees_put(meetup, ACTA_INIT(meetup_Attendee, .account_id = event.account_id), memory);
}

const meetup_Meetup_aggregate meetup_meetup = MEETUP_MEETUP(
    .execute = {
        .CreateMeetup = create,
        .UpdateTitle = update_title,
        .AddAttendee = add_attendee,
    },
    .apply = {
        .MeetupCreated = created,
        .TitleUpdated = title_updated,
        .AttendeeAdded = attendee_added,
    });
