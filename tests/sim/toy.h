/*
 * A scenario small enough to know what its shortest failure is: accounts are opened at the bank, and values are drawn beside
 * them, of which one can be too large.
 */
#ifndef TESTS_SIM_TOY_H
#define TESTS_SIM_TOY_H

#include "acta/simulate.h"

enum { TOY_TOO_LARGE = 17, TOY_DEADLY = 90, TOY_RARE = 4 };

/* Its places: reached by each seed, by none, and one that is bent in some. */
#define TOY_ALWAYS "toy.always"
#define TOY_NEVER  "toy.never"
#define TOY_CHANCE "toy.chance"

extern const acta_scenario toy_sound;    /* holds in every seed */
extern const acta_scenario toy_large;    /* fails when a value is TOY_TOO_LARGE or more */
extern const acta_scenario toy_deadly;   /* dies of a signal when a value is TOY_DEADLY or more */
extern const acta_scenario toy_rare;     /* fails when one of thousands of values is one of TOY_RARE, of so many */
extern const acta_scenario toy_addressy; /* notes an address in its history */

#endif
