/*
 * A witness: an event handler that remembers what it was told, in which order, and how often. It fails now and then, before
 * it has done anything, as handlers do.
 *
 * It lives outside of the application, as what a handler does in the world lives on when the process dies.
 */
#ifndef BANK_SIM_WITNESS_H
#define BANK_SIM_WITNESS_H

#include "acta/handler.h"
#include "acta/sim.h"
#include "log_fold.h"

typedef struct bank_witness_stream {
    uint64_t stream_id; /* 0: a free slot */
    uint64_t version;   /* up to which it was told, each in its turn */
} bank_witness_stream;

typedef struct bank_witness {
    acta_event_handler handler; /* for a configuration */
    acta_sim *sim;              /* NULL: never fails */
    uint32_t fail_per_mille;

    uint64_t *digests; /* [position - 1] of what was told; 0: nothing */
    uint64_t position_room;
    bank_witness_stream *streams;
    uint32_t stream_count, stream_room;
    uint64_t told_count;
    bool is_out_of_memory;

    const char *broken; /* the invariant; NULL: none */
    char text[160];
} bank_witness;

/* Begin afresh. `name` is the handler's. False: no memory. */
bool bank_witness_begin(bank_witness *witness, const char *name, acta_sim *sim, uint32_t fail_per_mille);
void bank_witness_destroy(bank_witness *witness);

/* What the handler does with an event. */
acta_status bank_witness_see(bank_witness *witness, const acta_recorded *recorded, acta_error *error);

/* Was all told that the log has? For one that has come to rest. Errors: ACTA_CORRUPT and the broken invariant. */
acta_status bank_witness_check(const bank_witness *witness, const bank_fold *fold, acta_error *error);

#endif
