/*
 * The fold of the bank's log. See log_fold.h.
 *
 * Streams lie in a table by name (open addressing, never shrunk) and in an array in order of coming; places of events in an
 * array by position. An event costs a look-up or two. Used by one thread.
 */
#include "log_fold.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_BEGIN = 64, ROOM_BEGIN = 4, EVENTS_BEGIN = 256 };
static const uint64_t DIGEST_SEED = UINT64_C(0xcbf29ce484222325), DIGEST_PRIME = UINT64_C(0x100000001b3);

/* An event's place. */
typedef struct place {
    uint32_t stream;
    uint64_t version;
} place;

struct bank_fold {
    bank_stream **streams;
    uint32_t stream_count, stream_room;
    uint32_t *slots; /* 1 + index into streams; 0: free */
    uint32_t slot_count;
    place *places; /* [position - 1] */
    uint64_t position, place_room;
};

static uint64_t
digest(uint64_t sum, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (; size >= sizeof(uint64_t); at += sizeof(uint64_t), size -= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        sum = (sum ^ word) * DIGEST_PRIME;
        sum ^= sum >> 32; /* the high bytes count below, too */
    }
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ at[i]) * DIGEST_PRIME;
    return sum;
}

uint64_t
bank_digest_of(const acta_recorded *event)
{
    uint64_t sum = digest(DIGEST_SEED, event->stream.data, event->stream.size);

    sum = digest(sum, &event->version, sizeof event->version);
    sum = digest(sum, event->command_id.bytes, sizeof event->command_id.bytes);
    sum = digest(sum, event->type.data, event->type.size);
    return digest(sum, event->payload.data, event->payload.size);
}

/* -- streams -- */

static uint32_t
slot_of(const bank_fold *fold, acta_str name)
{
    uint32_t slot = (uint32_t)digest(DIGEST_SEED, name.data, name.size) & (fold->slot_count - 1);

    for (; fold->slots[slot] != 0; slot = (slot + 1) & (fold->slot_count - 1)) {
        const bank_stream *s = fold->streams[fold->slots[slot] - 1];
        if (acta_str_equal(acta_str_from(s->name, s->name_size), name)) break;
    }
    return slot;
}

static bool
grow_streams(bank_fold *fold)
{
    if (fold->stream_count < fold->stream_room) return true;
    uint32_t room = fold->stream_room * 2;
    bank_stream **streams = realloc(fold->streams, room * sizeof(bank_stream *));
    if (streams == NULL) return false;
    fold->streams = streams;
    uint32_t *slots = calloc((size_t)room * 2, sizeof *slots);
    if (slots == NULL) return false;
    free(fold->slots);
    fold->slots = slots;
    fold->slot_count = room * 2;
    fold->stream_room = room;
    for (uint32_t i = 0; i < fold->stream_count; i++)
        fold->slots[slot_of(fold, acta_str_from(streams[i]->name, streams[i]->name_size))] = i + 1;
    return true;
}

static void
stream_destroy(bank_stream *s)
{
    if (s == NULL) return;
    free(s->name);
    free(s->moments);
    free(s->owner);
    free(s->source_id);
    free(s->target_id);
    free(s->reason);
    free(s);
}

static char *
copy_of(acta_str text)
{
    char *copy = malloc(text.size + 1);
    if (copy == NULL) return NULL;
    if (text.size > 0) memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

static bank_stream *
stream_create(acta_str name)
{
    bank_stream *s = calloc(1, sizeof *s);
    if (s == NULL) return NULL;

    s->name = copy_of(name);
    s->moments = calloc(ROOM_BEGIN, sizeof *s->moments);
    s->room = ROOM_BEGIN;
    if (s->name == NULL || s->moments == NULL) {
        stream_destroy(s);
        return NULL;
    }
    const char *dash = memchr(s->name, '-', name.size);
    size_t prefix = dash != NULL ? (size_t)(dash - s->name) + 1 : 0;
    s->name_size = name.size;
    s->id = acta_str_from(s->name + prefix, name.size - prefix);
    s->is_account = prefix == sizeof "Account-" - 1 && memcmp(s->name, "Account-", prefix) == 0;
    return s;
}

/* The stream of this name, made when there is none; NULL: no memory. */
static bank_stream *
stream_of(bank_fold *fold, acta_str name)
{
    uint32_t slot = slot_of(fold, name);
    if (fold->slots[slot] != 0) return fold->streams[fold->slots[slot] - 1];
    if (!grow_streams(fold)) return NULL;
    bank_stream *s = stream_create(name);
    if (s == NULL) return NULL;
    fold->streams[fold->stream_count++] = s;
    fold->slots[slot_of(fold, name)] = fold->stream_count;
    return s;
}

static bank_stream *
transfer_of(bank_fold *fold, acta_str id)
{
    char name[ACTA_STREAM_NAME_MAX + 16] = "Transfer-";
    size_t prefix = sizeof "Transfer-" - 1;

    if (id.size == 0 || id.size > ACTA_STREAM_NAME_MAX) return NULL;
    memcpy(name + prefix, id.data, id.size);
    return stream_of(fold, acta_str_from(name, prefix + id.size));
}

/* -- events: what each makes of the moment before it -- */

typedef struct fold_step {
    bank_fold *fold;
    bank_stream *stream;
    bank_moment *moment;
    acta_bytes payload;
} fold_step;

static bool
fold_opened(const fold_step *step)
{
    bank_AccountOpened event;

    bank_AccountOpened_read(step->payload, &event);
    step->moment->open = true;
    step->moment->balance = event.initial_balance;
    free(step->stream->owner);
    step->stream->owner = copy_of(event.owner);
    return step->stream->owner != NULL;
}

static bool
is_source(const bank_stream *transfer, const bank_stream *account)
{
    return transfer->source_id != NULL && acta_str_equal(acta_str_of(transfer->source_id), account->id);
}

static bool
is_target(const bank_stream *transfer, const bank_stream *account)
{
    return transfer->target_id != NULL && acta_str_equal(acta_str_of(transfer->target_id), account->id);
}

static bool
fold_deposited(const fold_step *step)
{
    bank_MoneyDeposited event;

    bank_MoneyDeposited_read(step->payload, &event);
    step->moment->balance += event.amount;
    if (event.transfer_id.size == 0) return true;
    bank_stream *transfer = transfer_of(step->fold, event.transfer_id);
    if (transfer == NULL) return false;
    bool is_end =
        event.reason == bank_Reason_refund ? is_source(transfer, step->stream) : is_target(transfer, step->stream);
    if (is_end && transfer->withdrawn_at != 0 && transfer->moved_at == 0) transfer->moved_at = step->moment->position;
    return true;
}

static bool
fold_withdrawn(const fold_step *step)
{
    bank_MoneyWithdrawn event;

    bank_MoneyWithdrawn_read(step->payload, &event);
    step->moment->balance -= event.amount;
    if (event.transfer_id.size == 0) return true;
    bank_stream *transfer = transfer_of(step->fold, event.transfer_id);
    if (transfer == NULL) return false;
    if (is_source(transfer, step->stream) && transfer->withdrawn_at == 0)
        transfer->withdrawn_at = step->moment->position;
    return true;
}

static bool
fold_closed(const fold_step *step)
{
    step->moment->open = false;
    step->moment->closed = true;
    return true;
}

static bool
fold_requested(const fold_step *step)
{
    bank_stream *s = step->stream;
    bank_TransferRequested event;

    bank_TransferRequested_read(step->payload, &event);
    step->moment->phase = bank_Phase_requested;
    if (s->source_id != NULL) return true;
    s->source_id = copy_of(event.source_id);
    s->target_id = copy_of(event.target_id);
    s->amount = event.amount;
    s->requested_at = step->moment->position;
    return s->source_id != NULL && s->target_id != NULL;
}

static bool
fold_completed(const fold_step *step)
{
    step->moment->phase = bank_Phase_completed;
    step->stream->ended_at = step->moment->position;
    return true;
}

static bool
fold_failed(const fold_step *step)
{
    bank_TransferFailed event;

    bank_TransferFailed_read(step->payload, &event);
    step->moment->phase = event.refunded ? bank_Phase_refunded : bank_Phase_rejected;
    step->stream->ended_at = step->moment->position;
    free(step->stream->reason);
    step->stream->reason = copy_of(event.reason);
    return step->stream->reason != NULL;
}

typedef struct fold_rule {
    const acta_table *table;
    bool (*take)(const fold_step *step); /* false: no memory */
} fold_rule;

static const fold_rule rules[] = {
    { &bank_AccountOpened_table, fold_opened },
    { &bank_MoneyDeposited_table, fold_deposited },
    { &bank_MoneyWithdrawn_table, fold_withdrawn },
    { &bank_AccountClosed_table, fold_closed },
    { &bank_TransferRequested_table, fold_requested },
    { &bank_TransferCompleted_table, fold_completed },
    { &bank_TransferFailed_table, fold_failed },
};

static const fold_rule *
rule_of(acta_str type)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (acta_str_equal(type, acta_str_of(rules[i].table->name))) return &rules[i];
    return NULL;
}

/* -- the log -- */

static bank_moment *
next_moment(bank_stream *s)
{
    if (s->version + 1 == s->room) {
        bank_moment *moments = realloc(s->moments, s->room * 2 * sizeof *moments);
        if (moments == NULL) return NULL;
        s->moments = moments;
        s->room *= 2;
    }
    s->moments[s->version + 1] = s->moments[s->version];
    s->version++;
    return &s->moments[s->version];
}

static bool
note_place(bank_fold *fold, const bank_stream *s)
{
    if (fold->position == fold->place_room) {
        uint64_t room = fold->place_room * 2;
        place *places = realloc(fold->places, room * sizeof *places);
        if (places == NULL) return false;
        fold->places = places;
        fold->place_room = room;
    }
    uint32_t index = fold->slots[slot_of(fold, acta_str_from(s->name, s->name_size))] - 1;
    fold->places[fold->position++] = (place){ index, s->version };
    return true;
}

acta_status
bank_fold_event(bank_fold *fold, const acta_recorded *event, acta_error *error)
{
    const fold_rule *rule = event->kind == ACTA_RECORD_EVENT ? rule_of(event->type) : NULL;
    if (rule == NULL || event->position != fold->position + 1 || rule->table->verify(event->payload, NULL) != ACTA_OK)
        return acta_error_set(error, ACTA_CORRUPT, "the log can't be read: position %" PRIu64 ", '" ACTA_FMT "'",
            event->position, ACTA_ARG(event->type));

    bank_stream *s = stream_of(fold, event->stream);
    bank_moment *moment = s != NULL ? next_moment(s) : NULL;
    if (moment == NULL || !note_place(fold, s)) return acta_error_set(error, ACTA_NO_MEMORY, NULL);
    moment->position = event->position;
    moment->command_id = event->command_id;
    moment->digest = bank_digest_of(event);
    if (rule->take(&(fold_step){ fold, s, moment, event->payload })) return ACTA_OK;
    return acta_error_set(error, ACTA_NO_MEMORY, NULL);
}

acta_status
bank_fold_read(bank_fold *fold, acta_store *store, uint64_t to, acta_error *error)
{
    acta_cursor *cursor;
    acta_recorded event;

    if (to != 0 && to <= fold->position) return ACTA_OK;
    acta_status status = acta_cursor_open(store,
        &(acta_read){ .from = fold->position + 1, .count_max = to == 0 ? 0 : to - fold->position }, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK)
        if ((status = bank_fold_event(fold, &event, error)) != ACTA_OK) break;
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

uint64_t
bank_fold_position(const bank_fold *fold)
{
    return fold->position;
}

uint32_t
bank_fold_stream_count(const bank_fold *fold)
{
    return fold->stream_count;
}

const bank_stream *
bank_fold_stream_at(const bank_fold *fold, uint32_t index)
{
    return fold->streams[index];
}

const bank_stream *
bank_fold_find(const bank_fold *fold, acta_str stream)
{
    uint32_t index = fold->slots[slot_of(fold, stream)];
    return index != 0 ? fold->streams[index - 1] : NULL;
}

const bank_stream *
bank_fold_at(const bank_fold *fold, uint64_t position, uint64_t *version_out)
{
    if (position == 0 || position > fold->position) return NULL;
    *version_out = fold->places[position - 1].version;
    return fold->streams[fold->places[position - 1].stream];
}

uint64_t
bank_stream_version_at(const bank_stream *stream, uint64_t position)
{
    uint64_t low = 0, high = stream->version;

    while (low < high) {
        uint64_t middle = high - (high - low) / 2;
        if (stream->moments[middle].position <= position)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

bank_fold *
bank_fold_create(void)
{
    bank_fold *fold = calloc(1, sizeof *fold);
    if (fold == NULL) return NULL;

    fold->stream_room = SLOTS_BEGIN / 2;
    fold->slot_count = SLOTS_BEGIN;
    fold->place_room = EVENTS_BEGIN;
    fold->streams = calloc(fold->stream_room, sizeof(bank_stream *));
    fold->slots = calloc(fold->slot_count, sizeof *fold->slots);
    fold->places = calloc(fold->place_room, sizeof *fold->places);
    if (fold->streams != NULL && fold->slots != NULL && fold->places != NULL) return fold;
    bank_fold_destroy(fold);
    return NULL;
}

void
bank_fold_destroy(bank_fold *fold)
{
    if (fold == NULL) return;
    for (uint32_t i = 0; i < fold->stream_count; i++)
        stream_destroy(fold->streams[i]);
    free(fold->streams);
    free(fold->slots);
    free(fold->places);
    free(fold);
}
