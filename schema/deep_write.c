/*
 * Writing tables of any fields quickly (acta/deep_write.h): what is the same for all tables.
 */
#include "acta/deep_write.h"

#include "layout.h"

enum { ROOM = 16 << 10 }; /* bytes of a buffer that is written here; on the stack */

/* The places that the offsets of a vector are put into; 0: there is no room. */
static uint32_t
put_slots(acti_pen *p, uint32_t count)
{
    if (!acti_pen_has_room(p, (size_t)count * 4)) return 0;
    acti_pen_align(p, 0, 4);
    uint32_t at = p->at;
    acti_plain_put(p->out + at, count, 4);
    p->at = at + 4 + 4 * count;
    return at;
}

/* A vector has no absent strings: they are empty ones. */
uint32_t
acta_deep_put_strings(acti_pen *p, const uint8_t *view)
{
    acta_str_vector vector;

    memcpy(&vector, view, sizeof vector);
    uint32_t at = put_slots(p, vector.count);
    for (uint32_t i = 0; i < vector.count && at != 0; i++) {
        acta_str s = acta_str_vector_at(vector, i);
        uint32_t slot = at + 4 + 4 * i, target = acti_pen_string(p, s.data != NULL ? s : acta_str_from("", 0));
        if (target == 0) return 0;
        acti_plain_put(p->out + slot, target - slot, 4);
    }
    return at;
}

uint32_t
acta_deep_put_tables(const acta_table *item, acti_pen *p, const uint8_t *view, uint32_t depth)
{
    acta_any_vector vector;

    memcpy(&vector, view, sizeof vector);
    if (vector.data == NULL || item->put == NULL) return 0;
    uint32_t at = put_slots(p, vector.count);
    for (uint32_t i = 0; i < vector.count && at != 0; i++) {
        uint32_t slot = at + 4 + 4 * i;
        uint32_t target = item->put(p, (const char *)vector.data + (size_t)i * item->struct_size, depth - 1);
        if (target == 0) return 0;
        acti_plain_put(p->out + slot, target - slot, 4);
    }
    return at;
}

bool
acta_deep_put_struct(const acta_table *table, const uint8_t *value, uint8_t *out)
{
    acta_field whole = { .kind = ACTA_FIELD_STRUCT, .table = table };

    if (acti_is_cut(&whole, value)) return false;
    acti_put_struct(table, value, out);
    return true;
}

uint32_t
acta_deep_put_structs(const acta_field *field, acti_pen *p, const uint8_t *view)
{
    const acta_table *item = field->table;
    uint32_t alignment = item->alignment > 4 ? item->alignment : 4;
    acta_any_vector vector;

    memcpy(&vector, view, sizeof vector);
    bool is_odd = vector.data == NULL || alignment > 8 || field->alignment > alignment;
    if (is_odd || !acti_pen_has_room(p, (size_t)vector.count * item->inline_size)) return 0;
    acti_pen_align(p, 4, alignment);
    uint32_t at = p->at;
    acti_plain_put(p->out + at, vector.count, 4);
    p->at = at + 4;
    for (uint32_t i = 0; i < vector.count; i++, p->at += item->inline_size) {
        const uint8_t *value = (const uint8_t *)vector.data + (size_t)i * item->struct_size;
        if (!acta_deep_put_struct(item, value, p->out + p->at)) return 0;
    }
    return at;
}

/* Types are mostly 1, 2, … in this order. */
uint32_t
acta_deep_put_variant(const acta_union *of, acti_pen *p, const uint8_t *view, uint32_t depth)
{
    acta_any_union any;

    memcpy(&any, view, sizeof any);
    if (any.type < 1 || any.type > (int32_t)of->member_count || of->members[any.type - 1].number != any.type) return 0;
    const acta_table *table = of->members[any.type - 1].table;
    if (any.ref.data == NULL) return 0; /* a string begins as a ref does */
    if (table == NULL) return acti_pen_string(p, any.string);
    if (!acti_is_struct(table)) return table->put != NULL ? table->put(p, any.ref.data, depth - 1) : 0;

    uint32_t alignment = table->alignment > 4 ? table->alignment : 4;
    if (alignment > 8 || !acti_pen_has_room(p, table->inline_size)) return 0;
    acti_pen_align(p, 0, alignment);
    uint32_t at = p->at;
    p->at += table->inline_size;
    return acta_deep_put_struct(table, any.ref.data, p->out + at) ? at : 0;
}

acta_status
acta_deep_write(const acta_table *table, const void *value, acta_sink *sink, acta_error *error)
{
    uint64_t words[(ROOM + ACTI_PEN_SPARE) / 8];
    acti_pen p;

    p.out = (uint8_t *)words;
    p.at = 4;
    p.room = ROOM;
    p.vtable_count = 0;
    uint32_t root = table->put != NULL ? table->put(&p, value, ACTA_BUFFER_DEPTH_MAX) : 0;
    if (root == 0) return acta_table_write(table, value, sink, error);
    acti_plain_put(p.out, root, 4);
    uint8_t *out = sink->reserve(sink, p.at);
    if (out == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a %s of %zu bytes", table->name, (size_t)p.at);
    memcpy(out, words, p.at);
    return ACTA_OK;
}
