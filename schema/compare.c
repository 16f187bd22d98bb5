/*
 * Evolution: can a program with the new schema read what one with the old schema wrote, and does it mean the same?
 *
 *     old events, process managers, read models, commands --> their fields --> tables, structs, enums in them --> …
 *
 * All that is reached from these roots is compared, by the id of a field and the number of a value, for these are what
 * lies in a buffer. States aren't roots: a snapshot of another schema is void, and the state is made again from events.
 * What may be added: tables, fields that aren't required, values behind the known ones. An event whose version is raised
 * may be another altogether: upcasters make new ones of the old.
 *
 * Binary schemas are FlatBuffers of reflection.fbs, so their reader is what actac makes of that.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "compare.h"

enum { TYPE_NAME_MAX = 160, TEXT_MAX = 320 };

static const char way_of_structs[] = "structs can't change; make a new one";

static void
tell_change(acti_comparison *c, const acta_schema_change *change)
{
    acta_str table = change->table, member = change->member;
    const char *text = change->text;

    if (c->tell != NULL) c->tell(c->user, change);
    if (c->count++ != 0) return;
    acta_error_set(c->error, ACTA_SCHEMA_MISMATCH, "'" ACTA_FMT "%s" ACTA_FMT "' %s", ACTA_ARG(table),
        member.size != 0 ? "." : "", ACTA_ARG(member), text);
    if (c->error != NULL)
        snprintf(c->error->where, sizeof c->error->where, ACTA_FMT "%s" ACTA_FMT, ACTA_ARG(table),
            member.size != 0 ? "." : "", ACTA_ARG(member));
}

void
acti_compare_refuse(acti_comparison *c, acta_str table, acta_str member, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    tell_change(c, &(acta_schema_change){ .table = table, .member = member, .text = text });
}

/* Empty where flatc has written its "0" for no value. */
acta_str
acti_compare_attribute(reflection_KeyValue_vector attributes, const char *name)
{
    acta_str value = acti_attribute_of(attributes, name);
    return acta_str_equal(value, acta_str_of("0")) ? acta_str_of("") : value;
}

static acta_str
attribute_of(const reflection_Object *object, const char *name)
{
    return acti_compare_attribute(object->attributes, name);
}

/* -- types -- */

static bool
is_number(const reflection_Type *type)
{
    return type->base_type > reflection_BaseType_None && type->base_type < reflection_BaseType_String;
}

static bool
holds_object(const reflection_Type *type)
{
    return type->base_type == reflection_BaseType_Obj || type->element == reflection_BaseType_Obj;
}

/* "string", "[bank.Line]", "bank.Currency of byte". */
static const char *
describe_type(const reflection_Schema *schema, const reflection_Type *type, char *text)
{
    bool is_list = type->base_type == reflection_BaseType_Vector || type->base_type == reflection_BaseType_Array;
    acta_str base = acta_str_of(acti_type_keyword(is_list ? type->element : type->base_type)), name = base;
    reflection_Object object;
    reflection_Enum enumeration = { .is_union = false };

    if (type->index >= 0 && holds_object(type)) {
        if (reflection_Object_vector_at(schema->objects, (uint32_t)type->index, &object)) name = object.name;
    } else if (type->index >= 0) {
        if (reflection_Enum_vector_at(schema->enums, (uint32_t)type->index, &enumeration)) name = enumeration.name;
    }
    bool is_enum = name.data != base.data && !holds_object(type) && !enumeration.is_union;
    int size = snprintf(text, TYPE_NAME_MAX, "%s" ACTA_FMT "%s" ACTA_FMT, is_list ? "[" : "", ACTA_ARG(name),
        is_enum ? " of " : "", ACTA_ARG(is_enum ? base : acta_str_of("")));
    if (size > 0 && size < TYPE_NAME_MAX && type->base_type == reflection_BaseType_Array)
        snprintf(text + size, TYPE_NAME_MAX - (size_t)size, ":%u]", (unsigned)type->fixed_length);
    else if (size > 0 && size < TYPE_NAME_MAX && is_list)
        snprintf(text + size, TYPE_NAME_MAX - (size_t)size, "]");
    return text;
}

/* -- enums and unions -- */

static void compare_type(
    acti_comparison *c, acta_str table, acta_str member, const reflection_Type *before, const reflection_Type *after);

static void
compare_value(
    acti_comparison *c, const reflection_Enum *before, const reflection_EnumVal *value, const reflection_Enum *after)
{
    reflection_Type old_type, new_type;
    reflection_EnumVal now;

    if (!acti_value_of_number(after, value->value, &now)) {
        acti_compare_refuse(c, before->name, value->name,
            "= %" PRId64 " is gone: what has it is in the log; keep the value", value->value);
        return;
    }
    if (!acta_str_equal(now.name, value->name)) {
        acti_compare_refuse(c, before->name, value->name,
            "= %" PRId64 " is named '" ACTA_FMT "' now: keep the name, and give the new one a number of its own",
            value->value, ACTA_ARG(now.name));
        return;
    }
    if (before->is_union && reflection_Type_ref_get(value->union_type, &old_type) &&
        reflection_Type_ref_get(now.union_type, &new_type))
        compare_type(c, before->name, value->name, &old_type, &new_type);
}

static void
compare_enum(acti_comparison *c, uint32_t before_index, uint32_t after_index)
{
    bool *done = &c->done[c->before.objects.count + before_index];
    reflection_Enum before, after;
    reflection_EnumVal value;

    if (!reflection_Enum_vector_at(c->before.enums, before_index, &before) || *done) return;
    if (!reflection_Enum_vector_at(c->after.enums, after_index, &after)) return;
    *done = true;
    for (uint32_t i = 0; reflection_EnumVal_vector_at(before.values, i, &value); i++)
        compare_value(c, &before, &value, &after);
}

/* -- tables and structs -- */

static void compare_object(acti_comparison *c, uint32_t index);

static void
compare_type(
    acti_comparison *c, acta_str table, acta_str member, const reflection_Type *before, const reflection_Type *after)
{
    char was[TYPE_NAME_MAX], is[TYPE_NAME_MAX];

    describe_type(&c->before, before, was);
    describe_type(&c->after, after, is);
    bool is_same = before->base_type == after->base_type && before->element == after->element &&
                   before->fixed_length == after->fixed_length && (before->index >= 0) == (after->index >= 0);
    if (!is_same || (holds_object(before) && strcmp(was, is) != 0)) {
        acti_compare_refuse(c, table, member, "was %s and is %s: %s", was, is,
            c->is_in_struct ? way_of_structs : "add a field for the new, and mark this one (deprecated)");
        return;
    }
    if (before->index < 0) return;
    if (holds_object(before))
        compare_object(c, (uint32_t)before->index);
    else
        compare_enum(c, (uint32_t)before->index, (uint32_t)after->index);
}

/* So that a NaN is equal to itself. */
static uint64_t
bits_of(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return bits;
}

static void
compare_default(acti_comparison *c, acta_str table, const reflection_Field *before, const reflection_Field *after)
{
    if (before->optional != after->optional)
        acti_compare_refuse(c, table, before->name, "%s: absent ones would read otherwise; keep it as it was",
            after->optional ? "is optional (= null) now" : "was optional (= null)");
    else if (before->default_integer != after->default_integer)
        acti_compare_refuse(c, table, before->name,
            "had the default %" PRId64 " and has %" PRId64 ": what was left out would change; keep the default",
            before->default_integer, after->default_integer);
    else if (bits_of(before->default_real) != bits_of(after->default_real))
        acti_compare_refuse(c, table, before->name,
            "had the default %g and has %g: what was left out would change; keep the default", before->default_real,
            after->default_real);
}

static void
compare_field(
    acti_comparison *c, const reflection_Object *object, const reflection_Field *before, const reflection_Object *now)
{
    reflection_Field after;
    reflection_Type old_type, new_type;

    if (!acti_field_of_id(now, before->id, &after)) {
        acti_compare_refuse(c, object->name, before->name, "is gone: %s",
            c->is_in_struct ? way_of_structs : "mark it (deprecated) instead");
        return;
    }
    if (!acta_str_equal(after.name, before->name)) {
        acti_compare_refuse(c, object->name, before->name, "has its place taken by '" ACTA_FMT "': %s",
            ACTA_ARG(after.name),
            c->is_in_struct
                ? way_of_structs
                : "add new fields at the end, and rather than rename one, add one and mark the old one (deprecated)");
        return;
    }
    if (reflection_Type_ref_get(before->type, &old_type) && reflection_Type_ref_get(after.type, &new_type)) {
        compare_type(c, object->name, before->name, &old_type, &new_type);
        if (is_number(&old_type) && is_number(&new_type)) compare_default(c, object->name, before, &after);
    }
    if (after.required && !before->required)
        acti_compare_refuse(c, object->name, before->name,
            "is required now: there may be some without it in the log; keep it as it was");
    if (after.key != before->key)
        acti_compare_refuse(c, object->name, before->name, "%s: what is sorted by it is stored; keep it as it was",
            after.key ? "is the key now" : "was the key");
    acti_compare_field_marks(c, object, before, &after);
}

static void
compare_struct(acti_comparison *c, const reflection_Object *before, const reflection_Object *after)
{
    char is[96];
    bool is_same = before->is_struct == after->is_struct && before->bytesize == after->bytesize &&
                   before->minalign == after->minalign && before->fields.count == after->fields.count;
    if (is_same) return;

    if (before->is_struct != after->is_struct) {
        acti_compare_refuse(c, before->name, acta_str_of(""), "was a %s and is a %s: make a new one",
            before->is_struct ? "struct" : "table", after->is_struct ? "struct" : "table");
        return;
    }
    snprintf(is, sizeof is, "%d bytes with %u fields, aligned to %d", (int)after->bytesize,
        (unsigned)after->fields.count, (int)after->minalign);
    acti_compare_refuse(c, before->name, acta_str_of(""),
        "was a struct of %d bytes with %u fields, aligned to %d, and has %s: %s", (int)before->bytesize,
        (unsigned)before->fields.count, (int)before->minalign, is, way_of_structs);
}

static void
compare_added(acti_comparison *c, const reflection_Object *before, const reflection_Object *after)
{
    reflection_Field field, known;

    for (uint32_t i = 0; reflection_Field_vector_at(after->fields, i, &field); i++) {
        if (field.required && !acti_field_of_id(before, field.id, &known))
            acti_compare_refuse(c, after->name, field.name,
                "is new and required: those in the log don't have it; leave out (required)");
    }
}

/* The object `index` of the old schema, which the new one has under the same name. */
static void
compare_object(acti_comparison *c, uint32_t index)
{
    reflection_Object before, after;
    reflection_Field field;

    if (index >= c->before.objects.count || c->done[index]) return;
    c->done[index] = true;
    reflection_Object_vector_at(c->before.objects, index, &before);
    if (!acti_object_named(&c->after, before.name, &after)) {
        tell_change(c, &(acta_schema_change){ .table = before.name,
                           .member = acta_str_of(""),
                           .is_gone = true,
                           .text = "is gone: buffers with it are in the log; keep it" });
        return;
    }
    if (before.is_struct || after.is_struct) compare_struct(c, &before, &after);
    if (before.is_struct != after.is_struct) return;
    bool was_in_struct = c->is_in_struct;
    for (uint32_t i = 0; reflection_Field_vector_at(before.fields, i, &field); i++) {
        c->is_in_struct = before.is_struct;
        compare_field(c, &before, &field, &after);
    }
    c->is_in_struct = was_in_struct;
    compare_added(c, &before, &after);
}

void
acti_compare_named(acti_comparison *c, acta_str name)
{
    reflection_Object object;

    for (uint32_t i = 0; reflection_Object_vector_at(c->before.objects, i, &object); i++) {
        if (acta_str_equal(object.name, name)) compare_object(c, i);
    }
}

/* -- roots -- */

/* An event's aggregate is in the names of its streams. */
static void
compare_owner(acti_comparison *c, const reflection_Object *before)
{
    acta_str owner = attribute_of(before, "event");
    reflection_Object after;

    if (owner.data == NULL || !acti_object_named(&c->after, before->name, &after)) return;
    acta_str now = attribute_of(&after, "event");
    if (now.data == NULL || !acta_str_equal(owner, now))
        acti_compare_refuse(c, before->name, acta_str_of(""),
            "was an event of '" ACTA_FMT "': its streams are named so; keep that", ACTA_ARG(owner));
}

/* What (version: 2) says; 1 when there is none. */
static uint32_t
version_of(const reflection_Object *object)
{
    acta_str text = attribute_of(object, "version");
    uint32_t version = 0;

    for (size_t i = 0; i < text.size && text.data[i] >= '0' && text.data[i] <= '9' && version <= UINT16_MAX; i++)
        version = version * 10 + (uint32_t)(text.data[i] - '0');
    return version != 0 ? version : 1;
}

/* An event of another version: true, it is not to be compared. */
static bool
compare_version(acti_comparison *c, const reflection_Object *before)
{
    reflection_Object after;

    if (attribute_of(before, "event").data == NULL || !acti_object_named(&c->after, before->name, &after)) return false;
    uint32_t was = version_of(before), is = version_of(&after);
    if (is < was)
        acti_compare_refuse(c, before->name, acta_str_of(""),
            "was version %" PRIu32 " and is version %" PRIu32 ": versions only rise; write (version: %" PRIu32 ")", was,
            is, was);
    return is != was;
}

static bool
is_root(const acti_comparison *c, const reflection_Object *before)
{
    static const char *const kept_rows[] = { "process_manager", "read_model", "command" };
    reflection_Object after;

    if (attribute_of(before, "event").data != NULL) return true;
    for (size_t i = 0; i < sizeof kept_rows / sizeof kept_rows[0]; i++) {
        /* one that nobody knows any more is not read any more */
        if (attribute_of(before, kept_rows[i]).data != NULL) return acti_object_named(&c->after, before->name, &after);
    }
    return false;
}

static bool
find_rejection(const reflection_Schema *schema, uint32_t *index_out, reflection_Enum *enum_out)
{
    for (uint32_t i = 0; reflection_Enum_vector_at(schema->enums, i, enum_out); i++) {
        *index_out = i;
        if (acti_compare_is_rejection(enum_out)) return true;
    }
    return false;
}

/* Outcomes of commands with an id are kept, with the number of their rejection. */
static void
compare_rejections(acti_comparison *c)
{
    uint32_t was, is;
    reflection_Enum before, after;

    if (!find_rejection(&c->before, &was, &before)) return;
    if (find_rejection(&c->after, &is, &after))
        compare_enum(c, was, is);
    else
        acti_compare_refuse(
            c, before.name, acta_str_of(""), "is gone: outcomes that are kept have its values; keep it");
}

static acta_status
decode(const char *which, acta_bytes binary, reflection_Schema *schema_out, acta_error *error)
{
    acta_error damage;

    if (binary.data == NULL || binary.size < 8 || memcmp(binary.data + 4, "BFBS", 4) != 0)
        return acta_error_set(error, ACTA_CORRUPT, "the %s schema is no binary schema of flatc", which);
    if (reflection_Schema_verify(binary, &damage) != ACTA_OK)
        return acta_error_set(error, ACTA_CORRUPT, "the %s schema: %s", which, damage.text);
    reflection_Schema_decode(binary, schema_out);
    return ACTA_OK;
}

static void
compare_all(acti_comparison *c)
{
    reflection_Object object;

    for (uint32_t i = 0; reflection_Object_vector_at(c->before.objects, i, &object); i++) {
        acti_compare_route(c, i);
        if (!is_root(c, &object)) continue;
        if (!compare_version(c, &object)) compare_object(c, i);
        compare_owner(c, &object);
    }
    compare_rejections(c);
}

/* ACTA_NOT_FOUND: there is no such table. */
static acta_status
compare_one(acti_comparison *c, acta_str name)
{
    reflection_Object object;

    for (uint32_t i = 0; reflection_Object_vector_at(c->before.objects, i, &object); i++) {
        if (!acta_str_equal(object.name, name)) continue;
        if (!acti_object_named(&c->after, name, &object)) break;
        compare_object(c, i);
        return ACTA_OK;
    }
    return acta_error_set(c->error, ACTA_NOT_FOUND, "there is no table '" ACTA_FMT "' in both schemas", ACTA_ARG(name));
}

/* `table` absent: all that a log may hold. */
static acta_status
compare(acti_comparison *c, acta_bytes before, acta_bytes after, acta_str table)
{
    acta_status status = decode("old", before, &c->before, c->error);
    if (status == ACTA_OK) status = decode("new", after, &c->after, c->error);
    if (status != ACTA_OK) return status;
    acta_memory *memory = acta_memory_create(NULL);
    size_t count = (size_t)c->before.objects.count + c->before.enums.count;
    c->done = memory != NULL ? acta_memory_alloc(memory, count * sizeof *c->done) : NULL;
    if (c->done == NULL)
        status = acta_error_set(c->error, ACTA_NO_MEMORY, "no memory to compare two schemas");
    else if (table.data == NULL)
        compare_all(c);
    else
        status = compare_one(c, table);
    acta_memory_destroy(memory);
    return status != ACTA_OK || c->count == 0 ? status : ACTA_SCHEMA_MISMATCH;
}

acta_status
acta_schema_compare(acta_bytes before, acta_bytes after, acta_schema_tell *tell, void *user, acta_error *error)
{
    acti_comparison c = { .tell = tell, .user = user, .error = error };
    return compare(&c, before, after, acta_str_from(NULL, 0));
}

acta_status
acta_schema_compare_table(
    acta_bytes before, acta_bytes after, acta_str table, acta_schema_tell *tell, void *user, acta_error *error)
{
    acti_comparison c = { .tell = tell, .user = user, .error = error };
    return compare(&c, before, after, table);
}
