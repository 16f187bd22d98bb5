/*
 * Lanes of an event handler: what the reader (handler_lanes.c) and the actors that handle (handler_worker.c) share.
 */
#ifndef ACTI_ACTORS_HANDLER_LANES_H
#define ACTI_ACTORS_HANDLER_LANES_H

#include "reader.h"

/* A batch on its way to a worker: copies of the items, its own. */
typedef struct acti_lane_batch {
    const acta_app *app;
    uint32_t attempts; /* it failed so often before */
    uint32_t count;
    acti_item *items[];
} acti_lane_batch;

typedef struct acti_worker_argument {
    const acti_reader *reader;
    uint32_t number;
} acti_worker_argument;

/* Answers each batch with what became of it; lives on when the reader's actor begins anew, so that the next one's batches
 * come behind what it has in hand. */
extern const acta_behaviour acti_worker_behaviour;

#endif
