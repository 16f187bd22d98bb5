/*
 * The commands of acta: each gets its own arguments, argv[0] being "acta NAME", and gives the exit status of the program:
 * 0 done and sound, 1 damage or failure, 2 wrong usage.
 *
 *     main.c          the list of commands        operations.c   backup, backups, restore, repair
 *     schema.c        schema                      forget.c       forget
 *     read.c          read
 *     verify*.c       verify, which shares no code with store/
 */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

int command_verify(int argc, char **argv);
int command_backup(int argc, char **argv);
int command_backups(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_repair(int argc, char **argv);
int command_schema(int argc, char **argv);
int command_forget(int argc, char **argv);
int command_read(int argc, char **argv);

#endif
