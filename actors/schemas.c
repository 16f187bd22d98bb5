/*
 * Schemas of the log: each binary schema that has ever written to it, as rows of the table `schemas`.
 *
 *     bank        the one that writes now
 *     bank 0 n    the n-th, from 1, which a later one took the place of (n in four bytes, big-endian)
 *
 * A program whose schema is another is compared with the one that writes now, before anything is started: what it can
 * read with the same meaning takes its place; anything else is refused, by name.
 */
#include <inttypes.h>

#include "acta/crc.h"

#include "internal.h"

/* CRC of all behind it, format, number, hash; then the binary schema. */
enum { FORMAT = 1, AT_FORMAT = 4, AT_NUMBER = 8, AT_HASH = 16, HEADER = 24 };

static const char table_name[] = "schemas";

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
read_kept(acta_app *app, acta_memory *memory, kept *kept_out, acta_error *error)
{
    acta_bytes key = acta_str_bytes(acta_str_of(app->schema->name));
    uint32_t crc;

    acta_status status = acta_store_get(app->store, table_name, key, memory, &kept_out->row, error);
    if (status != ACTA_OK) return status;
    const uint8_t *bytes = kept_out->row.data;
    size_t size = kept_out->row.size;
    if (size < HEADER || bytes[AT_FORMAT] != FORMAT)
        return acta_error_set(error, ACTA_CORRUPT, "the log's schema '%s' is damaged", app->schema->name);
    memcpy(&crc, bytes, sizeof crc);
    if (crc != acta_crc32c(0, bytes + AT_FORMAT, size - AT_FORMAT))
        return acta_error_set(error, ACTA_CORRUPT, "the log's schema '%s' is damaged", app->schema->name);
    memcpy(&kept_out->number, bytes + AT_NUMBER, sizeof kept_out->number);
    memcpy(&kept_out->hash, bytes + AT_HASH, sizeof kept_out->hash);
    kept_out->binary = acta_bytes_from(bytes + HEADER, size - HEADER);
    return ACTA_OK;
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
earlier_key(const acta_schema *schema, uint32_t number, acta_memory *memory)
{
    size_t size = strlen(schema->name) + 1;
    uint8_t *bytes = acta_memory_alloc(memory, size + 4);
    if (bytes == NULL) return acta_bytes_from(NULL, 0);

    memcpy(bytes, schema->name, size);
    for (int i = 0; i < 4; i++)
        bytes[size + (size_t)i] = (uint8_t)(number >> (24 - 8 * i));
    return acta_bytes_from(bytes, size + 4);
}

/* `before`: NULL when there was none. */
static acta_status
keep(acta_app *app, const kept *before, acta_memory *memory, acta_error *error)
{
    const acta_schema *schema = app->schema;
    uint32_t number = before != NULL ? before->number : 0;
    acta_bytes row = make_row(schema, number + 1, memory), key = acta_bytes_from(NULL, 0);

    if (before != NULL) key = earlier_key(schema, number, memory);
    if (row.data == NULL || (before != NULL && key.data == NULL)) return no_memory(error);
    acta_transaction *transaction = acta_transaction_create(app->store);
    if (before != NULL) acta_transaction_put(transaction, table_name, key, before->row);
    acta_transaction_put(transaction, table_name, acta_str_bytes(acta_str_of(schema->name)), row);
    return acta_store_commit(app->store, transaction, NULL, error);
}

static acta_status
take_over(acta_app *app, const acta_app_config *config, const kept *before, acta_memory *memory, acta_error *error)
{
    acta_status status = acta_schema_compare(before->binary, app->schema->binary, NULL, NULL, error);
    if (status == ACTA_SCHEMA_MISMATCH)
        return acta_error_prefix(error, status,
            "the log in '%s' was written by another schema '%s', which this program's can't follow: ",
            config->data_path != NULL ? config->data_path : app->name, app->schema->name);
    if (status != ACTA_OK) return acta_error_prefix(error, status, "the log's schema '%s': ", app->schema->name);
    return config->store.read_only ? ACTA_OK : keep(app, before, memory, error);
}

acta_status
acti_schema_join(acta_app *app, const acta_app_config *config, acta_error *error)
{
    kept before;

    if (app->schema == NULL) return ACTA_OK;
    acta_memory *memory = acta_memory_create(&app->environment.allocator);
    if (memory == NULL) return no_memory(error);
    acta_status status = read_kept(app, memory, &before, error);
    if (status == ACTA_NOT_FOUND)
        status = config->store.read_only ? ACTA_OK : keep(app, NULL, memory, error);
    else if (status == ACTA_OK && before.hash != app->schema->hash)
        status = take_over(app, config, &before, memory, error);
    acta_memory_destroy(memory);
    return status;
}
