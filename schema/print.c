/*
 * Printing by reflection: a buffer as JSON, by nothing but its binary schema, so that the program that wrote it need not be
 * there. All kinds that FlatBuffers' language has.
 *
 *     table  {"field":value,…} in the order of the ids; absent strings, vectors and tables are left out, absent numbers are
 *            their defaults, absent optional ones null
 *     enum   its name, or its number; of flags the names that are set, "a b"
 *     union  by the name of its member, in the field "…_type" before it
 *     bytes with (nested_flatbuffer: "T")   as that table
 *
 *     (redacted) and (personal) where they are to be hidden: as acta_json_print_redacted does
 *
 * Nothing of the buffer is trusted: each place is a number, checked against the size before anything is read there. Parts
 * may lie upon each other, so what is printed has a limit.
 */
#include <inttypes.h>
#include <stdio.h>

#include "acta/marks.h"

#include "reflect.h"
#include "printed.h"

enum { DEPTH_MAX = 64, PATH_SIZE = 256, TEXT_SIZE_MAX = 256 << 20 };

typedef struct printer {
    reflection_Schema schema;
    const uint8_t *bytes; /* of the buffer, or of one nested in it */
    size_t size;
    uint32_t depth;
    acti_printed out;
    char path[PATH_SIZE]; /* of what is being printed: lines[2].sku */
    bool redacts;         /* hide what is marked so */
    bool is_hidden;       /* the field that is being printed */
    acta_status status;
    acta_error *error;
} printer;

/* -- out -- */

static void
damaged(printer *p, const char *what)
{
    if (p->status != ACTA_OK) return;
    p->status =
        acta_error_set(p->error, ACTA_CORRUPT, "damaged buffer: %s%s%s", p->path, p->path[0] != '\0' ? " " : "", what);
    if (p->error != NULL)
        snprintf(p->error->where, sizeof p->error->where, "%.*s", (int)sizeof p->error->where - 1, p->path);
}

/* False: there was an error, and nothing more is to be said. */
static bool
goes_on(printer *p)
{
    if (p->status != ACTA_OK || !acti_printed_has_failed(&p->out)) return p->status == ACTA_OK;
    if (p->out.is_over_limit)
        damaged(p, "leads to more than 256 MiB of text");
    else
        p->status = acta_error_set(p->error, ACTA_NO_MEMORY, "no memory to print a buffer");
    return false;
}

static void
put_text(printer *p, const char *text)
{
    acti_printed_put(&p->out, text, strlen(text));
}

/* -- places -- */

static bool
is_inside(printer *p, size_t at, size_t size)
{
    if (size <= p->size && at <= p->size - size) return true;
    damaged(p, "lies outside of it");
    return false;
}

/* Where the offset at `at` leads; 0: nowhere. */
static size_t
follow(printer *p, size_t at)
{
    if (!is_inside(p, at, 4)) return 0;
    size_t target = at + acti_load_uint32(p->bytes + at);
    if (target != at && is_inside(p, target, 4)) return target;
    damaged(p, "leads nowhere");
    return 0;
}

/* The place of a table's field; 0: it is absent. */
static size_t
field_at(printer *p, size_t table, uint16_t id)
{
    size_t entry = 4 + 2 * (size_t)id;
    if (!is_inside(p, table, 4)) return 0;

    size_t vtable = table - (size_t)(ptrdiff_t)acti_load_int32(p->bytes + table); /* may wrap: then it is outside */
    if (!is_inside(p, vtable, 4)) return 0;
    size_t vtable_size = acti_load_uint16(p->bytes + vtable);
    if (!is_inside(p, vtable, vtable_size) || entry + 2 > vtable_size) return 0;
    uint16_t offset = acti_load_uint16(p->bytes + vtable + entry);
    return offset != 0 ? table + offset : 0;
}

/* A vector's length, all of it inside. */
static uint32_t
count_at(printer *p, size_t at, size_t element_size)
{
    if (!is_inside(p, at, 4)) return 0;
    uint32_t count = acti_load_uint32(p->bytes + at);
    return is_inside(p, at + 4, (size_t)count * element_size) ? count : 0;
}

/* -- the schema -- */

static bool
object_of(printer *p, const reflection_Type *type, reflection_Object *object_out)
{
    if (type->index >= 0 && reflection_Object_vector_at(p->schema.objects, (uint32_t)type->index, object_out))
        return true;
    damaged(p, "is of a type that its schema doesn't have");
    return false;
}

/* Bytes of an element of a vector or array, or of a field in a struct. */
static size_t
size_of(printer *p, reflection_BaseType base, const reflection_Type *type)
{
    static const uint8_t sizes[] = { 0, 1, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8 };
    reflection_Object object;

    if (base > reflection_BaseType_None && base < reflection_BaseType_String) return sizes[base];
    if (base == reflection_BaseType_Obj && object_of(p, type, &object) && object.is_struct)
        return object.bytesize > 0 ? (size_t)object.bytesize : 1;
    return 4;
}

/* -- numbers -- */

static int64_t
integer_at(const printer *p, size_t at, reflection_BaseType base)
{
    uint64_t bits = 0;

    switch (base) {
    case reflection_BaseType_Byte:
        return (int8_t)p->bytes[at];
    case reflection_BaseType_Short:
        return (int16_t)acti_load_uint16(p->bytes + at);
    case reflection_BaseType_UShort:
        return acti_load_uint16(p->bytes + at);
    case reflection_BaseType_Int:
        return acti_load_int32(p->bytes + at);
    case reflection_BaseType_UInt:
        return acti_load_uint32(p->bytes + at);
    case reflection_BaseType_Long:
    case reflection_BaseType_ULong:
        memcpy(&bits, p->bytes + at, sizeof bits);
        return (int64_t)bits;
    default:
        return p->bytes[at];
    }
}

static double
real_at(const printer *p, size_t at, reflection_BaseType base)
{
    float single;
    double real;

    if (base == reflection_BaseType_Float) {
        memcpy(&single, p->bytes + at, sizeof single);
        return single;
    }
    memcpy(&real, p->bytes + at, sizeof real);
    return real;
}

/* The flags that are set, when they are all there is. */
static bool
put_flags(printer *p, const reflection_Enum *of, int64_t number)
{
    reflection_EnumVal value;
    uint64_t left = (uint64_t)number;
    const char *before = "\"";

    for (uint32_t i = 0; reflection_EnumVal_vector_at(of->values, i, &value); i++)
        if ((number & value.value) == value.value) left &= ~(uint64_t)value.value;
    if (left != 0 || number == 0) return false;
    for (uint32_t i = 0; reflection_EnumVal_vector_at(of->values, i, &value); i++) {
        if (value.value == 0 || (number & value.value) != value.value) continue;
        acti_printed_format(&p->out, "%s" ACTA_FMT, before, ACTA_ARG(value.name));
        before = " ";
    }
    put_text(p, "\"");
    return true;
}

static void
put_integer(printer *p, int64_t number, reflection_BaseType base, const reflection_Type *type)
{
    reflection_Enum of;
    reflection_EnumVal value;

    if (type->index >= 0 && reflection_Enum_vector_at(p->schema.enums, (uint32_t)type->index, &of)) {
        if (acti_value_of_number(&of, number, &value)) {
            acti_printed_json_string(&p->out, value.name);
            return;
        }
        if (acti_attribute_of(of.attributes, "bit_flags").data != NULL && put_flags(p, &of, number)) return;
    }
    if (base == reflection_BaseType_Bool)
        put_text(p, number != 0 ? "true" : "false");
    else if (base == reflection_BaseType_ULong)
        acti_printed_format(&p->out, "%" PRIu64, (uint64_t)number);
    else
        acti_printed_format(&p->out, "%" PRId64, number);
}

/* -- values -- */

static void put_object(printer *p, const reflection_Object *object, size_t at);

static void
put_string_at(printer *p, size_t at)
{
    uint32_t size = count_at(p, at, 1);
    if (p->status != ACTA_OK) return;

    acta_str s = acta_str_from(p->bytes + at + 4, size);
    if (p->is_hidden) s = acta_str_of(acta_is_forgotten(s) ? ACTI_FORGOTTEN_SHOWN : ACTI_REDACTED_SHOWN);
    if (acta_str_is_utf8(s))
        acti_printed_json_string(&p->out, s);
    else
        damaged(p, "is not UTF-8 without NUL");
}

/* What lies at `at`, be it in a table, a struct, a vector or an array; `base` is the type's, or that of its elements. */
static void
put_value(printer *p, reflection_BaseType base, const reflection_Type *type, size_t at)
{
    reflection_Object object;

    if (!is_inside(p, at, size_of(p, base, type))) return;
    if (acti_type_is_real(base))
        acti_printed_json_real(&p->out, real_at(p, at, base), base == reflection_BaseType_Float);
    else if (base < reflection_BaseType_String)
        put_integer(p, integer_at(p, at, base), base, type);
    else if (base == reflection_BaseType_Obj && object_of(p, type, &object))
        put_object(p, &object, object.is_struct ? at : follow(p, at));
    else if (base == reflection_BaseType_String)
        put_string_at(p, follow(p, at));
}

/* The member of a union that is called by number; 0 is none. */
static void
put_member(printer *p, const reflection_Type *type, int64_t number, size_t at)
{
    reflection_Enum of;
    reflection_EnumVal value;
    reflection_Type member;
    size_t target = number != 0 ? follow(p, at) : 0;
    reflection_Object object;

    bool is_known = reflection_Enum_vector_at(p->schema.enums, (uint32_t)type->index, &of) &&
                    acti_value_of_number(&of, number, &value) && reflection_Type_ref_get(value.union_type, &member);
    if (number == 0 || p->status != ACTA_OK)
        put_text(p, "null");
    else if (!is_known)
        damaged(p, "is of a member that its union doesn't have");
    else if (member.base_type == reflection_BaseType_String)
        put_string_at(p, target);
    else if (object_of(p, &member, &object))
        put_object(p, &object, target);
}

/* -- vectors -- */

static size_t
enter_index(printer *p, uint32_t index)
{
    size_t size = strlen(p->path);
    snprintf(p->path + size, sizeof p->path - size, "[%" PRIu32 "]", index);
    return size;
}

static void
put_elements(printer *p, const reflection_Type *type, size_t at, uint32_t count)
{
    size_t element_size = size_of(p, type->element, type);

    put_text(p, "[");
    for (uint32_t i = 0; i < count && goes_on(p); i++) {
        size_t path_size = enter_index(p, i);
        if (i != 0) put_text(p, ",");
        put_value(p, type->element, type, at + (size_t)i * element_size);
        p->path[path_size] = '\0';
    }
    put_text(p, "]");
}

/* A vector of unions goes by the vector of their types. */
static void
put_members(printer *p, const reflection_Type *type, size_t types_at, size_t at)
{
    size_t types = types_at != 0 ? follow(p, types_at) : 0;
    uint32_t count = count_at(p, at, 4);

    if (types == 0 || count_at(p, types, 1) != count) damaged(p, "has another count than the types of it");
    put_text(p, "[");
    for (uint32_t i = 0; i < count && goes_on(p); i++) {
        size_t path_size = enter_index(p, i);
        if (i != 0) put_text(p, ",");
        put_member(p, type, p->bytes[types + 4 + i], at + 4 + 4 * (size_t)i);
        p->path[path_size] = '\0';
    }
    put_text(p, "]");
}

static bool
find_nested(printer *p, const reflection_Object *object, acta_str name, reflection_Object *nested_out)
{
    char full[512];
    const char *dot = memrchr(object->name.data, '.', object->name.size);
    int prefix = dot != NULL ? (int)(dot - object->name.data) + 1 : 0;

    snprintf(full, sizeof full, "%.*s" ACTA_FMT, prefix, object->name.data, ACTA_ARG(name));
    return acti_object_named(&p->schema, acta_str_of(full), nested_out) ||
           acti_object_named(&p->schema, name, nested_out);
}

/* A buffer within the buffer. */
static void
put_nested(printer *p, const reflection_Object *nested, size_t at, uint32_t count)
{
    const uint8_t *bytes = p->bytes;
    size_t size = p->size;

    p->bytes = bytes + at + 4;
    p->size = count;
    put_object(p, nested, follow(p, 0));
    p->bytes = bytes;
    p->size = size;
}

static void
put_vector(printer *p, const reflection_Object *object, const reflection_Field *field, const reflection_Type *type,
    size_t types_at, size_t at)
{
    acta_str root = acti_attribute_of(field->attributes, "nested_flatbuffer");
    reflection_Object nested;

    if (type->element == reflection_BaseType_Union) {
        put_members(p, type, types_at, at);
        return;
    }
    uint32_t count = count_at(p, at, size_of(p, type->element, type));
    if (root.data != NULL && count != 0 && find_nested(p, object, root, &nested))
        put_nested(p, &nested, at, count);
    else
        put_elements(p, type, at + 4, count);
}

/* -- tables and structs -- */

static void
put_absent(printer *p, const reflection_Field *field, const reflection_Type *type)
{
    if (field->optional)
        put_text(p, "null");
    else if (acti_type_is_real(type->base_type))
        acti_printed_json_real(&p->out, field->default_real, type->base_type == reflection_BaseType_Float);
    else
        put_integer(p, field->default_integer, type->base_type, type);
}

static void
put_field(printer *p, const reflection_Object *object, const reflection_Field *field, const reflection_Type *type,
    size_t table, size_t at)
{
    size_t types_at = 0;

    if (field->id > 0 && !object->is_struct) types_at = field_at(p, table, (uint16_t)(field->id - 1));
    switch (type->base_type) {
    case reflection_BaseType_Vector:
        put_vector(p, object, field, type, types_at, follow(p, at));
        break;
    case reflection_BaseType_Array:
        if (is_inside(p, at, type->fixed_length * size_of(p, type->element, type)))
            put_elements(p, type, at, type->fixed_length);
        break;
    case reflection_BaseType_Union:
        if (types_at != 0 && is_inside(p, types_at, 1))
            put_member(p, type, p->bytes[types_at], at);
        else
            damaged(p, "has no type");
        break;
    default:
        put_value(p, type->base_type, type, at);
        break;
    }
}

static bool
is_hidden(const printer *p, const reflection_Field *field)
{
    if (!p->redacts) return false;
    if (acti_attribute_of(field->attributes, "redacted").data != NULL) return true;
    return acti_attribute_of(field->attributes, "personal").data != NULL;
}

/* True: it was put. */
static bool
put_one(printer *p, const reflection_Object *object, uint32_t id, size_t at, bool is_first)
{
    reflection_Field field;
    reflection_Type type;

    if (!acti_field_of_id(object, id, &field) || !reflection_Type_ref_get(field.type, &type)) return false;
    size_t place = object->is_struct ? at + field.offset : field_at(p, at, field.id);
    bool is_number = type.base_type < reflection_BaseType_String;
    if (place == 0 && (!is_number || field.deprecated)) return false;
    reflection_BaseType base = type.base_type == reflection_BaseType_Vector ? type.element : type.base_type;
    bool hide = is_hidden(p, &field);
    if (hide && base != reflection_BaseType_String) return false;

    size_t path_size = strlen(p->path);
    snprintf(p->path + path_size, sizeof p->path - path_size, "%s" ACTA_FMT, path_size != 0 ? "." : "",
        ACTA_ARG(field.name));
    if (!is_first) put_text(p, ",");
    acti_printed_json_string(&p->out, field.name);
    put_text(p, ": ");
    p->is_hidden = hide;
    if (place != 0)
        put_field(p, object, &field, &type, at, place);
    else
        put_absent(p, &field, &type);
    p->is_hidden = false;
    p->path[path_size] = '\0';
    return true;
}

static void
put_object(printer *p, const reflection_Object *object, size_t at)
{
    bool is_first = true;

    if (p->status != ACTA_OK) return;
    if (++p->depth > DEPTH_MAX) damaged(p, "is nested more than 64 deep");
    put_text(p, "{");
    for (uint32_t id = 0; id < object->fields.count && goes_on(p); id++)
        if (put_one(p, object, id, at, is_first)) is_first = false;
    put_text(p, "}");
    p->depth--;
}

static acta_status
print(acta_bytes binary, acta_str table, acta_bytes buffer, bool redacts, acta_memory *memory, acta_str *text_out,
    acta_error *error)
{
    printer p = { .bytes = buffer.data, .size = buffer.size, .redacts = redacts, .error = error };
    reflection_Object object;

    p.out = (acti_printed){ .memory = memory, .limit = TEXT_SIZE_MAX };
    if (!acti_schema_open(binary, &p.schema))
        return acta_error_set(error, ACTA_CORRUPT, "this is no binary schema of flatc");
    if (!acti_object_named(&p.schema, table, &object) || object.is_struct)
        return acta_error_set(error, ACTA_NOT_FOUND, "the schema has no table '" ACTA_FMT "'", ACTA_ARG(table));
    put_object(&p, &object, follow(&p, 0));
    acta_str text = acti_printed_end(&p.out);
    if (!goes_on(&p)) {
        if (text.data != NULL) acta_memory_free(memory, p.out.data);
        return p.status;
    }
    *text_out = text;
    return ACTA_OK;
}

acta_status
acta_schema_print(
    acta_bytes binary, acta_str table, acta_bytes buffer, acta_memory *memory, acta_str *text_out, acta_error *error)
{
    return print(binary, table, buffer, false, memory, text_out, error);
}

acta_status
acta_schema_print_redacted(
    acta_bytes binary, acta_str table, acta_bytes buffer, acta_memory *memory, acta_str *text_out, acta_error *error)
{
    return print(binary, table, buffer, true, memory, text_out, error);
}
