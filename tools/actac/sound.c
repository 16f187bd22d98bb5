/*
 * Sound: what flatc makes of any text, and a binary schema of other origin need not be. Structs hold no struct that holds
 * them, and lie inside of what holds them; names and ids are there once; a union is one. Code is made of nothing else.
 */
#include "internal.h"

#include <string.h>

enum { ALIGNMENT_MAX = 32768 };

/* What a struct may hold: all of it lies in the struct's own bytes. */
static bool
is_inline(const acti_field *f)
{
    uint8_t base = f->base == BASE_ARRAY ? f->element : f->base;
    return base == BASE_OBJECT ? f->table->is_struct : is_number(base);
}

/* All members together take no more than the struct has, wherever in it each begins. */
static bool
is_sound_struct(const acti_table *of)
{
    bool is_power = of->alignment != 0 && (of->alignment & (of->alignment - 1)) == 0;
    uint64_t taken = 0;

    if (!is_power || of->alignment > ALIGNMENT_MAX || of->inline_size == 0) return false;
    for (uint32_t i = 0; i < of->field_count; i++) {
        const acti_field *f = &of->fields[i];
        if (!is_inline(f)) return false;
        uint64_t size = (uint64_t)member_size(f) * (f->base == BASE_ARRAY ? f->length : 1);
        taken += size;
        if (f->place + size > of->inline_size) return false;
    }
    return taken <= of->inline_size;
}

/* Members together are no larger than what holds them, so in a circle of structs each is the only member of the next. */
static bool
ends(const acti_table *of, uint32_t struct_total)
{
    while (of->field_count == 1 && of->fields[0].table != NULL && struct_total-- > 0)
        of = of->fields[0].table;
    return of->field_count != 1 || of->fields[0].table == NULL;
}

static bool
is_sound_field(const acti_table *of, uint32_t index)
{
    const acti_field *f = &of->fields[index];

    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(of->fields[i].is.name, f->is.name) == 0 || of->fields[i].id == f->id) return false;
    }
    return is_union(f) == (f->enumeration != NULL && f->enumeration->is_union);
}

bool
is_sound(const acti_model *m)
{
    for (uint32_t i = 0; i < m->table_total; i++) {
        const acti_table *of = &m->tables[i];
        if (of->is_struct && !is_sound_struct(of)) return false;
        for (uint32_t f = 0; f < of->field_count; f++)
            if (!is_sound_field(of, f)) return false;
    }
    for (uint32_t i = 0; i < m->table_total; i++)
        if (m->tables[i].is_struct && !ends(&m->tables[i], m->table_total)) return false;
    return true;
}
