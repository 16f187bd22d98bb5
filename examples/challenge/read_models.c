/*
 * What is looked at: what the clock waits for, the leaderboard, and the feed.
 *
 *     Created, Started, Ended           -> ChallengeRow
 *     Ranked                            -> LeaderboardRow
 *     all that happens in a challenge   -> FeedRow
 */
#include "challenge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* -- the clock -- */

static acta_status
created(void *user, challenge_Created event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return challenge_ChallengeRow_put(rows,
        ACTA_INIT(challenge_ChallengeRow, .challenge_id = event.challenge_id, .name = event.name,
            .starts_at_us = event.starts_at_us, .ends_at_us = event.ends_at_us, .phase = challenge_Phase_created),
        error);
}

static acta_status
set_phase(acta_str challenge_id, challenge_Phase phase, acta_rows *rows, acta_error *error)
{
    challenge_ChallengeRow row;

    acta_status status = challenge_ChallengeRow_get(rows, challenge_id, &row, error);
    if (status != ACTA_OK) return status; /* a challenge's first event creates it */
    row.phase = phase;
    return challenge_ChallengeRow_put(rows, row, error);
}

static acta_status
hosted(void *user, challenge_Hosted event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return set_phase(event.challenge_id, challenge_Phase_hosted, rows, error);
}

static acta_status
started(void *user, challenge_Started event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return set_phase(event.challenge_id, challenge_Phase_started, rows, error);
}

static acta_status
ended(void *user, challenge_Ended event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return set_phase(event.challenge_id, challenge_Phase_ended, rows, error);
}

/* clang-format off */
const challenge_projection challenge_clock_rows = CHALLENGE_PROJECTION(
    .name = "clock",
    .on = {
        .Created = created,
        .Hosted = hosted,
        .Started = started,
        .Ended = ended,
    });
/* clang-format on */

/* -- the leaderboard: the event has all of it -- */

static acta_status
ranked(void *user, challenge_Ranked event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return challenge_LeaderboardRow_put(
        rows, ACTA_INIT(challenge_LeaderboardRow, .challenge_id = event.challenge_id, .places = event.places), error);
}

const challenge_projection challenge_leaderboards =
    CHALLENGE_PROJECTION(.name = "leaderboards", .on = { .Ranked = ranked });

/* -- the feed -- */

static acta_status ACTA_PRINTF(5, 6) tell(
    acta_str challenge_id, const acta_recorded *recorded, acta_rows *rows, acta_error *error, const char *format, ...)
{
    char feed_id[32], line[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    snprintf(feed_id, sizeof feed_id, "%020" PRIu64, recorded->position); /* sorts as the log does */
    return challenge_FeedRow_put(rows,
        ACTA_INIT(challenge_FeedRow, .feed_id = acta_str_of(feed_id), .challenge_id = challenge_id,
            .line = acta_str_of(line)),
        error);
}

static acta_status
tell_hosted(void *user, challenge_Hosted event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    return tell(event.challenge_id, recorded, rows, error, ACTA_FMT " hosts the challenge", ACTA_ARG(event.host));
}

static acta_status
tell_started(void *user, challenge_Started event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    return tell(event.challenge_id, recorded, rows, error, "the challenge has started");
}

static acta_status
tell_ended(void *user, challenge_Ended event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    return tell(event.challenge_id, recorded, rows, error, "the challenge has ended");
}

static acta_status
tell_joined(void *user, challenge_Joined event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    return tell(event.challenge_id, recorded, rows, error, ACTA_FMT " joins", ACTA_ARG(event.athlete));
}

static acta_status
tell_left(void *user, challenge_Left event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    return tell(event.challenge_id, recorded, rows, error, ACTA_FMT " leaves", ACTA_ARG(event.athlete));
}

static acta_status
tell_recorded(void *user, challenge_Recorded event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    return tell(event.challenge_id, recorded, rows, error, ACTA_FMT " has done %.1f km", ACTA_ARG(event.athlete),
        (double)event.metres / 1000);
}

static acta_status
tell_removed(void *user, challenge_Removed event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    return tell(event.challenge_id, recorded, rows, error, ACTA_FMT " has taken back %.1f km", ACTA_ARG(event.athlete),
        (double)event.metres / 1000);
}

/* clang-format off */
const challenge_projection challenge_feed = CHALLENGE_PROJECTION(
    .name = "feed",
    .on = {
        .Hosted = tell_hosted,
        .Started = tell_started,
        .Ended = tell_ended,
        .Joined = tell_joined,
        .Left = tell_left,
        .Recorded = tell_recorded,
        .Removed = tell_removed,
    });
/* clang-format on */

/* -- all parts -- */

const acta_aggregate *const challenge_aggregates[] = { &challenge_challenge.base, &challenge_upload.base, NULL };
const acta_process_manager *const challenge_process_managers[] = { &challenge_entrant.base, NULL };
const acta_projection *const challenge_projections[] = { &challenge_clock_rows.base, &challenge_leaderboards.base,
    &challenge_feed.base, NULL };
const acta_event_handler *const challenge_event_handlers[] = { &challenge_mailer.base, NULL };
