/*
 * A stay that was accepted is paid for: a process manager that charges, and the payment, which is made once.
 *
 *     StayAccepted -> Charge -> GuestCharged -> it ends
 */
#include "booking.h"

static acta_verdict
charge(const booking_Payment *payment, booking_Charge command, acta_decision *decision)
{
    if (payment->is_charged) return acta_nothing(decision);
    return booking_GuestCharged_emit(decision,
        ACTA_INIT(booking_GuestCharged, .stay_id = command.stay_id, .guest = command.guest, .amount = command.amount));
}

static void
charged(booking_Payment *payment, booking_GuestCharged event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    payment->is_charged = true;
}

const booking_Payment_aggregate booking_payment =
    BOOKING_PAYMENT(.execute = { .Charge = charge }, .apply = { .GuestCharged = charged });

static void
charge_guest(const booking_Charging *charging, booking_StayAccepted event, acta_commands *commands)
{
    (void)charging;
    booking_Charge_send(
        commands, ACTA_INIT(booking_Charge, .stay_id = event.stay_id, .guest = event.guest, .amount = event.amount));
}

const booking_Charging_process_manager booking_charging =
    BOOKING_CHARGING(.on = {
                         .StayAccepted = { .start = booking_StayAccepted_stay_id, .handle = charge_guest },
                         .GuestCharged = { .stop = booking_GuestCharged_stay_id },
                     });
