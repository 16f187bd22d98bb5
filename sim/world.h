/*
 * World: what the runner of simulations takes from the system, beside a simulation and never in it: processes, memory that
 * they share, the real clock, files, seeds that nobody has had.
 */
#ifndef ACTI_SIM_WORLD_H
#define ACTI_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "acta/status.h"

/* Zeroed, and the same memory in this process and those that it forks from now on. NULL: there is none. */
void *acti_world_shared_alloc(size_t size);
void acti_world_shared_free(void *memory, size_t size); /* takes NULL */

/* The whole file with a NUL behind it; the caller's to free. ACTA_IO, ACTA_NO_MEMORY. */
acta_status acti_world_file_read(const char *path, char **text_out, acta_error *error);
/* In place of what was there. ACTA_IO. */
acta_status acti_world_file_write(const char *path, const char *text, size_t size, acta_error *error);
/* A directory, if it isn't there. ACTA_IO. */
acta_status acti_world_directory_make(const char *path, acta_error *error);

uint64_t acti_world_real_ms(void);     /* since some moment */
uint64_t acti_world_random_seed(void); /* below 10^15, so that it can be told */
uint32_t acti_world_core_count(void);
uint64_t acti_world_thread_id(void);    /* of the one that asks */
uint32_t acti_world_thread_count(void); /* of this process; 0: it can't be told */

/*
 * A child that runs `work` and ends, without destructors and exit handlers; the lines that it prints are its own affair.
 * It dies with this process. Returns its id, or 0 when there can be none.
 */
uint32_t acti_world_child_start(void (*work)(void *user), void *user);

typedef struct acti_world_child_end {
    int signal; /* that it died of; 0: none */
    int exit_code;
} acti_world_child_end;
/* Wait until it has ended, or, with wait false, only look. False: it has not, or it is no child of ours. */
bool acti_world_child_wait(uint32_t child, bool wait, acti_world_child_end *end_out);
/* In a child: it dies of this signal if it isn't done, or sets another limit, by then. */
enum { ACTI_SIGNAL_OF_LIMIT = 14 /* SIGALRM */ };
void acti_world_child_limit(uint32_t seconds);
void acti_world_sleep_ms(uint32_t ms);
void acti_world_child_kill(uint32_t child);

/* "SIGSEGV (segmentation fault)" */
const char *acti_world_signal_name(int signal, char *text, size_t size);

/* What a program may look at, and a simulation must not: environment variables, time zone, locale. For good. */
void acti_world_disguise(void);

#endif
