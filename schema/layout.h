/*
 * What write.c and layout.c share: a number's bits, and what of a table is where.
 */
#ifndef ACTA_SCHEMA_LAYOUT_H
#define ACTA_SCHEMA_LAYOUT_H

#include "internal.h"

/* A number's bits as in the buffer, the rest zero. */
static inline uint64_t
acti_bits_at(const acta_field *field, const void *at)
{
    uint64_t bits = 0;
    int32_t number;

    if (field->kind == ACTA_FIELD_BOOL) return *(const bool *)at;
    if (field->flags & ACTA_FIELD_ENUM) {
        memcpy(&number, at, sizeof number);
        return (uint64_t)(int64_t)number & UINT64_MAX >> (64 - 8 * acti_inline_size(field->kind));
    }
    switch (acti_inline_size(field->kind)) {
    case 1:
        memcpy(&bits, at, 1);
        break;
    case 2:
        memcpy(&bits, at, 2);
        break;
    case 4:
        memcpy(&bits, at, 4);
        break;
    default:
        memcpy(&bits, at, 8);
    }
    return bits;
}

typedef struct acti_presence {
    uint64_t bits[ACTA_FIELD_COUNT_MAX / 64]; /* by the field's index */
} acti_presence;

static inline bool
acti_has(const acti_presence *fields, uint32_t index)
{
    return (fields->bits[index / 64] >> index % 64 & 1) != 0;
}

/* What of a table is there, and where in it. */
typedef struct acti_plan {
    acti_presence fields;
    uint16_t offsets[ACTA_FIELD_COUNT_MAX]; /* in the table, by the field's index; 0: absent */
    uint16_t types[ACTA_FIELD_COUNT_MAX];   /* of unions: the same for their types */
    size_t size;                            /* of the table */
    size_t vtable_size;
    size_t alignment; /* of the place behind the table's first four bytes, if it is above 4 */
} acti_plan;

/* The plan of a value, or the field that can't be written, and why. */
const acta_field *acti_plan_table(const acta_table *table, const void *value, acti_plan *out, const char **what_out);

/* An enum with a number that its type in the buffer can't hold: in a field that is there, or in any member of the struct
 * that it is. */
bool acti_is_cut(const acta_field *field, const void *value);

/* `out` has inline_size bytes; write.c. */
void acti_put_struct(const acta_table *table, const void *value, uint8_t *out);

#endif
