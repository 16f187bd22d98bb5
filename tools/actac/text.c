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
    const char *vector;
    uint8_t size;
} bases[] = {
    [BASE_BOOL] = { "bool", "BOOL", "acta_uint8_vector", 1 },
    [BASE_BYTE] = { "int8_t", "INT8", "acta_int8_vector", 1 },
    [BASE_UBYTE] = { "uint8_t", "UINT8", "acta_uint8_vector", 1 },
    [BASE_SHORT] = { "int16_t", "INT16", "acta_int16_vector", 2 },
    [BASE_USHORT] = { "uint16_t", "UINT16", "acta_uint16_vector", 2 },
    [BASE_INT] = { "int32_t", "INT32", "acta_int32_vector", 4 },
    [BASE_UINT] = { "uint32_t", "UINT32", "acta_uint32_vector", 4 },
    [BASE_LONG] = { "int64_t", "INT64", "acta_int64_vector", 8 },
    [BASE_ULONG] = { "uint64_t", "UINT64", "acta_uint64_vector", 8 },
    [BASE_FLOAT] = { "float", "FLOAT", "acta_float_vector", 4 },
    [BASE_DOUBLE] = { "double", "DOUBLE", "acta_double_vector", 8 },
    [BASE_STRING] = { "acta_str", "STRING", "acta_str_vector", 4 },
    [BASE_OBJECT] = { NULL, "TABLE", NULL, 4 },
};

const char *
c_type(const acti_field *f, acti_arena *arena)
{
    if (f->base == BASE_OBJECT) return arena_format(arena, "%s_ref", f->table->is.c_name);
    if (f->base == BASE_VECTOR && f->element == BASE_OBJECT)
        return arena_format(arena, "%s_vector", f->table->is.c_name);
    if (f->base == BASE_VECTOR) return bases[f->element].vector;
    if (f->enumeration != NULL) return f->enumeration->is.c_name;
    return bases[f->base].c;
}

const char *
kind_name(const acti_field *f)
{
    if (f->base != BASE_VECTOR) return bases[f->base].kind;
    if (f->element == BASE_OBJECT) return "TABLE_VECTOR";
    return f->element == BASE_STRING ? "STRING_VECTOR" : "VECTOR";
}

const char *
vector_kind_name(const acti_field *f)
{
    bool is_numbers = f->base == BASE_VECTOR && f->element != BASE_OBJECT && f->element != BASE_STRING;
    return is_numbers ? bases[f->element].kind : NULL;
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
