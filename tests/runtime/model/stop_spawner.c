/* spawn.c's side of the stop protocol; see stop_parts.h. */
#include "stop_parts.h"

#include "spawn.c"

bool
stop_parts_enter(acta_runtime *runtime)
{
    return enter(runtime);
}

void
stop_parts_leave_start(acta_runtime *runtime)
{
    leave_start(runtime);
}
