/*
 * Mark: how far the log must reach, kept outside of the log.
 *
 *     slot 0   [turn 6 | position 120 | batch 31 | crc]
 *     slot 1   [turn 7 | position 124 | batch 32 | crc]      the newest sound one counts
 *
 * Two slots are written in turn, so that a torn write leaves the other. The mark of a batch is durable before the batch
 * after it is acknowledged: what RocksDB's recovery may silently drop is then at most one batch, and none after a close.
 */
#ifndef ACTI_MARK_H
#define ACTI_MARK_H

#include "engine.h"

enum { ACTI_STORE_ID_SIZE = 16 };

typedef struct acti_mark {
    uint64_t turn;     /* of writing; 0: there is none */
    uint64_t position; /* of the last event */
    uint64_t batch;    /* 0: the store is still being made */
    uint8_t store_id[ACTI_STORE_ID_SIZE];
} acti_mark;

/* The newest sound mark. turn 0: neither slot has one; `blank` then says that there never was a second one, which is the
 * first of a finished store. */
acta_status acti_mark_read(acta_engine *engine, acti_mark *mark_out, bool *blank_out, acta_error *error);

/* The bytes of a slot, ACTI_MARK_SIZE of them; it goes into the slot that is returned. */
uint32_t acti_mark_encode(const acti_mark *mark, uint8_t *bytes);

/* Write it, durably, to the slot of its turn. */
acta_status acti_mark_write(acta_engine *engine, const acti_mark *mark, acta_error *error);

#endif
