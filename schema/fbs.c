/*
 * Text of a schema: a table and all that is in it, from a binary schema back to what flatc reads. For who looks at a log
 * whose program is not at hand.
 *
 *     attributes | enums | structs, each behind those that it holds | unions | tables, in the order of names
 *
 * Types are called by their full names, so that the order of namespaces doesn't matter. What flatc makes of the text is
 * the same to a buffer as what it was made from: ids go by the order of the fields, defaults and numbers are written out.
 */
#include <inttypes.h>
#include <stdio.h>

#include "reflect.h"
#include "printed.h"

enum { LINE_MAX = 1024, STRUCTS_DEEP = 64, TABLES_DEEP = 4096 /* more than anybody writes */ };

typedef struct writer {
    reflection_Schema schema;
    bool *objects, *enums; /* which are in it; an object that was written is not any more */
    acta_str namespace;    /* of what was written last; absent: none yet */
    acti_printed out;
    bool is_damaged;
} writer;

/* -- out -- */

static void
put_str(writer *w, acta_str s)
{
    acti_printed_put(&w->out, s.data, s.size);
}

#define put(w, ...) acti_printed_format(&(w)->out, __VA_ARGS__)

static void
put_documentation(writer *w, acta_str_vector lines, const char *indent)
{
    for (uint32_t i = 0; i < lines.count; i++) {
        put(w, "%s///", indent);
        put_str(w, acta_str_vector_at(lines, i));
        put(w, "\n");
    }
}

/* -- names -- */

static acta_str
namespace_of(acta_str name)
{
    const char *dot = memrchr(name.data, '.', name.size);
    return acta_str_from(name.data, dot != NULL ? (size_t)(dot - name.data) : 0);
}

static acta_str
last_of(acta_str name)
{
    size_t size = namespace_of(name).size;
    return size != 0 ? acta_str_from(name.data + size + 1, name.size - size - 1) : name;
}

static void
enter_namespace(writer *w, acta_str name)
{
    acta_str namespace = namespace_of(name);
    if (w->namespace.data != NULL && acta_str_equal(w->namespace, namespace)) {
        put(w, "\n");
        return;
    }
    put(w, "\nnamespace ");
    put_str(w, namespace);
    put(w, ";\n\n");
    w->namespace = namespace;
}

/* -- finding -- */

static bool
object_at(writer *w, int32_t index, reflection_Object *object_out)
{
    if (index >= 0 && reflection_Object_vector_at(w->schema.objects, (uint32_t)index, object_out)) return true;
    w->is_damaged = true;
    return false;
}

static bool
enum_at(writer *w, int32_t index, reflection_Enum *enum_out)
{
    if (index >= 0 && reflection_Enum_vector_at(w->schema.enums, (uint32_t)index, enum_out)) return true;
    w->is_damaged = true;
    return false;
}

static reflection_BaseType
base_of(const reflection_Type *type)
{
    bool is_list = type->base_type == reflection_BaseType_Vector || type->base_type == reflection_BaseType_Array;
    return is_list ? type->element : type->base_type;
}

/* -- what is in it -- */

static void mark_object(writer *w, int32_t index, uint32_t depth);

static void
mark_type(writer *w, const reflection_Type *type, uint32_t depth)
{
    reflection_BaseType base = base_of(type);
    reflection_Enum of;
    reflection_EnumVal value;
    reflection_Type member;

    if (base == reflection_BaseType_Obj) mark_object(w, type->index, depth);
    if (base == reflection_BaseType_Obj || type->index < 0 || !enum_at(w, type->index, &of)) return;
    if (w->enums[type->index]) return;
    w->enums[type->index] = true;
    for (uint32_t i = 0; of.is_union && reflection_EnumVal_vector_at(of.values, i, &value); i++)
        if (reflection_Type_ref_get(value.union_type, &member)) mark_type(w, &member, depth);
}

static acta_str
full_name(const writer *w, const reflection_Object *object, acta_str name, char *room)
{
    reflection_Object found;
    acta_str namespace = namespace_of(object->name);

    snprintf(
        room, LINE_MAX, ACTA_FMT "%s" ACTA_FMT, ACTA_ARG(namespace), namespace.size != 0 ? "." : "", ACTA_ARG(name));
    for (uint32_t i = 0; reflection_Object_vector_at(w->schema.objects, i, &found); i++)
        if (acta_str_equal(found.name, acta_str_of(room))) return acta_str_of(room);
    return name;
}

/* Bytes with (nested_flatbuffer: "T") hold a T. */
static void
mark_nested(writer *w, const reflection_Object *object, const reflection_Field *field, uint32_t depth)
{
    acta_str nested = acti_attribute_of(field->attributes, "nested_flatbuffer");
    char room[LINE_MAX];
    reflection_Object found;
    if (nested.data == NULL) return;

    nested = full_name(w, object, nested, room);
    for (uint32_t i = 0; reflection_Object_vector_at(w->schema.objects, i, &found); i++)
        if (acta_str_equal(found.name, nested)) mark_object(w, (int32_t)i, depth);
}

static void
mark_object(writer *w, int32_t index, uint32_t depth)
{
    reflection_Object object;
    reflection_Field field;
    reflection_Type type;

    if (depth == 0) w->is_damaged = true;
    if (w->is_damaged || !object_at(w, index, &object) || w->objects[index]) return;
    w->objects[index] = true;
    for (uint32_t i = 0; reflection_Field_vector_at(object.fields, i, &field); i++) {
        if (reflection_Type_ref_get(field.type, &type)) mark_type(w, &type, depth - 1);
        mark_nested(w, &object, &field, depth - 1);
    }
}

/* -- attributes -- */

/* Said in another way. */
static bool
is_implied(acta_str attribute)
{
    return acta_str_equal(attribute, acta_str_of("id")) || acta_str_equal(attribute, acta_str_of("original_order"));
}

/* flatc has "0" for an attribute without a value. */
static void
put_attributes(writer *w, reflection_KeyValue_vector attributes)
{
    reflection_KeyValue pair;
    const char *before = " (";

    for (uint32_t i = 0; reflection_KeyValue_vector_at(attributes, i, &pair); i++) {
        if (is_implied(pair.key)) continue;
        put(w, "%s" ACTA_FMT, before, ACTA_ARG(pair.key));
        before = ", ";
        if (pair.value.data == NULL || acta_str_equal(pair.value, acta_str_of("0"))) continue;
        bool is_number = strspn(pair.value.data, "0123456789") == pair.value.size;
        put(w, is_number ? ": " ACTA_FMT : ": \"" ACTA_FMT "\"", ACTA_ARG(pair.value));
    }
    if (before[0] == ',') put(w, ")");
}

typedef void see_attributes(writer *w, reflection_KeyValue_vector attributes);

static void
each_attributes(writer *w, see_attributes *see)
{
    reflection_Object object;
    reflection_Field field;
    reflection_Enum of;

    for (uint32_t i = 0; reflection_Object_vector_at(w->schema.objects, i, &object); i++) {
        if (!w->objects[i]) continue;
        see(w, object.attributes);
        for (uint32_t f = 0; reflection_Field_vector_at(object.fields, f, &field); f++)
            see(w, field.attributes);
    }
    for (uint32_t i = 0; reflection_Enum_vector_at(w->schema.enums, i, &of); i++)
        if (w->enums[i]) see(w, of.attributes);
}

/* flatc's own, that can be in a binary schema and say something of a buffer. */
static bool
is_known(acta_str attribute)
{
    static const char *const known[] = { "bit_flags", "deprecated", "force_align", "key", "nested_flatbuffer",
        "required" };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (acta_str_equal(attribute, acta_str_of(known[i]))) return true;
    return is_implied(attribute);
}

/* Declared once, which the text so far tells. */
static void
declare_attributes(writer *w, reflection_KeyValue_vector attributes)
{
    reflection_KeyValue pair;
    char line[LINE_MAX];

    for (uint32_t i = 0; reflection_KeyValue_vector_at(attributes, i, &pair); i++) {
        int size = snprintf(line, sizeof line, "attribute \"" ACTA_FMT "\";\n", ACTA_ARG(pair.key));
        if (is_known(pair.key) || (w->out.used > 0 && memmem(w->out.data, w->out.used, line, (size_t)size) != NULL))
            continue;
        put(w, "%s", line);
    }
}

/* -- types and values -- */

static void
put_type(writer *w, const reflection_Type *type)
{
    reflection_BaseType base = base_of(type);
    reflection_Object object;
    reflection_Enum of;

    if (base != type->base_type) put(w, "[");
    if (base == reflection_BaseType_Obj) {
        if (object_at(w, type->index, &object)) put_str(w, object.name);
    } else if (type->index >= 0) {
        if (enum_at(w, type->index, &of)) put_str(w, of.name);
    } else
        put(w, "%s", acti_type_keyword(base));
    if (type->base_type == reflection_BaseType_Array) put(w, ":%u", type->fixed_length);
    if (base != type->base_type) put(w, "]");
}

static void
put_integer_default(writer *w, const reflection_Field *field, const reflection_Type *type)
{
    int64_t number = field->default_integer;
    reflection_Enum of;
    reflection_EnumVal value;

    if (type->index >= 0 && enum_at(w, type->index, &of) && acti_attribute_of(of.attributes, "bit_flags").data == NULL)
        for (uint32_t i = 0; reflection_EnumVal_vector_at(of.values, i, &value); i++) {
            if (value.value != number) continue;
            put(w, " = " ACTA_FMT, ACTA_ARG(value.name));
            return;
        }
    if (number == 0) return;
    if (type->base_type == reflection_BaseType_Bool)
        put(w, " = true");
    else if (type->base_type == reflection_BaseType_ULong)
        put(w, " = %" PRIu64, (uint64_t)number);
    else
        put(w, " = %" PRId64, number);
}

static void
put_default(writer *w, const reflection_Field *field, const reflection_Type *type)
{
    if (type->base_type >= reflection_BaseType_String) return;
    if (field->optional)
        put(w, " = null");
    else if (!acti_type_is_real(type->base_type))
        put_integer_default(w, field, type);
    else if (field->default_real != 0)
        put(w, " = %.17g", field->default_real);
}

/* -- definitions -- */

/* The number of a value, or of flags that of its bit. */
static void
put_value_number(writer *w, const reflection_Enum *of, const reflection_Type *type, int64_t number)
{
    int bit = 0;

    if (acti_attribute_of(of->attributes, "bit_flags").data != NULL) {
        while (bit < 63 && (number >> bit & 1) == 0)
            bit++;
        put(w, " = %d", bit);
    } else if (type->base_type == reflection_BaseType_ULong)
        put(w, " = %" PRIu64, (uint64_t)number);
    else
        put(w, " = %" PRId64, number);
}

static void
put_enum(writer *w, const reflection_Enum *of)
{
    reflection_EnumVal value;
    reflection_Type type = { .index = -1 };
    const char *before = "";

    enter_namespace(w, of->name);
    put_documentation(w, of->documentation, "");
    reflection_Type_ref_get(of->underlying_type, &type);
    put(w, "enum " ACTA_FMT " : %s", ACTA_ARG(last_of(of->name)), acti_type_keyword(type.base_type));
    put_attributes(w, of->attributes);
    put(w, " {");
    for (uint32_t i = 0; reflection_EnumVal_vector_at(of->values, i, &value); i++) {
        put(w, "%s\n", before);
        put_documentation(w, value.documentation, "    ");
        put(w, "    " ACTA_FMT, ACTA_ARG(value.name));
        put_value_number(w, of, &type, value.value);
        before = ",";
    }
    put(w, "\n}\n");
}

static void
put_union(writer *w, const reflection_Enum *of)
{
    reflection_EnumVal value;
    reflection_Type type;
    const char *before = " ";

    enter_namespace(w, of->name);
    put_documentation(w, of->documentation, "");
    put(w, "union " ACTA_FMT, ACTA_ARG(last_of(of->name)));
    put_attributes(w, of->attributes);
    put(w, " {");
    for (uint32_t i = 0; reflection_EnumVal_vector_at(of->values, i, &value); i++) {
        if (value.value == 0 || !reflection_Type_ref_get(value.union_type, &type)) continue;
        put(w, "%s" ACTA_FMT ":", before, ACTA_ARG(value.name));
        put_type(w, &type);
        if (value.value != (int64_t)i) put(w, " = %" PRId64, value.value);
        before = ", ";
    }
    put(w, " }\n");
}

static void
put_field(writer *w, const reflection_Field *field, const reflection_Type *type, bool is_of_struct)
{
    put_documentation(w, field->documentation, "    ");
    put(w, "    " ACTA_FMT ":", ACTA_ARG(field->name));
    put_type(w, type);
    if (!is_of_struct) put_default(w, field, type);
    put_attributes(w, field->attributes);
    put(w, ";\n");
}

static void
put_object(writer *w, const reflection_Object *object)
{
    reflection_Field field;
    reflection_Type type;

    enter_namespace(w, object->name);
    put_documentation(w, object->documentation, "");
    put(w, object->is_struct ? "struct " ACTA_FMT : "table " ACTA_FMT, ACTA_ARG(last_of(object->name)));
    put_attributes(w, object->attributes);
    put(w, " {\n");
    for (uint32_t id = 0; id < object->fields.count; id++) {
        if (!acti_field_of_id(object, id, &field) || !reflection_Type_ref_get(field.type, &type)) continue;
        if (base_of(&type) != reflection_BaseType_UType) put_field(w, &field, &type, object->is_struct);
    }
    put(w, "}\n");
}

/* Behind those that it holds. */
static void
put_struct(writer *w, int32_t index, uint32_t depth)
{
    reflection_Object object;
    reflection_Field field;
    reflection_Type type;

    if (depth == 0) w->is_damaged = true;
    if (w->is_damaged || !object_at(w, index, &object) || !object.is_struct || !w->objects[index]) return;
    w->objects[index] = false;
    for (uint32_t i = 0; reflection_Field_vector_at(object.fields, i, &field); i++)
        if (reflection_Type_ref_get(field.type, &type) && base_of(&type) == reflection_BaseType_Obj)
            put_struct(w, type.index, depth - 1);
    put_object(w, &object);
}

static void
put_enums(writer *w, bool are_unions)
{
    reflection_Enum of;

    for (uint32_t i = 0; reflection_Enum_vector_at(w->schema.enums, i, &of); i++)
        if (w->enums[i] && of.is_union == are_unions) (are_unions ? put_union : put_enum)(w, &of);
}

static void
put_all(writer *w)
{
    reflection_Object object;

    each_attributes(w, declare_attributes);
    put_enums(w, false);
    for (uint32_t i = 0; i < w->schema.objects.count; i++)
        put_struct(w, (int32_t)i, STRUCTS_DEEP);
    put_enums(w, true);
    for (uint32_t i = 0; reflection_Object_vector_at(w->schema.objects, i, &object); i++)
        if (w->objects[i]) put_object(w, &object);
}

static bool
mark_named(writer *w, acta_str table)
{
    reflection_Object object;

    for (uint32_t i = 0; reflection_Object_vector_at(w->schema.objects, i, &object); i++) {
        if (!acta_str_equal(object.name, table)) continue;
        mark_object(w, (int32_t)i, TABLES_DEEP);
        return true;
    }
    return false;
}

acta_status
acta_schema_text(acta_bytes binary, acta_str table, acta_memory *memory, acta_str *text_out, acta_error *error)
{
    writer w = { .out = { .memory = memory } };

    if (!acti_schema_open(binary, &w.schema))
        return acta_error_set(error, ACTA_CORRUPT, "this is no binary schema of flatc");
    w.objects = acta_memory_alloc(memory, w.schema.objects.count + 1);
    w.enums = acta_memory_alloc(memory, w.schema.enums.count + 1);
    if (w.objects == NULL || w.enums == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a schema");
    if (!mark_named(&w, table))
        return acta_error_set(error, ACTA_NOT_FOUND, "the schema has no table '" ACTA_FMT "'", ACTA_ARG(table));
    if (!w.is_damaged) put_all(&w);
    if (w.is_damaged) return acta_error_set(error, ACTA_CORRUPT, "the binary schema leads nowhere");
    *text_out = acti_printed_end(&w.out);
    if (text_out->data == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a schema");
    return ACTA_OK;
}
