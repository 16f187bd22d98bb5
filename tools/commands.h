/*
 * The commands of acta: each gets its own arguments, argv[0] being "acta NAME", and gives the exit status of the program:
 * 0 done and sound, 1 damage or failure, 2 wrong usage.
 *
 *     main.c          the list of commands        operations.c   backup, backups, restore, repair
 *     schema*.c       schema                      forget.c       forget
 *     sim.c           sim, with simulation_list.c
 *     read.c          read                       keep.c         keep
 *     tail.c          tail                       streams.c      streams
 *     export.c        export                      import.c       import, both with transfer_*.c
 *     foreign*.c      import and export, of lines of other stores; line.c
 *     handlers.c      handlers                   dispatch.c     dispatch, state
 *     history.c       diff, why
 *     sagas.c         sagas, schedule            client.c, connect.c, path.c, json.c, served.c: asking a program
 *     actors.c        actors                     that runs
 *     tree.c          tree                       queues.c       queues
 *     stats.c         stats, with samples.c      top*.c         top
 *     events.c        events, printed             arguments.c    what several share
 *     verify*.c       verify, which shares no code with store/
 */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "acta/status.h"

int command_verify(int argc, char **argv);
int command_backup(int argc, char **argv);
int command_backups(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_repair(int argc, char **argv);
int command_keep(int argc, char **argv);
int command_schema(int argc, char **argv);
int command_forget(int argc, char **argv);
int command_read(int argc, char **argv);
int command_tail(int argc, char **argv);
int command_streams(int argc, char **argv);
int command_export(int argc, char **argv);
int command_import(int argc, char **argv);
int command_sim(int argc, char **argv);
int command_handlers(int argc, char **argv);
int command_dispatch(int argc, char **argv);
int command_state(int argc, char **argv);
int command_diff(int argc, char **argv);
int command_why(int argc, char **argv);
int command_sagas(int argc, char **argv);
int command_schedule(int argc, char **argv);
int command_actors(int argc, char **argv);
int command_tree(int argc, char **argv);
int command_queues(int argc, char **argv);
int command_stats(int argc, char **argv);
int command_top(int argc, char **argv);

/* Two of the schema command; argv[0] is "acta schema NAME". */
int schema_list(int argc, char **argv);
int schema_show(int argc, char **argv);

/* A whole number from 1 on; any other text ends the program with a message that calls it no `what`. */
uint64_t argument_number(const char *text, const char *what, struct argp_state *state);

/* "2026-11-21 10:30:00", with T instead of the space, a fraction of a second, and Z or an offset as +02:00 at the end; without one
 * it is UTC. False: it is no time. */
bool time_of_text(const char *text, int64_t *at_us_out);

/* For the `default:` of a parser: one argument, the directory, and its end. */
error_t argument_directory(int key, char *argument, struct argp_state *state, const char **directory_out);

/* Why the store in `directory` can't be had alone, on stderr; `instead`: what else can be done while a program has it open, NULL
 * for nothing. Gives 1, for the exit status. */
int told_in_use(const char *directory, const acta_error *error, const char *instead);

int has_no_memory(void); /* tells so on stderr; gives 1, for the exit status */

#endif
