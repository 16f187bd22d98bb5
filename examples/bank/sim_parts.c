/*
 * Parts of the framework in the simulated bank. See sim_parts.h.
 */
#define ACTA_SITES_SECTION "bank_sites"
#include "sim_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "acta/readers.h"
#include "acta/sites.h"
#include "acta/time_travel.h"

enum {
    REFUSE_PER_MILLE = 30,
    ORDER_PER_MILLE = 20,
    RESUME_PER_MILLE = 200,
    ORDERS_MAX = 16,
    ORDER_MS = 2000,
    OTHERS_PER_MILLE = 50,
    AMOUNT_MAX = 20
};

/* -- drawing -- */

static uint32_t
draw(const bank_parts *p, uint32_t count)
{
    return acta_sim_choose(p->sim, ACTA_SIM_SETTINGS, count);
}

static uint32_t
by_balance(const bank_Account *account, const acta_lifespan_after *after)
{
    (void)after;
    switch (account->balance % 4) {
    case 0:
        return ACTA_LIFESPAN_STOP;
    case 1:
        return 50;
    default:
        return ACTA_LIFESPAN_DEFAULT;
    }
}

static void
refuse_some(acta_passage *passage, void *user)
{
    bank_parts *p = user;

    p->begun++;
    if (acta_sim_chance(p->sim, ACTA_SIM_SETTINGS, REFUSE_PER_MILLE))
        acta_passage_respond(passage, ACTA_BUSY, 0, NULL, "the guard is busy");
}

static void
note_end(acta_passage *passage, void *user)
{
    bank_parts *p = user;

    (void)passage;
    p->ended++;
}

static void
draw_lanes(bank_parts *p, acta_event_handler *handler)
{
    static const uint32_t batches[] = { 1, 2, 5 };

    p->lanes = (acta_reader_options){ .concurrency = 1 + draw(p, 4), .batch_size = batches[draw(p, 3)] };
    if (p->lanes.batch_size > 1) p->lanes.batch_timeout_ms = draw(p, 2) * 100;
    if (handler->window != 0 && handler->window < p->lanes.batch_size) handler->window = p->lanes.batch_size;
    handler->options = &p->lanes;
}

void
bank_parts_begin(
    bank_parts *p, acta_sim *sim, acta_app_config *config, bank_Account_aggregate *account, acta_event_handler *handler)
{
    static const uint64_t budgets[] = { 0, 1, 4096, 20000 };

    *p = (bank_parts){ .sim = sim, .orders_left = ORDERS_MAX };
    p->audits = draw(p, 3) == 2;
    config->audit.is_on = p->audits;
    config->aggregate_memory_bytes = budgets[draw(p, 4)];
    p->passes = draw(p, 3) == 2;
    p->operates = draw(p, 3) == 2;
    p->has_others = draw(p, 3) == 2;
    p->travels = draw(p, 3) == 2;
    if (draw(p, 4) == 3) account->lifespan = by_balance;
    if (draw(p, 3) == 2) draw_lanes(p, handler);
    p->middleware =
        (acta_middleware){ .name = "guard", .before = refuse_some, .after = note_end, .failure = note_end, .user = p };
    p->list[0] = p->passes ? &p->middleware : NULL;
    config->middleware = p->list;
}

void
bank_parts_started(bank_parts *p, acta_app *app)
{
    p->app = app;
    p->environment = *acta_runtime_environment(acta_app_runtime(app));
}

void
bank_parts_crashed(bank_parts *p)
{
    p->app = NULL;
    p->begun = p->ended = 0;
    p->may_be_reset = false;
}

/* -- operators -- */

static void
resume(bank_parts *p)
{
    const acta_operator op = { .by = "simulation", .timeout_ms = ORDER_MS };

    if (acta_reader_resume(p->app, p->paused, &op, NULL) == ACTA_OK) p->paused = NULL;
}

/* An order that was not answered may have been carried out. */
static void
give_order(bank_parts *p)
{
    static const char *const names[] = { "accounts", "transfers", "witness" };
    static const acta_table *const row_tables[] = { &bank_AccountRow_table, &bank_CustomerRow_table, NULL };
    const acta_operator op = { .by = "simulation", .timeout_ms = ORDER_MS };
    const char *name = names[draw(p, 3)];
    acta_status status;

    p->orders_left--;
    switch (draw(p, 4)) {
    case 0:
        acta_reader_replay(p->app, name, NULL, &op, NULL, NULL);
        return;
    case 1:
        status = acta_reader_reset_live(p->app, "accounts", row_tables, &op, NULL);
        break;
    case 2:
        status = acta_reader_reset_live(p->app, "witness", NULL, &op, NULL);
        break;
    default:
        p->paused = name;
        if (acta_reader_pause(p->app, name, &op, NULL) == ACTA_OK)
            ACTA_SOMETIMES(&p->environment, "bank.paused: a reader, while commands come");
        return;
    }
    if (status == ACTA_OK) ACTA_SOMETIMES(&p->environment, "bank.set.back: a reader, while commands come");
    p->may_be_reset = p->may_be_reset || status != ACTA_OK;
}

static bool
operate(bank_parts *p, bool is_last)
{
    if (p->paused != NULL && (is_last || acta_sim_chance(p->sim, ACTA_SIM_SETTINGS, RESUME_PER_MILLE))) {
        resume(p);
        return true;
    }
    if (p->paused != NULL || is_last || p->orders_left == 0) return false;
    if (!acta_sim_chance(p->sim, ACTA_SIM_SETTINGS, ORDER_PER_MILLE)) return false;
    give_order(p);
    return true;
}

/* -- somebody else's appends -- */

/* A deposit by hand, as the account is at the log's end. If it isn't any more, nothing is appended. */
static bool
append_by_hand(bank_parts *p, const bank_fold *fold, uint32_t account_count)
{
    char name[40];
    int size = snprintf(name, sizeof name, "Account-account-%" PRIu32, draw(p, account_count));
    acta_str stream = acta_str_from(name, (size_t)size);
    const bank_stream *account = bank_fold_find(fold, stream);
    int64_t amount = 1 + (int64_t)draw(p, AMOUNT_MAX);
    if (account == NULL || account->version == 0) return false;

    const bank_moment *now = &account->moments[account->version];
    if (!now->open || now->closed || now->balance > INT64_MAX - amount) return false;
    const bank_MoneyDeposited deposited = {
        .account_id = account->id, .amount = amount, .balance = now->balance + amount
    };
    acta_memory *memory = acta_memory_create(NULL);
    acta_transaction *transaction = acta_transaction_create(acta_app_store(p->app));
    acta_status status = ACTA_NO_MEMORY;
    if (memory != NULL && transaction != NULL) {
        acta_memory_sink sink = acta_memory_sink_of(memory);
        status = bank_MoneyDeposited_write(&deposited, &sink.sink, NULL);
        const acta_event event = { .type = acta_str_of(bank_MoneyDeposited_table.name),
            .schema_hash = bank_MoneyDeposited_table.schema_hash,
            .payload = sink.bytes };
        acta_transaction_append(transaction, stream, account->version, &event, 1);
    }
    if (status == ACTA_OK)
        acta_store_submit(acta_app_store(p->app), transaction, NULL, NULL, NULL);
    else
        acta_transaction_destroy(transaction);
    acta_memory_destroy(memory);
    if (status == ACTA_OK) ACTA_SOMETIMES(&p->environment, "bank.by.hand: an event that no command led to");
    return true;
}

bool
bank_parts_act(bank_parts *p, const bank_fold *fold, uint32_t account_count, bool is_last)
{
    if (p->operates && operate(p, is_last)) return true;
    if (is_last || !p->has_others || !acta_sim_chance(p->sim, ACTA_SIM_SETTINGS, OTHERS_PER_MILLE)) return false;
    return append_by_hand(p, fold, account_count);
}

/* -- audit -- */

typedef struct id_list {
    acta_id *ids;
    uint64_t count, room;
} id_list;

static acta_status
add_id(id_list *list, acta_id id, acta_error *error)
{
    if (list->count == list->room) {
        uint64_t room = list->room > 0 ? list->room * 2 : 256;
        acta_id *ids = realloc(list->ids, room * sizeof *ids);
        if (ids == NULL) return acta_error_set(error, ACTA_NO_MEMORY, NULL);
        list->ids = ids;
        list->room = room;
    }
    list->ids[list->count++] = id;
    return ACTA_OK;
}

static int
compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(acta_id));
}

/* A command's id, as often as the record says that it has led to events. */
static acta_status
list_audited(acta_app *app, id_list *list, acta_error *error)
{
    acta_audit_cursor *cursor;
    acta_audit_record record;

    acta_status status = acta_audit_open(app, NULL, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_audit_next(cursor, &record, error)) == ACTA_OK) {
        for (uint32_t i = 0; status == ACTA_OK && i < record.event_count; i++)
            status = add_id(list, record.command_id, error);
        if (status != ACTA_OK) break;
    }
    acta_audit_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
list_effects(const bank_fold *fold, id_list *list, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (uint64_t position = 1; status == ACTA_OK && position <= bank_fold_position(fold); position++) {
        uint64_t version;
        const bank_stream *stream = bank_fold_at(fold, position, &version);
        if (!acta_id_is_none(stream->moments[version].command_id))
            status = add_id(list, stream->moments[version].command_id, error);
    }
    return status;
}

static acta_status
check_audit(const bank_parts *p, const bank_fold *fold, acta_error *error)
{
    id_list effects = { .count = 0 }, audited = { .count = 0 };

    acta_status status = list_effects(fold, &effects, error);
    if (status == ACTA_OK) status = list_audited(p->app, &audited, error);
    if (effects.count > 0) qsort(effects.ids, effects.count, sizeof *effects.ids, compare);
    if (audited.count > 0) qsort(audited.ids, audited.count, sizeof *audited.ids, compare);
    bool is_same = effects.count == audited.count &&
                   (effects.count == 0 || memcmp(effects.ids, audited.ids, effects.count * sizeof *effects.ids) == 0);
    if (status == ACTA_OK && !is_same)
        status = acta_error_set(error, ACTA_CORRUPT,
            "the audit is not the log: commands have led to %" PRIu64 " events, and %" PRIu64 " by their records",
            effects.count, audited.count);
    free(effects.ids);
    free(audited.ids);
    return status;
}

/* -- the past -- */

static acta_status
check_point(const bank_parts *p, const bank_stream *stream, uint64_t version, acta_point at, acta_error *error)
{
    const bank_moment *moment = &stream->moments[version];
    bank_Account account;
    acta_place place;

    acta_status status = acta_aggregate_read_at(
        acta_app_history(p->app), &bank_Account_table, stream->id, at, &account, NULL, &place, error);
    if (status != ACTA_OK) return status;
    if (account.balance == moment->balance && account.open == (moment->open && !moment->closed) &&
        place.version == version)
        return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT,
        "the past is not the fold of the log: '%s' at version %" PRIu64 " has %" PRId64 " there, not %" PRId64,
        stream->name, version, account.balance, moment->balance);
}

static acta_status
check_past(const bank_parts *p, const bank_fold *fold, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (uint32_t i = 0; status == ACTA_OK && i < bank_fold_stream_count(fold); i++) {
        const bank_stream *stream = bank_fold_stream_at(fold, i);
        if (!stream->is_account || stream->version == 0) continue;
        uint64_t middle = (stream->version + 1) / 2;
        status = check_point(p, stream, 1, acta_at_version(1), error);
        if (status == ACTA_OK) status = check_point(p, stream, middle, acta_at_version(middle), error);
        if (status == ACTA_OK)
            status = check_point(p, stream, middle, acta_at_position(stream->moments[middle].position), error);
    }
    return status;
}

acta_status
bank_parts_check(const bank_parts *p, const bank_fold *fold, acta_error *error)
{
    acta_status status = ACTA_OK;

    if (p->list[0] != NULL && p->begun != p->ended)
        status = acta_error_set(error, ACTA_CORRUPT,
            "middleware is not told of an end: %" PRIu64 " commands began, and %" PRIu64 " ended", p->begun, p->ended);
    if (status == ACTA_OK && p->audits) status = check_audit(p, fold, error);
    if (status == ACTA_OK && p->travels) status = check_past(p, fold, error);
    return status;
}
