/*
 * The clients of the simulated bank. See bank_workload.h.
 *
 * Answers that count: accepted and rejected. All others (busy, timeout, stopped, unknown) mean: ask again with the same
 * id, as a client of the real bank would.
 */
#include "bank_workload.h"

#include <stdio.h>
#include <stdlib.h>

enum { REPEAT_PER_MILLE = 200 /* answered commands that are asked once more after a crash */ };

static uint32_t
draw(workload *w, uint32_t count)
{
    return acta_sim_choose(w->sim, ACTA_SIM_WORKLOAD, count);
}

static acta_str
name_account(ask *a, uint32_t slot, uint32_t number)
{
    snprintf(a->ids[slot], sizeof a->ids[slot], "account-%u", number);
    return acta_str_of(a->ids[slot]);
}

static acta_str
name_transfer(ask *a, uint32_t number)
{
    snprintf(a->ids[2], sizeof a->ids[2], "transfer-%u", number);
    return acta_str_of(a->ids[2]);
}

static ask *
add(workload *w, const acta_table *command)
{
    ask *a = &w->asks[w->ask_count++];
    char name[32];

    snprintf(name, sizeof name, "ask-%u", w->ask_count);
    *a = (ask){ .command = command, .command_id = acta_id_of(acta_str_of(name)), .workload = w };
    return a;
}

static void
add_open(workload *w, uint32_t number)
{
    ask *a = add(w, &bank_OpenAccount_table);
    a->value.open = ACTA_INIT(bank_OpenAccount, .account_id = name_account(a, 0, number),
        .owner = acta_str_of(number % 2 == 0 ? "even" : "odd"), .initial_balance = (int64_t)draw(w, 100));
}

static int64_t
draw_amount(workload *w)
{
    static const int64_t edges[] = { 0, -1, 1000000, INT64_MAX };
    if (draw(w, 20) == 19) return edges[draw(w, 4)];
    return 1 + (int64_t)draw(w, 60);
}

/* One number past the last is an account that nobody opens. */
static void
add_transfer(workload *w, uint32_t number)
{
    ask *a = add(w, &bank_RequestTransfer_table);
    a->value.transfer = ACTA_INIT(bank_RequestTransfer, .transfer_id = name_transfer(a, number),
        .source_id = name_account(a, 0, draw(w, w->account_count)),
        .target_id = name_account(a, 1, draw(w, w->account_count + 1)), .amount = draw_amount(w));
}

static void
add_cash(workload *w)
{
    uint32_t number = draw(w, w->account_count);

    if (draw(w, 2) == 0) {
        ask *a = add(w, &bank_Deposit_table);
        a->value.deposit = ACTA_INIT(bank_Deposit, .account_id = name_account(a, 0, number), .amount = draw_amount(w));
        return;
    }
    ask *a = add(w, &bank_Withdraw_table);
    a->value.withdraw = ACTA_INIT(bank_Withdraw, .account_id = name_account(a, 0, number), .amount = draw_amount(w));
}

static void
add_close(workload *w)
{
    ask *a = add(w, &bank_CloseAccount_table);
    a->value.close = ACTA_INIT(bank_CloseAccount, .account_id = name_account(a, 0, draw(w, w->account_count)));
}

void
workload_init(workload *w, acta_sim *sim)
{
    memset(w, 0, sizeof *w);
    w->sim = sim;
    w->account_count = 2 + draw(w, WORKLOAD_ACCOUNT_MAX - 2);
    w->window = 1 + draw(w, 32);

    for (uint32_t i = 0; i < w->account_count; i++)
        add_open(w, i);
    uint32_t count = 10 + draw(w, 120);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t kind = draw(w, 20);
        if (kind < 15)
            add_transfer(w, i);
        else if (kind < 19)
            add_cash(w);
        else
            add_close(w);
    }
}

static bool
is_final(acta_status status)
{
    return status == ACTA_OK || status == ACTA_REJECTED;
}

static void
answered(void *user, const acta_dispatch_result *result)
{
    ask *a = user;
    workload *w = a->workload;

    w->in_flight_count--;
    if (!is_final(result->status)) {
        a->state = ASK_UNSENT;
        return;
    }
    uint32_t code = result->error != NULL && result->status == ACTA_REJECTED ? result->error->code : 0;
    if (a->answered_once) {
        bool same = a->answer == result->status && a->answer_code == code && a->answer_position == result->position;
        if (!same) w->changed_answer_count++;
    }
    a->answered_once = true;
    a->answer = result->status;
    a->answer_code = code;
    a->answer_position = result->position;
    a->state = ASK_ANSWERED;
    w->answered_count++;
    acta_sim_note(
        w->sim, &(uint64_t[3]){ (uint64_t)(a - w->asks), result->status, result->position }, sizeof(uint64_t[3]));
}

bool
workload_send(workload *w, acta_app *app)
{
    if (w->in_flight_count == w->window) return false;
    for (uint32_t i = 0; i < w->ask_count; i++) {
        ask *a = &w->asks[i];
        if (a->state != ASK_UNSENT) continue;
        a->state = ASK_IN_FLIGHT;
        w->in_flight_count++;
        acta_dispatch_async(
            app, a->command, &a->value, &(acta_dispatch_options){ .command_id = a->command_id }, answered, a);
        return true;
    }
    return false;
}

void
workload_crashed(workload *w)
{
    for (uint32_t i = 0; i < w->ask_count; i++) {
        ask *a = &w->asks[i];
        if (a->state == ASK_IN_FLIGHT) a->state = ASK_UNSENT;
        if (a->state == ASK_ANSWERED && acta_sim_chance(w->sim, ACTA_SIM_WORKLOAD, REPEAT_PER_MILLE)) {
            a->state = ASK_UNSENT;
            w->answered_count--;
        }
    }
    w->in_flight_count = 0;
}
