/*
 * How a table is read stands in the header, a line a field, so that the compiler sees which field lies where and leaves
 * out what nobody asks for. Plain tables: those of numbers, enums and strings alone; the rest of their code is unrolled
 * from their description (acta/plain.h).
 */
#include "internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { PLAIN_FIELDS_MAX = 32, CHECKED_IDS_MAX = 34 }; /* ACTA_PLAIN_FIELDS_MAX, ACTI_DEEP_IDS_MAX */

bool
is_checked(const acti_table *table)
{
    for (uint32_t i = 0; i < table->field_count; i++)
        if (table->fields[i].id >= CHECKED_IDS_MAX) return false;
    return table->field_count != 0 && table->field_count <= PLAIN_FIELDS_MAX;
}

bool
is_plain(const acti_table *table)
{
    if (!is_checked(table)) return false;
    for (uint32_t i = 0; i < table->field_count; i++) {
        const acti_field *f = &table->fields[i];
        bool is_number = f->base >= BASE_BOOL && f->base <= BASE_DOUBLE;
        bool has_value = !f->optional && isfinite(f->default_real); /* to stand for an absent one */
        if (is_number ? !has_value : f->base != BASE_STRING) return false;
    }
    return true;
}

/* What an absent number stands for, as an expression of C. */
static const char *
absent_value(const acti_field *f, acti_arena *arena)
{
    bool is_real = f->base == BASE_FLOAT || f->base == BASE_DOUBLE;

    if (is_real && !isfinite(f->default_real))
        return f->base == BASE_FLOAT ? arena_format(arena, "acti_float_of(0x%" PRIx64 ")", absent_bits(f))
                                     : arena_format(arena, "acti_double_of(UINT64_C(0x%" PRIx64 "))", absent_bits(f));
    switch (f->base) {
    case BASE_BOOL:
        return f->default_integer != 0 ? "true" : "false";
    case BASE_FLOAT:
        return arena_format(arena, "(float)%.9g", f->default_real);
    case BASE_DOUBLE:
        return arena_format(arena, "%.17g", f->default_real);
    case BASE_LONG:
        if (f->default_integer == INT64_MIN) return "INT64_MIN";
        return arena_format(arena, "INT64_C(%" PRId64 ")", f->default_integer);
    case BASE_ULONG:
        return arena_format(arena, "UINT64_C(%" PRIu64 ")", (uint64_t)f->default_integer);
    default:
        return arena_format(arena, "%" PRId64, f->default_integer);
    }
}

/* Of a number's base, as in acta_view_int64 and acti_load_int64. */
static const char *
number_name(uint8_t base)
{
    static const char *const names[] = { [BASE_BOOL] = "bool",
        [BASE_BYTE] = "int8",
        [BASE_UBYTE] = "uint8",
        [BASE_SHORT] = "int16",
        [BASE_USHORT] = "uint16",
        [BASE_INT] = "int32",
        [BASE_UINT] = "uint32",
        [BASE_LONG] = "int64",
        [BASE_ULONG] = "uint64",
        [BASE_FLOAT] = "float",
        [BASE_DOUBLE] = "double" };

    return names[base];
}

static const char *
cast_of(const acti_field *f, acti_arena *arena)
{
    return f->enumeration != NULL ? arena_format(arena, "(%s)", f->enumeration->is.c_name) : "";
}

static const char *
decoded(const acti_field *f, acti_arena *arena)
{
    const char *type = c_type(f, arena);

    if (is_number(f->base))
        return arena_format(arena, "%sacta_view_%s(view, %u, %s)", cast_of(f, arena), number_name(f->base), f->id,
            absent_value(f, arena));
    if (f->base == BASE_STRING) return arena_format(arena, "acta_view_str(view, %u)", f->id);
    bool is_ours = f->base == BASE_VECTOR && (is_number(f->element) || f->element == BASE_STRING); /* acta_…_vector */
    if (is_ours) return arena_format(arena, "acta_view_%s(view, %u)", type + strlen("acta_"), f->id);
    return arena_format(arena, "acti_%s_of(view, %u)", type, f->id);
}

static void
put_struct_field(const acti_field *f, FILE *out, acti_arena *arena)
{
    const char *value = is_optional(f) ? ".value" : "";
    const char *items[] = { "view", arena_format(arena, "%u", f->id),
        arena_format(arena, "&value_out->%s%s", f->is.name, value) };
    const char *set = is_optional(f) ? arena_format(arena, "value_out->%s.is_set = ", f->is.name) : "";

    put_list(out, 4, arena_format(arena, "%sacti_%s_of(", set, f->table->is.c_name), items, 3, ");\n");
}

/* The last field first: a vtable that reaches it reaches all before it, so the compiler asks of most buffers only once. */
void
put_read(const acti_table *of, FILE *out, acti_arena *arena)
{
    fprintf(out, "ACTI_READ_TABLE(%s)\n{\n", of->is.c_name);
    for (uint32_t i = of->field_count; i-- != 0;) {
        const acti_field *f = &of->fields[i];
        if (f->base == BASE_OBJECT && f->table->is_struct) {
            put_struct_field(f, out, arena);
            continue;
        }
        const char *items[] = { arena_format(arena, "value_out->%s", f->is.name), arena_format(arena, "%u", f->id),
            decoded(f, arena) };
        if (is_optional(f))
            put_list(out, 4, "ACTI_READ_OPTIONAL(", items, 3, ");\n");
        else
            put_assignment(out, arena_format(arena, "%s =", items[0]), items[2]);
    }
    if (of->field_count == 0) fputs("    (void)view;\n    value_out->has_no_fields_ = 0;\n", out);
    fputs("}\n", out);
}

/* Of a number in a struct's bytes. */
static const char *
loaded(const acti_field *f, uint8_t base, const char *place, acti_arena *arena)
{
    if (base == BASE_BOOL) return arena_format(arena, "acti_load_uint8(%s) != 0", place);
    return arena_format(arena, "%sacti_load_%s(%s)", cast_of(f, arena), number_name(base), place);
}

void
put_struct_read(const acti_table *of, FILE *out, acti_arena *arena)
{
    fprintf(out, "ACTI_READ_STRUCT(%s)\n{\n", of->is.c_name);
    for (uint32_t i = 0; i < of->field_count; i++) {
        const acti_field *f = &of->fields[i];
        bool is_array = f->base == BASE_ARRAY;
        uint8_t base = is_array ? f->element : f->base;
        const char *place = is_array ? arena_format(arena, "at + %u + i * %u", f->place, member_size(f))
                                     : arena_format(arena, "at + %u", f->place);
        const char *member = arena_format(arena, "value_out->%s", f->is.name);
        if (is_array && base == BASE_OBJECT)
            put_list(out, 4, "ACTI_READ_STRUCTS(", (const char *[]){ f->table->is.c_name, member, place }, 3, ");\n");
        else if (is_array)
            put_list(out, 4, "ACTI_READ_EACH(", (const char *[]){ member, loaded(f, base, place, arena) }, 2, ");\n");
        else if (base == BASE_OBJECT)
            put_list(out, 4, arena_format(arena, "acti_read_%s(", f->table->is.c_name),
                (const char *[]){ place, arena_format(arena, "&%s", member) }, 2, ");\n");
        else
            put_assignment(out, arena_format(arena, "%s =", member), loaded(f, base, place, arena));
    }
    fputs("}\n", out);
}
