/*
 * JSON as text, before and after the official parser: its tokens, the order that the parser wants, places.
 */
#ifndef ACTI_SCHEMA_JSON_TEXT_H
#define ACTI_SCHEMA_JSON_TEXT_H

#include "internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The next token from *at on, which is then behind it: one of {}[]:, or a string with its quotes, or a word. False: there is
 * none. */
bool acti_json_token(acta_str text, size_t *at, acta_str *token_out);

/* The field that a key names; of a union's type ("payment_type") the union, with *is_type_out. NULL: none. */
const acta_field *acti_json_field(const acta_table *table, acta_str key, bool *is_type_out);

/* Where the value of a union's type begins in the object that begins at `object`, wherever it stands there; the text's end:
 * nowhere. */
size_t acti_json_type_at(acta_str text, size_t object, const acta_field *field);

/* The next item of a list: *at is at its [ before the first, then behind the item. False: none. */
bool acti_json_next_item(acta_str text, size_t *at, acta_str *item_out);

/* The member that a type token names, or numbers; NULL: none. */
const acta_union_member *acti_json_member(const acta_union *of, acta_str token);

/* A part of the ordered text, and where it was in the given one. */
typedef struct acti_json_piece {
    size_t at, given, size;
} acti_json_piece;

typedef struct acti_json_ordered {
    acta_str text;
    acti_json_piece *pieces; /* NULL: it is the given text */
    size_t piece_count, piece_room;
} acti_json_ordered;

/*
 * The text with each union's type right before its value, and unions in the order of their ids: the parser takes the last
 * type that it has seen. Text that isn't JSON stays as it is: the parser says what is wrong with it.
 *   memory  for the text, if it becomes another
 * Errors: ACTA_INVALID unions without their types, types without their values, and others that the parser would misread.
 *         ACTA_NO_MEMORY
 */
acta_status acti_json_order(
    const acta_table *table, acta_str text, acta_memory *memory, acti_json_ordered *out, acta_error *error);

/* One object of strings, whole numbers and bools into a C struct; json_plain.c. False: it is anything else, right or wrong, and
 * the struct is of any content. Strings are views of the text. */
bool acti_json_read_plain(const acta_table *table, acta_str text, void *value_out);

/* The end of something in the ordered text: where it is in the given one. */
size_t acti_json_given(const acti_json_ordered *ordered, size_t end);

/* ACTA_INVALID: "line 1, column 12: PATH what", the path and place of the token that begins at `at`. */
acta_status acti_json_say(const acta_table *table, acta_str text, size_t at, const char *what, acta_error *error);

/* "one of Circle, Point"; for lists of what is expected. */
void acti_json_put_members(const acta_union *of, char *out, size_t size);

/* Fill an error from what the official parser said of the ordered text; ACTA_INVALID. */
acta_status acti_json_error(
    const acta_table *table, acta_str given, const acti_json_ordered *ordered, const char *raw, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
