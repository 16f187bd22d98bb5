/*
 * Rows in hand: found by table and key, and in the order of their last touch.
 *
 *     row   value[now] | value[other]     what it is, and what the event in work makes of it
 *           stored                        what the store has when the batch on its way is there; for its index entries
 *
 * The two values change places when an event is done, so that a row that is written again takes no memory. Whatever could
 * fail for want of memory happens while an event is in work.
 */
#include "row_cache.h"

#include "row_index.h"
#include "rows.h"

enum {
    EVENT_BYTES_MAX = 32 << 20, /* rows of one event; more is an error of it */
    BATCH_BYTES_MAX = 8 << 20,
    BATCH_ROWS_MAX = 1 << 14,    /* some 50 ms of the store's */
    BATCH_ROWS_SHARED = 1 << 11, /* … when events are appended meanwhile */
    ROOM_MIN = 32
};

typedef struct row_room {
    uint8_t *bytes;
    size_t size, room;
} row_room;

struct acti_row {
    acti_map_node node;
    acti_row_table *of;
    acti_row *older, *newer, *next_staged, *next_changed, *next_on_way;
    uint64_t batch; /* in which it was read, or last changed */
    row_room value[2], stored;
    uint8_t now; /* which of the values it is */
    bool is_known, is_there, was_stored;
    bool is_staged, stays; /* staged: it will be there */
    bool is_changed, is_on_way;
    size_t key_size;
    char key[];
};

struct acti_row_table {
    acti_row_table *next;
    const acta_table *table;
    const acta_projection *projection; /* that found it */
    acti_table_name name;
    uint32_t version;
    acti_row_share *share;
    bool has_index;
    acti_map rows;
};

/* -- memory -- */

void
acti_row_cache_init(
    acti_row_cache *cache, acta_app *app, const acta_projection *projection, acta_memory *memory, acta_memory *scratch)
{
    acta_memory_clear(memory);
    acta_memory_clear(scratch);
    *cache = (acti_row_cache){ .app = app,
        .projection = projection,
        .memory = memory,
        .scratch = scratch,
        .batch = 1,
        .bytes_max = ACTI_PROJECTION_MEMORY };
    cache->allocator = acti_allocator_over(memory);
    cache->head = acta_store_head(app->store);
    if (ACTA_SIM_CHANCE(&app->environment, "row.cache.small", 250)) cache->bytes_max = 0;
}

static acta_status
no_memory(const acta_table *row_table, acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row of '%s'", row_table->name);
}

/* What was in there may be lost. */
static bool
make_room(acti_row_cache *cache, row_room *room, size_t size)
{
    if (room->room >= size) return true;
    size_t wanted = size + size / 4 > ROOM_MIN ? size + size / 4 : ROOM_MIN;
    uint8_t *bytes = acta_memory_alloc(cache->memory, wanted);
    if (bytes == NULL) return false;

    acta_memory_free(cache->memory, room->bytes);
    cache->bytes += wanted - room->room;
    *room = (row_room){ .bytes = bytes, .room = wanted };
    return true;
}

/* There is room. */
static void
copy_into(row_room *room, const uint8_t *bytes, size_t size)
{
    if (size > 0) memcpy(room->bytes, bytes, size);
    room->size = size;
}

static acta_bytes
view(const row_room *room)
{
    return acta_bytes_from(room->bytes, room->size);
}

static void
leave_order(acti_row_cache *cache, acti_row *row)
{
    if (row->older != NULL)
        row->older->newer = row->newer;
    else
        cache->oldest = row->newer;
    if (row->newer != NULL)
        row->newer->older = row->older;
    else
        cache->newest = row->older;
}

static void
join_order(acti_row_cache *cache, acti_row *row)
{
    row->older = cache->newest;
    row->newer = NULL;
    if (row->older != NULL)
        row->older->newer = row;
    else
        cache->oldest = row;
    cache->newest = row;
}

static void
forget(acti_row_cache *cache, acti_row *row)
{
    leave_order(cache, row);
    acti_map_remove(&row->of->rows, &row->node);
    cache->bytes -= sizeof *row + row->key_size + row->value[0].room + row->value[1].room + row->stored.room;
    acta_memory_free(cache->memory, row->value[0].bytes);
    acta_memory_free(cache->memory, row->value[1].bytes);
    acta_memory_free(cache->memory, row->stored.bytes);
    acta_memory_free(cache->memory, row);
}

/* Those of this batch stay: the event in work may have views of them. */
static void
shrink(acti_row_cache *cache)
{
    while (cache->bytes > cache->bytes_max && cache->oldest != NULL) {
        acti_row *row = cache->oldest;
        if (row->is_changed || row->is_on_way || row->is_staged || row->batch == cache->batch) return;
        forget(cache, row);
    }
}

/* -- finding -- */

static bool
is_listed(const acta_table *const *row_tables, const acta_table *table)
{
    while (*row_tables != NULL && *row_tables != table)
        row_tables++;
    return *row_tables != NULL;
}

/* Which table of the store it is, as of now; after a rebuild the cache is made anew. */
static acta_status
find_version(acti_row_cache *cache, const acta_table *row_table, acti_row_table *table, acta_error *error)
{
    uint32_t version;

    if (cache->row_tables != NULL && !is_listed(cache->row_tables, row_table))
        return acta_error_set(
            error, ACTA_INVALID, "it writes '%s', which is none of the tables that are rebuilt", row_table->name);
    acta_status status = acti_row_share_of(cache->app, row_table, &table->share, error);
    if (status == ACTA_OK) status = acti_row_version_read(cache->app->store, row_table->name, &version, error);
    if (status != ACTA_OK) return status;
    table->version = version + (cache->row_tables != NULL);
    table->name = acti_rows_table(row_table->name, table->version);
    return ACTA_OK;
}

static acta_status
find_table(acti_row_cache *cache, const acta_table *row_table, acti_row_table **table_out, acta_error *error)
{
    acti_row_table *table = cache->tables;

    while (table != NULL && table->table != row_table)
        table = table->next;
    *table_out = table;
    if (table != NULL && table->projection == cache->projection) return ACTA_OK;
    if (table != NULL) return acti_row_share_join(cache->app, table->share, cache->projection, error);
    table = acta_memory_alloc(cache->memory, sizeof *table);
    if (table == NULL) return no_memory(row_table, error);
    *table = (acti_row_table){ .next = cache->tables,
        .table = row_table,
        .projection = cache->projection,
        .has_index = acti_has_index(row_table) };
    acta_status status = find_version(cache, row_table, table, error);
    if (status == ACTA_OK && cache->projection != NULL)
        status = acti_row_share_join(cache->app, table->share, cache->projection, error);
    if (status != ACTA_OK) {
        acta_memory_free(cache->memory, table);
        return status;
    }
    acti_map_init(&table->rows, &cache->allocator, cache->app->hash_seed);
    cache->tables = *table_out = table;
    return ACTA_OK;
}

static acti_row *
add_row(acti_row_cache *cache, acti_row_table *table, acta_str key)
{
    acti_row *row = acta_memory_alloc(cache->memory, sizeof *row + key.size);
    if (row == NULL) return NULL;

    row->of = table;
    row->key_size = key.size;
    memcpy(row->key, key.data, key.size);
    acti_map_add(&table->rows, &row->node, acta_str_from(row->key, key.size));
    join_order(cache, row);
    cache->bytes += sizeof *row + key.size;
    return row;
}

/* Another projection may have written it since. Acquire: it says that it may before it writes. */
static bool
is_stale(const acti_row_cache *cache, const acti_row *row)
{
    if (row->is_staged || row->is_changed || row->is_on_way || row->batch == cache->batch) return false;
    return atomic_load_explicit(&row->of->share->is_shared, memory_order_acquire);
}

acta_status
acti_row_find(acti_row_cache *cache, const acta_table *row_table, acta_str key, acti_row **row_out, acta_error *error)
{
    acti_row_table *table;
    acta_status status = acti_row_key_check(row_table, key, error);
    if (status == ACTA_OK) status = find_table(cache, row_table, &table, error);
    if (status != ACTA_OK) return status;

    acti_map_node *node = acti_map_find(&table->rows, key);
    acti_row *row = node != NULL ? ACTI_CONTAINER(node, acti_row, node) : NULL;
    if (row == NULL) {
        shrink(cache);
        row = add_row(cache, table, key);
        if (row == NULL) return no_memory(row_table, error);
    } else {
        if (is_stale(cache, row)) row->is_known = false;
        leave_order(cache, row);
        join_order(cache, row);
    }
    row->batch = cache->batch;
    *row_out = row;
    return ACTA_OK;
}

static acta_status
read_row(acti_row_cache *cache, acti_row *row, acta_error *error)
{
    const acti_row_table *of = row->of;
    acta_bytes bytes;

    acta_status status = acti_row_read(
        cache->app, of->table, of->name.text, acta_str_from(row->key, row->key_size), cache->scratch, &bytes, error);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    bool is_there = status == ACTA_OK;
    if (is_there && !make_room(cache, &row->value[row->now], bytes.size)) return no_memory(of->table, error);
    if (is_there && of->has_index && !make_room(cache, &row->stored, bytes.size)) return no_memory(of->table, error);
    if (is_there) copy_into(&row->value[row->now], bytes.data, bytes.size);
    if (is_there && of->has_index) copy_into(&row->stored, bytes.data, bytes.size);
    row->was_stored = is_there;
    row->is_there = is_there && !cache->begins_empty;
    row->is_known = true;
    return ACTA_OK;
}

/* The same event may write it once more. */
static acta_status
copy_staged(acti_row_cache *cache, const acti_row *row, acta_bytes *value_out, acta_error *error)
{
    const row_room *staged = &row->value[1 - row->now];
    uint8_t *copy = acta_memory_alloc(cache->scratch, staged->size);
    if (copy == NULL) return no_memory(row->of->table, error);

    memcpy(copy, staged->bytes, staged->size);
    *value_out = acta_bytes_from(copy, staged->size);
    return ACTA_OK;
}

acta_status
acti_row_value(acti_row_cache *cache, acti_row *row, acta_bytes *value_out, acta_error *error)
{
    *value_out = acta_bytes_from(NULL, 0);
    if (row->is_staged) return row->stays ? copy_staged(cache, row, value_out, error) : ACTA_OK;
    acta_status status = row->is_known ? ACTA_OK : read_row(cache, row, error);
    if (status == ACTA_OK && row->is_there) *value_out = view(&row->value[row->now]);
    return status;
}

/* -- an event's changes -- */

acta_status
acti_row_stage(acti_row_cache *cache, acti_row *row, acta_bytes value, acta_error *error)
{
    const acti_row_table *of = row->of;
    row_room *room = &row->value[1 - row->now];
    acta_status status = ACTA_OK;

    /* Its entries go with it. */
    if (of->has_index && !row->is_known && !row->is_staged) status = read_row(cache, row, error);
    if (status != ACTA_OK) return status;
    if (value.data != NULL && !make_room(cache, room, value.size)) return no_memory(of->table, error);
    if (value.data != NULL && of->has_index && row->stored.room < value.size) {
        acta_bytes stored = view(&row->stored);
        row_room grown = { .bytes = NULL };
        if (!make_room(cache, &grown, value.size)) return no_memory(of->table, error);
        copy_into(&grown, stored.data, stored.size);
        cache->bytes -= row->stored.room;
        acta_memory_free(cache->memory, row->stored.bytes);
        row->stored = grown;
    }
    if (value.data != NULL) copy_into(room, value.data, value.size);
    row->stays = value.data != NULL;
    if (!row->is_staged) {
        row->is_staged = true;
        row->next_staged = cache->staged;
        cache->staged = row;
    }
    cache->staged_bytes += value.size + row->key_size;
    if (cache->staged_bytes <= EVENT_BYTES_MAX) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID, "one event writes more than %d bytes of rows", EVENT_BYTES_MAX);
}

static void
keep_staged(acti_row_cache *cache, acti_row *row)
{
    row->now = 1 - row->now;
    row->is_there = row->stays;
    row->is_known = true;
    if (row->is_changed) return;
    row->is_changed = true;
    row->next_changed = NULL;
    if (cache->last_changed != NULL)
        cache->last_changed->next_changed = row;
    else
        cache->changed = row;
    cache->last_changed = row;
    cache->changed_count++;
}

void
acti_row_cache_end_event(acti_row_cache *cache, bool keep)
{
    for (acti_row *row = cache->staged; row != NULL; row = row->next_staged) {
        row->is_staged = false;
        if (keep) keep_staged(cache, row);
    }
    if (keep) cache->changed_bytes += cache->staged_bytes;
    cache->staged = NULL;
    cache->staged_bytes = 0;
    acta_memory_clear(cache->scratch);
}

/* -- a batch -- */

bool
acti_row_cache_is_full(const acti_row_cache *cache)
{
    if (cache->changed_bytes > BATCH_BYTES_MAX || cache->changed_count >= BATCH_ROWS_MAX) return true;
    return cache->changed_count >= BATCH_ROWS_SHARED && acta_store_head(cache->app->store) != cache->head;
}

void
acti_row_cache_fill(const acti_row_cache *cache, acta_transaction *transaction)
{
    for (const acti_row *row = cache->changed; row != NULL; row = row->next_changed) {
        const acti_row_table *of = row->of;
        acta_str key = acta_str_from(row->key, row->key_size);
        acta_bytes none = { NULL, 0 }, now = view(&row->value[row->now]);
        if (row->is_there)
            acta_transaction_put(transaction, of->name.text, acta_str_bytes(key), now);
        else
            acta_transaction_delete(transaction, of->name.text, acta_str_bytes(key));
        if (!of->has_index) continue;
        acti_index_fill(transaction, of->table, of->version, key, row->was_stored ? view(&row->stored) : none,
            row->is_there ? now : none);
    }
}

void
acti_row_cache_sent(acti_row_cache *cache)
{
    for (acti_row *row = cache->changed; row != NULL; row = row->next_changed) {
        const row_room *now = &row->value[row->now];
        row->is_changed = false;
        row->is_on_way = true;
        row->next_on_way = cache->on_way;
        cache->on_way = row;
        row->was_stored = row->is_there;
        if (row->of->has_index && row->is_there) copy_into(&row->stored, now->bytes, now->size);
    }
    cache->changed = cache->last_changed = NULL;
    cache->changed_count = 0;
    cache->changed_bytes = 0;
    cache->batch++;
    cache->head = acta_store_head(cache->app->store);
}

void
acti_row_cache_durable(acti_row_cache *cache)
{
    for (acti_row *row = cache->on_way; row != NULL; row = row->next_on_way)
        row->is_on_way = false;
    cache->on_way = NULL;
    shrink(cache);
}
