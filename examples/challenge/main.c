/*
 * Challenges in a shell. README.md goes through it.
 *
 *     $ challenge tick 2019-02-20T12:00:00Z
 *     $ challenge host spring "Spring ride" 2019-03-01T00:00:00Z 2019-04-01T00:00:00Z vcv
 *     $ challenge join spring ann
 *     $ challenge tick 2019-03-01T00:00:00Z
 *     $ challenge ingest march.jsonl
 *     $ challenge leaderboard spring
 */
#include "challenge.h"

#include <inttypes.h>
#include <signal.h>
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

/*
 * So that README.md can go through months: once there was a `tick` the clock stands at the time that it said, for all that
 * follows, until the next one. It is in a file beside the data. Without one it is the machine's.
 */
static const char clock_path[] = "challenge-clock";

typedef struct shell_clock {
    acta_environment given; /* the machine's */
    int64_t now_us;
} shell_clock;

static uint64_t
monotonic_ns(void *user)
{
    const shell_clock *clock = user;
    return clock->given.clock.monotonic_ns(clock->given.clock.user);
}

static int64_t
wall_us(void *user)
{
    const shell_clock *clock = user;
    return clock->now_us;
}

static acta_status
write_clock(const char *time, acta_error *error)
{
    int64_t time_us;
    acta_status status = challenge_parse_time(time, &time_us, error);
    if (status != ACTA_OK) return status;

    FILE *file = fopen(clock_path, "w");
    bool is_written = file != NULL && fprintf(file, "%s\n", time) > 0;
    if (file == NULL || fclose(file) != 0 || !is_written)
        return acta_error_set(error, ACTA_IO, "cannot write '%s'", clock_path);
    return ACTA_OK;
}

static acta_status
read_clock(shell_clock *clock, acta_environment *environment, acta_error *error)
{
    char time[32] = "";
    FILE *file = fopen(clock_path, "r");

    *environment = clock->given = acta_environment_or_default(NULL);
    if (file == NULL) return ACTA_OK;
    bool is_read = fgets(time, sizeof time, file) != NULL;
    fclose(file);
    if (!is_read) return acta_error_set(error, ACTA_IO, "cannot read '%s'", clock_path);
    time[strcspn(time, "\n")] = '\0';
    environment->clock = (acta_clock){ .monotonic_ns = monotonic_ns, .wall_us = wall_us, .user = clock };
    return challenge_parse_time(time, &clock->now_us, error);
}

/* The application has run what is due when it has settled. */
static acta_status
tick(acta_app *app, char **word, acta_error *error)
{
    (void)app;
    (void)word;
    (void)error;
    return ACTA_OK;
}

/* -- staying open, for `acta` and whoever comes over HTTP -- */

/* Before there are threads: all inherit it, and none but the one that waits is interrupted. */
static void
hold_ends(sigset_t *ends)
{
    sigemptyset(ends);
    sigaddset(ends, SIGINT);
    sigaddset(ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, ends, NULL);
}

static acta_status
serve(acta_app *app, char **word, acta_error *error)
{
    sigset_t ends;
    int number;

    (void)app;
    (void)word;
    (void)error;
    hold_ends(&ends);
    printf("the challenges are open, until Ctrl-C\n");
    fflush(stdout);
    while (sigwait(&ends, &number) != 0) {}
    return ACTA_OK;
}

/* -- what is read -- */

static void
print_place(void *user, const challenge_Place *place)
{
    char moved[16] = "";
    (void)user;

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
    (void)app;
    return challenge_each_place(acta_str_of(word[0]), print_place, NULL, error);
}

static void
print_line(void *user, acta_str line)
{
    (void)user;
    printf(ACTA_FMT "\n", ACTA_ARG(line));
}

static acta_status
print_feed(acta_app *app, char **word, acta_error *error)
{
    (void)app;
    return challenge_each_line(acta_str_of(word[0]), print_line, NULL, error);
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
    { "serve", "", 0, serve },
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static acta_status
run_in(const acta_environment *environment, const command *c, char **word, acta_error *error)
{
    const acta_app_config config = { .data_path = "challenge-data",
        .environment = environment,
        .schema = &challenge_schema,
        .aggregates = challenge_aggregates,
        .process_managers = challenge_process_managers,
        .projections = challenge_projections,
        .event_handlers = challenge_event_handlers };
    acta_app *app;

    acta_status status = acta_app_start(&config, &app, error);
    if (status != ACTA_OK) return status;
    if (c->run != serve) status = acta_app_settle(app, SETTLE_MS, error); /* what has become due has run */
    if (status == ACTA_OK) status = c->run(app, word, error);
    if (status == ACTA_OK && c->run != serve)
        status = acta_app_settle(app, SETTLE_MS, error); /* mails are out, rows are there */
    acta_app_stop(app, STOP_MS, NULL);
    return status;
}

static int
run(const command *c, char **word)
{
    acta_environment environment;
    shell_clock clock = { .now_us = 0 };
    acta_status status = ACTA_OK;
    acta_error error;

    if (c->run == serve) hold_ends(&(sigset_t){ 0 });
    if (c->run == tick) status = write_clock(word[0], &error);
    if (status == ACTA_OK) status = read_clock(&clock, &environment, &error);
    if (status == ACTA_OK) status = run_in(&environment, c, word, &error);
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
