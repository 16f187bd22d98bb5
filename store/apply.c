/*
 * Apply: one transaction, first its conditions, then its changes.
 *
 * check looks and changes nothing that is stored; when it has said yes, apply can't fail. Both see the state as the
 * transactions before it in the same batch left it: stream versions in committer.streams, rows in committer.rows.
 * Conditions are about the state before this transaction, wherever in it they stand.
 *
 * Threads: whoever holds the committing role.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "internal.h"

/* -- conditions -- */

static bool
refuse(acta_transaction *transaction, acti_refusal refusal, acta_status status, const acti_operation *by)
{
    transaction->refusal = refusal;
    transaction->result_status = status;
    transaction->refused_by = by;
    return false;
}

/* A stream as the committer knows it; asks the engine when it doesn't. */
static acta_status
find_stream(acta_store *store, acta_str name, acti_stream **stream_out, acta_error *error)
{
    acti_streams *streams = &store->committer.streams;
    uint64_t id, version = 0;
    acti_change deletion = { .kind = ACTI_CHANGE_NONE };

    *stream_out = acti_streams_find(streams, name);
    if (*stream_out != NULL) return ACTA_OK;

    acta_status status = acti_stream_id(store, name, &id, error);
    if (status == ACTA_OK && id != 0) status = acti_stream_version(store, id, UINT64_MAX, &version, error);
    if (status == ACTA_OK && id != 0) status = acti_change_read(store, 'm', id, &deletion, error);
    if (status != ACTA_OK) return status;
    *stream_out = acti_streams_add(streams, name);
    if (*stream_out == NULL)
        return acta_error_set(
            error, ACTA_NO_MEMORY, "cannot append to '" ACTA_FMT "': there is no memory", ACTA_ARG(name));
    (*stream_out)->id = id;
    (*stream_out)->version = version;
    (*stream_out)->deleted = deletion.kind == ACTI_CHANGE_SOFT_DELETED;
    return ACTA_OK;
}

static bool
version_fits(uint64_t version, uint64_t expected)
{
    if (expected == ACTA_ANY_VERSION || ACTA_PLANT("version_unchecked")) return true;
    if (expected == ACTA_STREAM_EXISTS) return version > 0;
    return version == expected; /* ACTA_NO_STREAM is version 0 */
}

enum { EXPECTED_TEXT_SIZE = 32 };

static const char *
expected_text(uint64_t expected, const char *none, const char *any, char *room)
{
    if (expected == ACTA_NO_STREAM) return none;
    if (expected == ACTA_STREAM_EXISTS) return any;
    snprintf(room, EXPECTED_TEXT_SIZE, "version %" PRIu64, expected);
    return room;
}

static acta_str
record_type(const acti_record *record)
{
    const uint8_t *bytes = record->bytes;
    size_t names_at = ACTI_RECORD_HEADER + acti_record_body_size(bytes);
    size_t stream_size = acti_get_le16(bytes + ACTI_RECORD_AT_STREAM_SIZE);
    return acta_str_from(bytes + names_at + stream_size, acti_get_le16(bytes + ACTI_RECORD_AT_TYPE_SIZE));
}

/* Give each record its type; one that is new gets its id only when the record is put into the batch. */
static acta_status
resolve_types(acta_store *store, acta_transaction *transaction, const acti_operation *append, acta_error *error)
{
    for (uint32_t i = 0; i < append->record_count; i++) {
        acti_record *record = &transaction->records[append->first_record + i];
        acta_str name = record_type(record);
        acti_type *type = acti_types_find(&store->types, name);
        if (type == NULL) {
            acta_status status = acti_types_add(&store->types, name, &type, error);
            if (status != ACTA_OK) return status;
        }
        record->type = type;
    }
    return ACTA_OK;
}

static acta_status
is_deleted(acta_str stream, acta_error *error)
{
    return acta_error_set(
        error, ACTA_DELETED, "stream '" ACTA_FMT "' is deleted; restore it, or delete it for good", ACTA_ARG(stream));
}

static bool
check_version(acta_transaction *transaction, const acti_operation *operation)
{
    if (version_fits(operation->entry->version, operation->expected_version)) return true;
    transaction->actual_version = operation->entry->version;
    return refuse(transaction, ACTI_REFUSED_VERSION, ACTA_CONFLICT, operation);
}

static bool
check_append(acta_store *store, acta_transaction *transaction, acti_operation *append)
{
    acta_status status = find_stream(store, append->stream, &append->entry, &transaction->error);

    if (status == ACTA_OK) status = resolve_types(store, transaction, append, &transaction->error);
    if (status == ACTA_OK && append->entry->deleted) status = is_deleted(append->stream, &transaction->error);
    if (status != ACTA_OK) return refuse(transaction, ACTI_REFUSED_ERROR, status, append);
    return check_version(transaction, append);
}

/* May the stream be changed so, as it is? */
static acta_status
change_fits(const acti_operation *operation, acti_change_kind kind, acta_error *error)
{
    const acti_stream *stream = operation->entry;

    if (stream->version == 0)
        return acta_error_set(error, ACTA_NOT_FOUND, "there is no stream '" ACTA_FMT "'", ACTA_ARG(operation->stream));
    if (kind == ACTI_CHANGE_RESTORED && !stream->deleted)
        return acta_error_set(error, ACTA_CONFLICT, "stream '" ACTA_FMT "' is not deleted: there is nothing to restore",
            ACTA_ARG(operation->stream));
    if (stream->deleted && kind != ACTI_CHANGE_RESTORED && kind != ACTI_CHANGE_HARD_DELETED)
        return is_deleted(operation->stream, error);
    return ACTA_OK;
}

static bool
check_metadata_version(acta_store *store, acta_transaction *transaction, const acti_operation *operation)
{
    acta_error *error = &transaction->error;
    acta_status status = acti_stream_metadata_version(store, operation->entry, error);
    uint64_t version = operation->entry->metadata_version, expected = operation->expected_version;

    if (status == ACTA_OK && version_fits(version, expected)) return true;
    if (status == ACTA_OK) {
        char room[EXPECTED_TEXT_SIZE];
        status = acta_error_set(error, ACTA_CONFLICT,
            "the metadata of stream '" ACTA_FMT "' are at version %" PRIu64 ", %s was expected",
            ACTA_ARG(operation->stream), version, expected_text(expected, "none", "some", room));
        error->actual_version = version;
    }
    return refuse(transaction, ACTI_REFUSED_ERROR, status, operation);
}

static acti_change
change_of(const acta_transaction *transaction, const acti_operation *operation)
{
    acti_change change = { .kind = ACTI_CHANGE_NONE };
    const uint8_t *payload = transaction->records[operation->first_record].bytes + ACTI_RECORD_HEADER;

    acti_change_decode(acta_bytes_from(payload, ACTI_CHANGE_SIZE), &change);
    return change;
}

static bool
check_change(acta_store *store, acta_transaction *transaction, acti_operation *operation)
{
    acta_error *error = &transaction->error;
    acta_str changes = acta_str_of(ACTI_STREAM_OF_CHANGES);
    acta_status status = find_stream(store, operation->stream, &operation->entry, error);

    if (status == ACTA_OK) status = find_stream(store, changes, &operation->changes_entry, error);
    if (status == ACTA_OK) status = resolve_types(store, transaction, operation, error);
    acti_change_kind kind = change_of(transaction, operation).kind;
    if (status == ACTA_OK) status = change_fits(operation, kind, error);
    if (status != ACTA_OK) return refuse(transaction, ACTI_REFUSED_ERROR, status, operation);
    if (kind == ACTI_CHANGE_METADATA) return check_metadata_version(store, transaction, operation);
    return check_version(transaction, operation);
}

static acta_status
row_is_present(acta_store *store, acta_bytes key, bool *present_out, acta_error *error)
{
    const acti_pending_row *pending = acti_pending_rows_find(&store->committer.rows, key);
    acti_value value;

    if (pending != NULL) {
        *present_out = pending->present;
        return ACTA_OK;
    }
    acta_status status = acti_engine_get_rare(store->engine, ACTI_TABLES, key, &value, error);
    *present_out = status == ACTA_OK;
    if (status == ACTA_OK) store->engine->ops->release(store->engine, &value);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static bool
check_row(acta_store *store, acta_transaction *transaction, const acti_operation *operation)
{
    bool present;
    acta_status status = row_is_present(store, operation->key, &present, &transaction->error);

    if (status != ACTA_OK) return refuse(transaction, ACTI_REFUSED_ERROR, status, operation);
    if (operation->kind == ACTI_OUTCOME)
        return !present || refuse(transaction, ACTI_REFUSED_OUTCOME, ACTA_ALREADY_EXISTS, operation);
    if (operation->kind == ACTI_EXPECT_PRESENT)
        return present || refuse(transaction, ACTI_REFUSED_ROW_MISSING, ACTA_CONFLICT, operation);
    return !present || refuse(transaction, ACTI_REFUSED_ROW_PRESENT, ACTA_CONFLICT, operation);
}

static bool
check_tags(acta_store *store, acta_transaction *transaction, const acti_operation *operation)
{
    uint64_t position, after = operation->expected_version;
    acta_status status = acti_tags_find(store, operation->value, after, &position, &transaction->error);

    if (status == ACTA_OK && position == 0) return true;
    if (status == ACTA_OK)
        status = acta_error_set(&transaction->error, ACTA_CONFLICT,
            "the event at position %" PRIu64 " has the tags of which none was expected behind position %" PRIu64
            "; read them again and decide again",
            position, after);
    return refuse(transaction, ACTI_REFUSED_ERROR, status, operation);
}

static bool
check_claim(acta_store *store, acta_transaction *transaction, const acti_operation *operation)
{
    const char *scope = (const char *)operation->key.data + sizeof ACTI_TABLE_CLAIMS;
    bool present;
    acti_value owner;
    acta_status status = row_is_present(store, operation->key, &present, &transaction->error);

    if (status == ACTA_OK && !present) return true;
    if (status != ACTA_OK) return refuse(transaction, ACTI_REFUSED_ERROR, status, operation);
    status = store->engine->ops->get(store->engine, ACTI_TABLES, operation->key, &owner, &transaction->error);
    if (status == ACTA_OK) {
        acta_error_set(&transaction->error, ACTA_ALREADY_EXISTS, "this value of '%s' is taken by '%.*s'", scope,
            owner.bytes.size > 128 ? 128 : (int)owner.bytes.size, (const char *)owner.bytes.data);
        store->engine->ops->release(store->engine, &owner);
    } else /* claimed in this very batch */
        acta_error_set(&transaction->error, ACTA_ALREADY_EXISTS, "this value of '%s' was taken a moment ago", scope);
    return refuse(transaction, ACTI_REFUSED_ERROR, ACTA_ALREADY_EXISTS, operation);
}

static bool
check_operations(acta_store *store, acta_transaction *transaction)
{
    for (uint32_t i = 0; i < transaction->operation_count; i++) {
        acti_operation *operation = &transaction->operations[i];
        switch (operation->kind) {
        case ACTI_APPEND:
            if (!check_append(store, transaction, operation)) return false;
            break;
        case ACTI_EXPECT_PRESENT:
        case ACTI_EXPECT_ABSENT:
        case ACTI_OUTCOME:
            if (!check_row(store, transaction, operation)) return false;
            break;
        case ACTI_CHANGE:
            if (!check_change(store, transaction, operation)) return false;
            break;
        case ACTI_EXPECT_NO_TAGGED:
            if (!check_tags(store, transaction, operation)) return false;
            break;
        case ACTI_CLAIM:
            if (!check_claim(store, transaction, operation)) return false;
            break;
        case ACTI_PUT:
        case ACTI_DELETE:
        case ACTI_RAW:
            break;
        }
    }
    return true;
}

/* A session goes on only behind its own last success: after a failure, or a gap, all later ones are refused. */
static bool
check_session(acta_store *store, acta_transaction *transaction)
{
    if (transaction->session == 0 || ACTA_PLANT("session_goes_on")) return true;
    uint64_t last = acti_sessions_last(&store->committer.sessions, transaction->session);
    return transaction->sequence == last + 1 || refuse(transaction, ACTI_REFUSED_SESSION, ACTA_CONFLICT, NULL);
}

/* Bytes of the largest of its records, names included. */
static size_t
largest_record(const acta_transaction *transaction)
{
    size_t largest = 0;

    for (uint32_t i = 0; i < transaction->record_count; i++) {
        size_t size = acti_record_body_size(transaction->records[i].bytes);
        if (size > largest) largest = size;
    }
    return largest + ACTA_STREAM_NAME_MAX + ACTA_TYPE_NAME_MAX;
}

static bool
make_room(acta_store *store, acta_transaction *transaction)
{
    acti_committer *committer = &store->committer;
    bool room = acti_pending_rows_reserve(&committer->rows, transaction->operation_count);

    if (room) room = acti_tags_make_room(store, transaction->tagged_count);
    if (room)
        room = acti_runs_reserve(&committer->runs, &store->environment.allocator, transaction->record_count) &&
               acti_index_tail_reserve(&store->index, committer->runs.count + transaction->record_count) &&
               acti_page_writer_reserve(&committer->page, largest_record(transaction));
    if (room && transaction->session != 0)
        room = acti_sessions_set(&committer->sessions, transaction->session, transaction->sequence);
    if (room) return true;
    acta_error_set(&transaction->error, ACTA_NO_MEMORY, "cannot commit a transaction: there is no memory");
    return refuse(transaction, ACTI_REFUSED_ERROR, ACTA_NO_MEMORY, NULL);
}

bool
acti_transaction_check(acta_store *store, acta_transaction *transaction)
{
    if (check_session(store, transaction) && check_operations(store, transaction) && make_room(store, transaction))
        return true;
    if (transaction->session != 0) acti_sessions_forget(&store->committer.sessions, transaction->session);
    return false;
}

void
acti_transaction_explain(acta_store *store, const acta_transaction *transaction, acta_error *error)
{
    const acti_operation *by = transaction->refused_by;

    switch (transaction->refusal) {
    case ACTI_REFUSED_VERSION: {
        char room[EXPECTED_TEXT_SIZE];
        const char *expected = expected_text(by->expected_version, "no stream", "a stream", room);
        acta_error_set(error, ACTA_CONFLICT, "stream '" ACTA_FMT "' is at version %" PRIu64 ", %s was expected",
            ACTA_ARG(by->stream), transaction->actual_version, expected);
        error->actual_version = transaction->actual_version;
        return;
    }
    case ACTI_REFUSED_SESSION:
        acta_error_set(error, ACTA_CONFLICT,
            "an earlier append of writer session %" PRIu64 " did not succeed, so its append %" PRIu64
            " is refused; read the stream again and open a new session",
            transaction->session, transaction->sequence);
        return;
    case ACTI_REFUSED_ROW_MISSING:
    case ACTI_REFUSED_ROW_PRESENT:
        acta_error_set(error, ACTA_CONFLICT, "a row of table '%s' is %s, and was expected to be %s",
            (const char *)by->key.data, transaction->refusal == ACTI_REFUSED_ROW_MISSING ? "absent" : "present",
            transaction->refusal == ACTI_REFUSED_ROW_MISSING ? "present" : "absent");
        return;
    case ACTI_REFUSED_OUTCOME: {
        char id[ACTA_ID_TEXT_SIZE];
        acta_error_set(error, ACTA_ALREADY_EXISTS, "command %s has an outcome already; acta_store_outcome tells it",
            acta_id_format(transaction->command_id, id));
        return;
    }
    case ACTI_REFUSED_ERROR:
        *error = transaction->error;
        return;
    case ACTI_REFUSED_STORE:
    case ACTI_REFUSED_NOT:
        acta_store_health(store, error); /* fills in why */
        error->status = transaction->result_status;
        return;
    }
}

/* -- changes -- */

static void
put(acta_store *store, acti_family family, acta_bytes key, acta_bytes value)
{
    store->engine->ops->batch_put(store->committer.batch, family, key, value);
}

/* name -> id and id -> name. */
static void
put_names(acta_store *store, acti_family family, acta_str name, uint64_t id)
{
    uint8_t room[ACTI_NAME_KEY_MAX], value[ACTI_ID_VALUE_SIZE];
    acti_key id_key = acti_id_key(id);

    acti_put_be64(value, id);
    put(store, family, acti_name_key(room, name), acta_bytes_from(value, sizeof value));
    put(store, family, acti_key_view(&id_key), acta_str_bytes(name));
}

static void
apply_record(acta_store *store, acta_transaction *transaction, acti_stream *stream, acti_record *record)
{
    acti_committer *committer = &store->committer;
    acti_type *type = record->type;
    bool is_new_type = type->id == 0;
    if (is_new_type) acti_types_assign(&store->types, type);
    acti_place place = {
        .position = ++committer->position,
        .stream_id = stream->id,
        .version = ++stream->version,
        .type_id = type->id,
        .recorded_at_us = transaction->recorded_at_us,
        .command_id = transaction->command_id,
        .names = stream->version == 1 || is_new_type,
    };
    acti_record_seal(record->bytes, &place);
    if (!acti_page_writer_fits(&committer->page, record->bytes)) acti_batch_put_page(store);
    acti_page_writer_add(&committer->page, record->bytes);
    acti_runs_note(&committer->runs, place.stream_id, place.version, committer->page.first, place.position);
    acti_tags_put(store, acti_record_tags(record->bytes), place.position);
    if (is_new_type) put_names(store, ACTI_TYPES, acta_str_from(type->name, type->name_size), type->id);
}

static void
apply_append(acta_store *store, acta_transaction *transaction, const acti_operation *append)
{
    acti_committer *committer = &store->committer;
    acti_stream *stream = append->entry;

    if (append->record_count == 0) return;
    if (stream->id == 0) stream->id = committer->next_stream_id++;
    if (stream->version == 0) put_names(store, ACTI_STREAMS, append->stream, stream->id);
    if (transaction->first_position == 0) transaction->first_position = committer->position + 1;
    for (uint32_t i = 0; i < append->record_count; i++)
        apply_record(store, transaction, stream, &transaction->records[append->first_record + i]);
    transaction->last_position = committer->position;
    transaction->version = stream->version;
    committer->batch_events += append->record_count;
}

/* The stream's entry is as if it had never been met: the name may come to stand for another one. */
static void
forget_stream(acta_store *store, const acti_operation *operation)
{
    acti_committer *committer = &store->committer;
    uint8_t room[ACTI_NAME_KEY_MAX];

    store->engine->ops->batch_delete(committer->batch, ACTI_STREAMS, acti_name_key(room, operation->stream));
    store->engine->ops->batch_delete(committer->batch, ACTI_TABLES, operation->key);
    acti_pending_rows_set(&committer->rows, operation->key, false);
    operation->entry->id = operation->entry->version = 0;
    operation->entry->deleted = false;
    operation->entry->metadata_version = 0;
    operation->entry->metadata_known = true;
}

/* Record the change where changes are recorded; only now it is known which stream the name stands for. */
static void
apply_change(acta_store *store, acta_transaction *transaction, const acti_operation *operation)
{
    acti_committer *committer = &store->committer;
    acti_stream *changes = operation->changes_entry;
    acti_record *record = &transaction->records[operation->first_record];
    acti_change change = change_of(transaction, operation);

    change.stream_id = operation->entry->id;
    change.version = operation->entry->version;
    if (change.kind == ACTI_CHANGE_METADATA && change.stream_id != 0)
        change.metadata_version = ++operation->entry->metadata_version;
    acti_change_encode(&change, record->bytes + ACTI_RECORD_HEADER);
    acti_record_digest(record->bytes);
    acta_bytes payload =
        acta_bytes_from(record->bytes + ACTI_RECORD_HEADER, acti_get_le32(record->bytes + ACTI_RECORD_AT_PAYLOAD_SIZE));
    if (changes->id == 0) changes->id = committer->next_stream_id++;
    if (changes->version == 0) put_names(store, ACTI_STREAMS, acta_str_of(ACTI_STREAM_OF_CHANGES), changes->id);
    if (transaction->first_position == 0) transaction->first_position = committer->position + 1;
    apply_record(store, transaction, changes, record);
    transaction->last_position = committer->position;
    committer->batch_events++;

    if (change.stream_id == 0) return; /* deleted for good by this very transaction */
    acti_change_put_rows(store, &change);
    if (change.kind == ACTI_CHANGE_METADATA) acti_stream_metadata_put(store, &change, payload);
    if (change.kind == ACTI_CHANGE_SOFT_DELETED) operation->entry->deleted = true;
    if (change.kind == ACTI_CHANGE_RESTORED) operation->entry->deleted = false;
    if (change.kind == ACTI_CHANGE_HARD_DELETED) forget_stream(store, operation);
}

static void
apply_raw(acta_store *store, const acti_operation *operation)
{
    if (operation->value.data != NULL)
        put(store, (acti_family)operation->family, operation->key, operation->value);
    else
        store->engine->ops->batch_delete(store->committer.batch, (acti_family)operation->family, operation->key);
}

static void
apply_row(acta_store *store, const acta_transaction *transaction, const acti_operation *operation)
{
    acti_committer *committer = &store->committer;

    if (operation->kind == ACTI_DELETE) {
        store->engine->ops->batch_delete(committer->batch, ACTI_TABLES, operation->key);
        acti_pending_rows_set(&committer->rows, operation->key, false);
        return;
    }
    if (operation->kind == ACTI_OUTCOME)
        acti_outcome_seal((uint8_t *)(uintptr_t)operation->value.data, operation->value.size, transaction->version,
            transaction->last_position, transaction->recorded_at_us);
    put(store, ACTI_TABLES, operation->key, operation->value);
    acti_pending_rows_set(&committer->rows, operation->key, true);
}

void
acti_transaction_apply(acta_store *store, acta_transaction *transaction)
{
    transaction->recorded_at_us = store->committer.recorded_at_us;
    for (uint32_t i = 0; i < transaction->operation_count; i++) {
        if (transaction->operations[i].kind == ACTI_APPEND)
            apply_append(store, transaction, &transaction->operations[i]);
        if (transaction->operations[i].kind == ACTI_CHANGE)
            apply_change(store, transaction, &transaction->operations[i]);
    }
    /* Rows behind the events: an outcome says where these came to lie. */
    for (uint32_t i = 0; i < transaction->operation_count; i++) {
        const acti_operation *operation = &transaction->operations[i];
        if (operation->kind == ACTI_PUT || operation->kind == ACTI_DELETE || operation->kind == ACTI_OUTCOME ||
            operation->kind == ACTI_CLAIM)
            apply_row(store, transaction, operation);
        if (operation->kind == ACTI_RAW) apply_raw(store, operation);
    }
}
