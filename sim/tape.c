/*
 * Tape: the choices of one run, by purpose, in memory and as text.
 *
 *     # acta sim bank: money is missing: 3 minor units               comments, anywhere
 *     acta-tape 1
 *     scenario bank
 *     seed 4711                                                       of the ids
 *     workload 4 0*12 3 1                                             "0*12": twelve times 0; a purpose may have many lines
 *     scheduler 0*830 1
 *     faults 1 0*4 2
 *     end
 *
 * A choice is written as which of so many it was, not of how many: a tape that is cut in the middle is a tape, too.
 *
 * Not here: making it shorter (shrink.c).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "world.h"

enum { LINE_WIDTH = 100, FORMAT = 1 };
/* ACTA_SIM_IDS has no name: it is on no tape. */
static const char *const purposes[ACTA_SIM_PURPOSE_COUNT] = { [ACTA_SIM_SCHEDULER] = "scheduler",
    [ACTA_SIM_FAULTS] = "faults",
    [ACTA_SIM_WORKLOAD] = "workload",
    [ACTA_SIM_PLACES] = "places",
    [ACTA_SIM_SETTINGS] = "settings" };
static const size_t TRACK_BYTES = ACTI_TRACK_MAX * sizeof(uint32_t);

/* -- in memory: pages that aren't touched cost nothing -- */

acti_tape *
acti_tape_create(void)
{
    acti_tape *tape = acti_world_shared_alloc(sizeof *tape);
    if (tape == NULL) return NULL;

    for (uint32_t i = 0; i < ACTA_SIM_PURPOSE_COUNT; i++) {
        tape->tracks[i].choices = acti_world_shared_alloc(TRACK_BYTES);
        if (tape->tracks[i].choices != NULL) continue;
        acti_tape_destroy(tape);
        return NULL;
    }
    return tape;
}

void
acti_tape_destroy(acti_tape *tape)
{
    if (tape == NULL) return;
    for (uint32_t i = 0; i < ACTA_SIM_PURPOSE_COUNT; i++)
        acti_world_shared_free(tape->tracks[i].choices, TRACK_BYTES);
    acti_world_shared_free(tape, sizeof *tape);
}

void
acti_tape_clear(acti_tape *tape)
{
    for (uint32_t i = 0; i < ACTA_SIM_PURPOSE_COUNT; i++)
        tape->tracks[i].count = 0;
}

void
acti_tape_copy(acti_tape *to, const acti_tape *from)
{
    to->seed = from->seed;
    for (uint32_t i = 0; i < ACTA_SIM_PURPOSE_COUNT; i++) {
        to->tracks[i].count = from->tracks[i].count;
        memcpy(to->tracks[i].choices, from->tracks[i].choices, from->tracks[i].count * sizeof(uint32_t));
    }
}

void
acti_tape_trim(acti_tape *tape)
{
    for (uint32_t i = 0; i < ACTA_SIM_PURPOSE_COUNT; i++) {
        acti_track *track = &tape->tracks[i];
        while (track->count > 0 && track->choices[track->count - 1] == 0)
            track->count--;
    }
}

/* -- writing -- */

static void
write_note(FILE *out, const char *note)
{
    while (*note != '\0') {
        size_t length = strcspn(note, "\n");
        fprintf(out, "# %.*s\n", (int)length, note);
        note += length + (note[length] == '\n');
    }
}

static void
write_track(FILE *out, const char *name, const acti_track *track)
{
    int column = 0;

    for (size_t i = 0; i < track->count;) {
        size_t run = 1;
        while (i + run < track->count && track->choices[i + run] == track->choices[i])
            run++;
        if (column == 0) column = fprintf(out, "%s", name);
        column += fprintf(out, " %" PRIu32, track->choices[i]);
        if (run > 1) column += fprintf(out, "*%zu", run);
        i += run;
        if (column < LINE_WIDTH && i < track->count) continue;
        fputc('\n', out);
        column = 0;
    }
}

acta_status
acti_tape_write(const acti_tape *tape, const char *path, const char *scenario, const char *note, acta_error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot write tape '%s'", path);

    write_note(out, note);
    fprintf(out, "acta-tape %d\nscenario %s\nseed %" PRIu64 "\n", FORMAT, scenario, tape->seed);
    for (uint32_t i = 0; i < ACTA_SIM_PURPOSE_COUNT; i++)
        if (purposes[i] != NULL) write_track(out, purposes[i], &tape->tracks[i]);
    fputs("end\n", out);
    bool is_whole = fclose(out) == 0;
    acta_status status = is_whole ? acti_world_file_write(path, text, size, error)
                                  : acta_error_set(error, ACTA_NO_MEMORY, "cannot write tape '%s'", path);
    free(text);
    return status;
}

/* -- reading -- */

typedef struct reader {
    acti_tape *tape;
    const char *path, *scenario;
    uint32_t line; /* from 1 */
    bool has_head, has_scenario, has_seed, has_end;
    acta_error *error;
} reader;

static acta_status
refuse(reader *r, const char *format, const char *word)
{
    acta_status status = acta_error_set(r->error, ACTA_INVALID, format, word);
    if (r->error != NULL) snprintf(r->error->where, sizeof r->error->where, "%s:%" PRIu32, r->path, r->line);
    acta_error_prefix(r->error, status, "%s:%" PRIu32 ": ", r->path, r->line);
    return status;
}

/* False: no number of up to `max`, or something stands behind it. *rest_out: at what ended it, one of `ends`. */
static bool
parse_number(const char *text, const char *ends, uint64_t max, uint64_t *number_out, const char **rest_out)
{
    char *end;

    if (*text < '0' || *text > '9') return false;
    errno = 0;
    *number_out = strtoull(text, &end, 10);
    *rest_out = end;
    return errno == 0 && *number_out <= max && (*end == '\0' || strchr(ends, *end) != NULL);
}

/* "3" or "0*12". */
static acta_status
read_choice(reader *r, acti_track *track, const char *word)
{
    uint64_t index, run = 1;
    const char *rest;

    if (!parse_number(word, "*", UINT32_MAX, &index, &rest) ||
        (*rest == '*' && !parse_number(rest + 1, "", ACTI_TRACK_MAX, &run, &rest)))
        return refuse(r, "'%s' is no choice: a number is expected, or NUMBER*TIMES", word);
    if (run > ACTI_TRACK_MAX - track->count)
        return refuse(r, "there are more choices than a run can have at '%s'", word);
    for (; run > 0; run--)
        track->choices[track->count++] = (uint32_t)index;
    return ACTA_OK;
}

static acta_status
read_track(reader *r, acti_track *track, char **at)
{
    acta_status status = ACTA_OK;
    char *word;

    while (status == ACTA_OK && (word = strtok_r(NULL, " \t\r", at)) != NULL)
        status = read_choice(r, track, word);
    return status;
}

static acta_status
read_field(reader *r, const char *name, const char *value)
{
    const char *rest;
    uint64_t number;

    if (value == NULL) return refuse(r, "'%s' has nothing behind it", name);
    if (strcmp(name, "scenario") == 0) {
        r->has_scenario = true;
        if (strcmp(value, r->scenario) == 0) return ACTA_OK;
        return refuse(r, "the tape is of scenario '%s', not of this one", value);
    }
    if (!parse_number(value, "", UINT64_MAX, &number, &rest)) return refuse(r, "'%s' is no number", value);
    r->tape->seed = number;
    r->has_seed = true;
    return ACTA_OK;
}

static acta_status
read_line(reader *r, char *line)
{
    char *at = NULL;
    const char *word = strtok_r(line, " \t\r", &at);

    if (word == NULL || *word == '#') return ACTA_OK;
    if (r->has_end) return refuse(r, "'%s' stands behind the end", word);
    if (!r->has_head) {
        const char *format = strtok_r(NULL, " \t\r", &at);
        if (strcmp(word, "acta-tape") != 0 || format == NULL)
            return refuse(r, "'%s' is not the beginning of a tape: 'acta-tape 1' is expected", word);
        if (strcmp(format, "1") != 0) return refuse(r, "format '%s' is unknown: this program reads 1", format);
        r->has_head = true;
        return ACTA_OK;
    }
    if (strcmp(word, "end") == 0) {
        r->has_end = true;
        return ACTA_OK;
    }
    if (strcmp(word, "scenario") == 0 || strcmp(word, "seed") == 0)
        return read_field(r, word, strtok_r(NULL, " \t\r", &at));
    for (uint32_t i = 0; i < ACTA_SIM_PURPOSE_COUNT; i++) {
        if (purposes[i] != NULL && strcmp(word, purposes[i]) == 0) return read_track(r, &r->tape->tracks[i], &at);
    }
    return refuse(r, "'%s' is no line of a tape: scenario, seed, scheduler, faults, workload or end is expected", word);
}

static acta_status
read_lines(reader *r, char *text)
{
    acta_status status = ACTA_OK;

    while (status == ACTA_OK && *text != '\0') {
        size_t length = strcspn(text, "\n");
        bool is_last = text[length] == '\0';
        text[length] = '\0';
        r->line++;
        status = read_line(r, text);
        text += length + !is_last;
    }
    if (status != ACTA_OK) return status;
    if (!r->has_head) return refuse(r, "%s", "this is no tape: 'acta-tape 1' is missing");
    if (!r->has_scenario) return refuse(r, "the line '%s' is missing", "scenario");
    if (!r->has_seed) return refuse(r, "the line '%s' is missing", "seed");
    if (!r->has_end) return refuse(r, "the tape is cut: the line '%s' is missing", "end");
    return ACTA_OK;
}

acta_status
acti_tape_read(acti_tape *tape, const char *path, const char *scenario, acta_error *error)
{
    reader r = { .tape = tape, .path = path, .scenario = scenario, .error = error };
    char *text;
    acta_status status = acti_world_file_read(path, &text, error);
    if (status != ACTA_OK) return status;

    acti_tape_clear(tape);
    status = read_lines(&r, text);
    free(text);
    return status;
}
