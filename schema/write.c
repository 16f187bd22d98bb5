/*
 * Writing: a struct into a buffer, front to back, in one piece of memory of the exact size.
 *
 *     [root] [vtable] [table: numbers and offsets] [strings, vectors and tables it leads to] …
 *
 * The same code runs twice: first with `out` NULL, where it only counts and checks, then it fills what the sink gave.
 * So the size is exact by construction. A vtable that was written before, for the same table with the same fields
 * present, is used again; tables of a vector share theirs.
 *
 * A field is left out when it is absent, or a number with the value that stands for absence.
 */
#include <stdio.h>

#include "acta/file.h"
#include "layout.h"

enum { VTABLE_CACHE = 8 };

typedef struct vtable {
    const acta_table *table;
    acti_presence fields;
    size_t at;
} vtable;

typedef struct writer {
    uint8_t *out;          /* NULL: counting */
    size_t at;             /* bytes so far */
    vtable *vtables;       /* VTABLE_CACHE of them */
    uint32_t vtable_count; /* ever written; the newest are kept */
    uint32_t depth;
    acta_error *error;
} writer;

static acta_status
refuse(writer *w, const acta_table *table, const acta_field *field, const char *what)
{
    acta_error_set(w->error, ACTA_INVALID, "field %s of %s %s", field->name, table->name, what);
    if (w->error != NULL) snprintf(w->error->where, sizeof w->error->where, "%s", field->name);
    return ACTA_INVALID;
}

/* Move on so that what comes `before` bytes later is aligned, to a power of two; the gap is zero. */
static void
align(writer *w, size_t before, size_t alignment)
{
    size_t gap = -(w->at + before) & (alignment - 1);

    for (size_t i = 0; i < gap && w->out != NULL; i++)
        w->out[w->at + i] = 0;
    w->at += gap;
}

static void
put_u16(writer *w, size_t at, size_t value)
{
    uint16_t number = (uint16_t)value;
    if (w->out != NULL) memcpy(w->out + at, &number, sizeof number);
}

static void
put_u32(writer *w, size_t at, size_t value)
{
    uint32_t number = (uint32_t)value;
    if (w->out != NULL) memcpy(w->out + at, &number, sizeof number);
}

static void
append(writer *w, const void *bytes, size_t size)
{
    if (w->out != NULL && size != 0) memcpy(w->out + w->at, bytes, size);
    w->at += size;
}

/* -- numbers and structs -- */

/* The low bytes. */
static void
put_number(uint8_t *out, uint64_t bits, size_t size)
{
    switch (size) {
    case 1:
        out[0] = (uint8_t)bits;
        break;
    case 2:
        memcpy(out, &bits, 2);
        break;
    case 4:
        memcpy(out, &bits, 4);
        break;
    default:
        memcpy(out, &bits, 8);
    }
}

/* -- vtable and table -- */

static acta_status
plan_table(writer *w, const acta_table *table, const void *value, acti_plan *out)
{
    const char *what;

    if (w->depth == ACTA_BUFFER_DEPTH_MAX)
        return acta_error_set(w->error, ACTA_INVALID, "tables of %s are nested more than 64 deep", table->name);
    const acta_field *refused = acti_plan_table(table, value, out, &what);
    return refused != NULL ? refuse(w, table, refused, what) : ACTA_OK;
}

/* The vtable's place: of an earlier one that is equal, or of a new one. */
static size_t
write_vtable(writer *w, const acta_table *table, const acti_plan *p)
{
    uint32_t kept = w->vtable_count < VTABLE_CACHE ? w->vtable_count : VTABLE_CACHE;
    for (uint32_t i = 0; i < kept; i++) {
        const vtable *known = &w->vtables[i];
        if (known->table == table && memcmp(&known->fields, &p->fields, sizeof p->fields) == 0) return known->at;
    }

    align(w, 0, 2);
    size_t at = w->at;
    w->vtables[w->vtable_count++ % VTABLE_CACHE] = (vtable){ table, p->fields, at };
    w->at += p->vtable_size;
    if (w->out == NULL) return at;

    memset(w->out + at, 0, p->vtable_size);
    put_u16(w, at, p->vtable_size);
    put_u16(w, at + 2, p->size);
    for (uint32_t i = 0; i < table->field_count; i++) {
        size_t entry = at + 4 + 2 * (size_t)table->fields[i].id;
        if (p->offsets[i] == 0) continue;
        put_u16(w, entry, p->offsets[i]);
        if (acti_is_union(&table->fields[i])) put_u16(w, entry - 2, p->types[i]);
    }
    return at;
}

/* `out` has inline_size bytes. */
void
acti_put_struct(const acta_table *table, const void *value, uint8_t *out)
{
    memset(out, 0, table->inline_size); /* what lies between members */
    for (uint32_t i = 0; i < table->field_count; i++) {
        const acta_field *field = &table->fields[i];
        const char *from = acti_field_in(field, value);
        uint8_t *to = out + field->id;
        for (uint32_t left = field->length != 0 ? field->length : 1; left > 0; left--) {
            if (field->kind == ACTA_FIELD_STRUCT)
                acti_put_struct(field->table, from, to);
            else
                put_number(to, acti_bits_at(field, from), acti_inline_size(field->kind));
            from += acti_c_size(field);
            to += acti_field_size(field);
        }
    }
}

static acta_status write_target(
    writer *w, const acta_table *table, const acta_field *field, const void *value, size_t *at_out);
static acta_status write_types(
    writer *w, const acta_table *table, const acta_field *field, const void *value, size_t *at_out);

static acta_status
write_fields(writer *w, const acta_table *table, const void *value, const acti_plan *p, size_t at)
{
    acta_status status = ACTA_OK;

    for (uint32_t i = 0; i < table->field_count && w->out != NULL; i++) {
        const acta_field *field = &table->fields[i];
        uint8_t *slot = w->out + at + p->offsets[i];
        if (p->offsets[i] == 0) continue;
        if (field->kind == ACTA_FIELD_UNION) w->out[at + p->types[i]] = (uint8_t)acti_union_in(field, value).type;
        if (!acti_is_inline(field)) continue;
        if (field->kind == ACTA_FIELD_STRUCT)
            acti_put_struct(field->table, acti_field_in(field, value), slot);
        else
            put_number(slot, acti_bits_at(field, acti_field_in(field, value)), acti_inline_size(field->kind));
    }
    for (uint32_t i = 0; i < table->field_count && status == ACTA_OK; i++) {
        if (p->offsets[i] == 0 || acti_is_inline(&table->fields[i])) continue;
        size_t slot = at + p->offsets[i], target = slot;
        if (table->fields[i].kind == ACTA_FIELD_UNION_VECTOR) {
            size_t types_slot = at + p->types[i];
            status = write_types(w, table, &table->fields[i], value, &target);
            put_u32(w, types_slot, target - types_slot);
            if (status != ACTA_OK) return status;
        }
        status = write_target(w, table, &table->fields[i], value, &target);
        put_u32(w, slot, target - slot);
    }
    return status;
}

static acta_status
write_planned(writer *w, const acta_table *table, const void *value, const acti_plan *p, size_t *at_out)
{
    size_t vtable_at = write_vtable(w, table, p);
    align(w, p->alignment > 4 ? 4 : 0, p->alignment > 4 ? p->alignment : 4);
    size_t at = w->at;
    w->at += p->size;
    put_u32(w, at, at - vtable_at);

    w->depth++;
    acta_status status = write_fields(w, table, value, p, at);
    w->depth--;
    *at_out = at;
    return status;
}

static acta_status
write_table(writer *w, const acta_table *table, const void *value, size_t *at_out)
{
    acti_plan p;
    acta_status status = plan_table(w, table, value, &p);
    return status == ACTA_OK ? write_planned(w, table, value, &p, at_out) : status;
}

/* -- what a table leads to -- */

static acta_status
write_string(writer *w, const acta_table *table, const acta_field *field, acta_str s, size_t *at_out)
{
    if (s.size > ACTA_BUFFER_SIZE_MAX) return refuse(w, table, field, "is larger than 64 MiB");
    if (w->out == NULL && !acta_str_is_utf8(s)) return refuse(w, table, field, "is not UTF-8 without NUL");

    align(w, 0, 4);
    *at_out = w->at;
    put_u32(w, w->at, s.size);
    w->at += 4;
    append(w, s.data, s.size);
    append(w, "", 1);
    return ACTA_OK;
}

static acta_status
write_numbers(writer *w, const acta_table *table, const acta_field *field, acta_any_vector vector, size_t *at_out)
{
    size_t element = acti_inline_size(field->element);

    if (vector.count > ACTA_BUFFER_SIZE_MAX / element) return refuse(w, table, field, "is larger than 64 MiB");
    acta_bytes nested = acta_bytes_from(vector.data, vector.count);
    bool is_nested = (field->flags & ACTA_FIELD_NESTED) != 0;
    if (is_nested && w->out == NULL && acta_table_verify(field->table, nested, NULL) != ACTA_OK)
        return refuse(w, table, field, "is no buffer of its (nested_flatbuffer); write one with its table's _write");
    bool is_flex = (field->flags & ACTA_FIELD_FLEX) != 0;
    if (is_flex && w->out == NULL && !acti_flex_is_sound((const uint8_t *)vector.data, vector.count))
        return refuse(w, table, field, "is no FlexBuffer; write one with a builder of the official library");
    size_t alignment = is_nested || is_flex ? 8 : element > 4 ? element : 4;
    align(w, 4, field->alignment > alignment ? field->alignment : alignment);
    *at_out = w->at;
    put_u32(w, w->at, vector.count);
    w->at += 4;
    append(w, vector.data, vector.count * element);
    return ACTA_OK;
}

static acta_status
write_structs(writer *w, const acta_table *table, const acta_field *field, acta_any_vector vector, size_t *at_out)
{
    const acta_table *item = field->table;
    acta_field element = { .kind = ACTA_FIELD_STRUCT, .table = item };
    size_t size = item->inline_size;

    if (vector.count > ACTA_BUFFER_SIZE_MAX / size) return refuse(w, table, field, "is larger than 64 MiB");
    for (uint32_t i = 0; i < vector.count && vector.data != NULL && w->out == NULL; i++) {
        if (acti_is_cut(&element, (const char *)vector.data + i * item->struct_size))
            return refuse(w, table, field, "is an enum with a number out of its range");
    }
    size_t alignment = item->alignment > 4 ? item->alignment : 4;
    align(w, 4, field->alignment > alignment ? field->alignment : alignment);
    *at_out = w->at;
    put_u32(w, w->at, vector.count);
    w->at += 4;
    for (uint32_t i = 0; i < vector.count && vector.data != NULL && w->out != NULL; i++)
        acti_put_struct(item, (const char *)vector.data + i * item->struct_size, w->out + w->at + i * size);
    if (vector.data == NULL && w->out != NULL) memcpy(w->out + w->at, vector.encoded, vector.count * size);
    w->at += vector.count * size;
    return ACTA_OK;
}

static acta_status write_variant(
    writer *w, const acta_table *table, const acta_field *field, acta_any_union any, size_t *at_out);

static acta_status
write_element(
    writer *w, const acta_table *table, const acta_field *field, const void *value, uint32_t index, size_t *at_out)
{
    if (field->kind == ACTA_FIELD_UNION_VECTOR) {
        acta_any_union any;
        acta_union_vector_at(field->variants, acti_field_in(field, value), index, &any);
        if (any.type == 0) return refuse(w, table, field, "has an element without a type; set it, or leave it out");
        return write_variant(w, table, field, any, at_out);
    }

    acta_any_vector vector = acti_vector_in(field, value);
    if (field->kind == ACTA_FIELD_STRING_VECTOR) {
        acta_str_vector strings;
        memcpy(&strings, &vector, sizeof strings);
        acta_str s = acta_str_vector_at(strings, index);
        if (s.data == NULL) s = acta_str_of(""); /* a vector has no absent strings */
        return write_string(w, table, field, s, at_out);
    }

    const acta_table *item = field->table;
    if (vector.data != NULL)
        return write_table(w, item, (const char *)vector.data + (size_t)index * item->struct_size, at_out);
    max_align_t scratch[ACTA_STRUCT_SIZE_MAX / sizeof(max_align_t)];
    acti_read_table(item, acti_follow(vector.encoded + (size_t)index * 4), scratch);
    return write_table(w, item, scratch, at_out);
}

static acta_status
write_offsets(writer *w, const acta_table *table, const acta_field *field, const void *value, size_t *at_out)
{
    acta_any_vector vector = acti_vector_in(field, value); /* of unions: its beginning */
    acta_status status = ACTA_OK;

    if (vector.count > ACTA_BUFFER_SIZE_MAX / 4) return refuse(w, table, field, "is larger than 64 MiB");
    align(w, 0, 4);
    size_t at = w->at;
    put_u32(w, at, vector.count);
    w->at += 4 + 4 * (size_t)vector.count;
    for (uint32_t i = 0; i < vector.count && status == ACTA_OK; i++) {
        size_t slot = at + 4 + 4 * (size_t)i, target = slot;
        status = write_element(w, table, field, value, i, &target);
        put_u32(w, slot, target - slot);
        if (w->at > ACTA_BUFFER_SIZE_MAX) return refuse(w, table, field, "is larger than 64 MiB");
    }
    *at_out = at;
    return status;
}

static acta_status
write_nested(writer *w, const acta_table *nested, acta_any_ref ref, size_t *at_out)
{
    if (ref.data != NULL) return write_table(w, nested, ref.data, at_out);

    max_align_t scratch[ACTA_STRUCT_SIZE_MAX / sizeof(max_align_t)];
    acti_read_table(nested, ref.encoded, scratch);
    return write_table(w, nested, scratch, at_out);
}

static acta_status
write_variant(writer *w, const acta_table *table, const acta_field *field, acta_any_union any, size_t *at_out)
{
    const acta_union_member *member = acti_member_of(field->variants, any.type);

    if (member == NULL) return refuse(w, table, field, "has a type that is none of its union");
    if (any.ref.data == NULL && (member->table == NULL || any.ref.encoded == NULL)) /* a string begins as a ref does */
        return refuse(w, table, field, "has a type, but no value of it; set that too");
    if (member->table == NULL) return write_string(w, table, field, any.string, at_out);
    if (!acti_is_struct(member->table)) return write_nested(w, member->table, any.ref, at_out);

    acta_field whole = { .kind = ACTA_FIELD_STRUCT, .table = member->table };
    if (any.ref.data != NULL && acti_is_cut(&whole, any.ref.data))
        return refuse(w, table, field, "is an enum with a number out of its range");
    align(w, 0, member->table->alignment > 4 ? member->table->alignment : 4);
    *at_out = w->at;
    if (w->out != NULL && any.ref.data != NULL) acti_put_struct(member->table, any.ref.data, w->out + w->at);
    if (w->out != NULL && any.ref.data == NULL) memcpy(w->out + w->at, any.ref.encoded, member->table->inline_size);
    w->at += member->table->inline_size;
    return ACTA_OK;
}

/* The first of the two vectors that a vector of unions is; the other is one of offsets. */
static acta_status
write_types(writer *w, const acta_table *table, const acta_field *field, const void *value, size_t *at_out)
{
    acta_any_union_vector vector = acti_union_vector_in(field, value);

    if (vector.count > ACTA_BUFFER_SIZE_MAX / 4) return refuse(w, table, field, "is larger than 64 MiB");
    align(w, 0, 4);
    *at_out = w->at;
    put_u32(w, w->at, vector.count);
    w->at += 4;
    for (uint32_t i = 0; i < vector.count && w->out != NULL; i++) {
        acta_any_union any;
        acta_union_vector_at(field->variants, &vector, i, &any);
        w->out[w->at + i] = (uint8_t)any.type;
    }
    w->at += vector.count;
    return ACTA_OK;
}

static acta_status
write_target(writer *w, const acta_table *table, const acta_field *field, const void *value, size_t *at_out)
{
    switch (field->kind) {
    case ACTA_FIELD_STRING:
        return write_string(w, table, field, *(const acta_str *)acti_field_in(field, value), at_out);
    case ACTA_FIELD_TABLE:
        return write_nested(w, field->table, acti_ref_in(field, value), at_out);
    case ACTA_FIELD_UNION:
        return write_variant(w, table, field, acti_union_in(field, value), at_out);
    case ACTA_FIELD_VECTOR:
        return write_numbers(w, table, field, acti_vector_in(field, value), at_out);
    case ACTA_FIELD_STRUCT_VECTOR:
        return write_structs(w, table, field, acti_vector_in(field, value), at_out);
    default:
        return write_offsets(w, table, field, value, at_out);
    }
}

/* The root's offset, which counts from itself, may have its size before it and an identifier behind it. */
static acta_status
write_buffer(writer *w, const acta_table *table, const void *value, const acti_plan *p, acti_framing framing)
{
    size_t root = 0, begin = framing.has_size ? 4 : 0;

    w->at = begin + 4;
    if (framing.identifier != NULL) append(w, framing.identifier, ACTA_IDENTIFIER_SIZE);
    acta_status status = write_planned(w, table, value, p, &root);
    put_u32(w, begin, root - begin);
    if (framing.has_size) put_u32(w, 0, w->at - 4);
    return status;
}

acta_status
acta_table_write(const acta_table *table, const void *value, acta_sink *sink, acta_error *error)
{
    return acti_write_framed(table, value, (acti_framing){ 0 }, sink, error);
}

acta_status
acti_write_framed(const acta_table *table, const void *value, acti_framing framing, acta_sink *sink, acta_error *error)
{
    acti_plan p;
    vtable vtables[VTABLE_CACHE]; /* set as they are used */
    writer w = { .vtables = vtables, .error = error };

    acta_status status = plan_table(&w, table, value, &p);
    if (status == ACTA_OK) status = write_buffer(&w, table, value, &p, framing);
    if (status != ACTA_OK) return status;
    if (w.at > ACTA_BUFFER_SIZE_MAX)
        return acta_error_set(error, ACTA_INVALID, "a %s of %zu bytes is larger than 64 MiB", table->name, w.at);

    size_t size = w.at;
    w.out = sink->reserve(sink, size);
    if (w.out == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a %s of %zu bytes", table->name, size);
    w.vtable_count = 0;
    return write_buffer(&w, table, value, &p, framing);
}
