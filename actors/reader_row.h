/*
 * What the store keeps of a reader beside its checkpoint, and the notes of what operators did: reader_row.c.
 */
#ifndef ACTI_ACTORS_READER_ROW_H
#define ACTI_ACTORS_READER_ROW_H

#include "acta/readers.h"

#include "internal.h"

typedef struct acti_reader_row {
    bool is_paused;
    uint64_t replay_until;
    uint64_t *not_done; /* in order */
    uint32_t not_done_count;
} acti_reader_row;

/* The bytes are made in `memory`; false: there is none left. */
bool acti_reader_row_put(
    acta_transaction *transaction, const char *name, const acti_reader_row *row, acta_memory *memory);
/* All zero when there is none; not_done is in `memory`. */
acta_status acti_reader_row_get(
    acta_store *store, const char *name, acta_memory *memory, acti_reader_row *row_out, acta_error *error);

/* `id` tells notes of one moment apart. */
void acti_reader_note_put(acta_transaction *transaction, const char *name, int64_t at_us, acta_id id, const char *text);

#endif
