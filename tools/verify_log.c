/*
 * Verify the log: every record's sums, digest and place; and what is made from it: index and names, both ways.
 *
 *     log -> each record's entry in the index     index -> as many entries as records, versions without a gap
 *     log -> names of its first records           streams, types -> name and id lead to each other, and to the log
 */
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>

#include "acta/crc.h"

enum { CHANGE = 48, CHANGE_ROW = 52, SCRUBBED = 12, DELETED_FOR_GOOD = 2 };

/* Room for one more id; false when it is not the next one, or there is no memory. */
static bool
make_room(named_list *list, uint64_t id)
{
    if (id < list->count) return true;
    if (id != (list->count == 0 ? 1 : list->count)) return false;
    if (id >= list->room) {
        size_t room = list->room == 0 ? 1024 : list->room * 2;
        named *items = realloc(list->items, room * sizeof *items);
        if (items == NULL) return false;
        memset(items + list->room, 0, (room - list->room) * sizeof *items);
        list->items = items;
        list->room = room;
    }
    list->count = id + 1;
    return true;
}

static void
learn_name(verify *v, named *of, const uint8_t *name, size_t size, uint64_t position, const char *what)
{
    if (of->name == NULL) {
        of->name = malloc(size + 1);
        if (of->name == NULL) return;
        memcpy(of->name, name, size);
        of->name[size] = '\0';
        of->name_size = size;
    } else if (of->name_size != size || memcmp(of->name, name, size) != 0) {
        damaged(v, "position %" PRIu64 ": its %s is named otherwise before", position, what);
    }
}

static void
check_place(verify *v, const record *rec)
{
    if (!make_room(&v->streams, rec->stream_id)) {
        damaged(v, "position %" PRIu64 ": stream id %" PRIu64 " comes before %zu", rec->position, rec->stream_id,
            v->streams.count);
        return;
    }
    named *stream = &v->streams.items[rec->stream_id];
    if (rec->version != stream->version + 1)
        damaged(v, "position %" PRIu64 ": version %" PRIu64 " of stream id %" PRIu64 ", which was at %" PRIu64,
            rec->position, rec->version, rec->stream_id, stream->version);
    stream->version = rec->version;
    if (rec->version == 1 && !rec->names)
        damaged(v, "position %" PRIu64 ": a first record without names", rec->position);

    if (rec->recorded_at_us < v->last_recorded_us)
        damaged(v, "position %" PRIu64 ": it was recorded before the one ahead of it", rec->position);
    if (v->position == 0) v->first_recorded_us = rec->recorded_at_us;
    v->last_recorded_us = rec->recorded_at_us;

    if (!make_room(&v->types, rec->type_id)) {
        damaged(v, "position %" PRIu64 ": type id %" PRIu64 " comes before %zu", rec->position, rec->type_id,
            v->types.count);
        return;
    }
    if (!rec->names) return;
    learn_name(v, stream, rec->stream, rec->stream_size, rec->position, "stream");
    learn_name(v, &v->types.items[rec->type_id], rec->type, rec->type_size, rec->position, "type");
}

/* An event of the type "$stream" may say that a stream was deleted for good. */
static void
learn_change(verify *v, const record *rec)
{
    const uint8_t *payload = rec->payload;
    const named *type = rec->type_id < v->types.count ? &v->types.items[rec->type_id] : NULL;

    if (rec->stub || type == NULL || type->name == NULL || strcmp(type->name, "$stream") != 0) return;
    if (rec->payload_size <= CHANGE) {
        damaged(v, "position %" PRIu64 ": a change of a stream of %zu bytes", rec->position, rec->payload_size);
        return;
    }
    uint64_t id = little(payload, 8);
    if (id >= v->streams.count || little(payload + 8, 8) > v->streams.items[id].version) {
        damaged(v, "position %" PRIu64 ": it changes stream id %" PRIu64 ", which is not so far", rec->position, id);
        return;
    }
    if (payload[16] != DELETED_FOR_GOOD || id == 0 || v->streams.items[id].is_gone) return;
    v->streams.items[id].is_gone = true;
    v->gone_streams++;
}

/* An event of the type "$repaired" tells of a repair, in lines. */
static void
tell_repair(const verify *v, const record *rec)
{
    const uint8_t *payload = rec->payload;
    const named *type = rec->type_id < v->types.count ? &v->types.items[rec->type_id] : NULL;

    if (rec->stub || type == NULL || type->name == NULL || strcmp(type->name, "$repaired") != 0) return;
    printf("repaired     position %" PRIu64 " tells:", rec->position);
    for (size_t i = 0; i < rec->payload_size; i++) {
        if (i == 0 || payload[i - 1] == '\n') fputs("\n             ", stdout);
        if (payload[i] >= ' ') putchar(payload[i]);
    }
    putchar('\n');
}

/* -- the index -- */

/* Take the entry that begins with this version; NULL: there is none. */
static void
begin_entry(verify *v, named *stream, uint64_t stream_id, uint64_t version)
{
    parts_of_entry parts;
    uint8_t key[16];
    size_t size = 0;

    put_big(key, stream_id);
    put_big(key + 8, version);
    uint8_t *value = get(v, INDEX, key, sizeof key, &size);
    stream->run_left = stream->entry_size = stream->entry_at = 0;
    stream->run_page = 0;
    if (value != NULL && size == 8 && value[0] == 0) { /* of format 1: one event */
        stream->run_page = stream->run_position = big(value);
        stream->run_left = 1;
    } else if (value != NULL && find_runs(key, value, size, &parts)) {
        size_t runs_size = (size_t)(parts.records - parts.runs);
        stream->entry = malloc(runs_size + 1);
        if (stream->entry != NULL) memcpy(stream->entry, parts.runs, runs_size);
        stream->entry_size = stream->entry != NULL ? runs_size : 0;
    }
    if (value != NULL) rocksdb_free(value);
}

/* The next run of a stream's entry; false: it has none. */
static bool
next_run(named *stream)
{
    if (stream->entry_at >= stream->entry_size) return false;

    const uint8_t *at = stream->entry + stream->entry_at, *end = stream->entry + stream->entry_size;
    bool fine = true;
    stream->run_page += take_number(&at, end, &fine);
    stream->run_position = stream->run_page + take_number(&at, end, &fine);
    stream->run_left = take_number(&at, end, &fine);
    stream->entry_at = (size_t)(at - stream->entry);
    return fine && stream->run_left > 0;
}

static bool
has_run(verify *v, named *stream, const record *rec)
{
    if (stream->run_left > 0 || next_run(stream)) return true;
    free(stream->entry);
    stream->entry = NULL;
    begin_entry(v, stream, rec->stream_id, rec->version);
    return stream->run_left > 0 || next_run(stream);
}

/* What the index has next for the stream must be this event. */
static void
check_index_of(verify *v, const record *rec)
{
    if (rec->stream_id >= v->streams.count) return; /* told already */
    named *stream = &v->streams.items[rec->stream_id];
    bool found = has_run(v, stream, rec);

    if (!found || stream->run_position != rec->position || stream->run_page != rec->page)
        damaged(v, "position %" PRIu64 ": the index has %s for version %" PRIu64 " of stream id %" PRIu64,
            rec->position, found ? "another position" : "nothing", rec->version, rec->stream_id);
    if (!found) return;
    stream->run_position++;
    stream->run_left--;
}

/* -- tags -- */

/* Each tag of the record has its row. */
static void
check_tags(verify *v, const record *rec)
{
    const uint8_t *tags = rec->tags;
    uint8_t key[sizeof "tags" + 255 + 1 + 8];
    size_t left = rec->tags_size, size;

    while (left > 0) {
        size_t tag_size = tags[0];
        if (tag_size == 0 || tag_size >= left) {
            damaged(v, "position %" PRIu64 ": its tags", rec->position);
            return;
        }
        memcpy(key, "tags", sizeof "tags");
        memcpy(key + sizeof "tags", tags + 1, tag_size);
        key[sizeof "tags" + tag_size] = 0;
        put_big(key + sizeof "tags" + tag_size + 1, rec->position);
        uint8_t *row = get(v, TABLES, key, sizeof "tags" + tag_size + 9, &size);
        if (row == NULL)
            damaged(v, "position %" PRIu64 ": its tag '%.*s' has no row", rec->position, (int)tag_size, tags + 1);
        else
            rocksdb_free(row);
        v->tags++;
        left -= tag_size + 1;
        tags += tag_size + 1;
    }
}

static void
verify_record(verify *v, const record *rec)
{
    check_place(v, rec);
    learn_change(v, rec);
    tell_repair(v, rec);
    check_tags(v, rec);
    if (rec->position <= v->index_end) check_index_of(v, rec);
    see_type(v, rec);
    v->stubs += rec->stub;
    v->payload_bytes += rec->payload_size;
    v->position = rec->position;
}

void
verify_log(verify *v)
{
    rocksdb_iterator_t *iterator = scan(v, LOG);
    entry e;

    for (rocksdb_iter_seek_to_first(iterator); entry_at(v, LOG, iterator, &e); rocksdb_iter_next(iterator)) {
        uint64_t position = e.key_size == 8 ? big(e.key) : 0;
        if (position == v->position + 2)
            damaged(v, "position %" PRIu64 " is missing", v->position + 1);
        else if (position != v->position + 1)
            damaged(v, "positions %" PRIu64 " to %" PRIu64 " are missing", v->position + 1, position - 1);
        v->position = read_records(v, position, e.value, e.value_size, verify_record);
    }
    rocksdb_iter_destroy(iterator);
}

void
verify_index_end(verify *v)
{
    uint8_t key[16];
    size_t size = 0;

    memset(key, 0xff, sizeof key);
    uint8_t *value = get(v, INDEX, key, sizeof key, &size);
    if (value != NULL && size == 8) v->index_end = big(value);
    if (value != NULL) rocksdb_free(value);
}

/* How many events an entry has; 0: it makes no sense, or has a copy that doesn't. */
static uint64_t
count_entry(verify *v, const entry *e, uint64_t *first_out, uint64_t *last_out)
{
    parts_of_entry parts;
    uint64_t count = 0, page = 0;
    bool fine = true;

    if (e->value_size == 8 && e->value[0] == 0) {
        *first_out = *last_out = big(e->value);
        return 1;
    }
    if (!find_runs(e->key, e->value, e->value_size, &parts)) return 0;
    for (const uint8_t *at = parts.runs, *end = parts.records; fine && at < end;) {
        page += take_number(&at, end, &fine);
        uint64_t place = take_number(&at, end, &fine), run = take_number(&at, end, &fine);
        if (count == 0) *first_out = page + place;
        *last_out = page + place + run - 1;
        fine = fine && check_copies(v, e, &parts, count, &(run_of_entry){ .page = page, .place = place, .count = run });
        count += run;
    }
    return fine ? count : 0;
}

/* The other way: no entry without a record. Each record's own was found, so it is enough to count those up to the index's
 * end. Behind it are some that are being written. */
void
verify_index(verify *v)
{
    rocksdb_iterator_t *iterator = scan(v, INDEX);
    uint64_t stream_id = 0, version = 0, first = 0, last = 0;
    entry e;

    for (rocksdb_iter_seek_to_first(iterator); entry_at(v, INDEX, iterator, &e); rocksdb_iter_next(iterator)) {
        uint64_t count = e.key_size == 16 ? count_entry(v, &e, &first, &last) : 0;
        if (count == 0) {
            damaged(v, "index: an entry of %zu and %zu bytes", e.key_size, e.value_size);
            continue;
        }
        if (big(e.key) == UINT64_MAX || (first > v->index_end && last <= v->position)) continue;
        version = big(e.key) == stream_id ? version + 1 : 1;
        stream_id = big(e.key);
        if (big(e.key + 8) != version)
            damaged(v, "index: version %" PRIu64 " of stream id %" PRIu64 " is missing", version, stream_id);
        version = big(e.key + 8) + count - 1;
        if (last > v->position)
            damaged(v,
                "index: version %" PRIu64 " of stream id %" PRIu64 " is at position %" PRIu64
                ", which the log does not have",
                version, stream_id, last);
        else if (last > v->index_end)
            damaged(v,
                "index: version %" PRIu64 " of stream id %" PRIu64 " is at position %" PRIu64
                ", behind the index's end at %" PRIu64,
                version, stream_id, last, v->index_end);
        v->index_entries++;
        v->index_events += count;
    }
    rocksdb_iter_destroy(iterator);
    if (v->index_end > v->position)
        damaged(v, "index: it says that it ends at position %" PRIu64 ", the log ends at %" PRIu64, v->index_end,
            v->position);
    if (v->index_end < v->verified_position)
        damaged(v, "index: it says that it ends at position %" PRIu64 ", all was verified up to %" PRIu64, v->index_end,
            v->verified_position);
    if (v->index_events > v->position)
        damaged(v, "index: %" PRIu64 " events, the log has %" PRIu64, v->index_events, v->position);
}

static void
check_name(verify *v, family in, const named *from_log, uint64_t id, const entry *e)
{
    const char *what = in == STREAMS ? "stream" : "type";
    uint8_t key[1 + 512] = { 'n' };
    size_t size;

    if (from_log->name == NULL || from_log->name_size != e->value_size ||
        memcmp(from_log->name, e->value, e->value_size) != 0) {
        damaged(v, "%s id %" PRIu64 ": its name '%.*s' is not the log's", what, id, (int)e->value_size, e->value);
        return;
    }
    memcpy(key + 1, e->value, e->value_size); /* as long as the log's, which is shorter */
    uint8_t *back = get(v, in, key, 1 + e->value_size, &size);
    bool leads_back = back != NULL && size == 8 && big(back) == id;
    if (leads_back && from_log->is_gone)
        damaged(v, "%s '%s': its name leads to id %" PRIu64 ", which was deleted for good", what, from_log->name, id);
    else if (!leads_back && !from_log->is_gone)
        damaged(v, "%s '%s': its name leads to %s", what, from_log->name, back == NULL ? "nothing" : "another id");
    if (back != NULL) rocksdb_free(back);
}

/* Rows of a stream that was changed: 'm' deleted, 'l' limits, 's' how far it was scrubbed, 'd' its metadata. */
static bool
is_change_row(verify *v, const entry *e)
{
    if (e->key_size == 0 || strchr("mlsd", e->key[0]) == NULL) return false;
    size_t size = e->key[0] == 's' ? SCRUBBED : CHANGE_ROW;
    if (e->key[0] == 'd' && e->value_size > size)
        size = e->value_size; /* metadata lie between the change and the sum */
    if (e->key_size != 9 || e->value_size != size ||
        acta_crc32c(0, e->value, size - 4) != little(e->value + size - 4, 4))
        damaged(v, "streams: a row '%c' of %zu and %zu bytes is damaged", e->key[0], e->key_size, e->value_size);
    else if (big(e->key + 1) >= v->streams.count)
        damaged(
            v, "streams: a row '%c' of stream id %" PRIu64 ", which the log does not have", e->key[0], big(e->key + 1));
    return true;
}

static void
verify_names_of(verify *v, family in, named_list *list)
{
    const char *what = in == STREAMS ? "stream" : "type";
    rocksdb_iterator_t *iterator = scan(v, in);
    uint64_t ids = 0, names = 0, expected = list->count == 0 ? 0 : list->count - 1;
    entry e;

    for (rocksdb_iter_seek_to_first(iterator); entry_at(v, in, iterator, &e); rocksdb_iter_next(iterator)) {
        if (e.key_size >= 1 && e.key[0] == 'n') {
            names++;
            continue;
        }
        if (in == STREAMS && is_change_row(v, &e)) continue;
        uint64_t id = e.key_size == 9 && e.key[0] == 'i' ? big(e.key + 1) : 0;
        ids++;
        if (id == 0 || id > expected || e.value_size > 512)
            damaged(v, "%s id %" PRIu64 ": it has a name, and nothing in the log", what, id);
        else
            check_name(v, in, &list->items[id], id, &e);
    }
    rocksdb_iter_destroy(iterator);
    if (ids < expected) damaged(v, "%" PRIu64 " of %" PRIu64 " %ss have no name", expected - ids, expected, what);
    uint64_t gone = in == STREAMS ? v->gone_streams : 0;
    if (names != ids - gone) damaged(v, "%" PRIu64 " names of %ss for %" PRIu64 " ids", names, what, ids - gone);
}

void
verify_names(verify *v)
{
    verify_names_of(v, STREAMS, &v->streams);
    verify_names_of(v, TYPES, &v->types);
}

void
free_names(named_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].name);
        free(list->items[i].entry);
    }
    free(list->items);
}
