/*
 * The city wants its tax for each night, and it wants it for the nights of last year too: a handler that came later.
 *
 *     StayAccepted -> tax/
 *
 * It begins at the first event of the log. Nothing else had to be touched for it.
 */
#include "booking.h"

enum { TAX_PER_NIGHT = 2 };

static acta_status
write_slip(void *folder, booking_StayAccepted event, const acta_recorded *recorded, acta_error *error)
{
    int nights = event.days.last - event.days.first;

    return booking_write_sheet(folder, recorded, error, ACTA_FMT ", " ACTA_FMT ": %d nights, tax %d\n",
        ACTA_ARG(event.apartment_id), ACTA_ARG(event.guest), nights, nights * TAX_PER_NIGHT);
}

static char slips[] = "tax";

const booking_event_handler booking_tax =
    BOOKING_EVENT_HANDLER(.name = "tax", .user = slips, .on = { .StayAccepted = write_slip });
