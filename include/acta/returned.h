/*
 * What a dispatch returns beside its status: versions and ids, the command's events, the state as it is behind them.
 *
 *     acta_returned returned;
 *     const acta_dispatch_options options = { .returning = ACTA_RETURN_ALL, .returned_out = &returned, .memory = memory };
 *     bank_Deposit_dispatch(app, deposit, &options, &error);
 *     const bank_MoneyDeposited *deposited = returned.events[0].value;
 *     const bank_Account *account = returned.state;
 *
 * acta_dispatch_async brings the same to `done`, in memory of its own that is gone when that returns.
 * Asked again with the same command id it returns the same: events and state are then read from the log.
 */
#ifndef ACTA_RETURNED_H
#define ACTA_RETURNED_H

#include "acta/id.h"
#include "acta/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What to return; bits. Versions and ids are returned whenever there is a place for them. */
typedef enum acta_returning {
    ACTA_RETURN_VERSION = 0,
    ACTA_RETURN_EVENTS = 1,
    ACTA_RETURN_STATE = 2,
    ACTA_RETURN_ALL = 3
} acta_returning;

typedef struct acta_returned_event {
    const acta_table *table; /* bank_MoneyDeposited_table */
    uint64_t version, position;
    acta_bytes payload; /* encoded */
    const void *value;  /* the table's struct: const bank_MoneyDeposited * */
} acta_returned_event;

/* All that it points to lies in the memory that the options gave; of acta_dispatch_async, in one that ends with `done`. */
typedef struct acta_returned {
    uint64_t version;                                 /* of the aggregate's stream after the command */
    uint64_t position;                                /* of its last event; 0: none */
    acta_id command_id, correlation_id, causation_id; /* the command's; an event's causation is command_id */
    uint32_t
        decisions; /* how often the command was decided: more than 1 when somebody else wrote to the stream at the same
                           time; 0: it was answered with what had become of it before, or by middleware */
    const acta_returned_event *events; /* with ACTA_RETURN_EVENTS */
    uint32_t event_count;
    const void *state; /* with ACTA_RETURN_STATE: the state's struct as of `version`; NULL: it has no events */
} acta_returned;

#ifdef __cplusplus
}
#endif
#endif
