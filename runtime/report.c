/*
 * Reports of ends: one line for an actor that ended otherwise than it should.
 *
 *     actor 'counter' <7.12> failed: division by zero [named 'total'; in a call of tag 3; state: value=17] at divide …
 *
 * NORMAL and SHUTDOWN are quiet, with and without a text; so is KILLED, which is the wish of somebody who is told by
 * monitors and links. What users gave (name, reason, state) is escaped, so that a report is one line whatever is in it.
 * A message's payload is never part of it, and the state only as far as the behaviour's `format` shows it.
 */
#include "internal.h"

enum { NAME_SHOWN_MAX = 100, STATE_SHOWN_MAX = 400, PLACE_MAX = 64 };

const char *
acti_exit_kind_name(acta_exit_kind kind)
{
    static const char *const names[] = { "normal", "shutdown", "killed", "failed", "noproc" };
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

/* Control bytes as \n or \x1b; cut at the end when it is too long. */
size_t
acti_escape(char *out, size_t out_size, const char *text, size_t text_size)
{
    size_t used = 0;

    for (size_t i = 0; i < text_size; i++) {
        unsigned char byte = (unsigned char)text[i];
        char piece[8];
        int size = byte == '\n'               ? snprintf(piece, sizeof piece, "\\n")
                   : byte < 32 || byte == 127 ? snprintf(piece, sizeof piece, "\\x%02x", byte)
                                              : snprintf(piece, sizeof piece, "%c", byte);
        if (used + (size_t)size >= out_size) break;
        memcpy(out + used, piece, (size_t)size);
        used += (size_t)size;
    }
    if (out_size > 0) out[used] = '\0';
    return used;
}

const char *
acti_info_word(acta_info_kind kind)
{
    static const char *const words[] = { "DOWN", "EXIT", "TIMER", "REPLY", "TIMEOUT", "FD" };
    return (unsigned)kind < sizeof words / sizeof words[0] ? words[kind] : "information";
}

/* What the actor did last. */
static void
describe_place(const acti_actor *actor, char *place)
{
    static const char *const words[ACTI_TASK_INFO] = { [ACTI_TASK_NOTHING] = "in no handler",
        [ACTI_TASK_CONTINUE] = "in a continue",
        [ACTI_TASK_SIGNAL] = "by an exit signal",
        [ACTI_TASK_TERMINATE] = "in terminate",
        [ACTI_TASK_HIBERNATE] = "in hibernate",
        [ACTI_TASK_INIT] = "in a spawn" };
    uint64_t task = acti_task_own(actor);
    uint32_t what = acti_task_what(task);

    if (what == ACTI_TASK_CAST || what == ACTI_TASK_CALL)
        snprintf(place, PLACE_MAX, "in a %s of tag %u", what == ACTI_TASK_CAST ? "cast" : "call", (uint32_t)task);
    else if (what >= ACTI_TASK_INFO)
        snprintf(place, PLACE_MAX, "in %s", acti_info_word((acta_info_kind)(what - ACTI_TASK_INFO)));
    else
        snprintf(place, PLACE_MAX, "%s", words[what]);
}

typedef struct format_job {
    acta_format_use use;
    char *text;
    size_t size;
} format_job;

static void
run_format(acti_actor *actor, void *argument)
{
    format_job *job = argument;
    actor->behaviour->format(actor, actor->state, job->use, job->text, job->size);
}

/* The state as text; what went wrong, if it can't be had. Always NUL-terminated. */
void
acti_format_state(acti_actor *actor, acta_format_use use, char *text, size_t size)
{
    char why[ACTA_EXIT_TEXT_MAX];
    format_job job = { use, text, size };

    memset(text, 0, size);
    if (actor->behaviour->is_private)
        snprintf(text, size, "(private)");
    else if (actor->behaviour->format == NULL)
        snprintf(text, size, "(no format function)");
    else if (!acti_guard(actor, run_format, &job, why, sizeof why))
        snprintf(text, size, "(its format function failed: %s)", why);
    text[size - 1] = '\0';
}

static void
write_report(acti_actor *actor, const acta_exit_reason *reason)
{
    char name[ACTI_NAME_MAX], state[STATE_SHOWN_MAX];
    char name_shown[NAME_SHOWN_MAX], state_shown[STATE_SHOWN_MAX] = "", text_shown[ACTA_EXIT_TEXT_MAX];
    char place[PLACE_MAX], trace[ACTI_TRACE_MAX];
    const char *text = reason->text;

    if (text[0] == '\0' && reason->kind == ACTA_EXIT_NOPROC) text = "linked to an actor that is not alive";
    describe_place(actor, place);
    acti_escape(text_shown, sizeof text_shown, text, strlen(text));
    size_t name_size = acti_own_name_copy(actor, name);
    acti_escape(name_shown, sizeof name_shown, name, name_size);
    if (actor->behaviour->format != NULL || actor->behaviour->is_private) {
        acti_format_state(actor, ACTA_FORMAT_REPORT, state, sizeof state);
        acti_escape(state_shown, sizeof state_shown, state, strlen(state));
    }
    acta_log_event(&actor->runtime->environment, ACTA_LOG_ERROR, "actor.failed",
        ACTA_LOG_FIELDS(acta_log_text("actor", acta_str_of(actor->behaviour->name)),
            acta_log_number("generation", actor->generation), acta_log_number("index", actor->index),
            acta_log_text("name", acta_str_from(name, name_size)), acta_log_text("error", acta_str_of(text)),
            acta_log_text("place", acta_str_of(place))),
        "actor '%s' <%u.%u> failed: %s [%s%s%s%s%s%s]%s", actor->behaviour->name, actor->generation, actor->index,
        text_shown, name_size > 0 ? "named '" : "", name_shown, name_size > 0 ? "'; " : "", place,
        state_shown[0] != '\0' ? "; state: " : "", state_shown, acti_trace_text(actor->runtime, trace));
}

void
acti_report_end(acti_actor *actor, const acta_exit_reason *reason)
{
    const acti_message *message = actor->handling;

    if (reason->kind != ACTA_EXIT_FAILED && reason->kind != ACTA_EXIT_NOPROC) return;
    acti_record(actor->runtime, ACTA_FLIGHT_FAIL, acti_pid_of(actor), actor->behaviour->name,
        message != NULL ? message->body.tag : 0, message != NULL);
    write_report(actor, reason);
}
