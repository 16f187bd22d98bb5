/*
 * Index tail: see index_tail.h.
 */
#include "index_tail.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include "acta/plant.h"

enum {
    CHUNK_MAX = 16, /* runs */
    PIECE_BYTES = 256 << 10,
    SLOTS_FIRST = 256,
    /* What one run may take: a stream of its own, or a chunk that is filled later. */
    RUN_BYTES_MAX = sizeof(acti_tail_stream) + sizeof(acti_tail_chunk) + CHUNK_MAX * sizeof(acti_run)
};
static_assert(sizeof(acti_tail_chunk) % alignof(acti_run) == 0 && sizeof(acti_run) % alignof(void *) == 0 &&
                  offsetof(acti_arena_piece, bytes) % alignof(void *) == 0,
    "all that lies in a piece is aligned");

/* -- memory of a generation -- */

static void
free_pieces(const acta_allocator *allocator, acti_arena_piece *piece)
{
    while (piece != NULL) {
        acti_arena_piece *next = piece->next;
        allocator->free(allocator->user, piece, offsetof(acti_arena_piece, bytes) + piece->size);
        piece = next;
    }
}

static void
generation_free(const acta_allocator *allocator, const acti_index_generation *generation)
{
    free_pieces(allocator, generation->pieces);
    free_pieces(allocator, generation->spare);
    if (generation->slots != NULL)
        allocator->free(allocator->user, generation->slots, generation->slot_count * sizeof *generation->slots);
}

/* There is room, after reserve. */
static void *
take_room(acti_index_generation *generation, size_t size)
{
    acti_arena_piece *piece = generation->pieces;

    if (piece == NULL || piece->size - piece->used < size) {
        piece = generation->spare;
        assert(piece != NULL);
        piece->next = generation->pieces;
        generation->pieces = piece;
        generation->spare = NULL;
    }
    void *room = piece->bytes + piece->used;
    piece->used += size;
    return room;
}

static bool
reserve_bytes(const acta_allocator *allocator, acti_index_generation *generation, size_t size)
{
    const acti_arena_piece *piece = generation->pieces;

    if (piece != NULL && piece->size - piece->used >= size) return true;
    if (generation->spare != NULL && generation->spare->size >= size) return true;
    size_t room = PIECE_BYTES;
    while (room < size)
        room *= 2;
    acti_arena_piece *spare = allocator->alloc(allocator->user, offsetof(acti_arena_piece, bytes) + room);
    if (spare == NULL) return false;
    if (generation->spare != NULL) generation->bytes -= generation->spare->size;
    free_pieces(allocator, generation->spare);
    spare->next = NULL;
    spare->size = room;
    spare->used = 0;
    generation->spare = spare;
    generation->bytes += room;
    return true;
}

/* -- streams of a generation -- */

static size_t
slot_of(const acti_index_generation *generation, uint64_t stream_id)
{
    size_t mask = generation->slot_count - 1, slot = (stream_id * 0x9e3779b97f4a7c15u >> 20) & mask;

    while (generation->slots[slot] != NULL && generation->slots[slot]->id != stream_id)
        slot = (slot + 1) & mask;
    return slot;
}

static const acti_tail_stream *
find_stream(const acti_index_generation *generation, uint64_t stream_id)
{
    return generation->slot_count > 0 ? generation->slots[slot_of(generation, stream_id)] : NULL;
}

/* Slots for `count` streams more; they are at most half full. */
static bool
reserve_slots(acti_index_tail *tail, acti_index_generation *generation, size_t count)
{
    const acta_allocator *allocator = &tail->allocator;
    size_t needed = generation->slot_count > 0 ? generation->slot_count : SLOTS_FIRST;

    while (needed / 2 < generation->stream_count + count)
        needed *= 2;
    if (needed == generation->slot_count) return true;
    acti_tail_stream **slots = allocator->alloc(allocator->user, needed * sizeof *slots);
    if (slots == NULL) return false;
    memset(slots, 0, needed * sizeof *slots);

    acti_monitor_enter(&tail->lock);
    acti_tail_stream **before = generation->slots;
    size_t count_before = generation->slot_count;
    generation->slots = slots;
    generation->slot_count = needed;
    for (acti_tail_stream *s = generation->first; s != NULL; s = s->next)
        slots[slot_of(generation, s->id)] = s;
    acti_monitor_leave(&tail->lock);
    generation->bytes += (needed - count_before) * sizeof *slots;
    if (before != NULL) allocator->free(allocator->user, before, count_before * sizeof *before);
    return true;
}

static acti_tail_stream *
find_or_add(acti_index_generation *generation, uint64_t stream_id)
{
    size_t slot = slot_of(generation, stream_id);
    acti_tail_stream *stream = generation->slots[slot];

    if (stream != NULL) return stream;
    stream = take_room(generation, sizeof *stream);
    *stream = (acti_tail_stream){ .id = stream_id };
    generation->slots[slot] = stream;
    generation->stream_count++;
    if (generation->last != NULL)
        generation->last->next = stream;
    else
        generation->first = stream;
    generation->last = stream;
    return stream;
}

/* The first chunk of a stream has room for one run: many get no more. */
static acti_tail_chunk *
add_chunk(acti_index_generation *generation, acti_tail_stream *stream, uint64_t version)
{
    acti_tail_chunk *before = stream->last;
    uint16_t room = before == NULL ? 1 : before->room < CHUNK_MAX ? (uint16_t)(before->room * 4) : CHUNK_MAX;
    acti_tail_chunk *chunk = take_room(generation, sizeof *chunk + room * sizeof *chunk->runs);

    *chunk = (acti_tail_chunk){ .older = before, .version = version, .room = room };
    if (before != NULL)
        before->newer = chunk;
    else
        stream->first = chunk;
    stream->last = chunk;
    return chunk;
}

static void
add_run(acti_index_generation *generation, const acti_run *run)
{
    acti_tail_stream *stream = find_or_add(generation, run->stream_id);
    acti_tail_chunk *chunk = stream->last;

    generation->event_count += run->count;
    generation->end = run->page + run->place + run->count - 1;
    if (chunk != NULL) {
        acti_run *last = &chunk->runs[chunk->run_count - 1];
        if (last->page == run->page && last->place + last->count == run->place) {
            last->count += run->count;
            chunk->event_count += run->count;
            return;
        }
    }
    if (chunk == NULL || chunk->run_count == chunk->room) chunk = add_chunk(generation, stream, run->version);
    chunk->runs[chunk->run_count++] = *run;
    chunk->event_count += run->count;
}

/* -- the tail -- */

void
acti_index_tail_init(acti_index_tail *tail, const acta_allocator *allocator, size_t bytes_max)
{
    *tail = (acti_index_tail){ .allocator = *allocator, .bytes_max = bytes_max, .logged_bytes_max = UINT64_MAX };
    acti_monitor_init(&tail->lock);
}

void
acti_index_tail_clear(acti_index_tail *tail)
{
    acti_index_generation young = tail->young, old = tail->old;

    acti_monitor_enter(&tail->lock);
    tail->young = tail->old = (acti_index_generation){ .slots = NULL };
    acti_monitor_leave(&tail->lock);
    tail->out = (acti_tail_out){ .stream = NULL };
    tail->all_out = false;
    generation_free(&tail->allocator, &young);
    generation_free(&tail->allocator, &old);
}

void
acti_index_tail_deinit(acti_index_tail *tail)
{
    acti_index_tail_clear(tail);
    acti_monitor_deinit(&tail->lock);
}

bool
acti_index_tail_reserve(acti_index_tail *tail, uint32_t count)
{
    return reserve_slots(tail, &tail->young, count) &&
           reserve_bytes(&tail->allocator, &tail->young, (size_t)count * RUN_BYTES_MAX);
}

static void
out_begin(acti_tail_out *out, const acti_index_generation *generation)
{
    *out = (acti_tail_out){ .stream = generation->first };
    if (out->stream != NULL) out->chunk = out->stream->first;
}

void
acti_index_tail_add(acti_index_tail *tail, const acti_run *run)
{
    acti_monitor_enter(&tail->lock);
    add_run(&tail->young, run);
    acti_monitor_leave(&tail->lock);
}

void
acti_index_tail_take(acti_index_tail *tail, const acti_runs *runs, uint64_t logged_bytes)
{
    acti_index_generation gone = { .slots = NULL };

    acti_monitor_enter(&tail->lock);
    for (uint32_t i = 0; i < runs->count; i++) {
        if (ACTA_PLANT("index_drops_last") && i > 0 && i + 1 == runs->count) break;
        add_run(&tail->young, &runs->runs[i]);
    }
    tail->young.logged_bytes += logged_bytes;
    if (tail->all_out) {
        gone = tail->old;
        tail->reached = gone.end;
        tail->old = (acti_index_generation){ .slots = NULL };
        tail->all_out = false;
    }
    if (acti_index_tail_is_full(tail) && tail->old.event_count == 0 && tail->young.event_count > 0) {
        tail->old = tail->young;
        tail->young = (acti_index_generation){ .slots = NULL };
        out_begin(&tail->out, &tail->old);
    }
    acti_monitor_leave(&tail->lock);
    generation_free(&tail->allocator, &gone);
}

/* -- writing out -- */

/* Put the next entry: as many runs as one takes, all of one stream. */
static void
put_entry(acti_tail_out *out, acta_engine *engine, acti_engine_batch *batch)
{
    acti_run runs[ACTI_INDEX_RUN_MAX];
    uint8_t entry[ACTI_INDEX_ENTRY_MAX];
    uint32_t count = 0;

    do { /* each stream has a run */
        runs[count++] = out->chunk->runs[out->run++];
        if (out->run == out->chunk->run_count) {
            out->chunk = out->chunk->newer;
            out->run = 0;
        }
    } while (out->chunk != NULL && count < ACTI_INDEX_RUN_MAX);
    acti_key key = acti_index_key(out->stream->id, runs[0].version);
    size_t size = acti_index_encode(runs, count, entry);
    engine->ops->batch_put(batch, ACTI_INDEX, acti_key_view(&key), acta_bytes_from(entry, size));
    if (out->chunk != NULL) return;
    out->stream = out->stream->next;
    if (out->stream != NULL) out->chunk = out->stream->first;
}

void
acti_index_tail_put(acti_index_tail *tail, acta_engine *engine, acti_engine_batch *batch, uint64_t count_max)
{
    if (tail->old.event_count == 0) return;
    while (tail->out.stream != NULL && count_max-- > 0)
        put_entry(&tail->out, engine, batch);
    if (tail->out.stream != NULL) return;
    acti_index_put_end(engine, batch, tail->old.end);
    tail->all_out = true;
}

void
acti_index_tail_put_all(acti_index_tail *tail, acta_engine *engine, acti_engine_batch *batch)
{
    acti_tail_out out;

    acti_index_tail_put(tail, engine, batch, UINT64_MAX);
    if (tail->young.event_count == 0) return;
    for (out_begin(&out, &tail->young); out.stream != NULL;)
        put_entry(&out, engine, batch);
    acti_index_put_end(engine, batch, tail->young.end);
}

/* -- reading -- */

/* The chunk that has a version; NULL: none of the generation's. */
static const acti_tail_chunk *
find_chunk(const acti_index_generation *generation, uint64_t stream_id, uint64_t version)
{
    const acti_tail_stream *stream = find_stream(generation, stream_id);
    const acti_tail_chunk *chunk = stream != NULL ? stream->last : NULL;

    while (chunk != NULL && chunk->version > version)
        chunk = chunk->older;
    return chunk != NULL && version - chunk->version < chunk->event_count ? chunk : NULL;
}

/* Runs from the one that has the version on, of this chunk and those behind it; backward, those of the chunk up to it. */
static uint32_t
copy_runs(const acti_tail_chunk *chunk, uint64_t version, bool backward, acti_run *runs)
{
    uint32_t at = 0, count = 0;

    while (version - chunk->runs[at].version >= chunk->runs[at].count)
        at++;
    if (backward) {
        memcpy(runs, chunk->runs, (at + 1) * sizeof *runs);
        return at + 1;
    }
    for (; chunk != NULL && count + chunk->run_count - at <= ACTI_INDEX_RUN_MAX; chunk = chunk->newer, at = 0) {
        memcpy(runs + count, chunk->runs + at, (chunk->run_count - at) * sizeof *runs);
        count += chunk->run_count - at;
    }
    return count;
}

bool
acti_index_tail_entry(acti_index_tail *tail, uint64_t stream_id, uint64_t version, bool backward,
    uint64_t *first_version_out, uint8_t *entry, size_t *size_out)
{
    acti_run runs[ACTI_INDEX_RUN_MAX];

    acti_monitor_enter(&tail->lock);
    const acti_tail_chunk *chunk = find_chunk(&tail->young, stream_id, version);
    if (chunk == NULL) chunk = find_chunk(&tail->old, stream_id, version);
    uint32_t count = chunk != NULL ? copy_runs(chunk, version, backward, runs) : 0;
    acti_monitor_leave(&tail->lock);
    if (count == 0) return false;
    *first_version_out = runs[0].version;
    *size_out = acti_index_encode(runs, count, entry);
    return true;
}

static bool
last_of(const acti_index_generation *generation, uint64_t stream_id, uint64_t head, acti_event_place *place_out)
{
    const acti_tail_stream *stream = find_stream(generation, stream_id);

    for (const acti_tail_chunk *chunk = stream != NULL ? stream->last : NULL; chunk != NULL; chunk = chunk->older) {
        for (uint32_t i = chunk->run_count; i-- > 0;) {
            const acti_run *run = &chunk->runs[i];
            uint64_t position = run->page + run->place, count = run->count;
            if (position > head) continue;
            if (head - position < count) count = head - position + 1;
            *place_out = (acti_event_place){
                .version = run->version + count - 1, .position = position + count - 1, .page = run->page
            };
            return true;
        }
    }
    return false;
}

bool
acti_index_tail_last(acti_index_tail *tail, uint64_t stream_id, uint64_t head, acti_event_place *place_out)
{
    acti_monitor_enter(&tail->lock);
    bool found = last_of(&tail->young, stream_id, head, place_out) || last_of(&tail->old, stream_id, head, place_out);
    acti_monitor_leave(&tail->lock);
    return found;
}
