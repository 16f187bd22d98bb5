/*
 * Made by actac from reflection.fbs: change that, not this.
 */
#include "reflection.acta.h"

const char *
reflection_BaseType_name(reflection_BaseType value)
{
    switch (value) {
    case reflection_BaseType_None:
        return "None";
    case reflection_BaseType_UType:
        return "UType";
    case reflection_BaseType_Bool:
        return "Bool";
    case reflection_BaseType_Byte:
        return "Byte";
    case reflection_BaseType_UByte:
        return "UByte";
    case reflection_BaseType_Short:
        return "Short";
    case reflection_BaseType_UShort:
        return "UShort";
    case reflection_BaseType_Int:
        return "Int";
    case reflection_BaseType_UInt:
        return "UInt";
    case reflection_BaseType_Long:
        return "Long";
    case reflection_BaseType_ULong:
        return "ULong";
    case reflection_BaseType_Float:
        return "Float";
    case reflection_BaseType_Double:
        return "Double";
    case reflection_BaseType_String:
        return "String";
    case reflection_BaseType_Vector:
        return "Vector";
    case reflection_BaseType_Obj:
        return "Obj";
    case reflection_BaseType_Union:
        return "Union";
    case reflection_BaseType_Array:
        return "Array";
    case reflection_BaseType_MaxBaseType:
        return "MaxBaseType";
    }
    return "unknown";
}

const char *
reflection_AdvancedFeatures_name(reflection_AdvancedFeatures value)
{
    switch (value) {
    case reflection_AdvancedFeatures_AdvancedArrayFeatures:
        return "AdvancedArrayFeatures";
    case reflection_AdvancedFeatures_AdvancedUnionFeatures:
        return "AdvancedUnionFeatures";
    case reflection_AdvancedFeatures_OptionalScalars:
        return "OptionalScalars";
    case reflection_AdvancedFeatures_DefaultVectorsAndStrings:
        return "DefaultVectorsAndStrings";
    }
    return "unknown";
}

static const acta_field reflection_Type_fields[] = {
    ACTA_NUMBER_FIELD(reflection_Type, base_type, 0, INT8, ACTA_FIELD_ENUM, 0),
    ACTA_NUMBER_FIELD(reflection_Type, element, 1, INT8, ACTA_FIELD_ENUM, 0),
    ACTA_NUMBER_FIELD(reflection_Type, index, 2, INT32, 0, UINT64_C(0xffffffff)),
    ACTA_NUMBER_FIELD(reflection_Type, fixed_length, 3, UINT16, 0, 0),
    ACTA_NUMBER_FIELD(reflection_Type, base_size, 4, UINT32, 0, UINT64_C(0x4)),
    ACTA_NUMBER_FIELD(reflection_Type, element_size, 5, UINT32, 0, 0),
};
ACTA_PLAIN_CODE(reflection_Type);
const acta_table reflection_Type_table = {
    .name = "reflection.Type",
    ACTA_TABLE_MEMBERS(reflection_Type, PLAIN, UINT64_C(0x9e4972affa95407f), reflection_schema),
    ACTA_CHECKED_FIELDS(reflection_Type),
};

static const acta_field reflection_KeyValue_fields[] = {
    ACTA_STRING_FIELD(reflection_KeyValue, key, 0, ACTA_FIELD_REQUIRED | ACTA_FIELD_KEY),
    ACTA_STRING_FIELD(reflection_KeyValue, value, 1, 0),
};
ACTA_PLAIN_CODE(reflection_KeyValue);
const acta_table reflection_KeyValue_table = {
    .name = "reflection.KeyValue",
    ACTA_TABLE_MEMBERS(reflection_KeyValue, PLAIN, UINT64_C(0x3471a8ddb73e23ae), reflection_schema),
    ACTA_CHECKED_FIELDS(reflection_KeyValue),
};

static const acta_field reflection_EnumVal_fields[] = {
    ACTA_STRING_FIELD(reflection_EnumVal, name, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(reflection_EnumVal, value, 1, INT64, ACTA_FIELD_KEY, 0),
    ACTA_TABLE_FIELD(reflection_EnumVal, union_type, 3, TABLE, reflection_Type, 0),
    ACTA_STRING_VECTOR_FIELD(reflection_EnumVal, documentation, 4, 0),
};
ACTA_CHECKED_CODE(reflection_EnumVal);
const acta_table reflection_EnumVal_table = {
    .name = "reflection.EnumVal",
    ACTA_TABLE_MEMBERS(reflection_EnumVal, PLAIN, UINT64_C(0xfdaacb931af2ab65), reflection_schema),
    ACTA_CHECKED_FIELDS(reflection_EnumVal),
};

static const acta_field reflection_Enum_fields[] = {
    ACTA_STRING_FIELD(reflection_Enum, name, 0, ACTA_FIELD_REQUIRED | ACTA_FIELD_KEY),
    ACTA_TABLE_FIELD(reflection_Enum, values, 1, TABLE_VECTOR, reflection_EnumVal, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(reflection_Enum, is_union, 2, BOOL, 0, 0),
    ACTA_TABLE_FIELD(reflection_Enum, underlying_type, 3, TABLE, reflection_Type, ACTA_FIELD_REQUIRED),
    ACTA_TABLE_FIELD(reflection_Enum, attributes, 4, TABLE_VECTOR, reflection_KeyValue, 0),
    ACTA_STRING_VECTOR_FIELD(reflection_Enum, documentation, 5, 0),
    ACTA_STRING_FIELD(reflection_Enum, declaration_file, 6, 0),
};
ACTA_CHECKED_CODE(reflection_Enum);
const acta_table reflection_Enum_table = {
    .name = "reflection.Enum",
    ACTA_TABLE_MEMBERS(reflection_Enum, PLAIN, UINT64_C(0x59c406ea33b1ff01), reflection_schema),
    ACTA_CHECKED_FIELDS(reflection_Enum),
};

static const acta_field reflection_Field_fields[] = {
    ACTA_STRING_FIELD(reflection_Field, name, 0, ACTA_FIELD_REQUIRED | ACTA_FIELD_KEY),
    ACTA_TABLE_FIELD(reflection_Field, type, 1, TABLE, reflection_Type, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(reflection_Field, id, 2, UINT16, 0, 0),
    ACTA_NUMBER_FIELD(reflection_Field, offset, 3, UINT16, 0, 0),
    ACTA_NUMBER_FIELD(reflection_Field, default_integer, 4, INT64, 0, 0),
    ACTA_NUMBER_FIELD(reflection_Field, default_real, 5, DOUBLE, 0, 0),
    ACTA_NUMBER_FIELD(reflection_Field, deprecated, 6, BOOL, 0, 0),
    ACTA_NUMBER_FIELD(reflection_Field, required, 7, BOOL, 0, 0),
    ACTA_NUMBER_FIELD(reflection_Field, key, 8, BOOL, 0, 0),
    ACTA_TABLE_FIELD(reflection_Field, attributes, 9, TABLE_VECTOR, reflection_KeyValue, 0),
    ACTA_STRING_VECTOR_FIELD(reflection_Field, documentation, 10, 0),
    ACTA_NUMBER_FIELD(reflection_Field, optional, 11, BOOL, 0, 0),
    ACTA_NUMBER_FIELD(reflection_Field, padding, 12, UINT16, 0, 0),
};
ACTA_CHECKED_CODE(reflection_Field);
const acta_table reflection_Field_table = {
    .name = "reflection.Field",
    ACTA_TABLE_MEMBERS(reflection_Field, PLAIN, UINT64_C(0x6e5e0061e351aab5), reflection_schema),
    ACTA_CHECKED_FIELDS(reflection_Field),
};

static const acta_field reflection_Object_fields[] = {
    ACTA_STRING_FIELD(reflection_Object, name, 0, ACTA_FIELD_REQUIRED | ACTA_FIELD_KEY),
    ACTA_TABLE_FIELD(reflection_Object, fields, 1, TABLE_VECTOR, reflection_Field, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(reflection_Object, is_struct, 2, BOOL, 0, 0),
    ACTA_NUMBER_FIELD(reflection_Object, minalign, 3, INT32, 0, 0),
    ACTA_NUMBER_FIELD(reflection_Object, bytesize, 4, INT32, 0, 0),
    ACTA_TABLE_FIELD(reflection_Object, attributes, 5, TABLE_VECTOR, reflection_KeyValue, 0),
    ACTA_STRING_VECTOR_FIELD(reflection_Object, documentation, 6, 0),
    ACTA_STRING_FIELD(reflection_Object, declaration_file, 7, 0),
};
ACTA_CHECKED_CODE(reflection_Object);
const acta_table reflection_Object_table = {
    .name = "reflection.Object",
    ACTA_TABLE_MEMBERS(reflection_Object, PLAIN, UINT64_C(0xc0e2b9c6e587b374), reflection_schema),
    ACTA_CHECKED_FIELDS(reflection_Object),
};

static const acta_field reflection_RPCCall_fields[] = {
    ACTA_STRING_FIELD(reflection_RPCCall, name, 0, ACTA_FIELD_REQUIRED | ACTA_FIELD_KEY),
    ACTA_TABLE_FIELD(reflection_RPCCall, request, 1, TABLE, reflection_Object, ACTA_FIELD_REQUIRED),
    ACTA_TABLE_FIELD(reflection_RPCCall, response, 2, TABLE, reflection_Object, ACTA_FIELD_REQUIRED),
    ACTA_TABLE_FIELD(reflection_RPCCall, attributes, 3, TABLE_VECTOR, reflection_KeyValue, 0),
    ACTA_STRING_VECTOR_FIELD(reflection_RPCCall, documentation, 4, 0),
};
ACTA_CHECKED_CODE(reflection_RPCCall);
const acta_table reflection_RPCCall_table = {
    .name = "reflection.RPCCall",
    ACTA_TABLE_MEMBERS(reflection_RPCCall, PLAIN, UINT64_C(0x18492136c226cb6a), reflection_schema),
    ACTA_CHECKED_FIELDS(reflection_RPCCall),
};

static const acta_field reflection_Service_fields[] = {
    ACTA_STRING_FIELD(reflection_Service, name, 0, ACTA_FIELD_REQUIRED | ACTA_FIELD_KEY),
    ACTA_TABLE_FIELD(reflection_Service, calls, 1, TABLE_VECTOR, reflection_RPCCall, 0),
    ACTA_TABLE_FIELD(reflection_Service, attributes, 2, TABLE_VECTOR, reflection_KeyValue, 0),
    ACTA_STRING_VECTOR_FIELD(reflection_Service, documentation, 3, 0),
    ACTA_STRING_FIELD(reflection_Service, declaration_file, 4, 0),
};
ACTA_CHECKED_CODE(reflection_Service);
const acta_table reflection_Service_table = {
    .name = "reflection.Service",
    ACTA_TABLE_MEMBERS(reflection_Service, PLAIN, UINT64_C(0xee8a6431767865d3), reflection_schema),
    ACTA_CHECKED_FIELDS(reflection_Service),
};

static const acta_field reflection_SchemaFile_fields[] = {
    ACTA_STRING_FIELD(reflection_SchemaFile, filename, 0, ACTA_FIELD_REQUIRED | ACTA_FIELD_KEY),
    ACTA_STRING_VECTOR_FIELD(reflection_SchemaFile, included_filenames, 1, 0),
};
ACTA_CHECKED_CODE(reflection_SchemaFile);
const acta_table reflection_SchemaFile_table = {
    .name = "reflection.SchemaFile",
    ACTA_TABLE_MEMBERS(reflection_SchemaFile, PLAIN, UINT64_C(0xa9ff01fdde63f616), reflection_schema),
    ACTA_CHECKED_FIELDS(reflection_SchemaFile),
};

static const acta_field reflection_Schema_fields[] = {
    ACTA_TABLE_FIELD(reflection_Schema, objects, 0, TABLE_VECTOR, reflection_Object, ACTA_FIELD_REQUIRED),
    ACTA_TABLE_FIELD(reflection_Schema, enums, 1, TABLE_VECTOR, reflection_Enum, ACTA_FIELD_REQUIRED),
    ACTA_STRING_FIELD(reflection_Schema, file_ident, 2, 0),
    ACTA_STRING_FIELD(reflection_Schema, file_ext, 3, 0),
    ACTA_TABLE_FIELD(reflection_Schema, root_table, 4, TABLE, reflection_Object, 0),
    ACTA_TABLE_FIELD(reflection_Schema, services, 5, TABLE_VECTOR, reflection_Service, 0),
    ACTA_NUMBER_FIELD(reflection_Schema, advanced_features, 6, UINT64, 0, 0),
    ACTA_TABLE_FIELD(reflection_Schema, fbs_files, 7, TABLE_VECTOR, reflection_SchemaFile, 0),
};
ACTA_CHECKED_CODE(reflection_Schema);
const acta_table reflection_Schema_table = {
    .name = "reflection.Schema",
    ACTA_TABLE_MEMBERS(reflection_Schema, PLAIN, UINT64_C(0xa028527dbbfbe326), reflection_schema),
    ACTA_CHECKED_FIELDS(reflection_Schema),
};


static const acta_table *const tables[] = {
    &reflection_Type_table,
    &reflection_KeyValue_table,
    &reflection_EnumVal_table,
    &reflection_Enum_table,
    &reflection_Field_table,
    &reflection_Object_table,
    &reflection_RPCCall_table,
    &reflection_Service_table,
    &reflection_SchemaFile_table,
    &reflection_Schema_table,
};

const acta_schema reflection_schema = {
    .name = "reflection",
    .binary = { binary, sizeof binary },
    .tables = tables,
    .table_count = 10,
    .hash = UINT64_C(0xdbc3171155911428),
    .file_identifier = "BFBS",
};
