/*
 * An allocator that fails at the n-th call, once or from then on, and counts what it has given out; a log that is mute.
 */
#ifndef FAILING_ALLOCATOR_H
#define FAILING_ALLOCATOR_H

#include "fixture.h"

typedef struct failing_allocator {
    uint64_t left;  /* allocations that still work */
    bool only_once; /* then one fails, and all later work */
    uint64_t failed;
    int64_t live; /* blocks given out and not yet back */
} failing_allocator;

static void *
alloc_or_fail(void *user, size_t size)
{
    failing_allocator *a = user;

    if (a->left == 0 && (!a->only_once || a->failed == 0)) {
        a->failed++;
        return NULL;
    }
    if (a->left > 0) a->left--;
    a->live++;
    return malloc(size);
}

static void
free_counted(void *user, void *pointer, size_t size)
{
    failing_allocator *a = user;

    assert_non_null(pointer);
    memset(pointer, 0xdd, size); /* the size is right, or a sanitizer speaks up */
    a->live--;
    free(pointer);
}

static void
log_nothing(void *user, acta_log_level level, acta_str line)
{
    (void)user;
    (void)level;
    (void)line;
}

#endif
