/*
 * Memory that belongs to one owner.
 *
 *   memory.first -> [header | block] <-> [header | block] <-> [header | block]
 *
 * Each block carries its neighbours and its size, so that one can be given back early and the rest at the end, with
 * the size that a sized free wants.
 */
#include "acta/memory.h"

#include <assert.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct block {
    struct block *prev;
    struct block *next;
    size_t size; /* as asked for */
    alignas(max_align_t) unsigned char bytes[];
} block;

struct acta_memory {
    acta_allocator allocator;
    block *first;
    size_t used;
    bool failed;
};

static_assert(offsetof(block, bytes) % alignof(max_align_t) == 0, "blocks are aligned for any type");

static block *
block_of(void *bytes)
{
    return (block *)((unsigned char *)bytes - offsetof(block, bytes));
}

acta_memory *
acta_memory_create(const acta_allocator *allocator)
{
    acta_environment given = { 0 };
    if (allocator != NULL) given.allocator = *allocator;
    acta_allocator chosen = acta_environment_or_default(&given).allocator;

    acta_memory *memory = chosen.alloc(chosen.user, sizeof *memory);
    if (memory == NULL) return NULL;
    *memory = (acta_memory){ .allocator = chosen };
    return memory;
}

void
acta_memory_clear(acta_memory *memory)
{
    block *next;

    for (block *b = memory->first; b != NULL; b = next) {
        next = b->next;
        memory->allocator.free(memory->allocator.user, b, sizeof *b + b->size);
    }
    memory->first = NULL;
    memory->used = 0;
    memory->failed = false;
}

void
acta_memory_destroy(acta_memory *memory)
{
    if (memory == NULL) return;
    acta_memory_clear(memory);
    memory->allocator.free(memory->allocator.user, memory, sizeof *memory);
}

void *
acta_memory_alloc(acta_memory *memory, size_t size)
{
    block *b = NULL;

    if (size <= SIZE_MAX - sizeof *b) b = memory->allocator.alloc(memory->allocator.user, sizeof *b + size);
    if (b == NULL) {
        memory->failed = true;
        return NULL;
    }

    b->prev = NULL;
    b->next = memory->first;
    b->size = size;
    memset(b->bytes, 0, size);
    if (b->next != NULL) b->next->prev = b;
    memory->first = b;
    memory->used += size;
    return b->bytes;
}

void
acta_memory_free(acta_memory *memory, void *bytes)
{
    if (bytes == NULL) return;

    block *b = block_of(bytes);
    if (b->prev != NULL)
        b->prev->next = b->next;
    else
        memory->first = b->next;
    if (b->next != NULL) b->next->prev = b->prev;
    memory->used -= b->size;
    memory->allocator.free(memory->allocator.user, b, sizeof *b + b->size);
}

size_t
acta_memory_used(const acta_memory *memory)
{
    return memory->used;
}

bool
acta_memory_is_empty(const acta_memory *memory)
{
    return memory->first == NULL;
}

bool
acta_memory_failed(const acta_memory *memory)
{
    return memory->failed;
}

void
acta_memory_forgive(acta_memory *memory)
{
    memory->failed = false;
}

void
acta_str_assign(acta_str *field, acta_str value, acta_memory *memory)
{
    char *old = (char *)(uintptr_t)field->data;
    acta_str copy = { NULL, 0 };

    if (old != NULL && value.data != NULL && block_of(old)->size == value.size) {
        memmove(old, value.data, value.size); /* same size: the old copy's place will do */
        field->size = value.size;
        return;
    }
    if (value.data != NULL) {
        char *bytes = acta_memory_alloc(memory, value.size);
        if (bytes != NULL) {
            memcpy(bytes, value.data, value.size); /* before the old copy goes: value may be a view of it */
            copy = acta_str_from(bytes, value.size);
        }
    }
    *field = copy;
    acta_memory_free(memory, old);
}
