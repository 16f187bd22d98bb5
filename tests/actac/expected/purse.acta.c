/*
 * Made by actac from purse.fbs: change that, not this.
 */
#include "purse.acta.h"

const char *
purse_Kind_name(purse_Kind value)
{
    switch (value) {
    case purse_Kind_food:
        return "food";
    case purse_Kind_travel:
        return "travel";
    case purse_Kind_other:
        return "other";
    }
    return "unknown";
}

static const acta_field purse_Earn_fields[] = {
    ACTA_STRING_FIELD(purse_Earn, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_Earn, hundredths, 2, INT64, 0, 0),
};
ACTI_QUICK(purse_Earn, 24, 41, 0x0010000a00000014, 0x000000040000000c, 0x0000001000000000)
{
    if (!acti_quick_first_text(j, 32, 36)) return false;
    return true;
}
ACTA_QUICK_PLAIN_CODE(purse_Earn);
ACTA_IDENTITY_CODE(purse_Earn, purse_id);
const acta_table purse_Earn_table = {
    .name = "purse.Earn",
    .owner = "Purse",
    ACTA_TABLE_MEMBERS(purse_Earn, COMMAND, UINT64_C(0x7cd67c8416200ce9), purse_schema),
    ACTA_CHECKED_FIELDS(purse_Earn),
    .identity = purse_Earn_any_identity,
};

static const acta_field purse_Spend_fields[] = {
    ACTA_STRING_FIELD(purse_Spend, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_Spend, hundredths, 3, INT64, 0, 0),
};
ACTI_QUICK(purse_Spend, 24, 41, 0x0010000c00000014, 0x000400000000000c, 0x0000001000000000)
{
    if (!acti_quick_first_text(j, 32, 36)) return false;
    return true;
}
ACTA_QUICK_PLAIN_CODE(purse_Spend);
ACTA_IDENTITY_CODE(purse_Spend, purse_id);
const acta_table purse_Spend_table = {
    .name = "purse.Spend",
    .owner = "Purse",
    ACTA_TABLE_MEMBERS(purse_Spend, COMMAND, UINT64_C(0x71d8ff59d3f3acee), purse_schema),
    ACTA_CHECKED_FIELDS(purse_Spend),
    .identity = purse_Spend_any_identity,
};

static const acta_field purse_Note_fields[] = {
    ACTA_STRING_FIELD(purse_Note, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_Note, hundredths, 1, INT64, 0, 0),
};
ACTI_QUICK(purse_Note, 16, 33, 0x001000080000000c, 0x000000080004000c)
{
    if (!acti_quick_first_text(j, 24, 28)) return false;
    return true;
}
ACTA_QUICK_PLAIN_CODE(purse_Note);
ACTA_IDENTITY_CODE(purse_Note, purse_id);
const acta_table purse_Note_table = {
    .name = "purse.Note",
    .owner = "Diary",
    ACTA_TABLE_MEMBERS(purse_Note, COMMAND, UINT64_C(0xa9bbb65e844bf3b8), purse_schema),
    ACTA_CHECKED_FIELDS(purse_Note),
    .identity = purse_Note_any_identity,
};

static const acta_field purse_Earned_fields[] = {
    ACTA_STRING_FIELD(purse_Earned, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_Earned, hundredths, 1, INT64, 0, 0),
};
ACTI_QUICK(purse_Earned, 16, 33, 0x001000080000000c, 0x000000080004000c)
{
    if (!acti_quick_first_text(j, 24, 28)) return false;
    return true;
}
ACTA_QUICK_PLAIN_CODE(purse_Earned);
const acta_table purse_Earned_table = {
    .name = "purse.Earned",
    .owner = "Purse",
    .version = 2,
    ACTA_TABLE_MEMBERS(purse_Earned, EVENT, UINT64_C(0x0fcc6e1a3307a7e6), purse_schema),
    ACTA_CHECKED_FIELDS(purse_Earned),
};

static const acta_field purse_Spent_fields[] = {
    ACTA_STRING_FIELD(purse_Spent, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_Spent, hundredths, 1, INT64, 0, 0),
    ACTA_STRING_FIELD(purse_Spent, what, 2, 0),
    ACTA_NUMBER_FIELD(purse_Spent, kind, 3, UINT8, ACTA_FIELD_ENUM, 0),
};
ACTI_QUICK(purse_Spent, 24, 49, 0x0015000c00000014, 0x001400100004000c, 0x0000001000000000)
{
    if (!acti_quick_first_text(j, 32, 44)) return false;
    if (!acti_quick_text(j, 36)) return false;
    return true;
}
ACTA_QUICK_PLAIN_CODE(purse_Spent);
const acta_table purse_Spent_table = {
    .name = "purse.Spent",
    .owner = "Purse",
    .version = 3,
    ACTA_TABLE_MEMBERS(purse_Spent, EVENT, UINT64_C(0xc6c834f9f442816a), purse_schema),
    ACTA_CHECKED_FIELDS(purse_Spent),
};

static const acta_field purse_Charged_fields[] = {
    ACTA_STRING_FIELD(purse_Charged, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_Charged, hundredths, 1, INT64, 0, 0),
};
ACTI_QUICK(purse_Charged, 16, 33, 0x001000080000000c, 0x000000080004000c)
{
    if (!acti_quick_first_text(j, 24, 28)) return false;
    return true;
}
ACTA_QUICK_PLAIN_CODE(purse_Charged);
const acta_table purse_Charged_table = {
    .name = "purse.Charged",
    .owner = "Purse",
    ACTA_TABLE_MEMBERS(purse_Charged, EVENT, UINT64_C(0x81ae2a77bd48b424), purse_schema),
    ACTA_CHECKED_FIELDS(purse_Charged),
};

static const acta_field purse_Moved_fields[] = {
    ACTA_STRING_FIELD(purse_Moved, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_Moved, hundredths, 1, INT64, 0, 0),
};
ACTI_QUICK(purse_Moved, 16, 33, 0x001000080000000c, 0x000000080004000c)
{
    if (!acti_quick_first_text(j, 24, 28)) return false;
    return true;
}
ACTA_QUICK_PLAIN_CODE(purse_Moved);
const acta_table purse_Moved_table = {
    .name = "purse.Moved",
    .owner = "Purse",
    ACTA_TABLE_MEMBERS(purse_Moved, EVENT, UINT64_C(0xff6264fcfca740bf), purse_schema),
    ACTA_CHECKED_FIELDS(purse_Moved),
};

static const acta_field purse_Owed_fields[] = {
    ACTA_STRING_FIELD(purse_Owed, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_Owed, hundredths, 1, INT64, 0, 0),
};
ACTI_QUICK(purse_Owed, 16, 33, 0x001000080000000c, 0x000000080004000c)
{
    if (!acti_quick_first_text(j, 24, 28)) return false;
    return true;
}
ACTA_QUICK_PLAIN_CODE(purse_Owed);
const acta_table purse_Owed_table = {
    .name = "purse.Owed",
    .owner = "Purse",
    ACTA_TABLE_MEMBERS(purse_Owed, EVENT, UINT64_C(0xe036cf40580919bf), purse_schema),
    ACTA_CHECKED_FIELDS(purse_Owed),
};

static const acta_field purse_Noted_fields[] = {
    ACTA_STRING_FIELD(purse_Noted, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_Noted, hundredths, 1, INT64, 0, 0),
};
ACTI_QUICK(purse_Noted, 16, 33, 0x001000080000000c, 0x000000080004000c)
{
    if (!acti_quick_first_text(j, 24, 28)) return false;
    return true;
}
ACTA_QUICK_PLAIN_CODE(purse_Noted);
const acta_table purse_Noted_table = {
    .name = "purse.Noted",
    .owner = "Diary",
    ACTA_TABLE_MEMBERS(purse_Noted, EVENT, UINT64_C(0x95acacc58a1768e8), purse_schema),
    ACTA_CHECKED_FIELDS(purse_Noted),
};

static const acta_field purse_Purse_fields[] = {
    ACTA_NUMBER_FIELD(purse_Purse, hundredths, 0, INT64, 0, 0),
    ACTA_NUMBER_FIELD(purse_Purse, events, 1, UINT32, 0, 0),
};
ACTI_QUICK_FLAT(purse_Purse, 16, 28, 0x001000080000000c, 0x00000008000c0004);
ACTA_QUICK_PLAIN_CODE(purse_Purse);
ACTA_MUTABLE_CODE(purse_Purse);
const acta_table purse_Purse_table = {
    .name = "purse.Purse",
    ACTA_TABLE_MEMBERS(purse_Purse, STATE, UINT64_C(0xced359a976b11c08), purse_schema),
    ACTA_CHECKED_FIELDS(purse_Purse),
    ACTA_MUTABLE_MEMBERS(purse_Purse),
};

static const acta_field purse_Diary_fields[] = {
    ACTA_NUMBER_FIELD(purse_Diary, notes, 0, UINT32, 0, 0),
    ACTA_NUMBER_FIELD(purse_Diary, hundredths, 1, INT64, 0, 0),
};
ACTI_QUICK_FLAT(purse_Diary, 16, 28, 0x001000080000000c, 0x000000080004000c);
ACTA_QUICK_PLAIN_CODE(purse_Diary);
ACTA_MUTABLE_CODE(purse_Diary);
const acta_table purse_Diary_table = {
    .name = "purse.Diary",
    ACTA_TABLE_MEMBERS(purse_Diary, STATE, UINT64_C(0xe759eaa1f5d60412), purse_schema),
    ACTA_CHECKED_FIELDS(purse_Diary),
    ACTA_MUTABLE_MEMBERS(purse_Diary),
};

static const acta_field purse_Diaries_fields[] = {
    ACTA_NUMBER_FIELD(purse_Diaries, seen, 0, UINT32, 0, 0),
};
ACTI_QUICK_FLAT(purse_Diaries, 16, 20, 0x000800060000000c, 0x0000000800000004);
ACTA_QUICK_PLAIN_CODE(purse_Diaries);
ACTA_MUTABLE_CODE(purse_Diaries);
const acta_table purse_Diaries_table = {
    .name = "purse.Diaries",
    ACTA_TABLE_MEMBERS(purse_Diaries, PROCESS_MANAGER, UINT64_C(0x8c11d6482104b9b4), purse_schema),
    ACTA_CHECKED_FIELDS(purse_Diaries),
    ACTA_MUTABLE_MEMBERS(purse_Diaries),
};

static const acta_field purse_PurseRow_fields[] = {
    ACTA_STRING_FIELD(purse_PurseRow, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_PurseRow, hundredths, 1, INT64, 0, 0),
    ACTA_NUMBER_FIELD(purse_PurseRow, events, 2, UINT32, 0, 0),
};
ACTI_QUICK(purse_PurseRow, 24, 45, 0x0014000a00000014, 0x000000100004000c, 0x0000001000000000)
{
    if (!acti_quick_first_text(j, 32, 40)) return false;
    return true;
}
ACTA_QUICK_PLAIN_CODE(purse_PurseRow);
ACTA_IDENTITY_CODE(purse_PurseRow, purse_id);
ACTA_MUTABLE_CODE(purse_PurseRow);
const acta_table purse_PurseRow_table = {
    .name = "purse.PurseRow",
    ACTA_TABLE_MEMBERS(purse_PurseRow, READ_MODEL, UINT64_C(0x171dfb99c80186ad), purse_schema),
    ACTA_CHECKED_FIELDS(purse_PurseRow),
    .identity = purse_PurseRow_any_identity,
    ACTA_MUTABLE_MEMBERS(purse_PurseRow),
};

void
purse_Purse_ignore_Earned(purse_Purse *state, purse_Earned event, acta_memory *memory)
{
    (void)state, (void)event, (void)memory;
}

void
purse_Purse_ignore_Spent(purse_Purse *state, purse_Spent event, acta_memory *memory)
{
    (void)state, (void)event, (void)memory;
}

void
purse_Purse_ignore_Charged(purse_Purse *state, purse_Charged event, acta_memory *memory)
{
    (void)state, (void)event, (void)memory;
}

void
purse_Purse_ignore_Moved(purse_Purse *state, purse_Moved event, acta_memory *memory)
{
    (void)state, (void)event, (void)memory;
}

void
purse_Purse_ignore_Owed(purse_Purse *state, purse_Owed event, acta_memory *memory)
{
    (void)state, (void)event, (void)memory;
}

static const acta_table *const purse_Purse_commands[] = {
    &purse_Earn_table,
    &purse_Spend_table,
};

static const acta_table *const purse_Purse_events[] = {
    &purse_Earned_table,
    &purse_Spent_table,
    &purse_Charged_table,
    &purse_Moved_table,
    &purse_Owed_table,
};

static acta_verdict
purse_Purse_any_execute(
    const acta_aggregate *base, uint32_t number, const void *state, acta_bytes buffer, acta_decision *decision)
{
    const purse_Purse_aggregate *self = (const purse_Purse_aggregate *)base;

    ACTA_BEFORE_EXECUTE(self);
    switch (number) {
        ACTA_EXECUTE_CASE(0, purse_Earn, self->execute.Earn)
        ACTA_EXECUTE_CASE(1, purse_Spend, self->execute.Spend)
    }
    return (acta_verdict){ .status = ACTA_INVALID }; /* no such command */
}

static void
purse_Purse_any_apply(const acta_aggregate *base, uint32_t number, void *state, acta_bytes buffer, acta_memory *memory)
{
    const purse_Purse_aggregate *self = (const purse_Purse_aggregate *)base;

    switch (number) {
        ACTA_APPLY_CASE(0, purse_Earned, self->apply.Earned)
        ACTA_APPLY_CASE(1, purse_Spent, self->apply.Spent)
        ACTA_APPLY_CASE(2, purse_Charged, self->apply.Charged)
        ACTA_APPLY_CASE(3, purse_Moved, self->apply.Moved)
        ACTA_APPLY_CASE(4, purse_Owed, self->apply.Owed)
    }
}

static uint32_t
purse_Purse_any_lifespan(const acta_aggregate *base, const void *state, const acta_lifespan_after *after)
{
    const purse_Purse_aggregate *self = (const purse_Purse_aggregate *)base;

    return self->lifespan != NULL ? self->lifespan(state, after) : ACTA_LIFESPAN_DEFAULT;
}

static const char *
purse_Purse_missing(const acta_aggregate *base)
{
    const purse_Purse_aggregate *self = (const purse_Purse_aggregate *)base;

    if (self->execute.Earn == NULL) return "execute.Earn";
    if (self->execute.Spend == NULL) return "execute.Spend";
    if (self->apply.Earned == NULL) return "apply.Earned";
    if (self->apply.Spent == NULL) return "apply.Spent";
    if (self->apply.Charged == NULL) return "apply.Charged";
    if (self->apply.Moved == NULL) return "apply.Moved";
    if (self->apply.Owed == NULL) return "apply.Owed";
    return NULL;
}

const acta_aggregate_code purse_Purse_code = {
    .name = "Purse",
    .stream_prefix = "Purse-",
    .state = &purse_Purse_table,
    .commands = purse_Purse_commands,
    .command_count = 2,
    .events = purse_Purse_events,
    .event_count = 5,
    .execute = purse_Purse_any_execute,
    .apply = purse_Purse_any_apply,
    .missing = purse_Purse_missing,
    .lifespan = purse_Purse_any_lifespan,
};

void
purse_Diary_ignore_Noted(purse_Diary *state, purse_Noted event, acta_memory *memory)
{
    (void)state, (void)event, (void)memory;
}

static const acta_table *const purse_Diary_commands[] = {
    &purse_Note_table,
};

static const acta_table *const purse_Diary_events[] = {
    &purse_Noted_table,
};

static acta_verdict
purse_Diary_any_execute(
    const acta_aggregate *base, uint32_t number, const void *state, acta_bytes buffer, acta_decision *decision)
{
    const purse_Diary_aggregate *self = (const purse_Diary_aggregate *)base;

    ACTA_BEFORE_EXECUTE(self);
    switch (number) {
        ACTA_EXECUTE_CASE(0, purse_Note, self->execute.Note)
    }
    return (acta_verdict){ .status = ACTA_INVALID }; /* no such command */
}

static void
purse_Diary_any_apply(const acta_aggregate *base, uint32_t number, void *state, acta_bytes buffer, acta_memory *memory)
{
    const purse_Diary_aggregate *self = (const purse_Diary_aggregate *)base;

    switch (number) {
        ACTA_APPLY_CASE(0, purse_Noted, self->apply.Noted)
    }
}

static uint32_t
purse_Diary_any_lifespan(const acta_aggregate *base, const void *state, const acta_lifespan_after *after)
{
    const purse_Diary_aggregate *self = (const purse_Diary_aggregate *)base;

    return self->lifespan != NULL ? self->lifespan(state, after) : ACTA_LIFESPAN_DEFAULT;
}

static const char *
purse_Diary_missing(const acta_aggregate *base)
{
    const purse_Diary_aggregate *self = (const purse_Diary_aggregate *)base;

    if (self->execute.Note == NULL) return "execute.Note";
    if (self->apply.Noted == NULL) return "apply.Noted";
    return NULL;
}

const acta_aggregate_code purse_Diary_code = {
    .name = "Diary",
    .stream_prefix = "Diary-",
    .state = &purse_Diary_table,
    .commands = purse_Diary_commands,
    .command_count = 1,
    .events = purse_Diary_events,
    .event_count = 1,
    .execute = purse_Diary_any_execute,
    .apply = purse_Diary_any_apply,
    .missing = purse_Diary_missing,
    .lifespan = purse_Diary_any_lifespan,
};

static const acta_table *const events[] = {
    &purse_Earned_table,
    &purse_Spent_table,
    &purse_Charged_table,
    &purse_Moved_table,
    &purse_Owed_table,
    &purse_Noted_table,
};

static void
purse_Diaries_any_route(const acta_process_manager *base, uint32_t number, acta_bytes buffer, acta_routing *routing)
{
    const purse_Diaries_process_manager *self = (const purse_Diaries_process_manager *)base;

    switch (number) {
        ACTA_ROUTE_CASE(0, purse_Earned, self->on.Earned)
        ACTA_ROUTE_CASE(1, purse_Spent, self->on.Spent)
        ACTA_ROUTE_CASE(2, purse_Charged, self->on.Charged)
        ACTA_ROUTE_CASE(3, purse_Moved, self->on.Moved)
        ACTA_ROUTE_CASE(4, purse_Owed, self->on.Owed)
        ACTA_ROUTE_CASE(5, purse_Noted, self->on.Noted)
    }
}

static void
purse_Diaries_any_associate(
    const acta_process_manager *base, uint32_t number, acta_bytes buffer, acta_associations *associations)
{
    const purse_Diaries_process_manager *self = (const purse_Diaries_process_manager *)base;

    switch (number) {
        ACTA_ASSOCIATE_CASE(0, purse_Earned, self->on.Earned.associate)
        ACTA_ASSOCIATE_CASE(1, purse_Spent, self->on.Spent.associate)
        ACTA_ASSOCIATE_CASE(2, purse_Charged, self->on.Charged.associate)
        ACTA_ASSOCIATE_CASE(3, purse_Moved, self->on.Moved.associate)
        ACTA_ASSOCIATE_CASE(4, purse_Owed, self->on.Owed.associate)
        ACTA_ASSOCIATE_CASE(5, purse_Noted, self->on.Noted.associate)
    }
}

static bool
purse_Diaries_any_interested(const acta_process_manager *base, uint32_t number)
{
    const purse_Diaries_process_manager *self = (const purse_Diaries_process_manager *)base;

    switch (number) {
    case 0:
        return ACTA_IS_ROUTED(self->on.Earned);
    case 1:
        return ACTA_IS_ROUTED(self->on.Spent);
    case 2:
        return ACTA_IS_ROUTED(self->on.Charged);
    case 3:
        return ACTA_IS_ROUTED(self->on.Moved);
    case 4:
        return ACTA_IS_ROUTED(self->on.Owed);
    case 5:
        return ACTA_IS_ROUTED(self->on.Noted);
    }
    return false;
}

static bool
purse_Diaries_any_associates(const acta_process_manager *base, uint32_t number)
{
    const purse_Diaries_process_manager *self = (const purse_Diaries_process_manager *)base;

    switch (number) {
    case 0:
        return self->on.Earned.associate != NULL;
    case 1:
        return self->on.Spent.associate != NULL;
    case 2:
        return self->on.Charged.associate != NULL;
    case 3:
        return self->on.Moved.associate != NULL;
    case 4:
        return self->on.Owed.associate != NULL;
    case 5:
        return self->on.Noted.associate != NULL;
    }
    return false;
}

static void
purse_Diaries_any_handle(
    const acta_process_manager *base, uint32_t number, const void *state, acta_bytes buffer, acta_commands *commands)
{
    const purse_Diaries_process_manager *self = (const purse_Diaries_process_manager *)base;

    switch (number) {
        ACTA_HANDLE_CASE(0, purse_Earned, self->on.Earned.handle)
        ACTA_HANDLE_CASE(1, purse_Spent, self->on.Spent.handle)
        ACTA_HANDLE_CASE(2, purse_Charged, self->on.Charged.handle)
        ACTA_HANDLE_CASE(3, purse_Moved, self->on.Moved.handle)
        ACTA_HANDLE_CASE(4, purse_Owed, self->on.Owed.handle)
        ACTA_HANDLE_CASE(5, purse_Noted, self->on.Noted.handle)
    }
}

static void
purse_Diaries_any_apply(
    const acta_process_manager *base, uint32_t number, void *state, acta_bytes buffer, acta_memory *memory)
{
    const purse_Diaries_process_manager *self = (const purse_Diaries_process_manager *)base;

    switch (number) {
        ACTA_APPLY_CASE(0, purse_Earned, self->on.Earned.apply)
        ACTA_APPLY_CASE(1, purse_Spent, self->on.Spent.apply)
        ACTA_APPLY_CASE(2, purse_Charged, self->on.Charged.apply)
        ACTA_APPLY_CASE(3, purse_Moved, self->on.Moved.apply)
        ACTA_APPLY_CASE(4, purse_Owed, self->on.Owed.apply)
        ACTA_APPLY_CASE(5, purse_Noted, self->on.Noted.apply)
    }
}

static bool
purse_Diaries_any_error(const acta_process_manager *base, const void *state, const acta_failure *failure,
    acta_commands *commands, acta_failure_action *action_out)
{
    const purse_Diaries_process_manager *self = (const purse_Diaries_process_manager *)base;

    if (self->error == NULL) return false;
    *action_out = self->error(state, failure, commands);
    return true;
}

static bool
purse_Diaries_any_event_error(const acta_process_manager *base, const acta_unhandled *failure,
    acta_unhandled_retry *retry, acta_unhandled_action *action_out)
{
    const purse_Diaries_process_manager *self = (const purse_Diaries_process_manager *)base;

    if (self->event_error == NULL) return false;
    *action_out = self->event_error(failure, retry);
    return true;
}

static acta_after_command
purse_Diaries_any_after_command(const acta_process_manager *base, const void *state, const acta_accepted *accepted)
{
    const purse_Diaries_process_manager *self = (const purse_Diaries_process_manager *)base;

    return self->after_command != NULL ? self->after_command(state, accepted) : ACTA_AFTER_CONTINUE;
}

static const char *
purse_Diaries_any_missing(const acta_process_manager *base)
{
    const purse_Diaries_process_manager *self = (const purse_Diaries_process_manager *)base;

    bool routed = false;

    ACTA_ROUTE_CHECK(self->on, Earned);
    ACTA_ROUTE_CHECK(self->on, Spent);
    ACTA_ROUTE_CHECK(self->on, Charged);
    ACTA_ROUTE_CHECK(self->on, Moved);
    ACTA_ROUTE_CHECK(self->on, Owed);
    ACTA_ROUTE_CHECK(self->on, Noted);
    return routed ? NULL : "on: no event is routed";
}

const acta_process_manager_code purse_Diaries_code = {
    .name = "Diaries",
    .state = &purse_Diaries_table,
    .events = events,
    .event_count = sizeof events / sizeof events[0],
    .route = purse_Diaries_any_route,
    .associates = purse_Diaries_any_associates,
    .associate = purse_Diaries_any_associate,
    .interested = purse_Diaries_any_interested,
    .handle = purse_Diaries_any_handle,
    .apply = purse_Diaries_any_apply,
    .error = purse_Diaries_any_error,
    .event_error = purse_Diaries_any_event_error,
    .after_command = purse_Diaries_any_after_command,
    .missing = purse_Diaries_any_missing,
};

static bool
purse_event_handler_any_interested(const acta_event_handler *self, uint32_t number)
{
    const purse_event_handler *given = (const purse_event_handler *)self;

    switch (number) {
    case 0:
        return given->on.Earned != NULL;
    case 1:
        return given->on.Spent != NULL;
    case 2:
        return given->on.Charged != NULL;
    case 3:
        return given->on.Moved != NULL;
    case 4:
        return given->on.Owed != NULL;
    case 5:
        return given->on.Noted != NULL;
    }
    return false;
}

static acta_status
purse_event_handler_any_handle(const acta_event_handler *self, uint32_t number, acta_bytes buffer,
    const acta_recorded *recorded, acta_error *error)
{
    const purse_event_handler *given = (const purse_event_handler *)self;

    switch (number) {
        ACTA_EVENT_HANDLER_CASE(0, purse_Earned, given->on.Earned)
        ACTA_EVENT_HANDLER_CASE(1, purse_Spent, given->on.Spent)
        ACTA_EVENT_HANDLER_CASE(2, purse_Charged, given->on.Charged)
        ACTA_EVENT_HANDLER_CASE(3, purse_Moved, given->on.Moved)
        ACTA_EVENT_HANDLER_CASE(4, purse_Owed, given->on.Owed)
        ACTA_EVENT_HANDLER_CASE(5, purse_Noted, given->on.Noted)
    }
    return ACTA_OK;
}

const acta_event_handler_code purse_event_handler_code = {
    .events = events,
    .event_count = sizeof events / sizeof events[0],
    .interested = purse_event_handler_any_interested,
    .handle = purse_event_handler_any_handle,
};

static bool
purse_projection_any_interested(const acta_projection *self, uint32_t number)
{
    const purse_projection *given = (const purse_projection *)self;

    switch (number) {
    case 0:
        return given->on.Earned != NULL;
    case 1:
        return given->on.Spent != NULL;
    case 2:
        return given->on.Charged != NULL;
    case 3:
        return given->on.Moved != NULL;
    case 4:
        return given->on.Owed != NULL;
    case 5:
        return given->on.Noted != NULL;
    }
    return false;
}

static acta_status
purse_projection_any_handle(const acta_projection *self, uint32_t number, acta_bytes buffer,
    const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    const purse_projection *given = (const purse_projection *)self;

    switch (number) {
        ACTA_PROJECTION_CASE(0, purse_Earned, given->on.Earned)
        ACTA_PROJECTION_CASE(1, purse_Spent, given->on.Spent)
        ACTA_PROJECTION_CASE(2, purse_Charged, given->on.Charged)
        ACTA_PROJECTION_CASE(3, purse_Moved, given->on.Moved)
        ACTA_PROJECTION_CASE(4, purse_Owed, given->on.Owed)
        ACTA_PROJECTION_CASE(5, purse_Noted, given->on.Noted)
    }
    return ACTA_OK;
}

const acta_projection_code purse_projection_code = {
    .events = events,
    .event_count = sizeof events / sizeof events[0],
    .interested = purse_projection_any_interested,
    .handle = purse_projection_any_handle,
};

const char *
purse_v1_Kind_name(purse_v1_Kind value)
{
    switch (value) {
    case purse_v1_Kind_food:
        return "food";
    case purse_v1_Kind_travel:
        return "travel";
    }
    return "unknown";
}

static const acta_field purse_v1_Line_fields[] = {
    ACTA_STRING_FIELD(purse_v1_Line, what, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_v1_Line, kind, 1, UINT8, ACTA_FIELD_ENUM, 0),
};
ACTA_PLAIN_CODE(purse_v1_Line);
const acta_table purse_v1_Line_table = {
    .name = "purse.Line",
    ACTA_TABLE_MEMBERS(purse_v1_Line, PLAIN, UINT64_C(0x98973333f2df4492), purse_v1_schema),
    ACTA_CHECKED_FIELDS(purse_v1_Line),
};

static const acta_field purse_v1_Earned_fields[] = {
    ACTA_STRING_FIELD(purse_v1_Earned, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_v1_Earned, amount, 1, INT64, 0, 0),
};
ACTA_PLAIN_CODE(purse_v1_Earned);
const acta_table purse_v1_Earned_table = {
    .name = "purse.Earned",
    ACTA_TABLE_MEMBERS(purse_v1_Earned, PLAIN, UINT64_C(0xd37c4b51d424039c), purse_v1_schema),
    ACTA_CHECKED_FIELDS(purse_v1_Earned),
};

static const acta_field purse_v1_Spent_fields[] = {
    ACTA_STRING_FIELD(purse_v1_Spent, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_v1_Spent, amount, 1, INT64, 0, 0),
    ACTA_TABLE_FIELD(purse_v1_Spent, line, 2, TABLE, purse_v1_Line, 0),
};
ACTA_CHECKED_CODE(purse_v1_Spent);
const acta_table purse_v1_Spent_table = {
    .name = "purse.Spent",
    ACTA_TABLE_MEMBERS(purse_v1_Spent, PLAIN, UINT64_C(0x77829f60ce7e9bd9), purse_v1_schema),
    ACTA_CHECKED_FIELDS(purse_v1_Spent),
};

static const acta_field purse_v1_Renamed_fields[] = {
    ACTA_STRING_FIELD(purse_v1_Renamed, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_STRING_FIELD(purse_v1_Renamed, name, 1, 0),
};
ACTA_PLAIN_CODE(purse_v1_Renamed);
static const acta_mark purse_v1_Renamed_marks[] = {
    ACTA_TAG_MARK(purse_v1_Renamed, purse_id, 0, STRING, ACTA_MARK_TAG, "purse"),
    ACTA_MARK(purse_v1_Renamed, name, 1, STRING, ACTA_MARK_REDACTED),
};
const acta_table purse_v1_Renamed_table = {
    .name = "purse.Renamed",
    ACTA_TABLE_MEMBERS(purse_v1_Renamed, PLAIN, UINT64_C(0x370b23aea64a9875), purse_v1_schema),
    ACTA_CHECKED_FIELDS(purse_v1_Renamed),
    ACTA_MARKED_MEMBERS(purse_v1_Renamed),
};

static const acta_field purse_v1_Lent_fields[] = {
    ACTA_STRING_FIELD(purse_v1_Lent, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_STRING_FIELD(purse_v1_Lent, other_id, 1, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_v1_Lent, amount, 2, INT64, 0, 0),
};
ACTA_PLAIN_CODE(purse_v1_Lent);
const acta_table purse_v1_Lent_table = {
    .name = "purse.Lent",
    ACTA_TABLE_MEMBERS(purse_v1_Lent, PLAIN, UINT64_C(0x763adec05595aeac), purse_v1_schema),
    ACTA_CHECKED_FIELDS(purse_v1_Lent),
};


static const acta_table *const v1_tables[] = {
    &purse_v1_Line_table,
    &purse_v1_Earned_table,
    &purse_v1_Spent_table,
    &purse_v1_Renamed_table,
    &purse_v1_Lent_table,
};

const acta_schema purse_v1_schema = {
    .name = "purse",
    .binary = { v1_binary, sizeof v1_binary },
    .tables = v1_tables,
    .table_count = 5,
    .hash = UINT64_C(0xe64ee97af04932f6),
};

const char *
purse_v2_Kind_name(purse_v2_Kind value)
{
    switch (value) {
    case purse_v2_Kind_food:
        return "food";
    case purse_v2_Kind_travel:
        return "travel";
    }
    return "unknown";
}

static const acta_field purse_v2_Line_fields[] = {
    ACTA_STRING_FIELD(purse_v2_Line, what, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_v2_Line, kind, 1, UINT8, ACTA_FIELD_ENUM, 0),
};
ACTA_PLAIN_CODE(purse_v2_Line);
const acta_table purse_v2_Line_table = {
    .name = "purse.Line",
    ACTA_TABLE_MEMBERS(purse_v2_Line, PLAIN, UINT64_C(0x98973333f2df4492), purse_v2_schema),
    ACTA_CHECKED_FIELDS(purse_v2_Line),
};

static const acta_field purse_v2_Spent_fields[] = {
    ACTA_STRING_FIELD(purse_v2_Spent, purse_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_NUMBER_FIELD(purse_v2_Spent, amount, 1, INT64, 0, 0),
    ACTA_NUMBER_FIELD(purse_v2_Spent, fee, 2, INT64, 0, 0),
    ACTA_TABLE_FIELD(purse_v2_Spent, line, 3, TABLE, purse_v2_Line, 0),
};
ACTA_CHECKED_CODE(purse_v2_Spent);
const acta_table purse_v2_Spent_table = {
    .name = "purse.Spent",
    .version = 2,
    ACTA_TABLE_MEMBERS(purse_v2_Spent, PLAIN, UINT64_C(0xc703138df7bfd4db), purse_v2_schema),
    ACTA_CHECKED_FIELDS(purse_v2_Spent),
};


static const acta_table *const v2_tables[] = {
    &purse_v2_Line_table,
    &purse_v2_Spent_table,
};

const acta_schema purse_v2_schema = {
    .name = "purse",
    .binary = { v2_binary, sizeof v2_binary },
    .tables = v2_tables,
    .table_count = 2,
    .hash = UINT64_C(0x444d3bbb691df989),
};

static const acta_table *const purse_old_events[] = {
    &purse_v1_Earned_table,
    &purse_v1_Spent_table,
    &purse_v1_Renamed_table,
    &purse_v1_Lent_table,
    &purse_v2_Spent_table,
};

static acta_status
purse_upcasters_upcast(const acta_upcasters *base, uint32_t number, acta_bytes buffer, acta_upcast *out)
{
    const purse_upcasters *self = (const purse_upcasters *)base;

    switch (number) {
        ACTA_UPCAST_CASE(0, purse_v1_Earned, self->given.v1.Earned)
        ACTA_UPCAST_CASE(1, purse_v1_Spent, self->given.v1.Spent)
        ACTA_UPCAST_CASE(2, purse_v1_Renamed, self->given.v1.Renamed)
        ACTA_UPCAST_CASE(3, purse_v1_Lent, self->given.v1.Lent)
        ACTA_UPCAST_CASE(4, purse_v2_Spent, self->given.v2.Spent)
    }
    return ACTA_INVALID; /* no such event */
}

static const char *
purse_upcasters_missing(const acta_upcasters *base)
{
    const purse_upcasters *self = (const purse_upcasters *)base;

    if (self->given.v1.Earned == NULL) return "v1.Earned";
    if (self->given.v1.Spent == NULL) return "v1.Spent";
    if (self->given.v1.Renamed == NULL) return "v1.Renamed";
    if (self->given.v1.Lent == NULL) return "v1.Lent";
    if (self->given.v2.Spent == NULL) return "v2.Spent";
    return NULL;
}

const acta_upcasters_code purse_upcasters_code = {
    .schema = &purse_schema,
    .old = purse_old_events,
    .old_count = sizeof purse_old_events / sizeof purse_old_events[0],
    .upcast = purse_upcasters_upcast,
    .missing = purse_upcasters_missing,
};


static const acta_table *const tables[] = {
    &purse_Earn_table,
    &purse_Spend_table,
    &purse_Note_table,
    &purse_Earned_table,
    &purse_Spent_table,
    &purse_Charged_table,
    &purse_Moved_table,
    &purse_Owed_table,
    &purse_Noted_table,
    &purse_Purse_table,
    &purse_Diary_table,
    &purse_Diaries_table,
    &purse_PurseRow_table,
};

const acta_schema purse_schema = {
    .name = "purse",
    .binary = { binary, sizeof binary },
    .tables = tables,
    .table_count = 13,
    .hash = UINT64_C(0xe87a2eddbaf3c100),
};
