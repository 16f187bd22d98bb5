/*
 * The challenge and the upload, given events, when a command, then events; and the whole over the memory engine: what an
 * athlete uploads counts once, in each challenge that he is in.
 */
#include "challenge.h"

#include "given.h"

#include "acta/memory_engine.h"

enum { START_US = 1000, END_US = 2000 };

static void
given_hosted(void)
{
    ACTA_GIVEN(&challenge_challenge, challenge_Created, .challenge_id = S("c"), .name = S("Spring"),
        .starts_at_us = START_US, .ends_at_us = END_US);
    ACTA_GIVEN(&challenge_challenge, challenge_Hosted, .challenge_id = S("c"), .host = S("vcv"));
}

static void
given_started(void)
{
    given_hosted();
    ACTA_GIVEN(&challenge_challenge, challenge_Started, .challenge_id = S("c"));
    ACTA_GIVEN(&challenge_challenge, challenge_Joined, .challenge_id = S("c"), .athlete = S("ann"));
    ACTA_GIVEN(&challenge_challenge, challenge_Joined, .challenge_id = S("c"), .athlete = S("bob"));
}

/* Ann is before bob. */
static void
given_both_ranked(void)
{
    const challenge_Place one[] = { { .rank = 1, .athlete = S("bob"), .metres = 500, .seconds = 60 } };
    const challenge_Place two[] = { { .rank = 1, .athlete = S("ann"), .metres = 900, .seconds = 60 },
        { .rank = 2, .was = 1, .athlete = S("bob"), .metres = 500, .seconds = 60 } };

    given_started();
    ACTA_GIVEN(&challenge_challenge, challenge_Recorded, .challenge_id = S("c"), .activity_id = S("b1"),
        .athlete = S("bob"), .metres = 500, .seconds = 60);
    ACTA_GIVEN(&challenge_challenge, challenge_Ranked, .challenge_id = S("c"), .name = S("Spring"),
        .places = { .data = one, .count = 1 });
    ACTA_GIVEN(&challenge_challenge, challenge_Recorded, .challenge_id = S("c"), .activity_id = S("a1"),
        .athlete = S("ann"), .metres = 900, .seconds = 60);
    ACTA_GIVEN(&challenge_challenge, challenge_Ranked, .challenge_id = S("c"), .name = S("Spring"),
        .places = { .data = two, .count = 2 });
}

static void
when_recorded(const char *activity_id, const char *athlete, int64_t started_at_us, uint64_t metres)
{
    ACTA_WHEN(&challenge_challenge, challenge_RecordActivity, .challenge_id = S("c"), .activity_id = S(activity_id),
        .athlete = S(athlete), .started_at_us = started_at_us, .metres = metres, .seconds = 60);
}

static void
then_ranked(const challenge_Place *places, uint32_t count)
{
    ACTA_THEN(&challenge_challenge, challenge_Ranked, .challenge_id = S("c"), .name = S("Spring"),
        .places = { .data = places, .count = count });
    ACTA_THEN_NOTHING(&challenge_challenge);
}

static void
a_challenge_starts_and_ends_when_it_is_time(void **state)
{
    (void)state;
    given_hosted();
    ACTA_WHEN(&challenge_challenge, challenge_StartChallenge, .challenge_id = S("c"), .now_us = START_US - 1);
    ACTA_THEN_REJECTED(&challenge_challenge, "not_due");
    given_hosted();
    ACTA_WHEN(&challenge_challenge, challenge_StartChallenge, .challenge_id = S("c"), .now_us = START_US);
    ACTA_THEN(&challenge_challenge, challenge_Started, .challenge_id = S("c"));
    given_started();
    ACTA_WHEN(&challenge_challenge, challenge_StartChallenge, .challenge_id = S("c"), .now_us = START_US);
    ACTA_THEN_NOTHING(&challenge_challenge);

    given_started();
    ACTA_WHEN(&challenge_challenge, challenge_EndChallenge, .challenge_id = S("c"), .now_us = END_US - 1);
    ACTA_THEN_REJECTED(&challenge_challenge, "not_due");
    given_started();
    ACTA_WHEN(&challenge_challenge, challenge_EndChallenge, .challenge_id = S("c"), .now_us = END_US);
    ACTA_THEN(&challenge_challenge, challenge_Ended, .challenge_id = S("c"));
    given_hosted();
    ACTA_WHEN(&challenge_challenge, challenge_EndChallenge, .challenge_id = S("c"), .now_us = END_US);
    ACTA_THEN_REJECTED(&challenge_challenge, "not_started");
}

static void
a_challenge_is_created_once_and_hosted_before_anybody_joins(void **state)
{
    (void)state;
    ACTA_WHEN(&challenge_challenge, challenge_CreateChallenge, .challenge_id = S("c"), .name = S("Spring"),
        .starts_at_us = END_US, .ends_at_us = END_US);
    ACTA_THEN_REJECTED(&challenge_challenge, "bad_period");
    given_hosted();
    ACTA_WHEN(&challenge_challenge, challenge_CreateChallenge, .challenge_id = S("c"), .name = S("Spring"),
        .starts_at_us = START_US, .ends_at_us = END_US);
    ACTA_THEN_REJECTED(&challenge_challenge, "already_created");

    ACTA_GIVEN(&challenge_challenge, challenge_Created, .challenge_id = S("c"), .name = S("Spring"),
        .starts_at_us = START_US, .ends_at_us = END_US);
    ACTA_WHEN(&challenge_challenge, challenge_Join, .challenge_id = S("c"), .athlete = S("ann"));
    ACTA_THEN_REJECTED(&challenge_challenge, "not_hosted");
    given_hosted();
    ACTA_WHEN(&challenge_challenge, challenge_Join, .challenge_id = S("c"), .athlete = S("ann"));
    ACTA_THEN(&challenge_challenge, challenge_Joined, .challenge_id = S("c"), .athlete = S("ann"));
    given_started();
    ACTA_WHEN(&challenge_challenge, challenge_Join, .challenge_id = S("c"), .athlete = S("ann"));
    ACTA_THEN_REJECTED(&challenge_challenge, "already_joined");
    given_started();
    ACTA_GIVEN(&challenge_challenge, challenge_Ended, .challenge_id = S("c"));
    ACTA_WHEN(&challenge_challenge, challenge_Join, .challenge_id = S("c"), .athlete = S("cem"));
    ACTA_THEN_REJECTED(&challenge_challenge, "ended");
    ACTA_WHEN(&challenge_challenge, challenge_Join, .challenge_id = S("c"), .athlete = S("ann"));
    ACTA_THEN_REJECTED(&challenge_challenge, "unknown_challenge");
}

static void
an_activity_counts_for_a_competitor_within_the_period(void **state)
{
    const challenge_Place first[] = { { .rank = 1, .athlete = S("ann"), .metres = 900, .seconds = 60 } };

    (void)state;
    given_started();
    when_recorded("a1", "ann", START_US, 900);
    ACTA_THEN(&challenge_challenge, challenge_Recorded, .challenge_id = S("c"), .activity_id = S("a1"),
        .athlete = S("ann"), .metres = 900, .seconds = 60);
    then_ranked(first, 1);

    given_started();
    when_recorded("a1", "ann", START_US - 1, 900);
    ACTA_THEN_REJECTED(&challenge_challenge, "outside_of_period");
    given_started();
    when_recorded("a1", "ann", END_US, 900);
    ACTA_THEN_REJECTED(&challenge_challenge, "outside_of_period");
    given_started();
    when_recorded("d1", "dora", START_US, 900);
    ACTA_THEN_REJECTED(&challenge_challenge, "not_a_competitor");
    given_hosted();
    when_recorded("a1", "ann", START_US, 900);
    ACTA_THEN_REJECTED(&challenge_challenge, "not_started");
}

static void
an_activity_counts_once(void **state)
{
    (void)state;
    given_both_ranked();
    when_recorded("a1", "ann", START_US, 900);
    ACTA_THEN_NOTHING(&challenge_challenge);
}

static void
the_ranking_tells_who_has_gained_and_who_has_lost(void **state)
{
    const challenge_Place swapped[] = { { .rank = 1, .was = 2, .athlete = S("bob"), .metres = 1000, .seconds = 120 },
        { .rank = 2, .was = 1, .athlete = S("ann"), .metres = 900, .seconds = 60 } };

    (void)state;
    given_both_ranked();
    when_recorded("b2", "bob", START_US, 500);
    ACTA_THEN(&challenge_challenge, challenge_Recorded, .challenge_id = S("c"), .activity_id = S("b2"),
        .athlete = S("bob"), .metres = 500, .seconds = 60);
    then_ranked(swapped, 2);
}

/* As far as the other, but in more time. */
static void
of_equals_the_faster_is_before(void **state)
{
    const challenge_Place places[] = { { .rank = 1, .was = 1, .athlete = S("ann"), .metres = 900, .seconds = 60 },
        { .rank = 2, .was = 2, .athlete = S("bob"), .metres = 900, .seconds = 120 } };

    (void)state;
    given_both_ranked();
    when_recorded("b2", "bob", START_US, 400);
    ACTA_THEN(&challenge_challenge, challenge_Recorded, .challenge_id = S("c"), .activity_id = S("b2"),
        .athlete = S("bob"), .metres = 400, .seconds = 60);
    then_ranked(places, 2);
}

static void
what_is_removed_and_who_leaves_has_no_place(void **state)
{
    const challenge_Place bob[] = { { .rank = 1, .was = 2, .athlete = S("bob"), .metres = 500, .seconds = 60 } };

    (void)state;
    given_both_ranked();
    ACTA_WHEN(&challenge_challenge, challenge_RemoveActivity, .challenge_id = S("c"), .activity_id = S("a1"));
    ACTA_THEN(&challenge_challenge, challenge_Removed, .challenge_id = S("c"), .activity_id = S("a1"),
        .athlete = S("ann"), .metres = 900, .seconds = 60);
    then_ranked(bob, 1);

    given_both_ranked();
    ACTA_WHEN(&challenge_challenge, challenge_Leave, .challenge_id = S("c"), .athlete = S("ann"));
    ACTA_THEN(&challenge_challenge, challenge_Left, .challenge_id = S("c"), .athlete = S("ann"));
    then_ranked(bob, 1);

    given_both_ranked();
    ACTA_GIVEN(&challenge_challenge, challenge_Left, .challenge_id = S("c"), .athlete = S("ann"));
    ACTA_GIVEN(&challenge_challenge, challenge_Joined, .challenge_id = S("c"), .athlete = S("ann"));
    ACTA_WHEN(&challenge_challenge, challenge_RemoveActivity, .challenge_id = S("c"), .activity_id = S("a1"));
    ACTA_THEN_NOTHING(&challenge_challenge); /* it went with her the first time */
}

static void
an_upload_is_taken_and_deleted_once(void **state)
{
    (void)state;
    ACTA_WHEN(
        &challenge_upload, challenge_Import, .activity_id = S("a"), .athlete = S("ann"), .metres = 1, .seconds = 1);
    ACTA_THEN(
        &challenge_upload, challenge_Imported, .activity_id = S("a"), .athlete = S("ann"), .metres = 1, .seconds = 1);
    ACTA_WHEN(&challenge_upload, challenge_Import, .activity_id = S("a"), .athlete = S("ann"), .metres = UINT64_MAX,
        .seconds = 1);
    ACTA_THEN_REJECTED(&challenge_upload, "bad_activity");
    ACTA_WHEN(&challenge_upload, challenge_Delete, .activity_id = S("a"));
    ACTA_THEN_REJECTED(&challenge_upload, "unknown_activity");

    ACTA_GIVEN(
        &challenge_upload, challenge_Imported, .activity_id = S("a"), .athlete = S("ann"), .metres = 1, .seconds = 1);
    ACTA_WHEN(
        &challenge_upload, challenge_Import, .activity_id = S("a"), .athlete = S("ann"), .metres = 1, .seconds = 1);
    ACTA_THEN_NOTHING(&challenge_upload);
    ACTA_GIVEN(
        &challenge_upload, challenge_Imported, .activity_id = S("a"), .athlete = S("ann"), .metres = 1, .seconds = 1);
    ACTA_GIVEN(&challenge_upload, challenge_Deleted, .activity_id = S("a"), .athlete = S("ann"));
    ACTA_WHEN(&challenge_upload, challenge_Delete, .activity_id = S("a"));
    ACTA_THEN_NOTHING(&challenge_upload);
}

/* -- the whole -- */

static const acta_dispatch_options patiently = { .timeout_ms = 120000 };

static void
must(acta_status status, const acta_error *error)
{
    if (status != ACTA_OK) fail_msg("%s", error->text);
}

static void
begin_challenge(acta_app *app, acta_str id, acta_error *error)
{
    must(challenge_CreateChallenge_dispatch(app,
             ACTA_INIT(challenge_CreateChallenge, .challenge_id = id, .name = S("Spring"), .starts_at_us = START_US,
                 .ends_at_us = END_US),
             &patiently, error),
        error);
    must(challenge_HostChallenge_dispatch(
             app, ACTA_INIT(challenge_HostChallenge, .challenge_id = id, .host = S("vcv")), &patiently, error),
        error);
    must(challenge_StartChallenge_dispatch(
             app, ACTA_INIT(challenge_StartChallenge, .challenge_id = id, .now_us = START_US), &patiently, error),
        error);
    must(challenge_Join_dispatch(
             app, ACTA_INIT(challenge_Join, .challenge_id = id, .athlete = S("ann")), &patiently, error),
        error);
}

static void
expect_metres(acta_app *app, acta_str id, uint64_t metres)
{
    acta_memory *memory = acta_memory_create(NULL);
    challenge_LeaderboardRow row;
    challenge_Place place;
    acta_error error;

    must(challenge_LeaderboardRow_find(app, id, &row, memory, &error), &error);
    assert_int_equal(row.places.count, metres > 0);
    if (metres > 0) assert_true(challenge_Place_vector_at(row.places, 0, &place));
    if (metres > 0) assert_int_equal(place.metres, metres);
    acta_memory_destroy(memory);
}

static void
an_upload_counts_in_each_challenge_and_its_deletion_too(void **state)
{
    acta_disk *disk = acta_disk_create(NULL);
    const acta_app_config config = { .schema = &challenge_schema,
        .aggregates = challenge_aggregates,
        .process_managers = challenge_process_managers,
        .projections = challenge_projections,
        .store = { .engine = acta_memory_engine(disk) } };
    acta_error error;
    acta_app *app;

    (void)state;
    must(acta_app_start(&config, &app, &error), &error);
    begin_challenge(app, S("c"), &error);
    begin_challenge(app, S("d"), &error);
    must(acta_app_settle(app, patiently.timeout_ms, &error), &error);
    for (int i = 0; i < 2; i++)
        must(challenge_Import_dispatch(app,
                 ACTA_INIT(challenge_Import, .activity_id = S("a1"), .athlete = S("ann"), .started_at_us = START_US,
                     .metres = 900, .seconds = 60),
                 &patiently, &error),
            &error);
    must(acta_app_settle(app, patiently.timeout_ms, &error), &error);
    expect_metres(app, S("c"), 900);
    expect_metres(app, S("d"), 900);
    must(challenge_Delete_dispatch(app, ACTA_INIT(challenge_Delete, .activity_id = S("a1")), &patiently, &error),
        &error);
    must(acta_app_settle(app, patiently.timeout_ms, &error), &error);
    expect_metres(app, S("c"), 0);
    expect_metres(app, S("d"), 0);
    must(acta_app_stop(app, patiently.timeout_ms, &error), &error);
    acta_disk_destroy(disk);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_challenge_starts_and_ends_when_it_is_time),
        cmocka_unit_test(a_challenge_is_created_once_and_hosted_before_anybody_joins),
        cmocka_unit_test(an_activity_counts_for_a_competitor_within_the_period),
        cmocka_unit_test(an_activity_counts_once),
        cmocka_unit_test(the_ranking_tells_who_has_gained_and_who_has_lost),
        cmocka_unit_test(of_equals_the_faster_is_before),
        cmocka_unit_test(what_is_removed_and_who_leaves_has_no_place),
        cmocka_unit_test(an_upload_is_taken_and_deleted_once),
        cmocka_unit_test(an_upload_counts_in_each_challenge_and_its_deletion_too),
    };
    acta_test_on_failure(fail_here);
    return cmocka_run_group_tests_name("challenge", tests, NULL, NULL);
}
