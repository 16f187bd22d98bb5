/*
 * The clients of the simulated bank: a script of commands, each with an id, asked again until it has an answer.
 */
#ifndef BANK_WORKLOAD_H
#define BANK_WORKLOAD_H

#include "acta/sim.h"
#include "bank.acta.h"

enum { WORKLOAD_ACCOUNT_MAX = 32, WORKLOAD_COMMAND_MAX = 512 };

typedef enum ask_state {
    ASK_UNSENT, /* not yet, or its answer was lost in a crash */
    ASK_IN_FLIGHT,
    ASK_ANSWERED /* for good: accepted or rejected */
} ask_state;

typedef struct ask {
    const acta_table *command;
    union {
        bank_OpenAccount open;
        bank_Deposit deposit;
        bank_Withdraw withdraw;
        bank_CloseAccount close;
        bank_RequestTransfer transfer;
    } value;
    char ids[3][24]; /* what the strings in `value` point to */
    acta_id command_id;
    ask_state state;
    bool answered_once; /* `answer` and what follows is the first answer */
    acta_status answer;
    uint32_t answer_code;
    uint64_t answer_position;

    struct workload *workload;
} ask;

typedef struct workload {
    acta_sim *sim;
    uint32_t account_count;
    ask asks[WORKLOAD_COMMAND_MAX];
    uint32_t ask_count;
    uint32_t answered_count;
    uint32_t in_flight_count;
    uint32_t window; /* clients at a time */

    uint32_t changed_answer_count; /* asked again, and the answer was another one: must stay 0 */
} workload;

/* Draw a script from the seed: accounts, deposits, transfers (to oneself, to nobody, too large, of nothing), closings. */
void workload_init(workload *workload, acta_sim *sim);

/* Send one more command, if the window allows. False: nothing to send now. */
bool workload_send(workload *workload, acta_app *app);

/* The process died: what is in flight must be asked again, and so may be some that were answered. */
void workload_crashed(workload *workload);

#endif
