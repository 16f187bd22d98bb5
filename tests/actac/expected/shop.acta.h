/*
 * Made by actac from shop.fbs: change that, not this.
 */
#ifndef SHOP_ACTA_H
#define SHOP_ACTA_H

#include "acta/generated.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const acta_schema shop_schema;

typedef enum shop_Rejection ACTA_ENUM_TYPE {
    shop_Rejection_cart_is_closed = 1,
    shop_Rejection_no_such_item = 2,
} shop_Rejection;
/* shop_Rejection_optional */
ACTA_OPTIONAL(shop_Rejection);
const char *shop_Rejection_name(shop_Rejection value); /* as in the schema; "unknown" for any other */

/* Reject the command in hand: shop_reject(decision, shop_Rejection_cart_is_closed, "the balance is %" PRId64, balance). */
#define shop_reject(decision, rejection, ...)                                                                          \
    acta_decision_reject(decision, (uint32_t)(rejection), shop_Rejection_name(rejection), __VA_ARGS__)

/* Of what a thing is made. */
typedef enum shop_Material ACTA_ENUM_TYPE {
    shop_Material_wool = -3,
    shop_Material_silk = 0,
    shop_Material_cotton = 7,
} shop_Material;
/* shop_Material_optional */
ACTA_OPTIONAL(shop_Material);
const char *shop_Material_name(shop_Material value); /* as in the schema; "unknown" for any other */

typedef enum shop_Size ACTA_ENUM_TYPE {
    shop_Size_small = 5,
    shop_Size_large = 100000,
} shop_Size;
/* shop_Size_optional */
ACTA_OPTIONAL(shop_Size);
const char *shop_Size_name(shop_Size value); /* as in the schema; "unknown" for any other */

/* Of each T: T_vector, and T_ref where it is no union. */
ACTA_TABLE_VIEWS(shop_Line);
ACTA_TABLE_VIEWS(shop_Slot);
ACTA_TABLE_VIEWS(shop_Weight);
ACTA_TABLE_VIEWS(shop_Numbers);
ACTA_TABLE_VIEWS(shop_Everything);
ACTA_TABLE_VIEWS(shop_Nothing);
ACTA_TABLE_VIEWS(shop_OpenCart);
ACTA_TABLE_VIEWS(shop_AddLine);
ACTA_TABLE_VIEWS(shop_CartOpened);
ACTA_TABLE_VIEWS(shop_LineAdded);
ACTA_TABLE_VIEWS(shop_CartClosed);
ACTA_TABLE_VIEWS(shop_Cart);
ACTA_TABLE_VIEWS(shop_Watcher);
ACTA_TABLE_VIEWS(shop_CartRow);

/* One line of a cart. */
typedef struct shop_Line {
    acta_str sku ACTA_ZERO; /* required, key */
    uint32_t count ACTA_ZERO;
    acta_str_vector tags ACTA_ZERO;
    shop_Line_vector parts ACTA_ZERO;
} shop_Line;
ACTI_READ_TABLE(shop_Line)
{
    value_out->parts = acti_shop_Line_vector_of(view, 3);
    value_out->tags = acta_view_str_vector(view, 2);
    value_out->count = acta_view_uint32(view, 1, 1);
    value_out->sku = acta_view_str(view, 0);
}
/* shop_Line_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(shop_Line);
/* shop_Line_vector_find, _sort */
ACTA_KEYED(shop_Line, acta_str);

typedef struct shop_Slot {
    int32_t place ACTA_ZERO; /* key */
    shop_Material material ACTA_ZERO;
    acta_str note ACTA_ZERO;
} shop_Slot;
ACTI_READ_TABLE(shop_Slot)
{
    value_out->note = acta_view_str(view, 2);
    value_out->material = (shop_Material)acta_view_int8(view, 1, -3);
    value_out->place = acta_view_int32(view, 0, 0);
}
/* shop_Slot_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(shop_Slot);
/* shop_Slot_vector_find, _sort */
ACTA_KEYED(shop_Slot, int32_t);

typedef struct shop_Weight {
    double grams ACTA_ZERO; /* key */
    shop_Line_ref by ACTA_ZERO;
} shop_Weight;
ACTI_READ_TABLE(shop_Weight)
{
    value_out->by = acti_shop_Line_ref_of(view, 1);
    value_out->grams = acta_view_double(view, 0, 0);
}
/* shop_Weight_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(shop_Weight);
/* shop_Weight_vector_find, _sort */
ACTA_KEYED(shop_Weight, double);

/* Each kind of number, with a default and without, in an order that isn't that of the ids. */
typedef struct shop_Numbers {
    double h ACTA_ZERO;
    bool a ACTA_ZERO;
    bool b ACTA_ZERO;
    int8_t c ACTA_ZERO;
    uint8_t d ACTA_ZERO;
    int16_t e ACTA_ZERO;
    uint16_t f ACTA_ZERO;
    int32_t i ACTA_ZERO;
    uint32_t j ACTA_ZERO;
    int64_t k ACTA_ZERO;
    uint64_t l ACTA_ZERO;
    float m ACTA_ZERO;
    shop_Material material ACTA_ZERO;
    shop_Size size ACTA_ZERO;
    shop_Material fourth ACTA_ZERO;
} shop_Numbers;
ACTI_READ_TABLE(shop_Numbers)
{
    value_out->fourth = (shop_Material)acta_view_int8(view, 15, 7);
    value_out->size = (shop_Size)acta_view_uint32(view, 14, 100000);
    value_out->material = (shop_Material)acta_view_int8(view, 13, 0);
    value_out->m = acta_view_float(view, 10, (float)-2.25);
    value_out->l = acta_view_uint64(view, 9, UINT64_C(9223372036854775807));
    value_out->k = acta_view_int64(view, 8, INT64_MIN);
    value_out->j = acta_view_uint32(view, 7, 0);
    value_out->i = acta_view_int32(view, 6, -1);
    value_out->f = acta_view_uint16(view, 5, 65535);
    value_out->e = acta_view_int16(view, 4, 0);
    value_out->d = acta_view_uint8(view, 3, 0);
    value_out->c = acta_view_int8(view, 2, -7);
    value_out->b = acta_view_bool(view, 1, true);
    value_out->a = acta_view_bool(view, 0, false);
    value_out->h = acta_view_double(view, 11, 0.5);
}
/* shop_Numbers_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(shop_Numbers);

/* Everything at once. */
typedef struct shop_Everything {
    shop_Numbers_ref numbers ACTA_ZERO;
    acta_str text ACTA_ZERO;
    acta_uint8_vector bools ACTA_ZERO;
    acta_int8_vector bytes ACTA_ZERO;
    acta_uint8_vector ubytes ACTA_ZERO;
    acta_int16_vector shorts ACTA_ZERO;
    acta_uint16_vector ushorts ACTA_ZERO;
    acta_int32_vector ints ACTA_ZERO;
    acta_uint32_vector uints ACTA_ZERO;
    acta_int64_vector longs ACTA_ZERO;
    acta_uint64_vector ulongs ACTA_ZERO;
    acta_float_vector floats ACTA_ZERO;
    acta_double_vector doubles ACTA_ZERO;
    acta_int8_vector materials ACTA_ZERO;
    acta_str_vector texts ACTA_ZERO;
    shop_Line_vector lines ACTA_ZERO;
    shop_Everything_ref self ACTA_ZERO;
    acta_str must ACTA_ZERO;               /* required */
    shop_Line_vector must_lines ACTA_ZERO; /* required */
} shop_Everything;
ACTI_READ_TABLE(shop_Everything)
{
    value_out->must_lines = acti_shop_Line_vector_of(view, 18);
    value_out->must = acta_view_str(view, 17);
    value_out->self = acti_shop_Everything_ref_of(view, 16);
    value_out->lines = acti_shop_Line_vector_of(view, 15);
    value_out->texts = acta_view_str_vector(view, 14);
    value_out->materials = acta_view_int8_vector(view, 13);
    value_out->doubles = acta_view_double_vector(view, 12);
    value_out->floats = acta_view_float_vector(view, 11);
    value_out->ulongs = acta_view_uint64_vector(view, 10);
    value_out->longs = acta_view_int64_vector(view, 9);
    value_out->uints = acta_view_uint32_vector(view, 8);
    value_out->ints = acta_view_int32_vector(view, 7);
    value_out->ushorts = acta_view_uint16_vector(view, 6);
    value_out->shorts = acta_view_int16_vector(view, 5);
    value_out->ubytes = acta_view_uint8_vector(view, 4);
    value_out->bytes = acta_view_int8_vector(view, 3);
    value_out->bools = acta_view_uint8_vector(view, 2);
    value_out->text = acta_view_str(view, 1);
    value_out->numbers = acti_shop_Numbers_ref_of(view, 0);
}
/* shop_Everything_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(shop_Everything);

typedef struct shop_Nothing {
    uint8_t has_no_fields_ ACTA_ZERO; /* C has no empty structs */
} shop_Nothing;
ACTI_READ_TABLE(shop_Nothing)
{
    (void)view;
    value_out->has_no_fields_ = 0;
}
/* shop_Nothing_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(shop_Nothing);

/* Command to the aggregate Cart. */
typedef struct shop_OpenCart {
    acta_str cart_id ACTA_ZERO; /* identity, required */
    acta_str owner ACTA_ZERO;
} shop_OpenCart;
ACTI_READ_TABLE(shop_OpenCart)
{
    value_out->owner = acta_view_str(view, 1);
    value_out->cart_id = acta_view_str(view, 0);
}
/* shop_OpenCart_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(shop_OpenCart);
/* shop_OpenCart_dispatch, _dispatch_async, _schedule, _send, _send_at, _send_after */
ACTA_COMMAND(shop_OpenCart);

/* Command to the aggregate Cart. */
typedef struct shop_AddLine {
    acta_str cart_id ACTA_ZERO; /* identity, required */
    shop_Line_ref line ACTA_ZERO;
    shop_Line_vector lines ACTA_ZERO;
} shop_AddLine;
ACTI_READ_TABLE(shop_AddLine)
{
    value_out->lines = acti_shop_Line_vector_of(view, 2);
    value_out->line = acti_shop_Line_ref_of(view, 1);
    value_out->cart_id = acta_view_str(view, 0);
}
/* shop_AddLine_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(shop_AddLine);
/* shop_AddLine_dispatch, _dispatch_async, _schedule, _send, _send_at, _send_after */
ACTA_COMMAND(shop_AddLine);

/* Event of the aggregate Cart. */
typedef struct shop_CartOpened {
    acta_str cart_id ACTA_ZERO; /* required */
    acta_str owner ACTA_ZERO;
} shop_CartOpened;
ACTI_READ_TABLE(shop_CartOpened)
{
    value_out->owner = acta_view_str(view, 1);
    value_out->cart_id = acta_view_str(view, 0);
}
/* shop_CartOpened_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(shop_CartOpened);
/* shop_CartOpened_emit */
ACTA_EVENT(shop_CartOpened);
/* shop_CartOpened_cart_id */
ACTA_FIELD_READER(shop_CartOpened, cart_id);
/* shop_CartOpened_owner */
ACTA_FIELD_READER(shop_CartOpened, owner);

/* Event of the aggregate Cart. */
typedef struct shop_LineAdded {
    acta_str cart_id ACTA_ZERO;   /* required */
    shop_Line_ref line ACTA_ZERO; /* required */
    shop_Line_vector lines ACTA_ZERO;
} shop_LineAdded;
ACTI_READ_TABLE(shop_LineAdded)
{
    value_out->lines = acti_shop_Line_vector_of(view, 2);
    value_out->line = acti_shop_Line_ref_of(view, 1);
    value_out->cart_id = acta_view_str(view, 0);
}
/* shop_LineAdded_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(shop_LineAdded);
/* shop_LineAdded_emit */
ACTA_EVENT(shop_LineAdded);
/* shop_LineAdded_cart_id */
ACTA_FIELD_READER(shop_LineAdded, cart_id);

/* Event of the aggregate Cart. */
typedef struct shop_CartClosed {
    uint8_t has_no_fields_ ACTA_ZERO; /* C has no empty structs */
} shop_CartClosed;
ACTI_READ_TABLE(shop_CartClosed)
{
    (void)view;
    value_out->has_no_fields_ = 0;
}
/* shop_CartClosed_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(shop_CartClosed);
/* shop_CartClosed_emit */
ACTA_EVENT(shop_CartClosed);

/* State of the aggregate Cart. */
typedef struct shop_Cart {
    acta_str owner ACTA_ZERO;
    bool closed ACTA_ZERO;
    shop_Line_vector lines ACTA_ZERO;
    shop_Slot_vector slots ACTA_ZERO;
    shop_Weight_vector weights ACTA_ZERO;
    acta_str_vector tags ACTA_ZERO;
    acta_int64_vector sums ACTA_ZERO;
    shop_Line_ref last ACTA_ZERO;
} shop_Cart;
ACTI_READ_TABLE(shop_Cart)
{
    value_out->last = acti_shop_Line_ref_of(view, 7);
    value_out->sums = acta_view_int64_vector(view, 6);
    value_out->tags = acta_view_str_vector(view, 5);
    value_out->weights = acti_shop_Weight_vector_of(view, 4);
    value_out->slots = acti_shop_Slot_vector_of(view, 3);
    value_out->lines = acti_shop_Line_vector_of(view, 2);
    value_out->closed = acta_view_bool(view, 1, false);
    value_out->owner = acta_view_str(view, 0);
}
/* shop_Cart_table, _verify, _decode, _write, _vector_at, _ref_get */
ACTA_STATE_TABLE(shop_Cart);
/* shop_Cart_read, _read_at, _after */
ACTA_STATE(shop_Cart);
/* shop_Cart_tags_assign */
ACTA_FIELD_ASSIGN(shop_Cart, tags, 5, acta_str_vector);
/* shop_Cart_sums_assign */
ACTA_FIELD_ASSIGN(shop_Cart, sums, 6, acta_int64_vector);
/* shop_Cart_last_assign */
ACTA_FIELD_ASSIGN(shop_Cart, last, 7, shop_Line_ref);
/* shop_Cart_lines_put, _remove, _find, _count, _at */
ACTA_COLLECTION(shop_Cart, lines, 2, shop_Line, acta_str);
/* shop_Cart_slots_put, _remove, _find, _count, _at */
ACTA_COLLECTION(shop_Cart, slots, 3, shop_Slot, int32_t);
/* shop_Cart_weights_put, _remove, _find, _count, _at */
ACTA_COLLECTION(shop_Cart, weights, 4, shop_Weight, double);

/* Follows carts. */
typedef struct shop_Watcher {
    acta_str owner ACTA_ZERO;
    uint32_t seen ACTA_ZERO;
    shop_Line_vector lines ACTA_ZERO;
} shop_Watcher;
ACTI_READ_TABLE(shop_Watcher)
{
    value_out->lines = acti_shop_Line_vector_of(view, 2);
    value_out->seen = acta_view_uint32(view, 1, 0);
    value_out->owner = acta_view_str(view, 0);
}
/* shop_Watcher_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(shop_Watcher);
/* shop_Watcher_lines_put, _remove, _find, _count, _at */
ACTA_COLLECTION(shop_Watcher, lines, 2, shop_Line, acta_str);

/* Row of the read model CartRow. */
typedef struct shop_CartRow {
    acta_str cart_id ACTA_ZERO; /* identity, required */
    acta_str owner ACTA_ZERO;
    uint32_t count ACTA_ZERO;
} shop_CartRow;
ACTI_READ_TABLE(shop_CartRow)
{
    value_out->count = acta_view_uint32(view, 2, 0);
    value_out->owner = acta_view_str(view, 1);
    value_out->cart_id = acta_view_str(view, 0);
}
/* shop_CartRow_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(shop_CartRow);
/* shop_CartRow_get, _put, _remove, _find, _each */
ACTA_READ_MODEL(shop_CartRow);

typedef struct shop_Cart_execute {
    acta_verdict (*OpenCart)(const shop_Cart *state, shop_OpenCart command, acta_decision *decision) ACTA_ZERO;
    acta_verdict (*AddLine)(const shop_Cart *state, shop_AddLine command, acta_decision *decision) ACTA_ZERO;
} shop_Cart_execute;

typedef struct shop_Cart_apply {
    void (*CartOpened)(shop_Cart *state, shop_CartOpened event, acta_memory *memory) ACTA_ZERO;
    void (*LineAdded)(shop_Cart *state, shop_LineAdded event, acta_memory *memory) ACTA_ZERO;
    void (*CartClosed)(shop_Cart *state, shop_CartClosed event, acta_memory *memory) ACTA_ZERO;
} shop_Cart_apply;

/* The aggregate Cart; fill it with SHOP_CART(.execute = …, .apply = …, and what acta/aggregate.h tells). */
typedef struct shop_Cart_aggregate {
    ACTA_AGGREGATE_BASE;
    shop_Cart_execute execute;
    shop_Cart_apply apply;
    acta_verdict (*before_execute)(const shop_Cart *state, acta_decision *decision) ACTA_ZERO;
    uint32_t (*lifespan)(const shop_Cart *state, const acta_lifespan_after *after) ACTA_ZERO;
} shop_Cart_aggregate;
extern const acta_aggregate_code shop_Cart_code;

typedef struct shop_Cart_settings {
    shop_Cart_execute execute ACTA_ZERO;
    shop_Cart_apply apply ACTA_ZERO;
    uint32_t snapshot_every ACTA_ZERO;
    uint32_t idle_timeout_ms ACTA_ZERO;
    uint32_t snapshot_version ACTA_ZERO;
    acta_verdict (*before_execute)(const shop_Cart *state, acta_decision *decision) ACTA_ZERO;
    uint32_t (*lifespan)(const shop_Cart *state, const acta_lifespan_after *after) ACTA_ZERO;
} shop_Cart_settings;
#ifdef __cplusplus
#define SHOP_CART(...)                                                                                                 \
    acta_generated::aggregate<shop_Cart_aggregate>(&shop_Cart_code, shop_Cart_settings{ __VA_ARGS__ })
#else
#define SHOP_CART(...)                                                                                                 \
    {                                                                                                                  \
        .code = &shop_Cart_code, __VA_ARGS__                                                                           \
    }
#endif

/* For .apply, of events that change nothing in the state. */
void shop_Cart_ignore_CartOpened(shop_Cart *state, shop_CartOpened event, acta_memory *memory);
void shop_Cart_ignore_LineAdded(shop_Cart *state, shop_LineAdded event, acta_memory *memory);
void shop_Cart_ignore_CartClosed(shop_Cart *state, shop_CartClosed event, acta_memory *memory);

typedef struct shop_Watcher_on_CartOpened {
    acta_str (*start)(const shop_CartOpened *event) ACTA_ZERO;
    acta_str (*start_strict)(const shop_CartOpened *event) ACTA_ZERO;
    acta_str (*go_on)(const shop_CartOpened *event) ACTA_ZERO;
    acta_str (*go_on_strict)(const shop_CartOpened *event) ACTA_ZERO;
    acta_str (*stop)(const shop_CartOpened *event) ACTA_ZERO;
    void (*route)(const shop_CartOpened *event, acta_routing *routing) ACTA_ZERO;
    void (*associate)(const shop_CartOpened *event, acta_associations *associations) ACTA_ZERO;
    void (*handle)(const shop_Watcher *state, shop_CartOpened event, acta_commands *commands) ACTA_ZERO;
    void (*apply)(shop_Watcher *state, shop_CartOpened event, acta_memory *memory) ACTA_ZERO;
} shop_Watcher_on_CartOpened;

typedef struct shop_Watcher_on_LineAdded {
    acta_str (*start)(const shop_LineAdded *event) ACTA_ZERO;
    acta_str (*start_strict)(const shop_LineAdded *event) ACTA_ZERO;
    acta_str (*go_on)(const shop_LineAdded *event) ACTA_ZERO;
    acta_str (*go_on_strict)(const shop_LineAdded *event) ACTA_ZERO;
    acta_str (*stop)(const shop_LineAdded *event) ACTA_ZERO;
    void (*route)(const shop_LineAdded *event, acta_routing *routing) ACTA_ZERO;
    void (*associate)(const shop_LineAdded *event, acta_associations *associations) ACTA_ZERO;
    void (*handle)(const shop_Watcher *state, shop_LineAdded event, acta_commands *commands) ACTA_ZERO;
    void (*apply)(shop_Watcher *state, shop_LineAdded event, acta_memory *memory) ACTA_ZERO;
} shop_Watcher_on_LineAdded;

typedef struct shop_Watcher_on_CartClosed {
    acta_str (*start)(const shop_CartClosed *event) ACTA_ZERO;
    acta_str (*start_strict)(const shop_CartClosed *event) ACTA_ZERO;
    acta_str (*go_on)(const shop_CartClosed *event) ACTA_ZERO;
    acta_str (*go_on_strict)(const shop_CartClosed *event) ACTA_ZERO;
    acta_str (*stop)(const shop_CartClosed *event) ACTA_ZERO;
    void (*route)(const shop_CartClosed *event, acta_routing *routing) ACTA_ZERO;
    void (*associate)(const shop_CartClosed *event, acta_associations *associations) ACTA_ZERO;
    void (*handle)(const shop_Watcher *state, shop_CartClosed event, acta_commands *commands) ACTA_ZERO;
    void (*apply)(shop_Watcher *state, shop_CartClosed event, acta_memory *memory) ACTA_ZERO;
} shop_Watcher_on_CartClosed;

typedef struct shop_Watcher_on {
    shop_Watcher_on_CartOpened CartOpened ACTA_ZERO;
    shop_Watcher_on_LineAdded LineAdded ACTA_ZERO;
    shop_Watcher_on_CartClosed CartClosed ACTA_ZERO;
} shop_Watcher_on;

/* The process manager Watcher; fill it with SHOP_WATCHER(.on = …, .error, .event_error, .after_command, .name, .retry_max,
 * .idle_timeout_ms, .event_timeout_ms, .start_from, .keep_story, .then). */
typedef struct shop_Watcher_process_manager {
    ACTA_PROCESS_MANAGER_BASE;
    shop_Watcher_on on;
    acta_failure_action (*error)(const shop_Watcher *state, const acta_failure *failure, acta_commands *commands);
    acta_unhandled_action (*event_error)(const acta_unhandled *failure, acta_unhandled_retry *retry);
    acta_after_command (*after_command)(const shop_Watcher *state, const acta_accepted *accepted);
} shop_Watcher_process_manager;
extern const acta_process_manager_code shop_Watcher_code;

typedef struct shop_Watcher_settings {
    shop_Watcher_on on ACTA_ZERO;
    acta_failure_action (*error)(
        const shop_Watcher *state, const acta_failure *failure, acta_commands *commands) ACTA_ZERO;
    acta_unhandled_action (*event_error)(const acta_unhandled *failure, acta_unhandled_retry *retry) ACTA_ZERO;
    acta_after_command (*after_command)(const shop_Watcher *state, const acta_accepted *accepted) ACTA_ZERO;
    const char *name ACTA_ZERO;
    uint32_t retry_max ACTA_ZERO;
    uint32_t idle_timeout_ms ACTA_ZERO;
    uint32_t event_timeout_ms ACTA_ZERO;
    acta_start_from start_from ACTA_ZERO;
    bool keep_story ACTA_ZERO;
    acta_failure_then then ACTA_ZERO;
} shop_Watcher_settings;
#ifdef __cplusplus
#define SHOP_WATCHER(...)                                                                                              \
    acta_generated::process_manager<shop_Watcher_process_manager>(                                                     \
        &shop_Watcher_code, shop_Watcher_settings{ __VA_ARGS__ })
#else
#define SHOP_WATCHER(...)                                                                                              \
    {                                                                                                                  \
        .code = &shop_Watcher_code, __VA_ARGS__                                                                        \
    }
#endif

typedef struct shop_on_event {
    acta_status (*CartOpened)(
        void *user, shop_CartOpened event, const acta_recorded *recorded, acta_error *error) ACTA_ZERO;
    acta_status (*LineAdded)(
        void *user, shop_LineAdded event, const acta_recorded *recorded, acta_error *error) ACTA_ZERO;
    acta_status (*CartClosed)(
        void *user, shop_CartClosed event, const acta_recorded *recorded, acta_error *error) ACTA_ZERO;
} shop_on_event;

/* An event handler; fill it with SHOP_EVENT_HANDLER(.name = …, .user, .on = …, .start_from, .window, .retry_max, .options). */
typedef struct shop_event_handler {
    ACTA_EVENT_HANDLER_BASE;
    shop_on_event on;
} shop_event_handler;
extern const acta_event_handler_code shop_event_handler_code;

typedef struct shop_event_handler_settings {
    const char *name ACTA_ZERO;
    void *user ACTA_ZERO;
    shop_on_event on ACTA_ZERO;
    acta_start_from start_from ACTA_ZERO;
    uint32_t window ACTA_ZERO;
    uint32_t retry_max ACTA_ZERO;
    const acta_reader_options *options ACTA_ZERO;
} shop_event_handler_settings;
#ifdef __cplusplus
#define SHOP_EVENT_HANDLER(...)                                                                                        \
    acta_generated::event_handler<shop_event_handler>(                                                                 \
        &shop_event_handler_code, shop_event_handler_settings{ __VA_ARGS__ })
#else
#define SHOP_EVENT_HANDLER(...)                                                                                        \
    {                                                                                                                  \
        .code = &shop_event_handler_code, __VA_ARGS__                                                                  \
    }
#endif

typedef struct shop_on_projected {
    acta_status (*CartOpened)(
        void *user, shop_CartOpened event, const acta_recorded *recorded, acta_rows *rows, acta_error *error) ACTA_ZERO;
    acta_status (*LineAdded)(
        void *user, shop_LineAdded event, const acta_recorded *recorded, acta_rows *rows, acta_error *error) ACTA_ZERO;
    acta_status (*CartClosed)(
        void *user, shop_CartClosed event, const acta_recorded *recorded, acta_rows *rows, acta_error *error) ACTA_ZERO;
} shop_on_projected;

/* A projection; fill it with SHOP_PROJECTION(.name = …, .user, .on = …, .window, .retry_max, .database, .options). */
typedef struct shop_projection {
    ACTA_PROJECTION_BASE;
    shop_on_projected on;
} shop_projection;
extern const acta_projection_code shop_projection_code;

typedef struct shop_projection_settings {
    const char *name ACTA_ZERO;
    void *user ACTA_ZERO;
    shop_on_projected on ACTA_ZERO;
    uint32_t window ACTA_ZERO;
    uint32_t retry_max ACTA_ZERO;
    const acta_database *database ACTA_ZERO;
    const acta_reader_options *options ACTA_ZERO;
} shop_projection_settings;
#ifdef __cplusplus
#define SHOP_PROJECTION(...)                                                                                           \
    acta_generated::projection<shop_projection>(&shop_projection_code, shop_projection_settings{ __VA_ARGS__ })
#else
#define SHOP_PROJECTION(...)                                                                                           \
    {                                                                                                                  \
        .code = &shop_projection_code, __VA_ARGS__                                                                     \
    }
#endif

#ifdef __cplusplus
}
#endif

#endif
