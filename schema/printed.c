/*
 * Text that grows, and how JSON writes strings and real numbers.
 */
#include "printed.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROOM_FIRST = 1024, FORMATTED_MAX = 1024 };

static bool
make_room(acti_printed *t, size_t size)
{
    if (acti_printed_has_failed(t)) return false;
    if (size <= t->room - t->used) return true;
    t->is_over_limit = t->limit != 0 && t->used + size > t->limit;
    if (t->is_over_limit) return false;

    size_t room = t->room == 0 ? ROOM_FIRST : t->room;
    while (room - t->used < size)
        room *= 2;
    char *grown = acta_memory_alloc(t->memory, room);
    t->has_no_memory = grown == NULL;
    if (grown == NULL) return false;
    if (t->used > 0) memcpy(grown, t->data, t->used);
    acta_memory_free(t->memory, t->data);
    t->data = grown;
    t->room = room;
    return true;
}

void
acti_printed_put(acti_printed *t, const char *data, size_t size)
{
    if (size == 0 || !make_room(t, size)) return;
    memcpy(t->data + t->used, data, size);
    t->used += size;
}

void
acti_printed_format(acti_printed *t, const char *format, ...)
{
    char text[FORMATTED_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    acti_printed_put(t, text, strlen(text));
}

void
acti_printed_json_string(acti_printed *t, acta_str s)
{
    static const char letters[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };
    size_t begin = 0;

    acti_printed_put(t, "\"", 1);
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        acti_printed_put(t, s.data + begin, i - begin);
        begin = i + 1;
        if (c == '"' || c == '\\')
            acti_printed_format(t, "\\%c", c);
        else if (c < sizeof letters && letters[c] != 0)
            acti_printed_format(t, "\\%c", letters[c]);
        else
            acti_printed_format(t, "\\u%04x", c);
    }
    acti_printed_put(t, s.data + begin, s.size - begin);
    acti_printed_put(t, "\"", 1);
}

void
acti_printed_json_real(acti_printed *t, double real, bool is_single)
{
    char text[64];
    int digits = is_single ? 6 : 15;

    if (isnan(real) || isinf(real)) { /* JSON has none; the official parser takes them so */
        acti_printed_format(t, "%s", isnan(real) ? "\"nan\"" : real > 0 ? "\"inf\"" : "\"-inf\"");
        return;
    }
    do
        snprintf(text, sizeof text, "%.*g", digits, real);
    while (++digits <= 17 && (is_single ? strtof(text, NULL) != (float)real : strtod(text, NULL) != real));
    acti_printed_format(t, "%s%s", text, strpbrk(text, ".e") == NULL ? ".0" : "");
}

acta_str
acti_printed_end(acti_printed *t)
{
    acti_printed_put(t, "", 1);
    if (!acti_printed_has_failed(t)) return acta_str_from(t->data, t->used - 1);
    acta_memory_free(t->memory, t->data);
    return acta_str_from(NULL, 0);
}
