/*
 * A supervisor's reports: one line each, with supervisor, child, pid and reason. What users gave is escaped and cut, so
 * that a line is one line whatever is in it.
 */
#include "supervisor_internal.h"

enum { ID_SHOWN_MAX = 100, REASON_SHOWN_MAX = 240, NAME_SHOWN_MAX = 100, WHO_MAX = 400 };

typedef struct shown {
    char text[REASON_SHOWN_MAX];
} shown;

/* Escaped, in less than `max` bytes; what is cut ends in "…". */
static const char *
show(shown *out, const char *text, size_t max)
{
    char whole[4 * ACTA_ERROR_TEXT_MAX];
    size_t size = acti_escape(whole, sizeof whole, text, strlen(text));

    if (size < max) return memcpy(out->text, whole, size + 1);
    size = max - sizeof "…";
    while (size > 0 && ((unsigned char)whole[size] & 0xc0) == 0x80) /* not within a letter */
        size--;
    memcpy(out->text, whole, size);
    memcpy(out->text + size, "…", sizeof "…");
    return out->text;
}

static const char *
describe_reason(shown *out, const acta_exit_reason *reason)
{
    static const char *const kinds[] = { "normal", "shutdown", "killed", "failed", "noproc" };
    shown text;

    const char *kind = (unsigned)reason->kind < sizeof kinds / sizeof kinds[0] ? kinds[reason->kind] : "unknown";
    show(&text, reason->text, REASON_SHOWN_MAX - 20);
    snprintf(out->text, sizeof out->text, "%s%s%.220s", kind, text.text[0] != '\0' ? ": " : "", text.text);
    return out->text;
}

/* "supervisor 'top' <1.0>: child 'clock' <7.12>" */
static const char *
describe_who(acta_self *self, const acti_child *child, char *who)
{
    char name[ACTI_NAME_MAX], name_shown[NAME_SHOWN_MAX] = "";
    shown id;

    size_t name_size = acti_own_name_copy(self, name);
    acti_escape(name_shown, sizeof name_shown, name, name_size);
    int used = snprintf(who, WHO_MAX, "supervisor %s%s%s<%u.%u>: child '%s'", name_size > 0 ? "'" : "", name_shown,
        name_size > 0 ? "' " : "", self->generation, self->index, show(&id, child->spec.id, ID_SHOWN_MAX));
    if (child->last_pid.value != 0)
        snprintf(who + used, WHO_MAX - (size_t)used, " <%u.%u>", (uint32_t)(child->last_pid.value >> 32),
            (uint32_t)child->last_pid.value);
    return who;
}

void
acti_report_restart(acta_self *self, const acti_child *child, const acta_exit_reason *reason, const char *what)
{
    char who[WHO_MAX];
    shown why;

    acta_log_event(&self->runtime->environment, ACTA_LOG_WARNING, "supervisor.restarts",
        ACTA_LOG_FIELDS(acta_log_text("child", acta_str_of(child->spec.id)),
            acta_log_number("generation", child->last_pid.value >> 32),
            acta_log_number("index", (uint32_t)child->last_pid.value),
            acta_log_text("error", acta_str_of(reason->text))),
        "%s ended (%s): %s", describe_who(self, child, who), describe_reason(&why, reason), what);
}

void
acti_report_start_failed(acta_self *self, const acti_child *child, const acta_error *error)
{
    char who[WHO_MAX];
    shown why;

    acta_log_event(&self->runtime->environment, ACTA_LOG_WARNING, "supervisor.restart_failed",
        ACTA_LOG_FIELDS(acta_log_text("child", acta_str_of(child->spec.id)),
            acta_log_number("generation", child->last_pid.value >> 32),
            acta_log_number("index", (uint32_t)child->last_pid.value),
            acta_log_text("error", acta_str_of(error->text))),
        "%s can't be restarted: %s", describe_who(self, child, who), show(&why, error->text, REASON_SHOWN_MAX));
}

/* While it was being stopped, which it was asked for with SHUTDOWN, or by a kill if that is its way. */
void
acti_report_bad_end(acta_self *self, const acti_child *child, const acta_exit_reason *reason)
{
    char who[WHO_MAX];
    shown why;

    if (reason->kind == ACTA_EXIT_NORMAL || reason->kind == ACTA_EXIT_SHUTDOWN) return;
    if (reason->kind == ACTA_EXIT_KILLED && child->spec.brutal_kill) return;
    acta_log_event(&self->runtime->environment, ACTA_LOG_WARNING, "supervisor.bad_end",
        ACTA_LOG_FIELDS(acta_log_text("child", acta_str_of(child->spec.id)),
            acta_log_number("generation", child->last_pid.value >> 32),
            acta_log_number("index", (uint32_t)child->last_pid.value),
            acta_log_text("error", acta_str_of(reason->text))),
        "%s ended badly while it was stopped (%s)", describe_who(self, child, who), describe_reason(&why, reason));
}

void
acti_report_escalation(acta_self *self, const acti_supervisor *s, const acti_child *child, const char *last)
{
    char who[WHO_MAX];
    uint32_t intensity = s->flags.intensity == ACTA_INTENSITY_NONE ? 0 : s->flags.intensity;
    shown why;

    acta_log_event(&self->runtime->environment, ACTA_LOG_ERROR, "supervisor.gives_up",
        ACTA_LOG_FIELDS(acta_log_text("child", acta_str_of(child->spec.id)),
            acta_log_number("generation", child->last_pid.value >> 32),
            acta_log_number("index", (uint32_t)child->last_pid.value), acta_log_number("intensity", intensity),
            acta_log_number("period_ms", s->flags.period_ms), acta_log_text("error", acta_str_of(last))),
        "%s ended once more than %u times in %u ms, the supervisor gives up; the last time: %s",
        describe_who(self, child, who), intensity, s->flags.period_ms, show(&why, last, REASON_SHOWN_MAX));
}
