/*
 * Writer: see writer.h.
 */
#include "acta/writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIRST = 512 };

void
acta_writer_clear(acta_writer *writer)
{
    if (writer->data != NULL) writer->allocator->free(writer->allocator->user, writer->data, writer->room);
    writer->data = NULL;
    writer->size = writer->room = 0;
}

static bool
make_room(acta_writer *writer, size_t more)
{
    if (writer->failed) return false;
    if (writer->room - writer->size >= more) return true;

    size_t room = writer->room != 0 ? writer->room * 2 : FIRST;
    while (room - writer->size < more)
        room *= 2;
    char *data = writer->allocator->alloc(writer->allocator->user, room);
    if (data == NULL) {
        writer->failed = true;
        return false;
    }
    if (writer->size != 0) memcpy(data, writer->data, writer->size);
    if (writer->data != NULL) writer->allocator->free(writer->allocator->user, writer->data, writer->room);
    writer->data = data;
    writer->room = room;
    return true;
}

void
acta_writer_add(acta_writer *writer, acta_str more)
{
    if (more.size == 0 || !make_room(writer, more.size)) return;
    memcpy(writer->data + writer->size, more.data, more.size);
    writer->size += more.size;
}

void
acta_writer_format(acta_writer *writer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0 || !make_room(writer, (size_t)size + 1)) return;
    va_start(arguments, format);
    vsnprintf(writer->data + writer->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    writer->size += (size_t)size;
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
add_escaped(acta_writer *writer, unsigned char c)
{
    switch (c) {
    case '"':
        acta_writer_add(writer, acta_str_of("\\\""));
        return;
    case '\\':
        acta_writer_add(writer, acta_str_of("\\\\"));
        return;
    case '\n':
        acta_writer_add(writer, acta_str_of("\\n"));
        return;
    default:
        acta_writer_format(writer, "\\u%04x", c);
    }
}

void
acta_writer_json(acta_writer *writer, acta_str string)
{
    size_t plain = 0; /* where what needs no change begins */

    acta_writer_add(writer, acta_str_of("\""));
    for (size_t i = 0; i < string.size;) {
        unsigned char c = (unsigned char)string.data[i];
        size_t size = c < 0x80 ? 1 : sequence_size(string, i);
        if (size != 0 && !(size == 1 && is_escaped(c))) {
            i += size;
            continue;
        }
        acta_writer_add(writer, acta_str_from(string.data + plain, i - plain));
        if (size == 0)
            acta_writer_add(writer, acta_str_of("\xEF\xBF\xBD"));
        else
            add_escaped(writer, c);
        plain = ++i;
    }
    acta_writer_add(writer, acta_str_from(string.data + plain, string.size - plain));
    acta_writer_add(writer, acta_str_of("\""));
}
