/*
 * Orders of operators to readers: what readers_operate.c asks and reader_orders.c carries out.
 */
#ifndef ACTI_ACTORS_READER_ORDERS_H
#define ACTI_ACTORS_READER_ORDERS_H

#include "reader.h"
#include "reader_row.h"

typedef enum acti_order_kind {
    ACTI_ORDER_PAUSE,
    ACTI_ORDER_RESUME,
    ACTI_ORDER_REPLAY,
    ACTI_ORDER_SKIP,
    ACTI_ORDER_RESET,
    ACTI_ORDER_ANEW /* no operator's: a rebuild has replaced its rows */
} acti_order_kind;

/* What the message holds. */
typedef struct acti_order_request {
    acti_order_kind kind;
    uint64_t position; /* 0: none */
    const acta_table *const *row_tables;
    char by[ACTA_OPERATOR_TEXT_MAX], why[ACTA_OPERATOR_TEXT_MAX];
    size_t key_size;
    char key[ACTI_PARKED_KEY_MAX];
} acti_order_request;

#endif
