/*
 * Schemas of the log (each of the application's modules is one of them): each that has ever written to it is kept there
 * (kept_schemas.h), and so is which event is in which.
 *
 * A program whose schema is another is compared with the one that writes now, before anything is started: what it can
 * read with the same meaning takes its place; anything else is refused, by name. Versions of events that it doesn't have
 * any more it can read by upcasters: each that the log has must have one (upcast.c).
 */
#include "acta/kept_schemas.h"

#include "internal.h"

static acta_status
no_memory(acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory to compare the schema with the log's");
}

/* What a module of the application is joined with. */
typedef struct joining {
    acta_app *app;
    const acta_app_config *config;
    const acti_module *module;
    acta_transaction *transaction; /* what the log is to keep from now on, of all modules; NULL: nothing so far */
    acta_memory *memory;
} joining;

/* -- types -- */

static bool
is_kept(const acta_table *table)
{
    return table->role == ACTA_TABLE_EVENT && strlen(table->name) <= ACTA_TYPE_NAME_MAX;
}

/* What the log is to keep goes into one transaction; NULL: no memory. */
static acta_transaction *
to_keep(joining *j)
{
    if (j->transaction == NULL) j->transaction = acta_transaction_create(j->app->store);
    return j->transaction;
}

/* The event is in the log's `number`-th schema now, and stays in those that had it. */
static acta_status
put_type(joining *j, const acta_table *table, uint32_t number, acta_error *error)
{
    acta_kept_type type, before;
    acta_str name = acta_str_of(table->name), schema = acta_str_of(table->schema->name);
    acta_status status = acta_kept_type_find(j->app->store, name, table->schema_hash, j->memory, &before, error);

    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    type = (acta_kept_type){ .type = name,
        .schema = schema,
        .hash = table->schema_hash,
        .number = number,
        .first_number = number,
        .version = table->version != 0 ? table->version : 1 };
    if (status == ACTA_OK && acta_str_equal(before.schema, schema)) type.first_number = before.first_number;
    return acta_kept_type_put(j->transaction, &type, j->memory, error);
}

/* The events of the module's schema, which is the log's `number`-th. */
static acta_status
put_types(joining *j, uint32_t number, acta_error *error)
{
    const acta_schema *schema = j->module->schema;
    acta_status status = ACTA_OK;

    if (to_keep(j) == NULL) return no_memory(error);
    for (uint32_t i = 0; i < schema->table_count && status == ACTA_OK; i++)
        if (is_kept(schema->tables[i])) status = put_type(j, schema->tables[i], number, error);
    return status;
}

/* Can the old table that the program has kept read what the log has of this version, by another hash? */
static acta_status
check_old_table(const joining *j, const acta_kept_type *type, acta_error *error)
{
    uint32_t number = 0;
    acta_kept_schema writer;
    if (!acti_old_find(j->app, type->type, type->version, &number)) return ACTA_OK;
    const acta_table *old = acti_old_at(j->app, number);
    if (old->schema_hash == type->hash) return ACTA_OK;

    acta_status status = acta_kept_schema_read(j->app->store, type->schema, type->number, j->memory, &writer, error);
    if (status == ACTA_OK)
        status = acta_schema_compare_table(writer.binary, old->schema->binary, type->type, NULL, NULL, error);
    if (status == ACTA_OK) return ACTA_OK;
    return acta_error_prefix(error, status,
        "%s.v%" PRIu32 ".fbs can't read version %" PRIu32 " of '" ACTA_FMT "' as the log has it: ",
        j->module->schema->name, type->version, type->version, ACTA_ARG(type->type));
}

typedef struct reading {
    const joining *joining;
    acta_error error; /* of the first that can't be read */
    acta_status status;
} reading;

static void
join_type(void *user, const acta_kept_type *type)
{
    reading *r = user;
    const joining *j = r->joining;

    if (r->status != ACTA_OK || !acta_str_equal(type->schema, acta_str_of(j->module->schema->name))) return;
    r->status = acti_olds_add(j->app, j->module, type->type, type->hash, type->version, &r->error);
    if (r->status == ACTA_OK) r->status = check_old_table(j, type, &r->error);
}

/* Each type of the log must be one that the program can read. */
static acta_status
join_types(const joining *j, acta_error *error)
{
    reading r = { .joining = j, .status = ACTA_OK };
    acta_status status = acta_kept_types(j->app->store, join_type, &r, error);

    if (status != ACTA_OK || r.status == ACTA_OK) return status;
    if (error != NULL) *error = r.error;
    return r.status;
}

/* The log knows the schema, but not its types: a program before there were such rows has written it. */
static acta_status
add_types(joining *j, const acta_kept_schema *now, acta_error *error)
{
    const acta_schema *schema = j->module->schema;
    acta_status status = ACTA_OK;
    acta_kept_type found;

    for (uint32_t i = 0; i < schema->table_count && status == ACTA_OK; i++) {
        const acta_table *table = schema->tables[i];
        if (is_kept(table))
            status = acta_kept_type_find(
                j->app->store, acta_str_of(table->name), table->schema_hash, j->memory, &found, error);
    }
    return status == ACTA_NOT_FOUND ? put_types(j, now->number, error) : status;
}

/* -- schemas -- */

/* `before`: NULL when there was none. */
static acta_status
keep(joining *j, const acta_kept_schema *before, acta_error *error)
{
    const acta_schema *schema = j->module->schema;
    const acta_kept_schema now = { .name = acta_str_of(schema->name),
        .number = before != NULL ? before->number + 1 : 1,
        .hash = schema->hash,
        .binary = schema->binary };

    if (to_keep(j) == NULL) return no_memory(error);
    acta_status status = acta_kept_schema_put(j->transaction, &now, before, j->memory, error);
    return status == ACTA_OK ? put_types(j, now.number, error) : status;
}

typedef struct refusal {
    const acta_app *app;
    acta_error *error; /* the first */
    uint32_t count;
} refusal;

/* An event may be gone when upcasters lead on from it; of which versions, join_types sees. One of an included schema has its own
 * module's. */
static void
note_change(void *user, const acta_schema_change *change)
{
    refusal *refused = user;

    for (uint32_t i = 0; change->is_gone && i < refused->app->old_count; i++)
        if (acta_str_equal(change->table, acta_str_of(acti_old_at(refused->app, i)->name))) return;
    if (refused->count++ != 0) return;
    acta_error_set(refused->error, ACTA_SCHEMA_MISMATCH, "'" ACTA_FMT "%s" ACTA_FMT "' %s", ACTA_ARG(change->table),
        change->member.size != 0 ? "." : "", ACTA_ARG(change->member), change->text);
}

static acta_status
take_over(joining *j, const acta_kept_schema *before, acta_error *error)
{
    const acta_schema *schema = j->module->schema;
    const char *path = j->config->data_path;
    refusal refused = { .app = j->app, .error = error };
    acta_status status = acta_schema_compare(before->binary, schema->binary, note_change, &refused, NULL);
    if (status == ACTA_SCHEMA_MISMATCH && refused.count == 0) status = ACTA_OK; /* all of it is led on by upcasters */
    if (status == ACTA_SCHEMA_MISMATCH)
        return acta_error_prefix(error, status,
            "the log in '%s' was written by another schema '%s', which this program's can't follow: ",
            path != NULL ? path : j->app->name, schema->name);
    if (status != ACTA_OK)
        return acta_error_set(error, status, "the log's schema '%s' can't be compared with the program's: %s",
            schema->name, acta_status_name(status));
    status = join_types(j, error);
    if (status != ACTA_OK) return status;
    return j->app->only_reads ? ACTA_OK : keep(j, before, error);
}

static acta_status
join_module(joining *j, acta_error *error)
{
    acta_kept_schema before;
    acta_status status =
        acta_kept_schema_read(j->app->store, acta_str_of(j->module->schema->name), 0, j->memory, &before, error);

    if (status == ACTA_NOT_FOUND) return j->app->only_reads ? ACTA_OK : keep(j, NULL, error);
    if (status != ACTA_OK) return status;
    if (before.hash != j->module->schema->hash) return take_over(j, &before, error);
    status = join_types(j, error);
    return status == ACTA_OK && !j->app->only_reads ? add_types(j, &before, error) : status;
}

acta_status
acti_schemas_join(acta_app *app, const acta_app_config *config, acta_error *error)
{
    joining j = { .app = app, .config = config };
    acta_status status = ACTA_OK;
    if (app->module_count == 0) return ACTA_OK;

    j.memory = acta_memory_create(&app->environment.allocator);
    if (j.memory == NULL) return no_memory(error);
    for (uint32_t i = 0; i < app->module_count && status == ACTA_OK; i++) {
        j.module = &app->modules[i];
        status = join_module(&j, error);
    }
    if (status != ACTA_OK)
        acta_transaction_destroy(j.transaction); /* nothing is kept of any */
    else if (j.transaction != NULL)
        status = acta_store_commit(app->store, j.transaction, NULL, error);
    acta_memory_destroy(j.memory);
    return status;
}
