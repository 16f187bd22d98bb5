/*
 * The meetup, given events, when a command, then events: no store, no threads.
 */
#include "meetup.h"

#include "given.h"

static void
given_a_meetup(void)
{
    ACTA_GIVEN(&meetup_meetup, meetup_MeetupCreated, .meetup_id = S("m"), .title = S("Elixr"), .date = S("2019-09-10"));
}

static void
creating_tells_title_and_date(void **state)
{
    (void)state;
    ACTA_WHEN(&meetup_meetup, meetup_CreateMeetup, .meetup_id = S("m"), .title = S("Elixr"), .date = S("2019-09-10"));
    ACTA_THEN(&meetup_meetup, meetup_MeetupCreated, .meetup_id = S("m"), .title = S("Elixr"), .date = S("2019-09-10"));
    ACTA_THEN_NOTHING(&meetup_meetup);
}

static void
creating_twice_is_rejected(void **state)
{
    (void)state;
    given_a_meetup();
    ACTA_WHEN(&meetup_meetup, meetup_CreateMeetup, .meetup_id = S("m"), .title = S("Erlang"), .date = S("2020-01-01"));
    ACTA_THEN_REJECTED(&meetup_meetup, "already_exists");
}

static void
a_title_is_updated_once(void **state)
{
    (void)state;
    given_a_meetup();
    ACTA_WHEN(&meetup_meetup, meetup_UpdateTitle, .meetup_id = S("m"), .title = S("Elixir"));
    ACTA_THEN(&meetup_meetup, meetup_TitleUpdated, .meetup_id = S("m"), .title = S("Elixir"));

    given_a_meetup();
    ACTA_GIVEN(&meetup_meetup, meetup_TitleUpdated, .meetup_id = S("m"), .title = S("Elixir"));
    ACTA_WHEN(&meetup_meetup, meetup_UpdateTitle, .meetup_id = S("m"), .title = S("Elixir"));
    ACTA_THEN_NOTHING(&meetup_meetup);
}

static void
an_attendee_is_added_once(void **state)
{
    (void)state;
    given_a_meetup();
    ACTA_GIVEN(&meetup_meetup, meetup_AttendeeAdded, .meetup_id = S("m"), .account_id = S("ann"));
    ACTA_WHEN(&meetup_meetup, meetup_AddAttendee, .meetup_id = S("m"), .account_id = S("bob"));
    ACTA_THEN(&meetup_meetup, meetup_AttendeeAdded, .meetup_id = S("m"), .account_id = S("bob"));

    given_a_meetup();
    ACTA_GIVEN(&meetup_meetup, meetup_AttendeeAdded, .meetup_id = S("m"), .account_id = S("ann"));
    ACTA_WHEN(&meetup_meetup, meetup_AddAttendee, .meetup_id = S("m"), .account_id = S("ann"));
    ACTA_THEN_NOTHING(&meetup_meetup);
}

static void
what_was_never_created_is_unknown(void **state)
{
    (void)state;
    ACTA_WHEN(&meetup_meetup, meetup_UpdateTitle, .meetup_id = S("m"), .title = S("Elixir"));
    ACTA_THEN_REJECTED(&meetup_meetup, "unknown_meetup");
    ACTA_WHEN(&meetup_meetup, meetup_AddAttendee, .meetup_id = S("m"), .account_id = S("ann"));
    ACTA_THEN_REJECTED(&meetup_meetup, "unknown_meetup");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creating_tells_title_and_date),
        cmocka_unit_test(creating_twice_is_rejected),
        cmocka_unit_test(a_title_is_updated_once),
        cmocka_unit_test(an_attendee_is_added_once),
        cmocka_unit_test(what_was_never_created_is_unknown),
    };
    acta_test_on_failure(fail_here);
    return cmocka_run_group_tests_name("meetup", tests, NULL, NULL);
}
