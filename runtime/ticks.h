/*
 * Ticks: the processor's own clock, for records that must cost next to nothing. A seam: reads the counter that the
 * kernel's CLOCK_MONOTONIC is made of, without the conversion (10 ns instead of 23 on the machine it was measured on).
 * It is the same on all cores of a machine on which Linux uses it as its clock source, and runs at an even rate, which
 * recorder.c learns from pairs of both clocks.
 *
 * Where the processor has none that user code may read, ACTI_HAS_TICKS is 0, and the clock takes its place.
 */
#ifndef ACTI_RUNTIME_TICKS_H
#define ACTI_RUNTIME_TICKS_H

#include <stdint.h>

#if defined(__x86_64__)
#define ACTI_HAS_TICKS 1
static inline uint64_t
acti_ticks(void)
{
    return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
#define ACTI_HAS_TICKS 1
static inline uint64_t
acti_ticks(void)
{
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}
#else
#define ACTI_HAS_TICKS 0
static inline uint64_t
acti_ticks(void)
{
    return 0;
}
#endif

#endif
