/*
 * Crash points: named places where a test can make the process die as if the power went.
 *
 * Compiled in only with the Meson option -Dcrash_points=true. Then, in the environment:
 *     ACTA_CRASH_POINT=after_sync_before_reply:7    die when that point is passed for the 7th time
 *     ACTA_CRASH_POINT=*:100                        die at the 100th passage of any point
 *     ACTA_CRASH_LOG=FILE                           the point's name is appended to FILE, a line, before dying
 * The process ends by SIGKILL: nothing is flushed, no handler runs.
 */
#ifndef ACTA_CRASH_POINT_H
#define ACTA_CRASH_POINT_H

#include "acta/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef ACTA_CRASH_POINTS
#define ACTA_CRASH_POINT(name) acta_crash_point(name)
#else
#define ACTA_CRASH_POINT(name) ((void)0)
#endif

/* Pass the point `name`; doesn't return when it is the one to die at. Threads: any. */
ACTA_API void acta_crash_point(const char *name);

#ifdef __cplusplus
}
#endif
#endif
