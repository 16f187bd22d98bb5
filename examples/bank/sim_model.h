/*
 * The sequential model: what the bank must answer to a command, given what was true before it. Written from the schema's
 * words, and shares nothing with account.c and transfer.c.
 */
#ifndef BANK_SIM_MODEL_H
#define BANK_SIM_MODEL_H

#include "log_fold.h"
#include "sim_clients.h"

/* What one command leads to. */
typedef struct bank_effect {
    uint32_t rejection; /* a bank_Rejection; 0: it is accepted */
    bool is_nothing;    /* accepted, and nothing changes */
} bank_effect;

/*
 * stream  that the command goes to; NULL: nothing was ever written to it
 * before  one of its moments; all zero: before the first
 */
bank_effect bank_model(const bank_ask *ask, const bank_stream *stream, const bank_moment *before);

#endif
