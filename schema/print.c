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
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "acta/marks.h"

#include "internal.h"

#include "reflection.acta.h"

enum { DEPTH_MAX = 64, TEXT_FIRST = 1024, PATH_SIZE = 256 };
enum { TEXT_SIZE_MAX = 256 << 20 };

typedef struct printer {
    reflection_Schema schema;
    const uint8_t *bytes; /* of the buffer, or of one nested in it */
    size_t size;
    uint32_t depth;
    acta_memory *memory;
    char *text;
    size_t used, room;
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

static bool
make_room(printer *p, size_t size)
{
    if (p->status != ACTA_OK) return false;
    if (size <= p->room - p->used) return true;
    if (p->used + size > TEXT_SIZE_MAX) {
        damaged(p, "leads to more than 256 MiB of text");
        return false;
    }
    size_t room = p->room == 0 ? TEXT_FIRST : p->room;
    while (room - p->used < size)
        room *= 2;
    char *grown = acta_memory_alloc(p->memory, room);
    if (grown == NULL) {
        p->status = acta_error_set(p->error, ACTA_NO_MEMORY, "no memory to print a buffer");
        return false;
    }
    if (p->used > 0) memcpy(grown, p->text, p->used);
    acta_memory_free(p->memory, p->text);
    p->text = grown;
    p->room = room;
    return true;
}

static void
put(printer *p, const char *text, size_t size)
{
    if (!make_room(p, size)) return;
    memcpy(p->text + p->used, text, size);
    p->used += size;
}

static void
put_text(printer *p, const char *text)
{
    put(p, text, strlen(text));
}

static void ACTA_PRINTF(2, 3) put_format(printer *p, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put_text(p, text);
}

static void
put_string(printer *p, acta_str s)
{
    static const char letters[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };
    size_t begin = 0;

    put(p, "\"", 1);
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        put(p, s.data + begin, i - begin);
        begin = i + 1;
        if (c == '"' || c == '\\')
            put_format(p, "\\%c", c);
        else if (c < sizeof letters && letters[c] != 0)
            put_format(p, "\\%c", letters[c]);
        else
            put_format(p, "\\u%04x", c);
    }
    put(p, s.data + begin, s.size - begin);
    put(p, "\"", 1);
}

/* The shortest that reads as the same number. */
static void
put_real(printer *p, double real, bool is_single)
{
    char text[64];
    int digits = is_single ? 6 : 15;

    if (isnan(real) || isinf(real)) { /* JSON has none; the official parser takes them so */
        put_text(p, isnan(real) ? "\"nan\"" : real > 0 ? "\"inf\"" : "\"-inf\"");
        return;
    }
    do
        snprintf(text, sizeof text, "%.*g", digits, real);
    while (++digits <= 17 && (is_single ? strtof(text, NULL) != (float)real : strtod(text, NULL) != real));
    put_text(p, text);
    if (strpbrk(text, ".e") == NULL) put_text(p, ".0");
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
find_object(const printer *p, acta_str name, reflection_Object *object_out)
{
    for (uint32_t i = 0; reflection_Object_vector_at(p->schema.objects, i, object_out); i++)
        if (acta_str_equal(object_out->name, name)) return true;
    return false;
}

static bool
find_field(const reflection_Object *object, uint32_t id, reflection_Field *field_out)
{
    for (uint32_t i = 0; reflection_Field_vector_at(object->fields, i, field_out); i++)
        if (field_out->id == id) return true;
    return false;
}

static bool
find_value(const reflection_Enum *of, int64_t number, reflection_EnumVal *value_out)
{
    for (uint32_t i = 0; reflection_EnumVal_vector_at(of->values, i, value_out); i++)
        if (value_out->value == number) return true;
    return false;
}

static acta_str
attribute_of(reflection_KeyValue_vector attributes, const char *name)
{
    reflection_KeyValue pair;

    for (uint32_t i = 0; reflection_KeyValue_vector_at(attributes, i, &pair); i++)
        if (acta_str_equal(pair.name, acta_str_of(name))) return pair.value.data != NULL ? pair.value : acta_str_of("");
    return acta_str_from(NULL, 0);
}

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

    if (base > reflection_BaseType_none && base < reflection_BaseType_string) return sizes[base];
    if (base == reflection_BaseType_obj && object_of(p, type, &object) && object.is_struct)
        return object.bytesize > 0 ? (size_t)object.bytesize : 1;
    return 4;
}

/* -- numbers -- */

static int64_t
integer_at(const printer *p, size_t at, reflection_BaseType base)
{
    uint64_t bits = 0;

    switch (base) {
    case reflection_BaseType_byte:
        return (int8_t)p->bytes[at];
    case reflection_BaseType_short:
        return (int16_t)acti_load_uint16(p->bytes + at);
    case reflection_BaseType_ushort:
        return acti_load_uint16(p->bytes + at);
    case reflection_BaseType_int:
        return acti_load_int32(p->bytes + at);
    case reflection_BaseType_uint:
        return acti_load_uint32(p->bytes + at);
    case reflection_BaseType_long:
    case reflection_BaseType_ulong:
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

    if (base == reflection_BaseType_float) {
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
        put_format(p, "%s" ACTA_FMT, before, ACTA_ARG(value.name));
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
        if (find_value(&of, number, &value)) {
            put_string(p, value.name);
            return;
        }
        if (attribute_of(of.attributes, "bit_flags").data != NULL && put_flags(p, &of, number)) return;
    }
    if (base == reflection_BaseType_bool)
        put_text(p, number != 0 ? "true" : "false");
    else if (base == reflection_BaseType_ulong)
        put_format(p, "%" PRIu64, (uint64_t)number);
    else
        put_format(p, "%" PRId64, number);
}

static bool
is_real(reflection_BaseType base)
{
    return base == reflection_BaseType_float || base == reflection_BaseType_double;
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
        put_string(p, s);
    else
        damaged(p, "is not UTF-8 without NUL");
}

/* What lies at `at`, be it in a table, a struct, a vector or an array; `base` is the type's, or that of its elements. */
static void
put_value(printer *p, reflection_BaseType base, const reflection_Type *type, size_t at)
{
    reflection_Object object;

    if (!is_inside(p, at, size_of(p, base, type))) return;
    if (is_real(base))
        put_real(p, real_at(p, at, base), base == reflection_BaseType_float);
    else if (base < reflection_BaseType_string)
        put_integer(p, integer_at(p, at, base), base, type);
    else if (base == reflection_BaseType_obj && object_of(p, type, &object))
        put_object(p, &object, object.is_struct ? at : follow(p, at));
    else if (base == reflection_BaseType_string)
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
                    find_value(&of, number, &value) && reflection_Type_ref_get(value.union_type, &member);
    if (number == 0 || p->status != ACTA_OK)
        put_text(p, "null");
    else if (!is_known)
        damaged(p, "is of a member that its union doesn't have");
    else if (member.base_type == reflection_BaseType_string)
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
    for (uint32_t i = 0; i < count && p->status == ACTA_OK; i++) {
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
    for (uint32_t i = 0; i < count && p->status == ACTA_OK; i++) {
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
    return find_object(p, acta_str_of(full), nested_out) || find_object(p, name, nested_out);
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
    acta_str root = attribute_of(field->attributes, "nested_flatbuffer");
    reflection_Object nested;

    if (type->element == reflection_BaseType_union) {
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
    if (field->is_optional)
        put_text(p, "null");
    else if (is_real(type->base_type))
        put_real(p, field->default_real, type->base_type == reflection_BaseType_float);
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
    case reflection_BaseType_vector:
        put_vector(p, object, field, type, types_at, follow(p, at));
        break;
    case reflection_BaseType_array:
        if (is_inside(p, at, type->fixed_length * size_of(p, type->element, type)))
            put_elements(p, type, at, type->fixed_length);
        break;
    case reflection_BaseType_union:
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
    if (attribute_of(field->attributes, "redacted").data != NULL) return true;
    return attribute_of(field->attributes, "personal").data != NULL;
}

/* True: it was put. */
static bool
put_one(printer *p, const reflection_Object *object, uint32_t id, size_t at, bool is_first)
{
    reflection_Field field;
    reflection_Type type;

    if (!find_field(object, id, &field) || !reflection_Type_ref_get(field.type, &type)) return false;
    size_t place = object->is_struct ? at + field.offset : field_at(p, at, field.id);
    bool is_number = type.base_type < reflection_BaseType_string;
    if (place == 0 && (!is_number || field.is_deprecated)) return false;
    reflection_BaseType base = type.base_type == reflection_BaseType_vector ? type.element : type.base_type;
    bool hide = is_hidden(p, &field);
    if (hide && base != reflection_BaseType_string) return false;

    size_t path_size = strlen(p->path);
    snprintf(p->path + path_size, sizeof p->path - path_size, "%s" ACTA_FMT, path_size != 0 ? "." : "",
        ACTA_ARG(field.name));
    if (!is_first) put_text(p, ",");
    put_string(p, field.name);
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
    for (uint32_t id = 0; id < object->fields.count && p->status == ACTA_OK; id++)
        if (put_one(p, object, id, at, is_first)) is_first = false;
    put_text(p, "}");
    p->depth--;
}

static acta_status
print(acta_bytes binary, acta_str table, acta_bytes buffer, bool redacts, acta_memory *memory, acta_str *text_out,
    acta_error *error)
{
    printer p = { .bytes = buffer.data, .size = buffer.size, .redacts = redacts, .memory = memory, .error = error };
    reflection_Object object;

    bool is_schema = binary.data != NULL && binary.size >= 8 && memcmp(binary.data + 4, "BFBS", 4) == 0;
    if (!is_schema || reflection_Schema_verify(binary, NULL) != ACTA_OK)
        return acta_error_set(error, ACTA_CORRUPT, "this is no binary schema of flatc");
    reflection_Schema_decode(binary, &p.schema);
    if (!find_object(&p, table, &object) || object.is_struct)
        return acta_error_set(error, ACTA_NOT_FOUND, "the schema has no table '" ACTA_FMT "'", ACTA_ARG(table));
    put_object(&p, &object, follow(&p, 0));
    put(&p, "", 1); /* its NUL */
    if (p.status != ACTA_OK) {
        acta_memory_free(memory, p.text);
        return p.status;
    }
    *text_out = acta_str_from(p.text, p.used - 1);
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
