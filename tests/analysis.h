/*
 * Included ahead of every file by clang-tidy (.ci/run lint), and by nothing else: acta_error_set returns the status it
 * is given. The analyzer doesn't look into other files, and would take every failure for a possible ACTA_OK, with all
 * that was not written then.
 */
#ifndef ACTA_TESTS_ANALYSIS_H
#define ACTA_TESTS_ANALYSIS_H

#include "acta/status.h"

#if defined(__clang_analyzer__) && !defined(__cplusplus)
static inline acta_status
acta_analysis_error_set(acta_error *error, acta_status status)
{
    if (error != 0) error->status = status;
    if (status == ACTA_OK) __builtin_unreachable();
    return status;
}
#define acta_error_set(error, status, ...)    ((void)(__VA_ARGS__), acta_analysis_error_set((error), (status)))
#define acta_error_prefix(error, status, ...) ((void)(__VA_ARGS__), acta_analysis_error_set((error), (status)))
#endif

#endif
