/*
 * Apartment: who asked for it, and who got it.
 *
 *     StayRequested -- AcceptStay by the owner --> StayAccepted, and StayDeclined for each other request of these days
 *
 * Invariants
 *  - Never two guests in one night.
 *  - Each request has one answer; those that collide get theirs in the same transaction.
 */
#include "booking.h"

static acta_verdict
reject_unknown(acta_str apartment_id, acta_decision *decision)
{
    return booking_reject(
        decision, booking_Rejection_unknown_apartment, "there is no apartment '" ACTA_FMT "'", ACTA_ARG(apartment_id));
}

static acta_verdict
add(const booking_Apartment *apartment, booking_AddApartment command, acta_decision *decision)
{
    if (apartment->owner.size > 0)
        return booking_reject(decision, booking_Rejection_already_added, "there is an apartment '" ACTA_FMT "' already",
            ACTA_ARG(command.apartment_id));
    return booking_ApartmentAdded_emit(
        decision, ACTA_INIT(booking_ApartmentAdded, .apartment_id = command.apartment_id, .owner = command.owner,
                      .city = command.city, .price = command.price));
}

static bool
is_taken(const booking_Apartment *apartment, booking_Days days)
{
    for (uint32_t i = 0; i < booking_Apartment_stays_count(apartment); i++) {
        const booking_Stay *stay = booking_Apartment_stays_at(apartment, i);
        if (stay->answer == booking_Answer_accepted && booking_overlap(stay->days, days)) return true;
    }
    return false;
}

static acta_verdict
request(const booking_Apartment *apartment, booking_RequestStay command, acta_decision *decision)
{
    int64_t nights = (int64_t)command.days.last - command.days.first;

    if (apartment->owner.size == 0) return reject_unknown(command.apartment_id, decision);
    if (nights < 1 || nights > BOOKING_NIGHTS_MAX)
        return booking_reject(
            decision, booking_Rejection_bad_dates, "a stay is of 1 to %d nights", (int)BOOKING_NIGHTS_MAX);
    if (booking_Apartment_stays_find(apartment, command.stay_id) != NULL)
        return booking_reject(decision, booking_Rejection_already_requested, "there is a stay '" ACTA_FMT "' already",
            ACTA_ARG(command.stay_id));
    if (is_taken(apartment, command.days))
        return booking_reject(decision, booking_Rejection_taken, "sorry, already taken");
    return booking_StayRequested_emit(
        decision, ACTA_INIT(booking_StayRequested, .apartment_id = command.apartment_id, .stay_id = command.stay_id,
                      .guest = command.guest, .days = command.days));
}

/* The others who wanted one of these nights. */
static acta_verdict
decline_others(const booking_Apartment *apartment, acta_str apartment_id, const booking_Stay *accepted,
    acta_verdict verdict, acta_decision *decision)
{
    for (uint32_t i = 0; i < booking_Apartment_stays_count(apartment); i++) {
        const booking_Stay *stay = booking_Apartment_stays_at(apartment, i);
        if (stay == accepted || stay->answer != booking_Answer_none || !booking_overlap(stay->days, accepted->days))
            continue;
        verdict = booking_StayDeclined_emit(
            decision, ACTA_INIT(booking_StayDeclined, .apartment_id = apartment_id, .stay_id = stay->stay_id,
                          .guest = stay->guest, .days = stay->days));
    }
    return verdict;
}

static acta_verdict
accept(const booking_Apartment *apartment, booking_AcceptStay command, acta_decision *decision)
{
    const booking_Stay *stay = booking_Apartment_stays_find(apartment, command.stay_id);

    if (apartment->owner.size == 0) return reject_unknown(command.apartment_id, decision);
    if (!acta_str_equal(apartment->owner, command.owner))
        return booking_reject(
            decision, booking_Rejection_not_the_owner, "the apartment isn't " ACTA_FMT "'s", ACTA_ARG(command.owner));
    if (stay == NULL)
        return booking_reject(decision, booking_Rejection_unknown_request, "nobody asked for a stay '" ACTA_FMT "'",
            ACTA_ARG(command.stay_id));
    if (stay->answer != booking_Answer_none)
        return booking_reject(decision, booking_Rejection_already_answered, "stay '" ACTA_FMT "' was %s already",
            ACTA_ARG(command.stay_id), booking_Answer_name(stay->answer));

    uint64_t nights = (uint64_t)(stay->days.last - stay->days.first);
    acta_verdict verdict = booking_StayAccepted_emit(
        decision, ACTA_INIT(booking_StayAccepted, .apartment_id = command.apartment_id, .stay_id = command.stay_id,
                      .guest = stay->guest, .days = stay->days, .amount = nights * apartment->price));
    return decline_others(apartment, command.apartment_id, stay, verdict, decision);
}

static void
added(booking_Apartment *apartment, booking_ApartmentAdded event, acta_memory *memory)
{
    acta_str_assign(&apartment->owner, event.owner, memory);
    apartment->price = event.price;
}

static void
requested(booking_Apartment *apartment, booking_StayRequested event, acta_memory *memory)
{
    booking_Apartment_stays_put(
        apartment, ACTA_INIT(booking_Stay, .stay_id = event.stay_id, .guest = event.guest, .days = event.days), memory);
}

static void
accepted(booking_Apartment *apartment, booking_StayAccepted event, acta_memory *memory)
{
    booking_Apartment_stays_put(apartment,
        ACTA_INIT(booking_Stay, .stay_id = event.stay_id, .guest = event.guest, .days = event.days,
            .answer = booking_Answer_accepted),
        memory);
}

static void
declined(booking_Apartment *apartment, booking_StayDeclined event, acta_memory *memory)
{
    booking_Apartment_stays_put(apartment,
        ACTA_INIT(booking_Stay, .stay_id = event.stay_id, .guest = event.guest, .days = event.days,
            .answer = booking_Answer_declined),
        memory);
}

const booking_Apartment_aggregate booking_apartment = BOOKING_APARTMENT(
    .execute = {
        .AddApartment = add,
        .RequestStay = request,
        .AcceptStay = accept,
    },
    .apply = {
        .ApartmentAdded = added,
        .StayRequested = requested,
        .StayAccepted = accepted,
        .StayDeclined = declined,
    });
