/*
 * Random values by the description of a table: each field is absent, present, or empty now and then.
 */
#include "values.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "seed.h"

uint64_t
values_next(values_random *random)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return random->state;
}

values_random
values_seed(void)
{
    return (values_random){ seed_of_this_run() };
}

static uint64_t
below(values_random *random, uint64_t bound)
{
    return values_next(random) % bound;
}

/* Small and large ones, and those at the ends. */
static uint64_t
random_bits(values_random *random)
{
    switch (below(random, 4)) {
    case 0:
        return below(random, 10);
    case 1:
        return UINT64_MAX - below(random, 3);
    case 2:
        return UINT64_C(1) << below(random, 64);
    default:
        return values_next(random);
    }
}

/* Quarters: JSON has them exactly. */
static double
random_real(values_random *random)
{
    return ((double)below(random, 20001) - 10000) / 4;
}

static void
fill_number(values_random *random, uint8_t kind, bool is_enum, void *out)
{
    static const int32_t enum_values[] = { 0, 7, 5 }; /* in the range of each enum's type, named or not */
    uint64_t bits = random_bits(random);
    float single = (float)random_real(random);
    double real = random_real(random);

    if (is_enum) {
        memcpy(out, &enum_values[below(random, 3)], sizeof enum_values[0]);
        return;
    }
    switch (kind) {
    case ACTA_FIELD_BOOL:
        *(bool *)out = bits & 1;
        break;
    case ACTA_FIELD_INT8:
    case ACTA_FIELD_UINT8:
        memcpy(out, &bits, 1);
        break;
    case ACTA_FIELD_INT16:
    case ACTA_FIELD_UINT16:
        memcpy(out, &bits, 2);
        break;
    case ACTA_FIELD_INT32:
    case ACTA_FIELD_UINT32:
        memcpy(out, &bits, 4);
        break;
    case ACTA_FIELD_FLOAT:
        memcpy(out, &single, 4);
        break;
    case ACTA_FIELD_DOUBLE:
        memcpy(out, &real, 8);
        break;
    default:
        memcpy(out, &bits, 8);
    }
}

static size_t
size_of_kind(uint8_t kind)
{
    static const size_t sizes[] = { 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8 };
    return sizes[kind];
}

static void fill_inline(values_random *random, const acta_field *field, void *out);

static void
fill_struct(values_random *random, const acta_table *table, void *value)
{
    for (uint32_t i = 0; i < table->field_count; i++) {
        const acta_field *field = &table->fields[i];
        char *out = (char *)value + field->offset;
        size_t size = field->kind == ACTA_FIELD_STRUCT        ? field->table->struct_size
                      : (field->flags & ACTA_FIELD_ENUM) != 0 ? sizeof(int32_t)
                                                              : size_of_kind(field->kind);
        for (uint32_t k = 0; k < (field->length != 0 ? field->length : 1u); k++)
            fill_inline(random, field, out + k * size);
    }
}

static acta_str
random_string(values_random *random, acta_memory *memory)
{
    static const char *const pieces[] = { "a", "Z", "0", " ", "\"", "\\", "\n", "\x7f", "é", "ß", "€", "中", "😀", "/" };
    uint64_t count = below(random, 20);
    char *text = acta_memory_alloc(memory, count * 4 + 1);

    for (uint64_t i = 0; i < count; i++)
        strcat(text, pieces[below(random, sizeof pieces / sizeof pieces[0])]);
    return acta_str_of(text);
}

/* One number or struct of a fixed array, or of a field. */
static void
fill_inline(values_random *random, const acta_field *field, void *out)
{
    if (field->kind == ACTA_FIELD_STRUCT)
        fill_struct(random, field->table, out);
    else
        fill_number(random, field->kind, field->flags & ACTA_FIELD_ENUM, out);
}

/* Keys in order, and no two equal: the official parser sorts by them. */
static void
set_key(const acta_table *item, void *value, uint32_t index, acta_memory *memory)
{
    for (uint32_t i = 0; i < item->field_count; i++) {
        const acta_field *field = &item->fields[i];
        void *out = (char *)value + field->offset;
        if ((field->flags & ACTA_FIELD_KEY) == 0) continue;
        if (field->kind == ACTA_FIELD_INT32) *(int32_t *)out = (int32_t)index - 1;
        if (field->kind == ACTA_FIELD_DOUBLE) *(double *)out = index - 1.5;
        if (field->kind == ACTA_FIELD_UINT16) *(uint16_t *)out = (uint16_t)(index + 3);
        if (field->kind != ACTA_FIELD_STRING) continue;
        acta_str old = *(acta_str *)out;
        char *text = acta_memory_alloc(memory, old.size + 1);
        text[0] = (char)('a' + index);
        memcpy(text + 1, old.data, old.size);
        *(acta_str *)out = acta_str_from(text, old.size + 1);
    }
}

/* One of its members; none only where it needn't be there. */
static void
fill_union(
    values_random *random, const acta_field *field, bool may_be_none, void *out, acta_memory *memory, uint32_t depth)
{
    const acta_union_member *member = &field->variants->members[below(random, field->variants->member_count)];
    acta_any_union any = { .type = member->number };

    if (may_be_none && below(random, 4) == 0) return;
    if (member->table == NULL) {
        any.string = random_string(random, memory);
    } else {
        void *value = acta_memory_alloc(memory, member->table->struct_size);
        if (member->table->inline_size != 0)
            fill_struct(random, member->table, value);
        else
            values_fill(random, member->table, value, memory, depth == 0 ? 0 : depth - 1);
        any.ref.data = value;
    }
    memcpy(out, &any, sizeof any);
}

static void
fill_union_vector(values_random *random, const acta_field *field, void *out, acta_memory *memory, uint32_t depth)
{
    acta_any_union_vector vector = { .count = (uint32_t)below(random, 4) };
    acta_any_union *items = acta_memory_alloc(memory, vector.count * sizeof *items);

    for (uint32_t i = 0; i < vector.count; i++)
        fill_union(random, field, false, &items[i], memory, depth);
    vector.data = items;
    memcpy(out, &vector, sizeof vector);
}

static void
fill_vector(values_random *random, const acta_field *field, void *out, acta_memory *memory, uint32_t depth)
{
    acta_any_vector vector = { .count = (uint32_t)below(random, 4) };
    size_t size = field->kind == ACTA_FIELD_VECTOR          ? size_of_kind(field->element)
                  : field->kind == ACTA_FIELD_STRING_VECTOR ? sizeof(acta_str)
                                                            : field->table->struct_size;
    char *items = acta_memory_alloc(memory, vector.count * size);

    for (uint32_t i = 0; i < vector.count; i++) {
        void *item = items + i * size;
        if (field->kind == ACTA_FIELD_VECTOR) {
            fill_number(random, field->element, false, item);
        } else if (field->kind == ACTA_FIELD_TABLE_VECTOR) {
            values_fill(random, field->table, item, memory, depth - 1);
            set_key(field->table, item, i, memory);
        } else if (field->kind == ACTA_FIELD_STRUCT_VECTOR) {
            fill_struct(random, field->table, item);
            set_key(field->table, item, i, memory);
        } else {
            *(acta_str *)item = random_string(random, memory);
        }
    }
    vector.data = items;
    if (field->flags & ACTA_FIELD_NESTED) {
        void *value = acta_memory_alloc(memory, field->table->struct_size);
        values_fill(random, field->table, value, memory, depth == 0 ? 0 : depth - 1);
        acta_bytes bytes = values_write(field->table, value, memory);
        vector.data = bytes.data;
        vector.count = (uint32_t)bytes.size;
    }
    memcpy(out, &vector, sizeof vector);
}

static void
fill_nested(values_random *random, const acta_field *field, void *out, acta_memory *memory, uint32_t depth)
{
    void *nested = acta_memory_alloc(memory, field->table->struct_size);
    acta_any_ref ref = { .data = nested };

    values_fill(random, field->table, nested, memory, depth - 1);
    memcpy(out, &ref, sizeof ref);
}

void
values_fill(values_random *random, const acta_table *table, void *value, acta_memory *memory, uint32_t depth)
{
    memset(value, 0, table->struct_size);
    for (uint32_t i = 0; i < table->field_count; i++) {
        const acta_field *field = &table->fields[i];
        void *out = (char *)value + field->offset;
        bool leads_to_tables =
            field->kind == ACTA_FIELD_TABLE || field->kind == ACTA_FIELD_TABLE_VECTOR || field->variants != NULL;

        if (field->kind < ACTA_FIELD_STRING || field->kind == ACTA_FIELD_STRUCT) {
            bool is_set = (field->flags & ACTA_FIELD_OPTIONAL) == 0 || below(random, 2) == 0;
            if (field->flags & ACTA_FIELD_OPTIONAL) *(bool *)((char *)value + field->is_set) = is_set;
            if (is_set) fill_inline(random, field, out);
            continue;
        }
        bool required = field->flags & ACTA_FIELD_REQUIRED;
        if (!required && (below(random, 3) == 0 || (leads_to_tables && depth == 0))) continue;
        if (field->kind == ACTA_FIELD_STRING) {
            *(acta_str *)out = random_string(random, memory);
        } else if (field->kind == ACTA_FIELD_TABLE) {
            fill_nested(random, field, out, memory, depth == 0 ? 1 : depth);
        } else if (field->kind == ACTA_FIELD_UNION) {
            fill_union(random, field, !required, out, memory, depth);
        } else if (field->kind == ACTA_FIELD_UNION_VECTOR) {
            fill_union_vector(random, field, out, memory, depth);
        } else if (leads_to_tables && depth == 0) {
            acta_any_vector empty = { .data = acta_memory_alloc(memory, 0) };
            memcpy(out, &empty, sizeof empty);
        } else {
            fill_vector(random, field, out, memory, depth);
        }
    }
}

acta_bytes
values_write(const acta_table *table, const void *value, acta_memory *memory)
{
    acta_memory_sink sink = acta_memory_sink_of(memory);
    acta_error error;

    acta_status status = table->write(value, &sink.sink, &error);
    if (status != ACTA_OK) fprintf(stderr, "%s\n", error.text);
    assert(status == ACTA_OK);
    return sink.bytes;
}

acta_bytes
values_rewrite(const acta_table *table, acta_bytes buffer, acta_memory *memory)
{
    void *value = acta_memory_alloc(memory, table->struct_size);
    table->read(buffer, value);
    return values_write(table, value, memory);
}

bool
values_equal(acta_bytes a, acta_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

uint8_t *
values_guarded(acta_bytes bytes)
{
    static uint8_t *pages;
    static size_t mapped;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (bytes.size + page - 1) / page * page;

    if (pages != NULL) munmap(pages, mapped);
    mapped = size + page;
    pages = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(pages != MAP_FAILED);
    int protected = mprotect(pages + size, page, PROT_NONE);
    assert(protected == 0);
    (void)protected;
    if (bytes.size == 0) return pages + size;
    return memcpy(pages + size - bytes.size, bytes.data, bytes.size);
}
