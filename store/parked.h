/*
 * What the store itself does with parked rows, beside acta/consumer_group.h.
 */
#ifndef ACTI_PARKED_H
#define ACTI_PARKED_H

#include "acta/consumer_group.h"

/* Delete all rows of a name in this transaction. */
acta_status acti_parked_delete_all(acta_transaction *transaction, const char *name, acta_error *error);

#endif
