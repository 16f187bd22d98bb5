/*
 * Keyed collections: a vector of tables in a mutable value, sorted by the tables' (key), searched by halving.
 *
 * Strings are ordered by their bytes, then by length, as the official library does; an absent one is an empty one.
 * Numbers by value. Putting and removing moves what lies behind: for the hundreds to thousands of items that belong
 * into one aggregate's state.
 */
#include "internal.h"

static const acta_field *
key_of(const acta_table *item)
{
    for (uint32_t i = 0; i < item->field_count; i++) {
        if (item->fields[i].flags & ACTA_FIELD_KEY) return &item->fields[i];
    }
    return NULL;
}

static int
compare_strings(acta_str a, acta_str b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common != 0 ? memcmp(a.data, b.data, common) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

#define COMPARE(type)                                                                                                  \
    do {                                                                                                               \
        type x, y;                                                                                                     \
        memcpy(&x, a, sizeof x);                                                                                       \
        memcpy(&y, b, sizeof y);                                                                                       \
        return (x > y) - (x < y);                                                                                      \
    } while (0)

static int
compare_keys(const acta_field *key, const void *a, const void *b)
{
    if (key->kind == ACTA_FIELD_STRING) return compare_strings(*(const acta_str *)a, *(const acta_str *)b);
    if (key->flags & ACTA_FIELD_ENUM) COMPARE(int32_t);
    switch (key->kind) {
    case ACTA_FIELD_BOOL:
        COMPARE(bool);
    case ACTA_FIELD_INT8:
        COMPARE(int8_t);
    case ACTA_FIELD_UINT8:
        COMPARE(uint8_t);
    case ACTA_FIELD_INT16:
        COMPARE(int16_t);
    case ACTA_FIELD_UINT16:
        COMPARE(uint16_t);
    case ACTA_FIELD_INT32:
        COMPARE(int32_t);
    case ACTA_FIELD_UINT32:
        COMPARE(uint32_t);
    case ACTA_FIELD_INT64:
        COMPARE(int64_t);
    case ACTA_FIELD_UINT64:
        COMPARE(uint64_t);
    case ACTA_FIELD_FLOAT:
        COMPARE(float);
    default:
        COMPARE(double);
    }
}

/* The first of `count` items whose key is not below `key_value`. */
static uint32_t
lower_bound(const acta_table *item, const acta_field *key, const char *items, uint32_t count, const void *key_value)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare_keys(key, acti_field_in(key, items + (size_t)middle * item->struct_size), key_value) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool
is_at(const acta_table *item, const acta_field *key, acta_any_vector vector, uint32_t index, const void *key_value)
{
    if (index >= vector.count) return false;
    const char *found = (const char *)vector.data + (size_t)index * item->struct_size;
    return compare_keys(key, acti_field_in(key, found), key_value) == 0;
}

/* By insertion: what we wrote ourselves is sorted already, and then this only compares neighbours. */
bool
acti_collection_sort(const acta_table *item, void *items, uint32_t count, acta_memory *memory)
{
    const acta_field *key = key_of(item);
    size_t size = item->struct_size;
    char *all = items, *moved = NULL;

    if (key == NULL) return true;
    for (uint32_t i = 1; i < count; i++) {
        char *next = all + i * size;
        if (compare_keys(key, acti_field_in(key, next - size), acti_field_in(key, next)) <= 0) continue;

        if (moved == NULL) moved = acta_memory_alloc(memory, size);
        if (moved == NULL) return false;
        memcpy(moved, next, size);
        char *place = all + lower_bound(item, key, all, i, acti_field_in(key, moved)) * size;
        memmove(place + size, place, (size_t)(next - place));
        memcpy(place, moved, size);
    }
    acta_memory_free(memory, moved);
    return true;
}

bool
acta_nested_decode(const acta_table *nested, acta_uint8_vector bytes, void *value_out)
{
    if (bytes.data != NULL)
        acta_table_read(nested, acta_bytes_from(bytes.data, bytes.count), value_out);
    else
        memset(value_out, 0, nested->struct_size);
    return bytes.data != NULL;
}

bool
acta_vector_find(const acta_table *item, const void *vector_view, const void *key_value, void *value_out)
{
    const acta_field *key = key_of(item);
    acta_any_vector vector;

    memcpy(&vector, vector_view, sizeof vector);
    uint32_t low = 0, high = vector.data != NULL || vector.encoded != NULL ? vector.count : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        acta_table_vector_at(item, &vector, middle, value_out);
        int order = compare_keys(key, acti_field_in(key, value_out), key_value);
        if (order == 0) return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    memset(value_out, 0, item->struct_size);
    return false;
}

static void
swap(char *a, char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

/* Let the item at `at` sink until none below it in the heap has a greater key. */
static void
sink(const acta_table *item, const acta_field *key, char *items, uint32_t at, uint32_t count)
{
    size_t size = item->struct_size;

    for (uint32_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        const char *left = acti_field_in(key, items + child * size), *right = left + size;
        if (child + 1 < count && compare_keys(key, left, right) < 0) child++;
        char *parent = items + at * size, *greater = items + child * size;
        if (compare_keys(key, acti_field_in(key, parent), acti_field_in(key, greater)) >= 0) return;
        swap(parent, greater, size);
        at = child;
    }
}

/* Heapsort: in place, and never slow. */
void
acta_items_sort(const acta_table *item, void *items, uint32_t count)
{
    const acta_field *key = key_of(item);

    for (uint32_t i = count / 2; i-- > 0;)
        sink(item, key, items, i, count);
    for (uint32_t end = count; end-- > 1;) {
        swap(items, (char *)items + end * item->struct_size, item->struct_size);
        sink(item, key, items, 0, end);
    }
}

/* Room for one more. The items move to a block of twice the size. */
static bool
grow(const acta_table *item, acta_any_vector *vector, acta_memory *memory)
{
    if (vector->count < vector->capacity) return true;
    if (vector->count > UINT32_MAX / 2) return false;

    uint32_t capacity = vector->count < 4 ? 4 : vector->count * 2;
    char *items = acta_memory_alloc(memory, (size_t)capacity * item->struct_size);
    if (items == NULL) return false;
    if (vector->count != 0) memcpy(items, vector->data, (size_t)vector->count * item->struct_size);
    acta_memory_free(memory, (void *)(uintptr_t)vector->data);
    vector->data = items;
    vector->capacity = capacity;
    return true;
}

/* `copy` is owned; its content becomes the collection's. */
static bool
insert(const acta_table *item, acta_any_vector *vector, const char *copy, acta_memory *memory)
{
    const acta_field *key = key_of(item);
    const void *key_value = acti_field_in(key, copy);
    size_t size = item->struct_size;
    uint32_t index = lower_bound(item, key, vector->data, vector->count, key_value);
    bool replaces = is_at(item, key, *vector, index, key_value);

    if (!replaces && !grow(item, vector, memory)) return false;
    char *place = (char *)(uintptr_t)vector->data + index * size;
    if (replaces) {
        acta_table_clear(item, place, memory);
    } else {
        memmove(place + size, place, (vector->count - index) * size);
        vector->count++;
    }
    memcpy(place, copy, size);
    return true;
}

void
acta_collection_put(
    const acta_table *table, uint32_t field_index, void *value, const void *item_value, acta_memory *memory)
{
    const acta_field *field = &table->fields[field_index];
    acta_any_vector vector = acti_vector_in(field, value);
    char *copy = acta_memory_alloc(memory, field->table->struct_size);

    if (copy == NULL) return;
    memcpy(copy, item_value, field->table->struct_size);
    if (acti_value_own(field->table, copy, memory)) {
        if (!insert(field->table, &vector, copy, memory)) acta_table_clear(field->table, copy, memory);
        acti_vector_set(field, value, vector);
    }
    acta_memory_free(memory, copy);
}

bool
acta_collection_remove(
    const acta_table *table, uint32_t field_index, void *value, const void *key_value, acta_memory *memory)
{
    const acta_field *field = &table->fields[field_index];
    const acta_field *key = key_of(field->table);
    acta_any_vector vector = acti_vector_in(field, value);
    size_t size = field->table->struct_size;
    uint32_t index = lower_bound(field->table, key, vector.data, vector.count, key_value);

    if (!is_at(field->table, key, vector, index, key_value)) return false;
    char *place = (char *)(uintptr_t)vector.data + index * size;
    acta_table_clear(field->table, place, memory);
    vector.count--;
    memmove(place, place + size, (vector.count - index) * size);
    memset((char *)(uintptr_t)vector.data + vector.count * size, 0, size);
    acti_vector_set(field, value, vector);
    return true;
}

const void *
acta_collection_find(const acta_table *table, uint32_t field_index, const void *value, const void *key_value)
{
    const acta_field *field = &table->fields[field_index];
    const acta_field *key = key_of(field->table);
    acta_any_vector vector = acti_vector_in(field, value);
    uint32_t index = lower_bound(field->table, key, vector.data, vector.count, key_value);

    if (!is_at(field->table, key, vector, index, key_value)) return NULL;
    return (const char *)vector.data + (size_t)index * field->table->struct_size;
}

const void *
acta_collection_at(const acta_table *table, uint32_t field_index, const void *value, uint32_t index)
{
    const acta_field *field = &table->fields[field_index];
    acta_any_vector vector = acti_vector_in(field, value);

    if (index >= vector.count) return NULL;
    return (const char *)vector.data + (size_t)index * field->table->struct_size;
}
