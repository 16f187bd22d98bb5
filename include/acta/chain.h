/*
 * Chain: evidence that the past of a store is what it was.
 *
 * The log's records are hashed one after the other, in pages, each together with all that was before it; of an event with its
 * place, time, ids, type and the digests of its payload and of what lies beside it, so that events can be removed without
 * touching the chain. Whoever keeps a value of the chain elsewhere (acta_store_chain_head) can tell later, without trusting
 * the store or its disk, that an event was in the log before that value, or that the log still leads to it:
 *
 *     keep     acta_store_chain_head -> position 5000, value H
 *     later    acta_store_chain_proof(store, 120, 130, 5000) -> bytes, for whomever
 *     there    acta_chain_check(bytes) -> position 5000, value H': equal to H, and the events 120 to 130 were these
 *
 * docs/format.md tells what is hashed. Events of stores made by format 1 are not in the chain.
 */
#ifndef ACTA_CHAIN_H
#define ACTA_CHAIN_H

#include "acta/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A value of the chain: behind the event at `position`. */
typedef struct acta_chain_head {
    uint64_t position; /* 0: before all events */
    acta_digest value;
} acta_chain_head;

/*
 * The value behind the first page's end at or behind `position`; *head_out says where that is. Pages end where batches do.
 *   position  0: the newest there is
 * Threads: any. Errors: ACTA_NOT_FOUND the log ends before; ACTA_CORRUPT, ACTA_IO.
 */
ACTA_API acta_status acta_store_chain_head(
    acta_store *store, uint64_t position, acta_chain_head *head_out, acta_error *error);

/*
 * A proof that the events `first` to `last` are in the log before the value at `to`. It has what the chain knows of them, and of
 * those that share pages with them, and 37 bytes for each page from there to `to`.
 *   to         where a value was kept: acta_chain_head.position; 0: the end of the page that has `last`
 *   memory     where the proof is put
 * Threads: any. Errors: ACTA_INVALID the positions make no range, or no page ends at `to`; ACTA_NOT_FOUND the log ends before;
 *         ACTA_UNSUPPORTED events of format 1 are among them; ACTA_CORRUPT, ACTA_IO, ACTA_NO_MEMORY.
 */
ACTA_API acta_status acta_store_chain_proof(acta_store *store, uint64_t first, uint64_t last, uint64_t to,
    acta_memory *memory, acta_bytes *proof_out, acta_error *error);

/* What a proof tells of an event. Views of the proof. */
typedef struct acta_chained {
    uint64_t position, stream_id, version;
    uint32_t type_id;
    uint64_t schema_hash;
    int64_t recorded_at_us;
    acta_id command_id, correlation_id, causation_id;
    acta_str stream, type; /* the first event of a stream, and of a type, name both; others have none */
    acta_digest payload;   /* acta_digest_of the payload */
    acta_digest beside;    /* acta_digest_of two parts: metadata, and tags as they are stored; zeros: it has neither */
} acta_chained;

/*
 * Check a proof, without a store: what follows from it, step by step. That nothing is left but what it should be is for the
 * caller to see: `before_out` and `after_out` are to be compared with values that were kept.
 *   take   is told of each event in it; may be NULL
 * Errors: ACTA_INVALID these bytes are no proof, or none that follows.
 */
ACTA_API acta_status acta_chain_check(acta_bytes proof, acta_chain_head *before_out, acta_chain_head *after_out,
    void (*take)(void *user, const acta_chained *event), void *user, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
