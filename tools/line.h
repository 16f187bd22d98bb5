/*
 * A line of JSON, put together member by member in room that its writer has measured: what `acta export` prints.
 */
#ifndef TOOLS_LINE_H
#define TOOLS_LINE_H

#include "acta/id.h"
#include "acta/str.h"

/* What a line needs beside texts and bytes: keys, numbers and ids. An escaped character has up to so many bytes. */
enum { LINE_FIXED_SIZE = 2048, LINE_ESCAPED_MAX = 6 };

typedef struct line_writer {
    char *begin, *at;
} line_writer;

void line_raw(line_writer *w, const char *text); /* as it is */
void line_text(line_writer *w, acta_str text);   /* in quotes */
void line_key(line_writer *w, const char *key);  /* behind a ',' but in a new object */

/* A member of the object at hand. */
void line_member(line_writer *w, const char *key, acta_str text);
void line_number(line_writer *w, const char *key, uint64_t number);
void line_base64(line_writer *w, const char *key, acta_bytes bytes); /* the URL alphabet, without padding */
void line_id(line_writer *w, const char *key, acta_id id);           /* none: no member */
void line_bytes(line_writer *w, const char *key, acta_bytes bytes);  /* as text, or else as KEY_base64 */
void line_tags(line_writer *w, acta_bytes tags);                     /* none: no member */

#endif
