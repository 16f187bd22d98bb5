/*
 * Plain tables: those of numbers, enums and strings alone. Their T_decode stands in the header, a line a field, so that
 * the compiler sees which field lies where and leaves out what nobody asks for; the rest of their code is unrolled from
 * their description (acta/plain.h).
 */
#include "internal.h"

#include <inttypes.h>
#include <math.h>

enum { PLAIN_FIELDS_MAX = 32, CHECKED_IDS_MAX = 34 }; /* ACTA_PLAIN_FIELDS_MAX, ACTI_DEEP_IDS_MAX */

bool
is_plain(const acti_table *table)
{
    if (table->field_count == 0 || table->field_count > PLAIN_FIELDS_MAX) return false;
    for (uint32_t i = 0; i < table->field_count; i++) {
        const acti_field *f = &table->fields[i];
        bool is_number = f->base >= BASE_BOOL && f->base <= BASE_DOUBLE;
        bool has_value = !f->optional && isfinite(f->default_real); /* to stand for an absent one */
        if (is_number ? !has_value : f->base != BASE_STRING) return false;
    }
    return true;
}

bool
is_checked(const acti_table *table)
{
    for (uint32_t i = 0; i < table->field_count; i++)
        if (table->fields[i].id >= CHECKED_IDS_MAX) return false;
    return table->field_count != 0 && table->field_count <= PLAIN_FIELDS_MAX;
}

/* What an absent number stands for, as a constant of C. */
static const char *
absent_value(const acti_field *f, acti_arena *arena)
{
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

static const char *
decoded(const acti_field *f, acti_arena *arena)
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

    if (f->base == BASE_STRING) return arena_format(arena, "acta_view_str(view, %u)", f->id);
    const char *cast = f->enumeration != NULL ? arena_format(arena, "(%s)", f->enumeration->is.c_name) : "";
    return arena_format(arena, "%sacta_view_%s(view, %u, %s)", cast, names[f->base], f->id, absent_value(f, arena));
}

void
put_decode(const acti_table *of, FILE *out, acti_arena *arena)
{
    const char *parameters[] = { "acta_bytes buffer", arena_format(arena, "%s *value_out", of->is.c_name) };

    fputs("static inline void\n", out);
    put_list(out, 0, arena_format(arena, "%s_decode(", of->is.c_name), parameters, 2, ")\n");
    fputs("{\n    acta_view view = acta_view_of(buffer);\n\n", out);
    for (uint32_t i = 0; i < of->field_count; i++) {
        const acti_field *f = &of->fields[i];
        put_assignment(out, arena_format(arena, "value_out->%s =", f->is.name), decoded(f, arena));
    }
    fputs("}\n", out);
}
