/*
 * The source: names of enums, the description of each table's fields, the schema with its binary form.
 */
#include "internal.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static void
put_enum_names(const acti_enumeration *of, FILE *out)
{
    const char *c = of->is.c_name, *type = of->is_union ? "_type" : "";

    fprintf(out, "const char *\n%s%s_name(%s%s value)\n{\n    switch (value) {\n", c, type, c, type);
    for (uint32_t i = 0; i < of->value_count; i++) {
        bool seen = false; /* two names of one number: the first is it */
        for (uint32_t k = 0; k < i; k++)
            seen = seen || of->values[k].number == of->values[i].number;
        if (seen) continue;
        fprintf(out, "    case %s:\n        return \"%s\";\n", of->values[i].is.c_name, of->values[i].is.name);
    }
    fputs("    }\n    return \"unknown\";\n}\n\n", out);
}

static void
put_union_code(const acti_enumeration *of, FILE *out)
{
    const char *c = of->is.c_name;

    fprintf(out, "static const acta_union_member %s_members[] = {\n", c);
    for (uint32_t i = 0; i < of->value_count; i++) {
        const struct enum_value *member = &of->values[i];
        if (member->base == BASE_NONE) continue;
        fprintf(out, "    { .name = \"%s\", .number = %" PRId64, member->is.name, member->number);
        if (member->table != NULL) fprintf(out, ", .table = &%s_table", member->table->is.c_name);
        fputs(" },\n", out);
    }
    fprintf(out, "};\nACTA_UNION_CODE(%s, \"%s\");\n\n", c, of->is.text->full_name);
}

static const char *
flags_of(const acti_field *f, acti_arena *arena)
{
    const char *flags = "";

    if (f->required) flags = arena_format(arena, "%s | ACTA_FIELD_REQUIRED", flags);
    if (f->key) flags = arena_format(arena, "%s | ACTA_FIELD_KEY", flags);
    bool is_enum =
        f->enumeration != NULL && !f->enumeration->is_wide && f->base != BASE_VECTOR && f->base != BASE_UNION;
    if (is_enum) flags = arena_format(arena, "%s | ACTA_FIELD_ENUM", flags);
    if (attribute_of(&f->is, "flexbuffer") != NULL) flags = arena_format(arena, "%s | ACTA_FIELD_FLEX", flags);
    return flags[0] != '\0' ? flags + 3 : "";
}

/* ACTA_NUMBER_FIELD(bank_Deposit, amount, 1, INT64, 0, 0), and so on: generated.h. */
static void
put_field(const acti_table *of, const acti_field *f, FILE *out, acti_arena *arena)
{
    const char *flags = flags_of(f, arena);
    const char *items[6] = { of->is.c_name, f->is.name, arena_format(arena, "%u", f->id) };
    const char *macro = is_optional(f) ? "ACTA_OPTIONAL_FIELD(" : "ACTA_NUMBER_FIELD(";
    uint32_t count = 3;

    if (f->base == BASE_OBJECT && f->table->is_struct) {
        macro = is_optional(f) ? "ACTA_OPTIONAL_STRUCT_FIELD(" : "ACTA_STRUCT_FIELD(";
        items[count++] = f->table->is.c_name;
    } else if (is_union(f)) {
        macro = "ACTA_UNION_FIELD(";
        items[count++] = kind_name(f);
        items[count++] = f->enumeration->is.c_name;
    } else if (f->table != NULL && f->alignment != 0) {
        macro = "ACTA_ALIGNED_STRUCTS_FIELD("; /* a vector of them: flatc aligns nothing else */
        items[count++] = f->table->is.c_name;
    } else if (f->table != NULL) {
        macro = "ACTA_TABLE_FIELD(";
        items[count++] = kind_name(f);
        items[count++] = f->table->is.c_name;
    } else if (f->nested != NULL) {
        macro = "ACTA_NESTED_FIELD(";
        items[count++] = f->nested->is.c_name;
    } else if (vector_kind_name(f) != NULL && f->alignment != 0) {
        macro = "ACTA_ALIGNED_FIELD(";
        items[count++] = vector_kind_name(f);
    } else if (vector_kind_name(f) != NULL) {
        macro = "ACTA_VECTOR_FIELD(";
        items[count++] = vector_kind_name(f);
    } else if (f->base == BASE_VECTOR) {
        macro = "ACTA_STRING_VECTOR_FIELD(";
    } else if (f->base == BASE_STRING) {
        macro = "ACTA_STRING_FIELD(";
    } else {
        items[count++] = kind_name(f);
    }
    items[count++] = flags[0] != '\0' ? flags : "0";
    if (f->nested != NULL || ((f->table != NULL || vector_kind_name(f) != NULL) && f->alignment != 0))
        items[count++] = arena_format(arena, "%u", f->alignment);
    if (is_number(f->base) && !is_optional(f))
        items[count++] = absent_bits(f) != 0 ? arena_format(arena, "UINT64_C(0x%" PRIx64 ")", absent_bits(f)) : "0";
    put_list(out, 4, macro, items, count, "),\n");
}

/* ACTA_MEMBER(bank_Point, x, 0, INT32, 0, 0) */
static void
put_member(const acti_table *of, const acti_field *f, FILE *out, acti_arena *arena)
{
    const char *items[6] = { of->is.c_name, f->is.name, arena_format(arena, "%u", f->place) };
    uint32_t count = 3;

    items[count++] = f->table != NULL ? f->table->is.c_name : kind_name(f);
    if (f->table == NULL) items[count++] = flags_of(f, arena)[0] != '\0' ? flags_of(f, arena) : "0";
    items[count++] = arena_format(arena, "%u", f->length);
    put_list(out, 4, f->table != NULL ? "ACTA_STRUCT_MEMBER(" : "ACTA_MEMBER(", items, count, "),\n");
}

static void
put_struct_code(const acti_model *m, const acti_table *of, FILE *out, acti_arena *arena)
{
    const char *c = of->is.c_name;

    fprintf(out, "static const acta_field %s_fields[] = {\n", c);
    for (uint32_t i = 0; i < of->field_count; i++)
        put_member(of, &of->fields[i], out, arena);
    fprintf(out, "};\nconst acta_table %s_table = {\n    .name = \"%s\",\n", c, of->full_name);
    const char *items[] = { c, arena_format(arena, "UINT64_C(0x%016" PRIx64 ")", of->hash),
        arena_format(arena, "%sschema", m->prefix), arena_format(arena, "%u", of->inline_size),
        arena_format(arena, "%u", of->alignment) };
    put_list(out, 4, "ACTA_STRUCT_MEMBERS(", items, 5, "),\n");
    fputs("};\n\n", out);
}

static void
put_table_code(const acti_model *m, const acti_table *of, FILE *out, acti_arena *arena)
{
    static const char *const roles[] = { "PLAIN", "COMMAND", "EVENT", "STATE", "PROCESS_MANAGER", "READ_MODEL" };
    const char *c = of->is.c_name;

    if (of->field_count != 0) {
        fprintf(out, "static const acta_field %s_fields[] = {\n", c);
        for (uint32_t i = 0; i < of->field_count; i++)
            put_field(of, &of->fields[i], out, arena);
        fputs("};\n", out);
    }
    const char *kind = is_plain(of) ? "PLAIN" : is_checked(of) ? "CHECKED" : "TABLE";
    if (is_quick(of)) put_quick(m, of, out, arena);
    fprintf(out, "ACTA_%s%s_CODE(%s);\n", is_quick(of) ? "QUICK_" : "", kind, c);
    if (of->identity != NULL)
        put_list(out, 0, "ACTA_IDENTITY_CODE(", (const char *[]){ c, of->identity->is.name }, 2, ");\n");
    if (is_mutable(of)) fprintf(out, "ACTA_MUTABLE_CODE(%s);\n", c);
    put_marks(m, of, out, arena);

    fprintf(out, "const acta_table %s_table = {\n    .name = \"%s\",\n", c, of->full_name);
    if (of->owner[0] != '\0') fprintf(out, "    .owner = \"%s\",\n", of->owner);
    if (of->version > 1) fprintf(out, "    .version = %u,\n", of->version);
    const char *items[] = { c, roles[of->role], arena_format(arena, "UINT64_C(0x%016" PRIx64 ")", of->hash),
        arena_format(arena, "%sschema", m->prefix) };
    put_list(out, 4, "ACTA_TABLE_MEMBERS(", items, 4, "),\n");
    if (of->field_count != 0) fprintf(out, "    ACTA_%sFIELDS(%s),\n", is_checked(of) ? "CHECKED_" : "", c);
    if (of->identity != NULL) fprintf(out, "    .identity = %s_any_identity,\n", c);
    if (is_mutable(of)) fprintf(out, "    ACTA_MUTABLE_MEMBERS(%s),\n", c);
    if (has_marks(m, of, arena)) fprintf(out, "    ACTA_MARKED_MEMBERS(%s),\n", c);
    fputs("};\n\n", out);
}

/* Any four bytes, in letters where they are. */
static void
put_identifier(const char *identifier, FILE *out)
{
    fputs("    .file_identifier = \"", out);
    for (const char *c = identifier; *c != '\0'; c++)
        fprintf(out, isalnum((unsigned char)*c) ? "%c" : "\\%03o", (unsigned char)*c);
    fputs("\",\n", out);
}

void
put_schema_source(const acti_model *m, FILE *out)
{
    const char *own = m->infix != NULL ? m->infix : ""; /* keeps those of old schemas apart */

    fprintf(out, "/* clang-format off */\nstatic const uint8_t %sbinary[] = {", own);
    for (size_t i = 0; i < m->binary.size; i++)
        fprintf(out, "%s%u,", i % 24 == 0 ? "\n    " : "", m->binary.bytes[i]);
    fputs("\n};\n/* clang-format on */\n\n", out);

    uint32_t count = 0;
    for (uint32_t i = 0; i < m->table_count; i++) {
        if (m->tables[i].is_struct) continue;
        if (count++ == 0) fprintf(out, "static const acta_table *const %stables[] = {\n", own);
        fprintf(out, "    &%s_table,\n", m->tables[i].is.c_name);
    }
    if (count != 0) fputs("};\n\n", out);

    fprintf(out, "const acta_schema %sschema = {\n    .name = \"%s\",\n", m->prefix, m->namespace);
    fprintf(out, "    .binary = { %sbinary, sizeof %sbinary },\n", own, own);
    if (count != 0) fprintf(out, "    .tables = %stables,\n    .table_count = %u,\n", own, count);
    fprintf(out, "    .hash = UINT64_C(0x%016" PRIx64 "),\n", m->hash);
    if (m->identifier[0] != '\0') put_identifier(m->identifier, out);
    fputs("};\n", out);
}

void
put_types_source(const acti_model *m, FILE *out, acti_arena *arena)
{
    for (uint32_t i = 0; i < m->enum_count; i++) {
        put_enum_names(&m->enums[i], out);
        if (m->enums[i].is_union) put_union_code(&m->enums[i], out);
    }
    put_quick_parts(m, out, arena);
    for (uint32_t i = 0; i < m->table_count; i++) {
        if (m->tables[i].is_struct)
            put_struct_code(m, &m->tables[i], out, arena);
        else
            put_table_code(m, &m->tables[i], out, arena);
    }
}

void
put_source(const acti_model *m, FILE *out, acti_arena *arena)
{
    fprintf(out, "/*\n * Made by actac from %s.fbs: change that, not this.\n */\n#include \"%s.acta.h\"\n\n", m->stem,
        m->stem);
    put_types_source(m, out, arena);
    put_handlers_source(m, out, arena);
    put_upcast_source(m, out, arena);
    put_schema_source(m, out);
}
