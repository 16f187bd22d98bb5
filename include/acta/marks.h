/*
 * Marks: what attributes of a schema say of single fields, beside how they lie in a buffer (buffer.h).
 *
 *     personal   only who has the key of the person that it is about can read it (personal.h)
 *     redacted   shown as *** wherever people look at it
 *     unique     of all states of the aggregate no two have the same value
 *     tag        the event can be found by it
 *     index      the row can be found by it
 *
 * actac writes a list of them for each table that has any; acta_marks_write changes the marked fields of a value on its
 * way into a buffer, those of nested tables too. User code needs from here acta_is_forgotten and acta_json_print_redacted.
 */
#ifndef ACTA_MARKS_H
#define ACTA_MARKS_H

#include "acta/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- forgotten -- */

/*
 * What a reader finds in a personal field of somebody who was forgotten: neither absent nor empty, but this, which begins
 * with a character that no text has (U+FDD0, which Unicode keeps for such uses). It stays what it is wherever it is copied
 * to: into a state, a row, a command.
 */
#define ACTA_FORGOTTEN_TEXT                                                                                            \
    "\xEF\xB7\x90"                                                                                                     \
    "forgotten"

/* Was this field's value forgotten? */
ACTA_API bool acta_is_forgotten(acta_str value);
/* The same for a field of bytes: `data` and `count` of its acta_uint8_vector. */
ACTA_API bool acta_is_forgotten_bytes(const void *data, size_t count);

/* -- descriptions, made by actac -- */

enum {
    ACTA_MARK_PERSONAL = 1,
    ACTA_MARK_REDACTED = 2,
    ACTA_MARK_UNIQUE = 4,
    ACTA_MARK_TAG = 8,
    ACTA_MARK_INDEX = 32, /* of a read model: rows are found by it (index.h) */
    ACTA_MARK_HOLDS = 16  /* the field is a table, or a vector of them, that has marks */
};

struct acta_mark {
    const char *field;
    uint32_t offset; /* in the C struct */
    uint16_t id;     /* its place in the vtable */
    uint8_t
        kind; /* acta_field_kind: STRING, VECTOR (of bytes), STRING_VECTOR, TABLE, TABLE_VECTOR; INDEX: numbers too */
    uint8_t what;            /* ACTA_MARK_…, any of them */
    uint32_t subject_offset; /* PERSONAL: of the string that names the subject */
    const char *subject;     /* PERSONAL: that field's name */
    const char *tag;         /* TAG: what its tags begin with, "student" of "student:17" */
    const acta_table *table; /* HOLDS */
};

/* Has the table, or one that it holds, a mark of these kinds? */
ACTA_API bool acta_table_is_marked(const acta_table *table, unsigned what);

/* -- for who handles values of any table -- */

/* One marked field that is present. `value_out` begins as its value; with data NULL the field becomes absent. What it
 * views must live until the write returns; `memory` may hold it. An error ends the write. */
typedef acta_status acta_mark_change(void *user, const acta_table *table, const acta_mark *mark, acta_str subject,
    acta_bytes *value_out, acta_memory *memory, acta_error *error);

/*
 * As table->write, with `change` called for each field that is marked with one of `what`, in nested tables too.
 *   value   not changed
 *   memory  for what is made on the way; nothing of it is needed afterwards
 */
ACTA_API acta_status acta_marks_write(const acta_table *table, const void *value, unsigned what,
    acta_mark_change *change, void *user, acta_memory *memory, acta_sink *sink, acta_error *error);

/* The same from buffer to buffer. A table without such marks: *buffer_out is the buffer itself, else it is in `memory`. */
ACTA_API acta_status acta_marks_rewrite(const acta_table *table, acta_bytes buffer, unsigned what,
    acta_mark_change *change, void *user, acta_memory *memory, acta_bytes *buffer_out, acta_error *error);

/* -- for people -- */

/* As acta_json_print, for logs, traces and audits: redacted and personal fields that are there show as "***", forgotten ones
 * as "(forgotten)". */
ACTA_API acta_status acta_json_print_redacted(
    const acta_table *table, acta_bytes buffer, acta_memory *memory, acta_str *text_out, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
