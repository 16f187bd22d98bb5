/*
 * What the files of the comparison share: compare.c goes through tables and fields, compare_marks.c knows the attributes.
 */
#ifndef ACTI_SCHEMA_COMPARE_H
#define ACTI_SCHEMA_COMPARE_H

#include "reflect.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acti_comparison {
    reflection_Schema before, after;
    bool *done; /* a flag a table of `before`, and behind them one an enum */
    acta_schema_tell *tell;
    void *user;
    acta_error *error;
    uint32_t count;    /* of changes that were told */
    bool is_in_struct; /* whose fields are being compared */
} acti_comparison;

/* Tell one change that isn't allowed. `member`: empty for the whole table. */
void ACTA_PRINTF(4, 5)
    acti_compare_refuse(acti_comparison *c, acta_str table, acta_str member, const char *format, ...);

/* The attribute's value, empty where it has none; absent when there is no such attribute. */
acta_str acti_compare_attribute(reflection_KeyValue_vector attributes, const char *name);

/* What a buffer of the old schema holds, by the name of its table: with all that is in it. */
void acti_compare_named(acti_comparison *c, acta_str name);

/* One field's attributes; compare_marks.c. */
void acti_compare_field_marks(
    acti_comparison *c, const reflection_Object *object, const reflection_Field *before, const reflection_Field *after);

/* What a command of the old schema is routed by: its aggregate, and how the streams of that are named. */
void acti_compare_route(acti_comparison *c, uint32_t index);

/* All values of the old schema's (rejection): outcomes that are kept have them. False: it has none such. */
bool acti_compare_is_rejection(const reflection_Enum *of);

#ifdef __cplusplus
}
#endif
#endif
