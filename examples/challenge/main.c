/*
 * Challenges in a shell. README.md goes through it.
 *
 *     $ challenge host spring "Spring ride" 2019-03-01T00:00:00Z 2019-04-01T00:00:00Z vcv
 *     $ challenge join spring ann
 *     $ challenge tick 2019-03-01T00:00:00Z
 *     $ challenge ingest march.jsonl
 *     $ challenge leaderboard spring
 */
#include "challenge.h"

#include <inttypes.h>
#include <stdio.h>

enum { SETTLE_MS = 60000, STOP_MS = 5000 };

/* -- commands -- */

static acta_status
host(acta_app *app, char **word, acta_error *error)
{
    challenge_CreateChallenge create =
        ACTA_INIT(challenge_CreateChallenge, .challenge_id = acta_str_of(word[0]), .name = acta_str_of(word[1]));

    acta_status status = challenge_parse_time(word[2], &create.starts_at_us, error);
    if (status == ACTA_OK) status = challenge_parse_time(word[3], &create.ends_at_us, error);
    if (status == ACTA_OK) status = challenge_CreateChallenge_dispatch(app, create, NULL, error);
    if (status != ACTA_OK) return status;
    return challenge_HostChallenge_dispatch(app,
        ACTA_INIT(challenge_HostChallenge, .challenge_id = create.challenge_id, .host = acta_str_of(word[4])), NULL,
        error);
}

static acta_status
join(acta_app *app, char **word, acta_error *error)
{
    return challenge_Join_dispatch(app,
        ACTA_INIT(challenge_Join, .challenge_id = acta_str_of(word[0]), .athlete = acta_str_of(word[1])), NULL, error);
}

static acta_status
leave(acta_app *app, char **word, acta_error *error)
{
    return challenge_Leave_dispatch(app,
        ACTA_INIT(challenge_Leave, .challenge_id = acta_str_of(word[0]), .athlete = acta_str_of(word[1])), NULL, error);
}

static acta_status
ingest(acta_app *app, char **word, acta_error *error)
{
    uint32_t line_count, bad_count;

    acta_status status = challenge_ingest(app, word[0], &line_count, &bad_count, error);
    if (status == ACTA_OK) printf("%" PRIu32 " lines, %" PRIu32 " of them bad\n", line_count, bad_count);
    return status;
}

/* -- the clock -- */

typedef struct clock_look {
    int64_t now_us;
    char challenge_id[ACTA_STREAM_NAME_MAX + 1]; /* of the first that is due; "": none is */
    bool is_end;
} clock_look;

static bool
look_at_challenge(void *user, const challenge_ChallengeRow *row)
{
    clock_look *look = user;
    bool is_start = row->phase == challenge_Phase_hosted && look->now_us >= row->starts_at_us;

    look->is_end = row->phase == challenge_Phase_started && look->now_us >= row->ends_at_us;
    if (is_start || look->is_end)
        snprintf(look->challenge_id, sizeof look->challenge_id, ACTA_FMT, ACTA_ARG(row->challenge_id));
    return look->challenge_id[0] == '\0';
}

/* Start and end what is due, one after the other, until nothing is. */
static acta_status
tick(acta_app *app, char **word, acta_error *error)
{
    static const char *const clock[] = { "clock", NULL };
    const acta_dispatch_options seen = { .wait_for = clock };
    clock_look look;

    acta_status status = challenge_parse_time(word[0], &look.now_us, error);
    while (status == ACTA_OK) {
        look.challenge_id[0] = '\0';
        status = challenge_ChallengeRow_each(app, acta_str_of(""), look_at_challenge, &look, error);
        if (status != ACTA_OK || look.challenge_id[0] == '\0') break;
        acta_str id = acta_str_of(look.challenge_id);
        status =
            look.is_end
                ? challenge_EndChallenge_dispatch(
                      app, ACTA_INIT(challenge_EndChallenge, .challenge_id = id, .now_us = look.now_us), &seen, error)
                : challenge_StartChallenge_dispatch(app,
                      ACTA_INIT(challenge_StartChallenge, .challenge_id = id, .now_us = look.now_us), &seen, error);
    }
    return status;
}

/* -- what is read -- */

static void
print_place(const challenge_Place *place)
{
    char moved[16] = "";

    if (place->was == 0)
        snprintf(moved, sizeof moved, "new");
    else if (place->was != place->rank)
        snprintf(moved, sizeof moved, "%+" PRId64, (int64_t)place->was - place->rank);
    printf("%3" PRIu32 "  %-4s %-16.*s %8.1f km  %3" PRIu64 ":%02" PRIu64 " h\n", place->rank, moved,
        ACTA_ARG(place->athlete), (double)place->metres / 1000, place->seconds / 3600, place->seconds / 60 % 60);
}

static acta_status
print_leaderboard(acta_app *app, char **word, acta_error *error)
{
    acta_memory *memory = acta_memory_create(NULL);
    challenge_LeaderboardRow row;
    challenge_Place place;

    acta_status status = challenge_LeaderboardRow_find(app, acta_str_of(word[0]), &row, memory, error);
    if (status == ACTA_NOT_FOUND)
        status = ACTA_OK; /* nobody has gone anywhere */
    else if (status == ACTA_OK)
        for (uint32_t i = 0; challenge_Place_vector_at(row.places, i, &place); i++)
            print_place(&place);
    acta_memory_destroy(memory);
    return status;
}

static bool
print_line(void *user, const challenge_FeedRow *row)
{
    (void)user;
    printf(ACTA_FMT "\n", ACTA_ARG(row->line));
    return true;
}

static acta_status
print_feed(acta_app *app, char **word, acta_error *error)
{
    return challenge_FeedRow_by_challenge_id(
        app, &(acta_str_range){ .equal = acta_str_of(word[0]) }, print_line, NULL, error);
}

/* -- the shell -- */

typedef struct command {
    const char *name, *words;
    int word_count;
    acta_status (*run)(acta_app *app, char **word, acta_error *error);
} command;

static const command commands[] = {
    { "host", "CHALLENGE NAME START END HOST", 5, host },
    { "join", "CHALLENGE ATHLETE", 2, join },
    { "leave", "CHALLENGE ATHLETE", 2, leave },
    { "tick", "TIME", 1, tick },
    { "ingest", "FILE", 1, ingest },
    { "leaderboard", "CHALLENGE", 1, print_leaderboard },
    { "feed", "CHALLENGE", 1, print_feed },
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static int
run(const command *c, char **word)
{
    const acta_app_config config = { .data_path = "challenge-data",
        .schema = &challenge_schema,
        .aggregates = challenge_aggregates,
        .process_managers = challenge_process_managers,
        .projections = challenge_projections,
        .event_handlers = challenge_event_handlers };
    acta_error error;
    acta_app *app;

    acta_status status = acta_app_start(&config, &app, &error);
    if (status == ACTA_OK) {
        status = c->run(app, word, &error);
        if (status == ACTA_OK) status = acta_app_settle(app, SETTLE_MS, &error); /* mails are out, rows are there */
        acta_app_stop(app, STOP_MS, NULL);
    }
    if (status != ACTA_OK) fprintf(stderr, "challenge: %s\n", error.text);
    return status != ACTA_OK;
}

int
main(int argc, char **argv)
{
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (argc == commands[i].word_count + 2 && strcmp(argv[1], commands[i].name) == 0)
            return run(&commands[i], argv + 2);
    fprintf(stderr, "usage; times are written as 2019-01-17T10:25:16Z:\n");
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(stderr, "  challenge %-11s %s\n", commands[i].name, commands[i].words);
    return 2;
}
