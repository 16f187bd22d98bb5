/*
 * What a guest sees of his stays.
 *
 *     StayRequested, StayAccepted, StayDeclined, GuestCharged -> StayRow
 *
 * GuestCharged comes from another stream. It can't come before the StayAccepted that it answers to: the log has one order.
 */
#include "booking.h"

static acta_status
requested(void *user, booking_StayRequested event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return booking_StayRow_put(rows,
        ACTA_INIT(booking_StayRow, .stay_id = event.stay_id, .guest = event.guest, .apartment_id = event.apartment_id,
            .days = event.days),
        error);
}

static acta_status
answer(acta_str stay_id, booking_Answer answer, acta_rows *rows, acta_error *error)
{
    booking_StayRow row;

    acta_status status = booking_StayRow_get(rows, stay_id, &row, error);
    if (status != ACTA_OK) return status; /* what is answered was requested */
    row.answer = answer;
    return booking_StayRow_put(rows, row, error);
}

static acta_status
accepted(void *user, booking_StayAccepted event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return answer(event.stay_id, booking_Answer_accepted, rows, error);
}

static acta_status
declined(void *user, booking_StayDeclined event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return answer(event.stay_id, booking_Answer_declined, rows, error);
}

static acta_status
charged(void *user, booking_GuestCharged event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    booking_StayRow row;

    (void)user;
    (void)recorded;
    acta_status status = booking_StayRow_get(rows, event.stay_id, &row, error);
    if (status != ACTA_OK) return status;
    row.charged = event.amount;
    return booking_StayRow_put(rows, row, error);
}

/* clang-format off */
const booking_projection booking_stays = BOOKING_PROJECTION(
    .name = "stays",
    .on = {
        .StayRequested = requested,
        .StayAccepted = accepted,
        .StayDeclined = declined,
        .GuestCharged = charged,
    });
/* clang-format on */
