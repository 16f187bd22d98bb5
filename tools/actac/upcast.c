/*
 * Upcasters: what old versions of events need.
 *
 *     bank.fbs      table MoneyWithdrawn (event: "Account", version: 2) { … }
 *     bank.v1.fbs   table MoneyWithdrawn (event: "Account")             { … }     the old schema, or what is left of it
 *
 *     bank.acta.h   bank_v1_MoneyWithdrawn            the old table, and all that is in it, to be read
 *                   bank_MoneyWithdrawn_upcast        adds a new event to what an old one becomes
 *                   bank_upcasters, BANK_UPCASTERS    the functions from the old ones to the new ones
 *
 * The N of bank.vN.fbs is the version of the events in it that count: those that the schema has in a later version, or
 * has no longer. All else in the file is left out, so that it may be the whole schema as it once was.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION_MAX = 65535 };

uint32_t
upcast_version(const char *path)
{
    const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    const char *mark = NULL;

    for (const char *at = strstr(name, ".v"); at != NULL; at = strstr(at + 1, ".v"))
        mark = at;
    if (mark == NULL || mark[2] < '1' || mark[2] > '9') return 0;
    char *end;
    unsigned long version = strtoul(mark + 2, &end, 10);
    return *end == '.' && version <= VERSION_MAX ? (uint32_t)version : 0;
}

static bool
is_version(const char *text)
{
    char *end;
    unsigned long version = strtoul(text, &end, 10);
    return text[0] >= '1' && text[0] <= '9' && *end == '\0' && version <= VERSION_MAX;
}

void
upcast_check(const acti_model *m, acti_errors *e)
{
    for (uint32_t i = 0; i < m->table_count; i++) {
        const acti_table *of = &m->tables[i];
        const char *version = attribute_of(&of->is, "version");
        if (version == NULL) continue;
        acti_place at = of->is.text != NULL ? scan_attribute(of->is.text, "version") : of->is.at;
        if (!is_version(version))
            error_at(e, at, "version '%s' of %s is no number from 1 to %d; write (version: 2)",
                version[0] != '\0' ? version : "0", of->is.name, VERSION_MAX);
        else if (of->role != ROLE_EVENT)
            error_at(e, at, "%s has a version, which only events have: all else is kept in its newest form; remove it",
                of->is.name);
    }
}

/* -- what of an old schema counts -- */

static const acti_table *
find_table(const acti_model *m, const char *name)
{
    for (uint32_t i = 0; i < m->table_count; i++) {
        if (strcmp(m->tables[i].is.name, name) == 0) return &m->tables[i];
    }
    return NULL;
}

/* Is it an event that the new schema has a later version of, or has no more? */
static bool
is_outlived(const acti_model *m, const acti_table *of)
{
    const acti_table *now = find_table(m, of->is.name);
    return of->role == ROLE_EVENT && (now == NULL || now->role != ROLE_EVENT || now->version > of->version);
}

/* The table, and all of this file that is in it. */
static void
mark_table(const acti_model *old, const acti_table *of, bool *tables, bool *enums)
{
    size_t index = (size_t)(of - old->tables);

    if (index >= old->table_count || tables[index]) return;
    tables[index] = true;
    for (uint32_t i = 0; i < of->field_count; i++) {
        const acti_enumeration *enumeration = of->fields[i].enumeration;
        if (of->fields[i].table != NULL) mark_table(old, of->fields[i].table, tables, enums);
        if (of->fields[i].nested != NULL) mark_table(old, of->fields[i].nested, tables, enums);
        if (enumeration == NULL || (size_t)(enumeration - old->enums) >= old->enum_count) continue;
        enums[enumeration - old->enums] = true;
        for (uint32_t t = 0; t < old->table_count && enumeration->is_union; t++)
            mark_table(old, &old->tables[t], tables, enums); /* any may be a member of it */
    }
}

/* A copy of those that are marked and of what is included; `place` says where each came to. */
static acti_table *
copy_tables(const acti_model *old, const bool *marked, uint32_t *place, uint32_t *count_out, acti_arena *arena)
{
    acti_table *copies = arena_alloc(arena, old->table_total * sizeof *copies);
    uint32_t count = 0;

    for (uint32_t i = 0; i < old->table_total; i++) {
        if (i == old->table_count) *count_out = count;
        if (i < old->table_count && !marked[i]) continue;
        place[i] = count;
        copies[count++] = old->tables[i];
    }
    if (old->table_total == old->table_count) *count_out = count;
    return copies;
}

static acti_enumeration *
copy_enums(const acti_model *old, const bool *marked, uint32_t *place, uint32_t *count_out, acti_arena *arena)
{
    acti_enumeration *copies = arena_alloc(arena, old->enum_total * sizeof *copies);
    uint32_t count = 0;

    for (uint32_t i = 0; i < old->enum_total; i++) {
        if (i == old->enum_count) *count_out = count;
        if (i < old->enum_count && !marked[i]) continue;
        place[i] = count;
        copies[count++] = old->enums[i];
    }
    if (old->enum_total == old->enum_count) *count_out = count;
    return copies;
}

/* Take what is marked, and let what pointed to the rest of it point to the copies. */
static void
keep_marked(acti_model *old, const bool *marked_tables, const bool *marked_enums, acti_arena *arena)
{
    uint32_t *table_at = arena_alloc(arena, old->table_total * sizeof *table_at);
    uint32_t *enum_at = arena_alloc(arena, old->enum_total * sizeof *enum_at);
    uint32_t table_count = 0, enum_count = 0;
    acti_table *tables = copy_tables(old, marked_tables, table_at, &table_count, arena);
    acti_enumeration *enums = copy_enums(old, marked_enums, enum_at, &enum_count, arena);

    for (uint32_t i = 0; i < table_count; i++) {
        for (uint32_t f = 0; f < tables[i].field_count; f++) {
            acti_field *field = &tables[i].fields[f];
            if (field->table != NULL) field->table = &tables[table_at[field->table - old->tables]];
            if (field->enumeration != NULL) field->enumeration = &enums[enum_at[field->enumeration - old->enums]];
        }
    }
    for (uint32_t i = 0; i < enum_count; i++) {
        for (uint32_t v = 0; v < enums[i].value_count; v++) {
            acti_table **member = &enums[i].values[v].table;
            if (*member != NULL) *member = &tables[table_at[*member - old->tables]];
        }
    }
    old->table_total -= old->table_count - table_count;
    old->enum_total -= old->enum_count - enum_count;
    old->table_count = table_count;
    old->enum_count = enum_count;
    old->tables = tables;
    old->enums = enums;
}

static void
drop_identity(acti_common *of)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < of->attribute_count; i++)
        if (strcmp(of->attributes[i].name, "identity") != 0) of->attributes[kept++] = of->attributes[i];
    of->attribute_count = kept;
}

/* Old events are read, and nothing else: what makes more of a table counts no more. */
static void
make_plain(acti_table *of)
{
    of->role = ROLE_PLAIN;
    of->owner = "";
    of->identity = NULL;
    of->is.attribute_count = 0;
    for (uint32_t i = 0; i < of->field_count; i++)
        drop_identity(&of->fields[i].is);
}

void
upcast_reduce(const acti_model *m, acti_model *old, acti_errors *e)
{
    bool *tables = arena_alloc(e->arena, old->table_count * sizeof *tables);
    bool *enums = arena_alloc(e->arena, old->enum_count * sizeof *enums);
    bool any = false;

    old->strays = arena_alloc(e->arena, old->table_count * sizeof(const acti_table *));
    upcast_check(old, e);
    if (strcmp(m->namespace, old->namespace) != 0)
        error_at(e, (acti_place){ 1, 1 }, "namespace '%s' is another than '%s' of the schema; it stays what it was",
            old->namespace, m->namespace);
    for (uint32_t i = 0; i < old->table_count; i++) {
        if (!is_outlived(m, &old->tables[i])) continue;
        if (old->tables[i].version != old->version) {
            old->strays[old->stray_count++] = &old->tables[i];
            continue;
        }
        mark_table(old, &old->tables[i], tables, enums);
        old->tables[i].has_upcaster = any = true;
    }
    if (!any && e->count == 0)
        error_at(e, (acti_place){ 1, 1 },
            "%s.fbs has no later version of any event here; write (version: %u) at the one that has changed, or leave "
            "this file out",
            m->stem, old->version + 1);
    keep_marked(old, tables, enums, e->arena);
    for (uint32_t i = 0; i < old->table_count; i++)
        make_plain(&old->tables[i]);
    old->rejection = NULL;
}

static bool
is_in_its_file(const acti_model *m, const acti_table *stray)
{
    for (uint32_t i = 0; i < m->old_count; i++) {
        const acti_table *found = find_table(&m->olds[i], stray->is.name);
        if (m->olds[i].version == stray->version && found != NULL && found->has_upcaster) return true;
    }
    return false;
}

void
upcast_check_strays(const acti_model *m, const acti_model *old, acti_errors *e)
{
    for (uint32_t i = 0; i < old->stray_count; i++) {
        const acti_table *of = old->strays[i];
        if (is_in_its_file(m, of)) continue;
        error_at(e, of->is.at,
            "event %s has version %u here, but the file is of version %u; keep this table in %s.v%u.fbs too, and give "
            "that by --old",
            of->is.name, of->version, old->version, m->stem, of->version);
    }
}

/* -- code -- */

/* Each old event, one after the other; NULL behind the last. */
static const acti_table *
next_old(const acti_model *old, const acti_table *after)
{
    const acti_table *end = old->tables + old->table_count;

    for (const acti_table *t = after != NULL ? after + 1 : old->tables; t < end; t++) {
        if (t->has_upcaster) return t;
    }
    return NULL;
}

static void
put_old_header(const acti_model *old, FILE *out, acti_arena *arena)
{
    fprintf(out, "/* -- version %u, of %s.fbs -- */\n\nextern const acta_schema %sschema;\n\n", old->version, old->stem,
        old->prefix);
    put_types_header(old, out, arena);
}

static void
put_adders(const acti_model *m, FILE *out)
{
    fputs("/* For upcasters: T_upcast adds one of these to what the old event becomes. */\n", out);
    for (const acti_table *t = NULL; (t = model_next(m, t, ROLE_EVENT, NULL)) != NULL;)
        fprintf(out, "ACTA_UPCAST_TO(%s);\n", t->is.c_name);
    for (uint32_t i = 0; i < m->old_count; i++) {
        for (const acti_table *t = NULL; (t = next_old(&m->olds[i], t)) != NULL;)
            fprintf(out, "ACTA_UPCAST_TO(%s);\n", t->is.c_name);
    }
    fputc('\n', out);
}

/* bank_v1_upcasters: a function an old event. */
static void
put_old_upcasters(const acti_model *old, FILE *out, acti_arena *arena)
{
    fprintf(out, "typedef struct %supcasters {\n", old->prefix);
    for (const acti_table *t = NULL; (t = next_old(old, t)) != NULL;) {
        const char *parameters[] = { arena_format(arena, "const %s *old", t->is.c_name), "acta_upcast *out" };
        put_list(out, 4, arena_format(arena, "acta_status (*%s)(", t->is.name), parameters, 2, ") ACTA_ZERO;\n");
    }
    fprintf(out, "} %supcasters;\n\n", old->prefix);
}

void
put_upcast_header(const acti_model *m, FILE *out, acti_arena *arena)
{
    const char *p = m->prefix;

    if (m->old_count == 0) return;
    for (uint32_t i = 0; i < m->old_count; i++)
        put_old_header(&m->olds[i], out, arena);
    put_adders(m, out);
    for (uint32_t i = 0; i < m->old_count; i++)
        put_old_upcasters(&m->olds[i], out, arena);
    fprintf(out, "typedef struct %supcasters_given {\n", p);
    for (uint32_t i = 0; i < m->old_count; i++)
        fprintf(out, "    %supcasters v%u ACTA_ZERO;\n", m->olds[i].prefix, m->olds[i].version);
    fprintf(out, "} %supcasters_given;\n\n", p);
    fprintf(out, "/* From old versions to new ones; fill it with %sUPCASTERS(.v%u = { … }, …). */\n", m->macro,
        m->olds[0].version);
    fprintf(out, "typedef struct %supcasters {\n    acta_upcasters base;\n    %supcasters_given given;\n", p, p);
    fprintf(out, "} %supcasters;\nextern const acta_upcasters_code %supcasters_code;\n", p, p);
    put_macro_line(out, arena_format(arena, "#define %sUPCASTERS(...)", m->macro));
    put_macro_line(out, "    {");
    put_macro_line(out, arena_format(arena, "        { &%supcasters_code },", p));
    put_macro_line(out, "        {");
    put_macro_line(out, "            __VA_ARGS__");
    put_macro_line(out, "        }");
    fputs("    }\n\n", out);
}

static void
put_upcasters_self(const acti_model *m, FILE *out, acti_arena *arena)
{
    put_assignment(out, arena_format(arena, "const %supcasters *self =", m->prefix),
        arena_format(arena, "(const %supcasters *)base", m->prefix));
    fputc('\n', out);
}

static void
put_upcast_function(const acti_model *m, FILE *out, acti_arena *arena)
{
    const char *parameters[] = { "const acta_upcasters *base", "uint32_t number", "acta_bytes buffer",
        "acta_upcast *out" };
    uint32_t number = 0;

    fputs("static acta_status\n", out);
    put_list(out, 0, arena_format(arena, "%supcasters_upcast(", m->prefix), parameters, 4, ")\n");
    fputs("{\n", out);
    put_upcasters_self(m, out, arena);
    fputs("    switch (number) {\n", out);
    for (uint32_t i = 0; i < m->old_count; i++) {
        for (const acti_table *t = NULL; (t = next_old(&m->olds[i], t)) != NULL;) {
            const char *items[] = { arena_format(arena, "%u", number++), t->is.c_name,
                arena_format(arena, "self->given.v%u.%s", m->olds[i].version, t->is.name) };
            put_list(out, 8, "ACTA_UPCAST_CASE(", items, 3, ")\n");
        }
    }
    fputs("    }\n    return ACTA_INVALID; /* no such event */\n}\n\n", out);
}

static void
put_upcast_missing(const acti_model *m, FILE *out, acti_arena *arena)
{
    fprintf(out, "static const char *\n%supcasters_missing(const acta_upcasters *base)\n{\n", m->prefix);
    put_upcasters_self(m, out, arena);
    for (uint32_t i = 0; i < m->old_count; i++) {
        for (const acti_table *t = NULL; (t = next_old(&m->olds[i], t)) != NULL;) {
            const char *member = arena_format(arena, "v%u.%s", m->olds[i].version, t->is.name);
            size_t width = strlen("    if (self->given. == NULL) return \"\";") + 2 * strlen(member);
            const char *separator = width <= 120 ? " " : "\n        ";
            fprintf(out, "    if (self->given.%s == NULL)%sreturn \"%s\";\n", member, separator, member);
        }
    }
    fputs("    return NULL;\n}\n\n", out);
}

void
put_upcast_source(const acti_model *m, FILE *out, acti_arena *arena)
{
    const char *p = m->prefix;

    if (m->old_count == 0) return;
    for (uint32_t i = 0; i < m->old_count; i++) {
        put_types_source(&m->olds[i], out, arena);
        put_schema_source(&m->olds[i], out);
        fputc('\n', out);
    }
    fprintf(out, "static const acta_table *const %sold_events[] = {\n", p);
    for (uint32_t i = 0; i < m->old_count; i++) {
        for (const acti_table *t = NULL; (t = next_old(&m->olds[i], t)) != NULL;)
            fprintf(out, "    &%s_table,\n", t->is.c_name);
    }
    fputs("};\n\n", out);
    put_upcast_function(m, out, arena);
    put_upcast_missing(m, out, arena);
    fprintf(out, "const acta_upcasters_code %supcasters_code = {\n    .schema = &%sschema,\n", p, p);
    fprintf(out, "    .old = %sold_events,\n    .old_count = sizeof %sold_events / sizeof %sold_events[0],\n", p, p, p);
    fprintf(out, "    .upcast = %supcasters_upcast,\n    .missing = %supcasters_missing,\n};\n\n", p, p);
}
