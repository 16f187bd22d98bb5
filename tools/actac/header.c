/*
 * The header: enums, a struct a table with its functions, then what handlers.c makes of aggregates and events.
 */
#include "internal.h"

#include <inttypes.h>
#include <string.h>

static void
put_enum(const acti_model *m, const acti_enumeration *of, FILE *out, acti_arena *arena)
{
    put_doc(out, "", &of->is, NULL);
    fprintf(out, "typedef enum %s ACTA_ENUM_TYPE {\n", of->is.c_name);
    for (uint32_t i = 0; i < of->value_count; i++) {
        put_doc(out, "    ", &of->values[i].is, NULL);
        fprintf(out, "    %s = ", of->values[i].is.c_name);
        if (of->values[i].number == INT32_MIN)
            fputs("-2147483647 - 1", out); /* the number alone is no int in C */
        else
            fprintf(out, "%" PRId64, of->values[i].number);
        fputs(",\n", out);
    }
    fprintf(out, "} %s;\n", of->is.c_name);
    fprintf(out, "const char *%s_name(%s value); /* as in the schema; \"unknown\" for any other */\n\n", of->is.c_name,
        of->is.c_name);
    if (of != m->rejection) return;

    fprintf(out, "/* Reject the command in hand: %sreject(decision, %s, \"the balance is %%\" PRId64, balance). */\n",
        m->prefix, of->value_count != 0 ? of->values[0].is.c_name : of->is.c_name);
    put_macro_line(out, arena_format(arena, "#define %sreject(decision, rejection, ...)", m->prefix));
    fprintf(out, "    acta_decision_reject(decision, (uint32_t)(rejection), %s_name(rejection), __VA_ARGS__)\n\n",
        of->is.c_name);
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

static const char *
member_of(const acti_field *f, acti_arena *arena)
{
    return arena_format(arena, "    %s %s ACTA_ZERO;", c_type(f, arena), f->is.name);
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
put_mutable_functions(const acti_table *of, FILE *out, acti_arena *arena)
{
    for (uint32_t i = 0; i < of->field_count; i++) {
        const acti_field *f = &of->fields[i];
        const char *index = arena_format(arena, "%u", i);
        if (f->base == BASE_VECTOR && f->table != NULL) {
            const char *items[] = { of->is.c_name, f->is.name, index, f->table->is.c_name,
                c_type(f->table->key, arena) };
            fprintf(out, "/* %s_put, _remove, _find, _count, _at */\n", f->is.c_name);
            put_list(out, 0, "ACTA_COLLECTION(", items, 5, ");\n");
        } else if (f->base == BASE_VECTOR || f->table != NULL) {
            const char *items[] = { of->is.c_name, f->is.name, index, c_type(f, arena) };
            fprintf(out, "/* %s_assign */\n", f->is.c_name);
            put_list(out, 0, "ACTA_FIELD_ASSIGN(", items, 4, ");\n");
        }
    }
}

static void
put_table(const acti_table *of, FILE *out, acti_arena *arena)
{
    const char *c = of->is.c_name;

    put_struct(of, out, arena);
    fprintf(out, "/* %s_table, _verify, _decode, _write%s */\n", c, of->role == ROLE_STATE ? "" : ", _read");
    fprintf(out, "ACTA_%sTABLE(%s);\n", of->role == ROLE_STATE ? "STATE_" : "", c);
    if (of->is_contained) fprintf(out, "/* %s_vector_at, _ref_get */\nACTA_TABLE_VIEW_FUNCTIONS(%s);\n", c, c);
    if (of->role == ROLE_COMMAND) fprintf(out, "/* %s_dispatch, _dispatch_async, _send */\nACTA_COMMAND(%s);\n", c, c);
    if (of->role == ROLE_EVENT) fprintf(out, "/* %s_emit */\nACTA_EVENT(%s);\n", c, c);
    if (of->role == ROLE_STATE) fprintf(out, "/* %s_read */\nACTA_STATE(%s);\n", c, c);
    if (of->role == ROLE_READ_MODEL)
        fprintf(out, "/* %s_get, _put, _remove, _find, _each */\nACTA_READ_MODEL(%s);\n", c, c);
    for (uint32_t i = 0; i < of->field_count && of->role == ROLE_EVENT; i++) {
        if (of->fields[i].base != BASE_STRING) continue;
        fprintf(out, "/* %s */\n", of->fields[i].is.c_name);
        put_list(out, 0, "ACTA_FIELD_READER(", (const char *[]){ c, of->fields[i].is.name }, 2, ");\n");
    }
    if (is_mutable(of)) put_mutable_functions(of, out, arena);
    fputc('\n', out);
}

void
put_header(const acti_model *m, FILE *out, acti_arena *arena)
{
    fprintf(out, "/*\n * Made by actac from %s.fbs: change that, not this.\n */\n", m->stem);
    fprintf(out, "#ifndef %sACTA_H\n#define %sACTA_H\n\n", m->macro, m->macro);
    fputs("#include \"acta/generated.h\"\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n", out);
    fprintf(out, "extern const acta_schema %sschema;\n\n", m->prefix);

    for (uint32_t i = 0; i < m->enum_count; i++)
        put_enum(m, &m->enums[i], out, arena);
    bool any = false;
    for (uint32_t i = 0; i < m->table_count; i++) {
        if (!m->tables[i].is_contained) continue;
        fprintf(out, "/* %s_vector, _ref */\n", m->tables[i].is.c_name);
        fprintf(out, "ACTA_TABLE_VIEWS(%s);\n", m->tables[i].is.c_name);
        any = true;
    }
    if (any) fputc('\n', out);
    for (uint32_t i = 0; i < m->table_count; i++)
        put_table(&m->tables[i], out, arena);

    put_handlers_header(m, out, arena);
    fputs("#ifdef __cplusplus\n}\n#endif\n\n#endif\n", out);
}
