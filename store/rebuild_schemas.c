/*
 * Rebuild: the schemas that the log has kept (kept_schemas.c), of a log that is cut. It keeps those that its own records
 * name: a program of then shall go on with it, and one of a later schema would not let it.
 *
 *     types      of the records that are there       -> the oldest schema that has them
 *     schemas    those that a type leads to; the newest of a name is the one that writes now
 */
#include "kept_rows.h"
#include "rebuild.h"

/* A schema that some record needs. */
typedef struct needed {
    struct needed *next;
    acta_str name;
    uint32_t number;
} needed;

typedef struct keeping {
    acti_rebuild *rebuild;
    acta_store *to;
    acta_memory *memory;
    needed *first;
} keeping;

typedef acta_status take_kept(keeping *k, acta_bytes key, acta_bytes row, acta_error *error);

static acta_bytes
behind(acta_bytes key, const char *table)
{
    size_t size = strlen(table) + 1;
    return acta_bytes_from(key.data + size, key.size - size);
}

static acta_status
no_memory(acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "cannot copy the log's schemas: no memory");
}

static void *
copied(acta_memory *memory, const void *bytes, size_t size)
{
    void *copy = acta_memory_alloc(memory, size > 0 ? size : 1);
    if (copy != NULL && size > 0) memcpy(copy, bytes, size);
    return copy;
}

/* The number of the newest one of that name that is needed, or of this one; 0: it isn't. */
static uint32_t
needed_number(const keeping *k, acta_str name, uint32_t number)
{
    uint32_t found = 0;

    for (const needed *n = k->first; n != NULL; n = n->next) {
        bool is_wanted = number == 0 || n->number == number;
        if (is_wanted && n->number > found && acta_str_equal(n->name, name)) found = n->number;
    }
    return found;
}

static bool
need(keeping *k, acta_str name, uint32_t number)
{
    if (needed_number(k, name, number) != 0) return true;
    needed *new = acta_memory_alloc(k->memory, sizeof *new);
    char *text = copied(k->memory, name.data, name.size);
    if (new == NULL || text == NULL) return false;
    *new = (needed){ .next = k->first, .name = acta_str_from(text, name.size), .number = number };
    k->first = new;
    return true;
}

/* -- types -- */

static bool
is_named(keeping *k, const acta_kept_type *type)
{
    const acti_type *known = acti_types_find(&k->to->types, type->type);
    return known != NULL && acti_seen_types_find(&k->rebuild->seen, known->id, type->hash) != NULL;
}

/* Which schema shall the type lead to? 0: there is none. */
static acta_status
oldest_of(const keeping *k, const acta_kept_type *type, uint32_t *number_out, acta_error *error)
{
    acta_engine *from = k->rebuild->from;
    bool is_sound;

    *number_out = type->first_number;
    acta_status status = acti_kept_schema_is_sound(from, type->schema, *number_out, &is_sound, error);
    if (status != ACTA_OK || is_sound) return status;
    *number_out = type->number;
    status = acti_kept_schema_is_sound(from, type->schema, *number_out, &is_sound, error);
    if (status == ACTA_OK && !is_sound) *number_out = 0;
    return status;
}

static acta_status
take_type(keeping *k, acta_bytes key, acta_bytes row, acta_error *error)
{
    acta_kept_type type;
    uint32_t number = 0;
    acta_status status = ACTA_OK;

    if (acti_kept_type_parse(behind(key, ACTI_TABLE_TYPES), row, &type) && is_named(k, &type))
        status = oldest_of(k, &type, &number, error);
    if (status != ACTA_OK) return status;
    if (number == 0) {
        k->rebuild->table_rows_dropped++;
        return ACTA_OK;
    }
    uint8_t *changed = copied(k->memory, row.data, row.size);
    if (changed == NULL || !need(k, type.schema, number)) return no_memory(error);
    acti_kept_type_lead_to(changed, row.size, number);
    status = acti_rebuild_put_row(k->rebuild, k->to, key, acta_bytes_from(changed, row.size), error);
    acta_memory_free(k->memory, changed);
    return status;
}

/* -- schemas -- */

static acta_status
take_schema(keeping *k, acta_bytes key, acta_bytes row, acta_error *error)
{
    uint8_t behind_table[ACTA_KEY_MAX + ACTI_KEPT_NUMBER], room[ACTI_ROW_KEY_MAX + ACTI_KEPT_NUMBER];
    acta_kept_schema schema;
    acta_bytes own = behind(key, ACTI_TABLE_SCHEMAS);

    if (own.size > ACTA_KEY_MAX || !acti_kept_schema_parse(own, row, &schema) ||
        needed_number(k, schema.name, schema.number) == 0) {
        k->rebuild->table_rows_dropped++;
        return ACTA_OK;
    }
    bool writes_now = needed_number(k, schema.name, 0) == schema.number;
    own = acti_kept_schema_key(schema.name, writes_now ? 0 : schema.number, behind_table);
    return acti_rebuild_put_row(k->rebuild, k->to, acti_row_key(room, ACTI_TABLE_SCHEMAS, own), row, error);
}

/* -- all of them -- */

static acta_status
each_row(keeping *k, const char *table, take_kept *take, acta_error *error)
{
    const acti_engine_ops *ops = k->rebuild->from->ops;
    size_t size = strlen(table) + 1;
    char end[16];
    acti_engine_iterator *iterator;
    acta_bytes key, row;

    memcpy(end, table, size);
    end[size - 1] = 1; /* behind the zero byte that ends a table's name */
    acti_range range = { .from = acta_bytes_from((const uint8_t *)table, size),
        .to = acta_bytes_from((const uint8_t *)end, size) };
    acta_status status = ops->iterator_open(k->rebuild->from, ACTI_TABLES, &range, &iterator, error);
    if (status != ACTA_OK) return status;
    while ((status = ops->iterator_next(iterator, &key, &row, error)) == ACTA_OK) {
        status = take(k, key, row, error);
        if (status != ACTA_OK) break;
    }
    ops->iterator_close(iterator);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acti_rebuild_schemas(acti_rebuild *rebuild, acta_store *to, acta_error *error)
{
    keeping k = { .rebuild = rebuild, .to = to, .memory = acta_memory_create(&to->environment.allocator) };

    if (k.memory == NULL) return no_memory(error);
    acta_status status = each_row(&k, ACTI_TABLE_TYPES, take_type, error);
    if (status == ACTA_OK) status = each_row(&k, ACTI_TABLE_SCHEMAS, take_schema, error);
    acta_memory_destroy(k.memory);
    return status;
}

/* -- where there is damage -- */

acta_status
acti_rebuild_schema_fits(acti_rebuild *rebuild, acta_bytes key, acta_bytes value, bool *fits_out, acta_error *error)
{
    acta_kept_schema schema;
    acta_kept_type type;
    acta_status status = ACTA_OK;

    if (acti_row_is_of(key, ACTI_TABLE_SCHEMAS)) {
        *fits_out = acti_kept_schema_parse(behind(key, ACTI_TABLE_SCHEMAS), value, &schema);
    } else {
        *fits_out = acti_kept_type_parse(behind(key, ACTI_TABLE_TYPES), value, &type);
        if (*fits_out) status = acti_kept_schema_is_sound(rebuild->from, type.schema, type.number, fits_out, error);
    }
    if (status == ACTA_CORRUPT || status == ACTA_IO) { /* it can't be read, as such a row that can't be isn't taken */
        *fits_out = false;
        status = ACTA_OK;
    }
    if (!*fits_out) rebuild->rows_were_lost = true;
    return status;
}
