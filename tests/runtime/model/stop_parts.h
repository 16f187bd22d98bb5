/*
 * The two sides of the stop protocol, which are static in spawn.c and runtime.c: each is included by a file of its own,
 * that hands out what the case calls.
 */
#ifndef ACTA_TESTS_RUNTIME_MODEL_STOP_PARTS_H
#define ACTA_TESTS_RUNTIME_MODEL_STOP_PARTS_H

#include "internal.h"

bool stop_parts_enter(acta_runtime *runtime);
void stop_parts_leave_start(acta_runtime *runtime);
void stop_parts_begin(acta_runtime *runtime);
bool stop_parts_wait_for_starting(acta_runtime *runtime);
bool stop_parts_wait_for_alive(acta_runtime *runtime);

#endif
