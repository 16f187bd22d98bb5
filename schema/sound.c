/*
 * Sound: what flatc makes of any text, and a binary schema of other origin need not be. The official library takes it for
 * granted, and reads and writes outside of its own memory where it isn't so: what a field's type leads to is there, the ids of a
 * table's fields are 0, 1, 2 …, one at most is its key, no name is there twice, the members of a struct lie inside of it, and
 * whatever is named exists.
 *
 * It gets a copy that we wrote: what lies outside of its table is absent to our readers, and not to the library's.
 */
#include "acta/file.h"

#include "reflect.h"

enum { ALIGNMENT_MAX = 32768, IDS_MAX = 1 << 16 };

/* In the order of flatc, which sorts by name; so no name is there twice. */
static bool
stands_before(acta_str a, acta_str b)
{
    size_t least = a.size < b.size ? a.size : b.size;
    int order = least != 0 ? memcmp(a.data, b.data, least) : 0;

    return order != 0 ? order < 0 : a.size < b.size;
}

static bool
are_sorted(reflection_KeyValue_vector attributes)
{
    reflection_KeyValue pair, before;

    for (uint32_t i = 0; reflection_KeyValue_vector_at(attributes, i, &pair); i++) {
        if (i > 0 && !stands_before(before.key, pair.key)) return false;
        before = pair;
    }
    return true;
}

static bool
is_series(reflection_BaseType base)
{
    return base == reflection_BaseType_Vector || base == reflection_BaseType_Array;
}

static bool
is_element(reflection_BaseType base)
{
    return base > reflection_BaseType_None && base < reflection_BaseType_MaxBaseType && !is_series(base);
}

static bool
leads_to_enum(const reflection_Schema *schema, int32_t index, bool is_union)
{
    reflection_Enum of;

    if (index < 0 || !reflection_Enum_vector_at(schema->enums, (uint32_t)index, &of)) return false;
    return !is_union || of.is_union;
}

static bool
is_sound_type(const reflection_Schema *schema, const reflection_Type *type)
{
    reflection_BaseType base = is_series(type->base_type) ? type->element : type->base_type;

    if (!is_element(base)) return false;
    if (type->base_type == reflection_BaseType_Array && type->fixed_length == 0) return false;
    if (base == reflection_BaseType_Obj) return type->index >= 0 && (uint32_t)type->index < schema->objects.count;
    if (base == reflection_BaseType_Union || base == reflection_BaseType_UType)
        return leads_to_enum(schema, type->index, true);
    return type->index < 0 || leads_to_enum(schema, type->index, false);
}

/* -- structs -- */

/* Bytes of a member, or of an item of one; 0: a struct has no such members. */
static uint64_t
member_size(const reflection_Schema *schema, const reflection_Type *type)
{
    static const uint8_t sizes[] = { 0, 0, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8 };
    reflection_BaseType base = type->base_type == reflection_BaseType_Array ? type->element : type->base_type;
    reflection_Object object;

    if (base != reflection_BaseType_Obj) return (size_t)base < sizeof sizes ? sizes[base] : 0;
    if (!reflection_Object_vector_at(schema->objects, (uint32_t)type->index, &object)) return 0;
    return object.is_struct && object.bytesize > 0 ? (uint64_t)object.bytesize : 0;
}

/* Members follow each other by their ids, and fill the struct but for its alignment: so none holds what holds it, but for a
 * circle of structs that are each the only member of the next. */
static bool
is_sound_struct(const reflection_Schema *schema, const reflection_Object *object)
{
    uint64_t alignment = object->minalign > 0 ? (uint64_t)object->minalign : 0, end = 0;
    reflection_Field field;
    reflection_Type type;

    if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > ALIGNMENT_MAX) return false;
    for (uint32_t id = 0; acti_field_of_id(object, id, &field); id++) {
        if (!reflection_Type_ref_get(field.type, &type)) return false;
        uint64_t size = member_size(schema, &type);
        if (type.base_type == reflection_BaseType_Array) size *= type.fixed_length;
        if (size == 0 || field.offset < end || (id == 0 && field.offset != 0)) return false;
        end = field.offset + size;
    }
    return end > 0 && object->bytesize > 0 && ((end + alignment - 1) & ~(alignment - 1)) == (uint64_t)object->bytesize;
}

/* The struct that is its only member's, if that is one. */
static bool
go_in(const reflection_Schema *schema, reflection_Object *object)
{
    reflection_Field field;
    reflection_Type type;

    if (object->fields.count != 1 || !reflection_Field_vector_at(object->fields, 0, &field)) return false;
    if (!reflection_Type_ref_get(field.type, &type)) return false;
    reflection_BaseType base = type.base_type == reflection_BaseType_Array ? type.element : type.base_type;
    return base == reflection_BaseType_Obj &&
           reflection_Object_vector_at(schema->objects, (uint32_t)type.index, object);
}

static bool
ends(const reflection_Schema *schema, reflection_Object object)
{
    for (uint32_t i = 0; i <= schema->objects.count; i++)
        if (!go_in(schema, &object)) return true;
    return false;
}

/* -- objects, enums, services -- */

/* As many as there are fields, each below their count, and all different: so they are all there are. */
static bool
has_sound_fields(const reflection_Schema *schema, const reflection_Object *object)
{
    uint64_t seen[IDS_MAX / 64] = { 0 };
    acta_str before = acta_str_of("");
    uint32_t keys = 0;
    reflection_Field field;
    reflection_Type type;

    for (uint32_t i = 0; reflection_Field_vector_at(object->fields, i, &field); i++) {
        uint64_t bit = UINT64_C(1) << field.id % 64;
        if (!stands_before(before, field.name) || !are_sorted(field.attributes)) return false;
        if (field.required && field.optional) return false;
        if (field.id >= object->fields.count || (seen[field.id / 64] & bit) != 0) return false;
        seen[field.id / 64] |= bit;
        before = field.name;
        keys += field.key;
        if (!reflection_Type_ref_get(field.type, &type) || !is_sound_type(schema, &type)) return false;
        if (type.base_type == reflection_BaseType_Array && !object->is_struct) return false;
    }
    return keys <= 1;
}

static bool
is_sound_object(const reflection_Schema *schema, uint32_t index, acta_str *before)
{
    reflection_Object object;

    if (!reflection_Object_vector_at(schema->objects, index, &object)) return false;
    if (!stands_before(*before, object.name) || !are_sorted(object.attributes)) return false;
    *before = object.name;
    if (!has_sound_fields(schema, &object)) return false;
    if (!object.is_struct) return object.bytesize == 0;
    return is_sound_struct(schema, &object) && ends(schema, object);
}

/* Sorted by their numbers, so by name each is compared with each. */
static bool
is_first_of_name(const reflection_Enum *of, uint32_t index, acta_str name)
{
    reflection_EnumVal value;

    for (uint32_t i = 0; i < index && reflection_EnumVal_vector_at(of->values, i, &value); i++)
        if (acta_str_equal(value.name, name)) return false;
    return name.size > 0;
}

static bool
is_sound_enum(const reflection_Schema *schema, uint32_t index, acta_str *before)
{
    reflection_Enum of;
    reflection_Type type;
    reflection_EnumVal value;

    if (!reflection_Enum_vector_at(schema->enums, index, &of) || !stands_before(*before, of.name)) return false;
    if (!are_sorted(of.attributes) || !reflection_Type_ref_get(of.underlying_type, &type)) return false;
    if (!acti_type_is_number(type.base_type) || acti_type_is_real(type.base_type)) return false;
    for (uint32_t i = 0; reflection_EnumVal_vector_at(of.values, i, &value); i++) {
        if (!is_first_of_name(&of, i, value.name)) return false;
        if (!reflection_Type_ref_get(value.union_type, &type) || type.base_type == reflection_BaseType_None) continue;
        if (!is_sound_type(schema, &type)) return false;
    }
    *before = of.name;
    return of.values.count > 0;
}

static bool
is_there(const reflection_Schema *schema, reflection_Object_ref ref)
{
    reflection_Object object, named;

    return !reflection_Object_ref_get(ref, &object) || acti_object_named(schema, object.name, &named);
}

static bool
is_sound_service(const reflection_Schema *schema, uint32_t index, acta_str *before)
{
    reflection_Service service;
    reflection_RPCCall call;
    acta_str last = acta_str_of("");

    if (!reflection_Service_vector_at(schema->services, index, &service)) return false;
    if (!stands_before(*before, service.name) || !are_sorted(service.attributes)) return false;
    for (uint32_t i = 0; reflection_RPCCall_vector_at(service.calls, i, &call); i++) {
        if (!stands_before(last, call.name) || !are_sorted(call.attributes)) return false;
        if (!is_there(schema, call.request) || !is_there(schema, call.response)) return false;
        last = call.name;
    }
    *before = service.name;
    return true;
}

static bool
is_sound(const reflection_Schema *schema)
{
    acta_str before = acta_str_of("");
    bool has_identifier = schema->file_ident.size != 0;

    if (has_identifier && schema->file_ident.size != ACTA_IDENTIFIER_SIZE) return false;
    if (!is_there(schema, schema->root_table)) return false;
    for (uint32_t i = 0; i < schema->objects.count; i++)
        if (!is_sound_object(schema, i, &before)) return false;
    before = acta_str_of("");
    for (uint32_t i = 0; i < schema->enums.count; i++)
        if (!is_sound_enum(schema, i, &before)) return false;
    before = acta_str_of("");
    for (uint32_t i = 0; i < schema->services.count; i++)
        if (!is_sound_service(schema, i, &before)) return false;
    return true;
}

acta_status
acti_schema_sound_copy(acta_bytes binary, acta_memory *memory, acta_bytes *copy_out)
{
    reflection_Schema schema;
    acta_memory_sink sink = acta_memory_sink_of(memory);

    if (!acti_schema_open(binary, &schema) || !is_sound(&schema)) return ACTA_CORRUPT;
    schema.fbs_files = (reflection_SchemaFile_vector){ .count = 0 }; /* nobody asks for them */
    acta_status status = acta_file_write(&reflection_Schema_table, &schema, ACTA_FILE_IDENTIFIER, &sink.sink, NULL);
    *copy_out = sink.bytes;
    return status == ACTA_INVALID ? ACTA_CORRUPT : status;
}
