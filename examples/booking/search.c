/*
 * The search: apartments by their city, and the days on which they are taken. Two projections, since they change for
 * different reasons.
 *
 *     ApartmentAdded -> ApartmentRow
 *     StayAccepted   -> TakenRow
 */
#include "booking.h"

static acta_status
add(void *user, booking_ApartmentAdded event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return booking_ApartmentRow_put(rows,
        ACTA_INIT(booking_ApartmentRow, .apartment_id = event.apartment_id, .city = event.city, .price = event.price),
        error);
}

static acta_status
mark_as_taken(void *user, booking_StayAccepted event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return booking_TakenRow_put(rows,
        ACTA_INIT(booking_TakenRow, .stay_id = event.stay_id, .apartment_id = event.apartment_id, .days = event.days),
        error);
}

const booking_projection booking_apartments = BOOKING_PROJECTION(.name = "apartments", .on = { .ApartmentAdded = add });
const booking_projection booking_taken = BOOKING_PROJECTION(.name = "taken", .on = { .StayAccepted = mark_as_taken });
