/*
 * What the bank is asked in the crash test: a row of items, the n-th of which is a function of the seed and n. So the
 * observer can ask by number, the bank's process knows what is meant, and the check knows what must have come of it.
 */
#ifndef CRASH_WORKLOAD_H
#define CRASH_WORKLOAD_H

#include "bank.acta.h"

enum {
    ACCOUNT_COUNT = 40, /* few, so that transfers meet */
    CLOSED_COUNT = 3,   /* the last of them are closed again */
    FIRST_CLOSING = ACCOUNT_COUNT,
    FIRST_TRANSFER = ACCOUNT_COUNT + CLOSED_COUNT,
    BALANCE = 20000,
    ID_SIZE = 32
};

typedef struct item {
    const acta_table *command;
    union {
        bank_OpenAccount open;
        bank_CloseAccount close;
        bank_RequestTransfer transfer;
    } value;
    acta_id command_id;
    char texts[3][ID_SIZE]; /* what the value points to: an item is not to be moved */
} item;

void item_init(item *i, uint64_t seed, uint32_t number);

/* What all accounts together begin with. */
int64_t workload_money(void);

#endif
