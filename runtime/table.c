/*
 * A type-stable table: a growing row of items that are never moved nor freed before the runtime is.
 *
 *     segments[0] -> 64 items   [1] -> 128   [2] -> 256   …
 *
 * An index is found with a count of leading zeros, and from an origin before each segment, so that its place needs no
 * subtraction. A pointer to an item stays good for ever: that is what lets a late
 * sender touch the mailbox of an actor that has gone.
 */
#include "internal.h"

/* Blocks come aligned for any type, which may be less than a cache line: a line more, and the shift kept before. */
void *
acti_line_alloc(const acta_allocator *allocator, size_t size)
{
    unsigned char *block = allocator->alloc(allocator->user, size + ACTI_CACHE_LINE);
    if (block == NULL) return NULL;
    size_t shift = ACTI_CACHE_LINE - ((uintptr_t)block & (ACTI_CACHE_LINE - 1)); /* 16 to 64 */
    block[shift - 1] = (unsigned char)shift;
    return block + shift;
}

void
acti_line_free(const acta_allocator *allocator, void *lines, size_t size)
{
    unsigned char *base = lines;

    if (base != NULL) allocator->free(allocator->user, base - base[-1], size + ACTI_CACHE_LINE);
}

void
acti_table_init(acti_table *table, size_t item_size, uint32_t count_max)
{
    table->item_size = item_size;
    table->count_max = count_max;
    atomic_init(&table->high, 0);
    for (int i = 0; i < ACTI_SEGMENT_COUNT; i++) {
        atomic_init(&table->origins[i], 0);
        table->segments[i] = NULL;
    }
}

static size_t
segment_size(const acti_table *table, int segment)
{
    return ((size_t)ACTI_SEGMENT_FIRST << segment) * table->item_size;
}

void
acti_table_deinit(acti_table *table, const acta_allocator *allocator)
{
    for (int i = 0; i < ACTI_SEGMENT_COUNT; i++)
        acti_line_free(allocator, table->segments[i], segment_size(table, i));
}

bool
acti_table_grow(acti_table *table, const acta_allocator *allocator, uint32_t *index_out, bool *full_out)
{
    uint32_t index = atomic_load_explicit(&table->high, memory_order_relaxed); /* one thread at a time grows */

    *full_out = index >= table->count_max;
    if (*full_out) return false;
    int segment = 31 - __builtin_clz(index + ACTI_SEGMENT_FIRST) - 6;
    if (table->segments[segment] == NULL) {
        unsigned char *base = acti_line_alloc(allocator, segment_size(table, segment));
        if (base == NULL) return false;
        /* Much of it will be touched for the first time soon, and page by page that is dear. */
        if (segment_size(table, segment) >= 2 * ACTI_HUGE_PAGE)
            acti_memory_prefer_huge(base, segment_size(table, segment));
        table->segments[segment] = base;
        /* release: pairs with the acquire in acti_table_origin. The first item is as many items behind the origin as the
         * segment has. */
        atomic_store_explicit(
            &table->origins[segment], (uintptr_t)base - segment_size(table, segment), memory_order_release);
    }
    *index_out = index;
    return true;
}

void
acti_table_publish(acti_table *table)
{
    /* release: the item is initialised before its index is below `high`; pairs with acti_table_has. */
    uint32_t high = atomic_load_explicit(&table->high, memory_order_relaxed);
    atomic_store_explicit(&table->high, high + 1, memory_order_release);
}

bool
acti_array_grow(const acta_runtime *runtime, void **items, uint32_t *capacity, uint32_t first, size_t item_size)
{
    if (*capacity > UINT32_MAX / 2) return false;
    uint32_t wider = *capacity == 0 ? first : *capacity * 2;
    unsigned char *grown = acti_alloc(runtime, wider * item_size);
    if (grown == NULL) return false;

    memset(grown, 0, wider * item_size);
    if (*capacity > 0) memcpy(grown, *items, *capacity * item_size);
    acti_free(runtime, *items, *capacity * item_size);
    *items = grown;
    *capacity = wider;
    return true;
}
