/*
 * The clients of the simulated bank: a script of commands, each with an id, asked again until it has an answer. What they
 * asked, when, and what they were told is the history that sim_checks.h compares with the log.
 *
 *     begin: draw the script      act: send the next, or read something      crashed: what was open is asked again
 *
 * Some commands are sent under an id that another one has: as the same once more (a twin), or as another (a thief); and some
 * once more under an id of their own.
 */
#ifndef BANK_SIM_CLIENTS_H
#define BANK_SIM_CLIENTS_H

#include "acta/sim.h"
#include "bank.acta.h"

enum { BANK_CLIENT_ACCOUNT_MAX = 1000, BANK_ASK_ID_MAX = 24 };

typedef enum bank_ask_state {
    BANK_ASK_UNSENT, /* not yet, or its answer was lost in a crash */
    BANK_ASK_IN_FLIGHT,
    BANK_ASK_ANSWERED /* for good: accepted, rejected, or its id was used before */
} bank_ask_state;

typedef struct bank_ask {
    const acta_table *command;
    union {
        bank_OpenAccount open;
        bank_Deposit deposit;
        bank_Withdraw withdraw;
        bank_CloseAccount close;
        bank_RequestTransfer transfer;
    } value;
    char ids[3][BANK_ASK_ID_MAX]; /* what the strings in `value` point to */
    acta_id command_id;
    uint32_t leader; /* the first of those with this id; itself, mostly */
    bool is_thief;   /* it is another command than its leader; those with one leader that are none are the same */
    bool waits;      /* sent with wait_for: its row must be there when it is answered */
    bank_ask_state state;

    /* The first answer, and the log's head when it was first asked and when that answer came. */
    bool asked_once, answered_once;
    acta_status answer;
    uint32_t code;
    uint64_t version, position;
    uint64_t head_asked, head_answered;

    struct bank_clients *clients;
} bank_ask;

/* Something that is wrong at once, without the log. Called at most once for each finding; `text` lives until it returns. */
typedef void bank_client_found(void *user, const char *invariant, const char *text);

typedef struct bank_clients {
    acta_sim *sim;
    acta_app *app; /* NULL: none runs */
    uint32_t account_count;
    uint32_t hot_count; /* the first so many accounts are asked half of the time */
    uint32_t window;    /* commands in flight */

    bank_ask *asks;
    uint32_t ask_count, ask_room;
    uint32_t *unsent; /* asks to be sent, as a ring of ask_count */
    uint32_t unsent_first, unsent_count;
    uint32_t answered_count, in_flight_count;
    bool is_out_of_memory;
    bool rows_may_go; /* somebody has asked for a reset of the rows, which may come at any time */

    bank_client_found *found;
    void *user;
} bank_clients;

/* Draw a script. False: no memory; destroy takes it then, too. `found` may be NULL. */
bool bank_clients_begin(bank_clients *clients, acta_sim *sim, bank_client_found *found, void *user);
void bank_clients_destroy(bank_clients *clients);

/* Send one more command, if the window allows. False: nothing to send now. */
bool bank_clients_act(bank_clients *clients);

/* The process died: what was in flight must be asked again, and so may be some that were answered. */
void bank_clients_crashed(bank_clients *clients);

static inline bool
bank_clients_are_done(const bank_clients *clients)
{
    return clients->answered_count == clients->ask_count;
}

/* The stream that an ask's command goes to, in `room`. */
acta_str bank_ask_stream(const bank_ask *ask, char *room, size_t size);

#endif
