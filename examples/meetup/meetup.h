/*
 * The meetup's one part, for the program and its tests. The types are generated from meetup.fbs into meetup.acta.h.
 */
#ifndef MEETUP_H
#define MEETUP_H

#include "meetup.acta.h"

extern const meetup_Meetup_aggregate meetup_meetup;

#endif
