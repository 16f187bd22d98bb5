/*
 * The apartment, given events, when a command, then events: who gets it, and who is told no. And the reactions to a stay that
 * is accepted, over the memory engine: it is charged once, and its days are taken.
 */
#include "booking.h"

#include "given.h"

#include "acta/memory_engine.h"

#define DAYS(first_day, last_day) ACTA_INIT(booking_Days, .first = (first_day), .last = (last_day))

static void
given_an_apartment(void)
{
    ACTA_GIVEN(&booking_apartment, booking_ApartmentAdded, .apartment_id = S("a"), .owner = S("olga"),
        .city = S("Berlin"), .price = 80);
}

static void
given_a_request(const char *stay_id, const char *guest, int32_t first, int32_t last)
{
    ACTA_GIVEN(&booking_apartment, booking_StayRequested, .apartment_id = S("a"), .stay_id = S(stay_id),
        .guest = S(guest), .days = DAYS(first, last));
}

static void
given_an_accepted_stay(int32_t first, int32_t last)
{
    given_an_apartment();
    given_a_request("s", "ann", first, last);
    ACTA_GIVEN(&booking_apartment, booking_StayAccepted, .apartment_id = S("a"), .stay_id = S("s"), .guest = S("ann"),
        .days = DAYS(first, last), .amount = 80);
}

static void
when_requested(const char *stay_id, int32_t first, int32_t last)
{
    ACTA_WHEN(&booking_apartment, booking_RequestStay, .apartment_id = S("a"), .stay_id = S(stay_id), .guest = S("bob"),
        .days = DAYS(first, last));
}

static void
when_accepted(const char *stay_id, const char *owner)
{
    ACTA_WHEN(&booking_apartment, booking_AcceptStay, .apartment_id = S("a"), .stay_id = S(stay_id), .owner = S(owner));
}

static void
an_apartment_is_added_once(void **state)
{
    (void)state;
    ACTA_WHEN(&booking_apartment, booking_AddApartment, .apartment_id = S("a"), .owner = S("olga"), .city = S("Berlin"),
        .price = 80);
    ACTA_THEN(&booking_apartment, booking_ApartmentAdded, .apartment_id = S("a"), .owner = S("olga"),
        .city = S("Berlin"), .price = 80);

    given_an_apartment();
    ACTA_WHEN(&booking_apartment, booking_AddApartment, .apartment_id = S("a"), .owner = S("otto"), .city = S("Rome"));
    ACTA_THEN_REJECTED(&booking_apartment, "already_added");
}

static void
a_request_is_kept_until_it_is_answered(void **state)
{
    (void)state;
    given_an_apartment();
    when_requested("t", 10, 14);
    ACTA_THEN(&booking_apartment, booking_StayRequested, .apartment_id = S("a"), .stay_id = S("t"), .guest = S("bob"),
        .days = DAYS(10, 14));

    given_an_apartment();
    given_a_request("t", "bob", 10, 14);
    when_requested("t", 20, 21);
    ACTA_THEN_REJECTED(&booking_apartment, "already_requested");

    when_requested("t", 10, 14);
    ACTA_THEN_REJECTED(&booking_apartment, "unknown_apartment");
}

static void
a_stay_has_one_night_to_a_year(void **state)
{
    static const booking_Days bad[] = { { 10, 10 }, { 10, 9 }, { 0, BOOKING_NIGHTS_MAX + 1 }, { INT32_MIN, INT32_MAX },
        { INT32_MAX, INT32_MIN } };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        given_an_apartment();
        when_requested("t", bad[i].first, bad[i].last);
        ACTA_THEN_REJECTED(&booking_apartment, "bad_dates");
    }
    given_an_apartment();
    when_requested("t", 0, BOOKING_NIGHTS_MAX);
    ACTA_THEN(&booking_apartment, booking_StayRequested, .apartment_id = S("a"), .stay_id = S("t"), .guest = S("bob"),
        .days = DAYS(0, BOOKING_NIGHTS_MAX));
}

/* Whoever leaves on the day on which another comes is in nobody's way. */
static void
a_night_that_is_taken_is_not_asked_for_again(void **state)
{
    static const booking_Days taken[] = { { 10, 14 }, { 9, 11 }, { 13, 20 }, { 11, 12 }, { 1, 30 } };
    static const booking_Days free_days[] = { { 9, 10 }, { 14, 15 } };

    (void)state;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        given_an_accepted_stay(10, 14);
        when_requested("t", taken[i].first, taken[i].last);
        ACTA_THEN_REJECTED(&booking_apartment, "taken");
    }
    for (size_t i = 0; i < sizeof free_days / sizeof free_days[0]; i++) {
        given_an_accepted_stay(10, 14);
        when_requested("t", free_days[i].first, free_days[i].last);
        ACTA_THEN(&booking_apartment, booking_StayRequested, .apartment_id = S("a"), .stay_id = S("t"),
            .guest = S("bob"), .days = free_days[i]);
    }
}

static void
accepting_one_declines_those_that_collide_with_it(void **state)
{
    (void)state;
    given_an_apartment();
    given_a_request("s", "ann", 10, 14);
    given_a_request("t", "bob", 13, 15);
    given_a_request("u", "cem", 14, 16);
    when_accepted("s", "olga");
    ACTA_THEN(&booking_apartment, booking_StayAccepted, .apartment_id = S("a"), .stay_id = S("s"), .guest = S("ann"),
        .days = DAYS(10, 14), .amount = 320);
    ACTA_THEN(&booking_apartment, booking_StayDeclined, .apartment_id = S("a"), .stay_id = S("t"), .guest = S("bob"),
        .days = DAYS(13, 15));
    ACTA_THEN_NOTHING(&booking_apartment);
}

static void
what_was_answered_is_not_answered_again(void **state)
{
    (void)state;
    given_an_accepted_stay(10, 14);
    when_accepted("s", "olga");
    ACTA_THEN_REJECTED(&booking_apartment, "already_answered");

    given_an_accepted_stay(10, 14);
    given_a_request("t", "bob", 13, 15);
    ACTA_GIVEN(&booking_apartment, booking_StayDeclined, .apartment_id = S("a"), .stay_id = S("t"), .guest = S("bob"),
        .days = DAYS(13, 15));
    when_accepted("t", "olga");
    ACTA_THEN_REJECTED(&booking_apartment, "already_answered");
}

static void
only_the_owner_accepts_what_somebody_asked_for(void **state)
{
    (void)state;
    given_an_apartment();
    given_a_request("s", "ann", 10, 14);
    when_accepted("s", "otto");
    ACTA_THEN_REJECTED(&booking_apartment, "not_the_owner");

    given_an_apartment();
    when_accepted("s", "olga");
    ACTA_THEN_REJECTED(&booking_apartment, "unknown_request");

    when_accepted("s", "olga");
    ACTA_THEN_REJECTED(&booking_apartment, "unknown_apartment");
}

static void
a_guest_is_charged_once(void **state)
{
    (void)state;
    ACTA_WHEN(&booking_payment, booking_Charge, .stay_id = S("s"), .guest = S("ann"), .amount = 320);
    ACTA_THEN(&booking_payment, booking_GuestCharged, .stay_id = S("s"), .guest = S("ann"), .amount = 320);

    ACTA_GIVEN(&booking_payment, booking_GuestCharged, .stay_id = S("s"), .guest = S("ann"), .amount = 320);
    ACTA_WHEN(&booking_payment, booking_Charge, .stay_id = S("s"), .guest = S("ann"), .amount = 320);
    ACTA_THEN_NOTHING(&booking_payment);
}

/* -- the reactions -- */

static const acta_dispatch_options patiently = { .timeout_ms = 120000 };

static void
must(acta_status status, const acta_error *error)
{
    if (status != ACTA_OK) fail_msg("%s", error->text);
}

static void
an_accepted_stay_is_charged_and_its_days_are_taken(void **state)
{
    static const acta_aggregate *const aggregates[] = { &booking_apartment.base, &booking_payment.base, NULL };
    static const acta_process_manager *const process_managers[] = { &booking_charging.base, NULL };
    static const acta_projection *const projections[] = { &booking_apartments.base, &booking_taken.base,
        &booking_stays.base, NULL };
    acta_disk *disk = acta_disk_create(NULL);
    const acta_app_config config = { .schema = &booking_schema,
        .aggregates = aggregates,
        .process_managers = process_managers,
        .projections = projections,
        .store = { .engine = acta_memory_engine(disk) } };
    acta_error error;
    acta_app *app;
    booking_StayRow stay;
    booking_TakenRow taken;

    (void)state;
    must(acta_app_start(&config, &app, &error), &error);
    must(booking_AddApartment_dispatch(app,
             ACTA_INIT(
                 booking_AddApartment, .apartment_id = S("a"), .owner = S("olga"), .city = S("Berlin"), .price = 80),
             &patiently, &error),
        &error);
    must(booking_RequestStay_dispatch(app,
             ACTA_INIT(booking_RequestStay, .apartment_id = S("a"), .stay_id = S("s"), .guest = S("ann"),
                 .days = DAYS(10, 14)),
             &patiently, &error),
        &error);
    must(booking_AcceptStay_dispatch(app,
             ACTA_INIT(booking_AcceptStay, .apartment_id = S("a"), .stay_id = S("s"), .owner = S("olga")), &patiently,
             &error),
        &error);
    must(acta_app_settle(app, patiently.timeout_ms, &error), &error);
    must(booking_StayRow_find(app, S("s"), &stay, NULL, &error), &error);
    assert_int_equal(stay.answer, booking_Answer_accepted);
    assert_int_equal(stay.charged, 320);
    must(booking_TakenRow_find(app, S("s"), &taken, NULL, &error), &error);
    assert_int_equal(taken.days.first, 10);
    assert_int_equal(taken.days.last, 14);
    must(acta_app_stop(app, patiently.timeout_ms, &error), &error);
    acta_disk_destroy(disk);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_apartment_is_added_once),
        cmocka_unit_test(a_request_is_kept_until_it_is_answered),
        cmocka_unit_test(a_stay_has_one_night_to_a_year),
        cmocka_unit_test(a_night_that_is_taken_is_not_asked_for_again),
        cmocka_unit_test(accepting_one_declines_those_that_collide_with_it),
        cmocka_unit_test(what_was_answered_is_not_answered_again),
        cmocka_unit_test(only_the_owner_accepts_what_somebody_asked_for),
        cmocka_unit_test(a_guest_is_charged_once),
        cmocka_unit_test(an_accepted_stay_is_charged_and_its_days_are_taken),
    };
    acta_test_on_failure(fail_here);
    return cmocka_run_group_tests_name("booking", tests, NULL, NULL);
}
