/*
 * What all readers of a binary schema ask of it: by the code that actac makes of FlatBuffers' own schema of schemas
 * (reflection.fbs, as the library ships it). Objects and fields are sorted by name there; what is asked for is mostly an
 * id, so these look through all.
 */
#ifndef ACTA_SCHEMA_REFLECT_H
#define ACTA_SCHEMA_REFLECT_H

#include "internal.h"

#include "reflection.acta.h"

#ifdef __cplusplus
extern "C" {
#endif

/* False: these bytes are no binary schema. What it has are views of `binary`. */
bool acti_schema_open(acta_bytes binary, reflection_Schema *schema_out);

/*
 * The same schema as the official library may have it, in the memory; sound.c.
 * Errors: ACTA_CORRUPT it is no binary schema, or a damaged one; ACTA_NO_MEMORY
 */
acta_status acti_schema_sound_copy(acta_bytes binary, acta_memory *memory, acta_bytes *copy_out);

/* False, and an object of any content, when there is none. */
bool acti_object_named(const reflection_Schema *schema, acta_str name, reflection_Object *object_out);
bool acti_field_of_id(const reflection_Object *object, uint32_t id, reflection_Field *field_out);
bool acti_value_of_number(const reflection_Enum *of, int64_t number, reflection_EnumVal *value_out);

/* The attribute's value, "" when it has none; absent when there is no such attribute. */
acta_str acti_attribute_of(reflection_KeyValue_vector attributes, const char *name);

/* As the language calls it: "ulong". */
const char *acti_type_keyword(reflection_BaseType base);

/* Real numbers, and all numbers: enums, bools and the types of unions are some. */
static inline bool
acti_type_is_real(reflection_BaseType base)
{
    return base == reflection_BaseType_Float || base == reflection_BaseType_Double;
}

static inline bool
acti_type_is_number(reflection_BaseType base)
{
    return base > reflection_BaseType_None && base < reflection_BaseType_String;
}

#ifdef __cplusplus
}
#endif
#endif
