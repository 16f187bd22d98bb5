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

/* reflection_Type_vector, _ref */
ACTA_TABLE_VIEWS(reflection_Type);
/* reflection_KeyValue_vector, _ref */
ACTA_TABLE_VIEWS(reflection_KeyValue);
/* reflection_EnumVal_vector, _ref */
ACTA_TABLE_VIEWS(reflection_EnumVal);
/* reflection_Enum_vector, _ref */
ACTA_TABLE_VIEWS(reflection_Enum);
/* reflection_Field_vector, _ref */
ACTA_TABLE_VIEWS(reflection_Field);
/* reflection_Object_vector, _ref */
ACTA_TABLE_VIEWS(reflection_Object);
/* reflection_RPCCall_vector, _ref */
ACTA_TABLE_VIEWS(reflection_RPCCall);
/* reflection_Service_vector, _ref */
ACTA_TABLE_VIEWS(reflection_Service);
/* reflection_SchemaFile_vector, _ref */
ACTA_TABLE_VIEWS(reflection_SchemaFile);
/* reflection_Schema_vector, _ref */
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
static inline void
reflection_Type_decode(acta_bytes buffer, reflection_Type *value_out)
{
    acta_view view = acta_view_of(buffer);

    value_out->base_type = (reflection_BaseType)acta_view_int8(view, 0, 0);
    value_out->element = (reflection_BaseType)acta_view_int8(view, 1, 0);
    value_out->index = acta_view_int32(view, 2, -1);
    value_out->fixed_length = acta_view_uint16(view, 3, 0);
    value_out->base_size = acta_view_uint32(view, 4, 4);
    value_out->element_size = acta_view_uint32(view, 5, 0);
}
/* reflection_Type_table, _verify, _decode, _write, _read */
ACTA_PLAIN_TABLE(reflection_Type);
/* reflection_Type_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(reflection_Type);

typedef struct reflection_KeyValue {
    acta_str key ACTA_ZERO; /* required, key */
    acta_str value ACTA_ZERO;
} reflection_KeyValue;
static inline void
reflection_KeyValue_decode(acta_bytes buffer, reflection_KeyValue *value_out)
{
    acta_view view = acta_view_of(buffer);

    value_out->key = acta_view_str(view, 0);
    value_out->value = acta_view_str(view, 1);
}
/* reflection_KeyValue_table, _verify, _decode, _write, _read */
ACTA_PLAIN_TABLE(reflection_KeyValue);
/* reflection_KeyValue_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(reflection_KeyValue);
/* reflection_KeyValue_vector_find, _sort */
ACTA_KEYED(reflection_KeyValue, acta_str);

typedef struct reflection_EnumVal {
    acta_str name ACTA_ZERO; /* required */
    int64_t value ACTA_ZERO; /* key */
    reflection_Type_ref union_type ACTA_ZERO;
    acta_str_vector documentation ACTA_ZERO;
} reflection_EnumVal;
/* reflection_EnumVal_table, _verify, _decode, _write, _read */
ACTA_TABLE(reflection_EnumVal);
/* reflection_EnumVal_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(reflection_EnumVal);
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
/* reflection_Enum_table, _verify, _decode, _write, _read */
ACTA_TABLE(reflection_Enum);
/* reflection_Enum_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(reflection_Enum);
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
/* reflection_Field_table, _verify, _decode, _write, _read */
ACTA_TABLE(reflection_Field);
/* reflection_Field_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(reflection_Field);
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
/* reflection_Object_table, _verify, _decode, _write, _read */
ACTA_TABLE(reflection_Object);
/* reflection_Object_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(reflection_Object);
/* reflection_Object_vector_find, _sort */
ACTA_KEYED(reflection_Object, acta_str);

typedef struct reflection_RPCCall {
    acta_str name ACTA_ZERO;                  /* required, key */
    reflection_Object_ref request ACTA_ZERO;  /* required */
    reflection_Object_ref response ACTA_ZERO; /* required */
    reflection_KeyValue_vector attributes ACTA_ZERO;
    acta_str_vector documentation ACTA_ZERO;
} reflection_RPCCall;
/* reflection_RPCCall_table, _verify, _decode, _write, _read */
ACTA_TABLE(reflection_RPCCall);
/* reflection_RPCCall_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(reflection_RPCCall);
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
/* reflection_Service_table, _verify, _decode, _write, _read */
ACTA_TABLE(reflection_Service);
/* reflection_Service_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(reflection_Service);
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
/* reflection_SchemaFile_table, _verify, _decode, _write, _read */
ACTA_TABLE(reflection_SchemaFile);
/* reflection_SchemaFile_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(reflection_SchemaFile);
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
/* reflection_Schema_table, _verify, _decode, _write, _read */
ACTA_TABLE(reflection_Schema);
/* reflection_Schema_vector_at, _ref_get */
ACTA_TABLE_VIEW_FUNCTIONS(reflection_Schema);

#ifdef __cplusplus
}
#endif

#endif
