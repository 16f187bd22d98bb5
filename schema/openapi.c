/*
 * Tables, structs and enums of a binary schema as the schemas of an OpenAPI 3.0 document: what JSON is taken for them, and
 * what they are printed as.
 *
 *     "bank.Deposit":{"type":"object","required":["account_id"],"additionalProperties":false,"properties":{…}}
 *     "bank.Reason":{"anyOf":[{"type":"string","enum":["deposit","transfer"]},{"type":"integer"}]}
 */
#include <inttypes.h>

#include "reflect.h"
#include "printed.h"

typedef struct writer {
    reflection_Schema schema;
    acti_printed out;
    bool is_damaged;
} writer;

#define put(w, ...) acti_printed_format(&(w)->out, __VA_ARGS__)

/* -- names and words -- */

static void
put_ref(writer *w, acta_str name)
{
    static const char where[] = "#/components/schemas/";
    char *room = acta_memory_alloc(w->out.memory, sizeof where + name.size);

    if (room == NULL) {
        w->out.has_no_memory = true;
        return;
    }
    memcpy(room, where, sizeof where - 1);
    if (name.size != 0) memcpy(room + sizeof where - 1, name.data, name.size);
    put(w, "{\"$ref\":");
    acti_printed_json_string(&w->out, acta_str_from(room, sizeof where - 1 + name.size));
    put(w, "}");
    acta_memory_free(w->out.memory, room);
}

/* A member's, or a value among others. */
static void
put_name(writer *w, const char *before, acta_str name, const char *behind)
{
    put(w, "%s", before);
    acti_printed_json_string(&w->out, name);
    put(w, "%s", behind);
}

/* Lines of documentation begin with the space behind their slashes. */
static void
put_description(writer *w, acta_str_vector lines)
{
    char text[1024];
    size_t size = 0;

    for (uint32_t i = 0; i < lines.count; i++) {
        acta_str line = acta_str_vector_at(lines, i);
        if (i == 0 && line.size > 0 && line.data[0] == ' ') line = acta_str_from(line.data + 1, line.size - 1);
        if (line.size > sizeof text - size) break; /* whole lines */
        memcpy(text + size, line.data, line.size);
        size += line.size;
    }
    if (size == 0) return;
    put(w, "\"description\":");
    acti_printed_json_string(&w->out, acta_str_from(text, size));
    put(w, ",");
}

/* -- types -- */

static void
put_integer(writer *w, reflection_BaseType base)
{
    switch (base) {
    case reflection_BaseType_Byte:
        put(w, "{\"type\":\"integer\",\"minimum\":-128,\"maximum\":127}");
        return;
    case reflection_BaseType_UByte:
    case reflection_BaseType_UType:
        put(w, "{\"type\":\"integer\",\"minimum\":0,\"maximum\":255}");
        return;
    case reflection_BaseType_Short:
        put(w, "{\"type\":\"integer\",\"minimum\":-32768,\"maximum\":32767}");
        return;
    case reflection_BaseType_UShort:
        put(w, "{\"type\":\"integer\",\"minimum\":0,\"maximum\":65535}");
        return;
    case reflection_BaseType_Int:
        put(w, "{\"type\":\"integer\",\"format\":\"int32\"}");
        return;
    case reflection_BaseType_UInt:
        put(w, "{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295}");
        return;
    case reflection_BaseType_ULong:
        put(w, "{\"type\":\"integer\",\"minimum\":0,\"maximum\":18446744073709551615}");
        return;
    default:
        put(w, "{\"type\":\"integer\",\"format\":\"int64\"}");
    }
}

static void
put_single(writer *w, reflection_BaseType base, int32_t index)
{
    reflection_Object object;
    reflection_Enum of;

    if (base == reflection_BaseType_Obj) {
        if (index >= 0 && reflection_Object_vector_at(w->schema.objects, (uint32_t)index, &object))
            put_ref(w, object.name);
        else
            w->is_damaged = true;
    } else if (index >= 0 && base != reflection_BaseType_UType) {
        if (reflection_Enum_vector_at(w->schema.enums, (uint32_t)index, &of))
            put_ref(w, of.name);
        else
            w->is_damaged = true;
    } else if (base == reflection_BaseType_UType) {
        put(w, "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]}");
    } else if (base == reflection_BaseType_Bool) {
        put(w, "{\"type\":\"boolean\"}");
    } else if (base == reflection_BaseType_String) {
        put(w, "{\"type\":\"string\"}");
    } else if (acti_type_is_real(base)) {
        put(w, "{\"anyOf\":[{\"type\":\"number\"},{\"type\":\"string\",\"enum\":[\"nan\",\"inf\",\"-inf\"]}]}");
    } else {
        put_integer(w, base);
    }
}

static void
put_type(writer *w, const reflection_Field *field, const reflection_Type *type)
{
    bool is_array = type->base_type == reflection_BaseType_Array;

    if (acti_attribute_of(field->attributes, "nested_flatbuffer").data != NULL) {
        put(w, "{}");
    } else if (is_array || type->base_type == reflection_BaseType_Vector) {
        put(w, "{\"type\":\"array\",\"items\":");
        put_single(w, type->element, type->index);
        if (is_array) put(w, ",\"minItems\":%u,\"maxItems\":%u", type->fixed_length, type->fixed_length);
        put(w, "}");
    } else if (field->optional && acti_type_is_number(type->base_type)) {
        put(w, "{\"anyOf\":[");
        put_single(w, type->base_type, type->index);
        put(w, ",{\"type\":\"integer\",\"nullable\":true,\"enum\":[null]}]}"); /* null has no type of its own in 3.0 */
    } else {
        put_single(w, type->base_type, type->index);
    }
}

/* -- definitions -- */

static void
put_required(writer *w, const reflection_Object *object)
{
    reflection_Field field;
    const char *before = "\"required\":[";

    for (uint32_t id = 0; id < object->fields.count; id++) {
        if (!acti_field_of_id(object, id, &field) || !(field.required || object->is_struct)) continue;
        put_name(w, before, field.name, "");
        before = ",";
    }
    if (before[0] == ',') put(w, "],");
}

static void
put_object(writer *w, const reflection_Object *object)
{
    reflection_Field field;
    reflection_Type type;
    const char *before = "";

    put(w, "{");
    put_description(w, object->documentation);
    put(w, "\"type\":\"object\",\"additionalProperties\":false,");
    put_required(w, object);
    put(w, "\"properties\":{");
    for (uint32_t id = 0; id < object->fields.count; id++) {
        if (!acti_field_of_id(object, id, &field) || field.deprecated || !reflection_Type_ref_get(field.type, &type))
            continue;
        put_name(w, before, field.name, ":");
        put_type(w, &field, &type);
        before = ",";
    }
    put(w, "}}");
}

static void
put_union(writer *w, const reflection_Enum *of)
{
    reflection_EnumVal value;
    reflection_Type type;
    const char *before = "";

    put(w, "\"anyOf\":[");
    for (uint32_t i = 0; reflection_EnumVal_vector_at(of->values, i, &value); i++) {
        if (value.value == 0 || !reflection_Type_ref_get(value.union_type, &type)) continue;
        put(w, "%s", before);
        put_single(w, type.base_type, type.base_type == reflection_BaseType_Obj ? type.index : -1);
        before = ",";
    }
    put(w, before[0] == ',' ? "]" : "{}]");
}

/* Flags are names with spaces between, so any text. */
static void
put_values(writer *w, const reflection_Enum *of)
{
    reflection_EnumVal value;
    bool is_flags = acti_attribute_of(of->attributes, "bit_flags").data != NULL;

    put(w, "\"anyOf\":[{\"type\":\"string\"");
    for (uint32_t i = 0; !is_flags && reflection_EnumVal_vector_at(of->values, i, &value); i++)
        put_name(w, i == 0 ? ",\"enum\":[" : ",", value.name, "");
    put(w, "%s},{\"type\":\"integer\"}]", is_flags || of->values.count == 0 ? "" : "]");
}

static void
put_enum(writer *w, const reflection_Enum *of)
{
    put(w, "{");
    put_description(w, of->documentation);
    (of->is_union ? put_union : put_values)(w, of);
    put(w, "}");
}

acta_status
acta_schema_openapi(acta_bytes binary, acta_memory *memory, acta_str *text_out, acta_error *error)
{
    writer w = { .out = { .memory = memory } };
    reflection_Object object;
    reflection_Enum of;
    const char *before = "";

    if (!acti_schema_open(binary, &w.schema))
        return acta_error_set(error, ACTA_CORRUPT, "this is no binary schema of flatc");
    put(&w, "{");
    for (uint32_t i = 0; reflection_Object_vector_at(w.schema.objects, i, &object); i++) {
        put_name(&w, before, object.name, ":");
        put_object(&w, &object);
        before = ",";
    }
    for (uint32_t i = 0; reflection_Enum_vector_at(w.schema.enums, i, &of); i++) {
        put_name(&w, before, of.name, ":");
        put_enum(&w, &of);
        before = ",";
    }
    put(&w, "}");
    if (w.is_damaged) return acta_error_set(error, ACTA_CORRUPT, "the binary schema leads nowhere");
    *text_out = acti_printed_end(&w.out);
    if (text_out->data == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a schema");
    return ACTA_OK;
}
