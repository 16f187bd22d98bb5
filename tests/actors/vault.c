/*
 * A database for tests, in memory.
 */
#include "vault.h"

#include <stdio.h>
#include <string.h>

static vault *
vault_of(const acta_database *self)
{
    return self->user;
}

static acta_status
open_vault(
    const acta_database *self, const char *name, void **connection_out, acta_bookmark *bookmark_out, acta_error *error)
{
    vault *v = vault_of(self);
    (void)name;

    if (v->down > 0) {
        v->down--;
        return acta_error_set(error, ACTA_IO, "the vault is locked");
    }
    v->opened++;
    *connection_out = v;
    *bookmark_out = v->rows.bookmark;
    return ACTA_OK;
}

static bool
take(uint32_t *count)
{
    if (*count == 0) return false;
    --*count;
    return true;
}

static acta_status
apply_batch(const acta_database *self, void *connection, acta_batch *batch, acta_error *error)
{
    vault *v = connection;
    (void)self;

    v->applied++;
    if (take(&v->moved)) v->rows.bookmark.late_count++; /* no bookmark that anybody of ours has left */
    if (!acta_bookmark_equal(&v->rows.bookmark, acta_batch_before(batch)))
        return acta_error_set(error, ACTA_CONFLICT, "the vault is elsewhere");
    v->staged = v->rows;
    acta_status status = acta_batch_project(batch, v, error);
    if (status == ACTA_OK && take(&v->full)) status = acta_error_set(error, ACTA_IO, "the vault is full");
    if (status == ACTA_BUSY) acta_batch_absolve(batch);
    if (status != ACTA_OK) return status;
    v->staged.bookmark = *acta_batch_after(batch);
    if (acta_batch_count(batch) == 0) v->skipped++;
    v->rows = v->staged;
    return take(&v->lost) ? acta_error_set(error, ACTA_IO, "the line went dead") : ACTA_OK;
}

static void
close_vault(const acta_database *self, void *connection)
{
    (void)connection;
    vault_of(self)->closed++;
}

static const acta_database_code code = { .open = open_vault, .apply = apply_batch, .close = close_vault };

void
vault_init(vault *v)
{
    memset(v, 0, sizeof *v);
    v->database = (acta_database){ .code = &code, .user = v };
}

static vault_counter *
counter_of(vault_rows *rows, acta_str id)
{
    for (uint32_t i = 0; i < VAULT_COUNTERS; i++) {
        vault_counter *counter = &rows->counters[i];
        if (counter->id[0] == '\0') snprintf(counter->id, sizeof counter->id, ACTA_FMT, ACTA_ARG(id));
        if (acta_str_equal(acta_str_of(counter->id), id)) return counter;
    }
    return NULL;
}

vault_counter
vault_find(const vault *v, const char *id)
{
    vault_rows rows = v->rows;
    return *counter_of(&rows, acta_str_of(id));
}

static acta_status
added(void *user, ledger_Added event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    vault *v = acta_rows_connection(rows);
    vault_counter *counter = counter_of(&v->staged, event.counter_id);
    bool is_bad = acta_str_equal(event.counter_id, acta_str_of("bad"));
    (void)user;

    if (is_bad && v->staged.order_count < VAULT_ORDER) v->staged.order[v->staged.order_count++] = recorded->position;
    if (counter == NULL) return acta_error_set(error, ACTA_INVALID, "the vault has no room for another counter");
    counter->total += event.amount;
    counter->additions++;
    if (!is_bad || take(&v->good) || !take(&v->bad)) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID, "it is full moon");
}

const ledger_projection vault_projection = LEDGER_PROJECTION(.name = "vault", .on = { .Added = added });
