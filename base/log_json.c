/*
 * Log as lines of JSON: made on the stack, and written with one write.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acta/environment.h"
#include "acta/id.h"

enum { LINE_SIZE = 8192, TAIL = 2 /* "}\n" */ };

typedef struct text {
    size_t size;
    char bytes[LINE_SIZE];
} text;

/* False: it doesn't fit, and nothing of it is there. */
static bool
put(text *t, const void *bytes, size_t size)
{
    if (size > sizeof t->bytes - TAIL - t->size) return false;
    memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
    return true;
}

/* How many bytes the character at the beginning has; 0: it is none. */
static size_t
character_size(acta_str s)
{
    for (size_t size = 1; size <= 4 && size <= s.size; size++)
        if (acta_str_is_utf8(acta_str_from(s.data, size))) return size;
    return 0;
}

static bool
put_character(text *t, acta_str *rest)
{
    static const char replacement[] = "\xef\xbf\xbd";
    size_t size = character_size(*rest);
    uint8_t c = (uint8_t)rest->data[0];
    acta_str character = acta_str_from(rest->data, size);
    char escaped[8] = "\\";

    *rest = acta_str_from(rest->data + (size > 0 ? size : 1), rest->size - (size > 0 ? size : 1));
    if (c == '"' || c == '\\') {
        escaped[1] = (char)c;
        return put(t, escaped, 2);
    }
    if (c < 0x20) return put(t, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
    return size > 0 ? put(t, character.data, size) : put(t, replacement, sizeof replacement - 1);
}

static bool
put_string(text *t, acta_str s)
{
    if (!put(t, "\"", 1)) return false;
    while (s.size > 0)
        if (!put_character(t, &s)) return false;
    return put(t, "\"", 1);
}

static bool
put_name(text *t, const char *name)
{
    return put(t, t->size > 1 ? ",\"" : "\"", t->size > 1 ? 2 : 1) && put(t, name, strlen(name)) && put(t, "\":", 2);
}

static bool
put_number(text *t, uint64_t number)
{
    char digits[24] = "";
    int size = snprintf(digits, sizeof digits, "%" PRIu64, number);
    return size > 0 && put(t, digits, (size_t)size);
}

static bool
put_value(text *t, const acta_log_field *field)
{
    char shown[ACTA_ID_TEXT_SIZE];
    acta_id id;

    switch (field->kind) {
    case ACTA_LOG_NUMBER:
        return put_number(t, field->number);
    case ACTA_LOG_ID:
        memcpy(id.bytes, field->id, sizeof id.bytes);
        return put_string(t, acta_str_of(acta_id_format(id, shown)));
    case ACTA_LOG_TEXT:
        break;
    }
    return put_string(t, field->text);
}

/* Whole, or not at all. */
static void
put_field(text *t, const acta_log_field *field)
{
    size_t before = t->size;
    if (!put_name(t, field->name) || !put_value(t, field)) t->size = before;
}

static void
put_text(text *t, const char *name, acta_str value)
{
    put_field(t, &(acta_log_field){ .name = name, .kind = ACTA_LOG_TEXT, .text = value });
}

static void
put_time(text *t)
{
    const acta_environment system = acta_environment_or_default(NULL);
    int64_t now_us = system.clock.wall_us(system.clock.user);
    time_t seconds = now_us / 1000000;
    struct tm utc;
    char shown[64];

    gmtime_r(&seconds, &utc);
    snprintf(shown, sizeof shown, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", utc.tm_year + 1900, utc.tm_mon + 1,
        utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(now_us % 1000000));
    put_text(t, "time", acta_str_of(shown));
}

static void
write_line(acta_log_json *json, const text *t)
{
    ssize_t written;

    do
        written = write(json->fd, t->bytes, t->size);
    while (written < 0 && errno == EINTR);
    /* Relaxed: a count. */
    if (written != (ssize_t)t->size) __atomic_fetch_add(&json->lost, 1, __ATOMIC_RELAXED);
}

static bool
is_wanted(const acta_log_json *json, acta_log_level level)
{
    if (level == ACTA_LOG_DEBUG) return json->with_debug;
    return level != ACTA_LOG_INFO || json->with_info || json->with_debug;
}

static void
record_line(void *user, const acta_log_record *record)
{
    acta_log_json *json = user;
    text t;

    t.size = 0;

    if (!is_wanted(json, record->level)) return;
    put(&t, "{", 1);
    put_time(&t);
    put_text(&t, "level", acta_str_of(acta_log_level_name(record->level)));
    put_text(&t, "area", record->area);
    put_text(&t, "event", acta_str_of(record->event));
    put_text(&t, "message", record->line);
    if (record->left_out > 0)
        put_field(&t, &(acta_log_field){ .name = "left_out", .kind = ACTA_LOG_NUMBER, .number = record->left_out });
    for (uint32_t i = 0; i < record->field_count; i++)
        put_field(&t, &record->fields[i]);
    t.bytes[t.size++] = '}'; /* for these two is always room */
    t.bytes[t.size++] = '\n';
    write_line(json, &t);
}

acta_log
acta_log_json_hook(acta_log_json *json)
{
    return (acta_log){ .user = json, .record = record_line };
}
