/*
 * Parts of the framework that a seed of the bank has on or off, and what must hold of them.
 *
 *     audit         each command that has events has exactly one record that tells so
 *     passage       middleware refuses some, and is told of the end of each that it saw begin
 *     operators     readers are paused and resumed, tried again and set back, while all goes on
 *     others        somebody appends to accounts who is no aggregate
 *     memory        live aggregates have little of it; lifespans end some at once
 *     lanes         handlers have several, and batches
 *     the past      a state at a version, and at a position, is the fold of the log up to there
 */
#ifndef BANK_SIM_PARTS_H
#define BANK_SIM_PARTS_H

#include "acta/app.h"
#include "acta/sim.h"
#include "bank.acta.h"
#include "log_fold.h"

typedef struct bank_parts {
    acta_sim *sim;
    acta_app *app; /* NULL: none runs */
    acta_environment environment;
    bool audits, passes, operates, has_others, travels;
    uint32_t orders_left;
    const char *paused; /* or perhaps so; NULL: no reader is */
    bool may_be_reset;  /* a reset was not answered: it may come at any time of this life */
    uint64_t begun, ended;
    uint32_t number; /* of the last append of somebody else's */
    acta_reader_options lanes;
    acta_middleware middleware;
    const acta_middleware *list[2];
} bank_parts;

/* Draw what is on, into the configuration, the accounts' aggregate and the handler, which live as long as the parts. */
void bank_parts_begin(bank_parts *parts, acta_sim *sim, acta_app_config *config, bank_Account_aggregate *account,
    acta_event_handler *handler);
void bank_parts_started(bank_parts *parts, acta_app *app);
void bank_parts_crashed(bank_parts *parts);

/* Somebody who is no client does something; false: nobody does. `is_last`: clients have nothing to do. */
bool bank_parts_act(bank_parts *parts, const bank_fold *fold, uint32_t account_count, bool is_last);
static inline bool
bank_parts_are_done(const bank_parts *parts)
{
    return parts->paused == NULL;
}

/* At rest. ACTA_OK, or ACTA_CORRUPT and the broken invariant; or, where the disk failed, its error. */
acta_status bank_parts_check(const bank_parts *parts, const bank_fold *fold, acta_error *error);

#endif
