/*
 * Arena: all memory of a run, given back at its end. Without memory there is nothing to go on with, so the program ends.
 */
#include "internal.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    alignas(max_align_t) unsigned char bytes[];
};

void *
arena_alloc(acti_arena *arena, size_t size)
{
    struct arena_block *block = calloc(1, sizeof *block + size);

    if (block == NULL) {
        fputs("actac: no memory\n", stderr);
        exit(1);
    }
    block->next = arena->first;
    arena->first = block;
    return block->bytes;
}

char *
arena_copy(acti_arena *arena, const char *text, size_t size)
{
    char *copy = arena_alloc(arena, size + 1);
    memcpy(copy, text, size);
    return copy;
}

char *
arena_format(acti_arena *arena, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = arena_alloc(arena, (size_t)size + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return text;
}

void
arena_free(acti_arena *arena)
{
    struct arena_block *next;

    for (struct arena_block *block = arena->first; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    arena->first = NULL;
}
