/*
 * Verify: kept schemas. See verify_schemas.h.
 *
 * That an event has no schema is no damage: who writes to a store by itself keeps none, and neither did applications before
 * there were such rows. But where other types of its namespace have one, it should have one too.
 */
#include "verify_schemas.h"

#include <inttypes.h>
#include <stdio.h>

#include "kept_rows.h"

static bool
is_row_of(acta_bytes key, const char *table, acta_bytes *behind_out)
{
    size_t size = strlen(table) + 1;

    if (key.size < size || memcmp(key.data, table, size) != 0) return false;
    *behind_out = acta_bytes_from(key.data + size, key.size - size);
    return true;
}

/* Beside whoever commits, names lead to no ids: it's the other way. */
static void
note_kept(acti_schema_check *check, const acta_kept_type *type)
{
    for (size_t i = 0; i < check->seen.count; i++) {
        acti_seen_type *seen = &check->seen.items[i];
        if (seen->schema_hash == type->hash &&
            acta_str_equal(acti_types_name(&check->store->types, seen->type_id), type->type))
            seen->is_kept = true;
    }
}

static acta_status
check_type(acti_schema_check *check, acta_bytes key, acta_bytes row, char *text_out, acta_error *error)
{
    acta_kept_type type;
    uint32_t numbers[2];
    bool is_sound;

    check->types++;
    if (!acti_kept_type_parse(key, row, &type)) {
        snprintf(text_out, ACTA_ERROR_TEXT_MAX, "types: row %" PRIu64 " is damaged", check->types);
        return ACTA_OK;
    }
    note_kept(check, &type);
    numbers[0] = type.number;
    numbers[1] = type.first_number;
    for (int i = 0; i < 2; i++) {
        acta_status status = acti_kept_schema_is_sound(check->store->engine, type.schema, numbers[i], &is_sound, error);
        if (status != ACTA_OK) return status;
        if (is_sound) continue;
        snprintf(text_out, ACTA_ERROR_TEXT_MAX,
            "types: '" ACTA_FMT "' with the hash %016" PRIx64 " leads to schema %" PRIu32 " of '" ACTA_FMT
            "', which is missing or damaged",
            ACTA_ARG(type.type), type.hash, numbers[i], ACTA_ARG(type.schema));
        return ACTA_OK;
    }
    return ACTA_OK;
}

acta_status
acti_schema_check_row(acti_schema_check *check, acta_bytes key, acta_bytes row, char *text_out, acta_error *error)
{
    acta_kept_schema schema;
    acta_bytes behind;

    text_out[0] = '\0';
    if (is_row_of(key, ACTI_TABLE_TYPES, &behind)) return check_type(check, behind, row, text_out, error);
    if (!is_row_of(key, ACTI_TABLE_SCHEMAS, &behind)) return ACTA_OK;
    check->schemas++;
    if (!acti_kept_schema_parse(behind, row, &schema))
        snprintf(text_out, ACTA_ERROR_TEXT_MAX, "schemas: row %" PRIu64 " is damaged", check->schemas);
    return ACTA_OK;
}

/* Is there a row of a type whose name begins as this one's does, up to its last dot? */
static acta_status
namespace_is_kept(const acti_schema_check *check, acta_str name, bool *kept_out, acta_error *error)
{
    const acti_engine_ops *ops = check->store->engine->ops;
    uint8_t from[ACTI_ROW_KEY_MAX], to[ACTI_ROW_KEY_MAX];
    acti_engine_iterator *iterator;
    acta_bytes key, row;
    size_t size = name.size;

    *kept_out = false;
    while (size > 0 && name.data[size - 1] != '.')
        size--;
    if (size == 0) return ACTA_OK;
    acta_bytes begin = acta_bytes_from((const uint8_t *)name.data, size);
    acti_range range = { .from = acti_row_key(from, ACTI_TABLE_TYPES, begin),
        .to = acti_row_key(to, ACTI_TABLE_TYPES, begin) };
    to[range.to.size - 1]++; /* what follows a dot */
    acta_status status = ops->iterator_open(check->store->engine, ACTI_TABLES, &range, &iterator, error);
    if (status != ACTA_OK) return status;
    status = ops->iterator_next(iterator, &key, &row, error);
    ops->iterator_close(iterator);
    *kept_out = status == ACTA_OK;
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acti_schema_check_end(acti_schema_check *check, acta_error *error)
{
    acta_status status = ACTA_OK;
    bool is_kept;

    for (size_t i = 0; i < check->seen.count && status == ACTA_OK && check->types > 0; i++) {
        const acti_seen_type *type = &check->seen.items[i];
        if (type->is_kept) continue;
        status = namespace_is_kept(check, acti_types_name(&check->store->types, type->type_id), &is_kept, error);
        if (status == ACTA_OK && is_kept) check->events_without += type->events;
    }
    return status;
}
