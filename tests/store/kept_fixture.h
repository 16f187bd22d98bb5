/*
 * What the tests of events that are kept by stream share: four streams, three of them kept, whose every event can be told from
 * its stream and version alone.
 */
#ifndef STORE_KEPT_FIXTURE_H
#define STORE_KEPT_FIXTURE_H

#include "acta/operations.h"

#include "fixture.h"

enum { KEPT_STREAMS = 4, KEPT_EVENTS = 300 };
extern const char *const kept[]; /* categories of all streams but the second */
extern const char *const kept_streams[KEPT_STREAMS];

/* Open the fixture's store with these categories; NULL: those of before. */
void open_kept(fixture *f, const char *const *categories);
void reopen(fixture *f);

/* Versions `from` to `to` of each stream, in turn, one event at a time, so that each is in a page of its own. */
void append_turns(fixture *f, uint64_t from, uint64_t to);
void append_version(fixture *f, const char *stream, uint64_t version);
void kept_payload(char *room, size_t size, const char *stream, uint64_t version);

/* Versions `first` to `last` are there and no others, both ways, and each alone. */
void expect_stream(fixture *f, const char *stream, uint64_t first, uint64_t last);
void expect_all(fixture *f, uint64_t last); /* 1 to `last` of each stream */

void expect_sound(fixture *f);
uint64_t copies_of(fixture *f);

/* Delete Kept-a for good, and limit Kept-d to its newest 70. */
void remove_kept(fixture *f);
uint64_t scrub(fixture *f, uint64_t count_max);

#endif
