/*
 * The challenge and the upload, given events, when a command, then events; and the whole over the memory engine: what an
 * athlete uploads counts once, in each challenge that he is in; it starts and ends by the schedule; who loses a place has one
 * mail, and none of what is long past.
 */
#include "challenge.h"

#include "given.h"

#include <dirent.h>
#include <unistd.h>

#include "scratch.h"
#include "acta/memory_engine.h"
#include "acta/readers.h"

enum { START_US = 1000, END_US = 2000 };
static const int64_t LATE_US = INT64_C(7258118400000000); /* the year 2200 */

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
host(acta_app *app, acta_str id, int64_t starts_at_us, int64_t ends_at_us)
{
    acta_error error;

    must(challenge_CreateChallenge_dispatch(app,
             ACTA_INIT(challenge_CreateChallenge, .challenge_id = id, .name = S("Spring"), .starts_at_us = starts_at_us,
                 .ends_at_us = ends_at_us),
             &patiently, &error),
        &error);
    must(challenge_HostChallenge_dispatch(
             app, ACTA_INIT(challenge_HostChallenge, .challenge_id = id, .host = S("vcv")), &patiently, &error),
        &error);
}

static void
join(acta_app *app, acta_str id, acta_str athlete)
{
    acta_error error;

    must(challenge_Join_dispatch(
             app, ACTA_INIT(challenge_Join, .challenge_id = id, .athlete = athlete), &patiently, &error),
        &error);
}

static void
settle(acta_app *app)
{
    acta_error error;
    must(acta_app_settle(app, patiently.timeout_ms, &error), &error);
}

/* It starts by the schedule: its time has passed. */
static void
begin_challenge(acta_app *app, acta_str id)
{
    host(app, id, START_US, LATE_US);
    join(app, id, S("ann"));
    settle(app);
}

static void
upload(acta_app *app, acta_str activity, acta_str athlete, uint64_t metres)
{
    acta_error error;

    must(challenge_Import_dispatch(app,
             ACTA_INIT(challenge_Import, .activity_id = activity, .athlete = athlete, .started_at_us = START_US,
                 .metres = metres, .seconds = 60),
             &patiently, &error),
        &error);
}

typedef struct sum {
    uint32_t places;
    uint64_t metres;
} sum;

static void
add_place(void *user, const challenge_Place *place)
{
    sum *s = user;
    s->places++;
    s->metres += place->metres;
}

static void
expect_metres(acta_str id, uint64_t metres)
{
    sum s = { .places = 0 };
    acta_error error;

    must(challenge_each_place(id, add_place, &s, &error), &error);
    assert_int_equal(s.places, metres > 0);
    assert_int_equal(s.metres, metres);
}

static void
count_line(void *user, acta_str line)
{
    uint32_t *count = user;
    *count += line.size > 0;
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
    begin_challenge(app, S("c"));
    begin_challenge(app, S("d"));
    for (int i = 0; i < 2; i++)
        upload(app, S("a1"), S("ann"), 900);
    settle(app);
    expect_metres(S("c"), 900);
    expect_metres(S("d"), 900);
    must(challenge_Delete_dispatch(app, ACTA_INIT(challenge_Delete, .activity_id = S("a1")), &patiently, &error),
        &error);
    settle(app);
    expect_metres(S("c"), 0);
    expect_metres(S("d"), 0);
    uint32_t lines = 0;
    must(challenge_each_line(S("c"), count_line, &lines, &error), &error);
    assert_int_equal(lines, 5); /* hosted, joined, started, done, taken back */
    must(acta_app_stop(app, patiently.timeout_ms, &error), &error);
    acta_disk_destroy(disk);
}

/* -- the clock -- */

static void
the_clock_sets_one_deadline_after_the_other(void **state)
{
    (void)state;
    ACTA_GIVEN(&challenge_clock, challenge_Created, .challenge_id = S("c"), .name = S("Spring"),
        .starts_at_us = START_US, .ends_at_us = END_US);
    ACTA_WHEN(&challenge_clock, challenge_Hosted, .challenge_id = S("c"), .host = S("vcv"));
    ACTA_THEN_DEADLINE(&challenge_clock, "start", ACTA_INIT(acta_deadline, .at_us = START_US), challenge_StartChallenge,
        .challenge_id = S("c"), .now_us = START_US);
    ACTA_THEN_NOTHING(&challenge_clock);

    ACTA_GIVEN(&challenge_clock, challenge_Created, .challenge_id = S("c"), .name = S("Spring"),
        .starts_at_us = START_US, .ends_at_us = END_US);
    ACTA_GIVEN(&challenge_clock, challenge_Hosted, .challenge_id = S("c"), .host = S("vcv"));
    ACTA_WHEN(&challenge_clock, challenge_Started, .challenge_id = S("c"));
    ACTA_THEN_DEADLINE(&challenge_clock, "end", ACTA_INIT(acta_deadline, .at_us = END_US), challenge_EndChallenge,
        .challenge_id = S("c"), .now_us = END_US);
    ACTA_THEN_NOTHING(&challenge_clock);
}

static const acta_app_config without_files = {
    .schema = &challenge_schema, .aggregates = challenge_aggregates, .process_managers = challenge_process_managers
};

static void
it_starts_and_ends_when_its_time_has_come(void **state)
{
    enum { HOUR_MS = 3600000 };
    acta_test_app *test;
    acta_error error;
    (void)state;

    must(acta_test_app_start(&without_files, &test, &error), &error);
    int64_t now_us = acta_test_app_now_us(test);
    host(acta_test_app_of(test), S("c"), now_us + HOUR_MS * INT64_C(1000), now_us + 2 * HOUR_MS * INT64_C(1000));
    acta_test_app_advance(test, HOUR_MS - 1);
    ACTA_REFUTE_EVENT(acta_test_app_of(test), 0, challenge_Started, .challenge_id = S("c"));
    acta_test_app_advance(test, 1);
    ACTA_WAIT_EVENT(acta_test_app_of(test), 0, challenge_Started, .challenge_id = S("c"));
    ACTA_REFUTE_EVENT(acta_test_app_of(test), 0, challenge_Ended, .challenge_id = S("c"));

    /* The process dies before its end, and comes again behind it. */
    must(acta_test_app_restart(test, ACTA_TEST_CRASH, &error), &error);
    acta_test_app_advance(test, 2 * HOUR_MS);
    ACTA_WAIT_EVENT(acta_test_app_of(test), 0, challenge_Ended, .challenge_id = S("c"));
    must(acta_test_app_stop(test, &error), &error);
}

/* -- mails -- */

static uint32_t
mails(bool clears)
{
    DIR *folder = opendir("mail/new");
    const struct dirent *entry;
    char path[512];
    uint32_t count = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        count++;
        snprintf(path, sizeof path, "mail/new/%s", entry->d_name);
        if (clears) assert_int_equal(unlink(path), 0);
    }
    if (folder != NULL) closedir(folder);
    return count;
}

/* Neither one that was read and put away, nor one that is there, comes again when the mailer begins anew; what happens from
 * then on is told. */
static void
no_mail_is_sent_again_on_a_replay(void **state)
{
    acta_disk *disk = acta_disk_create(NULL);
    acta_app_config config = without_files;
    acta_error error;
    acta_app *app;

    (void)state;
    config.event_handlers = challenge_event_handlers;
    config.store.engine = acta_memory_engine(disk);
    must(acta_app_start(&config, &app, &error), &error);
    begin_challenge(app, S("c"));
    join(app, S("c"), S("bob"));
    settle(app);
    upload(app, S("b1"), S("bob"), 500);
    settle(app);
    upload(app, S("a1"), S("ann"), 900); /* bob loses the 1st place */
    settle(app);
    assert_int_equal(mails(true), 1);

    must(acta_reader_reset_live(app, "mailer", NULL, NULL, &error), &error);
    settle(app);
    assert_int_equal(mails(false), 0);
    upload(app, S("b2"), S("bob"), 500); /* ann does */
    settle(app);
    assert_int_equal(mails(false), 1);
    must(acta_app_stop(app, patiently.timeout_ms, &error), &error);

    config.store.engine = acta_memory_engine(disk);
    must(acta_app_start(&config, &app, &error), &error);
    settle(app);
    assert_int_equal(mails(true), 1);
    must(acta_app_stop(app, patiently.timeout_ms, &error), &error);
    acta_disk_destroy(disk);
}

static uint64_t
count_mails(void *user)
{
    (void)user;
    return mails(false);
}

/* The process may die before it knows that a mail is out: then the event comes again. */
static void
a_mail_that_is_there_is_not_sent_twice(void **state)
{
    acta_test_app *test;
    acta_error error;
    (void)state;

    must(acta_test_app_start(&without_files, &test, &error), &error);
    acta_app *app = acta_test_app_of(test);
    begin_challenge(app, S("c"));
    join(app, S("c"), S("bob"));
    settle(app);
    upload(app, S("b1"), S("bob"), 500);
    settle(app);
    upload(app, S("a1"), S("ann"), 900);
    settle(app);
    ACTA_TEST_HANDLER_TWICE(app, &challenge_mailer, count_mails, NULL);
    assert_int_equal(mails(true), 1);
    must(acta_test_app_stop(test, &error), &error);
}

/* -- a folder of the test's own -- */

static char scratch[SCRATCH_PATH_MAX];

static int
begin_folder(void **state)
{
    (void)state;
    return scratch_make(scratch, "/tmp", "challenge") && chdir(scratch) == 0 ? 0 : -1;
}

static int
end_folder(void **state)
{
    (void)state;
    if (chdir("/") != 0) return -1;
    return nftw(scratch, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
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
        cmocka_unit_test(the_clock_sets_one_deadline_after_the_other),
        cmocka_unit_test(it_starts_and_ends_when_its_time_has_come),
        cmocka_unit_test(no_mail_is_sent_again_on_a_replay),
        cmocka_unit_test(a_mail_that_is_there_is_not_sent_twice),
    };
    acta_test_on_failure(fail_here);
    return cmocka_run_group_tests_name("challenge", tests, begin_folder, end_folder);
}
