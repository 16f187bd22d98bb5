/*
 * Do both verifiers say the same of any bytes? Ours refuses two things on purpose that the official one lets through, and
 * says so: strings that are no UTF-8 without NUL, and more offsets to the same strings than an honest buffer has.
 */
#ifndef ACTA_TESTS_OFFICIAL_VERDICT_H
#define ACTA_TESTS_OFFICIAL_VERDICT_H

#include <string.h>

#include "official.h"

typedef enum verdict {
    VERDICT_BOTH_ACCEPT,
    VERDICT_BOTH_REFUSE,
    VERDICT_OURS_IS_STRICTER, /* on purpose */
    VERDICT_OURS_REFUSES,     /* and the rest is a defect */
    VERDICT_OURS_ACCEPTS,
    VERDICT_OURS_IS_ODD, /* another status than ACTA_CORRUPT, or no text */
    VERDICTS
} verdict;

static inline verdict
verdict_of(const official_table *table, acta_bytes buffer, acta_error *error)
{
    acta_status status = table->ours->verify(buffer, error);
    bool official = table->accepts(buffer.data, buffer.size);

    if (status == ACTA_OK) return official ? VERDICT_BOTH_ACCEPT : VERDICT_OURS_ACCEPTS;
    if (status != ACTA_CORRUPT || strstr(error->text, "damaged buffer of ") == NULL) return VERDICT_OURS_IS_ODD;
    if (!official) return VERDICT_BOTH_REFUSE;
    bool stricter = strstr(error->text, " is not UTF-8 without NUL") != NULL ||
                    strstr(error->text, " is one of too many offsets to the same strings") != NULL;
    return stricter ? VERDICT_OURS_IS_STRICTER : VERDICT_OURS_REFUSES;
}

#endif
