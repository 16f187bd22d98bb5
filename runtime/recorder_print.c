/*
 * Records as text, a line each. All of it may run in a signal handler.
 */
#include "recorder.h"

#include "safe_text.h"

enum { PRINT_BUFFER = 512, KIND_WIDTH = 9 };

static const char *
kind_name(acta_flight_kind kind)
{
    static const char *const names[] = { "?", "spawn", "refuse", "fail", "exit", "restart", "turn", "slow", "timers",
        "fault" };
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : names[0];
}

static void
put_pid(acti_text *text, uint64_t pid)
{
    acti_text_put(text, "<");
    acti_text_number(text, pid >> 32, 0, ' ');
    acti_text_put(text, ".");
    acti_text_number(text, (uint32_t)pid, 0, ' ');
    acti_text_put(text, ">");
}

static void
put_detail(acti_text *text, const acta_flight_record *record)
{
    static const char *const exits[] = { "normal", "shutdown", "killed", "failed", "noproc" };

    switch (record->kind) {
    case ACTA_FLIGHT_SPAWN:
    case ACTA_FLIGHT_RESTART:
        if (record->detail == 0) return;
        acti_text_put(text, " by ");
        put_pid(text, record->detail);
        return;
    case ACTA_FLIGHT_REFUSE:
        acti_text_put(text, " with ");
        acti_text_put(text, acta_status_name((acta_status)record->detail));
        return;
    case ACTA_FLIGHT_FAIL:
        if (record->detail == 0) return;
        acti_text_put(text, " at message ");
        acti_text_number(text, record->tag, 0, ' ');
        return;
    case ACTA_FLIGHT_EXIT:
        acti_text_put(text, " ");
        acti_text_put(text, record->detail < sizeof exits / sizeof exits[0] ? exits[record->detail] : "?");
        return;
    case ACTA_FLIGHT_SLOW:
        acti_text_put(text, " for ");
        acti_text_number(text, record->detail / 1000, 0, ' ');
        acti_text_put(text, " us");
        return;
    case ACTA_FLIGHT_TIMERS:
        acti_text_put(text, " ");
        acti_text_number(text, record->detail, 0, ' ');
        acti_text_put(text, " due at once");
        return;
    case ACTA_FLIGHT_FAULT:
        acti_text_put(text, " signal ");
        acti_text_number(text, record->tag, 0, ' ');
        acti_text_put(text, " at ");
        acti_text_hex(text, record->detail);
        return;
    case ACTA_FLIGHT_TURN:
        return;
    }
}

static bool
put_line(void *user, const acta_flight_record *record)
{
    acti_text *text = user;

    acti_text_number(text, record->time_ns / 1000000000u, 7, ' ');
    acti_text_put(text, ".");
    acti_text_number(text, record->time_ns % 1000000000u, 9, '0');
    if (record->worker == ACTA_RECORDER_OUTSIDE)
        acti_text_put(text, "  out  ");
    else {
        acti_text_put(text, "  w");
        acti_text_number(text, record->worker, 0, ' ');
        acti_text_put(text, record->worker < 10 ? "   " : record->worker < 100 ? "  " : " ");
    }
    acti_text_column(text, kind_name(record->kind), KIND_WIDTH);
    if (record->pid.value != 0) put_pid(text, record->pid.value);
    if (record->behaviour[0] != '\0') {
        acti_text_put(text, " '");
        acti_text_put(text, record->behaviour);
        acti_text_put(text, "'");
    }
    put_detail(text, record);
    acti_text_put(text, "\n");
    return true;
}

uint64_t
acta_recorder_print_image(const void *image, int fd, uint32_t last)
{
    char bytes[PRINT_BUFFER];
    acti_text text = { .bytes = bytes, .capacity = sizeof bytes, .fd = fd };

    uint64_t count = acta_recorder_read_image(image, last, put_line, &text);
    acti_text_flush(&text);
    return count;
}

uint64_t
acta_recorder_print(const acta_runtime *runtime, int fd, uint32_t last)
{
    char bytes[PRINT_BUFFER];
    acti_text text = { .bytes = bytes, .capacity = sizeof bytes, .fd = fd };

    uint64_t count = acta_recorder_read(runtime, last, put_line, &text);
    acti_text_flush(&text);
    return count;
}
