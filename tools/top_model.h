/*
 * What acta top shows, made of one answer of /queues after the other: what changes between two of them is a rate.
 */
#ifndef TOOLS_TOP_MODEL_H
#define TOOLS_TOP_MODEL_H

#include "json.h"

enum { TOP_ACTORS = 200, TOP_HANDLERS = 64, TOP_TEXT = 64, TOP_CLAIMS = 16 };

typedef enum top_order { TOP_QUEUED, TOP_PEAK, TOP_BYTES, TOP_RATE, TOP_OLDEST } top_order;

/* What waited at that time has not all been handled as long as `handled` is below `until`. */
typedef struct top_claim {
    int64_t at_ms;
    uint64_t until;
} top_claim;

typedef struct top_actor {
    char pid[24], name[TOP_TEXT], behaviour[TOP_TEXT], state[16];
    uint64_t queued, peak, bytes;
    uint64_t handled;  /* since it was first seen */
    uint64_t counter;  /* as the program told it, modulo 2^24 */
    double rate;       /* handlers begun a second */
    int64_t oldest_ms; /* at least so long what is in its mailbox, or in its hands, has waited; -1: nothing is known */
    top_claim claims[TOP_CLAIMS]; /* the oldest first */
    uint32_t claim_count;
} top_actor;

typedef struct top_handler {
    char name[TOP_TEXT], state[16];
    uint64_t passed, behind, in_flight, parked;
    double rate; /* positions a second */
} top_handler;

typedef struct top_model {
    int64_t at_ms; /* of the last answer; 0: there was none */
    uint64_t head, committer_bytes, refused, events, transactions;
    double event_rate, transaction_rate;
    uint64_t alive, with_messages, queued, bytes;
    top_actor actors[TOP_ACTORS];
    uint32_t actor_count;
    top_handler handlers[TOP_HANDLERS];
    uint32_t handler_count;
} top_model;

/* Take an answer of /queues. Zeroed before the first. */
void top_model_take(top_model *model, const json_value *answer, int64_t now_ms);

/* The largest first; handlers by how far behind they are. */
void top_model_sort(top_model *model, top_order order);

#endif
