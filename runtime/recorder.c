/*
 * Flight recorder: one ring of records a worker, one for all other threads. recorder.h shows the memory.
 *
 *     worker:  sequence odd | fields | sequence even | head        plain stores, nobody else writes this ring
 *     outside: head + 1 | sequence odd, by compare-exchange | fields | sequence even
 *
 * An outside writer whose place is still being written, by one who was overtaken by a whole ring, leaves its record out
 * and counts it: no writer waits, and none writes into another's record.
 *
 * A reader reads the sequence, the fields, and the sequence again. The fields are stored with release and loaded with
 * acquire: who sees one field of a later record sees its odd sequence then too, and drops what it has. On x86-64 and for
 * the writer, all of these are plain stores. (H.-J. Boehm, "Can seqlocks get along with programming language memory
 * models?", MSPC 2012: the variant without fences.)
 *
 * Time is the processor's tick counter, turned into the runtime's nanoseconds by the reader: through the first anchor and
 * the newer of two others, which a writer sets every so many records and a reader as it comes. A runtime with a clock of
 * its own, such as a simulation, records that clock.
 *
 * Not here: who records what, and when (acti_record's callers).
 */
#include "recorder.h"

#include "ticks.h"

static const char magic[16] = "ACTA-RECORDER-1\n"; /* 16 bytes: the 0 that ends it has no room, and needs none */

enum {
    ANCHOR_EVERY = 256, /* records of a ring */
    PAIR_TRIES = 16,
    PAIR_TICKS = 4000 /* apart: a microsecond or two, where ticks are fast */
};

_Atomic(acti_recorder *) acta_recorder_blocks[ACTI_RECORDER_BLOCKS];

/* -- memory -- */

static size_t
ring_size(const acti_recorder *recorder)
{
    return sizeof(acti_record_ring) + recorder->capacity * sizeof(acti_slot);
}

static acti_record_ring *
ring_at(const acti_recorder *recorder, uint32_t index)
{
    char *first = (char *)(uintptr_t)recorder + sizeof *recorder;
    return (acti_record_ring *)(void *)(first + index * ring_size(recorder));
}

static uint32_t
power_of_two(uint32_t least)
{
    uint32_t power = 16;

    while (power < least)
        power *= 2;
    return power;
}

/* One that finds no place in the table is not found by a debugger without the runtime at hand; nothing else. */
static void
enter_in_table(acti_recorder *recorder)
{
    for (int i = 0; i < ACTI_RECORDER_BLOCKS; i++) {
        acti_recorder *expected = NULL;
        /* release: whoever finds it finds it filled. */
        if (atomic_compare_exchange_strong_explicit(
                &acta_recorder_blocks[i], &expected, recorder, memory_order_release, memory_order_relaxed))
            return;
    }
}

static uint64_t
ticks_now(const acta_runtime *runtime, const acti_recorder *recorder)
{
    return recorder->ticks_are_ns != 0 ? acti_now_ns(runtime) : acti_ticks();
}

/* A moment by both clocks. The thread may lose the processor between them: the closest of some tries. */
static void
read_both(const acta_runtime *runtime, uint64_t *ns_out, uint64_t *ticks_out)
{
    uint64_t closest = UINT64_MAX;

    for (int i = 0; i < PAIR_TRIES && closest > PAIR_TICKS; i++) {
        uint64_t before = acti_ticks(), ns = acti_now_ns(runtime), apart = acti_ticks() - before;
        if (apart >= closest) continue;
        closest = apart;
        *ns_out = ns;
        *ticks_out = before + apart / 2;
    }
}

static void
set_first(const acta_runtime *runtime, acti_recorder *recorder)
{
    uint64_t ns = 0, ticks = 0;

    if (recorder->ticks_are_ns != 0)
        ns = ticks = acti_now_ns(runtime);
    else
        read_both(runtime, &ns, &ticks);
    /* relaxed: published by the table, and by whatever publishes the runtime. */
    atomic_store_explicit(&recorder->first.ns, ns, memory_order_relaxed);
    atomic_store_explicit(&recorder->first.ticks, ticks, memory_order_relaxed);
}

bool
acti_recorder_create(acta_runtime *runtime, uint32_t count, bool is_own_clock)
{
    acti_recorder shape = { .header_size = sizeof shape, .slot_size = sizeof(acti_slot) };

    if (count == ACTA_RECORDER_OFF) return true;
    shape.ring_count = runtime->worker_count + 1;
    shape.capacity = power_of_two(count != 0 ? count : ACTA_RECORDER_COUNT_DEFAULT);
    shape.size = sizeof shape + shape.ring_count * ring_size(&shape);
    shape.ticks_are_ns = is_own_clock || !ACTI_HAS_TICKS;
    acti_recorder *recorder = acti_line_alloc(&runtime->environment.allocator, shape.size);
    if (recorder == NULL) return false;

    memset(recorder, 0, shape.size);
    memcpy(recorder, &shape, sizeof shape);
    snprintf(recorder->name, sizeof recorder->name, "%s", runtime->name);
    set_first(runtime, recorder);
    memcpy(recorder->magic, magic, sizeof magic);
    runtime->recorder = recorder;
    for (uint32_t i = 0; i < runtime->worker_count; i++)
        runtime->workers[i].records = ring_at(recorder, i);
    enter_in_table(recorder);
    return true;
}

void
acti_recorder_destroy(acta_runtime *runtime)
{
    acti_recorder *recorder = runtime->recorder;

    if (recorder == NULL) return;
    for (int i = 0; i < ACTI_RECORDER_BLOCKS; i++) {
        acti_recorder *expected = recorder;
        /* relaxed: nobody may use a runtime that is being destroyed. */
        atomic_compare_exchange_strong_explicit(
            &acta_recorder_blocks[i], &expected, NULL, memory_order_relaxed, memory_order_relaxed);
    }
    size_t size = recorder->size;
    memset(recorder->magic, 0, sizeof recorder->magic); /* a core dump may still have the freed block */
    acti_line_free(&runtime->environment.allocator, recorder, size);
    runtime->recorder = NULL;
}

/* -- writing -- */

/* Into the anchor that readers don't use. One at a time: while another does it, there is no need to. */
static void
set_anchor(acta_runtime *runtime, acti_recorder *recorder)
{
    if (recorder->ticks_are_ns != 0) return;
    /* acquire: after what the one before us wrote; pairs with the release below. */
    if (atomic_exchange_explicit(&runtime->anchor_is_taken, true, memory_order_acquire)) return;
    uint64_t other = 1 - atomic_load_explicit(&recorder->newer, memory_order_relaxed); /* a number, 0 or 1 */
    acti_anchor *anchor = &recorder->anchors[other];
    uint64_t ns = 0, ticks = 0;
    read_both(runtime, &ns, &ticks);
    atomic_store_explicit(&anchor->ns, ns, memory_order_relaxed);
    atomic_store_explicit(&anchor->ticks, ticks, memory_order_relaxed);
    /* release: pairs with the acquire in clock_of. */
    atomic_store_explicit(&recorder->newer, other, memory_order_release);
    atomic_store_explicit(&runtime->anchor_is_taken, false, memory_order_release);
}

typedef struct fields {
    uint64_t ticks, pid, what, detail;
    uint64_t name[ACTI_RECORD_NAME_WORDS];
} fields;

static void
cut_name(const char *name, uint64_t *words)
{
    char bytes[ACTA_FLIGHT_NAME_MAX] = { 0 };

    for (size_t i = 0; name != NULL && i < sizeof bytes && name[i] != '\0'; i++)
        bytes[i] = name[i];
    memcpy(words, bytes, sizeof bytes);
}

/* release, each: the odd sequence is seen by whoever sees any of these. */
static inline void
fill(acti_slot *slot, const fields *f)
{
    atomic_store_explicit(&slot->ticks, f->ticks, memory_order_release);
    atomic_store_explicit(&slot->pid, f->pid, memory_order_release);
    atomic_store_explicit(&slot->what, f->what, memory_order_release);
    atomic_store_explicit(&slot->detail, f->detail, memory_order_release);
    for (size_t i = 0; i < ACTI_RECORD_NAME_WORDS; i++)
        atomic_store_explicit(&slot->name[i], f->name[i], memory_order_release);
}

/* The place is ours, unless another writer is in it, or a later record is. */
static bool
claim(acti_slot *slot, uint64_t number)
{
    uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed); /* the exchange decides */

    if ((sequence & 1) != 0 || sequence > 2 * number) return false;
    /* acquire: our fields come after those of the one before us, who released the even sequence. */
    return atomic_compare_exchange_strong_explicit(
        &slot->sequence, &sequence, 2 * number + 1, memory_order_acquire, memory_order_relaxed);
}

static uint64_t
write_shared(acti_record_ring *ring, uint32_t mask, fields *f, const char *name)
{
    uint64_t number = atomic_fetch_add_explicit(&ring->head, 1, memory_order_relaxed); /* the sequence orders */
    acti_slot *slot = &ring->slots[number & mask];

    if (!claim(slot, number)) {
        atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed); /* a counter */
        return number;
    }
    cut_name(name, f->name);
    fill(slot, f);
    atomic_store_explicit(&slot->sequence, 2 * number + 2, memory_order_release); /* complete: pairs with read_slot */
    return number;
}

/* Mostly the name is that of the record before, at the same address: names of behaviours are static. */
static inline uint64_t
write_own(acti_record_ring *ring, uint32_t mask, fields *f, const char *name)
{
    uint64_t number = atomic_load_explicit(&ring->head, memory_order_relaxed); /* only we write it */
    acti_slot *slot = &ring->slots[number & mask];

    if (ACTI_UNLIKELY(name != ring->last_name)) {
        cut_name(name, ring->last_words);
        ring->last_name = name;
    }
    memcpy(f->name, ring->last_words, sizeof f->name);
    atomic_store_explicit(&slot->sequence, 2 * number + 1, memory_order_relaxed); /* comes before each field: fill */
    fill(slot, f);
    atomic_store_explicit(&slot->sequence, 2 * number + 2, memory_order_release); /* complete: pairs with read_slot */
    atomic_store_explicit(&ring->head, number + 1, memory_order_release);         /* pairs with open_cursors */
    return number;
}

void
acti_record(acta_runtime *runtime, acta_flight_kind kind, acta_pid pid, const char *name, uint32_t tag, uint64_t detail)
{
    acti_recorder *recorder = runtime->recorder;
    acti_context *here = acti_context_here(runtime);
    uint64_t number;

    if (recorder == NULL) return;
    fields f = {
        .ticks = ticks_now(runtime, recorder), .pid = pid.value, .what = (uint64_t)kind << 32 | tag, .detail = detail
    };
    uint32_t mask = recorder->capacity - 1;
    if (here != NULL && here->worker != NULL && here->worker->records != NULL)
        number = write_own(here->worker->records, mask, &f, name);
    else
        number = write_shared(ring_at(recorder, recorder->ring_count - 1), mask, &f, name);
    if (ACTI_UNLIKELY(number % ANCHOR_EVERY == 0)) set_anchor(runtime, recorder);
}

void
acti_record_turn(acti_context *context, const acti_actor *actor)
{
    if (context->unrecorded-- > 0) return;
    context->unrecorded = context->runtime->record_turns - 1;
    acti_record(context->runtime, ACTA_FLIGHT_TURN, acti_pid_of(actor), actor->behaviour->name, 0, 0);
}

/* -- reading: no call here may be one that a signal handler may not make -- */

/* One ring between two numbers; `ticks` of the record before `at`. */
typedef struct cursor {
    uint64_t least, at, head, ticks;
} cursor;

typedef struct acti_clock {
    uint64_t ns, ticks; /* that belong together */
    double rate;        /* ns a tick; 0: not known yet */
} acti_clock;

static acti_clock
clock_of(const acti_recorder *recorder)
{
    acti_clock clock = { .ns = atomic_load_explicit(&recorder->first.ns, memory_order_relaxed), /* constant */
        .ticks = atomic_load_explicit(&recorder->first.ticks, memory_order_relaxed) };
    uint64_t newer = atomic_load_explicit(&recorder->newer, memory_order_acquire) & 1; /* pairs with set_anchor */
    const acti_anchor *anchor = &recorder->anchors[newer];
    uint64_t ns = atomic_load_explicit(&anchor->ns, memory_order_relaxed);
    uint64_t ticks = atomic_load_explicit(&anchor->ticks, memory_order_relaxed);

    if (recorder->ticks_are_ns != 0)
        clock.rate = 1;
    else if (ns > clock.ns && ticks > clock.ticks)
        clock.rate = (double)(ns - clock.ns) / (double)(ticks - clock.ticks);
    return clock;
}

static uint64_t
ns_at(const acti_clock *clock, uint64_t ticks)
{
    double distance = (double)(int64_t)(ticks - clock->ticks) * clock->rate;
    if (distance >= 9e18 || distance <= -9e18) return clock->ns; /* of a damaged image */
    return clock->ns + (uint64_t)(int64_t)distance;
}

static bool
read_slot(const acti_record_ring *ring, uint64_t number, uint32_t mask, acta_flight_record *record)
{
    const acti_slot *slot = &ring->slots[number & mask];

    /* acquire: pairs with the release of the complete record. */
    if (atomic_load_explicit(&slot->sequence, memory_order_acquire) != 2 * number + 2) return false;
    /* acquire, each: comes before the second look at the sequence, and brings it with it. See the head. */
    record->time_ns = atomic_load_explicit(&slot->ticks, memory_order_acquire);
    record->pid.value = atomic_load_explicit(&slot->pid, memory_order_acquire);
    uint64_t what = atomic_load_explicit(&slot->what, memory_order_acquire);
    record->kind = (acta_flight_kind)(what >> 32);
    record->tag = (uint32_t)what;
    record->detail = atomic_load_explicit(&slot->detail, memory_order_acquire);
    for (size_t i = 0; i < ACTI_RECORD_NAME_WORDS; i++) {
        uint64_t word = atomic_load_explicit(&slot->name[i], memory_order_acquire);
        memcpy(record->behaviour + i * sizeof word, &word, sizeof word);
    }
    record->behaviour[ACTA_FLIGHT_NAME_MAX] = '\0';
    return atomic_load_explicit(&slot->sequence, memory_order_relaxed) == 2 * number + 2;
}

/* Step over records that are being written or gone already. False: none is left in this direction. */
static bool
look_back(const acti_recorder *recorder, uint32_t index, cursor *c)
{
    acta_flight_record record;

    for (; c->at > c->least; c->at--) {
        if (!read_slot(ring_at(recorder, index), c->at - 1, recorder->capacity - 1, &record)) continue;
        c->ticks = record.time_ns;
        return true;
    }
    return false;
}

static bool
look_ahead(const acti_recorder *recorder, uint32_t index, cursor *c, acta_flight_record *record)
{
    for (; c->at < c->head; c->at++) {
        if (read_slot(ring_at(recorder, index), c->at, recorder->capacity - 1, record)) return true;
    }
    return false;
}

static void
open_cursors(const acti_recorder *recorder, cursor *cursors)
{
    for (uint32_t i = 0; i < recorder->ring_count; i++) {
        /* acquire: pairs with write_own. In the shared ring the sequences decide. */
        uint64_t head = atomic_load_explicit(&ring_at(recorder, i)->head, memory_order_acquire);
        uint64_t least = head > recorder->capacity ? head - recorder->capacity : 0;
        cursors[i] = (cursor){ .least = least, .at = head, .head = head };
    }
}

/* From the newest on, go back over `last` records of all rings, always over the one that is latest in time. */
static void
go_back(const acti_recorder *recorder, cursor *cursors, uint32_t last)
{
    for (uint32_t i = 0; i < recorder->ring_count; i++)
        if (!look_back(recorder, i, &cursors[i])) cursors[i].ticks = 0;
    for (; last > 0; last--) {
        cursor *latest = NULL;
        for (uint32_t i = 0; i < recorder->ring_count; i++)
            if (cursors[i].at > cursors[i].least && (latest == NULL || cursors[i].ticks > latest->ticks))
                latest = &cursors[i];
        if (latest == NULL) return;
        latest->at--;
        look_back(recorder, (uint32_t)(latest - cursors), latest);
    }
}

static void
go_to_the_oldest(const acti_recorder *recorder, cursor *cursors)
{
    for (uint32_t i = 0; i < recorder->ring_count; i++)
        cursors[i].at = cursors[i].least;
}

/* The next record of all rings in time. False: there is none. */
static bool
next_record(const acti_recorder *recorder, cursor *cursors, acta_flight_record *record)
{
    uint32_t first = UINT32_MAX;
    acta_flight_record other;

    for (uint32_t i = 0; i < recorder->ring_count; i++) {
        if (!look_ahead(recorder, i, &cursors[i], &other)) continue;
        if (first != UINT32_MAX && other.time_ns >= record->time_ns) continue;
        *record = other;
        first = i;
    }
    if (first == UINT32_MAX) return false;
    cursors[first].at++;
    record->worker = first == recorder->ring_count - 1 ? ACTA_RECORDER_OUTSIDE : first;
    return true;
}

uint64_t
acta_recorder_read_image(const void *image, uint32_t last, acta_flight_visit visit, void *user)
{
    const acti_recorder *recorder = image;
    acti_clock clock = clock_of(recorder);
    cursor cursors[ACTI_WORKER_MAX + 1];
    acta_flight_record record;
    uint64_t count = 0;

    open_cursors(recorder, cursors);
    if (last == 0)
        go_to_the_oldest(recorder, cursors);
    else
        go_back(recorder, cursors, last);
    while ((last == 0 || count < last) && next_record(recorder, cursors, &record)) {
        if (clock.rate > 0) record.time_ns = ns_at(&clock, record.time_ns);
        count++;
        if (!visit(user, &record)) break;
    }
    return count;
}

uint64_t
acta_recorder_read(const acta_runtime *runtime, uint32_t last, acta_flight_visit visit, void *user)
{
    if (runtime->recorder == NULL) return 0;
    set_anchor((acta_runtime *)(uintptr_t)runtime, runtime->recorder);
    return acta_recorder_read_image(runtime->recorder, last, visit, user);
}

static bool
is_whole(const acti_recorder *r, size_t size)
{
    return r->header_size == sizeof *r && r->slot_size == sizeof(acti_slot) && r->ring_count >= 1 &&
           r->ring_count <= ACTI_WORKER_MAX + 1 && r->capacity >= 1 && r->capacity <= ACTA_RECORDER_COUNT_MAX &&
           (r->capacity & (r->capacity - 1)) == 0 && r->ticks_are_ns <= 1 &&
           r->size == sizeof *r + r->ring_count * (uint64_t)ring_size(r) && r->size <= size;
}

bool
acta_recorder_find(const void *bytes, size_t size, size_t from, size_t *offset_out, size_t *size_out)
{
    const char *first = bytes;
    acti_recorder header;

    while (from <= size && size - from >= sizeof header) {
        const char *here = memmem(first + from, size - from, magic, sizeof magic);
        if (here == NULL) return false;
        size_t at = (size_t)(here - first);
        if (size - at < sizeof header) return false;
        memcpy(&header, here, sizeof header); /* it may lie anywhere */
        if (is_whole(&header, size - at)) {
            *offset_out = at;
            *size_out = header.size;
            return true;
        }
        from = at + 1;
    }
    return false;
}
