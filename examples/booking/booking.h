/*
 * The parts of the booking. The types are generated from booking.fbs into booking.acta.h.
 *
 *     commands -> booking_apartment          aggregate: decides who gets the apartment       (apartment.c)
 *                     | events
 *                     +-> booking_notify     handler: letters                                (notify.c)
 *                     +-> booking_charging   process manager, with booking_payment           (charge.c)
 *                     +-> booking_apartments, booking_taken     read models: the search      (search.c)
 *                     +-> booking_stays      read model: what a guest sees                   (stays.c)
 *                     +-> booking_tax        handler that came later: slips for the city     (tax.c)
 *
 * None of them knows of another: each is told what happened, in its own time.
 */
#ifndef BOOKING_H
#define BOOKING_H

#include "booking.acta.h"

enum { BOOKING_NIGHTS_MAX = 365 };

extern const booking_Apartment_aggregate booking_apartment;
extern const booking_Payment_aggregate booking_payment;
extern const booking_Charging_process_manager booking_charging;
extern const booking_projection booking_apartments; /* ApartmentRow */
extern const booking_projection booking_taken;      /* TakenRow */
extern const booking_projection booking_stays;      /* StayRow */
extern const booking_event_handler booking_notify;  /* into the folder letters/ */
extern const booking_event_handler booking_tax;     /* into the folder tax/ */

/*
 * Write a sheet into a folder, which is made when it isn't there. An event has one sheet in it: written again, it is the
 * same, so that an event that is handled twice is no other than one that is handled once.
 *   error  set when it can't be written; the event is then tried again
 */
acta_status booking_write_sheet(
    const char *folder, const acta_recorded *recorded, acta_error *error, const char *format, ...) ACTA_PRINTF(4, 5);

/* Do two stays want the same night? */
static inline bool
booking_overlap(booking_Days a, booking_Days b)
{
    return a.first < b.last && b.first < a.last;
}

#endif
