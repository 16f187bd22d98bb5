/*
 * Letters to guests: whoever asked is told.
 *
 *     StayAccepted, StayDeclined -> letters/
 */
#include "booking.h"

static acta_status
tell_accepted(void *folder, booking_StayAccepted event, const acta_recorded *recorded, acta_error *error)
{
    return booking_write_sheet(folder, recorded, error, "Dear " ACTA_FMT ", sure! " ACTA_FMT " is yours.\n",
        ACTA_ARG(event.guest), ACTA_ARG(event.apartment_id));
}

static acta_status
tell_declined(void *folder, booking_StayDeclined event, const acta_recorded *recorded, acta_error *error)
{
    return booking_write_sheet(folder, recorded, error, "Dear " ACTA_FMT ", sorry, " ACTA_FMT " is already taken.\n",
        ACTA_ARG(event.guest), ACTA_ARG(event.apartment_id));
}

static char letters[] = "letters";

const booking_event_handler booking_notify = BOOKING_EVENT_HANDLER(.name = "notify", .user = letters,
    .on = { .StayAccepted = tell_accepted, .StayDeclined = tell_declined });
