/*
 * PostgreSQL as a database of projections.
 *
 *     open    connect -> advisory lock of the name -> acta_positions -> the user's tables -> the row of this projection
 *     apply   BEGIN -> the row, if it is as we left it -> the user's functions -> COMMIT
 *
 * The lock is the session's: it ends with the connection, also when nobody said so. A statement that fails leaves its
 * transaction failed, so nothing after it can be kept by mistake: COMMIT then answers ROLLBACK, which is looked at.
 */
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acta/id.h"
#include "acta/projection_postgres.h"

typedef struct connection {
    PGconn *pg;
    const char *prepared[ACTA_POSTGRES_STATEMENTS_MAX];
    uint32_t prepared_count;
    bool database_failed; /* since the batch began */
} connection;

/* -- errors -- */

/* By the class of its SQLSTATE: of the connection, of resources, of an operator, of the system; or to be tried again. */
static bool
is_the_databases_fault(const PGconn *pg, const PGresult *result)
{
    static const char *const classes[] = { "08", "25", "40", "53", "55", "57", "58", "XX" };
    const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;

    if (PQstatus(pg) != CONNECTION_OK || state == NULL) return true;
    if (strcmp(state, "25P02") == 0) return false; /* a statement before it has failed, and told why */
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strncmp(state, classes[i], 2) == 0) return true;
    return false;
}

/* Without the newline that libpq ends its lines with. */
static acta_status
say(acta_error *error, acta_status status, const char *about, const char *text)
{
    size_t size = strcspn(text, "\n");
    return acta_error_set(error, status, "'%.40s': %.*s", about, (int)(size < 300 ? size : 300), text);
}

/* Takes the result. */
static acta_status
check(PGconn *pg, PGresult *result, const char *sql, acta_error *error)
{
    ExecStatusType got = PQresultStatus(result);
    acta_status status = ACTA_OK;

    if (got != PGRES_COMMAND_OK && got != PGRES_TUPLES_OK && got != PGRES_EMPTY_QUERY)
        status = say(error, is_the_databases_fault(pg, result) ? ACTA_IO : ACTA_INVALID, sql,
            result != NULL ? PQresultErrorMessage(result) : PQerrorMessage(pg));
    PQclear(result);
    return status;
}

acta_status
acta_postgres_execute(PGconn *pg, const char *sql, acta_error *error)
{
    return check(pg, PQexec(pg, sql), sql, error);
}

/* -- opening -- */

static void
close_connection(const acta_database *self, void *given)
{
    connection *c = given;
    (void)self;

    PQfinish(c->pg);
    free(c);
}

static void
drop_notice(void *user, const PGresult *result)
{
    (void)user;
    (void)result;
}

static acta_status
connect_to(const acta_postgres *postgres, connection *c, acta_error *error)
{
    const char *const keys[] = { "connect_timeout", "fallback_application_name", "dbname", NULL };
    const char *const values[] = { "10", "acta", postgres->connection, NULL };

    c->pg = PQconnectdbParams(keys, values, 1); /* dbname is the whole string, and what it says wins */
    if (c->pg == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to connect to PostgreSQL");
    if (PQstatus(c->pg) != CONNECTION_OK) return say(error, ACTA_IO, "connecting", PQerrorMessage(c->pg));
    PQsetNoticeReceiver(c->pg, drop_notice, NULL);
    return ACTA_OK;
}

static acta_status
lock_name(connection *c, const char *name, acta_error *error)
{
    static const char *const sql = "SELECT pg_try_advisory_lock(hashtextextended('acta projection ' || $1, 0))";
    PGresult *result = PQexecParams(c->pg, sql, 1, NULL, &name, NULL, NULL, 0);

    bool is_taken = PQresultStatus(result) == PGRES_TUPLES_OK && strcmp(PQgetvalue(result, 0, 0), "t") != 0;
    acta_status status = check(c->pg, result, sql, error);
    if (status != ACTA_OK || !is_taken) return status;
    return acta_error_set(error, ACTA_IN_USE, "another connection projects '%s' into this database", name);
}

static acta_status
make_tables(const acta_postgres *postgres, PGconn *pg, acta_error *error)
{
    /* Two that make them at once would be in each other's way. */
    acta_status status = acta_postgres_execute(pg,
        "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('acta tables', 0)); "
        "CREATE TABLE IF NOT EXISTS acta_positions (name text PRIMARY KEY, position bigint NOT NULL, "
        "event bigint NOT NULL, mark text NOT NULL, late bigint NOT NULL, late_count bigint NOT NULL)",
        error);
    if (status == ACTA_OK && postgres->prepare != NULL) status = postgres->prepare(postgres->user, pg, error);
    if (status == ACTA_OK) return acta_postgres_execute(pg, "COMMIT", error);
    PQclear(PQexec(pg, "ROLLBACK"));
    return status;
}

static uint64_t
number_at(const PGresult *result, int column)
{
    return strtoull(PQgetvalue(result, 0, column), NULL, 10);
}

static acta_status
read_bookmark(PGconn *pg, const char *name, acta_bookmark *bookmark_out, acta_error *error)
{
    static const char *const make = "INSERT INTO acta_positions VALUES ($1, 0, 0, $2, 0, 0) ON CONFLICT DO NOTHING";
    static const char *const sql = "SELECT position, event, mark, late, late_count FROM acta_positions WHERE name = $1";
    acta_bookmark nothing = { .position = 0 };
    char text[ACTA_ID_TEXT_SIZE];
    const char *values[] = { name, acta_id_format(nothing.mark, text) };

    acta_status status = check(pg, PQexecParams(pg, make, 2, NULL, values, NULL, NULL, 0), make, error);
    if (status != ACTA_OK) return status;
    PGresult *result = PQexecParams(pg, sql, 1, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) {
        status = check(pg, result, sql, error);
        return status != ACTA_OK ? status : acta_error_set(error, ACTA_IO, "the row of '%s' has gone", name);
    }
    bookmark_out->position = number_at(result, 0);
    bookmark_out->event = number_at(result, 1);
    bookmark_out->late = number_at(result, 3);
    bookmark_out->late_count = number_at(result, 4);
    status = acta_id_parse(acta_str_of(PQgetvalue(result, 0, 2)), &bookmark_out->mark, error);
    PQclear(result);
    return status == ACTA_OK ? status : acta_error_prefix(error, ACTA_CORRUPT, "acta_positions.mark: ");
}

static acta_status
open_connection(
    const acta_database *self, const char *name, void **connection_out, acta_bookmark *bookmark_out, acta_error *error)
{
    const acta_postgres *postgres = (const acta_postgres *)self;
    connection *c = calloc(1, sizeof *c);
    if (c == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to connect to PostgreSQL");

    acta_status status = connect_to(postgres, c, error);
    if (status == ACTA_OK) status = lock_name(c, name, error);
    if (status == ACTA_OK) status = make_tables(postgres, c->pg, error);
    if (status == ACTA_OK) status = read_bookmark(c->pg, name, bookmark_out, error);
    if (status != ACTA_OK) {
        close_connection(self, c);
        return acta_error_prefix(error, status, "PostgreSQL: ");
    }
    *connection_out = c;
    return ACTA_OK;
}

/* -- statements -- */

acta_postgres_value
acta_postgres_text(acta_str text)
{
    return (acta_postgres_value){ .text = text };
}

acta_postgres_value
acta_postgres_bigint(int64_t number)
{
    acta_postgres_value value = { .text = { NULL, 0 } };

    value.text.size = (size_t)snprintf(value.number, sizeof value.number, "%" PRId64, number);
    return value;
}

/* Its name at the server: its number here. */
static acta_status
find_statement(connection *c, const char *sql, char *name, size_t name_size, acta_error *error)
{
    uint32_t i = 0;

    while (i < c->prepared_count && c->prepared[i] != sql)
        i++;
    snprintf(name, name_size, "acta_%u", (unsigned)i);
    if (i < c->prepared_count) return ACTA_OK;
    if (i == ACTA_POSTGRES_STATEMENTS_MAX)
        return acta_error_set(error, ACTA_INVALID,
            "more than %d texts of statements; is it a string literal each time?", ACTA_POSTGRES_STATEMENTS_MAX);
    PGresult *result = PQprepare(c->pg, name, sql, 0, NULL);
    if (is_the_databases_fault(c->pg, result) && PQresultStatus(result) != PGRES_COMMAND_OK) c->database_failed = true;
    acta_status status = check(c->pg, result, sql, error);
    if (status == ACTA_OK) c->prepared[c->prepared_count++] = sql;
    return status;
}

/* Values as libpq wants them: texts that end with a NUL, copied into `room` one after the other. */
static bool
copy_values(const acta_postgres_value *values, uint32_t count, char *room, const char **texts)
{
    for (uint32_t i = 0; i < count; i++) {
        bool is_number = values[i].text.data == NULL && values[i].text.size > 0;
        const char *text = is_number ? values[i].number : values[i].text.data;
        texts[i] = text != NULL ? room : NULL;
        if (text == NULL) continue;
        if (memchr(text, '\0', values[i].text.size) != NULL) return false;
        memcpy(room, text, values[i].text.size);
        room[values[i].text.size] = '\0';
        room += values[i].text.size + 1;
    }
    return true;
}

static acta_status
run(connection *c, const char *sql, const acta_postgres_value *values, uint32_t count, acta_error *error)
{
    const char *texts[ACTA_POSTGRES_VALUES_MAX];
    char small[1024], name[24];
    size_t size = 0;

    if (count > ACTA_POSTGRES_VALUES_MAX)
        return acta_error_set(
            error, ACTA_INVALID, "%u values, at most %d are allowed", (unsigned)count, ACTA_POSTGRES_VALUES_MAX);
    for (uint32_t i = 0; i < count; i++)
        size += values[i].text.size + 1;
    acta_status status = find_statement(c, sql, name, sizeof name, error);
    if (status != ACTA_OK) return status;
    char *room = size <= sizeof small ? small : malloc(size);
    if (room == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the values of a statement");
    if (!copy_values(values, count, room, texts))
        status = acta_error_set(error, ACTA_INVALID, "a value has a NUL, which PostgreSQL's texts can't have");
    else {
        PGresult *result = PQexecPrepared(c->pg, name, (int)count, texts, NULL, NULL, 0);
        status = check(c->pg, result, sql, error);
        if (status == ACTA_IO) c->database_failed = true;
    }
    if (room != small) free(room);
    return status;
}

/* -- batches -- */

static acta_status
mark_batch(connection *c, const acta_batch *batch, acta_error *error)
{
    static const char *const sql =
        "UPDATE acta_positions SET position = $2, event = $3, mark = $4, late = $5, late_count = $6 "
        "WHERE name = $1 AND position = $7 AND event = $8 AND late_count = $9";
    const acta_bookmark *before = acta_batch_before(batch), *after = acta_batch_after(batch);
    const uint64_t numbers[] = { after->position, after->event, after->late, after->late_count, before->position,
        before->event, before->late_count };
    char texts[7][24], mark[ACTA_ID_TEXT_SIZE];

    for (size_t i = 0; i < 7; i++)
        snprintf(texts[i], sizeof texts[i], "%" PRIu64, numbers[i]);
    const char *values[] = { acta_batch_name(batch), texts[0], texts[1], acta_id_format(after->mark, mark), texts[2],
        texts[3], texts[4], texts[5], texts[6] };
    PGresult *result = PQexecParams(c->pg, sql, 9, NULL, values, NULL, NULL, 0);
    bool is_one = strcmp(PQcmdTuples(result), "1") == 0;
    acta_status status = check(c->pg, result, sql, error);
    if (status != ACTA_OK || is_one) return status;
    return acta_error_set(error, ACTA_CONFLICT, "somebody else has moved the position");
}

static acta_status
project(connection *c, acta_batch *batch, acta_error *error)
{
    c->database_failed = false;
    acta_status status = acta_batch_project(batch, c, error);
    PGTransactionStatusType left = PQtransactionStatus(c->pg);

    if (c->database_failed || (left != PQTRANS_INTRANS && left != PQTRANS_INERROR)) acta_batch_absolve(batch);
    if (status != ACTA_OK || left == PQTRANS_INTRANS) return status;
    acta_batch_absolve(batch);
    return acta_error_set(error, ACTA_FAILED, "a function of the projection has %s",
        left == PQTRANS_INERROR ? "kept quiet about a statement that failed" : "ended the batch's transaction");
}

static acta_status
apply_batch(const acta_database *self, void *given, acta_batch *batch, acta_error *error)
{
    connection *c = given;
    (void)self;

    acta_status status = acta_postgres_execute(c->pg, "BEGIN", error);
    if (status == ACTA_OK) status = mark_batch(c, batch, error);
    if (status == ACTA_OK) status = project(c, batch, error);
    if (status == ACTA_OK) status = acta_postgres_execute(c->pg, "COMMIT", error);
    if (status == ACTA_OK) return status;
    PQclear(PQexec(c->pg, "ROLLBACK"));
    return acta_error_prefix(error, status, "PostgreSQL: ");
}

const acta_database_code acta_postgres_code = {
    .open = open_connection, .apply = apply_batch, .close = close_connection
};

/* -- for the projection's functions -- */

static connection *
connection_of(const acta_rows *rows)
{
    const acta_database *database = acta_rows_database(rows);
    return database != NULL && database->code == &acta_postgres_code ? acta_rows_connection(rows) : NULL;
}

PGconn *
acta_postgres_of(const acta_rows *rows)
{
    const connection *c = connection_of(rows);
    return c != NULL ? c->pg : NULL;
}

acta_status
acta_postgres_run(
    acta_rows *rows, const char *sql, const acta_postgres_value *values, uint32_t count, acta_error *error)
{
    connection *c = connection_of(rows);

    if (c == NULL) return acta_error_set(error, ACTA_INVALID, "this projection's database is none of PostgreSQL");
    return run(c, sql, values, count, error);
}
