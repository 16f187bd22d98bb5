/*
 * Verifying tables of any fields quickly (acta/deep_verify.h): what is done once for each new vtable, and what is the same
 * for all tables.
 */
#include "acta/deep_verify.h"

#include "internal.h"

/* A field's place in a vtable that ends at `size`. */
static uint32_t
place_in(const uint8_t *vtable, uint32_t size, uint32_t id)
{
    uint32_t entry = 4 + 2 * id;
    return entry < size ? acti_load_uint16(vtable + entry) : 0;
}

/* Take `bytes` of a field at this place into what is wanted of the table; false: it isn't aligned. */
static bool
reserve(acti_deep_vtable *v, uint32_t at, uint32_t place, size_t bytes, uint32_t alignment)
{
    uint32_t end = place + (uint32_t)bytes;

    if (((at + place) & (alignment - 1)) != 0) return false;
    if (end > v->reach) v->reach = end;
    if (alignment - 1 > v->low_mask) v->low_mask = alignment - 1;
    return true;
}

static bool
judge_field(const acta_field *field, acti_deep_vtable *v, const uint8_t *vtable, uint32_t size, uint32_t at)
{
    uint32_t place = place_in(vtable, size, field->id);
    uint32_t type = acti_is_union(field) ? place_in(vtable, size, field->id - 1u) : 0;
    bool is_vector = field->kind == ACTA_FIELD_UNION_VECTOR;

    if (type != 0 && !reserve(v, at, type, is_vector ? 4 : 1, is_vector ? 4 : 1)) return false;
    if (place == 0) return (field->flags & ACTA_FIELD_REQUIRED) == 0;
    if (acti_is_inline(field))
        return reserve(v, at, place, acti_field_size(field), (uint32_t)acti_field_alignment(field));
    return reserve(v, at, place, 4, 4);
}

/* As acti_deep_words, of fields that aren't constant here. */
static uint32_t
words_of(const acta_field *fields, uint32_t count)
{
    uint32_t size = 4;

    for (uint32_t i = 0; i < count; i++)
        if (size < 6 + 2 * (uint32_t)fields[i].id) size = 6 + 2 * (uint32_t)fields[i].id;
    return (size + 7) / 8;
}

const acti_deep_vtable *
acta_deep_learn(
    const acta_field *fields, uint32_t count, acti_deep_seen *seen, const acti_deep *d, uint32_t at, uint32_t vtable)
{
    const uint8_t *from = d->bytes + vtable;
    uint32_t size = acti_load_uint16(from);
    acti_deep_vtable judged = { .reach = 4, .low_mask = 3 };

    if ((size | vtable) % 2 != 0 || at % 4 != 0 || size < 4 || size > words_of(fields, count) * 8) return NULL;
    for (uint32_t i = 0; i < count; i++)
        if (!judge_field(&fields[i], &judged, from, size, at)) return NULL;
    if (judged.reach > d->size - at) return NULL;
    judged.low_bits = at & judged.low_mask;
    memcpy(judged.words, from, size);
    memset(judged.masks, 0xff, size);

    acti_deep_vtable *place = &seen->vtables[seen->next];
    seen->next = (seen->next + 1) % ACTI_DEEP_VTABLES;
    *place = judged;
    return place;
}

/* Types are mostly 1, 2, … in this order. */
bool
acta_deep_variant(const acta_union *of, acti_deep *d, uint8_t type, uint32_t slot, uint32_t depth)
{
    if (type == 0 || type > of->member_count || of->members[type - 1].number != type) return false;
    const acta_table *table = of->members[type - 1].table;
    uint32_t target = acti_deep_follow(d, slot);

    if (target == 0) return false;
    if (table == NULL) return acti_deep_string(d, target);
    if (!acti_is_struct(table)) return depth > 1 && table->check != NULL && table->check(d, target, depth - 1);
    return target % table->alignment == 0 && table->inline_size < d->size - target;
}

bool
acta_deep_variants(const acta_union *of, acti_deep *d, uint32_t types_slot, uint32_t slot, uint32_t depth)
{
    uint32_t types = acti_deep_follow(d, types_slot), values = acti_deep_follow(d, slot), count;

    if (types == 0 || values == 0 || !acti_deep_enter(d, values, &count)) return false;
    if (acti_load_uint32(d->bytes + types) != count || !acti_deep_vector(d, types, 1)) return false;
    for (uint32_t i = 0; i < count; i++)
        if (!acta_deep_variant(of, d, d->bytes[types + 4 + i], values + 4 + 4 * i, depth)) return false;
    return true;
}

bool
acta_deep_verify(const acta_table *table, acta_bytes buffer)
{
    acti_deep d;
    uint32_t root = acti_deep_begin(&d, buffer);

    return root != 0 && table->check != NULL && table->check(&d, root, ACTA_BUFFER_DEPTH_MAX) && d.unaligned % 4 == 0;
}
