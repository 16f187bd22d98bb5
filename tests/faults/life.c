/*
 * The steps, the doing of them, and what must be there afterwards.
 */
#include "life_schemas.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STREAMS = 3, EVENTS_MAX = 4, KINDS = 9, PAYLOAD_MAX = 1 << 20, AT_ONCE = 3, BACKUP_EACH = 16 };

#define S(literal) acta_str_from(literal, sizeof(literal) - 1)

typedef enum step_kind {
    ONE_EVENT,
    TWO_STREAMS,
    SNAPSHOT,
    ANOTHER_EVENT,
    CHECKPOINT,
    OUTCOME,
    STREAM_TO_DELETE,
    DELETION,
    CLAIM
} step_kind;

void
life_fail(const life *l, const char *format, ...)
{
    va_list rest;

    va_start(rest, format);
    vsnprintf(l->page->text, sizeof l->page->text, format, rest);
    va_end(rest);
    _exit(1);
}

void
life_expect(const life *l, const char *what, acta_status status, const acta_error *error)
{
    if (status != ACTA_OK) life_fail(l, "%s: %s: %s", what, acta_status_name(status), error->text);
}

static void
log_nothing(void *user, acta_log_level level, acta_str line)
{
    (void)user;
    (void)level;
    (void)line;
}

const acta_environment life_quiet = { .log = { .write = log_nothing } };

/* -- what a step is -- */

static step_kind
kind_of(uint64_t step)
{
    return (step_kind)(step % KINDS);
}

typedef struct planned {
    char stream[32];
    uint64_t version;
} planned;

/* Steps from 1 to `step` that append to stream `number`, as its version. */
static uint64_t
version_after(uint64_t step, uint32_t number)
{
    uint64_t version = 0;

    for (uint64_t k = 1; k <= step; k++) {
        step_kind kind = kind_of(k);
        if (kind == ONE_EVENT || kind == ANOTHER_EVENT || kind == OUTCOME) version += k % STREAMS == number;
        if (kind == TWO_STREAMS) version += number < 2;
    }
    return version;
}

static uint32_t
add_planned(planned *events, uint32_t count, uint64_t step, uint32_t number)
{
    snprintf(events[count].stream, sizeof events[count].stream, "stream-%u", number);
    events[count].version = version_after(step, number);
    return count + 1;
}

/* The events of a step, in the order of their positions. */
static uint32_t
events_of(uint64_t step, planned *events)
{
    uint32_t count = 0;

    switch (kind_of(step)) {
    case ONE_EVENT:
    case ANOTHER_EVENT:
    case OUTCOME:
        return add_planned(events, 0, step, (uint32_t)(step % STREAMS));
    case TWO_STREAMS:
        count = add_planned(events, 0, step, 0);
        return add_planned(events, count, step, 1);
    case STREAM_TO_DELETE:
        for (; count < 2; count++) {
            snprintf(events[count].stream, sizeof events[count].stream, "gone-%" PRIu64, step);
            events[count].version = count + 1;
        }
        return count;
    default:
        return 0;
    }
}

static uint64_t
event_count_after(uint64_t step)
{
    planned events[EVENTS_MAX];
    uint64_t count = 0;

    for (uint64_t k = 1; k <= step; k++)
        count += events_of(k, events);
    return count;
}

/* Bytes that don't compress, told by step and index. */
static void
fill_payload(uint64_t step, uint32_t index, uint8_t *bytes, uint32_t size)
{
    uint64_t x = step * 64 + index + 1;

    for (uint32_t i = 0; i < size; i += 8) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(bytes + i, &x, size - i < 8 ? size - i : 8);
    }
}

static acta_bytes
number_bytes(uint64_t number, uint8_t *room)
{
    memcpy(room, &number, sizeof number);
    return acta_bytes_from(room, sizeof number);
}

static acta_id
outcome_id(uint64_t step)
{
    char text[32];
    snprintf(text, sizeof text, "step %" PRIu64, step);
    return acta_id_of(acta_str_of(text));
}

/* -- doing it -- */

static uint8_t payload_room[PAYLOAD_MAX];

static void
append_events(const life *l, acta_transaction *t, uint64_t step)
{
    static const acta_str tag = { .data = "even", .size = 4 };
    planned events[EVENTS_MAX];
    uint32_t count = events_of(step, events);

    for (uint32_t i = 0; i < count; i++) {
        fill_payload(step, i, payload_room, l->payload);
        acta_event event = { .type = step % 2 == 0 ? S("test.Even") : S("test.Odd"),
            .payload = acta_bytes_from(payload_room, l->payload),
            .schema_hash = life_schema_hash(step),
            .tags = &tag,
            .tag_count = step % 2 == 0 };
        uint64_t before = kind_of(step) == STREAM_TO_DELETE ? ACTA_NO_STREAM : events[i].version - 1;
        acta_transaction_append(t, acta_str_of(events[i].stream), before, &event, 1);
    }
}

static acta_transaction *
make_step(const life *l, acta_store *store, uint64_t step)
{
    acta_transaction *t = acta_transaction_create(store);
    uint8_t room[8];
    char name[32];
    acta_snapshot snapshot = { .version = version_after(step, 0), .schema_hash = 7 };
    acta_outcome outcome = { .status = ACTA_OK };

    if (t == NULL) life_fail(l, "no transaction");
    append_events(l, t, step);
    life_put_schema(l, t, step);
    switch (kind_of(step)) {
    case SNAPSHOT:
        snapshot.state = number_bytes(step, room);
        acta_transaction_snapshot(t, S("stream-0"), &snapshot);
        break;
    case CHECKPOINT:
        acta_transaction_checkpoint(t, "reader", event_count_after(step));
        break;
    case OUTCOME:
        acta_transaction_outcome(t, outcome_id(step), &outcome);
        break;
    case DELETION:
        snprintf(name, sizeof name, "gone-%" PRIu64, step - 1);
        if (step > 1) acta_transaction_delete_stream(t, acta_str_of(name), 2, ACTA_DELETE_HARD);
        break;
    case CLAIM:
        acta_transaction_claim(t, "mail", number_bytes(step, room), S("me"));
        break;
    default:
        break;
    }
    acta_transaction_put(t, "steps", acta_str_bytes(S("last")), number_bytes(step, room));
    snprintf(name, sizeof name, "step %" PRIu64, step);
    acta_transaction_put(t, "steps", acta_str_bytes(acta_str_of(name)), number_bytes(step, room));
    return t;
}

acta_status
life_open(const life *l, const char *name, bool read_only, acta_store **store_out, acta_error *error)
{
    static const char *const kept[] = { "gone", NULL }; /* whose copies go with them */
    char path[FAULT_PATH_SIZE * 2];
    acta_store_config config = { .path = path,
        .read_only = read_only,
        .keep_by_stream = kept,
        .memory_bytes = 4 << 20, /* write buffers of 1 MiB */
        .unsafe_no_sync = l->no_sync,
        .environment = &life_quiet };

    snprintf(path, sizeof path, "%s/%s", l->root, name);
    return acta_store_open(&config, store_out, error);
}

acta_status
life_commit(const life *l, acta_store *store, uint64_t step, acta_error *error)
{
    acta_transaction *t = make_step(l, store, step);

    l->note(LIFE_BEGUN, step);
    acta_status status = acta_store_commit(store, t, NULL, error);
    if (status == ACTA_OK) l->note(LIFE_DONE, step);
    return status;
}

typedef struct submitted {
    const life *l;
    uint64_t step;
} submitted;

static void
note_done(void *user, const acta_commit_result *result)
{
    const submitted *s = user;
    if (result->status != ACTA_OK) life_fail(s->l, "step %" PRIu64 ": %s", s->step, result->error.text);
    s->l->note(LIFE_DONE, s->step);
}

/* Some steps at once: they may share a sync, or not. */
static void
commit_together(const life *l, acta_store *store, uint64_t first)
{
    submitted others[AT_ONCE];
    acta_error error;

    for (uint64_t i = 0; i < AT_ONCE; i++) {
        acta_transaction *t = make_step(l, store, first + i);
        others[i] = (submitted){ l, first + i };
        l->note(LIFE_BEGUN, first + i);
        if (acta_store_submit(store, t, note_done, &others[i], &error) != ACTA_OK) life_fail(l, "%s", error.text);
    }
    if (life_commit(l, store, first + AT_ONCE, &error) != ACTA_OK) life_fail(l, "%s", error.text);
}

acta_status
life_backup(const life *l, acta_store *store, uint64_t step, acta_error *error)
{
    char path[FAULT_PATH_SIZE * 2];

    snprintf(path, sizeof path, "%s/backup-%" PRIu64, l->root, step);
    l->note(LIFE_BACKUP_BEGUN, step);
    acta_status status = acta_store_backup(store, path, NULL, error);
    if (status == ACTA_OK) l->note(LIFE_BACKUP_DONE, step);
    return status;
}

void
life_live(const life *l)
{
    acta_error error;
    acta_store *store;
    uint64_t step = 0, count;

    for (uint32_t time = 1; time <= 2; time++) {
        if (life_open(l, "data", false, &store, &error) != ACTA_OK) life_fail(l, "%s", error.text);
        while (step < (uint64_t)time * l->steps) {
            bool together = step % 8 == 4;
            if (together)
                commit_together(l, store, step + 1);
            else if (life_commit(l, store, step + 1, &error) != ACTA_OK)
                life_fail(l, "%s", error.text);
            step += together ? AT_ONCE + 1 : 1;
            if (!l->has_backups || step % BACKUP_EACH != 0) continue;
            if (life_backup(l, store, step, &error) != ACTA_OK) life_fail(l, "%s", error.text);
            if (acta_store_scrub(store, 0, &count, &error) != ACTA_OK) life_fail(l, "%s", error.text);
        }
        acta_store_close(store);
    }
}

/* -- what must be there -- */

static uint64_t
read_number(const life *l, acta_store *store, const char *key)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes value;
    acta_error error;
    uint64_t number = 0;
    acta_status status = acta_store_get(store, "steps", acta_str_bytes(acta_str_of(key)), memory, &value, &error);

    if (status == ACTA_OK && value.size == sizeof number) memcpy(&number, value.data, sizeof number);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) life_fail(l, "row '%s': %s", key, error.text);
    acta_memory_destroy(memory);
    return number;
}

static bool
is_scrubbed(const acta_recorded *event, uint64_t step, uint64_t last)
{
    return event->kind == ACTA_RECORD_STUB && kind_of(step) == STREAM_TO_DELETE && step + 1 <= last;
}

static void
check_event(const life *l, const acta_recorded *event, uint64_t step, uint32_t index, uint64_t last)
{
    planned events[EVENTS_MAX];

    events_of(step, events);
    if (is_scrubbed(event, step, last)) return;
    fill_payload(step, index, payload_room, l->payload);
    if (!acta_str_equal(event->stream, acta_str_of(events[index].stream)) || event->version != events[index].version ||
        event->payload.size != l->payload || memcmp(event->payload.data, payload_room, l->payload) != 0)
        life_fail(l, "position %" PRIu64 " is not event %u of step %" PRIu64 " ('%s' version %" PRIu64 ")",
            event->position, index, step, events[index].stream, events[index].version);
}

/* Position by position, with nothing in between but what the store itself says of its streams. */
static void
check_log(const life *l, acta_store *store, uint64_t last)
{
    acta_read all = { .count_max = 0 };
    acta_cursor *cursor;
    acta_recorded event;
    acta_error error;
    planned events[EVENTS_MAX];
    uint64_t position = 0, step = 1;
    uint32_t index = 0;
    acta_status status = acta_cursor_open(store, &all, &cursor, &error);

    if (status != ACTA_OK) life_fail(l, "reading the log: %s", error.text);
    while ((status = acta_cursor_next(cursor, &event, &error)) == ACTA_OK) {
        if (event.position != ++position) life_fail(l, "position %" PRIu64 " is missing", position);
        if (event.stream.size > 0 && event.stream.data[0] == '$') continue;
        while (step <= last && index == events_of(step, events)) {
            step++;
            index = 0;
        }
        if (step > last) life_fail(l, "position %" PRIu64 " is behind the last step %" PRIu64, position, last);
        check_event(l, &event, step, index, last);
        index++;
    }
    if (status != ACTA_NOT_FOUND) life_fail(l, "reading the log behind %" PRIu64 ": %s", position, error.text);
    acta_cursor_close(cursor);
    if (position != acta_store_head(store)) life_fail(l, "the log ends at %" PRIu64 ", not at its head", position);
    while (step <= last && index == events_of(step, events)) {
        step++;
        index = 0;
    }
    if (step <= last) life_fail(l, "the events of step %" PRIu64 " are not in the log", step);
}

static uint64_t
count_stream(const life *l, acta_store *store, const char *stream)
{
    acta_read read = { .stream = acta_str_of(stream) };
    acta_cursor *cursor;
    acta_recorded event;
    acta_error error;
    uint64_t count = 0;
    acta_status status = acta_cursor_open(store, &read, &cursor, &error);

    if (status == ACTA_NOT_FOUND) return 0;
    if (status != ACTA_OK) life_fail(l, "reading '%s': %s", stream, error.text);
    while ((status = acta_cursor_next(cursor, &event, &error)) == ACTA_OK)
        if (event.version != ++count) life_fail(l, "'%s' has no version %" PRIu64, stream, count);
    if (status != ACTA_NOT_FOUND) life_fail(l, "reading '%s' behind %" PRIu64 ": %s", stream, count, error.text);
    acta_cursor_close(cursor);
    return count;
}

static void
check_streams(const life *l, acta_store *store, uint64_t last)
{
    char name[32];
    acta_error error;
    uint64_t version;

    for (uint32_t i = 0; i < STREAMS; i++) {
        uint64_t expected = version_after(last, i);
        snprintf(name, sizeof name, "stream-%u", i);
        if (acta_store_version(store, acta_str_of(name), &version, &error) != ACTA_OK) life_fail(l, "%s", error.text);
        uint64_t count = count_stream(l, store, name);
        if (version != expected || count != expected)
            life_fail(l, "'%s' is at version %" PRIu64 " with %" PRIu64 " events, not %" PRIu64, name, version, count,
                expected);
    }
}

/* What came with a step beside events: there for each step up to the last, and for none behind it. */
static void
check_beside(const life *l, acta_store *store, uint64_t step, bool expected)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_error error;
    acta_str owner;
    acta_outcome outcome;
    uint8_t room[8];
    char name[32];
    bool there = expected;

    snprintf(name, sizeof name, "step %" PRIu64, step);
    if ((read_number(l, store, name) == step) != expected)
        life_fail(l, "the row of step %" PRIu64 " is %sthere", step, expected ? "not " : "");
    if (kind_of(step) == OUTCOME) there = acta_store_outcome(store, outcome_id(step), &outcome, &error) == ACTA_OK;
    if (kind_of(step) == CLAIM)
        there = acta_store_claimed_by(store, "mail", number_bytes(step, room), memory, &owner, &error) == ACTA_OK;
    if (kind_of(step) == STREAM_TO_DELETE) {
        snprintf(name, sizeof name, "gone-%" PRIu64, step);
        there = count_stream(l, store, name) == 2;
    }
    acta_memory_destroy(memory);
    if (there != expected) life_fail(l, "what step %" PRIu64 " put is %sthere", step, expected ? "not " : "");
}

static uint64_t
newest_of(step_kind kind, uint64_t last)
{
    while (last > 0 && kind_of(last) != kind)
        last--;
    return last;
}

static void
check_newest(const life *l, acta_store *store, uint64_t last)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_snapshot snapshot;
    acta_error error;
    uint64_t position, step = newest_of(CHECKPOINT, last), number = 0;

    if (acta_store_checkpoint(store, "reader", &position, &error) != ACTA_OK) life_fail(l, "%s", error.text);
    if (position != (step > 0 ? event_count_after(step) : 0))
        life_fail(l, "the checkpoint is %" PRIu64 ", that of step %" PRIu64 " was expected", position, step);
    step = newest_of(SNAPSHOT, last);
    if (acta_store_snapshot(store, S("stream-0"), memory, &snapshot, &error) == ACTA_OK)
        memcpy(&number, snapshot.state.data, sizeof number);
    acta_memory_destroy(memory);
    if (number != step)
        life_fail(l, "the snapshot is that of step %" PRIu64 ", %" PRIu64 " was expected", number, step);
}

uint64_t
life_check(const life *l, acta_store *store, uint64_t least, uint64_t most)
{
    uint64_t last = read_number(l, store, "last");

    if (last < least) life_fail(l, "LOST: step %" PRIu64 " was acknowledged, the store ends at %" PRIu64, least, last);
    if (last > most) life_fail(l, "INVENTED: step %" PRIu64 " is there, only %" PRIu64 " were begun", last, most);
    check_log(l, store, last);
    check_streams(l, store, last);
    check_newest(l, store, last);
    life_check_schemas(l, store, life_schema_at(last));
    for (uint64_t step = 1; step <= most + 1; step++) {
        bool deleted = kind_of(step) == STREAM_TO_DELETE && step + 1 <= last;
        if (!deleted) check_beside(l, store, step, step <= last);
    }
    return last;
}
