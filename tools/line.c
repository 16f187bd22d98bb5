/*
 * See line.h.
 */
#include "line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "acta/seal.h"
#include "acta/store.h"

void
line_raw(line_writer *w, const char *text)
{
    w->at = stpcpy(w->at, text);
}

static void
put_character(line_writer *w, unsigned char c)
{
    if (c == '"' || c == '\\')
        w->at += sprintf(w->at, "\\%c", c);
    else if (c == '\n' || c == '\r' || c == '\t')
        w->at += sprintf(w->at, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    else if (c < 0x20)
        w->at += sprintf(w->at, "\\u%04x", c);
    else
        *w->at++ = (char)c;
}

void
line_text(line_writer *w, acta_str text)
{
    *w->at++ = '"';
    for (size_t i = 0; i < text.size; i++)
        put_character(w, (unsigned char)text.data[i]);
    *w->at++ = '"';
}

void
line_key(line_writer *w, const char *key)
{
    if (w->at[-1] != '{') *w->at++ = ',';
    w->at += sprintf(w->at, "\"%s\":", key);
}

void
line_member(line_writer *w, const char *key, acta_str text)
{
    line_key(w, key);
    line_text(w, text);
}

void
line_number(line_writer *w, const char *key, uint64_t number)
{
    line_key(w, key);
    w->at += sprintf(w->at, "%" PRIu64, number);
}

void
line_base64(line_writer *w, const char *key, acta_bytes bytes)
{
    line_key(w, key);
    *w->at++ = '"';
    acta_text_of(bytes, w->at);
    w->at += acta_text_size(bytes.size);
    *w->at++ = '"';
}

void
line_id(line_writer *w, const char *key, acta_id id)
{
    char text[ACTA_ID_TEXT_SIZE];

    if (!acta_id_is_none(id)) line_member(w, key, acta_str_of(acta_id_format(id, text)));
}

/* Text that people can read is told as text. */
static bool
is_readable(acta_bytes bytes)
{
    if (!acta_str_is_utf8(acta_str_from(bytes.data, bytes.size))) return false;
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.data[i] < 0x20 && strchr("\t\n\r", bytes.data[i]) == NULL) return false;
    return memchr(bytes.data, '\0', bytes.size) == NULL;
}

void
line_bytes(line_writer *w, const char *key, acta_bytes bytes)
{
    char other[32];

    if (bytes.size == 0 || is_readable(bytes)) {
        line_member(w, key, acta_str_from(bytes.data, bytes.size));
        return;
    }
    snprintf(other, sizeof other, "%s_base64", key);
    line_base64(w, other, bytes);
}

void
line_tags(line_writer *w, acta_bytes tags)
{
    acta_str tag;

    if (tags.size == 0) return;
    line_key(w, "tags");
    *w->at++ = '[';
    while (acta_tag_next(&tags, &tag)) {
        if (w->at[-1] != '[') *w->at++ = ',';
        line_text(w, tag);
    }
    *w->at++ = ']';
}
