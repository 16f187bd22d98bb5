/*
 * Log: from a format to a line and a record, and from there to whoever listens.
 */
#include "acta/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "acta/environment.h"

const char *
acta_log_level_name(acta_log_level level)
{
    static const char *const names[] = { "error", "warning", "info", "debug" };
    return (uint32_t)level < sizeof names / sizeof names[0] ? names[level] : "";
}

void
acta_log_pass(const acta_log *log, const acta_log_record *record)
{
    if (log->write != NULL) log->write(log->user, record->level, record->line);
    if (log->record != NULL) log->record(log->user, record);
}

/* The area is what stands before the dot. */
static acta_str
area_of(const char *event)
{
    const char *dot = strchr(event, '.');
    return acta_str_from(event, dot != NULL ? (size_t)(dot - event) : 0);
}

/* Names and errors of others are in lines too. They may end no line, and steer no terminal: each byte of a control character becomes
 * a blank. Fields have them as they are. */
static void
make_one_line(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        memset(text + i, ' ', acta_str_control(acta_str_from(text + i, size - i)));
}

static void
tell(const acta_environment *environment, const acta_log_record *begun, const char *format, va_list arguments)
{
    char text[ACTA_LOG_LINE_MAX + 1];
    acta_log_record record = *begun;

    int length = vsnprintf(text, sizeof text, format, arguments);
    if (length < 0) return;
    size_t size = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    make_one_line(text, size);
    record.line = acta_str_from(text, size);
    record.area = area_of(record.event);
    acta_log_pass(&environment->log, &record);
}

void
acta_log_write(const acta_environment *environment, acta_log_level level, const char *format, ...)
{
    acta_log_record record = { .level = level, .event = "message" };
    va_list arguments;

    va_start(arguments, format);
    tell(environment, &record, format, arguments);
    va_end(arguments);
}

void
acta_log_event(const acta_environment *environment, acta_log_level level, const char *event,
    const acta_log_field *fields, uint32_t field_count, const char *format, ...)
{
    acta_log_record record = { .level = level, .event = event, .fields = fields, .field_count = field_count };
    va_list arguments;

    va_start(arguments, format);
    tell(environment, &record, format, arguments);
    va_end(arguments);
}
