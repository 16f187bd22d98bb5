/*
 * Trace: what was told of a run, kept in a ring that outlives the process that ran it, and written as lines:
 *
 *     step        time  what     who
 *       12    0.000031  turn     Account <3.1>         call 3, 88 bytes
 *       14    0.000033  event    account-2             version 1: AccountOpened {"account_id": "account-2"}
 *       17    0.000036  fault    disk-error            a sync of what was written fails (EIO): …
 *       18    0.000036  crash                          the process dies
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runner.h"
#include "world.h"

static const size_t TRACE_BYTES = sizeof(acti_trace) + ACTI_TRACE_MAX * sizeof(acti_trace_line);
static const uint64_t START_NS = UINT64_C(1000000000);

acti_trace *
acti_trace_create(void)
{
    return acti_world_shared_alloc(TRACE_BYTES);
}

void
acti_trace_destroy(acti_trace *trace)
{
    acti_world_shared_free(trace, TRACE_BYTES);
}

static void
keep(void *user, const acti_told *told)
{
    acti_trace *trace = user;
    acti_trace_line *line = &trace->lines[trace->count++ % ACTI_TRACE_MAX];

    line->kind = told->kind;
    line->step = told->step;
    line->now_ns = told->now_ns;
    snprintf(line->who, sizeof line->who, "%s", told->who);
    snprintf(line->text, sizeof line->text, "%s", told->text);
}

acti_watch
acti_trace_watch(acti_trace *trace)
{
    trace->count = 0;
    return (acti_watch){ .tell = keep, .user = trace };
}

uint64_t
acti_trace_kept(const acti_trace *trace)
{
    return trace->count < ACTI_TRACE_MAX ? trace->count : ACTI_TRACE_MAX;
}

const acti_trace_line *
acti_trace_at(const acti_trace *trace, uint64_t i)
{
    return &trace->lines[(trace->count - acti_trace_kept(trace) + i) % ACTI_TRACE_MAX];
}

static const char *
kind_word(acti_told_kind kind)
{
    static const char *const words[] = { [ACTI_TOLD_TURN] = "turn",
        [ACTI_TOLD_REPLY] = "reply",
        [ACTI_TOLD_END] = "end",
        [ACTI_TOLD_COMMIT] = "commit",
        [ACTI_TOLD_EVENT] = "event",
        [ACTI_TOLD_CLOCK] = "clock",
        [ACTI_TOLD_START] = "start",
        [ACTI_TOLD_CRASH] = "crash",
        [ACTI_TOLD_FAULT] = "fault",
        [ACTI_TOLD_CLIENT] = "client",
        [ACTI_TOLD_LOG] = "log" };
    return words[kind];
}

void
acti_trace_print(const acti_trace_line *line, FILE *out)
{
    uint64_t ns = line->now_ns - START_NS;

    fprintf(out, "%6" PRIu64 " %5" PRIu64 ".%06" PRIu64 "  %-7s  %-24s  %s\n", line->step, ns / 1000000000,
        ns / 1000 % 1000000, kind_word(line->kind), line->who, line->text);
}

/* -- what concerns a failure -- */

static bool
is_of_name(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Names of things have a digit in them, "account-3"; a number alone is of anything. */
static bool
is_name(const char *word, size_t length)
{
    bool has_digit = false, has_letter = false;

    for (size_t i = 0; i < length; i++) {
        has_digit = has_digit || isdigit((unsigned char)word[i]);
        has_letter = has_letter || isalpha((unsigned char)word[i]);
    }
    return has_digit && has_letter;
}

acti_concern
acti_concern_of(const char *failure)
{
    acti_concern concern = { .count = 0 };

    while (*failure != '\0' && concern.count < sizeof concern.words / sizeof concern.words[0]) {
        size_t length = 0;
        while (is_of_name(failure[length]))
            length++;
        if (is_name(failure, length) && length < sizeof concern.words[0])
            snprintf(concern.words[concern.count++], sizeof concern.words[0], "%.*s", (int)length, failure);
        failure += length > 0 ? length : 1;
    }
    return concern;
}

/* As a word of its own: "account-1" isn't in "account-12". */
static bool
has_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        if ((at == text || !is_of_name(at[-1]) || at[-1] == '-') && !is_of_name(at[length])) return true;
    }
    return false;
}

bool
acti_concerns(const acti_concern *concern, const acti_trace_line *line)
{
    if (concern->count == 0) return true;
    if (line->kind == ACTI_TOLD_CRASH || line->kind == ACTI_TOLD_START || line->kind == ACTI_TOLD_FAULT) return true;
    for (uint32_t i = 0; i < concern->count; i++) {
        if (has_word(line->who, concern->words[i]) || has_word(line->text, concern->words[i])) return true;
    }
    return false;
}

char *
acti_trace_last(const acti_trace *trace, const char *failure, uint32_t count)
{
    acti_concern concern = acti_concern_of(failure);
    uint64_t kept = acti_trace_kept(trace), from = kept;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return NULL;

    for (uint32_t found = 0; from > 0 && found < count; from--)
        found += acti_concerns(&concern, acti_trace_at(trace, from - 1));
    for (uint64_t i = from; i < kept; i++) {
        if (acti_concerns(&concern, acti_trace_at(trace, i))) acti_trace_print(acti_trace_at(trace, i), out);
    }
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}
