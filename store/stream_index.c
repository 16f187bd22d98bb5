/*
 * Stream index: entries by run. See stream_index.h.
 */
#include "stream_index.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "index_tail.h"

enum { OLD_SIZE = 8 }; /* of an entry of format 1 */

/* -- writing -- */

void
acti_runs_deinit(acti_runs *runs, const acta_allocator *allocator)
{
    if (runs->runs != NULL) allocator->free(allocator->user, runs->runs, runs->room * sizeof *runs->runs);
    *runs = (acti_runs){ .runs = NULL };
}

bool
acti_runs_reserve(acti_runs *runs, const acta_allocator *allocator, uint32_t count)
{
    uint32_t room = runs->room == 0 ? 256 : runs->room;

    while (room - runs->count < count)
        room *= 2;
    if (room == runs->room) return true;
    acti_run *grown = allocator->alloc(allocator->user, room * sizeof *grown);
    if (grown == NULL) return false;
    if (runs->count > 0) memcpy(grown, runs->runs, runs->count * sizeof *grown);
    uint32_t kept = runs->count;
    acti_runs_deinit(runs, allocator);
    *runs = (acti_runs){ .runs = grown, .count = kept, .room = room };
    return true;
}

void
acti_runs_note(acti_runs *runs, uint64_t stream_id, uint64_t version, uint64_t page, uint64_t position)
{
    assert(runs->count < runs->room && runs->runs != NULL); /* after reserve */
    acti_run *before = runs->count > 0 ? &runs->runs[runs->count - 1] : NULL;

    if (before != NULL && before->stream_id == stream_id && before->page == page) {
        before->count++; /* the event before this one in the log is of the same stream */
        return;
    }
    runs->runs[runs->count++] = (acti_run){
        .stream_id = stream_id, .version = version, .page = page, .place = (uint32_t)(position - page), .count = 1
    };
}

uint8_t *
acti_index_encode_runs(const acti_run *runs, uint32_t count, uint8_t *to)
{
    uint64_t page = 0;

    for (uint32_t i = 0; i < count; i++) {
        to = acti_put_varint(to, runs[i].page - page);
        to = acti_put_varint(to, runs[i].place);
        to = acti_put_varint(to, runs[i].count);
        page = runs[i].page;
    }
    return to;
}

size_t
acti_index_encode(const acti_run *runs, uint32_t count, uint8_t *entry)
{
    entry[0] = ACTI_INDEX_FORMAT;
    return (size_t)(acti_index_encode_runs(runs, count, entry + 1) - entry);
}

void
acti_index_put_end(acta_engine *engine, acti_engine_batch *batch, uint64_t position)
{
    acti_key key = acti_index_end_key(), value = acti_log_key(position);
    engine->ops->batch_put(batch, ACTI_INDEX, acti_key_view(&key), acti_key_view(&value));
}

/* -- reading -- */

static acta_status
damaged(acta_bytes key, acta_bytes value, acta_error *error)
{
    return acta_error_set(error, ACTA_CORRUPT, "an entry of the index is damaged: key of %zu and value of %zu bytes",
        key.size, value.size);
}

/* To before the first event of the entry. */
static void
rewind_entry(acti_index_reader *reader)
{
    reader->run_version = reader->entry_version;
    reader->run_page = 0;
    reader->run_count = 0;
    reader->run_next = reader->runs.data;
}

/* Begin with an entry; the reader is before its first event. */
static acta_status
begin_entry(acti_index_reader *reader, acta_bytes key, acta_bytes value, acta_error *error)
{
    if (key.size != 16 || value.size == 0) return damaged(key, value, error);
    bool is_old = value.data[0] == 0 && value.size == OLD_SIZE;
    reader->copies.count = 0;
    if (value.data[0] == ACTI_BY_STREAM_FORMAT) {
        if (!acti_copies_open(key, value, &reader->copies, &reader->runs)) return damaged(key, value, error);
    } else if (is_old || value.data[0] == ACTI_INDEX_FORMAT)
        reader->runs = is_old ? acta_bytes_from(value.data, 0) : acta_bytes_from(value.data + 1, value.size - 1);
    else
        return damaged(key, value, error);
    reader->entry_version = acti_get_be64(key.data + 8);
    rewind_entry(reader);
    if (!is_old) return ACTA_OK;
    reader->run_page = reader->run_position = acti_get_be64(value.data);
    reader->run_count = 1;
    return ACTA_OK;
}

/* The next run of the entry; false: there is none. */
static bool
next_run(acti_index_reader *reader)
{
    const uint8_t *end = reader->runs.data + reader->runs.size;
    uint64_t gap, place, count;

    if (reader->run_next >= end) return false;
    if (!acti_get_varint(&reader->run_next, end, &gap) || !acti_get_varint(&reader->run_next, end, &place) ||
        !acti_get_varint(&reader->run_next, end, &count) || count == 0 || count > UINT32_MAX || place > UINT32_MAX)
        return false;
    reader->run_version += reader->run_count;
    reader->run_page += gap;
    reader->run_position = reader->run_page + place;
    reader->run_count = count;
    return true;
}

/* The event of the entry that has this version; false: it doesn't have it, or there is no entry. */
static bool
event_of_entry(acti_index_reader *reader, uint64_t version, acti_event_place *place_out)
{
    if (reader->runs.data == NULL || version < reader->entry_version) return false;
    if (version < reader->run_version) rewind_entry(reader);
    while (version - reader->run_version >= reader->run_count) {
        if (!next_run(reader)) return false;
    }
    *place_out = (acti_event_place){
        .version = version, .position = reader->run_position + (version - reader->run_version), .page = reader->run_page
    };
    return true;
}

/* The last event of the entry that isn't behind `head`; version 0: none. */
static acta_status
last_of_entry(acta_bytes key, acta_bytes value, uint64_t head, acti_event_place *last_out, acta_error *error)
{
    acti_index_reader all = { .engine = NULL };
    acta_status status = begin_entry(&all, key, value, error);

    *last_out = (acti_event_place){ .version = 0 };
    if (status != ACTA_OK) return status;
    bool more = all.run_count > 0 || next_run(&all); /* one of format 1 begins with its run */
    if (!more) return damaged(key, value, error);
    for (; more && all.run_position <= head; more = next_run(&all)) {
        uint64_t before_head = head - all.run_position, count = all.run_count;
        if (before_head < count) count = before_head + 1;
        *last_out = (acti_event_place){ .version = all.run_version + count - 1,
            .position = all.run_position + count - 1,
            .page = all.run_page,
            .is_copied = all.copies.count > 0 };
    }
    bool is_cut = !more && all.run_next != all.runs.data + all.runs.size;
    return is_cut ? damaged(key, value, error) : ACTA_OK;
}

void
acti_index_reader_init(acti_index_reader *reader, acta_engine *engine, struct acti_index_tail *tail, uint64_t stream_id,
    uint64_t first, uint64_t last, bool backward)
{
    memset(reader, 0, offsetof(acti_index_reader, entry));
    reader->engine = engine;
    reader->tail = tail;
    reader->stream_id = stream_id;
    reader->first = first;
    reader->last = last;
    reader->next = backward ? last : first;
    reader->backward = backward;
}

/* Entries of the engine, from the one on that has the next version. */
static acta_status
open_iterator(acti_index_reader *reader, acta_error *error)
{
    uint64_t end = reader->backward ? reader->next : reader->last;
    acti_key from = acti_index_key(reader->stream_id, 1), to = acti_index_key(reader->stream_id, end + 1),
             start = acti_index_key(reader->stream_id, reader->next);
    acti_range range = { .from = acti_key_view(&from), .to = acti_key_view(&to), .backward = reader->backward };

    if (!reader->backward) range.start = acti_key_view(&start); /* the entry that has it may begin before it */
    range.near_bytes = reader->near_bytes;
    reader->searched = reader->next;
    return reader->engine->ops->iterator_open(reader->engine, ACTI_INDEX, &range, &reader->iterator, error);
}

/* Forward, an entry that begins behind what is wanted ends it: what lies between may be in the tail, or have come since. */
static acta_status
next_of_iterator(acti_index_reader *reader, acta_error *error)
{
    acta_bytes key, value;
    acta_status status = reader->engine->ops->iterator_next(reader->iterator, &key, &value, error);

    if (status == ACTA_OK) status = begin_entry(reader, key, value, error);
    if (status == ACTA_OK && (reader->backward || reader->entry_version <= reader->next)) return ACTA_OK;
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    reader->engine->ops->iterator_close(reader->iterator);
    reader->iterator = NULL;
    reader->runs.data = NULL;
    reader->copies.count = 0;
    return ACTA_NOT_FOUND;
}

static bool
entry_of_tail(acti_index_reader *reader)
{
    uint64_t version;
    size_t size;
    acta_error error;

    if (reader->tail == NULL || !acti_index_tail_entry(reader->tail, reader->stream_id, reader->next, reader->backward,
                                    &version, reader->entry, &size))
        return false;
    acti_key key = acti_index_key(reader->stream_id, version);
    return begin_entry(reader, acti_key_view(&key), acta_bytes_from(reader->entry, size), &error) == ACTA_OK;
}

/* An entry that may have the next version. ACTA_NOT_FOUND: none has it. */
static acta_status
next_entry(acti_index_reader *reader, acta_error *error)
{
    acta_status status = reader->iterator != NULL ? next_of_iterator(reader, error) : ACTA_NOT_FOUND;

    if (status != ACTA_NOT_FOUND || entry_of_tail(reader)) return status == ACTA_NOT_FOUND ? ACTA_OK : status;
    if (reader->searched == reader->next) return acta_error_set(error, ACTA_NOT_FOUND, NULL);
    /* Opened behind the look at the tail: what has left the tail is here. */
    status = open_iterator(reader, error);
    return status == ACTA_OK ? next_of_iterator(reader, error) : status;
}

acta_status
acti_index_reader_next(acti_index_reader *reader, acti_event_place *place_out, acta_error *error)
{
    acta_status status = ACTA_OK;

    if (acti_index_reader_is_done(reader)) return acta_error_set(error, ACTA_NOT_FOUND, NULL);
    if (event_of_entry(reader, reader->next, place_out))
        ; /* the entry at hand, which may have copies, before what is known of one event */
    else if (reader->known.version == reader->next)
        *place_out = reader->known;
    else
        while (status == ACTA_OK && !event_of_entry(reader, reader->next, place_out))
            status = next_entry(reader, error);
    if (status == ACTA_OK) acti_index_reader_pass(reader);
    return status;
}

bool
acti_index_reader_copy(const acti_index_reader *reader, uint64_t version, acti_page_piece *piece_out)
{
    if (reader->copies.count == 0 || version - reader->entry_version >= reader->copies.count) return false;
    *piece_out = acti_copies_at(&reader->copies, (uint32_t)(version - reader->entry_version));
    return true;
}

acta_status
acti_index_entry_open(acti_index_reader *entry, acta_bytes key, acta_bytes value, acta_error *error)
{
    memset(entry, 0, offsetof(acti_index_reader, entry));
    return begin_entry(entry, key, value, error);
}

bool
acti_index_entry_event(acti_index_reader *entry, uint64_t version, acti_event_place *place_out)
{
    return event_of_entry(entry, version, place_out);
}

bool
acti_index_runs_of(acta_bytes key, acta_bytes value, acta_bytes *runs_out)
{
    acti_copies copies;

    return value.size > 0 && value.data[0] == ACTI_BY_STREAM_FORMAT && acti_copies_open(key, value, &copies, runs_out);
}

void
acti_index_reader_deinit(acti_index_reader *reader)
{
    if (reader->iterator != NULL) reader->engine->ops->iterator_close(reader->iterator);
    reader->iterator = NULL;
}

acta_status
acti_index_find(acta_engine *engine, struct acti_index_tail *tail, uint64_t stream_id, uint64_t version,
    acti_event_place *place_out, acta_error *error)
{
    acti_index_reader reader;

    acti_index_reader_init(&reader, engine, tail, stream_id, version, version, true);
    acta_status status = acti_index_reader_next(&reader, place_out, error);
    acti_index_reader_deinit(&reader);
    return status;
}

static acta_status
last_of_engine(acta_engine *engine, uint64_t stream_id, uint64_t head, acti_event_place *place_out, acta_error *error)
{
    acti_key from = acti_index_key(stream_id, 1), to = acti_index_key(stream_id + 1, 0);
    acti_range range = { .from = acti_key_view(&from), .to = acti_key_view(&to), .backward = true };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    acta_status status = engine->ops->iterator_open(engine, ACTI_INDEX, &range, &iterator, error);

    if (status != ACTA_OK) return status;
    while ((status = engine->ops->iterator_next(iterator, &key, &value, error)) == ACTA_OK) {
        status = last_of_entry(key, value, head, place_out, error);
        if (status != ACTA_OK || place_out->version != 0) break;
    }
    engine->ops->iterator_close(iterator);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acti_index_last(acta_engine *engine, struct acti_index_tail *tail, uint64_t stream_id, uint64_t head,
    acti_event_place *place_out, acta_error *error)
{
    *place_out = (acti_event_place){ .version = 0 };
    if (tail != NULL && acti_index_tail_last(tail, stream_id, head, place_out)) return ACTA_OK;
    return last_of_engine(engine, stream_id, head, place_out, error);
}
