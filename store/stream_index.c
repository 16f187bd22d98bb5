/*
 * Stream index: entries by run. See stream_index.h.
 */
#include "stream_index.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "varint.h"

enum {
    FORMAT = 2,   /* the first byte of an entry; one of format 1 begins with the top byte of a position, which is 0 */
    OLD_SIZE = 8, /* of an entry of format 1 */
    RUN_MAX = 64, /* in an entry */
    ENTRY_MAX = 1 + RUN_MAX * 3 * ACTI_VARINT_MAX
};

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

uint32_t
acti_runs_note(acti_runs *runs, uint32_t last, uint64_t stream_id, uint64_t version, uint64_t page, uint64_t position)
{
    assert(runs->count < runs->room && runs->runs != NULL); /* after reserve */
    acti_run *before = last != 0 ? &runs->runs[last - 1] : NULL;

    if (before != NULL && before->page == page && before->page + before->place + before->count == position) {
        before->count++;
        return last;
    }
    runs->runs[runs->count++] = (acti_run){ .stream_id = stream_id,
        .version = version,
        .page = page,
        .place = (uint32_t)(position - page),
        .count = 1,
        .number = before != NULL ? (before->number + 1) % RUN_MAX : 0 };
    if (before != NULL && runs->runs[runs->count - 1].number != 0) before->next = runs->count;
    return runs->count;
}

static void
put_entry(const acti_runs *runs, const acti_run *run, acta_engine *engine, acti_engine_batch *batch)
{
    acti_key key = acti_index_key(run->stream_id, run->version);
    uint8_t entry[ENTRY_MAX], *to = entry;
    uint64_t page = 0;

    *to++ = FORMAT;
    for (;; run = &runs->runs[run->next - 1]) {
        to = acti_put_varint(to, run->page - page);
        to = acti_put_varint(to, run->place);
        to = acti_put_varint(to, run->count);
        page = run->page;
        if (run->next == 0) break;
    }
    engine->ops->batch_put(batch, ACTI_INDEX, acti_key_view(&key), acta_bytes_from(entry, (size_t)(to - entry)));
}

void
acti_runs_put(acti_runs *runs, acta_engine *engine, acti_engine_batch *batch)
{
    for (uint32_t i = 0; i < runs->count; i++) {
        if (runs->runs[i].number == 0) put_entry(runs, &runs->runs[i], engine, batch);
    }
    runs->count = 0;
}

/* -- reading -- */

static acta_status
damaged(acta_bytes key, acta_bytes value, acta_error *error)
{
    return acta_error_set(error, ACTA_CORRUPT, "an entry of the index is damaged: key of %zu and value of %zu bytes",
        key.size, value.size);
}

/* Begin with an entry; the reader is before its first event. */
static acta_status
begin_entry(acti_index_reader *reader, acta_bytes key, acta_bytes value, acta_error *error)
{
    if (key.size != 16 || value.size == 0) return damaged(key, value, error);
    reader->entry_version = reader->run_version = acti_get_be64(key.data + 8);
    reader->run_page = 0;
    reader->run_left = reader->run_count = 0;
    if (value.data[0] == FORMAT) {
        reader->runs = acta_bytes_from(value.data + 1, value.size - 1);
        reader->run_next = reader->runs.data;
        return ACTA_OK;
    }
    if (value.data[0] != 0 || value.size != OLD_SIZE) return damaged(key, value, error);
    reader->run_page = reader->run_position = acti_get_be64(value.data);
    reader->run_count = reader->run_left = 1;
    reader->runs = acta_bytes_from(value.data, 0);
    reader->run_next = value.data;
    return ACTA_OK;
}

/* The next run of the entry; false: there is none. */
static bool
next_run(acti_index_reader *reader)
{
    if (reader->runs.size == 0) return false; /* no entry was read yet, or it had one run */
    const uint8_t *end = reader->runs.data + reader->runs.size;
    uint64_t gap, place, count;

    if (reader->run_next >= end) return false;
    if (!acti_get_varint(&reader->run_next, end, &gap) || !acti_get_varint(&reader->run_next, end, &place) ||
        !acti_get_varint(&reader->run_next, end, &count) || count == 0 || count > UINT32_MAX || place > UINT32_MAX)
        return false;
    reader->run_version += reader->run_count;
    reader->run_page += gap;
    reader->run_position = reader->run_page + place;
    reader->run_count = reader->run_left = count;
    return true;
}

/* The event of the entry that has this version; false: it hasn't so many. */
static bool
event_of_entry(acti_index_reader *reader, uint64_t version, acti_event_place *place_out)
{
    while (version - reader->run_version >= reader->run_count) {
        if (!next_run(reader)) return false;
    }
    *place_out = (acti_event_place){
        .version = version, .position = reader->run_position + (version - reader->run_version), .page = reader->run_page
    };
    return true;
}

/* How many events the entry has, and where the last one is. */
static acta_status
entry_last(acta_bytes key, acta_bytes value, acti_event_place *last_out, uint64_t *count_out, acta_error *error)
{
    acti_index_reader all = { .engine = NULL };
    acta_status status = begin_entry(&all, key, value, error);

    if (status != ACTA_OK) return status;
    while (next_run(&all))
        continue;
    if (all.run_count == 0 || all.run_next != all.runs.data + all.runs.size) return damaged(key, value, error);
    uint64_t last = all.run_version + all.run_count - 1;
    *last_out =
        (acti_event_place){ .version = last, .position = all.run_position + all.run_count - 1, .page = all.run_page };
    *count_out = last - all.entry_version + 1;
    return ACTA_OK;
}

acta_status
acti_index_entry_ends(
    acta_bytes key, acta_bytes value, acti_event_place *first_out, acti_event_place *last_out, acta_error *error)
{
    acti_index_reader reader = { .engine = NULL };
    uint64_t count;
    acta_status status = begin_entry(&reader, key, value, error);

    if (status == ACTA_OK) status = entry_last(key, value, last_out, &count, error);
    if (status == ACTA_OK && !event_of_entry(&reader, reader.entry_version, first_out))
        status = damaged(key, value, error);
    return status;
}

acta_status
acti_index_reader_open(acti_index_reader *reader, acta_engine *engine, uint64_t stream_id, uint64_t first,
    uint64_t last, bool backward, acta_error *error)
{
    acti_key from = acti_index_key(stream_id, 1), to = acti_index_key(stream_id, last + 1),
             start = acti_index_key(stream_id, first);
    acti_range range = { .from = acti_key_view(&from), .to = acti_key_view(&to), .backward = backward };

    if (!backward) range.start = acti_key_view(&start); /* the entry that has `first` may begin before it */
    *reader = (acti_index_reader){ .engine = engine, .first = first, .last = last, .backward = backward };
    return engine->ops->iterator_open(engine, ACTI_INDEX, &range, &reader->iterator, error);
}

/* Forward: the next event of the entry that is wanted; false: it has no more. */
static bool
next_forward(acti_index_reader *reader, acti_event_place *place_out)
{
    uint64_t version = reader->run_version + (reader->run_count - reader->run_left);

    if (reader->run_left == 0) {
        if (!next_run(reader)) return false;
        version = reader->run_version;
    }
    if (version < reader->first) {
        if (!event_of_entry(reader, reader->first, place_out)) return false;
        version = reader->first;
    } else
        *place_out =
            (acti_event_place){ version, reader->run_position + (version - reader->run_version), reader->run_page };
    reader->run_left = reader->run_count - (version - reader->run_version) - 1;
    return true;
}

static bool
next_backward(acti_index_reader *reader, acti_event_place *place_out)
{
    if (reader->entry_left == 0) return false;
    uint64_t version = reader->entry_version + --reader->entry_left;

    if (version < reader->run_version) { /* in an earlier run: from the front again */
        reader->run_next = reader->runs.data;
        reader->run_page = 0;
        reader->run_count = 0;
        reader->run_version = reader->entry_version;
    }
    return event_of_entry(reader, version, place_out);
}

static acta_status
next_entry(acti_index_reader *reader, acta_error *error)
{
    acti_event_place last;
    acta_bytes key, value;
    acta_status status = reader->engine->ops->iterator_next(reader->iterator, &key, &value, error);

    if (status == ACTA_OK) status = begin_entry(reader, key, value, error);
    if (status == ACTA_OK && reader->backward) status = entry_last(key, value, &last, &reader->entry_left, error);
    if (status != ACTA_OK || !reader->backward) return status;
    if (reader->entry_version <= reader->last && reader->last - reader->entry_version + 1 < reader->entry_left)
        reader->entry_left = reader->last - reader->entry_version + 1;
    return ACTA_OK;
}

acta_status
acti_index_reader_next(acti_index_reader *reader, acti_event_place *place_out, acta_error *error)
{
    for (;;) {
        bool found = reader->backward ? next_backward(reader, place_out) : next_forward(reader, place_out);
        if (found && (place_out->version < reader->first || place_out->version > reader->last))
            return acta_error_set(error, ACTA_NOT_FOUND, NULL);
        if (found) return ACTA_OK;
        acta_status status = next_entry(reader, error);
        if (status != ACTA_OK) return status;
    }
}

void
acti_index_reader_close(acti_index_reader *reader)
{
    if (reader->engine != NULL) reader->engine->ops->iterator_close(reader->iterator);
    reader->iterator = NULL;
}

acta_status
acti_index_find(
    acta_engine *engine, uint64_t stream_id, uint64_t version, acti_event_place *place_out, acta_error *error)
{
    acti_index_reader reader;
    acta_status status = acti_index_reader_open(&reader, engine, stream_id, version, version, true, error);

    if (status == ACTA_OK) status = acti_index_reader_next(&reader, place_out, error);
    acti_index_reader_close(&reader);
    return status;
}

acta_status
acti_index_last(acta_engine *engine, uint64_t stream_id, uint64_t head, acti_event_place *place_out, acta_error *error)
{
    acti_key from = acti_index_key(stream_id, 1), to = acti_index_key(stream_id + 1, 0);
    acti_range range = { .from = acti_key_view(&from), .to = acti_key_view(&to), .backward = true };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    uint64_t count;
    acta_status status = engine->ops->iterator_open(engine, ACTI_INDEX, &range, &iterator, error);

    if (status != ACTA_OK) return status;
    while ((status = engine->ops->iterator_next(iterator, &key, &value, error)) == ACTA_OK) {
        status = entry_last(key, value, place_out, &count, error);
        if (status != ACTA_OK || place_out->position <= head) break; /* a batch is behind the head as a whole, or not */
    }
    if (status == ACTA_NOT_FOUND) {
        *place_out = (acti_event_place){ .version = 0 };
        status = ACTA_OK;
    }
    engine->ops->iterator_close(iterator);
    return status;
}
