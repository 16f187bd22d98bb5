/*
 * The items of the crash test. See workload.h.
 */
#include "workload.h"

#include <inttypes.h>
#include <stdio.h>

enum { OPEN_COUNT = ACCOUNT_COUNT - CLOSED_COUNT, AMOUNT_MAX = 300, AMOUNT_TOO_LARGE = 1000000 };

static uint64_t
draw(uint64_t seed, uint32_t number, uint32_t index)
{
    uint64_t x = seed + UINT64_C(0x9e3779b97f4a7c15) * ((uint64_t)number * 8 + index + 1);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static acta_str
name(item *i, uint32_t slot, const char *prefix, uint32_t number)
{
    snprintf(i->texts[slot], ID_SIZE, "%s%" PRIu32, prefix, number);
    return acta_str_of(i->texts[slot]);
}

static int64_t
balance_of(uint32_t account)
{
    return account < OPEN_COUNT ? BALANCE : 0;
}

/* Most can be done; some ask for too much, or go to a closed account, to nobody, to oneself. */
static void
init_transfer(item *i, uint64_t seed, uint32_t number)
{
    uint32_t kind = (uint32_t)(draw(seed, number, 0) % 100);
    uint32_t source = (uint32_t)(draw(seed, number, 1) % OPEN_COUNT);
    uint32_t target = (uint32_t)(draw(seed, number, 2) % OPEN_COUNT);
    int64_t amount = 1 + (int64_t)(draw(seed, number, 3) % AMOUNT_MAX);

    if (kind < 5)
        amount = AMOUNT_TOO_LARGE;
    else if (kind < 12)
        target = OPEN_COUNT + target % CLOSED_COUNT;
    else if (kind < 18)
        target = ACCOUNT_COUNT + number;
    else if (kind < 20)
        target = source;
    i->command = &bank_RequestTransfer_table;
    i->value.transfer = ACTA_INIT(bank_RequestTransfer, .transfer_id = name(i, 0, "t", number),
        .source_id = name(i, 1, "a", source), .target_id = name(i, 2, "a", target), .amount = amount);
}

void
item_init(item *i, uint64_t seed, uint32_t number)
{
    char id[ID_SIZE];

    snprintf(id, sizeof id, "item %" PRIu32, number);
    i->command_id = acta_id_of(acta_str_of(id));
    if (number < FIRST_CLOSING) {
        i->command = &bank_OpenAccount_table;
        i->value.open = ACTA_INIT(bank_OpenAccount, .account_id = name(i, 0, "a", number),
            .owner = acta_str_of(number % 2 == 0 ? "even" : "odd"), .initial_balance = balance_of(number));
    } else if (number < FIRST_TRANSFER) {
        i->command = &bank_CloseAccount_table;
        i->value.close =
            ACTA_INIT(bank_CloseAccount, .account_id = name(i, 0, "a", OPEN_COUNT + number - FIRST_CLOSING));
    } else {
        init_transfer(i, seed, number);
    }
}

int64_t
workload_money(void)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < ACCOUNT_COUNT; i++)
        sum += balance_of(i);
    return sum;
}
