/*
 * Kept schemas: each binary schema that has ever written to the log, as rows of the table `schemas`.
 *
 *     bank        the one that writes now
 *     bank 0 n    the n-th, from 1, which a later one took the place of (n in four bytes, big-endian)
 *
 * and for each event that one of them has, as rows of the table `types`, which of them that is: a record has the hash.
 *
 *     bank.MoneyWithdrawn 0 hash  ->  version, n, "bank"     (hash in eight bytes, big-endian)
 *
 * The newest schema that has a type counts, since its marks say what is to be hidden; the oldest is noted too, for a log
 * that is cut between the two.
 */
#include <inttypes.h>

#include "acta/crc.h"

#include "internal.h"
#include "kept_rows.h"

/* CRC of all behind it, format, number, hash; then the binary schema. */
enum { FORMAT = 1, AT_FORMAT = 4, AT_NUMBER = 8, AT_HASH = 16, HEADER = 24 };

/* A type's row: CRC of all behind it, format, first number, number, version; then the schema's name. A first number of 0: it
 * isn't told, by who didn't know of it or because it is too large. */
enum { TYPE_AT_FORMAT = 4, TYPE_AT_FIRST = 5, TYPE_AT_NUMBER = 8, TYPE_AT_VERSION = 12, TYPE_HEADER = 16 };
enum { TYPE_KEY_MAX = ACTA_TYPE_NAME_MAX + 1 + 8, FIRST_MAX = (1 << 24) - 1 };

static acta_status
no_memory(acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the log's schemas");
}

static void
seal(uint8_t *row, size_t size)
{
    acti_put_le32(row, acta_crc32c(0, row + AT_FORMAT, size - AT_FORMAT));
}

static bool
is_sealed(acta_bytes row, size_t header)
{
    return row.size >= header && row.data[AT_FORMAT] == FORMAT &&
           acti_get_le32(row.data) == acta_crc32c(0, row.data + AT_FORMAT, row.size - AT_FORMAT);
}

/* -- rows of schemas -- */

acta_bytes
acti_kept_schema_key(acta_str name, uint32_t number, uint8_t *room)
{
    size_t size = name.size;

    memcpy(room, name.data, name.size);
    if (number == 0) return acta_bytes_from(room, size);
    room[size++] = 0;
    for (int i = 0; i < 4; i++)
        room[size++] = (uint8_t)(number >> (24 - 8 * i));
    return acta_bytes_from(room, size);
}

bool
acti_kept_schema_parse(acta_bytes key, acta_bytes row, acta_kept_schema *schema_out)
{
    const uint8_t *nul = key.size > 0 ? memchr(key.data, 0, key.size) : NULL;
    size_t name_size = nul != NULL ? (size_t)(nul - key.data) : key.size;
    uint32_t number = 0;

    if (name_size == 0 || (nul != NULL && key.size != name_size + ACTI_KEPT_NUMBER) || !is_sealed(row, HEADER))
        return false;
    *schema_out = (acta_kept_schema){ .name = acta_str_from((const char *)key.data, name_size),
        .number = acti_get_le32(row.data + AT_NUMBER),
        .hash = acti_get_le64(row.data + AT_HASH),
        .binary = acta_bytes_from(row.data + HEADER, row.size - HEADER) };
    for (int i = 1; nul != NULL && i <= 4; i++)
        number = number << 8 | nul[i];
    return schema_out->number != 0 && (nul == NULL || number == schema_out->number);
}

static acta_status
put_schema(acta_transaction *transaction, const acta_kept_schema *schema, bool writes_now, acta_memory *memory,
    acta_error *error)
{
    size_t size = HEADER + schema->binary.size;
    uint8_t *row = acta_memory_alloc(memory, size);
    uint8_t *room = acta_memory_alloc(memory, schema->name.size + ACTI_KEPT_NUMBER);

    if (row == NULL || room == NULL) return no_memory(error);
    memset(row, 0, HEADER);
    row[AT_FORMAT] = FORMAT;
    acti_put_le32(row + AT_NUMBER, schema->number);
    acti_put_le64(row + AT_HASH, schema->hash);
    memcpy(row + HEADER, schema->binary.data, schema->binary.size);
    seal(row, size);
    acta_transaction_put(transaction, ACTI_TABLE_SCHEMAS,
        acti_kept_schema_key(schema->name, writes_now ? 0 : schema->number, room), acta_bytes_from(row, size));
    return ACTA_OK;
}

acta_status
acta_kept_schema_put(acta_transaction *transaction, const acta_kept_schema *schema, const acta_kept_schema *before,
    acta_memory *memory, acta_error *error)
{
    acta_status status = ACTA_OK;

    if (before != NULL) status = put_schema(transaction, before, false, memory, error);
    return status == ACTA_OK ? put_schema(transaction, schema, true, memory, error) : status;
}

static acta_status
read_schema(acta_store *store, acta_str name, acta_bytes key, acta_memory *memory, acta_kept_schema *kept_out,
    acta_error *error)
{
    acta_bytes row;
    acta_status status = acta_store_get(store, ACTI_TABLE_SCHEMAS, key, memory, &row, error);

    if (status != ACTA_OK || acti_kept_schema_parse(key, row, kept_out)) return status;
    return acta_error_set(error, ACTA_CORRUPT, "the log's schema '" ACTA_FMT "' is damaged", ACTA_ARG(name));
}

acta_status
acta_kept_schema_read(acta_store *store, acta_str name, uint32_t number, acta_memory *memory,
    acta_kept_schema *kept_out, acta_error *error)
{
    acta_status status = read_schema(store, name, acta_str_bytes(name), memory, kept_out, error);

    if (status != ACTA_OK || number == 0 || kept_out->number == number) return status;
    uint8_t *room = acta_memory_alloc(memory, name.size + ACTI_KEPT_NUMBER);
    if (room == NULL) return no_memory(error);
    return read_schema(store, name, acti_kept_schema_key(name, number, room), memory, kept_out, error);
}

/* -- the same, of an engine -- */

static acta_status
look_at(acta_engine *engine, acta_bytes key, uint8_t *room, uint32_t *number_out, acta_error *error)
{
    acti_value value;
    acta_kept_schema schema;
    acta_status status =
        engine->ops->get(engine, ACTI_TABLES, acti_row_key(room, ACTI_TABLE_SCHEMAS, key), &value, error);

    *number_out = 0;
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    if (acti_kept_schema_parse(key, value.bytes, &schema)) *number_out = schema.number;
    engine->ops->release(engine, &value);
    return ACTA_OK;
}

acta_status
acti_kept_schema_is_sound(acta_engine *engine, acta_str name, uint32_t number, bool *sound_out, acta_error *error)
{
    uint8_t key[ACTA_KEY_MAX + ACTI_KEPT_NUMBER], room[ACTI_ROW_KEY_MAX + ACTI_KEPT_NUMBER];
    uint32_t found = 0;

    *sound_out = false;
    if (name.size > ACTA_KEY_MAX || number == 0) return ACTA_OK;
    acta_status status = look_at(engine, acti_kept_schema_key(name, 0, key), room, &found, error);
    if (status == ACTA_OK && found != number)
        status = look_at(engine, acti_kept_schema_key(name, number, key), room, &found, error);
    *sound_out = found == number;
    return status;
}

/* -- rows of types -- */

/* In `room` of TYPE_KEY_MAX bytes. */
static acta_bytes
type_key(acta_str type, uint64_t hash, uint8_t *room)
{
    memcpy(room, type.data, type.size);
    room[type.size] = 0;
    acti_put_be64(room + type.size + 1, hash);
    return acta_bytes_from(room, type.size + 1 + 8);
}

bool
acti_kept_type_parse(acta_bytes key, acta_bytes row, acta_kept_type *type_out)
{
    if (key.size < 1 + 1 + 8 || key.data[key.size - 9] != 0 || !is_sealed(row, TYPE_HEADER)) return false;
    const uint8_t *first = row.data + TYPE_AT_FIRST;
    *type_out = (acta_kept_type){ .type = acta_str_from((const char *)key.data, key.size - 9),
        .schema = acta_str_from((const char *)row.data + TYPE_HEADER, row.size - TYPE_HEADER),
        .hash = acti_get_be64(key.data + key.size - 8),
        .number = acti_get_le32(row.data + TYPE_AT_NUMBER),
        .first_number = first[0] | (uint32_t)first[1] << 8 | (uint32_t)first[2] << 16,
        .version = acti_get_le32(row.data + TYPE_AT_VERSION) };
    if (type_out->first_number == 0) type_out->first_number = type_out->number;
    return type_out->number != 0 && type_out->first_number <= type_out->number && type_out->schema.size > 0;
}

static void
set_numbers(uint8_t *row, uint32_t first, uint32_t number)
{
    if (first > FIRST_MAX) first = 0;
    for (int i = 0; i < 3; i++)
        row[TYPE_AT_FIRST + i] = (uint8_t)(first >> (8 * i));
    acti_put_le32(row + TYPE_AT_NUMBER, number);
}

void
acti_kept_type_lead_to(uint8_t *row, size_t size, uint32_t number)
{
    set_numbers(row, number, number);
    seal(row, size);
}

acta_status
acta_kept_type_put(acta_transaction *transaction, const acta_kept_type *type, acta_memory *memory, acta_error *error)
{
    size_t size = TYPE_HEADER + type->schema.size;
    uint8_t key[TYPE_KEY_MAX];

    if (type->type.size > ACTA_TYPE_NAME_MAX)
        return acta_error_set(error, ACTA_INVALID, "the name of a type has %zu bytes, at most %d are allowed",
            type->type.size, ACTA_TYPE_NAME_MAX);
    uint8_t *row = acta_memory_alloc(memory, size);
    if (row == NULL) return no_memory(error);
    row[TYPE_AT_FORMAT] = FORMAT;
    set_numbers(row, type->first_number, type->number);
    acti_put_le32(row + TYPE_AT_VERSION, type->version);
    memcpy(row + TYPE_HEADER, type->schema.data, type->schema.size);
    seal(row, size);
    acta_transaction_put(
        transaction, ACTI_TABLE_TYPES, type_key(type->type, type->hash, key), acta_bytes_from(row, size));
    return ACTA_OK;
}

acta_status
acta_kept_type_find(acta_store *store, acta_str type, uint64_t schema_hash, acta_memory *memory,
    acta_kept_type *type_out, acta_error *error)
{
    uint8_t room[TYPE_KEY_MAX];
    acta_bytes row, key;
    acta_status status = ACTA_NOT_FOUND;

    if (type.size > 0 && type.size <= ACTA_TYPE_NAME_MAX) {
        key = type_key(type, schema_hash, room);
        status = acta_store_get(store, ACTI_TABLE_TYPES, key, memory, &row, error);
    }
    if (status == ACTA_NOT_FOUND)
        return acta_error_set(error, status, "the log has kept no schema of '" ACTA_FMT "' with the hash %016" PRIx64,
            ACTA_ARG(type), schema_hash);
    if (status != ACTA_OK) return status;
    if (!acti_kept_type_parse(key, row, type_out))
        return acta_error_set(error, ACTA_CORRUPT, "the log's type '" ACTA_FMT "' is damaged", ACTA_ARG(type));
    type_out->type = type;
    return ACTA_OK;
}

acta_status
acta_kept_schema_find(acta_store *store, acta_str type, uint64_t schema_hash, acta_memory *memory,
    acta_kept_schema *kept_out, acta_error *error)
{
    acta_kept_type found;
    acta_status status = acta_kept_type_find(store, type, schema_hash, memory, &found, error);

    if (status != ACTA_OK) return status;
    status = acta_kept_schema_read(store, found.schema, found.number, memory, kept_out, error);
    if (status == ACTA_NOT_FOUND)
        return acta_error_set(
            error, ACTA_CORRUPT, "the log's schema '" ACTA_FMT "' is missing", ACTA_ARG(found.schema));
    if (status != ACTA_OK) return status;
    kept_out->name = found.schema;
    kept_out->event_version = found.version;
    return ACTA_OK;
}

acta_status
acta_kept_types(acta_store *store, acta_kept_type_see *see, void *user, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, row;
    acta_kept_type type;

    acta_status status = acta_row_cursor_open(store, ACTI_TABLE_TYPES, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &key, &row, error)) == ACTA_OK) {
        if (acti_kept_type_parse(key, row, &type))
            see(user, &type);
        else
            status = acta_error_set(error, ACTA_CORRUPT, "the log's types are damaged");
        if (status != ACTA_OK) break;
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}
