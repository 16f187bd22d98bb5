/*
 * Checks: what the schema says and no code can be made of. Each error says what, what was expected, and what to do.
 */
#include "internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* -- errors -- */

void
error_at(acti_errors *e, acti_place at, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (e->count == e->room) {
        uint32_t room = e->room == 0 ? 16 : e->room * 2;
        struct error *list = arena_alloc(e->arena, room * sizeof *list);
        if (e->count != 0) memcpy(list, e->list, e->count * sizeof *list);
        e->list = list;
        e->room = room;
    }
    e->list[e->count++] = (struct error){ at, arena_copy(e->arena, text, strlen(text)) };
}

void
errors_print(acti_errors *e, FILE *out)
{
    for (uint32_t i = 1; i < e->count; i++) {
        struct error moved = e->list[i];
        uint32_t to = i;
        for (; to > 0; to--) {
            acti_place before = e->list[to - 1].at;
            if (before.line < moved.at.line || (before.line == moved.at.line && before.column <= moved.at.column))
                break;
            e->list[to] = e->list[to - 1];
        }
        e->list[to] = moved;
    }
    for (uint32_t i = 0; i < e->count; i++)
        fprintf(out, "%s:%u:%u: %s\n", e->file, e->list[i].at.line, e->list[i].at.column, e->list[i].text);
}

static acti_place
attribute_place(const acti_common *of, const char *name)
{
    acti_place at = scan_attribute(of->text, name);
    return at.line != 0 ? at : of->at;
}

/* -- the file -- */

static const char *
role_name(const acti_table *of)
{
    static const char *const names[] = { "", "command", "event", "state", "process_manager", "read_model" };
    return names[of->role];
}

/* What has a role is called by the namespace: the schema, its handlers, its streams. So that is one, and in one file. */
static void
check_namespace(const acti_model *m, const acti_table *of, acti_errors *e)
{
    size_t size = strlen(m->namespace);
    bool is_in = strncmp(of->full_name, m->namespace, size) == 0 && strcmp(of->full_name + size + 1, of->is.name) == 0;

    if (of->role == ROLE_PLAIN) return;
    if (of->is.text == NULL && is_in && size != 0)
        error_at(e, m->text.includes[0].at,
            "an included file has '%s' with the attribute %s in this file's namespace; put all that has a role into "
            "one "
            "file, and only other types into included ones",
            of->full_name, role_name(of));
    if (of->is.text == NULL) return;
    if (size == 0)
        error_at(e, of->is.at,
            "%s has the attribute %s, but no namespace, which is the prefix of all C names; begin the file with one "
            "such as 'namespace bank;'",
            of->is.name, role_name(of));
    else if (!is_in)
        error_at(e, of->is.at,
            "%s has the attribute %s in another namespace than '%s'; put all that has a role into one namespace",
            of->full_name, role_name(of), m->namespace);
}

/* Readers have a member for each event, by its name alone. Told where it can be mended, in this file. */
static void
check_included_events(const acti_model *m, acti_errors *e)
{
    for (const acti_table *t = NULL; (t = model_next_event(m, t)) != NULL;) {
        if (t->is.text != NULL) continue;
        for (const acti_table *before = NULL; (before = model_next_event(m, before)) != t;)
            if (strcmp(before->is.name, t->is.name) == 0)
                error_at(e, before->is.text != NULL ? before->is.at : m->text.includes[0].at,
                    "events %s and %s are both called %s, and handlers that may take both could not tell them apart; "
                    "rename one of them",
                    before->full_name, t->full_name, t->is.name);
    }
}

static void
check_file(const acti_model *m, acti_errors *e)
{
    if (m->text.include_count == 0 && m->table_count != m->table_total) {
        error_at(e, (acti_place){ 1, 1 },
            "the binary schema has a type '%s', but this file has not; make it from this file, with flatc",
            m->tables[m->table_count].full_name);
        return;
    }
    if (m->table_count == 0 && m->enum_count == 0)
        error_at(e, (acti_place){ 1, 1 }, "the schema has no type; add a table");
    for (uint32_t i = 0; i < m->text.type_count; i++) {
        const char *full = m->text.types[i].full_name;
        if (strncmp(full, "acta.", 5) != 0 && strncmp(full, "acti.", 5) != 0) continue;
        error_at(e, m->text.namespaces[0], "namespace '%.4s' is the library's own prefix; choose another", full);
        break;
    }
    bool has_roles = false;
    for (uint32_t i = 0; i < m->table_count; i++)
        has_roles = has_roles || m->tables[i].role != ROLE_PLAIN;
    for (uint32_t i = 0; i < m->table_total && has_roles; i++)
        check_namespace(m, &m->tables[i], e);
    if (has_roles && m->text.include_count > 0) check_included_events(m, e);
}

/* -- enums -- */

static void
check_enum_values(const acti_enumeration *of, acti_errors *e)
{
    bool is_rejection = attribute_of(&of->is, "rejection") != NULL;

    for (uint32_t i = 0; i < of->value_count; i++) {
        int64_t number = of->values[i].number;
        if (is_rejection && (number < INT32_MIN || number > INT32_MAX))
            error_at(e, of->values[i].is.at,
                "rejection %s is %" PRId64 ", which is no C int; keep it between 1 and 2147483647",
                of->values[i].is.name, number);
        else if (is_rejection && number <= 0)
            error_at(e, of->values[i].is.at,
                "rejection %s is %" PRId64 ", but codes begin at 1 (0 is no rejection); write '%s = 1'",
                of->values[i].is.name, number, of->values[i].is.name);
    }
}

static void
check_enums(const acti_model *m, acti_errors *e)
{
    const acti_enumeration *rejection = NULL;

    for (uint32_t i = 0; i < m->enum_count; i++) {
        const acti_enumeration *of = &m->enums[i];
        if (of->is_union) continue;
        check_enum_values(of, e);
        if (attribute_of(&of->is, "rejection") == NULL) continue;
        if (rejection != NULL)
            error_at(e, attribute_place(&of->is, "rejection"),
                "enum %s has the attribute rejection, but %s has it already (line %u); a schema has one", of->is.name,
                rejection->is.name, rejection->is.at.line);
        rejection = of;
    }
}

/* -- fields -- */

static void
check_identity(const acti_table *of, const acti_field *f, acti_errors *e)
{
    acti_place at = attribute_place(&f->is, "identity");

    if (of->role != ROLE_COMMAND && of->role != ROLE_READ_MODEL)
        error_at(e, at, "field %s.%s has the attribute identity, which only commands and read models have; remove it",
            of->is.name, f->is.name);
    else if (f->base != BASE_STRING)
        error_at(e, at, "identity %s.%s is no string; make it 'string'", of->is.name, f->is.name);
    else if (!f->required)
        error_at(e, at, "identity %s.%s is not required; write (identity, required)", of->is.name, f->is.name);
    if (f != of->identity) /* the last one counts as the identity: this one is too many */
        error_at(e, attribute_place(&of->identity->is, "identity"), "%s has two identities, %s and %s; keep one",
            of->is.name, f->is.name, of->identity->is.name);
}

/* Is there a default in the text that is no zero? It may be the name of an enum's value, or several in quotes. */
static bool
is_not_zero(const acti_field *f)
{
    const char *value = f->is.text != NULL ? f->is.text->value : NULL;

    if (value == NULL || strtoull(value, NULL, 0) != 0) return value != NULL;
    for (uint32_t i = 0; f->enumeration != NULL && i < f->enumeration->value_count; i++) {
        const struct enum_value *named = &f->enumeration->values[i];
        if (named->number != 0 && strstr(value, named->is.name) != NULL) return true;
    }
    return false;
}

static void
check_field(const acti_table *of, const acti_field *f, acti_errors *e)
{
    if (f->base == BASE_ULONG && f->default_integer == 0 && is_not_zero(f))
        error_at(e, f->is.at,
            "default %s of %s.%s is lost in flatc's binary schema, which holds at most 9223372036854775807; use a "
            "smaller one",
            f->is.text->value, of->is.name, f->is.name);
    if (attribute_of(&f->is, "identity") != NULL) check_identity(of, f, e);
    if (is_mutable(of) && f->base == BASE_VECTOR && f->table != NULL && !f->table->is_struct && f->table->key == NULL)
        error_at(e, f->is.at,
            "field %s.%s is a vector of tables without a key, so that its items can't be found or replaced; "
            "mark a field of %s with (key)",
            of->is.name, f->is.name, f->table->is.name);
}

/* -- tables -- */

static void
check_owner(const acti_model *m, const acti_table *of, acti_errors *e)
{
    const char *attribute = of->role == ROLE_COMMAND ? "command" : "event";
    acti_place at = attribute_place(&of->is, attribute);

    if (of->owner[0] == '\0') {
        error_at(e, at,
            "attribute %s of %s names no aggregate; write (%s: \"Name\"), where Name is a table with (state)",
            attribute, of->is.name, attribute);
        return;
    }
    for (uint32_t i = 0; i < m->table_count; i++) {
        if (strcmp(m->tables[i].is.name, of->owner) != 0) continue;
        if (m->tables[i].role == ROLE_STATE) return;
        error_at(e, at, "%s %s belongs to '%s', which is a table without the attribute state; add (state) to it",
            attribute, of->is.name, of->owner);
        return;
    }
    error_at(e, at,
        "%s %s belongs to '%s', but there is no such table; add 'table %s (state) { … }', or correct the name",
        attribute, of->is.name, of->owner, of->owner);
}

static void
check_roles(const acti_table *of, acti_errors *e)
{
    static const char *const roles[] = { "command", "event", "state", "process_manager", "read_model" };
    const char *first = NULL;

    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        const char *value = attribute_of(&of->is, roles[i]);
        if (value == NULL) continue;
        if (first != NULL)
            error_at(e, attribute_place(&of->is, roles[i]), "%s is both %s and %s; a table has one role", of->is.name,
                first, roles[i]);
        if (i >= 2 && value[0] != '\0')
            error_at(e, attribute_place(&of->is, roles[i]),
                "attribute %s of %s has the value '%s', but takes none; remove it", roles[i], of->is.name, value);
        if (first == NULL) first = roles[i];
    }
}

static void
check_role(const acti_model *m, const acti_table *of, acti_errors *e)
{
    check_roles(of, e);
    if (of->role == ROLE_COMMAND || of->role == ROLE_EVENT) check_owner(m, of, e);
    if (of->role == ROLE_COMMAND && of->identity == NULL)
        error_at(e, of->is.at, "command %s has no identity; mark the field that names its %s with (identity, required)",
            of->is.name, of->owner[0] != '\0' ? of->owner : "aggregate");
    if (of->role == ROLE_READ_MODEL && of->identity == NULL)
        error_at(e, of->is.at,
            "read model %s has no identity; mark the field that is its key with (identity, required)", of->is.name);
    if (of->role == ROLE_STATE && model_next(m, NULL, ROLE_COMMAND, of->is.name) == NULL)
        error_at(
            e, of->is.at, "aggregate %s has no command; add a table with (command: \"%s\")", of->is.name, of->is.name);
    if (of->role == ROLE_STATE && model_next(m, NULL, ROLE_EVENT, of->is.name) == NULL)
        error_at(e, of->is.at, "aggregate %s has no event; add a table with (event: \"%s\")", of->is.name, of->is.name);
    if (of->role == ROLE_PROCESS_MANAGER && model_next_event(m, NULL) == NULL)
        error_at(e, of->is.at, "process manager %s has no event to go by; add a table with (event: …)", of->is.name);
}

/* A table's own bytes, at most. */
static uint32_t
inline_bytes(const acti_table *of)
{
    uint32_t bytes = 4 + 256; /* as much lies before the widest field */

    for (uint32_t i = 0; i < of->field_count; i++)
        bytes += of->fields[i].table != NULL && of->fields[i].table->is_struct ? of->fields[i].table->inline_size : 9;
    return bytes;
}

void
model_check(acti_model *m, acti_errors *e)
{
    check_file(m, e);
    check_enums(m, e);
    for (uint32_t i = 0; i < m->table_count; i++) {
        const acti_table *of = &m->tables[i];
        if (of->is_struct && of->inline_size > 8192)
            error_at(e, of->is.at, "struct %s has %u bytes; at most 8192 are carried: make it a table", of->is.name,
                of->inline_size);
        if (!of->is_struct && inline_bytes(of) > UINT16_MAX)
            error_at(e, of->is.at,
                "the fields of %s take %u bytes beside each other; at most 65535 are possible: move "
                "structs into a table of their own",
                of->is.name, inline_bytes(of));
        if (of->field_count > 256)
            error_at(e, of->is.at,
                "table %s has %u fields; at most 256 are carried: move some into a table of their own", of->is.name,
                of->field_count);
        for (uint32_t f = 0; f < of->field_count; f++)
            check_field(of, &of->fields[f], e);
        check_role(m, of, e);
    }
}
