/*
 * The door to others' systems: lines of JSON in their words become commands in ours.
 *
 *     {"aspect": "create", "activity_id": "a1", …} -> Import, under the command id "create a1"
 *     {"aspect": "delete", "activity_id": "a1"}    -> Delete, under the command id "delete a1"
 *
 * A web hook calls again when it isn't sure of having been heard. The command's id is made of what the line says, so the
 * second call gets the answer of the first, and nothing happens.
 */
#include "challenge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { LINE_BYTES = 4096, SETTLE_MS = 60000 };

acta_status
challenge_parse_time(const char *text, int64_t *time_us_out, acta_error *error)
{
    struct tm time = { 0 };
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &time);

    if (rest == NULL || *rest != '\0')
        return acta_error_set(error, ACTA_INVALID, "'%s' is no time; one is written as 2019-01-17T10:25:16Z", text);
    *time_us_out = (int64_t)timegm(&time) * 1000000;
    return ACTA_OK;
}

static acta_status
import(acta_app *app, const challenge_Webhook *hook, const acta_dispatch_options *options, acta_error *error)
{
    char time[32];
    int64_t started_at_us = 0;

    snprintf(time, sizeof time, ACTA_FMT, ACTA_ARG(hook->started_at));
    acta_status status = challenge_parse_time(time, &started_at_us, error);
    if (status != ACTA_OK) return status;
    return challenge_Import_dispatch(app,
        ACTA_INIT(challenge_Import, .activity_id = hook->activity_id, .athlete = hook->athlete,
            .started_at_us = started_at_us, .metres = hook->metres, .seconds = hook->seconds),
        options, error);
}

static acta_status
take_hook(acta_app *app, const challenge_Webhook *hook, acta_error *error)
{
    char name[LINE_BYTES + 16];

    snprintf(name, sizeof name, "%s " ACTA_FMT, challenge_Aspect_name(hook->aspect), ACTA_ARG(hook->activity_id));
    const acta_dispatch_options options = { .command_id = acta_id_of(acta_str_of(name)) };
    if (hook->aspect == challenge_Aspect_create) return import(app, hook, &options, error);
    return challenge_Delete_dispatch(
        app, ACTA_INIT(challenge_Delete, .activity_id = hook->activity_id), &options, error);
}

static acta_status
take_line(acta_app *app, const char *line, acta_error *error)
{
    acta_memory *memory = acta_memory_create(NULL);
    challenge_Webhook hook;
    acta_bytes buffer;

    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a line");
    acta_status status = acta_json_parse(&challenge_Webhook_table, acta_str_of(line), memory, &buffer, error);
    if (status == ACTA_OK) {
        challenge_Webhook_read(buffer, &hook);
        status = take_hook(app, &hook, error);
        /* The challenges have it before the next line comes: moves on the leaderboard are told in the order of the file. */
        if (status == ACTA_OK) status = acta_app_settle(app, SETTLE_MS, error);
    }
    acta_memory_destroy(memory);
    return status;
}

/* Is it the line's fault? Whatever else goes wrong would go wrong with the next one too. */
static bool
is_bad_line(acta_status status)
{
    return status == ACTA_INVALID || status == ACTA_REJECTED || status == ACTA_COMMAND_ID_REUSED;
}

acta_status
challenge_ingest(acta_app *app, const char *path, uint32_t *line_count_out, uint32_t *bad_count_out, acta_error *error)
{
    char line[LINE_BYTES];
    acta_status status = ACTA_OK;
    FILE *file = fopen(path, "r");

    *line_count_out = *bad_count_out = 0;
    if (file == NULL) return acta_error_set(error, ACTA_IO, "cannot open '%s': %s", path, strerror(errno));
    while (status == ACTA_OK && fgets(line, sizeof line, file) != NULL) {
        ++*line_count_out;
        status = take_line(app, line, error);
        if (!is_bad_line(status)) continue;
        fprintf(stderr, "%s:%" PRIu32 ": %s\n", path, *line_count_out, error->text);
        ++*bad_count_out;
        status = ACTA_OK;
    }
    if (status == ACTA_OK && ferror(file))
        status = acta_error_set(error, ACTA_IO, "cannot read '%s': %s", path, strerror(errno));
    fclose(file);
    return status;
}
