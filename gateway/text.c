/*
 * Text that grows, and JSON in it.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "internal.h"

enum { TEXT_FIRST = 512 };

void
acti_text_clear(acti_text *text)
{
    if (text->data != NULL) text->allocator->free(text->allocator->user, text->data, text->room);
    text->data = NULL;
    text->size = text->room = 0;
}

static bool
make_room(acti_text *text, size_t more)
{
    if (text->failed) return false;
    if (text->room - text->size >= more) return true;

    size_t room = text->room != 0 ? text->room * 2 : TEXT_FIRST;
    while (room - text->size < more)
        room *= 2;
    char *data = text->allocator->alloc(text->allocator->user, room);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    if (text->size != 0) memcpy(data, text->data, text->size);
    if (text->data != NULL) text->allocator->free(text->allocator->user, text->data, text->room);
    text->data = data;
    text->room = room;
    return true;
}

void
acti_text_add(acti_text *text, acta_str more)
{
    if (more.size == 0 || !make_room(text, more.size)) return;
    memcpy(text->data + text->size, more.data, more.size);
    text->size += more.size;
}

void
acti_text_format(acti_text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0 || !make_room(text, (size_t)size + 1)) return;
    va_start(arguments, format);
    vsnprintf(text->data + text->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    text->size += (size_t)size;
}

/* How many bytes the sequence of UTF-8 has that begins here; 0: it is none. */
static size_t
sequence_size(acta_str s, size_t at)
{
    unsigned char first = (unsigned char)s.data[at];
    size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;

    if (s.size - at < size) return 0;
    return acta_str_is_utf8(acta_str_from(s.data + at, size)) ? size : 0;
}

static bool
is_escaped(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == 0x7F;
}

static void
add_escaped(acti_text *text, unsigned char c)
{
    switch (c) {
    case '"':
        acti_text_add(text, acta_str_of("\\\""));
        return;
    case '\\':
        acti_text_add(text, acta_str_of("\\\\"));
        return;
    case '\n':
        acti_text_add(text, acta_str_of("\\n"));
        return;
    default:
        acti_text_format(text, "\\u%04x", c);
    }
}

void
acti_text_json(acti_text *text, acta_str string)
{
    size_t plain = 0; /* where what needs no change begins */

    acti_text_add(text, acta_str_of("\""));
    for (size_t i = 0; i < string.size;) {
        unsigned char c = (unsigned char)string.data[i];
        size_t size = c < 0x80 ? 1 : sequence_size(string, i);
        if (size != 0 && !(size == 1 && is_escaped(c))) {
            i += size;
            continue;
        }
        acti_text_add(text, acta_str_from(string.data + plain, i - plain));
        if (size == 0)
            acti_text_add(text, acta_str_of("\xEF\xBF\xBD"));
        else
            add_escaped(text, c);
        plain = ++i;
    }
    acti_text_add(text, acta_str_from(string.data + plain, string.size - plain));
    acti_text_add(text, acta_str_of("\""));
}

/* -- JSON -- */

acti_json
acti_json_into(acti_text *text)
{
    return (acti_json){ .text = text };
}

static void
begin(acti_json *json, const char *key)
{
    uint64_t bit = UINT64_C(1) << json->depth;

    if (json->has_member & bit) acti_text_add(json->text, acta_str_of(","));
    json->has_member |= bit;
    if (key == NULL) return;
    acti_text_json(json->text, acta_str_of(key));
    acti_text_add(json->text, acta_str_of(":"));
}

void
acti_json_open(acti_json *json, const char *key, char bracket)
{
    begin(json, key);
    acti_text_add(json->text, acta_str_from(&bracket, 1));
    json->depth++;
    json->has_member &= ~(UINT64_C(1) << json->depth);
}

void
acti_json_close(acti_json *json, char bracket)
{
    json->depth--;
    acti_text_add(json->text, acta_str_from(&bracket, 1));
}

void
acti_json_string(acti_json *json, const char *key, acta_str value)
{
    begin(json, key);
    acti_text_json(json->text, value);
}

void
acti_json_text(acti_json *json, const char *key, const char *value)
{
    if (value == NULL)
        acti_json_raw(json, key, acta_str_of("null"));
    else
        acti_json_string(json, key, acta_str_of(value));
}

void
acti_json_number(acti_json *json, const char *key, uint64_t value)
{
    begin(json, key);
    acti_text_format(json->text, "%" PRIu64, value);
}

void
acti_json_signed(acti_json *json, const char *key, int64_t value)
{
    begin(json, key);
    acti_text_format(json->text, "%" PRId64, value);
}

void
acti_json_real(acti_json *json, const char *key, double value)
{
    char digits[32];

    begin(json, key);
    snprintf(digits, sizeof digits, isfinite(value) ? "%.6g" : "null", value);
    for (char *c = digits; *c != '\0'; c++)
        if (*c == ',') *c = '.'; /* the host may speak a language that writes it so */
    acti_text_add(json->text, acta_str_of(digits));
}

void
acti_json_bool(acti_json *json, const char *key, bool value)
{
    acti_json_raw(json, key, acta_str_of(value ? "true" : "false"));
}

void
acti_json_pid(acti_json *json, const char *key, acta_pid pid)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, pid.value); /* numbers of JSON end at 2^53 for many */
    acti_json_text(json, key, pid.value != 0 ? text : NULL);
}

void
acti_json_id(acti_json *json, const char *key, acta_id id)
{
    char text[ACTA_ID_TEXT_SIZE];

    if (!acta_id_is_none(id)) acti_json_text(json, key, acta_id_format(id, text));
}

void
acti_json_time(acti_json *json, const char *key, int64_t at_us)
{
    char seconds[40], text[64];
    int64_t whole = at_us >= 0 ? at_us / 1000000 : (at_us - 999999) / 1000000;
    time_t at = (time_t)whole;
    struct tm utc;

    if (at_us == 0 || gmtime_r(&at, &utc) == NULL) {
        acti_json_text(json, key, NULL);
        return;
    }
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, sizeof text, "%s.%06dZ", seconds, (int)(at_us - whole * 1000000));
    acti_json_text(json, key, text);
}

void
acti_json_raw(acti_json *json, const char *key, acta_str finished)
{
    begin(json, key);
    acti_text_add(json->text, finished);
}
