/* runtime.c's side of the stop protocol; see stop_parts.h. */
#include "stop_parts.h"

#include "runtime.c"

bool
stop_parts_wait(acta_runtime *runtime, _Atomic uint32_t *counter)
{
    return wait_for_none(runtime, counter, UINT64_MAX);
}
