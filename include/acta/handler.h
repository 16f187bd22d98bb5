/*
 * Event handlers and projections: what happens after an event, in order for each key, with a position that survives.
 *
 * A handler is called at least once for each event that it is interested in (`replaying` tells a repetition apart).
 * A projection writes rows, and its rows and its position are in one transaction of the store: exactly once.
 *
 * Generated for each schema: bank_event_handler and bank_projection with `.on.MoneyDeposited = …`, and for each table
 * with the attribute (read_model) typed rows: bank_AccountRow_get, _put, _remove inside a projection, bank_AccountRow_find
 * and _each from outside.
 */
#ifndef ACTA_HANDLER_H
#define ACTA_HANDLER_H

#include "acta/reader_options.h"
#include "acta/schema.h"
#include "acta/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_event_handler acta_event_handler;
typedef struct acta_projection acta_projection;
typedef struct acta_database acta_database; /* projection_database.h */

/* The rows that one batch of events reads and writes. Lives while the handler runs. */
typedef struct acta_rows acta_rows;

typedef struct acta_event_handler_code {
    const acta_table *const *events;
    uint32_t event_count;
    bool (*interested)(const acta_event_handler *self, uint32_t event);
    acta_status (*handle)(const acta_event_handler *self, uint32_t event, acta_bytes buffer,
        const acta_recorded *recorded, acta_error *error);
} acta_event_handler_code;

typedef struct acta_projection_code {
    const acta_table *const *events;
    uint32_t event_count;
    bool (*interested)(const acta_projection *self, uint32_t event);
    acta_status (*handle)(const acta_projection *self, uint32_t event, acta_bytes buffer, const acta_recorded *recorded,
        acta_rows *rows, acta_error *error);
} acta_projection_code;

/* Where a name that is seen for the first time begins. */
typedef enum acta_start_from {
    ACTA_FROM_ORIGIN = 0,
    ACTA_FROM_CURRENT,  /* with the next event that is appended */
    ACTA_FROM_POSITION, /* options->start_position */
    ACTA_FROM_TIME      /* options->start_time_us */
} acta_start_from;

/* First member of each generated event handler struct. The key that keeps its order is the stream, or what the options say. */
struct acta_event_handler {
    const acta_event_handler_code *code;
    const char *name;           /* its position is kept under it; unique in the application */
    void *user;                 /* for the handler functions */
    acta_start_from start_from; /* only the first time that the name is seen */
    uint32_t window;            /* events in flight; 0: 256 */
    uint32_t retry_max; /* then the event is parked, and those of its key behind it, or what options->then says; 0: what
                           the application's on_handler_error says */
    const acta_reader_options *options; /* NULL: none; must outlive the application */
};

/* First member of each generated projection struct. */
struct acta_projection {
    const acta_projection_code *code;
    const char *name;
    void *user;
    /* Events of the batch that is made and of the one on its way; 0: 131,072, into a database 4,096. */
    uint32_t window;
    uint32_t retry_max;            /* as above */
    const acta_database *database; /* where its rows are; NULL: in the store */
    const acta_reader_options *options;
};

/*
 * Rows of one table of the store, from inside a projection: they see what the same batch wrote before. Generated code
 * calls these; `row_table` is a table with the role READ_MODEL, whose (identity) field is the key.
 *   get  ACTA_NOT_FOUND when there is no row; strings in *row_out are views that live as long as the handler runs
 */
ACTA_API acta_status acta_rows_get(
    acta_rows *rows, const acta_table *row_table, acta_str key, void *row_out, acta_error *error);
ACTA_API acta_status acta_rows_put(acta_rows *rows, const acta_table *row_table, const void *row, acta_error *error);
ACTA_API acta_status acta_rows_remove(acta_rows *rows, const acta_table *row_table, acta_str key, acta_error *error);

/*
 * Set an event handler or a projection back to nothing: its checkpoint, what it has parked, and the rows that it has made go
 * in one transaction. With the next start of the application it begins anew, where its start_from says, and makes its rows
 * again. For rows that are made in another way from now on, or that somebody has changed by hand; a changed projection under
 * a new name needs none of it.
 *   store       open, to be written, and no application runs over it: a reader that runs would go on from where it is
 *   name        the reader's name. A process manager is nothing to be reset: what its commands did stays done
 *   row_tables  its read models, the last one NULL; those that another projection writes too are not among them.
 *               NULL: it has none, as an event handler
 * Threads: one. Takes memory for the keys of all rows; what they and their tables take in one transaction is at most
 * ACTA_TRANSACTION_BYTES_MAX.
 * Errors: ACTA_INVALID: a table is no read model, or there are too many rows for one transaction; those of
 *         acta_row_cursor_open, acta_parked_cursor_open and acta_store_commit. After each but ACTA_UNKNOWN_OUTCOME
 *         nothing has changed.
 */
ACTA_API acta_status acta_reader_reset(
    acta_store *store, const char *name, const acta_table *const *row_tables, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
