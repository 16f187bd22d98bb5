/*
 * Evolution: what attributes promise about what is stored already.
 *
 *     flexbuffer, nested_flatbuffer   what the bytes hold          may be given up; added, old bytes may hold something else
 *     personal: "subject"             sealed in the store          may be added; without it sealed bytes would be read
 *     tag: "name"                     the index of the store       may come and go; another name splits what is found
 *     identity, identity: "prefix"    keys of rows, names of streams    for ever
 *     command: "Aggregate"            where an outbox sends it     for ever
 *
 * The others say nothing of what is stored: deprecated, redacted, force_align of a vector (whose elements are copied), and
 * unique (of states, which are made again).
 */
#include "compare.h"

#include <stdio.h>

static bool
is_same(acta_str one, acta_str other)
{
    return (one.data == NULL) == (other.data == NULL) && acta_str_equal(one, other);
}

/* -- what bytes hold -- */

/* As the schema's language looks it up: in the namespace of the table, then in those around it. */
static bool
find_named(const reflection_Schema *schema, acta_str around, acta_str name, reflection_Object *found)
{
    char full[512];

    for (size_t size = around.size;;) {
        while (size > 0 && around.data[size - 1] != '.')
            size--;
        snprintf(full, sizeof full, "%.*s" ACTA_FMT, (int)size, around.data, ACTA_ARG(name));
        if (acti_object_named(schema, acta_str_of(full), found)) return true;
        if (size == 0) return false;
        size--; /* the dot */
    }
}

static void
compare_nested(
    acti_comparison *c, const reflection_Object *object, const reflection_Field *before, const reflection_Field *after)
{
    acta_str was = acti_compare_attribute(before->attributes, "nested_flatbuffer");
    acta_str is = acti_compare_attribute(after->attributes, "nested_flatbuffer");
    reflection_Object old_root, new_root;

    if (is.data == NULL) return;
    if (was.data == NULL) {
        acti_compare_refuse(c, object->name, before->name,
            "is to hold a buffer of '" ACTA_FMT
            "': bytes in the log may be none; add a field for it, and mark this one (deprecated)",
            ACTA_ARG(is));
        return;
    }
    bool is_found = find_named(&c->before, object->name, was, &old_root);
    if (!is_found || !find_named(&c->after, object->name, is, &new_root)) return;
    if (acta_str_equal(old_root.name, new_root.name))
        acti_compare_named(c, old_root.name);
    else
        acti_compare_refuse(c, object->name, before->name,
            "held a buffer of '" ACTA_FMT "' and is to hold one of '" ACTA_FMT
            "': add a field for the new, and mark this one (deprecated)",
            ACTA_ARG(old_root.name), ACTA_ARG(new_root.name));
}

static void
compare_flex(
    acti_comparison *c, const reflection_Object *object, const reflection_Field *before, const reflection_Field *after)
{
    bool was = acti_compare_attribute(before->attributes, "flexbuffer").data != NULL;
    bool is = acti_compare_attribute(after->attributes, "flexbuffer").data != NULL;

    if (is && !was)
        acti_compare_refuse(c, object->name, before->name,
            "is to hold a FlexBuffer: bytes in the log may be none; add a field for it, and mark this one "
            "(deprecated)");
}

/* -- personal, tag, identity -- */

static void
compare_personal(
    acti_comparison *c, const reflection_Object *object, const reflection_Field *before, const reflection_Field *after)
{
    acta_str was = acti_compare_attribute(before->attributes, "personal");
    acta_str is = acti_compare_attribute(after->attributes, "personal");

    if (was.data == NULL || is_same(was, is)) return;
    if (is.data == NULL)
        acti_compare_refuse(c, object->name, before->name,
            "was personal: it is stored sealed, and would be read so; keep (personal: \"" ACTA_FMT "\")",
            ACTA_ARG(was));
    else
        acti_compare_refuse(c, object->name, before->name,
            "was about '" ACTA_FMT "' and is about '" ACTA_FMT
            "': it is sealed with that one's key; keep (personal: \"" ACTA_FMT "\")",
            ACTA_ARG(was), ACTA_ARG(is), ACTA_ARG(was));
}

static void
compare_tag(
    acti_comparison *c, const reflection_Object *object, const reflection_Field *before, const reflection_Field *after)
{
    acta_str was = acti_compare_attribute(before->attributes, "tag");
    acta_str is = acti_compare_attribute(after->attributes, "tag");

    if (was.data == NULL || is.data == NULL) return;
    if (was.size == 0) was = before->name;
    if (is.size == 0) is = after->name;
    if (!acta_str_equal(was, is))
        acti_compare_refuse(c, object->name, before->name,
            "had the tag '" ACTA_FMT "' and has '" ACTA_FMT
            "': what is in the log is found by the old one; keep it, or give the new one to a field of its own",
            ACTA_ARG(was), ACTA_ARG(is));
}

static void
compare_identity(
    acti_comparison *c, const reflection_Object *object, const reflection_Field *before, const reflection_Field *after)
{
    bool was = acti_compare_attribute(before->attributes, "identity").data != NULL;
    bool is = acti_compare_attribute(after->attributes, "identity").data != NULL;
    bool is_row = acti_compare_attribute(object->attributes, "read_model").data != NULL;

    if (was && !is)
        acti_compare_refuse(c, object->name, before->name, "was the identity: %s; make a new %s",
            is_row ? "rows are kept by it" : "what waits in an outbox goes by it", is_row ? "read model" : "command");
}

void
acti_compare_field_marks(
    acti_comparison *c, const reflection_Object *object, const reflection_Field *before, const reflection_Field *after)
{
    compare_nested(c, object, before, after);
    compare_flex(c, object, before, after);
    compare_personal(c, object, before, after);
    compare_tag(c, object, before, after);
    compare_identity(c, object, before, after);
}

/* -- commands -- */

static acta_str
owner_of(const reflection_Object *object)
{
    return acti_compare_attribute(object->attributes, "command");
}

/* The first command of the aggregate that gives a prefix, and the prefix; empty: none does. False: it has no command. */
static bool
find_prefix(const reflection_Schema *schema, acta_str owner, acta_str *prefix_out)
{
    reflection_Object command;
    reflection_Field field;
    bool is_known = false;

    *prefix_out = acta_str_of("");
    for (uint32_t i = 0; reflection_Object_vector_at(schema->objects, i, &command); i++) {
        if (!is_same(owner_of(&command), owner)) continue;
        is_known = true;
        for (uint32_t k = 0; reflection_Field_vector_at(command.fields, k, &field); k++) {
            acta_str prefix = acti_compare_attribute(field.attributes, "identity");
            if (prefix.size == 0) continue;
            *prefix_out = prefix;
            return true;
        }
    }
    return is_known;
}

static bool
is_first_of(const reflection_Schema *schema, acta_str owner, uint32_t index)
{
    reflection_Object command;

    for (uint32_t i = 0; i < index && reflection_Object_vector_at(schema->objects, i, &command); i++) {
        if (is_same(owner_of(&command), owner)) return false;
    }
    return true;
}

/* "Account-", where nobody says otherwise. */
static const char *
describe_prefix(acta_str owner, acta_str prefix, char *text, size_t size)
{
    if (prefix.size != 0)
        snprintf(text, size, ACTA_FMT, ACTA_ARG(prefix));
    else
        snprintf(text, size, ACTA_FMT "-", ACTA_ARG(owner));
    return text;
}

void
acti_compare_route(acti_comparison *c, uint32_t index)
{
    char was[300], is[300];
    acta_str old_prefix, new_prefix;
    reflection_Object before, after;

    if (!reflection_Object_vector_at(c->before.objects, index, &before)) return;
    acta_str owner = owner_of(&before);
    if (owner.data == NULL) return;
    if (acti_object_named(&c->after, before.name, &after) && !is_same(owner_of(&after), owner))
        acti_compare_refuse(c, before.name, acta_str_of(""),
            "was a command of '" ACTA_FMT "': what waits in an outbox would go elsewhere; make a new command",
            ACTA_ARG(owner));
    if (!is_first_of(&c->before, owner, index)) return;
    if (!find_prefix(&c->before, owner, &old_prefix) || !find_prefix(&c->after, owner, &new_prefix)) return;
    describe_prefix(owner, old_prefix, was, sizeof was);
    describe_prefix(owner, new_prefix, is, sizeof is);
    if (strcmp(was, is) != 0)
        acti_compare_refuse(c, owner, acta_str_of(""),
            "had streams named '%s…' and is to have '%s…': those in the log keep their names; write (identity: \"%s\")",
            was, is, was);
}

bool
acti_compare_is_rejection(const reflection_Enum *of)
{
    return acti_compare_attribute(of->attributes, "rejection").data != NULL;
}
