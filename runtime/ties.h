/*
 * What the files of links and monitors share: ties.c keeps them, signal.c tells of them, link.c makes them.
 */
#ifndef ACTI_RUNTIME_TIES_H
#define ACTI_RUNTIME_TIES_H

#include "internal.h"

/* ties.c: the owner's own */
acti_link *acti_link_find(acti_actor *actor, acta_pid peer); /* NULL: none */
void acti_link_add(acti_actor *actor, acti_link *link);
void acti_link_remove(acti_actor *actor, acti_link *link);
void acti_link_free(acti_actor *actor, acti_link *link);
void acti_monitor_add(acti_actor *actor, acti_monitor *monitor);
void acti_monitor_remove(acti_actor *actor, acti_monitor *monitor);
void acti_monitor_free(acti_actor *actor, acti_monitor *monitor);

/* signal.c: each sends what it is given, or frees it when nobody is there */
void acti_exit_send(acta_runtime *runtime, acta_pid from, acta_pid to, acti_link *link, const acta_exit_reason *reason);
void acti_down_send(acta_runtime *runtime, acti_monitor *monitor, const acta_exit_reason *reason);
void acti_watch_end(acta_runtime *runtime, acti_watch *watch);

#endif
