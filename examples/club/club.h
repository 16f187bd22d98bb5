/*
 * The club's parts, for the program and its tests. The types are generated from club.fbs into club.acta.h.
 */
#ifndef CLUB_H
#define CLUB_H

#include "club.acta.h"

extern const club_Member_aggregate club_member; /* member.c */
extern const club_projection club_list;         /* list.c: MemberRow */

#endif
