/*
 * Index tail: see index_tail.h.
 */
#include "index_tail.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include "acta/plant.h"

#include "page.h"

enum {
    CHUNK_MIN = 2, /* runs */
    CHUNK_MAX = 32,
    PIECE_BYTES = 256 << 10,
    SLOTS_FIRST = 256,
    PUT_BYTES_MIN = 32 << 10,
    /* What one run may take: a stream of its own, or a chunk that is filled later. */
    RUN_BYTES_MAX = sizeof(acti_tail_stream) + sizeof(acti_tail_chunk) + CHUNK_MAX * sizeof(uint64_t),
    PAGE_SHIFT = 24,
    PLACE_SHIFT = 16
};
static_assert(sizeof(acti_tail_chunk) % alignof(uint64_t) == 0 && sizeof(uint64_t) % alignof(void *) == 0 &&
                  offsetof(acti_arena_piece, bytes) % alignof(void *) == 0,
    "all that lies in a piece is aligned");
static_assert(ACTI_PAGE_RECORDS_MAX <= 1 << (PAGE_SHIFT - PLACE_SHIFT) && ACTI_PAGE_RECORDS_MAX < 1 << PLACE_SHIFT,
    "place and count of a run fit");

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

/* A generation goes; what is as large as each needs at least stays for the next one. */
static void
retire(acti_index_tail *tail, acti_index_generation *gone)
{
    acti_arena_piece *piece = gone->pieces;

    if (tail->kept_piece == NULL && piece != NULL && piece->size == PIECE_BYTES) {
        gone->pieces = piece->next;
        tail->kept_piece = piece;
    }
    if (tail->kept_slots == NULL) {
        tail->kept_slots = gone->slots;
        tail->kept_slot_count = gone->slot_count;
        gone->slots = NULL;
    }
    generation_free(&tail->allocator, gone);
}

static void
free_kept(acti_index_tail *tail)
{
    const acti_index_generation kept = { .slots = tail->kept_slots, .slot_count = tail->kept_slot_count };

    if (tail->kept_piece != NULL) tail->kept_piece->next = NULL;
    free_pieces(&tail->allocator, tail->kept_piece);
    generation_free(&tail->allocator, &kept);
    tail->kept_piece = NULL;
    tail->kept_slots = NULL;
}

/* `size` bytes at least, not linked; NULL: no memory. */
static acti_arena_piece *
make_piece(acti_index_tail *tail, size_t size)
{
    acti_arena_piece *piece = tail->kept_piece;
    size_t room = PIECE_BYTES;

    if (piece != NULL && piece->size >= size) {
        tail->kept_piece = NULL;
    } else {
        while (room < size)
            room *= 2;
        piece = tail->allocator.alloc(tail->allocator.user, offsetof(acti_arena_piece, bytes) + room);
        if (piece == NULL) return NULL;
        piece->size = room;
    }
    piece->next = NULL;
    piece->used = 0;
    return piece;
}

/* `*count` slots at least, all empty; NULL: no memory. */
static acti_tail_stream **
make_slots(acti_index_tail *tail, size_t *count)
{
    acti_tail_stream **slots = tail->kept_slots;

    if (slots != NULL && tail->kept_slot_count >= *count) {
        tail->kept_slots = NULL;
        *count = tail->kept_slot_count;
    } else
        slots = tail->allocator.alloc(tail->allocator.user, *count * sizeof *slots);
    if (slots != NULL) memset(slots, 0, *count * sizeof *slots);
    return slots;
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
reserve_bytes(acti_index_tail *tail, acti_index_generation *generation, size_t size)
{
    const acti_arena_piece *piece = generation->pieces;

    if (piece != NULL && piece->size - piece->used >= size) return true;
    if (generation->spare != NULL && generation->spare->size >= size) return true;
    acti_arena_piece *spare = make_piece(tail, size);
    if (spare == NULL) return false;
    if (generation->spare != NULL) generation->bytes -= generation->spare->size;
    free_pieces(&tail->allocator, generation->spare);
    generation->spare = spare;
    generation->bytes += spare->size;
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
    acti_tail_stream **slots = make_slots(tail, &needed);
    if (slots == NULL) return false;

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

static uint32_t
number_of(const acti_tail_chunk *chunk)
{
    return chunk != NULL ? chunk->number : 0;
}

static acti_tail_chunk *
jump_of(const acti_tail_chunk *chunk)
{
    return chunk != NULL ? chunk->jump : NULL;
}

/* Where the chunk behind `before` jumps to: Myers, "An applicative random-access stack" (1983). */
static acti_tail_chunk *
jump_behind(acti_tail_chunk *before)
{
    acti_tail_chunk *jump = jump_of(before);
    uint32_t near = number_of(before) - number_of(jump), far = number_of(jump) - number_of(jump_of(jump));

    return near == far ? jump_of(jump) : before;
}

/* The first chunk of a stream has little room: many get no more. */
static acti_tail_chunk *
add_chunk(acti_index_generation *generation, acti_tail_stream *stream, uint64_t version)
{
    acti_tail_chunk *before = stream->last;
    uint32_t room = before == NULL ? CHUNK_MIN : before->room < CHUNK_MAX ? before->room * 4 : CHUNK_MAX;
    acti_tail_chunk *chunk = take_room(generation, sizeof *chunk + room * sizeof *chunk->runs);

    *chunk = (acti_tail_chunk){
        .older = before, .jump = jump_behind(before), .version = version, .number = number_of(before) + 1, .room = room
    };
    if (before != NULL)
        before->newer = chunk;
    else
        stream->first = chunk;
    stream->last = chunk;
    return chunk;
}

static uint64_t
pack(const acti_index_generation *generation, const acti_run *run)
{
    return (run->page - generation->first_page) << PAGE_SHIFT | (uint64_t)run->place << PLACE_SHIFT | run->count;
}

/* A run, whose first event has this version. */
static acti_run
unpack(const acti_index_generation *generation, uint64_t stream_id, uint64_t version, uint64_t packed)
{
    return (acti_run){ .stream_id = stream_id,
        .version = version,
        .page = generation->first_page + (packed >> PAGE_SHIFT),
        .place = packed >> PLACE_SHIFT & ((1u << (PAGE_SHIFT - PLACE_SHIFT)) - 1),
        .count = packed & ((1u << PLACE_SHIFT) - 1) };
}

static void
add_run(acti_index_generation *generation, const acti_run *run)
{
    acti_tail_stream *stream = find_or_add(generation, run->stream_id);
    acti_tail_chunk *chunk = stream->last;

    if (generation->event_count == 0) generation->first_page = run->page;
    generation->event_count += run->count;
    generation->end = run->page + run->place + run->count - 1;
    if (chunk != NULL) {
        acti_run last = unpack(generation, run->stream_id, 0, chunk->runs[chunk->run_count - 1]);
        if (last.page == run->page && last.place + last.count == run->place) {
            chunk->runs[chunk->run_count - 1] += run->count;
            chunk->event_count += run->count;
            return;
        }
    }
    if (chunk == NULL || chunk->run_count == chunk->room) chunk = add_chunk(generation, stream, run->version);
    chunk->runs[chunk->run_count++] = pack(generation, run);
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
    free_kept(tail);
    acti_monitor_deinit(&tail->lock);
}

bool
acti_index_tail_reserve(acti_index_tail *tail, uint32_t count)
{
    return reserve_slots(tail, &tail->young, count) && reserve_bytes(tail, &tail->young, (size_t)count * RUN_BYTES_MAX);
}

static void
out_stream(acti_tail_out *out, const acti_tail_stream *stream)
{
    out->stream = stream;
    out->chunk = stream != NULL ? stream->first : NULL;
    out->run = 0;
    if (stream != NULL) out->version = out->chunk->version; /* each stream has a run */
}

static void
out_begin(acti_tail_out *out, const acti_index_generation *generation)
{
    *out = (acti_tail_out){ .generation = generation };
    out_stream(out, generation->first);
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
    tail->young.logged_bytes += logged_bytes - tail->put_bytes; /* opening doesn't go through what is put already */
    tail->put_bytes = 0;
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
    if (gone.event_count > 0) retire(tail, &gone);
}

/* -- writing out -- */

/* Put the next entry: as many runs as one takes, all of one stream. */
static void
put_entry(acti_tail_out *out, acti_by_stream *by_stream, acta_engine *engine, acti_engine_batch *batch)
{
    acti_run runs[ACTI_INDEX_RUN_MAX];
    uint8_t entry[ACTI_INDEX_ENTRY_MAX];
    uint32_t count = 0;

    do {
        runs[count] = unpack(out->generation, out->stream->id, out->version, out->chunk->runs[out->run++]);
        out->version += runs[count++].count;
        if (out->run == out->chunk->run_count) {
            out->chunk = out->chunk->newer;
            out->run = 0;
        }
    } while (out->chunk != NULL && count < ACTI_INDEX_RUN_MAX);
    acti_key key = acti_index_key(out->stream->id, runs[0].version);
    acta_bytes value;
    if (by_stream == NULL || !acti_by_stream_entry(by_stream, runs, count, &value))
        value = acta_bytes_from(entry, acti_index_encode(runs, count, entry));
    engine->ops->batch_put(batch, ACTI_INDEX, acti_key_view(&key), value);
    if (out->chunk == NULL) out_stream(out, out->stream->next);
}

static void
put_some(acti_index_tail *tail, acta_engine *engine, acti_engine_batch *batch, uint64_t count_max, size_t bytes_max)
{
    const size_t before = engine->ops->batch_bytes(batch);
    size_t put = 0;

    tail->put_bytes = 0;
    if (tail->old.event_count == 0) return;
    while (tail->out.stream != NULL && count_max-- > 0 && put < bytes_max) {
        put_entry(&tail->out, tail->by_stream, engine, batch);
        put = engine->ops->batch_bytes(batch) - before;
    }
    tail->put_bytes = put;
    if (tail->out.stream != NULL) return;
    acti_index_put_end(engine, batch, tail->old.end);
    tail->all_out = true;
}

void
acti_index_tail_put(acti_index_tail *tail, acta_engine *engine, acti_engine_batch *batch, uint64_t count_max)
{
    put_some(tail, engine, batch, count_max, 2 * engine->ops->batch_bytes(batch) + PUT_BYTES_MIN);
}

void
acti_index_tail_put_all(acti_index_tail *tail, acta_engine *engine, acti_engine_batch *batch)
{
    acti_tail_out out;

    put_some(tail, engine, batch, UINT64_MAX, SIZE_MAX);
    if (tail->young.event_count == 0) return;
    for (out_begin(&out, &tail->young); out.stream != NULL;)
        put_entry(&out, tail->by_stream, engine, batch);
    acti_index_put_end(engine, batch, tail->young.end);
}

/* -- reading -- */

/* The chunk that has a version; NULL: none of the stream's. */
static const acti_tail_chunk *
find_chunk(const acti_tail_stream *stream, uint64_t version)
{
    const acti_tail_chunk *chunk = stream != NULL ? stream->last : NULL;

    while (chunk != NULL && chunk->version > version)
        chunk = chunk->jump != NULL && chunk->jump->version > version ? chunk->jump : chunk->older;
    return chunk != NULL && version - chunk->version < chunk->event_count ? chunk : NULL;
}

/* Runs of a chunk, all of them; it has one. */
static uint32_t
unpack_chunk(const acti_index_generation *generation, uint64_t stream_id, const acti_tail_chunk *chunk, acti_run *runs)
{
    uint64_t version = chunk->version;
    uint32_t count = 0;

    do {
        runs[count] = unpack(generation, stream_id, version, chunk->runs[count]);
        version += runs[count].count;
    } while (++count < chunk->run_count);
    return count;
}

/* Runs from the one that has the version on, of its chunk and those behind it; backward, those of the chunk up to it. 0: the
 * generation doesn't have it. */
static uint32_t
copy_runs(const acti_index_generation *generation, uint64_t stream_id, uint64_t version, bool backward, acti_run *runs)
{
    const acti_tail_chunk *chunk = find_chunk(find_stream(generation, stream_id), version);
    uint32_t at = 0;

    if (chunk == NULL) return 0;
    uint32_t count = unpack_chunk(generation, stream_id, chunk, runs);
    while (version - runs[at].version >= runs[at].count)
        at++;
    if (backward) return at + 1;
    count -= at;
    memmove(runs, runs + at, count * sizeof *runs);
    for (chunk = chunk->newer; chunk != NULL && count + chunk->run_count <= ACTI_INDEX_RUN_MAX; chunk = chunk->newer)
        count += unpack_chunk(generation, stream_id, chunk, runs + count);
    return count;
}

bool
acti_index_tail_entry(acti_index_tail *tail, uint64_t stream_id, uint64_t version, bool backward,
    uint64_t *first_version_out, uint8_t *entry, size_t *size_out)
{
    acti_run runs[ACTI_INDEX_RUN_MAX];

    acti_monitor_enter(&tail->lock);
    uint32_t count = copy_runs(&tail->young, stream_id, version, backward, runs);
    if (count == 0) count = copy_runs(&tail->old, stream_id, version, backward, runs);
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
        uint64_t version = chunk->version + chunk->event_count;
        for (uint32_t i = chunk->run_count; i-- > 0;) {
            const acti_run run = unpack(generation, stream_id, 0, chunk->runs[i]);
            uint64_t position = run.page + run.place, count = run.count;
            version -= count;
            if (position > head) continue;
            if (head - position < count) count = head - position + 1;
            *place_out = (acti_event_place){
                .version = version + count - 1, .position = position + count - 1, .page = run.page
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
