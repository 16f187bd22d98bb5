/*
 * JSON as the gateway answers it, read strictly (RFC 8259) into values.
 */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include "acta/memory.h"
#include "acta/str.h"

typedef enum json_kind { JSON_WORD, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } json_kind;

typedef struct json_value json_value;
struct json_value {
    json_kind kind;    /* JSON_WORD: true, false or null */
    acta_str key;      /* in an object: the member's name */
    acta_str raw;      /* as it stands in the text, whole */
    acta_str text;     /* of a string: without quotes and escapes; else as raw */
    json_value *first; /* of an array's items, or an object's members; NULL: none */
    json_value *next;  /* behind it in the same array or object; NULL: it is the last */
};

enum { JSON_DEPTH_MAX = 64 };

/*
 * Read all of a text as one value, which lies in the memory and points into the text.
 * Errors: ACTA_CORRUPT where it is no JSON, has arrays in arrays deeper than JSON_DEPTH_MAX, or is no UTF-8; ACTA_NO_MEMORY
 */
acta_status json_read(acta_str text, acta_memory *memory, const json_value **value_out, acta_error *error);

/* NULL: it is no object, or has no such member. */
const json_value *json_member(const json_value *object, const char *key);

/* The text of a member; "" where there is none, or null. */
acta_str json_text(const json_value *object, const char *key);

/* A member that is a whole number from 0 on; 0 where there is none, or it is something else. */
uint64_t json_number(const json_value *object, const char *key);

/* There is a member, and it is true. */
bool json_is_true(const json_value *object, const char *key);

#endif
