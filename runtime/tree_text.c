/*
 * Text that grows, and scalars in it, such that tree_yaml.c reads the same again.
 *
 * A word that can't be taken for anything else is written plain; everything else in double quotes, with escapes for what
 * YAML doesn't let stand there: control characters, U+0085, U+2028, U+2029, U+FEFF, and what is not a character.
 */
#include "tree_internal.h"

#include <stdarg.h>
#include <stdio.h>

static bool
has_room(acti_page *text, size_t more)
{
    if (text->failed) return false;
    if (text->size + more < text->capacity) return true;
    size_t wider = text->capacity == 0 ? 256 : text->capacity * 2;
    while (wider <= text->size + more)
        wider *= 2;
    char *grown = acta_memory_alloc(text->memory, wider);
    if (grown == NULL) {
        text->failed = true;
        return false;
    }
    if (text->size > 0) memcpy(grown, text->data, text->size);
    acta_memory_free(text->memory, text->data);
    text->data = grown;
    text->capacity = wider;
    return true;
}

void
acti_page_add(acti_page *text, acta_str more)
{
    if (more.size == 0 || !has_room(text, more.size)) return;
    memcpy(text->data + text->size, more.data, more.size);
    text->size += more.size;
    text->data[text->size] = '\0';
}

void
acti_page_addf(acti_page *text, const char *format, ...)
{
    char line[200];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    acti_page_add(text, acta_str_of(line));
}

/* -- scalars -- */

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Words that readers of YAML take for something else, here or elsewhere. */
static bool
is_reserved(acta_str s)
{
    static const char *const words[] = { "true", "false", "null", "yes", "no", "on", "off", "y", "n" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t k = 0;
        while (k < s.size && words[i][k] != '\0' && (s.data[k] | 0x20) == words[i][k])
            k++;
        if (k == s.size && words[i][k] == '\0') return true;
    }
    return false;
}

static bool
is_plain(acta_str s)
{
    if (s.size == 0 || !is_letter(s.data[0]) || is_reserved(s)) return false;
    for (size_t i = 1; i < s.size; i++) {
        char c = s.data[i];
        if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '-' && c != '.') return false;
    }
    return true;
}

/* The character at the start of valid UTF-8, and how many bytes it takes. */
static uint32_t
decode(const unsigned char *at, size_t *bytes_out)
{
    if (at[0] < 0x80) return *bytes_out = 1, at[0];
    if (at[0] < 0xe0) return *bytes_out = 2, (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
    if (at[0] < 0xf0) return *bytes_out = 3, (at[0] & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
    *bytes_out = 4;
    return (at[0] & 0x07u) << 18 | (at[1] & 0x3fu) << 12 | (at[2] & 0x3fu) << 6 | (at[3] & 0x3fu);
}

static bool
stands_for_itself(uint32_t c)
{
    if (c == '"' || c == '\\' || c == 0x2028 || c == 0x2029 || c == 0xfeff) return false;
    return (c >= 0x20 && c <= 0x7e) || (c >= 0xa0 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) || c >= 0x10000;
}

static void
add_quoted(acti_page *text, acta_str s)
{
    size_t bytes;

    acti_page_add(text, acta_str_of("\""));
    for (size_t i = 0; i < s.size; i += bytes) {
        uint32_t c = decode((const unsigned char *)s.data + i, &bytes);
        if (stands_for_itself(c))
            acti_page_add(text, acta_str_from(s.data + i, bytes));
        else if (c == '"' || c == '\\')
            acti_page_addf(text, "\\%c", (int)c);
        else if (c == '\n')
            acti_page_addf(text, "\\n");
        else
            acti_page_addf(text, c < 0x100 ? "\\x%02X" : "\\u%04X", c);
    }
    acti_page_add(text, acta_str_of("\""));
}

bool
acti_page_add_scalar(acti_page *text, acta_str s)
{
    if (!acta_str_is_utf8(s)) return false;
    if (is_plain(s))
        acti_page_add(text, s);
    else
        add_quoted(text, s);
    return true;
}
