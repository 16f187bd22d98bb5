/*
 * Links: making them, and whether what they point at can still be read. See link.h; read.c follows them.
 */
#include "link.h"

#include <inttypes.h>

#include "internal.h"
#include "log_reader.h"

enum { LINKS_AT_ONCE = 64 };

/* -- bytes -- */

static void
encode(const acti_link *link, uint8_t *bytes)
{
    acti_put_le64(bytes, link->position);
    acti_put_le64(bytes + 8, link->stream_id);
    acti_put_le64(bytes + 16, link->version);
}

bool
acti_link_decode(const acta_recorded *event, acti_link *link_out)
{
    if (event->kind != ACTA_RECORD_EVENT || event->payload.size != ACTI_LINK_SIZE) return false;
    if (!acta_str_equal(event->type, acta_str_of(ACTI_TYPE_OF_LINKS))) return false;
    *link_out = (acti_link){ .position = acti_get_le64(event->payload.data),
        .stream_id = acti_get_le64(event->payload.data + 8),
        .version = acti_get_le64(event->payload.data + 16) };
    return true;
}

/* -- originals -- */

static acta_status
gone(const acti_link *link, const char *why, acta_error *error)
{
    return acta_error_set(
        error, ACTA_NOT_FOUND, "the event at position %" PRIu64 " can't be read any more: %s", link->position, why);
}

acta_status
acti_link_check(acta_store *store, const acti_link *link, acta_error *error)
{
    acti_change deletion;
    uint64_t last = 0, first = 0;
    acta_status status = acti_change_read(store, 'm', link->stream_id, &deletion, error);

    if (status != ACTA_OK) return status;
    if (deletion.kind == ACTI_CHANGE_HARD_DELETED) return gone(link, "its stream was deleted for good", error);
    if (deletion.kind == ACTI_CHANGE_SOFT_DELETED)
        return acta_error_set(error, ACTA_DELETED,
            "the stream of the event at position %" PRIu64 " is deleted; restore it, or leave the event out",
            link->position);
    status = acti_stream_version(store, link->stream_id, acti_store_head(store), &last, error);
    if (status == ACTA_OK) status = acti_first_visible(store, link->stream_id, last, &first, error);
    if (status != ACTA_OK) return status;
    return link->version < first ? gone(link, "its stream's limits leave it out", error) : ACTA_OK;
}

/* What a link to `position` points at. */
static acta_status
find_original(acta_store *store, uint64_t position, acti_link *link_out, acta_error *error)
{
    uint64_t head = acti_store_head(store);
    acti_log_reader reader;
    acti_record_view view;

    if (position == 0 || position > head)
        return acta_error_set(error, ACTA_NOT_FOUND,
            "there is no event at position %" PRIu64 " to link to: the log ends at %" PRIu64, position, head);
    acta_status status = acti_log_read(store->engine, position, &reader, &view, error);
    if (status == ACTA_OK) {
        *link_out = (acti_link){ position, view.event.stream_id, view.event.version };
        if (view.event.kind == ACTA_RECORD_STUB)
            status = gone(link_out, "it was removed", error);
        else
            view.event.type = acti_types_name(&store->types, view.type_id);
    }
    bool is_link = status == ACTA_OK && acti_link_decode(&view.event, link_out);
    if (status == ACTA_OK && !is_link && view.event.type.size > 0 && view.event.type.data[0] == '$')
        status = acta_error_set(error, ACTA_INVALID,
            "the event at position %" PRIu64 " is the store's own ('" ACTA_FMT "'); only events of users are linked",
            position, ACTA_ARG(view.event.type));
    acti_log_reader_close(&reader);
    if (status == ACTA_OK && is_link) return find_original(store, link_out->position, link_out, error);
    return status == ACTA_OK ? acti_link_check(store, link_out, error) : status;
}

/* -- making them -- */

static acta_status
link_some(acta_transaction *transaction, acta_str stream, uint64_t expected_version, const uint64_t *positions,
    uint32_t count, acta_error *error)
{
    uint8_t payloads[LINKS_AT_ONCE][ACTI_LINK_SIZE];
    acta_event events[LINKS_AT_ONCE];

    for (uint32_t i = 0; i < count; i++) {
        acti_link link;
        acta_status status = find_original(transaction->store, positions[i], &link, error);
        if (status != ACTA_OK) return status;
        encode(&link, payloads[i]);
        events[i] = (acta_event){ .type = acta_str_of(ACTI_TYPE_OF_LINKS),
            .payload = acta_bytes_from(payloads[i], ACTI_LINK_SIZE) };
    }
    acti_transaction_append_own(transaction, stream, expected_version, events, count);
    return transaction->status;
}

void
acta_transaction_link(acta_transaction *transaction, acta_str stream, uint64_t expected_version,
    const uint64_t *positions, uint32_t count)
{
    acta_error error;
    uint32_t done = 0;

    if (transaction->status != ACTA_OK) return;
    if (count > ACTA_APPEND_COUNT_MAX) {
        acti_transaction_fail(transaction, ACTA_INVALID,
            "cannot link %" PRIu32 " events: a transaction holds at most %d", count, ACTA_APPEND_COUNT_MAX);
        return;
    }
    do { /* also when there are none: that checks the version */
        uint32_t some = count - done < LINKS_AT_ONCE ? count - done : LINKS_AT_ONCE;
        acta_status status = link_some(
            transaction, stream, done == 0 ? expected_version : ACTA_ANY_VERSION, positions + done, some, &error);
        if (transaction->status != ACTA_OK) return;
        if (status != ACTA_OK) {
            acti_transaction_fail(transaction, status, "%s", error.text);
            return;
        }
        done += some;
    } while (done < count);
}
