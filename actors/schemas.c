/*
 * Schemas of the log (each of the application's modules is one of them): each binary schema that has ever written to it, as rows of the table `schemas`.
 *
 *     bank        the one that writes now
 *     bank 0 n    the n-th, from 1, which a later one took the place of (n in four bytes, big-endian)
 *
 * and for each event that one of them has, as rows of the table `types`, which of them that is: a record has the hash.
 *
 *     bank.MoneyWithdrawn 0 hash  ->  version, n, "bank"     (hash in eight bytes, big-endian)
 *
 * A program whose schema is another is compared with the one that writes now, before anything is started: what it can
 * read with the same meaning takes its place; anything else is refused, by name. Versions of events that it doesn't have
 * any more it can read by upcasters: each that the log has must have one (upcast.c).
 */
#include <inttypes.h>

#include "acta/crc.h"

#include "internal.h"

/* CRC of all behind it, format, number, hash; then the binary schema. */
enum { FORMAT = 1, AT_FORMAT = 4, AT_NUMBER = 8, AT_HASH = 16, HEADER = 24 };

/* A type's row: CRC of all behind it, format, number, version; then the schema's name. */
enum { TYPE_FORMAT = 1, TYPE_AT_FORMAT = 4, TYPE_AT_NUMBER = 8, TYPE_AT_VERSION = 12, TYPE_HEADER = 16 };
enum { TYPE_KEY_MAX = ACTA_TYPE_NAME_MAX + 1 + 8 };

static const char table_name[] = "schemas", types_name[] = "types";

typedef struct kept {
    acta_bytes row;
    uint32_t number;
    uint64_t hash;
    acta_bytes binary;
} kept;

static acta_status
no_memory(acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory to compare the schema with the log's");
}

/* The machine is little-endian, as buffer.h says; so are the numbers in the row. */
static acta_status
read_row(acta_store *store, acta_str name, acta_bytes key, acta_memory *memory, kept *kept_out, acta_error *error)
{
    uint32_t crc;

    acta_status status = acta_store_get(store, table_name, key, memory, &kept_out->row, error);
    if (status != ACTA_OK) return status;
    const uint8_t *bytes = kept_out->row.data;
    size_t size = kept_out->row.size;
    if (size < HEADER || bytes[AT_FORMAT] != FORMAT)
        return acta_error_set(error, ACTA_CORRUPT, "the log's schema '" ACTA_FMT "' is damaged", ACTA_ARG(name));
    memcpy(&crc, bytes, sizeof crc);
    if (crc != acta_crc32c(0, bytes + AT_FORMAT, size - AT_FORMAT))
        return acta_error_set(error, ACTA_CORRUPT, "the log's schema '" ACTA_FMT "' is damaged", ACTA_ARG(name));
    memcpy(&kept_out->number, bytes + AT_NUMBER, sizeof kept_out->number);
    memcpy(&kept_out->hash, bytes + AT_HASH, sizeof kept_out->hash);
    kept_out->binary = acta_bytes_from(bytes + HEADER, size - HEADER);
    return ACTA_OK;
}

/* What a module of the application is joined with. */
typedef struct joining {
    acta_app *app;
    const acta_app_config *config;
    const acti_module *module;
    acta_transaction *transaction; /* what the log is to keep from now on, of all modules; NULL: nothing so far */
    acta_memory *memory;
} joining;

static acta_status
read_kept(const joining *j, kept *kept_out, acta_error *error)
{
    acta_str name = acta_str_of(j->module->schema->name);
    return read_row(j->app->store, name, acta_str_bytes(name), j->memory, kept_out, error);
}

static acta_bytes
make_row(const acta_schema *schema, uint32_t number, acta_memory *memory)
{
    size_t size = HEADER + schema->binary.size;
    uint8_t *bytes = acta_memory_alloc(memory, size);
    if (bytes == NULL) return acta_bytes_from(NULL, 0);

    bytes[AT_FORMAT] = FORMAT;
    memcpy(bytes + AT_NUMBER, &number, sizeof number);
    memcpy(bytes + AT_HASH, &schema->hash, sizeof schema->hash);
    memcpy(bytes + HEADER, schema->binary.data, schema->binary.size);
    uint32_t crc = acta_crc32c(0, bytes + AT_FORMAT, size - AT_FORMAT);
    memcpy(bytes, &crc, sizeof crc);
    return acta_bytes_from(bytes, size);
}

/* The name, a zero byte, and the number in the order of bytes. */
static acta_bytes
earlier_key(acta_str name, uint32_t number, acta_memory *memory)
{
    size_t size = name.size + 1;
    uint8_t *bytes = acta_memory_alloc(memory, size + 4);
    if (bytes == NULL) return acta_bytes_from(NULL, 0);

    memcpy(bytes, name.data, name.size);
    for (int i = 0; i < 4; i++)
        bytes[size + (size_t)i] = (uint8_t)(number >> (24 - 8 * i));
    return acta_bytes_from(bytes, size + 4);
}

/* -- types -- */

/* In `room` of TYPE_KEY_MAX bytes. */
static acta_bytes
key_of(acta_str type, uint64_t hash, uint8_t *room)
{
    memcpy(room, type.data, type.size);
    room[type.size] = 0;
    for (int i = 0; i < 8; i++)
        room[type.size + 1 + (size_t)i] = (uint8_t)(hash >> (56 - 8 * i));
    return acta_bytes_from(room, type.size + 1 + 8);
}

static acta_bytes
type_key(const acta_table *table, uint8_t *room)
{
    return key_of(acta_str_of(table->name), table->schema_hash, room);
}

static acta_bytes
make_type(const acta_table *table, uint32_t number, acta_memory *memory)
{
    const char *name = table->schema->name;
    size_t size = TYPE_HEADER + strlen(name);
    uint8_t *bytes = acta_memory_alloc(memory, size);
    uint32_t version = table->version != 0 ? table->version : 1;
    if (bytes == NULL) return acta_bytes_from(NULL, 0);

    bytes[TYPE_AT_FORMAT] = TYPE_FORMAT;
    memcpy(bytes + TYPE_AT_NUMBER, &number, sizeof number);
    memcpy(bytes + TYPE_AT_VERSION, &version, sizeof version);
    memcpy(bytes + TYPE_HEADER, name, size - TYPE_HEADER);
    uint32_t crc = acta_crc32c(0, bytes + TYPE_AT_FORMAT, size - TYPE_AT_FORMAT);
    memcpy(bytes, &crc, sizeof crc);
    return acta_bytes_from(bytes, size);
}

/* The events of the schema, which is the log's `number`-th. False: no memory. */
static bool
put_types(acta_transaction *transaction, const acta_schema *schema, uint32_t number, acta_memory *memory)
{
    uint8_t room[TYPE_KEY_MAX];

    for (uint32_t i = 0; i < schema->table_count; i++) {
        const acta_table *table = schema->tables[i];
        if (table->role != ACTA_TABLE_EVENT || strlen(table->name) > ACTA_TYPE_NAME_MAX) continue;
        acta_bytes row = make_type(table, number, memory);
        if (row.data == NULL) return false;
        acta_transaction_put(transaction, types_name, type_key(table, room), row);
    }
    return true;
}

static bool
parse_type(acta_bytes key, acta_bytes row, acta_kept_type *type_out)
{
    uint32_t crc;
    const uint8_t *hash = key.data + key.size - 8;

    if (key.size < 1 + 1 + 8 || hash[-1] != 0) return false;
    if (row.size < TYPE_HEADER || row.data[TYPE_AT_FORMAT] != TYPE_FORMAT) return false;
    memcpy(&crc, row.data, sizeof crc);
    if (crc != acta_crc32c(0, row.data + TYPE_AT_FORMAT, row.size - TYPE_AT_FORMAT)) return false;
    *type_out = (acta_kept_type){ .type = acta_str_from(key.data, key.size - 9),
        .schema = acta_str_from(row.data + TYPE_HEADER, row.size - TYPE_HEADER) };
    for (int i = 0; i < 8; i++)
        type_out->hash = type_out->hash << 8 | hash[i];
    memcpy(&type_out->number, row.data + TYPE_AT_NUMBER, sizeof type_out->number);
    memcpy(&type_out->version, row.data + TYPE_AT_VERSION, sizeof type_out->version);
    return true;
}

/* The schema of this name that was the `number`-th. */
static acta_status
read_numbered(acta_store *store, acta_str name, uint32_t number, acta_memory *memory, kept *kept_out, acta_error *error)
{
    acta_status status = read_row(store, name, acta_str_bytes(name), memory, kept_out, error);
    if (status != ACTA_OK || kept_out->number == number) return status;

    acta_bytes key = earlier_key(name, number, memory);
    return key.data != NULL ? read_row(store, name, key, memory, kept_out, error) : no_memory(error);
}

/* Can the old table that the program has kept read what the log has of this version, by another hash? */
static acta_status
check_old_table(const joining *j, const acta_kept_type *type, acta_error *error)
{
    uint32_t number = 0;
    kept writer;
    if (!acti_old_find(j->app, type->type, type->version, &number)) return ACTA_OK;
    const acta_table *old = acti_old_at(j->app, number);
    if (old->schema_hash == type->hash) return ACTA_OK;

    acta_status status = read_numbered(j->app->store, type->schema, type->number, j->memory, &writer, error);
    if (status == ACTA_OK)
        status = acta_schema_compare_table(writer.binary, old->schema->binary, type->type, NULL, NULL, error);
    if (status == ACTA_OK) return ACTA_OK;
    return acta_error_prefix(error, status,
        "%s.v%" PRIu32 ".fbs can't read version %" PRIu32 " of '" ACTA_FMT "' as the log has it: ",
        j->module->schema->name, type->version, type->version, ACTA_ARG(type->type));
}

/* Each type of the log must be one that the program can read. */
static acta_status
join_types(const joining *j, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, row;
    acta_kept_type type = { .number = 0 };

    acta_status status = acta_row_cursor_open(j->app->store, types_name, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    while (status == ACTA_OK) {
        status = acta_row_cursor_next(cursor, &key, &row, error);
        if (status != ACTA_OK) break;
        if (!parse_type(key, row, &type))
            status = acta_error_set(error, ACTA_CORRUPT, "the log's types are damaged");
        else if (!acta_str_equal(type.schema, acta_str_of(j->module->schema->name)))
            continue;
        else
            status = acti_olds_add(j->app, j->module, type.type, type.hash, type.version, error);
        if (status == ACTA_OK) status = check_old_table(j, &type, error);
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* What the log is to keep goes into one transaction; NULL: no memory. */
static acta_transaction *
to_keep(joining *j)
{
    if (j->transaction == NULL) j->transaction = acta_transaction_create(j->app->store);
    return j->transaction;
}

/* The log knows the schema, but not its types: a program before there were such rows has written it. */
static acta_status
add_types(joining *j, const kept *now, acta_error *error)
{
    const acta_schema *schema = j->module->schema;
    acta_status status = ACTA_OK;
    uint8_t room[TYPE_KEY_MAX];
    acta_bytes row;

    for (uint32_t i = 0; i < schema->table_count && status == ACTA_OK; i++) {
        const acta_table *table = schema->tables[i];
        if (table->role != ACTA_TABLE_EVENT || strlen(table->name) > ACTA_TYPE_NAME_MAX) continue;
        status = acta_store_get(j->app->store, types_name, type_key(table, room), j->memory, &row, error);
    }
    if (status != ACTA_NOT_FOUND) return status;
    acta_transaction *transaction = to_keep(j);
    if (transaction == NULL || !put_types(transaction, schema, now->number, j->memory)) return no_memory(error);
    return ACTA_OK;
}

/* -- schemas -- */

/* `before`: NULL when there was none. */
static acta_status
keep(joining *j, const kept *before, acta_error *error)
{
    const acta_schema *schema = j->module->schema;
    uint32_t number = before != NULL ? before->number : 0;
    acta_bytes row = make_row(schema, number + 1, j->memory), key = acta_bytes_from(NULL, 0);

    if (before != NULL) key = earlier_key(acta_str_of(schema->name), number, j->memory);
    if (row.data == NULL || (before != NULL && key.data == NULL)) return no_memory(error);
    acta_transaction *transaction = to_keep(j);
    if (transaction == NULL) return no_memory(error);
    if (before != NULL) acta_transaction_put(transaction, table_name, key, before->row);
    acta_transaction_put(transaction, table_name, acta_str_bytes(acta_str_of(schema->name)), row);
    return put_types(transaction, schema, number + 1, j->memory) ? ACTA_OK : no_memory(error);
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
take_over(joining *j, const kept *before, acta_error *error)
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
    kept before;
    acta_status status = read_kept(j, &before, error);

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

acta_status
acta_kept_schema_find(acta_store *store, acta_str type, uint64_t schema_hash, acta_memory *memory,
    acta_kept_schema *kept_out, acta_error *error)
{
    uint8_t room[TYPE_KEY_MAX];
    acta_bytes row = { NULL, 0 };
    acta_kept_type kept_as;
    kept schema;

    acta_status status = ACTA_NOT_FOUND;
    acta_bytes key = { NULL, 0 };
    if (type.size <= ACTA_TYPE_NAME_MAX) key = key_of(type, schema_hash, room);
    if (key.data != NULL) status = acta_store_get(store, types_name, key, memory, &row, error);
    if (status == ACTA_NOT_FOUND)
        return acta_error_set(error, status, "the log has kept no schema of '" ACTA_FMT "' with the hash %016" PRIx64,
            ACTA_ARG(type), schema_hash);
    if (status != ACTA_OK) return status;
    if (!parse_type(key, row, &kept_as))
        return acta_error_set(error, ACTA_CORRUPT, "the log's type '" ACTA_FMT "' is damaged", ACTA_ARG(type));
    status = read_numbered(store, kept_as.schema, kept_as.number, memory, &schema, error);
    if (status == ACTA_NOT_FOUND)
        return acta_error_set(
            error, ACTA_CORRUPT, "the log's schema '" ACTA_FMT "' is missing", ACTA_ARG(kept_as.schema));
    if (status != ACTA_OK) return status;
    *kept_out = (acta_kept_schema){
        .name = kept_as.schema, .number = kept_as.number, .event_version = kept_as.version, .binary = schema.binary
    };
    return ACTA_OK;
}

acta_status
acta_kept_types(acta_store *store, acta_kept_type_see *see, void *user, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, row;
    acta_kept_type type;

    acta_status status = acta_row_cursor_open(store, types_name, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &key, &row, error)) == ACTA_OK) {
        if (parse_type(key, row, &type))
            see(user, &type);
        else
            status = acta_error_set(error, ACTA_CORRUPT, "the log's types are damaged");
        if (status != ACTA_OK) break;
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}
