/*
 * Names: the committer's tables.
 */
#include "names.h"

#include <inttypes.h>
#include <string.h>

/* Mixing by multiplication, eight bytes at a time: for our own tables, not for anybody's security. */
static uint64_t
hash_bytes(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint64_t hash = size * 0x9e3779b97f4a7c15u;

    for (; size >= 8; bytes += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        hash = (hash ^ word) * 0xd6e8feb86659fd93u;
        hash ^= hash >> 32;
    }
    uint64_t rest = 0;
    if (size > 0) memcpy(&rest, bytes, size);
    hash = (hash ^ rest) * 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}

static void *
zeroed(const acta_allocator *allocator, size_t size)
{
    void *memory = allocator->alloc(allocator->user, size);
    if (memory != NULL) memset(memory, 0, size);
    return memory;
}

/* -- streams -- */

enum { STREAM_BUCKETS_MIN = 256 };

static size_t
stream_bytes(const acti_stream *stream)
{
    return sizeof *stream + stream->name_size + sizeof(void *); /* and its share of the buckets */
}

static void
stream_table_free(acti_streams *streams, acti_stream_table *table)
{
    const acta_allocator *allocator = &streams->allocator;

    for (size_t i = 0; i < table->bucket_count; i++) {
        for (acti_stream *stream = table->buckets[i]; stream != NULL;) {
            acti_stream *next = stream->next;
            allocator->free(allocator->user, stream, sizeof *stream + stream->name_size);
            stream = next;
        }
    }
    if (table->buckets != NULL)
        allocator->free(allocator->user, table->buckets, table->bucket_count * sizeof *table->buckets);
    *table = (acti_stream_table){ 0 };
}

void
acti_streams_init(acti_streams *streams, const acta_allocator *allocator, size_t bytes_max)
{
    *streams = (acti_streams){ .allocator = *allocator, .bytes_max = bytes_max };
}

void
acti_streams_deinit(acti_streams *streams)
{
    stream_table_free(streams, &streams->young);
    stream_table_free(streams, &streams->old);
}

static acti_stream **
stream_place(acti_stream_table *table, uint64_t hash, acta_str name)
{
    if (table->bucket_count == 0) return NULL;
    acti_stream **place = &table->buckets[hash & (table->bucket_count - 1)];

    for (; *place != NULL; place = &(*place)->next) {
        if ((*place)->hash == hash && acta_str_equal(acta_str_from((*place)->name, (*place)->name_size), name))
            return place;
    }
    return NULL;
}

/* Twice as many buckets; when there is no memory the chains grow longer instead. */
static bool
stream_table_grow(acti_streams *streams, acti_stream_table *table)
{
    const acta_allocator *allocator = &streams->allocator;
    size_t bucket_count = table->bucket_count == 0 ? STREAM_BUCKETS_MIN : table->bucket_count * 2;
    acti_stream **buckets = zeroed(allocator, bucket_count * sizeof *buckets);

    if (buckets == NULL) return table->bucket_count > 0;
    for (size_t i = 0; i < table->bucket_count; i++) {
        for (acti_stream *stream = table->buckets[i]; stream != NULL;) {
            acti_stream *next = stream->next;
            acti_stream **bucket = &buckets[stream->hash & (bucket_count - 1)];
            stream->next = *bucket;
            *bucket = stream;
            stream = next;
        }
    }
    if (table->buckets != NULL)
        allocator->free(allocator->user, table->buckets, table->bucket_count * sizeof *table->buckets);
    table->buckets = buckets;
    table->bucket_count = bucket_count;
    return true;
}

static bool
stream_table_insert(acti_streams *streams, acti_stream_table *table, acti_stream *stream)
{
    if (table->count >= table->bucket_count && !stream_table_grow(streams, table)) return false;
    acti_stream **bucket = &table->buckets[stream->hash & (table->bucket_count - 1)];

    stream->next = *bucket;
    *bucket = stream;
    table->count++;
    table->bytes += stream_bytes(stream);
    return true;
}

acti_stream *
acti_streams_find(acti_streams *streams, acta_str name)
{
    uint64_t hash = hash_bytes(name.data, name.size);
    acti_stream **place = stream_place(&streams->young, hash, name);

    if (place != NULL) return *place;
    place = stream_place(&streams->old, hash, name);
    if (place == NULL) return NULL;

    acti_stream *stream = *place, *next = stream->next;
    if (!stream_table_insert(streams, &streams->young, stream)) return stream; /* stays old */
    *place = next;
    streams->old.count--;
    streams->old.bytes -= stream_bytes(stream);
    return stream;
}

acti_stream *
acti_streams_add(acti_streams *streams, acta_str name)
{
    const acta_allocator *allocator = &streams->allocator;
    acti_stream *stream = allocator->alloc(allocator->user, sizeof *stream + name.size);

    if (stream == NULL) return NULL;
    *stream = (acti_stream){ .hash = hash_bytes(name.data, name.size), .name_size = name.size };
    memcpy(stream->name, name.data, name.size);
    if (stream_table_insert(streams, &streams->young, stream)) return stream;
    allocator->free(allocator->user, stream, sizeof *stream + name.size);
    return NULL;
}

void
acti_streams_trim(acti_streams *streams)
{
    if (streams->young.bytes < streams->bytes_max / 2) return;
    stream_table_free(streams, &streams->old);
    streams->old = streams->young;
    streams->young = (acti_stream_table){ 0 };
}

/* -- types -- */

void
acti_types_init(acti_types *types, const acta_allocator *allocator)
{
    memset(types, 0, sizeof *types);
    types->allocator = *allocator;
    atomic_init(&types->count, 1);
}

void
acti_types_deinit(acti_types *types)
{
    const acta_allocator *allocator = &types->allocator;

    for (size_t i = 0; i < sizeof types->buckets / sizeof types->buckets[0]; i++) {
        for (acti_type *type = types->buckets[i]; type != NULL;) {
            acti_type *next = type->next;
            allocator->free(allocator->user, type, sizeof *type + type->name_size);
            type = next;
        }
    }
    for (size_t i = 0; i < ACTI_TYPE_CHUNK_COUNT; i++) {
        acti_type **chunk = atomic_load_explicit(&types->chunks[i], memory_order_relaxed); /* nobody else is left */
        if (chunk != NULL) allocator->free(allocator->user, chunk, ACTI_TYPE_CHUNK * sizeof(acti_type *));
    }
}

static acti_type **
type_bucket(acti_types *types, uint64_t hash)
{
    return &types->buckets[hash % (sizeof types->buckets / sizeof types->buckets[0])];
}

acti_type *
acti_types_find(acti_types *types, acta_str name)
{
    uint64_t hash = hash_bytes(name.data, name.size);

    for (acti_type *type = *type_bucket(types, hash); type != NULL; type = type->next) {
        if (type->hash == hash && acta_str_equal(acta_str_from(type->name, type->name_size), name)) return type;
    }
    return NULL;
}

/* The place of a type in its chunk, which is made with the first; NULL: no memory. */
static acti_type **
type_place(acti_types *types, uint32_t id)
{
    const acta_allocator *allocator = &types->allocator;
    _Atomic(acti_type **) *chunk = &types->chunks[id / ACTI_TYPE_CHUNK];
    acti_type **places = atomic_load_explicit(chunk, memory_order_relaxed); /* only we write it */

    if (places == NULL) {
        places = zeroed(allocator, ACTI_TYPE_CHUNK * sizeof(acti_type *));
        if (places == NULL) return NULL;
        /* Relaxed: readers come here only after the acquire of a count that passes this chunk. */
        atomic_store_explicit(chunk, places, memory_order_relaxed);
    }
    return &places[id % ACTI_TYPE_CHUNK];
}

acta_status
acti_types_add(acti_types *types, acta_str name, acti_type **type_out, acta_error *error)
{
    const acta_allocator *allocator = &types->allocator;

    if (types->known + 1 == ACTI_TYPE_CHUNK * ACTI_TYPE_CHUNK_COUNT)
        return acta_error_set(error, ACTA_INVALID,
            "cannot append an event of type '" ACTA_FMT "': there are %" PRIu32 " types already", ACTA_ARG(name),
            types->known);
    /* The place that it will need at the latest is made now, so that assigning can't fail. */
    acti_type *type = type_place(types, types->known + 1) != NULL
                          ? allocator->alloc(allocator->user, sizeof *type + name.size)
                          : NULL;
    if (type == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot append an event of type '" ACTA_FMT "'", ACTA_ARG(name));

    *type = (acti_type){ .hash = hash_bytes(name.data, name.size), .name_size = name.size };
    memcpy(type->name, name.data, name.size);
    type->next = *type_bucket(types, type->hash);
    *type_bucket(types, type->hash) = type;
    types->known++;
    *type_out = type;
    return ACTA_OK;
}

void
acti_types_assign(acti_types *types, acti_type *type)
{
    type->id = atomic_load_explicit(&types->count, memory_order_relaxed); /* only we write it */
    *type_place(types, type->id) = type;
    /* Release: publishes entry, chunk and name; pairs with acti_types_count. */
    atomic_store_explicit(&types->count, type->id + 1, memory_order_release);
}

uint32_t
acti_types_count(acti_types *types)
{
    /* Acquire: entries below the count are whole; pairs with the release in acti_types_assign. */
    return atomic_load_explicit(&types->count, memory_order_acquire);
}

acta_str
acti_types_name(acti_types *types, uint32_t id)
{
    if (id == 0 || id >= acti_types_count(types)) return acta_str_from(NULL, 0);
    acti_type **places = atomic_load_explicit(&types->chunks[id / ACTI_TYPE_CHUNK], memory_order_relaxed);
    const acti_type *type = places[id % ACTI_TYPE_CHUNK];
    return acta_str_from(type->name, type->name_size);
}

/* -- sessions -- */

enum { SESSION_SLOTS_MIN = 256 };

static uint64_t
session_hash(uint64_t session)
{
    session *= 0x9e3779b97f4a7c15u;
    return session ^ session >> 32;
}

void
acti_sessions_init(acti_sessions *sessions, const acta_allocator *allocator, size_t count_max)
{
    *sessions = (acti_sessions){ .allocator = *allocator, .count_max = count_max };
}

static void
session_table_free(acti_sessions *sessions, acti_session_table *table)
{
    const acta_allocator *allocator = &sessions->allocator;

    if (table->slots != NULL) allocator->free(allocator->user, table->slots, table->slot_count * 2 * sizeof(uint64_t));
    *table = (acti_session_table){ 0 };
}

void
acti_sessions_deinit(acti_sessions *sessions)
{
    session_table_free(sessions, &sessions->young);
    session_table_free(sessions, &sessions->old);
}

/* The slot of a session, or the free one where it would go. NULL: there are no slots. */
static uint64_t *
session_slot(const acti_session_table *table, uint64_t session)
{
    if (table->slot_count == 0) return NULL;
    for (size_t i = session_hash(session);; i++) {
        uint64_t *slot = &table->slots[(i & (table->slot_count - 1)) * 2];
        if (slot[0] == session || slot[0] == 0) return slot;
    }
}

static uint64_t
session_table_last(const acti_session_table *table, uint64_t session)
{
    const uint64_t *slot = session_slot(table, session);
    return slot != NULL && slot[0] == session ? slot[1] : 0;
}

static bool
session_table_grow(acti_sessions *sessions, acti_session_table *table)
{
    acti_session_table grown = { .slot_count = table->slot_count == 0 ? SESSION_SLOTS_MIN : table->slot_count * 2,
        .count = table->count };

    grown.slots = zeroed(&sessions->allocator, grown.slot_count * 2 * sizeof(uint64_t));
    if (grown.slots == NULL) return false;
    for (size_t i = 0; i < table->slot_count; i++) {
        uint64_t session = table->slots[i * 2];
        if (session == 0) continue;
        uint64_t *slot = session_slot(&grown, session);
        slot[0] = session;
        slot[1] = table->slots[i * 2 + 1];
    }
    session_table_free(sessions, table);
    *table = grown;
    return true;
}

uint64_t
acti_sessions_last(acti_sessions *sessions, uint64_t session)
{
    uint64_t last = session_table_last(&sessions->young, session);
    return last != 0 ? last : session_table_last(&sessions->old, session);
}

bool
acti_sessions_set(acti_sessions *sessions, uint64_t session, uint64_t sequence)
{
    acti_session_table *young = &sessions->young;

    if (young->count >= sessions->count_max / 2) { /* a generation is over */
        session_table_free(sessions, &sessions->old);
        sessions->old = *young;
        *young = (acti_session_table){ 0 };
    }
    if (young->count * 2 >= young->slot_count && !session_table_grow(sessions, young)) return false;

    uint64_t *slot = session_slot(young, session);
    if (slot[0] == 0) young->count++;
    slot[0] = session;
    slot[1] = sequence;
    return true;
}

void
acti_sessions_forget(acti_sessions *sessions, uint64_t session)
{
    /* The slots stay taken, with sequence 0: taking one out would cut the chain of those behind it. */
    uint64_t *slot = session_slot(&sessions->young, session);
    if (slot != NULL && slot[0] == session) slot[1] = 0;
    slot = session_slot(&sessions->old, session);
    if (slot != NULL && slot[0] == session) slot[1] = 0;
}

/* -- rows of the batch under way -- */

enum { PENDING_SLOTS_MIN = 256 };

void
acti_pending_rows_init(acti_pending_rows *rows, const acta_allocator *allocator)
{
    *rows = (acti_pending_rows){ .allocator = *allocator, .batch = 1 };
}

static void
pending_slots_free(acti_pending_rows *rows, acti_pending_row *slots, size_t slot_count)
{
    if (slots != NULL) rows->allocator.free(rows->allocator.user, slots, slot_count * sizeof *slots);
}

void
acti_pending_rows_deinit(acti_pending_rows *rows)
{
    pending_slots_free(rows, rows->slots, rows->slot_count);
    rows->slots = NULL;
    rows->slot_count = 0;
}

void
acti_pending_rows_clear(acti_pending_rows *rows)
{
    rows->batch++;
    rows->count = 0;
}

static acti_pending_row *
pending_slot(const acti_pending_rows *rows, uint64_t hash, acta_bytes key)
{
    for (size_t i = hash;; i++) {
        acti_pending_row *slot = &rows->slots[i & (rows->slot_count - 1)];
        if (slot->batch != rows->batch) return slot;
        if (slot->hash == hash && slot->key.size == key.size && memcmp(slot->key.data, key.data, key.size) == 0)
            return slot;
    }
}

bool
acti_pending_rows_reserve(acti_pending_rows *rows, size_t count)
{
    size_t slot_count = rows->slot_count == 0 ? PENDING_SLOTS_MIN : rows->slot_count;

    while (slot_count < (rows->count + count) * 2)
        slot_count *= 2;
    if (slot_count == rows->slot_count) return true;

    acti_pending_row *slots = zeroed(&rows->allocator, slot_count * sizeof *slots), *before = rows->slots;
    size_t before_count = rows->slot_count;
    if (slots == NULL) return false;
    rows->slots = slots;
    rows->slot_count = slot_count;
    for (size_t i = 0; i < before_count; i++) {
        if (before[i].batch == rows->batch) *pending_slot(rows, before[i].hash, before[i].key) = before[i];
    }
    pending_slots_free(rows, before, before_count);
    return true;
}

void
acti_pending_rows_set(acti_pending_rows *rows, acta_bytes key, bool present)
{
    uint64_t hash = hash_bytes(key.data, key.size);
    acti_pending_row *slot = pending_slot(rows, hash, key);

    if (slot->batch != rows->batch) rows->count++;
    *slot = (acti_pending_row){ .batch = rows->batch, .hash = hash, .key = key, .present = present };
}

const acti_pending_row *
acti_pending_rows_find(const acti_pending_rows *rows, acta_bytes key)
{
    if (rows->count == 0) return NULL;
    const acti_pending_row *slot = pending_slot(rows, hash_bytes(key.data, key.size), key);
    return slot->batch == rows->batch ? slot : NULL;
}
