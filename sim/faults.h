/*
 * Faults: what goes wrong in a seed, drawn at its begin (swarm testing: each seed has another subset of the kinds, and for
 * each kind another intensity), until the simulation heals.
 *
 *     acti_faults_draw -> acti_faults_step, once for each step … -> acti_faults_heal
 *
 *     fault_disk.c     power, errors, room, slowness           fault_actors.c   order, starving, killing
 *     fault_memory.c   what fresh and freed memory holds, and who gets none
 *
 * When the next fault of a kind comes is drawn when the one before has come, as a number of operations: few draws, and those
 * of a shorter tape are 0, which is never.
 */
#ifndef ACTI_SIM_FAULTS_H
#define ACTI_SIM_FAULTS_H

#include "acta/simulate.h"

enum { ACTI_FAULT_KINDS = ACTA_SIM_FAULT_KINDS, ACTI_HELD_MAX = 4, ACTI_WRITERS_MAX = 8 };
#define ACTI_NEVER UINT64_MAX

/* How many operations until it happens. */
typedef struct acti_countdown {
    uint64_t left; /* 0: it isn't one of this seed's; ACTI_NEVER: not again */
    uint32_t max;  /* of a draw */
} acti_countdown;

/* An actor that is kept from its turns. */
typedef struct acti_held {
    acta_pid pid;
    uint64_t until; /* turns had in all */
} acti_held;

/* Actors of one behaviour, when they have something on its way to the disk. */
typedef struct acti_writers {
    const char *behaviour; /* its name, which lives on when the application dies; NULL: none of them has come yet */
    acti_countdown kill;   /* turns in which one of them submits something */
} acti_writers;

/* A simulation's faults; all zero: none, and what a crash leaves of the disk is drawn. */
typedef struct acti_faults {
    bool is_drawn;
    uint32_t kinds;                    /* acta_sim_fault, or-ed: those that this seed has */
    uint64_t counts[ACTI_FAULT_KINDS]; /* how often each kind came, by its bit */

    uint32_t crashes_left;
    acti_countdown crash;       /* steps */
    acti_countdown start_crash; /* operations of the disk while an application starts */
    bool is_starting;
    bool power_is_gone;   /* nothing reaches the disk any more; the process is to die */
    uint64_t work_due_ns; /* of the next piece of offloaded work; 0: it was not drawn */

    acti_countdown write_error, sync_error, mark_error, read_error;
    acti_countdown full;  /* writes */
    uint32_t full_writes; /* so many more find no room */
    acti_countdown slow;  /* phases of a commit */
    uint64_t disk_until_ns;

    acti_countdown wall_jump, late_timer; /* moves of the clock */
    int64_t wall_offset_us;

    uint32_t budget;      /* messages a turn; 0: the application's */
    acti_countdown hold;  /* turns */
    acti_countdown order; /* turns until there is an order by priorities */
    uint64_t turns, order_until;
    uint64_t order_key; /* of the priorities; 0: none */
    acti_held held[ACTI_HELD_MAX];
    acti_countdown kill; /* turns */
    bool kills_writers;
    acti_writers writers[ACTI_WRITERS_MAX];
    acta_ready chosen;        /* whose turn it is */
    uint64_t actors_first_to; /* turns had in all: until then nothing is committed while an actor is ready */

    acti_countdown no_memory; /* allocations */
} acti_faults;

/* Draw the kinds of this seed, but none of `faults_out`, and how much of each. Before the application is started. */
void acti_faults_draw(acta_sim *sim, uint32_t faults_out);

/* Once a step. True: the process must die now. */
bool acti_faults_step(acta_sim *sim);

/* No more faults: the disk is sound, and what was kept back goes on. What has happened stays counted. */
void acti_faults_heal(acta_sim *sim);

/* How many faults there were in all: who failed, and finds none more than before, has no excuse. */
uint64_t acti_faults_count(acta_sim *sim);

/* The name of a kind: "disk-slow". */
const char *acti_fault_name(acta_sim_fault kind);

/* A fault of this kind comes to pass: tell the watcher, if there is one, what it is. */
void acti_fault_tell(acta_sim *sim, acta_sim_fault kind, const char *format, ...) ACTA_PRINTF(3, 4);
/* As if a countdown had come to its end. */
void acti_fault_count(acta_sim *sim, acta_sim_fault kind);

/* -- for the files of sim/ -- */

/* sim.c: where a simulation keeps them, and the application that runs, if one does. */
acti_faults *acti_sim_faults(acta_sim *sim);
acta_app *acti_sim_app(acta_sim *sim);

/* False: it never happens. */
static inline bool
acti_countdown_is_set(const acti_countdown *countdown)
{
    return countdown->left != 0 && countdown->left != ACTI_NEVER;
}
/* One operation more. True: it happens now, and when it does next has been drawn. */
bool acti_countdown_tick(acta_sim *sim, acti_countdown *countdown, acta_sim_fault kind);
/* Draw the first. */
void acti_countdown_begin(acta_sim *sim, acti_countdown *countdown, uint32_t max);

/* The application starts, or has been started: only in between may power go by the disk's operations. */
void acti_faults_starting(acta_sim *sim, bool starting);

void acti_fault_disk_draw(acta_sim *sim);
bool acti_fault_disk_fails(acta_sim *sim, acta_disk_op op);
bool acti_fault_disk_is_full(acta_sim *sim);
uint32_t acti_fault_disk_survivors(acta_sim *sim, uint32_t count);
/* A phase of a commit is over: the disk may be at it for a while. */
void acti_fault_disk_works(acta_sim *sim);
/* It is at something for so long. */
void acti_fault_disk_takes(acta_sim *sim, uint64_t ms);
/* 0: not at work. */
uint64_t acti_fault_disk_until_ns(acta_sim *sim);

void acti_fault_actors_draw(acta_sim *sim);
/* As acta_driver.choose. */
uint32_t acti_fault_actors_choose(acta_sim *sim, uint32_t count);
/* In the turn that was chosen last something was submitted to the store: who has it on the way may die of it. */
void acti_fault_actors_submitted(acta_sim *sim);
/* Must the committer wait for all that is ready? */
bool acti_fault_actors_first(acta_sim *sim);
/* Is there no ready actor but those that are held, and no work that is due? */
bool acti_fault_actors_hold_all(acta_sim *sim);
/* When offloaded work that waits will have been done, which no seed need call a fault; 0: none waits, or it is due. */
uint64_t acti_work_due_ns(acta_sim *sim);

void acti_fault_memory_draw(acta_sim *sim);

/* How much later than it is due the next timer is noticed. */
uint64_t acti_fault_clock_late_ns(acta_sim *sim);

#endif
