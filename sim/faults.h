/*
 * Faults: what goes wrong in a seed, drawn at its begin (swarm testing: each seed has another subset of the kinds, and for
 * each kind another intensity), until the simulation heals.
 *
 *     acti_faults_draw -> acti_faults_step, once for each step … -> acti_faults_heal
 *
 * Invariant: choice 0 of every draw is "no fault".
 */
#ifndef ACTI_SIM_FAULTS_H
#define ACTI_SIM_FAULTS_H

#include "acta/simulate.h"

/* A simulation's faults; all zero: none. */
typedef struct acti_faults {
    uint32_t kinds; /* acta_sim_fault, or-ed: those that this seed has */
    uint32_t crashes_left;
    uint32_t crash_per_10000; /* steps */
} acti_faults;

/* Draw the kinds of this seed, but none of `faults_out`, and how much of each. Before the application is started. */
void acti_faults_draw(acta_sim *sim, uint32_t faults_out);

/* Once a step. True: the process must die now. */
bool acti_faults_step(acta_sim *sim);

/* No more faults: the disk is sound, and what was kept back goes on. */
void acti_faults_heal(acta_sim *sim);

/* sim.c: where a simulation keeps them. */
acti_faults *acti_sim_faults(acta_sim *sim);

#endif
