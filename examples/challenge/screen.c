/*
 * What is shown: rows of the read models, read from their file.
 */
#include <sqlite3.h>

#include "challenge.h"

#include "acta/projection_sqlite.h"

/* The rows of a challenge, by a statement whose only parameter it is. */
static acta_status
each_row(
    acta_str challenge_id, const char *sql, void (*see)(void *user, sqlite3_stmt *row), void *user, acta_error *error)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;
    int result =
        sqlite3_open_v2(CHALLENGE_DATABASE, &db, SQLITE_OPEN_READWRITE, NULL); /* a reader of WAL writes, too */

    if (result == SQLITE_OK) result = sqlite3_prepare_v2(db, sql, -1, &rows, NULL);
    if (result == SQLITE_OK) {
        sqlite3_bind_text(rows, 1, challenge_id.data, (int)challenge_id.size, SQLITE_STATIC);
        while ((result = sqlite3_step(rows)) == SQLITE_ROW)
            see(user, rows);
    }
    acta_status status = ACTA_OK;
    if (result != SQLITE_OK && result != SQLITE_DONE) status = acta_sqlite_error(db, CHALLENGE_DATABASE, error);
    sqlite3_finalize(rows);
    sqlite3_close(db);
    return status;
}

static acta_str
text_of(sqlite3_stmt *row, int column)
{
    return acta_str_from(sqlite3_column_text(row, column), (size_t)sqlite3_column_bytes(row, column));
}

typedef struct place_look {
    void (*see)(void *user, const challenge_Place *place);
    void *user;
} place_look;

static void
see_place(void *user, sqlite3_stmt *row)
{
    const place_look *look = user;
    const challenge_Place place = ACTA_INIT(challenge_Place, .rank = (uint32_t)sqlite3_column_int64(row, 0),
        .was = (uint32_t)sqlite3_column_int64(row, 1), .athlete = text_of(row, 2),
        .metres = (uint64_t)sqlite3_column_int64(row, 3), .seconds = (uint64_t)sqlite3_column_int64(row, 4));

    look->see(look->user, &place);
}

acta_status
challenge_each_place(
    acta_str challenge_id, void (*see)(void *user, const challenge_Place *place), void *user, acta_error *error)
{
    place_look look = { .see = see, .user = user };

    return each_row(challenge_id,
        "SELECT place, was, athlete, metres, seconds FROM leaderboard WHERE challenge = ?1 ORDER BY place", see_place,
        &look, error);
}

typedef struct line_look {
    void (*see)(void *user, acta_str line);
    void *user;
} line_look;

static void
see_line(void *user, sqlite3_stmt *row)
{
    const line_look *look = user;
    look->see(look->user, text_of(row, 0));
}

acta_status
challenge_each_line(acta_str challenge_id, void (*see)(void *user, acta_str line), void *user, acta_error *error)
{
    line_look look = { .see = see, .user = user };

    return each_row(
        challenge_id, "SELECT line FROM feed WHERE challenge = ?1 ORDER BY position", see_line, &look, error);
}
