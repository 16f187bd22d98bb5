/*
 * Environment: the default seams. The clock, the kernel's randomness, malloc and stderr are touched here only.
 */
#include "acta/environment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static void *
malloc_alloc(void *user, size_t size)
{
    (void)user;
    return malloc(size);
}

static void
malloc_free(void *user, void *pointer, size_t size)
{
    (void)user;
    (void)size;
    free(pointer);
}

static uint64_t
system_monotonic_ns(void *user)
{
    (void)user;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int64_t
system_wall_us(void *user)
{
    (void)user;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
kernel_random_fill(void *user, void *bytes, size_t size)
{
    (void)user;
    uint8_t *next = bytes;

    while (size > 0) {
        ssize_t count = getrandom(next, size, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) abort(); /* a kernel without getrandom; ids that aren't random would collide silently */
        next += count;
        size -= (size_t)count;
    }
}

/* One write, so that lines of several threads don't run into each other. */
static void
stderr_write(void *user, acta_log_level level, acta_str line)
{
    (void)user;
    char text[ACTA_LOG_LINE_MAX + 16];

    if (level > ACTA_LOG_WARNING) return;
    int length = snprintf(text, sizeof text, "acta: " ACTA_FMT "\n", ACTA_ARG(line));
    if (length <= 0) return;
    size_t size = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    ssize_t written = write(STDERR_FILENO, text, size);
    (void)written; /* nobody is left to tell */
}

acta_environment
acta_environment_or_default(const acta_environment *environment)
{
    acta_environment e = { 0 };

    if (environment != NULL) e = *environment;
    if (e.allocator.alloc == NULL) e.allocator = (acta_allocator){ .alloc = malloc_alloc, .free = malloc_free };
    if (e.clock.monotonic_ns == NULL)
        e.clock = (acta_clock){ .monotonic_ns = system_monotonic_ns, .wall_us = system_wall_us };
    if (e.random.fill == NULL) e.random = (acta_random){ .fill = kernel_random_fill };
    if (e.log.write == NULL && e.log.record == NULL) e.log = (acta_log){ .write = stderr_write };
    return e;
}
