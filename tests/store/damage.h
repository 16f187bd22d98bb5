/*
 * What tests of damage share: a store of EVENTS events in STREAMS streams, each with a row, and what must be there of it.
 */
#ifndef STORE_DAMAGE_H
#define STORE_DAMAGE_H

#include "fixture.h"

enum { EVENTS = 40, STREAMS = 4 };

const char *payload_of(uint64_t position, char *room, size_t size);
/* Event `position` is version (position - 1) / STREAMS + 1 of stream (position - 1) % STREAMS; with it comes a row. */
void write_event(fixture *f, uint64_t position);
/* The store holds exactly the events 1 … `count`, and all that hangs on them; nothing is damaged. */
void expect_prefix(fixture *f, uint64_t count);

#endif
