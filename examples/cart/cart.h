/*
 * The cart's parts. The types are generated from cart.fbs into cart.acta.h.
 *
 *     commands -> cart_cart           aggregate: decides                                (cart.c)
 *                     | events
 *                     +-> cart_removed_rows    read model: what was taken out again     (removed.c)
 */
#ifndef CART_H
#define CART_H

#include "cart.acta.h"

extern const cart_Cart_aggregate cart_cart;
extern const cart_projection cart_removed_rows; /* RemovedRow */

#endif
