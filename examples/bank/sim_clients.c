/*
 * The clients of the simulated bank. See sim_clients.h.
 *
 * Answers that count: accepted, rejected, and that an id was used before. All others (busy, timeout, stopped, unknown) mean:
 * ask again with the same id, as a client of the real bank would.
 */
#include "sim_clients.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    REPEAT_PER_MILLE = 200, /* answered commands that are asked once more after a crash */
    WINDOW_MAX = 32,
    HOT_MAX = 3,
    ACCOUNTS_FEW = 32,
    OWNER_COUNT = 3,
    COMMANDS_MIN = 10,
    COMMANDS_MORE = 120,
    ASKS_PER_ACCOUNT = 2 /* a bound: one that opens it, and its twin */
};

static uint32_t
draw(const bank_clients *c, uint32_t count)
{
    return acta_sim_choose(c->sim, ACTA_SIM_WORKLOAD, count);
}

/* -- the script -- */

/* "account-17", and a zero behind it; some hundred names are made for each seed. */
static acta_str
name_numbered(char room[BANK_ASK_ID_MAX], const char *kind, uint32_t number)
{
    char digits[10]; /* the last one first */
    size_t digit_count = 0, size = strlen(kind);

    memcpy(room, kind, size);
    do {
        digits[digit_count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (digit_count > 0)
        room[size++] = digits[--digit_count];
    room[size] = '\0';
    return acta_str_from(room, size);
}

static acta_str
name_account(bank_ask *a, uint32_t slot, uint32_t number)
{
    return name_numbered(a->ids[slot], "account-", number);
}

static acta_str
name_transfer(bank_ask *a, uint32_t number)
{
    return name_numbered(a->ids[2], "transfer-", number);
}

/* The room was made for all that can be drawn: no ask moves once it is there. */
static bank_ask *
add(bank_clients *c, const acta_table *command)
{
    bank_ask *a = &c->asks[c->ask_count];
    char name[BANK_ASK_ID_MAX];

    *a = (bank_ask){ .command = command,
        .command_id = acta_id_of(name_numbered(name, "ask-", c->ask_count)),
        .leader = c->ask_count,
        .clients = c };
    c->ask_count++;
    return a;
}

static void
add_open(bank_clients *c, uint32_t number)
{
    static const char *const owners[OWNER_COUNT] = { "ada", "bert", "" };
    bank_ask *a = add(c, &bank_OpenAccount_table);

    a->value.open = ACTA_INIT(bank_OpenAccount, .account_id = name_account(a, 0, number),
        .owner = acta_str_of(owners[number % OWNER_COUNT]), .initial_balance = (int64_t)draw(c, 100));
}

static int64_t
draw_amount(const bank_clients *c)
{
    static const int64_t edges[] = { 0, -1, 1000000, INT64_MAX, INT64_MIN };
    enum { EDGE_COUNT = sizeof edges / sizeof edges[0] };

    if (draw(c, 20) == 19) return edges[draw(c, EDGE_COUNT)];
    return 1 + (int64_t)draw(c, 60);
}

/* Half of what is asked is asked of a few. One number past the last is an account that nobody opens. */
static uint32_t
draw_account(const bank_clients *c, uint32_t count)
{
    return draw(c, 2) == 0 ? draw(c, c->hot_count) : draw(c, count);
}

static void
add_transfer(bank_clients *c, uint32_t number)
{
    bank_ask *a = add(c, &bank_RequestTransfer_table);

    a->value.transfer = ACTA_INIT(bank_RequestTransfer, .transfer_id = name_transfer(a, number),
        .source_id = name_account(a, 0, draw_account(c, c->account_count)),
        .target_id = name_account(a, 1, draw_account(c, c->account_count + 1)), .amount = draw_amount(c));
}

static void
add_cash(bank_clients *c)
{
    uint32_t number = draw_account(c, c->account_count);

    if (draw(c, 2) == 0) {
        bank_ask *a = add(c, &bank_Deposit_table);
        a->value.deposit = ACTA_INIT(bank_Deposit, .account_id = name_account(a, 0, number), .amount = draw_amount(c));
        a->waits = draw(c, 4) == 3;
        return;
    }
    bank_ask *a = add(c, &bank_Withdraw_table);
    a->value.withdraw = ACTA_INIT(bank_Withdraw, .account_id = name_account(a, 0, number), .amount = draw_amount(c));
}

static void
add_close(bank_clients *c)
{
    bank_ask *a = add(c, &bank_CloseAccount_table);
    a->value.close = ACTA_INIT(bank_CloseAccount, .account_id = name_account(a, 0, draw_account(c, c->account_count)));
}

/* What a copy's strings point to are its own ids. */
static void
point_at_own_ids(bank_ask *a)
{
    acta_str first = acta_str_of(a->ids[0]);

    if (a->command == &bank_OpenAccount_table) a->value.open.account_id = first;
    if (a->command == &bank_Deposit_table) a->value.deposit.account_id = first;
    if (a->command == &bank_Withdraw_table) a->value.withdraw.account_id = first;
    if (a->command == &bank_CloseAccount_table) a->value.close.account_id = first;
    if (a->command != &bank_RequestTransfer_table) return;
    a->value.transfer.source_id = first;
    a->value.transfer.target_id = acta_str_of(a->ids[1]);
    a->value.transfer.transfer_id = acta_str_of(a->ids[2]);
}

/* The last ask once more, under the same id. */
static void
add_twin(bank_clients *c)
{
    bank_ask *a = &c->asks[c->ask_count];

    *a = c->asks[c->ask_count - 1];
    point_at_own_ids(a);
    c->ask_count++;
}

/* The last ask once more, under an id of its own: a transfer that was requested so already changes nothing. */
static void
add_again(bank_clients *c)
{
    const bank_ask *first = &c->asks[c->ask_count - 1];
    bank_ask *a = add(c, first->command);

    a->value = first->value;
    memcpy(a->ids, first->ids, sizeof a->ids);
    point_at_own_ids(a);
}

/* Another command under the id of the one before it. */
static void
add_thief(bank_clients *c)
{
    const bank_ask *first = &c->asks[c->ask_count - 1];
    bank_ask *a = add(c, &bank_Deposit_table);

    a->value.deposit =
        ACTA_INIT(bank_Deposit, .account_id = name_account(a, 0, draw(c, c->account_count)), .amount = 1000);
    a->command_id = first->command_id;
    a->leader = first->leader;
    a->is_thief = true;
}

static void
add_any(bank_clients *c, uint32_t number)
{
    uint32_t kind = draw(c, 20);

    if (kind < 14)
        add_transfer(c, number);
    else if (kind < 18)
        add_cash(c);
    else if (kind < 19)
        add_open(c, draw(c, c->account_count + 1)); /* again, mostly */
    else
        add_close(c);
    uint32_t more = draw(c, 20);
    if (more == 19) add_twin(c);
    if (more == 18) add_thief(c);
    if (more == 17) add_again(c);
}

/* Mostly a few, which meet often; now and then many. */
static uint32_t
draw_account_count(const bank_clients *c)
{
    if (draw(c, 32) == 31) return 2 + draw(c, BANK_CLIENT_ACCOUNT_MAX - 1);
    return 2 + draw(c, ACCOUNTS_FEW - 1);
}

bool
bank_clients_begin(bank_clients *c, acta_sim *sim, bank_client_found *found, void *user)
{
    *c = (bank_clients){ .sim = sim, .found = found, .user = user };
    c->account_count = draw_account_count(c);
    c->hot_count = c->account_count < HOT_MAX ? c->account_count : HOT_MAX;
    c->window = 1 + draw(c, WINDOW_MAX);

    uint32_t count = COMMANDS_MIN + draw(c, COMMANDS_MORE);
    c->ask_room = c->account_count * ASKS_PER_ACCOUNT + count * 2;
    c->asks = calloc(c->ask_room, sizeof *c->asks);
    c->unsent = calloc(c->ask_room, sizeof *c->unsent);
    if (c->asks == NULL || c->unsent == NULL) return false;

    for (uint32_t i = 0; i < c->account_count; i++)
        add_open(c, i);
    for (uint32_t i = 0; i < count; i++)
        add_any(c, i);
    for (uint32_t i = 0; i < c->ask_count; i++)
        c->unsent[i] = i;
    c->unsent_count = c->ask_count;
    return true;
}

void
bank_clients_destroy(bank_clients *c)
{
    free(c->asks);
    free(c->unsent);
    c->asks = NULL;
    c->unsent = NULL;
}

/* -- answers -- */

static void
ask_later(bank_clients *c, uint32_t index)
{
    c->asks[index].state = BANK_ASK_UNSENT;
    c->unsent[(c->unsent_first + c->unsent_count) % c->ask_count] = index;
    c->unsent_count++;
}

static bool
is_final(acta_status status)
{
    return status == ACTA_OK || status == ACTA_REJECTED || status == ACTA_COMMAND_ID_REUSED;
}

static void
tell(const bank_clients *c, const char *invariant, const char *text)
{
    if (c->found != NULL) c->found(c->user, invariant, text);
}

static bool
is_first_answer(const bank_ask *a, const acta_dispatch_result *result, uint32_t code)
{
    return a->answer == result->status && a->code == code && a->position == result->position &&
           a->version == result->version;
}

static void
tell_changed(const bank_ask *a, const acta_dispatch_result *result)
{
    char text[256];

    snprintf(text, sizeof text, "ask %td (%s): %s at position %" PRIu64 ", then %s at position %" PRIu64,
        a - a->clients->asks, a->command->name, acta_status_name(a->answer), a->position,
        acta_status_name(result->status), result->position);
    tell(a->clients, "a command id got two answers", text);
}

static void
answered(void *user, const acta_dispatch_result *result)
{
    bank_ask *a = user;
    bank_clients *c = a->clients;
    uint32_t index = (uint32_t)(a - c->asks);

    c->in_flight_count--;
    if (!is_final(result->status)) {
        if (result->status == ACTA_INVALID)
            tell(c, "a sound command is called invalid", result->error != NULL ? result->error->text : "");
        ask_later(c, index);
        return;
    }
    uint32_t code = result->error != NULL && result->status == ACTA_REJECTED ? result->error->code : 0;
    if (a->answered_once && !is_first_answer(a, result, code)) tell_changed(a, result);
    if (!a->answered_once) {
        a->answered_once = true;
        a->answer = result->status;
        a->code = code;
        a->version = result->version;
        a->position = result->position;
        a->head_answered = acta_store_head(acta_app_store(c->app));
    }
    a->state = BANK_ASK_ANSWERED;
    c->answered_count++;
    const uint64_t note[] = { index, result->status, result->position };
    acta_sim_note(c->sim, note, sizeof note);
}

/* -- sending -- */

/* The newest balance that an account's row may have: that of an event at `from` or behind it. */
static bool
is_balance_since(acta_store *store, const char *stream, uint64_t version, int64_t balance)
{
    acta_cursor *cursor;
    acta_recorded event;
    bool is_found = false;

    if (acta_cursor_open(store, &(acta_read){ .stream = acta_str_of(stream), .from = version }, &cursor, NULL) !=
        ACTA_OK)
        return true; /* the disk fails: nobody knows */
    acta_status status;
    while (!is_found && (status = acta_cursor_next(cursor, &event, NULL)) == ACTA_OK) {
        bank_MoneyDeposited deposited;
        bank_MoneyWithdrawn withdrawn;
        if (acta_str_equal(event.type, acta_str_of(bank_MoneyDeposited_table.name))) {
            bank_MoneyDeposited_read(event.payload, &deposited);
            is_found = deposited.balance == balance;
        } else if (acta_str_equal(event.type, acta_str_of(bank_MoneyWithdrawn_table.name))) {
            bank_MoneyWithdrawn_read(event.payload, &withdrawn);
            is_found = withdrawn.balance == balance;
        }
    }
    acta_cursor_close(cursor);
    return is_found || (status != ACTA_OK && status != ACTA_NOT_FOUND);
}

/* The reply to a deposit that waited for the row: it must tell of the deposit, or of something later. */
static void
check_row_is_there(const bank_ask *a, uint64_t version)
{
    bank_clients *c = a->clients;
    bank_AccountRow row;
    char stream[40], text[160];

    acta_status status = bank_AccountRow_find(c->app, a->value.deposit.account_id, &row, NULL, NULL);
    snprintf(stream, sizeof stream, "Account-%s", a->ids[0]);
    if (status == ACTA_OK && is_balance_since(acta_app_store(c->app), stream, version, row.balance)) return;
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return;
    snprintf(text, sizeof text, "'%s' is at version %" PRIu64 ", and its row %s", stream, version,
        status == ACTA_OK ? "tells of a time before" : "is not there");
    tell(c, "a reply came before the row that it waited for", text);
}

static void
send_and_wait(bank_ask *a)
{
    static const char *const readers[] = { "accounts", NULL };
    acta_error error = { 0 };
    acta_dispatch_result result = { .error = &error };
    const acta_dispatch_options options = { .command_id = a->command_id,
        .wait_for = readers,
        .version_out = &result.version,
        .position_out = &result.position };

    result.status = acta_dispatch(a->clients->app, a->command, &a->value, &options, &error);
    if (result.status == ACTA_OK && !a->clients->rows_may_go) check_row_is_there(a, result.version);
    answered(a, &result);
}

static void
send(bank_clients *c, uint32_t index)
{
    bank_ask *a = &c->asks[index];

    if (!a->asked_once) a->head_asked = acta_store_head(acta_app_store(c->app));
    a->asked_once = true;
    a->state = BANK_ASK_IN_FLIGHT;
    c->in_flight_count++;
    if (a->waits)
        send_and_wait(a);
    else
        acta_dispatch_async(
            c->app, a->command, &a->value, &(acta_dispatch_options){ .command_id = a->command_id }, answered, a);
}

bool
bank_clients_act(bank_clients *c)
{
    if (c->in_flight_count >= c->window || c->unsent_count == 0) return false;
    uint32_t index = c->unsent[c->unsent_first];
    c->unsent_first = (c->unsent_first + 1) % c->ask_count;
    c->unsent_count--;
    send(c, index);
    return true;
}

void
bank_clients_crashed(bank_clients *c)
{
    c->in_flight_count = 0;
    c->app = NULL;
    for (uint32_t i = 0; i < c->ask_count; i++) {
        bank_ask *a = &c->asks[i];
        bool is_repeated =
            a->state == BANK_ASK_ANSWERED && acta_sim_chance(c->sim, ACTA_SIM_WORKLOAD, REPEAT_PER_MILLE);
        if (is_repeated) c->answered_count--;
        if (is_repeated || a->state == BANK_ASK_IN_FLIGHT) ask_later(c, i);
    }
}

acta_str
bank_ask_stream(const bank_ask *a, char *room, size_t size)
{
    bool is_transfer = a->command == &bank_RequestTransfer_table;
    int written = snprintf(room, size, "%s%s", is_transfer ? "Transfer-" : "Account-", a->ids[is_transfer ? 2 : 0]);
    return acta_str_from(room, (size_t)written);
}
