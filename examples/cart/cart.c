/*
 * Cart: things go in and out until it is paid.
 *
 *     (new) -- AddItem, RemoveItem --> open -- CheckOut, unless it is empty --> checked out
 *
 * Invariants
 *  - Nothing is taken out that isn't in.
 *  - What is checked out doesn't change any more.
 */
#include "cart.h"

static acta_verdict
reject_checked_out(acta_str cart_id, acta_decision *decision)
{
    return cart_reject(
        decision, cart_Rejection_checked_out, "cart '" ACTA_FMT "' is checked out already", ACTA_ARG(cart_id));
}

static acta_verdict
add(const cart_Cart *cart, cart_AddItem command, acta_decision *decision)
{
    if (cart->is_checked_out) return reject_checked_out(command.cart_id, decision);
    return cart_ItemAdded_emit(decision, ACTA_INIT(cart_ItemAdded, .cart_id = command.cart_id, .item = command.item));
}

static acta_verdict
take_out(const cart_Cart *cart, cart_RemoveItem command, acta_decision *decision)
{
    if (cart->is_checked_out) return reject_checked_out(command.cart_id, decision);
    if (cart_Cart_items_find(cart, command.item) == NULL)
        return cart_reject(decision, cart_Rejection_not_in_cart, "there is no " ACTA_FMT " in cart '" ACTA_FMT "'",
            ACTA_ARG(command.item), ACTA_ARG(command.cart_id));
    return cart_ItemRemoved_emit(
        decision, ACTA_INIT(cart_ItemRemoved, .cart_id = command.cart_id, .item = command.item));
}

static acta_verdict
check_out(const cart_Cart *cart, cart_CheckOut command, acta_decision *decision)
{
    if (cart->is_checked_out) return reject_checked_out(command.cart_id, decision);
    if (cart->items.count == 0)
        return cart_reject(
            decision, cart_Rejection_is_empty, "there is nothing in cart '" ACTA_FMT "'", ACTA_ARG(command.cart_id));
    return cart_CheckedOut_emit(decision, ACTA_INIT(cart_CheckedOut, .cart_id = command.cart_id));
}

static void
added(cart_Cart *cart, cart_ItemAdded event, acta_memory *memory)
{
    const cart_Item *item = cart_Cart_items_find(cart, event.item);
    uint32_t count = item != NULL ? item->count : 0;

    cart_Cart_items_put(cart, ACTA_INIT(cart_Item, .item = event.item, .count = count + 1), memory);
}

static void
taken_out(cart_Cart *cart, cart_ItemRemoved event, acta_memory *memory)
{
    const cart_Item *item = cart_Cart_items_find(cart, event.item);

    if (item == NULL || item->count == 1)
        cart_Cart_items_remove(cart, event.item, memory);
    else
        cart_Cart_items_put(cart, ACTA_INIT(cart_Item, .item = event.item, .count = item->count - 1), memory);
}

static void
checked_out(cart_Cart *cart, cart_CheckedOut event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    cart->is_checked_out = true;
}

const cart_Cart_aggregate cart_cart = CART_CART(
    .execute = {
        .AddItem = add,
        .RemoveItem = take_out,
        .CheckOut = check_out,
    },
    .apply = {
        .ItemAdded = added,
        .ItemRemoved = taken_out,
        .CheckedOut = checked_out,
    });
