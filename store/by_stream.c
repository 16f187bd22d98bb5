/*
 * By stream: see by_stream.h.
 *
 *     | 3 | types | events | crc | size of the runs | types … | times … | ends … | type of each … | runs | records … |
 *       1    1       2        4          4              12 t       8 n       4 n         n
 *
 * The sum is over the entry's key and all before the records; each record brings its own, which is over its position too.
 */
#include "by_stream.h"

#include <string.h>

#include "acta/crc.h"

#include "stream_index.h"
#include "transaction.h"

enum {
    AT_TYPE_COUNT = 1,
    AT_COUNT = 2,
    AT_CRC = 4,
    AT_RUNS_SIZE = 8,
    FRONT = 12,
    EVENT_FRONT = 8 + 4 + 1, /* of each event before the runs */
    EVENTS_MAX = 1024,
    COPIES_BYTES_MAX = 256 << 10, /* of the records of an entry */
    ENTRY_MAX = FRONT + ACTI_PAGE_TYPES_MAX * ACTI_PAGE_TYPE_SIZE + EVENTS_MAX * EVENT_FRONT + ACTI_INDEX_ENTRY_MAX +
                COPIES_BYTES_MAX,
    KNOWN_SLOTS = 4096, /* a power of two */
    CATEGORIES_BYTES_MAX = 64 << 10
};

/* -- reading -- */

static uint32_t
sum_of(acta_bytes key, const uint8_t *entry, size_t front_size)
{
    uint32_t crc = acta_crc32c(0, key.data, key.size);

    crc = acta_crc32c(crc, entry, AT_CRC);
    return acta_crc32c(crc, entry + AT_RUNS_SIZE, front_size - AT_RUNS_SIZE);
}

/* Ends rise, and the last one is the end of all. */
static bool
ends_fit(const acti_copies *copies, size_t records_size)
{
    uint32_t before = 0;

    for (uint32_t i = 0; i < copies->count; i++) {
        uint32_t end = acti_get_le32(copies->ends + 4 * (size_t)i);
        if (end < before || copies->type_of[i] >= copies->type_count) return false;
        before = end;
    }
    return before == records_size;
}

bool
acti_copies_open(acta_bytes key, acta_bytes entry, acti_copies *copies_out, acta_bytes *runs_out)
{
    acti_copies copies;

    if (entry.size < FRONT) return false;
    copies.type_count = entry.data[AT_TYPE_COUNT];
    copies.count = acti_get_le16(entry.data + AT_COUNT);
    size_t runs_size = acti_get_le32(entry.data + AT_RUNS_SIZE);
    size_t runs_at = FRONT + copies.type_count * (size_t)ACTI_PAGE_TYPE_SIZE + copies.count * (size_t)EVENT_FRONT;
    if (copies.count == 0 || runs_at > entry.size || runs_size > entry.size - runs_at) return false;
    if (sum_of(key, entry.data, runs_at + runs_size) != acti_get_le32(entry.data + AT_CRC)) return false;

    copies.types = entry.data + FRONT;
    copies.times = copies.types + copies.type_count * (size_t)ACTI_PAGE_TYPE_SIZE;
    copies.ends = copies.times + 8 * (size_t)copies.count;
    copies.type_of = copies.ends + 4 * (size_t)copies.count;
    copies.records = entry.data + runs_at + runs_size;
    *runs_out = acta_bytes_from(entry.data + runs_at, runs_size);
    *copies_out = copies;
    return ends_fit(&copies, entry.size - runs_at - runs_size);
}

acti_page_piece
acti_copies_at(const acti_copies *copies, uint32_t i)
{
    uint32_t from = i > 0 ? acti_get_le32(copies->ends + 4 * (size_t)(i - 1)) : 0;
    uint32_t end = acti_get_le32(copies->ends + 4 * (size_t)i);

    return (acti_page_piece){ .record = acta_bytes_from(copies->records + from, end - from),
        .type = copies->types + copies->type_of[i] * (size_t)ACTI_PAGE_TYPE_SIZE,
        .recorded_at_us = (int64_t)acti_get_le64(copies->times + 8 * (size_t)i) };
}

/* -- writing -- */

struct acti_by_stream {
    acta_allocator allocator;
    acta_engine *engine;
    uint64_t known[KNOWN_SLOTS]; /* stream id << 1 | is it of such a category; 0: free */

    /* The entry that is being made. */
    uint32_t count, type_count;
    size_t records_size;
    acti_page_piece pieces[EVENTS_MAX];
    uint8_t type_of[EVENTS_MAX];
    uint8_t types[ACTI_PAGE_TYPES_MAX * ACTI_PAGE_TYPE_SIZE];
    uint8_t entry[ENTRY_MAX];

    size_t categories_size;
    char categories[]; /* each with a zero byte */
};

acti_by_stream *
acti_by_stream_create(const acta_allocator *allocator, acta_engine *engine, acta_bytes list)
{
    size_t size = list.size - ACTI_BY_STREAM_LIST_CRC;
    acti_by_stream *b = allocator->alloc(allocator->user, sizeof *b + size);

    if (b == NULL) return NULL;
    memset(b, 0, sizeof *b);
    b->allocator = *allocator;
    b->engine = engine;
    b->categories_size = size;
    if (size > 0) memcpy(b->categories, list.data, size);
    return b;
}

void
acti_by_stream_destroy(acti_by_stream *b)
{
    if (b == NULL) return;
    acta_allocator allocator = b->allocator;
    allocator.free(allocator.user, b, sizeof *b + b->categories_size);
}

/* A category is what stands before the first '-'. */
static bool
is_of_categories(const acti_by_stream *b, acta_bytes name)
{
    const uint8_t *dash = name.size > 0 ? memchr(name.data, '-', name.size) : NULL;
    size_t size = dash != NULL ? (size_t)(dash - name.data) : 0;

    if (dash == NULL) return false;
    for (const char *at = b->categories; at < b->categories + b->categories_size; at += strlen(at) + 1) {
        if (strlen(at) == size && memcmp(at, name.data, size) == 0) return true;
    }
    return false;
}

/* What its name is never changes. */
bool
acti_by_stream_keeps(acti_by_stream *b, uint64_t stream_id)
{
    uint64_t *slot = &b->known[(stream_id * 0x9e3779b97f4a7c15u >> 32) & (KNOWN_SLOTS - 1)];
    acti_key key = acti_id_key(stream_id);
    acta_error ignored;
    acti_value name;

    if (*slot >> 1 == stream_id) return (*slot & 1) != 0;
    if (b->engine->ops->get(b->engine, ACTI_STREAMS, acti_key_view(&key), &name, &ignored) != ACTA_OK) return false;
    bool kept = is_of_categories(b, name.bytes);
    b->engine->ops->release(b->engine, &name);
    *slot = stream_id << 1 | kept;
    return kept;
}

/* Which of the entry's types; false: there are too many. */
static bool
find_type(acti_by_stream *b, const uint8_t *type, uint8_t *which_out)
{
    uint32_t i = 0;

    while (i < b->type_count && memcmp(b->types + i * (size_t)ACTI_PAGE_TYPE_SIZE, type, ACTI_PAGE_TYPE_SIZE) != 0)
        i++;
    if (i == ACTI_PAGE_TYPES_MAX) return false;
    if (i == b->type_count) memcpy(b->types + b->type_count++ * (size_t)ACTI_PAGE_TYPE_SIZE, type, ACTI_PAGE_TYPE_SIZE);
    *which_out = (uint8_t)i;
    return true;
}

static bool
take_run(acti_by_stream *b, const acti_page *page, const acti_run *run)
{
    for (uint32_t i = 0; i < run->count; i++) {
        acti_page_piece *piece = &b->pieces[b->count];
        if (b->count == EVENTS_MAX || !acti_page_take(page, run->page + run->place + i, piece)) return false;
        if (piece->record.size > COPIES_BYTES_MAX - b->records_size ||
            !find_type(b, piece->type, &b->type_of[b->count]))
            return false;
        b->records_size += piece->record.size;
        b->count++;
    }
    return true;
}

static uint8_t *
put_records(acti_by_stream *b, uint8_t *at)
{
    for (uint32_t i = 0; i < b->count; i++) {
        memcpy(at, b->pieces[i].record.data, b->pieces[i].record.size);
        at += b->pieces[i].record.size;
    }
    return at;
}

/* Of the pieces that were taken. */
static acta_bytes
make_entry(acti_by_stream *b, const acti_run *runs, uint32_t count)
{
    uint8_t *entry = b->entry, *times = entry + FRONT + b->type_count * (size_t)ACTI_PAGE_TYPE_SIZE;
    uint8_t *ends = times + 8 * (size_t)b->count, *type_of = ends + 4 * (size_t)b->count, *at = type_of + b->count;
    uint32_t end = 0;

    entry[0] = ACTI_BY_STREAM_FORMAT;
    entry[AT_TYPE_COUNT] = (uint8_t)b->type_count;
    acti_put_le16(entry + AT_COUNT, (uint16_t)b->count);
    memcpy(entry + FRONT, b->types, b->type_count * (size_t)ACTI_PAGE_TYPE_SIZE);
    memcpy(type_of, b->type_of, b->count);
    for (uint32_t i = 0; i < b->count; i++) {
        end += (uint32_t)b->pieces[i].record.size;
        acti_put_le64(times + 8 * (size_t)i, (uint64_t)b->pieces[i].recorded_at_us);
        acti_put_le32(ends + 4 * (size_t)i, end);
    }
    uint8_t *runs_end = acti_index_encode_runs(runs, count, at);
    acti_put_le32(entry + AT_RUNS_SIZE, (uint32_t)(runs_end - at));
    acti_key key = acti_index_key(runs[0].stream_id, runs[0].version);
    acti_put_le32(entry + AT_CRC, sum_of(acti_key_view(&key), entry, (size_t)(runs_end - entry)));
    return acta_bytes_from(entry, (size_t)(put_records(b, runs_end) - entry));
}

/* The events of the runs, whose pages are here; the same page for runs that are neighbours. */
static bool
take_runs(acti_by_stream *b, const acti_run *runs, uint32_t count, const acti_value *pages)
{
    uint32_t which = 0;
    acti_page page = { .count = 0 };
    acta_error ignored;

    b->count = b->type_count = 0;
    b->records_size = 0;
    for (uint32_t i = 0; i < count; i++) {
        acti_key key = acti_log_key(runs[i].page);
        bool is_next = i == 0 || runs[i].page != runs[i - 1].page;
        if (i > 0 && is_next) which++;
        if (is_next && (pages[which].bytes.data == NULL ||
                           acti_page_open(acti_key_view(&key), pages[which].bytes, &page, &ignored) != ACTA_OK))
            return false;
        if (!take_run(b, &page, &runs[i])) return false;
    }
    return true;
}

bool
acti_by_stream_entry(acti_by_stream *b, const acti_run *runs, uint32_t count, acta_bytes *entry_out)
{
    acti_key keys[ACTI_INDEX_RUN_MAX];
    acta_bytes views[ACTI_INDEX_RUN_MAX];
    acti_value pages[ACTI_INDEX_RUN_MAX];
    uint32_t page_count = 0;
    acta_error ignored;

    if (!acti_by_stream_keeps(b, runs[0].stream_id)) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && runs[i].page == runs[i - 1].page) continue;
        keys[page_count] = acti_log_key(runs[i].page);
        views[page_count] = acti_key_view(&keys[page_count]);
        page_count++;
    }
    if (b->engine->ops->get_many(b->engine, ACTI_LOG, views, page_count, pages, &ignored) != ACTA_OK) return false;
    bool taken = take_runs(b, runs, count, pages);
    if (taken) *entry_out = make_entry(b, runs, count);
    for (uint32_t i = 0; i < page_count; i++)
        b->engine->ops->release(b->engine, &pages[i]);
    return taken;
}

/* -- which categories -- */

static acta_status
make_list(const acta_allocator *allocator, size_t size, acta_bytes *list_out, acta_error *error)
{
    uint8_t *room = allocator->alloc(allocator->user, size);

    *list_out = acta_bytes_from(room, room != NULL ? size : 0);
    if (room != NULL) return ACTA_OK;
    return acta_error_set(error, ACTA_NO_MEMORY, "cannot tell which categories are kept by stream: there is no memory");
}

void
acti_by_stream_list_free(const acta_allocator *allocator, acta_bytes list)
{
    if (list.data != NULL) allocator->free(allocator->user, (void *)(uintptr_t)list.data, list.size);
}

static bool
list_is_sound(acta_bytes list)
{
    if (list.size < ACTI_BY_STREAM_LIST_CRC) return false;
    size_t size = list.size - ACTI_BY_STREAM_LIST_CRC;
    return (size == 0 || list.data[size - 1] == '\0') &&
           acti_get_le32(list.data + size) == acta_crc32c(0, list.data, size);
}

acta_status
acti_by_stream_list(acta_engine *engine, const acta_allocator *allocator, acta_bytes *list_out, acta_error *error)
{
    acti_value value;
    acta_status status =
        engine->ops->get(engine, ACTI_META, acta_str_bytes(acta_str_of(ACTI_META_BY_STREAM)), &value, error);

    *list_out = acta_bytes_from(NULL, 0);
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    if (list_is_sound(value.bytes)) {
        status = make_list(allocator, value.bytes.size, list_out, error);
        if (status == ACTA_OK) memcpy((uint8_t *)(uintptr_t)list_out->data, value.bytes.data, value.bytes.size);
    }
    engine->ops->release(engine, &value);
    return status;
}

static acta_status
check_categories(const char *const *categories, size_t *size_out, acta_error *error)
{
    acta_status status = ACTA_OK;

    *size_out = 0;
    for (const char *const *at = categories; *at != NULL && status == ACTA_OK; at++) {
        status = acti_name_check("a category", acta_str_of(*at), ACTA_STREAM_NAME_MAX, error);
        if (status == ACTA_OK && strchr(*at, '-') != NULL)
            status = acta_error_set(error, ACTA_INVALID, "'%.100s' is no category: it has a '-'", *at);
        *size_out += strlen(*at) + 1;
    }
    if (status != ACTA_OK || *size_out <= CATEGORIES_BYTES_MAX) return status;
    return acta_error_set(error, ACTA_INVALID, "the categories to be kept by stream take %zu bytes, at most %d",
        *size_out, (int)CATEGORIES_BYTES_MAX);
}

acta_status
acti_by_stream_encode(
    const char *const *categories, const acta_allocator *allocator, acta_bytes *list_out, acta_error *error)
{
    size_t size;
    acta_status status = check_categories(categories, &size, error);

    *list_out = acta_bytes_from(NULL, 0);
    if (status == ACTA_OK) status = make_list(allocator, size + ACTI_BY_STREAM_LIST_CRC, list_out, error);
    if (status != ACTA_OK) return status;
    uint8_t *list = (uint8_t *)(uintptr_t)list_out->data, *to = list;
    for (const char *const *at = categories; *at != NULL; at++) {
        size_t one = strlen(*at) + 1;
        memcpy(to, *at, one);
        to += one;
    }
    acti_put_le32(to, acta_crc32c(0, list, size));
    return ACTA_OK;
}
