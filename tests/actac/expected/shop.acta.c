/*
 * Made by actac from shop.fbs: change that, not this.
 */
#include "shop.acta.h"

const char *
shop_Rejection_name(shop_Rejection value)
{
    switch (value) {
    case shop_Rejection_cart_is_closed:
        return "cart_is_closed";
    case shop_Rejection_no_such_item:
        return "no_such_item";
    }
    return "unknown";
}

const char *
shop_Material_name(shop_Material value)
{
    switch (value) {
    case shop_Material_wool:
        return "wool";
    case shop_Material_silk:
        return "silk";
    case shop_Material_cotton:
        return "cotton";
    }
    return "unknown";
}

const char *
shop_Size_name(shop_Size value)
{
    switch (value) {
    case shop_Size_small:
        return "small";
    case shop_Size_large:
        return "large";
    }
    return "unknown";
}

static const acta_field shop_Line_fields[] = {
    ACTA_STRING_FIELD(shop_Line, sku, 0, ACTA_FIELD_REQUIRED | ACTA_FIELD_KEY),
    ACTA_NUMBER_FIELD(shop_Line, count, 1, UINT32, 0, UINT64_C(0x1)),
    ACTA_STRING_VECTOR_FIELD(shop_Line, tags, 2, 0),
    ACTA_TABLE_FIELD(shop_Line, parts, 3, TABLE_VECTOR, shop_Line, 0),
};
ACTA_CHECKED_CODE(shop_Line);
const acta_table shop_Line_table = {
    .name = "shop.Line",
    ACTA_TABLE_MEMBERS(shop_Line, PLAIN, UINT64_C(0xe569fe3816e718de), shop_schema),
    ACTA_CHECKED_FIELDS(shop_Line),
};

static const acta_field shop_Slot_fields[] = {
    ACTA_NUMBER_FIELD(shop_Slot, place, 0, INT32, ACTA_FIELD_KEY, 0),
    ACTA_NUMBER_FIELD(shop_Slot, material, 1, INT8, ACTA_FIELD_ENUM, UINT64_C(0xfd)),
    ACTA_STRING_FIELD(shop_Slot, note, 2, 0),
};
ACTA_PLAIN_CODE(shop_Slot);
const acta_table shop_Slot_table = {
    .name = "shop.Slot",
    ACTA_TABLE_MEMBERS(shop_Slot, PLAIN, UINT64_C(0x9dc9c23296f2963f), shop_schema),
    ACTA_CHECKED_FIELDS(shop_Slot),
};

static const acta_field shop_Weight_fields[] = {
    ACTA_NUMBER_FIELD(shop_Weight, grams, 0, DOUBLE, ACTA_FIELD_KEY, 0),
    ACTA_TABLE_FIELD(shop_Weight, by, 1, TABLE, shop_Line, 0),
};
ACTA_CHECKED_CODE(shop_Weight);
const acta_table shop_Weight_table = {
    .name = "shop.Weight",
    ACTA_TABLE_MEMBERS(shop_Weight, PLAIN, UINT64_C(0xa8b596d45473d7f9), shop_schema),
    ACTA_CHECKED_FIELDS(shop_Weight),
};

static const acta_field shop_Numbers_fields[] = {
    ACTA_NUMBER_FIELD(shop_Numbers, h, 11, DOUBLE, 0, UINT64_C(0x3fe0000000000000)),
    ACTA_NUMBER_FIELD(shop_Numbers, a, 0, BOOL, 0, 0),
    ACTA_NUMBER_FIELD(shop_Numbers, b, 1, BOOL, 0, UINT64_C(0x1)),
    ACTA_NUMBER_FIELD(shop_Numbers, c, 2, INT8, 0, UINT64_C(0xf9)),
    ACTA_NUMBER_FIELD(shop_Numbers, d, 3, UINT8, 0, 0),
    ACTA_NUMBER_FIELD(shop_Numbers, e, 4, INT16, 0, 0),
    ACTA_NUMBER_FIELD(shop_Numbers, f, 5, UINT16, 0, UINT64_C(0xffff)),
    ACTA_NUMBER_FIELD(shop_Numbers, i, 6, INT32, 0, UINT64_C(0xffffffff)),
    ACTA_NUMBER_FIELD(shop_Numbers, j, 7, UINT32, 0, 0),
    ACTA_NUMBER_FIELD(shop_Numbers, k, 8, INT64, 0, UINT64_C(0x8000000000000000)),
    ACTA_NUMBER_FIELD(shop_Numbers, l, 9, UINT64, 0, UINT64_C(0x7fffffffffffffff)),
    ACTA_NUMBER_FIELD(shop_Numbers, m, 10, FLOAT, 0, UINT64_C(0xc0100000)),
    ACTA_NUMBER_FIELD(shop_Numbers, material, 13, INT8, ACTA_FIELD_ENUM, 0),
    ACTA_NUMBER_FIELD(shop_Numbers, size, 14, UINT32, ACTA_FIELD_ENUM, UINT64_C(0x186a0)),
    ACTA_NUMBER_FIELD(shop_Numbers, fourth, 15, INT8, ACTA_FIELD_ENUM, UINT64_C(0x7)),
};
ACTA_PLAIN_CODE(shop_Numbers);
const acta_table shop_Numbers_table = {
    .name = "shop.Numbers",
    ACTA_TABLE_MEMBERS(shop_Numbers, PLAIN, UINT64_C(0xb9bbed120b93bc79), shop_schema),
    ACTA_CHECKED_FIELDS(shop_Numbers),
};

static const acta_field shop_Everything_fields[] = {
    ACTA_TABLE_FIELD(shop_Everything, numbers, 0, TABLE, shop_Numbers, 0),
    ACTA_STRING_FIELD(shop_Everything, text, 1, 0),
    ACTA_VECTOR_FIELD(shop_Everything, bools, 2, BOOL, 0),
    ACTA_VECTOR_FIELD(shop_Everything, bytes, 3, INT8, 0),
    ACTA_VECTOR_FIELD(shop_Everything, ubytes, 4, UINT8, 0),
    ACTA_VECTOR_FIELD(shop_Everything, shorts, 5, INT16, 0),
    ACTA_VECTOR_FIELD(shop_Everything, ushorts, 6, UINT16, 0),
    ACTA_VECTOR_FIELD(shop_Everything, ints, 7, INT32, 0),
    ACTA_VECTOR_FIELD(shop_Everything, uints, 8, UINT32, 0),
    ACTA_VECTOR_FIELD(shop_Everything, longs, 9, INT64, 0),
    ACTA_VECTOR_FIELD(shop_Everything, ulongs, 10, UINT64, 0),
    ACTA_VECTOR_FIELD(shop_Everything, floats, 11, FLOAT, 0),
    ACTA_VECTOR_FIELD(shop_Everything, doubles, 12, DOUBLE, 0),
    ACTA_VECTOR_FIELD(shop_Everything, materials, 13, INT8, 0),
    ACTA_STRING_VECTOR_FIELD(shop_Everything, texts, 14, 0),
    ACTA_TABLE_FIELD(shop_Everything, lines, 15, TABLE_VECTOR, shop_Line, 0),
    ACTA_TABLE_FIELD(shop_Everything, self, 16, TABLE, shop_Everything, 0),
    ACTA_STRING_FIELD(shop_Everything, must, 17, ACTA_FIELD_REQUIRED),
    ACTA_TABLE_FIELD(shop_Everything, must_lines, 18, TABLE_VECTOR, shop_Line, ACTA_FIELD_REQUIRED),
};
ACTA_CHECKED_CODE(shop_Everything);
const acta_table shop_Everything_table = {
    .name = "shop.Everything",
    ACTA_TABLE_MEMBERS(shop_Everything, PLAIN, UINT64_C(0x182acf1814429deb), shop_schema),
    ACTA_CHECKED_FIELDS(shop_Everything),
};

ACTA_TABLE_CODE(shop_Nothing);
const acta_table shop_Nothing_table = {
    .name = "shop.Nothing",
    ACTA_TABLE_MEMBERS(shop_Nothing, PLAIN, UINT64_C(0x3f078fcfe19901d7), shop_schema),
};

static const acta_field shop_OpenCart_fields[] = {
    ACTA_STRING_FIELD(shop_OpenCart, cart_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_STRING_FIELD(shop_OpenCart, owner, 1, 0),
};
ACTI_QUICK(shop_OpenCart, 16, 29, 0x000c00080000000c, 0x0000000800080004)
{
    if (!acti_quick_first_text(j, 16, 24)) return false;
    if (!acti_quick_text(j, 20)) return false;
    return true;
}
ACTA_QUICK_PLAIN_CODE(shop_OpenCart);
ACTA_IDENTITY_CODE(shop_OpenCart, cart_id);
const acta_table shop_OpenCart_table = {
    .name = "shop.OpenCart",
    .owner = "Cart",
    ACTA_TABLE_MEMBERS(shop_OpenCart, COMMAND, UINT64_C(0x63b9209597a61f5f), shop_schema),
    ACTA_CHECKED_FIELDS(shop_OpenCart),
    .identity = shop_OpenCart_any_identity,
};

static const acta_field shop_AddLine_fields[] = {
    ACTA_STRING_FIELD(shop_AddLine, cart_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_TABLE_FIELD(shop_AddLine, line, 1, TABLE, shop_Line, 0),
    ACTA_TABLE_FIELD(shop_AddLine, lines, 2, TABLE_VECTOR, shop_Line, 0),
};
ACTA_CHECKED_CODE(shop_AddLine);
ACTA_IDENTITY_CODE(shop_AddLine, cart_id);
const acta_table shop_AddLine_table = {
    .name = "shop.AddLine",
    .owner = "Cart",
    ACTA_TABLE_MEMBERS(shop_AddLine, COMMAND, UINT64_C(0xeee5396569d61801), shop_schema),
    ACTA_CHECKED_FIELDS(shop_AddLine),
    .identity = shop_AddLine_any_identity,
};

static const acta_field shop_CartOpened_fields[] = {
    ACTA_STRING_FIELD(shop_CartOpened, cart_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_STRING_FIELD(shop_CartOpened, owner, 1, 0),
};
ACTI_QUICK(shop_CartOpened, 16, 29, 0x000c00080000000c, 0x0000000800080004)
{
    if (!acti_quick_first_text(j, 16, 24)) return false;
    if (!acti_quick_text(j, 20)) return false;
    return true;
}
ACTA_QUICK_PLAIN_CODE(shop_CartOpened);
const acta_table shop_CartOpened_table = {
    .name = "shop.CartOpened",
    .owner = "Cart",
    ACTA_TABLE_MEMBERS(shop_CartOpened, EVENT, UINT64_C(0x7ee8a93002743b04), shop_schema),
    ACTA_CHECKED_FIELDS(shop_CartOpened),
};

static const acta_field shop_LineAdded_fields[] = {
    ACTA_STRING_FIELD(shop_LineAdded, cart_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_TABLE_FIELD(shop_LineAdded, line, 1, TABLE, shop_Line, ACTA_FIELD_REQUIRED),
    ACTA_TABLE_FIELD(shop_LineAdded, lines, 2, TABLE_VECTOR, shop_Line, 0),
};
ACTA_CHECKED_CODE(shop_LineAdded);
const acta_table shop_LineAdded_table = {
    .name = "shop.LineAdded",
    .owner = "Cart",
    ACTA_TABLE_MEMBERS(shop_LineAdded, EVENT, UINT64_C(0x30e545cb59da3559), shop_schema),
    ACTA_CHECKED_FIELDS(shop_LineAdded),
};

ACTA_TABLE_CODE(shop_CartClosed);
const acta_table shop_CartClosed_table = {
    .name = "shop.CartClosed",
    .owner = "Cart",
    ACTA_TABLE_MEMBERS(shop_CartClosed, EVENT, UINT64_C(0x78147e53a6b0505c), shop_schema),
};

static const acta_field shop_Cart_fields[] = {
    ACTA_STRING_FIELD(shop_Cart, owner, 0, 0),
    ACTA_NUMBER_FIELD(shop_Cart, closed, 1, BOOL, 0, 0),
    ACTA_TABLE_FIELD(shop_Cart, lines, 2, TABLE_VECTOR, shop_Line, 0),
    ACTA_TABLE_FIELD(shop_Cart, slots, 3, TABLE_VECTOR, shop_Slot, 0),
    ACTA_TABLE_FIELD(shop_Cart, weights, 4, TABLE_VECTOR, shop_Weight, 0),
    ACTA_STRING_VECTOR_FIELD(shop_Cart, tags, 5, 0),
    ACTA_VECTOR_FIELD(shop_Cart, sums, 6, INT64, 0),
    ACTA_TABLE_FIELD(shop_Cart, last, 7, TABLE, shop_Line, 0),
};
ACTA_CHECKED_CODE(shop_Cart);
ACTA_MUTABLE_CODE(shop_Cart);
const acta_table shop_Cart_table = {
    .name = "shop.Cart",
    ACTA_TABLE_MEMBERS(shop_Cart, STATE, UINT64_C(0xf04b0234c5e77435), shop_schema),
    ACTA_CHECKED_FIELDS(shop_Cart),
    ACTA_MUTABLE_MEMBERS(shop_Cart),
};

static const acta_field shop_Watcher_fields[] = {
    ACTA_STRING_FIELD(shop_Watcher, owner, 0, 0),
    ACTA_NUMBER_FIELD(shop_Watcher, seen, 1, UINT32, 0, 0),
    ACTA_TABLE_FIELD(shop_Watcher, lines, 2, TABLE_VECTOR, shop_Line, 0),
};
ACTA_CHECKED_CODE(shop_Watcher);
ACTA_MUTABLE_CODE(shop_Watcher);
const acta_table shop_Watcher_table = {
    .name = "shop.Watcher",
    ACTA_TABLE_MEMBERS(shop_Watcher, PROCESS_MANAGER, UINT64_C(0x8eaf0b2ce0667903), shop_schema),
    ACTA_CHECKED_FIELDS(shop_Watcher),
    ACTA_MUTABLE_MEMBERS(shop_Watcher),
};

static const acta_field shop_CartRow_fields[] = {
    ACTA_STRING_FIELD(shop_CartRow, cart_id, 0, ACTA_FIELD_REQUIRED),
    ACTA_STRING_FIELD(shop_CartRow, owner, 1, 0),
    ACTA_NUMBER_FIELD(shop_CartRow, count, 2, UINT32, 0, 0),
};
ACTI_QUICK(shop_CartRow, 20, 37, 0x0010000a00000010, 0x0000000c00080004, 0x0000000c0000000c)
{
    if (!acti_quick_first_text(j, 20, 32)) return false;
    if (!acti_quick_text(j, 24)) return false;
    return true;
}
ACTA_QUICK_PLAIN_CODE(shop_CartRow);
ACTA_IDENTITY_CODE(shop_CartRow, cart_id);
ACTA_MUTABLE_CODE(shop_CartRow);
const acta_table shop_CartRow_table = {
    .name = "shop.CartRow",
    ACTA_TABLE_MEMBERS(shop_CartRow, READ_MODEL, UINT64_C(0x5340d8dff7ff21c5), shop_schema),
    ACTA_CHECKED_FIELDS(shop_CartRow),
    .identity = shop_CartRow_any_identity,
    ACTA_MUTABLE_MEMBERS(shop_CartRow),
};

void
shop_Cart_ignore_CartOpened(shop_Cart *state, shop_CartOpened event, acta_memory *memory)
{
    (void)state, (void)event, (void)memory;
}

void
shop_Cart_ignore_LineAdded(shop_Cart *state, shop_LineAdded event, acta_memory *memory)
{
    (void)state, (void)event, (void)memory;
}

void
shop_Cart_ignore_CartClosed(shop_Cart *state, shop_CartClosed event, acta_memory *memory)
{
    (void)state, (void)event, (void)memory;
}

static const acta_table *const shop_Cart_commands[] = {
    &shop_OpenCart_table,
    &shop_AddLine_table,
};

static const acta_table *const shop_Cart_events[] = {
    &shop_CartOpened_table,
    &shop_LineAdded_table,
    &shop_CartClosed_table,
};

static acta_verdict
shop_Cart_any_execute(
    const acta_aggregate *base, uint32_t number, const void *state, acta_bytes buffer, acta_decision *decision)
{
    const shop_Cart_aggregate *self = (const shop_Cart_aggregate *)base;

    ACTA_BEFORE_EXECUTE(self);
    switch (number) {
        ACTA_EXECUTE_CASE(0, shop_OpenCart, self->execute.OpenCart)
        ACTA_EXECUTE_CASE(1, shop_AddLine, self->execute.AddLine)
    }
    return (acta_verdict){ .status = ACTA_INVALID }; /* no such command */
}

static void
shop_Cart_any_apply(const acta_aggregate *base, uint32_t number, void *state, acta_bytes buffer, acta_memory *memory)
{
    const shop_Cart_aggregate *self = (const shop_Cart_aggregate *)base;

    switch (number) {
        ACTA_APPLY_CASE(0, shop_CartOpened, self->apply.CartOpened)
        ACTA_APPLY_CASE(1, shop_LineAdded, self->apply.LineAdded)
        ACTA_APPLY_CASE(2, shop_CartClosed, self->apply.CartClosed)
    }
}

static uint32_t
shop_Cart_any_lifespan(const acta_aggregate *base, const void *state, const acta_lifespan_after *after)
{
    const shop_Cart_aggregate *self = (const shop_Cart_aggregate *)base;

    return self->lifespan != NULL ? self->lifespan(state, after) : ACTA_LIFESPAN_DEFAULT;
}

static const char *
shop_Cart_missing(const acta_aggregate *base)
{
    const shop_Cart_aggregate *self = (const shop_Cart_aggregate *)base;

    if (self->execute.OpenCart == NULL) return "execute.OpenCart";
    if (self->execute.AddLine == NULL) return "execute.AddLine";
    if (self->apply.CartOpened == NULL) return "apply.CartOpened";
    if (self->apply.LineAdded == NULL) return "apply.LineAdded";
    if (self->apply.CartClosed == NULL) return "apply.CartClosed";
    return NULL;
}

const acta_aggregate_code shop_Cart_code = {
    .name = "Cart",
    .stream_prefix = "Cart-",
    .state = &shop_Cart_table,
    .commands = shop_Cart_commands,
    .command_count = 2,
    .events = shop_Cart_events,
    .event_count = 3,
    .execute = shop_Cart_any_execute,
    .apply = shop_Cart_any_apply,
    .missing = shop_Cart_missing,
    .lifespan = shop_Cart_any_lifespan,
};

static const acta_table *const events[] = {
    &shop_CartOpened_table,
    &shop_LineAdded_table,
    &shop_CartClosed_table,
};

static void
shop_Watcher_any_route(const acta_process_manager *base, uint32_t number, acta_bytes buffer, acta_routing *routing)
{
    const shop_Watcher_process_manager *self = (const shop_Watcher_process_manager *)base;

    switch (number) {
        ACTA_ROUTE_CASE(0, shop_CartOpened, self->on.CartOpened)
        ACTA_ROUTE_CASE(1, shop_LineAdded, self->on.LineAdded)
        ACTA_ROUTE_CASE(2, shop_CartClosed, self->on.CartClosed)
    }
}

static void
shop_Watcher_any_associate(
    const acta_process_manager *base, uint32_t number, acta_bytes buffer, acta_associations *associations)
{
    const shop_Watcher_process_manager *self = (const shop_Watcher_process_manager *)base;

    switch (number) {
        ACTA_ASSOCIATE_CASE(0, shop_CartOpened, self->on.CartOpened.associate)
        ACTA_ASSOCIATE_CASE(1, shop_LineAdded, self->on.LineAdded.associate)
        ACTA_ASSOCIATE_CASE(2, shop_CartClosed, self->on.CartClosed.associate)
    }
}

static bool
shop_Watcher_any_interested(const acta_process_manager *base, uint32_t number)
{
    const shop_Watcher_process_manager *self = (const shop_Watcher_process_manager *)base;

    switch (number) {
    case 0:
        return ACTA_IS_ROUTED(self->on.CartOpened);
    case 1:
        return ACTA_IS_ROUTED(self->on.LineAdded);
    case 2:
        return ACTA_IS_ROUTED(self->on.CartClosed);
    }
    return false;
}

static bool
shop_Watcher_any_associates(const acta_process_manager *base, uint32_t number)
{
    const shop_Watcher_process_manager *self = (const shop_Watcher_process_manager *)base;

    switch (number) {
    case 0:
        return self->on.CartOpened.associate != NULL;
    case 1:
        return self->on.LineAdded.associate != NULL;
    case 2:
        return self->on.CartClosed.associate != NULL;
    }
    return false;
}

static void
shop_Watcher_any_handle(
    const acta_process_manager *base, uint32_t number, const void *state, acta_bytes buffer, acta_commands *commands)
{
    const shop_Watcher_process_manager *self = (const shop_Watcher_process_manager *)base;

    switch (number) {
        ACTA_HANDLE_CASE(0, shop_CartOpened, self->on.CartOpened.handle)
        ACTA_HANDLE_CASE(1, shop_LineAdded, self->on.LineAdded.handle)
        ACTA_HANDLE_CASE(2, shop_CartClosed, self->on.CartClosed.handle)
    }
}

static void
shop_Watcher_any_apply(
    const acta_process_manager *base, uint32_t number, void *state, acta_bytes buffer, acta_memory *memory)
{
    const shop_Watcher_process_manager *self = (const shop_Watcher_process_manager *)base;

    switch (number) {
        ACTA_APPLY_CASE(0, shop_CartOpened, self->on.CartOpened.apply)
        ACTA_APPLY_CASE(1, shop_LineAdded, self->on.LineAdded.apply)
        ACTA_APPLY_CASE(2, shop_CartClosed, self->on.CartClosed.apply)
    }
}

static bool
shop_Watcher_any_error(const acta_process_manager *base, const void *state, const acta_failure *failure,
    acta_commands *commands, acta_failure_action *action_out)
{
    const shop_Watcher_process_manager *self = (const shop_Watcher_process_manager *)base;

    if (self->error == NULL) return false;
    *action_out = self->error(state, failure, commands);
    return true;
}

static bool
shop_Watcher_any_event_error(const acta_process_manager *base, const acta_unhandled *failure,
    acta_unhandled_retry *retry, acta_unhandled_action *action_out)
{
    const shop_Watcher_process_manager *self = (const shop_Watcher_process_manager *)base;

    if (self->event_error == NULL) return false;
    *action_out = self->event_error(failure, retry);
    return true;
}

static acta_after_command
shop_Watcher_any_after_command(const acta_process_manager *base, const void *state, const acta_accepted *accepted)
{
    const shop_Watcher_process_manager *self = (const shop_Watcher_process_manager *)base;

    return self->after_command != NULL ? self->after_command(state, accepted) : ACTA_AFTER_CONTINUE;
}

static const char *
shop_Watcher_any_missing(const acta_process_manager *base)
{
    const shop_Watcher_process_manager *self = (const shop_Watcher_process_manager *)base;

    bool routed = false;

    ACTA_ROUTE_CHECK(self->on, CartOpened);
    ACTA_ROUTE_CHECK(self->on, LineAdded);
    ACTA_ROUTE_CHECK(self->on, CartClosed);
    return routed ? NULL : "on: no event is routed";
}

const acta_process_manager_code shop_Watcher_code = {
    .name = "Watcher",
    .state = &shop_Watcher_table,
    .events = events,
    .event_count = sizeof events / sizeof events[0],
    .route = shop_Watcher_any_route,
    .associates = shop_Watcher_any_associates,
    .associate = shop_Watcher_any_associate,
    .interested = shop_Watcher_any_interested,
    .handle = shop_Watcher_any_handle,
    .apply = shop_Watcher_any_apply,
    .error = shop_Watcher_any_error,
    .event_error = shop_Watcher_any_event_error,
    .after_command = shop_Watcher_any_after_command,
    .missing = shop_Watcher_any_missing,
};

static bool
shop_event_handler_any_interested(const acta_event_handler *self, uint32_t number)
{
    const shop_event_handler *given = (const shop_event_handler *)self;

    switch (number) {
    case 0:
        return given->on.CartOpened != NULL;
    case 1:
        return given->on.LineAdded != NULL;
    case 2:
        return given->on.CartClosed != NULL;
    }
    return false;
}

static acta_status
shop_event_handler_any_handle(const acta_event_handler *self, uint32_t number, acta_bytes buffer,
    const acta_recorded *recorded, acta_error *error)
{
    const shop_event_handler *given = (const shop_event_handler *)self;

    switch (number) {
        ACTA_EVENT_HANDLER_CASE(0, shop_CartOpened, given->on.CartOpened)
        ACTA_EVENT_HANDLER_CASE(1, shop_LineAdded, given->on.LineAdded)
        ACTA_EVENT_HANDLER_CASE(2, shop_CartClosed, given->on.CartClosed)
    }
    return ACTA_OK;
}

const acta_event_handler_code shop_event_handler_code = {
    .events = events,
    .event_count = sizeof events / sizeof events[0],
    .interested = shop_event_handler_any_interested,
    .handle = shop_event_handler_any_handle,
};

static bool
shop_projection_any_interested(const acta_projection *self, uint32_t number)
{
    const shop_projection *given = (const shop_projection *)self;

    switch (number) {
    case 0:
        return given->on.CartOpened != NULL;
    case 1:
        return given->on.LineAdded != NULL;
    case 2:
        return given->on.CartClosed != NULL;
    }
    return false;
}

static acta_status
shop_projection_any_handle(const acta_projection *self, uint32_t number, acta_bytes buffer,
    const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    const shop_projection *given = (const shop_projection *)self;

    switch (number) {
        ACTA_PROJECTION_CASE(0, shop_CartOpened, given->on.CartOpened)
        ACTA_PROJECTION_CASE(1, shop_LineAdded, given->on.LineAdded)
        ACTA_PROJECTION_CASE(2, shop_CartClosed, given->on.CartClosed)
    }
    return ACTA_OK;
}

const acta_projection_code shop_projection_code = {
    .events = events,
    .event_count = sizeof events / sizeof events[0],
    .interested = shop_projection_any_interested,
    .handle = shop_projection_any_handle,
};


static const acta_table *const tables[] = {
    &shop_Line_table,
    &shop_Slot_table,
    &shop_Weight_table,
    &shop_Numbers_table,
    &shop_Everything_table,
    &shop_Nothing_table,
    &shop_OpenCart_table,
    &shop_AddLine_table,
    &shop_CartOpened_table,
    &shop_LineAdded_table,
    &shop_CartClosed_table,
    &shop_Cart_table,
    &shop_Watcher_table,
    &shop_CartRow_table,
};

const acta_schema shop_schema = {
    .name = "shop",
    .binary = { binary, sizeof binary },
    .tables = tables,
    .table_count = 14,
    .hash = UINT64_C(0xd4342f88ffdd2059),
};
