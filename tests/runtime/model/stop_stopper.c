/* runtime.c's side of the stop protocol; see stop_parts.h. */
#include "stop_parts.h"

#include "runtime.c"

void
stop_parts_begin(acta_runtime *runtime)
{
    acti_living_begin_stop(runtime);
}

bool
stop_parts_wait_for_starting(acta_runtime *runtime)
{
    return wait_for_none(runtime, acti_living_starting_sum, UINT64_MAX);
}

bool
stop_parts_wait_for_alive(acta_runtime *runtime)
{
    return wait_for_none(runtime, acti_living_alive_sum, UINT64_MAX);
}
