/*
 * Traceparent: read and written. https://www.w3.org/TR/trace-context/#traceparent-header
 */
#include "acta/traceparent.h"

#include <string.h>

#include "acta/metadata.h"

enum { AT_TRACE = 3, AT_SPAN = 36, AT_FLAGS = 53 };

/* In small letters, as the standard wants them; -1: it is none. */
static int
digit_of(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
read_bytes(const char *text, uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool
acta_traceparent_parse(acta_str text, acta_traceparent *out)
{
    static const uint8_t none[8];
    acta_traceparent read;
    uint8_t version;

    *out = (acta_traceparent){ .flags = 0 };
    if (text.size < ACTA_TRACEPARENT_SIZE || !read_bytes(text.data, &version, 1) || version == 0xff) return false;
    if (text.size > ACTA_TRACEPARENT_SIZE && (version == 0 || text.data[ACTA_TRACEPARENT_SIZE] != '-')) return false;
    if (text.data[AT_TRACE - 1] != '-' || text.data[AT_SPAN - 1] != '-' || text.data[AT_FLAGS - 1] != '-') return false;
    if (!read_bytes(text.data + AT_TRACE, read.trace_id, sizeof read.trace_id) ||
        !read_bytes(text.data + AT_SPAN, read.span_id, sizeof read.span_id) ||
        !read_bytes(text.data + AT_FLAGS, &read.flags, 1))
        return false;
    if (!acta_traceparent_is_set(&read) || memcmp(read.span_id, none, sizeof none) == 0) return false;
    *out = read;
    return true;
}

acta_traceparent
acta_traceparent_of(acta_bytes metadata)
{
    acta_traceparent traceparent = { .flags = 0 };
    acta_str text = acta_metadata_find(metadata, acta_str_of(ACTA_TRACEPARENT));

    if (text.data != NULL) acta_traceparent_parse(text, &traceparent);
    return traceparent;
}

static char *
write_bytes(char *to, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    return to;
}

acta_str
acta_traceparent_write(const acta_traceparent *traceparent, char *room)
{
    static const uint8_t version = 0;
    char *to = write_bytes(room, &version, 1);

    *to++ = '-';
    to = write_bytes(to, traceparent->trace_id, sizeof traceparent->trace_id);
    *to++ = '-';
    to = write_bytes(to, traceparent->span_id, sizeof traceparent->span_id);
    *to++ = '-';
    to = write_bytes(to, &traceparent->flags, 1);
    *to = '\0';
    return acta_str_from(room, (size_t)(to - room));
}
