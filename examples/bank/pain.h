/*
 * Payments as companies order them: ISO 20022 pain.001 (customer credit transfer initiation) in, and the answer to it out,
 * pain.002 (customer payment status report). By libxml2.
 *
 * Only what a transfer needs is read: debtor, creditor, amount, and the names by which the report refers to them. What the
 * standard demands and is missing refuses the file; a payment with a value that can't be is rejected alone.
 */
#ifndef BANK_PAIN_H
#define BANK_PAIN_H

#include "acta/str.h"

enum {
    PAIN_FILE_MAX = 1 << 24, /* bytes */
    PAIN_TEXT_MAX = 140,     /* bytes of a name: 35 characters at most, of four bytes at most */
    PAIN_REASON_MAX = 105    /* bytes of a reason in words, as the standard has it */
};

typedef struct pain_payment {
    uint64_t line;
    const char *group_id;      /* PmtInfId */
    const char *end_to_end_id; /* EndToEndId */
    const char *debtor, *creditor;
    int64_t amount;                   /* in minor units */
    char code[5];                     /* why it is rejected: an ISO 20022 reason, "AM04"; "": it isn't */
    char reason[PAIN_REASON_MAX + 1]; /* and in words */
} pain_payment;

typedef struct pain_file {
    char message_name[16];  /* "pain.001.001.03" */
    const char *message_id; /* MsgId */
    pain_payment *payments; /* in the order of the file, so that those of a PmtInf follow each other */
    uint32_t payment_count;
    void *document; /* libxml2's; all texts are in it */
} pain_file;

/*
 * Read a pain.001. Nothing is fetched from anywhere, and a document type, with which entities come, is refused.
 * Errors: ACTA_IO, ACTA_NO_MEMORY; ACTA_INVALID: it is too large, no XML or no pain.001, or something is missing in it: the
 *         text is "PATH:LINE: ELEMENT …".
 */
acta_status pain_open(const char *path, pain_file **file_out, acta_error *error);
void pain_close(pain_file *file); /* takes NULL */

/* Reject a payment: `code` of four letters, and why. Only the first reason counts. */
void pain_reject(pain_payment *payment, const char *code, const char *format, ...) ACTA_PRINTF(3, 4);

/*
 * Write the report on a file: each payment was executed, or rejected with its reason.
 *   now_us  the report's time
 * Errors: ACTA_IO.
 */
acta_status pain_write_report(const pain_file *file, const char *path, int64_t now_us, acta_error *error);

#endif
