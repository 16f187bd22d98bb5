/*
 * A witness. See sim_witness.h.
 *
 * Its rules, for each event that it is told: it is told all events of a stream in their order; what it was told before is
 * told as a repetition (`replaying`), and is the same.
 */
#include "sim_witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { POSITIONS_BEGIN = 256, STREAMS_BEGIN = 64 };

static bool
interested(const acta_event_handler *self, uint32_t event)
{
    (void)self;
    (void)event;
    return true;
}

static acta_status
handle(
    const acta_event_handler *self, uint32_t event, acta_bytes buffer, const acta_recorded *recorded, acta_error *error)
{
    (void)event;
    (void)buffer;
    return bank_witness_see(self->user, recorded, error);
}

bool
bank_witness_begin(bank_witness *w, const char *name, acta_sim *sim, uint32_t fail_per_mille)
{
    static acta_event_handler_code code;

    code = (acta_event_handler_code){ .events = bank_event_handler_code.events,
        .event_count = bank_event_handler_code.event_count,
        .interested = interested,
        .handle = handle };
    *w = (bank_witness){ .sim = sim, .fail_per_mille = fail_per_mille };
    w->handler = (acta_event_handler){ .code = &code, .name = name, .user = w };
    w->digests = calloc(POSITIONS_BEGIN, sizeof *w->digests);
    w->streams = calloc(STREAMS_BEGIN, sizeof *w->streams);
    w->position_room = POSITIONS_BEGIN;
    w->stream_room = STREAMS_BEGIN;
    return w->digests != NULL && w->streams != NULL;
}

void
bank_witness_destroy(bank_witness *w)
{
    free(w->digests);
    free(w->streams);
    w->digests = NULL;
    w->streams = NULL;
}

static void
find_broken(bank_witness *w, const char *invariant, const acta_recorded *event)
{
    if (w->broken != NULL) return;
    w->broken = invariant;
    snprintf(w->text, sizeof w->text, "handler '%s', position %" PRIu64 ", version %" PRIu64 " of '" ACTA_FMT "'",
        w->handler.name, event->position, event->version, ACTA_ARG(event->stream));
}

static bool
has_room(bank_witness *w, uint64_t position)
{
    uint64_t room = w->position_room;

    while (position > room)
        room *= 2;
    if (room == w->position_room) return true;
    uint64_t *digests = realloc(w->digests, room * sizeof *digests);
    if (digests == NULL) return false;
    for (uint64_t i = w->position_room; i < room; i++)
        digests[i] = 0;
    w->digests = digests;
    w->position_room = room;
    return true;
}

static bank_witness_stream *
slot_of(bank_witness_stream *streams, uint32_t room, uint64_t id)
{
    uint32_t slot = (uint32_t)((id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (room - 1);

    while (streams[slot].stream_id != 0 && streams[slot].stream_id != id)
        slot = (slot + 1) & (room - 1);
    return &streams[slot];
}

static bank_witness_stream *
stream_of(bank_witness *w, uint64_t id)
{
    bank_witness_stream *found = slot_of(w->streams, w->stream_room, id);
    if (found->stream_id == id) return found;

    if (w->stream_count * 2 >= w->stream_room) {
        bank_witness_stream *streams = calloc((size_t)w->stream_room * 2, sizeof *streams);
        if (streams == NULL) return NULL;
        for (uint32_t i = 0; i < w->stream_room; i++)
            if (w->streams[i].stream_id != 0)
                *slot_of(streams, w->stream_room * 2, w->streams[i].stream_id) = w->streams[i];
        free(w->streams);
        w->streams = streams;
        w->stream_room *= 2;
        found = slot_of(w->streams, w->stream_room, id);
    }
    w->stream_count++;
    found->stream_id = id;
    return found;
}

/* ACTA_SIM_FAULTS' choice 0 is the plain one: it goes well. */
static bool
fails(const bank_witness *w)
{
    return w->sim != NULL && w->fail_per_mille > 0 && acta_sim_chance(w->sim, ACTA_SIM_FAULTS, w->fail_per_mille);
}

acta_status
bank_witness_see(bank_witness *w, const acta_recorded *event, acta_error *error)
{
    if (fails(w)) return acta_error_set(error, ACTA_IO, "the world does not answer");
    bank_witness_stream *stream = has_room(w, event->position) ? stream_of(w, event->stream_id) : NULL;
    if (stream == NULL) return acta_error_set(error, ACTA_NO_MEMORY, NULL);

    uint64_t *seen = &w->digests[event->position - 1], now = bank_digest_of(event);
    w->told_count++;
    if (*seen != 0) {
        if (*seen != now) find_broken(w, "a handler was told something else before", event);
        if (!event->replaying) find_broken(w, "a handler is told twice and not told that", event);
        return ACTA_OK;
    }
    if (event->version != stream->version + 1)
        find_broken(w, "a handler is told before what comes before", event);
    else
        stream->version = event->version;
    *seen = now;
    return ACTA_OK;
}

acta_status
bank_witness_check(const bank_witness *w, const bank_fold *fold, acta_error *error)
{
    if (w->broken != NULL) return acta_error_set(error, ACTA_CORRUPT, "%s: %s", w->broken, w->text);
    for (uint64_t position = 1; position <= bank_fold_position(fold); position++) {
        uint64_t version, seen = position <= w->position_room ? w->digests[position - 1] : 0;
        const bank_stream *stream = bank_fold_at(fold, position, &version);
        if (seen == 0)
            return acta_error_set(error, ACTA_CORRUPT,
                "a handler was not told of an event: handler '%s', position %" PRIu64 " (version %" PRIu64 " of '%s')",
                w->handler.name, position, version, stream->name);
        if (seen != stream->moments[version].digest)
            return acta_error_set(error, ACTA_CORRUPT,
                "a handler was told what the log does not have: handler '%s', position %" PRIu64 " (version %" PRIu64
                " of '%s')",
                w->handler.name, position, version, stream->name);
    }
    return ACTA_OK;
}
