/*
 * Read: events of a stream, or of the whole log.
 *
 * The head at the time of opening is where a cursor ends, whatever the engine holds behind it by then. Every record is
 * checked as it is read: its sums, its place, and that it continues the one before.
 */
#include <inttypes.h>

#include "internal.h"
#include "link.h"
#include "log_reader.h"
#include "read_filter.h"

enum {
    CHUNK = ACTI_STRIP_EVENTS,
    COPIES_AHEAD = 128 << 10 /* of a stream that is kept by stream: bytes read at once */
};

/* -- cursors -- */

struct acta_cursor {
    acta_store *store;
    acta_direction direction;
    uint64_t head;
    uint64_t left; /* events that may still be given */
    acti_read_filter filter;
    bool links;                     /* give them as they are */
    acti_engine_iterator *iterator; /* of tags */
    acti_log_reader log;
    bool ended;

    /* The whole log, or what of it has some tags. */
    bool by_tags;
    acti_name_cache names;

    /* One stream. */
    uint64_t stream_id;
    char *stream_name;
    size_t stream_name_size;
    acti_index_reader index;
    uint32_t taken_count;
    acti_strip *strip; /* what the chunk was taken from; NULL: it is from the engine */
    uint64_t strips_turn;
    uint32_t chunk_count, chunk_next, page_count;
    uint32_t open_page; /* which `page` is, plus 1; 0: none */

    /* The event given out last, aligned. */
    uint8_t *room;
    size_t room_size;

    /* Of the chunk, as many as were loaded. They are most of a cursor, and are not cleared when it is opened. */
    acti_page page; /* the one used last */
    acti_event_place places[CHUNK];
    acti_page_piece
        copies[CHUNK]; /* of the strip, or of those whose entry of the index has one; else record.data is NULL */
    acti_page_piece taken[CHUNK]; /* what was read from pages, to be kept as a strip */
    uint32_t page_of[CHUNK];      /* which of the pages it is in */
    acti_value pages[CHUNK];      /* in ascending order, each once */
};

/* From where to where, of the events 1 to *last of a stream or, stream_id 0, of the log. first > last: nothing. */
static acta_status
bounds(acta_cursor *cursor, const acta_read *read, uint64_t *first, uint64_t *last, acta_error *error)
{
    bool backward = read->direction == ACTA_BACKWARD;
    uint64_t by_time = 0;

    *first = 1;
    if (read->from_us != 0 && *last > 0) {
        int64_t us = backward && read->from_us < INT64_MAX ? read->from_us + 1 : read->from_us;
        acta_status status = acti_first_recorded_at(cursor->store, cursor->stream_id, *last, us, &by_time, error);
        if (status != ACTA_OK) return status;
        if (backward)
            *last = by_time - 1;
        else
            *first = by_time;
    }
    if (backward && read->from != 0 && read->from < *last) *last = read->from;
    if (!backward && read->from > *first) *first = read->from;
    return ACTA_OK;
}

static acta_status
open_log(acta_cursor *cursor, const acta_read *read, acta_error *error)
{
    bool backward = read->direction == ACTA_BACKWARD;
    uint64_t first, last = cursor->head;
    acta_status status = bounds(cursor, read, &first, &last, error);

    if (status != ACTA_OK) return status;
    if (first > last) {
        cursor->ended = true;
        return ACTA_OK;
    }
    cursor->by_tags = read->tag_count > 0;
    if (cursor->by_tags)
        return acti_tags_open(cursor->store, cursor->filter.tags, first, last, backward, &cursor->iterator, error);
    bool scan = read->count_max == 0 || read->count_max > 1000;
    return acti_log_reader_open(&cursor->log, cursor->store->engine, first, last, backward, scan, error);
}

static acta_status
open_stream(acta_cursor *cursor, const acta_read *read, acta_error *error)
{
    const acta_allocator *allocator = &cursor->store->environment.allocator;
    bool backward = read->direction == ACTA_BACKWARD;
    acti_event_place newest = { .version = 0 };
    uint64_t last, visible;
    acti_change deletion = { .kind = ACTI_CHANGE_NONE };
    acta_status status = acti_stream_name_check(read->stream, error);

    if (status == ACTA_OK) status = acti_stream_id(cursor->store, read->stream, &cursor->stream_id, error);
    if (status == ACTA_OK && cursor->stream_id != 0)
        status = acti_stream_last(cursor->store, cursor->stream_id, cursor->head, &newest, error);
    last = newest.version;
    if (status == ACTA_OK && last != 0)
        status = acti_change_read(cursor->store, 'm', cursor->stream_id, &deletion, error);
    if (status != ACTA_OK) return status;
    if (deletion.kind == ACTI_CHANGE_SOFT_DELETED)
        return acta_error_set(
            error, ACTA_DELETED, "stream '" ACTA_FMT "' is deleted; restore it to read it", ACTA_ARG(read->stream));
    if (cursor->stream_id == 0 || last == 0)
        return acta_error_set(error, ACTA_NOT_FOUND, "there is no stream '" ACTA_FMT "'", ACTA_ARG(read->stream));

    cursor->stream_name = allocator->alloc(allocator->user, read->stream.size);
    if (cursor->stream_name == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot read stream '" ACTA_FMT "'", ACTA_ARG(read->stream));
    memcpy(cursor->stream_name, read->stream.data, read->stream.size);
    cursor->stream_name_size = read->stream.size;

    uint64_t first;
    status = acti_first_visible(cursor->store, cursor->stream_id, last, &visible, error);
    if (status == ACTA_OK) status = bounds(cursor, read, &first, &last, error);
    if (status != ACTA_OK) return status;
    if (first < visible) first = visible;
    if (first > last) {
        cursor->ended = true;
        return ACTA_OK;
    }
    acti_index_reader_init(
        &cursor->index, cursor->store->engine, &cursor->store->index, cursor->stream_id, first, last, backward);
    cursor->index.known = newest;
    uint64_t wanted = last - first + 1 < cursor->left ? last - first + 1 : cursor->left;
    if (newest.is_copied && !backward && wanted > CHUNK) cursor->index.near_bytes = COPIES_AHEAD;
    return ACTA_OK;
}

acta_status
acta_cursor_open(acta_store *store, const acta_read *read, acta_cursor **cursor_out, acta_error *error)
{
    const acta_allocator *allocator = &store->environment.allocator;
    acta_cursor *cursor = allocator->alloc(allocator->user, sizeof *cursor);

    if (cursor == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read: there is no memory");
    memset(cursor, 0, offsetof(acta_cursor, page));
    cursor->store = store;
    atomic_fetch_add_explicit(&store->cursor_count, 1, memory_order_relaxed); /* as acta_store_refresh says */
    cursor->direction = read->direction;
    cursor->head = acti_store_head(store); /* before the engine's view is taken, which then holds at least this */
    cursor->left = read->count_max == 0 ? UINT64_MAX : read->count_max;
    cursor->links = read->links;
    acti_name_cache_init(&cursor->names, store);
    acta_status status = acti_read_filter_init(&cursor->filter, read, allocator, error);
    if (status == ACTA_OK)
        status = read->stream.data == NULL ? open_log(cursor, read, error) : open_stream(cursor, read, error);
    if (status != ACTA_OK) {
        acta_cursor_close(cursor);
        return status;
    }
    *cursor_out = cursor;
    return ACTA_OK;
}

static void
release_chunk(acta_cursor *cursor)
{
    for (uint32_t i = 0; i < cursor->page_count; i++)
        cursor->store->engine->ops->release(cursor->store->engine, &cursor->pages[i]);
    acti_strip_unref(cursor->strip);
    cursor->strip = NULL;
    cursor->taken_count = 0;
    cursor->chunk_count = cursor->chunk_next = cursor->page_count = cursor->open_page = 0;
}

void
acti_cursor_swap_names(acta_cursor *cursor, acti_name_cache *names)
{
    acti_name_cache was = cursor->names;

    cursor->names = *names;
    *names = was;
}

void
acta_cursor_close(acta_cursor *cursor)
{
    if (cursor == NULL) return;
    const acta_allocator *allocator = &cursor->store->environment.allocator;

    release_chunk(cursor);
    cursor->store->engine->ops->iterator_close(cursor->iterator);
    acti_log_reader_close(&cursor->log);
    acti_index_reader_deinit(&cursor->index);
    acti_name_cache_deinit(&cursor->names);
    acti_read_filter_deinit(&cursor->filter, allocator);
    if (cursor->stream_name != NULL) allocator->free(allocator->user, cursor->stream_name, cursor->stream_name_size);
    if (cursor->room != NULL) allocator->free(allocator->user, cursor->room, cursor->room_size);
    atomic_fetch_sub_explicit(&cursor->store->cursor_count, 1, memory_order_relaxed); /* as acta_store_refresh says */
    allocator->free(allocator->user, cursor, sizeof *cursor);
}

/* `size` bytes at least, aligned. */
static acta_status
make_room(acta_cursor *cursor, size_t size, acta_error *error)
{
    const acta_allocator *allocator = &cursor->store->environment.allocator;

    if (cursor->room_size >= size && cursor->room != NULL) return ACTA_OK;
    size_t room_size = size < 512 ? 1024 : size * 2;
    uint8_t *room = allocator->alloc(allocator->user, room_size);
    if (room == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read an event of %zu bytes", size);
    if (cursor->room != NULL) allocator->free(allocator->user, cursor->room, cursor->room_size);
    cursor->room = room;
    cursor->room_size = room_size;
    return ACTA_OK;
}

/* Copy a record that was read to the cursor's room, and give it the name of its type. */
static acta_status
take_record(acta_cursor *cursor, acti_record_view *view, acta_recorded *event_out, acta_error *error)
{
    acta_status status = make_room(cursor, acti_record_copy_size(view), error);

    if (status != ACTA_OK) return status;
    acti_record_copy(view, cursor->room);
    *event_out = view->event;
    if (event_out->kind == ACTA_RECORD_STUB) return ACTA_OK;
    event_out->type = acti_types_name(&cursor->store->types, view->type_id);
    if (event_out->type.data != NULL) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT,
        "the event at position %" PRIu64 " has type id %" PRIu32 ", which has no name", event_out->position,
        view->type_id);
}

static acta_status
next_of_log(acta_cursor *cursor, acta_recorded *event_out, acta_error *error)
{
    acti_record_view view;
    acta_status status = acti_log_reader_next(&cursor->log, &view, error);

    if (status == ACTA_OK) status = acti_name_cache_learn(&cursor->names, &view, error);
    if (status == ACTA_OK) status = take_record(cursor, &view, event_out, error);
    if (status == ACTA_OK)
        status = acti_name_cache_get(&cursor->names, event_out->stream_id, &event_out->stream, error);
    return status;
}

/* The next event that has the tag which was chosen; the filter sees whether it has the others. */
static acta_status
next_of_tags(acta_cursor *cursor, acta_recorded *event_out, acta_error *error)
{
    acta_bytes tag_key, nothing;
    acti_log_reader one;
    acti_record_view view;
    acta_status status = cursor->store->engine->ops->iterator_next(cursor->iterator, &tag_key, &nothing, error);

    if (status != ACTA_OK) return status;
    status = acti_log_read(cursor->store->engine, acti_tag_position(tag_key), &one, &view, error);
    if (status == ACTA_OK) status = take_record(cursor, &view, event_out, error);
    acti_log_reader_close(&one);
    if (status == ACTA_OK)
        status = acti_name_cache_get(&cursor->names, event_out->stream_id, &event_out->stream, error);
    return status;
}

/* Read the pages that the chunk's events are in, but for those that are here. */
static acta_status
load_pages(acta_cursor *cursor, uint32_t count, acta_error *error)
{
    bool backward = cursor->direction == ACTA_BACKWARD;
    acti_key log_keys[CHUNK];
    acta_bytes keys[CHUNK];
    uint32_t page_count = 0;

    for (uint32_t i = 0; i < count; i++) { /* in ascending order, as the engine likes it */
        uint32_t at = backward ? count - 1 - i : i;
        if (cursor->copies[at].record.data != NULL) continue;
        acti_key key = acti_log_key(cursor->places[at].page);
        if (page_count == 0 || memcmp(log_keys[page_count - 1].bytes, key.bytes, key.size) != 0) {
            log_keys[page_count] = key;
            keys[page_count] = acti_key_view(&log_keys[page_count]);
            page_count++;
        }
        cursor->page_of[at] = page_count - 1;
    }
    acta_status status = page_count == 0 ? ACTA_OK
                                         : cursor->store->engine->ops->get_many(
                                               cursor->store->engine, ACTI_LOG, keys, page_count, cursor->pages, error);
    if (status != ACTA_OK) return status;
    cursor->page_count = page_count;
    cursor->chunk_count = count;
    return ACTA_OK;
}

static acta_status
stream_damaged(const acta_cursor *cursor, uint64_t version, uint64_t position, const char *how, acta_error *error)
{
    return acta_error_set(error, ACTA_CORRUPT, "stream '%.*s', version %" PRIu64 " (position %" PRIu64 "): %s",
        (int)cursor->stream_name_size, cursor->stream_name, version, position, how);
}

/* How many events the next chunk may have: it ends with its strip. */
static uint32_t
chunk_limit(const acta_cursor *cursor)
{
    uint64_t next = cursor->index.next, before = next - acti_strip_first(next);
    uint32_t limit = (uint32_t)(cursor->index.backward ? before + 1 : ACTI_STRIP_EVENTS - before);

    return cursor->left < limit && !cursor->filter.is_set ? (uint32_t)cursor->left : limit;
}

/* The next chunk from what was read lately; false: that doesn't have it. */
static bool
load_strip(acta_cursor *cursor, uint32_t limit)
{
    acti_index_reader *index = &cursor->index;
    uint32_t count = 0;

    cursor->strip = acti_strips_find(&cursor->store->strips, cursor->stream_id, index->next, &cursor->strips_turn);
    if (cursor->strip == NULL) return false;
    for (; count < limit && !acti_index_reader_is_done(index); count++) {
        uint64_t version = index->next;
        cursor->places[count] = (acti_event_place){ .version = version,
            .position = cursor->strip->positions[version - cursor->strip->first] };
        cursor->copies[count] = acti_strip_at(cursor->strip, version);
        acti_index_reader_pass(index);
    }
    cursor->chunk_count = count;
    return true;
}

/* The next chunk of the stream's events, by way of their places. Copies live as long as the entry that has them. */
static acta_status
load_chunk(acta_cursor *cursor, acta_error *error)
{
    acta_status status = ACTA_OK;
    uint32_t count = 0;

    release_chunk(cursor);
    if (acti_index_reader_is_done(&cursor->index)) return acta_error_set(error, ACTA_NOT_FOUND, NULL);
    const uint32_t limit = chunk_limit(cursor);
    if (load_strip(cursor, limit)) return ACTA_OK;
    while (count < limit && status == ACTA_OK && (count == 0 || !acti_index_reader_leaves_copies(&cursor->index))) {
        acti_event_place *place = &cursor->places[count];
        status = acti_index_reader_next(&cursor->index, place, error);
        if (status != ACTA_OK) break;
        if (!acti_index_reader_copy(&cursor->index, place->version, &cursor->copies[count]))
            cursor->copies[count].record.data = NULL;
        count++;
    }
    if (status == ACTA_NOT_FOUND && count == 0)
        return stream_damaged(cursor, cursor->index.next, 0, "it is missing in the index", error);
    if (status != ACTA_OK && (status != ACTA_NOT_FOUND || count == 0)) return status;
    return load_pages(cursor, count, error);
}

/* The record of a place in the chunk. */
static acta_status
read_place(acta_cursor *cursor, uint32_t i, acti_record_view *view_out, acta_error *error)
{
    const acti_event_place *place = &cursor->places[i];
    const acti_page_piece *copy = &cursor->copies[i];

    if (copy->record.data != NULL) return acti_page_piece_read(copy, place->position, view_out, error);
    acti_key key = acti_log_key(place->page);
    uint32_t which = cursor->page_of[i];

    if (cursor->pages[which].pin == NULL)
        return stream_damaged(cursor, place->version, place->position, "the event is missing", error);
    if (cursor->open_page != which + 1) {
        acta_status status = acti_page_open(acti_key_view(&key), cursor->pages[which].bytes, &cursor->page, error);
        cursor->open_page = status == ACTA_OK ? which + 1 : 0;
        if (status != ACTA_OK) return status;
    }
    if (place->position - cursor->page.first >= cursor->page.count)
        return stream_damaged(cursor, place->version, place->position, "its page doesn't have it", error);
    return acti_page_record_piece(&cursor->page, place->position, view_out, &cursor->taken[i], error);
}

/* Event i of the chunk was read, and is what it should be. The last one of a strip that came from pages makes it. */
static void
note_taken(acta_cursor *cursor, uint32_t i)
{
    uint64_t positions[CHUNK];
    acti_page_piece pieces[CHUNK];

    if (cursor->copies[i].record.data != NULL || cursor->taken[i].record.data == NULL) return;
    if (++cursor->taken_count < ACTI_STRIP_EVENTS) return;
    for (uint32_t k = 0; k < CHUNK; k++) {
        uint32_t at = cursor->direction == ACTA_BACKWARD ? CHUNK - 1 - k : k;
        positions[k] = cursor->places[at].position;
        pieces[k] = cursor->taken[at];
    }
    acti_strips_keep(&cursor->store->strips, cursor->stream_id, acti_strip_first(cursor->places[0].version), positions,
        pieces, cursor->strips_turn);
}

static acta_status
next_of_stream(acta_cursor *cursor, acta_recorded *event_out, acta_error *error)
{
    acti_record_view view;

    if (cursor->chunk_next == cursor->chunk_count) {
        acta_status status = load_chunk(cursor, error);
        if (status != ACTA_OK) return status;
    }
    const acti_event_place *place = &cursor->places[cursor->chunk_next];
    acta_status status = read_place(cursor, cursor->chunk_next, &view, error);
    if (status == ACTA_OK) status = take_record(cursor, &view, event_out, error);
    if (status != ACTA_OK) return status;
    if (event_out->stream_id != cursor->stream_id || event_out->version != place->version)
        return stream_damaged(
            cursor, place->version, place->position, "the index points to an event of another place", error);
    event_out->stream = acta_str_from(cursor->stream_name, cursor->stream_name_size);
    note_taken(cursor, cursor->chunk_next++);
    return ACTA_OK;
}

/* An event that a link of the stream points at, in its place. False in *found_out: it can't be read any more. */
static acta_status
follow(acta_cursor *cursor, const acti_link *link, acta_recorded *event, bool *found_out, acta_error *error)
{
    const uint64_t position = event->position, version = event->version;
    acti_log_reader one;
    acti_record_view view;
    acta_status status = acti_link_check(cursor->store, link, error);

    *found_out = status == ACTA_OK;
    if (status == ACTA_NOT_FOUND || status == ACTA_DELETED) return ACTA_OK;
    if (status != ACTA_OK) return status;
    status = acti_log_read(cursor->store->engine, link->position, &one, &view, error);
    if (status == ACTA_OK) status = take_record(cursor, &view, event, error);
    acti_log_reader_close(&one);
    if (status != ACTA_OK) return status;
    if (event->stream_id != link->stream_id || event->version != link->version)
        return stream_damaged(cursor, version, position, "the link points to an event of another place", error);
    *found_out = event->kind == ACTA_RECORD_EVENT;
    event->link_position = position;
    event->link_version = version;
    event->link_stream = acta_str_from(cursor->stream_name, cursor->stream_name_size);
    return acti_name_cache_get(&cursor->names, event->stream_id, &event->stream, error);
}

/* The next event of a stream, links followed, those that lead nowhere left out. */
static acta_status
next_followed(acta_cursor *cursor, acta_recorded *event_out, acta_error *error)
{
    acti_link link;
    bool found = true;
    acta_status status;

    do {
        status = next_of_stream(cursor, event_out, error);
        if (status == ACTA_OK && !cursor->links && acti_link_decode(event_out, &link))
            status = follow(cursor, &link, event_out, &found, error);
        else
            found = true;
    } while (status == ACTA_OK && !found);
    return status;
}

acta_status
acta_cursor_next(acta_cursor *cursor, acta_recorded *event_out, acta_error *error)
{
    if (cursor->ended || cursor->left == 0) return acta_error_set(error, ACTA_NOT_FOUND, NULL);
    acta_status status;

    do
        status = cursor->stream_id != 0 ? next_followed(cursor, event_out, error)
                 : cursor->by_tags      ? next_of_tags(cursor, event_out, error)
                                        : next_of_log(cursor, event_out, error);
    while (status == ACTA_OK && !acti_read_filter_passes(&cursor->filter, event_out));

    if (status == ACTA_OK && cursor->left != UINT64_MAX) cursor->left--;
    if (status == ACTA_NOT_FOUND) cursor->ended = true;
    return status;
}
