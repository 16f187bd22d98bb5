/*
 * Made by actac from reflection.fbs: change that, not this.
 */
#ifndef REFLECTION_ACTA_H
#define REFLECTION_ACTA_H

#include "acta/generated.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const acta_schema reflection_schema;

typedef enum reflection_BaseType ACTA_ENUM_TYPE {
    reflection_BaseType_None = 0,
    reflection_BaseType_UType = 1,
    reflection_BaseType_Bool = 2,
    reflection_BaseType_Byte = 3,
    reflection_BaseType_UByte = 4,
    reflection_BaseType_Short = 5,
    reflection_BaseType_UShort = 6,
    reflection_BaseType_Int = 7,
    reflection_BaseType_UInt = 8,
    reflection_BaseType_Long = 9,
    reflection_BaseType_ULong = 10,
    reflection_BaseType_Float = 11,
    reflection_BaseType_Double = 12,
    reflection_BaseType_String = 13,
    reflection_BaseType_Vector = 14,
    reflection_BaseType_Obj = 15,
    reflection_BaseType_Union = 16,
    reflection_BaseType_Array = 17,
    reflection_BaseType_MaxBaseType = 18,
} reflection_BaseType;
/* reflection_BaseType_optional */
ACTA_OPTIONAL(reflection_BaseType);
const char *reflection_BaseType_name(reflection_BaseType value); /* as in the schema; "unknown" for any other */

/* New schema language features that are not supported by old code generators. */
typedef uint64_t reflection_AdvancedFeatures;
#define reflection_AdvancedFeatures_AdvancedArrayFeatures    UINT64_C(1)
#define reflection_AdvancedFeatures_AdvancedUnionFeatures    UINT64_C(2)
#define reflection_AdvancedFeatures_OptionalScalars          UINT64_C(4)
#define reflection_AdvancedFeatures_DefaultVectorsAndStrings UINT64_C(8)
/* reflection_AdvancedFeatures_optional */
ACTA_OPTIONAL(reflection_AdvancedFeatures);
const char *reflection_AdvancedFeatures_name(
    reflection_AdvancedFeatures value); /* as in the schema; "unknown" for any other */

/* Of each T: T_vector, and T_ref where it is no union. */
ACTA_TABLE_VIEWS(reflection_Type);
ACTA_TABLE_VIEWS(reflection_KeyValue);
ACTA_TABLE_VIEWS(reflection_EnumVal);
ACTA_TABLE_VIEWS(reflection_Enum);
ACTA_TABLE_VIEWS(reflection_Field);
ACTA_TABLE_VIEWS(reflection_Object);
ACTA_TABLE_VIEWS(reflection_RPCCall);
ACTA_TABLE_VIEWS(reflection_Service);
ACTA_TABLE_VIEWS(reflection_SchemaFile);
ACTA_TABLE_VIEWS(reflection_Schema);

typedef struct reflection_Type {
    reflection_BaseType base_type ACTA_ZERO;
    reflection_BaseType element ACTA_ZERO;
    int32_t index ACTA_ZERO;
    uint16_t fixed_length ACTA_ZERO;
    /* The size (octets) of the `base_type` field. */
    uint32_t base_size ACTA_ZERO;
    /* The size (octets) of the `element` field, if present. */
    uint32_t element_size ACTA_ZERO;
} reflection_Type;
ACTI_READ_TABLE(reflection_Type)
{
    value_out->element_size = acta_view_uint32(view, 5, 0);
    value_out->base_size = acta_view_uint32(view, 4, 4);
    value_out->fixed_length = acta_view_uint16(view, 3, 0);
    value_out->index = acta_view_int32(view, 2, -1);
    value_out->element = (reflection_BaseType)acta_view_int8(view, 1, 0);
    value_out->base_type = (reflection_BaseType)acta_view_int8(view, 0, 0);
}
/* reflection_Type_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(reflection_Type);

typedef struct reflection_KeyValue {
    acta_str key ACTA_ZERO; /* required, key */
    acta_str value ACTA_ZERO;
} reflection_KeyValue;
ACTI_READ_TABLE(reflection_KeyValue)
{
    value_out->value = acta_view_str(view, 1);
    value_out->key = acta_view_str(view, 0);
}
/* reflection_KeyValue_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(reflection_KeyValue);
/* reflection_KeyValue_vector_find, _sort */
ACTA_KEYED(reflection_KeyValue, acta_str);

typedef struct reflection_EnumVal {
    acta_str name ACTA_ZERO; /* required */
    int64_t value ACTA_ZERO; /* key */
    reflection_Type_ref union_type ACTA_ZERO;
    acta_str_vector documentation ACTA_ZERO;
} reflection_EnumVal;
ACTI_READ_TABLE(reflection_EnumVal)
{
    value_out->documentation = acta_view_str_vector(view, 4);
    value_out->union_type = acti_reflection_Type_ref_of(view, 3);
    value_out->value = acta_view_int64(view, 1, INT64_C(0));
    value_out->name = acta_view_str(view, 0);
}
/* reflection_EnumVal_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(reflection_EnumVal);
/* reflection_EnumVal_vector_find, _sort */
ACTA_KEYED(reflection_EnumVal, int64_t);

typedef struct reflection_Enum {
    acta_str name ACTA_ZERO;                    /* required, key */
    reflection_EnumVal_vector values ACTA_ZERO; /* required */
    bool is_union ACTA_ZERO;
    reflection_Type_ref underlying_type ACTA_ZERO; /* required */
    reflection_KeyValue_vector attributes ACTA_ZERO;
    acta_str_vector documentation ACTA_ZERO;
    /* File that this Enum is declared in. */
    acta_str declaration_file ACTA_ZERO;
} reflection_Enum;
ACTI_READ_TABLE(reflection_Enum)
{
    value_out->declaration_file = acta_view_str(view, 6);
    value_out->documentation = acta_view_str_vector(view, 5);
    value_out->attributes = acti_reflection_KeyValue_vector_of(view, 4);
    value_out->underlying_type = acti_reflection_Type_ref_of(view, 3);
    value_out->is_union = acta_view_bool(view, 2, false);
    value_out->values = acti_reflection_EnumVal_vector_of(view, 1);
    value_out->name = acta_view_str(view, 0);
}
/* reflection_Enum_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(reflection_Enum);
/* reflection_Enum_vector_find, _sort */
ACTA_KEYED(reflection_Enum, acta_str);

typedef struct reflection_Field {
    acta_str name ACTA_ZERO;            /* required, key */
    reflection_Type_ref type ACTA_ZERO; /* required */
    uint16_t id ACTA_ZERO;
    uint16_t offset ACTA_ZERO;
    int64_t default_integer ACTA_ZERO;
    double default_real ACTA_ZERO;
    bool deprecated ACTA_ZERO;
    bool required ACTA_ZERO;
    bool key ACTA_ZERO;
    reflection_KeyValue_vector attributes ACTA_ZERO;
    acta_str_vector documentation ACTA_ZERO;
    bool optional ACTA_ZERO;
    /* Number of padding octets to always add after this field. Structs only. */
    uint16_t padding ACTA_ZERO;
} reflection_Field;
ACTI_READ_TABLE(reflection_Field)
{
    value_out->padding = acta_view_uint16(view, 12, 0);
    value_out->optional = acta_view_bool(view, 11, false);
    value_out->documentation = acta_view_str_vector(view, 10);
    value_out->attributes = acti_reflection_KeyValue_vector_of(view, 9);
    value_out->key = acta_view_bool(view, 8, false);
    value_out->required = acta_view_bool(view, 7, false);
    value_out->deprecated = acta_view_bool(view, 6, false);
    value_out->default_real = acta_view_double(view, 5, 0);
    value_out->default_integer = acta_view_int64(view, 4, INT64_C(0));
    value_out->offset = acta_view_uint16(view, 3, 0);
    value_out->id = acta_view_uint16(view, 2, 0);
    value_out->type = acti_reflection_Type_ref_of(view, 1);
    value_out->name = acta_view_str(view, 0);
}
/* reflection_Field_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(reflection_Field);
/* reflection_Field_vector_find, _sort */
ACTA_KEYED(reflection_Field, acta_str);

typedef struct reflection_Object {
    acta_str name ACTA_ZERO;                  /* required, key */
    reflection_Field_vector fields ACTA_ZERO; /* required */
    bool is_struct ACTA_ZERO;
    int32_t minalign ACTA_ZERO;
    int32_t bytesize ACTA_ZERO;
    reflection_KeyValue_vector attributes ACTA_ZERO;
    acta_str_vector documentation ACTA_ZERO;
    /* File that this Object is declared in. */
    acta_str declaration_file ACTA_ZERO;
} reflection_Object;
ACTI_READ_TABLE(reflection_Object)
{
    value_out->declaration_file = acta_view_str(view, 7);
    value_out->documentation = acta_view_str_vector(view, 6);
    value_out->attributes = acti_reflection_KeyValue_vector_of(view, 5);
    value_out->bytesize = acta_view_int32(view, 4, 0);
    value_out->minalign = acta_view_int32(view, 3, 0);
    value_out->is_struct = acta_view_bool(view, 2, false);
    value_out->fields = acti_reflection_Field_vector_of(view, 1);
    value_out->name = acta_view_str(view, 0);
}
/* reflection_Object_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(reflection_Object);
/* reflection_Object_vector_find, _sort */
ACTA_KEYED(reflection_Object, acta_str);

typedef struct reflection_RPCCall {
    acta_str name ACTA_ZERO;                  /* required, key */
    reflection_Object_ref request ACTA_ZERO;  /* required */
    reflection_Object_ref response ACTA_ZERO; /* required */
    reflection_KeyValue_vector attributes ACTA_ZERO;
    acta_str_vector documentation ACTA_ZERO;
} reflection_RPCCall;
ACTI_READ_TABLE(reflection_RPCCall)
{
    value_out->documentation = acta_view_str_vector(view, 4);
    value_out->attributes = acti_reflection_KeyValue_vector_of(view, 3);
    value_out->response = acti_reflection_Object_ref_of(view, 2);
    value_out->request = acti_reflection_Object_ref_of(view, 1);
    value_out->name = acta_view_str(view, 0);
}
/* reflection_RPCCall_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(reflection_RPCCall);
/* reflection_RPCCall_vector_find, _sort */
ACTA_KEYED(reflection_RPCCall, acta_str);

typedef struct reflection_Service {
    acta_str name ACTA_ZERO; /* required, key */
    reflection_RPCCall_vector calls ACTA_ZERO;
    reflection_KeyValue_vector attributes ACTA_ZERO;
    acta_str_vector documentation ACTA_ZERO;
    /* File that this Service is declared in. */
    acta_str declaration_file ACTA_ZERO;
} reflection_Service;
ACTI_READ_TABLE(reflection_Service)
{
    value_out->declaration_file = acta_view_str(view, 4);
    value_out->documentation = acta_view_str_vector(view, 3);
    value_out->attributes = acti_reflection_KeyValue_vector_of(view, 2);
    value_out->calls = acti_reflection_RPCCall_vector_of(view, 1);
    value_out->name = acta_view_str(view, 0);
}
/* reflection_Service_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(reflection_Service);
/* reflection_Service_vector_find, _sort */
ACTA_KEYED(reflection_Service, acta_str);

/* File specific information.
 * Symbols declared within a file may be recovered by iterating over all
 * symbols and examining the `declaration_file` field. */
typedef struct reflection_SchemaFile {
    /* Filename, relative to project root. */
    acta_str filename ACTA_ZERO; /* required, key */
    /* Names of included files, relative to project root. */
    acta_str_vector included_filenames ACTA_ZERO;
} reflection_SchemaFile;
ACTI_READ_TABLE(reflection_SchemaFile)
{
    value_out->included_filenames = acta_view_str_vector(view, 1);
    value_out->filename = acta_view_str(view, 0);
}
/* reflection_SchemaFile_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(reflection_SchemaFile);
/* reflection_SchemaFile_vector_find, _sort */
ACTA_KEYED(reflection_SchemaFile, acta_str);

typedef struct reflection_Schema {
    reflection_Object_vector objects ACTA_ZERO; /* required */
    reflection_Enum_vector enums ACTA_ZERO;     /* required */
    acta_str file_ident ACTA_ZERO;
    acta_str file_ext ACTA_ZERO;
    reflection_Object_ref root_table ACTA_ZERO;
    reflection_Service_vector services ACTA_ZERO;
    reflection_AdvancedFeatures advanced_features ACTA_ZERO;
    /* All the files used in this compilation. Files are relative to where
     * flatc was invoked. */
    reflection_SchemaFile_vector fbs_files ACTA_ZERO;
} reflection_Schema;
ACTI_READ_TABLE(reflection_Schema)
{
    value_out->fbs_files = acti_reflection_SchemaFile_vector_of(view, 7);
    value_out->advanced_features = (reflection_AdvancedFeatures)acta_view_uint64(view, 6, UINT64_C(0));
    value_out->services = acti_reflection_Service_vector_of(view, 5);
    value_out->root_table = acti_reflection_Object_ref_of(view, 4);
    value_out->file_ext = acta_view_str(view, 3);
    value_out->file_ident = acta_view_str(view, 2);
    value_out->enums = acti_reflection_Enum_vector_of(view, 1);
    value_out->objects = acti_reflection_Object_vector_of(view, 0);
}
/* reflection_Schema_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(reflection_Schema);

#ifdef __cplusplus
}
#endif

#endif
