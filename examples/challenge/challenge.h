/*
 * The parts of the challenges. The types are generated from challenge.fbs into challenge.acta.h.
 *
 *     commands -> challenge_upload          aggregate: what the watches tell, each activity once        (upload.c)
 *                     | events
 *                     +-> challenge_entrant process manager: to each challenge of the athlete           (entrant.c)
 *                             | commands
 *     commands -> challenge_challenge       aggregate: who takes part, what counts, who is where        (challenge.c)
 *                     | events
 *                     +-> challenge_clock         process manager: started and ended in time  (clock.c)
 *                     +-> challenge_leaderboards  read model in SQLite: the leaderboard            (read_models.c)
 *                     +-> challenge_feed          read model in SQLite: what happened, in words    (read_models.c)
 *                     +-> challenge_mailer        handler: "you lost 8th place"                    (mailer.c)
 */
#ifndef CHALLENGE_H
#define CHALLENGE_H

#include "challenge.acta.h"

enum { CHALLENGE_COMPETITORS_MAX = 200 };

#define CHALLENGE_DATABASE "challenge.db" /* in the working directory, as the maildir */

extern const challenge_Upload_aggregate challenge_upload;
extern const challenge_Challenge_aggregate challenge_challenge;
extern const challenge_Entrant_process_manager challenge_entrant;
extern const challenge_Clock_process_manager challenge_clock;
extern const challenge_projection challenge_leaderboards; /* table leaderboard */
extern const challenge_projection challenge_feed;         /* table feed */
extern const challenge_event_handler challenge_mailer;    /* into the maildir mail/ */

/* All of them, as acta_app_config wants its lists. */
extern const acta_aggregate *const challenge_aggregates[];
extern const acta_process_manager *const challenge_process_managers[];
extern const acta_projection *const challenge_projections[];
extern const acta_event_handler *const challenge_event_handlers[];

/*
 * Rank competitors: who has gone farther is before others; of equals who has needed less time, then by name.
 *   places_out  room for `count`, by rank; those who have gone nowhere have no place
 * Returns how many places there are.
 */
uint32_t challenge_rank(const challenge_Competitor *competitors, uint32_t count, challenge_Place *places_out);

/* "2019-01-17T10:25:16Z" in microseconds since 1970. ACTA_INVALID otherwise. */
acta_status challenge_parse_time(const char *text, int64_t *time_us_out, acta_error *error);

/*
 * Take in what a web hook has sent: a file with a line of JSON for each activity that was made or deleted (Webhook). A line
 * that comes twice counts once. A bad one is told on stderr, with its number, and the others are taken.
 *   line_count_out, bad_count_out  how many lines there were, and how many of them were bad
 * Errors: ACTA_IO it can't be read; those of acta_dispatch but rejections, at once.
 */
acta_status challenge_ingest(
    acta_app *app, const char *path, uint32_t *line_count_out, uint32_t *bad_count_out, acta_error *error);

/* The leaderboard of a challenge, by rank; and its feed, the oldest first. What `see` gets lives until it returns.
 * Errors: ACTA_IO, ACTA_INVALID the file isn't there, or not one of the read models. */
acta_status challenge_each_place(
    acta_str challenge_id, void (*see)(void *user, const challenge_Place *place), void *user, acta_error *error);
acta_status challenge_each_line(
    acta_str challenge_id, void (*see)(void *user, acta_str line), void *user, acta_error *error);

#endif
