/*
 * Transaction: filling it. What is wrong is kept, and is what submit returns.
 *
 * Not here: rows and what is kept as rows (transaction_rows.c).
 */
#include "transaction.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

static_assert(offsetof(acti_slab, bytes) % 8 == 0, "records in a slab are aligned");

/* -- slabs -- */

acti_slab *
acti_slab_create(const acta_allocator *allocator, size_t size)
{
    acti_slab *slab = allocator->alloc(allocator->user, offsetof(acti_slab, bytes) + size);

    if (slab == NULL) return NULL;
    atomic_init(&slab->refs, 1);
    slab->allocator = *allocator;
    slab->size = size;
    return slab;
}

void
acti_slab_ref(acti_slab *slab, uint32_t count)
{
    /* Relaxed: who refs holds a reference already, or the lock of one who does. */
    atomic_fetch_add_explicit(&slab->refs, count, memory_order_relaxed);
}

void
acti_slab_unref(acti_slab *slab)
{
    /* Release: our reads of the bytes come before the free; acquire: the free comes after everybody's reads. */
    if (atomic_fetch_sub_explicit(&slab->refs, 1, memory_order_acq_rel) > 1) return;
    acta_allocator allocator = slab->allocator;
    allocator.free(allocator.user, slab, offsetof(acti_slab, bytes) + slab->size);
}

/* -- memory of a transaction -- */

static size_t
aligned(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

acta_status
acti_transaction_fail(acta_transaction *transaction, acta_status status, const char *format, ...)
{
    if (transaction->status != ACTA_OK) return transaction->status;

    va_list arguments;
    va_start(arguments, format);
    acta_error_set(&transaction->error, status, NULL);
    vsnprintf(transaction->error.text, sizeof transaction->error.text, format, arguments);
    va_end(arguments);
    transaction->status = status;
    return status;
}

static acta_status
fail_for_memory(acta_transaction *transaction)
{
    return acti_transaction_fail(transaction, ACTA_NO_MEMORY, "cannot fill a transaction: there is no memory");
}

static void *
block_add(acta_transaction *transaction, size_t size)
{
    acti_arena_block *block = acta_spares_alloc(transaction->store->spares, offsetof(acti_arena_block, bytes) + size);

    if (block == NULL) return NULL;
    block->next = transaction->blocks;
    block->size = size;
    transaction->blocks = block;
    return block->bytes;
}

void *
acti_transaction_room(acta_transaction *transaction, size_t size)
{
    size = aligned(size);
    if (size <= sizeof transaction->arena - transaction->arena_used) {
        void *room = transaction->arena + transaction->arena_used;
        transaction->arena_used += size;
        return room;
    }

    void *room = block_add(transaction, size);
    if (room == NULL) fail_for_memory(transaction);
    return room;
}

/* Double an array that begins inside the transaction. The old one stays until the transaction goes. */
static void *
grow(acta_transaction *transaction, const void *array, uint32_t count, uint32_t *room, size_t element_size)
{
    void *grown = block_add(transaction, (size_t)*room * 2 * element_size);

    if (grown == NULL) {
        fail_for_memory(transaction);
        return NULL;
    }
    memcpy(grown, array, count * element_size);
    *room *= 2;
    return grown;
}

acti_operation *
acti_transaction_operation(acta_transaction *transaction, acti_operation_kind kind)
{
    if (transaction->status != ACTA_OK) return NULL;
    if (transaction->operation_count == transaction->operation_room) {
        acti_operation *grown = grow(transaction, transaction->operations, transaction->operation_count,
            &transaction->operation_room, sizeof *transaction->operations);
        if (grown == NULL) return NULL;
        transaction->operations = grown;
    }

    acti_operation *operation = &transaction->operations[transaction->operation_count++];
    *operation = (acti_operation){ .kind = kind };
    return operation;
}

static bool
record_add(acta_transaction *transaction, acti_slab *slab, uint8_t *bytes)
{
    if (transaction->record_count == transaction->record_room) {
        acti_record *grown = grow(transaction, transaction->records, transaction->record_count,
            &transaction->record_room, sizeof *transaction->records);
        if (grown == NULL) return false;
        transaction->records = grown;
    }
    transaction->records[transaction->record_count++] = (acti_record){ .slab = slab, .bytes = bytes };
    return true;
}

bool
acti_transaction_charge(acta_transaction *transaction, size_t size)
{
    if (size > ACTA_TRANSACTION_BYTES_MAX - transaction->bytes) {
        acti_transaction_fail(transaction, ACTA_INVALID, "cannot fill a transaction: it holds more than %d bytes",
            ACTA_TRANSACTION_BYTES_MAX);
        return false;
    }
    transaction->bytes += size;
    return true;
}

acta_transaction *
acta_transaction_create(acta_store *store)
{
    acta_transaction *transaction = acta_spares_alloc(store->spares, sizeof *transaction);

    if (transaction == NULL) return NULL;
    memset(transaction, 0, offsetof(acta_transaction, error));
    memset(&transaction->next, 0, offsetof(acta_transaction, operations_inline) - offsetof(acta_transaction, next));
    transaction->store = store;
    transaction->operations = transaction->operations_inline;
    transaction->operation_room = ACTI_OPERATIONS_INLINE;
    transaction->records = transaction->records_inline;
    transaction->record_room = ACTI_RECORDS_INLINE;
    return transaction;
}

void
acta_transaction_destroy(acta_transaction *transaction)
{
    if (transaction == NULL) return;
    acta_spares *spares = transaction->store->spares;

    for (uint32_t i = 0; i < transaction->record_count; i++)
        acti_slab_unref(transaction->records[i].slab);
    for (acti_arena_block *block = transaction->blocks; block != NULL;) {
        acti_arena_block *next = block->next;
        acta_spares_free(spares, block, offsetof(acti_arena_block, bytes) + block->size);
        block = next;
    }
    acta_spares_free(spares, transaction, sizeof *transaction);
}

/* -- appends -- */

/* The start of a name, for a message about it. */
static int
shown_size(acta_str name)
{
    return name.size > 64 ? 64 : (int)name.size;
}

acta_status
acti_name_check(const char *what, acta_str name, size_t size_max, acta_error *error)
{
    if (name.data == NULL || name.size == 0 || name.size > size_max)
        return acta_error_set(
            error, ACTA_INVALID, "the name of %s has %zu bytes, 1 to %zu are expected", what, name.size, size_max);
    if (!acti_str_is_name(name))
        return acta_error_set(
            error, ACTA_INVALID, "the name of %s isn't UTF-8 without control characters (%zu bytes)", what, name.size);
    return ACTA_OK;
}

static acta_status
reserved(acta_str stream, acta_error *error)
{
    return acta_error_set(
        error, ACTA_INVALID, "the stream name '%.*s' is reserved: it begins with '$'", shown_size(stream), stream.data);
}

acta_status
acti_stream_name_check(acta_str stream, acta_error *error)
{
    acta_status status = acti_name_check("a stream", stream, ACTA_STREAM_NAME_MAX, error);

    if (status != ACTA_OK) return status;
    if (stream.data[0] == '$' && !acta_str_equal(stream, acta_str_of(ACTI_STREAM_OF_CHANGES)) &&
        !acta_str_equal(stream, acta_str_of(ACTI_STREAM_OF_AUDIT)))
        return reserved(stream, error);
    return ACTA_OK;
}

acta_status
acti_stream_name_check_own(acta_str stream, acta_error *error)
{
    acta_status status = acti_stream_name_check(stream, error);

    if (status != ACTA_OK) return status;
    return stream.data[0] == '$' ? reserved(stream, error) : ACTA_OK;
}

static acta_status
check_event(const acta_event *event, size_t payload_size, bool own, acta_error *error)
{
    acta_status status = acti_name_check("an event type", event->type, ACTA_TYPE_NAME_MAX, error);

    if (status != ACTA_OK) return status;
    if (event->type.data[0] == '$' && !own)
        return acta_error_set(error, ACTA_INVALID, "the event type '%.*s' is reserved: it begins with '$'",
            shown_size(event->type), event->type.data);
    if (payload_size > ACTA_PAYLOAD_MAX)
        return acta_error_set(error, ACTA_INVALID,
            "the payload of '" ACTA_FMT "' has %zu bytes, at most %d are allowed", ACTA_ARG(event->type), payload_size,
            ACTA_PAYLOAD_MAX);
    if (event->metadata.size > ACTA_PAYLOAD_MAX)
        return acta_error_set(error, ACTA_INVALID,
            "the metadata of '" ACTA_FMT "' have %zu bytes, at most %d are allowed", ACTA_ARG(event->type),
            event->metadata.size, ACTA_PAYLOAD_MAX);
    return acti_tags_check(event->tags, event->tag_count, error);
}

/* Is all of this append fine, and is there room for it? Adds up what its records take in memory. */
static bool
check_append(acta_transaction *transaction, acta_str stream, const acta_event *events, uint32_t count,
    const size_t *payload_size, bool own, size_t *slab_size_out)
{
    acta_error error;
    bool is_audit = own && acta_str_equal(stream, acta_str_of(ACTI_STREAM_OF_AUDIT));
    acta_status status = is_audit ? ACTA_OK : acti_stream_name_check_own(stream, &error);
    size_t slab_size = 0, charged = 0;

    if (status == ACTA_OK && count > ACTA_APPEND_COUNT_MAX - transaction->record_count)
        status = acta_error_set(&error, ACTA_INVALID, "cannot append to '%.*s': a transaction holds at most %d events",
            shown_size(stream), stream.data, ACTA_APPEND_COUNT_MAX);
    for (uint32_t i = 0; status == ACTA_OK && i < count; i++) {
        size_t size = payload_size != NULL ? *payload_size : events[i].payload.size;
        status = check_event(&events[i], size, own, &error);
        if (status != ACTA_OK) break;
        slab_size += aligned(acti_record_size(stream, &events[i], size));
        charged += ACTI_RECORD_HEADER + size + events[i].metadata.size;
        transaction->tagged_count += events[i].tag_count > 0;
        if (charged > ACTA_TRANSACTION_BYTES_MAX) break; /* charge says so */
    }
    if (status != ACTA_OK) {
        acti_transaction_fail(transaction, status, "%s", error.text);
        return false;
    }
    *slab_size_out = slab_size;
    return acti_transaction_charge(transaction, charged);
}

static bool
add_append(acta_transaction *transaction, acta_str stream, uint64_t expected_version, uint32_t count)
{
    char *name = acti_transaction_room(transaction, stream.size);
    acti_operation *operation = acti_transaction_operation(transaction, ACTI_APPEND);

    if (name == NULL || operation == NULL) return false;
    memcpy(name, stream.data, stream.size);
    operation->stream = acta_str_from(name, stream.size);
    operation->expected_version = expected_version;
    operation->first_record = transaction->record_count;
    operation->record_count = count;
    return true;
}

/* The records of one append, each without its payload; the caller holds the slab's first reference until the end. */
static bool
add_records(acta_transaction *transaction, acti_slab *slab, acta_str stream, const acta_event *events, uint32_t count,
    const size_t *payload_size)
{
    uint8_t *next = slab->bytes;

    for (uint32_t i = 0; i < count; i++) {
        size_t size = payload_size != NULL ? *payload_size : events[i].payload.size;
        if (!record_add(transaction, slab, next)) return false;
        acti_slab_ref(slab, 1);
        acti_record_prepare(next, stream, &events[i], size);
        if (payload_size == NULL && size > 0) memcpy(next + ACTI_RECORD_HEADER, events[i].payload.data, size);
        next += aligned(acti_record_size(stream, &events[i], size));
    }
    return true;
}

/* The digests of records whose payload the caller wrote in place since the last call. */
static void
digest_written(acta_transaction *transaction)
{
    for (; transaction->undigested < transaction->record_count; transaction->undigested++)
        acti_record_digest(transaction->records[transaction->undigested].bytes);
}

/* Append events; with `payload_size` one event whose payload of that size is not there yet. Returns its place. `own`: they
 * may be of the store's own types. */
static uint8_t *
append(acta_transaction *transaction, acta_str stream, uint64_t expected_version, const acta_event *events,
    uint32_t count, const size_t *payload_size, bool own)
{
    size_t slab_size;

    if (transaction->status != ACTA_OK) return NULL;
    if (!check_append(transaction, stream, events, count, payload_size, own, &slab_size)) return NULL;
    if (!add_append(transaction, stream, expected_version, count) || count == 0) return NULL;

    acti_slab *slab = acti_slab_create(&transaction->store->environment.allocator, slab_size);
    if (slab == NULL) {
        fail_for_memory(transaction);
        return NULL;
    }
    bool added = add_records(transaction, slab, stream, events, count, payload_size);
    uint8_t *payload = slab->bytes + ACTI_RECORD_HEADER;
    acti_slab_unref(slab); /* the records hold it */
    return added ? payload : NULL;
}

void
acta_transaction_append(
    acta_transaction *transaction, acta_str stream, uint64_t expected_version, const acta_event *events, uint32_t count)
{
    if (append(transaction, stream, expected_version, events, count, NULL, false) == NULL) return;
    if (transaction->undigested + count == transaction->record_count) digest_written(transaction);
}

void
acti_transaction_append_own(
    acta_transaction *transaction, acta_str stream, uint64_t expected_version, const acta_event *events, uint32_t count)
{
    if (append(transaction, stream, expected_version, events, count, NULL, true) == NULL) return;
    if (transaction->undigested + count == transaction->record_count) digest_written(transaction);
}

uint8_t *
acta_transaction_reserve(acta_transaction *transaction, acta_str stream, uint64_t expected_version,
    const acta_event *event, size_t payload_size)
{
    return append(transaction, stream, expected_version, event, 1, &payload_size, false);
}

acti_operation *
acti_transaction_change(acta_transaction *transaction, acta_str stream, uint64_t expected_version,
    const acta_event *event, acta_str change_stream)
{
    size_t size = aligned(acti_record_size(change_stream, event, event->payload.size));

    if (transaction->status != ACTA_OK || !acti_transaction_charge(transaction, size)) return NULL;
    if (!add_append(transaction, stream, expected_version, 1)) return NULL;
    acti_operation *operation = &transaction->operations[transaction->operation_count - 1];
    operation->kind = ACTI_CHANGE;

    acti_slab *slab = acti_slab_create(&transaction->store->environment.allocator, size);
    if (slab == NULL) {
        fail_for_memory(transaction);
        return NULL;
    }
    bool added = add_records(transaction, slab, change_stream, event, 1, NULL);
    acti_slab_unref(slab); /* the record holds it */
    return added ? operation : NULL;
}

void
acti_transaction_raw(acta_transaction *transaction, uint32_t family, acta_bytes key, acta_bytes value)
{
    acti_operation *operation = acti_transaction_charge(transaction, key.size + value.size)
                                    ? acti_transaction_operation(transaction, ACTI_RAW)
                                    : NULL;

    if (operation == NULL) return;
    operation->family = family;
    if (family == ACTI_LOG) transaction->removes_events = true;
    operation->key = key;
    operation->value = value;
}

void
acta_transaction_session(acta_transaction *transaction, uint64_t session, uint64_t sequence)
{
    transaction->session = session;
    transaction->sequence = sequence;
}

void
acti_transaction_finish(acta_transaction *transaction)
{
    if (transaction->status == ACTA_OK) digest_written(transaction);
}
