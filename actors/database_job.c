/*
 * The work on a database, on a thread that may block: open it, apply a batch to it, or find out what became of the last one.
 *
 *     closed --open--> its bookmark --equals after--> the batch was committed after all
 *                           |-------equals before--> apply
 *                           '-------neither--------> somebody else was here
 */
#include "acta/offload.h"

#include "database.h"

typedef struct job_payload {
    acti_database *database;
} job_payload;

/* The last that is heard of a job: what it had belongs to the actor again, or to the next one. */
static void
end_job(acta_message *message)
{
    const job_payload *payload = message->payload;

    /* Release: with all that the job has left in it. */
    atomic_store_explicit(&payload->database->is_busy, false, memory_order_release);
}

static bool
open_connection(acti_database *database)
{
    const acta_database *given = database->given;

    if (database->connection != NULL) return true;
    memset(&database->bookmark, 0, sizeof database->bookmark);
    acta_status status =
        given->code->open(given, database->reader->name, &database->connection, &database->bookmark, &database->error);
    if (status == ACTA_OK) {
        ACTA_CRASH_POINT("database_open");
        return true;
    }
    database->connection = NULL;
    database->outcome = ACTI_DATABASE_AGAIN;
    return false;
}

static void
close_connection(acti_database *database)
{
    if (database->connection != NULL) database->given->code->close(database->given, database->connection);
    database->connection = NULL;
}

static void
set_default_error(acti_database *database, acta_status status)
{
    if (database->error.text[0] == '\0')
        acta_error_set(&database->error, status, "its database returned %s", acta_status_name(status));
}

static acta_status
open_job(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    acti_database *database = ((job_payload *)argument->payload)->database;
    (void)job;
    (void)error;

    *result_out = argument;
    close_connection(database); /* of a life that is over */
    database->outcome = ACTI_DATABASE_DONE;
    database->error.text[0] = '\0';
    if (!open_connection(database)) set_default_error(database, ACTA_IO);
    return ACTA_OK;
}

/* False: there is nothing to apply any more. */
static bool
is_where_we_left_it(acti_database *database)
{
    const acta_batch *batch = &database->batch;

    if (acta_bookmark_equal(&database->bookmark, &batch->before)) return true;
    database->outcome =
        acta_bookmark_equal(&database->bookmark, &batch->after) ? ACTI_DATABASE_DONE : ACTI_DATABASE_ELSEWHERE;
    return false;
}

static void
apply(acti_database *database)
{
    acta_batch *batch = &database->batch;

    ACTA_CRASH_POINT("database_before_batch");
    batch->failed = ACTI_NO_EVENT;
    acta_status status = database->given->code->apply(database->given, database->connection, batch, &database->error);
    ACTA_CRASH_POINT("database_after_batch");
    if (status == ACTA_OK) {
        database->bookmark = batch->after;
        database->outcome = ACTI_DATABASE_DONE;
        return;
    }
    set_default_error(database, status);
    if (batch->failed != ACTI_NO_EVENT) {
        database->outcome = ACTI_DATABASE_EVENT;
        return;
    }
    close_connection(database);
    database->outcome = ACTI_DATABASE_AGAIN;
}

static acta_status
apply_job(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    acti_database *database = ((job_payload *)argument->payload)->database;
    (void)job;
    (void)error;

    *result_out = argument;
    database->error.text[0] = '\0';
    if (database->connection != NULL || (open_connection(database) && is_where_we_left_it(database))) apply(database);
    if (database->outcome == ACTI_DATABASE_AGAIN) set_default_error(database, ACTA_IO);
    return ACTA_OK;
}

static acta_status
begin_job(acti_reader_actor *r, acti_database *database, acta_work work, acta_ref *ref_out, acta_error *error)
{
    acta_message *message = acta_message_create(r->app->runtime, 0, sizeof(job_payload));
    if (message == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to write into a database");

    ((job_payload *)message->payload)->database = database;
    message->destroy = end_job;
    /* Relaxed: the job gets it by the pool's lock. */
    atomic_store_explicit(&database->is_busy, true, memory_order_relaxed);
    acta_status status = acta_offload(r->self, work, message, ACTA_INFINITE, ref_out);
    return status == ACTA_OK ? status : acta_error_set(error, status, "no memory to write into a database");
}

acta_status
acti_database_open_begin(acti_reader_actor *r, acti_database *database, acta_ref *ref_out, acta_error *error)
{
    return begin_job(r, database, open_job, ref_out, error);
}

acta_status
acti_database_apply_begin(acti_reader_actor *r, acti_database *database, acta_ref *ref_out, acta_error *error)
{
    return begin_job(r, database, apply_job, ref_out, error);
}
