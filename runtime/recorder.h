/*
 * The recorder's memory, as recorder.h documents it; for recorder.c, and for fault.c, which looks for all recorders.
 */
#ifndef ACTI_RUNTIME_RECORDER_H
#define ACTI_RUNTIME_RECORDER_H

#include "acta/recorder.h"

#include "internal.h"

enum { ACTI_RECORDER_BLOCKS = 64, ACTI_RECORD_NAME_WORDS = ACTA_FLIGHT_NAME_MAX / 8 };

typedef struct acti_anchor {
    _Atomic uint64_t ns, ticks;
} acti_anchor;

typedef struct acti_recorder {
    char magic[16];
    uint32_t header_size, slot_size, ring_count, capacity;
    uint64_t size, ticks_are_ns;
    acti_anchor first;
    acti_anchor anchors[2];
    _Atomic uint64_t newer;
    char name[24];
} acti_recorder;

typedef struct acti_slot {
    _Atomic uint64_t sequence, ticks, pid, what, detail;
    _Atomic uint64_t name[ACTI_RECORD_NAME_WORDS];
} acti_slot;

typedef struct acti_record_ring {
    alignas(ACTI_CACHE_LINE) _Atomic uint64_t head;
    _Atomic uint64_t lost;
    const char *last_name; /* the writer's own: the name in the last record, and its words */
    uint64_t last_words[ACTI_RECORD_NAME_WORDS];
    alignas(ACTI_CACHE_LINE) acti_slot slots[];
} acti_record_ring;

static_assert(sizeof(acti_recorder) == 128, "as recorder.h says");
static_assert(sizeof(acti_slot) == 64, "as recorder.h says");
static_assert(offsetof(acti_record_ring, slots) == 64, "as recorder.h says");

/* The recorders of all running runtimes; a process-wide table, because a debugger and a fault handler come from nowhere. */
extern ACTA_API _Atomic(acti_recorder *) acta_recorder_blocks[ACTI_RECORDER_BLOCKS];

#endif
