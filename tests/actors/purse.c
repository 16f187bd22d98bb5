/*
 * Purses, the third program.
 */
#include "purse.h"

purse_hooks purse_hook;

/* -- what the old ones are -- */

static acta_status
in_hundredths(const purse_v1_Earned *old, acta_upcast *out)
{
    return purse_Earned_upcast(
        out, ACTA_INIT(purse_Earned, .purse_id = old->purse_id, .hundredths = old->amount * 100));
}

/* By way of version 2. */
static acta_status
without_fee(const purse_v1_Spent *old, acta_upcast *out)
{
    purse_v1_Line old_line;
    purse_v2_Line line;
    purse_v2_Spent next = { .purse_id = old->purse_id, .amount = old->amount };

    if (purse_v1_Line_ref_get(old->line, &old_line)) {
        line = (purse_v2_Line){ .what = old_line.what, .kind = (purse_v2_Kind)old_line.kind };
        next.line.data = &line;
    }
    return purse_v2_Spent_upcast(out, next);
}

/* A fee is an event of its own now. */
static acta_status
with_fee_apart(const purse_v2_Spent *old, acta_upcast *out)
{
    purse_v2_Line line;
    purse_Spent spent = { .purse_id = old->purse_id, .hundredths = old->amount * 100, .kind = purse_Kind_other };

    if (purse_v2_Line_ref_get(old->line, &line)) {
        spent.what = line.what;
        spent.kind = (purse_Kind)line.kind;
    }
    acta_status status = purse_Spent_upcast(out, spent);
    if (old->fee == 0) return status;
    return purse_Charged_upcast(out, ACTA_INIT(purse_Charged, .purse_id = old->purse_id, .hundredths = old->fee * 100));
}

static acta_status
forget_name(const purse_v1_Renamed *old, acta_upcast *out)
{
    (void)old, (void)out;
    return ACTA_OK;
}

static acta_status
one_for_each(const purse_v1_Lent *old, acta_upcast *out)
{
    if (purse_hook.lent != NULL) return purse_hook.lent(old, out);
    purse_Moved_upcast(out, ACTA_INIT(purse_Moved, .purse_id = old->purse_id, .hundredths = old->amount * 100));
    return purse_Owed_upcast(out, ACTA_INIT(purse_Owed, .purse_id = old->other_id, .hundredths = old->amount * 100));
}

const purse_upcasters purse_upcasts = PURSE_UPCASTERS(.v1 = { .Earned = in_hundredths,
                                                          .Spent = without_fee,
                                                          .Renamed = forget_name,
                                                          .Lent = one_for_each },
    .v2 = { .Spent = with_fee_apart });

/* -- purses -- */

static acta_verdict
earn(const purse_Purse *state, purse_Earn command, acta_decision *decision)
{
    (void)state;
    return purse_Earned_emit(
        decision, ACTA_INIT(purse_Earned, .purse_id = command.purse_id, .hundredths = command.hundredths));
}

static acta_verdict
spend(const purse_Purse *state, purse_Spend command, acta_decision *decision)
{
    (void)state;
    return purse_Spent_emit(
        decision, ACTA_INIT(purse_Spent, .purse_id = command.purse_id, .hundredths = command.hundredths));
}

static void
earned(purse_Purse *state, purse_Earned event, acta_memory *memory)
{
    (void)memory;
    state->hundredths += event.hundredths;
    state->events++;
}

static void
spent(purse_Purse *state, purse_Spent event, acta_memory *memory)
{
    (void)memory;
    state->hundredths -= event.hundredths;
    state->events++;
}

static void
charged(purse_Purse *state, purse_Charged event, acta_memory *memory)
{
    (void)memory;
    state->hundredths -= event.hundredths;
    state->events++;
}

static void
moved(purse_Purse *state, purse_Moved event, acta_memory *memory)
{
    (void)memory;
    state->hundredths -= event.hundredths;
    state->events++;
}

static const purse_Purse_aggregate purse = PURSE_PURSE(.execute = { .Earn = earn, .Spend = spend },
    .apply = { .Earned = earned,
        .Spent = spent,
        .Charged = charged,
        .Moved = moved,
        .Owed = purse_Purse_ignore_Owed }, /* it lies in the other's stream */
    .snapshot_every = 2);

/* -- diaries -- */

static acta_verdict
note(const purse_Diary *state, purse_Note command, acta_decision *decision)
{
    (void)state;
    return purse_Noted_emit(
        decision, ACTA_INIT(purse_Noted, .purse_id = command.purse_id, .hundredths = command.hundredths));
}

static void
noted(purse_Diary *state, purse_Noted event, acta_memory *memory)
{
    (void)memory;
    state->notes++;
    state->hundredths += event.hundredths;
}

static const purse_Diary_aggregate diary = PURSE_DIARY(.execute = { .Note = note }, .apply = { .Noted = noted });
const acta_aggregate *const purse_aggregates[] = { &purse.base, &diary.base, NULL };

static void
send_note(acta_str purse_id, int64_t hundredths, acta_commands *commands)
{
    purse_Note_send(commands, ACTA_INIT(purse_Note, .purse_id = purse_id, .hundredths = hundredths));
}

static void
note_earned(const purse_Diaries *state, purse_Earned event, acta_commands *commands)
{
    (void)state;
    send_note(event.purse_id, event.hundredths, commands);
}

static void
note_spent(const purse_Diaries *state, purse_Spent event, acta_commands *commands)
{
    (void)state;
    send_note(event.purse_id, -event.hundredths, commands);
}

static void
note_charged(const purse_Diaries *state, purse_Charged event, acta_commands *commands)
{
    (void)state;
    send_note(event.purse_id, -event.hundredths, commands);
}

static void
note_moved(const purse_Diaries *state, purse_Moved event, acta_commands *commands)
{
    (void)state;
    send_note(event.purse_id, -event.hundredths, commands);
}

static void
note_owed(const purse_Diaries *state, purse_Owed event, acta_commands *commands)
{
    (void)state;
    send_note(event.purse_id, event.hundredths, commands);
}

static const purse_Diaries_process_manager diaries =
    PURSE_DIARIES(.on = { .Earned = { .start = purse_Earned_purse_id, .handle = note_earned },
                      .Spent = { .go_on = purse_Spent_purse_id, .handle = note_spent },
                      .Charged = { .go_on = purse_Charged_purse_id, .handle = note_charged },
                      .Moved = { .go_on = purse_Moved_purse_id, .handle = note_moved },
                      .Owed = { .go_on = purse_Owed_purse_id, .handle = note_owed } });
const acta_process_manager *const purse_process_managers[] = { &diaries.base, NULL };

/* -- rows -- */

static acta_status
add_to_row(acta_rows *rows, acta_str purse_id, int64_t hundredths, acta_error *error)
{
    purse_PurseRow row;
    acta_status status = purse_PurseRow_get(rows, purse_id, &row, error);

    if (status == ACTA_NOT_FOUND)
        row = ACTA_INIT(purse_PurseRow, .purse_id = purse_id);
    else if (status != ACTA_OK)
        return status;
    row.hundredths += hundredths;
    row.events++;
    return purse_PurseRow_put(rows, row, error);
}

static acta_status
row_earned(void *user, purse_Earned event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user, (void)recorded;
    return add_to_row(rows, event.purse_id, event.hundredths, error);
}

static acta_status
row_spent(void *user, purse_Spent event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user, (void)recorded;
    return add_to_row(rows, event.purse_id, -event.hundredths, error);
}

static acta_status
row_charged(void *user, purse_Charged event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user, (void)recorded;
    return add_to_row(rows, event.purse_id, -event.hundredths, error);
}

static acta_status
row_moved(void *user, purse_Moved event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user, (void)recorded;
    return add_to_row(rows, event.purse_id, -event.hundredths, error);
}

static acta_status
row_owed(void *user, purse_Owed event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user, (void)recorded;
    return add_to_row(rows, event.purse_id, event.hundredths, error);
}

const purse_projection purse_rows = PURSE_PROJECTION(.name = "rows",
    .on = { .Earned = row_earned, .Spent = row_spent, .Charged = row_charged, .Moved = row_moved, .Owed = row_owed });
