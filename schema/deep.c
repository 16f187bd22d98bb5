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

/* Is it UTF-8 without NUL, and a NUL behind it? */
bool
acta_deep_is_text(const uint8_t *string)
{
    const uint8_t *begin = string + 4;
    size_t length = acti_load_uint32(string), i = 0;

    if (begin[length] != 0) return false;
    while (i + 16 <= length && acti_deep_ascii_bits(begin + i) == 0xffff)
        i += 16;
    if (i > 0 && i + 16 > length && acti_deep_ascii_bits(begin + length - 16) == 0xffff) return true;
    return acta_str_is_utf8_from(acta_str_from(begin, length), 0);
}

/* Types are mostly 1, 2, … in this order. */
bool
acta_deep_variant(const acta_union *of, acti_deep *d, uint8_t type, uint32_t slot, uint32_t depth)
{
    if (type == 0 || type > of->member_count || of->members[type - 1].number != type) return false;
    const acta_table *table = of->members[type - 1].table;
    bool is_table = table != NULL && !acti_is_struct(table);
    if (is_table) return table->check != NULL && table->check(d, slot, 1, depth - 1);

    acti_judge j = acti_deep_enter(d);
    uint64_t target;
    if (!acti_deep_follow(&j, slot, &target)) return false;
    if (table != NULL) /* its alignment may be below 4, so nothing is left to be asked at the end */
        return target != slot && target % table->alignment == 0 && table->inline_size < d->size - target;
    if (!acti_deep_string(&j, target)) return false;
    acti_deep_leave(&j);
    return true;
}

bool
acta_deep_variants(const acta_union *of, acti_deep *d, uint32_t types_slot, uint32_t slot, uint32_t depth)
{
    acti_judge j = acti_deep_enter(d);
    uint64_t types, values, value_slot;
    uint32_t count;

    if (!acti_deep_follow(&j, types_slot, &types) || !acti_deep_follow(&j, slot, &values)) return false;
    if (!acti_deep_elements(&j, values, &value_slot, &count)) return false;
    if (acti_load_uint32(d->bytes + types) != count || !acti_deep_vector(&j, types, 1)) return false;
    if (!acti_deep_work(d, (uint64_t)count * ACTI_DEEP_WORK)) return false;
    for (uint32_t i = 0; i < count; i++)
        if (!acta_deep_variant(of, d, d->bytes[types + 4 + i], (uint32_t)value_slot + 4 * i, depth)) return false;
    acti_deep_leave(&j);
    return true;
}

bool
acta_deep_verify(const acta_table *table, acta_bytes buffer)
{
    acti_deep d;

    return acti_deep_begin(&d, buffer) && table->check != NULL && table->check(&d, 0, 1, ACTA_BUFFER_DEPTH_MAX) &&
           acti_deep_is_even(d.odd);
}
