/*
 * Import: what its two files share. See acta/transfer.h.
 *
 *     import.c        entries, opening, closing
 *     import_rows.c   rows beside the log
 */
#ifndef ACTI_IMPORT_H
#define ACTI_IMPORT_H

#include "acta/transfer.h"

#include "files.h"
#include "internal.h"

struct acta_import {
    acta_environment environment;
    acta_store *store;
    char path[ACTI_PATH_MAX];
    uint32_t count;   /* records in the batch under way */
    bool is_begun;    /* the index was taken away */
    bool awaits_rows; /* the store says so, or will with this batch */
    bool has_ended;   /* all rows came */
    bool has_failed;
    uint8_t *room; /* for a record */
    size_t room_size;
    uint64_t stream_id_max;
    int64_t recorded_at_us; /* of the last event; batches of rows alone may be later */
    int64_t begun_at_us;    /* of outcomes that are made */
    /* Maps. A name is known by the first bytes of its digest. */
    acti_sessions versions; /* stream id -> its last version */
    acti_sessions name_of;  /* stream id -> its name */
    acti_sessions owner_of; /* name -> the stream id that has it; 0: nobody any more */
};

/* import.c: may more be added? */
acta_status acti_import_check_open(const acta_import *import, acta_error *error);
/* What there is goes to the disk. */
acta_status acti_import_write(acta_import *import, acta_error *error);
/* The same, if it is much. */
acta_status acti_import_write_much(acta_import *import, acta_error *error);

/* import_rows.c: the command of this event was done; into the batch. */
void acti_import_put_outcome(acta_import *import, const acta_recorded *event);
/* Does the store say that rows are awaited? */
acta_status acti_import_ask_rows(acta_import *import, acta_error *error);

#endif
