/*
 * See safe_text.h. A seam: writes to the file that the user gave.
 */
#include "safe_text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void
acti_text_flush(acti_text *text)
{
    size_t done = 0;

    while (text->fd >= 0 && done < text->size) {
        ssize_t count = write(text->fd, text->bytes + done, text->size - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break; /* nobody is left to tell */
        done += (size_t)count;
    }
    if (text->fd >= 0) text->size = 0;
}

void
acti_text_bytes(acti_text *text, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text->size == text->capacity) acti_text_flush(text);
        if (text->size == text->capacity) return;
        text->bytes[text->size++] = bytes[i];
    }
}

void
acti_text_put(acti_text *text, const char *string)
{
    if (string == NULL) string = "(null)";
    acti_text_bytes(text, string, strlen(string));
}

void
acti_text_number(acti_text *text, uint64_t number, unsigned width, char fill)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[sizeof digits - ++count] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (unsigned i = count; i < width; i++)
        acti_text_bytes(text, &fill, 1);
    acti_text_bytes(text, digits + sizeof digits - count, count);
}

void
acti_text_hex(acti_text *text, uint64_t number)
{
    char digits[18];
    unsigned count = 0;

    do {
        digits[sizeof digits - ++count] = "0123456789abcdef"[number % 16];
        number /= 16;
    } while (number > 0);
    digits[sizeof digits - ++count] = 'x';
    digits[sizeof digits - ++count] = '0';
    acti_text_bytes(text, digits + sizeof digits - count, count);
}

void
acti_text_column(acti_text *text, const char *string, unsigned width)
{
    acti_text_put(text, string);
    for (size_t i = strlen(string); i < width; i++)
        acti_text_bytes(text, " ", 1);
}

void
acti_text_end(acti_text *text)
{
    if (text->capacity == 0) return;
    text->bytes[text->size < text->capacity ? text->size : text->capacity - 1] = '\0';
}
