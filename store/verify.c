/*
 * Verify: everything that a store holds, by the store's own reading functions, beside whoever works with it.
 *
 *     log        each record: sums, chain, place, times; its entry in the index; its tags' rows; names where they begin
 *     streams    each name leads to its id, but of those that are deleted for good
 *     copies     by stream: each as the log has it, and none of a removed event (verify_copies.c)
 *     rows       outcomes, snapshots, checkpoints, tags: sound, and about nothing that the log doesn't have (verify_rows.c)
 *     schemas    those that the log has kept (verify_schemas.c)
 *
 * The log is checked up to the head as it was at the beginning. Rows are compared with what is there when they are looked at:
 * the store moves on meanwhile, and rows move with it.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "log_reader.h"
#include "verify.h"

enum { UNREADABLE_MAX = 10000 }; /* in a row; then what is left of the log isn't tried */

void
acti_verify_damaged(acti_verifying *v, uint64_t position, const char *format, ...)
{
    char text[ACTA_ERROR_TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (v->report.damage_count++ == 0) acta_error_set(&v->first, ACTA_CORRUPT, "%s", text);
    if (v->found != NULL) v->found(v->user, position, text);
}

acta_status
acti_verify_note(acti_verifying *v, uint64_t position, acta_status status, const acta_error *said, acta_error *error)
{
    if (status == ACTA_CORRUPT || status == ACTA_UNSUPPORTED) {
        acti_verify_damaged(v, position, "%s", said->text);
        return ACTA_OK;
    }
    if (status != ACTA_OK && error != NULL) *error = *said;
    return status;
}

/* -- the log -- */

static void
check_place(acti_verifying *v, const acta_recorded *event)
{
    uint64_t last = acti_sessions_last(&v->versions, event->stream_id);

    if (event->version != last + 1)
        acti_verify_damaged(v, event->position,
            "position %" PRIu64 " is version %" PRIu64 " of stream id %" PRIu64 ", which was at %" PRIu64,
            event->position, event->version, event->stream_id, last);
    if (event->version == 1 && event->stream.data == NULL)
        acti_verify_damaged(v, event->position, "position %" PRIu64 " is the first of its stream, and doesn't name it",
            event->position);
    if (event->recorded_at_us < v->recorded_at_us)
        acti_verify_damaged(
            v, event->position, "position %" PRIu64 " was recorded before the one ahead of it", event->position);
    v->recorded_at_us = event->recorded_at_us;
}

static void
check_content(acti_verifying *v, const acti_record_view *view)
{
    const acta_recorded *event = &view->event;

    if (view->type_id == 0 || view->type_id >= acti_types_count(&v->store->types))
        acti_verify_damaged(v, event->position, "position %" PRIu64 ": nothing says what type id %" PRIu32 " is",
            event->position, view->type_id);
    if (event->kind == ACTA_RECORD_STUB) v->report.stubs++;
}

static acta_status
check_index(acti_verifying *v, const acta_recorded *event, acta_error *error)
{
    uint64_t position = 0;
    int64_t us;
    acta_error said;
    acta_status status = acti_stream_event(v->store, event->stream_id, event->version, &position, &us, &said);

    if (status == ACTA_OK && position != event->position)
        acti_verify_damaged(v, event->position,
            "position %" PRIu64 ": the index has version %" PRIu64 " of stream id %" PRIu64 " at position %" PRIu64,
            event->position, event->version, event->stream_id, position);
    if (status == ACTA_CORRUPT)
        acti_verify_damaged(v, event->position, "position %" PRIu64 ", by the index: %s", event->position, said.text);
    return status == ACTA_CORRUPT ? ACTA_OK : acti_verify_note(v, event->position, status, &said, error);
}

/* Has an event become a stub since it was read? */
static bool
is_stub_by_now(const acti_verifying *v, uint64_t position)
{
    acti_log_reader reader;
    acti_record_view view;
    acta_error ignored;
    bool is_stub = acti_log_read(v->store->engine, position, &reader, &view, &ignored) == ACTA_OK &&
                   view.event.kind == ACTA_RECORD_STUB;

    acti_log_reader_close(&reader);
    return is_stub;
}

static acta_status
check_tags(acti_verifying *v, const acta_recorded *event, acta_error *error)
{
    const acti_engine_ops *ops = v->store->engine->ops;
    uint8_t room[ACTI_TAG_KEY_MAX];
    acta_bytes tags = event->tags;
    acta_status status = ACTA_OK;
    acta_error said;
    acti_value value;
    acta_str tag;

    while (status == ACTA_OK && acti_tag_next(&tags, &tag)) {
        v->report.tags++;
        status = ops->get(v->store->engine, ACTI_TABLES, acti_tag_key(room, tag, event->position), &value, &said);
        if (status == ACTA_OK) {
            ops->release(v->store->engine, &value);
        } else if (status == ACTA_NOT_FOUND) {
            if (!is_stub_by_now(v, event->position))
                acti_verify_damaged(v, event->position, "position %" PRIu64 ": its tag '" ACTA_FMT "' has no row",
                    event->position, ACTA_ARG(tag));
            status = ACTA_OK;
        } else {
            status = acti_verify_note(v, event->position, status, &said, error);
        }
    }
    return status;
}

static acta_status
check_record(acti_verifying *v, const acti_record_view *view, acta_error *error)
{
    acta_status status;

    v->report.events++;
    v->unreadable = 0;
    check_place(v, &view->event);
    check_content(v, view);
    if (!acti_sessions_set(&v->versions, view->event.stream_id, view->event.version) ||
        !acti_seen_types_add(&v->schemas.seen, view))
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot verify '%s': there is no memory", v->store->path);
    status = check_index(v, &view->event, error);
    return status == ACTA_OK ? check_tags(v, &view->event, error) : status;
}

/* From `first` to the first record that can't be read, or the end. */
static acta_status
check_some(acti_verifying *v, uint64_t *first, acta_error *error)
{
    acti_log_reader reader;
    acti_record_view view;
    acta_error said;
    acta_status status =
        acti_log_reader_open(&reader, v->store->engine, *first, v->report.position, false, true, error);

    if (status != ACTA_OK) return status;
    while (status == ACTA_OK && *first <= v->report.position) {
        status = acti_log_reader_next(&reader, &view, &said);
        if (status != ACTA_OK) { /* one further on */
            v->unreadable++;
            status = acti_verify_note(v, *first, status, &said, error);
            ++*first;
            break;
        }
        status = check_record(v, &view, error);
        if (status == ACTA_OK && *first == acti_page_last(&reader.page))
            status = acti_verify_note(v, *first, acti_page_chain_follow(&v->chain, &reader.page, &said), &said, error);
        ++*first;
    }
    acti_log_reader_close(&reader);
    return status;
}

static acta_status
check_log(acti_verifying *v, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (uint64_t first = 1; status == ACTA_OK && first <= v->report.position;) {
        status = check_some(v, &first, error);
        if (v->unreadable < UNREADABLE_MAX) continue;
        acti_verify_damaged(
            v, first, "the log can't be read from position %" PRIu64 " on, nor what is behind it", first);
        break;
    }
    return status;
}

/* -- streams -- */

/* Was a stream deleted for good, as the log tells it? */
static acta_status
is_gone(acti_verifying *v, uint64_t stream_id, bool *gone_out, acta_error *error)
{
    acta_recorded event;
    acta_cursor *cursor;
    acti_change change;
    acta_status status =
        acta_cursor_open(v->store, &(acta_read){ .stream = acta_str_of(ACTI_STREAM_OF_CHANGES) }, &cursor, error);

    *gone_out = false;
    if (status != ACTA_OK) return status == ACTA_NOT_FOUND ? ACTA_OK : status;
    while (!*gone_out && (status = acta_cursor_next(cursor, &event, error)) == ACTA_OK)
        *gone_out = acti_change_decode(event.payload, &change) && change.kind == ACTI_CHANGE_HARD_DELETED &&
                    change.stream_id == stream_id;
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND || status == ACTA_CORRUPT ? ACTA_OK : status;
}

/* A stream that the log has: its version, and its name, which leads back to it. */
static acta_status
check_stream(acti_verifying *v, uint64_t id, acta_str name, acta_error *error)
{
    uint64_t in_log = acti_sessions_last(&v->versions, id), in_index = 0, leads_to = 0;
    acta_error said;
    bool gone;

    if (in_log == 0) return ACTA_OK; /* younger than the head that we began with */
    v->report.streams++;
    acta_status status = acti_stream_version(v->store, id, v->report.position, &in_index, &said);
    if (status == ACTA_OK && in_index != in_log)
        acti_verify_damaged(v, 0,
            "stream '" ACTA_FMT "' is at version %" PRIu64 " by the index, and at %" PRIu64 " by the log",
            ACTA_ARG(name), in_index, in_log);
    if (status == ACTA_OK) status = acti_stream_id(v->store, name, &leads_to, &said);
    if (status != ACTA_OK) return acti_verify_note(v, 0, status, &said, error);
    if (leads_to == id) return ACTA_OK;
    status = is_gone(v, id, &gone, error);
    if (status == ACTA_OK && !gone)
        acti_verify_damaged(v, 0, "the name '" ACTA_FMT "' of stream id %" PRIu64 " leads to %s", ACTA_ARG(name), id,
            leads_to == 0 ? "nothing" : "another one");
    return status;
}

/* Over a range of keys; `act` gets each. Damage of a file goes into the report. */
typedef acta_status (*entry_fn)(acti_verifying *v, acta_bytes key, acta_bytes value, acta_error *error);

static acta_status
each_entry(acti_verifying *v, acti_family family, const char *from, const char *to, entry_fn act, acta_error *error)
{
    const acti_engine_ops *ops = v->store->engine->ops;
    acti_range range = {
        .from = acta_str_bytes(acta_str_of(from)), .to = acta_str_bytes(acta_str_of(to)), .scan = true
    };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    acta_error said;
    acta_status status = ops->iterator_open(v->store->engine, family, &range, &iterator, error);

    if (status != ACTA_OK) return status;
    while ((status = ops->iterator_next(iterator, &key, &value, &said)) == ACTA_OK) {
        status = act(v, key, value, &said);
        if (status != ACTA_OK) break;
    }
    ops->iterator_close(iterator);
    return status == ACTA_NOT_FOUND ? ACTA_OK : acti_verify_note(v, 0, status, &said, error);
}

static acta_status
check_stream_entry(acti_verifying *v, acta_bytes key, acta_bytes value, acta_error *error)
{
    if (key.size != 9 || value.size == 0 || value.size > ACTA_STREAM_NAME_MAX) {
        acti_verify_damaged(
            v, 0, "the name of a stream is damaged: key of %zu and value of %zu bytes", key.size, value.size);
        return ACTA_OK;
    }
    return check_stream(v, acti_get_be64(key.data + 1), acta_str_from((const char *)value.data, value.size), error);
}

/* -- the end -- */

static acta_status
check_schemas_end(acti_verifying *v, acta_error *error)
{
    acta_error said;
    acta_status status = acti_schema_check_end(&v->schemas, &said);

    v->report.schemas = v->schemas.schemas;
    v->report.schema_types = v->schemas.types;
    v->report.events_without_schema = v->schemas.events_without;
    return acti_verify_note(v, 0, status, &said, error);
}

static acta_status
check_wholeness(acti_verifying *v, acta_error *error)
{
    bool lacks_rows;
    acta_status status = acti_store_lacks_rows(v->store, &lacks_rows, error);

    if (status == ACTA_OK && lacks_rows)
        acti_verify_damaged(v, 0, "rows of an import have not all come; begin that import again");
    return status;
}

/* -- the run -- */

acta_status
acta_store_verify(
    acta_store *store, acta_damage_found found, void *user, acta_verify_report *report_out, acta_error *error)
{
    acti_verifying v = { .store = store, .found = found, .user = user, .recorded_at_us = INT64_MIN };

    v.first.text[0] = '\0';
    v.report.position = acti_store_head(store);
    acti_sessions_init(&v.versions, &store->environment.allocator, SIZE_MAX);
    acti_page_chain_init(&v.chain, &store->environment.allocator);
    v.schemas.store = store;
    acti_seen_types_init(&v.schemas.seen, &store->environment.allocator);
    if (store->damage.status != ACTA_OK) acti_verify_damaged(&v, v.report.position + 1, "%s", store->damage.text);
    acta_status status = check_log(&v, error);
    v.report.types = acti_types_count(&store->types) - 1;
    if (status == ACTA_OK) status = each_entry(&v, ACTI_STREAMS, "i", "j", check_stream_entry, error);
    if (status == ACTA_OK && store->format >= ACTI_BY_STREAM_FORMAT)
        status = each_entry(&v, ACTI_INDEX, "", "", acti_verify_copies, error);
    if (status == ACTA_OK) status = each_entry(&v, ACTI_TABLES, "", "", acti_verify_row, error);
    if (status == ACTA_OK) status = check_schemas_end(&v, error);
    if (status == ACTA_OK) status = check_wholeness(&v, error);
    if (status == ACTA_OK && v.versions.young.count + v.versions.old.count > v.report.streams)
        acti_verify_damaged(&v, 0, "%zu streams of the log have no name",
            v.versions.young.count + v.versions.old.count - (size_t)v.report.streams);
    acti_sessions_deinit(&v.versions);
    acti_page_chain_deinit(&v.chain);
    acti_seen_types_deinit(&v.schemas.seen);
    if (report_out != NULL) *report_out = v.report;
    if (status == ACTA_OK && v.report.damage_count > 0) {
        if (error != NULL) *error = v.first;
        status = ACTA_CORRUPT;
    }
    return status;
}
