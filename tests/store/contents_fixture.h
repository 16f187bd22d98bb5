/*
 * What stores contain beside plain events, one of each kind in a call, and whether it is there. Each change is a commit.
 */
#ifndef STORE_CONTENTS_FIXTURE_H
#define STORE_CONTENTS_FIXTURE_H

#include "fixture.h"

void append_tagged(fixture *f, const char *stream, const char *tag);

/* Of command `id`: accepted, with an event in `stream`; NULL: rejected. */
void put_outcome(fixture *f, uint8_t id, const char *stream);
bool has_outcome(fixture *f, uint8_t id);

void put_snapshot(fixture *f, const char *stream, uint64_t version);
bool has_snapshot(fixture *f, const char *stream);

/* An email address. */
void claim(fixture *f, const char *value, const char *owner);
bool is_claimed(fixture *f, const char *value);

void delete_stream(fixture *f, const char *stream, acta_deletion how);

#endif
