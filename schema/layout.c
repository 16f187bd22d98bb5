/*
 * Which fields of a value are there, and where each lies in its table.
 *
 *     [4 bytes: to the vtable | the widest | … | bytes]       no gaps: each size is a multiple of its alignment
 *
 * A field is left out when it is absent, or a number with the value that stands for absence. The bytes are write.c's.
 */
#include "layout.h"

static bool
is_set(const acta_field *field, const void *value)
{
    return (field->flags & ACTA_FIELD_OPTIONAL) == 0 || *(const bool *)((const char *)value + field->is_set);
}

/* An enum's value that its type in the buffer can't hold. */
static bool
is_cut_at(const acta_field *field, const void *at)
{
    int32_t number;

    memcpy(&number, at, sizeof number);
    switch (field->kind) {
    case ACTA_FIELD_INT8:
        return number < INT8_MIN || number > INT8_MAX;
    case ACTA_FIELD_UINT8:
        return number < 0 || number > UINT8_MAX;
    case ACTA_FIELD_INT16:
        return number < INT16_MIN || number > INT16_MAX;
    case ACTA_FIELD_UINT16:
        return number < 0 || number > UINT16_MAX;
    default:
        return false;
    }
}

/* The same in a field that is there, or in any member of the struct that it is. */
bool
acti_is_cut(const acta_field *field, const void *value)
{
    const char *at = acti_field_in(field, value);

    if ((field->flags & ACTA_FIELD_ENUM) == 0 && field->kind != ACTA_FIELD_STRUCT) return false;
    for (uint32_t left = field->length != 0 ? field->length : 1; left > 0; left--, at += acti_c_size(field)) {
        if (field->kind != ACTA_FIELD_STRUCT && is_cut_at(field, at)) return true;
        for (uint32_t i = 0; field->kind == ACTA_FIELD_STRUCT && i < field->table->field_count; i++) {
            if (acti_is_cut(&field->table->fields[i], at)) return true;
        }
    }
    return false;
}

static bool
is_present(const acta_field *field, const void *value)
{
    if (field->flags & ACTA_FIELD_OPTIONAL) return is_set(field, value);
    if (acti_is_number(field)) return acti_bits_at(field, acti_field_in(field, value)) != field->absent;
    if (field->kind == ACTA_FIELD_STRUCT) return true;
    if (field->kind == ACTA_FIELD_UNION) return acti_union_in(field, value).type != 0;
    if (field->kind == ACTA_FIELD_STRING) return ((const acta_str *)acti_field_in(field, value))->data != NULL;

    acta_any_ref ref = acti_ref_in(field, value); /* a vector begins as a ref does */
    return ref.data != NULL || ref.encoded != NULL;
}

/* NULL: all is well. */
static const acta_field *
find_present(const acta_table *table, const void *value, acti_presence *fields_out, const char **what_out)
{
    memset(fields_out, 0, sizeof *fields_out);
    for (uint32_t i = 0; i < table->field_count; i++) {
        const acta_field *field = &table->fields[i];
        bool is_there = is_present(field, value);
        if (is_there) fields_out->bits[i / 64] |= UINT64_C(1) << i % 64;
        *what_out = "is required, but absent; set it";
        if (!is_there && field->flags & ACTA_FIELD_REQUIRED) return field;
        *what_out = "is an enum with a number out of its range";
        if (is_set(field, value) && acti_is_cut(field, value)) return field;
    }
    return NULL;
}

/* Where the next field of each alignment lies: 1, 2, 4, … 256 (flatc allows 32). */
typedef struct places {
    uint16_t next[9];
} places;

static uint16_t *
place_of(places *p, size_t alignment)
{
    return &p->next[__builtin_ctz((unsigned)alignment)];
}

/* Count `size` bytes to what is so aligned, or take them: the place before. */
static uint16_t
take_place(places *p, size_t size, size_t alignment)
{
    uint16_t *next = place_of(p, alignment);
    uint16_t taken = *next;

    *next = (uint16_t)(*next + size);
    return taken;
}

/* Fields of a wide alignment first, so that there are no gaps between them: each size is a multiple of the alignment. */
static void
lay_out(const acta_table *table, acti_plan *out)
{
    places p = { { 0 } }; /* first how many bytes the fields take */

    out->vtable_size = 4;
    for (uint32_t i = 0; i < table->field_count; i++) {
        if (!acti_has(&out->fields, i)) continue;
        const acta_field *field = &table->fields[i];
        size_t vtable_end = 6 + 2 * (size_t)field->id, type_size = acti_type_size(field);
        take_place(&p, acti_field_size(field), acti_field_alignment(field));
        if (type_size != 0) take_place(&p, type_size, type_size);
        if (vtable_end > out->vtable_size) out->vtable_size = vtable_end;
    }

    uint16_t end = 4;
    out->alignment = 1;
    for (size_t i = sizeof p.next / sizeof p.next[0]; i-- > 0;) {
        uint16_t bytes = p.next[i];
        if (bytes != 0 && out->alignment == 1) out->alignment = (size_t)1 << i;
        p.next[i] = end;
        end = (uint16_t)(end + bytes);
    }
    out->size = end;
    for (uint32_t i = 0; i < table->field_count; i++) {
        const acta_field *field = &table->fields[i];
        size_t type_size = acti_type_size(field);
        out->offsets[i] = 0;
        if (!acti_has(&out->fields, i)) continue;
        out->offsets[i] = take_place(&p, acti_field_size(field), acti_field_alignment(field));
        if (type_size != 0) out->types[i] = take_place(&p, type_size, type_size);
    }
}

const acta_field *
acti_plan_table(const acta_table *table, const void *value, acti_plan *out, const char **what_out)
{
    const acta_field *refused = find_present(table, value, &out->fields, what_out);

    if (refused == NULL) lay_out(table, out);
    return refused;
}
