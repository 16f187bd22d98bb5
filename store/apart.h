/*
 * Apart: something that may end the process is done in a child of it, so that only the child is ended.
 */
#ifndef ACTI_APART_H
#define ACTI_APART_H

#include <stdint.h>

#include "acta/status.h"

/*
 * Run `act` in a child process, and wait for it. What it changes in memory is lost; what it does to files stays. It must not
 * rely on other threads: there are none. Returns what `act` does, or ACTA_IO: the child ended otherwise, or could not be made;
 * the text says how, and what it was, by `what` ("mending the files"). A child that stands still is ended, and `act` begins
 * anew in another one: what it left of files must not be in its way.
 * Threads: any.
 */
enum { ACTI_APART_STILL_MS = 10000 };
acta_status acti_run_apart(
    const char *what, acta_status (*act)(void *user, acta_error *error), void *user, acta_error *error);

/* The same, where it stands still when it has not used the processor for so long. */
acta_status acti_run_apart_within(const char *what, acta_status (*act)(void *user, acta_error *error), void *user,
    uint32_t still_ms, acta_error *error);

#endif
