/*
 * The header: enums, a struct a table with its functions, then what handlers.c makes of aggregates and events.
 */
#include "internal.h"

#include <inttypes.h>
#include <string.h>

/* C enums are ints: what is no int becomes a number, with a macro a value. */
static void
put_wide_enum(const acti_enumeration *of, FILE *out, acti_arena *arena)
{
    bool is_signed = of->base == BASE_LONG || of->base == BASE_INT || of->base == BASE_SHORT || of->base == BASE_BYTE;
    acti_field number = { .base = of->base };
    size_t widest = 0;

    for (uint32_t i = 0; i < of->value_count; i++) {
        size_t width = strlen(of->values[i].is.c_name);
        if (width > widest) widest = width;
    }
    put_doc(out, "", &of->is, NULL);
    fprintf(out, "typedef %s %s;\n", c_type(&number, arena), of->is.c_name);
    for (uint32_t i = 0; i < of->value_count; i++) {
        int64_t value = of->values[i].number;
        const char *name = of->values[i].is.c_name;
        put_doc(out, "", &of->values[i].is, NULL);
        int width = of->values[i].is.doc_count != 0 ? (int)strlen(name) : (int)widest;
        if (!is_signed)
            fprintf(out, "#define %-*s UINT64_C(%" PRIu64 ")\n", width, name, (uint64_t)value);
        else if (value == INT64_MIN)
            fprintf(out, "#define %-*s (-INT64_C(9223372036854775807) - 1)\n", width, name);
        else if (value < 0)
            fprintf(out, "#define %-*s (-INT64_C(%" PRId64 "))\n", width, name, -value);
        else
            fprintf(out, "#define %-*s INT64_C(%" PRId64 ")\n", width, name, value);
    }
}

/* `name` of the C type: a union's is that of its types. */
static void
put_int_enum(const acti_enumeration *of, const char *name, FILE *out)
{
    if (!of->is_union) put_doc(out, "", &of->is, NULL);
    fprintf(out, "typedef enum %s ACTA_ENUM_TYPE {\n", name);
    for (uint32_t i = 0; i < of->value_count; i++) {
        put_doc(out, "    ", &of->values[i].is, NULL);
        fprintf(out, "    %s = ", of->values[i].is.c_name);
        if (of->values[i].number == INT32_MIN)
            fputs("-2147483647 - 1", out); /* the number alone is no int in C */
        else
            fprintf(out, "%" PRId64, of->values[i].number);
        fputs(",\n", out);
    }
    fprintf(out, "} %s;\n", name);
}

static void
put_enum(const acti_model *m, const acti_enumeration *of, FILE *out, acti_arena *arena)
{
    const char *name = of->is_union ? arena_format(arena, "%s_type", of->is.c_name) : of->is.c_name;

    if (of->is_wide)
        put_wide_enum(of, out, arena);
    else
        put_int_enum(of, name, out);
    if (!of->is_union) fprintf(out, "/* %s_optional */\nACTA_OPTIONAL(%s);\n", name, name);
    put_list(out, 0, arena_format(arena, "const char *%s_name(", name),
        (const char *[]){ arena_format(arena, "%s value", name) }, 1,
        "); /* as in the schema; \"unknown\" for any other */\n\n");
    if (of != m->rejection) return;

    fprintf(out, "/* Reject the command in hand: %sreject(decision, %s, \"the balance is %%\" PRId64, balance). */\n",
        m->prefix, of->value_count != 0 ? of->values[0].is.c_name : of->is.c_name);
    put_macro_line(out, arena_format(arena, "#define %sreject(decision, rejection, ...)", m->prefix));
    fprintf(out, "    acta_decision_reject(decision, (uint32_t)(rejection), %s_name(rejection), __VA_ARGS__)\n\n",
        of->is.c_name);
}

/* One of several: the type, and a view of what it is. */
static void
put_union(const acti_enumeration *of, FILE *out)
{
    const char *c = of->is.c_name, *zero = " ACTA_ZERO";
    uint64_t known = 0, strings = 0; /* acti_union_of of plain.h */

    put_doc(out, "", &of->is, NULL);
    fprintf(out, "typedef struct %s {\n    %s_type type ACTA_ZERO;\n    union {\n", c, c);
    for (uint32_t i = 0; i < of->value_count; i++) {
        const struct enum_value *member = &of->values[i];
        if (member->base == BASE_NONE) continue;
        uint64_t bit = member->number < 64 ? UINT64_C(1) << member->number : 1;
        known |= bit;
        if (member->table == NULL && bit != 1) strings |= bit;
        if (member->table != NULL)
            fprintf(out, "        %s_ref %s%s;\n", member->table->is.c_name, member->is.name, zero);
        else
            fprintf(out, "        acta_str %s%s;\n", member->is.name, zero);
        zero = ""; /* one member of a union is what it begins as */
    }
    fprintf(out, "    };\n} %s;\n/* %s_union, _vector_at */\n", c, c);
    fprintf(out, "ACTA_UNION(%s, UINT64_C(0x%" PRIx64 "), UINT64_C(0x%" PRIx64 "));\n\n", c, known, strings);
}

/* What the brackets behind a field say, in words; "" when there are none. */
static const char *
note_of(const acti_field *f, acti_arena *arena)
{
    const char *note = attribute_of(&f->is, "identity") != NULL ? ", identity" : "";

    if (f->required) note = arena_format(arena, "%s, required", note);
    if (f->key) note = arena_format(arena, "%s, key", note);
    return note[0] != '\0' ? arena_format(arena, "/* %s */", note + 2) : "";
}

/* The column of the notes of neighbours: they stand below each other. */
static int
note_column(const acti_table *of, uint32_t index, acti_arena *arena)
{
    uint32_t first = index, last = index;
    size_t widest = 0;

    while (first > 0 && of->fields[first].is.doc_count == 0 && note_of(&of->fields[first - 1], arena)[0] != '\0')
        first--;
    while (last + 1 < of->field_count && of->fields[last + 1].is.doc_count == 0 &&
           note_of(&of->fields[last + 1], arena)[0] != '\0')
        last++;
    for (uint32_t i = first; i <= last; i++) {
        size_t width = strlen(member_of(&of->fields[i], arena));
        if (width > widest) widest = width;
    }
    return (int)widest;
}

static void
put_struct(const acti_table *of, FILE *out, acti_arena *arena)
{
    static const char *const roles[] = { [ROLE_COMMAND] = "Command to the aggregate",
        [ROLE_EVENT] = "Event of the aggregate",
        [ROLE_STATE] = "State of the aggregate",
        [ROLE_PROCESS_MANAGER] = "State of the process manager",
        [ROLE_READ_MODEL] = "Row of the read model" };
    const char *subject = of->owner[0] != '\0' ? of->owner : of->is.name;

    put_doc(out, "", &of->is, of->role != ROLE_PLAIN ? arena_format(arena, "%s %s.", roles[of->role], subject) : NULL);
    fprintf(out, "typedef struct %s {\n", of->is.c_name);
    for (uint32_t i = 0; i < of->field_count; i++) {
        const acti_field *f = &of->fields[i];
        put_doc(out, "    ", &f->is, NULL);
        const char *note = note_of(f, arena);
        if (note[0] != '\0')
            fprintf(out, "%-*s %s\n", note_column(of, i, arena), member_of(f, arena), note);
        else
            fprintf(out, "%s\n", member_of(f, arena));
    }
    if (of->field_count == 0) fputs("    uint8_t has_no_fields_ ACTA_ZERO; /* C has no empty structs */\n", out);
    fprintf(out, "} %s;\n", of->is.c_name);
}

static void
put_assigns(const acti_table *of, FILE *out, acti_arena *arena)
{
    for (uint32_t i = 0; i < of->field_count && is_mutable(of); i++) {
        const acti_field *f = &of->fields[i];
        if (!is_assigned(f)) continue;
        const char *items[] = { of->is.c_name, f->is.name, arena_format(arena, "%u", i), c_type(f, arena) };
        fprintf(out, "/* %s_assign */\n", f->is.c_name);
        put_list(out, 0, "ACTA_FIELD_ASSIGN(", items, 4, ");\n");
    }
}

/* Functions that take an item by value stand behind the later of both tables. */
static const acti_table *
place_of_collection(const acti_model *m, const acti_table *of, const acti_field *f)
{
    bool is_later = f->table > of && f->table < m->tables + m->table_count && !f->table->is_struct;
    return is_later ? f->table : of;
}

static void
put_collections(const acti_model *m, const acti_table *at, FILE *out, acti_arena *arena)
{
    for (const acti_table *of = m->tables; of <= at; of++) {
        for (uint32_t i = 0; i < of->field_count && is_mutable(of); i++) {
            const acti_field *f = &of->fields[i];
            if (!is_collection(f) || place_of_collection(m, of, f) != at) continue;
            const char *items[] = { of->is.c_name, f->is.name, arena_format(arena, "%u", i), f->table->is.c_name,
                c_type(f->table->key, arena) };
            fprintf(out, "/* %s_put, _remove, _find, _count, _at */\n", f->is.c_name);
            put_list(out, 0, "ACTA_COLLECTION(", items, 5, ");\n");
        }
    }
}

static void
put_keyed(const acti_table *of, FILE *out, acti_arena *arena)
{
    if (of->key == NULL) return;
    fprintf(out, "/* %s_vector_find, _sort */\n", of->is.c_name);
    put_list(out, 0, "ACTA_KEYED(", (const char *[]){ of->is.c_name, c_type(of->key, arena) }, 2, ");\n");
}

static void
put_nested(const acti_table *of, FILE *out)
{
    for (uint32_t i = 0; i < of->field_count; i++) {
        const acti_field *f = &of->fields[i];
        if (f->nested == NULL) continue;
        fprintf(out, "/* %s_decode */\n", f->is.c_name);
        put_list(
            out, 0, "ACTA_NESTED(", (const char *[]){ of->is.c_name, f->is.name, f->nested->is.c_name }, 3, ");\n");
    }
}

static void
put_structure(const acti_table *of, FILE *out, acti_arena *arena)
{
    const char *c = of->is.c_name;

    put_struct(of, out, arena);
    put_struct_read(of, out, arena);
    fprintf(out, "/* %s_table, _optional, _vector_at, _ref_get */\nACTA_STRUCT(%s, %u);\n", c, c, of->inline_size);
    put_keyed(of, out, arena);
    fputc('\n', out);
}

static void
put_indexes(const acti_table *of, FILE *out, acti_arena *arena)
{
    for (uint32_t i = 0; i < of->field_count; i++) {
        const acti_field *f = &of->fields[i];
        if (!is_indexed(f)) continue;
        fprintf(out, "/* %s_by_%s */\n", of->is.c_name, f->is.name);
        put_list(out, 0, f->base == BASE_STRING ? "ACTA_STR_INDEX(" : "ACTA_NUMBER_INDEX(",
            (const char *[]){ of->is.c_name, f->is.name, arena_format(arena, "%u", i) }, 3, ");\n");
    }
}

static void
put_table(const acti_model *m, const acti_table *of, FILE *out, acti_arena *arena)
{
    const char *c = of->is.c_name;

    put_struct(of, out, arena);
    put_read(of, out, arena);
    const char *read = of->role == ROLE_STATE ? "" : ", _read";
    fprintf(out, "/* %s_table, _verify, _decode, _write%s, _vector_at, _ref_get */\n", c, read);
    fprintf(out, "ACTA_%sTABLE(%s);\n", of->role == ROLE_STATE ? "STATE_" : "", c);
    if (of->role == ROLE_COMMAND)
        fprintf(out, "/* %s_dispatch, _dispatch_async, _schedule, _send, _send_at, _send_after */\nACTA_COMMAND(%s);\n",
            c, c);
    if (of->role == ROLE_EVENT) fprintf(out, "/* %s_emit */\nACTA_EVENT(%s);\n", c, c);
    if (of->role == ROLE_STATE) fprintf(out, "/* %s_read, _read_at, _after */\nACTA_STATE(%s);\n", c, c);
    if (of->role == ROLE_READ_MODEL)
        fprintf(out, "/* %s_get, _put, _remove, _find, _each */\nACTA_READ_MODEL(%s);\n", c, c);
    put_indexes(of, out, arena);
    for (uint32_t i = 0; i < of->field_count && of->role == ROLE_EVENT; i++) {
        if (of->fields[i].base != BASE_STRING || is_personal(&of->fields[i])) continue; /* no route by those */
        fprintf(out, "/* %s */\n", of->fields[i].is.c_name);
        put_list(out, 0, "ACTA_FIELD_READER(", (const char *[]){ c, of->fields[i].is.name }, 2, ");\n");
    }
    put_keyed(of, out, arena);
    put_nested(of, out);
    put_assigns(of, out, arena);
    put_collections(m, of, out, arena);
    fputc('\n', out);
}

static void
put_views(const acti_model *m, FILE *out)
{
    if (m->table_count != 0) fputs("/* Of each T: T_vector, and T_ref where it is no union. */\n", out);
    for (uint32_t i = 0; i < m->table_count; i++)
        fprintf(out, "ACTA_TABLE_VIEWS(%s);\n", m->tables[i].is.c_name);
    for (uint32_t i = 0; i < m->enum_count; i++)
        if (m->enums[i].is_union) fprintf(out, "ACTA_UNION_VIEWS(%s);\n", m->enums[i].is.c_name);
    if (m->table_count != 0) fputc('\n', out);
}

/* "types.acta.h" of "parts/types.fbs". */
static void
put_include(const char *path, FILE *out)
{
    const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    const char *dot = strrchr(name, '.');

    fprintf(out, "#include \"%.*s.acta.h\"\n", dot != NULL ? (int)(dot - name) : (int)strlen(name), name);
}

void
put_types_header(const acti_model *m, FILE *out, acti_arena *arena)
{
    for (uint32_t i = 0; i < m->enum_count; i++)
        put_enum(m, &m->enums[i], out, arena);
    if (m->text.include_count == 0 || m->infix != NULL) put_views(m, out);
    for (uint32_t i = 0; i < m->enum_count; i++) {
        if (m->enums[i].is_union) put_union(&m->enums[i], out);
    }
    for (uint32_t i = 0; i < m->table_count; i++) {
        if (m->tables[i].is_struct) put_structure(&m->tables[i], out, arena);
    }
    for (uint32_t i = 0; i < m->table_count; i++) {
        if (!m->tables[i].is_struct) put_table(m, &m->tables[i], out, arena);
    }
}

void
put_header(const acti_model *m, FILE *out, acti_arena *arena)
{
    const char *guard = arena_format(arena, "%s_ACTA_H", file_macro(m, arena));

    fprintf(out, "/*\n * Made by actac from %s.fbs: change that, not this.\n */\n", m->stem);
    fprintf(out, "#ifndef %s\n#define %s\n\n", guard, guard);
    fputs("#include \"acta/generated.h\"\n\n", out);
    if (m->text.include_count != 0) put_views(m, out); /* files may include each other */
    for (uint32_t i = 0; i < m->text.include_count; i++)
        put_include(m->text.includes[i].path, out);
    if (m->text.include_count != 0) fputc('\n', out);
    fputs("#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n", out);
    fprintf(out, "extern const acta_schema %sschema;\n\n", m->prefix);

    put_types_header(m, out, arena);
    put_handlers_header(m, out, arena);
    put_upcast_header(m, out, arena);
    fputs("#ifdef __cplusplus\n}\n#endif\n\n#endif\n", out);
}
