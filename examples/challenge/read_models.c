/*
 * What is looked at, in a file of SQLite: others may read it at any time, and see whole events.
 *
 *     Ranked                            -> leaderboard
 *     all that happens in a challenge   -> feed
 */
#include "challenge.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>

#include "acta/projection_sqlite.h"

static acta_status
make_tables(void *user, sqlite3 *db, acta_error *error)
{
    (void)user;
    return acta_sqlite_execute(db,
        "CREATE TABLE IF NOT EXISTS leaderboard (challenge TEXT, place INTEGER, was INTEGER, athlete TEXT,"
        " metres INTEGER, seconds INTEGER, PRIMARY KEY (challenge, place)) WITHOUT ROWID;"
        "CREATE TABLE IF NOT EXISTS feed (position INTEGER PRIMARY KEY, challenge TEXT, line TEXT);"
        "CREATE INDEX IF NOT EXISTS feed_of ON feed (challenge, position)",
        error);
}

static const acta_sqlite read_models = ACTA_SQLITE(.path = CHALLENGE_DATABASE, .prepare = make_tables);

static void
bind(sqlite3_stmt *statement, int place, acta_str text)
{
    sqlite3_bind_text(statement, place, text.data != NULL ? text.data : "", (int)text.size, SQLITE_STATIC);
}

/* -- the leaderboard: the event has all of it -- */

static acta_status
put_place(acta_rows *rows, acta_str challenge_id, const challenge_Place *place, acta_error *error)
{
    sqlite3_stmt *put;
    acta_status status =
        acta_sqlite_statement(rows, "INSERT INTO leaderboard VALUES (?1, ?2, ?3, ?4, ?5, ?6)", &put, error);
    if (status != ACTA_OK) return status;

    bind(put, 1, challenge_id);
    sqlite3_bind_int64(put, 2, place->rank);
    sqlite3_bind_int64(put, 3, place->was);
    bind(put, 4, place->athlete);
    sqlite3_bind_int64(put, 5, (sqlite3_int64)place->metres);
    sqlite3_bind_int64(put, 6, (sqlite3_int64)place->seconds);
    return acta_sqlite_run(put, error);
}

static acta_status
ranked(void *user, challenge_Ranked event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    sqlite3_stmt *clear;
    challenge_Place place;
    (void)user;
    (void)recorded;

    acta_status status = acta_sqlite_statement(rows, "DELETE FROM leaderboard WHERE challenge = ?1", &clear, error);
    if (status != ACTA_OK) return status;
    bind(clear, 1, event.challenge_id);
    status = acta_sqlite_run(clear, error);
    for (uint32_t i = 0; status == ACTA_OK && challenge_Place_vector_at(event.places, i, &place); i++)
        status = put_place(rows, event.challenge_id, &place, error);
    return status;
}

const challenge_projection challenge_leaderboards =
    CHALLENGE_PROJECTION(.name = "leaderboards", .on = { .Ranked = ranked }, .database = &read_models.base);

/* -- the feed -- */

static acta_status ACTA_PRINTF(5, 6) tell(
    acta_str challenge_id, const acta_recorded *recorded, acta_rows *rows, acta_error *error, const char *format, ...)
{
    char line[1024];
    sqlite3_stmt *put;
    va_list arguments;
    acta_status status = acta_sqlite_statement(rows, "INSERT INTO feed VALUES (?1, ?2, ?3)", &put, error);
    if (status != ACTA_OK) return status;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    sqlite3_bind_int64(put, 1, (sqlite3_int64)recorded->position); /* sorts as the log does */
    bind(put, 2, challenge_id);
    bind(put, 3, acta_str_of(line));
    return acta_sqlite_run(put, error);
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
    },
    .database = &read_models.base);
/* clang-format on */

/* -- all parts -- */

const acta_aggregate *const challenge_aggregates[] = { &challenge_challenge.base, &challenge_upload.base, NULL };
const acta_process_manager *const challenge_process_managers[] = { &challenge_entrant.base, &challenge_clock.base,
    NULL };
const acta_projection *const challenge_projections[] = { &challenge_leaderboards.base, &challenge_feed.base, NULL };
const acta_event_handler *const challenge_event_handlers[] = { &challenge_mailer.base, NULL };
