/*
 * An actor in a shared object of its own, which faults; for contain_victim.c.
 */
#include "contain_plugin.h"

static int *volatile nowhere = (int *)16;

static acta_next
plugin_cast(acta_self *self, void *state, acta_message *message)
{
    (void)self;
    (void)state;
    (void)message;
    return *nowhere != 0 ? ACTA_NEXT : ACTA_STOP;
}

acta_behaviour
plugin_behaviour(void)
{
    return (acta_behaviour){ .name = "plugin", .handle_cast = plugin_cast };
}
