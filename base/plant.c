/*
 * Plants: which defect is asked for. The environment is read once.
 */
#include "acta/plant.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Written once, by read_environment. */
static const char *wanted;
static pthread_once_t environment_read = PTHREAD_ONCE_INIT;

static void
read_environment(void)
{
    wanted = getenv("ACTA_PLANT");
}

bool
acta_plant_is(const char *name)
{
    pthread_once(&environment_read, read_environment);
    return wanted != NULL && strcmp(wanted, name) == 0;
}
