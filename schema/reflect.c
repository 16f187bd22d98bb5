/*
 * Binary schemas: finding in them, for all that read one.
 */
#include "reflect.h"

bool
acti_schema_open(acta_bytes binary, reflection_Schema *schema_out)
{
    bool is_called_so = binary.data != NULL && binary.size >= 8 && memcmp(binary.data + 4, "BFBS", 4) == 0;
    if (!is_called_so || reflection_Schema_verify(binary, NULL) != ACTA_OK) return false;

    reflection_Schema_decode(binary, schema_out);
    return true;
}

bool
acti_object_named(const reflection_Schema *schema, acta_str name, reflection_Object *object_out)
{
    for (uint32_t i = 0; reflection_Object_vector_at(schema->objects, i, object_out); i++)
        if (acta_str_equal(object_out->name, name)) return true;
    return false;
}

bool
acti_field_of_id(const reflection_Object *object, uint32_t id, reflection_Field *field_out)
{
    for (uint32_t i = 0; reflection_Field_vector_at(object->fields, i, field_out); i++)
        if (field_out->id == id) return true;
    return false;
}

bool
acti_value_of_number(const reflection_Enum *of, int64_t number, reflection_EnumVal *value_out)
{
    for (uint32_t i = 0; reflection_EnumVal_vector_at(of->values, i, value_out); i++)
        if (value_out->value == number) return true;
    return false;
}

acta_str
acti_attribute_of(reflection_KeyValue_vector attributes, const char *name)
{
    reflection_KeyValue pair;

    for (uint32_t i = 0; reflection_KeyValue_vector_at(attributes, i, &pair); i++)
        if (acta_str_equal(pair.key, acta_str_of(name))) return pair.value.data != NULL ? pair.value : acta_str_of("");
    return acta_str_from(NULL, 0);
}

const char *
acti_type_keyword(reflection_BaseType base)
{
    static const char *const keywords[] = { "none", "utype", "bool", "byte", "ubyte", "short", "ushort", "int", "uint",
        "long", "ulong", "float", "double", "string", "vector", "table", "union", "array" };
    static_assert(sizeof keywords / sizeof keywords[0] == reflection_BaseType_MaxBaseType, "each type has a name");

    return base >= 0 && base < reflection_BaseType_MaxBaseType ? keywords[base] : "unknown";
}
