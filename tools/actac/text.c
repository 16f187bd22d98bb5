/*
 * Text: types, constants and comments of the generated C, laid out as the house's clang-format would.
 */
#include "internal.h"

#include <ctype.h>
#include <string.h>

enum { COLUMN_MAX = 120 };

/* By the base types of reflection.fbs. */
static const struct {
    const char *c;
    const char *kind;
    const char *name; /* of its vectors and optionals; bools are stored as bytes */
    uint8_t size;
} bases[BASE_ARRAY + 1] = {
    [BASE_BOOL] = { "bool", "BOOL", "uint8", 1 },
    [BASE_BYTE] = { "int8_t", "INT8", "int8", 1 },
    [BASE_UBYTE] = { "uint8_t", "UINT8", "uint8", 1 },
    [BASE_SHORT] = { "int16_t", "INT16", "int16", 2 },
    [BASE_USHORT] = { "uint16_t", "UINT16", "uint16", 2 },
    [BASE_INT] = { "int32_t", "INT32", "int32", 4 },
    [BASE_UINT] = { "uint32_t", "UINT32", "uint32", 4 },
    [BASE_LONG] = { "int64_t", "INT64", "int64", 8 },
    [BASE_ULONG] = { "uint64_t", "UINT64", "uint64", 8 },
    [BASE_FLOAT] = { "float", "FLOAT", "float", 4 },
    [BASE_DOUBLE] = { "double", "DOUBLE", "double", 8 },
    [BASE_STRING] = { "acta_str", "STRING", "str", 4 },
};

bool
is_number(uint8_t base)
{
    return base >= BASE_BOOL && base <= BASE_DOUBLE;
}

bool
is_union(const acti_field *f)
{
    return f->base == BASE_UNION || (f->base == BASE_VECTOR && f->element == BASE_UNION);
}

bool
is_optional(const acti_field *f)
{
    if (f->is_member) return false;
    if (is_number(f->base)) return f->optional;
    return f->base == BASE_OBJECT && f->table->is_struct && !f->required;
}

/* Of a vector, or of what may be absent: its type as a part of their names. */
static const char *
part_name(const acti_field *f, uint8_t base, acti_arena *arena)
{
    if (f->table != NULL) return f->table->is.c_name;
    if (f->enumeration != NULL && (f->base != BASE_VECTOR || is_union(f))) return f->enumeration->is.c_name;
    bool is_bool = base == BASE_BOOL && f->base != BASE_VECTOR;
    return is_bool ? "acta_bool" : arena_format(arena, "acta_%s", bases[base].name);
}

const char *
c_type(const acti_field *f, acti_arena *arena)
{
    uint8_t base = f->base == BASE_ARRAY ? f->element : f->base;

    if (f->base == BASE_VECTOR) return arena_format(arena, "%s_vector", part_name(f, f->element, arena));
    if (f->base == BASE_OBJECT && !f->table->is_struct) return arena_format(arena, "%s_ref", f->table->is.c_name);
    if (is_optional(f)) return arena_format(arena, "%s_optional", part_name(f, base, arena));
    if (base == BASE_OBJECT) return f->table->is.c_name;
    return f->enumeration != NULL ? f->enumeration->is.c_name : bases[base].c;
}

const char *
member_of(const acti_field *f, acti_arena *arena)
{
    const char *array = f->base == BASE_ARRAY ? arena_format(arena, "[%u]", f->length) : "";
    return arena_format(arena, "    %s %s%s ACTA_ZERO;", c_type(f, arena), f->is.name, array);
}

const char *
kind_name(const acti_field *f)
{
    uint8_t base = f->base == BASE_ARRAY ? f->element : f->base;

    if (base == BASE_OBJECT) return f->table->is_struct ? "STRUCT" : "TABLE";
    if (is_union(f)) return base == BASE_VECTOR ? "UNION_VECTOR" : "UNION";
    if (base != BASE_VECTOR) return bases[base].kind;
    if (f->element == BASE_OBJECT) return f->table->is_struct ? "STRUCT_VECTOR" : "TABLE_VECTOR";
    return f->element == BASE_STRING ? "STRING_VECTOR" : "VECTOR";
}

const char *
vector_kind_name(const acti_field *f)
{
    return f->base == BASE_VECTOR && is_number(f->element) ? bases[f->element].kind : NULL;
}

uint64_t
absent_bits(const acti_field *f)
{
    uint64_t bits = 0;
    float single = (float)f->default_real;

    if (f->base == BASE_FLOAT)
        memcpy(&bits, &single, sizeof single);
    else if (f->base == BASE_DOUBLE)
        memcpy(&bits, &f->default_real, sizeof f->default_real);
    else if (f->base >= BASE_BOOL && f->base <= BASE_ULONG)
        memcpy(&bits, &f->default_integer, bases[f->base].size); /* its low bytes */
    return bits;
}

uint32_t
member_size(const acti_field *f)
{
    return f->table != NULL ? f->table->inline_size : bases[f->base == BASE_ARRAY ? f->element : f->base].size;
}

const char *
upper_snake(const char *name, acti_arena *arena)
{
    char *out = arena_alloc(arena, 2 * strlen(name) + 1);
    char *end = out;

    for (const char *c = name; *c != '\0'; c++) {
        bool begins_word = c != name && isupper((unsigned char)c[0]) && !isupper((unsigned char)c[-1]) && c[-1] != '_';
        if (begins_word) *end++ = '_';
        *end++ = (char)toupper((unsigned char)*c);
    }
    return out;
}

/* One line of a comment: nothing in it may end the comment. */
static void
put_doc_line(FILE *out, const char *line)
{
    while (*line == ' ')
        line++;
    size_t size = strlen(line);
    while (size > 0 && isspace((unsigned char)line[size - 1]))
        size--;
    for (size_t i = 0; i < size; i++) {
        fputc(line[i], out);
        if ((line[i] == '*' && line[i + 1] == '/') || (line[i] == '/' && line[i + 1] == '*')) fputc(' ', out);
    }
}

void
put_doc(FILE *out, const char *indent, const acti_common *of, const char *otherwise)
{
    if (of->doc_count == 0 && otherwise == NULL) return;
    fprintf(out, "%s/* ", indent);
    if (of->doc_count == 0) put_doc_line(out, otherwise);
    for (uint32_t i = 0; i < of->doc_count; i++) {
        if (i != 0) fprintf(out, "\n%s * ", indent);
        put_doc_line(out, of->doc[i]);
    }
    fputs(" */\n", out);
}

void
put_list(FILE *out, uint32_t indent, const char *before, const char *const *items, uint32_t count, const char *after)
{
    size_t flat = 0, column = indent + strlen(before);

    for (uint32_t i = 0; i < count; i++)
        flat += strlen(items[i]) + (i + 1 < count ? 2 : 0);
    size_t end = strcspn(after, "\n");
    flat += end;
    fprintf(out, "%*s%s", (int)indent, "", before);
    bool fits = column + flat <= COLUMN_MAX;
    bool fits_next = indent + 4 + flat <= COLUMN_MAX;
    bool first_fits = count == 0 || column + strlen(items[0]) + 1 <= COLUMN_MAX;
    if (!fits && (fits_next || !first_fits)) {
        fprintf(out, "\n%*s", (int)indent + 4, "");
        column = indent + 4;
    }
    for (uint32_t i = 0; i < count; i++) {
        size_t size = strlen(items[i]) + (i + 1 < count ? 1 : end);
        if (i != 0 && column + 1 + size > COLUMN_MAX) {
            fprintf(out, "\n%*s", (int)indent + 4, "");
            column = indent + 4;
        } else if (i != 0) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%s%s", items[i], i + 1 < count ? "," : "");
        column += size;
    }
    fputs(after, out);
}

void
put_macro_line(FILE *out, const char *line)
{
    fprintf(out, "%-*s\\\n", COLUMN_MAX - 1, line);
}

void
put_assignment(FILE *out, const char *left, const char *right)
{
    const char *separator = strlen(left) + strlen(right) + 6 <= COLUMN_MAX ? " " : "\n        ";
    fprintf(out, "    %s%s%s;\n", left, separator, right);
}
