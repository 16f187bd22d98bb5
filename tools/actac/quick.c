/*
 * How a table with all its fields, as acta writes it, is verified without a call (acta/deep_quick.h): where its fields lie is
 * worked out here, so the compiler has nothing to unroll. Of tables that lead to texts, numbers and leaves; a leaf is one that
 * leads to texts alone. Other tables, and large ones, go by acta/deep_verify.h alone.
 */
#include "internal.h"

#include <inttypes.h>
#include <string.h>

enum {
    FIELDS_MAX = 32,
    STEPS_MAX = 12, /* of one table: what its code, and that of the leaves in it, looks at behind a table's bytes */
    HEAD_MAX = 96,  /* bytes: ACTI_DEEP_HEAD_WORDS */
    WORK = 16       /* ACTI_DEEP_WORK */
};

/* What of a field isn't in the table itself. */
typedef enum target {
    TARGET_NONE,
    TARGET_TEXT,
    TARGET_TEXTS,
    TARGET_NUMBERS, /* or structs */
    TARGET_LEAF,
    TARGET_LEAVES,
    TARGET_UNION,
    TARGET_OTHER /* what has no place here */
} target;

/* Where its fields lie: acti_deep_lay_out and acti_deep_lay_out_whole, for all of them. */
typedef struct layout {
    uint32_t offsets[FIELDS_MAX], types[FIELDS_MAX];
    uint32_t vtable_size, table_size, table;
    bool is_wide;
    uint8_t head[HEAD_MAX];
} layout;

static uint32_t
size_of(uint8_t base)
{
    switch (base) {
    case BASE_BOOL:
    case BASE_BYTE:
    case BASE_UBYTE:
        return 1;
    case BASE_SHORT:
    case BASE_USHORT:
        return 2;
    case BASE_LONG:
    case BASE_ULONG:
    case BASE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

static bool
is_struct(const acti_field *f)
{
    return f->base == BASE_OBJECT && f->table->is_struct;
}

/* Texts of a leaf; STEPS_MAX + 1: it is none. */
static uint32_t
texts_of(const acti_table *of)
{
    uint32_t texts = 0;

    if (of->is_struct || !is_checked(of)) return STEPS_MAX + 1;
    for (uint32_t i = 0; i < of->field_count; i++) {
        const acti_field *f = &of->fields[i];
        bool is_inside = is_number(f->base) || (is_struct(f) && f->table->alignment <= 8);
        if (of->is.text == NULL && attribute_of(&f->is, "id") != NULL)
            return STEPS_MAX + 1; /* in an order of its own */
        if (!is_inside && f->base != BASE_STRING) return STEPS_MAX + 1;
        if (!is_inside) texts++;
    }
    return texts < STEPS_MAX ? texts : STEPS_MAX + 1;
}

static bool
is_leaf(const acti_table *of)
{
    return texts_of(of) <= STEPS_MAX;
}

static target
target_of(const acti_field *f)
{
    bool is_bytes = f->nested != NULL || attribute_of(&f->is, "flexbuffer") != NULL;

    if (is_number(f->base)) return TARGET_NONE;
    if (is_struct(f)) return f->table->alignment <= 8 ? TARGET_NONE : TARGET_OTHER;
    if (f->base == BASE_STRING) return TARGET_TEXT;
    if (f->base == BASE_OBJECT) return is_leaf(f->table) ? TARGET_LEAF : TARGET_OTHER;
    if (f->base == BASE_UNION) return TARGET_UNION;
    if (f->base != BASE_VECTOR || is_bytes || is_union(f)) return TARGET_OTHER;
    if (f->element == BASE_STRING) return TARGET_TEXTS;
    if (f->element != BASE_OBJECT) return is_number(f->element) ? TARGET_NUMBERS : TARGET_OTHER;
    if (f->table->is_struct) return TARGET_NUMBERS;
    return is_leaf(f->table) ? TARGET_LEAVES : TARGET_OTHER;
}

static bool
is_quick_member(const struct enum_value *member)
{
    return member->base == BASE_STRING || (member->base == BASE_OBJECT && is_leaf(member->table));
}

static uint32_t
steps_of(const acti_field *f)
{
    uint32_t steps = 0;

    switch (target_of(f)) {
    case TARGET_NONE:
        return 0;
    case TARGET_LEAF:
    case TARGET_LEAVES:
        return 1 + texts_of(f->table);
    case TARGET_UNION:
        for (uint32_t i = 0; i < f->enumeration->value_count; i++) {
            const struct enum_value *member = &f->enumeration->values[i];
            if (is_quick_member(member)) steps += member->base == BASE_STRING ? 1 : 1 + texts_of(member->table);
        }
        return steps != 0 ? steps : STEPS_MAX + 1;
    case TARGET_OTHER:
        return STEPS_MAX + 1;
    default:
        return 1;
    }
}

bool
is_quick(const acti_table *of)
{
    uint32_t steps = 0;

    bool has_buffers = of->role != ROLE_PLAIN || of->is_root; /* of its own; the others are parts */

    if (!has_buffers || !is_checked(of)) return false;
    for (uint32_t i = 0; i < of->field_count; i++)
        steps += steps_of(&of->fields[i]);
    return steps <= STEPS_MAX;
}

/* -- where fields lie -- */

static uint32_t
alignment_of(const acti_field *f)
{
    return is_struct(f) ? f->table->alignment : is_number(f->base) ? size_of(f->base) : 4;
}

static void
put_number(layout *l, uint32_t at, uint32_t number, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        l->head[at + i] = (uint8_t)(number >> 8 * i);
}

/* Wide fields first; a union's type counts with what is as wide as it. */
static void
lay_out_fields(const acti_table *of, layout *l)
{
    uint32_t end = 4;

    for (uint32_t width = 8; width != 0; width /= 2) {
        for (uint32_t i = 0; i < of->field_count; i++) {
            const acti_field *f = &of->fields[i];
            if (alignment_of(f) == width) {
                l->offsets[i] = end;
                end += is_struct(f) ? f->table->inline_size : width;
            }
            if (f->base == BASE_UNION && width == 1) l->types[i] = end++;
        }
        if (width == 8) l->is_wide = end != 4;
    }
    l->table_size = end;
}

static void
lay_out(const acti_table *of, layout *l)
{
    memset(l, 0, sizeof *l);
    lay_out_fields(of, l);
    l->vtable_size = 4;
    for (uint32_t i = 0; i < of->field_count; i++)
        if (l->vtable_size < 6 + 2 * (uint32_t)of->fields[i].id) l->vtable_size = 6 + 2 * (uint32_t)of->fields[i].id;
    uint32_t end = 4 + l->vtable_size;
    l->table = l->is_wide ? ((end + 4 + 7) & ~7u) - 4 : (end + 3) & ~3u;
    put_number(l, 0, l->table, 4);
    put_number(l, 4, l->vtable_size, 2);
    put_number(l, 6, l->table_size, 2);
    for (uint32_t i = 0; i < of->field_count; i++) {
        uint32_t entry = 8 + 2 * (uint32_t)of->fields[i].id;
        put_number(l, entry, l->offsets[i], 2);
        if (of->fields[i].base == BASE_UNION) put_number(l, entry - 2, l->types[i], 2);
    }
    put_number(l, l->table, l->table - 4, 4);
}

/* -- the code -- */

typedef struct coder {
    const acti_model *model;
    FILE *out;
    acti_arena *arena;
    const char *base;        /* "at + "; of the root: "" */
    uint32_t text_work;      /* of each text of a vector */
    const acti_field *first; /* whose target lies at `first_place`: a text or texts; or NULL */
    uint32_t first_place;
} coder;

/* Bytes of the head, as acti_quick_same takes them: the last eight begin where they must. */
static uint32_t
add_words(const layout *l, uint32_t begin, uint32_t size, const char **items, acti_arena *arena)
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < size; at += 8) {
        uint32_t from = at + 8 <= size || size < 8 ? at : size - 8, bytes = size < 8 ? size : 8;
        uint64_t word = 0;
        for (uint32_t i = 0; i < bytes; i++)
            word |= (uint64_t)l->head[begin + from + i] << 8 * i;
        items[count++] = arena_format(arena, "0x%016" PRIx64, word);
    }
    return count;
}

static void
put_check(const coder *c, uint32_t indent, const char *function, const char *const *items, uint32_t count)
{
    put_list(c->out, indent, arena_format(c->arena, "if (!%s(", function), items, count, ")) return false;\n");
}

static const char *
slot_of(const coder *c, uint32_t place)
{
    return arena_format(c->arena, "%s%u", c->base, place);
}

/* A table of another file may be a leaf to the old versions of this one too, whose code is in the same source. */
static const char *
part_name(const acti_model *m, const acti_table *leaf, acti_arena *arena)
{
    bool is_shared = m->infix != NULL && leaf->is.text == NULL;

    return is_shared ? arena_format(arena, "%s%s", m->infix, leaf->is.c_name) : leaf->is.c_name;
}

static void
put_leaf(const coder *c, uint32_t indent, const acti_table *leaf, const char *slot)
{
    const char *name = part_name(c->model, leaf, c->arena);

    put_check(c, indent, arena_format(c->arena, "%s_is_quick", name),
        (const char *[]){ "j", slot, arena_format(c->arena, "&%s_seen", name) }, 3);
}

static void
put_text(const coder *c, uint32_t indent, uint32_t place)
{
    bool is_one_of_many = c->base[0] != '\0';

    put_check(c, indent, is_one_of_many ? "acti_quick_short" : "acti_quick_text",
        (const char *[]){ "j", slot_of(c, place) }, 2);
}

/* Of a text, three arguments; of texts their work besides. */
static void
put_first(const coder *c, const char *function, uint32_t slot, uint32_t argument_count)
{
    put_check(c, 4, function,
        (const char *[]){ "j", arena_format(c->arena, "%u", slot), arena_format(c->arena, "%u", c->first_place),
            arena_format(c->arena, "%u", c->text_work) },
        argument_count);
}

static void
put_leaves(const coder *c, const acti_table *leaf, uint32_t place)
{
    uint32_t work = WORK * (1 + texts_of(leaf));

    put_list(c->out, 4, "ACTI_QUICK_EACH(",
        (const char *[]){ part_name(c->model, leaf, c->arena), slot_of(c, place), arena_format(c->arena, "%u", work) },
        3, ");\n");
}

static const char *
member_check(const coder *c, const struct enum_value *member, uint32_t place)
{
    const char *leaf = member->base == BASE_OBJECT ? part_name(c->model, member->table, c->arena) : NULL;

    return leaf != NULL ? arena_format(c->arena, "%s_is_quick(j, %u, &%s_seen)", leaf, place, leaf)
                        : arena_format(c->arena, "acti_quick_text(j, %u)", place);
}

/* Types that aren't known to be quick, or aren't known at all, are others' to judge. */
static void
put_union(const coder *c, const acti_enumeration *of, uint32_t type, uint32_t place)
{
    fprintf(c->out, "    switch (j->bytes[%u]) {\n", type);
    for (uint32_t i = 0; i < of->value_count; i++) {
        const struct enum_value *member = &of->values[i];
        if (!is_quick_member(member)) continue;
        fprintf(c->out, "    case %" PRId64 ":\n", member->number);
        put_assignment(c->out, "    if", arena_format(c->arena, "(!%s) return false", member_check(c, member, place)));
        fputs("        break;\n", c->out);
    }
    fputs("    default:\n        return false;\n    }\n", c->out);
}

static void
put_target(const coder *c, const acti_field *f, const layout *l, uint32_t i, uint32_t begin)
{
    uint32_t place = begin + l->offsets[i];

    switch (target_of(f)) {
    case TARGET_TEXT:
        put_text(c, 4, place);
        return;
    case TARGET_TEXTS:
        if (f == c->first) {
            put_first(c, "acti_quick_first_texts", place, 4);
            return;
        }
        put_check(c, 4, "acti_quick_texts",
            (const char *[]){ "j", slot_of(c, place), arena_format(c->arena, "%u", c->text_work) }, 3);
        return;
    case TARGET_NUMBERS: {
        uint32_t size = f->element == BASE_OBJECT ? f->table->inline_size : size_of(f->element);
        put_check(c, 4, "acti_quick_numbers",
            (const char *[]){ "j", slot_of(c, place), arena_format(c->arena, "%u", size) }, 3);
        return;
    }
    case TARGET_LEAF:
        put_leaf(c, 4, f->table, slot_of(c, place));
        return;
    case TARGET_LEAVES:
        put_leaves(c, f->table, place);
        return;
    case TARGET_UNION:
        put_union(c, f->enumeration, begin + l->types[i], place);
        return;
    case TARGET_NONE:
    case TARGET_OTHER:
        return;
    }
}

/* Does it lead to this leaf? */
static bool
leads_to(const acti_table *of, const acti_table *leaf)
{
    for (uint32_t i = 0; i < of->field_count; i++) {
        const acti_field *f = &of->fields[i];
        target kind = target_of(f);
        if ((kind == TARGET_LEAF || kind == TARGET_LEAVES) && f->table == leaf) return true;
        for (uint32_t k = 0; kind == TARGET_UNION && k < f->enumeration->value_count; k++)
            if (f->enumeration->values[k].base == BASE_OBJECT && f->enumeration->values[k].table == leaf) return true;
    }
    return false;
}

/* Texts, four in a line. */
static void
put_root_texts(const coder *c, const acti_table *of, const layout *l)
{
    const char *items[5] = { "j" };
    uint32_t count = 1, left = 0;

    for (uint32_t i = 0; i < of->field_count; i++)
        left += target_of(&of->fields[i]) == TARGET_TEXT;
    for (uint32_t i = 0; i < of->field_count; i++) {
        uint32_t place = l->table + l->offsets[i];
        if (target_of(&of->fields[i]) != TARGET_TEXT) continue;
        left--;
        if (&of->fields[i] == c->first) {
            put_first(c, "acti_quick_first_text", place, 3);
            continue;
        }
        if (count == 1 && left == 0) {
            put_text(c, 4, place);
            return;
        }
        items[count++] = slot_of(c, place);
        if (left > 0 && count < 5) continue;
        while (count < 5)
            items[count++] = "0";
        put_check(c, 4, "acti_quick_text4", items, count);
        count = 1;
    }
}

static void
put_part(const acti_model *m, const acti_table *of, FILE *out, acti_arena *arena)
{
    coder c = { m, out, arena, "at + ", WORK, NULL, 0 };
    layout l;

    lay_out(of, &l);
    const char *items[4 + HEAD_MAX / 8] = { part_name(m, of, arena), arena_format(arena, "%u", l.vtable_size),
        arena_format(arena, "%u", l.table_size), l.is_wide ? "true" : "false" };
    uint32_t count = 4 + add_words(&l, 4, l.vtable_size, items + 4, arena);
    put_list(out, 0, "ACTI_QUICK_PART(", items, count, ")\n");
    fputs(texts_of(of) == 0 ? "{\n    (void)j, (void)at;\n" : "{\n", out);
    for (uint32_t i = 0; i < of->field_count; i++)
        put_target(&c, &of->fields[i], &l, i, 0);
    fputs("    return true;\n}\n", out);
}

/* Tables of included files too: their own code is in another file. */
void
put_quick_parts(const acti_model *m, FILE *out, acti_arena *arena)
{
    for (uint32_t i = 0; i < m->table_total; i++) {
        const acti_table *leaf = &m->tables[i];
        bool is_used = false;
        for (uint32_t k = 0; k < m->table_count && is_leaf(leaf) && !is_used; k++)
            is_used = is_quick(&m->tables[k]) && leads_to(&m->tables[k], leaf);
        if (is_used) put_part(m, leaf, out, arena);
    }
}

/* The places of vtables, a leaf each. */
static void
put_seen(const acti_model *m, const acti_table *of, FILE *out, acti_arena *arena)
{
    for (uint32_t i = 0; i < m->table_total; i++) {
        if (is_leaf(&m->tables[i]) && leads_to(of, &m->tables[i]))
            fprintf(out, "    uint64_t %s_seen = ACTI_QUICK_UNSEEN;\n", part_name(m, &m->tables[i], arena));
    }
}

/* 0: only one field leads to many, and its offsets lie in the buffer, so that no more work than is left can be asked of them. */
static uint32_t
text_work_of(const acti_table *of)
{
    uint32_t vectors = 0;

    for (uint32_t i = 0; i < of->field_count; i++) {
        target kind = target_of(&of->fields[i]);
        vectors += kind == TARGET_TEXTS || kind == TARGET_LEAVES;
    }
    return vectors > 1 ? WORK : 0;
}

/* The first field that leads anywhere, if to texts: acta writes them behind the table. */
static const acti_field *
first_of(const acti_table *of)
{
    for (uint32_t i = 0; i < of->field_count; i++) {
        target kind = target_of(&of->fields[i]);
        if (kind != TARGET_NONE) return kind == TARGET_TEXT || kind == TARGET_TEXTS ? &of->fields[i] : NULL;
    }
    return NULL;
}

void
put_quick(const acti_model *m, const acti_table *of, FILE *out, acti_arena *arena)
{
    coder c = { m, out, arena, "", text_work_of(of), first_of(of), 0 };
    bool is_flat = texts_of(of) == 0;
    layout l;

    lay_out(of, &l);
    uint32_t end = l.table + l.table_size;
    if (c.first != NULL) {
        c.first_place = (end + 3) & ~3u;
        end = c.first_place + 5; /* a number of bytes, and one more: as acti_judge.last */
    }
    const char *items[3 + HEAD_MAX / 8] = { of->is.c_name, arena_format(arena, "%u", l.table + 4),
        arena_format(arena, "%u", end) };
    uint32_t count = 3 + add_words(&l, 0, l.table + 4, items + 3, arena);
    put_list(out, 0, is_flat ? "ACTI_QUICK_FLAT(" : "ACTI_QUICK(", items, count, is_flat ? ");\n" : ")\n");
    if (is_flat) return;
    fputs("{\n", out);
    put_seen(m, of, out, arena);
    put_root_texts(&c, of, &l);
    for (uint32_t i = 0; i < of->field_count; i++)
        if (target_of(&of->fields[i]) != TARGET_TEXT) put_target(&c, &of->fields[i], &l, i, l.table);
    fputs("    return true;\n}\n", out);
}
