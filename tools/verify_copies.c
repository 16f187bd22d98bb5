/*
 * Verify the index's entries, and the copies of events in them (format 3): each is, byte for byte, what the log has at its
 * place, and none is of an event that was removed.
 */
#include "verify.h"

#include "acta/crc.h"

enum { FRONT = 12, TYPE_SIZE = 12, PAGE_HEADER = 64, SUM = 4, STUB = 16, LATER = 64 };

bool
find_runs(const uint8_t *key, const uint8_t *value, size_t size, parts_of_entry *parts_out)
{
    *parts_out = (parts_of_entry){ .front = value, .runs = value + 1, .records = value + size, .end = value + size };
    if (size > 0 && value[0] == 2) return true;
    if (size < FRONT || value[0] != 3) return false;
    uint64_t count = little(value + 2, 2), front = FRONT + TYPE_SIZE * (uint64_t)value[1] + 13 * count,
             records = front + little(value + 8, 4);
    if (count == 0 || records > size) return false;
    uint32_t crc = acta_crc32c(acta_crc32c(0, key, 16), value, 4);
    if (acta_crc32c(crc, value + 8, records - 8) != little(value + 4, 4)) return false;
    parts_out->runs = value + front;
    parts_out->records = value + records;
    parts_out->copy_count = count;
    return true;
}

/* A record, and what a page's front, or that of an entry, says of it. */
typedef struct piece {
    const uint8_t *record, *type;
    size_t size;
    uint64_t recorded_at;
} piece;

/* Copy `i`, which lies at this position in the log: its sum is over that, and itself. */
static bool
take_copy(const parts_of_entry *parts, uint64_t i, uint64_t position, piece *out)
{
    const uint8_t *types = parts->front + FRONT, *times = types + TYPE_SIZE * (size_t)parts->front[1],
                  *ends = times + 8 * (size_t)parts->copy_count, *type_of = ends + 4 * (size_t)parts->copy_count;
    uint64_t from = i > 0 ? little(ends + 4 * (i - 1), 4) : 0, end = little(ends + 4 * i, 4);
    uint8_t at[8];

    if (from + SUM > end || end > (uint64_t)(parts->end - parts->records) || type_of[i] >= parts->front[1])
        return false;
    for (int k = 0; k < 8; k++)
        at[k] = (uint8_t)(position >> (8 * k));
    *out = (piece){ .record = parts->records + from,
        .size = end - from,
        .type = types + TYPE_SIZE * (size_t)type_of[i],
        .recorded_at = little(times + 8 * i, 8) };
    uint32_t crc = acta_crc32c(acta_crc32c(0, at, 8), out->record + SUM, out->size - SUM);
    return crc == little(out->record, 4);
}

/* Record `place` of a page of format 2 whose records were found sound; false: it has none there. */
static bool
take_record(
    const uint8_t *page, size_t size, uint64_t place, piece *out, uint64_t *stream_id_out, uint64_t *version_out)
{
    if (size < PAGE_HEADER || page[8] != 2) return false;
    size_t count = little(page + 10, 2), offsets = PAGE_HEADER + TYPE_SIZE * (size_t)page[9],
           records = offsets + 2 * count;
    if (place >= count || records > size) return false;
    size_t from = records + little(page + offsets + 2 * place, 2),
           end = place + 1 < count ? records + little(page + offsets + 2 * (place + 1), 2) : size;
    if (end > size || from + SUM + 1 > end) return false;

    const uint8_t *at = page + from + SUM, flags = *at++;
    bool fine = true;
    uint64_t type = take_number(&at, page + end, &fine);
    *stream_id_out = take_number(&at, page + end, &fine);
    *version_out = take_number(&at, page + end, &fine);
    uint64_t later = (flags & LATER) != 0 ? take_number(&at, page + end, &fine) : 0;
    if (!fine || type >= page[9]) return false;
    *out = (piece){ .record = page + from,
        .size = end - from,
        .type = page + PAGE_HEADER + TYPE_SIZE * type,
        .recorded_at = little(page + 24, 8) + later };
    return true;
}

/* Is a stream being scrubbed, and not yet up to this version? Then its copies go when that is said. */
static bool
is_being_scrubbed(verify *v, uint64_t stream_id, uint64_t version)
{
    uint8_t key[9];
    bool is_dead = false;
    size_t size;
    uint64_t scrubbed = 0;

    put_big(key + 1, stream_id);
    for (const char *what = "mls"; *what != '\0'; what++) {
        key[0] = (uint8_t)*what;
        uint8_t *value = get(v, STREAMS, key, sizeof key, &size);
        if (value == NULL) continue;
        if (*what == 's' && size >= 8)
            scrubbed = little(value, 8);
        else
            is_dead = true;
        rocksdb_free(value);
    }
    return is_dead && version >= scrubbed;
}

static void
compare(verify *v, const entry *e, uint64_t version, const piece *copy, const uint8_t *page, size_t size,
    uint64_t position, uint64_t place)
{
    uint64_t stream_id = big(e->key), id_in_log, version_in_log;
    piece in_log;

    if (!take_record(page, size, place, &in_log, &id_in_log, &version_in_log)) {
        damaged(v, "position %" PRIu64 ": the index has a copy of it, the log has none", position);
        return;
    }
    if ((in_log.record[SUM] & STUB) != 0 && (copy->record[SUM] & STUB) == 0) {
        if (!is_being_scrubbed(v, stream_id, version))
            damaged(v, "position %" PRIu64 ": the index has a copy of it, and it was removed", position);
    } else if (in_log.size != copy->size || memcmp(in_log.record, copy->record, copy->size) != 0 ||
               memcmp(in_log.type, copy->type, TYPE_SIZE) != 0 || in_log.recorded_at != copy->recorded_at ||
               id_in_log != stream_id || version_in_log != version) {
        damaged(v, "position %" PRIu64 ": its copy for version %" PRIu64 " of stream id %" PRIu64 " is another event",
            position, version, stream_id);
    }
}

bool
check_copies(verify *v, const entry *e, const parts_of_entry *parts, uint64_t first, const run_of_entry *run)
{
    uint8_t key[8], *page = NULL;
    size_t size = 0;
    bool fine = true;
    piece copy;

    if (first >= parts->copy_count) return true;
    put_big(key, run->page);
    page = get(v, LOG, key, sizeof key, &size);
    for (uint64_t i = 0; fine && i < run->count && first + i < parts->copy_count; i++) {
        uint64_t position = run->page + run->place + i;
        fine = take_copy(parts, first + i, position, &copy);
        if (!fine) break;
        v->copies++;
        compare(v, e, big(e->key + 8) + first + i, &copy, page, size, position, run->place + i);
    }
    if (page != NULL) rocksdb_free(page);
    return fine;
}
