/*
 * Feed: three ways to what comes next.
 */
#include "feed.h"

#include "internal.h"

enum {
    LOOK_MAX = 4096, /* records in memory that one call looks at */
    TAIL_TAKE = 256,
    TYPE_COUNT_MAX = 4096
};

/* -- making one -- */

static size_t
size_of_texts(const acta_subscription_filter *filter)
{
    size_t size = (filter->type_count + filter->tag_count) * sizeof(acta_str) + filter->stream.size + 1;

    for (uint32_t i = 0; i < filter->type_count; i++)
        size += filter->types[i].size;
    for (uint32_t i = 0; i < filter->tag_count; i++)
        size += filter->tags[i].size;
    return size;
}

static acta_str
keep(uint8_t **at, acta_str text)
{
    char *copy = (char *)*at;

    if (text.size > 0) memcpy(copy, text.data, text.size);
    *at += text.size;
    return acta_str_from(copy, text.size);
}

static acta_status
keep_texts(acti_feed *feed, const acta_subscription_filter *filter, acta_error *error)
{
    const acta_allocator *allocator = &feed->store->environment.allocator;

    feed->room_size = size_of_texts(filter);
    feed->room = allocator->alloc(allocator->user, feed->room_size);
    if (feed->room == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot subscribe: there is no memory");
    feed->types = (acta_str *)(void *)feed->room;
    feed->tags = feed->types + filter->type_count;
    uint8_t *at = (uint8_t *)(feed->tags + filter->tag_count);
    for (uint32_t i = 0; i < filter->type_count; i++)
        feed->types[i] = keep(&at, filter->types[i]);
    for (uint32_t i = 0; i < filter->tag_count; i++)
        feed->tags[i] = keep(&at, filter->tags[i]);
    if (filter->stream.data != NULL) feed->stream = keep(&at, filter->stream);
    feed->type_count = filter->type_count;
    return ACTA_OK;
}

static acta_status
check(const acta_subscription_filter *filter, acta_error *error)
{
    if (filter->types == NULL && filter->type_count > 0)
        return acta_error_set(
            error, ACTA_INVALID, "cannot subscribe: type_count is %u, but types is NULL", filter->type_count);
    if (filter->type_count > TYPE_COUNT_MAX)
        return acta_error_set(error, ACTA_INVALID, "cannot subscribe to %u types at once; %d is the most",
            filter->type_count, (int)TYPE_COUNT_MAX);
    if (filter->stream.data != NULL) return acti_stream_name_check(filter->stream, error);
    return ACTA_OK;
}

acta_status
acti_feed_init(acti_feed *feed, acta_store *store, const acta_subscription_filter *filter, acta_error *error)
{
    const acta_allocator *allocator = &store->environment.allocator;
    const acta_read rest = { .stream_prefix = filter->stream_prefix,
        .category = filter->category,
        .correlation_id = filter->correlation_id,
        .tags = filter->tags,
        .tag_count = filter->tag_count };

    *feed = (acti_feed){ .store = store, .typed = filter->types != NULL };
    acta_status status = check(filter, error);
    if (status == ACTA_OK) status = acti_read_filter_init(&feed->filter, &rest, allocator, error);
    if (status == ACTA_OK) status = keep_texts(feed, filter, error);
    if (status != ACTA_OK) return status;

    feed->all = !feed->filter.is_set && feed->stream.data == NULL;
    if (feed->stream.data == NULL) feed->indexed = (acta_read){ .tags = feed->tags, .tag_count = filter->tag_count };
    if (!feed->typed) return ACTA_OK;
    feed->known = allocator->alloc(allocator->user, ACTI_FEED_KNOWN * sizeof *feed->known);
    if (feed->known == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot subscribe: there is no memory");
    memset(feed->known, 0, ACTI_FEED_KNOWN * sizeof *feed->known);
    return ACTA_OK;
}

void
acti_feed_deinit(acti_feed *feed)
{
    if (feed->store == NULL) return;
    const acta_allocator *allocator = &feed->store->environment.allocator;

    acta_cursor_close(feed->cursor);
    acti_read_filter_deinit(&feed->filter, allocator);
    if (feed->known != NULL) allocator->free(allocator->user, feed->known, ACTI_FEED_KNOWN * sizeof *feed->known);
    if (feed->room != NULL) allocator->free(allocator->user, feed->room, feed->room_size);
    *feed = (acti_feed){ .store = NULL };
}

/* -- what is wanted -- */

/* `type` lies where the store keeps it. */
static bool
wants_type(acti_feed *feed, acta_str type)
{
    acti_known_type *known = &feed->known[((uintptr_t)type.data >> 4) % ACTI_FEED_KNOWN];

    if (known->name == type.data) return known->wanted;
    *known = (acti_known_type){ .name = type.data };
    for (uint32_t i = 0; i < feed->type_count && !known->wanted; i++)
        known->wanted = acta_str_equal(feed->types[i], type);
    return known->wanted;
}

/* In the tail; what the type alone can tell. */
static bool
wants_type_id(void *user, uint32_t type_id)
{
    acti_feed *feed = user;

    if (!feed->typed || type_id == 0) return type_id != 0;
    return wants_type(feed, acti_types_name(&feed->store->types, type_id));
}

/* The rest of the filter. */
static bool
wants_rest(const acti_feed *feed, const acta_recorded *event)
{
    if (feed->all) return true;
    if (feed->stream.data != NULL && !acta_str_equal(feed->stream, event->stream)) return false;
    return acti_read_filter_passes(&feed->filter, event);
}

static bool
wants(acti_feed *feed, const acta_recorded *event)
{
    if (event->kind == ACTA_RECORD_STUB || (feed->typed && !wants_type(feed, event->type))) return false;
    return wants_rest(feed, event);
}

/* -- the three ways -- */

static void
end_cursor(acti_feed *feed)
{
    acta_cursor_close(feed->cursor);
    feed->cursor = NULL;
}

/* From memory. False: it doesn't reach back so far. */
static bool
read_tail(acti_feed *feed, uint64_t looked, uint64_t head, acta_chunk *chunk, uint64_t *looked_out)
{
    acti_tail_entry entries[TAIL_TAKE];
    uint32_t count, room = chunk->room < TAIL_TAKE ? chunk->room : TAIL_TAKE;

    if (!acti_tail_take(
            &feed->store->tail, looked + 1, head, LOOK_MAX, wants_type_id, feed, entries, room, &count, looked_out))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        acta_recorded event = acti_record_in_memory(entries[i].bytes);
        if (!wants_rest(feed, &event)) {
            acti_slab_unref(entries[i].slab);
            continue;
        }
        chunk->slabs[chunk->slab_count++] = entries[i].slab;
        chunk->events[chunk->count++] = event;
    }
    return true;
}

static acta_status
read_block(acti_feed *feed, uint64_t looked, uint64_t head, acta_chunk *chunk, uint64_t *looked_out, acta_error *error)
{
    acta_chunk *block;
    acta_status status = acti_blocks_get(feed->store, looked + 1, head, &block, error);

    if (status != ACTA_OK) return status;
    uint32_t i = (uint32_t)(looked + 1 - block->events[0].position);
    for (; i < block->count && chunk->count < chunk->room && block->events[i].position <= head; i++) {
        if (wants(feed, &block->events[i])) chunk->events[chunk->count++] = block->events[i];
    }
    *looked_out = block->events[i - 1].position;
    chunk->of = block;
    if (ACTA_PLANT("catch_up_skips_one") && *looked_out < head) ++*looked_out;
    return ACTA_OK;
}

/* The first version of the stream whose event lies behind `looked`. */
static acta_status
version_behind(acti_feed *feed, uint64_t looked, uint64_t head, uint64_t *version_out, acta_error *error)
{
    uint64_t id, last, low = 1;
    acta_status status = acti_stream_id(feed->store, feed->stream, &id, error);

    if (status == ACTA_OK && id == 0) status = acta_error_set(error, ACTA_NOT_FOUND, NULL);
    if (status == ACTA_OK) status = acti_stream_version(feed->store, id, head, &last, error);
    if (status != ACTA_OK) return status;
    for (uint64_t high = last + 1; low < high;) {
        uint64_t middle = low + (high - low) / 2, position;
        int64_t us;
        status = acti_stream_event(feed->store, id, middle, &position, &us, error);
        if (status != ACTA_OK) return status;
        if (position <= looked)
            low = middle + 1;
        else
            high = middle;
    }
    *version_out = low;
    return ACTA_OK;
}

static acta_status
begin_cursor(acti_feed *feed, uint64_t looked, uint64_t head, acta_error *error)
{
    acta_read read = feed->indexed;
    acta_status status = ACTA_OK;

    if (feed->cursor != NULL && feed->cursor_behind == looked) return ACTA_OK;
    end_cursor(feed);
    read.from = looked + 1;
    read.links = true; /* as from memory, and from the whole log: what they point at lies elsewhere */
    if (feed->stream.data != NULL) {
        read.stream = feed->stream;
        status = version_behind(feed, looked, head, &read.from, error);
    }
    if (status == ACTA_OK) status = acta_cursor_open(feed->store, &read, &feed->cursor, error);
    feed->cursor_head = head; /* it may see a little more */
    return status;
}

/* A copy of the event in the chunk's own memory. */
static acta_status
add_copy(acta_chunk *chunk, const acta_recorded *event, size_t *used, acta_error *error)
{
    chunk->events[chunk->count] = *event;
    if (acti_chunk_own(chunk, &chunk->events[chunk->count], used)) {
        chunk->count++;
        return ACTA_OK;
    }
    return acta_error_set(error, ACTA_NO_MEMORY, "cannot read an event: there is no memory");
}

static acta_status
read_index(acti_feed *feed, uint64_t looked, uint64_t head, acta_chunk *chunk, uint64_t *looked_out, acta_error *error)
{
    acta_status status = begin_cursor(feed, looked, head, error);
    uint64_t at = looked;
    size_t used = 0;

    for (uint32_t i = 0; status == ACTA_OK && i < LOOK_MAX && chunk->count < chunk->room; i++) {
        acta_recorded event;
        status = acta_cursor_next(feed->cursor, &event, error);
        if (status != ACTA_OK) break;
        at = event.position;
        if (wants(feed, &event)) status = add_copy(chunk, &event, &used, error);
    }
    if (status == ACTA_NOT_FOUND) { /* no such stream, or no more of it */
        uint64_t end = feed->cursor != NULL ? feed->cursor_head : head;
        at = at > end ? at : end;
        status = ACTA_OK;
        end_cursor(feed);
    }
    if (status != ACTA_OK) end_cursor(feed);
    feed->cursor_behind = *looked_out = at;
    return status;
}

acta_status
acti_feed_read(acti_feed *feed, uint64_t looked, uint64_t head, uint32_t count_max, acta_chunk **chunk_out,
    uint64_t *looked_out, acta_error *error)
{
    uint32_t room = count_max < ACTI_BLOCK_EVENTS ? count_max : ACTI_BLOCK_EVENTS;
    uint64_t ahead = head > looked ? head - looked : 1;
    if (ahead < room) room = (uint32_t)ahead; /* who is live takes a few at a time */
    acta_chunk *chunk = acti_chunk_create(&feed->store->environment.allocator, room);
    acta_status status = ACTA_OK;

    if (chunk == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read events: there is no memory");
    bool skips_tail = ACTA_SIM_CHANCE(&feed->store->environment, "feed.past.tail", 25);
    if (!skips_tail && read_tail(feed, looked, head, chunk, looked_out)) {
        end_cursor(feed);
        ACTI_COUNT(feed->store, tail_hits, 1);
    } else if (feed->stream.data != NULL || feed->indexed.tag_count > 0)
        status = read_index(feed, looked, head, chunk, looked_out, error);
    else
        status = read_block(feed, looked, head, chunk, looked_out, error);
    if (status != ACTA_OK || chunk->count == 0) {
        acta_chunk_unref(chunk);
        chunk = NULL;
    }
    *chunk_out = chunk;
    return status;
}
