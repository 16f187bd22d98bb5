/*
 * Verifying: is this a well-formed buffer of that table? Accepts what the official generated verifier accepts, as long
 * as all strings are UTF-8 without NUL.
 *
 *     root -> table -> vtable          each arrow is an offset that must lead to a place inside the buffer,
 *               |                      aligned relative to the buffer's begin
 *               +-> string, vector -> table -> …      at most 64 deep, 1,000,000 tables
 *
 * All places are numbers counted from the buffer's begin: no pointer is made before it is known to be good. Parts may
 * overlap; the limits keep the work of a hostile buffer bounded. Strings have one too: many offsets may lead to one long
 * string, and each is looked at. A buffer in which no two strings overlap can't reach it.
 */
#include "internal.h"

enum { BUFFER_SIZE_MIN = 12, BUFFER_SIZE_MAX = INT32_MAX };
enum { NESTING_MAX = 8 };
enum { STRING_WORK = 16, STRING_WORK_FREE = 64 << 20 }; /* bytes of work: of a string besides its own; in any buffer */

typedef struct verifier {
    const uint8_t *bytes;
    size_t size;
    uint32_t depth;
    uint32_t nesting; /* of buffers in buffers */
    uint32_t table_count;
    uint64_t string_work_left;
    acta_error *error;
} verifier;

static acta_status
corrupt(verifier *v, const acta_table *table, const acta_field *field, const char *what)
{
    if (field == NULL) return acta_error_set(v->error, ACTA_CORRUPT, "damaged buffer of %s: %s", table->name, what);

    acta_error_set(v->error, ACTA_CORRUPT, "damaged buffer of %s: field %s %s", table->name, field->name, what);
    if (v->error != NULL) {
        size_t length = strnlen(field->name, sizeof v->error->where - 1);
        memcpy(v->error->where, field->name, length);
        v->error->where[length] = '\0';
    }
    return ACTA_CORRUPT;
}

/* The official verifier wants length < size, not <=: no part can be the whole buffer. */
static bool
is_inside(const verifier *v, size_t at, size_t length)
{
    return length < v->size && at <= v->size - length;
}

static bool
is_number_at(const verifier *v, size_t at, size_t size)
{
    return (at & (size - 1)) == 0 && is_inside(v, at, size); /* sizes are powers of two */
}

static bool
is_object_at(const verifier *v, size_t at, size_t size, size_t alignment)
{
    return (at & (alignment - 1)) == 0 && is_inside(v, at, size);
}

/* Follow the offset at `at`; 0 when it leads nowhere. */
static size_t
follow(const verifier *v, size_t at)
{
    if (!is_number_at(v, at, 4)) return 0;
    uint32_t offset = acti_load_uint32(v->bytes + at);
    if (offset == 0 || offset > INT32_MAX || !is_inside(v, at + offset, 1)) return 0;
    return at + offset;
}

/* Length and elements of a vector lie inside. */
static bool
is_vector_at(const verifier *v, size_t at, size_t element_size, uint32_t *count_out)
{
    if (!is_number_at(v, at, 4)) return false;
    *count_out = acti_load_uint32(v->bytes + at);
    return *count_out < BUFFER_SIZE_MAX / element_size && is_inside(v, at, 4 + element_size * *count_out);
}

static acta_status
verify_string(verifier *v, const acta_table *table, const acta_field *field, size_t at)
{
    uint32_t size;

    if (!is_vector_at(v, at, 1, &size) || !is_inside(v, at + 4 + size, 1))
        return corrupt(v, table, field, "lies outside of it");
    if (v->bytes[at + 4 + size] != 0) return corrupt(v, table, field, "has no NUL behind it");
    if (v->string_work_left < (uint64_t)size + STRING_WORK)
        return corrupt(v, table, field, "is one of too many offsets to the same strings");
    v->string_work_left -= (uint64_t)size + STRING_WORK;
    if (!acta_str_is_utf8(acta_str_from(v->bytes + at + 4, size)))
        return corrupt(v, table, field, "is not UTF-8 without NUL");
    return ACTA_OK;
}

static acta_status verify_table(verifier *v, const acta_table *table, size_t at);

/* Elements' offsets aren't checked for zero, as the official verifier doesn't: what they lead to is. */
static acta_status
verify_offset_vector(verifier *v, const acta_table *table, const acta_field *field, size_t at)
{
    acta_status status = ACTA_OK;
    uint32_t count;

    if (!is_vector_at(v, at, 4, &count)) return corrupt(v, table, field, "lies outside of it");
    for (uint32_t i = 0; i < count && status == ACTA_OK; i++) {
        size_t element = at + 4 + 4 * (size_t)i;
        size_t target = element + acti_load_uint32(v->bytes + element);
        status = field->kind == ACTA_FIELD_STRING_VECTOR ? verify_string(v, table, field, target)
                                                         : verify_table(v, field->table, target);
    }
    return status;
}

/* A buffer of its own, `size` bytes at `at`. Its tables and strings count as the outer one's: so the work is bounded for
 * all of them together. */
static acta_status
verify_nested(verifier *v, const acta_table *table, const acta_field *field, size_t at, uint32_t size)
{
    verifier inner = *v;

    if (v->nesting == NESTING_MAX) return corrupt(v, table, field, "has buffers nested more than 8 deep");
    if (size < BUFFER_SIZE_MIN) return corrupt(v, table, field, "is too short for a buffer");
    inner.bytes = v->bytes + at;
    inner.size = size;
    inner.depth = 0;
    inner.nesting++;
    size_t root = follow(&inner, 0);
    if (root == 0) return corrupt(v, table, field, "has a root that leads outside of it");
    acta_status status = verify_table(&inner, field->table, root);
    v->table_count = inner.table_count;
    v->string_work_left = inner.string_work_left;
    return status;
}

static acta_status
verify_field(verifier *v, const acta_table *table, const acta_field *field, size_t at)
{
    uint32_t count;

    if (acti_is_inline(field)) {
        if (!is_object_at(v, at, acti_field_size(field), acti_field_alignment(field)))
            return corrupt(v, table, field, "lies outside of it, or is not aligned");
        return ACTA_OK;
    }

    size_t target = follow(v, at);
    if (target == 0) return corrupt(v, table, field, "leads outside of it");
    switch (field->kind) {
    case ACTA_FIELD_STRING:
        return verify_string(v, table, field, target);
    case ACTA_FIELD_TABLE:
        return verify_table(v, field->table, target);
    case ACTA_FIELD_VECTOR:
    case ACTA_FIELD_STRUCT_VECTOR: {
        bool is_struct = field->kind == ACTA_FIELD_STRUCT_VECTOR;
        size_t size = is_struct ? field->table->inline_size : acti_inline_size(field->element);
        if (!is_vector_at(v, target, size, &count)) return corrupt(v, table, field, "lies outside of it");
        if (field->flags & ACTA_FIELD_FLEX && !acti_flex_is_sound(v->bytes + target + 4, count))
            return corrupt(v, table, field, "is no FlexBuffer");
        return field->flags & ACTA_FIELD_NESTED ? verify_nested(v, table, field, target + 4, count) : ACTA_OK;
    }
    default:
        return verify_offset_vector(v, table, field, target);
    }
}

/* A union's value, of the member with this number; `target` 0: absent. Unknown ones are anything. */
static acta_status
verify_variant(verifier *v, const acta_table *table, const acta_field *field, uint8_t number, size_t target)
{
    const acta_union_member *member = acti_member_of(field->variants, number);

    if (member == NULL) return ACTA_OK;
    if (member->table != NULL && acti_is_struct(member->table)) {
        bool is_there = target != 0 && is_object_at(v, target, member->table->inline_size, member->table->alignment);
        return is_there ? ACTA_OK : corrupt(v, table, field, "lies outside of it, or is not aligned");
    }
    if (target == 0) return ACTA_OK;
    if (member->table != NULL) return verify_table(v, member->table, target);
    return verify_string(v, table, field, target);
}

/* `types` and `values` are the places of the two fields, 0 when absent. */
static acta_status
verify_union_vector(verifier *v, const acta_table *table, const acta_field *field, size_t types, size_t values)
{
    acta_status status = ACTA_OK;
    uint32_t type_count, count;

    if (types == 0 && values == 0) return ACTA_OK;
    if (types == 0 || values == 0) return corrupt(v, table, field, "has types without values, or values without types");
    size_t types_at = follow(v, types), values_at = follow(v, values);
    if (types_at == 0 || values_at == 0) return corrupt(v, table, field, "leads outside of it");
    if (!is_vector_at(v, types_at, 1, &type_count) || !is_vector_at(v, values_at, 4, &count))
        return corrupt(v, table, field, "lies outside of it");
    if (type_count != count) return corrupt(v, table, field, "has not as many types as values");
    for (uint32_t i = 0; i < count && status == ACTA_OK; i++) {
        size_t element = values_at + 4 + 4 * (size_t)i;
        if (v->string_work_left < STRING_WORK) return corrupt(v, table, field, "is one of too many in the same place");
        v->string_work_left -= STRING_WORK;
        status =
            verify_variant(v, table, field, v->bytes[types_at + 4 + i], element + acti_load_uint32(v->bytes + element));
    }
    return status;
}

static acta_status
verify_union(verifier *v, const acta_table *table, const acta_field *field, size_t type, size_t value)
{
    size_t target = 0;

    if (type != 0 && !is_inside(v, type, 1)) return corrupt(v, table, field, "has its type outside of it");
    if (value != 0) {
        target = follow(v, value);
        if (target == 0) return corrupt(v, table, field, "leads outside of it");
    }
    return verify_variant(v, table, field, type != 0 ? v->bytes[type] : 0, target);
}

/* A field's place in the table at `at`; 0: absent. */
static size_t
slot_of(const verifier *v, size_t at, size_t vtable, size_t vtable_size, uint32_t id)
{
    size_t entry = 4 + 2 * (size_t)id;
    uint16_t offset = entry < vtable_size ? acti_load_uint16(v->bytes + vtable + entry) : 0;
    return offset != 0 ? at + offset : 0;
}

static acta_status
verify_fields(verifier *v, const acta_table *table, size_t at, size_t vtable, size_t vtable_size)
{
    acta_status status = ACTA_OK;

    for (uint32_t i = 0; i < table->field_count && status == ACTA_OK; i++) {
        const acta_field *field = &table->fields[i];
        size_t slot = slot_of(v, at, vtable, vtable_size, field->id);

        if (slot == 0 && field->flags & ACTA_FIELD_REQUIRED) return corrupt(v, table, field, "is required and missing");
        if (acti_is_union(field)) {
            size_t type = slot_of(v, at, vtable, vtable_size, field->id - 1u);
            status = field->kind == ACTA_FIELD_UNION ? verify_union(v, table, field, type, slot)
                                                     : verify_union_vector(v, table, field, type, slot);
        } else if (slot != 0) {
            status = verify_field(v, table, field, slot);
        }
    }
    return status;
}

static acta_status
verify_table(verifier *v, const acta_table *table, size_t at)
{
    if (!is_number_at(v, at, 4)) return corrupt(v, table, NULL, "a table lies outside of it, or is not aligned");
    if (++v->depth > ACTA_BUFFER_DEPTH_MAX) return corrupt(v, table, NULL, "tables are nested more than 64 deep");
    if (++v->table_count > ACTA_BUFFER_TABLES_MAX)
        return corrupt(v, table, NULL, "there are more than a million tables");

    /* May wrap around: then it is no place inside. */
    size_t vtable = at - (size_t)(ptrdiff_t)acti_load_int32(v->bytes + at);
    if (!is_number_at(v, vtable, 2)) return corrupt(v, table, NULL, "a vtable lies outside of it, or is not aligned");
    size_t vtable_size = acti_load_uint16(v->bytes + vtable);
    if (vtable_size % 2 != 0 || !is_inside(v, vtable, vtable_size))
        return corrupt(v, table, NULL, "a vtable ends outside of it");

    acta_status status = verify_fields(v, table, at, vtable, vtable_size);
    v->depth--;
    return status;
}

acta_status
acta_table_verify(const acta_table *table, acta_bytes buffer, acta_error *error)
{
    return acti_verify_from(table, buffer, 0, error);
}

acta_status
acti_verify_from(const acta_table *table, acta_bytes buffer, size_t begin, acta_error *error)
{
    verifier v = { .bytes = buffer.data, .size = buffer.size, .error = error };

    if (buffer.data == NULL || buffer.size < BUFFER_SIZE_MIN || buffer.size > BUFFER_SIZE_MAX)
        return corrupt(&v, table, NULL, "its size is not that of a buffer");
    v.string_work_left = STRING_WORK_FREE + (uint64_t)buffer.size * STRING_WORK;
    size_t root = follow(&v, begin);
    if (root == 0) return corrupt(&v, table, NULL, "the root leads outside of it");
    return verify_table(&v, table, root);
}
