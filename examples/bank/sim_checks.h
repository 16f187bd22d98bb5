/*
 * What must hold of a simulated bank, each under a name of its own, which stands before the first colon of the error.
 *
 *     log -> auditor (log_check.h): rules and money                    while it runs, each event as it comes
 *         -> fold (log_fold.h) --+-- rows, at the position of their projection       } every so many steps, and at the end
 *                                +-- snapshots, instances of the process manager     }
 *                                +-- states of the aggregates                        } at the end, at rest
 *                                +-- answers to the clients, by the sequential model }
 *
 * All of these return ACTA_OK, or ACTA_CORRUPT and the broken invariant; or, where the disk failed, its error.
 */
#ifndef BANK_SIM_CHECKS_H
#define BANK_SIM_CHECKS_H

#include "acta/app.h"
#include "log_check.h"
#include "log_fold.h"
#include "sim_clients.h"

/* The rows of the read models are what the log was at the checkpoints of their projections; at rest, what it is. */
acta_status bank_check_rows(acta_app *app, const bank_fold *fold, bool is_at_rest, acta_error *error);

/* The rows of the inline projection are what the log is, now; without the last that others have appended to an account. Not at
 * rest they may be ahead: rows can be read a moment before the batch that has them is through. */
acta_status bank_check_balances(acta_app *app, const bank_fold *fold, bool is_at_rest, acta_error *error);

/* Each snapshot is the state as it was at its version. */
acta_status bank_check_snapshots(acta_store *store, const bank_fold *fold, acta_error *error);

/* Each instance of the process manager stands where the events that it has taken lead to. At rest: there is none, as each
 * transfer has ended, and nothing in an outbox. */
acta_status bank_check_managers(acta_store *store, const bank_fold *fold, bool is_at_rest, acta_error *error);

/* Each aggregate's state is the fold of its stream. Asks the aggregates. */
acta_status bank_check_states(acta_app *app, const bank_fold *fold, acta_error *error);

/* One state that was read between two moments: it was true at some time between them. */
acta_status bank_check_read(const bank_stream *account, uint64_t head_before, uint64_t head_after,
    const bank_Account *state, acta_error *error);

/* No command took effect twice, and none that was refused did. */
acta_status bank_check_once(const bank_clients *clients, const bank_fold *fold, acta_error *error);

/*
 * Each answer can be explained: there is an order of all that was asked of an account, or a transfer, in which each command
 * lies between its question and its answer, and the sequential model gives that answer. Effects lie in that order already,
 * by their versions; what had none must fit between two of them. (So each can be looked at alone, and the search of Wing
 * and Gong, 1993, is not needed.)
 */
acta_status bank_check_answers(const bank_clients *clients, const bank_fold *fold, acta_error *error);

/* Each transfer that was accepted has ended. */
acta_status bank_check_ended(const bank_log_check *log, const bank_fold *fold, acta_error *error);

/* Messages and actors: none is lost or comes from nowhere. At rest none is queued. */
acta_status bank_check_counters(const acta_runtime_stats *stats, bool is_at_rest, acta_error *error);

#endif
