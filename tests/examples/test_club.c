/*
 * A member, given events, when a command, then events: no store, no threads, nothing sealed.
 */
#include "club.h"

#include "given.h"

static void
given_a_member(void)
{
    ACTA_GIVEN(&club_member, club_Joined, .member_id = S("ann"), .name = S("Ann Lee"), .email = S("ann@example.org"));
}

static void
joining_tells_name_and_address(void **state)
{
    (void)state;
    ACTA_WHEN(&club_member, club_Join, .member_id = S("ann"), .name = S("Ann Lee"), .email = S("ann@example.org"));
    ACTA_THEN(&club_member, club_Joined, .member_id = S("ann"), .name = S("Ann Lee"), .email = S("ann@example.org"));
    ACTA_THEN_NOTHING(&club_member);
}

static void
nobody_joins_twice(void **state)
{
    (void)state;
    given_a_member();
    ACTA_WHEN(&club_member, club_Join, .member_id = S("ann"), .name = S("Ann Ray"), .email = S("a@example.org"));
    ACTA_THEN_REJECTED(&club_member, "already_a_member");
}

static void
an_address_is_told_once(void **state)
{
    (void)state;
    given_a_member();
    ACTA_WHEN(&club_member, club_Move, .member_id = S("ann"), .email = S("lee@example.org"));
    ACTA_THEN(&club_member, club_Moved, .member_id = S("ann"), .email = S("lee@example.org"));

    given_a_member();
    ACTA_WHEN(&club_member, club_Move, .member_id = S("ann"), .email = S("ann@example.org"));
    ACTA_THEN_NOTHING(&club_member);
}

static void
who_has_left_has_no_address(void **state)
{
    (void)state;
    given_a_member();
    ACTA_WHEN(&club_member, club_Leave, .member_id = S("ann"));
    ACTA_THEN(&club_member, club_Left, .member_id = S("ann"));

    given_a_member();
    ACTA_GIVEN(&club_member, club_Left, .member_id = S("ann"));
    ACTA_WHEN(&club_member, club_Move, .member_id = S("ann"), .email = S("lee@example.org"));
    ACTA_THEN_REJECTED(&club_member, "has_left");

    given_a_member();
    ACTA_GIVEN(&club_member, club_Left, .member_id = S("ann"));
    ACTA_WHEN(&club_member, club_Leave, .member_id = S("ann"));
    ACTA_THEN_NOTHING(&club_member);
}

static void
who_never_joined_is_no_member(void **state)
{
    (void)state;
    ACTA_WHEN(&club_member, club_Move, .member_id = S("ann"), .email = S("lee@example.org"));
    ACTA_THEN_REJECTED(&club_member, "no_member");
    ACTA_WHEN(&club_member, club_Leave, .member_id = S("ann"));
    ACTA_THEN_REJECTED(&club_member, "no_member");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joining_tells_name_and_address),
        cmocka_unit_test(nobody_joins_twice),
        cmocka_unit_test(an_address_is_told_once),
        cmocka_unit_test(who_has_left_has_no_address),
        cmocka_unit_test(who_never_joined_is_no_member),
    };
    acta_test_on_failure(fail_here);
    return cmocka_run_group_tests_name("club", tests, NULL, NULL);
}
