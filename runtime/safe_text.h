/*
 * Text that is made where nothing may be called: in a signal handler, with the heap and every lock in an unknown state.
 * Bytes are put into a buffer of the caller's; with a file behind it, a full buffer is written out, else the text is cut.
 */
#ifndef ACTI_RUNTIME_SAFE_TEXT_H
#define ACTI_RUNTIME_SAFE_TEXT_H

#include <stddef.h>
#include <stdint.h>

typedef struct acti_text {
    char *bytes;
    size_t capacity, size;
    int fd; /* -1: none */
} acti_text;

void acti_text_flush(acti_text *text);
void acti_text_bytes(acti_text *text, const char *bytes, size_t size);
void acti_text_put(acti_text *text, const char *string);                            /* NULL: "(null)" */
void acti_text_number(acti_text *text, uint64_t number, unsigned width, char fill); /* decimal, right-aligned */
void acti_text_hex(acti_text *text, uint64_t number);                               /* 0x… */
void acti_text_column(acti_text *text, const char *string, unsigned width);         /* left-aligned */
void acti_text_end(acti_text *text); /* no file: end the string with 0, in the buffer's last place if it is full */

#endif
