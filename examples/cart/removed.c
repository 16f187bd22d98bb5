/*
 * What was taken out of carts again, and how often: a question that nobody asked when the carts were made.
 *
 *     ItemRemoved -> RemovedRow, one for each item
 *
 * A projection begins at the first event of the log, whenever it is added. So the answer is about all carts, also those
 * from before there was this file.
 */
#include "cart.h"

static acta_status
count_removal(void *user, cart_ItemRemoved event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    cart_RemovedRow row;

    (void)user;
    (void)recorded;
    acta_status status = cart_RemovedRow_get(rows, event.item, &row, error);
    if (status == ACTA_NOT_FOUND)
        row = ACTA_INIT(cart_RemovedRow, .item = event.item);
    else if (status != ACTA_OK)
        return status;
    row.times++;
    return cart_RemovedRow_put(rows, row, error);
}

const cart_projection cart_removed_rows = CART_PROJECTION(.name = "removed", .on = { .ItemRemoved = count_removal });
