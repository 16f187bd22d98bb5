/*
 * bank load --payments: a pain.001 in, transfers, and how each ended.
 */
#ifndef BANK_PAYMENTS_H
#define BANK_PAYMENTS_H

#include "acta/app.h"
#include "pain.h"

/*
 * Request a transfer for each payment, under the id "MSGID/N", N being its place in the file; wait until all have ended; and
 * note with each that was rejected why. The same file again changes nothing, and is answered the same.
 * Errors: those of acta_dispatch and cli_settle. Payments that were rejected are none.
 */
acta_status payments_execute(acta_app *app, pain_file *file, acta_error *error);

#endif
